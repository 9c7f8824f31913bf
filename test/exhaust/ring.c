/* SPDX-License-Identifier: MIT */
/* What both sides of the small ring know: see ring.h. */
#include "test/exhaust/ring.h"

#include <string.h>
#include <sys/mman.h>

#include "test/harness.h"

struct ring_config ring_config;
struct orion_vring_layout ring_layout;

#define AREA_BYTES 4096u

static void *shared;
static uint8_t memory[AREA_BYTES]; /* what it holds at first */
static struct driver *driver;
static struct device *device;

unsigned
ring_cell(unsigned id)
{
	return (unsigned)(ring_layout.bytes + 7) / 8 * 8 + RING_CELL_BYTES * id;
}

unsigned
ring_kind(void)
{
	return (ring_config.direct ? VRING_DIRECT : 0) |
	       (ring_config.in_order ? VRING_IN_ORDER : 0);
}

uint64_t
ring_address(unsigned number, unsigned piece)
{
	return UINT64_C(0x0123450000000000) + number * UINT64_C(0x100000) + piece * 0x1000;
}

uint32_t
ring_length(unsigned number, unsigned piece)
{
	return UINT32_C(0x80000000) + number * 256 + piece;
}

uint32_t
ring_table_bytes(unsigned number)
{
	return 16 * number;
}

uint32_t
ring_answer(unsigned number)
{
	return 3 * number;
}

/* The accesses by which one side tells the other something. */
static bool
is_signal(unsigned at, unsigned width)
{
	unsigned entries = (unsigned)ring_layout.driver_offset + 4;
	unsigned elements = (unsigned)ring_layout.device_offset + 4;

	if (at >= ring_cell(0))
		return false;
	if (ring_config.packed)
		return at >= ring_layout.driver_offset || at % 16 + width == 16;
	return at >= ring_layout.driver_offset &&
	       !(at >= entries && at < entries + 2u * ring_config.size) &&
	       !(at >= elements && at < elements + 8u * ring_config.size);
}

/*
 * All indices begin at ring_config.start; each side's wish lies where it would, had it begun at 0.
 */
static void
start_split(void)
{
	uint16_t start = ring_config.start;

	shared_put16(&driver->ring.driver.avail->idx, start);
	shared_put16(&driver->ring.device.used->idx, start);
	if (ring_config.event_index) {
		shared_put16(driver->ring.avail_event, start);
		shared_put16(driver->ring.used_event, (uint16_t)(start - 1));
	}
}

static void
close_all(void *unused)
{
	(void)unused;
	(void)munmap(shared, AREA_BYTES);
	test_free(driver);
	test_free(device);
}

struct driver *
ring_open(const struct ring_config *config, size_t *bytes)
{
	struct machine_plan plan = {.run = {driver_run, device_run}, .weak = config->weak};
	struct vring_config setup = {.size = config->size,
				     .ids = config->size,
				     .limit = config->size,
				     .packed = config->packed,
				     .event_index = config->event_index};

	ring_config = *config;
	ring_layout = orion_vring_layout(config->size, config->packed);
	shared = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT(shared != MAP_FAILED);
	driver = driver_open(&plan.live_bytes[DRIVER]);
	device = device_open(&plan.live_bytes[DEVICE]);
	test_at_end(close_all, NULL);
	plan.shared = shared;
	plan.memory = memory;
	plan.shared_bytes = ring_cell(config->size);
	plan.live[DRIVER] = driver;
	plan.live[DEVICE] = device;
	plan.is_signal = config->fine ? NULL : is_signal;
	machine_plan_set(&plan);
	setup.kind = ring_kind();
	setup.shared = shared;
	setup.slots = driver->slots;
	setup.links = driver->links;
	orion_vring_setup(&driver->ring, &setup);
	driver_start(driver);
	if (!config->packed)
		start_split();
	/* From here on the driver's accessors are the only way. */
	memcpy(memory, shared, AREA_BYTES);
	EXPECT_EQ(mprotect(shared, AREA_BYTES, PROT_NONE), 0);
	*bytes = plan.live_bytes[DRIVER];
	return driver;
}
