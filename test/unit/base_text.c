/* SPDX-License-Identifier: MIT */
/* src/base/text.c: every status and event has a text of its own, and a family. */
#include <string.h>

#include "orion/port.h"
#include "orion/texts.h"
#include "test/harness.h"

TEST(base_text__statuses)
{
	for (unsigned i = 0; i < ORION_STATUS_COUNT; i++) {
		const char *text = orion_status_text((orion_status)i);

		EXPECT(text != NULL && text[0] != '\0');
		for (unsigned j = 0; j < i; j++)
			EXPECT(strcmp(text, orion_status_text((orion_status)j)) != 0);
	}
	EXPECT_STR(orion_status_text(ORION_STATUS_COUNT), "unknown status");
	EXPECT_STR(orion_status_text((orion_status)-1), "unknown status");
}

TEST(base_text__families)
{
	EXPECT_EQ(orion_status_family(ORION_OK), ORION_FAMILY_DONE);
	EXPECT_EQ(orion_status_family(ORION_NO_ROOM), ORION_FAMILY_NOT_NOW);
	EXPECT_EQ(orion_status_family(ORION_BUSY), ORION_FAMILY_NOT_NOW);
	EXPECT_EQ(orion_status_family(ORION_INVALID), ORION_FAMILY_CALLER);
	EXPECT_EQ(orion_status_family(ORION_NOT_SUPPORTED), ORION_FAMILY_CALLER);
	EXPECT_EQ(orion_status_family(ORION_NO_MEMORY), ORION_FAMILY_HOST);
	EXPECT_EQ(orion_status_family(ORION_PORT_INCOMPLETE), ORION_FAMILY_HOST);
	EXPECT_EQ(orion_status_family(ORION_IO_ERROR), ORION_FAMILY_DEVICE);
	EXPECT_EQ(orion_status_family(ORION_OUTCOME_UNKNOWN), ORION_FAMILY_DEVICE);
	EXPECT_EQ(orion_status_family(ORION_STATUS_COUNT), ORION_FAMILY_DEVICE);
	EXPECT_EQ(orion_status_family((orion_status)-1), ORION_FAMILY_DEVICE);
}

TEST(base_text__events)
{
	for (unsigned i = 0; i < ORION_EVENT_COUNT; i++) {
		EXPECT(orion_event_text((orion_event)i) != NULL);
		EXPECT(strlen(orion_event_text((orion_event)i)) > 10);
	}
	EXPECT_STR(orion_event_text(ORION_EVENT_COUNT), "unknown event");
}
