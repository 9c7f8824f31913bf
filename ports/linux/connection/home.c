/* SPDX-License-Identifier: MIT */
/* Linux as a home of the storage framework: see storage/lane.h. */
#include "ports/linux/disk.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "arch/arch.h"

/* As orion/disk.h names them. */
static const int numbers[ORION_STATUS_COUNT] = {
	[ORION_OK] = 0,
	[ORION_NO_ROOM] = -EAGAIN,
	[ORION_TIMED_OUT] = -ETIMEDOUT,
	[ORION_BUSY] = -EBUSY,
	[ORION_INVALID] = -EINVAL,
	[ORION_OUT_OF_RANGE] = -ERANGE,
	[ORION_MISALIGNED] = -EINVAL,
	[ORION_TOO_LARGE] = -E2BIG,
	[ORION_READ_ONLY] = -EROFS,
	[ORION_DENIED] = -ECHILD,       /* to whom but a fork's child? */
	[ORION_NOT_FOUND] = -ENOENT,
	[ORION_WRONG_STATE] = -EAGAIN,
	[ORION_NOT_SUPPORTED] = -EOPNOTSUPP,
	[ORION_NO_MEMORY] = -ENOMEM,
	[ORION_NO_MAPPING] = -EFAULT,
	[ORION_NO_INTERRUPT] = -EIO,
	[ORION_PORT_INCOMPLETE] = -ENOSYS,
	[ORION_IO_ERROR] = -EIO,
	[ORION_DEVICE_UNSUPPORTED] = -EOPNOTSUPP,
	[ORION_DEVICE_REFUSED] = -EPROTO,
	[ORION_DEVICE_BROKEN] = -EAGAIN,
	[ORION_DEVICE_GONE] = -ENODEV,
	[ORION_OUTCOME_UNKNOWN] = -EIO,
	[ORION_STALE] = -ESTALE,
};

int
io_errno(orion_status status)
{
	return (unsigned)status < ORION_STATUS_COUNT ? numbers[status] : -EIO;
}

static bool
find(const struct storage_instance *instance, const void *address, size_t bytes,
     struct storage_place *place)
{
	const struct orion_disk *disk = (const struct orion_disk *)instance;

	return dma_find(&disk->memory, address, bytes, place);
}

static void
lock(struct storage_instance *instance)
{
	pthread_mutex_lock(&disk_of(instance)->lock);
}

static void
unlock(struct storage_instance *instance)
{
	pthread_mutex_unlock(&disk_of(instance)->lock);
}

static int
call_of(const struct orion_queue *queue)
{
	const struct link *link = &queue_session(queue)->link;

	return link->ops->call(link->context, queue->lane.index);
}

/* At each edge, so that nobody need read what the device's side shares with us. */
static void
joined(struct storage_lane *lane)
{
	const struct storage_instance *instance = lane->instance;
	const struct dma_arena *arena = &session_of(lane->device)->arena;
	struct epoll_event edge = {.events = EPOLLIN | EPOLLET};
	/* The end of the arena, in equal parts. */
	size_t at = arena->bytes - (disk_of(lane->instance)->options.queues - lane->index) *
					   (size_t)instance->bounce_bytes;

	lane->bounce_base = arena->base + at;
	lane->bounce_device = arena->device + at;
	epoll_ctl(queue_of(lane)->event, EPOLL_CTL_ADD, call_of(queue_of(lane)), &edge);
}

static void
leaving(struct storage_lane *lane)
{
	epoll_ctl(queue_of(lane)->event, EPOLL_CTL_DEL, call_of(queue_of(lane)), NULL);
}

static void
ended(struct storage_device *device)
{
	session_destroy(session_of(device));
}

static void
ring_event(int fd)
{
	const uint64_t one = 1;

	/* One that is full already wakes, too. */
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void
look(struct storage_instance *instance)
{
	ring_event(disk_of(instance)->wake);
}

static void
wake(struct storage_instance *instance, unsigned n)
{
	ring_event(disk_of(instance)->events[n]);
}

static uint64_t
now_ns(const struct storage_instance *instance)
{
	(void)instance;
	return port_now_ns();
}

static uint64_t
ticks(void)
{
	return arch_ticks();
}

const struct storage_home home_linux = {
	.results = numbers,
	.find = find,
	.lock = lock,
	.unlock = unlock,
	.joined = joined,
	.leaving = leaving,
	.ended = ended,
	.look = look,
	.wake = wake,
	.now_ns = now_ns,
	.ticks = ticks,
};
