/* SPDX-License-Identifier: MIT */
/*
 * A walk over every state that can be reached, each once: those that were seen are kept as 64-bit
 * fingerprints, those that are still to be left as they are.  (Two states with one fingerprint
 * would be taken for one: with ten million states, a chance of 3 in a million.)
 */
#ifndef TEST_EXHAUST_SEARCH_H
#define TEST_EXHAUST_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEARCH_NOWHERE UINT32_MAX

/*
 * Starts with nothing seen.  States have STATE_BYTES, a multiple of 8.  Depth first needs little
 * memory; breadth first finds shortest ways.
 */
void search_begin(size_t state_bytes, bool breadth_first);
void search_end(void);

/* STATE was reached from state number FROM by ACTION; nothing happens when it had been seen. */
void search_add(const void *state, uint32_t from, uint32_t action);

/* The next state to leave, copied to STATE, and its number; false when there is none. */
bool search_next(void *state, uint32_t *number);

/* How state NUMBER was reached first: the state before, and the action. */
uint32_t search_from(uint32_t number);
uint32_t search_action(uint32_t number);

uint32_t search_seen(void);

#endif
