# SPDX-License-Identifier: MIT
# How RISC-V kernel code is compiled and linked, by Debian's cross compiler, or by clang.
# General registers only: interrupts may come anywhere, and nobody saves floating point registers.
# Linked where QEMU puts an ELF file, and moved by boot.S to where a loader put the image; addresses
# are relative to the code.  No unaligned accesses, which firmware would emulate, or refuse.
KERNEL_CLANG := $(filter clang,$(MODE))
KERNEL_CC := $(if $(KERNEL_CLANG),clang --target=riscv64-linux-gnu,riscv64-linux-gnu-gcc)
KERNEL_LD := riscv64-linux-gnu-ld
KERNEL_CFLAGS := $(if $(KERNEL_CLANG),-march=rv64imac,-march=rv64imac_zicsr -mstrict-align) \
	-mabi=lp64 -mcmodel=medany -mno-relax -ffreestanding -fno-pic -fno-pie \
	-fno-stack-protector -fno-asynchronous-unwind-tables -fno-common
KERNEL_LDFLAGS := -m elf64lriscv -nostdlib -pie --no-dynamic-linker --no-relax \
	-z max-page-size=4096 -z noexecstack -z norelro --build-id=none \
	-T kernel/arch/riscv64/link.ld
# More registers to keep than elsewhere: bytes of stack that a function of the I/O path may use.
KERNEL_FRAME_HOT := 320
# What machines of this kind do not have.
KERNEL_WITHOUT := src/device/ccw%.c kernel/core/acpi.c
# What is booted: the image without the ELF around it, which begins with the header of boot.S.
KERNEL_FLAT := riscv64-linux-gnu-objcopy -O binary
