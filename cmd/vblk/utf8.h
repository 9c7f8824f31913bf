/* SPDX-License-Identifier: MIT */
/* Text of which nobody promised that it is UTF-8: paths, names of programs. */
#ifndef CMD_VBLK_UTF8_H
#define CMD_VBLK_UTF8_H

#include <stdbool.h>

/* In place of a byte that is none of UTF-8's. */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/*
 * How many bytes the character at TEXT has, 1 to 4; 0: the byte there belongs to none.  TEXT ends
 * with a NUL, and is not at its end.
 */
static inline unsigned
utf8_bytes(const char *text)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *c = (const unsigned char *)text;
	unsigned count = *c < 0x80 ? 1u : *c < 0xc2 ? 0u : *c < 0xe0 ? 2u : *c < 0xf0 ? 3u : 4u;
	unsigned value = count < 2 ? *c : *c & (0x7fu >> count);

	if (*c > 0xf4)
		return 0;
	for (unsigned i = 1; i < count; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (c[i] & 0x3fu);
	}
	if (count > 1 && (value < least[count] || value > 0x10ffff || value >> 11 == 0x1b))
		return 0;
	return count;
}

/* Whether that character is one that a terminal obeys: C0, DEL, C1. */
static inline bool
utf8_is_control(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;

	return *c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0);
}

#endif
