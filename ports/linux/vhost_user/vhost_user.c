/* SPDX-License-Identifier: MIT */
/* Opening a vhost-user back end, stopping it, its memory.  The manual is vhost_user.h. */
#include "ports/linux/vhost_user/vhost_user.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define BIT(n) (UINT64_C(1) << (n))
#define LISTEN_MAX 64           /* messages of a back end at one go */

#define RESERVE_BYTES ((size_t)64 << 20)

/* What we have a use for; not the back end's own record of what is in flight: see decision 0023. */
#define PROTOCOL_KNOWN                                                                         \
	(BIT(VU_PROTOCOL_MQ) | BIT(VU_PROTOCOL_REPLY_ACK) | BIT(VU_PROTOCOL_BACKEND_REQ) |     \
	 BIT(VU_PROTOCOL_CONFIG) | BIT(VU_PROTOCOL_RESET_DEVICE) |                             \
	 BIT(VU_PROTOCOL_CONFIGURE_MEM_SLOTS) | BIT(VU_PROTOCOL_STATUS))

/* The file FD opened once more, -1: it could not be. */
static int
open_again(int fd)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	return open(name, O_RDWR | O_CLOEXEC);
}

/* Remembers who listens at the socket. */
static void
learn_peer(struct vhost_user *device)
{
	struct ucred peer = {0, 0, 0};
	socklen_t length = sizeof(peer);

	if (getsockopt(device->channel.fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
		return;
	device->pid = peer.pid;
	if (peer.pid > 0)
		device->pid_fd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
}

/* ---- negotiation ---- */

static int
negotiate_protocol(struct vhost_user *device)
{
	struct vu_channel *channel = &device->channel;
	uint64_t offered, chosen;
	int result = channel_get_number(channel, VU_GET_PROTOCOL_FEATURES, &offered);

	if (result != 0)
		return result;
	chosen = offered & PROTOCOL_KNOWN;
	if (!(chosen & BIT(VU_PROTOCOL_CONFIG)))
		return channel_fail(channel, -EOPNOTSUPP,
				    "the back end lacks the protocol feature CONFIG: without it "
				    "the size of its disk can't be learned");
	result = channel_set_number(channel, VU_SET_PROTOCOL_FEATURES, chosen);
	channel->protocol = chosen;
	return result;
}

static int
learn_limits(struct vhost_user *device)
{
	struct vu_channel *channel = &device->channel;
	int result = 0;

	device->queues_max = 1;
	device->slots = VU_TABLE_REGIONS;
	if (channel_has(channel, VU_PROTOCOL_MQ))
		result = channel_get_number(channel, VU_GET_QUEUE_NUM, &device->queues_max);
	if (result == 0 && device->queues_max == 0)
		result = channel_fail(channel, -EPROTO, "the back end says that it has no queues");
	if (device->queues_max > device->wish.queues)
		device->queues_max = device->wish.queues;
	if (result == 0 && channel_has(channel, VU_PROTOCOL_CONFIGURE_MEM_SLOTS))
		result = channel_get_number(channel, VU_GET_MAX_MEM_SLOTS, &device->slots);
	if (result == 0 && device->slots == 0)
		result = channel_fail(channel, -EPROTO,
				      "the back end says that it takes no memory at all");
	return result;
}

/* A socket pair by which the back end can send requests of its own. */
static int
open_backend_channel(struct vhost_user *device)
{
	int pair[2], result;

	if (!channel_has(&device->channel, VU_PROTOCOL_BACKEND_REQ))
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return channel_fail(&device->channel, -errno, "socketpair: %s", strerror(errno));
	result = channel_set(&device->channel, VU_SET_BACKEND_REQ_FD, NULL, 0, &pair[1], 1);
	close(pair[1]);
	device->backend = pair[0];
	return result;
}

/* Fresh ones: a back end of another connection may still have its own. */
static int
open_eventfds(struct vhost_user *device)
{
	device->error = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	for (unsigned i = 0; i < device->queues_max; i++) {
		device->queues[i].call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		device->queues[i].kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (device->queues[i].call < 0 || device->queues[i].kick < 0 || device->error < 0)
			return channel_fail(&device->channel, -errno, "eventfd: %s",
					    strerror(errno));
	}
	return 0;
}

int
vhost_user_open(struct vhost_user *device, const struct link_opening *opening)
{
	struct vu_channel *channel = &device->channel;
	int result;

	*device = (struct vhost_user){.wish = *opening->wish,
				      .memory = opening->memory,
				      .arena = *opening->arena,
				      .backend = -1,
				      .error = -1,
				      .pid_fd = -1};
	for (unsigned i = 0; i < VBLK_QUEUES_MAX; i++)
		device->queues[i].kick = device->queues[i].call = -1;
	device->lease = open_again(device->arena.fd);
	result = channel_open(channel, opening->path, opening->patience_ms, opening->cancel);
	if (result == 0)
		learn_peer(device);
	if (result == 0)
		result = channel_get_number(channel, VU_GET_FEATURES, &device->offered);
	if (result == 0 && !(device->offered & BIT(VU_F_PROTOCOL_FEATURES)))
		result = channel_fail(channel, -EOPNOTSUPP,
				      "the back end does not negotiate protocol features: without "
				      "CONFIG the size of its disk can't be learned");
	if (result == 0)
		result = negotiate_protocol(device);
	if (result == 0)
		result = channel_set(channel, VU_SET_OWNER, NULL, 0, NULL, 0);
	if (result == 0)
		result = learn_limits(device);
	if (result == 0)
		result = open_backend_channel(device);
	if (result == 0)
		result = open_eventfds(device);
	if (result != 0)
		vhost_user_close(device);
	return result;
}

static void
close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
vhost_user_close(struct vhost_user *device)
{
	channel_close(&device->channel);
	close_one(&device->backend);
	close_one(&device->error);
	close_one(&device->lease);
	close_one(&device->pid_fd);
	for (unsigned i = 0; i < VBLK_QUEUES_MAX; i++) {
		close_one(&device->queues[i].kick);
		close_one(&device->queues[i].call);
		device->queues[i].enabled = false;
	}
}

/* ---- is it there, has it stopped? ---- */

int
vhost_user_stop(struct vhost_user *device)
{
	for (uint32_t i = 0; i < VBLK_QUEUES_MAX; i++) {
		struct vu_vring_state state = {i, 0}, answer;

		if (!device->queues[i].enabled)
			continue;
		device->queues[i].enabled = false;
		channel_get(&device->channel, VU_GET_VRING_BASE, &state, sizeof(state), &answer,
			    sizeof(answer), NULL, NULL);
	}
	return device->channel.result;
}

int
vhost_user_lets_go(const struct vhost_user *device)
{
	if (device->lent_the_same)
		return -ENOTSUP;
	if (!device->told_memory)
		return 1;
	/*
	 * The kernel grants a lease for writing only to the last that has a file open, and does not
	 * count the first of a memfd, which is ours.
	 */
	if (fcntl(device->lease, F_SETLEASE, F_WRLCK) != 0)
		return errno == EAGAIN ? 0 : -errno;
	fcntl(device->lease, F_SETLEASE, F_UNLCK);
	return 1;
}

void
vhost_user_give_up(struct vhost_user *device, bool ask)
{
	if (ask)
		device->drained = vhost_user_stop(device) == 0;
	/* Our half only: that the other one ends is a part of the evidence. */
	shutdown(device->channel.fd, SHUT_WR);
	channel_fail(&device->channel, -ENOTCONN, "the connection is lost");
}

/* Something happened at FD, without waiting. */
static bool
happened(int fd, short events)
{
	struct pollfd one = {fd, events, 0};

	return fd >= 0 && poll(&one, 1, 0) > 0 && one.revents & (events | POLLHUP);
}

bool
vhost_user_stopped(const struct vhost_user *device, bool patient, const struct vhost_user *next)
{
	int lets_go = vhost_user_lets_go(device);

	/* Whoever holds nothing of the memory has nothing left to complete there. */
	if (lets_go > 0 || (lets_go < 0 && happened(device->pid_fd, POLLIN)))
		return true;
	/* It said that it stopped, or serves us again: with the memory held that takes patience. */
	return (lets_go < 0 || patient) && happened(device->channel.fd, POLLHUP) &&
	       (device->drained || (next != NULL && device->pid > 0 && device->pid == next->pid));
}

/* Empties an eventfd whose count is not 0.  A plain read could wait, should a rival be faster. */
static void
empty(int fd)
{
	uint64_t count;
	struct iovec room = {&count, sizeof(count)};

	if (preadv2(fd, &room, 1, -1, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP) {
		fcntl(fd, F_SETFL, O_NONBLOCK);
		if (read(fd, &count, sizeof(count)) < 0)
			return;
	}
}

bool
vhost_user_free_doorbells(const struct vhost_user *device)
{
	bool filled = false;

	for (unsigned i = 0; i < device->queues_max; i++) {
		struct pollfd one = {device->queues[i].kick, POLLOUT, 0};

		/* Full, and as we made it, holds up nobody. */
		if (one.fd < 0 || poll(&one, 1, 0) < 0 || one.revents & POLLOUT ||
		    fcntl(one.fd, F_GETFL) & O_NONBLOCK)
			continue;
		filled = true;
		empty(one.fd);
	}
	return filled;
}

/* ---- memory ---- */

static struct vu_region
describe(uint64_t device, uint64_t bytes, uint64_t offset)
{
	/* Rings are named by addresses of ours: those are the device addresses, too. */
	return (struct vu_region){device, bytes, device, offset};
}

static unsigned
count_regions(const struct dma *memory)
{
	unsigned count = 1;

	for (unsigned i = 0; i < DMA_REGIONS_MAX; i++)
		count += memory->regions[i].bytes != 0;
	return count;
}

/*
 * The arena opened once more, for the back end alone: its descriptors and mappings can then be told
 * from ours.  Falls back to ours.
 */
static int
lend_arena(struct vhost_user *device)
{
	int fd = open_again(device->arena.fd);

	if (fd >= 0)
		return fd;
	device->lent_the_same = true;
	return fcntl(device->arena.fd, F_DUPFD_CLOEXEC, 0);
}

/* The table but for the region GOES, which may be NULL. */
static int
send_table(struct vhost_user *device, const struct dma_region *goes)
{
	const struct dma *memory = device->memory;
	struct vu_table table = {.count = 1};
	int fds[VU_TABLE_REGIONS] = {lend_arena(device)}, result;

	if (fds[0] < 0)
		return channel_fail(&device->channel, -errno, "open: %s", strerror(errno));
	table.regions[0] = describe(device->arena.device, device->arena.bytes, 0);
	for (unsigned i = 0; i < DMA_REGIONS_MAX && table.count < VU_TABLE_REGIONS; i++) {
		const struct dma_region *region = &memory->regions[i];

		if (region->bytes == 0 || region == goes)
			continue;
		fds[table.count] = region->fd;
		table.regions[table.count++] =
			describe(region->device, region->bytes, region->fd_offset);
	}
	result = channel_set(&device->channel, VU_SET_MEM_TABLE, &table,
			     (uint32_t)(offsetof(struct vu_table, regions) +
					table.count * sizeof(struct vu_region)),
			     fds, table.count);
	close(fds[0]);
	return result;
}

static int
send_region(struct vhost_user *device, unsigned request, struct vu_region region, int fd)
{
	struct vu_one_region one = {0, region};

	return channel_set(&device->channel, request, &one, sizeof(one), &fd, 1);
}

static int
send_regions(struct vhost_user *device)
{
	const struct dma *memory = device->memory;
	int fd = lend_arena(device), result;

	if (fd < 0)
		return channel_fail(&device->channel, -errno, "open: %s", strerror(errno));
	result = send_region(device, VU_ADD_MEM_REG,
			     describe(device->arena.device, device->arena.bytes, 0), fd);
	close(fd);
	for (unsigned i = 0; i < DMA_REGIONS_MAX && result == 0; i++) {
		const struct dma_region *region = &memory->regions[i];

		if (region->bytes != 0)
			result = send_region(
				device, VU_ADD_MEM_REG,
				describe(region->device, region->bytes, region->fd_offset),
				region->fd);
	}
	return result;
}

/*
 * A table can't grow while requests are in flight: memory for the program is lent beforehand.  What
 * is not used costs nothing.
 */
static void
lend_reserve(struct vhost_user *device)
{
	struct dma_region *region;

	if (channel_has(&device->channel, VU_PROTOCOL_CONFIGURE_MEM_SLOTS) ||
	    device->memory->pool_bytes != 0)
		return;
	/* No owner has followed yet who could find it before the back end was told. */
	if (dma_pool_add(device->memory, RESERVE_BYTES, &region) == 0)
		dma_show(region);
}

int
vhost_user_tell_memory(struct vhost_user *device)
{
	struct vu_channel *channel = &device->channel;

	if (device->told_memory)
		return channel->result;
	lend_reserve(device);
	if (count_regions(device->memory) > device->slots)
		return channel_fail(
			channel, -ENOSPC, "the back end takes %llu memory regions, %u are needed",
			(unsigned long long)device->slots, count_regions(device->memory));
	device->told_memory = true;
	return channel_has(channel, VU_PROTOCOL_CONFIGURE_MEM_SLOTS) ? send_regions(device)
								     : send_table(device, NULL);
}

/*
 * A back end that carries out requests while its table is replaced would lose the ground under its
 * feet.  Owners submit at any time, so a look at what is in flight is not enough: rings are paused,
 * and looked at again, since what was taken just before may not have been waited for.
 */
static int
replace_table(struct vhost_user *device, const struct dma_region *goes, link_idle *idle,
	      const void *context)
{
	int result, resumed;

	if (!idle(context))
		return -EBUSY;
	result = vhost_user_pause(device);
	if (result == 0)
		result = idle(context) ? send_table(device, goes) : -EBUSY;
	resumed = vhost_user_resume(device);
	return result != 0 ? result : resumed;
}

int
vhost_user_add_region(struct vhost_user *device, const struct dma_region *region, link_idle *idle,
		      const void *context)
{
	int result;

	if (!device->told_memory)
		return 0;
	/* Counted with the new one. */
	if (count_regions(device->memory) > device->slots)
		return -ENOSPC;
	if (channel_has(&device->channel, VU_PROTOCOL_CONFIGURE_MEM_SLOTS))
		result = send_region(device, VU_ADD_MEM_REG,
				     describe(region->device, region->bytes, region->fd_offset),
				     region->fd);
	else
		result = replace_table(device, NULL, idle, context);
	return result == 0 ? channel_confirm(&device->channel) : result;
}

int
vhost_user_remove_region(struct vhost_user *device, const struct dma_region *region,
			 link_idle *idle, const void *context)
{
	int result;

	if (!device->told_memory)
		return 0;
	if (channel_has(&device->channel, VU_PROTOCOL_CONFIGURE_MEM_SLOTS))
		result = send_region(device, VU_REM_MEM_REG,
				     describe(region->device, region->bytes, region->fd_offset),
				     region->fd);
	else
		result = replace_table(device, region, idle, context);
	return result == 0 ? channel_confirm(&device->channel) : result;
}

/* ---- what the back end tells by itself ---- */

void
vhost_user_interrupt(struct vhost_user *device, unsigned queue)
{
	uint16_t vector = device->queues[queue].vector;

	if (vector <= VBLK_QUEUES_MAX && device->vectors[vector].handler != NULL)
		device->vectors[vector].handler(device->vectors[vector].argument);
}

int
vhost_user_listen(struct vhost_user *device)
{
	for (int count = 0;; count++) {
		int request = channel_backend_request(device->backend, &device->inbox);

		if (request == VU_BACKEND_CONFIG_CHANGE_MSG && device->vectors[0].handler != NULL)
			device->vectors[0].handler(device->vectors[0].argument);
		if (request <= 0 || count == LISTEN_MAX)
			return request < 0 ? request : count;
	}
}
