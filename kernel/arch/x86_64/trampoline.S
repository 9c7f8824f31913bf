/* SPDX-License-Identifier: MIT */
/*
 * What a started CPU runs first, in real mode, copied to a page below 1 MiB whose number is its
 * code segment / 256.  All addresses are relative to that page (in ebx once it is known); the words
 * at the end are filled in by smp.c before each start.
 */
#define PAGE_CR0 0x80010001
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define AT(symbol) (symbol - trampoline)

	.section .rodata
	.balign 16
	.globl trampoline
trampoline:
	.code16
	cli
	cld
	xorl %ebx, %ebx
	movw %cs, %bx
	movw %bx, %ds
	shll $4, %ebx
	leal AT(trampoline_gdt)(%ebx), %eax
	movl %eax, AT(trampoline_gdt_pointer) + 2
	leal AT(trampoline_protected)(%ebx), %eax
	movl %eax, AT(trampoline_far)
	leal AT(trampoline_long)(%ebx), %eax
	movl %eax, AT(trampoline_far_long)
	lgdtl AT(trampoline_gdt_pointer)
	movl $1, %eax
	movl %eax, %cr0
	ljmpl *AT(trampoline_far)

	.code32
trampoline_protected:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl AT(trampoline_root)(%ebx), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME_NXE, %eax
	wrmsr
	movl $PAGE_CR0, %eax
	movl %eax, %cr0
	ljmpl *AT(trampoline_far_long)(%ebx)

	.code64
trampoline_long:
	movq AT(trampoline_stack)(%rbx), %rsp
	movl AT(trampoline_cpu)(%rbx), %edi
	movq AT(trampoline_entry)(%rbx), %rax
	xorl %ebp, %ebp
	pushq $0
	jmp *%rax

	.balign 8
trampoline_gdt:
	.quad 0
	.quad 0x00af9a000000ffff        /* 8: 64-bit code */
	.quad 0x00cf92000000ffff        /* 16: data */
	.quad 0x00cf9a000000ffff        /* 24: 32-bit code */
trampoline_gdt_pointer:
	.word . - trampoline_gdt - 1
	.long 0
	.balign 8
trampoline_far:
	.long 0
	.word 24
	.balign 8
trampoline_far_long:
	.long 0
	.word 8

	.balign 8
	.globl trampoline_stack, trampoline_entry, trampoline_root, trampoline_cpu, trampoline_end
trampoline_stack:
	.quad 0
trampoline_entry:
	.quad 0
trampoline_root:
	.long 0
trampoline_cpu:
	.long 0
trampoline_end:

	.section .note.GNU-stack, "", @progbits
