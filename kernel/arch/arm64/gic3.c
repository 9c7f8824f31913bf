/* SPDX-License-Identifier: MIT */
/* GICv3's part of each CPU: its redistributor, found by the CPU's affinity, and its registers. */
#include "cpu.h"

#define REGIONS_MAX 4u
#define FRAME_BYTES 0x20000u /* of a redistributor; twice that with virtual LPIs */
#define REDISTRIBUTOR_TYPE 0x08u
#define REDISTRIBUTOR_WAKER 0x14u
#define PRIVATE_GROUP 0x10080u
#define PRIVATE_ENABLE 0x10100u
#define PRIVATE_DISABLE 0x10180u
#define PRIVATE_PRIORITY 0x10400u
#define PRIORITY_USUAL 0xa0a0a0a0u
#define TYPE_VIRTUAL 2u
#define TYPE_LAST 0x10u
#define WAKER_SLEEPS 2u
#define WAKER_ASLEEP 4u

static struct memory_range regions[REGIONS_MAX];
static unsigned region_count;
static uint64_t redistributors[CPUS_MAX];
static uint64_t affinities[CPUS_MAX];

bool
gic3_init(uint32_t node)
{
	uint32_t count = fdt_number(boot_tree(), node, "#redistributor-regions", 1);

	for (uint32_t i = 1; i <= count && region_count < REGIONS_MAX; i++) {
		if (!fdt_reg(boot_tree(), node, i, &regions[region_count]) ||
		    !mmu_own(&regions[region_count]))
			return false;
		region_count++;
	}
	return region_count != 0;
}

/* The frame whose type register has AFFINITY's four bytes in its upper half; 0: none. */
static uint64_t
find_frame(uint64_t affinity)
{
	uint64_t wanted = (affinity >> 32 & 0xff) << 24 | (affinity & 0xffffff);

	for (unsigned i = 0; i < region_count; i++) {
		uint64_t at = regions[i].start;
		uint64_t end = at + regions[i].bytes;
		uint64_t type = 0;

		for (; at + FRAME_BYTES <= end && (type & TYPE_LAST) == 0;
		     at += (type & TYPE_VIRTUAL) != 0 ? 2 * FRAME_BYTES : FRAME_BYTES) {
			type = register_read64(at + REDISTRIBUTOR_TYPE);
			if (type >> 32 == wanted)
				return at;
		}
	}
	return 0;
}

bool
gic3_cpu_init(unsigned cpu)
{
	uint64_t frame;

	affinities[cpu] = smp_affinity();
	frame = find_frame(affinities[cpu]);
	redistributors[cpu] = frame;
	if (frame == 0)
		return false;
	register_write(frame + REDISTRIBUTOR_WAKER,
		       register_read(frame + REDISTRIBUTOR_WAKER) & ~WAKER_SLEEPS);
	while ((register_read(frame + REDISTRIBUTOR_WAKER) & WAKER_ASLEEP) != 0)
		arch_relax();
	register_write(frame + PRIVATE_DISABLE, UINT32_MAX);
	register_write(frame + PRIVATE_GROUP, UINT32_MAX);
	for (uint32_t i = 0; i < GIC_SHARED; i += 4)
		register_write(frame + PRIVATE_PRIORITY + i, PRIORITY_USUAL);
	register_write(frame + PRIVATE_ENABLE, (1u << GIC_SENT) - 1);

	system_write(icc_sre_el1, system_read(icc_sre_el1) | 1);
	barrier_instructions();
	if ((system_read(icc_sre_el1) & 1) == 0)
		return false;
	system_write(icc_pmr_el1, 0xff);
	system_write(icc_bpr1_el1, 0);
	system_write(icc_ctlr_el1, 0); /* one write ends an interrupt */
	system_write(icc_igrpen1_el1, 1);
	barrier_instructions();
	return true;
}

void
gic3_private_enable(unsigned cpu, uint32_t number)
{
	register_write(redistributors[cpu] + PRIVATE_ENABLE, 1u << number);
}

void
gic3_send(unsigned cpu, uint32_t number)
{
	uint64_t to = affinities[cpu];

	system_write(icc_sgi1r_el1, (to >> 32 & 0xff) << 48 | (to >> 16 & 0xff) << 32 |
					    (to >> 8 & 0xff) << 16 | (to >> 4 & 15) << 44 |
					    (uint64_t)number << 24 | UINT64_C(1) << (to & 15));
	barrier_instructions();
}

/* Once the number was read, the registers of what interrupted may be: not before. */
uint32_t
gic3_take(void)
{
	uint32_t number = (uint32_t)system_read(icc_iar1_el1);

	barrier_all();
	return number;
}

void
gic3_end(uint32_t number)
{
	system_write(icc_eoir1_el1, number);
	barrier_instructions();
}

uint64_t
gic3_redistributor(unsigned cpu)
{
	return redistributors[cpu];
}

uint64_t
gic3_affinity(unsigned cpu)
{
	return affinities[cpu];
}
