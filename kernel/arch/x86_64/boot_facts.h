/* SPDX-License-Identifier: MIT */
/*
 * What boot loaders tell, of every boot protocol, made one.
 *
 * A reader gets the address at which its protocol's description begins and REACH, the first address
 * that cannot be read.  It fills in FACTS, which were all zero, and returns NULL, or what is wrong
 * as text for a person.  What it reads is checked against REACH and against itself, and copied:
 * afterwards the memory in which it stands may be used.  Numbers are little-endian everywhere.
 */
#ifndef KERNEL_ARCH_X86_64_BOOT_FACTS_H
#define KERNEL_ARCH_X86_64_BOOT_FACTS_H

#include "kernel/core/arch.h"

#define BOOT_COMMAND_LINE_BYTES 4096u
#define BOOT_ROOT_BYTES 36u

struct boot_facts {
	struct memory_range ram[MEMORY_RANGES_MAX]; /* what is more is left out */
	unsigned ram_count;
	struct memory_range initrd;      /* no bytes: there is none; otherwise RAM within REACH */
	unsigned modules_unused;         /* what the loader brought along behind the first */
	uint64_t root_pointer;           /* address of ACPI's root pointer; 0: not told */
	uint8_t root_copy[BOOT_ROOT_BYTES]; /* the root pointer itself, where that was told */
	bool has_root_copy;
	char command_line[BOOT_COMMAND_LINE_BYTES]; /* cut where it is longer */
};

typedef const char *boot_reader(struct boot_facts *facts, uint64_t address, uint64_t reach);

/* Xen's struct hvm_start_info, version 1 or later. */
boot_reader boot_read_pvh;

/* Linux's struct boot_params ("zero page"). */
boot_reader boot_read_linux;

/* Multiboot2's list of tags. */
boot_reader boot_read_multiboot2;

#endif
