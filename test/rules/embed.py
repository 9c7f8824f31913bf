# SPDX-License-Identifier: MIT
"""Mutants of what a host is promised: rows for test/rules/mutants.py."""

SUBMIT, REAP, KINDS = "src/blk/submit.h", "src/blk/reap.h", "src/blk/kinds.h"
ROWS = []


def row(name, file, old, new, tests, why, **more):
    ROWS.append((("host-" + name, file, old, new, tests, why), more))


PATH = "src/blk/path.c"
FEATURES = "unit/blk_features__required_features"
row("path-less", PATH, "VBLK_HAS_ALL", "(VBLK_HAS_TABLES | VBLK_HAS_PACKED)",
    "unit/blk_features__negotiates_what_is_known_and_offered",
    "a kind of ring is missing from the path that is everybody's")
row("path-features", "src/blk/path.h", "(HAS(IN_ORDER) ? VIRTIO_BIT(VIRTIO_F_IN_ORDER) : 0) |", "",
    "unit/blk_features__negotiates_what_is_known_and_offered",
    "no ring that the path has is asked for")
row("path-whose", "src/blk/open.c", "required & ~virtio->wanted", "0", FEATURES,
    "a required feature that the driver has not looks like the device's fault")

TICKS = "unit/blk_info__without_a_tick_rate_no_ticks_are_read"

row("ticks-of-one", SUBMIT, "if (likely(!queue->untimed))", "if (true)", TICKS,
    "the tick counter is read for a single request though the host has none")
row("ticks-of-a-batch", KINDS, "likely(!queue->untimed) ? arch_ticks() : 0", "arch_ticks()", TICKS,
    "the tick counter is read for a batch though the host has none")
row("ticks-reaped", REAP, "slot->part | queue->after_one)", "slot->part | queue->parts_waiting)",
    TICKS, "the tick counter is read for a completion though the host has none")
row("sleep-polled", REAP, "!vblk_running(queue) || queue->polled", "!vblk_running(queue)",
    "unit/blk_io__arm_never_sends_to_sleep_for_good", "a polled queue's owner is sent to sleep")
row("sleep-latched", REAP, "!vblk_running(queue) || queue->polled", "queue->polled",
    "unit/blk_io__arm_never_sends_to_sleep_for_good unit/blk_recover__drains_exactly_once",
    "the owner of a latched queue is sent to sleep")
