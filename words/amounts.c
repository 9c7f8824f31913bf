/* SPDX-License-Identifier: MIT */
/* Sizes and numbers for people: see print.h. */
#include "print.h"

struct print_text
print_size(uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	struct print_text text;
	unsigned unit = 0;
	uint64_t rest = 0;

	while (bytes >= 1024) {
		rest = bytes % 1024;
		bytes /= 1024;
		unit++;
	}
	if (unit == 0 || rest == 0) {
		(void)print_into(text.s, sizeof(text.s), "%llu %s", wide(bytes), units[unit]);
	} else {
		(void)print_into(text.s, sizeof(text.s), "%llu.%llu %s", wide(bytes),
				 wide(rest * 10 / 1024), units[unit]);
	}
	return text;
}

struct print_text
print_exact(uint64_t bytes)
{
	static const char *const units[] = {"", "k", "M", "G", "T", "P"};
	struct print_text text;
	unsigned unit = 0;

	while (bytes != 0 && bytes % 1024 == 0 && unit < 5) {
		bytes /= 1024;
		unit++;
	}
	(void)print_into(text.s, sizeof(text.s), "%llu%s", wide(bytes), units[unit]);
	return text;
}

static uint64_t
power_of_ten(unsigned exponent)
{
	uint64_t power = 1;

	while (exponent-- != 0)
		power *= 10;
	return power;
}

struct print_text
print_fixed(uint64_t value, unsigned decimals)
{
	struct print_text text;
	uint64_t power = power_of_ten(decimals);

	if (decimals == 0) {
		(void)print_into(text.s, sizeof(text.s), "%llu", wide(value));
	} else {
		(void)print_into(text.s, sizeof(text.s), "%llu.%0*llu", wide(value / power),
				 (int)decimals, wide(value % power));
	}
	return text;
}

struct print_text
print_ratio(uint64_t a, uint64_t b, unsigned decimals)
{
	if (b == 0) {
		return (struct print_text){"-"};
	}
	return print_fixed(print_scale(a, power_of_ten(decimals), b), decimals);
}

/* (*SUM + ADD) % DIVISOR into *SUM, both below DIVISOR; returns the quotient, 0 or 1. */
static uint64_t
add_modulo(uint64_t *sum, uint64_t add, uint64_t divisor)
{
	if (*sum < divisor - add) {
		*sum += add;
		return 0;
	}
	*sum -= divisor - add;
	return 1;
}

uint64_t
print_scale(uint64_t value, uint64_t multiplier, uint64_t divisor)
{
	uint64_t whole, quotient = 0, remainder = 0;

	/* value = q * divisor + r: q * multiplier is exact, r * multiplier / divisor the rest. */
	if (__builtin_mul_overflow(value / divisor, multiplier, &whole))
		return UINT64_MAX;
	value %= divisor;

	/* Bit by bit, since a 128-bit division needs a library that a kernel does not have. */
	for (unsigned bit = 64; bit-- > 0;) {
		quotient = quotient * 2 + add_modulo(&remainder, remainder, divisor);
		if ((multiplier >> bit & 1) != 0)
			quotient += add_modulo(&remainder, value, divisor);
	}
	return __builtin_add_overflow(whole, quotient, &whole) ? UINT64_MAX : whole;
}
