/* SPDX-License-Identifier: MIT */
/* The device-specific configuration space [spec 5.2.4]: truth, claims, and tearing. */
#include "model/private.h"

#include <limits.h>
#include <string.h>

/* Fields by offset and width; a 64-bit field is two of 32 bits [spec 4.1.3.1]. */
static const struct {
	uint8_t offset, width;
} fields[] = {
	{0, 4},  {4, 4},  {8, 4},  {12, 4}, {16, 2}, {18, 1}, {19, 1}, {20, 4}, {24, 1}, {25, 1},
	{26, 2}, {28, 4}, {32, 1}, {33, 1}, {34, 2}, {36, 4}, {40, 4}, {44, 4}, {48, 4}, {52, 4},
	{56, 1}, {60, 4}, {64, 4}, {68, 4}, {72, 4}, {76, 4}, {80, 4}, {84, 4}, {88, 4}, {92, 1},
};

static bool
is_field(uint32_t offset, unsigned width)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].offset == offset && fields[i].width == width)
			return true;
	return false;
}

static uint64_t
claim(struct model_device *d, model_mischief what, uint64_t truth)
{
	uint64_t value;

	return model_trick_now(d, what, &value) ? value : truth;
}

static void
fill(struct model_device *d, struct virtio_blk_config *c)
{
	const struct model_options *o = &d->options;

	memset(c, 0, sizeof(*c));
	c->capacity =
		cpu_to_le64(d->torn ^ claim(d, MODEL_MISCHIEF_SAY_CAPACITY, o->capacity_sectors));
	c->size_max = cpu_to_le32((uint32_t)claim(d, MODEL_MISCHIEF_SAY_SIZE_MAX, o->size_max));
	c->seg_max = cpu_to_le32((uint32_t)claim(d, MODEL_MISCHIEF_SAY_SEG_MAX, o->seg_max));
	c->blk_size = cpu_to_le32((uint32_t)claim(d, MODEL_MISCHIEF_SAY_BLOCK, o->block_bytes));
	c->physical_block_exp = (uint8_t)claim(d, MODEL_MISCHIEF_SAY_PHYSICAL, o->physical_exp);
	c->alignment_offset = o->alignment_offset;
	c->min_io_size = cpu_to_le16(o->min_io_blocks);
	c->opt_io_size = cpu_to_le32(o->opt_io_blocks);
	c->writeback = d->writeback;
	c->num_queues = cpu_to_le16((uint16_t)claim(d, MODEL_MISCHIEF_SAY_QUEUES, o->queues));
}

uint32_t
model_config_bytes(struct model_device *d)
{
	return (uint32_t)claim(d, MODEL_MISCHIEF_SAY_CONFIG_BYTES,
			       sizeof(struct virtio_blk_config));
}

uint32_t
model_config_get(struct model_device *d, uint32_t offset, unsigned width)
{
	struct virtio_blk_config config;
	uint8_t bytes[sizeof(config) + 4];
	uint32_t value = 0;

	if (model_is_gone(d))
		return UINT32_MAX >> (32 - 8 * width);
	/* A legacy device's fields may be read by pieces.  [spec 4.1.4.10] */
	if (!is_field(offset, width) && (!d->legacy || width != 1 || offset >= sizeof(config))) {
		model_breached(d->host, MODEL_BREACH_CONFIG_WIDTH, UINT_MAX, offset, width, 0);
		return 0;
	}
	if (offset == offsetof(struct virtio_blk_config, writeback) && !d->legacy &&
	    (d->status & VIRTIO_STATUS_FEATURES_OK) == 0)
		model_breached(d->host, MODEL_BREACH_WRITEBACK_EARLY, UINT_MAX, d->status, 0, 0);
	if (model_trick_now(d, MODEL_MISCHIEF_CONFIG_TORN, NULL)) {
		d->generation++;
		d->torn ^= UINT64_C(0x1ffffffff);
	}
	fill(d, &config);
	memcpy(bytes, &config, sizeof(config));
	for (unsigned i = 0; i < width; i++)
		value |= (uint32_t)bytes[offset + i] << (8 * i);
	return value;
}

void
model_config_set(struct model_device *d, uint32_t offset, unsigned width, uint32_t value)
{
	if (model_is_gone(d))
		return;
	if (offset != offsetof(struct virtio_blk_config, writeback) || width != 1 || value > 1 ||
	    (d->negotiated & VIRTIO_BIT(VIRTIO_BLK_F_CONFIG_WCE)) == 0) {
		model_breached(d->host, MODEL_BREACH_CONFIG_WRITE, UINT_MAX, offset, width, value);
		return;
	}
	d->writeback = (uint8_t)value;
}
