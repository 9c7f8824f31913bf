/* SPDX-License-Identifier: MIT */
/* HOT: the I/O path for every kind of ring that a device can have. */
#define VBLK_HAS VBLK_HAS_ALL

#include "path.h"
