/* SPDX-License-Identifier: MIT */
/*
 * A request of the storage framework, in the caller's memory until it completes: the same in every
 * home.  From submission to completion it belongs to the framework, which replays it from there
 * when the device has to be replaced under it.
 *
 * C99 and C++; freestanding.
 */
#ifndef ORION_IO_H
#define ORION_IO_H

#include <stddef.h>
#include <stdint.h>

#include "orion/api.h"

ORION_BEGIN_C

typedef enum orion_operation {
	ORION_READ,               /* the device writes the buffer */
	ORION_WRITE,              /* the device reads the buffer */
	ORION_FLUSH,              /* makes all writes completed before, on any queue, stable */
} orion_operation;

/*
 * A flag of a write: it completes when its data are stable, by a flush behind it where the device
 * needs one (which makes other writes that have completed stable, too).  Refused where the device
 * promises nothing; what a flush may say of writes that were lost, such a write may say.
 */
#define ORION_FUA 1u

/* One request.  64 bytes; zero it once, then set what differs. */
struct orion_io {
	uint64_t offset;          /* bytes from the start of the disk, a multiple of the block */
	void *buffer;             /* with vectors != 0: a const struct orion_vector * of that many;
	                           * on Linux that is a struct iovec */
	uint32_t bytes;           /* of the buffer, a multiple of the block; with vectors: unused */
	uint8_t operation;        /* orion_operation */
	uint8_t flags;            /* 0, or ORION_FUA */
	uint16_t vectors;         /* 0: buffer is the data; up to ORION_VECTORS_MAX otherwise, and
	                           * the array must stay until completion */
	void *user;               /* the program's own */
	int32_t result;           /* filled at completion: 0, or as the home names its errors */
	uint32_t reserved;
	uint64_t private_[3];     /* the framework's own */
};

/* A piece of a request's buffer. */
struct orion_vector {
	void *base;
	size_t bytes;
};

#define ORION_VECTORS_MAX 1024u

/* What the framework counts for a queue, besides the driver's counters. */
struct orion_queue_counters {
	uint64_t bounced;         /* requests that went through a bounce copy */
	uint64_t bounced_bytes;
	uint64_t replayed;        /* requests handed over again after a reconnect */
	uint64_t stale_flushes;   /* flushes that failed since acknowledged writes may be lost */
	uint64_t waits;           /* waits that found nothing at first */
	uint64_t sleeps;          /* of these, those that slept */
	uint64_t late;            /* a request had waited for a second or more: the device was
	                           * kicked again, or had done it without a word */
};

ORION_END_C

#endif
