/* SPDX-License-Identifier: MIT */
/*
 * The incoming MSI controller: each CPU has a file of messages, numbered from 1, which a device (or
 * another CPU, or an APLIC) sets by storing the number to the file's page.
 *
 * Every message is enabled from the start, because only the CPU itself could do that later; those
 * that are bound to nothing are dropped.
 */
#include "cpu.h"
#include "kernel/core/lock.h"

#define MESSAGES_MAX 256u
#define MESSAGE_CPU 1u /* other CPUs', as the device tree proposes */
#define REGISTER_DELIVERY 0x70u
#define REGISTER_THRESHOLD 0x72u
#define REGISTER_PENDING 0x80u
#define REGISTER_ENABLED 0xc0u
#define TOP_SHIFT 16 /* the number, in stopei */
#define GROUP_SHIFT_USUAL 24u

static uint32_t node = FDT_NONE;
static uint32_t last; /* the highest number of a message */
static uint32_t file_bits, hart_bits, group_bits, group_shift; /* of the files' addresses */
static uint64_t files[CPUS_MAX];
static uint32_t bound[CPUS_MAX][MESSAGES_MAX]; /* what + 1; 0: nothing */
static struct lock imsic_lock;

/* Bits that COUNT different numbers need. */
static uint32_t
bits_for(uint32_t count)
{
	uint32_t bits = 0;

	while (1u << bits < count)
		bits++;
	return bits;
}

bool
imsic_init(void)
{
	const struct fdt *tree = boot_tree();
	uint32_t found = FDT_ROOT;

	do {
		found = fdt_compatible(tree, found, "riscv,imsics");
	} while (found != FDT_NONE && interrupt_input(found, 0) == UINT32_MAX);
	if (found == FDT_NONE)
		return false;
	last = fdt_number(tree, found, "riscv,num-ids", 0);
	last = last < MESSAGES_MAX ? last : MESSAGES_MAX - 1;
	file_bits = fdt_number(tree, found, "riscv,guest-index-bits", 0);
	hart_bits = fdt_number(tree, found, "riscv,hart-index-bits",
			       bits_for(fdt_get(tree, found, "interrupts-extended").length / 8));
	group_bits = fdt_number(tree, found, "riscv,group-index-bits", 0);
	group_shift = fdt_number(tree, found, "riscv,group-index-shift", GROUP_SHIFT_USUAL);
	for (uint32_t i = 0;; i++) {
		struct memory_range registers;

		if (!fdt_reg(tree, found, i, &registers))
			break;
		if (!mmu_own(&registers))
			orion_panic("more ranges of IMSIC files than can be mapped");
	}
	node = found;
	return true;
}

bool
imsic_is_there(void)
{
	return node != FDT_NONE;
}

uint32_t
imsic_node(void)
{
	return node;
}

/* Files follow each other in the order of "interrupts-extended", through all ranges. */
static uint64_t
find_file(unsigned cpu)
{
	uint64_t offset = ((uint64_t)interrupt_input(node, cpu) * PAGE_BYTES) << file_bits;
	struct memory_range registers;

	if (interrupt_input(node, cpu) == UINT32_MAX)
		return 0;
	for (uint32_t i = 0; fdt_reg(boot_tree(), node, i, &registers); i++) {
		if (offset < registers.bytes)
			return registers.start + offset;
		offset -= registers.bytes;
	}
	return 0;
}

static void
write(uint64_t index, uint64_t value)
{
	csr_write(CSR_SISELECT, index);
	csr_write(CSR_SIREG, value);
}

/* Each register holds 64 messages, and only those of even number are there. */
void
imsic_cpu_init(unsigned cpu)
{
	files[cpu] = find_file(cpu);
	if (files[cpu] == 0)
		orion_panic("this CPU has no IMSIC file");
	for (uint32_t i = 0; i <= last; i += 64) {
		write(REGISTER_PENDING + i / 32, 0);
		write(REGISTER_ENABLED + i / 32, UINT64_MAX);
	}
	write(REGISTER_THRESHOLD, 0);
	write(REGISTER_DELIVERY, 1);
}

uint32_t
imsic_target(unsigned cpu)
{
	uint64_t hart = files[cpu] / PAGE_BYTES >> file_bits & ((UINT64_C(1) << hart_bits) - 1);
	uint64_t group = files[cpu] >> group_shift & ((UINT64_C(1) << group_bits) - 1);

	return (uint32_t)(group << hart_bits | hart);
}

uint64_t
imsic_address(unsigned cpu)
{
	return files[cpu];
}

uint32_t
imsic_bind(unsigned cpu, uint32_t what)
{
	bool on = lock_take(&imsic_lock);
	uint32_t message = MESSAGE_CPU + 1;

	while (message <= last && bound[cpu][message] != 0)
		message++;
	if (message <= last)
		__atomic_store_n(&bound[cpu][message], what + 1, __ATOMIC_RELEASE);
	lock_give(&imsic_lock, on);
	return message <= last ? message : 0;
}

void
imsic_unbind(unsigned cpu, uint32_t what)
{
	for (uint32_t i = 0; cpu < CPUS_MAX && i <= last; i++)
		if (__atomic_load_n(&bound[cpu][i], __ATOMIC_RELAXED) == what + 1)
			__atomic_store_n(&bound[cpu][i], 0, __ATOMIC_RELEASE);
}

void
imsic_send(unsigned cpu)
{
	register_write(files[cpu], MESSAGE_CPU);
}

static void
handle(uint32_t message)
{
	uint32_t what = __atomic_load_n(&bound[arch_cpu()][message], __ATOMIC_ACQUIRE) - 1;

	if (message == MESSAGE_CPU) {
		smp_sent();
	} else if (what == UINT32_MAX || (what & IMSIC_IS_LINE) == 0) {
		irq_message_arrived(what);
	} else {
		interrupt_line_arrived(what & ~IMSIC_IS_LINE);
		aplic_retell(what & ~IMSIC_IS_LINE);
	}
}

/* Writing the register takes the message away that it showed when it was read. */
void
imsic_handle(void)
{
	uint64_t top;

	__asm__ volatile("csrrw %0, " csr_text(0x15c) ", zero" : "=r"(top)::"memory");
	top >>= TOP_SHIFT;
	/* What interrupted wrote before it did. */
	barrier_all();
	if (top != 0 && top <= last)
		handle((uint32_t)top);
}
