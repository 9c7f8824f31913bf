/* SPDX-License-Identifier: MIT */
/* Opening and closing a disk, asking about it.  The manual is orion/disk.h. */
#include "ports/linux/disk.h"

#include "orion/texts.h"

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
		disk->instance.state = STORAGE_FOREIGN;
		disk->instance.turn++;
		disk->monitored = false;
		/* The monitor may have held it. */
		pthread_mutex_init(&disk->exchange, NULL);
		if (disk_session(disk) != NULL)
			disk->link->close(disk_session(disk)->link.context);
		for (struct session *lost = disk->lost; lost != NULL; lost = lost->next)
			disk->link->close(lost->link.context);
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

void
queue_free(struct orion_queue *queue)
{
	if (queue == NULL)
		return;
	if (queue->event >= 0)
		close(queue->event);
	free(queue->memory);
	free(queue);
}

/* An epoll that tells of the monitor's calls; joined() in home.c adds the connection's. */
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
	queue->event = make_event(disk, index);
	queue->adaptive.limit =
		(uint64_t)((double)disk->options.poll_us * 1e-6 * (double)orion_ticks_per_second());
	queue->memory = calloc(1, storage_lane_bytes(&disk->instance, depth));
	if (queue->event >= 0 && queue->memory != NULL) {
		storage_lane_init(&queue->lane, &disk->instance, index, depth, queue->memory);
		queue->lane.identify = &queue->sync[0];
		return queue;
	}
	queue_free(queue);
	return NULL;
}

static int
make_queues(struct orion_disk *disk, struct orion_error *error)
{
	for (unsigned i = 0; i < disk->instance.lane_count; i++) {
		disk->queues[i] = queue_make(disk, i);
		if (disk->queues[i] == NULL)
			return error_set(error, -ENOMEM, "%s: no memory for a queue", disk->path);
		storage_follow(&disk->queues[i]->lane);
	}
	return 0;
}

static void
leave_sessions(struct orion_disk *disk)
{
	for (unsigned i = 0; i < disk->instance.lane_count; i++) {
		struct orion_queue *queue = disk->queues[i];

		if (queue != NULL && queue->lane.device != NULL)
			storage_device_leave(queue->lane.device);
		if (queue != NULL && queue->lane.doubt != NULL)
			storage_device_leave(queue->lane.doubt);
	}
	lost_forget(disk);
	if (disk->instance.device != NULL)
		storage_device_leave(disk->instance.device);
	disk->instance.device = NULL;
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
	return error_set(error, -errno, "%s: no more descriptors: %s", disk->path, strerror(errno));
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
	struct session *session;
	int result;

	for (;;) {
		result = session_open(disk, disk->options.answer_ms, &session, error);
		if (!may_come(result) || port_now_ns() >= until)
			break;
		nanosleep(&pause, NULL);
	}
	if (result != 0)
		return result;
	storage_adopt(&disk->instance, &session->base);
	disk->first = *vblk_info(session->base.device);
	disk->instance.lane_count = disk->first.queues;
	disk->depth = disk->first.queue_depth;
	disk->promise = session->base.promise;
	disk->identity = session->identity;
	return 0;
}

static struct orion_disk *
make_disk(void)
{
	struct orion_disk *disk = calloc(1, sizeof(*disk));

	if (disk == NULL)
		return NULL;
	disk->wake = disk->cancel = -1;
	for (unsigned i = 0; i < ORION_DISK_QUEUES_MAX; i++)
		disk->events[i] = -1;
	disk->instance.turn = 1;
	pthread_mutex_init(&disk->exchange, NULL);
	pthread_mutex_init(&disk->lock, NULL);
	dma_init(&disk->memory);
	return disk;
}

void
disk_set_instance(struct orion_disk *disk)
{
	const struct orion_disk_options *options = &disk->options;
	struct storage_instance *instance = &disk->instance;

	instance->home = &home_linux;
	instance->last = &disk->last;
	instance->ticks_per_second = orion_ticks_per_second();
	instance->deadline_ms = options->deadline_ms;
	instance->bounce_bytes = options->bounce_kb * 1024;
	instance->tables = STORAGE_TABLES;
	instance->marks = (uint16_t)options->depth;
	instance->durable = options->durable;
	instance->read_only = options->read_only;
}

int
orion_disk_create(const char *url, const struct orion_disk_options *options,
		  struct orion_disk **out, struct orion_error *error)
{
	struct orion_disk *disk;
	int result;

	if (out != NULL)
		*out = NULL;
	if (url == NULL)
		return error_set(error, -EINVAL, "the URL is NULL: it must look like %s",
				 link_example);
	if (out == NULL)
		return error_set(error, -EINVAL,
				 "disk is NULL: it must say where the new disk goes");
	disk = make_disk();
	if (disk == NULL)
		return error_set(error, -ENOMEM, "no memory for a disk");
	result = options_take(&disk->options, options, error);
	if (result == 0)
		result = url_parse(disk, url, error);
	disk_set_instance(disk);
	if (result == 0)
		result = make_events(disk, error);
	if (result != 0) {
		orion_disk_close(disk);
		return result;
	}
	list_add(disk);
	*out = disk;
	return 0;
}

/* Undoes what orion_disk_start() did before it failed. */
static void
unstart(struct orion_disk *disk)
{
	leave_sessions(disk);
	publish_stop(disk);
	for (unsigned i = 0; i < disk->instance.lane_count; i++) {
		queue_free(disk->queues[i]);
		disk->queues[i] = NULL;
	}
	disk->instance.lane_count = 0;
}

int
orion_disk_start(struct orion_disk *disk, struct orion_error *error)
{
	int result;

	if (disk == NULL)
		return error_set(error, -EINVAL, "the disk is NULL: orion_disk_create() makes one");
	if (disk_state(disk) == STORAGE_FOREIGN)
		return error_set(error, -ECHILD,
				 "%s: opened by the process that this one was "
				 "forked from",
				 disk->path);
	if (disk->monitored)
		return error_set(error, -EALREADY, "%s: it is started already", disk->path);
	result = first_session(disk, error);
	if (result == 0)
		result = make_queues(disk, error);
	if (result == 0 && disk->options.publish)
		publish_start(disk);
	if (result == 0) {
		result = monitor_start(disk);
		if (result != 0)
			error_set(error, result, "no thread for the monitor: %s",
				  strerror(-result));
	}
	if (result != 0)
		unstart(disk);
	return result;
}

int
orion_disk_open(const char *url, const struct orion_disk_options *options, struct orion_disk **out,
		struct orion_error *error)
{
	int result = orion_disk_create(url, options, out, error);

	if (result != 0)
		return result;
	result = orion_disk_start(*out, error);
	if (result != 0) {
		orion_disk_close(*out);
		*out = NULL;
	}
	return result;
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
	/* The connection first: after it the device reaches nothing of what is freed. */
	unstart(disk);
	dma_end(&disk->memory);
	close_events(disk);
	pthread_mutex_destroy(&disk->lock);
	pthread_mutex_destroy(&disk->exchange);
	free(disk);
}

/* ---- asking ---- */

/* Words that another thread changes, each of them whole. */
static void
copy_words(void *to, const void *from, size_t bytes)
{
	/* The structs have fields of other types. */
	typedef uint64_t __attribute__((may_alias)) word_t;
	const word_t *word = from;
	word_t *out = to;

	for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
		out[i] = __atomic_load_n(&word[i], __ATOMIC_RELAXED);
}

_Static_assert(sizeof(struct vblk_info) % sizeof(uint64_t) == 0 &&
		       sizeof(struct orion_queue_counters) % sizeof(uint64_t) == 0,
	       "copy_words");

/* What the driver says of the device that anybody may know. */
static struct orion_device_info
describe(const struct vblk_info *device)
{
	return (struct orion_device_info){
		.features_offered = device->features_offered,
		.features_wanted = device->features_wanted,
		.features_negotiated = device->features_negotiated,
		.packed = device->packed,
		.indirect = device->indirect,
		.event_index = device->event_index,
		.in_order = device->in_order,
		.segments_max = device->segments_max,
		.segment_bytes_max = device->segment_bytes_max,
		.request_sectors_max = device->request_sectors_max,
		.queues_offered = device->queues_offered,
		.queue_size = device->queue_size,
		.dma_bytes = device->dma_bytes,
	};
}

/* [spec 5.2.6.2] */
static orion_durability
durability(const struct orion_disk *disk, const struct vblk_info *device)
{
	/* "Write-through" is not believed: QEMU's daemon says so and syncs nothing. */
	if (device->flush)
		return ORION_DURABILITY_FLUSH;
	return device->durability == VBLK_DURABILITY_STABLE || disk->options.durable
		       ? ORION_DURABILITY_STABLE
		       : ORION_DURABILITY_NONE;
}

/* Copies the first SIZE bytes of OWN to where the program wants them. */
static int
fill(void *to, size_t size, const void *own, size_t own_size)
{
	if (size == 0)
		return -EINVAL;
	memcpy(to, own, size < own_size ? size : own_size);
	if (size > own_size)
		memset((char *)to + own_size, 0, size - own_size);
	return 0;
}

/* The largest disk that the core lets through has 2^64 bytes: one too many to say so. */
static uint64_t
size_of(const struct vblk_info *device)
{
	uint64_t bytes = device->capacity_sectors * VIRTIO_BLK_SECTOR_BYTES;

	return bytes == 0 && device->capacity_sectors != 0 ? bytes - device->block_bytes : bytes;
}

int
orion_disk_info_sized(struct orion_disk *disk, struct orion_disk_info *out, size_t size)
{
	struct vblk_info own;
	const struct vblk_info *device = &own;
	const struct session *session;
	struct orion_disk_info info;
	const void *link;

	if (disk == NULL || out == NULL)
		return -EINVAL;
	pthread_mutex_lock(&disk->lock);
	session = disk_session(disk);
	link = session != NULL ? session->link.context : NULL;
	copy_words(&own, session != NULL ? vblk_info(session->base.device) : &disk->first,
		   sizeof(own));
	info = (struct orion_disk_info){
		.bytes = size_of(device),
		.block_bytes = device->block_bytes,
		.physical_block_bytes = device->physical_block_bytes,
		.optimal_bytes = (uint64_t)device->io_opt_blocks * device->block_bytes,
		.queues = (uint16_t)disk->instance.lane_count,
		.depth = device->queue_depth,
		.read_only = device->read_only || disk->options.read_only,
		.flush = device->flush,
		.writeback = device->writeback,
		.connected = link != NULL && disk->link->result(link, NULL) == 0,
		.connections = disk->instance.devices,
		.protocol_features = link != NULL ? disk->link->protocol(link) : 0,
		.device = describe(device),
		.durability = durability(disk, device),
	};
	pthread_mutex_unlock(&disk->lock);
	return fill(out, size, &info, sizeof(info));
}

const char *
orion_feature_name(unsigned bit)
{
	return vblk_feature_name(bit);
}

const char *
orion_disk_text(struct orion_disk *disk)
{
	static _Thread_local struct orion_error copy;

	if (disk == NULL)
		return "the disk is NULL";
	pthread_mutex_lock(&disk->lock);
	copy = disk->error;
	pthread_mutex_unlock(&disk->lock);
	return copy.text;
}

struct orion_queue *
orion_disk_queue(struct orion_disk *disk, unsigned index)
{
	return disk != NULL && index < disk->instance.lane_count ? disk->queues[index] : NULL;
}

static void
sum_stats(const struct orion_queue *queue, struct vblk_queue_stats *stats)
{
	const struct storage_device *device;
	struct vblk_irq_stats irq;

	memset(stats, 0, sizeof(*stats));
	pthread_mutex_lock(&queue->disk->lock);
	device = queue->disk->instance.device;
	if (device != NULL && storage_word_number(queue->lane.connection) == device->number)
		vblk_queue_stats(vblk_queue_get(device->device, queue->lane.index), stats, &irq);
	orion_stats_add(stats, &queue->lane.past);
	pthread_mutex_unlock(&queue->disk->lock);
}

int
orion_queue_stats_sized(const struct orion_queue *queue, struct vblk_queue_stats *stats,
			size_t stats_size, struct orion_queue_counters *counters,
			size_t counters_size)
{
	struct orion_queue_counters counted;
	struct vblk_queue_stats own;
	int result = queue != NULL ? 0 : -EINVAL;

	if (result == 0 && stats != NULL) {
		sum_stats(queue, &own);
		result = fill(stats, stats_size, &own, sizeof(own));
	}
	if (result == 0 && counters != NULL) {
		copy_words(&counted, &queue->lane.counters, sizeof(counted));
		result = fill(counters, counters_size, &counted, sizeof(counted));
	}
	return result;
}

int
orion_queue_ring_sized(const struct orion_queue *queue, struct orion_ring_info *info, size_t size)
{
	struct vblk_ring_info ring;
	struct orion_ring_info own;

	if (queue == NULL || info == NULL)
		return -EINVAL;
	if (queue->lane.ring == NULL)
		return -ENODEV;
	vblk_ring_info(queue->lane.ring, &ring);
	own = (struct orion_ring_info){
		.descriptor_area = ring.descriptor_area,
		.driver_area = ring.driver_area,
		.device_area = ring.device_area,
		.size = ring.size,
		.free = ring.free,
		.available = ring.available,
		.used = ring.used,
		.packed = vblk_info(queue->lane.device->device)->packed,
		.available_wrap = ring.available_wrap,
		.used_wrap = ring.used_wrap,
		.broken = ring.cause != VBLK_CAUSE_NONE ? vblk_cause_text(ring.cause) : NULL,
	};
	return fill(info, size, &own, sizeof(own));
}
