/* SPDX-License-Identifier: MIT */
/* HOT: in place of path.c: split rings of direct chains, which every device has, never in order. */
#define VBLK_HAS 0u

#include "path.h"
