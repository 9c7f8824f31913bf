# SPDX-License-Identifier: MIT
"""vhost-user-model by itself: what it promises, and what it does to a front end that lies."""
import os
import signal
import struct
import time

import front
from bed import MIB, await_, expect, expect_equal, expect_pattern, expect_says, pattern
from cases_qemu import model
from front import BASE, BYTES, IN, NEXT, OUT, SIZE, TABLE, WRITE, Front

CAPACITY = 2048                 # sectors, of a disk of 1 MiB


def memory_disk(bed, *words):
    return model(bed, "--memory=1M", *words)


# ---- requests ----

def operations(packed, table):
    def case(bed):
        server = memory_disk(bed, "--serial=a serial number of more than twenty bytes")
        f = Front(server.socket, packed, [front.INDIRECT, front.EVENT_IDX]).start()
        f.write(front.BUFFERS, pattern(1, 0, 512))
        expect_equal(f.do(OUT, 7, table=table), 0, "status of a write")
        f.write(front.BUFFERS, bytes(512))
        expect_equal(f.do(IN, 7, table=table), 0, "status of a read")
        expect(f.buffer() == pattern(1, 0, 512), "what was written is not what was read")
        expect_equal(f.do(front.FLUSHING, 0, 0, table), 0, "status of a flush")
        expect_equal(f.do(front.GET_ID, 0, 20, table), 0, "status of get-id")
        expect_equal(f.buffer(0, 20), b"a serial number of m", "serial number")
        expect_equal(f.do(99, 0, 512, table), 2, "status of an unknown request")
        for sector, length in ((CAPACITY, 512), (CAPACITY - 1, 1024), (1 << 62, 512), (0, 511)):
            expect_equal(f.do(IN, sector, length, table), 1, f"status of {length} at {sector}")
        expect_equal(f.do(IN, CAPACITY - 1, 512, table), 0, "status of the last sector")
        f.called()
    return case


def framing(bed):
    """A request's bytes may be cut into descriptors anywhere."""
    f = Front(memory_disk(bed).socket).start()
    at, buffer = f.header(OUT, 3), BASE + front.BUFFERS
    f.write(front.BUFFERS, pattern(2, 0, 1024))
    f.put([(at, 5, 0), (at + 5, 11, 0), (buffer, 100, 0), (buffer + 100, 924, 0),
           (at + 16, 1, WRITE)])
    f.kick()
    f.await_used(1)
    expect_equal((f.status(), f.used_entry(0)), (0, (0, 1)), "a write in pieces")
    at = f.header(IN, 3)
    f.write(front.BUFFERS, bytes(1025))
    f.put([(at, 16, 0), (buffer, 1, WRITE), (buffer + 1, 1024, WRITE)])
    f.kick()
    f.await_used(2)
    expect_equal(f.used_entry(1), (0, 1025), "used entry of a read in pieces")
    expect(f.buffer(0, 1025) == pattern(2, 0, 1024) + b"\0", "the status shares a descriptor")


def in_order(packed):
    """One used entry stands for all that were completed at once."""
    def case(bed):
        f = Front(memory_disk(bed, "--in-order").socket, packed, [front.IN_ORDER]).start()
        for slot in range(4):
            f.put(f.request(IN, slot, slot), slot * 3, 10 + slot)
        f.kick()
        if packed:
            expect_equal(f.await_packed(0), (13, 513), "the used entry")
        else:
            f.await_used(4)
            expect_equal(f.used_entry(0), (9, 513), "the used entry")
        expect_equal([f.status(slot) for slot in range(4)], [0] * 4, "the status bytes")
    return case


# ---- front ends that lie ----

def good(f):
    return f.request(IN, 0)


def leap(f):
    f.put(good(f))
    f.publish(SIZE + 1)


def head(f):
    f.put(good(f))
    f.write(front.DRIVER + 4, struct.pack("<H", SIZE))


def loop(f):
    f.put(good(f))
    f.write(16, struct.pack("<QIHH", BASE + front.BUFFERS, 512, NEXT | WRITE, 1))


def next_beyond(f):
    f.put(good(f))
    f.write(14, struct.pack("<H", SIZE))


def late_readable(f):
    header, data, status = good(f)
    f.put([header, data, (header[0], 16, 0), status])


def no_status(f):
    f.put([good(f)[0]])


def short_header(f):
    header, data, status = good(f)
    f.put([(header[0], 15, 0), data, status])


def outside(f):
    header, _, status = good(f)
    f.put([header, (BASE + BYTES - 511, 512, WRITE), status])


def wrap_around(f):
    header, _, status = good(f)
    f.put([header, ((1 << 64) - 256, 512, WRITE), status])


def odd_table(f):
    f.put([(BASE + 0x8000, 24, TABLE)])


def table_outside(f):
    f.put([(BASE + BYTES - 16, 32, TABLE)])


def table_with_next(f):
    f.put(f.table(good(f)))
    flags = struct.unpack("<H", f.memory[14:16] if f.packed else f.memory[12:14])[0]
    f.write(14 if f.packed else 12, struct.pack("<H", flags | NEXT))


def table_in_table(f):
    f.put(f.table([(BASE + 0x9000, 16, TABLE)]))


def long_table(f):
    header, data, status = good(f)
    f.put(f.table([header] + [(data[0], 1, WRITE)] * SIZE + [status]))


LIES = {
    "leap": (leap, "leapt", "split"),
    "head": (head, "descriptor 16 of a table of 16", "split"),
    "loop": (loop, "more descriptors than", "split"),
    "next": (next_beyond, "descriptor 16 of a table of 16", "split"),
    "nested": (table_in_table, "table in another", "split"),
    "late_readable": (late_readable, "follows a device-writable", "both"),
    "no_status": (no_status, "without a status", "both"),
    "short_header": (short_header, "shorter than 16", "both"),
    "outside": (outside, "no memory that was shared", "both"),
    "wrap_around": (wrap_around, "no memory that was shared", "both"),
    "odd_table": (odd_table, "multiple of 16", "both"),
    "table_outside": (table_outside, "leaves the memory", "both"),
    "table_with_next": (table_with_next, "next descriptor", "both"),
    "long_table": (long_table, "more descriptors than", "both"),
}


def lie(tell, says, packed, *options):
    """The lie ends the connection, with the reason; the next front end is served."""
    def case(bed):
        server = memory_disk(bed, *options)
        f = Front(server.socket, packed, [front.INDIRECT]).start()
        tell(f)
        f.kick()
        f.ended()
        f.socket.close()
        await_(lambda: "connection ended" in server.process.err, "the reason")
        expect_says(says, server.process.err)
        f = Front(server.socket, packed, [front.INDIRECT]).start()
        expect_equal(f.do(IN, 0), 0, "status of the next front end's read")
    return case


def messages(bed):
    """Each wrong message ends its connection with its reason."""
    server = memory_disk(bed)
    wrong = [
        (lambda f: f.send(front.GET_FEATURES, flags=2), "another version"),
        (lambda f: f.send(5, b"x" * 500), "500 bytes"),
        (lambda f: f.send(77), "does not know"),
        (lambda f: f.send(front.SET_FEATURES, b"1234"), "too short"),
        (lambda f: f.number(front.SET_FEATURES, 1 << 63), "not offered"),
        (lambda f: f.number(front.SET_PROTOCOL_FEATURES, 1 << 1), "not offered"),
        (lambda f: f.send(front.GET_STATUS), "not negotiated"),
        (lambda f: f.state(front.SET_VRING_NUM, 8, 1), "does not exist"),
        (lambda f: f.state(front.SET_VRING_NUM, 0), "size of 0"),
        (lambda f: f.number(front.SET_VRING_KICK, 0), "bit 8 contradicts"),
        (lambda f: f.share(length=BYTES + 4096), "longer than its file"),
        (lambda f: f.send(front.SET_MEM_TABLE, struct.pack("<II", 1, 0) + bytes(32)),
         "without a descriptor"),
        (lambda f: (f.negotiate(), f.queue()), "leaves the memory"),
        (lambda f: (f.negotiate(), f.share(), f.queue(size=12)), "power of two"),
        (lambda f: (f.negotiate(), f.share(), f.queue(at=8)), "not aligned"),
    ]
    descriptors = f"/proc/{server.process.pid}/fd"
    before = len(os.listdir(descriptors))
    for number, (send, says) in enumerate(wrong):
        f = Front(server.socket)
        send(f)
        f.ended()
        f.socket.close()
        await_(lambda n=number: server.process.err.count("connection ended") > n, "the reason")
        expect_says(says, server.process.err.splitlines()[-1])
    await_(lambda: len(os.listdir(descriptors)) == before, "as few descriptors as before")
    expect_equal(Front(server.socket).start().do(IN, 0), 0, "status after all of that")


def acknowledged(bed):
    """With REPLY_ACK a wrong message is answered, and the connection stays."""
    f = Front(memory_disk(bed).socket, protocol=[front.REPLY_ACK, front.CONFIG])
    f.negotiate()
    for value, wanted in ((8, 0), (0, 1)):
        f.send(front.SET_VRING_NUM, struct.pack("<II", 0, value), flags=9)
        request, payload, _ = f.receive()
        expect_equal((request, payload), (front.SET_VRING_NUM, struct.pack("<Q", wanted)),
                     f"acknowledgement of a queue of {value}")


def vanished(bed):
    """Memory that is cut off while it is in use ends the connection, not the server."""
    server = memory_disk(bed)
    f = Front(server.socket).start()
    expect_equal(f.do(IN, 0), 0, "status")
    os.ftruncate(f.fd, 0)
    f.kick()
    f.ended()
    f.socket.close()
    await_(lambda: "became shorter" in server.process.err, "the reason")
    expect_equal(Front(server.socket).start().do(IN, 0), 0, "status of the next front end's read")


# ---- life ----

def config(f, offset=0, length=60):
    head_ = struct.pack("<III", offset, length, 0)
    return f.ask(front.GET_CONFIG, head_ + bytes(length))[12:]


def resize(bed):
    image = bed.image(4 * MIB, 1)
    server = model(bed, f"--file={image}")
    f = Front(server.socket, protocol=[front.CONFIG, front.BACKEND_REQ]).start()
    ours, theirs = front.socket.socketpair()
    f.send(front.SET_BACKEND_REQ_FD, fds=[theirs.fileno()])
    theirs.close()
    expect_equal(struct.unpack("<Q", config(f)[:8])[0], 8192, "capacity")
    os.truncate(image, 6 * MIB)
    ours.settimeout(front.PATIENCE)
    expect_equal(ours.recv(64), struct.pack("<III", 2, 1, 0), "news of a new configuration")
    expect_equal(struct.unpack("<Q", config(f)[:8])[0], 12288, "capacity")
    expect_equal(f.do(IN, 12287), 0, "status of the new last sector")
    server.process.signal(signal.SIGHUP)
    expect_equal(ours.recv(64), struct.pack("<III", 2, 1, 0), "news after SIGHUP")
    expect_equal(config(f, 90, 20), b"", "a configuration beyond its end")
    # Whole blocks are the disk; that more is there, or less, is said, and not over and over.
    for length, blocks, says in ((6 * MIB + 100, 12288, "the last 100 of its 6291556 bytes"),
                                 (5 * MIB + 7, 10240, "the last 7 of its 5242887 bytes"),
                                 (5 * MIB, 10240, None), (30, 10240, "30 bytes now, less than a")):
        os.truncate(image, length)
        if blocks == 10240 and length > 5 * MIB:
            expect_equal(ours.recv(64), struct.pack("<III", 2, 1, 0), "news of what is left")
        await_(lambda: says is None or says in server.process.err, says)
        time.sleep(0.5)
        expect_equal(struct.unpack("<Q", config(f)[:8])[0], blocks, "capacity")
        expect_equal(server.process.err.count(says or "left"), int(says is not None), says)


def status(bed):
    """FEATURES_OK falls without VERSION_1; nothing is served before DRIVER_OK; 0 resets."""
    server = memory_disk(bed)
    f = Front(server.socket, protocol=[front.STATUS])
    f.negotiate()
    f.number(front.SET_FEATURES, f.features & ~(1 << front.VERSION_1))
    f.number(front.SET_STATUS, 11)
    expect_equal(f.number(front.GET_STATUS), 3, "status without VERSION_1")
    f.number(front.SET_FEATURES, f.features)
    f.number(front.SET_STATUS, 11)
    expect_equal(f.number(front.GET_STATUS), 11, "status")
    f.share()
    f.queue()
    f.put(f.request(IN, 0))
    f.kick()
    f.fence()
    expect_equal(f.used_index(), 0, "used index before DRIVER_OK")
    f.number(front.SET_STATUS, 15)
    f.await_used(1)
    f.number(front.SET_STATUS, 0)
    f.fence()
    f.put(f.request(IN, 0))
    f.kick()
    f.fence()
    expect_equal((f.number(front.GET_STATUS), f.used_index()), (0, 1), "after the reset")
    f.number(front.SET_STATUS, 11)
    expect_equal(f.number(front.GET_STATUS), 3, "status without features, which the reset took")


def reset(bed):
    f = Front(memory_disk(bed).socket, protocol=[front.RESETTABLE]).start()
    expect_equal(f.do(IN, 0), 0, "status")
    f.send(front.RESET_DEVICE)
    f.fence()
    f.put(f.request(IN, 0))
    f.kick()
    f.fence()
    expect_equal(f.used_index(), 1, "used index after the reset")
    f.number(front.SET_FEATURES, f.features)
    f.queue(base=1)
    f.await_used(2)


def position(packed):
    """The position that a stopped ring tells is where a started one goes on."""
    def case(bed):
        f = Front(memory_disk(bed).socket, packed).start()
        for _ in range(7):
            expect_equal(f.do(IN, 0), 0, "status")
        told = struct.unpack("<II", f.ask(front.GET_VRING_BASE, struct.pack("<II", 0, 0)))[1]
        expect_equal(told, 0x00050005 if packed else 7, "position")
        f.queue(base=told)
        expect_equal(f.do(IN, 0), 0, "status after it")
    return case


def inflight(packed):
    """What died executed but not completed is in the record, and the next server does it."""
    def case(bed):
        image = bed.image(MIB)
        words = f"--file={image}", "--die-after=3"
        server = model(bed, *words)
        f = Front(server.socket, packed, protocol=[front.INFLIGHT])
        f.negotiate()
        size = struct.pack("<QQHHI", 0, 0, 1, SIZE, 0)
        record, fds = f.ask(front.GET_INFLIGHT_FD, size)
        f.share()
        f.queue()
        for slot in range(5):
            f.write(front.BUFFERS + slot * 4096, pattern(slot, 0, 512))
            f.put(f.request(OUT, slot, slot), slot * 3, slot)
        f.kick()
        server.process.wait(-signal.SIGKILL)
        expect_equal([f.status(slot) for slot in range(5)], [0] * 3 + [front.UNSET] * 2,
                     "status bytes after the death")
        if packed:
            expect_equal([f.await_packed(3 * slot) for slot in (0, 1)], [(0, 1), (1, 1)], "used")
        else:
            expect_equal(f.used_index(), 2, "used index after the death")
        f.write(front.HEADERS + 2 * 64 + 16, bytes([front.UNSET]))
        server.command = server.command[:-1]
        server.start()
        g = Front(server.socket, packed, protocol=[front.INFLIGHT], memory=f)
        g.negotiate()
        g.send(front.SET_INFLIGHT_FD, record, fds)
        g.share()
        g.queue()
        g.kick()
        if packed:
            expect_equal([g.await_packed(3 * slot) for slot in range(5)],
                         [(slot, 1) for slot in range(5)], "used")
        else:
            g.await_used(5)
            expect_equal([g.used_entry(i) for i in range(5)],
                         [(3 * slot, 1) for slot in range(5)], "used entries")
        expect_equal([g.status(slot) for slot in range(5)], [0] * 5, "status bytes")
        for slot in range(5):
            with open(image, "rb") as disk:
                disk.seek(512 * slot)
                expect(disk.read(512) == pattern(slot, 0, 512), f"sector {slot} was not written")
        expect_says("carrying out 1 request", server.process.err)
    return case


def loses(bed):
    """With --lose-unflushed the file has what was flushed before the death, and no more."""
    image = bed.image(MIB)
    server = model(bed, f"--file={image}", "--lose-unflushed", "--die-after=5")
    f = Front(server.socket, features=[front.CONFIG_WCE]).start()
    f.write(front.BUFFERS, pattern(4, 0, 512))
    for kind, sector in ((OUT, 1), (front.FLUSHING, 0), (OUT, 2), (IN, 2)):
        expect_equal(f.do(kind, sector, 0 if kind == front.FLUSHING else 512), 0, "status")
    expect(f.buffer() == pattern(4, 0, 512), "the cache lost it already")
    f.put(f.request(IN, 2))
    f.kick()
    server.process.wait(-signal.SIGKILL)
    with open(image, "rb") as disk:
        found = disk.read(2048)
    expect(found == bytes(512) + pattern(4, 0, 512) + bytes(1024), "not exactly what was flushed")
    server.command = server.command[:-1]
    server.start()
    f = Front(server.socket, features=[front.CONFIG_WCE]).start()
    f.send(front.SET_CONFIG, struct.pack("<III", 32, 1, 0) + b"\0")
    f.fence()
    f.write(front.BUFFERS, pattern(5, 0, 512))
    expect_equal(f.do(OUT, 3), 0, "status of a write through")
    server.kill9()
    with open(image, "rb") as disk:
        expect(disk.read(2048)[1536:] == pattern(5, 0, 512), "a write through was lost")


def flush_unknown(bed):
    """Who did not take FLUSH can't flush; its writes are stable at once (loses)."""
    f = Front(memory_disk(bed).socket)
    f.features &= ~front.bits(front.FLUSH)
    expect_equal(f.start().do(front.FLUSHING, 0, 0), 2, "status of a flush")


def switches(bed):
    server = memory_disk(bed, "--features-off=packed,event-idx", "--protocol-off=status,inflight")
    f = Front(server.socket)
    features, protocol = f.number(front.GET_FEATURES), f.number(front.GET_PROTOCOL_FEATURES)
    expect_equal(features >> front.PACKED & 1, 0, "packed")
    expect_equal(features >> front.EVENT_IDX & 1, 0, "event index")
    expect_equal(features >> front.INDIRECT & 1, 1, "indirect")
    expect_equal(protocol, front.bits(0, 3, 5, 9, 13, 15), "protocol features")


# ---- with our library ----

SERVERS = {
    "packed": ([], r"ring +packed\n +indirect +yes\n +event index +yes$"),
    "in_order": (["--in-order"], r"ring +packed\n(?:.*\n)* +in order +yes$"),
    "split": (["--features-off=packed", "--poll"], r"ring\s+split"),
    "plain": (["--features-off=indirect,event-idx,packed"], r"ring\s+split"),
    "direct": (["--features-off=indirect,event-idx", "--in-order"], r"ring\s+packed"),
    "blocks": (["--block=4096", "--threads"], r"  block bytes +4096$"),
    "segments": (["--seg-max=1", "--size-max=64K"], r"  segments max +1$"),
    "bare": (["--protocol-off=status,inflight,reset-device,mem-slots,reply-ack"], r"ring\s+packed"),
    "slow": (["--delay-us=500"], r"ring\s+packed"),
}


def library(options, says):
    def case(bed):
        image = bed.image(8 * MIB)
        server = model(bed, f"--file={image}", "--queues=2", *options)
        url = server.url(queues=2, depth=16)
        data = bed.image(5 * MIB, 8, "data")
        bed.orion("vblk", "write", url, "1M", "-i", data)
        with open(image, "rb") as disk:
            expect(disk.read() == bytes(MIB) + pattern(8, 0, 5 * MIB) + bytes(2 * MIB),
                   "the file is not what was written")
        bed.orion("vblk", "read", url, "1M", "5M", "-o", bed.path("back"))
        with open(bed.path("back"), "rb") as back:
            expect(back.read() == pattern(8, 0, 5 * MIB), "what was read is not what was written")
        expect_says(says, bed.orion("vblk", "info", url).out)
    return case


def library_death(options):
    """The server dies again and again with requests executed and not completed."""
    def case(bed):
        image = bed.image(32 * MIB)
        data = bed.image(32 * MIB, 8, "data")
        server = model(bed, f"--file={image}", *options, "--die-after=30")
        url = server.url(depth=16, durable="on")
        vblk = bed.start(bed.program("vblk"), "write", url, "0", "-i", data)
        deaths = 0
        while vblk.alive():
            if not server.process.alive():
                deaths += 1
                server.process = bed.start(*server.command[:-1], f"--die-after={20 + 7 * deaths}")
            time.sleep(0.002)
        vblk.wait()
        expect(deaths > 1, f"the server died {deaths} times")
        expect_pattern(image, 8, 0, 32 * MIB)
    return case


def words(bed):
    """Every wrong command line says what would be right."""
    for line, says in (
            ("", "--socket-path"), ("--socket-path=s", "--null"),
            ("--socket-path=s --null --memory=1M", "one disk"),
            ("--socket-path=s --memory=1X", "64k, 10MiB, 2G"),
            ("--socket-path=s --memory=-1", "64k, 10MiB, 2G"),
            ("--socket-path=s --memory=1MM", "64k, 10MiB, 2G"),
            ("--socket-path=s --memory=20000000T", "64k, 10MiB, 2G"),
            ("--socket-path=s --null --queues=1k", "from 1 to 16, a whole number"),
            ("--socket-path=s --memory=1kB", "no multiple of its block"),
            ("--socket-path=s --null --queues=17", "1 to 16"),
            ("--socket-path=s --null --block=1000", "power of two"),
            ("--socket-path=s --null --features-off=pakced", "packed"),
            ("--socket-path=s --null --lose-unflushed", "--file"),
            ("--socket-path=s --file=/nowhere/x", "No such file"),
            ("--socket-path=s --null x", '"x"')):
        process = bed.orion("vhost-user-model", *line.split(), status=1)
        expect_says(says.replace("--", "-{2}"), process.err)
    # A size means what it means in a URL, and to vblk.
    for text, size in (("1M", MIB), ("1MiB", MIB), ("1024k", MIB), ("1024KiB", MIB),
                       ("0x100000", MIB), ("64kB", 64000)):
        server = model(bed, "--memory=" + text)
        await_(lambda: f"a disk of {size} bytes" in server.process.err, text)
    server = memory_disk(bed)
    process = bed.orion("vhost-user-model", "--null", f"--socket-path={server.socket}", status=1)
    expect_says("another program listens", process.err)
    expect_says("usage", bed.orion("vhost-user-model", "--help").out)


def cases():
    for packed in (False, True):
        kind = "packed" if packed else "split"
        yield f"model/operations.{kind}", operations(packed, False)
        yield f"model/operations.{kind}.table", operations(packed, True)
        yield f"model/in_order.{kind}", in_order(packed)
        yield f"model/position.{kind}", position(packed)
        yield f"model/inflight.{kind}", inflight(packed)
        for name, (tell, says, which) in LIES.items():
            if which == "both" or not packed:
                yield f"model/lie.{name}.{kind}", lie(tell, says, packed)
    yield "model/lie.polled", lie(outside, "no memory", False, "--poll")
    for name, (options, says) in SERVERS.items():
        yield "model/library." + name, library(options, says)
    yield "model/library.death", library_death([])
    yield "model/library.death.split", library_death(["--features-off=packed"])
    for name in ("framing", "messages", "acknowledged", "vanished", "resize", "status", "reset",
                 "loses", "flush_unknown", "switches", "words"):
        yield "model/" + name, globals()[name]
