# SPDX-License-Identifier: MIT
"""Orion as a guest (HVM) of Xen 4.17, booted from the CD image, with a virtio disk."""
from bed import Bed
from boot import KERNEL, KIB, MIB, expect, expect_pattern, fsck, hash_of, sha256

BED = Bed("xen", "here", ["xen-hypervisor-4.17-amd64", "xen-utils-4.17", "qemu-system-xen",
                          "linux-image-amd64", "busybox-static"])
MODULES = ["xenfs", "xen_privcmd", "xen_evtchn", "xen_gntdev", "xen_gntalloc"]
# QEMU's processor with all features brings down Xen's first domain.
CPU = "qemu64,+svm,+npt"
SCRIPT = """
disk list
virtio-device-info vd0
disk hash vd0
disk write vd0 4M 300k pattern:7
disk verify vd0 4M 300k pattern:7
disk flush vd0
! disk verify vd0 4M 300k pattern:9
disk bench vd0 randread bs=4k depth=8 count=400 queues=1
irq list
"""
CONFIG = """
name = "orion"
type = "hvm"
memory = 128
vcpus = 2
boot = "d"
disk = ["format=raw,vdev=hdc,access=ro,devtype=cdrom,backendtype=qdisk,target=/dev/vdc"]
vif = []
vnc = 0
nographic = 1
serial = "file:/run/console"
on_poweroff = "destroy"
on_reboot = "destroy"
on_crash = "destroy"
device_model_args = ["-drive", "if=none,id=d,format=raw,file=/dev/vdb",
                     "-device", "virtio-blk-pci,drive=d"]
"""
JOB = f"""
export PATH=/usr/sbin:/usr/bin
bin=/usr/lib/xen-4.17/bin
alias mkdir='busybox mkdir -p'
mkdir /var/lib/xen /var/lib/xenstored /var/log/xen /var/run /run/xen /run/xenstored /run/lock
busybox rmdir /var/run; busybox ln -s /run /var/run; busybox ln -s /run/lock /var/lock
busybox mount -t xenfs xenfs /proc/xen
$bin/xenstored --pid-file=/run/xenstored.pid || exit 1
$bin/xenconsoled --pid-file=/run/xenconsoled.pid
$bin/xen-init-dom0
busybox cat >/run/orion.cfg <<'END'
{CONFIG}
END
$bin/xl info | busybox grep -E 'xen_version|virt_caps'
$bin/xl -v create /run/orion.cfg || exit 1
for second in $(busybox seq 600); do
	$bin/xl list orion >/dev/null 2>&1 || break
	busybox sleep 1
done
busybox cat /var/log/xen/qemu-dm-orion.log
echo "---- Orion's console"
busybox cat /run/console
"""


def scenario(guest):
    image = guest.ext4("a.img", 4 * MIB, 6 * MIB)
    before = sha256(image)
    cd = guest.path("orion.iso")
    guest.start(["tools/image", KERNEL, cd], SCRIPT=guest.file("s.orion", SCRIPT.strip() + "\n"))
    out = BED.run(guest, JOB, MODULES, [image, cd], CPU, xen=True)
    out = out.split("---- Orion's console\n")[-1]
    for says in (r"^hypervisor: Xen$", r"^cpu: 2,", r"^boot: Multiboot2$", r"^power-off: success$"):
        guest.says(says, out)
    expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
    expect_pattern(image, 7, 4 * MIB, 300 * KIB)
    fsck(image)


def cases():
    yield "xen", scenario
