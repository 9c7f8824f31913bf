/* SPDX-License-Identifier: MIT */
/* What the machine can, bit by bit, and what it calls itself. */
#include "cpu.h"
#include "kernel/core/hypervisor.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"

#define LIST_WORDS 4u

/* Blocks of system information: the machine, and the virtual machine; where they have names. */
#define INFORMATION_BYTES 4096u
#define MACHINE_LEVEL 1u
#define MACHINE_MAKER 32u
#define GUEST_LEVEL 3u
#define GUEST_PROGRAM 56u
#define NAME_BYTES 16u

bool
facility_is_there(unsigned number)
{
	static uint64_t list[LIST_WORDS];
	register uint64_t last __asm__("0") = LIST_WORDS - 1;

	if (list[0] == 0)
		__asm__ volatile("stfle %0" : "=Q"(list), "+d"(last)::"cc", "memory");
	return number < LIST_WORDS * 64 && (list[number / 64] >> (63 - number % 64) & 1) != 0;
}

const char *
arch_cpu_model(void)
{
	static char model[32];
	uint64_t id;

	__asm__ volatile("stidp %0" : "=Q"(id));
	print_into(model, sizeof(model), "machine type %04x", (unsigned)(id >> 16 & 0xffff));
	return model;
}

/* Stores block LEVEL.ONE.TWO; false when there is none. */
static bool
information(unsigned level, unsigned one, unsigned two, uint8_t *block)
{
	register uint64_t which __asm__("0") = level << 28 | one;
	register uint64_t rest __asm__("1") = two;
	unsigned cc;

	__asm__ volatile("stsi 0(%3)\n\tipm %0\n\tsrl %0, 28"
			 : "=d"(cc), "+d"(which)
			 : "d"(rest), "a"(block)
			 : "cc", "memory");
	return cc == 0;
}

/* A name of EBCDIC: letters, and a slash; what is behind a blank or another sign is left out. */
static size_t
name_text(const uint8_t *name, char text[NAME_BYTES])
{
	static const struct {
		uint8_t first, last;
		char as;
	} ranges[] = {{0xc1, 0xc9, 'A'}, {0xd1, 0xd9, 'J'}, {0xe2, 0xe9, 'S'}, {0x81, 0x89, 'a'},
		      {0x91, 0x99, 'j'}, {0xa2, 0xa9, 's'}, {0x61, 0x61, '/'}};
	size_t length = 0;

	while (length < NAME_BYTES) {
		uint8_t sign = name[length];
		unsigned i = 0;

		while (i < sizeof(ranges) / sizeof(ranges[0]) &&
		       (sign < ranges[i].first || sign > ranges[i].last))
			i++;
		if (i == sizeof(ranges) / sizeof(ranges[0]))
			break;
		text[length++] = (char)(ranges[i].as + (sign - ranges[i].first));
	}
	return length;
}

/* QEMU's emulation shows the face of KVM, but says that it made the machine, as KVM does not. */
void
arch_hypervisor_clues(struct hypervisor_clues *clues)
{
	static _Alignas(4096) uint8_t block[INFORMATION_BYTES];
	char text[NAME_BYTES];
	size_t length;

	if (information(MACHINE_LEVEL, 1, 1, block)) {
		length = name_text(block + MACHINE_MAKER, text);
		hypervisor_add_word(clues, text, length);
		if (length == 4 && memcmp(text, "QEMU", 4) == 0) {
			hypervisor_add_face(clues, "TCGTCGTCGTCG", 12);
			return;
		}
	}
	if (information(GUEST_LEVEL, 2, 2, block))
		hypervisor_add_face(clues, text, name_text(block + GUEST_PROGRAM, text));
}
