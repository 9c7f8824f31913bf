#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the machine code of each architecture's kernel with bench/size.csv; fails when it grew.

    bench/size.py [size/ISA ...]     all architectures, or those that are named
    bench/size.py --update           writes today's bytes into the file

Bytes of code and constants: of the driver core as compiled for that kernel, and of the whole
kernel.  The kernels must have been built: make kernel ARCH=ISA.  The figures are those of Debian
12's compilers: other builds are skipped.
"""
import csv
import glob
import os
import re
import subprocess
import sys

FILE = "bench/size.csv"
COLUMNS = ["isa", "core", "kernel"]
GROWTH = 1.03
COMPILER = b"GCC: (Debian 12."
BUILD = os.environ.get("B") or "build"


def fail(text):
    sys.exit(f"size.py: {text}")


def isas():
    return sorted(os.path.basename(os.path.dirname(p)) for p in glob.glob("kernel/arch/*/flags.mk"))


def readelf(*words):
    return subprocess.run(["readelf", *words], check=True, capture_output=True).stdout


def code_bytes(files):
    """What sections that are loaded and never written take, names and notes apart."""
    rows = re.findall(r"\] \.(?:text|rodata)\S* +PROGBITS +\w+ +\w+ +(\w+)",
                      readelf("-SW", *files).decode())
    return sum(int(size, 16) for size in rows)


def measure(isa):
    kernel = f"{BUILD}/orion-{isa}.elf"
    # Not what a build of yesterday left of a file that has moved.
    objects = [o for o in glob.glob(f"{BUILD}/{isa}/src/*/*.o")
               if os.path.exists(o[len(f"{BUILD}/{isa}/"):-1] + "c")]
    if not os.path.exists(kernel) or not objects:
        fail(f"there is no {kernel}: make kernel ARCH={isa}")
    ours = COMPILER in readelf("-p", ".comment", objects[0])
    return ours, {"isa": isa, "core": code_bytes(objects), "kernel": code_bytes([kernel])}


def read():
    with open(FILE, encoding="utf-8", newline="") as f:
        return {row["isa"]: row for row in csv.DictReader(f)}


def update():
    with open(FILE, "w", encoding="utf-8", newline="") as f:
        out = csv.DictWriter(f, COLUMNS, lineterminator="\n")
        out.writeheader()
        out.writerows(measure(isa)[1] for isa in isas())


def check(isa, was):
    """Returns "passed", "failed" or "skipped"."""
    ours, now = measure(isa)
    if not ours:
        print(f"skipped size/{isa}: the figures are for Debian 12's gcc")
        return "skipped"
    if was is None:
        print(f"FAILED  size/{isa}: {FILE} has no such row: make budget adds it")
        return "failed"
    result = "passed"
    for what in COLUMNS[1:]:
        print(f"{isa:8} {what:7} {now[what]:7} bytes, budget {was[what]:>7}")
        if now[what] > int(was[what]) * GROWTH:
            print(f"FAILED  size/{isa}: the {what} has grown by "
                  f"{(now[what] / int(was[what]) - 1) * 100:.1f} %\n"
                  "        if the growth is meant: make budget, and say why in the commit")
            result = "failed"
    return result


def main():
    if sys.argv[1:] == ["--update"]:
        update()
        return 0
    wanted = [a.removeprefix("size/") for a in sys.argv[1:]] or isas()
    unknown = set(wanted) - set(isas())
    if unknown:
        fail("there is no kernel for " + " or ".join(sorted(unknown)))
    rows = read()
    results = [check(isa, rows.get(isa)) for isa in wanted]
    print("%d passed, %d failed, %d skipped" %
          tuple(results.count(x) for x in ("passed", "failed", "skipped")))
    return 1 if "failed" in results else 0


sys.exit(main())
