/* SPDX-License-Identifier: MIT */
/*
 * Bounded proofs of order: the driver's verbs against a device that runs beside them, on machines
 * that delay stores (--mm tso) and reorder them (--mm pso).
 *
 * CBMC knows no pointers beside threads.  So a verb runs first, alone; the hooks write down its
 * loads, stores and fences, where a load gives any value.  Then what it did is done again, in the
 * same order and beside the device, on the words themselves, and each load must give the value that
 * was foreseen.  What loads may do on yet weaker machines is beyond these models.
 */
#include "ring/packed.h"
#include "ring/split.h"
#include "test/cbmc/world.h"

#define SIZE 4u
#define AVAIL_AREA (SIZE * 16)
#define USED_AREA (AVAIL_AREA + 36)
#define FENCE() __CPROVER_fence("WWfence", "RRfence", "RWfence", "WRfence")

/* Addresses, which tell the words apart. */
static unsigned char area[128] __attribute__((aligned(64)));

typedef enum word {
	CONTENT,                /* a descriptor's first word, or the place in the avail ring */
	HANDED,                 /* its second, with the flags; or the avail index */
	CONTENT_NEXT,           /* of the descriptor after it */
	HANDED_NEXT,
	USED,                   /* the used index, or the used descriptor's flags */
	DEVICE_EVENT,
	DRIVER_EVENT,
} word;

typedef enum deed {
	LOAD,
	STORE,
	PUBLISH,
	ASK,
} deed;

#define DEEDS_MAX 8u

struct deeds {
	unsigned count;
	deed deed[DEEDS_MAX];
	word word[DEEDS_MAX];
	uint64_t value[DEEDS_MAX];
};

/* What the verbs did. */
static struct deeds done;

/* The words themselves. */
static uint64_t content, handed, content_next, handed_next, used, device_event, driver_event;

static bool device_done, device_saw, device_interrupts;

static struct vring ring;
static struct vring_slot slots[SIZE];

static word
word_at(const void *address)
{
	size_t offset = (size_t)__CPROVER_POINTER_OFFSET(address);

	if (address == ring.avail_event || address == ring.device.event)
		return DEVICE_EVENT;
	if (address == ring.used_event || address == ring.driver.event)
		return DRIVER_EVENT;
	if (offset == USED_AREA + 2 || offset == 14)
		return USED;
	if (offset == 0 || offset == AVAIL_AREA + 4)
		return CONTENT;
	if (offset == 8 || offset == AVAIL_AREA + 2)
		return HANDED;
	PROVE(offset == 16 || offset == 24, "a word that the device knows");
	return offset == 16 ? CONTENT_NEXT : HANDED_NEXT;
}

static void
note(deed deed, word word, uint64_t value)
{
	PROVE(done.count < DEEDS_MAX, "few deeds");
	done.deed[done.count] = deed;
	done.word[done.count] = word;
	done.value[done.count++] = value;
}

uint64_t
step_shared_load(const void *address, unsigned width)
{
	uint64_t value = nondet_u64();

	ASSUME(width == 8 || value >> 8 * width == 0);
	note(LOAD, word_at(address), value);
	return value;
}

void
step_shared_store(void *address, unsigned width, uint64_t value)
{
	(void)width;
	note(STORE, word_at(address), value);
}

/* On these machines loads stay in order. */
void
step_fence(step_order order)
{
	if (order == STEP_ASK)
		note(ASK, CONTENT, 0);
	else if (order == STEP_PUBLISH)
		note(PUBLISH, CONTENT, 0);
}

static uint64_t
get(word word)
{
	return word == USED ? used : device_event;
}

static void
put(word word, uint64_t value)
{
	switch (word) {
	case CONTENT:
		content = value;
		break;
	case HANDED:
		handed = value;
		break;
	case CONTENT_NEXT:
		content_next = value;
		break;
	case HANDED_NEXT:
		handed_next = value;
		break;
	case DRIVER_EVENT:
		driver_event = value;
		break;
	case USED:
	case DEVICE_EVENT:
		PROVE(false, "these are the device's");
	}
}

/* The driver's part, beside the device.  By value: a copy of its own, known to no other thread. */
static void
drive(struct deeds deeds)
{
	for (unsigned i = 0; i < DEEDS_MAX && i < deeds.count; i++) {
		if (deeds.deed[i] == STORE)
			put(deeds.word[i], deeds.value[i]);
		else if (deeds.deed[i] == LOAD)
			ASSUME(get(deeds.word[i]) == deeds.value[i]);
		else if (deeds.deed[i] == ASK)
			FENCE();
		else
			__CPROVER_fence("WWfence");
	}
}

static void
open_ring(bool packed)
{
	ring.desc.split = (struct virtq_desc *)(void *)area;
	ring.driver.avail = (struct virtq_avail *)(void *)(area + AVAIL_AREA);
	ring.device.used = (struct virtq_used *)(void *)(area + USED_AREA);
	ring.used_event = (le16 *)(void *)(area + AVAIL_AREA + 4 + 2 * SIZE);
	ring.avail_event = (le16 *)(void *)(area + USED_AREA + 4 + 8 * SIZE);
	ring.slots = (unsigned char *)slots;
	ring.free_slot = &slots[0];
	ring.size = SIZE;
	ring.mask = SIZE - 1;
	ring.end = ring.desc.packed + SIZE;
	ring.fill = ring.desc.packed;
	ring.look = ring.desc.packed;
	ring.avail_lap = (uint64_t)VIRTQ_PACKED_F_AVAIL << 48;
	ring.used_lap = VIRTQ_PACKED_F_AVAIL | VIRTQ_PACKED_F_USED | VIRTQ_DESC_F_WRITE;
	ring.packed = packed;
	ring.event_index = true;
}

/* The device's end of each proof: what it found is there before it says that it is done. */
static void
finish(void)
{
	FENCE();
	device_done = true;
}

/* The device asks for a kick at the next chain, then looks once more before it sleeps. */
static void
device_sleeps(uint64_t wish)
{
	device_event = wish;
	FENCE();
	device_saw = handed != 0;
	finish();
}

/* Neither side may miss the other. */
static void
no_chain_is_missed(bool kick)
{
	ASSUME(device_done);
	PROVE(kick || device_saw, "kicked, or seen");
	POSSIBLE(kick && !device_saw, "kicked only");
	POSSIBLE(!kick && device_saw, "seen only");
}

void
proof_split_kick(void)
{
	bool kick;

	open_ring(false);
	ring.added = 1;
	vring_split_publish(&ring);
	kick = vring_split_ask(&ring);
	device_event = UINT16_MAX;
__CPROVER_ASYNC_1:
	device_sleeps(0);
	drive(done);
	no_chain_is_missed(kick);
}

void
proof_packed_kick(void)
{
	bool kick;

	open_ring(true);
	vring_packed_add_table(&ring, &slots[0], 1, 1, 0);
	kick = vring_packed_ask(&ring);
	device_event = (uint32_t)VIRTQ_PACKED_EVENT_DISABLE << 16;
__CPROVER_ASYNC_1:
	device_sleeps(VIRTQ_PACKED_EVENT_WRAP | (uint32_t)VIRTQ_PACKED_EVENT_DESC << 16);
	drive(done);
	no_chain_is_missed(kick);
}

/* The device uses a chain, then asks whether the driver wants an interrupt. */
static void
device_uses(uint64_t value, uint64_t wanted)
{
	used = value;
	FENCE();
	device_interrupts = driver_event == wanted;
	finish();
}

static void
no_use_is_missed(bool armed)
{
	ASSUME(device_done);
	PROVE(!armed || device_interrupts, "interrupted, or seen");
	POSSIBLE(armed && device_interrupts, "interrupted");
	POSSIBLE(!armed && !device_interrupts, "seen only");
}

void
proof_split_sleep(void)
{
	bool armed;

	open_ring(false);
	armed = vring_split_arm(&ring);
	driver_event = UINT16_MAX;
__CPROVER_ASYNC_1:
	device_uses(1, 0);
	drive(done);
	no_use_is_missed(armed);
}

void
proof_packed_sleep(void)
{
	bool armed;

	open_ring(true);
	ring.outstanding = 1;
	armed = vring_packed_arm(&ring);
	driver_event = (uint32_t)VIRTQ_PACKED_EVENT_DISABLE << 16;
__CPROVER_ASYNC_1:
	device_uses(VRING_PACKED_USED,
		    VIRTQ_PACKED_EVENT_WRAP | (uint32_t)VIRTQ_PACKED_EVENT_DESC << 16);
	drive(done);
	no_use_is_missed(armed);
}

/* The device finds a chain, and then what is in it: FIRST, and NEXT and its word. */
static void
device_reads(uint64_t first, uint64_t next, uint64_t next_word)
{
	if (handed != 0) {
		PROVE(content == first, "the first word is there");
		PROVE(content_next == next && handed_next == next_word, "and the next descriptor");
		POSSIBLE(true, "a chain found");
	}
}

void
proof_split_contents(void)
{
	open_ring(false);
	slots[0].id = 3;
	vring_split_add_table(&ring, &slots[0], 0);
	vring_split_publish(&ring);
__CPROVER_ASYNC_1:
	device_reads(3, 0, 0);
	drive(done);
}

void
proof_packed_contents(void)
{
	open_ring(true);
	vring_packed_add_table(&ring, &slots[0], 7, 1, 0);
__CPROVER_ASYNC_1:
	device_reads(7, 0, 0);
	drive(done);
}

static void
add_chain(void)
{
	struct vring_packed_chain chain;

	vring_packed_begin(&ring, &chain);
	vring_packed_piece(&ring, &chain, 7, 1, 0);
	vring_packed_last(&ring, &chain, 8, 2, 0, VRING_DIRECT);
}

/* A chain of two: the head's flags hand both over. */
void
proof_packed_chain_contents(void)
{
	open_ring(true);
	add_chain();
__CPROVER_ASYNC_1:
	device_reads(7, 8, 2 | (uint64_t)VIRTQ_PACKED_F_AVAIL << 48);
	drive(done);
}
