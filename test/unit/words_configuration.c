/* SPDX-License-Identifier: MIT */
/*
 * words/configuration.c, toml.c, toml_scalar.c, names.c; src/base/options.c: against Python's
 * TOML reader, and in words.
 */
#include <string.h>

#include "orion/configuration.h"
#include "test/harness.h"

static const struct {
	const char *text;
	uint64_t sum;           /* of the options; 0: has to be refused */
} oracle[] = {
#include "test/unit/toml_cases.h"
};

/* The same sum as in test/tools/toml_oracle.py. */
static uint64_t
sum_of(const struct orion_options *o)
{
	const uint64_t values[] = {
		o->device_max_count,
		o->device_max_queues,
		o->device_max_queue_depth,
		o->device_max_sectors,
		o->device_max_segments,
		o->queue_count,
		o->queue_depth,
		o->queue_interrupt_coalescing,
		o->queue_interrupt_coalescing_time,
		o->queue_interrupt_coalescing_threshold,
		o->read_ahead_size,
		o->write_back_cache,
		o->write_back_cache_size,
		o->io_scheduler,
		o->direct_io,
		o->shared_memory_size,
		o->dma_enabled,
		o->zero_copy_enabled,
		o->batch_processing,
		o->features_off,
		o->features_required,
	};
	uint64_t sum = 0;

	for (unsigned i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		sum = sum * UINT64_C(0x100000001b3) + values[i] + 1;
	return sum;
}

/* The text lies at the end of its memory, so that a sanitizer sees a read past it. */
static orion_status
parse(const char *text, size_t length, struct orion_options *options,
      struct orion_options_error *error)
{
	char *copy = test_alloc(length == 0 ? 1 : length);
	orion_status status;

	memcpy(copy, text, length);
	memset(error, 0xee, sizeof(*error));
	status = orion_options_parse(copy, length, options, NULL, error);
	test_free(copy);
	return status;
}

TEST(words_configuration__agree_with_the_oracle)
{
	struct orion_options options, before;
	struct orion_options_error error;

	for (unsigned i = 0; i < sizeof(oracle) / sizeof(oracle[0]); i++) {
		orion_options_default(&options);
		before = options;

		orion_status status =
			parse(oracle[i].text, strlen(oracle[i].text), &options, &error);

		test_note("case %u: %s", i, oracle[i].text);
		if (status == ORION_OK) {
			EXPECT_EQ(sum_of(&options), oracle[i].sum);
		} else {
			test_note("line %u, key %s: %s", error.line, error.key, error.text);
			EXPECT_EQ(0, oracle[i].sum);
			EXPECT_EQ(status, ORION_INVALID);
			EXPECT(error.line >= 1);
			EXPECT(strlen(error.text) > 10 && strlen(error.text) < sizeof(error.text));
			EXPECT(strlen(error.key) < sizeof(error.key));
			EXPECT_EQ(sum_of(&options), sum_of(&before));
		}
	}
}

/* No prefix of a text, and no byte in any place, reads past the end or hangs. */
TEST(words_configuration__survives_anything)
{
	struct orion_options options;
	struct orion_options_error error;

	for (unsigned i = 0; i < sizeof(oracle) / sizeof(oracle[0]); i++) {
		size_t length = strlen(oracle[i].text);
		char *copy = test_alloc(length + 1);

		orion_options_default(&options);
		for (size_t n = 0; n < length; n++)
			(void)parse(oracle[i].text, n, &options, &error);
		for (unsigned n = 0; n < 20 && length != 0; n++) {
			memcpy(copy, oracle[i].text, length);
			copy[test_random_below(length)] = (char)test_random();
			(void)parse(copy, length, &options, &error);
		}
		test_free(copy);
	}
}

TEST(words_configuration__errors_in_words)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *key;
		const char *says;
	} rows[] = {
		{"[virtio_block]\n\nqueue_count = 17\n", 3, "queue_count", "from 1 to 16"},
		{"[virtio_block]\nqueue_count = 2\nqueue_cuont = 3\n", 3, "queue_cuont",
		 "did you mean queue_count?"},
		{"[virtio_block]\ndma_enabled = 1\n", 2, "dma_enabled", "true or false"},
		{"[virtio_block]\nqueue_count 2\n", 2, "queue_count", "'=' was expected"},
		{"[virtio_block]\nio_scheduler = \"fast\"\n", 2, "io_scheduler",
		 "\"none\" or \"deadline\""},
		{"[virtio_block]\nread_ahead_size = \"2XB\"\n", 2, "read_ahead_size",
		 "from 0 to 1GiB, in bytes or as a text such as \"2MiB\""},
		{"[virtio_block]\nshared_memory_size = 1\n", 2, "shared_memory_size",
		 "from 1MiB to 64GiB"},
		{"[virtio_block]\nqueue_depth = 1\nqueue_depth = 1\n", 3, "queue_depth", "twice"},
		{"[virtio_block]\n\n[virtio_block]\n", 3, "virtio_block", "twice"},
		{"virtio_block = 1\n", 1, "virtio_block", "as a table"},
		{"[virtio_block]\nqueue_depth.a = 1\n", 2, "queue_depth", "no keys inside"},
		{"[a]\nb = \"x\n", 2, "b", "no closing quote"},
		{"a = [1,\n2\n3]\n", 3, "a", "',' or ']'"},
		{"a = \"\"\"\n\n\n", 4, "a", "no closing quote"},
		{"a = \xff\n", 1, "", "UTF-8"},
		{"a = 1\n\xed\xa0\x80\n", 2, "", "UTF-8"},
		{"a = 1\n\xc0\x80\n", 2, "", "UTF-8"},
		{"a = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", 1, "a",
		 "32 deep"},
		{"[virtio_blk]\n", 1, "virtio_blk", "did you mean [virtio_block]?"},
		{"a = 1\nqueue_count = 3\n", 2, "queue_count",
		 "put a line [virtio_block] above it"},
		{"[x.virtio_block]\n", 1, "virtio_block", "in no other table"},
		{"[virtio_block]\ndevice_max_queue_depth = 2\n", 2, "device_max_queue_depth",
		 "from 4 to 1024"},
		{"[virtio_block]\nqueue_count = 8\n\ndevice_max_queues = 2\n", 2, "queue_count",
		 "device_max_queues"},
		{"[virtio_block]\nfeatures_off = [\"ring_paked\"]\n", 2, "features_off",
		 "did you mean VIRTIO_F_RING_PACKED?"},
		{"[virtio_block]\nfeatures_off = \"mq\"\n", 2, "features_off", "an array of names"},
		{"[virtio_block]\nfeatures_required = [\"mq\"]\nfeatures_off = [\"mq\"]\n", 2,
		 "features_required", "both required and switched off"},
		{"[virtio_block]\nnothing_like_it_at_all = 3\n", 2, "nothing_like_it_at_all",
		 "unknown key"},
	};
	struct orion_options options;
	struct orion_options_error error;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		orion_options_default(&options);
		EXPECT_EQ(parse(rows[i].text, strlen(rows[i].text), &options, &error),
			  ORION_INVALID);
		test_note("%s -> line %u, key %s: %s", rows[i].text, error.line, error.key,
			  error.text);
		EXPECT_EQ(error.line, rows[i].line);
		EXPECT_STR(error.key, rows[i].key);
		EXPECT(strstr(error.text, rows[i].says) != NULL);
	}
}

TEST(words_configuration__tells_what_is_given)
{
	static const char text[] = "[virtio_block]\nqueue_depth = 256\nfeatures_off = []\n";
	struct orion_options options;
	struct orion_options_error error;
	uint32_t given = 99;

	orion_options_default(&options);
	EXPECT_EQ(orion_options_parse(text, strlen(text), &options, &given, &error), ORION_OK);
	EXPECT_EQ(given, 1u << 6 | 1u << 21);
	EXPECT_EQ(orion_options_parse("[a]\n", 4, &options, &given, &error), ORION_OK);
	EXPECT_EQ(given, 0);
}

TEST(words_configuration__check)
{
	struct orion_options options;
	struct orion_options_error error;
	const struct orion_option *wrong;

	orion_options_default(&options);
	EXPECT_EQ(orion_options_check(&options, NULL), ORION_OK);
	EXPECT_EQ(sum_of(&options), oracle[0].sum);
	options.queue_depth = 1025;
	EXPECT_EQ(orion_options_check(&options, NULL), ORION_INVALID);
	EXPECT_EQ(orion_options_check(&options, &wrong), ORION_INVALID);
	EXPECT_STR(wrong->name, "queue_depth");
	orion_options_explain(&options, &error);
	EXPECT_EQ(error.line, 0);
	EXPECT_STR(error.key, "queue_depth");
	EXPECT(strstr(error.text, "from 1 to 1024") != NULL);
	orion_options_default(&options);
	options.io_scheduler = (orion_scheduler)2;
	EXPECT_EQ(orion_options_check(&options, &wrong), ORION_INVALID);
	EXPECT_STR(wrong->name, "io_scheduler");
	orion_options_default(&options);
	options.shared_memory_size = 0;
	EXPECT_EQ(orion_options_check(&options, &wrong), ORION_INVALID);
	orion_options_default(&options);
	options.features_off = options.features_required = 1;
	EXPECT_EQ(orion_options_check(&options, &wrong), ORION_INVALID);
	EXPECT_STR(wrong->name, "features_required");
	orion_options_explain(&options, &error);
	EXPECT(strstr(error.text, "both required and switched off") != NULL);
}
