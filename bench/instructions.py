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


def words_of(row):
    return [w for w in row if w]


def table(title, name, functions, rows):
    program = counts.program(name)
    cells = [(program, functions, words_of(r) + [f"batch={b}"]) for r in rows for b in BATCHES]
    cells += [(program, [f], words_of(r) + ["batch=16"]) for r in rows for f in functions]
    print(f"{title}, instructions per request; its parts, accesses, full fences, kicks at batch 16")
    print(f"  {counts.shown(program, functions, ['WORDS', 'batch=N', f'count={counts.REQUESTS}'])}")
    print("  and the same with twice the count; the difference, divided by the count")
    print(f"{'words':27}" + "".join(f"{'batch ' + b:>9}" for b in BATCHES) +
          f"{'add':>9}{'kick':>6}{'get':>7}{'loads':>9}{'stores':>7}{'fences':>7}{'kicks':>7}")
    found = iter([sum(c.values()) for c in counts.many(cells)])
    whole = [[next(found) for _ in BATCHES] for _ in rows]
    for row, totals in zip(rows, whole):
        add, kick, get = (next(found) for _ in functions)
        seen = counts.accesses(name, words_of(row) + ["batch=16"])
        print(f"{' '.join(words_of(row)):27}" + "".join(f"{x:9.1f}" for x in totals) +
              f"{add:9.1f}{kick:6.1f}{get:7.1f}  " + "".join(f"{float(x):7.2f}" for x in seen))
    print()


def main():
    wanted = set(sys.argv[1:])
    rows = [r for r in ROWS if wanted <= set(r)]
    if not rows:
        counts.fail("no row has the words " + " ".join(sys.argv[1:]))
    table("The ring alone", "ring", counts.RING, rows)
    table("The driver core", "core", counts.CORE, rows)


main()
