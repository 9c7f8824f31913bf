/* SPDX-License-Identifier: MIT */
/*
 * What a device can say, place by place: the values that could matter, for a ring as ring_config
 * says.  Indices and split events are not among them: their user tries every position.
 */
#ifndef TEST_EXHAUST_CLAIMS_H
#define TEST_EXHAUST_CLAIMS_H

#include <stdint.h>

#define CLAIMS_MAX 512u

/* What a load of the driver can be of. */
enum place {
	INDEX, /* split: used.idx */
	FLAGS, /* split: used.flags */
	EVENT, /* split: avail_event */
	ENTRY, /* a used element, or the word of a descriptor */
	WISH /* packed: the device's event area */
};

struct claims {
	unsigned count;
	uint64_t value[CLAIMS_MAX];
};

/* Makes the lists. */
void claims_open(void);

/*
 * What lies at offset AT of the shared memory; *FIRST is which byte of its word that is.  A step
 * that reads what no driver has to read ends here, in machine_fail().
 */
enum place claims_place(unsigned at, unsigned *first);

/* The values for WIDTH bytes of PLACE, from byte FIRST on. */
const struct claims *claims_of(enum place place, unsigned first, unsigned width);

#endif
