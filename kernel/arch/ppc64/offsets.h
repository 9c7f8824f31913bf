/* SPDX-License-Identifier: MIT */
/* What assembler and C both know: places in struct cpu and struct trap_frame, machine states. */
#ifndef KERNEL_ARCH_PPC64_OFFSETS_H
#define KERNEL_ARCH_PPC64_OFFSETS_H

#define CPU_TRAP 0
#define CPU_TRAP_TOP 8
#define CPU_TOC 16
#define CPU_STATE 24
#define CPU_MAIN_TOP 32
#define CPU_KEPT 40

#define TRAP_STACK_BYTES 16384

#define FRAME_PC 256
#define FRAME_STATE 264
#define FRAME_LINK 272
#define FRAME_COUNT 280
#define FRAME_XER 288
#define FRAME_CR 296
#define FRAME_ADDRESS 304
#define FRAME_CAUSE 312
#define FRAME_VECTOR 320
#define FRAME_BYTES 336                 /* a multiple of 16 */

/* The machine state register: 64-bit, interrupts, machine checks, MMU for code and data. */
#define STATE_64 0x8000000000000000
#define STATE_INTERRUPTS 0x8000
#define STATE_CHECKS 0x1000
#define STATE_MMU 0x30
#define STATE_RECOVERABLE 0x2
#define STATE_LITTLE 0x1
#define STATE_FIRMWARE STATE_CHECKS

#endif
