/* SPDX-License-Identifier: MIT */
/*
 * A CPU's prefix area, which it finds at real address 0: where it stores what an interruption is
 * about, and from where it takes the PSW to go on with.  From LOWCORE_REGISTERS on it is ours.
 * Virtual page 0 is not mapped; only code that runs with translation off comes here.
 */
#ifndef KERNEL_ARCH_S390X_LOWCORE_H
#define KERNEL_ARCH_S390X_LOWCORE_H

#define LOWCORE_BYTES 8192

/* What the CPU stores: 0x80 to 0xef, copied as it is into struct trap_frame. */
#define LOWCORE_CAUSE 0x80
#define LOWCORE_CAUSE_BYTES 0x70

#define LOWCORE_OLD_RESTART 0x120
#define LOWCORE_OLD_EXTERNAL 0x130
#define LOWCORE_OLD_CALL 0x140
#define LOWCORE_OLD_PROGRAM 0x150
#define LOWCORE_OLD_MACHINE 0x160
#define LOWCORE_OLD_IO 0x170
#define LOWCORE_NEW_PSWS 0x1a0          /* in the same order */

#define LOWCORE_REGISTERS 0x200
#define LOWCORE_RETURN 0x280            /* the PSW to leave by */
#define LOWCORE_ENTER 0x290             /* the PSW to enter C by */
#define LOWCORE_TRAP_STACK 0x2a0        /* lowest address, top */
#define LOWCORE_MAIN_STACK 0x2b0        /* top */
#define LOWCORE_CPU 0x2b8
#define LOWCORE_CONTROLS 0x2c0          /* the control registers to begin with */

/* What a function may use above its stack pointer. */
#define CALL_AREA 160

/* struct cpu_stacks: guard, main, guard, trap. */
#define CPU_STACK_BYTES 65536
#define CPU_TRAP_STACK_BYTES 16384
#define BOOT_STACK_TOP (4096 + CPU_STACK_BYTES)

/* Which interruption it was: the order of the PSWs. */
#define TRAP_RESTART 0
#define TRAP_EXTERNAL 1
#define TRAP_CALL 2
#define TRAP_PROGRAM 3
#define TRAP_MACHINE 4
#define TRAP_IO 5
#define TRAP_KINDS 6

#endif
