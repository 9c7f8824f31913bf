# SPDX-License-Identifier: MIT
"""Disks behind IOMMUs, and data that bounces: what a device reaches, and that all works the same.

The image on the host shows that data is right; `iommu test` makes the disk reach for what is not
lent to it.  Device addresses begin at 256 GiB, where these machines have no RAM: they cannot be
right by chance.
"""
import re

from boot import ARCH, KIB, MIB, expect, expect_pattern, fsck, hash_of, sha256

FS, SIZE = 4 * MIB, 6 * MIB
PLATFORM = "disable-legacy=on,iommu_platform=on"
SCRIPT = """
iommu list
disk hash vd0
disk write vd0 4M 300k pattern:7
disk write vd0 5238784 512 pattern:8
disk verify vd0 4M 300k pattern:7
! disk verify vd0 4M 300k pattern:9
disk flush vd0
virtio-device-info vd0
virtio-feature-list vd0
virtio-memory-info vd0
disk bench vd0 randread bs=4k depth=8 count=200 queues=2
irq list
"""
# Name of the case: machine, words for QEMU, more properties of the disk.
DRIVEN = {
    "x86_64": {
        "vtd": ("q35", "-device intel-iommu", ""),
        "vtd-39": ("q35", "-device intel-iommu,aw-bits=39", ",packed=on"),
        "vtd-48": ("q35", "-device intel-iommu,aw-bits=48,caching-mode=on", ""),
        "vtd-intremap": ("q35,kernel-irqchip=split", "-device intel-iommu,intremap=on",
                         ",packed=on"),
        "vtd-iotlb": ("q35,kernel-irqchip=split",
                      "-device intel-iommu,intremap=on,device-iotlb=on", ",ats=on"),
    },
    "arm64": {
        "smmu-its": ("virt,gic-version=3,iommu=smmuv3", "", ""),
        "smmu-v2m": ("virt,gic-version=2,iommu=smmuv3", "", ",packed=on"),
    },
    "ppc64": {
        "tce": ("pseries,x-vof=on", "", ""),
        "tce-packed": ("pseries,x-vof=on", "", ",packed=on"),
    },
}.get(ARCH, {})
# IOMMUs that nobody drives: with these words they let devices through, with those they do not.
FOREIGN = {
    "x86_64": {"virtio": ("q35", "-device virtio-iommu-pci"), "amd": ("q35", "-device amd-iommu")},
    "arm64": {"virtio": ("virt,gic-version=3", "-device virtio-iommu-pci")},
}.get(ARCH, {})
WHICH = {"x86_64": "Intel VT-d", "arm64": "Arm SMMUv3", "ppc64": "TCE"}.get(ARCH)
# Nobody is told of faults, all devices share a window, and that begins at 0 (cases_machine.py).
SHARED = ARCH == "ppc64"


def judge(guest, out, image, before):
    expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
    expect_pattern(image, 7, 4 * MIB, 300 * KIB)
    expect_pattern(image, 8, 5238784, 512)
    fsck(image)
    way = "line" if ARCH == "s390x" else "message"
    taken = re.findall(way + r" \d+ +\d+ +(\d+)", out)
    expect(any(int(n) > 0 for n in taken), f"the interrupts taken are {taken}")
    expect("without a handler: 0" in out, "interrupts without a handler")


def platform(out, negotiated):
    row = re.search(r"VIRTIO_F_ACCESS_PLATFORM +(\S+) +(\S+) +(\S+)", out)
    expect(row and (row.group(3) == "yes") == negotiated,
           f"ACCESS_PLATFORM is {row and row.group(3)}")


def driven(machine, words, more):
    def run(guest):
        image = guest.ext4("a.img", FS, SIZE)
        before = sha256(image)
        out = guest.good(SCRIPT + "iommu test vd0\ndisk verify vd0 4M 300k pattern:7\n",
                         DISK=image, MACHINE=machine, QEMU_ARGS=words,
                         DEVICE_ARGS=PLATFORM + ",num-queues=2" + more)
        judge(guest, out, image, before)
        platform(out, True)
        guest.says(rf"^iommu: {WHICH}$", out)
        guest.says(r"^space 1: \d+ users?, [1-9]\d* pages lent", out)
        # Three attempts, none of which gets there, each told of, with device and address.
        kept = re.findall(r"^vd0: (0x[0-9a-f]+), .*: kept out; (\d+) faults? told", out, re.M)
        expect(len(kept) == 3 and all(int(n) > 0 for _, n in kept) != SHARED, f"kept out: {kept}")
        if not SHARED:
            guest.says(rf"^iommu: {WHICH} kept [0-9a-f:.]+ from writing {kept[0][0]}: the page is "
                       "not lent", out)
        expect("WRITTEN" not in out, "the disk got where it must not")
    return run


def not_platform(guest):
    """A disk without ACCESS_PLATFORM beside an IOMMU uses physical addresses; so it is driven."""
    machine, words, _ = next(iter(DRIVEN.values()))
    image = guest.ext4("a.img", FS, SIZE)
    before = sha256(image)
    out = guest.good(SCRIPT + "! iommu test vd0\n", DISK=image, MACHINE=machine, QEMU_ARGS=words,
                     DEVICE_ARGS="num-queues=2")
    judge(guest, out, image, before)
    platform(out, False)
    guest.says(r"nothing stands between vd0 and memory", out)


def two_disks(guest):
    """Each disk has a space of its own, also behind bridges; what one is lent, the other is not."""
    machine, words, _ = next(iter(DRIVEN.values()))
    images = [guest.blank(f"{i}.img", MIB) for i in range(3)]
    far = " ".join(
        f"-drive if=none,id=f{i},format=raw,file={image} "
        f"-device virtio-blk-pci,drive=f{i},bus={bus},{PLATFORM}"
        for i, (image, bus) in enumerate(zip(images[1:], ("root,addr=0", "side,addr=3"))))
    lines = "".join(f"disk write vd{i} 0 64k pattern:{i}\niommu test vd{i}\n"
                    f"disk verify vd{i} 0 64k pattern:{i}\n" for i in range(3))
    lines += "disk bench vd2 randread bs=4k depth=8 count=50\niommu list\nirq list\n"
    out = guest.good(lines, DISK=images[0], MACHINE=machine, DEVICE_ARGS=PLATFORM,
                     QEMU_ARGS=f"{words} -device pcie-root-port,id=root,chassis=1,slot=2,addr=5 "
                     "-device pcie-root-port,id=root2,chassis=2,slot=3,addr=6 "
                     f"-device pcie-pci-bridge,id=side,bus=root2 {far}")
    guest.says(r"^space 3: ", out)
    expect(len(re.findall(r": kept out; [1-9]", out)) == 9, "not all nine attempts were kept out")
    taken = re.findall(r"0[2-9]:03.0  message \d+ +\d+ +(\d+)", out)
    expect(any(int(n) > 0 for n in taken), f"the messages taken behind the bus are {taken}")
    for i, path in enumerate(images):
        expect_pattern(path, i, 0, 64 * KIB)


def passing(machine, words):
    def run(guest):
        image = guest.ext4("a.img", FS, SIZE)
        before = sha256(image)
        out = guest.good(SCRIPT, DISK=image, MACHINE=machine, QEMU_ARGS=words,
                         DEVICE_ARGS=PLATFORM + ",num-queues=2")
        judge(guest, out, image, before)
        platform(out, True)
        guest.says(r"^iommu: .*, which this kernel cannot drive$", out)
    return run


def refused(machine, words):
    def run(guest):
        image = guest.blank("a.img", MIB)
        out = guest.good("disk list\niommu list\n", DISK=image, MACHINE=machine, QEMU_ARGS=words,
                         DEVICE_ARGS=PLATFORM)
        guest.says(r"behind an IOMMU: a virtio-iommu .* no driver .*boot-bypass=on", out)
        guest.says(r"^disk: [0-9a-f:.]+ left out: ", out)
        guest.says(r"^disk: none", out)
    return run


def bounce(key, iommu):
    """No byte of a caller's memory is shared: as many are copied as commands moved."""
    def run(guest):
        image = guest.ext4("a.img", FS, SIZE)
        before = sha256(image)
        machine, words, _ = next(iter(DRIVEN.values())) if iommu else ("", "", "")
        config = guest.file("orion.toml", f"[virtio_block]\n{key} = false\nqueue_count = 2\n")
        out = guest.good(SCRIPT + "virtio-memory-info vd0 --json\n", DISK=image, CONFIG=config,
                         QEMU_ARGS=words, DEVICE_ARGS=(PLATFORM + "," if iommu else "")
                         + "num-queues=2", **({"MACHINE": machine} if machine else {}))
        judge(guest, out, image, before)
        expect("has no effect yet" not in out, f"{key} is said to have no effect")
        guest.says(r"^ +bounces +all data", out)
        moved = re.search(r'"bounced_bytes": *(\d+)', out)
        # The disk hashed, written, verified twice, one more sector written, 20 bytes of identity,
        # and what the bench read.
        want = SIZE + 3 * 300 * KIB + 512 + 20 + 200 * 4 * KIB
        expect(moved and int(moved.group(1)) == want,
               f"{moved and moved.group(1)} bytes bounced, expected {want}")
    return run


def cases():
    for name, (machine, words, more) in DRIVEN.items():
        yield f"iommu:{name}", driven(machine, words, more)
    if DRIVEN:
        yield "iommu-not-platform", not_platform
        if not SHARED:
            yield "iommu-two-disks", two_disks
    for name, (machine, words) in FOREIGN.items():
        yield f"iommu-passing:{name}", passing(machine, words)
    if "virtio" in FOREIGN:
        machine, words = FOREIGN["virtio"]
        yield "iommu-refused", refused(machine, words + ",boot-bypass=off")
    yield "bounce:dma-off", bounce("dma_enabled", False)
    yield "bounce:zero-copy-off", bounce("zero_copy_enabled", False)
    if DRIVEN:
        yield "bounce:iommu", bounce("dma_enabled", True)
