/* SPDX-License-Identifier: MIT */
/*
 * The Orion Storage Framework: disks by name, handles with rights, synchronous I/O on any buffer.
 *
 * Lanes.  A queue has one owner at a time.  The framework's word for an owner is a lane: lane n
 * uses queue n of every disk.  On Orion lane n is CPU n's worker; a Linux program has a lane a
 * thread.  A caller names its own lane in each call, and two callers never use one lane at the same
 * time.
 *
 * Rights.  A handle carries the rights it was opened with; each operation checks them, refusals are
 * counted and give ORION_DENIED.
 *
 * Patience.  A slow device is no broken device: a call waits on, kicks again now and then, and
 * tells the host when nothing has come for STORAGE_TELL_NS.  It gives up when the host wants it to,
 * or after STORAGE_PATIENCE_NS without an answer: ORION_TIMED_OUT.  The device then still holds the
 * requests, and their memory stays lent: see storage_memory_give().  The disk works on when it
 * answers; what comes back late is sorted out by the lane's next call.  Until then no write starts
 * that overlaps a write that was given up, so that an old one never lands on a new one.
 *
 * Recovery.  A device that breaks the protocol or asks for a reset is reset and brought back as it
 * was, by whoever waits for it; so is one that has been silent for options.recovery_silence.  What
 * was in flight is handed over again, once the reset was seen to complete, in the order of
 * submission: callers see that it took long.  When that fails, or was tried recovery_resets times
 * within a minute, requests fail with storage_verdict(), and it is tried again now and then, by
 * later calls.  A reset keeps the device's cache, so flushes mean what they meant.
 */
#ifndef ORION_STORAGE_H
#define ORION_STORAGE_H

#include "orion/api.h"
#include "orion/lane.h"
#include "orion/manager.h"

ORION_BEGIN_C

#define STORAGE_DISKS_MAX MANAGER_DEVICES_MAX
#define STORAGE_HANDLES_MAX 64u
#define STORAGE_NAME_BYTES 16u
#define STORAGE_DMA_ALIGN 4096u

#define STORAGE_LOOK_NS UINT64_C(100000000)             /* between two looks at interrupted() */
#define STORAGE_TELL_NS UINT64_C(30000000000)           /* then silent() is told; then doubling */
#define STORAGE_PATIENCE_NS UINT64_C(240000000000)

#define STORAGE_REGIONS_MAX 32u /* of storage_dma_take(), of one disk */

typedef enum storage_right {
	STORAGE_MAY_READ = 1u << 0,
	STORAGE_MAY_WRITE = 1u << 1,
	STORAGE_MAY_FLUSH = 1u << 2,
	STORAGE_MAY_STATS = 1u << 3,
	STORAGE_MAY_ADMIN = 1u << 4,
	STORAGE_MAY_ALL = 0x1f,
} storage_right;

struct storage_disk;

/* What the framework needs of its host besides the port. */
struct storage_host {
	const struct orion_port *port;
	void *port_context;
	/*
	 * Lets the caller of LANE sleep until port.wake() was called for the lane's event since
	 * idle() last returned, or until NS nanoseconds have passed.  May return early.  Context:
	 * owner.
	 */
	void (*idle)(void *port_context, unsigned lane, uint64_t ns);
	/*
	 * True when the call that LANE waits in should give up (Ctrl-C).  Asked about every
	 * STORAGE_LOOK_NS of silence.  Context: owner.  Optional.
	 */
	bool (*interrupted)(void *port_context, unsigned lane);
	/*
	 * REQUESTS of a lane on DISK have had no answer for NS; NS 0: what it was told of is over.
	 * Context: owner.  Optional.
	 */
	void (*silent)(void *port_context, const struct storage_disk *disk, unsigned requests,
		       uint64_t ns);
	/*
	 * What LANE does from here on is about DISK; NULL: about none.  For the host to know whom a
	 * report of the port's is about.  Context: owner.  Optional.
	 */
	void (*subject)(void *port_context, unsigned lane, const struct storage_disk *disk);
};

/* Of one lane on one disk. */
struct storage_account {
	struct storage_work *work;      /* the lane, and what its calls keep; NULL: there is none */
	/* Of the bytes that the queue's counters have as submitted; atomic. */
	uint64_t failed_bytes_read, failed_bytes_written;
};

/* What is known of a disk's resets.  Written by whoever recovers. */
struct storage_recovery {
	uint64_t resets, failures;      /* so far: resets; times that requests had to fail */
	uint64_t replayed;              /* requests that were handed over again */
	uint64_t took_ns;               /* the last one */
	vblk_cause cause;               /* likewise; VBLK_CAUSE_NONE: silence, or a command */
	/* Of the present one. */
	bool silent;
	uint64_t begin_ns, sent_again;
	uint64_t silence_ns;            /* atomic: that ends in a reset; 0: never */
	uint64_t live_ns;               /* since when it is there */
	uint64_t retry_ns, retry_step_ns; /* after a failure; retry_ns is atomic */
	uint64_t window_ns, window_resets; /* of this minute */
};

struct storage_disk {
	char name[STORAGE_NAME_BYTES];
	struct vblk_device *device;     /* NULL: slot free */
	const struct manager *manager;
	unsigned index;                 /* the manager's number */
	unsigned open_handles;
	uint64_t denials;
	/* The framework's own, touched atomically: see storage/recover.h. */
	uint32_t setup;                 /* somebody does what is setup's */
	uint32_t following;             /* lanes that use the device's rings */
	uint64_t refreshed_ns;          /* atomic */
	uint64_t silent_since_ns;       /* atomic: see storage_silent_ns() */
	uint32_t lent_writes;           /* atomic: writes that were given up and are not back */
	uint32_t locked;                /* atomic: the instance's lock */
	struct storage_instance instance;
	struct storage_device base;     /* the one that it has */
	struct storage_recovery recovery;
	struct orion_region regions[STORAGE_REGIONS_MAX]; /* storage_dma_take(); cpu NULL: free */
	struct storage_account lanes[VBLK_QUEUES_MAX];
};

/* What was opened, and for what. */
struct storage_handle {
	struct storage_disk *disk;  /* NULL: free */
	unsigned rights;
};

struct storage {
	struct storage_host host;
	struct manager *manager;
	struct storage_disk disks[STORAGE_DISKS_MAX];
	struct storage_handle handles[STORAGE_HANDLES_MAX];
};

/* Makes STORAGE ready, without disks.  HOST is copied; its port and MANAGER must outlive it. */
ORION_MUST_USE orion_status storage_init(struct storage *storage, const struct storage_host *host,
					 struct manager *manager);

/* Enters the manager's device INDEX as disk "vd<INDEX>". */
ORION_MUST_USE orion_status storage_add(struct storage *storage, unsigned index);

/*
 * Takes the disk of the manager's device INDEX out; ORION_BUSY while handles are open, or while the
 * device holds requests that were given up: vblk_stop() helps.  Context: setup, no lane active.
 */
orion_status storage_remove(struct storage *storage, unsigned index);

/* The disk called NAME, or NULL; disk number N in order of index, or NULL past the last. */
struct storage_disk *storage_find(struct storage *storage, const char *name);
struct storage_disk *storage_at(struct storage *storage, unsigned n);

/*
 * Opens disk NAME with RIGHTS (storage_right).  ORION_NOT_FOUND; ORION_READ_ONLY when RIGHTS ask to
 * write a read-only disk; ORION_TOO_LARGE when no handle is free.
 */
ORION_MUST_USE orion_status storage_open(struct storage *storage, const char *name, unsigned rights,
					 struct storage_handle **handle);
void storage_close(struct storage *storage, struct storage_handle *handle);

/*
 * Looks at the device: its size may have changed, it may ask for a reset, and requests that were
 * given up on LANE may have come back.  For callers that are about to use storage_bytes(); the
 * operations below look on their own.  Context: owner of LANE.
 */
void storage_refresh(struct storage *storage, struct storage_disk *disk, unsigned lane);

/*
 * Reads or writes BYTES at byte OFFSET of the disk, both multiples of the block size, and waits for
 * the result.  BUFFER is ordinary memory of the host.  The call keeps several requests in flight.
 * On an error *DONE (may be NULL) says how many bytes from the start are surely transferred.
 * ORION_DENIED, ORION_MISALIGNED, ORION_OUT_OF_RANGE, ORION_READ_ONLY, or the device's verdict.
 * ORION_WRONG_STATE: LANE has no queue on this disk.  ORION_BUSY: LANE is claimed.
 * ORION_TIMED_OUT: given up, and BUFFER may still be lent; behind *DONE anything may have happened,
 * or happen yet.  Context: owner of LANE.
 */
orion_status storage_read(struct storage *storage, struct storage_handle *handle, unsigned lane,
			  uint64_t offset, void *buffer, size_t bytes, size_t *done);
orion_status storage_write(struct storage *storage, struct storage_handle *handle, unsigned lane,
			   uint64_t offset, const void *buffer, size_t bytes, size_t *done);

/*
 * Makes every write that completed before this call stable.  ORION_OK without asking the device
 * when every completed write is stable already; ORION_NOT_SUPPORTED when the device has no flush
 * and promises nothing (vblk_info.durability).  Context: owner of LANE.
 */
orion_status storage_flush(struct storage *storage, struct storage_handle *handle, unsigned lane);

/* The device's serial number as people are shown it (orion/serial.h), NUL-terminated. */
orion_status storage_identify(struct storage *storage, struct storage_handle *handle, unsigned lane,
			      char id[VIRTIO_BLK_ID_BYTES + 1]);

/* Size in bytes, rounded down to whole blocks, and the block size: see storage_refresh(). */
uint64_t storage_bytes(const struct storage_disk *disk);
uint32_t storage_block_bytes(const struct storage_disk *disk);

/* For how long there has been no answer to a request, 0: not for a second or more. */
uint64_t storage_silent_ns(const struct storage *storage, const struct storage_disk *disk);

/* Requests that were given up on LANE and that the device still holds.  Context: owner of LANE. */
unsigned storage_lent(const struct storage_disk *disk, unsigned lane);

/*
 * Gives back MEMORY (manager.memory_take) that calls on LANE used: at once, or, when the device
 * still holds requests that were given up, when the last of them has come back; never, when it died
 * with them (VBLK_DEAD).  Context: owner of LANE.
 */
void storage_memory_give(struct storage *storage, struct storage_disk *disk, unsigned lane,
			 void *memory, size_t bytes);

/*
 * The status for a disk that takes no requests at present, and why: ORION_DEVICE_GONE or
 * ORION_DEVICE_BROKEN.  ORION_OK: it takes requests.  Any context.
 */
orion_status storage_verdict(const struct storage_disk *disk);

/*
 * Resets the device of DISK and brings it back, with I/O running, nothing lost.  ORION_OK, or the
 * verdict when it does not come back; ORION_BUSY: LANE is claimed, or a lane's owner did not look
 * for a minute, and it goes on without this call.  Context: owner of LANE.
 */
orion_status storage_reset(struct storage *storage, struct storage_disk *disk, unsigned lane);

/* Bytes that were copied through the queues' own memory.  Any context. */
uint64_t storage_bounced_bytes(const struct storage_disk *disk);

/*
 * ---- for those who keep requests of their own in flight: struct orion_io, orion/lane.h ----
 *
 * storage_claim() before: ORION_BUSY while it is claimed, or the device holds requests that were
 * given up on LANE,
 * ORION_WRONG_STATE without such a lane, or storage_verdict().  Then storage_submit(),
 * storage_kick() and storage_reap() on storage_lane_of(); buffers lie in memory of
 * storage_dma_take(), or are copied if the queue has memory for that.  Results are of orion_status;
 * a submission that is refused with ORION_NO_ROOM is to be tried again, also when nothing is in
 * flight: the device may be about to be reset.  No synchronous call may be made on the lane
 * meanwhile, and its owner reaps or submits at least every now and then.
 *
 * storage_unclaim() after, with nothing in flight.  Whoever gives up calls storage_leave() instead:
 * what is in flight stays with the device, WRITES or not, with REGION (storage_dma_take(); all
 * zero: none) and MEMORY (may be NULL; that of the requests), which are given back when the last
 * has come back.  Context: owner of LANE.
 */
ORION_MUST_USE orion_status storage_claim(struct storage *storage, struct storage_disk *disk,
					  unsigned lane);
struct storage_lane *storage_lane_of(struct storage_disk *disk, unsigned lane);
void storage_leave(struct storage *storage, struct storage_disk *disk, unsigned lane, bool writes,
		   const struct orion_region *region, void *memory, size_t bytes);
void storage_unclaim(struct storage *storage, struct storage_disk *disk, unsigned lane);

/*
 * Waiting for an answer on a lane, with a limit and a word.  storage_wait_begin() when requests are
 * handed over to an idle device, storage_answered() whenever something was reaped.  When nothing
 * was: storage_sleep(), for as long as nothing comes and for 20 ms at most, reap again, and then
 * storage_unanswered(), which kicks again, looks at the device, brings it back, and tells the host.
 * That gives ORION_OK: wait on; ORION_TIMED_OUT: the host wants it to end, or STORAGE_PATIENCE_NS
 * are over; or storage_verdict(): what was in flight has come back, and is to be reaped.  Context:
 * owner of LANE.
 */
struct storage_wait {
	uint64_t progress_ns;           /* when something was last reaped */
	/* How late it is to be for the next: kick, look at interrupted(), call of silent(). */
	uint64_t nudge_ns, look_ns, tell_ns;
};

void storage_wait_begin(const struct storage *storage, struct storage_wait *wait);
void storage_answered(struct storage *storage, struct storage_disk *disk, unsigned lane,
		      struct storage_wait *wait);
void storage_sleep(struct storage *storage, struct storage_disk *disk, unsigned lane);
orion_status storage_unanswered(struct storage *storage, struct storage_disk *disk, unsigned lane,
				struct storage_wait *wait);

/*
 * DMA memory for DISK out of the budget that its driver's own comes from (shared_memory_size).
 * ORION_NO_MEMORY.  Context: setup.
 */
ORION_MUST_USE orion_status storage_dma_take(struct storage *storage, struct storage_disk *disk,
					     size_t bytes, struct orion_region *region);
void storage_dma_give(struct storage *storage, struct storage_disk *disk,
		      const struct orion_region *region);

ORION_END_C

#endif
