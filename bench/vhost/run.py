#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our Linux library beside libblkio, and against the model: what `make bench-linux` prints.

    bench/vhost/run.py [PART ...]       parts: peer, file, count, model; all of them without a word

PAIRS= (5) measurements of each row by either library, in turn; SECONDS= (0.5) each takes.  Medians,
and the median of the pairs' ratios.  Client on the second CPU, server on the first.
"""
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

HOME = "build/vhost"
BUILD = os.environ.get("B", "build")
PAIRS = int(os.environ.get("PAIRS", "5"))
SECONDS = os.environ.get("SECONDS", "0.5") + "s"
GIB = 1 << 30
PATIENCE = 120                          # seconds, for what hangs
OURS, PEER = HOME + "/ours", HOME + "/libblkio"

LOADS = [("randread", 4096, 1), ("randread", 4096, 32), ("randread", 4096, 128),
         ("randwrite", 4096, 1), ("randwrite", 4096, 32), ("randwrite", 4096, 128),
         ("read", 128 << 10, 8), ("write", 128 << 10, 8),
         ("read", 1 << 20, 4), ("write", 1 << 20, 4)]
SPIN, EVENT = ("spin", "spin"), ("adaptive", "event")

folder = None                           # of sockets


def fail(text):
    sys.exit("bench/vhost: " + text)


class Server:
    """A server on the first CPU, for the length of a with statement."""

    def __init__(self, *command):
        self.socket = os.path.join(folder, "s")
        self.command = ["taskset", "-c", "0"] + [w.replace("SOCKET", self.socket) for w in command]

    def __enter__(self):
        self.log = open(os.path.join(folder, "log"), "w", encoding="utf-8")
        self.child = subprocess.Popen(self.command, stdout=self.log, stderr=self.log)
        end = time.monotonic() + PATIENCE
        while not os.path.exists(self.socket):
            if self.child.poll() is not None or time.monotonic() > end:
                fail("no server: " + " ".join(self.command))
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.log.close()
        os.unlink(self.socket)


def daemon(*node):
    return Server("qemu-storage-daemon", "--blockdev", ",".join(node + ("node-name=disk",)),
                  "--export", "type=vhost-user-blk,id=e,node-name=disk,writable=on,"
                  "addr.type=unix,addr.path=SOCKET")


def model(*words):
    return Server(BUILD + "/vhost-user-model", "--socket-path=SOCKET", "--poll", *words)


def run(program, server, load, wait, amount, prefix=()):
    operation, size, depth = load
    done = subprocess.run([*prefix, program, server.socket, operation, str(size), str(depth), wait,
                           amount], stdout=subprocess.PIPE, timeout=PATIENCE)
    if done.returncode:
        fail(f"{program} failed: {' '.join(map(str, done.args))}")
    return [float(x) for x in done.stdout.split()]


def rate(value):
    return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.1f} k"


def micro(ns):
    return f"{ns / 1e3:.2f}" if ns < 1e4 else f"{ns / 1e3:.0f}"


def name(load):
    operation, size, depth = load
    return f"{operation} {size >> 10} KiB, depth {depth}"


def medians(rows):
    return [statistics.median(column) for column in zip(*rows)]


def balls(rows):
    seen = [ball for row in rows for ball in row[5:]]
    return f"{min(seen):.0f} to {max(seen):.0f}"


def compare(title, server, moves):
    """Prints the table of one server: each load, spinning and not, by either library in turn."""
    print(f"\n### {title}\n")
    print("| load | how | IOPS | theirs | ratio | " + ("GB/s | " if moves else "") +
          "tenth | theirs | ratio | p50/p99 us | theirs | CPU ns/IO | theirs | line ns |")
    print("|---|---|" + "---|" * (12 if moves else 11))
    for load in LOADS:
        for ours, theirs in (SPIN, EVENT):
            pairs = [(run(OURS, server, load, ours, SECONDS),
                      run(PEER, server, load, theirs, SECONDS)) for _ in range(PAIRS)]
            a, b = medians([p[0] for p in pairs]), medians([p[1] for p in pairs])
            ratio, best = [statistics.median(p[0][i] / p[1][i] for p in pairs) for i in (0, 1)]
            how = ours if ours == theirs else f"{ours} / {theirs}"
            print(f"| {name(load)} | {how} | {rate(a[0])} | {rate(b[0])} | **{ratio:.2f}** | " +
                  (f"{a[0] * load[1] / 1e9:.2f} | " if moves else "") +
                  f"{rate(a[1])} | {rate(b[1])} | **{best:.2f}** | {micro(a[2])}/{micro(a[3])} | "
                  f"{micro(b[2])}/{micro(b[3])} | {a[4]:.0f} | {b[4]:.0f} | "
                  f"{balls([x for p in pairs for x in p])} |", flush=True)


def null_node():
    return daemon("driver=null-co", f"size={GIB}", "read-zeroes=off")


def peer():
    with null_node() as server:
        compare("qemu-storage-daemon, null-co: no data move", server, False)


def file():
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as image:
        for _ in range(GIB >> 20):
            image.write(bytes(1 << 20))
        image.flush()
        with daemon("driver=file", "filename=" + image.name, "aio=threads") as server:
            compare("qemu-storage-daemon, a file in memory (tmpfs, aio=threads)", server, True)


# ---- instructions ----

def instructions(path, library):
    """What callgrind counted in LIBRARY's own code: callees in other objects are not its."""
    total, ours, called, names = 0, False, False, {}
    with open(path, encoding="utf-8", errors="replace") as f:
        for line in f:
            found = re.match(r"(c?)ob=(\(\d+\))(?: (.*))?$", line)
            if found:
                if found.group(3):
                    names[found.group(2)] = found.group(3)
                if not found.group(1):
                    ours = library in names[found.group(2)]
            elif line.startswith("calls="):
                called = True                   # the next line is the callee's
            elif line[0].isdigit() or line[0] in "+-*":
                if ours and not called:
                    total += int(line.split()[1])
                called = False
    return total


def counted(program, library, server, load, wait):
    """Instructions per request.  A server that was kept from working makes a spinning client poll
    in vain, which only adds: the least of several counts is what belongs to the requests."""
    out = os.path.join(folder, "callgrind")
    n = 64 * max(load[2], 4) if wait == "spin" else 4096

    def count_of(amount):
        run(program, server, load, wait, str(amount),
            ("valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + out))
        return instructions(out, library)

    def least(amount):
        return min(count_of(amount) for _ in range(PAIRS if wait == "spin" else 1))
    return (least(2 * n) - least(n)) / n


def count():
    print("\n### Instructions per request in the client library\n")
    print("| load | spin | theirs | ratio | sleep | theirs | ratio |")
    print("|---|---|---|---|---|---|---|")
    with null_node() as server:
        for load in LOADS[:6]:
            row = f"| {name(load)} |"
            for wait in ("spin", "event"):
                a = counted(OURS, "liborion-vblk", server, load, wait)
                b = counted(PEER, "libblkio", server, load, wait)
                row += f" {a:.0f} | {b:.0f} | **{a / b:.2f}** |"
            print(row, flush=True)


# ---- our own server, and the machine ----

# Loads on the model's disk of memory, with what the product's specification promises of them.
PROMISES = [(("read", 128 << 10, 8), 3.5e9), (("write", 128 << 10, 8), 3.0e9),
            (("read", 1 << 20, 4), 3.5e9), (("write", 1 << 20, 4), 3.0e9),
            (("randread", 4096, 32), 800e3), (("randwrite", 4096, 32), 600e3)]


def own_row(server, load, promise, what, print_bytes):
    rows = [run(OURS, server, load, "spin", SECONDS) for _ in range(PAIRS)]
    m = medians(rows)
    size = load[1] if print_bytes else 1

    def unit(x):
        return f"{x / 1e9:.2f} GB/s" if print_bytes else rate(x) + " IOPS"
    print(f"| {name(load)} | {what} | {unit(m[0] * size)} | {unit(m[1] * size)} | "
          f"{unit(promise) if promise else ''} | {micro(m[2])}/{micro(m[3])} | {balls(rows)} |",
          flush=True)


def floor():
    """Two threads, the driver's core and the barest device, no socket: the least there is."""
    for words in ("depth=1", "depth=32 batch=16"):
        command = [BUILD + "/bench/threads", "polled", "packed", "core", *words.split()]
        took = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True,
                              timeout=PATIENCE).stdout.split()
        depth = words.split()[0].replace("=", " ")
        print(f"| two threads, {depth} | no server | {rate(1e9 / float(took[2]))} IOPS | "
              f"{rate(1e9 / float(took[0]))} IOPS | | | {float(took[4]):.0f} to "
              f"{float(took[6]):.0f} |", flush=True)


def own():
    print("\n### vhost-user-model, both sides spinning\n")
    print("| load | disk | measured | tenth | promised | p50/p99 us | line ns |")
    print("|---|---|---|---|---|---|---|")
    with model("--null", "--size=1G") as server:
        for depth, promise in ((1, None), (32, 5e6), (128, None)):
            own_row(server, ("randread", 4096, depth), promise, "none", False)
    with model("--memory=1G") as server:
        for load, promise in PROMISES:
            own_row(server, load, promise, "memory", load[1] > 4096)
    floor()


PARTS = {"peer": peer, "file": file, "count": count, "model": own}


def main():
    global folder
    for word in sys.argv[1:]:
        if word not in PARTS:
            fail(f'there is no part "{word}"; there are: {", ".join(PARTS)}')
    subprocess.run(["bench/vhost/build.sh", HOME], check=True)
    with tempfile.TemporaryDirectory() as folder:
        for word in sys.argv[1:] or PARTS:
            PARTS[word]()


main()
