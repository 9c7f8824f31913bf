/* SPDX-License-Identifier: MIT */
/* The management commands, and disk list: what the driver knows of its devices, as text or JSON. */
#include "commands/args.h"

#include "commands/print.h"
#include "commands/show.h"
#include "commands/table.h"
#include "commands/view_orion.h"
#include "words/text.h"

#define LANE 0u

/* What the arguments of a management command say. */
struct request {
	struct command_context *context;
	const char *command;
	bool json;
	const char *disk;               /* NULL: all */
	struct show show;
	/* Of each disk by its index, where the report has it. */
	char serial[STORAGE_DISKS_MAX][VIRTIO_BLK_ID_BYTES + 1];
};

/* ---- frame: arguments, disks, rights ---- */

static bool
has_queues(const struct request *request)
{
	return request->show.kind == SHOW_RINGS || request->show.kind == SHOW_QUEUES;
}

static bool
has_serials(const struct request *request)
{
	return request->show.kind == SHOW_DEVICE || request->show.kind == SHOW_LIST;
}

static orion_status
read_arguments(struct request *request, int argc, char **argv)
{
	const char *usage = has_queues(request) ? "[DISK [QUEUE]] [--json]" : "[DISK] [--json]";
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

	orion_status status = args_count(request->context, request->command, count, 0,
					 has_queues(request) ? 2 : 1, usage);

	if (status != ORION_OK || count == 0)
		return status;
	request->disk = words[0];
	if (count == 2) {
		status = args_size(request->context, request->command, "QUEUE", words[1], 0,
				   VBLK_QUEUES_MAX - 1, &request->show.queue);
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

	if (request->show.queue != SHOW_ALL_QUEUES && request->show.queue >= queues) {
		storage_close(request->context->storage, *handle);
		return args_refuse(request->context, request->command, ORION_NOT_FOUND,
				   "%s has no queue %llu; its queues are 0 to %u", name,
				   wide(request->show.queue), queues - 1);
	}
	return ORION_OK;
}

static orion_status
show_one(struct request *request, const char *name)
{
	struct storage_handle *handle;
	orion_status status = open_disk(request, name, &handle);
	struct view_orion one;

	if (status == ORION_OK) {
		view_orion_fill(&one, request->context, handle->disk);
		if (has_serials(request))
			one.view.serial = request->serial[handle->disk->index];
		show_disk(&request->show, &one.view);
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
	/* A disk that is silent is not asked: the report is there to show that it is. */
	if (!view_orion_answers(request->context, disk) ||
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

/* One disk or all of them. */
static orion_status
show_disks(struct request *request)
{
	const struct storage_disk *disk;
	orion_status status = ORION_OK;

	if (request->disk != NULL)
		return show_one(request, request->disk);
	for (unsigned n = 0;
	     (disk = storage_at(request->context->storage, n)) != NULL && status == ORION_OK; n++) {
		status = args_interrupted(request->context) ? COMMAND_INTERRUPTED
							    : show_one(request, disk->name);
	}
	return status;
}

static void
hold(const struct request *request, bool on)
{
	if (request->json && request->context->hold != NULL)
		request->context->hold(request->context->host, on);
}

static orion_status
show(struct request *request)
{
	struct command_context *context = request->context;
	const struct show_host host = {context->hypervisor, &context->manager->budget};
	orion_status status;

	hold(request, true);
	show_open(&request->show, &(struct text_sink){context->write, context->host}, request->json,
		  &host);
	status = show_disks(request);
	show_close(&request->show);
	hold(request, false);
	if (status == COMMAND_INTERRUPTED)
		return args_refuse(context, request->command, status, "interrupted");
	return status;
}

/* Runs a whole command. */
static orion_status
run(struct command_context *context, const char *command, show_kind kind, int argc, char **argv)
{
	struct request request = {.context = context, .command = command};
	struct storage_handle *handle;
	orion_status status;

	show_init(&request.show, kind);
	status = read_arguments(&request, argc, argv);
	if (status == ORION_OK && request.disk != NULL) {
		/* Before the first brace of the JSON: a refusal is not to stand within it. */
		status = open_disk(&request, request.disk, &handle);
		if (status == ORION_OK)
			storage_close(context->storage, handle);
	}
	if (status != ORION_OK)
		return status;
	if (has_serials(&request))
		read_serials(&request);
	if (request.json || storage_at(context->storage, 0) != NULL)
		return show(&request);
	if (kind != SHOW_LIST)
		status = show(&request);
	print(context, "there are no disks\n");
	return status;
}

/* ---- the commands ---- */

orion_status
run_disk_list(struct command_context *context, int argc, char **argv)
{
	return run(context, "disk list", SHOW_LIST, argc, argv);
}

static orion_status
run_device_info(struct command_context *context, int argc, char **argv)
{
	return run(context, "virtio-device-info", SHOW_DEVICE, argc, argv);
}

static orion_status
run_queue_info(struct command_context *context, int argc, char **argv)
{
	return run(context, "virtio-queue-info", SHOW_RINGS, argc, argv);
}

static orion_status
run_queue_stats(struct command_context *context, int argc, char **argv)
{
	return run(context, "virtio-queue-stats", SHOW_QUEUES, argc, argv);
}

static orion_status
run_performance_stats(struct command_context *context, int argc, char **argv)
{
	return run(context, "virtio-performance-stats", SHOW_PERFORMANCE, argc, argv);
}

static orion_status
run_feature_list(struct command_context *context, int argc, char **argv)
{
	return run(context, "virtio-feature-list", SHOW_FEATURES, argc, argv);
}

static orion_status
run_memory_info(struct command_context *context, int argc, char **argv)
{
	return run(context, "virtio-memory-info", SHOW_MEMORY, argc, argv);
}

static orion_status
run_device_reset(struct command_context *context, int argc, char **argv)
{
	const char *name = "virtio-device-reset";
	struct storage_handle *handle;
	orion_status status = args_count(context, name, argc, 1, 1, "DISK");

	if (status == ORION_OK)
		status = args_disk(context, name, argv[0], STORAGE_MAY_ADMIN, &handle);
	if (status != ORION_OK)
		return status;

	const struct storage_recovery *recovery = &handle->disk->recovery;

	status = storage_reset(context->storage, handle->disk, LANE);
	if (status == ORION_OK)
		print(context,
		      "%s: reset, and live again after %llu ms; %llu requests sent again\n",
		      handle->disk->name, wide(recovery->took_ns / 1000000),
		      wide(recovery->sent_again));
	else
		(void)args_fail(context, name, handle->disk, status);
	storage_close(context->storage, handle);
	return status;
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
	{"virtio-device-reset", "DISK",
	 "Resets a disk's device and brings it back as it was; what is in flight is sent again.",
	 run_device_reset},
};
