/* SPDX-License-Identifier: MIT */
/* See machine.h: memory, store buffers, and verbs that are run again and again. */
#include "test/exhaust/machine.h"

#include <setjmp.h>
#include <string.h>

#include "arch/stepped.h"

enum {
	LEFT_UNDER_WAY = 1,
	LEFT_BLOCKED,
	LEFT_WRONG
};

static struct machine_plan plan;
static machine_oracle *oracle;

/* The step that is being made; state is NULL outside of one. */
static struct {
	struct machine_state *state;
	struct machine_actor *actor;
	machine_side side;
	unsigned at; /* accesses seen in this run */
	unsigned load;
	unsigned choice, choices;
	bool moved; /* the step has had an effect */
	const char *wrong;
	jmp_buf leave;
} self;

/* ---- what a state is made of ---- */

static size_t
memory_at(void)
{
	return plan.live_bytes[DRIVER] + plan.live_bytes[DEVICE];
}

static size_t
view_at(void)
{
	return memory_at() + plan.shared_bytes;
}

uint8_t *
machine_memory(struct machine_state *state)
{
	return state->rest + memory_at();
}

void *
machine_private(struct machine_state *state, machine_side side)
{
	return state->rest + (side == DEVICE ? plan.live_bytes[DRIVER] : 0);
}

static uint8_t *
view_of(struct machine_state *state)
{
	return state->rest + (plan.weak ? view_at() : memory_at());
}

static struct machine_inbox *
inbox_of(struct machine_state *state)
{
	return (struct machine_inbox *)(void *)(state->rest + view_at() + plan.shared_bytes);
}

size_t
machine_state_bytes(void)
{
	size_t bytes = sizeof(struct machine_state) + view_at();

	if (plan.weak)
		bytes += plan.shared_bytes + sizeof(struct machine_inbox);
	return (bytes + 63) / 64 * 64;
}

void
machine_plan_set(const struct machine_plan *new_plan)
{
	plan = *new_plan;
	memset(&self, 0, sizeof(self));
}

void
machine_state_first(struct machine_state *state)
{
	memset(state, 0, machine_state_bytes());
	memcpy(machine_memory(state), plan.memory, plan.shared_bytes);
	memcpy(view_of(state), plan.memory, plan.shared_bytes);
	for (unsigned side = DRIVER; side <= DEVICE; side++)
		memcpy(machine_private(state, side), plan.live[side], plan.live_bytes[side]);
}

/* ---- bytes and values ---- */

static void
put(uint8_t *bytes, unsigned width, uint64_t value)
{
	uint32_t v32 = (uint32_t)value;
	uint16_t v16 = (uint16_t)value;
	uint8_t v8 = (uint8_t)value;

	if (width == 8)
		memcpy(bytes, &value, 8);
	else if (width == 4)
		memcpy(bytes, &v32, 4);
	else if (width == 2)
		memcpy(bytes, &v16, 2);
	else
		memcpy(bytes, &v8, 1);
}

static uint64_t
get(const uint8_t *bytes, unsigned width)
{
	uint64_t v64;
	uint32_t v32;
	uint16_t v16;

	if (width == 8)
		return memcpy(&v64, bytes, 8), v64;
	if (width == 4)
		return memcpy(&v32, bytes, 4), v32;
	if (width == 2)
		return memcpy(&v16, bytes, 2), v16;
	return bytes[0];
}

static bool
overlap(const struct machine_store *store, unsigned at, unsigned width)
{
	return store->at < at + width && at < (unsigned)store->at + store->width;
}

/* STORE as far as it lies within the WIDTH bytes at AT. */
static void
overlay(uint8_t *bytes, unsigned at, unsigned width, const struct machine_store *store)
{
	uint8_t own[8];

	put(own, store->width, store->value);
	for (unsigned i = 0; i < store->width; i++) {
		if (store->at + i - at < width)
			bytes[store->at + i - at] = own[i];
	}
}

/* ---- leaving a step ---- */

void
machine_fail(const char *what)
{
	self.wrong = what;
	longjmp(self.leave, LEFT_WRONG);
}

const char *
machine_wrong(void)
{
	return self.wrong;
}

/* The access that is due is for a later step. */
static _Noreturn void
leave(void)
{
	longjmp(self.leave, self.moved ? LEFT_UNDER_WAY : LEFT_BLOCKED);
}

/* True when the access lies behind: it must not have its effect again. */
static bool
replayed(void)
{
	return self.at++ < self.actor->done;
}

static bool
ends_step(unsigned at, unsigned width)
{
	return self.moved && (plan.is_signal == NULL || plan.is_signal(at, width));
}

/* ---- loads ---- */

/* The driver has seen the Ith of its inbox. */
static void
show(struct machine_state *state, unsigned i)
{
	struct machine_store *store = &inbox_of(state)->store[i];

	if (!store->seen)
		put(view_of(state) + store->at, store->width, store->value);
	store->seen = 1;
}

static void
drop(struct machine_inbox *inbox, unsigned i)
{
	memmove(&inbox->store[i], &inbox->store[i + 1],
		(inbox->count - i - 1) * sizeof(inbox->store[0]));
	memset(&inbox->store[--inbox->count], 0, sizeof(inbox->store[0]));
}

/*
 * A fence of the driver.  The device may act between it and the load that comes next, which is
 * therefore for a later step; without an inbox that makes no difference.
 */
static void
see_all(struct machine_state *state)
{
	if (!plan.weak || self.side != DRIVER)
		return;
	while (inbox_of(state)->count > 0) {
		show(state, 0);
		drop(inbox_of(state), 0);
	}
	self.moved = true;
}

/* A store that was seen is remembered for as long as an older one of the same word was not. */
static bool
is_needed(const struct machine_inbox *inbox, unsigned i)
{
	for (unsigned older = 0; older < i; older++) {
		if (!inbox->store[older].seen &&
		    inbox->store[older].at / 8 == inbox->store[i].at / 8)
			return true;
	}
	return !inbox->store[i].seen;
}

/* One load is one moment: it cannot see a store and miss an older one. */
static bool
is_forced(const struct machine_inbox *inbox, unsigned i, unsigned at, unsigned width)
{
	for (unsigned newer = i + 1; newer < inbox->count; newer++) {
		if (inbox->store[newer].seen && overlap(&inbox->store[newer], at, width))
			return true;
	}
	return false;
}

/* The driver sees the first self.choice of those that touch the place; counts them all. */
static void
choose_past(unsigned at, unsigned width)
{
	struct machine_inbox *inbox = inbox_of(self.state);
	unsigned left = self.choice;

	self.choices = 1;
	for (unsigned i = 0; i < inbox->count; i++) {
		if (inbox->store[i].seen || !overlap(&inbox->store[i], at, width))
			continue;
		if (is_forced(inbox, i, at, width)) {
			show(self.state, i);
			continue;
		}
		self.choices++;
		if (left > 0) {
			left--;
			show(self.state, i);
		}
	}
	for (unsigned i = 0; i < inbox->count; i++) {
		if (!is_needed(inbox, i))
			drop(inbox, i--);
	}
}

uint64_t
machine_load(unsigned at, unsigned width)
{
	struct machine_actor *actor = self.actor;
	uint8_t bytes[8] = {0};
	const uint8_t *from;

	if (replayed())
		return actor->loaded[self.load++];
	if (ends_step(at, width))
		leave();
	if (plan.weak && self.side == DRIVER)
		choose_past(at, width);
	from = self.side == DRIVER ? view_of(self.state) : machine_memory(self.state);
	memcpy(bytes, from + at, width);
	for (unsigned i = 0; i < actor->stores; i++)
		overlay(bytes, at, width, &actor->store[i]);
	if (actor->loads == MACHINE_LOADS)
		machine_fail("a verb with more loads than the search has room for");
	self.moved = true;
	self.load++;
	actor->done++;
	actor->loaded[actor->loads++] = get(bytes, width);
	return get(bytes, width);
}

/* ---- stores ---- */

void
machine_store(unsigned at, unsigned width, uint64_t value)
{
	struct machine_actor *actor = self.actor;
	struct machine_store *store;

	if (replayed())
		return;
	if (actor->stores == MACHINE_STORES)
		leave();
	store = &actor->store[actor->stores++];
	store->at = (uint16_t)at;
	store->width = (uint8_t)width;
	store->epoch = actor->epoch;
	store->value = value;
	actor->done++;
	self.moved = true;
}

static bool
may_drain(const struct machine_actor *actor, unsigned i)
{
	const struct machine_store *store = &actor->store[i];

	if (!plan.weak)
		return i == 0;
	for (unsigned older = 0; older < i; older++) {
		if (actor->store[older].epoch != store->epoch ||
		    overlap(&actor->store[older], store->at, store->width))
			return false;
	}
	return true;
}

unsigned
machine_drains(const struct machine_state *state, machine_side side)
{
	const struct machine_actor *actor = &state->actor[side];
	unsigned count = 0;

	for (unsigned i = 0; i < actor->stores; i++)
		count += may_drain(actor, i);
	return count;
}

/*
 * A store of the device may stay unseen for a while: the last one to each place, so that there is
 * an end to it.  One of the driver ends what was unseen there.
 */
static void
write_weak(struct machine_state *state, machine_side side, const struct machine_store *store)
{
	struct machine_inbox *inbox = inbox_of(state);
	uint8_t *view = view_of(state) + store->at;

	for (unsigned i = 0; i < inbox->count; i++) {
		if (overlap(&inbox->store[i], store->at, store->width)) {
			show(state, i);
			drop(inbox, i--);
		}
	}
	if (side == DRIVER) {
		put(view, store->width, store->value);
		return;
	}
	if (get(view, store->width) == store->value)
		return;
	if (inbox->count == MACHINE_INBOX) {
		show(state, 0);
		drop(inbox, 0);
	}
	inbox->store[inbox->count] = *store;
	inbox->store[inbox->count++].epoch = 0;
}

static struct machine_store
drain_one(struct machine_state *state, machine_side side, unsigned i)
{
	struct machine_actor *actor = &state->actor[side];
	struct machine_store store = actor->store[i];

	memmove(&actor->store[i], &actor->store[i + 1],
		(actor->stores - i - 1u) * sizeof(actor->store[0]));
	memset(&actor->store[--actor->stores], 0, sizeof(actor->store[0]));
	put(machine_memory(state) + store.at, store.width, store.value);
	if (plan.weak)
		write_weak(state, side, &store);
	/* Epochs count from the oldest that waits, so that equal states look equal. */
	if (actor->stores == 0)
		actor->epoch = 0;
	while (actor->stores > 0 && actor->store[0].epoch > 0) {
		actor->epoch--;
		for (unsigned k = 0; k < actor->stores; k++)
			actor->store[k].epoch--;
	}
	return store;
}

void
machine_drain(struct machine_state *state, machine_side side, unsigned which)
{
	struct machine_actor *actor = &state->actor[side];
	struct machine_store store;
	unsigned i = 0;

	while (!may_drain(actor, i) || which-- > 0)
		i++;
	store = drain_one(state, side, i);
	/* What is no signal goes along with the next that is. */
	while (plan.is_signal != NULL && actor->stores > 0 &&
	       !plan.is_signal(store.at, store.width))
		store = drain_one(state, side, 0);
}

/* ---- fences and bells ---- */

void
machine_publish(void)
{
	if (replayed())
		return;
	self.actor->done++;
	if (plan.weak && self.actor->stores > 0 &&
	    self.actor->store[self.actor->stores - 1].epoch == self.actor->epoch)
		self.actor->epoch++;
}

static void
observe(void)
{
	if (replayed())
		return;
	self.actor->done++;
	see_all(self.state);
}

void
machine_ask(void)
{
	if (replayed())
		return;
	if (self.actor->stores > 0)
		leave();
	self.actor->done++;
	see_all(self.state);
}

static void
ring(uint64_t *bell)
{
	if (replayed())
		return;
	if (self.moved)
		leave();
	*bell = 1;
	self.actor->done++;
	self.moved = true;
}

void
machine_interrupt(void)
{
	ring(&self.state->interrupted);
}

/* ---- one step ---- */

static void
end_verb(struct machine_state *state, machine_side side)
{
	struct machine_actor *actor = self.actor;

	memcpy(machine_private(state, side), plan.live[side], plan.live_bytes[side]);
	memset(actor->loaded, 0, sizeof(actor->loaded));
	actor->verb = actor->argument = actor->done = actor->loads = 0;
}

machine_outcome
machine_step(struct machine_state *state, machine_side side, unsigned choice, unsigned *choices)
{
	int left;

	self.state = state;
	self.actor = &state->actor[side];
	self.side = side;
	self.at = self.load = 0;
	self.choice = choice;
	self.choices = 1;
	self.moved = false;
	memcpy(plan.live[side], machine_private(state, side), plan.live_bytes[side]);
	left = setjmp(self.leave);
	if (left == 0) {
		plan.run[self.side](self.actor->verb, self.actor->argument);
		end_verb(self.state, self.side);
	}
	*choices = self.choices;
	self.state = NULL;
	return left == 0                ? MACHINE_DONE
	       : left == LEFT_UNDER_WAY ? MACHINE_UNDER_WAY
	       : left == LEFT_BLOCKED   ? MACHINE_BLOCKED
					: MACHINE_WRONG;
}

void
machine_oracle_set(machine_oracle *new_oracle)
{
	oracle = new_oracle;
}

bool
machine_try(void (*function)(void))
{
	if (setjmp(self.leave) != 0)
		return false;
	function();
	return true;
}

/* ---- the driver's accesses ---- */

static unsigned
offset_of(const void *address, unsigned width)
{
	uintptr_t at = (uintptr_t)address - (uintptr_t)plan.shared;

	if (at >= plan.shared_bytes || plan.shared_bytes - at < width)
		machine_fail("the driver reaches outside of the shared memory");
	return (unsigned)at;
}

uint64_t
step_shared_load(const void *address, unsigned width)
{
	if (oracle != NULL)
		return oracle(offset_of(address, width), width);
	return self.state != NULL ? machine_load(offset_of(address, width), width)
				  : get(address, width);
}

void
step_shared_store(void *address, unsigned width, uint64_t value)
{
	if (oracle != NULL)
		(void)offset_of(address, width);
	else if (self.state != NULL)
		machine_store(offset_of(address, width), width, value);
	else
		put(address, width, value);
}

void
step_fence(step_order order)
{
	if (self.state == NULL)
		return;
	if (order == STEP_PUBLISH)
		machine_publish();
	else if (order == STEP_OBSERVE)
		observe();
	else
		machine_ask();
}

void
step_register_store(volatile void *address, unsigned width, uint32_t value)
{
	(void)address;
	(void)width;
	(void)value;
	if (self.state != NULL)
		ring(&self.state->kicked);
}

uint32_t
step_register_load(const volatile void *address, unsigned width)
{
	(void)address;
	(void)width;
	return 0;
}

void
step_relax(void)
{
}

uint64_t
step_ticks(void)
{
	return 0;
}
