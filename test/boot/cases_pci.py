# SPDX-License-Identifier: MIT
"""PCI as a driver meets it: legacy and transitional devices, bridges, few vectors, no firmware."""
import itertools
import re

from boot import ARCH, KIB, MIB, expect, expect_pattern, fsck, hash_of, sha256

MACHINES = {"x86_64": ("q35", "pc"), "arm64": ("virt", "virt,gic-version=2"),
            "riscv64": ("virt,aia=aplic-imsic",), "ppc64": ("pseries,x-vof=on",)}.get(ARCH, ())
BIG_ENDIAN = ARCH == "ppc64"    # there legacy devices are refused, and buses conventional
# BUS= of tools/run, and the transport that Orion is to take.
FACES = {"legacy": ("pci-legacy", "pci-legacy"), "transitional": ("pci-transitional", "pci")}
if BIG_ENDIAN:
    del FACES["legacy"]
FS, SIZE = 4 * MIB, 6 * MIB
SCRIPT = """
disk list
virtio-device-info vd0
disk hash vd0
disk write vd0 4M 300k pattern:7
disk write vd0 5238784 512 pattern:8
disk verify vd0 4M 300k pattern:7
disk flush vd0
disk hash vd0 4M 2M
disk bench vd0 randread bs=4k depth=8 count=400 queues={queues}
irq list
pci list
"""
# By vectors, of two queues: what is shown, and what interrupts.
MODES = {0: ("interrupt line", r"line \d+ +0 +[1-9]"),
         1: ("one vector for all$", r"message 0 +\d +[1-9]"),
         2: ("one vector for all queues", r"message 1 +\d +[1-9]"),
         3: ("a vector per queue", r"message 1 +\d +[1-9]")}


def work(guest, queues=2, **variables):
    """The scenario on an image with a file system; the host looks at what became of it."""
    image = guest.ext4("a.img", FS, SIZE)
    before = sha256(image)
    out = guest.good(SCRIPT.format(queues=queues), DISK=image, **variables)
    expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
    expect_pattern(image, 7, 4 * MIB, 300 * KIB)
    expect_pattern(image, 8, 5238784, 512)
    expect(hash_of(out, 1) == sha256(image, 4 * MIB, 2 * MIB),
           "the hash of the written range is not what the host finds there")
    fsck(image)
    return out


def face(name, machine, size):
    bus, transport = FACES[name]

    def run(guest):
        out = work(guest, BUS=bus, MACHINE=machine, DEVICE_ARGS=f"queue-size={size},num-queues=2")
        guest.says(rf"transport +{transport}$", out)
        guest.says(rf"vd0: .* of {size}, split", out)
        guest.says(MODES[3][1], out)
    return run


def vectors(bus, count):
    def run(guest):
        out = work(guest, BUS=bus, DEVICE_ARGS=f"vectors={count},num-queues=2")
        mode, taken = MODES[count]
        guest.says(rf"interrupts +.*{mode}", out)
        guest.says(taken, out)
    return run


def notify(words, bus):
    """Where a queue is kicked: in I/O ports, or in a page of its own."""
    def run(guest):
        out = work(guest, BUS=bus, DEVICE_ARGS=f"{words},num-queues=2")
        guest.says(r"transport +pci$", out)
        guest.says(MODES[3][1], out)
    return run


def disk_behind(name, image, where):
    return (f"-drive if=none,id={name},format=raw,file={image} "
            f"-device virtio-blk-pci,drive={name},{where} ")


def at_disks(guest, bridges, wheres, words=""):
    """Boots with BRIDGES and a disk at each of WHERES; each disk is hashed, written and judged."""
    images = [guest.ext4(f"{i}.img", FS, SIZE) for i in range(len(wheres))]
    before = sha256(images[0])
    script = "disk list\npci list\n"
    for i in range(len(wheres)):
        script += (f"disk hash vd{i + 1}\ndisk write vd{i + 1} 4M 300k pattern:{i + 1}\n"
                   f"disk flush vd{i + 1}\ndisk verify vd{i + 1} 4M 300k pattern:{i + 1}\n")
    disks = "".join(disk_behind(f"far{i}", image, where)
                    for i, (image, where) in enumerate(zip(images, wheres)))
    out = guest.good(script + "irq list", DISK=guest.blank("first.img", MIB),
                     QEMU_ARGS=f"{words} {bridges} {disks}")
    for i, image in enumerate(images):
        expect(hash_of(out, i) == before, f"disk hash of vd{i + 1} is not the host's sha256sum")
        expect_pattern(image, i + 1, 4 * MIB, 300 * KIB)
        fsck(image)
    return out


DEEP = ("-device pcie-root-port,id=root,chassis=1,slot=1,addr=5 "
        "-device x3130-upstream,id=up,bus=root "
        "-device xio3130-downstream,id=down,bus=up,chassis=2,slot=2 "
        "-device pcie-pci-bridge,id=side,bus=down "
        "-device pci-bridge,id=last,bus=side,chassis_nr=9,addr=2")
LEGACY, MODERN = "disable-legacy=off,disable-modern=on", "disable-legacy=on"
TWO = ("-device pcie-root-port,id=root,chassis=1,slot=1,addr=5 "
       "-device pcie-pci-bridge,id=side,bus=root")
if BIG_ENDIAN:
    DEEP = "-device pci-bridge,id=root,chassis_nr=1,addr=5 " + " ".join(
        f"-device pci-bridge,id={name},bus={above},chassis_nr={n},addr=2" for n, (name, above) in
        enumerate((("up", "root"), ("down", "up"), ("side", "down"), ("last", "side")), 2))
    TWO = ("-device pci-bridge,id=root,chassis_nr=1,addr=5 "
           "-device pci-bridge,id=side,bus=root,chassis_nr=2,addr=2")
    LEGACY = "disable-legacy=off"


def deep(words):
    """Modern and legacy functions of one device four bridges down, and a disk below the fifth."""
    def run(guest):
        out = at_disks(guest, DEEP, [
            f"bus=side,addr=3.0,multifunction=on,{MODERN}", f"bus=side,addr=3.1,{LEGACY}",
            f"bus=last,addr=4,vectors=0,{LEGACY}"], words)
        guest.says(r"04:03\.0  message \d +\d +[1-9]", out)
        guest.says(r"04:03\.1  message \d +\d +[1-9]", out)
        guest.says(r"05:04\.0  line \d+ +0 +[1-9]", out)
        expect("no address" not in out, "a base address was left out")
    return run


def eight_functions(guest):
    wheres = [f"addr=7.{i},multifunction=on,num-queues=1,{LEGACY if i % 2 else MODERN}"
              for i in range(8)]
    out = at_disks(guest, "", wheres)
    for i in range(8):
        guest.says(rf"^vd{i + 1}: 00:07\.{i}", out)


def beside_large(size, words, says, spoken):
    """A disk that shares a bridge with a function that wants SIZE of memory."""
    bridges = (f"{TWO} -device pci-testdev,membar={size},bus=side,addr=1")

    def run(guest):
        out = at_disks(guest, bridges, [f"bus=side,addr=2,{MODERN}"], words)
        guest.says(r"02:02\.0  1af4:1042", out)
        guest.says(says, out)
        expect(("through configuration space" in out) == spoken,
               "the way to the registers is not the expected one")
    return run


def qboot(machine, count):
    """Firmware that assigns, but puts down wrong interrupt lines."""
    def run(guest):
        out = work(guest, MACHINE=machine, QEMU_ARGS="-bios qboot.rom",
                   DEVICE_ARGS=f"vectors={count},num-queues=2")
        guest.says(MODES[count][1], out)
    return run


def microvm(guest):
    """Configuration space that the AML code alone names; message interrupts only."""
    out = work(guest, MACHINE="microvm,pcie=on", BUS="pci", DEVICE_ARGS="vectors=3,num-queues=2")
    guest.says(r"pci: \d+ functions, 1 bus \(ECAM\)", out)
    guest.says(MODES[3][1], out)


def microvm_legacy(guest):
    """There are no I/O ports on that bus: refused in clear words."""
    out = guest.good("disk list", MACHINE="microvm,pcie=on", BUS="pci-legacy",
                     DISK=guest.blank("a.img", MIB))
    guest.says(r"a legacy PCI device needs .* I/O ports that the host reaches", out)
    expect(re.search(r"^vd0", out, re.MULTILINE) is None, "it became a disk all the same")


def legacy_refused(guest):
    """A device of old is refused in clear words; the others still work."""
    first, second = guest.blank("a.img", MIB), guest.blank("b.img", MIB)
    out = guest.good("disk list\ndisk hash vd0", DISK=first,
                     QEMU_ARGS=disk_behind("old", second, "disable-modern=on,disable-legacy=off"))
    expect(hash_of(out) == sha256(first), "disk hash is not the host's sha256sum")
    guest.says(r"a legacy PCI device needs a little-endian CPU", out)
    expect("vd1" not in out, "it became a disk all the same")


def cases():
    for name, machine, size in itertools.product(FACES, MACHINES, (16, 256)):
        cell = re.sub(r"[^a-z0-9]+", "-", machine)
        yield f"pci-face:{name}.{cell}.{size}", face(name, machine, size)
    if not MACHINES:
        return
    for bus, count in itertools.product(("pci",) if BIG_ENDIAN else ("pci", "pci-legacy"), MODES):
        yield f"pci-vectors:{bus}.{count}", vectors(bus, count)
    for words, bus in itertools.product(("modern-pio-notify=on", "page-per-vq=on"),
                                        ("pci", "pci-transitional")):
        yield f"pci-notify:{words.split('=')[0]}.{bus}", notify(words, bus)
    yield "pci-eight-functions", eight_functions
    firmwares = {"usual": ""} | ({"qboot": "-bios qboot.rom"} if ARCH == "x86_64" else {})
    for name, words in firmwares.items():
        yield f"pci-deep:{name}", deep(words)
    if BIG_ENDIAN:
        yield "pci-legacy-refused", legacy_refused
    bare = firmwares.get("qboot", "")
    yield "pci-large:above-4g", beside_large("4G", bare, r"BAR 2: memory [0-9a-f]{9,}", False)
    yield "pci-large:no-room", beside_large("1T", bare, r"pci: 02:02\.0 BAR 4: no room", True)
    if ARCH == "x86_64":
        for machine, count in itertools.product(MACHINES, (0, 3)):
            yield f"pci-qboot:{machine}.{count}", qboot(machine, count)
        yield "pci-microvm", microvm
        yield "pci-microvm-legacy", microvm_legacy
