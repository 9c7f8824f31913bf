/* SPDX-License-Identifier: MIT */
/*
 * ports/linux/{vhost_user,vhost_user_ops,share}.c: what a back end is told of memory and rings.
 * Its answers lie in the socket beforehand.
 */
#include "ports/linux/vhost_user/vhost_user.h"

#include "desk_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAGE 4096u
#define SLOTS (UINT64_C(1) << VU_PROTOCOL_CONFIGURE_MEM_SLOTS)
#define MESSAGES_MAX 32u

/* A disk with two rings at a back end whose side of the socket is the test's. */
struct wire {
	struct linux_desk desk;
	struct vhost_user *vhost;       /* the link of desk's connection */
	int far;
	unsigned char *base;            /* a page that is registered */
	int fd;
};

static struct wire
wire_make(uint64_t protocol)
{
	struct wire wire = {.desk = linux_desk_make(0)};
	int pair[2];

	linux_desk_open(&wire.desk, 64);
	EXPECT_EQ(dma_map(PAGE, &wire.base, &wire.fd), 0);
	EXPECT_EQ(orion_disk_register(wire.desk.disk, wire.base, PAGE, wire.fd, 0), 0);
	EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	wire.far = pair[1];
	wire.desk.disk->options.answer_ms = 50;
	wire.vhost = test_alloc(sizeof(*wire.vhost));
	wire.desk.session->link = (struct link){&vhost_user_link, wire.vhost};
	*wire.vhost = (struct vhost_user){.channel = {.fd = pair[0], .cancel = -1},
					  .memory = &wire.desk.disk->memory,
					  .arena = wire.desk.session->arena,
					  .slots = 8,
					  .told_memory = true,
					  .backend = -1,
					  .lease = -1,
					  .pid_fd = -1};
	wire.vhost->channel.protocol = protocol;
	channel_begin(&wire.vhost->channel, 50);
	wire.vhost->error = fcntl(wire.fd, F_DUPFD_CLOEXEC, 0);
	for (unsigned i = 0; i < VBLK_QUEUES_MAX; i++) {
		struct vhost_user_queue *queue = &wire.vhost->queues[i];

		queue->kick = i < 2 ? fcntl(wire.fd, F_DUPFD_CLOEXEC, 0) : -1;
		queue->call = i < 2 ? fcntl(wire.fd, F_DUPFD_CLOEXEC, 0) : -1;
		queue->enabled = i < 2;
	}
	return wire;
}

static void
wire_free(struct wire *wire)
{
	vhost_user_close(wire->vhost);
	test_free(wire->vhost);
	close(wire->far);
	linux_desk_close(&wire->desk);
	dma_unmap(wire->base, PAGE, wire->fd);
}

/* The back end answers a REQUEST, the next that is asked, with NUMBER. */
static void
will_answer(struct wire *wire, unsigned request, uint64_t number)
{
	const struct vu_header header = {request, VU_VERSION | VU_REPLY, sizeof(number)};
	unsigned char bytes[sizeof(header) + sizeof(number)];

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), &number, sizeof(number));
	EXPECT_EQ(write(wire->far, bytes, sizeof(bytes)), sizeof(bytes));
}

/* The messages that have come, up to 0; the last table. */
struct told {
	unsigned message[MESSAGES_MAX + 1];
	struct vu_table table;
};

static struct told
hear(struct wire *wire)
{
	struct told told = {.message = {0}};
	struct vu_header header;

	for (unsigned i = 0; i < MESSAGES_MAX; i++) {
		unsigned char payload[512];

		if (recv(wire->far, &header, sizeof(header), 0) != sizeof(header))
			break;
		EXPECT(header.size <= sizeof(payload));
		EXPECT(header.size == 0 ||
		       recv(wire->far, payload, header.size, 0) == (ssize_t)header.size);
		told.message[i] = header.request;
		if (header.request == VU_SET_MEM_TABLE)
			memcpy(&told.table, payload, header.size);
	}
	return told;
}

static unsigned
count(const struct told *told, unsigned request)
{
	unsigned found = 0;

	for (unsigned i = 0; told->message[i] != 0; i++)
		found += told->message[i] == request;
	return found;
}

static bool
is_found(const struct wire *wire)
{
	struct storage_place place;

	return dma_find(&wire->desk.disk->memory, wire->base, 1, &place);
}

/* ---- memory comes ---- */

/* All of it, before the first ring: each region by itself, or in one table. */
TEST(linux_messages__all_memory_is_told)
{
	for (unsigned slots = 0; slots < 2; slots++) {
		struct wire wire = wire_make(slots ? SLOTS : 0);
		struct told told;

		test_note("slots %u", slots);
		wire.vhost->told_memory = false;
		EXPECT_EQ(vhost_user_tell_memory(wire.vhost), 0);
		EXPECT(wire.vhost->told_memory);
		/* Once. */
		EXPECT_EQ(vhost_user_tell_memory(wire.vhost), 0);
		told = hear(&wire);
		EXPECT_EQ(count(&told, VU_ADD_MEM_REG), slots ? 2 : 0);
		EXPECT_EQ(count(&told, VU_SET_MEM_TABLE), !slots);
		/* Rings, the page, and what is lent beforehand, which no region can follow. */
		EXPECT(slots || told.table.count == 3);
		EXPECT_EQ(told.message[slots ? 2 : 1], 0);
		wire.vhost->slots = 1;
		wire.vhost->told_memory = false;
		EXPECT_EQ(vhost_user_tell_memory(wire.vhost), -ENOSPC);
		wire_free(&wire);
	}
}

/* One more than it takes is refused, and the connection is none the worse. */
TEST(linux_messages__region_too_many)
{
	struct wire wire = wire_make(SLOTS);
	struct told told;

	wire.vhost->slots = 2;
	EXPECT(orion_disk_alloc(wire.desk.disk, PAGE) == NULL);
	EXPECT_EQ(errno, ENOSPC);
	EXPECT(strstr(orion_disk_text(wire.desk.disk), "no more than 2 memory regions") != NULL);
	told = hear(&wire);
	EXPECT_EQ(told.message[0], 0);
	EXPECT_EQ(wire.vhost->channel.result, 0);
	wire_free(&wire);
}

/* ---- memory goes ---- */

/* Sent is not taken in: it has gone when the back end has answered something behind it. */
TEST(linux_messages__region_goes)
{
	struct wire wire = wire_make(SLOTS);
	struct told told;

	will_answer(&wire, VU_GET_FEATURES, 0);
	EXPECT_EQ(orion_disk_unregister(wire.desk.disk, wire.base), 0);
	told = hear(&wire);
	EXPECT_EQ(told.message[0], VU_REM_MEM_REG);
	EXPECT_EQ(told.message[1], VU_GET_FEATURES);
	EXPECT_EQ(told.message[2], 0);
	EXPECT_EQ(orion_disk_unregister(wire.desk.disk, wire.base), -ENOENT);
	wire_free(&wire);

	wire = wire_make(SLOTS);
	wire.vhost->channel.acknowledges = true;
	will_answer(&wire, VU_REM_MEM_REG, 0);
	EXPECT_EQ(orion_disk_unregister(wire.desk.disk, wire.base), 0);
	told = hear(&wire);
	EXPECT_EQ(told.message[0], VU_REM_MEM_REG);
	EXPECT_EQ(told.message[1], 0);
	wire_free(&wire);
}

/* What the back end may still have is used no more, but is not forgotten: it can be tried again. */
TEST(linux_messages__region_stays)
{
	for (unsigned refused = 0; refused < 2; refused++) {
		struct wire wire = wire_make(SLOTS);

		test_note("refused %u", refused);
		wire.vhost->channel.acknowledges = refused;
		if (refused)
			will_answer(&wire, VU_REM_MEM_REG, 1);
		EXPECT(is_found(&wire));
		EXPECT_EQ(orion_disk_unregister(wire.desk.disk, wire.base),
			  refused ? -EPROTO : -ETIMEDOUT);
		EXPECT(strstr(orion_disk_text(wire.desk.disk), "did not let go") != NULL);
		EXPECT(!is_found(&wire));
		EXPECT(dma_overlaps(&wire.desk.disk->memory, wire.base, 1));
		EXPECT_EQ(orion_disk_register(wire.desk.disk, wire.base, PAGE, wire.fd, 0),
			  -EEXIST);
		/* The connection is given up; the next is not told of it. */
		wire.desk.disk->instance.device = NULL;
		EXPECT_EQ(orion_disk_unregister(wire.desk.disk, wire.base), 0);
		EXPECT(!dma_overlaps(&wire.desk.disk->memory, wire.base, 1));
		wire_free(&wire);
	}
}

/* One that has hung up cannot answer, and is asked no more. */
TEST(linux_messages__region_goes_with_the_back_end)
{
	struct wire wire = wire_make(SLOTS);

	shutdown(wire.far, SHUT_RDWR);
	EXPECT_EQ(orion_disk_unregister(wire.desk.disk, wire.base), 0);
	EXPECT(!dma_overlaps(&wire.desk.disk->memory, wire.base, 1));
	wire_free(&wire);
}

/* ---- the whole table ---- */

static unsigned idle_left;

/* Nothing is in flight for so many looks. */
static bool
idle_for_a_while(const void *context)
{
	(void)context;
	return idle_left != 0 && idle_left-- != 0;
}

/* What a back end without slots answers while two rings are halted, its table is replaced, and they
   go on. */
static void
will_replace(struct wire *wire)
{
	for (unsigned i = 0; i < 2; i++)
		will_answer(wire, VU_GET_VRING_BASE, i);
	for (unsigned i = 0; i < 3; i++)
		will_answer(wire, VU_GET_FEATURES, 0);
}

/* The table is sent without what goes, between a halt of the rings and their going on. */
TEST(linux_messages__table_without_what_goes)
{
	struct wire wire = wire_make(0);
	const struct vu_region *arena, *other;
	unsigned char *base;
	struct told told;
	int fd;

	EXPECT_EQ(dma_map(3 * PAGE, &base, &fd), 0);
	wire.vhost->told_memory = false;
	EXPECT_EQ(orion_disk_register(wire.desk.disk, base + PAGE, 2 * PAGE, fd, PAGE), 0);
	wire.vhost->told_memory = true;
	will_replace(&wire);
	EXPECT_EQ(orion_disk_unregister(wire.desk.disk, wire.base), 0);
	told = hear(&wire);
	EXPECT_EQ(told.message[0], VU_GET_VRING_BASE);
	EXPECT_EQ(told.message[1], VU_GET_VRING_BASE);
	EXPECT_EQ(told.message[2], VU_SET_MEM_TABLE);
	EXPECT_EQ(told.table.count, 2);
	arena = &told.table.regions[0];
	other = &told.table.regions[1];
	EXPECT(arena->device == DESK_ARENA_DEVICE && arena->user == DESK_ARENA_DEVICE);
	EXPECT(arena->bytes == 64 * 1024 && arena->offset == 0);
	EXPECT_EQ(other->device, dma_region_at(&wire.desk.disk->memory, base + PAGE)->device);
	EXPECT(other->user == other->device && other->bytes == 2 * PAGE && other->offset == PAGE);
	EXPECT_EQ(count(&told, VU_SET_VRING_ENABLE), 2);
	wire_free(&wire);
	dma_unmap(base, 3 * PAGE, fd);
}

/* What was taken just before the halt may not have been waited for: the table stays as it is. */
TEST(linux_messages__table_stays_under_requests)
{
	struct wire wire = wire_make(0);
	struct dma_region *region = dma_region_at(&wire.desk.disk->memory, wire.base);
	struct told told;

	idle_left = 0;
	channel_begin(&wire.vhost->channel, 10000);
	EXPECT_EQ(vhost_user_add_region(wire.vhost, region, idle_for_a_while, NULL), -EBUSY);
	told = hear(&wire);
	EXPECT_EQ(told.message[0], 0);
	for (unsigned goes = 0; goes < 2; goes++) {
		idle_left = 1;
		will_replace(&wire);
		EXPECT_EQ(
			goes ? vhost_user_remove_region(wire.vhost, region, idle_for_a_while, NULL)
			     : vhost_user_add_region(wire.vhost, region, idle_for_a_while, NULL),
			-EBUSY);
		told = hear(&wire);
		EXPECT_EQ(count(&told, VU_GET_VRING_BASE), 2);
		EXPECT_EQ(count(&told, VU_SET_MEM_TABLE), 0);
		EXPECT_EQ(count(&told, VU_SET_VRING_ENABLE), 2);
		/* The last answer was for nothing: it is left over. */
		recv(wire.vhost->channel.fd, &told, 20, 0);
	}
	wire_free(&wire);
}

/* ---- the end ---- */

/* A device that is reset has stopped every ring that it was given before its memory goes. */
TEST(linux_messages__reset_stops_the_rings)
{
	struct wire wire = wire_make(SLOTS);
	struct virtio_transport transport = vhost_user_transport(wire.vhost);
	struct told told;

	will_answer(&wire, VU_GET_VRING_BASE, 0);
	will_answer(&wire, VU_GET_VRING_BASE, 1);
	channel_begin(&wire.vhost->channel, 1000);
	transport.ops->status_set(transport.context, 0);
	told = hear(&wire);
	EXPECT_EQ(count(&told, VU_GET_VRING_BASE), 2);
	EXPECT_EQ(wire.vhost->channel.result, 0);
	wire_free(&wire);
}
