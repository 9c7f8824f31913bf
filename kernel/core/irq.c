/* SPDX-License-Identifier: MIT */
/*
 * The table of interrupts.  An entry is used by the interrupt of one CPU (HANDLER is read, RUNNING
 * written) and by setup (the other way round); each side writes its word, then looks at the
 * other's, so that irq_detach() knows when a handler is out.
 */
#include "kernel/core/irq.h"

#include "kernel/core/arch.h"
#include "kernel/core/lock.h"
#include "kernel/core/print.h"
#include "kernel/core/worker.h"

#define IRQS_MAX 576u /* 32 devices with 17 messages each, and some */
#define UNWANTED_MAX 1000u /* in a row on one line: then it is masked */

struct irq {
	orion_irq_handler *handler; /* NULL: free, or on its way there */
	void *argument;
	uint32_t running;
	uint32_t line;
	struct orion_irq_source source;
	bool taken;
	uint64_t count;
	uint64_t declined;
};

static struct irq irqs[IRQS_MAX];
static unsigned irqs_high; /* entries from here on were never used */
static struct lock irqs_lock;
static uint64_t strays;
static uint64_t elsewhere;
static unsigned unwanted; /* lines interrupt CPU 0 only */
static unsigned lines_masked;

static bool
irq_run(struct irq *irq)
{
	orion_irq_handler *handler;
	bool mine = false;

	__atomic_store_n(&irq->running, 1, __ATOMIC_SEQ_CST);
	handler = __atomic_load_n(&irq->handler, __ATOMIC_SEQ_CST);
	if (handler != NULL) {
		mine = handler(irq->argument);
		if (mine)
			irq->count++;
		else
			irq->declined++;
	}
	__atomic_store_n(&irq->running, 0, __ATOMIC_RELEASE);
	return mine;
}

void
irq_message_arrived(unsigned number)
{
	if (number >= IRQS_MAX || irqs[number].handler == NULL) {
		__atomic_add_fetch(&strays, 1, __ATOMIC_RELAXED);
		return;
	}
	if (irqs[number].source.cpu != arch_cpu())
		__atomic_add_fetch(&elsewhere, 1, __ATOMIC_RELAXED);
	irq_run(&irqs[number]);
}

static bool
line_run(unsigned line)
{
	bool taken = false;

	for (unsigned i = 0; i < __atomic_load_n(&irqs_high, __ATOMIC_ACQUIRE); i++) {
		struct irq *irq = &irqs[i];

		if (irq->source.kind != ORION_IRQ_MESSAGE && irq->line == line)
			taken |= irq_run(irq);
	}
	return taken;
}

void
irq_line_look(unsigned line)
{
	(void)line_run(line);
}

bool
irq_line_arrived(unsigned line)
{
	bool taken = line_run(line);

	unwanted = taken ? 0 : unwanted + 1;
	if (unwanted < UNWANTED_MAX)
		return true;
	unwanted = 0;
	lines_masked++;
	kprint_message("irq: line %u masked: %u interrupts in a row that nobody wanted\n", line,
		       UNWANTED_MAX);
	return false;
}

static unsigned
entry_take(void)
{
	bool on = lock_take(&irqs_lock);
	unsigned number = 0;

	while (number < IRQS_MAX && irqs[number].taken)
		number++;
	if (number < IRQS_MAX) {
		irqs[number].taken = true;
		irqs[number].count = 0;
		irqs[number].declined = 0;
		if (number >= irqs_high)
			__atomic_store_n(&irqs_high, number + 1, __ATOMIC_RELEASE);
	}
	lock_give(&irqs_lock, on);
	return number;
}

static orion_status
attach_message(unsigned number, struct orion_irq_message *out)
{
	struct orion_irq_source *source = &irqs[number].source;

	if (source->cpu >= worker_count())
		source->cpu = 0;
	return arch_message_route(number, source, out) ? ORION_OK : ORION_NO_INTERRUPT;
}

static orion_status
attach_line(unsigned number)
{
	struct irq *irq = &irqs[number];
	bool is_pci = irq->source.kind == ORION_IRQ_LINE;

	irq->source.cpu = 0;
	irq->line =
		is_pci ? arch_line_of(irq->source.function) : arch_line_of_wire(irq->source.wire);
	return irq->line != UINT32_MAX && arch_line_enable(irq->line, is_pci) ? ORION_OK
									      : ORION_NO_INTERRUPT;
}

orion_status
irq_attach(const struct orion_irq_source *source, orion_irq_handler *handler, void *argument,
	   struct orion_irq_message *out)
{
	unsigned number = entry_take();
	struct irq *irq = &irqs[number];
	orion_status status;

	if (number == IRQS_MAX)
		return ORION_NO_INTERRUPT;
	irq->line = UINT32_MAX;
	irq->source = *source;
	irq->argument = argument;
	__atomic_store_n(&irq->handler, handler, __ATOMIC_SEQ_CST);
	status = source->kind == ORION_IRQ_MESSAGE ? attach_message(number, out)
						   : attach_line(number);
	out->cookie = number;
	if (status != ORION_OK)
		irq_detach(number);
	return status;
}

/* True when another interrupt is attached to LINE. */
static bool
line_is_shared(uint32_t line, const struct irq *but)
{
	for (unsigned i = 0; i < irqs_high; i++)
		if (&irqs[i] != but && irqs[i].taken && irqs[i].handler != NULL &&
		    irqs[i].source.kind != ORION_IRQ_MESSAGE && irqs[i].line == line)
			return true;
	return false;
}

void
irq_detach(uint64_t cookie)
{
	struct irq *irq = &irqs[cookie < IRQS_MAX ? cookie : 0];

	if (cookie >= IRQS_MAX || !irq->taken)
		return;
	if (irq->source.kind != ORION_IRQ_MESSAGE) {
		if (irq->line != UINT32_MAX && !line_is_shared(irq->line, irq))
			arch_line_disable(irq->line);
	} else {
		arch_message_release((unsigned)cookie, &irq->source);
	}
	__atomic_store_n(&irq->handler, NULL, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&irq->running, __ATOMIC_SEQ_CST) != 0)
		arch_relax();
	irq->line = UINT32_MAX;
	__atomic_store_n(&irq->taken, false, __ATOMIC_RELEASE);
}

bool
irq_at(unsigned n, struct irq_info *info)
{
	for (unsigned i = 0; i < irqs_high; i++) {
		if (irqs[i].taken && n-- == 0) {
			info->source = irqs[i].source;
			info->line = irqs[i].line;
			info->count = irqs[i].count;
			info->declined = irqs[i].declined;
			return true;
		}
	}
	return false;
}

uint64_t
irq_strays(void)
{
	return __atomic_load_n(&strays, __ATOMIC_RELAXED);
}

uint64_t
irq_elsewhere(void)
{
	return __atomic_load_n(&elsewhere, __ATOMIC_RELAXED);
}

unsigned
irq_lines_masked(void)
{
	return lines_masked;
}
