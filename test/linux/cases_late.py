# SPDX-License-Identifier: MIT
"""Back ends that are late: kicks and calls that get lost, silence, deadlines."""
import itertools
import signal
import time

import backend as b
from bed import MIB, expect, expect_equal, expect_pattern
from hostile import Trial

WAYS = ("adaptive", "poll", "event")
EVENT_IDX = 1 << 29


def cases():
    for way in WAYS:
        for kind in ("kick", "call"):
            yield f"late/lost_{kind}.{way}", lambda bed, w=way, k=kind: lost(bed, w, k)
        yield f"late/no_event.{way}", lambda bed, w=way: no_event(bed, w)
        yield f"late/deadline.{way}", lambda bed, w=way: deadline(bed, w)
        yield f"late/stopped_daemon.{way}", lambda bed, w=way: stopped_daemon(bed, w)
    for run in (programs, slow, deadline_while_lost, no_deadline):
        yield "late/" + run.__name__, run


# ---- what gets lost ----

def lost(bed, way, kind):
    """A kick or a call that gets lost costs a second, not for ever, however it is waited for."""
    trial, count = Trial(bed), itertools.count()
    setattr(trial.backend, "on_" + kind, lambda: next(count) != 1)
    trial.backend.on_request_ring = lambda connection, parts: (
        time.sleep(0.1), connection.execute(parts))[1]         # until the client sleeps
    trial.probe.open(trial.backend.url(wait=way))
    for line in ("write 0 4096 1", "verify 0 4096 1", "flush"):
        trial.probe.expect(line, "0")
    # Who polls needs no call.
    late = 0 if (way, kind) == ("poll", "call") else 1
    trial.probe.expect_says("stats", f"late={late}")
    trial.probe.expect_says("info", "connections=1 ")


def no_event(bed, way):
    """EVENT_IDX, and an avail_event that never moves: kicked unasked, after three times at once."""
    trial = Trial(bed)
    trial.backend.features |= EVENT_IDX
    trial.probe.open(trial.backend.url(wait=way))
    trial.probe.expect("write 0 4096 1", "0")
    for i in range(60):
        trial.probe.expect(f"write {i * 4096} 4096 {i}", "0")
    trial.probe.expect_says("stats", "late=3$")
    trial.probe.expect("sync-verify 0 4096 0", "0")


def programs(bed):
    """Programs that sleep on the queue's descriptor, or look at short intervals, get on, too."""
    backend = b.Backend(bed, length=8 * MIB)
    backend.features |= EVENT_IDX
    data = bed.image(8 * MIB, 5, "data")
    bed.orion("vblk", "copy", data, backend.url())
    expect(bytes(backend.disk) == open(data, "rb").read(), "not what was copied")
    bed.orion("vblk", "read", backend.url(), "0", "8M", "-o", bed.path("back"))
    expect_pattern(bed.path("back"), 5, 0, 8 * MIB)
    for way in WAYS:
        bed.orion("vblk", "bench", backend.url(wait=way), "--depth=4", "--count=40")


def slow(bed):
    """A device that takes its time is kicked for, and waited for: without harm."""
    trial = Trial(bed)
    trial.backend.on_request_ring = lambda connection, parts: (
        time.sleep(1.6), connection.execute(parts))[1]
    trial.probe.open(trial.backend.url(wait="event"))
    for line in ("write 0 4096 1", "verify 0 4096 1", "flush"):
        trial.probe.expect(line, "0")
    trial.probe.expect_says("stats", "replayed=0 stale=0 late=3")
    trial.probe.expect_says("info", "connections=1 ")


# ---- deadlines ----

def silent(bed, **options):
    """A trial with a back end that was sound, and carries out nothing any more."""
    trial = Trial(bed)
    trial.probe.open(trial.backend.url(**options))
    trial.probe.expect("write 0 4096 1", "0")
    trial.probe.expect("flush", "0")
    trial.backend.on_kick = lambda: False
    return trial


def deadline(bed, way):
    """What is in flight fails in time, and is told why; nothing of it is replayed."""
    trial = silent(bed, wait=way, deadline="600ms")
    begun = time.monotonic()
    for line in ("+write 0 4096 2", "+read 4096 4096", "+flush"):
        trial.probe.say(line)
    trial.probe.say("wait")
    expect_equal(sorted(trial.probe.answers(3)),
                 ["flush: ETIMEDOUT", "read 4096 4096: ETIMEDOUT", "write 0 4096 2: ETIMEDOUT"],
                 "results")
    expect(time.monotonic() - begun >= 0.6, "earlier than the deadline")
    trial.probe.expect_says("events", "")
    trial.backend.on_kick = lambda: True
    trial.probe.read = len(trial.probe.out.split("\n")) - 1
    trial.probe.expect("verify 0 4096 1", "0")
    trial.probe.expect_says("stats", "replayed=0")
    trial.probe.expect("close", "0")
    trial.probe.expect("fds", trial.fds)


def stopped_daemon(bed, way):
    """A daemon that is stopped: requests fail, also those that come later; closing ends."""
    server = bed.daemon(bed.image(MIB))
    probe = bed.probe(server.url(wait=way, deadline="500ms", answer="300ms"))
    probe.expect("write 0 65536 1", "0")
    probe.expect("flush", "0")
    server.process.signal(signal.SIGSTOP)
    probe.expect("write 65536 65536 1", "ETIMEDOUT")
    probe.expect("read 0 4096", "ETIMEDOUT")
    probe.expect("sync-read 0 4096", "ETIMEDOUT")
    probe.expect_says("events", "")
    expect("no answer to a request within the deadline" in probe.out, "no event says why")
    probe.say("close")
    probe.await_says("^close: 0")
    server.process.signal(signal.SIGCONT)


def deadline_while_lost(bed):
    """Without a connection nothing is held for longer, either."""
    server = bed.daemon(bed.image(MIB))
    probe = bed.probe(server.url(deadline="400ms"))
    server.kill9()
    begun = time.monotonic()
    probe.expect("write 0 4096 1", "ETIMEDOUT")
    expect(time.monotonic() - begun >= 0.4, "earlier than the deadline")
    server.start()
    probe.expect("write 0 4096 1", "0")


def no_deadline(bed):
    """Without a deadline a hanging back end is waited for, and what it was given is done once."""
    trial = silent(bed)
    trial.probe.say("+write 0 4096 2")
    trial.probe.say("wait 1 1500")
    expect_equal(trial.probe.answers(1), ["wait: none"], "the wait")
    trial.backend.on_kick = lambda: True
    trial.probe.say("wait")
    expect_equal(trial.probe.answers(1), ["write 0 4096 2: 0"], "the result")
    trial.probe.expect_says("info", "connections=1 ")
