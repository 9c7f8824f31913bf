/* SPDX-License-Identifier: MIT */
/*
 * vblk hash, check, fill: disk hash, disk verify and disk write of Orion's console.  The disk's
 * bytes come and go as in a copy; what is made of them is computed by the console's code.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/transfer.h"
#include "commands/pattern.h"
#include "commands/findings.h"
#include "orion/units.h"
#include "words/text.h"

struct settings {
	bool progress;
};

static int run_hash(const struct command *command, int argc, char **argv);
static int run_check(const struct command *command, int argc, char **argv);
static int run_fill(const struct command *command, int argc, char **argv);

static const struct option compute_options[] = {
	FLAG("progress", 0, progress, "show progress even when stderr is no terminal"),
	NO_MORE_OPTIONS,
};

const struct command hash_command = {
	.name = "hash",
	.console = "disk hash",
	.arguments = "URL|FILE [OFFSET LENGTH]",
	.summary = "Prints the SHA-256 of a disk or of a part of it",
	.help = "It is what sha256sum prints for the same bytes.\n",
	.options = compute_options,
	.least = 1,
	.most = 3,
	.run = run_hash,
};

const struct command check_command = {
	.name = "check",
	.console = "disk verify",
	.arguments = "URL|FILE OFFSET LENGTH pattern:SEED",
	.summary = "Compares a part of a disk with a test pattern",
	.help = "LENGTH may be \"end\".  Names the first wrong byte and how many are wrong.\n",
	.options = compute_options,
	.least = 4,
	.most = 4,
	.run = run_check,
};

const struct command fill_command = {
	.name = "fill",
	.console = "disk write",
	.arguments = "URL OFFSET LENGTH pattern:SEED",
	.summary = "Overwrites a part of a disk with a test pattern",
	.help = "OFFSET and LENGTH are whole blocks; LENGTH may be \"end\".  What stands at\n"
		"an offset depends on SEED and the offset only.  The disk is flushed.\n",
	.options = compute_options,
	.least = 4,
	.most = 4,
	.run = run_fill,
};

/* A part of a disk, and what is done with its bytes. */
struct part {
	uint64_t offset, length;
	struct sha256 hash;
	struct comparison comparison;
	uint64_t seed;
};

/* ---- arguments ---- */

static bool
take_part(const struct place *disk, const char *offset, const char *length, struct part *part)
{
	const char *wrong = !orion_units_size(offset, &part->offset) ? offset : NULL;
	bool to_end = strcmp(length, "end") == 0;

	if (wrong == NULL && !to_end && !orion_units_size(length, &part->length))
		wrong = length;
	if (wrong != NULL) {
		trouble("%s is %s, not \"%s\"", wrong == offset ? "OFFSET" : "LENGTH",
			ORION_UNITS_SIZE_FORMS, wrong);
		return false;
	}
	if (disk->bytes == PLACE_UNKNOWN || part->offset > disk->bytes ||
	    (!to_end && part->length > disk->bytes - part->offset)) {
		trouble("%s with OFFSET %s reaches past the end of %s; it has %" PRIu64 " bytes",
			length, offset, disk->name, disk->bytes);
		return false;
	}
	if (to_end)
		part->length = disk->bytes - part->offset;
	return true;
}

static bool
take_pattern(const char *text, uint64_t *seed)
{
	if (text_begins(text, "pattern:") && orion_units_size(text + 8, seed))
		return true;
	trouble("\"%s\" is no pattern; write pattern:SEED, for example pattern:1", text);
	return false;
}

/* ---- what is computed; the transfer is of whole blocks, which the part may begin within ---- */

/* Cuts *BYTES at *DATA, which lie at *OFFSET, to what of them is PART. */
static void
clip(const struct part *part, uint64_t *offset, const uint8_t **data, uint32_t *bytes)
{
	uint64_t end = part->offset + part->length;
	uint64_t before = *offset < part->offset ? part->offset - *offset : 0;

	before = before < *bytes ? before : *bytes;
	*offset += before;
	*data += before;
	*bytes -= (uint32_t)before;
	if (*offset + *bytes > end)
		*bytes = *offset < end ? (uint32_t)(end - *offset) : 0;
}

static void
hash_piece(void *argument, uint64_t offset, void *data, uint32_t bytes)
{
	struct part *part = argument;
	const uint8_t *at = data;

	clip(part, &offset, &at, &bytes);
	sha256_add(&part->hash, at, bytes);
}

static void
check_piece(void *argument, uint64_t offset, void *data, uint32_t bytes)
{
	struct part *part = argument;
	const uint8_t *at = data;

	clip(part, &offset, &at, &bytes);
	comparison_add(&part->comparison, offset, at, bytes);
}

static void
fill_piece(void *argument, uint64_t offset, void *data, uint32_t bytes)
{
	const struct part *part = argument;

	pattern_fill(part->seed, offset, data, bytes);
}

/* ---- the run ---- */

static int
run(struct transfer *t, const struct settings *settings, const char *title)
{
	struct progress progress;
	int status;

	interrupts_catch();
	progress_start(&progress, title, t->bytes, METER_BYTES, settings->progress);
	t->progress = &progress;
	status = transfer_run(t);
	progress_end(&progress);
	if (t->flushed == PLACE_UNPROMISED)
		place_unpromised(t->b);
	if (status != STATUS_OK)
		say("not complete: %" PRIu64 " of %" PRIu64 " bytes", t->done, t->bytes);
	if (t->abandoned)
		leave(status);
	return status;
}

/* Gives PART of DISK to COMPUTE, in order. */
static int
read_part(struct place *disk, struct part *part, const struct settings *settings,
	  void (*compute)(void *argument, uint64_t offset, void *data, uint32_t bytes))
{
	uint64_t first = part->offset - part->offset % disk->block;
	uint64_t beyond = (part->offset + part->length) % disk->block;
	uint64_t end = part->offset + part->length + (beyond != 0 ? disk->block - beyond : 0);
	struct transfer t = {.a = disk, .a_offset = first, .b_offset = first};
	int status;

	t.bytes = (end < disk->bytes ? end : disk->bytes) - first;
	t.b = place_open_computed(disk->name, PLACE_TARGET, compute, part);
	status = run(&t, settings, "reading");
	place_close(t.b);
	transfer_free(&t);
	return status;
}

/* What the disk that was given as TEXT is called in what is said of it. */
static const char *
called(const char *text, char name[PLACE_URL_BYTES])
{
	if (!place_is_url(text))
		return text;
	place_url_plain(text, name, PLACE_URL_BYTES);
	return name;
}

static int
run_hash(const struct command *command, int argc, char **argv)
{
	struct settings settings = {0};
	char name[PLACE_URL_BYTES];
	uint8_t digest[SHA256_BYTES];
	struct part part = {0};
	int words = options_read(command, &settings, argc, argv), status = STATUS_TROUBLE;
	struct place *disk;

	if (words < 0)
		return STATUS_TROUBLE;
	if (words == 2)
		return trouble("LENGTH is missing; write: vblk %s %s", command->name,
			       command->arguments);
	disk = place_open(argv[0], PLACE_SOURCE);
	if (disk == NULL)
		return STATUS_TROUBLE;
	sha256_start(&part.hash);
	if (take_part(disk, words == 3 ? argv[1] : "0", words == 3 ? argv[2] : "end", &part))
		status = read_part(disk, &part, &settings, hash_piece);
	place_close(disk);
	if (status != STATUS_OK)
		return status;
	sha256_end(&part.hash, digest);
	finding_hash(&standard_output, called(argv[0], name), digest);
	return STATUS_OK;
}

static int
run_check(const struct command *command, int argc, char **argv)
{
	struct settings settings = {0};
	char name[PLACE_URL_BYTES];
	struct part part = {0};
	int status = STATUS_TROUBLE;
	struct place *disk;

	if (options_read(command, &settings, argc, argv) < 0 || !take_pattern(argv[3], &part.seed))
		return STATUS_TROUBLE;
	disk = place_open(argv[0], PLACE_SOURCE);
	if (disk == NULL)
		return STATUS_TROUBLE;
	comparison_start(&part.comparison, part.seed);
	if (take_part(disk, argv[1], argv[2], &part))
		status = read_part(disk, &part, &settings, check_piece);
	place_close(disk);
	if (part.comparison.wrong != 0) {
		finding_differs(&standard_output, called(argv[0], name), &part.comparison);
		return status == STATUS_OK ? STATUS_DIFFERENT : status;
	}
	if (status == STATUS_OK)
		finding_right(&standard_output, called(argv[0], name), part.offset, part.length);
	return status;
}

static bool
is_aligned(const struct place *disk, const char *name, uint64_t value)
{
	if (value % disk->block == 0)
		return true;
	trouble("%s %" PRIu64 " is no multiple of the disk's block, %u", name, value, disk->block);
	return false;
}

static int
run_fill(const struct command *command, int argc, char **argv)
{
	struct settings settings = {0};
	char name[PLACE_URL_BYTES];
	struct part part = {0};
	struct transfer t = {0};
	int status = STATUS_TROUBLE;

	if (options_read(command, &settings, argc, argv) < 0 || !take_pattern(argv[3], &part.seed))
		return STATUS_TROUBLE;
	if (!place_is_url(argv[0]))
		return trouble("%s is no URL of a disk", argv[0]);
	t.b = place_open(argv[0], PLACE_TARGET);
	if (t.b == NULL)
		return STATUS_TROUBLE;
	if (take_part(t.b, argv[1], argv[2], &part) && is_aligned(t.b, "OFFSET", part.offset) &&
	    is_aligned(t.b, "LENGTH", part.length) &&
	    place_prepare(t.b, part.offset + part.length) == 0) {
		t.a = place_open_computed(argv[3], PLACE_SOURCE, fill_piece, &part);
		t.a_offset = t.b_offset = part.offset;
		t.bytes = part.length;
		status = run(&t, &settings, "writing");
	}
	place_close(t.a);
	place_close(t.b);
	transfer_free(&t);
	if (status == STATUS_OK)
		finding_written(&standard_output, called(argv[0], name), part.offset, part.length);
	return status;
}
