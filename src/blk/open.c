/* SPDX-License-Identifier: MIT */
/*
 * From a transport to a live device, in stages, and back.
 *
 * Stages: probed (reset, negotiated, limits known) -> built (queues and their memory) -> interrupts
 * -> enabled -> live.  vblk_close() undoes all of them from whichever was reached.  [spec 3.1.1]
 */
#include "types.h"

#include "../base/memory.h"
#include "../base/num.h"

#define CACHE_LINE 64u

static orion_status
check_config(const void *memory, const struct vblk_config *config)
{
	orion_status status;

	if (memory == NULL || (uintptr_t)memory % CACHE_LINE != 0 ||
	    config->transport.ops == NULL || config->options == NULL || config->homes == NULL ||
	    config->home_count == 0 || config->home_count > VBLK_QUEUES_MAX ||
	    config->budget == NULL || config->port == NULL)
		return ORION_INVALID;
	status = orion_port_check(config->port, 0, NULL);
	if (status != ORION_OK)
		return status;
	return orion_options_check(config->options, NULL);
}

static struct vblk_device *
device_make(void *memory, const struct vblk_config *config)
{
	struct vblk_device *device = memory;
	struct virtio_device *virtio = &device->virtio;

	memset(memory, 0, VBLK_DEVICE_BYTES);
	virtio->transport = config->transport;
	virtio->port = config->port;
	virtio->port_context = config->port_context;
	virtio->dma.context = config->port_context;
	virtio->budget = config->budget;
	device->options = *config->options;
	device->piece_max = config->port->dma_bytes_max;
	device->home_count = (uint16_t)config->home_count;
	for (unsigned i = 0; i < config->home_count; i++) {
		virtio->target[i].device = virtio;
		virtio->target[i].event = config->homes[i].event;
		virtio->target[i].cpu = config->homes[i].cpu;
		virtio->target[i].vector = VIRTIO_NO_VECTOR;
	}
	return device;
}

/*
 * What to ask for: what we know, what is offered with its prerequisites, less what is unwanted.
 * When something was negotiated before, exactly that.
 */
static orion_status
choose_features(struct vblk_device *device, uint64_t before)
{
	struct virtio_device *virtio = &device->virtio;
	const struct virtio_transport *transport = &virtio->transport;
	uint64_t required = device->options.features_required;
	uint64_t usable, closed;
	orion_status status;

	virtio->offered = transport->ops->features_get(transport->context);
	virtio->wanted = vblk_features_known;
	/* Our requests are laid out as the strictest asks; it must be taken all the same. */
	if (transport->ops->legacy)
		virtio->wanted |= VIRTIO_BIT(VIRTIO_F_ANY_LAYOUT);
	else
		required |= VIRTIO_BIT(VIRTIO_F_VERSION_1);
	virtio->wanted &= ~device->options.features_off;
	if (transport->ops->queue_reset == NULL || transport->ops->queue_resetting == NULL)
		virtio->wanted &= ~VIRTIO_BIT(VIRTIO_F_RING_RESET);
	if (before != 0) {
		virtio->wanted &= before;
		required |= before;
	}
	usable = virtio->offered & virtio->wanted;
	closed = vblk_features_closed(usable);
	if (closed != usable)
		orion_virtio_report(virtio, ORION_LEVEL_WARNING, ORION_EVENT_FEATURES_DROPPED,
				    usable & ~closed, 0, 0);
	if ((closed & required) != required) {
		orion_virtio_report(virtio, ORION_LEVEL_ERROR, ORION_EVENT_FEATURES_MISSING,
				    virtio->offered, required, required & ~virtio->wanted);
		return ORION_DEVICE_REFUSED;
	}
	status =
		orion_virtio_dma_open(virtio, (closed & VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM)) != 0);
	if (status != ORION_OK)
		return status;
	return orion_virtio_negotiate(virtio, closed);
}

static void
describe(struct vblk_device *device)
{
	const struct virtio_device *virtio = &device->virtio;
	struct vblk_info *info = &device->info;

	info->legacy = virtio->transport.ops->legacy;
	info->bounces = !device->options.dma_enabled || !device->options.zero_copy_enabled;
	info->features_offered = virtio->offered;
	info->features_wanted = virtio->wanted;
	info->features_negotiated = virtio->negotiated;
	info->packed = (virtio->negotiated & VIRTIO_BIT(VIRTIO_F_RING_PACKED)) != 0;
	info->indirect = (virtio->negotiated & VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC)) != 0;
	info->event_index = (virtio->negotiated & VIRTIO_BIT(VIRTIO_F_EVENT_IDX)) != 0;
	info->queue_reset = (virtio->negotiated & VIRTIO_BIT(VIRTIO_F_RING_RESET)) != 0;
	info->in_order = (virtio->negotiated & VIRTIO_BIT(VIRTIO_F_IN_ORDER)) != 0;
}

/* What was lent to the device for its queues, and its way to memory. */
static void
take_back(struct vblk_device *device)
{
	for (unsigned i = 0; i < VBLK_QUEUES_MAX; i++) {
		if (device->queues[i] != NULL)
			orion_virtio_region_give(&device->virtio, &device->queues[i]->region);
		device->queues[i] = NULL;
	}
	orion_virtio_dma_close(&device->virtio);
}

/*
 * From a reset device to a negotiated one whose limits are known.  Nothing of what it said before
 * its reset is kept.  [spec 3.1.1]
 */
static orion_status
probe_stages(struct vblk_device *device)
{
	orion_status status = orion_virtio_reset(&device->virtio);

	if (status != ORION_OK)
		return status;
	take_back(device);
	device->info = (struct vblk_info){
		.transport = device->virtio.transport.ops->name,
		.private_bytes = device->info.private_bytes,
	};
	orion_virtio_acknowledge(&device->virtio);
	status = choose_features(device, 0);
	if (status != ORION_OK)
		return status;
	describe(device);
	status = vblk_limits_read(device, &device->info);
	if (status != ORION_OK)
		return status;
	return vblk_limits_queues(device);
}

orion_status
vblk_probe(void *memory, const struct vblk_config *config, struct vblk_device **out, size_t *bytes)
{
	struct vblk_device *device;
	orion_status status = check_config(memory, config);

	if (status != ORION_OK) {
		if (config->transport.ops != NULL)
			config->transport.ops->close(config->transport.context);
		return status;
	}
	device = device_make(memory, config);
	status = probe_stages(device);
	if (status != ORION_OK) {
		orion_virtio_fail(&device->virtio);
		orion_virtio_dma_close(&device->virtio);
		config->transport.ops->close(config->transport.context);
		device->virtio.state = VIRTIO_ABSENT;
		return status;
	}
	*bytes = device->info.queues * vblk_queue_bytes(device);
	device->info.private_bytes = VBLK_DEVICE_BYTES + *bytes;
	*out = device;
	return ORION_OK;
}

/* Enables every queue; the first that refuses its vector ends the attempt. */
static orion_status
enable_queues(struct vblk_device *device)
{
	for (uint16_t i = 0; i < device->info.queues; i++) {
		orion_status status = vblk_queue_enable(device->queues[i]);

		if (status != ORION_OK)
			return status;
	}
	return ORION_OK;
}

static orion_status
build_once(struct vblk_device *device, unsigned char *memory, size_t bytes)
{
	size_t each = vblk_queue_bytes(device);
	orion_status status = ORION_OK;

	if (device->info.queues * each > bytes)
		return ORION_DEVICE_REFUSED;
	for (uint16_t i = 0; i < device->info.queues && status == ORION_OK; i++)
		status = vblk_queue_build(device, i, memory + i * each);
	return status;
}

/* Of half the memory, and so on, if the host has none for those that are wanted. */
static orion_status
build_queues(struct vblk_device *device, unsigned char *memory, size_t bytes)
{
	orion_status status = build_once(device, memory, bytes);

	while (status == ORION_NO_MEMORY && !vblk_limits_too_large(device)) {
		device->piece_max = vblk_queue_shared_bytes(&device->info, device->ids) / 2;
		/* Memory is taken back by a reset only. */
		status = probe_stages(device);
		if (status == ORION_OK)
			status = build_once(device, memory, bytes);
	}
	return status;
}

/*
 * A device that refuses a vector is reset, since enabled queues cannot be taken back one by one,
 * and brought up again with fewer.  What it offers and is may be something else by then; only more
 * memory than it was given it cannot have.
 */
static orion_status
enable_with_interrupts(struct vblk_device *device, unsigned char *memory, size_t bytes)
{
	struct virtio_device *virtio = &device->virtio;
	orion_status status;

	orion_virtio_interrupts_attach(virtio, device->info.queues);
	while ((status = enable_queues(device)) == ORION_NO_INTERRUPT) {
		status = probe_stages(device);
		if (status == ORION_OK)
			status = build_queues(device, memory, bytes);
		if (status != ORION_OK)
			return status;
		/* After the reset, which forgets the configuration vector too. */
		if (!orion_virtio_interrupts_degrade(virtio, device->info.queues))
			return ORION_DEVICE_REFUSED;
	}
	return status;
}

/* Queues are enabled: the device may begin. */
static orion_status
go_live(struct vblk_device *device)
{
	struct virtio_device *virtio = &device->virtio;

	device->info.irq_mode = virtio->irq_mode;
	device->info.vectors = virtio->vectors;
	/* A device that was not yet driven need not have told of a new size.  [spec 2.1.2] */
	__atomic_store_n(&virtio->config_pending, 1, __ATOMIC_RELEASE);
	orion_virtio_move(virtio, VIRTIO_QUEUES);
	return orion_virtio_live(virtio);
}

orion_status
vblk_open(struct vblk_device *device, void *memory, size_t bytes)
{
	orion_status status = ORION_INVALID;

	if (device->virtio.state != VIRTIO_NEGOTIATED || device->stopped)
		return ORION_WRONG_STATE;
	if (memory != NULL && (uintptr_t)memory % CACHE_LINE == 0 &&
	    bytes >= device->info.queues * vblk_queue_bytes(device))
		status = build_queues(device, memory, bytes);
	if (status == ORION_OK)
		status = enable_with_interrupts(device, memory, bytes);
	if (status == ORION_OK)
		status = go_live(device);
	if (status != ORION_OK)
		vblk_close(device);
	return status;
}

/* From a reset device to one that is as it was when it was opened: STATUS says how far it came. */
static orion_status
come_back(struct vblk_device *device)
{
	struct virtio_device *virtio = &device->virtio;
	orion_status status;

	orion_virtio_acknowledge(virtio);
	status = choose_features(device, virtio->negotiated);
	if (status == ORION_OK)
		status = vblk_limits_keep(device);
	if (status != ORION_OK)
		return status;
	/* A reset forgets which vectors were whose. */
	orion_virtio_interrupts_detach(virtio);
	orion_virtio_interrupts_attach(virtio, device->info.queues);
	for (unsigned i = 0; i < device->info.queues; i++)
		vblk_queue_reset_ring(device->queues[i]);
	status = enable_queues(device);
	return status == ORION_OK ? go_live(device) : status;
}

orion_status
vblk_restart(struct vblk_device *device)
{
	struct virtio_device *virtio = &device->virtio;
	orion_status status;

	if (virtio->state != VIRTIO_RESET || !device->stopped)
		return ORION_WRONG_STATE;
	for (unsigned i = 0; i < device->info.queues; i++) {
		if (device->queues[i] == NULL || vblk_in_flight(device->queues[i]) != 0)
			return ORION_WRONG_STATE;
	}
	status = come_back(device);
	if (status == ORION_OK) {
		__atomic_store_n(&device->cause, VBLK_CAUSE_NONE, __ATOMIC_RELEASE);
		device->stopped = false;
		return ORION_OK;
	}
	orion_virtio_fail(virtio);
	(void)vblk_stop(device);
	return status;
}

void
vblk_close(struct vblk_device *device)
{
	struct virtio_device *virtio = &device->virtio;

	if (virtio->state == VIRTIO_ABSENT)
		return;
	/* Given up on the way up.  [spec 3.1.1] */
	if (virtio->state == VIRTIO_ACKNOWLEDGED || virtio->state == VIRTIO_NEGOTIATED ||
	    virtio->state == VIRTIO_QUEUES)
		orion_virtio_fail(virtio);
	(void)vblk_stop(device);
	orion_virtio_interrupts_detach(virtio);
	take_back(device);
	virtio->transport.ops->close(virtio->transport.context);
	orion_virtio_move(virtio, VIRTIO_ABSENT);
}

void
vblk_capacity_set(struct vblk_device *device, uint64_t sectors)
{
	arch_store64(&device->info.capacity_sectors, sectors);
	for (unsigned i = 0; i < device->info.queues; i++)
		arch_store64(&device->queues[i]->capacity, sectors);
}

/* Reads the capacity.  What could not be read is not done with: it stays pending. */
static orion_status
refresh_capacity(struct vblk_device *device, bool *changed)
{
	struct vblk_info *info = &device->info;
	uint64_t capacity = 0;
	const struct virtio_field field = {offsetof(struct virtio_blk_config, capacity), 8,
					   &capacity};
	orion_status status;

	(void)arch_exchange32(&device->virtio.config_pending, 0);
	status = orion_virtio_config_read(&device->virtio, &field, 1);
	if (status != ORION_OK) {
		__atomic_store_n(&device->virtio.config_pending, 1, __ATOMIC_RELEASE);
		return status;
	}
	capacity = vblk_capacity_usable(capacity, info->block_bytes);
	if (capacity == info->capacity_sectors)
		return ORION_OK;
	*changed = true;
	vblk_capacity_set(device, capacity);
	return ORION_OK;
}

orion_status
vblk_refresh(struct vblk_device *device, bool *changed)
{
	virtio_state state = device->virtio.state;
	bool unwanted;
	orion_status status;

	if (changed == NULL)
		changed = &unwanted;
	*changed = false;
	/* A device that does not run has nothing to tell, and is not broken for that. */
	if (state != VIRTIO_LIVE && state != VIRTIO_BROKEN && state != VIRTIO_GONE)
		return ORION_WRONG_STATE;
	status = orion_virtio_look(&device->virtio);
	if (status != ORION_OK) {
		vblk_break_all(device, status == ORION_DEVICE_GONE ? VBLK_CAUSE_GONE
								   : VBLK_CAUSE_NEEDS_RESET);
		return status;
	}
	/* Also when nothing said so: there may be no interrupts, and one may get lost. */
	return refresh_capacity(device, changed);
}
