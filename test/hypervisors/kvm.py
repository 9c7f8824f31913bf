# SPDX-License-Identifier: MIT
"""Orion under KVM, within QEMU's emulation: KVM as it is, and with the faces of others."""
from bed import Bed
from boot import KERNEL, KIB, MIB, expect, expect_pattern, fsck, hash_of, sha256

# QEMU 7.2 has no face of Xen yet.
BED = Bed("kvm", "trixie", ["qemu-system-x86", "seabios", "linux-image-amd64", "busybox-static"])
CPU = "max,+svm"
HYPER_V = "hv-relaxed,hv-vpindex,hv-time"
# What QEMU is told, and what Orion then says.  With the face of Xen, QEMU shows none of KVM's.
FACES = {
    "kvm": ("-accel kvm -cpu host", r"KVM \(QEMU\)"),
    "hyper-v": (f"-accel kvm -cpu host,{HYPER_V}", r"KVM \(QEMU\), also seen as Hyper-V"),
    "xen": ("-accel kvm,xen-version=0x40011,kernel-irqchip=split -cpu host",
            "QEMU, also seen as Xen"),
    "both": (f"-accel kvm,xen-version=0x40011,kernel-irqchip=split -cpu host,{HYPER_V}",
             "QEMU, also seen as Hyper-V, Xen"),
    "hidden": (f"-accel kvm -cpu host,kvm=off,{HYPER_V}", "QEMU, also seen as Hyper-V"),
}
SCRIPT = """
virtio-device-info vd0
disk hash vd0
disk write vd0 4M 300k pattern:7
disk verify vd0 4M 300k pattern:7
disk flush vd0
disk bench vd0 randread bs=4k depth=8 count=400 queues=2
irq list
"""
JOB = """
export PATH=/usr/sbin:/usr/bin
busybox cat >/run/script <<'END'
{script}
END
busybox cat /dev/vdc >/run/orion.elf
run() {{
	echo "---- $1"
	name=$1
	shift
	qemu-system-x86_64 -M q35 -m 128 -smp 2 -nodefaults -display none -no-reboot \\
		-serial stdio -kernel /run/orion.elf \\
		-fw_cfg name=opt/orion/script,file=/run/script -device isa-debug-exit,iobase=0xf4 \\
		-drive if=none,id=d,format=raw,file=/dev/vdb \\
		-device virtio-blk-pci,drive=d,num-queues=2,disable-legacy=on "$@" </dev/null
	echo "---- $name ended with $?"
}}
{runs}
"""


def scenario(guest):
    image = guest.ext4("a.img", 4 * MIB, 6 * MIB)
    before = sha256(image)
    runs = "\n".join(f"run {name} {words}" for name, (words, _) in FACES.items())
    out = BED.run(guest, JOB.format(script=SCRIPT.strip(), runs=runs), ["kvm_amd"],
                  [image, KERNEL], CPU, cpus=2)
    for name, (_, says) in FACES.items():
        part = out.split(f"---- {name}\n")[-1].split("\n---- ")[0]
        expect(f"---- {name} ended with 33\n" in out, f"{name}: Orion did not end with success")
        for regex in (rf"^hypervisor: {says}$", rf"^hypervisor +{says}$", r"^cpu: 2,",
                      r"message 2 +1 +[1-9]"):
            guest.says(regex, part)
        if name == "kvm":
            expect(hash_of(part) == before, "disk hash is not the host's sha256sum")
    expect_pattern(image, 7, 4 * MIB, 300 * KIB)
    fsck(image)


def cases():
    yield "kvm", scenario
