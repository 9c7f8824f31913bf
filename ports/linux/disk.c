/* SPDX-License-Identifier: MIT */
/* Opening and closing a disk, asking about it.  The manual is orion/disk.h. */
#include "ports/linux/disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define RETRY_MS 20
#define NS_PER_MS UINT64_C(1000000)

/* ---- forks: the child may only close ---- */

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct orion_disk *list;

static void
before_fork(void)
{
	pthread_mutex_lock(&list_lock);
	for (struct orion_disk *disk = list; disk != NULL; disk = disk->next)
		pthread_mutex_lock(&disk->lock);
}

static void
after_fork(void)
{
	for (struct orion_disk *disk = list; disk != NULL; disk = disk->next)
		pthread_mutex_unlock(&disk->lock);
	pthread_mutex_unlock(&list_lock);
}

/* The child has no monitor, and must not keep the connection open once the parent closes it. */
static void
after_fork_in_child(void)
{
	for (struct orion_disk *disk = list; disk != NULL; disk = disk->next) {
		disk->state = DISK_FORKED;
		disk->turn++;
		disk->monitored = false;
		/* The monitor may have held it. */
		pthread_mutex_init(&disk->exchange, NULL);
		if (disk->session != NULL) {
			channel_fail(&disk->session->vhost.channel, -ECHILD, "forked");
			vhost_user_close(&disk->session->vhost);
		}
		for (struct session *lost = disk->lost; lost != NULL; lost = lost->next)
			vhost_user_close(&lost->vhost);
	}
	after_fork();
}

static void
watch_forks(void)
{
	pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

static void
list_add(struct orion_disk *disk)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&list_lock);
	disk->next = list;
	list = disk;
	pthread_mutex_unlock(&list_lock);
}

static void
list_remove(struct orion_disk *disk)
{
	pthread_mutex_lock(&list_lock);
	for (struct orion_disk **at = &list; *at != NULL; at = &(*at)->next) {
		if (*at != disk)
			continue;
		*at = disk->next;
		break;
	}
	pthread_mutex_unlock(&list_lock);
}

/* ---- queues ---- */

/* Where the last buffer lay, before there was one. */
static struct dma_region nowhere;

void
queue_free(struct orion_queue *queue)
{
	if (queue == NULL)
		return;
	if (queue->event >= 0)
		close(queue->event);
	pages_end(&queue->bounce);
	free(queue->held);
	free(queue->ready);
	free(queue->marks);
	free(queue->marks_free);
	free(queue);
}

/* An epoll that tells of the monitor's calls; queue_follow() adds the connection's interrupt. */
static int
make_event(const struct orion_disk *disk, unsigned index)
{
	struct epoll_event edge = {.events = EPOLLIN | EPOLLET};
	int event = epoll_create1(EPOLL_CLOEXEC);

	if (event >= 0 && epoll_ctl(event, EPOLL_CTL_ADD, disk->events[index], &edge) != 0) {
		close(event);
		return -1;
	}
	return event;
}

struct orion_queue *
queue_make(struct orion_disk *disk, unsigned index)
{
	struct orion_queue *queue = aligned_alloc(64, (sizeof(*queue) + 63) / 64 * 64);
	unsigned depth = disk->options.depth;

	if (queue == NULL)
		return NULL;
	memset(queue, 0, sizeof(*queue));
	queue->disk = disk;
	queue->region = &nowhere;
	queue->depth = depth;
	queue->index = (uint16_t)index;
	queue->event = make_event(disk, index);
	queue->adaptive.limit =
		(uint64_t)((double)disk->options.poll_us * 1e-6 * (double)orion_ticks_per_second());
	queue->held = calloc(depth, sizeof(struct orion_io *));
	queue->ready = calloc(depth, sizeof(struct orion_io *));
	queue->marks = calloc(depth, sizeof(*queue->marks));
	queue->marks_free = calloc(depth, sizeof(*queue->marks_free));
	for (; queue->marks_free != NULL && queue->marks_left < depth; queue->marks_left++)
		queue->marks_free[queue->marks_left] = (uint16_t)queue->marks_left;
	if (queue->event >= 0 && queue->held != NULL && queue->ready != NULL &&
	    queue->marks != NULL && queue->marks_free != NULL &&
	    pages_init(&queue->bounce, disk->options.bounce_kb * 1024 / DMA_PAGE))
		return queue;
	queue_free(queue);
	return NULL;
}

static int
make_queues(struct orion_disk *disk, struct orion_error *error)
{
	for (unsigned i = 0; i < disk->queue_count; i++) {
		disk->queues[i] = queue_make(disk, i);
		if (disk->queues[i] == NULL)
			return error_set(error, -ENOMEM, "%s: no memory for a queue", disk->path);
		queue_follow(disk->queues[i]);
	}
	return 0;
}

/* ---- opening ---- */

static int
make_events(struct orion_disk *disk, struct orion_error *error)
{
	disk->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	disk->cancel = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (unsigned i = 0; i < disk->options.queues; i++)
		disk->events[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (disk->wake >= 0 && disk->cancel >= 0 && disk->events[disk->options.queues - 1] >= 0)
		return 0;
	return error_set(error, -EMFILE, "%s: no more descriptors: %s", disk->path,
			 strerror(errno));
}

static bool
may_come(int result)
{
	return result == -ENOENT || result == -ECONNREFUSED || result == -ECONNRESET;
}

/* The first connection; a socket that is not there yet is waited for, if the options say so. */
static int
first_session(struct orion_disk *disk, struct orion_error *error)
{
	uint64_t until = port_now_ns() + disk->options.connect_ms * NS_PER_MS;
	const struct timespec pause = {0, RETRY_MS * 1000 * 1000};
	int result;

	for (;;) {
		result = session_open(disk, disk->options.answer_ms, &disk->session, error);
		if (!may_come(result) || port_now_ns() >= until)
			break;
		nanosleep(&pause, NULL);
	}
	if (result != 0)
		return result;
	disk->session->number = ++disk->sessions;
	disk->first = *vblk_info(disk->session->device);
	disk->queue_count = disk->first.queues;
	disk->depth = disk->first.queue_depth;
	disk->promise = disk->session->promise;
	disk->identity = disk->session->identity;
	return 0;
}

static struct orion_disk *
make_disk(const struct orion_disk_options *options)
{
	struct orion_disk *disk = calloc(1, sizeof(*disk));

	if (disk == NULL)
		return NULL;
	disk->wake = disk->cancel = -1;
	for (unsigned i = 0; i < ORION_DISK_QUEUES_MAX; i++)
		disk->events[i] = -1;
	disk->turn = 1;
	pthread_mutex_init(&disk->exchange, NULL);
	pthread_mutex_init(&disk->lock, NULL);
	dma_init(&disk->memory);
	orion_disk_options_init(&disk->options);
	if (options != NULL)
		memcpy(&disk->options, options,
		       options->size < sizeof(*options) ? options->size : sizeof(*options));
	return disk;
}

int
orion_disk_open(const char *url, const struct orion_disk_options *options, struct orion_disk **out,
		struct orion_error *error)
{
	struct orion_disk *disk = make_disk(options);
	int result;

	*out = NULL;
	if (disk == NULL)
		return error_set(error, -ENOMEM, "no memory for a disk");
	result = url_parse(disk, url, error);
	if (result == 0)
		result = make_events(disk, error);
	if (result == 0)
		result = first_session(disk, error);
	if (result == 0)
		result = make_queues(disk, error);
	if (result == 0) {
		list_add(disk);
		if (disk->options.publish)
			publish_start(disk);
		result = monitor_start(disk);
		if (result != 0)
			error_set(error, result, "no thread for the monitor: %s",
				  strerror(-result));
	}
	if (result != 0) {
		orion_disk_close(disk);
		return result;
	}
	*out = disk;
	return 0;
}

/* ---- closing ---- */

static void
close_events(struct orion_disk *disk)
{
	if (disk->wake >= 0)
		close(disk->wake);
	if (disk->cancel >= 0)
		close(disk->cancel);
	for (unsigned i = 0; i < ORION_DISK_QUEUES_MAX; i++) {
		if (disk->events[i] >= 0)
			close(disk->events[i]);
	}
}

void
orion_disk_close(struct orion_disk *disk)
{
	if (disk == NULL)
		return;
	monitor_stop(disk);
	list_remove(disk);
	publish_stop(disk);
	/* The connection first: after it the device reaches nothing of what is freed. */
	for (unsigned i = 0; i < disk->queue_count; i++) {
		if (disk->queues[i] != NULL && disk->queues[i]->session != NULL)
			session_leave(disk->queues[i]->session);
		if (disk->queues[i] != NULL && disk->queues[i]->doubt != NULL)
			session_leave(disk->queues[i]->doubt);
	}
	lost_forget(disk);
	if (disk->session != NULL)
		session_leave(disk->session);
	for (unsigned i = 0; i < disk->queue_count; i++)
		queue_free(disk->queues[i]);
	dma_end(&disk->memory);
	close_events(disk);
	pthread_mutex_destroy(&disk->lock);
	pthread_mutex_destroy(&disk->exchange);
	free(disk);
}

/* ---- asking ---- */

void
orion_disk_info(struct orion_disk *disk, struct orion_disk_info *info)
{
	const struct vblk_info *device = &disk->first;

	*info = (struct orion_disk_info){0};
	pthread_mutex_lock(&disk->lock);
	if (disk->session != NULL) {
		device = vblk_info(disk->session->device);
		info->connected = !channel_failed(&disk->session->vhost.channel);
		info->protocol_features = disk->session->vhost.channel.protocol;
	}
	info->device = *device;
	info->connections = disk->sessions;
	pthread_mutex_unlock(&disk->lock);
	/* The largest disk that the core lets through has 2^64 bytes: one too many to say so. */
	info->bytes = info->device.capacity_sectors * VBLK_SECTOR_BYTES;
	if (info->bytes == 0 && info->device.capacity_sectors != 0)
		info->bytes -= info->device.block_bytes;
	info->block_bytes = info->device.block_bytes;
	info->physical_block_bytes = info->device.physical_block_bytes;
	info->optimal_bytes = info->device.io_opt_blocks * info->device.block_bytes;
	info->queues = (uint16_t)disk->queue_count;
	info->depth = info->device.queue_depth;
	info->read_only = info->device.read_only || disk->options.read_only;
	info->flush = info->device.flush;
	info->writeback = info->device.writeback;
}

const char *
orion_disk_text(struct orion_disk *disk)
{
	static _Thread_local struct orion_error copy;

	pthread_mutex_lock(&disk->lock);
	copy = disk->error;
	pthread_mutex_unlock(&disk->lock);
	return copy.text;
}

struct orion_queue *
orion_disk_queue(struct orion_disk *disk, unsigned index)
{
	return index < disk->queue_count ? disk->queues[index] : NULL;
}

void
orion_queue_stats(const struct orion_queue *queue, struct vblk_queue_stats *stats,
		  struct orion_queue_counters *counters)
{
	const uint64_t *past = (const uint64_t *)(const void *)&queue->past;
	uint64_t *sum = (uint64_t *)(void *)stats;
	struct vblk_irq_stats irq;

	memset(stats, 0, sizeof(*stats));
	pthread_mutex_lock(&queue->disk->lock);
	if (queue->disk->session != NULL &&
	    connection_number(queue->connection) == queue->disk->session->number)
		vblk_queue_stats(vblk_queue_get(queue->disk->session->device, queue->index), stats,
				 &irq);
	for (size_t i = 0; i < sizeof(*stats) / sizeof(uint64_t); i++)
		sum[i] += past[i];
	pthread_mutex_unlock(&queue->disk->lock);
	if (counters != NULL)
		*counters = queue->counters;
}
