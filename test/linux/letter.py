# SPDX-License-Identifier: MIT
"""A back end that keeps to the letter of VirtIO 1.4 and of vhost-user, and demands it: what a front
end does wrong ends the case that uses it.  Split rings are those of backend.py, checked; packed
ones are here.

    backend = letter.Letter(bed, features=...)
"""
import struct

import backend as b

PACKED, EVENT_IDX = 1 << 34, 1 << 29
NEXT, WRITE, TABLE, AVAIL, USED = 1, 2, 4, 1 << 7, 1 << 15

# Bytes of payload, descriptors, and what must have been said before, of each message.
VRING = ("SET_FEATURES", "SET_OWNER")
RULES = {
    "GET_FEATURES": (0, 0, ()), "SET_FEATURES": (8, 0, ("GET_FEATURES", "SET_OWNER")),
    "GET_PROTOCOL_FEATURES": (0, 0, ("GET_FEATURES",)),
    "SET_PROTOCOL_FEATURES": (8, 0, ("GET_PROTOCOL_FEATURES",)), "SET_OWNER": (0, 0, ()),
    "GET_QUEUE_NUM": (0, 0, ("SET_PROTOCOL_FEATURES",)),
    "GET_MAX_MEM_SLOTS": (0, 0, ("SET_PROTOCOL_FEATURES",)),
    "GET_CONFIG": (None, 0, ("SET_PROTOCOL_FEATURES",)), "SET_BACKEND_REQ_FD": (
        0, 1, ("SET_PROTOCOL_FEATURES",)),
    "SET_MEM_TABLE": (None, None, VRING), "ADD_MEM_REG": (40, 1, VRING),
    "SET_VRING_NUM": (8, 0, VRING), "SET_VRING_BASE": (8, 0, VRING),
    "SET_VRING_ADDR": (40, 0, ("SET_VRING_NUM",)), "SET_VRING_ERR": (8, 1, VRING),
    "SET_VRING_CALL": (8, 1, ("SET_VRING_ADDR",)), "SET_VRING_KICK": (8, 1, ("SET_VRING_ADDR",)),
    "SET_VRING_ENABLE": (8, 0, ("SET_VRING_KICK",)), "GET_VRING_BASE": (8, 0, VRING),
    "SET_STATUS": (8, 0, ("SET_PROTOCOL_FEATURES",)), "GET_STATUS": (0, 0, ()),
}


class Wrong(Exception):
    """The front end broke a rule."""


def demand(condition, what):
    if not condition:
        raise Wrong(what)


class Connection(b.Connection):
    """What is said is checked before it is done."""

    def __init__(self, backend, sock):
        super().__init__(backend, sock)
        self.said = set()

    def check(self, name, flags, payload, fds):
        demand(name in RULES, f"{name}: no message for this back end")
        size, count, before = RULES[name]
        demand(size in (None, len(payload)), f"{name}: {len(payload)} bytes")
        demand(count in (None, len(fds)), f"{name}: {len(fds)} descriptors")
        for other in before:
            demand(other in self.said, f"{name} without {other}")
        demand(flags & ~b.NEED_REPLY == 1, f"{name}: flags {flags:#x}")
        demand(not flags & b.NEED_REPLY or self.protocol & b.P_REPLY_ACK,
               f"{name}: an acknowledgement that was not negotiated")
        if name == "SET_FEATURES":
            accepted = struct.unpack("=Q", payload)[0]
            demand(not accepted & ~self.backend.features, "features that are not on offer")
            demand(accepted & b.VERSION_1, "VERSION_1 must be accepted")
        if name == "SET_VRING_NUM" and not self.features & PACKED:
            size = struct.unpack("=II", payload)[1]
            demand(size & (size - 1) == 0, f"a split ring of {size}")
        self.said.add(name)

    # ---- requests ----

    def execute(self, parts):
        """[5.2.6]"""
        order = [writes for _, _, writes in parts]
        demand(order == sorted(order), "a part that the device reads behind one that it writes")
        demand(parts[0][1] == 16 and not order[0], "a header that is no 16 bytes")
        demand(parts[-1][1] == 1 and order[-1], "no status byte at the end")
        kind, _, sector = struct.unpack("=IIQ", self.read(parts[0][0], 16))
        data = parts[1:-1]
        total = sum(length for _, length, _ in data)
        if kind in (0, 1):
            demand(data and total % 512 == 0 and all(w == (kind == 0) for _, _, w in data),
                   "data of the wrong kind or length")
            demand(sector * 512 + total <= len(self.backend.disk), "data beyond the end")
        elif kind == 4:
            demand(self.features & b.FLUSH and not data and sector == 0, "a flush that is none")
        else:
            demand(kind == 8 and total == 20, f"a request of type {kind}")
        return super().execute(parts)

    def on_SET_VRING_BASE(self, payload, fds):
        super().on_SET_VRING_BASE(payload, fds)
        index, base = struct.unpack("=II", payload)
        ring = self.ring(index)
        ring.place, ring.wrap = base & 0x7fff, base >> 15 & 1
        if self.features & PACKED:
            demand(base >> 16 == base & 0xffff, f"a packed ring that begins at {base:#x}")

    # ---- packed rings ----

    def descriptor(self, table, index, user):
        return struct.unpack("=QIHH", self.read(table + 16 * index, 16, user))

    def table(self, ring, address, length):
        """[2.8.7]"""
        demand(length % 16 == 0 and 0 < length // 16 <= ring.size, f"a table of {length} bytes")
        parts = []
        for i in range(length // 16):
            at, size, _, flags = self.descriptor(address, i, False)
            demand(not flags & ~WRITE, f"flags {flags:#x} in a table")
            parts.append((at, size, bool(flags & WRITE)))
        return parts

    def packed_chain(self, ring):
        """(parts, id, descriptors taken), or None: nothing is available.  [2.8.6]"""
        parts, taken, place, wrap = [], 0, ring.place, ring.wrap
        while True:
            address, length, ident, flags = self.descriptor(ring.descriptors, place, True)
            if (flags >> 7 & 1, flags >> 15 & 1) != (wrap, 1 - wrap):
                demand(taken == 0, "a chain that is available in part")
                return None
            demand(not flags & ~(NEXT | WRITE | TABLE | AVAIL | USED), f"flags {flags:#x}")
            if flags & TABLE:
                demand(self.features & b.INDIRECT and not flags & (NEXT | WRITE), "a wrong table")
                parts += self.table(ring, address, length)
            else:
                parts.append((address, length, bool(flags & WRITE)))
            taken, place = taken + 1, place + 1
            demand(taken <= ring.size, "a chain without an end")
            if place == ring.size:
                place, wrap = 0, 1 - wrap
            if not flags & NEXT:
                return parts, ident, taken

    def serve_ring(self, index):
        ring = self.rings[index]
        demand(not self.protocol & b.P_STATUS or self.status[0] & 4, "a kick before DRIVER_OK")
        if not self.features & PACKED:
            super().serve_ring(index)
            return
        while ring.enabled:
            found = self.packed_chain(ring)
            if found is None:
                return
            parts, ident, taken = found
            status, length = self.execute(parts)
            self.write(parts[-1][0], bytes([status]))
            self.backend.served += 1
            at = ring.descriptors + 16 * ring.place
            self.write(at + 8, struct.pack("=IH", length + 1, ident), True)
            self.write(at + 14, struct.pack("=H", WRITE | (AVAIL | USED) * ring.wrap), True)
            ring.place += taken
            if ring.place >= ring.size:
                ring.place, ring.wrap = ring.place - ring.size, 1 - ring.wrap
            wish = struct.unpack("=HH", self.read(ring.available, 4, True))[1]
            demand(wish in (0, 1), f"event flags {wish} without EVENT_IDX")     # [2.8.14]
            if wish == 0:
                ring.signal("CALL")


class Letter(b.Backend):
    connection = Connection

    def __init__(self, bed, **fields):
        fields.setdefault("protocol", b.P_MQ | b.P_REPLY_ACK | b.P_CONFIG | b.P_SLOTS | b.P_STATUS)
        fields.setdefault("acknowledges", lambda connection: connection.features & b.PROTOCOL)
        super().__init__(bed, **fields)
