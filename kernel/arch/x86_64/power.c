/* SPDX-License-Identifier: MIT */
/*
 * The end.  First QEMU's isa-debug-exit device, which carries a status to the caller (exit 33 for
 * success, 35 for failure).  Elsewhere the last line says it, and ACPI's soft-off follows, by the
 * registers of machines with a chipset or by the one of those without ("hardware-reduced"); then a
 * CPU that sleeps for good.
 */
#include "cpu.h"
#include "kernel/core/acpi.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"

#define DEBUG_EXIT_PORT 0xf4
#define DEBUG_EXIT_SUCCESS 0x10
#define DEBUG_EXIT_FAILURE 0x11
#define FADT_CONTROL_PORT 64u
#define FADT_CONTROL_PORT_B 68u
#define FADT_FLAGS 112u
#define FADT_REDUCED (1u << 20)
#define FADT_SLEEP_CONTROL 244u /* kind of address, three bytes about width, address */
#define ADDRESS_MEMORY 0u
#define ADDRESS_PORT 1u
#define CONTROL_SLEEP_TYPE 0x1c00u
#define CONTROL_SLEEP_ENABLE 0x2000u
#define SLEEP_ENABLE 0x20u
#define AML_PACKAGE 0x12u
#define AML_BYTE 0x0au
#define DEBUG_EXIT_US 100000u /* how long a machine may take to obey */
#define SOFT_OFF_US 1000000u
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

static void
write_control(uint16_t port, uint32_t type)
{
	uint32_t value = port != 0 ? port_read16(port) & ~CONTROL_SLEEP_TYPE : 0;

	if (port != 0)
		port_write16(port, (uint16_t)(value | type << 10 | CONTROL_SLEEP_ENABLE));
}

static void
write_sleep_control(const struct acpi_header *fadt, uint32_t type)
{
	uint64_t address = acpi_u64(fadt, FADT_SLEEP_CONTROL + 4);
	uint8_t value = (uint8_t)(type << 2 | SLEEP_ENABLE);

	if (address == 0)
		return;
	if (acpi_u8(fadt, FADT_SLEEP_CONTROL) == ADDRESS_PORT)
		port_write8((uint16_t)address, value);
	else if (acpi_u8(fadt, FADT_SLEEP_CONTROL) == ADDRESS_MEMORY && arch_map_device(address, 1))
		*(volatile uint8_t *)(uintptr_t)address = value;
}

static void
soft_off(void)
{
	const struct acpi_header *fadt = acpi_find("FACP");
	uint32_t type;

	if (fadt == NULL || !soft_off_type(&type))
		return;
	if ((acpi_u32(fadt, FADT_FLAGS) & FADT_REDUCED) != 0) {
		write_sleep_control(fadt, type);
	} else {
		write_control((uint16_t)acpi_u32(fadt, FADT_CONTROL_PORT), type);
		write_control((uint16_t)acpi_u32(fadt, FADT_CONTROL_PORT_B), type);
	}
}

void
arch_power_off(bool success)
{
	port_write8(DEBUG_EXIT_PORT, success ? DEBUG_EXIT_SUCCESS : DEBUG_EXIT_FAILURE);
	timer_wait_us(DEBUG_EXIT_US);
	kprint("power-off: %s\n", success ? "success" : "failure");
	soft_off();
	timer_wait_us(SOFT_OFF_US);
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
