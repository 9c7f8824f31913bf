/* SPDX-License-Identifier: MIT */
/* The places that the core can open by itself; what a host does not name is not linked. */
#include "orion/manager.h"

static orion_status
open_pci(const struct manager_place *place, const struct orion_port *port, void *port_context,
	 union manager_transport *room, struct virtio_transport *transport)
{
	return orion_virtio_pci_open(&room->pci, port, port_context, (uint32_t)place->address,
				     transport);
}

static orion_status
open_mmio(const struct manager_place *place, const struct orion_port *port, void *port_context,
	  union manager_transport *room, struct virtio_transport *transport)
{
	return orion_virtio_mmio_open(&room->mmio, port, port_context, place->address, place->bytes,
				      place->line, transport);
}

struct manager_place
orion_place_pci(uint32_t function)
{
	return (struct manager_place){.open = open_pci, .address = function};
}

struct manager_place
orion_place_mmio(uint64_t address, size_t bytes, uint32_t line)
{
	return (struct manager_place){
		.open = open_mmio, .address = address, .bytes = bytes, .line = line};
}
