# SPDX-License-Identifier: MIT
"""Machines in the middle of I/O: stopped, moved elsewhere, started anew, throttled."""
import time

from boot import ARCH, MIB, expect, expect_pattern, hash_of, sha256
from cases_console import PROMPT, Console
from monitor import Monitor

# Half a second a MiB, so that there is a middle.
SLOW = "format=raw,throttling.bps-total=2097152,file="
WRITE = "disk write vd0 0 8M pattern:6\r"


def sound(c, image):
    """The write is on the disk, on both sides' word."""
    c.command("disk verify vd0 0 8M pattern:6", r"\n.*8388608", 60)
    out = c.command("disk hash vd0", r"[0-9a-f]{64}", 60)
    expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")
    c.type("power-off\r")
    expect(c.end() == 0, "power-off: exit status is not 0")
    expect_pattern(image, 6, 0, 8 * MIB)


def stopped(guest):
    """The machine stands still for a while; whether time has passed for it is all the same."""
    image = guest.blank("a.img", 8 * MIB)
    with Monitor(guest) as monitor, Console(guest, DISK=SLOW + image,
                                            QEMU_ARGS=monitor.args) as c:
        c.until(PROMPT, 60)
        c.type(WRITE)
        for seconds in (0.3, 2, 0.1):
            time.sleep(1)
            monitor("stop")
            time.sleep(seconds)
            monitor("cont")
        c.until(PROMPT, 60)
        sound(c, image)


def migrated(guest):
    """Saved to a file in the middle of a write, and woken up in another process."""
    image, saved = guest.blank("a.img", 8 * MIB), guest.path("saved")
    with Monitor(guest) as monitor, Console(guest, DISK=SLOW + image,
                                            QEMU_ARGS=monitor.args) as c:
        c.until(PROMPT, 60)
        c.type(WRITE)
        c.until(r"[1-4][0-9]%|[0-9] MiB", 60)
        monitor("migrate-set-parameters", **{"max-bandwidth": 1 << 30})
        monitor("migrate", uri=f"exec:cat>{saved}")
        monitor.until("query-migrate", 60, status="completed")
        expect("8388608" not in c.text.rpartition("pattern:6")[2], "the write was over by then")
        monitor("quit")
        c.end()
    with Monitor(guest, "n") as monitor, Console(
            guest, DISK=SLOW + image, QEMU_ARGS=f"{monitor.args} -incoming exec:cat<{saved}") as c:
        c.until(PROMPT, 60)
        sound(c, image)


def started_anew(guest):
    """Reset from outside with its disk busy: the next life finds a disk that works."""
    image = guest.blank("a.img", 8 * MIB)
    with Monitor(guest) as monitor, Console(guest, DISK=SLOW + image,
                                            QEMU_ARGS=monitor.args) as c:
        c.until(PROMPT, 60)
        for _ in range(3):
            c.type(WRITE)
            time.sleep(1.5)
            monitor("system_reset")
            c.until(r"ready after .*", 60)
            c.until(PROMPT)
        c.type(WRITE)
        c.until(PROMPT, 60)
        sound(c, image)


def throttled(guest):
    """A request a second, and less: slow, and nothing else."""
    image = guest.ext4("a.img", 4 * MIB)
    with Monitor(guest) as monitor, Console(guest, DISK=image, QEMU_ARGS=monitor.args) as c:
        c.until(PROMPT, 60)
        limits = dict(bps=0, bps_rd=0, bps_wr=0, iops_rd=0, iops_wr=0)
        monitor("block_set_io_throttle", device="d0", iops=1, **limits)
        for at in range(4):
            c.command(f"disk hash vd0 {at}M 4k", r"[0-9a-f]{64}", 60)
        monitor("block_set_io_throttle", device="d0", iops=0, **limits)
        out = c.command("disk hash vd0", r"[0-9a-f]{64}", 60)
        expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")
        out = c.command("virtio-device-info vd0", r"capacity sectors")
        guest.says(r"resets +0\b", out)
        c.type("power-off\r")
        expect(c.end() == 0, "power-off: exit status is not 0")


def cases():
    # They are about the machine and its disk; one other bus is enough.
    if ARCH not in ("x86_64", "s390x"):
        return
    yield "fault-stopped", stopped
    yield "fault-migrated", migrated
    yield "fault-started-anew", started_anew
    yield "fault-throttled", throttled
