/* SPDX-License-Identifier: MIT */
/*
 * The transport's functions: status, features, configuration and queues as vhost-user messages.
 *
 * A connection that broke reads as a device that is gone (all ones), except after a reset: once the
 * socket is dead the old device can reach none of the memory that comes next, which is what a reset
 * is for.
 */
#include "ports/linux/vhost_user/vhost_user.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define BIT(n) (UINT64_C(1) << (n))
#define STATUS_DRIVER_OK 4u
#define STATUS_FEATURES_OK 8u
#define STATUS_GONE 0xffu

/*
 * Feature bits that a socket cannot carry: dirty logging (26), protocol features (30), an IOMMU
 * (33), SR-IOV (37), data in a kick (38, 39), reset of one queue (40), administration (41).
 */
#define NOT_OVER_A_SOCKET                                                                      \
	(BIT(26) | BIT(VU_F_PROTOCOL_FEATURES) | BIT(33) | BIT(37) | BIT(38) | BIT(39) | BIT(40) | \
	 BIT(41))

/*
 * Sizes of a virtio block device's configuration, as it grew: capacity, blocks, queues,
 * write-zeroes and secure erase, zones.
 */
static const uint32_t config_sizes[] = {8, 24, 36, 60, 96};

#define SIZES (sizeof(config_sizes) / sizeof(config_sizes[0]))

/* A ring that is shorter than this limits the segments of a request more than it saves. */
#define RING_LEAST 32u

/* ---- status ---- */

static void
reset(struct vhost_user *device)
{
	bool used = false;

	for (uint32_t i = 0; i < VBLK_QUEUES_MAX; i++)
		used |= device->queues[i].enabled;
	vhost_user_stop(device);
	if (used && channel_has(&device->channel, VU_PROTOCOL_RESET_DEVICE))
		channel_set(&device->channel, VU_RESET_DEVICE, NULL, 0, NULL, 0);
	device->status = 0;
}

static void
status_set(void *context, uint8_t status)
{
	struct vhost_user *device = context;
	struct vu_channel *channel = &device->channel;
	bool features = !(device->status & STATUS_FEATURES_OK) && status & STATUS_FEATURES_OK;

	if (status == 0)
		reset(device);
	/* Some back ends acknowledge nothing before bit 30 is accepted, though REPLY_ACK is. */
	channel->acknowledges |= features && channel_has(channel, VU_PROTOCOL_REPLY_ACK);
	if (features && channel_set_number(channel, VU_SET_FEATURES,
					   device->features | BIT(VU_F_PROTOCOL_FEATURES)) != 0)
		return;
	device->status = status;
	if (channel_has(channel, VU_PROTOCOL_STATUS) &&
	    channel_set_number(channel, VU_SET_STATUS, status) == 0)
		channel_confirm(channel);
	if (status & STATUS_DRIVER_OK && channel->result == 0)
		device->ring_asked = 0;
}

static uint8_t
status_get(void *context)
{
	struct vhost_user *device = context;
	uint64_t status;

	if (device->status == 0)
		return 0;
	if (device->channel.result != 0)
		return STATUS_GONE;
	if (!channel_has(&device->channel, VU_PROTOCOL_STATUS))
		return device->status;
	if (channel_get_number(&device->channel, VU_GET_STATUS, &status) != 0)
		return STATUS_GONE;
	return (uint8_t)status;
}

static uint64_t
features_get(void *context)
{
	const struct vhost_user *device = context;

	return device->offered & ~NOT_OVER_A_SOCKET;
}

static void
features_set(void *context, uint64_t features)
{
	struct vhost_user *device = context;

	device->features = features;
}

/* ---- configuration ---- */

/* Asks for BYTES of the configuration; *REFUSED when the back end does not give as many. */
static int
fetch_config(struct vhost_user *device, uint32_t bytes, uint8_t *data, bool *refused)
{
	struct vu_config question = {.size = bytes}, answer;
	uint32_t total = VU_CONFIG_HEADER_BYTES + bytes;
	int result = channel_get(&device->channel, VU_GET_CONFIG, &question, total, &answer, total,
				 refused, NULL);

	if (result != 0 || *refused)
		return result;
	if (answer.offset != 0 || answer.size != bytes)
		return channel_fail(&device->channel, -EPROTO,
				    "the answer to GET_CONFIG tells of %u bytes at %u, not %u at 0",
				    answer.size, answer.offset, bytes);
	memcpy(data, answer.data, bytes);
	return 0;
}

/* Bytes of configuration that the features on offer give a meaning to, of those that are read. */
static uint32_t
config_needed(const struct vhost_user *device)
{
	static const struct {
		uint8_t feature, end;
	} fields[] = {{1, 12}, {2, 16}, {6, 24}, {10, 32}, {11, 33}, {12, 36}};
	uint32_t needed = 8;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (device->offered & BIT(fields[i].feature))
			needed = fields[i].end;
	}
	return needed;
}

/* The sizes by the order of trying: what is needed, then more, then less. */
static uint32_t
config_size(const struct vhost_user *device, uint32_t number)
{
	uint32_t needed = config_needed(device), first = 0;

	while (config_sizes[first] < needed)
		first++;
	return number < SIZES - first ? config_sizes[first + number]
				      : config_sizes[SIZES - 1 - number];
}

static uint32_t
config_bytes(void *context)
{
	struct vhost_user *device = context;
	uint8_t *number = &device->wish.notes[NOTE_CONFIG];
	bool refused = true;

	for (uint32_t i = 0; device->config_bytes == 0 && refused && i < SIZES; i++) {
		uint32_t bytes = config_size(device, *number);

		device->config_asked = true;
		if (fetch_config(device, bytes, device->config, &refused) != 0)
			return 0;
		if (!refused)
			device->config_bytes = bytes;
		else
			*number = (uint8_t)((*number + 1) % SIZES);
	}
	device->config_asked = false;
	if (refused && device->config_bytes == 0)
		channel_fail(&device->channel, -EPROTO,
			     "the back end refuses to tell its configuration, in every size that "
			     "there is");
	return device->config_bytes;
}

/*
 * Fetched anew each time: the number changes when bytes do that were read since the last time.
 * Others mean nothing to us, and may hold anything.
 */
static uint32_t
config_generation(void *context)
{
	struct vhost_user *device = context;
	uint8_t fresh[VU_CONFIG_BYTES_MAX];
	bool refused = false, changed = false;

	if (fetch_config(device, device->config_bytes, fresh, &refused) == 0 && !refused) {
		for (uint32_t i = 0; i < device->config_bytes; i++)
			changed |= device->config_used[i] && fresh[i] != device->config[i];
		memcpy(device->config, fresh, device->config_bytes);
		device->config_generation += changed;
	}
	memset(device->config_used, 0, sizeof(device->config_used));
	return device->config_generation;
}

static uint32_t
config_read(void *context, uint32_t offset, unsigned width)
{
	struct vhost_user *device = context;
	uint32_t value = 0;

	for (unsigned i = 0; i < width && offset + i < device->config_bytes; i++) {
		value |= (uint32_t)device->config[offset + i] << 8 * i;
		device->config_used[offset + i] = true;
	}
	return value;
}

static void
config_write(void *context, uint32_t offset, unsigned width, uint32_t value)
{
	struct vhost_user *device = context;
	struct vu_config change = {.offset = offset, .size = width};

	for (unsigned i = 0; i < width; i++)
		change.data[i] = (uint8_t)(value >> 8 * i);
	channel_set(&device->channel, VU_SET_CONFIG, &change, VU_CONFIG_HEADER_BYTES + width, NULL,
		    0);
}

/* ---- queues ---- */

static uint16_t
queue_count(void *context)
{
	const struct vhost_user *device = context;

	return (uint16_t)device->queues_max;
}

/*
 * A longer ring than needed may be refused.  With indirect tables a request takes one descriptor;
 * what it takes without them the core knows.
 */
static uint16_t
queue_size_max(void *context, uint16_t queue)
{
	const struct vhost_user *device = context;
	uint32_t size = RING_LEAST;

	if (queue >= device->queues_max)
		return 0;
	if (device->wish.ring != 0)
		return device->wish.ring;
	if (!(device->features & BIT(28)))
		return LINK_RING_MAX;
	while (size < device->wish.depth)
		size *= 2;
	return (uint16_t)size;
}

static int
set_vring(struct vhost_user *device, unsigned request, uint32_t index, uint32_t number)
{
	struct vu_vring_state state = {index, number};

	return channel_set(&device->channel, request, &state, sizeof(state), NULL, 0);
}

static int
set_vring_fd(struct vhost_user *device, unsigned request, uint64_t index, int fd)
{
	return channel_set(&device->channel, request, &index, sizeof(index), &fd, 1);
}

/* Where a fresh ring stands: a packed one begins with both wrap counters set. */
static uint32_t
first_base(const struct vhost_user *device)
{
	return device->features & BIT(34) ? UINT32_C(0x80008000) : 0;
}

static int
start_ring(struct vhost_user *device, uint32_t index, uint32_t base)
{
	const struct vhost_user_queue *queue = &device->queues[index];
	const struct virtio_queue_setup *setup = &queue->setup;
	struct vu_vring_address address = {
		.index = index,
		.descriptor = setup->descriptor_area,
		.available = setup->driver_area,
		.used = setup->device_area,
	};
	int result;

	device->ring_asked = setup->size;
	result = set_vring(device, VU_SET_VRING_NUM, index, setup->size);
	if (result == 0)
		result = set_vring(device, VU_SET_VRING_BASE, index, base);
	if (result == 0)
		result = channel_set(&device->channel, VU_SET_VRING_ADDR, &address, sizeof(address),
				     NULL, 0);
	if (result == 0)
		result = set_vring_fd(device, VU_SET_VRING_ERR, index, device->error);
	if (result == 0)
		result = set_vring_fd(device, VU_SET_VRING_CALL, index, queue->call);
	if (result == 0)
		result = set_vring_fd(device, VU_SET_VRING_KICK, index, queue->kick);
	if (result == 0)
		result = set_vring(device, VU_SET_VRING_ENABLE, index, 1);
	return result == 0 ? channel_confirm(&device->channel) : result;
}

static orion_status
queue_enable(void *context, uint16_t index, const struct virtio_queue_setup *setup,
	     struct virtio_doorbell *doorbell)
{
	struct vhost_user *device = context;
	int result = vhost_user_tell_memory(device);

	device->queues[index].setup = *setup;
	if (result == 0)
		result = start_ring(device, index, first_base(device));
	if (result != 0)
		return ORION_DEVICE_REFUSED;
	device->queues[index].enabled = true;
	device->queues[index].vector = setup->vector;
	*doorbell = (struct virtio_doorbell){NULL, index, 0, false};
	return ORION_OK;
}

static void
notify(void *context, uint16_t queue, uint32_t value)
{
	const struct vhost_user *device = context;
	uint64_t one = 1;

	(void)value;
	/* Full means that the back end has been told already. */
	if (write(device->queues[queue].kick, &one, sizeof(one)) < 0)
		return;
}

/*
 * Rings QUEUE's doorbell, unless it is full: one that was made to block would hold up whoever waits
 * for the exchange, and so the monitor, who alone can free it.
 */
static void
notify_gently(struct vhost_user *device, uint16_t queue)
{
	struct pollfd one = {device->queues[queue].kick, POLLOUT, 0};

	if (poll(&one, 1, 0) > 0 && one.revents & POLLOUT)
		notify(device, queue, 0);
}

int
vhost_user_pause(struct vhost_user *device)
{
	int result = 0;

	for (uint32_t i = 0; i < VBLK_QUEUES_MAX && result == 0; i++) {
		struct vu_vring_state state = {i, 0}, answer = {0, 0};

		if (!device->queues[i].enabled)
			continue;
		result = channel_get(&device->channel, VU_GET_VRING_BASE, &state, sizeof(state),
				     &answer, sizeof(answer), NULL, NULL);
		device->queues[i].base = answer.number;
		device->queues[i].paused = result == 0;
	}
	return result;
}

int
vhost_user_resume(struct vhost_user *device)
{
	int result = 0;

	for (uint32_t i = 0; i < VBLK_QUEUES_MAX && result == 0; i++) {
		if (!device->queues[i].paused)
			continue;
		device->queues[i].paused = false;
		result = start_ring(device, i, device->queues[i].base);
		/* What was kicked for meanwhile had no effect. */
		notify_gently(device, (uint16_t)i);
	}
	device->ring_asked = 0;
	return result;
}

/* ---- interrupts ---- */

static uint16_t
vector_count(void *context)
{
	const struct vhost_user *device = context;

	return (uint16_t)(device->queues_max + 1);
}

static orion_status
vector_attach(void *context, uint16_t vector, uint16_t cpu, orion_irq_handler *handler,
	      void *argument)
{
	struct vhost_user *device = context;

	(void)cpu;
	if (vector > VBLK_QUEUES_MAX)
		return ORION_NO_INTERRUPT;
	device->vectors[vector] = (struct vhost_user_vector){handler, argument};
	return ORION_OK;
}

static void
vector_detach(void *context, uint16_t vector)
{
	struct vhost_user *device = context;

	device->vectors[vector] = (struct vhost_user_vector){NULL, NULL};
}

static orion_status
config_vector(void *context, uint16_t vector)
{
	(void)context;
	return vector == 0 ? ORION_OK : ORION_NO_INTERRUPT;
}

static orion_status
line_attach(void *context, orion_irq_handler *handler, void *argument)
{
	(void)context;
	(void)handler;
	(void)argument;
	return ORION_NO_INTERRUPT;
}

static void
line_detach(void *context)
{
	(void)context;
}

static uint8_t
isr_read(void *context)
{
	(void)context;
	return 0;
}

/* ---- learning what a back end takes ---- */

/* Whether the connection ended because the back end ended it. */
static bool
broke_off(const struct vu_channel *channel)
{
	return channel->result == -ECONNRESET || channel->result == -EPIPE;
}

/* A back end that only died says no more of a set-up that worked before than: try again. */
static bool
may_have_died(const struct vhost_user *device, struct link_wish *wish)
{
	uint8_t *notes = wish->notes;

	return broke_off(&device->channel) && notes[NOTE_WORKED] && ++notes[NOTE_BREAKS] < 3;
}

bool
vhost_user_ask_less(const struct vhost_user *device, struct link_wish *wish)
{
	unsigned half = device->ring_asked / 2u, size = LINK_RING_MIN;

	if (!device->channel.refused && !broke_off(&device->channel))
		return false;
	if (device->ring_asked == 0 && !device->config_asked)
		return false;
	if (may_have_died(device, wish))
		return false;
	wish->notes[NOTE_BREAKS] = 0;
	wish->notes[NOTE_WORKED] = false;
	if (device->config_asked) {
		uint8_t next = (uint8_t)((device->wish.notes[NOTE_CONFIG] + 1) % SIZES);

		wish->notes[NOTE_CONFIG] = next;
		return next != 0;
	}
	if (half < size)
		return false;
	while (size * 2 <= half)
		size *= 2;
	wish->ring = (uint16_t)size;
	return true;
}

void
vhost_user_learn(const struct vhost_user *device, struct link_wish *wish)
{
	*wish = device->wish;
	wish->notes[NOTE_WORKED] = true;
	wish->notes[NOTE_BREAKS] = 0;
}

/* ---- all of it ---- */

static void
close_transport(void *context)
{
	vhost_user_close(context);
}

struct virtio_transport
vhost_user_transport(struct vhost_user *device)
{
	static const struct virtio_transport_ops all = {
		.name = "vhost-user",
		.status_get = status_get,
		.status_set = status_set,
		.features_get = features_get,
		.features_set = features_set,
		.config_bytes = config_bytes,
		.config_read = config_read,
		.config_write = config_write,
		.config_generation = config_generation,
		.queue_count = queue_count,
		.queue_size_max = queue_size_max,
		.queue_enable = queue_enable,
		.vector_count = vector_count,
		.vector_attach = vector_attach,
		.vector_detach = vector_detach,
		.config_vector = config_vector,
		.line_attach = line_attach,
		.line_detach = line_detach,
		.isr_read = isr_read,
		.notify = notify,
		.close = close_transport,
	};

	device->ops = all;
	device->ops.size_fixed = device->wish.ring != 0;
	return (struct virtio_transport){&device->ops, device};
}
