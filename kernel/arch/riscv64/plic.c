/* SPDX-License-Identifier: MIT */
/* The platform-level interrupt controller that CPU 0 has: wires only, each to that CPU. */
#include "cpu.h"
#include "kernel/core/lock.h"

#define PLIC_PRIORITY 0x000000u /* 4 bytes a source */
#define PLIC_ENABLE 0x002000u /* a bit a source; 128 bytes a context */
#define PLIC_CONTEXT 0x200000u /* 4096 bytes a context: threshold, claim */
#define CONTEXT_ENABLE_BYTES 0x80u
#define CONTEXT_BYTES 0x1000u
#define CONTEXT_CLAIM 4u
#define PRIORITY_OFF 0u
#define PRIORITY_USUAL 1u
#define SOURCES_MAX 1024u

static uint64_t plic;
static uint32_t node = FDT_NONE;
static uint32_t sources; /* numbers up to this one exist */
static uint32_t contexts[CPUS_MAX];
static struct lock plic_lock;

bool
plic_init(void)
{
	struct memory_range registers;

	node = FDT_ROOT;
	do {
		node = fdt_compatible(boot_tree(), node, "riscv,plic0");
	} while (node != FDT_NONE && interrupt_input(node, 0) == UINT32_MAX);
	if (!fdt_reg(boot_tree(), node, 0, &registers) || !mmu_own(&registers))
		return false;
	plic = registers.start;
	sources = fdt_number(boot_tree(), node, "riscv,ndev", 0);
	sources = sources < SOURCES_MAX ? sources : SOURCES_MAX - 1;
	for (uint32_t i = 1; i <= sources; i++)
		register_write(plic + PLIC_PRIORITY + 4 * i, PRIORITY_OFF);
	return true;
}

uint32_t
plic_node(void)
{
	return node;
}

void
plic_cpu_init(unsigned cpu)
{
	uint32_t context = interrupt_input(node, cpu);

	if (context == UINT32_MAX)
		return; /* another socket's, which gets no wires */
	contexts[cpu] = context;
	for (uint32_t i = 0; i <= sources; i += 32)
		register_write(plic + PLIC_ENABLE + context * CONTEXT_ENABLE_BYTES + i / 8, 0);
	register_write(plic + PLIC_CONTEXT + context * CONTEXT_BYTES, 0);
}

bool
plic_enable(uint32_t line)
{
	uint64_t word = plic + PLIC_ENABLE + contexts[0] * CONTEXT_ENABLE_BYTES + line / 32 * 4;
	bool on;

	if (line == 0 || line > sources)
		return false;
	on = lock_take(&plic_lock);
	register_write(word, register_read(word) | 1u << line % 32);
	register_write(plic + PLIC_PRIORITY + 4 * line, PRIORITY_USUAL);
	lock_give(&plic_lock, on);
	return true;
}

/* By its priority: the end of an interrupt whose bit is not set would not be heard. */
void
plic_disable(uint32_t line)
{
	if (line != 0 && line <= sources)
		register_write(plic + PLIC_PRIORITY + 4 * line, PRIORITY_OFF);
}

void
plic_handle(void)
{
	uint64_t claim = plic + PLIC_CONTEXT + contexts[arch_cpu()] * CONTEXT_BYTES + CONTEXT_CLAIM;
	uint32_t line = register_read(claim);

	if (line == 0)
		return;
	/* What interrupted wrote before it did. */
	barrier_all();
	interrupt_line_arrived(line);
	barrier_all();
	register_write(claim, line);
}
