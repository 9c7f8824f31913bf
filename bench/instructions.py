#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints what one 4 KiB read costs, in instructions and in accesses to shared memory: the ring
alone (bench/ring.c), then the whole driver core (bench/core.c).

    bench/instructions.py [WORD ...]      only the rows that have all these words: packed event
"""
import itertools
import sys

import counts

BATCHES = ["1", "8", "16", "32"]
ROWS = list(itertools.product(["split", "packed"], ["table", "direct"], ["event", "plain"],
                              ["", "inorder"]))


PHASES = [("add", "submit"), ("kick",), ("get", "reap")]


def words_of(row):
    return [w for w in row if w]


def phases(found):
    """The instructions of adding, of the kick question, of getting: by the functions' names."""
    return [sum(v for k, v in found.items() if any(w in k for w in words)) for words in PHASES]


def table(title, name, functions, rows):
    program = counts.program(name)
    cells = [(program, functions, words_of(r) + [f"batch={b}"]) for r in rows for b in BATCHES]
    print(f"{title}, instructions per request; its parts, accesses, full fences, kicks at batch 16")
    print(f"  {counts.shown(program, functions, ['WORDS', 'batch=N', f'count={counts.REQUESTS}'])}")
    print("  and the same with twice the count; the difference, divided by the count")
    print(f"{'words':27}" + "".join(f"{'batch ' + b:>9}" for b in BATCHES) +
          f"{'add':>9}{'kick':>6}{'get':>7}{'loads':>9}{'stores':>7}{'fences':>7}{'kicks':>7}")
    found = counts.many(cells)
    for number, row in enumerate(rows):
        of_row = found[number * len(BATCHES):(number + 1) * len(BATCHES)]
        seen = counts.accesses(name, words_of(row) + ["batch=16"])
        add, kick, get = phases(of_row[BATCHES.index("16")])
        print(f"{' '.join(words_of(row)):27}" + "".join(f"{sum(c.values()):9.1f}" for c in of_row) +
              f"{add:9.1f}{kick:6.1f}{get:7.1f}  " + "".join(f"{float(x):7.2f}" for x in seen),
              flush=True)
    print()


def main():
    wanted = set(sys.argv[1:])
    rows = [r for r in ROWS if wanted <= set(r) and r[3] == ""]
    if not rows:
        counts.fail("no row has the words " + " ".join(sys.argv[1:]))
    table("The ring alone", "ring", counts.RING, rows)
    table("The driver core", "core", counts.CORE, rows)


main()
