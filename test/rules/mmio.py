# SPDX-License-Identifier: MIT
"""Mutants of the MMIO transport and of what legacy devices need: rows for test/rules/mutants.py."""

MMIO, LEGACY = "src/device/mmio.c", "src/device/mmio_legacy.c"
ROWS = []


def row(name, file, old, new, tests, why, **more):
    ROWS.append((("mmio-" + name, file, old, new, tests, why), more))


IDENTITY = "unit/device_mmio__identity"
row("magic", MMIO, "if (magic != VIRTIO_MMIO_MAGIC)", "if (false)", IDENTITY,
    "any magic number will do")
row("version", MMIO, "if (version != VIRTIO_MMIO_VERSION_MODERN && (", "if (false && (", IDENTITY,
    "any version will do")
row("big-endian", MMIO, "|| arch_le16(1) != 1", "",
    "unit/device_mmio__legacy_needs_a_little_endian_cpu",
    "a legacy device on a big-endian CPU is driven as if it were little-endian", mode="ppc64")
row("device-id", MMIO, "id == VIRTIO_ID_BLOCK ?", "id != 0 ?", IDENTITY,
    "any type of device will do")
row("identity-late", MMIO, "magic = mmio_get(mmio, VIRTIO_MMIO_MAGIC_VALUE);",
    "(void)mmio_get(mmio, VIRTIO_MMIO_STATUS); magic = mmio_get(mmio, VIRTIO_MMIO_MAGIC_VALUE);",
    "unit/device_mmio__opens_and_closes", "another register is read before the magic number")
row("left-mapped", MMIO, "port->unmap_registers(port_context, registers, bytes); return status;",
    "(void)registers; return status;", IDENTITY, "what was refused stays mapped")
row("offer-unselected", MMIO, "mmio_put(context, VIRTIO_MMIO_DEVICE_FEATURES_SEL, word);", "",
    "unit/device_mmio__features_are_64_bits_less_the_foreign",
    "features are read without selecting which")
row("answer-unselected", MMIO, "mmio_put(mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, word);", "",
    "unit/device_mmio__queues:modern", "features are written without selecting which")
row("foreign", MMIO, "return features & ~FEATURES_FOREIGN;", "return features;",
    "unit/device_mmio__features_are_64_bits_less_the_foreign",
    "features of other transports are accepted")
row("config-outside", MMIO, "if (offset + width > config_bytes(context)) return UINT32_MAX;", "",
    "unit/device_mmio__config_is_bounded", "a configuration read leaves the registers")
row("ready-before", MMIO, "mmio_get(mmio, VIRTIO_MMIO_QUEUE_READY) != 0 || setup->size",
    "setup->size",
    "scenario/mmio_identity:ready.mmio unit/device_mmio__queues:modern",
    "a queue that is in use is set up")
row("size-varies", MMIO, "|| setup->size > mmio_get(mmio, VIRTIO_MMIO_QUEUE_SIZE_MAX)", "",
    "scenario/mmio_size_varies:mmio", "a size is written that the device no longer takes")
row("size-wide", MMIO, "(uint16_t)num_min32(mmio_get(context, VIRTIO_MMIO_QUEUE_SIZE_MAX), "
    "UINT16_MAX)", "(uint16_t)mmio_get(context, VIRTIO_MMIO_QUEUE_SIZE_MAX)",
    "unit/device_mmio__large_values", "the high half of a size is cut off")
row("ready-back", MMIO, "return mmio_get(mmio, VIRTIO_MMIO_QUEUE_READY) == 1 ? ORION_OK : "
    "ORION_DEVICE_REFUSED;", "return ORION_OK;", "unit/device_mmio__queues:modern",
    "a queue that did not become ready is counted on")
row("reset-half", MMIO, "VIRTIO_MMIO_QUEUE_RESET) != 0 || mmio_get(mmio, VIRTIO_MMIO_QUEUE_READY) "
    "!= 0;", "VIRTIO_MMIO_QUEUE_RESET) != 0;", "unit/device_mmio__queue_reset",
    "a queue that still is ready passes for reset")
row("no-ack", MMIO, "mmio_put(mmio, VIRTIO_MMIO_INTERRUPT_ACK, status & known);", "",
    "unit/device_mmio__one_line scenario/owner_loop:*.mmio", "interrupts are not acknowledged")
row("ack-undefined", MMIO, "VIRTIO_MMIO_INTERRUPT_ACK, status & known",
    "VIRTIO_MMIO_INTERRUPT_ACK, status", "unit/device_mmio__causes",
    "causes that nobody defined are acknowledged")
row("cause-for-ever", MMIO, "for (unsigned look = 0; look < LOOKS_MAX; look++)", "for (;;)",
    "scenario/mmio_cause_stuck", "a cause that never clears is waited for")
row("gone", MMIO, "if (status == UINT32_MAX) return UINT8_MAX;", "", "unit/device_mmio__causes",
    "a device that is gone passes for one that interrupts")

# ---- legacy ----------------------------------------------------------------------------------

QUEUES = "unit/device_mmio__queues:legacy"
row("page-size", LEGACY, "mmio_put(mmio, VIRTIO_MMIO_GUEST_PAGE_SIZE, VIRTQ_LEGACY_ALIGN);", "",
    QUEUES, "the size of a page is not said")
row("page-used", LEGACY, "|| mmio_get(mmio, VIRTIO_MMIO_QUEUE_PFN) != 0 ||", "||",
    QUEUES, "a queue that is in use is set up")
row("page-none", LEGACY, "page == 0 || page > UINT32_MAX ||", "",
    "unit/device_mmio__legacy_pages_that_cannot_be", "a page is cut to 32 bits")
row("page-size-varies", LEGACY, "|| setup->size > mmio_get(mmio, VIRTIO_MMIO_QUEUE_SIZE_MAX)", "",
    "scenario/mmio_size_varies:legacy", "a size is written that the device no longer takes")
row("page-align", LEGACY, "mmio_put(mmio, VIRTIO_MMIO_QUEUE_ALIGN, VIRTQ_LEGACY_ALIGN);", "",
    QUEUES, "the alignment is not said")
row("page-back", LEGACY, "return mmio_get(mmio, VIRTIO_MMIO_QUEUE_PFN) == page ? ORION_OK : "
    "ORION_DEVICE_REFUSED;", "return ORION_OK;", QUEUES,
    "a queue that the device did not take is counted on")
row("legacy-layout", "src/ring/setup.c",
    "num_align_up(layout.driver_offset + 6 + 2 * (size_t)size, VIRTQ_LEGACY_ALIGN);",
    "num_align_up(layout.driver_offset + 6 + 2 * (size_t)size, 64);",
    "unit/ring_setup__legacy_layout_is_whole_pages scenario/owner_loop:split.*.legacy",
    "a legacy ring's used part begins within a page")
row("legacy-features-ok", "src/device/device.c",
    "if (!transport->ops->legacy) status_add(", "if (true) status_add(",
    "unit/device_device__legacy_is_only_told scenario/owner_loop:split.*.legacy",
    "FEATURES_OK is asked of a legacy device")
row("legacy-torn", "src/device/config.c", "read_agrees(transport, fields, count) && try > 0",
    "read_agrees(transport, fields, count) | true",
    "unit/device_config__legacy_readings_agree",
    "a legacy device's configuration is read once")
row("legacy-version-1", "src/blk/open.c", "if (transport->ops->legacy)", "if (false)",
    "unit/blk_open__legacy", "a legacy device is asked for VERSION_1, or not for ANY_LAYOUT")
