/* SPDX-License-Identifier: MIT */
/*
 * The port: thin, because memory is contiguous, identity mapped and coherent, so that a pointer and
 * a physical address are the same number; a device address too, unless the device is behind an
 * IOMMU.  The context of the DMA functions is the device's struct iommu_space, or NULL.
 */
#include "kernel/core/port.h"

#include "orion/texts.h"

#include "kernel/core/arch.h"
#include "kernel/core/iommu.h"
#include "kernel/core/irq.h"
#include "kernel/core/memory.h"
#include "kernel/core/pci.h"
#include "kernel/core/print.h"
#include "kernel/core/report.h"
#include "kernel/core/time.h"
#include "kernel/core/worker.h"

/* The device that is being attached: events that come meanwhile are its. */
static const char *attaching;

/* The disk that each CPU is at work on; NULL: none. */
static const struct storage_disk *subjects[CPUS_MAX];

/* Without ACCESS_PLATFORM a device uses physical addresses, whatever stands in front of it. */
static orion_status
port_dma_open(void *context, uint32_t function, bool platform, struct orion_dma *out)
{
	struct iommu_space *space = NULL;
	const char *why = NULL;
	orion_status status = platform ? iommu_open(function, &space, &why) : ORION_OK;

	(void)context;
	if (status != ORION_OK)
		kprint("%s: behind an IOMMU: %s\n", attaching != NULL ? attaching : "disk", why);
	out->context = space;
	/* Static buffers and stacks are not lent. */
	out->partial = space != NULL;
	return status;
}

static void
port_dma_close(void *context, const struct orion_dma *dma)
{
	(void)context;
	if (dma->context != NULL)
		iommu_close(dma->context);
}

/* Where SPACE, if there is one, has the BYTES at MEMORY; *CONTIGUOUS as in struct orion_port. */
static bool
device_address(struct iommu_space *space, void *memory, size_t bytes, bool writable,
	       uint64_t *device, size_t *contiguous)
{
	if (space != NULL)
		return iommu_lend(space, memory, bytes, writable, device, contiguous);
	*device = (uintptr_t)memory;
	*contiguous = bytes;
	return true;
}

static orion_status
port_dma_alloc(void *context, size_t bytes, size_t align, struct orion_region *out)
{
	void *memory = align <= PAGE_BYTES ? memory_take(bytes) : NULL;
	size_t contiguous = 0;

	if (memory == NULL)
		return ORION_NO_MEMORY;
	if (!device_address(context, memory, bytes, true, &out->device, &contiguous) ||
	    contiguous != bytes) {
		memory_give(memory, bytes);
		return ORION_NO_MEMORY;
	}
	out->cpu = memory;
	out->bytes = bytes;
	out->cookie = 0;
	return ORION_OK;
}

static void
port_dma_free(void *context, const struct orion_region *region)
{
	(void)context;
	memory_give(region->cpu, region->bytes);
}

static orion_status
port_share(void *context, void *cpu, size_t bytes, orion_direction direction, uint64_t *device,
	   size_t *contiguous, uint64_t *cookie)
{
	*cookie = 0;
	return device_address(context, cpu, bytes, direction == ORION_DEVICE_WRITES, device,
			      contiguous)
		       ? ORION_OK
		       : ORION_NO_MAPPING;
}

static void
port_unshare(void *context, uint64_t cookie, orion_direction direction)
{
	(void)context;
	(void)cookie;
	(void)direction;
}

static orion_status
port_map_registers(void *context, uint64_t address, size_t bytes, volatile void **out)
{
	(void)context;
	address = pci_cpu_address(address);
	if (bytes == 0 || arch_is_reserved(address, bytes) || !arch_map_device(address, bytes))
		return ORION_NO_MAPPING;
	*out = (volatile void *)(uintptr_t)address;
	return ORION_OK;
}

/* Mappings stay: several windows may share a page, and nothing else ever lies there. */
static void
port_unmap_registers(void *context, volatile void *registers, size_t bytes)
{
	(void)context;
	(void)registers;
	(void)bytes;
}

static uint32_t
port_pci_read(void *context, uint32_t function, uint16_t offset, unsigned width)
{
	(void)context;
	return arch_pci_read(function, offset, width);
}

static void
port_pci_write(void *context, uint32_t function, uint16_t offset, unsigned width, uint32_t value)
{
	(void)context;
	arch_pci_write(function, offset, width, value);
}

static uint32_t
port_io_read(void *context, uint32_t address, unsigned width)
{
	(void)context;
	return arch_io_read(address, width);
}

static void
port_io_write(void *context, uint32_t address, unsigned width, uint32_t value)
{
	(void)context;
	arch_io_write(address, width, value);
}

static orion_status
port_irq_attach(void *context, const struct orion_irq_source *source, orion_irq_handler *handler,
		void *argument, struct orion_irq_message *out)
{
	(void)context;
	return irq_attach(source, handler, argument, out);
}

static void
port_irq_detach(void *context, uint64_t cookie)
{
	(void)context;
	irq_detach(cookie);
}

static uint64_t
port_now_ns(void *context)
{
	(void)context;
	return time_now_ns();
}

static void
port_pause_ns(void *context, uint64_t ns)
{
	(void)context;
	worker_pause(ns);
}

static void
port_wake(void *context, void *event)
{
	(void)context;
	worker_wake(event);
}

/* Whom the events are about that come on this CPU: a disk by name, or what is being attached. */
static const char *
subject(void)
{
	const struct storage_disk *disk = subjects[arch_cpu()];

	if (disk != NULL)
		return disk->name;
	return attaching != NULL ? attaching : "disk";
}

static void
port_report(void *context, orion_level level, orion_event event, uint64_t a, uint64_t b, uint64_t c)
{
	const char *name = level == ORION_LEVEL_ERROR     ? "error"
			   : level == ORION_LEVEL_WARNING ? "warning"
							  : "note";
	const uint64_t values[3] = {a, b, c};
	char text[REPORT_TEXT_BYTES];

	(void)context;
	report_values(text, event, values);
	kprint_message("%s: driver: %s: %s (%s)\n", subject(), name, orion_event_text(event), text);
	/* A fault may be the cause of it, and its interrupt lost. */
	if (level == ORION_LEVEL_ERROR)
		(void)iommu_faults();
}

void
port_subject(void *context, unsigned lane, const struct storage_disk *disk)
{
	(void)context;
	(void)lane;
	subjects[arch_cpu()] = disk;
}

void
port_silent(void *context, const struct storage_disk *disk, unsigned requests, uint64_t ns)
{
	(void)context;
	if (ns == 0)
		kprint_message("%s: answers again\n", disk->name);
	else
		kprint_message("%s: no answer for %llu s to %u %s; waiting on, until %llu s\n",
			       disk->name, (unsigned long long)(ns / NS_PER_SECOND), requests,
			       requests == 1 ? "request" : "requests",
			       (unsigned long long)(STORAGE_PATIENCE_NS / NS_PER_SECOND));
}

void
port_attaching(const char *where)
{
	attaching = where;
}

const struct orion_port *
port_get(void)
{
	static struct orion_port port = {
		.dma_open = port_dma_open,
		.dma_close = port_dma_close,
		.dma_alloc = port_dma_alloc,
		.dma_free = port_dma_free,
		.share = port_share,
		.unshare = port_unshare,
		.map_registers = port_map_registers,
		.unmap_registers = port_unmap_registers,
		.pci_read = port_pci_read,
		.pci_write = port_pci_write,
		.irq_attach = port_irq_attach,
		.irq_detach = port_irq_detach,
		.now_ns = port_now_ns,
		.pause_ns = port_pause_ns,
		.wake = port_wake,
		.report = port_report,
	};
	struct pci_window ports;

	if (arch_pci_window(PCI_SPACE_IO, &ports)) {
		port.io_read = port_io_read;
		port.io_write = port_io_write;
	}
	port.ticks_per_second = arch_ticks_per_second();
	return &port;
}

void *
port_memory_take(void *context, size_t bytes)
{
	(void)context;
	return memory_take(bytes);
}

void
port_memory_give(void *context, void *memory, size_t bytes)
{
	(void)context;
	memory_give(memory, bytes);
}

void
port_idle(void *context, unsigned lane, uint64_t ns)
{
	(void)context;
	/* Only a lane's own CPU hears the lane's wake-ups. */
	if (lane != arch_cpu()) {
		arch_relax();
		return;
	}
	worker_idle(ns);
}

void
port_run_on_lanes(void *host, unsigned count, void (*function)(void *argument, unsigned lane),
		  void *argument)
{
	(void)host;
	worker_run_on(count, function, argument);
}
