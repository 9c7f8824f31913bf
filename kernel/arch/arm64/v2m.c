/* SPDX-License-Identifier: MIT */
/* GICv2m: a frame that turns a message into the shared interrupt whose number is its data. */
#include "cpu.h"
#include "kernel/core/lock.h"

#define V2M_TYPE 0x008u
#define V2M_SEND 0x040u
#define V2M_MOST 128u

static uint64_t frame; /* 0: there is none */
static uint32_t first, count;
static uint32_t bound[V2M_MOST]; /* irq + 1; 0: free */
static struct lock v2m_lock;

void
v2m_init(uint32_t gic_node)
{
	uint32_t node = fdt_child(boot_tree(), gic_node);
	struct memory_range registers;

	while (node != FDT_NONE &&
	       !fdt_has_string(fdt_get(boot_tree(), node, "compatible"), "arm,gic-v2m-frame"))
		node = fdt_sibling(boot_tree(), node);
	if (!fdt_reg(boot_tree(), node, 0, &registers) || !mmu_own(&registers))
		return;
	frame = registers.start;
	first = register_read(frame + V2M_TYPE) >> 16 & 0x3ff;
	count = register_read(frame + V2M_TYPE) & 0x3ff;
	first = fdt_number(boot_tree(), node, "arm,msi-base-spi", first);
	count = fdt_number(boot_tree(), node, "arm,msi-num-spis", count);
	count = count < V2M_MOST ? count : V2M_MOST;
}

bool
v2m_is_there(void)
{
	return frame != 0;
}

bool
v2m_route(unsigned irq, unsigned cpu, struct orion_irq_message *message)
{
	bool on = lock_take(&v2m_lock);
	uint32_t i = 0;

	while (i < count && bound[i] != 0)
		i++;
	if (i < count)
		__atomic_store_n(&bound[i], irq + 1, __ATOMIC_RELEASE);
	lock_give(&v2m_lock, on);
	message->address = frame + V2M_SEND;
	message->data = first + i;
	return i < count && gic_enable(first + i, cpu, true);
}

void
v2m_release(unsigned irq)
{
	for (uint32_t i = 0; i < count; i++) {
		if (__atomic_load_n(&bound[i], __ATOMIC_RELAXED) == irq + 1) {
			gic_disable(first + i);
			__atomic_store_n(&bound[i], 0, __ATOMIC_RELEASE);
		}
	}
}

uint32_t
v2m_irq(uint32_t number)
{
	if (number < first || number - first >= count)
		return UINT32_MAX;
	return __atomic_load_n(&bound[number - first], __ATOMIC_ACQUIRE) - 1;
}
