/* SPDX-License-Identifier: MIT */
/*
 * Where disks are on a bus that only one ISA has: the ISA finds the devices and brings what opens
 * one of them.
 */
#ifndef KERNEL_CORE_PLACE_H
#define KERNEL_CORE_PLACE_H

#include "orion/manager.h"

#include <stdbool.h>

#define PLACES_MAX 64u
#define PLACE_NAME_BYTES 24u

struct place {
	char name[PLACE_NAME_BYTES]; /* for people: "ccw 0.0.0001" */
	struct manager_place where;
};

/* Enters PLACE; false when there are PLACES_MAX. */
bool place_enter(const struct place *place);

unsigned place_count(void);
const struct place *place_at(unsigned n);

#endif
