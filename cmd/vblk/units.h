/* SPDX-License-Identifier: MIT */
/* Times, rates and counts, written for people; sizes are print_size()'s of words/print.h. */
#ifndef CMD_VBLK_UNITS_H
#define CMD_VBLK_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* Short texts as values: printf("%s", units_ns(n).s). */
struct units_text {
	char s[32];
};

struct units_text units_rate(double bytes_per_second);  /* "1.53 GB/s": powers of 1000 */
struct units_text units_count(double count);            /* "1.23 M": powers of 1000 */
struct units_text units_ns(double ns);                  /* "850 ns", "12.3 us" */
struct units_text units_ns_short(double ns);            /* "850 ns", "12 us": for an axis */

#endif
