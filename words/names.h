/* SPDX-License-Identifier: MIT */
/* Names that people write: whether two are the same, how near they are, which feature one means. */
#ifndef ORION_WORDS_NAMES_H
#define ORION_WORDS_NAMES_H

#include <stdbool.h>

/* Longer names are near to nothing. */
#define NAME_BYTES 48u

bool orion_name_equal(const char *a, const char *b);

/*
 * Number of single-character changes between A and B; case, and "-" for "_", count nothing.  At
 * least NAME_BYTES where one is longer than that.
 */
unsigned orion_name_distance(const char *a, const char *b);

/*
 * The feature bit that NAME means: as in the specification, with or without prefix, in any case,
 * with "-" or "_" ("VIRTIO_BLK_F_MQ", "mq", "ring-packed"); -1: none.
 */
int orion_feature_find(const char *name);

/* The feature with the name nearest to NAME, if one is near; -1: none. */
int orion_feature_near(const char *name);

#endif
