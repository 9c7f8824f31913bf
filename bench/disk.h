/* SPDX-License-Identifier: MIT */
/* The driver core, opened on a sink (sink.h). */
#ifndef ORION_BENCH_DISK_H
#define ORION_BENCH_DISK_H

#include "bench/options.h"
#include "bench/sink.h"
#include "orion/vblk.h"

struct disk {
	struct sink sink;
	struct orion_options options;
	struct orion_budget budget;
	struct vblk_queue_home homes[SINK_QUEUES_MAX];
	struct vblk_device *device;
	struct vblk_queue *queues[SINK_QUEUES_MAX];
	_Alignas(64) unsigned char memory[VBLK_DEVICE_BYTES];
};

/*
 * Opens DISK, zeroed by the caller, as WANTED says.  Ends the program when driver and sink do not
 * agree on just that.
 */
void disk_open(struct disk *disk, const struct bench_options *wanted);

#endif
