/* SPDX-License-Identifier: MIT */
/* The status handshake and the device state machine (VirtIO Manager).  The manual is device.h. */
#include "device.h"

#include "../base/num.h"

#define RESET_DEADLINE_NS UINT64_C(5000000000)
#define RESET_READS_MAX 100000u
#define RESET_PAUSE_FIRST_NS 1000u
#define RESET_PAUSE_LAST_NS 1000000u

#define TO(state) (1u << VIRTIO_##state)

/* Row: from; bits: where it may go. */
static const uint16_t moves[VIRTIO_STATE_COUNT] = {
	[VIRTIO_ABSENT] = TO(RESET) | TO(DEAD) | TO(GONE),
	[VIRTIO_RESET] = TO(RESET) | TO(ACKNOWLEDGED) | TO(DEAD) | TO(GONE) | TO(ABSENT),
	[VIRTIO_ACKNOWLEDGED] = TO(NEGOTIATED) | TO(RESET) | TO(DEAD) | TO(GONE),
	[VIRTIO_NEGOTIATED] = TO(QUEUES) | TO(RESET) | TO(DEAD) | TO(GONE),
	[VIRTIO_QUEUES] = TO(LIVE) | TO(RESET) | TO(DEAD) | TO(GONE),
	[VIRTIO_LIVE] = TO(BROKEN) | TO(RESET) | TO(DEAD) | TO(GONE),
	[VIRTIO_BROKEN] = TO(RESET) | TO(DEAD) | TO(GONE),
	[VIRTIO_DEAD] = TO(RESET) | TO(DEAD) | TO(GONE) | TO(ABSENT),
	[VIRTIO_GONE] = TO(ABSENT),
};

bool
orion_virtio_move_legal(virtio_state from, virtio_state to)
{
	return (unsigned)from < VIRTIO_STATE_COUNT && (unsigned)to < VIRTIO_STATE_COUNT &&
	       (moves[from] >> to & 1u) != 0;
}

void
orion_virtio_move(struct virtio_device *device, virtio_state to)
{
	CHECK(orion_virtio_move_legal(device->state, to));
	/* Others may look at it. */
	__atomic_store_n(&device->state, to, __ATOMIC_RELAXED);
}

void
orion_virtio_report(const struct virtio_device *device, orion_level level, orion_event event,
		    uint64_t a, uint64_t b, uint64_t c)
{
	if (device->port->report != NULL)
		device->port->report(device->port_context, level, event, a, b, c);
}

/* Bits are only ever added, until a reset.  [spec 2.1.1] */
static void
status_add(struct virtio_device *device, uint8_t bits)
{
	device->status |= bits;
	device->transport.ops->status_set(device->transport.context, device->status);
}

static orion_status
gone(struct virtio_device *device)
{
	orion_virtio_move(device, VIRTIO_GONE);
	orion_virtio_report(device, ORION_LEVEL_ERROR, ORION_EVENT_DEVICE_GONE, 0, 0, 0);
	return ORION_DEVICE_GONE;
}

/* A bounded wait for the device, in ever longer pauses. */
struct patience {
	uint64_t begin, pause, waited;
	unsigned looks;
};

static struct patience
patience_begin(const struct virtio_device *device)
{
	return (struct patience){device->port->now_ns(device->port_context), RESET_PAUSE_FIRST_NS,
				 0, 0};
}

/* Pauses; false when it has lasted too long. */
static bool
patience_left(const struct virtio_device *device, struct patience *patience)
{
	if (++patience->looks >= RESET_READS_MAX || patience->waited >= RESET_DEADLINE_NS)
		return false;
	device->port->pause_ns(device->port_context, patience->pause);
	if (patience->pause < RESET_PAUSE_LAST_NS)
		patience->pause *= 2;
	patience->waited = device->port->now_ns(device->port_context) - patience->begin;
	return true;
}

/* Asks for a reset and waits; ORION_TIMED_OUT with what STATUS was at last. */
static orion_status
reset_once(struct virtio_device *device, struct patience *patience, uint8_t *status)
{
	const struct virtio_transport *transport = &device->transport;

	*patience = patience_begin(device);
	transport->ops->status_set(transport->context, 0);
	do {
		*status = transport->ops->status_get(transport->context);
		if (*status == 0)
			return ORION_OK;
		if (*status == VIRTIO_STATUS_GONE)
			return ORION_DEVICE_GONE;
	} while (patience_left(device, patience));
	return ORION_TIMED_OUT;
}

/* The device hangs: what the bus can do.  Afterwards it is reset once more, from the front. */
static orion_status
reset_function(struct virtio_device *device, struct patience *patience, uint8_t *status)
{
	const struct virtio_transport *transport = &device->transport;
	orion_status done = ORION_NOT_SUPPORTED;

	if (transport->ops->function_reset != NULL)
		done = transport->ops->function_reset(transport->context);
	if (done == ORION_NOT_SUPPORTED)
		return ORION_TIMED_OUT;
	orion_virtio_report(device, ORION_LEVEL_WARNING, ORION_EVENT_FUNCTION_RESET, *status, done,
			    0);
	return done == ORION_OK ? reset_once(device, patience, status) : done;
}

static uint64_t
milliseconds(uint64_t ns)
{
	uint32_t rest;

	return num_divide(ns, 1000000, &rest);
}

orion_status
orion_virtio_reset(struct virtio_device *device)
{
	struct patience patience;
	uint8_t status = 0;
	orion_status done;

	if (device->state == VIRTIO_GONE)
		return ORION_DEVICE_GONE;
	device->status = 0;
	done = reset_once(device, &patience, &status);
	if (done == ORION_TIMED_OUT)
		done = reset_function(device, &patience, &status);
	if (done == ORION_DEVICE_GONE)
		return gone(device);
	if (done == ORION_OK) {
		orion_virtio_move(device, VIRTIO_RESET);
		return ORION_OK;
	}
	orion_virtio_move(device, VIRTIO_DEAD);
	orion_virtio_report(device, ORION_LEVEL_ERROR, ORION_EVENT_RESET_TIMEOUT, status,
			    milliseconds(patience.waited), 0);
	return ORION_TIMED_OUT;
}

orion_status
orion_virtio_queue_reset(struct virtio_device *device, uint16_t queue)
{
	const struct virtio_transport *transport = &device->transport;
	struct patience patience = patience_begin(device);

	transport->ops->queue_reset(transport->context, queue);
	while (transport->ops->queue_resetting(transport->context, queue)) {
		if (patience_left(device, &patience))
			continue;
		orion_virtio_move(device, VIRTIO_BROKEN);
		return ORION_TIMED_OUT;
	}
	return ORION_OK;
}

void
orion_virtio_acknowledge(struct virtio_device *device)
{
	orion_virtio_move(device, VIRTIO_ACKNOWLEDGED);
	status_add(device, VIRTIO_STATUS_ACKNOWLEDGE);
	status_add(device, VIRTIO_STATUS_DRIVER);
}

/*
 * What was told is not yet what was taken: every bit of the status must have stayed, and none that
 * says otherwise have come; TOLD, where the device says it, must be what was ASKED for.
 * [spec 2.1.1, 3.1.1]
 */
static orion_status
accepted(struct virtio_device *device, uint64_t asked, uint64_t told)
{
	uint8_t status = device->transport.ops->status_get(device->transport.context);
	uint8_t looked_at =
		device->status | VIRTIO_STATUS_DEVICE_NEEDS_RESET | VIRTIO_STATUS_FAILED;

	if (status == VIRTIO_STATUS_GONE)
		return gone(device);
	if ((status & looked_at) == device->status && (told == 0 || told == asked))
		return ORION_OK;
	orion_virtio_report(device, ORION_LEVEL_ERROR, ORION_EVENT_FEATURES_REFUSED,
			    device->offered, asked, status);
	return ORION_DEVICE_REFUSED;
}

orion_status
orion_virtio_negotiate(struct virtio_device *device, uint64_t negotiated)
{
	const struct virtio_transport *transport = &device->transport;
	uint64_t told = 0;
	orion_status status;

	CHECK((negotiated & ~device->offered) == 0);
	transport->ops->features_set(transport->context, negotiated);
	/* A legacy device knows no FEATURES_OK; some tell what they heard.  [spec 3.1.2] */
	if (!transport->ops->legacy)
		status_add(device, VIRTIO_STATUS_FEATURES_OK);
	else if (transport->ops->features_told != NULL)
		told = transport->ops->features_told(transport->context);
	status = accepted(device, negotiated, told);
	if (status != ORION_OK)
		return status;
	device->negotiated = negotiated;
	orion_virtio_move(device, VIRTIO_NEGOTIATED);
	return ORION_OK;
}

orion_status
orion_virtio_live(struct virtio_device *device)
{
	orion_status status;

	status_add(device, VIRTIO_STATUS_DRIVER_OK);
	status = accepted(device, device->negotiated, 0);
	if (status == ORION_OK)
		orion_virtio_move(device, VIRTIO_LIVE);
	return status;
}

void
orion_virtio_fail(struct virtio_device *device)
{
	if (device->state != VIRTIO_GONE)
		status_add(device, VIRTIO_STATUS_FAILED);
}

orion_status
orion_virtio_look(struct virtio_device *device)
{
	uint8_t status = device->transport.ops->status_get(device->transport.context);

	if (device->state == VIRTIO_GONE)
		return ORION_DEVICE_GONE;
	if (status == VIRTIO_STATUS_GONE)
		return gone(device);
	if (status & VIRTIO_STATUS_DEVICE_NEEDS_RESET) {
		if (device->state == VIRTIO_LIVE)
			orion_virtio_move(device, VIRTIO_BROKEN);
		return ORION_DEVICE_BROKEN;
	}
	return device->state == VIRTIO_LIVE ? ORION_OK : ORION_DEVICE_BROKEN;
}
