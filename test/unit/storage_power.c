/* SPDX-License-Identifier: MIT */
/* What storage_flush() promised is there after a power cut, also if the device broke meanwhile. */
#include <string.h>

#include "commands/pattern.h"
#include "spec/virtio_ids.h"
#include "test/unit/desk.h"

#define SECTORS 64u
#define WRITE_MAX 8u
#define ROUNDS 120u
#define MINUTE_NS UINT64_C(60000000000)

static const struct test_axis caches = {"cache", {"back", "through", "declined", "none"}};
static const struct test_axis trouble = {"trouble", {"none", "breaks"}};
static const struct test_axis layout = {"layout", {"split", "packed"}};
static const struct test_axis *const axes[] = {&caches, &trouble, &layout, NULL};

/* Per sector: the newest version that was written, and the oldest that may be found. */
static struct book {
	struct desk desk;
	struct storage_handle *handle;
	uint8_t data[WRITE_MAX * 512];
	uint64_t newest[SECTORS], stable[SECTORS];
	uint64_t version;
} * book;

static void
fill(uint8_t *sector, uint64_t number, uint64_t version)
{
	pattern_fill(version, number * 512, sector, 512);
	memcpy(sector, &version, sizeof(version));
}

/* The version that sector NUMBER holds; it is of one piece. */
static uint64_t
version_of(uint64_t number)
{
	uint8_t found[512], wanted[512] = {0};
	uint64_t version;

	model_device_peek(book->desk.models[0], number, found, sizeof(found));
	memcpy(&version, found, sizeof(version));
	if (version != 0)
		fill(wanted, number, version);
	EXPECT_MEM(found, wanted, sizeof(found));
	return version;
}

static void
write_some(unsigned lane)
{
	unsigned count = 1 + (unsigned)test_random_below(WRITE_MAX);
	uint64_t first = test_random_below(SECTORS - count + 1);

	for (unsigned i = 0; i < count; i++) {
		fill(book->data + i * 512, first + i, ++book->version);
		book->newest[first + i] = book->version;
	}
	EXPECT_EQ(storage_write(&book->desk.storage, book->handle, lane, first * 512, book->data,
				count * 512, NULL),
		  ORION_OK);
}

static unsigned
cut(void)
{
	unsigned lost = 0;

	model_device_power_cut(book->desk.models[0]);
	for (unsigned i = 0; i < SECTORS; i++) {
		uint64_t version = version_of(i);

		EXPECT(version >= book->stable[i] && version <= book->newest[i]);
		lost += version != book->newest[i];
		book->newest[i] = book->stable[i] = version;
	}
	return lost;
}

static void
begin(void)
{
	struct desk_config config;
	unsigned cache = test_choice(&caches);

	desk_defaults(&config);
	config.lanes = 2;
	config.model[0].queues = 2;
	config.model[0].vectors = 3;
	config.model[0].cache = true;
	if (test_choice(&layout) == 0)
		config.model[0].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	if (cache == 1 || cache == 3)
		config.model[0].features &= ~VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE);
	if (cache == 2)
		config.options.features_off = VIRTIO_BIT(VIRTIO_BLK_F_FLUSH);
	if (cache == 3)
		config.model[0].features &= ~VIRTIO_BIT(VIRTIO_BLK_F_FLUSH);
	book = test_alloc(sizeof(*book));
	desk_open(&book->desk, &config);
	book->handle = desk_handle(&book->desk, "vd0", STORAGE_MAY_ALL);
}

/* Without a flush that may be sent it says so, or it is right to have nothing to do. */
TEST_AXES(storage_power__cut, axes, NULL)
{
	static const orion_status says[] = {ORION_OK, ORION_OK, ORION_OK, ORION_NOT_SUPPORTED};
	unsigned cache = test_choice(&caches), lost = 0, broke = 0;

	begin();
	for (unsigned round = 0; round < ROUNDS; round++) {
		if (test_choice(&trouble) == 1 && test_random_below(12) == 0) {
			model_device_trick(book->desk.models[0], MODEL_MISCHIEF_NEEDS_RESET,
					   (uint32_t)test_random_below(4), 1, 0);
			broke++;
		}
		write_some((unsigned)test_random_below(2));
		if (cache == 2)
			memcpy(book->stable, book->newest, sizeof(book->stable));
		if (test_random_below(4) == 0) {
			EXPECT_EQ(storage_flush(&book->desk.storage, book->handle,
						(unsigned)test_random_below(2)),
				  says[cache]);
			if (says[cache] == ORION_OK)
				memcpy(book->stable, book->newest, sizeof(book->stable));
		}
		if (test_random_below(8) == 0)
			lost += cut();
		model_host_port()->pause_ns(book->desk.host, MINUTE_NS);
	}
	/* The cuts took something where there was something to take; what was to break broke. */
	EXPECT_EQ(lost > 0, cache != 2);
	EXPECT_EQ(model_device_stats(book->desk.models[0])->resets > 1, broke > 0);
	storage_close(&book->desk.storage, book->handle);
	desk_close(&book->desk);
	test_free(book);
}
