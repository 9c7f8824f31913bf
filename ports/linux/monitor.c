/* SPDX-License-Identifier: MIT */
/*
 * The monitor: a thread per disk that watches the connection, and makes the next one.
 *
 * A connection ends when the socket does, when the back end breaks the protocol on a ring (the
 * core's latch) or says that a ring is broken.  The next is tried for at growing intervals, until
 * it is there and as good as the first, or loss_ms are over.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)
#define TRY_FIRST_MS 5u
#define TRY_LAST_MS 100u
#define SHORT_LIFE_NS (1000 * NS_PER_MS)
#define PUBLISH_MS 250
#define BREACH_WINDOW_NS (UINT64_C(60) * 1000 * NS_PER_MS)
#define BREACHES_MAX (sizeof(((struct orion_disk *)NULL)->broken_ns) / sizeof(uint64_t))

void
disk_event(struct orion_disk *disk, const char *format, ...)
{
	struct orion_error error;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error.text, sizeof(error.text), format, arguments);
	va_end(arguments);
	pthread_mutex_lock(&disk->lock);
	disk->error = error;
	pthread_mutex_unlock(&disk->lock);
	if (disk->options.event != NULL)
		disk->options.event(disk->options.event_argument, error.text);
}

void
disk_turn(struct orion_disk *disk)
{
	uint64_t one = 1;

	__atomic_add_fetch(&disk->turn, 1, __ATOMIC_ACQ_REL);
	for (unsigned i = 0; i < disk->queue_count; i++) {
		if (write(disk->events[i], &one, sizeof(one)) < 0)
			continue;
	}
}

static void
set_state(struct orion_disk *disk, enum disk_state state)
{
	__atomic_store_n(&disk->state, state, __ATOMIC_RELEASE);
}

static void
set_session(struct orion_disk *disk, struct session *session)
{
	pthread_mutex_lock(&disk->lock);
	if (session != NULL)
		session->number = ++disk->sessions;
	disk->session = session;
	pthread_mutex_unlock(&disk->lock);
}

/* ---- a connection is lost ---- */

static void
drop_session(struct orion_disk *disk, const char *why)
{
	struct session *session = disk->session;

	disk_event(disk, "%s: %s; reconnecting", disk->path, why);
	/* Ends an exchange that waits; from here on there is none, also not when owners leave. */
	shutdown(session->vhost.channel.fd, SHUT_RDWR);
	pthread_mutex_lock(&disk->exchange);
	channel_fail(&session->vhost.channel, -ENOTCONN, "%s", why);
	set_session(disk, NULL);
	pthread_mutex_unlock(&disk->exchange);
	set_state(disk, DISK_LOST);
	for (unsigned i = 0; i < disk->queue_count; i++)
		flush_lost(disk->queues[i]);
	disk_turn(disk);
	session_leave(session);
}

static void
give_up(struct orion_disk *disk, const char *why)
{
	/* What a connection says begins with the path already. */
	size_t named = strncmp(why, disk->path, strlen(disk->path)) == 0 ? strlen(disk->path) : 0;

	disk_event(disk, "%s: given up: %s", disk->path, named != 0 ? why + named + 2 : why);
	set_state(disk, DISK_FAILED);
	disk_turn(disk);
}

/* True when there were as many breaches as are forgiven, within a minute. */
static bool
too_many_breaches(struct orion_disk *disk)
{
	uint64_t now = port_now_ns(), oldest = disk->broken_ns[0];

	memmove(disk->broken_ns, disk->broken_ns + 1,
		sizeof(disk->broken_ns) - sizeof(disk->broken_ns[0]));
	disk->broken_ns[BREACHES_MAX - 1] = now;
	return oldest != 0 && now - oldest < BREACH_WINDOW_NS;
}

static void
drop_broken(struct orion_disk *disk, const char *why)
{
	drop_session(disk, why);
	if (too_many_breaches(disk))
		give_up(disk, "the back end broke the protocol again and again");
}

/* ---- the next one ---- */

/*
 * The way back from one loss.  A connection that was lost again before anything was completed on it
 * is no way back: pauses grow on, and loss_ms count from the first.
 */
struct attempt {
	uint64_t lost_ns, next_ns, back_ns;
	uint64_t given;         /* requests given back by the time of the loss */
	uint32_t pause_ms;
};

static uint64_t
count_given(const struct orion_disk *disk)
{
	uint64_t given = 0;

	for (unsigned i = 0; i < disk->queue_count; i++)
		given += __atomic_load_n(&disk->queues[i]->given, __ATOMIC_RELAXED);
	return given;
}

static void
pause_longer(struct attempt *attempt)
{
	attempt->next_ns = port_now_ns() + attempt->pause_ms * NS_PER_MS;
	attempt->pause_ms =
		attempt->pause_ms * 2 < TRY_LAST_MS ? attempt->pause_ms * 2 : TRY_LAST_MS;
}

static bool
out_of_time(const struct orion_disk *disk, const struct attempt *attempt)
{
	uint64_t loss_ns = disk->options.loss_ms * NS_PER_MS;

	return loss_ns != 0 && port_now_ns() - attempt->lost_ns >= loss_ns;
}

static void
begin_attempt(struct orion_disk *disk, struct attempt *attempt)
{
	uint64_t now = port_now_ns(), given = count_given(disk);

	if (attempt->back_ns == 0 || given != attempt->given ||
	    now - attempt->back_ns > SHORT_LIFE_NS) {
		*attempt = (struct attempt){now, 0, 0, given, TRY_FIRST_MS};
		return;
	}
	if (out_of_time(disk, attempt))
		give_up(disk, "the back end dies at once, again and again");
	pause_longer(attempt);
}

/* Takes SESSION in use, unless memory came or went that its back end was not told of. */
static bool
adopt(struct orion_disk *disk, struct session *session)
{
	bool same;

	pthread_mutex_lock(&disk->exchange);
	same = session->memory_version == disk->memory.version;
	if (same)
		set_session(disk, session);
	pthread_mutex_unlock(&disk->exchange);
	return same;
}

static void
came_back(struct orion_disk *disk, struct attempt *attempt)
{
	attempt->back_ns = port_now_ns();
	set_state(disk, DISK_CONNECTED);
	disk_turn(disk);
	disk_event(disk, "%s: connected again after %llu ms", disk->path,
		   (unsigned long long)((attempt->back_ns - attempt->lost_ns) / NS_PER_MS));
}

static void
try_again(struct orion_disk *disk, struct attempt *attempt)
{
	struct orion_error error = {""};
	struct session *session;
	int result = session_open(disk, &session, &error);

	if (result == 0 && (!session_as_good(disk, session, &error) || !adopt(disk, session))) {
		session_leave(session);
		result = -EPROTO;
	}
	if (result == 0)
		came_back(disk, attempt);
	else if (out_of_time(disk, attempt))
		give_up(disk, error.text);
	else
		pause_longer(attempt);
}

/* ---- watching ---- */

static void
refresh(struct orion_disk *disk)
{
	struct session *session = disk->session;
	orion_status status;
	bool changed;

	pthread_mutex_lock(&disk->exchange);
	status = vblk_refresh(session->device, &changed);
	pthread_mutex_unlock(&disk->exchange);
	if (status == ORION_DEVICE_BROKEN || status == ORION_DEVICE_GONE)
		drop_broken(disk, orion_status_text(status));
	else if (changed)
		disk_event(disk, "%s: the size is now %llu bytes", disk->path,
			   (unsigned long long)vblk_info(session->device)->capacity_sectors * 512);
}

static void
listen_backend(struct orion_disk *disk)
{
	struct session *session = disk->session;

	/* A back end that talks nonsense is not listened to any more; its disk may be sound. */
	if (vhost_user_listen(&session->vhost) != 0) {
		close(session->vhost.backend);
		session->vhost.backend = -1;
	}
	if (vblk_config_pending(session->device))
		refresh(disk);
}

static void
watch(struct orion_disk *disk, int timeout_ms)
{
	struct session *session = disk->session;
	struct pollfd fds[4] = {
		{disk->wake, POLLIN, 0},
		{session != NULL ? session->vhost.channel.fd : -1, POLLRDHUP, 0},
		{session != NULL ? session->vhost.error : -1, POLLIN, 0},
		{session != NULL ? session->vhost.backend : -1, POLLIN, 0},
	};
	uint64_t count;

	if (poll(fds, 4, timeout_ms) <= 0)
		return;
	if (fds[0].revents != 0 && read(disk->wake, &count, sizeof(count)) < 0)
		return;
	if (session == NULL || __atomic_load_n(&disk->closing, __ATOMIC_ACQUIRE))
		return;
	if (fds[1].revents != 0)
		drop_session(disk, "the back end closed the connection");
	else if (fds[2].revents != 0)
		drop_broken(disk, "the back end says that a ring is broken");
	else if (__atomic_load_n(&session->expired, __ATOMIC_ACQUIRE))
		drop_session(disk, "no answer to a request within the deadline");
	else if (__atomic_load_n(&session->broken, __ATOMIC_ACQUIRE))
		drop_broken(disk, vblk_cause_text((vblk_cause)session->event_a));
	else if (fds[3].revents != 0)
		listen_backend(disk);
}

static int
timeout_of(const struct orion_disk *disk, const struct attempt *attempt)
{
	int timeout = disk->publication != NULL ? PUBLISH_MS : -1;

	if (disk_state(disk) == DISK_LOST) {
		uint64_t now = port_now_ns();
		uint64_t left = attempt->next_ns > now ? attempt->next_ns - now : 0;

		timeout = (int)(left / NS_PER_MS + (left % NS_PER_MS != 0));
	}
	return timeout;
}

static void *
monitor(void *argument)
{
	struct orion_disk *disk = argument;
	struct attempt attempt = {0, 0, 0, 0, 0};

	while (!__atomic_load_n(&disk->closing, __ATOMIC_ACQUIRE)) {
		bool was_lost = disk_state(disk) == DISK_LOST;
		int late = late_watch(disk), timeout = timeout_of(disk, &attempt);

		watch(disk, timeout < 0 || late < timeout ? late : timeout);
		publish_update(disk);
		if (disk_state(disk) == DISK_LOST && !was_lost)
			begin_attempt(disk, &attempt);
		if (disk_state(disk) == DISK_LOST && !disk->closing &&
		    port_now_ns() >= attempt.next_ns)
			try_again(disk, &attempt);
	}
	return NULL;
}

int
monitor_start(struct orion_disk *disk)
{
	sigset_t all, before;
	int result;

	/* Signals are the program's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(&disk->monitor, NULL, monitor, disk);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	disk->monitored = result == 0;
	return -result;
}

void
monitor_stop(struct orion_disk *disk)
{
	uint64_t one = 1;

	if (!disk->monitored)
		return;
	__atomic_store_n(&disk->closing, true, __ATOMIC_RELEASE);
	if (write(disk->wake, &one, sizeof(one)) < 0)
		return;
	pthread_join(disk->monitor, NULL);
	disk->monitored = false;
}
