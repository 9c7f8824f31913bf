/* SPDX-License-Identifier: MIT */
/* Inside the model: see model.h for what it is.  Nothing outside model/ includes this. */
#ifndef MODEL_PRIVATE_H
#define MODEL_PRIVATE_H

#include "model/model.h"

#include "base/le.h"
#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"
#include "spec/virtq_packed.h"
#include "spec/virtq_split.h"

#define MODEL_DEVICES_MAX 64u
#define MODEL_QUEUES_MAX 64u
#define MODEL_VECTORS_MAX 64u

/* splitmix64 */
static inline uint64_t
model_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* ---- memory.c: what the driver lends ---- */

#define MODEL_BUSY_AREA 0x80

typedef enum model_lent {
	MODEL_LENT_DMA, /* dma_alloc(): both ways */
	MODEL_LENT_READ, /* share(): the device reads */
	MODEL_LENT_WRITE, /* share(): the device writes */
} model_lent;

struct model_region {
	uint64_t device;
	size_t bytes;
	uint8_t *cpu;
	uint8_t *block; /* DMA: what was allocated, guards included */
	uint8_t *busy; /* DMA: per byte, how many chains in flight hold it */
	/* (+ MODEL_BUSY_AREA: a live queue's device area) */
	model_lent kind;
};

/* The region that holds all of [ADDRESS, ADDRESS + BYTES), or NULL. */
struct model_region *model_region_at(struct model_host *host, uint64_t address, uint64_t bytes);

/* The DMA region that holds CPU address POINTER, or NULL. */
struct model_region *model_region_of(struct model_host *host, const void *pointer);

/* Adds DELTA to the busy count of each byte, if they are DMA memory. */
void model_busy(struct model_host *host, uint64_t address, uint64_t bytes, int delta);

orion_status model_dma_alloc(void *host, size_t bytes, size_t align, struct orion_region *out);
void model_dma_free(void *host, const struct orion_region *region);
orion_status model_share(void *host, void *cpu, size_t bytes, orion_direction direction,
			 uint64_t *device, size_t *contiguous, uint64_t *cookie);
orion_status model_dma_open(void *host, uint32_t function, bool platform, struct orion_dma *out);
void model_dma_close(void *host, const struct orion_dma *dma);
void model_unshare(void *host, uint64_t cookie, orion_direction direction);
void model_memory_drop(struct model_host *host);

/* Loads and stores of the device itself: little-endian, whole. */
uint16_t model_get16(const void *p);
uint32_t model_get32(const void *p);
uint64_t model_get64(const void *p);
void model_put8(void *p, uint8_t value);
void model_put16(void *p, uint16_t value);
void model_put32(void *p, uint32_t value);
void model_put64(void *p, uint64_t value);

/* ---- host.c ---- */

struct model_irq {
	bool live;
	orion_irq_kind kind;
	uint32_t number; /* message, line: the function; wire: its number */
	orion_irq_handler *handler;
	void *argument;
};

#define MODEL_IRQS_MAX 2048u
#define MODEL_MESSAGE_BASE UINT64_C(0xfee00000)

/* In front of what model_memory_take() gives: it goes with the host when nobody gives it back. */
struct model_taken {
	_Alignas(64) struct model_taken *next, *previous;
};

struct model_host {
	struct model_host_stats stats;
	struct model_taken *memories;
	uint64_t random;
	uint64_t now;
	unsigned fail_at;
	bool fail_forever;
	size_t share_limit;
	bool partial;

	struct model_region *regions; /* sorted by device address */
	unsigned region_count, region_room;
	unsigned region_recent; /* where model_region_of() found the last one */
	uint64_t next_address;

	struct model_device *devices[MODEL_DEVICES_MAX];
	unsigned device_count;
	struct model_irq irqs[MODEL_IRQS_MAX];
	unsigned irq_top;
	bool acting; /* a device acts: its accesses are not the driver's */
};

/* True when this fallible call is to fail. */
bool model_must_fail(struct model_host *host);

/* Records a breach of QUEUE (UINT_MAX: none) with three values. */
void model_breached(struct model_host *host, model_breach breach, unsigned queue, uint64_t a,
		    uint64_t b, uint64_t c);

/* A message write by a device. */
void model_message(struct model_host *host, uint64_t address, uint32_t data);

/* The line of KIND and NUMBER (a function, a wire) is high: its handlers run. */
void model_line(struct model_host *host, orion_irq_kind kind, uint32_t number);

/* ---- step.c ---- */

/* The device is about to overwrite WIDTH bytes at P. */
void model_step_device_store(const void *p, unsigned width);

/* BYTES at P are taken back: nothing of them stays in the store buffer. */
void model_step_forget(const void *p, size_t bytes);

/* A handler of the driver is about to run: what the device wrote before is visible to it. */
void model_step_interrupt(void);

/* ---- queue.c, ring_split.c, ring_packed.c ---- */

struct model_piece {
	uint64_t address;
	uint32_t bytes;
	bool writable;
	uint16_t slot; /* split, direct: the descriptor */
};

struct model_chain {
	uint16_t id; /* split: the head; packed: the buffer id */
	uint16_t slots; /* ring descriptors */
	uint64_t table; /* indirect table, 0: none */
	uint64_t readable, writable;
	uint32_t count;
	struct model_piece pieces[];
};

struct model_queue;

struct model_ring_ops {
	bool (*available)(struct model_queue *queue);
	struct model_chain *(*fetch)(struct model_queue *queue);
	/*
	 * Writes one used entry for COUNT chains in the order in which they were fetched, and moves
	 * on by all of them; COUNT 0: an entry for a chain that was never available.
	 */
	void (*put)(struct model_queue *queue, struct model_chain *const *chains, unsigned count,
		    uint32_t id, uint32_t length);
	/* Moves on by COUNT entries more, without a reason. */
	void (*leap)(struct model_queue *queue, unsigned count);
	void (*publish)(struct model_queue *queue);
	/* Whether the driver wants an interrupt for what was published since the last question. */
	bool (*wants_interrupt)(struct model_queue *queue);
	void (*want_kicks)(struct model_queue *queue, bool wanted);
	/* What notification data must say now: where the next entry will be made available. */
	uint16_t (*position)(struct model_queue *queue);
	/* Moves the used index by STEPS without a reason. */
	void (*lie)(struct model_queue *queue, int steps);
	void (*odd_events)(struct model_queue *queue, uint64_t random);
};

extern const struct model_ring_ops model_ring_split;
extern const struct model_ring_ops model_ring_packed;

struct model_queue {
	struct model_device *device;
	struct model_host *host;
	const struct model_ring_ops *ring;
	unsigned index;
	struct virtio_queue_setup setup;
	bool enabled, broken, indirect, event_index, in_order;
	uint8_t *desc, *driver, *used_area; /* the three areas, as the CPU sees them */

	bool awake; /* looks at its ring */
	bool dozing; /* asked for kicks, has to look once more */
	bool unpublished; /* used entries that the driver has not been shown */
	bool unsignalled; /* the question for an interrupt is due */

	uint16_t avail, used; /* split: free-running; packed: slot */
	bool avail_wrap, used_wrap;
	uint16_t signalled; /* used position at the last question */
	bool signalled_wrap;
	uint32_t signalled_slots; /* packed: descriptors used since */
	uint16_t avail_known; /* split: the last avail index seen */
	uint16_t desc_next; /* split, in order: the descriptor that must come next */
	int32_t id_before; /* of the last used entry; -1: none yet */
	bool unsaid; /* packed: the next used descriptor does not say that it was written */

	uint8_t *in_flight; /* split: by descriptor; packed: by id */
	struct model_chain **held;
	unsigned held_count, held_room;
	struct model_chain *scratch; /* for size + 1 pieces */

	/* queue_reset.c */
	bool resetting, runs_on;
	bool was_reset; /* and may be set up again */
	uint32_t reset_left; /* looks that will find it still resetting */
	struct model_chain **ghosts; /* in flight at a reset, and still carried out */
	unsigned ghost_count;
};

orion_status model_queue_enable(struct model_queue *queue, const struct virtio_queue_setup *setup);
void model_queue_disable(struct model_queue *queue);

/* One act; false when there is nothing to do. */
bool model_queue_act(struct model_queue *queue);

/*
 * Completes the next request in the device's order, or a batch of at most MOST in the driver's.
 * Returns how many: 0 when it holds none.
 */
unsigned model_queue_complete(struct model_queue *queue, unsigned most);

/* Records a breach that stops the queue, and with it the device. */
void model_queue_breached(struct model_queue *queue, model_breach breach, uint64_t a, uint64_t b,
			  uint64_t c);

/* Asks for the reset of a queue; whether it is still being reset, which is how it gets on. */
void model_queue_reset(struct model_queue *queue);
bool model_queue_resetting(struct model_queue *queue);

/* Carries out one request that a reset should have ended; false when there is none. */
bool model_queue_haunt(struct model_queue *queue);

/* The device is reset: nothing lives on. */
void model_queue_exorcise(struct model_queue *queue);

/* Memory that CHAIN makes the device's, or no longer: its table, and what lies in DMA memory. */
void model_chain_mark(struct model_queue *queue, const struct model_chain *chain, int delta);

/* For fetch(): an empty chain to fill; one more piece of it (false: breach); the finished copy. */
void model_chain_begin(struct model_queue *queue, uint16_t id);
bool model_chain_add(struct model_queue *queue, uint64_t address, uint32_t bytes, bool writable,
		     uint16_t slot);
struct model_chain *model_chain_finish(struct model_queue *queue);

/* The entries of an indirect table, for both rings; false: breach. */
bool model_chain_table(struct model_queue *queue, uint64_t address, uint32_t bytes);

/* ---- blk.c, disk.c ---- */

/* Carries out what CHAIN asks for; returns the used length. */
uint32_t model_request_run(struct model_queue *queue, const struct model_chain *chain);

/* Whether writes are stable when they are done.  [spec 5.2.6.2] */
bool model_writes_through(const struct model_device *device);

struct model_chunk;
struct model_disk {
	struct model_chunk **buckets;
};

void model_disk_close(struct model_disk *disk);
void model_disk_read(const struct model_disk *disk, uint64_t offset, void *data, size_t bytes);
void model_disk_write(struct model_disk *disk, uint64_t offset, const void *data, size_t bytes);

/* All of FROM, into TO. */
void model_disk_copy(struct model_disk *to, const struct model_disk *from);

/* ---- device.c, config.c ---- */

struct model_pci;
struct model_mmio;

struct model_device {
	struct model_host *host;
	struct model_options options;
	struct model_device_stats stats;
	char serial[VIRTIO_BLK_ID_BYTES + 1];
	struct model_disk disk;
	struct model_disk stable; /* options.cache: what a power cut leaves */
	uint64_t random;
	struct model_trick tricks[MODEL_TRICKS_MAX];
	uint32_t tricks_seen[MODEL_TRICKS_MAX];
	unsigned tricks_next;

	uint8_t status;
	uint64_t driver_features, negotiated;
	uint32_t generation;
	uint64_t torn; /* what a torn configuration changes in the capacity */
	uint8_t writeback;
	bool gone;
	bool resetting;
	uint32_t reset_left; /* looks that will find it still resetting */
	uint8_t isr;
	uint16_t config_vector;
	uint64_t fail_sector;
	uint8_t fail_status;
	struct model_queue queues[MODEL_QUEUES_MAX];

	/* How an interrupt leaves the device; set by the transport in use. */
	void (*raise)(struct model_device *device, uint16_t vector);
	bool opened; /* the transport is in use */
	struct model_irq vectors[MODEL_VECTORS_MAX]; /* transport.c */
	struct model_irq line; /* transport.c */
	struct model_pci *pci; /* pci.c, or NULL */
	struct model_mmio *mmio; /* mmio.c, or NULL */
	bool legacy; /* by the legacy interface */
};

/* True when trick WHAT is to be played now; *VALUE (may be NULL) is its value. */
bool model_trick_now(struct model_device *device, model_mischief what, uint64_t *value);

/* The registers that both transports have in common. */
uint8_t model_status_get(struct model_device *device);

/* False, and a breach, when WHAT is written to a device whose reset was not seen to end. */
bool model_reset_is_over(struct model_device *device, uint64_t what);
void model_status_set(struct model_device *device, uint8_t status);
void model_features_set(struct model_device *device, uint64_t features);
uint32_t model_config_bytes(struct model_device *device);
uint32_t model_config_get(struct model_device *device, uint32_t offset, unsigned width);
void model_config_set(struct model_device *device, uint32_t offset, unsigned width, uint32_t value);
uint16_t model_queue_size(struct model_device *device, uint16_t queue);

/* A kick of QUEUE; with VIRTIO_F_NOTIFICATION_DATA, POSITION is what it said. */
void model_kick(struct model_device *device, uint32_t queue, uint16_t position);

/* True when the device has gone; counts the register access. */
bool model_is_gone(struct model_device *device);

void model_device_stop(struct model_device *device);
void model_interrupt_queue(struct model_queue *queue);
void model_interrupt_config(struct model_device *device);

/* One act of the device; false when there is nothing to do. */
bool model_device_act(struct model_device *device);

/* ---- mmio.c ---- */

void model_mmio_close(struct model_device *device);
void model_mmio_reset(struct model_device *device);
void model_mmio_queue_reset(struct model_device *device, unsigned queue);

/* What stands for BYTES of registers at ADDRESS, or NULL. */
volatile void *model_mmio_at(struct model_host *host, uint64_t address, size_t bytes);

/* As model_pci_load() and model_pci_store(). */
bool model_mmio_load(struct model_host *host, const volatile void *address, unsigned width,
		     uint32_t *value);
bool model_mmio_store(struct model_host *host, volatile void *address, unsigned width,
		      uint32_t value);

/* ---- pci.c ---- */

void model_pci_close(struct model_device *device);
void model_pci_reset(struct model_device *device);
void model_pci_queue_reset(struct model_device *device, unsigned queue);
uint32_t model_pci_config_read(void *host, uint32_t function, uint16_t offset, unsigned width);
void model_pci_config_write(void *host, uint32_t function, uint16_t offset, unsigned width,
			    uint32_t value);
orion_status model_pci_map(void *host, uint64_t address, size_t bytes, volatile void **out);
void model_pci_unmap(void *host, volatile void *registers, size_t bytes);

uint32_t model_pci_port_read(void *host, uint32_t address, unsigned width);
void model_pci_port_write(void *host, uint32_t address, unsigned width, uint32_t value);

/* The host takes the handler of message DATA away: no entry may still send it. */
void model_pci_message_gone(struct model_host *host, uint32_t data);

/* A register access by the stepped driver; false when ADDRESS is no register of the host's. */
bool model_pci_load(struct model_host *host, const volatile void *address, unsigned width,
		    uint32_t *value);
bool model_pci_store(struct model_host *host, volatile void *address, unsigned width,
		     uint32_t value);

#endif
