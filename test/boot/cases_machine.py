# SPDX-License-Identifier: MIT
"""What only one architecture has: its machines, interrupt controllers, exceptions."""
import itertools
import re

from boot import ARCH, KERNEL, KIB, MIB, expect, expect_pattern, hash_of, sha256, tool

# The exceptions that can be provoked, what is said of them, and what every dump has.
CRASHES = {
    "x86_64": {
        "null": r"page fault", "divide": r"divi", "opcode": r"opcode",
        "write-code": r"page fault", "stack": r"stack|double fault|page fault",
        "general": r"general protection"},
    "arm64": {
        "null": r"read of 0{16}: page fault: .* \(null pointer\)", "opcode": r"undefined opcode",
        "write-code": r"write to .*: page fault: not allowed",
        "run-data": r"instruction fetch from .*: page fault: not allowed",
        "unmapped": r"read of 0000f{9}000: page fault: nothing is mapped",
        "stack": r"below the stack of CPU 0: stack overflow", "breakpoint": r"breakpoint"},
    "riscv64": {
        "null": r"read of 0{16}: page fault: .* \(null pointer\)", "opcode": r"undefined opcode",
        "write-code": r"write to .*: page fault: not allowed",
        "run-data": r"instruction fetch from .*: page fault: not allowed",
        "unmapped": r"read of 00007f{8}000: page fault: nothing is mapped",
        "stack": r"below the stack of CPU 0: stack overflow", "breakpoint": r"breakpoint"},
    "ppc64": {
        "null": r"read of 0{16}: page fault: .* \(null pointer\)", "opcode": r"undefined opcode",
        "write-code": r"write to .*: page fault: not allowed",
        "run-data": r"instruction fetch from .*: page fault: not allowed",
        "unmapped": r"read of 0000f{9}000: page fault: nothing is mapped",
        "stack": r"below the stack of CPU 0: stack overflow", "breakpoint": r"breakpoint"},
    "s390x": {
        "null": r"read of page 0{16}: page fault: .* \(null pointer\)",
        "opcode": r"undefined opcode", "write-code": r"write to page .*: page fault: not allowed",
        "unmapped": r"read of page 00000007fffff000: page fault: nothing is mapped",
        "stack": r"below the stack of CPU 0: stack overflow"},
}
CRASHES["ppc64le"] = CRASHES["ppc64"]
REGISTERS = {"x86_64": ("rip", "rsp", "cr2", "cr3", "rflags"),
             "arm64": ("pc", "sp", "x0", "x30", "syndrome", "address"),
             "riscv64": ("pc", "status", "ra", "sp", "t6", "cause", "value"),
             "ppc64": ("pc", "state", "link", "r1", "r31", "address", "cause"),
             "s390x": ("psw", "r0", "r15", "address", "map")}
REGISTERS["ppc64le"] = REGISTERS["ppc64"]

SCRIPT = """
disk list
disk hash vd0
disk write vd0 0 300k pattern:7
disk verify vd0 0 300k pattern:7
disk flush vd0
disk bench vd0 randread bs=4k depth=8 count=400 queues={queues}
irq list
cpus
"""


def little_memory(size):
    """Too little memory is one clear message, whatever it is too little for."""
    def run(guest):
        out = guest.bad("disk list", r"too little memory", MEM=size, DISK=guest.blank("a.img", MIB))
        expect("xception" not in out and "fault" not in out, "it is an exception")
        expect(out.count("too little memory") == 1, "it is said more than once")
    return run


def crash(kind, says):
    def run(guest):
        out = guest.bad("crash " + kind, says, DISK=guest.blank("a.img", MIB))
        for register in REGISTERS[ARCH] if kind != "panic" else ():
            guest.says(rf"\b{register}\b", out)
    return run


def scenario(machine, cpus, device, *says):
    """Writes, reads and measures with every CPU; the output has everything in SAYS."""
    def run(guest):
        image = guest.ext4("a.img", 4 * MIB)
        before = sha256(image)
        queues = min(cpus, 4)                       # queue_count's default
        out = guest.good(SCRIPT.format(queues=queues), DISK=image, CPUS=cpus, QEMU_ARGS=machine,
                         DEVICE_ARGS=f"num-queues={queues}" + device)
        expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
        expect_pattern(image, 7, 0, 300 * KIB)
        expect("does not interrupt" not in out, "the timer does not interrupt")
        guest.says(r"without a handler: 0; on the wrong CPU: 0; lines masked: 0;", out)
        hypervisor = "QEMU TCG" if ARCH in ("x86_64", "s390x") else "QEMU"
        for regex in (f"^cpu: {cpus},", f"^hypervisor: {hypervisor}$", *says):
            guest.says(regex, out)
    return run


def arm64_interrupts():
    """Each controller x CPUs x ring x way to interrupt; messages reach the CPU of their queue."""
    for gic, cpus, ring, way in itertools.product((3, 2), (1, 2), ("split", "packed"),
                                                  ("messages", "line")):
        device = f",packed={'on' if ring == 'packed' else 'off'}"
        device += ",vectors=0" if way == "line" else ""
        last = cpus - 1
        took = rf"message {cpus} +{last} +[1-9]" if way == "messages" else r"line \d+ +0 +[1-9]"
        by = {3: "by GICv3, ITS", 2: "by GICv2, v2m"}[gic]
        yield (f"gic{gic}.{cpus}cpu.{ring}.{way}",
               scenario(f"-M gic-version={gic}", cpus, device, took, by))


def nobody_listens(guest):
    """Where no one hears the status, the firmware is asked, and the machine does end."""
    code, out = guest.run("disk list", QEMU_ARGS="-semihosting-config enable=off",
                          DISK=guest.blank("a.img", MIB))
    expect(code == 2, f"exit status {code}, expected 2")
    guest.says("vd0 +1048576", out)
    guest.says(r"^power-off: success$", out)
    guest.says("ended without a status", guest.runs[-1][3])
    expect("Exception" not in out, "asking was an exception")


def bridges(guest):
    """No firmware numbers buses here: a disk behind two bridges, its pin turned by both."""
    first, second = guest.blank("a.img", MIB), guest.ext4("b.img", 4 * MIB)
    out = guest.good("pci list\ndisk hash vd1\nirq list", DISK=first, QEMU_ARGS=(
        "-device pcie-root-port,id=root,chassis=1,slot=2,addr=5 "
        "-device pcie-pci-bridge,id=side,bus=root "
        f"-drive if=none,id=far,format=raw,file={second} "
        "-device virtio-blk-pci,drive=far,bus=side,addr=3,vectors=0,disable-legacy=on"))
    expect(hash_of(out) == sha256(second), "disk hash is not the host's sha256sum")
    guest.says(r"02:03\.0  1af4:1042", out)
    guest.says(r"02:03\.0  line \d+ +0 +[1-9]", out)


def each_wakes(machine, bus):
    """A slow disk, so that every request is slept for: each is an interrupt of its own."""
    def run(guest):
        image = guest.blank("a.img", MIB)
        out = guest.good("disk bench vd0 randread bs=4k depth=1 count=20\nirq list",
                         BUS=bus, MACHINE=machine, DEVICE_ARGS="vectors=0" if bus == "pci" else "",
                         DISK=f"format=raw,throttling.iops-total=50,file={image}")
        taken = re.search(r"line \d+ +0 +(\d+)", out)
        expect(taken and int(taken.group(1)) >= 15, "20 requests did not interrupt 15 times")
    return run


def elf(guest):
    """Without the image's header, from where QEMU puts an ELF file."""
    guest.good("disk list", KERNEL=KERNEL.replace(".img", ".elf"), DISK=guest.blank("a.img", MIB))


def moved(guest):
    """The image is put elsewhere than where it was linked, as other loaders may do."""
    tool("riscv64-linux-gnu-ld", "-N", "-b", "binary", KERNEL, "-Tdata=0x88600000",
         "-e", "0x88600000", "-o", guest.path("moved.elf"))
    image = guest.ext4("a.img", 4 * MIB)
    out = guest.good("disk hash vd0", DISK=image, KERNEL=guest.path("moved.elf"), MEM="512M")
    guest.says("Next Address +: 0x0*88600000", out)
    expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")


def too_many(guest):
    """More CPUs than there is room for: told, and done without."""
    out = guest.good("disk bench vd0 randread bs=4k count=100 queues=2", CPUS=17,
                     DISK=guest.blank("a.img", MIB))
    guest.says(r"^cpu: 16,", out)
    guest.says(r"17 CPUs present, 16 used", out)


def riscv64_machines():
    """Each controller x CPUs x ring x way to interrupt; only an IMSIC takes messages."""
    for aia, cpus, ring, way in itertools.product(("aplic-imsic", "aplic", "none"), (1, 2),
                                                  ("split", "packed"), ("messages", "line")):
        messages = way == "messages" and aia == "aplic-imsic"
        if way == "messages" and not messages:
            continue
        device = f",packed={'on' if ring == 'packed' else 'off'}"
        device += ",vectors=0" if not messages else ""
        took = rf"message {cpus} +{cpus - 1} +[1-9]" if messages else r"line \d+ +0 +[1-9]"
        by = {"aplic-imsic": "by IMSIC, APLIC$", "aplic": "by APLIC$", "none": "by PLIC$"}[aia]
        yield (f"{by.split()[1].strip(',$').lower()}.{cpus}cpu.{ring}.{way}",
               scenario(f"-M aia={aia}", cpus, device, took, by))
    for aia, bus in itertools.product(("aplic-imsic", "aplic", "none"), ("pci", "mmio")):
        yield f"each-wakes.{aia}.{bus}", each_wakes("virt,aia=" + aia, bus)
    message = r"message 2 +1 +[1-9]"
    # the firmware's timer in place of the CPU's own
    yield "no-sstc", scenario("-cpu rv64,sstc=off", 2, "", message, r"timer SBI")
    yield "sstc", scenario("", 2, "", message, r"timer Sstc", r"Sv48")
    # interrupt files between which others lie, and in two ranges
    yield "imsic.guests", scenario("-M aia-guests=3", 2, "", message)
    nodes = "-M aia={} -smp 4,sockets=2 " + " ".join(
        f"-object memory-backend-ram,id=m{i},size=128M -numa node,memdev=m{i},cpus={2 * i}-"
        f"{2 * i + 1}" for i in (0, 1))
    yield "imsic.2sockets", scenario(nodes.format("aplic-imsic"), 4, "", r"message 4 +3 +[1-9]")
    # of two PLICs only CPU 0's is used, and the disk's wire is the other's
    yield "plic.2sockets", scenario(nodes.format("none"), 4, "", r"polled")
    yield "bridges", bridges
    yield "elf", elf
    yield "moved", moved
    yield "16cpu", scenario("", 16, "", r"message 4 +3 +[1-9]")
    yield "16cpu.plic", scenario("-M aia=none", 16, "", r"line \d+ +0 +[1-9]")
    yield "17cpu", too_many


def tce_shared(guest):
    """Two disks share the bridge's window, a third is not translated."""
    images = [guest.ext4(f"{i}.img", 4 * MIB) for i in range(3)]
    lines = "".join(f"disk write vd{i} 0 64k pattern:{i + 1}\ndisk hash vd{i}\n" for i in range(3))
    out = guest.good(
        lines + "disk bench vd0 read bs=64k depth=16 count=100 queues=2\n" + lines +
        "iommu test vd0\niommu list\n! iommu test vd2", DISK=images[0], QEMU_ARGS=" ".join(
            f"-drive if=none,id=x{i},format=raw,file={images[i]} "
            f"-device virtio-blk-pci,drive=x{i},disable-legacy=on,iommu_platform={on}"
            for i, on in ((1, "on"), (2, "off"))),
        DEVICE_ARGS="iommu_platform=on,disable-legacy=on")
    expect(out.count("kept out") == 3, "the window does not keep a disk out of memory")
    guest.says(r"^space 1: 2 users, ", out)
    for i in range(3):
        expect_pattern(images[i], i + 1, 0, 64 * KIB)


def refused(machine, says):
    def run(guest):
        guest.bad("disk list", says, DISK=guest.blank("a.img", MIB), QEMU_ARGS=machine)
    return run


def ppc64_machines():
    for cpus, ring, way in itertools.product((1, 2), ("split", "packed"), ("messages", "line")):
        device = f",packed={'on' if ring == 'packed' else 'off'}"
        device += ",vectors=0" if way == "line" else ""
        took = rf"message {cpus} +{cpus - 1} +[1-9]" if way == "messages" else r"line \d+ +0 +[1-9]"
        yield f"xics.{cpus}cpu.{ring}.{way}", scenario("", cpus, device, took, "by XICS")
    message = r"message 2 +1 +[1-9]"
    # the firmware that other machines have, which also assigns addresses, of 64 bits too
    yield "slof", scenario("-M x-vof=off", 2, "", message, r"Booting from memory")
    yield "power10", scenario("-cpu power10", 2, "", message, r"POWER10")
    yield "power8-refused", refused("-cpu power8", r"no radix MMU: a POWER9")
    yield "only-xics", scenario("-M ic-mode=xics", 2, "", message)
    yield "only-xive-refused", refused("-M ic-mode=xive", r"no XICS: .*ic-mode=xics")
    yield "16cpu", scenario("", 16, "", r"message 4 +3 +[1-9]")
    for ring, packed in (("split", "off"), ("packed", "on")):
        yield f"tce.{ring}", scenario(
            "", 2, f",iommu_platform=on,disable-legacy=on,packed={packed}", message)
    yield "tce.two", tce_shared


def machines():
    if ARCH == "riscv64":
        yield from riscv64_machines()
        return
    if ARCH in ("ppc64", "ppc64le"):
        yield from ppc64_machines()
        return
    if ARCH == "x86_64":
        yield "q35", scenario("", 2, "", r"message 2 +1 +[1-9]")
        yield "pc", scenario("-M pc", 2, "", r"message 2 +1 +[1-9]")
        return
    if ARCH == "s390x":
        for cpus in (1, 2, 16):
            yield f"{cpus}cpu", scenario("", cpus, "", r"wire 65536 +line 65536 +0 +[1-9]")
        yield "max", scenario("-cpu max", 2, "", r"^cpu: 2, machine type")
        return
    yield from arm64_interrupts()
    message, line = r"message 2 +1 +[1-9]", r"line \d+ +0 +[1-9]"
    for name, words, says in (
            # entered at EL2, and the firmware is called by smc
            ("el2.gic3", "virtualization=on", message),
            ("el2.gic2", "virtualization=on,gic-version=2", message),
            # two worlds, of which ours is the other one
            ("secure.gic3", "secure=on", message),
            ("secure.gic2", "secure=on,gic-version=2", message),
            ("no-its", "its=off", line),
            ("low", "highmem=off", message)):
        yield name, scenario("-M " + words, 2, "", says)
    for cpu in ("cortex-a53", "cortex-a57", "neoverse-n1"):
        yield cpu, scenario(f"-cpu {cpu}", 2, "", cpu)
    yield "bridges", bridges
    yield "nobody-listens", nobody_listens
    yield "16cpu", scenario("", 16, "", r"message 4 +3 +[1-9]")


def cases():
    for name, run in machines():
        yield f"machine:{name}", run
    for kind, says in CRASHES[ARCH].items():
        yield f"machine-crash:{kind}", crash(kind, says)
    yield "machine-crash:panic", crash("panic", r"panic")
    if ARCH == "x86_64":                            # elsewhere QEMU wants more than we do
        for size in ("1700K", "2M", "3M", "3200K"):
            yield f"machine-memory:{size}", little_memory(size)
