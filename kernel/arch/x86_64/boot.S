/* SPDX-License-Identifier: MIT */
/*
 * The entries, one for each boot protocol.  The ELF file has a note for PVH, a header for
 * Multiboot2, and as its entry that of Linux's 64-bit protocol; the image's first byte and the one
 * at 0x200 are where the loader of a bzImage (setup.S) goes in.  So nobody has to guess who called.
 *
 * All go on in 32-bit protected mode with flat segments and paging off; ebx then holds the protocol
 * (enum boot_protocol) and ebp the address of what the loader tells.  There tables are built that
 * map the first 4 GiB one to one, and boot_main(protocol, address) is called in 64-bit mode.
 */
#define BOOT_PVH 0
#define BOOT_LINUX 1
#define BOOT_MULTIBOOT2 2
#define BOOT_UNKNOWN 3
#define PAGE_PRESENT_WRITE 0x3
#define PAGE_LARGE 0x80
#define CR0_PE_WP_PG 0x80010001
#define CR0_PG 0x80000000
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME_NXE 0x900
#define SELECTOR_DATA 16
#define SELECTOR_CODE32 24
#define LINUX64_OFFSET 0x200
#define MULTIBOOT2_HEADER 0xe85250d6
#define MULTIBOOT2_LOADED 0x36d76289
#define MULTIBOOT2_TAG_ENTRY 3
#define BOOT_STACK_TOP (cpu_stacks + 4096 + 65536)      /* struct cpu_stacks: guard, main */

	.section .note.pvh, "a", @note
	.align 4
	.long 4, 8, 18          /* sizes of name and value; XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad boot_pvh

	.section .text.boot, "ax", @progbits
	.code32
	/* Linux's 32-bit protocol: esi = boot_params. */
	.globl boot_linux32
boot_linux32:
	cli
	movl %esi, %ebp
	movl $BOOT_LINUX, %ebx
	jmp boot_common

	.balign 8
multiboot2_header:
	.long MULTIBOOT2_HEADER, 0, multiboot2_end - multiboot2_header
	.long -(MULTIBOOT2_HEADER + multiboot2_end - multiboot2_header)
	.word MULTIBOOT2_TAG_ENTRY, 0
	.long 12, boot_multiboot2, 0
	.word 0, 0
	.long 8
multiboot2_end:

boot_multiboot2:
	cli
	movl %ebx, %ebp
	movl $BOOT_MULTIBOOT2, %ebx
	cmpl $MULTIBOOT2_LOADED, %eax
	je boot_common
	movl $BOOT_UNKNOWN, %ebx
	jmp boot_common

boot_pvh:
	cli
	movl %ebx, %ebp
	movl $BOOT_PVH, %ebx
boot_common:
	cld
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

	/*
	 * Linux's 64-bit protocol: rsi = boot_params.  Back to where the 32-bit one begins, paging
	 * off: the loader's tables may have five levels, ours have four.
	 */
	.org boot_linux32 + LINUX64_OFFSET
	.code64
	.globl boot_linux64
boot_linux64:
	cli
	movq %rsi, %rax
	shrq $32, %rax
	jz 1f
	xorl %esi, %esi         /* out of reach: as good as none */
1:	lgdt boot_gdt_pointer
	ljmpl *boot_leave_pointer
	.code32
boot_leave:
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl %cr0, %eax
	andl $~CR0_PG, %eax
	movl %eax, %cr0
	jmp boot_linux32

	.code64
boot_long:
	movl $SELECTOR_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movq $BOOT_STACK_TOP, %rsp
	movl %ebx, %edi
	movl %ebp, %esi
	xorl %ebp, %ebp
	call boot_main
1:	hlt
	jmp 1b

	.section .rodata
	.align 8
boot_gdt:
	.quad 0
	.quad 0x00af9a000000ffff        /* 8: 64-bit code */
	.quad 0x00cf92000000ffff        /* 16: data */
	.quad 0x00cf9a000000ffff        /* 24: 32-bit code */
boot_gdt_pointer:
	.word . - boot_gdt - 1
	.quad boot_gdt
boot_leave_pointer:
	.long boot_leave
	.word SELECTOR_CODE32

	.bss
	.align 4096
boot_pml4:
	.skip 4096
boot_pointers:
	.skip 4096
boot_directories:
	.skip 4 * 4096

	.section .note.GNU-stack, "", @progbits
