/* SPDX-License-Identifier: MIT */
/*
 * The sixteen vectors: save all registers (struct trap_frame) on the stack of exceptions and call
 * trap_entry(frame, vector).
 */
#define FRAME_BYTES 288

	.text
	.balign 2048
	.globl trap_vectors
trap_vectors:
	.set vector, 0
	.rept 16
	.balign 128
	sub sp, sp, #FRAME_BYTES
	stp x0, x1, [sp]
	mov x1, #vector
	b trap_common
	.set vector, vector + 1
	.endr

	.balign 128
trap_common:
	stp x2, x3, [sp, #16]
	stp x4, x5, [sp, #32]
	stp x6, x7, [sp, #48]
	stp x8, x9, [sp, #64]
	stp x10, x11, [sp, #80]
	stp x12, x13, [sp, #96]
	stp x14, x15, [sp, #112]
	stp x16, x17, [sp, #128]
	stp x18, x19, [sp, #144]
	stp x20, x21, [sp, #160]
	stp x22, x23, [sp, #176]
	stp x24, x25, [sp, #192]
	stp x26, x27, [sp, #208]
	stp x28, x29, [sp, #224]
	/* The interrupted stack: SP_EL0 for vectors 0 to 3, otherwise this one before. */
	mrs x2, sp_el0
	add x3, sp, #FRAME_BYTES
	cmp x1, #4
	csel x2, x2, x3, lo
	stp x30, x2, [sp, #240]
	mrs x2, elr_el1
	mrs x3, spsr_el1
	stp x2, x3, [sp, #256]
	mrs x2, esr_el1
	mrs x3, far_el1
	stp x2, x3, [sp, #272]
	mov x0, sp
	bl trap_entry
	ldp x2, x3, [sp, #256]
	msr elr_el1, x2
	msr spsr_el1, x3
	ldp x2, x3, [sp, #16]
	ldp x4, x5, [sp, #32]
	ldp x6, x7, [sp, #48]
	ldp x8, x9, [sp, #64]
	ldp x10, x11, [sp, #80]
	ldp x12, x13, [sp, #96]
	ldp x14, x15, [sp, #112]
	ldp x16, x17, [sp, #128]
	ldp x18, x19, [sp, #144]
	ldp x20, x21, [sp, #160]
	ldp x22, x23, [sp, #176]
	ldp x24, x25, [sp, #192]
	ldp x26, x27, [sp, #208]
	ldp x28, x29, [sp, #224]
	ldr x30, [sp, #240]
	ldp x0, x1, [sp]
	add sp, sp, #FRAME_BYTES
	eret

	.section .note.GNU-stack, "", @progbits
