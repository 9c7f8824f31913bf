# SPDX-License-Identifier: MIT
"""Features of the ring on QEMU: queues reset one by one, used in order, made to fit the memory."""
import itertools
import re
import subprocess

from boot import (ARCH, DEVICE, ENVIRONMENT, MIB, QEMU, expect, expect_pattern, hash_of,
                  sha256)

LAYOUT = {"split": "packed=off", "packed": "packed=on"}
INDIRECT = {"indirect": "indirect_desc=on", "direct": "indirect_desc=off"}


def resets(layout, indirect):
    """Each of two queues is reset 40 times while the other works, and nothing is lost."""
    def run(guest):
        image = guest.blank("a.img", 4 * MIB)
        out = guest.good("""
            disk write vd0 0 4M pattern:3
            disk bench vd0 randread count=6000 depth=16 resets=40
            disk verify vd0 0 4M pattern:3
            disk bench vd0 write destroy bs=4k count=1024 depth=16 resets=40
            disk write vd0 1M 1M pattern:4
            disk flush vd0
            disk hash vd0
        """, DISK=image, CPUS=2, DEVICE_ARGS=f"num-queues=2,{LAYOUT[layout]},{INDIRECT[indirect]}")
        guest.says(r"resets +80, 0 requests given back", out)
        expect(len(re.findall(r", 0 failed", out)) == 2, "a request failed")
        expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")
        expect_pattern(image, 4, MIB, MIB)
    return run


def reset_under_way(guest):
    """
    QEMU's virtio-blk forgets a queue at its reset, but not what was in flight there, and soon finds
    itself broken.  Whatever it does: told in words, within seconds, and nothing hangs.
    """
    status, out = guest.run("""
        disk bench vd0 randread count=20000 depth=32 resets=40 unsettled
        disk list
    """, DISK=guest.blank("a.img", 4 * MIB), DEVICE_ARGS="num-queues=1")
    expect(status in (0, 1), "the machine did not end by itself")
    expect("resets" in out and "disk list" in out, "the commands did not run to their end")
    expect(re.search(r"broke the protocol|in flight|given back|not possible|timed out", out),
           "nothing was said of it")


def no_reset(guest):
    out = guest.good("! disk bench vd0 resets=1\ndisk bench vd0 count=100",
                     DISK=guest.blank("a.img", MIB), DEVICE_ARGS="queue_reset=off")
    guest.says(r"needs a device with VIRTIO_F_RING_RESET", out)


def small_budget(guest):
    """A budget of 1 MiB for the DMA memory of two disks with four queues of 1024 each."""
    first, second = guest.blank("a.img", 4 * MIB), guest.blank("b.img", 4 * MIB)
    config = guest.file("c.toml", '[virtio_block]\nqueue_depth = 1024\nqueue_count = 4\n'
                                  'shared_memory_size = "1MiB"\n')
    out = guest.good("""
        disk write vd0 0 4M pattern:5
        disk verify vd0 0 4M pattern:5
        disk bench vd0 randread count=2000 depth=8
        disk list
    """, DISK=f"{first} {second}", CPUS=4, CONFIG=config,
                     DEVICE_ARGS="num-queues=4,queue-size=1024")
    guest.says(r"fewer or smaller queues, to fit the memory budget", out)
    expect_pattern(first, 5, 0, 4 * MIB)


def in_order(layout, indirect):
    """
    Reads of a device that completes as it begins: QEMU 10.0.2 loses a chain that is done before the
    last one of the ring, and says so ("cannot fill buffer id 0").
    """
    def run(guest):
        out = guest.good("disk bench vd1 read count=5000 depth=32\n"
                   "disk bench vd1 randread count=500 depth=1\n"
                   "virtio-device-info vd1",
                   DISK=guest.blank("a.img", MIB), CPUS=2,
                   QEMU_ARGS="-blockdev driver=null-co,node-name=nothing,size=67108864 "
                             f"-device {DEVICE},drive=nothing,num-queues=2,in_order=on,"
                             f"{LAYOUT[layout]},{INDIRECT[indirect]}")
        guest.says(r"in order +yes", out)
    return run


def qemu_offers(name):
    """Whether this QEMU's virtio-blk device has the property NAME."""
    try:
        done = subprocess.run([QEMU, "-device", DEVICE + ",help"], capture_output=True,
                              env=ENVIRONMENT, check=False, timeout=60)
    except OSError:
        return False
    return f" {name}=" in done.stdout.decode(errors="replace")


def cases():
    if ARCH != "s390x":                             # no channel command resets a queue
        for layout, indirect in itertools.product(LAYOUT, INDIRECT):
            yield f"feature-queue-reset:{layout}.{indirect}", resets(layout, indirect)
        yield "feature-queue-reset-under-way", reset_under_way
    yield "feature-queue-reset-absent", no_reset
    yield "feature-small-budget", small_budget
    # Debian 12's QEMU has no such property; a newer one can be tried with QEMU=.
    if qemu_offers("in_order"):
        for layout, indirect in itertools.product(LAYOUT, INDIRECT):
            yield f"feature-in-order:{layout}.{indirect}", in_order(layout, indirect)
