/* SPDX-License-Identifier: MIT */
/*
 * recovery test: spoils a disk's ring again and again while every CPU writes to the disk, reads back
 * and compares.  A device that finds such a ring asks for a reset.
 */
#include "kernel/core/commands.h"
#include "kernel/core/memory.h"
#include "kernel/core/print.h"
#include "kernel/core/time.h"
#include "kernel/core/worker.h"
#include "words/text.h"
#include "words/units.h"

#define NAME "recovery test"
#define BYTES (256u * 1024)     /* of each CPU, from CPU * BYTES on */
#define WORDS (BYTES / 8)
#define PATIENCE_NS UINT64_C(20000000000)
#define COUNT_MAX 100000u

struct test {
	struct command_context *context;
	struct storage_handle *handle;
	uint64_t count;                 /* resets to provoke */
	unsigned lanes;
	uint32_t ended;                 /* atomic */
	struct {
		uint64_t rounds, differ;
		orion_status status;
		uint64_t *memory;       /* 2 * WORDS */
	} of[VBLK_QUEUES_MAX];
};

/* What stands at byte AT of the disk in round ROUND, a multiple of 8. */
static uint64_t
word_at(uint64_t round, uint64_t at)
{
	return (at + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ round * UINT64_C(0xd1b54a32d192ed03);
}

/* The avail index of queue 0 leaps ahead of what any ring can hold.  [spec 2.7.6] */
static void
spoil(const struct storage_disk *disk)
{
	struct vblk_queue *queue = vblk_queue_get(disk->device, 0);
	struct vblk_ring_info ring;
	volatile uint8_t *index;

	vblk_ring_info(queue, &ring);
	index = (volatile uint8_t *)(uintptr_t)ring.driver_area + 2;
	index[1] = (uint8_t)((ring.available >> 8) + 0x80);
	vblk_kick_always(queue);
}

/* Writes, reads back and compares once. */
static bool
go_round(struct test *test, unsigned lane)
{
	struct storage *storage = test->context->storage;
	uint64_t *written = test->of[lane].memory, *read = written + WORDS;
	uint64_t at = (uint64_t)lane * BYTES, round = test->of[lane].rounds;
	orion_status status;

	for (unsigned i = 0; i < WORDS; i++)
		written[i] = word_at(round, at + i * 8);
	status = storage_write(storage, test->handle, lane, at, written, BYTES, NULL);
	if (status == ORION_OK)
		status = storage_flush(storage, test->handle, lane);
	if (status == ORION_OK)
		status = storage_read(storage, test->handle, lane, at, read, BYTES, NULL);
	test->of[lane].status = status;
	if (status != ORION_OK)
		return false;
	for (unsigned i = 0; i < WORDS; i++)
		test->of[lane].differ += read[i] != word_at(round, at + i * 8);
	test->of[lane].rounds++;
	return true;
}

/* CPU 0 spoils the ring, which it owns, before each round; the others go on until it is done. */
static void
run(void *argument, unsigned lane)
{
	struct test *test = argument;
	const struct storage_disk *disk = test->handle->disk;
	uint64_t until = test->handle->disk->recovery.resets + test->count, seen = time_now_ns();

	while (__atomic_load_n(&test->ended, __ATOMIC_ACQUIRE) == 0) {
		uint64_t resets = disk->recovery.resets;

		if (lane == 0 && vblk_state_get(disk->device) == VBLK_LIVE)
			spoil(disk);
		if (!go_round(test, lane))
			break;
		if (lane != 0)
			continue;
		if (disk->recovery.resets >= until)
			break;
		/* A device that takes no notice. */
		if (disk->recovery.resets != resets)
			seen = time_now_ns();
		else if (time_now_ns() - seen > PATIENCE_NS)
			break;
	}
	if (lane == 0 || test->of[lane].status != ORION_OK)
		__atomic_store_n(&test->ended, 1, __ATOMIC_RELEASE);
}

/* False: it failed. */
static bool
tell(const struct test *test, uint64_t resets, uint64_t replayed)
{
	const struct storage_disk *disk = test->handle->disk;
	uint64_t rounds = 0, differ = 0;
	orion_status status = ORION_OK;

	for (unsigned i = 0; i < test->lanes; i++) {
		rounds += test->of[i].rounds;
		differ += test->of[i].differ;
		if (test->of[i].status != ORION_OK)
			status = test->of[i].status;
	}
	resets = disk->recovery.resets - resets;
	kprint("%s: %llu resets, %llu requests sent again; %llu rounds on %u CPUs, "
	       "%llu words differ; %s\n",
	       disk->name, (unsigned long long)resets,
	       (unsigned long long)(disk->recovery.replayed - replayed), (unsigned long long)rounds,
	       test->lanes, (unsigned long long)differ, orion_status_text(status));
	return status == ORION_OK && differ == 0 && resets >= test->count;
}

static orion_status
run_on(struct test *test)
{
	const struct storage_disk *disk = test->handle->disk;
	uint64_t resets = disk->recovery.resets, replayed = disk->recovery.replayed;
	unsigned taken = 0;
	bool good = false;

	test->lanes = disk->instance.lane_count;
	if (vblk_info(disk->device)->packed || vblk_dma_context(disk->device) != NULL ||
	    storage_bytes(disk) < (uint64_t)test->lanes * BYTES) {
		kprint(NAME ": wants a split ring, no IOMMU, and %u KiB of disk\n",
		       test->lanes * (BYTES / 1024));
		return ORION_NOT_SUPPORTED;
	}
	for (; taken < test->lanes; taken++) {
		test->of[taken].memory = memory_take((size_t)2 * BYTES);
		if (test->of[taken].memory == NULL)
			break;
	}
	if (taken == test->lanes) {
		test->context->run_on_lanes(test->context->host, test->lanes, run, test);
		good = tell(test, resets, replayed);
	}
	for (unsigned i = 0; i < taken; i++)
		storage_memory_give(test->context->storage, test->handle->disk, i,
				    test->of[i].memory, (size_t)2 * BYTES);
	return taken != test->lanes ? ORION_NO_MEMORY : good ? ORION_OK : ORION_IO_ERROR;
}

orion_status
recovery_run_test(struct command_context *context, int argc, char **argv)
{
	static struct test test;
	struct storage_handle *handle;
	orion_status status;
	uint64_t count = 20;

	if (argc < 2 || argc > 3 || !text_equal(argv[1], "destroy") ||
	    (argc == 3 &&
	     (units_read_size(argv[2], &count) != UNITS_READ || count == 0 || count > COUNT_MAX))) {
		kprint(NAME
		       ": DISK destroy [COUNT], COUNT from 1 to %u: it overwrites the beginning "
		       "of the disk\n",
		       COUNT_MAX);
		return ORION_INVALID;
	}
	status = storage_open(context->storage, argv[0],
			      STORAGE_MAY_READ | STORAGE_MAY_WRITE | STORAGE_MAY_FLUSH, &handle);
	if (status != ORION_OK) {
		kprint(NAME ": %s: %s\n", argv[0], orion_status_text(status));
		return status;
	}
	test = (struct test){.context = context, .handle = handle, .count = count};
	status = run_on(&test);
	storage_close(context->storage, handle);
	return status;
}
