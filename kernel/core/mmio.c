/* SPDX-License-Identifier: MIT */
/* Places of virtio devices: see mmio.h. */
#include "kernel/core/mmio.h"

#include "kernel/core/print.h"
#include "kernel/core/string.h"

#define WORD "virtio_mmio.device="
#define WORD_SHOWN_MAX 60

/* ACPI's name for a virtio device, and its two resource descriptors: tag and length in bytes. */
#define AML_NAME "LNRO0005"
#define AML_REACH 160u          /* from the name, further than any template */
#define AML_MEMORY_BYTES 12u    /* 0x86, 9, 0, flags, base, length */
#define AML_IRQ_BYTES 9u        /* 0x89, 6, 0, flags, count, number */

static struct mmio_place places[MMIO_PLACES_MAX];
static unsigned place_count;

void
mmio_enter(const struct mmio_place *place)
{
	for (unsigned i = 0; i < place_count; i++)
		if (places[i].address == place->address)
			return;
	if (place_count < MMIO_PLACES_MAX)
		places[place_count++] = *place;
}

/* ---- the command line ---- */

static unsigned
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

/* A decimal or 0x number that fits; *AT moves behind it. */
static bool
number(const char **at, uint64_t *out)
{
	unsigned base = 10;
	const char *first;
	uint64_t value = 0;

	if ((*at)[0] == '0' && ((*at)[1] == 'x' || (*at)[1] == 'X')) {
		base = 16;
		*at += 2;
	}
	for (first = *at; digit_of(**at) < base; (*at)++) {
		if (value > (UINT64_MAX >> 5))
			return false;
		value = value * base + digit_of(**at);
	}
	*out = value;
	return *at != first;
}

static bool
skip(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

static bool
is_end(char c)
{
	return c == '\0' || c == ' ' || c == '\t' || c == '\n';
}

/* SIZE@BASE:LINE, and perhaps :ID, which is a matter of names. */
static bool
place_of(const char *at, struct mmio_place *place)
{
	uint64_t line, id;

	if (!number(&at, &place->bytes))
		return false;
	if (skip(&at, 'K') || skip(&at, 'k'))
		place->bytes <<= 10;
	else if (skip(&at, 'M') || skip(&at, 'm'))
		place->bytes <<= 20;
	if (place->bytes == 0 || place->bytes > 1u << 30 || !skip(&at, '@') ||
	    !number(&at, &place->address) || !skip(&at, ':') || !number(&at, &line) ||
	    line >= UINT32_MAX)
		return false;
	place->line = (uint32_t)line;
	if (skip(&at, ':') && !number(&at, &id))
		return false;
	return is_end(*at);
}

void
mmio_from_command_line(const char *text)
{
	size_t prefix = sizeof(WORD) - 1, length;
	struct mmio_place place;

	for (; *text != '\0'; text += length) {
		while (*text != '\0' && is_end(*text))
			text++;
		for (length = 0; !is_end(text[length]); length++)
			;
		if (length < prefix || memcmp(text, WORD, prefix) != 0)
			continue;
		if (place_of(text + prefix, &place)) {
			mmio_enter(&place);
			continue;
		}
		kprint("command line: %.*s: SIZE@BASE:LINE is needed, such as 512@0xfeb00e00:12\n",
		       (int)(length < WORD_SHOWN_MAX ? length : WORD_SHOWN_MAX), text);
	}
}

/* ---- ACPI ---- */

static uint32_t
word_at(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

/* The first memory range and the first interrupt of the BYTES behind a device's name. */
static void
place_from_template(const uint8_t *code, size_t bytes)
{
	static const uint8_t memory[] = {0x86, 9, 0}, interrupt[] = {0x89, 6, 0};
	struct mmio_place place = {0, 0, UINT32_MAX};

	for (size_t at = 0; at < bytes; at++) {
		size_t left = bytes - at;

		if (left >= sizeof(AML_NAME) && memcmp(code + at, AML_NAME, sizeof(AML_NAME)) == 0)
			break;
		if (place.bytes == 0 && left >= AML_MEMORY_BYTES &&
		    memcmp(code + at, memory, sizeof(memory)) == 0) {
			place.address = word_at(code + at + 4);
			place.bytes = word_at(code + at + 8);
			at += AML_MEMORY_BYTES - 1;
		} else if (place.bytes != 0 && left >= AML_IRQ_BYTES && code[at + 4] == 1 &&
			   memcmp(code + at, interrupt, sizeof(interrupt)) == 0) {
			place.line = word_at(code + at + 5);
			break;
		}
	}
	if (place.bytes != 0)
		mmio_enter(&place);
}

void
mmio_from_aml(const uint8_t *code, size_t bytes)
{
	size_t name = sizeof(AML_NAME); /* its 0 is part of it */

	for (size_t at = 0; at + name <= bytes; at++) {
		size_t left = bytes - at - name;

		if (memcmp(code + at, AML_NAME, name) == 0)
			place_from_template(code + at + name, left < AML_REACH ? left : AML_REACH);
	}
}

unsigned
mmio_count(void)
{
	return place_count;
}

const struct mmio_place *
mmio_at(unsigned n)
{
	return n < place_count ? &places[n] : NULL;
}
