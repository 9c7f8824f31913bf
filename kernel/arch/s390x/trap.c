/* SPDX-License-Identifier: MIT */
/* Interrupts and exceptions as they come in from trap.S, and what is said of the latter. */
#include "cpu.h"
#include "kernel/core/panic.h"
#include "kernel/core/print.h"

#define CODE_EVENT 0x80u /* in a program interruption's code: besides the rest */
#define CODE_PROTECTION 0x04u
#define CODE_TRANSLATION_FIRST 0x10u
#define CODE_TRANSLATION_LAST 0x11u
#define CODE_REGION_FIRST 0x38u
#define CODE_REGION_LAST 0x3bu
#define ADDRESS_MASK (~UINT64_C(0xfff))
#define ADDRESS_STORE 0x400u /* bits 52 and 53 of the address: 01, a store; 10, a fetch */
#define ADDRESS_FETCH 0x800u

static const char *const program_names[] = {
	[0x01] = "operation: undefined opcode",
	[0x02] = "privileged operation",
	[0x03] = "execute",
	[0x04] = "protection",
	[0x05] = "addressing: there is no such memory",
	[0x06] = "specification",
	[0x07] = "data",
	[0x08] = "fixed-point overflow",
	[0x09] = "fixed-point divide",
	[0x10] = "segment translation",
	[0x11] = "page translation",
	[0x12] = "translation specification",
	[0x13] = "special operation",
	[0x15] = "operand",
	[0x38] = "type of address space",
	[0x39] = "region first translation",
	[0x3a] = "region second translation",
	[0x3b] = "region third translation",
};

static bool
is_translation(unsigned code)
{
	return (code >= CODE_TRANSLATION_FIRST && code <= CODE_TRANSLATION_LAST) ||
	       (code >= CODE_REGION_FIRST && code <= CODE_REGION_LAST);
}

static void
print_access(const struct trap_frame *frame, unsigned code)
{
	uint64_t page = frame->address & ADDRESS_MASK;
	const char *what = (frame->address & ADDRESS_STORE) != 0   ? "write to"
			   : (frame->address & ADDRESS_FETCH) != 0 ? "read of"
								   : "access to";

	if (page == (frame->psw.address & ADDRESS_MASK))
		what = "instruction fetch from";
	kprint("  %s page %016llx: page fault: %s%s\n", what, (unsigned long long)page,
	       code == CODE_PROTECTION ? "not allowed there" : "nothing is mapped there",
	       page < LOWCORE_BYTES ? " (null pointer)" : "");
	for (unsigned i = 0; i < CPUS_MAX; i++)
		if (page == (uintptr_t)&cpu_stacks[i])
			kprint("  that lies below the stack of CPU %u: stack overflow\n", i);
}

static void
print_registers(const struct trap_frame *frame)
{
	kprint("  psw %016llx %016llx  length %u\n", (unsigned long long)frame->psw.mask,
	       (unsigned long long)frame->psw.address, frame->program_length);
	for (unsigned i = 0; i < 16; i++)
		kprint("  r%-2u %016llx%s", i, (unsigned long long)frame->r[i],
		       i % 4 == 3 ? "\n" : "");
	kprint("  address %016llx  map %016llx\n", (unsigned long long)frame->address,
	       (unsigned long long)mmu_root());
}

static _Noreturn void
exception(const struct trap_frame *frame)
{
	unsigned code = frame->kind == TRAP_PROGRAM ? frame->program_code & 0x7fu : 0;
	const char *name = NULL;

	if (frame->kind == TRAP_MACHINE)
		name = "machine check";
	else if (frame->kind != TRAP_PROGRAM)
		name = "an interruption that nobody asked for";
	else if ((frame->program_code & CODE_EVENT) != 0)
		name = "program event";
	else if (code < sizeof(program_names) / sizeof(program_names[0]))
		name = program_names[code];
	panic_begin();
	kprint("\nException 0x%02x, %s, on CPU %u\n", code, name != NULL ? name : "reserved",
	       arch_cpu());
	if (frame->kind == TRAP_MACHINE)
		kprint("  code %016llx\n", (unsigned long long)frame->machine_code);
	if (code == CODE_PROTECTION || is_translation(code))
		print_access(frame, code);
	print_registers(frame);
	panic_print_stack(frame->r[15]);
	panic_end();
}

void
trap_entry(struct trap_frame *frame)
{
	if (frame->kind == TRAP_EXTERNAL)
		interrupt_external(frame);
	else if (frame->kind == TRAP_IO)
		channel_interrupt(frame);
	else
		exception(frame);
	/* Whoever waited goes on. */
	frame->psw.mask &= ~PSW_WAIT;
}
