/* SPDX-License-Identifier: MIT */
/*
 * The end.  First QEMU's isa-debug-exit device, which carries a status to the caller (exit 33 for
 * success, 35 for failure); then ACPI's soft-off; then a CPU that sleeps for good.
 */
#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"

#define DEBUG_EXIT_PORT 0xf4
#define DEBUG_EXIT_SUCCESS 0x10
#define DEBUG_EXIT_FAILURE 0x11
#define FADT_CONTROL_PORT 64u
#define CONTROL_SLEEP_ENABLE 0x2000u
#define AML_PACKAGE 0x12u
#define AML_BYTE 0x0au
#define RESET_PORT 0xcf9
#define RESET_HARD 6
#define KEYBOARD_PORT 0x64
#define KEYBOARD_RESET 0xfe

/*
 * The value for soft-off, from the package "_S5_" in the DSDT: op, length, count, first element.
 * False when there is none that can be read without an interpreter.
 */
static bool
soft_off_type(uint32_t *type)
{
	const struct acpi_header *dsdt = acpi_dsdt();

	for (uint32_t at = sizeof(*dsdt); dsdt != NULL && at + 8 < dsdt->length; at++) {
		if (memcmp((const char *)dsdt + at, "_S5_", 4) != 0 ||
		    acpi_u8(dsdt, at + 4) != AML_PACKAGE)
			continue;
		at += 5;
		at += (acpi_u8(dsdt, at) >> 6) + 1 + 1;
		*type = acpi_u8(dsdt, at) == AML_BYTE ? acpi_u8(dsdt, at + 1) : acpi_u8(dsdt, at);
		return *type < 8;
	}
	return false;
}

void
arch_power_off(bool success)
{
	const struct acpi_header *fadt;
	uint32_t type;

	port_write8(DEBUG_EXIT_PORT, success ? DEBUG_EXIT_SUCCESS : DEBUG_EXIT_FAILURE);
	fadt = acpi_find("FACP");
	if (fadt != NULL && acpi_u32(fadt, FADT_CONTROL_PORT) != 0 && soft_off_type(&type)) {
		port_write16((uint16_t)acpi_u32(fadt, FADT_CONTROL_PORT),
			     (uint16_t)(type << 10 | CONTROL_SLEEP_ENABLE));
	}
	kprint("The machine can be switched off now.\n");
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}

/* Chipset, keyboard controller, and at last a triple fault. */
void
arch_reboot(void)
{
	static const uint64_t no_vectors[2];

	port_write8(RESET_PORT, RESET_HARD);
	timer_wait_us(50000);
	port_write8(KEYBOARD_PORT, KEYBOARD_RESET);
	timer_wait_us(50000);
	__asm__ volatile("lidt %0; int3" ::"m"(no_vectors) : "memory");
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}
