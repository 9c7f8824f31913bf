# SPDX-License-Identifier: MIT
"""Mutants of what brings a broken device back: rows for test/rules/mutants.py."""

RECOVER, INSTANCE, FOLLOW = "storage/recover.c", "storage/instance.c", "storage/follow.c"
WAIT, WORK = "storage/wait.c", "storage/work.c"
OPEN, LIMITS = "src/blk/open.c", "src/blk/limits.c"
LANES, AGAIN = "unit/storage_recover__several_lanes*", "unit/storage_recover__tried_again*"
BACK, REFUSED = "unit/blk_come_back__as_it_was*", "unit/blk_come_back__refused*"
SLOW = "unit/storage_recover__slow_is_learnt"
ROWS = []


def row(name, file, old, new, tests, why, **more):
    ROWS.append((("recovery-" + name, file, old, new, tests, why), more))


# ---- the framework --------------------------------------------------------------------------

row("early", RECOVER, "if (__atomic_load_n(&disk->following, __ATOMIC_ACQUIRE) != 0) return;", "",
    LANES, "the device is reset while a lane uses its ring")
row("kept", RECOVER, "disk->base.kept = true;", "disk->base.kept = false;",
    "unit/storage_recover__flush_after_it", "a reset is taken for the loss of a cache")
row("budget", RECOVER, "if (recovery->window_resets >= disk->manager->options.recovery_resets)",
    "if (recovery->window_resets > disk->manager->options.recovery_resets)",
    "unit/storage_recover__five_times_a_minute unit/storage_recover__not_wanted",
    "a device is reset once more than the options allow")
row("window", RECOVER, "|| at - recovery->window_ns >= MINUTE_NS)", ")",
    "unit/storage_recover__five_times_a_minute", "what happened an hour ago counts still")
row("for-good", RECOVER,
    "return now(storage) >= __atomic_load_n(&disk->recovery.retry_ns, __ATOMIC_RELAXED);",
    "return false;", AGAIN, "a disk that failed is given up for good")
row("at-once", RECOVER,
    "return now(storage) >= __atomic_load_n(&disk->recovery.retry_ns, __ATOMIC_RELAXED);",
    "return true;", AGAIN, "each call on a dead disk waits for its reset")
row("learn-reset", RECOVER, "if (recovery->silent)", "if (false)", SLOW,
    "a slow disk is reset before each of its answers")
row("learn-answer", RECOVER, "if (known != 0 && silent_ns > known / 2)", "if (false)", SLOW,
    "a slow disk is reset although it was seen to be slow")
row("silence", RECOVER, "return limit != 0 && silent_ns >= limit && live_ns >= limit;",
    "return false;", LANES + " " + SLOW, "silence is no reason for a reset")
row("silence-off", RECOVER, "return limit != 0 && silent_ns >= limit && live_ns >= limit;",
    "return silent_ns >= limit && live_ns >= limit;", "unit/storage_recover__not_wanted",
    "who wants no reset for silence has one")
row("idle-lanes", RECOVER, "if (i != lane && !work_visit(disk, i)) continue;",
    "if (i != lane) continue;", "unit/storage_slow__another_lane*",
    "a lane that nobody is in keeps the device from its reset")
row("claimed", WORK, "if (was == WORK_OWNED) return false;", "if (was == WORK_OWNED) return true;",
    "unit/storage_recover__claimed", "a call enters a lane that is claimed")
row("counted-twice", FOLLOW, "count_again(lane, io);", ";", LANES,
    "bytes that were handed over again count as moved twice")

# ---- the core -------------------------------------------------------------------------------

row("wanted", OPEN, "virtio->wanted &= before;", ";", BACK,
    "a device that is brought back is driven with features that nothing was made for")
row("required", OPEN, "required |= before;", ";", REFUSED,
    "a device comes back with less than it had")
row("cause", OPEN, "__atomic_store_n(&device->cause, VBLK_CAUSE_NONE, __ATOMIC_RELEASE);", ";",
    "unit/blk_come_back__after_needs_reset*", "a device that was brought back counts as broken")
row("rings", OPEN, "vblk_queue_reset_ring(device->queues[i]);", ";", BACK,
    "a ring begins its new life where the old one ended")
row("vectors", OPEN, "orion_virtio_interrupts_detach(virtio); orion_virtio_interrupts_attach("
    "virtio, device->info.queues); for", "for", BACK,
    "the vector for changes is not told to a device that was reset")
row("in-flight", OPEN, "|| vblk_in_flight(device->queues[i]) != 0)", ")", BACK,
    "a device is brought back over requests that nobody took back")
row("blocks", LIMITS, "kept = now.block_bytes == was->block_bytes &&", "kept =", REFUSED,
    "a device with other blocks is taken for the same")
row("segments", LIMITS, "now.segments_max >= was->segments_max &&", "", REFUSED,
    "a device that takes fewer segments is given as many")
row("segment-bytes", LIMITS, "now.segment_bytes_max >= was->segment_bytes_max &&", "", REFUSED,
    "a device that takes smaller segments is given as large ones")
row("read-only", LIMITS, "&& now.read_only <= was->read_only;", ";", REFUSED,
    "a disk that has become read-only is written")
row("queue-size", LIMITS, "kept &= size_possible(device, i) >= was->queue_size;", ";", REFUSED,
    "a ring is longer than the device's")
row("stays-up", OPEN, "orion_virtio_fail(virtio); (void)vblk_stop(device); return status;",
    "return status;", REFUSED, "a device that was refused is left half way up")
row("capacity", LIMITS, "vblk_capacity_set(device, now.capacity_sectors);", ";", BACK,
    "a disk that grew over its reset keeps its size")
