# SPDX-License-Identifier: MIT
"""nbdkit with our plugin, and its disk as a file."""
import contextlib
import os
import signal

from bed import Skip, await_, expect, listening


class Nbdkit:
    """nbdkit that serves the disk at URL on a socket of its own, until stop()."""

    def __init__(self, bed, url, *words):
        self.socket = bed.socket()
        self.uri = f"nbd+unix:///?socket={self.socket}"
        self.process = bed.start("nbdkit", "-f", "-U", self.socket, *words,
                                 bed.program("nbdkit-orion-plugin.so"), url)
        await_(lambda: listening(self.socket) or not self.process.alive(), "nbdkit to listen")
        expect(self.process.alive(), "nbdkit ended at once")

    def stop(self):
        """Ends it as an administrator does; it must close its disk and exit with 0."""
        self.process.signal(signal.SIGTERM)
        self.process.wait()


@contextlib.contextmanager
def as_file(bed, url, *words):
    """The path of a file that is the disk at URL, by nbdkit and nbdfuse."""
    if not os.path.exists("/dev/fuse") or os.geteuid() != 0:
        raise Skip("needs root and /dev/fuse")
    server, folder = Nbdkit(bed, url, *words), bed.path("fuse")
    os.makedirs(folder, exist_ok=True)
    fuse = bed.start("nbdfuse", folder, server.uri)
    path = os.path.join(folder, "nbd")
    try:
        await_(lambda: os.path.exists(path) or not fuse.alive(), "nbdfuse to mount")
        expect(fuse.alive(), "nbdfuse ended at once")
        yield path
        bed.run("fusermount3", "-u", folder)
        fuse.wait()
        server.stop()
    finally:
        if os.path.ismount(folder):
            bed.run("umount", "--lazy", folder)


@contextlib.contextmanager
def mounted(bed, image, *options):
    """The folder in which the file system in IMAGE is mounted."""
    if not os.path.exists("/dev/loop-control") or os.geteuid() != 0:
        raise Skip("needs root and /dev/loop-control")
    folder = bed.path("mnt")
    os.makedirs(folder, exist_ok=True)
    bed.run("mount", "-o", ",".join(("loop",) + options), image, folder)
    try:
        yield folder
        bed.run("umount", folder)
    finally:
        if os.path.ismount(folder):
            bed.run("umount", "--lazy", folder)
