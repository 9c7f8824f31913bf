/* SPDX-License-Identifier: MIT */
/* Reading arguments: see args.h. */
#include "commands/args.h"

#include "orion/texts.h"

#include "commands/print.h"
#include "words/text.h"
#include "words/units.h"

/* Lane 0 runs the commands. */
#define LANE 0u

void
args_refresh(struct command_context *context, struct storage_disk *disk)
{
	for (unsigned i = 0; i < vblk_info(disk->device)->queues; i++) {
		if (i == LANE || storage_lent(disk, i) != 0)
			storage_refresh(context->storage, disk, i);
	}
}

unsigned
args_lent(const struct storage_disk *disk)
{
	unsigned lent = 0;

	for (unsigned i = 0; i < vblk_info(disk->device)->queues; i++)
		lent += storage_lent(disk, i);
	return lent;
}

orion_status
args_refuse(struct command_context *context, const char *command, orion_status status,
	    const char *format, ...)
{
	va_list arguments;

	print(context, "%s: ", command);
	va_start(arguments, format);
	print_list(context, format, arguments);
	va_end(arguments);
	print(context, "\n");
	return status;
}

orion_status
args_count(struct command_context *context, const char *command, int argc, int least, int most,
	   const char *usage)
{
	if (argc >= least && argc <= most)
		return ORION_OK;
	return args_refuse(context, command, ORION_INVALID, "%s; write: %s %s",
			   argc < least ? "an argument is missing" : "too many arguments", command,
			   usage);
}

orion_status
args_size(struct command_context *context, const char *command, const char *name, const char *text,
	  uint64_t least, uint64_t most, uint64_t *value)
{
	units_verdict verdict = units_read_size(text, value);

	if (verdict == UNITS_NONE) {
		return args_refuse(context, command, ORION_INVALID,
				   "%s is '%s'; it has to be " ORION_UNITS_SIZE_FORMS, name, text);
	}
	if (verdict == UNITS_LARGE || *value < least || *value > most) {
		if (most == UINT64_MAX) {
			return args_refuse(
				context, command, ORION_INVALID,
				"%s is %s; it has to be at least %llu and fit into 64 bits", name,
				text, wide(least));
		}
		return args_refuse(context, command, ORION_INVALID,
				   "%s is %s; it has to be from %s to %s", name, text,
				   print_exact(least).s, print_exact(most).s);
	}
	return ORION_OK;
}

orion_status
args_pattern(struct command_context *context, const char *command, const char *text, uint64_t *seed)
{
	if (!text_begins(text, "pattern:")) {
		return args_refuse(context, command, ORION_INVALID,
				   "'%s' is no pattern; write pattern:SEED, for example pattern:1",
				   text);
	}
	return args_size(context, command, "the SEED of the pattern", text + 8, 0, UINT64_MAX,
			 seed);
}

orion_status
args_disk(struct command_context *context, const char *command, const char *name, unsigned rights,
	  struct storage_handle **handle)
{
	orion_status status = storage_open(context->storage, name, rights, handle);
	const struct storage_disk *disk;

	if (status == ORION_OK) {
		args_refresh(context, (*handle)->disk);
		return status;
	}
	if (status != ORION_NOT_FOUND) {
		return args_refuse(context, command, status, "%s: %s", name,
				   orion_status_text(status));
	}
	print(context, "%s: there is no disk '%s'; ", command, name);
	if (storage_at(context->storage, 0) == NULL) {
		print(context, "there are no disks at all\n");
		return status;
	}
	print(context, "there is");
	for (unsigned n = 0; (disk = storage_at(context->storage, n)) != NULL; n++)
		print(context, " %s", disk->name);
	print(context, "\n");
	return status;
}

static orion_status
check_aligned(struct command_context *context, const char *command, const char *name,
	      const char *text, uint64_t value, uint32_t block)
{
	if (value % block == 0)
		return ORION_OK;
	return args_refuse(context, command, ORION_MISALIGNED,
			   "%s is %s; it has to be a multiple of the block size, %u bytes", name,
			   text, block);
}

orion_status
args_range(struct command_context *context, const char *command, const struct storage_disk *disk,
	   const char *offset_text, const char *length_text, bool aligned, uint64_t *offset,
	   uint64_t *length)
{
	uint64_t size = storage_bytes(disk);
	uint32_t block = storage_block_bytes(disk);
	orion_status status =
		args_size(context, command, "OFFSET", offset_text, 0, UINT64_MAX, offset);
	bool to_end = text_equal(length_text, "end");

	if (status == ORION_OK && !to_end)
		status = args_size(context, command, "LENGTH", length_text, 0, UINT64_MAX, length);
	if (status != ORION_OK)
		return status;
	if (*offset > size || (!to_end && *length > size - *offset)) {
		return args_refuse(
			context, command, ORION_OUT_OF_RANGE,
			"%s with OFFSET %s reaches past the end of %s; it has %llu bytes (%s)",
			length_text, offset_text, disk->name, wide(size), print_size(size).s);
	}
	if (to_end)
		*length = size - *offset;
	if (!aligned)
		return ORION_OK;
	status = check_aligned(context, command, "OFFSET", offset_text, *offset, block);
	if (status == ORION_OK)
		status = check_aligned(context, command, "LENGTH", length_text, *length, block);
	return status;
}

const char *
args_status_text(const struct storage_disk *disk, orion_status status)
{
	vblk_cause cause = vblk_cause_get(disk->device);
	vblk_state state = vblk_state_get(disk->device);

	if (status != ORION_DEVICE_BROKEN && status != ORION_DEVICE_GONE)
		return orion_status_text(status);
	if (cause != VBLK_CAUSE_NONE)
		return vblk_cause_text(cause);
	if (state == VBLK_DEAD)
		return "the device's reset did not end";
	return state == VBLK_STOPPED ? "the device did not come back from its reset"
				     : orion_status_text(status);
}

orion_status
args_fail(struct command_context *context, const char *command, const struct storage_disk *disk,
	  orion_status status)
{
	unsigned lent = args_lent(disk);

	print(context, "%s: %s: %s", command, disk->name, args_status_text(disk, status));
	if (lent != 0)
		print(context, "; the device still holds %u %s", lent,
		      lent == 1 ? "request" : "requests");
	print(context, "\n");
	return status;
}

bool
args_interrupted(struct command_context *context)
{
	return context->interrupted != NULL && context->interrupted(context->host);
}
