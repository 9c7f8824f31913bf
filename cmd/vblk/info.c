/* SPDX-License-Identifier: MIT */
/* vblk info: what a disk is and what was agreed with it. */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/json.h"
#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"
#include "cmd/vblk/units.h"

#define ANSWER_SECONDS 10       /* that a request may take before it is given up */

struct settings {
	bool json;
};

static int run_info(const struct command *command, int argc, char **argv);

static const struct option info_options[] = {
	FLAG("json", 0, json, "print JSON"),
	NO_MORE_OPTIONS,
};

const struct command info_command = {
	.name = "info",
	.arguments = "URL",
	.summary = "Prints what a disk is, and what was negotiated with it",
	.help = "The features are those of VirtIO and of the vhost-user protocol that\n"
		"both sides use; --json also lists those that the disk only offers.\n",
	.options = info_options,
	.least = 1,
	.most = 1,
	.run = run_info,
};

/* The vhost-user protocol's own features, by bit. */
static const char *const protocol_names[] = {
	"MQ",
	"LOG_SHMFD",
	"RARP",
	"REPLY_ACK",
	"MTU",
	"BACKEND_REQ",
	"CROSS_ENDIAN",
	"CRYPTO_SESSION",
	"PAGEFAULT",
	"CONFIG",
	"BACKEND_SEND_FD",
	"HOST_NOTIFIER",
	"INFLIGHT_SHMFD",
	"RESET_DEVICE",
	"INBAND_NOTIFICATIONS",
	"CONFIGURE_MEM_SLOTS",
	"STATUS",
	"XEN_MMAP",
	"SHARED_OBJECT",
	"DEVICE_STATE",
};

static const char *
protocol_name(unsigned bit)
{
	return bit < sizeof(protocol_names) / sizeof(protocol_names[0]) ? protocol_names[bit]
									: NULL;
}

/* NAME of BIT into TEXT, or "bit 40". */
static const char *
name_of(unsigned bit, const char *(*name)(unsigned bit), char text[16])
{
	const char *known = name(bit);

	snprintf(text, 16, "bit %u", bit);
	return known != NULL ? known : text;
}

static void
list_bits(const char *title, uint64_t bits, const char *(*name)(unsigned bit))
{
	unsigned column = 0;
	char text[16];

	printf("%s", title);
	for (unsigned bit = 0; bit < 64; bit++) {
		if (((bits >> bit) & 1) == 0)
			continue;
		if (column == 3) {
			printf("\n%18s", "");
			column = 0;
		}
		column++;
		printf("%s%s", column > 1 ? "  " : "", name_of(bit, name, text));
	}
	printf("\n");
}

static void
json_bits(struct json *json, const char *key, uint64_t bits, const char *(*name)(unsigned bit))
{
	char text[16];

	json_open(json, key, '[');
	for (unsigned bit = 0; bit < 64; bit++) {
		if ((bits >> bit) & 1)
			json_text(json, NULL, name_of(bit, name, text));
	}
	json_close(json, ']');
}

/* What a write is worth that was answered. */
static const struct {
	const char *name, *text;
} durabilities[] = {
	[ORION_DURABILITY_FLUSH] = {"flush", "takes flushes; a write is stable after one"},
	[ORION_DURABILITY_STABLE] = {"stable", "every write is stable once it is answered"},
	[ORION_DURABILITY_NONE] = {"none", "promises nothing: knows no flush"},
};

static void
print_text(const struct orion_disk_info *info, const char *id)
{
	const struct orion_device_info *device = &info->device;

	printf("size              %s (%" PRIu64 " bytes, %" PRIu64 " sectors of 512)\n",
	       units_bytes(info->bytes).s, info->bytes, info->bytes / VIRTIO_BLK_SECTOR_BYTES);
	printf("block             %u bytes, physical %u", info->block_bytes,
	       info->physical_block_bytes);
	if (info->optimal_bytes != 0)
		printf(", best %s", units_bytes(info->optimal_bytes).s);
	printf("\nserial            %s\n", *id ? id : "(none)");
	printf("flags             %s\n", info->read_only ? "read-only" : "read and write");
	printf("durability        %s\n", durabilities[info->durability].text);
	printf("queues            %u in use, %u offered, depth %u, %u descriptors\n", info->queues,
	       device->queues_offered, info->depth, device->queue_size);
	printf("ring              %s%s%s%s\n", device->packed ? "packed" : "split",
	       device->indirect ? ", indirect tables" : ", direct chains",
	       device->event_index ? ", event index" : "", device->in_order ? ", in order" : "");
	printf("request           up to %u segments, ", device->segments_max);
	printf("%s each", device->segment_bytes_max == UINT32_MAX
				  ? "of any length"
				  : units_bytes(device->segment_bytes_max).s);
	printf("; longer ones are cut\n");
	list_bits("features          ", device->features_negotiated, orion_feature_name);
	list_bits("protocol          ", info->protocol_features, protocol_name);
}

static void
print_json(const char *url, const struct orion_disk_info *info, const char *id)
{
	const struct orion_device_info *device = &info->device;
	struct json json = {.file = stdout};

	json_open(&json, NULL, '{');
	json_text(&json, "url", url);
	json_number(&json, "bytes", info->bytes);
	json_number(&json, "block_bytes", info->block_bytes);
	json_number(&json, "physical_block_bytes", info->physical_block_bytes);
	json_number(&json, "optimal_bytes", info->optimal_bytes);
	json_text(&json, "serial", id);
	json_bool(&json, "read_only", info->read_only);
	json_bool(&json, "flush", info->flush);
	json_bool(&json, "writeback", info->writeback);
	json_text(&json, "durability", durabilities[info->durability].name);
	json_number(&json, "queues", info->queues);
	json_number(&json, "queues_offered", device->queues_offered);
	json_number(&json, "queue_depth", info->depth);
	json_number(&json, "queue_size", device->queue_size);
	json_text(&json, "ring", device->packed ? "packed" : "split");
	json_bool(&json, "indirect", device->indirect);
	json_bool(&json, "event_index", device->event_index);
	json_bool(&json, "in_order", device->in_order);
	json_number(&json, "segments_max", device->segments_max);
	json_number(&json, "segment_bytes_max", device->segment_bytes_max);
	json_bits(&json, "features", device->features_negotiated, orion_feature_name);
	json_bits(&json, "features_offered", device->features_offered, orion_feature_name);
	json_bits(&json, "protocol_features", info->protocol_features, protocol_name);
	json_close(&json, '}');
}

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

/* Asks, for so long and no longer.  -ETIMEDOUT: it is being asked still. */
static int
identify(struct orion_disk *disk, const char **id)
{
	static struct question question;
	struct timespec until;
	pthread_t thread;
	int result;

	question.queue = orion_disk_queue(disk, 0);
	*id = "";
	result = pthread_create(&thread, NULL, ask, &question);
	if (result != 0)
		return -result;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ANSWER_SECONDS;
	patience_while("the disk's serial number");
	result = pthread_timedjoin_np(thread, NULL, &until);
	patience_over();
	if (result != 0)
		return -result;
	if (question.result == 0)
		*id = question.id;
	return question.result;
}

/* Whether RESULT is that of a device that works: one that knows no serial number has none. */
static bool
is_answer(int result)
{
	return result == 0 || result == -EOPNOTSUPP || result == -EIO;
}

static int
run_info(const struct command *command, int argc, char **argv)
{
	struct settings settings = {0};
	struct orion_disk_info info;
	struct orion_disk *disk;
	const char *id;
	int result;

	if (options_read(command, &settings, argc, argv) < 0)
		return STATUS_TROUBLE;
	disk = place_open_disk(argv[0], unwatched, NULL);
	if (disk == NULL)
		return STATUS_TROUBLE;
	orion_disk_info(disk, &info);
	result = identify(disk, &id);
	if (settings.json)
		print_json(argv[0], &info, id);
	else
		print_text(&info, id);
	if (!is_answer(result))
		trouble("%s: asking for the serial number: %s", argv[0], place_disk_words(result));
	if (result == -ETIMEDOUT)
		leave(STATUS_TROUBLE);
	patience_while("the back end to let go");
	orion_disk_close(disk);
	patience_over();
	return is_answer(result) ? STATUS_OK : STATUS_TROUBLE;
}
