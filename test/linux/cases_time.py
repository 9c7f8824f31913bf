# SPDX-License-Identifier: MIT
"""A connection's opening, its closing, its monitor: what takes time, and who waits for it."""
import os
import signal
import struct
import threading
import time

import backend as b
from bed import KIB, PATIENCE, await_, expect, expect_equal, expect_says


def cases():
    for run in (slow_open, all_is_asked, slow_close, one_byte, many_sizes, sent_is_not_accepted,
                closes_while_stopped, closing_stops, memory_meanwhile, full_meanwhile,
                child_lets_go):
        yield "connection/" + run.__name__, run


def slow_open(bed):
    """Answers that each come in time do not add up."""
    server, said = b.Backend(bed, queues=8), []

    def slowly(name, message):
        said.append(name)
        return b.Say(message, pause=0.01)               # about 0.2 s
    server.on_answer = slowly
    probe = bed.probe()
    expect_says("^ETIMEDOUT .*no answer to [A-Z_]+ in 400 ms",
                probe.ask("open " + server.url(queues=8, answer="400ms")))
    expect(len(said) <= 4, f"waited for {said}")


def all_is_asked(bed):
    """What an opening learns it has learnt at its end: who hangs right after it costs nothing."""
    server, said = b.Backend(bed), []
    full, rings = server.config, []
    server.on_start = lambda connection: rings.append(connection)
    server.config = lambda: struct.pack("=Q", 4096 if rings else 2048) + full()[8:]

    def last(connection, parts):
        said.append(len(server.log))
        return connection.execute(parts)
    server.on_serial = last
    probe = bed.probe(server.url(answer="300ms"))
    probe.expect_says("info", f"bytes={4096 * 512} ")
    time.sleep(0.3)
    probe.expect("read 0 4096", "0")
    expect_equal(server.log[said[0]:], [], "what was asked after the opening")
    expect_equal(probe.events(), [], "events")


def slow_close(bed):
    """The same when it closes, with eight queues."""
    server, stopped = b.Backend(bed, queues=8), []
    probe = bed.probe(server.url(queues=8, answer="500ms"))

    def slowly(name):
        if name == "GET_VRING_BASE":
            stopped.append(name)
            server.stopping.wait(0.4)
    server.on_request = slowly
    probe.expect("close", "0")
    expect(len(stopped) <= 3, f"waited for {len(stopped)} rings")


def one_byte(bed):
    """A byte of a message on the back end's channel, and no more: nobody waits for the rest."""
    server, done = b.Backend(bed), []

    def whisper(connection):
        if connection.channel is not None and not done and server.served == 1:
            connection.channel.send(b"\x02")
            done.append(connection.channel.dup())       # which stays open
            bed.later.append(done[0].close)
            time.sleep(0.1)
            raise b.HungUp
    server.on_turn = whisper
    probe = bed.probe(server.url(answer="1h"))
    probe.expect("write 0 4096 1", "0")
    probe.await_event("connected again")
    probe.expect("read 0 4096", "0")


def many_sizes(bed):
    """News without end: few are told, and of those the last."""
    server, told, over = b.Backend(bed), [], []
    full = server.config

    def config():
        return struct.pack("=Q", 2048 + len(told)) + full()[8:]
    server.config = config

    def flood(connection):
        if connection.channel is None or over:
            return
        for _ in range(50):
            told.append(1)
            try:
                connection.channel.send(struct.pack("=III", 2, 1, 0), 0x40)
            except BlockingIOError:
                pass
    server.on_turn = flood
    probe = bed.probe(server.url())
    await_(lambda: len(told) > 2000, "the flood")
    time.sleep(2)
    over.append(1)
    events = []

    def last():
        events.extend(probe.events())
        return any(f"the size is now {(2048 + len(told)) * 512} bytes" in e for e in events)
    await_(last, "the last size")
    expect(2 <= len(events) <= 40, f"{len(events)} events")
    expect(any("more before" in e for e in events), "nothing was left out")


def sent_is_not_accepted(bed):
    """Without acknowledgements: a back end that breaks off after the last message is not open."""
    for name in ("SET_VRING_KICK", "SET_VRING_ENABLE"):
        server = b.Backend(bed, protocol=b.P_CONFIG | b.P_MQ)
        server.on_request = lambda said, name=name: b.HANGUP if said == name else None
        probe = bed.probe()
        expect_says("^(ECONNRESET|EPIPE) .*the connection broke at",
                    probe.ask("open " + server.url()))


def closes_while_stopped(bed):
    """Closing ends, whatever the back end does not do."""
    server = bed.daemon(bed.image(256 * KIB), num_queues=4)
    for lines in ([], ["+write 0 4096 1"], ["alloc 65536"]):
        probe = bed.probe(server.url(queues=4, answer="500ms"))
        server.process.signal(signal.SIGSTOP)
        for line in lines:
            probe.say(line)
        probe.say("close")
        await_(lambda: "close: 0\n" in probe.out, "the end of the closing")
        server.process.signal(signal.SIGCONT)


def closing_stops(bed):
    """Closing stops every ring before it goes: until then the back end may use them."""
    server = b.Backend(bed)
    probe = bed.probe(server.url(queues=3))
    probe.expect("write 0 4096 1", "0")
    server.log.clear()
    probe.expect("close", "0")
    expect_equal(server.log.count("GET_VRING_BASE"), 3, "rings that were stopped")


def hang_up(server):
    if server.connections == 1:
        raise b.HungUp


def memory_meanwhile(bed):
    """Memory that comes while a connection is made, and was not told of: another one is made."""
    server, here, go = b.Backend(bed), threading.Event(), threading.Event()
    bed.later.append(go.set)

    def wait(connection, parts):
        if server.connections == 2:
            here.set()
            go.wait(PATIENCE)
        return connection.execute(parts)
    server.on_serial = wait
    probe = bed.probe(server.url(answer="1h"))
    server.on_turn = lambda connection: hang_up(server)
    probe.say("+read 0 4096")
    expect(here.wait(PATIENCE), "no second connection")
    probe.expect("alloc 65536", "0")
    go.set()
    probe.say("wait")
    expect_equal(probe.answers(1), ["read 0 4096: 0"], "result")
    probe.expect("write 0 4096 1", "0")
    probe.expect("verify 0 4096 1", "0")
    expect_equal(server.connections, 3, "connections")
    expect_says("bounced=[12] ", probe.ask("stats"))    # the read alone


def full_meanwhile(bed):
    """A doorbell that is full, and blocks, when rings go on with new memory: it is not rung."""
    server = b.Backend(bed, protocol=b.P_CONFIG | b.P_REPLY_ACK | b.P_BACKEND_REQ)
    news = struct.pack("=III", 2, 1, 0)

    def fill(connection):
        ring = connection.rings[0]
        if server.connections == 1 and "GET_VRING_BASE" in server.log:
            connection.channel.send(news)
            time.sleep(0.5)                             # the monitor waits to ask what is new
            ring.enabled = False                        # nobody reads it
            os.set_blocking(ring.fds["KICK"], False)
            try:
                os.read(ring.fds["KICK"], 8)
            except BlockingIOError:
                pass
            os.eventfd_write(ring.fds["KICK"], 2 ** 64 - 2)
            os.set_blocking(ring.fds["KICK"], True)
    server.on_start = fill
    probe = bed.probe(server.url())
    probe.expect(f"alloc {200 << 20}", "0")
    probe.await_event("the back end filled a doorbell")
    probe.expect("write 4096 4096 1", "0")
    probe.expect("verify 4096 4096 1", "0")


def child_lets_go(bed):
    """A fork's child keeps nothing of the connection: when the parent closes, it has ended."""
    server = b.Backend(bed)
    ended = threading.Event()
    server.on_end = lambda connection: (connection.close(), ended.set())
    probe = bed.probe(server.url())
    probe.expect("write 0 4096 1", "0")
    probe.expect("fork on", "0")        # the child lives on
    probe.expect("close", "0")
    expect(ended.wait(PATIENCE), "the connection has not ended")
