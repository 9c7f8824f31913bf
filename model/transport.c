/* SPDX-License-Identifier: MIT */
/* A transport straight to the device: function calls in place of registers. */
#include "model/private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The device behind CONTEXT; notes a use outside open .. close. */
static struct model_device *
device_of(void *context)
{
	struct model_device *d = context;

	if (!d->opened)
		model_breached(d->host, MODEL_BREACH_USE_AFTER_CLOSE, UINT_MAX, 0, 0, 0);
	return d;
}

static uint8_t
status_get(void *context)
{
	return model_status_get(device_of(context));
}

static void
status_set(void *context, uint8_t status)
{
	model_status_set(device_of(context), status);
}

static uint64_t
features_get(void *context)
{
	struct model_device *d = device_of(context);

	/* The device's own number for a queue is a matter of PCI. */
	return model_is_gone(d) ? UINT64_MAX
				: d->options.features & ~VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA);
}

static void
features_set(void *context, uint64_t features)
{
	model_features_set(device_of(context), features);
}

static uint32_t
config_bytes(void *context)
{
	return model_config_bytes(device_of(context));
}

static uint32_t
config_read(void *context, uint32_t offset, unsigned width)
{
	return model_config_get(device_of(context), offset, width);
}

static void
config_write(void *context, uint32_t offset, unsigned width, uint32_t value)
{
	model_config_set(device_of(context), offset, width, value);
}

static uint32_t
config_generation(void *context)
{
	struct model_device *d = device_of(context);

	return model_is_gone(d) ? 0xff : d->generation & 0xff;
}

static uint16_t
queue_count(void *context)
{
	struct model_device *d = device_of(context);

	return model_is_gone(d) ? 0xffff : d->options.queues;
}

static uint16_t
queue_size_max(void *context, uint16_t queue)
{
	return model_queue_size(device_of(context), queue);
}

/* ORION_OK when the device takes VECTOR. */
static orion_status
take_vector(struct model_device *d, uint16_t vector)
{
	if (vector == VIRTIO_NO_VECTOR)
		return ORION_OK;
	if (vector >= d->options.vectors) {
		model_breached(d->host, MODEL_BREACH_VECTOR_RANGE, UINT_MAX, vector,
			       d->options.vectors, 0);
		return ORION_NO_INTERRUPT;
	}
	return model_trick_now(d, MODEL_MISCHIEF_VECTOR_REFUSED, NULL) ? ORION_NO_INTERRUPT
								       : ORION_OK;
}

static orion_status
queue_enable(void *context, uint16_t queue, const struct virtio_queue_setup *setup,
	     struct virtio_doorbell *doorbell)
{
	struct model_device *d = device_of(context);
	bool position = (d->negotiated & VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA)) != 0;
	orion_status status;

	*doorbell = (struct virtio_doorbell){NULL, queue, position ? 4 : 2, position};
	if (model_is_gone(d) || model_trick_now(d, MODEL_MISCHIEF_QUEUE_REFUSED, NULL))
		return ORION_DEVICE_REFUSED;
	if (queue >= d->options.queues) {
		model_breached(d->host, MODEL_BREACH_QUEUE_ABSENT, queue, d->options.queues, 0, 0);
		return ORION_DEVICE_REFUSED;
	}
	status = take_vector(d, setup->vector);
	return status != ORION_OK ? status : model_queue_enable(&d->queues[queue], setup);
}

static struct model_queue *
queue_of(void *context, uint16_t queue)
{
	struct model_device *d = device_of(context);

	if (queue < d->options.queues)
		return &d->queues[queue];
	model_breached(d->host, MODEL_BREACH_QUEUE_ABSENT, queue, d->options.queues, 0, 4);
	return NULL;
}

static void
queue_reset(void *context, uint16_t queue)
{
	struct model_queue *q = queue_of(context, queue);

	if (q != NULL && !model_is_gone(q->device))
		model_queue_reset(q);
}

static bool
queue_resetting(void *context, uint16_t queue)
{
	struct model_queue *q = queue_of(context, queue);

	return q != NULL && (model_is_gone(q->device) || model_queue_resetting(q));
}

static uint16_t
vector_count(void *context)
{
	struct model_device *d = device_of(context);

	return d->options.vectors;
}

static orion_status
attach(struct model_device *d, struct model_irq *irq, orion_irq_handler *handler, void *argument)
{
	if (model_must_fail(d->host) || irq->live)
		return ORION_NO_INTERRUPT;
	*irq = (struct model_irq){.live = true, .handler = handler, .argument = argument};
	d->host->stats.irqs++;
	return ORION_OK;
}

static void
detach(struct model_device *d, struct model_irq *irq)
{
	d->host->stats.irqs -= irq->live;
	irq->live = false;
}

static orion_status
vector_attach(void *context, uint16_t vector, uint16_t cpu, orion_irq_handler *handler,
	      void *argument)
{
	struct model_device *d = device_of(context);

	(void)cpu;
	if (vector >= d->options.vectors) {
		model_breached(d->host, MODEL_BREACH_VECTOR_RANGE, UINT_MAX, vector,
			       d->options.vectors, 0);
		return ORION_NO_INTERRUPT;
	}
	return attach(d, &d->vectors[vector], handler, argument);
}

static void
vector_detach(void *context, uint16_t vector)
{
	struct model_device *d = device_of(context);

	if (vector < MODEL_VECTORS_MAX)
		detach(d, &d->vectors[vector]);
}

static orion_status
config_vector(void *context, uint16_t vector)
{
	struct model_device *d = device_of(context);
	orion_status status = take_vector(d, vector);

	if (status == ORION_OK)
		d->config_vector = vector;
	return status;
}

static orion_status
line_attach(void *context, orion_irq_handler *handler, void *argument)
{
	struct model_device *d = device_of(context);

	return attach(d, &d->line, handler, argument);
}

static void
line_detach(void *context)
{
	struct model_device *d = device_of(context);

	detach(d, &d->line);
}

static uint8_t
isr_read(void *context)
{
	struct model_device *d = device_of(context);
	uint8_t isr = d->isr;

	if (model_is_gone(d))
		return 0xff;
	/* While there are vectors nobody asks.  [spec 4.1.4.5.2] */
	for (unsigned i = 0; i < d->options.vectors; i++) {
		if (d->vectors[i].live) {
			model_breached(d->host, MODEL_BREACH_PCI_ISR, UINT_MAX, isr, i, 0);
			break;
		}
	}
	d->isr = 0;
	return isr;
}

static void
notify(void *context, uint16_t queue, uint32_t value)
{
	struct model_device *d = device_of(context);
	bool position = (d->negotiated & VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA)) != 0;

	if ((position ? value & 0xffff : value) != queue)
		model_breached(d->host, MODEL_BREACH_KICK_NUMBER, queue, value, position, 0);
	model_kick(d, queue, (uint16_t)(value >> 16));
}

static void
close_transport(void *context)
{
	struct model_device *d = device_of(context);

	d->opened = false;
	d->raise = NULL;
}

static void
raise_direct(struct model_device *d, uint16_t vector)
{
	struct model_irq *irq = vector < MODEL_VECTORS_MAX ? &d->vectors[vector] : &d->line;

	if (irq->live) {
		model_step_interrupt();
		(void)irq->handler(irq->argument);
	}
}

static const struct virtio_transport_ops ops = {
	.name = "model",
	.status_get = status_get,
	.status_set = status_set,
	.features_get = features_get,
	.features_set = features_set,
	.config_bytes = config_bytes,
	.config_read = config_read,
	.config_write = config_write,
	.config_generation = config_generation,
	.queue_count = queue_count,
	.queue_size_max = queue_size_max,
	.queue_enable = queue_enable,
	.queue_reset = queue_reset,
	.queue_resetting = queue_resetting,
	.vector_count = vector_count,
	.vector_attach = vector_attach,
	.vector_detach = vector_detach,
	.config_vector = config_vector,
	.line_attach = line_attach,
	.line_detach = line_detach,
	.isr_read = isr_read,
	.notify = notify,
	.close = close_transport,
};

struct virtio_transport
model_device_transport(struct model_device *d)
{
	d->opened = true;
	d->raise = raise_direct;
	return (struct virtio_transport){&ops, d};
}
