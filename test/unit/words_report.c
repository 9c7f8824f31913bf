/* SPDX-License-Identifier: MIT */
/* One description in two forms: words/report.h. */
#include <string.h>

#include "test/harness.h"
#include "words/report.h"

struct page {
	char text[2000];
	size_t used;
};

static void
take(void *context, const char *text, size_t length)
{
	struct page *page = context;

	EXPECT(page->used + length < sizeof(page->text));
	memcpy(page->text + page->used, text, length);
	page->used += length;
	page->text[page->used] = '\0';
}

/* Everything once, each with something and with nothing. */
static void
describe(struct report *report)
{
	report_number(report, "most", UINT64_MAX);
	report_signed(report, "least", INT64_MIN);
	report_flag(report, "read_only", true);
	report_group(report, "inner", "the inner one");
	report_bytes(report, "bytes", 1536);
	report_bytes(report, "few", 17);
	report_hex(report, "address", 0xfeed);
	report_group_end(report);
	report_fixed(report, "us", 12345, 2);
	report_ratio(report, "third", 1, 3);
	report_ratio(report, "none", 1, 0);
	report_literal(report, "real", "1e+20");
	report_none(report, "limit", "no limit");
	report_none(report, "unsaid", NULL);
	report_text(report, "name", "a\"b\\c\n");
	report_text(report, "empty", "");
	report_text(report, "nobody", NULL);
	report_list(report, "nothing");
	report_list_end(report);
	report_list(report, "list");
	report_group(report, NULL, "row 0");
	report_flag(report, "on", false);
	report_group_end(report);
	report_group(report, NULL, "row 1");
	report_group_end(report);
	report_list_end(report);
	report_line(report, "%s %3u", "only text", 7u);
}

TEST(words_report__json)
{
	struct page page = {.used = 0};
	struct report report;

	report_open(&report, &(struct text_sink){take, &page}, true);
	describe(&report);
	report_close(&report);
	EXPECT_STR(page.text, "{\n"
			      "  \"most\": 18446744073709551615,\n"
			      "  \"least\": -9223372036854775808,\n"
			      "  \"read_only\": true,\n"
			      "  \"inner\": {\n"
			      "    \"bytes\": 1536,\n"
			      "    \"few\": 17,\n"
			      "    \"address\": \"0xfeed\"\n"
			      "  },\n"
			      "  \"us\": 123.45,\n"
			      "  \"third\": 0.333,\n"
			      "  \"none\": null,\n"
			      "  \"real\": 1e+20,\n"
			      "  \"limit\": null,\n"
			      "  \"unsaid\": null,\n"
			      "  \"name\": \"a\\\"b\\\\c\\u000a\",\n"
			      "  \"empty\": \"\",\n"
			      "  \"nobody\": null,\n"
			      "  \"nothing\": [],\n"
			      "  \"list\": [\n"
			      "    {\n"
			      "      \"on\": false\n"
			      "    },\n"
			      "    {}\n"
			      "  ]\n"
			      "}\n");
}

TEST(words_report__text)
{
	struct page page = {.used = 0};
	struct report report;

	report_open(&report, &(struct text_sink){take, &page}, false);
	describe(&report);
	report_close(&report);
	EXPECT_STR(page.text, "most                      18446744073709551615\n"
			      "least                     -9223372036854775808\n"
			      "read only                 yes\n"
			      "the inner one\n"
			      "  bytes                   1536 (1.5 KiB)\n"
			      "  few                     17\n"
			      "  address                 0xfeed\n"
			      "us                        123.45\n"
			      "third                     0.333\n"
			      "none                      -\n"
			      "real                      1e+20\n"
			      "limit                     no limit\n"
			      "name                      a\"b\\c?\n"
			      "empty                     -\n"
			      "nobody                    -\n"
			      "row 0\n"
			      "  on                      no\n"
			      "row 1\n"
			      "only text   7\n");
}

/* In text a list of texts is a paragraph, and a terminal has nothing to obey. */
TEST(words_report__texts_for_a_terminal)
{
	struct page page = {.used = 0};
	struct report report;

	report_open(&report, &(struct text_sink){take, &page}, false);
	report_group(&report, NULL, "a\033[2Jb\xff\xc3\xa9");
	report_list(&report, "short_list");
	for (unsigned i = 0; i < 12; i++)
		report_text(&report, NULL, i == 1 ? "t\x01\x7f\xc2\x9b" : "12345678");
	report_list_end(&report);
	report_list(&report, "empty");
	report_list_end(&report);
	report_text(&report, "next", "\xe2\x82");
	report_group_end(&report);
	report_close(&report);
	EXPECT_STR(page.text, "a?[2Jb?\xc3\xa9\n"
			      "  short list              12345678, t???, 12345678, 12345678, "
			      "12345678, 12345678, 12345678,\n"
			      "                          12345678, 12345678, 12345678, 12345678, "
			      "12345678\n"
			      "  next                    ??\n");
}

/* A list of texts; what is no UTF-8 is U+FFFD, byte by byte. */
TEST(words_report__texts_are_sound)
{
	static const char *const texts[] = {"plain",         "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
					    "\xff",          "a\x80\xc3",
					    "\xe2\x82(\xa9", "\x01\x7f"};
	struct page page = {.used = 0};
	struct report report;

	report_open(&report, &(struct text_sink){take, &page}, true);
	report_list(&report, "texts");
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		report_text(&report, NULL, texts[i]);
	report_list_end(&report);
	report_close(&report);
	EXPECT_STR(page.text, "{\n"
			      "  \"texts\": [\n"
			      "    \"plain\",\n"
			      "    \"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\",\n"
			      "    \"\\ufffd\",\n"
			      "    \"a\\ufffd\\ufffd\",\n"
			      "    \"\\ufffd\\ufffd(\\ufffd\",\n"
			      "    \"\\u0001\\u007f\"\n"
			      "  ]\n"
			      "}\n");
	page.used = 0;
	report_open(&report, &(struct text_sink){take, &page}, true);
	report_close(&report);
	EXPECT_STR(page.text, "{}\n");
}
