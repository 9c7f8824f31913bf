/* SPDX-License-Identifier: MIT */
/*
 * memcpy, memmove, memset, memcmp.  In assembler because a compiler may turn a C loop that copies
 * into a call of memcpy, that is, of itself.  Thirty-two bytes at a time where both sides are
 * aligned alike to eight; otherwise byte by byte, for nothing here may be unaligned.
 */
	.text

	.globl memcpy
	.type memcpy, @function
memcpy:
	mv a3, a0
	xor t0, a0, a1
	andi t0, t0, 7
	bnez t0, 4f
1:	andi t0, a3, 7
	beqz t0, 2f
	beqz a2, 5f
	lbu t1, (a1)
	sb t1, (a3)
	addi a1, a1, 1
	addi a3, a3, 1
	addi a2, a2, -1
	j 1b
2:	li t0, 32
3:	bltu a2, t0, 4f
	ld t1, (a1)
	ld t2, 8(a1)
	ld t3, 16(a1)
	ld t4, 24(a1)
	sd t1, (a3)
	sd t2, 8(a3)
	sd t3, 16(a3)
	sd t4, 24(a3)
	addi a1, a1, 32
	addi a3, a3, 32
	addi a2, a2, -32
	j 3b
4:	beqz a2, 5f
	lbu t1, (a1)
	sb t1, (a3)
	addi a1, a1, 1
	addi a3, a3, 1
	addi a2, a2, -1
	j 4b
5:	ret
	.size memcpy, . - memcpy

	/* Backwards only when the target begins inside the source. */
	.globl memmove
	.type memmove, @function
memmove:
	sub t0, a0, a1
	bgeu t0, a2, memcpy
1:	beqz a2, 2f
	addi a2, a2, -1
	add t0, a1, a2
	lbu t1, (t0)
	add t0, a0, a2
	sb t1, (t0)
	j 1b
2:	ret
	.size memmove, . - memmove

	.globl memset
	.type memset, @function
memset:
	mv a3, a0
	andi a1, a1, 255
	slli t0, a1, 8
	or a1, a1, t0
	slli t0, a1, 16
	or a1, a1, t0
	slli t0, a1, 32
	or a1, a1, t0
1:	andi t0, a3, 7
	beqz t0, 2f
	beqz a2, 5f
	sb a1, (a3)
	addi a3, a3, 1
	addi a2, a2, -1
	j 1b
2:	li t0, 32
3:	bltu a2, t0, 4f
	sd a1, (a3)
	sd a1, 8(a3)
	sd a1, 16(a3)
	sd a1, 24(a3)
	addi a3, a3, 32
	addi a2, a2, -32
	j 3b
4:	beqz a2, 5f
	sb a1, (a3)
	addi a3, a3, 1
	addi a2, a2, -1
	j 4b
5:	ret
	.size memset, . - memset

	.globl memcmp
	.type memcmp, @function
memcmp:
	li t2, 0
1:	beqz a2, 2f
	lbu t0, (a0)
	lbu t1, (a1)
	addi a0, a0, 1
	addi a1, a1, 1
	addi a2, a2, -1
	sub t2, t0, t1
	beqz t2, 1b
2:	mv a0, t2
	ret
	.size memcmp, . - memcmp

	.section .note.GNU-stack, "", @progbits
