#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints instructions per request of the driver core from 1 to 16 queues, 2 to 1,024 requests in
flight, 1 to 32 devices: they must not differ by more than 5 %.

    bench/flat.py [--quick]      --quick: only the ends of each row, of one layout; fails when the
                                 spread is over 5 %, and ends with "N passed, N failed, N skipped"

Queues and devices are taken in turn, a batch of 2 each, so that the depth is the only thing that
changes along its row.
"""
import sys

import counts

LAYOUTS = [["split", "table"], ["split", "direct"], ["packed", "table"], ["packed", "direct"]]
QUEUES = [["queues=%d" % n] for n in (1, 2, 4, 8, 16)]
DEPTHS = [["depth=%d" % n, "size=%d" % max(n, 4)] for n in (2, 4, 16, 64, 256, 1024)]
# The driver wants room for one request as a chain of three descriptors, and a ring of direct chains
# has 1,024 descriptors at most.
DEPTHS_DIRECT = [["depth=%d" % n, "size=%d" % (4 * n)] for n in (2, 4, 16, 64, 256)]
DEVICES = [["devices=%d" % n] for n in (1, 2, 8, 32)]
SPREAD = 1.05


def rows(layouts):
    for layout in layouts:
        for points in [QUEUES, DEPTHS_DIRECT if "direct" in layout else DEPTHS, DEVICES]:
            yield layout, points


def measure(layouts, thin):
    """[layout, points, instructions at each] of every row, and the widest spread of a layout."""
    program = counts.program("core")
    table = [(layout, [p[0], p[-1]] if thin else p) for layout, p in rows(layouts)]
    found = iter(counts.many([(program, counts.CORE, layout + ["event", "batch=2"] + words)
                              for layout, points in table for words in points]))
    return [(layout, points, [sum(next(found).values()) for _ in points])
            for layout, points in table]


def spread(measured, layout):
    every = [x for of, _, figures in measured for x in figures if of == layout]
    return max(every) / min(every)


def show(measured):
    command = counts.shown(counts.program("core"), counts.CORE, ["WORDS", "batch=2",
                                                                 f"count={counts.REQUESTS}"])
    print("The driver core, instructions per request, event index, batch 2")
    print(f"  {command}\n  less the same at twice the count")
    for layout, points, figures in measured:
        print(f"{' '.join(layout):14}" + "".join(f"{p[0]:>13}" for p in points))
        print(" " * 14 + "".join(f"{x:13.1f}" for x in figures))
    for layout in [m[0] for m in measured[::3]]:
        print(f"{' '.join(layout):14} most / least: {spread(measured, layout):.3f}")


def main():
    if sys.argv[1:] not in ([], ["--quick"]):
        counts.fail("usage: bench/flat.py [--quick]")
    if not sys.argv[1:]:
        show(measure(LAYOUTS, False))
        return 0
    measured = measure(LAYOUTS[2:3], True)
    wide = spread(measured, LAYOUTS[2]) > SPREAD
    if wide:
        print("FAILED  flat: instructions per request differ by more than 5 %")
        show(measured)
    print("0 passed, 1 failed, 0 skipped" if wide else "1 passed, 0 failed, 0 skipped")
    return wide


sys.exit(main())
