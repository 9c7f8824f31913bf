/* SPDX-License-Identifier: MIT */
/*
 * A hand on liborion-vblk: does one call for each line of standard input, and prints what it gave,
 * for the Python cases to compare.
 *
 *   open URL | close | disk N | queue N     N: which of 4 disks, or queues, the next words mean
 *   read OFF LEN | write OFF LEN SEED | verify OFF LEN SEED | flush     of pattern:SEED
 *   +read ..., +write ..., ...              only submits; "wait" gives the results
 *   wait [COUNT [MS]]                       COUNT results, without: all in flight
 *   zeros OFF LEN                           a read that must give zeros
 *   operation N LEN                         a request with this number, of the heap
 *   sync-read OFF LEN | sync-write | sync-verify OFF LEN SEED | sync-flush | identify
 *   heap | alloc BYTES | register BYTES     where buffers come from
 *   unregister                              the memory that was registered last
 *   shuffle COUNT                           as threads, and COUNT times memory that comes and goes
 *   vector N | shift N                      buffers in N parts; N bytes off their place
 *   info | stats | text | events | fds
 *   fork [on] | fork-stay | interrupt MS | sleep MS | threads COUNT | cycle COUNT URL
 *
 * A result is "WORD ARGUMENTS: RESULT", RESULT being 0 or the name of an errno.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "orion/disk.h"
#include "test/linux/lanes.h"
#include "test/linux/pattern.h"

#define DISKS 4
#define SLOTS 2048
#define EVENTS 256
#define WORDS 6

/* One request: what was asked for, and its buffer. */
struct slot {
	struct orion_io io;
	char line[96];
	unsigned char *memory, *data;   /* memory: what is to be freed, NULL: nothing */
	struct iovec *parts;
	size_t bytes;
	uint64_t seed;
	bool used, verify, zeros;
};

struct probe {
	struct orion_disk *disk[DISKS];
	struct orion_queue *queue;
	unsigned current;
	unsigned char *area;            /* where buffers come from; NULL: the heap */
	size_t area_bytes, area_used;
	unsigned parts, shift;
	struct slot slots[SLOTS];
};

static struct probe probe;
static char events[EVENTS][160];
static unsigned event_count;
static pthread_mutex_t event_lock = PTHREAD_MUTEX_INITIALIZER;

static const char *
name_of(int result)
{
	const char *name = result < 0 ? strerrorname_np(-result) : NULL;
	static _Thread_local char number[16];

	snprintf(number, sizeof(number), "%d", result);
	return name != NULL ? name : number;
}

static void
say(const char *what, int result)
{
	printf("%s: %s\n", what, name_of(result));
}

static void
on_event(void *argument, const char *text)
{
	(void)argument;
	pthread_mutex_lock(&event_lock);
	if (event_count < EVENTS)
		snprintf(events[event_count++], sizeof(events[0]), "%s", text);
	pthread_mutex_unlock(&event_lock);
}

/* ---- requests ---- */

static unsigned char *
take_memory(struct slot *slot, size_t bytes)
{
	unsigned char *memory;

	slot->memory = NULL;
	if (probe.area == NULL) {
		slot->memory = aligned_alloc(4096, (bytes + probe.shift + 4095) & ~(size_t)4095);
		return slot->memory + probe.shift;
	}
	if (probe.area_used + bytes + probe.shift > probe.area_bytes)
		probe.area_used = 0;
	memory = probe.area + probe.area_used + probe.shift;
	probe.area_used += (bytes + probe.shift + 4095) & ~(size_t)4095;
	return memory;
}

/* Cuts the buffer into parts; the last takes what is left. */
static void
cut(struct slot *slot)
{
	size_t each = slot->bytes / probe.parts;

	slot->parts = calloc(probe.parts, sizeof(*slot->parts));
	for (unsigned i = 0; i < probe.parts; i++) {
		slot->parts[i].iov_base = slot->data + i * each;
		slot->parts[i].iov_len = i + 1 < probe.parts ? each : slot->bytes - i * each;
	}
	slot->io.buffer = slot->parts;
	slot->io.bytes = 0;
	slot->io.vectors = (uint16_t)probe.parts;
}

static void
give_back(struct slot *slot)
{
	free(slot->memory);
	free(slot->parts);
	slot->used = false;
}

static void
print_result(struct slot *slot)
{
	size_t at = slot->bytes;

	if (slot->io.result == 0 && slot->verify)
		at = pattern_differs(slot->data, slot->bytes, slot->seed, slot->io.offset);
	if (slot->io.result == 0 && slot->zeros) {
		for (at = 0; at < slot->bytes && slot->data[at] == 0;)
			at++;
	}
	if (at < slot->bytes)
		printf("%s: differs at %zu\n", slot->line, at);
	else
		say(slot->line, slot->io.result);
	give_back(slot);
}

/* Waits for COUNT results, each up to MS (negative: for ever). */
static void
await_results(unsigned count, int ms)
{
	struct orion_io *done;

	while (count > 0 && orion_queue_in_flight(probe.queue) > 0) {
		if (orion_queue_wait(probe.queue, &done, 1, ms < 0 ? -1 : ms * INT64_C(1000000))) {
			print_result(done->user);
			count--;
		} else if (ms >= 0) {
			printf("wait: none\n");
			return;
		}
	}
}

static struct slot *
free_slot(void)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		if (!probe.slots[i].used)
			return &probe.slots[i];
	}
	abort();                /* more than any case needs */
}

static void
take_buffer(struct slot *slot, char **words)
{
	struct orion_io *io = &slot->io;

	io->offset = strtoull(words[1], NULL, 0);
	slot->bytes = strtoull(words[2], NULL, 0);
	slot->seed = strtoull(words[3], NULL, 0);
	slot->data = take_memory(slot, slot->bytes);
	memset(slot->data, 0xee, slot->bytes);
	if (io->operation == ORION_WRITE)
		pattern_write(slot->data, slot->bytes, slot->seed, io->offset);
	io->buffer = slot->data;
	io->bytes = (uint32_t)slot->bytes;
	if (probe.parts != 0)
		cut(slot);
}

static void
request(char **words, const char *line)
{
	bool only_submit = line[0] == '+';
	const char *verb = words[0] + only_submit;
	struct slot *slot = free_slot();
	struct orion_io *io = &slot->io;

	*slot = (struct slot){.used = true, .verify = verb[0] == 'v', .zeros = verb[0] == 'z'};
	snprintf(slot->line, sizeof(slot->line), "%s", line + only_submit);
	io->operation = verb[0] == 'f' ? ORION_FLUSH : verb[0] == 'w' ? ORION_WRITE : ORION_READ;
	io->user = slot;
	if (io->operation != ORION_FLUSH)
		take_buffer(slot, words);
	if (verb[0] == 'o') {
		io->operation = (uint8_t)io->offset;
		io->offset = 0;
	}
	if (orion_queue_submit(probe.queue, &io, 1) != 1) {
		printf("%s: refused %s\n", slot->line, name_of(orion_queue_refusal(probe.queue)));
		give_back(slot);
		return;
	}
	orion_queue_kick(probe.queue);
	await_results(!only_submit, -1);
}

static void
synchronous(char **words, const char *line)
{
	uint64_t offset = strtoull(words[1], NULL, 0), seed = strtoull(words[3], NULL, 0);
	size_t bytes = strtoull(words[2], NULL, 0);
	unsigned char *data = malloc(bytes + 1);
	int result;

	if (strcmp(words[0], "sync-flush") == 0) {
		result = orion_queue_flush(probe.queue);
	} else if (strcmp(words[0], "sync-write") == 0) {
		pattern_write(data, bytes, seed, offset);
		result = orion_queue_write(probe.queue, data, bytes, offset);
	} else {
		result = orion_queue_read(probe.queue, data, bytes, offset);
		if (result == 0 && strcmp(words[0], "sync-verify") == 0)
			result = pattern_differs(data, bytes, seed, offset) < bytes;
	}
	say(line, result);
	free(data);
}

static void
identify(char **words, const char *line)
{
	char id[ORION_ID_BYTES + 1] = "";
	int result = orion_queue_identify(probe.queue, id);

	(void)words;
	printf("%s: %s %s\n", line, name_of(result), id);
}

static void
wait_words(char **words, const char *line)
{
	int count = atoi(words[1]), ms = atoi(words[2]);

	(void)line;
	await_results(count != 0 ? (unsigned)count : UINT32_MAX, ms != 0 ? ms : -1);
}

/* ---- disks ---- */

static int
open_disk(const char *url, struct orion_disk **disk, struct orion_error *error)
{
	struct orion_disk_options options;

	orion_disk_options_init(&options);
	options.event = on_event;
	return orion_disk_open(url, &options, disk, error);
}

static void
open_words(char **words, const char *line)
{
	struct orion_error error = {""};
	int result = open_disk(words[1], &probe.disk[probe.current], &error);

	(void)line;
	printf("open: %s %s\n", name_of(result), error.text);
	probe.queue = result == 0 ? orion_disk_queue(probe.disk[probe.current], 0) : NULL;
}

static void
close_words(char **words, const char *line)
{
	(void)words;
	orion_disk_close(probe.disk[probe.current]);
	probe.disk[probe.current] = NULL;
	probe.queue = NULL;
	probe.area = NULL;
	for (unsigned i = 0; i < SLOTS; i++) {
		if (probe.slots[i].used)
			give_back(&probe.slots[i]);
	}
	say(line, 0);
}

static void
disk_words(char **words, const char *line)
{
	(void)line;
	probe.current = (unsigned)atoi(words[1]) % DISKS;
	probe.queue = probe.disk[probe.current] != NULL
			      ? orion_disk_queue(probe.disk[probe.current], 0)
			      : NULL;
}

static void
queue_words(char **words, const char *line)
{
	struct orion_queue *queue =
		orion_disk_queue(probe.disk[probe.current], (unsigned)atoi(words[1]));

	if (queue != NULL)
		probe.queue = queue;
	say(line, queue != NULL ? 0 : -ENOENT);
}

static int
count_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count - 3;       /* ".", "..", and the folder itself */
}

static void
cycle_words(char **words, const char *line)
{
	int result = 0;

	for (int i = atoi(words[1]); i > 0 && result == 0; i--) {
		struct orion_disk *disk;
		char data[512];

		result = open_disk(words[2], &disk, NULL);
		if (result == 0)
			result = orion_queue_read(orion_disk_queue(disk, 0), data, 512, 0);
		orion_disk_close(disk);
	}
	(void)line;
	say("cycle", result);
}

/* ---- memory ---- */

static void
heap_words(char **words, const char *line)
{
	(void)line;
	if (strcmp(words[0], "vector") == 0)
		probe.parts = (unsigned)atoi(words[1]);
	else if (strcmp(words[0], "shift") == 0)
		probe.shift = (unsigned)atoi(words[1]);
	else
		probe.area = NULL;
}

static void
area_words(char **words, const char *line)
{
	size_t bytes = strtoull(words[1], NULL, 0);

	if (words[0][0] == 'u') {
		int result = unregister(probe.disk[probe.current], probe.area, probe.area_bytes);

		say(line, result);
		probe.area = result == 0 ? NULL : probe.area;
		return;
	}
	probe.area_bytes = bytes;
	probe.area_used = 0;
	if (strcmp(words[0], "alloc") == 0) {
		probe.area = orion_disk_alloc(probe.disk[probe.current], bytes);
		say(line, probe.area != NULL ? 0 : -errno);
		return;
	}
	probe.area = register_fresh(probe.disk[probe.current], bytes);
	say(line, probe.area != NULL ? 0 : -errno);
}

/* ---- what is asked for ---- */

static void
info_words(char **words, const char *line)
{
	struct orion_disk_info info;

	(void)words;
	orion_disk_info(probe.disk[probe.current], &info);
	printf("%s: bytes=%llu block=%u physical=%u queues=%u depth=%u read-only=%d flush=%d "
	       "connected=%d connections=%u in-flight=%u\n",
	       line, (unsigned long long)info.bytes, info.block_bytes, info.physical_block_bytes,
	       info.queues, info.depth, info.read_only, info.flush, info.connected,
	       info.connections, probe.queue != NULL ? orion_queue_in_flight(probe.queue) : 0);
}

static void
stats_words(char **words, const char *line)
{
	struct orion_queue_counters counters;
	struct vblk_queue_stats stats;

	(void)words;
	orion_queue_stats(probe.queue, &stats, &counters);
	printf("%s: bounced=%llu replayed=%llu stale=%llu late=%llu\n", line,
	       (unsigned long long)counters.bounced, (unsigned long long)counters.replayed,
	       (unsigned long long)counters.stale_flushes, (unsigned long long)counters.late);
}

static void
tell_words(char **words, const char *line)
{
	if (strcmp(words[0], "fds") == 0)
		printf("%s: %d\n", line, count_fds());
	else if (strcmp(words[0], "text") == 0)
		printf("%s: %s\n", line, orion_disk_text(probe.disk[probe.current]));
	else
		usleep((useconds_t)atoi(words[1]) * 1000);
}

static void
events_words(char **words, const char *line)
{
	(void)words;
	pthread_mutex_lock(&event_lock);
	for (unsigned i = 0; i < event_count; i++)
		printf("event: %s\n", events[i]);
	printf("%s: %u\n", line, event_count);
	event_count = 0;
	pthread_mutex_unlock(&event_lock);
}

/* ---- processes, signals, threads ---- */

/* The child may only close: every other call says so. */
static void
in_child(void)
{
	static unsigned char data[4096];
	struct orion_io io = {.buffer = data, .bytes = sizeof(data), .operation = ORION_WRITE};
	struct orion_io *one = &io;

	say("child submit",
	    orion_queue_submit(probe.queue, &one, 1) == 0 ? orion_queue_refusal(probe.queue) : 0);
	say("child read", orion_queue_read(probe.queue, data, sizeof(data), 0));
	say("child flush", orion_queue_flush(probe.queue));
	orion_disk_close(probe.disk[probe.current]);
	say("child close", 0);
	fflush(stdout);
	_Exit(0);
}

static void
fork_words(char **words, const char *line)
{
	pid_t child = (fflush(stdout), fork());
	int status = 0;

	if (child == 0 && strcmp(line, "fork-stay") != 0 && words[1][0] == '0')
		in_child();
	while (child == 0)      /* it lives until the whole group is killed */
		pause();
	if (strcmp(line, "fork-stay") != 0 && words[1][0] == '0')
		waitpid(child, &status, 0);
	printf("%s: %d\n", line, status);
}

static void
on_alarm(int number)
{
	(void)number;
}

static void
interrupt_words(char **words, const char *line)
{
	struct sigaction action = {.sa_handler = on_alarm};
	suseconds_t us = atoi(words[1]) * 1000;
	struct itimerval timer = {{0, us}, {0, us}};

	(void)line;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void
threads_words(char **words, const char *line)
{
	bool shuffle = words[0][0] == 's';

	say(line, run_lanes(probe.disk[probe.current], atoi(words[1]), shuffle));
}

/* ---- words ---- */

static const struct verb {
	const char *names;      /* with a blank on both sides of each */
	void (*act)(char **words, const char *line);
} verbs[] = {
	{" read +read write +write verify +verify flush +flush zeros operation ", request},
	{" sync-read sync-verify sync-write sync-flush ", synchronous},
	{" heap vector shift ", heap_words},
	{" alloc register unregister ", area_words},
	{" text fds sleep ", tell_words},
	{" wait ", wait_words},
	{" open ", open_words},
	{" close ", close_words},
	{" disk ", disk_words},
	{" queue ", queue_words},
	{" identify ", identify},
	{" info ", info_words},
	{" stats ", stats_words},
	{" events ", events_words},
	{" fork fork-stay ", fork_words},
	{" interrupt ", interrupt_words},
	{" threads shuffle ", threads_words},
	{" cycle ", cycle_words},
};

static void
act(char *line)
{
	char zero[] = "0", copy[1024], padded[64], *rest;
	char *words[WORDS] = {zero, zero, zero, zero, zero, zero};
	int count = 0;

	line[strcspn(line, "\n")] = '\0';
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &rest); word != NULL && count < WORDS;
	     word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	snprintf(padded, sizeof(padded), " %.60s ", words[0]);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strstr(verbs[i].names, padded) != NULL) {
			verbs[i].act(words, line);
			return;
		}
	}
	printf("%s: is no line that the probe knows\n", line);
}

int
main(void)
{
	static char line[1024];

	setlinebuf(stdout);
	for (errno = 0; fgets(line, sizeof(line), stdin) != NULL || errno == EINTR; errno = 0) {
		if (!ferror(stdin))
			act(line);
		clearerr(stdin);
	}
	for (probe.current = 0; probe.current < DISKS; probe.current++)
		orion_disk_close(probe.disk[probe.current]);
	return 0;
}
