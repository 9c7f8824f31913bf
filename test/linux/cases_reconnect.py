# SPDX-License-Identifier: MIT
"""A back end that dies, hangs, comes back as another, or whose storage fails."""
import os
import random
import re
import shutil
import signal
import time

import backend
from bed import KIB, MIB, Skip, await_, expect, expect_equal, expect_pattern, expect_says

KILLS = int(os.environ.get("LINUX_KILLS", "100"))


def cases():
    for queues, depth, wait in ((1, 8, "event"), (2, 64, "adaptive")):
        yield (f"reconnect/kill:{queues}.{depth}.{wait}",
               lambda bed, q=queues, d=depth, w=wait: kill(bed, q, d, w))
    yield "reconnect/kill:model", kill_model
    yield "reconnect/kill:model.in_order", lambda bed: kill_model(bed, "--in-order")
    yield "reconnect/kill:model.loses", kill_and_lose
    yield "reconnect/client_dies", client_dies
    yield "reconnect/oracle", oracle
    for run in (stale_each_queue, stale_flushed, stale_other_queue, stale_nothing, stale_durable,
                stale_in_flight, stale_twice, stale_during_flush, stopped, gone, other_size,
                lesser_for_a_while, poison, storage_outage, bad_sectors, full):
        yield "reconnect/" + run.__name__, run
    yield "reconnect/lesser:read_only", lambda bed: lesser(bed, "came back read-only",
                                                           writable="off")
    yield "reconnect/lesser:queues", lambda bed: lesser(bed, "came back with 1 queues",
                                                        num_queues=1)
    yield "reconnect/lesser:blocks", lambda bed: lesser(bed, "came back with blocks of 4096",
                                                        logical_block_size=4096)


# ---- 100 times kill -9 under load ----

def load(bed, server, queues, depth, seed, words=(), **options):
    url = server.url(queues=queues, depth=depth, loss="0", **options)
    open(bed.path("journal"), "wb").close()
    return bed.start(bed.program("linux-journal"), "load", url, bed.path("journal"), queues, depth,
                     seed, *words, stdin=True)


def grow(writer, journal, least):
    """Waits until LEAST bytes more are in the journal of a load that runs."""
    begin = os.path.getsize(journal)

    def look():
        expect(writer.alive(), "the load has ended")
        return os.path.getsize(journal) > begin + least
    await_(look, "the load to go on")


def kill_loop(bed, server, queues, depth, words=(), **options):
    """Kills SERVER again and again under a load, then once more, and judges its image."""
    seed, journal = random.randrange(1 << 30), bed.path("journal")
    dice = random.Random(seed)
    writer = load(bed, server, queues, depth, seed, words, **options)
    more = 4 * 24 * queues * depth          # records: so many come only by another connection
    for _ in range(KILLS):
        grow(writer, journal, more)
        time.sleep(dice.random() * 0.1)
        server.kill9()
        server.start()
    grow(writer, journal, more)
    said = writer.wait()
    counts = {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", said)}
    expect_equal(counts["errors"], 0, f"errors; seed {seed}")
    expect_equal(counts["connections"], KILLS + 1, "connections")
    expect(counts["replayed"] > 0, f"nothing was ever in flight: {said}")
    server.kill9()
    judged = bed.orion("linux-journal", "check", bed.path("disk.img"), journal, *words)
    expect_says(r"wrong=0$", judged.out)
    return counts


def kill(bed, queues, depth, wait):
    """No acknowledged write is lost or older than it may be, however often the back end dies."""
    server = bed.daemon(bed.image(4 * MIB), num_queues=queues)
    kill_loop(bed, server, queues, depth, durable="on", wait=wait)


def kill_model(bed, *words, load_words=()):
    """The same with our own back end, which has packed rings."""
    socket = bed.socket()
    server = bed.serve(socket, bed.program("vhost-user-model"), f"--socket-path={socket}",
                       f"--file={bed.image(4 * MIB)}", "--queues=2", *words)
    return kill_loop(bed, server, 2, 32, load_words, durable="off" if load_words else "on")


def kill_and_lose(bed):
    """The back end loses what was not flushed, each time: whatever a flush called stable is there.

    A queue is told of a loss once, and again for each queue that reaped a write of the lost
    connection after that."""
    counts = kill_model(bed, "--lose-unflushed", load_words=["flush"])
    expect(0 < counts["stale"] <= KILLS * 2 * 3, f"{counts['stale']} flushes said ESTALE")


def client_dies(bed):
    """It is the program that dies: what was acknowledged is there, what was not may be."""
    server = bed.daemon(bed.image(MIB))
    writer = load(bed, server, 1, 64, 1)
    grow(writer, bed.path("journal"), 300 * KIB)
    writer.kill9()
    server.kill9()
    bed.orion("linux-journal", "check", server.image, bed.path("journal"))


def oracle(bed):
    """The judge itself: it finds each wrong sector that is planted in a copy of the image."""
    journal, early, late = bed.path("journal"), bed.path("early.img"), bed.path("late.img")
    server = bed.daemon(bed.image(64 * KIB))
    writer = load(bed, server, 1, 1, 1)
    grow(writer, journal, 100 * KIB)
    shutil.copy(server.image, early)
    grow(writer, journal, 200 * KIB)
    writer.wait()
    server.kill9()
    with open(server.image, "rb") as f:
        sound = f.read()
    with open(early, "rb") as f:
        old = f.read()
    changed = next(i for i in range(128) if sector(old, i) != sector(sound, i))
    planted = {"nothing": (0, sector(sound, 0)), "lost": (7, bytes(512)),
               "stale": (changed, sector(old, changed)), "misdirected": (3, sector(sound, 4)),
               "torn": (9, sector(sound, 9)[:256] + sector(sound, 10)[256:]),
               "corrupt": (5, flipped(sector(sound, 5))), "foreign": (6, os.urandom(512))}
    for fault, (place, data) in planted.items():
        with open(late, "wb") as f:
            f.write(sound[:place * 512] + data + sound[place * 512 + 512:])
        wrong = fault != "nothing"
        said = bed.orion("linux-journal", "check", late, journal, status=int(wrong)).out
        expect_says(f"wrong={int(wrong)}$", said)
        if wrong:
            expect_says(f"sector {place}: .*{fault}", said)
    os.truncate(journal, os.path.getsize(journal) // 2)
    expect_says("foreign: no such write", bed.orion("linux-journal", "check", server.image,
                                                    journal, status=1).out)


def sector(image, place):
    return image[place * 512:place * 512 + 512]


def flipped(data):
    return data[:200] + bytes([data[200] ^ 1]) + data[201:]


# ---- what a flush may claim after a loss ----

def again(server, probe, number=2, **changes):
    """The server is killed, and comes back; waits until the library has noticed both."""
    server.kill9()
    server.start(**changes)
    await_(lambda: f"connections={number} " in probe.ask("info"), "another connection")


def stale(bed, lines, queues=1, **options):
    """Does LINES, then the back end dies.  Returns the probe on the new connection."""
    server = bed.daemon(bed.image(MIB), num_queues=queues)
    probe = bed.probe(server.url(queues=queues, **options))
    for line in lines:
        probe.expect(line, "0")
    again(server, probe)
    return probe


def stale_each_queue(bed):
    """Acknowledged, not flushed, and the back end died: the next flush of each queue says so."""
    probe = stale(bed, ["queue 0", "write 0 4096 1"], queues=2)
    for queue in ("queue 0", "queue 1"):
        probe.expect(queue, "0")
        probe.expect("flush", "ESTALE")
        probe.expect("flush", "0")
        probe.expect("sync-flush", "0")
        probe.expect_says("stats", "stale=1 ")


def stale_flushed(bed):
    probe = stale(bed, ["write 0 4096 1", "flush"])
    probe.expect("flush", "0")


def stale_other_queue(bed):
    """A flush of one queue covers what was acknowledged on the other."""
    probe = stale(bed, ["queue 1", "write 0 4096 1", "queue 0", "flush"], queues=2)
    for queue in ("queue 0", "queue 1"):
        probe.expect(queue, "0")
        probe.expect("flush", "0")


def stale_nothing(bed):
    probe = stale(bed, ["read 0 4096"])
    probe.expect("flush", "0")


def stale_durable(bed):
    probe = stale(bed, ["write 0 4096 1"], durable="on")
    probe.expect("flush", "0")
    probe.expect("verify 0 4096 1", "0")


def stale_in_flight(bed):
    """A flush that is in flight when the back end dies must not come back as good."""
    server = bed.daemon(bed.image(MIB))
    probe = bed.probe(server.url())
    probe.expect("write 0 4096 1", "0")
    server.process.signal(signal.SIGSTOP)
    probe.say("+flush")
    probe.say("+write 8192 4096 2")
    again(server, probe)
    probe.say("wait")
    expect_equal(sorted(probe.answers(2)), ["flush: ESTALE", "write 8192 4096 2: 0"], "results")
    probe.expect("flush", "0")
    probe.expect("verify 8192 4096 2", "0")


def stale_twice(bed):
    """Two losses, two reports: a write after the first is not covered by it."""
    server = bed.daemon(bed.image(MIB))
    probe = bed.probe(server.url())
    probe.expect("write 0 4096 1", "0")
    again(server, probe, 2)
    probe.expect("flush", "ESTALE")
    probe.expect("write 0 4096 2", "0")
    again(server, probe, 3)
    probe.expect("flush", "ESTALE")
    probe.expect("flush", "0")


def stale_during_flush(bed):
    """A write that completes while a flush is in flight is not covered by it."""
    server, held = backend.Backend(bed), []

    def hold_flush(queue, head, length):
        if server.served == 1:
            held.append((head, length))
            return []
        return [(head, length)] + ([held.pop()] if held else [])

    def die_at_third(connection, parts):
        if server.served == 2 and server.connections == 1:
            raise backend.HungUp
        return connection.execute(parts)
    server.on_used, server.on_request_ring = hold_flush, die_at_third
    probe = bed.probe(server.url())
    probe.say("+flush")
    probe.say("+write 0 4096 1")
    probe.say("wait")
    expect_equal(sorted(probe.answers(2)), ["flush: 0", "write 0 4096 1: 0"], "results")
    probe.expect("read 0 4096", "0")
    probe.expect_says("info", "connections=2 ")
    probe.expect("flush", "ESTALE")
    probe.expect("flush", "0")


# ---- it hangs, is gone, or comes back as another ----

def stopped(bed):
    """A back end that hangs is waited for: no error, nothing given back early, no new connection"""
    server = bed.daemon(bed.image(MIB))
    probe = bed.probe(server.url(answer="100ms", loss="100ms"))
    server.process.signal(signal.SIGSTOP)
    probe.say("+write 0 65536 3")
    probe.say("+flush")
    probe.say("wait 1 2500")
    expect_equal(probe.answers(1), ["wait: none"], "while the back end hangs")
    server.process.signal(signal.SIGCONT)
    probe.say("wait")
    expect_equal(sorted(probe.answers(2)), ["flush: 0", "write 0 65536 3: 0"], "afterwards")
    probe.expect("verify 0 65536 3", "0")
    probe.expect_says("info", "connections=1 ")
    expect_says("late=[1-9]", probe.ask("stats"))


def gone(bed):
    """Gone for good: requests fail when the time is over, closing works, nothing is left."""
    server = bed.daemon(bed.image(MIB), num_queues=2)
    probe = bed.probe()
    before = probe.ask("fds")
    probe.open(server.url(loss="1s", queues=2))
    probe.expect("write 0 4096 1", "0")
    server.process.signal(signal.SIGSTOP)
    probe.say("+write 0 4096 2")
    probe.say("+read 8192 4096")
    probe.say("+flush")
    begun = time.monotonic()
    server.kill9()
    probe.say("wait")
    expect_equal(probe.answers(3), ["write 0 4096 2: ENODEV", "read 8192 4096: ENODEV",
                                    "flush: ENODEV"], "what was in flight")
    expect(time.monotonic() - begun > 0.9, "given up before loss=1s")
    for line in ("read 0 4096", "flush", "sync-write 0 4096 1", "queue 1", "write 0 4096 1"):
        probe.expect(line, "0" if line == "queue 1" else "ENODEV")
    probe.expect_says("text", "requests fail until it is back: .*no such socket")
    probe.expect_says("info", "connected=0")
    probe.expect("close", "0")
    probe.expect("fds", before)


def other_size(bed):
    """Smaller when it comes back: nothing is replayed into it.  Larger: all goes on."""
    server = bed.daemon(bed.image(8 * MIB))
    probe = bed.probe(server.url(loss="0"))
    probe.expect("write 4096 4096 3", "0")
    server.process.signal(signal.SIGSTOP)
    probe.say("+write 0 4096 2")
    server.kill9()
    os.truncate(server.image, 4 * MIB)
    server.start()
    probe.await_event(f"came back with {4 * MIB} bytes, not {8 * MIB}; not taken")
    server.kill9()
    expect_equal(open(server.image, "rb").read(512), bytes(512), "the image")
    os.truncate(server.image, 16 * MIB)
    server.start()
    probe.say("wait")
    expect_equal(probe.answers(1), ["write 0 4096 2: 0"], "results")
    probe.expect_says("info", f"bytes={16 * MIB} ")
    probe.expect(f"write {12 * MIB} 4096 1", "0")
    probe.expect("verify 0 4096 2", "0")


def lesser(bed, says, **changes):
    """What gives less than at first is not taken; when the time is over, the error says why."""
    server = bed.daemon(bed.image(MIB), num_queues=2)
    probe = bed.probe(server.url(loss="1s", queues=2))
    probe.expect("write 4096 4096 1", "0")
    server.kill9()
    server.start(**changes)
    probe.expect("write 0 4096 1", "ENODEV")
    probe.expect_says("text", says)
    expect_equal(open(server.image, "rb").read(512), bytes(512), "the image")


def lesser_for_a_while(bed):
    """It is not taken, but when a good one comes in time, all goes on."""
    server = bed.daemon(bed.image(MIB), num_queues=2)
    probe = bed.probe(server.url(queues=2))
    probe.expect("write 4096 4096 1", "0")
    server.kill9()
    server.start(writable="off")
    probe.say("+write 0 4096 1")
    time.sleep(0.3)
    server.kill9()
    server.start(writable="on")
    probe.say("wait")
    expect_equal(probe.answers(1), ["write 0 4096 1: 0"], "result")
    probe.expect("verify 0 4096 1", "0")


def poison(bed):
    """A request that kills every back end is given up, too; and the disk with it."""
    server = backend.Backend(bed)

    def die(connection, parts):
        raise backend.HungUp
    server.on_request_ring = die
    probe = bed.probe(server.url(loss="1s"))
    probe.expect("write 0 4096 1", "ENODEV")
    probe.expect_says("text", "requests fail until it is back")
    expect(2 < server.connections < 200, f"{server.connections} connections in a second")


# ---- trouble behind the back end ----

def storage_outage(bed):
    """The back end loses its own storage for a while: the program sees only latency."""
    nbd, image = bed.socket(), bed.image(MIB)
    serve = ["nbdkit", "-f", "-U", nbd, "file", image]
    storage = bed.serve(nbd, *serve)
    server = bed.daemon([f"driver=nbd,node-name=disk,server.type=unix,server.path={nbd},"
                         "reconnect-delay=60"])
    probe = bed.probe(server.url())
    probe.expect("write 0 65536 1", "0")
    storage.kill9()
    probe.say("+write 65536 65536 2")
    probe.say("wait 1 1000")
    expect_equal(probe.answers(1), ["wait: none"], "while the storage is away")
    storage.start()
    probe.say("wait")
    expect_equal(probe.answers(1), ["write 65536 65536 2: 0"], "result")
    probe.expect("flush", "0")
    probe.expect_says("info", "connections=1 ")
    expect_pattern(image, 1, 0, 65536)
    expect_pattern(image, 2, 65536, 65536)


def bad_sectors(bed):
    """Exactly the requests that touch the bad places fail."""
    image = bed.image(MIB, 1)
    rules = "".join(f",inject-error.{i}.event={event},inject-error.{i}.errno=5,"
                    f"inject-error.{i}.once=off,inject-error.{i}.iotype={kind},"
                    f"inject-error.{i}.sector={place}"
                    for i, (event, kind, place) in enumerate(
                        (("none", "read", 100), ("none", "write", 200))))
    server = bed.daemon([f"driver=file,filename={image},node-name=file",
                         f"driver=blkdebug,image=file,node-name=disk{rules}"])
    probe = bed.probe(server.url())
    for place in (99, 100, 101, 199, 200, 201):
        probe.say(f"+verify {place * 512} 512 1")
        probe.say(f"+write {place * 512} 512 1")
    probe.say("wait")
    bad = [x for x in probe.answers(12) if not x.endswith(": 0")]
    expect_equal(sorted(bad), ["verify 51200 512 1: EIO", "write 102400 512 1: EIO"],
                 "requests that failed")
    probe.expect("sync-read 0 524288", "EIO")
    probe.expect("sync-verify 0 51200 1", "0")
    probe.expect_says("info", "connections=1 ")


def full(bed):
    """No space left: that write fails, and the disk stays usable."""
    small = bed.path("small")
    os.mkdir(small)
    mount = f"mount -t tmpfs -o size=256k none {small} && truncate -s 1M {small}/disk.img && " \
            'exec "$@"'
    within = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, "sh"]
    if bed.start(*within, "true").wait(None):
        raise Skip("no user namespaces to mount a small file system in")
    server = bed.daemon([f"driver=file,filename={small}/disk.img,node-name=disk"], within)
    probe = bed.probe(server.url())
    probe.expect("write 0 131072 1", "0")
    probe.expect_says("write 524288 524288 2", "EIO|ENOSPC")
    probe.expect("verify 0 131072 1", "0")
    probe.expect("write 0 131072 3", "0")
    probe.expect("flush", "0")
    probe.expect("verify 0 131072 3", "0")
    probe.expect_says("info", "connections=1 ")
