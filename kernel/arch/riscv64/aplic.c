/* SPDX-License-Identifier: MIT */
/*
 * The advanced platform-level interrupt controller, its domain of supervisor mode: wires become
 * messages for CPU 0, or interrupts of CPU 0 where there is nobody to take messages.
 */
#include "cpu.h"
#include "kernel/core/lock.h"

#define APLIC_CONTROL 0x0000u
#define APLIC_SOURCE 0x0004u /* of source 1; 4 bytes each */
#define APLIC_SET_PENDING 0x1cdcu /* takes a number */
#define APLIC_INPUTS 0x1d00u /* a bit a source */
#define APLIC_ENABLE 0x1edcu /* takes a number */
#define APLIC_DISABLE_BITS 0x1f00u
#define APLIC_DISABLE 0x1fdcu /* takes a number */
#define APLIC_TARGET 0x3004u /* of source 1; 4 bytes each */
#define APLIC_DELIVERY 0x4000u /* of a CPU; 32 bytes each */
#define DELIVERY_BYTES 32u
#define DELIVERY_ON 0x00u
#define DELIVERY_THRESHOLD 0x08u
#define DELIVERY_CLAIM 0x1cu
#define CONTROL_ON 0x100u
#define CONTROL_MESSAGES 4u
#define TARGET_CPU_SHIFT 18
#define CLAIM_SOURCE_SHIFT 16
#define PRIORITY_USUAL 1u
#define SOURCES_MAX 1024u

enum trigger {
	INACTIVE = 0,
	EDGE_RISING = 4,
	EDGE_FALLING = 5,
	LEVEL_HIGH = 6,
	LEVEL_LOW = 7,
};

static uint64_t aplic;
static uint32_t node = FDT_NONE;
static uint32_t sources; /* numbers up to this one exist */
static uint32_t deliveries[CPUS_MAX];
static uint8_t triggers[SOURCES_MAX];
static struct lock aplic_lock;

/* Of the domains, machine mode's among them, ours sends messages to our IMSIC or interrupts us. */
static bool
is_ours(uint32_t candidate)
{
	const struct fdt *tree = boot_tree();
	uint32_t parent = fdt_by_phandle(tree, fdt_number(tree, candidate, "msi-parent", 0));

	return imsic_is_there() ? parent == imsic_node()
				: interrupt_input(candidate, 0) != UINT32_MAX;
}

bool
aplic_init(void)
{
	struct memory_range registers;

	node = FDT_ROOT;
	do {
		node = fdt_compatible(boot_tree(), node, "riscv,aplic");
	} while (node != FDT_NONE && !is_ours(node));
	if (!fdt_reg(boot_tree(), node, 0, &registers) || !mmu_own(&registers))
		return false;
	aplic = registers.start;
	sources = fdt_number(boot_tree(), node, "riscv,num-sources", 0);
	sources = sources < SOURCES_MAX ? sources : SOURCES_MAX - 1;
	register_write(aplic + APLIC_CONTROL, 0);
	for (uint32_t i = 0; i <= sources; i += 32)
		register_write(aplic + APLIC_DISABLE_BITS + i / 8, UINT32_MAX);
	for (uint32_t i = 1; i <= sources; i++) {
		register_write(aplic + APLIC_SOURCE + 4 * (i - 1), INACTIVE);
		triggers[i] = LEVEL_HIGH;
	}
	register_write(aplic + APLIC_CONTROL,
		       CONTROL_ON | (imsic_is_there() ? CONTROL_MESSAGES : 0));
	return true;
}

uint32_t
aplic_node(void)
{
	return node;
}

void
aplic_cpu_init(unsigned cpu)
{
	uint32_t input = interrupt_input(node, cpu);
	uint64_t delivery = aplic + APLIC_DELIVERY + input * DELIVERY_BYTES;

	if (input == UINT32_MAX)
		return; /* another socket's, which gets no wires */
	deliveries[cpu] = input;
	register_write(delivery + DELIVERY_THRESHOLD, 0);
	register_write(delivery + DELIVERY_ON, 1);
}

void
aplic_set_trigger(uint32_t line, uint32_t flags)
{
	static const uint8_t of_flags[] = {
		[1] = EDGE_RISING, [2] = EDGE_FALLING, [4] = LEVEL_HIGH, [8] = LEVEL_LOW};

	if (line < SOURCES_MAX && flags < sizeof(of_flags) && of_flags[flags] != INACTIVE)
		triggers[line] = of_flags[flags];
}

bool
aplic_enable(uint32_t line)
{
	uint32_t target = deliveries[0] << TARGET_CPU_SHIFT | PRIORITY_USUAL;
	bool on;

	if (line == 0 || line > sources)
		return false;
	if (imsic_is_there()) {
		uint32_t message = imsic_bind(0, IMSIC_IS_LINE | line);

		target = imsic_target(0) << TARGET_CPU_SHIFT | message;
		if (message == 0)
			return false;
	}
	on = lock_take(&aplic_lock);
	register_write(aplic + APLIC_SOURCE + 4 * (line - 1), triggers[line]);
	register_write(aplic + APLIC_TARGET + 4 * (line - 1), target);
	register_write(aplic + APLIC_ENABLE, line);
	lock_give(&aplic_lock, on);
	aplic_retell(line);
	return true;
}

void
aplic_disable(uint32_t line)
{
	if (line == 0 || line > sources)
		return;
	register_write(aplic + APLIC_DISABLE, line);
	if (imsic_is_there())
		imsic_unbind(0, IMSIC_IS_LINE | line);
}

/*
 * A message is sent when a level comes; for one that stayed, or came while the last was handled,
 * none is.  Whether it did is looked at here: not every APLIC looks by itself.
 */
void
aplic_retell(uint32_t line)
{
	if (imsic_is_there() && triggers[line] >= LEVEL_HIGH &&
	    (register_read(aplic + APLIC_INPUTS + line / 32 * 4) >> line % 32 & 1) != 0)
		register_write(aplic + APLIC_SET_PENDING, line);
}

void
aplic_handle(void)
{
	uint64_t delivery = aplic + APLIC_DELIVERY + deliveries[arch_cpu()] * DELIVERY_BYTES;
	uint32_t line = register_read(delivery + DELIVERY_CLAIM) >> CLAIM_SOURCE_SHIFT;

	if (line == 0)
		return;
	/* What interrupted wrote before it did. */
	barrier_all();
	interrupt_line_arrived(line);
}
