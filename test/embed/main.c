/* SPDX-License-Identifier: MIT */
/* Runs the README's example (example.c) with the model device as its host and its disk. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "orion/vblk.h"

orion_status first_sector(const struct orion_port *port, void *host,
			  struct virtio_transport transport, uint8_t sector[VBLK_SECTOR_BYTES]);

void
orion_panic(const char *text)
{
	printf("panic: %s\n", text);
	exit(1);
}

int
main(void)
{
	struct model_host *host = model_host_open(1);
	struct model_options options;
	uint8_t sector[VBLK_SECTOR_BYTES] = {0}, truth[VBLK_SECTOR_BYTES] = "the first sector";

	model_options_default(&options);
	struct model_device *device = model_device_open(host, &options);
	model_device_poke(device, 0, truth, sizeof(truth));

	orion_status status =
		first_sector(model_host_port(), host, model_device_transport(device), sector);
	printf("%s: \"%.16s\"\n", orion_status_text(status), (const char *)sector);

	const struct model_host_stats *left = model_host_stats(host);
	printf("left behind: %u regions, %u shares, %u interrupts; rules broken: %u\n",
	       left->dma_regions, left->shares, left->irqs, left->breach_total);
	int failed = status != ORION_OK || memcmp(sector, truth, sizeof(sector)) != 0;

	model_device_close(device);
	model_host_close(host);
	return failed;
}
