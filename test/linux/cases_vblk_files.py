# SPDX-License-Identifier: MIT
"""What vblk does to files: a target is whole or what it was, a source is what a read gives."""
import os
import subprocess

import backend as b
from bed import KIB, MIB, Skip, expect, expect_equal, expect_says, pattern
from cases_vblk import expect_same, islands, read, shell, write


def cases():
    for function in (
            served_file, locks, unreadable_source, replaced_file, in_place, no_device, shrinking,
            false_holes, made_on_reading, picture_first):
        yield "vblk-files/" + function.__name__.replace("_", "-"), function


def model(bed, image, *words):
    return bed.serve(bed.socket(), bed.program("vhost-user-model"),
                     f"--socket-path={bed.folder}/{bed.servers}.sock", f"--file={image}", *words)


def served_file(bed):
    """The target is the file that the source's server serves: by ours, and by one without locks."""
    image = bed.image(4 * MIB, 1)
    server = model(bed, image)
    for words in (("copy", server.url(), image), ("read", server.url(), "-o", image)):
        expect_says("holds a lock|open for writing", bed.orion("vblk", *words, status=2).err)
        expect_same(read(image), pattern(1, 0, 4 * MIB), "the image that is served")
    server.kill9()
    trial = b.Backend(bed, 4 * MIB)
    with open(image, "r+b"):                    # all that a server without locks gives away
        process = bed.orion("vblk", "copy", trial.url(), image, status=2)
    expect_says("open for writing", process.err)
    expect_same(read(image), pattern(1, 0, 4 * MIB), "the image that is open")


def locks(bed):
    """A file that is served is known to be in use, to our programs and to QEMU's."""
    image, other = bed.image(1 * MIB, 1), bed.image(1 * MIB, 2, "other")
    server = model(bed, image)
    process = bed.start(bed.program("vhost-user-model"), f"--socket-path={bed.path('x')}",
                        f"--file={image}")
    process.wait(1)
    expect_says("holds a lock", process.err)
    process = bed.start("qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", other, image)
    process.wait(1)
    expect_says("lock", process.err)
    expect_same(read(image), pattern(1, 0, MIB), "the image")
    server.kill9()
    # Two that only read get along, and with QEMU that does.
    one, two = model(bed, image, "--read-only"), model(bed, image, "--read-only")
    bed.run("qemu-img", "compare", "-f", "raw", "-F", "raw", image, image)
    one.kill9()
    two.kill9()
    daemon = bed.daemon(image)
    process = bed.start(bed.program("vhost-user-model"), f"--socket-path={bed.path('x')}",
                        f"--file={image}")
    process.wait(1)
    expect_says("holds a lock", process.err)
    daemon.kill9()
    # What is created must be an image that somebody can find again.
    process = bed.start(bed.program("vhost-user-model"), f"--socket-path={bed.path('x')}",
                        "--file=/dev/orion-no-such-disk", "--size=1M")
    process.wait(1)
    expect_says("no such device", process.err)
    expect(not os.path.exists("/dev/orion-no-such-disk"), "a file was made in /dev")


def unreadable_source(bed):
    """A source that can't be read, or is too large, leaves the old file as it was."""
    target = write(bed.path("target"), pattern(3, 0, 64 * KIB))
    trial = b.Backend(bed, 4 * MIB)
    trial.disk[:] = pattern(1, 0, 4 * MIB)
    for good in (0, 5):
        served = iter(range(1 << 20))
        trial.on_request_ring = lambda connection, parts, n=good, i=served: (
            connection.execute(parts) if next(i) < n else (b.IOERR, 0))
        process = bed.orion("vblk", "copy", trial.url(), target, status=2)
        expect_says("reading at offset .*failed the request", process.err)
        expect_equal(process.err.count("reading at offset"), 1, "times that it is said")
        expect_says("is what it was", process.err)
        expect_same(read(target), pattern(3, 0, 64 * KIB), "the old file")
    trial.on_request_ring = lambda connection, parts: connection.execute(parts)
    script = ('mkdir "$3" && mount -t tmpfs -o size=1m none "$3" && echo old >"$3/t" || exit 77; '
              '"$1" copy "$2" "$3/t"; test $? = 2 && grep -x old "$3/t" && ls -A "$3"')
    process = bed.start("unshare", "-rm", "sh", "-c", script, "sh", bed.program("vblk"),
                        trial.url(), bed.path("small"))
    process.wait(None)
    if process.child.returncode == 77:
        raise Skip("no mounting here, not even in a name space of its own")
    expect_says("No space left", process.err)
    expect_equal((process.child.returncode, process.out), (0, "old\nt\n"), "what is left")
    expect_equal([x for x in os.listdir(bed.folder) if ".vblk-" in x], [], "what is left")


def replaced_file(bed):
    """The new file has the old one's mode and owner, is found through links, and is all there."""
    image = bed.image(2 * MIB, 1)
    server, target = model(bed, image), write(bed.path("target"), b"old")
    os.chmod(target, 0o640)
    if os.geteuid() == 0:
        os.chown(target, 12, 34)
    before = os.stat(target)
    os.symlink("target", bed.path("link"))
    bed.orion("vblk", "copy", server.url(), bed.path("link"))
    after = os.stat(target)
    expect_same(read(target), read(image), "the copy")
    expect_equal((after.st_mode, after.st_uid, after.st_gid),
                 (before.st_mode, before.st_uid, before.st_gid), "mode and owner")
    expect(os.path.islink(bed.path("link")), "the link was replaced")


def in_place(bed):
    """A file with another name is written itself; what ends early does not look complete."""
    trial, target = b.Backend(bed, 2 * MIB), write(bed.path("target"), pattern(3, 0, 3 * MIB))
    trial.disk[:] = pattern(1, 0, 2 * MIB)
    os.link(target, bed.path("other-name"))
    trial.on_request_ring = lambda connection, parts: (b.IOERR, 0)
    bed.orion("vblk", "copy", trial.url(), target, status=2)
    expect_same(read(target), pattern(3, 0, 3 * MIB), "before anything was read")
    trial.on_request_ring = lambda connection, parts: connection.execute(parts)
    bed.orion("vblk", "copy", trial.url(), target)
    for name in (target, bed.path("other-name")):
        expect_same(read(name), bytes(trial.disk), name)
    served = iter(range(1 << 20))
    trial.on_request_ring = lambda connection, parts: (
        connection.execute(parts) if next(served) < 3 else (b.IOERR, 0))
    bed.orion("vblk", "copy", trial.url(), target, status=2)
    expect(os.stat(target).st_size < 2 * MIB, "a copy that failed has its full length")


def no_device(bed):
    """No file is made in place of a device, a folder, or something that is elsewhere."""
    source = write(bed.path("source"), bytes(4096))
    os.symlink("nowhere", bed.path("dangling"))
    os.mkfifo(bed.path("pipe"))
    trial = b.Backend(bed)
    for name, says in {"/dev/orion-no-such-disk": "no such device",
                       "/dev/disk/by-id/orion-no-such-disk": "no such",
                       bed.path("new/"): "slash", bed.folder: "folder",
                       bed.path("dangling"): "symbolic link", bed.path("pipe"): "given as -",
                       trial.path: "vhost-user:PATH", "S3://bucket/x": "vhost-user:"}.items():
        expect_says(says, bed.orion("vblk", "copy", source, name, status=2).err)
        expect(not os.path.lexists(name) or name in (
            bed.folder, bed.path("dangling"), bed.path("pipe"), trial.path), f"{name} was made")
    expect_says("given as -", bed.orion("vblk", "copy", bed.path("pipe"), trial.url(),
                                        status=2).err)


def shrinking(bed):
    """A source that is cut short while it is copied: what can't be read is no hole."""
    trial, source = b.Backend(bed, 16 * MIB), bed.path("source")

    def cut(connection, parts, count=None):
        if trial.served == 5:
            os.truncate(source, 6 * MIB)
        return connection.execute(parts)

    trial.on_request_ring = cut
    for script in ('"$1" copy "$3" "$2"', '"$1" copy --target-is-zero "$3" "$2"',
                   '"$1" copy - "$2" <"$3"', '"$1" write "$2" 0 -i "$3"'):
        os.rename(islands(bed, 16 * MIB, every=2 * MIB, name="fresh"), source)
        trial.served = 0
        process = shell(bed, script, trial.url(), source, status=2)
        expect_says("become shorter", process.err)
    # The other way round: a file that is compared.
    os.rename(islands(bed, 16 * MIB, every=2 * MIB, name="fresh"), source)
    trial.served = 0
    trial.disk[:] = read(source)
    expect_says("become shorter",
                bed.orion("vblk", "verify", source, trial.url(), status=2).err)


FALSE_HOLES = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>
/* A file system that knows of no data anywhere. */
off64_t lseek64(int fd, off64_t at, int whence)
{
	if (whence == SEEK_DATA) {
		errno = ENXIO;
		return -1;
	}
	return syscall(SYS_lseek, fd, at, whence);
}
off_t lseek(int fd, off_t at, int whence)
{
	return lseek64(fd, at, whence);
}
"""


def false_holes(bed):
    """What a file system says of holes is asked only where there must be some; verify reads."""
    with open(bed.path("holes.c"), "w", encoding="ascii") as f:
        f.write(FALSE_HOLES)
    bed.run("cc", "-shared", "-fPIC", "-o", bed.path("holes.so"), bed.path("holes.c"))
    if "libasan" in subprocess.run(["ldd", bed.program("vblk")], capture_output=True, text=True,
                                   check=True).stdout:
        raise Skip("a sanitizer wants to be the first library")
    env = {"LD_PRELOAD": bed.path("holes.so")}
    trial, source = b.Backend(bed, 4 * MIB), bed.image(4 * MIB, 1, "source")
    bed.orion("vblk", "copy", source, trial.url(), env=env)
    expect_same(bytes(trial.disk), pattern(1, 0, 4 * MIB), "the disk")
    hollow = islands(bed, 4 * MIB)
    one = write(bed.path("one"), read(hollow))
    expect_equal(bed.orion("vblk", "verify", hollow, one, env=env).err, "", "words")
    write(one, b"x", 2 * MIB)
    bed.orion("vblk", "verify", hollow, one, status=1, env=env)
    trial.disk[:] = bytes(4 * MIB)
    bed.orion("vblk", "verify", hollow, trial.url(), status=1, env=env)


def made_on_reading(bed):
    """A file of the kernel's making says that it has 0 bytes, and has more."""
    trial = b.Backend(bed)
    want = read("/proc/version")
    bed.orion("vblk", "copy", "/proc/version", trial.url(), "--pad")
    expect_same(bytes(trial.disk[:len(want)]), want, "the disk")


def picture_first(bed):
    """A picture that can't be written is said before the run, and an old one stays till the end."""
    trial, old = b.Backend(bed), write(bed.path("old.svg"), b"old")
    process = bed.orion("vblk", "bench", trial.url(), "--count=10", "--svg=/nowhere/x.svg",
                        status=2)
    expect_says("/nowhere/x.svg: No such file", process.err)
    expect_equal(process.out, "", "results")
    trial.on_request_ring = lambda connection, parts: (b.IOERR, 0)
    bed.orion("vblk", "bench", trial.url(), "--count=10", "--svg", old, status=2)
    expect_says("old|<svg", read(old).decode())
    expect_equal([x for x in os.listdir(bed.folder) if ".vblk-" in x], [], "what is left")
