/* SPDX-License-Identifier: MIT */
/*
 * The interruptions: come with translation off, save everything (struct trap_frame) on the stack of
 * interruptions and call trap_entry(frame) by the PSW that the prefix area has for that.
 */
#include "lowcore.h"

#define FRAME_PSW 128
#define FRAME_KIND 144
#define FRAME_CAUSE 152
#define FRAME_SCRATCH 264
#define FRAME_BYTES 272
#define MASK_OFF 0xf8                   /* no translation, no interrupts */

	.text
	.macro entry name, old, kind
	.balign 8
	.globl \name
\name:
	stmg %r0, %r15, LOWCORE_REGISTERS
	lghi %r1, \kind
	lmg %r8, %r9, \old
	j trap_common
	.endm

	entry trap_restart, LOWCORE_OLD_RESTART, TRAP_RESTART
	entry trap_external, LOWCORE_OLD_EXTERNAL, TRAP_EXTERNAL
	entry trap_call, LOWCORE_OLD_CALL, TRAP_CALL
	entry trap_program, LOWCORE_OLD_PROGRAM, TRAP_PROGRAM
	entry trap_machine, LOWCORE_OLD_MACHINE, TRAP_MACHINE
	entry trap_io, LOWCORE_OLD_IO, TRAP_IO

	/* Whoever is on the stack of interruptions already stays there. */
trap_common:
	lmg %r3, %r4, LOWCORE_TRAP_STACK
	lgr %r5, %r15
	slgr %r5, %r3
	clgfi %r5, CPU_TRAP_STACK_BYTES
	jhe 1f
	lgr %r4, %r15
1:	lay %r2, -FRAME_BYTES(%r4)
	mvc 0(128, %r2), LOWCORE_REGISTERS
	stmg %r8, %r9, FRAME_PSW(%r2)
	stg %r1, FRAME_KIND(%r2)
	mvc FRAME_CAUSE(LOWCORE_CAUSE_BYTES, %r2), LOWCORE_CAUSE
	lay %r15, -CALL_AREA(%r2)
	xc 0(8, %r15), 0(%r15)
	lpswe LOWCORE_ENTER

	.globl trap_enter
trap_enter:
	brasl %r14, trap_entry
	la %r2, CALL_AREA(%r15)
	stnsm FRAME_SCRATCH(%r2), MASK_OFF
	mvc LOWCORE_RETURN(16), FRAME_PSW(%r2)
	lmg %r0, %r15, 0(%r2)
	lpswe LOWCORE_RETURN

	.section .note.GNU-stack, "", @progbits
