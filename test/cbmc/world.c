/* SPDX-License-Identifier: MIT */
/* The hooks of the bounded proofs.  The manual is world.h. */
#include "test/cbmc/world.h"

#include <stdlib.h>

#include "arch/stepped.h"
#include "base/num.h"
#include "ring/ring.h"

struct world world;

void
world_open(uint32_t size, bool packed)
{
	struct orion_vring_layout layout = orion_vring_layout(size, packed);

	world = (struct world){.cells = world.cells};
	world.driver_offset = layout.driver_offset;
	world.device_offset = layout.device_offset;
	world.bytes = layout.bytes;
	world.cells_offset = num_align_up(layout.bytes, 64);
	world.end = world.cells.count == 0
			    ? world.bytes
			    : world.cells_offset + world.cells.count * world.cells.bytes;
	world.device_writes_descriptors = packed;
	world.area = malloc(world.end);
	ASSUME(world.area != NULL);
	world.probe = nondet_u64();
	ASSUME(world.probe < world.end);
	world.probed = world.area[world.probe];
}

bool
world_untouched(void)
{
	return world.area[world.probe] == world.probed;
}

bool
world_stored(unsigned at, size_t offset, unsigned width, uint64_t value)
{
	const struct world_access *store = &world.store[at];

	return store->offset == offset && store->width == width && store->value == value;
}

uint64_t
world_loaded(unsigned at, size_t offset, unsigned width)
{
	PROVE(world.load[at].offset == offset && world.load[at].width == width, "the word loaded");
	return world.load[at].value;
}

/* Where ADDRESS is in the areas. */
static size_t
offset_of(const void *address, unsigned width)
{
	size_t offset = (size_t)__CPROVER_POINTER_OFFSET(address);

	PROVE(__CPROVER_same_object(address, world.area), "in the ring's memory");
	PROVE(offset < world.end && width <= world.end - offset, "within the areas");
	PROVE(offset >= world.cells_offset || offset + width <= world.bytes, "not between them");
	PROVE(offset % width == 0, "aligned");
	return offset;
}

static bool
device_writes(size_t offset)
{
	if (offset >= world.cells_offset)
		return (offset - world.cells_offset) % world.cells.bytes == world.cells.status;
	return offset >= world.device_offset ||
	       (world.device_writes_descriptors && offset < world.driver_offset);
}

static struct world_access
access(size_t offset, unsigned width, uint64_t value)
{
	return (struct world_access){offset,          width,       value,
				     world.published, world.asked, world.observed};
}

uint64_t
step_shared_load(const void *address, unsigned width)
{
	size_t offset = offset_of(address, width);
	uint64_t value = nondet_u64();

	if (width < 8)
		ASSUME(value >> 8 * width == 0);
	PROVE(device_writes(offset), "loads only what the device writes");
	PROVE(world.loads < WORLD_LOG, "few loads");
	world.load[world.loads++] = access(offset, width, value);
	return value;
}

void
step_shared_store(void *address, unsigned width, uint64_t value)
{
	size_t offset = offset_of(address, width);

	PROVE(offset < world.device_offset || offset >= world.cells_offset,
	      "stores only what the driver writes");
	PROVE(offset >= world.driver_offset || width <= 16 - offset % 16, "in one descriptor");
	PROVE(world.stores < WORLD_LOG, "few stores");
	world.store[world.stores++] = access(offset, width, value);
}

void
step_fence(step_order order)
{
	if (order == STEP_PUBLISH)
		world.published++;
	else if (order == STEP_ASK)
		world.asked++;
	else if (order == STEP_OBSERVE)
		world.observed++;
}

uint32_t
step_register_load(const volatile void *address, unsigned width)
{
	(void)address;
	return width == 4 ? nondet_u32() : width == 2 ? nondet_u16() : nondet_u8();
}

void
step_register_store(volatile void *address, unsigned width, uint32_t value)
{
	(void)address;
	(void)width;
	(void)value;
}

void
step_relax(void)
{
}

uint64_t
step_ticks(void)
{
	return nondet_u64();
}

/* An assertion of the core's own must never fail. */
_Noreturn void
orion_panic(const char *text)
{
	PROVE(false, "the core does not panic");
	for (;;)
		ASSUME(false);
}
