/* SPDX-License-Identifier: MIT */
/*
 * A scripted host for the CCW transport: a device that answers each command from fields, a journal
 * of the commands as they went out, and a failure wherever one is wanted.  What no driver may send
 * fails the test, and names the clause of test/spec/clauses.txt.
 */
#ifndef TEST_UNIT_CCW_HOST_H
#define TEST_UNIT_CCW_HOST_H

#include "device/ccw.h"

#define CCW_DEVICE 0x0123u
#define CCW_ADAPTER_WIRE 0x10000u
#define CCW_SUMMARY UINT64_C(0x0011223344556677)
#define CCW_CONFIG_THERE 60u
#define CCW_SENT_MAX 64

struct ccw_sent {
	uint8_t code;
	uint16_t bytes;
	uint8_t data[128];
};

extern struct ccw_script {
	struct orion_port port;
	struct virtio_ccw_adapter adapter;
	struct virtio_ccw_host host;
	struct virtio_ccw storage;
	struct ccw *ccw;
	struct virtio_transport transport;

	/* The device. */
	uint16_t revision_max;
	uint8_t status;
	uint64_t features, taken;
	uint8_t config[CCW_CONFIG_THERE];
	uint16_t queue_size;
	bool no_adapter_command;
	int64_t cookie;
	struct {
		uint32_t value;
		int64_t cookie;
	} kick;

	/* What is to fail: this command, or the nth; and how. */
	unsigned fail_code, fail_at, commands;
	orion_status how;
	unsigned short_by;

	struct ccw_sent sent[CCW_SENT_MAX];
	unsigned sent_count;
	unsigned enabled, enables;
	uint16_t revision;              /* that was set since it was enabled; 0: none yet */
	bool classic, two_stage;        /* indicators that it was told of since its reset */
	unsigned reports[ORION_EVENT_COUNT];
	struct {
		orion_irq_handler *handler;
		void *argument;
		uint32_t wire;
	} irq[2];
	unsigned irqs, irqs_max;
	uint64_t now;
	void *regions[8];               /* live DMA memory */
	unsigned regions_live;
	uint8_t failed;                 /* the command that was made to fail */
	unsigned queues, queues_before; /* enabled; before that */
} script;

/* Everything is fresh, and nothing fails. */
void ccw_plug(void);

/* Opens the transport, into script.transport. */
orion_status ccw_open(void);

/* Both; the journal is empty. */
const struct virtio_transport_ops *ccw_opened(void);

/* Resets the device and closes the transport; nothing fails any more. */
void ccw_close(void);

/* Gives back what was left in quarantine. */
void ccw_forget(void);

/* The last command but BACK was CODE with the bytes in HEX. */
void ccw_expect_sent(unsigned back, uint8_t code, const char *hex);

#endif
