/* SPDX-License-Identifier: MIT */
/*
 * Two sides, one memory: the state that the exhaustive search walks through, and one step of it.
 *
 * Either side runs verbs: ordinary C whose every access to shared memory is a call.  A verb that is
 * under way is kept as its beginning and the values that its loads have returned; to go on, it is
 * run again from there, is given the same values, does one access more, and is left by longjmp().
 * So the driver's own code is stepped as it is, and a state is plain bytes: copied, compared,
 * hashed.
 *
 * Stores wait in a buffer per side.  TSO: they reach memory in order.  WEAK: those between two
 * publish fences in any order; and the driver's loads may return the past, back to its last observe
 * fence, each place for itself.
 */
#ifndef TEST_EXHAUST_MACHINE_H
#define TEST_EXHAUST_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_LOADS 16u
#define MACHINE_STORES 10u
#define MACHINE_INBOX 24u

typedef enum machine_side {
	DRIVER,
	DEVICE,
} machine_side;

/* WIDTH bytes at offset AT of the shared memory, raw. */
struct machine_store {
	uint64_t value;
	uint16_t at;
	uint8_t width;
	uint8_t epoch; /* WEAK: publish fences before it */
	uint8_t seen; /* in an inbox: by the driver */
	uint8_t unused[3];
};

struct machine_actor {
	uint8_t verb; /* 0: none is under way */
	uint8_t argument;
	uint8_t done; /* accesses and fences of the verb that lie behind */
	uint8_t loads; /* of these, loads */
	uint8_t stores; /* waiting */
	uint8_t epoch;
	uint8_t unused[2];
	uint64_t loaded[MACHINE_LOADS];
	struct machine_store store[MACHINE_STORES];
};

/* The device's stores that the driver need not see yet. */
struct machine_inbox {
	uint64_t count;
	struct machine_store store[MACHINE_INBOX];
};

/*
 * Behind it lie the private bytes of driver (64-byte aligned) and device, memory, and, under WEAK,
 * what the driver sees of the memory, and its inbox.  Everything that is unused is 0.
 */
struct machine_state {
	struct machine_actor actor[2];
	uint64_t kicked; /* a doorbell was rung and not yet heard */
	uint64_t interrupted;
	_Alignas(64) uint8_t rest[];
};

/* What does not change during a search. */
struct machine_plan {
	const uint8_t *shared; /* the driver's pointers point here; never touched */
	const uint8_t *memory; /* what the memory holds at first */
	size_t shared_bytes; /* a multiple of 8 */
	void *live[2]; /* where a side's verbs find their private bytes */
	size_t live_bytes[2]; /* multiples of 8 */
	void (*run[2])(unsigned verb, unsigned argument);
	bool weak;
	/*
	 * Which accesses the other side can tell the order of.  NULL: all.  Others do not end a
	 * step.
	 */
	bool (*is_signal)(unsigned at, unsigned width);
};

typedef enum machine_outcome {
	MACHINE_DONE, /* the verb has ended */
	MACHINE_UNDER_WAY,
	MACHINE_BLOCKED, /* a fence waits for the store buffer: nothing has changed */
	MACHINE_WRONG, /* machine_wrong() says what */
} machine_outcome;

void machine_plan_set(const struct machine_plan *plan);

/* A multiple of 64. */
size_t machine_state_bytes(void);
uint8_t *machine_memory(struct machine_state *state);
void *machine_private(struct machine_state *state, machine_side side);

/* Everything at rest, as the plan's places say now. */
void machine_state_first(struct machine_state *state);

/*
 * One step of SIDE's verb.  Under WEAK a load may have several values to return: *CHOICES says how
 * many, CHOICE which it is.
 */
machine_outcome machine_step(struct machine_state *state, machine_side side, unsigned choice,
			     unsigned *choices);

/* How many of SIDE's waiting stores may be the next to reach memory; and the WHICHth of them. */
unsigned machine_drains(const struct machine_state *state, machine_side side);
void machine_drain(struct machine_state *state, machine_side side, unsigned which);

/* Breaks the running step off: a rule is broken.  WHAT is static. */
_Noreturn void machine_fail(const char *what);
const char *machine_wrong(void);

/* ---- for the verbs of the device; the driver has arch/stepped.h ---- */

uint64_t machine_load(unsigned at, unsigned width);
void machine_store(unsigned at, unsigned width, uint64_t value);
void machine_publish(void);
void machine_ask(void);

/* Rings the bell of the other side: the driver's interrupt. */
void machine_interrupt(void);

/* ---- for a search without the other side ---- */

/* When set, a load of the driver returns what this says, and nothing else has an effect. */
typedef uint64_t machine_oracle(unsigned at, unsigned width);
void machine_oracle_set(machine_oracle *oracle);

/* Calls FUNCTION; false when it ended in machine_fail(). */
bool machine_try(void (*function)(void));

#endif
