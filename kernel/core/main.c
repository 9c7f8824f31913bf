/* SPDX-License-Identifier: MIT */
/* From the first line of the banner to the console or the end of the script. */
#include "kernel/console/console.h"
#include "kernel/core/arch.h"
#include "kernel/core/commands.h"
#include "kernel/core/fw_cfg.h"
#include "kernel/core/hypervisor.h"
#include "kernel/core/initrd.h"
#include "kernel/core/iommu.h"
#include "kernel/core/memory.h"
#include "kernel/core/mmio.h"
#include "kernel/core/pci.h"
#include "kernel/core/place.h"
#include "kernel/core/port.h"
#include "kernel/core/print.h"
#include "kernel/core/string.h"
#include "kernel/core/time.h"
#include "kernel/core/worker.h"
#include "orion/configuration.h"
#include "orion/texts.h"
#include "orion/version.h"

#define WHERE_BYTES 24
#define MEMORY_LEAST (512u * 1024)
#define SCRIPT_FILE "opt/orion/script"
#define CONFIG_FILE "opt/orion/config"

struct text {
	const char *bytes;
	size_t length;
	bool there;
};

static struct manager manager;
static struct storage storage;
static char hypervisor[HYPERVISOR_TEXT_BYTES];

static _Noreturn void
give_up(void)
{
	kprint("The machine is switched off.\n");
	arch_power_off(false);
}

/* From the loader's archive, or from QEMU. */
static struct text
read_file(const char *name)
{
	struct memory_range archive = {0, 0};
	struct text text = {0};
	orion_status status = ORION_NOT_FOUND;

	if (arch_initrd(&archive))
		status = initrd_find((const void *)(uintptr_t)archive.start, archive.bytes, name,
				     &text.bytes, &text.length);
	if (status == ORION_INVALID) {
		kprint("boot: the archive of files (initrd) is broken: cpio's format newc is "
		       "needed\n");
		give_up();
	}
	if (status == ORION_NOT_FOUND)
		status = fw_cfg_file(name, &text.bytes, &text.length);
	if (status != ORION_OK && status != ORION_NOT_FOUND) {
		kprint("boot: %s: %s\n", name, orion_status_text(status));
		give_up();
	}
	text.there = status == ORION_OK;
	return text;
}

static void
print_iommus(void)
{
	const struct iommu_ops *driver;

	for (unsigned n = 0; (driver = iommu_driver_at(n)) != NULL; n++)
		kprint("iommu: %s%s\n", driver->name,
		       driver->open == NULL ? ", which this kernel cannot drive" : "");
}

static void
find_hypervisor(void)
{
	struct hypervisor_clues clues;

	memset(&clues, 0, sizeof(clues));
	arch_hypervisor_clues(&clues);
	hypervisor_describe(&clues, hypervisor, sizeof(hypervisor));
}

static void
print_banner(void)
{
	struct memory_stats stats;

	memory_stats_get(&stats);
	kprint("Orion %s on %s\n", ORION_VERSION_TEXT, arch_name());
	kprint("hypervisor: %s\n", hypervisor);
	kprint("cpu: %u, %s\n", worker_count(), arch_cpu_model());
	arch_describe();
	kprint("memory: %s free\n", print_size(stats.total_bytes - stats.used_bytes).s);
	kprint("clock: %llu MHz (%s)\n", (unsigned long long)(arch_ticks_per_second() / 1000000),
	       arch_clock_source());
	kprint("pci: %u functions, %u %s (%s)\n", pci_count(), pci_bus_count(),
	       pci_bus_count() == 1 ? "bus" : "buses", arch_pci_access());
	print_iommus();
}

/* Says which of the GIVEN keys nothing obeys yet: a silent lie would be worse. */
static void
print_unused_keys(uint32_t given)
{
	static const size_t unused[] = {
		offsetof(struct orion_options, queue_interrupt_coalescing),
		offsetof(struct orion_options, queue_interrupt_coalescing_time),
		offsetof(struct orion_options, queue_interrupt_coalescing_threshold),
		offsetof(struct orion_options, read_ahead_size),
		offsetof(struct orion_options, write_back_cache),
		offsetof(struct orion_options, write_back_cache_size),
		offsetof(struct orion_options, io_scheduler),
		offsetof(struct orion_options, direct_io),
	};
	const char *before = "configuration: has no effect yet: ";

	for (unsigned i = 0; i < ORION_OPTION_COUNT; i++) {
		bool idle = false;

		for (unsigned j = 0; j < sizeof(unused) / sizeof(unused[0]); j++)
			idle = idle || unused[j] == orion_option_table[i].offset;
		if (idle && (given >> i & 1u) != 0) {
			kprint("%s%s", before, orion_option_table[i].name);
			before = ", ";
		}
	}
	if (before[0] == ',')
		kprint("\n");
}

static void
refuse_options(const struct orion_options_error *error)
{
	kprint("configuration: ");
	if (error->line != 0)
		kprint("line %u: ", error->line);
	if (error->key[0] != '\0')
		kprint("%s: ", error->key);
	kprint("%s\n", error->text);
	give_up();
}

static void
read_options(struct orion_options *options)
{
	struct text file = read_file(CONFIG_FILE);
	struct orion_options_error error;
	uint32_t given = 0;

	memset(&error, 0, sizeof(error));
	orion_options_default(options);
	if (!file.there)
		return;
	if (orion_options_parse(file.bytes, file.length, options, &given, &error) != ORION_OK)
		refuse_options(&error);
	if (given == 0)
		kprint("configuration: the file sets no key of [virtio_block]\n");
	print_unused_keys(given);
}

static void
init_driver(void)
{
	static const struct storage_host no_host;
	struct storage_host host = no_host;
	struct vblk_queue_home homes[CPUS_MAX];
	struct orion_options options;
	struct manager_config config = {
		.port = port_get(),
		.options = &options,
		.homes = homes,
		.home_count = worker_count(),
		.memory_take = port_memory_take,
		.memory_give = port_memory_give,
	};
	orion_status status;

	read_options(&options);
	for (unsigned i = 0; i < worker_count(); i++) {
		homes[i].event = worker_of(i);
		homes[i].cpu = (uint16_t)i;
	}
	status = orion_manager_init(&manager, &config, NULL);
	host.port = port_get();
	host.idle = port_idle;
	host.interrupted = console_lane_interrupted;
	host.silent = port_silent;
	host.subject = port_subject;
	if (status == ORION_OK)
		status = storage_init(&storage, &host, &manager);
	if (status != ORION_OK) {
		kprint("boot: the driver could not be started: %s\n", orion_status_text(status));
		give_up();
	}
}

static void
print_disk(const char *where, unsigned index)
{
	const struct vblk_info *info = vblk_info(orion_manager_device_get(&manager, index));
	char offered[24] = "";

	if (info->queues != info->queues_offered)
		print_into(offered, sizeof(offered), " (of %u offered)", info->queues_offered);
	kprint("vd%u: %s, %s%s, %u-byte blocks; %u %s of %u%s, %s%s%s; %s\n", index, where,
	       print_size(info->capacity_sectors * VIRTIO_BLK_SECTOR_BYTES).s,
	       info->read_only ? " read-only" : "", info->block_bytes, info->queues,
	       info->queues == 1 ? "queue" : "queues", info->queue_size, offered,
	       info->packed ? "packed" : "split", info->indirect ? ", indirect" : "",
	       info->event_index ? ", event index" : "", virtio_irq_mode_text(info->irq_mode));
}

/* The device at WHERE was attached as INDEX, or was not. */
static void
attached(const char *where, orion_status status, unsigned index)
{
	if (status == ORION_OK) {
		status = storage_add(&storage, index);
		if (status == ORION_OK) {
			print_disk(where, index);
			return;
		}
		orion_manager_detach(&manager, index, true);
	}
	kprint("disk: %s left out: %s%s\n", where, orion_status_text(status),
	       status == ORION_NO_MEMORY   ? ", or above shared_memory_size"
	       : status == ORION_TOO_LARGE ? ": more disks than device_max_count"
					   : "");
}

/* What is found at PLACE, which is called WHERE; nothing, or no block device, may be QUIET. */
static void
attach(const char *where, struct manager_place place, bool quiet)
{
	unsigned index = 0;
	orion_status status;

	port_attaching(where);
	status = orion_manager_attach(&manager, &place, &index);
	port_attaching(NULL);
	if (status != ORION_NOT_FOUND || !quiet)
		attached(where, status, index);
}

static void
attach_disks(void)
{
	char where[WHERE_BYTES];

	for (uint32_t f = 0; orion_virtio_pci_find(port_get(), NULL, pci_last_bus(), &f); f++) {
		print_into(where, sizeof(where), "%02x:%02x.%x", f >> 8, f >> 3 & 31, f & 7);
		attach(where, orion_place_pci(f), false);
	}
	for (unsigned i = 0; i < mmio_count(); i++) {
		const struct mmio_place *at = mmio_at(i);

		print_into(where, sizeof(where), "mmio %llx", (unsigned long long)at->address);
		attach(where, orion_place_mmio(at->address, at->bytes, at->line), true);
	}
	for (unsigned i = 0; i < place_count(); i++)
		attach(place_at(i)->name, place_at(i)->where, false);
	if (orion_manager_count(&manager) == 0)
		kprint("disk: none\n");
}

static _Noreturn void
run_script(struct command_context *context, const struct text *script)
{
	orion_status status =
		command_run_script(context, script->bytes, script->length, &kernel_script_failures);

	if (status != ORION_OK) {
		kprint("script: %u %s failed\n", kernel_script_failures,
		       kernel_script_failures == 1 ? "line" : "lines");
	}
	(void)iommu_faults();
	arch_power_off(status == ORION_OK && kernel_script_failures == 0);
}

/* Before anything comes to grief for want of it: is the kernel in RAM, and is there some beside? */
static void
check_memory(void)
{
	struct memory_range kernel, ranges[MEMORY_RANGES_MAX];
	unsigned count = arch_memory_ranges(ranges, MEMORY_RANGES_MAX);
	struct memory_stats stats;

	kernel.start = (uintptr_t)kernel_start;
	kernel.bytes = (uintptr_t)kernel_end - kernel.start;
	for (unsigned i = 0; i < count; i++) {
		uint64_t end = ranges[i].start + ranges[i].bytes;

		if (ranges[i].start <= kernel.start && kernel.start < end &&
		    end < kernel.start + kernel.bytes)
			orion_panic("too little memory: the kernel alone needs more");
	}
	memory_init();
	memory_stats_get(&stats);
	if (stats.total_bytes < MEMORY_LEAST)
		orion_panic("too little memory: 512 KiB are needed beside the kernel");
}

void
kernel_main(void)
{
	static struct command_context context;
	struct text script;

	check_memory();
	script = read_file(SCRIPT_FILE);
	kprint_plain(script.there);
	arch_init();
	time_init();
	worker_start();
	pci_init();
	find_hypervisor();
	print_banner();
	mmio_from_command_line(arch_command_line());
	arch_devices_find();
	init_driver();
	attach_disks();
	context.storage = &storage;
	context.manager = &manager;
	context.hypervisor = hypervisor;
	context.write = console_write;
	context.hold = console_hold;
	context.run_on_lanes = port_run_on_lanes;
	context.lanes = worker_count();
	context.extra = kernel_commands;
	context.extra_count = kernel_command_count;
	if (script.there)
		run_script(&context, &script);
	context.interrupted = console_interrupted;
	context.progress = true;
	kprint("ready after %llu ms; help lists the commands\n",
	       (unsigned long long)(time_now_ns() / 1000000));
	console_run(&context);
}
