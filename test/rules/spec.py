# SPDX-License-Identifier: MIT
"""Mutants that break a clause of VirtIO 1.4 each, named after it: rows for test/rules/mutants.py.

Clauses that another mutant breaks (test/rules/clauses.py) have none here.
"""
DEVICE, OPEN, KNOWN = "src/device/device.c", "src/blk/open.c", "src/blk/path.h"
LIMITS, QUEUE, COMMAND = "src/blk/limits.c", "src/blk/queue.c", "src/blk/command.c"
SPLIT, PACKED, SETUP = "src/ring/split.h", "src/ring/packed.h", "src/ring/setup.c"
PCI, CAPS, REACH = "src/device/pci.c", "src/device/pci_caps.c", "src/device/pci_reach.c"
IRQ, MMIO, CCW = "src/device/interrupt.c", "src/device/mmio.c", "src/device/ccw.c"
ROWS = []


def row(clauses, file, old, new, tests, why):
    ROWS.append((("spec-" + clauses.split()[0], file, old, new, tests, why),
                 {"clauses": clauses.split()}))


# ---- status and features --------------------------------------------------------------------

ORDER, OFFER = "unit/blk_open__the_order_of_the_handshake", "unit/blk_features__negotiates"
AGAIN = "scenario/open_again"
row("STATUS-02", DEVICE, "device->status |= bits;", "device->status = bits;",
    ORDER + " " + AGAIN, "a step's bit clears those before it")
row("STATUS-03 INIT-01a MMIO-I-05", DEVICE, "transport->ops->status_set(transport->context, 0); do",
    "do", ORDER + " " + AGAIN, "a device is brought up without a reset")
row("STATUS-04", OPEN, "vblk_break_all(device, status == ORION_DEVICE_GONE ? VBLK_CAUSE_GONE "
    ": VBLK_CAUSE_NEEDS_RESET); return status;", "return status;",
    "unit/blk_open__refresh_latches", "what a device that needs a reset says is believed")
row("FEAT-01", OPEN, "usable = virtio->offered & virtio->wanted;", "usable = virtio->wanted;",
    OFFER + " scenario/features_missing", "what is wanted is accepted, offered or not")
row("FEAT-02 FEAT-03 BLK-D-09", OPEN, "closed = vblk_features_closed(usable);", "closed = usable;",
    "unit/blk_features__unmet_dependencies", "features are accepted without what they need")
row("FEAT-06", OPEN, "required |= VIRTIO_BIT(VIRTIO_F_VERSION_1);",
    "required |= VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);",
    "scenario/write_then_read:split.direct.flags.4.*",
    "a device without indirect descriptors is given up")
row("FEAT-07", OPEN, "orion_virtio_fail(&device->virtio);", "",
    "unit/blk_features__required_features", "a device that is given up is not told")
row("FEAT-08", OPEN, "closed = vblk_features_closed(usable);",
    "if ((virtio->offered & ~virtio->wanted) != 0) return ORION_DEVICE_REFUSED; "
    "closed = vblk_features_closed(usable);", OFFER, "a device that has more to offer is refused")
row("RFB-02 LEG-FEAT-01", OPEN, "required |= VIRTIO_BIT(VIRTIO_F_VERSION_1);", ";",
    "unit/blk_features__required_features", "modern registers are driven without VERSION_1")
for clause, name in (("RFB-01", "VERSION_1"), ("RFB-03", "ACCESS_PLATFORM"),
                     ("RFB-07", "ORDER_PLATFORM"), ("RFB-13", "NOTIF_CONFIG_DATA"),
                     ("BLK-I-04", "MQ")):
    row(clause, KNOWN, f"VIRTIO_BIT(VIRTIO_{'BLK_' if name == 'MQ' else ''}F_{name}) |", "",
        "unit/blk_features__negotiates scenario/features_allow_list:pci",
        name + " is not accepted")
row("RFB-06", KNOWN, "? VIRTIO_BIT(VIRTIO_F_RING_PACKED) :", "? 0 :",
    "unit/blk_features__negotiates scenario/features_allow_list:pci", "RING_PACKED is not accepted")
row("INIT-01b", DEVICE, "status_add(device, VIRTIO_STATUS_ACKNOWLEDGE);", "", ORDER,
    "a device is not told that it was seen")
row("INIT-01c", DEVICE, "status_add(device, VIRTIO_STATUS_DRIVER);", "", ORDER + " " + AGAIN,
    "a device is not told that there is a driver")
row("INIT-01d", OPEN, "virtio->offered = transport->ops->features_get(transport->context);",
    "if (virtio->offered == 0) virtio->offered = "
    "transport->ops->features_get(transport->context);",
    "unit/blk_open__another_device", "the offer is read the first time only")
row("INIT-01e", DEVICE, "if (!transport->ops->legacy) status_add(device, "
    "VIRTIO_STATUS_FEATURES_OK);", "if (!transport->ops->legacy) ;", ORDER + " " + AGAIN,
    "FEATURES_OK is not set")
row("INIT-01h", DEVICE, "status_add(device, VIRTIO_STATUS_DRIVER_OK);",
    "device->status |= VIRTIO_STATUS_DRIVER_OK;", ORDER, "DRIVER_OK is not set")
row("SUSP-01", DEVICE, "status_add(device, VIRTIO_STATUS_DRIVER_OK);",
    "status_add(device, VIRTIO_STATUS_DRIVER_OK | 16);", ORDER + " " + AGAIN,
    "SUSPEND is set of itself")
row("INIT-03", OPEN, "virtio->wanted = vblk_features_known;",
    "virtio->wanted = vblk_features_known; if (transport->ops->config_write != NULL) "
    "transport->ops->config_write(transport->context, 32, 1, 0);", AGAIN,
    "the configuration is written while features are chosen")
row("BLK-INIT-04", OPEN, "virtio->wanted = vblk_features_known;",
    "virtio->wanted = vblk_features_known; "
    "(void)transport->ops->config_read(transport->context, 32, 1);", AGAIN,
    "the mode of the cache is read before FEATURES_OK")
row("INIT-04", DEVICE, "device->negotiated = negotiated;",
    "transport->ops->features_set(transport->context, negotiated); "
    "device->negotiated = negotiated;", ORDER + " " + AGAIN,
    "features are written after FEATURES_OK")
row("INIT-06", OPEN, "orion_status status = vblk_queue_enable(device->queues[i]); if (status != "
    "ORION_OK) return status;", "(void)vblk_queue_enable(device->queues[i]);",
    "unit/blk_open__each_failure_unwinds", "a step that failed is passed over")
row("INIT-07", QUEUE, "queue->plain_doorbell = queue->doorbell.address != NULL &&",
    "if (virtio->transport.ops->notify != NULL) virtio->transport.ops->notify("
    "virtio->transport.context, queue->index, queue->doorbell.value); "
    "queue->plain_doorbell = queue->doorbell.address != NULL &&", AGAIN,
    "a queue is kicked before DRIVER_OK")

# ---- configuration and block limits ---------------------------------------------------------

row("CFG-03", LIMITS, "if (has(device, all[i].feature))", "if (true)",
    "unit/blk_limits__config_too_short scenario/power_cut:*.none.*",
    "fields are read of features that are not there")
row("CFG-04 PCI-CAP-06", CAPS, "if (cap->bytes < least) {",
    "if (cap->bytes < least || cap->bytes > most) {",
    "unit/device_pci__features_need_their_registers", "larger structures are refused")
row("CFG-I-02 CCW-STAT-02", OPEN, "status = orion_virtio_look(&device->virtio);",
    "status = ORION_OK;",
    "unit/blk_open__refresh_sees", "a change is looked at without the status")
row("BLK-OP-01 BLK-D-08 CFG-I-01", OPEN, "if (capacity == info->capacity_sectors) return ORION_OK;",
    "return ORION_OK;",
    "scenario/capacity_change unit/blk_open__refresh_reads",
    "a new capacity is not taken")
row("BLK-INIT-03", LIMITS, "claims->writeback != 0 : info->flush;",
    "claims->writeback != 0 : false;",
    "unit/blk_limits__writeback scenario/power_cut:*.through.*",
    "a cache whose mode is not said counts as none")
row("BLK-D-01", LIMITS, "info->read_only = (device->virtio.offered &",
    "info->read_only = (device->virtio.negotiated &", "unit/blk_limits__read_only",
    "a read-only disk is written when the driver did not ask")
row("BLK-OP-04 BLK-I-03", COMMAND, "segments || request->sector != 0)", "segments)",
    "unit/blk_check__refuses", "a flush has a sector")
row("BLK-OP-05", COMMAND, "if (request->segment_count != command->segments ||", "if (",
    "unit/blk_check__refuses", "a flush has data")
row("BLK-OP-08", COMMAND, "segment->length != command->bytes ||", "",
    "scenario/bad_request:id_length.split", "the serial number is asked for in any length")
row("BLK-OP-06", LIMITS, "uint64_t bytes = has(device, VIRTIO_BLK_F_BLK_SIZE) ? "
    "claims->blk_size : VIRTIO_BLK_SECTOR_BYTES;", "uint64_t bytes = 1;",
    "unit/blk_limits__block_size", "data is no whole number of sectors")
row("BLK-I-01", COMMAND, "VIRTQ_DESC_F_WRITE, 0); if (queue->ring.packed)",
    "0, 0); if (queue->ring.packed)", "unit/blk_command__shapes scenario/get_id",
    "the status byte is not the device's to write")
row("SPLIT-DESC-01", LIMITS, "num_min32(device->options.device_max_sectors, UINT32_MAX / "
    "VIRTIO_BLK_SECTOR_BYTES);", "device->options.device_max_sectors;",
    "unit/blk_limits__request_size", "a chain may carry more than 2^32 bytes")
row("SPLIT-IND-03 PACKED-SG-02 PACKED-IND-03", LIMITS, "num_min32(plan->segments, size - 2);",
    "plan->segments;", "unit/blk_limits__seg_max", "a table is longer than the queue")

TABLES = "scenario/write_then_read:split.indirect.flags.4.fifo.strong"

# ---- queues ---------------------------------------------------------------------------------

row("QRST-01", DEVICE, "while (transport->ops->queue_resetting(transport->context, queue)) {",
    "while (false) {", "unit/blk_restart__under_load scenario/queue_reset_never_ends",
    "the reset of a queue is not waited for")
row("QENA-01 QRST-D-01", "src/blk/recover.c", "vblk_queue_reset_ring(queue); status = "
    "vblk_queue_enable(queue);", "status = vblk_queue_enable(queue);",
    "unit/blk_restart__under_load scenario/queue_reset_under_load",
    "a queue is enabled again as it was left")
row("PCI-COM-07", PCI, "return common_get16(pci, VIRTIO_PCI_COMMON_QUEUE_RESET) != 0 ||", "return",
    "unit/device_pci__queue_reset", "queue_reset is not read back")
row("SPLIT-ALIGN-01", SETUP, "+ VIRTQ_USED_ALIGN;", "+ 2;",
    "unit/ring_setup__split unit/blk_order__no_kick_is_lost:split*",
    "a used ring is not aligned")
row("PACKED-ALIGN-01", SETUP, "layout.device_offset = layout.driver_offset + "
    "sizeof(struct virtq_packed_event);", "layout.device_offset = layout.driver_offset + 6;",
    "unit/blk_order__no_kick_is_lost:packed*", "event suppression is not aligned")
row("SPLIT-ANOT-01 SPLIT-I-02 PACKED-I-02", SETUP, "memset(config->shared, 0, layout.bytes);", "",
    "unit/ring_setup__starts_empty_over_old_memory", "a ring begins with what lay there")
row("SPLIT-DESC-02", SPLIT, "return kind & VRING_IN_ORDER ? (at + 1) & ring->mask",
    "return kind & VRING_IN_ORDER ? (at + 3) & ring->mask", "scenario/in_order",
    "in order, descriptors do not follow each other")
row("SPLIT-IND-01 PACKED-IND-01", QUEUE, "return (info->indirect ? 0 : VRING_DIRECT) |", "return",
    "unit/blk_info__ring", "tables are used that were not negotiated")
row("SPLIT-IND-02", COMMAND, "VIRTQ_DESC_F_NEXT, 1);",
    "VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_INDIRECT, 1);", "unit/blk_command__shapes",
    "a table within a table")
row("SPLIT-IND-05 SPLIT-I-08", COMMAND, "VIRTQ_DESC_F_NEXT, 1);", "VIRTQ_DESC_F_NEXT, 2);",
    "unit/blk_command__shapes scenario/in_order:split.*",
    "a table's entries do not follow each other")
row("SPLIT-IND-04", SPLIT, "address, bytes, VIRTQ_DESC_F_INDIRECT, 0);",
    "address, bytes, VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_NEXT, 0);",
    "unit/ring_split__table_bytes " + TABLES, "a table and a next descriptor")
row("PACKED-IND-04", PACKED, "slot->id, VIRTQ_DESC_F_INDIRECT);",
    "slot->id, VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_NEXT);",
    "unit/ring_packed__table_bytes scenario/get_id", "a table and a next descriptor, packed")
row("PACKED-IND-02", COMMAND, "flags & VIRTQ_DESC_F_WRITE)", "flags)",
    "unit/blk_command__flush_is_the_devices_answer:packed-table scenario/get_id",
    "a packed table's entries have other flags")
row("PACKED-SG-03", QUEUE, "queue->plain_word[VBLK_WRITE] = plain_word(info->packed, 0);",
    "queue->plain_word[VBLK_WRITE] = plain_word(info->packed, VIRTQ_DESC_F_WRITE);",
    "unit/blk_io__what_the_device_sees:*table", "what is to be read lies behind what is written")
row("PACKED-DESC-01", PACKED, "ring->free += count;", "ring->free += count + 1;",
    "unit/ring_packed__random_runs", "a slot is used again that was not given back")
row("PACKED-DESC-03 NOTIFY-I-01", PACKED,
    "return vring_position(ring, ring->fill) | (wrap ? VIRTQ_PACKED_EVENT_WRAP : 0);",
    "(void)wrap; return vring_position(ring, ring->fill);",
    "unit/blk_restart__doorbell_position:packed* scenario/doorbells_come_round:packed*",
    "a kick says the place without the lap")
row("PACKED-I-03", PACKED, "ring->avail_lap ^= (uint64_t)VRING_PACKED_LAP << 48;", "",
    "unit/ring_packed__direct_chain_bytes", "a new lap has the bits of the old one")
row("PACKED-I-04", PACKED, "if (unlike & VRING_PACKED_LAP) return VRING_OK;",
    "if ((unlike & VRING_PACKED_LAP) == VRING_PACKED_LAP) return VRING_OK;",
    "unit/ring_packed__only_this_lap_counts", "one of the two bits of the lap is enough")
row("PACKED-I-06", PACKED, "ring->look += count;", "ring->look += 1;",
    "unit/ring_packed__every_order_of_completion", "a chain counts as one descriptor")
row("PACKED-I-07", PACKED, "if (unlike != 0) { if (unlike",
    "if (word >> 48 & VIRTQ_DESC_F_NEXT) return VRING_OK; if (unlike != 0) { if (unlike",
    "exhaust/hostile:packed.2.table.any.flags", "NEXT hides a used descriptor")
row("PACKED-I-08", PACKED, "word &= ~(uint64_t)UINT32_MAX;", "",
    "unit/blk_length__of_what_was_not_written", "a length counts that nobody vouches for")

# ---- notifications --------------------------------------------------------------------------

ASK = "return !(shared_get16(&ring->device.used->flags) & VIRTQ_USED_F_NO_NOTIFY);"
PASSED = "return vring_event_passed(shared_get16(ring->avail_event), (uint16_t)now, fresh);"
row("SPLIT-AVAIL-01", SPLIT, "shared_put16(&ring->driver.avail->idx, (uint16_t)ring->added);",
    "shared_put16(&ring->driver.avail->idx, (uint16_t)(ring->added & ring->mask));",
    "scenario/wrap", "the available index goes back")
row("SPLIT-UNOT-01", SPLIT, "avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT);", "avail->flags, 3);",
    "unit/ring_split__arm_and_disarm_by_flags", "the available flags are 3")
row("SPLIT-UNOT-03", SPLIT, "if (!ring->event_index) shared_put16(&ring->driver.avail->flags, "
    "VIRTQ_AVAIL_F_NO_INTERRUPT);", "shared_put16(&ring->driver.avail->flags, "
    "VIRTQ_AVAIL_F_NO_INTERRUPT);", "unit/blk_order__no_wake_is_lost:split*",
    "the available flags are used beside the event index")
row("SPLIT-ANOT-03", SPLIT, ASK, "return true;",
    "unit/ring_split__ask_by_flags unit/blk_io__kick_only_for_news",
    "a device that wants no kicks is kicked")
row("SPLIT-ANOT-04", SPLIT, ASK, "return false;",
    "unit/ring_split__ask_by_flags unit/blk_order__no_kick_is_lost:split-direct.flags",
    "a device that wants kicks is not kicked")
row("SPLIT-ANOT-05", SPLIT, PASSED, "return !(shared_get16(&ring->device.used->flags) & 1) && " +
    PASSED[len("return "):], "exhaust/hostile:split.2.table.any.index",
    "the used flags are obeyed beside the event index")
row("SPLIT-ANOT-07", SPLIT, PASSED, "return true;", "unit/blk_io__event_index_saves_kicks",
    "a device is kicked although its event was not passed")
row("PCI-CHG-01", IRQ, "note_config(argument); wake_all(argument);", "wake_all(argument);",
    "unit/device_interrupt__shared", "a shared vector is for queues alone")
row("PCI-I-05", IRQ, "if (cause & VIRTIO_PCI_ISR_CONFIG)", "if (false)",
    "unit/device_interrupt__line", "the line is for queues alone")
row("MMIO-IRQ-02", IRQ, "if (cause & VIRTIO_PCI_ISR_QUEUE)", "if (false)",
    "unit/device_interrupt__line scenario/owner_loop:*.mmio", "the line is for changes alone")
row("PCI-D-04", IRQ, "uint8_t cause = device->transport.ops->isr_read(",
    "uint8_t cause = (device->transport.ops->isr_read(device->transport.context), 0); "
    "cause = device->transport.ops->isr_read(", "unit/device_interrupt__line",
    "the cause is read twice")
row("PCI-I-06", IRQ, "note_config(argument); return true;", "return true;",
    "unit/device_interrupt__per_queue", "the configuration's vector is for nothing")
row("PCI-I-07", IRQ, "} share_vector(device, count, VIRTIO_NO_VECTOR); return ORION_OK;",
    "} share_vector(device, count, 0); return ORION_OK;", "unit/blk_open__polled_host",
    "queues that are polled have a vector")
row("PCI-MSIX-04", IRQ, "if (needed > vectors_there(device)) return false;", "",
    "unit/device_interrupt__mode_by_vectors_that_the_device", "vectors are used that are not there")

# ---- PCI ------------------------------------------------------------------------------------

FOUND, BELLS = "unit/device_pci__finds_block_devices", "unit/device_pci__doorbells"
row("PCI-DISC-01", PCI, "return device == VIRTIO_PCI_DEVICE_MODERN_BASE + VIRTIO_ID_BLOCK ||",
    "return", FOUND, "modern devices are not found")
row("PCI-DISC-02", PCI, "VIRTIO_ID_BLOCK || device == VIRTIO_PCI_DEVICE_TRANSITIONAL_BLOCK;",
    "VIRTIO_ID_BLOCK;", FOUND, "transitional devices are not found")
row("PCI-DISC-03", PCI, "PCI_VENDOR_ID, 2) != VIRTIO_PCI_VENDOR)",
    "PCI_VENDOR_ID, 2) != VIRTIO_PCI_VENDOR || port->pci_read(port_context, function, 8, 1) > 0)",
    FOUND, "other revisions are not found")
row("PCI-ACC-01", PCI, "return (uint8_t)orion_pci_get(pci, &pci->common, "
    "VIRTIO_PCI_COMMON_DEVICE_STATUS, 1);", "return (uint8_t)orion_pci_get(pci, &pci->common, "
    "VIRTIO_PCI_COMMON_DEVICE_STATUS, 4);", "unit/device_pci__features_are_64_bits "
    "scenario/pci_ways", "a field of 8 bits is read by 32")
row("PCI-CAP-01", CAPS, "default: return ORION_OK;", "default: return ORION_DEVICE_REFUSED;",
    "unit/device_pci_caps__unknown", "a structure that nobody knows is in the way")
row("PCI-CAP-02", CAPS, "return window->reach != PCI_REACH_NONE ? ORION_OK :", "return",
    "unit/device_pci_caps__first_of_two", "the last structure of a type is used")
row("PCI-CAP-05", CAPS, ".bytes = num_min32(cap->bytes, most)", ".bytes = cap->bytes",
    "unit/device_pci_caps__msix_tables", "all of a structure is mapped")
row("PCI-COM-01", PCI, "common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_ENABLE, 1); return",
    "common_put16(pci, VIRTIO_PCI_COMMON_NUM_QUEUES, 1); "
    "common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_ENABLE, 1); return", "scenario/pci_ways",
    "a field is written that is only to be read")
row("PCI-COM-04", PCI, "common_put64(pci, VIRTIO_PCI_COMMON_QUEUE_DESC,",
    "common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_ENABLE, 1); "
    "common_put64(pci, VIRTIO_PCI_COMMON_QUEUE_DESC,", "scenario/pci_ways",
    "a queue is enabled before its addresses are told")
row("PCI-COM-06", PCI, "common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_RESET, 1);",
    "common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_RESET, 1); "
    "common_put16(pci, VIRTIO_PCI_COMMON_QUEUE_ENABLE, 0);", "unit/device_pci__queue_reset",
    "a queue is disabled")
row("PCI-I-04", PCI, "return pci->common.bytes >= offset + 2;", "return true;",
    "unit/device_pci__features_need scenario/features_without_registers",
    "fields are used that the structure does not have")
row("PCI-I-08", PCI, "common_put32(pci, VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT, word);",
    "common_put32(pci, VIRTIO_PCI_COMMON_DEVICE_FEATURE_SELECT, 0);",
    "unit/device_pci__features_are_64_bits", "both words of features are the first")
row("PCI-WIN-01", REACH, "pci_config_put(pci, pci->access + VIRTIO_PCI_CAP_LENGTH, 4, width); "
    "pci_config_put(pci, pci->access + VIRTIO_PCI_CAP_OFFSET, 4, window->offset + offset);",
    "pci_config_put(pci, pci->access + VIRTIO_PCI_CAP_OFFSET, 4, window->offset + offset); "
    "pci_config_put(pci, pci->access + VIRTIO_PCI_CAP_LENGTH, 4, width);",
    "scenario/pci_ways:config*", "the window's offset is told before its length")
row("PCI-WIN-02", REACH, "4, window->offset + offset);",
    "4, (window->offset + offset) & ~3u);", "scenario/pci_ways:config*",
    "the window shows the word, not the field")
row("PCI-MSIX-01", CAPS, "(control & PCI_MSIX_CONTROL_SIZE) + 1;", "(control & 0xff) + 1;",
    "unit/device_pci_caps__msix_tables", "a table has 256 vectors at most")
row("PCI-KICK-01", PCI, "#define KICK_BYTES 2u", "#define KICK_BYTES 4u", BELLS,
    "a kick has 32 bits")
row("PCI-KICK-03", PCI, "(struct virtio_doorbell){NULL, queue,",
    "(struct virtio_doorbell){NULL, queue ^ 1,", BELLS, "a kick names another queue")
row("PCI-KICK-05 PCI-KICK-06", PCI, "if (has(pci, VIRTIO_F_NOTIF_CONFIG_DATA))", "if (false)",
    BELLS + ":number " + BELLS + ":position_number", "a kick has the index, not the number")

# ---- MMIO and channel I/O -------------------------------------------------------------------

row("MMIO-REG-02", MMIO, "mmio_put(context, VIRTIO_MMIO_STATUS, status);",
    "mmio_put(context, VIRTIO_MMIO_STATUS, status); mmio_put(context, VIRTIO_MMIO_VERSION, 2);",
    AGAIN + ":*.mmio", "a register is written that is only to be read")
row("MMIO-REG-03", MMIO, "return (uint8_t)mmio_get(context, VIRTIO_MMIO_STATUS);",
    "(void)mmio_get(context, VIRTIO_MMIO_QUEUE_SEL); "
    "return (uint8_t)mmio_get(context, VIRTIO_MMIO_STATUS);", AGAIN + ":*.mmio",
    "a register is read that is only to be written")
row("MMIO-REG-04", MMIO, "mmio_put(context, VIRTIO_MMIO_STATUS, status);",
    "register_store8((volatile unsigned char *)((const struct mmio *)context)->at + "
    "VIRTIO_MMIO_STATUS, status);", AGAIN + ":*.mmio", "a register is written by 8 bits")
row("MMIO-INIT-02", MMIO, "id = mmio_get(mmio, VIRTIO_MMIO_DEVICE_ID);",
    "(void)mmio_get(mmio, VIRTIO_MMIO_STATUS); id = mmio_get(mmio, VIRTIO_MMIO_DEVICE_ID);",
    AGAIN + ":*.mmio", "another register is read before DeviceID")
row("MMIO-INIT-05", MMIO, "mmio->negotiated = features;",
    "mmio->negotiated = features; mmio_put(mmio, 0x0ac, 0);", AGAIN + ":*.mmio",
    "shared memory is selected")
row("MMIO-REG-05", MMIO, "if (width == 1) return register_load8(field);", "",
    "unit/device_mmio__config_is_bounded:modern", "a field of 8 bits is read by 32")
row("MMIO-REG-11", MMIO, "return id == VIRTIO_ID_BLOCK ? ORION_OK : ORION_NOT_FOUND;",
    "return id == VIRTIO_ID_BLOCK ? ORION_OK : refuse(mmio, address, VIRTIO_MMIO_DEVICE_ID, id);",
    "scenario/mmio_identity:id_0.mmio", "a place without a device is an error")
row("CCW-BASIC-02", "include/orion/transport.h", "id[3] == VIRTIO_CCW_MODEL_BLOCK;",
    "id[3] == VIRTIO_CCW_MODEL_BLOCK && (bytes < 7 || id[4] == 0);", "unit/device_ccw__which_is",
    "the type of device behind the control unit counts")
REVISION = "unit/device_ccw__highest_revision"
row("CCW-REV-02", CCW, "for (uint8_t revision = REVISION_BEST;",
    "(void)orion_ccw_demand(ccw, VIRTIO_CCW_VDEV_RESET, NULL, 0); "
    "for (uint8_t revision = REVISION_BEST;", REVISION, "a command goes before the revision")
row("CCW-REV-03", CCW, "if (status == ORION_OK) ccw->revision = revision;",
    "if (status == ORION_OK) { ccw->revision = revision; (void)orion_ccw_run(ccw, "
    "VIRTIO_CCW_SET_VIRTIO_REV, data, sizeof(data), &done); }", REVISION,
    "the revision is set twice")
row("CCW-KICK-01", CCW, "value, ccw->kick_cookies[queue]);", "value, 0);",
    "unit/device_ccw__kicks", "a cookie is not given back")
