/* SPDX-License-Identifier: MIT */
/*
 * The driver's options.
 *
 * Choices are values here, never build-time switches.  orion_options_default() gives every default;
 * orion_options_check() is called by whoever takes options and refuses what is out of range.  The
 * table [virtio_block] of a TOML file is read over them by configuration.h, which a host that has
 * no files leaves out.
 */
#ifndef ORION_OPTIONS_H
#define ORION_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orion/api.h"
#include "orion/status.h"

ORION_BEGIN_C

typedef enum orion_scheduler {
	ORION_SCHEDULER_NONE,
	ORION_SCHEDULER_DEADLINE,
} orion_scheduler;

struct orion_options {
	/* limits */
	uint32_t device_max_count;        /* 1 .. 32, default 32 */
	uint32_t device_max_queues;       /* 1 .. 16, default 16 */
	uint32_t device_max_queue_depth;  /* 4 .. 1024 descriptors, default 1024; a split ring's
	                                   * size is the next lower power of two, and a request
	                                   * needs 3 descriptors */
	uint32_t device_max_sectors;      /* 8 .. 8388608 sectors of 512 bytes, default 65536 */
	uint32_t device_max_segments;     /* 1 .. 128 data segments in one device request, default
	                                   * 128: the memory of a queue follows (vblk.h) */

	/* queues */
	uint32_t queue_count;             /* 1 .. 16, default 4 */
	uint32_t queue_depth;             /* 1 .. 1024 requests in flight, default 256 */
	bool queue_interrupt_coalescing;  /* default true */
	uint32_t queue_interrupt_coalescing_time;       /* 0 .. 1000000 microseconds, default 100 */
	uint32_t queue_interrupt_coalescing_threshold;  /* 1 .. 1024 completions, default 4 */

	/* storage framework */
	uint64_t read_ahead_size;         /* 0 .. 1 GiB in bytes, default 2 MiB */
	bool write_back_cache;            /* default true */
	uint64_t write_back_cache_size;   /* 0 .. 64 GiB in bytes, default 256 MiB */
	orion_scheduler io_scheduler;     /* "none" (default) or "deadline" */
	bool direct_io;                   /* default true */

	/* memory */
	uint64_t shared_memory_size;      /* 1 MiB .. 64 GiB in bytes, default 512 MiB */
	bool dma_enabled;                 /* default true; false: no caller's memory is shared */
	bool zero_copy_enabled;           /* default true; false: the same, by copies */
	bool batch_processing;            /* default true */

	/* recovery */
	uint32_t recovery_silence;        /* 0 .. 3600 seconds without any answer after which a
	                                   * device is reset, default 150; 0: never for that */
	uint32_t recovery_resets;         /* 0 .. 1000 resets of a device within a minute, default 5;
	                                   * 0: what broke stays so */

	/*
	 * Feature bits that are not negotiated although offered, and those without which the device
	 * is refused; none by default.  They may not overlap.
	 */
	uint64_t features_off;
	uint64_t features_required;
};

typedef enum orion_option_kind {
	ORION_OPTION_NUMBER,      /* uint32_t */
	ORION_OPTION_BYTES,       /* uint64_t */
	ORION_OPTION_SWITCH,      /* bool */
	ORION_OPTION_SCHEDULER,   /* orion_scheduler */
	ORION_OPTION_FEATURES,    /* uint64_t, a set of feature bits */
} orion_option_kind;

/* One option: its name, which is its key in [virtio_block], and its range. */
struct orion_option {
	const char *name;
	orion_option_kind kind;
	size_t offset;            /* in struct orion_options */
	uint64_t least, most;
};

/* All of them, in the order of the struct. */
#define ORION_OPTION_COUNT 23u
extern const struct orion_option orion_option_table[ORION_OPTION_COUNT];

/* The value of OPTION, one of the table, and setting it: unchecked.  Any context. */
uint64_t orion_option_get(const struct orion_options *options, const struct orion_option *option);
void orion_option_put(struct orion_options *options, const struct orion_option *option,
		      uint64_t value);

/* Fills OPTIONS with the defaults.  Any context. */
void orion_options_default(struct orion_options *options);

/*
 * ORION_OK when every value is in its range and they fit each other; otherwise ORION_INVALID, and
 * *WRONG (WRONG may be NULL) is the first option that is at fault.  Any context.
 */
ORION_MUST_USE orion_status orion_options_check(const struct orion_options *options,
						const struct orion_option **wrong);

ORION_END_C

#endif
