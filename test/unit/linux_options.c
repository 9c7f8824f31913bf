/* SPDX-License-Identifier: MIT */
/* ports/linux/options.c: URLs and options by name, and what is said of wrong ones. */
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
			  "&answer=1h&connect=3s&loss=0&bounce=1GB&durable=on&read-only=on"
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
	expect_refused("vhost-user:/a?bounce=64", -EINVAL, "64kB to 1GB");
	expect_refused("vhost-user:/a?bounce=1", -EINVAL, "64kB to 1GB");
	expect_refused("vhost-user:/a?bounce=2GB", -EINVAL, "64kB to 1GB");
	expect_refused("vhost-user:/a?answer=1ms", -EINVAL, "10ms to 1h");
	expect_refused("vhost-user:/a?poll=18446744073709551615s", -EINVAL, "0us to 1s");
}

TEST(linux_options__long_paths)
{
	char url[2000] = "vhost-user:";

	memset(url + strlen(url), 'a', 300);
	expect_refused(url, -ENAMETOOLONG, "longer than");
	memset(url + strlen(url), 'a', sizeof(url) - strlen(url) - 1);
	expect_refused(url, -ENAMETOOLONG, "longer than");
}

TEST(linux_options__sizes_are_powers_of_1024)
{
	static const char *const texts[] = {"2048k", "2048kB", "2048KiB", "2M", "2MB", "2MiB"};
	struct orion_disk *disk = fresh();

	for (unsigned i = 0; i < 6; i++) {
		EXPECT_EQ(orion_disk_options_set(&disk->options, "bounce", texts[i], NULL), 0);
		EXPECT_EQ(disk->options.bounce_kb, 2048);
	}
	test_free(disk);
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
