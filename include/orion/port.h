/* SPDX-License-Identifier: MIT */
/*
 * The port: everything that the driver core asks of its host.
 *
 * A host fills one constant struct of functions and passes it, with a context pointer of its own,
 * to vblk_probe() or orion_manager_init().  The core calls nothing else: no allocator, no lock, no
 * clock of its own.  Its only other undefined symbols are memcpy, memset, memmove, memcmp and
 * orion_panic().
 *
 * Contexts.  Three words are used in every comment of this project (docs/decisions/0020):
 *   setup      one thread at a time per device; the core may wait, by pause_ns()
 *   owner      whoever owns a queue at that moment, thread or interrupt handler: the core neither
 *              waits nor asks for memory nor takes a lock, and a function of the port that it
 *              calls there must not sleep either
 *   interrupt  the core's own handler (orion_irq_handler): it acknowledges, counts and wakes
 * One that says "any context" may be called in all three.
 *
 * The CPU.  What is compiled from the core is integer arithmetic, loads and stores, and by
 * src/arch/ the CPU's ordering instructions, its spin hint and atomic accesses of 32 bits; none is
 * privileged.  The tick counter is read only where ticks_per_second says so.  There are no caches
 * maintained, no thread-local variables, no writable static ones.  No call needs more than
 * ORION_STACK_BYTES of stack, what the host's own functions use not counted.  docs/porting.md has
 * the compiler's flags.
 *
 * Memory.  dma_alloc() memory must be coherent between CPU and device, and device and CPU must
 * see it at the byte order of the CPU (no host bridge that swaps bytes).  "Device address" is
 * what goes into descriptors: a bus address, an IOVA or a guest-physical address; only the host
 * knows the difference.
 *
 * A host whose devices do not all see memory alike (an IOMMU stands before some) has dma_open();
 * its result is the context of dma_alloc(), dma_free(), share() and unshare() for one device.
 *
 * A port is checked once, by orion_port_check(): a missing mandatory function is refused with
 * ORION_PORT_INCOMPLETE and never replaced by a silent default.
 */
#ifndef ORION_PORT_H
#define ORION_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orion/api.h"
#include "orion/status.h"

ORION_BEGIN_C

/* Stack that the core's own functions use at most, the deepest row of calls together. */
#define ORION_STACK_BYTES 4096u

/* A piece of memory that CPU and device share. */
struct orion_region {
	void *cpu;            /* where the CPU sees it */
	uint64_t device;      /* where the device sees it */
	size_t bytes;
	uint64_t cookie;      /* the host's own; the core passes it back unread */
};

/* No PCI function. */
#define ORION_NO_FUNCTION UINT32_MAX

/* How one device reaches memory: dma_open(). */
struct orion_dma {
	void *context;        /* of dma_alloc(), dma_free(), share(), unshare() for this device */
	bool partial;         /* share() does not reach all memory that a caller may have: bounce
	                       * memory is needed */
};

/* Which way the bytes of a shared buffer travel, named from the device's side. */
typedef enum orion_direction {
	ORION_DEVICE_READS,
	ORION_DEVICE_WRITES,
} orion_direction;

typedef enum orion_irq_kind {
	ORION_IRQ_MESSAGE,    /* one MSI-X message; the host picks address and data, the core
	                       * writes them into the device's table */
	ORION_IRQ_LINE,       /* the PCI function's INTx pin, possibly shared with others */
	ORION_IRQ_WIRE,       /* an interrupt line by the host's own number for it */
} orion_irq_kind;

struct orion_irq_source {
	orion_irq_kind kind;
	uint32_t function;    /* message, line: PCI function, as in pci_read() */
	uint16_t index;       /* message: entry of the MSI-X table */
	uint16_t cpu;         /* message: the CPU that should take it (a wish) */
	uint32_t wire;        /* wire: its number, as the host gave it to orion_virtio_mmio_open(),
	                       * or a device's as of orion_virtio_ccw_open() */
};

struct orion_irq_message {
	uint64_t address;
	uint32_t data;
	uint64_t cookie;      /* names the attachment for irq_detach() */
};

/*
 * What the host calls when the interrupt fires.  Context: interrupt.  Returns true when the
 * device had asked for it (a line may be shared), false otherwise.
 */
typedef bool orion_irq_handler(void *argument);

typedef enum orion_level {
	ORION_LEVEL_ERROR,
	ORION_LEVEL_WARNING,
	ORION_LEVEL_INFO,
} orion_level;

/*
 * The event catalogue: what the core reports.  Three integers come with each; their meaning
 * stands here, their words in texts.h.
 */
typedef enum orion_event {
	ORION_EVENT_DEVICE_BROKEN,     /* cause (vblk_cause), queue, detail */
	ORION_EVENT_DEVICE_GONE,       /* register offset, 0, 0 */
	ORION_EVENT_RESET_TIMEOUT,     /* last status, milliseconds waited, 0 */
	ORION_EVENT_FEATURES_MISSING,  /* offered, required, and not asked for by us */
	ORION_EVENT_FEATURES_REFUSED,  /* offered, asked for, status */
	ORION_EVENT_FEATURES_DROPPED,  /* bits dropped for an unmet dependency, 0, 0 */
	ORION_EVENT_CONFIG_SHORT,      /* bytes needed, bytes there, 0 */
	ORION_EVENT_CONFIG_TORN,       /* offset, tries, 0 */
	ORION_EVENT_LIMIT_ODD,         /* config offset, value claimed, value used */
	ORION_EVENT_LIMIT_REFUSED,     /* config offset, value claimed, largest or smallest taken */
	ORION_EVENT_DEVICE_CHANGED,    /* since its reset: block bytes, segments, read-only */
	ORION_EVENT_RECOVERED,         /* cause (vblk_cause), requests in flight, milliseconds */
	ORION_EVENT_NOT_RECOVERED,     /* cause, status, seconds to the next attempt */
	ORION_EVENT_QUEUE_REFUSED,     /* queue, size claimed, smallest usable size */
	ORION_EVENT_QUEUES_SHRUNK,     /* queues, descriptors in each, bytes left of the budget */
	ORION_EVENT_QUEUE_RESET,       /* queue, status of the attempt, requests given back */
	ORION_EVENT_VECTORS_SHORT,     /* vectors wanted, vectors had, mode (virtio_irq_mode) */
	ORION_EVENT_PCI_CAP_SKIPPED,   /* config offset, cfg_type, reason (virtio_pci_skip) */
	ORION_EVENT_PCI_CAP_MISSING,   /* cfg_type, 0, 0 */
	ORION_EVENT_MMIO_REFUSED,      /* address, register offset, what it reads as */
	ORION_EVENT_PCI_LEGACY_REFUSED, /* reason (virtio_pci_legacy), BAR 0, its bytes */
	ORION_EVENT_PCI_BY_CONFIG,     /* cfg_type, BAR, offset in it */
	ORION_EVENT_PCI_ACCESS_TAKEN,  /* BAR, offset in it, 0: an access was given up */
	ORION_EVENT_FUNCTION_RESET,    /* status that stayed, status of the attempt, 0 */
	ORION_EVENT_CCW_FAILED,        /* device, command, status (orion_status) */
	ORION_EVENT_CCW_LEGACY,        /* device, 0, 0 */
	ORION_EVENT_COUNT
} orion_event;

struct orion_port {
	/*
	 * Memory for rings and headers: zeroed, coherent, contiguous for the device, its device
	 * address a multiple of ALIGN (a power of two up to 4096).  The core owns it until
	 * dma_free().  Context: setup.  Mandatory.
	 */
	orion_status (*dma_alloc)(void *context, size_t bytes, size_t align,
				  struct orion_region *out);

	/*
	 * Bytes of the largest piece that dma_alloc() can give: a page, say.  Queues are made to
	 * fit (vblk.h has a table).  0: no limit is known; then less is asked for when it says
	 * ORION_NO_MEMORY.
	 */
	size_t dma_bytes_max;

	/* Gives a region back.  Cannot fail.  Context: setup.  Mandatory. */
	void (*dma_free)(void *context, const struct orion_region *region);

	/*
	 * Makes the caller's buffer reachable for the device.  The first *CONTIGUOUS bytes (at
	 * least 1, at most BYTES) lie at *DEVICE; call again for the rest.  COOKIE names the
	 * mapping for unshare().  Context: owner.
	 *
	 * Optional, both or neither: the core calls neither.  They are there for those who submit
	 * buffers without knowing the host; storage/ wants them.
	 */
	orion_status (*share)(void *context, void *cpu, size_t bytes, orion_direction direction,
			      uint64_t *device, size_t *contiguous, uint64_t *cookie);

	/* Ends a mapping; a bounce copy, if there was one, is copied back.  Cannot fail. */
	void (*unshare)(void *context, uint64_t cookie, orion_direction direction);

	/*
	 * Says how the device that is PCI function FUNCTION (ORION_NO_FUNCTION: none) reaches
	 * memory.  PLATFORM: it is to use the addresses that the platform's IOMMU, if there is one
	 * in front of it, translates (VIRTIO_F_ACCESS_PLATFORM); otherwise it uses physical
	 * addresses, whatever stands there [spec 6.1].  Called once a device, when its features are
	 * known and before the first dma_alloc(); dma_close() when it is done with all memory, also
	 * after a failed bring-up: after it the device should reach nothing.  ORION_NO_MAPPING:
	 * there is an IOMMU that the host cannot drive; the host says which.  Context: setup.
	 * Optional, both or neither: without them the port's context serves all devices.
	 */
	orion_status (*dma_open)(void *context, uint32_t function, bool platform,
				 struct orion_dma *out);
	void (*dma_close)(void *context, const struct orion_dma *dma);

	/*
	 * Maps BYTES of device registers at bus address ADDRESS, uncached.  The host refuses
	 * (ORION_NO_MAPPING) what is not device memory, such as its own RAM.  Context: setup.
	 * Needed for PCI and MMIO devices only.
	 */
	orion_status (*map_registers)(void *context, uint64_t address, size_t bytes,
				      volatile void **out);
	void (*unmap_registers)(void *context, volatile void *registers, size_t bytes);

	/*
	 * PCI configuration space of FUNCTION (bus << 8 | device << 3 | function, segment in the
	 * bits above 16), WIDTH 1, 2 or 4 bytes at the naturally aligned OFFSET.  The value is a
	 * number in the CPU's order.  A read of an absent function gives all ones.  Context:
	 * setup; owner too, of a device whose registers can be reached in no other way
	 * (ORION_EVENT_PCI_BY_CONFIG).  Needed for PCI devices only.
	 */
	uint32_t (*pci_read)(void *context, uint32_t function, uint16_t offset, unsigned width);
	void (*pci_write)(void *context, uint32_t function, uint16_t offset, unsigned width,
			  uint32_t value);

	/*
	 * The I/O port at ADDRESS of the PCI bus, WIDTH 1, 2 or 4 bytes, naturally aligned; values
	 * as above.  How the host gets there, by instructions or by a window in memory, is its
	 * matter.  Any context.  Optional: without them devices with registers in I/O ports only
	 * (legacy ones) are refused.
	 */
	uint32_t (*io_read)(void *context, uint32_t address, unsigned width);
	void (*io_write)(void *context, uint32_t address, unsigned width, uint32_t value);

	/*
	 * Attaches HANDLER to SOURCE.  For a message, fills in what the device is to write; for a
	 * line or a wire only the cookie.  The handler may run before this returns.  After
	 * irq_detach() returned, it is not running and will not run again.  Context: setup.
	 * Optional: without them the driver polls.
	 */
	orion_status (*irq_attach)(void *context, const struct orion_irq_source *source,
				   orion_irq_handler *handler, void *argument,
				   struct orion_irq_message *out);
	void (*irq_detach)(void *context, uint64_t cookie);

	/* Nanoseconds since some fixed moment; never goes back.  Any context.  Mandatory. */
	uint64_t (*now_ns)(void *context);

	/*
	 * Lets at least NS nanoseconds pass, or returns sooner.  Context: setup.  Mandatory (it may
	 * be a spin hint).
	 */
	void (*pause_ns)(void *context, uint64_t ns);

	/*
	 * Wakes whoever waits on EVENT, a pointer that the host gave in struct vblk_queue_home.  It
	 * may come at any time from vblk_open() on, also for a queue that nobody waits for, and
	 * must not be lost on an owner that is just about to sleep (vblk.h).  A host whose handlers
	 * own the queues reaps right here.  Context: interrupt.  Mandatory when irq_attach is
	 * there.
	 */
	void (*wake)(void *context, void *event);

	/*
	 * Tells the host of a catalogue event.  It must not call the core, but for what any context
	 * may.  Context: setup, and owner (a queue that breaks while it is reaped): in an interrupt
	 * handler, then, if the host lets one own a queue.  Never on the path of a request that
	 * succeeds.  Optional.
	 */
	void (*report)(void *context, orion_level level, orion_event event, uint64_t a, uint64_t b,
		       uint64_t c);

	/*
	 * 0: the host has no tick counter to lend.  No latencies are measured, and the instruction
	 * is never executed, by no function and on no path.
	 *
	 * Otherwise its rate in ticks per second, at least 1000, the scale of every latency figure:
	 * it may then be read once or twice a batch by whoever owns a queue, and should be the same
	 * on all CPUs that do.  It is rdtsc (x86_64), cntvct_el0 (ARM64), rdtime (RISC-V; of 32
	 * bits rdtimeh, too), mfspr 268 (PowerPC), stckf (s390x), CNTVCT (ARM of 32 bits).
	 */
	uint64_t ticks_per_second;
};

/*
 * DMA memory of one device, or of all that share the budget.  Zeroed, with LIMIT set, by the host.
 */
struct orion_budget {
	uint64_t limit;           /* bytes; an allocation above it fails with ORION_NO_MEMORY */
	uint64_t used;
	uint64_t peak;
	uint64_t refusals;        /* allocations refused for the limit or by the host */
	uint64_t quarantined;     /* bytes never to be freed: a device may still write them */
};

/* What a device needs of its host, besides the mandatory functions. */
enum port_need {
	PORT_NEEDS_REGISTERS = 1u << 0,
	PORT_NEEDS_PCI = 1u << 1,
};

/*
 * ORION_OK when PORT has every mandatory function and those named by NEEDS (enum port_need);
 * otherwise ORION_PORT_INCOMPLETE, and *MISSING (if not NULL) names the first that lacks.
 */
ORION_MUST_USE orion_status orion_port_check(const struct orion_port *port, unsigned needs,
					     const char **missing);

/*
 * Supplied by the host: one of the driver's own invariants does not hold.  Must not return.  TEXT
 * is static.  Any context.
 */
__attribute__((noreturn)) void orion_panic(const char *text);

ORION_END_C

#endif
