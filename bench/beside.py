#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints our ring beside Linux's: bench/kernel.sh has built PROGRAM from PACKAGE and calls this.

    bench/beside.py PROGRAM PACKAGE
"""
import itertools
import sys

import counts

LINUX = ("virtqueue_add_sgs", "virtqueue_kick_prepare", "virtqueue_get_buf", "virtqueue_disable_cb",
         "virtqueue_enable_cb", "counted_build")
BATCHES = ["1", "16", "64"]
GOALS = {"direct": 0.30, "table": 0.20}
ROWS = list(itertools.product(["armed", "polled"], ["split", "packed"], ["direct", "table"],
                              BATCHES))


def total(found):
    return sum(found.values())


def without_library(found):
    """Less what the C library took: malloc() and free() of indirect tables."""
    return sum(v for k, v in found.items() if ":" not in k)


def main():
    theirs, package = sys.argv[1:]
    ours = counts.program("ring")
    words = [[*layout, "event", f"batch={batch}"] + ["armed"] * (mode == "armed")
             for mode, *layout, batch in ROWS]
    found = counts.many([(ours, counts.ARMED, w) for w in words] +
                        [(theirs, LINUX, w) for w in words])
    print("Add, kick question and get of one request of three pieces, instructions; event index on")
    print(f"  {counts.shown(ours, counts.ARMED, ['WORDS', f'count={counts.REQUESTS}'])}")
    print(f"  {counts.shown(theirs, LINUX, ['WORDS', f'count={counts.REQUESTS}'])}")
    print("  each less the same at twice the count; less alloc: without malloc() and free()")
    print("  armed: as block drivers do, an interrupt is asked for after each harvest, and Linux's")
    print("  driver describes header and status anew; polled: neither")
    print(f"{'words':30}{'Orion':>8}{'Linux':>8}{'ratio':>7}{'goal':>6}"
          f"{'less alloc':>12}{'ratio':>7}")
    for row, mine, linux in zip(ROWS, found, found[len(ROWS):]):
        ratio, less = total(mine) / total(linux), total(mine) / without_library(linux)
        goal = f"{GOALS[row[2]]:.2f}" if row[3] == "16" else ""
        note = "  not met" if goal and ratio > GOALS[row[2]] else ""
        print(f"{' '.join(row[:3]) + ' batch=' + row[3]:30}{total(mine):8.1f}"
              f"{total(linux):8.1f}{ratio:7.2f}{goal:>6}{without_library(linux):12.1f}"
              f"{less:7.2f}{note}")
    print(f"(Linux: Debian's {package})")


main()
