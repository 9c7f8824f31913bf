# SPDX-License-Identifier: MIT
"""A back end that breaks the protocol on the socket: V01 to V15.

After every offence the program still runs, has as many descriptors as before, and knows in words
what was wrong; an honest back end is then as welcome as ever.
"""
import itertools
import os
import socket
import struct
import threading

import backend as b
from backend import HANGUP, HungUp, Say
from bed import KIB, PATIENCE, expect, expect_equal, expect_says
from hostile import Trial, built, parts


def cases():
    for run in (sound, V01_hangup, V01_cut, V01_byte_by_byte, V01_one_deadline, V02_size,
                V03_header, V04_descriptors, V05_config, V06_numbers, V07_refused, V08_sealed,
                V09_holes, V10_inflight, V11_eventfds, V12_error, V12_error_again_and_again,
                V13_base, V14_channel, V14_resize, V15_zombie, silent, hung_reconnect):
        yield "hostile/" + run.__name__, run


# ---- the socket ----

def sound(bed):
    """The honest back end is one, in all its dialects: else nothing else here means anything."""
    for fields in ({}, {"protocol": b.P_CONFIG}, {"features": b.PROTOCOL | b.VERSION_1},
                   {"protocol": b.P_CONFIG | b.P_MQ | b.P_REPLY_ACK}):
        trial = Trial(bed, **fields)
        trial.probe.open(trial.backend.url(queues=3))
        for line in ("vector 9", "write 0 65536 1", "verify 0 65536 1", "alloc 131072",
                     "write 65536 65536 2", "verify 65536 65536 2", "flush", "vector 0",
                     "threads 3"):
            told = "0"
            if line == "flush" and not trial.backend.features & b.FLUSH:
                told = "EOPNOTSUPP"             # nothing is promised, so nothing is claimed
            trial.probe.say(line) if "vector" in line else trial.probe.expect(line, told)
        trial.probe.expect("identify", "0 hostile")
        trial.probe.expect("close", "0")
        trial.probe.expect("fds", trial.fds)
        expect_equal(trial.backend.trouble, "", "the back end's trouble")


def V01_hangup(bed):
    """The connection ends at each message of the opening."""
    trial = Trial(bed)
    said, _ = trial.messages()
    for number in range(len(said)):
        it_is = trial.is_number(number)
        trial.backend.on_request = lambda name: HANGUP if it_is() else None
        trial.refused("ECONNRESET|EPIPE", "the connection broke at [A-Z_]+")
    trial.again_honest()


def V01_cut(bed):
    """The connection ends in the middle of each answer."""
    trial = Trial(bed)
    _, answers = trial.messages()
    for number, name in enumerate(answers):
        for length in (0, 1, 11, 12, 13, 19):
            trial.change_answer(number, lambda m: Say(m[:length], hangup=True))
            trial.refused("ECONNRESET", f"the connection broke at {name}")
    trial.again_honest()


def V01_byte_by_byte(bed):
    """Answers that come in single bytes are answers."""
    trial = Trial(bed)
    trial.backend.on_answer = lambda name, message: Say(message, pause=0.002)
    trial.welcome()


def V01_one_deadline(bed):
    """The time for an answer is for all of it, not for each byte."""
    trial = Trial(bed)
    trial.backend.on_answer = lambda name, message: Say(message, pause=0.15)
    trial.refused("ETIMEDOUT", "no answer to GET_FEATURES in 400 ms", answer="400ms")
    trial.again_honest()


def V02_size(bed):
    trial = Trial(bed)
    _, answers = trial.messages()
    for number, name in enumerate(answers):
        for change in (-4, 4, 4096, 0xffffffff):
            def lie(message):
                request, flags, size, payload = parts(message)
                return built(request, flags, change if change > 9999 else size + change, payload)
            trial.change_answer(number, lie)
            trial.refused("EPROTO", f"the answer to {name} has [0-9]+ bytes, not [0-9]+")
    trial.again_honest()


def V03_header(bed):
    trial = Trial(bed)
    _, answers = trial.messages()
    for number, name in enumerate(answers):
        for change, says in ((lambda r, f: (r + 1, f), f"{name} was answered with message"),
                             (lambda r, f: (0xffffffff, f), f"{name} was answered with message"),
                             (lambda r, f: (r, b.REPLY | 2), f"answer to {name} has flags 0x6"),
                             (lambda r, f: (r, b.REPLY), f"answer to {name} has flags 0x4"),
                             (lambda r, f: (r, 1), f"answer to {name} has flags 0x1")):
            def lie(message):
                request, flags, size, payload = parts(message)
                return built(*change(request, flags), size, payload)
            trial.change_answer(number, lie)
            trial.refused("EPROTO", says)
    trial.again_honest()


def V04_descriptors(bed):
    """Descriptors that belong to nothing are closed, however many come."""
    trial = Trial(bed)
    _, answers = trial.messages()
    gifts = [os.open("/dev/null", os.O_RDONLY) for _ in range(64)]
    try:
        for number, name in enumerate(answers):
            for count in (1, 8, 9, 64):
                trial.change_answer(number, lambda m: Say(m, gifts[:count]))
                trial.refused("EPROTO", f"descriptors came with the answer to {name}")
    finally:
        for fd in gifts:
            os.close(fd)
    trial.again_honest()


def V05_config(bed):
    trial = Trial(bed)

    def inner(offset=0, size=0, keep=None):
        """GET_CONFIG tells of other bytes than it was asked for."""
        def change(name, message):
            request, flags, _, payload = parts(message)
            if name != "GET_CONFIG":
                return message
            told = struct.unpack_from("=III", payload)
            payload = struct.pack("=III", told[0] + offset, told[1] + size, told[2]) + payload[12:]
            payload = payload[:keep]
            return built(request, flags, len(payload), payload)
        return change
    for wrong in (inner(offset=4), inner(size=-4), inner(size=4), inner(keep=40), inner(size=-36,
                                                                                        keep=36)):
        trial.backend.on_answer = wrong
        trial.refused("EPROTO", "the answer to GET_CONFIG")
    trial.again_honest()
    full = trial.backend.config
    trial.backend.config = lambda: full()[:36]          # an older device: shorter, and said so
    trial.welcome()
    trial.backend.config = lambda: b""
    trial.refused("E.*", "config")
    del trial.backend.config
    trial.again_honest()


def V06_numbers(bed):
    trial = Trial(bed)
    trial.backend.queues = 0
    trial.refused("EPROTO", "it has no queues")
    trial.backend.queues = 1 << 63
    trial.backend.config = lambda: bytes(60)
    trial.probe.expect_says("open " + trial.backend.url(queues=16), "^0|queue|field blk_size")
    trial.probe.expect("close", "0")
    trial.again_honest()
    trial.backend.slots = 0
    trial.refused("EPROTO", "it takes no memory at all")
    trial.backend.slots = 1
    trial.probe.open(trial.backend.url())
    trial.probe.expect("alloc 4096", "ENOSPC")
    trial.probe.expect("register 4096", "ENOSPC")
    trial.probe.say("heap")
    trial.probe.expect("write 0 4096 1", "0")
    trial.probe.expect("close", "0")
    trial.backend.slots = (1 << 64) - 1
    trial.welcome()
    trial.backend.protocol = (1 << 64) - 1 - (1 << 12) - (1 << 16)
    trial.welcome()
    trial.backend.protocol = 0
    trial.refused("EOPNOTSUPP", "lacks the protocol feature CONFIG")
    trial.backend.protocol = b.P_CONFIG | b.P_SLOTS     # without acknowledgements: legal
    trial.welcome()


def V07_refused(bed):
    """Every message that can be refused is, once."""
    trial = Trial(bed)
    _, answers = trial.messages()
    for number, name in enumerate(answers):
        if name.startswith("GET_"):
            continue
        trial.change_answer(number, lambda m: m[:12] + struct.pack("=Q", 22))
        trial.refused("EPROTO", f"the back end refused {name}")
    trial.again_honest()


# ---- memory ----

def V08_sealed(bed):
    """The back end can't make the memory that it is lent smaller, nor larger."""
    trial, seen = Trial(bed), []

    def shrink(connection, parts_):
        for region in connection.regions:
            for length in (0, region.offset + region.length - 4096, 1 << 40):
                try:
                    os.ftruncate(region.fd, length)
                    os.ftruncate(region.fd, region.offset + region.length)
                    seen.append("done")
                except PermissionError:
                    seen.append("EPERM")
        return connection.execute(parts_)
    trial.backend.on_request_ring = shrink
    trial.probe.open(trial.backend.url())
    trial.probe.expect("write 0 4096 1", "0")
    trial.probe.expect("alloc 65536", "0")
    trial.probe.expect("verify 0 4096 1", "0")
    expect_equal((len(seen), set(seen)), (9, {"EPERM"}), "ftruncate of lent memory")


def V09_holes(bed):
    """The back end punches all memory out from under the rings: they are made anew."""
    trial = Trial(bed)
    served = itertools.count()

    def punch(connection, parts_):
        if next(served) == 3:
            region = connection.regions[0]
            bed.run("fallocate", "--punch-hole", "--offset", 0, "--length", region.length,
                    f"/proc/{os.getpid()}/fd/{region.fd}")
            raise HungUp
        return connection.execute(parts_)
    trial.backend.on_request_ring = punch
    trial.welcome([f"{verb} {i * 65536} 65536 {i}" for i in range(8)
                   for verb in ("write", "verify")])


def V10_inflight(bed):
    """A back end that keeps a record of its own, and acts on it again: what was in flight when it
    died is done once, from ours."""
    trial, unfinished, done = Trial(bed), [], []
    trial.backend.protocol |= b.P_INFLIGHT
    record = os.memfd_create("record")
    trial.backend.inflight = lambda payload: (payload, [record])

    class Again(b.Connection):
        def on_SET_INFLIGHT_FD(self, payload, fds):
            super().on_SET_INFLIGHT_FD(payload, fds)
            done.extend(unfinished)

    def die_once(connection, parts_):
        if trial.backend.connections == 1:
            unfinished.append(connection.kind(parts_))
            raise HungUp
        done.append(connection.kind(parts_))
        return connection.execute(parts_)
    trial.backend.connection = Again
    trial.backend.on_request_ring = die_once
    trial.probe.open(trial.backend.url(durable="on"))
    trial.probe.expect("write 0 4096 1", "0")
    expect_equal((unfinished, done), ([1], [1]), "writes: in flight at the end, carried out")
    expect_equal(trial.backend.told("SET_INFLIGHT_FD"), [], "records that were handed over")
    os.close(record)


def V11_eventfds(bed):
    """Counters of eventfds that are full block nobody."""
    trial, most = Trial(bed), (1 << 64) - 2

    def saturate(connection, parts_):
        for ring in connection.rings.values():
            ring.signal("KICK", most)
            ring.signal("CALL", most)
        return connection.execute(parts_)
    trial.backend.on_request_ring = saturate
    trial.backend.on_turn = lambda connection: [r.signal("CALL") for r in connection.rings.values()]
    for wait in ("event", "adaptive", "poll"):
        trial.welcome(("write 0 65536 1", "verify 0 65536 1", "threads 4"), queues=4, wait=wait)


def V12_error(bed):
    """A ring that the back end calls broken is left: the request is done on another connection."""
    trial = Trial(bed)
    served = itertools.count()

    def fail(connection, parts_):
        if next(served) == 2:
            connection.rings[0].signal("ERR")
        return connection.execute(parts_)
    trial.backend.on_request_ring = fail
    trial.backend.on_used = lambda queue, head, length: (
        [] if trial.backend.served == 3 else [(head, length)])
    trial.probe.open(trial.backend.url())
    for line in ("write 0 4096 1", "verify 0 4096 1", "write 0 4096 2", "verify 0 4096 2"):
        trial.probe.expect(line, "0")
    trial.probe.expect_says("info", "connections=2 ")
    trial.probe.say("events")
    expect_says("says that a ring is broken", trial.probe.answers(1)[0])


def V12_error_again_and_again(bed):
    """A back end that does so always is given up."""
    trial = Trial(bed)
    trial.backend.on_request_ring = lambda connection, parts_: (
        connection.rings[0].signal("ERR"), connection.execute(parts_))[1]
    trial.backend.on_used = lambda queue, head, length: []
    trial.probe.open(trial.backend.url())
    trial.probe.expect("write 0 4096 1", "ENODEV")
    trial.probe.expect_says("text", "requests fail until .*: the back end broke the protocol again")
    trial.probe.expect("close", "0")
    trial.probe.expect("fds", trial.fds)


def V13_base(bed):
    """What the rings' last index is said to be is of no use to us: closing is closing."""
    trial = Trial(bed)
    for answer in (struct.pack("=II", 99, 0xffffffff), b"", b"\xff" * 8, b"\0" * 64):
        def lie(name, message):
            request, flags, size, payload = parts(message)
            return message if name != "GET_VRING_BASE" else built(request, flags, size, answer)
        trial.backend.on_answer = lie
        trial.welcome(answer="1s")
    trial.backend.on_answer = lambda name, m: Say(b"", hangup=True) if name == "GET_VRING_BASE" \
        else m
    trial.welcome()


# ---- the back end's own requests ----

def on_channel(connection, *messages):
    """Sends MESSAGES on the back end's channel, as long as there is room."""
    try:
        for message in messages:
            connection.channel.send(message, 0x40)      # MSG_DONTWAIT
    except (BlockingIOError, BrokenPipeError, ConnectionResetError):
        pass


def V14_channel(bed):
    """A flood of news, unknown requests, and nonsense: I/O goes on, and nothing leaks."""
    trial = Trial(bed)
    floods = ([built(2, 1, 0, b"")] * 500, [built(2, 1 | b.NEED_REPLY, 0, b"")] * 50,
              [built(99, 1 | b.NEED_REPLY, 8, bytes(8))] * 50, [b"\xff" * 100],
              [built(3, 1, 0xffffffff, b"")], [built(2, 1 | b.REPLY, 0, b"")])
    for flood in floods:
        trial.backend.on_request_ring = lambda connection, parts_: (
            on_channel(connection, *flood), connection.execute(parts_))[1]
        trial.welcome([f"{verb} {i * 4096} 4096 {i}" for i in range(20)
                       for verb in ("write", "verify")])


def V14_resize(bed):
    """News of the configuration are followed: another size, with I/O going on."""
    trial = Trial(bed)
    trial.probe.open(trial.backend.url())
    trial.probe.expect(f"write {1024 * KIB} 4096 1", "refused ERANGE")

    def grow(connection, parts_):
        if len(trial.backend.disk) == 1024 * KIB:
            trial.backend.disk += bytes(1024 * KIB)
            on_channel(connection, built(2, 1, 0, b""))
        return connection.execute(parts_)
    trial.backend.on_request_ring = grow
    trial.probe.expect("write 0 4096 1", "0")
    while f"bytes={2048 * KIB} " not in trial.probe.ask("info"):
        trial.probe.say("sleep 1")
    trial.probe.expect(f"write {1024 * KIB} 4096 1", "0")
    trial.probe.say("events")
    expect_says(f"the size is now {2048 * KIB} bytes", trial.probe.answers(1)[0])


# ---- what comes after ----

def V15_zombie(bed):
    """A back end whose connection has ended writes all over the memory that it was lent."""
    trial, zombies, over = Trial(bed), [], threading.Event()
    served = itertools.count(1)

    def scribble(connection):
        noise, region = os.urandom(1 << 16), connection.regions[0]
        while not over.is_set():
            for at in range(0, region.length, len(noise)):
                piece = noise[:region.length - at]
                region.map[region.offset + at:region.offset + at + len(piece)] = piece
            over.wait(0.001)
        connection.close()

    def become_one(connection):
        connection.sock.shutdown(socket.SHUT_RDWR)
        if trial.backend.connections < 4:
            zombies.append(threading.Thread(target=scribble, args=(connection,)))
            zombies[-1].start()
        else:
            connection.close()

    def die_sometimes(connection, parts_):
        if next(served) % 7 == 0 and trial.backend.connections < 4:
            raise HungUp
        return connection.execute(parts_)
    trial.backend.on_end, trial.backend.on_request_ring = become_one, die_sometimes
    bed.later.append(lambda: (over.set(), [z.join() for z in zombies]) and None)
    trial.probe.open(trial.backend.url(bounce="256kB", durable="on", answer="300ms"))
    for i in range(30):
        for verb in ("write", "verify"):
            trial.probe.expect(f"{verb} {i * 8192} 8192 {i}", "0")
    expect_equal(len(zombies), 3, "zombies")
    for i in range(30):
        trial.probe.expect(f"verify {i * 8192} 8192 {i}", "0")
    trial.probe.expect_says("info", "connections=4 ")


def silent(bed):
    """A back end that takes a message and says nothing: the error names the message."""
    trial = Trial(bed)
    _, answers = trial.messages()
    for number, name in enumerate(answers):
        if name in ("GET_FEATURES", "SET_FEATURES", "GET_CONFIG", "SET_VRING_ENABLE"):
            trial.change_answer(number, lambda m: None)
            says = "hangs, or serves another program" if name == "GET_FEATURES" else "hangs$"
            trial.refused("ETIMEDOUT", f"no answer to {name} in 1000 ms; the back end {says}",
                          answer="1s")
    trial.again_honest()


def hung_reconnect(bed):
    """While a new back end takes its time to answer, a wait of 100 ms is one of 100 ms."""
    trial, hangs, go_on = Trial(bed), threading.Event(), threading.Event()
    bed.later.append(go_on.set)

    def hang(name):
        if name == "SET_VRING_KICK" and trial.backend.connections > 1:
            hangs.set()
            go_on.wait()
    trial.backend.on_request = hang

    def die(connection, parts_):
        if trial.backend.connections == 1:
            raise HungUp
        return connection.execute(parts_)
    trial.backend.on_request_ring = die
    trial.probe.open(trial.backend.url(answer="1h"))
    trial.probe.say("+write 0 4096 1")
    expect(hangs.wait(PATIENCE), "no second connection")
    trial.probe.say("wait 1 100")
    expect_equal(trial.probe.answers(1, seconds=20), ["wait: none"], "while the back end hangs")
    go_on.set()
    trial.probe.say("wait")
    expect_equal(trial.probe.answers(1), ["write 0 4096 1: 0"], "afterwards")
