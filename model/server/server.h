/* SPDX-License-Identifier: MIT */
/*
 * vhost-user-model: a virtio block device as a vhost-user back end, exact and quick.  Its manual is
 * man/vhost-user-model.1; this is how the program is put together.
 *
 *   options.c    the command line
 *   main.c       the listening socket; one front end after another
 *   session.c    one of them, message by message            wire.c   how messages come and go
 *   messages.c   what each does
 *   memory.c     memory that the front end shares           trap.c   and that it takes away
 *   worker.c     threads that serve queues, and how they are held still
 *   queue.c      a queue's life; batches out of its ring
 *   chain.c      descriptor chains, every word checked
 *   request.c    block requests                             disk.c   what they act upon
 *   inflight.c   the record of what was begun, for the next process
 *
 * Threads.  The main thread reads the socket and changes things; workers run queues.  Before the
 * main thread touches a queue, the memory or the disk's size, it holds all workers still
 * (workers_hold()), so nothing else has a lock.
 *
 * The front end is not trusted.  What it says wrong ends its connection, with the reason on
 * standard error; the program goes on with the next front end.
 */
#ifndef MODEL_SERVER_H
#define MODEL_SERVER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/device_ring.h"
#include "ports/linux/vhost_user/vhost_user_protocol.h"
#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"

#define QUEUES_MAX 16u
#define QUEUE_SIZE_MAX 1024u
#define REGIONS_MAX 64u
#define MESSAGE_FDS 8u

/* ---- options ---- */

struct options {
	const char *socket;
	const char *file;       /* NULL: memory or null */
	const char *serial;
	uint64_t bytes;         /* of the disk; 0: as long as the file is */
	uint64_t features;      /* offered */
	uint64_t features_off;
	uint64_t protocol;      /* protocol features offered */
	uint64_t die_after;     /* 0: never */
	uint32_t block;
	uint32_t queues, queue_size;
	uint32_t seg_max, size_max;
	uint32_t delay_us;
	bool null, memory, read_only, poll, threads, once, lose;
};

/* Fills OPTIONS from the command line, or says what is wrong and exits. */
void options_read(struct options *options, int count, char **words);

/* ---- disk.c ---- */

struct disk {
	const struct options *options;
	unsigned char *base;    /* NULL: there are no data */
	uint64_t bytes;
	int fd;                 /* of the file, or -1 */
	uint8_t *dirty;         /* --lose-unflushed: a byte per block that the file lacks */
	uint64_t odd;           /* what of the file's end was told of as left out; ODD_ALL: all */
};

/* Opens what the options say, or says what is wrong and exits. */
void disk_open(struct disk *disk, const struct options *options);

/*
 * Whether the file's size is another, in whole blocks; says what is left out of it.  Adopts it, and
 * returns whether it was: workers are held.
 */
bool disk_size_changed(struct disk *disk);
bool disk_adopt_size(struct disk *disk);

/* BYTES at OFFSET, which lie within the disk, in several calls for one request. */
void disk_read(const struct disk *disk, uint64_t offset, void *data, uint64_t bytes);
void disk_write(struct disk *disk, uint64_t offset, const void *data, uint64_t bytes);

/* Makes what was written stable.  False: the file would not take it. */
bool disk_flush(struct disk *disk);

/* ---- memory.c ---- */

struct region {
	uint64_t device;        /* address of the device side */
	uint64_t user;          /* the front end's own, by which it names rings */
	uint64_t bytes;         /* 0: no region */
	unsigned char *base;    /* here */
	void *map;
	size_t map_bytes;
};

struct memory {
	struct region regions[REGIONS_MAX];
	unsigned count;
};

/* Maps what MESSAGE describes of FD, which stays the caller's.  False: REASON says why not. */
bool memory_add(struct memory *memory, const struct vu_region *message, int fd,
		const char **reason);
bool memory_remove(struct memory *memory, const struct vu_region *message);
void memory_clear(struct memory *memory);

/* The region that holds ADDRESS, or NULL. */
const struct region *memory_region(const struct memory *memory, uint64_t address);

/* BYTES, in one region, at the front end's own ADDRESS; NULL: it shares no such memory. */
unsigned char *memory_of_user(const struct memory *memory, uint64_t address, uint64_t bytes);

/* ---- queues ---- */

struct piece {
	unsigned char *base;
	uint64_t bytes;
};

#define PIECES_MAX (QUEUE_SIZE_MAX + 8u)

/* A descriptor chain: its pieces, the device-readable ones first. */
struct chain {
	uint32_t count, readable; /* pieces; those that the device reads */
	uint32_t descriptors;   /* walked so far */
	uint64_t writable_bytes;
	struct piece pieces[PIECES_MAX];
};

struct session;

struct queue {
	/* What batches touch. */
	_Alignas(128) struct device_ring ring;
	bool runs;              /* to be served */
	struct region region;   /* the one that the last address lay in; bytes = 0: none */
	struct session *session;
	unsigned char *inflight; /* the queue's record, or NULL */
	uint64_t counter;       /* of what was recorded */
	uint64_t requests, bytes;
	uint64_t left;          /* requests until death; UINT64_MAX: immortal */
	int kick, call, error;  /* -1: none */
	struct chain chain;

	/* What messages set. */
	unsigned index;
	uint16_t size;
	int32_t base;           /* as VU_SET_VRING_BASE has it; -1: not told */
	bool started, enabled, addressed;
	struct vu_vring_address address;
};

/*
 * Starts or stops the queue as the session's state wants it.  False: the session has failed.
 * Workers are held.
 */
bool queue_refresh(struct queue *queue);

/* Stops it where it stands, until the next refresh.  Workers are held. */
void queue_stop(struct queue *queue);

/* Forgets all that messages set; descriptors are closed.  Workers are held. */
void queue_reset(struct queue *queue);

/* Serves one batch.  Returns how many requests; a session that fails stops the queue. */
unsigned queue_run(struct queue *queue);

/* Tells the driver of what was completed, if it asks to be told. */
void queue_tell(struct queue *queue);

/* Where the ring goes on, in the form of VU_GET_VRING_BASE.  The queue is stopped. */
uint32_t queue_position(const struct queue *queue);

/* ---- chain.c: false: the session has failed ---- */

bool chain_of_split(struct queue *queue, uint16_t head);

/* Takes the chain whose first descriptor has the second word WORD, and advances; *ID is its id. */
bool chain_of_packed(struct queue *queue, uint64_t word, uint16_t *id);

/* The chain anew, a descriptor at a time, for who keeps descriptors elsewhere. */
void chain_begin(struct chain *chain);
bool chain_add(struct queue *queue, uint64_t address, uint32_t bytes, unsigned flags);

/* ---- request.c ---- */

/* Carries queue->chain out.  Returns the length for its used entry, or UINT64_MAX: failed. */
uint64_t request_run(struct queue *queue);

/* ---- inflight.c: requests are then served one at a time ---- */

/* Bytes that the record of one queue takes. */
size_t inflight_bytes(bool packed, uint16_t size);

/*
 * A request's life in the record: begun, when it was seen (split: HEAD is its head; packed: it
 * stands at the ring's position) and named by the result; using, just before its used entry is
 * written; ended, just after.
 */
uint16_t inflight_begin(struct queue *queue, uint16_t head);
void inflight_using(struct queue *queue, uint16_t entry);
void inflight_end(struct queue *queue, uint16_t entry);

/*
 * Takes up the record at BASE, and carries out what was begun and not ended.  The queue then
 * stands behind that.  False: the session has failed.
 */
bool inflight_resume(struct queue *queue, unsigned char *base);

/* ---- session.c ---- */

struct session {
	const struct options *options;
	struct disk *disk;
	struct memory memory;
	struct queue *queues;   /* options->queues of them */
	int socket, backend;    /* the second: -1, or where we ask */
	uint64_t features, protocol;
	uint8_t status;
	uint8_t writeback;
	bool has_protocol;      /* protocol features were negotiated */
	unsigned char *inflight; /* records of all queues, or NULL */
	size_t inflight_bytes;
	uint16_t inflight_queues, inflight_size;

	pthread_mutex_t lock;   /* of the reason */
	bool failed;
	char reason[256];
};

/* The session of the front end on SOCKET, from its first message to its last. */
void session_serve(struct session *session, int socket);

/* The first reason sticks; the connection ends.  Any thread.  Returns false. */
bool session_fail(struct session *session, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static inline bool
session_has(const struct session *session, unsigned feature)
{
	return (session->features & VIRTIO_BIT(feature)) != 0;
}

/* As RESET_DEVICE has it: rings stop, nothing is negotiated.  Workers are held. */
void session_reset(struct session *session);

/* Forgets the record of what was begun. */
void session_drop_record(struct session *session);

/* The session's configuration space, as the driver reads it. */
void session_config(const struct session *session, struct virtio_blk_config *config);

/* Writes that are answered must be stable at once. */
static inline bool
session_writes_through(const struct session *session)
{
	return !session_has(session, VIRTIO_BLK_F_FLUSH) || !session->writeback;
}

/* ---- wire.c ---- */

struct message {
	struct vu_header header;
	union {
		uint64_t number;
		struct vu_vring_state state;
		struct vu_vring_address address;
		struct vu_table table;
		struct vu_one_region region;
		struct vu_config config;
		struct vu_inflight inflight;
	};
	int fds[MESSAGE_FDS];   /* the receiver's, until it takes them and leaves -1 */
	unsigned fd_count;
};

/* Receives the next message.  False: there is none, or the session has failed. */
bool wire_receive(struct session *session, struct message *message);

/* Answers MESSAGE with BYTES of its payload, and FD unless it is -1. */
bool wire_answer(struct session *session, struct message *message, uint32_t bytes, int fd);

/* Tells the front end that the configuration changed, if it listens. */
void wire_config_changed(struct session *session);

void wire_close_fds(struct message *message);

/* ---- messages.c ---- */

/* Does what MESSAGE asks for, and answers.  False: the session has failed.  Workers are held. */
bool message_run(struct session *session, struct message *message);

/* ---- worker.c ---- */

/* Starts the threads that serve the session's queues; they are held. */
void workers_start(struct session *session);

/* Returns when no worker touches anything; workers_go() sets them free. */
void workers_hold(void);
void workers_go(void);

/* ---- trap.c ---- */

/*
 * Runs FUNCTION.  False: it touched memory that is not there any more, because who shares it made
 * it shorter; it was left at that point.
 */
bool trap_run(void (*function)(void *), void *argument);

/* ---- main.c ---- */

/* Whether SIGHUP came since the last call. */
bool main_take_hangup(void);

/* Prints a line on standard error.  Any thread. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
