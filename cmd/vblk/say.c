/* SPDX-License-Identifier: MIT */
/* Words for a person, progress, and his Ctrl-C: see say.h. */
#include "cmd/vblk/say.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cmd/vblk/command.h"
#include "cmd/vblk/units.h"

#define SHOW_NS UINT64_C(200000000)
#define BAR_COLUMNS 14

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *command = "";
static bool line_shown;
static volatile sig_atomic_t signals;

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
progress_start(struct progress *progress, const char *title, uint64_t total, bool wanted)
{
	*progress = (struct progress){
		.title = title,
		.total = total,
		.start_ns = clock_ns(),
		.shown = wanted || isatty(STDERR_FILENO),
	};
}

/* The line of work whose length is known. */
static void
show_part(const struct progress *progress, uint64_t done, double rate)
{
	uint64_t total = progress->total;
	double part = total > 0 ? (double)done / (double)total : 1;
	char line[256], bar[BAR_COLUMNS + 1];

	memset(bar, '.', BAR_COLUMNS);
	memset(bar, '#', (size_t)(part * BAR_COLUMNS));
	bar[BAR_COLUMNS] = '\0';
	snprintf(line, sizeof(line), "%s  %3u%% [%s]  %s of %s  %s/s  %s left", progress->title,
		 (unsigned)(part * 100), bar, units_bytes(done).s, units_bytes(total).s,
		 units_bytes((uint64_t)rate).s,
		 rate > 0 ? units_clock((uint64_t)((double)(total - done) / rate)).s : "-");
	say_progress(line);
}

void
progress_show(struct progress *progress, uint64_t done)
{
	uint64_t now;
	double seconds, rate;
	char line[128];

	if (!progress->shown)
		return;
	now = clock_ns();
	if (now - progress->shown_ns < SHOW_NS)
		return;
	progress->shown_ns = now;
	seconds = (double)(now - progress->start_ns) / 1e9;
	rate = seconds > 0 ? (double)done / seconds : 0;
	if (progress->total == PROGRESS_TIME)
		snprintf(line, sizeof(line), "%s  %s", progress->title,
			 units_clock(done / UINT64_C(1000000000)).s);
	else if (progress->total == UINT64_MAX)
		snprintf(line, sizeof(line), "%s  %s  %s/s", progress->title, units_bytes(done).s,
			 units_bytes((uint64_t)rate).s);
	else {
		show_part(progress, done, rate);
		return;
	}
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
	signals++;
	if (signals >= 3)
		_exit(128 + number);
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
	return (unsigned)signals;
}

void
leave(int status)
{
	fflush(stdout);
	_exit(status);
}
