/* SPDX-License-Identifier: MIT */
/* vblk copy and vblk verify: any two places. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/transfer.h"
#include "cmd/vblk/units.h"
#include "words/print.h"
#include "words/report.h"

struct settings {
	bool json, progress, quiet, target_is_zero, pad, shorter;
};

static int run_copy(const struct command *command, int argc, char **argv);
static int run_verify(const struct command *command, int argc, char **argv);

static const struct option copy_options[] = {
	FLAG("target-is-zero", 0, target_is_zero,
	     "the target reads as zeros now: don't write zeros"),
	FLAG("pad", 0, pad, "fill the target's last block with zeros if the source ends in it"),
	FLAG("progress", 0, progress, "show progress even when stderr is no terminal"),
	FLAG("quiet", 'q', quiet, "print nothing but troubles"),
	FLAG("json", 0, json, "print the summary as JSON"),
	NO_MORE_OPTIONS,
};

static const struct option verify_options[] = {
	FLAG("shorter", 0, shorter, "compare no more than the shorter of the two has"),
	FLAG("progress", 0, progress, "show progress even when stderr is no terminal"),
	FLAG("quiet", 'q', quiet, "print nothing but troubles: the exit status tells"),
	FLAG("json", 0, json, "print the result as JSON"),
	NO_MORE_OPTIONS,
};

const struct command copy_command = {
	.name = "copy",
	.arguments = "SOURCE TARGET",
	.summary = "Copies a whole disk, file or stream to another",
	.help = "SOURCE and TARGET are each the URL of a disk, a file or block device,\n"
		"or - for standard input or output.  A file as target is replaced once\n"
		"all of the source is there, and untouched until then.  A disk or block\n"
		"device must have room for it all, else nothing is written.\n"
		"\n"
		"Holes of a file are not read, and zeros are not written to a file: it\n"
		"gets holes.  They are written to a disk or block device, unless\n"
		"--target-is-zero says that it holds nothing but zeros.\n"
		"\n"
		"The target is flushed now and then, and at the end; a flush that fails\n"
		"is a failure.  What a disk may have lost since the last one, because\n"
		"its back end restarted, is copied again, unless it came from a pipe.\n"
		"Ctrl-C ends in order: what is in flight is waited for and flushed, and\n"
		"how far the copy is complete is said.  A second one does not wait.\n",
	.options = copy_options,
	.least = 2,
	.most = 2,
	.run = run_copy,
};

const struct command verify_command = {
	.name = "verify",
	.arguments = "A B",
	.summary = "Compares two disks, files or streams",
	.help = "A and B are each the URL of a disk, a file or block device, or (one of\n"
		"them) - for standard input.  Prints the offset of the first byte that\n"
		"differs, and how many blocks do: of the larger block of the two, at\n"
		"least 512 bytes.  All of A must be there, and in B: where a disk or\n"
		"block device as B is longer, as after a copy to a larger one, that is\n"
		"said, and is no difference.  A file or stream that is longer is one.\n"
		"\n"
		"Exit status: 0 the same, 1 different, 2 trouble.\n",
	.options = verify_options,
	.least = 2,
	.most = 2,
	.run = run_verify,
};

/* ---- copy ---- */

static int
copy_refuse(const struct place *a, const struct place *b, const struct settings *settings)
{
	uint64_t rest = a->bytes != PLACE_UNKNOWN ? a->bytes % b->block : 0;

	if (place_same(a, b))
		return trouble("%s and %s are the same", a->name, b->name);
	if (rest != 0 && !settings->pad)
		return trouble("%s has %llu bytes, which is no multiple of the target's block, %u; "
			       "--pad would fill the last block with zeros",
			       a->name, (unsigned long long)a->bytes, b->block);
	return STATUS_OK;
}

static void
copy_json(const struct transfer *t, int status, uint64_t ns)
{
	struct report report;

	report_open(&report, &standard_output, true);
	report_text(&report, "result",
		    status == STATUS_OK            ? "complete"
		    : status == STATUS_INTERRUPTED ? "interrupted"
						   : "failed");
	report_number(&report, "bytes", t->done);
	report_number(&report, "zero_bytes_skipped", t->holes);
	report_number(&report, "padded_bytes", t->padded);
	report_flag(&report, "flushed", t->flushed == 0 && !t->abandoned);
	report_fixed(&report, "seconds", ns / 1000, 6);
	report_number(&report, "bytes_per_second", print_scale(t->done, 1000000000, ns));
	report_close(&report);
}

static void
copy_summary(const struct transfer *t, uint64_t ns)
{
	double seconds = (double)ns / 1e9;

	printf("copied %s (%llu bytes) in %.2f s, %s", print_size(t->done).s,
	       (unsigned long long)t->done, seconds, units_rate((double)t->done / seconds).s);
	if (t->holes > 0)
		printf("; %s of zeros not written", print_size(t->holes).s);
	if (t->padded > 0)
		printf("; %llu zeros behind the end fill the last block",
		       (unsigned long long)t->padded);
	printf("\n");
}

/* Runs T and reports. */
static int
copy_do(struct transfer *t, const struct settings *settings)
{
	bool quiet = settings->quiet || settings->json || t->b->stream;
	struct progress progress;
	uint64_t ns;
	int status;

	interrupts_catch();
	progress_start(&progress, "copying", t->bytes, METER_BYTES, settings->progress);
	t->progress = &progress;
	status = transfer_run(t);
	progress_end(&progress);
	ns = clock_ns() - progress.meter.start_ns + 1;
	if (t->flushed == PLACE_UNPROMISED)
		place_unpromised(t->b);
	if (status != STATUS_OK)
		place_remains(t->b, t->done,
			      t->flushed >= 0 && !(t->abandoned && t->b->disk != NULL));
	else if (!quiet)
		copy_summary(t, ns);
	if (settings->json)
		copy_json(t, status, ns);
	return status;
}

static int
copy_places(struct transfer *t, const struct settings *settings)
{
	t->bytes = t->a->bytes;
	t->pad = settings->pad;
	if (copy_refuse(t->a, t->b, settings) != STATUS_OK || place_prepare(t->b, t->bytes) != 0)
		return STATUS_TROUBLE;
	t->b->zero |= settings->target_is_zero && !t->b->stream;
	return copy_do(t, settings);
}

static int
run_copy(const struct command *command, int argc, char **argv)
{
	struct settings settings = {0};
	struct transfer t = {0};
	int status = STATUS_TROUBLE;

	if (options_read(command, &settings, argc, argv) < 0)
		return STATUS_TROUBLE;
	if (settings.json && strcmp(argv[1], "-") == 0)
		return trouble("--json prints on standard output, which is the target");
	if (place_same_url(argv[0], argv[1]))
		return trouble("source and target are the same disk");
	t.a = place_open(argv[0], PLACE_SOURCE);
	t.b = t.a != NULL ? place_open(argv[1], PLACE_TARGET) : NULL;
	if (t.b != NULL)
		status = copy_places(&t, &settings);
	if (t.abandoned)
		leave(status);
	place_close(t.a);
	place_close(t.b);
	transfer_free(&t);
	return status;
}

/* ---- verify ---- */

/* The places as they were named, whichever was taken as the transfer's A. */
struct pair {
	struct place *first, *second;
	uint64_t first_bytes, second_bytes;
};

static void
report_known(struct report *report, const char *key, uint64_t value, bool known)
{
	if (known)
		report_number(report, key, value);
	else
		report_none(report, key, NULL);
}

static void
verify_json(const struct transfer *t, const struct pair *pair, int status)
{
	struct report report;

	report_open(&report, &standard_output, true);
	report_text(&report, "result",
		    status == STATUS_OK            ? "same"
		    : status == STATUS_DIFFERENT   ? "different"
		    : status == STATUS_INTERRUPTED ? "interrupted"
						   : "failed");
	report_number(&report, "compared_bytes", t->done);
	report_known(&report, "a_bytes", pair->first_bytes, pair->first_bytes != PLACE_UNKNOWN);
	report_known(&report, "b_bytes", pair->second_bytes, pair->second_bytes != PLACE_UNKNOWN);
	report_known(&report, "first_difference", t->first_difference, t->differences > 0);
	report_number(&report, "different_blocks", t->differences);
	report_number(&report, "block_bytes", t->difference_unit);
	report_close(&report);
}

/* What one has more than the other. */
static void
verify_rest(const struct transfer *t, const struct pair *pair, const char *what)
{
	bool first = pair->first_bytes > pair->second_bytes;
	const struct place *longer = first ? pair->first : pair->second;
	uint64_t bytes = first ? pair->first_bytes : pair->second_bytes;

	if (bytes == PLACE_UNKNOWN)
		printf("%s%s is longer; the first %llu bytes were compared\n", what, longer->name,
		       (unsigned long long)t->done);
	else
		printf("%s%s is longer by %llu bytes; the first %llu bytes were compared\n", what,
		       longer->name, (unsigned long long)(bytes - t->done),
		       (unsigned long long)t->done);
}

static void
verify_text(const struct transfer *t, const struct pair *pair, int status)
{
	bool alike = pair->first_bytes == pair->second_bytes;

	if (status == STATUS_OK) {
		printf("the same: %s (%llu bytes)\n", print_size(t->done).s,
		       (unsigned long long)t->done);
		if (!alike)
			verify_rest(t, pair, "");
	}
	if (status != STATUS_DIFFERENT)
		return;
	if (t->differences > 0)
		printf("different: first at offset %llu; %llu of %llu blocks of %llu bytes\n",
		       (unsigned long long)t->first_difference, (unsigned long long)t->differences,
		       (unsigned long long)((t->done + t->difference_unit - 1) /
					    t->difference_unit),
		       (unsigned long long)t->difference_unit);
	if (!alike)
		verify_rest(t, pair, "different: ");
}

/*
 * Whether the sizes are those of a copy: alike, or all of A on a larger disk.  A stream may have
 * ended early.
 */
static bool
verify_fits(const struct pair *pair)
{
	const struct place *b = pair->second;

	return pair->first_bytes == pair->second_bytes ||
	       (pair->first_bytes < pair->second_bytes && pair->first_bytes > 0 &&
		!pair->first->stream && b->fixed);
}

/* How long both turned out to be; a stream that goes on counts as endless. */
static void
verify_sizes(const struct transfer *t, struct pair *pair)
{
	uint64_t *stream = pair->first->stream ? &pair->first_bytes : &pair->second_bytes;

	pair->first_bytes = pair->first->bytes;
	pair->second_bytes = pair->second->bytes;
	if ((pair->first->stream || pair->second->stream) && t->ended)
		*stream = t->done;
}

static int
verify_places(struct transfer *t, struct pair *pair, const struct settings *settings)
{
	bool swap = pair->second->stream;
	struct progress progress;
	int status;

	t->a = swap ? pair->second : pair->first;
	t->b = swap ? pair->first : pair->second;
	t->compare = true;
	if (t->b->stream)
		return trouble("only one of the two can be standard input");
	t->bytes = t->a->bytes;
	if (t->bytes != PLACE_UNKNOWN && t->b->bytes < t->bytes)
		t->bytes = t->b->bytes;
	interrupts_catch();
	progress_start(&progress, "comparing", t->bytes != PLACE_UNKNOWN ? t->bytes : t->b->bytes,
		       METER_BYTES, settings->progress);
	t->progress = &progress;
	status = transfer_run(t);
	progress_end(&progress);
	verify_sizes(t, pair);
	if (t->differences > 0 || (status == STATUS_OK && !settings->shorter && !verify_fits(pair)))
		status = status == STATUS_OK ? STATUS_DIFFERENT : status;
	if (status == STATUS_INTERRUPTED)
		say("not complete: the first %llu bytes were compared, %llu blocks differ",
		    (unsigned long long)t->done, (unsigned long long)t->differences);
	if (settings->json)
		verify_json(t, pair, status);
	else if (!settings->quiet)
		verify_text(t, pair, status);
	return status;
}

static int
run_verify(const struct command *command, int argc, char **argv)
{
	struct settings settings = {0};
	struct transfer t = {0};
	struct pair pair = {0};
	int status = STATUS_TROUBLE;

	if (options_read(command, &settings, argc, argv) < 0)
		return STATUS_TROUBLE;
	if (place_same_url(argv[0], argv[1]))
		return trouble("both are the same disk");
	pair.first = place_open(argv[0], PLACE_SOURCE);
	if (pair.first != NULL)
		pair.second = place_open(argv[1], PLACE_SOURCE);
	if (pair.second != NULL)
		status = verify_places(&t, &pair, &settings);
	if (t.abandoned)
		leave(status);
	place_close(pair.first);
	place_close(pair.second);
	transfer_free(&t);
	return status;
}
