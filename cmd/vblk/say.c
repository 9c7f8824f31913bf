/* SPDX-License-Identifier: MIT */
/* Words for a person, progress, and his Ctrl-C: see say.h. */
#include "cmd/vblk/say.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/output.h"
#include "cmd/vblk/units.h"

#define LOOK_NS 200000000L
#define PATIENCE_NS UINT64_C(3000000000)        /* nothing came: until it is said, */
#define HURRY_NS UINT64_C(1000000000)           /* ... to a person who wants to end, */
#define AGAIN_NS UINT64_C(30000000000)          /* ... and said again */
#define GRACE_NS UINT64_C(5000000000)           /* to end in order, when a person wants to end */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *command = "";
static bool line_shown;
static atomic_uint signals;              /* lock-free: its handler may run in any thread */

static void
write_out(void *context, const char *text, size_t length)
{
	(void)context;
	/* What could not be written is seen by main() at the end. */
	(void)fwrite(text, 1, length, stdout);
}

const struct text_sink standard_output = {write_out, NULL};

void
say_command(const char *name)
{
	command = name;
}

/* Under the lock. */
static void
erase(void)
{
	if (line_shown)
		fputs("\r\033[K", stderr);
	line_shown = false;
}

__attribute__((format(printf, 1, 0))) static void
say_list(const char *format, va_list list)
{
	pthread_mutex_lock(&lock);
	erase();
	fprintf(stderr, "vblk%s%s: ", *command ? " " : "", command);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	pthread_mutex_unlock(&lock);
}

void
say(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say_list(format, list);
	va_end(list);
}

int
trouble(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say_list(format, list);
	va_end(list);
	return STATUS_TROUBLE;
}

void
say_event(void *argument, const char *text)
{
	(void)argument;
	say("%s", text);
}

void
say_progress(const char *text)
{
	struct winsize window;
	int columns = 79;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 1)
		columns = window.ws_col - 1;
	pthread_mutex_lock(&lock);
	erase();
	if (*text != '\0') {
		fprintf(stderr, "%.*s", columns, text);
		line_shown = true;
	}
	fflush(stderr);
	pthread_mutex_unlock(&lock);
}

/* ---- progress ---- */

uint64_t
clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void
progress_start(struct progress *progress, const char *title, uint64_t total, meter_unit unit,
	       bool wanted)
{
	meter_start(&progress->meter, title, total, unit, clock_ns());
	/* The first line comes at once. */
	progress->meter.shown_ns = 0;
	progress->shown = wanted || isatty(STDERR_FILENO);
}

void
progress_show(struct progress *progress, uint64_t done)
{
	char line[256];

	if (progress->shown && meter_line(&progress->meter, done, clock_ns(), line, sizeof(line)))
		say_progress(line);
}

void
progress_end(struct progress *progress)
{
	if (progress->shown)
		say_progress("");
}

/* ---- interrupts ---- */

static void
on_signal(int number)
{
	if (atomic_fetch_add(&signals, 1) >= 2) {
		output_abandon();
		_exit(128 + number);
	}
}

void
interrupts_catch(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	/* No SA_RESTART: a read of a terminal or a pipe has to end, too. */
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

unsigned
interrupts(void)
{
	return signals;
}

/* ---- patience ---- */

/* Whether a person wanted to end, and what goes on has had its time to. */
static bool
is_enough(void)
{
	static uint64_t asked_ns;

	if (signals == 0)
		return false;
	if (asked_ns == 0)
		asked_ns = clock_ns();
	return signals > 1 || clock_ns() - asked_ns > GRACE_NS;
}

bool
patience_left(struct patience *patience, const char *what)
{
	uint64_t now = clock_ns();
	uint64_t after = patience->said_ns == 0 ? signals > 0 ? HURRY_NS : PATIENCE_NS : AGAIN_NS;

	if (patience->since_ns == 0)
		patience->since_ns = now;
	if (now - (patience->said_ns != 0 ? patience->said_ns : patience->since_ns) > after) {
		patience->said_ns = now;
		say("waiting for %s: nothing for %s%s", what,
		    units_ns((double)(now - patience->since_ns)).s,
		    signals > 0 ? "; Ctrl-C again doesn't wait" : "");
	}
	return !is_enough();
}

static pthread_cond_t over = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t over_lock = PTHREAD_MUTEX_INITIALIZER;
static const char *waited_for;          /* under that lock */
static pthread_t waiter;

/* Speaks for a thread that is within a call. */
static void *
speak(void *argument)
{
	struct patience patience = {0};
	struct timespec until;

	(void)argument;
	pthread_mutex_lock(&over_lock);
	while (waited_for != NULL) {
		if (!patience_left(&patience, waited_for)) {
			say("ended without waiting for %s", waited_for);
			leave(STATUS_INTERRUPTED);
		}
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOOK_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&over, &over_lock, &until);
	}
	pthread_mutex_unlock(&over_lock);
	return NULL;
}

void
patience_while(const char *what)
{
	waited_for = what;
	/* Without a thread the wait has no words. */
	if (pthread_create(&waiter, NULL, speak, NULL) != 0)
		waited_for = NULL;
}

void
patience_over(void)
{
	if (waited_for == NULL)
		return;
	pthread_mutex_lock(&over_lock);
	waited_for = NULL;
	pthread_cond_signal(&over);
	pthread_mutex_unlock(&over_lock);
	pthread_join(waiter, NULL);
}

void
leave(int status)
{
	output_abandon();
	fflush(stdout);
	_exit(status);
}
