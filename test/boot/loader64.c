/* SPDX-License-Identifier: MIT */
/*
 * A loader for the test of Linux's 64-bit boot protocol, for want of one in QEMU: it does in the
 * guest what Firecracker and Cloud Hypervisor do from outside.
 *
 * QEMU starts it by PVH with the kernel as the initrd, an ELF file or a bzImage.  It loads the
 * former's segments, or what stands behind the latter's setup code, enters the memory map, ACPI's
 * root and the command line into boot_params, and enters the kernel in 64-bit mode, at the ELF's
 * entry or at 0x200 of the image, with Firecracker's picture of memory: segments at 0x500,
 * boot_params at 0x7000, stack below 0x8ff0, tables from 0x9000 that map 1 GiB, command line at
 * 0x20000.  cases_boot.py compiles it; MAGIC is what the setup header says.
 */
#include <elf.h>
#include <stdint.h>

#define PARAMS 0x7000
#define COMMAND_LINE 0x20000
#define IMAGE 0x100000
#define HEADER 0x1f1
#define HEADER_END 0x268

struct start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, command_line, root_pointer, ranges;
	uint32_t range_count;
};

struct range {
	uint64_t start, bytes;
	uint32_t type, reserved;
};

__asm__(".pushsection .note.pvh, \"a\", @note\n"
	"	.long 4, 8, 18\n"
	"	.asciz \"Xen\"\n"
	"	.quad loader_entry\n"
	".popsection\n"
	".pushsection .text\n"
	"	.code32\n"
	"loader_entry:\n"
	"	cli\n"
	"	cld\n"
	"	movl $0x7000, %edi\n" /* boot_params, stack and tables */
	"	movl $0x1400, %ecx\n"
	"	xorl %eax, %eax\n"
	"	rep stosl\n"
	"	movl $0xa003, 0x9000\n"
	"	movl $0xb003, 0xa000\n"
	"	movl $0x83, %eax\n"
	"	movl $0xb000, %edi\n"
	"1:	movl %eax, (%edi)\n"
	"	addl $0x200000, %eax\n"
	"	addl $8, %edi\n"
	"	cmpl $0xc000, %edi\n"
	"	jne 1b\n"
	"	movl $0, 0x500\n"
	"	movl $0, 0x504\n"
	"	movl $0x0000ffff, 0x508\n" /* code, 64 bits */
	"	movl $0x00af9b00, 0x50c\n"
	"	movl $0x0000ffff, 0x510\n" /* data */
	"	movl $0x00cf9300, 0x514\n"
	"	lgdt segments\n"
	"	movl $0x9000, %eax\n"
	"	movl %eax, %cr3\n"
	"	movl $0x20, %eax\n"
	"	movl %eax, %cr4\n"
	"	movl $0xc0000080, %ecx\n"
	"	rdmsr\n"
	"	orl $0x100, %eax\n"
	"	wrmsr\n"
	"	movl $0x80000011, %eax\n"
	"	movl %eax, %cr0\n"
	"	ljmpl $8, $2f\n"
	"	.code64\n"
	"2:	movl $16, %eax\n"
	"	movl %eax, %ds\n"
	"	movl %eax, %es\n"
	"	movl %eax, %ss\n"
	"	movl $0x8ff0, %esp\n"
	"	movl %ebx, %edi\n"
	"	call load\n"
	"	movl $0x8ff0, %esp\n"
	"	movl %esp, %ebp\n"
	"	movl $0x7000, %esi\n"
	"	jmp *%rax\n"
	"segments:\n"
	"	.word 23\n"
	"	.quad 0x500\n"
	".popsection\n");

uint64_t load(const struct start_info *info);

static void
copy(uint64_t to, uint64_t from, uint64_t bytes)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes)::"memory");
}

static void
clear(uint64_t to, uint64_t bytes)
{
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(0) : "memory");
}

static void
put(uint64_t address, const void *value, unsigned bytes)
{
	copy(address, (uintptr_t)value, bytes);
}

static uint64_t
load_elf(uint64_t file)
{
	const Elf64_Ehdr *elf = (const Elf64_Ehdr *)file;
	const Elf64_Phdr *part = (const Elf64_Phdr *)(file + elf->e_phoff);

	for (unsigned i = 0; i < elf->e_phnum; i++, part++) {
		if (part->p_type != PT_LOAD)
			continue;
		copy(part->p_paddr, file + part->p_offset, part->p_filesz);
		clear(part->p_paddr + part->p_filesz, part->p_memsz - part->p_filesz);
	}
	return elf->e_entry;
}

static uint64_t
load_image(uint64_t file, uint64_t bytes)
{
	uint64_t setup = (*(const uint8_t *)(file + HEADER) + 1u) * 512;

	copy(IMAGE, file + setup, bytes - setup);
	copy(PARAMS + HEADER, file + HEADER, HEADER_END - HEADER);
	return IMAGE + 0x200;
}

/* Returns the kernel's entry. */
uint64_t
load(const struct start_info *info)
{
	const uint64_t *module = (const uint64_t *)info->modules;
	const struct range *range = (const struct range *)info->ranges;
	const uint32_t command_line = COMMAND_LINE;
	uint64_t entry = *(const uint32_t *)module[0] == 0x464c457f
				 ? load_elf(module[0])
				 : load_image(module[0], module[1]);

	copy(COMMAND_LINE, info->command_line, 2048);
	put(PARAMS + 0x070, &info->root_pointer, 8);
	for (unsigned i = 0; i < info->range_count && i < 128; i++)
		put(PARAMS + 0x2d0 + 20 * i, &range[i], 20);
	put(PARAMS + 0x1e8, &info->range_count, 1);
	put(PARAMS + 0x1fe, "\x55\xaa", 2);
	put(PARAMS + 0x202, MAGIC, 4);
	put(PARAMS + 0x210, "\xff", 1);
	put(PARAMS + 0x228, &command_line, 4);
	return entry;
}
