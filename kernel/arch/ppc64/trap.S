/* SPDX-License-Identifier: MIT */
/*
 * The vectors.  trap_stub is copied to each of them, 32 bytes apart: it leaves in LR where it was,
 * and goes on here, still without MMU.  All registers are saved (struct trap_frame) on the CPU's
 * stack of exceptions, below what is in use of it when the interrupted code ran there.
 */
#include "offsets.h"

#define FRAME_LEAST 32
#define KEPT(n) (CPU_KEPT + (n) * 8)

	.abiversion 2
	.text
	.balign 32
	.globl trap_stub
trap_stub:
	mtsprg1 %r1
	mfsprg0 %r1
	std %r2, KEPT(0)(%r1)
	mflr %r2
	std %r2, KEPT(1)(%r1)
	ld %r2, CPU_TRAP(%r1)
	mtlr %r2
	blrl

	.globl trap_common
trap_common:
	std %r0, KEPT(2)(%r1)
	std %r3, KEPT(3)(%r1)
	std %r4, KEPT(4)(%r1)
	mfcr %r4
	std %r4, KEPT(5)(%r1)
	mfsprg1 %r0
	ld %r4, CPU_TRAP_TOP(%r1)
	subf %r3, %r0, %r4
	cmpldi %r3, TRAP_STACK_BYTES
	bge 1f
	mr %r4, %r0
	addi %r4, %r4, -288             /* what a function may use below its stack pointer */
	clrrdi %r4, %r4, 4
1:	addi %r4, %r4, -FRAME_BYTES

	.set register, 5
	.rept 27
	std register, (register * 8)(%r4)
	.set register, register + 1
	.endr
	std %r0, 8(%r4)
	ld %r0, KEPT(0)(%r1)
	std %r0, 16(%r4)
	ld %r0, KEPT(1)(%r1)
	std %r0, FRAME_LINK(%r4)
	ld %r0, KEPT(2)(%r1)
	std %r0, 0(%r4)
	ld %r0, KEPT(3)(%r1)
	std %r0, 24(%r4)
	ld %r0, KEPT(4)(%r1)
	std %r0, 32(%r4)
	ld %r0, KEPT(5)(%r1)
	std %r0, FRAME_CR(%r4)
	mflr %r0
	std %r0, FRAME_VECTOR(%r4)
	mfsrr0 %r0
	std %r0, FRAME_PC(%r4)
	mfsrr1 %r0
	std %r0, FRAME_STATE(%r4)
	mfctr %r0
	std %r0, FRAME_COUNT(%r4)
	mfxer %r0
	std %r0, FRAME_XER(%r4)
	mfdar %r0
	std %r0, FRAME_ADDRESS(%r4)
	mfdsisr %r0
	std %r0, FRAME_CAUSE(%r4)

	mr %r3, %r4
	ld %r2, CPU_TOC(%r1)
	ld %r0, CPU_STATE(%r1)
	mtmsrd %r0
	isync
	li %r0, 0
	stdu %r0, -FRAME_LEAST(%r4)
	mr %r1, %r4
	mr %r31, %r3
	bl trap_entry
	nop

	/* From here on an exception would destroy what rfid needs. */
	li %r0, 0
	mtmsrd %r0, 1
	ld %r0, FRAME_PC(%r31)
	mtsrr0 %r0
	ld %r0, FRAME_STATE(%r31)
	mtsrr1 %r0
	ld %r0, FRAME_LINK(%r31)
	mtlr %r0
	ld %r0, FRAME_COUNT(%r31)
	mtctr %r0
	ld %r0, FRAME_XER(%r31)
	mtxer %r0
	ld %r0, FRAME_CR(%r31)
	mtcr %r0
	mr %r1, %r31
	ld %r0, 0(%r1)
	.set register, 2
	.rept 30
	ld register, (register * 8)(%r1)
	.set register, register + 1
	.endr
	ld %r1, 8(%r1)
	rfid

	.section .note.GNU-stack, "", @progbits
