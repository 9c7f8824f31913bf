/* SPDX-License-Identifier: MIT */
/*
 * A desk for tests of the storage framework and the commands: the model's host with some disks, a
 * manager, a storage, and a console that keeps what is printed.
 *
 * desk_close() checks what every test wants: the driver broke no rule, guards are whole, everything
 * was given back.
 */
#ifndef TEST_UNIT_DESK_H
#define TEST_UNIT_DESK_H

#include "orion/command.h"

#include "model/model.h"
#include "test/harness.h"
#include "test/world.h"

#define DESK_DISKS 4u
#define DESK_OUTPUT (1u << 20)

struct desk_config {
	unsigned disks;
	unsigned lanes;
	struct model_options model[DESK_DISKS];
	struct orion_options options;
	model_memory memory;
	model_step_mode mode;
	bool polled;
	bool partial;             /* the host shares no buffer in place */
	bool breaches_allowed;    /* a device lies: what the model then thinks is no matter */
	bool leaks_allowed;       /* a device died: its memory stays in quarantine */
};

struct desk {
	struct desk_config config;
	struct model_host *host;
	struct model_device *models[DESK_DISKS];
	struct manager manager;
	struct storage storage;
	struct model_event events[VBLK_QUEUES_MAX];
	struct command_context context;

	char *out;                /* what the commands printed, terminated */
	size_t out_used;
	unsigned patience;        /* interrupted() is true after that many questions; 0: never */
	bool impatient;           /* it was true: so it stays until the next line */
	unsigned looks_most;      /* the storage's interrupted() likewise */
	unsigned looks;           /* questions of it */
	unsigned tellings;        /* calls of silent() */
	uint64_t silent_ns;       /* what the last one said */
	unsigned silent_requests;
	const struct storage_disk *subject; /* of the last report or telling, NULL: none */
	unsigned idles;           /* calls of idle() */
	void (*on_idle)(struct desk *desk, unsigned lane);
};

/* One disk of 1 MiB, one lane, strong memory, the device acting when the driver idles. */
void desk_defaults(struct desk_config *config);
void desk_open(struct desk *desk, const struct desk_config *config);
void desk_close(struct desk *desk);

/* Runs LINE; the output is DESK's out, emptied before. */
orion_status desk_run(struct desk *desk, const char *line);

/* The output holds TEXT. */
void desk_expect(const struct desk *desk, const char *text);

/* A handle on disk NAME. */
struct storage_handle *desk_handle(struct desk *desk, const char *name, unsigned rights);

#endif
