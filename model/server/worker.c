/* SPDX-License-Identifier: MIT */
/*
 * Threads that serve queues: one for all, or one for each.
 *
 * A worker that is to sleep asks every queue for a kick first, and looks again.  One that spins
 * never asks, and makes no system call while a queue runs.
 */
#include "model/server/server.h"

#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct worker {
	pthread_t thread;
	struct session *session;
	struct queue *queues;
	unsigned count;
	int wake;
};

static struct {
	struct worker workers[QUEUES_MAX];
	unsigned count, held;
	bool hold;              /* atomic */
	pthread_mutex_t lock;
	pthread_cond_t changed;
} all = {.hold = true, .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void
stand_still(void)
{
	pthread_mutex_lock(&all.lock);
	all.held++;
	pthread_cond_broadcast(&all.changed);
	while (all.hold)
		pthread_cond_wait(&all.changed, &all.lock);
	all.held--;
	pthread_mutex_unlock(&all.lock);
}

/* One batch of each queue.  Returns whether there was any; *LIVE: whether any queue runs. */
static bool
serve(struct worker *worker, bool *live)
{
	unsigned done = 0;

	*live = false;
	for (unsigned i = 0; i < worker->count; i++) {
		struct queue *queue = &worker->queues[i];

		if (!queue->runs)
			continue;
		*live = true;
		done += queue_run(queue);
	}
	return done != 0;
}

/* False: a queue has something already. */
static bool
arm(struct worker *worker)
{
	bool quiet = true;

	for (unsigned i = 0; i < worker->count; i++)
		if (worker->queues[i].runs)
			quiet &= device_ring_arm(&worker->queues[i].ring);
	return quiet;
}

static void
disarm(struct worker *worker)
{
	for (unsigned i = 0; i < worker->count; i++)
		if (worker->queues[i].runs)
			device_ring_disarm(&worker->queues[i].ring);
}

/* Sleeps until a kick, or until somebody wants this thread to stand still. */
static void
sleep_until_kicked(struct worker *worker)
{
	struct pollfd fds[QUEUES_MAX + 1] = {{.fd = worker->wake, .events = POLLIN}};
	unsigned count = 1;
	uint64_t ignored;

	for (unsigned i = 0; i < worker->count; i++)
		if (worker->queues[i].runs && worker->queues[i].kick >= 0)
			fds[count++] = (struct pollfd){worker->queues[i].kick, POLLIN, 0};
	if (poll(fds, count, -1) <= 0)
		return;
	for (unsigned i = 0; i < count; i++)
		if (fds[i].revents != 0 && read(fds[i].fd, &ignored, sizeof(ignored)) == 0)
			(void)session_fail(worker->session, "a kick descriptor that is at its end");
}

static void
work(void *argument)
{
	struct worker *worker = argument;
	bool poll_mode = worker->session->options->poll, live;

	for (;;) {
		if (__atomic_load_n(&all.hold, __ATOMIC_ACQUIRE))
			stand_still();
		if (serve(worker, &live))
			continue;
		if (poll_mode && live) {
			arch_relax();
			continue;
		}
		if (arm(worker) && !__atomic_load_n(&all.hold, __ATOMIC_ACQUIRE))
			sleep_until_kicked(worker);
		disarm(worker);
	}
}

static void *
worker_main(void *argument)
{
	struct worker *worker = argument;

	while (!trap_run(work, worker)) {
		for (unsigned i = 0; i < worker->count; i++)
			worker->queues[i].runs = false;
		(void)session_fail(worker->session,
				   "shared memory, or the disk's file, became shorter in use");
	}
	return NULL;
}

void
workers_start(struct session *session)
{
	unsigned queues = session->options->queues;

	all.count = session->options->threads ? queues : 1;
	for (unsigned i = 0; i < all.count; i++) {
		struct worker *worker = &all.workers[i];

		*worker = (struct worker){.session = session,
					  .queues = &session->queues[i],
					  .count = session->options->threads ? 1 : queues,
					  .wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
		if (worker->wake < 0 ||
		    pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
			die("no thread for queue %u", i);
	}
	workers_hold();
}

void
workers_hold(void)
{
	uint64_t one = 1;

	pthread_mutex_lock(&all.lock);
	__atomic_store_n(&all.hold, true, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < all.count; i++)
		if (write(all.workers[i].wake, &one, sizeof(one)) < 0)
			die("thread %u can't be woken", i);
	while (all.held != all.count)
		pthread_cond_wait(&all.changed, &all.lock);
	pthread_mutex_unlock(&all.lock);
}

void
workers_go(void)
{
	pthread_mutex_lock(&all.lock);
	__atomic_store_n(&all.hold, false, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&all.changed);
	pthread_mutex_unlock(&all.lock);
}
