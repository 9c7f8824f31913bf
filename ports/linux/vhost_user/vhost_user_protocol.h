/* SPDX-License-Identifier: MIT */
/*
 * vhost-user on the wire: message numbers, bits and layouts of QEMU's vhost-user specification, no
 * logic.  Numbers are in the machine's own byte order.
 */
#ifndef ORION_PORTS_LINUX_VHOST_USER_PROTOCOL_H
#define ORION_PORTS_LINUX_VHOST_USER_PROTOCOL_H

#include <stdint.h>

/* Feature bit, besides virtio's: protocol features can be negotiated. */
#define VU_F_PROTOCOL_FEATURES 30

enum vu_protocol_feature {
	VU_PROTOCOL_MQ = 0,
	VU_PROTOCOL_REPLY_ACK = 3,
	VU_PROTOCOL_BACKEND_REQ = 5,
	VU_PROTOCOL_CONFIG = 9,
	VU_PROTOCOL_INFLIGHT_SHMFD = 12,
	VU_PROTOCOL_RESET_DEVICE = 13,
	VU_PROTOCOL_CONFIGURE_MEM_SLOTS = 15,
	VU_PROTOCOL_STATUS = 16,
};

enum vu_request {
	VU_GET_FEATURES = 1,
	VU_SET_FEATURES = 2,
	VU_SET_OWNER = 3,
	VU_SET_MEM_TABLE = 5,
	VU_SET_VRING_NUM = 8,
	VU_SET_VRING_ADDR = 9,
	VU_SET_VRING_BASE = 10,
	VU_GET_VRING_BASE = 11,
	VU_SET_VRING_KICK = 12,
	VU_SET_VRING_CALL = 13,
	VU_SET_VRING_ERR = 14,
	VU_GET_PROTOCOL_FEATURES = 15,
	VU_SET_PROTOCOL_FEATURES = 16,
	VU_GET_QUEUE_NUM = 17,
	VU_SET_VRING_ENABLE = 18,
	VU_SET_BACKEND_REQ_FD = 21,
	VU_GET_CONFIG = 24,
	VU_SET_CONFIG = 25,
	VU_GET_INFLIGHT_FD = 31,
	VU_SET_INFLIGHT_FD = 32,
	VU_RESET_DEVICE = 34,
	VU_GET_MAX_MEM_SLOTS = 36,
	VU_ADD_MEM_REG = 37,
	VU_REM_MEM_REG = 38,
	VU_SET_STATUS = 39,
	VU_GET_STATUS = 40,
	VU_REQUEST_COUNT
};

/* What the back end may ask of us on the channel of VU_SET_BACKEND_REQ_FD. */
enum vu_backend_request {
	VU_BACKEND_CONFIG_CHANGE_MSG = 2,
};

struct vu_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size;          /* of the payload that follows */
};

_Static_assert(sizeof(struct vu_header) == 12, "vu_header");

#define VU_VERSION 1u
#define VU_VERSION_MASK 3u
#define VU_REPLY (1u << 2)
#define VU_NEED_REPLY (1u << 3)

struct vu_vring_state {
	uint32_t index, number;
};

struct vu_vring_address {
	uint32_t index, flags;
	uint64_t descriptor, used, available, log;
};

struct vu_region {
	uint64_t device, bytes, user, offset;
};

#define VU_TABLE_REGIONS 8u

struct vu_table {
	uint32_t count, padding;
	struct vu_region regions[VU_TABLE_REGIONS];
};

struct vu_one_region {
	uint64_t padding;
	struct vu_region region;
};

#define VU_CONFIG_BYTES_MAX 256u

struct vu_config {
	uint32_t offset, size, flags;
	uint8_t data[VU_CONFIG_BYTES_MAX];
};

#define VU_CONFIG_HEADER_BYTES 12u

struct vu_inflight {
	uint64_t bytes, offset;
	uint16_t queues, queue_size;
};

_Static_assert(sizeof(struct vu_inflight) == 24, "vu_inflight");

#endif
