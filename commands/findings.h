/* SPDX-License-Identifier: MIT */
/*
 * What disk hash, disk verify and disk write find out and say, piece by piece of a disk, whoever
 * brings the pieces.
 */
#ifndef COMMANDS_FINDINGS_H
#define COMMANDS_FINDINGS_H

#include <stdbool.h>

#include "commands/sha256.h"
#include "words/print.h"

/* A part of a disk against what pattern SEED has there. */
struct comparison {
	uint64_t seed;
	uint64_t wrong;                 /* bytes */
	uint64_t first;                 /* where the first of them lies */
	uint8_t expected, found;
};

void comparison_start(struct comparison *comparison, uint64_t seed);

/* BYTES at DATA, which lie at OFFSET of the disk.  In the order of offsets. */
void comparison_add(struct comparison *comparison, uint64_t offset, const void *data, size_t bytes);

/* One line each about DISK, and where no part is named all of it. */
void finding_differs(const struct text_sink *sink, const char *disk,
		     const struct comparison *comparison);
void finding_right(const struct text_sink *sink, const char *disk, uint64_t offset, uint64_t bytes);
void finding_written(const struct text_sink *sink, const char *disk, uint64_t offset,
		     uint64_t bytes);
void finding_hash(const struct text_sink *sink, const char *disk,
		  const uint8_t digest[SHA256_BYTES]);

#endif
