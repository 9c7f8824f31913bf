# SPDX-License-Identifier: MIT
"""The bounded proofs, and the mutants that they must notice; read by tools/cbmc.

PROOFS: name, sources, options, and parameters, which are labels with more options.  The function is
proof_NAME.
"""
TABLES, DIRECT = ["tables", "tables.in_order"], ["direct", "direct.in_order"]
ORDERED = ["tables.in_order", "direct.in_order"]
ALL = TABLES + DIRECT
WORLD = ["test/cbmc/world.c", "src/ring/setup.c"]
STATE = ["test/cbmc/ring_state.c"] + WORLD
ONCE = [("", [])]
MACHINES = [(mm, ["--mm", mm]) for mm in ["tso", "pso"]]
BYTES = [("little", []),
         ("big", ["--arch", "ppc64", "--big-endian", "-D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__"])]


def rings(kinds, sizes):
    """Each of KINDS with each of SIZES; a size with fewer ids for the kinds that can have that."""
    for kind in kinds:
        for size in sizes:
            size, ids = size if isinstance(size, tuple) else (size, size)
            if ids == size or kind == "direct" or kind == "tables":
                yield (f"{kind}.{size}" + (f"x{ids}" if ids != size else ""),
                       [f"-DKIND={KINDS[kind]}", f"-DSIZE={size}", f"-DIDS={ids}",
                        "--unwind", str(size + 2)])


def base(name, parameters=ONCE):
    return name, ["test/cbmc/base.c"], ["--unwind", "9"], parameters


def event(name):
    return name, ["test/cbmc/event.c"] + WORLD, [], ONCE


def order(name):
    return name, ["test/cbmc/order.c"], ["--unwind", "10"], MACHINES


def ring(source, name, kinds, *sizes):
    return name, [f"test/cbmc/{source}.c"] + STATE, [], list(rings(kinds, sizes))


def setup(name, kinds, *sizes):
    return ring("setup", name, kinds, *sizes)


def split(verb, kinds, *sizes):
    return ring("split", "split_" + verb, kinds, *sizes)


def packed(verb, kinds, *sizes):
    return ring("packed", "packed_" + verb, kinds, *sizes)


def submit(name, kinds, *sizes):
    return ring("submit", name, kinds, *sizes)


def reap(name, kinds, *sizes):
    return (name, ["test/cbmc/reap.c", "src/blk/command.c"] + STATE,
            ["--unwindset", "judged.0:11"], list(rings(kinds, sizes)))


PROOFS = [
    base("le", BYTES),
    base("num"),
    base("latency"),
    event("event_passed"),
    event("packed_event_passed"),
    setup("layout_split", ["tables"], 1),
    setup("layout_legacy", ["tables"], 1),
    setup("layout_packed", ["tables"], 1),
    setup("setup_split", ALL, 1, 2, 4),
    setup("setup_packed", ALL, 1, 3, 4, (5, 2)),
    setup("forget", ALL, 4),
    split("room", ALL, 1, 4),
    split("add_table", TABLES, 1, 4),
    split("add_chain", DIRECT, 2, 4),
    split("publish", ALL, 4),
    split("ask", ALL, 4),
    split("pending", ALL, 4),
    split("take", ALL, 2, 4),
    split("take_batch", ORDERED, 4),
    split("take_twice", ALL, 4),
    split("arm", ALL, 4),
    split("disarm", ALL, 4),
    split("keep", ALL, 4),
    packed("room", ALL, 1, 3),
    packed("add_table", TABLES, 1, 3, 4, (5, 2)),
    packed("add_chain", DIRECT, 3, 4, (5, 3)),
    packed("ask", ALL, 3, 4),
    packed("pending", ALL, 3),
    packed("position", ALL, 3),
    packed("take", ALL, 2, 3, 4, (5, 3)),
    packed("take_batch", ORDERED, 3, 5),
    packed("take_twice", ALL, 3, 4),
    packed("arm", ALL, 3),
    packed("disarm", ALL, 3),
    packed("keep", ALL, 3),
    submit("check_data", ["tables"], 3),
    submit("plain_split", TABLES, 2),
    submit("plain_split", DIRECT, 4),
    submit("plain_packed", TABLES, 2),
    submit("plain_packed", DIRECT, 3, (4, 3)),
    reap("finish", ["tables", "tables.in_order"], 2),
    reap("reap_split", ALL, 2),
    reap("reap_packed", ALL, 2),
    order("split_kick"),
    order("packed_kick"),
    order("split_sleep"),
    order("packed_sleep"),
    order("split_contents"),
    order("packed_contents"),
    order("packed_chain_contents"),
]

SPLIT, PACKED, RING = "src/ring/split.h", "src/ring/packed.h", "src/ring/ring.h"
EVENT, SETUP, NUM = "src/ring/event.h", "src/ring/setup.c", "src/base/num.h"
SUBMIT, REAP, COMMAND = "src/blk/submit.h", "src/blk/reap.h", "src/blk/command.c"

# name, file, what is there, what stands in its place, proofs that must notice
MUTANTS = [
    ("le", "src/base/le.h", "(le32){arch_le32(v)}", "(le32){v}", ["le:big"]),
    ("ceil", NUM, "arch_highest_bit(v - 1)", "arch_highest_bit(v)", ["num"]),
    ("align", NUM, "(v + align - 1)", "(v + align)", ["num"]),
    ("bucket", "src/base/latency.h", "ticks | 4", "ticks | 8", ["latency"]),
    ("event-late", EVENT, "now - event - 1)", "now - event)", ["event_passed"]),
    ("event-narrow", EVENT, "uint16_t now, uint64_t fresh)", "uint16_t now, uint16_t fresh)",
     ["event_passed"]),
    ("event-lap", EVENT, "if (event_wrap != wrap)", "if (event_wrap && !wrap)",
     ["packed_event_passed"]),
    ("layout-avail", SETUP, "6 + 2 * (size_t)size, 64)", "6 + (size_t)size, 64)",
     ["layout_split:tables.1"]),
    ("layout-used", SETUP, "64) + VIRTQ_USED_ALIGN", "64)", ["layout_split:tables.1"]),
    ("layout-legacy", SETUP, "6 + 2 * (size_t)size, VIRTQ_LEGACY_ALIGN)",
     "6 + (size_t)size, VIRTQ_LEGACY_ALIGN)", ["layout_legacy:tables.1"]),
    ("layout-events", SETUP, "layout.bytes = layout.device_offset + sizeof(struct "
     "virtq_packed_event);", "layout.bytes = layout.device_offset;", ["layout_packed:tables.1"]),
    ("setup-circle", SETUP, "if (ring->kind & VRING_IN_ORDER) vring_slot_at",
     "if (false) vring_slot_at",
     ["setup_split:tables.in_order.4", "setup_packed:direct.in_order.3"]),
    ("setup-lap", SETUP, "ring->avail_lap = (uint64_t)VIRTQ_PACKED_F_AVAIL << 48;",
     "ring->avail_lap = 0;", ["setup_packed:tables.3"]),
    ("setup-avail", SETUP, "&ring->driver.avail->ring[i], (uint16_t)i",
     "&ring->driver.avail->ring[i], 0", ["setup_split:tables.in_order.4"]),
    ("setup-links", SETUP, "ring->links[i] = (uint16_t)(i + 1)", "ring->links[i] = (uint16_t)i",
     ["setup_split:direct.4"]),
    ("forget", RING, "slot->descriptors = 0; if", "if", ["forget:tables.4"]),
    ("keep-free", RING,
     "ring->free = work->free; ring->free_head = work->free_head; } if (!packed) { ring->used",
     "ring->free = work->free; } if (!packed) { ring->used", ["split_keep:direct.4"]),
    ("keep-lap", RING, "ring->used_lap = work->used_lap;", "", ["packed_keep:tables.3"]),
    ("keep-batch", RING, "ring->batch = work->batch;", "", ["split_keep:tables.in_order.4",
                                                         "packed_keep:direct.in_order.3"]),
    ("split-room", SPLIT, "ring->added - ring->used < ring->limit",
     "ring->added - ring->used <= ring->limit", ["split_room:direct.in_order.4"]),
    ("split-table-flag", SPLIT, "address, bytes, VIRTQ_DESC_F_INDIRECT, 0)",
     "address, bytes, 0, 0)", ["split_add_table:tables.4"]),
    ("split-table-free", SPLIT, "ring->free_slot = slot->next; slot->descriptors = 1;",
     "slot->descriptors = 1;", ["split_add_table:tables.4", "split_add_table:tables.in_order.4"]),
    ("split-offer", SPLIT, "ring->added & ring->mask]", "ring->added & (ring->mask >> 1)]",
     ["split_add_table:tables.4", "split_add_chain:direct.4"]),
    ("split-chain-free", SPLIT, "ring->free -= count;", "ring->free -= count - 1;",
     ["split_add_chain:direct.4", "split_add_chain:direct.in_order.4"]),
    ("split-chain-edge", SPLIT, "slot->edge = (uint16_t)chain->at;",
     "slot->edge = (uint16_t)chain->head;", ["split_add_chain:direct.4"]),
    ("split-chain-link", SPLIT, "ring->links[chain->head] = slot->id;", "",
     ["split_add_chain:direct.in_order.4"]),
    ("split-index-first", SPLIT, "arch_order_publish(); shared_put16(&ring->driver.avail->idx, "
     "(uint16_t)ring->added);", "shared_put16(&ring->driver.avail->idx, (uint16_t)ring->added); "
     "arch_order_publish();", ["split_publish:tables.4", "split_contents:pso"]),
    ("split-ask-asked", SPLIT, "ring->asked = now;", "", ["split_ask:tables.4"]),
    ("split-ask-fence", SPLIT, "ring->asked = now; arch_order_ask();", "ring->asked = now;",
     ["split_ask:tables.4", "split_kick:tso", "split_kick:pso"]),
    ("split-arm-fence", SPLIT, "shared_put16(&ring->driver.avail->flags, 0); arch_order_ask();",
     "shared_put16(&ring->driver.avail->flags, 0);", ["split_arm:tables.4", "split_sleep:tso"]),
    ("split-disarm", SPLIT, "if (!ring->event_index) shared_put16", "shared_put16",
     ["split_disarm:tables.4"]),
    ("split-leap", SPLIT, "*pending > (uint32_t)(ring->added - ring->used)", "false",
     ["split_pending:tables.4"]),
    ("split-pending-twice", SPLIT, "*pending = (uint16_t)(index - ring->used);",
     "*pending = (uint16_t)(shared_get16(&ring->device.used->idx) - ring->used);",
     ["split_pending:tables.4"]),
    ("split-id-range", SPLIT, "if (unlikely((uint32_t)word >= ring->ids))", "if (false)",
     ["split_take:tables.4", "split_take:direct.in_order.4"]),
    ("split-id-narrow", SPLIT, "(uint32_t)word >= ring->ids", "(uint16_t)word >= ring->ids",
     ["split_take:direct.4"]),
    ("split-id-free", SPLIT, "if (unlikely(slot->descriptors == 0)) return NULL;", "",
     ["split_take:tables.4", "split_take_twice:tables.4"]),
    ("split-id-stale", SPLIT, "unlikely(slot->edge != claimed)", "false",
     ["split_take:direct.in_order.4"]),
    ("split-id-twice", SPLIT, "slot = vring_split_claimed(ring, (uint32_t)word, kind);",
     "word = shared_get64_at4(elem); "
     "slot = vring_split_claimed(ring, (uint32_t)word, kind);",
     ["split_take:tables.4"]),
    ("split-id-raw", SPLIT, "word = shared_get64_at4(elem);",
     "word = elem->id.raw | (uint64_t)elem->len.raw << 32;", ["split_take:tables.4"]),
    ("split-out-of-order", SPLIT, "unlikely(batch > pending)", "false",
     ["split_take:tables.in_order.4", "split_take:direct.in_order.4"]),
    ("split-batch", SPLIT, "ring->oldest = slot->next; ring->batch--;", "ring->batch--;",
     ["split_take_batch:tables.in_order.4", "split_take_batch:direct.in_order.4"]),
    ("split-recycle-links", SPLIT, "ring->links[slot->edge] = (uint16_t)ring->free_head;", "",
     ["split_take:direct.4"]),
    ("split-recycle-lent", SPLIT, "slot->descriptors = 0;", "",
     ["split_take:tables.4", "split_take:direct.4", "split_take_batch:tables.in_order.4",
      "split_take_twice:direct.4"]),
    ("packed-room", PACKED, "unlikely(ring->free < pieces)", "ring->free + 1 < pieces",
     ["packed_room:direct.3"]),
    ("packed-lap", PACKED, "ring->avail_lap ^= (uint64_t)VRING_PACKED_LAP << 48;", "",
     ["packed_add_table:tables.3", "packed_add_chain:direct.4"]),
    ("packed-lend", PACKED, "ring->free -= count;", "ring->free--;", ["packed_add_chain:direct.3"]),
    ("packed-head-first", PACKED, "if (chain->count++ == 0)", "if (chain->count++ == 1)",
     ["packed_add_chain:direct.4", "packed_chain_contents:pso"]),
    ("packed-fence", PACKED, "shared_put64(&desc->addr, address); arch_order_publish();",
     "shared_put64(&desc->addr, address);", ["packed_add_table:tables.3", "packed_contents:pso"]),
    ("packed-chain-fence", PACKED, "kind); arch_order_publish();", "kind);",
     ["packed_add_chain:direct.3", "packed_chain_contents:pso"]),
    ("packed-ask-fence", PACKED, "ring->asked = added; arch_order_ask();", "ring->asked = added;",
     ["packed_ask:tables.3", "packed_kick:tso", "packed_kick:pso"]),
    ("packed-ask-lap", PACKED, "if (unlikely(fresh > ring->size)) return true;", "",
     ["packed_ask:tables.3"]),
    ("packed-pending", PACKED, "*pending = ring->outstanding;", "*pending = ring->size;",
     ["packed_pending:tables.3"]),
    ("packed-position", PACKED, "(wrap ? VIRTQ_PACKED_EVENT_WRAP : 0)",
     "(wrap ? 0 : VIRTQ_PACKED_EVENT_WRAP)", ["packed_position:tables.3"]),
    ("packed-used-lap", PACKED, "if (unlike & VRING_PACKED_LAP)",
     "if (unlike & VIRTQ_PACKED_F_USED)",
     ["packed_take:tables.3"]),
    ("packed-unwritten", PACKED, "word &= ~(uint64_t)UINT32_MAX;", "",
     ["packed_take:tables.3"]),
    ("packed-id-range", PACKED, "if (unlikely(claimed >= ring->ids))", "if (false)",
     ["packed_take:tables.3", "packed_take:direct.5x3"]),
    ("packed-id-free", PACKED, "if (unlikely(slot->descriptors == 0)) return VRING_ID_FREE;", "",
     ["packed_take:tables.3", "packed_take_twice:direct.3"]),
    ("packed-id-twice", PACKED, "claimed = (uint16_t)(word >> 32);",
     "claimed = shared_get16(&ring->look->id);", ["packed_take:tables.3"]),
    ("packed-observe", PACKED, "arch_order_observe();", "", ["packed_take:tables.3"]),
    ("packed-skip", PACKED, "ring->look = ring->desc.packed + (count - left);",
     "ring->look = ring->desc.packed;",
     ["packed_take:direct.3", "packed_take_batch:direct.in_order.3"]),
    ("packed-wrap", PACKED, "if (unlikely(count >= left))", "if (unlikely(count > left))",
     ["packed_take:tables.3", "packed_take:direct.4"]),
    ("packed-batch", PACKED, "(last >= first ? last : last + ring->ids)",
     "(last > first ? last : last + ring->ids)", ["packed_take:tables.in_order.3"]),
    ("packed-arm-fence", PACKED, "position | wish << 16); arch_order_ask();",
     "position | wish << 16);", ["packed_arm:tables.3", "packed_sleep:tso"]),
    ("packed-arm-batch", PACKED, "ring->batch == 0 && !vring_packed_used(ring)",
     "!vring_packed_used(ring)", ["packed_arm:tables.in_order.3"]),
    ("packed-disarm", PACKED, "VIRTQ_PACKED_EVENT_DISABLE << 16", "0", ["packed_disarm:tables.3"]),
    ("check-wrap", SUBMIT, "segment->device_address + length < length", "false",
     ["check_data:tables.3"]),
    ("check-longest", SUBMIT, "if (unlikely(length > queue->segment_bytes_max)) *over = true;", "",
     ["check_data:tables.3"]),
    ("check-range", SUBMIT, "sector > capacity || *bytes", "*bytes", ["check_data:tables.3"]),
    ("check-aligned", SUBMIT, "((sector << VIRTIO_BLK_SECTOR_SHIFT | *bytes) & queue->block_mask)",
     "(*bytes & queue->block_mask)", ["check_data:tables.3"]),
    ("plain-wrap", SUBMIT, "__builtin_add_overflow(segment.device_address, length, &end)", "false",
     ["plain_split:tables.2", "plain_packed:direct.4x3"]),
    ("plain-empty", SUBMIT, "unlikely(length - 1 >= queue->plain_bytes_max ||",
     "unlikely(length > queue->plain_bytes_max ||", ["plain_split:tables.2"]),
    ("plain-range", SUBMIT, "length >> VIRTIO_BLK_SECTOR_SHIFT > left",
     "length >> VIRTIO_BLK_SECTOR_SHIFT > "
     "left + 1", ["plain_split:tables.in_order.2"]),
    ("plain-shape", "src/blk/queue.c", "info->read_only ? VBLK_READ : VBLK_WRITE", "VBLK_WRITE",
     ["plain_packed:tables.2"]),
    ("plain-poison", SUBMIT, "shared_put8(&cell->status, VBLK_STATUS_POISON);",
     "shared_put8(&cell->status, 0);", ["plain_split:tables.2", "plain_packed:direct.in_order.3"]),
    ("plain-lent", SUBMIT, "slot->lent = (uint32_t)length & queue->lent_mask[operation];",
     "slot->lent = (uint32_t)length;", ["plain_split:direct.4"]),
    ("plain-depth", SUBMIT, "ring->added - ring->used) >= queue->depth",
     "ring->added - ring->used) > queue->depth", ["plain_split:direct.4"]),
    ("finish-status", REAP, "if (unlikely((status | slot->part) != 0))",
     "if (unlikely(slot->part != 0))", ["finish:tables.2", "reap_split:tables.2"]),
    ("finish-lent", REAP, "else if (unlikely(length != slot->lent)) length = odd_length",
     "else if (false) length = odd_length", ["finish:tables.2", "reap_packed:tables.2"]),
    ("finish-one", REAP, "((unsigned)status | slot->part | queue->after_one) != 0",
     "(slot->part | queue->after_one) != 0", ["reap_split:tables.2", "reap_packed:direct.2"]),
    ("finish-poison", COMMAND, "if (status == VIRTIO_BLK_S_UNSUPP)",
     "if (status == VBLK_STATUS_POISON)", ["finish:tables.2"]),
    ("reap-max", REAP, "pending < max ? 0 : pending - max", "0", ["reap_split:tables.2"]),
    ("reap-keep", REAP, "vring_keep_consumer(&queue->ring, &ring, kind, packed); end_run",
     "end_run", ["reap_split:direct.2", "reap_packed:tables.2"]),
]
