# SPDX-License-Identifier: MIT
"""Disks behind virtio-mmio registers, of version 2 and 1, and where the platform says they are."""
import itertools
import re

from boot import ARCH, KIB, MIB, expect, expect_pattern, fsck, hash_of, sha256

# BUS= of tools/run, and the transport's name.
VERSIONS = {"v2": "mmio", "v1": "mmio-legacy"}
# ARM's device tree has the last disk first.
MACHINE, LAST_IS_FIRST = {
    "x86_64": ({"MACHINE": "microvm"}, False),
    "arm64": ({}, True),
    "riscv64": ({}, False),
}.get(ARCH, (None, False))
EVENT = {"event": "event_idx=on", "flags": "event_idx=off"}
INDIRECT = {"indirect": "indirect_desc=on", "direct": "indirect_desc=off"}
FS, SIZE = 4 * MIB, 6 * MIB
SCRIPT = """
disk list
virtio-device-info {disk}
disk hash {disk}
disk write {disk} 4M 300k pattern:7
disk write {disk} 5238784 512 pattern:8
disk verify {disk} 4M 300k pattern:7
disk flush {disk}
disk hash {disk} 4M 2M
! disk verify {disk} 4M 300k pattern:9
disk bench {disk} randread bs=4k depth=8 count=400 queues={queues}
irq list
"""


def judge(guest, out, name, image, before):
    guest.says(rf"transport +{name}$", out)
    guest.says(r"interrupts +interrupt line", out)
    expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
    expect_pattern(image, 7, 4 * MIB, 300 * KIB)
    expect_pattern(image, 8, 5238784, 512)
    expect(hash_of(out, 1) == sha256(image, 4 * MIB, 2 * MIB),
           "the hash of the written range is not what the host finds there")
    fsck(image)
    taken = re.findall(r"wire \d+ +line \d+ +\d+ +(\d+)", out)
    expect(any(int(n) > 0 for n in taken), f"the interrupts taken are {taken}")


def scenario(version, layout, disks, event, indirect):
    def run(guest):
        images = [guest.ext4(f"{i}.img", FS, SIZE) for i in range(disks)]
        before = sha256(images[-1])
        args = ",".join([f"packed={'on' if layout == 'packed' else 'off'}", "num-queues=2",
                         EVENT[event], INDIRECT[indirect]])
        disk = f"vd{0 if LAST_IS_FIRST else disks - 1}"
        out = guest.good(SCRIPT.format(disk=disk, queues=2), BUS=VERSIONS[version], CPUS=2,
                         DISK=" ".join(images), DEVICE_ARGS=args, **MACHINE)
        guest.says(rf"{disk}: mmio .* {layout}[,;]", out)
        judge(guest, out, VERSIONS[version], images[-1], before)
    return run


def command_line(version):
    """Without ACPI QEMU names the places on the command line, as Firecracker does."""
    def run(guest):
        image = guest.ext4("a.img", FS, SIZE)
        before = sha256(image)
        out = guest.good(SCRIPT.format(disk="vd0", queues=1), MACHINE="microvm,acpi=off",
                         DISK=image, BUS=VERSIONS[version])
        guest.says(r"no ACPI table of CPUs", out)
        judge(guest, out, VERSIONS[version], image, before)
    return run


def wrong_words(guest):
    """A word that is wrong is complained of; a place without a device, or twice, is no matter."""
    words = ("virtio_mmio.device=512 virtio_mmio.device=512@0xfeb00e00 "
             "virtio_mmio.device=512@0xfeb00c00:11 quiet virtio_mmio.device=512@0xfeb00e00:12 "
             "virtio_mmio.device=0x200@0xfeb00e00:12:7 virtio_mmio.device=1K@0xfee00000:3")
    out = guest.good("disk list", MACHINE="microvm,acpi=off,auto-kernel-cmdline=off", APPEND=words,
                     DISK=guest.blank("a.img", MIB))
    expect(out.count("SIZE@BASE:LINE is needed") == 2, "not two words are complained of")
    guest.says(r"^vd0: mmio feb00e00.*interrupt line", out)
    guest.says(r"mmio fee00000 left out", out)
    expect("feb00c00" not in out, "an empty place is spoken of")


def machine_unknown(guest):
    guest.bad("disk list", r"MACHINE=pdp11.*microvm", DISK=guest.blank("a.img", MIB),
              MACHINE="pdp11")


def cases():
    if MACHINE is None:
        return
    for version, layout, disks, event, indirect in itertools.product(
            VERSIONS, ("split", "packed"), (1, 2), EVENT, INDIRECT):
        if version == "v2" or layout == "split":
            yield (f"mmio:{version}.{layout}.{disks}.{event}.{indirect}",
                   scenario(version, layout, disks, event, indirect))
    if ARCH != "x86_64":
        return
    for version in VERSIONS:
        yield f"mmio-command-line:{version}", command_line(version)
    yield "mmio-wrong-words", wrong_words
    yield "mmio-machine-unknown", machine_unknown
