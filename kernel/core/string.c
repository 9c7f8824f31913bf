/* SPDX-License-Identifier: MIT */
/* Text helpers; the memory functions themselves are the ISA's (kernel/arch/<isa>/memory.S). */
#include "kernel/core/string.h"

size_t
string_length(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	return length;
}

bool
string_equal(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}
