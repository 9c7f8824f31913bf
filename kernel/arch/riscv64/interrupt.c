/* SPDX-License-Identifier: MIT */
/*
 * Which interrupt controllers there are, and the messages and lines of devices.  Wires end at a
 * PLIC or an APLIC; messages, an APLIC's too, at the CPUs' IMSIC files.
 */
#include "cpu.h"
#include "kernel/core/mmio.h"

enum controller {
	PLIC,
	APLIC,
};

static enum controller controller; /* of wires */

void
interrupt_init(void)
{
	bool messages = imsic_init();

	if (aplic_init())
		controller = APLIC;
	else if (plic_init())
		controller = PLIC;
	else
		orion_panic(messages ? "the device tree has an IMSIC, but no APLIC for its wires"
				     : "the device tree has no interrupt controller PLIC or APLIC");
}

void
interrupt_cpu_init(unsigned cpu)
{
	if (imsic_is_there())
		imsic_cpu_init(cpu);
	else if (controller == APLIC)
		aplic_cpu_init(cpu);
	else
		plic_cpu_init(cpu);
	csr_set(sie, 1u << INTERRUPT_SOFTWARE | 1u << INTERRUPT_EXTERNAL);
}

/* The hart to whose own controller PHANDLE leads; UINT64_MAX: to none. */
static uint64_t
hart_of(uint32_t phandle)
{
	const struct fdt *tree = boot_tree();
	uint32_t cpu = fdt_parent(tree, fdt_by_phandle(tree, phandle));
	uint32_t cells = fdt_number(tree, fdt_parent(tree, cpu), "#address-cells", 1);

	if (!fdt_has_string(fdt_get(tree, cpu, "device_type"), "cpu"))
		return UINT64_MAX;
	return fdt_cells(fdt_get(tree, cpu, "reg"), 0, cells <= 2 ? cells : 2);
}

uint32_t
interrupt_input(uint32_t node, unsigned cpu)
{
	struct fdt_value inputs = fdt_get(boot_tree(), node, "interrupts-extended");

	for (uint32_t i = 0; i < inputs.length / 8; i++)
		if (fdt_cell(inputs, 2 * i + 1) == INTERRUPT_EXTERNAL &&
		    hart_of(fdt_cell(inputs, 2 * i)) == smp_hart(cpu))
			return i;
	return UINT32_MAX;
}

uint32_t
interrupt_line(const struct fdt_interrupt *interrupt)
{
	uint32_t line = interrupt->cells[0];

	if (interrupt->controller != (controller == APLIC ? aplic_node() : plic_node()))
		return UINT32_MAX;
	if (controller == APLIC)
		aplic_set_trigger(line, interrupt->cells[1]);
	return line;
}

bool
interrupt_line_enable(uint32_t line)
{
	return controller == APLIC ? aplic_enable(line) : plic_enable(line);
}

void
interrupt_line_arrived(uint32_t line)
{
	if (uart_is(line))
		uart_interrupt();
	else if (!irq_line_arrived(line))
		arch_line_disable(line);
}

void
interrupt_external(void)
{
	if (imsic_is_there())
		imsic_handle();
	else if (controller == APLIC)
		aplic_handle();
	else
		plic_handle();
}

bool
arch_message_route(unsigned irq, const struct orion_irq_source *source,
		   struct orion_irq_message *message)
{
	uint32_t node, device;

	if (!imsic_is_there() || source->cpu >= CPUS_MAX ||
	    !pci_messages_of(source->function, &node, &device) || node != imsic_node())
		return false;
	message->data = imsic_bind(source->cpu, irq);
	message->address = imsic_address(source->cpu);
	return message->data != 0;
}

void
arch_message_release(unsigned irq, const struct orion_irq_source *source)
{
	imsic_unbind(source->cpu, irq);
}

void
arch_devices_find(void)
{
	mmio_from_tree(boot_tree(), interrupt_line);
}

/* A number on the command line or in the tree is already the controller's. */
uint32_t
arch_line_of_wire(uint32_t number)
{
	return number;
}

/* How a line is triggered was said by the tree, of PCI's too. */
bool
arch_line_enable(uint32_t line, bool is_pci)
{
	(void)is_pci;
	return interrupt_line_enable(line);
}

void
arch_line_disable(uint32_t line)
{
	if (controller == APLIC)
		aplic_disable(line);
	else
		plic_disable(line);
}

const char *
arch_irq_controller(void)
{
	if (controller == PLIC)
		return "PLIC";
	return imsic_is_there() ? "IMSIC, APLIC" : "APLIC";
}
