/* SPDX-License-Identifier: MIT */
/*
 * Notifications of a packed ring, both directions, for ever: driver and device as in split.pml,
 * with chains of one or two descriptors.
 *
 * A slot of the ring is three places: what vouches (AVAIL and USED bits, and whether more of the
 * chain follows), what the driver vouches for (address and length), what the device vouches for
 * (id, length, status byte).  The latter two carry the lap.  One event word a side, written and
 * read whole.
 *
 * A configuration is SIZE (any, up to 8), CHAIN (1 or 2), and 0 or 1 for EVENT_INDEX, IN_ORDER,
 * ANY_ORDER and PROMPT (a device that gives back what it has before it looks for more).
 * broken.pml lists what can be broken.
 */
#define PLACES (3 * SIZE + 2)
#define FLAGS(slot) (slot)
#define LENT(slot) (SIZE + (slot))
#define GIVEN(slot) (2 * SIZE + (slot))
#define DEVICE_WISH (3 * SIZE)
#define DRIVER_WISH (3 * SIZE + 1)

#include "broken.pml"
#include "memory.pml"

/* Flags in a lap: AVAIL is the lap's bit and USED is not; or both are. */
#define AVAILABLE(lap) (2 - (lap))
#define USED(lap) (3 * (lap))
#define LAP_BITS 3
#define MORE 4
#define STAMP(lap) (1 + (lap))

/* Wishes: none, any, or a position. */
#define SUPPRESS 0
#define ANY 1
#define AT(slot, lap) (2 + 2 * (slot) + (lap))
#define SLOT_OF(wish) (((wish) - 2) / 2)
#define LAP_OF(wish) (((wish) - 2) % 2)

/*
 * vring_packed_event_passed(): NOW is the next slot, in lap LAP, and ADDED were filled before it.
 * Unsigned arithmetic modulo 2^6, in place of 2^16.
 */
#define UNSIGNED(x) ((x) & 63)
#define SLOT_FROM(wish, lap) \
	(LAP_OF(wish) == lap || BROKEN == NO_WRAP_BIT -> SLOT_OF(wish) : SLOT_OF(wish) - SIZE)
#define STEP (BROKEN == EVENT_OFF_BY_ONE -> 0 : 1)
#define PASSED(wish, now, lap, added) \
	(UNSIGNED((now) - SLOT_FROM(wish, lap) - STEP) < UNSIGNED(added))

/* What the driver believes that the ring holds. */
#define DEPTH (SIZE + (BROKEN == ONE_TOO_MANY -> 1 : 0))

bool kick, interrupt;

inline advance(slot, lap)
{
	slot++;
	if
	:: slot == SIZE ->
		slot = 0;
		lap = 1 - lap
	:: else
	fi
}

/*
 * Does the device want a kick?  UNASKED counts what was added since the last question, exactly up
 * to SIZE; beyond, the answer is yes.
 */
inline ask()
{
	wish = memory[DEVICE_WISH];
	if
	:: BROKEN == BEFORE_IS_NOW -> unasked = 0
	:: BROKEN == BEFORE_STANDS_STILL -> unasked = avail + SIZE * (1 - lap)
	:: else
	fi;
	if
	:: wish == ANY -> kick = true
	:: wish > ANY && (unasked > SIZE || PASSED(wish, avail, lap, unasked)) -> kick = true
	:: else
	fi;
	wish = 0;
	unasked = 0
}

inline count_unasked()
{
	unasked++;
	if
	:: BROKEN == NO_LAPS_RULE -> unasked = unasked % (2 * SIZE)
	:: BROKEN != NO_LAPS_RULE && unasked > SIZE -> unasked = SIZE + 1
	:: else
	fi
}

/* One descriptor; of the head, all but the flags. */
inline add_piece(is_head)
{
	store(DRIVER, LENT(avail), STAMP(lap));
	if
	:: !is_head -> store(DRIVER, FLAGS(avail), AVAILABLE(lap))
	:: else
	fi;
	length[head]++;
	free--;
	count_unasked();
	advance(avail, lap)
}

inline hand_over()
{
	publish_fence(DRIVER, NO_PUBLISH_FENCE);
	store(DRIVER, FLAGS(head), word)
}

/* A chain of one or two.  The flags of its head hand it over, last of all. */
inline add()
{
	head = avail;
	word = AVAILABLE(lap);
	if
	:: CHAIN > 1 && free > 1 -> word = word + MORE
	:: true
	fi;
	if
	:: BROKEN == INDEX_FIRST -> store(DRIVER, FLAGS(head), word)
	:: else
	fi;
	add_piece(true);
	if
	:: BROKEN == HEAD_FIRST -> hand_over()
	:: else
	fi;
	if
	:: word > MORE -> add_piece(false)
	:: else
	fi;
	if
	:: BROKEN != HEAD_FIRST && BROKEN != INDEX_FIRST -> hand_over()
	:: else
	fi;
	head = 0;
	word = 0
}

#define IS_USED ((LOAD(DRIVER, FLAGS(used)) & LAP_BITS) == USED(used_lap))

/* Asks for an interrupt, looks once more, and sleeps until it comes. */
inline arm_and_sleep()
{
	atomic {
		wish = ANY;
		if
		:: EVENT_INDEX && BROKEN == WISH_STANDS_STILL -> wish = AT(0, 1)
		:: EVENT_INDEX && BROKEN == WISH_AHEAD ->
			head = used;
			word = used_lap;
			advance(head, word);
			wish = AT(head, word);
			head = 0;
			word = 0
		:: EVENT_INDEX && BROKEN != WISH_STANDS_STILL && BROKEN != WISH_AHEAD ->
			wish = AT(used, used_lap)
		:: else
		fi;
		store(DRIVER, DRIVER_WISH, wish);
		wish = 0
	}
	FULL_FENCE(DRIVER, NO_ARM_FENCE);
	if
	:: BROKEN == NO_SECOND_LOOK || !IS_USED ->
		atomic {
			interrupt -> interrupt = false
		}
		if
		:: store(DRIVER, DRIVER_WISH, SUPPRESS)
		:: true
		fi
	:: else -> goto come
	fi
}

/*
 * The next used descriptor: it names a chain, in order the last of a batch.  EARLY is what was
 * loaded before the flags said that it was there.
 */
inline take()
{
	word = (early != 0 -> early : memory[GIVEN(used)]);
	early = 0;
	assert(word != 0 && (word - 1) % 2 == used_lap);
	word = (word - 1) / 2;
	do
	:: free < DEPTH ->
		head = used;
		free = free + length[head];
		do
		:: length[head] > 0 ->
			length[head]--;
			used++;
			if
			:: used == SIZE ->
				used = 0;
				used_lap = (BROKEN == LAP_NOT_SWAPPED -> used_lap : 1 - used_lap)
			:: else
			fi
		:: else -> break
		od;
		if
		:: head == word -> break
		:: else -> assert(IN_ORDER)
		fi
	:: else -> assert(false)
	od;
	head = 0;
	word = 0
}

active proctype driver()
{
	byte avail, used, free = DEPTH, unasked, early, head, word, wish;
	byte lap = 1, used_lap = 1;
	byte length[SIZE];

	do
	:: free > 0 ->
		atomic {
			add()
		}
	:: unasked != 0 ->
		FULL_FENCE(DRIVER, NO_ASK_FENCE);
		atomic {
			ask()
		}
	/* Looks that find nothing change nothing, and are left out. */
	:: free < DEPTH && IS_USED ->
come:		skip;
progress:	atomic {
			take()
		}
	:: BROKEN == NO_OBSERVE_FENCE && early == 0 && memory[GIVEN(used)] != 0 ->
		early = memory[GIVEN(used)]
	:: unasked == 0 && free < DEPTH ->
		arm_and_sleep()
	od
}

/* Writes a used descriptor for one chain, or in order for a batch: that of the batch's last. */
inline give()
{
	head = done;
	word = STAMP(done_lap);
	do
	:: fetched > 0 ->
		last = done;
		fetched--;
		do
		:: length[last] > 0 ->
			length[last]--;
			added++;
			advance(done, done_lap)
		:: else -> break
		od;
		if
		:: true -> break
		:: IN_ORDER
		fi
	:: else -> break
	od;
	store(DEVICE, GIVEN(head), word + 2 * last);
	publish_fence(DEVICE, DEVICE_NO_PUBLISH_FENCE);
	word = USED(word - 1);
	store(DEVICE, FLAGS(head), word);
	head = 0;
	word = 0;
	last = 0
}

/* Gives some of what was fetched back, and interrupts if the driver's wish says so. */
inline complete()
{
	atomic {
		do
		:: fetched > 0 -> give()
		:: added > 0 -> break
		od
	}
	FULL_FENCE(DEVICE, DEVICE_NO_QUESTION_FENCE);
	atomic {
		word = memory[DRIVER_WISH];
		if
		:: word == ANY || (word != SUPPRESS && PASSED(word, done, done_lap, added)) ->
			interrupt = true
		:: else
		fi;
		word = 0;
		added = 0
	}
}

#define IS_AVAILABLE ((LOAD(DEVICE, FLAGS(next)) & LAP_BITS) == AVAILABLE(lap))

/* Takes the chain that begins at the next slot. */
inline fetch()
{
	head = next;
	word = memory[FLAGS(head)] / MORE;
	assert((early != 0 -> early : memory[LENT(head)]) == STAMP(lap));
	early = 0;
	length[head] = 1;
	advance(next, lap);
	if
	:: word ->
		assert(IS_AVAILABLE && memory[LENT(next)] == STAMP(lap));
		length[head] = 2;
		advance(next, lap)
	:: else
	fi;
	fetched++;
	head = 0;
	word = 0
}

/* Awake, a device wants no kicks; with event index it may as well leave the position behind. */
inline awake()
{
	asleep = false;
	if
	:: store(DEVICE, DEVICE_WISH, SUPPRESS)
	:: EVENT_INDEX
	fi
}

/* Nothing is left: asks for a kick, looks once more, and sleeps. */
inline doze()
{
	atomic {
		word = (EVENT_INDEX -> AT(next, lap) : ANY);
		store(DEVICE, DEVICE_WISH, word);
		word = 0
	}
	FULL_FENCE(DEVICE, DEVICE_NO_WISH_FENCE);
	atomic {
		if
		:: BROKEN == DEVICE_NO_SECOND_LOOK || !IS_AVAILABLE -> asleep = true
		:: else -> awake()
		fi
	}
}

/* A prompt device gives back what it has before it looks for more. */
#define MAY_LOOK (!PROMPT || fetched == 0)

active proctype device()
{
	byte next, done, fetched, added, early, head, last, word;
	byte lap = 1, done_lap = 1;
	byte length[SIZE];
	bool asleep;

	do
	:: !asleep && IS_AVAILABLE && MAY_LOOK ->
		atomic {
			fetch()
		}
	:: BROKEN == DEVICE_NO_OBSERVE_FENCE && early == 0 && memory[LENT(next)] != 0 ->
		early = memory[LENT(next)]
	:: !asleep && !IS_AVAILABLE && MAY_LOOK -> doze()
	:: fetched > 0 -> complete()
	:: asleep && kick ->
		atomic {
			kick = false;
			awake()
		}
	od
}
