/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of XICS: sources are routed by RTAS, CPUs served by calls of the hypervisor.  QEMU's
 * machines have it unless they were asked for XIVE alone: nothing is negotiated, and that means
 * XICS.
 */
#include "cpu.h"
#include "kernel/core/worker.h"

#define NUMBER_MASK 0xffffffu
#define NUMBER_NONE 0u
#define NUMBER_SENT 2u /* by a CPU */
#define PRIORITY 5u
#define PRIORITY_ANY 0xffu /* of a CPU: takes all; of what CPUs send: nothing */

static uint32_t xics_node = FDT_NONE;

void
xics_init(void)
{
	xics_node = fdt_compatible(boot_tree(), FDT_ROOT, "IBM,ppc-xicp");
	if (xics_node == FDT_NONE || !rtas_has("ibm,set-xive"))
		orion_panic("no XICS: with QEMU, ic-mode=dual or ic-mode=xics is needed");
}

void
xics_cpu_init(void)
{
	hypercall(H_CPPR, PRIORITY_ANY, 0, 0, 0, NULL);
}

bool
xics_enable(uint32_t number, unsigned cpu)
{
	return number < XICS_NUMBERS &&
	       rtas_call("ibm,set-xive", NULL, 0, 3, number, arch_cpu_hardware_id(cpu), PRIORITY) ==
		       0 &&
	       rtas_call("ibm,int-on", NULL, 0, 1, number) == 0;
}

void
xics_disable(uint32_t number)
{
	rtas_call("ibm,int-off", NULL, 0, 1, number);
}

void
xics_send(unsigned cpu)
{
	hypercall(H_IPI, arch_cpu_hardware_id(cpu), PRIORITY, 0, 0, NULL);
}

uint32_t
xics_number(const struct fdt_interrupt *interrupt)
{
	return interrupt->cells[0] < XICS_NUMBERS ? interrupt->cells[0] : UINT32_MAX;
}

void
xics_interrupt(void)
{
	uint64_t out[3] = {0};
	uint32_t number;

	hypercall(H_XIRR, 0, 0, 0, 0, out);
	number = out[0] & NUMBER_MASK;
	if (number == NUMBER_NONE)
		return;
	/* Before what was sent is looked at: what comes meanwhile interrupts again. */
	if (number == NUMBER_SENT)
		hypercall(H_IPI, arch_cpu_hardware_id(arch_cpu()), PRIORITY_ANY, 0, 0, NULL);
	interrupt_dispatch(number == NUMBER_SENT ? INTERRUPT_SENT : number);
	hypercall(H_EOI, out[0] & UINT32_MAX, 0, 0, 0, NULL);
}

const char *
arch_irq_controller(void)
{
	return "XICS";
}
