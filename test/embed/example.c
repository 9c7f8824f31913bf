/* SPDX-License-Identifier: MIT */
#include "orion/vblk.h"

#define PATIENCE_NS UINT64_C(10000000000)

/* Waits for the one request of QUEUE, as long as the device may take, and no longer. */
static orion_status
await(const struct orion_port *port, void *host, struct vblk_device *disk, struct vblk_queue *queue)
{
	uint64_t begin = port->now_ns(host);
	struct vblk_completion done;

	while (vblk_reap(queue, &done, 1) == 0) {
		orion_status status = vblk_refresh(disk, NULL); /* gone?  does it need a reset? */

		if (status != ORION_OK)
			return status;
		if (vblk_state_get(disk) != VBLK_LIVE)
			return ORION_DEVICE_BROKEN;
		if (port->now_ns(host) - begin > PATIENCE_NS)
			return ORION_TIMED_OUT;
		port->pause_ns(host, 1000);
	}
	return (orion_status)done.result;
}

/* Reads the first sector of the disk behind TRANSPORT.  PORT is what the host supplies. */
orion_status
first_sector(const struct orion_port *port, void *host, struct virtio_transport transport,
	     uint8_t sector[VIRTIO_BLK_SECTOR_BYTES])
{
	static _Alignas(64) uint8_t object[VBLK_DEVICE_BYTES], memory[64 << 10];
	static struct orion_budget budget = {.limit = 16 << 20};
	struct vblk_queue_home home = {0};
	struct vblk_segment data = {.length = VIRTIO_BLK_SECTOR_BYTES};
	struct vblk_request read = {.operation = VBLK_READ, .segments = &data, .segment_count = 1};
	struct vblk_completion lost;
	struct orion_options options;
	struct vblk_device *disk;
	uint64_t cookie;
	size_t bytes;

	orion_options_default(&options);
	options.queue_depth = 16;
	struct vblk_config config = {transport, port, host, &options, &home, 1, &budget};
	orion_status status = vblk_probe(object, &config, &disk, &bytes);
	if (status != ORION_OK || (status = vblk_open(disk, memory, sizeof(memory))) != ORION_OK)
		return status;
	struct vblk_queue *queue = vblk_queue_get(disk, 0);
	void *dma = vblk_dma_context(disk);
	status = port->share(dma, sector, VIRTIO_BLK_SECTOR_BYTES, ORION_DEVICE_WRITES,
			     &data.device_address, &bytes, &cookie);
	if (status != ORION_OK)
		goto close;
	if (bytes < VIRTIO_BLK_SECTOR_BYTES) {
		status = ORION_NO_MAPPING; /* in pieces: each would be a segment */
	} else if (vblk_submit(queue, &read, 1) == 1) {
		vblk_kick(queue);
		status = await(port, host, disk, queue);
	} else {
		status = vblk_refusal(queue);
	}
	/*
	 * Takes back what the device has; if it does not let go, SECTOR must never be used again.
	 */
	if (vblk_stop(disk) == ORION_TIMED_OUT)
		status = ORION_TIMED_OUT;
	while (vblk_reap(queue, &lost, 1) != 0)
		continue;
	port->unshare(dma, cookie, ORION_DEVICE_WRITES);
close:
	vblk_close(disk);
	return status;
}
