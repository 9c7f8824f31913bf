/* SPDX-License-Identifier: MIT */
/* Files that QEMU passes by name (-fw_cfg name=...,file=...). */
#ifndef KERNEL_CORE_FW_CFG_H
#define KERNEL_CORE_FW_CFG_H

#include "orion/status.h"

#include <stdbool.h>
#include <stddef.h>

#define FW_CFG_FILE_BYTES_MAX (16u << 20)

/* Whether this is a machine of QEMU's. */
bool fw_cfg_is_there(void);

/*
 * Reads the file NAME whole into memory of its own (memory_take(), never given back).
 * ORION_NOT_FOUND (also where there is no QEMU), ORION_TOO_LARGE, ORION_NO_MEMORY.
 */
orion_status fw_cfg_file(const char *name, const char **text, size_t *length);

#endif
