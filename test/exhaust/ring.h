/* SPDX-License-Identifier: MIT */
/*
 * A small ring with two small users: the driver's own verbs (driver.c) and an honest device
 * (device.c).  Request number N (1 ...) uses the cell of the id that the device is told: the driver
 * writes N there, the device answers with N, and used lengths are made of N as well, so that
 * nothing can be mistaken for anything else.
 */
#ifndef TEST_EXHAUST_RING_H
#define TEST_EXHAUST_RING_H

#include "test/exhaust/machine.h"

#include "ring/ring.h"

#define RING_SIZE_MAX 4u
#define RING_CELL_BYTES 16u

struct ring_config {
	uint8_t size;
	bool packed;
	bool direct;
	bool in_order;
	bool event_index;
	bool weak;
	bool fine; /* every access is a step; otherwise those that signal */
	bool lean; /* without the choices that only make things milder */
	uint8_t requests; /* until the end */
	uint16_t start; /* split: where the indices begin */
};

extern struct ring_config ring_config;
extern struct orion_vring_layout ring_layout;

/* VRING_* bits. */
unsigned ring_kind(void);

/*
 * Builds the ring and tells the machine; everything lasts until the permutation ends.  Returns
 * where the driver's verbs find their private bytes, and how many these are (a multiple of 64).
 */
struct driver *ring_open(const struct ring_config *config, size_t *bytes);

/* Where the cell of ID lies in the shared memory. */
unsigned ring_cell(unsigned id);

/* What a request of PIECES pieces has in its descriptors, and how long its answer is. */
uint64_t ring_address(unsigned number, unsigned piece);
uint32_t ring_length(unsigned number, unsigned piece);
uint32_t ring_table_bytes(unsigned number);
uint32_t ring_answer(unsigned number);

/* ---- driver ---- */

enum driver_verb {
	DRIVER_SUBMIT = 1, /* argument: pieces */
	DRIVER_KICK,
	DRIVER_REAP, /* argument: at most how many */
	DRIVER_ARM,
	DRIVER_DISARM,
	DRIVER_VERBS,
};

struct driver_slot {
	struct vring_slot ring;
	unsigned char owner[VRING_SLOT_BYTES - sizeof(struct vring_slot)];
};

/* The driver's private bytes. */
struct driver {
	struct vring ring;
	struct driver_book {
		uint32_t batch_length; /* hostile.c: of the batch that is being taken */
		uint8_t submitted; /* requests */
		uint8_t completed;
		uint8_t unasked; /* submitted, and not yet published */
		uint8_t asleep;
		uint8_t disarmed;
		uint8_t pending; /* hostile.c: entries that may be taken now */
		uint8_t batch; /* hostile.c: of these, left of the batch */
		uint8_t unused[3];
		uint16_t offered; /* positions, from ring_config.start: chains or descriptors */
		uint16_t asked; /* offered, at the last question */
		uint16_t consumed; /* used positions that were taken */
		/*
		 * Of each slot in flight: its request (0: not in flight), and what the device
		 * knows.
		 */
		uint8_t number[RING_SIZE_MAX];
		uint8_t pieces[RING_SIZE_MAX];
		uint8_t told[RING_SIZE_MAX];
	} book;
	uint16_t links[RING_SIZE_MAX];
	_Alignas(64) struct driver_slot slots[];
};

/* Nothing lies behind the last slot.  BYTES is a multiple of 64. */
struct driver *driver_open(size_t *bytes);

/* The empty ring begins at ring_config.start. */
void driver_start(struct driver *driver);
void driver_run(unsigned verb, unsigned argument);
const char *driver_verb_text(unsigned verb);

/* What DRIVER may begin now. */
bool driver_may(const struct driver *driver, unsigned verb, unsigned argument);

/* What is wrong with DRIVER's private bytes between two verbs; NULL: nothing. */
const char *driver_check(const struct driver *driver);

/* ---- device ---- */

enum device_verb {
	DEVICE_LOOK = 1, /* takes the next chain, if there is one */
	DEVICE_FINISH, /* argument: which of those that it holds */
	DEVICE_FINISH_QUIETLY, /* split: the index follows later */
	DEVICE_PUBLISH, /* split: the index */
	DEVICE_TELL, /* interrupts, if the driver wants it */
	DEVICE_HUSH, /* asks for no kicks */
	DEVICE_SLEEP, /* argument: how far ahead it asks to be kicked */
	DEVICE_VERBS,
};

struct device {
	uint16_t seen, put, told; /* positions */
	uint16_t wish; /* the position at which a kick is wanted */
	uint8_t shown; /* split: put, as the index says */
	uint8_t asleep, hushed;
	uint8_t held;
	uint8_t finished;
	uint8_t unused[3];
	struct {
		uint8_t id, number, slots, unused;
	} chain[RING_SIZE_MAX];
};

struct device *device_open(size_t *bytes);
void device_run(unsigned verb, unsigned argument);
const char *device_verb_text(unsigned verb);
bool device_may(const struct device *device, unsigned verb, unsigned argument);

#endif
