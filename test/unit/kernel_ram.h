/* SPDX-License-Identifier: MIT */
/* RAM for those parts of the kernel's core that take memory by the page: kernel_core.c has it. */
#ifndef TEST_UNIT_KERNEL_RAM_H
#define TEST_UNIT_KERNEL_RAM_H

#include <stdint.h>

#define RAM UINT64_C(0x40000000)
#define RAM_BYTES (UINT64_C(48) << 20)
#define HOLE (RAM + (UINT64_C(32) << 20))
#define HOLE_BYTES (UINT64_C(4) << 20)
#define KERNEL (RAM + (UINT64_C(1) << 20))
#define KERNEL_BYTES 123456u

/* Maps it and calls memory_init(); unmaps it, when no lock is held. */
void kernel_ram_begin(void);
void kernel_ram_end(void);

#endif
