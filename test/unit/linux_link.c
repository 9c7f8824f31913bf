/* SPDX-License-Identifier: MIT */
/*
 * The library over a link (ports/linux/link.h) that is no vhost-user, and has neither a socket nor
 * any other descriptor: a device in this process, served while it is kicked.  What is above the
 * table is the library as it is, with its monitor.
 */
#include "ports/linux/disk.h"

#include "test/harness.h"

#include "fake.h"
#include "fake_link.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define DEVICES 3u
#define SECTORS 2048u           /* what fake.h says */
#define PROTOCOL UINT64_C(0x55)
#define FLUSH (UINT64_C(1) << 9)
#define INDIRECT (UINT64_C(1) << 28)

/* A connection's device. */
struct device {
	struct fake *fake;              /* status, features, configuration, queues */
	struct fake_link *link;         /* NULL: not opened, or closed again */
	struct link_wish wish;          /* what it was asked for */
	struct dma *memory;
	const struct dma_arena *arena;
	struct hand hand;
	enum link_news news;            /* of its link, from the beginning */
	bool started, deaf;
	bool ended, asked;              /* as it was when the link was closed */
};

static struct {
	struct device device[DEVICES];
	unsigned opened, available;
	unsigned less;                  /* so many tries are to be repeated with shorter rings */
	uint8_t bytes[SECTORS * 512];
} room;

/* ---- the device ---- */

static void *
at(void *context, uint64_t address, size_t bytes)
{
	const struct device *device = context;
	const struct dma_arena *arena = device->arena;

	if (address - arena->device < arena->bytes)
		return arena->base + (address - arena->device);
	for (unsigned i = 0; i < DMA_REGIONS_MAX; i++) {
		const struct dma_region *region = &device->memory->regions[i];

		if (address - region->device < region->bytes &&
		    bytes <= region->bytes - (address - region->device))
			return region->base + (address - region->device);
	}
	return NULL;
}

/* Carries out what CHAIN asks for; returns how many bytes were written. */
static uint32_t
carry_out(struct device *device, const struct hand_chain *chain)
{
	const unsigned char *header = at(device, chain->piece[0].address, 16);
	unsigned char *status = at(device, chain->piece[chain->count - 1].address, 1);
	uint64_t sector = hand_get(header + 8, 8), type = hand_get(header, 4), done = sector * 512;
	uint32_t written = 1;

	for (unsigned i = 1; i < chain->count - 1; i++) {
		const struct hand_piece *piece = &chain->piece[i];
		void *data = at(device, piece->address, piece->length);

		if (type == 0)
			memcpy(data, room.bytes + done, piece->length);
		else if (type == 1)
			memcpy(room.bytes + done, data, piece->length);
		else if (type == 8)
			memcpy(data, "plain", sizeof("plain"));
		done += piece->length;
		written += piece->writable ? piece->length : 0;
	}
	*status = 0;
	return written;
}

/* Called by whoever kicks. */
static void
serve(void *context, uint16_t queue, uint32_t value)
{
	const struct fake *fake = context;
	struct device *device = room.device;
	struct hand_chain chain;

	(void)queue;
	(void)value;
	while (device->fake != fake)
		device++;
	if (!device->started) {
		const struct virtio_queue_setup *setup = &fake->setup[0];

		device->hand = hand_make(at(device, setup->descriptor_area, 1),
					 at(device, setup->driver_area, 1),
					 at(device, setup->device_area, 1), setup->size, false);
		device->hand.at = at;
		device->hand.context = device;
		device->started = true;
	}
	while (!device->deaf && hand_pop(&device->hand, &chain))
		hand_push(&device->hand, chain.id, carry_out(device, &chain), chain.slots);
}

/* ---- the link ---- */

static int
open_link(void *context, const struct link_opening *opening)
{
	struct device *device = &room.device[room.opened];
	struct fake_link *link = context;

	if (room.opened == room.available) {
		link->words = "there is no such device";
		return link->result = -ENODEV;
	}
	device->link = link;
	device->wish = *opening->wish;
	device->memory = opening->memory;
	device->arena = opening->arena;
	link->transport = device->fake->transport;
	link->protocol = PROTOCOL;
	link->news = device->news;
	__atomic_store_n(&room.opened, room.opened + 1, __ATOMIC_RELEASE);
	return 0;
}

static bool
ask_less(const void *context, struct link_wish *next, struct link_wish *lasting)
{
	(void)context;
	if (room.less == 0)
		return false;
	room.less--;
	next->ring = 16;
	lasting->notes[1] = 7;
	return true;
}

static void
close_link(void *context)
{
	struct fake_link *link = context;

	for (unsigned i = 0; i < DEVICES; i++) {
		if (room.device[i].link != link)
			continue;
		room.device[i].ended = link->given_up;
		room.device[i].asked = link->asked;
		room.device[i].link = NULL;
	}
}

static void
close_transport(void *context)
{
	for (unsigned i = 0; i < DEVICES; i++) {
		if (room.device[i].fake == context && room.device[i].link != NULL)
			close_link(room.device[i].link);
	}
}

static struct link_ops plain;

static struct orion_disk *
make_disk(void)
{
	struct orion_disk_options options;
	struct orion_disk *disk;

	memset(&room, 0, sizeof(room));
	room.available = DEVICES;
	for (unsigned i = 0; i < DEVICES; i++) {
		struct fake *fake = fake_make(FLUSH | INDIRECT);

		fake->ops.notify = serve;
		fake->ops.close = close_transport;
		room.device[i].fake = fake;
	}
	plain = fake_link_ops;
	plain.open = open_link;
	plain.ask_less = ask_less;
	plain.close = close_link;
	orion_disk_options_init(&options);
	options.loss_ms = 0;
	EXPECT_EQ(orion_disk_create("vhost-user:/nowhere", &options, &disk, NULL), 0);
	disk->link = &plain;
	return disk;
}

/* The next request of the disk's queue that is done, within MS; NULL: none is. */
static struct orion_io *
reap(struct orion_disk *disk, unsigned ms)
{
	struct orion_io *io = NULL;

	for (unsigned i = 0; i <= ms && orion_queue_reap(disk->queues[0], &io, 1) == 0; i++)
		usleep(1000);
	return io;
}

static void
submit(struct orion_disk *disk, struct orion_io *io, uint8_t operation, uint64_t sector,
       void *buffer)
{
	*io = (struct orion_io){
		.operation = operation, .offset = sector * 512, .buffer = buffer, .bytes = 512};
	EXPECT_EQ(orion_queue_submit(disk->queues[0], &io, 1), 1);
	orion_queue_kick(disk->queues[0]);
}

static void
carried_out(struct orion_disk *disk, struct orion_io *io)
{
	EXPECT(reap(disk, 10000) == io);
	EXPECT_EQ(io->result, 0);
}

/* DEVICE's link says NEWS; the monitor is told at once, of what no descriptor tells. */
static void
tell(struct orion_disk *disk, struct device *device, enum link_news news)
{
	const uint64_t one = 1;

	device->link->words = "it says so";
	__atomic_store_n(&device->link->news, news, __ATOMIC_RELEASE);
	EXPECT_EQ(write(disk->wake, &one, sizeof(one)), sizeof(one));
}

/* Waits for connection NUMBER. */
static void
await_connection(struct orion_disk *disk, unsigned number)
{
	struct orion_disk_info info;

	for (unsigned i = 0; i < 10000; i++) {
		EXPECT_EQ(orion_disk_info(disk, &info), 0);
		if (info.connections == number && info.connected)
			return;
		usleep(1000);
	}
	test_fail(__FILE__, __LINE__, "no connection %u", number);
}

/* ---- the tests ---- */

/* Opened, used, lost twice, come back twice, closed: all by the table. */
TEST(linux_link__neither_socket_nor_descriptor)
{
	struct orion_disk *disk = make_disk();
	struct device *first = &room.device[0], *second = &room.device[1];
	struct orion_disk_info info;
	struct orion_io io;
	uint8_t data[512], *lent;

	EXPECT_EQ(orion_disk_start(disk, NULL), 0);
	EXPECT_EQ(orion_disk_info(disk, &info), 0);
	EXPECT(info.connected && info.bytes == sizeof(room.bytes));
	EXPECT_EQ(info.protocol_features, PROTOCOL);
	EXPECT_STR(disk->identity.serial, "plain");
	memset(data, 0xa1, sizeof(data));
	submit(disk, &io, ORION_WRITE, 3, data);
	carried_out(disk, &io);
	EXPECT_MEM(room.bytes + 3 * 512, data, 512);
	/* Memory is lent, and reached without a copy. */
	lent = orion_disk_alloc(disk, 512);
	EXPECT(lent != NULL);
	EXPECT_EQ(first->link->added, 1);
	submit(disk, &io, ORION_READ, 3, lent);
	carried_out(disk, &io);
	EXPECT_MEM(lent, data, 512);
	EXPECT_EQ(disk->queues[0]->lane.counters.bounced, 1);

	/* A write that is in flight is replayed only once the first is known to have stopped. */
	first->deaf = true;
	memset(data, 0xb2, sizeof(data));
	submit(disk, &io, ORION_WRITE, 4, data);
	tell(disk, first, LINK_BROKEN);
	await_connection(disk, 2);
	EXPECT(reap(disk, 20) == NULL);
	EXPECT(first->link->given_up && first->link->asked);
	EXPECT_EQ(room.bytes[4 * 512], 0);
	__atomic_store_n(&first->link->stopped, true, __ATOMIC_RELEASE);
	carried_out(disk, &io);
	EXPECT_MEM(room.bytes + 4 * 512, data, 512);

	/* A read needs no proof. */
	second->deaf = true;
	submit(disk, &io, ORION_READ, 4, lent);
	tell(disk, second, LINK_DOWN);
	carried_out(disk, &io);
	EXPECT_MEM(lent, data, 512);
	await_connection(disk, 3);
	EXPECT(strstr(orion_disk_text(disk), "connected again") != NULL);

	orion_disk_close(disk);
	for (unsigned i = 0; i < DEVICES; i++) {
		EXPECT(room.device[i].link == NULL);
		EXPECT_EQ(room.device[i].ended, i < 2);
		EXPECT_EQ(room.device[i].asked, i == 0);
	}
}

/* A feature that is required is the back end's to offer, and the driver's to have. */
TEST(linux_link__names_who_lacks_a_required_feature)
{
	static const struct {
		uint64_t offered, required;
		const char *says;
	} rows[] = {
		{0, VIRTIO_BIT(12), "the back end does not offer VIRTIO_BLK_F_MQ"},
		{VIRTIO_BIT(17), VIRTIO_BIT(17), "this driver has no VIRTIO_BLK_F_ZONED"},
		{0, VIRTIO_BIT(12) | VIRTIO_BIT(17), "this driver has no VIRTIO_BLK_F_ZONED"},
	};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct orion_disk *disk = make_disk();
		struct orion_error error;

		room.device[0].fake->features |= rows[i].offered;
		disk->options.features_required = rows[i].required;
		EXPECT_EQ(orion_disk_start(disk, &error), -EOPNOTSUPP);
		EXPECT(strstr(error.text, rows[i].says) != NULL);
		orion_disk_close(disk);
	}
}

/* What one try has taught is what the next begins with, and what worked lasts. */
TEST(linux_link__asks_for_less)
{
	struct orion_disk *disk = make_disk();
	struct orion_error error;

	room.device[0].fake->enable_refused = 1;
	room.less = 1;
	EXPECT_EQ(orion_disk_start(disk, NULL), 0);
	EXPECT_EQ(room.opened, 2);
	EXPECT_EQ(room.device[0].wish.ring, 0);
	EXPECT_EQ(room.device[1].wish.ring, 16);
	EXPECT(room.device[0].link == NULL);
	EXPECT_EQ(disk->wish.ring, 16);
	EXPECT_EQ(disk->wish.notes[0], 1);
	orion_disk_close(disk);

	/* In vain: that is said, and of it all only what is to last is kept. */
	disk = make_disk();
	room.less = 1;
	for (unsigned i = 0; i < DEVICES; i++)
		room.device[i].fake->enable_refused = 1;
	EXPECT_EQ(orion_disk_start(disk, &error), -EPROTO);
	EXPECT(strstr(error.text, "shorter rings, down to 16, did not help") != NULL);
	EXPECT_EQ(room.opened, 2);
	EXPECT_EQ(disk->wish.ring, 0);
	EXPECT_EQ(disk->wish.notes[0], 0);
	EXPECT_EQ(disk->wish.notes[1], 7);
	orion_disk_close(disk);
}

/* Its own words say why there is no connection. */
TEST(linux_link__says_why_not)
{
	struct orion_disk *disk = make_disk();
	struct orion_error error;

	room.available = 0;
	EXPECT_EQ(orion_disk_start(disk, &error), -ENODEV);
	EXPECT_STR(error.text, "there is no such device");
	room.available = 1;
	EXPECT_EQ(orion_disk_start(disk, &error), 0);
	orion_disk_close(disk);
}

/* A link that ends while the device is asked who it is ends the question, not the opening. */
TEST(linux_link__ends_while_asked)
{
	struct orion_disk *disk = make_disk();

	/* Nobody waits for this. */
	disk->options.answer_ms = 3600000;
	room.device[0].deaf = true;
	room.device[0].news = LINK_DOWN;
	EXPECT_EQ(orion_disk_start(disk, NULL), 0);
	EXPECT_EQ(room.opened, 2);
	EXPECT_STR(disk->identity.serial, "");
	orion_disk_close(disk);
}

/* A URL's scheme names the link; any other is no URL of a disk. */
TEST(linux_link__by_scheme)
{
	static const char *const none[] = {"vhost-user", "vhost-use:/a", "vhost-userx:/a",
					   "fake:/a",    "/a",           ""};
	const char *path = NULL;
	const struct link_ops *link = link_find("vhost-user:/a:b", &path);

	EXPECT(link != NULL);
	EXPECT_STR(link->scheme, "vhost-user");
	EXPECT_STR(path, "/a:b");
	for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		test_note("%s", none[i]);
		EXPECT(link_find(none[i], &path) == NULL);
	}
	EXPECT(link_find(link_example, &path) == link);
}
