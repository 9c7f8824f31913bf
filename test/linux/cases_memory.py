# SPDX-License-Identifier: MIT
"""Memory that the back end reaches: what it sees, what is taken, how it comes and goes."""
import threading
import time

import backend as b
import bed as beds
from bed import MIB, await_, expect, expect_equal
from hostile import Trial


def cases():
    for run in (unwritten, serials, refused_writes, large_blocks, long_vectors, comes_and_goes,
                goes_when_it_is_gone, does_not_let_go, table_without, table_in_flight,
                alloc_under_load, daemon):
        yield "memory/" + run.__name__, run


# ---- bounce memory ----

def unwritten(bed):
    """A read that is answered OK and not carried out gives zeros, not somebody else's bytes."""
    trial = Trial(bed)
    trial.probe.open(trial.backend.url())
    trial.probe.expect("write 0 65536 7", "0")
    trial.backend.on_request_ring = lambda connection, parts: (b.OK, 65536)
    trial.probe.expect("sync-read 0 65536", "0")
    trial.probe.expect("zeros 0 65536", "0")
    trial.backend.on_request_ring = lambda connection, parts: (b.IOERR, 65536)
    trial.probe.expect("zeros 0 65536", "EIO")


def serials(bed):
    """A serial number is what the device wrote, whether or not it ends with a NUL."""
    trial = Trial(bed)

    def answer(serial):
        def execute(connection, parts):
            if connection.read(parts[0][0], 4) != b"\x08\0\0\0":
                return connection.execute(parts)
            connection.write(parts[1][0], serial)
            return b.OK, 20
        return execute
    trial.probe.open(trial.backend.url())
    for serial, shown in ((b"VOL1", "VOL1"), (b"", ""), (b"A\nB\xff", "A?B?"), (b"  a b  ", "a b"),
                          (b" " * 20, ""), (b"\0VOL1", ""), (b" " * 19 + b"x", "x"),
                          (b"12345678901234567890", "12345678901234567890")):
        trial.probe.expect("write 0 4096 3", "0")
        trial.backend.on_request_ring = answer(serial)
        expect_equal(trial.probe.ask("identify"), ("0 " + shown).strip(), "the serial number")


def refused_writes(bed):
    """Not a byte of a write that is refused lies in memory that the back end reads."""
    trial, seen = Trial(bed), []
    needle = beds.pattern(9, 0, 512)

    def search(connection, parts):
        seen.append(any(needle in bytes(region.map) for region in connection.regions))
        return connection.execute(parts)
    trial.backend.on_request_ring = search
    trial.probe.open(trial.backend.url(bounce="128kB"))
    for line, why in ((f"write 0 {1 << 18} 9", "E2BIG"), ("write 0 1000 9", "EINVAL"),
                      ("operation 3 20", "EINVAL"), ("operation 200 512", "EINVAL")):
        trial.probe.expect(line, "refused " + why)
    size = len(trial.backend.disk)
    trial.probe.expect(f"write {size} 512 9", "refused ERANGE")
    trial.probe.expect("read 0 4096", "0")
    trial.probe.expect("write 0 512 9", "0")
    expect_equal(seen, [False, True], "the bytes are there")


def large_blocks(bed):
    """However little bounce memory there is, synchronous calls take any number of blocks."""
    for block in (4096, 32768, 65536):
        trial = Trial(bed, block=block)
        trial.probe.open(trial.backend.url(bounce="64kB"))
        for count in (1, 2, 7):
            trial.probe.expect(f"sync-write {block} {count * block} 5", "0")
            trial.probe.expect(f"sync-verify {block} {count * block} 5", "0")
        trial.probe.expect("write 0 65536 6", "0")
        trial.probe.expect("close", "0")


def long_vectors(bed):
    """Hundreds of pieces in shared memory go as they are, in parts; strangers' are copied."""
    trial = Trial(bed)
    trial.probe.open(trial.backend.url(bounce="64kB"))
    trial.probe.expect(f"alloc {2 * MIB}", "0")
    for pieces in (127, 300, 1024):
        trial.probe.say(f"vector {pieces}")
        trial.probe.expect(f"write 0 {pieces * 1024} {pieces}", "0")
        trial.probe.expect(f"verify 0 {pieces * 1024} {pieces}", "0")
    trial.probe.expect_says("stats", "bounced=0 ")
    trial.probe.say("heap")
    trial.probe.expect(f"write 0 {300 * 512} 1", "refused E2BIG")
    trial.probe.say("vector 120")
    trial.probe.expect(f"write 0 {120 * 512} 1", "0")
    trial.probe.expect_says("stats", "bounced=1 ")


# ---- memory that comes and goes ----

def comes_and_goes(bed):
    """Beside I/O on every queue, with a real server's packed rings and another's table."""
    for options in ([], ["--protocol-off=mem-slots"], ["--protocol-off=mem-slots,reply-ack"]):
        path = bed.socket()
        server = bed.serve(path, bed.program("vhost-user-model"), f"--socket-path={path}",
                           "--memory=4M", "--queues=2", *options)
        probe = bed.probe(server.url(queues=2))
        probe.expect("shuffle 150", "0")
        # With nothing in flight it is taken, whatever the back end knows.
        probe.expect("register 2097152", "0")
        probe.expect("write 0 65536 3", "0")
        probe.expect("verify 0 65536 3", "0")
        probe.expect_says("stats", "bounced=[0-9]+ ")
        probe.expect("unregister", "0")
        probe.expect("unregister", "EINVAL")
        probe.say("heap")
        probe.expect("verify 0 65536 3", "0")
        probe.expect_says("info", "connections=1 ")
        probe.expect("close", "0")


def goes_when_it_is_gone(bed):
    """Without acknowledgements: memory is given back when the back end has let go of it."""
    server, held = b.Backend(bed, protocol=b.P_CONFIG | b.P_SLOTS), []
    server.on_turn = lambda connection: held.__setitem__(slice(None), [connection])

    def slowly(name):
        if name == "REM_MEM_REG":
            time.sleep(0.3)
    server.on_request = slowly
    probe = bed.probe(server.url())
    probe.expect(f"register {MIB}", "0")
    probe.expect("write 0 65536 3", "0")
    await_(lambda: held, "a turn")
    expect_equal(len(held[0].regions), 2, "regions with it")
    probe.expect("unregister", "0")
    expect_equal(len(held[0].regions), 1, "regions without it")
    probe.expect_says("info", "connections=1 ")


def does_not_let_go(bed):
    """A back end that does not say so: an error, and the next connection does."""
    server, go = b.Backend(bed, protocol=b.P_CONFIG | b.P_SLOTS), threading.Event()
    bed.later.append(go.set)

    def hang(name):
        if name == "REM_MEM_REG" and server.connections == 1:
            go.wait(beds.PATIENCE)
            raise b.HungUp
    server.on_request = hang
    probe = bed.probe(server.url(answer="300ms"))
    probe.expect(f"register {MIB}", "0")
    probe.expect("unregister", "ETIMEDOUT")
    probe.expect_says("text", "did not let go|reconnecting")
    go.set()
    probe.await_event("connected again")
    probe.expect("unregister", "0")
    probe.say("heap")
    probe.expect("write 0 65536 3", "0")
    probe.expect("verify 0 65536 3", "0")


def table_without(bed):
    """Without slots: the table is sent without what goes, while nothing is in flight."""
    trial = Trial(bed)
    trial.backend.protocol &= ~b.P_SLOTS
    trial.probe.open(trial.backend.url())
    trial.probe.expect(f"register {MIB}", "0")
    trial.backend.on_kick = lambda: False
    trial.probe.say("+read 0 4096")
    trial.probe.expect("unregister", "EBUSY")
    trial.probe.expect_says("text", "lets go of memory only while nothing is in flight")
    trial.backend.on_kick = lambda: True
    trial.probe.say("wait")
    expect_equal(trial.probe.answers(1), ["read 0 4096: 0"], "the read")
    trial.probe.expect("unregister", "0")
    tables = [x[0] for x in trial.backend.told("SET_MEM_TABLE")]
    expect_equal(tables[-1], tables[-2] - 1, "regions in the last table")
    trial.probe.say("heap")
    for line in ("write 0 65536 3", "verify 0 65536 3"):
        trial.probe.expect(line, "0")


def table_in_flight(bed):
    """The whole table is replaced only while the back end carries out nothing."""
    trial = Trial(bed, defers=True, length=4 * MIB)
    trial.backend.protocol &= ~b.P_SLOTS
    trial.probe.open(trial.backend.url(queues=2))
    trial.probe.expect("shuffle 300", "0")
    # More than what is lent before the start.
    trial.probe.expect(f"alloc {128 * MIB}", "0")
    for line in ("write 0 4096 3", "verify 0 4096 3"):
        trial.probe.expect(line, "0")
    expect(trial.backend.log.count("SET_MEM_TABLE") > 1, "the table was never replaced")
    trial.probe.expect_says("info", "connections=1 ")


def alloc_under_load(bed):
    """What can't be allocated now is refused with an errno and in words."""
    trial = Trial(bed)
    trial.backend.protocol &= ~b.P_SLOTS
    trial.probe.open(trial.backend.url())
    trial.backend.on_kick = lambda: False
    trial.probe.say("+read 0 4096")
    # Not out of what is lent before the start.
    trial.probe.expect(f"alloc {128 * MIB}", "EBUSY")
    trial.probe.expect_says("text", "only while nothing is in flight")
    trial.probe.expect("register 65536", "EBUSY")
    trial.probe.expect("alloc 0", "EINVAL")


def daemon(bed):
    """The same beside qemu-storage-daemon, which dies now and then."""
    server = bed.daemon(bed.image(4 * MIB), num_queues=2)
    probe = bed.probe(server.url(queues=2, durable="on"))
    probe.say("shuffle 400")
    for _ in range(3):
        server.kill9()
        server.start()
    expect_equal(probe.answers(1), ["shuffle 400: 0"], "memory beside I/O")
