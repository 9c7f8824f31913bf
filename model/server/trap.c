/* SPDX-License-Identifier: MIT */
/* SIGBUS, caught: mapped memory that its owner has cut off. */
#include "model/server/server.h"

#include <setjmp.h>
#include <signal.h>

static _Thread_local sigjmp_buf *trap;

static void
caught(int number)
{
	if (trap != NULL)
		siglongjmp(*trap, 1);
	signal(number, SIG_DFL);
}

bool
trap_run(void (*function)(void *), void *argument)
{
	static const struct sigaction action = {.sa_handler = caught};
	sigjmp_buf here;

	sigaction(SIGBUS, &action, NULL);
	trap = &here;
	if (sigsetjmp(here, 1) != 0) {
		trap = NULL;
		return false;
	}
	function(argument);
	trap = NULL;
	return true;
}
