# SPDX-License-Identifier: MIT
# The little-endian kernel for PowerPC 64 is the big-endian one, compiled otherwise.
include kernel/arch/ppc64/flags.mk
KERNEL_CFLAGS += -mlittle-endian
KERNEL_LDFLAGS := $(subst elf64ppc,elf64lppc,$(KERNEL_LDFLAGS))
KERNEL_ALSO := kernel/arch/ppc64
