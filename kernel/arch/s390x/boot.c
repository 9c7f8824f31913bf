/* SPDX-License-Identifier: MIT */
/* From the loader's parameters to kernel_main(): memory, the initrd, what comes when. */
#include "cpu.h"
#include "kernel/core/string.h"

#define COMMAND_LINE_AT 0x80u
#define COMMAND_LINE_BYTES 896u

/* boot.S; where Linux for this machine has them, at 0x10400. */
extern char boot_parameters[];

_Noreturn void boot_main(void);

static char command_line[COMMAND_LINE_BYTES + 1];

static uint64_t
parameter(unsigned at)
{
	uint64_t value;

	memcpy(&value, boot_parameters + at, sizeof(value));
	return value;
}

void
boot_main(void)
{
	lowcore_init(0, false, 0);
	lowcore_use(&lowcores[0]);
	sclp_init();
	kernel_main();
}

unsigned
arch_memory_ranges(struct memory_range *ranges, unsigned max)
{
	if (max == 0)
		return 0;
	ranges[0].start = 0;
	ranges[0].bytes = sclp_memory_bytes();
	return 1;
}

unsigned
arch_memory_occupied(struct memory_range *ranges, unsigned max)
{
	if (max < 2)
		return 0;
	ranges[0].start = (uintptr_t)kernel_start;
	ranges[0].bytes = (uintptr_t)kernel_end - (uintptr_t)kernel_start;
	return arch_initrd(&ranges[1]) ? 2 : 1;
}

bool
arch_initrd(struct memory_range *archive)
{
	archive->start = parameter(8);
	archive->bytes = parameter(16);
	return archive->start != 0 && archive->bytes != 0;
}

const char *
arch_command_line(void)
{
	/* Ended by the loader; if not, by us. */
	memcpy(command_line, boot_parameters + COMMAND_LINE_AT, COMMAND_LINE_BYTES);
	return command_line;
}

void
arch_init(void)
{
	mmu_init();
	channel_init();
	arch_irq_restore(true);
}

const char *
arch_name(void)
{
	return "s390x";
}
