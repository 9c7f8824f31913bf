/* SPDX-License-Identifier: MIT */
/* See load.h. */
#include "test/scenario/load.h"

#include <string.h>

#define SECTOR VIRTIO_BLK_SECTOR_BYTES
#define REAP_MAX 64u

static uint64_t
sector_of(const struct load *load, unsigned lane)
{
	return (uint64_t)load->queue * LOAD_LANES_MAX + lane;
}

static struct vblk_queue *
queue_of(const struct load *load)
{
	return vblk_queue_get(load->world->device, load->queue);
}

struct load *
load_open(struct world *world, unsigned queue, unsigned lanes)
{
	struct load *load = test_alloc(sizeof(*load));

	EXPECT(lanes <= LOAD_LANES_MAX);
	load->world = world;
	load->queue = queue;
	load->lanes = lanes;
	load->allowed = UINT64_C(1) << ORION_OK;
	load->out = world_buffer(world, lanes * SECTOR, ORION_DEVICE_READS);
	load->in = world_buffer(world, lanes * SECTOR, ORION_DEVICE_WRITES);
	return load;
}

void
load_free(struct load *load)
{
	test_free(load);
}

void
load_allow(struct load *load, orion_status result)
{
	load->allowed |= UINT64_C(1) << result;
}

/* The next request of a lane: a write when its sector is in doubt, else either. */
static bool
start(struct load *load, unsigned number)
{
	struct load_lane *lane = &load->lane[number];
	bool write = lane->version == 0 || test_random_below(2) == 0;
	struct vblk_segment segment = (write ? load->out : load->in)->segment;
	struct vblk_request request = {
		.operation = write ? VBLK_WRITE : VBLK_READ,
		.sector = sector_of(load, number),
		.segments = &segment,
		.segment_count = 1,
		.cookie = world_cookie(load->world),
	};

	segment.device_address += number * SECTOR;
	segment.length = SECTOR;
	lane->writing = write ? ++load->versions : 0;
	if (write)
		world_pattern(load->out->cpu + number * SECTOR, SECTOR, request.sector,
			      lane->writing);
	else
		memset(load->in->cpu + number * SECTOR, 0, SECTOR);
	if (world_submit(load->world, load->queue, &request, 1) == 0)
		return false;
	lane->cookie = request.cookie;
	return true;
}

unsigned
load_submit(struct load *load, unsigned most)
{
	unsigned taken = 0;

	for (unsigned i = 0; i < load->lanes && taken < most; i++) {
		if (load->lane[i].cookie != 0)
			continue;
		if (!start(load, i))
			break;
		taken++;
	}
	return taken;
}

static struct load_lane *
lane_of(struct load *load, uint64_t cookie)
{
	for (unsigned i = 0; i < load->lanes; i++) {
		if (load->lane[i].cookie == cookie)
			return &load->lane[i];
	}
	test_fail(__FILE__, __LINE__, "a completion that is no lane's");
}

static void
finish(struct load *load, const struct vblk_completion *done)
{
	struct load_lane *lane = lane_of(load, done->cookie);
	unsigned number = (unsigned)(lane - load->lane);
	uint8_t wanted[SECTOR];

	lane->cookie = 0;
	load->completed++;
	if ((load->allowed >> done->result & 1) == 0)
		test_fail(__FILE__, __LINE__, "queue %u: %s", load->queue,
			  orion_status_text((orion_status)done->result));
	if (done->result == ORION_OK && !load->lengths_lie)
		EXPECT_EQ(done->value, lane->writing != 0 ? 0 : SECTOR);
	if (done->result != ORION_OK) {
		load->failed++;
		if (lane->writing != 0)
			lane->version = 0;
	} else if (lane->writing != 0) {
		lane->version = lane->writing;
		model_device_peek(load->world->model, sector_of(load, number), wanted, SECTOR);
		EXPECT_MEM(load->out->cpu + number * SECTOR, wanted, SECTOR);
	} else {
		world_pattern(wanted, SECTOR, sector_of(load, number), lane->version);
		EXPECT_MEM(load->in->cpu + number * SECTOR, wanted, SECTOR);
	}
}

unsigned
load_reap(struct load *load, unsigned most)
{
	struct vblk_completion done[REAP_MAX];
	unsigned got =
		world_reap(load->world, load->queue, done, most < REAP_MAX ? most : REAP_MAX);

	for (unsigned i = 0; i < got; i++)
		finish(load, &done[i]);
	return got;
}

void
load_step(struct load *load)
{
	(void)load_submit(load, (unsigned)test_random_below(load->lanes) + 1);
	if (test_random_below(3) != 0)
		(void)world_kick(load->world, load->queue);
	(void)model_host_act(load->world->host, (unsigned)test_random_below(40));
	(void)load_reap(load, (unsigned)test_random_below(REAP_MAX));
}

void
load_drain(struct load *load)
{
	unsigned idle = 0;

	while (load_in_flight(load) > 0 && idle < 3) {
		(void)world_kick(load->world, load->queue);
		world_run(load->world);
		idle = load_reap(load, REAP_MAX) > 0 ? 0 : idle + 1;
	}
	EXPECT_EQ(vblk_in_flight(queue_of(load)), load_in_flight(load));
}

unsigned
load_in_flight(const struct load *load)
{
	unsigned count = 0;

	for (unsigned i = 0; i < load->lanes; i++)
		count += load->lane[i].cookie != 0;
	return count;
}
