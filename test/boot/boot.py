# SPDX-License-Identifier: MIT
"""What boot tests are made of: a guest to run scripts in, images to give it, and judgement."""
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "test/tools"))
import report as reports                                # noqa: E402
from pattern import pattern                             # noqa: E402

ARCH = os.environ.get("ARCH") or "x86_64"
QEMU, IMAGE = {"x86_64": ("qemu-system-x86_64", "orion-x86_64.elf"),
               "arm64": ("qemu-system-aarch64", "orion-arm64.img"),
               "riscv64": ("qemu-system-riscv64", "orion-riscv64.img"),
               "ppc64": ("qemu-system-ppc64", "orion-ppc64.elf"),
               "ppc64le": ("qemu-system-ppc64", "orion-ppc64le.elf"),
               "s390x": ("qemu-system-s390x", "orion-s390x.elf")}[ARCH]
QEMU = os.environ.get("QEMU") or QEMU
# One more disk, for QEMU_ARGS.
DEVICE = "virtio-blk-ccw" if ARCH == "s390x" else "virtio-blk-pci"
KERNEL = os.path.abspath(os.environ.get("KERNEL") or f"{ROOT}/build/{IMAGE}")
TIMEOUT = 120
VARIABLES = ("DISK", "READONLY", "SCRIPT", "DEVICE_ARGS", "QEMU_ARGS", "CPUS", "MEM", "CONFIG",
             "MACHINE", "BUS", "FILES", "APPEND", "MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MODE")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in VARIABLES}
ENVIRONMENT["PATH"] += ":/usr/sbin:/sbin"
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

_once = threading.Lock()
_work = None


class Failure(Exception):
    """What was seen is not what was expected."""


class Skip(Exception):
    """The case can't be run on this machine."""


def work():
    """A folder for this run's files, removed at its end."""
    global _work
    with _once:
        if _work is None:
            os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
            _work = tempfile.mkdtemp(prefix="boot-", dir=os.path.join(ROOT, "build"))
        return _work


def expect(condition, text):
    if not condition:
        raise Failure(text)


def tool(*command):
    """Runs a program of the host; returns what it printed."""
    if shutil.which(command[0], path=ENVIRONMENT["PATH"]) is None:
        raise Skip(f"there is no {command[0]}")
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=ENVIRONMENT, timeout=TIMEOUT)
    out = done.stdout.decode(errors="replace")
    expect(done.returncode == 0, f"{' '.join(command)}: exit status {done.returncode}\n{out}")
    return out


def read(path, offset, length):
    with open(path, "rb") as f:
        f.seek(offset)
        return f.read(length)


def sha256(path, offset=0, length=None):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        f.seek(offset)
        left = length
        while left is None or left > 0:
            piece = f.read(MIB if left is None else min(MIB, left))
            if not piece:
                break
            digest.update(piece)
            left = None if left is None else left - len(piece)
    return digest.hexdigest()


def expect_pattern(path, seed, offset, length):
    """The host finds, byte for byte, what Orion was told to write."""
    found, want = read(path, offset, length), pattern(seed, offset, length)
    if found != want:
        at = next((i for i in range(length) if found[i:i + 1] != want[i:i + 1]), length)
        raise Failure(f"{os.path.basename(path)}: byte {offset + at} is {found[at:at + 8].hex()}, "
                      f"expected {want[at:at + 8].hex()} of pattern:{seed}")


class Guest:
    """One case's machine: files in FOLDER, runs of the kernel with a script."""

    def __init__(self, folder):
        self.folder, self.runs = folder, []

    def path(self, name):
        return os.path.join(self.folder, name)

    def file(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.path(name)

    def blank(self, name, length):
        """A sparse image of LENGTH zero bytes."""
        with open(self.path(name), "wb") as f:
            f.truncate(length)
        return self.path(name)

    def ext4(self, name, fs_bytes, bytes_=None, block=4096):
        """An image that mkfs.ext4 made and filled, followed by zeros up to BYTES_."""
        master = _ext4_master(fs_bytes, block)
        shutil.copyfile(master, self.path(name))
        os.truncate(self.path(name), bytes_ or fs_bytes)
        return self.path(name)

    def run(self, script, timeout=TIMEOUT, **variables):
        """Boots, runs the lines of SCRIPT, powers off.  Returns (exit status, output)."""
        variables["SCRIPT"] = self.file("script.orion", script.strip() + "\n")
        return self.start(["tools/run"], timeout, **variables)

    def start(self, command, timeout=TIMEOUT, **variables):
        env = {**ENVIRONMENT, "KERNEL": KERNEL, "ARCH": ARCH,
               **{k: str(v) for k, v in variables.items()}}
        expect(os.path.exists(env["KERNEL"]), f"there is no kernel: make kernel ARCH={env['ARCH']}")
        child = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 start_new_session=True)
        try:
            out, errors = child.communicate(timeout=timeout)
            code = child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            out, errors = child.communicate()
            code = f"none: still running after {timeout} s"
        self.runs.append((variables, code, out.decode(errors="replace"),
                          errors.decode(errors="replace")))
        return code, self.runs[-1][2]

    def good(self, script, **variables):
        """Every command of SCRIPT succeeds.  Returns the output."""
        code, out = self.run(script, **variables)
        expect(code == 0, f"exit status {code}, expected 0")
        ours = out.partition("Orion ")[2]           # before it, firmware may write
        expect("\x1b" not in ours, "escape codes in the output of a script")
        return out

    def report(self, line, out):
        """What the answer to LINE, a command with --json, says in OUT, held to the schema."""
        for asked, text in reports.answers(out):
            if asked == line:
                command = re.sub(r" (vd\d+|--json|\d+)\b", "", " " + line).strip()
                try:
                    return reports.read(command, text)
                except reports.Breach as error:
                    raise Failure(str(error)) from None
        raise Failure(f"the output has no answer to {line}")

    def bad(self, script, says, **variables):
        """The run fails, and the output or the errors say why (a regular expression)."""
        code, out = self.run(script, **variables)
        expect(isinstance(code, int) and code != 0, f"exit status {code}, expected a failure")
        self.says(says, out + self.runs[-1][3])
        return out

    def says(self, regex, out):
        """OUT has REGEX somewhere; gives the match."""
        found = re.search(regex, out, re.IGNORECASE | re.MULTILINE)
        expect(found, f"the output has nothing like: {regex}")
        return found

    def transcript(self):
        text = ""
        for variables, code, out, errors in self.runs[-2:]:
            told = " ".join(f"{k}={v!r}" for k, v in variables.items())
            text += f"  ---- {told}\n"
            for line in (out + errors).splitlines()[-60:]:
                text += f"  | {line}\n"
            text += f"  ---- exit status {code}\n"
        return text


_masters = {}


def _ext4_master(length, block):
    with _once_master:
        key = (length, block)
        if key not in _masters:
            tree = os.path.join(work(), f"tree-{length}-{block}")
            os.makedirs(os.path.join(tree, "docs"))
            for name in ("README.md", "Makefile", "LICENSE"):
                if os.path.exists(os.path.join(ROOT, name)):
                    shutil.copy(os.path.join(ROOT, name), os.path.join(tree, "docs", name))
            with open(os.path.join(tree, "target"), "wb") as f:
                f.write(b"to be overwritten by Orion......\n"[:32] * (16 * KIB))
            with open(os.path.join(tree, "noise"), "wb") as f:
                f.write(pattern(1, 0, 256 * KIB))
            image = os.path.join(work(), f"ext4-{length}-{block}")
            tool("mkfs.ext4", "-q", "-F", "-b", str(block), "-d", tree, image, f"{length // KIB}k")
            _masters[key] = image
        return _masters[key]


_once_master = threading.Lock()


def fsck(path):
    """The file system in PATH is clean in the eyes of e2fsck, which changes nothing."""
    tool("e2fsck", "-f", "-n", path)


def hash_of(out, number=0):
    """The NUMBERth SHA-256 that the output has."""
    found = re.findall(r"\b[0-9a-f]{64}\b", out)
    expect(len(found) > number, "the output has no SHA-256")
    return found[number]
