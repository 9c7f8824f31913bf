/* SPDX-License-Identifier: MIT */
/* The core's way out when it finds itself broken.  By itself, so that tests can have another. */
#include "orion/port.h"

#include <stdio.h>
#include <stdlib.h>

void
orion_panic(const char *text)
{
	fprintf(stderr, "orion: %s\n", text);
	abort();
}
