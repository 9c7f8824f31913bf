/* SPDX-License-Identifier: MIT */
/*
 * The entries, of the boot CPU (r5 = Open Firmware's client interface) and of the others (r3 =
 * struct cpu), and the way into firmware.  Both come with the MMU off; the first in 32-bit mode.
 */
#include "offsets.h"

#define RELATIVE 22                     /* R_PPC64_RELATIVE */
#define BOOT_STACK_TOP (cpu_stacks + 4096 + 65536)      /* struct cpu_stacks: guard, main */
#define FRAME_LEAST 32
#define SPR_PROCESS 48                  /* which process: the one of the kernel */

	.abiversion 2

	/* Puts the address of SYMBOL into REGISTER; r2 = TOC. */
	.macro address register, symbol
	addis \register, %r2, \symbol@toc@ha
	addi \register, \register, \symbol@toc@l
	.endm

	/* One instruction as the CPU reads it in big-endian mode. */
	.macro big word
	.byte (\word) >> 24, (\word) >> 16 & 255, (\word) >> 8 & 255, (\word) & 255
	.endm

	/*
	 * From big-endian mode, in which firmware enters and returns, to the kernel's own; uses
	 * r11, r12 and LR.
	 */
	.macro enter_byte_order
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	big 0x7d6000a6                  /* mfmsr %r11 */
	big 0x616b0001                  /* ori %r11, %r11, STATE_LITTLE */
	big 0x429f0005                  /* bcl 20, 31, . + 4 */
	big 0x7d8802a6                  /* mflr %r12 */
	big 0x398c0014                  /* addi %r12, %r12, 20: behind rfid */
	big 0x7d9a03a6                  /* mtsrr0 %r12 */
	big 0x7d7b03a6                  /* mtsrr1 %r11 */
	big 0x4c000024                  /* rfid */
#endif
	.endm

	.macro enter_64_bit
	mfmsr %r9
	li %r10, 1
	rldicr %r10, %r10, 63, 0
	or %r9, %r9, %r10
	rldicl %r9, %r9, 48, 1          /* no external interrupts */
	rotldi %r9, %r9, 16
	mtmsrd %r9
	isync
	.endm

	.section .text.boot, "ax", @progbits
	.globl boot_entry
boot_entry:
	enter_byte_order
	enter_64_bit
	bcl 20, 31, 1f
1:	mflr %r30
	addis %r2, %r30, (.TOC. - 1b)@ha
	addi %r2, %r2, (.TOC. - 1b)@l
	addi %r30, %r30, boot_entry - 1b        /* the image's own address */
	clrldi %r31, %r5, 32

	li %r0, 0
	address %r3, kernel_bss_start
	address %r4, kernel_bss_end
2:	std %r0, 0(%r3)
	addi %r3, %r3, 8
	cmpld %r3, %r4
	blt 2b

	/* What the linker left: addresses in data, to which the image's own is to be added. */
	address %r3, kernel_moves_start
	address %r4, kernel_moves_end
3:	cmpld %r3, %r4
	bge 4f
	ld %r5, 0(%r3)
	ld %r6, 8(%r3)
	ld %r7, 16(%r3)
	addi %r3, %r3, 24
	cmpwi %r6, RELATIVE             /* the lower half is the kind */
	bne 3b
	add %r7, %r7, %r30
	stdx %r7, %r5, %r30
	b 3b

4:	address %r1, BOOT_STACK_TOP
	stdu %r0, -FRAME_LEAST(%r1)
	mr %r3, %r31
	mr %r4, %r2
	bl boot_main
	nop
5:	b 5b

	.globl boot_secondary
boot_secondary:
	enter_byte_order
	enter_64_bit
	clrldi %r3, %r3, 32
	mtsprg0 %r3
	ld %r2, CPU_TOC(%r3)
	ld %r1, CPU_MAIN_TOP(%r3)
	li %r0, 0
	stdu %r0, -FRAME_LEAST(%r1)
	bl boot_map
	bl cpu_entry
	nop
6:	b 6b

	/* void boot_map(void): the MMU on, with the process table that the hypervisor was told. */
	.globl boot_map
boot_map:
	li %r4, 0
	mtspr SPR_PROCESS, %r4
	ptesync
	isync
	mfsprg0 %r4
	ld %r4, CPU_STATE(%r4)
	mtmsrd %r4
	isync
	blr

	/*
	 * void firmware_enter(arguments, base, entry): in 32-bit mode, without MMU, interrupts off.
	 * Firmware keeps no more than the lower halves of the registers that it has to keep.
	 */
	.globl firmware_enter
firmware_enter:
	mflr %r0
	std %r0, 16(%r1)
	mfcr %r0
	std %r0, 8(%r1)
	stdu %r1, -(FRAME_LEAST + 22 * 8)(%r1)
	.set register, 13
	.rept 19
	std register, (FRAME_LEAST + (register - 13) * 8)(%r1)
	.set register, register + 1
	.endr
	std %r2, (FRAME_LEAST + 19 * 8)(%r1)
	mfmsr %r6
	std %r6, (FRAME_LEAST + 20 * 8)(%r1)
	mfsprg0 %r6
	std %r6, (FRAME_LEAST + 21 * 8)(%r1)
	bcl 20, 31, 1f
1:	mflr %r7
	addi %r7, %r7, 2f - 1b
	mtlr %r7
	li %r7, 0
	mtmsrd %r7, 1                   /* neither interrupts, nor a way back from others */
	li %r7, STATE_FIRMWARE
	mtsrr0 %r5
	mtsrr1 %r7
	rfid
2:	enter_byte_order
	enter_64_bit
	clrldi %r1, %r1, 32
	bcl 20, 31, 3f
3:	mflr %r7
	addi %r7, %r7, 4f - 3b
	ld %r6, (FRAME_LEAST + 20 * 8)(%r1)
	mtsrr0 %r7
	mtsrr1 %r6
	rfid
4:	ld %r2, (FRAME_LEAST + 19 * 8)(%r1)
	ld %r6, (FRAME_LEAST + 21 * 8)(%r1)
	mtsprg0 %r6
	.set register, 13
	.rept 19
	ld register, (FRAME_LEAST + (register - 13) * 8)(%r1)
	.set register, register + 1
	.endr
	addi %r1, %r1, FRAME_LEAST + 22 * 8
	ld %r0, 8(%r1)
	mtcr %r0
	ld %r0, 16(%r1)
	mtlr %r0
	blr

	.section .note.GNU-stack, "", @progbits
