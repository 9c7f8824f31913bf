/* SPDX-License-Identifier: MIT */
/* Times, rates and counts: see units.h. */
#include "cmd/vblk/units.h"

#include <stdio.h>
#include <string.h>

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
