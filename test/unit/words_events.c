/* SPDX-License-Identifier: MIT */
/* words/events.c: the values of events, in the words of the field. */
#include "words/events.h"

#include "test/harness.h"

static const struct {
	orion_event event;
	uint64_t values[3];
	const char *text;
} rows[] = {
	/* Offsets in struct virtio_blk_config: 8 is size_max, 34 num_queues. */
	{ORION_EVENT_LIMIT_ODD, {8, 100, 512}, "field size_max, claimed 100, used 512"},
	{ORION_EVENT_LIMIT_ODD, {34, 0, 1}, "field num_queues, claimed 0, used 1"},
	{ORION_EVENT_LIMIT_ODD, {9, 1, 2}, "field 9, claimed 1, used 2"},
	{ORION_EVENT_CONFIG_TORN, {0, 16, 0}, "field capacity, tries 16"},
	{ORION_EVENT_DEVICE_BROKEN,
	 {VBLK_CAUSE_ID_FREE, 1, 7},
	 "cause the device used an id that was not in flight, queue 1, detail 7"},
	{ORION_EVENT_QUEUE_RESET, {2, ORION_OK, 5}, "queue 2, status ok, given_back 5"},
	{ORION_EVENT_FEATURES_MISSING,
	 {0x40, UINT64_C(5) << 32, UINT64_C(1) << 34},
	 "offered 0x40, required 0x500000000, not this driver's VIRTIO_F_RING_PACKED"},
	{ORION_EVENT_FEATURES_DROPPED, {1u << 9, 0, 0}, "features VIRTIO_BLK_F_FLUSH"},
	{ORION_EVENT_FEATURES_DROPPED, {3u << 9, 0, 0}, "features 0x600"},
	{ORION_EVENT_VECTORS_SHORT,
	 {3, 0, VIRTIO_IRQ_LINE},
	 "wanted 3, had 0, mode interrupt line"},
	{ORION_EVENT_PCI_CAP_MISSING, {1, 0, 0}, "type common configuration"},
	{ORION_EVENT_CCW_LEGACY, {0x10001, 0, 0}, "subchannel 0x10001"},
	{ORION_EVENT_COUNT, {1, 2, 3}, ""},
};

TEST(words_events__values_in_words)
{
	char text[EVENT_TEXT_BYTES];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		event_values(text, rows[i].event, rows[i].values);
		EXPECT_STR(text, rows[i].text);
	}
}

/* Any values: the text is bounded, and each event has words for its first. */
TEST(words_events__any_values)
{
	char text[EVENT_TEXT_BYTES];

	for (unsigned i = 0; i < 20000; i++) {
		unsigned event = (unsigned)test_random_below(ORION_EVENT_COUNT);
		uint64_t values[3];

		for (unsigned n = 0; n < 3; n++)
			values[n] = test_random() >> test_random_below(64);
		event_values(text, (orion_event)event, values);
		EXPECT(text[0] >= 'A' && text[0] <= 'z');
		for (unsigned n = 0; n < EVENT_TEXT_BYTES; n++)
			if (text[n] == '\0')
				break;
			else
				EXPECT(n + 1 < EVENT_TEXT_BYTES);
	}
}
