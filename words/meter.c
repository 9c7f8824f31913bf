/* SPDX-License-Identifier: MIT */
/* The line of progress: see meter.h. */
#include "meter.h"

#include "print.h"

#define SECOND_NS UINT64_C(1000000000)
#define INTERVAL_NS (SECOND_NS / 5)
#define BAR_COLUMNS 14u

void
meter_start(struct meter *meter, const char *title, uint64_t total, meter_unit unit,
	    uint64_t now_ns)
{
	*meter = (struct meter){title, total, unit, now_ns, now_ns};
}

static struct print_text
amount(const struct meter *meter, uint64_t units)
{
	return meter->unit == METER_BYTES ? print_size(units) : print_fixed(units, 0);
}

/* "0:07", "1:02:03" */
static struct print_text
clock_text(uint64_t seconds)
{
	unsigned minutes = (unsigned)(seconds / 60 % 60), rest = (unsigned)(seconds % 60);
	struct print_text text;

	if (seconds >= 3600)
		(void)print_into(text.s, sizeof(text.s), "%llu:%02u:%02u", wide(seconds / 3600),
				 minutes, rest);
	else
		(void)print_into(text.s, sizeof(text.s), "%u:%02u", minutes, rest);
	return text;
}

/* The line of work whose length is known. */
static size_t
part_line(const struct meter *meter, uint64_t done, uint64_t spent_ns, const char *rate, char *line,
	  size_t room)
{
	uint64_t total = meter->total, left = total - done;
	unsigned percent = (unsigned)print_scale(done, 100, total);
	unsigned full = percent * BAR_COLUMNS / 100;

	return print_into(line, room, "%s  %3u%% [%.*s%.*s]  %s of %s  %s  %s left", meter->title,
			  percent, (int)full, "##############", (int)(BAR_COLUMNS - full),
			  "..............", amount(meter, done).s, amount(meter, total).s, rate,
			  done != 0 ? clock_text(print_scale(left, spent_ns, done) / SECOND_NS).s
				    : "-");
}

size_t
meter_line(struct meter *meter, uint64_t done, uint64_t now_ns, char *line, size_t room)
{
	uint64_t spent_ns = now_ns - meter->start_ns;
	char rate[64];
	size_t length;

	if (now_ns - meter->shown_ns < INTERVAL_NS)
		return 0;
	meter->shown_ns = now_ns;
	(void)print_into(
		rate, sizeof(rate), "%s%s/s",
		amount(meter, spent_ns != 0 ? print_scale(done, SECOND_NS, spent_ns) : 0).s,
		meter->unit == METER_BYTES ? "" : " requests");
	if (meter->unit == METER_TIME)
		length = print_into(line, room, "%s  %s", meter->title,
				    clock_text(done / SECOND_NS).s);
	else if (meter->total == METER_UNKNOWN || meter->total == 0)
		length = print_into(line, room, "%s  %s  %s", meter->title, amount(meter, done).s,
				    rate);
	else
		length = part_line(meter, done < meter->total ? done : meter->total, spent_ns, rate,
				   line, room);
	return length < room ? length : room - 1;
}
