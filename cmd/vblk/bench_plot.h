/* SPDX-License-Identifier: MIT */
/* The latencies of a bench as a picture. */
#ifndef CMD_VBLK_BENCH_PLOT_H
#define CMD_VBLK_BENCH_PLOT_H

#include <stdio.h>

#include "commands/bench.h"

/*
 * Draws the latencies of BENCH, of which some were measured, on the disk that a person calls URL,
 * as an SVG picture into FILE; false: it could not be written.
 */
bool bench_plot(const struct bench *bench, const char *url, FILE *file);

#endif
