/* SPDX-License-Identifier: MIT */
/* VirtIO 1.4: the packed virtqueue [spec 2.8].  Layout only. */
#ifndef ORION_SPEC_VIRTQ_PACKED_H
#define ORION_SPEC_VIRTQ_PACKED_H

#include <stddef.h>

#include "../base/le.h"
#include "virtq_split.h"

/* Flags beside VIRTQ_DESC_F_NEXT, _WRITE and _INDIRECT [spec 2.8.13]. */
#define VIRTQ_PACKED_F_AVAIL (1u << 7)
#define VIRTQ_PACKED_F_USED (1u << 15)

/* Event suppression [spec 2.8.14]. */
#define VIRTQ_PACKED_EVENT_ENABLE 0u
#define VIRTQ_PACKED_EVENT_DISABLE 1u
#define VIRTQ_PACKED_EVENT_DESC 2u
#define VIRTQ_PACKED_EVENT_FLAGS 3u
#define VIRTQ_PACKED_EVENT_WRAP (1u << 15)

/* [spec 2.8.13]; in an indirect table id and the AVAIL and USED flags are reserved. */
struct virtq_packed_desc {
	le64 addr;
	union {
		struct {
			le32 len;
			le16 id;
			le16 flags;
		};
		le64 len_id_flags;
	};
};

/* [spec 2.8.14]: desc is an offset (bits 0-14) and a wrap counter (bit 15); flags bits 0-1. */
struct virtq_packed_event {
	union {
		struct {
			le16 desc;
			le16 flags;
		};
		le32 desc_flags;
	};
};

_Static_assert(sizeof(struct virtq_packed_desc) == 16, "virtq_packed_desc");
_Static_assert(offsetof(struct virtq_packed_desc, len) == 8, "virtq_packed_desc.len");
_Static_assert(offsetof(struct virtq_packed_desc, id) == 12, "virtq_packed_desc.id");
_Static_assert(offsetof(struct virtq_packed_desc, flags) == 14, "virtq_packed_desc.flags");
_Static_assert(sizeof(struct virtq_packed_event) == 4, "virtq_packed_event");

#endif
