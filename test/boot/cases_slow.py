# SPDX-License-Identifier: MIT
"""Disks that answer late, or change while the machine runs."""
import contextlib
import os
import shutil
import signal
import subprocess
import time

from boot import ARCH, MIB, Skip, expect, hash_of, sha256
from cases_console import PROMPT, Console
from monitor import Monitor


@contextlib.contextmanager
def nbd(guest, image):
    """IMAGE behind a server that can be stopped; gives what -drive says, and the server."""
    if shutil.which("qemu-nbd") is None:
        raise Skip("there is no qemu-nbd")
    path = guest.path("n")
    server = subprocess.Popen(["qemu-nbd", "-t", "-f", "raw", "-k", path, image],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + 30
        while not os.path.exists(path):
            expect(time.monotonic() < limit, "qemu-nbd does not listen")
            time.sleep(0.05)
        yield f"file=nbd+unix:///?socket={path},format=raw,cache=none", server
    finally:
        server.send_signal(signal.SIGCONT)
        server.kill()
        server.wait()


def gives_up(guest):
    """Ctrl-C ends a command that waits for a silent disk; the disk works on when it answers."""
    image = guest.ext4("a.img", 4 * MIB)
    before = sha256(image)
    with nbd(guest, image) as (drive, server), Console(guest, DISK=drive) as c:
        c.until(PROMPT, 60)
        c.command("disk list", r"vd0 +4194304")
        server.send_signal(signal.SIGSTOP)
        c.type("disk read vd0 0 512\r")
        time.sleep(3)
        c.type("\x03")
        c.until(r"interrupted after 0 of 512 bytes; vd0 still holds 1 request", 20)
        c.until(PROMPT)
        c.command("disk list", r"vd0 +4194304 .*no answer for [0-9]+ s")
        c.command("virtio-device-info vd0", r"state +silent")
        c.type("disk bench vd0 count=100\r")
        c.until(r"still holds requests that were given up")
        c.until(PROMPT)
        server.send_signal(signal.SIGCONT)
        c.command("disk read vd0 0 16", r"00000010\s")
        out = c.command("disk list", r"vd0 +4194304.*\s")
        expect("no answer" not in out and "given up" not in out, "the disk counts as silent")
        out = c.command("disk hash vd0", r"[0-9a-f]{64}", 60)
        expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
        c.command("disk bench vd0 count=100", r"100 completed in")
        c.type("power-off\r")
        expect(c.end() == 0, "power-off: exit status is not 0")


def waits_on(guest):
    """A command outlasts half a minute of silence, and says that it waits."""
    image = guest.ext4("a.img", 4 * MIB)
    with nbd(guest, image) as (drive, server), Console(guest, DISK=drive) as c:
        c.until(PROMPT, 60)
        server.send_signal(signal.SIGSTOP)
        c.type("disk hash vd0\r")
        c.until(r"vd0: no answer for 3[0-9] s to [0-9]+ requests; waiting on", 120)
        server.send_signal(signal.SIGCONT)
        c.until(r"vd0: answers again")
        out = c.until(r"[0-9a-f]{64}")
        expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")
        c.until(PROMPT)
        c.type("power-off\r")
        expect(c.end() == 0, "power-off: exit status is not 0")


def resized(args):
    """Whatever command comes first after a change of the size: it goes by the new one."""
    def run(guest):
        image = guest.blank("a.img", MIB)
        with Monitor(guest) as monitor, Console(guest, DISK=image, DEVICE_ARGS=args,
                                                QEMU_ARGS=monitor.args) as c:
            c.until(PROMPT, 60)

            def size(mib):
                monitor("block_resize", device="d0", size=mib * MIB)
                time.sleep(0.3)

            size(2)
            out = c.command("disk hash vd0", r"[0-9a-f]{64}")
            expect(hash_of(out) == sha256(image), "the old size was hashed")
            size(3)
            c.command("disk read vd0 3145712 16", r"00300000\s")
            size(4)
            c.command("disk list", r"vd0 +4194304")
            size(5)
            c.command("virtio-device-info vd0", r"bytes +5242880")
            size(6)
            c.command("disk bench vd0 read bs=6M depth=1 count=1", r"1 completed in")
            size(1)
            c.command("disk bench vd0 bs=2M", r"less than one bs=")
            c.type("power-off\r")
            expect(c.end() == 0, "power-off: exit status is not 0")
    return run


def cases():
    yield "slow-gives-up", gives_up
    yield "slow-waits-on", waits_on
    yield "slow-resized", resized("")
    if ARCH != "s390x":
        yield "slow-resized:line", resized("vectors=0")
