/* SPDX-License-Identifier: MIT */
/* From the hypervisor's start_info to kernel_main(): memory map, ACPI root, what comes when. */
#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/mmio.h"
#include "kernel/core/print.h"

#define START_INFO_MAGIC 0x336ec578u
#define MEMORY_MAP_RAM 1u
#define COMMAND_LINE_BYTES 4096u

struct start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t module_count;
	uint64_t modules;
	uint64_t command_line;
	uint64_t root_pointer;
	uint64_t memory_map; /* from version 1 on */
	uint32_t memory_map_entries;
	uint32_t reserved;
};

/* The first one is the archive of files. */
struct module {
	uint64_t address;
	uint64_t bytes;
	uint64_t command_line;
	uint64_t reserved;
};

struct memory_map_entry {
	uint64_t address;
	uint64_t bytes;
	uint32_t type;
	uint32_t reserved;
};

_Noreturn void boot_main(const struct start_info *info);

static struct memory_range ram[MEMORY_RANGES_MAX];
static unsigned ram_count;
static struct memory_range initrd; /* no bytes: there is none */
static uint64_t root_pointer;
static char command_line[COMMAND_LINE_BYTES]; /* cut where it is longer */

static void
copy_command_line(const char *text)
{
	for (unsigned i = 0; text != NULL && i < COMMAND_LINE_BYTES - 1 && text[i] != '\0'; i++)
		command_line[i] = text[i];
}

/* Copies what is needed: afterwards the memory in which it stands may be used. */
static void
copy_start_info(const struct start_info *info)
{
	const struct memory_map_entry *map;

	if (info->magic != START_INFO_MAGIC || info->version < 1)
		orion_panic("not started through the PVH entry, version 1 or later");
	root_pointer = info->root_pointer;
	copy_command_line((const char *)(uintptr_t)info->command_line);
	if (info->module_count != 0) {
		const struct module *module = (const struct module *)(uintptr_t)info->modules;

		initrd.start = module->address;
		initrd.bytes = module->bytes;
	}
	map = (const struct memory_map_entry *)(uintptr_t)info->memory_map;
	for (uint32_t i = 0; i < info->memory_map_entries && ram_count < MEMORY_RANGES_MAX; i++) {
		if (map[i].type == MEMORY_MAP_RAM && map[i].bytes != 0 &&
		    map[i].address + map[i].bytes > map[i].address) {
			ram[ram_count].start = map[i].address;
			ram[ram_count++].bytes = map[i].bytes;
		}
	}
}

void
boot_main(const struct start_info *info)
{
	uart_init();
	trap_init();
	trap_cpu_init(0);
	copy_start_info(info);
	kernel_main();
}

uint64_t
boot_root_pointer(void)
{
	return root_pointer;
}

unsigned
arch_memory_ranges(struct memory_range *ranges, unsigned max)
{
	unsigned count = ram_count < max ? ram_count : max;

	for (unsigned i = 0; i < count; i++)
		ranges[i] = ram[i];
	return count;
}

unsigned
arch_memory_occupied(struct memory_range *ranges, unsigned max)
{
	if (max < 2)
		return 0;
	ranges[0].start = (uintptr_t)kernel_start;
	ranges[0].bytes = (uintptr_t)kernel_end - (uintptr_t)kernel_start;
	ranges[1] = initrd;
	return 2;
}

bool
arch_initrd(struct memory_range *archive)
{
	*archive = initrd;
	return initrd.bytes != 0;
}

void
arch_init(void)
{
	mmu_init();
	acpi_init(root_pointer);
	if (apic_init()) {
		apic_cpu_init();
		ioapic_init();
	}
	timer_init();
	timer_cpu_init();
	pci_config_init();
	iommu_init();
	uart_enable_interrupts();
	arch_irq_restore(true);
}

void
arch_mmio_find(void)
{
	const struct acpi_header *dsdt = acpi_dsdt();

	if (dsdt != NULL)
		mmio_from_aml((const uint8_t *)dsdt, dsdt->length);
}

const char *
arch_command_line(void)
{
	return command_line;
}

const char *
arch_name(void)
{
	return "x86_64";
}
