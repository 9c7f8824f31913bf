/* SPDX-License-Identifier: MIT */
/*
 * memcpy, memmove, memset, memcmp.  In assembler because a compiler may turn a C loop that copies
 * into a call of memcpy, that is, of itself.  Sixteen bytes at a time, at any alignment: RAM takes
 * that once the MMU is on.
 */
	.text

	.globl memcpy
	.type memcpy, %function
memcpy:
	mov x3, x0
	and x4, x2, #15
	lsr x2, x2, #4
	cbz x2, 2f
1:	ldp x5, x6, [x1], #16
	stp x5, x6, [x3], #16
	subs x2, x2, #1
	b.ne 1b
2:	cbz x4, 4f
3:	ldrb w5, [x1], #1
	strb w5, [x3], #1
	subs x4, x4, #1
	b.ne 3b
4:	ret
	.size memcpy, . - memcpy

	/* Backwards only when the target begins inside the source. */
	.globl memmove
	.type memmove, %function
memmove:
	sub x3, x0, x1
	cmp x3, x2
	b.hs memcpy
	cbz x2, 2f
1:	sub x2, x2, #1
	ldrb w3, [x1, x2]
	strb w3, [x0, x2]
	cbnz x2, 1b
2:	ret
	.size memmove, . - memmove

	.globl memset
	.type memset, %function
memset:
	and x1, x1, #255
	mov x3, #0x0101010101010101
	mul x1, x1, x3
	mov x3, x0
	and x4, x2, #15
	lsr x2, x2, #4
	cbz x2, 2f
1:	stp x1, x1, [x3], #16
	subs x2, x2, #1
	b.ne 1b
2:	cbz x4, 4f
3:	strb w1, [x3], #1
	subs x4, x4, #1
	b.ne 3b
4:	ret
	.size memset, . - memset

	.globl memcmp
	.type memcmp, %function
memcmp:
	mov w3, wzr
1:	cbz x2, 2f
	sub x2, x2, #1
	ldrb w3, [x0], #1
	ldrb w4, [x1], #1
	subs w3, w3, w4
	b.eq 1b
2:	mov w0, w3
	ret
	.size memcmp, . - memcmp

	.section .note.GNU-stack, "", @progbits
