/* SPDX-License-Identifier: MIT */
/*
 * The entries: of the boot CPU, behind the header of a Linux Image (x0 = device tree), and of the
 * others, by PSCI (x0 = struct cpu_start).  Both come at EL1 or EL2 with MMU and data cache off,
 * and go on at EL1 with SP_EL0 as the stack and SP_EL1 as that of exceptions.
 */
#define EL1_MASKED 0x3c5                /* EL1 with SP_EL1; all interrupts masked */
#define SCTLR_MMU_OFF 0x30d00800        /* the bits that must be 1 */
#define SCTLR_M_C_SA_I 0x100d
#define MAIR 0x00ff                     /* 0: write-back; 1: device, nGnRnE */
/* 48 bits of address, 4 KiB pages, table walks cached and inner shareable, no upper half. */
#define TCR 0x803510
#define PHYSICAL_48_BITS 5
#define RELATIVE 1027                   /* R_AARCH64_RELATIVE */
#define BOOT_STACK_TOP (cpu_stacks + 4096 + 65536)      /* struct cpu_stacks: guard, main */
#define BOOT_TRAP_TOP (BOOT_STACK_TOP + 4096 + 16384)   /* guard, trap */

	.macro address register, symbol
	adrp \register, \symbol
	add \register, \register, :lo12:\symbol
	.endm

	.section .text.boot, "ax", @progbits
	.globl boot_header
boot_header:
	b boot_entry
	.long 0
	.quad 0                         /* the image's place above a multiple of 2 MiB */
	.quad kernel_bytes
	.quad 0xa                       /* little-endian, 4 KiB pages, anywhere in memory */
	.quad 0, 0, 0
	.ascii "ARM\x64"
	.long 0

boot_entry:
	mov x19, x0
	bl enter_el1
	address x0, kernel_bss_start
	address x1, kernel_bss_end
1:	stp xzr, xzr, [x0], #16
	cmp x0, x1
	b.lo 1b

	/* What the linker left: addresses in data, to which the image's own is to be added. */
	address x0, kernel_moves_start
	address x1, kernel_moves_end
	address x2, kernel_start
2:	cmp x0, x1
	b.hs 4f
	ldp x3, x4, [x0], #16
	ldr x5, [x0], #8
	cmp w4, #RELATIVE
	b.ne 2b
	add x5, x5, x2
	str x5, [x3, x2]
	b 2b

4:	msr spsel, #1
	address x0, BOOT_TRAP_TOP
	mov sp, x0
	msr spsel, #0
	address x0, BOOT_STACK_TOP
	mov sp, x0
	mov x0, x19
	bl boot_early

	/* All that was written went past the cache, in which older contents may be. */
	address x1, kernel_start
	address x2, kernel_end
	mrs x3, ctr_el0
	ubfx x3, x3, #16, #4            /* words in the smallest cache line, as a power of two */
	mov x4, #4
	lsl x3, x4, x3
5:	dc ivac, x1
	add x1, x1, x3
	cmp x1, x2
	b.lo 5b
	bl enter_mmu
	mov x29, xzr
	bl boot_main
6:	wfi
	b 6b

	/* x0 = struct cpu_start: first table, the two stacks' tops, index. */
	.globl boot_secondary
boot_secondary:
	mov x19, x0
	bl enter_el1
	ldp x0, x1, [x19]
	ldp x2, x20, [x19, #16]
	msr spsel, #1
	mov sp, x2
	msr spsel, #0
	mov sp, x1
	bl enter_mmu
	mov x0, x20
	mov x29, xzr
	bl cpu_entry
7:	wfi
	b 7b

	/* From EL2 down to EL1, which is left everything it may have; x0 to x3 are used. */
enter_el1:
	msr daifset, #15
	ldr x1, =SCTLR_MMU_OFF
	mrs x0, CurrentEL
	cmp x0, #8
	b.eq 1f
	msr sctlr_el1, x1
	isb
	ret
1:	mov x0, #1 << 31                /* EL1 is 64-bit */
	msr hcr_el2, x0
	isb
	msr sctlr_el1, x1
	mov x0, #3                      /* counter and timer are not trapped */
	msr cnthctl_el2, x0
	msr cntvoff_el2, xzr
	mov x0, #0x33ff                 /* nothing of the floating point unit is trapped */
	msr cptr_el2, x0
	msr hstr_el2, xzr
	msr mdcr_el2, xzr
	msr vttbr_el2, xzr
	mrs x0, midr_el1
	msr vpidr_el2, x0
	mrs x0, mpidr_el1
	msr vmpidr_el2, x0
	mrs x0, id_aa64pfr0_el1
	ubfx x0, x0, #24, #4            /* the interrupt controller has system registers */
	cbz x0, 2f
	mrs x0, S3_4_C12_C9_5           /* ICC_SRE_EL2 */
	orr x0, x0, #1                  /* they are on */
	orr x0, x0, #8                  /* for EL1 too */
	msr S3_4_C12_C9_5, x0
	isb
	msr S3_4_C12_C11_0, xzr         /* ICH_HCR_EL2 */
2:	mov x0, #EL1_MASKED
	msr spsr_el2, x0
	msr elr_el2, x30
	eret

	/*
	 * void boot_change_map(root): by way of no map at all, because one address must not be
	 * found in two sizes.  Touches no memory meanwhile.
	 */
	.globl boot_change_map
boot_change_map:
	mrs x1, sctlr_el1
	bic x1, x1, #1
	dsb sy
	msr sctlr_el1, x1
	isb

	/* x0 = the first table. */
enter_mmu:
	msr ttbr0_el1, x0
	msr ttbr1_el1, xzr
	ldr x1, =MAIR
	msr mair_el1, x1
	ldr x1, =TCR
	mrs x2, id_aa64mmfr0_el1
	and x2, x2, #15
	mov x3, #PHYSICAL_48_BITS
	cmp x2, x3
	csel x2, x2, x3, lo
	orr x1, x1, x2, lsl #32
	msr tcr_el1, x1
	address x1, trap_vectors
	msr vbar_el1, x1
	dsb sy
	isb
	tlbi vmalle1
	ic iallu
	dsb sy
	isb
	mrs x1, sctlr_el1
	ldr x2, =SCTLR_M_C_SA_I
	orr x1, x1, x2
	msr sctlr_el1, x1
	isb
	ret

	.section .note.GNU-stack, "", @progbits
