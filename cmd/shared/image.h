/* SPDX-License-Identifier: MIT */
/*
 * Files that hold a disk's image: who else uses one, and where none is to be made.  For programs
 * that write images and for those that serve them.
 */
#ifndef CMD_SHARED_IMAGE_H
#define CMD_SHARED_IMAGE_H

#include <stdbool.h>

/*
 * Locks the image FD, a regular file or block device, for as long as FD's open file lasts: as QEMU
 * does, so that its programs and ours know of each other, and by flock().  Others may read along
 * with one that WRITES, but not write; several that only read may be there at once.  NULL, or why
 * it can't be, in words that never change.  A file system without locks gives none.
 */
const char *image_lock(int fd, bool writes);

/*
 * Why the file open at FD, which was opened for reading only, must not be emptied or replaced:
 * another program has a lock on it, or has it open for writing; or it is a file in place of a
 * device.  NULL: nothing is known that speaks against it.
 */
const char *image_in_use(int fd);

/*
 * Why no file is to be made at PATH, where none is: it lies where the kernel keeps its devices, or
 * is no name of a file.  NULL: one may be made.
 */
const char *image_no_place(const char *path);

#endif
