/* SPDX-License-Identifier: MIT */
/* VirtIO 1.4: device ids, status bits, feature bits common to all devices.  No logic. */
#ifndef ORION_SPEC_VIRTIO_IDS_H
#define ORION_SPEC_VIRTIO_IDS_H

#include <stdint.h>

/* Device ids [spec 5]. */
#define VIRTIO_ID_BLOCK 2u

/* Device status field [spec 2.1]. */
#define VIRTIO_STATUS_ACKNOWLEDGE 1u
#define VIRTIO_STATUS_DRIVER 2u
#define VIRTIO_STATUS_DRIVER_OK 4u
#define VIRTIO_STATUS_FEATURES_OK 8u
#define VIRTIO_STATUS_SUSPEND 16u
#define VIRTIO_STATUS_DEVICE_NEEDS_RESET 64u
#define VIRTIO_STATUS_FAILED 128u

/* Not a status: what the status register of a removed device reads as. */
#define VIRTIO_STATUS_GONE 0xffu

#define VIRTIO_BIT(n) (UINT64_C(1) << (n))

/* Feature bits [spec 6]. */
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

#endif
