/* SPDX-License-Identifier: MIT */
/*
 * A random load that remembers what a disk owes it, and the judge of what is there in the end.
 *
 *   linux-journal load URL JOURNAL QUEUES DEPTH SEED [flush]
 *       Writes and reads at random places until standard input ends, a thread for each queue,
 *       each in its own part of the disk.  Appends to the file JOURNAL, outside of the disk, a
 *       record before each write is submitted and one after it was acknowledged.  Reads are judged
 *       at once.  Fails when any request does.  With "flush" it flushes, too, and a flush may say
 *       ESTALE; the disk may have lost what was not flushed then.
 *   linux-journal check IMAGE JOURNAL [flush]
 *       Judges the image itself, without the driver, and prints each sector that is wrong.
 *
 * Every sector that is written says which sector and which write it is of, under a CRC.  A sector
 * may hold what write W put there unless another write of it was submitted after W's
 * acknowledgement and is acknowledged too: then it is lost or stale.  With "flush" only such other
 * writes count that a flush covers: acknowledged before it began, and after the last ESTALE of its
 * queue.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orion/disk.h"

#define SECTOR 512u
#define SECTORS_MAX 16u         /* of one request */
#define DEPTH_MAX 256u
#define MAGIC 0x4c4e524a454e4f52u

/* ---- a sector's contents ---- */

struct sector {
	uint64_t magic, place, write;   /* which sector it is, and of which write */
	uint64_t fill[60];
	uint32_t unused, crc;
};
_Static_assert(sizeof(struct sector) == SECTOR, "sector");

static uint32_t crc_table[256];

static void
crc_prepare(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
		crc_table[i] = crc;
	}
}

static uint32_t
crc_of(const struct sector *sector)
{
	const unsigned char *bytes = (const unsigned char *)sector;
	uint32_t crc = ~0u;

	for (size_t i = 0; i < SECTOR - sizeof(crc); i++)
		crc = crc >> 8 ^ crc_table[(crc ^ bytes[i]) & 255];
	return ~crc;
}

static void
sector_make(struct sector *sector, uint64_t place, uint64_t write)
{
	uint64_t x = place * UINT64_C(0x9E3779B97F4A7C15) ^ write;

	*sector = (struct sector){.magic = MAGIC, .place = place, .write = write};
	for (size_t i = 0; i < sizeof(sector->fill) / sizeof(sector->fill[0]); i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		sector->fill[i] = x;
	}
	sector->crc = crc_of(sector);
}

static bool
sector_blank(const struct sector *sector)
{
	static const struct sector zero;

	return memcmp(sector, &zero, SECTOR) == 0;
}

/* What is wrong with SECTOR by itself; NULL: nothing. */
static const char *
sector_wrong(const struct sector *sector, uint64_t place)
{
	if (sector->magic != MAGIC)
		return "foreign: nobody wrote this";
	if (sector->crc != crc_of(sector))
		return "torn or corrupt: the CRC is wrong";
	return sector->place != place ? "misdirected: it belongs to another place" : NULL;
}

/* ---- the journal ---- */

enum kind {
	SUBMITTED = 1,
	ACKNOWLEDGED,
	FLUSHING,
	FLUSHED,
	STALE
};

struct record {
	uint16_t kind, lane;
	uint32_t sectors;
	uint64_t place, write;          /* write: counted from 1, over all queues */
};

static int journal = -1;

static void
append(const struct record *records, unsigned count)
{
	ssize_t bytes = (ssize_t)(count * sizeof(*records));

	if (count != 0 && write(journal, records, (size_t)bytes) != bytes) {
		perror("the journal");
		exit(2);
	}
}

/* ---- the load ---- */

struct request {
	struct orion_io io;
	struct request *next;
	struct sector *data;
	uint64_t place, write;          /* write: 0 for a read */
	uint32_t sectors;
};

struct lane {
	pthread_t thread;
	struct orion_queue *queue;
	uint64_t first, sectors;        /* its part of the disk */
	uint64_t random;
	uint16_t *writing, *reading;    /* per sector: requests in flight */
	uint64_t *settled;              /* per sector: no older write may be there when idle */
	struct request requests[DEPTH_MAX], *idle;
	struct record records[DEPTH_MAX];
	uint64_t writes, reads, stale, errors;
	unsigned depth;
	uint16_t index;
	bool flushing;
};

static uint64_t next_write;
static bool stop, with_flushes;

static bool
stopped(void)
{
	return __atomic_load_n(&stop, __ATOMIC_ACQUIRE);
}

static uint64_t
dice(struct lane *lane, uint64_t sides)
{
	lane->random ^= lane->random << 13;
	lane->random ^= lane->random >> 7;
	lane->random ^= lane->random << 17;
	return (lane->random >> 11) % sides;
}

/* Reads and writes of one sector don't mix, so that a read has one answer; writes may overlap. */
static bool
in_the_way(const struct lane *lane, const struct request *request, bool is_write)
{
	for (uint64_t i = request->place; i < request->place + request->sectors; i++) {
		if (is_write ? lane->reading[i - lane->first] : lane->writing[i - lane->first])
			return true;
	}
	return false;
}

static void
fill_write(struct lane *lane, struct request *request)
{
	request->write = __atomic_add_fetch(&next_write, 1, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < request->sectors; i++) {
		uint64_t at = request->place + i - lane->first;

		sector_make(&request->data[i], request->place + i, request->write);
		if (lane->writing[at]++ == 0)
			lane->settled[at] = request->write;
	}
}

/* Makes REQUEST something at random; false when what came up has to wait for others. */
static bool
think_up(struct lane *lane, struct request *request)
{
	bool is_write = dice(lane, 4) != 0;

	if (with_flushes && !lane->flushing && dice(lane, 64) == 0) {
		lane->flushing = true;
		request->sectors = 0;
		request->write = 0;
		request->io = (struct orion_io){.operation = ORION_FLUSH, .user = request};
		return true;
	}
	request->sectors = 1 + (uint32_t)dice(lane, SECTORS_MAX);
	request->place = lane->first + dice(lane, lane->sectors - request->sectors);
	if (in_the_way(lane, request, is_write))
		return false;
	request->write = 0;
	if (is_write)
		fill_write(lane, request);
	for (uint32_t i = 0; !is_write && i < request->sectors; i++)
		lane->reading[request->place + i - lane->first]++;
	if (!is_write)
		memset(request->data, 0xee, request->sectors * SECTOR);
	request->io = (struct orion_io){.operation = is_write ? ORION_WRITE : ORION_READ,
					.offset = request->place * SECTOR,
					.buffer = request->data,
					.bytes = request->sectors * SECTOR,
					.user = request};
	return true;
}

static void
complain(struct lane *lane, uint64_t place, const char *what)
{
	fprintf(stderr, "sector %llu: %s\n", (unsigned long long)place, what);
	lane->errors++;
}

static void
judge_read(struct lane *lane, const struct request *request)
{
	for (uint32_t i = 0; i < request->sectors; i++) {
		const struct sector *sector = &request->data[i];
		uint64_t settled = lane->settled[request->place + i - lane->first];
		const char *wrong = NULL;

		if (with_flushes)       /* writes may be lost */
			settled = 0;
		if (!sector_blank(sector))
			wrong = sector_wrong(sector, request->place + i);
		else if (settled != 0)
			wrong = "read: a write is lost";
		if (wrong == NULL && sector->write < settled)
			wrong = "read: an older write came back";
		if (wrong != NULL)
			complain(lane, request->place + i, wrong);
	}
}

static struct record
record_of(const struct lane *lane, const struct request *request, enum kind kind)
{
	return (struct record){(uint16_t)kind, lane->index, request->sectors, request->place,
			       request->write};
}

static void
finish_flush(struct lane *lane, struct request *request, unsigned *records)
{
	bool is_stale = request->io.result == -ESTALE;

	if (request->io.result == 0 || is_stale)
		lane->records[(*records)++] = record_of(lane, request, is_stale ? STALE : FLUSHED);
	else
		complain(lane, 0, strerror(-request->io.result));
	lane->stale += is_stale;
	lane->flushing = false;
}

static void
finish(struct lane *lane, struct request *request, unsigned *records)
{
	bool is_write = request->io.operation == ORION_WRITE;
	bool is_read = request->io.operation == ORION_READ;

	if (!is_write && !is_read)
		finish_flush(lane, request, records);
	else if (request->io.result != 0)
		complain(lane, request->place, strerror(-request->io.result));
	else if (is_read)
		judge_read(lane, request);
	else
		lane->records[(*records)++] = record_of(lane, request, ACKNOWLEDGED);
	for (uint32_t i = 0; i < request->sectors; i++)
		(is_write ? lane->writing : lane->reading)[request->place + i - lane->first]--;
	lane->writes += is_write;
	lane->reads += is_read;
	request->next = lane->idle;
	lane->idle = request;
}

static void
submit(struct lane *lane)
{
	struct orion_io *batch[DEPTH_MAX];
	unsigned count = 0, records = 0;

	while (lane->idle != NULL && think_up(lane, lane->idle)) {
		const struct request *request = lane->idle;

		if (request->io.operation != ORION_READ)
			lane->records[records++] = record_of(
				lane, request,
				request->io.operation == ORION_WRITE ? SUBMITTED : FLUSHING);
		batch[count++] = &lane->idle->io;
		lane->idle = request->next;
	}
	append(lane->records, records);
	if (orion_queue_submit(lane->queue, batch, count) != count) {
		fprintf(stderr, "refused: %s\n", strerror(-orion_queue_refusal(lane->queue)));
		exit(2);
	}
	orion_queue_kick(lane->queue);
}

static void *
run_lane(void *argument)
{
	struct lane *lane = argument;
	struct orion_io *done[DEPTH_MAX];

	do {
		unsigned count, records = 0;

		if (!stopped())
			submit(lane);
		count = orion_queue_wait(lane->queue, done, DEPTH_MAX, -1);
		for (unsigned i = 0; i < count; i++)
			finish(lane, done[i]->user, &records);
		append(lane->records, records);
	} while (orion_queue_in_flight(lane->queue) != 0 || !stopped());
	return NULL;
}

static void
prepare_lane(struct lane *lane, struct orion_disk *disk, unsigned index, unsigned queues,
	     uint64_t seed)
{
	struct orion_disk_info info;
	unsigned char *memory;

	orion_disk_info(disk, &info);
	lane->index = (uint16_t)index;
	lane->queue = orion_disk_queue(disk, index);
	lane->sectors = info.bytes / SECTOR / queues;
	lane->first = lane->sectors * index;
	lane->random = seed * UINT64_C(0x9E3779B97F4A7C15) + index + 1;
	lane->writing = calloc(lane->sectors, sizeof(*lane->writing));
	lane->reading = calloc(lane->sectors, sizeof(*lane->reading));
	lane->settled = calloc(lane->sectors, sizeof(*lane->settled));
	/* Every other request goes through a bounce copy. */
	memory = orion_disk_alloc(disk, DEPTH_MAX * SECTORS_MAX * SECTOR);
	for (unsigned i = 0; i < lane->depth; i++) {
		void *data = memory == NULL || i % 2 ? malloc(SECTORS_MAX * SECTOR)
						     : memory + i * SECTORS_MAX * SECTOR;

		lane->requests[i].data = data;
		lane->requests[i].next = lane->idle;
		lane->idle = &lane->requests[i];
	}
}

static int
report(struct orion_disk *disk, const struct lane *lanes, unsigned queues)
{
	struct orion_queue_counters counters;
	struct vblk_queue_stats stats;
	struct orion_disk_info info;
	uint64_t writes = 0, reads = 0, stale = 0, errors = 0, replayed = 0;

	for (unsigned i = 0; i < queues; i++) {
		orion_queue_stats(lanes[i].queue, &stats, &counters);
		writes += lanes[i].writes;
		reads += lanes[i].reads;
		stale += lanes[i].stale;
		errors += lanes[i].errors;
		replayed += counters.replayed;
	}
	orion_disk_info(disk, &info);
	printf("writes=%llu reads=%llu stale=%llu errors=%llu replayed=%llu connections=%u\n",
	       (unsigned long long)writes, (unsigned long long)reads, (unsigned long long)stale,
	       (unsigned long long)errors, (unsigned long long)replayed, info.connections);
	return errors != 0;
}

static int
load(char **words)
{
	static struct lane lanes[ORION_DISK_QUEUES_MAX];
	unsigned queues = (unsigned)atoi(words[2]);
	struct pollfd input = {STDIN_FILENO, POLLIN, 0};
	struct orion_disk *disk;
	struct orion_error error;
	int result = orion_disk_open(words[0], NULL, &disk, &error);

	if (result != 0) {
		fprintf(stderr, "%s\n", error.text);
		return 2;
	}
	journal = open(words[1], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	for (unsigned i = 0; i < queues; i++) {
		lanes[i].depth = (unsigned)atoi(words[3]);
		prepare_lane(&lanes[i], disk, i, queues, strtoull(words[4], NULL, 0));
		pthread_create(&lanes[i].thread, NULL, run_lane, &lanes[i]);
	}
	poll(&input, 1, -1);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	for (unsigned i = 0; i < queues; i++)
		pthread_join(lanes[i].thread, NULL);
	result = report(disk, lanes, queues);
	orion_disk_close(disk);
	return result != 0;
}

/* ---- the judge ---- */

/* What the journal says of a write: where in the journal, counted from 1. */
struct history {
	uint64_t acknowledged;          /* 0: it was not */
	uint64_t place;
	uint32_t sectors;
	uint64_t submitted;
	bool owed;                      /* it, or what came later, must be there */
};

static void *
load_file(const char *path, size_t *bytes)
{
	int fd = open(path, O_RDONLY);
	struct stat status;
	char *data;
	size_t got = 0;

	if (fd < 0 || fstat(fd, &status) != 0) {
		perror(path);
		exit(2);
	}
	*bytes = (size_t)status.st_size;
	data = malloc(*bytes + 1);
	while (got < *bytes) {
		ssize_t done = read(fd, data + got, *bytes - got);

		if (done <= 0)
			break;
		got += (size_t)done;
	}
	close(fd);
	return data;
}

/* Whether a flush covers what was acknowledged at each place of the journal. */
static bool *
covered_places(const struct record *records, uint64_t count)
{
	uint64_t begun[ORION_DISK_QUEUES_MAX] = {0}, told[ORION_DISK_QUEUES_MAX] = {0};
	int64_t *change = calloc(count + 1, sizeof(*change)), flushes = 0;
	bool *covered = calloc(count + 1, sizeof(*covered));

	for (uint64_t i = 0; i < count; i++) {
		uint16_t lane = records[i].lane % ORION_DISK_QUEUES_MAX;

		if (records[i].kind == FLUSHING)
			begun[lane] = i;
		if (records[i].kind == STALE)
			told[lane] = i;
		if (records[i].kind == FLUSHED) {
			change[told[lane]]++;
			change[begun[lane]]--;
		}
	}
	for (uint64_t i = 0; i < count; i++) {
		flushes += change[i];
		covered[i] = flushes > 0;
	}
	free(change);
	return covered;
}

static struct history *
learn(const struct record *records, uint64_t count, uint64_t *writes)
{
	struct history *history;
	bool *covered = covered_places(records, count);

	*writes = 0;
	for (uint64_t i = 0; i < count; i++)
		*writes = records[i].write > *writes ? records[i].write : *writes;
	history = calloc(*writes + 1, sizeof(*history));
	for (uint64_t i = 0; i < count; i++) {
		struct history *one = &history[records[i].write];

		one->place = records[i].place;
		one->sectors = records[i].sectors;
		if (records[i].kind == SUBMITTED)
			one->submitted = i + 1;
		if (records[i].kind == ACKNOWLEDGED) {
			one->acknowledged = i + 1;
			one->owed = !with_flushes || covered[i];
		}
	}
	free(covered);
	return history;
}

/* For each sector: when the last of the writes that it owes was submitted; 0: there is none. */
static uint64_t *
last_submitted(const struct history *history, uint64_t writes, uint64_t sectors)
{
	uint64_t *last = calloc(sectors, sizeof(*last));

	for (uint64_t write = 1; write <= writes; write++) {
		const struct history *one = &history[write];

		for (uint64_t i = one->place; one->owed && i < one->place + one->sectors; i++)
			last[i] = one->submitted > last[i] ? one->submitted : last[i];
	}
	return last;
}

static const char *
judge(const struct sector *sector, uint64_t place, const struct history *history, uint64_t writes,
      uint64_t last)
{
	const struct history *one;
	const char *wrong;

	if (sector_blank(sector))
		return last != 0 ? "lost: an acknowledged write is not there" : NULL;
	wrong = sector_wrong(sector, place);
	if (wrong != NULL)
		return wrong;
	if (sector->write == 0 || sector->write > writes)
		return "foreign: no such write was submitted";
	one = &history[sector->write];
	if (one->submitted == 0 || place < one->place || place >= one->place + one->sectors)
		return "foreign: that write did not go here";
	if (one->acknowledged != 0 && one->acknowledged < last)
		return "stale: a later acknowledged write is not there";
	return NULL;
}

static int
check(char **words)
{
	size_t image_bytes, journal_bytes;
	struct sector *image = load_file(words[0], &image_bytes);
	struct record *records = load_file(words[1], &journal_bytes);
	uint64_t sectors = image_bytes / SECTOR, writes, owed = 0, wrong_count = 0;
	struct history *history = learn(records, journal_bytes / sizeof(*records), &writes);
	uint64_t *last = last_submitted(history, writes, sectors);

	for (uint64_t i = 0; i < sectors; i++) {
		const char *wrong = judge(&image[i], i, history, writes, last[i]);

		owed += last[i] != 0;
		if (wrong == NULL)
			continue;
		if (wrong_count++ < 10)
			printf("sector %llu: %s\n", (unsigned long long)i, wrong);
	}
	printf("writes=%llu sectors=%llu wrong=%llu\n", (unsigned long long)writes,
	       (unsigned long long)owed, (unsigned long long)wrong_count);
	free(image);
	free(records);
	free(history);
	free(last);
	return wrong_count != 0;
}

int
main(int count, char **words)
{
	crc_prepare();
	if (count > 4 && strcmp(words[count - 1], "flush") == 0) {
		with_flushes = true;
		count--;
	}
	if (count == 4 && strcmp(words[1], "check") == 0)
		return check(words + 2);
	if (count == 7 && strcmp(words[1], "load") == 0)
		return load(words + 2);
	fprintf(stderr, "usage: linux-journal load URL JOURNAL QUEUES DEPTH SEED [flush]\n"
			"       linux-journal check IMAGE JOURNAL [flush]\n");
	return 2;
}
