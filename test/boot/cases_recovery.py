# SPDX-License-Identifier: MIT
"""
Devices that break and are brought back: QEMU's, whose rings are spoilt under load until they ask for
a reset.
"""
import re

from boot import ARCH, MIB, expect, hash_of, sha256


def hash_is_the_hosts(out, image):
    expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")


def needs_reset(count, **variables):
    """Every CPU writes, flushes, reads back and compares, while the device breaks COUNT times."""
    def run(guest):
        image = guest.blank("a.img", 4 * MIB)
        config = guest.file("c.toml", "[virtio_block]\nrecovery_resets = 1000\n")
        out = guest.good(f"""
            recovery test vd0 destroy {count}
            virtio-device-info vd0
            disk bench vd0 count=500
            disk hash vd0
        """, DISK=image, CPUS=3, CONFIG=config, **variables)
        told = guest.says(r"vd0: ([0-9]+) resets, ([0-9]+) requests sent again; ([0-9]+) rounds on "
                          r"[0-9] CPUs, 0 words differ; ok", out)
        expect(int(told.group(1)) >= count, "there were fewer resets")
        expect(int(told.group(2)) >= count // 2, "nothing was in flight at the resets")
        expect(len(re.findall("works again", out)) == int(told.group(1)), "not each was told")
        guest.says(r"last reset +the device asked for a reset", out)
        guest.says(r"500 completed in .* 0 failed", out)
        hash_is_the_hosts(out, image)
    return run


def budget(guest):
    """A device that breaks more often than it may fails with a word; a command brings it back."""
    image = guest.blank("a.img", 4 * MIB)
    config = guest.file("c.toml", "[virtio_block]\nrecovery_resets = 3\n")
    out = guest.good("""
        ! recovery test vd0 destroy 20
        ! disk read vd0 0 512
        virtio-device-info vd0
        virtio-device-reset vd0
        disk write vd0 1M 1M pattern:3
        disk verify vd0 1M 1M pattern:3
        virtio-device-info vd0 --json
        disk hash vd0
    """, DISK=image, CPUS=2, CONFIG=config)
    guest.says(r"could not be brought back: its requests fail \(cause the device asked for", out)
    guest.says(r"state +failed", out)
    guest.says(r"vd0: reset, and live again after", out)
    guest.says(r'"resets": ?4,', out)
    hash_is_the_hosts(out, image)


def silent(guest):
    """The legacy interface has no word for "I want a reset": what tells is silence."""
    image = guest.blank("a.img", 4 * MIB)
    config = guest.file("c.toml", "[virtio_block]\nrecovery_resets = 1000\nrecovery_silence = 1\n")
    out = guest.good("recovery test vd0 destroy 3\nvirtio-device-info vd0\ndisk hash vd0",
                     DISK=image, CPUS=2, CONFIG=config, BUS="pci-legacy")
    guest.says(r"vd0: [3-9] resets, .* 0 words differ; ok", out)
    guest.says(r"last reset +no answer", out)
    hash_is_the_hosts(out, image)


def cases():
    yield "recovery-needs-reset", needs_reset(20)
    yield "recovery-budget", budget
    if ARCH == "x86_64":
        yield "recovery-needs-reset:microvm", needs_reset(20, MACHINE="microvm")
        yield "recovery-silent", silent
