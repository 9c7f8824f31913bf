/* SPDX-License-Identifier: MIT */
/* Segments and the vector table of each CPU, and what is said when an exception strikes. */
#include "cpu.h"
#include "kernel/core/paging.h"
#include "kernel/core/panic.h"
#include "kernel/core/print.h"

#define GATE_INTERRUPT 0x8e00u
#define GATE_BYTES 16u
#define STUB_BYTES 16u
#define TRAP_STACK_DOUBLE_FAULT 1u
#define TRAP_STACK_NMI 2u
#define MSR_GS_BASE 0xc0000101u

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint16_t stack_type;
	uint16_t offset_middle;
	uint32_t offset_high;
	uint32_t reserved;
};

struct table_pointer {
	uint16_t reserved[3]; /* so that BASE is aligned; the CPU reads from LIMIT on */
	uint16_t limit;
	uint64_t base;
};

_Static_assert(sizeof(struct gate) == GATE_BYTES, "gate");

extern char trap_stubs[];

struct cpu cpus[CPUS_MAX];
/* Last in the image, so that all else is there to say so when there is too little memory. */
__attribute__((section(".bss.stacks"))) struct cpu_stacks cpu_stacks[CPUS_MAX];
static struct gate gates[256];

static const char *const names[VECTOR_EXCEPTIONS] = {
	"divide error",
	"debug",
	"non-maskable interrupt",
	"breakpoint",
	"overflow",
	"bound range exceeded",
	"invalid opcode",
	"device not available",
	"double fault",
	"coprocessor overrun",
	"invalid task segment",
	"segment not present",
	"stack segment fault",
	"general protection fault",
	"page fault",
	"reserved",
	"floating point error",
	"alignment check",
	"machine check",
	"vector floating point error",
	"virtualization",
	"control protection",
	[28] = "hypervisor injection",
	"VMM communication",
	"security",
};

void
trap_init(void)
{
	for (unsigned vector = 0; vector < 256; vector++) {
		uint64_t stub = (uintptr_t)trap_stubs + vector * STUB_BYTES;
		unsigned stack = vector == VECTOR_DOUBLE_FAULT ? TRAP_STACK_DOUBLE_FAULT
				 : vector == VECTOR_NMI        ? TRAP_STACK_NMI
							       : 0;

		gates[vector].offset_low = (uint16_t)stub;
		gates[vector].selector = SELECTOR_CODE;
		gates[vector].stack_type = (uint16_t)(GATE_INTERRUPT | stack);
		gates[vector].offset_middle = (uint16_t)(stub >> 16);
		gates[vector].offset_high = (uint32_t)(stub >> 32);
	}
}

static void
trap_stack_set(struct cpu_task *task, unsigned number, const uint8_t *low)
{
	uint64_t top = (uintptr_t)low + CPU_TRAP_STACK_BYTES;

	task->trap_stack[2 * (number - 1)] = (uint32_t)top;
	task->trap_stack[2 * (number - 1) + 1] = (uint32_t)(top >> 32);
}

static void
load_tables(const struct cpu *cpu)
{
	struct table_pointer segments = {.limit = sizeof(cpu->segments) - 1,
					 .base = (uintptr_t)cpu->segments};
	struct table_pointer vectors = {.limit = sizeof(gates) - 1, .base = (uintptr_t)gates};

	__asm__ volatile("lgdt %0" ::"m"(segments.limit) : "memory");
	__asm__ volatile("pushq %0\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\tmovl %1, %%eax\n\t"
			 "movl %%eax, %%ds\n\t"
			 "movl %%eax, %%es\n\t"
			 "movl %%eax, %%ss\n\t"
			 "xorl %%eax, %%eax\n\t"
			 "movl %%eax, %%fs\n\t"
			 "movl %%eax, %%gs" ::"i"(SELECTOR_CODE),
			 "i"(SELECTOR_DATA)
			 : "rax", "memory");
	__asm__ volatile("lidt %0" ::"m"(vectors.limit) : "memory");
	__asm__ volatile("ltr %w0" ::"r"(SELECTOR_TASK) : "memory");
	msr_write(MSR_GS_BASE, (uintptr_t)cpu);
}

void
trap_cpu_init(unsigned index)
{
	struct cpu *cpu = &cpus[index];
	uint64_t task = (uintptr_t)&cpu->task;

	cpu->index = index;
	cpu->segments[1] = 0x00af9a000000ffff;
	cpu->segments[2] = 0x00cf92000000ffff;
	cpu->segments[3] = (sizeof(cpu->task) - 1) | (task & 0xffffff) << 16 |
			   UINT64_C(0x89) << 40 | (task >> 24 & 0xff) << 56;
	cpu->segments[4] = task >> 32;
	cpu->task.io_map = sizeof(cpu->task);
	trap_stack_set(&cpu->task, TRAP_STACK_DOUBLE_FAULT, cpu_stacks[index].double_fault);
	trap_stack_set(&cpu->task, TRAP_STACK_NMI, cpu_stacks[index].nmi);
	load_tables(cpu);
}

unsigned
arch_cpu(void)
{
	uint32_t index;

	__asm__ volatile("movl %%gs:0, %0" : "=r"(index));
	return index;
}

static void
print_page_fault(const struct trap_frame *frame, uint64_t address)
{
	const char *what = (frame->error & 16) != 0  ? "instruction fetch from"
			   : (frame->error & 2) != 0 ? "write to"
						     : "read of";

	kprint("  %s %016llx: %s%s\n", what, (unsigned long long)address,
	       (frame->error & 1) != 0 ? "not allowed there" : "nothing is mapped there",
	       address < PAGE_BYTES ? " (null pointer)" : "");
}

static void
print_guard(uint64_t address)
{
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		uint64_t low = (uintptr_t)&cpu_stacks[i];

		if (address >= low && address < low + PAGE_BYTES)
			kprint("  cr2 lies below the stack of CPU %u: stack overflow\n", i);
	}
}

static void
print_registers(const struct trap_frame *f)
{
	kprint("  rip %016llx  rflags %016llx  rsp %016llx\n", (unsigned long long)f->rip,
	       (unsigned long long)f->rflags, (unsigned long long)f->rsp);
	kprint("  rax %016llx  rbx %016llx  rcx %016llx\n", (unsigned long long)f->rax,
	       (unsigned long long)f->rbx, (unsigned long long)f->rcx);
	kprint("  rdx %016llx  rsi %016llx  rdi %016llx\n", (unsigned long long)f->rdx,
	       (unsigned long long)f->rsi, (unsigned long long)f->rdi);
	kprint("  rbp %016llx  r8  %016llx  r9  %016llx\n", (unsigned long long)f->rbp,
	       (unsigned long long)f->r8, (unsigned long long)f->r9);
	kprint("  r10 %016llx  r11 %016llx  r12 %016llx\n", (unsigned long long)f->r10,
	       (unsigned long long)f->r11, (unsigned long long)f->r12);
	kprint("  r13 %016llx  r14 %016llx  r15 %016llx\n", (unsigned long long)f->r13,
	       (unsigned long long)f->r14, (unsigned long long)f->r15);
	kprint("  cr2 %016llx  cr3 %016llx  error %llx\n", (unsigned long long)cr2_read(),
	       (unsigned long long)cr3_read(), (unsigned long long)f->error);
}

static _Noreturn void
exception(const struct trap_frame *frame)
{
	uint64_t address = cr2_read();
	const char *name = names[frame->vector];

	panic_begin();
	kprint("\nException %u, %s, on CPU %u\n", (unsigned)frame->vector,
	       name != NULL ? name : "reserved", arch_cpu());
	if (frame->vector == VECTOR_PAGE_FAULT)
		print_page_fault(frame, address);
	else if (frame->vector == VECTOR_DOUBLE_FAULT)
		print_guard(address);
	print_registers(frame);
	panic_print_stack(frame->rsp);
	panic_end();
}

void
trap_entry(struct trap_frame *frame)
{
	if (frame->vector >= VECTOR_EXCEPTIONS) {
		interrupt_dispatch((unsigned)frame->vector);
		return;
	}
	if (frame->vector == VECTOR_NMI && panic_is_running())
		for (;;)
			__asm__ volatile("cli; hlt" ::: "memory");
	exception(frame);
}
