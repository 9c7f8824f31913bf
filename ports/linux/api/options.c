/* SPDX-License-Identifier: MIT */
/* URLs and options by name.  The manual is orion/disk.h. */
#include "ports/linux/disk.h"

#include "orion/units.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As many bytes as the first such struct had. */
#define OPTIONS_BYTES_MIN (offsetof(struct orion_disk_options, event_argument) + sizeof(void *))

int
error_set(struct orion_error *error, int result, const char *format, ...)
{
	va_list arguments;

	if (error != NULL) {
		va_start(arguments, format);
		vsnprintf(error->text, sizeof(error->text), format, arguments);
		va_end(arguments);
	}
	return result;
}

static struct orion_disk_options
defaults(void)
{
	return (struct orion_disk_options){
		.size = sizeof(struct orion_disk_options),
		.queues = 1,
		.depth = 128,
		.wait = ORION_WAIT_ADAPTIVE,
		.poll_us = 100,
		.answer_ms = 5000,
		.loss_ms = 60000,
		.bounce_kb = 4096,
		.packed = true,
	};
}

int
orion_disk_options_init_sized(struct orion_disk_options *options, size_t size)
{
	struct orion_disk_options own = defaults();

	if (options == NULL || size < OPTIONS_BYTES_MIN)
		return -EINVAL;
	/* What a later header has is nothing here, and open refuses it. */
	memset(options, 0, size);
	own.size = size;
	memcpy(options, &own, size < sizeof(own) ? size : sizeof(own));
	return 0;
}

static int
check_size(size_t size, struct orion_error *error)
{
	if (size < OPTIONS_BYTES_MIN)
		return error_set(error, -EINVAL,
				 "the options' size is %zu, less than any such struct has: call "
				 "orion_disk_options_init() first",
				 size);
	if (size > sizeof(struct orion_disk_options))
		return error_set(error, -EINVAL,
				 "the options have %zu bytes, and this library knows %zu: the "
				 "program is made for a newer one",
				 size, sizeof(struct orion_disk_options));
	return 0;
}

int
options_take(struct orion_disk_options *to, const struct orion_disk_options *from,
	     struct orion_error *error)
{
	int result = from == NULL ? 0 : check_size(from->size, error);

	*to = defaults();
	if (from == NULL || result != 0)
		return result;
	memcpy(to, from, from->size);
	to->size = sizeof(*to);
	return 0;
}

/* ---- values ---- */

/* How a number is read, and how many units of orion/units.h are one of the field's. */
struct measure {
	bool (*read)(const char *text, uint64_t *value);
	uint64_t units;
};

static const struct measure plain = {orion_units_number, 1};
static const struct measure microseconds = {orion_units_duration, 1000};
static const struct measure milliseconds = {orion_units_duration, 1000000};
static const struct measure kilobytes = {orion_units_size, 1024};

/* Rounded up: something is never nothing, which may mean "for ever". */
static bool
read_number(const char *text, const struct measure *measure, uint64_t *value)
{
	if (!measure->read(text, value))
		return false;
	*value = *value / measure->units + (*value % measure->units != 0);
	/* Memory comes in whole pages of 4 KiB. */
	if (measure == &kilobytes)
		*value = (*value + 3) & ~UINT64_C(3);
	return true;
}

struct number_option {
	const char *name;
	size_t offset;
	const struct measure *measure;
	uint32_t least, most;
	const char *right;      /* what would be right */
};

#define RING_RIGHT "4 to 1024 descriptors, or 0: as many as the depth needs"
#define AT(field) offsetof(struct orion_disk_options, field)

static const struct number_option numbers[] = {
	{"queues", AT(queues), &plain, 1, ORION_DISK_QUEUES_MAX, "1 to 16"},
	{"depth", AT(depth), &plain, 1, 1024, "1 to 1024 requests"},
	{"ring", AT(ring), &plain, 0, LINK_RING_MAX, RING_RIGHT},
	{"poll", AT(poll_us), &microseconds, 0, 1000000, "0us to 1s, such as 50us"},
	{"answer", AT(answer_ms), &milliseconds, 10, 3600000, "10ms to 1h, such as 5s"},
	{"connect", AT(connect_ms), &milliseconds, 0, 3600000, "0 to 1h, such as 10s"},
	{"loss", AT(loss_ms), &milliseconds, 0, 3600000, "0 (for ever) to 1h, such as 60s"},
	{"deadline", AT(deadline_ms), &milliseconds, 0, 3600000, "0 (none) to 1h, such as 30s"},
	{"bounce", AT(bounce_kb), &kilobytes, 64, 1024 * 1024, "64k to 1G, such as 4M"},
};

struct switch_option {
	const char *name;
	size_t offset;
};

static const struct switch_option switches[] = {
	{"durable", AT(durable)}, {"read-only", AT(read_only)}, {"packed", AT(packed)},
	{"publish", AT(publish)}, {"unsealed", AT(unsealed)},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Whether OPTIONS, as the program that made them knows them, have BYTES at OFFSET. */
static int
check_room(const struct orion_disk_options *options, size_t offset, size_t bytes, const char *name,
	   struct orion_error *error)
{
	if (offset + bytes <= options->size)
		return 0;
	return error_set(error, -EINVAL,
			 "%s: the program is made for a library that had no such option", name);
}

static int
set_switch(struct orion_disk_options *options, const struct switch_option *option,
	   const char *value, struct orion_error *error)
{
	bool *field = (bool *)((char *)options + option->offset);

	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return error_set(error, -EINVAL, "%s=%s: it is on or off", option->name, value);
	if (check_room(options, option->offset, sizeof(*field), option->name, error) != 0)
		return -EINVAL;
	*field = strcmp(value, "on") == 0;
	return 0;
}

static int
set_number(struct orion_disk_options *options, const struct number_option *option,
	   const char *value, struct orion_error *error)
{
	uint32_t *field = (uint32_t *)(void *)((char *)options + option->offset);
	uint64_t number;

	if (!read_number(value, option->measure, &number) || number < option->least ||
	    number > option->most)
		return error_set(error, -EINVAL, "%s=%s: it must be %s", option->name, value,
				 option->right);
	if (check_room(options, option->offset, sizeof(*field), option->name, error) != 0)
		return -EINVAL;
	*field = (uint32_t)number;
	return 0;
}

static int
set_wait(struct orion_disk_options *options, const char *value, struct orion_error *error)
{
	static const char *const names[] = {
		[ORION_WAIT_ADAPTIVE] = "adaptive",
		[ORION_WAIT_POLL] = "poll",
		[ORION_WAIT_EVENT] = "event",
	};

	for (unsigned i = 0; i < COUNT(names); i++) {
		if (strcmp(value, names[i]) == 0) {
			options->wait = (orion_wait)i;
			return 0;
		}
	}
	return error_set(error, -EINVAL, "wait=%s: it must be adaptive, poll or event", value);
}

static int
set_known(struct orion_disk_options *options, const char *name, const char *value,
	  struct orion_error *error)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		if (strcmp(name, numbers[i].name) == 0)
			return set_number(options, &numbers[i], value, error);
	}
	for (size_t i = 0; i < COUNT(switches); i++) {
		if (strcmp(name, switches[i].name) == 0)
			return set_switch(options, &switches[i], value, error);
	}
	if (strcmp(name, "wait") == 0)
		return set_wait(options, value, error);
	return error_set(
		error, -EINVAL,
		"there is no option \"%.40s\"; there are queues, depth, ring, wait, poll, answer, "
		"connect, loss, deadline, bounce, durable, read-only, packed, publish, unsealed",
		name);
}

int
orion_disk_options_set(struct orion_disk_options *options, const char *name, const char *value,
		       struct orion_error *error)
{
	int result;

	if (options == NULL || name == NULL || value == NULL)
		return error_set(error, -EINVAL, "orion_disk_options_set(): an argument is NULL");
	result = check_size(options->size, error);
	return result != 0 ? result : set_known(options, name, value, error);
}

/* ---- URLs ---- */

/* Replaces %xx by bytes, in place; false when it is none, or a NUL. */
static bool
decode(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++, to++) {
		*to = *text;
		if (*text != '%')
			continue;
		if (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
			return false;
		*to = (char)strtoul((char[]){text[1], text[2], '\0'}, NULL, 16);
		if (*to == '\0')
			return false;
		text += 2;
	}
	*to = '\0';
	return true;
}

static int
parse_options(struct orion_disk_options *options, char *text, struct orion_error *error)
{
	while (text != NULL && *text != '\0') {
		char *next = strchr(text, '&'), *value;
		int result;

		if (next != NULL)
			*next++ = '\0';
		value = strchr(text, '=');
		if (value == NULL)
			return error_set(error, -EINVAL,
					 "\"%s\" has no value: options look like depth=64", text);
		*value++ = '\0';
		result = orion_disk_options_set(options, text, value, error);
		if (result != 0)
			return result;
		text = next;
	}
	return 0;
}

/* The options that a program gave may be out of range, too. */
static int
check_options(const struct orion_disk_options *options, struct orion_error *error)
{
	for (size_t i = 0; i < COUNT(numbers); i++) {
		uint32_t value = *(const uint32_t *)(const void *)((const char *)options +
								   numbers[i].offset);

		if (value < numbers[i].least || value > numbers[i].most)
			return error_set(error, -EINVAL, "%s=%u: it must be %s", numbers[i].name,
					 value, numbers[i].right);
	}
	if (options->ring != 0 && options->ring < LINK_RING_MIN)
		return error_set(error, -EINVAL, "ring=%u: it must be " RING_RIGHT, options->ring);
	if (options->wait > ORION_WAIT_EVENT)
		return error_set(error, -EINVAL, "wait=%u: it must be adaptive, poll or event",
				 (unsigned)options->wait);
	return 0;
}

int
url_parse(struct orion_disk *disk, const char *url, struct orion_error *error)
{
	const struct link_ops *link = link_find(url, &url);
	char text[1024], *options;
	int result;

	if (link == NULL)
		return error_set(error, -EINVAL,
				 "\"%.80s\" is no URL of a disk: it must look like %s", url,
				 link_example);
	if (strlen(url) >= sizeof(text))
		return error_set(error, -ENAMETOOLONG, "the URL is longer than %zu bytes",
				 sizeof(text) - 1);
	memcpy(text, url, strlen(url) + 1);
	options = strchr(text, '?');
	if (options != NULL)
		*options++ = '\0';
	if (!decode(text))
		return error_set(error, -EINVAL, "\"%.80s\": %% must be followed by two hex digits",
				 text);
	if (text[0] == '\0')
		return error_set(error, -EINVAL, "the URL names no %s: %s", link->target,
				 link_example);
	if (strlen(text) >= sizeof(disk->path))
		return error_set(error, -ENAMETOOLONG, "the %s's path is longer than %zu bytes",
				 link->target, sizeof(disk->path) - 1);
	memcpy(disk->path, text, strlen(text) + 1);
	disk->link = link;
	result = parse_options(&disk->options, options, error);
	return result != 0 ? result : check_options(&disk->options, error);
}
