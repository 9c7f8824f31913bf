# SPDX-License-Identifier: MIT
"""Mutants of the way to memory, bounce memory and lending: rows for test/rules/mutants.py."""

OPEN, REGION, QUEUE = "src/blk/open.c", "src/device/region.c", "src/blk/queue.c"
PREPARE, HOST, LIMITS = "storage/prepare.c", "storage/host.c", "src/blk/limits.c"
IOMMU, TABLE = "kernel/core/iommu.c", "kernel/core/iommu_table.c"
ROWS = []


def row(name, file, old, new, tests, why, **more):
    ROWS.append((("dma-" + name, file, old, new, tests, why), more))


REGIONS, BOUNCE, LENDS = "unit/device_region", "unit/storage_bounce", "unit/kernel_iommu"
row("platform", OPEN, "(closed & VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM)) != 0", "true", REGIONS,
    "the host is told that every device uses the platform's addresses")
row("refusal", REGION, "device->dma_open = status == ORION_OK; return status;",
    "device->dma_open = status == ORION_OK; return ORION_OK;", REGIONS,
    "a device without a way to memory is driven")
row("context", REGION, "device->port->dma_alloc(device->dma.context,",
    "device->port->dma_alloc(device->port_context,", REGIONS,
    "rings lie in memory that another device sees")
row("left-open", OPEN, "device->queues[i] = NULL; } orion_virtio_dma_close(&device->virtio);",
    "device->queues[i] = NULL; }", REGIONS,
    "a closed device still reaches memory")
row("left-open-failed", OPEN,
    "orion_virtio_fail(&device->virtio); orion_virtio_dma_close(&device->virtio);",
    "orion_virtio_fail(&device->virtio);", REGIONS,
    "a device that was refused still reaches memory")
row("bounce-unfit", LIMITS, "device->virtio.dma.partial ? 1 : 0", "0", BOUNCE,
    "memory that cannot be shared has nowhere to bounce")
row("bounce-depth", LIMITS, "num_min32(info->queue_depth, VBLK_BOUNCE_PIECES_MAX)",
    "VBLK_BOUNCE_PIECES_MAX", BOUNCE, "bounce memory does not follow the depth")
row("bounce-align", QUEUE, "num_align_up(end, BOUNCE_ALIGN)", "end", BOUNCE,
    "rings and data share a page")
row("bounce-option", OPEN, "!device->options.dma_enabled || ", "", BOUNCE,
    "dma_enabled = false shares the caller's memory")
row("bounce-copies", OPEN, " || !device->options.zero_copy_enabled", "", BOUNCE,
    "zero_copy_enabled = false shares the caller's memory")
row("bounce-stale", PREPARE, "memset(bounce_at(lane, own), 0, bytes);", "", BOUNCE,
    "a read shows what an earlier transfer left")
row("bounce-failed", PREPARE, "if (io->operation != ORION_WRITE && io->result == 0)",
    "if (io->operation != ORION_WRITE)", BOUNCE, "a read that failed changes the caller's memory")
row("bounce-not-in", PREPARE, "copy_in(bounce_at(lane, own), io);", "{}", BOUNCE,
    "what is written is not what the caller gave")
row("bounce-same-place", PREPARE, "lane->bounce_device + (uint64_t)first * STORAGE_PAGE;",
    "lane->bounce_device;", BOUNCE, "requests in flight share their bytes")
row("bounce-elsewhere", HOST, "lane->bounce_base = memory.cpu;", "", BOUNCE,
    "a lane's copies lie nowhere")
row("region-stays", HOST, "storage_turn(&disk->instance);", "", "unit/storage_lane__regions",
    "memory that was given back is taken for the device's")
row("region-bounced", HOST, " || vblk_info(disk->device)->bounces", "",
    "unit/storage_lane__regions", "dma_enabled = false shares memory that the device could reach")
row("mapped-read-only", PREPARE, "if (io->operation == ORION_WRITE && lane->largest < ORION_WRITE)",
    "if (false)", "unit/storage_lane__mapped", "a layer writes to a read-only disk")
row("mapped-anywhere", PREPARE, "if (io->flags == STORAGE_MAPPED && lane->instance->maps)",
    "if (io->flags == STORAGE_MAPPED)", "unit/linux_io__flags",
    "a program gives addresses of its own to the device")
row("lend-kernel", IOMMU, "!memory_is_lendable((uintptr_t)memory, bytes) ||", "", LENDS,
    "the kernel's image is lent")
row("lend-writable", IOMMU, "(flags & FRAME_WRITABLE) != 0))", "true))", LENDS,
    "what a device is to read it can write")
row("lend-kept", IOMMU, "space->ops->unmap(space, window_address(space, page), run);", "", LENDS,
    "memory that was given back stays mapped")
row("lend-twice", IOMMU, "pages_mark(space, *page, pages, true);", "", LENDS,
    "two pages have one address")
row("lend-contiguous", IOMMU, "next >> FRAME_SHIFT != (word >> FRAME_SHIFT) + run)", "false)",
    LENDS, "pieces are told as one")
row("lend-flushed", TABLE, "if (kind->flush != NULL) kind->flush(entry, sizeof(*entry));", "",
    LENDS, "an IOMMU that does not snoop sees old tables")
