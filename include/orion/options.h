/* SPDX-License-Identifier: MIT */
/*
 * The driver's options: the table [virtio_block] of a TOML file.
 *
 * Choices are values here, never build-time switches.  orion_options_default() gives every default;
 * orion_options_parse() reads a file over them; orion_options_check() is called by whoever takes
 * options and refuses what is out of range.
 */
#ifndef ORION_OPTIONS_H
#define ORION_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orion/status.h"

typedef enum orion_scheduler {
	ORION_SCHEDULER_NONE,
	ORION_SCHEDULER_DEADLINE,
} orion_scheduler;

struct orion_options {
	/* limits */
	uint32_t device_max_count;        /* 1 .. 32, default 32 */
	uint32_t device_max_queues;       /* 1 .. 16, default 16 */
	uint32_t device_max_queue_depth;  /* 2 .. 1024 descriptors, default 1024 */
	uint32_t device_max_sectors;      /* 8 .. 8388608 sectors of 512 bytes, default 65536 */

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

	/*
	 * Not in the TOML table: feature bits that the host does not want negotiated although
	 * offered, and those without which it refuses the device.
	 */
	uint64_t features_off;
	uint64_t features_required;
};

/* Where and why a configuration was refused. */
struct orion_options_error {
	uint32_t line;          /* 1-based */
	char key[48];           /* the key, or "" when there is none */
	char text[160];         /* what was wrong and what would be right */
};

/* Fills OPTIONS with the defaults.  Any context. */
void orion_options_default(struct orion_options *options);

/*
 * Reads LENGTH bytes of TOML at TEXT over the values in OPTIONS (fill it by orion_options_default()
 * first).  Only the table [virtio_block] is read, other tables are skipped unread in their keys but
 * must be well formed.  An unknown key, a wrong type, a value out of range, a key given twice or a
 * syntax error gives ORION_INVALID, fills ERROR (never NULL), and leaves OPTIONS as it was.  Sizes
 * are integers in bytes or strings such as "2MB" (1024-based: kB, MB, GB, also KiB, MiB, GiB).
 * Context: setup.
 */
ORION_MUST_USE orion_status orion_options_parse(const char *text, size_t length,
						struct orion_options *options,
						struct orion_options_error *error);

/*
 * ORION_OK when every value is in its range and they fit each other; otherwise ORION_INVALID with
 * ERROR (may be NULL) filled, its line 0.  Any context.
 */
ORION_MUST_USE orion_status orion_options_check(const struct orion_options *options,
						struct orion_options_error *error);

#endif
