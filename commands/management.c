/* SPDX-License-Identifier: MIT */
/* The management commands: what the driver knows of its devices, as text or JSON. */
#include "commands/args.h"

#include "orion/texts.h"
#include "commands/counters.h"
#include "commands/print.h"
#include "commands/table.h"
#include "words/report.h"
#include "words/text.h"

#define LANE 0u
#define ANY_QUEUE UINT64_MAX

/* What the arguments of a management command say. */
struct request {
	struct command_context *context;
	const char *command;
	bool json;
	const char *disk;               /* NULL: all */
	uint64_t queue;                 /* ANY_QUEUE: all */
	bool serials;                   /* SERIAL is to be filled, of each disk by its index */
	char serial[STORAGE_DISKS_MAX][VIRTIO_BLK_ID_BYTES + 1];
	/* Describes one disk, its handle open with STORAGE_MAY_STATS. */
	void (*describe)(struct request *request, struct report *report,
			 struct storage_handle *handle);
};

/* ---- frame: arguments, disks, rights ---- */

static orion_status
read_arguments(struct request *request, int argc, char **argv, bool queues)
{
	const char *usage = queues ? "[DISK [QUEUE]] [--json]" : "[DISK] [--json]";
	const char *words[2];
	int count = 0;

	for (int i = 0; i < argc; i++) {
		if (text_equal(argv[i], "--json")) {
			request->json = true;
		} else if (argv[i][0] == '-') {
			return args_refuse(request->context, request->command, ORION_INVALID,
					   "unknown option '%s'; there is --json", argv[i]);
		} else if (count < 2) {
			words[count++] = argv[i];
		} else {
			count++;
		}
	}

	orion_status status =
		args_count(request->context, request->command, count, 0, queues ? 2 : 1, usage);

	if (status != ORION_OK || count == 0)
		return status;
	request->disk = words[0];
	if (count == 2) {
		status = args_size(request->context, request->command, "QUEUE", words[1], 0,
				   VBLK_QUEUES_MAX - 1, &request->queue);
	}
	return status;
}

/* Opens disk NAME and checks that it has the queue that was asked for. */
static orion_status
open_disk(const struct request *request, const char *name, struct storage_handle **handle)
{
	orion_status status =
		args_disk(request->context, request->command, name, STORAGE_MAY_STATS, handle);

	if (status != ORION_OK)
		return status;

	unsigned queues = vblk_info((*handle)->disk->device)->queues;

	if (request->queue != ANY_QUEUE && request->queue >= queues) {
		storage_close(request->context->storage, *handle);
		return args_refuse(request->context, request->command, ORION_NOT_FOUND,
				   "%s has no queue %llu; its queues are 0 to %u", name,
				   wide(request->queue), queues - 1);
	}
	return ORION_OK;
}

static orion_status
describe_disk(struct request *request, struct report *report, const char *name)
{
	struct storage_handle *handle;
	orion_status status = open_disk(request, name, &handle);

	if (status == ORION_OK) {
		report_group(report, NULL, name);
		if (report->json)
			report_text(report, "disk", name);
		request->describe(request, report, handle);
		report_group_end(report);
		storage_close(request->context->storage, handle);
	}
	return status;
}

/*
 * Asks DISK for its serial number.  Before the report: it may take its time, and what the driver
 * has to say of it is not to stand within the report.
 */
static void
read_serial(struct request *request, struct storage_disk *disk)
{
	struct storage *storage = request->context->storage;
	struct storage_handle *handle;

	args_refresh(request->context, disk);
	if (storage_verdict(disk) != ORION_OK || storage_silent_ns(storage, disk) != 0 ||
	    storage_open(storage, disk->name, STORAGE_MAY_STATS, &handle) != ORION_OK)
		return;
	(void)storage_identify(storage, handle, LANE, request->serial[disk->index]);
	storage_close(storage, handle);
}

static void
read_serials(struct request *request)
{
	struct storage_disk *disk;

	for (unsigned n = 0; (disk = storage_at(request->context->storage, n)) != NULL; n++) {
		request->serial[disk->index][0] = '\0';
		if ((request->disk == NULL || text_equal(request->disk, disk->name)) &&
		    !args_interrupted(request->context))
			read_serial(request, disk);
	}
}

/* The list of one disk or of all. */
static orion_status
describe_disks(struct request *request, struct report *report)
{
	const struct storage_disk *disk;
	orion_status status = ORION_OK;

	report_list(report, "disks");
	if (request->disk != NULL) {
		status = describe_disk(request, report, request->disk);
	} else {
		for (unsigned n = 0; (disk = storage_at(request->context->storage, n)) != NULL &&
				     status == ORION_OK;
		     n++) {
			status = args_interrupted(request->context)
					 ? COMMAND_INTERRUPTED
					 : describe_disk(request, report, disk->name);
		}
	}
	report_list_end(report);
	return status;
}

/* Runs a whole command.  EXTRA, if not NULL, reports what is not about one disk. */
static orion_status
run(struct request *request, int argc, char **argv, bool queues,
    void (*extra)(struct request *request, struct report *report))
{
	struct command_context *context = request->context;
	struct storage_handle *handle;
	struct report report;
	orion_status status;

	request->queue = ANY_QUEUE;
	status = read_arguments(request, argc, argv, queues);
	if (status == ORION_OK && request->disk != NULL) {
		/* Before the first brace of the JSON: a refusal is not to stand within it. */
		status = open_disk(request, request->disk, &handle);
		if (status == ORION_OK)
			storage_close(request->context->storage, handle);
	}
	if (status != ORION_OK)
		return status;
	if (request->serials)
		read_serials(request);
	if (request->json && context->hold != NULL)
		context->hold(context->host, true);
	report_open(&report, &(struct text_sink){context->write, context->host}, request->json,
		    false);
	if (extra != NULL)
		extra(request, &report);
	status = describe_disks(request, &report);
	report_close(&report);
	if (request->json && context->hold != NULL)
		context->hold(context->host, false);
	if (!request->json && storage_at(context->storage, 0) == NULL)
		print(context, "there are no disks\n");
	return status;
}

/* ---- virtio-device-info ---- */

static void
describe_limits(struct report *report, const struct vblk_info *info)
{
	report_number(report, "segments_max", info->segments_max);
	if (info->segment_bytes_max == UINT32_MAX)
		report_none(report, "segment_bytes_max", "no limit");
	else
		report_bytes(report, "segment_bytes_max", info->segment_bytes_max);
	report_number(report, "request_sectors_max", info->request_sectors_max);
}

static void
describe_device(struct request *request, struct report *report, struct storage_handle *handle)
{
	const struct storage_disk *disk = handle->disk;
	const struct vblk_info *info = vblk_info(disk->device);
	uint64_t silent_ns = storage_silent_ns(request->context->storage, disk);

	report_text(report, "serial", request->serial[disk->index]);
	report_text(report, "transport", info->transport);
	report_text(report, "state",
		    silent_ns != 0 && storage_verdict(disk) == ORION_OK
			    ? "silent"
			    : vblk_state_text(vblk_state_get(disk->device)));
	report_number(report, "silent_seconds", silent_ns / 1000000000);
	report_number(report, "given_up_requests", args_lent(disk));
	if (vblk_cause_get(disk->device) != VBLK_CAUSE_NONE)
		report_text(report, "cause", vblk_cause_text(vblk_cause_get(disk->device)));
	else
		report_none(report, "cause", NULL);
	report_bytes(report, "bytes", storage_bytes(disk));
	report_number(report, "capacity_sectors", info->capacity_sectors);
	report_number(report, "block_bytes", info->block_bytes);
	report_number(report, "physical_block_bytes", info->physical_block_bytes);
	report_number(report, "alignment_offset_blocks", info->alignment_offset_blocks);
	report_number(report, "io_min_blocks", info->io_min_blocks);
	report_number(report, "io_opt_blocks", info->io_opt_blocks);
	report_flag(report, "read_only", info->read_only);
	report_flag(report, "flush", info->flush);
	report_flag(report, "writeback", info->writeback);
	report_text(report, "durability", vblk_durability_text(info->durability));
	describe_limits(report, info);
	report_text(report, "ring", info->packed ? "packed" : "split");
	report_flag(report, "indirect", info->indirect);
	report_flag(report, "event_index", info->event_index);
	report_flag(report, "in_order", info->in_order);
	report_flag(report, "queue_reset", info->queue_reset);
	report_number(report, "queues", info->queues);
	report_number(report, "queues_offered", info->queues_offered);
	report_number(report, "queue_size", info->queue_size);
	report_number(report, "queue_depth", info->queue_depth);
	report_text(report, "interrupts", virtio_irq_mode_text(info->irq_mode));
	report_number(report, "vectors", info->vectors);
	report_number(report, "open_handles", disk->open_handles - 1);
	report_number(report, "denials", disk->denials);
}

static void
describe_host(struct request *request, struct report *report)
{
	if (request->context->hypervisor != NULL)
		report_text(report, "hypervisor", request->context->hypervisor);
	else
		report_none(report, "hypervisor", NULL);
}

static orion_status
run_device_info(struct command_context *context, int argc, char **argv)
{
	struct request request = {
		.context = context, .command = "virtio-device-info", .describe = describe_device};

	request.serials = true;

	return run(&request, argc, argv, false, describe_host);
}

/* ---- virtio-queue-info, virtio-queue-stats ---- */

static void
describe_ring(struct report *report, const struct vblk_device *device,
	      const struct vblk_queue *queue)
{
	const struct vblk_info *info = vblk_info(device);
	struct vblk_ring_info ring;

	vblk_ring_info(queue, &ring);
	report_text(report, "ring", info->packed ? "packed" : "split");
	report_number(report, "size", ring.size);
	report_number(report, "free", ring.free);
	report_number(report, "depth", info->queue_depth);
	report_number(report, "available", ring.available);
	report_number(report, "used", ring.used);
	if (info->packed) {
		report_flag(report, "available_wrap", ring.available_wrap);
		report_flag(report, "used_wrap", ring.used_wrap);
	} else {
		report_none(report, "available_wrap", NULL);
		report_none(report, "used_wrap", NULL);
	}
	report_hex(report, "descriptor_area", ring.descriptor_area);
	report_hex(report, "driver_area", ring.driver_area);
	report_hex(report, "device_area", ring.device_area);
	if (ring.vector == VIRTIO_NO_VECTOR)
		report_none(report, "vector", "none");
	else
		report_number(report, "vector", ring.vector);
	report_text(report, "broken", vblk_cause_text(ring.cause));
}

/* Calls what REQUEST wants for each queue: the ring's picture, or the counters. */
static void
describe_queues(struct request *request, struct report *report, struct storage_handle *handle,
		bool counters)
{
	struct vblk_device *device = handle->disk->device;
	struct vblk_queue *queue;
	char title[24];

	report_list(report, "queues");
	for (unsigned i = 0; (queue = vblk_queue_get(device, i)) != NULL; i++) {
		if (request->queue != ANY_QUEUE && request->queue != i)
			continue;
		if (args_interrupted(request->context))
			break;
		(void)print_into(title, sizeof(title), "queue %u", i);
		report_group(report, NULL, title);
		if (report->json)
			report_number(report, "queue", i);
		if (counters) {
			counters_queue(request->context, report, handle->disk, i);
		} else {
			describe_ring(report, device, queue);
		}
		report_group_end(report);
	}
	report_list_end(report);
}

static void
describe_rings(struct request *request, struct report *report, struct storage_handle *handle)
{
	describe_queues(request, report, handle, false);
}

static orion_status
run_queue_info(struct command_context *context, int argc, char **argv)
{
	struct request request = {
		.context = context, .command = "virtio-queue-info", .describe = describe_rings};

	return run(&request, argc, argv, true, NULL);
}

static void
describe_queue_stats(struct request *request, struct report *report, struct storage_handle *handle)
{
	describe_queues(request, report, handle, true);
}

static orion_status
run_queue_stats(struct command_context *context, int argc, char **argv)
{
	struct request request = {.context = context,
				  .command = "virtio-queue-stats",
				  .describe = describe_queue_stats};

	return run(&request, argc, argv, true, NULL);
}

/* ---- virtio-performance-stats ---- */

static void
describe_performance(struct request *request, struct report *report, struct storage_handle *handle)
{
	counters_disk(request->context, report, handle->disk);
}

static orion_status
run_performance_stats(struct command_context *context, int argc, char **argv)
{
	struct request request = {.context = context,
				  .command = "virtio-performance-stats",
				  .describe = describe_performance};

	return run(&request, argc, argv, false, NULL);
}

/* ---- virtio-feature-list ---- */

static void
describe_feature(struct report *report, const struct vblk_info *info, unsigned bit)
{
	const char *known = vblk_feature_name(bit);
	bool offered = (info->features_offered >> bit & 1) != 0;
	bool wanted = (info->features_wanted >> bit & 1) != 0;
	bool negotiated = (info->features_negotiated >> bit & 1) != 0;
	char name[16];

	(void)print_into(name, sizeof(name), "bit %u", bit);
	if (known == NULL && !offered && !wanted && !negotiated)
		return;
	report_line(report, "%3u  %-30s %-8s %-7s %s", bit, known == NULL ? name : known,
		    offered ? "yes" : "-", wanted ? "yes" : "-", negotiated ? "yes" : "-");
	if (!report->json)
		return;
	report_group(report, NULL, "");
	report_number(report, "bit", bit);
	report_text(report, "name", known == NULL ? name : known);
	report_flag(report, "offered", offered);
	report_flag(report, "wanted", wanted);
	report_flag(report, "negotiated", negotiated);
	report_group_end(report);
}

static void
describe_features(struct request *request, struct report *report, struct storage_handle *handle)
{
	const struct vblk_info *info = vblk_info(handle->disk->device);

	(void)request;
	report_line(report, "%3s  %-30s %-8s %-7s %s", "bit", "feature", "offered", "wanted",
		    "negotiated");
	report_list(report, "features");
	for (unsigned bit = 0; bit < 64; bit++)
		describe_feature(report, info, bit);
	report_list_end(report);
}

static orion_status
run_feature_list(struct command_context *context, int argc, char **argv)
{
	struct request request = {.context = context,
				  .command = "virtio-feature-list",
				  .describe = describe_features};

	return run(&request, argc, argv, false, NULL);
}

/* ---- virtio-memory-info ---- */

static void
describe_budget(struct request *request, struct report *report)
{
	const struct orion_budget *budget = &request->context->manager->budget;

	report_group(report, "budget", "all devices");
	report_bytes(report, "limit", budget->limit);
	report_bytes(report, "used", budget->used);
	report_bytes(report, "peak", budget->peak);
	report_number(report, "refusals", budget->refusals);
	report_bytes(report, "quarantined", budget->quarantined);
	report_group_end(report);
}

static void
describe_memory(struct request *request, struct report *report, struct storage_handle *handle)
{
	const struct vblk_info *info = vblk_info(handle->disk->device);

	(void)request;
	report_bytes(report, "dma_bytes", info->dma_bytes);
	report_bytes(report, "bounce_bytes",
		     (uint64_t)info->queues * info->bounce_pieces * VBLK_BOUNCE_BYTES);
	report_text(report, "bounces",
		    info->bounces              ? "all data"
		    : info->bounce_pieces != 0 ? "what is not shared"
					       : "no");
	report_bytes(report, "bounced_bytes", storage_bounced_bytes(handle->disk));
	report_bytes(report, "private_bytes", info->private_bytes);
}

static orion_status
run_memory_info(struct command_context *context, int argc, char **argv)
{
	struct request request = {
		.context = context, .command = "virtio-memory-info", .describe = describe_memory};

	return run(&request, argc, argv, false, describe_budget);
}

const struct command management_commands[MANAGEMENT_COMMANDS] = {
	{"virtio-device-info", "[DISK] [--json]",
	 "Shows what is known of a device: size, blocks, limits, ring, interrupts.",
	 run_device_info},
	{"virtio-queue-info", "[DISK [QUEUE]] [--json]",
	 "Shows the rings: size, indexes, addresses, vector.", run_queue_info},
	{"virtio-queue-stats", "[DISK [QUEUE]] [--json]",
	 "Shows each queue's counters and latency.", run_queue_stats},
	{"virtio-performance-stats", "[DISK] [--json]",
	 "Shows a device's sums: requests, bytes, latency, kicks and interrupts per request.",
	 run_performance_stats},
	{"virtio-feature-list", "[DISK] [--json]",
	 "Shows the feature bits that are offered, wanted and negotiated.", run_feature_list},
	{"virtio-memory-info", "[DISK] [--json]",
	 "Shows the memory that is shared with devices, and its budget.", run_memory_info},
};
