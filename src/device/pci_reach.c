/* SPDX-License-Identifier: MIT */
/*
 * How registers in BARs are got at: mapped memory, I/O ports, or, when the host reaches neither,
 * the configuration access capability, through which one register after the other passes.
 */
#include "pci.h"

/* Nobody needs the window for longer than a few accesses; a CPU may be taken away in between. */
#define ACCESS_WAIT_NS UINT64_C(1000000000)
#define ACCESS_LOOKS_MAX (1u << 23) /* where the clock stands */

/*
 * The capability's own registers are one for the whole device: queues' owners who kick, and setup,
 * wait for each other.  None of our interrupt handlers comes here (orion_pci_line_attach() and the
 * vectors see to it), nor may a host's that owns a queue (docs/decisions/0020), so that the wait is
 * for another CPU, and short.  One that does not end is given up, and the access with it: false.
 */
static bool
access_take(struct pci *pci, const struct pci_window *window, uint32_t offset)
{
	uint64_t begin = 0, now;

	for (unsigned look = 0; arch_exchange32(&pci->access_taken, 1) != 0; look++) {
		now = pci->port->now_ns(pci->port_context);
		begin = look == 0 ? now : begin;
		if (look == ACCESS_LOOKS_MAX || now - begin >= ACCESS_WAIT_NS) {
			orion_pci_report(pci, ORION_LEVEL_ERROR, ORION_EVENT_PCI_ACCESS_TAKEN,
					 window->bar, window->offset + offset, 0);
			return false;
		}
		arch_relax();
	}
	return true;
}

static void
access_give(struct pci *pci)
{
	__atomic_store_n(&pci->access_taken, 0, __ATOMIC_RELEASE);
}

/*
 * Naturally aligned accesses only: OFFSET is a multiple of WIDTH.  In the order of the text.
 * [spec 4.1.4.9.2]
 */
static void
access_aim(const struct pci *pci, const struct pci_window *window, uint32_t offset, unsigned width)
{
	pci_config_put(pci, pci->access + VIRTIO_PCI_CAP_BAR, 1, window->bar);
	pci_config_put(pci, pci->access + VIRTIO_PCI_CAP_LENGTH, 4, width);
	pci_config_put(pci, pci->access + VIRTIO_PCI_CAP_OFFSET, 4, window->offset + offset);
}

/* Reads a register or, with PUT, writes it.  Without the window it is as if nobody were there. */
static uint32_t
access_pass(struct pci *pci, const struct pci_window *window, uint32_t offset, unsigned width,
	    bool put, uint32_t value)
{
	uint32_t data = pci->access + VIRTIO_PCI_CAP_WINDOW_DATA;

	if (!access_take(pci, window, offset))
		return UINT32_MAX >> (32 - 8 * width);
	access_aim(pci, window, offset, width);
	if (put)
		pci_config_put(pci, data, width, value);
	else
		value = pci_config_get(pci, data, width);
	access_give(pci);
	return value;
}

static uint32_t
memory_get(const volatile unsigned char *at, unsigned width)
{
	if (width == 1)
		return register_load8(at);
	if (width == 2)
		return register_load16(at);
	return register_load32(at);
}

static void
memory_put(volatile unsigned char *at, unsigned width, uint32_t value)
{
	if (width == 1)
		register_store8(at, (uint8_t)value);
	else if (width == 2)
		register_store16(at, (uint16_t)value);
	else
		register_store32(at, value);
}

uint32_t
orion_pci_get(struct pci *pci, const struct pci_window *window, uint32_t offset, unsigned width)
{
	CHECK(window->reach != PCI_REACH_NONE);
	if (window->reach == PCI_REACH_MEMORY)
		return memory_get(window->at + offset, width);
	if (window->reach == PCI_REACH_PORTS)
		return pci->port->io_read(pci->port_context, (uint32_t)window->address + offset,
					  width);
	return access_pass(pci, window, offset, width, false, 0);
}

void
orion_pci_put(struct pci *pci, const struct pci_window *window, uint32_t offset, unsigned width,
	      uint32_t value)
{
	CHECK(window->reach != PCI_REACH_NONE);
	if (window->reach == PCI_REACH_MEMORY)
		memory_put(window->at + offset, width, value);
	else if (window->reach == PCI_REACH_PORTS)
		pci->port->io_write(pci->port_context, (uint32_t)window->address + offset, width,
				    value);
	else
		(void)access_pass(pci, window, offset, width, true, value);
}

orion_status
orion_pci_reach_find(struct pci *pci, struct pci_window *window, bool is_io)
{
	orion_status status = ORION_NO_MAPPING;
	volatile void *at = NULL;

	if (window->address != 0 && is_io && pci->port->io_read != NULL) {
		window->reach = PCI_REACH_PORTS;
		return ORION_OK;
	}
	if (window->address != 0 && !is_io)
		status = pci->port->map_registers(pci->port_context, window->address, window->bytes,
						  &at);
	if (status == ORION_OK) {
		window->at = at;
		window->reach = PCI_REACH_MEMORY;
	} else if (status == ORION_NO_MAPPING && pci->access != 0) {
		window->reach = PCI_REACH_CONFIG;
		status = ORION_OK;
	}
	return status;
}

void
orion_pci_reach_end(const struct pci *pci, struct pci_window *window)
{
	if (window->reach == PCI_REACH_MEMORY)
		pci->port->unmap_registers(pci->port_context, window->at, window->bytes);
	*window = (struct pci_window){0};
}
