/* SPDX-License-Identifier: MIT */
/*
 * Result codes: what happened, whose fault it is, and whether trying again can help.
 *
 * Every public function that can fail returns an orion_status; values come back through
 * out-parameters.  Five families, told apart by orion_status_family():
 *
 *   done     the call did what it says
 *   not now  nothing was wrong; room or time was missing; try again later
 *   caller   the arguments break a rule; trying again unchanged cannot help
 *   host     the host could not supply memory, a mapping or an interrupt
 *   device   the device answered with an error, or is no longer to be trusted
 *
 * An assertion is for the driver's own invariants only: nothing that a caller or a device can
 * do ends in one.
 */
#ifndef ORION_STATUS_H
#define ORION_STATUS_H

#include "orion/api.h"

ORION_BEGIN_C

typedef enum orion_status {
	ORION_OK = 0,

	/* not now */
	ORION_NO_ROOM,        /* the queue has no free slot or descriptors; reap, then try again */
	ORION_TIMED_OUT,      /* a wait reached its deadline */
	ORION_BUSY,           /* requests are in flight, or the object is in use */

	/* caller */
	ORION_INVALID,        /* an argument is outside what the function's comment allows */
	ORION_OUT_OF_RANGE,   /* the sectors do not lie within the disk's capacity */
	ORION_MISALIGNED,     /* a length or offset is no multiple of what the disk needs */
	ORION_TOO_LARGE,      /* more than a documented limit */
	ORION_READ_ONLY,      /* a write to a disk that is read-only */
	ORION_DENIED,         /* the handle lacks the right for this operation */
	ORION_NOT_FOUND,      /* no such disk, device or name */
	ORION_WRONG_STATE,    /* the call is not legal in the object's present state */
	ORION_NOT_SUPPORTED,  /* the operation was not negotiated with this device */

	/* host */
	ORION_NO_MEMORY,      /* no DMA memory, or the budget (shared_memory_size) is used up */
	ORION_NO_MAPPING,     /* registers or a buffer could not be mapped */
	ORION_NO_INTERRUPT,   /* no vector could be had */
	ORION_PORT_INCOMPLETE,/* the port lacks a function that this call needs */

	/* device */
	ORION_IO_ERROR,       /* the device failed this request (VIRTIO_BLK_S_IOERR) */
	ORION_DEVICE_UNSUPPORTED, /* the device does not know this request (VIRTIO_BLK_S_UNSUPP) */
	ORION_DEVICE_REFUSED, /* the device does not fit: features, sizes, identity; see report */
	ORION_DEVICE_BROKEN,  /* the device broke the protocol; latched until it is reset */
	ORION_DEVICE_GONE,    /* the device's registers read as all ones: it was removed */
	ORION_OUTCOME_UNKNOWN,/* in flight when the device failed: may or may not have happened */
	ORION_STALE,          /* a flush: writes that were acknowledged before may be lost */

	ORION_STATUS_COUNT
} orion_status;

typedef enum orion_family {
	ORION_FAMILY_DONE,
	ORION_FAMILY_NOT_NOW,
	ORION_FAMILY_CALLER,
	ORION_FAMILY_HOST,
	ORION_FAMILY_DEVICE,
} orion_family;

/* Marks a result that must not be thrown away. */
#define ORION_MUST_USE __attribute__((warn_unused_result))

/*
 * The family of STATUS; ORION_FAMILY_DEVICE for a value outside the enum.  Any context.
 */
orion_family orion_status_family(orion_status status);

/*
 * A short lower-case English text for STATUS ("queue full", "read-only disk", ...), static, never
 * NULL, also for values outside the enum.  Any context.
 */
const char *orion_status_text(orion_status status);

ORION_END_C

#endif
