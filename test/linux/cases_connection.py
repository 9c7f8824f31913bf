# SPDX-License-Identifier: MIT
"""What outlives a connection, and what must not: zombies, promises, identity, order, time.

The back ends here are honest but for the one thing that their case is about.
"""
import fcntl
import os
import select
import signal
import struct
import threading
import time

import backend as b
from bed import KIB, MIB, PATIENCE, await_, expect, expect_equal, expect_says
from pattern import pattern


def cases():
    for run in (zombie_asked, zombie_holds_on, zombie_never_ends, zombie_drains, blocking_eventfds,
                promise_comes, promise_of_each, promise_durable, once_each, order, other_disk,
                no_serial, no_answer_about_serial, comes_back_late, late_answer, reader):
        yield "connection/" + run.__name__, run


# ---- the old instance ----

class Zombie:
    """A back end that keeps the first write to itself, and carries it out in its own thread."""

    def __init__(self, bed, **fields):
        self.server = b.Backend(bed, **fields)
        self.server.on_request_ring = self.serve
        self.server.on_used = lambda queue, head, length: (
            [] if self.holding() else [(head, length)])
        self.go, self.landed, self.flushed = (threading.Event() for _ in range(3))
        self.thread, self.writes = None, []
        bed.later.append(self.end)

    def holding(self):
        return self.server.connections == 1 and self.thread is not None

    def serve(self, connection, parts):
        kind = connection.kind(parts)
        if kind == 1:
            self.writes.append(self.server.connections)
        if kind == 1 and self.thread is None:
            place = struct.unpack("=Q", connection.read(parts[0][0] + 8, 8))[0] * 512
            data = b"".join(connection.read(a, n) for a, n, w in parts[1:-1])
            self.thread = threading.Thread(target=self.carry_out, args=(connection, place, data))
            self.thread.start()
            self.held(connection)
            return None, 0
        if kind == 4:
            self.flushed.set()
        return connection.execute(parts)

    def held(self, connection):
        """The write is held."""

    def carry_out(self, connection, place, data):
        self.go.wait(PATIENCE)
        self.server.disk[place:place + len(data)] = data
        self.landed.set()

    def end(self):
        self.go.set()
        if self.thread is not None:
            self.thread.join()


def overwrite(probe, zombie):
    """Writes again where the held write lies, has it flushed, and lets what lives on have its turn.

    The second write must be there in the end."""
    probe.expect("write 0 4096 2", "0")
    probe.expect("flush", "0")
    zombie.go.set()
    expect(zombie.landed.wait(PATIENCE), "the held write was never carried out")
    expect_equal(bytes(zombie.server.disk[:4096]), pattern(2, 0, 4096), "what was flushed")


def zombie_asked(bed):
    """A back end that says a ring is broken, and has threads: it is asked to stop its rings first.

    It carries out what it holds then, as the protocol wants it, and before anything is replayed."""
    zombie = Zombie(bed)
    zombie.held = lambda connection: connection.rings[0].signal("ERR")

    def stop(name):
        if name == "GET_VRING_BASE" and zombie.thread is not None:
            zombie.go.set()
            zombie.thread.join()
    zombie.server.on_request = stop
    probe = bed.probe(zombie.server.url())
    probe.expect("write 0 4096 1", "0")
    probe.expect_says("info", "connections=2 ")
    expect(zombie.landed.is_set(), "replayed before the old write was carried out")
    overwrite(probe, zombie)


def zombie_holds_on(bed):
    """It closes the connection, but a thread still has its memory: nothing is replayed by then."""
    zombie = Zombie(bed)

    def hang_up(connection):
        raise b.HungUp

    def linger(connection):
        if connection.asked and not zombie.landed.is_set():
            connection.sock.close()
            zombie.lingering = connection
        else:
            connection.close()

    def carry_out(connection, place, data):
        Zombie.carry_out(zombie, connection, place, data)
        connection.close()
    zombie.held, zombie.server.on_end, zombie.carry_out = hang_up, linger, carry_out
    probe = bed.probe(zombie.server.url(answer="1h"))
    probe.say("+write 0 4096 1")
    probe.say("wait 1 500")
    expect_equal(probe.answers(1), ["wait: none"], "while the old write may still come")
    expect_equal(zombie.writes, [1], "connections on which something was written")
    probe.expect_says("info", "connected=1 connections=2 ")
    zombie.go.set()
    probe.say("wait")
    expect_equal(probe.answers(1), ["write 0 4096 1: 0"], "afterwards")
    overwrite(probe, zombie)


def zombie_never_ends(bed):
    """It says nothing more and lets nothing go: its writes fail, what is harmless is done again."""
    zombie = Zombie(bed)
    zombie.held = lambda connection: connection.rings[0].signal("ERR")

    def fall_silent(name):
        if name == "GET_VRING_BASE" and zombie.server.connections == 1:
            return b.HANGUP
        return None
    kept = []

    def keep(connection):
        (kept.append if zombie.server.connections == 1 else b.Connection.close)(connection)
    zombie.server.on_request, zombie.server.on_end = fall_silent, keep
    bed.later.append(lambda: [c.close() for c in kept] and None)
    probe = bed.probe(zombie.server.url(answer="200ms", loss="1s"))
    probe.say("+write 0 4096 1")
    probe.say("+read 8192 4096")
    probe.say("wait")
    expect_equal(sorted(probe.answers(2)), ["read 8192 4096: 0", "write 0 4096 1: ENODEV"],
                 "results")
    expect_equal(zombie.writes, [1], "connections on which something was written")
    probe.await_event("the back end of before may still be at it")
    probe.expect("write 0 4096 2", "0")
    probe.expect_says("info", "connections=2 ")


def zombie_drains(bed):
    """It reads on from the eventfds that it was given: those of the next connection are others."""
    server, over = b.Backend(bed), threading.Event()

    def drain(connection):
        fds = [fd for ring in connection.rings.values() for fd in ring.fds.values() if fd >= 0]
        while not over.is_set():
            for fd in select.select(fds, [], [], 0.01)[0]:
                try:
                    os.read(fd, 8)
                except BlockingIOError:
                    pass
        connection.close()

    def become_one(connection):
        connection.sock.close()
        thread = threading.Thread(target=drain, args=(connection,))
        thread.start()
        bed.later.append(lambda: (over.set(), thread.join()) and None)

    def die(connection, parts):
        if server.connections == 1 and server.served == 3:
            server.on_end = become_one
            raise b.HungUp
        if server.connections == 2:
            server.on_end = b.Connection.close
            time.sleep(0.002)                           # until the client sleeps
        return connection.execute(parts)
    server.on_request_ring = die
    probe = bed.probe(server.url(wait="event"))
    for _ in range(200):
        probe.expect("read 0 4096", "0")
    expect_says("late=0", probe.ask("stats"))
    probe.expect_says("info", "connections=2 ")


def blocking_eventfds(bed):
    """It makes the eventfds that it shares with us block, and keeps one empty, the other full."""
    server, most = b.Backend(bed), (1 << 64) - 2

    def be_mean(connection, parts):
        ring = connection.rings[0]
        if server.connections == 1:
            for which in ("CALL", "KICK"):
                flags = fcntl.fcntl(ring.fds[which], fcntl.F_GETFL)
                fcntl.fcntl(ring.fds[which], fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
            if server.served < 3:
                drain_soon(ring.fds["CALL"])
            else:
                while select.select([ring.fds["KICK"]], [], [], 0)[0]:
                    os.read(ring.fds["KICK"], 8)
                os.write(ring.fds["KICK"], struct.pack("=Q", most))
                ring.enabled = False                    # and reads it no more
        return connection.execute(parts)

    def drain_soon(fd):
        def drain():
            if select.select([fd], [], [], 0.05)[0]:
                os.read(fd, 8)
        thread = threading.Thread(target=drain)
        thread.start()
        bed.later.append(lambda: thread.join(PATIENCE))
    server.on_request_ring = be_mean
    probe = bed.probe(server.url(wait="event"))
    for i in range(30):
        probe.expect(f"write {i * 4096} 4096 {i}", "0")
    for i in range(30):
        probe.expect(f"verify {i * 4096} 4096 {i}", "0")


# ---- what is promised ----

def loses_cache(server, number):
    """The back end dies at its next request, if that is on connection NUMBER."""
    def die(connection, parts):
        if server.connections == number:
            raise b.HungUp
        return connection.execute(parts)
    server.on_request_ring = die


def promise_comes(bed):
    """No FLUSH at first: nothing is claimed.  Then it is offered, and what it owes is reckoned."""
    server = b.Backend(bed)
    server.features &= ~b.FLUSH
    probe = bed.probe(server.url())
    probe.expect("write 0 4096 1", "0")
    probe.expect("flush", "EOPNOTSUPP")
    probe.expect("sync-flush", "EOPNOTSUPP")
    server.features |= b.FLUSH
    loses_cache(server, 1)
    probe.expect("read 0 4096", "0")
    probe.expect_says("info", "flush=1 .*connections=2 ")
    probe.expect("flush", "ESTALE")         # what the first acknowledged was never promised
    probe.expect("flush", "0")
    probe.expect("write 0 4096 2", "0")
    loses_cache(server, 2)
    probe.expect("read 0 4096", "0")
    probe.expect("flush", "ESTALE")
    probe.expect("flush", "0")


def promise_of_each(bed):
    """What one connection owes is not what the next one is asked for."""
    server = b.Backend(bed)
    probe = bed.probe(server.url(loss="500ms"))
    probe.expect("write 0 4096 1", "0")
    probe.expect("flush", "0")
    server.features &= ~b.FLUSH
    loses_cache(server, 1)
    probe.expect("read 0 4096", "ENODEV")
    probe.expect_says("text", "came back without flush")
    server.features |= b.FLUSH
    probe.await_event("connected again")
    probe.expect("flush", "0")              # nothing was acknowledged that is not flushed
    probe.expect("write 0 4096 2", "0")


def promise_durable(bed):
    """The user promises what the device does not."""
    server = b.Backend(bed)
    server.features &= ~b.FLUSH
    probe = bed.probe(server.url(durable="on"))
    probe.expect("write 0 4096 1", "0")
    probe.expect("flush", "0")
    loses_cache(server, 1)
    probe.expect("read 0 4096", "0")
    probe.expect("flush", "0")


# ---- each request once, in its order ----

def once_each(bed):
    """As many reads in flight as there is room for, a flush that ends at once; then it dies."""
    for depth in (1, 2, 8):
        server = b.Backend(bed)
        server.features &= ~b.FLUSH
        server.on_used = lambda queue, head, length: (
            [(head, length)] if server.connections > 1 else [])
        probe = bed.probe(server.url(depth=depth))
        for i in range(depth):
            probe.say(f"+read {i * 4096} 4096")
        await_(lambda: server.served == depth, "the reads to arrive")
        probe.say("+flush")
        server.on_turn = lambda connection: hang_up(server, connection)
        probe.say("wait")
        refused = probe.answers(1)[0]
        expect_equal(refused, "flush: refused EAGAIN", "one more than there is room for")
        expect_equal(sorted(probe.answers(depth)),
                     sorted(f"read {i * 4096} 4096: 0" for i in range(depth)), "each once")
        probe.expect("close", "0")


def hang_up(server, connection):
    if server.connections == 1:
        raise b.HungUp


def order(bed):
    """Twelve writes, two connections that take some and die: they come in their order each time."""
    server, seen, gate = b.Backend(bed), {}, threading.Event()
    bed.later.append(gate.set)

    def hold_the_door(name):
        if server.connections == 2:
            gate.wait(PATIENCE)
    server.on_request = hold_the_door

    def note(connection, parts):
        if connection.kind(parts) == 0:
            raise b.HungUp
        place = struct.unpack("=Q", connection.read(parts[0][0] + 8, 8))[0] * 512
        mine = seen.setdefault(server.connections, [])
        mine.append(place // 8192)
        if server.connections > 3:
            return connection.execute(parts)
        if len(mine) == 7:                              # with the read, the bounce memory is full
            raise b.HungUp
        return None, 0
    server.on_request_ring = note
    server.on_used = lambda queue, head, length: (
        [(head, length)] if server.connections > 3 else [])
    probe = bed.probe(server.url(bounce="64kB", depth=16))
    probe.say("+read 0 512")
    await_(lambda: server.connections == 2, "the first loss")
    for i in range(12):
        probe.say(f"+write {i * 8192} 8192 {i}")
    # The read that killed the first is done by the others.
    server.on_request_ring = lambda connection, parts: (
        connection.execute(parts) if connection.kind(parts) == 0 else note(connection, parts))
    probe.expect_says("info", "in-flight=13")
    gate.set()
    probe.say("wait")
    probe.answers(13)
    expect_equal(seen[2], list(range(7)), "on the second connection")
    expect_equal(seen[3], list(range(7)), "on the third")
    expect_equal(seen[4], list(range(12)), "on the fourth")


# ---- the same disk ----

def other_disk(bed):
    """Another disk of the same size at the same socket gets nothing; the right one goes on."""
    server, held = b.Backend(bed), []

    def die(connection, parts):
        if server.connections == 1:
            server.serial, server.disk = b"stranger", bytearray(len(server.disk))
            raise b.HungUp
        held.append(bytes(server.serial))
        return connection.execute(parts)
    server.on_request_ring = die
    probe = bed.probe(server.url(loss="0"))
    probe.say("+write 0 4096 1")
    probe.await_event("serial number 'stranger', not 'hostile': another disk; not taken")
    expect_equal(bytes(server.disk[:4096]), bytes(4096), "the stranger's disk")
    server.serial = b"hostile"
    probe.say("wait")
    expect_equal(probe.answers(1), ["write 0 4096 1: 0"], "results")
    expect_equal(set(held), {b"hostile"}, "who was given requests")


def no_serial(bed):
    """A disk without a serial number is known by its size, and not asked again."""
    server, asked = b.Backend(bed), []

    def unsupported(connection, parts):
        asked.append(server.connections)
        return b.UNSUPPORTED, 0
    server.on_serial = unsupported
    probe = bed.probe(server.url())
    loses_cache(server, 1)
    probe.expect("read 0 4096", "0")
    probe.expect_says("info", "connections=2 ")
    expect_equal(asked, [1], "connections that were asked")


def no_answer_about_serial(bed):
    """A device that never answers that question, or dies of it, is opened without."""
    for answer in (None, b.HungUp):
        server = b.Backend(bed)

        def refuse(connection, parts, answer=answer):
            if answer is not None:
                raise answer
            connection.rings[0].enabled = False         # it does nothing any more
        server.on_serial = refuse
        probe = bed.probe(server.url(answer="1s"))
        probe.expect("write 0 4096 1", "0")
        probe.expect("close", "0")


# ---- nothing is given up for good ----

def comes_back_late(bed):
    """It comes back when requests fail already: they succeed again, and what was lost is told."""
    server = bed.daemon(bed.image(MIB))
    probe = bed.probe(server.url(loss="100ms"))
    probe.expect("write 0 4096 1", "0")
    server.kill9()
    probe.expect("read 0 4096", "ENODEV")
    probe.await_event("requests fail until it is back: there is no such socket")
    probe.expect_says("info", "connected=0")
    server.start()
    probe.await_event("connected again")
    probe.expect("verify 0 4096 1", "0")
    probe.expect("flush", "ESTALE")
    probe.expect("write 8192 4096 2", "0")
    probe.expect("flush", "0")
    probe.expect_says("info", "connected=1 connections=2 ")


def late_answer(bed):
    """An answer that comes too late costs a connection, not the disk."""
    server = bed.daemon(bed.image(MIB))
    probe = bed.probe(server.url(answer="500ms"))
    server.process.signal(signal.SIGSTOP)
    probe.expect("alloc 65536", "ETIMEDOUT")
    probe.expect_says("text", "no answer to ADD_MEM_REG in 500 ms|reconnecting")
    probe.expect_says("info", "connected=0")
    server.process.signal(signal.SIGCONT)
    probe.await_event("connected again")
    probe.expect("alloc 65536", "0")
    probe.expect("write 0 4096 1", "0")
    probe.expect("verify 0 4096 1", "0")
    probe.expect_says("info", "connected=1")


def reader(bed):
    """Who only reads goes on when the disk comes back read-only."""
    server = bed.daemon(bed.image(MIB, 1))
    for options in ({}, {"read_only": "on"}):
        probe = bed.probe(server.url(**options))
        probe.expect("verify 0 4096 1", "0")
        server.kill9()
        server.start(writable="off")
        probe.expect("verify 4096 4096 1", "0")
        probe.expect("write 0 4096 2", "refused EROFS")
        probe.expect("close", "0")
        server.kill9()
        server.start(writable="on")
