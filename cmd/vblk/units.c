/* SPDX-License-Identifier: MIT */
/* Sizes, times and rates: see units.h. */
#include "cmd/vblk/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
digits(const char *text, char **end, uint64_t *value)
{
	bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');

	/* strtoull() would take blanks and signs. */
	if (!isdigit((unsigned char)text[0]) || (hexadecimal && !isxdigit((unsigned char)text[2])))
		return false;
	errno = 0;
	*value = strtoull(text, end, hexadecimal ? 16 : 10);
	return errno == 0;
}

bool
units_number(const char *text, uint64_t *value)
{
	char *end;

	return digits(text, &end, value) && *end == '\0';
}

bool
units_size(const char *text, uint64_t *bytes)
{
	static const char letters[] = "kMGTP";
	uint64_t value, factor = 1, base;
	const char *letter;
	char *end;

	if (!digits(text, &end, &value))
		return false;
	if (*end != '\0' && strcmp(end, "B") != 0) {
		letter = strchr(letters, *end == 'K' ? 'k' : *end);
		if (letter == NULL)
			return false;
		base = strcmp(end + 1, "B") == 0 ? 1000 : 1024;
		if (end[1] != '\0' && base == 1024 && strcmp(end + 1, "iB") != 0)
			return false;
		for (const char *l = letters; l <= letter; l++)
			factor *= base;
	}
	return !__builtin_mul_overflow(value, factor, bytes);
}

bool
units_duration(const char *text, uint64_t *ns)
{
	static const struct {
		const char *name;
		double ns;
	} units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"m", 60e9}, {"h", 3600e9}};
	double value;
	char *end;

	if (!isdigit((unsigned char)text[0]) || text[1] == 'x' || text[1] == 'X')
		return false;
	value = strtod(text, &end);
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		value *= units[i].ns;
		if (!(value < 1.8e19))
			return false;
		*ns = (uint64_t)value;
		return true;
	}
	return false;
}

/* VALUE with three digits and the unit that makes it readable. */
static struct units_text
scaled(double value, double base, const char *const *units, unsigned count)
{
	struct units_text text;
	unsigned i = 0;
	int decimals;

	while (i + 1 < count && value >= base - (base / 2000)) {
		value /= base;
		i++;
	}
	decimals = value == (double)(uint64_t)value || value >= 99.95 ? 0 : value < 9.995 ? 2 : 1;
	snprintf(text.s, sizeof(text.s), "%.*f%s", decimals, value, units[i]);
	return text;
}
#define SCALED(value, base, ...)                                              \
	scaled(value, base, (const char *const[]){__VA_ARGS__},               \
	       sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

struct units_text
units_bytes(uint64_t bytes)
{
	return SCALED((double)bytes, 1024, " B", " KiB", " MiB", " GiB", " TiB", " PiB");
}

struct units_text
units_rate(double bytes_per_second)
{
	return SCALED(bytes_per_second, 1000, " B/s", " kB/s", " MB/s", " GB/s", " TB/s");
}

struct units_text
units_count(double count)
{
	return SCALED(count, 1000, "", " k", " M", " G", " T");
}

struct units_text
units_ns(double ns)
{
	return SCALED(ns, 1000, " ns", " us", " ms", " s");
}

struct units_text
units_ns_short(double ns)
{
	static const char *const names[] = {"ns", "us", "ms", "s"};
	struct units_text text;
	unsigned i = 0;

	while (i < 3 && ns >= 999.5) {
		ns /= 1000;
		i++;
	}
	snprintf(text.s, sizeof(text.s), "%.3g %s", ns, names[i]);
	return text;
}

struct units_text
units_exact(uint64_t bytes)
{
	static const char *const names[] = {"", "k", "M", "G", "T", "P"};
	struct units_text text;
	unsigned unit = 0;

	while (unit < 5 && bytes != 0 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text.s, sizeof(text.s), "%llu%s", (unsigned long long)bytes, names[unit]);
	return text;
}

struct units_text
units_clock(uint64_t seconds)
{
	struct units_text text;
	unsigned long long hours = seconds / 3600;
	unsigned minutes = (unsigned)(seconds / 60 % 60), rest = (unsigned)(seconds % 60);

	if (hours > 0)
		snprintf(text.s, sizeof(text.s), "%llu:%02u:%02u", hours, minutes, rest);
	else
		snprintf(text.s, sizeof(text.s), "%u:%02u", minutes, rest);
	return text;
}
