/* SPDX-License-Identifier: MIT */
/* See desk_connection.h. */
#include "desk_connection.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ARENA_DEVICE UINT64_C(0x700000000000)
#define FLUSH (UINT64_C(1) << 9)
#define MQ (UINT64_C(1) << 12)

struct desk_disk *
desk_disk_make(unsigned queues, unsigned depth, uint32_t bounce_kb)
{
	struct desk_disk *desk = test_alloc(sizeof(*desk));
	struct orion_disk *disk = &desk->disk;

	orion_disk_options_init(&disk->options);
	disk->options.queues = queues;
	disk->options.depth = depth;
	disk->options.bounce_kb = bounce_kb;
	disk_set_instance(disk);
	disk->instance.lane_count = queues;
	disk->instance.turn = 1;
	disk->instance.state = STORAGE_LOST;
	disk->wake = eventfd(0, EFD_NONBLOCK);
	disk->cancel = -1;
	strcpy(disk->path, "fake");
	disk->link = &fake_link_ops;
	pthread_mutex_init(&disk->lock, NULL);
	pthread_mutex_init(&disk->exchange, NULL);
	dma_init(&disk->memory);
	for (unsigned i = 0; i < queues; i++) {
		disk->events[i] = eventfd(0, EFD_NONBLOCK);
		disk->queues[i] = queue_make(disk, i);
		EXPECT(disk->queues[i] != NULL);
	}
	desk->queue = disk->queues[0];
	return desk;
}

void
desk_disk_free(struct desk_disk *desk)
{
	struct orion_disk *disk = &desk->disk;

	for (unsigned i = 0; i < disk->instance.lane_count; i++) {
		queue_free(disk->queues[i]);
		close(disk->events[i]);
	}
	for (unsigned i = 0; i < desk->count; i++) {
		struct dma_arena *arena = &desk->connection[i].session.arena;

		dma_unmap(arena->base, arena->bytes, arena->fd);
	}
	dma_end(&disk->memory);
	close(disk->wake);
	test_free(desk);
}

struct desk_connection *
desk_connect(struct desk_disk *desk, enum storage_promise promise)
{
	struct desk_connection *connection = &desk->connection[desk->count++];
	struct orion_disk *disk = &desk->disk;
	struct session *session = &connection->session;

	EXPECT(desk->count <= DESK_CONNECTIONS);
	connection->fake = fake_make((UINT64_C(1) << 28) | FLUSH | MQ);
	connection->fake->queue_count = (uint16_t)disk->instance.lane_count;
	fake_config(connection->fake, 34, 2, disk->instance.lane_count);
	connection->world = fake_world_make(connection->fake);
	connection->world->home_count = disk->instance.lane_count;
	connection->world->options.queue_count = disk->instance.lane_count;
	connection->world->options.queue_depth = disk->options.depth;
	fake_live(connection->world);
	connection->hand = fake_hand(connection->world, 0);
	session->disk = disk;
	session->base.instance = &disk->instance;
	session->base.device = connection->world->device;
	session->base.promise = promise;
	/* Ours, so that it is never closed: its device is the fake world's. */
	session->base.users = 2;
	session->link = (struct link){&fake_link_ops, &connection->link};
	session->arena.bytes = (size_t)disk->options.bounce_kb * 1024 * disk->instance.lane_count;
	session->arena.device = ARENA_DEVICE;
	EXPECT_EQ(dma_map(session->arena.bytes, &session->arena.base, &session->arena.fd), 0);
	storage_adopt(&disk->instance, &session->base);
	disk->instance.state = STORAGE_LIVE;
	storage_turn(&disk->instance);
	return connection;
}

void
desk_lose(struct desk_disk *desk)
{
	struct orion_disk *disk = &desk->disk;

	storage_lose(&disk->instance, disk->instance.device);
}

static void *
at(struct desk_connection *connection, uint64_t address, size_t bytes)
{
	const struct dma_arena *arena = &connection->session.arena;

	if (address - arena->device < arena->bytes)
		return arena->base + (address - arena->device);
	return fake_at(connection->fake, address, bytes);
}

bool
desk_take(struct desk_connection *connection, struct desk_request *request)
{
	const unsigned char *header;

	if (!hand_pop(&connection->hand, &request->chain))
		return false;
	header = at(connection, request->chain.piece[0].address, 16);
	EXPECT(header != NULL);
	request->type = (uint32_t)hand_get(header, 4);
	request->sector = hand_get(header + 8, 8);
	return true;
}

void
desk_complete(struct desk_connection *connection, const struct desk_request *request)
{
	const struct hand_chain *chain = &request->chain;
	uint32_t written = 0;
	uint8_t *status = at(connection, chain->piece[chain->count - 1].address, 1);

	EXPECT(status != NULL);
	*status = 0;
	for (unsigned i = 0; i < chain->count; i++)
		written += chain->piece[i].writable ? chain->piece[i].length : 0;
	hand_push(&connection->hand, chain->id, written, chain->slots);
}
