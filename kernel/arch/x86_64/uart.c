/* SPDX-License-Identifier: MIT */
/*
 * The console: a 16550 at COM1.  Sending waits, receiving interrupts CPU 0.  Where there is none,
 * what is written is lost and nothing is received: a script runs all the same.
 */
#include "cpu.h"

#define UART 0x3f8
#define UART_ISA_LINE 4
#define UART_DATA (UART + 0)
#define UART_INTERRUPTS (UART + 1)
#define UART_FIFO (UART + 2)
#define UART_LINE (UART + 3)
#define UART_MODEM (UART + 4)
#define UART_STATUS (UART + 5)
#define UART_RECEIVE_INTERRUPT 1
#define UART_FIFO_ON_CLEARED 7
#define UART_DIVISOR_ACCESS 0x80
#define UART_8N1 3
#define UART_DTR_RTS_OUT2 0x0b
#define UART_RECEIVED 1
#define UART_SEND_EMPTY 0x20
#define UART_FIFO_BYTES 16
#define UART_ABSENT 0xff
#define UART_TRIES 100000u /* of reading a port, a microsecond or more each */

static bool is_there;
static bool interrupts_on;

void
uart_init(void)
{
	port_write8(UART_INTERRUPTS, 0);
	port_write8(UART_LINE, UART_DIVISOR_ACCESS);
	port_write8(UART_DATA, 1); /* 115200 bits a second */
	port_write8(UART_INTERRUPTS, 0);
	port_write8(UART_LINE, UART_8N1);
	port_write8(UART_FIFO, UART_FIFO_ON_CLEARED);
	port_write8(UART_MODEM, UART_DTR_RTS_OUT2);
	for (unsigned i = 0; i < UART_TRIES && !is_there; i++) {
		uint8_t status = port_read8(UART_STATUS);

		if (status == UART_ABSENT)
			break;
		is_there = (status & UART_SEND_EMPTY) != 0;
	}
}

void
uart_enable_interrupts(void)
{
	interrupts_on = is_there && ioapic_route_isa(UART_ISA_LINE, VECTOR_CONSOLE);
	if (interrupts_on)
		port_write8(UART_INTERRUPTS, UART_RECEIVE_INTERRUPT);
}

void
uart_interrupt(void)
{
	char bytes[64];
	size_t count = 0;

	while (is_there && count < sizeof(bytes)) {
		if ((port_read8(UART_STATUS) & UART_RECEIVED) == 0)
			break;
		bytes[count++] = (char)port_read8(UART_DATA);
	}
	if (count != 0)
		console_received(bytes, count);
}

void
arch_console_write(const char *bytes, size_t count)
{
	size_t done = 0;

	while (is_there && done < count) {
		/* Empty means that the whole FIFO is. */
		while ((port_read8(UART_STATUS) & UART_SEND_EMPTY) == 0)
			arch_relax();
		for (unsigned i = 0; i < UART_FIFO_BYTES && done < count; i++)
			port_write8(UART_DATA, (uint8_t)bytes[done++]);
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
