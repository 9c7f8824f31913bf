/* SPDX-License-Identifier: MIT */
/* The four memory functions, in pieces of 256 bytes, which one instruction moves. */
	.text

	/* void *memcpy(void *to, const void *from, size_t bytes) */
	.balign 16
	.globl memcpy
memcpy:
	lgr %r1, %r2
	aghi %r4, -1
	bmr %r14
	srlg %r5, %r4, 8
	ltgr %r5, %r5
	jz 2f
1:	mvc 0(256, %r1), 0(%r3)
	la %r1, 256(%r1)
	la %r3, 256(%r3)
	brctg %r5, 1b
2:	exrl %r4, 3f
	br %r14
3:	mvc 0(1, %r1), 0(%r3)

	/* void *memmove(void *to, const void *from, size_t bytes) */
	.balign 16
	.globl memmove
memmove:
	lgr %r5, %r2
	slgr %r5, %r3
	clgr %r5, %r4
	jhe memcpy                      /* TO does not lie within what is still to be read */
	aghi %r4, -1
	bmr %r14
4:	ic %r0, 0(%r4, %r3)
	stc %r0, 0(%r4, %r2)
	aghi %r4, -1
	jnm 4b
	br %r14

	/* void *memset(void *at, int byte, size_t bytes): each byte is copied from the last. */
	.balign 16
	.globl memset
memset:
	lgr %r1, %r2
	aghi %r4, -1
	bmr %r14
	stc %r3, 0(%r1)
	ltgr %r4, %r4
	bzr %r14
	aghi %r4, -1
	srlg %r5, %r4, 8
	ltgr %r5, %r5
	jz 6f
5:	mvc 1(256, %r1), 0(%r1)
	la %r1, 256(%r1)
	brctg %r5, 5b
6:	exrl %r4, 7f
	br %r14
7:	mvc 1(1, %r1), 0(%r1)

	/* int memcmp(const void *a, const void *b, size_t bytes) */
	.balign 16
	.globl memcmp
memcmp:
	lgr %r1, %r2
	lghi %r2, 0
	aghi %r4, -1
	bmr %r14
	srlg %r5, %r4, 8
	ltgr %r5, %r5
	jz 9f
8:	clc 0(256, %r1), 0(%r3)
	jne 10f
	la %r1, 256(%r1)
	la %r3, 256(%r3)
	brctg %r5, 8b
9:	exrl %r4, 12f
	ber %r14
10:	lghi %r2, 1
	jh 11f
	lghi %r2, -1
11:	br %r14
12:	clc 0(1, %r1), 0(%r3)

	.section .note.GNU-stack, "", @progbits
