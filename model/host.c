/* SPDX-License-Identifier: MIT */
/* The model's host: the port, interrupts, the virtual clock, the ledger, failures on demand. */
#define _POSIX_C_SOURCE 200809L

#include "model/private.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_LOOK 100u
#define ACTS_PER_PAUSE 64u
#define MESSAGE_FIRST 0x4000u
#define ACTS_MAX 1000000u

struct model_host *
model_host_open(uint64_t seed)
{
	struct model_host *host = calloc(1, sizeof(*host));

	if (host != NULL) {
		host->random = seed;
		host->now = 1000000;
	}
	return host;
}

void
model_host_close(struct model_host *host)
{
	if (host != NULL) {
		model_memory_drop(host);
		while (host->memories != NULL) {
			struct model_taken *kept = host->memories;

			host->memories = kept->next;
			free(kept);
		}
		free(host);
	}
}

const struct model_host_stats *
model_host_stats(const struct model_host *host)
{
	return &host->stats;
}

bool
model_must_fail(struct model_host *host)
{
	host->stats.calls++;
	if (host->fail_at == 0 || host->stats.calls < host->fail_at ||
	    (host->stats.calls > host->fail_at && !host->fail_forever))
		return false;
	host->stats.failed++;
	return true;
}

void
model_host_fail(struct model_host *host, unsigned n, bool forever)
{
	host->stats.calls = 0;
	host->stats.failed = 0;
	host->fail_at = n;
	host->fail_forever = forever;
}

void
model_host_share_limit(struct model_host *host, size_t bytes)
{
	host->share_limit = bytes;
}

void
model_host_partial(struct model_host *host, bool partial)
{
	host->partial = partial;
}

void
model_breached(struct model_host *host, model_breach breach, unsigned queue, uint64_t a, uint64_t b,
	       uint64_t c)
{
	char where[24] = "device";

	if (queue != UINT_MAX)
		snprintf(where, sizeof(where), "queue %u", queue);
	if (host->stats.breach_total == 0) {
		snprintf(host->stats.first_breach, sizeof(host->stats.first_breach),
			 "%s: %s (%" PRIu64 ", %" PRIu64 ", %" PRIu64 ")", where,
			 model_breach_text(breach), a, b, c);
	}
	host->stats.breaches[breach]++;
	host->stats.breach_total++;
}

void *
model_memory_take(void *context, size_t bytes)
{
	struct model_host *host = context;
	struct model_taken *head;
	void *memory = NULL;

	if (model_must_fail(host) || posix_memalign(&memory, 64, sizeof(*head) + bytes) != 0)
		return NULL;
	memset(memory, 0, sizeof(*head) + bytes);
	head = memory;
	head->next = host->memories;
	if (head->next != NULL)
		head->next->previous = head;
	host->memories = head;
	host->stats.memories++;
	return head + 1;
}

void
model_memory_give(void *context, void *memory, size_t bytes)
{
	struct model_host *host = context;

	(void)bytes;
	if (memory != NULL) {
		struct model_taken *head = (struct model_taken *)memory - 1;

		if (head->next != NULL)
			head->next->previous = head->previous;
		if (head->previous != NULL)
			head->previous->next = head->next;
		else
			host->memories = head->next;
		host->stats.memories--;
		free(head);
	}
}

static orion_status
irq_attach(void *context, const struct orion_irq_source *source, orion_irq_handler *handler,
	   void *argument, struct orion_irq_message *out)
{
	struct model_host *host = context;

	if (model_must_fail(host) || host->irq_top == MODEL_IRQS_MAX)
		return ORION_NO_INTERRUPT;
	host->irqs[host->irq_top] =
		(struct model_irq){true, source->kind,
				   source->kind == ORION_IRQ_WIRE ? source->wire : source->function,
				   handler, argument};
	*out = (struct orion_irq_message){
		.address = MODEL_MESSAGE_BASE + (source->cpu & 0xffu) * 0x1000u,
		.data = MESSAGE_FIRST + host->irq_top,
		.cookie = host->irq_top + 1,
	};
	if (source->kind != ORION_IRQ_MESSAGE)
		out->address = out->data = 0;
	host->irq_top++;
	host->stats.irqs++;
	return ORION_OK;
}

static void
irq_detach(void *context, uint64_t cookie)
{
	struct model_host *host = context;

	if (cookie == 0 || cookie > host->irq_top || !host->irqs[cookie - 1].live) {
		host->stats.bad_frees++;
		return;
	}
	model_pci_message_gone(host, MESSAGE_FIRST + (uint32_t)cookie - 1);
	host->irqs[cookie - 1].live = false;
	host->stats.irqs--;
}

void
model_message(struct model_host *host, uint64_t address, uint32_t data)
{
	unsigned i = data - MESSAGE_FIRST;

	if ((address & ~UINT64_C(0xff000)) != MODEL_MESSAGE_BASE || i >= host->irq_top ||
	    !host->irqs[i].live || host->irqs[i].kind != ORION_IRQ_MESSAGE)
		return;
	model_step_interrupt();
	(void)host->irqs[i].handler(host->irqs[i].argument);
}

void
model_line(struct model_host *host, orion_irq_kind kind, uint32_t number)
{
	for (unsigned i = 0; i < host->irq_top; i++) {
		const struct model_irq *irq = &host->irqs[i];

		if (irq->live && irq->kind == kind && irq->number == number) {
			model_step_interrupt();
			(void)irq->handler(irq->argument);
		}
	}
}

static uint64_t
now_ns(void *context)
{
	struct model_host *host = context;

	host->now += NS_PER_LOOK;
	return host->now;
}

static void
pause_ns(void *context, uint64_t ns)
{
	struct model_host *host = context;

	host->now += ns;
	(void)model_host_act(host, ACTS_PER_PAUSE);
}

static void
wake(void *context, void *event)
{
	struct model_host *host = context;

	host->stats.wakes++;
	if (event != NULL)
		((struct model_event *)event)->wakes++;
}

static void
report(void *context, orion_level level, orion_event event, uint64_t a, uint64_t b, uint64_t c)
{
	struct model_host *host = context;

	(void)level, (void)a, (void)b, (void)c;
	if (event < ORION_EVENT_COUNT)
		host->stats.reports[event]++;
}

static const struct orion_port port = {
	.dma_open = model_dma_open,
	.dma_close = model_dma_close,
	.dma_alloc = model_dma_alloc,
	.dma_free = model_dma_free,
	.share = model_share,
	.unshare = model_unshare,
	.map_registers = model_pci_map,
	.unmap_registers = model_pci_unmap,
	.pci_read = model_pci_config_read,
	.pci_write = model_pci_config_write,
	.io_read = model_pci_port_read,
	.io_write = model_pci_port_write,
	.irq_attach = irq_attach,
	.irq_detach = irq_detach,
	.now_ns = now_ns,
	.pause_ns = pause_ns,
	.wake = wake,
	.report = report,
	.ticks_per_second = 1000000000,
};

static const struct orion_port port_polled = {
	.dma_open = model_dma_open,
	.dma_close = model_dma_close,
	.dma_alloc = model_dma_alloc,
	.dma_free = model_dma_free,
	.share = model_share,
	.unshare = model_unshare,
	.map_registers = model_pci_map,
	.unmap_registers = model_pci_unmap,
	.pci_read = model_pci_config_read,
	.pci_write = model_pci_config_write,
	.io_read = model_pci_port_read,
	.io_write = model_pci_port_write,
	.now_ns = now_ns,
	.pause_ns = pause_ns,
	.report = report,
	.ticks_per_second = 1000000000,
};

const struct orion_port *
model_host_port(void)
{
	return &port;
}

const struct orion_port *
model_host_port_polled(void)
{
	return &port_polled;
}

unsigned
model_host_act(struct model_host *host, unsigned acts)
{
	unsigned done = 0, idle = 0;
	unsigned at;

	if (host->acting || host->device_count == 0)
		return 0;
	host->acting = true;
	at = (unsigned)(model_random(&host->random) % host->device_count);
	while (done < acts && idle < host->device_count) {
		if (model_device_act(host->devices[at])) {
			done++;
			idle = 0;
		} else {
			idle++;
		}
		at = (at + 1) % host->device_count;
	}
	host->acting = false;
	return done;
}

bool
model_host_run(struct model_host *host)
{
	return model_host_act(host, ACTS_MAX) < ACTS_MAX;
}
