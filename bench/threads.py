#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what a request takes when driver and device have a thread and a CPU each (threads.c),
beside the time that a cache line took between the two CPUs in the same runs.

    bench/threads.py [WORD ...]     only the rows that have all these words: packed polled

Every row is run several times, in turn with the others; a run is timed in 500 parts.  "Tenth" is
what only a tenth of the parts undercut, and "median" their median, each the median of the runs; the
first leaves out other programs that had one of the CPUs for a while.  Where the two CPUs are on
the host may change from minute to minute: of a row with "near" runs (a line takes less than 200 ns
to the other CPU and back) only those count, and only those are held against the goals.
"""
import itertools
import os
import statistics
import subprocess
import sys

import counts

NEAR_NS = 200
ROUNDS = int(os.environ.get("ROUNDS") or 5)
GOALS_NS = {"depth=1": 300, "depth=32": 100}    # 0.30 us; 10 million a second
REQUESTS = {("polled", "depth=1"): 200000, ("polled", "depth=32"): 1000000,
            ("asleep", "depth=1"): 5000, ("asleep", "depth=32"): 50000}
ROWS = [r for r in itertools.product(["ring", "core"], ["polled", "asleep"],
                                     ["depth=1", "depth=32"], ["split", "packed"],
                                     ["table", "direct"], ["", "inorder"])
        if r[1] == "polled" or not r[5]]


def run(row):
    """Nanoseconds per request (tenth, median), and of a line before and after, of one run."""
    words = [w for w in row if w not in ("ring", "asleep", "")]
    command = [counts.program("threads"), *words, f"count={REQUESTS[row[1:3]]}"]
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        counts.fail(" ".join(command) + ": " + done.stderr.decode())
    return tuple(float(x) for x in done.stdout.decode().split()[::2])


def verdict(row, took, near):
    if row[1] != "polled":
        return ""
    goal = GOALS_NS[row[2]]
    if not near:
        return f"  goal {goal}: far, not compared"
    return f"  goal {goal}" + ("" if took <= goal else ": not met")


def show(row, runs):
    near = [r for r in runs if max(r[2:]) < NEAR_NS]
    used = near or runs
    tenth, median = (statistics.median(r[i] for r in used) for i in (0, 1))
    line = statistics.median(x for r in used for x in r[2:])
    print(f"{' '.join(row):44}{tenth:10.1f}{median:10.1f}{1000 / median:9.2f}{line:8.0f}"
          f"{len(near):4}/{len(runs)}{verdict(row, median, near)}", flush=True)


def main():
    rows = [r for r in ROWS if set(sys.argv[1:]) <= set(r)]
    if not rows:
        counts.fail("no row has the words " + " ".join(sys.argv[1:]))
    found = {row: [] for row in rows}
    for _ in range(ROUNDS):
        for row in rows:
            found[row].append(run(row))
    print(f"Two threads, nanoseconds per request; {ROUNDS} rounds; load average "
          f"{os.getloadavg()[0]:.1f}")
    print(f"  {counts.program('threads')} WORDS count=N    (ring and asleep are not typed)")
    print(f"{'words':44}{'tenth':>10}{'median':>10}{'M/s':>9}{'line':>8}  near")
    for row in rows:
        show(row, found[row])


main()
