/* SPDX-License-Identifier: MIT */
/* storage/storage.c: names, handles, rights, ranges, flush, serial numbers. */
#include <string.h>

#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"
#include "test/unit/desk.h"

TEST(storage_disk__names)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.disks = 3;
	desk_open(&desk, &config);
	EXPECT(storage_find(&desk.storage, "vd0") == &desk.storage.disks[0]);
	EXPECT(storage_find(&desk.storage, "vd2") == &desk.storage.disks[2]);
	EXPECT(storage_find(&desk.storage, "vd3") == NULL);
	EXPECT(storage_find(&desk.storage, "vd") == NULL);
	EXPECT(storage_find(&desk.storage, "") == NULL);
	EXPECT(storage_find(&desk.storage, "vd00") == NULL);
	EXPECT(storage_find(&desk.storage, "vd0000000000000000000") == NULL);
	EXPECT(storage_at(&desk.storage, 1) == &desk.storage.disks[1]);
	EXPECT(storage_at(&desk.storage, 3) == NULL);
	EXPECT_EQ(storage_add(&desk.storage, 0), ORION_BUSY);
	EXPECT_EQ(storage_add(&desk.storage, 3), ORION_NOT_FOUND);
	EXPECT_EQ(storage_add(&desk.storage, 99), ORION_NOT_FOUND);
	EXPECT_EQ(storage_remove(&desk.storage, 1), ORION_OK);
	EXPECT_EQ(storage_remove(&desk.storage, 1), ORION_NOT_FOUND);
	EXPECT_EQ(storage_remove(&desk.storage, 99), ORION_NOT_FOUND);
	EXPECT(storage_at(&desk.storage, 1) == &desk.storage.disks[2]);
	EXPECT_EQ(storage_add(&desk.storage, 1), ORION_OK);
	desk_close(&desk);
}

static void
no_idle(void *context, unsigned lane, uint64_t ns)
{
	(void)context;
	(void)lane;
	(void)ns;
}

TEST(storage_disk__incomplete_host)
{
	struct storage_host host = {.port = model_host_port()};
	struct storage *storage = test_alloc(sizeof(*storage));

	EXPECT_EQ(storage_init(storage, &host, NULL), ORION_PORT_INCOMPLETE);
	host.port = NULL;
	EXPECT_EQ(storage_init(storage, &host, NULL), ORION_PORT_INCOMPLETE);
	/* The core does without the two, storage does not. */
	host.idle = no_idle;
	for (unsigned i = 0; i < 4; i++) {
		struct orion_port port = *model_host_port();

		host.port = &port;
		port.share = i & 1 ? NULL : port.share;
		port.unshare = i & 2 ? NULL : port.unshare;
		EXPECT_EQ(storage_init(storage, &host, NULL),
			  i == 0 ? ORION_OK : ORION_PORT_INCOMPLETE);
	}
	test_free(storage);
}

TEST(storage_disk__rights)
{
	struct desk_config config;
	struct desk desk;
	uint8_t data[512] = {0};
	char id[VIRTIO_BLK_ID_BYTES + 1];
	struct storage_handle *none;
	size_t done = 9;

	desk_defaults(&config);
	desk_open(&desk, &config);

	struct storage *s = &desk.storage;
	struct storage_handle *read = desk_handle(&desk, "vd0", STORAGE_MAY_READ);
	struct storage_handle *write = desk_handle(&desk, "vd0", STORAGE_MAY_WRITE);
	struct storage_handle *rest =
		desk_handle(&desk, "vd0", STORAGE_MAY_FLUSH | STORAGE_MAY_STATS);

	EXPECT_EQ(storage_open(s, "vd1", STORAGE_MAY_READ, &none), ORION_NOT_FOUND);
	EXPECT_EQ(storage_open(s, "vd0", 0x100, &none), ORION_INVALID);
	EXPECT_EQ(storage_read(s, read, 0, 0, data, 512, NULL), ORION_OK);
	EXPECT_EQ(storage_write(s, read, 0, 0, data, 512, &done), ORION_DENIED);
	EXPECT_EQ(done, 0);
	EXPECT_EQ(storage_flush(s, read, 0), ORION_DENIED);
	EXPECT_EQ(storage_identify(s, read, 0, id), ORION_DENIED);
	EXPECT_EQ(storage_write(s, write, 0, 0, data, 512, NULL), ORION_OK);
	EXPECT_EQ(storage_read(s, write, 0, 0, data, 512, NULL), ORION_DENIED);
	EXPECT_EQ(storage_flush(s, rest, 0), ORION_OK);
	EXPECT_EQ(storage_identify(s, rest, 0, id), ORION_OK);
	EXPECT_EQ(desk.storage.disks[0].denials, 4);
	EXPECT_EQ(storage_remove(s, 0), ORION_BUSY);
	storage_close(s, read);
	storage_close(s, write);
	storage_close(s, rest);
	storage_close(s, NULL);
	EXPECT_EQ(storage_read(s, NULL, 0, 0, data, 512, NULL), ORION_INVALID);
	EXPECT_EQ(storage_read(s, read, 0, 0, data, 512, NULL), ORION_INVALID);
	desk_close(&desk);
}

TEST(storage_disk__handles_run_out)
{
	struct desk_config config;
	struct desk desk;
	struct storage_handle *handles[STORAGE_HANDLES_MAX], *one_more;

	desk_defaults(&config);
	desk_open(&desk, &config);
	for (unsigned i = 0; i < STORAGE_HANDLES_MAX; i++)
		handles[i] = desk_handle(&desk, "vd0", STORAGE_MAY_READ);
	EXPECT_EQ(storage_open(&desk.storage, "vd0", STORAGE_MAY_READ, &one_more), ORION_TOO_LARGE);
	for (unsigned i = 0; i < STORAGE_HANDLES_MAX; i++)
		storage_close(&desk.storage, handles[i]);
	desk_close(&desk);
}

TEST(storage_disk__ranges)
{
	struct desk_config config;
	struct desk desk;
	uint8_t data[8192] = {0};

	desk_defaults(&config);
	config.model[0].block_bytes = 4096;
	config.model[0].capacity_sectors = 2051;
	desk_open(&desk, &config);

	struct storage *s = &desk.storage;
	struct storage_handle *h = desk_handle(&desk, "vd0", STORAGE_MAY_ALL);
	uint64_t size = storage_bytes(h->disk);

	EXPECT_EQ(storage_block_bytes(h->disk), 4096);
	EXPECT_EQ(size, 2048 * 512);
	EXPECT_EQ(storage_read(s, h, 0, size - 4096, data, 4096, NULL), ORION_OK);
	EXPECT_EQ(storage_read(s, h, 0, size, data, 0, NULL), ORION_OK);
	EXPECT_EQ(storage_read(s, h, 0, size, data, 4096, NULL), ORION_OUT_OF_RANGE);
	EXPECT_EQ(storage_read(s, h, 0, size - 4096, data, 8192, NULL), ORION_OUT_OF_RANGE);
	EXPECT_EQ(storage_read(s, h, 0, UINT64_MAX - 4095, data, 8192, NULL), ORION_OUT_OF_RANGE);
	EXPECT_EQ(storage_write(s, h, 0, UINT64_MAX - 4095, data, 4096, NULL), ORION_OUT_OF_RANGE);
	EXPECT_EQ(storage_read(s, h, 0, 512, data, 4096, NULL), ORION_MISALIGNED);
	EXPECT_EQ(storage_read(s, h, 0, 0, data, 4608, NULL), ORION_MISALIGNED);
	EXPECT_EQ(storage_write(s, h, 0, 0, data, 1, NULL), ORION_MISALIGNED);
	EXPECT_EQ(storage_read(s, h, 1, 0, data, 4096, NULL), ORION_WRONG_STATE);
	EXPECT_EQ(storage_read(s, h, 99, 0, data, 4096, NULL), ORION_WRONG_STATE);
	storage_close(s, h);
	desk_close(&desk);
}

TEST(storage_disk__read_only_and_empty)
{
	struct desk_config config;
	struct desk desk;
	uint8_t data[512] = {0};
	struct storage_handle *handle;

	desk_defaults(&config);
	config.disks = 2;
	config.model[0].features |= VIRTIO_BIT(VIRTIO_BLK_F_RO);
	config.model[1].features &= ~VIRTIO_BIT(VIRTIO_BLK_F_RO);
	config.model[1].capacity_sectors = 0;
	desk_open(&desk, &config);
	EXPECT_EQ(storage_open(&desk.storage, "vd0", STORAGE_MAY_WRITE, &handle), ORION_READ_ONLY);
	handle = desk_handle(&desk, "vd1", STORAGE_MAY_ALL);
	EXPECT_EQ(storage_bytes(handle->disk), 0);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, data, 512, NULL), ORION_OUT_OF_RANGE);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 0, data, 0, NULL), ORION_OK);
	EXPECT_EQ(storage_flush(&desk.storage, handle, 0), ORION_OK);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
}

/* OK without asking only where nothing that completed can be lost; never where it may be. */
static const struct test_axis flush = {"flush", {"negotiated", "not-offered", "switched-off"}};
static const struct test_axis *const flush_axes[] = {&flush, NULL};

TEST_AXES(storage_disk__flush, flush_axes, NULL)
{
	static const orion_status expected[] = {ORION_OK, ORION_NOT_SUPPORTED, ORION_OK};
	struct desk_config config;
	struct desk desk;
	unsigned which = test_choice(&flush);
	uint64_t bits = VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) | VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE);

	desk_defaults(&config);
	if (which == 1)
		config.model[0].features &= ~bits;
	if (which == 2)
		config.options.features_off = bits;
	desk_open(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_FLUSH);

	EXPECT_EQ(storage_flush(&desk.storage, handle, 0), expected[which]);
	EXPECT_EQ(model_device_stats(desk.models[0])->flushes, which == 0);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
}

TEST(storage_disk__serial_number_is_cleaned)
{
	static const struct {
		const char *serial, *clean;
	} rows[] = {
		{"orion-1", "orion-1"},
		{"", ""},
		{"12345678901234567890", "12345678901234567890"},
		{"a\x1b[2Jb\n", "a?[2Jb?"},
		{"trailing   ", "trailing"},
		{"   at both ends  ", "at both ends"},
		{"                    ", ""},
		{"                   x", "x"},
		{"\xff\xfe", "??"},
	};
	struct desk_config config;
	struct desk desk;
	char id[VIRTIO_BLK_ID_BYTES + 1];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		desk_defaults(&config);
		config.model[0].serial = rows[i].serial;
		desk_open(&desk, &config);

		struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_STATS);

		EXPECT_EQ(storage_identify(&desk.storage, handle, 0, id), ORION_OK);
		EXPECT_STR(id, rows[i].clean);
		storage_close(&desk.storage, handle);
		desk_close(&desk);
	}
}

/* A disk that grows or shrinks while it is in use is bounded by what it is now. */
TEST(storage_disk__capacity_changes)
{
	struct desk_config config;
	struct desk desk;
	uint8_t data[512] = {0};

	desk_defaults(&config);
	desk_open(&desk, &config);

	struct storage_handle *handle = desk_handle(&desk, "vd0", STORAGE_MAY_READ);

	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 2048 * 512, data, 512, NULL),
		  ORION_OUT_OF_RANGE);
	model_device_resize(desk.models[0], 4096);
	(void)model_host_run(desk.host);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 2048 * 512, data, 512, NULL), ORION_OK);
	EXPECT_EQ(storage_bytes(handle->disk), 4096 * 512);
	model_device_resize(desk.models[0], 8);
	(void)model_host_run(desk.host);
	EXPECT_EQ(storage_read(&desk.storage, handle, 0, 2048 * 512, data, 512, NULL),
		  ORION_OUT_OF_RANGE);
	storage_close(&desk.storage, handle);
	desk_close(&desk);
}
