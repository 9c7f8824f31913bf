# SPDX-License-Identifier: MIT
"""Disks of every sort: read-only, large blocks, odd sizes, empty, huge, many; and real files."""
import os
import re

from boot import GIB, KIB, MIB, expect, expect_pattern, fsck, hash_of, pattern, read, sha256, tool


def read_only(guest):
    image = guest.ext4("a.img", 4 * MIB)
    before = sha256(image)
    out = guest.good("""
        disk list
        disk hash vd0
        ! disk write vd0 0 4k pattern:1
        disk hash vd0
    """, DISK=image, READONLY=1)
    expect(hash_of(out, 0) == before and hash_of(out, 1) == before, "wrong hash")
    guest.says(r"read.only", out)
    expect(sha256(image) == before, "the image changed")
    guest.bad("disk write vd0 0 4k pattern:1", r"read.only", DISK=image, READONLY=1)


def blocks_of_4096(guest):
    image = guest.ext4("a.img", 4 * MIB, 5 * MIB)
    before = sha256(image)
    out = guest.good("""
        disk list
        disk hash vd0
        disk write vd0 4M 64k pattern:3
        disk verify vd0 4M 64k pattern:3
        ! disk write vd0 512 512 pattern:3
        ! disk write vd0 4096 100 pattern:3
        disk verify vd0 4194405 4999 pattern:3
        disk hash vd0 1000 5000
        disk flush vd0
    """, DISK=image, DEVICE_ARGS="logical_block_size=4096,physical_block_size=4096")
    guest.says(r"4096|4k", out)
    guest.says(r"multiple|align", out)
    expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
    expect(hash_of(out, 1) == sha256(image, 1000, 5000), "the hash of odd bytes is not the host's")
    expect_pattern(image, 3, 4 * MIB, 64 * KIB)
    fsck(image)


def size_is_no_multiple(guest):
    """The last, incomplete block is not the disk's: QEMU offers whole blocks only."""
    image = guest.blank("a.img", MIB + 512)
    out = guest.good("""
        disk list
        disk write vd0 1044480 4096 pattern:4
        disk verify vd0 1044480 4096 pattern:4
        ! disk read vd0 1M 4096
        disk hash vd0
        disk flush vd0
    """, DISK=image, DEVICE_ARGS="logical_block_size=4096,physical_block_size=4096")
    expect_pattern(image, 4, MIB - 4096, 4096)
    expect(hash_of(out) == sha256(image, 0, MIB), "the hash is not that of the whole blocks")
    expect(read(image, MIB, 512) == bytes(512), "something was written past the last whole block")


def size_is_odd_sectors(guest):
    image = guest.blank("a.img", MIB + 3 * 512)
    out = guest.good("""
        disk write vd0 1049600 512 pattern:5
        disk verify vd0 1049600 512 pattern:5
        ! disk read vd0 1050112 512
        disk hash vd0
        disk flush vd0
    """, DISK=image)
    expect_pattern(image, 5, 1049600, 512)
    expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")


def empty(guest):
    image = guest.blank("a.img", 0)
    out = guest.good("""
        disk list
        disk hash vd0
        ! disk read vd0 0 512
        ! disk write vd0 0 512 pattern:1
        virtio-device-info vd0
    """, DISK=image)
    expect(hash_of(out) == sha256(image), "the hash of nothing is not sha256sum's")


def two_tib(guest):
    size = 2048 * GIB
    image = guest.blank("a.img", size)
    end = size - 64 * KIB
    out = guest.good(f"""
        disk list
        disk write vd0 {end} 64k pattern:6
        disk verify vd0 {end} 64k pattern:6
        disk write vd0 1T 4k pattern:7
        disk verify vd0 1T 4k pattern:7
        ! disk read vd0 {size} 512
        ! disk write vd0 {size - 512} 1024 pattern:6
        disk flush vd0
    """, DISK=image)
    guest.says(r"2\s*TiB|2048\s*GiB|2199023255552", out)
    expect_pattern(image, 6, end, 64 * KIB)
    expect_pattern(image, 7, 1024 * GIB, 4 * KIB)
    expect(os.stat(image).st_blocks * 512 < 4 * MIB, "the sparse image filled up")


def four_disks(guest):
    images = [guest.ext4(f"{n}.img", 4 * MIB, (4 + n) * MIB) for n in range(1, 5)]
    before = [sha256(i) for i in images]
    script = ["disk list"]
    script += [f"disk hash vd{n}" for n in range(4)]
    script += [f"disk write vd{n} 4M 100k pattern:{n + 20}" for n in range(4)]
    script += [f"disk verify vd{n} 4M 100k pattern:{n + 20}" for n in range(4)]
    script += [f"disk flush vd{n}" for n in range(4)]
    script += ["! disk list vd4 extra", "! disk hash vd4"]
    out = guest.good("\n".join(script), DISK=" ".join(images), CPUS=2)
    for n, image in enumerate(images):
        expect(hash_of(out, n) == before[n], f"vd{n}: wrong hash")
        expect_pattern(image, n + 20, 4 * MIB, 100 * KIB)
        fsck(image)


def twenty_four_disks(guest):
    images = [guest.blank(f"{n}.img", MIB) for n in range(24)]
    script = [f"disk write vd{n} 0 8k pattern:{n}" for n in range(24)] + ["disk list"]
    script += [f"disk verify vd{n} 0 8k pattern:{n}\ndisk flush vd{n}" for n in range(24)]
    guest.good("\n".join(script), DISK=" ".join(images), DEVICE_ARGS="num-queues=1")
    for n, image in enumerate(images):
        expect_pattern(image, n, 0, 8 * KIB)


def file_in_ext4(guest):
    """Orion overwrites the blocks of a file; the host's file system then reads the new contents."""
    image = guest.ext4("a.img", 8 * MIB)
    blocks = [int(b) for b in re.findall(r"\d+", tool("debugfs", "-R", "blocks /target", image)
                                         .split("\n", 1)[-1])]
    expect(len(blocks) == 128, f"the file /target has {len(blocks)} blocks, expected 128")
    script = [f"disk write vd0 {b * 4096} 4096 pattern:11" for b in blocks]
    guest.good("\n".join(script + ["disk flush vd0"]), DISK=image)
    fsck(image)
    tool("debugfs", "-R", f"dump /target {guest.path('out')}", image)
    found = read(guest.path("out"), 0, MIB)
    want = b"".join(pattern(11, b * 4096, 4096) for b in blocks)
    expect(found == want, "the file does not hold what Orion wrote into its blocks")
    tool("debugfs", "-R", f"dump /noise {guest.path('noise')}", image)
    expect(read(guest.path("noise"), 0, MIB) == pattern(1, 0, 256 * KIB), "another file changed")


def large_requests(guest):
    """Longer than the device's segments and the driver's limit: cut into parts, nothing lost."""
    image = guest.blank("a.img", 64 * MIB)
    config = guest.file("c.toml", "[virtio_block]\ndevice_max_sectors = 24\n")
    guest.good("""
        disk write vd0 512 16M pattern:12
        disk verify vd0 512 16M pattern:12
        disk flush vd0
    """, DISK=image, CONFIG=config)
    expect_pattern(image, 12, 512, 128 * KIB)
    expect_pattern(image, 12, 16 * MIB - 128 * KIB, 128 * KIB + 512)
    guest.good("disk verify vd0 512 16M pattern:12", DISK=image, DEVICE_ARGS="queue-size=4")


def hex_dump(guest):
    image = guest.blank("a.img", MIB)
    with open(image, "r+b") as f:
        f.seek(4096)
        f.write(b"Orion reads what the host wrote\n" * 16)
    out = guest.good("disk read vd0 4096 512", DISK=image)
    guest.says(r"4f 72 69 6f 6e|4f72 696f 6e", out)
    guest.says(r"Orion reads", out)


def cases():
    for case in (read_only, blocks_of_4096, size_is_no_multiple, size_is_odd_sectors, empty,
                 two_tib, four_disks, twenty_four_disks, file_in_ext4, large_requests, hex_dump):
        yield "disk-" + case.__name__.replace("_", "-"), case
