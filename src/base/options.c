/* SPDX-License-Identifier: MIT */
/* The options: one table with their types and ranges, from which reading and checking follow. */
#include "orion/options.h"

#include "../base/check.h"
#include "../base/memory.h"

#define KB UINT64_C(1024)
#define MB (KB * 1024)
#define GB (MB * 1024)

#define OPTION(name, kind, least, most)                                                           \
	{                                                                                         \
#name, ORION_OPTION_##kind, offsetof(struct orion_options, name), least, most \
	}

const struct orion_option orion_option_table[ORION_OPTION_COUNT] = {
	OPTION(device_max_count, NUMBER, 1, 32),
	OPTION(device_max_queues, NUMBER, 1, 16),
	OPTION(device_max_queue_depth, NUMBER, 4, 1024),
	OPTION(device_max_sectors, NUMBER, 8, 8388608),
	OPTION(device_max_segments, NUMBER, 1, 128),
	OPTION(queue_count, NUMBER, 1, 16),
	OPTION(queue_depth, NUMBER, 1, 1024),
	OPTION(queue_interrupt_coalescing, SWITCH, 0, 1),
	OPTION(queue_interrupt_coalescing_time, NUMBER, 0, 1000000),
	OPTION(queue_interrupt_coalescing_threshold, NUMBER, 1, 1024),
	OPTION(read_ahead_size, BYTES, 0, 1 * GB),
	OPTION(write_back_cache, SWITCH, 0, 1),
	OPTION(write_back_cache_size, BYTES, 0, 64 * GB),
	OPTION(io_scheduler, SCHEDULER, 0, ORION_SCHEDULER_DEADLINE),
	OPTION(direct_io, SWITCH, 0, 1),
	OPTION(shared_memory_size, BYTES, 1 * MB, 64 * GB),
	OPTION(dma_enabled, SWITCH, 0, 1),
	OPTION(zero_copy_enabled, SWITCH, 0, 1),
	OPTION(batch_processing, SWITCH, 0, 1),
	OPTION(recovery_silence, NUMBER, 0, 3600),
	OPTION(recovery_resets, NUMBER, 0, 1000),
	OPTION(features_off, FEATURES, 0, UINT64_MAX),
	OPTION(features_required, FEATURES, 0, UINT64_MAX),
};

void
orion_options_default(struct orion_options *options)
{
	*options = (struct orion_options){
		.device_max_count = 32,
		.device_max_queues = 16,
		.device_max_queue_depth = 1024,
		.device_max_sectors = 65536,
		.device_max_segments = 128,
		.queue_count = 4,
		.queue_depth = 256,
		.queue_interrupt_coalescing = true,
		.queue_interrupt_coalescing_time = 100,
		.queue_interrupt_coalescing_threshold = 4,
		.read_ahead_size = 2 * MB,
		.write_back_cache = true,
		.write_back_cache_size = 256 * MB,
		.io_scheduler = ORION_SCHEDULER_NONE,
		.direct_io = true,
		.shared_memory_size = 512 * MB,
		.dma_enabled = true,
		.zero_copy_enabled = true,
		.batch_processing = true,
		.recovery_silence = 150,
		.recovery_resets = 5,
	};
}

uint64_t
orion_option_get(const struct orion_options *options, const struct orion_option *option)
{
	const unsigned char *at = (const unsigned char *)options + option->offset;
	uint32_t number;
	uint64_t bytes;
	orion_scheduler scheduler;

	switch (option->kind) {
	case ORION_OPTION_NUMBER:
		memcpy(&number, at, sizeof(number));
		return number;
	case ORION_OPTION_BYTES:
	case ORION_OPTION_FEATURES:
		memcpy(&bytes, at, sizeof(bytes));
		return bytes;
	case ORION_OPTION_SCHEDULER:
		memcpy(&scheduler, at, sizeof(scheduler));
		return scheduler;
	case ORION_OPTION_SWITCH:
		break;
	}
	return *at;
}

void
orion_option_put(struct orion_options *options, const struct orion_option *option, uint64_t value)
{
	unsigned char *at = (unsigned char *)options + option->offset;
	uint32_t number = (uint32_t)value;
	bool on = value != 0;
	orion_scheduler scheduler = (orion_scheduler)value;

	switch (option->kind) {
	case ORION_OPTION_NUMBER:
		memcpy(at, &number, sizeof(number));
		break;
	case ORION_OPTION_BYTES:
	case ORION_OPTION_FEATURES:
		memcpy(at, &value, sizeof(value));
		break;
	case ORION_OPTION_SCHEDULER:
		memcpy(at, &scheduler, sizeof(scheduler));
		break;
	case ORION_OPTION_SWITCH:
		memcpy(at, &on, sizeof(on));
		break;
	}
}

orion_status
orion_options_check(const struct orion_options *options, const struct orion_option **wrong)
{
	const struct orion_option *unwanted;

	if (wrong == NULL)
		wrong = &unwanted;
	for (unsigned i = 0; i < ORION_OPTION_COUNT; i++) {
		uint64_t value = orion_option_get(options, &orion_option_table[i]);

		*wrong = &orion_option_table[i];
		if (value < (*wrong)->least || value > (*wrong)->most)
			return ORION_INVALID;
	}
	/* The last of them is features_required. */
	return (options->features_required & options->features_off) == 0 ? ORION_OK : ORION_INVALID;
}
