/* SPDX-License-Identifier: MIT */
/* What an external interrupt's code stands for. */
#include "cpu.h"

#define CODE_CLOCK 0x1004u
#define CODE_CALL 0x1202u
#define CODE_SERVICE 0x2401u

void
interrupt_external(const struct trap_frame *frame)
{
	if (frame->external_code == CODE_CLOCK)
		timer_interrupt();
	else if (frame->external_code == CODE_SERVICE)
		sclp_interrupt(frame->external_parameter);
	else if (frame->external_code == CODE_CALL && arch_cpu() == 0)
		channel_look();
	/* The worker was to wake up: it has. */
}

const char *
arch_irq_controller(void)
{
	return "channel subsystem";
}
