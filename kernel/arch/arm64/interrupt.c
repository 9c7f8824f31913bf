/* SPDX-License-Identifier: MIT */
/* What an interrupt's number stands for, and the messages and lines of devices. */
#include "cpu.h"
#include "kernel/core/worker.h"

/* An irq's message has the number GIC_MESSAGES + irq. */

bool
arch_message_route(unsigned irq, const struct orion_irq_source *source,
		   struct orion_irq_message *message)
{
	uint32_t controller, device;

	if (source->cpu >= CPUS_MAX || !pci_messages_of(source->function, &controller, &device))
		return false;
	if (its_is_there())
		return its_route(GIC_MESSAGES + irq, device, source->index, source->cpu, message);
	return v2m_is_there() && v2m_route(irq, source->cpu, message);
}

void
arch_message_release(unsigned irq, const struct orion_irq_source *source)
{
	uint32_t controller, device;

	if (v2m_is_there())
		v2m_release(irq);
	else if (its_is_there() && pci_messages_of(source->function, &controller, &device))
		its_release(device, source->index, source->cpu);
}

bool
arch_line_enable(uint32_t line)
{
	return gic_enable(line, 0, false);
}

void
arch_line_disable(uint32_t line)
{
	gic_disable(line);
}

static void
dispatch(uint32_t number)
{
	uint32_t message = v2m_irq(number);

	if (number >= GIC_MESSAGES)
		irq_message_arrived(number - GIC_MESSAGES);
	else if (number == SENT_STOP)
		for (;;)
			__asm__ volatile("msr daifset, #15; wfi" ::: "memory");
	else if (number < GIC_SENT)
		return; /* the worker was to wake up: it has */
	else if (timer_is(number))
		timer_interrupt();
	else if (uart_is(number))
		uart_interrupt();
	else if (message != UINT32_MAX)
		irq_message_arrived(message);
	else if (!irq_line_arrived(number))
		gic_disable(number);
}

void
interrupt_dispatch(void)
{
	uint32_t number = gic_take();

	if (number >= GIC_NONE && number < GIC_MESSAGES)
		return;
	dispatch(number);
	gic_end(number);
}
