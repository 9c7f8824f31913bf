/* SPDX-License-Identifier: MIT */
/* What the kernel supplies to the driver core and to the storage framework. */
#ifndef KERNEL_CORE_PORT_H
#define KERNEL_CORE_PORT_H

#include "orion/storage.h"

/* The port, complete once time_init() was called.  Its context is unused. */
const struct orion_port *port_get(void);

/* Where the device is to which reports belong from now on, as text; NULL: unknown. */
void port_attaching(const char *where);

/* As manager_config's memory_take() and memory_give(). */
void *port_memory_take(void *context, size_t bytes);
void port_memory_give(void *context, void *memory, size_t bytes);

/* As storage_host's idle(). */
void port_idle(void *context, unsigned lane, uint64_t ns);

/* As storage_host's subject() and silent(). */
void port_subject(void *context, unsigned lane, const struct storage_disk *disk);
void port_silent(void *context, const struct storage_disk *disk, unsigned requests, uint64_t ns);

/* As command_context's run_on_lanes(). */
void port_run_on_lanes(void *host, unsigned count, void (*function)(void *argument, unsigned lane),
		       void *argument);

#endif
