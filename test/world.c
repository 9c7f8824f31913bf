/* SPDX-License-Identifier: MIT */
/* A small world for tests: see world.h. */
#include "test/world.h"

#include "arch/order.h"

#include <stdlib.h>
#include <string.h>

enum {
	BOOK_FREE,
	BOOK_IN_FLIGHT,
	BOOK_DONE
};

void
world_defaults(struct world_config *config)
{
	memset(config, 0, sizeof(*config));
	model_options_default(&config->model);
	orion_options_default(&config->options);
	config->homes = 1;
}

bool
world_reachable(world_reach reach)
{
	return !world_is_legacy(reach) || arch_le16(1) == 1;
}

void
world_plug(world_reach reach, struct model_device *device, struct world_plug *plug)
{
	*plug = (struct world_plug){.reach = reach, .device = device};
	if (world_is_mmio(reach))
		model_device_plug_mmio(device, reach == WORLD_LEGACY, &plug->place);
	else if (reach != WORLD_MODEL)
		plug->function = model_device_plug(
			device, reach == WORLD_PCI_LEGACY         ? MODEL_PCI_LEGACY
				: reach == WORLD_PCI_TRANSITIONAL ? MODEL_PCI_TRANSITIONAL
								  : MODEL_PCI_MODERN);
}

static orion_status
open_model(const struct manager_place *place, const struct orion_port *port, void *port_context,
	   union manager_transport *room, struct virtio_transport *transport)
{
	(void)port;
	(void)port_context;
	(void)room;
	*transport = model_device_transport(place->context);
	return ORION_OK;
}

struct manager_place
world_model_place(struct model_device *device)
{
	return (struct manager_place){.open = open_model, .context = device};
}

orion_status
world_plug_attach(const struct world_plug *plug, struct manager *manager, unsigned *index)
{
	struct manager_place place =
		plug->reach == WORLD_MODEL ? world_model_place(plug->device)
		: world_is_mmio(plug->reach)
			? orion_place_mmio(plug->place.address, plug->place.bytes, plug->place.line)
			: orion_place_pci(plug->function);

	return orion_manager_attach(manager, &place, index);
}

void
world_begin(struct world *w, const struct world_config *config)
{
	memset(w, 0, sizeof(*w));
	w->config = *config;
	w->config.model.seed = test_random();
	w->config.model.unassigned = config->reach == WORLD_PCI_CONFIG;
	w->config.model.kick_by_port = config->reach == WORLD_PCI_PORTS;
	w->host = model_host_open(test_random());
	w->model = model_device_open(w->host, &w->config.model);
	EXPECT(w->model != NULL);
	world_plug(config->reach, w->model, &w->plug);
	test_ledger("worlds", 1);
	model_step_begin(w->host, config->memory, test_random());
	model_step_mode_set(config->mode, 0);
}

/* The core's transports and the budget live beside the device's private memory. */
struct extras {
	union {
		struct virtio_pci pci;
		struct virtio_mmio mmio;
	};
	struct orion_budget budget;
	struct vblk_queue_home homes[VBLK_QUEUES_MAX];
};

static orion_status
transport_open(struct world *w, const struct orion_port *port, struct extras *extras,
	       struct virtio_transport *out)
{
	if (world_is_mmio(w->config.reach))
		return orion_virtio_mmio_open(&extras->mmio, port, w->host, w->plug.place.address,
					      w->plug.place.bytes, w->plug.place.line, out);
	if (w->config.reach != WORLD_MODEL)
		return orion_virtio_pci_open(&extras->pci, port, w->host, w->plug.function, out);
	*out = model_device_transport(w->model);
	return ORION_OK;
}

/* A closed PCI function neither decodes memory nor masters the bus. */
static void
check_bus(struct world *w)
{
	uint32_t command = 0;

	if (w->config.reach != WORLD_MODEL && !world_is_mmio(w->config.reach))
		command = model_host_port()->pci_read(w->host, w->plug.function, 4, 2);
	EXPECT(command == 0xffff || (command & 7) == 0);
}

/* Where struct extras begins in the first piece of memory. */
static size_t
extras_at(void)
{
	return (VBLK_DEVICE_BYTES + 63) / 64 * 64;
}

static void
memory_give(struct world *w)
{
	const struct extras *extras =
		(const struct extras *)(const void *)((uint8_t *)w->memory[0] + extras_at());

	w->quarantined = extras->budget.quarantined;
	EXPECT_EQ(extras->budget.used, w->quarantined);
	for (unsigned i = 0; i < 2; i++) {
		model_memory_give(w->host, w->memory[i], w->bytes[i]);
		w->memory[i] = NULL;
	}
}

static orion_status
bring_up(struct world *w, struct extras *extras)
{
	const struct orion_port *port =
		w->config.polled ? model_host_port_polled() : model_host_port();
	struct vblk_config config = {
		.port = port,
		.port_context = w->host,
		.options = &w->config.options,
		.homes = extras->homes,
		.home_count = w->config.homes,
		.budget = &extras->budget,
	};
	orion_status status = transport_open(w, port, extras, &config.transport);

	if (status != ORION_OK) {
		return status;
	}
	status = vblk_probe(w->memory[0], &config, &w->device, &w->bytes[1]);
	model_step_settle();
	if (status != ORION_OK) {
		return status;
	}
	w->memory[1] = model_memory_take(w->host, w->bytes[1]);
	if (w->memory[1] == NULL) {
		vblk_close(w->device);
		return ORION_NO_MEMORY;
	}
	status = vblk_open(w->device, w->memory[1], w->bytes[1]);
	model_step_settle();
	return status;
}

orion_status
world_attach(struct world *w)
{
	size_t first = extras_at();
	struct extras *extras;
	orion_status status;

	w->bytes[0] = first + sizeof(struct extras);
	w->memory[0] = model_memory_take(w->host, w->bytes[0]);
	if (w->memory[0] == NULL) {
		return ORION_NO_MEMORY;
	}
	extras = (struct extras *)(void *)((uint8_t *)w->memory[0] + first);
	extras->budget.limit = w->config.options.shared_memory_size;
	for (unsigned i = 0; i < w->config.homes; i++) {
		extras->homes[i] = (struct vblk_queue_home){&w->events[i], (uint16_t)i};
	}
	status = bring_up(w, extras);
	if (status != ORION_OK) {
		w->device = NULL;
		memory_give(w);
		check_bus(w);
	}
	return status;
}

void
world_open(struct world *w, const struct world_config *config, orion_status *status)
{
	orion_status opened;

	world_begin(w, config);
	opened = world_attach(w);
	if (status != NULL) {
		*status = opened;
	} else {
		EXPECT_STR(orion_status_text(opened), orion_status_text(ORION_OK));
	}
}

/* ---- the book ---- */

uint64_t
world_cookie(struct world *w)
{
	if (w->cookies + 2 > w->book_room) {
		uint64_t room = w->book_room == 0 ? 4096 : w->book_room * 2;

		w->book = realloc(w->book, room);
		EXPECT(w->book != NULL);
		memset(w->book + w->book_room, BOOK_FREE, room - w->book_room);
		w->book_room = room;
	}
	return ++w->cookies;
}

unsigned
world_submit(struct world *w, unsigned queue, const struct vblk_request *requests, unsigned count)
{
	unsigned taken = vblk_submit(vblk_queue_get(w->device, queue), requests, count);

	model_step_settle();
	EXPECT(taken <= count);
	for (unsigned i = 0; i < taken; i++) {
		EXPECT(requests[i].cookie >= 1 && requests[i].cookie <= w->cookies);
		EXPECT_EQ(w->book[requests[i].cookie], BOOK_FREE);
		w->book[requests[i].cookie] = BOOK_IN_FLIGHT;
	}
	w->accepted += taken;
	return taken;
}

bool
world_kick(struct world *w, unsigned queue)
{
	bool rang = vblk_kick(vblk_queue_get(w->device, queue));

	model_step_settle();
	return rang;
}

unsigned
world_reap(struct world *w, unsigned queue, struct vblk_completion *completions, unsigned max)
{
	unsigned n = vblk_reap(vblk_queue_get(w->device, queue), completions, max);

	model_step_settle();
	EXPECT(n <= max);
	for (unsigned i = 0; i < n; i++) {
		EXPECT(completions[i].cookie >= 1 && completions[i].cookie <= w->cookies);
		EXPECT_EQ(w->book[completions[i].cookie], BOOK_IN_FLIGHT);
		EXPECT(completions[i].result < ORION_STATUS_COUNT);
		w->book[completions[i].cookie] = BOOK_DONE;
	}
	w->completed += n;
	return n;
}

bool
world_arm(struct world *w, unsigned queue)
{
	bool armed = vblk_arm(vblk_queue_get(w->device, queue));

	model_step_settle();
	return armed;
}

void
world_run(struct world *w)
{
	EXPECT(model_host_run(w->host));
	model_step_settle();
}

void
world_drain(struct world *w, unsigned queue, orion_status result)
{
	struct vblk_completion done[64];
	unsigned n;

	while (vblk_in_flight(vblk_queue_get(w->device, queue)) > 0) {
		world_run(w);
		n = world_reap(w, queue, done, 64);
		EXPECT(n > 0);
		for (unsigned i = 0; i < n; i++) {
			EXPECT_EQ(done[i].result, result);
		}
		world_kick(w, queue);
	}
}

orion_status
world_io(struct world *w, unsigned queue, vblk_operation operation, uint64_t sector,
	 const struct vblk_segment *segments, unsigned count)
{
	struct vblk_request request = {
		.sector = sector,
		.segments = segments,
		.cookie = world_cookie(w),
		.segment_count = (uint16_t)count,
		.operation = (uint8_t)operation,
	};
	struct vblk_completion done = {0};

	if (world_submit(w, queue, &request, 1) == 0) {
		return vblk_refusal(vblk_queue_get(w->device, queue));
	}
	for (unsigned tries = 0; tries < 10000; tries++) {
		world_kick(w, queue);
		world_run(w);
		if (world_reap(w, queue, &done, 1) == 1) {
			EXPECT_EQ(done.cookie, request.cookie);
			return (orion_status)done.result;
		}
		if (vblk_state_get(w->device) != VBLK_LIVE) {
			return ORION_DEVICE_BROKEN;
		}
	}
	test_fail(__FILE__, __LINE__, "request %llu never completed",
		  (unsigned long long)request.cookie);
}

/* ---- buffers ---- */

struct world_buffer *
world_buffer(struct world *w, size_t bytes, orion_direction direction)
{
	struct world_buffer *b = test_alloc(sizeof(*b));
	size_t contiguous;

	b->cpu = test_alloc(bytes);
	b->bytes = bytes;
	b->direction = direction;
	EXPECT_EQ(model_host_port()->share(w->host, b->cpu, bytes, direction,
					   &b->segment.device_address, &contiguous, &b->cookie),
		  ORION_OK);
	EXPECT_EQ(contiguous, bytes);
	b->segment.length = (uint32_t)bytes;
	b->next = w->buffers;
	w->buffers = b;
	return b;
}

void
world_buffer_free(struct world *w, struct world_buffer *buffer)
{
	struct world_buffer **place = &w->buffers;

	while (*place != buffer) {
		place = &(*place)->next;
	}
	*place = buffer->next;
	model_host_port()->unshare(w->host, buffer->cookie, buffer->direction);
	test_free(buffer->cpu);
	test_free(buffer);
}

/* ---- the end ---- */

orion_status
world_stop(struct world *w)
{
	orion_status status = vblk_stop(w->device);
	struct vblk_completion done[64];
	unsigned n;

	model_step_settle();
	for (unsigned q = 0; q < vblk_info(w->device)->queues; q++) {
		do {
			n = world_reap(w, q, done, 64);
		} while (n > 0);
		EXPECT_EQ(vblk_in_flight(vblk_queue_get(w->device, q)), 0);
	}
	return status;
}

static void
check_host(struct world *w)
{
	const struct model_host_stats *stats = model_host_stats(w->host);

	if (!w->config.breaches_allowed) {
		EXPECT_STR(stats->first_breach, "");
	}
	EXPECT_EQ(stats->bad_frees, 0);
	EXPECT_EQ(stats->guards_broken, 0);
	EXPECT_EQ(stats->shares, 0);
	EXPECT_EQ(stats->mappings, 0);
	EXPECT_EQ(stats->irqs, 0);
	EXPECT_EQ(stats->memories, 0);
	EXPECT_EQ(stats->dma_bytes, w->quarantined);
}

void
world_detach(struct world *w)
{
	bool dead;

	(void)world_stop(w);
	dead = vblk_state_get(w->device) == VBLK_DEAD;
	vblk_close(w->device);
	model_step_settle();
	memory_give(w);
	w->device = NULL;
	EXPECT_EQ(w->quarantined != 0, dead);
	check_bus(w);
}

void
world_close(struct world *w)
{
	if (w->device != NULL) {
		world_detach(w);
	}
	EXPECT_EQ(w->accepted, w->completed);
	while (w->buffers != NULL) {
		world_buffer_free(w, w->buffers);
	}
	check_host(w);
	model_step_end();
	model_device_close(w->model);
	model_host_close(w->host);
	free(w->book);
	test_ledger("worlds", -1);
}

void
world_pattern(uint8_t *data, size_t bytes, uint64_t sector, uint64_t seed)
{
	for (size_t i = 0; i < bytes; i++) {
		uint64_t s = (sector + i / VIRTIO_BLK_SECTOR_BYTES) * UINT64_C(0x9e3779b97f4a7c15) ^
			     seed;

		data[i] = (uint8_t)((s >> (i % 7 * 8)) + i);
	}
}
