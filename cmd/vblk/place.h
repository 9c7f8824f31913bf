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

#include "cmd/vblk/output.h"
#include "commands/dump.h"
#include "orion/disk.h"

#define PLACE_UNKNOWN UINT64_MAX
#define PLACE_URL_BYTES 1024u    /* of a URL without options */

typedef enum place_role {
	PLACE_SOURCE,
	PLACE_TARGET,             /* a file need not be there yet; see place_prepare() */
} place_role;

struct place;
struct pollfd;

struct place_ops {
	bool (*submit)(struct place *place, struct orion_io *io);
	unsigned (*reap)(struct place *place, struct orion_io **done, unsigned max);
	unsigned (*arm)(struct place *place, struct pollfd *fds);
	void (*nudge)(struct place *place);
	void (*lend)(struct place *place, void *base, uint64_t bytes, int fd);
	bool (*hole)(struct place *place, uint64_t offset, uint64_t *length);
	int (*prepare)(struct place *place, uint64_t bytes);
	bool (*whole)(struct place *place);
	int (*flush)(struct place *place, uint64_t end, bool complete);
	void (*close)(struct place *place);
};

struct place {
	const struct place_ops *ops;
	char *name;               /* for messages */
	uint64_t bytes;           /* size; PLACE_UNKNOWN: of a stream, or a file yet to be filled */
	uint32_t block;           /* offsets and lengths are multiples; 1: any */
	bool fixed;               /* its size is its own, not that of what was written */
	bool stream;              /* one request at a time, in the order of offsets */
	bool zero;                /* a target that reads as zeros where nothing was written */
	bool synchronous;         /* place_submit() does the work */

	/* Of a file or stream. */
	int fd;                   /* -1: of a target that is not there yet */
	bool sparse;              /* a source that may have holes */
	bool fresh;               /* a target that was not there before */
	bool replaces;            /* a target that gets its name when all of it is there */
	bool in_place;            /* a regular file that is written where it is, */
	bool emptied;             /* ... which has begun */
	struct output output;
	bool hex;                 /* print what is written as a table of hexadecimal numbers */
	uint64_t at;              /* what a stream has moved; where a file begins */
	struct dump dump;         /* hex */
	void (*compute)(void *argument, uint64_t offset, void *data, uint32_t bytes);
	void *argument;           /* of it: what is written goes there, what is read comes of it */
	struct orion_io *done;    /* the one request that is to be reaped */

	/* Of a URL. */
	struct orion_disk *disk;
	unsigned queues, turn;    /* used in turn */
	struct orion_io *flush;   /* the one that a flush uses */
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

/*
 * A place that is no more than COMPUTE, which is called with ARGUMENT: a target's in the order of
 * offsets for all that is written, a source's to fill what is read.
 */
struct place *place_open_computed(const char *name, place_role role,
				  void (*compute)(void *argument, uint64_t offset, void *data,
						  uint32_t bytes),
				  void *argument);

/* NULL does nothing. */
void place_close(struct place *place);

/* Whether A and B are URLs of one disk: most back ends serve one program at a time. */
bool place_same_url(const char *a, const char *b);

/* Whether URL is that of a disk whose socket is PATH. */
bool place_url_is_at(const char *url, const char *path);

/*
 * The URL of the disk whose socket is PATH, without options, into ROOM bytes at OUT, cut if need
 * be: what a URL, or a terminal, takes for something else is coded as "%xx".
 */
void place_url_of(const char *path, char *out, size_t room);

/* The same of the disk at URL: what it is called, whatever options it is opened with. */
void place_url_plain(const char *url, char *out, size_t room);

/* TEXT, which the library said of the disk at URL, without the path that it may begin with. */
const char *place_without_path(const char *url, const char *text);

/* Whether A and B are the same file or device. */
bool place_same(const struct place *a, const struct place *b);

/* Hands IO over.  False: no room now, try again after a place_reap() of this place. */
bool place_submit(struct place *place, struct orion_io *io);

/*
 * Gives up to MAX finished requests back, without waiting.  A stream's read may have become shorter
 * (io.bytes; 0: its end).
 */
unsigned place_reap(struct place *place, struct orion_io **done, unsigned max);

/*
 * Descriptors to poll for input until there may be something to reap, up to ORION_DISK_QUEUES_MAX
 * of them into FDS; 0: there is already.
 */
unsigned place_arm(struct place *place, struct pollfd *fds);

/* Nothing came back for long: a notification may have got lost, so the device is told again. */
void place_nudge(struct place *place);

/*
 * BYTES of memory to lend, and *FD, which it is a mapping of; NULL: there is none.  Sealed: a back
 * end that could shrink the file would end this program at its next look at a buffer.
 */
void *place_memory(uint64_t bytes, int *fd);

/* Tells the place of shared memory that buffers will lie in: BYTES at BASE, a mapping of FD. */
void place_lend(struct place *place, void *base, uint64_t bytes, int fd);

/*
 * Whether the file system says that a hole, which reads as zeros, begins at OFFSET; *LENGTH: how
 * far that answer holds.  It is a hint that saves reading; place_whole() is asked at the end.
 */
bool place_hole(struct place *place, uint64_t offset, uint64_t *length);

/* Whether a source still is at least as long as it was: what was taken for a hole was there. */
bool place_whole(struct place *place);

/*
 * Before the first write to a target: BYTES (or PLACE_UNKNOWN) will be written.  A regular file is
 * replaced by a new one when all is there, and untouched until then; one that can't be replaced
 * (it has other names, its folder is not ours) is emptied at the first write.  Returns 0, or -1
 * when there is not enough room, which was said.
 */
int place_prepare(struct place *place, uint64_t bytes);

/* Of place_flush(): the device promises nothing, and nothing was asked of it. */
#define PLACE_UNPROMISED 1

/*
 * What was written becomes stable.  END: where it ends, for a file whose length was not known.
 * COMPLETE: all of it is there, and a file may take its place; else a file does not look as if it
 * were.  Returns 0, PLACE_UNPROMISED, or a negative errno.
 */
int place_flush(struct place *place, uint64_t end, bool complete);

/* Says of a target that is not complete, and has DONE bytes in order, what is there. */
void place_remains(const struct place *place, uint64_t done, bool stable);

/* Warns of a target's PLACE_UNPROMISED. */
void place_unpromised(const struct place *place);

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

/* FD as a stream, which place_close() closes. */
struct place *place_stream_of(const char *name, int fd);

/* Whether BYTES at DATA are all zero. */
bool place_is_zero(const void *data, uint64_t bytes);

#endif
