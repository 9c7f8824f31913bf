/* SPDX-License-Identifier: MIT */
/*
 * A disk of the library's that loses its connections, without a server: for linux_*.c.
 *
 * Each connection is made up: a fake link, a fake device, whose side of the ring the test plays by
 * hand, and an arena of bounce memory.  The test is the monitor.
 */
#ifndef TEST_UNIT_DESK_CONNECTION_H
#define TEST_UNIT_DESK_CONNECTION_H

#include "ports/linux/disk.h"

#include "test/harness.h"

#include "fake.h"
#include "fake_link.h"

#define DESK_CONNECTIONS 4u

struct desk_connection {
	struct session session;
	struct fake_link link;
	struct fake *fake;
	struct fake_world *world;
	struct hand hand;               /* of its first queue */
};

struct desk_disk {
	struct orion_disk disk;
	struct orion_queue *queue;      /* the first */
	struct desk_connection connection[DESK_CONNECTIONS];
	unsigned count;
};

/* A disk of QUEUES queues of DEPTH requests, BOUNCE_KB each of bounce memory; not connected. */
struct desk_disk *desk_disk_make(unsigned queues, unsigned depth, uint32_t bounce_kb);
void desk_disk_free(struct desk_disk *desk);

/* Another connection, which promises PROMISE, is there. */
struct desk_connection *desk_connect(struct desk_disk *desk, enum storage_promise promise);

/* It is lost; whether its device has stopped is to be set in its session. */
void desk_lose(struct desk_disk *desk);

/* The next request that CONNECTION's device was given: its type and sector.  False: none. */
struct desk_request {
	struct hand_chain chain;
	uint32_t type;
	uint64_t sector;
};
bool desk_take(struct desk_connection *connection, struct desk_request *request);

/* The device completes it, well. */
void desk_complete(struct desk_connection *connection, const struct desk_request *request);

#endif
