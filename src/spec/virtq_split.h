/* SPDX-License-Identifier: MIT */
/* VirtIO 1.4: the split virtqueue [spec 2.7].  Layout only. */
#ifndef ORION_SPEC_VIRTQ_SPLIT_H
#define ORION_SPEC_VIRTQ_SPLIT_H

#include <stddef.h>

#include "../base/le.h"

#define VIRTQ_SIZE_MAX 32768u

#define VIRTQ_DESC_F_NEXT 1u
#define VIRTQ_DESC_F_WRITE 2u
#define VIRTQ_DESC_F_INDIRECT 4u

#define VIRTQ_AVAIL_F_NO_INTERRUPT 1u
#define VIRTQ_USED_F_NO_NOTIFY 1u

#define VIRTQ_DESC_ALIGN 16u
#define VIRTQ_AVAIL_ALIGN 2u
#define VIRTQ_USED_ALIGN 4u

/* Legacy: one block of such pages, the used ring at the start of one [spec 2.7.2]. */
#define VIRTQ_LEGACY_ALIGN 4096u

/* [spec 2.7.5]; the same 16 bytes in an indirect table. */
struct virtq_desc {
	le64 addr;
	union {
		struct {
			le32 len;
			le16 flags;
			le16 next;
		};
		le64 len_flags_next;
	};
};

/* [spec 2.7.6]; le16 used_event follows ring[]. */
struct virtq_avail {
	le16 flags;
	le16 idx;
	le16 ring[];
};

/* [spec 2.7.8] */
struct virtq_used_elem {
	le32 id;
	le32 len;
};

/* le16 avail_event follows ring[]. */
struct virtq_used {
	le16 flags;
	le16 idx;
	struct virtq_used_elem ring[];
};

_Static_assert(sizeof(struct virtq_desc) == 16, "virtq_desc");
_Static_assert(offsetof(struct virtq_desc, len) == 8, "virtq_desc.len");
_Static_assert(offsetof(struct virtq_desc, flags) == 12, "virtq_desc.flags");
_Static_assert(offsetof(struct virtq_desc, next) == 14, "virtq_desc.next");
_Static_assert(offsetof(struct virtq_avail, ring) == 4, "virtq_avail.ring");
_Static_assert(sizeof(struct virtq_used_elem) == 8, "virtq_used_elem");
_Static_assert(offsetof(struct virtq_used, ring) == 4, "virtq_used.ring");

#endif
