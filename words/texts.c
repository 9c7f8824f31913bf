/* SPDX-License-Identifier: MIT */
/* Words for what the core says in numbers: see orion/texts.h. */
#include "orion/texts.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* TEXTS[N], or UNKNOWN where there is none. */
static const char *
text_of(const char *const *texts, size_t count, unsigned n, const char *unknown)
{
	return n < count && texts[n] != NULL ? texts[n] : unknown;
}

static const char *const event_texts[] = {
	[ORION_EVENT_DEVICE_BROKEN] =
		"the device broke the protocol and is shut out until its reset",
	[ORION_EVENT_DEVICE_GONE] = "the device's registers read as all ones: it was removed",
	[ORION_EVENT_RESET_TIMEOUT] = "the device did not complete its reset",
	[ORION_EVENT_FEATURES_MISSING] = "features that are required are missing",
	[ORION_EVENT_FEATURES_REFUSED] = "the device did not accept its driver, or features",
	[ORION_EVENT_FEATURES_DROPPED] =
		"features were left out: a dependency or a limit is not met",
	[ORION_EVENT_CONFIG_SHORT] =
		"the device's configuration is shorter than its features imply",
	[ORION_EVENT_CONFIG_TORN] = "the device's configuration changed at each try to read it",
	[ORION_EVENT_LIMIT_REFUSED] = "the device claims a limit that cannot be kept to",
	[ORION_EVENT_LIMIT_ODD] = "the device claims a limit that makes no sense; another was used",
	[ORION_EVENT_DEVICE_CHANGED] =
		"the device is not what it was before its reset: its requests cannot be sent again",
	[ORION_EVENT_RECOVERED] = "the device was reset, and works again: nothing is lost",
	[ORION_EVENT_NOT_RECOVERED] = "the device could not be brought back: its requests fail",
	[ORION_EVENT_QUEUE_REFUSED] = "a queue is too small to be of use, or was refused",
	[ORION_EVENT_QUEUES_SHRUNK] = "fewer or smaller queues, to fit the memory budget",
	[ORION_EVENT_QUEUE_RESET] = "a queue was reset",
	[ORION_EVENT_VECTORS_SHORT] = "fewer interrupt vectors than wanted",
	[ORION_EVENT_PCI_CAP_SKIPPED] = "a PCI capability was skipped: it does not fit the device",
	[ORION_EVENT_PCI_CAP_MISSING] = "a needed PCI capability is missing",
	[ORION_EVENT_MMIO_REFUSED] = "no virtio device is there, or one of a version unknown here",
	[ORION_EVENT_PCI_LEGACY_REFUSED] =
		"a legacy PCI device needs a little-endian CPU and I/O ports that the host reaches",
	[ORION_EVENT_PCI_BY_CONFIG] =
		"a PCI structure is reached through configuration space only, which is slow",
	[ORION_EVENT_PCI_ACCESS_TAKEN] = "the only way to the device's registers stays taken",
	[ORION_EVENT_FUNCTION_RESET] = "the device's reset did not end: the bus reset it instead",
	[ORION_EVENT_CCW_FAILED] = "the device did not carry out a channel command",
	[ORION_EVENT_CCW_LEGACY] =
		"the device has the legacy interface only: revision 1 or 2 is needed",
};

_Static_assert(COUNT_OF(event_texts) == ORION_EVENT_COUNT, "a text for each event");

const char *
orion_event_text(orion_event event)
{
	return text_of(event_texts, COUNT_OF(event_texts), event, "unknown event");
}

const char *
vblk_cause_text(vblk_cause cause)
{
	static const char *const texts[VBLK_CAUSE_COUNT] = {
		[VBLK_CAUSE_NONE] = "none",
		[VBLK_CAUSE_ID_RANGE] = "the device used an id beyond the queue",
		[VBLK_CAUSE_ID_FREE] = "the device used an id that was not in flight",
		[VBLK_CAUSE_INDEX_LEAP] = "the device's used index leapt",
		[VBLK_CAUSE_OUT_OF_ORDER] = "the device used chains out of their order",
		[VBLK_CAUSE_QUEUE_RESET] = "the device did not complete the reset of a queue",
		[VBLK_CAUSE_NEEDS_RESET] = "the device asked for a reset",
		[VBLK_CAUSE_GONE] = "the device was removed",
	};

	return text_of(texts, COUNT_OF(texts), cause, "unknown cause");
}

const char *
vblk_state_text(vblk_state state)
{
	static const char *const texts[] = {
		[VBLK_CLOSED] = "closed",   [VBLK_PROBED] = "probed", [VBLK_LIVE] = "live",
		[VBLK_STOPPED] = "stopped", [VBLK_BROKEN] = "broken", [VBLK_DEAD] = "dead",
	};

	return text_of(texts, COUNT_OF(texts), state, "unknown state");
}

const char *
vblk_durability_text(vblk_durability durability)
{
	static const char *const texts[] = {
		[VBLK_DURABILITY_FLUSH] = "after a flush",
		[VBLK_DURABILITY_STABLE] = "stable at once",
		[VBLK_DURABILITY_NONE] = "promises nothing",
	};

	return text_of(texts, COUNT_OF(texts), durability, "unknown durability");
}

const char *
virtio_irq_mode_text(virtio_irq_mode mode)
{
	static const char *const texts[] = {
		[VIRTIO_IRQ_POLLED] = "polled",
		[VIRTIO_IRQ_LINE] = "interrupt line",
		[VIRTIO_IRQ_SHARED] = "one vector for all",
		[VIRTIO_IRQ_PAIRED] = "one vector for all queues",
		[VIRTIO_IRQ_PER_QUEUE] = "a vector per queue",
	};

	return text_of(texts, COUNT_OF(texts), mode, "unknown mode");
}

const char *
vblk_feature_name(unsigned bit)
{
#define NAME(feature) [feature] = #feature
	static const char *const names[] = {
		NAME(VIRTIO_BLK_F_SIZE_MAX),
		NAME(VIRTIO_BLK_F_SEG_MAX),
		NAME(VIRTIO_BLK_F_GEOMETRY),
		NAME(VIRTIO_BLK_F_RO),
		NAME(VIRTIO_BLK_F_BLK_SIZE),
		NAME(VIRTIO_BLK_F_FLUSH),
		NAME(VIRTIO_BLK_F_TOPOLOGY),
		NAME(VIRTIO_BLK_F_CONFIG_WCE),
		NAME(VIRTIO_BLK_F_MQ),
		NAME(VIRTIO_BLK_F_DISCARD),
		NAME(VIRTIO_BLK_F_WRITE_ZEROES),
		NAME(VIRTIO_BLK_F_LIFETIME),
		NAME(VIRTIO_BLK_F_SECURE_ERASE),
		NAME(VIRTIO_BLK_F_ZONED),
		NAME(VIRTIO_F_NOTIFY_ON_EMPTY),
		NAME(VIRTIO_F_ANY_LAYOUT),
		NAME(VIRTIO_F_INDIRECT_DESC),
		NAME(VIRTIO_F_EVENT_IDX),
		NAME(VIRTIO_F_VERSION_1),
		NAME(VIRTIO_F_ACCESS_PLATFORM),
		NAME(VIRTIO_F_RING_PACKED),
		NAME(VIRTIO_F_IN_ORDER),
		NAME(VIRTIO_F_ORDER_PLATFORM),
		NAME(VIRTIO_F_SR_IOV),
		NAME(VIRTIO_F_NOTIFICATION_DATA),
		NAME(VIRTIO_F_NOTIF_CONFIG_DATA),
		NAME(VIRTIO_F_RING_RESET),
		NAME(VIRTIO_F_ADMIN_VQ),
		NAME(VIRTIO_F_SUSPEND),
	};
#undef NAME

	return text_of(names, COUNT_OF(names), bit, NULL);
}
