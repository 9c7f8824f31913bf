/* SPDX-License-Identifier: MIT */
/*
 * The model: a virtio block device in software, exact to VirtIO 1.4, with a host to plug it into.
 *
 * What it is for.  Tests, fuzzers and simulations run a driver against it.  It is strict: each rule
 * that binds a driver is checked, and a breach is recorded with its clause.  It is nasty when told:
 * each misbehaviour of a device is a switch.  It is deterministic: no clock, no thread, no sleep;
 * the same seed replays the same run.
 *
 * The parts.
 *   host       memory that the driver lends to devices, interrupts, a virtual clock; a struct
 *              orion_port.  Device addresses are unlike CPU addresses, regions have guards, and
 *              everything taken is counted.
 *   device     status, features, configuration, queues, requests, an in-memory sparse disk.
 *   transport  three ways to reach a device: model_device_transport() is a struct virtio_transport;
 *              model_device_plug() makes it a PCI function, register for register;
 *              model_device_plug_mmio() puts it behind MMIO registers, version 2 or 1.
 *   step       the hooks of arch/stepped.h: the device acts between two accesses of the driver, and
 *              a store buffer holds the driver's stores back as far as its fences allow.
 *
 * Life cycle.
 *     host = model_host_open(seed); device = model_device_open(host, &options);
 *     ... run a driver with model_host_port(), host as its context ...
 *     model_host_run(host)          until no device has anything left to do
 *     model_device_close(device); model_host_close(host)
 *
 * When the device acts.  A queue sleeps until it is kicked.  Awake, it fetches, completes and, when
 * nothing is left, asks for kicks, looks once more and sleeps: each of these is one act.  Acts
 * happen in model_host_run(), in pause_ns(), and, under step, before the driver's accesses.  A
 * driver that loses a kick therefore stays stuck, which is how tests find out.
 *
 * One thread.  Hosts and devices are single-threaded; step's state is global: one world at a time.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "orion/transport.h"

struct model_host;
struct model_device;

/*
 * ---- breaches: rules that the driver broke ----------------------------------------------------
 */

typedef enum model_breach {
	MODEL_BREACH_NONE,
	/* device */
	MODEL_BREACH_STATUS_CLEARED,
	MODEL_BREACH_STATUS_ORDER,
	MODEL_BREACH_STATUS_UNKNOWN,
	MODEL_BREACH_STATUS_FAILED,
	MODEL_BREACH_RESET_EARLY,
	MODEL_BREACH_FEATURES_LATE,
	MODEL_BREACH_FEATURES_NOT_OFFERED,
	MODEL_BREACH_FEATURES_DEPENDENCY,
	MODEL_BREACH_CONFIG_WIDTH,
	MODEL_BREACH_CONFIG_WRITE,
	MODEL_BREACH_CONFIG_FIELD,
	MODEL_BREACH_WRITEBACK_EARLY,
	MODEL_BREACH_USE_AFTER_CLOSE,
	/* queues */
	MODEL_BREACH_QUEUE_ABSENT,
	MODEL_BREACH_QUEUE_SIZE,
	MODEL_BREACH_QUEUE_STATE,
	MODEL_BREACH_QUEUE_EXTRA,
	MODEL_BREACH_QUEUE_ALIGN,
	MODEL_BREACH_QUEUE_MEMORY,
	MODEL_BREACH_KICK_EARLY,
	MODEL_BREACH_KICK_NUMBER,
	MODEL_BREACH_KICK_POSITION,
	MODEL_BREACH_QUEUE_RESET,
	MODEL_BREACH_VECTOR_RANGE,
	/* rings */
	MODEL_BREACH_AVAIL_LEAP,
	MODEL_BREACH_AVAIL_FLAGS,
	MODEL_BREACH_HEAD_RANGE,
	MODEL_BREACH_DESC_IN_FLIGHT,
	MODEL_BREACH_DESC_ORDER,
	MODEL_BREACH_DESC_FLAGS,
	MODEL_BREACH_NEXT_RANGE,
	MODEL_BREACH_CHAIN_LONG,
	MODEL_BREACH_CHAIN_BYTES,
	MODEL_BREACH_CHAIN_EMPTY,
	MODEL_BREACH_CHAIN_HALF,
	MODEL_BREACH_READABLE_LATE,
	MODEL_BREACH_INDIRECT_OFF,
	MODEL_BREACH_INDIRECT_NESTED,
	MODEL_BREACH_INDIRECT_NEXT,
	MODEL_BREACH_INDIRECT_TABLE,
	MODEL_BREACH_INDIRECT_ORDER,
	MODEL_BREACH_EVENT_FLAGS,
	MODEL_BREACH_MEMORY,
	MODEL_BREACH_DIRECTION,
	MODEL_BREACH_STORE_LENT,
	MODEL_BREACH_STORE_DEVICE_AREA,
	MODEL_BREACH_STORE_ASTRAY,
	MODEL_BREACH_FREED_LENT,
	/* requests */
	MODEL_BREACH_HEADER,
	MODEL_BREACH_TYPE,
	MODEL_BREACH_FRAMING,
	MODEL_BREACH_STATUS_BYTE,
	MODEL_BREACH_DATA_LENGTH,
	MODEL_BREACH_FLUSH_FIELDS,
	MODEL_BREACH_BEYOND_CAPACITY,
	MODEL_BREACH_SEGMENTS_MANY,
	MODEL_BREACH_SEGMENT_LONG,
	/* PCI */
	MODEL_BREACH_PCI_WIDTH,
	MODEL_BREACH_PCI_READ_ONLY,
	MODEL_BREACH_PCI_FIELD,
	MODEL_BREACH_PCI_DECODE,
	MODEL_BREACH_PCI_OUTSIDE,
	MODEL_BREACH_PCI_MASTER,
	MODEL_BREACH_PCI_BAR_SIZING,
	MODEL_BREACH_PCI_UNMASKED,
	MODEL_BREACH_PCI_LEGACY,
	MODEL_BREACH_PCI_CONFIG,
	MODEL_BREACH_PCI_WINDOW,
	MODEL_BREACH_PCI_ISR,
	/* MMIO */
	MODEL_BREACH_MMIO_WIDTH,
	MODEL_BREACH_MMIO_OUTSIDE,
	MODEL_BREACH_MMIO_READ_ONLY,
	MODEL_BREACH_MMIO_WRITE_ONLY,
	MODEL_BREACH_MMIO_EARLY,
	MODEL_BREACH_MMIO_SELECT,
	MODEL_BREACH_MMIO_ACK,
	MODEL_BREACH_MMIO_PAGE,
	MODEL_BREACH_COUNT
} model_breach;

/* The rule that was broken, with its place in the specification.  Static, never NULL. */
const char *model_breach_text(model_breach breach);

/*
 * ---- misbehaviour ------------------------------------------------------------------------------
 */

typedef enum model_mischief {
	MODEL_MISCHIEF_NONE,
	/* at a completion */
	MODEL_MISCHIEF_ID_RANGE, /* used id: the queue size + VALUE */
	MODEL_MISCHIEF_ID_HIGH, /* a bit set above the low 16 (packed: as ID_RANGE) */
	MODEL_MISCHIEF_ID_FREE, /* in range, not in flight */
	MODEL_MISCHIEF_ID_MIDDLE, /* the chain's second descriptor */
	MODEL_MISCHIEF_ID_TWICE, /* completed, then completed again */
	MODEL_MISCHIEF_INDEX_LEAP, /* used index: the queue size + 1 + VALUE too far */
	MODEL_MISCHIEF_INDEX_BACK, /* used index one back (packed: wrong wrap counter) */
	MODEL_MISCHIEF_INDEX_RUNS, /* used index goes on by itself at every act */
	MODEL_MISCHIEF_LENGTH_HUGE, /* used length 2^32 - 1 */
	MODEL_MISCHIEF_LENGTH_ZERO, /* used length 0 */
	MODEL_MISCHIEF_LENGTH_ONE, /* used length 1, whatever was written, as bhyve has it */
	MODEL_MISCHIEF_LENGTH_UNSAID, /* packed: no flag that it was written, as QEMU has it */
	MODEL_MISCHIEF_STATUS_NONE, /* status byte never written */
	MODEL_MISCHIEF_STATUS_ODD, /* status byte VALUE, or 0x77 */
	MODEL_MISCHIEF_DATA_NONE, /* status OK, data never written */
	MODEL_MISCHIEF_WITHHELD, /* never completed */
	MODEL_MISCHIEF_SCRIBBLE, /* overwrites the descriptor area */
	/* at a completion, when the queue is in order */
	MODEL_MISCHIEF_ORDER_AHEAD, /* names the next request, which it has not carried out */
	MODEL_MISCHIEF_ORDER_STALE, /* names the request that it named last time */
	MODEL_MISCHIEF_BATCH_LONG, /* moves on by 1 + VALUE requests more than it carried out */
	MODEL_MISCHIEF_BATCH_SKIPS, /* leaves the first of a batch of two or more undone */
	/* at the reset of a queue */
	MODEL_MISCHIEF_QUEUE_RESET_STUCK, /* it never ends */
	MODEL_MISCHIEF_QUEUE_RESET_RUNS, /* it ends; what was in flight is carried out later */
	/* notifications */
	MODEL_MISCHIEF_EVENT_ODD, /* nonsense in the event words and flags for the driver */
	MODEL_MISCHIEF_IRQ_NONE, /* an interrupt that is due does not come */
	MODEL_MISCHIEF_IRQ_SPURIOUS, /* an interrupt at every act */
	/* handshake */
	MODEL_MISCHIEF_FEATURES_REFUSED, /* legacy PCI: not all of them were heard */
	MODEL_MISCHIEF_FEATURES_DROPPED, /* FEATURES_OK is cleared at DRIVER_OK; legacy: that */
	MODEL_MISCHIEF_CONFIG_TORN, /* configuration and generation change at a config read */
	MODEL_MISCHIEF_RESET_STUCK, /* status is not 0 after a reset */
	MODEL_MISCHIEF_NEEDS_RESET, /* DEVICE_NEEDS_RESET at an act */
	MODEL_MISCHIEF_ALL_ONES, /* gone: registers read as all ones, from then on */
	MODEL_MISCHIEF_QUEUE_REFUSED, /* the queue does not become enabled */
	MODEL_MISCHIEF_VECTOR_REFUSED, /* a vector is not taken */
	/* claims: VALUE in place of the truth */
	MODEL_MISCHIEF_SAY_CAPACITY,
	MODEL_MISCHIEF_SAY_BLOCK,
	MODEL_MISCHIEF_SAY_SEG_MAX,
	MODEL_MISCHIEF_SAY_SIZE_MAX,
	MODEL_MISCHIEF_SAY_QUEUES, /* num_queues in the configuration */
	MODEL_MISCHIEF_SAY_QUEUE_SIZE,
	MODEL_MISCHIEF_SAY_PHYSICAL, /* physical_block_exp */
	MODEL_MISCHIEF_SAY_CONFIG_BYTES,
	MODEL_MISCHIEF_SAY_COMMON_BYTES, /* PCI: length of the common configuration */
	MODEL_MISCHIEF_SAY_NOTIFY_BYTES, /* PCI: length of the notify structure */
	MODEL_MISCHIEF_SAY_MULTIPLIER, /* PCI: notify_off_multiplier */
	/* PCI configuration space */
	MODEL_MISCHIEF_CAP_LOOP, /* the list runs in a circle */
	MODEL_MISCHIEF_CAP_BAR, /* the capability of cfg_type VALUE names BAR 6 */
	MODEL_MISCHIEF_CAP_PAST, /* ... lies past the end of its BAR */
	MODEL_MISCHIEF_CAP_WRAP, /* ... offset + length overflows 32 bits */
	MODEL_MISCHIEF_CAP_SHORT, /* ... cap_len is too small */
	MODEL_MISCHIEF_CAP_MISSING, /* ... is not there */
	MODEL_MISCHIEF_CAP_ODD, /* ... has an odd offset */
	MODEL_MISCHIEF_NOTIFY_PAST, /* queue_notify_off lies past the notify structure */
	MODEL_MISCHIEF_MSIX_PAST, /* the MSI-X table lies past its BAR */
	MODEL_MISCHIEF_SAY_PORTS, /* BAR 0 has VALUE ports, a power of two */
	MODEL_MISCHIEF_FLR_NONE, /* a function-level reset does not help */
	MODEL_MISCHIEF_FLR_LOST, /* after it the function is not there */
	/* MMIO */
	MODEL_MISCHIEF_SAY_MAGIC,
	MODEL_MISCHIEF_SAY_VERSION,
	MODEL_MISCHIEF_SAY_DEVICE_ID,
	MODEL_MISCHIEF_QUEUE_READY, /* a queue is in use before it is set up */
	MODEL_MISCHIEF_ISR_STUCK, /* an acknowledgement clears nothing */
	MODEL_MISCHIEF_COUNT
} model_mischief;

/* One line on what WHAT does.  Static, never NULL. */
const char *model_mischief_text(model_mischief what);

/* Misbehave: the first AFTER occasions pass, then TIMES of them (0: all that follow) are used. */
struct model_trick {
	model_mischief what;
	uint32_t after;
	uint32_t times;
	uint64_t value;
};

#define MODEL_TRICKS_MAX 4

/*
 * ---- host --------------------------------------------------------------------------------------
 */

/* What struct vblk_queue_home.event points at: wake() counts here. */
struct model_event {
	unsigned wakes;
};

/* What is taken and not given back, and what happened.  All 0 at rest, but for the totals. */
struct model_host_stats {
	unsigned dma_regions, shares, mappings, irqs, memories; /* live */
	size_t dma_bytes; /* live */
	unsigned dma_opens; /* devices that are open */
	unsigned calls; /* fallible calls, since model_host_fail() */
	unsigned failed; /* of these, made to fail */
	unsigned guards_broken; /* writes around a region */
	unsigned bad_frees; /* what was given back had not been taken */
	unsigned wakes;
	unsigned reports[ORION_EVENT_COUNT];
	unsigned breaches[MODEL_BREACH_COUNT];
	unsigned breach_total;
	char first_breach[256]; /* text and values of the first; "" */
};

struct model_host *model_host_open(uint64_t seed);

/* Devices must be closed before.  Memory that is still lent is released all the same. */
void model_host_close(struct model_host *host);

/* The port; its context is the host.  The same for every host. */
const struct orion_port *model_host_port(void);

/* The same without irq_attach and irq_detach: the driver has to poll. */
const struct orion_port *model_host_port_polled(void);

const struct model_host_stats *model_host_stats(const struct model_host *host);

/* For struct manager_config and for vblk_open(): zeroed, 64-byte aligned, counted. */
void *model_memory_take(void *host, size_t bytes);
void model_memory_give(void *host, void *memory, size_t bytes);

/*
 * The Nth (1 ...) fallible call from now fails, and with FOREVER all that follow; 0: none.
 * Fallible are dma_open, dma_alloc, share, map_registers, irq_attach, memory_take, and
 * vector_attach, line_attach of the model transport.
 */
void model_host_fail(struct model_host *host, unsigned n, bool forever);

/* The longest piece that one share() maps contiguously; 0: no limit. */
void model_host_share_limit(struct model_host *host, size_t bytes);

/*
 * With PARTIAL share() reaches nothing: it refuses, and dma_open() says that bounce memory is
 * needed.
 */
void model_host_partial(struct model_host *host, bool partial);

/*
 * Every device acts until none has anything to do; false when they were still busy after a million.
 */
bool model_host_run(struct model_host *host);

/* Up to ACTS acts, dealt at random among the devices.  Returns how many there were. */
unsigned model_host_act(struct model_host *host, unsigned acts);

/* The CPU's view of BYTES at device address ADDRESS, or NULL if that is not all lent. */
void *model_host_at(struct model_host *host, uint64_t address, size_t bytes);

/*
 * ---- device ------------------------------------------------------------------------------------
 */

typedef enum model_order {
	MODEL_ORDER_FIFO, /* each request is completed before the next is fetched */
	MODEL_ORDER_REVERSED, /* all are fetched, then completed from the newest */
	MODEL_ORDER_SHUFFLED, /* fetched, completed and published at random */
} model_order;

struct model_options {
	uint64_t features; /* offered; VIRTIO_F_VERSION_1 among them */
	uint64_t capacity_sectors;
	uint32_t size_max, seg_max, block_bytes;
	uint8_t physical_exp, alignment_offset;
	uint16_t min_io_blocks;
	uint32_t opt_io_blocks;
	uint16_t queues; /* 1 .. 64 */
	uint16_t queue_size; /* 1 .. 32768 */
	uint16_t vectors; /* message vectors; 0: the line only */
	model_order order; /* with VIRTIO_F_IN_ORDER: of fetching only */
	uint16_t batch; /* in order: one used entry for up to so many requests; 0 is 1 */
	uint16_t reset_reads; /* the reset of a queue takes so many looks at it */
	uint16_t status_reads; /* the reset of the device takes so many looks at its status */
	bool function_reset; /* PCI: can be reset by function level */
	bool unassigned; /* PCI: its memory BARs have no addresses */
	bool kick_by_port; /* PCI, modern: the notify structure lies in I/O ports */
	bool cache; /* volatile: model_device_power_cut() loses what was not made stable */
	bool held; /* completes nothing until model_device_hold(device, false) */
	bool eager; /* looks at its rings without being kicked, too */
	uint64_t seed;
	const char *serial; /* at most 20 characters, copied */
	struct model_trick tricks[MODEL_TRICKS_MAX];
};

struct model_device_stats {
	uint64_t kicks; /* notifications received */
	uint64_t kicks_unasked; /* of these, while the device had asked for none */
	uint64_t fetched, completed;
	uint64_t reads, writes, flushes, ids, unsupported, errors;
	uint64_t interrupts, config_interrupts;
	uint64_t resets;
	uint64_t queue_resets; /* that ended */
	uint64_t batch_longest; /* most requests that one used entry stood for */
	uint64_t mischief; /* times a trick was played */
	uint64_t chain_longest; /* most descriptors in one request, indirect ones included */
};

/*
 * 1 GiB, one queue of 256, two vectors, first in first out.  Offered is everything that the model
 * has but IN_ORDER, NOTIFICATION_DATA, NOTIF_CONFIG_DATA (PCI only), RING_RESET, ACCESS_PLATFORM
 * and ORDER_PLATFORM, which a test adds when it means them.
 */
void model_options_default(struct model_options *options);

/* OPTIONS are copied.  Lives until model_device_close(). */
struct model_device *model_device_open(struct model_host *host,
				       const struct model_options *options);
void model_device_close(struct model_device *device);

/* A transport straight to the device.  Valid until model_device_close(). */
struct virtio_transport model_device_transport(struct model_device *device);

/* The interfaces of a PCI function; the legacy one has features 0 to 31 of those in the options. */
typedef enum model_pci_face {
	MODEL_PCI_MODERN,
	MODEL_PCI_TRANSITIONAL, /* both: may be used through the modern one only */
	MODEL_PCI_LEGACY,
} model_pci_face;

/* Sets the status that the driver before left; before any use. */
void model_device_leave(struct model_device *device, uint8_t status);

/* Makes it a PCI function of the host; returns the function number.  Once, before any use. */
uint32_t model_device_plug(struct model_device *device, model_pci_face face);

/*
 * Puts it behind MMIO registers at *PLACE; LEGACY: of version 1, with features 0 to 31 of those in
 * its options.  Once, before any use.
 */
struct model_mmio_place {
	uint64_t address;
	uint32_t bytes, line;
};
void model_device_plug_mmio(struct model_device *device, bool legacy,
			    struct model_mmio_place *place);

const struct model_device_stats *model_device_stats(const struct model_device *device);
const struct model_options *model_device_options(const struct model_device *device);

/* What was negotiated; 0 before FEATURES_OK. */
uint64_t model_device_features(const struct model_device *device);

/* The device status field as it is. */
uint8_t model_device_status(const struct model_device *device);

/* Stops completing, or goes on. */
void model_device_hold(struct model_device *device, bool held);

/* Completes up to COUNT fetched requests although held, in the device's order. */
unsigned model_device_release(struct model_device *device, unsigned count);

/* Adds a trick; the oldest gives way when all places are taken. */
void model_device_trick(struct model_device *device, model_mischief what, uint32_t after,
			uint32_t times, uint64_t value);

/* Forgets all tricks. */
void model_device_behave(struct model_device *device);

/*
 * Requests that touch SECTOR end with STATUS (VIRTIO_BLK_S_IOERR ...); UINT64_MAX: none.  A flush
 * touches sector 0.
 */
void model_device_fail_sector(struct model_device *device, uint64_t sector, uint8_t status);

/* Changes the capacity and tells the driver. */
void model_device_resize(struct model_device *device, uint64_t capacity_sectors);

/* Sets DEVICE_NEEDS_RESET and tells the driver. */
void model_device_break(struct model_device *device);

/*
 * The power goes: each sector that was written and not made stable holds, at random, the old or
 * the new bytes.  Stable is what a flush covers, and each write while there is no writeback cache
 * [spec 5.2.6.2]; without options.cache, all.  Only the disk is touched.
 */
void model_device_power_cut(struct model_device *device);

/* The disk, past the driver: BYTES must be a multiple of 512. */
void model_device_peek(struct model_device *device, uint64_t sector, void *data, size_t bytes);
void model_device_poke(struct model_device *device, uint64_t sector, const void *data,
		       size_t bytes);

/* Requests that the device holds, and whether queue QUEUE sleeps until it is kicked. */
unsigned model_device_held(const struct model_device *device);
bool model_device_sleeps(const struct model_device *device, unsigned queue);

/* Whether QUEUE is enabled; one that is being reset still is. */
bool model_device_enabled(const struct model_device *device, unsigned queue);

/*
 * ---- step --------------------------------------------------------------------------------------
 */

typedef enum model_memory {
	MODEL_MEMORY_STRONG, /* the device sees each store at once */
	MODEL_MEMORY_TSO, /* stores in order, as late as allowed */
	MODEL_MEMORY_WEAK, /* stores out of order between fences, loads stale between fences */
} model_memory;

typedef enum model_step_mode {
	MODEL_STEP_NEVER, /* the device acts only when told */
	MODEL_STEP_ONCE, /* at access number POINT, until it has nothing to do */
	MODEL_STEP_EVERY, /* one act at every access */
	MODEL_STEP_RANDOM, /* none to three acts at every access */
} model_step_mode;

/*
 * Makes HOST the world behind arch/stepped.h; replaces the one before.  Without a host (NULL) the
 * hooks are plain loads and stores.
 */
void model_step_begin(struct model_host *host, model_memory memory, uint64_t seed);

/* When the device acts from now on; access numbers start at 0 again. */
void model_step_mode_set(model_step_mode mode, uint64_t point);

/* Accesses and fences of the driver since model_step_mode_set(). */
uint64_t model_step_accesses(void);

/*
 * The end of a driver call: what a CPU does before it goes on with unrelated work for long.  Stores
 * reach memory, loads catch up.
 */
void model_step_settle(void);

/* settle, then forget the host. */
void model_step_end(void);

/* What the driver did since model_step_begin(). */
struct model_step_stats {
	uint64_t loads, stores, register_loads, register_stores;
	uint64_t fences[4]; /* by enum step_order */
	uint64_t ticks; /* readings of the tick counter */
};
const struct model_step_stats *model_step_stats(void);

#endif
