/* SPDX-License-Identifier: MIT */
/* The command line.  Its manual is man/vhost-user-model.1. */
#include "model/server/server.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bit {
	const char *name;
	unsigned number;
};

static const struct bit features[] = {
	{"size-max", VIRTIO_BLK_F_SIZE_MAX},
	{"seg-max", VIRTIO_BLK_F_SEG_MAX},
	{"ro", VIRTIO_BLK_F_RO},
	{"blk-size", VIRTIO_BLK_F_BLK_SIZE},
	{"flush", VIRTIO_BLK_F_FLUSH},
	{"topology", VIRTIO_BLK_F_TOPOLOGY},
	{"config-wce", VIRTIO_BLK_F_CONFIG_WCE},
	{"mq", VIRTIO_BLK_F_MQ},
	{"indirect", VIRTIO_F_INDIRECT_DESC},
	{"event-idx", VIRTIO_F_EVENT_IDX},
	{"protocol", VU_F_PROTOCOL_FEATURES},
	{"version-1", VIRTIO_F_VERSION_1},
	{"packed", VIRTIO_F_RING_PACKED},
	{"in-order", VIRTIO_F_IN_ORDER},
	{NULL, 0},
};

static const struct bit protocol[] = {
	{"mq", VU_PROTOCOL_MQ},
	{"reply-ack", VU_PROTOCOL_REPLY_ACK},
	{"backend-req", VU_PROTOCOL_BACKEND_REQ},
	{"config", VU_PROTOCOL_CONFIG},
	{"inflight", VU_PROTOCOL_INFLIGHT_SHMFD},
	{"reset-device", VU_PROTOCOL_RESET_DEVICE},
	{"mem-slots", VU_PROTOCOL_CONFIGURE_MEM_SLOTS},
	{"status", VU_PROTOCOL_STATUS},
	{NULL, 0},
};

static const struct option words_known[] = {
	{"socket-path", required_argument, NULL, 's'},
	{"null", no_argument, NULL, 'n'},
	{"memory", required_argument, NULL, 'm'},
	{"file", required_argument, NULL, 'f'},
	{"size", required_argument, NULL, 'z'},
	{"block", required_argument, NULL, 'b'},
	{"read-only", no_argument, NULL, 'r'},
	{"serial", required_argument, NULL, 'i'},
	{"queues", required_argument, NULL, 'q'},
	{"queue-size", required_argument, NULL, 'Q'},
	{"seg-max", required_argument, NULL, 'g'},
	{"size-max", required_argument, NULL, 'G'},
	{"in-order", no_argument, NULL, 'o'},
	{"features-off", required_argument, NULL, 'F'},
	{"protocol-off", required_argument, NULL, 'P'},
	{"poll", no_argument, NULL, 'p'},
	{"threads", no_argument, NULL, 't'},
	{"once", no_argument, NULL, '1'},
	{"die-after", required_argument, NULL, 'd'},
	{"lose-unflushed", no_argument, NULL, 'l'},
	{"delay-us", required_argument, NULL, 'w'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static _Noreturn void
usage(FILE *to, int status)
{
	fputs("usage: vhost-user-model --socket-path=PATH DISK [OPTION]...\n"
	      "  DISK is --null [--size=BYTES], --memory=BYTES or --file=PATH [--size=BYTES]\n"
	      "  the disk      --block=512 --read-only --serial=TEXT --seg-max=126 --size-max=0\n"
	      "  queues        --queues=1 --queue-size=1024 --poll --threads\n"
	      "  features      --in-order --features-off=LIST --protocol-off=LIST\n"
	      "  misfortune    --die-after=N --lose-unflushed --delay-us=N\n"
	      "  --once        leave when the first front end does\n"
	      "Sizes end in K, M, G or T if they are not in bytes; man vhost-user-model has "
	      "more.\n",
	      to);
	exit(status);
}

/* A whole number from LEAST to MOST, with a unit if UNITS. */
static uint64_t
number(const char *name, const char *text, uint64_t least, uint64_t most, bool units)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (units && *end != '\0' && (suffix = strchr(suffixes, toupper(*end))) != NULL) {
		unsigned shift = 10 * (unsigned)(suffix - suffixes + 1);

		value = value > UINT64_MAX >> shift ? UINT64_MAX : value << shift;
		end++;
	}
	if (!isdigit(*text) || *end != '\0' || errno != 0 || value < least || value > most)
		die("--%s=%s: a whole number from %llu to %llu is needed%s", name, text,
		    (unsigned long long)least, (unsigned long long)most,
		    units ? ", with K, M, G or T if it is not in bytes" : "");
	return value;
}

/* The bits that LIST, which is cut up, names. */
static uint64_t
bits(const char *name, char *list, const struct bit *known)
{
	uint64_t found = 0;

	for (char *word = strtok(list, ","); word != NULL; word = strtok(NULL, ",")) {
		const struct bit *bit = known;

		while (bit->name != NULL && strcmp(bit->name, word) != 0)
			bit++;
		if (bit->name == NULL) {
			say("--%s: there is no \"%s\"; there are:", name, word);
			for (bit = known; bit->name != NULL; bit++)
				fprintf(stderr, "    %s\n", bit->name);
			exit(1);
		}
		found |= VIRTIO_BIT(bit->number);
	}
	return found;
}

#define BYTES_MAX (UINT64_C(1) << 60)

/* What shapes the disk.  Returns false for another option. */
static bool
take_disk(struct options *options, int letter, const char *name, char *value)
{
	switch (letter) {
	case 'n':
		options->null = true;
		return true;
	case 'm':
		options->memory = true;
		options->bytes = number(name, value, VIRTIO_BLK_SECTOR_BYTES, BYTES_MAX, true);
		return true;
	case 'f':
		options->file = value;
		return true;
	case 'z':
		options->bytes = number(name, value, VIRTIO_BLK_SECTOR_BYTES, BYTES_MAX, true);
		return true;
	case 'b':
		options->block = (uint32_t)number(name, value, 512, 65536, false);
		return true;
	case 'r':
		options->read_only = true;
		return true;
	case 'i':
		options->serial = value;
		return true;
	default:
		return false;
	}
}

static bool
take_queues(struct options *options, int letter, const char *name, char *value)
{
	switch (letter) {
	case 'q':
		options->queues = (uint32_t)number(name, value, 1, QUEUES_MAX, false);
		return true;
	case 'Q':
		options->queue_size = (uint32_t)number(name, value, 1, QUEUE_SIZE_MAX, false);
		return true;
	case 'g':
		options->seg_max = (uint32_t)number(name, value, 1, QUEUE_SIZE_MAX - 2, false);
		return true;
	case 'G':
		options->size_max = (uint32_t)number(name, value, 0, UINT32_MAX, true);
		return true;
	case 'p':
		options->poll = true;
		return true;
	case 't':
		options->threads = true;
		return true;
	default:
		return false;
	}
}

static void
take_rest(struct options *options, int letter, const char *name, char *value)
{
	switch (letter) {
	case 's':
		options->socket = value;
		return;
	case 'o':
		options->features |= VIRTIO_BIT(VIRTIO_F_IN_ORDER);
		return;
	case 'F':
		options->features_off |= bits(name, value, features);
		return;
	case 'P':
		options->protocol &= ~bits(name, value, protocol);
		return;
	case '1':
		options->once = true;
		return;
	case 'd':
		options->die_after = number(name, value, 1, UINT64_MAX - 1, false);
		return;
	case 'l':
		options->lose = true;
		return;
	case 'w':
		options->delay_us = (uint32_t)number(name, value, 0, 60000000, false);
		return;
	default:
		usage(letter == 'h' ? stdout : stderr, letter == 'h' ? 0 : 2);
	}
}

static void
check(struct options *options)
{
	if (options->socket == NULL)
		die("--socket-path=PATH is needed: where to listen");
	if (options->null + options->memory + (options->file != NULL) != 1)
		die("one disk is needed: --null, --memory=BYTES or --file=PATH");
	if (options->null && options->bytes == 0)
		options->bytes = UINT64_C(1) << 40;
	if ((options->block & (options->block - 1)) != 0)
		die("--block=%u: a power of two is needed", options->block);
	if (options->bytes % options->block != 0)
		die("a disk of %llu bytes is no multiple of its block of %u",
		    (unsigned long long)options->bytes, options->block);
	if (options->lose && (options->file == NULL || options->read_only))
		die("--lose-unflushed is for a --file that is written");
	if (options->size_max != 0)
		options->features |= VIRTIO_BIT(VIRTIO_BLK_F_SIZE_MAX);
	if (options->read_only)
		options->features |= VIRTIO_BIT(VIRTIO_BLK_F_RO);
	options->features &= ~options->features_off;
}

void
options_read(struct options *options, int count, char **words)
{
	int letter, at = -1;

	*options = (struct options){.serial = "orion-model",
				    .block = 512,
				    .queues = 1,
				    .queue_size = QUEUE_SIZE_MAX,
				    .seg_max = 126};
	for (const struct bit *bit = features; bit->name != NULL; bit++)
		options->features |= VIRTIO_BIT(bit->number);
	options->features &= ~(VIRTIO_BIT(VIRTIO_BLK_F_SIZE_MAX) | VIRTIO_BIT(VIRTIO_BLK_F_RO) |
			       VIRTIO_BIT(VIRTIO_F_IN_ORDER));
	for (const struct bit *bit = protocol; bit->name != NULL; bit++)
		options->protocol |= VIRTIO_BIT(bit->number);
	while ((letter = getopt_long(count, words, "h", words_known, &at)) != -1) {
		const char *name = at >= 0 ? words_known[at].name : "";

		if (!take_disk(options, letter, name, optarg) &&
		    !take_queues(options, letter, name, optarg))
			take_rest(options, letter, name, optarg);
		at = -1;
	}
	if (optind != count)
		die("\"%s\" is no option; --help lists them", words[optind]);
	check(options);
}
