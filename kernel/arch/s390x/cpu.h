/* SPDX-License-Identifier: MIT */
/* s390x for the kernel: instructions, the per-CPU areas, and what its files offer each other. */
#ifndef KERNEL_ARCH_S390X_CPU_H
#define KERNEL_ARCH_S390X_CPU_H

#include "kernel/core/arch.h"
#include "lowcore.h"

/* Bits of a PSW's mask. */
#define PSW_TRANSLATION 0x0400000000000000ull
#define PSW_IO 0x0200000000000000ull
#define PSW_EXTERNAL 0x0100000000000000ull
#define PSW_MACHINE 0x0004000000000000ull
#define PSW_WAIT 0x0002000000000000ull
#define PSW_64_BIT 0x0000000180000000ull
/* The same of interrupts, as stnsm and stosm have them. */
#define MASK_INTERRUPTS 0x03u

/* Control register 0, the external interrupts among its bits; 6: I/O by subclass; 14. */
#define CONTROL_NO_EXECUTE 0x0000080000000000ull
#define CONTROL_LOW_PROTECTED 0x10000000ull
#define CONTROL_LARGE_PAGES 0x00800000ull
#define CONTROL_EMERGENCY 0x4000ull
#define CONTROL_CALL 0x2000ull
#define CONTROL_CLOCK 0x0800ull
#define CONTROL_SERVICE 0x0200ull
#define CONTROL_SUBCLASS(n) (0x80000000ull >> (n))
#define CONTROL_MACHINE 0x02000000ull

/* Facilities, as stfle counts them. */
#define FACILITY_LARGE_PAGES 8u
#define FACILITY_NO_EXECUTE 130u

/* Orders of CPU to CPU. */
#define SIGP_SENSE 1u
#define SIGP_CALL 2u
#define SIGP_STOP 5u
#define SIGP_RESTART 6u
#define SIGP_RESET 11u
#define SIGP_PREFIX 13u

/* A CPU's stacks.  The guards are unmapped, so that an overflow is a fault and not a riddle. */
struct cpu_stacks {
	_Alignas(4096) uint8_t guard[PAGE_BYTES];
	uint8_t main[CPU_STACK_BYTES];
	uint8_t guard_trap[PAGE_BYTES];
	uint8_t trap[CPU_TRAP_STACK_BYTES];
};

struct psw {
	uint64_t mask, address;
};

/* What trap.S saves; from external_parameter on as the CPU stored it at 0x80. */
struct trap_frame {
	uint64_t r[16];
	struct psw psw;
	uint64_t kind;
	uint32_t external_parameter;
	uint16_t external_cpu, external_code;
	uint32_t call;
	uint16_t program_length, program_code;
	uint8_t unused_90[0xa8 - 0x90];
	uint64_t address;
	uint8_t unused_b0[0xb8 - 0xb0];
	uint32_t io_subchannel, io_parameter, io_word;
	uint8_t unused_c4[0xe8 - 0xc4];
	uint64_t machine_code;
	uint64_t scratch;
};

struct lowcore {
	_Alignas(LOWCORE_BYTES) uint8_t cpu_stores[LOWCORE_NEW_PSWS];
	struct psw new[TRAP_KINDS];
	uint64_t registers[16];
	struct psw leave, enter;
	uint64_t trap_low, trap_top, main_top, cpu;
	uint64_t control[16];
	uint8_t rest[LOWCORE_BYTES - LOWCORE_CONTROLS - 128];
};

_Static_assert(sizeof(struct trap_frame) == 272, "FRAME_BYTES of trap.S");
_Static_assert(sizeof(struct lowcore) == LOWCORE_BYTES, "a prefix area");
_Static_assert(offsetof(struct lowcore, registers) == LOWCORE_REGISTERS, "lowcore.h");
_Static_assert(offsetof(struct lowcore, enter) == LOWCORE_ENTER, "lowcore.h");
_Static_assert(offsetof(struct lowcore, control) == LOWCORE_CONTROLS, "lowcore.h");

extern struct cpu_stacks cpu_stacks[CPUS_MAX];

/* lowcore.c */
extern struct lowcore lowcores[CPUS_MAX];
/* Fills the area of CPU, which must not be using it; TRANSLATION: with page tables, at ROOT. */
void lowcore_init(unsigned cpu, bool translation, uint64_t root);
/* This CPU uses its area, or (NULL) none. */
void lowcore_use(const struct lowcore *lowcore);

/* mmu.c */
void mmu_init(void);
uint64_t mmu_root(void);
/* Control register 0's bits for what the machine can. */
uint64_t mmu_control(void);
bool mmu_has_no_execute(void);

/* facility.c */
bool facility_is_there(unsigned number);

/* trap.c */
void trap_entry(struct trap_frame *frame);

/* interrupt.c */
void interrupt_external(const struct trap_frame *frame);

/* channel.c: the channel subsystem. */
#define SUBCLASS_DEVICES 3u
#define SUBCLASS_ADAPTER 5u
void channel_init(void);
void channel_interrupt(const struct trap_frame *frame);
/* On CPU 0, after a call of another CPU: an interrupt may have to be made up for. */
void channel_look(void);

/* sclp.c: the service processor: memory and console. */
void sclp_init(void);
uint64_t sclp_memory_bytes(void);
void sclp_interrupt(uint32_t parameter);

/* smp.c */
unsigned smp_signal(uint16_t address, unsigned order, uint64_t parameter);

/* timer.c */
void timer_interrupt(void);

/* power.c: the addresses at which a PSW waits for good. */
#define WAIT_NO_MEMORY_SIZE 0x05c19u
_Noreturn void power_wait_for_good(uint64_t address);

#define control_read(number)                                                                       \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("stctg %%c" #number ", %%c" #number ", %0" : "=QS"(value_));      \
		value_;                                                                            \
	})
#define control_write(number, value)                                                               \
	do {                                                                                       \
		uint64_t value_ = (value);                                                         \
		__asm__ volatile("lctlg %%c" #number ", %%c" #number ", %0" ::"QS"(value_)         \
				 : "memory");                                                      \
	} while (0)

/* Every access before is done before any after: stores before loads, too. */
static inline void
barrier_all(void)
{
	__asm__ volatile("bcr 15, 0" ::: "memory");
}

#endif
