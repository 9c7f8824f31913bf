/* SPDX-License-Identifier: MIT */
/*
 * memcpy, memmove, memset, memcmp.  In assembler because a compiler may turn a C loop that copies
 * into a call of memcpy, that is, of itself; and because "rep movs" is what this CPU is best at
 * without vector registers.
 */
	.text

	.globl memcpy
	.type memcpy, @function
memcpy:
	movq %rdi, %rax
	movq %rdx, %rcx
	shrq $3, %rcx
	rep movsq
	movl %edx, %ecx
	andl $7, %ecx
	rep movsb
	ret
	.size memcpy, . - memcpy

	/* Backwards only when the target begins inside the source. */
	.globl memmove
	.type memmove, @function
memmove:
	movq %rdi, %rax
	subq %rsi, %rax
	cmpq %rdx, %rax
	jae memcpy
	movq %rdi, %rax
	movq %rdx, %rcx
	leaq -1(%rdi, %rdx), %rdi
	leaq -1(%rsi, %rdx), %rsi
	std
	rep movsb
	cld
	ret
	.size memmove, . - memmove

	.globl memset
	.type memset, @function
memset:
	movq %rdi, %r8
	movzbl %sil, %eax
	movabsq $0x0101010101010101, %rcx
	imulq %rcx, %rax
	movq %rdx, %rcx
	shrq $3, %rcx
	rep stosq
	movl %edx, %ecx
	andl $7, %ecx
	rep stosb
	movq %r8, %rax
	ret
	.size memset, . - memset

	.globl memcmp
	.type memcmp, @function
memcmp:
	xorl %eax, %eax
	movq %rdx, %rcx
	cmpq %rcx, %rcx
	repe cmpsb
	je 1f
	movzbl -1(%rdi), %eax
	movzbl -1(%rsi), %edx
	subl %edx, %eax
1:	ret
	.size memcmp, . - memcmp

	.section .note.GNU-stack, "", @progbits
