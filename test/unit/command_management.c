/* SPDX-License-Identifier: MIT */
/* The management commands: both forms, right figures, JSON that is JSON. */
#include <string.h>

#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"
#include "test/unit/desk.h"

static const struct test_axis command = {
	"command",
	{"virtio-device-info", "virtio-queue-info", "virtio-queue-stats",
	 "virtio-performance-stats", "virtio-feature-list", "virtio-memory-info", "disk list"}};
static const struct test_axis disks = {"disks", {"0", "1", "3"}};
static const struct test_axis *const axes[] = {&command, &disks, NULL};

static const char *
skip_space(const char *at)
{
	while (*at == ' ' || *at == '\n')
		at++;
	return at;
}

/* The end of the JSON value at AT, or NULL when there is none. */
static const char *
json_value(const char *at)
{
	static const char *const words[] = {"true", "false", "null"};

	at = skip_space(at);
	for (unsigned i = 0; i < 3; i++) {
		if (strncmp(at, words[i], strlen(words[i])) == 0)
			return at + strlen(words[i]);
	}
	if (*at == '"') {
		for (at++; *at != '"'; at++) {
			if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
				return NULL;
			at += *at == '\\';
		}
		return at + 1;
	}
	if (*at == '{' || *at == '[') {
		bool object = *at == '{';
		char close = object ? '}' : ']';

		at = skip_space(at + 1);
		if (*at == close)
			return at + 1;
		for (;;) {
			if (object) {
				at = skip_space(at);
				at = *at == '"' ? json_value(at) : NULL;
				at = at == NULL ? NULL : skip_space(at);
				if (at == NULL || *at++ != ':')
					return NULL;
			}
			at = json_value(at);
			at = at == NULL ? NULL : skip_space(at);
			if (at == NULL || (*at != ',' && *at != close))
				return NULL;
			if (*at++ == close)
				return at;
		}
	}

	size_t digits = strspn(at, "0123456789.");

	return digits == 0 ? NULL : at + digits;
}

TEST_AXES(command_management__both_forms, axes, NULL)
{
	static const unsigned counts[] = {0, 1, 3};
	const char *name = command.labels[test_choice(&command)];
	struct desk_config config;
	struct desk desk;
	char line[64];

	desk_defaults(&config);
	config.disks = counts[test_choice(&disks)];
	config.lanes = 2;
	config.model[0].queues = 2;
	config.model[0].serial = "quote\"back\\";
	config.model[1].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	desk_open(&desk, &config);
	if (config.disks != 0)
		EXPECT_EQ(desk_run(&desk, "disk write vd0 0 64k pattern:1"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, name), ORION_OK);
	EXPECT(desk.out_used != 0);
	strcat(strcpy(line, name), " --json");
	EXPECT_EQ(desk_run(&desk, line), ORION_OK);

	const char *end = json_value(desk.out);

	EXPECT(end != NULL);
	EXPECT_STR(end, "\n");
	desk_expect(&desk, "\"disks\": [");
	strcat(strcpy(line, name), " vd7");
	EXPECT_EQ(desk_run(&desk, line), ORION_NOT_FOUND);
	strcat(strcpy(line, name), " --jsn");
	EXPECT_EQ(desk_run(&desk, line), ORION_INVALID);
	strcat(strcpy(line, name), " vd0 0 0");
	EXPECT_EQ(desk_run(&desk, line), ORION_INVALID);
	desk_close(&desk);
}

TEST(command_management__figures)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.lanes = 2;
	config.model[0].queues = 2;
	config.model[0].serial = "orion";
	desk_open(&desk, &config);
	EXPECT_EQ(desk_run(&desk, "disk write vd0 0 64k pattern:1"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk read vd0 0 512"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk flush vd0"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "virtio-queue-stats vd0 0"), ORION_OK);
	desk_expect(&desk, "vd0\n  queue 0\n");
	desk_expect(&desk, "    submitted             3\n");
	desk_expect(&desk, "    flushes               1\n");
	desk_expect(&desk, "    bytes written         65536 (64 KiB)\n");
	EXPECT(strstr(desk.out, "queue 1") == NULL);
	EXPECT_EQ(desk_run(&desk, "virtio-queue-info vd0 1"), ORION_OK);
	desk_expect(&desk, "  queue 1\n");
	EXPECT_EQ(desk_run(&desk, "virtio-queue-info vd0 2"), ORION_NOT_FOUND);
	desk_expect(&desk, "vd0 has no queue 2; its queues are 0 to 1");
	EXPECT_EQ(desk_run(&desk, "virtio-queue-info vd0 x"), ORION_INVALID);
	desk_expect(&desk, "QUEUE is 'x'");
	EXPECT_EQ(desk_run(&desk, "virtio-performance-stats vd0"), ORION_OK);
	desk_expect(&desk, "  completed               3\n");
	desk.context.hypervisor = "KVM (QEMU)";
	EXPECT_EQ(desk_run(&desk, "virtio-device-info vd0"), ORION_OK);
	desk_expect(&desk, "hypervisor                KVM (QEMU)\n");
	desk_expect(&desk, "  serial                  orion\n");
	desk_expect(&desk, "  state                   live\n");
	desk_expect(&desk, "  open handles            0\n");
	EXPECT_EQ(desk_run(&desk, "virtio-feature-list vd0"), ORION_OK);
	desk_expect(&desk, " 32  VIRTIO_F_VERSION_1             yes      yes     yes\n");
	EXPECT_EQ(desk_run(&desk, "virtio-memory-info"), ORION_OK);
	desk_expect(&desk, "  limit                   536870912 (512 MiB)\n");
	desk_close(&desk);
}

/* What kind of value begins with C; '?': null, which may be any. */
static char
kind_of(char c)
{
	if (c == 't' || c == 'f')
		return 't';
	if (c == 'n')
		return '?';
	return c >= '0' && c <= '9' ? '0' : c;
}

/* The keys of the JSON in OUT, each with the kind of its value, into KEYS. */
static void
read_keys(const char *out, char *keys, size_t room)
{
	size_t used = 0;

	for (; (out = strchr(out, '"')) != NULL; out = json_value(out)) {
		const char *end = json_value(out);

		if (*end != ':')
			continue;
		EXPECT(used + (size_t)(end - out) + 2 < room);
		memcpy(keys + used, out, (size_t)(end - out));
		used += (size_t)(end - out);
		keys[used++] = kind_of(end[2]);
	}
	keys[used] = '\0';
}

/* Whether two lists of read_keys() are alike. */
static bool
same_keys(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0' && (*a == *b || *a == '?' || *b == '?')) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Whatever a device is and does, the keys are the same, and each keeps its type. */
static const struct test_axis *const command_axes[] = {&command, NULL};

TEST_AXES(command_management__keys_stay, command_axes, NULL)
{
	const char *name = command.labels[test_choice(&command)];
	static char keys[3][4096];
	struct desk_config config;
	struct desk desk;
	char line[64];

	desk_defaults(&config);
	config.disks = 2;
	config.model[0].features &= ~VIRTIO_BIT(VIRTIO_BLK_F_SIZE_MAX);
	config.model[1].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	desk_open(&desk, &config);
	for (unsigned i = 0; i < 3; i++) {
		strcat(strcat(strcpy(line, name), " --json vd"), i == 1 ? "1" : "0");
		EXPECT_EQ(desk_run(&desk, line), ORION_OK);
		read_keys(desk.out, keys[i], sizeof(keys[i]));
		EXPECT(strlen(keys[i]) > 100);
		EXPECT(same_keys(keys[0], keys[i]));
		EXPECT_EQ(desk_run(&desk, "disk write vd0 0 64k pattern:1"), ORION_OK);
	}
	desk_close(&desk);
}

/* What was asked for and failed was not read, nor written, whoever asked. */
static const struct test_axis who = {"who", {"storage", "bench"}};
static const struct test_axis *const who_axes[] = {&who, NULL};

TEST_AXES(command_management__failures_move_no_bytes, who_axes, NULL)
{
	bool bench = test_choice(&who) == 1;
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	desk_open(&desk, &config);
	model_device_fail_sector(desk.models[0], 8, VIRTIO_BLK_S_IOERR);
	EXPECT(desk_run(&desk, bench ? "disk bench vd0 read bs=4k count=256"
				     : "disk read vd0 4k 4k") != ORION_OK);
	EXPECT(desk_run(&desk, bench ? "disk bench vd0 write destroy bs=4k count=256"
				     : "disk write vd0 4k 4k pattern:1") != ORION_OK);
	EXPECT_EQ(desk_run(&desk, "virtio-performance-stats vd0"), ORION_OK);
	desk_expect(&desk,
		    bench ? "bytes read              1044480 (" : "bytes read              0\n");
	desk_expect(&desk,
		    bench ? "bytes written           1044480 (" : "bytes written           0\n");
	EXPECT_EQ(desk_run(&desk, "virtio-queue-stats vd0"), ORION_OK);
	desk_expect(&desk, bench ? "bytes read            1044480 (" : "bytes read            0\n");
	desk_close(&desk);
}

/* What the host has to say of a disk waits until the JSON is whole. */
static char said[64];

static void
hold(void *host, bool on)
{
	struct desk *desk = host;

	strcat(said, on ? "(" : ")");
	/* Nothing of it stands before it is held, and all of it when it no longer is. */
	EXPECT_EQ(on, desk->out_used == 0);
	if (!on)
		EXPECT(json_value(desk->out) != NULL);
}

TEST(command_management__host_is_held)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	desk_open(&desk, &config);
	desk.context.hold = hold;
	said[0] = '\0';
	EXPECT_EQ(desk_run(&desk, "virtio-device-info --json"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "virtio-device-info"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "virtio-queue-stats --json vd0"), ORION_OK);
	EXPECT(desk_run(&desk, "virtio-queue-stats --json vd7") != ORION_OK);
	EXPECT_STR(said, "()()");
	desk_close(&desk);
}

/* A reset by command: told in words, and refused in words. */
TEST(command_management__reset)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.leaks_allowed = true;
	desk_open(&desk, &config);
	EXPECT_EQ(desk_run(&desk, "disk write vd0 0 64k pattern:3"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "virtio-device-reset vd0"), ORION_OK);
	desk_expect(&desk, "vd0: reset, and live again after 0 ms; 0 requests sent again");
	EXPECT_EQ(model_device_stats(desk.models[0])->resets, 2);
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 0 64k pattern:3"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "virtio-device-info vd0"), ORION_OK);
	desk_expect(&desk, "last reset              a command");
	EXPECT_EQ(desk_run(&desk, "virtio-device-reset"), ORION_INVALID);
	EXPECT_EQ(desk_run(&desk, "virtio-device-reset vd0 vd0"), ORION_INVALID);
	EXPECT_EQ(desk_run(&desk, "virtio-device-reset vd7"), ORION_NOT_FOUND);
	EXPECT_EQ(model_device_stats(desk.models[0])->resets, 2);
	model_device_trick(desk.models[0], MODEL_MISCHIEF_RESET_STUCK, 0, 0, 0);
	EXPECT_EQ(desk_run(&desk, "virtio-device-reset vd0"), ORION_DEVICE_BROKEN);
	desk_expect(&desk, "virtio-device-reset: vd0: the device's reset did not end");
	/* Whoever repaired it need not wait until it is tried by itself. */
	model_device_behave(desk.models[0]);
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 0 64k pattern:3"), ORION_DEVICE_BROKEN);
	EXPECT_EQ(desk_run(&desk, "virtio-device-reset vd0"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 0 64k pattern:3"), ORION_OK);
	desk_close(&desk);
}
