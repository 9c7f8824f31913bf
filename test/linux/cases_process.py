# SPDX-License-Identifier: MIT
"""The library in a process: forks, signals, threads, several disks, leaks."""
import signal
import threading
import time

import backend as b
import bed as beds
from bed import MIB, expect, expect_equal, need


def cases():
    for run in (fork, fork_in_flight, fork_after_loss, fork_that_stays, interrupted, two_disks,
                threads, leak_open, leak_failed, leak_close_in_flight):
        yield "process/" + run.__name__, run
    if beds.MODE == "release":              # others bring their own checks
        yield "process/memcheck", memcheck


CHILD = ["child submit: ECHILD", "child read: ECHILD", "child flush: ECHILD", "child close: 0",
         "fork: 0"]


def forks(probe):
    probe.say("fork")
    expect_equal(probe.answers(len(CHILD)), CHILD, "what a fork's child may do")


def fork(bed):
    """A child may only close; the parent goes on, with the connection that it has."""
    server = bed.daemon(bed.image(MIB))
    probe = bed.probe()
    before = probe.ask("fds")
    probe.open(server.url())
    probe.expect("alloc 65536", "0")
    probe.expect("write 0 65536 1", "0")
    for _ in range(3):
        forks(probe)
        probe.expect("verify 0 65536 1", "0")
    probe.expect_says("info", "connections=1 ")
    probe.expect("close", "0")
    probe.expect("fds", before)


def fork_in_flight(bed):
    """With requests in flight: they are the parent's."""
    server = bed.daemon(bed.image(MIB))
    probe = bed.probe(server.url())
    server.process.signal(signal.SIGSTOP)
    for i in range(8):
        probe.say(f"+write {i * 8192} 8192 {i}")
    forks(probe)
    server.process.signal(signal.SIGCONT)
    probe.say("wait")
    expect_equal(sorted(probe.answers(8)),
                 sorted(f"write {i * 8192} 8192 {i}: 0" for i in range(8)), "results")


def fork_after_loss(bed):
    """While there is no connection, too; and the parent's next one comes."""
    server = bed.daemon(bed.image(MIB))
    probe = bed.probe(server.url())
    server.kill9()
    probe.say("+write 0 4096 1")
    forks(probe)
    server.start()
    probe.say("wait")
    expect_equal(probe.answers(1), ["write 0 4096 1: 0"], "result")


def fork_that_stays(bed):
    """A child that lives on keeps no connection: when the parent closes, the back end knows."""
    ended, backend = threading.Event(), b.Backend(bed)
    backend.on_end = lambda connection: (connection.close(), ended.set())
    probe = bed.probe(backend.url())
    probe.expect("fork-stay", "0")
    probe.expect("write 0 4096 1", "0")
    probe.expect("close", "0")
    expect(ended.wait(beds.PATIENCE), "the back end never saw the end of the connection")
    probe.open(backend.url())
    probe.expect("verify 0 4096 1", "0")


def interrupted(bed):
    """Signals end a wait early, but lose nothing and spoil nothing; opening outlasts them."""
    for wait in ("event", "adaptive", "poll"):
        backend = b.Backend(bed)
        backend.on_request_ring = lambda connection, parts: (
            time.sleep(0.02), connection.execute(parts))[1]
        backend.on_answer = lambda name, message: b.Say(message, pause=0.0002)
        probe = bed.probe()
        probe.say("interrupt 2")
        probe.open(backend.url(wait=wait))
        for i in range(8):
            probe.say(f"+write {i * 8192} 8192 {i}")
        probe.say("wait")
        expect_equal(sorted(probe.answers(8)),
                     sorted(f"write {i * 8192} 8192 {i}: 0" for i in range(8)), "results")
        probe.expect("sync-verify 0 8192 0", "0")
        probe.expect("sync-flush", "0")
        probe.expect("close", "0")


def two_disks(bed):
    """Two disks in a process know nothing of each other, whatever becomes of one."""
    servers = [bed.daemon(bed.image(MIB, name=f"{i}.img")) for i in range(2)]
    probe = bed.probe()
    before = probe.ask("fds")
    for i, server in enumerate(servers):
        probe.say(f"disk {i}")
        probe.open(server.url(loss="200ms"))
        probe.expect(f"write 0 65536 {i}", "0")
    servers[0].kill9()
    probe.expect("write 0 65536 3", "0")
    probe.expect("verify 0 65536 3", "0")
    probe.say("disk 0")
    probe.expect("read 0 4096", "ENODEV")
    probe.expect("close", "0")
    servers[0].start()
    probe.open(servers[0].url())
    probe.expect("verify 0 65536 0", "0")
    probe.expect("close", "0")
    probe.say("disk 1")
    probe.expect("verify 0 65536 3", "0")
    probe.expect_says("info", "connections=1 ")
    probe.expect("close", "0")
    probe.expect("fds", before)


def threads(bed):
    """Each queue with a thread of its own, while the back end dies now and then."""
    server = bed.daemon(bed.image(4 * MIB), num_queues=4)
    probe = bed.probe(server.url(queues=4, durable="on"))
    probe.expect("threads 20", "0")
    probe.say("threads 300")
    for _ in range(5):
        time.sleep(0.05)
        server.kill9()
        server.start()
    expect_equal(probe.answers(1), ["threads 300: 0"], "threads")
    probe.expect("verify 196608 65536 299", "0")


# ---- leaks ----

def leak_open(bed):
    """50 times open, read, close."""
    server = bed.daemon(bed.image(MIB))
    probe = bed.probe()
    probe.expect(f"cycle 1 {server.url()}", "0")
    before = probe.ask("fds"), maps(probe)
    probe.expect(f"cycle 50 {server.url()}", "0")
    expect_equal((probe.ask("fds"), maps(probe)), before, "descriptors and mappings")


def maps(probe):
    """How many mappings of the library's files the process has."""
    with open(f"/proc/{probe.pid}/maps", encoding="utf-8") as f:
        return sum("orion-vblk" in line for line in f)


def leak_failed(bed):
    """50 times an open that fails half-way, when memory and queues are there already."""
    backend = b.Backend(bed)
    backend.on_request = lambda name: b.HANGUP if name == "SET_VRING_ENABLE" else None
    probe = bed.probe()
    before = probe.ask("fds"), maps(probe)
    for _ in range(50):
        probe.expect_says("open " + backend.url(), "^(ECONNRESET|EPIPE)")
    expect_equal((probe.ask("fds"), maps(probe)), before, "descriptors and mappings")


def leak_close_in_flight(bed):
    """Closing with requests in flight: at once, with nothing left behind."""
    go_on, backend = threading.Event(), b.Backend(bed)
    bed.later.append(go_on.set)
    backend.on_request_ring = lambda connection, parts: (
        go_on.wait(), connection.execute(parts))[1]
    probe = bed.probe()
    before = probe.ask("fds"), maps(probe)
    probe.open(backend.url(answer="300ms", queues=2))
    probe.expect("alloc 65536", "0")
    for i in range(8):
        probe.say(f"+write {i * 8192} 8192 {i}")
    probe.say("heap")
    probe.say("+flush")
    probe.expect("close", "0")
    expect_equal((probe.ask("fds"), maps(probe)), before, "descriptors and mappings")


def memcheck(bed):
    """Valgrind finds nothing in opening, I/O of all kinds, a lost connection, closing."""
    server = bed.daemon(bed.image(MIB), num_queues=2)
    probe = beds.Probe(bed, [need("valgrind"), "--error-exitcode=9", "--leak-check=full",
                             "--errors-for-leak-kinds=definite,possible",
                             bed.program("linux-probe")])
    probe.open(server.url(queues=2))
    for line in ("write 0 65536 1", "verify 0 65536 1", "alloc 65536", "write 65536 4096 2",
                 "register 65536", "sync-verify 65536 4096 2", "flush", "queue 1"):
        probe.expect(line, "0")
    server.kill9()
    probe.say("+write 0 8192 4")
    probe.say("+read 8192 8192")
    server.start()
    probe.say("wait")
    probe.answers(2)
    probe.expect("flush", "0")
    probe.expect("close", "0")
    probe.expect("open " + server.url(depth="0"), "EINVAL depth=0: it must be 1 to 1024 requests")
    probe.wait(0)
