/* SPDX-License-Identifier: MIT */
/*
 * The monitor: a thread per disk that watches the connection, and makes the next one.
 *
 * A connection ends when its link says so (link.h), when the device breaks the protocol on a ring
 * (the core's latch), or when a request takes longer than it may.  The next is tried for at
 * growing intervals, until it is there and has the same disk.  When loss_ms are over requests fail,
 * but it is tried for on, slowly.
 */
#include "ports/linux/disk.h"

#include "orion/texts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)
#define TRY_FIRST_MS 5u
#define TRY_LAST_MS 100u
#define TRY_SLOWLY_MS 1000u     /* once requests fail */
#define TRY_PATIENCE_MS 10u     /* the least that an attempt is given */
#define LOOK_MS 1000            /* to see what no descriptor tells */
#define REFRESH_MS 50u          /* between two looks at the configuration */
#define EVENTS_AT_ONCE 10u
#define EVENT_NS (1000 * NS_PER_MS)     /* for each one more */
#define SHORT_LIFE_NS (1000 * NS_PER_MS)
#define PUBLISH_MS 250
#define BREACH_WINDOW_NS (UINT64_C(60) * 1000 * NS_PER_MS)
#define BREACHES_MAX (sizeof(((struct orion_disk *)NULL)->broken_ns) / sizeof(uint64_t))

/* ---- events ---- */

/* How many may be told of now; a device could make any number.  Under disk->lock. */
static unsigned
events_left(struct orion_disk *disk)
{
	uint64_t now = port_now_ns(), more = (now - disk->events_ns) / EVENT_NS;

	if (more == 0)
		return disk->events_left;
	disk->events_ns = now;
	disk->events_left = more < EVENTS_AT_ONCE - disk->events_left
				    ? disk->events_left + (unsigned)more
				    : EVENTS_AT_ONCE;
	return disk->events_left;
}

/* Tells the program of the last event, and how many it was not told of; or notes that it must. */
static void
tell(struct orion_disk *disk)
{
	struct orion_error error;
	unsigned untold;
	bool now;

	pthread_mutex_lock(&disk->lock);
	now = events_left(disk) != 0;
	untold = disk->events_untold;
	disk->events_untold = now ? 0 : untold + 1;
	disk->events_left -= now;
	error = disk->error;
	pthread_mutex_unlock(&disk->lock);
	if (!now || disk->options.event == NULL)
		return;
	if (untold != 0) {
		size_t end = strlen(error.text);

		end = end < sizeof(error.text) - 32 ? end : sizeof(error.text) - 32;
		snprintf(error.text + end, 32, " (and %u more before)", untold);
	}
	disk->options.event(disk->options.event_argument, error.text);
}

/* What was not told of yet, when there is room for it.  Returns in how many ms to look, or -1. */
static int
tell_later(struct orion_disk *disk)
{
	unsigned untold, left;

	pthread_mutex_lock(&disk->lock);
	untold = disk->events_untold;
	left = events_left(disk);
	/* The last of them is told of by itself. */
	if (untold != 0 && left != 0)
		disk->events_untold--;
	pthread_mutex_unlock(&disk->lock);
	if (untold == 0)
		return -1;
	if (left == 0)
		return EVENT_NS / NS_PER_MS;
	tell(disk);
	return -1;
}

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
	tell(disk);
}

void
disk_exchange_failed(struct orion_disk *disk)
{
	const struct link *link = &disk_session(disk)->link;
	const char *why;
	uint64_t one = 1;

	if (link->ops->result(link->context, &why) == 0)
		return;
	pthread_mutex_lock(&disk->lock);
	snprintf(disk->error.text, sizeof(disk->error.text), "%s", why);
	pthread_mutex_unlock(&disk->lock);
	if (write(disk->wake, &one, sizeof(one)) < 0)
		return;
}

/* ---- a connection is lost ---- */

/* ASK: the back end still listens, and is asked to stop. */
static void
drop_session(struct orion_disk *disk, bool ask, const char *why)
{
	struct session *session = disk_session(disk);
	const struct link *link = &session->link;

	disk_event(disk, "%s: %s; reconnecting", disk->path, why);
	/* From here on there is no exchange, also not when owners leave. */
	pthread_mutex_lock(&disk->exchange);
	lost_begin(session, ask && link->ops->result(link->context, NULL) == 0);
	storage_adopt(&disk->instance, NULL);
	pthread_mutex_unlock(&disk->exchange);
	session->next = disk->lost;
	disk->lost = session;
	storage_lose(&disk->instance, &session->base);
}

/* Requests fail from now on; nothing is given up for good. */
static void
fail_requests(struct orion_disk *disk, const char *why)
{
	/* What a connection says begins with the path already. */
	size_t named = strncmp(why, disk->path, strlen(disk->path)) == 0 ? strlen(disk->path) : 0;

	disk_event(disk, "%s: requests fail until it is back: %s", disk->path,
		   named != 0 ? why + named + 2 : why);
	storage_fail(&disk->instance);
}

bool
disk_breached(struct orion_disk *disk, uint64_t now)
{
	uint64_t oldest = disk->broken_ns[0];

	memmove(disk->broken_ns, disk->broken_ns + 1,
		sizeof(disk->broken_ns) - sizeof(disk->broken_ns[0]));
	disk->broken_ns[BREACHES_MAX - 1] = now;
	return oldest != 0 && now - oldest < BREACH_WINDOW_NS;
}

static void
drop_broken(struct orion_disk *disk, const char *why)
{
	drop_session(disk, true, why);
	if (disk_breached(disk, port_now_ns()))
		fail_requests(disk, "the back end broke the protocol again and again");
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
	struct orion_error refused;     /* why what came back was not taken */
};

static uint64_t
count_given(const struct orion_disk *disk)
{
	uint64_t given = 0;

	for (unsigned i = 0; i < disk->instance.lane_count; i++)
		given += __atomic_load_n(&disk->queues[i]->lane.given, __ATOMIC_RELAXED);
	return given;
}

static void
pause_longer(const struct orion_disk *disk, struct attempt *attempt)
{
	uint32_t pause_ms = disk_state(disk) == STORAGE_FAILED ? TRY_SLOWLY_MS : attempt->pause_ms;

	attempt->next_ns = port_now_ns() + pause_ms * NS_PER_MS;
	attempt->pause_ms =
		attempt->pause_ms * 2 < TRY_LAST_MS ? attempt->pause_ms * 2 : TRY_LAST_MS;
}

/* How long requests still wait, in ms; UINT32_MAX: for ever. */
static uint32_t
time_left_ms(const struct orion_disk *disk, const struct attempt *attempt)
{
	uint64_t gone_ms = (port_now_ns() - attempt->lost_ns) / NS_PER_MS;
	uint32_t loss_ms = disk->options.loss_ms;

	if (loss_ms == 0)
		return UINT32_MAX;
	return gone_ms < loss_ms ? loss_ms - (uint32_t)gone_ms : 0;
}

static void
begin_attempt(struct orion_disk *disk, struct attempt *attempt)
{
	uint64_t now = port_now_ns(), given = count_given(disk);
	bool breached = disk_state(disk) == STORAGE_FAILED;

	if (attempt->back_ns == 0 || given != attempt->given ||
	    now - attempt->back_ns > SHORT_LIFE_NS) {
		*attempt = (struct attempt){now, now, 0, given, TRY_FIRST_MS, {""}};
	} else {
		if (!breached && time_left_ms(disk, attempt) == 0)
			fail_requests(disk, "the back end dies at once, again and again");
		pause_longer(disk, attempt);
	}
	/* After too many breaches: not before the oldest of them is forgiven. */
	if (breached)
		attempt->next_ns = disk->broken_ns[0] + BREACH_WINDOW_NS;
}

bool
disk_adopt(struct orion_disk *disk, struct session *session)
{
	bool same;

	pthread_mutex_lock(&disk->exchange);
	same = session->memory_version == disk->memory.version;
	if (same) {
		storage_adopt(&disk->instance, &session->base);
		disk->identity.sectors = session->identity.sectors;
	}
	pthread_mutex_unlock(&disk->exchange);
	return same;
}

static void
came_back(struct orion_disk *disk, struct attempt *attempt)
{
	attempt->back_ns = port_now_ns();
	storage_state_set(&disk->instance, STORAGE_LIVE);
	storage_turn(&disk->instance);
	disk_event(disk, "%s: connected again after %llu ms", disk->path,
		   (unsigned long long)((attempt->back_ns - attempt->lost_ns) / NS_PER_MS));
}

/* What came back is not what went: told once. */
static void
refuse(struct orion_disk *disk, struct attempt *attempt, const struct orion_error *error)
{
	if (strcmp(attempt->refused.text, error->text) == 0)
		return;
	attempt->refused = *error;
	disk_event(disk, "%s; not taken", error->text);
}

static void
try_again(struct orion_disk *disk, struct attempt *attempt)
{
	uint32_t patience_ms = disk->options.answer_ms, left_ms = time_left_ms(disk, attempt);
	struct orion_error error = {""};
	struct session *session;
	int result;

	/* No answer may keep requests waiting for longer than they are to. */
	if (disk_state(disk) == STORAGE_LOST && left_ms < patience_ms)
		patience_ms = left_ms > TRY_PATIENCE_MS ? left_ms : TRY_PATIENCE_MS;
	result = session_open(disk, patience_ms, &session, &error);
	if (result == 0 && !identity_same(disk, session, &error)) {
		refuse(disk, attempt, &error);
		result = -EPROTO;
	} else if (result == 0 && !disk_adopt(disk, session)) {
		result = -EAGAIN;
	}
	if (result == 0) {
		came_back(disk, attempt);
		return;
	}
	if (session != NULL)
		storage_device_leave(&session->base);
	if (disk_state(disk) == STORAGE_LOST && time_left_ms(disk, attempt) == 0 && !disk->closing)
		fail_requests(disk, attempt->refused.text[0] != '\0' ? attempt->refused.text
								     : error.text);
	pause_longer(disk, attempt);
}

/* ---- watching ---- */

static void
refresh(struct orion_disk *disk)
{
	struct session *session = disk_session(disk);
	const struct link *link = &session->link;
	orion_status status;
	const char *why;
	bool changed;

	disk->refreshed_ns = port_now_ns();
	pthread_mutex_lock(&disk->exchange);
	link->ops->begin(link->context, disk->options.answer_ms, disk->cancel);
	status = vblk_refresh(session->base.device, &changed);
	pthread_mutex_unlock(&disk->exchange);
	if (link->ops->result(link->context, &why) != 0) {
		drop_session(disk, false, why);
	} else if (status == ORION_DEVICE_BROKEN || status == ORION_DEVICE_GONE) {
		drop_broken(disk, orion_status_text(status));
	} else if (changed) {
		disk->identity.sectors = vblk_info(session->base.device)->capacity_sectors;
		disk_event(disk, "%s: the size is now %llu bytes", disk->path,
			   (unsigned long long)disk->identity.sectors * VIRTIO_BLK_SECTOR_BYTES);
	}
}

/* In how many ms the configuration may be read again, should it have changed; -1: it has not. */
static int
refresh_in_ms(const struct orion_disk *disk)
{
	uint64_t gone_ms = (port_now_ns() - disk->refreshed_ns) / NS_PER_MS;

	if (disk_session(disk) == NULL || !vblk_config_pending(disk_session(disk)->base.device))
		return -1;
	return gone_ms < REFRESH_MS ? (int)(REFRESH_MS - gone_ms) : 0;
}

/* What has become of the connection, by what was found at its link's descriptors. */
static void
judge(struct orion_disk *disk, const struct pollfd fds[LINK_FDS])
{
	const struct session *session = disk_session(disk);
	const char *why;
	enum link_news news = session->link.ops->look(session->link.context, fds, &why);

	if (news == LINK_DOWN)
		drop_session(disk, false, why);
	else if (news == LINK_BROKEN)
		drop_broken(disk, why);
	else if (__atomic_load_n(&session->base.expired, __ATOMIC_ACQUIRE))
		drop_session(disk, false, "no answer to a request within the deadline");
	else if (__atomic_load_n(&session->broken, __ATOMIC_ACQUIRE))
		drop_broken(disk, vblk_cause_text((vblk_cause)session->event_a));
}

static void
watch(struct orion_disk *disk, int timeout_ms)
{
	const struct session *session = disk_session(disk);
	struct pollfd fds[LINK_FDS + 1];
	nfds_t watched = 0;
	uint64_t count;

	if (session != NULL) {
		session->link.ops->watched(session->link.context, fds);
		watched = LINK_FDS;
	}
	fds[watched] = (struct pollfd){disk->wake, POLLIN, 0};
	if (poll(fds, watched + 1, timeout_ms) < 0)
		return;
	if (fds[watched].revents != 0 && read(disk->wake, &count, sizeof(count)) < 0)
		return;
	if (session != NULL && !__atomic_load_n(&disk->closing, __ATOMIC_ACQUIRE))
		judge(disk, fds);
}

/* The sooner of two times, in ms; -1: never. */
static int
sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int
until_next(const struct attempt *attempt)
{
	uint64_t now = port_now_ns();
	uint64_t left = attempt->next_ns > now ? attempt->next_ns - now : 0;

	return (int)(left / NS_PER_MS + (left % NS_PER_MS != 0));
}

static bool
is_away(const struct orion_disk *disk)
{
	return disk_state(disk) == STORAGE_LOST || disk_state(disk) == STORAGE_FAILED;
}

static void *
monitor(void *argument)
{
	struct orion_disk *disk = argument;
	struct attempt attempt = {0};

	while (!__atomic_load_n(&disk->closing, __ATOMIC_ACQUIRE)) {
		bool was_away = is_away(disk);
		int timeout = was_away ? until_next(&attempt) : LOOK_MS;

		if (disk->publication != NULL)
			timeout = sooner(timeout, PUBLISH_MS);
		timeout = sooner(timeout, refresh_in_ms(disk));
		timeout = sooner(timeout, storage_late_watch(&disk->instance));
		timeout = sooner(timeout, lost_look(disk));
		watch(disk, sooner(timeout, tell_later(disk)));
		if (refresh_in_ms(disk) == 0)
			refresh(disk);
		publish_update(disk);
		if (is_away(disk) && !was_away)
			begin_attempt(disk, &attempt);
		if (is_away(disk) && port_now_ns() >= attempt.next_ns &&
		    !__atomic_load_n(&disk->closing, __ATOMIC_ACQUIRE))
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
	/* Whatever answer is being waited for. */
	if (write(disk->cancel, &one, sizeof(one)) < 0)
		return;
	if (write(disk->wake, &one, sizeof(one)) < 0)
		return;
	pthread_join(disk->monitor, NULL);
	disk->monitored = false;
}
