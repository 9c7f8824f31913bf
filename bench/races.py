#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Driver and device in two threads (bench/threads.c) under ThreadSanitizer: no race is reported,
every request's data come back, and with any one fence of a ring left out a race is reported.

    bench/races.py [tsan/ID ...]      an ID is WORDS joined by dots, or FENCE:WORDS

The program is built by `make MODE=tsan benches`; copies of a ring's header without a fence are
compiled here.  src/arch/tsan.h says what ThreadSanitizer is told.
"""
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile

BUILD = "build-tsan"
PROGRAM = f"{BUILD}/bench/threads"
COUNT = "count=20000"
HUNG_SECONDS = 200              # a run takes less than one
RUNS = [f"{d}.{layout}.{shape}.{mode}{core}" for layout, shape, mode, d, core in itertools.product(
    ["split", "packed"], ["table", "direct"], ["polled", "asleep"], ["depth=1", "depth=32"],
    ["", ".core"])]
RUNS += [f"inorder.depth=32.{layout}.{shape}.{mode}{core}" for layout, shape, mode, core in
         itertools.product(["split", "packed"], ["table", "direct"], ["polled", "asleep"],
                           ["", ".core"])]
# Function of src/ring/LAYOUT.h, the fence taken out of it, words of a run that needs it.
FENCES = [
    ("vring_split_publish", "arch_order_publish", "split.table.polled.depth=32"),
    ("vring_split_publish", "arch_order_publish", "split.direct.asleep.depth=1"),
    ("vring_split_pending", "arch_order_observe", "split.direct.polled.depth=32"),
    ("vring_split_pending", "arch_order_observe", "inorder.split.table.polled.depth=32"),
    ("vring_packed_add_table", "arch_order_publish", "packed.table.polled.depth=32"),
    ("vring_packed_last", "arch_order_publish", "packed.direct.polled.depth=32"),
    ("vring_packed_take", "arch_order_observe", "packed.direct.polled.depth=32"),
    ("vring_packed_take", "arch_order_observe", "packed.table.asleep.depth=1"),
    ("vring_packed_take", "arch_order_observe", "inorder.packed.table.polled.depth=32"),
]
SOURCES = [f"bench/{x}.c" for x in ["threads", "ball", "rig", "device", "options", "disk", "sink"]]
SOURCES += ["words/units.c", "words/text.c"]    # options are read by them
FLAGS = ["-O1", "-g", "-fsanitize=thread", "-std=c11", "-D_GNU_SOURCE", "-pthread"]


def run(program, words):
    """Runs PROGRAM; returns its exit status and what it printed."""
    command = [program, COUNT, "check"] + [w for w in words.split(".") if w != "asleep"]
    for prefix in [[], ["setarch", "-R"]]:
        try:
            done = subprocess.run(prefix + command, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False, timeout=HUNG_SECONDS)
        except subprocess.TimeoutExpired:
            return None, f"still running after {HUNG_SECONDS} s: was a wake-up lost?\n"
        text = done.stdout.decode(errors="replace")
        # Some kernels spread a program's memory too widely for ThreadSanitizer.
        if "unexpected memory mapping" not in text:
            break
    return done.returncode, text


def clean(words):
    status, text = run(PROGRAM, words)
    return "" if status == 0 else f"{text}(exit status {status})"


def without_fence(function, fence, folder):
    """Compiles the program with FENCE taken out of FUNCTION."""
    layout = function.split("_")[1]
    with open(f"src/ring/{layout}.h", encoding="utf-8") as f:
        text = f.read()
    body = re.search(rf"^{function}\(.*?^}}", text, re.M | re.S)
    if not body or f"{fence}();" not in body[0]:
        return None, f"{function}() has no {fence}() any more: bench/races.py must know"
    shutil.copytree("src", f"{folder}/src", dirs_exist_ok=True)
    with open(f"{folder}/src/ring/{layout}.h", "w", encoding="utf-8") as f:
        f.write(text.replace(body[0], body[0].replace(f"{fence}();", "", 1)))
    program = f"{folder}/threads"
    done = subprocess.run(
        [os.environ.get("CC", "gcc")] + FLAGS + [f"-I{folder}/src", "-Iinclude", "-I.", "-o",
                                                 program] + SOURCES +
        [f"{BUILD}/liborion-core.a"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return program, done.stdout.decode() if done.returncode else ""


def reported(function, fence, words):
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        program, trouble = without_fence(function, fence, folder)
        if trouble:
            return trouble
        text = run(program, words)[1]
    if "WARNING: ThreadSanitizer: data race" in text:
        return ""
    return f"without {fence}() in {function}() no race was reported"


def main():
    cases = {words: (clean, words) for words in RUNS}
    cases.update({f"{function}:{words}": (reported, function, fence, words)
                  for function, fence, words in FENCES})
    wanted = [a.removeprefix("tsan/") for a in sys.argv[1:]] or list(cases)
    failed = 0
    for name in wanted:
        if name not in cases:
            sys.exit(f"there is no case {name}; there are: " + " ".join(cases))
        check, *arguments = cases[name]
        trouble = check(*arguments)
        if trouble:
            failed += 1
            print(f"FAILED  tsan/{name}: {trouble}\n"
                  f"        repeat with: make test ONLY=tsan/{name}")
    print(f"{len(wanted) - failed} passed, {failed} failed, 0 skipped")
    return failed != 0


sys.exit(main())
