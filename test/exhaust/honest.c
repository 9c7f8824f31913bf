/* SPDX-License-Identifier: MIT */
/*
 * Every way in which the driver and an honest device can run side by side, one access at a time,
 * with a store buffer on each side.  In every state that can be reached: no sleeper is forgotten,
 * no request is lost, doubled or overwritten, nothing is read before it is there.
 */
#include <stdio.h>
#include <string.h>

#include "test/exhaust/ring.h"
#include "test/exhaust/search.h"
#include "test/harness.h"

/* An action is a kind, a side, a verb with its argument, and a choice. */
enum action_kind {
	BEGIN,
	GO_ON,
	DRAIN,
	WAKE
};

static struct {
	struct machine_state *first;
	struct machine_state *state, *next; /* the one that is left, the one that is reached */
	uint32_t number; /* of the one that is left */
	const char *wrong;
	uint32_t action; /* that led there */
	bool all_done, driver_slept, device_slept;
} self;

static uint32_t
action(enum action_kind kind, machine_side side, unsigned verb, unsigned argument, unsigned choice)
{
	return (uint32_t)kind << 24 | (uint32_t)side << 20 | verb << 16 | argument << 8 | choice;
}

static void
print_action(uint32_t what)
{
	machine_side side = what >> 20 & 1;
	const char *name = side == DRIVER ? "driver" : "device";
	unsigned verb = what >> 16 & 15, argument = what >> 8 & 255, choice = what & 255;

	switch ((enum action_kind)(what >> 24)) {
	case BEGIN:
		printf("    %s: %s (%u)", name,
		       side == DRIVER ? driver_verb_text(verb) : device_verb_text(verb), argument);
		break;
	case GO_ON:
		printf("    %s goes on", name);
		break;
	case DRAIN:
		printf("    a store of the %s reaches memory", name);
		break;
	case WAKE:
		printf("    %s wakes", name);
		break;
	}
	printf(choice > 0 ? ", choice %u\n" : "\n", choice);
}

static void
print_way(uint32_t number)
{
	if (search_from(number) != SEARCH_NOWHERE) {
		print_way(search_from(number));
		print_action(search_action(number));
	}
}

/* ---- what must hold ---- */

/* SIDE is between two verbs, and all that it wrote is in memory. */
static bool
rests(const struct machine_state *state, machine_side side)
{
	return state->actor[side].verb == 0 && state->actor[side].stores == 0;
}

static const char *
check(struct machine_state *state)
{
	const struct driver *driver = machine_private(state, DRIVER);
	const struct device *device = machine_private(state, DEVICE);
	const struct driver_book *book = &driver->book;
	const char *wrong = state->actor[DRIVER].verb == 0 ? driver_check(driver) : NULL;

	self.all_done |= book->completed == ring_config.requests;
	self.driver_slept |= book->asleep;
	self.device_slept |= device->asleep && device->seen != ring_config.start;
	if (wrong != NULL || !rests(state, DRIVER) || !rests(state, DEVICE))
		return wrong;
	if (device->asleep && !state->kicked && book->unasked == 0 &&
	    (int16_t)(book->offered - device->wish) > 0)
		return "the device sleeps for ever: a kick is lost";
	if (book->asleep && !state->interrupted && device->shown && device->told == device->put &&
	    device->finished != book->completed)
		return "the driver sleeps for ever: a wake is lost";
	return NULL;
}

/* ---- steps ---- */

static void
found_wrong(const char *what, uint32_t which)
{
	self.wrong = what;
	self.action = which;
}

static void
reached(uint32_t which)
{
	const char *wrong = check(self.next);

	if (wrong != NULL)
		found_wrong(wrong, which);
	else
		search_add(self.next, self.number, which);
}

static void
copy(void)
{
	memcpy(self.next, self.state, machine_state_bytes());
}

/* One step of the verb that SIDE has begun in a copy that PREPARE has made. */
static void
step(machine_side side, enum action_kind kind, unsigned verb, unsigned argument)
{
	unsigned choices = 1;

	for (unsigned choice = 0; choice < choices && self.wrong == NULL; choice++) {
		uint32_t which = action(kind, side, verb, argument, choice);
		machine_outcome outcome;

		copy();
		if (kind == BEGIN) {
			self.next->actor[side].verb = (uint8_t)verb;
			self.next->actor[side].argument = (uint8_t)argument;
			/* A bell that rang before is of no use to one who goes to sleep now. */
			if (side == DRIVER && verb == DRIVER_ARM)
				self.next->interrupted = 0;
			if (side == DEVICE && verb == DEVICE_SLEEP)
				self.next->kicked = 0;
		}
		outcome = machine_step(self.next, side, choice, &choices);
		if (outcome == MACHINE_WRONG)
			found_wrong(machine_wrong(), which);
		else if (outcome != MACHINE_BLOCKED)
			reached(which);
	}
}

static bool
may(machine_side side, unsigned verb, unsigned argument)
{
	return side == DRIVER ? driver_may(machine_private(self.state, DRIVER), verb, argument)
			      : device_may(machine_private(self.state, DEVICE), verb, argument);
}

static void
act(machine_side side)
{
	unsigned verbs = side == DRIVER ? DRIVER_VERBS : DEVICE_VERBS;

	if (self.state->actor[side].verb != 0) {
		step(side, GO_ON, 0, 0);
		return;
	}
	for (unsigned verb = 1; verb < verbs; verb++) {
		for (unsigned argument = 0; argument <= RING_SIZE_MAX; argument++) {
			if (may(side, verb, argument) && self.wrong == NULL)
				step(side, BEGIN, verb, argument);
		}
	}
}

static void
drain(machine_side side)
{
	unsigned drains = machine_drains(self.state, side);

	for (unsigned i = 0; i < drains && self.wrong == NULL; i++) {
		copy();
		machine_drain(self.next, side, i);
		reached(action(DRAIN, side, 0, 0, i));
	}
}

/* A sleeper is woken by its bell; the device may wake by itself as well. */
static void
wake_driver(void)
{
	if (!self.state->interrupted)
		return;
	copy();
	self.next->interrupted = 0;
	((struct driver *)machine_private(self.next, DRIVER))->book.asleep = 0;
	reached(action(WAKE, DRIVER, 0, 0, 0));
}

static void
wake_device(void)
{
	copy();
	self.next->kicked = 0;
	((struct device *)machine_private(self.next, DEVICE))->asleep = 0;
	reached(action(WAKE, DEVICE, 0, 0, 0));
}

static void
leave(void)
{
	const struct driver *driver = machine_private(self.state, DRIVER);
	const struct device *device = machine_private(self.state, DEVICE);

	if (driver->book.asleep && self.state->actor[DRIVER].verb == 0)
		wake_driver();
	else
		act(DRIVER);
	if (device->asleep && self.state->actor[DEVICE].verb == 0 && self.wrong == NULL &&
	    (self.state->kicked || !ring_config.lean))
		wake_device();
	act(DEVICE);
	drain(DRIVER);
	drain(DEVICE);
}

/* True when nothing was found wrong; otherwise the way there is printed, if WAYS. */
static bool
search(bool ways)
{
	self.wrong = NULL;
	search_begin(machine_state_bytes(), ways);
	search_add(self.first, SEARCH_NOWHERE, 0);
	while (self.wrong == NULL && search_next(self.state, &self.number))
		leave();
	if (self.wrong != NULL && ways) {
		printf("%s: the shortest way to an error:\n", test_id());
		print_way(self.number);
		print_action(self.action);
	}
	return self.wrong == NULL;
}

static void
free_all(void *unused)
{
	(void)unused;
	search_end();
	test_free(self.first);
	test_free(self.state);
	test_free(self.next);
	memset(&self, 0, sizeof(self));
}

static void
run(const struct ring_config *config)
{
	size_t bytes;

	(void)ring_open(config, &bytes);
	self.first = test_alloc(machine_state_bytes());
	self.state = test_alloc(machine_state_bytes());
	self.next = test_alloc(machine_state_bytes());
	test_at_end(free_all, NULL);
	machine_state_first(self.first);
	if (!search(false)) {
		(void)search(true);
		test_fail(__FILE__, __LINE__, "%s", self.wrong);
	}
	EXPECT(self.all_done && self.driver_slept && self.device_slept);
	printf("%-52s %9u states\n", test_id(), search_seen());
}

/* ---- the cases ---- */

static const struct test_axis layouts = {"layout", {"split", "packed"}};
static const struct test_axis sizes = {"size", {"1", "2", "3", "4"}};
static const struct test_axis chains = {"chains", {"table", "direct"}};
static const struct test_axis orders = {"order", {"any", "fifo"}};
static const struct test_axis events = {"events", {"flags", "index"}};
static const struct test_axis *const axes[] = {&layouts, &sizes, &chains, &orders, &events, NULL};

static bool
is_possible(void)
{
	return test_choice(&layouts) == 1 || test_choice(&sizes) != 2;
}

static bool
is_small(void)
{
	return test_choice(&sizes) < 2;
}

/* REQUESTS in a ring that wraps with the next but one.  LEAN above size LEAN_ABOVE. */
static struct ring_config
configured(unsigned requests, unsigned lean_above)
{
	unsigned size = test_choice(&sizes) + 1;
	bool packed = test_choice(&layouts) == 1;

	return (struct ring_config){.size = (uint8_t)size,
				    .packed = packed,
				    .direct = test_choice(&chains) == 1,
				    .in_order = test_choice(&orders) == 1,
				    .event_index = test_choice(&events) == 1,
				    .start = (uint16_t)(packed ? size - 1 : 0xffff),
				    .lean = size > lean_above,
				    .requests = (uint8_t)requests};
}

/* A step is what signals something; the memory of x86. */
TEST_AXES(honest_signals, axes, is_possible)
{
	struct ring_config config = configured(test_choice(&sizes) == 0 ? 4 : 3, 2);

	run(&config);
}

/* A step is an access; the memory of x86. */
TEST_AXES(honest_accesses, axes, is_small)
{
	struct ring_config config = configured(3, 1);

	config.fine = true;
	run(&config);
}

/* A step is an access; stores and loads are as disordered as the fences allow. */
TEST_AXES(honest_disorder, axes, is_small)
{
	struct ring_config config = configured(2, 1);

	config.fine = true;
	config.weak = true;
	run(&config);
}
