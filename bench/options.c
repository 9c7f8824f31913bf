/* SPDX-License-Identifier: MIT */
/* The benchmarks' command line.  The manual is options.h. */
#include "bench/options.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orion/units.h"

static const char *program = "bench";

_Noreturn void
bench_fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", program, what);
	exit(2);
}

struct word {
	const char *text;
	size_t offset;
	bool value;
};

struct number {
	const char *text;
	size_t offset;
	unsigned long max;
};

#define AT(field) offsetof(struct bench_options, field)

static const struct word words[] = {
	{"packed", AT(packed), true},     {"split", AT(packed), false},
	{"direct", AT(direct), true},     {"table", AT(direct), false},
	{"event", AT(event_index), true}, {"plain", AT(event_index), false},
	{"inorder", AT(in_order), true},  {"polled", AT(polled), true},
	{"core", AT(core), true},         {"armed", AT(armed), true},
	{"check", AT(check), true},
};

static const struct number numbers[] = {
	{"batch", AT(batch), 256},  {"depth", AT(depth), 1024},   {"size", AT(size), 32768},
	{"queues", AT(queues), 16}, {"devices", AT(devices), 32},
};

static bool
set_word(struct bench_options *options, const char *text)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(text, words[i].text) == 0) {
			*(bool *)((char *)options + words[i].offset) = words[i].value;
			return true;
		}
	return false;
}

/* The number after the '=' in TEXT, 1 to MAX. */
static unsigned long
number_of(const char *text, unsigned long max)
{
	char message[100];
	uint64_t value;

	if (orion_units_number(strchr(text, '=') + 1, &value) && value >= 1 && value <= max)
		return value;
	snprintf(message, sizeof(message), "%.40s: the number must be 1 to %lu", text, max);
	bench_fail(message);
}

static bool
set_number(struct bench_options *options, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t length = equals == NULL ? 0 : (size_t)(equals - text);

	if (length == 5 && strncmp(text, "count", 5) == 0) {
		options->count = number_of(text, 1000000000);
		return true;
	}
	for (size_t i = 0; equals != NULL && i < sizeof(numbers) / sizeof(*numbers); i++)
		if (strlen(numbers[i].text) == length && !strncmp(text, numbers[i].text, length)) {
			*(unsigned *)(void *)((char *)options + numbers[i].offset) =
				(unsigned)number_of(text, numbers[i].max);
			return true;
		}
	return false;
}

struct bench_options
bench_options(int argc, char **argv)
{
	struct bench_options options = {.event_index = true,
					.batch = 1,
					.size = 256,
					.queues = 1,
					.devices = 1,
					.count = 4096};
	char message[100];

	program = argv[0];
	for (int i = 1; i < argc; i++)
		if (!set_word(&options, argv[i]) && !set_number(&options, argv[i])) {
			snprintf(message, sizeof(message), "%.40s: see bench/options.h", argv[i]);
			bench_fail(message);
		}
	if (options.depth == 0)
		options.depth = options.batch;
	if (options.depth < options.batch)
		bench_fail("depth is less than batch");
	return options;
}
