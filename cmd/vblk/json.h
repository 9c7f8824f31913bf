/* SPDX-License-Identifier: MIT */
/* JSON on standard output: words/report.h writes it, and here is what it has not. */
#ifndef CMD_VBLK_JSON_H
#define CMD_VBLK_JSON_H

#include "words/report.h"

/* Where text and JSON go. */
extern const struct text_sink standard_output;

void json_open(struct report *report);

/* A number with all its digits; null where it is none. */
void json_real(struct report *report, const char *key, double value);

/* A / B; null when B is 0. */
void json_ratio(struct report *report, const char *key, double a, double b);

#endif
