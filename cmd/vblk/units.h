/* SPDX-License-Identifier: MIT */
/* Sizes, times and rates: read from arguments, written for people. */
#ifndef CMD_VBLK_UNITS_H
#define CMD_VBLK_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#define UNITS_SIZE_FORMS "a number such as 4096, 0x1000, 64k, 10MiB, 2G (powers of 1024) or 4GB"
#define UNITS_DURATION_FORMS "a time such as 5, 5s, 500ms, 2m or 1h"

/*
 * Decimal, or hexadecimal with 0x; then nothing, B, k, M, G, T, P (powers of 1024, with or without
 * "iB"; K too) or kB, MB, GB, TB, PB (powers of 1000).  False: TEXT is none, or over 64 bits.
 */
bool units_size(const char *text, uint64_t *bytes);

/* Decimal or hexadecimal. */
bool units_number(const char *text, uint64_t *value);

/* A decimal number, perhaps with a fraction, of s (which may be left out), ms, us, m or h. */
bool units_duration(const char *text, uint64_t *ns);

/* Short texts as values: printf("%s", units_bytes(n).s). */
struct units_text {
	char s[32];
};

struct units_text units_bytes(uint64_t bytes);          /* "512 B", "1.50 MiB" */
struct units_text units_exact(uint64_t bytes);          /* as arguments are written: "4k", "1000" */
struct units_text units_rate(double bytes_per_second);  /* "1.53 GB/s": powers of 1000 */
struct units_text units_count(double count);            /* "1.23 M": powers of 1000 */
struct units_text units_ns(double ns);                  /* "850 ns", "12.3 us" */
struct units_text units_ns_short(double ns);            /* "850 ns", "12 us": for an axis */
struct units_text units_clock(uint64_t seconds);        /* "0:07", "1:02:03" */

#endif
