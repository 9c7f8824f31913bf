/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of the CCW transport: indicators.  Configuration changes always interrupt by the
 * subchannel; queues by an adapter, or by the subchannel too where there is none.  Whichever came,
 * both words of indicators are taken, bit for bit, and what stands in them is called.
 * [spec 4.3.2.6, 4.3.3.1]
 */
#include "ccw.h"

#include "../arch/arch.h"
#include "../base/be.h"
#include "../base/memory.h"

#define SUBCHANNEL 0u
#define ADAPTER 1u
#define INDICATORS 64u

static struct ccw_indicators *
indicators_of(const struct ccw *ccw)
{
	return ccw->region.cpu;
}

/* What the device set since the last time, as a number.  Each bit counts by itself. */
static uint64_t
take(uint64_t *word)
{
	uint32_t raw[2] = {arch_exchange32(word, 0),
			   arch_exchange32((uint32_t *)(void *)word + 1, 0)};
	uint8_t bytes[sizeof(raw)];

	memcpy(bytes, raw, sizeof(raw));
	return be64_get(bytes);
}

static bool
call(const struct ccw *ccw, uint16_t vector)
{
	const struct ccw_vector *called;

	if (vector >= CCW_VECTORS_MAX)
		return false;
	called = &ccw->vectors[vector];
	return called->handler != NULL && called->handler(called->argument);
}

/* With an adapter, indicators are counted from the left.  [spec 4.3.2.6.3] */
static bool
on_interrupt(void *argument)
{
	const struct ccw *ccw = argument;
	uint64_t queues = take(&indicators_of(ccw)->queues);
	uint64_t config = take(&indicators_of(ccw)->config);
	bool mine = false;

	for (unsigned i = 0; i < CCW_QUEUES_MAX && queues != 0; i++) {
		unsigned bit = ccw->adapter ? INDICATORS - 1 - i : i;

		if ((queues >> bit & 1) != 0)
			mine |= call(ccw,
				     __atomic_load_n(&ccw->queue_vectors[i], __ATOMIC_ACQUIRE));
	}
	if ((config & 1) != 0)
		mine |= call(ccw, ccw->config_vector);
	return mine;
}

static orion_status
wire_attach(struct ccw *ccw, unsigned which, uint32_t number)
{
	struct orion_irq_source source = {.kind = ORION_IRQ_WIRE, .wire = number};
	struct orion_irq_message message = {0, 0, 0};
	orion_status status =
		ccw->port->irq_attach(ccw->port_context, &source, on_interrupt, ccw, &message);

	ccw->wire_cookies[which] = message.cookie;
	return status;
}

static void
wire_detach(struct ccw *ccw, unsigned which)
{
	ccw->port->irq_detach(ccw->port_context, ccw->wire_cookies[which]);
}

/* The subchannel's interrupt is a must, the adapter's is not. */
static orion_status
wires_attach(struct ccw *ccw)
{
	const struct virtio_ccw_adapter *adapter = ccw->host->adapter;
	orion_status status = wire_attach(ccw, SUBCHANNEL, ccw->device);

	if (status != ORION_OK)
		return status;
	ccw->wires_attached = true;
	ccw->adapter = adapter != NULL && wire_attach(ccw, ADAPTER, adapter->wire) == ORION_OK;
	return ORION_OK;
}

static void
wires_detach(struct ccw *ccw)
{
	if (ccw->wires_attached)
		wire_detach(ccw, SUBCHANNEL);
	if (ccw->adapter)
		wire_detach(ccw, ADAPTER);
	ccw->wires_attached = false;
	ccw->adapter = false;
}

uint16_t
orion_ccw_vector_count(void *context)
{
	(void)context;
	return CCW_VECTORS_MAX;
}

/* All interrupts of a device come to one CPU, which wakes the others. */
orion_status
orion_ccw_vector_attach(void *context, uint16_t vector, uint16_t cpu, orion_irq_handler *handler,
			void *argument)
{
	struct ccw *ccw = context;

	(void)cpu;
	CHECK(vector < CCW_VECTORS_MAX);
	ccw->vectors[vector].argument = argument;
	ccw->vectors[vector].handler = handler;
	return ccw->wires_attached ? ORION_OK : wires_attach(ccw);
}

/* The first that goes takes the interrupts along: then no handler runs any more. */
void
orion_ccw_vector_detach(void *context, uint16_t vector)
{
	struct ccw *ccw = context;

	wires_detach(ccw);
	ccw->vectors[vector].handler = NULL;
}

static orion_status
set_classic(struct ccw *ccw)
{
	uint8_t data[VIRTIO_CCW_IND_BYTES];

	be64_put(data, ccw->region.device + offsetof(struct ccw_indicators, queues));
	return orion_ccw_demand(ccw, VIRTIO_CCW_SET_IND, data, sizeof(data));
}

static orion_status
set_adapter(struct ccw *ccw)
{
	const struct virtio_ccw_adapter *adapter = ccw->host->adapter;
	uint8_t data[VIRTIO_CCW_THIN_BYTES];
	uint16_t done;

	be64_put(data + VIRTIO_CCW_THIN_SUMMARY, adapter->summary);
	be64_put(data + VIRTIO_CCW_THIN_INDICATORS,
		 ccw->region.device + offsetof(struct ccw_indicators, queues));
	be64_put(data + VIRTIO_CCW_THIN_BIT, 0);
	data[VIRTIO_CCW_THIN_SUBCLASS] = adapter->subclass;
	return orion_ccw_run(ccw, VIRTIO_CCW_SET_IND_ADAPTER, data, sizeof(data), &done);
}

/*
 * Tells the device where all the indicators are.  One that rejects an adapter is asked for the
 * subchannel's interrupts instead: it must not be asked for both.  [spec 4.3.2.6]
 */
orion_status
orion_ccw_config_vector(void *context, uint16_t vector)
{
	struct ccw *ccw = context;
	uint8_t data[VIRTIO_CCW_IND_BYTES];
	orion_status status = ORION_NOT_SUPPORTED;

	ccw->config_vector = vector;
	if (ccw->indicators_set)
		return ORION_OK;
	memset(indicators_of(ccw), 0, sizeof(struct ccw_indicators));
	/* From the first of these commands on, until its reset. */
	ccw->indicators_set = true;
	if (ccw->adapter)
		status = set_adapter(ccw);
	if (status == ORION_NOT_SUPPORTED) {
		if (ccw->adapter)
			wire_detach(ccw, ADAPTER);
		ccw->adapter = false;
		status = set_classic(ccw);
	}
	if (status != ORION_OK)
		return ORION_NO_INTERRUPT;
	be64_put(data, ccw->region.device + offsetof(struct ccw_indicators, config));
	status = orion_ccw_demand(ccw, VIRTIO_CCW_SET_CONF_IND, data, sizeof(data));
	return status == ORION_OK ? ORION_OK : ORION_NO_INTERRUPT;
}
