# SPDX-License-Identifier: MIT
# How s390x kernel code is compiled and linked, by Debian's cross compiler.  (Debian 12's clang
# makes larger stack frames of the I/O path than are allowed, and has no linker for it.)
# General registers only: interrupts may come anywhere, and nobody saves the others.
# Linked where QEMU loads kernels, at 64 KiB; z10 is the oldest machine that will do.
KERNEL_CC := s390x-linux-gnu-gcc
KERNEL_LD := s390x-linux-gnu-ld
KERNEL_CFLAGS := -m64 -march=z10 -msoft-float -mpacked-stack -ffreestanding -fno-pic -fno-pie \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-common
KERNEL_LDFLAGS := -m elf64_s390 -nostdlib -static -z max-page-size=4096 -z noexecstack \
	--build-id=none -T kernel/arch/s390x/link.ld
# What machines of this kind do not have, or have in another shape.
KERNEL_WITHOUT := $(wildcard kernel/core/fdt*.c) $(addprefix kernel/core/,acpi.c ecam.c paging.c)
