/* SPDX-License-Identifier: MIT */
/*
 * The options: one table of keys with their types and ranges, from which reading, checking and
 * every error text follow.
 */
#include "orion/options.h"

#include "../base/check.h"
#include "../base/memory.h"
#include "../base/num.h"
#include "message.h"
#include "toml.h"

#define TABLE "virtio_block"

typedef enum option_kind {
	OPTION_NUMBER,          /* uint32_t */
	OPTION_BYTES,           /* uint64_t, an integer or a text such as "2MB" */
	OPTION_SWITCH,          /* bool */
	OPTION_SCHEDULER,       /* orion_scheduler */
} option_kind;

struct option {
	const char *name;
	option_kind kind;
	size_t offset;
	uint64_t least, most;
};

#define KB UINT64_C(1024)
#define MB (KB * 1024)
#define GB (MB * 1024)

#define OPTION(name, kind, least, most)                                                           \
	{                                                                      \
#name, kind, offsetof(struct orion_options, name), least, most \
	}

static const struct option table[] = {
	OPTION(device_max_count, OPTION_NUMBER, 1, 32),
	OPTION(device_max_queues, OPTION_NUMBER, 1, 16),
	/*
	 * Queue sizes of split rings are powers of two: another limit acts as the next lower one.
	 */
	OPTION(device_max_queue_depth, OPTION_NUMBER, 2, 1024),
	OPTION(device_max_sectors, OPTION_NUMBER, 8, 8388608),
	OPTION(queue_count, OPTION_NUMBER, 1, 16),
	OPTION(queue_depth, OPTION_NUMBER, 1, 1024),
	OPTION(queue_interrupt_coalescing, OPTION_SWITCH, 0, 1),
	OPTION(queue_interrupt_coalescing_time, OPTION_NUMBER, 0, 1000000),
	OPTION(queue_interrupt_coalescing_threshold, OPTION_NUMBER, 1, 1024),
	OPTION(read_ahead_size, OPTION_BYTES, 0, 1 * GB),
	OPTION(write_back_cache, OPTION_SWITCH, 0, 1),
	OPTION(write_back_cache_size, OPTION_BYTES, 0, 64 * GB),
	OPTION(io_scheduler, OPTION_SCHEDULER, 0, ORION_SCHEDULER_DEADLINE),
	OPTION(direct_io, OPTION_SWITCH, 0, 1),
	OPTION(shared_memory_size, OPTION_BYTES, 1 * MB, 64 * GB),
	OPTION(dma_enabled, OPTION_SWITCH, 0, 1),
	OPTION(zero_copy_enabled, OPTION_SWITCH, 0, 1),
	OPTION(batch_processing, OPTION_SWITCH, 0, 1),
};

_Static_assert(COUNT_OF(table) <= 32, "one bit for each key in struct parse");

static const char *const schedulers[] = {
	[ORION_SCHEDULER_NONE] = "none",
	[ORION_SCHEDULER_DEADLINE] = "deadline",
};

void
orion_options_default(struct orion_options *options)
{
	*options = (struct orion_options){
		.device_max_count = 32,
		.device_max_queues = 16,
		.device_max_queue_depth = 1024,
		.device_max_sectors = 65536,
		.queue_count = 4,
		.queue_depth = 256,
		.queue_interrupt_coalescing = true,
		.queue_interrupt_coalescing_time = 100,
		.queue_interrupt_coalescing_threshold = 4,
		.read_ahead_size = 2 * MB,
		.write_back_cache = true,
		.write_back_cache_size = 256 * MB,
		.io_scheduler = ORION_SCHEDULER_NONE,
		.direct_io = true,
		.shared_memory_size = 512 * MB,
		.dma_enabled = true,
		.zero_copy_enabled = true,
		.batch_processing = true,
	};
}

static bool
equal(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Number of single-character changes between A and B, both shorter than TOML_KEY_BYTES. */
static unsigned
distance(const char *a, const char *b)
{
	unsigned row[TOML_KEY_BYTES];
	unsigned width = 0;

	for (row[0] = 0; b[width] != '\0' && width + 1 < TOML_KEY_BYTES; width++)
		row[width + 1] = width + 1;
	for (unsigned i = 0; a[i] != '\0'; i++) {
		unsigned corner = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < width; j++) {
			unsigned best = corner + (a[i] != b[j]);

			corner = row[j + 1];
			best = num_min32(best, corner + 1);
			row[j + 1] = num_min32(best, row[j] + 1);
		}
	}
	return row[width];
}

/* Adds "did you mean" when a key is near to NAME: at least half of it right. */
static void
suggest(struct orion_options_error *error, const char *name)
{
	const struct option *best = NULL;
	unsigned best_distance = 0;

	while (name[best_distance] != '\0')
		best_distance++;
	best_distance = num_min32(best_distance / 2, 7);
	for (unsigned i = 0; i < COUNT_OF(table); i++) {
		unsigned d = distance(name, table[i].name);

		if (d < best_distance) {
			best_distance = d;
			best = &table[i];
		}
	}
	if (best != NULL) {
		orion_message_add(error, "; did you mean ");
		orion_message_add(error, best->name);
		orion_message_add(error, "?");
	}
}

/* Says what would be right for OPTION. */
static orion_status
refuse(struct orion_options_error *error, uint32_t line, const struct option *option,
       const char *what)
{
	orion_message_start(error, line, option->name);
	orion_message_add(error, what);
	switch (option->kind) {
	case OPTION_NUMBER:
		orion_message_add(error, "; it has to be a number from ");
		orion_message_add_number(error, option->least);
		orion_message_add(error, " to ");
		orion_message_add_number(error, option->most);
		break;
	case OPTION_BYTES:
		orion_message_add(error, "; it has to be a size from ");
		orion_message_add_bytes(error, option->least);
		orion_message_add(error, " to ");
		orion_message_add_bytes(error, option->most);
		orion_message_add(error, ", in bytes or as a text such as \"2MB\"");
		break;
	case OPTION_SWITCH:
		orion_message_add(error, "; it has to be true or false");
		break;
	case OPTION_SCHEDULER:
		orion_message_add(error, "; it has to be \"none\" or \"deadline\"");
		break;
	}
	return ORION_INVALID;
}

static uint64_t
get(const struct orion_options *options, const struct option *option)
{
	const unsigned char *at = (const unsigned char *)options + option->offset;
	uint32_t number;
	uint64_t bytes;
	orion_scheduler scheduler;

	switch (option->kind) {
	case OPTION_NUMBER:
		memcpy(&number, at, sizeof(number));
		return number;
	case OPTION_BYTES:
		memcpy(&bytes, at, sizeof(bytes));
		return bytes;
	case OPTION_SCHEDULER:
		memcpy(&scheduler, at, sizeof(scheduler));
		return scheduler;
	case OPTION_SWITCH:
		break;
	}
	return *at;
}

static void
put(struct orion_options *options, const struct option *option, uint64_t value)
{
	unsigned char *at = (unsigned char *)options + option->offset;
	uint32_t number = (uint32_t)value;
	bool on = value != 0;
	orion_scheduler scheduler = (orion_scheduler)value;

	switch (option->kind) {
	case OPTION_NUMBER:
		memcpy(at, &number, sizeof(number));
		break;
	case OPTION_BYTES:
		memcpy(at, &value, sizeof(value));
		break;
	case OPTION_SCHEDULER:
		memcpy(at, &scheduler, sizeof(scheduler));
		break;
	case OPTION_SWITCH:
		memcpy(at, &on, sizeof(on));
		break;
	}
}

orion_status
orion_options_check(const struct orion_options *options, struct orion_options_error *error)
{
	struct orion_options_error unwanted;

	if (error == NULL)
		error = &unwanted;
	for (unsigned i = 0; i < COUNT_OF(table); i++) {
		uint64_t value = get(options, &table[i]);

		if (value < table[i].least || value > table[i].most)
			return refuse(error, 0, &table[i], "out of range");
	}
	if ((options->features_required & options->features_off) != 0) {
		orion_message_start(error, 0, "features_required");
		orion_message_add(error, "a feature cannot be both required and switched off");
		return ORION_INVALID;
	}
	return ORION_OK;
}

/* The power of two that the unit TEXT stands for ("", "B", "kB", "KiB", "m", ...), or -1. */
static int
unit_shift(const char *text)
{
	static const char prefixes[] = "kmgt";
	int shift = 0;

	while (*text == ' ')
		text++;
	if (equal(text, "") || equal(text, "B"))
		return 0;
	for (int i = 0; prefixes[i] != '\0'; i++) {
		if (*text == prefixes[i] || *text == prefixes[i] - 'a' + 'A')
			shift = 10 * (i + 1);
	}
	if (shift == 0)
		return -1;
	text++;
	return equal(text, "") || equal(text, "B") || equal(text, "iB") ? shift : -1;
}

/* A size such as "2MB"; UINT64_MAX when it does not fit.  False when TEXT is none. */
static bool
read_bytes(const char *text, uint64_t *bytes)
{
	uint64_t value = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		if (!num_mul64(value, 10, &value) ||
		    !num_add64(value, (uint64_t)(*at - '0'), &value)) {
			value = UINT64_MAX;
		}
	}

	int shift = unit_shift(at);

	if (at == text || shift < 0)
		return false;
	*bytes = num_mul64(value, UINT64_C(1) << shift, &value) ? value : UINT64_MAX;
	return true;
}

/* The number that VALUE means for OPTION; false when its type is wrong, *WHAT says how. */
static bool
interpret(const struct option *option, const struct toml_value *value, uint64_t *number,
	  const char **what)
{
	*what = "wrong type of value";
	if (option->kind == OPTION_SWITCH) {
		*number = value->boolean;
		return value->type == TOML_BOOLEAN;
	}
	if (option->kind == OPTION_SCHEDULER) {
		if (value->type != TOML_STRING)
			return false;
		*what = "unknown scheduler";
		for (unsigned i = 0; i < COUNT_OF(schedulers); i++) {
			if (!value->cut && equal(value->string, schedulers[i])) {
				*number = i;
				return true;
			}
		}
		return false;
	}
	if (value->type == TOML_INTEGER) {
		*number = value->magnitude;
		*what = "negative";
		return !value->negative || value->magnitude == 0;
	}
	if (value->type == TOML_STRING && option->kind == OPTION_BYTES) {
		*what = "not a size";
		return !value->cut && read_bytes(value->string, number);
	}
	return false;
}

/* The state of reading one file. */
struct parse {
	struct orion_options options;
	struct orion_options_error *error;
	bool inside;            /* the current table is ours */
	bool root;              /* no table header yet */
	bool seen_table;
	uint32_t seen_keys;     /* bit i: table[i] was given */
};

static orion_status
refuse_key(struct parse *parse, uint32_t line, const char *key, const char *text)
{
	orion_message_start(parse->error, line, key);
	orion_message_add(parse->error, text);
	return ORION_INVALID;
}

static orion_status
take_header(struct parse *parse, const struct toml_item *item)
{
	parse->root = false;
	parse->inside = false;
	if (!equal(item->key.part[0], TABLE))
		return ORION_OK;
	if (item->key.parts > 1) {
		return refuse_key(parse, item->line, item->key.part[1],
				  "[" TABLE "] has no tables inside");
	}
	if (item->kind == TOML_TABLE_ARRAY) {
		return refuse_key(parse, item->line, TABLE,
				  "written as [[" TABLE "]]; it is one table: [" TABLE "]");
	}
	if (parse->seen_table) {
		return refuse_key(parse, item->line, TABLE,
				  "the table [" TABLE
				  "] is given twice; put all its keys into one");
	}
	parse->seen_table = true;
	parse->inside = true;
	return ORION_OK;
}

static orion_status
take_option(struct parse *parse, uint32_t line, const char *name, const struct toml_value *value)
{
	uint64_t number = 0;
	const char *what = "";
	unsigned i = 0;

	while (i < COUNT_OF(table) && !equal(table[i].name, name))
		i++;
	if (i == COUNT_OF(table)) {
		refuse_key(parse, line, name, "unknown key");
		suggest(parse->error, name);
		return ORION_INVALID;
	}
	if ((parse->seen_keys >> i & 1u) != 0)
		return refuse_key(parse, line, name, "this key is given twice; remove one of them");
	parse->seen_keys |= UINT32_C(1) << i;
	if (!interpret(&table[i], value, &number, &what))
		return refuse(parse->error, line, &table[i], what);
	if (number < table[i].least || number > table[i].most)
		return refuse(parse->error, line, &table[i], "out of range");
	put(&parse->options, &table[i], number);
	return ORION_OK;
}

static orion_status
take_pair(struct parse *parse, const struct toml_item *item)
{
	const struct toml_key *key = &item->key;

	if (parse->inside) {
		if (key->parts > 1) {
			return refuse_key(parse, item->line, key->part[0],
					  "a key of [" TABLE "] has no keys inside");
		}
		return take_option(parse, item->line, key->part[0], &item->value);
	}
	if (!parse->root || !equal(key->part[0], TABLE))
		return ORION_OK;
	if (key->parts == 1) {
		return refuse_key(parse, item->line, TABLE,
				  "write it as a table: a line [" TABLE "], then its keys");
	}
	/* virtio_block.queue_depth = 64 before any table header means the same as in the table. */
	parse->seen_table = true;
	if (key->parts > 2) {
		return refuse_key(parse, item->line, key->part[1],
				  "a key of [" TABLE "] has no keys inside");
	}
	return take_option(parse, item->line, key->part[1], &item->value);
}

orion_status
orion_options_parse(const char *text, size_t length, struct orion_options *options,
		    struct orion_options_error *error)
{
	struct parse parse = {.options = *options, .error = error, .root = true};
	struct toml_reader reader;
	struct toml_item item;

	if (!orion_toml_open(&reader, text, length, error))
		return ORION_INVALID;
	for (;;) {
		if (!orion_toml_next(&reader, &item))
			return ORION_INVALID;
		if (item.kind == TOML_END)
			break;

		orion_status status = item.kind == TOML_PAIR ? take_pair(&parse, &item)
							     : take_header(&parse, &item);

		if (status != ORION_OK)
			return status;
	}

	orion_status status = orion_options_check(&parse.options, error);

	if (status == ORION_OK)
		*options = parse.options;
	return status;
}
