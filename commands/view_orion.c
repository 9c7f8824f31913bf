/* SPDX-License-Identifier: MIT */
/*
 * What the storage framework and the manager know of a disk, as a view: see view_orion.h.  No other
 * file of the reports knows of them.
 */
#include "commands/view_orion.h"

#include "orion/texts.h"

#include "commands/args.h"
#include "words/print.h"
#include "words/text.h"

/* ---- queues ---- */

static struct storage_disk *
disk_of(const struct view *view)
{
	const struct command_context *context = view->home;

	return storage_find(context->storage, view->disk);
}

/* What the framework counts of its lane. */
static void
count_lane(const struct storage_lane *lane, struct view_queue *queue)
{
	const struct orion_queue_counters *counters = &lane->counters;

	queue->late = __atomic_load_n(&counters->late, __ATOMIC_RELAXED);
	queue->bounced = __atomic_load_n(&counters->bounced, __ATOMIC_RELAXED);
	queue->bounced_bytes = __atomic_load_n(&counters->bounced_bytes, __ATOMIC_RELAXED);
	queue->replayed = __atomic_load_n(&counters->replayed, __ATOMIC_RELAXED);
	queue->stale_flushes = __atomic_load_n(&counters->stale_flushes, __ATOMIC_RELAXED);
	queue->stats.failed -= queue->replayed;
	queue->stats.bytes_read -= __atomic_load_n(&lane->again_read, __ATOMIC_RELAXED);
	queue->stats.bytes_written -= __atomic_load_n(&lane->again_written, __ATOMIC_RELAXED);
}

/* The counters of a queue; what failed was submitted, but no byte of it counts as moved. */
static bool
count(const struct view *view, unsigned index, struct view_queue *queue)
{
	struct storage_disk *disk = disk_of(view);
	const struct vblk_queue *one = vblk_queue_get(disk->device, index);
	const struct storage_account *account = &disk->lanes[index];
	struct vblk_irq_stats irq;

	if (one == NULL || args_interrupted(view->home))
		return false;
	vblk_queue_stats(one, &queue->stats, &irq);
	queue->stats.bytes_read -= __atomic_load_n(&account->failed_bytes_read, __ATOMIC_RELAXED);
	queue->stats.bytes_written -=
		__atomic_load_n(&account->failed_bytes_written, __ATOMIC_RELAXED);
	/* Read at different moments: more may have come back than had been handed over. */
	queue->in_flight = queue->stats.submitted > queue->stats.completed
				   ? queue->stats.submitted - queue->stats.completed
				   : 0;
	if (storage_lane_of(disk, index) != NULL)
		count_lane(storage_lane_of(disk, index), queue);
	queue->interrupts = irq.interrupts;
	queue->config_interrupts = irq.config_interrupts;
	return true;
}

static bool
look(const struct view *view, unsigned index, struct vblk_ring_info *ring)
{
	const struct vblk_queue *one = vblk_queue_get(disk_of(view)->device, index);

	if (one == NULL || args_interrupted(view->home))
		return false;
	vblk_ring_info(one, ring);
	return true;
}

/* ---- the disk ---- */

bool
view_orion_answers(const struct command_context *context, const struct storage_disk *disk)
{
	return storage_verdict(disk) == ORION_OK && storage_silent_ns(context->storage, disk) == 0;
}

static void
fill_device(struct view *view, const struct vblk_info *info)
{
	view->transport = info->transport;
	view->capacity_sectors = info->capacity_sectors;
	view->block_bytes = info->block_bytes;
	view->physical_block_bytes = info->physical_block_bytes;
	view->alignment_offset_blocks = info->alignment_offset_blocks;
	view->io_min_blocks = info->io_min_blocks;
	view->io_opt_blocks = info->io_opt_blocks;
	view->read_only = view_answer_of(info->read_only);
	view->flush = view_answer_of(info->flush);
	view->writeback = view_answer_of(info->writeback);
	view->durability = vblk_durability_text(info->durability);
	view->segments_max = info->segments_max;
	view->segment_bytes_max = info->segment_bytes_max;
	view->request_sectors_max = info->request_sectors_max;
	view->ring = info->packed ? "packed" : "split";
	view->indirect = view_answer_of(info->indirect);
	view->event_index = view_answer_of(info->event_index);
	view->in_order = view_answer_of(info->in_order);
	view->queue_reset = view_answer_of(info->queue_reset);
	view->queues = info->queues;
	view->queues_offered = info->queues_offered;
	view->queue_size = info->queue_size;
	view->queue_depth = info->queue_depth;
	view->interrupt_mode = virtio_irq_mode_text(info->irq_mode);
	view->interrupts_shared = info->irq_mode != VIRTIO_IRQ_PER_QUEUE;
	view->vectors = info->vectors;
	view->features = info->features_negotiated;
	view->features_offered = info->features_offered;
	view->features_wanted = info->features_wanted;
	view->dma_bytes = info->dma_bytes;
	view->private_bytes = info->private_bytes;
	view->bounce_bytes = (uint64_t)info->queues * info->bounce_pieces * VBLK_BOUNCE_BYTES;
	view->bounces = info->bounces              ? "all data"
			: info->bounce_pieces != 0 ? "what is not shared"
						   : "no";
}

static void
fill_recovery(struct view *view, const struct storage_recovery *recovery)
{
	view->resets = recovery->resets;
	view->failures = recovery->failures;
	view->replayed = recovery->replayed;
	if (recovery->resets == 0)
		return;
	view->last_reset = recovery->cause != VBLK_CAUSE_NONE ? vblk_cause_text(recovery->cause)
			   : recovery->silent                 ? "no answer"
							      : "a command";
	view->last_reset_ms = recovery->took_ns / 1000000;
}

/* What the disk is up to. */
static void
fill_state(struct view *view, const struct command_context *context,
	   const struct storage_disk *disk)
{
	uint64_t silent_ns = storage_silent_ns(context->storage, disk);
	orion_status verdict = storage_verdict(disk);
	vblk_cause cause = vblk_cause_get(disk->device);

	fill_recovery(view, &disk->recovery);
	view->state = verdict != ORION_OK ? "failed"
		      : silent_ns != 0    ? "silent"
					  : vblk_state_text(vblk_state_get(disk->device));
	view->silent_seconds = silent_ns / 1000000000;
	view->given_up_requests = args_lent(disk);
	view->cause = cause != VBLK_CAUSE_NONE ? vblk_cause_text(cause) : NULL;
	view->trouble = verdict != ORION_OK ? args_status_text(disk, verdict) : NULL;
	view->bytes = storage_bytes(disk);
	view->open_handles = disk->open_handles - 1;
	view->denials = disk->denials;
	view->bounced_bytes = storage_bounced_bytes(disk);
}

/* Where the manager found it, as far as the address says it. */
static void
fill_place(struct view_orion *one, const struct command_context *context, unsigned index)
{
	uint64_t address = context->manager->devices[index].place.address;

	if (text_begins(one->view.transport, "pci"))
		(void)print_into(one->place, sizeof(one->place), "%02llx:%02llx.%llx",
				 wide(address >> 8), wide(address >> 3 & 31), wide(address & 7));
	else if (text_begins(one->view.transport, "mmio"))
		(void)print_into(one->place, sizeof(one->place), "mmio %llx", wide(address));
	else
		return;
	one->view.place = one->place;
}

void
view_orion_fill(struct view_orion *one, struct command_context *context,
		const struct storage_disk *disk)
{
	view_clear(&one->view);
	one->view.disk = disk->name;
	fill_device(&one->view, vblk_info(disk->device));
	fill_state(&one->view, context, disk);
	fill_place(one, context, disk->index);
	one->view.ticks_per_second = context->manager->port->ticks_per_second;
	one->view.count = count;
	one->view.look = look;
	one->view.home = context;
}
