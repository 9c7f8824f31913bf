# SPDX-License-Identifier: MIT
"""Exact instruction counts, by callgrind: what the measurements in this folder have in common.

A run counts what happens inside the functions named, callees included.  Every figure is the
difference of two runs, of N and of 2 N requests, so that set-up cancels out; it repeats to the
instruction.
"""
import collections
import concurrent.futures
import os
import re
import shlex
import subprocess
import sys
import tempfile

BUILD = os.environ.get("B") or "build"
REQUESTS = 4096
WORKERS = int(os.environ.get("JOBS") or 2)
RING = ("counted_add*", "counted_kick*", "counted_get*")
ARMED = RING + ("counted_disarm*", "counted_arm*")
CORE = ("vblk_submit", "vblk_kick", "vblk_reap")
LANE = ("storage_submit", "storage_kick", "storage_reap")


def command(program, functions, words, out="FILE"):
    return (["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"] +
            [f"--toggle-collect={f}" for f in functions] + [program] + words)


def shown(program, functions, words):
    """The command as a person would type it."""
    return " ".join(shlex.quote(w) for w in command(program, functions, words))


def fail(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")


def parse(text):
    """Instructions of each function in a profile, callees apart.  Those of libraries are named
    LIBRARY:FUNCTION."""
    names, costs, at, called, home = {}, collections.Counter(), None, False, None
    for line in text.splitlines():
        found = re.match(r"(ob|fn|cob|cfn)=\((\d+)\)(?: (.*))?", line)
        if found:
            kind = found[1].removeprefix("c")
            if found[3]:
                names[kind, found[2]] = found[3].split("'")[0]
            name = names[kind, found[2]]
            if found[1] == "ob":
                home = os.path.basename(name)
            elif found[1] == "fn":
                at = f"{home}:{name}" if ".so" in home else name
        elif line.startswith("calls="):
            called = True
        elif re.match(r"[+\-*\d]", line):
            if not called:
                costs[at] += int(line.split()[1])
            called = False
    return costs


def profile(program, functions, words):
    with tempfile.NamedTemporaryFile() as out:
        done = subprocess.run(command(program, functions, words, out.name),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            fail(f"{' '.join([program] + words)}: failed\n{done.stdout.decode()}")
        with open(out.name, encoding="utf-8") as f:
            return parse(f.read())


def per_request(program, functions, words, requests=REQUESTS):
    """Instructions per request of each function, as floats."""
    once = profile(program, functions, words + [f"count={requests}"])
    twice = profile(program, functions, words + [f"count={2 * requests}"])
    return {k: (twice[k] - once[k]) / requests for k in twice}


def many(cells):
    """per_request() of each (program, functions, words, ...) in CELLS, some at a time, in order."""
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(lambda cell: per_request(*cell), cells))


def program(name):
    path = f"{BUILD}/bench/{name}"
    if not os.path.exists(path):
        fail(f"{path} is not built: make benches")
    return path


def accesses(name, words):
    """What NAME-stepped prints: loads, stores, fences and kicks per request."""
    done = subprocess.run([program(name + "-stepped")] + words, check=False, capture_output=True)
    if done.returncode:
        fail(done.stderr.decode())
    return done.stdout.decode().split()[1::2]
