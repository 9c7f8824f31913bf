/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controller: its distributor, which versions 2 and 3 have in common, and version 2's
 * interface of each CPU.  Version 3's is in gic3.c.
 */
#include "cpu.h"
#include "kernel/core/lock.h"

#define DISTRIBUTOR_CONTROL 0x000u
#define DISTRIBUTOR_TYPE 0x004u
#define DISTRIBUTOR_GROUP 0x080u
#define DISTRIBUTOR_ENABLE 0x100u
#define DISTRIBUTOR_DISABLE 0x180u
#define DISTRIBUTOR_PRIORITY 0x400u
#define DISTRIBUTOR_TARGET 0x800u
#define DISTRIBUTOR_TRIGGER 0xc00u
#define DISTRIBUTOR_SEND 0xf00u
#define DISTRIBUTOR_ROUTE 0x6000u
/* Both groups; by affinity, which version 2 ignores. */
#define CONTROL_ON 0x13u
#define CONTROL_WRITE_PENDING 0x80000000u
#define PRIORITY_USUAL 0xa0a0a0a0u

#define INTERFACE_CONTROL 0x00u
#define INTERFACE_PRIORITY_MASK 0x04u
#define INTERFACE_TAKE 0x0cu
#define INTERFACE_END 0x10u
#define INTERFACE_ON 3u
#define NUMBER_MASK 0x3ffu
#define SENDER_MASK 0x1fffu /* what INTERFACE_END wants back of a sent interrupt */
#define CPUS_V2 8u

/* The device tree's kinds of interrupts. */
#define TREE_SHARED 0u
#define TREE_PRIVATE 1u

static uint64_t distributor;
static uint64_t interface; /* version 2 only */
static bool is_v3;
static uint32_t numbers; /* below it, interrupts exist */
static uint8_t targets[CPUS_MAX]; /* version 2: each CPU's bit */
static uint32_t taken[CPUS_MAX]; /* version 2: what INTERFACE_TAKE said last */
static struct lock gic_lock;

/* This version's node, or FDT_NONE. */
static uint32_t
find(bool v3)
{
	static const char *const v2_names[] = {"arm,cortex-a15-gic", "arm,gic-400",
					       "arm,cortex-a7-gic"};
	uint32_t node = FDT_NONE;

	if (v3)
		return fdt_compatible(boot_tree(), FDT_ROOT, "arm,gic-v3");
	for (unsigned i = 0; i < 3 && node == FDT_NONE; i++)
		node = fdt_compatible(boot_tree(), FDT_ROOT, v2_names[i]);
	return node;
}

uint32_t
gic_number(const struct fdt_interrupt *interrupt)
{
	uint32_t number = interrupt->cells[1];

	if (interrupt->controller == FDT_NONE ||
	    (interrupt->controller != find(true) && interrupt->controller != find(false)))
		return UINT32_MAX;
	if (interrupt->cells[0] == TREE_SHARED && number < GIC_NONE - GIC_SHARED)
		return number + GIC_SHARED;
	if (interrupt->cells[0] == TREE_PRIVATE && number < GIC_SHARED - GIC_SENT)
		return number + GIC_SENT;
	return UINT32_MAX;
}

static void
wait_for_writes(void)
{
	while (is_v3 &&
	       (register_read(distributor + DISTRIBUTOR_CONTROL) & CONTROL_WRITE_PENDING) != 0)
		arch_relax();
}

/* All shared interrupts off, in the group that CPUs get as plain interrupts. */
static void
distributor_init(void)
{
	uint32_t lines = register_read(distributor + DISTRIBUTOR_TYPE) & 31;

	numbers = (lines + 1) * 32;
	numbers = numbers < GIC_NONE ? numbers : GIC_NONE;
	register_write(distributor + DISTRIBUTOR_CONTROL, 0);
	wait_for_writes();
	for (uint32_t i = GIC_SHARED; i < numbers; i += 32) {
		register_write(distributor + DISTRIBUTOR_DISABLE + i / 8, UINT32_MAX);
		if (is_v3)
			register_write(distributor + DISTRIBUTOR_GROUP + i / 8, UINT32_MAX);
	}
	for (uint32_t i = GIC_SHARED; i < numbers; i += 4)
		register_write(distributor + DISTRIBUTOR_PRIORITY + i, PRIORITY_USUAL);
	register_write(distributor + DISTRIBUTOR_CONTROL, CONTROL_ON);
	wait_for_writes();
}

void
gic_init(void)
{
	struct memory_range registers;
	uint32_t node = find(true);

	is_v3 = node != FDT_NONE;
	node = is_v3 ? node : find(false);
	if (!fdt_reg(boot_tree(), node, 0, &registers) || !mmu_own(&registers))
		orion_panic("the device tree has no interrupt controller GICv2 or GICv3");
	distributor = registers.start;
	if (is_v3) {
		if (!gic3_init(node))
			orion_panic("the GICv3's redistributors are missing");
	} else {
		if (!fdt_reg(boot_tree(), node, 1, &registers) || !mmu_own(&registers))
			orion_panic("the GICv2's CPU interface is missing");
		interface = registers.start;
	}
	distributor_init();
	if (is_v3)
		its_init(node);
	else
		v2m_init(node);
}

void
gic_cpu_init(unsigned cpu)
{
	if (is_v3) {
		if (!gic3_cpu_init(cpu))
			orion_panic("this CPU has no redistributor");
		its_cpu_init(cpu);
		return;
	}
	targets[cpu] = (uint8_t)register_read(distributor + DISTRIBUTOR_TARGET);
	register_write(distributor + DISTRIBUTOR_DISABLE, UINT32_MAX);
	for (uint32_t i = 0; i < GIC_SHARED; i += 4)
		register_write(distributor + DISTRIBUTOR_PRIORITY + i, PRIORITY_USUAL);
	register_write(distributor + DISTRIBUTOR_ENABLE, (1u << GIC_SENT) - 1);
	register_write(interface + INTERFACE_PRIORITY_MASK, 0xff);
	register_write(interface + INTERFACE_CONTROL, INTERFACE_ON);
}

static void
set_target(uint32_t number, unsigned cpu)
{
	uint64_t target = distributor + DISTRIBUTOR_TARGET + (number & ~3u);
	unsigned shift = 8 * (number & 3);

	if (is_v3) {
		register_write64(distributor + DISTRIBUTOR_ROUTE + 8 * (uint64_t)number,
				 gic3_affinity(cpu));
	} else {
		register_write(target, (register_read(target) & ~(0xffu << shift)) |
					       (uint32_t)targets[cpu] << shift);
	}
}

bool
gic_enable(uint32_t number, unsigned cpu, bool edge)
{
	uint64_t trigger = distributor + DISTRIBUTOR_TRIGGER + number / 16 * 4;
	uint32_t bit = 2u << number % 16 * 2;
	bool on;

	if (number < GIC_SENT || number >= numbers)
		return false;
	if (number < GIC_SHARED && is_v3) {
		gic3_private_enable(cpu, number);
		return true;
	}
	on = lock_take(&gic_lock);
	if (number >= GIC_SHARED) {
		register_write(trigger, (register_read(trigger) & ~bit) | (edge ? bit : 0));
		set_target(number, cpu);
	}
	register_write(distributor + DISTRIBUTOR_ENABLE + number / 32 * 4, 1u << number % 32);
	lock_give(&gic_lock, on);
	return true;
}

void
gic_disable(uint32_t number)
{
	if (number >= GIC_SHARED && number < numbers) {
		register_write(distributor + DISTRIBUTOR_DISABLE + number / 32 * 4,
			       1u << number % 32);
		wait_for_writes();
	}
}

void
gic_send(unsigned cpu, uint32_t number)
{
	/* Stores before must be seen by the target. */
	barrier_all();
	if (is_v3)
		gic3_send(cpu, number);
	else
		register_write(distributor + DISTRIBUTOR_SEND,
			       (uint32_t)targets[cpu] << 16 | number);
}

uint32_t
gic_take(void)
{
	uint32_t word;

	if (is_v3)
		return gic3_take();
	word = register_read(interface + INTERFACE_TAKE);
	taken[arch_cpu()] = word & SENDER_MASK;
	return word & NUMBER_MASK;
}

void
gic_end(uint32_t number)
{
	if (is_v3)
		gic3_end(number);
	else
		register_write(interface + INTERFACE_END, taken[arch_cpu()]);
}

const char *
arch_irq_controller(void)
{
	if (is_v3)
		return its_is_there() ? "GICv3, ITS" : "GICv3";
	return v2m_is_there() ? "GICv2, v2m" : "GICv2";
}
