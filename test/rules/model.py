# SPDX-License-Identifier: MIT
"""Mutants of what the model judges, and of whom it judges: rows for test/rules/mutants.py."""

DEVICE, CONFIG, QUEUE, TRANSPORT = (f"model/{x}.c" for x in ("device", "config", "queue",
                                                             "transport"))
BLK, DISK, PCI = "model/blk.c", "model/disk.c", "model/pci.c"
DRIVER, LIMITS = "src/device/device.c", "src/blk/limits.c"
UNIT = "unit/model_rules__"
ROWS = []


def row(name, file, old, new, tests, why, **more):
    ROWS.append((("model-" + name, file, old, new, tests, why), more))


# ---- what the model judges ------------------------------------------------------------------

row("status-unknown", DEVICE, "if ((fresh & ~STATUS_OF_DRIVER) != 0)", "if (false)",
    UNIT + "status_bits", "any bit of the status is let pass")
row("status-failed", DEVICE, "if (fresh != 0 && (d->status & VIRTIO_STATUS_FAILED) != 0) {",
    "if (false) {", UNIT + "failed_is_the_end", "a device that failed is let start")
row("reset-early", DEVICE, "return !d->resetting; }", "return true; }",
    UNIT + "reset_takes_a_while", "what is written during a reset counts")
row("reset-at-once", DEVICE, "d->resetting = d->status != 0 && d->options.status_reads != 0;",
    "d->resetting = false;", UNIT + "reset_takes_a_while", "a reset takes no time")
row("writeback", DEVICE, "d->writeback = 0; }", "d->writeback = 1; }",
    UNIT + "writeback_without_flush", "a driver that cannot flush is given a cache")
row("config-field", CONFIG, "(d->options.features & VIRTIO_BIT(field->feature)) == 0", "false",
    UNIT + "fields_of_features", "fields of any feature are let pass")
row("second-queue", QUEUE, "breach = MODEL_BREACH_QUEUE_EXTRA;", ";", UNIT + "a_second_queue",
    "queues are let pass that were not negotiated")
row("cause", TRANSPORT, "if (d->vectors[i].live) {", "if (false) {",
    UNIT + "cause_beside_vectors", "the cause may be read beside vectors")
row("framing", BLK, "c->pieces[0].bytes != HEADER_BYTES ||", "false ||",
    "unit/model_mmio__legacy_framing", "a legacy header may share a descriptor")
row("type", BLK, "breached(r, MODEL_BREACH_TYPE, r->sector, r->queue->device->negotiated);", "",
    UNIT + "requests_of_features", "requests of any feature are let pass")
row("window-past", PCI, "offset % width == 0 && is_structure(pci, bar, offset, width))",
    "offset % width == 0)", "unit/model_pci__window_rules",
    "a window may show what is no structure")
row("window-width", PCI, "get(pci, pci->window_cap + 12u, 4) == width && offset", "offset",
    "unit/model_pci__window_rules", "a window may be used for another width than said")
row("cache-flush", BLK, "model_disk_copy(&d->stable, &d->disk);", ";",
    UNIT + "power_cut:mode scenario/power_cut:*.back.*", "a flush makes nothing stable")
row("cache-through", DISK, "return d->writeback == 0;", "return true;", UNIT + "power_cut",
    "all is stable at once")
row("cache-none", DISK, "model_disk_close(&d->disk); model_disk_copy(&d->disk, &d->stable);", "",
    UNIT + "power_cut scenario/power_cut", "a power cut takes nothing")

# ---- storage ---------------------------------------------------------------------------------

POWER = "unit/storage_power__cut:"
row("storage-unsent", "storage/instance.c", "return STORAGE_PROMISE_FLUSH;",
    "return STORAGE_PROMISE_STABLE;", POWER + "back.* " + POWER + "through.*",
    "a flush is said to have been done that was not sent")
row("storage-replay", "storage/follow.c", "storage_late_hold(lane, io); lane->held",
    "storage_finish(lane, io, ORION_OK); continue; lane->held", POWER + "*.breaks.*",
    "what a device that broke did not do is said to be done")

# ---- the driver -----------------------------------------------------------------------------

row("driver-waits", DRIVER, "if (*status == 0) return ORION_OK;", "return ORION_OK;",
    "scenario/slow_resets unit/device_device__reset_waits_for_zero",
    "a reset is not waited for")
row("driver-stable", LIMITS, "info->writeback ? VBLK_DURABILITY_FLUSH : VBLK_DURABILITY_STABLE",
    "VBLK_DURABILITY_STABLE", "scenario/power_cut:*.back.* unit/blk_limits__writeback",
    "what lies in a cache is called stable")
row("driver-none", LIMITS, "if (!offered)", "if (false)",
    "scenario/power_cut:*.none.* unit/blk_limits__writeback",
    "a device that promises nothing is believed")
