/* SPDX-License-Identifier: MIT */
/*
 * The home of disks by name: the lanes' table (struct storage_home) on what struct storage_host
 * supplies.
 *
 * Every device of such a disk is the manager's.  Memory that storage_dma_take() gave is known by
 * where it lies; whatever else a request has is copied, or shared by the layer above.
 */
#ifndef STORAGE_HOST_H
#define STORAGE_HOST_H

#include "orion/storage.h"

/* Makes DISK's instance, with its device adopted and lanes yet to come.  Context: setup. */
void host_instance(struct storage_disk *disk);

/* REGION is memory that the device reaches; it is so no more.  Context: setup. */
void host_region_enter(struct storage_disk *disk, const struct orion_region *region);
void host_region_leave(struct storage_disk *disk, const struct orion_region *region);

#endif
