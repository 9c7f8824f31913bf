/* SPDX-License-Identifier: MIT */
/* VirtIO 1.4: the block device [spec 5.2].  Layout only; its feature bits are public. */
#ifndef ORION_SPEC_VIRTIO_BLK_H
#define ORION_SPEC_VIRTIO_BLK_H

#include <stddef.h>

#include "orion/spec.h"

#include "../base/le.h"

/* Configuration [spec 5.2.4]: little-endian. */
struct virtio_blk_config {
	le64 capacity;
	le32 size_max;
	le32 seg_max;
	le16 cylinders;
	uint8_t heads;
	uint8_t sectors;
	le32 blk_size;
	uint8_t physical_block_exp;
	uint8_t alignment_offset;
	le16 min_io_size;
	le32 opt_io_size;
	uint8_t writeback;
	uint8_t unused0;
	le16 num_queues;
	le32 max_discard_sectors;
	le32 max_discard_seg;
	le32 discard_sector_alignment;
	le32 max_write_zeroes_sectors;
	le32 max_write_zeroes_seg;
	uint8_t write_zeroes_may_unmap;
	uint8_t unused1[3];
	le32 max_secure_erase_sectors;
	le32 max_secure_erase_seg;
	le32 secure_erase_sector_alignment;
	le32 zone_sectors;
	le32 max_open_zones;
	le32 max_active_zones;
	le32 max_append_sectors;
	le32 write_granularity;
	uint8_t zoned_model;
	uint8_t unused2[3];
};

_Static_assert(offsetof(struct virtio_blk_config, size_max) == 8, "size_max");
_Static_assert(offsetof(struct virtio_blk_config, blk_size) == 20, "blk_size");
_Static_assert(offsetof(struct virtio_blk_config, writeback) == 32, "writeback");
_Static_assert(offsetof(struct virtio_blk_config, num_queues) == 34, "num_queues");
_Static_assert(offsetof(struct virtio_blk_config, max_write_zeroes_sectors) == 48, "write zeroes");
_Static_assert(offsetof(struct virtio_blk_config, zoned_model) == 92, "zoned_model");
_Static_assert(sizeof(struct virtio_blk_config) == 96, "virtio_blk_config");

/* Request types [spec 5.2.6]. */
#define VIRTIO_BLK_T_IN 0u
#define VIRTIO_BLK_T_OUT 1u
#define VIRTIO_BLK_T_FLUSH 4u
#define VIRTIO_BLK_T_GET_ID 8u

/* Request status [spec 5.2.6]. */
#define VIRTIO_BLK_S_OK 0u
#define VIRTIO_BLK_S_IOERR 1u
#define VIRTIO_BLK_S_UNSUPP 2u

/* The readable part's first 16 bytes [spec 5.2.6]. */
struct virtio_blk_header {
	union {
		struct {
			le32 type;
			le32 reserved;
		};
		le64 type_reserved;
	};
	le64 sector;
};

_Static_assert(sizeof(struct virtio_blk_header) == 16, "virtio_blk_header");

#endif
