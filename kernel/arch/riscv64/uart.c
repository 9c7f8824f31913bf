/* SPDX-License-Identifier: MIT */
/* The console: a 16550 in memory.  Sending waits, receiving interrupts CPU 0. */
#include "cpu.h"

#define UART_DATA 0u
#define UART_INTERRUPTS 1u
#define UART_FIFO 2u
#define UART_LINE 3u
#define UART_MODEM 4u
#define UART_STATUS 5u
#define UART_RECEIVE_INTERRUPT 1u
#define UART_FIFO_IS_ON 0xc0u
#define UART_8N1 3u
#define UART_DTR_RTS_OUT2 0x0bu
#define UART_RECEIVED 1u
#define UART_OVERRUN 2u
#define UART_SEND_EMPTY 0x20u
#define UART_FIFO_BYTES 16u

static uint64_t uart; /* 0: there is none */
static uint32_t uart_shift; /* between registers: 1 << uart_shift bytes */
static uint32_t uart_width; /* of an access */
static uint32_t uart_line = UINT32_MAX;
static bool interrupts_on;
static unsigned sent_at_once;
static bool receives; /* its interrupt for what was received is on */

static uint8_t
get(unsigned index)
{
	uint64_t address = uart + ((uint64_t)index << uart_shift);

	return uart_width == 4 ? (uint8_t)register_read(address)
			       : *(volatile uint8_t *)(uintptr_t)address;
}

static void
put(unsigned index, uint8_t value)
{
	uint64_t address = uart + ((uint64_t)index << uart_shift);

	if (uart_width == 4)
		register_write(address, value);
	else
		*(volatile uint8_t *)(uintptr_t)address = value;
}

/* Reads while there is something, and room for it. */
static void
receive(void)
{
	while (uart != 0 && console_room(1)) {
		uint8_t status = get(UART_STATUS);
		char byte;

		if ((status & UART_RECEIVED) == 0)
			break;
		if ((status & UART_OVERRUN) != 0)
			console_lost();
		byte = (char)get(UART_DATA);
		console_received(&byte, 1);
	}
}

/*
 * What was typed before the kernel ran is kept.  Switching the FIFO on, or off, empties it, and a
 * byte may come at that very moment: so it stays as it was found.  Without it a hypervisor has the
 * other side wait from byte to byte.
 */
static unsigned
bytes_at_once(void)
{
	return (get(UART_FIFO) & UART_FIFO_IS_ON) == UART_FIFO_IS_ON ? UART_FIFO_BYTES : 1;
}

/* The rate is as the firmware set it. */
void
uart_init(void)
{
	static const char *const names[] = {"ns16550a", "ns16550", "snps,dw-apb-uart"};
	uint32_t node = FDT_NONE;
	struct memory_range registers;

	for (unsigned i = 0; i < 3 && node == FDT_NONE; i++)
		node = fdt_compatible(boot_tree(), FDT_ROOT, names[i]);
	if (!fdt_reg(boot_tree(), node, 0, &registers) || !mmu_own(&registers))
		return;
	uart = registers.start;
	uart_shift = fdt_number(boot_tree(), node, "reg-shift", 0) & 3;
	uart_width = fdt_number(boot_tree(), node, "reg-io-width", 1);
	put(UART_INTERRUPTS, 0);
	put(UART_LINE, UART_8N1);
	put(UART_MODEM, UART_DTR_RTS_OUT2);
	sent_at_once = bytes_at_once();
}

/* Bytes that there is no room for stay in the UART, which has the other side wait. */
static void
ask_for_interrupts(void)
{
	bool wanted = interrupts_on && console_room(1);

	if (wanted != receives)
		put(UART_INTERRUPTS, wanted ? UART_RECEIVE_INTERRUPT : 0);
	receives = wanted;
}

void
uart_enable_interrupts(void)
{
	const struct fdt *tree = boot_tree();
	uint32_t node = FDT_ROOT;
	struct fdt_interrupt interrupt;
	struct memory_range registers;

	do {
		node = fdt_compatible(tree, node, "ns16550a");
	} while (node != FDT_NONE &&
		 (!fdt_reg(tree, node, 0, &registers) || registers.start != uart));
	if (uart == 0 || !fdt_interrupt(tree, node, 0, &interrupt))
		return;
	uart_line = interrupt_line(&interrupt);
	if (!interrupt_line_enable(uart_line))
		return;
	interrupts_on = true;
	ask_for_interrupts();
}

bool
uart_is(uint32_t line)
{
	return line == uart_line;
}

/* All is read: a controller that looks for edges would not tell of the rest. */
void
uart_interrupt(void)
{
	receive();
	ask_for_interrupts();
}

void
arch_console_write(const char *bytes, size_t count)
{
	size_t done = 0;

	while (uart != 0 && done < count) {
		/* Empty means that the whole FIFO is, if there is one. */
		while ((get(UART_STATUS) & UART_SEND_EMPTY) == 0)
			arch_relax();
		for (unsigned i = 0; i < sent_at_once && done < count; i++)
			put(UART_DATA, (uint8_t)bytes[done++]);
	}
}

void
arch_console_poll(void)
{
	uart_interrupt();
}

bool
arch_console_interrupts(void)
{
	return interrupts_on;
}
