# SPDX-License-Identifier: MIT
"""nbdkit with our plugin, a client that keeps to no rule, and the disk as a file."""
import contextlib
import os
import signal
import socket
import struct

from bed import PATIENCE, Skip, await_, expect, listening


class Nbdkit:
    """nbdkit that serves the disk at URL on a socket of its own, until stop().

    WORDS of the form --OPTION are nbdkit's, others the plugin's."""

    def __init__(self, bed, url, *words):
        self.clients = []
        own = [w for w in words if w.startswith("-")]
        self.socket = bed.socket()
        self.uri = f"nbd+unix:///?socket={self.socket}"
        self.process = bed.start("nbdkit", "-f", "-U", self.socket, *own,
                                 bed.program("nbdkit-orion-plugin.so"), url,
                                 *(w for w in words if w not in own))
        await_(lambda: listening(self.socket) or not self.process.alive(), "nbdkit to listen")
        expect(self.process.alive(), "nbdkit ended at once")

    def stop(self):
        """Ends it as an administrator does; it must close its disk and exit with 0.  It would
        wait for its clients."""
        for client in self.clients:
            client.socket.close()
        self.process.signal(signal.SIGTERM)
        self.process.wait()


class Client:
    """A connection by hand: libnbd and QEMU refuse to send what a server would refuse, and keep
    what a flush says to themselves.  Each call returns the server's errno."""
    READ, WRITE, FLUSH = 0, 1, 3

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(server.socket)
        server.clients.append(self)
        self._receive(18)
        # No zeroes to follow; the option GO for the export "", without a question.
        self.socket.sendall(struct.pack(">I8sIIIH", 3, b"IHAVEOPT", 7, 6, 0, 0))
        kind = 0
        while kind != 1:
            _, _, kind, length = struct.unpack(">QIII", self._receive(20))
            expect(kind < 1 << 31, f"nbdkit refuses the connection: {kind:#x}")
            self._receive(length)

    def _receive(self, length):
        data = b""
        while len(data) < length:
            more = self.socket.recv(length - len(data))
            expect(more, "nbdkit closed the connection")
            data += more
        return data

    def _request(self, kind, offset, length, data=b""):
        self.socket.sendall(struct.pack(">IHHQQI", 0x25609513, 0, kind, 0, offset, length) + data)
        return struct.unpack(">IIQ", self._receive(16))[1]

    def read(self, offset, length):
        """Returns the errno and the data."""
        error = self._request(self.READ, offset, length)
        return error, b"" if error else self._receive(length)

    def write(self, offset, data):
        return self._request(self.WRITE, offset, len(data), data)

    def flush(self):
        return self._request(self.FLUSH, 0, 0)


def unmount(bed, *command):
    """Tries until it works: a child of another case holds our files from its fork to its exec."""
    def once():
        process = bed.start(*command)
        process.wait(None)
        return process.child.returncode == 0
    await_(once, " ".join(command), step=0.1)


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
        unmount(bed, "fusermount3", "-u", folder)
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
        unmount(bed, "umount", folder)
    finally:
        if os.path.ismount(folder):
            bed.run("umount", "--lazy", folder)
