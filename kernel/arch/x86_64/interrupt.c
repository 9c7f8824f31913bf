/* SPDX-License-Identifier: MIT */
/*
 * What each vector of each CPU stands for.  Vectors are given out per CPU: the same number means
 * different things on two CPUs, so that hundreds of messages fit.
 */
#include "cpu.h"
#include "kernel/core/lock.h"
#include "kernel/core/worker.h"

enum binding_kind {
	BINDING_NONE,
	BINDING_MESSAGE, /* number: the kernel's interrupt number */
	BINDING_LINE, /* number: the interrupt controller's line */
};

struct binding {
	uint16_t kind;
	uint16_t number;
};

/* One word, read whole by the interrupt's CPU and written whole by whoever binds. */
union binding_word {
	struct binding binding;
	uint32_t word;
};

static uint32_t bindings[CPUS_MAX][256];
static struct lock bindings_lock;

static struct binding
binding_get(unsigned cpu, unsigned vector)
{
	union binding_word value;

	value.word = __atomic_load_n(&bindings[cpu][vector], __ATOMIC_ACQUIRE);
	return value.binding;
}

static void
binding_set(unsigned cpu, unsigned vector, enum binding_kind kind, unsigned number)
{
	union binding_word value = {.binding = {(uint16_t)kind, (uint16_t)number}};

	__atomic_store_n(&bindings[cpu][vector], value.word, __ATOMIC_RELEASE);
}

/* Binds a free vector of CPU; 0 when there is none. */
static unsigned
bind(unsigned cpu, enum binding_kind kind, unsigned number)
{
	bool on = lock_take(&bindings_lock);
	unsigned found = 0;

	for (unsigned vector = VECTOR_DEVICE_FIRST; vector <= VECTOR_DEVICE_LAST; vector++) {
		if (binding_get(cpu, vector).kind == BINDING_NONE) {
			binding_set(cpu, vector, kind, number);
			found = vector;
			break;
		}
	}
	lock_give(&bindings_lock, on);
	return found;
}

unsigned
interrupt_bind_line(unsigned cpu, unsigned line)
{
	return bind(cpu, BINDING_LINE, line);
}

void
interrupt_unbind(unsigned cpu, unsigned vector)
{
	binding_set(cpu, vector, BINDING_NONE, 0);
}

bool
arch_message_route(unsigned irq, const struct orion_irq_source *source,
		   struct orion_irq_message *message)
{
	unsigned cpu = source->cpu;
	unsigned vector;

	/* A message has eight bits for the target's number. */
	if (cpu >= CPUS_MAX || cpus[cpu].apic_id > 0xff)
		return false;
	vector = bind(cpu, BINDING_MESSAGE, irq);
	message->address = UINT64_C(0xfee00000) | cpus[cpu].apic_id << 12;
	message->data = vector;
	return vector != 0;
}

void
arch_message_release(unsigned irq, const struct orion_irq_source *source)
{
	unsigned cpu = source->cpu;

	for (unsigned vector = VECTOR_DEVICE_FIRST; vector <= VECTOR_DEVICE_LAST; vector++) {
		struct binding binding = binding_get(cpu, vector);

		if (binding.kind == BINDING_MESSAGE && binding.number == irq)
			binding_set(cpu, vector, BINDING_NONE, 0);
	}
}

void
interrupt_dispatch(unsigned vector)
{
	struct binding binding = binding_get(arch_cpu(), vector);

	/* Neither comes from the LAPIC with a request pending, so neither is ended there. */
	if (vector == VECTOR_SPURIOUS ||
	    (vector >= VECTOR_LEGACY_FIRST && vector <= VECTOR_LEGACY_LAST))
		return;
	if (binding.kind == BINDING_MESSAGE)
		irq_message_arrived(binding.number);
	else if (binding.kind == BINDING_LINE && !irq_line_arrived(binding.number))
		arch_line_disable(binding.number);
	else if (vector == VECTOR_CONSOLE)
		uart_interrupt();
	else if (vector == VECTOR_TIMER)
		worker_timer_arrived();
	apic_end_of_interrupt();
}
