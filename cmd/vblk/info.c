/* SPDX-License-Identifier: MIT */
/* vblk info: what a disk is and what was agreed with it. */
#include <inttypes.h>
#include <stdio.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/json.h"
#include "cmd/vblk/place.h"
#include "cmd/vblk/say.h"
#include "cmd/vblk/units.h"

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

static void
print_text(const struct orion_disk_info *info, const char *id)
{
	const struct orion_device_info *device = &info->device;

	printf("size              %s (%" PRIu64 " bytes, %" PRIu64 " sectors of 512)\n",
	       units_bytes(info->bytes).s, info->bytes, info->bytes / 512);
	printf("block             %u bytes, physical %u", info->block_bytes,
	       info->physical_block_bytes);
	if (info->optimal_bytes != 0)
		printf(", best %s", units_bytes(info->optimal_bytes).s);
	printf("\nserial            %s\n", *id ? id : "(none)");
	printf("flags             %s, %s cache%s\n",
	       info->read_only ? "read-only" : "read and write",
	       info->writeback ? "write-back" : "write-through",
	       info->flush ? ", takes flushes" : ", knows no flush");
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
	json_number(&json, "queues", info->queues);
	json_number(&json, "queues_offered", device->queues_offered);
	json_number(&json, "depth", info->depth);
	json_number(&json, "descriptors", device->queue_size);
	json_bool(&json, "packed", device->packed);
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

static int
run_info(const struct command *command, int argc, char **argv)
{
	struct settings settings = {0};
	char id[ORION_ID_BYTES + 1] = "";
	struct orion_disk_info info;
	struct orion_disk *disk;

	if (options_read(command, &settings, argc, argv) < 0)
		return STATUS_TROUBLE;
	disk = place_open_disk(argv[0], unwatched, NULL);
	if (disk == NULL)
		return STATUS_TROUBLE;
	orion_disk_info(disk, &info);
	/* A device that knows no serial has none. */
	if (orion_queue_identify(orion_disk_queue(disk, 0), id) != 0)
		id[0] = '\0';
	if (settings.json)
		print_json(argv[0], &info, id);
	else
		print_text(&info, id);
	orion_disk_close(disk);
	return STATUS_OK;
}
