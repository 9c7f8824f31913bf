/* SPDX-License-Identifier: MIT */
/* QEMU's fw_cfg device in memory: a big-endian selector, and data byte after byte. */
#include "kernel/core/fdt_machine.h"
#include "kernel/core/string.h"

#define FW_CFG_DATA 0u
#define FW_CFG_SELECTOR 8u

static uint64_t fw_cfg; /* 0: there is none */

void
fw_cfg_init(void)
{
	uint32_t node = fdt_compatible(boot_tree(), FDT_ROOT, "qemu,fw-cfg-mmio");
	struct memory_range registers;

	if (fdt_reg(boot_tree(), node, 0, &registers) && mmu_own(&registers))
		fw_cfg = registers.start;
}

void
arch_fw_cfg_select(uint16_t key)
{
	if (fw_cfg != 0)
		*(volatile uint16_t *)(uintptr_t)(fw_cfg + FW_CFG_SELECTOR) =
			__builtin_bswap16(key);
}

void
arch_fw_cfg_read(void *buffer, size_t bytes)
{
	uint8_t *at = buffer;

	memset(buffer, 0xff, bytes);
	for (size_t i = 0; fw_cfg != 0 && i < bytes; i++)
		at[i] = *(volatile uint8_t *)(uintptr_t)(fw_cfg + FW_CFG_DATA);
}
