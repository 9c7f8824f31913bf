/* SPDX-License-Identifier: MIT */
/* ports/linux: channel.c, identity.c, lost.c, monitor.c, as far as they need no server. */
#include "desk_connection.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the channel ---- */

/* A channel to PAIR[1], the back end's end. */
static struct vu_channel
channel_make(int pair[2], uint32_t patience_ms)
{
	struct vu_channel channel = {.cancel = -1};

	EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	channel.fd = pair[0];
	channel_begin(&channel, patience_ms);
	return channel;
}

/* Sends the answer to GET_FEATURES from FD, with PASSED (-1: none) beside it. */
static void
answer(int fd, int passed)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
	const struct vu_header header = {VU_GET_FEATURES, VU_VERSION | VU_REPLY, 8};
	unsigned char bytes[20] = {0};
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	memcpy(bytes, &header, sizeof(header));
	if (passed >= 0) {
		struct cmsghdr *head;

		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		head = CMSG_FIRSTHDR(&message);
		head->cmsg_level = SOL_SOCKET;
		head->cmsg_type = SCM_RIGHTS;
		head->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(head), &passed, sizeof(passed));
	}
	EXPECT_EQ(sendmsg(fd, &message, 0), sizeof(bytes));
}

/* A descriptor that found no room here is no less an offence. */
TEST(linux_channel__truncated_descriptors)
{
	struct rlimit old, none;
	struct vu_channel channel;
	uint64_t number;
	int pair[2];

	channel = channel_make(pair, 10000);
	answer(pair[1], -1);
	EXPECT_EQ(channel_get_number(&channel, VU_GET_FEATURES, &number), 0);
	answer(pair[1], pair[0]);
	EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = (struct rlimit){3, old.rlim_max};
	EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
	EXPECT_EQ(channel_get_number(&channel, VU_GET_FEATURES, &number), -EPROTO);
	EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
	EXPECT(channel_failed(&channel));
	close(pair[0]);
	close(pair[1]);
}

/* The patience is for a whole call, and one that is cancelled ends at once. */
TEST(linux_channel__patience)
{
	struct vu_channel channel;
	uint64_t number;
	int pair[2];

	channel = channel_make(pair, 20);
	EXPECT_EQ(channel_get_number(&channel, VU_GET_FEATURES, &number), -ETIMEDOUT);
	EXPECT(strstr(channel.error.text, "no answer to GET_FEATURES in 20 ms") != NULL);
	EXPECT_EQ(channel_left_ms(&channel), 0);
	close(pair[0]);
	close(pair[1]);

	channel = channel_make(pair, 20);
	answer(pair[1], -1);
	EXPECT_EQ(channel_get_number(&channel, VU_GET_FEATURES, &number), 0);
	while (channel_left_ms(&channel) != 0)
		usleep(1000);
	/* Nothing is left for another, though its own wait has not begun. */
	EXPECT_EQ(channel_get_number(&channel, VU_GET_FEATURES, &number), -ETIMEDOUT);
	close(pair[0]);
	close(pair[1]);

	channel = channel_make(pair, 3600000);
	channel.cancel = eventfd(1, EFD_NONBLOCK);
	EXPECT_EQ(channel_get_number(&channel, VU_GET_FEATURES, &number), -ECANCELED);
	close(channel.cancel);
	close(pair[0]);
	close(pair[1]);
}

/* A request of the back end is read as it comes, and nobody waits for the rest. */
TEST(linux_channel__back_end_speaks_slowly)
{
	const struct vu_header header = {VU_BACKEND_CONFIG_CHANGE_MSG, VU_VERSION, 0};
	const unsigned char *news = (const unsigned char *)&header;
	struct vu_inbox inbox = {{0}, 0};
	int pair[2];

	EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < sizeof(header); i++) {
			EXPECT_EQ(channel_backend_request(pair[0], &inbox), 0);
			EXPECT_EQ(write(pair[1], news + i, 1), 1);
		}
		EXPECT_EQ(channel_backend_request(pair[0], &inbox), VU_BACKEND_CONFIG_CHANGE_MSG);
	}
	close(pair[1]);
	EXPECT_EQ(channel_backend_request(pair[0], &inbox), -ECONNRESET);
	close(pair[0]);
}

/* ---- what is shared ---- */

/* The memory is let go when no other open file of it is left, be it a descriptor or a mapping. */
TEST(linux_lost__memory_is_let_go)
{
	struct vhost_user device = {.told_memory = true};
	char name[32];
	int lent, first;
	void *mapped;

	first = memfd_create("test", 0);
	EXPECT_EQ(ftruncate(first, 4096), 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", first);
	device.arena.fd = open(name, O_RDWR);
	close(first);
	EXPECT_EQ(vhost_user_lets_go(&device), 1);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", device.arena.fd);
	lent = open(name, O_RDWR);
	EXPECT(lent >= 0);
	EXPECT_EQ(vhost_user_lets_go(&device), 0);
	mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, lent, 0);
	EXPECT(mapped != MAP_FAILED);
	close(lent);
	EXPECT_EQ(vhost_user_lets_go(&device), 0);
	munmap(mapped, 4096);
	EXPECT_EQ(vhost_user_lets_go(&device), 1);
	device.lent_the_same = true;
	EXPECT_EQ(vhost_user_lets_go(&device), -ENOTSUP);
	close(device.arena.fd);
}

/* A doorbell that blocks, and is full, holds up whoever rings it; one as we made it does not. */
TEST(linux_lost__full_doorbells)
{
	const uint64_t most = UINT64_MAX - 1;
	struct vhost_user device = {.queues_max = 2};
	uint64_t count;
	int *kick = &device.queues[1].kick;

	device.queues[0].kick = eventfd(0, EFD_NONBLOCK);
	*kick = eventfd(0, EFD_NONBLOCK);
	EXPECT_EQ(vhost_user_free_doorbells(&device), false);
	EXPECT_EQ(write(*kick, &most, sizeof(most)), sizeof(most));
	EXPECT_EQ(vhost_user_free_doorbells(&device), false);
	EXPECT_EQ(fcntl(*kick, F_SETFL, 0), 0);
	EXPECT_EQ(vhost_user_free_doorbells(&device), true);
	EXPECT_EQ(vhost_user_free_doorbells(&device), false);
	EXPECT_EQ(fcntl(*kick, F_SETFL, O_NONBLOCK), 0);
	EXPECT_EQ(read(*kick, &count, sizeof(count)), -1);
	close(*kick);
	close(device.queues[0].kick);
}

/* What is known of a lost connection, and what follows from it. */
TEST(linux_lost__evidence)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct session *old = &desk_connect(desk, STORAGE_PROMISE_FLUSH)->session, *new;
	int pair[2];

	EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	desk->disk.options.answer_ms = 3600000;
	desk->disk.options.loss_ms = 0;
	old->vhost.channel.fd = pair[0];
	old->vhost.lent_the_same = old->vhost.told_memory = true;
	old->pid = 7;
	desk_lose(desk);
	lost_begin(old, false);
	EXPECT(channel_failed(&old->vhost.channel));
	desk->disk.lost = old;
	EXPECT(lost_look(&desk->disk) > 0);
	EXPECT_EQ(old->base.end, STORAGE_MAY_RUN);
	/* That another is served means nothing while its own end is open, */
	new = &desk_connect(desk, STORAGE_PROMISE_FLUSH)->session;
	new->pid = 7;
	EXPECT(lost_look(&desk->disk) > 0);
	EXPECT_EQ(old->base.end, STORAGE_MAY_RUN);
	/* and that it is closed means nothing while it may be somebody else that serves. */
	close(pair[1]);
	new->pid = 8;
	EXPECT(lost_look(&desk->disk) > 0);
	EXPECT_EQ(old->base.end, STORAGE_MAY_RUN);
	new->pid = 7;
	EXPECT_EQ(lost_look(&desk->disk), -1);
	EXPECT_EQ(old->base.end, STORAGE_STOPPED);
	/* It said so itself. */
	old->base.end = STORAGE_MAY_RUN;
	new->pid = 8;
	old->drained = true;
	EXPECT_EQ(lost_look(&desk->disk), -1);
	EXPECT_EQ(old->base.end, STORAGE_STOPPED);
	/* Whoever holds nothing of the memory has stopped, be it served or not. */
	old->base.end = STORAGE_MAY_RUN;
	old->drained = false;
	old->vhost.lent_the_same = old->vhost.told_memory = false;
	EXPECT_EQ(lost_look(&desk->disk), -1);
	EXPECT_EQ(old->base.end, STORAGE_STOPPED);
	old->vhost.lent_the_same = old->vhost.told_memory = true;
	/* The time is over. */
	old->base.end = STORAGE_MAY_RUN;
	desk->disk.options.loss_ms = 1;
	old->lost_ns -= 2000000;
	EXPECT_EQ(lost_look(&desk->disk), -1);
	EXPECT_EQ(old->base.end, STORAGE_DOUBTED);
	close(pair[0]);
	desk_disk_free(desk);
}

/* ---- the same disk ---- */

TEST(linux_identity__same)
{
	static const struct {
		struct identity is;
		const char *says;       /* NULL: it is the same */
	} rows[] = {
		{{2048, 512, false, "one"}, NULL},
		{{4096, 512, false, "one"}, NULL},
		{{2047, 512, false, "one"}, "bytes, not"},
		{{2048, 4096, false, "one"}, "blocks of 4096 bytes, not 512"},
		{{2048, 512, false, "two"}, "serial number 'two', not 'one'"},
		{{2048, 512, false, ""}, "serial number '', not 'one'"},
	};
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct session *session = &desk_connect(desk, STORAGE_PROMISE_FLUSH)->session;
	struct orion_disk *disk = &desk->disk;
	struct orion_error error;

	disk->promise = STORAGE_PROMISE_FLUSH;
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		test_note("row %u", i);
		disk->identity = (struct identity){2048, 512, false, "one"};
		session->identity = rows[i].is;
		EXPECT_EQ(identity_same(disk, session, &error), rows[i].says == NULL);
		EXPECT(rows[i].says == NULL || strstr(error.text, rows[i].says) != NULL);
	}
	/* Without a serial number at first, any that comes is no news. */
	disk->identity.serial[0] = '\0';
	session->identity = (struct identity){2048, 512, false, "two"};
	EXPECT(identity_same(disk, session, &error));
	desk_disk_free(desk);
}

/* What is used must be there: no more than that. */
TEST(linux_identity__as_good)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct session *session = &desk_connect(desk, STORAGE_PROMISE_FLUSH)->session;
	struct orion_disk *disk = &desk->disk;
	struct orion_error error;

	disk->identity = session->identity = (struct identity){2048, 512, false, ""};
	disk->promise = STORAGE_PROMISE_FLUSH;
	for (unsigned wrote = 0; wrote < 2; wrote++) {
		disk->instance.wrote = wrote;
		session->base.promise = STORAGE_PROMISE_NONE;
		EXPECT_EQ(identity_same(disk, session, &error), !wrote);
		session->base.promise = STORAGE_PROMISE_STABLE;
		EXPECT_EQ(identity_same(disk, session, &error), true);
	}
	disk->instance.lane_count = 2;
	EXPECT_EQ(identity_same(disk, session, &error), false);
	EXPECT(strstr(error.text, "came back with 1 queues, 2 are in use") != NULL);
	disk->instance.lane_count = 1;
	desk_disk_free(desk);
}

/* ---- forks ---- */

/* A child that lives on keeps nothing of a connection, be it the one in use or one that is lost. */
TEST(linux_fork__the_child_lets_go)
{
	static struct session sessions[2];
	struct orion_disk *disk;
	int pair[2][2], hold[2];
	char byte;
	pid_t child;

	EXPECT_EQ(orion_disk_create("vhost-user:/nowhere", NULL, &disk, NULL), 0);
	EXPECT_EQ(pipe(hold), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct vhost_user *vhost = &sessions[i].vhost;

		EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair[i]), 0);
		*vhost = (struct vhost_user){.channel = {.fd = pair[i][0], .cancel = -1}};
		vhost->backend = vhost->error = -1;
		for (unsigned k = 0; k < VBLK_QUEUES_MAX; k++)
			vhost->queues[k].kick = vhost->queues[k].call = -1;
	}
	disk->instance.device = &sessions[0].base;
	disk->lost = &sessions[1];
	child = fork();
	if (child == 0) {
		close(hold[1]);
		/* Until the parent has seen that it lives. */
		_exit(read(hold[0], &byte, 1) == 0 && disk_state(disk) == STORAGE_FOREIGN ? 0 : 1);
	}
	EXPECT(child > 0);
	close(hold[0]);
	for (unsigned i = 0; i < 2; i++) {
		struct pollfd far = {pair[i][1], POLLIN, 0};

		EXPECT_EQ(poll(&far, 1, 0), 0);
		vhost_user_close(&sessions[i].vhost);
		/* It may be on its way to letting go. */
		EXPECT_EQ(poll(&far, 1, 10000), 1);
		EXPECT_EQ(recv(pair[i][1], &byte, 1, 0), 0);
		close(pair[i][1]);
	}
	close(hold[1]);
	EXPECT_EQ(waitpid(child, &(int){0}, 0), child);
	disk->instance.device = NULL;
	disk->lost = NULL;
	orion_disk_close(disk);
}

/* ---- the monitor ---- */

/* A back end that was not told of all memory would be given addresses that it does not know. */
TEST(linux_monitor__adopts_who_knows_all_memory)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct orion_disk *disk = &desk->disk;
	struct session *session = &desk_connect(desk, STORAGE_PROMISE_FLUSH)->session;
	struct dma_region *region;

	desk_lose(desk);
	session->identity.sectors = 77;
	session->memory_version = disk->memory.version;
	EXPECT_EQ(dma_pool_add(&disk->memory, 1, &region), 0);
	EXPECT(!disk_adopt(disk, session));
	EXPECT(disk_session(disk) == NULL);
	EXPECT_EQ(disk->identity.sectors, 0);
	session->memory_version = disk->memory.version;
	dma_pool_drop(&disk->memory, region);
	EXPECT(!disk_adopt(disk, session));
	session->memory_version = disk->memory.version;
	EXPECT(disk_adopt(disk, session));
	EXPECT(disk_session(disk) == session);
	EXPECT_EQ(disk->identity.sectors, 77);
	EXPECT_EQ(session->base.number, 2);
	desk_disk_free(desk);
}

/* Breaches of an hour ago are forgiven, however many they were. */
TEST(linux_monitor__breaches_are_forgiven)
{
	const uint64_t second = 1000000000;
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	uint64_t now = 1000 * second;

	for (unsigned i = 0; i < 100; i++, now += 13 * second)
		EXPECT_EQ(disk_breached(&desk->disk, now), false);
	now += 61 * second;
	for (unsigned i = 0; i < 5; i++, now += second)
		EXPECT_EQ(disk_breached(&desk->disk, now), false);
	EXPECT_EQ(disk_breached(&desk->disk, now), true);
	desk_disk_free(desk);
}

static void
count_event(void *argument, const char *text)
{
	unsigned *count = argument;

	EXPECT(text[0] != '\0');
	(*count)++;
}

/* A device that has something to say all the time is not passed on all the time. */
TEST(linux_monitor__events_are_rationed)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	unsigned count = 0;

	desk->disk.options.event = count_event;
	desk->disk.options.event_argument = &count;
	for (unsigned i = 0; i < 1000; i++)
		disk_event(&desk->disk, "news %u", i);
	EXPECT(count >= 10 && count <= 60);
	EXPECT_STR(desk->disk.error.text, "news 999");
	EXPECT_EQ(desk->disk.events_untold, 1000 - count);
	desk_disk_free(desk);
}
