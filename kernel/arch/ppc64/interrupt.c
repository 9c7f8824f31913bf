/* SPDX-License-Identifier: MIT */
/* What an interrupt's number stands for, and the lines of devices. */
#include "cpu.h"
#include "kernel/core/irq.h"

/* Set by arch_stop_others(), for all but the one that called it. */
static uint32_t stopping;

/* A number on the command line is already the controller's. */
uint32_t
arch_line_of_wire(uint32_t number)
{
	return number < XICS_NUMBERS ? number : UINT32_MAX;
}

bool
arch_line_enable(uint32_t line, bool is_pci)
{
	(void)is_pci;
	return xics_enable(line, 0);
}

void
arch_line_disable(uint32_t line)
{
	xics_disable(line);
}

/* Those whose interrupts are off stop when they allow them again. */
void
arch_stop_others(void)
{
	__atomic_store_n(&stopping, 1, __ATOMIC_SEQ_CST);
	smp_send_others();
}

void
interrupt_dispatch(uint32_t number)
{
	uint32_t message = msi_irq(number);

	if (number == INTERRUPT_SENT)
		/* The worker was to wake up: it has; or the CPU is to stop. */
		while (__atomic_load_n(&stopping, __ATOMIC_SEQ_CST) != 0)
			arch_relax();
	else if (console_is(number))
		arch_console_poll();
	else if (message != UINT32_MAX)
		irq_message_arrived(message);
	else if (!irq_line_arrived(number))
		xics_disable(number);
}
