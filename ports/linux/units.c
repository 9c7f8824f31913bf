/* SPDX-License-Identifier: MIT */
/* Sizes and times as people write them: see orion/units.h. */
#include "orion/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool
digits(const char *text, const char **end, uint64_t *value)
{
	bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *stop;

	/* strtoull() would take blanks and signs. */
	if (!isdigit((unsigned char)text[0]) || (hexadecimal && !isxdigit((unsigned char)text[2])))
		return false;
	errno = 0;
	*value = strtoull(text, &stop, hexadecimal ? 16 : 10);
	*end = stop;
	return errno == 0;
}

bool
orion_units_number(const char *text, uint64_t *value)
{
	const char *end;
	uint64_t found;

	if (!digits(text, &end, &found) || *end != '\0')
		return false;
	*value = found;
	return true;
}

bool
orion_units_size(const char *text, uint64_t *bytes)
{
	static const char letters[] = "kMGTP";
	const char *end, *letter;
	uint64_t value, base;

	if (!digits(text, &end, &value))
		return false;
	if (*end != '\0' && strcmp(end, "B") != 0) {
		letter = strchr(letters, *end == 'K' ? 'k' : *end);
		if (letter == NULL)
			return false;
		base = strcmp(end + 1, "B") == 0 ? 1000 : 1024;
		if (base == 1024 && end[1] != '\0' && strcmp(end + 1, "iB") != 0)
			return false;
		for (const char *l = letters; l <= letter; l++) {
			if (__builtin_mul_overflow(value, base, &value))
				return false;
		}
	}
	*bytes = value;
	return true;
}

/* The fraction at TEXT, behind the point, of a unit of NS; *END: behind its digits. */
static uint64_t
fraction(const char *text, uint64_t ns, const char **end)
{
	uint64_t sum = 0, part = ns;

	for (; isdigit((unsigned char)*text); text++) {
		/* Digits that make less than a nanosecond are read, and do not count. */
		sum += part / 10 * (uint64_t)(*text - '0') +
		       part % 10 * (uint64_t)(*text - '0') / 10;
		part /= 10;
	}
	*end = text;
	return sum;
}

bool
orion_units_duration(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"", 1000000000},
		{"s", 1000000000},
		{"ns", 1},
		{"us", 1000},
		{"ms", 1000000},
		{"m", UINT64_C(60000000000)},
		{"min", UINT64_C(60000000000)},
		{"h", UINT64_C(3600000000000)},
	};
	const char *end, *name;
	uint64_t value, whole;

	if (!isdigit((unsigned char)text[0]) || text[1] == 'x' || text[1] == 'X' ||
	    !digits(text, &end, &value))
		return false;
	name = end;
	if (*end == '.' && isdigit((unsigned char)end[1]))
		fraction(end + 1, 0, &name);
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(name, units[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(value, units[i].ns, &whole))
			return false;
		if (name != end &&
		    __builtin_add_overflow(whole, fraction(end + 1, units[i].ns, &name), &whole))
			return false;
		*ns = whole;
		return true;
	}
	return false;
}
