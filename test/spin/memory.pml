/* SPDX-License-Identifier: MIT */
/*
 * Memory between driver and device: one store buffer a side.
 *
 * A store waits in its side's buffer.  With ANY_ORDER, memory takes the waiting stores in any
 * order, but for two rules: stores to one place keep their order, and none passes a mark
 * (publish_fence).  Without, they leave first in, first out, as on x86, and a publish fence is
 * nothing.  A full fence waits until the buffer is empty.  A load sees its own side's youngest
 * waiting store, else memory.  Loads are made in the order written here; where only a fence forbids
 * another order, NO_OBSERVE_FENCE makes it.
 *
 * The including file says how many PLACES there are.  At most ROOM stores and marks wait; one more
 * is made when there is room again.
 */
#define DRIVER 0
#define DEVICE 1
#define MARK 255
#ifndef ROOM
#define ROOM 6
#endif

typedef buffer {
	byte count;
	byte place[ROOM];
	byte value[ROOM]
}

byte memory[PLACES];
buffer waiting[2];

/* A mark on nothing, or on a mark, says nothing. */
#define MARK_DUE(side, without) (ANY_ORDER && BROKEN != without && waiting[side].count > 0 && \
	waiting[side].place[waiting[side].count - 1] != MARK)

#define HOLDS(side, i, at) (waiting[side].count > i && waiting[side].place[i] == at)

/* What a load by SIDE gives. */
#define LOAD(side, at) \
	(HOLDS(side, 5, at) -> waiting[side].value[5] : \
	(HOLDS(side, 4, at) -> waiting[side].value[4] : \
	(HOLDS(side, 3, at) -> waiting[side].value[3] : \
	(HOLDS(side, 2, at) -> waiting[side].value[2] : \
	(HOLDS(side, 1, at) -> waiting[side].value[1] : \
	(HOLDS(side, 0, at) -> waiting[side].value[0] : memory[at]))))))

inline store(side, at, what)
{
	atomic {
		waiting[side].count < ROOM;
		d_step {
			waiting[side].place[waiting[side].count] = at;
			waiting[side].value[waiting[side].count] = what;
			waiting[side].count++
		}
	}
}

/* Stores before are visible before stores after, unless BROKEN is WITHOUT. */
inline publish_fence(side, without)
{
	atomic {
		if
		:: !MARK_DUE(side, without)
		:: MARK_DUE(side, without) && waiting[side].count < ROOM ->
			d_step {
				waiting[side].place[waiting[side].count] = MARK;
				waiting[side].count++
			}
		fi
	}
}

/* Everything before is done before anything after, unless BROKEN is WITHOUT. */
#define FULL_FENCE(side, without) (BROKEN == without || waiting[side].count == 0)

/* Closes the gap at position I. */
inline remove(side, i)
{
	k = i;
	do
	:: k + 1 < waiting[side].count ->
		waiting[side].place[k] = waiting[side].place[k + 1];
		waiting[side].value[k] = waiting[side].value[k + 1];
		k++
	:: else -> break
	od;
	waiting[side].count--;
	waiting[side].place[k] = 0;
	waiting[side].value[k] = 0
}

/* Memory takes the store in position I; marks that have nothing left to hold back go. */
inline commit(side, i)
{
	d_step {
		memory[waiting[side].place[i]] = waiting[side].value[i];
		remove(side, i);
		do
		:: HOLDS(side, 0, MARK) -> remove(side, 0)
		:: else -> break
		od;
		k = 0
	}
}

#define STORE_AT(side, i) (waiting[side].count > i && waiting[side].place[i] != MARK)
#define MAY_PASS(side, i, j) (ANY_ORDER && \
	waiting[side].place[j] != MARK && waiting[side].place[j] != waiting[side].place[i])

/* Declared first: the process numbers are DRIVER and DEVICE. */
active [2] proctype store_buffer()
{
	byte k;

	do
	:: STORE_AT(_pid, 0) -> commit(_pid, 0)
	:: STORE_AT(_pid, 1) && MAY_PASS(_pid, 1, 0) -> commit(_pid, 1)
	:: STORE_AT(_pid, 2) && MAY_PASS(_pid, 2, 0) && MAY_PASS(_pid, 2, 1) -> commit(_pid, 2)
	:: STORE_AT(_pid, 3) && MAY_PASS(_pid, 3, 0) && MAY_PASS(_pid, 3, 1) &&
	   MAY_PASS(_pid, 3, 2) -> commit(_pid, 3)
	:: STORE_AT(_pid, 4) && MAY_PASS(_pid, 4, 0) && MAY_PASS(_pid, 4, 1) &&
	   MAY_PASS(_pid, 4, 2) && MAY_PASS(_pid, 4, 3) -> commit(_pid, 4)
	:: STORE_AT(_pid, 5) && MAY_PASS(_pid, 5, 0) && MAY_PASS(_pid, 5, 1) &&
	   MAY_PASS(_pid, 5, 2) && MAY_PASS(_pid, 5, 3) && MAY_PASS(_pid, 5, 4) -> commit(_pid, 5)
	od
}
