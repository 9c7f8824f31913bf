/* SPDX-License-Identifier: MIT */
/* What a device tree says of who runs the machine. */
#include "kernel/core/fdt.h"
#include "kernel/core/hypervisor.h"

static void
add_strings(struct hypervisor_clues *clues, struct fdt_value value,
	    void (*add)(struct hypervisor_clues *clues, const char *text, size_t length))
{
	if (value.bytes != NULL)
		add(clues, (const char *)value.bytes, value.length);
}

/* The node of QEMU's fw_cfg tells it from others that call their machine "linux,dummy-virt". */
void
fdt_hypervisor_clues(const struct fdt *fdt, struct hypervisor_clues *clues)
{
	uint32_t hypervisor = fdt_child_named(fdt, FDT_ROOT, "hypervisor");
	uint32_t fw_cfg = fdt_compatible(fdt, FDT_ROOT, "qemu,fw-cfg-mmio");

	add_strings(clues, fdt_get(fdt, hypervisor, "compatible"), hypervisor_add_face);
	add_strings(clues, fdt_get(fdt, FDT_ROOT, "model"), hypervisor_add_word);
	add_strings(clues, fdt_get(fdt, FDT_ROOT, "compatible"), hypervisor_add_word);
	add_strings(clues, fdt_get(fdt, fw_cfg, "compatible"), hypervisor_add_word);
}
