/* SPDX-License-Identifier: MIT */
/* Comparing texts: see text.h. */
#include "text.h"

size_t
text_length(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	return length;
}

bool
text_equal(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

bool
text_begins(const char *text, const char *prefix)
{
	while (*prefix != '\0' && *text == *prefix) {
		text++;
		prefix++;
	}
	return *prefix == '\0';
}

char
text_plain(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c == '-' ? '_' : c;
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

unsigned
text_distance(const char *a, const char *b)
{
	unsigned row[TEXT_NEAR_BYTES];
	size_t width = text_length(b);

	if (width >= TEXT_NEAR_BYTES || text_length(a) >= TEXT_NEAR_BYTES)
		return TEXT_NEAR_BYTES;
	for (unsigned j = 0; j <= width; j++)
		row[j] = j;
	for (unsigned i = 0; a[i] != '\0'; i++) {
		unsigned corner = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < width; j++) {
			unsigned best = corner + (text_plain(a[i]) != text_plain(b[j]));

			corner = row[j + 1];
			row[j + 1] = least(least(best, corner + 1), row[j] + 1);
		}
	}
	return row[width];
}

unsigned
text_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 99;
}

unsigned
text_utf8(const char *at, size_t room)
{
	const unsigned char *p = (const unsigned char *)at;
	unsigned length = p[0] < 0x80   ? 1
			  : p[0] < 0xc2 ? 0
			  : p[0] < 0xe0 ? 2
			  : p[0] < 0xf0 ? 3
			  : p[0] < 0xf5 ? 4
					: 0;

	if (length == 0 || length > room)
		return 0;
	for (unsigned i = 1; i < length; i++) {
		if ((p[i] & 0xc0u) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates, and what lies above U+10FFFF. */
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90) ||
	    (p[0] == 0xed && p[1] >= 0xa0) || (p[0] == 0xf4 && p[1] >= 0x90)) {
		return 0;
	}
	return length;
}

bool
text_is_harmless(const char *at, unsigned *bytes)
{
	const unsigned char *p = (const unsigned char *)at;
	unsigned length = text_utf8(at, 4);

	*bytes = length != 0 ? length : 1;
	/* C0, DEL, C1. */
	return length != 0 && p[0] >= 0x20 && p[0] != 0x7f && !(p[0] == 0xc2 && p[1] < 0xa0);
}
