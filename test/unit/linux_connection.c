/* SPDX-License-Identifier: MIT */
/* ports/linux: vhost_user/, identity.c, lost.c, monitor.c, as far as they need no server. */
#include "ports/linux/vhost_user/vhost_user.h"

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
	EXPECT_EQ(channel_result(&channel), -EPROTO);
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
	close(pair[0]);
	close(pair[1]);

	channel = channel_make(pair, 20);
	answer(pair[1], -1);
	EXPECT_EQ(channel_get_number(&channel, VU_GET_FEATURES, &number), 0);
	usleep(30000);
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

/* What a back end is lent: a memfd, whose first open file is ours; closed by unmapping it. */
struct lent {
	unsigned char *base;
	int first, fd;          /* -1: it has none */
};

static struct lent
lend(struct vhost_user *device)
{
	struct lent lent = {.fd = -1};
	char name[32];

	EXPECT_EQ(dma_map(4096, &lent.base, &lent.first), 0);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", lent.first);
	device->lease = open(name, O_RDWR);
	lent.fd = open(name, O_RDWR);
	EXPECT(device->lease >= 0 && lent.fd >= 0);
	device->told_memory = true;
	return lent;
}

/* The memory is let go when no other open file of it is left, be it a descriptor or a mapping. */
TEST(linux_lost__memory_is_let_go)
{
	struct vhost_user device = {.lease = -1};
	struct lent lent = lend(&device);
	void *mapped;

	EXPECT_EQ(vhost_user_lets_go(&device), 0);
	mapped = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, lent.fd, 0);
	EXPECT(mapped != MAP_FAILED);
	close(lent.fd);
	EXPECT_EQ(vhost_user_lets_go(&device), 0);
	munmap(mapped, 4096);
	EXPECT_EQ(vhost_user_lets_go(&device), 1);
	device.lent_the_same = true;
	EXPECT_EQ(vhost_user_lets_go(&device), -ENOTSUP);
	device.lent_the_same = false;
	close(device.lease);
	/* What was never lent is nowhere else; what can't be opened again can't be told. */
	device.lease = -1;
	EXPECT(vhost_user_lets_go(&device) < 0);
	device.told_memory = false;
	EXPECT_EQ(vhost_user_lets_go(&device), 1);
	dma_unmap(lent.base, 4096, lent.first);
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

/* What proves that the back end of a connection that was given up has stopped. */
TEST(linux_lost__evidence)
{
	struct vhost_user old = {.channel = {.cancel = -1}, .pid = 7, .pid_fd = -1, .lease = -1};
	struct vhost_user next = {.pid = 7};
	struct lent lent = lend(&old);
	int pair[2], process[2];

	EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	old.channel.fd = pair[0];
	vhost_user_give_up(&old, false);
	EXPECT_EQ(channel_result(&old.channel), -ENOTCONN);
	/* That another is served means nothing while its own end is open, */
	EXPECT(!vhost_user_stopped(&old, true, NULL));
	EXPECT(!vhost_user_stopped(&old, true, &next));
	/* and that it is closed means nothing while it may be somebody else that serves. */
	close(pair[1]);
	next.pid = 8;
	EXPECT(!vhost_user_stopped(&old, true, NULL));
	EXPECT(!vhost_user_stopped(&old, true, &next));
	next.pid = 7;
	EXPECT(vhost_user_stopped(&old, true, &next));
	/* With the memory held it is believed later. */
	EXPECT(!vhost_user_stopped(&old, false, &next));
	/* It said so itself. */
	next.pid = 8;
	old.drained = true;
	EXPECT(vhost_user_stopped(&old, true, &next));
	EXPECT(!vhost_user_stopped(&old, false, &next));
	/* Where nobody can tell who holds the memory, at once; */
	old.lent_the_same = true;
	EXPECT(vhost_user_stopped(&old, false, NULL));
	/* or its process has ended, which is no word where the memory tells more. */
	old.drained = false;
	EXPECT_EQ(pipe(process), 0);
	old.pid_fd = process[0];
	EXPECT(!vhost_user_stopped(&old, true, NULL));
	close(process[1]);
	EXPECT(vhost_user_stopped(&old, false, NULL));
	old.lent_the_same = false;
	EXPECT(!vhost_user_stopped(&old, true, NULL));
	/* Whoever holds nothing of the memory has stopped, be it served or not. */
	close(lent.fd);
	EXPECT(vhost_user_stopped(&old, false, NULL));
	vhost_user_close(&old);
	dma_unmap(lent.base, 4096, lent.first);
}

/* What is made of it: how long for, and whose word is taken when. */
TEST(linux_lost__policy)
{
	struct desk_disk *desk = desk_disk_make(1, 4, 64);
	struct desk_connection *first = desk_connect(desk, STORAGE_PROMISE_FLUSH), *second;
	struct session *old = &first->session;

	desk->disk.options.answer_ms = 3600000;
	desk->disk.options.loss_ms = 0;
	desk_lose(desk);
	lost_begin(old, true);
	EXPECT(first->link.given_up && first->link.asked);
	EXPECT_EQ(first->link.patience_ms, 3600000);
	desk->disk.lost = old;
	EXPECT(lost_look(&desk->disk) > 0);
	EXPECT_EQ(old->base.end, STORAGE_MAY_RUN);
	EXPECT(!first->link.patient && first->link.next == NULL);
	second = desk_connect(desk, STORAGE_PROMISE_FLUSH);
	desk->disk.options.answer_ms = 1;
	old->lost_ns -= 2000000;
	EXPECT(lost_look(&desk->disk) > 0);
	EXPECT_EQ(old->base.end, STORAGE_MAY_RUN);
	EXPECT(first->link.patient && first->link.next == &second->link);
	first->link.stopped = true;
	EXPECT_EQ(lost_look(&desk->disk), -1);
	EXPECT_EQ(old->base.end, STORAGE_STOPPED);
	/* The time is over. */
	first->link.stopped = false;
	old->base.end = STORAGE_MAY_RUN;
	desk->disk.options.loss_ms = 1;
	EXPECT_EQ(lost_look(&desk->disk), -1);
	EXPECT_EQ(old->base.end, STORAGE_DOUBTED);
	/* Who can't be talked to is not asked. */
	first->link.begun = 0;
	lost_begin(old, false);
	EXPECT(!first->link.asked);
	EXPECT_EQ(first->link.begun, 0);
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
	static struct vhost_user links[2];
	struct orion_disk *disk;
	int pair[2][2], hold[2];
	char byte;
	pid_t child;

	EXPECT_EQ(orion_disk_create("vhost-user:/nowhere", NULL, &disk, NULL), 0);
	EXPECT_EQ(pipe(hold), 0);
	for (unsigned i = 0; i < 2; i++) {
		struct vhost_user *vhost = &links[i];

		sessions[i].link = (struct link){&vhost_user_link, vhost};
		EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair[i]), 0);
		*vhost = (struct vhost_user){.channel = {.fd = pair[i][0], .cancel = -1}};
		vhost->backend = vhost->error = vhost->lease = vhost->pid_fd = -1;
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
		vhost_user_close(&links[i]);
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
