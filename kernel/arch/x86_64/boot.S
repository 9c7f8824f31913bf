/* SPDX-License-Identifier: MIT */
/*
 * The PVH entry: 32-bit protected mode, flat segments, paging off, ebx = start_info.  Builds tables
 * that map the first 4 GiB one to one, switches to 64-bit mode and calls boot_main(start_info).
 */
#define PAGE_PRESENT_WRITE 0x3
#define PAGE_LARGE 0x80
#define CR0_PE_WP_PG 0x80010001
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define BOOT_STACK_TOP (cpu_stacks + 4096 + 65536)      /* struct cpu_stacks: guard, main */

	.section .note.pvh, "a", @note
	.align 4
	.long 4, 8, 18          /* sizes of name and value; XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad boot_entry

	.section .text.boot, "ax", @progbits
	.code32
	.globl boot_entry
boot_entry:
	cli
	cld
	movl %ebx, %ebp
	movl $kernel_bss_start, %edi
	movl $kernel_bss_end, %ecx
	subl %edi, %ecx
	shrl $2, %ecx
	xorl %eax, %eax
	rep stosl
	movl $BOOT_STACK_TOP, %esp
	call boot_tables
	movl $boot_pml4, %eax
	movl %eax, %cr3
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME_NXE, %eax
	wrmsr
	movl $CR0_PE_WP_PG, %eax
	movl %eax, %cr0
	lgdt boot_gdt_pointer
	ljmpl $8, $boot_long

	/* 2048 large pages in four directories; the caller has cleared the tables. */
boot_tables:
	movl $boot_directories, %edi
	movl $(PAGE_PRESENT_WRITE | PAGE_LARGE), %eax
	movl $2048, %ecx
1:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 1b
	movl $boot_pointers, %edi
	movl $(boot_directories + PAGE_PRESENT_WRITE), %eax
	movl $4, %ecx
2:	movl %eax, (%edi)
	addl $4096, %eax
	addl $8, %edi
	loop 2b
	movl $(boot_pointers + PAGE_PRESENT_WRITE), boot_pml4
	ret

	.code64
boot_long:
	movl $16, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq $BOOT_STACK_TOP, %rsp
	movl %ebp, %edi
	xorl %ebp, %ebp
	call boot_main
1:	hlt
	jmp 1b

	/* A table of segments that also the code which starts other CPUs uses. */
	.section .rodata
	.align 8
boot_gdt:
	.quad 0
	.quad 0x00af9a000000ffff        /* 8: 64-bit code */
	.quad 0x00cf92000000ffff        /* 16: data */
boot_gdt_pointer:
	.word . - boot_gdt - 1
	.quad boot_gdt

	.bss
	.align 4096
boot_pml4:
	.skip 4096
boot_pointers:
	.skip 4096
boot_directories:
	.skip 4 * 4096

	.section .note.GNU-stack, "", @progbits
