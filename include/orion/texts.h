/* SPDX-License-Identifier: MIT */
/*
 * Words for what the core says in numbers: events, causes, states, interrupt modes, features.  They
 * are not in the core but in words/texts.c, which includes nothing but these headers: a host that
 * shows no words leaves the file out.  All texts are static, English and never NULL, unless said
 * otherwise.  Any context.
 */
#ifndef ORION_TEXTS_H
#define ORION_TEXTS_H

#include "orion/vblk.h"

ORION_BEGIN_C

/* A sentence for EVENT. */
const char *orion_event_text(orion_event event);

/* Why a queue or a device is broken, a clause. */
const char *vblk_cause_text(vblk_cause cause);

/* One word. */
const char *vblk_state_text(vblk_state state);

/* What the completion of a write is worth: "after a flush", ... */
const char *vblk_durability_text(vblk_durability durability);

/* How completions come: "a vector per queue", ... */
const char *virtio_irq_mode_text(virtio_irq_mode mode);

/* The specification's name of feature BIT of a block device ("VIRTIO_BLK_F_RO"), or NULL. */
const char *vblk_feature_name(unsigned bit);

ORION_END_C

#endif
