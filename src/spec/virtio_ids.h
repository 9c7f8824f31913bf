/* SPDX-License-Identifier: MIT */
/* VirtIO 1.4: what all devices have.  Device ids and feature bits are public.  No logic. */
#ifndef ORION_SPEC_VIRTIO_IDS_H
#define ORION_SPEC_VIRTIO_IDS_H

#include "orion/spec.h"

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

#endif
