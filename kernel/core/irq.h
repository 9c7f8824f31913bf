/* SPDX-License-Identifier: MIT */
/* Interrupts by number: who handles them, how often they came; messages and shared lines. */
#ifndef KERNEL_CORE_IRQ_H
#define KERNEL_CORE_IRQ_H

#include "orion/port.h"

struct irq_info {
	struct orion_irq_source source;
	uint32_t line;
	uint64_t count; /* taken by the handler */
	uint64_t declined; /* the handler said that it was not its own */
};

/* As orion_port's irq_attach() and irq_detach(); the cookie is the number. */
orion_status irq_attach(const struct orion_irq_source *source, orion_irq_handler *handler,
			void *argument, struct orion_irq_message *out);
void irq_detach(uint64_t cookie);

/*
 * Calls the handlers of LINE though no interrupt came, for machines where one can get lost in the
 * answer to something else.  Context: that of irq_line_arrived().
 */
void irq_line_look(unsigned line);

/* The N-th attached interrupt, counted from 0; false past the last. */
bool irq_at(unsigned n, struct irq_info *info);

/*
 * Interrupts that found no handler, messages that came to another CPU than they were asked for, and
 * lines that were masked because nobody took theirs.
 */
uint64_t irq_strays(void);
uint64_t irq_elsewhere(void);
unsigned irq_lines_masked(void);

#endif
