/* SPDX-License-Identifier: MIT */
/* The table of devices (Device Manager).  The manual is include/orion/manager.h. */
#include "orion/manager.h"

#include "../base/memory.h"

#define NO_FUNCTION UINT32_MAX

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

static struct manager_device *
slot_free(struct manager *manager)
{
	for (unsigned i = 0; i < manager->options.device_max_count; i++) {
		if (manager->devices[i].device == NULL)
			return &manager->devices[i];
	}
	return NULL;
}

static bool
take(struct manager *manager, struct manager_device *slot, unsigned which, size_t bytes)
{
	slot->memory[which] = manager->memory_take(manager->port_context, bytes);
	slot->bytes[which] = slot->memory[which] != NULL ? bytes : 0;
	return slot->memory[which] != NULL;
}

static void
give_all(struct manager *manager, struct manager_device *slot)
{
	for (unsigned i = 0; i < 2; i++) {
		if (slot->memory[i] != NULL)
			manager->memory_give(manager->port_context, slot->memory[i],
					     slot->bytes[i]);
		slot->memory[i] = NULL;
	}
	slot->device = NULL;
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
attach(struct manager *manager, struct manager_device *slot, struct virtio_transport transport,
       unsigned *index)
{
	orion_status status = bring_up(manager, slot, transport);

	if (status != ORION_OK) {
		give_all(manager, slot);
		return status;
	}
	*index = (unsigned)(slot - manager->devices);
	return ORION_OK;
}

orion_status
orion_manager_attach(struct manager *manager, struct virtio_transport transport, unsigned *index)
{
	struct manager_device *slot = slot_free(manager);

	if (slot == NULL) {
		transport.ops->close(transport.context);
		return ORION_TOO_LARGE;
	}
	slot->pci_function = NO_FUNCTION;
	return attach(manager, slot, transport, index);
}

orion_status
orion_manager_attach_pci(struct manager *manager, uint32_t function, unsigned *index)
{
	struct manager_device *slot = slot_free(manager);
	struct virtio_transport transport;
	orion_status status;

	if (slot == NULL)
		return ORION_TOO_LARGE;
	status = orion_virtio_pci_open(&slot->pci, manager->port, manager->port_context, function,
				       &transport);
	if (status != ORION_OK)
		return status;
	slot->pci_function = function;
	return attach(manager, slot, transport, index);
}

orion_status
orion_manager_attach_mmio(struct manager *manager, uint64_t address, size_t bytes, uint32_t line,
			  unsigned *index)
{
	struct manager_device *slot = slot_free(manager);
	struct virtio_transport transport;
	orion_status status;

	if (slot == NULL)
		return ORION_TOO_LARGE;
	status = orion_virtio_mmio_open(&slot->mmio, manager->port, manager->port_context, address,
					bytes, line, &transport);
	if (status != ORION_OK)
		return status;
	slot->pci_function = NO_FUNCTION;
	return attach(manager, slot, transport, index);
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

orion_status
orion_manager_detach(struct manager *manager, unsigned index, bool force)
{
	struct manager_device *slot;

	if (index >= MANAGER_DEVICES_MAX || manager->devices[index].device == NULL)
		return ORION_NOT_FOUND;
	slot = &manager->devices[index];
	if (!force && is_busy(slot->device))
		return ORION_BUSY;
	vblk_close(slot->device);
	give_all(manager, slot);
	return ORION_OK;
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
