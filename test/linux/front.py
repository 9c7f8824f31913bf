# SPDX-License-Identifier: MIT
"""A vhost-user front end in the test's own hands: it says what the test says, right or wrong.

    front = Front(server.socket, packed=True)
    front.start()                           # features, memory, one queue
    front.put(front.read_request(sector=0, buffer=0))
    front.kick()
    front.await_used(1)

Memory is one memfd: rings first, then headers and status bytes, then buffers.
"""
import array
import mmap
import os
import select
import socket
import struct

from bed import PATIENCE, Failure, await_, expect, expect_equal

GET_FEATURES, SET_FEATURES, SET_OWNER = 1, 2, 3
SET_MEM_TABLE, SET_VRING_NUM, SET_VRING_ADDR, SET_VRING_BASE, GET_VRING_BASE = 5, 8, 9, 10, 11
SET_VRING_KICK, SET_VRING_CALL = 12, 13
GET_PROTOCOL_FEATURES, SET_PROTOCOL_FEATURES, SET_VRING_ENABLE = 15, 16, 18
SET_BACKEND_REQ_FD, GET_CONFIG, SET_CONFIG = 21, 24, 25
GET_INFLIGHT_FD, SET_INFLIGHT_FD, RESET_DEVICE, SET_STATUS, GET_STATUS = 31, 32, 34, 39, 40
REPLY_ACK, BACKEND_REQ, CONFIG, INFLIGHT, RESETTABLE, STATUS = 3, 5, 9, 12, 13, 16
FLUSH, CONFIG_WCE, INDIRECT, EVENT_IDX, PROTOCOL, VERSION_1, PACKED, IN_ORDER = \
    9, 11, 28, 29, 30, 32, 34, 35
NEXT, WRITE, TABLE = 1, 2, 4
IN, OUT, FLUSHING, GET_ID = 0, 1, 4, 8

SIZE = 16                       # of the ring
BASE, USER = 0x40000000, 0x7f0000000000
DRIVER, DEVICE, HEADERS, BUFFERS, BYTES = 0x1000, 0x2000, 0x3000, 0x10000, 0x100000
UNSET = 0xfe                    # a status byte that no device writes


def bits(*numbers):
    return sum(1 << n for n in numbers)


class Front:
    def __init__(self, path, packed=False, features=(), protocol=(CONFIG,), memory=None):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(path)
        self.packed = packed
        self.features = bits(VERSION_1, PROTOCOL, FLUSH, *features, *([PACKED] if packed else []))
        self.protocol = bits(*protocol)
        self.fd = os.memfd_create("front") if memory is None else memory.fd
        if memory is None:
            os.ftruncate(self.fd, BYTES)
        self.memory = mmap.mmap(self.fd, BYTES)
        self.kicks, self.calls = os.eventfd(0), os.eventfd(0, os.EFD_NONBLOCK)
        self.avail = memory.avail if memory else 0      # free-running
        self.used = 0

    # ---- messages ----

    def send(self, request, payload=b"", fds=(), flags=1):
        data = struct.pack("<III", request, flags, len(payload)) + payload
        control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.socket.sendmsg([data], control)

    def receive(self):
        """Returns (request, payload, descriptors)."""
        header, control, _, _ = self.socket.recvmsg(12, socket.CMSG_SPACE(8 * 4))
        expect(header, "the server closed the connection")
        request, flags, size = struct.unpack("<III", header)
        expect_equal(flags & 7, 5, "flags of an answer")
        payload = b""
        while len(payload) < size:
            payload += self.socket.recv(size - len(payload))
        fds = array.array("i")
        for _, _, data in control:
            fds.frombytes(data)
        return request, payload, list(fds)

    def ask(self, request, payload=b""):
        self.send(request, payload)
        answer, data, fds = self.receive()
        expect_equal(answer, request, "request of the answer")
        return (data, fds) if fds else data

    def number(self, request, value=None):
        """Sets a number, or asks for one."""
        if value is not None:
            return self.send(request, struct.pack("<Q", value))
        return struct.unpack("<Q", self.ask(request))[0]

    def state(self, request, value, index=0):
        self.send(request, struct.pack("<II", index, value))

    def fence(self):
        """Returns when the server has done all before."""
        self.number(GET_FEATURES)

    def ended(self):
        """Waits until the server has closed the connection."""
        try:
            while self.socket.recv(4096):
                pass
        except ConnectionResetError:
            pass

    # ---- set-up ----

    def negotiate(self):
        offered = self.number(GET_FEATURES)
        expect(self.features & ~offered == 0, f"not offered: 0x{self.features & ~offered:x}")
        offered = self.number(GET_PROTOCOL_FEATURES)
        expect(self.protocol & ~offered == 0, f"not offered: 0x{self.protocol & ~offered:x}")
        self.number(SET_PROTOCOL_FEATURES, self.protocol)
        self.send(SET_OWNER)
        self.number(SET_FEATURES, self.features)

    def share(self, device=BASE, length=BYTES, offset=0):
        region = struct.pack("<QQQQ", device, length, USER, offset)
        self.send(SET_MEM_TABLE, struct.pack("<II", 1, 0) + region, [self.fd])

    def queue(self, base=None, size=SIZE, at=0):
        base = (0x8000 if self.packed else 0) if base is None else base
        self.state(SET_VRING_NUM, size)
        self.send(SET_VRING_ADDR, struct.pack("<IIQQQQ", 0, 0, USER + at, USER + DEVICE,
                                              USER + DRIVER, 0))
        self.state(SET_VRING_BASE, base)
        self.send(SET_VRING_CALL, struct.pack("<Q", 0), [self.calls])
        self.send(SET_VRING_KICK, struct.pack("<Q", 0), [self.kicks])
        self.state(SET_VRING_ENABLE, 1)

    def start(self, **changes):
        self.negotiate()
        self.share()
        self.queue(**changes)
        self.fence()
        return self

    # ---- rings ----

    def write(self, offset, data):
        self.memory[offset:offset + len(data)] = data

    def header(self, kind, sector, slot=0):
        at = HEADERS + 64 * slot
        self.write(at, struct.pack("<IIQ", kind, 0, sector) + bytes([UNSET]))
        return BASE + at

    def request(self, kind, sector, slot=0, length=512):
        """Descriptors of a good request whose buffer is the slot's: (address, length, flags)."""
        header = self.header(kind, sector, slot)
        data = (BASE + BUFFERS + slot * 4096, length, WRITE if kind in (IN, GET_ID) else 0)
        return [(header, 16, 0)] + ([data] if length else []) + [(header + 16, 1, WRITE)]

    def status(self, slot=0):
        return self.memory[HEADERS + 64 * slot + 16]

    def buffer(self, slot=0, length=512):
        return self.memory[BUFFERS + slot * 4096:][:length]

    def put(self, chain, start=0, number=0):
        """Makes CHAIN available in descriptors START on (packed: at the ring's position)."""
        if self.packed:
            return self.put_packed(chain, number)
        for i, (address, length, flags) in enumerate(chain):
            last = i == len(chain) - 1
            self.write((start + i) * 16, struct.pack("<QIHH", address, length, flags | (
                0 if last or flags & TABLE else NEXT), 0 if last else start + i + 1))
        self.write(DRIVER + 4 + self.avail % SIZE * 2, struct.pack("<H", start))
        self.avail += 1
        return self.publish(self.avail)

    def publish(self, index):
        self.write(DRIVER + 2, struct.pack("<H", index % 65536))

    def put_packed(self, chain, number):
        written = []
        for i, (address, length, flags) in enumerate(chain):
            wrap = self.avail // SIZE % 2 == 0
            flags |= (0x80 if wrap else 0x8000) | (NEXT if i < len(chain) - 1 else 0)
            written.append((self.avail % SIZE * 16,
                            struct.pack("<QIHH", address, length, number, flags)))
            self.avail += 1
        for at, data in reversed(written):              # the head, which gives it away, goes last
            self.write(at, data[:14])
            self.write(at + 14, data[14:])

    def table(self, chain, at=0x8000):
        """Writes CHAIN as an indirect table; returns the descriptor of that."""
        for i, (address, length, flags) in enumerate(chain):
            more = NEXT if i < len(chain) - 1 and not self.packed else 0
            self.write(at + 16 * i, struct.pack("<QIHH", address, length,
                                                *((0, flags) if self.packed else
                                                  (flags | more, i + 1))))
        return [(BASE + at, 16 * len(chain), TABLE)]

    def kick(self):
        os.eventfd_write(self.kicks, 1)

    def used_index(self):
        return struct.unpack("<H", self.memory[DEVICE + 2:DEVICE + 4])[0]

    def await_used(self, index):
        """Waits for the split ring's used index."""
        await_(lambda: self.used_index() == index, f"used index {index}")

    def used_entry(self, index):
        return struct.unpack("<II", self.memory[DEVICE + 4 + index % SIZE * 8:][:8])

    def await_packed(self, position):
        """Waits until the packed descriptor at the free-running POSITION is used: (id, length)."""
        lap = 0x8080 if position // SIZE % 2 == 0 else 0

        def look():
            at = position % SIZE * 16
            length, number, flags = struct.unpack("<IHH", self.memory[at + 8:at + 16])
            return (number, length) if flags & 0x8080 == lap else None
        return await_(look, f"descriptor {position} to be used")

    def do(self, kind, sector, length=512, table=False):
        """Carries one request out from an idle ring; returns its status."""
        chain = self.request(kind, sector, 0, length)
        position = self.avail
        self.put(self.table(chain) if table else chain)
        self.kick()
        if self.packed:
            self.await_packed(position)
        else:
            self.await_used(self.avail % 65536)
        return self.status()

    def called(self):
        """Waits for the device's call."""
        if not select.select([self.calls], [], [], PATIENCE)[0]:
            raise Failure(f"no call in {PATIENCE} s")
        return os.eventfd_read(self.calls)
