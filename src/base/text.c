/* SPDX-License-Identifier: MIT */
/* Names for people: the text and family of each status, the sentence of each catalogue event. */
#include "check.h"
#include "orion/port.h"
#include "orion/status.h"

static const char *const status_texts[] = {
	[ORION_OK] = "ok",
	[ORION_NO_ROOM] = "queue full",
	[ORION_TIMED_OUT] = "timed out",
	[ORION_BUSY] = "busy",
	[ORION_INVALID] = "invalid argument",
	[ORION_OUT_OF_RANGE] = "beyond the end of the disk",
	[ORION_MISALIGNED] = "not a multiple of the block size",
	[ORION_TOO_LARGE] = "too large",
	[ORION_READ_ONLY] = "read-only disk",
	[ORION_DENIED] = "permission denied",
	[ORION_NOT_FOUND] = "not found",
	[ORION_WRONG_STATE] = "not possible in the present state",
	[ORION_NOT_SUPPORTED] = "not supported by this device",
	[ORION_NO_MEMORY] = "out of memory",
	[ORION_NO_MAPPING] = "memory could not be mapped",
	[ORION_NO_INTERRUPT] = "no interrupt to be had",
	[ORION_PORT_INCOMPLETE] = "the host lacks a needed function",
	[ORION_IO_ERROR] = "i/o error",
	[ORION_DEVICE_UNSUPPORTED] = "request unknown to the device",
	[ORION_DEVICE_REFUSED] = "unusable device",
	[ORION_DEVICE_BROKEN] = "device broke the protocol",
	[ORION_DEVICE_GONE] = "device removed",
	[ORION_OUTCOME_UNKNOWN] = "outcome unknown",
};

_Static_assert(COUNT_OF(status_texts) == ORION_STATUS_COUNT, "a text for each status");

static const char *const event_texts[] = {
	[ORION_EVENT_DEVICE_BROKEN] =
		"the device broke the protocol and is shut out until its reset",
	[ORION_EVENT_DEVICE_GONE] = "the device's registers read as all ones: it was removed",
	[ORION_EVENT_RESET_TIMEOUT] = "the device did not complete its reset",
	[ORION_EVENT_FEATURES_MISSING] = "the device lacks features that are required",
	[ORION_EVENT_FEATURES_REFUSED] = "the device did not accept its driver, or features",
	[ORION_EVENT_FEATURES_DROPPED] =
		"features were left out: a dependency or a limit is not met",
	[ORION_EVENT_CONFIG_SHORT] =
		"the device's configuration is shorter than its features imply",
	[ORION_EVENT_CONFIG_TORN] = "the device's configuration changed at each try to read it",
	[ORION_EVENT_LIMIT_REFUSED] = "the device claims a limit that cannot be kept to",
	[ORION_EVENT_LIMIT_ODD] = "the device claims a limit that makes no sense; another was used",
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
orion_status_text(orion_status status)
{
	if ((unsigned)status >= COUNT_OF(status_texts))
		return "unknown status";
	return status_texts[status];
}

orion_family
orion_status_family(orion_status status)
{
	if (status == ORION_OK)
		return ORION_FAMILY_DONE;
	if (status >= ORION_NO_ROOM && status <= ORION_BUSY)
		return ORION_FAMILY_NOT_NOW;
	if (status >= ORION_INVALID && status <= ORION_NOT_SUPPORTED)
		return ORION_FAMILY_CALLER;
	if (status >= ORION_NO_MEMORY && status <= ORION_PORT_INCOMPLETE)
		return ORION_FAMILY_HOST;
	return ORION_FAMILY_DEVICE;
}

const char *
orion_event_text(orion_event event)
{
	if ((unsigned)event >= COUNT_OF(event_texts))
		return "unknown event";
	return event_texts[event];
}
