/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own commands: power-off, reboot, cpus, memory, pci list, irq list, iommu list,
 * iommu test, recovery test, uptime, crash.
 */
#ifndef KERNEL_CORE_COMMANDS_H
#define KERNEL_CORE_COMMANDS_H

#include "orion/command.h"

extern const struct command kernel_commands[];
extern const unsigned kernel_command_count;

/* Lines of the running script that failed so far: power-off without a status tells of them. */
extern unsigned kernel_script_failures;

/* recovery_commands.c */
orion_status recovery_run_test(struct command_context *context, int argc, char **argv);

/* iommu_commands.c */
orion_status iommu_run_list(struct command_context *context, int argc, char **argv);
orion_status iommu_run_test(struct command_context *context, int argc, char **argv);

#endif
