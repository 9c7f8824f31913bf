/* SPDX-License-Identifier: MIT */
/* Interrupts and exceptions as they come in from trap.S, and what is said of the latter. */
#include "cpu.h"
#include "kernel/core/paging.h"
#include "kernel/core/panic.h"
#include "kernel/core/print.h"

#define VECTOR_KIND 3u
#define VECTOR_INTERRUPT 1u
#define VECTOR_SYSTEM_ERROR 3u
#define CLASS_UNKNOWN 0x00u
#define CLASS_FETCH 0x21u
#define CLASS_DATA 0x25u
#define SYNDROME_WRITE 0x40u
#define INSTRUCTION_BYTES 4u

static const char *const class_names[64] = {
	[CLASS_UNKNOWN] = "undefined opcode",
	[0x01] = "trapped wait",
	[0x07] = "floating point access",
	[0x0e] = "illegal execution state",
	[0x15] = "supervisor call",
	[0x16] = "hypervisor call",
	[0x17] = "monitor call",
	[0x18] = "system register access",
	[CLASS_FETCH] = "instruction abort",
	[0x22] = "program counter alignment",
	[CLASS_DATA] = "data abort",
	[0x26] = "stack pointer alignment",
	[0x2c] = "floating point exception",
	[0x2f] = "system error",
	[0x31] = "breakpoint",
	[0x33] = "single step",
	[0x35] = "watchpoint",
	[0x3c] = "breakpoint instruction",
};

/* The syndrome's lower six bits, of aborts. */
static const char *
fault_text(uint64_t syndrome)
{
	switch (syndrome >> 2 & 15) {
	case 0:
		return "beyond the size of addresses";
	case 1:
		return "page fault: nothing is mapped there";
	case 2:
		return "page fault: not accessed before";
	case 3:
		return "page fault: not allowed there";
	case 4:
		return "nobody answered there";
	case 8:
		return "not aligned as that memory needs";
	default:
		return "see the syndrome";
	}
}

static void
print_abort(const struct trap_frame *frame, bool fetch)
{
	const char *what = fetch                                     ? "instruction fetch from"
			   : (frame->syndrome & SYNDROME_WRITE) != 0 ? "write to"
								     : "read of";

	kprint("  %s %016llx: %s%s\n", what, (unsigned long long)frame->address,
	       fault_text(frame->syndrome), frame->address < PAGE_BYTES ? " (null pointer)" : "");
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		uint64_t low = (uintptr_t)&cpu_stacks[i];

		if (frame->address >= low && frame->address < low + PAGE_BYTES)
			kprint("  that lies below the stack of CPU %u: stack overflow\n", i);
	}
}

static void
print_registers(const struct trap_frame *frame)
{
	kprint("  pc  %016llx  state %016llx  sp  %016llx\n", (unsigned long long)frame->pc,
	       (unsigned long long)frame->state, (unsigned long long)frame->sp);
	for (unsigned i = 0; i < 31; i++) {
		kprint("%s%-3u %016llx%s", i % 3 == 0 ? "  x" : "  x", i,
		       (unsigned long long)frame->x[i], i % 3 == 2 || i == 30 ? "\n" : "");
	}
	kprint("  syndrome %llx  address %016llx  map %016llx\n",
	       (unsigned long long)frame->syndrome, (unsigned long long)frame->address,
	       (unsigned long long)system_read(ttbr0_el1));
}

static _Noreturn void
exception(const struct trap_frame *frame, uint64_t vector)
{
	unsigned class = frame->syndrome >> 26 & 63;
	const char *name = class_names[class];

	if ((vector & VECTOR_KIND) == VECTOR_SYSTEM_ERROR)
		name = "system error";
	panic_begin();
	kprint("\nException 0x%02x, %s, on CPU %u\n", class, name != NULL ? name : "reserved",
	       arch_cpu());
	if (class == CLASS_FETCH || class == CLASS_DATA)
		print_abort(frame, class == CLASS_FETCH);
	print_registers(frame);
	panic_print_stack(frame->sp);
	panic_end();
}

void
trap_entry(struct trap_frame *frame, uint64_t vector)
{
	if ((vector & VECTOR_KIND) == VECTOR_INTERRUPT) {
		interrupt_dispatch();
	} else if (frame->syndrome >> 26 == CLASS_UNKNOWN && power_asked_in_vain(frame->pc)) {
		frame->pc += INSTRUCTION_BYTES;
	} else {
		exception(frame, vector);
	}
}
