/* SPDX-License-Identifier: MIT */
/* What the Linux library knows of a disk, as a view: see view.h. */
#include "cmd/vblk/view.h"

#include "orion/texts.h"

/* The features of the vhost-user protocol itself, by bit. */
static const char *
protocol_name(unsigned bit)
{
	static const char *const names[] = {
		"MQ",
		"LOG_SHMFD",
		"RARP",
		"REPLY_ACK",
		"MTU",
		"BACKEND_REQ",
		"CROSS_ENDIAN",
		"CRYPTO_SESSION",
		"PAGEFAULT",
		"CONFIG",
		"BACKEND_SEND_FD",
		"HOST_NOTIFIER",
		"INFLIGHT_SHMFD",
		"RESET_DEVICE",
		"INBAND_NOTIFICATIONS",
		"CONFIGURE_MEM_SLOTS",
		"STATUS",
		"XEN_MMAP",
		"SHARED_OBJECT",
		"DEVICE_STATE",
	};

	return bit < sizeof(names) / sizeof(names[0]) ? names[bit] : NULL;
}

/* The library's words for it are numbers of the driver's. */
_Static_assert((int)ORION_DURABILITY_FLUSH == (int)VBLK_DURABILITY_FLUSH &&
		       (int)ORION_DURABILITY_STABLE == (int)VBLK_DURABILITY_STABLE &&
		       (int)ORION_DURABILITY_NONE == (int)VBLK_DURABILITY_NONE,
	       "durability is counted alike");

static void
fill_device(struct view *view, const struct orion_device_info *device)
{
	view->segments_max = device->segments_max;
	view->segment_bytes_max = device->segment_bytes_max;
	view->request_sectors_max = device->request_sectors_max;
	view->ring = device->packed ? "packed" : "split";
	view->indirect = view_answer_of(device->indirect);
	view->event_index = view_answer_of(device->event_index);
	view->in_order = view_answer_of(device->in_order);
	view->queue_reset = view_answer_of(
		(device->features_negotiated & VIRTIO_BIT(VIRTIO_F_RING_RESET)) != 0);
	view->queues_offered = device->queues_offered;
	view->queue_size = device->queue_size;
	view->features = device->features_negotiated;
	view->features_offered = device->features_offered;
	view->features_wanted = device->features_wanted;
	view->dma_bytes = device->dma_bytes;
}

static void
fill_connection(struct view *view, bool connected, uint32_t connections)
{
	view->transport = "vhost-user";
	view->state = connected ? vblk_state_text(VBLK_LIVE) : "away";
	view->connected = view_answer_of(connected);
	view->connections = connections;
}

static bool
look(const struct view *view, unsigned index, struct view_ring *ring)
{
	struct orion_queue *queue = orion_disk_queue(view->home, index);
	struct orion_ring_info info;

	if (queue == NULL || orion_queue_ring(queue, &info) != 0)
		return false;
	ring->info = (struct vblk_ring_info){
		.size = info.size,
		.free = info.free,
		.available = info.available,
		.used = info.used,
		.available_wrap = info.available_wrap,
		.used_wrap = info.used_wrap,
		.descriptor_area = info.descriptor_area,
		.driver_area = info.driver_area,
		.device_area = info.device_area,
		.vector = VIRTIO_NO_VECTOR,
	};
	ring->broken = info.broken != NULL ? info.broken : vblk_cause_text(VBLK_CAUSE_NONE);
	return true;
}

void
view_of_disk(struct view *view, const char *name, struct orion_disk *disk)
{
	struct orion_disk_info info;

	view_clear(view);
	orion_disk_info(disk, &info);
	view->disk = name;
	view->bytes = info.bytes;
	view->block_bytes = info.block_bytes;
	view->physical_block_bytes = info.physical_block_bytes;
	view->io_opt_blocks = info.optimal_bytes / info.block_bytes;
	view->read_only = view_answer_of(info.read_only);
	view->flush = view_answer_of(info.flush);
	view->writeback = view_answer_of(info.writeback);
	view->durability = vblk_durability_text((vblk_durability)info.durability);
	view->queues = info.queues;
	view->queue_depth = info.depth;
	view->protocol_features = info.protocol_features;
	view->protocol_feature_name = protocol_name;
	fill_connection(view, info.connected, info.connections);
	fill_device(view, &info.device);
	view->look = look;
	view->home = disk;
}

static bool
count(const struct view *view, unsigned index, struct view_queue *queue)
{
	const struct orion_published *disk = view->home_disk;
	const struct orion_published_queue *one = &disk->queue[index];

	if (index >= disk->queues)
		return false;
	queue->stats = one->stats;
	queue->in_flight = one->in_flight;
	queue->waits = one->counters.waits;
	queue->sleeps = one->counters.sleeps;
	queue->late = one->counters.late;
	queue->bounced = one->counters.bounced;
	queue->bounced_bytes = one->counters.bounced_bytes;
	queue->replayed = one->counters.replayed;
	queue->stale_flushes = one->counters.stale_flushes;
	return true;
}

void
view_of_watched(struct view *view, const char *name, const struct watched *watched)
{
	const struct orion_published *disk = &watched->disk;

	view_clear(view);
	view->disk = name;
	view->pid = disk->pid;
	view->program = disk->program;
	view->bytes = disk->bytes;
	view->queues = disk->queues;
	fill_connection(view, disk->connected != 0, disk->connections);
	view->ticks_per_second = disk->ticks_per_second;
	view->count = count;
	view->home_disk = disk;
}
