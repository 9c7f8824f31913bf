/* SPDX-License-Identifier: MIT */
/* The disk commands and the command line, on model devices: what they do and what they print. */
#include <stdio.h>
#include <string.h>

#include "commands/pattern.h"
#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"
#include "test/unit/desk.h"

TEST(command_disk__list)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.disks = 2;
	config.model[0].serial = "first";
	config.model[1].features |= VIRTIO_BIT(VIRTIO_BLK_F_RO);
	config.model[1].features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	config.model[1].capacity_sectors = UINT64_C(1) << 32;
	desk_open(&desk, &config);
	EXPECT_EQ(desk_run(&desk, "disk list"), ORION_OK);
	desk_expect(&desk, "vd0            1048576      1 MiB    512 no       1 packed  first\n");
	desk_expect(&desk, "vd1      2199023255552      2 TiB    512 yes      1 split ");
	desk_close(&desk);

	config.disks = 0;
	desk_open(&desk, &config);
	EXPECT_EQ(desk_run(&desk, "disk list"), ORION_OK);
	desk_expect(&desk, "there are no disks\n");
	EXPECT_EQ(desk_run(&desk, "disk hash vd0"), ORION_NOT_FOUND);
	desk_expect(&desk, "there are no disks at all");
	desk_close(&desk);
}

TEST(command_disk__read_is_hexdump)
{
	struct desk_config config;
	struct desk desk;
	uint8_t data[1536] = {0};

	desk_defaults(&config);
	desk_open(&desk, &config);
	memcpy(data, "Orion\n\x7f\xff", 8);
	memset(data + 512, 'A', 1024);
	model_device_poke(desk.models[0], 8, data, sizeof(data));
	EXPECT_EQ(desk_run(&desk, "disk read vd0 4k 1536"), ORION_OK);
	/* What hexdump -C says of the same bytes. */
	EXPECT_STR(
		desk.out,
		"00001000  4f 72 69 6f 6e 0a 7f ff  00 00 00 00 00 00 00 00  |Orion...........|\n"
		"00001010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n"
		"*\n"
		"00001200  41 41 41 41 41 41 41 41  41 41 41 41 41 41 41 41  |AAAAAAAAAAAAAAAA|\n"
		"*\n"
		"00001600\n");
	EXPECT_EQ(desk_run(&desk, "disk read vd0 0 0"), ORION_OK);
	EXPECT_STR(desk.out, "");
	desk_close(&desk);
}

/* A size is taken as it is shown: with its unit, and the unit may stand by itself. */
TEST(command_disk__sizes_as_shown)
{
	static const char *const lines[] = {
		"disk read vd0 1024 1024",    "disk read vd0 1k 1K",
		"disk read vd0 1KiB 1kiB",    "disk read vd0 1 KiB 1 KiB",
		"disk read vd0 \"1 KiB\" 1k", "disk read vd0 1  KiB 1024 B # remark",
	};
	char first[400];
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	desk_open(&desk, &config);
	for (unsigned i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		EXPECT_EQ(desk_run(&desk, lines[i]), ORION_OK);
		if (i == 0)
			snprintf(first, sizeof(first), "%s", desk.out);
		EXPECT_STR(desk.out, first);
	}
	/* kB is 1000; a unit by itself belongs to a number alone. */
	EXPECT_EQ(desk_run(&desk, "disk write vd0 1 kB 512 pattern:1"), ORION_MISALIGNED);
	desk_expect(&desk, "OFFSET is 1 kB");
	EXPECT_EQ(desk_run(&desk, "disk bench vd0 bs=8 KiB count=4"), ORION_OK);
	desk_expect(&desk, "bs=8k ");
	EXPECT_EQ(desk_run(&desk, "disk flush KiB"), ORION_NOT_FOUND);
	EXPECT_EQ(desk_run(&desk, "disk read vd0 0 1k KiB"), ORION_INVALID);
	desk_close(&desk);
}

TEST(command_disk__write_verify_hash)
{
	struct desk_config config;
	struct desk desk;
	uint8_t data[4096], back[4096];

	desk_defaults(&config);
	config.model[0].capacity_sectors = 32768;
	desk_open(&desk, &config);
	EXPECT_EQ(desk_run(&desk, "disk write vd0 1M 9M pattern:5"), ORION_OK);
	desk_expect(&desk, "9437184 bytes written to vd0 at 1048576\n");
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 1M 9M pattern:5"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 3145728 512 pattern:0x5"), ORION_OK);
	pattern_fill(5, 5 << 20, data, sizeof(data));
	model_device_peek(desk.models[0], (5 << 20) / 512, back, sizeof(back));
	EXPECT_MEM(back, data, sizeof(data));

	EXPECT_EQ(desk_run(&desk, "disk verify vd0 0 end pattern:5"), ORION_IO_ERROR);
	desk_expect(&desk, "differs first at byte 0: expected 0x");
	back[100] ^= 0xff;
	back[4095] ^= 0x01;
	model_device_poke(desk.models[0], (5 << 20) / 512, back, sizeof(back));
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 1M 9M pattern:5"), ORION_IO_ERROR);
	desk_expect(&desk, "disk verify: vd0 differs first at byte 5242980: expected 0x");
	desk_expect(&desk, "; 2 bytes are wrong\n");

	memset(back, 0, sizeof(back));
	EXPECT_EQ(desk_run(&desk, "disk hash vd0 0 4096"), ORION_OK);
	EXPECT_STR(desk.out,
		   "ad7facb2586fc6e966c004d7d1d16b024f5805ff7cb47c7a85dabd8b48892ca7  vd0\n");
	EXPECT_EQ(desk_run(&desk, "disk flush vd0"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk identify vd0"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk hash vd0 0"), ORION_INVALID);
	desk_close(&desk);
}

/* The whole disk, and an empty one. */
/* Reading commands take any bytes; pieces cut by the buffer show nowhere. */
TEST(command_disk__odd_ranges)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.model[0].capacity_sectors = 32768;
	desk_open(&desk, &config);
	EXPECT_EQ(desk_run(&desk, "disk write vd0 0 end pattern:5"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 1 1 pattern:5"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 511 2 pattern:5"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 77 9999999 pattern:5"), ORION_OK);
	desk_expect(&desk, "9999999 bytes of vd0 at 77 are right\n");
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 16777215 end pattern:5"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 76 9 pattern:6"), ORION_IO_ERROR);
	desk_expect(&desk, "differs first at byte 76:");

	EXPECT_EQ(desk_run(&desk, "disk write vd0 0 8M pattern:0"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk read vd0 4194290 20"), ORION_OK);
	desk_expect(&desk, "\n00400006\n");
	EXPECT_EQ(desk_run(&desk, "disk read vd0 510 4"), ORION_OK);
	desk_expect(&desk, "000001fe  ");
	desk_expect(&desk, "|\n00000202\n");
	EXPECT_EQ(desk_run(&desk, "disk read vd0 16777216 1"), ORION_OUT_OF_RANGE);
	desk_close(&desk);
}

TEST(command_disk__hash_of_all)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.disks = 2;
	config.model[1].capacity_sectors = 0;
	desk_open(&desk, &config);
	EXPECT_EQ(desk_run(&desk, "disk write vd0 0 end pattern:1"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "disk hash vd0"), ORION_OK);
	desk_expect(&desk,
		    "ce2c048f6839fd50011379a4df84b049d83a935698661c23d5336bf6541e1b51  vd0\n");
	EXPECT_EQ(desk_run(&desk, "disk hash vd1"), ORION_OK);
	desk_expect(&desk,
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  vd1\n");
	desk_close(&desk);
}

static const struct {
	const char *line;
	orion_status status;
	const char *says;
} wrong_words[] = {
	{"disk", ORION_INVALID, "unknown command 'disk'; there are:\n  disk list"},
	{"disk frob vd0", ORION_INVALID, "unknown command 'disk frob'"},
	{"dsk list", ORION_INVALID, "did you mean 'disk list'?"},
	{"hlep", ORION_INVALID, "did you mean 'help'?"},
	{"virtio-device-inof", ORION_INVALID, "did you mean 'virtio-device-info'?"},
	{"zzzzzzzzzzzzz", ORION_INVALID, "unknown command 'zzzzzzzzzzzzz'; 'help' lists"},
	{"disk list vd0 0", ORION_INVALID, "too many arguments; write: disk list [DISK]"},
	{"disk list vd9", ORION_NOT_FOUND, "there is no disk 'vd9'; there is vd0 vd1"},
	{"disk read", ORION_INVALID, "missing; write: disk read DISK OFFSET LENGTH"},
	{"disk read vd0 0 512 x", ORION_INVALID, "too many arguments"},
	{"disk read vd9 0 512", ORION_NOT_FOUND, "there is no disk 'vd9'; there is vd0 vd1"},
	{"disk read vd0 zero 512", ORION_INVALID, "OFFSET is 'zero'; it has to be a number"},
	{"disk read vd0 0 1Q", ORION_INVALID, "LENGTH is '1Q'"},
	{"disk read vd0 0 99999999999999999999", ORION_INVALID, "fit into 64 bits"},
	{"disk write vd0 100 512 pattern:1", ORION_MISALIGNED,
	 "multiple of the block size, 512 bytes"},
	{"disk write vd0 0 100 pattern:1", ORION_MISALIGNED, "LENGTH is 100"},
	{"disk read vd0 1M 512", ORION_OUT_OF_RANGE, "it has 1048576 bytes (1 MiB)"},
	{"disk hash vd0 0 18446744073709551615", ORION_OUT_OF_RANGE, "past the end of vd0"},
	{"disk hash vd0 512 18446744073709551615", ORION_OUT_OF_RANGE, "past the end"},
	{"disk write vd0 0 512", ORION_INVALID, "missing"},
	{"disk write vd0 0 512 seed:4", ORION_INVALID, "write pattern:SEED"},
	{"disk write vd0 0 512 pattern:", ORION_INVALID, "SEED of the pattern is ''"},
	{"disk write vd0 0 512 pattern:x", ORION_INVALID, "SEED of the pattern is 'x'"},
	{"disk write vd1 0 512 pattern:1", ORION_READ_ONLY, "vd1: read-only disk"},
	{"disk flush", ORION_INVALID, "missing"},
	{"!", ORION_INVALID, "has to fail"},
	{"! disk list", ORION_INVALID, "expected to fail, and did not"},
	{"! disk flush vd7", ORION_OK, "there is no disk 'vd7'"},
	{"", ORION_OK, ""},
	{"   \t ", ORION_OK, ""},
	{"# disk frob", ORION_OK, ""},
	{"  #x", ORION_OK, ""},
	{"# a b c d e f g h i j k l m n o p q r s t u v w x y z", ORION_OK, ""},
	{"disk flush vd0 # a b c d e f g h i j k l m n o p q r s t u v w", ORION_OK, "vd0 flushed"},
	{"disk flush vd0#", ORION_NOT_FOUND, "no disk 'vd0#'"},
	{"disk flush \"vd0\"", ORION_OK, "vd0 flushed"},
	{"disk flush \"no such disk\"", ORION_NOT_FOUND, "no disk 'no such disk'"},
	{"disk flush \"# 1\"", ORION_NOT_FOUND, "no disk '# 1'"},
	{"disk flush \"vd0", ORION_INVALID, "the line ends within \"...\""},
	{"stop-on-error maybe", ORION_INVALID, "stop-on-error on, or off"},
	{"a b c d e f g h i j k l m n o p q r s t u v w x y", ORION_INVALID, "more than 24"},
};

TEST(command_disk__wrong_words)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.disks = 2;
	config.model[1].features |= VIRTIO_BIT(VIRTIO_BLK_F_RO);
	desk_open(&desk, &config);
	for (unsigned i = 0; i < sizeof(wrong_words) / sizeof(wrong_words[0]); i++) {
		EXPECT_EQ(desk_run(&desk, wrong_words[i].line), wrong_words[i].status);
		desk_expect(&desk, wrong_words[i].says);
	}

	char line[600];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	EXPECT_EQ(desk_run(&desk, line), ORION_INVALID);
	desk_expect(&desk, "the line has 599 characters; at most 511 are allowed");
	line[COMMAND_LINE_BYTES - 1] = '\0';
	EXPECT_EQ(desk_run(&desk, line), ORION_INVALID);
	desk_close(&desk);
}

static orion_status
run_extra(struct command_context *context, int argc, char **argv)
{
	struct desk *desk = context->host;

	EXPECT_EQ(argc, 1);
	EXPECT_STR(argv[0], "now");
	desk->patience = 77;
	return ORION_BUSY;
}

TEST(command_disk__help_and_extra)
{
	static const struct command extra[] = {
		{"power-off", "[now]", "Ends it all.\nAt once.", run_extra},
	};
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	desk_open(&desk, &config);
	desk.context.extra = extra;
	desk.context.extra_count = 1;
	EXPECT_EQ(desk_run(&desk, "help"), ORION_OK);
	desk_expect(&desk, "  disk bench ");
	desk_expect(&desk, "  virtio-memory-info ");
	desk_expect(&desk, "  power-off                  Ends it all.\n");
	EXPECT_EQ(desk_run(&desk, "help power-off"), ORION_OK);
	EXPECT_STR(desk.out, "power-off [now]\nEnds it all.\nAt once.\n");
	EXPECT_EQ(desk_run(&desk, "help disk read"), ORION_OK);
	desk_expect(&desk, "disk read DISK OFFSET LENGTH\n");
	EXPECT_EQ(desk_run(&desk, "help disk"), ORION_OK);
	desk_expect(&desk, "  disk list ");
	EXPECT_EQ(desk_run(&desk, "help frob"), ORION_INVALID);
	EXPECT_EQ(desk_run(&desk, "help disk list more"), ORION_INVALID);
	EXPECT_EQ(desk_run(&desk, "power-off now"), ORION_BUSY);
	EXPECT_EQ(desk.patience, 77);
	desk.patience = 0;
	desk_close(&desk);
}

TEST(command_disk__script)
{
	static const char script[] = "# remark\n\ndisk flush vd0\r\ndisk flush vd5\n"
				     "! disk flush vd5\nhelp frob\ndisk identify vd0";
	struct desk_config config;
	struct desk desk;
	unsigned failed = 99;

	desk_defaults(&config);
	config.model[0].serial = "s-1";
	desk_open(&desk, &config);
	EXPECT_EQ(command_run_script(&desk.context, script, strlen(script), &failed),
		  ORION_NOT_FOUND);
	EXPECT_EQ(failed, 2);
	desk_expect(&desk, "orion> disk flush vd0\nvd0 flushed\norion> disk flush vd5\n");
	desk_expect(&desk, "orion> disk identify vd0\ns-1\n");
	EXPECT_EQ(command_run_script(&desk.context, "", 0, &failed), ORION_OK);
	EXPECT_EQ(failed, 0);
	desk_close(&desk);
}

/* Comments have no limits; a byte order mark is no word; a script can end at its first failure. */
TEST(command_disk__script_ends)
{
	static const char rest[] = "\nstop-on-error\ndisk flush vd5\ndisk flush vd0\n";
	struct desk_config config;
	struct desk desk;
	char script[2000] = "\xef\xbb\xbf# ";
	unsigned failed = 99;

	desk_defaults(&config);
	desk_open(&desk, &config);
	for (unsigned i = 0; i < 700; i++)
		strcat(script, "x ");
	EXPECT_EQ(command_run_script(&desk.context, script, strlen(script), &failed), ORION_OK);
	EXPECT_EQ(failed, 0);
	strcat(script, "\ndisk flush vd6");
	strcat(script, rest);
	desk.out_used = 0;
	EXPECT_EQ(command_run_script(&desk.context, script, strlen(script), &failed),
		  ORION_NOT_FOUND);
	/* The failure before it was asked for ends nothing. */
	EXPECT_EQ(failed, 2);
	EXPECT(strstr(desk.out, "vd0 flushed") == NULL);
	desk_expect(&desk, "the rest of the script is not run\n");
	/* The next script begins as every one. */
	EXPECT_EQ(command_run_script(&desk.context, rest + 15, strlen(rest + 15), &failed),
		  ORION_NOT_FOUND);
	EXPECT_EQ(failed, 1);
	desk_expect(&desk, "vd0 flushed");
	desk_close(&desk);
}

/* The size is what it is now, also where no interrupt told of it: whichever command comes first. */
static const struct test_axis first = {"first", {"hash", "read", "bench", "list", "info"}};
static const struct test_axis irq = {"irq", {"told", "polled"}};
static const struct test_axis *const first_axes[] = {&first, &irq, NULL};

TEST_AXES(command_disk__new_size, first_axes, NULL)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		/* As sha256sum has it of two mebibytes of zeros. */
		{"disk hash vd0",
		 "5647f05ec18958947d32874eeb788fa396a05d0bab7c1b71f112ceb7e9b31eee  vd0"},
		{"disk read vd0 2097151 1", "\n00200000\n"},
		{"disk bench vd0 read bs=2M depth=1 count=1", "1 completed in"},
		{"disk list", "2097152      2 MiB"},
		{"virtio-device-info vd0", "2097152 (2 MiB)"},
	};
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.polled = test_choice(&irq) == 1;
	desk_open(&desk, &config);
	model_device_resize(desk.models[0], 4096);
	EXPECT_EQ(desk_run(&desk, rows[test_choice(&first)].line), ORION_OK);
	desk_expect(&desk, rows[test_choice(&first)].says);
	/* Smaller again. */
	model_device_resize(desk.models[0], 1024);
	EXPECT_EQ(desk_run(&desk, "disk read vd0 0 1M"), ORION_OUT_OF_RANGE);
	desk_expect(&desk, "it has 524288 bytes");
	desk_close(&desk);
}

/* What a write is worth is told: a device without flushes promises nothing, and says no OK. */
TEST(command_disk__flush_promises)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.disks = 2;
	config.model[0].features &= ~VIRTIO_BIT(VIRTIO_BLK_F_FLUSH);
	desk_open(&desk, &config);
	EXPECT_EQ(desk_run(&desk, "disk flush vd0"), ORION_NOT_SUPPORTED);
	desk_expect(&desk, "vd0 cannot flush, and promises nothing of what is written\n");
	EXPECT_EQ(desk_run(&desk, "virtio-device-info vd0"), ORION_OK);
	desk_expect(&desk, "durability              promises nothing\n");
	EXPECT_EQ(desk_run(&desk, "disk flush vd1"), ORION_OK);
	/* A used length of 0 is a claim about nothing; how often it was made is told. */
	model_device_trick(desk.models[1], MODEL_MISCHIEF_LENGTH_ZERO, 0, 0, 0);
	EXPECT_EQ(desk_run(&desk, "disk read vd1 0 512"), ORION_OK);
	EXPECT_EQ(desk_run(&desk, "virtio-performance-stats vd1"), ORION_OK);
	desk_expect(&desk, "short lengths           1\n");
	desk_close(&desk);
}

/* A dump ends within its first lines, not with the piece of 4 MiB that it has read. */
TEST(command_disk__dump_is_interrupted)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	desk_open(&desk, &config);
	EXPECT_EQ(desk_run(&desk, "disk write vd0 0 end pattern:1"), ORION_OK);
	desk.patience = 4;
	EXPECT(desk_run(&desk, "disk read vd0 0 end") != ORION_OK);
	desk_expect(&desk, "disk read: interrupted after ");
	EXPECT(desk.out_used < 8192);
	desk_close(&desk);
}

/* Errors name where; Ctrl-C ends it; memory that is short makes it slower, not wrong. */
TEST(command_disk__trouble)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.model[0].capacity_sectors = 65536;
	desk_open(&desk, &config);
	EXPECT_EQ(desk_run(&desk, "disk write vd0 0 end pattern:1"), ORION_OK);
	model_device_fail_sector(desk.models[0], 40000, VIRTIO_BLK_S_IOERR);
	EXPECT_EQ(desk_run(&desk, "disk hash vd0"), ORION_IO_ERROR);
	desk_expect(&desk, "disk hash: vd0: i/o error at or after byte ");
	EXPECT_EQ(desk_run(&desk, "disk read vd0 20480000 512"), ORION_IO_ERROR);
	desk_expect(&desk, "byte 20480000\n");
	EXPECT_EQ(desk_run(&desk, "disk read vd0 20480512 512"), ORION_OK);
	model_device_fail_sector(desk.models[0], UINT64_MAX, 0);

	desk.patience = 3;
	EXPECT(desk_run(&desk, "disk hash vd0") != ORION_OK);
	desk_expect(&desk, "disk hash: interrupted after 8388608 of 33554432 bytes\n");
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 0 end pattern:1"), ORION_OK);

	model_host_fail(desk.host, 1, false);
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 0 end pattern:1"), ORION_OK);
	model_host_fail(desk.host, 1, true);
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 0 end pattern:1"), ORION_NO_MEMORY);
	model_host_fail(desk.host, 0, false);
	desk_close(&desk);
}

TEST(command_disk__progress_is_erased)
{
	struct desk_config config;
	struct desk desk;

	desk_defaults(&config);
	config.model[0].capacity_sectors = 2097152;
	desk_open(&desk, &config);
	desk.context.progress = true;
	/* No interrupts: each transfer takes its time, on the model's clock. */
	model_device_trick(desk.models[0], MODEL_MISCHIEF_IRQ_NONE, 0, 0, 0);
	EXPECT_EQ(desk_run(&desk, "disk verify vd0 0 512M pattern:1"), ORION_IO_ERROR);
	desk_expect(&desk, "\rdisk verify  ");
	desk_expect(&desk, "% [");
	desk_expect(&desk, " of 512 MiB  ");
	desk_expect(&desk, " left");
	desk_expect(&desk, "\rdisk verify: vd0 differs first at byte 0");
	desk_close(&desk);
}
