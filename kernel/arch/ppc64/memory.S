/* SPDX-License-Identifier: MIT */
/*
 * memcpy, memmove, memset, memcmp.  In assembler because a compiler may turn a C loop that copies
 * into a call of memcpy, that is, of itself.  Sixteen bytes at a time, at any alignment: RAM takes
 * that.
 */
	.abiversion 2
	.text

	.globl memcpy
	.type memcpy, @function
memcpy:
	mr %r6, %r3
	srdi. %r0, %r5, 4
	beq 2f
	mtctr %r0
1:	ld %r7, 0(%r4)
	ld %r8, 8(%r4)
	addi %r4, %r4, 16
	std %r7, 0(%r6)
	std %r8, 8(%r6)
	addi %r6, %r6, 16
	bdnz 1b
2:	andi. %r5, %r5, 15
	beqlr
	mtctr %r5
3:	lbz %r7, 0(%r4)
	addi %r4, %r4, 1
	stb %r7, 0(%r6)
	addi %r6, %r6, 1
	bdnz 3b
	blr
	.size memcpy, . - memcpy

	/* Backwards only when the target begins inside the source. */
	.globl memmove
	.type memmove, @function
memmove:
	subf %r6, %r4, %r3
	cmpld %r6, %r5
	bge memcpy
	cmpdi %r5, 0
	beqlr
	mtctr %r5
	add %r4, %r4, %r5
	add %r6, %r3, %r5
1:	lbzu %r7, -1(%r4)
	stbu %r7, -1(%r6)
	bdnz 1b
	blr
	.size memmove, . - memmove

	.globl memset
	.type memset, @function
memset:
	mr %r6, %r3
	rlwimi %r4, %r4, 8, 16, 23      /* the byte, two, four and eight times */
	rlwimi %r4, %r4, 16, 0, 15
	rldimi %r4, %r4, 32, 0
	srdi. %r0, %r5, 4
	beq 2f
	mtctr %r0
1:	std %r4, 0(%r6)
	std %r4, 8(%r6)
	addi %r6, %r6, 16
	bdnz 1b
2:	andi. %r5, %r5, 15
	beqlr
	mtctr %r5
3:	stb %r4, 0(%r6)
	addi %r6, %r6, 1
	bdnz 3b
	blr
	.size memset, . - memset

	.globl memcmp
	.type memcmp, @function
memcmp:
	mr %r6, %r3
	li %r3, 0
	cmpdi %r5, 0
	beqlr
	mtctr %r5
1:	lbz %r7, 0(%r6)
	lbz %r8, 0(%r4)
	addi %r6, %r6, 1
	addi %r4, %r4, 1
	subf. %r3, %r8, %r7
	bdnzt eq, 1b
	blr
	.size memcmp, . - memcmp

	.section .note.GNU-stack, "", @progbits
