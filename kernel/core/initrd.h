/* SPDX-License-Identifier: MIT */
/*
 * Files that the boot loader brought along in memory: a cpio archive of the format "newc", as
 * Linux has it.
 */
#ifndef KERNEL_CORE_INITRD_H
#define KERNEL_CORE_INITRD_H

#include "orion/status.h"

#include <stddef.h>

/*
 * Finds the file NAME in the BYTES of ARCHIVE; its text lies in the archive, with no NUL behind it.
 * ORION_NOT_FOUND (also when there are no BYTES); ORION_INVALID: the archive ends or breaks off
 * before NAME was found.
 */
orion_status initrd_find(const void *archive, size_t bytes, const char *name, const char **text,
			 size_t *length);

#endif
