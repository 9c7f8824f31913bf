/* SPDX-License-Identifier: MIT */
/* vblk read and vblk write: a part of a disk, to or from a file or stream. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/transfer.h"
#include "cmd/vblk/units.h"
#include "orion/units.h"

struct settings {
	const char *file;
	bool hex, pad, progress;
};

static int run_read(const struct command *command, int argc, char **argv);
static int run_write(const struct command *command, int argc, char **argv);

static const struct option read_options[] = {
	TEXT("output", 'o', file, "FILE", "write to FILE, which is made or replaced"),
	FLAG("hex", 'x', hex, "print a table of hexadecimal numbers and characters"),
	FLAG("progress", 0, progress, "show progress even when stderr is no terminal"),
	NO_MORE_OPTIONS,
};

static const struct option write_options[] = {
	TEXT("input", 'i', file, "FILE", "read from FILE instead of standard input"),
	FLAG("pad", 0, pad, "fill the last block with zeros if the data end in it"),
	FLAG("progress", 0, progress, "show progress even when stderr is no terminal"),
	NO_MORE_OPTIONS,
};

const struct command read_command = {
	.name = "read",
	.arguments = "URL [OFFSET [LENGTH]]",
	.summary = "Reads a part of a disk, or all of it",
	.help = "Writes LENGTH bytes, from OFFSET on, to standard output; without LENGTH\n"
		"up to the end of the disk.  Both are multiples of the disk's block, see\n"
		"`vblk info`; each is\n" ORION_UNITS_SIZE_FORMS ".\n",
	.options = read_options,
	.least = 1,
	.most = 3,
	.run = run_read,
};

const struct command write_command = {
	.name = "write",
	.arguments = "URL OFFSET",
	.summary = "Writes standard input to a part of a disk",
	.help = "Writes what standard input holds to the disk, from OFFSET on, and\n"
		"flushes it.  OFFSET and the amount of data are multiples of the disk's\n"
		"block, see `vblk info`; OFFSET is\n" ORION_UNITS_SIZE_FORMS ".\n"
		"A file that does not fit is refused before anything is written; a pipe\n"
		"writes what fits, then fails.\n",
	.options = write_options,
	.least = 2,
	.most = 2,
	.run = run_write,
};

/* Reads a multiple of the disk's block, up to MOST, from TEXT; false: it was wrong, and said. */
static bool
take(const struct place *disk, const char *name, const char *text, uint64_t most, uint64_t *value)
{
	uint64_t below;

	if (!orion_units_size(text, value)) {
		trouble("%s is %s, not \"%s\"", name, ORION_UNITS_SIZE_FORMS, text);
		return false;
	}
	below = *value - *value % disk->block;
	if (*value != below) {
		trouble("%s %" PRIu64 " is no multiple of the disk's block, %u; %" PRIu64
			" and %" PRIu64 " are",
			name, *value, disk->block, below, below + disk->block);
		return false;
	}
	if (*value <= most)
		return true;
	trouble("%s %" PRIu64 " is too large: the disk has %" PRIu64 " bytes%s", name, *value,
		disk->bytes, most != disk->bytes ? ", counted from OFFSET" : "");
	return false;
}

/* Runs T, and says what is there of what is not complete. */
static int
part(struct transfer *t, const struct settings *settings, const char *title)
{
	struct progress progress;
	bool stable;
	int status;

	interrupts_catch();
	progress_start(&progress, title, t->bytes, METER_BYTES, settings->progress);
	progress.shown &= !t->b->hex;
	t->progress = &progress;
	status = transfer_run(t);
	progress_end(&progress);
	if (t->flushed == PLACE_UNPROMISED)
		place_unpromised(t->b);
	stable = t->flushed >= 0 && !(t->abandoned && t->b->disk != NULL);
	if (status != STATUS_OK && t->b->replaces)
		place_remains(t->b, t->done, stable);
	else if (status != STATUS_OK)
		say("not complete: %s%" PRIu64 " bytes", stable ? "" : "at most ", t->done);
	else if (t->padded > 0)
		say("%" PRIu64 " zeros behind the end fill the last block", t->padded);
	return status;
}

static struct place *
open_output(const struct settings *settings)
{
	if (settings->hex)
		return place_open_hex();
	if (settings->file != NULL)
		return place_open(settings->file, PLACE_TARGET);
	if (!isatty(STDOUT_FILENO))
		return place_open("-", PLACE_TARGET);
	trouble("standard output is a terminal: --hex prints a table; -o FILE writes a file");
	return NULL;
}

static int
run_read(const struct command *command, int argc, char **argv)
{
	struct settings settings = {0};
	struct transfer t = {0};
	int words = options_read(command, &settings, argc, argv), status = STATUS_TROUBLE;

	if (words < 0)
		return STATUS_TROUBLE;
	if (settings.hex && settings.file != NULL)
		return trouble("--hex prints on standard output: leave --output away");
	t.a = place_open(argv[0], PLACE_SOURCE);
	if (t.a == NULL)
		return STATUS_TROUBLE;
	if (t.a->stream) {
		status = trouble("give the URL of a disk, or a file");
	} else if ((words < 2 || take(t.a, "OFFSET", argv[1], t.a->bytes, &t.a_offset)) &&
		   (words < 3 || take(t.a, "LENGTH", argv[2], t.a->bytes - t.a_offset, &t.bytes))) {
		if (words < 3)
			t.bytes = t.a->bytes - t.a_offset;
		t.b = open_output(&settings);
		/* The table shows where on the disk. */
		t.b_offset = settings.hex ? t.a_offset : 0;
	}
	if (t.b != NULL && place_same(t.a, t.b))
		trouble("%s is read, and would be emptied", t.a->name);
	else if (t.b != NULL && place_prepare(t.b, t.bytes) == 0)
		status = part(&t, &settings, "reading");
	if (t.abandoned)
		leave(status);
	place_close(t.a);
	place_close(t.b);
	transfer_free(&t);
	return status;
}

/* The data's end must be one that the disk can take. */
static bool
fits(const struct transfer *t, const struct settings *settings)
{
	uint64_t bytes = t->a->bytes;

	if (bytes == PLACE_UNKNOWN)
		return place_prepare(t->b, PLACE_UNKNOWN) == 0;
	if (bytes % t->b->block != 0 && !settings->pad) {
		trouble("%s has %" PRIu64 " bytes, which is no multiple of the disk's block, %u; "
			"--pad would fill the last block with zeros",
			t->a->name, bytes, t->b->block);
		return false;
	}
	if (bytes > t->b->bytes - t->b_offset) {
		trouble("%s has %" PRIu64 " bytes, and from OFFSET on the disk has %" PRIu64
			"; nothing was written",
			t->a->name, bytes, t->b->bytes - t->b_offset);
		return false;
	}
	return place_prepare(t->b, t->b_offset + bytes) == 0;
}

static int
run_write(const struct command *command, int argc, char **argv)
{
	struct settings settings = {.file = "-"};
	struct transfer t = {0};
	int status = STATUS_TROUBLE;

	if (options_read(command, &settings, argc, argv) < 0)
		return STATUS_TROUBLE;
	if (!place_is_url(argv[0]))
		return trouble("%s is no URL of a disk; `vblk copy` fills files", argv[0]);
	t.b = place_open(argv[0], PLACE_TARGET);
	if (t.b != NULL && take(t.b, "OFFSET", argv[1], t.b->bytes, &t.b_offset))
		t.a = place_open(settings.file, PLACE_SOURCE);
	if (t.a != NULL) {
		t.bytes = t.a->bytes;
		t.pad = settings.pad;
		if (fits(&t, &settings))
			status = part(&t, &settings, "writing");
	}
	if (t.abandoned)
		leave(status);
	place_close(t.a);
	place_close(t.b);
	transfer_free(&t);
	return status;
}
