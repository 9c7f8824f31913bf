/* SPDX-License-Identifier: MIT */
/*
 * All traps: save all registers (struct trap_frame) on the stack of exceptions and call
 * trap_entry(frame).
 *
 * sscratch is that stack's top, or 0 while it is in use: a trap within a trap, which is never
 * returned from, goes on below.
 */
#define FRAME_BYTES 288

	.macro registers instruction
	\instruction x1, 8(sp)
	.irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, \
		25, 26, 27, 28, 29, 30, 31
	\instruction x\n, 8 * \n(sp)
	.endr
	.endm

	.text
	.balign 4
	.globl trap_vector
trap_vector:
	csrrw sp, sscratch, sp
	bnez sp, 1f
	csrr sp, sscratch
1:	addi sp, sp, -FRAME_BYTES
	sd zero, (sp)
	registers sd
	csrrw t0, sscratch, zero
	sd t0, 16(sp)                   /* the interrupted stack */
	csrr t0, sepc
	sd t0, 256(sp)
	csrr t0, sstatus
	sd t0, 264(sp)
	csrr t0, scause
	sd t0, 272(sp)
	csrr t0, stval
	sd t0, 280(sp)
	mv a0, sp
	call trap_entry
	ld t0, 256(sp)
	csrw sepc, t0
	ld t0, 264(sp)
	csrw sstatus, t0
	addi t0, sp, FRAME_BYTES
	csrw sscratch, t0
	registers ld
	ld sp, 16(sp)
	sret

	.section .note.GNU-stack, "", @progbits
