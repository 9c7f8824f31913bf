/* SPDX-License-Identifier: MIT */
/* The values of the driver's events (orion/port.h) in words. */
#ifndef WORDS_EVENTS_H
#define WORDS_EVENTS_H

#include "orion/vblk.h"

#define EVENT_TEXT_BYTES 160u

/*
 * "queue 1, cause: the device used an id beyond the queue" into TEXT, cut if need be: the values of
 * EVENT by name; "" when it has none.  Any context.
 */
void event_values(char text[EVENT_TEXT_BYTES], orion_event event, const uint64_t values[3]);

#endif
