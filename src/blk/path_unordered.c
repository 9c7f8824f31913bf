/* SPDX-License-Identifier: MIT */
/* HOT: in place of path.c: split and packed rings, never in order. */
#define VBLK_HAS (VBLK_HAS_TABLES | VBLK_HAS_PACKED)

#include "path.h"
