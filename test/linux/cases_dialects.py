# SPDX-License-Identifier: MIT
"""Back ends that are right, each in its own way: what one of them refuses is asked for differently,
and none is told of more than is used."""
import os
import struct

import backend as b
import cases_fio
import letter
from backend import HANGUP, Backend
from bed import KIB, expect, expect_equal, expect_says

LINES = ("write 0 65536 1", "verify 0 65536 1", "flush")


def cases():
    for size in (8, 24, 36, 60, 96):
        yield f"dialects/config:{size}", lambda bed, s=size: config_of(bed, s)
    for run in (config_needed, config_never, config_restless, config_torn, ring_says_no,
                ring_hangs_up, ring_unacknowledged, ring_least, ring_depth, ring_option, ring_never,
                ring_dies_once, owner, unconfirmed, told, starts_once, reserve,
                reserve_fio):
        yield "dialects/" + run.__name__, run
    for name, features in (("split", b.INDIRECT), ("split.direct", 0), ("packed", letter.PACKED |
                           b.INDIRECT), ("packed.direct", letter.PACKED)):
        yield f"dialects/letter:{name}", lambda bed, f=features: to_the_letter(bed, f)


def use(bed, backend, **options):
    """A probe that has opened the disk, written, read and flushed it."""
    probe = bed.probe(backend.url(**options))
    for line in LINES:
        probe.expect(line, "0")
    return probe


def sizes(backend, connection=None):
    """The sizes of rings that were asked for."""
    return [struct.unpack("=II", x)[1] for x in backend.told("SET_VRING_NUM", connection)]


def lose(backend, probe):
    """The connection ends; the next one is used."""
    last = backend.connections
    backend.on_request_ring = lambda connection, parts: (
        connection.execute(parts) if backend.connections > last else hang_up())
    probe.expect("write 0 65536 1", "0")
    expect_equal(backend.connections, last + 1, "connections")


def hang_up():
    raise b.HungUp


# ---- the size of the configuration ----

def config_of(bed, have):
    """A device whose configuration is HAVE bytes long, and asked for otherwise is refused."""
    refusals = {"empty": lambda offset, size, flags: b"",
                "head": lambda offset, size, flags: struct.pack("=III", offset, 0, flags),
                "error": lambda offset, size, flags: struct.pack("=Q", 22),
                "hangup": lambda offset, size, flags: HANGUP}
    features = b.PROTOCOL | b.VERSION_1 | b.FLUSH | b.INDIRECT
    if have >= 24:
        features |= b.BLK_SIZE | b.SEG_MAX
    for name, refusal in refusals.items():
        backend = Backend(bed, features=features | (b.MQ if have >= 36 else 0))
        full = backend.config().ljust(96, b"\0")
        backend.on_config = lambda offset, size, flags: (
            refusal(offset, size, flags) if (offset, size) != (0, have)
            else struct.pack("=III", offset, size, flags) + full[:size])
        probe = use(bed, backend)
        expect(backend.connections <= (3 if name == "hangup" else 1),
               f"{name}: {backend.connections} connections")
        first = backend.connections + 1
        lose(backend, probe)
        asked = [struct.unpack_from("=III", x)[1] for x in backend.told("GET_CONFIG", first)]
        expect_equal(set(asked), {have}, f"{name}: sizes asked for at the second time")


def config_needed(bed):
    """No more is asked for than the features on offer have fields."""
    for features, bytes_ in ((0, 8), (b.SEG_MAX, 24), (b.BLK_SIZE, 24), (b.MQ, 36)):
        backend = Backend(bed, features=b.PROTOCOL | b.VERSION_1 | features)
        use(bed, backend) if features & b.FLUSH else bed.probe(backend.url())
        asked = {struct.unpack_from("=III", x)[:2] for x in backend.told("GET_CONFIG")}
        expect_equal(asked, {(0, bytes_)}, f"asked for with features {features:#x}")


def config_never(bed):
    for answer in (b"", struct.pack("=III", 0, 0, 0)):
        backend = Backend(bed, on_config=lambda offset, size, flags: answer)
        expect_says("^EPROTO .*refuses to tell its configuration",
                    bed.probe().ask("open " + backend.url()))
        expect_equal(backend.connections, 1, "connections")


def config_restless(bed):
    """Bytes that no feature gives a meaning to differ at each look."""
    backend = Backend(bed)
    quiet = backend.config

    def restless():
        config = bytearray(quiet())
        for at in (*range(8, 12), *range(16, 20), *range(24, 34), *range(36, 60)):
            config[at] = os.urandom(1)[0]
        return bytes(config)
    backend.config = restless
    use(bed, backend)


def config_torn(bed):
    """But bytes that are read must hold still."""
    backend = Backend(bed)
    quiet, count = backend.config, iter(range(1 << 20))

    def torn():
        return struct.pack("=Q", 2048 + next(count)) + quiet()[8:]
    backend.config = torn
    expect_says(r"changed .* \(field capacity, tries \d+\)",
                bed.probe().ask("open " + backend.url()))


# ---- how long a ring may be ----

def ring_says_no(bed):
    """Refused in so many words: half, and half again; what was learnt lasts."""
    backend = Backend(bed, on_size=lambda size: struct.pack("=Q", 1) if size > 32 else None)
    probe = use(bed, backend)
    expect_equal(sizes(backend), [128, 64, 32], "sizes asked for")
    expect_says("depth=32 ", probe.ask("info"))
    lose(backend, probe)
    expect_equal(sizes(backend, 4), [32], "sizes asked for at the second time")


def ring_hangs_up(bed):
    backend = Backend(bed, on_size=lambda size: HANGUP if size > 64 else None)
    probe = use(bed, backend)
    expect_equal(sizes(backend), [128, 64], "sizes asked for")
    lose(backend, probe)
    expect_equal(sizes(backend, 3), [64], "sizes asked for at the second time")


def ring_unacknowledged(bed):
    """The same of a back end that acknowledges nothing, without indirect tables."""
    backend = Backend(bed, protocol=b.P_CONFIG | b.P_MQ | b.P_SLOTS,
                      features=b.PROTOCOL | b.VERSION_1 | b.FLUSH,
                      on_size=lambda size: HANGUP if size > 256 else None)
    probe = use(bed, backend)
    expect_equal(sizes(backend), [512, 256], "sizes asked for")
    expect_says("connections=1 ", probe.ask("info"))


def ring_least(bed):
    backend = Backend(bed, on_size=lambda size: struct.pack("=Q", 1) if size > 4 else None)
    use(bed, backend)
    expect_equal(sizes(backend), [128, 64, 32, 16, 8, 4], "sizes asked for")


def ring_depth(bed):
    """With indirect tables a ring need not be longer than what is in flight."""
    for depth, size in ((32, 32), (33, 64), (128, 128), (1024, 1024)):
        backend = Backend(bed)
        use(bed, backend, depth=depth)
        expect_equal(sizes(backend), [size], f"asked for at depth={depth}")


def ring_option(bed):
    for ring in (4, 16, 256, 1024):
        backend = Backend(bed)
        use(bed, backend, depth=32, ring=ring)
        expect_equal(sizes(backend), [ring], f"asked for with ring={ring}")
    for wrong in (1, 3, 1025):
        expect_says(f"^EINVAL ring={wrong}: it must be 4 to 1024",
                    bed.probe().ask("open vhost-user:/a?ring=%d" % wrong))


def ring_never(bed):
    """A back end that takes none: the program is told, after a handful of connections."""
    backend = Backend(bed, on_size=lambda size: struct.pack("=Q", 1))
    expect_says("^EPROTO .*the back end refused SET_VRING_NUM.*shorter rings, down to 4",
                bed.probe().ask("open " + backend.url()))
    expect_equal(sizes(backend), [128, 64, 32, 16, 8, 4], "sizes asked for")


def ring_dies_once(bed):
    """A back end that dies in a set-up that it took before has not refused it."""
    backend = Backend(bed)
    probe = use(bed, backend)
    backend.on_size = lambda size: HANGUP if backend.connections == 2 else None
    backend.on_request_ring = lambda connection, parts: (
        connection.execute(parts) if backend.connections > 2 else hang_up())
    probe.expect("write 0 65536 1", "0")
    expect_equal(sizes(backend), [128, 128, 128], "sizes asked for")
    # One that goes on so has become another.
    backend.on_size = lambda size: HANGUP if size > 64 else None
    lost = backend.connections
    backend.on_request_ring = lambda connection, parts: (
        connection.execute(parts) if backend.connections > lost else hang_up())
    probe.expect("write 0 65536 1", "0")
    expect_equal(sizes(backend)[3:], [128, 128, 128, 64], "sizes asked for later")


# ---- acknowledgements ----

def owner(bed):
    """Nothing is acknowledged before protocol features are a negotiated feature."""
    backend = Backend(bed, acknowledges=lambda connection: connection.features & b.PROTOCOL)
    use(bed, backend, answer="2s")
    for _, name, flags, _ in backend.messages:
        if name == "SET_FEATURES":
            break
        expect_equal(flags & b.NEED_REPLY, 0, f"an acknowledgement asked for by {name}")


def unconfirmed(bed):
    """Whatever message of the set-up ends the connection, the disk does not count as open."""
    for protocol in (b.P_CONFIG, b.P_CONFIG | b.P_STATUS, b.P_CONFIG | b.P_SLOTS):
        for name in ("SET_MEM_TABLE", "ADD_MEM_REG", "SET_VRING_CALL", "SET_VRING_KICK",
                     "SET_VRING_ENABLE", "SET_STATUS"):
            backend = Backend(bed, protocol=protocol,
                              on_request=lambda n, name=name: HANGUP if n == name else None)
            answer = bed.probe().ask("open " + backend.url())
            if name not in backend.log:
                expect_equal(answer, "0", f"an opening without {name}")
            else:
                expect_says("^(ECONNRESET|EPIPE) ", answer)


# ---- no more than is used ----

def told(bed):
    """Sixteen queues are there, some are used: messages are about these."""
    for queues, configured, used in ((1, 16, 1), (3, 16, 3), (3, 2, 2), (16, 16, 16)):
        backend = Backend(bed, queues=16, protocol=b.P_CONFIG | b.P_MQ | b.P_REPLY_ACK |
                          b.P_INFLIGHT)
        plain = backend.config()
        backend.config = lambda: plain[:34] + struct.pack("=H", configured) + plain[36:]
        use(bed, backend, queues=queues)
        accepted = struct.unpack("=Q", backend.told("SET_PROTOCOL_FEATURES")[0])[0]
        expect_equal(accepted, b.P_CONFIG | b.P_MQ | b.P_REPLY_ACK, "protocol features")
        expect_equal(backend.told("GET_INFLIGHT_FD"), [], "a record of the back end's")
        for name in ("SET_VRING_NUM", "SET_VRING_BASE", "SET_VRING_ADDR", "SET_VRING_ENABLE"):
            about = [struct.unpack_from("=I", x)[0] for x in backend.told(name)]
            expect_equal(about, list(range(used)), name)
        for name in ("SET_VRING_KICK", "SET_VRING_CALL", "SET_VRING_ERR"):
            about = [struct.unpack_from("=Q", x)[0] for x in backend.told(name)]
            expect_equal(about, list(range(used)), name)


def starts_once(bed):
    """A back end that looks at memory only when a ring starts: it sees what comes later."""
    backend = Backend(bed, protocol=b.P_CONFIG | b.P_REPLY_ACK)
    table = []

    def look(connection, parts):
        expect_equal(connection.started, connection.regions, "memory at the start")
        return connection.execute(parts)

    def note(name):
        if name == "SET_MEM_TABLE":
            table.append(backend.log.count("SET_VRING_KICK") - backend.log.count("GET_VRING_BASE"))
    backend.on_request_ring, backend.on_request = look, note
    backend.on_start = lambda connection: setattr(connection, "started", connection.regions)
    probe = bed.probe(backend.url())
    for line in (f"alloc {16 * KIB}", "write 0 4096 1", "verify 0 4096 1",
                 f"register {64 * KIB}", "write 8192 65536 3", "verify 8192 65536 3",
                 f"alloc {200 << 20}", "write 4096 4096 2", "verify 4096 4096 2", "flush"):
        probe.expect(line, "0")
    expect_equal(len(table), 3, "memory tables")
    expect_equal(set(table), {0}, "rings that run while the table changes")


def reserve(bed):
    """Memory can be had while requests are in flight, though the table can't grow then."""
    backend = Backend(bed, protocol=b.P_CONFIG | b.P_REPLY_ACK)
    probe = bed.probe(backend.url())
    backend.on_kick = lambda: False
    probe.expect(f"alloc {64 * KIB}", "0")
    probe.say("+write 0 65536 1")
    probe.expect(f"alloc {16 << 20}", "0")
    probe.say("+write 65536 4096 2")
    backend.on_kick = lambda: True
    probe.say("wait")
    expect_equal([x.partition(": ")[2] for x in probe.answers(2)], ["0", "0"], "the writes")


def reserve_fio(bed):
    """fio with two jobs there: each allocates while the other writes."""
    backend = Backend(bed, length=4 << 20, protocol=b.P_CONFIG | b.P_MQ | b.P_REPLY_ACK)
    shape = cases_fio.Shape("4k", 8, 2, 1)
    process = cases_fio.fio(bed, cases_fio.ours(bed), "--url=" + backend.url(queues=2),
                            *cases_fio.verified(shape))
    cases_fio.expect_whole(cases_fio.result(process), shape)


# ---- to the letter ----

def to_the_letter(bed, features):
    """A back end that demands what the specifications demand, and does so itself."""
    backend = letter.Letter(bed, features=b.PROTOCOL | b.VERSION_1 | b.SEG_MAX | b.BLK_SIZE |
                            b.FLUSH | b.MQ | features)
    probe = bed.probe(backend.url(queues=2, depth=7))
    probe.expect_says("info", "queues=2 ")
    for parts in (0, 2, 9):
        probe.say(f"vector {parts}")
        for i in range(8):
            for line in (f"write {i * 65536} 65536 {i}", f"verify {i * 65536} 65536 {i}"):
                probe.expect(line, "0")
    probe.say("vector 0")
    for line in ("flush", "threads 2", "alloc 131072", "write 0 131072 5", "verify 0 131072 5"):
        probe.expect(line, "0")
    probe.expect("identify", "0 hostile")
    expect_equal(backend.connections, 1, "connections")
    probe.expect("close", "0")
