/* SPDX-License-Identifier: MIT */
/*
 * The words that the benchmarks take, in any order:
 *
 *   packed | split          layout of the ring               (split)
 *   direct | table          chains, or indirect tables       (table)
 *   plain | event           event index                      (event)
 *   inorder                 VIRTIO_F_IN_ORDER                 (off)
 *   armed                   an interrupt is asked for after each harvest  (off)
 *   polled                  the device looks by itself and asks for no kicks  (off)
 *   check                   the device echoes, the data are looked at  (off)
 *   core                    the whole driver core instead of the ring alone  (off)
 *   batch=N depth=N         requests handed over at once, and in flight   (1, and a batch)
 *   count=N                 requests of the run              (4096)
 *   size=N                  entries of a ring                (256)
 *   queues=N devices=N      taken in turn                    (1)
 */
#ifndef ORION_BENCH_OPTIONS_H
#define ORION_BENCH_OPTIONS_H

#include <stdbool.h>

struct bench_options {
	bool packed, direct, event_index, in_order, armed, polled, check, core;
	unsigned batch, depth, size, queues, devices;
	unsigned long count;
};

/* The options that ARGV names; ends the program with a message when one is wrong. */
struct bench_options bench_options(int argc, char **argv);

/* Ends the program with a message. */
_Noreturn void bench_fail(const char *what);

#endif
