/* SPDX-License-Identifier: MIT */
/* The text and the family of each status. */
#include "check.h"
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
	[ORION_STALE] = "acknowledged writes may be lost",
};

_Static_assert(COUNT_OF(status_texts) == ORION_STATUS_COUNT, "a text for each status");

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
