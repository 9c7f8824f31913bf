/* SPDX-License-Identifier: MIT */
/*
 * vblk list, info, rings, features, memory, identify, flush: what disks are, and what was agreed
 * with them.  The reports are those of Orion's console.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"
#include "cmd/vblk/view.h"
#include "commands/show.h"
#include "words/text.h"

#define ANSWER_SECONDS 10       /* that a request may take before it is given up */
#define DISKS_MAX 64

struct settings {
	bool json;
};

static int run_list(const struct command *command, int argc, char **argv);
static int run_info(const struct command *command, int argc, char **argv);
static int run_features(const struct command *command, int argc, char **argv);
static int run_rings(const struct command *command, int argc, char **argv);
static int run_memory(const struct command *command, int argc, char **argv);
static int run_identify(const struct command *command, int argc, char **argv);
static int run_flush(const struct command *command, int argc, char **argv);

static const struct option info_options[] = {
	FLAG("json", 0, json, "print JSON"),
	NO_MORE_OPTIONS,
};

const struct command list_command = {
	.name = "list",
	.console = "disk list",
	.arguments = "[URL...]",
	.summary = "Lists disks: size, block size, queues, ring layout, serial number",
	.help = "Without a URL: those that running programs of this user (for root: of\n"
		"every user) have open and publish, and what these say of them.\n",
	.options = info_options,
	.most = DISKS_MAX,
	.run = run_list,
};

const struct command info_command = {
	.name = "info",
	.console = "virtio-device-info",
	.arguments = "URL...",
	.summary = "Prints what a disk is, and what was negotiated with it",
	.help = "The features are those of VirtIO and of the vhost-user protocol that\n"
		"both sides use; --json also lists those that the disk only offers.\n",
	.options = info_options,
	.least = 1,
	.most = DISKS_MAX,
	.run = run_info,
};

const struct command rings_command = {
	.name = "rings",
	.console = "virtio-queue-info",
	.arguments = "URL...",
	.summary = "Shows the rings: size, what is free, indexes, addresses",
	.help = "Those of a connection of its own: as they are when it was just made.\n",
	.options = info_options,
	.least = 1,
	.most = DISKS_MAX,
	.run = run_rings,
};

const struct command features_command = {
	.name = "features",
	.console = "virtio-feature-list",
	.arguments = "URL...",
	.summary = "Shows the feature bits that are offered, wanted and negotiated",
	.help = "",
	.options = info_options,
	.least = 1,
	.most = DISKS_MAX,
	.run = run_features,
};

const struct command memory_command = {
	.name = "memory",
	.console = "virtio-memory-info",
	.arguments = "URL...",
	.summary = "Shows the memory that is shared with a disk for rings and tables",
	.help = "",
	.options = info_options,
	.least = 1,
	.most = DISKS_MAX,
	.run = run_memory,
};

static const struct option no_options[] = {
	NO_MORE_OPTIONS,
};

const struct command identify_command = {
	.name = "identify",
	.console = "disk identify",
	.arguments = "URL",
	.summary = "Prints a disk's serial number",
	.help = "",
	.options = no_options,
	.least = 1,
	.most = 1,
	.run = run_identify,
};

const struct command flush_command = {
	.name = "flush",
	.console = "disk flush",
	.arguments = "URL",
	.summary = "Makes all completed writes of a disk stable",
	.help = "Whoever wrote them.\n",
	.options = no_options,
	.least = 1,
	.most = 1,
	.run = run_flush,
};

static void
unwatched(struct orion_disk_options *options, void *argument)
{
	(void)argument;
	options->publish = false;
}

/* ---- the serial number: the one request that is sent ---- */

struct question {
	struct orion_queue *queue;
	char id[ORION_ID_BYTES + 1];
	int result;
};

static void *
ask(void *argument)
{
	struct question *question = argument;

	question->result = orion_queue_identify(question->queue, question->id);
	return NULL;
}

/* Asks, for so long and no longer.  -ETIMEDOUT: it is being asked still, and QUESTION stays. */
static int
identify(struct orion_disk *disk, struct question *question)
{
	struct timespec until;
	pthread_t thread;
	int result;

	question->queue = orion_disk_queue(disk, 0);
	result = pthread_create(&thread, NULL, ask, question);
	if (result != 0)
		return -result;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ANSWER_SECONDS;
	patience_while("the disk's serial number");
	result = pthread_timedjoin_np(thread, NULL, &until);
	patience_over();
	return result != 0 ? -result : question->result;
}

/* Whether RESULT is that of a device that works: one that knows no serial number has none. */
static bool
is_answer(int result)
{
	return result == 0 || result == -EOPNOTSUPP || result == -EIO;
}

/* ---- disks that are opened to be looked at ---- */

struct opened {
	struct orion_disk *disk; /* NULL: it could not be */
	int result; /* of asking for its serial number */
	struct question question;
	struct view view;
	char name[PLACE_URL_BYTES];
};

static void
look_at(struct opened *one, const char *url, bool serial)
{
	one->disk = place_open_disk(url, unwatched, NULL);
	if (one->disk == NULL)
		return;
	place_url_plain(url, one->name, sizeof(one->name));
	view_of_disk(&one->view, one->name, one->disk);
	if (serial) {
		one->result = identify(one->disk, &one->question);
		one->view.serial = one->result == 0 ? one->question.id : "";
	}
}

/* Lets go of ONE; false when there was trouble, which is said. */
static bool
let_go(struct opened *one, const char *url)
{
	if (one->disk == NULL)
		return false;
	if (!is_answer(one->result))
		trouble("%s: asking for the serial number: %s", url, place_disk_words(one->result));
	if (one->result == -ETIMEDOUT)
		return false;
	patience_while("the back end to let go");
	orion_disk_close(one->disk);
	patience_over();
	return is_answer(one->result);
}

/* A report about COUNT disks, of which those that could not be opened are left out. */
static void
print_opened(struct show *show, bool json, const struct opened *disks, int count)
{
	const struct show_host nobody = {NULL, NULL};

	for (int i = 0; i < count; i++) {
		unsigned columns = (unsigned)text_length(disks[i].name);

		if (columns > show->disk_columns)
			show->disk_columns = columns;
	}
	show_open(show, &standard_output, json, &nobody);
	for (int i = 0; i < count; i++) {
		if (disks[i].disk != NULL)
			show_disk(show, &disks[i].view);
	}
	show_close(show);
}

static int
show_urls(show_kind kind, bool json, int count, char **urls)
{
	struct opened *disks = calloc((size_t)count, sizeof(*disks));
	bool sound = true, asked = false, any = false;
	struct show show;

	if (disks == NULL)
		abort();
	for (int i = 0; i < count; i++) {
		look_at(&disks[i], urls[i], kind == SHOW_LIST || kind == SHOW_DEVICE);
		any = any || disks[i].disk != NULL;
	}
	show_init(&show, kind);
	if (any)
		print_opened(&show, json, disks, count);
	for (int i = 0; i < count; i++) {
		sound = let_go(&disks[i], urls[i]) && sound;
		asked = asked || disks[i].result == -ETIMEDOUT;
	}
	/* To close a disk that is being asked would wait for its answer. */
	if (asked)
		leave(STATUS_TROUBLE);
	free(disks);
	return sound ? STATUS_OK : STATUS_TROUBLE;
}

static int
run(const struct command *command, show_kind kind, int argc, char **argv)
{
	struct settings settings = {0};
	int words = options_read(command, &settings, argc, argv);

	if (words < 0)
		return STATUS_TROUBLE;
	if (words == 0)
		return stats_show(SHOW_LIST, settings.json, NULL);
	return show_urls(kind, settings.json, words, argv);
}

static int
run_list(const struct command *command, int argc, char **argv)
{
	return run(command, SHOW_LIST, argc, argv);
}

static int
run_info(const struct command *command, int argc, char **argv)
{
	return run(command, SHOW_DEVICE, argc, argv);
}

static int
run_features(const struct command *command, int argc, char **argv)
{
	return run(command, SHOW_FEATURES, argc, argv);
}

static int
run_memory(const struct command *command, int argc, char **argv)
{
	return run(command, SHOW_MEMORY, argc, argv);
}

static int
run_rings(const struct command *command, int argc, char **argv)
{
	return run(command, SHOW_RINGS, argc, argv);
}

/* ---- identify, flush ---- */

static int
run_identify(const struct command *command, int argc, char **argv)
{
	struct opened one = {0};
	bool sound;

	if (options_read(command, NULL, argc, argv) < 0)
		return STATUS_TROUBLE;
	look_at(&one, argv[0], true);
	if (one.disk != NULL && is_answer(one.result))
		printf("%s\n", one.view.serial[0] == '\0' ? "(no serial number)" : one.view.serial);
	sound = let_go(&one, argv[0]);
	if (one.result == -ETIMEDOUT)
		leave(STATUS_TROUBLE);
	return sound ? STATUS_OK : STATUS_TROUBLE;
}

static int
run_flush(const struct command *command, int argc, char **argv)
{
	struct opened one = {0};
	int result;

	if (options_read(command, NULL, argc, argv) < 0)
		return STATUS_TROUBLE;
	look_at(&one, argv[0], false);
	if (one.disk == NULL)
		return STATUS_TROUBLE;
	interrupts_catch();
	patience_while("a flush");
	result = orion_queue_flush(orion_disk_queue(one.disk, 0));
	patience_over();
	if (result == 0)
		printf("%s flushed\n", one.name);
	else if (result == -EOPNOTSUPP)
		trouble("%s cannot flush, and promises nothing of what is written", one.name);
	else
		trouble("%s: %s", one.name, place_disk_words(result));
	return let_go(&one, argv[0]) && result == 0 ? STATUS_OK : STATUS_TROUBLE;
}
