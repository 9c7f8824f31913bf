/* SPDX-License-Identifier: MIT */
/* See ccw.h. */
#include "kernel/core/ccw.h"

static struct ccw_place places[CCW_PLACES_MAX];
static unsigned count;

bool
ccw_enter(const struct ccw_place *place)
{
	if (count == CCW_PLACES_MAX)
		return false;
	places[count++] = *place;
	return true;
}

unsigned
ccw_count(void)
{
	return count;
}

const struct ccw_place *
ccw_at(unsigned n)
{
	return &places[n];
}
