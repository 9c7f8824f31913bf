# SPDX-License-Identifier: MIT
"""A vhost-user block back end that does right until it is told to do wrong.

    backend = Backend(bed, features=..., config=...)      serves at backend.url() in a thread
    backend.on_request = lambda name: ...       at each message; HANGUP ends the connection
    backend.on_answer = lambda name, message: ...         what is sent in place of an answer
    backend.on_used = lambda queue, head, length: [...]   what is put in a used ring
    backend.on_config = lambda offset, size, flags: ...   the payload that answers GET_CONFIG

An answer is bytes, or a Say, or None for nothing at all.  What a back end of another build would do
differently (features, sizes, numbers of queues) are its fields.  It serves one client at a time, on
split rings, a request after the other; its disk is a bytearray.
"""
import array
import mmap
import os
import select
import socket
import struct
import threading
import traceback
import typing

HANGUP = object()

NAMES = {1: "GET_FEATURES", 2: "SET_FEATURES", 3: "SET_OWNER", 5: "SET_MEM_TABLE",
         8: "SET_VRING_NUM", 9: "SET_VRING_ADDR", 10: "SET_VRING_BASE", 11: "GET_VRING_BASE",
         12: "SET_VRING_KICK", 13: "SET_VRING_CALL", 14: "SET_VRING_ERR",
         15: "GET_PROTOCOL_FEATURES", 16: "SET_PROTOCOL_FEATURES", 17: "GET_QUEUE_NUM",
         18: "SET_VRING_ENABLE", 21: "SET_BACKEND_REQ_FD", 24: "GET_CONFIG", 25: "SET_CONFIG",
         31: "GET_INFLIGHT_FD", 32: "SET_INFLIGHT_FD", 34: "RESET_DEVICE",
         36: "GET_MAX_MEM_SLOTS", 37: "ADD_MEM_REG", 38: "REM_MEM_REG", 39: "SET_STATUS",
         40: "GET_STATUS"}
REPLY, NEED_REPLY = 4, 8

# Feature bits of the device, protocol features of the socket.
SEG_MAX, RO, BLK_SIZE, FLUSH, MQ = 1 << 2, 1 << 5, 1 << 6, 1 << 9, 1 << 12
INDIRECT, PROTOCOL, VERSION_1 = 1 << 28, 1 << 30, 1 << 32
P_MQ, P_REPLY_ACK, P_BACKEND_REQ, P_CONFIG, P_INFLIGHT, P_SLOTS, P_STATUS = (
    1 << 0, 1 << 3, 1 << 5, 1 << 9, 1 << 12, 1 << 15, 1 << 16)

OK, IOERR, UNSUPPORTED = 0, 1, 2


class Say(typing.NamedTuple):
    """What goes over the socket in place of an answer."""
    data: bytes
    fds: list = []
    pause: float = 0            # seconds between its bytes
    hangup: bool = False        # the connection ends after it


class HungUp(Exception):
    """The connection has ended."""


class Region:
    """Memory that the client lends: LENGTH bytes, at USER in its own addresses."""

    def __init__(self, device, length, user, offset, fd):
        self.device, self.length, self.user, self.offset, self.fd = device, length, user, offset, fd
        self.map = mmap.mmap(fd, offset + length)

    def close(self):
        self.map.close()
        os.close(self.fd)


class Ring:
    """A virtqueue as the messages describe it."""

    def __init__(self):
        self.size = self.next = self.used_index = 0
        self.descriptors = self.available = self.used = 0       # addresses of the client
        self.fds = {"KICK": -1, "CALL": -1, "ERR": -1}
        self.enabled = False

    def set_fd(self, which, fd):
        if self.fds[which] >= 0:
            os.close(self.fds[which])
        self.fds[which] = fd

    def signal(self, which, count=1):
        if self.fds[which] >= 0:
            try:
                os.write(self.fds[which], struct.pack("=Q", count))
            except BlockingIOError:
                pass


class Connection:
    """One client: its memory, its rings, its socket."""

    def __init__(self, backend, sock):
        self.backend, self.sock = backend, sock
        self.regions, self.rings, self.channel = [], {}, None
        self.deferred = []                  # (ring's index, head, parts) taken and not yet done
        self.protocol = self.features = 0
        self.status, self.started = bytes(8), None

    def close(self):
        self.sock.close()
        if self.channel is not None:
            self.channel.close()
        for ring in self.rings.values():
            for which in ring.fds:
                ring.set_fd(which, -1)
        for region in self.regions:
            region.close()
        self.regions = []

    # ---- memory ----

    def at(self, address, user=False):
        """(map, place) of an address that came in a descriptor, or as a ring's."""
        for region in self.regions:
            base = region.user if user else region.device
            if base <= address < base + region.length:
                return region.map, region.offset + address - base
        raise ValueError(f"address {address:#x} is in no memory that was lent")

    def read(self, address, length, user=False):
        where, place = self.at(address, user)
        return where[place:place + length]

    def write(self, address, data, user=False):
        where, place = self.at(address, user)
        where[place:place + len(data)] = data

    # ---- messages ----

    def receive(self, length, fds):
        data = b""
        while len(data) < length:
            room = socket.CMSG_SPACE(16 * 4)
            piece, control, _, _ = self.sock.recvmsg(length - len(data), room)
            for level, kind, raw in control:
                if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                    fds.extend(array.array("i", raw))
            if not piece:
                raise HungUp
            data += piece
        return data

    def send(self, say):
        data, fds = say.data, say.fds
        step = 1 if say.pause else len(data)
        for i in range(0, len(data), max(step, 1)):
            socket.send_fds(self.sock, [data[i:i + step]], fds)
            fds = []
            if say.pause and self.backend.stopping.wait(say.pause):
                raise HungUp
        if say.hangup:
            raise HungUp

    def message(self):
        fds = []
        request, flags, size = struct.unpack("=III", self.receive(12, fds))
        payload = self.receive(size, fds)
        name = NAMES.get(request, str(request))
        self.backend.log.append(name)
        self.backend.messages.append((self.backend.connections, name, flags, payload))
        if self.backend.on_request(name) is HANGUP:
            raise HungUp
        self.check(name, flags, payload, fds)
        answer = getattr(self, "on_" + name)(payload, fds)
        if answer is HANGUP:
            raise HungUp
        if isinstance(answer, tuple):
            answer, passed = answer
        else:
            passed = []
        if answer is None and flags & NEED_REPLY and self.backend.acknowledges(self):
            answer = struct.pack("=Q", 0)
        if answer is None:
            return
        data = struct.pack("=III", request, 1 | REPLY, len(answer)) + answer
        data = self.backend.on_answer(name, data)
        if data is not None:
            self.send(data if isinstance(data, Say) else Say(data, passed))

    def check(self, name, flags, payload, fds):
        """Whatever comes will do."""

    def on_GET_FEATURES(self, payload, fds):
        return struct.pack("=Q", self.backend.features)

    def on_SET_FEATURES(self, payload, fds):
        self.features = struct.unpack("=Q", payload)[0]

    def on_GET_PROTOCOL_FEATURES(self, payload, fds):
        return struct.pack("=Q", self.backend.protocol)

    def on_SET_PROTOCOL_FEATURES(self, payload, fds):
        self.protocol = struct.unpack("=Q", payload)[0]

    def on_SET_OWNER(self, payload, fds):
        pass

    def on_RESET_DEVICE(self, payload, fds):
        pass

    def on_GET_QUEUE_NUM(self, payload, fds):
        return struct.pack("=Q", self.backend.queues)

    def on_GET_MAX_MEM_SLOTS(self, payload, fds):
        return struct.pack("=Q", self.backend.slots)

    def on_GET_CONFIG(self, payload, fds):
        return self.backend.on_config(*struct.unpack_from("=III", payload))

    def on_SET_CONFIG(self, payload, fds):
        pass

    def on_SET_BACKEND_REQ_FD(self, payload, fds):
        self.channel = socket.socket(fileno=fds[0])

    def on_SET_MEM_TABLE(self, payload, fds):
        if self.deferred or any(ring.enabled for ring in self.rings.values()):
            raise ValueError(f"memory is replaced under {len(self.deferred)} requests, or rings")
        for region in self.regions:
            region.close()
        count = struct.unpack_from("=I", payload)[0]
        self.regions = [Region(*struct.unpack_from("=QQQQ", payload, 8 + 32 * i), fds[i])
                        for i in range(count)]

    def on_ADD_MEM_REG(self, payload, fds):
        self.regions.append(Region(*struct.unpack_from("=QQQQ", payload, 8), fds[0]))

    def on_REM_MEM_REG(self, payload, fds):
        user = struct.unpack_from("=QQQQ", payload, 8)[2]
        for fd in fds:
            os.close(fd)
        for region in [r for r in self.regions if r.user == user]:
            self.regions.remove(region)
            region.close()

    def on_SET_STATUS(self, payload, fds):
        self.status = payload

    def on_GET_STATUS(self, payload, fds):
        return self.status

    def on_GET_INFLIGHT_FD(self, payload, fds):
        return self.backend.inflight(payload)

    def on_SET_INFLIGHT_FD(self, payload, fds):
        for fd in fds:
            os.close(fd)

    def ring(self, index):
        return self.rings.setdefault(index, Ring())

    def on_SET_VRING_NUM(self, payload, fds):
        index, size = struct.unpack("=II", payload)
        self.ring(index).size = size
        return self.backend.on_size(size)

    def on_SET_VRING_BASE(self, payload, fds):
        index, base = struct.unpack("=II", payload)
        self.ring(index).next = self.ring(index).used_index = base

    def on_SET_VRING_ADDR(self, payload, fds):
        index, _, descriptors, used, available, _ = struct.unpack("=IIQQQQ", payload)
        ring = self.ring(index)
        ring.descriptors, ring.used, ring.available = descriptors, used, available

    def on_GET_VRING_BASE(self, payload, fds):
        index = struct.unpack_from("=I", payload)[0]
        self.finish_deferred()
        self.ring(index).enabled = False
        return struct.pack("=II", index, self.ring(index).next & 0xffff)

    def set_fd(self, which, payload, fds):
        self.ring(struct.unpack("=Q", payload)[0] & 0xff).set_fd(which, fds[0])

    def on_SET_VRING_KICK(self, payload, fds):
        self.set_fd("KICK", payload, fds)

    def on_SET_VRING_CALL(self, payload, fds):
        self.set_fd("CALL", payload, fds)

    def on_SET_VRING_ERR(self, payload, fds):
        self.set_fd("ERR", payload, fds)

    def on_SET_VRING_ENABLE(self, payload, fds):
        index, enabled = struct.unpack("=II", payload)
        self.ring(index).enabled = enabled == 1
        self.backend.on_start(self)

    # ---- rings ----

    def chain(self, ring, head):
        """[(address, length, device writes)] of the request at HEAD."""
        table, user, count, index, parts = ring.descriptors, True, ring.size, head, []
        for _ in range(2 * 1024):
            raw = self.read(table + 16 * index, 16, user)
            address, length, flags, following = struct.unpack("=QIHH", raw)
            if flags & 4:
                table, user, count, index = address, False, length // 16, 0
                continue
            parts.append((address, length, bool(flags & 2)))
            if not flags & 1:
                return parts
            index = following % count
        raise ValueError("a chain without an end")

    def execute(self, parts):
        """Does one request; returns (status, bytes written)."""
        kind, _, place = struct.unpack("=IIQ", self.read(parts[0][0], 16))
        disk, place, done = self.backend.disk, place * 512, 0
        for address, length, writes in parts[1:-1]:
            if kind == 0 and writes:
                self.write(address, bytes(disk[place:place + length]))
                done += length
            elif kind == 1 and not writes:
                disk[place:place + length] = self.read(address, length)
            elif kind == 8:
                self.write(address, b"hostile".ljust(length, b"\0"))
            place += length
        return (OK if kind in (0, 1, 4, 8) else UNSUPPORTED), done

    def serve_ring(self, index):
        ring = self.rings[index]
        while ring.enabled:
            available = struct.unpack("=H", self.read(ring.available + 2, 2, True))[0]
            if available == ring.next & 0xffff:
                return
            at = ring.available + 4 + 2 * (ring.next % ring.size)
            head = struct.unpack("=H", self.read(at, 2, True))[0]
            ring.next += 1
            parts = self.chain(ring, head)
            if self.backend.defers:
                self.deferred.append((index, head, parts))
            else:
                self.finish(index, head, parts)

    def finish_deferred(self):
        todo, self.deferred = self.deferred, []
        for index, head, parts in todo:
            self.finish(index, head, parts)

    def finish(self, index, head, parts):
        """Carries out a request that was taken, and puts it in the used ring."""
        ring = self.rings[index]
        status, length = self.backend.on_request_ring(self, parts)
        if status is not None:
            self.write(parts[-1][0], bytes([status]))
        self.backend.served += 1
        self.publish(ring, self.backend.on_used(index, head, length + 1))

    def publish(self, ring, entries):
        """Puts (id, length) pairs in the used ring, and calls."""
        for ident, length in entries:
            at = ring.used + 4 + 8 * (ring.used_index % ring.size)
            self.write(at, struct.pack("=II", ident, length), True)
            ring.used_index += 1
            self.write(ring.used + 2, struct.pack("=H", ring.used_index & 0xffff), True)
        if entries and self.backend.on_call():
            ring.signal("CALL")

    def run(self):
        while not self.backend.stopping.is_set():
            kicks = {r.fds["KICK"]: i for i, r in self.rings.items()
                     if r.enabled and r.fds["KICK"] >= 0}
            pause = 0.001 if self.deferred else 0.02
            ready, _, _ = select.select([self.sock, *kicks], [], [], pause)
            # One that defers has taken what was there before it listens to a message.
            if self.sock in ready and not (self.backend.defers and len(ready) > 1):
                self.message()
                continue
            for fd in ready:
                if fd is self.sock:
                    continue
                try:
                    os.read(fd, 8)
                except BlockingIOError:
                    pass
                if self.backend.on_kick():
                    self.serve_ring(kicks[fd])
            if not ready:
                self.finish_deferred()
            self.backend.on_turn(self)


class Backend:
    """The server.  Its fields and on_... functions may be replaced, at any moment."""
    connection = Connection

    def __init__(self, bed, length=1 << 20, **fields):
        self.disk, self.queues, self.slots, self.block = bytearray(length), 4, 32, 512
        self.features = PROTOCOL | VERSION_1 | SEG_MAX | BLK_SIZE | FLUSH | MQ | INDIRECT
        self.protocol = P_MQ | P_REPLY_ACK | P_BACKEND_REQ | P_CONFIG | P_SLOTS
        self.on_request = lambda name: None
        self.on_answer = lambda name, message: message
        self.on_used = lambda queue, head, length: [(head, length)]
        self.on_request_ring = lambda connection, parts: connection.execute(parts)
        self.on_kick = self.on_call = lambda: True          # False: it gets lost
        self.on_turn = lambda connection: None
        self.on_start = lambda connection: None             # of a ring
        self.on_config = self.part_of_config
        self.on_size = lambda size: None                    # of a ring
        self.acknowledges = lambda connection: True
        self.on_end = lambda connection: connection.close()
        self.inflight = lambda payload: b""
        self.defers = False                 # carries out requests when nothing else is to do
        self.__dict__.update(fields)
        self.log, self.served, self.connections, self.trouble = [], 0, 0, ""
        self.messages = []                  # (connection, name, flags, payload)
        self.stopping = threading.Event()
        self.path = bed.socket()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        bed.later.append(self.close)

    def url(self, **options):
        words = "&".join(f"{k.replace('_', '-')}={v}" for k, v in options.items())
        return f"vhost-user:{self.path}" + ("?" + words if words else "")

    def config(self):
        """The first fields of the device's configuration: 60 bytes."""
        config = bytearray(60)
        struct.pack_into("=QII", config, 0, len(self.disk) // 512, 0, 126)
        struct.pack_into("=I", config, 20, self.block)
        struct.pack_into("=H", config, 34, min(self.queues, 65535))
        return bytes(config)

    def part_of_config(self, offset, size, flags):
        config = self.config()
        if offset + size > len(config):
            return b""
        return struct.pack("=III", offset, size, flags) + config[offset:offset + size]

    def told(self, name, connection=None):
        """Payloads of the messages called NAME, of all connections or one."""
        return [m[3] for m in self.messages if m[1] == name and connection in (None, m[0])]

    def run(self):
        while not self.stopping.is_set():
            if not select.select([self.listener], [], [], 0.02)[0]:
                continue
            connection = self.connection(self, self.listener.accept()[0])
            self.connections += 1
            try:
                connection.run()
            except (HungUp, ConnectionError):
                pass
            except Exception:                           # shown with the case that fails
                self.trouble += traceback.format_exc()
            self.on_end(connection)

    def close(self):
        """Ends the service.  Returns what went wrong in it."""
        self.stopping.set()
        self.thread.join()
        self.listener.close()
        return self.trouble
