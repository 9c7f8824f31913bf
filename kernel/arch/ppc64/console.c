/* SPDX-License-Identifier: MIT */
/* The console: the hypervisor's terminal, up to sixteen bytes a call; what comes in interrupts. */
#include "cpu.h"
#include "kernel/core/string.h"

#define CALL_BYTES 16u

static uint32_t terminal;
static uint32_t terminal_number = UINT32_MAX;
static bool terminal_is_there, interrupts_on;

void
console_init(void)
{
	uint32_t node = fdt_compatible(boot_tree(), FDT_ROOT, "hvterm1");

	terminal = fdt_number(boot_tree(), node, "reg", 0);
	terminal_is_there = node != FDT_NONE;
}

void
console_enable_interrupts(void)
{
	uint32_t node = fdt_compatible(boot_tree(), FDT_ROOT, "hvterm1");
	uint32_t number = fdt_number(boot_tree(), node, "interrupts", UINT32_MAX);

	if (!terminal_is_there || !xics_enable(number, 0))
		return;
	terminal_number = number;
	interrupts_on = hypercall(H_VIO_SIGNAL, terminal, 1, 0, 0, NULL) == H_SUCCESS;
}

bool
console_is(uint32_t number)
{
	return number == terminal_number;
}

void
arch_console_write(const char *bytes, size_t count)
{
	while (terminal_is_there && count != 0) {
		size_t now = count < CALL_BYTES ? count : CALL_BYTES;
		uint64_t words[2] = {0, 0};

		memcpy(words, bytes, now);
		while (hypercall(H_PUT_TERM_CHAR, terminal, now, big64(words[0]), big64(words[1]),
				 NULL) == H_BUSY)
			arch_relax();
		bytes += now;
		count -= now;
	}
}

/*
 * Until nothing is left, or there is no room: the interrupt comes once for all that has come, and
 * the hypervisor keeps the rest.
 */
void
arch_console_poll(void)
{
	uint64_t out[3];

	while (terminal_is_there && console_room(CALL_BYTES) &&
	       hypercall(H_GET_TERM_CHAR, terminal, 0, 0, 0, out) == H_SUCCESS && out[0] != 0 &&
	       out[0] <= CALL_BYTES) {
		const uint64_t words[2] = {big64(out[1]), big64(out[2])};

		console_received((const char *)words, out[0]);
	}
}

bool
arch_console_interrupts(void)
{
	return interrupts_on;
}
