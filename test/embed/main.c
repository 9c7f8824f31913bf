/* SPDX-License-Identifier: MIT */
/*
 * Runs the README's example (example.c) with the model device as its host and its disk: behind an
 * honest device, then behind each misbehaviour that the model knows, on either kind of ring.  It
 * must end each time, with a status that is true, and leave nothing behind.
 *
 * The host lends no tick counter, and where Linux can forbid reading it, it is forbidden.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "model/model.h"
#include "orion/vblk.h"

#define PACKED (UINT64_C(1) << 34)
#define ALWAYS UINT32_MAX

orion_status first_sector(const struct orion_port *port, void *host,
			  struct virtio_transport transport,
			  uint8_t sector[VIRTIO_BLK_SECTOR_BYTES]);

void
orion_panic(const char *text)
{
	printf("panic: %s\n", text);
	exit(1);
}

/* What one run left: its status, whether the sector is the disk's, and what was not given back. */
struct outcome {
	orion_status status;
	bool whole;
	unsigned regions, shares, irqs, breaches;
};

static struct outcome
run(bool packed, model_mischief mischief, uint64_t value)
{
	struct model_host *host = model_host_open(1);
	struct orion_port port = *model_host_port();
	uint8_t sector[VIRTIO_BLK_SECTOR_BYTES] = {0},
		truth[VIRTIO_BLK_SECTOR_BYTES] = "the first sector";
	struct model_options options;

	port.ticks_per_second = 0;
	model_options_default(&options);
	options.features = packed ? options.features | PACKED : options.features & ~PACKED;
	if (mischief != MODEL_MISCHIEF_NONE)
		options.tricks[0] = (struct model_trick){mischief, 0, ALWAYS, value};
	struct model_device *device = model_device_open(host, &options);
	model_device_poke(device, 0, truth, sizeof(truth));

	struct outcome out = {
		.status = first_sector(&port, host, model_device_transport(device), sector)};
	const struct model_host_stats *left = model_host_stats(host);
	out.whole = memcmp(sector, truth, sizeof(sector)) == 0;
	out.regions = left->dma_regions;
	out.shares = left->shares;
	out.irqs = left->irqs;
	out.breaches = left->breach_total;
	model_device_close(device);
	model_host_close(host);
	return out;
}

/* Whether OUT is right of a device that does MISCHIEF. */
static bool
is_right(const struct outcome *out, model_mischief mischief)
{
	/* Of data that were never written a driver knows nothing: the device said OK. */
	if (out->status == ORION_OK && !out->whole && mischief != MODEL_MISCHIEF_DATA_NONE)
		return false;
	if (out->shares != 0 || out->irqs != 0)
		return false;
	/* Memory stays where it is only with a device that did not let go of it, or is gone. */
	return out->regions == 0 || out->status == ORION_TIMED_OUT ||
	       out->status == ORION_DEVICE_GONE;
}

/* With any argument: an honest device only, for CPUs that are emulated. */
int
main(int argc, char **argv)
{
	const unsigned last = argc > 1 ? 1 : MODEL_MISCHIEF_COUNT;
	unsigned wrong = 0, failed = 0;

	(void)argv;
	/* Not on every CPU. */
	(void)prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0);
	for (unsigned packed = 0; packed < 2; packed++) {
		struct outcome out = run(packed != 0, MODEL_MISCHIEF_NONE, 0);

		printf("%s: %s, %s; left behind: %u regions, %u shares, %u interrupts; "
		       "rules broken: %u\n",
		       packed ? "packed" : "split", orion_status_text(out.status),
		       out.whole ? "the sector" : "no sector", out.regions, out.shares, out.irqs,
		       out.breaches);
		wrong += out.status != ORION_OK || !out.whole;
		for (unsigned i = 1; i < last; i++) {
			for (uint64_t value = 0; value < 2; value++) {
				out = run(packed != 0, (model_mischief)i, value);
				failed += out.status != ORION_OK;
				if (is_right(&out, (model_mischief)i))
					continue;
				wrong++;
				printf("%s, misbehaviour %u (%u): %s, %s; left behind: %u regions, "
				       "%u shares, %u interrupts\n",
				       packed ? "packed" : "split", i, (unsigned)value,
				       orion_status_text(out.status),
				       out.whole ? "the sector" : "no sector", out.regions,
				       out.shares, out.irqs);
			}
		}
	}
	if (last == 1)
		return wrong != 0;
	printf("misbehaviours that it took badly: %u; that it met with an error: %s\n", wrong,
	       failed > 20 ? "most" : "too few");
	return wrong != 0;
}
