/* SPDX-License-Identifier: MIT */
/*
 * The entries: of the boot CPU, behind the header of a Linux Image (a0 = hart, a1 = device tree),
 * and of the others, by the firmware (a0 = hart, a1 = struct cpu_start).  Both come in supervisor
 * mode with interrupts and MMU off.  From here on tp is the CPU's index, and sscratch the top of
 * its stack of exceptions.
 */
#define LINKED 0x80200000               /* see link.ld */
#define TEXT_OFFSET 0x200000
#define VERSION_0_2 2
#define RELATIVE 3                      /* R_RISCV_RELATIVE */
#define MAIN_TOP (4096 + 65536)         /* of struct cpu_stacks: guard, main */
#define TRAP_TOP (MAIN_TOP + 4096 + 16384)      /* guard, trap */

	.section .text.boot, "ax", @progbits
	.option norvc
	.globl boot_header
boot_header:
	j boot_entry
	nop
	.quad TEXT_OFFSET               /* the image's place above the beginning of memory */
	.quad kernel_end - boot_header
	.quad 0                         /* little-endian */
	.long VERSION_0_2
	.long 0
	.quad 0
	.ascii "RISCV\0\0\0"
	.ascii "RSC\x05"
	.long 0

boot_entry:
	csrw sie, zero
	csrw satp, zero
	lla t0, kernel_bss_start
	lla t1, kernel_bss_end
1:	sd zero, (t0)
	addi t0, t0, 8
	bltu t0, t1, 1b

	/* What the linker left: addresses in data, to which the way moved is to be added. */
	lla t0, kernel_moves_start
	lla t1, kernel_moves_end
	lla t2, kernel_start
	li t3, LINKED
	sub t2, t2, t3
	li t3, RELATIVE
2:	bgeu t0, t1, 3f
	ld t4, (t0)
	ld t5, 8(t0)
	ld t6, 16(t0)
	addi t0, t0, 24
	bne t5, t3, 2b
	add t4, t4, t2
	add t6, t6, t2
	sd t6, (t4)
	j 2b

3:	lla t0, cpu_stacks
	li t1, MAIN_TOP
	add sp, t0, t1
	li t1, TRAP_TOP
	add t0, t0, t1
	csrw sscratch, t0
	lla t0, trap_vector
	csrw stvec, t0
	li tp, 0
	li fp, 0
	call boot_main
4:	wfi
	j 4b

	/* a1 = struct cpu_start: address translation, the two stacks' tops, index. */
	.globl boot_secondary
boot_secondary:
	csrw sie, zero
	ld t0, (a1)
	ld sp, 8(a1)
	ld t1, 16(a1)
	ld tp, 24(a1)
	csrw sscratch, t1
	lla t1, trap_vector
	csrw stvec, t1
	csrw satp, t0
	sfence.vma
	mv a0, tp
	li fp, 0
	call cpu_entry
5:	wfi
	j 5b

	.section .note.GNU-stack, "", @progbits
