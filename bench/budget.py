#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts again what bench/budget.csv holds and fails when a figure has grown by more than 3 %.

    bench/budget.py [budget/NAME ...]     all rows, or those that are named
    bench/budget.py --update              writes today's figures into the file; the goals stay

A name is PROGRAM:WORDS, joined by dots; PROGRAM:best.WORDS is the least of that program's rows with
these words, in order if it says so.  The figures are those of Debian 12's gcc on x86_64: other
builds are skipped.
"""
import csv
import subprocess
import sys

import counts

FILE = "bench/budget.csv"
COLUMNS = ["name", "instructions", "goal"]
GROWTH = 1.03
COMPILER = b"GCC: (Debian 12."
FUNCTIONS = {"ring": counts.RING, "core": counts.CORE, "lane": counts.LANE}


def read():
    with open(FILE, encoding="utf-8", newline="") as f:
        rows = list(csv.DictReader(f))
    if not rows or list(rows[0]) != COLUMNS:
        counts.fail(f"{FILE}: the columns must be " + ",".join(COLUMNS))
    for row in rows:
        if row["name"].split(":")[0] not in FUNCTIONS:
            counts.fail(f"{FILE}: {row['name']}: the program must be ring, core or lane")
    return rows


def write(rows):
    with open(FILE, "w", encoding="utf-8", newline="") as f:
        out = csv.DictWriter(f, COLUMNS, lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


def words_of(name):
    return name.split(":")[1].split(".")


def counts_for(best, name):
    """Whether row NAME is one of those that row BEST is the least of."""
    wanted, words = set(words_of(best)[1:]), set(words_of(name))
    return (best.split(":")[0] == name.split(":")[0] and wanted <= words and
            ("inorder" in wanted) == ("inorder" in words))


def measure(names):
    """Instructions per request of each of NAMES."""
    plain = [n for n in names if words_of(n)[0] != "best"]
    cells = [(counts.program(n.split(":")[0]), FUNCTIONS[n.split(":")[0]], words_of(n))
             for n in plain]
    found = dict(zip(plain, (sum(c.values()) for c in counts.many(cells))))
    for best in set(names) - set(plain):
        found[best] = min(v for n, v in found.items() if counts_for(best, n))
    return found


def compiler_is_ours():
    return all(COMPILER in subprocess.run(
        ["readelf", "-p", ".comment", counts.program(p)], check=True, capture_output=True).stdout
        for p in FUNCTIONS)


def update(rows):
    found = measure([r["name"] for r in rows])
    for row in rows:
        row["instructions"] = f"{found[row['name']]:.1f}"
    write(rows)


def check(rows, wanted):
    found = measure([r["name"] for r in rows])
    failed = 0
    for row in [r for r in rows if not wanted or r["name"] in wanted]:
        now, was = round(found[row["name"]], 1), float(row["instructions"])
        goal = f" goal {row['goal']}" + (" not met" if now > float(row["goal"]) else "") \
            if row["goal"] else ""
        print(f"{row['name']:42} {now:6.1f} budget {was:6.1f}{goal}")
        if now > was * GROWTH:
            failed += 1
            print(f"FAILED  budget/{row['name']}: {now:.1f} instructions per request, "
                  f"{(now / was - 1) * 100:.1f} % over the budget of {was:.1f}\n"
                  f"        repeat with: make test ONLY=budget/{row['name']}\n"
                  f"        if the growth is meant: make budget, and say why in the commit")
        elif now < was / GROWTH:
            print(f"        cheaper than its budget: make budget keeps what was won")
    return failed


def main():
    rows = read()
    if not compiler_is_ours():
        print("the budget is for Debian 12's gcc: not compared")
        print(f"0 passed, 0 failed, {len(rows)} skipped")
        return 0
    if sys.argv[1:] == ["--update"]:
        update(rows)
        return 0
    wanted = {a.removeprefix("budget/") for a in sys.argv[1:]}
    unknown = wanted - {r["name"] for r in rows}
    if unknown:
        counts.fail(f"{FILE} has no row " + " or ".join(sorted(unknown)))
    failed = check(rows, wanted)
    total = len(wanted) or len(rows)
    print(f"{total - failed} passed, {failed} failed, 0 skipped")
    return failed != 0


sys.exit(main())
