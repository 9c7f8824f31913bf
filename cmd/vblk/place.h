/* SPDX-License-Identifier: MIT */
/*
 * A place is where bytes are read from or written to: a URL of liborion-vblk, a file or block
 * device, or "-", standard input or output.
 *
 * All kinds take the library's own request, struct orion_io: place_submit() hands it over,
 * place_reap() gives it back with its result.  A file or stream does the work within
 * place_submit(); a URL has many requests in flight.  io.user is the caller's.
 */
#ifndef CMD_VBLK_PLACE_H
#define CMD_VBLK_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "orion/disk.h"

#define PLACE_UNKNOWN UINT64_MAX

typedef enum place_role {
	PLACE_SOURCE,
	PLACE_TARGET,             /* a file is created if need be; see place_prepare() */
} place_role;

struct place;

struct place_ops {
	bool (*submit)(struct place *place, struct orion_io *io);
	unsigned (*reap)(struct place *place, struct orion_io **done, unsigned max);
	int (*arm)(struct place *place);
	void (*lend)(struct place *place, void *base, uint64_t bytes, int fd);
	bool (*hole)(struct place *place, uint64_t offset, uint64_t *length);
	int (*prepare)(struct place *place, uint64_t bytes);
	int (*flush)(struct place *place, uint64_t end);
	void (*close)(struct place *place);
};

struct place {
	const struct place_ops *ops;
	char *name;               /* for messages */
	uint64_t bytes;           /* size; PLACE_UNKNOWN: of a stream, or a file yet to be filled */
	uint32_t block;           /* offsets and lengths are multiples; 1: any */
	bool stream;              /* one request at a time, in the order of offsets */
	bool zero;                /* a target that reads as zeros where nothing was written */
	bool synchronous;         /* place_submit() does the work */

	/* Of a file or stream. */
	int fd;
	bool hex;                 /* print what is written as a table of hexadecimal numbers */
	uint64_t at;              /* what a stream has moved; where a file begins */
	uint8_t last[16];         /* hex: the line before */
	bool folded;
	struct orion_io *done;    /* the one request that is to be reaped */

	/* Of a URL. */
	struct orion_disk *disk;
	struct orion_queue *queue;
};

/* Whether TEXT is the URL of a disk. */
bool place_is_url(const char *text);

/*
 * Opens the disk at URL as this program's commands do, for users of more than a place.  ADJUST (may
 * be NULL) may change the options' defaults.  NULL when it can't be, which was said.
 */
struct orion_disk *place_open_disk(const char *url,
				   void (*adjust)(struct orion_disk_options *options,
						  void *argument),
				   void *argument);

/* Opens TEXT.  NULL when it can't be, which was said. */
struct place *place_open(const char *text, place_role role);

/* Standard output as a table for people. */
struct place *place_open_hex(void);

/* NULL does nothing. */
void place_close(struct place *place);

/* Whether A and B are URLs of one disk: most back ends serve one program at a time. */
bool place_same_url(const char *a, const char *b);

/* Whether A and B are the same file or device. */
bool place_same(const struct place *a, const struct place *b);

/* Hands IO over.  False: no room now, try again after a place_reap() of this place. */
bool place_submit(struct place *place, struct orion_io *io);

/*
 * Gives up to MAX finished requests back, without waiting.  A stream's read may have become shorter
 * (io.bytes; 0: its end).
 */
unsigned place_reap(struct place *place, struct orion_io **done, unsigned max);

/* A descriptor to poll for input until there may be something to reap; -1: there is already. */
int place_arm(struct place *place);

/* Tells the place of shared memory that buffers will lie in: BYTES at BASE, a mapping of FD. */
void place_lend(struct place *place, void *base, uint64_t bytes, int fd);

/* Whether a hole, which reads as zeros, begins at OFFSET; *LENGTH: how far that answer holds. */
bool place_hole(struct place *place, uint64_t offset, uint64_t *length);

/*
 * Before the first write to a target: BYTES (or PLACE_UNKNOWN) will be written.  A regular file
 * becomes that long and empty.  Returns 0, or -1 when there is not enough room, which was said.
 */
int place_prepare(struct place *place, uint64_t bytes);

/*
 * What was written becomes stable.  END: where it ends, for a file whose length was not known.  0
 * or a negative errno.
 */
int place_flush(struct place *place, uint64_t end);

/* What RESULT, a negative errno, means of a disk; at PLACE, whatever it is. */
const char *place_disk_words(int result);
const char *place_words(const struct place *place, int result);

/* Says that DOING ("reading") failed at OFFSET of PLACE with RESULT, a negative errno. */
void place_trouble(struct place *place, const char *doing, uint64_t offset, int result);

/* The kinds; used by place_open(). */
struct place *place_url_open(const char *text, place_role role);
struct place *place_file_open(const char *text, place_role role);
struct place *place_stream_open(place_role role);

/* FD, a regular file or block device, as a source that begins at BEGIN. */
struct place *place_file_of(const char *name, int fd, uint64_t begin);

/* Whether BYTES at DATA are all zero. */
bool place_is_zero(const void *data, uint64_t bytes);

#endif
