/* SPDX-License-Identifier: MIT */
/* Sizes and times as people write them: see orion/units.h. */
#include "units.h"

#include "src/base/num.h"
#include "text.h"

/* A number of BASE at *AT, which is moved behind it. */
static units_verdict
take_digits(const char **at, unsigned base, uint64_t *value)
{
	const char *first = *at;
	units_verdict verdict = UNITS_READ;

	*value = 0;
	for (; text_digit(**at) < base; (*at)++) {
		if (!num_mul64(*value, base, value) || !num_add64(*value, text_digit(**at), value))
			verdict = UNITS_LARGE;
	}
	return *at == first ? UNITS_NONE : verdict;
}

/* The same, decimal, or hexadecimal behind 0x. */
static units_verdict
take_number(const char **at, uint64_t *value)
{
	bool hexadecimal = (*at)[0] == '0' && ((*at)[1] == 'x' || (*at)[1] == 'X');

	*at += hexadecimal ? 2 : 0;
	return take_digits(at, hexadecimal ? 16 : 10, value);
}

bool
orion_units_number(const char *text, uint64_t *value)
{
	uint64_t found;

	if (take_number(&text, &found) != UNITS_READ || *text != '\0')
		return false;
	*value = found;
	return true;
}

/* The power of *BASE that the unit TEXT stands for; -1: it is none. */
static int
unit_power(const char *text, uint64_t *base)
{
	static const char letters[] = "kmgtpe";
	int power = 0;

	*base = 1024;
	if (text_equal(text, "") || text_equal(text, "B"))
		return 0;
	while (letters[power] != '\0' && letters[power] != text_plain(text[0]))
		power++;
	if (letters[power] == '\0')
		return -1;
	if (text_equal(text + 1, "B"))
		*base = 1000;
	else if (text[1] != '\0' && !text_equal(text + 1, "iB"))
		return -1;
	return power + 1;
}

units_verdict
units_read_size(const char *text, uint64_t *bytes)
{
	uint64_t value, base;
	units_verdict verdict = take_number(&text, &value);
	int power;

	while (verdict != UNITS_NONE && *text == ' ' && text[1] != '\0')
		text++;
	power = verdict == UNITS_NONE ? -1 : unit_power(text, &base);
	if (power < 0)
		return UNITS_NONE;
	for (; power > 0; power--) {
		if (!num_mul64(value, base, &value))
			verdict = UNITS_LARGE;
	}
	if (verdict == UNITS_READ)
		*bytes = value;
	return verdict;
}

bool
orion_units_size(const char *text, uint64_t *bytes)
{
	return units_read_size(text, bytes) == UNITS_READ;
}

bool
units_is_unit(const char *text)
{
	size_t length = text_length(text);
	uint64_t base;

	return length != 0 && text[length - 1] == 'B' && unit_power(text, &base) >= 0;
}

/* The fraction at *AT, behind the point, of a unit of NS; *AT moves behind its digits. */
static uint64_t
take_fraction(const char **at, uint64_t ns)
{
	uint64_t sum = 0, part = ns;

	for (; text_digit(**at) < 10; (*at)++) {
		/* Digits that make less than a nanosecond are read, and do not count. */
		sum += part / 10 * text_digit(**at) + part % 10 * text_digit(**at) / 10;
		part /= 10;
	}
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
	const char *point, *name;
	uint64_t whole;

	if (take_digits(&text, 10, &whole) != UNITS_READ)
		return false;
	point = *text == '.' && text_digit(text[1]) < 10 ? text + 1 : NULL;
	name = point != NULL ? point : text;
	(void)take_fraction(&name, 0);
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!text_equal(name, units[i].name))
			continue;
		if (!num_mul64(whole, units[i].ns, &whole) ||
		    (point != NULL &&
		     !num_add64(whole, take_fraction(&point, units[i].ns), &whole)))
			return false;
		*ns = whole;
		return true;
	}
	return false;
}
