/* SPDX-License-Identifier: MIT */
/* Interrupts and exceptions as they come in from trap.S, and what is said of the latter. */
#include "cpu.h"
#include "kernel/core/paging.h"
#include "kernel/core/panic.h"
#include "kernel/core/print.h"

#define CAUSE_INTERRUPT (UINT64_C(1) << 63)

enum cause {
	FETCH_FAULT = 1,
	LOAD_MISALIGNED = 4,
	LOAD_FAULT = 5,
	STORE_MISALIGNED = 6,
	STORE_FAULT = 7,
	FETCH_PAGE = 12,
	LOAD_PAGE = 13,
	STORE_PAGE = 15,
};

static const char *const cause_names[] = {
	[0] = "program counter alignment",
	[FETCH_FAULT] = "instruction access fault",
	[2] = "undefined opcode",
	[3] = "breakpoint",
	[LOAD_MISALIGNED] = "load alignment",
	[LOAD_FAULT] = "load access fault",
	[STORE_MISALIGNED] = "store alignment",
	[STORE_FAULT] = "store access fault",
	[8] = "user call",
	[9] = "supervisor call",
	[FETCH_PAGE] = "instruction page fault",
	[LOAD_PAGE] = "load page fault",
	[STORE_PAGE] = "store page fault",
};

static const char *
name_of(uint64_t cause)
{
	const char *name = NULL;

	if (cause < sizeof(cause_names) / sizeof(cause_names[0]))
		name = cause_names[cause];
	return name != NULL ? name : "reserved";
}

/* What was being done at the address that the trap names; NULL when it names none. */
static const char *
access_text(uint64_t cause)
{
	switch (cause) {
	case FETCH_FAULT:
	case FETCH_PAGE:
		return "instruction fetch from";
	case LOAD_MISALIGNED:
	case LOAD_FAULT:
	case LOAD_PAGE:
		return "read of";
	case STORE_MISALIGNED:
	case STORE_FAULT:
	case STORE_PAGE:
		return "write to";
	default:
		return NULL;
	}
}

static const char *
fault_text(uint64_t cause, uint64_t address)
{
	if (cause == LOAD_MISALIGNED || cause == STORE_MISALIGNED)
		return "not aligned as that memory needs";
	if (cause < FETCH_PAGE)
		return "nobody answered there, or the firmware does not allow it";
	return paging_is_mapped(address) ? "page fault: not allowed there"
					 : "page fault: nothing is mapped there";
}

static void
print_access(const struct trap_frame *frame)
{
	kprint("  %s %016llx: %s%s\n", access_text(frame->cause), (unsigned long long)frame->value,
	       fault_text(frame->cause, frame->value),
	       frame->value < PAGE_BYTES ? " (null pointer)" : "");
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		uint64_t low = (uintptr_t)&cpu_stacks[i];

		if (frame->value >= low && frame->value < low + PAGE_BYTES)
			kprint("  that lies below the stack of CPU %u: stack overflow\n", i);
	}
}

static void
print_registers(const struct trap_frame *frame)
{
	static const char *const names[32] = {
		"zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
		"a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
		"s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
	};

	kprint("  pc  %016llx  status %016llx\n", (unsigned long long)frame->pc,
	       (unsigned long long)frame->status);
	for (unsigned i = 1; i < 32; i++) {
		kprint("  %-3s %016llx%s", names[i], (unsigned long long)frame->x[i],
		       i % 3 == 0 || i == 31 ? "\n" : "");
	}
	kprint("  cause %llx  value %016llx  map %016llx\n", (unsigned long long)frame->cause,
	       (unsigned long long)frame->value, (unsigned long long)csr_read(satp));
}

static _Noreturn void
exception(const struct trap_frame *frame)
{
	panic_begin();
	kprint("\nException %u, %s, on CPU %u\n", (unsigned)frame->cause, name_of(frame->cause),
	       arch_cpu());
	if (access_text(frame->cause) != NULL)
		print_access(frame);
	print_registers(frame);
	panic_print_stack(frame->x[2]);
	panic_end();
}

void
trap_entry(struct trap_frame *frame)
{
	switch (frame->cause) {
	case CAUSE_INTERRUPT | INTERRUPT_SOFTWARE:
		csr_clear(sip, 1u << INTERRUPT_SOFTWARE);
		smp_sent();
		break;
	case CAUSE_INTERRUPT | INTERRUPT_TIMER:
		timer_interrupt();
		break;
	case CAUSE_INTERRUPT | INTERRUPT_EXTERNAL:
		interrupt_external();
		break;
	default:
		exception(frame);
	}
}
