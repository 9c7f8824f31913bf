/* SPDX-License-Identifier: MIT */
/* HOT: in place of path.c: split rings, never in order. */
#define VBLK_HAS VBLK_HAS_TABLES

#include "path.h"
