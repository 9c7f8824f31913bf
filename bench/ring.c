/* SPDX-License-Identifier: MIT */
/*
 * What one request of three pieces costs in the ring alone (rig.h), against a device in the same
 * thread.
 *
 *     ring [WORDS]      the words are those of options.h
 */
#include "bench/count.h"
#include "bench/rig.h"

static unsigned long kicks;

static void
add_batch(struct ring_rig *rig, const struct ring_verbs *verbs, struct ring_request *request,
	  unsigned batch)
{
	for (unsigned i = 0; i < batch; i++) {
		request->cookie = i;
		if (!verbs->add(rig, request))
			bench_fail("the ring is full");
	}
	kicks += verbs->kick(rig);
}

static void
get_batch(struct ring_rig *rig, const struct ring_verbs *verbs, unsigned batch)
{
	uint64_t cookie;
	uint32_t length;

	for (unsigned i = 0; i < batch; i++)
		if (!verbs->get(rig, &cookie, &length))
			bench_fail("a completion is missing");
		else if (cookie != i || (length != 4097 && length != VRING_LENGTH_UNKNOWN))
			bench_fail("a completion is not the one that was due");
}

/* As an interrupt-driven owner does: no interrupts, everything that is there, interrupts. */
static void
get_armed(struct ring_rig *rig, const struct ring_verbs *verbs, unsigned batch)
{
	uint64_t cookie;
	uint32_t length;

	verbs->disarm(rig);
	get_batch(rig, verbs, batch);
	if (verbs->get(rig, &cookie, &length) || !verbs->arm(rig))
		bench_fail("a completion too many");
}

int
main(int argc, char **argv)
{
	static unsigned char header[16], data[4096], status[1];
	static struct ring_rig rig;
	struct bench_options options = bench_options(argc, argv);
	const struct ring_verbs *verbs = ring_rig_verbs(&options);
	struct ring_request request = {{{(uintptr_t)header, sizeof(header)},
					{(uintptr_t)data, sizeof(data)},
					{(uintptr_t)status, sizeof(status)}},
				       0};
	unsigned long done;

	ring_rig_open(&rig, &options);
	for (done = 0; done < options.count; done += options.batch) {
		access_count.on = true;
		add_batch(&rig, verbs, &request, options.batch);
		access_count.on = false;
		ring_device_poll(&rig.device, options.batch);
		ring_device_arm(&rig.device);
		access_count.on = true;
		(options.armed ? get_armed : get_batch)(&rig, verbs, options.batch);
		access_count.on = false;
	}
	access_count_print(done, kicks);
	return 0;
}
