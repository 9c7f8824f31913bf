/* SPDX-License-Identifier: MIT */
/*
 * Arguments: numbers, sizes, patterns, disks, byte ranges.  Each reader prints what was wrong and
 * what would be right, and returns a status that the command returns in turn.
 */
#ifndef COMMANDS_ARGS_H
#define COMMANDS_ARGS_H

#include "orion/command.h"

/* What a command returns after Ctrl-C: a person's patience reached its end. */
#define COMMAND_INTERRUPTED ORION_TIMED_OUT

/* Prints "COMMAND: TEXT" and a newline, and returns STATUS. */
orion_status args_refuse(struct command_context *context, const char *command, orion_status status,
			 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* ORION_INVALID, with the command's usage, unless ARGC (the arguments alone) is LEAST to MOST. */
orion_status args_count(struct command_context *context, const char *command, int argc, int least,
			int most, const char *usage);

/*
 * TEXT as a size of orion/units.h, from LEAST to MOST, for the argument called NAME; prints what is
 * wrong with another.
 */
orion_status args_size(struct command_context *context, const char *command, const char *name,
		       const char *text, uint64_t least, uint64_t most, uint64_t *value);

/* The same of a time, in nanoseconds. */
orion_status args_duration(struct command_context *context, const char *command, const char *name,
			   const char *text, uint64_t least, uint64_t most, uint64_t *ns);

/* "pattern:SEED". */
orion_status args_pattern(struct command_context *context, const char *command, const char *text,
			  uint64_t *seed);

/* Opens disk NAME with RIGHTS, and looks at it: its size is what it is now. */
orion_status args_disk(struct command_context *context, const char *command, const char *name,
		       unsigned rights, struct storage_handle **handle);

/*
 * OFFSET and LENGTH on DISK; LENGTH may be "end": up to the end of the disk.  ALIGNED: both have to
 * be multiples of the block size.
 */
orion_status args_range(struct command_context *context, const char *command,
			const struct storage_disk *disk, const char *offset_text,
			const char *length_text, bool aligned, uint64_t *offset, uint64_t *length);

/* Looks at DISK, and at what came back late on any lane: no command is at work but the caller. */
void args_refresh(struct command_context *context, struct storage_disk *disk);

/* Requests that were given up on DISK and that the device still holds. */
unsigned args_lent(const struct storage_disk *disk);

/* STATUS of an operation on DISK in words: what is known of the disk, if that is why. */
const char *args_status_text(const struct storage_disk *disk, orion_status status);

/* Prints "COMMAND: DISK: STATUS", and what the device still holds; returns STATUS. */
orion_status args_fail(struct command_context *context, const char *command,
		       const struct storage_disk *disk, orion_status status);

/* True when a person wants the command to end. */
bool args_interrupted(struct command_context *context);

#endif
