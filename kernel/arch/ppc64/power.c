/* SPDX-License-Identifier: MIT */
/*
 * The end, by RTAS: switched off when all went well, reported to the hypervisor as the end of an
 * operating system in trouble otherwise, which it can tell apart.
 */
#include "cpu.h"
#include "kernel/core/print.h"

static _Noreturn void
sleep_for_good(void)
{
	for (;;)
		(void)arch_irq_off();
}

void
arch_power_off(bool success)
{
	static const char text[] = "Orion stopped with a failure";

	/* A second call would be taken for the end that counts. */
	if (success || rtas_call("ibm,os-term", NULL, 0, 1, (uint32_t)(uintptr_t)text) != 0)
		rtas_call("power-off", NULL, 0, 2, UINT32_MAX, UINT32_MAX);
	kprint("The machine can be switched off now.\n");
	sleep_for_good();
}

void
arch_reboot(void)
{
	rtas_call("system-reboot", NULL, 0, 0);
	kprint("The machine can be reset now.\n");
	sleep_for_good();
}
