/* SPDX-License-Identifier: MIT */
/*
 * Devices that break their promises.  Whatever they do: no crash, no hang, no access out of bounds,
 * no request completed twice or not at all, a true first cause, OK only with the right data, and a
 * close that gives everything back.
 */
#include "test/scenario/matrix.h"

#include <string.h>
#include "orion/texts.h"

#define CAUSE(c) (1u << VBLK_CAUSE_##c)
#define LIVE CAUSE(NONE)
#define ANY (LIVE | CAUSE(ID_RANGE) | CAUSE(ID_FREE) | CAUSE(INDEX_LEAP))
#define REQUESTS 8u

/* A mischief of the running device, and what may come of it in a split and in a packed ring. */
static const struct row {
	model_mischief what;
	uint32_t times;
	unsigned split, packed; /* causes, as a set; LIVE: not broken */
	unsigned errors; /* exactly so many requests fail, when it stays live */
} rows[] = {
	{MODEL_MISCHIEF_NONE, 0, LIVE, LIVE, 0},
	{MODEL_MISCHIEF_ID_RANGE, 1, CAUSE(ID_RANGE), CAUSE(ID_RANGE), 0},
	{MODEL_MISCHIEF_ID_HIGH, 1, CAUSE(ID_RANGE), CAUSE(ID_RANGE), 0},
	{MODEL_MISCHIEF_ID_FREE, 1, CAUSE(ID_FREE), CAUSE(ID_FREE), 0},
	{MODEL_MISCHIEF_ID_MIDDLE, 1, ANY & ~LIVE, ANY & ~LIVE, 0},
	{MODEL_MISCHIEF_ID_TWICE, 1, CAUSE(ID_FREE) | CAUSE(INDEX_LEAP),
	 CAUSE(ID_FREE) | CAUSE(INDEX_LEAP), 0},
	{MODEL_MISCHIEF_INDEX_LEAP, 0, CAUSE(INDEX_LEAP), ANY, 9},
	{MODEL_MISCHIEF_INDEX_BACK, 0, ANY, ANY, 9},
	{MODEL_MISCHIEF_INDEX_RUNS, 0, CAUSE(INDEX_LEAP) | CAUSE(ID_FREE), ANY, 9},
	{MODEL_MISCHIEF_LENGTH_HUGE, 0, LIVE, LIVE, 0},
	{MODEL_MISCHIEF_LENGTH_ZERO, 0, LIVE, LIVE, 0},
	{MODEL_MISCHIEF_LENGTH_ONE, 0, LIVE, LIVE, 0},
	{MODEL_MISCHIEF_LENGTH_UNSAID, 0, LIVE, LIVE, 0},
	{MODEL_MISCHIEF_STATUS_NONE, 1, LIVE, LIVE, 1},
	{MODEL_MISCHIEF_STATUS_ODD, 1, LIVE, LIVE, 1},
	{MODEL_MISCHIEF_DATA_NONE, 1, LIVE, LIVE, 0},
	{MODEL_MISCHIEF_WITHHELD, 1, LIVE, LIVE, 0},
	{MODEL_MISCHIEF_SCRIBBLE, 0, ANY | CAUSE(NEEDS_RESET), ANY | CAUSE(NEEDS_RESET), 9},
	{MODEL_MISCHIEF_EVENT_ODD, 0, LIVE, LIVE, 0},
	{MODEL_MISCHIEF_IRQ_NONE, 0, LIVE, LIVE, 0},
	{MODEL_MISCHIEF_IRQ_SPURIOUS, 0, LIVE, LIVE, 0},
	{MODEL_MISCHIEF_NEEDS_RESET, 1, CAUSE(NEEDS_RESET), CAUSE(NEEDS_RESET), 0},
	{MODEL_MISCHIEF_ALL_ONES, 0, CAUSE(GONE), CAUSE(GONE), 0},
};

static const struct test_axis mischiefs = {
	"mischief",
	{"none",          "id_range",    "id_high",      "id_free",     "id_middle",   "id_twice",
	 "index_leap",    "index_back",  "index_runs",   "length_huge", "length_zero", "length_one",
	 "length_unsaid", "status_none", "status_odd",   "data_none",   "withheld",    "scribble",
	 "event_odd",     "irq_none",    "irq_spurious", "needs_reset", "all_ones"}};
static const struct test_axis *const axes[] = {&mischiefs, &layout,   &tables, &events,
					       &orders,    &memories, NULL};

struct run {
	struct world w;
	struct world_buffer *in;
	uint64_t cookies[REQUESTS];
	unsigned done, errors;
};

static void
submit_all(struct run *run)
{
	for (unsigned i = 0; i < REQUESTS; i++) {
		struct vblk_segment s = {run->in->segment.device_address + i * 512u, 512, 0};
		struct vblk_request r = {.sector = i,
					 .segments = &s,
					 .segment_count = 1,
					 .operation = VBLK_READ,
					 .cookie = world_cookie(&run->w)};

		run->cookies[i] = r.cookie;
		EXPECT_EQ(world_submit(&run->w, 0, &r, 1), 1);
	}
}

/* OK means that the data is there. */
static void
judge(struct run *run, const struct vblk_completion *done, bool may_lack_data)
{
	uint8_t sector[512];

	for (unsigned i = 0; i < REQUESTS; i++) {
		if (done->cookie != run->cookies[i]) {
			continue;
		}
		run->done++;
		run->errors += done->result != ORION_OK;
		world_pattern(sector, 512, i, 3);
		if (done->result == ORION_OK && !may_lack_data) {
			EXPECT_MEM(run->in->cpu + i * 512u, sector, 512);
		}
		EXPECT(done->value <= 512);
	}
}

static void
play(struct run *run, bool may_lack_data)
{
	struct vblk_queue *queue = vblk_queue_get(run->w.device, 0);
	struct vblk_completion done[4];

	for (unsigned turn = 0; turn < 40 && run->done < REQUESTS; turn++) {
		unsigned n;

		world_kick(&run->w, 0);
		if (turn % 4 == 3) {
			vblk_kick_always(queue);
			model_step_settle();
		}
		(void)model_host_act(run->w.host, 40);
		n = world_reap(&run->w, 0, done, 4);
		for (unsigned i = 0; i < n; i++) {
			judge(run, &done[i], may_lack_data);
		}
		if (n == 0) {
			(void)world_arm(&run->w, 0);
		}
		(void)vblk_refresh(run->w.device, NULL);
	}
}

static uint64_t
shorts(struct run *run)
{
	struct vblk_queue_stats stats;
	struct vblk_irq_stats irq;

	vblk_queue_stats(vblk_queue_get(run->w.device, 0), &stats, &irq);
	return stats.short_lengths;
}

/* How many reads seem to succeed with less than was asked for. */
static unsigned
short_lengths(model_mischief what)
{
	if (what == MODEL_MISCHIEF_DATA_NONE)
		return 1;
	if (what == MODEL_MISCHIEF_LENGTH_ZERO || what == MODEL_MISCHIEF_LENGTH_ONE ||
	    (what == MODEL_MISCHIEF_LENGTH_UNSAID && test_choice(&layout) == 1))
		return REQUESTS;
	return 0;
}

static void
misbehave(const struct test_axis *const *of, world_reach by)
{
	const struct row *row = &rows[test_choice(&mischiefs)];
	unsigned allowed = test_choice(&layout) == 0 ? row->split : row->packed, cause;
	struct run *run = test_alloc(sizeof(*run));
	struct world_config config;
	uint8_t sector[512];

	matrix_configure_for(&config, of);
	config.reach = by;
	config.breaches_allowed = row->what == MODEL_MISCHIEF_SCRIBBLE;
	config.model.queue_size = 64;
	config.options.queue_depth = 16;
	config.model.eager = false; /* all requests are in flight when it starts */
	world_open(&run->w, &config, NULL);
	run->in = world_buffer(&run->w, REQUESTS * 512, ORION_DEVICE_WRITES);
	for (unsigned i = 0; i < REQUESTS; i++) {
		world_pattern(sector, 512, i, 3);
		model_device_poke(run->w.model, i, sector, 512);
	}
	model_device_trick(run->w.model, row->what,
			   row->times == 1 ? (uint32_t)test_random_below(REQUESTS - 1) : 0,
			   row->times, 0);
	submit_all(run);
	play(run, row->what == MODEL_MISCHIEF_DATA_NONE);

	cause = vblk_cause_get(run->w.device);
	test_note("%s: cause %s, %u done, %u failed", model_mischief_text(row->what),
		  vblk_cause_text((vblk_cause)cause), run->done, run->errors);
	EXPECT((allowed & 1u << cause) != 0);
	EXPECT_EQ(vblk_state_get(run->w.device), cause == VBLK_CAUSE_NONE   ? VBLK_LIVE
						 : cause == VBLK_CAUSE_GONE ? VBLK_DEAD
									    : VBLK_BROKEN);
	if (cause == VBLK_CAUSE_NONE && row->errors < 9) {
		EXPECT_EQ(run->errors, row->errors);
		EXPECT_EQ(run->done,
			  row->what == MODEL_MISCHIEF_WITHHELD ? REQUESTS - 1 : REQUESTS);
		EXPECT_EQ(shorts(run), short_lengths(row->what));
	}
	if (cause != VBLK_CAUSE_NONE) {
		struct vblk_segment s = {run->in->segment.device_address, 512, 0};

		EXPECT(world_io(&run->w, 0, VBLK_READ, 0, &s, 1) != ORION_OK);
	}
	world_close(&run->w);
	test_free(run);
}

TEST_AXES(mischief, axes, NULL) { misbehave(axes, WORLD_MODEL); }

static const struct test_axis *const bus_axes[] = {&mischiefs, &layout, &memories, NULL};

TEST_AXES(mischief_pci, bus_axes, NULL) { misbehave(bus_axes, WORLD_PCI); }

TEST_AXES(mischief_mmio, bus_axes, NULL) { misbehave(bus_axes, WORLD_MMIO); }

static bool
legacy_wanted(void)
{
	return test_choice(&layout) == 0 && world_reachable(WORLD_LEGACY);
}

TEST_AXES(mischief_legacy, bus_axes, legacy_wanted) { misbehave(bus_axes, WORLD_LEGACY); }

TEST_AXES(mischief_pci_legacy, bus_axes, legacy_wanted) { misbehave(bus_axes, WORLD_PCI_LEGACY); }

/* ---- the handshake ---- */

static const struct test_axis points = {"point",
					{"0", "1", "2", "3", "4", "5", "6", "8", "10", "12", "15",
					 "18", "21", "25", "30", "40", "60"}};
static const struct test_axis *const gone_axes[] = {&points, &reaches, &layout, NULL};

/* The device disappears at some register access between reset and DRIVER_OK, or after. */
TEST_AXES(gone_during_open, gone_axes, matrix_reachable_layout)
{
	static const uint32_t point_values[] = {0,  1,  2,  3,  4,  5,  6,  8, 10,
						12, 15, 18, 21, 25, 30, 40, 60};
	struct world_config config;
	struct world w;
	orion_status status;

	matrix_configure_for(&config, gone_axes);
	config.reach = (world_reach)test_choice(&reaches);
	config.breaches_allowed = true;
	config.model.tricks[0] = (struct model_trick){MODEL_MISCHIEF_ALL_ONES,
						      point_values[test_choice(&points)], 0, 0};
	world_open(&w, &config, &status);
	test_note("opened: %s", orion_status_text(status));
	/* MMIO: the registers that say what it is are the first to be gone. */
	EXPECT(status == ORION_OK || status == ORION_DEVICE_GONE ||
	       status == ORION_DEVICE_REFUSED ||
	       (status == ORION_NOT_FOUND && world_is_mmio(config.reach)));
	world_close(&w);
}

static const struct claim {
	model_mischief what;
	uint32_t times;
	uint64_t value;
	bool refused;
	uint32_t after;
} claims[] = {
	{MODEL_MISCHIEF_FEATURES_REFUSED, 0, 0, true, 0},
	{MODEL_MISCHIEF_FEATURES_DROPPED, 0, 0, true, 0},
	{MODEL_MISCHIEF_CONFIG_TORN, 0, 0, true, 0},
	{MODEL_MISCHIEF_CONFIG_TORN, 4, 0, false, 0},
	{MODEL_MISCHIEF_QUEUE_REFUSED, 0, 0, true, 0},
	{MODEL_MISCHIEF_VECTOR_REFUSED, 0, 0, false, 0},
	{MODEL_MISCHIEF_VECTOR_REFUSED, 1, 0, false, 0},
	{MODEL_MISCHIEF_SAY_CAPACITY, 0, UINT64_MAX, false, 0},
	{MODEL_MISCHIEF_SAY_BLOCK, 0, 0, true, 0},
	{MODEL_MISCHIEF_SAY_BLOCK, 0, 1, true, 0},
	{MODEL_MISCHIEF_SAY_BLOCK, 0, 513, true, 0},
	{MODEL_MISCHIEF_SAY_BLOCK, 0, 0x80000000, true, 0},
	{MODEL_MISCHIEF_SAY_SEG_MAX, 0, 0, false, 0},
	{MODEL_MISCHIEF_SAY_SEG_MAX, 0, UINT32_MAX, false, 0},
	{MODEL_MISCHIEF_SAY_SEG_MAX, 0, UINT32_MAX - 1, false, 0},
	{MODEL_MISCHIEF_SAY_SIZE_MAX, 0, 0, false, 0},
	{MODEL_MISCHIEF_SAY_SIZE_MAX, 0, 511, false, 0},
	{MODEL_MISCHIEF_SAY_SIZE_MAX, 0, 1000, false, 0},
	{MODEL_MISCHIEF_SAY_SIZE_MAX, 0, UINT32_MAX, false, 0},
	{MODEL_MISCHIEF_SAY_QUEUES, 0, 0, false, 0},
	{MODEL_MISCHIEF_SAY_QUEUES, 0, 0xffff, false, 0},
	{MODEL_MISCHIEF_SAY_QUEUE_SIZE, 0, 0, true, 0},
	{MODEL_MISCHIEF_SAY_QUEUE_SIZE, 0, 1, true, 0},
	{MODEL_MISCHIEF_SAY_QUEUE_SIZE, 0, 7, false, 0},
	{MODEL_MISCHIEF_SAY_PHYSICAL, 0, 255, false, 0},
	{MODEL_MISCHIEF_SAY_CONFIG_BYTES, 0, 8, true, 0},
	{MODEL_MISCHIEF_SAY_CONFIG_BYTES, 0, 4, true, 0},
	{MODEL_MISCHIEF_VECTOR_REFUSED, 0, 0, false, 1},
	{MODEL_MISCHIEF_VECTOR_REFUSED, 1, 0, false, 2},
};

static const struct test_axis claim_axis = {"claim",
					    {"features_refused",
					     "features_dropped",
					     "config_torn",
					     "config_torn_4",
					     "queue_refused",
					     "vector_refused",
					     "vector_refused_once",
					     "capacity_huge",
					     "block_0",
					     "block_1",
					     "block_513",
					     "block_huge",
					     "seg_max_0",
					     "seg_max_huge",
					     "seg_max_huge_less_1",
					     "size_max_0",
					     "size_max_511",
					     "size_max_1000",
					     "size_max_huge",
					     "queues_0",
					     "queues_65535",
					     "queue_size_0",
					     "queue_size_1",
					     "queue_size_7",
					     "physical_255",
					     "config_8",
					     "config_4",
					     "queue_vector_refused",
					     "second_vector_refused"}};
static const struct test_axis *const claim_axes[] = {&claim_axis, &layout, &tables, &reaches, NULL};

static void
check_info(const struct vblk_info *info)
{
	EXPECT(info->block_bytes >= 512 && info->block_bytes <= 65536);
	EXPECT_EQ(info->block_bytes & (info->block_bytes - 1), 0);
	EXPECT(info->physical_block_bytes >= info->block_bytes);
	EXPECT(info->capacity_sectors <= UINT64_C(1) << 55);
	EXPECT(info->segments_max >= 1 && info->segments_max + 2 <= info->queue_size);
	EXPECT((uint64_t)info->segments_max * info->segment_bytes_max >= info->block_bytes);
	EXPECT(info->request_sectors_max >= info->block_bytes / 512);
	EXPECT(info->queues >= 1 && info->queues <= 16);
	EXPECT(info->queue_depth >= 1 && info->queue_depth <= info->queue_size);
}

/* A request on each queue, and unless the driver polls, its owner is woken for it. */
static void
check_wake(struct world *w)
{
	struct world_buffer *in = world_buffer(w, 4096, ORION_DEVICE_WRITES);

	for (unsigned q = 0; q < vblk_info(w->device)->queues; q++) {
		unsigned wakes = w->events[q].wakes;

		EXPECT(world_arm(w, q));
		EXPECT_EQ(world_io(w, q, VBLK_READ, 0, &in->segment, 1), ORION_OK);
		EXPECT(vblk_info(w->device)->irq_mode == VIRTIO_IRQ_POLLED ||
		       w->events[q].wakes > wakes);
	}
}

/*
 * A legacy device has no say in features, but on PCI it says what it heard; how long its
 * configuration is, is there a matter of the ports (pci_ports_few).
 */
static bool
claim_wanted(void)
{
	world_reach reach = (world_reach)test_choice(&reaches);
	model_mischief what = claims[test_choice(&claim_axis)].what;

	return matrix_reachable_layout() &&
	       (reach != WORLD_LEGACY || what != MODEL_MISCHIEF_FEATURES_REFUSED) &&
	       (reach != WORLD_PCI_LEGACY || what != MODEL_MISCHIEF_SAY_CONFIG_BYTES);
}

/* Legacy PCI takes queues as large as they say they are, and no ring is of 7. */
static bool
is_refused(const struct claim *claim, world_reach reach)
{
	return claim->refused ||
	       (reach == WORLD_PCI_LEGACY && claim->what == MODEL_MISCHIEF_SAY_QUEUE_SIZE);
}

/* Claims that cannot be meant: the device is refused, or works with something sane. */
TEST_AXES(false_claim, claim_axes, claim_wanted)
{
	const struct claim *claim = &claims[test_choice(&claim_axis)];
	struct world_config config;
	struct world w;
	orion_status status;

	matrix_configure_for(&config, claim_axes);
	config.reach = (world_reach)test_choice(&reaches);
	config.homes = 2;
	config.model.queues = 2;
	config.model.vectors = 3;
	config.breaches_allowed = claim->what == MODEL_MISCHIEF_SAY_QUEUES;
	config.model.queue_size = 64;
	config.model.tricks[0] =
		(struct model_trick){claim->what, claim->after, claim->times, claim->value};
	world_open(&w, &config, &status);
	test_note("%s: %s", model_mischief_text(claim->what), orion_status_text(status));
	if (claim->what == MODEL_MISCHIEF_CONFIG_TORN && claim->refused) {
		EXPECT(status != ORION_OK);
		EXPECT(model_host_stats(w.host)->reports[ORION_EVENT_CONFIG_TORN] > 0);
	} else if (claim->what == MODEL_MISCHIEF_QUEUE_REFUSED && config.reach == WORLD_PCI) {
		/*
		 * Only a queue_enable that is read back would tell; requests then time out above.
		 */
		EXPECT(status == ORION_OK || status == ORION_DEVICE_REFUSED);
	} else if (is_refused(claim, config.reach)) {
		EXPECT_STR(orion_status_text(status), orion_status_text(ORION_DEVICE_REFUSED));
	} else {
		EXPECT_STR(orion_status_text(status), orion_status_text(ORION_OK));
		check_info(vblk_info(w.device));
		check_wake(&w);
	}
	world_close(&w);
}

/* The reset at the end never completes: the device is dead, its memory stays where it is. */
TEST(reset_stuck)
{
	struct world_config config;
	struct world_buffer *in;
	struct vblk_completion done;
	struct vblk_request r;
	struct world w;

	world_defaults(&config);
	world_open(&w, &config, NULL);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	model_device_hold(w.model, true);
	r = (struct vblk_request){
		.segments = &in->segment, .segment_count = 1, .cookie = world_cookie(&w)};
	EXPECT_EQ(world_submit(&w, 0, &r, 1), 1);
	world_kick(&w, 0);
	world_run(&w);
	model_device_trick(w.model, MODEL_MISCHIEF_RESET_STUCK, 0, 0, 0);
	EXPECT_EQ(vblk_stop(w.device), ORION_TIMED_OUT);
	EXPECT_EQ(vblk_state_get(w.device), VBLK_DEAD);
	EXPECT_EQ(model_host_stats(w.host)->reports[ORION_EVENT_RESET_TIMEOUT], 1);
	EXPECT_EQ(world_reap(&w, 0, &done, 1), 1);
	EXPECT_EQ(done.result, ORION_OUTCOME_UNKNOWN);
	model_device_behave(w.model);
	w.config.breaches_allowed = true;
	world_close(&w);
}

/* ---- PCI capabilities ---- */

static const struct test_axis caps = {"cap",
				      {"loop", "bar", "past", "wrap", "short", "missing", "odd"}};
static const struct test_axis kinds = {"kind", {"common", "notify", "isr", "device"}};
static const struct test_axis *const cap_axes[] = {&caps, &kinds, NULL};

/* Each of the four structures broken in each way: refused, or done without. */
TEST_AXES(pci_capability, cap_axes, NULL)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;
	orion_status status;

	world_defaults(&config);
	config.reach = WORLD_PCI;
	config.model.tricks[0] =
		(struct model_trick){(model_mischief)(MODEL_MISCHIEF_CAP_LOOP + test_choice(&caps)),
				     0, 0, test_choice(&kinds) + 1};
	world_open(&w, &config, &status);
	test_note("opened: %s", orion_status_text(status));
	EXPECT(status == ORION_OK || status == ORION_DEVICE_REFUSED);
	if (test_choice(&caps) != 0 && test_choice(&kinds) != 2) {
		EXPECT_EQ(status, ORION_DEVICE_REFUSED);
	}
	if (status == ORION_OK) {
		in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
		EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
	}
	world_close(&w);
}

TEST(pci_doorbell_past)
{
	struct world_config config;
	struct world w;
	orion_status status;

	world_defaults(&config);
	config.reach = WORLD_PCI;
	config.model.tricks[0] = (struct model_trick){MODEL_MISCHIEF_NOTIFY_PAST, 0, 0, 0};
	world_open(&w, &config, &status);
	EXPECT_EQ(status, ORION_DEVICE_REFUSED);
	world_close(&w);
}

/* Without a usable MSI-X table the line does. */
TEST(pci_msix_past)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	world_defaults(&config);
	config.reach = WORLD_PCI;
	config.model.tricks[0] = (struct model_trick){MODEL_MISCHIEF_MSIX_PAST, 0, 0, 0};
	world_open(&w, &config, NULL);
	EXPECT_EQ(vblk_info(w.device)->irq_mode, VIRTIO_IRQ_LINE);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
	world_close(&w);
}

/* ---- MMIO registers ---- */

static const struct test_axis lies = {"lie",
				      {"magic_0", "magic_swapped", "version_0", "version_3",
				       "version_other", "id_0", "id_1", "ready"}};
static const struct test_axis versions = {"version", {"mmio", "legacy"}};
static const struct test_axis *const lie_axes[] = {&lies, &versions, NULL};

static bool
version_wanted(void)
{
	return test_choice(&versions) == 0 || world_reachable(WORLD_LEGACY);
}

/* What is not a block device of a known version is left alone, with a word unless it is nothing. */
TEST_AXES(mmio_identity, lie_axes, version_wanted)
{
	static const struct {
		model_mischief what;
		uint64_t value;
		orion_status status;
		unsigned reports;
	} rows_of_lies[] = {
		{MODEL_MISCHIEF_SAY_MAGIC, 0, ORION_DEVICE_REFUSED, 1},
		{MODEL_MISCHIEF_SAY_MAGIC, 0x76697274, ORION_DEVICE_REFUSED, 1},
		{MODEL_MISCHIEF_SAY_VERSION, 0, ORION_DEVICE_REFUSED, 1},
		{MODEL_MISCHIEF_SAY_VERSION, 3, ORION_DEVICE_REFUSED, 1},
		{MODEL_MISCHIEF_SAY_VERSION, 0x102, ORION_DEVICE_REFUSED, 1},
		{MODEL_MISCHIEF_SAY_DEVICE_ID, 0, ORION_NOT_FOUND, 0},
		{MODEL_MISCHIEF_SAY_DEVICE_ID, 1, ORION_NOT_FOUND, 0},
		{MODEL_MISCHIEF_QUEUE_READY, 0, ORION_DEVICE_REFUSED, 0},
	};
	unsigned row = test_choice(&lies);
	struct world_config config;
	struct world w;
	orion_status status;

	world_defaults(&config);
	config.reach = test_choice(&versions) == 0 ? WORLD_MMIO : WORLD_LEGACY;
	config.model.tricks[0] =
		(struct model_trick){rows_of_lies[row].what, 0, 0, rows_of_lies[row].value};
	world_open(&w, &config, &status);
	EXPECT_STR(orion_status_text(status), orion_status_text(rows_of_lies[row].status));
	EXPECT_EQ(model_host_stats(w.host)->reports[ORION_EVENT_MMIO_REFUSED],
		  rows_of_lies[row].reports);
	world_close(&w);
}

static const struct test_axis *const version_axes[] = {&versions, NULL};

/* The largest size of a queue is not what it was when it was asked for. */
TEST_AXES(mmio_size_varies, version_axes, version_wanted)
{
	struct world_config config;
	struct world w;
	orion_status status;

	world_defaults(&config);
	config.reach = test_choice(&versions) == 0 ? WORLD_MMIO : WORLD_LEGACY;
	config.model.tricks[0] = (struct model_trick){MODEL_MISCHIEF_SAY_QUEUE_SIZE, 1, 0, 4};
	world_open(&w, &config, &status);
	EXPECT_EQ(status, ORION_DEVICE_REFUSED);
	world_close(&w);
}

/* A cause that never clears costs time, and no more. */
TEST_AXES(mmio_cause_stuck, version_axes, version_wanted)
{
	struct world_config config;
	struct world_buffer *in;
	struct world w;

	world_defaults(&config);
	config.reach = test_choice(&versions) == 0 ? WORLD_MMIO : WORLD_LEGACY;
	world_open(&w, &config, NULL);
	model_device_trick(w.model, MODEL_MISCHIEF_ISR_STUCK, 0, 0, 0);
	in = world_buffer(&w, 512, ORION_DEVICE_WRITES);
	for (unsigned i = 0; i < 4; i++) {
		(void)world_arm(&w, 0);
		EXPECT_EQ(world_io(&w, 0, VBLK_READ, 0, &in->segment, 1), ORION_OK);
	}
	EXPECT(w.events[0].wakes > 0);
	world_close(&w);
}
