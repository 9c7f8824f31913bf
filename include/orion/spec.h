/* SPDX-License-Identifier: MIT */
/*
 * What the specification calls by name and a host may want to say: device types, feature bits, the
 * sector.  VirtIO 1.4.  Names that Linux's <linux/virtio_*.h> has, too, mean the same here, and
 * both may be included.
 */
#ifndef ORION_SPEC_H
#define ORION_SPEC_H

#include <stdint.h>

/* The set that has feature BIT alone. */
#define VIRTIO_BIT(bit) (UINT64_C(1) << (bit))

/* Device types [spec 5]. */
#define VIRTIO_ID_BLOCK 2

/* Feature bits of all devices [spec 6]. */
#define VIRTIO_F_NOTIFY_ON_EMPTY 24      /* legacy */
#define VIRTIO_F_ANY_LAYOUT 27           /* legacy */
#define VIRTIO_F_INDIRECT_DESC 28
#define VIRTIO_F_EVENT_IDX 29
#define VIRTIO_F_VERSION_1 32
#define VIRTIO_F_ACCESS_PLATFORM 33
#define VIRTIO_F_RING_PACKED 34
#define VIRTIO_F_IN_ORDER 35
#define VIRTIO_F_ORDER_PLATFORM 36
#define VIRTIO_F_SR_IOV 37
#define VIRTIO_F_NOTIFICATION_DATA 38
#define VIRTIO_F_NOTIF_CONFIG_DATA 39
#define VIRTIO_F_RING_RESET 40
#define VIRTIO_F_ADMIN_VQ 41
#define VIRTIO_F_SUSPEND 43

/* Feature bits of a block device [spec 5.2.3]. */
#define VIRTIO_BLK_F_SIZE_MAX 1
#define VIRTIO_BLK_F_SEG_MAX 2
#define VIRTIO_BLK_F_GEOMETRY 4
#define VIRTIO_BLK_F_RO 5
#define VIRTIO_BLK_F_BLK_SIZE 6
#define VIRTIO_BLK_F_FLUSH 9
#define VIRTIO_BLK_F_TOPOLOGY 10
#define VIRTIO_BLK_F_CONFIG_WCE 11
#define VIRTIO_BLK_F_MQ 12
#define VIRTIO_BLK_F_DISCARD 13
#define VIRTIO_BLK_F_WRITE_ZEROES 14
#define VIRTIO_BLK_F_LIFETIME 15
#define VIRTIO_BLK_F_SECURE_ERASE 16
#define VIRTIO_BLK_F_ZONED 17

/* What sector numbers, capacity and limits of a block device count [spec 5.2.4]. */
#define VIRTIO_BLK_SECTOR_BYTES 512u
#define VIRTIO_BLK_SECTOR_SHIFT 9

/* The answer to VIRTIO_BLK_T_GET_ID; a NUL only where the serial is shorter [spec 5.2.6]. */
#define VIRTIO_BLK_ID_BYTES 20

#endif
