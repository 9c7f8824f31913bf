/* SPDX-License-Identifier: MIT */
/*
 * A signal that is blocked but for the wait ends it:   waits URL
 *
 * For each way of waiting: opens the disk, says so, and reads a line, before which the back end is
 * to stop answering; waits with a signal mask; says how that ended, and reads a line again, before
 * which the back end is to go on.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <orion/disk.h>

#define SHORT_NS (INT64_C(2) * 1000000000)
#define PATIENCE_NS (INT64_C(60) * 1000000000)

static volatile sig_atomic_t signals;

static void
on_signal(int number)
{
	(void)number;
	signals = signals + 1;
}

static bool
await_line(void)
{
	int c;

	fflush(stdout);
	do {
		c = getchar();
	} while (c != '\n' && c != EOF);
	return c == '\n';
}

static int
one(const char *url, orion_wait way, bool in_group, const sigset_t *mask)
{
	static unsigned char data[512];
	struct orion_io io = {.buffer = data, .bytes = 512}, *list[] = {&io}, *done[1];
	struct orion_disk_options options;
	struct orion_poll_group *group;
	struct orion_queue *queue;
	struct orion_error error;
	struct orion_disk *disk;
	unsigned count;
	clock_t spent;

	orion_disk_options_init(&options);
	options.wait = way;
	if (orion_disk_open(url, &options, &disk, &error) != 0) {
		printf("open: %s\n", error.text);
		return 1;
	}
	queue = orion_disk_queue(disk, 0);
	orion_poll_group_create(&group);
	orion_poll_group_add(group, queue);
	/*
	 * One that completes, and wakes: what it leaves behind must not keep the next from
	 * sleeping.
	 */
	orion_queue_submit(queue, list, 1);
	orion_queue_kick(queue);
	while (orion_poll_group_wait(group, done, 1, -1, NULL) == 0)
		;
	printf("open %d%s\n", way, in_group ? " in a group" : "");
	if (!await_line())
		return 1;
	signals = 0;
	raise(SIGALRM);
	orion_queue_submit(queue, list, 1);
	orion_queue_kick(queue);
	count = in_group ? orion_poll_group_wait(group, done, 1, PATIENCE_NS, mask)
			 : orion_queue_wait_min(queue, done, 1, 1, PATIENCE_NS, mask);
	spent = clock();
	if (way == ORION_WAIT_EVENT && in_group)
		orion_poll_group_wait(group, done, 1, SHORT_NS, NULL);
	spent = clock() - spent;
	printf("ended: %u back, %d signals%s\n", count, (int)signals,
	       spent > CLOCKS_PER_SEC / 2 ? ", and then it did not sleep" : "");
	if (!await_line())
		return 1;
	while (orion_queue_wait_min(queue, done, 1, 1, -1, NULL) == 0)
		;
	printf("then: %d\n", done[0]->result);
	orion_poll_group_destroy(group);
	orion_disk_close(disk);
	return 0;
}

int
main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked, open;
	int result = argc != 2;

	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	sigprocmask(SIG_BLOCK, &blocked, &open);
	for (int way = ORION_WAIT_ADAPTIVE; result == 0 && way <= ORION_WAIT_EVENT; way++) {
		for (int in_group = 0; result == 0 && in_group < 2; in_group++)
			result = one(argv[1], (orion_wait)way, in_group != 0, &open);
	}
	return result;
}
