/* SPDX-License-Identifier: MIT */
/*
 * What the kernel asks of a machine: with paging.h (what an entry of a page table looks like) and
 * acpi.h (where there is ACPI) all that lies between kernel/core and kernel/arch/<isa>.
 *
 * An ISA's folder defines every function below and starts by calling kernel_main() on the boot CPU,
 * with interrupts off, RAM reachable at its physical address and arch_console_write() working.
 * Memory is identity mapped: a physical address and a pointer are the same number; a device address
 * too, unless an IOMMU is in front of the device (iommu.h).
 */
#ifndef KERNEL_CORE_ARCH_H
#define KERNEL_CORE_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orion/port.h"

#define CPUS_MAX 16u
#define PAGE_BYTES 4096u
#define MEMORY_RANGES_MAX 64u

struct hypervisor_clues;

struct memory_range {
	uint64_t start;
	uint64_t bytes;
};

/* Addresses of PCI; the last is what 64-bit base addresses reach, above 4 GiB. */
enum pci_space {
	PCI_SPACE_IO,
	PCI_SPACE_MEMORY,
	PCI_SPACE_MEMORY_64,
	PCI_SPACES
};

struct pci_window {
	uint64_t bus; /* its first address, as devices count */
	uint64_t cpu; /* the same as the CPU sees it; of ports without meaning if it has its own */
	uint64_t bytes;
};

/* ---- Supplied by kernel/core, called by the ISA ---- */

/* The portable kernel's first function, on CPU 0. */
_Noreturn void kernel_main(void);

/* Each further CPU's first function, with interrupts on. */
_Noreturn void worker_main(unsigned cpu);

/* An interrupt message that arch_message_route() bound to IRQ arrived on this CPU. */
void irq_message_arrived(unsigned irq);

/*
 * Line LINE is active.  Returns false when nobody can be found who would make it
 * quiet: the ISA then masks the line.
 */
bool irq_line_arrived(unsigned line);

/*
 * Bytes came in on the console.  They are read when console_room() says that there is room for as
 * many as may come at once; when it does not, they stay where they are, and keep no interrupt up,
 * until arch_console_poll() is called.  Bytes were lost all the same: console_lost().  Context:
 * CPU 0, interrupts off; from the first moment on.
 */
void console_received(const char *bytes, size_t count);
bool console_room(size_t bytes);
void console_lost(void);

/* The image's borders, from the ISA's link.ld; it is RAM from the first to the last. */
extern char kernel_start[], kernel_text_end[], kernel_rodata_end[], kernel_end[];

/* ---- Boot ---- */

/* The machine's name for the banner, static: "x86_64". */
const char *arch_name(void);

/* Usable RAM and, of that, what is already occupied (the kernel itself).  Each returns a count. */
unsigned arch_memory_ranges(struct memory_range *ranges, unsigned max);
unsigned arch_memory_occupied(struct memory_range *ranges, unsigned max);

/* What the boot loader was told to tell the kernel, "" when nothing; static. */
const char *arch_command_line(void);

/* The archive of files that the loader brought along, occupied too; false when there is none. */
bool arch_initrd(struct memory_range *archive);

/* Page tables, exceptions, interrupt controllers, clock.  memory_init() was called before. */
void arch_init(void);

/* Starts the other CPUs, each in worker_main().  Returns how many CPUs there are now. */
unsigned arch_cpus_start(void);

/* What the machine was started with and could not use (more than CPUS_MAX CPUs, ...): lines. */
void arch_describe(void);

/* What tells who runs the machine: hypervisor.h.  CLUES is empty before. */
void arch_hypervisor_clues(struct hypervisor_clues *clues);

/* ---- CPUs ---- */

/* This CPU's index, 0 on the boot CPU. */
unsigned arch_cpu(void);

/* The hardware's own number of a CPU. */
uint32_t arch_cpu_hardware_id(unsigned cpu);

/* The CPU's model as text, static. */
const char *arch_cpu_model(void);

/* Turns interrupts off on this CPU; returns whether they were on.  Restore with the result. */
bool arch_irq_off(void);
void arch_irq_restore(bool on);

/*
 * Sleeps until an interrupt unless *FLAG is not 0; no interrupt that comes between the look and the
 * sleep is lost.  Interrupts must be on, and are on afterwards.
 */
void arch_sleep_unless(const uint32_t *flag);

/* Interrupts this CPU once, at or after DEADLINE (as of arch_ticks()).  Replaces the last one. */
void arch_timer_arm(uint64_t deadline);

/* Interrupts CPU, so that it leaves arch_sleep_unless(). */
void arch_cpu_interrupt(unsigned cpu);

/* Spin hint. */
void arch_relax(void);

/* ---- Clock ---- */

/* The tick counter, the same on all CPUs. */
uint64_t arch_ticks(void);
uint64_t arch_ticks_per_second(void);

/* How the clock's rate was found, static: "ACPI timer". */
const char *arch_clock_source(void);

/* ---- Memory and devices ---- */

/* Maps device registers uncached; false when RAM lies there or there is no memory for tables. */
bool arch_map_device(uint64_t address, size_t bytes);

/* True when a device has no business in that range: firmware's memory, interrupt controllers. */
bool arch_is_reserved(uint64_t address, uint64_t bytes);

/* PCI configuration space; FUNCTION, OFFSET and WIDTH as in struct orion_port. */
uint32_t arch_pci_read(uint32_t function, unsigned offset, unsigned width);
void arch_pci_write(uint32_t function, unsigned offset, unsigned width, uint32_t value);

/*
 * The window of SPACE through which the CPU reaches devices: where base addresses may be put when
 * they have none.  False when there is none, or none is known.
 */
bool arch_pci_window(enum pci_space space, struct pci_window *window);

/* PCI's I/O ports, which there are when there is a window of them; WIDTH 1, 2 or 4. */
uint32_t arch_io_read(uint32_t port, unsigned width);
void arch_io_write(uint32_t port, unsigned width, uint32_t value);

/* How configuration space is reached, static: "ECAM" */
const char *arch_pci_access(void);

/*
 * Binds IRQ to the message of SOURCE, for the CPU that it names, and fills in address and data.
 * False when nothing is free for it.  arch_message_release() unbinds; messages that still come are
 * dropped.
 */
bool arch_message_route(unsigned irq, const struct orion_irq_source *source,
			struct orion_irq_message *message);
void arch_message_release(unsigned irq, const struct orion_irq_source *source);

/* How interrupts reach the CPUs, static: "x2APIC". */
const char *arch_irq_controller(void);

/*
 * The interrupt line of a PCI function, or of a device whose interrupt the platform gave a number;
 * UINT32_MAX: none.  Unmasking a line that one of PCI drives, or one of the others; masking it.
 */
uint32_t arch_line_of(uint32_t function);
uint32_t arch_line_of_wire(uint32_t number);
bool arch_line_enable(uint32_t line, bool is_pci);
void arch_line_disable(uint32_t line);

/* Enters the virtio devices with MMIO registers (mmio.h), or on a bus of its own (place.h). */
void arch_devices_find(void);

/* QEMU's fw_cfg device: selects an item, reads its next bytes.  Absent: reads give all ones. */
void arch_fw_cfg_select(uint16_t key);
void arch_fw_cfg_read(void *buffer, size_t bytes);

/* ---- Console and the end ---- */

/* Writes bytes as they are; waits until they are taken.  Any context, one caller at a time. */
void arch_console_write(const char *bytes, size_t count);

/*
 * Looks for received bytes: where the console cannot interrupt, and when there is room again.
 * Context: as console_received().
 */
void arch_console_poll(void);
bool arch_console_interrupts(void);

/* Stops the other CPUs where they stand. */
void arch_stop_others(void);

/*
 * Ends the machine.  SUCCESS reaches the hypervisor where there is a way; where there is none, the
 * last line is "power-off: success" or "power-off: failure".
 */
_Noreturn void arch_power_off(bool success);
_Noreturn void arch_reboot(void);

/* Provokes an exception: KIND from the list, NULL-terminated, of arch_crash_kinds(). */
const char *const *arch_crash_kinds(void);
void arch_crash(const char *kind);

#endif
