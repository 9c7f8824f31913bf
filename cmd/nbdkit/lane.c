/* SPDX-License-Identifier: MIT */
/* Requests on the queues of a disk: see lane.h. */
#define NBDKIT_API_VERSION 2

#include "cmd/nbdkit/lane.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <nbdkit-plugin.h>

#define PIECES 4u
#define PIECE_BYTES (256u << 10)
#define LANE_BYTES (PIECES * PIECE_BYTES)
#define FLUSH_LANE UINT32_C(1)          /* of the pool: a bit for each lane */
#define ANY_LANE UINT32_MAX

/* A wait of more than a second in vain tells the device again what it has not answered. */
#define LOOK_NS INT64_C(1100000000)
#define SAID_NS INT64_C(5000000000)     /* in vain: until it is said */
#define GRACE_NS INT64_C(3000000000)    /* for what is in flight, once nbdkit is to end */

struct lane {
	struct orion_queue *queue;
	unsigned char *memory;
	struct orion_io ios[PIECES];
	unsigned flying;                /* pieces */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t given_back = PTHREAD_COND_INITIALIZER;
static uint32_t pool;                   /* lanes that nobody has; under the lock */
static bool told;                       /* a loss, of a flush that was given up; the same */
static uint32_t aside;                  /* lanes with requests that were given up; the same */
static struct lane lanes[ORION_DISK_QUEUES_MAX];
static unsigned count;
static uint32_t piece_bytes;            /* of a request; atomic */
static unsigned char *own_memory;       /* not the disk's */

int
lanes_open(struct orion_disk *disk)
{
	struct orion_disk_info info;
	unsigned char *memory;

	orion_disk_info(disk, &info);
	memory = orion_disk_alloc(disk, (size_t)info.queues * LANE_BYTES);
	/* A back end that takes no more memory gets copies, which the library makes. */
	if (memory == NULL)
		memory = own_memory = aligned_alloc(4096, (size_t)info.queues * LANE_BYTES);
	if (memory == NULL)
		return -ENOMEM;
	count = info.queues;
	piece_bytes = PIECE_BYTES;
	for (unsigned i = 0; i < count; i++)
		lanes[i] = (struct lane){.queue = orion_disk_queue(disk, i),
					 .memory = memory + (size_t)i * LANE_BYTES};
	pool = (UINT32_C(1) << count) - 1;
	aside = 0;
	return 0;
}

void
lanes_close(void)
{
	free(own_memory);
	own_memory = NULL;
}

/* ---- the end ---- */

struct patience {
	struct timespec since;          /* since when nothing came; zero: not yet */
	struct timespec over;           /* since when nobody wants to wait */
	bool said;
};

static int64_t
since(struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (begin->tv_sec == 0 && begin->tv_nsec == 0)
		*begin = now;
	return (now.tv_sec - begin->tv_sec) * INT64_C(1000000000) + now.tv_nsec - begin->tv_nsec;
}

/* Nothing came: false when nbdkit is to end, or the client has gone, and there was time enough. */
static bool
is_patient(struct patience *patience)
{
	if (since(&patience->since) > SAID_NS && !patience->said) {
		patience->said = true;
		nbdkit_error("the back end has answered nothing for some seconds: waiting for it");
	}
	/* It says so by ending a sleep early; what it logs of that is wanted once. */
	if (patience->over.tv_sec == 0 && nbdkit_nanosleep(0, 1) == 0)
		return true;
	return since(&patience->over) < GRACE_NS;
}

/* ---- the pool ---- */

/* Lanes whose requests have come back after all may be used again.  Under the lock. */
static void
look_aside(void)
{
	struct orion_io *done[PIECES];
	unsigned found;

	for (unsigned i = 0; aside != 0 && i < count; i++) {
		if ((aside >> i & 1) == 0)
			continue;
		found = orion_queue_reap(lanes[i].queue, done, PIECES);
		lanes[i].flying -= found;
		for (unsigned j = 0; j < found; j++)
			told |= done[j]->result == -ESTALE;
		if (lanes[i].flying == 0) {
			aside &= ~(UINT32_C(1) << i);
			pool |= UINT32_C(1) << i;
		}
	}
}

/* Waits for one of the WANTED lanes; the flushes' own goes last.  NULL: not any more. */
static struct lane *
take(uint32_t wanted)
{
	struct patience patience = {0};
	struct timespec until;
	bool patient = true;
	unsigned index;

	pthread_mutex_lock(&lock);
	while (look_aside(), (pool & wanted) == 0 && patient) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec++;
		if (pthread_cond_timedwait(&given_back, &lock, &until) != ETIMEDOUT)
			continue;
		pthread_mutex_unlock(&lock);
		patient = is_patient(&patience);
		pthread_mutex_lock(&lock);
	}
	index = (pool & wanted) != 0 ? 31u - (unsigned)__builtin_clz(pool & wanted) : count;
	if (index < count)
		pool &= ~(UINT32_C(1) << index);
	pthread_mutex_unlock(&lock);
	return index < count ? &lanes[index] : NULL;
}

static void
give(struct lane *lane)
{
	uint32_t bit = UINT32_C(1) << (lane - lanes);

	pthread_mutex_lock(&lock);
	if (lane->flying == 0)
		pool |= bit;
	else
		aside |= bit;
	pthread_cond_broadcast(&given_back);
	pthread_mutex_unlock(&lock);
}

/* ---- a request, in pieces ---- */

struct work {
	orion_operation operation;
	unsigned char *buffer;
	uint32_t bytes, next;           /* of them handed over */
	uint64_t offset;
	int result;                     /* the first error */
	uint32_t busy;                  /* pieces that are in flight, a bit each */
};

/* Fills IO with the next piece; its data lie in the lane's memory. */
static uint32_t
aim(const struct work *work, struct orion_io *io, unsigned char *memory)
{
	uint32_t most = __atomic_load_n(&piece_bytes, __ATOMIC_RELAXED);
	uint32_t bytes = work->bytes - work->next < most ? work->bytes - work->next : most;

	*io = (struct orion_io){.operation = (uint8_t)work->operation,
				.offset = work->offset + work->next,
				.buffer = memory,
				.bytes = bytes,
				.user = work->buffer + work->next};
	if (work->operation == ORION_WRITE)
		memcpy(memory, work->buffer + work->next, bytes);
	else
		memset(memory, 0, bytes);       /* nobody gets what was there before */
	return bytes;
}

/* Hands over as many pieces as there is room for. */
static void
fill(struct lane *lane, struct work *work)
{
	for (unsigned i = 0; i < PIECES && work->next < work->bytes && work->result == 0; i++) {
		struct orion_io *io = &lane->ios[i];
		uint32_t bytes;
		int why;

		if ((work->busy >> i & 1) != 0)
			continue;
		bytes = aim(work, io, lane->memory + (size_t)i * PIECE_BYTES);
		if (orion_queue_submit(lane->queue, &io, 1) == 1) {
			work->busy |= UINT32_C(1) << i;
			work->next += bytes;
			lane->flying++;
			continue;
		}
		why = orion_queue_refusal(lane->queue);
		if (why == -EAGAIN)
			return;
		/* More than can be copied at once: pieces are smaller from now on. */
		if (why == -E2BIG && bytes > 4096 && bytes % 8192 == 0)
			__atomic_store_n(&piece_bytes, bytes / 2, __ATOMIC_RELAXED);
		else
			work->result = why;
	}
}

static void
take_back(struct lane *lane, struct work *work, const struct orion_io *io)
{
	lane->flying--;
	work->busy &= ~(UINT32_C(1) << (io - lane->ios));
	if (io->result != 0 && work->result == 0)
		work->result = io->result;
	if (io->result == 0 && io->operation == ORION_READ)
		memcpy(io->user, io->buffer, io->bytes);
}

static int
carry_out(struct lane *lane, struct work *work)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	struct patience patience = {0};
	struct orion_io *done[PIECES];
	unsigned found;

	for (;;) {
		fill(lane, work);
		orion_queue_kick(lane->queue);
		if (lane->flying == 0 && (work->next == work->bytes || work->result != 0))
			return work->result;
		found = orion_queue_wait(lane->queue, done, PIECES, LOOK_NS);
		for (unsigned i = 0; i < found; i++)
			take_back(lane, work, done[i]);
		if (found != 0)
			patience = (struct patience){0};
		else if (!is_patient(&patience))
			return -ESHUTDOWN;
		else if (lane->flying == 0)
			nanosleep(&nap, NULL);
	}
}

static int
flush(struct lane *lane)
{
	struct orion_io *io = &lane->ios[0];
	struct patience patience = {0};
	struct orion_io *done;

	*io = (struct orion_io){.operation = ORION_FLUSH};
	while (orion_queue_submit(lane->queue, &io, 1) == 0) {
		const struct timespec nap = {.tv_nsec = 1000000};
		int why = orion_queue_refusal(lane->queue);

		if (why != -EAGAIN)
			return why;
		if (!is_patient(&patience))
			return -ESHUTDOWN;
		nanosleep(&nap, NULL);
	}
	lane->flying = 1;
	orion_queue_kick(lane->queue);
	while (orion_queue_wait(lane->queue, &done, 1, LOOK_NS) == 0) {
		if (!is_patient(&patience))
			return -ESHUTDOWN;
	}
	lane->flying = 0;
	return io->result;
}

int
lanes_do(orion_operation operation, void *buffer, uint32_t bytes, uint64_t offset)
{
	struct work work = {
		.operation = operation, .buffer = buffer, .bytes = bytes, .offset = offset};
	struct lane *lane = take(operation == ORION_FLUSH ? FLUSH_LANE : ANY_LANE);
	int result;

	if (lane == NULL)
		return -ESHUTDOWN;
	result = operation == ORION_FLUSH ? flush(lane) : carry_out(lane, &work);
	give(lane);
	if (operation != ORION_FLUSH)
		return result;
	pthread_mutex_lock(&lock);
	result = told ? -ESTALE : result;
	told = false;
	pthread_mutex_unlock(&lock);
	return result;
}
