/* SPDX-License-Identifier: MIT */
/*
 * The end.  For success all CPUs stop, which switches a virtual machine off.  For a failure the
 * last one waits with everything disabled, which hypervisors and people take for what it is; the
 * address of its PSW tells why.
 */
#include "cpu.h"

#define WAIT_FAILURE 0x0f0f0fu
#define WAIT_NO_REBOOT 0x0b007u
#define DIAGNOSE_LOAD_CLEAR 3u

void
power_wait_for_good(uint64_t address)
{
	const struct psw psw = {PSW_64_BIT | PSW_WAIT, address};

	for (;;)
		__asm__ volatile("lpswe 0(%0)" ::"a"(&psw), "Q"(psw) : "memory");
}

void
arch_power_off(bool success)
{
	uint16_t address;

	(void)arch_irq_off();
	arch_stop_others();
	__asm__ volatile("stap %0" : "=Q"(address));
	if (success)
		smp_signal(address, SIGP_STOP, 0);
	power_wait_for_good(WAIT_FAILURE);
}

/* The hypervisor loads the machine anew from where it did before. */
void
arch_reboot(void)
{
	register uint64_t parameter __asm__("0") = 0;
	register uint64_t status __asm__("1") = 0;

	(void)arch_irq_off();
	arch_stop_others();
	__asm__ volatile("diag %0, %2, 0x308"
			 : "+d"(parameter), "+d"(status)
			 : "d"((uint64_t)DIAGNOSE_LOAD_CLEAR)
			 : "cc", "memory");
	power_wait_for_good(WAIT_NO_REBOOT);
}
