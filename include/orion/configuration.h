/* SPDX-License-Identifier: MIT */
/*
 * The table [virtio_block] of a TOML file, read into the driver's options.
 *
 *     [virtio_block]
 *     queue_count = 2
 *     shared_memory_size = "64MiB"
 *     features_off = ["VIRTIO_F_RING_PACKED", "mq"]
 *
 * Each key is an option of options.h.  Sizes are integers in bytes or strings such as "2MiB", read
 * as units.h says.  Features are named as in the specification, with or without prefix, in any
 * case, with "-" or "_".
 *
 * The file may be shared with others: their tables are passed over, but have to be well formed.
 * What only looks as if it were not for us is refused: a table whose name is nearly ours, one of
 * our keys before any table, a table [virtio_block] inside another.
 */
#ifndef ORION_CONFIGURATION_H
#define ORION_CONFIGURATION_H

#include "orion/options.h"

/* Where and why a configuration was refused. */
struct orion_options_error {
	uint32_t line;          /* 1-based; 0: no line is at fault */
	char key[48];           /* the key, or "" when there is none */
	char text[160];         /* what was wrong and what would be right */
};

/*
 * Reads LENGTH bytes of TOML at TEXT over the values in OPTIONS (fill it by orion_options_default()
 * first).  An unknown key, a wrong type, a value out of range, a key given twice, keys that
 * contradict each other or a syntax error gives ORION_INVALID, fills ERROR (never NULL), and leaves
 * OPTIONS as it was.  Otherwise bit i of *GIVEN (GIVEN may be NULL) says that the file has the key
 * of orion_option_table[i]; 0: it configures nothing.  Context: setup.
 */
ORION_MUST_USE orion_status orion_options_parse(const char *text, size_t length,
						struct orion_options *options, uint32_t *given,
						struct orion_options_error *error);

/*
 * Says in ERROR, of OPTIONS that orion_options_check() refused, what would be right.  Any context.
 */
void orion_options_explain(const struct orion_options *options, struct orion_options_error *error);

#endif
