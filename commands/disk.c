/* SPDX-License-Identifier: MIT */
/* disk read, write, verify, hash, flush, identify. */
#include "commands/args.h"
#include "commands/dump.h"
#include "commands/pattern.h"
#include "commands/print.h"
#include "commands/findings.h"
#include "commands/table.h"
#include "commands/walk.h"

#define LANE 0u
#define LOOK_BYTES 256u /* of a dump, between two looks for Ctrl-C */

/* ---- identify, flush ---- */

static orion_status
run_identify(struct command_context *context, int argc, char **argv)
{
	char id[VIRTIO_BLK_ID_BYTES + 1];
	const struct storage_disk *disk;
	struct storage_handle *handle;
	orion_status status = args_count(context, "disk identify", argc, 1, 1, "DISK");

	if (status == ORION_OK)
		status = args_disk(context, "disk identify", argv[0], STORAGE_MAY_STATS, &handle);
	if (status != ORION_OK)
		return status;
	status = storage_identify(context->storage, handle, LANE, id);
	disk = handle->disk;
	storage_close(context->storage, handle);
	if (status != ORION_OK)
		return args_fail(context, "disk identify", disk, status);
	print(context, "%s\n", id[0] == '\0' ? "(no serial number)" : id);
	return ORION_OK;
}

static orion_status
run_flush(struct command_context *context, int argc, char **argv)
{
	const struct storage_disk *disk;
	struct storage_handle *handle;
	orion_status status = args_count(context, "disk flush", argc, 1, 1, "DISK");

	if (status == ORION_OK)
		status = args_disk(context, "disk flush", argv[0], STORAGE_MAY_FLUSH, &handle);
	if (status != ORION_OK)
		return status;
	status = storage_flush(context->storage, handle, LANE);
	disk = handle->disk;
	storage_close(context->storage, handle);
	if (status != ORION_OK)
		return status == ORION_NOT_SUPPORTED
			       ? args_refuse(context, "disk flush", status,
					     "%s cannot flush, and promises nothing of what is "
					     "written",
					     disk->name)
			       : args_fail(context, "disk flush", disk, status);
	print(context, "%s flushed\n", argv[0]);
	return ORION_OK;
}

/* ---- what the walking commands share ---- */

/* Fills WALK from the arguments DISK OFFSET LENGTH and opens the disk. */
static orion_status
open_walk(struct walk *walk, char **argv, unsigned rights)
{
	orion_status status =
		args_disk(walk->context, walk->command, argv[0], rights, &walk->handle);

	if (status != ORION_OK)
		return status;
	status = args_range(walk->context, walk->command, walk->handle->disk, argv[1], argv[2],
			    walk->writes, &walk->offset, &walk->length);
	if (status != ORION_OK)
		storage_close(walk->context->storage, walk->handle);
	return status;
}

static orion_status
run_walk(struct walk *walk)
{
	orion_status status = walk_run(walk);

	storage_close(walk->context->storage, walk->handle);
	return status;
}

/* ---- read ---- */

struct reading {
	struct command_context *context;
	struct dump dump;
};

static bool
dump_piece(void *argument, uint64_t offset, void *buffer, size_t bytes)
{
	struct reading *reading = argument;
	const uint8_t *in = buffer;

	for (size_t at = 0; at < bytes; at += LOOK_BYTES) {
		if (args_interrupted(reading->context))
			return false;
		dump_add(&reading->dump, offset + at, in + at,
			 bytes - at < LOOK_BYTES ? bytes - at : LOOK_BYTES);
	}
	return true;
}

static orion_status
run_read(struct command_context *context, int argc, char **argv)
{
	struct reading reading = {.context = context};
	struct walk walk = {.context = context,
			    .command = "disk read",
			    .piece = dump_piece,
			    .argument = &reading};
	orion_status status = args_count(context, walk.command, argc, 3, 3, "DISK OFFSET LENGTH");

	if (status == ORION_OK)
		status = open_walk(&walk, argv, STORAGE_MAY_READ);
	dump_start(&reading.dump, &(struct text_sink){context->write, context->host});
	if (status == ORION_OK)
		status = run_walk(&walk);
	if (status == ORION_OK && walk.length != 0)
		dump_end(&reading.dump, walk.offset + walk.length);
	return status;
}

/* ---- write, verify ---- */

static bool
write_piece(void *argument, uint64_t offset, void *buffer, size_t bytes)
{
	const uint64_t *seed = argument;

	pattern_fill(*seed, offset, buffer, bytes);
	return true;
}

static orion_status
run_write(struct command_context *context, int argc, char **argv)
{
	uint64_t seed;
	struct walk walk = {.context = context,
			    .command = "disk write",
			    .piece = write_piece,
			    .argument = &seed,
			    .writes = true};
	orion_status status =
		args_count(context, walk.command, argc, 4, 4, "DISK OFFSET LENGTH pattern:SEED");

	if (status == ORION_OK)
		status = args_pattern(context, walk.command, argv[3], &seed);
	if (status == ORION_OK)
		status = open_walk(&walk, argv, STORAGE_MAY_WRITE);
	if (status == ORION_OK)
		status = run_walk(&walk);
	if (status == ORION_OK)
		finding_written(&(struct text_sink){context->write, context->host}, argv[0],
				walk.offset, walk.length);
	return status;
}

static bool
verify_piece(void *argument, uint64_t offset, void *buffer, size_t bytes)
{
	comparison_add(argument, offset, buffer, bytes);
	return true;
}

static orion_status
run_verify(struct command_context *context, int argc, char **argv)
{
	struct comparison comparison;
	struct walk walk = {.context = context,
			    .command = "disk verify",
			    .piece = verify_piece,
			    .argument = &comparison};
	orion_status status =
		args_count(context, walk.command, argc, 4, 4, "DISK OFFSET LENGTH pattern:SEED");

	comparison_start(&comparison, 0);
	if (status == ORION_OK)
		status = args_pattern(context, walk.command, argv[3], &comparison.seed);
	if (status == ORION_OK)
		status = open_walk(&walk, argv, STORAGE_MAY_READ);
	if (status == ORION_OK)
		status = run_walk(&walk);
	if (comparison.wrong != 0) {
		print(context, "%s: ", walk.command);
		finding_differs(&(struct text_sink){context->write, context->host}, argv[0],
				&comparison);
		return status == ORION_OK ? ORION_IO_ERROR : status;
	}
	if (status == ORION_OK)
		finding_right(&(struct text_sink){context->write, context->host}, argv[0],
			      walk.offset, walk.length);
	return status;
}

/* ---- hash ---- */

static bool
hash_piece(void *argument, uint64_t offset, void *buffer, size_t bytes)
{
	(void)offset;
	sha256_add(argument, buffer, bytes);
	return true;
}

static orion_status
run_hash(struct command_context *context, int argc, char **argv)
{
	static char zero[] = "0", end[] = "end";
	struct sha256 hash;
	uint8_t digest[SHA256_BYTES];
	struct walk walk = {
		.context = context, .command = "disk hash", .piece = hash_piece, .argument = &hash};
	const char *usage = "DISK [OFFSET LENGTH]";
	orion_status status = args_count(context, walk.command, argc, argc == 2 ? 3 : 1, 3, usage);

	if (status != ORION_OK)
		return status;

	char *words[3] = {argv[0], argc == 3 ? argv[1] : zero, argc == 3 ? argv[2] : end};

	sha256_start(&hash);
	status = open_walk(&walk, words, STORAGE_MAY_READ);
	if (status == ORION_OK)
		status = run_walk(&walk);
	if (status != ORION_OK)
		return status;
	sha256_end(&hash, digest);
	finding_hash(&(struct text_sink){context->write, context->host}, argv[0], digest);
	return ORION_OK;
}

const struct command disk_commands[DISK_COMMANDS] = {
	{"disk list", "[DISK] [--json]",
	 "Lists the disks: size, block size, queues, ring layout, serial number, trouble.",
	 run_disk_list},
	{"disk read", "DISK OFFSET LENGTH",
	 "Prints bytes of the disk in hexadecimal and ASCII.\n"
	 "OFFSET and LENGTH take k, M, G, T and 0x; they need not be whole blocks.\n"
	 "LENGTH may be \"end\".  Lines like the one before are shown as one '*'.",
	 run_read},
	{"disk write", "DISK OFFSET LENGTH pattern:SEED",
	 "Overwrites a part of the disk with a test pattern.\n"
	 "OFFSET and LENGTH are whole blocks.  What stands at an offset depends on SEED and the\n"
	 "offset only.",
	 run_write},
	{"disk verify", "DISK OFFSET LENGTH pattern:SEED",
	 "Compares a part of the disk with a test pattern.\n"
	 "Fails, naming the first wrong byte and how many are wrong, unless all are right.",
	 run_verify},
	{"disk hash", "DISK [OFFSET LENGTH]",
	 "Prints the SHA-256 of the disk or of a part of it.\n"
	 "It is what sha256sum prints for the same bytes.",
	 run_hash},
	{"disk flush", "DISK", "Makes all completed writes stable.", run_flush},
	{"disk identify", "DISK", "Prints the disk's serial number.", run_identify},
};
