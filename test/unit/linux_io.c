/* SPDX-License-Identifier: MIT */
/* ports/linux/{io,prepare}.c: what the device gets to see of a request, and what comes back. */
#include "desk_linux.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#define PAGE 4096u
#define LARGE (72u << 10)
#define END (1u << 20)     /* of the fake's disk */

static struct linux_desk
begin(uint32_t bounce_kb)
{
	struct linux_desk desk = linux_desk_make(0);

	linux_desk_open(&desk, bounce_kb);
	return desk;
}

static bool
all(const unsigned char *bytes, size_t count, unsigned char value)
{
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] != value)
			return false;
	}
	return true;
}

/* ---- bounce memory ---- */

/* What a device leaves out of a read that it calls done is zeros, not an earlier request's. */
TEST(linux_io__unwritten_bounce_is_zero)
{
	struct linux_desk desk = begin(64);
	unsigned char data[PAGE];
	struct orion_io io = {.buffer = data, .bytes = PAGE, .operation = ORION_WRITE};
	const struct hand_chain *chain;

	memset(data, 0x5e, sizeof(data));
	chain = linux_desk_send(&desk, &io);
	EXPECT(all(linux_desk_at(&desk, chain->piece[1].address), PAGE, 0x5e));
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 1), 0);

	io.operation = ORION_READ;
	chain = linux_desk_send(&desk, &io);
	memset(linux_desk_at(&desk, chain->piece[1].address), 0x77, 100);
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, PAGE + 1), 0);
	EXPECT(all(data, 100, 0x77) && all(data + 100, PAGE - 100, 0));
	linux_desk_close(&desk);
}

/* A read that failed leaves the program's memory alone. */
TEST(linux_io__failed_bounce_is_not_copied)
{
	struct linux_desk desk = begin(64);
	unsigned char data[PAGE];
	struct orion_io io = {.buffer = data, .bytes = PAGE};
	const struct hand_chain *chain;

	memset(data, 0x5e, sizeof(data));
	chain = linux_desk_send(&desk, &io);
	memset(linux_desk_at(&desk, chain->piece[1].address), 0x77, PAGE);
	EXPECT_EQ(linux_desk_finish(&desk, &io, 1, PAGE + 1), -EIO);
	EXPECT(all(data, PAGE, 0x5e));
	linux_desk_close(&desk);
}

/* No flag means anything yet; that of a layer which shares memory itself is no program's. */
TEST(linux_io__flags)
{
	struct linux_desk desk = begin(64);
	struct vblk_segment segment = {0x1000, PAGE, 0};
	struct orion_io io = {.buffer = &segment, .vectors = 1, .bytes = PAGE};

	for (unsigned flag = 1; flag <= 0x80; flag *= 2) {
		io.flags = (uint8_t)flag;
		EXPECT_EQ(linux_desk_submit(&desk, &io), -EINVAL);
	}
	linux_desk_close(&desk);
}

/* A serial of four bytes without an end is these four, whatever lay in the memory before. */
TEST(linux_io__identify_is_cleared)
{
	struct linux_desk desk = begin(64);
	unsigned char data[PAGE], id[VIRTIO_BLK_ID_BYTES];
	struct orion_io io = {.buffer = data, .bytes = PAGE, .operation = ORION_WRITE};
	struct orion_io *mine = &desk.queue->sync[0];
	const struct hand_chain *chain;

	memset(data, 'S', sizeof(data));
	linux_desk_send(&desk, &io);
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 1), 0);
	*mine = (struct orion_io){
		.buffer = id, .bytes = VIRTIO_BLK_ID_BYTES, .operation = STORAGE_IDENTIFY};
	chain = linux_desk_send(&desk, mine);
	EXPECT_EQ(chain->piece[1].length, VIRTIO_BLK_ID_BYTES);
	memcpy(linux_desk_at(&desk, chain->piece[1].address), "VOL1", 4);
	EXPECT_EQ(linux_desk_finish(&desk, mine, 0, 5), 0);
	EXPECT(memcmp(id, "VOL1", 4) == 0 && all(id + 4, VIRTIO_BLK_ID_BYTES - 4, 0));
	linux_desk_close(&desk);
}

/* Memory that can't be read: whoever copies it dies. */
static unsigned char *
unreadable(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	EXPECT(memory != MAP_FAILED);
	return memory;
}

/* No byte of a write that is refused gets to where the device reads. */
TEST(linux_io__refused_is_not_copied)
{
	struct linux_desk desk = begin(64);
	unsigned char *data = unreadable(LARGE);
	struct iovec vector[2] = {{data, 512}, {data, 700}};
	struct orion_io wrong[] = {
		{.buffer = data, .bytes = 1000, .operation = ORION_WRITE},
		{.buffer = data, .bytes = 512, .offset = 100, .operation = ORION_WRITE},
		{.buffer = data, .bytes = 1024, .offset = END - 512, .operation = ORION_WRITE},
		{.buffer = data, .bytes = 512, .offset = -UINT64_C(512), .operation = ORION_WRITE},
		{.buffer = data, .bytes = LARGE, .operation = ORION_WRITE},
		{.buffer = vector, .vectors = 2, .operation = ORION_WRITE},
		{.buffer = data, .bytes = 0, .operation = ORION_WRITE},
		{.buffer = NULL, .bytes = 512, .operation = ORION_WRITE},
	};
	static const int why[] = {-EINVAL, -EINVAL, -ERANGE, -ERANGE,
				  -E2BIG,  -EINVAL, -EINVAL, -EINVAL};

	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		test_note("request %u", i);
		EXPECT_EQ(linux_desk_submit(&desk, &wrong[i]), why[i]);
		EXPECT(all(desk.session->arena.base, desk.session->arena.bytes, 0));
	}
	munmap(data, LARGE);
	EXPECT_EQ(desk.queue->lane.bounce.free, desk.queue->lane.bounce.count);
	linux_desk_close(&desk);
}

/* Nor of one that finds the queue full, or its ring, which is shorter on another connection. */
static void
full_queue_is_not_copied_for(unsigned times)
{
	struct linux_desk desk = begin(1024);
	struct orion_io ios[64], one = {.operation = ORION_WRITE};
	unsigned char data[512];

	one.buffer = unreadable(PAGE);
	one.bytes = 512;
	queue_free(desk.queue);
	desk.disk->options.depth *= times;
	desk.disk->queues[0] = desk.queue = queue_make(desk.disk, 0);
	storage_follow(&desk.queue->lane);
	EXPECT(vblk_info(desk.session->base.device)->queue_depth <= 64);
	for (unsigned i = 0; i < vblk_info(desk.session->base.device)->queue_depth; i++) {
		ios[i] = (struct orion_io){.buffer = data, .bytes = 512};
		EXPECT_EQ(linux_desk_submit(&desk, &ios[i]), 0);
	}
	EXPECT_EQ(linux_desk_submit(&desk, &one), -EAGAIN);
	EXPECT(all(desk.session->arena.base, desk.session->arena.bytes, 0));
	munmap(one.buffer, PAGE);
	linux_desk_close(&desk);
}

TEST(linux_io__full_queue_is_not_copied_for)
{
	full_queue_is_not_copied_for(1);
	full_queue_is_not_copied_for(2);
}

/* What only the core can refuse, having no room for more parts, is wiped. */
TEST(linux_io__refused_by_the_core_is_wiped)
{
	struct linux_desk desk = linux_desk_make(BIT(1));
	static unsigned char data[56 * 1024];
	struct orion_io ios[2] = {
		{.buffer = data, .bytes = 48 * 1024, .operation = ORION_READ},
		{.buffer = data, .bytes = 8 * 1024, .operation = ORION_WRITE},
	};

	/* Pieces of 512 bytes, one a request of the device. */
	fake_config(desk.bench->fake, 8, 4, 512);
	fake_config(desk.bench->fake, 12, 4, 1);
	linux_desk_open(&desk, 64);
	memset(data, 0x5e, sizeof(data));
	EXPECT_EQ(linux_desk_submit(&desk, &ios[0]), 0);
	EXPECT_EQ(linux_desk_submit(&desk, &ios[1]), -EAGAIN);
	EXPECT(all(desk.session->arena.base, desk.session->arena.bytes, 0));
	linux_desk_close(&desk);
}

/* Bounce memory in pieces is a matter of time, too large a request is not. */
TEST(linux_io__bounce_room)
{
	struct linux_desk desk = begin(64);
	static unsigned char data[68 * 1024];
	struct orion_io third[3] = {
		{.buffer = data, .bytes = 20 * 1024},
		{.buffer = data, .bytes = 20 * 1024},
		{.buffer = data, .bytes = 20 * 1024},
	};
	struct orion_io whole = {.buffer = data, .bytes = 64 * 1024};
	struct orion_io more = {.buffer = data, .bytes = 68 * 1024};
	struct orion_io most = {.buffer = data, .bytes = 28 * 1024};
	struct hand_chain chains[3];

	for (unsigned i = 0; i < 3; i++)
		chains[i] = *linux_desk_send(&desk, &third[i]);
	EXPECT_EQ(linux_desk_submit(&desk, &more), -E2BIG);
	EXPECT_EQ(linux_desk_submit(&desk, &whole), -EAGAIN);
	desk.bench->chain = chains[1];
	EXPECT_EQ(linux_desk_finish(&desk, &third[1], 0, 20 * 1024 + 1), 0);
	EXPECT_EQ(linux_desk_submit(&desk, &most), -EAGAIN);
	for (unsigned i = 0; i < 3; i += 2) {
		desk.bench->chain = chains[i];
		EXPECT_EQ(linux_desk_finish(&desk, &third[i], 0, 20 * 1024 + 1), 0);
	}
	linux_desk_send(&desk, &whole);
	EXPECT_EQ(linux_desk_finish(&desk, &whole, 0, 64 * 1024 + 1), 0);
	EXPECT_EQ(desk.queue->lane.counters.bounced, 4);
	EXPECT_EQ(desk.queue->lane.counters.bounced_bytes, 124 * 1024);
	linux_desk_close(&desk);
}

/* ---- zero-copy ---- */

/* A buffer within a region goes as it is; one that begins or ends outside is copied. */
TEST(linux_io__only_what_lies_within_is_shared)
{
	struct linux_desk desk = begin(64);
	unsigned char *memory = linux_desk_alloc(&desk, 16 << 20);
	unsigned char *end = memory + (16 << 20);
	struct orion_io io = {.buffer = memory, .bytes = 512};
	uint64_t device = linux_desk_send(&desk, &io)->piece[1].address;

	EXPECT(linux_desk_at(&desk, device) == NULL);
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 513), 0);
	/* Twice each: as any request, and as one beside the last. */
	for (unsigned i = 0; i < 4; i++) {
		unsigned within = i % 2 != 0 ? 511 : 0;
		uint64_t at;

		io.buffer = end - 512 + within;
		EXPECT_EQ(linux_desk_submit(&desk, &io), 0);
		orion_queue_kick(desk.queue);
		EXPECT(blk_pop(desk.bench));
		at = desk.bench->chain.piece[1].address;
		EXPECT_EQ(linux_desk_at(&desk, at) != NULL, within != 0);
		EXPECT(within != 0 || at == device + (16 << 20) - 512);
		/* Beyond its end is no memory at all: nothing may come back there. */
		EXPECT_EQ(linux_desk_finish(&desk, &io, within != 0, 513), within != 0 ? -EIO : 0);
	}
	linux_desk_close(&desk);
}

/* Memory that is no longer registered is not taken for what lay there. */
TEST(linux_io__unregistered_is_copied)
{
	struct linux_desk desk = begin(64);
	unsigned char *base;
	struct orion_io io = {.bytes = 512};
	int fd;

	EXPECT_EQ(dma_map(PAGE, &base, &fd), 0);
	EXPECT_EQ(orion_disk_register(desk.disk, base, PAGE, fd, 0), 0);
	io.buffer = base;
	EXPECT(linux_desk_at(&desk, linux_desk_send(&desk, &io)->piece[1].address) == NULL);
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 513), 0);
	EXPECT_EQ(orion_disk_unregister(desk.disk, base), 0);
	EXPECT_EQ(orion_disk_unregister(desk.disk, base), -ENOENT);
	EXPECT(linux_desk_at(&desk, linux_desk_send(&desk, &io)->piece[1].address) != NULL);
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 513), 0);
	dma_unmap(base, PAGE, fd);
	linux_desk_close(&desk);
}

/* A short vector of shared pieces goes as they are, each where it lies. */
TEST(linux_io__short_vectors_are_shared)
{
	struct linux_desk desk = begin(64);
	unsigned char *memory = linux_desk_alloc(&desk, 2 << 20);
	struct iovec vector[3] = {{memory + 8192, 512}, {memory, 1024}, {memory + 4096, 512}};
	struct orion_io io = {.buffer = vector, .vectors = 3, .operation = ORION_WRITE};
	struct orion_io one = {.buffer = memory, .bytes = 512, .operation = ORION_WRITE};
	uint64_t device = linux_desk_send(&desk, &one)->piece[1].address;
	const struct hand_chain *chain;

	EXPECT_EQ(linux_desk_finish(&desk, &one, 0, 1), 0);
	chain = linux_desk_send(&desk, &io);
	EXPECT_EQ(chain->count, 5);
	for (unsigned i = 0; i < 3; i++) {
		size_t at = (size_t)((unsigned char *)vector[i].iov_base - memory);

		EXPECT_EQ(chain->piece[1 + i].address, device + at);
		EXPECT_EQ(chain->piece[1 + i].length, vector[i].iov_len);
	}
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 1), 0);
	EXPECT_EQ(desk.queue->lane.counters.bounced, 0);
	linux_desk_close(&desk);
}

/* A vector of shared pieces is never copied, however many they are: the core cuts it. */
TEST(linux_io__long_vectors_are_cut)
{
	struct linux_desk desk = linux_desk_make(0);
	struct iovec vector[300];
	struct orion_io io = {.buffer = vector, .vectors = 300, .operation = ORION_WRITE};
	struct orion_io *done = NULL;
	unsigned char *memory;
	unsigned pieces = 0;

	linux_desk_open(&desk, 64);
	memory = linux_desk_alloc(&desk, 2 << 20);
	for (unsigned i = 0; i < 300; i++)
		vector[i] = (struct iovec){memory + i * 1024, 512};
	EXPECT_EQ(linux_desk_submit(&desk, &io), 0);
	orion_queue_kick(desk.queue);
	while (orion_queue_in_flight(desk.queue) != 0) {
		EXPECT(blk_pop(desk.bench));
		EXPECT_EQ(blk_sector(desk.bench, &desk.bench->chain), pieces);
		for (unsigned i = 1; i < desk.bench->chain.count - 1; i++, pieces++) {
			EXPECT(linux_desk_at(&desk, desk.bench->chain.piece[i].address) == NULL);
			EXPECT_EQ(desk.bench->chain.piece[i].length, 512);
		}
		blk_complete(desk.bench, &desk.bench->chain, 0, 1);
		orion_queue_reap(desk.queue, &done, 1);
	}
	EXPECT_EQ(pieces, 300);
	EXPECT(done == &io && io.result == 0);
	EXPECT_EQ(desk.queue->lane.counters.bounced, 0);
	EXPECT_EQ(desk.queue->lane.tables_used, 0);
	linux_desk_close(&desk);
}

/* Several that are being cut have a table each, until there is none left. */
TEST(linux_io__long_vectors_at_once)
{
	struct linux_desk desk = begin(64);
	unsigned char *memory = linux_desk_alloc(&desk, 4 << 20);
	struct iovec vector[2][300];
	struct orion_io io[2], more, *done;
	uint64_t device[2] = {0, 0};
	unsigned pieces[2] = {0, 0};

	for (unsigned k = 0; k < 2; k++) {
		for (unsigned i = 0; i < 300; i++)
			vector[k][i] = (struct iovec){memory + (k << 21) + i * 1024, 512};
		io[k] = (struct orion_io){.buffer = vector[k],
					  .vectors = 300,
					  .offset = k * 300 * 512,
					  .operation = ORION_WRITE};
		EXPECT_EQ(linux_desk_submit(&desk, &io[k]), 0);
	}
	EXPECT_EQ(desk.queue->lane.tables_used, 3);
	orion_queue_kick(desk.queue);
	while (orion_queue_in_flight(desk.queue) != 0) {
		const struct hand_chain *chain = &desk.bench->chain;
		unsigned k;

		EXPECT(blk_pop(desk.bench));
		k = blk_sector(desk.bench, chain) >= 300;
		EXPECT_EQ(blk_sector(desk.bench, chain), k * 300 + pieces[k]);
		for (unsigned i = 1; i < chain->count - 1; i++, pieces[k]++) {
			device[k] = pieces[k] == 0 ? chain->piece[i].address : device[k];
			EXPECT_EQ(chain->piece[i].address, device[k] + pieces[k] * 1024);
		}
		blk_complete(desk.bench, chain, 0, 1);
		orion_queue_reap(desk.queue, &done, 1);
	}
	EXPECT(pieces[0] == 300 && pieces[1] == 300);
	EXPECT_EQ(device[1] - device[0], 2 << 20);
	more = io[0];
	desk.queue->lane.tables_used = (uint16_t)((1u << STORAGE_TABLES) - 1);
	EXPECT_EQ(linux_desk_submit(&desk, &more), -EAGAIN);
	desk.queue->lane.tables_used = 0;
	linux_desk_close(&desk);
}

/* One strange piece, or pieces that can't be cut on blocks: the whole of it is copied. */
TEST(linux_io__other_vectors_are_copied)
{
	struct linux_desk desk = begin(64);
	unsigned char *memory = linux_desk_alloc(&desk, 2 << 20), stranger[512];
	struct iovec vector[300];
	struct orion_io io = {.buffer = vector, .vectors = 3};

	for (unsigned i = 0; i < 300; i++)
		vector[i] = (struct iovec){memory + i * 512, 128};
	vector[1] = (struct iovec){stranger, 512};
	vector[0].iov_len = vector[2].iov_len = 512;
	EXPECT(linux_desk_at(&desk, linux_desk_send(&desk, &io)->piece[1].address) != NULL);
	EXPECT_EQ(desk.bench->chain.count, 3);
	memset(linux_desk_at(&desk, desk.bench->chain.piece[1].address), 0x77, 1536);
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 1537), 0);
	EXPECT(all(memory, 512, 0x77) && all(stranger, 512, 0x77) && all(memory + 1024, 512, 0x77));
	EXPECT(all(memory + 512, 512, 0));

	vector[1] = (struct iovec){memory + 512, 512};
	for (unsigned i = 0; i < 3; i++)
		vector[i].iov_len = 128;
	io.vectors = 300;
	EXPECT(linux_desk_at(&desk, linux_desk_send(&desk, &io)->piece[1].address) != NULL);
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 300 * 128 + 1), 0);
	vector[7].iov_base = NULL;
	EXPECT_EQ(linux_desk_submit(&desk, &io), -EINVAL);
	io.vectors = ORION_VECTORS_MAX + 1;
	EXPECT_EQ(linux_desk_submit(&desk, &io), -EINVAL);
	linux_desk_close(&desk);
}

/* ---- what the queue says of its ring ---- */

TEST(linux_io__ring)
{
	struct linux_desk desk = begin(64);
	static unsigned char data[512];
	struct orion_io io = {.buffer = data, .bytes = 512}, other = io;
	struct orion_ring_info before, ring;

	EXPECT_EQ(orion_queue_ring(desk.queue, &before), 0);
	EXPECT(before.size != 0 && before.free == before.size && !before.packed);
	EXPECT_EQ(before.available, before.used);
	EXPECT(before.broken == NULL);
	(void)linux_desk_send(&desk, &io);
	EXPECT_EQ(linux_desk_submit(&desk, &other), 0);
	EXPECT_EQ(orion_queue_ring(desk.queue, &ring), 0);
	EXPECT_EQ(ring.free, before.size - 2);
	EXPECT_EQ(ring.available, before.available + 2);
	EXPECT_EQ(ring.used, before.used);
	EXPECT(ring.driver_area > ring.descriptor_area && ring.device_area > ring.driver_area);
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 513), 0);
	EXPECT_EQ(orion_queue_ring(desk.queue, &ring), 0);
	EXPECT_EQ(ring.used, before.used + 1);
	linux_desk_close(&desk);
}

/* ---- what is no program's ---- */

TEST(linux_io__operations_of_our_own_are_refused)
{
	struct linux_desk desk = begin(64);
	static unsigned char data[8 << 20];
	struct iovec vector = {data, sizeof(data)};
	struct orion_io io = {.buffer = &vector, .vectors = 1, .bytes = 20};

	for (unsigned operation = 3; operation < 256; operation++) {
		io.operation = (uint8_t)operation;
		EXPECT_EQ(linux_desk_submit(&desk, &io), -EINVAL);
		EXPECT_EQ(linux_desk_submit(&desk, &(struct orion_io){.buffer = data,
								      .bytes = 20,
								      .operation = io.operation}),
			  -EINVAL);
	}
	EXPECT_EQ(orion_queue_in_flight(desk.queue), 0);
	linux_desk_close(&desk);
}

TEST(linux_io__read_only)
{
	struct linux_desk desk = linux_desk_make(BIT(5));
	unsigned char *data = unreadable(PAGE), *memory;
	struct orion_io io = {.buffer = data, .bytes = 512, .operation = ORION_WRITE};

	linux_desk_open(&desk, 64);
	EXPECT_EQ(linux_desk_submit(&desk, &io), -EROFS);
	munmap(data, PAGE);
	EXPECT(all(desk.session->arena.base, desk.session->arena.bytes, 0));
	memory = linux_desk_alloc(&desk, PAGE);
	io = (struct orion_io){.buffer = memory, .bytes = 512};
	linux_desk_send(&desk, &io);
	EXPECT_EQ(linux_desk_finish(&desk, &io, 0, 513), 0);
	io.operation = ORION_WRITE;
	EXPECT_EQ(linux_desk_submit(&desk, &io), -EROFS);
	linux_desk_close(&desk);
}
