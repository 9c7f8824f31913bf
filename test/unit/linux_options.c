/* SPDX-License-Identifier: MIT */
/* ports/linux/api/options.c: URLs and options by name, and what is said of wrong ones. */
#include "ports/linux/disk.h"

#include <errno.h>
#include <string.h>

#include "test/harness.h"

static struct orion_disk *
fresh(void)
{
	struct orion_disk *disk = test_alloc(sizeof(*disk));

	orion_disk_options_init(&disk->options);
	return disk;
}

static void
expect_refused(const char *url, int result, const char *words)
{
	struct orion_disk *disk = fresh();
	struct orion_error error = {""};

	test_note("%s", url);
	EXPECT_EQ(url_parse(disk, url, &error), result);
	test_note("%s", error.text);
	EXPECT(strstr(error.text, words) != NULL);
	EXPECT_EQ(url_parse(disk, url, NULL), result);
	test_free(disk);
}

TEST(linux_options__defaults_are_legal)
{
	struct orion_disk *disk = fresh();

	EXPECT_EQ(url_parse(disk, "vhost-user:/run/a.sock", NULL), 0);
	EXPECT_STR(disk->path, "/run/a.sock");
	EXPECT_EQ(disk->options.queues, 1);
	EXPECT_EQ(disk->options.depth, 128);
	EXPECT_EQ(disk->options.loss_ms, 60000);
	EXPECT_EQ(disk->options.packed, true);
	EXPECT_EQ(disk->options.durable, false);
	test_free(disk);
}

TEST(linux_options__every_option)
{
	struct orion_disk *disk = fresh();
	const struct orion_disk_options *o = &disk->options;

	EXPECT_EQ(
		url_parse(disk,
			  "vhost-user:rel%20ative%3f.sock?queues=16&depth=1024&wait=event&poll=2ms"
			  "&answer=1h&connect=3s&loss=0&bounce=1GiB&durable=on&read-only=on"
			  "&packed=off&publish=on",
			  NULL),
		0);
	EXPECT_STR(disk->path, "rel ative?.sock");
	EXPECT_EQ(o->queues, 16);
	EXPECT_EQ(o->depth, 1024);
	EXPECT_EQ(o->wait, ORION_WAIT_EVENT);
	EXPECT_EQ(o->poll_us, 2000);
	EXPECT_EQ(o->answer_ms, 3600000);
	EXPECT_EQ(o->connect_ms, 3000);
	EXPECT_EQ(o->loss_ms, 0);
	EXPECT_EQ(o->bounce_kb, 1024 * 1024);
	EXPECT(o->durable && o->read_only && !o->packed && o->publish);
	test_free(disk);
}

TEST(linux_options__wrong_urls_name_what_would_be_right)
{
	expect_refused("/run/a.sock", -EINVAL, "vhost-user:/path/to/socket");
	expect_refused("vhost-user:", -EINVAL, "names no socket");
	expect_refused("vhost-user:?depth=1", -EINVAL, "names no socket");
	expect_refused("vhost-user:/a%4", -EINVAL, "two hex digits");
	expect_refused("vhost-user:/a%00b", -EINVAL, "two hex digits");
	expect_refused("vhost-user:/a?depth", -EINVAL, "has no value");
	expect_refused("vhost-user:/a?deep=1", -EINVAL, "there are queues, depth");
	expect_refused("vhost-user:/a?depth=0", -EINVAL, "1 to 1024");
	expect_refused("vhost-user:/a?depth=1025", -EINVAL, "1 to 1024");
	expect_refused("vhost-user:/a?depth=-1", -EINVAL, "1 to 1024");
	expect_refused("vhost-user:/a?depth=4294967297", -EINVAL, "1 to 1024");
	expect_refused("vhost-user:/a?depth=99999999999999999999", -EINVAL, "1 to 1024");
	expect_refused("vhost-user:/a?depth=", -EINVAL, "1 to 1024");
	expect_refused("vhost-user:/a?depth=8k", -EINVAL, "1 to 1024");
	expect_refused("vhost-user:/a?queues=17", -EINVAL, "1 to 16");
	expect_refused("vhost-user:/a?wait=never", -EINVAL, "adaptive, poll or event");
	expect_refused("vhost-user:/a?durable=yes", -EINVAL, "on or off");
	expect_refused("vhost-user:/a?bounce=64", -EINVAL, "64k to 1G");
	expect_refused("vhost-user:/a?bounce=1", -EINVAL, "64k to 1G");
	expect_refused("vhost-user:/a?bounce=2GB", -EINVAL, "64k to 1G");
	expect_refused("vhost-user:/a?answer=1ms", -EINVAL, "10ms to 1h");
	expect_refused("vhost-user:/a?poll=18446744073709551615s", -EINVAL, "0us to 1s");
	expect_refused("vhost-user:/a?answer=5000", -EINVAL, "such as 5s");
}

TEST(linux_options__long_paths)
{
	char url[2000] = "vhost-user:";

	memset(url + strlen(url), 'a', 300);
	expect_refused(url, -ENAMETOOLONG, "longer than");
	memset(url + strlen(url), 'a', sizeof(url) - strlen(url) - 1);
	expect_refused(url, -ENAMETOOLONG, "longer than");
}

/* What orion/units.h reads, in whole pages. */
TEST(linux_options__sizes)
{
	static const struct {
		const char *text;
		uint32_t kb;
	} rows[] = {{"2048k", 2048}, {"2048KiB", 2048}, {"2M", 2048},    {"2MiB", 2048},
		    {"2MB", 1956},   {"64kB", 64},      {"1G", 1 << 20}, {"65537", 68}};
	struct orion_disk *disk = fresh();

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EXPECT_EQ(orion_disk_options_set(&disk->options, "bounce", rows[i].text, NULL), 0);
		EXPECT_EQ(disk->options.bounce_kb, rows[i].kb);
	}
	test_free(disk);
}

/* A bare time is in seconds, as in the programs' arguments; a little is never nothing. */
TEST(linux_options__times)
{
	struct orion_disk *disk = fresh();

	EXPECT_EQ(url_parse(disk,
			    "vhost-user:/a?loss=60&answer=1.5&connect=2m&deadline=1us&poll=1ns",
			    NULL),
		  0);
	EXPECT_EQ(disk->options.loss_ms, 60000);
	EXPECT_EQ(disk->options.answer_ms, 1500);
	EXPECT_EQ(disk->options.connect_ms, 120000);
	EXPECT_EQ(disk->options.deadline_ms, 1);
	EXPECT_EQ(disk->options.poll_us, 1);
	test_free(disk);
}

TEST(linux_options__nothing_needs_no_unit)
{
	struct orion_disk *disk = fresh();

	EXPECT_EQ(url_parse(disk, "vhost-user:/a?loss=0&poll=0&connect=00", NULL), 0);
	EXPECT_EQ(disk->options.loss_ms, 0);
	EXPECT_EQ(disk->options.poll_us, 0);
	test_free(disk);
}

TEST(linux_options__sizes_of_the_struct)
{
	static const size_t wrong[] = {0,       1, 8, 56, sizeof(struct orion_disk_options) + 8,
				       SIZE_MAX};
	struct orion_disk_options options, taken;
	struct orion_error error;

	EXPECT_EQ(orion_disk_options_init(&options), 0);
	EXPECT_EQ(options.size, sizeof(options));
	options.read_only = true;
	EXPECT_EQ(options_take(&taken, &options, NULL), 0);
	EXPECT(taken.read_only);
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		options.size = wrong[i];
		test_note("size %zu", wrong[i]);
		error.text[0] = '\0';
		EXPECT_EQ(options_take(&taken, &options, &error), -EINVAL);
		EXPECT(strstr(error.text, "the options") != NULL);
		EXPECT_EQ(orion_disk_options_set(&options, "depth", "5", &error), -EINVAL);
	}
	EXPECT_EQ(options_take(&taken, NULL, NULL), 0);
	EXPECT_EQ(taken.depth, 128);
}

/* A program that was made for a newer library: its struct is filled, and no byte beyond it. */
TEST(linux_options__init_writes_what_it_was_given)
{
	unsigned char room[sizeof(struct orion_disk_options) + 64];
	struct orion_disk_options *options = (struct orion_disk_options *)(void *)room;

	memset(room, 0xaa, sizeof(room));
	EXPECT_EQ(orion_disk_options_init_sized(options, sizeof(*options) + 32), 0);
	EXPECT_EQ(options->size, sizeof(*options) + 32);
	EXPECT_EQ(room[sizeof(*options)], 0);
	EXPECT_EQ(room[sizeof(*options) + 31], 0);
	EXPECT_EQ(room[sizeof(*options) + 32], 0xaa);
	memset(room, 0xaa, sizeof(room));
	EXPECT_EQ(orion_disk_options_init_sized(options, 16), -EINVAL);
	EXPECT_EQ(orion_disk_options_init_sized(NULL, sizeof(*options)), -EINVAL);
	EXPECT_EQ(room[0], 0xaa);
}

/* A program's struct is checked like a URL. */
TEST(linux_options__the_programs_own_values)
{
	struct orion_disk *disk = fresh();
	struct orion_error error;

	disk->options.depth = 5000;
	EXPECT_EQ(url_parse(disk, "vhost-user:/a", &error), -EINVAL);
	EXPECT_STR(error.text, "depth=5000: it must be 1 to 1024 requests");
	/* The URL wins. */
	EXPECT_EQ(url_parse(disk, "vhost-user:/a?depth=5", &error), 0);
	disk->options.wait = (orion_wait)7;
	EXPECT_EQ(url_parse(disk, "vhost-user:/a", &error), -EINVAL);
	test_free(disk);
}
