/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4) of a stream of bytes. */
#ifndef COMMANDS_SHA256_H
#define COMMANDS_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32u

struct sha256 {
	uint32_t state[8];
	uint64_t bytes;
	uint8_t block[64];
};

void sha256_start(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t bytes);

/* Ends the stream; HASH has to be started again before its next use. */
void sha256_end(struct sha256 *hash, uint8_t digest[SHA256_BYTES]);

#endif
