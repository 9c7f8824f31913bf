/* SPDX-License-Identifier: MIT */
/* PCI's I/O ports where they are a window in memory. */
#ifndef KERNEL_CORE_IO_WINDOW_H
#define KERNEL_CORE_IO_WINDOW_H

#include "kernel/core/arch.h"

/* Maps the window; when that cannot be, WINDOW is left without bytes. */
void io_window_init(struct pci_window *window);

/* Ports outside the window read as all ones. */
uint32_t io_window_read(uint32_t port, unsigned width);
void io_window_write(uint32_t port, unsigned width, uint32_t value);

#endif
