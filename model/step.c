/* SPDX-License-Identifier: MIT */
/*
 * The hooks of arch/stepped.h: between two accesses of the driver the device may act, and its
 * stores and loads are as disordered as the fences allow.
 *
 * Stores wait in a buffer.  TSO drains it in order; WEAK drains each epoch (from one publish fence
 * to the next) newest first.  A load sees the driver's own waiting stores; under WEAK it may
 * besides see the past: what memory held before the device's stores since the last observe fence,
 * but never older than an earlier load of the same place.
 */
#include "model/private.h"

#include <limits.h>
#include <string.h>

#include "arch/stepped.h"

#define STORES_MAX 512u
#define PAST_MAX 256u
#define SEEN_MAX 256u
#define ACTS_ALL 1000000u

struct store {
	uint8_t *address;
	unsigned width;
	unsigned epoch;
	uint8_t bytes[8];
};

/* A store of the device: what was there before. */
struct past {
	const uint8_t *address;
	unsigned width;
	uint64_t time;
	uint8_t bytes[8];
};

/* A load of the driver under WEAK: it must not see older than TIME there again. */
struct seen {
	const uint8_t *address;
	uint64_t time;
};

static struct {
	struct model_host *host;
	model_memory memory;
	model_step_mode mode;
	uint64_t point, accesses;
	uint64_t random;
	struct model_step_stats stats;

	struct store stores[STORES_MAX];
	unsigned store_count;
	unsigned epoch;

	struct past past[PAST_MAX];
	unsigned past_count;
	struct seen seen[SEEN_MAX];
	uint64_t time;
} self;

static void
value_to_bytes(uint64_t value, unsigned width, uint8_t *bytes)
{
	uint8_t v8 = (uint8_t)value;
	uint16_t v16 = (uint16_t)value;
	uint32_t v32 = (uint32_t)value;
	const void *from = width == 1   ? (void *)&v8
			   : width == 2 ? (void *)&v16
			   : width == 4 ? (void *)&v32
					: (void *)&value;

	memcpy(bytes, from, width);
}

static uint64_t
bytes_to_value(const uint8_t *bytes, unsigned width)
{
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (width) {
	case 1:
		return bytes[0];
	case 2:
		memcpy(&v16, bytes, sizeof(v16));
		return v16;
	case 4:
		memcpy(&v32, bytes, sizeof(v32));
		return v32;
	default:
		memcpy(&v64, bytes, sizeof(v64));
		return v64;
	}
}

static bool
overlap(const uint8_t *a, size_t a_width, const uint8_t *b, size_t b_width)
{
	return (uintptr_t)a < (uintptr_t)b + b_width && (uintptr_t)b < (uintptr_t)a + a_width;
}

/* ---- stores ---- */

static void
check_store(const struct store *s)
{
	struct model_region *r = model_region_of(self.host, s->address);
	size_t at;

	if (r == NULL || (size_t)(s->address - r->cpu) + s->width > r->bytes) {
		model_breached(self.host, MODEL_BREACH_STORE_ASTRAY, UINT_MAX, s->width, 0, 0);
		return;
	}
	at = (size_t)(s->address - r->cpu);
	for (unsigned i = 0; i < s->width; i++) {
		if (r->busy[at + i] != 0) {
			model_breached(self.host,
				       (r->busy[at + i] & MODEL_BUSY_AREA) != 0
					       ? MODEL_BREACH_STORE_DEVICE_AREA
					       : MODEL_BREACH_STORE_LENT,
				       UINT_MAX, r->device + at, s->width, 0);
			return;
		}
	}
}

/* Store number I reaches memory. */
static void
drain_one(unsigned i)
{
	struct store s = self.stores[i];

	memmove(&self.stores[i], &self.stores[i + 1],
		(self.store_count - i - 1) * sizeof(self.stores[0]));
	self.store_count--;
	check_store(&s);
	memcpy(s.address, s.bytes, s.width);
	for (unsigned p = 0; p < self.past_count; p++)
		if (overlap(self.past[p].address, self.past[p].width, s.address, s.width))
			self.past[p].width = 0;
}

/* The store that goes next: the oldest; under WEAK the newest of its epoch that passes no equal. */
static unsigned
next_store(void)
{
	unsigned last = 0;

	if (self.memory != MODEL_MEMORY_WEAK)
		return 0;
	while (last + 1 < self.store_count && self.stores[last + 1].epoch == self.stores[0].epoch)
		last++;
	for (unsigned older = 0; older < last; older++)
		if (overlap(self.stores[older].address, self.stores[older].width,
			    self.stores[last].address, self.stores[last].width))
			return older;
	return last;
}

static void
act(void)
{
	if (self.mode == MODEL_STEP_EVERY)
		(void)model_host_act(self.host, 1);
	else if (self.mode == MODEL_STEP_RANDOM)
		(void)model_host_act(self.host, (unsigned)(model_random(&self.random) % 4));
	else if (self.mode == MODEL_STEP_ONCE && self.accesses == self.point)
		(void)model_host_act(self.host, ACTS_ALL);
}

/* Everything reaches memory; the device may act between any two. */
static void
drain(void)
{
	while (self.store_count > 0) {
		drain_one(next_store());
		if (self.store_count > 0 && self.mode >= MODEL_STEP_EVERY)
			act();
	}
}

/* Before an access of the driver. */
static void
point(void)
{
	if (self.host == NULL || self.host->acting)
		return;
	if (self.store_count > 0 && model_random(&self.random) % 8 == 0)
		drain_one(next_store());
	act();
	self.accesses++;
}

void
step_shared_store(void *address, unsigned width, uint64_t value)
{
	struct store *s;

	if (self.host == NULL) {
		value_to_bytes(value, width, address);
		return;
	}
	point();
	self.stats.stores++;
	if (self.store_count == STORES_MAX)
		drain_one(next_store());
	s = &self.stores[self.store_count++];
	s->address = address;
	s->width = width;
	s->epoch = self.epoch;
	value_to_bytes(value, width, s->bytes);
	if (self.memory == MODEL_MEMORY_STRONG)
		drain();
}

/* ---- loads ---- */

static void
catch_up(void)
{
	self.past_count = 0;
	memset(self.seen, 0, sizeof(self.seen));
}

void
model_step_device_store(const void *p, unsigned width)
{
	struct past *past;

	if (self.host == NULL || self.memory != MODEL_MEMORY_WEAK)
		return;
	if (self.past_count == PAST_MAX)
		catch_up();
	past = &self.past[self.past_count++];
	past->address = p;
	past->width = width;
	past->time = ++self.time;
	memcpy(past->bytes, p, width);
}

static void
undo(const struct past *past, const uint8_t *address, unsigned width, uint8_t *bytes)
{
	for (unsigned i = 0; i < past->width; i++) {
		size_t at = (uintptr_t)past->address + i - (uintptr_t)address;

		if (at < width)
			bytes[at] = past->bytes[i];
	}
}

/* Takes back some of the device's stores to BYTES, those of ADDRESS, newest first. */
static void
look_back(const uint8_t *address, unsigned width, uint8_t *bytes)
{
	struct seen *seen = &self.seen[((uintptr_t)address >> 1) % SEEN_MAX];
	uint64_t time = self.time;

	if (seen->address != NULL && seen->address != address)
		catch_up();
	for (unsigned i = self.past_count; i-- > 0;) {
		const struct past *past = &self.past[i];

		if (past->width == 0 || !overlap(past->address, past->width, address, width))
			continue;
		if (past->time <= seen->time || model_random(&self.random) % 2 == 0)
			break;
		undo(past, address, width, bytes);
		time = past->time - 1;
	}
	seen->address = address;
	seen->time = time;
}

uint64_t
step_shared_load(const void *address, unsigned width)
{
	uint8_t bytes[8] = {0};

	if (self.host == NULL)
		return bytes_to_value(address, width);
	point();
	self.stats.loads++;
	memcpy(bytes, address, width);
	if (self.memory == MODEL_MEMORY_WEAK)
		look_back(address, width, bytes);
	for (unsigned i = 0; i < self.store_count; i++) {
		const struct store *s = &self.stores[i];

		for (unsigned b = 0; b < s->width; b++) {
			size_t at = (uintptr_t)s->address + b - (uintptr_t)address;

			if (at < width)
				bytes[at] = s->bytes[b];
		}
	}
	return bytes_to_value(bytes, width);
}

/* ---- fences, registers ---- */

void
step_fence(step_order order)
{
	if (self.host == NULL)
		return;
	self.stats.fences[order]++;
	switch (order) {
	case STEP_PUBLISH:
		self.epoch++;
		break;
	case STEP_ASK:
		drain();
		catch_up();
		break;
	case STEP_OBSERVE:
		catch_up();
		break;
	case STEP_DOORBELL:
		drain();
		break;
	}
}

uint32_t
step_register_load(const volatile void *address, unsigned width)
{
	uint32_t value = UINT32_MAX;

	if (self.host == NULL)
		return (uint32_t)bytes_to_value((const uint8_t *)(uintptr_t)address, width);
	point();
	self.stats.register_loads++;
	if (!model_pci_load(self.host, address, width, &value) &&
	    !model_mmio_load(self.host, address, width, &value))
		model_breached(self.host, MODEL_BREACH_PCI_OUTSIDE, UINT_MAX, width, 0, 0);
	return value;
}

void
step_register_store(volatile void *address, unsigned width, uint32_t value)
{
	if (self.host == NULL) {
		value_to_bytes(value, width, (uint8_t *)(uintptr_t)address);
		return;
	}
	point();
	self.stats.register_stores++;
	if (!model_pci_store(self.host, address, width, value) &&
	    !model_mmio_store(self.host, address, width, value))
		model_breached(self.host, MODEL_BREACH_PCI_OUTSIDE, UINT_MAX, width, value, 1);
}

void
step_relax(void)
{
	point();
	catch_up();
}

uint64_t
step_ticks(void)
{
	self.stats.ticks++;
	return self.host != NULL ? ++self.host->now : self.stats.ticks;
}

/* ---- the tests' verbs ---- */

void
model_step_interrupt(void)
{
	catch_up();
}

void
model_step_forget(const void *p, size_t bytes)
{
	for (unsigned i = 0; i < self.store_count; i++)
		if (overlap(self.stores[i].address, self.stores[i].width, p, bytes))
			drain();
	catch_up();
}

void
model_step_begin(struct model_host *host, model_memory memory, uint64_t seed)
{
	memset(&self, 0, sizeof(self));
	self.host = host;
	self.memory = memory;
	self.random = seed;
}

void
model_step_mode_set(model_step_mode mode, uint64_t at)
{
	self.mode = mode;
	self.point = at;
	self.accesses = 0;
}

uint64_t
model_step_accesses(void)
{
	return self.accesses;
}

void
model_step_settle(void)
{
	drain();
	catch_up();
	self.epoch++;
}

void
model_step_end(void)
{
	if (self.host != NULL) {
		self.mode = MODEL_STEP_NEVER;
		model_step_settle();
	}
	self.host = NULL;
}

const struct model_step_stats *
model_step_stats(void)
{
	return &self.stats;
}
