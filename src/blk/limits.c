/* SPDX-License-Identifier: MIT */
/*
 * What the device says of itself, made safe: every field gated by its feature, range-checked, and
 * clamped or dropped with a report when it cannot be meant.  [spec 5.2.3, 5.2.4, 5.2.5]
 */
#include "types.h"

#include "../base/num.h"

#define BLOCK_BYTES_MAX 65536u
#define PHYSICAL_EXP_MAX 16u
#define DESCRIPTORS_MIN 3u      /* header, data, status [spec 2.7.5.3.1] */
#define COMFORTABLE_SIZE 32u    /* smaller ones come after other ways to save memory */
#define COMFORTABLE_SEGMENTS 16u
#define CAPACITY_MAX (UINT64_C(1) << 55)

static bool
has(const struct vblk_device *device, unsigned feature)
{
	return (device->virtio.negotiated & VIRTIO_BIT(feature)) != 0;
}

static void
odd_at(const struct vblk_device *device, orion_level level, size_t offset, uint64_t claimed,
       uint64_t used)
{
	orion_virtio_report(&device->virtio, level, ORION_EVENT_LIMIT_ODD, offset, claimed, used);
}

static void
odd(const struct vblk_device *device, size_t offset, uint64_t claimed, uint64_t used)
{
	odd_at(device, ORION_LEVEL_WARNING, offset, claimed, used);
}

/* A limit that can be neither obeyed nor passed over. */
static orion_status
refuse(const struct vblk_device *device, size_t offset, uint64_t claimed, uint64_t needed)
{
	orion_virtio_report(&device->virtio, ORION_LEVEL_ERROR, ORION_EVENT_LIMIT_REFUSED, offset,
			    claimed, needed);
	return ORION_DEVICE_REFUSED;
}

#define CONFIG(field) offsetof(struct virtio_blk_config, field)

/* The claims, as read; zero where the feature was not negotiated. */
struct claims {
	uint64_t capacity, size_max, seg_max, blk_size, writeback, num_queues;
	uint64_t physical_exp, alignment, min_io, opt_io;
};

static orion_status
read_claims(struct vblk_device *device, struct claims *claims)
{
	const struct {
		uint8_t feature;
		struct virtio_field field;
	} all[] = {
		{VIRTIO_BLK_F_SIZE_MAX, {CONFIG(size_max), 4, &claims->size_max}},
		{VIRTIO_BLK_F_SEG_MAX, {CONFIG(seg_max), 4, &claims->seg_max}},
		{VIRTIO_BLK_F_BLK_SIZE, {CONFIG(blk_size), 4, &claims->blk_size}},
		{VIRTIO_BLK_F_TOPOLOGY, {CONFIG(physical_block_exp), 1, &claims->physical_exp}},
		{VIRTIO_BLK_F_TOPOLOGY, {CONFIG(alignment_offset), 1, &claims->alignment}},
		{VIRTIO_BLK_F_TOPOLOGY, {CONFIG(min_io_size), 2, &claims->min_io}},
		{VIRTIO_BLK_F_TOPOLOGY, {CONFIG(opt_io_size), 4, &claims->opt_io}},
		{VIRTIO_BLK_F_CONFIG_WCE, {CONFIG(writeback), 1, &claims->writeback}},
		{VIRTIO_BLK_F_MQ, {CONFIG(num_queues), 2, &claims->num_queues}},
	};
	struct virtio_field fields[COUNT_OF(all) + 1];
	unsigned count = 0;

	fields[count++] = (struct virtio_field){CONFIG(capacity), 8, &claims->capacity};
	for (unsigned i = 0; i < COUNT_OF(all); i++) {
		if (has(device, all[i].feature))
			fields[count++] = all[i].field;
	}
	return orion_virtio_config_read(&device->virtio, fields, count);
}

/* A device whose blocks we cannot keep to would be written by parts of blocks: refused. */
static orion_status
take_block_size(const struct vblk_device *device, const struct claims *claims,
		struct vblk_info *info)
{
	uint64_t bytes =
		has(device, VIRTIO_BLK_F_BLK_SIZE) ? claims->blk_size : VIRTIO_BLK_SECTOR_BYTES;

	if (bytes < VIRTIO_BLK_SECTOR_BYTES || bytes > BLOCK_BYTES_MAX ||
	    !num_is_power_of_two(bytes))
		return refuse(device, CONFIG(blk_size), bytes, BLOCK_BYTES_MAX);
	info->block_bytes = (uint32_t)bytes;
	info->physical_block_bytes = info->block_bytes;
	if (!has(device, VIRTIO_BLK_F_TOPOLOGY))
		return ORION_OK;
	if (claims->physical_exp > PHYSICAL_EXP_MAX || bytes << claims->physical_exp > UINT32_MAX) {
		odd(device, CONFIG(physical_block_exp), claims->physical_exp, 0);
		return ORION_OK;
	}
	info->physical_block_bytes = info->block_bytes << claims->physical_exp;
	info->alignment_offset_blocks = (uint32_t)claims->alignment;
	info->io_min_blocks = (uint32_t)claims->min_io;
	info->io_opt_blocks = (uint32_t)claims->opt_io;
	return ORION_OK;
}

uint64_t
vblk_capacity_usable(uint64_t sectors, uint32_t block_bytes)
{
	return num_min64(sectors, CAPACITY_MAX) &
	       ~(uint64_t)(block_bytes / VIRTIO_BLK_SECTOR_BYTES - 1);
}

static void
take_sizes(const struct vblk_device *device, const struct claims *claims, struct vblk_info *info)
{
	uint32_t block_sectors = info->block_bytes / VIRTIO_BLK_SECTOR_BYTES;
	/* A chain carries less than 2^32 bytes. */
	uint32_t sectors =
		num_min32(device->options.device_max_sectors, UINT32_MAX / VIRTIO_BLK_SECTOR_BYTES);

	info->request_sectors_max = sectors & ~(block_sectors - 1);
	if (info->request_sectors_max == 0)
		info->request_sectors_max = block_sectors;

	info->segment_bytes_max = UINT32_MAX;
	if (has(device, VIRTIO_BLK_F_SIZE_MAX)) {
		/* Nothing at all cannot be meant, and a daemon in wide use says it of each disk. */
		if (claims->size_max == 0)
			odd_at(device, ORION_LEVEL_INFO, CONFIG(size_max), 0, UINT32_MAX);
		else if (claims->size_max < VIRTIO_BLK_SECTOR_BYTES)
			info->segment_bytes_max = (uint32_t)claims->size_max;
		else
			info->segment_bytes_max =
				(uint32_t)claims->size_max & ~(VIRTIO_BLK_SECTOR_BYTES - 1);
	}
	/* Without the feature nothing but one segment is sure to be taken. */
	info->segments_max = 1;
	if (has(device, VIRTIO_BLK_F_SEG_MAX)) {
		if (claims->seg_max == 0)
			odd(device, CONFIG(seg_max), 0, 1);
		else
			info->segments_max = (uint32_t)num_min64(
				claims->seg_max, device->options.device_max_segments);
	}
}

/*
 * Whether the device has a cache that loses what it holds, and whether that can be helped.  A cache
 * that is there but was not negotiated is not used.  [spec 5.2.5, 5.2.6.2]
 */
static void
take_durability(const struct vblk_device *device, const struct claims *claims,
		struct vblk_info *info)
{
	bool offered = (device->virtio.offered & VIRTIO_BIT(VIRTIO_BLK_F_FLUSH)) != 0;

	info->flush = has(device, VIRTIO_BLK_F_FLUSH);
	/* Any value but 0 counts as write-back: the safe side. */
	info->writeback =
		has(device, VIRTIO_BLK_F_CONFIG_WCE) ? claims->writeback != 0 : info->flush;
	if (!offered)
		info->durability = VBLK_DURABILITY_NONE;
	else
		info->durability = info->writeback ? VBLK_DURABILITY_FLUSH : VBLK_DURABILITY_STABLE;
}

orion_status
vblk_limits_read(struct vblk_device *device, struct vblk_info *info)
{
	struct claims claims = {0};
	orion_status status = read_claims(device, &claims);

	if (status != ORION_OK)
		return status;
	status = take_block_size(device, &claims, info);
	if (status != ORION_OK)
		return status;
	take_sizes(device, &claims, info);
	info->capacity_sectors = vblk_capacity_usable(claims.capacity, info->block_bytes);
	if (info->capacity_sectors != claims.capacity)
		odd(device, CONFIG(capacity), claims.capacity, info->capacity_sectors);
	info->read_only = (device->virtio.offered & VIRTIO_BIT(VIRTIO_BLK_F_RO)) != 0;
	take_durability(device, &claims, info);

	info->queues_offered = 1;
	if (has(device, VIRTIO_BLK_F_MQ)) {
		if (claims.num_queues == 0)
			odd(device, CONFIG(num_queues), 0, 1);
		else
			info->queues_offered = (uint16_t)claims.num_queues;
	}
	return ORION_OK;
}

/*
 * The size that serves the wanted depth, and one request of the largest kind: a request in a table
 * takes one descriptor of the ring, but the table, too, must not be longer than the ring is.
 * [spec 2.7.5.3.1, 2.8.5]
 */
static uint32_t
size_wanted(const struct vblk_device *device)
{
	const struct vblk_info *info = &device->info;
	uint32_t depth = device->options.queue_depth, most = device->options.device_max_queue_depth;
	uint32_t slots = info->indirect ? depth : depth * DESCRIPTORS_MIN;
	uint32_t chain = info->segments_max + 2;
	uint32_t wanted = slots > chain ? slots : chain;

	if (info->packed)
		return num_min32(wanted, most);
	return num_min32(num_power_of_two_ceil(wanted), num_power_of_two_floor(most));
}

/* The size that queue INDEX can have, 0 when it is not there. */
static uint32_t
size_possible(const struct vblk_device *device, uint16_t index)
{
	const struct virtio_transport *transport = &device->virtio.transport;
	uint32_t size = transport->ops->queue_size_max(transport->context, index);

	if (size > VIRTQ_SIZE_MAX) {
		odd(device, 0, size, VIRTQ_SIZE_MAX);
		size = VIRTQ_SIZE_MAX;
	}
	if (size != 0 && !device->info.packed)
		size = num_power_of_two_floor(size);
	return size;
}

/* What the queues are to be. */
struct plan {
	uint32_t queues, size, depth, segments;
};

static void
settle(struct vblk_device *device, const struct plan *plan)
{
	struct vblk_info *info = &device->info;
	uint32_t size = plan->size;

	info->queues = (uint16_t)plan->queues;
	info->queue_size = (uint16_t)size;
	/* An indirect table, too, holds no more entries than the queue.  [spec 2.7.5.3.1] */
	info->segments_max = num_min32(plan->segments, size - 2);
	info->queue_depth =
		(uint16_t)num_min32(plan->depth, info->indirect ? size : size / DESCRIPTORS_MIN);
	device->ids = info->indirect && !info->in_order ? info->queue_depth : info->queue_size;
	/* One piece will do where bouncing is the exception. */
	if (info->bounces)
		info->bounce_pieces =
			(uint16_t)num_min32(info->queue_depth, VBLK_BOUNCE_PIECES_MAX);
	else
		info->bounce_pieces = device->virtio.dma.partial ? 1 : 0;
}

/* The data segments that a block needs. */
static uint32_t
segments_least(const struct vblk_info *info)
{
	uint32_t n = 1;

	while (n < info->segments_max && (uint64_t)n * info->segment_bytes_max < info->block_bytes)
		n++;
	return n;
}

/*
 * One step to less memory: shorter rings, where the device lets them be, or fewer requests in
 * flight; then fewer queues, unless it is one piece that is TOO_LARGE; then shorter tables; then
 * the least.  False: there is none.
 */
static bool
shrink(const struct vblk_device *device, struct plan *plan, bool too_large)
{
	const struct vblk_info *info = &device->info;
	bool fixed = device->virtio.transport.ops->size_fixed;
	uint32_t *length = fixed ? &plan->depth : &plan->size;
	uint32_t least = fixed ? 1 : DESCRIPTORS_MIN;
	/* Of a fixed size, cells follow the depth only where a request is one descriptor. */
	bool helps = !fixed || (info->indirect && !info->in_order);

	*length = num_min32(*length, fixed ? info->queue_depth : info->queue_size);
	plan->segments = num_min32(plan->segments, info->segments_max);
	if (helps && *length / 2 >= COMFORTABLE_SIZE)
		*length /= 2;
	else if (plan->queues > 1 && !too_large)
		plan->queues--;
	else if (info->indirect && plan->segments / 2 >= COMFORTABLE_SEGMENTS &&
		 plan->segments / 2 >= segments_least(info))
		plan->segments /= 2;
	else if (helps && *length / 2 >= least)
		*length /= 2;
	else
		return false;
	return true;
}

bool
vblk_limits_too_large(const struct vblk_device *device)
{
	return device->piece_max != 0 &&
	       vblk_queue_shared_bytes(&device->info, device->ids) > device->piece_max;
}

/*
 * Fits the queues into what is left of the memory budget, and each into the largest piece that the
 * host can give.  What does not fit even then fails when it is allocated.
 */
static void
fit_memory(struct vblk_device *device, struct plan *plan)
{
	const struct orion_budget *budget = device->virtio.budget;
	uint64_t left = budget->limit > budget->used ? budget->limit - budget->used : 0;
	const struct vblk_info *info = &device->info;
	bool shrunk = false, too_large;

	while ((too_large = vblk_limits_too_large(device)) ||
	       info->queues * vblk_queue_shared_bytes(info, device->ids) > left) {
		if (!shrink(device, plan, too_large))
			break;
		settle(device, plan);
		shrunk = true;
	}
	if (shrunk)
		orion_virtio_report(&device->virtio, ORION_LEVEL_INFO, ORION_EVENT_QUEUES_SHRUNK,
				    info->queues, info->queue_size, left);
}

orion_status
vblk_limits_keep(struct vblk_device *device)
{
	struct vblk_info *was = &device->info, now = {0};
	orion_status status = vblk_limits_read(device, &now);
	bool kept;

	if (status != ORION_OK)
		return status;
	kept = now.block_bytes == was->block_bytes && now.segments_max >= was->segments_max &&
	       now.segment_bytes_max >= was->segment_bytes_max && now.read_only <= was->read_only;
	for (uint16_t i = 0; i < was->queues; i++)
		kept &= size_possible(device, i) >= was->queue_size;
	if (!kept) {
		orion_virtio_report(&device->virtio, ORION_LEVEL_ERROR, ORION_EVENT_DEVICE_CHANGED,
				    now.block_bytes, now.segments_max, now.read_only);
		return ORION_DEVICE_REFUSED;
	}
	vblk_capacity_set(device, now.capacity_sectors);
	was->writeback = now.writeback;
	was->durability = now.durability;
	return ORION_OK;
}

orion_status
vblk_limits_queues(struct vblk_device *device)
{
	const struct virtio_transport *transport = &device->virtio.transport;
	struct vblk_info *info = &device->info;
	uint32_t queues = num_min32(info->queues_offered, device->options.queue_count);
	uint32_t size = size_wanted(device), possible = 0, there;
	struct plan plan;
	uint16_t count = 0;

	queues = num_min32(queues, device->options.device_max_queues);
	queues = num_min32(queues, device->home_count);
	there = transport->ops->queue_count(transport->context);
	queues = num_min32(queues, there);
	for (; count < queues; count++) {
		possible = size_possible(device, count);
		if (possible < DESCRIPTORS_MIN ||
		    (transport->ops->size_fixed && count != 0 && possible != size))
			break;
		size = transport->ops->size_fixed ? possible : num_min32(size, possible);
	}
	if (count == 0 || size < DESCRIPTORS_MIN) {
		orion_virtio_report(&device->virtio, ORION_LEVEL_ERROR, ORION_EVENT_QUEUE_REFUSED,
				    count, num_min32(possible, size), DESCRIPTORS_MIN);
		return ORION_DEVICE_REFUSED;
	}
	plan = (struct plan){count, size, device->options.queue_depth, info->segments_max};
	settle(device, &plan);
	fit_memory(device, &plan);
	/* A block in as many pieces as one request can have, or not at all. */
	if ((uint64_t)info->segments_max * info->segment_bytes_max < info->block_bytes)
		return refuse(device, CONFIG(size_max),
			      (uint64_t)info->segments_max * info->segment_bytes_max,
			      info->block_bytes);
	return ORION_OK;
}
