# SPDX-License-Identifier: MIT
"""A Debian system in QEMU's emulation, in which other hypervisors run: fetched, never installed.

A bed is made of packages of one release of Debian with all that they depend on, unpacked into one
file system image below build/hypervisors/.  A job is a shell script that runs in it, under Linux as
packaged there or under Xen with that Linux as its first domain; what it prints comes back.
"""
import glob
import lzma
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "test/boot"))
from boot import MIB, Failure, expect                    # noqa: E402

HOME = os.path.join(ROOT, "build/hypervisors")
QEMU = "qemu-system-x86_64"
TIMEOUT = 900           # for a job; on a busy machine one takes a minute or two
END = "job done, status "
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /image
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*; do /bin/busybox insmod "$module"; done
/bin/busybox mount -o ro /dev/vda /image || /bin/busybox poweroff -f
for tree in proc sys dev; do /bin/busybox mount --move /$tree /image/$tree; done
for tree in run tmp var; do /bin/busybox mount -t tmpfs tmpfs /image/$tree; done
/bin/busybox mkdir -p /image/dev/pts
/bin/busybox mount -t devpts pts /image/dev/pts
/bin/busybox cp /job /image/run/job
/bin/busybox chroot /image /usr/bin/busybox sh /run/job
echo "job done, status $?"
/bin/busybox poweroff -f
"""
# What the image does without: a third of it, and what belongs into the initramfs.
LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/lib/modules", "boot")


def call(*command, **how):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **how)
    out = done.stdout.decode(errors="replace")
    expect(done.returncode == 0, f"{' '.join(command[:3])} ...: status {done.returncode}\n{out}")
    return out


def number_of(kernel):
    return [int(x) for x in re.findall(r"\d+", os.path.basename(kernel))]


class Bed:
    """PACKAGES of Debian's SUITE ("here": that of this machine)."""

    def __init__(self, name, suite, packages):
        self.suite, self.packages = suite, packages
        self.folder = os.path.join(HOME, name)
        self.tree, self.image = self.path("tree"), self.path("root.ext4")

    def path(self, name):
        return os.path.join(self.folder, name)

    def make(self):
        """Fetches and unpacks once; again when other packages are asked for."""
        key, done = " ".join([self.suite, *self.packages]), self.path("made-of")
        if os.path.exists(done):
            with open(done, encoding="utf-8") as f:
                if f.read() == key:
                    return
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.path("archives/partial"))
        call("tools/private-apt", self.path("apt"), "deb", self.suite, "install", "-y",
             "--no-install-recommends", "--download-only",
             "-o", "Dir::Cache::archives=" + self.path("archives"), *self.packages, cwd=ROOT)
        self.unpack()
        shutil.rmtree(self.path("archives"))
        with open(done, "w", encoding="utf-8") as f:
            f.write(key)

    def unpack(self):
        """Whatever release it is, /bin and its kin are links into /usr."""
        for name in ("bin", "sbin", "lib", "lib64"):
            os.makedirs(os.path.join(self.tree, "usr", name))
            os.symlink("usr/" + name, os.path.join(self.tree, name))
        for name in ("proc", "sys", "dev", "run", "tmp"):
            os.makedirs(os.path.join(self.tree, name))
        for package in sorted(glob.glob(self.path("archives/*.deb"))):
            call("sh", "-c", 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink '
                 '--no-same-owner -C "$2"', "sh", package, self.tree)
        for name in LEFT_OUT:
            source = os.path.join(self.tree, name)
            if os.path.isdir(source):
                shutil.move(source, self.path(os.path.basename(name)))
        shutil.rmtree(self.path("doc"))
        with open(self.image, "wb") as f:
            f.truncate(1024 * MIB)
        call("mkfs.ext4", "-q", "-F", "-d", self.tree, self.image,
             env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
        shutil.rmtree(self.tree)

    def boot_file(self, pattern):
        found = sorted(glob.glob(self.path("boot/" + pattern)), key=number_of)
        expect(found, f"the packages brought no boot/{pattern}")
        return found[-1]

    def module(self, name, order):
        """Appends NAME's file to ORDER, what it depends on before."""
        pattern = re.sub("[-_]", "[-_]", name)
        found = glob.glob(self.path(f"modules/*/kernel/**/{pattern}.ko*"), recursive=True)
        if not found or found[0] in order:
            return                                  # not there: built into this kernel
        for other in re.search(rb"\0depends=([^\0]*)", read_module(found[0]))[1].split(b","):
            if other:
                self.module(other.decode(), order)
        order.append(found[0])

    def initramfs(self, guest, modules, job):
        top, order = guest.path("initramfs"), []
        for name in modules:
            self.module(name, order)
        os.makedirs(os.path.join(top, "modules"))
        os.makedirs(os.path.join(top, "bin"))
        call("debugfs", "-R", f"dump /usr/bin/busybox {top}/bin/busybox", self.image,
             env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
        for i, path in enumerate(order):
            name = os.path.basename(path).replace(".xz", "")
            with open(f"{top}/modules/{i:02}-{name}", "wb") as f:
                f.write(read_module(path))
        for name, text in (("init", INIT), ("job", job)):
            with open(os.path.join(top, name), "w", encoding="utf-8") as f:
                f.write(text)
        os.chmod(top + "/init", 0o755)
        os.chmod(top + "/bin/busybox", 0o755)
        packed = guest.path("initramfs.cpio")
        call("sh", "-c", 'cd "$1" && find . | cpio --quiet -o -H newc >"$2"', "sh", top, packed)
        return packed

    def run(self, guest, job, modules, disks, cpu, cpus=1, xen=False):
        """Runs JOB with DISKS as /dev/vdb, ...; returns what it printed."""
        self.make()
        linux = self.boot_file("vmlinuz-*")
        packed = self.initramfs(guest, ["virtio_pci", "virtio_blk", "crc32c_generic", "ext4",
                                         *modules], job)
        words = f"panic=-1 quiet console={'hvc0' if xen else 'ttyS0'}"
        if xen:
            kernel = guest.path("xen")
            call("sh", "-c", 'gzip -dc "$1" >"$2"', "sh", self.boot_file("xen-*.gz"), kernel)
            start = ["-kernel", kernel, "-initrd", f"{linux} {words},{packed}", "-append",
                     "com1=115200,8n1 console=com1 noreboot=0 dom0_mem=768M,max:768M"]
        else:
            start = ["-kernel", linux, "-initrd", packed, "-append", words]
        for i, disk in enumerate([self.image, *disks]):
            start += ["-drive", f"if=none,id=d{i},format=raw,file={disk}"
                      + (",snapshot=on" if i == 0 else ""),
                      "-device", f"virtio-blk-pci,drive=d{i}"]
        code, out = guest.start(
            [QEMU, "-M", "q35", "-cpu", cpu, "-smp", str(cpus), "-m", "1536", "-nodefaults",
             "-no-reboot", "-display", "none", "-serial", "stdio", *start], TIMEOUT)
        if code != 0 or END + "0" not in out:
            raise Failure(f"the job did not end well (QEMU's exit status {code})")
        return out.replace("\r", "")


def read_module(path):
    with open(path, "rb") as f:
        data = f.read()
    return lzma.decompress(data) if path.endswith(".xz") else data
