/* SPDX-License-Identifier: MIT */
/* Starting the other CPUs, one after the other: INIT, STARTUP, wait for a sign of life. */
#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"

#define START_WAIT_US 100u
#define START_TRIES 10000u /* of START_WAIT_US: a second */

extern char trampoline[], trampoline_end[];
extern char trampoline_stack[], trampoline_entry[], trampoline_root[], trampoline_cpu[];

static unsigned cpus_running = 1;
static unsigned cpus_present = 1;
static uint32_t cpu_arrived; /* index of the CPU that came up last */

/* A page below 1 MiB that is RAM, not page 0, nor at the top where firmware keeps its data. */
static uint64_t
find_page(void)
{
	struct memory_range ranges[MEMORY_RANGES_MAX];
	unsigned count = arch_memory_ranges(ranges, MEMORY_RANGES_MAX);

	for (uint64_t page = 0x8000; page < 0x80000; page += PAGE_BYTES) {
		for (unsigned i = 0; i < count; i++)
			if (page >= ranges[i].start &&
			    page + PAGE_BYTES <= ranges[i].start + ranges[i].bytes)
				return page;
	}
	return 0;
}

/* A started CPU's first C code, on its own stack. */
static _Noreturn void
cpu_entry(unsigned index)
{
	trap_cpu_init(index);
	apic_cpu_init();
	timer_cpu_init();
	__atomic_store_n(&cpu_arrived, index, __ATOMIC_RELEASE);
	arch_irq_restore(true);
	worker_main(index);
}

static void
fill_in(uint64_t page, const char *symbol, uint64_t value, size_t bytes)
{
	memcpy((char *)(uintptr_t)page + (symbol - trampoline), &value, bytes);
}

static bool
wait_for(unsigned index, uint32_t apic_id, uint64_t page)
{
	apic_send(apic_id, APIC_COMMAND_INIT);
	timer_wait_us(START_WAIT_US);
	for (unsigned try = 0; try < START_TRIES; try++) {
		/* The second STARTUP is for CPUs that missed the first. */
		if (try == 0 || try == 10)
			apic_send(apic_id, (uint32_t)(APIC_COMMAND_STARTUP | page / PAGE_BYTES));
		for (unsigned i = 0; i < 10; i++) {
			if (__atomic_load_n(&cpu_arrived, __ATOMIC_ACQUIRE) == index)
				return true;
			timer_wait_us(START_WAIT_US / 10);
		}
	}
	return false;
}

static bool
start(uint64_t page, unsigned index, uint32_t apic_id)
{
	uint64_t stack = (uintptr_t)cpu_stacks[index].main + CPU_STACK_BYTES;
	bool started;

	fill_in(page, trampoline_stack, stack, sizeof(uint64_t));
	fill_in(page, trampoline_entry, (uintptr_t)cpu_entry, sizeof(uint64_t));
	fill_in(page, trampoline_root, mmu_root(), sizeof(uint32_t));
	fill_in(page, trampoline_cpu, index, sizeof(uint32_t));
	mmu_allow_execution(page, true);
	started = wait_for(index, apic_id, page);
	mmu_allow_execution(page, false);
	return started;
}

unsigned
arch_cpus_start(void)
{
	uint32_t ids[CPUS_MAX];
	unsigned count = apic_cpu_ids(ids, &cpus_present);
	uint64_t page = find_page();

	if (count == 1 || page == 0)
		return 1;
	memcpy((void *)(uintptr_t)page, trampoline, (size_t)(trampoline_end - trampoline));
	for (unsigned i = 1; i < count; i++) {
		if (start(page, cpus_running, ids[i])) {
			cpus_running++;
		} else {
			/* It may still come up late, on this index's stack: use no further one. */
			kprint("cpu: the CPU with APIC id %u did not start; the rest is left off\n",
			       ids[i]);
			break;
		}
	}
	return cpus_running;
}

void
arch_describe(void)
{
	boot_describe();
	if (cpus_present > CPUS_MAX) {
		kprint("cpu: %u CPUs present, %u used: more are not supported\n", cpus_present,
		       CPUS_MAX);
	}
	if (!ioapic_present())
		kprint("apic: no I/O interrupt controller: devices are polled\n");
	if (acpi_find("APIC") == NULL)
		kprint("apic: no ACPI table of CPUs: one CPU is used\n");
}

uint32_t
arch_cpu_hardware_id(unsigned cpu)
{
	return cpus[cpu].apic_id;
}

const char *
arch_cpu_model(void)
{
	static char model[49];

	if (cpuid_get(0x80000000).a < 0x80000004)
		return "x86_64";
	for (uint32_t leaf = 0; leaf < 3; leaf++) {
		struct cpuid id = cpuid_get(0x80000002 + leaf);

		memcpy(model + 16 * leaf, &id, sizeof(id));
	}
	return model;
}

bool
arch_irq_off(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags)::"memory");
	return (flags >> 9 & 1) != 0;
}

void
arch_irq_restore(bool on)
{
	if (on)
		__asm__ volatile("sti" ::: "memory");
}

/* sti takes effect one instruction late: no interrupt can come between it and hlt. */
void
arch_sleep_unless(const uint32_t *flag)
{
	__asm__ volatile("cli" ::: "memory");
	if (__atomic_load_n(flag, __ATOMIC_ACQUIRE) == 0)
		__asm__ volatile("sti; hlt" ::: "memory");
	else
		__asm__ volatile("sti" ::: "memory");
}

void
arch_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/* By the one interrupt that nothing keeps out; trap_entry() parks them. */
void
arch_stop_others(void)
{
	for (unsigned i = 0; i < cpus_running; i++)
		if (i != arch_cpu())
			apic_send(cpus[i].apic_id, APIC_COMMAND_NMI);
}
