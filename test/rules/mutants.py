# SPDX-License-Identifier: MIT
"""Mutants: rules broken on purpose, and the tests that must notice.  See tools/mutants.

The number in a name is the requirement that the mutant breaks; 0 is for checks beyond the twelve:
 1 a full fence between publishing and the question, and every other ordering point
 2 event arithmetic that is right over batches and wraps
 3 nothing is read back from shared memory that the driver wrote
 4 a false id, length or index is a latched error
 5 the status byte is poisoned before a request is published
 6 a status belongs to the id, not to the used position
 7 a flush is never reported done unless done
 8 FEATURES_OK is read back and acted on
 9 configuration reads are consistent, bounded, and inside
10 byte order is converted exactly once
11 a step that fails unwinds everything
12 the test device is exact and nasty
"""
import os
import re
import runpy

MUTANTS, CLAUSES = [], runpy.run_path("test/rules/clauses.py")["CLAUSES"]

SPLIT, PACKED, EVENT = "src/ring/split.h", "src/ring/packed.h", "src/ring/event.h"
SUBMIT, REAP = "src/blk/submit.h", "src/blk/reap.h"
LIMITS, OPEN = "src/blk/limits.c", "src/blk/open.c"
DEVICE, CONFIG, REGION = "src/device/device.c", "src/device/config.c", "src/device/region.c"
CAPS, PCI, MSIX = "src/device/pci_caps.c", "src/device/pci.c", "src/device/pci_msix.c"
IRQ, SHARED = "src/device/interrupt.c", "src/base/shared.h"
PARTS, RECOVER, COMMAND = "src/blk/parts.c", "src/blk/recover.c", "src/blk/command.c"
QUEUE, STEP = "model/queue.c", "model/step.c"


def mutant(name, file, old, new, tests, why, **more):
    MUTANTS.append({"name": name, "file": file, "old": old, "new": new, "tests": tests.split(),
                    "why": why, "clauses": CLAUSES.get(name, "").split(), **more})


# ---- 1: order -------------------------------------------------------------------------------

# By file: the tests of which at least one must notice when a fence is missing, or a store out of
# its place.  "exhaust" tries every interleaving of the smallest rings: x86 memory, then weak.
SPLIT_ORDER = ("unit/ring_fences unit/blk_order__no*:split* "
               "exhaust/honest_accesses:split.[12].* exhaust/honest_disorder:split.1.*")
PACKED_ORDER = ("unit/ring_fences unit/blk_order__no*:packed* "
                "exhaust/honest_accesses:packed.[12].* exhaust/honest_disorder:packed.1.*")
WITNESSES = {SPLIT: SPLIT_ORDER, PACKED: PACKED_ORDER, SUBMIT: "unit/blk_order__every_doorbell*",
             "src/blk/queue.c": "unit/blk_order__no_queue*"}


def ordering_points():
    """Each call of a fence in src, as (file, function, fence, which of its like in the file)."""
    for folder, _, files in sorted(os.walk("src")):
        for name in sorted(f for f in files if folder != "src/arch"):
            path, seen, function = os.path.join(folder, name), {}, ""
            for line in open(path, encoding="utf-8"):
                begun = re.match(r"(\w+)\(", line)
                function = begun.group(1) if begun else function
                for fence in re.findall(r"\b(arch_order_\w+)\(\);", line):
                    yield path, function, fence, seen.setdefault(fence, 0)
                    seen[fence] += 1


for at, function, fence, nth in ordering_points():
    mutant("1-no-" + function.replace("vring_", "").replace("_", "-"), at, fence + "();", "",
           WITNESSES.get(at, "unit/blk_order"),
           f"{fence}() is left out of {function}()", nth=nth, any=True)


def moved(name, file, old, new, why):
    """A store or a load out of its place, every fence still there."""
    mutant("1-moved-" + name, file, old, new,
           {SPLIT: SPLIT_ORDER, PACKED: PACKED_ORDER}.get(file, "unit/blk_order"), why, any=True)


moved("split-index-early", SPLIT,
      "shared_put16(&ring->driver.avail->ring[ring->added & ring->mask], (uint16_t)head);",
      """shared_put16(&ring->driver.avail->idx, (uint16_t)(ring->added + 1));
	shared_put16(&ring->driver.avail->ring[ring->added & ring->mask], (uint16_t)head);""",
      "the index is stored before the entry that it counts")
moved("split-descriptor-late", SPLIT,
      "ring->free_slot = slot->next; slot->descriptors = 1; if (!(kind & VRING_IN_ORDER))",
      """uint64_t word = shared_get64(&ring->desc.split[slot->id].addr);
	ring->free_slot = slot->next; slot->descriptors = 1;
	shared_put64(&ring->desc.split[slot->id].addr, 0);
	shared_put16(&ring->driver.avail->idx, (uint16_t)(ring->added + 1));
	shared_put64(&ring->desc.split[slot->id].addr, word);
	if (!(kind & VRING_IN_ORDER))""",
      "the index is stored before the descriptor")
moved("split-index-unfenced", SPLIT,
      "arch_order_publish(); shared_put16(&ring->driver.avail->idx, (uint16_t)ring->added);",
      "shared_put16(&ring->driver.avail->idx, (uint16_t)ring->added); arch_order_publish();",
      "the fence comes after the index")
moved("split-ask-early", SPLIT, "ring->asked = now; arch_order_ask();",
      """uint16_t event = ring->event_index ? shared_get16(ring->avail_event)
					   : shared_get16(&ring->device.used->flags);

	ring->asked = now;
	arch_order_ask();
	if (!ring->event_index)
		return !(event & VIRTQ_USED_F_NO_NOTIFY);
	return vring_event_passed(event, (uint16_t)now, fresh);""",
      "the question is asked before the fence")
moved("split-ask-then-publish", SUBMIT,
      "vring_split_publish(&work); if (vring_split_ask(&work))",
      "bool wanted = vring_split_ask(&work); vring_split_publish(&work); if (wanted)",
      "the question is asked before the index is out")
moved("split-observe-early", SPLIT,
      "uint16_t index = shared_get16(&ring->device.used->idx); "
      "*pending = (uint16_t)(index - ring->used); "
      "if (unlikely(*pending > (uint32_t)(ring->added - ring->used))) return VRING_INDEX_LEAP; "
      "arch_order_observe();",
      """arch_order_observe();
	*pending = (uint16_t)(shared_get16(&ring->device.used->idx) - ring->used);
	if (unlikely(*pending > (uint32_t)(ring->added - ring->used)))
		return VRING_INDEX_LEAP;""",
      "the fence comes before the index")
moved("split-arm-late", SPLIT,
      "if (ring->event_index) shared_put16(ring->used_event, (uint16_t)ring->used); "
      "else shared_put16(&ring->driver.avail->flags, 0); arch_order_ask(); "
      "return shared_get16(&ring->device.used->idx) == (uint16_t)ring->used;",
      """bool quiet;

	arch_order_ask();
	quiet = shared_get16(&ring->device.used->idx) == (uint16_t)ring->used;
	if (ring->event_index)
		shared_put16(ring->used_event, (uint16_t)ring->used);
	else
		shared_put16(&ring->driver.avail->flags, 0);
	return quiet;""",
      "the wish for an interrupt is stored after the second look")
moved("split-arm-unfenced", SPLIT,
      "else shared_put16(&ring->driver.avail->flags, 0); arch_order_ask(); return",
      "else shared_put16(&ring->driver.avail->flags, 0); arch_order_publish(); return",
      "a store fence between the wish for an interrupt and the second look")
moved("split-ask-unfenced", SPLIT, "ring->asked = now; arch_order_ask();",
      "ring->asked = now; arch_order_publish();",
      "a store fence between the index and the question")
moved("packed-table-early", PACKED,
      "shared_put64(&desc->addr, address); arch_order_publish(); "
      "shared_put64_handing(&desc->len_id_flags, word | ring->avail_lap);",
      """shared_put64_handing(&desc->len_id_flags, word | ring->avail_lap);
	arch_order_publish();
	shared_put64(&desc->addr, address);""",
      "the flags are stored before the address")
moved("packed-head-early", PACKED,
      "if (chain->count++ == 0) chain->head_word = word; else",
      "if (chain->count++ == 0) chain->head_word = word;",
      "the head's flags are stored before the rest of the chain")
moved("packed-address-late", PACKED,
      "shared_put64(&desc->addr, address); if (chain->count++ == 0) chain->head_word = word; "
      "else shared_put64(&desc->len_id_flags, word);",
      """if (chain->count++ == 0)
		chain->head_word = word;
	shared_put64(&desc->len_id_flags, word);
	shared_put64(&desc->addr, address);""",
      "a descriptor's flags are stored before its address")
moved("packed-flags-unfenced", PACKED,
      "arch_order_publish(); shared_put64_handing(&chain->head->len_id_flags, chain->head_word);",
      "shared_put64_handing(&chain->head->len_id_flags, chain->head_word); arch_order_publish();",
      "the fence comes after the head's flags")
moved("packed-ask-early", PACKED,
      "ring->asked = added; arch_order_ask(); "
      "event = shared_get32(&ring->device.event->desc_flags);",
      """ring->asked = added;
	event = shared_get32(&ring->device.event->desc_flags);
	arch_order_ask();""",
      "the question is asked before the fence")
moved("packed-ask-unfenced", PACKED, "ring->asked = added; arch_order_ask();",
      "ring->asked = added; arch_order_publish();",
      "a store fence between the flags and the question")
moved("packed-observe-early", PACKED,
      "word = shared_get64_handed(&ring->look->len_id_flags); "
      "unlike = (uint32_t)(word >> 48 & VRING_PACKED_USED) ^ ring->used_lap; "
      "if (unlike != 0) { if (unlike & VRING_PACKED_LAP) return VRING_OK; "
      "word &= ~(uint64_t)UINT32_MAX; } arch_order_observe();",
      """arch_order_observe();
		word = shared_get64_handed(&ring->look->len_id_flags);
		unlike = (uint32_t)(word >> 48 & VRING_PACKED_USED) ^ ring->used_lap;
		if (unlike != 0) {
			if (unlike & VRING_PACKED_LAP)
				return VRING_OK;
			word &= ~(uint64_t)UINT32_MAX;
		}""",
      "the fence comes before the flags")
moved("packed-arm-late", PACKED,
      "shared_put32(&ring->driver.event->desc_flags, position | wish << 16); arch_order_ask(); "
      "return ring->outstanding == 0 || (ring->batch == 0 && !vring_packed_used(ring));",
      """bool quiet;

	arch_order_ask();
	quiet = ring->outstanding == 0 || (ring->batch == 0 && !vring_packed_used(ring));
	shared_put32(&ring->driver.event->desc_flags, position | wish << 16);
	return quiet;""",
      "the wish for an interrupt is stored after the second look")
moved("packed-arm-unfenced", PACKED, "position | wish << 16); arch_order_ask();",
      "position | wish << 16); arch_order_publish();",
      "a store fence between the wish for an interrupt and the second look")
moved("doorbell-early", SUBMIT,
      "arch_order_doorbell(); if (unlikely(!queue->plain_doorbell)) "
      "return ring_odd_doorbell(queue); "
      "register_store16(queue->doorbell.address, (uint16_t)queue->doorbell.value);",
      """if (likely(queue->plain_doorbell))
		register_store16(queue->doorbell.address, (uint16_t)queue->doorbell.value);
	else
		(void)ring_odd_doorbell(queue);
	arch_order_doorbell();""",
      "the fence comes after the doorbell")

# ---- 2: event arithmetic --------------------------------------------------------------------

mutant("2-no-wrap", EVENT, "return (uint16_t)(now - event - 1) < fresh;",
       "return event + fresh >= now && event < now;",
       "unit/ring_event__every_small_window_round_every_edge unit/ring_split__ask_by_event_index",
       "positions compared as if they never wrapped")
mutant("2-promoted", EVENT, "(uint16_t)(now - event - 1)", "(unsigned)(now - event - 1)",
       "unit/ring_event__every_small_window_round_every_edge",
       "the difference taken in more than 16 bits")
mutant("2-one-not-batch", EVENT, "return (uint16_t)(now - event - 1) < fresh;",
       "return fresh != 0 && event == (uint16_t)(now - 1);",
       "unit/ring_event__batches_up_to_the_largest_ring "
       "unit/blk_order__no_kick_is_lost:split-table.index",
       "only the newest position of a batch is looked at")
mutant("2-packed-lap", EVENT, "if (event_wrap != wrap)", "if (false)",
       "unit/ring_event__packed_all_of_small_rings unit/ring_packed__ask_by_event_index",
       "the wrap counter of the event is ignored")
mutant("2-lap-split", SPLIT, "(uint16_t)now, fresh);", "(uint16_t)now, (uint16_t)fresh);",
       "unit/ring_split__ask_after_a_whole_lap", "a whole lap of the index looks like nothing new")
mutant("2-lap-packed", PACKED, "if (unlikely(fresh > ring->size)) return true;", "",
       "unit/ring_packed__ask_after_whole_laps", "more than a lap of the ring is taken for less")

# ---- 3: nothing is read back ----------------------------------------------------------------

mutant("3-chain-walked", SPLIT, "ring->links[slot->edge] = (uint16_t)ring->free_head;",
       """uint32_t at = slot->id;
		while (shared_get16(&ring->desc.split[at].flags) & VIRTQ_DESC_F_NEXT)
			at = shared_get16(&ring->desc.split[at].next) & ring->mask;
		ring->links[at] = (uint16_t)ring->free_head;""",
       "unit/ring_split__random_runs_conserve_descriptors:8.direct "
       "unit/blk_io__nothing_is_read_back:split-direct exhaust/hostile:split.2.direct.any.index",
       "the end of a chain is found by walking the shared descriptors")
mutant("3-index-read-back", SPLIT,
       "shared_put16(&ring->driver.avail->ring[ring->added & ring->mask], (uint16_t)head);",
       """shared_put16(&ring->driver.avail->ring[shared_get16(&ring->driver.avail->idx) &
					       ring->mask], (uint16_t)head);""",
       "unit/blk_io__nothing_is_read_back:split-table exhaust/hostile:split.2.table.any.index",
       "the avail index is taken from shared memory")
mutant("3-lent-read-back", REAP, "uint8_t status = shared_get8(&slot->cell->status); length--; /*",
       """uint8_t status = shared_get8(&slot->cell->status);

	length--;
	if (shared_get64(&slot->cell->header.type_reserved) == VIRTIO_BLK_T_FLUSH)
		status = VIRTIO_BLK_S_IOERR;
	/*""",
       "unit/blk_info__counters", "what was asked for is read from the shared header")

# ---- 4: false claims ------------------------------------------------------------------------

CLAIMED = "if (unlikely((uint32_t)word >= ring->ids)) return VRING_ID_RANGE;"
mutant("4-split-range", SPLIT, CLAIMED, "",
       "unit/ring_split__id_beyond_the_ring unit/ring_split__id_high_bits "
       "scenario/mischief:id_range.split exhaust/hostile:split.4.table.any.index",
       "no check of a used id against the queue")
mutant("4-split-16-bits", SPLIT, CLAIMED,
       "if (unlikely((uint16_t)word >= ring->ids)) return VRING_ID_RANGE;",
       "unit/ring_split__id_high_bits unit/blk_io__forged_wide_ids_break_the_queue "
       "exhaust/hostile:split.4.table.any.index",
       "a used id cut to 16 bits before it is checked")
mutant("4-split-off-by-one", SPLIT, "(uint32_t)word >= ring->ids", "(uint32_t)word > ring->ids",
       "unit/ring_split__id_beyond_the_ring exhaust/hostile:split.4.table.any.index",
       "the id one beyond the queue is taken")
mutant("4-split-in-flight", SPLIT, "if (unlikely(slot->descriptors == 0)) return NULL;", "",
       "unit/ring_split__id_not_in_flight unit/ring_split__id_twice "
       "scenario/mischief:id_free.split exhaust/hostile:split.2.table.any.index",
       "no check that a used id is in flight")
mutant("4-split-leap", SPLIT,
       "if (unlikely(*pending > (uint32_t)(ring->added - ring->used))) return VRING_INDEX_LEAP;",
       "", "unit/ring_split__index_leaps unit/blk_io__used_index_leaps "
       "exhaust/hostile:split.2.table.any.index",
       "a used index may claim more than is outstanding")
mutant("4-split-leap-size", SPLIT, "*pending > (uint32_t)(ring->added - ring->used)",
       "*pending > ring->size",
       "unit/ring_split__index_leaps exhaust/hostile:split.2.table.any.index",
       "a used index is held against the size only")
mutant("4-split-long-ago", SPLIT,
       "if (kind == (VRING_IN_ORDER | VRING_DIRECT) && unlikely(slot->edge != claimed)) "
       "return NULL;", "",
       "scenario/in_order_head_of_long_ago exhaust/hostile:split.4.direct.fifo.index",
       "the head of a chain that is gone names another that is in flight")
mutant("4-split-batch", SPLIT, "if (unlikely(batch > pending)) return VRING_OUT_OF_ORDER;", "",
       "exhaust/hostile:split.2.table.fifo.index",
       "a batch may have more chains than the index says")
mutant("4-split-batch-length", SPLIT,
       "ring->batch == 0 ? ring->batch_length : VRING_LENGTH_UNKNOWN",
       "ring->batch_length", "exhaust/hostile:split.2.table.fifo.index",
       "the length of a batch's last is that of all")
mutant("4-packed-batch", PACKED, "(last >= first ? last : last + ring->ids) - first + 1",
       "last - first + 1", "exhaust/hostile:packed.2.table.fifo.index",
       "a batch that goes round the ids is taken for a huge one")
mutant("4-packed-batch-arm", PACKED, "(ring->batch == 0 && !vring_packed_used(ring))",
       "!vring_packed_used(ring)", "exhaust/hostile:packed.2.table.fifo.index",
       "the owner sleeps over the rest of a batch")
mutant("4-packed-range", PACKED, "if (unlikely(claimed >= ring->ids)) return VRING_ID_RANGE;", "",
       "unit/ring_packed__id_beyond_the_ids scenario/mischief:id_range.packed "
       "exhaust/hostile:packed.3.table.any.index",
       "no check of a used id against the queue")
mutant("4-packed-in-flight", PACKED, "if (unlikely(slot->descriptors == 0)) return VRING_ID_FREE;",
       "", "unit/ring_packed__id_not_in_flight unit/blk_io__completed_twice "
       "exhaust/hostile:packed.3.table.any.index",
       "no check that a used id is in flight")
mutant("4-length-one", REAP, "unlikely(length != slot->lent || (", "unlikely((",
       "unit/blk_io__written_is_clamped_to_what_was_lent",
       "the used length of a single one is believed")
mutant("4-length-batch", REAP, "else if (unlikely(length != slot->lent))", "else if (false)",
       "scenario/mischief", "a used length in a batch is believed")
mutant("4-latch", RECOVER,
       "__atomic_store_n(&queue->mode, VBLK_MODE_BROKEN, __ATOMIC_RELAXED);", "",
       "unit/blk_io__forged_ids_break_the_queue", "a broken queue goes on")
mutant("4-first-cause", RECOVER,
       "if (!vblk_running(queue)) return; __atomic_store_n",
       "__atomic_store_n",
       "unit/blk_recover__first_cause_stays", "a later cause hides the first")

# ---- 5, 6: the status byte ------------------------------------------------------------------

mutant("5-poison", SUBMIT, "shared_put8(&cell->status, VBLK_STATUS_POISON);", "",
       "unit/blk_io__forgotten_status_is_an_error unit/blk_io__what_the_device_sees",
       "the status byte keeps the last request's verdict")
mutant("5-poison-is-ok", COMMAND, "queue->stats.status_unwritten++; return ORION_IO_ERROR;",
       "return ORION_OK; return ORION_IO_ERROR;", "unit/blk_io__forgotten_status_is_an_error",
       "a status that was never written counts as success")
OTHER = """uint8_t status = shared_get8(
		&vblk_slot_at(queue, (slot->ring.id ^ 1u) %% queue->ring.ids)->cell->status);

	length--;
	%s"""
mutant("6-other-slot-batch", REAP,
       "uint8_t status = shared_get8(&slot->cell->status); length--; /*",
       OTHER % "/*", "unit/blk_io__status_belongs_to_the_id scenario/one_error",
       "the status in a batch is taken from another slot than the used one")
mutant("6-other-slot-one", REAP,
       "uint8_t status = shared_get8(&slot->cell->status); length--; if",
       OTHER % "if", "unit/blk_io__forgotten_status_is_an_error",
       "the status of a single one is taken from another slot than the used one")

# ---- 7: flush -------------------------------------------------------------------------------

mutant("7-flush-unasked", COMMAND, "if (command->needs != 0 &&", "if (false &&",
       "unit/blk_command__flush_without_the_feature scenario/flush_not_offered",
       "a flush is taken although the device has none")
mutant("7-flush-always", LIMITS, "info->flush = has(device, VIRTIO_BLK_F_FLUSH);",
       "info->flush = true;", "unit/blk_limits__writeback unit/blk_command__flush_without",
       "the device is said to have a flush")
mutant("7-flush-unsupported", COMMAND, "return ORION_DEVICE_UNSUPPORTED;", "return ORION_OK;",
       "unit/blk_command__flush_is_the_devices_answer",
       "a flush that the device does not know counts as done")

# ---- 8, 9: handshake and configuration ------------------------------------------------------

mutant("8-features-ok", DEVICE, "if ((status & looked_at) == device->status && (", "if ((",
       "unit/device_device__features_ok_is_read_back unit/blk_open__probe_fails_without_a_trace "
       "unit/device_device__start_is_read_back", "the status is read and not acted on")
mutant("8-not-read-back", DEVICE,
       "uint8_t status = device->transport.ops->status_get(device->transport.context); "
       "uint8_t looked_at =", "uint8_t status = device->status; uint8_t looked_at =",
       "unit/device_device__features_ok_is_read_back unit/device_device__start_is_read_back "
       "unit/device_device__legacy_is_only_told", "the status is not read back at all")
mutant("9-torn", CONFIG, "config_generation(transport->context) == before;",
       "config_generation(transport->context) == before || true;",
       "unit/device_config__reads_again_while_the_generation_changes unit/blk_limits__torn_config",
       "the generation is not looked at")
mutant("9-unbounded", CONFIG, "try < CONFIG_TRIES", "try < UINT32_MAX",
       "unit/device_config__gives_up_when_it_never_holds_still",
       "reads go on for as long as the device likes")
mutant("9-outside", CONFIG, "fields[i].offset + fields[i].width > bytes",
       "fields[i].offset > bytes",
       "unit/device_config__never_beyond_the_space unit/blk_limits__config_too_short",
       "a field may reach past the end of the configuration")
mutant("9-change-lost", OPEN,
       "if (status != ORION_OK) { "
       "__atomic_store_n(&device->virtio.config_pending, 1, __ATOMIC_RELEASE);",
       "if (status != ORION_OK) {",
       "unit/blk_open__refresh_tries_again_after_a_torn_read",
       "a change is forgotten when it could not be read")

# ---- 10: byte order -------------------------------------------------------------------------

mutant("10-missing-swap", SHARED, "{ return arch_le64(shared_load64(p)); }",
       "{ return shared_load64(p); }", "unit/base_shared__get",
       "a 64-bit load is not converted", mode="ppc64")
mutant("10-missing-swap-handed", SHARED, "return arch_le64(shared_load64_handed(p));",
       "return shared_load64_handed(p);", "unit/blk_io__written_is_clamped",
       "what a packed descriptor hands over is not converted", mode="ppc64")
mutant("10-missing-swap-at4", SHARED, "{ return arch_le64(shared_load64_at4(p)); }",
       "{ return shared_load64_at4(p); }",
       "unit/base_shared__get unit/ring_split__id unit/blk_io__written_is_clamped",
       "a 64-bit load at half its alignment is not converted", mode="ppc64")
mutant("10-missing-swap-32", SHARED, "{ return arch_le32(shared_load32(p)); }",
       "{ return shared_load32(p); }",
       "unit/base_shared__get unit/ring_packed__ask", "a 32-bit load is not converted",
       mode="ppc64")
mutant("10-double-swap", SHARED, "shared_store16(p, arch_le16(v));",
       "shared_store16(p, arch_le16(arch_le16(v)));",
       "unit/base_shared__put unit/ring_split__direct_chain_bytes",
       "a 16-bit store is converted twice", mode="ppc64")
mutant("10-word-halves", PACKED, "return length | (uint64_t)id << 32 | (uint64_t)flags << 48;",
       "return flags | (uint64_t)id << 16 | (uint64_t)length << 32;",
       "unit/ring_packed__direct_chain_bytes_in_both_laps",
       "length, id and flags in the order of a big-endian CPU")
mutant("10-raw-store", "src/ring/setup.c",
       "shared_put32(&ring->driver.event->desc_flags, VIRTQ_PACKED_EVENT_DISABLE << 16);",
       "ring->driver.event->desc_flags.raw = VIRTQ_PACKED_EVENT_DISABLE << 16;",
       "unit/ring_setup__starts_empty_over_old_memory:packed",
       "a number is put into shared memory past the accessor", mode="ppc64")
mutant("10-types", SPLIT, "shared_put16(&ring->driver.avail->idx, (uint16_t)ring->added);",
       "shared_put16(&ring->driver.avail->idx, cpu_to_le16((uint16_t)ring->added));", "",
       "a second conversion: must not compile")

# ---- 11: unwinding --------------------------------------------------------------------------

mutant("11-regions", OPEN,
       "orion_virtio_region_give(&device->virtio, &device->queues[i]->region);", "continue;",
       "unit/blk_open__each_failure_unwinds inject/attach", "DMA memory is not given back")
mutant("11-vectors", OPEN, "(void)vblk_stop(device); orion_virtio_interrupts_detach(virtio);",
       "(void)vblk_stop(device);", "unit/blk_open__each_failure_unwinds inject/attach",
       "vectors stay attached")
mutant("11-transport", OPEN, "orion_virtio_dma_close(&device->virtio); "
       "config->transport.ops->close(config->transport.context);",
       "orion_virtio_dma_close(&device->virtio);",
       "unit/blk_open__probe_fails_without_a_trace unit/manager_manager__failed_attach",
       "a failed probe leaves the transport open")
mutant("11-half-attached", IRQ,
       "orion_virtio_interrupts_detach(device); return false;", "return false;",
       "unit/device_interrupt__host_refuses_at_each_call",
       "a mode that was had by half stays by half")
mutant("11-mappings", CAPS, "orion_pci_unmap_structures(pci); pci_config_put", "pci_config_put",
       "unit/device_pci_caps__the_host_maps_nothing unit/device_pci__failed_opening",
       "registers stay mapped after a failed opening")
mutant("11-manager", "src/manager/manager.c", "if (status != ORION_OK) { forget(manager, slot);",
       "if (status != ORION_OK) { slot->place.open = NULL;",
       "unit/manager_manager__failed_attach_leaves_nothing inject/manager_attach_fails",
       "private memory is not given back")
mutant("11-quarantine", REGION, "if (device->state == VIRTIO_RESET) {", "if (true) {",
       "unit/device_region__freed_after_a_proven_reset_only "
       "unit/blk_recover__a_reset_that_does_not_complete",
       "memory is freed while the device may still write it")
mutant("11-drained-free", RECOVER, "if (slot->ring.descriptors == 0) continue;", "",
       "unit/blk_recover__drains_exactly_once", "what was not in flight comes back after a stop")
mutant("11-drained-twice", RECOVER, "queue->parts[i].active = false;", "",
       "unit/blk_parts__drained_once", "a request comes back more than once after a stop")

# ---- 12: the model --------------------------------------------------------------------------

mutant("12-blind", "model/host.c",
       "host->stats.breaches[breach]++; host->stats.breach_total++;", "",
       "unit/model_split__breaches unit/model_packed__breaches unit/model_device__handshake_rules",
       "no breach is recorded")
mutant("12-readable-late", QUEUE, "if (!writable && chain->writable > 0) {", "if (false) {",
       "unit/model_split__breaches", "readable parts after writable ones are let pass")
mutant("12-status-order", "model/device.c",
       "if ((kept & ~status) != 0 || !(d->legacy", "if (false && !(d->legacy",
       "unit/model_device__handshake_rules", "status bits in any order are let pass")
mutant("12-no-buffer", STEP, "if (self.memory == MODEL_MEMORY_STRONG)", "if (true)",
       "unit/model_step__store_order unit/model_step__full_fence",
       "the store buffer holds nothing back")
mutant("12-no-past", STEP, "if (self.memory == MODEL_MEMORY_WEAK) look_back",
       "if (false) look_back",
       "unit/model_step__load_order", "loads are never stale")
mutant("12-stores", STEP, "check_store(&s);", "", "unit/model_step__stores_checked",
       "the driver may write what it has lent")
mutant("12-tame", QUEUE, "id = q->setup.size + (uint32_t)value;", "(void)value;",
       "scenario/mischief:id_range", "the device is told to lie, and does not")
mutant("12-wide-awake", QUEUE, "q->dozing = false; q->awake = false;", "q->dozing = false;",
       "unit/model_split__sleeps_until_kicked", "the device looks without being kicked")

# ---- 0: the checks of a request -------------------------------------------------------------

RULES = "unit/blk_check__refuses_what_breaks_a_rule"
mutant("0-empty-segment", SUBMIT, "length == 0 || segment->device_address + length < length",
       "segment->device_address + length < length", RULES, "an empty segment is taken")
mutant("0-address-wraps", SUBMIT, "length == 0 || segment->device_address + length < length",
       "length == 0", RULES, "an address that wraps is taken")
mutant("0-read-only", SUBMIT, "request->operation == VBLK_WRITE && queue->read_only", "false",
       "unit/blk_check__read_only scenario/read_only", "a read-only disk is written")
mutant("0-misaligned", SUBMIT, "(sector << VIRTIO_BLK_SECTOR_SHIFT | *bytes)", "*bytes",
       "unit/blk_check__block_size_rules", "the first sector may be misaligned")
mutant("0-out-of-range", SUBMIT, "*bytes >> VIRTIO_BLK_SECTOR_SHIFT > capacity - sector", "false",
       RULES, "a request may run past the end of the disk")
mutant("0-range-wraps", SUBMIT, "sector > capacity ||", "", RULES,
       "the subtraction from the capacity wraps")
mutant("0-too-many-segments", SUBMIT, "left > queue->segments_max", "false",
       "unit/blk_parts__each_limit_cuts", "more segments than the device takes")
mutant("0-segment-too-long", SUBMIT, "length > queue->segment_bytes_max", "false",
       "unit/blk_parts__each_limit_cuts", "longer segments than the device takes")
mutant("0-request-too-long", SUBMIT, "over || *bytes > queue->request_bytes_max", "over",
       "unit/blk_parts__each_limit_cuts", "longer requests than the limit")
mutant("0-room", SUBMIT, "kind & VRING_DIRECT ? count + 2 : 1", "1",
       "unit/blk_io__full_of_long_chains", "a chain is begun without room for it")
# The short way of a plain request has the same checks once more.
mutant("0-plain-length", SUBMIT, "length - 1 >= queue->plain_bytes_max || "
       "__builtin_add_overflow", "__builtin_add_overflow", "unit/blk_parts__each_limit_cuts",
       "a plain request of any length")
mutant("0-plain-address-wraps", SUBMIT,
       "|| __builtin_add_overflow(segment.device_address, length, &end)))", "|| (end = 0) != 0))",
       RULES, "a plain request at an address that wraps")
mutant("0-plain-read-only", SUBMIT, "operation > queue->plain_max", "operation > VBLK_WRITE",
       "unit/blk_check__read_only scenario/read_only", "a plain write to a read-only disk")
mutant("0-plain-misaligned", SUBMIT, "(sector << VIRTIO_BLK_SECTOR_SHIFT | length)", "length",
       "unit/blk_check__block_size_rules", "the first sector of a plain request may be misaligned")
mutant("0-plain-out-of-range", SUBMIT, "|| length >> VIRTIO_BLK_SECTOR_SHIFT > left))",
       "|| left == 0))", RULES, "a plain request may run past the end of the disk")
mutant("0-plain-range-wraps", SUBMIT, "__builtin_sub_overflow(capacity, sector, &left) ||",
       "(left = capacity - sector, false) ||", RULES, "the subtraction wraps for a plain request")
mutant("0-plain-room", SUBMIT,
       "if (unlikely(!has_room(queue, ring, 1, kind, packed))) return NULL;", "",
       "unit/blk_io__full_queue", "a plain request is taken without room for it")
mutant("0-direct-depth", SUBMIT,
       "(packed ? ring->outstanding : ring->added - ring->used) >= queue->depth", "false",
       "unit/blk_io__depth_is_kept", "direct chains beyond the depth")
mutant("0-bar-that-cannot-be", CAPS,
       "(bar.address & (bar.bytes - 1)) != 0 || bar.address + bar.bytes < bar.address ||", "",
       "unit/device_pci_caps__bars_that_cannot_be", "a BAR that ends past the last address")
mutant("0-parts-boundary", PARTS, "excess = bytes & queue->block_mask;", "excess = 0;",
       "unit/blk_parts__random_cuts", "parts that end within a block")
mutant("0-parts-error", PARTS, "parts->result = result;", "", "unit/blk_parts__first_error_wins",
       "the error of a part is forgotten")

# ---- 0: limits ------------------------------------------------------------------------------

mutant("0-capacity", LIMITS, "num_min64(sectors, CAPACITY_MAX)", "sectors",
       "unit/blk_limits__capacity", "a capacity that overflows in bytes")
mutant("0-block-size", LIMITS, "|| !num_is_power_of_two(bytes)", "", "unit/blk_limits__block_size",
       "a block size that is no power of two")
mutant("0-block-large", LIMITS, "bytes > BLOCK_BYTES_MAX ||", "", "unit/blk_limits__block_size",
       "a block size of megabytes")
mutant("0-physical", LIMITS, "claims->physical_exp > PHYSICAL_EXP_MAX ||", "",
       "unit/blk_limits__physical_block", "a shift by whatever the device says")
mutant("0-size-max", LIMITS, "claims->size_max < VIRTIO_BLK_SECTOR_BYTES", "false",
       "unit/blk_limits__size_max", "segments of less than a sector")
mutant("0-seg-max", LIMITS, "claims->seg_max == 0", "false", "unit/blk_limits__seg_max",
       "no segments at all")
mutant("0-seg-large", LIMITS, "claims->seg_max, device->options.device_max_segments);",
       "claims->seg_max, UINT32_MAX);", "unit/blk_limits__seg_max",
       "more segments than the driver has room for")
mutant("0-num-queues", LIMITS, "claims.num_queues == 0", "false", "unit/blk_limits__num_queues",
       "a device with no queues")
mutant("0-queue-small", LIMITS, "possible < DESCRIPTORS_MIN || (transport", "(transport",
       "unit/blk_limits__later_queues_may_lack", "a queue too small for one request")
mutant("0-queue-power", LIMITS, "size = num_power_of_two_floor(size);", "",
       "unit/blk_limits__queue_sizes_that_serve unit/blk_limits__random_configuration",
       "a split ring whose size is no power of two")

# ---- 0: PCI ---------------------------------------------------------------------------------

UNUSABLE = "unit/device_pci_caps__unusable_ones_are_passed_over"
mutant("0-cap-bar", CAPS, "cap->bar >= PCI_BARS || bar->bytes == 0",
       "bar->bytes == 0", UNUSABLE, "BAR numbers beyond 5")
mutant("0-cap-outside", CAPS, "(uint64_t)cap->offset + cap->bytes > bar->bytes",
       "(uint32_t)(cap->offset + cap->bytes) > bar->bytes", UNUSABLE,
       "offset and length are added in 32 bits")
mutant("0-cap-align", CAPS, "if ((cap->offset & (align - 1)) != 0) {", "if (false) {", UNUSABLE,
       "structures at odd offsets")
mutant("0-cap-overlap", CAPS, "if (overlaps_any(pci, &found)) {", "if (false) {",
       "unit/device_pci_caps__overlaps", "structures that overlap")
mutant("0-cap-loop", CAPS, "(*hop)++ < PCI_CAP_HOPS_MAX", "(*hop)++ < UINT32_MAX",
       "unit/device_pci_caps__lists_that_loop", "a list that loops is walked for ever")
mutant("0-doorbell", PCI, "(offset & (width - 1)) != 0 || offset + width > pci->notify.bytes",
       "(offset & (width - 1)) != 0",
       "unit/device_pci__notify_multiplier", "a doorbell outside what is mapped")
mutant("0-vector-back", PCI,
       "common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_VECTOR) != setup->vector", "false",
       "unit/device_pci__vectors_read_back", "a vector that the device did not take is counted on")
mutant("0-msix-mask", MSIX, "register_store32(entry(pci, i) + PCI_MSIX_ENTRY_CONTROL, "
       "PCI_MSIX_ENTRY_MASKED);", "",
       "unit/device_pci_msix__enabled_with_every_entry_masked",
       "entries that nobody attached are not masked")
mutant("0-queue-enabled", PCI,
       "common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_ENABLE) == 1 ? ORION_OK : ORION_DEVICE_REFUSED",
       "ORION_OK", "unit/device_pci__a_queue_that_will_not_be_enabled",
       "a queue that did not become enabled is counted on")
mutant("0-bus-master", CAPS, "command & ~PCI_COMMAND_ALL); } return",
       "command); } return",
       "unit/device_pci_caps__each_is_needed", "a failed opening leaves the device on the bus")
mutant("0-pin", CAPS, "command |= PCI_COMMAND_INTX_OFF | ", "command |= ",
       "unit/device_pci_msix__a_pin_that_nobody_listens_to", "a pin is pulled that nobody hears")
mutant("0-reset-bounded", DEVICE, "++patience->looks >= RESET_READS_MAX || ", "",
       "unit/device_device__reset_ends_although_the_clock_stands",
       "a reset is waited for while the clock stands")
mutant("0-all-ones", DEVICE, "if (*status == VIRTIO_STATUS_GONE) return ORION_DEVICE_GONE; } while",
       "} while",
       "unit/device_device__gone_during_reset_and_negotiation",
       "a device that was removed is waited for")
mutant("0-abandon", "src/blk/recover.c",
       "vblk_queue_abandon(struct vblk_queue *queue) { retire(queue);",
       "vblk_queue_abandon(struct vblk_queue *queue) { (void)queue;",
       "unit/blk_recover__abandoned_gives_all_back", "an abandoned queue goes on")

for rows in "core mmio pci dma ccw embed memory connection recovery model spec".split():
    for row, more in runpy.run_path(f"test/rules/{rows}.py")["ROWS"]:
        mutant(*row, **more)
