/* SPDX-License-Identifier: MIT */
/*
 * A file that is written to take the place of another, or to be new, once all of it is there.
 *
 * It is made beside its target, under a name of its own, and renamed at the end; until then the
 * target is what it was, and a file that is not complete never has its name.
 */
#ifndef CMD_VBLK_OUTPUT_H
#define CMD_VBLK_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output {
	char *path;               /* of the target, no symbolic link */
	char *beside;             /* what is written; NULL: the target itself, a device or pipe */
};

/*
 * Begins a file that is to become PATH.  OLD is a descriptor of what is there, whose owner, mode
 * and attributes the file gets; -1: nothing is there.  Returns a descriptor for reading and
 * writing, or a negative errno: none can be made beside it that would be the same to its users.
 * One at a time.
 */
int output_begin(struct output *output, const char *path, int old);

/*
 * The file at FD becomes the target, and survives a crash of the machine.  0 or a negative errno.
 */
int output_commit(struct output *output, int fd);

/* It does not: what was written is removed.  Also after a commit, and on a struct of zeros. */
void output_drop(struct output *output);

/* From a signal's handler, or before the program ends at once: leaves no file beside a target. */
void output_abandon(void);

/* The same for a stream: PATH may be a device or a pipe, too.  NULL when it can't be; said. */
FILE *output_stream(struct output *output, const char *path);

#endif
