# SPDX-License-Identifier: MIT
"""Devices that fail requests, are short of vectors, or sit behind a bridge."""
import re

from boot import ARCH, DEVICE, KIB, MIB, expect, expect_pattern, hash_of, sha256

IO_ERROR = r"I/O error|input/output error|io error|device failed"


def failing(image, iotype, sector, more=""):
    """A second disk, vd1, on IMAGE, whose SECTOR can't be read or written."""
    return (f"-blockdev driver=blkdebug,node-name=faulty,image.driver=file,image.filename={image},"
            f"inject-error.0.event=none,inject-error.0.iotype={iotype},"
            f"inject-error.0.sector={sector},inject-error.0.errno=5 "
            f"-device {DEVICE},drive=faulty,rerror=report,werror=report{more}")


def read_error(more):
    def run(guest):
        first, second = guest.blank("a.img", MIB), guest.blank("b.img", 4 * MIB)
        out = guest.good("""
            disk write vd1 0 2M pattern:5
            disk verify vd1 0 512k pattern:5
            ! disk read vd1 1M 512
            ! disk verify vd1 0 2M pattern:5
            disk verify vd1 1049088 512k pattern:5
            disk verify vd1 0 512k pattern:5
            disk verify vd1 512k 512k pattern:5
            disk flush vd1
            disk hash vd0
        """, DISK=first, QEMU_ARGS=failing(second, "read", 2048, more))
        guest.says(IO_ERROR, out)
        expect_pattern(second, 5, 0, 2 * MIB)
    return run


def write_error(more):
    def run(guest):
        first, second = guest.blank("a.img", MIB), guest.blank("b.img", 4 * MIB)
        out = guest.good("""
            ! disk write vd1 1M 512 pattern:6
            ! disk write vd1 512k 1M pattern:6
            disk write vd1 0 512k pattern:6
            disk write vd1 2M 512k pattern:6
            disk verify vd1 0 512k pattern:6
            disk verify vd1 2M 512k pattern:6
            disk flush vd1
            disk write vd0 0 4k pattern:6
        """, DISK=first, QEMU_ARGS=failing(second, "write", 2048, more))
        guest.says(IO_ERROR, out)
        expect_pattern(second, 6, 0, 512 * KIB)
        expect_pattern(second, 6, 2 * MIB, 512 * KIB)
    return run


def flush_error(guest):
    """A flush that fails is told, and is not told as done by the next one."""
    first, second = guest.blank("a.img", MIB), guest.blank("b.img", 4 * MIB)
    args = failing(second, "flush", 0).replace("inject-error.0.sector=0,", "")
    out = guest.good("""
        disk write vd1 0 4k pattern:6
        ! disk flush vd1
        disk verify vd1 0 4k pattern:6
        disk flush vd0
    """, DISK=first, QEMU_ARGS=args)
    guest.says(IO_ERROR, out)


def vectors(count, queues, mode):
    def run(guest):
        image = guest.ext4("a.img", 4 * MIB, 5 * MIB)
        before = sha256(image)
        out = guest.good(f"""
            virtio-device-info vd0
            disk hash vd0
            disk write vd0 4M 256k pattern:2
            disk verify vd0 4M 256k pattern:2
            disk bench vd0 randread bs=4k depth=8 count=400 queues={queues}
            disk flush vd0
            virtio-queue-stats vd0
        """, DISK=image, CPUS=queues, DEVICE_ARGS=f"vectors={count},num-queues={queues}")
        expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
        expect_pattern(image, 2, 4 * MIB, 256 * KIB)
        guest.says(mode, out)
        numbers = [int(n) for n in re.findall(r"interrupts\D*(\d+)", out)]
        expect(any(numbers), "virtio-queue-stats tells of no interrupt")
    return run


def transitional_and_modern(args):
    def run(guest):
        image = guest.ext4("a.img", 4 * MIB)
        out = guest.good("disk hash vd0", DISK=image, DEVICE_ARGS=args)
        expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")
    return run


def behind_bridge(guest):
    """A disk on another bus: behind a PCI Express root port, as every slot of a server is."""
    bridge = "pci-bridge,id=far0,chassis_nr=1" if ARCH == "ppc64" else \
        "pcie-root-port,id=far0,chassis=1,slot=5"
    first, second = guest.blank("a.img", MIB), guest.ext4("b.img", 4 * MIB)
    before = sha256(second)
    out = guest.good("""
        pci list
        disk list
        disk hash vd1
        disk write vd0 0 4k pattern:1
        disk bench vd1 randread bs=4k depth=8 count=200
    """, DISK=first, QEMU_ARGS=f"-device {bridge} "
                               f"-drive if=none,id=far,format=raw,file={second} "
                               "-device virtio-blk-pci,drive=far,bus=far0")
    expect(hash_of(out) == before, "disk hash is not the host's sha256sum")


def serial(guest):
    out = guest.good("disk identify vd0\ndisk list", DISK=guest.blank("a.img", MIB),
                     DEVICE_ARGS="serial=ORION-0123456789-ABC")
    expect(out.count("ORION-0123456789-ABC") >= 2, "the serial number is not shown")


def cases():
    for layout in ("split", "packed"):
        more = ",packed=on" if layout == "packed" else ""
        yield f"device-read-error:{layout}", read_error(more)
        yield f"device-write-error:{layout}", write_error(more)
    yield "device-flush-error", flush_error
    yield "device-serial", serial
    if ARCH == "s390x":                             # no PCI
        return
    yield "device-behind-bridge", behind_bridge
    yield "device-vectors:0", vectors(0, 1, r"INTx|line")
    yield "device-vectors:0.4q", vectors(0, 4, r"INTx|line")
    yield "device-vectors:1", vectors(1, 1, r"shared|one vector")
    yield "device-vectors:2", vectors(2, 1, r"vector")
    yield "device-vectors:3.4q", vectors(3, 4, r"one vector for all queues")
    yield "device-interface:transitional", transitional_and_modern("disable-legacy=off")
    yield "device-interface:modern", transitional_and_modern("disable-legacy=on")
