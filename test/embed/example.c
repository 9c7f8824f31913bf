/* SPDX-License-Identifier: MIT */
#include "orion/vblk.h"

/* Reads the first sector of the disk behind TRANSPORT.  PORT is what the host supplies. */
orion_status
first_sector(const struct orion_port *port, void *host, struct virtio_transport transport,
	     uint8_t sector[VBLK_SECTOR_BYTES])
{
	static _Alignas(64) uint8_t object[VBLK_DEVICE_BYTES], memory[1 << 20];
	static struct vblk_budget budget = {.limit = 16 << 20};
	struct vblk_queue_home home = {0};
	struct vblk_segment data = {.length = VBLK_SECTOR_BYTES};
	struct vblk_request read = {.operation = VBLK_READ, .segments = &data, .segment_count = 1};
	struct vblk_completion done = {.result = ORION_DEVICE_BROKEN};
	struct orion_options options;
	struct vblk_device *disk;
	uint64_t cookie;
	size_t bytes;

	orion_options_default(&options);
	struct vblk_config config = {transport, port, host, &options, &home, 1, &budget};
	orion_status status = vblk_probe(object, &config, &disk, &bytes);
	if (status != ORION_OK || (status = vblk_open(disk, memory, bytes)) != ORION_OK)
		return status;
	status = port->share(host, sector, VBLK_SECTOR_BYTES, ORION_DEVICE_WRITES,
			     &data.device_address, &bytes, &cookie);
	struct vblk_queue *queue = vblk_queue_get(disk, 0);
	if (status == ORION_OK && vblk_submit(queue, &read, 1) == 1) {
		vblk_kick(queue);
		while (vblk_reap(queue, &done, 1) == 0 && vblk_state_get(disk) == VBLK_LIVE)
			port->pause_ns(host, 1000);
	}
	vblk_close(disk);
	if (status == ORION_OK) {
		port->unshare(host, cookie, ORION_DEVICE_WRITES);
		status = done.result;
	}
	return status;
}
