# SPDX-License-Identifier: MIT
"""What tests of the Linux home are made of: a private folder, processes that never outlive their
case, disk images, and vhost-user servers that are there when their function returns.

    def write_read(bed):
        daemon = bed.daemon(bed.image(64 * MIB))
        bed.orion("vblk", "copy", some_file, daemon.url(queues=2))
        expect_pattern(daemon.image, 1, 0, 64 * MIB)

Nothing here has a limit as a judgement: PATIENCE only ends what hangs.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "test/tools"))
import report as reports                                # noqa: E402
from pattern import pattern                             # noqa: E402

MODE = os.environ.get("MODE") or "release"
BUILD = os.path.join(ROOT, "build" if MODE == "release" else f"build-{MODE}")
PATIENCE = 120
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
ENVIRONMENT["PATH"] += ":/usr/sbin:/sbin"


class Failure(Exception):
    """What was seen is not what was expected."""


class Skip(Exception):
    """The case can't be run on this machine."""


def expect(condition, text):
    if not condition:
        raise Failure(text)


def expect_equal(found, wanted, what):
    expect(found == wanted, f"{what}: {found!r}, expected {wanted!r}")


def expect_says(regex, text):
    expect(re.search(regex, text, re.IGNORECASE | re.MULTILINE),
           f"nothing like {regex!r} in: {text.strip()!r}")


def expect_pattern(path, seed, offset, length):
    """The file holds, byte for byte, what pattern:SEED has there."""
    with open(path, "rb") as f:
        f.seek(offset)
        found = f.read(length)
    want = pattern(seed, offset, length)
    if found != want:
        at = next((i for i in range(length) if found[i:i + 1] != want[i:i + 1]), length)
        raise Failure(f"{os.path.basename(path)}: byte {offset + at} is {found[at:at + 8].hex()}, "
                      f"expected {want[at:at + 8].hex()} of pattern:{seed}")


def await_(condition, what, seconds=PATIENCE, step=0.005):
    """Returns CONDITION()'s first true value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        expect(time.monotonic() < end, f"waited {seconds} s in vain for {what}")
        time.sleep(step)


def listening(path):
    """Somebody listens at the socket PATH.  To connect would take the server's only place."""
    with open("/proc/net/unix", encoding="utf-8", errors="replace") as f:
        for line in f:
            words = line.split()
            if words[-1] == path and words[3] == "00010000":
                return True
    return False


def need(program):
    path = shutil.which(program, path=ENVIRONMENT["PATH"])
    if path is None:
        raise Skip(f"there is no {program}")
    return path


class Process:
    """A running program.  It dies with the thread that started it, whatever happens."""

    def __init__(self, bed, command, env=None, stdin=False):
        self.command = [str(x) for x in command]
        self.name = os.path.basename(self.command[0])
        base = bed.path(f"{len(bed.processes):03}-{self.name}")
        self.files = base + ".out", base + ".err"
        with open(self.files[0], "wb") as out, open(self.files[1], "wb") as err:
            self.child = subprocess.Popen(
                [need("setpriv"), "--pdeathsig", "KILL", "--", *self.command], cwd=ROOT,
                env=dict(ENVIRONMENT, **(env or {})), stdout=out, stderr=err,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, start_new_session=True)
        self.pid = self.child.pid
        bed.processes.append(self)

    @property
    def out(self):
        return self._read(0)

    @property
    def err(self):
        return self._read(1)

    def _read(self, which):
        with open(self.files[which], encoding="utf-8", errors="replace") as f:
            return f.read()

    def alive(self):
        return self.child.poll() is None

    def say(self, line):
        """Gives LINE to the program's standard input."""
        self.child.stdin.write((line + "\n").encode())
        self.child.stdin.flush()

    def await_says(self, regex, seconds=PATIENCE):
        """Waits until standard output has REGEX; returns the match."""
        def look():
            ended = not self.alive()
            found = re.search(regex, self.out, re.MULTILINE)
            expect(found or not ended, f"{self.name} ended without saying {regex!r}")
            return found
        return await_(look, f"{self.name} to say {regex!r}", seconds)

    def wait(self, status=0, seconds=PATIENCE):
        """Waits for the end; STATUS is what is expected, None: any.  Returns standard output."""
        if self.child.stdin:
            self.child.stdin.close()
        try:
            code = self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self.name} still runs after {seconds} s") from None
        if status is not None:
            expect_equal(code, status, f"exit status of {self.name}")
        return self.out

    def signal(self, number):
        os.kill(self.pid, number)

    def kill9(self):
        """Kills it and all that it started, and waits until it is gone."""
        if self.alive():
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.child.wait()

    def transcript(self):
        text = f"  ---- {' '.join(self.command)}\n"
        for line in (self.out + self.err).splitlines()[-40:]:
            text += f"  | {line}\n"
        code = "runs" if self.alive() else f"exit status {self.child.returncode}"
        return text + f"  ---- {code}\n"


class Probe(Process):
    """test/linux/probe.c: does one call of the library a line; its head lists the lines.

    COMMAND is what runs it, if not simply its name does."""

    def __init__(self, bed, command=None):
        super().__init__(bed, command or [bed.program("linux-probe")], stdin=True)
        self.read = 0                       # lines of its output so far

    def answers(self, count=1, seconds=PATIENCE):
        """The next COUNT lines that it prints."""
        def look():
            ended = not self.alive()
            lines = self.out.split("\n")[self.read:-1]
            expect(len(lines) >= count or not ended, "the probe has ended")
            return lines[:count] if len(lines) >= count else None
        lines = await_(look, f"{count} lines of the probe", seconds)
        self.read += count
        return lines

    def ask(self, line, seconds=PATIENCE):
        """Gives LINE; returns what follows the colon of its one line of answer."""
        self.say(line)
        answer = self.answers(1, seconds)[0]
        return answer.partition(": ")[2].strip()

    def expect(self, line, wanted):
        expect_equal(self.ask(line), wanted, line)

    def expect_says(self, line, regex):
        expect_says(regex, self.ask(line))

    def events(self):
        """What the library's events said since the last call."""
        self.say("events")
        lines = []
        while True:
            line = self.answers(1)[0]
            if line.startswith("events: "):
                return lines
            lines.append(line.partition(": ")[2])

    def await_event(self, says):
        """Waits until an event is like SAYS."""
        await_(lambda: any(re.search(says, e) for e in self.events()), f"the event {says!r}")

    def open(self, url):
        self.expect("open " + url, "0")
        return self


class Server:
    """A vhost-user server: a program that listens at a socket, started as often as one likes."""

    def __init__(self, bed, socket, command):
        self.bed, self.socket, self.command = bed, socket, command
        self.process = None

    def start(self):
        self.process = self.bed.start(*self.command)
        await_(lambda: listening(self.socket) or not self.process.alive(), "the server to listen")
        expect(self.process.alive(), f"{self.process.name} ended at once")
        return self

    def kill9(self):
        """Kills the server; its stale socket is removed once it is reaped."""
        self.process.kill9()
        if os.path.exists(self.socket):
            os.unlink(self.socket)

    def url(self, **options):
        """The server's URL; poll_us=5 is written poll-us=5."""
        words = "&".join(f"{k.replace('_', '-')}={v}" for k, v in options.items())
        return f"vhost-user:{self.socket}" + ("?" + words if words else "")


class Daemon(Server):
    """qemu-storage-daemon with a vhost-user-blk export of NODES, the last of them called disk.

    NODES is an image's path, or a list of --blockdev options; WITHIN a command that runs it."""

    def __init__(self, bed, socket, nodes, within, export):
        super().__init__(bed, socket, None)
        self.image = nodes if isinstance(nodes, str) else None
        self.nodes = nodes if self.image is None else [
            f"driver=file,filename={nodes},node-name=disk"]
        self.within, self.export = list(within), dict({"writable": "on"}, **export)

    def start(self, **changes):
        """CHANGES of the export's options stay for later starts."""
        self.export.update(changes)
        export = f"type=vhost-user-blk,id=e,node-name=disk,addr.type=unix,addr.path={self.socket}"
        for name, value in self.export.items():
            export += f",{name.replace('_', '-')}={value}"
        self.command = self.within + [need("qemu-storage-daemon")]
        for node in self.nodes:
            self.command += ["--blockdev", node]
        self.command += ["--export", export]
        return super().start()


class Bed:
    """One case's folder and processes."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="orion-")  # short: a socket's path has 107 bytes
        self.processes, self.servers = [], 0
        self.later = []                     # functions to call at the end, the last first

    def path(self, name):
        return os.path.join(self.folder, name)

    def image(self, length, seed=None, name="disk.img"):
        """An image of LENGTH bytes, of pattern:SEED or sparse.  Returns its path."""
        with open(self.path(name), "wb") as f:
            for at in range(0, length if seed is not None else 0, MIB):
                f.write(pattern(seed, at, min(MIB, length - at)))
            f.truncate(length)
        return self.path(name)

    def start(self, *command, env=None, stdin=False):
        """Starts a program of the host."""
        need(str(command[0]))
        return Process(self, command, env, stdin)

    def run(self, *command, status=0, env=None, seconds=PATIENCE):
        """Runs a program of the host to its end; returns what it printed."""
        return self.start(*command, env=env).wait(status, seconds)

    def program(self, name):
        path = os.path.join(BUILD, name)
        expect(os.path.exists(path), f"there is no {path}: make linux plugins MODE={MODE}")
        return path

    def orion(self, name, *words, status=0, env=None, seconds=PATIENCE):
        """Runs one of our programs to its end; returns the Process (out, err)."""
        process = self.start(self.program(name), *words, env=env)
        process.wait(status, seconds)
        return process

    def report(self, command, *words, env=None, status=0):
        """What a command of vblk reports in JSON, held to the schema."""
        out = self.orion("vblk", *command.split(), *words, "--json", env=env, status=status).out
        try:
            return reports.read(command, out)
        except reports.Breach as error:
            raise Failure(str(error)) from None

    def await_published(self, url, env):
        """Waits until a program has completed requests of the disk at URL, and says so."""
        await_(lambda: any(disk["disk"] == url and disk["completed"]
                           for disk in self.report("stats", env=env)["disks"]),
               f"{url} to be seen at work", step=0.1)

    def probe(self, url=None):
        """A Probe, with the disk at URL open."""
        probe = Probe(self)
        return probe if url is None else probe.open(url)

    def socket(self):
        self.servers += 1
        return self.path(f"{self.servers}.sock")

    def serve(self, socket, *command):
        """Starts a program that listens at SOCKET.  Returns the Server."""
        return Server(self, socket, command).start()

    def daemon(self, nodes, within=(), **export):
        """Starts qemu-storage-daemon: daemon(image, num_queues=4).  Returns the Daemon."""
        return Daemon(self, self.socket(), nodes, within, export).start()

    def end(self):
        """Ends what serves in this process; what went wrong in there is a failure, too."""
        words = ""
        while self.later:
            words += self.later.pop()() or ""
        # A race is only told of, and most processes are killed before they could exit by it.
        for process in self.processes:
            if "Sanitizer: " in process.err:
                words += process.err
        expect(not words, words)

    def transcript(self):
        return "".join(p.transcript() for p in self.processes[-6:])

    def close(self):
        for process in self.processes:
            process.kill9()
        while self.later:
            self.later.pop()()
        shutil.rmtree(self.folder, ignore_errors=True)
