/* SPDX-License-Identifier: MIT */
/* See place.h. */
#include "kernel/core/place.h"

static struct place places[PLACES_MAX];
static unsigned count;

bool
place_enter(const struct place *place)
{
	if (count == PLACES_MAX)
		return false;
	places[count++] = *place;
	return true;
}

unsigned
place_count(void)
{
	return count;
}

const struct place *
place_at(unsigned n)
{
	return n < count ? &places[n] : NULL;
}
