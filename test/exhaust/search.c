/* SPDX-License-Identifier: MIT */
/* See search.h: a log of all states, a hash table over it, a queue of those still to be left. */
#include "test/exhaust/search.h"

#include <stdlib.h>
#include <string.h>

#include "test/harness.h"

struct seen {
	uint64_t fingerprint;
	uint32_t from;
	uint32_t action;
};

static struct {
	size_t state_bytes;
	bool breadth_first;
	struct seen *log;
	uint32_t count, room;
	uint32_t *table; /* numbers + 1, by fingerprint; twice as many places as the log */
	uint8_t *queue; /* a ring of places: a number and the state */
	size_t first, waiting, places;
} self;

/* A place holds the state's number, then the state. */
static size_t
place_bytes(void)
{
	return 64 + self.state_bytes;
}

static uint8_t *
place(size_t i)
{
	return self.queue + i % self.places * place_bytes();
}

static void *
grown(void *memory, size_t bytes)
{
	void *more = realloc(memory, bytes);

	if (more == NULL)
		test_fail(__FILE__, __LINE__, "no memory for %zu bytes", bytes);
	return more;
}

/* Two multiplications per 16 bytes, mixed at the end. */
static uint64_t
fingerprint_of(const uint8_t *state)
{
	uint64_t a = 0x9e3779b97f4a7c15, b = 0xc2b2ae3d27d4eb4f, word;

	for (size_t at = 0; at < self.state_bytes; at += 8) {
		memcpy(&word, state + at, 8);
		a = (a ^ word) * 0xff51afd7ed558ccd;
		a ^= a >> 32;
		b = (b + word) * 0xc4ceb9fe1a85ec53;
		b = b << 29 | b >> 35;
	}
	a ^= b;
	a ^= a >> 33;
	a *= 0xff51afd7ed558ccd;
	return a ^ a >> 29;
}

static uint32_t *
find(uint64_t fingerprint)
{
	uint32_t mask = self.room * 2 - 1, at = (uint32_t)fingerprint & mask;

	while (self.table[at] != 0 && self.log[self.table[at] - 1].fingerprint != fingerprint)
		at = (at + 1) & mask;
	return &self.table[at];
}

static void
grow_log(void)
{
	self.room = self.room == 0 ? 1u << 12 : self.room * 2;
	self.log = grown(self.log, self.room * sizeof(self.log[0]));
	free(self.table);
	self.table = grown(NULL, self.room * 2 * sizeof(self.table[0]));
	memset(self.table, 0, self.room * 2 * sizeof(self.table[0]));
	for (uint32_t i = 0; i < self.count; i++)
		*find(self.log[i].fingerprint) = i + 1;
}

static void
grow_queue(void)
{
	size_t places = self.places == 0 ? 256 : self.places * 2;
	uint8_t *queue = grown(NULL, places * place_bytes());

	for (size_t i = 0; i < self.waiting; i++)
		memcpy(queue + i * place_bytes(), place(self.first + i), place_bytes());
	free(self.queue);
	self.queue = queue;
	self.places = places;
	self.first = 0;
}

void
search_begin(size_t state_bytes, bool breadth_first)
{
	search_end();
	self.state_bytes = state_bytes;
	self.breadth_first = breadth_first;
	grow_log();
	grow_queue();
}

void
search_end(void)
{
	free(self.log);
	free(self.table);
	free(self.queue);
	memset(&self, 0, sizeof(self));
}

void
search_add(const void *state, uint32_t from, uint32_t action)
{
	uint64_t fingerprint = fingerprint_of(state);
	uint32_t *found = find(fingerprint);
	uint8_t *at;

	if (*found != 0)
		return;
	if (self.count == self.room) {
		grow_log();
		found = find(fingerprint);
	}
	*found = self.count + 1;
	self.log[self.count] = (struct seen){fingerprint, from, action};
	if (self.waiting == self.places)
		grow_queue();
	at = place(self.first + self.waiting++);
	memcpy(at, &self.count, sizeof(self.count));
	memcpy(at + 64, state, self.state_bytes);
	self.count++;
}

bool
search_next(void *state, uint32_t *number)
{
	const uint8_t *at;

	if (self.waiting == 0)
		return false;
	self.waiting--;
	at = place(self.breadth_first ? self.first++ : self.first + self.waiting);
	memcpy(number, at, sizeof(*number));
	memcpy(state, at + 64, self.state_bytes);
	return true;
}

uint32_t
search_from(uint32_t number)
{
	return self.log[number].from;
}

uint32_t
search_action(uint32_t number)
{
	return self.log[number].action;
}

uint32_t
search_seen(void)
{
	return self.count;
}
