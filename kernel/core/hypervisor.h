/* SPDX-License-Identifier: MIT */
/*
 * Who runs this machine: made out of what CPUs and firmware say of themselves.
 *
 * A hypervisor may show the face of another one too, or firmware of another one's making, so no
 * clue is taken alone.  (VMware's backdoor port is no clue here: QEMU answers there as well.)  What
 * cannot be told is not guessed: a Firecracker that gives no ACPI tables is KVM.
 */
#ifndef KERNEL_CORE_HYPERVISOR_H
#define KERNEL_CORE_HYPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HYPERVISOR_FACES_MAX 4u
#define HYPERVISOR_FACE_BYTES 13u
#define HYPERVISOR_WORDS_MAX 6u
#define HYPERVISOR_WORD_BYTES 48u
#define HYPERVISOR_TEXT_BYTES 96u

struct hypervisor_clues {
	/* Names by which hypervisors say what they are, in the order in which they are found. */
	char faces[HYPERVISOR_FACES_MAX][HYPERVISOR_FACE_BYTES];
	unsigned face_count;
	/* What firmware says of the machine and its maker. */
	char words[HYPERVISOR_WORDS_MAX][HYPERVISOR_WORD_BYTES];
	unsigned word_count;
};

/* Each adds a clue, cut where it is longer; those beyond the last place are dropped. */
void hypervisor_add_face(struct hypervisor_clues *clues, const char *text, size_t length);
void hypervisor_add_word(struct hypervisor_clues *clues, const char *text, size_t length);

/* A face as CPUID gives it: twelve characters in ebx, ecx and edx. */
void hypervisor_add_cpuid(struct hypervisor_clues *clues, uint32_t b, uint32_t c, uint32_t d);

/* "KVM (QEMU), also seen as Hyper-V", or "none found" into TEXT of BYTES. */
void hypervisor_describe(const struct hypervisor_clues *clues, char *text, size_t bytes);

#endif
