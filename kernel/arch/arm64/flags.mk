# SPDX-License-Identifier: MIT
# How ARM64 kernel code is compiled and linked, by Debian's cross compiler, or by clang.
# General registers only: interrupts may come anywhere, and nobody saves vector registers.
# Linked at 0 and moved by boot.S to where the loader put it; addresses are relative to the code.
# No unaligned accesses, which fail before the MMU is on; no calls of helpers for atomics.
KERNEL_CC := $(if $(filter clang,$(MODE)),clang --target=aarch64-linux-gnu,aarch64-linux-gnu-gcc)
KERNEL_LD := aarch64-linux-gnu-ld
KERNEL_CFLAGS := -march=armv8-a -mgeneral-regs-only -mstrict-align -mno-outline-atomics \
	-mcmodel=small -ffreestanding -fno-pic -fno-pie -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-common
KERNEL_LDFLAGS := -m aarch64linux -nostdlib -pie --no-dynamic-linker -z max-page-size=4096 \
	-z noexecstack -z norelro --build-id=none -T kernel/arch/arm64/link.ld
# Many registers to save: clang's frame of reap_other() is 272 bytes.
KERNEL_FRAME_HOT := 288
# What machines of this kind do not have.
KERNEL_WITHOUT := src/device/ccw%.c kernel/core/acpi.c
# What is booted: the image without the ELF around it, which begins with the header of boot.S.
KERNEL_FLAT := aarch64-linux-gnu-objcopy -O binary
