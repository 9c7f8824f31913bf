/* SPDX-License-Identifier: MIT */
/* A desk for tests of the storage framework and the commands: see desk.h. */
#include "test/unit/desk.h"

#include <stdlib.h>
#include <string.h>

/* idle() knows the port's context only, which is the model's host. */
static struct desk *current;

void
desk_defaults(struct desk_config *config)
{
	memset(config, 0, sizeof(*config));
	config->disks = 1;
	config->lanes = 1;
	for (unsigned i = 0; i < DESK_DISKS; i++) {
		model_options_default(&config->model[i]);
		config->model[i].capacity_sectors = 2048;
	}
	orion_options_default(&config->options);
}

static void
idle(void *port_context, unsigned lane, uint64_t ns)
{
	struct desk *desk = current;
	unsigned wakes = desk->events[lane].wakes;

	EXPECT(port_context == desk->host);
	EXPECT(lane < desk->config.lanes);
	model_step_settle();
	desk->idles++;
	if (desk->on_idle != NULL)
		desk->on_idle(desk, lane);
	(void)model_host_act(desk->host, 16);
	if (desk->events[lane].wakes == wakes)
		model_host_port()->pause_ns(desk->host, ns);
}

static void
write_text(void *host, const char *text, size_t length)
{
	struct desk *desk = host;

	EXPECT(desk->out_used + length < DESK_OUTPUT);
	memcpy(desk->out + desk->out_used, text, length);
	desk->out_used += length;
	desk->out[desk->out_used] = '\0';
}

static bool
interrupted(void *host)
{
	struct desk *desk = host;

	if (desk->patience != 0 && --desk->patience == 0)
		desk->impatient = true;
	return desk->impatient;
}

static bool
lane_interrupted(void *port_context, unsigned lane)
{
	EXPECT(port_context == current->host && lane < current->config.lanes);
	return ++current->looks == current->looks_most;
}

static void
silent(void *port_context, const struct storage_disk *disk, unsigned requests, uint64_t ns)
{
	EXPECT(port_context == current->host && disk->device != NULL);
	current->tellings++;
	current->silent_ns = ns;
	current->silent_requests = requests;
}

static void
subject(void *port_context, unsigned lane, const struct storage_disk *disk)
{
	EXPECT(port_context == current->host && lane < current->config.lanes);
	current->subject = disk;
}

/* One lane after the other: whatever a lane needs of another would hang here. */
static void
run_on_lanes(void *host, unsigned count, void (*function)(void *argument, unsigned lane),
	     void *argument)
{
	struct desk *desk = host;

	EXPECT(count <= desk->config.lanes);
	for (unsigned i = count; i-- > 0;)
		function(argument, i);
}

static void
attach_disks(struct desk *desk)
{
	for (unsigned i = 0; i < desk->config.disks; i++) {
		unsigned index;

		desk->config.model[i].seed = test_random();
		desk->models[i] = model_device_open(desk->host, &desk->config.model[i]);

		struct manager_place place = world_model_place(desk->models[i]);

		EXPECT_EQ(orion_manager_attach(&desk->manager, &place, &index), ORION_OK);
		EXPECT_EQ(index, i);
		EXPECT_EQ(storage_add(&desk->storage, index), ORION_OK);
	}
}

void
desk_open(struct desk *desk, const struct desk_config *config)
{
	struct vblk_queue_home homes[VBLK_QUEUES_MAX];

	memset(desk, 0, sizeof(*desk));
	desk->config = *config;
	desk->out = test_alloc(DESK_OUTPUT);
	desk->host = model_host_open(test_random());
	model_host_partial(desk->host, config->partial);
	current = desk;
	test_ledger("desks", 1);
	model_step_begin(desk->host, config->memory, test_random());
	model_step_mode_set(config->mode, 0);

	const struct orion_port *port =
		config->polled ? model_host_port_polled() : model_host_port();

	for (unsigned i = 0; i < config->lanes; i++)
		homes[i] = (struct vblk_queue_home){&desk->events[i], (uint16_t)i};

	struct manager_config manager = {
		port,          desk->host,        &desk->config.options, homes,
		config->lanes, model_memory_take, model_memory_give};
	struct storage_host host = {port, desk->host, idle, lane_interrupted, silent, subject};

	EXPECT_EQ(orion_manager_init(&desk->manager, &manager, NULL), ORION_OK);
	EXPECT_EQ(storage_init(&desk->storage, &host, &desk->manager), ORION_OK);
	desk->context = (struct command_context){
		.storage = &desk->storage,
		.manager = &desk->manager,
		.host = desk,
		.write = write_text,
		.interrupted = interrupted,
		.run_on_lanes = run_on_lanes,
		.lanes = config->lanes,
	};
	attach_disks(desk);
}

void
desk_close(struct desk *desk)
{
	const struct model_host_stats *stats = model_host_stats(desk->host);

	for (unsigned i = 0; i < STORAGE_HANDLES_MAX; i++)
		EXPECT(desk->storage.handles[i].disk == NULL);
	EXPECT(desk->subject == NULL);
	model_step_settle();
	for (unsigned i = 0; i < desk->config.disks; i++) {
		EXPECT_EQ(storage_remove(&desk->storage, i), ORION_OK);
		EXPECT_EQ(orion_manager_detach(&desk->manager, i, true), ORION_OK);
	}
	model_step_end();
	if (!desk->config.breaches_allowed)
		EXPECT_STR(stats->first_breach, "");
	EXPECT_EQ(stats->guards_broken, 0);
	EXPECT_EQ(stats->bad_frees, 0);
	EXPECT_EQ(stats->dma_opens, 0);
	if (!desk->config.leaks_allowed) {
		EXPECT_EQ(stats->shares, 0);
		EXPECT_EQ(stats->dma_regions, 0);
		EXPECT_EQ(stats->memories, 0);
	}
	for (unsigned i = 0; i < desk->config.disks; i++)
		model_device_close(desk->models[i]);
	model_host_close(desk->host);
	test_free(desk->out);
	test_ledger("desks", -1);
}

orion_status
desk_run(struct desk *desk, const char *line)
{
	desk->out_used = 0;
	desk->out[0] = '\0';
	desk->impatient = false;

	orion_status status = command_run(&desk->context, line);

	test_note("%s -> %s", line, orion_status_text(status));
	test_note("%.400s", desk->out);
	return status;
}

void
desk_expect(const struct desk *desk, const char *text)
{
	if (strstr(desk->out, text) == NULL)
		test_fail(__FILE__, __LINE__, "the output lacks '%s':\n%.2000s", text, desk->out);
}

struct storage_handle *
desk_handle(struct desk *desk, const char *name, unsigned rights)
{
	struct storage_handle *handle = NULL;

	EXPECT_EQ(storage_open(&desk->storage, name, rights, &handle), ORION_OK);
	return handle;
}
