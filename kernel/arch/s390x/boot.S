/* SPDX-License-Identifier: MIT */
/*
 * The entries: of the boot CPU, at 64 KiB as Linux has it, with the area where the loader puts its
 * parameters; and of the others, by the restart PSW of their own prefix area.  Both come with
 * translation off.
 */
#include "lowcore.h"

#define SET_ARCHITECTURE 0x12
#define ARCHITECTURE_Z 1

	.section .text.boot, "ax", @progbits
	.globl boot_entry
boot_entry:
	j boot_start
	.org 0x8
	.ascii "S390EP"
	.org 0x400
	.globl boot_parameters
boot_parameters:
	.org 0x1000                     /* the loader writes up to here, see boot.c */

	/* A CPU that comes from ESA/390 is told to be what we need. */
boot_start:
	lhi %r1, ARCHITECTURE_Z
	slr %r0, %r0
	slr %r2, %r2
	sigp %r0, %r2, SET_ARCHITECTURE
	sam64
	larl %r2, kernel_bss_start
	lghi %r3, 0
	larl %r4, kernel_bss_end
	slgr %r4, %r2
	larl %r15, cpu_stacks
	agfi %r15, BOOT_STACK_TOP - CALL_AREA
	brasl %r14, memset
	xc 0(8, %r15), 0(%r15)
	brasl %r14, boot_main
1:	j 1b

	/* What it needs is in its prefix area: see lowcore.h. */
	.globl boot_secondary
boot_secondary:
	lctlg %c0, %c15, LOWCORE_CONTROLS
	lg %r2, LOWCORE_CPU
	lg %r15, LOWCORE_MAIN_STACK
	aghi %r15, -CALL_AREA
	xc 0(8, %r15), 0(%r15)
	larl %r14, cpu_entry
	stg %r14, LOWCORE_RETURN + 8
	mvc LOWCORE_RETURN(8), LOWCORE_ENTER
	lpswe LOWCORE_RETURN

	.section .note.GNU-stack, "", @progbits
