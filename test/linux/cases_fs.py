# SPDX-License-Identifier: MIT
"""File systems on our disk, through nbdkit, nbdfuse and the kernel's loop device.

Files are written, everything is ended and started again, the files are compared with the originals
through our disk and once more in the image itself, and fsck must have nothing to say at any time.
"""
import contextlib
import hashlib
import os
import random
import shutil

from bed import KIB, MIB, await_, expect, expect_equal
from nbd import Nbdkit, as_file, mounted


class Mounted:
    """A file system that the kernel knows."""

    def __init__(self, mkfs, fsck, megabytes):
        self.mkfs, self.fsck, self.bytes = mkfs, fsck, megabytes * MIB

    @contextlib.contextmanager
    def folder(self, bed, image, read_only=False):
        with mounted(bed, image, "ro" if read_only else "rw") as folder:
            yield folder

    def write(self, bed, image, originals):
        with self.folder(bed, image) as folder:
            for name in sorted(os.listdir(originals)):
                bed.run("cp", "-a", os.path.join(originals, name), folder)

    def digests(self, bed, image):
        with self.folder(bed, image, read_only=True) as folder:
            return digests(folder)


class Mtools:
    """vfat, by programs that need no kernel for it."""
    mkfs, fsck, bytes = ["mkfs.vfat", "-F", "32"], ["fsck.vfat", "-n"], 64 * MIB

    def write(self, bed, image, originals):
        for name in sorted(os.listdir(originals)):
            bed.run("mcopy", "-s", "-i", image, os.path.join(originals, name), "::/")

    def digests(self, bed, image):
        copy = bed.path("copy")
        shutil.rmtree(copy, ignore_errors=True)
        os.mkdir(copy)
        bed.run("mcopy", "-s", "-i", image, "::/*", copy)
        return digests(copy)


def systems():
    yield "ext4", Mounted(["mkfs.ext4", "-q", "-F"], ["e2fsck", "-f", "-n"], 96)
    yield "xfs", Mounted(["mkfs.xfs", "-q", "-f"], ["xfs_repair", "-n", "-f"], 320)
    yield "btrfs", Mounted(["mkfs.btrfs", "-q", "-f"], ["btrfs", "check"], 160)
    yield "vfat", Mtools()


def digests(folder):
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = hashlib.sha256(f.read()).hexdigest()
    return found


def make_originals(bed, name="originals"):
    """Files of many lengths.  Returns the folder."""
    rng, folder = random.Random(name), bed.path(name)
    lengths = [0, 1, 511, 512, 4095, 4096, 4097, 65537, 3 * MIB + 5, 16 * MIB]
    lengths += [rng.randrange(40 * KIB) for _ in range(150)]
    for number, length in enumerate(lengths):
        inner = os.path.join(folder, f"{name}{number % 7}", str(number % 3))
        os.makedirs(inner, exist_ok=True)
        with open(os.path.join(inner, f"file{number}"), "wb") as f:
            f.write(rng.randbytes(length))
    return folder


def check(bed, system, path, originals, where):
    bed.run(*system.fsck, path)
    expect_equal(system.digests(bed, path), digests(originals), f"files {where}")


def round_trip(bed, system, block=512, words=(), mkfs=()):
    originals = make_originals(bed)
    daemon = bed.daemon(bed.image(system.bytes), num_queues=4, logical_block_size=block)
    with as_file(bed, daemon.url(), *words) as path:
        bed.run(*system.mkfs, *mkfs, path)
        bed.run(*system.fsck, path)
        system.write(bed, path, originals)
        check(bed, system, path, originals, "right after writing")
    daemon.kill9()
    daemon.start()
    with as_file(bed, daemon.url(), *words) as path:
        check(bed, system, path, originals, "after everything was started again")
    daemon.kill9()
    check(bed, system, daemon.image, originals, "in the image itself")


def copied(bed):
    """A file system that was made elsewhere, there and back: this needs no kernel's help."""
    originals, system = make_originals(bed), dict(systems())["ext4"]
    made, back = bed.image(system.bytes, name="made.img"), bed.path("back.img")
    bed.run("mkfs.ext4", "-q", "-F", "-d", originals, made)
    daemon = bed.daemon(bed.image(system.bytes), num_queues=4)
    server = Nbdkit(bed, daemon.url())
    bed.run("nbdcopy", "--flush", made, server.uri)
    server.stop()
    daemon.kill9()
    daemon.start()
    server = Nbdkit(bed, daemon.url())
    bed.run("nbdcopy", server.uri, back)
    server.stop()
    bed.run(*system.fsck, back)
    os.mkdir(bed.path("out"))
    bed.run("debugfs", "-R", f"rdump / {bed.path('out')}", back)
    expect_equal(digests(bed.path("out")), digests(originals), "files read back")


def killed(bed, system):
    """The daemon is killed while files are copied, and started again: only latency is seen."""
    originals = make_originals(bed)
    daemon = bed.daemon(bed.image(system.bytes), num_queues=4)
    with as_file(bed, daemon.url(durable="on")) as path:
        bed.run(*system.mkfs, path)
        with system.folder(bed, path) as folder:
            for turn in range(3):
                copy = bed.start("sh", "-ec", f"mkdir {folder}/{turn}; for f in {originals}/*; "
                                 f"do cp -a $f {folder}/{turn}; sync; done")
                await_(lambda: os.path.isdir(f"{folder}/{turn}/originals{turn + 1}"),
                       "the copy to begin")
                daemon.kill9()
                expect(copy.alive(), "all was copied before the daemon was killed")
                daemon.start()
                copy.wait()
        for turn in range(3):
            with system.folder(bed, path, read_only=True) as folder:
                expect_equal(digests(f"{folder}/{turn}"), digests(originals), f"copy {turn}")
    daemon.kill9()
    bed.run(*system.fsck, daemon.image)


def cases():
    for name, system in systems():
        yield "fs/" + name, lambda bed, s=system: round_trip(bed, s)
    ext4 = dict(systems())["ext4"]
    # Blocks smaller than the disk's: the filter's part of what the manual promises.
    yield "fs/small_blocks", lambda bed: round_trip(
        bed, ext4, 4096, ["--filter=blocksize"], ["-b", "1024"])
    yield "fs/copied", copied
    yield "fs/killed", lambda bed: killed(bed, ext4)
