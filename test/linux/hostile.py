# SPDX-License-Identifier: MIT
"""A probe and a hostile back end that meet again and again."""
import collections
import itertools
import struct

import backend as b
from bed import expect, expect_says


class Trial:
    """A probe that opens BACKEND's disk again and again, and leaks nothing."""

    def __init__(self, bed, **fields):
        self.backend = b.Backend(bed, **fields)
        self.honest = dict(self.backend.__dict__)
        self.probe = bed.probe()
        self.fds = self.probe.ask("fds")

    def refused(self, errno, says, **options):
        """Opening fails with ERRNO (a regular expression), in words like SAYS."""
        answer = self.probe.ask("open " + self.backend.url(**options))
        name, _, text = answer.partition(" ")
        expect_says(f"^({errno})$", name)
        expect_says(says, text)
        self.probe.expect("fds", self.fds)

    def welcome(self, lines=("write 0 65536 1", "verify 0 65536 1", "flush"), **options):
        """It opens, LINES give 0, it closes."""
        self.probe.open(self.backend.url(**options))
        for line in lines:
            self.probe.expect(line, "0")
        self.probe.expect("close", "0")
        self.probe.expect("fds", self.fds)

    def again_honest(self):
        for name in ("on_request", "on_answer", "on_used", "on_request_ring", "config", "features",
                     "protocol", "queues", "slots", "inflight"):
            if name in self.honest:
                setattr(self.backend, name, self.honest[name])
            else:
                self.backend.__dict__.pop(name, None)
        self.welcome()

    def messages(self):
        """What an open says, and which of it is answered: two lists of names."""
        answered = []

        def note(name, message):
            answered.append(name)
            return message
        self.backend.on_answer = note
        self.probe.open(self.backend.url())
        said, answers = list(self.backend.log), list(answered)
        self.probe.expect("close", "0")
        expect(len(said) > 15 and len(answers) > 10, f"too few messages: {said}")
        return said, answers

    def is_number(self, number):
        """A function that is true in its NUMBERth call of each connection."""
        counts = collections.defaultdict(itertools.count)
        return lambda: next(counts[self.backend.connections]) == number

    def change_answer(self, number, change):
        """The NUMBERth answer of each connection becomes what CHANGE makes of it."""
        it_is = self.is_number(number)
        self.backend.on_answer = lambda name, message: change(message) if it_is() else message


def parts(message):
    """The message cut into request, flags, size, payload."""
    return (*struct.unpack_from("=III", message), message[12:])


def built(request, flags, size, payload):
    return struct.pack("=III", request, flags, size) + payload
