# SPDX-License-Identifier: MIT
"""The interactive console, typed at through a pseudo-terminal as a person would."""
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
                self.text += os.read(self.master, 65536).decode(errors="replace")
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


def cases():
    for case in (session, editing, interrupt, garbage):
        yield "console-" + case.__name__, case
