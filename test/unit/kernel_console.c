/* SPDX-License-Identifier: MIT */
/* kernel/console/console.c: the room for what is typed ahead, and what happens where it ends. */
#include "harness.h"

#include "kernel/console/console.h"
#include "kernel/core/arch.h"
#include "kernel/core/worker.h"

#define ROOM 32767u

/* ---- the machine, which has no keyboard ---- */

bool
arch_console_interrupts(void)
{
	return true;
}

void
arch_console_poll(void)
{
}

struct worker *
worker_of(unsigned cpu)
{
	(void)cpu;
	return NULL;
}

void
worker_wake(struct worker *worker)
{
	(void)worker;
}

void
worker_idle(uint64_t ns)
{
	(void)ns;
}

/*
 * Bytes are taken from the machine only while there is room for them; one place more is kept for
 * the mark of what was lost all the same.
 */
TEST(kernel_console__room)
{
	EXPECT(console_room(0));
	EXPECT(console_room(ROOM));
	EXPECT(!console_room(ROOM + 1));
	EXPECT(!console_room(SIZE_MAX));
	for (unsigned i = 0; i < ROOM; i++) {
		EXPECT(console_room(1) && !console_room(ROOM + 1 - i));
		console_received("a", 1);
	}
	EXPECT(!console_room(1));
	EXPECT(console_room(0));
	console_received("bcd", 3);
	EXPECT(!console_room(0));
	console_lost();
	EXPECT(!console_room(0));
}
