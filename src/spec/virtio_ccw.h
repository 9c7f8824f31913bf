/* SPDX-License-Identifier: MIT */
/*
 * VirtIO 1.4 over channel I/O: the commands and where their payloads have what.  Numbers are
 * big-endian and unpadded, but for the words of features.  [spec 4.3]
 */
#ifndef ORION_SPEC_VIRTIO_CCW_H
#define ORION_SPEC_VIRTIO_CCW_H

/* Commands [spec 4.3.1.1]. */
#define VIRTIO_CCW_WRITE_FEAT 0x11u
#define VIRTIO_CCW_READ_FEAT 0x12u
#define VIRTIO_CCW_SET_VQ 0x13u
#define VIRTIO_CCW_WRITE_CONF 0x21u
#define VIRTIO_CCW_READ_CONF 0x22u
#define VIRTIO_CCW_WRITE_STATUS 0x31u
#define VIRTIO_CCW_READ_VQ_CONF 0x32u
#define VIRTIO_CCW_VDEV_RESET 0x33u
#define VIRTIO_CCW_SET_IND 0x43u
#define VIRTIO_CCW_SET_CONF_IND 0x53u
#define VIRTIO_CCW_READ_STATUS 0x72u
#define VIRTIO_CCW_SET_IND_ADAPTER 0x73u
#define VIRTIO_CCW_SET_VIRTIO_REV 0x83u

/* Revision, and the length of more data; with 2 the status can be read [spec 4.3.2.1]. */
#define VIRTIO_CCW_REV_BYTES 4u
#define VIRTIO_CCW_REVISION_LEAST 1u
#define VIRTIO_CCW_REVISION_STATUS 2u

/* A word of features, little-endian, and which word [spec 4.3.2.4]. */
#define VIRTIO_CCW_FEAT_INDEX 4u
#define VIRTIO_CCW_FEAT_BYTES 5u

/* A queue's index and largest size; where it is [spec 4.3.2.2]. */
#define VIRTIO_CCW_VQ_CONF_SIZE 2u
#define VIRTIO_CCW_VQ_CONF_BYTES 4u
#define VIRTIO_CCW_VQ_DESC 0u
#define VIRTIO_CCW_VQ_INDEX 12u
#define VIRTIO_CCW_VQ_SIZE 14u
#define VIRTIO_CCW_VQ_DRIVER 16u
#define VIRTIO_CCW_VQ_DEVICE 24u
#define VIRTIO_CCW_VQ_BYTES 32u

/* Where the indicators are; with adapter interrupts where the summary is, too [spec 4.3.2.6]. */
#define VIRTIO_CCW_IND_BYTES 8u
#define VIRTIO_CCW_THIN_SUMMARY 0u
#define VIRTIO_CCW_THIN_INDICATORS 8u
#define VIRTIO_CCW_THIN_BIT 16u
#define VIRTIO_CCW_THIN_SUBCLASS 24u
#define VIRTIO_CCW_THIN_BYTES 25u

#endif
