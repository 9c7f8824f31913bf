/* SPDX-License-Identifier: MIT */
/*
 * What people are shown of a device's serial number: the same in every home.
 *
 * A serial number has 20 bytes, and ends before the first NUL if there is one.  Devices pad it with
 * blanks as well, at either end: these are left out.  Every other byte that is no printable
 * character of ASCII becomes a question mark.  [spec 5.2.6]
 */
#ifndef ORION_SERIAL_H
#define ORION_SERIAL_H

#include "orion/api.h"

ORION_BEGIN_C

#define ORION_SERIAL_BYTES 20u

/* RAW, as the device gave it, into TEXT, which ends with a NUL; "" is no serial number. */
static inline void
orion_serial_text(const char *raw, char *text)
{
	unsigned first = 0, end = 0, length = 0;

	for (unsigned i = 0; i < ORION_SERIAL_BYTES && raw[i] != '\0'; i++)
		end = raw[i] != ' ' ? i + 1 : end;
	while (first < end && raw[first] == ' ')
		first++;
	for (unsigned i = first; i < end; i++)
		text[length++] = (char)(raw[i] >= ' ' && raw[i] <= '~' ? raw[i] : '?');
	text[length] = '\0';
}

ORION_END_C

#endif
