/* SPDX-License-Identifier: MIT */
/* RTAS: the firmware's services that stay, each with a number that the device tree has. */
#include "cpu.h"
#include "kernel/core/lock.h"

#include <stdarg.h>

#define RTAS_ARGUMENTS_MAX 16u
#define RTAS_BUSY (-2)
#define RTAS_LATER_FIRST 9900 /* to be called again after 1 ms, 10 ms, ... */
#define RTAS_LATER_LAST 9905
#define RTAS_UNKNOWN (-1098)

static uint32_t rtas_node = FDT_NONE;
static uint32_t rtas_base, rtas_entry;
static struct lock rtas_lock;

void
rtas_init(const struct rtas *rtas)
{
	rtas_node = fdt_child_named(boot_tree(), FDT_ROOT, "rtas");
	rtas_base = rtas->base;
	rtas_entry = rtas->entry;
}

bool
rtas_has(const char *name)
{
	return fdt_get(boot_tree(), rtas_node, name).length == 4;
}

int32_t
rtas_call(const char *name, uint32_t outputs[RTAS_OUTPUTS_MAX], unsigned output_count,
	  unsigned inputs, ...)
{
	static struct {
		uint32_t token, inputs, outputs, arguments[RTAS_ARGUMENTS_MAX];
	} call;
	int32_t status = RTAS_UNKNOWN;
	va_list list;
	bool on;

	if (!rtas_has(name))
		return status;
	on = lock_take(&rtas_lock);
	do {
		call.token = big32(fdt_number(boot_tree(), rtas_node, name, 0));
		call.inputs = big32(inputs);
		call.outputs = big32(1 + output_count);
		va_start(list, inputs);
		for (unsigned i = 0; i < inputs; i++)
			call.arguments[i] = big32(va_arg(list, uint32_t));
		va_end(list);
		firmware_enter((uint32_t)(uintptr_t)&call, rtas_base, rtas_entry);
		status = (int32_t)big32(call.arguments[inputs]);
	} while (status == RTAS_BUSY || (status >= RTAS_LATER_FIRST && status <= RTAS_LATER_LAST));
	for (unsigned i = 0; i < output_count; i++)
		outputs[i] = big32(call.arguments[inputs + 1 + i]);
	lock_give(&rtas_lock, on);
	return status;
}
