# SPDX-License-Identifier: MIT
"""Every way in which a PC's loaders start the kernel: PVH, Linux's three entries, Multiboot2."""
import os

from boot import ARCH, KERNEL, KIB, MIB, QEMU, ROOT, Skip, expect, expect_pattern, fsck, hash_of, \
    sha256, tool

FORMS = {"elf": KERNEL, "bzImage": os.path.splitext(KERNEL)[0] + ".bzImage"}
QBOOT, OVMF = "/usr/share/qemu/qboot.rom", "/usr/share/ovmf/OVMF.fd"
LOADER = ("gcc -O1 -ffreestanding -fno-pic -no-pie -static -nostdlib -mgeneral-regs-only "
          "-mno-red-zone -fno-stack-protector -Wl,-Ttext=0x8000000,--build-id=none,-e,load").split()
WORD = "virtio_mmio.device=wrong"       # complained of: the command line has arrived
FS, SIZE = 4 * MIB, 6 * MIB
SCRIPT = """
disk list
disk hash vd0
disk write vd0 4M 300k pattern:7
disk verify vd0 4M 300k pattern:7
disk flush vd0
! disk verify vd0 4M 300k pattern:9
disk bench vd0 randread bs=4k depth=8 count=400 queues=2
cpus
"""


def judge(guest, run, protocol, **variables):
    """The scenario by RUN, of a kernel that says that it was started by PROTOCOL."""
    image = guest.ext4("a.img", FS, SIZE)
    before = sha256(image)
    out = run(SCRIPT, DISK=image, CPUS=2, **variables)
    guest.says(rf"^boot: {protocol}\r?$", out)
    guest.says(r"^cpu: 2,", out)
    expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
    expect_pattern(image, 7, 4 * MIB, 300 * KIB)
    fsck(image)
    return out


def kernel(form, protocol, machine, words="", **more):
    """QEMU's own loaders."""
    def run(guest):
        out = judge(guest, guest.good, protocol, KERNEL=FORMS[form], MACHINE=machine, APPEND=WORD,
                    QEMU_ARGS=words, **more)
        guest.says(r"SIZE@BASE:LINE is needed", out)
    return run


def loader64(guest, form, magic="HdrS"):
    """Our own loader for the 64-bit entry, which is what QEMU starts."""
    path = guest.path("loader64.elf")
    tool(*LOADER, f'-DMAGIC="{magic}"', "-o", path, os.path.join(ROOT, "test/boot/loader64.c"))
    return {"KERNEL": path, "APPEND": WORD, "QEMU_ARGS": "-initrd " + FORMS[form]}


def linux64(form, machine):
    def run(guest):
        out = judge(guest, guest.good, "Linux boot protocol", MACHINE=machine,
                    **loader64(guest, form))
        guest.says(r"SIZE@BASE:LINE is needed", out)
    return run


def no_header(guest):
    """Who comes without what the protocol asks for is told so, and the machine ends."""
    guest.bad("disk list", r"Panic.*Linux boot protocol: no setup header \(HdrS\)",
              DISK=guest.blank("a.img", MIB), **loader64(guest, "elf", "HdrX"))


def image(guest, form, **variables):
    path = guest.path("orion.iso")
    guest.start(["tools/image", FORMS[form], path], **variables)
    expect(os.path.exists(path), "tools/image made no image")
    return path


def cd(form, protocol, machine):
    """GRUB from a CD; script and command line are on it."""
    def run(guest):
        def boot(script, **variables):
            file = guest.file("on-cd.orion", script.strip() + "\n")
            path = image(guest, form, SCRIPT=file, APPEND=WORD)
            code, out = guest.start(["tools/run"], KERNEL=path, TIMEOUT=100, MACHINE=machine,
                                    QEMU_ARGS="-no-reboot", **variables)
            expect(code == 0, f"exit status {code}, expected 0")
            return out
        out = judge(guest, boot, protocol)
        guest.says(r"SIZE@BASE:LINE is needed", out)
    return run


def cd_uefi(guest):
    """UEFI's firmware writes on COM1 too."""
    if not os.path.exists(OVMF):
        raise Skip(f"there is no {OVMF}")

    def boot(script, **variables):
        code, out = guest.run(script, QEMU_ARGS="-bios " + OVMF, KERNEL=image(guest, "elf"),
                              **variables)
        expect(code == 0, f"exit status {code}, expected 0")
        return out
    judge(guest, boot, "Multiboot2")


def power_off(machine, script, status):
    """Without QEMU's device for it the status is the last line, and ACPI ends the machine."""
    def run(guest):
        file = guest.file("script.orion", script)
        code, out = guest.start([QEMU, "-M", machine, "-nodefaults", "-display", "none",
                                 "-kernel", KERNEL, "-serial", "stdio", "-no-reboot",
                                 "-fw_cfg", f"name=opt/orion/script,file={file}"])
        expect(code == 0, f"exit status {code}, expected 0")
        expect(out.endswith(f"power-off: {status}\n"), "the status is not the last line")
    return run


def no_console(guest):
    """Without COM1 a script runs, though nobody sees what it prints."""
    image = guest.blank("a.img", MIB)
    file = guest.file("script.orion", "disk write vd0 0 64k pattern:3\ndisk flush vd0\n")
    code, _ = guest.start([QEMU, "-M", "q35", "-nodefaults", "-display", "none", "-no-reboot",
                           "-device", "isa-debug-exit,iobase=0xf4", "-kernel", KERNEL,
                           "-fw_cfg", f"name=opt/orion/script,file={file}",
                           "-drive", f"if=none,id=d,format=raw,file={image}",
                           "-device", "virtio-blk-pci,drive=d"])
    expect(code == 33, f"exit status {code}, expected 33")
    expect_pattern(image, 3, 0, 64 * KIB)


def cases():
    if ARCH != "x86_64":
        return
    for machine in ("q35", "pc", "microvm"):
        yield f"boot:pvh.{machine}", kernel("elf", "PVH", machine)
        yield f"boot:bzimage.{machine}", kernel("bzImage", "Linux boot protocol", machine)
    yield "boot:pvh.qboot", kernel("elf", "PVH", "q35", "-bios " + QBOOT)
    yield "boot:pvh.initrd", kernel("elf", "PVH", "q35", FILES="initrd")
    yield "boot:bzimage.initrd", kernel("bzImage", "Linux boot protocol", "q35", FILES="initrd")
    yield "boot:bzimage.qboot", kernel("bzImage", "Linux boot protocol", "q35", "-bios " + QBOOT)
    for machine in ("q35", "pc"):
        yield f"boot:linux64.{machine}", linux64("elf", machine)
        yield f"boot:cd.{machine}", cd("elf", "Multiboot2", machine)
        yield f"boot:cd-linux.{machine}", cd("bzImage", "Linux boot protocol", machine)
    yield "boot:linux64.bzimage", linux64("bzImage", "q35")
    yield "boot:cd.uefi", cd_uefi
    yield "boot:no-header", no_header
    yield "boot:no-console", no_console
    for machine in ("q35", "pc", "microvm"):
        yield f"power-off:{machine}.success", power_off(machine, "disk list\n", "success")
    yield "power-off:q35.failure", power_off("q35", "nonsense\n", "failure")
