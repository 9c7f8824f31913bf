/* SPDX-License-Identifier: MIT */
/* The reports about disks: see show.h. */
#include "commands/show.h"

#include "orion/texts.h"

#include "commands/counters.h"
#include "words/text.h"

/* ---- members that are a field of a view ---- */

enum kind {
	TEXT,
	NUMBER,
	BYTES,
	ANSWER,
};

struct member {
	const char *key;
	size_t at;                      /* in struct view */
	enum kind kind;
};

#define MEMBER(kind, field)                                \
	{                                                  \
#field, offsetof(struct view, field), kind \
	}
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct member whose_members[] = {
	MEMBER(NUMBER, pid),
	MEMBER(TEXT, program),
};

static const struct member connection_members[] = {
	MEMBER(TEXT, state),
	MEMBER(ANSWER, connected),
	MEMBER(NUMBER, connections),
};

static const struct member trouble_members[] = {
	MEMBER(NUMBER, silent_seconds), MEMBER(NUMBER, given_up_requests), MEMBER(TEXT, cause),
	MEMBER(NUMBER, resets),         MEMBER(NUMBER, failures),          MEMBER(NUMBER, replayed),
	MEMBER(TEXT, last_reset),       MEMBER(NUMBER, last_reset_ms),
};

static const struct member size_members[] = {
	MEMBER(BYTES, bytes),
	MEMBER(NUMBER, capacity_sectors),
	MEMBER(NUMBER, block_bytes),
	MEMBER(NUMBER, physical_block_bytes),
	MEMBER(NUMBER, alignment_offset_blocks),
	MEMBER(NUMBER, io_min_blocks),
	MEMBER(NUMBER, io_opt_blocks),
	MEMBER(ANSWER, read_only),
	MEMBER(ANSWER, flush),
	MEMBER(ANSWER, writeback),
	MEMBER(TEXT, durability),
	MEMBER(NUMBER, segments_max),
};

static const struct member queue_members[] = {
	MEMBER(NUMBER, request_sectors_max),
	MEMBER(TEXT, ring),
	MEMBER(ANSWER, indirect),
	MEMBER(ANSWER, event_index),
	MEMBER(ANSWER, in_order),
	MEMBER(ANSWER, queue_reset),
	MEMBER(NUMBER, queues),
	MEMBER(NUMBER, queues_offered),
	MEMBER(NUMBER, queue_size),
	MEMBER(NUMBER, queue_depth),
};

static const struct member use_members[] = {
	MEMBER(NUMBER, vectors),
	MEMBER(NUMBER, open_handles),
	MEMBER(NUMBER, denials),
};

static const struct member memory_members[] = {
	MEMBER(BYTES, dma_bytes),     MEMBER(BYTES, bounce_bytes),  MEMBER(TEXT, bounces),
	MEMBER(BYTES, bounced_bytes), MEMBER(BYTES, private_bytes),
};

static const struct member row_members[] = {
	MEMBER(NUMBER, bytes),
	MEMBER(NUMBER, block_bytes),
	MEMBER(ANSWER, read_only),
	MEMBER(NUMBER, queues),
	MEMBER(TEXT, ring),
	MEMBER(TEXT, serial),
	MEMBER(TEXT, state),
	MEMBER(NUMBER, silent_seconds),
	MEMBER(NUMBER, given_up_requests),
	MEMBER(TEXT, trouble),
};

static void
report_count(struct report *report, const char *key, uint64_t value, bool bytes)
{
	if (value == VIEW_NONE)
		report_none(report, key, NULL);
	else if (bytes)
		report_bytes(report, key, value);
	else
		report_number(report, key, value);
}

static void
report_known_text(struct report *report, const char *key, const char *text)
{
	if (text != NULL)
		report_text(report, key, text);
	else
		report_none(report, key, NULL);
}

static void
report_answer(struct report *report, const char *key, view_answer answer)
{
	if (answer != VIEW_UNKNOWN)
		report_flag(report, key, answer == VIEW_YES);
	else
		report_none(report, key, NULL);
}

static void
report_member(struct report *report, const struct view *view, const struct member *member)
{
	const void *at = (const char *)view + member->at;

	switch (member->kind) {
	case TEXT:
		report_known_text(report, member->key, *(const char *const *)at);
		break;
	case NUMBER:
	case BYTES:
		report_count(report, member->key, *(const uint64_t *)at, member->kind == BYTES);
		break;
	case ANSWER:
		report_answer(report, member->key, *(const view_answer *)at);
		break;
	}
}

static void
report_members(struct report *report, const struct view *view, const struct member *members,
	       size_t count)
{
	for (size_t i = 0; i < count; i++)
		report_member(report, view, &members[i]);
}
#define REPORT(report, view, members) report_members(report, view, members, COUNT_OF(members))

/* ---- sets of bits ---- */

struct bit_name {
	char s[16];
};

/* NAME of BIT, or "bit 40" in ROOM. */
static const char *
name_of(unsigned bit, const char *(*name)(unsigned bit), struct bit_name *room)
{
	const char *known = name(bit);

	(void)print_into(room->s, sizeof(room->s), "bit %u", bit);
	return known != NULL ? known : room->s;
}

static void
report_bits(struct report *report, const char *key, uint64_t bits,
	    const char *(*name)(unsigned bit))
{
	struct bit_name room;

	if (bits == VIEW_NONE) {
		report_none(report, key, NULL);
		return;
	}
	report_list(report, key);
	for (unsigned bit = 0; bit < 64; bit++) {
		if ((bits >> bit & 1) != 0)
			report_text(report, NULL, name_of(bit, name, &room));
	}
	report_list_end(report);
}

/* ---- disk list ---- */

/* VALUE in decimal, or "-". */
static struct print_text
shown(uint64_t value)
{
	struct print_text text = {"-"};

	if (value != VIEW_NONE)
		(void)print_into(text.s, sizeof(text.s), "%llu", wide(value));
	return text;
}

/* What is to be known of a disk before it is used; nothing when all is well. */
static const char *
trouble_of(const struct view *view, char text[80])
{
	size_t used = 0;

	text[0] = '\0';
	if (view->trouble != NULL)
		used = print_into(text, 80, "  %s", view->trouble);
	else if (view->silent_seconds != VIEW_NONE && view->silent_seconds != 0)
		used = print_into(text, 80, "  no answer for %llu s", wide(view->silent_seconds));
	if (used < 80 && view->given_up_requests != VIEW_NONE && view->given_up_requests != 0)
		(void)print_into(text + used, 80 - used, "  %llu given up, not back",
				 wide(view->given_up_requests));
	return text;
}

static void
list_head(struct show *show)
{
	report_line(&show->report, "%-*s %16s %10s %6s %-3s %6s %-7s %s", (int)show->disk_columns,
		    "disk", "bytes", "size", "block", "ro", "queues", "ring", "serial");
}

static void
list_disk(struct show *show, const struct view *view)
{
	bool serial = view->serial != NULL && view->serial[0] != '\0';
	char trouble[80];

	report_line(&show->report, "%-*s %16s %10s %6s %-3s %6s %-7s %s%s", (int)show->disk_columns,
		    view->disk, shown(view->bytes).s,
		    view->bytes == VIEW_NONE ? "-" : print_size(view->bytes).s,
		    shown(view->block_bytes).s,
		    view->read_only == VIEW_UNKNOWN ? "-"
		    : view->read_only == VIEW_YES   ? "yes"
						    : "no",
		    shown(view->queues).s, view->ring == NULL ? "-" : view->ring,
		    serial ? view->serial : "-", trouble_of(view, trouble));
	if (!show->report.json)
		return;
	report_group(&show->report, NULL, "");
	report_text(&show->report, "disk", view->disk);
	REPORT(&show->report, view, whose_members);
	REPORT(&show->report, view, row_members);
	report_group_end(&show->report);
}

/* ---- virtio-device-info ---- */

static void
show_device(struct report *report, const struct view *view)
{
	report_known_text(report, "serial", view->serial);
	report_known_text(report, "transport", view->transport);
	report_known_text(report, "place", view->place);
	REPORT(report, view, connection_members);
	REPORT(report, view, trouble_members);
	REPORT(report, view, size_members);
	if (view->segment_bytes_max == UINT32_MAX)
		report_none(report, "segment_bytes_max", "no limit");
	else
		report_count(report, "segment_bytes_max", view->segment_bytes_max, true);
	REPORT(report, view, queue_members);
	report_known_text(report, "interrupts", view->interrupt_mode);
	REPORT(report, view, use_members);
	report_bits(report, "features", view->features, vblk_feature_name);
	if (report->json)
		report_bits(report, "features_offered", view->features_offered, vblk_feature_name);
	report_bits(report, "protocol_features", view->protocol_features,
		    view->protocol_feature_name);
}

/* ---- virtio-queue-info, virtio-queue-stats, virtio-performance-stats ---- */

static void
show_ring(struct report *report, const struct view *view, const struct vblk_ring_info *ring)
{
	bool packed = text_equal(view->ring, "packed");

	report_text(report, "ring", view->ring);
	report_number(report, "size", ring->size);
	report_number(report, "free", ring->free);
	report_number(report, "depth", view->queue_depth);
	report_number(report, "available", ring->available);
	report_number(report, "used", ring->used);
	report_answer(report, "available_wrap",
		      packed ? view_answer_of(ring->available_wrap) : VIEW_UNKNOWN);
	report_answer(report, "used_wrap", packed ? view_answer_of(ring->used_wrap) : VIEW_UNKNOWN);
	report_hex(report, "descriptor_area", ring->descriptor_area);
	report_hex(report, "driver_area", ring->driver_area);
	report_hex(report, "device_area", ring->device_area);
	if (ring->vector == VIRTIO_NO_VECTOR)
		report_none(report, "vector", "none");
	else
		report_number(report, "vector", ring->vector);
	report_text(report, "broken", vblk_cause_text(ring->cause));
}

static void
open_queue(struct report *report, unsigned index)
{
	char title[24];

	(void)print_into(title, sizeof(title), "queue %u", index);
	report_group(report, NULL, title);
	if (report->json)
		report_number(report, "queue", index);
}

/* Not inlined: its counters are to be in no other's stack frame. */
__attribute__((noinline)) static bool
show_queue_counters(struct show *show, const struct view *view, unsigned index)
{
	struct view_queue queue;

	view_queue_clear(&queue);
	if (!view->count(view, index, &queue))
		return false;
	if (show->queue == SHOW_ALL_QUEUES || show->queue == index) {
		open_queue(&show->report, index);
		counters_queue(&show->report, view, &queue);
		report_group_end(&show->report);
	}
	return true;
}

static bool
show_queue_ring(struct show *show, const struct view *view, unsigned index)
{
	struct vblk_ring_info ring;

	if (!view->look(view, index, &ring))
		return false;
	if (show->queue == SHOW_ALL_QUEUES || show->queue == index) {
		open_queue(&show->report, index);
		show_ring(&show->report, view, &ring);
		report_group_end(&show->report);
	}
	return true;
}

static void
show_queues(struct show *show, const struct view *view)
{
	unsigned index = 0;

	report_list(&show->report, "queues");
	if (show->kind == SHOW_RINGS && view->look != NULL) {
		while (show_queue_ring(show, view, index))
			index++;
	} else if (show->kind == SHOW_QUEUES && view->count != NULL) {
		while (show_queue_counters(show, view, index))
			index++;
	}
	report_list_end(&show->report);
}

static void
show_performance(struct report *report, const struct view *view)
{
	REPORT(report, view, connection_members);
	report_count(report, "bytes", view->bytes, true);
	report_count(report, "queues", view->queues, false);
	counters_disk(report, view);
}

/* ---- virtio-feature-list ---- */

static bool
has(uint64_t set, unsigned bit)
{
	return set != VIEW_NONE && (set >> bit & 1) != 0;
}

static void
show_feature(struct report *report, const struct view *view, unsigned bit)
{
	bool offered = has(view->features_offered, bit), wanted = has(view->features_wanted, bit);
	bool negotiated = has(view->features, bit);
	struct bit_name room;
	const char *name = name_of(bit, vblk_feature_name, &room);

	if (name == room.s && !offered && !wanted && !negotiated)
		return;
	report_line(report, "%3u  %-30s %-8s %-7s %s", bit, name, offered ? "yes" : "-",
		    wanted ? "yes" : "-", negotiated ? "yes" : "-");
	if (!report->json)
		return;
	report_group(report, NULL, "");
	report_number(report, "bit", bit);
	report_text(report, "name", name);
	report_flag(report, "offered", offered);
	report_flag(report, "wanted", wanted);
	report_flag(report, "negotiated", negotiated);
	report_group_end(report);
}

static void
show_features(struct report *report, const struct view *view)
{
	report_line(report, "%3s  %-30s %-8s %-7s %s", "bit", "feature", "offered", "wanted",
		    "negotiated");
	report_list(report, "features");
	for (unsigned bit = 0; bit < 64; bit++)
		show_feature(report, view, bit);
	report_list_end(report);
}

/* ---- virtio-memory-info ---- */

static void
show_budget(struct report *report, const struct orion_budget *budget)
{
	if (budget == NULL) {
		report_none(report, "budget", NULL);
		return;
	}
	report_group(report, "budget", "all devices");
	report_bytes(report, "limit", budget->limit);
	report_bytes(report, "used", budget->used);
	report_bytes(report, "peak", budget->peak);
	report_number(report, "refusals", budget->refusals);
	report_bytes(report, "quarantined", budget->quarantined);
	report_group_end(report);
}

/* ---- all of them ---- */

void
view_clear(struct view *view)
{
	static const struct {
		const struct member *members;
		size_t count;
	} all[] = {
		{whose_members, COUNT_OF(whose_members)},
		{connection_members, COUNT_OF(connection_members)},
		{trouble_members, COUNT_OF(trouble_members)},
		{size_members, COUNT_OF(size_members)},
		{queue_members, COUNT_OF(queue_members)},
		{use_members, COUNT_OF(use_members)},
		{memory_members, COUNT_OF(memory_members)},
	};

	*view = (struct view){.segment_bytes_max = VIEW_NONE,
			      .features = VIEW_NONE,
			      .features_offered = VIEW_NONE,
			      .features_wanted = VIEW_NONE,
			      .protocol_features = VIEW_NONE};
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		for (size_t m = 0; m < all[i].count; m++) {
			const struct member *member = &all[i].members[m];

			if (member->kind == NUMBER || member->kind == BYTES)
				*(uint64_t *)(void *)((char *)view + member->at) = VIEW_NONE;
		}
	}
}

void
show_init(struct show *show, show_kind kind)
{
	*show = (struct show){
		.kind = kind, .queue = SHOW_ALL_QUEUES, .disk_columns = SHOW_DISK_COLUMNS};
}

void
show_open(struct show *show, const struct text_sink *sink, bool json, const struct show_host *host)
{
	struct report *report = &show->report;

	report_open(report, sink, json);
	if (show->kind == SHOW_DEVICE)
		report_known_text(report, "hypervisor", host->hypervisor);
	else if (show->kind == SHOW_MEMORY)
		show_budget(report, host->budget);
	else if (show->kind == SHOW_LIST)
		list_head(show);
	report_list(report, "disks");
}

void
show_disk(struct show *show, const struct view *view)
{
	struct report *report = &show->report;

	if (show->kind == SHOW_LIST) {
		list_disk(show, view);
		return;
	}
	report_group(report, NULL, view->disk);
	if (report->json)
		report_text(report, "disk", view->disk);
	REPORT(report, view, whose_members);
	if (show->kind == SHOW_DEVICE)
		show_device(report, view);
	else if (show->kind == SHOW_PERFORMANCE)
		show_performance(report, view);
	else if (show->kind == SHOW_FEATURES)
		show_features(report, view);
	else if (show->kind == SHOW_MEMORY)
		REPORT(report, view, memory_members);
	else
		show_queues(show, view);
	report_group_end(report);
}

void
show_close(struct show *show)
{
	report_list_end(&show->report);
	report_close(&show->report);
}
