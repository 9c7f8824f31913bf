/* SPDX-License-Identifier: MIT */
/*
 * The table [virtio_block], and what would be right where it is wrong: see orion/configuration.h.
 */
#include "orion/configuration.h"
#include "orion/texts.h"
#include "orion/vblk.h"

#include "message.h"
#include "names.h"
#include "src/base/check.h"
#include "src/base/memory.h"
#include "src/base/num.h"
#include "toml.h"

_Static_assert(ORION_OPTION_COUNT <= 32, "one bit for each option in GIVEN");

#define TABLE "virtio_block"
/* At most so many characters away from a name of ours, another is a slip. */
#define SLIPS 3u

static const char *const schedulers[] = {
	[ORION_SCHEDULER_NONE] = "none",
	[ORION_SCHEDULER_DEADLINE] = "deadline",
};

/* The state of reading one file. */
struct parse {
	struct orion_options options;
	struct orion_options_error *error;
	bool inside;            /* the current table is ours */
	bool root;              /* no table header yet */
	bool seen_table;
	uint32_t line[ORION_OPTION_COUNT]; /* where the key was given; 0: not */
	struct features {
		uint64_t set;   /* of the array that is being read */
		bool unknown;   /* it has an element that names no feature: */
		char name[TOML_STRING_BYTES];
	} features;
};

/* The option with the name nearest to NAME, at most MOST changes away; NULL: none. */
static const struct orion_option *
nearest(const char *name, unsigned most)
{
	const struct orion_option *best = NULL;

	for (unsigned i = 0; i < ORION_OPTION_COUNT; i++) {
		unsigned far = orion_name_distance(name, orion_option_table[i].name);

		if (far <= most && (best == NULL || far < most)) {
			most = far;
			best = &orion_option_table[i];
		}
	}
	return best;
}

/* Adds "did you mean" when an option is near to NAME: more than half of it right. */
static void
suggest(struct orion_options_error *error, const char *name)
{
	unsigned length = 0;

	while (name[length] != '\0')
		length++;
	if (length < 2)
		return;

	const struct orion_option *best = nearest(name, num_min32(length / 2, 7) - 1);

	if (best != NULL) {
		orion_message_add(error, "; did you mean ");
		orion_message_add(error, best->name);
		orion_message_add(error, "?");
	}
}

/* Says what would be right for OPTION. */
static orion_status
refuse(struct orion_options_error *error, uint32_t line, const struct orion_option *option,
       const char *what)
{
	orion_message_start(error, line, option->name);
	orion_message_add(error, what);
	switch (option->kind) {
	case ORION_OPTION_NUMBER:
		orion_message_add(error, "; it has to be a number from ");
		orion_message_add_number(error, option->least);
		orion_message_add(error, " to ");
		orion_message_add_number(error, option->most);
		break;
	case ORION_OPTION_BYTES:
		orion_message_add(error, "; it has to be a size from ");
		orion_message_add_bytes(error, option->least);
		orion_message_add(error, " to ");
		orion_message_add_bytes(error, option->most);
		orion_message_add(error, ", in bytes or as a text such as \"2MB\"");
		break;
	case ORION_OPTION_SWITCH:
		orion_message_add(error, "; it has to be true or false");
		break;
	case ORION_OPTION_SCHEDULER:
		orion_message_add(error, "; it has to be \"none\" or \"deadline\"");
		break;
	case ORION_OPTION_FEATURES:
		orion_message_add(error, "; it has to be an array of names of features, such as "
					 "[\"VIRTIO_BLK_F_MQ\", \"event_idx\"]");
		break;
	}
	return ORION_INVALID;
}

void
orion_options_explain(const struct orion_options *options, struct orion_options_error *error)
{
	const struct orion_option *wrong;

	orion_message_start(error, 0, NULL);
	if (orion_options_check(options, &wrong) == ORION_OK)
		return;
	if (wrong->kind != ORION_OPTION_FEATURES) {
		(void)refuse(error, 0, wrong, "out of range");
		return;
	}
	orion_message_start(error, 0, wrong->name);
	orion_message_add(error, "a feature cannot be both required and switched off");
}

/* The power of two that the unit TEXT stands for ("", "B", "kB", "KiB", "m", ...), or -1. */
static int
unit_shift(const char *text)
{
	static const char prefixes[] = "kmgt";
	int shift = 0;

	while (*text == ' ')
		text++;
	if (orion_name_equal(text, "") || orion_name_equal(text, "B"))
		return 0;
	for (int i = 0; prefixes[i] != '\0'; i++) {
		if (*text == prefixes[i] || *text == prefixes[i] - 'a' + 'A')
			shift = 10 * (i + 1);
	}
	if (shift == 0)
		return -1;
	text++;
	return orion_name_equal(text, "") || orion_name_equal(text, "B") ||
			       orion_name_equal(text, "iB")
		       ? shift
		       : -1;
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

static bool
read_scheduler(const struct toml_value *value, uint64_t *number)
{
	for (unsigned i = 0; i < COUNT_OF(schedulers); i++) {
		if (!value->cut && orion_name_equal(value->string, schedulers[i])) {
			*number = i;
			return true;
		}
	}
	return false;
}

/* The number that VALUE means for OPTION; false when its type is wrong, *WHAT says how. */
static bool
interpret(const struct parse *parse, const struct orion_option *option,
	  const struct toml_value *value, uint64_t *number, const char **what)
{
	*what = "wrong type of value";
	switch (option->kind) {
	case ORION_OPTION_SWITCH:
		*number = value->boolean;
		return value->type == TOML_BOOLEAN;
	case ORION_OPTION_SCHEDULER:
		if (value->type != TOML_STRING)
			return false;
		*what = "unknown scheduler";
		return read_scheduler(value, number);
	case ORION_OPTION_FEATURES:
		*number = parse->features.set;
		return value->type == TOML_ARRAY;
	case ORION_OPTION_BYTES:
	case ORION_OPTION_NUMBER:
		break;
	}
	if (value->type == TOML_INTEGER) {
		*number = value->magnitude;
		*what = "negative";
		return !value->negative || value->magnitude == 0;
	}
	if (value->type == TOML_STRING && option->kind == ORION_OPTION_BYTES) {
		*what = "not a size";
		return !value->cut && read_bytes(value->string, number);
	}
	return false;
}

/* An element of an array: of a set of features, perhaps. */
static void
take_element(void *context, const struct toml_value *value)
{
	struct features *features = context;
	int bit =
		value->type == TOML_STRING && !value->cut ? orion_feature_find(value->string) : -1;

	if (bit >= 0) {
		features->set |= UINT64_C(1) << bit;
	} else if (!features->unknown) {
		features->unknown = true;
		memcpy(features->name, value->string, sizeof(features->name));
	}
}

static orion_status
refuse_key(struct parse *parse, uint32_t line, const char *key, const char *text)
{
	orion_message_start(parse->error, line, key);
	orion_message_add(parse->error, text);
	return ORION_INVALID;
}

static orion_status
refuse_feature(struct parse *parse, uint32_t line, const char *key)
{
	const char *name = parse->features.name;
	int near = orion_feature_near(name);

	(void)refuse_key(parse, line, key, "\"");
	orion_message_add(parse->error, name);
	orion_message_add(parse->error, "\" names no feature of a block device");
	if (near >= 0) {
		orion_message_add(parse->error, "; did you mean ");
		orion_message_add(parse->error, vblk_feature_name((unsigned)near));
		orion_message_add(parse->error, "?");
	}
	return ORION_INVALID;
}

/* Whether NAME, of a table or of a key before any, is ours but for a slip. */
static bool
is_slip(const char *name)
{
	return orion_name_distance(name, TABLE) <= SLIPS;
}

/* A table, or a key before any, that is not ours. */
static orion_status
pass_foreign(struct parse *parse, uint32_t line, const struct toml_key *key)
{
	if (is_slip(key->part[0])) {
		return refuse_key(parse, line, key->part[0],
				  "unknown table; did you mean [" TABLE "]?");
	}
	if (key->parts > 1 && is_slip(key->part[1])) {
		return refuse_key(parse, line, key->part[1],
				  "the table [" TABLE "] lies in no other table");
	}
	return ORION_OK;
}

static orion_status
take_header(struct parse *parse, const struct toml_item *item)
{
	parse->root = false;
	parse->inside = false;
	if (!orion_name_equal(item->key.part[0], TABLE))
		return pass_foreign(parse, item->line, &item->key);
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
	const struct orion_option *option = orion_option_table;
	uint64_t number = 0;
	const char *what = "";
	unsigned i = 0;

	while (i < ORION_OPTION_COUNT && !orion_name_equal(option[i].name, name))
		i++;
	if (i == ORION_OPTION_COUNT) {
		refuse_key(parse, line, name, "unknown key");
		suggest(parse->error, name);
		return ORION_INVALID;
	}
	option += i;
	if (parse->line[i] != 0)
		return refuse_key(parse, line, name, "this key is given twice; remove one of them");
	parse->line[i] = line;
	if (!interpret(parse, option, value, &number, &what))
		return refuse(parse->error, line, option, what);
	if (option->kind == ORION_OPTION_FEATURES && parse->features.unknown)
		return refuse_feature(parse, line, name);
	if (number < option->least || number > option->most)
		return refuse(parse->error, line, option, "out of range");
	orion_option_put(&parse->options, option, number);
	return ORION_OK;
}

/* A key before any table header. */
static orion_status
take_root(struct parse *parse, const struct toml_item *item)
{
	const struct toml_key *key = &item->key;

	if (!orion_name_equal(key->part[0], TABLE)) {
		if (nearest(key->part[0], 1) != NULL) {
			return refuse_key(parse, item->line, key->part[0],
					  "stands before any table; put a line [" TABLE
					  "] above it");
		}
		return pass_foreign(parse, item->line, key);
	}
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

static orion_status
take_pair(struct parse *parse, const struct toml_item *item)
{
	if (parse->root)
		return take_root(parse, item);
	if (!parse->inside)
		return ORION_OK;
	if (item->key.parts > 1) {
		return refuse_key(parse, item->line, item->key.part[0],
				  "a key of [" TABLE "] has no keys inside");
	}
	return take_option(parse, item->line, item->key.part[0], &item->value);
}

/* The line that gives the option at OFFSET; 0: none does. */
static uint32_t
line_of(const struct parse *parse, size_t offset)
{
	unsigned i = 0;

	while (orion_option_table[i].offset != offset)
		i++;
	return parse->line[i];
}

#define LINE_OF(parse, field) line_of(parse, offsetof(struct orion_options, field))

/* A wish above its own limit, both given, is a mistake; a default above it is just cut. */
#define CONTRADICT(parse, wish, limit)                                                            \
	((parse)->options.wish > (parse)->options.limit && LINE_OF(parse, wish) != 0 &&           \
	 LINE_OF(parse, limit) != 0)

/* What only all the keys together show. */
static orion_status
finish(struct parse *parse)
{
	if (CONTRADICT(parse, queue_count, device_max_queues)) {
		return refuse_key(parse, LINE_OF(parse, queue_count), "queue_count",
				  "more queues than device_max_queues allows; lower the one or "
				  "raise the other");
	}
	if (CONTRADICT(parse, queue_depth, device_max_queue_depth)) {
		return refuse_key(parse, LINE_OF(parse, queue_depth), "queue_depth",
				  "deeper than device_max_queue_depth allows; lower the one or "
				  "raise the other");
	}
	if (orion_options_check(&parse->options, NULL) == ORION_OK)
		return ORION_OK;
	orion_options_explain(&parse->options, parse->error);
	parse->error->line = LINE_OF(parse, features_required);
	return ORION_INVALID;
}

orion_status
orion_options_parse(const char *text, size_t length, struct orion_options *options, uint32_t *given,
		    struct orion_options_error *error)
{
	struct parse parse = {.options = *options, .error = error, .root = true};
	struct toml_reader reader;
	struct toml_item item;
	orion_status status = ORION_OK;

	if (!orion_toml_open(&reader, text, length, error))
		return ORION_INVALID;
	reader.element = take_element;
	reader.context = &parse.features;
	while (status == ORION_OK) {
		memset(&parse.features, 0, sizeof(parse.features));
		if (!orion_toml_next(&reader, &item))
			return ORION_INVALID;
		if (item.kind == TOML_END)
			break;
		status = item.kind == TOML_PAIR ? take_pair(&parse, &item)
						: take_header(&parse, &item);
	}
	if (status == ORION_OK)
		status = finish(&parse);
	if (status != ORION_OK)
		return status;
	*options = parse.options;
	if (given == NULL)
		return ORION_OK;
	*given = 0;
	for (unsigned i = 0; i < ORION_OPTION_COUNT; i++)
		*given |= (uint32_t)(parse.line[i] != 0) << i;
	return ORION_OK;
}
