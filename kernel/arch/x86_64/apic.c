/* SPDX-License-Identifier: MIT */
/*
 * The local interrupt controller of each CPU, by its page of registers or, where the CPU has it, by
 * model specific registers (x2APIC).  Which CPUs there are stands in the ACPI table "APIC" (MADT).
 */
#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/ecam.h"
#include "kernel/core/memory.h"

#define MADT_ENTRIES 44u
#define MADT_CPU 0u
#define MADT_CPU_X2 9u

#define MSR_APIC_BASE 0x1bu
#define APIC_BASE_ENABLE 0x800u
#define APIC_BASE_X2 0x400u
#define APIC_BASE_ADDRESS 0xffffff000ull
#define MSR_X2_FIRST 0x800u

/* Register offsets in the page; divided by 16, the MSR's number above MSR_X2_FIRST. */
#define APIC_ID 0x20u
#define APIC_TASK_PRIORITY 0x80u
#define APIC_END 0xb0u
#define APIC_SPURIOUS 0xf0u
#define APIC_COMMAND 0x300u
#define APIC_COMMAND_TARGET 0x310u
#define APIC_TIMER 0x320u
#define APIC_LINT0 0x350u
#define APIC_LINT1 0x360u
#define APIC_ERROR 0x370u
#define APIC_TIMER_COUNT 0x380u
#define APIC_TIMER_LEFT 0x390u
#define APIC_TIMER_DIVIDE 0x3e0u

#define APIC_MASKED 0x10000u
#define APIC_SOFTWARE_ENABLE 0x100u
#define APIC_COMMAND_PENDING 0x1000u
#define APIC_DIVIDE_BY_16 3u
#define APIC_DELIVER_NMI 0x400u

/* The first MiB is the firmware's; the MiB of the LAPICs takes messages. */
#define LOW_MEMORY 0x100000u
#define MESSAGE_AREA 0xfee00000u

static uint64_t apic_page;
static bool apic_is_x2;
static bool apic_is_there;

static uint32_t
apic_read(uint32_t offset)
{
	if (apic_is_x2)
		return (uint32_t)msr_read(MSR_X2_FIRST + offset / 16);
	return register_read(apic_page + offset);
}

static void
apic_write(uint32_t offset, uint32_t value)
{
	if (apic_is_x2)
		msr_write(MSR_X2_FIRST + offset / 16, value);
	else
		register_write(apic_page + offset, value);
}

bool
apic_init(void)
{
	uint64_t base = msr_read(MSR_APIC_BASE);

	if ((cpuid_get(1).d >> 9 & 1) == 0)
		return false;
	apic_page = base & APIC_BASE_ADDRESS;
	apic_is_x2 = (cpuid_get(1).c >> 21 & 1) != 0;
	apic_is_there = apic_is_x2 || arch_map_device(apic_page, PAGE_BYTES);
	return apic_is_there;
}

void
apic_cpu_init(void)
{
	uint64_t base = msr_read(MSR_APIC_BASE) | APIC_BASE_ENABLE;
	uint32_t id;

	msr_write(MSR_APIC_BASE, base);
	if (apic_is_x2)
		msr_write(MSR_APIC_BASE, base | APIC_BASE_X2);
	id = apic_read(APIC_ID);
	cpus[arch_cpu()].apic_id = apic_is_x2 ? id : id >> 24;
	apic_write(APIC_TASK_PRIORITY, 0);
	apic_write(APIC_LINT0, APIC_MASKED);
	apic_write(APIC_LINT1, APIC_DELIVER_NMI);
	apic_write(APIC_ERROR, APIC_MASKED);
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_16);
	apic_write(APIC_TIMER, VECTOR_TIMER);
	apic_write(APIC_SPURIOUS, APIC_SOFTWARE_ENABLE | VECTOR_SPURIOUS);
}

void
apic_end_of_interrupt(void)
{
	apic_write(APIC_END, 0);
}

void
apic_timer_start(uint32_t count)
{
	if (apic_is_there)
		apic_write(APIC_TIMER_COUNT, count);
}

uint32_t
apic_timer_left(void)
{
	return apic_is_there ? apic_read(APIC_TIMER_LEFT) : 0;
}

/* The page's command register takes two writes, between which no interrupt may send its own. */
void
apic_send(uint32_t apic_id, uint32_t command)
{
	bool on;

	if (!apic_is_there)
		return;
	if (apic_is_x2) {
		/* Stores before must be seen by the target: this write orders nothing by itself. */
		__asm__ volatile("mfence" ::: "memory");
		msr_write(MSR_X2_FIRST + APIC_COMMAND / 16, (uint64_t)apic_id << 32 | command);
		return;
	}
	on = arch_irq_off();
	apic_write(APIC_COMMAND_TARGET, apic_id << 24);
	apic_write(APIC_COMMAND, command);
	while ((apic_read(APIC_COMMAND) & APIC_COMMAND_PENDING) != 0)
		arch_relax();
	arch_irq_restore(on);
}

void
arch_cpu_interrupt(unsigned cpu)
{
	apic_send(cpus[cpu].apic_id, APIC_COMMAND_FIXED | VECTOR_WAKE);
}

bool
arch_is_reserved(uint64_t address, uint64_t bytes)
{
	return address < LOW_MEMORY || ranges_meet(address, bytes, MESSAGE_AREA, LOW_MEMORY) ||
	       ioapic_is_at(address, bytes) || vtd_is_at(address, bytes) ||
	       ecam_is_at(address, bytes);
}

const char *
arch_irq_controller(void)
{
	return apic_is_x2 ? "x2APIC" : apic_is_there ? "xAPIC" : "nothing";
}

/*
 * The usable CPUs' numbers, this one's first, at most CPUS_MAX; *PRESENT counts also those above.
 * IDs above 254 can only be reached in x2APIC mode.
 */
unsigned
apic_cpu_ids(uint32_t ids[CPUS_MAX], unsigned *present)
{
	const struct acpi_header *madt = acpi_find("APIC");
	unsigned count = 0;

	ids[count++] = cpus[0].apic_id;
	*present = 1;
	for (uint32_t at = MADT_ENTRIES; madt != NULL && acpi_u8(madt, at + 1) >= 2;
	     at += acpi_u8(madt, at + 1)) {
		uint32_t type = acpi_u8(madt, at);
		uint32_t id = type == MADT_CPU ? acpi_u8(madt, at + 3) : acpi_u32(madt, at + 4);
		uint32_t flags = type == MADT_CPU ? acpi_u32(madt, at + 4) : acpi_u32(madt, at + 8);

		if ((type != MADT_CPU && type != MADT_CPU_X2) || (flags & 1) == 0 ||
		    id == cpus[0].apic_id || (id > 254 && !apic_is_x2))
			continue;
		(*present)++;
		if (count < CPUS_MAX)
			ids[count++] = id;
	}
	return count;
}
