/* SPDX-License-Identifier: MIT */
/* The table of devices (Device Manager).  The manual is include/orion/manager.h. */
#include "orion/manager.h"

#include "../base/memory.h"

orion_status
orion_manager_init(struct manager *manager, const struct manager_config *config,
		   const struct orion_option **wrong)
{
	orion_status status;

	if (config->home_count == 0 || config->home_count > VBLK_QUEUES_MAX ||
	    config->memory_take == NULL || config->memory_give == NULL)
		return ORION_INVALID;
	status = orion_port_check(config->port, 0, NULL);
	if (status != ORION_OK)
		return status;
	status = orion_options_check(config->options, wrong);
	if (status != ORION_OK)
		return status;

	memset(manager, 0, sizeof(*manager));
	manager->port = config->port;
	manager->port_context = config->port_context;
	manager->options = *config->options;
	manager->home_count = config->home_count;
	memcpy(manager->homes, config->homes, config->home_count * sizeof(config->homes[0]));
	manager->memory_take = config->memory_take;
	manager->memory_give = config->memory_give;
	manager->budget.limit = config->options->shared_memory_size;
	return ORION_OK;
}

static bool
is_same(const struct manager_place *a, const struct manager_place *b)
{
	return a->open == b->open && a->context == b->context && a->address == b->address;
}

bool
orion_manager_find(const struct manager *manager, const struct manager_place *place,
		   unsigned *index)
{
	for (unsigned i = 0; i < MANAGER_DEVICES_MAX; i++) {
		if (manager->devices[i].place.open != NULL &&
		    is_same(&manager->devices[i].place, place)) {
			*index = i;
			return true;
		}
	}
	return false;
}

static struct manager_device *
slot_free(struct manager *manager)
{
	for (unsigned i = 0; i < manager->options.device_max_count; i++) {
		if (manager->devices[i].place.open == NULL)
			return &manager->devices[i];
	}
	return NULL;
}

static void
give(struct manager *manager, struct manager_device *slot, unsigned which)
{
	if (slot->memory[which] != NULL)
		manager->memory_give(manager->port_context, slot->memory[which],
				     slot->bytes[which]);
	slot->memory[which] = NULL;
	slot->bytes[which] = 0;
}

/* BYTES of memory WHICH; what is there already will do. */
static bool
take(struct manager *manager, struct manager_device *slot, unsigned which, size_t bytes)
{
	if (slot->memory[which] != NULL && slot->bytes[which] >= bytes)
		return true;
	give(manager, slot, which);
	slot->memory[which] = manager->memory_take(manager->port_context, bytes);
	slot->bytes[which] = slot->memory[which] != NULL ? bytes : 0;
	return slot->memory[which] != NULL;
}

static void
forget(struct manager *manager, struct manager_device *slot)
{
	give(manager, slot, 0);
	give(manager, slot, 1);
	slot->place.open = NULL;
}

/* Probes and opens; the transport is closed on every failure. */
static orion_status
bring_up(struct manager *manager, struct manager_device *slot, struct virtio_transport transport)
{
	struct vblk_config config = {
		.transport = transport,
		.port = manager->port,
		.port_context = manager->port_context,
		.options = &manager->options,
		.homes = manager->homes,
		.home_count = manager->home_count,
		.budget = &manager->budget,
	};
	struct vblk_device *device;
	orion_status status;
	size_t bytes;

	if (!take(manager, slot, 0, VBLK_DEVICE_BYTES)) {
		transport.ops->close(transport.context);
		return ORION_NO_MEMORY;
	}
	status = vblk_probe(slot->memory[0], &config, &device, &bytes);
	if (status != ORION_OK)
		return status;
	if (!take(manager, slot, 1, bytes)) {
		vblk_close(device);
		return ORION_NO_MEMORY;
	}
	status = vblk_open(device, slot->memory[1], bytes);
	if (status == ORION_OK)
		slot->device = device;
	return status;
}

static orion_status
open_place(struct manager *manager, struct manager_device *slot)
{
	struct virtio_transport transport;
	orion_status status = slot->place.open(&slot->place, manager->port, manager->port_context,
					       &slot->transport, &transport);

	return status == ORION_OK ? bring_up(manager, slot, transport) : status;
}

orion_status
orion_manager_attach(struct manager *manager, const struct manager_place *place, unsigned *index)
{
	struct manager_device *slot;
	orion_status status;
	unsigned known;

	if (orion_manager_find(manager, place, &known)) {
		if (manager->devices[known].device != NULL)
			return ORION_BUSY;
		*index = known;
		return open_place(manager, &manager->devices[known]);
	}
	slot = slot_free(manager);
	if (slot == NULL)
		return ORION_TOO_LARGE;
	slot->place = *place;
	status = open_place(manager, slot);
	if (status != ORION_OK) {
		forget(manager, slot);
		return status;
	}
	*index = (unsigned)(slot - manager->devices);
	return ORION_OK;
}

static bool
is_busy(struct vblk_device *device)
{
	for (unsigned i = 0; i < vblk_info(device)->queues; i++) {
		if (vblk_in_flight(vblk_queue_get(device, i)) > 0)
			return true;
	}
	return false;
}

/* Closes the device in SLOT, if there is one. */
static orion_status
close_device(struct manager_device *slot, bool force)
{
	if (slot->device == NULL)
		return ORION_OK;
	if (!force && is_busy(slot->device))
		return ORION_BUSY;
	vblk_close(slot->device);
	slot->device = NULL;
	return ORION_OK;
}

static struct manager_device *
slot_at(struct manager *manager, unsigned index)
{
	if (index >= MANAGER_DEVICES_MAX || manager->devices[index].place.open == NULL)
		return NULL;
	return &manager->devices[index];
}

orion_status
orion_manager_remove(struct manager *manager, unsigned index, bool force)
{
	struct manager_device *slot = slot_at(manager, index);

	return slot == NULL || slot->device == NULL ? ORION_NOT_FOUND : close_device(slot, force);
}

orion_status
orion_manager_reattach(struct manager *manager, unsigned index, bool force)
{
	struct manager_device *slot = slot_at(manager, index);
	orion_status status = slot == NULL ? ORION_NOT_FOUND : close_device(slot, force);

	return status == ORION_OK ? open_place(manager, slot) : status;
}

orion_status
orion_manager_detach(struct manager *manager, unsigned index, bool force)
{
	struct manager_device *slot = slot_at(manager, index);
	orion_status status = slot == NULL ? ORION_NOT_FOUND : close_device(slot, force);

	if (status == ORION_OK)
		forget(manager, slot);
	return status;
}

struct vblk_device *
orion_manager_device_get(const struct manager *manager, unsigned index)
{
	return index < MANAGER_DEVICES_MAX ? manager->devices[index].device : NULL;
}

unsigned
orion_manager_count(const struct manager *manager)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MANAGER_DEVICES_MAX; i++)
		count += manager->devices[i].device != NULL;
	return count;
}
