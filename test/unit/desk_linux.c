/* SPDX-License-Identifier: MIT */
/* See desk_linux.h. */
#include "desk_linux.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct linux_desk
linux_desk_make(uint64_t features)
{
	return (struct linux_desk){.bench = blk_bench_make(features | BIT(28) | FLUSH_F)};
}

void
linux_desk_open(struct linux_desk *desk, uint32_t bounce_kb)
{
	struct orion_disk *disk = desk->disk = test_alloc(sizeof(*disk));
	struct session *session = desk->session = test_alloc(sizeof(*session));

	desk->link = test_alloc(sizeof(*desk->link));
	blk_bench_open(desk->bench);
	orion_disk_options_init(&disk->options);
	disk->options.bounce_kb = bounce_kb;
	disk->options.depth = vblk_info(desk->bench->world->device)->queue_depth;
	disk_set_instance(disk);
	disk->instance.lane_count = disk->instance.turn = 1;
	disk->wake = eventfd(0, EFD_NONBLOCK);
	disk->events[0] = eventfd(0, EFD_NONBLOCK);
	disk->cancel = -1;
	strcpy(disk->path, "fake");
	disk->link = &fake_link_ops;
	pthread_mutex_init(&disk->lock, NULL);
	pthread_mutex_init(&disk->exchange, NULL);
	dma_init(&disk->memory);
	session->disk = disk;
	session->base.instance = &disk->instance;
	session->base.device = desk->bench->world->device;
	session->base.users = 1;
	session->base.promise = STORAGE_PROMISE_FLUSH;
	session->arena.bytes = bounce_kb * 1024;
	session->arena.device = DESK_ARENA_DEVICE;
	session->link = (struct link){&fake_link_ops, desk->link};
	EXPECT_EQ(dma_map(session->arena.bytes, &session->arena.base, &session->arena.fd), 0);
	storage_adopt(&disk->instance, &session->base);
	disk->first = *vblk_info(session->base.device);
	disk->queues[0] = desk->queue = queue_make(disk, 0);
	EXPECT(desk->queue != NULL);
	storage_follow(&desk->queue->lane);
	EXPECT(desk->queue->lane.ring != NULL);
}

void
linux_desk_close(struct linux_desk *desk)
{
	struct orion_disk *disk = desk->disk;

	queue_free(desk->queue);
	dma_unmap(desk->session->arena.base, desk->session->arena.bytes, desk->session->arena.fd);
	dma_end(&disk->memory);
	close(disk->events[0]);
	close(disk->wake);
	test_free(desk->session);
	test_free(desk->link);
	test_free(disk);
}

unsigned char *
linux_desk_at(const struct linux_desk *desk, uint64_t address)
{
	uint64_t at = address - DESK_ARENA_DEVICE;

	return at < desk->session->arena.bytes ? desk->session->arena.base + at : NULL;
}

unsigned char *
linux_desk_alloc(struct linux_desk *desk, size_t bytes)
{
	unsigned char *memory = orion_disk_alloc(desk->disk, bytes);

	EXPECT(memory != NULL);
	return memory;
}

int
linux_desk_submit(struct linux_desk *desk, struct orion_io *io)
{
	return orion_queue_submit(desk->queue, &io, 1) == 1 ? 0 : orion_queue_refusal(desk->queue);
}

const struct hand_chain *
linux_desk_send(struct linux_desk *desk, struct orion_io *io)
{
	EXPECT_EQ(linux_desk_submit(desk, io), 0);
	orion_queue_kick(desk->queue);
	EXPECT(blk_pop(desk->bench));
	return &desk->bench->chain;
}

int
linux_desk_finish(struct linux_desk *desk, struct orion_io *io, uint8_t status, uint32_t length)
{
	struct orion_io *done = NULL;

	blk_complete(desk->bench, &desk->bench->chain, status, length);
	EXPECT_EQ(orion_queue_reap(desk->queue, &done, 1), 1);
	EXPECT(done == io);
	return io->result;
}
