/* SPDX-License-Identifier: MIT */
/*
 * One thread, many queues of many disks, asleep whenever there is nothing:   group WAIT URL ...
 *
 * WAIT is adaptive, poll or event.  Every request is alone on its queue, so each needs a wake-up of
 * its own: a group that loses them takes a second for each.  Then a queue leaves the group, and the
 * others go on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orion/disk.h>

#define LANES_MAX 16
#define ROUNDS 500

struct lane {
	struct orion_queue *queue;
	struct orion_io io;
	unsigned done;
	bool flying;
	unsigned char data[512];
};

static struct lane lanes[LANES_MAX];
static unsigned lane_count;
static struct orion_poll_group *group;

static void
fail(const char *what, const char *text)
{
	printf("%s: %s\n", what, text);
	exit(1);
}

static void
submit(struct lane *lane)
{
	struct orion_io *list[] = {&lane->io};

	lane->io = (struct orion_io){.buffer = lane->data,
				     .bytes = sizeof(lane->data),
				     .offset = (lane->done % 64) * 512,
				     .user = lane};
	if (orion_queue_submit(lane->queue, list, 1) != 1)
		fail("submit", orion_queue_refusal_text(lane->queue));
	lane->flying = true;
	orion_queue_kick(lane->queue);
}

/* Until every lane of FIRST and after has done ROUNDS more. */
static void
go_round(unsigned first, unsigned rounds)
{
	unsigned left = (lane_count - first) * rounds;

	for (unsigned i = first; i < lane_count; i++) {
		lanes[i].done = 0;
		submit(&lanes[i]);
	}
	while (left != 0) {
		struct orion_io *done[LANES_MAX];
		unsigned count = orion_poll_group_wait(group, done, LANES_MAX, -1, NULL);

		for (unsigned i = 0; i < count; i++) {
			struct lane *lane = done[i]->user;

			if (!lane->flying || done[i]->result != 0)
				fail("a read", "came twice, or failed");
			lane->flying = false;
			left--;
			if (++lane->done < rounds)
				submit(lane);
		}
	}
}

int
main(int argc, char **argv)
{
	struct orion_disk *disks[LANES_MAX];
	struct orion_disk_options options;
	struct orion_error error;
	struct orion_queue *queue;

	orion_disk_options_init(&options);
	options.queues = 2;
	if (orion_poll_group_create(&group) != 0)
		fail("group", "none");
	if (argc < 3 || orion_disk_options_set(&options, "wait", argv[1], &error) != 0)
		fail("wait", error.text);
	for (int i = 2; i < argc; i++) {
		if (orion_disk_open(argv[i], &options, &disks[i - 2], &error) != 0)
			fail("open", error.text);
		for (unsigned q = 0; (queue = orion_disk_queue(disks[i - 2], q)) != NULL; q++) {
			lanes[lane_count++].queue = queue;
			if (orion_poll_group_add(group, queue) != 0)
				fail("add", "refused");
		}
	}
	go_round(0, ROUNDS);
	printf("%u lanes\n", lane_count);
	/* The first disk leaves, and is closed; the others go on. */
	orion_poll_group_remove(group, lanes[0].queue);
	orion_poll_group_remove(group, lanes[1].queue);
	orion_disk_close(disks[0]);
	go_round(2, ROUNDS);
	printf("%u lanes\n", lane_count - 2);
	for (int i = 3; i < argc; i++)
		orion_disk_close(disks[i - 2]);
	orion_poll_group_destroy(group);
	return 0;
}
