/* SPDX-License-Identifier: MIT */
/*
 * iommu list, and iommu test: makes a disk reach for memory that is not lent to it, three times,
 * and says whether it got there.
 */
#include "kernel/core/arch.h"
#include "kernel/core/commands.h"
#include "kernel/core/iommu.h"
#include "kernel/core/memory.h"
#include "kernel/core/print.h"
#include "kernel/core/time.h"
#include "kernel/core/worker.h"

#define CANARY 0xc5u
#define DEADLINE_NS UINT64_C(5000000000)
#define LOOK_NS UINT64_C(100000)

orion_status
iommu_run_list(struct command_context *context, int argc, char **argv)
{
	const struct iommu_space *space;
	const struct iommu_ops *driver;

	(void)context;
	if (argc > 0) {
		kprint("iommu list: takes no arguments, not \"%s\"\n", argv[0]);
		return ORION_INVALID;
	}
	if (iommu_driver_at(0) == NULL)
		kprint("no IOMMU: devices reach all memory\n");
	for (unsigned n = 0; (driver = iommu_driver_at(n)) != NULL; n++)
		kprint("%s%s\n", driver->name, driver->open == NULL ? ": cannot be driven" : "");
	for (unsigned n = 0; (space = iommu_space_at(n)) != NULL; n++)
		kprint("space %u: %u %s, %llu pages lent, addresses from 0x%llx\n", space->number,
		       space->users, space->users == 1 ? "user" : "users",
		       (unsigned long long)space->pages, (unsigned long long)space->window.start);
	kprint("faults: %llu\n", (unsigned long long)iommu_faults());
	return ORION_OK;
}

/* Lets DISK write one block to ADDRESS, and waits until it says that it did, or did not. */
static orion_status
trespass(struct storage_disk *disk, uint64_t address)
{
	/* Of a disk that never answers it stays with the framework. */
	static struct trespass {
		struct vblk_segment segment;
		struct orion_io io;
	} only;
	struct storage_lane *lane = storage_lane_of(disk, 0);
	struct orion_io *io = &only.io;
	uint64_t until = time_now_ns() + DEADLINE_NS;

	if (storage_in_flight(lane) != 0)
		return ORION_BUSY;
	only = (struct trespass){
		.segment = {.device_address = address,
			    .length = vblk_info(disk->device)->block_bytes},
		.io = {.buffer = &only.segment, .vectors = 1, .flags = STORAGE_MAPPED},
	};
	if (storage_submit(lane, &io, 1) != 1)
		return (orion_status)lane->refusal;
	storage_kick(lane);
	while (storage_reap(lane, &io, 1) == 0) {
		if (vblk_state_get(disk->device) != VBLK_LIVE)
			return ORION_DEVICE_BROKEN;
		if (time_now_ns() > until)
			return ORION_TIMED_OUT;
		worker_pause(LOOK_NS);
	}
	return (orion_status)io->result;
}

static void
fill(unsigned char *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		memory[i] = CANARY;
}

static bool
is_untouched(const unsigned char *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (memory[i] != CANARY)
			return false;
	return true;
}

/*
 * One attempt at ADDRESS, which is WHAT; MEMORY must not change.  True when it did not, and the
 * fault was told, unless this kind of IOMMU is SILENT.
 */
static bool
attempt(struct storage_disk *disk, bool silent, const char *what, uint64_t address,
	const unsigned char *memory)
{
	uint64_t before = iommu_faults(), told;
	orion_status status = trespass(disk, address);
	bool kept = is_untouched(memory, vblk_info(disk->device)->block_bytes);

	told = iommu_faults() - before;
	kprint("%s: 0x%llx, %s: %s; %llu %s told; the disk says: %s\n", disk->name,
	       (unsigned long long)address, what, kept ? "kept out" : "WRITTEN",
	       (unsigned long long)told, told == 1 ? "fault" : "faults", orion_status_text(status));
	return kept && (silent || told != 0);
}

static orion_status
test_disk(struct storage_disk *disk, struct iommu_space *space, unsigned char *memory, size_t bytes)
{
	bool silent = space->ops->silent;
	size_t contiguous;
	orion_status status;
	uint64_t address;
	bool kept;

	fill(memory, bytes);
	/* The first page of a window is never given out. */
	kept = attempt(disk, silent, "never lent", space->window.start, memory);
	if (!iommu_lend(space, memory, bytes, false, &address, &contiguous))
		return ORION_NO_MAPPING;
	kept = attempt(disk, silent, "lent for reading", address, memory) && kept;
	/* Lent for writing, and written once: afterwards the IOMMU has to forget it. */
	if (!iommu_lend(space, memory, bytes, true, &address, &contiguous))
		return ORION_NO_MAPPING;
	status = trespass(disk, address);
	if (status != ORION_OK)
		return status;
	fill(memory, bytes);
	iommu_take_back(memory, bytes);
	kept = attempt(disk, silent, "taken back", address, memory) && kept;
	return kept ? ORION_OK : ORION_DENIED;
}

/* Not before the disk let go of it. */
static void
give_memory(struct storage *storage, struct storage_disk *disk, void *memory, size_t bytes)
{
	static const struct orion_region none;
	unsigned held = storage_in_flight(storage_lane_of(disk, 0));

	if (held != 0 && vblk_state_get(disk->device) == VBLK_LIVE)
		storage_leave(storage, disk, 0, false, &none, memory, bytes);
	else {
		storage_memory_give(storage, disk, 0, memory, bytes);
		storage_unclaim(storage, disk, 0);
	}
}

orion_status
iommu_run_test(struct command_context *context, int argc, char **argv)
{
	struct storage_disk *disk = argc == 1 ? storage_find(context->storage, argv[0]) : NULL;
	struct iommu_space *space;
	orion_status status;
	void *memory;

	if (disk == NULL) {
		kprint("iommu test: DISK is one of those that virtio-device-info lists, not "
		       "\"%s\"\n",
		       argc == 0 ? "" : argv[argc - 1]);
		return argc == 1 ? ORION_NOT_FOUND : ORION_INVALID;
	}
	space = vblk_dma_context(disk->device);
	if (space == NULL) {
		kprint("iommu test: nothing stands between %s and memory: it reaches all of it\n",
		       disk->name);
		return ORION_NOT_SUPPORTED;
	}
	status = storage_claim(context->storage, disk, 0);
	if (status != ORION_OK) {
		kprint("iommu test: %s: %s\n", disk->name, orion_status_text(status));
		return status;
	}
	memory = memory_take(storage_block_bytes(disk));
	if (memory == NULL) {
		storage_unclaim(context->storage, disk, 0);
		return ORION_NO_MEMORY;
	}
	status = test_disk(disk, space, memory, storage_block_bytes(disk));
	give_memory(context->storage, disk, memory, storage_block_bytes(disk));
	return status;
}
