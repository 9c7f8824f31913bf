/* SPDX-License-Identifier: MIT */
/* HOT: in place of path.c: split rings only. */
#define VBLK_HAS (VBLK_HAS_TABLES | VBLK_HAS_IN_ORDER)

#include "path.h"
