/* SPDX-License-Identifier: MIT */
/*
 * What a program can get wrong when it calls the library, and what it is told:   misuse URL
 *
 * The disk at URL has 1 MiB, in blocks of 512 bytes.  A line for each call.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include <orion/disk.h>
#include <orion/publish.h>

#define MIB 1048576u

static struct orion_disk *disk;
static struct orion_queue *queue;
static struct orion_error error;
static char url[512];
static unsigned char data[8192];

/* RESULT comes first: TEXT may be words about it. */
#define TELL(what, call, text)            \
	do {                              \
		int result_ = (call);     \
		say(what, result_, text); \
	} while (0)

static void
say(const char *what, int result, const char *text)
{
	printf("%s: %d %s\n", what, result, text);
}

static int
opened(const struct orion_disk_options *options)
{
	struct orion_disk *other = NULL;
	int result;

	error.text[0] = '\0';
	result = orion_disk_open(url, options, &other, &error);
	orion_disk_close(other);
	return result;
}

/* ---- sizes of structs ---- */

static void
option_sizes(void)
{
	struct orion_disk_options options;
	/* Wherever a library that believed the size would look. */
	struct orion_disk_options *large = calloc(4, sizeof(*large));

	orion_disk_options_init(&options);
	options.read_only = true;
	options.size = 0;
	TELL("size 0", opened(&options), error.text);
	options.size = 8;
	TELL("size 8", opened(&options), error.text);
	options.size = sizeof(options) / 2;
	TELL("half the size", opened(&options), error.text);
	orion_disk_options_init(large);
	large->size = 2 * sizeof(*large);
	TELL("twice the size", opened(large), error.text);
	options.size = sizeof(options);
	TELL("its size", opened(&options), error.text);
	TELL("init of 3 bytes", orion_disk_options_init_sized(&options, 3), "");
	free(large);
}

/* SIZE bytes of INFO are filled, and not one more. */
static void
info_size(size_t size)
{
	struct orion_disk_info whole;
	unsigned char room[512];
	size_t known = sizeof(whole), i;
	int result, right = 1;

	memset(room, 0xaa, sizeof(room));
	orion_disk_info(disk, &whole);
	result = orion_disk_info_sized(disk, (struct orion_disk_info *)(void *)room, size);
	/* Between the fields there may be anything: the first is compared. */
	for (i = 0; i < sizeof(whole.bytes) && i < size; i++)
		right &= room[i] == ((unsigned char *)&whole)[i];
	for (i = known; i < size; i++)
		right &= room[i] == 0;
	for (i = size; i < sizeof(room); i++)
		right &= room[i] == 0xaa;
	printf("info of %s bytes: %d %s\n",
	       size == 0       ? "no"
	       : size < known  ? "few"
	       : size == known ? "all"
			       : "more",
	       result, right ? "right" : "wrong");
}

static void
stats_sizes(void)
{
	struct orion_queue_counters counters;
	struct vblk_queue_stats stats;
	struct orion_ring_info ring;

	memset(&stats, 0xaa, sizeof(stats));
	memset(&counters, 0xaa, sizeof(counters));
	TELL("stats of no bytes", orion_queue_stats_sized(queue, &stats, 0, NULL, 0), "");
	TELL("stats of one word",
	     orion_queue_stats_sized(queue, &stats, 8, &counters, sizeof(counters)),
	     stats.completed == 0xaaaaaaaaaaaaaaaaull && stats.submitted < 1000 ? "right"
										: "wrong");
	TELL("ring of no bytes", orion_queue_ring_sized(queue, &ring, 0), "");
	TELL("ring", orion_queue_ring(queue, &ring),
	     ring.size >= 4 && ring.free <= ring.size && ring.broken == NULL ? "right" : "wrong");
	TELL("counters of no bytes", orion_queue_stats_sized(queue, NULL, 0, &counters, 0), "");
}

/* ---- nothing where something is needed ---- */

static bool
no_more(void *argument, const struct orion_published *one)
{
	(void)argument;
	(void)one;
	return false;
}

static void
nothing(void)
{
	struct orion_disk *other = NULL;
	struct orion_disk_info info;
	char *volatile null = NULL; /* that no compiler sees it coming */

	TELL("open NULL", orion_disk_open(null, NULL, &other, &error), error.text);
	TELL("open to NULL", orion_disk_open(url, NULL, (struct orion_disk **)null, &error),
	     error.text);
	TELL("open without an error", orion_disk_open("nonsense", NULL, &other, NULL), "");
	TELL("start NULL", orion_disk_start(NULL, &error), error.text);
	TELL("start twice", orion_disk_start(disk, &error), error.text);
	TELL("option NULL", orion_disk_options_set(NULL, "depth", "1", &error), error.text);
	TELL("info of NULL", orion_disk_info(NULL, &info), "");
	TELL("info to NULL", orion_disk_info(disk, NULL), "");
	TELL("text of NULL", 0, orion_disk_text(NULL));
	TELL("queue of NULL", orion_disk_queue(NULL, 0) == NULL, "");
	TELL("queue 99", orion_disk_queue(disk, 99) == NULL, "");
	TELL("alloc of NULL", orion_disk_alloc(NULL, 4096) == NULL, "");
	orion_disk_free(NULL, data);
	orion_disk_free(disk, NULL);
	orion_disk_close(NULL);
	TELL("register NULL", orion_disk_register(disk, NULL, 4096, 0, 0), "");
	TELL("register of NULL", orion_disk_register(NULL, data, 4096, 0, 0), "");
	TELL("unregister NULL", orion_disk_unregister(disk, NULL), "");
	TELL("unregister of NULL", orion_disk_unregister(NULL, data), "");
}

static void
nothing_queued(void)
{
	struct orion_poll_group *group = NULL;
	struct orion_io *done[4] = {NULL};
	struct vblk_queue_stats stats;
	struct orion_ring_info ring;
	char *volatile null = NULL;

	TELL("submit to NULL", (int)orion_queue_submit(NULL, done, 1),
	     orion_queue_refusal_text(NULL));
	TELL("refusal of NULL", orion_queue_refusal(NULL), "");
	TELL("submit NULL", (int)orion_queue_submit(queue, NULL, 1),
	     orion_queue_refusal_text(queue));
	orion_queue_kick(NULL);
	orion_queue_disarm(NULL);
	TELL("reap of NULL", (int)orion_queue_reap(NULL, done, 1), "");
	TELL("reap to NULL", (int)orion_queue_reap(queue, NULL, 1), "");
	TELL("wait of NULL", (int)orion_queue_wait(NULL, done, 1, -1), "");
	TELL("wait to NULL", (int)orion_queue_wait(queue, NULL, 1, -1), "");
	TELL("wait_min of NULL", (int)orion_queue_wait_min(NULL, done, 1, 1, -1, NULL), "");
	TELL("in flight of NULL", (int)orion_queue_in_flight(NULL), "");
	TELL("descriptor of NULL", orion_queue_fd(NULL), "");
	TELL("arm NULL", orion_queue_arm(NULL), "");
	TELL("read of NULL", orion_queue_read(NULL, data, 512, 0), "");
	TELL("read to NULL", orion_queue_read(queue, null, 512, 0),
	     orion_queue_refusal_text(queue));
	TELL("write NULL", orion_queue_write(queue, null, 512, 0), orion_queue_refusal_text(queue));
	TELL("flush of NULL", orion_queue_flush(NULL), "");
	TELL("identify of NULL", orion_queue_identify(NULL, (char *)data), "");
	TELL("identify to NULL", orion_queue_identify(queue, null), "");
	TELL("stats of NULL", orion_queue_stats(NULL, &stats, NULL), "");
	TELL("ring of NULL", orion_queue_ring(NULL, &ring), "");
	TELL("ring to NULL", orion_queue_ring(queue, (struct orion_ring_info *)(void *)null), "");
	TELL("group to NULL", orion_poll_group_create(NULL), "");
	TELL("group", orion_poll_group_create(&group), "");
	TELL("add NULL", orion_poll_group_add(group, NULL), "");
	TELL("add to NULL", orion_poll_group_add(NULL, queue), "");
	TELL("add", orion_poll_group_add(group, queue), "");
	TELL("add again", orion_poll_group_add(group, queue), "");
	TELL("group wait to NULL", (int)orion_poll_group_wait(group, NULL, 1, -1, NULL), "");
	TELL("group wait of NULL", (int)orion_poll_group_wait(NULL, done, 1, -1, NULL), "");
	TELL("group wait for nothing", (int)orion_poll_group_wait(group, done, 1, -1, NULL), "");
	TELL("remove", orion_poll_group_remove(group, queue), "");
	TELL("remove again", orion_poll_group_remove(group, queue), "");
	orion_poll_group_destroy(group);
	orion_poll_group_destroy(NULL);
	TELL("published NULL", orion_published_each(NULL, NULL), "");
	TELL("published of another size", orion_published_each_sized(no_more, NULL, 8), "");
}

/* ---- requests that break a rule ---- */

static void
refused(const char *what, struct orion_io io)
{
	struct orion_io *list[] = {&io}, *done[1];

	if (orion_queue_submit(queue, list, 1) != 0) {
		orion_queue_kick(queue);
		orion_queue_wait(queue, done, 1, -1);
		say(what, done[0]->result, "taken");
		return;
	}
	say(what, orion_queue_refusal(queue), orion_queue_refusal_text(queue));
}

static void
refusals(void)
{
	unsigned char *memory = orion_disk_alloc(disk, 4096);
	struct iovec good = {data, 512}, empty = {data, 0}, odd = {data, 100};

	refused("operation 9", (struct orion_io){.operation = 9});
	refused("flags", (struct orion_io){.buffer = data, .bytes = 512, .flags = 2});
	refused("offset 100", (struct orion_io){.buffer = data, .bytes = 512, .offset = 100});
	refused("100 bytes", (struct orion_io){.buffer = data, .bytes = 100});
	refused("no bytes", (struct orion_io){.buffer = data});
	refused("no buffer", (struct orion_io){.bytes = 512});
	refused("beyond the end",
		(struct orion_io){.buffer = data, .bytes = 1024, .offset = MIB - 512});
	refused("far beyond",
		(struct orion_io){.buffer = data, .bytes = 512, .offset = UINT64_C(1) << 62});
	refused("2000 vectors", (struct orion_io){.buffer = &good, .vectors = 2000});
	refused("an empty vector", (struct orion_io){.buffer = &empty, .vectors = 1});
	refused("an odd vector", (struct orion_io){.buffer = &odd, .vectors = 1});
	refused("vectors at NULL", (struct orion_io){.vectors = 2});
	/* Where the last one lay, a request goes the shortest way. */
	refused("one in shared memory", (struct orion_io){.buffer = memory, .bytes = 512});
	refused("flags there", (struct orion_io){.buffer = memory, .bytes = 512, .flags = 1});
	refused("operation there",
		(struct orion_io){.buffer = memory, .bytes = 512, .operation = 8});
	refused("one that is right", (struct orion_io){.buffer = data, .bytes = 512});
	TELL("words of none", orion_queue_refusal(queue), orion_queue_refusal_text(queue));
}

/* A write to a disk that is opened read-only, a buffer larger than its bounce memory. */
static void
refusals_by_options(void)
{
	struct orion_disk_options options;
	struct orion_queue *before = queue;
	struct orion_disk *other;
	unsigned char *large = calloc(1, 2 * MIB);

	orion_disk_options_init(&options);
	options.read_only = true;
	options.bounce_kb = 64;
	TELL("read-only", orion_disk_open(url, &options, &other, &error), "");
	queue = orion_disk_queue(other, 0);
	refused("write", (struct orion_io){.buffer = data, .bytes = 512, .operation = ORION_WRITE});
	refused("too large", (struct orion_io){.buffer = large, .bytes = MIB});
	TELL("synchronous write", orion_queue_write(queue, data, 512, 0),
	     orion_queue_refusal_text(queue));
	orion_disk_close(other);
	queue = before;
	free(large);
}

/* With ever more descriptors to be had, from none: what was said before it succeeded. */
static void
few_descriptors(void)
{
	struct rlimit before, few;
	char told[sizeof(error.text)] = "";
	int result = -1;

	getrlimit(RLIMIT_NOFILE, &before);
	for (rlim_t i = 3; i < 200 && result != 0; i++) {
		few = (struct rlimit){i, before.rlim_max};
		setrlimit(RLIMIT_NOFILE, &few);
		result = opened(NULL);
		if (result != 0 && (result != -EMFILE || strstr(error.text, "open files") == NULL))
			printf("with %u descriptors: %d %s\n", (unsigned)i, result, error.text);
		if (result != 0)
			memcpy(told, error.text, sizeof(told));
	}
	setrlimit(RLIMIT_NOFILE, &before);
	printf("few descriptors: %d %s\n", result, told[0] != '\0' ? "after words" : "");
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	snprintf(url, sizeof(url), "%s", argv[1]);
	option_sizes();
	if (orion_disk_open(url, NULL, &disk, &error) != 0) {
		TELL("open", -1, error.text);
		return 1;
	}
	queue = orion_disk_queue(disk, 0);
	info_size(0);
	info_size(8);
	info_size(sizeof(struct orion_disk_info));
	info_size(sizeof(struct orion_disk_info) + 64);
	stats_sizes();
	nothing();
	nothing_queued();
	refusals();
	orion_disk_close(disk);
	disk = NULL;
	refusals_by_options();
	few_descriptors();
	return 0;
}
