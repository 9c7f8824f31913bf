/* SPDX-License-Identifier: MIT */
/* The console: a PL011.  Sending waits, receiving interrupts CPU 0. */
#include "cpu.h"

#define UART_DATA 0x00u
#define UART_FLAGS 0x18u
#define UART_LINE 0x2cu
#define UART_CONTROL 0x30u
#define UART_TRIGGERS 0x34u
#define UART_MASK 0x38u
#define UART_CLEAR 0x44u

#define FLAG_NOTHING_RECEIVED 0x10u
#define FLAG_SEND_FULL 0x20u
#define LINE_8_BITS_FIFOS 0x70u
#define DATA_OVERRUN 0x800u
#define QUIET 3000u /* reads of a register */
#define CONTROL_ON_SEND_RECEIVE 0x301u
#define INTERRUPT_RECEIVED 0x10u
#define INTERRUPT_TIMEOUT 0x40u
#define INTERRUPT_ALL 0x7ffu

static uint64_t uart; /* 0: there is none */
static uint32_t uart_number = UINT32_MAX;
static bool interrupts_on;
static bool receives; /* its interrupts for what was received are on */

/* Reads while there is something, and room for it. */
static void
receive(void)
{
	while (uart != 0 && console_room(1) &&
	       (register_read(uart + UART_FLAGS) & FLAG_NOTHING_RECEIVED) == 0) {
		uint32_t data = register_read(uart + UART_DATA);
		char byte = (char)data;

		if ((data & DATA_OVERRUN) != 0)
			console_lost();
		console_received(&byte, 1);
	}
}

/*
 * What was typed before the kernel ran is kept: switching the FIFO on empties it, so it is read
 * before, until nothing more comes.
 */
static void
switch_fifo_on(void)
{
	if ((register_read(uart + UART_LINE) & LINE_8_BITS_FIFOS) == LINE_8_BITS_FIFOS)
		return;
	for (unsigned quiet = 0; quiet < QUIET && console_room(1); quiet++) {
		if ((register_read(uart + UART_FLAGS) & FLAG_NOTHING_RECEIVED) == 0) {
			receive();
			quiet = 0;
		}
	}
	register_write(uart + UART_LINE, LINE_8_BITS_FIFOS);
}

/* The rate is as the firmware set it. */
void
uart_init(void)
{
	uint32_t node = fdt_compatible(boot_tree(), FDT_ROOT, "arm,pl011");
	struct fdt_interrupt interrupt;
	struct memory_range registers;

	if (!fdt_reg(boot_tree(), node, 0, &registers) || !mmu_own(&registers))
		return;
	uart = registers.start;
	register_write(uart + UART_MASK, 0);
	switch_fifo_on();
	register_write(uart + UART_CONTROL, CONTROL_ON_SEND_RECEIVE);
	if (fdt_interrupt(boot_tree(), node, 0, &interrupt))
		uart_number = gic_number(&interrupt);
}

/* Bytes that there is no room for stay in the UART, which has the other side wait. */
static void
ask_for_interrupts(void)
{
	bool wanted = interrupts_on && console_room(1);

	if (wanted != receives)
		register_write(uart + UART_MASK,
			       wanted ? INTERRUPT_RECEIVED | INTERRUPT_TIMEOUT : 0);
	receives = wanted;
}

void
uart_enable_interrupts(void)
{
	if (uart == 0 || !gic_enable(uart_number, 0, false))
		return;
	register_write(uart + UART_TRIGGERS, 0);
	register_write(uart + UART_CLEAR, INTERRUPT_ALL);
	interrupts_on = true;
	/* What came before that was cleared does not interrupt. */
	uart_interrupt();
}

bool
uart_is(uint32_t number)
{
	return number == uart_number;
}

/*
 * Reading clears the interrupts once nothing is left.  Clearing them by hand would lose the one for
 * what comes in meanwhile and is not read this time.
 */
void
uart_interrupt(void)
{
	receive();
	if (uart != 0)
		ask_for_interrupts();
}

void
arch_console_write(const char *bytes, size_t count)
{
	for (size_t i = 0; uart != 0 && i < count; i++) {
		while ((register_read(uart + UART_FLAGS) & FLAG_SEND_FULL) != 0)
			arch_relax();
		register_write(uart + UART_DATA, (uint8_t)bytes[i]);
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
