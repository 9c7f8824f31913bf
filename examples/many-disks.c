/* SPDX-License-Identifier: MIT */
/*
 * One thread that reads the first MiB of many disks at once, and sums its bytes up:
 *
 *     cc many-disks.c $(pkg-config --cflags --libs liborion-vblk); ./a.out vhost-user:SOCKET ...
 *
 * The memory is there before a disk starts, since some back ends never look at what comes later.
 * A poll group collects from all disks; orion_io.user says whose a request was.
 */
#include <signal.h>
#include <stdio.h>

#include <orion/disk.h>

#define DISKS_MAX 16
#define PIECES 8
#define PIECE_BYTES 131072u

struct one {
	struct orion_disk *disk;
	struct orion_io ios[PIECES];
	unsigned left;
	unsigned long sum;
};

static struct one disks[DISKS_MAX];

static int
start(struct one *one, const char *url, struct orion_poll_group *group)
{
	struct orion_io *ios[PIECES];
	struct orion_error error;
	unsigned char *memory;
	struct orion_queue *queue;

	if (orion_disk_create(url, NULL, &one->disk, &error) != 0) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	memory = orion_disk_alloc(one->disk, PIECES * PIECE_BYTES);
	if (memory == NULL || orion_disk_start(one->disk, &error) != 0) {
		fprintf(stderr, "%s\n", memory == NULL ? orion_disk_text(one->disk) : error.text);
		return 1;
	}
	queue = orion_disk_queue(one->disk, 0);
	for (unsigned i = 0; i < PIECES; i++) {
		one->ios[i] = (struct orion_io){.offset = (uint64_t)i * PIECE_BYTES,
						.buffer = memory + i * PIECE_BYTES,
						.bytes = PIECE_BYTES,
						.operation = ORION_READ,
						.user = one};
		ios[i] = &one->ios[i];
	}
	one->left = orion_queue_submit(queue, ios, PIECES);
	if (one->left != PIECES)
		fprintf(stderr, "%s: %s\n", url, orion_queue_refusal_text(queue));
	orion_queue_kick(queue);
	return orion_poll_group_add(group, queue);
}

/* Ctrl-C ends the wait, and nothing else: the signal is blocked but for the waits. */
static volatile sig_atomic_t stopped;

static void
stop(int number)
{
	(void)number;
	stopped = 1;
}

static int
collect(struct orion_poll_group *group, unsigned left, const sigset_t *signals)
{
	struct orion_io *done[64];
	int failed = 0;

	while (left != 0 && !stopped) {
		unsigned count = orion_poll_group_wait(group, done, 64, -1, signals);

		for (unsigned i = 0; i < count; i++) {
			struct one *one = done[i]->user;
			const unsigned char *bytes = done[i]->buffer;

			failed |= done[i]->result;
			for (unsigned b = 0; b < done[i]->bytes; b++)
				one->sum += bytes[b];
		}
		left -= count;
	}
	return failed != 0 || stopped;
}

int
main(int argc, char **argv)
{
	struct orion_poll_group *group;
	sigset_t interrupt, before;
	unsigned left = 0;
	int failed;

	if (argc < 2 || argc > DISKS_MAX + 1 || orion_poll_group_create(&group) != 0) {
		fprintf(stderr, "usage: many-disks URL ... (up to %d)\n", DISKS_MAX);
		return 2;
	}
	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	sigprocmask(SIG_BLOCK, &interrupt, &before);
	signal(SIGINT, stop);
	failed = 0;
	for (int i = 1; i < argc && failed == 0; i++) {
		failed = start(&disks[i - 1], argv[i], group);
		left += disks[i - 1].left;
	}
	if (failed == 0)
		failed = collect(group, left, &before);
	orion_poll_group_destroy(group);
	for (int i = 1; i < argc; i++) {
		if (failed == 0)
			printf("%s: %lu\n", argv[i], disks[i - 1].sum);
		orion_disk_close(disks[i - 1].disk);
	}
	return failed != 0;
}
