/* SPDX-License-Identifier: MIT */
/* Interrupts and exceptions as they come in from trap.S, and what is said of the latter. */
#include "cpu.h"
#include "kernel/core/paging.h"
#include "kernel/core/panic.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"

#define VECTOR_FIRST 0x100u
#define VECTOR_LAST 0x1fe0u
#define VECTOR_BYTES 32u
#define VECTOR_DATA 0x300u
#define VECTOR_FETCH 0x400u
#define VECTOR_EXTERNAL 0x500u
#define VECTOR_PROGRAM 0x700u
#define VECTOR_DECREMENTER 0x900u

/* Why a page fault was: DSISR, for fetches the machine state. */
#define FAULT_ABSENT 0x40000000u
#define FAULT_FORBIDDEN 0x18000000u /* by the page: to read, write, execute */
#define FAULT_WRITE 0x02000000u

#define PROGRAM_FLOAT 0x100000u
#define PROGRAM_OPCODE 0x80000u
#define PROGRAM_PRIVILEGE 0x40000u
#define PROGRAM_TRAP 0x20000u

#define MODE_LITTLE_INTERRUPTS 4u

static const struct {
	uint32_t vector;
	const char *name;
} names[] = {
	{0x100, "system reset"},
	{0x200, "machine check"},
	{VECTOR_DATA, "data storage"},
	{0x380, "address out of range"},
	{VECTOR_FETCH, "instruction storage"},
	{0x480, "instruction address out of range"},
	{0x600, "alignment"},
	{VECTOR_PROGRAM, "program"},
	{0x800, "floating point access"},
	{0xc00, "system call"},
	{0xd00, "single step"},
	{0xf00, "performance monitor"},
	{0xf20, "vector access"},
	{0xf40, "vector-scalar access"},
	{0xf60, "facility that is off"},
};

/* The same few instructions at every vector, in the kernel's byte order. */
void
trap_init(void)
{
	if (IS_LITTLE_ENDIAN &&
	    hypercall(H_SET_MODE, 1, MODE_LITTLE_INTERRUPTS, 0, 0, NULL) != H_SUCCESS)
		orion_panic("the hypervisor has no little-endian interrupts");
	for (uintptr_t at = VECTOR_FIRST; at <= VECTOR_LAST; at += VECTOR_BYTES) {
		void *vector = (void *)at;

		__asm__ volatile("" : "+r"(vector));
		memcpy(vector, trap_stub, VECTOR_BYTES);
		__asm__ volatile("dcbst 0, %0; sync; icbi 0, %0; sync; isync" ::"r"(vector)
				 : "memory");
	}
}

static const char *
name_of(const struct trap_frame *frame)
{
	if (frame->vector == VECTOR_PROGRAM) {
		if ((frame->state & PROGRAM_OPCODE) != 0)
			return "undefined opcode";
		if ((frame->state & PROGRAM_TRAP) != 0)
			return "breakpoint instruction";
		if ((frame->state & PROGRAM_PRIVILEGE) != 0)
			return "privileged instruction";
		return (frame->state & PROGRAM_FLOAT) != 0 ? "floating point" : "program";
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].vector == frame->vector)
			return names[i].name;
	return "reserved";
}

static void
print_fault(const struct trap_frame *frame)
{
	bool fetch = frame->vector == VECTOR_FETCH;
	uint64_t cause = fetch ? frame->state : frame->cause;
	uint64_t address = fetch ? frame->pc : frame->address;
	const char *what = fetch                        ? "instruction fetch from"
			   : (cause & FAULT_WRITE) != 0 ? "write to"
							: "read of";
	const char *why = (cause & FAULT_ABSENT) != 0      ? "nothing is mapped there"
			  : (cause & FAULT_FORBIDDEN) != 0 ? "not allowed there"
							   : "see the cause";

	kprint("  %s %016llx: page fault: %s%s\n", what, (unsigned long long)address, why,
	       address < PAGE_BYTES ? " (null pointer)" : "");
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		uint64_t low = (uintptr_t)&cpu_stacks[i];

		if (address >= low && address < low + PAGE_BYTES)
			kprint("  that lies below the stack of CPU %u: stack overflow\n", i);
	}
}

static void
print_registers(const struct trap_frame *frame)
{
	kprint("  pc  %016llx  state %016llx  link %016llx\n", (unsigned long long)frame->pc,
	       (unsigned long long)frame->state, (unsigned long long)frame->link);
	for (unsigned i = 0; i < 32; i++) {
		kprint("  r%-3u %016llx%s", i, (unsigned long long)frame->r[i],
		       i % 3 == 2 || i == 31 ? "\n" : "");
	}
	kprint("  count %016llx  xer %llx  cr %08llx\n", (unsigned long long)frame->count,
	       (unsigned long long)frame->xer, (unsigned long long)frame->cr);
	kprint("  address %016llx  cause %llx\n", (unsigned long long)frame->address,
	       (unsigned long long)frame->cause);
}

static _Noreturn void
exception(const struct trap_frame *frame)
{
	panic_begin();
	kprint("\nException 0x%03llx, %s, on CPU %u\n", (unsigned long long)frame->vector,
	       name_of(frame), arch_cpu());
	if (frame->vector == VECTOR_DATA || frame->vector == VECTOR_FETCH)
		print_fault(frame);
	print_registers(frame);
	panic_print_stack(frame->r[1]);
	panic_end();
}

/* The stub left where it ends. */
void
trap_entry(struct trap_frame *frame)
{
	frame->vector -= VECTOR_BYTES;
	if (frame->vector == VECTOR_EXTERNAL)
		xics_interrupt();
	else if (frame->vector == VECTOR_DECREMENTER)
		timer_interrupt();
	else
		exception(frame);
}
