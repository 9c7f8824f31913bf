/* SPDX-License-Identifier: MIT */
/* Names of features as people write them. */
#ifndef ORION_WORDS_NAMES_H
#define ORION_WORDS_NAMES_H

/*
 * The feature bit that NAME means: as in the specification, with or without prefix, in any case,
 * with "-" or "_" ("VIRTIO_BLK_F_MQ", "mq", "ring-packed"); -1: none.
 */
int orion_feature_find(const char *name);

/* The feature with the name nearest to NAME, if one is near; -1: none. */
int orion_feature_near(const char *name);

#endif
