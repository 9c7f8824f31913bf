/* SPDX-License-Identifier: MIT */
/* A host's own choice of what the I/O path is compiled for, as docs/porting.md shows it. */
#define VBLK_HAS (VBLK_HAS_IN_ORDER | VBLK_HAS_PACKED)

#include "src/blk/path.h"
