/* SPDX-License-Identifier: MIT */
/*
 * Connections that were lost: whether the device behind them has stopped.
 *
 * A device that was given a write, and whose connection has ended, may still carry it out: its
 * threads live on, or it hangs and goes on later.  Were the write replayed meanwhile, acknowledged
 * and overwritten, the old one would come last.  So what was in flight is replayed only once the
 * old device is known to have stopped; docs/decisions/0014 says what is taken for knowledge.
 *
 * A list of the monitor's own.  Owners hold the connections in it, too, as lane->device or
 * lane->doubt; one that nobody else holds is forgotten.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)
#define LOOK_FIRST_MS 5
#define LOOK_LAST_MS 100

void
lost_prepare(struct session *session)
{
	struct ucred peer = {0, 0, 0};
	socklen_t length = sizeof(peer);

	session->pid_fd = -1;
	if (getsockopt(session->vhost.channel.fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
		return;
	session->pid = peer.pid;
	if (peer.pid > 0)
		session->pid_fd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
}

void
lost_begin(struct session *session, bool ask)
{
	struct vu_channel *channel = &session->vhost.channel;

	if (ask) {
		channel_begin(channel, session->disk->options.answer_ms);
		session->drained = vhost_user_stop(&session->vhost) == 0;
	}
	/* Our half only: that the other one ends is a part of the evidence. */
	shutdown(channel->fd, SHUT_WR);
	channel_fail(channel, -ENOTCONN, "the connection is lost");
	session->lost_ns = port_now_ns();
}

/* Something happened at FD, without waiting. */
static bool
happened(int fd, short events)
{
	struct pollfd one = {fd, events, 0};

	return fd >= 0 && poll(&one, 1, 0) > 0 && one.revents & (events | POLLHUP);
}

/* The connection after SESSION is there, and the process that had SESSION has it. */
static bool
serves_the_next(const struct session *session)
{
	const struct session *now = disk_session(session->disk);

	return now != NULL && session->pid > 0 && session->pid == now->pid;
}

static enum storage_end
look(const struct session *session)
{
	uint64_t gone_ns = port_now_ns() - session->lost_ns;
	uint64_t loss_ns = session->disk->options.loss_ms * NS_PER_MS;
	bool patient = gone_ns >= session->disk->options.answer_ms * NS_PER_MS;
	int lets_go = vhost_user_lets_go(&session->vhost);

	/* Whoever holds nothing of the memory has nothing left to complete there. */
	if (lets_go > 0 || (lets_go < 0 && happened(session->pid_fd, POLLIN)))
		return STORAGE_STOPPED;
	/* It said that it stopped, or serves us again: with the memory held that takes patience. */
	if ((lets_go < 0 || patient) && happened(session->vhost.channel.fd, POLLHUP) &&
	    (session->drained || serves_the_next(session)))
		return STORAGE_STOPPED;
	return loss_ns != 0 && gone_ns >= loss_ns ? STORAGE_DOUBTED : STORAGE_MAY_RUN;
}

int
lost_look(struct orion_disk *disk)
{
	int again = -1;
	bool news = false;

	for (struct session **at = &disk->lost; *at != NULL;) {
		struct session *session = *at;
		uint64_t age_ms = (port_now_ns() - session->lost_ns) / NS_PER_MS;

		if (__atomic_load_n(&session->base.users, __ATOMIC_ACQUIRE) == 1) {
			*at = session->next;
			storage_device_leave(&session->base);
			continue;
		}
		at = &session->next;
		if (session->base.end == STORAGE_MAY_RUN) {
			enum storage_end end = look(session);

			__atomic_store_n(&session->base.end, end, __ATOMIC_RELEASE);
			news |= end != STORAGE_MAY_RUN;
			if (end == STORAGE_DOUBTED)
				disk_event(disk,
					   "%s: the back end of before may still be at it: what it "
					   "was given fails",
					   disk->path);
		}
		if (session->base.end == STORAGE_MAY_RUN)
			again = age_ms < LOOK_FIRST_MS  ? LOOK_FIRST_MS
				: age_ms < LOOK_LAST_MS ? (int)age_ms
							: LOOK_LAST_MS;
	}
	if (news)
		storage_turn(&disk->instance);
	return again;
}

void
lost_forget(struct orion_disk *disk)
{
	while (disk->lost != NULL) {
		struct session *session = disk->lost;

		disk->lost = session->next;
		storage_device_leave(&session->base);
	}
}
