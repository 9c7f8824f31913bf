/* SPDX-License-Identifier: MIT */
/*
 * disk bench and vblk bench: one measurement for both homes.
 *
 * What is asked for are the words of struct bench_work.  bench_lane.c keeps requests in flight on
 * each lane; bench_report.c fits the work to the disk and says what came of it.  What differs from
 * home to home stands in one table, struct bench_home: commands/bench.c has Orion's,
 * cmd/vblk/bench.c that of Linux.  A home calls bench_settle(), bench_fit(); bench_lane_init() for
 * each lane; bench_count() for each queue, with -1; bench_lane_run() on all lanes at once;
 * bench_count() with 1; bench_add_up(); bench_report().
 */
#ifndef COMMANDS_BENCH_H
#define COMMANDS_BENCH_H

#include "orion/io.h"
#include "orion/vblk.h"

#include "commands/latency.h"

#define BENCH_BATCH 64u
#define BENCH_UNKNOWN UINT64_MAX

/* Words with a value: name, kind, member of struct bench_work, what help shows, least, most. */
#define BENCH_VALUES(ROW)                                                                  \
	ROW("bs", SIZE, bytes, "4k", 512, 16u << 20, "bytes of a request")                 \
	ROW("depth", NUMBER, depth, "32", 1, 1024, "requests in flight on each queue")     \
	ROW("queues", NUMBER, queues, "Q", 1, VBLK_QUEUES_MAX, "queues, each with a lane") \
	ROW("time", SECONDS, time_ns, "5s", 1000000, UINT64_C(86400000000000), "how long") \
	ROW("count", NUMBER, count, "N", 1, UINT64_MAX / 1000, "N requests instead")       \
	ROW("reads", NUMBER, reads, "50", 0, 100, "per cent of reads, with rw")            \
	ROW("seed", NUMBER, seed, "1", 0, UINT64_MAX, "of the random offsets and data")

#define BENCH_MODES "randread, randwrite, read, write or rw"

/* What is to be done; bench_work_init() has the defaults. */
struct bench_work {
	const char *mode;               /* one of BENCH_MODES */
	bool random;
	bool destroy;                   /* what is on the disk may be lost */
	bool poll;                      /* never sleep */
	bool settled;                   /* a queue is reset when nothing is in flight */
	uint64_t bytes;                 /* of a request; 0: to be chosen */
	uint64_t depth, queues, seed;   /* queues 0: the home chooses */
	uint64_t time_ns, count;        /* how long; with count, so many requests instead */
	uint64_t reads;                 /* per cent of the requests that read */
	uint64_t resets;                /* of each queue; they want a count */
};

struct bench;
struct bench_lane;

/* What a home does for a lane; errors are as it names them, 0 is none.  Context: the lane. */
struct bench_home {
	/*
	 * Hands over up to COUNT requests and tells the device.  Returns how many were taken; *WHY
	 * stays 0 when the others may be tried again.
	 */
	unsigned (*submit)(struct bench_lane *lane, struct orion_io *const *ios, unsigned count,
			   int *why);
	/*
	 * Up to MAX completed requests.  Without any it may wait for a moment, and is to when the
	 * lane is IDLE.  -1: there is no sense in waiting on; bench_failed() was told why.
	 */
	int (*reap)(struct bench_lane *lane, struct orion_io **done, unsigned max, bool idle);
	uint64_t (*now_ns)(const struct bench *bench);
	/* IO failed, or was given up with the device.  May end the run. */
	void (*failed)(struct bench_lane *lane, const struct orion_io *io);
	/* Called again and again: for progress, Ctrl-C, bench_look().  Optional. */
	void (*look)(struct bench_lane *lane);
	/*
	 * Resets the lane's queue; what was in flight comes into BACK, COUNT of them.  One lane at
	 * a time: the others pause() meanwhile.  Both optional: without work->resets.
	 */
	int (*reset)(struct bench_lane *lane, struct orion_io **back, unsigned *count);
	void (*pause)(struct bench_lane *lane, uint64_t ns);
	int late;                       /* its name for a wait that took too long */
};

struct bench_slot {
	struct orion_io io;
	uint64_t start_ns;              /* when it was first submitted */
	bool flying;
};

/* One lane's own, the first member of the home's; only its lane touches it while it runs. */
struct bench_lane {
	_Alignas(64) struct bench *bench;
	unsigned index;
	uint64_t quota, aimed;          /* requests to make, and made */
	uint64_t completed, failed, resets, given_back;
	uint64_t first, end, next;      /* sequential: the lane's part of the disk, in units */
	uint64_t random;                /* state of pattern_draw() */
	uint64_t start_ns, end_ns;
	int error;                      /* why it ended early, or the first failed request's */
	struct bench_slot *slots;       /* DEPTH of them: free, ready, or in flight */
	struct bench_slot **free;
	struct orion_io **ready;        /* aimed, or given back by a reset; to be submitted */
	unsigned free_count, ready_count;
	struct latency latency;         /* of what succeeded */
};

struct bench_counts {
	uint64_t kicks, submitted, submit_batches, reaped, reap_batches;
	uint64_t sleeps, replayed;
	uint64_t interrupts;            /* BENCH_UNKNOWN: nobody counts them */
};

/* Why the run is to end. */
enum bench_stop {
	BENCH_GOES_ON,
	BENCH_TIME_OVER,
	BENCH_EARLY,                    /* something failed, or a person wants it */
};

struct bench {
	struct bench_work work;
	const struct bench_home *home;
	const char *disk;               /* what reports call it */
	uint64_t units;                 /* requests' bytes on the disk */
	struct bench_lane *lanes[VBLK_QUEUES_MAX];
	uint32_t stop;                  /* enum bench_stop: atomic */
	uint32_t setup;                 /* a lane resets its queue: atomic */
	bool interrupted;

	/* What came of it. */
	struct bench_counts counts;
	uint64_t completed, failed, resets, given_back;
	uint64_t elapsed_ns;
	uint64_t cpu_ns;                /* BENCH_UNKNOWN: not known */
	int error;                      /* the first */
};

/* ---- what is asked for ---- */

void bench_work_init(struct bench_work *work);

/* False: WORD is none of BENCH_MODES. */
bool bench_mode(struct bench_work *work, const char *word);

/* Once all words are read: what follows from them.  Whether the work writes is known then. */
void bench_settle(struct bench_work *work);

static inline bool
bench_writes(const struct bench_work *work)
{
	return work->reads < 100;
}

/*
 * Chooses a size if none was given, and holds the work to a disk of BYTES in blocks of BLOCK.
 * Gives ORION_OK, or a status with the reason in WORDS.
 */
orion_status bench_fit(struct bench *bench, uint64_t bytes, uint64_t block, char words[160]);

/* ---- lanes ---- */

/* Private memory of a lane besides its struct. */
size_t bench_lane_bytes(const struct bench *bench);

/*
 * Makes LANE, which is zeroed, lane INDEX of BENCH.  MEMORY is zeroed, of bench_lane_bytes() and
 * aligned to 8; request i's data lie i * STRIDE bytes behind BUFFERS.  STRIDE is the size of a
 * request, or 0: one buffer for all, which are copied.
 */
void bench_lane_init(struct bench_lane *lane, struct bench *bench, unsigned index, void *memory,
		     unsigned char *buffers, size_t stride);

/* The run of lane INDEX of ARGUMENT, a struct bench, as command_context.run_on_lanes() has it. */
void bench_lane_run(void *argument, unsigned index);

/* Takes back what a stopped device gives up: none of it is done.  To be called from the lane. */
void bench_lane_drain(void *argument, unsigned index);

/* Tells the home of each request that is in flight and will not come back; returns how many. */
unsigned bench_lane_abandon(struct bench_lane *lane);

/* Requests of LANE that the device holds. */
unsigned bench_lane_in_flight(const struct bench_lane *lane);

/* LANE's first error is the run's; the run ends early if ENDS. */
void bench_failed(struct bench_lane *lane, int error, bool ends);

/* From any thread, a few times a second: ends the run when its time is over, or it is to end. */
void bench_look(struct bench *bench, uint64_t since_ns, bool interrupted);

static inline enum bench_stop
bench_stops(const struct bench *bench)
{
	return (enum bench_stop)__atomic_load_n(&bench->stop, __ATOMIC_RELAXED);
}

/* ---- what came of it ---- */

/* A queue's counters, SIGN (1 or -1) times. */
void bench_count(struct bench *bench, const struct vblk_queue_stats *stats,
		 const struct orion_queue_counters *counters, int sign);

/* The lanes' results; the latencies of all are then lane 0's. */
void bench_add_up(struct bench *bench);

/* The members of a report that is open. */
void bench_report(struct report *report, const struct bench *bench);

#endif
