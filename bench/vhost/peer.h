/* SPDX-License-Identifier: MIT */
/*
 * What bench/vhost/load.c asks of a vhost-user library: as thin a layer over each as it can be, so
 * that what is measured is the library.
 */
#ifndef BENCH_VHOST_PEER_H
#define BENCH_VHOST_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEPTH_MAX 128u

struct peer_request {
	uint64_t offset;
	unsigned char *buffer;
	uint32_t bytes;
	uint32_t slot;          /* below DEPTH_MAX; comes back */
	bool write;
};

/*
 * Connects to the socket at PATH.  WAIT is "spin", "event" or "adaptive".  Returns BYTES of memory
 * that the device can reach; *DISK_BYTES is its size.  Exits when that can't be.
 */
unsigned char *peer_open(const char *path, const char *wait, unsigned depth, size_t bytes,
			 uint64_t *disk_bytes);

/* Hands COUNT requests over, of which the device need not know yet. */
void peer_submit(const struct peer_request *requests, unsigned count);

/* Lets the device know of them. */
void peer_kick(void);

/* Does that too, and waits for one completion or more.  Returns how many SLOTS came back. */
unsigned peer_wait(uint32_t *slots, unsigned max);

void peer_close(void);

/* Prints WHAT, and exits. */
_Noreturn void load_fail(const char *what, const char *why);

#endif
