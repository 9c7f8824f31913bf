#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The test pattern of "disk write" and "disk verify"; commands/pattern.h defines it.

    pattern.py SEED OFFSET LENGTH           writes what the disk holds there to standard output
    pattern.py SEED OFFSET LENGTH FILE      compares FILE at OFFSET with it, names the first error

Numbers may be written with 0x, or with k, M, G, T (powers of 1024).
"""
import struct
import sys

MASK = 2 ** 64 - 1
STEP = 0x9E3779B97F4A7C15
CHUNK = 1 << 20


def word(seed, w):
    z = (seed + w * STEP) & MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
    return z ^ z >> 31


def pattern(seed, offset, length):
    """LENGTH bytes from byte OFFSET of the disk."""
    first, last = offset // 8, (offset + length + 7) // 8
    words = struct.pack(f"<{last - first}Q", *(word(seed, w) for w in range(first, last)))
    return words[offset - first * 8:offset - first * 8 + length]


def number(text):
    unit = "kmgt".find(text[-1].lower())
    return int(text[:-1], 0) << 10 * (unit + 1) if unit >= 0 and not text.startswith("0x") \
        else int(text, 0)


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    seed, offset, length = (number(x) for x in sys.argv[1:4])
    file = open(sys.argv[4], "rb") if len(sys.argv) == 5 else None
    if file:
        file.seek(offset)
    for at in range(offset, offset + length, CHUNK):
        want = pattern(seed, at, min(CHUNK, offset + length - at))
        if not file:
            sys.stdout.buffer.write(want)
            continue
        found = file.read(len(want))
        for i, byte in enumerate(want):
            if i >= len(found) or found[i] != byte:
                sys.exit(f"differs first at byte {at + i}: expected 0x{byte:02x}, found "
                         + (f"0x{found[i]:02x}" if i < len(found) else "the end of the file"))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
