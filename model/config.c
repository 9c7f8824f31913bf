/* SPDX-License-Identifier: MIT */
/* The device-specific configuration space [spec 5.2.4]: truth, claims, and tearing. */
#include "model/private.h"

#include <limits.h>
#include <string.h>

/*
 * Fields by offset and width, and the feature without which they are not there, 0 for none; a
 * 64-bit field is two of 32 bits.  [spec 4.1.3.1, 5.2.4]
 */
static const struct config_field {
	uint8_t offset, width, feature;
} fields[] = {
	{0, 4, 0},
	{4, 4, 0},
	{8, 4, VIRTIO_BLK_F_SIZE_MAX},
	{12, 4, VIRTIO_BLK_F_SEG_MAX},
	{16, 2, VIRTIO_BLK_F_GEOMETRY},
	{18, 1, VIRTIO_BLK_F_GEOMETRY},
	{19, 1, VIRTIO_BLK_F_GEOMETRY},
	{20, 4, VIRTIO_BLK_F_BLK_SIZE},
	{24, 1, VIRTIO_BLK_F_TOPOLOGY},
	{25, 1, VIRTIO_BLK_F_TOPOLOGY},
	{26, 2, VIRTIO_BLK_F_TOPOLOGY},
	{28, 4, VIRTIO_BLK_F_TOPOLOGY},
	{32, 1, VIRTIO_BLK_F_CONFIG_WCE},
	{33, 1, 0},
	{34, 2, VIRTIO_BLK_F_MQ},
	{36, 4, VIRTIO_BLK_F_DISCARD},
	{40, 4, VIRTIO_BLK_F_DISCARD},
	{44, 4, VIRTIO_BLK_F_DISCARD},
	{48, 4, VIRTIO_BLK_F_WRITE_ZEROES},
	{52, 4, VIRTIO_BLK_F_WRITE_ZEROES},
	{56, 1, VIRTIO_BLK_F_WRITE_ZEROES},
	{60, 4, VIRTIO_BLK_F_SECURE_ERASE},
	{64, 4, VIRTIO_BLK_F_SECURE_ERASE},
	{68, 4, VIRTIO_BLK_F_SECURE_ERASE},
	{72, 4, VIRTIO_BLK_F_ZONED},
	{76, 4, VIRTIO_BLK_F_ZONED},
	{80, 4, VIRTIO_BLK_F_ZONED},
	{84, 4, VIRTIO_BLK_F_ZONED},
	{88, 4, VIRTIO_BLK_F_ZONED},
	{92, 1, VIRTIO_BLK_F_ZONED},
};

/* A legacy device's fields may be read by pieces.  [spec 4.1.4.10] */
static const struct config_field *
find_field(const struct model_device *d, uint32_t offset, unsigned width)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct config_field *f = &fields[i];

		if ((f->offset == offset && f->width == width) ||
		    (d->legacy && width == 1 && offset - f->offset < f->width))
			return f;
	}
	return NULL;
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
	const struct config_field *field = find_field(d, offset, width);
	uint32_t value = 0;

	if (model_is_gone(d))
		return UINT32_MAX >> (32 - 8 * width);
	if (field == NULL) {
		model_breached(d->host, MODEL_BREACH_CONFIG_WIDTH, UINT_MAX, offset, width, 0);
		return 0;
	}
	if (field->feature != 0 && (d->options.features & VIRTIO_BIT(field->feature)) == 0) {
		model_breached(d->host, MODEL_BREACH_CONFIG_FIELD, UINT_MAX, offset, field->feature,
			       d->options.features);
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
