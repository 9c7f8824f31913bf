/* SPDX-License-Identifier: MIT */
/* CPUs: starting them, telling them apart, letting them sleep, waking and stopping them. */
#include "cpu.h"
#include "kernel/core/print.h"

#define ADDRESSES_MAX 256u /* CPU addresses that are asked for */
#define WAIT_TRIES 1000u /* of a millisecond */

/* Condition codes of sigp, and a bit of the status that it stores. */
#define SIGP_ACCEPTED 0u
#define SIGP_STORED 1u
#define SIGP_BUSY 2u
#define SIGP_ABSENT 3u
#define STATUS_STOPPED 0x40u

void boot_secondary(void);
_Noreturn void cpu_entry(unsigned index);

static uint16_t addresses[CPUS_MAX];
static unsigned cpus_running = 1;
static unsigned cpus_present = 1;
static uint32_t cpu_arrived; /* index of the CPU that came up last */

static unsigned
signal(uint16_t address, unsigned order, uint64_t parameter, uint32_t *status)
{
	register uint64_t result __asm__("0") = 0;
	register uint64_t given __asm__("1") = parameter;
	unsigned cc;

	__asm__ volatile("sigp %1, %3, 0(%4)\n\tipm %0\n\tsrl %0, 28"
			 : "=&d"(cc), "+d"(result)
			 : "d"(given), "d"((uint64_t)address), "a"((uint64_t)order)
			 : "cc", "memory");
	*status = (uint32_t)result;
	return cc;
}

static void
wait_millisecond(void)
{
	uint64_t end = arch_ticks() + arch_ticks_per_second() / 1000;

	while (arch_ticks() < end)
		arch_relax();
}

/* Again while the CPU is busy with the order before. */
unsigned
smp_signal(uint16_t address, unsigned order, uint64_t parameter)
{
	unsigned cc = SIGP_BUSY;
	uint32_t status;

	for (unsigned try = 0; cc == SIGP_BUSY && try < WAIT_TRIES; try++) {
		if (try > 0)
			wait_millisecond();
		cc = signal(address, order, parameter, &status);
	}
	return cc;
}

/* The CPU's index is in access register 0, which nobody else uses. */
static void
cpu_name(unsigned index)
{
	__asm__ volatile("sar %%a0, %0" ::"d"(index) : "memory");
}

unsigned
arch_cpu(void)
{
	unsigned index;

	__asm__ volatile("ear %0, %%a0" : "=d"(index));
	return index;
}

/* A started CPU's first C code, on its own stack. */
void
cpu_entry(unsigned index)
{
	cpu_name(index);
	__atomic_store_n(&cpu_arrived, index, __ATOMIC_RELEASE);
	arch_irq_restore(true);
	worker_main(index);
}

static bool
start(unsigned index, uint16_t address)
{
	lowcore_init(index, true, mmu_root());
	lowcores[index].new[TRAP_RESTART].address = (uintptr_t)boot_secondary;
	if (smp_signal(address, SIGP_RESET, 0) != SIGP_ACCEPTED ||
	    smp_signal(address, SIGP_PREFIX, (uintptr_t)&lowcores[index]) != SIGP_ACCEPTED ||
	    smp_signal(address, SIGP_RESTART, 0) != SIGP_ACCEPTED)
		return false;
	for (unsigned try = 0; try < WAIT_TRIES; try++) {
		if (__atomic_load_n(&cpu_arrived, __ATOMIC_ACQUIRE) == index)
			return true;
		wait_millisecond();
	}
	return false;
}

unsigned
arch_cpus_start(void)
{
	uint32_t status;

	__asm__ volatile("stap %0" : "=Q"(addresses[0]));
	for (uint16_t address = 0; address < ADDRESSES_MAX; address++) {
		if (address == addresses[0] ||
		    signal(address, SIGP_SENSE, 0, &status) == SIGP_ABSENT)
			continue;
		cpus_present++;
		if (cpus_running == CPUS_MAX || cpus_running + 1 < cpus_present)
			continue;
		addresses[cpus_running] = address;
		if (start(cpus_running, address)) {
			cpus_running++;
		} else {
			/* It may still come up late, on this index's stack: use no further one. */
			kprint("cpu: the CPU with address %u did not start; the rest is left off\n",
			       address);
		}
	}
	return cpus_running;
}

void
arch_describe(void)
{
	if (cpus_present > CPUS_MAX) {
		kprint("cpu: %u CPUs present, %u used: more are not supported\n", cpus_present,
		       CPUS_MAX);
	}
}

uint32_t
arch_cpu_hardware_id(unsigned cpu)
{
	return addresses[cpu];
}

bool
arch_irq_off(void)
{
	uint8_t mask;

	__asm__ volatile("stnsm %0, 0xfc" : "=Q"(mask)::"memory");
	return (mask & MASK_INTERRUPTS) != 0;
}

void
arch_irq_restore(bool on)
{
	uint8_t mask;

	if (on)
		__asm__ volatile("stosm %0, 0x03" : "=Q"(mask)::"memory");
}

/* The PSW that waits is left by an interrupt, which takes the wait out of it: trap.c. */
void
arch_sleep_unless(const uint32_t *flag)
{
	struct psw psw = {
		PSW_64_BIT | PSW_TRANSLATION | PSW_MACHINE | PSW_IO | PSW_EXTERNAL | PSW_WAIT, 0};

	(void)arch_irq_off();
	if (__atomic_load_n(flag, __ATOMIC_ACQUIRE) == 0)
		__asm__ volatile("larl %%r1, 0f\n\tstg %%r1, 8(%0)\n\tlpswe 0(%0)\n0:" ::"a"(&psw)
				 : "r1", "cc", "memory");
	arch_irq_restore(true);
}

/* There is no hint, but the compiler reads memory anew. */
void
arch_relax(void)
{
	__asm__ volatile("" ::: "memory");
}

/* One call that is pending is enough: that there was one before does no harm. */
void
arch_cpu_interrupt(unsigned cpu)
{
	uint32_t status;

	(void)signal(addresses[cpu], SIGP_CALL, 0, &status);
}

/* Returns when they have stopped: what the hypervisor makes of the end depends on it. */
void
arch_stop_others(void)
{
	uint32_t status = 0;

	for (unsigned i = 0; i < cpus_running; i++) {
		if (i == arch_cpu() || smp_signal(addresses[i], SIGP_STOP, 0) != SIGP_ACCEPTED)
			continue;
		for (unsigned try = 0; try < WAIT_TRIES; try++) {
			if (signal(addresses[i], SIGP_SENSE, 0, &status) == SIGP_STORED &&
			    (status & STATUS_STOPPED) != 0)
				break;
			wait_millisecond();
		}
	}
}
