/* SPDX-License-Identifier: MIT */
/* Where virtio block devices behind a channel subsystem are, as the ISA found them. */
#ifndef KERNEL_CORE_CCW_H
#define KERNEL_CORE_CCW_H

#include "orion/transport.h"

#define CCW_PLACES_MAX 64u

struct ccw_place {
	const struct virtio_ccw_host *host;
	uint32_t subchannel; /* HOST's number for it */
	uint16_t number; /* the device's, by which people know it */
};

/* Enters PLACE; false when there are CCW_PLACES_MAX. */
bool ccw_enter(const struct ccw_place *place);

unsigned ccw_count(void);
const struct ccw_place *ccw_at(unsigned n);

#endif
