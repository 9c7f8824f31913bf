/* SPDX-License-Identifier: MIT */
/*
 * Interrupts (Interrupt Manager): the best mode that device and host allow, and handlers that do
 * nothing but acknowledge, count and wake.  The manual is device.h.
 *
 * Handlers run on several CPUs; each word they write has one writer at a time, but for the shared
 * modes' counters, where one vector means one handler.
 */
#include "device.h"

#include "../spec/virtio_pci.h"

static void
wake_all(struct virtio_device *device)
{
	for (unsigned i = 0; i < device->targets; i++) {
		device->target[i].interrupts++;
		device->port->wake(device->port_context, device->target[i].event);
	}
}

static void
note_config(struct virtio_device *device)
{
	device->config_interrupts++;
	__atomic_store_n(&device->config_pending, 1, __ATOMIC_RELEASE);
}

static bool
on_queue(void *argument)
{
	struct virtio_irq_target *target = argument;

	target->interrupts++;
	target->device->port->wake(target->device->port_context, target->event);
	return true;
}

static bool
on_any_queue(void *argument)
{
	wake_all(argument);
	return true;
}

static bool
on_config(void *argument)
{
	note_config(argument);
	return true;
}

/* One vector for everything: there is no telling which it was. */
static bool
on_anything(void *argument)
{
	note_config(argument);
	wake_all(argument);
	return true;
}

/* Reading the cause acknowledges it.  [spec 4.1.4.5] */
static bool
on_line(void *argument)
{
	struct virtio_device *device = argument;
	uint8_t cause = device->transport.ops->isr_read(device->transport.context);

	if (cause == 0 || cause == 0xff)
		return false;
	if (cause & VIRTIO_PCI_ISR_CONFIG)
		note_config(device);
	if (cause & VIRTIO_PCI_ISR_QUEUE)
		wake_all(device);
	return true;
}

static orion_status
attach_vector(struct virtio_device *device, orion_irq_handler *handler, void *argument,
	      uint16_t cpu)
{
	const struct virtio_transport *transport = &device->transport;
	orion_status status = transport->ops->vector_attach(transport->context, device->vectors,
							    cpu, handler, argument);

	if (status == ORION_OK)
		device->vectors++;
	return status;
}

static orion_status
attach_per_queue(struct virtio_device *device, uint16_t count)
{
	orion_status status = attach_vector(device, on_config, device, device->target[0].cpu);

	for (uint16_t i = 0; i < count && status == ORION_OK; i++) {
		device->target[i].vector = device->vectors;
		status = attach_vector(device, on_queue, &device->target[i], device->target[i].cpu);
	}
	return status;
}

static void
share_vector(struct virtio_device *device, uint16_t count, uint16_t vector)
{
	for (uint16_t i = 0; i < count; i++)
		device->target[i].vector = vector;
}

static orion_status
attach_mode(struct virtio_device *device, virtio_irq_mode mode, uint16_t count)
{
	const struct virtio_transport *transport = &device->transport;
	uint16_t cpu = device->target[0].cpu;
	orion_status status;

	switch (mode) {
	case VIRTIO_IRQ_PER_QUEUE:
		return attach_per_queue(device, count);
	case VIRTIO_IRQ_PAIRED:
		status = attach_vector(device, on_config, device, cpu);
		if (status == ORION_OK)
			status = attach_vector(device, on_any_queue, device, cpu);
		share_vector(device, count, 1);
		return status;
	case VIRTIO_IRQ_SHARED:
		share_vector(device, count, 0);
		return attach_vector(device, on_anything, device, cpu);
	case VIRTIO_IRQ_LINE:
		share_vector(device, count, VIRTIO_NO_VECTOR);
		status = transport->ops->line_attach(transport->context, on_line, device);
		device->line_attached = status == ORION_OK;
		return status;
	case VIRTIO_IRQ_POLLED:
		break;
	}
	share_vector(device, count, VIRTIO_NO_VECTOR);
	return ORION_OK;
}

/* Vectors that MODE needs. */
static unsigned
mode_vectors(virtio_irq_mode mode, uint16_t count)
{
	switch (mode) {
	case VIRTIO_IRQ_PER_QUEUE:
		return count + 1u;
	case VIRTIO_IRQ_PAIRED:
		return 2;
	case VIRTIO_IRQ_SHARED:
		return 1;
	case VIRTIO_IRQ_LINE:
	case VIRTIO_IRQ_POLLED:
		break;
	}
	return 0;
}

static uint16_t
vectors_there(const struct virtio_device *device)
{
	const struct virtio_transport *transport = &device->transport;

	return transport->ops->vector_count == NULL
		       ? 0
		       : transport->ops->vector_count(transport->context);
}

/* Tries MODE; on failure nothing stays attached. */
static bool
try_mode(struct virtio_device *device, virtio_irq_mode mode, uint16_t count)
{
	const struct virtio_transport *transport = &device->transport;
	unsigned needed = mode_vectors(mode, count);
	orion_status status;

	if (mode != VIRTIO_IRQ_POLLED && device->port->irq_attach == NULL)
		return false;
	if (needed > vectors_there(device))
		return false;
	device->targets = count;
	status = attach_mode(device, mode, count);
	if (status == ORION_OK && needed > 0)
		status = transport->ops->config_vector(transport->context, 0);
	if (status != ORION_OK) {
		orion_virtio_interrupts_detach(device);
		return false;
	}
	device->irq_mode = mode;
	return true;
}

static void
attach_from(struct virtio_device *device, virtio_irq_mode mode, uint16_t count)
{
	virtio_irq_mode best = device->transport.ops->vector_count == NULL ? VIRTIO_IRQ_LINE
									   : VIRTIO_IRQ_PER_QUEUE;

	while (!try_mode(device, mode, count))
		mode--;
	if (mode < best)
		orion_virtio_report(device, ORION_LEVEL_WARNING, ORION_EVENT_VECTORS_SHORT,
				    count + 1u, vectors_there(device), mode);
}

void
orion_virtio_interrupts_attach(struct virtio_device *device, uint16_t count)
{
	attach_from(device, VIRTIO_IRQ_PER_QUEUE, count);
}

bool
orion_virtio_interrupts_degrade(struct virtio_device *device, uint16_t count)
{
	virtio_irq_mode mode = device->irq_mode;

	if (mode == VIRTIO_IRQ_POLLED)
		return false;
	orion_virtio_interrupts_detach(device);
	attach_from(device, mode - 1, count);
	return true;
}

void
orion_virtio_interrupts_detach(struct virtio_device *device)
{
	const struct virtio_transport *transport = &device->transport;

	while (device->vectors > 0)
		transport->ops->vector_detach(transport->context, --device->vectors);
	if (device->line_attached)
		transport->ops->line_detach(transport->context);
	device->line_attached = false;
	device->irq_mode = VIRTIO_IRQ_POLLED;
}
