/* SPDX-License-Identifier: MIT */
/* The channel subsystem's own structures, as its instructions have them. */
#ifndef KERNEL_ARCH_S390X_CHANNEL_H
#define KERNEL_ARCH_S390X_CHANNEL_H

#include <stdint.h>

/* Subchannels are named so in register 1; ours are of set 0. */
#define SUBCHANNEL_ID(number) (0x00010000u | (number))

/* Subchannel information block. */
struct schib {
	uint32_t parameter;
	uint16_t flags;
	uint16_t device;
	uint8_t paths[16];
	uint32_t characteristics;
	uint8_t status[24];
};

#define SCHIB_SUBCLASS_MASK 0x3800u
#define SCHIB_SUBCLASS(n) ((n) << 11)
#define SCHIB_ENABLED 0x0080u
#define SCHIB_VALID 0x0001u /* there is a device */
#define SCHIB_TYPE 0x00e00000u /* 0: for I/O */

/* Operation request block. */
struct orb {
	uint32_t parameter;
	uint32_t flags;
	uint32_t program;
};

#define ORB_FORMAT_1 0x00800000u
#define ORB_PREFETCH 0x00400000u
#define ORB_ALL_PATHS 0x0000ff00u

/* Channel command word, format 1. */
struct channel_command {
	uint8_t code, flags;
	uint16_t bytes;
	uint32_t data; /* 31 bits */
};

#define COMMAND_NO_LENGTH_CHECK 0x20u

/* Interruption response block: what became of it. */
struct irb {
	uint16_t key_flags, control;
	uint32_t program;
	uint8_t device_status, subchannel_status;
	uint16_t residual;
	uint8_t extended[84];
};

#define CONTROL_STATUS_SECONDARY 0x02u
#define DEVICE_STATUS_END 0x0cu /* channel end, device end */
#define DEVICE_STATUS_CHECK 0x02u
#define SUBCHANNEL_STATUS_LENGTH 0x40u

/* Basic commands, what sense says first, and where sense ID has the control unit. */
#define COMMAND_SENSE 0x04u
#define COMMAND_SENSE_ID 0xe4u
#define SENSE_BYTES 32u
#define SENSE_REJECT 0x80u
#define SENSE_ID_BYTES 7u

/* Condition codes. */
#define CC_DONE 0u
#define CC_PENDING 1u /* there is status; of tsch: there is none */
#define CC_BUSY 2u
#define CC_ABSENT 3u

/* An instruction that takes the subchannel in register 1 and an operand; its condition code. */
#define CHANNEL_INSTRUCTION(name, number, operand)                                                 \
	({                                                                                         \
		register uint64_t id_ __asm__("1") = SUBCHANNEL_ID(number);                        \
		unsigned cc_;                                                                      \
		__asm__ volatile(name " %1\n\tipm %0\n\tsrl %0, 28"                                \
				 : "=d"(cc_), "+Q"(operand)                                        \
				 : "d"(id_)                                                        \
				 : "cc", "memory");                                                \
		cc_;                                                                               \
	})

#endif
