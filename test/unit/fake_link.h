/* SPDX-License-Identifier: MIT */
/*
 * A link (ports/linux/link.h) whose every answer is a field, with no descriptor and no device of
 * its own: for linux_*.c.
 */
#ifndef TEST_UNIT_FAKE_LINK_H
#define TEST_UNIT_FAKE_LINK_H

#include "ports/linux/link.h"

struct fake_link {
	/* What it says. */
	struct virtio_transport transport;
	int result, region;             /* of connection and regions: 0, or a negative errno */
	const char *words;              /* of either */
	enum link_news news;
	bool idle_only;                 /* regions come and go only while nothing is in flight */
	bool stopped;
	uint64_t protocol;

	/* What it was told. */
	uint32_t patience_ms;
	unsigned begun, added, removed, interrupts;
	bool given_up, asked, closed;
	bool patient;                   /* of the last question whether it has stopped */
	const void *next;
};

extern const struct link_ops fake_link_ops;

#endif
