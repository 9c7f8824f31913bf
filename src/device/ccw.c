/* SPDX-License-Identifier: MIT */
/* The CCW transport: handshake, features, configuration and queues by commands.  [spec 4.3] */
#include "ccw.h"

#include "../base/be.h"
#include "../base/le.h"
#include "../base/memory.h"

#define REVISION_BEST VIRTIO_CCW_REVISION_STATUS

/*
 * Features of other transports, by numbers that mean nothing here, and two that no command is there
 * for.  [spec 4.3.4, 6]
 */
#define FEATURES_FOREIGN                                                    \
	(VIRTIO_BIT(VIRTIO_F_ADMIN_VQ) | VIRTIO_BIT(VIRTIO_F_SR_IOV) |      \
	 VIRTIO_BIT(VIRTIO_F_NOTIF_CONFIG_DATA) | VIRTIO_BIT(VIRTIO_F_RING_RESET))

static void
report(const struct ccw *ccw, orion_event event, uint64_t b, uint64_t c)
{
	if (ccw->port->report != NULL)
		ccw->port->report(ccw->port_context, ORION_LEVEL_ERROR, event, ccw->device, b, c);
}

orion_status
orion_ccw_run(struct ccw *ccw, uint8_t command, uint8_t *data, uint16_t bytes, uint16_t *done)
{
	orion_status status;

	*done = 0;
	status = ccw->host->command(ccw->port_context, ccw->device, command, data, bytes, done);
	if (status != ORION_OK && status != ORION_NOT_SUPPORTED)
		report(ccw, ORION_EVENT_CCW_FAILED, command, status);
	return status;
}

orion_status
orion_ccw_demand(struct ccw *ccw, uint8_t command, uint8_t *data, uint16_t bytes)
{
	uint16_t done;
	orion_status status = orion_ccw_run(ccw, command, data, bytes, &done);

	if (status != ORION_NOT_SUPPORTED)
		return status;
	report(ccw, ORION_EVENT_CCW_FAILED, command, status);
	return ORION_DEVICE_REFUSED;
}

/* A command that fetches BYTES: fewer are a failure, since the rest would be our own. */
static bool
fetch(struct ccw *ccw, uint8_t command, uint8_t *data, uint16_t bytes)
{
	uint16_t done;
	orion_status status = orion_ccw_run(ccw, command, data, bytes, &done);

	if (status == ORION_OK && done >= bytes)
		return true;
	if (status == ORION_OK || status == ORION_NOT_SUPPORTED)
		report(ccw, ORION_EVENT_CCW_FAILED, command, ORION_DEVICE_REFUSED);
	return false;
}

/* ---- status ---- */

/*
 * Revision 1 has no command for it: the device has what it was told and did not reject.  A device
 * that lost the features that it was told must not pass for one that took them, nor one that was
 * not told to start for one that will.  [spec 4.3.2.3]
 */
static uint8_t
status_get(void *context)
{
	struct ccw *ccw = context;
	uint8_t status = ccw->status;

	if (ccw->revision >= VIRTIO_CCW_REVISION_STATUS &&
	    !fetch(ccw, VIRTIO_CCW_READ_STATUS, &status, sizeof(status)))
		return VIRTIO_STATUS_GONE;
	if (status == VIRTIO_STATUS_GONE)
		return status;
	if (ccw->features_lost)
		status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
	return ccw->start_lost ? status | VIRTIO_STATUS_DEVICE_NEEDS_RESET : status;
}

/* The end of the command is the end of the reset.  [spec 4.3.3.3] */
static void
reset(struct ccw *ccw)
{
	if (orion_ccw_demand(ccw, VIRTIO_CCW_VDEV_RESET, NULL, 0) != ORION_OK) {
		ccw->status = VIRTIO_STATUS_GONE;
		return;
	}
	ccw->status = 0;
	ccw->features_lost = false;
	ccw->start_lost = false;
	ccw->indicators_set = false;
}

/* A rejected status is one that the device does not have; whoever asks for it is told. */
static void
status_set(void *context, uint8_t status)
{
	struct ccw *ccw = context;
	uint16_t done;

	if (status == 0)
		reset(ccw);
	else if (orion_ccw_run(ccw, VIRTIO_CCW_WRITE_STATUS, &status, sizeof(status), &done) ==
		 ORION_OK)
		ccw->status = status;
	else
		ccw->start_lost = (status & VIRTIO_STATUS_DRIVER_OK) != 0;
}

/* ---- features ---- */

static uint64_t
features_get(void *context)
{
	struct ccw *ccw = context;
	uint64_t features = 0, foreign = FEATURES_FOREIGN;

	for (uint8_t word = 0; word < 2; word++) {
		uint8_t data[VIRTIO_CCW_FEAT_BYTES] = {0};
		le32 offered;

		data[VIRTIO_CCW_FEAT_INDEX] = word;
		if (!fetch(ccw, VIRTIO_CCW_READ_FEAT, data, sizeof(data)))
			return 0;
		memcpy(&offered, data, sizeof(offered));
		features |= (uint64_t)le32_to_cpu(offered) << (32 * word);
	}
	/* Whether it was suspended could not be read.  [spec 4.3.2.3] */
	if (ccw->revision < VIRTIO_CCW_REVISION_STATUS)
		foreign |= VIRTIO_BIT(VIRTIO_F_SUSPEND);
	return features & ~foreign;
}

static void
features_set(void *context, uint64_t features)
{
	struct ccw *ccw = context;

	ccw->position = (features & VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA)) != 0;
	for (uint8_t word = 0; word < 2; word++) {
		uint8_t data[VIRTIO_CCW_FEAT_BYTES];
		le32 wanted = cpu_to_le32((uint32_t)(features >> (32 * word)));

		memcpy(data, &wanted, sizeof(wanted));
		data[VIRTIO_CCW_FEAT_INDEX] = word;
		if (orion_ccw_demand(ccw, VIRTIO_CCW_WRITE_FEAT, data, sizeof(data)) != ORION_OK)
			ccw->features_lost = true;
	}
}

/* ---- configuration: always all of it, and compared with the copy  [spec 4.3.2.5] ---- */

/*
 * Brings the copy up to date.  Once its size is known, no more is asked for; and what nobody read
 * of the copy may be another at each look.  [spec 4.3.1.4]
 */
static bool
config_refresh(struct ccw *ccw)
{
	uint16_t bytes = ccw->config_bytes != 0 ? ccw->config_bytes : CCW_CONFIG_BYTES;
	uint8_t data[CCW_CONFIG_BYTES] = {0};
	uint16_t done;
	orion_status status = orion_ccw_run(ccw, VIRTIO_CCW_READ_CONF, data, bytes, &done);
	bool same;

	if (status != ORION_OK || done == 0 || done > bytes) {
		if (status == ORION_OK || status == ORION_NOT_SUPPORTED)
			report(ccw, ORION_EVENT_CCW_FAILED, VIRTIO_CCW_READ_CONF,
			       ORION_DEVICE_REFUSED);
		ccw->config_bytes = 0;
		return false;
	}
	same = done == ccw->config_bytes;
	for (uint16_t i = 0; i < done; i++) {
		same = same && (ccw->config[i] == data[i] || !ccw->config_read[i]);
		ccw->config[i] = data[i];
		ccw->config_read[i] = false;
	}
	ccw->generation += !same;
	ccw->config_bytes = done;
	return true;
}

static uint32_t
config_bytes(void *context)
{
	struct ccw *ccw = context;

	if (ccw->config_bytes == 0)
		(void)config_refresh(ccw);
	return ccw->config_bytes;
}

/* The copy is what is read, so that nothing changes meanwhile. */
static uint32_t
config_generation(void *context)
{
	struct ccw *ccw = context;

	/* What could not be read is never the same as before. */
	if (!config_refresh(ccw))
		ccw->generation++;
	return ccw->generation;
}

static uint32_t
config_read(void *context, uint32_t offset, unsigned width)
{
	struct ccw *ccw = context;
	uint32_t value = 0;

	if (offset > ccw->config_bytes || width > ccw->config_bytes - offset)
		return UINT32_MAX;
	for (unsigned i = 0; i < width; i++) {
		ccw->config_read[offset + i] = true;
		value |= (uint32_t)ccw->config[offset + i] << (8 * i);
	}
	return value;
}

static void
config_write(void *context, uint32_t offset, unsigned width, uint32_t value)
{
	struct ccw *ccw = context;
	uint8_t data[CCW_CONFIG_BYTES];

	if (!config_refresh(ccw) || offset > ccw->config_bytes ||
	    width > ccw->config_bytes - offset)
		return;
	memcpy(data, ccw->config, sizeof(data));
	for (unsigned i = 0; i < width; i++)
		data[offset + i] = (uint8_t)(value >> (8 * i));
	/* Whether it was taken, the next reading tells. */
	(void)(orion_ccw_demand(ccw, VIRTIO_CCW_WRITE_CONF, data, ccw->config_bytes) == ORION_OK);
}

/* ---- queues ---- */

/* No command says how many: a queue is there when its size is not 0. */
static uint16_t
queue_count(void *context)
{
	(void)context;
	return CCW_QUEUES_MAX;
}

static uint16_t
queue_size_max(void *context, uint16_t queue)
{
	uint8_t data[VIRTIO_CCW_VQ_CONF_BYTES] = {0};

	be16_put(data, queue);
	if (!fetch(context, VIRTIO_CCW_READ_VQ_CONF, data, sizeof(data)))
		return 0;
	return be16_get(data + VIRTIO_CCW_VQ_CONF_SIZE);
}

static orion_status
queue_enable(void *context, uint16_t queue, const struct virtio_queue_setup *setup,
	     struct virtio_doorbell *doorbell)
{
	struct ccw *ccw = context;
	uint8_t data[VIRTIO_CCW_VQ_BYTES] = {0};

	CHECK(queue < CCW_QUEUES_MAX);
	be64_put(data + VIRTIO_CCW_VQ_DESC, setup->descriptor_area);
	be16_put(data + VIRTIO_CCW_VQ_INDEX, queue);
	be16_put(data + VIRTIO_CCW_VQ_SIZE, setup->size);
	be64_put(data + VIRTIO_CCW_VQ_DRIVER, setup->driver_area);
	be64_put(data + VIRTIO_CCW_VQ_DEVICE, setup->device_area);
	/* The vector is none of the device's business; it comes first, as interrupts may. */
	__atomic_store_n(&ccw->queue_vectors[queue], setup->vector, __ATOMIC_RELEASE);
	ccw->kick_cookies[queue] = 0;
	*doorbell = (struct virtio_doorbell){NULL, queue, 4, ccw->position};
	return orion_ccw_demand(ccw, VIRTIO_CCW_SET_VQ, data, sizeof(data));
}

/* The device names its cookie so that it finds the queue sooner the next time.  [spec 4.3.3.2] */
static void
notify(void *context, uint16_t queue, uint32_t value)
{
	struct ccw *ccw = context;
	int64_t cookie =
		ccw->host->notify(ccw->port_context, ccw->device, value, ccw->kick_cookies[queue]);

	ccw->kick_cookies[queue] = cookie < 0 ? 0 : cookie;
}

/* ---- opening and closing ---- */

/* There is none: the last resort before polling is missing. */
static orion_status
line_attach(void *context, orion_irq_handler *handler, void *argument)
{
	(void)context;
	(void)handler;
	(void)argument;
	return ORION_NO_INTERRUPT;
}

/* Indicators that the device may still write to are kept from ever being used again. */
static void
close_transport(void *context)
{
	struct ccw *ccw = context;

	(void)ccw->host->enable(ccw->port_context, ccw->device, false);
	if (!ccw->indicators_set)
		ccw->port->dma_free(ccw->port_context, &ccw->region);
}

static const struct virtio_transport_ops ops = {
	.name = "ccw",
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
	.vector_count = orion_ccw_vector_count,
	.vector_attach = orion_ccw_vector_attach,
	.vector_detach = orion_ccw_vector_detach,
	.config_vector = orion_ccw_config_vector,
	.line_attach = line_attach,
	.notify = notify,
	.close = close_transport,
};

/* The highest that the device takes.  One that takes none is a legacy device.  [spec 4.3.2.1] */
static orion_status
set_revision(struct ccw *ccw)
{
	for (uint8_t revision = REVISION_BEST; revision >= VIRTIO_CCW_REVISION_LEAST; revision--) {
		uint8_t data[VIRTIO_CCW_REV_BYTES] = {0};
		uint16_t done;
		orion_status status;

		be16_put(data, revision);
		status = orion_ccw_run(ccw, VIRTIO_CCW_SET_VIRTIO_REV, data, sizeof(data), &done);
		if (status == ORION_OK)
			ccw->revision = revision;
		if (status != ORION_NOT_SUPPORTED)
			return status;
	}
	report(ccw, ORION_EVENT_CCW_LEGACY, 0, 0);
	return ORION_DEVICE_REFUSED;
}

orion_status
orion_virtio_ccw_open(struct virtio_ccw *storage, const struct orion_port *port, void *port_context,
		      const struct virtio_ccw_host *host, uint32_t device,
		      struct virtio_transport *out)
{
	struct ccw *ccw = (struct ccw *)(void *)storage->opaque;
	orion_status status = orion_port_check(port, 0, NULL);

	if (status != ORION_OK)
		return status;
	if (host->enable == NULL || host->command == NULL || host->notify == NULL)
		return ORION_PORT_INCOMPLETE;
	memset(ccw, 0, sizeof(*ccw));
	ccw->port = port;
	ccw->port_context = port_context;
	ccw->host = host;
	ccw->device = device;
	ccw->status = VIRTIO_STATUS_GONE;
	ccw->config_vector = VIRTIO_NO_VECTOR;
	for (unsigned i = 0; i < CCW_QUEUES_MAX; i++)
		ccw->queue_vectors[i] = VIRTIO_NO_VECTOR;
	/* Enabled anew, it has no revision yet.  [spec 4.3.2.1.1] */
	status = host->enable(port_context, device, true);
	if (status != ORION_OK)
		return status;
	status = set_revision(ccw);
	if (status == ORION_OK)
		status = port->dma_alloc(port_context, sizeof(struct ccw_indicators),
					 sizeof(uint64_t), &ccw->region);
	if (status == ORION_OK)
		*out = (struct virtio_transport){&ops, ccw};
	else
		(void)host->enable(port_context, device, false);
	return status;
}
