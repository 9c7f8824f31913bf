/* SPDX-License-Identifier: MIT */
/* SHA-256: see sha256.h.  Sections and names are those of FIPS 180-4. */
#include "commands/sha256.h"

#include <string.h>

/* 4.2.2: first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t k[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static uint32_t
rotate(uint32_t v, unsigned n)
{
	return v >> n | v << (32 - n);
}

static uint32_t
load_big(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/*
 * One round.  The eight words do not move: the caller passes them one place further on each time,
 * and only the two that change are written.
 */
static inline void
step(uint32_t a, uint32_t b, uint32_t c, uint32_t *d, uint32_t e, uint32_t f, uint32_t g,
     uint32_t *h, uint32_t word)
{
	uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
	uint32_t t1 = *h + s1 + (g ^ (e & (f ^ g))) + word;
	uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);

	*d += t1;
	*h = t1 + s0 + ((a & b) | (c & (a | b)));
}

/* 6.2.2: one block of 64 bytes. */
static void
compress(uint32_t state[8], const uint8_t block[64])
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
	uint32_t w[64];

	for (unsigned t = 0; t < 16; t++)
		w[t] = load_big(block + 4 * t);
	for (unsigned t = 16; t < 64; t++) {
		uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ w[t - 15] >> 3;
		uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ w[t - 2] >> 10;

		w[t] = s1 + w[t - 7] + s0 + w[t - 16];
	}
	for (unsigned t = 0; t < 64; t += 8) {
		step(a, b, c, &d, e, f, g, &h, k[t] + w[t]);
		step(h, a, b, &c, d, e, f, &g, k[t + 1] + w[t + 1]);
		step(g, h, a, &b, c, d, e, &f, k[t + 2] + w[t + 2]);
		step(f, g, h, &a, b, c, d, &e, k[t + 3] + w[t + 3]);
		step(e, f, g, &h, a, b, c, &d, k[t + 4] + w[t + 4]);
		step(d, e, f, &g, h, a, b, &c, k[t + 5] + w[t + 5]);
		step(c, d, e, &f, g, h, a, &b, k[t + 6] + w[t + 6]);
		step(b, c, d, &e, f, g, h, &a, k[t + 7] + w[t + 7]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

void
sha256_start(struct sha256 *hash)
{
	/* 5.3.3 */
	static const uint32_t initial[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(hash->state, initial, sizeof(initial));
	hash->bytes = 0;
}

void
sha256_add(struct sha256 *hash, const void *data, size_t bytes)
{
	const uint8_t *in = data;
	size_t held = hash->bytes % 64;

	hash->bytes += bytes;
	if (held != 0) {
		size_t n = bytes < 64 - held ? bytes : 64 - held;

		memcpy(hash->block + held, in, n);
		in += n;
		bytes -= n;
		if (held + n < 64)
			return;
		compress(hash->state, hash->block);
	}
	for (; bytes >= 64; bytes -= 64) {
		compress(hash->state, in);
		in += 64;
	}
	memcpy(hash->block, in, bytes);
}

void
sha256_end(struct sha256 *hash, uint8_t digest[SHA256_BYTES])
{
	/* 5.1.1: a one bit, zeros, and the length in bits as 64 bits. */
	static const uint8_t padding[64] = {0x80};
	uint64_t bits = hash->bytes * 8;
	uint8_t length[8];

	for (unsigned i = 0; i < 8; i++)
		length[i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_add(hash, padding, 1 + (119 - hash->bytes % 64) % 64);
	sha256_add(hash, length, sizeof(length));
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}
