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
#define UART_FIFO_IS_ON 0xc0
#define UART_DIVISOR_ACCESS 0x80
#define UART_8N1 3
#define UART_DTR_RTS_OUT2 0x0b
#define UART_RECEIVED 1
#define UART_OVERRUN 2
#define UART_SEND_EMPTY 0x20
#define UART_FIFO_BYTES 16
#define UART_ABSENT 0xff
#define UART_TRIES 100000u /* of reading a port, a microsecond or more each */

static bool is_there;
static bool interrupts_on;
static unsigned sent_at_once;
static bool receives; /* its interrupt for what was received is on */

/* Reads while there is something, and room for it. */
static void
receive(void)
{
	while (is_there && console_room(1)) {
		uint8_t status = port_read8(UART_STATUS);
		char byte;

		if ((status & UART_RECEIVED) == 0)
			break;
		if ((status & UART_OVERRUN) != 0)
			console_lost();
		byte = (char)port_read8(UART_DATA);
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
	return (port_read8(UART_FIFO) & UART_FIFO_IS_ON) == UART_FIFO_IS_ON ? UART_FIFO_BYTES : 1;
}

void
uart_init(void)
{
	port_write8(UART_INTERRUPTS, 0);
	port_write8(UART_LINE, UART_DIVISOR_ACCESS);
	port_write8(UART_DATA, 1); /* 115200 bits a second */
	port_write8(UART_INTERRUPTS, 0);
	port_write8(UART_LINE, UART_8N1);
	port_write8(UART_MODEM, UART_DTR_RTS_OUT2);
	for (unsigned i = 0; i < UART_TRIES && !is_there; i++) {
		uint8_t status = port_read8(UART_STATUS);

		if (status == UART_ABSENT)
			break;
		is_there = (status & UART_SEND_EMPTY) != 0;
	}
	if (is_there)
		sent_at_once = bytes_at_once();
}

/* Bytes that there is no room for stay in the UART, which has the other side wait. */
static void
ask_for_interrupts(void)
{
	bool wanted = interrupts_on && console_room(1);

	if (wanted != receives)
		port_write8(UART_INTERRUPTS, wanted ? UART_RECEIVE_INTERRUPT : 0);
	receives = wanted;
}

void
uart_enable_interrupts(void)
{
	interrupts_on = is_there && ioapic_route_isa(UART_ISA_LINE, VECTOR_CONSOLE);
	ask_for_interrupts();
}

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

	while (is_there && done < count) {
		/* Empty means that the whole FIFO is, if there is one. */
		while ((port_read8(UART_STATUS) & UART_SEND_EMPTY) == 0)
			arch_relax();
		for (unsigned i = 0; i < sent_at_once && done < count; i++)
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
