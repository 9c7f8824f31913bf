/* SPDX-License-Identifier: MIT */
/* The device: status, features, tricks, interrupts, acts. */
#define _POSIX_C_SOURCE 200809L

#include "model/private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_MAX_DEFAULT 65536u
#define SEG_MAX_DEFAULT 126u
#define STATUS_OF_DRIVER                                                                         \
	(VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK | \
	 VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_FAILED)

void
model_options_default(struct model_options *options)
{
	memset(options, 0, sizeof(*options));
	options->features = VIRTIO_BIT(VIRTIO_F_VERSION_1) | VIRTIO_BIT(VIRTIO_F_RING_PACKED) |
			    VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC) | VIRTIO_BIT(VIRTIO_F_EVENT_IDX) |
			    VIRTIO_BIT(VIRTIO_BLK_F_SIZE_MAX) | VIRTIO_BIT(VIRTIO_BLK_F_SEG_MAX) |
			    VIRTIO_BIT(VIRTIO_BLK_F_BLK_SIZE) | VIRTIO_BIT(VIRTIO_BLK_F_TOPOLOGY) |
			    VIRTIO_BIT(VIRTIO_BLK_F_FLUSH) | VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE) |
			    VIRTIO_BIT(VIRTIO_BLK_F_MQ);
	options->capacity_sectors = 2097152;
	options->size_max = SIZE_MAX_DEFAULT;
	options->seg_max = SEG_MAX_DEFAULT;
	options->block_bytes = VIRTIO_BLK_SECTOR_BYTES;
	options->queues = 1;
	options->queue_size = 256;
	options->vectors = 2;
	options->serial = "MODEL-0001";
}

struct model_device *
model_device_open(struct model_host *host, const struct model_options *options)
{
	struct model_device *d = calloc(1, sizeof(*d));

	if (d == NULL || host->device_count == MODEL_DEVICES_MAX || options->queues == 0 ||
	    options->queues > MODEL_QUEUES_MAX || options->vectors > MODEL_VECTORS_MAX) {
		free(d);
		return NULL;
	}
	d->host = host;
	d->options = *options;
	d->random = options->seed;
	d->fail_sector = UINT64_MAX;
	d->config_vector = VIRTIO_NO_VECTOR;
	d->writeback = 1;
	if (options->serial != NULL)
		memcpy(d->serial, options->serial, strnlen(options->serial, VIRTIO_BLK_ID_BYTES));
	memcpy(d->tricks, options->tricks, sizeof(d->tricks));
	for (unsigned i = 0; i < options->queues; i++) {
		d->queues[i].device = d;
		d->queues[i].host = host;
		d->queues[i].index = i;
	}
	host->devices[host->device_count++] = d;
	return d;
}

/* All queues at rest, nothing negotiated: what a reset leaves. */
void
model_device_stop(struct model_device *d)
{
	for (unsigned i = 0; i < d->options.queues; i++) {
		model_queue_disable(&d->queues[i]);
		model_queue_exorcise(&d->queues[i]);
	}
	d->driver_features = d->negotiated = 0;
	d->isr = 0;
	d->config_vector = VIRTIO_NO_VECTOR;
	d->writeback = 1;
	if (d->pci != NULL)
		model_pci_reset(d);
	if (d->mmio != NULL)
		model_mmio_reset(d);
}

void
model_device_close(struct model_device *d)
{
	struct model_host *host;

	if (d == NULL)
		return;
	host = d->host;
	for (unsigned i = 0; i < host->device_count; i++)
		if (host->devices[i] == d)
			host->devices[i] = host->devices[--host->device_count];
	model_device_stop(d);
	model_pci_close(d);
	model_mmio_close(d);
	model_disk_close(&d->disk);
	model_disk_close(&d->stable);
	free(d);
}

/* ---- tricks ---- */

bool
model_trick_now(struct model_device *d, model_mischief what, uint64_t *value)
{
	for (unsigned i = 0; i < MODEL_TRICKS_MAX; i++) {
		const struct model_trick *t = &d->tricks[i];
		uint32_t seen;

		if (t->what != what)
			continue;
		seen = d->tricks_seen[i]++;
		if (seen < t->after || (t->times != 0 && seen - t->after >= t->times))
			continue;
		if (value != NULL)
			*value = t->value;
		d->stats.mischief++;
		return true;
	}
	return false;
}

void
model_device_trick(struct model_device *d, model_mischief what, uint32_t after, uint32_t times,
		   uint64_t value)
{
	unsigned i = d->tricks_next++ % MODEL_TRICKS_MAX;

	d->tricks[i] = (struct model_trick){what, after, times, value};
	d->tricks_seen[i] = 0;
}

void
model_device_behave(struct model_device *d)
{
	memset(d->tricks, 0, sizeof(d->tricks));
	d->tricks_next = 0;
}

bool
model_is_gone(struct model_device *d)
{
	if (!d->gone && model_trick_now(d, MODEL_MISCHIEF_ALL_ONES, NULL)) {
		model_device_stop(d);
		d->gone = true;
	}
	return d->gone;
}

/* ---- status and features ---- */

void
model_device_leave(struct model_device *d, uint8_t status)
{
	d->status = status;
}

static void
reset_ends(struct model_device *d)
{
	d->resetting = false;
	model_device_stop(d);
	d->status = 0;
}

uint8_t
model_status_get(struct model_device *d)
{
	if (model_is_gone(d))
		return 0xff;
	if (d->resetting && d->reset_left-- == 0)
		reset_ends(d);
	return d->status;
}

/* At once, or after a while in which the device goes on; of one that does nothing it is at once. */
static void
reset(struct model_device *d)
{
	d->stats.resets++;
	if (model_trick_now(d, MODEL_MISCHIEF_RESET_STUCK, NULL))
		return;
	d->resetting = d->status != 0 && d->options.status_reads != 0;
	d->reset_left = d->options.status_reads;
	if (!d->resetting)
		reset_ends(d);
}

bool
model_reset_is_over(struct model_device *d, uint64_t what)
{
	if (d->resetting)
		model_breached(d->host, MODEL_BREACH_RESET_EARLY, UINT_MAX, d->status,
			       d->reset_left, what);
	return !d->resetting;
}

/* The features that the driver wrote, judged when it sets FEATURES_OK. */
static bool
features_are_good(struct model_device *d)
{
	uint64_t f = d->driver_features;

	if ((f & ~d->options.features) != 0) {
		model_breached(d->host, MODEL_BREACH_FEATURES_NOT_OFFERED, UINT_MAX, f,
			       d->options.features, 0);
		return false;
	}
	if ((f & VIRTIO_BIT(VIRTIO_F_VERSION_1)) == 0 && f >> VIRTIO_F_VERSION_1 != 0)
		model_breached(d->host, MODEL_BREACH_FEATURES_DEPENDENCY, UINT_MAX, f, 0, 0);
	return (f & VIRTIO_BIT(VIRTIO_F_VERSION_1)) != 0 &&
	       !model_trick_now(d, MODEL_MISCHIEF_FEATURES_REFUSED, NULL);
}

/* A legacy device has FEATURES_OK no more than it has a say in features.  [spec 3.1.2] */
static bool
legacy_order_is_right(uint8_t status)
{
	uint8_t driver = status & (VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_DRIVER_OK);

	return (status & VIRTIO_STATUS_FEATURES_OK) == 0 &&
	       (driver == 0 || (status & VIRTIO_STATUS_ACKNOWLEDGE) != 0) &&
	       driver != VIRTIO_STATUS_DRIVER_OK;
}

/* Each bit needs the ones before it [spec 3.1.1]. */
static bool
order_is_right(uint8_t status)
{
	if ((status & VIRTIO_STATUS_DRIVER) != 0 && (status & VIRTIO_STATUS_ACKNOWLEDGE) == 0)
		return false;
	if ((status & VIRTIO_STATUS_FEATURES_OK) != 0 && (status & VIRTIO_STATUS_DRIVER) == 0)
		return false;
	return (status & VIRTIO_STATUS_DRIVER_OK) == 0 || (status & VIRTIO_STATUS_FEATURES_OK) != 0;
}

/* The device has gone on to FEATURES_OK with what the driver wrote.  [spec 5.2.5.2] */
static void
negotiated(struct model_device *d)
{
	uint64_t f = d->negotiated = d->driver_features;

	if ((f & VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE)) != 0 &&
	    (f & VIRTIO_BIT(VIRTIO_BLK_F_FLUSH)) == 0)
		d->writeback = 0;
}

/* FRESH bits that no driver sets, or none after FAILED, are not taken.  [spec 2.1, 2.1.1] */
static uint8_t
status_taken(struct model_device *d, uint8_t status, uint8_t fresh)
{
	if ((fresh & ~STATUS_OF_DRIVER) != 0)
		model_breached(d->host, MODEL_BREACH_STATUS_UNKNOWN, UINT_MAX, d->status, status,
			       0);
	if (fresh != 0 && (d->status & VIRTIO_STATUS_FAILED) != 0) {
		model_breached(d->host, MODEL_BREACH_STATUS_FAILED, UINT_MAX, d->status, status, 0);
		return d->status;
	}
	return (uint8_t)(status & ~(fresh & ~STATUS_OF_DRIVER));
}

void
model_status_set(struct model_device *d, uint8_t status)
{
	uint8_t kept = (uint8_t)(d->status & ~VIRTIO_STATUS_DEVICE_NEEDS_RESET);
	uint8_t fresh;

	if (model_is_gone(d))
		return;
	if (status == 0) {
		reset(d);
		return;
	}
	if (!model_reset_is_over(d, status))
		return;
	status = status_taken(d, status, (uint8_t)(status & ~d->status));
	fresh = (uint8_t)(status & ~d->status);
	if ((kept & ~status) != 0 ||
	    !(d->legacy ? legacy_order_is_right(status) : order_is_right(status))) {
		model_breached(d->host,
			       (kept & ~status) != 0 ? MODEL_BREACH_STATUS_CLEARED
						     : MODEL_BREACH_STATUS_ORDER,
			       UINT_MAX, d->status, status, 0);
	}
	if ((fresh & VIRTIO_STATUS_FEATURES_OK) != 0) {
		if (features_are_good(d))
			negotiated(d);
		else
			status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
	}
	if ((fresh & VIRTIO_STATUS_DRIVER_OK) != 0 &&
	    model_trick_now(d, MODEL_MISCHIEF_FEATURES_DROPPED, NULL))
		status &= (uint8_t)(UINT8_MAX - (d->legacy ? VIRTIO_STATUS_DRIVER_OK
							   : VIRTIO_STATUS_FEATURES_OK));
	d->status = status | (d->status & VIRTIO_STATUS_DEVICE_NEEDS_RESET);
}

void
model_features_set(struct model_device *d, uint64_t features)
{
	if (model_is_gone(d) || !model_reset_is_over(d, features))
		return;
	if ((d->status & (VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK)) != 0 ||
	    (d->status & VIRTIO_STATUS_DRIVER) == 0) {
		model_breached(d->host, MODEL_BREACH_FEATURES_LATE, UINT_MAX, d->status, features,
			       0);
		return;
	}
	d->driver_features = features;
	if (!d->legacy)
		return;
	if ((features & ~d->options.features) != 0)
		model_breached(d->host, MODEL_BREACH_FEATURES_NOT_OFFERED, UINT_MAX, features,
			       d->options.features, 0);
	d->negotiated = features & d->options.features;
}

uint16_t
model_queue_size(struct model_device *d, uint16_t queue)
{
	uint64_t value;

	if (model_is_gone(d))
		return 0xffff;
	if (queue >= d->options.queues)
		return 0;
	return model_trick_now(d, MODEL_MISCHIEF_SAY_QUEUE_SIZE, &value) ? (uint16_t)value
									 : d->options.queue_size;
}

/* ---- notifications ---- */

void
model_kick(struct model_device *d, uint32_t queue, uint16_t position)
{
	struct model_queue *q;

	if (model_is_gone(d))
		return;
	if (queue >= d->options.queues) {
		model_breached(d->host, MODEL_BREACH_QUEUE_ABSENT, queue, d->options.queues, 0, 0);
		return;
	}
	q = &d->queues[queue];
	if ((d->status & VIRTIO_STATUS_DRIVER_OK) == 0 || !q->enabled || q->resetting) {
		model_breached(d->host, MODEL_BREACH_KICK_EARLY, queue, d->status, q->enabled,
			       q->resetting);
		return;
	}
	if ((d->negotiated & VIRTIO_BIT(VIRTIO_F_NOTIFICATION_DATA)) != 0 &&
	    position != q->ring->position(q))
		model_breached(d->host, MODEL_BREACH_KICK_POSITION, queue, position,
			       q->ring->position(q), q->avail);
	d->stats.kicks++;
	d->stats.kicks_unasked += q->awake && !q->dozing;
	q->awake = true;
	q->dozing = false;
}

static bool
may_interrupt(const struct model_device *d)
{
	return (d->status & VIRTIO_STATUS_DRIVER_OK) != 0 && !d->gone && d->raise != NULL;
}

void
model_interrupt_queue(struct model_queue *q)
{
	struct model_device *d = q->device;

	if (!may_interrupt(d) || model_trick_now(d, MODEL_MISCHIEF_IRQ_NONE, NULL))
		return;
	d->stats.interrupts++;
	d->isr |= 1;
	d->raise(d, q->setup.vector);
}

void
model_interrupt_config(struct model_device *d)
{
	if (may_interrupt(d)) {
		d->stats.config_interrupts++;
		d->isr |= 2;
		d->raise(d, d->config_vector);
	}
}

void
model_device_break(struct model_device *d)
{
	d->status |= VIRTIO_STATUS_DEVICE_NEEDS_RESET;
	model_interrupt_config(d);
}

void
model_device_resize(struct model_device *d, uint64_t capacity_sectors)
{
	d->options.capacity_sectors = capacity_sectors;
	d->generation++;
	model_interrupt_config(d);
}

/* ---- acts ---- */

/* Mischief that happens between requests. */
static void
play_idle_tricks(struct model_device *d)
{
	for (unsigned i = 0; i < d->options.queues; i++) {
		struct model_queue *q = &d->queues[i];

		if (!q->enabled)
			continue;
		if (model_trick_now(d, MODEL_MISCHIEF_INDEX_RUNS, NULL))
			q->ring->lie(q, 1);
		if (model_trick_now(d, MODEL_MISCHIEF_EVENT_ODD, NULL))
			q->ring->odd_events(q, model_random(&d->random));
		if (model_trick_now(d, MODEL_MISCHIEF_IRQ_SPURIOUS, NULL))
			model_interrupt_queue(q);
		if (model_trick_now(d, MODEL_MISCHIEF_SCRIBBLE, NULL))
			memset(q->desc, 0xee, 16u * q->setup.size);
	}
	if ((d->status & VIRTIO_STATUS_DRIVER_OK) != 0 &&
	    model_trick_now(d, MODEL_MISCHIEF_NEEDS_RESET, NULL))
		model_device_break(d);
}

bool
model_device_act(struct model_device *d)
{
	unsigned first;

	if (d->gone || (d->status & VIRTIO_STATUS_DRIVER_OK) == 0 ||
	    (d->status & VIRTIO_STATUS_DEVICE_NEEDS_RESET) != 0)
		return false;
	play_idle_tricks(d);
	if ((d->status & VIRTIO_STATUS_DEVICE_NEEDS_RESET) != 0)
		return false;
	for (unsigned i = 0; i < d->options.queues; i++) {
		if (model_queue_haunt(&d->queues[i]))
			return true;
	}
	first = (unsigned)(model_random(&d->random) % d->options.queues);
	for (unsigned i = 0; i < d->options.queues; i++)
		if (model_queue_act(&d->queues[(first + i) % d->options.queues]))
			return true;
	return false;
}

void
model_device_hold(struct model_device *d, bool held)
{
	d->options.held = held;
}

unsigned
model_device_release(struct model_device *d, unsigned count)
{
	unsigned done = 0, some;

	for (unsigned i = 0; i < d->options.queues && done < count; i++) {
		do {
			some = model_queue_complete(&d->queues[i], count - done);
			done += some;
		} while (some > 0);
	}
	(void)model_host_run(d->host);
	return done;
}

unsigned
model_device_held(const struct model_device *d)
{
	unsigned held = 0;

	for (unsigned i = 0; i < d->options.queues; i++)
		held += d->queues[i].held_count;
	return held;
}

bool
model_device_sleeps(const struct model_device *d, unsigned queue)
{
	return !d->queues[queue].awake;
}

bool
model_device_enabled(const struct model_device *d, unsigned queue)
{
	return d->queues[queue].enabled;
}

/* ---- the tests' view ---- */

const struct model_device_stats *
model_device_stats(const struct model_device *d)
{
	return &d->stats;
}

const struct model_options *
model_device_options(const struct model_device *d)
{
	return &d->options;
}

uint64_t
model_device_features(const struct model_device *d)
{
	return d->negotiated;
}

uint8_t
model_device_status(const struct model_device *d)
{
	return d->status;
}

void
model_device_fail_sector(struct model_device *d, uint64_t sector, uint8_t status)
{
	d->fail_sector = sector;
	d->fail_status = status;
}

void
model_device_peek(struct model_device *d, uint64_t sector, void *data, size_t bytes)
{
	model_disk_read(&d->disk, sector * VIRTIO_BLK_SECTOR_BYTES, data, bytes);
}

void
model_device_poke(struct model_device *d, uint64_t sector, const void *data, size_t bytes)
{
	model_disk_write(&d->disk, sector * VIRTIO_BLK_SECTOR_BYTES, data, bytes);
	if (d->options.cache)
		model_disk_write(&d->stable, sector * VIRTIO_BLK_SECTOR_BYTES, data, bytes);
}
