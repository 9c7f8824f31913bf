# SPDX-License-Identifier: MIT
"""The interactive console, typed at through a pseudo-terminal as a person would."""
import codecs
import os
import pty
import re
import select
import signal
import subprocess
import time

from boot import ARCH, ENVIRONMENT, KERNEL, MIB, ROOT, expect, hash_of, sha256

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"
PROMPT = r"orion> "


class Console:
    """A running kernel with a terminal; TEXT is all that it has printed."""

    def __init__(self, guest, **variables):
        expect(os.path.exists(KERNEL), f"there is no kernel: make kernel ARCH={ARCH}")
        self.text, self.seen, self.guest, self.variables = "", 0, guest, variables
        self.decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self.master, slave = pty.openpty()
        env = dict(ENVIRONMENT, KERNEL=KERNEL, ARCH=ARCH, TERM="xterm",
                   **{k: str(v) for k, v in variables.items()})
        self.child = subprocess.Popen(["tools/run"], cwd=ROOT, env=env, stdin=slave, stdout=slave,
                                      stderr=slave, start_new_session=True)
        os.close(slave)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()
        os.close(self.master)
        self.guest.runs.append((self.variables, self.child.returncode, self.text, ""))

    def pump(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            try:
                # A character may come in two pieces.
                self.text += self.decoder.decode(os.read(self.master, 65536))
            except OSError:                             # the other end is closed
                return False
        return True

    def until(self, regex, seconds=30):
        """Waits until what came since the last until() has REGEX; returns what came up to there."""
        end = time.monotonic() + seconds
        while True:
            found = re.search(regex, self.text[self.seen:], re.IGNORECASE)
            if found:
                piece = self.text[self.seen:self.seen + found.end()]
                self.seen += found.end()
                return piece
            expect(time.monotonic() < end, f"the console did not show: {regex}")
            if not self.pump(0.2):
                expect(re.search(regex, self.text[self.seen:], re.IGNORECASE),
                       f"the console ended and did not show: {regex}")

    def type(self, keys):
        os.write(self.master, keys.encode())

    def paste(self, keys):
        """Types faster than the machine takes it, and reads on meanwhile."""
        data = keys.encode()
        os.set_blocking(self.master, False)
        limit = time.monotonic() + 120
        while data:
            expect(time.monotonic() < limit, "the console takes nothing more")
            if select.select([], [self.master], [], 0.05)[1]:
                data = data[os.write(self.master, data[:1024]):]
            self.pump(0)
        os.set_blocking(self.master, True)

    def command(self, keys, shows, seconds=30):
        self.type(keys + "\r")
        text = self.until(shows, seconds)
        return text + self.until(PROMPT)

    def end(self, seconds=20):
        limit = time.monotonic() + seconds
        while self.child.poll() is None:
            expect(time.monotonic() < limit, "the machine did not power off")
            self.pump(0.2)
        while self.pump(0) and select.select([self.master], [], [], 0)[0]:
            pass
        return self.child.returncode


def session(guest):
    """Type, edit, recall, and power off: the whole first acquaintance."""
    image = guest.ext4("a.img", 4 * MIB)
    with Console(guest, DISK=image) as c:
        c.until(PROMPT, 60)
        out = c.command("help", r"disk bench")
        out = c.command("disk hash vd0", r"[0-9a-f]{64}")
        expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")
        out = c.command("disk hash vd7", r"vd7(.|\s)*?\n.*vd7")
        c.type("power-off\r")
        expect(c.end() == 0, "power-off: exit status is not 0")


def editing(guest):
    with Console(guest, DISK=guest.blank("a.img", MIB)) as c:
        c.until(PROMPT, 60)
        # "disk lst" + left, left, "i": the missing letter goes where the cursor is.
        c.type("disk lst" + LEFT + LEFT + "i\r")
        c.until(r"1048576")
        c.until(PROMPT)
        # backspace takes the wrong letters away; home and end move.
        c.type("list vd0xx\x7f\x7f" + HOME + "disk " + END + "\x7f\x7f\x7f\x7f\r")
        c.until(r"1048576")
        c.until(PROMPT)
        # delete takes the letter under the cursor; tab completes what is unique.
        c.type("virtio-mXem\t" + HOME + RIGHT * 8 + DELETE + END + "ory-info\r")
        c.until(r"quarantined")
        c.until(PROMPT)
        # up recalls the last command, up twice the one before it, down returns.
        c.type(UP + UP + DOWN + "\r")
        c.until(r"quarantined")
        c.until(PROMPT)
        c.type(UP + UP + UP + "\r")
        c.until(r"1048576")
        c.until(PROMPT)
        # Ctrl-C throws the line away.
        c.type("nonsense\x03")
        c.until(PROMPT)
        out = c.command("disk list", r"1048576")
        expect("unknown" not in out, "Ctrl-C did not throw the line away")
        c.type("power-off\r")
        expect(c.end() == 0, "power-off: exit status is not 0")


def interrupt(guest):
    """Ctrl-C ends a long measurement, and the machine goes on."""
    image = guest.blank("a.img", 16 * MIB)
    with Console(guest, DISK=image) as c:
        c.until(PROMPT, 60)
        c.type("disk bench vd0 randread bs=4k depth=8 count=100000000\r")
        time.sleep(3)
        c.type("\x03")
        c.until(PROMPT, 15)
        out = c.command("disk hash vd0", r"[0-9a-f]{64}", 60)
        expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")
        c.type("power-off\r")
        expect(c.end() == 0, "power-off: exit status is not 0")


def garbage(guest):
    """Whatever is typed or pasted, the console survives."""
    with Console(guest, DISK=guest.blank("a.img", MIB)) as c:
        c.until(PROMPT, 60)
        for junk in ("\x1b[999999;1~", "\x1b\x1b\x1b[", "\x00\x01\x02\x0e\xff", "x" * 3000 + "\r",
                     "\t\t\t", "\x1b[A" * 50, "\x7f" * 50, "\r\r\r"):
            c.type(junk)
            c.pump(0.2)
        c.type("\x03\r")
        c.until(PROMPT)
        c.command("disk list", r"vd0")
        c.type("power-off\r")
        expect(c.end() == 0, "power-off: exit status is not 0")


def typed_ahead(guest):
    """What is typed before the kernel runs is not lost, from the first byte on."""
    with Console(guest, DISK=guest.blank("a.img", MIB)) as c:
        if ARCH == "riscv64":                   # OpenSBI takes a byte for itself
            c.until("Boot HART ID", 60)
        c.type("disk list\rdisk hash vd0 0 512\r")
        c.until(r"vd0 +1048576", 60)
        c.until(r"[0-9a-f]{64}")
        expect("unknown" not in c.text, "bytes typed before the prompt are lost")
        c.until(PROMPT)
        c.type("power-off\r")
        expect(c.end() == 0, "power-off: exit status is not 0")


def pasted(guest):
    """A paste of more than the console keeps, while a command runs: every line runs, as it was."""
    lines = 1500
    with Console(guest, DISK=guest.blank("a.img", 64 * MIB)) as c:
        c.until(PROMPT, 60)
        c.type("disk bench vd0 count=100000 depth=4\r")
        time.sleep(0.5)
        c.paste("".join(f"line-{n:06d}-{'x' * 20}\t{n}\r" for n in range(lines)))
        for n in range(lines):
            c.until(rf"unknown command 'line-{n:06d}-x{{20}}'", 120)
        c.until(PROMPT)
        c.type("power-off\r")
        expect(c.end() == 0, "power-off: exit status is not 0")
    unknown = re.findall(r"unknown command '([^']*)'", c.text)
    expect(len(unknown) == lines, f"{len(unknown)} lines ran of {lines}")


def lines_whole_or_not(guest):
    """A line of which not all can be taken does not run; blanks may be tabs, and words UTF-8."""
    with Console(guest, DISK=guest.blank("a.img", MIB)) as c:
        c.until(PROMPT, 60)
        c.paste("disk list" + " " * 600 + "x\r")
        out = c.until(r"too long: it is not run")
        expect("1048576" not in out, "a line that was cut ran")
        c.until(PROMPT)
        c.paste("disk\tlist\t\tvd9\r")
        c.until("there is no disk 'vd9'")
        c.until(PROMPT)
        c.paste("irq\tlist\r")
        c.until("masked")
        c.until(PROMPT)
        c.paste("disk\tlist\r")
        c.until(r"vd0 +1048576")
        c.until(PROMPT)
        c.type("f\u00fcnf \u20ac\U0001f600\r")
        c.until("unknown command 'f\u00fcnf'")
        c.until(PROMPT)
        # Two characters go by two keys, whatever their bytes.
        c.type("disk li\u00fc\u20ac" + "\x7f\x7f" + "st\r")
        c.until(r"vd0 +1048576")
        c.until(PROMPT)
        os.write(c.master, b"disk list \xff\r")
        out = c.until(r"it is not run")
        expect("1048576" not in out, "a line that is no UTF-8 ran")
        c.until(PROMPT)
        c.type("power-off\r")
        expect(c.end() == 0, "power-off: exit status is not 0")


def interrupted_dump(guest):
    """Ctrl-C ends a dump within its first pieces, though a piece would print for minutes."""
    image = guest.path("a.img")
    with open(image, "wb") as f:
        f.write(os.urandom(8 * MIB))
    with Console(guest, DISK=image) as c:
        c.until(PROMPT, 60)
        c.type("disk read vd0 0 8M\r")
        c.until(r"00000100 ")
        c.type("\x03")
        c.until(r"interrupted after", 20)
        c.until(PROMPT)
        c.command("disk hash vd0 0 512", r"[0-9a-f]{64}")
        c.type("power-off\r")
        expect(c.end() == 0, "power-off: exit status is not 0")


def cases():
    for case in (session, editing, interrupt, garbage, typed_ahead, pasted, lines_whole_or_not,
                 interrupted_dump):
        yield "console-" + case.__name__, case
