# SPDX-License-Identifier: MIT
"""Mutants of the core that lived for a while: rows for test/rules/mutants.py."""

SPLIT, PACKED, SETUP = "src/ring/split.h", "src/ring/packed.h", "src/ring/setup.c"
SUBMIT, REAP, PARTS = "src/blk/submit.h", "src/blk/reap.h", "src/blk/parts.c"
KNOWN, IRQ = "src/blk/path.h", "src/device/interrupt.c"
QUEUE, MMIO, CCW = "src/blk/queue.c", "src/device/mmio.c", "src/device/ccw.c"
CAPS, REACH = "src/device/pci_caps.c", "src/device/pci_reach.c"
DEVICE, OPEN = "src/device/device.c", "src/blk/open.c"
LIST = "scenario/features_allow_list"
ROWS = []


def row(name, file, old, new, tests, why, **more):
    ROWS.append((("core-" + name, file, old, new, tests, why), more))


# ---- times ----------------------------------------------------------------------------------

TIMES, OWN = "unit/blk_ticks__each_way", "unit/blk_ticks__counted_by_their_own"
row("latency-largest", REAP, "stats->latency_max_ticks = ticks;", ";",
    "unit/blk_length__largest_latency", "the largest latency is not recorded")
row("latency-last", REAP, "if (unlikely(ticks > stats->latency_max_ticks))", "",
    "unit/blk_length__largest_latency", "the last latency is taken for the largest")
row("ticks-batch", SUBMIT, "slot->ticks = ticks; continue;", "continue;", TIMES,
    "a request of a batch keeps the time of the one before it in its slot")
row("ticks-one", SUBMIT, "slot->ticks = arch_ticks();", ";", TIMES,
    "a request by itself keeps the time of the one before it in its slot")
row("ticks-odd", SUBMIT, "slot->ticks = ticks; slot->lent", "slot->lent", TIMES,
    "a request that is not plain keeps the time of the one before it in its slot")
row("ticks-run", REAP, "ticks = slot->ticks; first = completion;", "first = completion;", OWN,
    "requests of several times are counted as of the first one's")
row("ticks-parts", PARTS, ".ticks = ticks,", "", "unit/blk_ticks__parts",
    "parts have no time of their own")

# ---- order ----------------------------------------------------------------------------------

row("overtaken", PARTS, "|| queue->parts_waiting > 0) return", ") return",
    "unit/blk_parts__not_overtaken:*direct", "parts of a newcomer overtake those that wait")
row("stopped-doorbell", SUBMIT, "if (vblk_running(queue) && !vblk_kick(queue))",
    "if (!vblk_kick(queue))", "unit/blk_length__no_doorbell_of_a_stopped_queue",
    "the doorbell of a queue that was stopped rings")
row("guessed-id-mask", SETUP, "(uint32_t)vring_slots(config->ids) - 1;",
    "(uint32_t)vring_slots(config->size) - 1;",
    "unit/ring_setup__id_mask unit/blk_queue__masked_ids_stay_inside",
    "an id that is only guessed leaves the slots")
row("guessed-id-room", QUEUE, "vring_slots(device->ids) * sizeof(struct vblk_slot)",
    "device->ids * sizeof(struct vblk_slot)", "unit/blk_queue__masked_ids_stay_inside",
    "there are fewer slots than a masked id can name", nth=0)

# ---- without the feature --------------------------------------------------------------------

FLAGS_ONLY = "unit/blk_length__event_without_the_feature"
row("event-split", SPLIT, "if (unlikely(!ring->event_index))", "if (false)", FLAGS_ONLY,
    "avail_event is obeyed although the event index was not negotiated")
row("event-packed", PACKED, "if (wish != VIRTQ_PACKED_EVENT_DESC || !ring->event_index)",
    "if (wish != VIRTQ_PACKED_EVENT_DESC)", "unit/ring_packed__ask_by_flags",
    "a packed ring's event position is obeyed although the event index was not negotiated")
row("read-only", KNOWN, "VIRTIO_BIT(VIRTIO_BLK_F_RO) |", "",
    "unit/blk_features__read_only_is_acknowledged " + LIST + " unit/device_ccw__allow_list",
    "read-only is obeyed, and not acknowledged")
for bit, what in ((3, "bit 3, which is nobody's"), (4, "the geometry"), (13, "discard"),
                  (14, "write zeroes"), (17, "zones"), (30, "bit 30, which is nobody's"),
                  (37, "SR-IOV"), (41, "the administration queue"),
                  (42, "bit 42, which is another type of device's"), (43, "suspending"),
                  (50, "bit 50, which is nobody's"), (63, "bit 63, which is nobody's")):
    row(f"list-{bit}", KNOWN, "vblk_features_known =", f"vblk_features_known = VIRTIO_BIT({bit}) |",
        "unit/blk_features__negotiates_what_is_known_and_offered scenario/features_allow_list:pci" +
        (" scenario/features_allow_list:*legacy" if bit < 32 and bit != 17 else ""),
        what + " is acknowledged")
row("list-mmio", MMIO, "return features & ~FEATURES_FOREIGN;", "return features;",
    "scenario/features_allow_list:mmio", "features of other transports are acknowledged by MMIO")
row("list-ccw", CCW, "return features & ~foreign;", "return features;",
    "unit/device_ccw__allow_list", "features without a command are acknowledged")

# ---- sent is not taken ----------------------------------------------------------------------

STARTS = "unit/device_device__start_is_read_back unit/blk_open__a_start_that_fails"
row("start-ill", DEVICE, "device->status | VIRTIO_STATUS_DEVICE_NEEDS_RESET | "
    "VIRTIO_STATUS_FAILED;", "device->status;", STARTS,
    "a device that starts and needs a reset is driven")
row("start-unseen", DEVICE, "status = accepted(device, device->negotiated, 0);",
    "status = ORION_OK;", STARTS + " scenario/false_claim:features_dropped.split.direct.legacy",
    "DRIVER_OK is told, and not looked at")
row("start-failed", OPEN, "|| virtio->state == VIRTIO_QUEUES) orion_virtio_fail",
    ") orion_virtio_fail", "unit/blk_open__a_start_that_fails",
    "a device that did not start is not told that it was given up")
HEARD = "unit/device_device__legacy_tells"
row("heard", DEVICE, "&& (told == 0 || told == asked)", "",
    HEARD + " scenario/false_claim:features_refused.split.*.pci-legacy",
    "what a legacy device heard is not compared with what it was told")
row("heard-nothing", DEVICE, "told == 0 || told == asked", "told == asked", HEARD,
    "a legacy device that says nothing of what it heard is refused")

# ---- registers that are to be left alone ----------------------------------------------------

READ = "(void)%s->transport.ops->isr_read(%s->transport.context);"
ONE, ANY = READ % (("target->device",) * 2), READ % (("((struct virtio_device *)argument)",) * 2)
row("cause-queue", IRQ, "target->interrupts++; target->device", f"{ONE} target->interrupts++; "
    "target->device", "unit/device_interrupt__per_queue scenario/pci_function_reset_at_open",
    "the cause is read in the handler of a queue's vector")
row("cause-any", IRQ, "wake_all(argument); return true; } static bool on_config",
    f"{ANY} wake_all(argument); return true; }} static bool on_config",
    "unit/device_interrupt__paired", "the cause is read in the handler of all queues' vector")
row("cause-config", IRQ, "note_config(argument); return true;",
    f"{ANY} note_config(argument); return true;", "unit/device_interrupt__per_queue",
    "the cause is read in the handler of the configuration's vector")
row("cause-shared", IRQ, "note_config(argument); wake_all(argument);",
    f"{ANY} note_config(argument); wake_all(argument);", "unit/device_interrupt__shared",
    "the cause is read in the handler of the one vector")
LONGER = "unit/device_pci_caps__capability_longer"
row("cap-longer", CAPS, "if (cap->length < VIRTIO_PCI_CAP_BYTES)",
    "if (cap->length > VIRTIO_PCI_CAP_NOTIFY_BYTES || cap->length < VIRTIO_PCI_CAP_BYTES)",
    LONGER, "a capability that is longer than what is known is refused")
row("cap-longer-notify", CAPS, "if (cap->length < VIRTIO_PCI_CAP_NOTIFY_BYTES)",
    "if (cap->length != VIRTIO_PCI_CAP_NOTIFY_BYTES)", LONGER,
    "a notify capability that is longer than what is known is refused")
row("cap-longer-access", CAPS, "pci_config_get(pci, at + VIRTIO_PCI_CAP_LEN, 1) >= bytes",
    "pci_config_get(pci, at + VIRTIO_PCI_CAP_LEN, 1) == bytes", LONGER,
    "an access capability that is longer than what is known is not used")
row("cap-written", CAPS, "cap->bar = pci_config_get(pci, cap->at + VIRTIO_PCI_CAP_BAR, 1);",
    "cap->bar = pci_config_get(pci, cap->at + VIRTIO_PCI_CAP_BAR, 1); "
    "pci_config_put(pci, cap->at + VIRTIO_PCI_CAP_BAR, 1, cap->bar);",
    "unit/device_pci_caps__sound unit/device_pci__opens_and_closes scenario/pci_ways:ports*",
    "a field of a capability is written")
row("access-written", REACH, "pci_config_put(pci, pci->access + VIRTIO_PCI_CAP_BAR, 1, "
    "window->bar);", "pci_config_put(pci, pci->access + VIRTIO_PCI_CAP_BAR, 2, window->bar);",
    "unit/device_pci_legacy__through_configuration_space scenario/pci_ways:config*",
    "what stands beside the access capability's fields is written")
row("nobody-there", MMIO, "return id == VIRTIO_ID_BLOCK ?",
    "if (id == 0) (void)mmio_get(mmio, VIRTIO_MMIO_VENDOR_ID); return id == VIRTIO_ID_BLOCK ?",
    "unit/device_mmio__nobody_there", "a register of a device that is none is read")

# ---- the way through configuration space ----------------------------------------------------

TAKEN = "unit/device_pci_legacy__a_window_that_stays_taken"
row("access-clock", REACH, ">= ACCESS_WAIT_NS)", ">= UINT64_MAX)", TAKEN,
    "the window is waited for by looks alone")
row("access-looks", REACH, "look == ACCESS_LOOKS_MAX ||", "", TAKEN,
    "the window is waited for as long as the clock stands")
row("access-anyway", REACH, "window->offset + offset, 0); return false;",
    "window->offset + offset, 0); return true;", TAKEN, "a window that is taken is used")
row("access-stolen", REACH, "return UINT32_MAX >> (32 - 8 * width);",
    "{ access_give(pci); return UINT32_MAX >> (32 - 8 * width); }", TAKEN,
    "a window is given back by who never had it")

# ---- beside the core ------------------------------------------------------------------------

LEFT, CONSOLE = "storage/work.c", "kernel/console/console.c"
row("left-blocks-nothing", LEFT, "if (all == 0) return false;", "return false; if (all == 0)",
    "unit/storage_slow__one_is_lost", "a write does not wait for one that may still land on it")
row("left-blocks-own-only", LEFT, "return mine != all;", "return false;",
    "unit/storage_slow__another_lane",
    "a write does not wait for another lane's that may land on it")
row("left-blocks-all", LEFT, "if (offset < out->io.offset + out->bytes && "
    "out->io.offset < offset + bytes) return true;", "return true;",
    "unit/storage_slow__one_is_lost", "every write waits for one that is out")
row("console-room", CONSOLE, "return there;", "return true;", "unit/kernel_console__room",
    "bytes are taken for which there is no room")
row("console-mark", CONSOLE, "bytes <= INPUT_BYTES - 1 - used;", "bytes <= INPUT_BYTES - used;",
    "unit/kernel_console__room", "there is no room for the mark of what was lost")
row("port-shares", "storage/storage.c", "|| host->port->share == NULL ||", "||",
    "unit/storage_disk__incomplete_host", "storage takes a port that shares no memory")
row("ccw-control-unit", "include/orion/transport.h",
    "(id[1] << 8 | id[2]) == VIRTIO_CCW_CONTROL_UNIT &&", "",
    "unit/device_ccw__which_is", "any control unit will do")
row("ccw-model", "include/orion/transport.h", "&& id[3] == VIRTIO_CCW_MODEL_BLOCK;", ";",
    "unit/device_ccw__which_is", "any type of device behind the control unit will do")

# ---- the manager's places -------------------------------------------------------------------

MANAGER, PLACES = "src/manager/manager.c", "unit/manager_manager__"
row("place-twice", MANAGER, "if (manager->devices[known].device != NULL) return ORION_BUSY;", "",
    PLACES + "away_and_back", "a device that is there is opened a second time")
row("place-other-number", MANAGER, "is_same(&manager->devices[i].place, place)", "false",
    PLACES + "away_and_back", "a device that comes back gets another number")
row("place-any", MANAGER, "a->open == b->open && a->context == b->context && "
    "a->address == b->address", "a->open == b->open", PLACES + "lowest_free_number",
    "all places of a kind are taken for one")
row("place-memory-anew", MANAGER, "if (slot->memory[which] != NULL && slot->bytes[which] >= bytes) "
    "return true;", "", PLACES + "away_and_back", "memory that would do is taken anew")
row("place-memory-short", MANAGER, "slot->bytes[which] >= bytes)", "true)", PLACES + "reattach",
    "memory that is too small is used again")
row("place-busy", MANAGER, "if (!force && is_busy(slot->device)) return ORION_BUSY;", "",
    PLACES + "reattach", "a device is brought up again under its requests")
row("place-forgotten", MANAGER, "return status == ORION_OK ? open_place(manager, slot) : status; }",
    "if (status == ORION_OK && (status = open_place(manager, slot)) != ORION_OK) "
    "forget(manager, slot); return status; }", PLACES + "reattach",
    "a place is forgotten when nothing answers there")
