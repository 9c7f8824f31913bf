/* SPDX-License-Identifier: MIT */
/* The inside of the storage framework's path.  The manual is orion/lane.h. */
#ifndef STORAGE_LANE_H
#define STORAGE_LANE_H

#include "orion/lane.h"

#include "storage/pages.h"

#define likely(condition) __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#define STORAGE_TABLES 16u
#define STORAGE_FINISHED ORION_STATUS_COUNT /* in place of a status: nothing is left to do */

/* What is to be known of a request that is not plain: storage_private.segment.unused. */
#define STORAGE_BOUNCED 1u      /* it has bounce memory */
#define STORAGE_TABLED 2u       /* it has lane->tables[segment.length] */
#define STORAGE_FLUSHES 4u      /* a write behind which there will be a flush */
#define STORAGE_FLUSHING 8u     /* it is written, and the flush is to be sent, or on its way */

/* The private part of a struct orion_io. */
struct storage_private {
	struct vblk_segment segment;
	uint64_t sequence;              /* of submission; a flush keeps its mark in the segment */
};

_Static_assert(sizeof(struct orion_io) == 64, "orion_io");
_Static_assert(sizeof(struct storage_private) <= sizeof(((struct orion_io *)NULL)->private_),
	       "storage_private");

static inline struct storage_private *
storage_private(struct orion_io *io)
{
	return (struct storage_private *)(void *)io->private_;
}

/* What the device has of IO is a flush. */
static inline bool
storage_is_flush(struct orion_io *io)
{
	return io->operation == ORION_FLUSH ||
	       (storage_private(io)->segment.unused & STORAGE_FLUSHING) != 0;
}

/* Address for the device of CPU, which lies at PLACE. */
static inline uint64_t
storage_address(const struct storage_place *place, const void *cpu)
{
	return place->device + ((uintptr_t)cpu - (uintptr_t)place->base);
}

static inline enum storage_state
storage_state(const struct storage_instance *instance)
{
	return __atomic_load_n(&instance->state, __ATOMIC_ACQUIRE);
}

static inline void
storage_state_set(struct storage_instance *instance, enum storage_state state)
{
	__atomic_store_n(&instance->state, state, __ATOMIC_RELEASE);
}

/* Which device, and what it promises: one word for others to read. */
static inline uint64_t
storage_word(const struct storage_device *device)
{
	return (uint64_t)device->number << 2 | (unsigned)device->promise;
}

static inline uint32_t
storage_word_number(uint64_t word)
{
	return (uint32_t)(word >> 2);
}

static inline enum storage_promise
storage_word_promise(uint64_t word)
{
	return (enum storage_promise)(word & 3);
}

/* A counter of the owner's that others read. */
static inline void
storage_count(uint64_t *counter, uint64_t more)
{
	__atomic_store_n(counter, *counter + more, __ATOMIC_RELAXED);
}

/* The number that programs are told for STATUS. */
int storage_result(const struct storage_lane *lane, orion_status status);

/* The device takes none at this moment: it is full, or about to be dropped. */
static inline bool
storage_not_now(orion_status status)
{
	return status == ORION_OK || status == ORION_NO_ROOM || status == ORION_WRONG_STATE ||
	       status == ORION_DEVICE_BROKEN;
}

/* IO (NULL: no request of the program's) is not taken, for STATUS; ORION_OK: it was. */
void storage_refuse(struct storage_lane *lane, orion_status status, const struct orion_io *io);

/* ---- prepare.c: requests that are not plain ---- */

/* Makes REQUEST from IO, whatever it is: ORION_OK, STORAGE_FINISHED, or why not. */
orion_status storage_prepare(struct storage_lane *lane, struct orion_io *io,
			     struct vblk_request *request);

/* Takes back what storage_prepare() took, IO being not done. */
void storage_release(struct storage_lane *lane, struct orion_io *io);

/* The same for one that the core refused: what was copied for the device is wiped. */
void storage_unprepare(struct storage_lane *lane, struct orion_io *io);

/* The same for one that is done, its result being set: the program gets what was read. */
void storage_give(struct storage_lane *lane, struct orion_io *io);

/* ---- follow.c: an owner and the devices ---- */

/* The next call is to look at the instance again. */
void storage_look_again(struct storage_lane *lane);

/* Whether LANE, and what it can hold, has room for another request. */
static inline bool
storage_has_room(const struct storage_lane *lane)
{
	return lane->taken - lane->given < lane->depth;
}

/* Hands over what is held, as room allows. */
void storage_hand_over(struct storage_lane *lane);

/* Gives up to MAX of what is finished here. */
unsigned storage_take_ready(struct storage_lane *lane, struct orion_io **done, unsigned max);

/* IO is finished with STATUS; it will be given by the next reap. */
void storage_finish(struct storage_lane *lane, struct orion_io *io, orion_status status);

/* ---- flush.c: what a flush may claim ---- */

/* A flush is submitted: ORION_OK, STORAGE_FINISHED, or why not. */
orion_status storage_flush_begin(struct storage_lane *lane, struct orion_io *io);

/* It completed with STATUS; returns what the program is told. */
orion_status storage_flush_end(struct storage_lane *lane, struct orion_io *io, orion_status status);

/* It never got to the device. */
void storage_flush_drop(struct storage_lane *lane, struct orion_io *io);

/*
 * Device NUMBER is lost: if LANE follows it, what was acknowledged there, and no flush covers, may
 * be, too.  Context: any.
 */
void storage_flush_lost(struct storage_lane *lane, uint32_t number);

/* ---- late.c: requests that take long ---- */

/*
 * Nothing was there to reap: kicks the device if the oldest request has waited for a second, and
 * gives the device up if for the deadline.  Context: owner.
 */
void storage_late_look(struct storage_lane *lane);

/* Something was there to reap: counts it if it was only found since the clock said to look. */
void storage_late_found(struct storage_lane *lane);

/* Finishes what is held since the deadline, without a device.  Context: owner. */
void storage_late_held(struct storage_lane *lane);

/* IO is held from now on. */
void storage_late_hold(const struct storage_lane *lane, struct orion_io *io);

#endif
