# SPDX-License-Identifier: MIT
"""Disks behind a channel subsystem: revisions, both kinds of interrupts, what else is there."""
import itertools
import re

from boot import ARCH, KIB, MIB, expect, expect_pattern, fsck, hash_of, sha256
from cases_console import PROMPT, Console
from monitor import Monitor

CLASSIC = {"APPEND": "channel.adapter=off"}
INTERRUPTS = {"adapter": {}, "classic": CLASSIC}
FS, SIZE = 4 * MIB, 6 * MIB
SCRIPT = """
disk list
virtio-device-info {disk}
disk hash {disk}
disk write {disk} 4M 300k pattern:7
disk verify {disk} 4M 300k pattern:7
disk flush {disk}
disk hash {disk} 4M 2M
! disk verify {disk} 4M 300k pattern:9
disk bench {disk} randread bs=4k depth=2 count=2000 queues=2
virtio-queue-stats {disk}
irq list
"""


def taken(out, wire):
    """How often the handlers of WIRE took an interrupt, or None when none is attached."""
    found = re.findall(rf"wire {wire} +line {wire} +0 +(\d+)", out)
    return sum(map(int, found)) if found else None


def scenario(revision, interrupts, layout, disks):
    def run(guest):
        images = [guest.ext4(f"{i}.img", FS, SIZE) for i in range(disks)]
        before, last = sha256(images[-1]), disks - 1
        args = (f"packed={'on' if layout == 'packed' else 'off'},num-queues=2,"
                f"max_revision={revision}")
        out = guest.good(SCRIPT.format(disk=f"vd{last}"), DISK=" ".join(images), CPUS=2,
                         DEVICE_ARGS=args, **INTERRUPTS[interrupts])
        guest.says(rf"^vd{last}: ccw 0\.0\.000{last},.* {layout}[,;].* a vector per queue", out)
        guest.says(r"transport +ccw$", out)
        expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
        expect_pattern(images[-1], 7, 4 * MIB, 300 * KIB)
        expect(hash_of(out, 1) == sha256(images[-1], 4 * MIB, 2 * MIB),
               "the hash of the written range is not what the host finds there")
        fsck(images[-1])
        each = re.findall(r"^    interrupts +(\d+)$", out, re.MULTILINE)
        expect(len(each) == 2 and all(int(n) > 0 for n in each), f"interrupts by queue: {each}")
        by = {"adapter": 65536, "classic": last}[interrupts]
        expect(taken(out, by), f"the interrupts of wire {by} are {taken(out, by)}")
        if interrupts == "classic":
            expect(taken(out, 65536) is None, "there is an adapter")
        guest.says(r"without a handler: 0; on the wrong CPU: 0; lines masked: 0;", out)
    return run


def legacy(guest):
    """Revision 0 is refused by name; the other disk is there."""
    image = guest.blank("a.img", MIB)
    out = guest.good("disk list", DISK=image, DEVICE_ARGS="devno=fe.0.0002", QEMU_ARGS=(
        f"-drive if=none,id=old,format=raw,file={guest.blank('b.img', MIB)} "
        "-device virtio-blk-ccw,drive=old,max_revision=0,devno=fe.0.0001"))
    guest.says(r"ccw 0\.0\.0001: driver: error: .* legacy interface only", out)
    guest.says(r"ccw 0\.0\.0001 left out", out)
    guest.says(r"^vd0: ccw 0\.0\.0002,", out)


def others(guest):
    """What is no block device of virtio's is left alone; the device's number is as it was given."""
    out = guest.good("disk list", DISK=guest.blank("a.img", MIB), QEMU_ARGS=(
        "-object rng-builtin,id=r -device virtio-rng-ccw,rng=r,devno=fe.0.0001 "
        "-device virtio-serial-ccw,devno=fe.0.0003"), DEVICE_ARGS="devno=fe.0.abcd")
    guest.says(r"^vd0: ccw 0\.0\.abcd,", out)
    expect("left out" not in out, "another device was tried")


def many(guest):
    images = [guest.blank(f"{i}.img", MIB) for i in range(33)]
    out = guest.good("disk list", DISK=" ".join(images), CPUS=1)
    guest.says(r"^vd31 +1048576", out)
    guest.says(r"ccw 0\.0\.0020 left out: too large", out)


def resize(interrupts):
    """A change of the configuration interrupts by the subchannel, and is seen."""
    def run(guest):
        with Monitor(guest) as monitor, Console(guest, DISK=guest.blank("a.img", MIB),
                                                QEMU_ARGS=monitor.args,
                                                **INTERRUPTS[interrupts]) as c:
            c.until(PROMPT, 60)
            c.command("disk list", r"vd0 +1048576")
            before = taken(c.command("irq list", r"masked"), 0)
            monitor("block_resize", device="d0", size=2 * MIB)
            c.command("disk hash vd0 0 512", r"[0-9a-f]{64}")
            c.command("disk list", r"vd0 +2097152")
            after = taken(c.command("irq list", r"masked"), 0)
            expect(after > before, f"interrupts of the subchannel: {before}, then {after}")
            c.type("power-off\r")
            expect(c.end() == 0, "power-off: exit status is not 0")
    return run


def cases():
    if ARCH != "s390x":
        return
    for revision, interrupts, layout, disks in itertools.product((2, 1), INTERRUPTS,
                                                                 ("split", "packed"), (1, 3)):
        yield (f"ccw:r{revision}.{interrupts}.{layout}.{disks}",
               scenario(revision, interrupts, layout, disks))
    for interrupts in INTERRUPTS:
        yield f"ccw-resize:{interrupts}", resize(interrupts)
    yield "ccw-legacy", legacy
    yield "ccw-others", others
    yield "ccw-many", many
