/* SPDX-License-Identifier: MIT */
/* What a power cut leaves of what was written, and devices whose resets take a while. */
#include "test/scenario/matrix.h"

#include <string.h>

#define SECTORS 64u
#define WRITES_MAX 8u
#define ROUNDS 100u

static const struct test_axis caches = {"cache", {"back", "through", "declined", "none"}};
static const struct test_axis *const power_axes[] = {&layout, &caches, &orders, &reaches, NULL};

/* Per sector: the newest version that was written, and the oldest that may be found. */
struct book {
	struct world w;
	struct world_buffer *buffers[WRITES_MAX];
	uint64_t newest[SECTORS], done[SECTORS], stable[SECTORS];
	uint64_t version;
};

/* The version that SECTOR holds; it is of one piece. */
static uint64_t
version_of(struct book *b, uint64_t sector)
{
	uint8_t found[512], wanted[512] = {0};
	uint64_t version;

	model_device_peek(b->w.model, sector, found, sizeof(found));
	memcpy(&version, found, sizeof(version));
	if (version != 0)
		world_pattern(wanted, sizeof(wanted), sector, version);
	memcpy(wanted, &version, sizeof(version));
	EXPECT_MEM(found, wanted, sizeof(found));
	return version;
}

/* Some writes to different sectors, in flight together. */
static void
write_some(struct book *b, bool write_through)
{
	unsigned count = 1 + (unsigned)test_random_below(WRITES_MAX);
	uint64_t first = test_random_below(SECTORS);

	for (unsigned i = 0; i < count; i++) {
		uint64_t sector = (first + i * 7) % SECTORS;
		struct vblk_request r = {.operation = VBLK_WRITE,
					 .sector = sector,
					 .segments = &b->buffers[i]->segment,
					 .segment_count = 1,
					 .cookie = world_cookie(&b->w)};

		b->version++;
		world_pattern(b->buffers[i]->cpu, 512, sector, b->version);
		memcpy(b->buffers[i]->cpu, &b->version, sizeof(b->version));
		EXPECT_EQ(world_submit(&b->w, 0, &r, 1), 1);
		b->newest[sector] = b->version;
	}
	world_kick(&b->w, 0);
	world_drain(&b->w, 0, ORION_OK);
	memcpy(b->done, b->newest, sizeof(b->done));
	if (write_through)
		memcpy(b->stable, b->done, sizeof(b->stable));
}

static void
power_config(struct world_config *config, unsigned cache)
{
	matrix_configure_for(config, power_axes);
	config->reach = (world_reach)test_choice(&reaches);
	config->model.cache = true;
	if (cache == 1)
		config->model.features &= ~VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE);
	if (cache == 2)
		config->options.features_off = VIRTIO_BIT(VIRTIO_BLK_F_FLUSH);
	if (cache == 3)
		config->model.features &=
			~(VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE) | VIRTIO_BIT(VIRTIO_BLK_F_FLUSH));
}

/*
 * After a cut each sector holds a version that was written to it, whole, and none that is older
 * than what vblk_info.durability promised to be there.  [spec 5.2.6.2]
 */
TEST_AXES(power_cut, power_axes, matrix_reachable_layout)
{
	static const vblk_durability promise[] = {VBLK_DURABILITY_FLUSH, VBLK_DURABILITY_FLUSH,
						  VBLK_DURABILITY_STABLE, VBLK_DURABILITY_NONE};
	unsigned cache = test_choice(&caches), lost = 0;
	struct book *b = test_alloc(sizeof(*b));
	struct world_config config;

	power_config(&config, cache);
	world_open(&b->w, &config, NULL);
	EXPECT_EQ(vblk_info(b->w.device)->durability, promise[cache]);
	for (unsigned i = 0; i < WRITES_MAX; i++)
		b->buffers[i] = world_buffer(&b->w, 512, ORION_DEVICE_READS);
	for (unsigned round = 0; round < ROUNDS; round++) {
		write_some(b, cache == 2);
		if (cache < 2 && test_random_below(4) == 0) {
			EXPECT_EQ(world_io(&b->w, 0, VBLK_FLUSH, 0, NULL, 0), ORION_OK);
			memcpy(b->stable, b->done, sizeof(b->stable));
		}
		if (test_random_below(8) != 0)
			continue;
		model_device_power_cut(b->w.model);
		for (unsigned sector = 0; sector < SECTORS; sector++) {
			uint64_t version = version_of(b, sector);

			EXPECT(version >= b->stable[sector] && version <= b->newest[sector]);
			lost += version != b->newest[sector];
			b->newest[sector] = b->done[sector] = b->stable[sector] = version;
		}
	}
	/* The cuts took something where there was something to take. */
	EXPECT_EQ(lost > 0, cache != 2);
	world_close(&b->w);
	test_free(b);
}

static const struct test_axis *const slow_axes[] = {&layout, &reaches, NULL};

/* Opened, broken, opened again and closed: each time it takes a while until its status is 0. */
TEST_AXES(slow_resets, slow_axes, matrix_reachable_layout)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	matrix_configure_for(&config, slow_axes);
	config.reach = (world_reach)test_choice(&reaches);
	config.model.status_reads = 5;
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	for (unsigned turn = 0; turn < 3; turn++) {
		EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
		if (turn == 1) {
			model_device_break(w.model);
			EXPECT_EQ(vblk_refresh(w.device, NULL), ORION_DEVICE_BROKEN);
		}
		world_detach(&w);
		EXPECT_EQ(model_device_status(w.model), 0);
		EXPECT_EQ(world_attach(&w), ORION_OK);
	}
	world_close(&w);
}
