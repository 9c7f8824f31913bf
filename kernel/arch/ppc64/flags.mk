# SPDX-License-Identifier: MIT
# How PowerPC 64 kernel code is compiled and linked: big-endian, with the ABI (ELFv2) whose function
# pointers are addresses of code; by Debian's cross compiler in every mode, since clang's frames of
# the I/O path are larger than allowed.
# General registers only: interrupts may come anywhere, and nobody saves the others.
# Linked at 0 and moved by boot.S to where the loader put it; addresses are relative to the TOC.
KERNEL_CC := powerpc64-linux-gnu-gcc
KERNEL_LD := powerpc64-linux-gnu-ld
KERNEL_CFLAGS := -mcpu=power8 -mabi=elfv2 -mcmodel=medium -msoft-float -mno-altivec -mno-vsx \
	-ffreestanding -fno-pic -fno-pie -fno-stack-protector -fno-asynchronous-unwind-tables \
	-fno-common
KERNEL_LDFLAGS := -m elf64ppc -nostdlib -pie --no-dynamic-linker -z max-page-size=4096 \
	-z noexecstack -z norelro --build-id=none -T kernel/arch/ppc64/link.ld
# What machines of this kind do not have.
KERNEL_WITHOUT := src/device/ccw%.c $(addprefix kernel/core/,acpi.c ecam.c fdt_fw_cfg.c fdt_host.c)
