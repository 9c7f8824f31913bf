/* SPDX-License-Identifier: MIT */
/* From what the boot loader told to kernel_main(): memory, ACPI's root, what comes when. */
#include "boot_facts.h"
#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/memory.h"
#include "kernel/core/mmio.h"
#include "kernel/core/print.h"

#define FIRST_MAP_END (UINT64_C(1) << 32)
#define EBDA_SEGMENT 0x40e
#define EBDA_BYTES 1024u
#define BIOS_START 0xe0000u
#define BIOS_END 0x100000u

/* The entry that was taken: numbers that boot.S knows. */
enum boot_protocol {
	BOOT_PVH,
	BOOT_LINUX,
	BOOT_MULTIBOOT2,
	BOOT_UNKNOWN
};

_Noreturn void boot_main(enum boot_protocol protocol, uint32_t address);

static struct boot_facts facts;
static const char *protocol_name;

static uint64_t
find_root(void)
{
	uint64_t ebda, found = 0;
	uint16_t segment;

	if (facts.has_root_copy)
		return (uintptr_t)facts.root_copy;
	if (facts.root_pointer != 0)
		return facts.root_pointer;
	__asm__ volatile("movw %c1, %0" : "=r"(segment) : "i"(EBDA_SEGMENT));
	ebda = (uint64_t)segment << 4;
	if (ebda >= 0x400 && ebda < BIOS_START)
		found = acpi_find_root(ebda, ebda + EBDA_BYTES);
	return found != 0 ? found : acpi_find_root(BIOS_START, BIOS_END);
}

void
boot_main(enum boot_protocol protocol, uint32_t address)
{
	static const struct {
		const char *name;
		boot_reader *read;
	} protocols[] = {
		[BOOT_PVH] = {"PVH", boot_read_pvh},
		[BOOT_LINUX] = {"Linux boot protocol", boot_read_linux},
		[BOOT_MULTIBOOT2] = {"Multiboot2", boot_read_multiboot2},
	};
	const char *wrong;

	uart_init();
	trap_init();
	trap_cpu_init(0);
	if (protocol >= BOOT_UNKNOWN)
		orion_panic("the entry for Multiboot2 was taken by another loader (see eax)");
	protocol_name = protocols[protocol].name;
	wrong = protocols[protocol].read(&facts, address, FIRST_MAP_END);
	if (wrong == NULL &&
	    ranges_meet(facts.initrd.start, facts.initrd.bytes, (uintptr_t)kernel_start,
			(uintptr_t)kernel_end - (uintptr_t)kernel_start))
		wrong = "the archive of files (initrd) lies where the kernel does";
	if (wrong != NULL)
		orion_panic(wrong);
	facts.root_pointer = find_root();
	kernel_main();
}

void
boot_describe(void)
{
	kprint("boot: %s\n", protocol_name);
	if (facts.modules_unused != 0)
		kprint("boot: %u further modules of the boot loader are not used\n",
		       facts.modules_unused);
}

unsigned
arch_memory_ranges(struct memory_range *ranges, unsigned max)
{
	unsigned count = facts.ram_count < max ? facts.ram_count : max;

	for (unsigned i = 0; i < count; i++)
		ranges[i] = facts.ram[i];
	return count;
}

unsigned
arch_memory_occupied(struct memory_range *ranges, unsigned max)
{
	if (max < 2)
		return 0;
	ranges[0].start = (uintptr_t)kernel_start;
	ranges[0].bytes = (uintptr_t)kernel_end - (uintptr_t)kernel_start;
	ranges[1] = facts.initrd;
	return 2;
}

bool
arch_initrd(struct memory_range *archive)
{
	*archive = facts.initrd;
	return facts.initrd.bytes != 0;
}

void
arch_init(void)
{
	mmu_init();
	acpi_init(facts.root_pointer);
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
arch_devices_find(void)
{
	const struct acpi_header *dsdt = acpi_dsdt();

	if (dsdt != NULL)
		mmio_from_aml((const uint8_t *)dsdt, dsdt->length);
}

const char *
arch_command_line(void)
{
	return facts.command_line;
}

const char *
arch_name(void)
{
	return "x86_64";
}
