/* SPDX-License-Identifier: MIT */
/* The reset of one queue [spec 2.6.1]: at once, after a while, never, or a queue that runs on. */
#include "model/private.h"

#include <stdlib.h>

#define FOR_EVER UINT32_MAX

/* What is in flight outlives the reset: it is no longer the driver's, and will be done late. */
static void
keep_ghosts(struct model_queue *q)
{
	struct model_chain **more;

	if (q->held_count == 0)
		return;
	more = realloc(q->ghosts, (q->ghost_count + q->held_count) * sizeof(*more));
	if (more == NULL)
		abort();
	q->ghosts = more;
	for (unsigned i = 0; i < q->held_count; i++) {
		model_chain_mark(q, q->held[i], -1);
		q->ghosts[q->ghost_count++] = q->held[i];
	}
	q->held_count = 0;
}

static void
end(struct model_queue *q)
{
	if (q->runs_on)
		keep_ghosts(q);
	model_queue_disable(q);
	q->was_reset = true;
	q->device->stats.queue_resets++;
	if (q->device->pci != NULL)
		model_pci_queue_reset(q->device, q->index);
	if (q->device->mmio != NULL)
		model_mmio_queue_reset(q->device, q->index);
}

void
model_queue_reset(struct model_queue *q)
{
	struct model_device *d = q->device;
	bool known = (d->negotiated & VIRTIO_BIT(VIRTIO_F_RING_RESET)) != 0;

	if (!known || !q->enabled || q->resetting) {
		model_breached(q->host, MODEL_BREACH_QUEUE_RESET, q->index, known, q->enabled,
			       q->resetting);
		return;
	}
	q->resetting = true;
	q->reset_left = model_trick_now(d, MODEL_MISCHIEF_QUEUE_RESET_STUCK, NULL)
				? FOR_EVER
				: d->options.reset_reads;
	q->runs_on = model_trick_now(d, MODEL_MISCHIEF_QUEUE_RESET_RUNS, NULL);
	if (q->reset_left == 0)
		end(q);
}

bool
model_queue_resetting(struct model_queue *q)
{
	if (!q->resetting)
		return false;
	if (q->reset_left == 0) {
		end(q);
		return false;
	}
	q->reset_left -= q->reset_left != FOR_EVER;
	return true;
}

static bool
is_reachable(struct model_queue *q, const struct model_chain *chain)
{
	for (uint32_t i = 0; i < chain->count; i++) {
		if (model_host_at(q->host, chain->pieces[i].address, chain->pieces[i].bytes) ==
		    NULL)
			return false;
	}
	return true;
}

bool
model_queue_haunt(struct model_queue *q)
{
	struct model_chain *chain;
	uint32_t length = 0;

	if (q->ghost_count == 0)
		return false;
	chain = q->ghosts[--q->ghost_count];
	if (is_reachable(q, chain))
		length = model_request_run(q, chain);
	if (q->enabled && !q->broken) {
		q->ring->put(q, NULL, 0, chain->id, length);
		q->unpublished = true;
	}
	free(chain);
	return true;
}

void
model_queue_exorcise(struct model_queue *q)
{
	while (q->ghost_count > 0)
		free(q->ghosts[--q->ghost_count]);
	free(q->ghosts);
	q->ghosts = NULL;
	q->was_reset = false;
}
