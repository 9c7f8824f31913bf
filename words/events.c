/* SPDX-License-Identifier: MIT */
/* The values of the driver's events in words: see events.h. */
#include "events.h"

#include "orion/texts.h"

#include "print.h"

/* How a value is shown. */
enum form {
	NONE,
	NUMBER, /* large ones in hexadecimal: bits, or addresses */
	HEX,
	FIELD, /* an offset in the configuration of a block device */
	CAUSE,
	STATUS,
	FEATURES,
	MODE,
	CAP_TYPE,
	CAP_SKIP,
	LEGACY,
};

struct value {
	const char *label;
	enum form form;
};

static const struct value values_of[ORION_EVENT_COUNT][3] = {
	[ORION_EVENT_DEVICE_BROKEN] = {{"cause", CAUSE}, {"queue", NUMBER}, {"detail", NUMBER}},
	[ORION_EVENT_DEVICE_GONE] = {{"register", HEX}},
	[ORION_EVENT_RESET_TIMEOUT] = {{"status", HEX}, {"milliseconds", NUMBER}},
	[ORION_EVENT_FEATURES_MISSING] = {{"offered", HEX},
					  {"required", FEATURES},
					  {"not this driver's", FEATURES}},
	[ORION_EVENT_FEATURES_REFUSED] = {{"offered", HEX}, {"asked for", HEX}, {"status", HEX}},
	[ORION_EVENT_FEATURES_DROPPED] = {{"features", FEATURES}},
	[ORION_EVENT_CONFIG_SHORT] = {{"needed", NUMBER}, {"there", NUMBER}},
	[ORION_EVENT_CONFIG_TORN] = {{"field", FIELD}, {"tries", NUMBER}},
	[ORION_EVENT_LIMIT_ODD] = {{"field", FIELD}, {"claimed", NUMBER}, {"used", NUMBER}},
	[ORION_EVENT_LIMIT_REFUSED] = {{"field", FIELD}, {"claimed", NUMBER}, {"bound", NUMBER}},
	[ORION_EVENT_DEVICE_CHANGED] = {{"block", NUMBER}, {"segments", NUMBER}, {"ro", NUMBER}},
	[ORION_EVENT_RECOVERED] = {{"cause", CAUSE}, {"sent_again", NUMBER}, {"ms", NUMBER}},
	[ORION_EVENT_NOT_RECOVERED] = {{"cause", CAUSE}, {"status", STATUS}, {"next_s", NUMBER}},
	[ORION_EVENT_QUEUE_REFUSED] = {{"queue", NUMBER}, {"size", NUMBER}, {"least size", NUMBER}},
	[ORION_EVENT_QUEUES_SHRUNK] = {{"queues", NUMBER},
				       {"descriptors", NUMBER},
				       {"bytes_left", NUMBER}},
	[ORION_EVENT_QUEUE_RESET] = {{"queue", NUMBER}, {"status", STATUS}, {"given_back", NUMBER}},
	[ORION_EVENT_VECTORS_SHORT] = {{"wanted", NUMBER}, {"had", NUMBER}, {"mode", MODE}},
	[ORION_EVENT_PCI_CAP_SKIPPED] = {{"offset", HEX}, {"type", CAP_TYPE}, {"reason", CAP_SKIP}},
	[ORION_EVENT_PCI_CAP_MISSING] = {{"type", CAP_TYPE}},
	[ORION_EVENT_MMIO_REFUSED] = {{"address", HEX}, {"register", HEX}, {"value", HEX}},
	[ORION_EVENT_PCI_LEGACY_REFUSED] = {{"reason", LEGACY}, {"BAR 0", HEX}, {"bytes", NUMBER}},
	[ORION_EVENT_PCI_BY_CONFIG] = {{"type", CAP_TYPE}, {"BAR", NUMBER}, {"offset", HEX}},
	[ORION_EVENT_PCI_ACCESS_TAKEN] = {{"BAR", NUMBER}, {"offset", HEX}},
	[ORION_EVENT_FUNCTION_RESET] = {{"status", HEX}, {"result", STATUS}},
	[ORION_EVENT_CCW_FAILED] = {{"subchannel", HEX}, {"command", HEX}, {"status", STATUS}},
	[ORION_EVENT_CCW_LEGACY] = {{"subchannel", HEX}},
};

/* struct virtio_blk_config [spec 5.2.4] */
static const char *
field_name(uint64_t offset)
{
	static const struct {
		uint64_t offset;
		const char *name;
	} fields[] = {
		{0, "capacity"},          {8, "size_max"},     {12, "seg_max"},
		{16, "geometry"},         {20, "blk_size"},    {24, "physical_block_exp"},
		{25, "alignment_offset"}, {26, "min_io_size"}, {28, "opt_io_size"},
		{32, "writeback"},        {34, "num_queues"},
	};

	for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].offset == offset)
			return fields[i].name;
	return NULL;
}

/* The structures of a virtio PCI device [spec 4.1.4] */
static const char *
cap_name(uint64_t type)
{
	static const char *const names[] = {NULL,         "common configuration", "notification",
					    "ISR status", "device configuration", "PCI access"};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

static const char *
skip_name(uint64_t reason)
{
	static const char *const names[] = {
		[VIRTIO_PCI_SKIP_SHORT] = "too short",
		[VIRTIO_PCI_SKIP_BAR] = "no such BAR, or it is out of reach",
		[VIRTIO_PCI_SKIP_OUTSIDE] = "beyond the BAR",
		[VIRTIO_PCI_SKIP_ALIGN] = "misaligned",
		[VIRTIO_PCI_SKIP_OVERLAP] = "overlaps another",
		[VIRTIO_PCI_SKIP_LIST] = "the list is broken",
	};

	return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : NULL;
}

static const char *
legacy_name(uint64_t reason)
{
	static const char *const names[] = {
		[VIRTIO_PCI_LEGACY_ENDIAN] = "the CPU is big-endian",
		[VIRTIO_PCI_LEGACY_HOST] = "no I/O ports are reached",
		[VIRTIO_PCI_LEGACY_BAR] = "BAR 0 is no range of ports, or has no address",
		[VIRTIO_PCI_LEGACY_SHORT] = "BAR 0 is too small",
	};

	return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : NULL;
}

/* VALUE's name, or NULL when it has none. */
static const char *
name_of(enum form form, uint64_t value)
{
	switch (form) {
	case FIELD:
		return field_name(value);
	case CAUSE:
		return value < VBLK_CAUSE_COUNT ? vblk_cause_text((vblk_cause)value) : NULL;
	case STATUS:
		return value < ORION_STATUS_COUNT ? orion_status_text((orion_status)value) : NULL;
	case MODE:
		return virtio_irq_mode_text((virtio_irq_mode)value);
	case CAP_TYPE:
		return cap_name(value);
	case CAP_SKIP:
		return skip_name(value);
	case LEGACY:
		return legacy_name(value);
	case FEATURES:
		/* A single one. */
		for (unsigned bit = 0; bit < 64; bit++)
			if (value == UINT64_C(1) << bit)
				return vblk_feature_name(bit);
		return NULL;
	default:
		return NULL;
	}
}

void
event_values(char text[EVENT_TEXT_BYTES], orion_event event, const uint64_t values[3])
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < 3 && (unsigned)event < ORION_EVENT_COUNT; i++) {
		const struct value *value = &values_of[event][i];
		const char *name = name_of(value->form, values[i]);
		bool hex = value->form == HEX || value->form == FEATURES || values[i] >= 1000000;
		char number[24];

		if (value->form == NONE || used >= EVENT_TEXT_BYTES)
			return;
		(void)print_into(number, sizeof(number), hex ? "0x%llx" : "%llu", wide(values[i]));
		used += print_into(text + used, EVENT_TEXT_BYTES - used, "%s%s %s",
				   i == 0 ? "" : ", ", value->label, name != NULL ? name : number);
	}
}
