/* SPDX-License-Identifier: MIT */
/*
 * Line editing, seen as a terminal sees it: keys go in, and what comes out is drawn on a screen of
 * one line that knows "\r", "\b", and the escape sequences for "clear to the end" and "cursor
 * left".
 */
#include <string.h>

#include "harness.h"
#include "kernel/console/line.h"

static struct line line;
static const char *const words[] = {"disk bench", "disk list", "help", NULL};
static char printed[65536];
static size_t printed_length;

static void
print(void *context, const char *text, size_t length)
{
	(void)context;
	EXPECT(printed_length + length < sizeof(printed));
	memcpy(printed + printed_length, text, length);
	printed_length += length;
	printed[printed_length] = '\0';
}

static const char *
word(void *context, unsigned n)
{
	(void)context;
	return words[n];
}

static void
begin(void)
{
	struct line_host host = {NULL, print, word, "> "};

	printed_length = 0;
	line_init(&line, &host);
	line_start(&line);
}

/* Types TEXT; returns the result of its last byte. */
static line_result
type(const char *text)
{
	line_result result = LINE_MORE;

	for (; *text != '\0'; text++)
		result = line_take(&line, *text);
	return result;
}

/* Types KEYS and Enter, and expects LINE. */
static void
expect_line(const char *keys, const char *text)
{
	EXPECT_EQ(type(keys), LINE_MORE);
	EXPECT_EQ(type("\r"), LINE_DONE);
	EXPECT(strcmp(line.text, text) == 0);
	line_start(&line);
}

#define LEFT "\x1b[D"
#define RIGHT "\x1b[C"
#define UP "\x1b[A"
#define DOWN "\x1b[B"
#define HOME "\x1b[H"
#define END "\x1b[F"
#define DELETE "\x1b[3~"
#define BACKSPACE "\x7f"

TEST(console_line__edits)
{
	begin();
	expect_line("help", "help");
	expect_line("hlp" LEFT LEFT "e", "help");
	expect_line("elp" HOME "h" END "!", "help!");
	expect_line("helpp" BACKSPACE, "help");
	expect_line("hhelp" HOME DELETE, "help");
	expect_line("xx help" HOME RIGHT RIGHT RIGHT "\x15", "help"); /* Ctrl-U */
	expect_line("help me" LEFT LEFT LEFT "\x0b", "help"); /* Ctrl-K */
	expect_line("disk list\x17hash", "disk hash"); /* Ctrl-W */
	expect_line("\x01\x05\x01"
		    "a\x05"
		    "b",
		    "ab"); /* Ctrl-A, Ctrl-E */
	expect_line(BACKSPACE LEFT DELETE HOME "x", "x");
	expect_line("", "");
}

TEST(console_line__history)
{
	begin();
	expect_line("one", "one");
	expect_line("two", "two");
	expect_line("two", "two");
	expect_line(UP, "two");
	expect_line(UP UP, "one");
	/* A line that was begun comes back after a visit to the history. */
	expect_line("dra" UP UP DOWN DOWN "ft", "draft");
	expect_line(UP UP UP UP UP UP UP UP UP, "one");
	for (unsigned i = 0; i < 3 * LINE_HISTORY; i++) {
		char text[3] = {(char)('a' + i % 26), (char)('a' + i / 26), '\0'};

		expect_line(text, text);
	}
	EXPECT(line.history_count <= LINE_HISTORY);
}

TEST(console_line__completes)
{
	begin();
	expect_line("he\t", "help ");
	expect_line("d\tb\t", "disk bench ");
	expect_line("zzz\t", "zzz");
	printed_length = 0;
	EXPECT_EQ(type("disk \t"), LINE_MORE);
	EXPECT(strstr(printed, "disk bench  disk list") != NULL);
}

TEST(console_line__ends)
{
	begin();
	EXPECT_EQ(type("disk write\x03"), LINE_CANCELLED);
	line_start(&line);
	EXPECT_EQ(line.length, 0u);
	EXPECT_EQ(type("\x04"), LINE_END);
	line_start(&line);
	/* On a line with text Ctrl-D deletes; "\r\n" is one Enter. */
	EXPECT_EQ(type("ab" HOME "\x04\r\n"), LINE_MORE);
	EXPECT(strcmp(line.text, "b") == 0);
}

TEST(console_line__is_bounded)
{
	begin();
	for (unsigned i = 0; i < 2 * LINE_BYTES; i++)
		EXPECT_EQ(line_take(&line, 'x'), LINE_MORE);
	EXPECT_EQ(line.length, LINE_BYTES - 1);
	EXPECT_EQ(type("\x1b[12345678901234567890~"), LINE_MORE);
	EXPECT_EQ(type("\xc3\xa4"), LINE_MORE);
	EXPECT_EQ(line.length, LINE_BYTES - 1);
}

/* Any keys: the struct stays sound. */
TEST(console_line__random_keys)
{
	begin();
	for (unsigned i = 0; i < 200000; i++) {
		char byte = (char)test_random_below(256);

		if (line_take(&line, byte) != LINE_MORE)
			line_start(&line);
		EXPECT(line.length < LINE_BYTES && line.cursor <= line.length);
		EXPECT_EQ(line.text[line.length], '\0');
		EXPECT(line.left <= line.cursor && line.history_count <= LINE_HISTORY);
		if (printed_length > sizeof(printed) / 2)
			printed_length = 0;
	}
}

/* A line of which not all is there is not given out: neither cut, nor with bytes left out. */
TEST(console_line__whole_or_not_at_all)
{
	begin();
	for (unsigned i = 0; i < LINE_BYTES - 1; i++) {
		printed_length = 0;
		EXPECT_EQ(line_take(&line, 'x'), LINE_MORE);
	}
	EXPECT_EQ(type("\r"), LINE_DONE);
	line_start(&line);
	for (unsigned i = 0; i < LINE_BYTES; i++) {
		printed_length = 0;
		EXPECT_EQ(line_take(&line, 'x'), LINE_MORE);
	}
	EXPECT_EQ(type("\r"), LINE_REFUSED);
	EXPECT(strstr(printed, "the line is too long: it is not run\n") != NULL);
	line_start(&line);
	EXPECT_EQ(type("disk list \xff\r"), LINE_REFUSED);
	EXPECT(strstr(printed, "a part of the line was lost: it is not run\n") != NULL);
	line_start(&line);
	EXPECT_EQ(type("h\xc3p\r"), LINE_REFUSED);
	line_start(&line);
	EXPECT_EQ(type("h\xa4\r"), LINE_REFUSED);
	line_start(&line);
	EXPECT_EQ(type("h\xc3\r"), LINE_REFUSED);
	line_start(&line);
	/* It is forgotten with the line, and not recalled. */
	EXPECT_EQ(type("h\xff\x03"), LINE_CANCELLED);
	line_start(&line);
	expect_line("help", "help");
	EXPECT_EQ(line.history_count, 2u);
}

TEST(console_line__utf8)
{
	begin();
	expect_line("f\xc3\xbcnf \xe2\x82\xac", "f\xc3\xbcnf \xe2\x82\xac");
	expect_line("a\xe2\x82\xac\xf0\x9f\x98\x80" BACKSPACE BACKSPACE "b", "ab");
	expect_line("\xe2\x82\xac!" HOME DELETE, "!");
	expect_line("\xe2\x82\xac\xc3\xbc" LEFT "x" HOME RIGHT "y", "\xe2\x82\xacyx\xc3\xbc");
}

/* In what is pasted a tab is a blank; a key is one that nothing follows, or that completes. */
TEST(console_line__tabs)
{
	begin();
	expect_line("zzz\tx", "zzz x");
	expect_line("zzz\t" HOME DELETE "x", "xzz");
	expect_line("help\tdisk", "help disk");
	line.more_waits = true;
	expect_line("disk\tlist", "disk list");
	expect_line("disk list\tvd0\t\t1", "disk list vd0 1");
	expect_line("disk \tlist", "disk  list");
	line.more_waits = false;
}
