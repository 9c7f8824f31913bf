/* SPDX-License-Identifier: MIT */
/*
 * The head of the bzImage, which the Makefile puts before the kernel's flat image: the setup header
 * of Linux's boot protocol, version 2.12, and the code that its 16-bit entry asks for.  Loaders
 * that go in at the 32-bit or the 64-bit entry (boot.S) read the header alone.
 *
 * The 16-bit entry comes at offset 0x200 of a segment below 1 MiB, with BIOS calls at hand.  It
 * builds boot_params behind itself: the header as the loader filled it in, and the BIOS's memory
 * map.
 */
#define SETUP_SECTORS 1                 /* behind the boot sector */
#define SETUP_BYTES ((SETUP_SECTORS + 1) * 512)
#define HEADER 0x1f1
#define LOADED_HIGH 1
#define XLF_KERNEL_64 1
#define PARAMS SETUP_BYTES
#define PARAMS_BYTES 4096
#define PARAMS_E820_COUNT (PARAMS + 0x1e8)
#define PARAMS_E820 (PARAMS + 0x2d0)
#define E820_MAX 128
#define E820_BYTES 20
#define E820_MAGIC 0x534d4150           /* "SMAP" */
#define A20_PORT 0x92
#define A20_ON 2
#define A20_RESET 1

	.section .setup, "", @progbits
	.code16
setup:
	.org HEADER
	.byte SETUP_SECTORS
	.word 0                         /* root_flags */
	.long setup_paragraphs          /* syssize */
	.word 0, 0xffff, 0              /* ram_size, vid_mode (as it is), root_dev */
	.word 0xaa55
	.byte 0xeb, setup_entry - 1f    /* a short jump */
1:	.ascii "HdrS"
	.word 0x020c
	.long 0                         /* realmode_swtch */
	.word 0, 0                      /* start_sys_seg, kernel_version */
	.byte 0, LOADED_HIGH            /* type_of_loader, loadflags */
	.word 0x8000                    /* setup_move_size */
	.long boot_linux32              /* code32_start */
	.long 0, 0, 0                   /* ramdisk_image, ramdisk_size, bootsect_kludge */
	.word 0, 0                      /* heap_end_ptr, ext_loader_ver and _type */
	.long 0                         /* cmd_line_ptr */
	.long 0x7fffffff                /* initrd_addr_max */
	.long 0x100000                  /* kernel_alignment */
	.byte 0, 0                      /* relocatable_kernel, min_alignment */
	.word XLF_KERNEL_64
	.long 4095                      /* cmdline_size */
	.long 0, 0, 0                   /* hardware_subarch and its data */
	.long 0, 0                      /* payload_offset, payload_length: it is not compressed */
	.quad 0, kernel_start           /* setup_data, pref_address */
	.long setup_memory, 0           /* init_size, handover_offset */
setup_header_end:

setup_entry:
	cld
	movw %cs, %ax
	subw $0x20, %ax
	movw %ax, %ds
	movw %ax, %es
	movw $PARAMS, %di
	movw $(PARAMS_BYTES / 4), %cx
	xorl %eax, %eax
	rep stosl
	movw $HEADER, %si
	movw $(PARAMS + HEADER), %di
	movw $(setup_header_end - setup - HEADER), %cx
	rep movsb

	movw $PARAMS_E820, %di
	xorl %ebx, %ebx
1:	movl $0xe820, %eax
	movl $E820_BYTES, %ecx
	movl $E820_MAGIC, %edx
	int $0x15
	jc 2f
	cmpl $E820_MAGIC, %eax
	jne 2f
	incb PARAMS_E820_COUNT
	addw $E820_BYTES, %di
	cmpb $E820_MAX, PARAMS_E820_COUNT
	je 2f
	testl %ebx, %ebx
	jnz 1b

	/* Address line 20, by the BIOS and by the port that most chipsets have. */
2:	movw $0x2401, %ax
	int $0x15
	cli
	inb $A20_PORT, %al
	orb $A20_ON, %al
	andb $~A20_RESET, %al
	outb %al, $A20_PORT

	xorl %ebp, %ebp
	movw %ds, %bp
	shll $4, %ebp
	leal setup_gdt(%ebp), %eax
	movl %eax, setup_gdt_pointer + 2
	leal PARAMS(%ebp), %esi
	lgdtl setup_gdt_pointer
	movl $1, %eax
	movl %eax, %cr0
	movw $0x18, %ax
	movw %ax, %ds
	movw %ax, %es
	movw %ax, %ss
	xorl %ebx, %ebx
	xorl %edi, %edi
	xorl %ebp, %ebp
	ljmpl $0x10, $boot_linux32

	.balign 8
setup_gdt:
	.quad 0, 0
	.quad 0x00cf9a000000ffff        /* 0x10: code, 32 bits, flat */
	.quad 0x00cf92000000ffff        /* 0x18: data, flat */
setup_gdt_pointer:
	.word . - setup_gdt - 1
	.long 0
	.org SETUP_BYTES

	.section .note.GNU-stack, "", @progbits
