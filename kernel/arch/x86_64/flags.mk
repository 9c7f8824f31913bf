# SPDX-License-Identifier: MIT
# How x86_64 kernel code is compiled and linked; the driver core's libraries for the kernel too.
# General registers only: interrupts may come anywhere, and nobody saves vector registers.
# Linked low (1 MiB) and identity mapped, hence the small code model and absolute addresses.
KERNEL_CFLAGS := -m64 -mno-red-zone -mgeneral-regs-only -mcmodel=small -ffreestanding -fno-pic \
	-fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables -fno-common
KERNEL_LDFLAGS := -m elf_x86_64 -nostdlib -static --no-dynamic-linker -z max-page-size=4096 \
	-z noexecstack --build-id=none -T kernel/arch/x86_64/link.ld
# What machines of this kind do not have.
KERNEL_WITHOUT := src/device/ccw%.c kernel/core/fdt%.c kernel/core/io_window.c
# What loaders of Linux take.
KERNEL_MORE := bzImage
KERNEL_OBJCOPY := objcopy
