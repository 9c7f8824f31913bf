/* SPDX-License-Identifier: MIT */
/*
 * Notifications of a split ring, both directions, for ever: a driver that adds, publishes, asks,
 * takes, arms and sleeps in any order that the contract of ring.h allows, and a device that
 * fetches, completes and sleeps as it likes.
 *
 * Counters are modulo MODULUS (2^16 in the code), so a run has no end and meets every wrap.  A
 * state from which nothing can happen is a lost wake-up.  A ring entry carries its position: a
 * reader notices what is stale, not there yet, or overwritten.
 *
 * A configuration is SIZE and MODULUS (powers of two, MODULUS at least 2 * SIZE), and 0 or 1 for
 * EVENT_INDEX, IN_ORDER, ANY_ORDER and PROMPT (a device that gives back what it has before it looks
 * for more).  broken.pml lists what can be broken.
 */
#define PLACES (2 * SIZE + 4)
#define AVAIL_RING(i) ((i) % SIZE)
#define USED_RING(i) (SIZE + (i) % SIZE)
#define AVAIL_INDEX (2 * SIZE)
#define USED_INDEX (2 * SIZE + 1)
/* What the device wants to be told: avail_event, or the flag that suppresses; and the driver. */
#define DEVICE_WISH (2 * SIZE + 2)
#define DRIVER_WISH (2 * SIZE + 3)
#define SUPPRESS 1

#include "broken.pml"
#include "memory.pml"

#define WRAP(x) ((x) & (MODULUS - 1))
#define DISTANCE(from, to) WRAP((to) + MODULUS - (from))
#define STAMP(position) (1 + WRAP(position))

/* vring_event_passed(): kick and interrupt are the same question. */
#define PASSED(event, now, before) (DISTANCE((event) + 1, now) < DISTANCE(before, now))

bool kick, interrupt;

/*
 * Does the device want a kick?  UNASKED counts what was published since the last question, exactly
 * up to MODULUS; from there on the answer is yes.
 */
inline ask()
{
	before = WRAP(avail - unasked + 2 * MODULUS);
	event = memory[DEVICE_WISH];
	if
	:: BROKEN == BEFORE_IS_NOW -> before = avail
	:: BROKEN == BEFORE_STANDS_STILL -> before = 0
	:: BROKEN == EVENT_OFF_BY_ONE -> event = WRAP(event + MODULUS - 1)
	:: else
	fi;
	if
	:: EVENT_INDEX && (unasked == MODULUS || PASSED(event, avail, before)) -> kick = true
	:: !EVENT_INDEX && event != SUPPRESS -> kick = true
	:: else
	fi;
	before = 0;
	event = 0;
	unasked = 0
}

inline publish()
{
	unasked = unasked + DISTANCE(published, avail);
	if
	:: unasked > MODULUS && BROKEN != NO_LAPS_RULE -> unasked = MODULUS
	:: BROKEN == NO_LAPS_RULE -> unasked = WRAP(unasked)
	:: else
	fi;
	published = avail;
	store(DRIVER, AVAIL_INDEX, avail)
}

/* Where the driver wants its interrupt: at the next used entry; a flag of 0 is any. */
#define NEXT_USED (!EVENT_INDEX || BROKEN == WISH_STANDS_STILL -> 0 : \
		   (BROKEN == WISH_AHEAD -> WRAP(used + 1) : used))

/* Asks for an interrupt, looks once more, and sleeps until it comes. */
inline arm_and_sleep()
{
	atomic {
		entry = NEXT_USED;
		store(DRIVER, DRIVER_WISH, entry);
		entry = 0
	}
	FULL_FENCE(DRIVER, NO_ARM_FENCE);
	if
	:: BROKEN == NO_SECOND_LOOK || memory[USED_INDEX] == used ->
		atomic {
			interrupt -> interrupt = false
		}
		if
		:: !EVENT_INDEX -> store(DRIVER, DRIVER_WISH, SUPPRESS)
		:: true
		fi
	:: else -> goto come
	fi
}

/* The next used entry; EARLY is one that was loaded before the index said that it was there. */
inline take()
{
	entry = (early != 0 -> early : memory[USED_RING(used)]);
	early = 0;
	/* In order, one entry stands for a batch, and names the batch's last. */
	assert(entry != 0 && DISTANCE(used, entry - 1) < DISTANCE(used, memory[USED_INDEX]));
	assert(entry == STAMP(used) || IN_ORDER);
	used = WRAP(entry);
	entry = 0
}

active proctype driver()
{
	byte avail, published, used, early, entry, unasked, before, event;

	do
	:: DISTANCE(used, avail) < SIZE + (BROKEN == ONE_TOO_MANY -> 1 : 0) ->
		atomic {
			if
			:: BROKEN == INDEX_FIRST -> store(DRIVER, AVAIL_INDEX, WRAP(avail + 1))
			:: else
			fi;
			store(DRIVER, AVAIL_RING(avail), STAMP(avail));
			avail = WRAP(avail + 1)
		}
	:: avail != published ->
		atomic {
			publish_fence(DRIVER, NO_PUBLISH_FENCE);
			if
			:: BROKEN == QUESTION_FIRST ->
				unasked = DISTANCE(published, avail);
				ask()
			:: else
			fi;
			publish()
		}
	:: avail == published && unasked != 0 && BROKEN != QUESTION_FIRST ->
		FULL_FENCE(DRIVER, NO_ASK_FENCE);
		atomic {
			ask()
		}
	/* Looks that find nothing change nothing, and are left out. */
	:: memory[USED_INDEX] != used ->
come:		assert(DISTANCE(used, memory[USED_INDEX]) <= DISTANCE(used, published));
progress:	atomic {
			take()
		}
	:: BROKEN == NO_OBSERVE_FENCE && early == 0 && memory[USED_RING(used)] != 0 ->
		early = memory[USED_RING(used)]
	:: avail == published && unasked == 0 && used != avail ->
		arm_and_sleep()
	od
}

/* Publishes what was completed, and interrupts if the driver's wish says so. */
inline complete()
{
	atomic {
		before = done;
		do
		:: done != next ->
			if
			:: IN_ORDER ->
				/* A batch: any number of those that were fetched, one entry. */
				k = done;
				do
				:: WRAP(done + 1) != next -> done = WRAP(done + 1)
				:: break
				od;
				store(DEVICE, USED_RING(k), STAMP(done))
			:: else -> store(DEVICE, USED_RING(done), STAMP(done))
			fi;
			done = WRAP(done + 1)
		:: done != before -> break
		od;
		k = 0;
		publish_fence(DEVICE, DEVICE_NO_PUBLISH_FENCE);
		store(DEVICE, USED_INDEX, done)
	}
	FULL_FENCE(DEVICE, DEVICE_NO_QUESTION_FENCE);
	atomic {
		if
		:: (EVENT_INDEX -> PASSED(memory[DRIVER_WISH], done, before)
				: memory[DRIVER_WISH] != SUPPRESS) -> interrupt = true
		:: else
		fi;
		before = 0
	}
}

/* Nothing is left: asks for a kick, looks once more, and sleeps. */
inline doze()
{
	atomic {
		before = (EVENT_INDEX -> next : 0);
		store(DEVICE, DEVICE_WISH, before);
		before = 0
	}
	FULL_FENCE(DEVICE, DEVICE_NO_WISH_FENCE);
	atomic {
		if
		:: BROKEN == DEVICE_NO_SECOND_LOOK || memory[AVAIL_INDEX] == next -> asleep = true
		:: else -> awake()
		fi
	}
}

/* While awake a device without event index wants no kicks. */
inline awake()
{
	asleep = false;
	if
	:: !EVENT_INDEX -> store(DEVICE, DEVICE_WISH, SUPPRESS)
	:: else
	fi
}

/* A prompt device gives back what it has before it looks for more. */
#define MAY_LOOK (!PROMPT || done == next)

active proctype device()
{
	byte next, done, early, before, k;
	bool asleep;

	do
	:: !asleep && memory[AVAIL_INDEX] != next && MAY_LOOK ->
		assert(DISTANCE(next, memory[AVAIL_INDEX]) <= SIZE);
		atomic {
			assert((early != 0 -> early : memory[AVAIL_RING(next)]) == STAMP(next));
			early = 0;
			next = WRAP(next + 1)
		}
	:: BROKEN == DEVICE_NO_OBSERVE_FENCE && early == 0 && memory[AVAIL_RING(next)] != 0 ->
		early = memory[AVAIL_RING(next)]
	:: !asleep && memory[AVAIL_INDEX] == next && MAY_LOOK -> doze()
	:: done != next -> complete()
	:: asleep && kick ->
		atomic {
			kick = false;
			awake()
		}
	od
}
