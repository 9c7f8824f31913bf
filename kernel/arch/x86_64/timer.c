/* SPDX-License-Identifier: MIT */
/*
 * The clock: the time stamp counter, its rate measured once against a timer of known rate (the ACPI
 * timer, or channel 2 of the 8254), and each CPU's own one-shot timer, measured against that.
 */
#include "cpu.h"
#include "kernel/core/acpi.h"

#define FADT_TIMER_PORT 76u
#define ACPI_TIMER_RATE 3579545u
#define ACPI_TIMER_MASK 0xffffffu
#define PIT_RATE 1193182u
#define PIT_MASK 0xffffu
#define PIT_COMMAND 0x43
#define PIT_CHANNEL2 0x42
#define PIT_GATE 0x61
#define PIT_GATE_ON 1
#define PIT_SPEAKER_ON 2
#define PIT_CHANNEL2_MODE0 0xb0
#define PIT_CHANNEL2_LATCH 0x80

#define MEASURE_MS 10u
#define READ_TRIES 16u
#define APIC_MEASURE_US 2000u

struct reference {
	const char *name;
	uint32_t rate;
	uint32_t mask; /* the counter counts up, modulo mask + 1 */
	uint32_t (*read)(void);
};

/* A reading of the reference and the tick counter at the same moment, give or take BLUR ticks. */
struct moment {
	uint32_t reference;
	uint64_t ticks;
	uint64_t blur;
};

static uint16_t acpi_timer_port;
static const struct reference *source;
static uint64_t ticks_per_second = 1000000000;
static uint64_t apic_per_second;

static uint32_t
acpi_timer_read(void)
{
	return port_read32(acpi_timer_port) & ACPI_TIMER_MASK;
}

/* The 8254 counts down. */
static uint32_t
pit_read(void)
{
	uint32_t low, high;

	port_write8(PIT_COMMAND, PIT_CHANNEL2_LATCH);
	low = port_read8(PIT_CHANNEL2);
	high = port_read8(PIT_CHANNEL2);
	return PIT_MASK - (high << 8 | low);
}

static void
pit_start(void)
{
	port_write8(PIT_GATE, (uint8_t)((port_read8(PIT_GATE) & ~PIT_SPEAKER_ON) | PIT_GATE_ON));
	port_write8(PIT_COMMAND, PIT_CHANNEL2_MODE0);
	port_write8(PIT_CHANNEL2, 0xff);
	port_write8(PIT_CHANNEL2, 0xff);
}

/* Of several readings the one that took the least time: a hypervisor may stop us at any point. */
static struct moment
moment_read(const struct reference *reference)
{
	struct moment best = {.blur = UINT64_MAX};

	for (unsigned i = 0; i < READ_TRIES; i++) {
		uint64_t before = arch_ticks();
		uint32_t value = reference->read();
		uint64_t after = arch_ticks();

		if (after - before < best.blur) {
			best.reference = value;
			best.ticks = before + (after - before) / 2;
			best.blur = after - before;
		}
	}
	return best;
}

static uint64_t
measure(const struct reference *reference)
{
	uint32_t wanted = reference->rate / 1000 * MEASURE_MS;
	struct moment first = moment_read(reference);
	struct moment last;
	uint32_t passed;

	do {
		last = moment_read(reference);
		passed = (last.reference - first.reference) & reference->mask;
	} while (passed < wanted && last.ticks - first.ticks < UINT64_C(1) << 32);
	return passed == 0 ? 0 : (last.ticks - first.ticks) * reference->rate / passed;
}

void
timer_init(void)
{
	static const struct reference acpi_timer = {"ACPI timer", ACPI_TIMER_RATE, ACPI_TIMER_MASK,
						    acpi_timer_read};
	static const struct reference pit = {"8254 timer", PIT_RATE, PIT_MASK, pit_read};
	const struct acpi_header *fadt = acpi_find("FACP");
	uint64_t rate;

	if (fadt != NULL)
		acpi_timer_port = (uint16_t)acpi_u32(fadt, FADT_TIMER_PORT);
	source = acpi_timer_port != 0 ? &acpi_timer : &pit;
	if (source == &pit)
		pit_start();
	rate = measure(source);
	if (rate < 1000000)
		orion_panic("the time stamp counter could not be measured");
	ticks_per_second = rate;
}

void
timer_cpu_init(void)
{
	uint64_t start, ticks;
	uint32_t left;

	if (apic_per_second != 0)
		return;
	apic_timer_start(UINT32_MAX);
	start = arch_ticks();
	timer_wait_us(APIC_MEASURE_US);
	left = apic_timer_left();
	ticks = arch_ticks() - start;
	apic_timer_start(0);
	apic_per_second = (UINT32_MAX - left) * ticks_per_second / ticks;
}

void
arch_timer_arm(uint64_t deadline)
{
	uint64_t now = arch_ticks();
	uint64_t ticks = deadline > now ? deadline - now : 0;
	uint64_t longest = ticks_per_second * 4;
	uint64_t count;

	/* Sooner than asked is allowed for what is far away, and keeps the product in 64 bits. */
	ticks = ticks < longest ? ticks : longest;
	count = ticks * apic_per_second / ticks_per_second + 1;
	apic_timer_start(count < UINT32_MAX ? (uint32_t)count : UINT32_MAX);
}

void
timer_wait_us(unsigned microseconds)
{
	uint64_t end = arch_ticks() + ticks_per_second / 1000000 * microseconds;

	while (arch_ticks() < end)
		arch_relax();
}

uint64_t
arch_ticks(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (uint64_t)high << 32 | low;
}

uint64_t
arch_ticks_per_second(void)
{
	return ticks_per_second;
}

const char *
arch_clock_source(void)
{
	return source->name;
}
