# SPDX-License-Identifier: MIT
"""Mutants of the Linux home's way with memory, and of its patience: see mutants.py."""

ROWS = []

API, MEMORY, CONNECTION = (f"ports/linux/{part}" for part in ("api", "memory", "connection"))
DMA, SHARE, MAPPING = f"{MEMORY}/dma.c", f"{MEMORY}/share.c", f"{MEMORY}/mapping.c"
PREPARE, IO, WAIT = "storage/prepare.c", "storage/io.c", f"{API}/wait.c"
LATE, FOLLOW = "storage/late.c", "storage/follow.c"
VHOST = "ports/linux/vhost_user/vhost_user.c"
INFO = "src/blk/info.c"


def row(name, file, old, new, tests, why):
    tests = " ".join("unit/linux_" + test for test in tests.split())
    ROWS.append((("linux-" + name, file, old, new, tests, why), {}))


# ---- bounce memory ----

row("bounce-stale", PREPARE, "memset(bounce_at(lane, own), 0, bytes);", "",
    "io__unwritten_bounce_is_zero io__identify_is_cleared",
    "a read shows what an earlier request left")
row("bounce-failed", PREPARE, "if (io->operation != ORION_WRITE && io->result == 0)",
    "if (io->operation != ORION_WRITE)", "io__failed_bounce_is_not_copied",
    "a read that failed changes the program's memory")
row("bounce-kept", PREPARE, "storage_pages_give(&lane->bounce, bounce_page(lane, own));",
    "(void)own;", "io__bounce_room", "bounce memory is never given back")
row("bounce-unchecked", PREPARE,
    "status = check_data(lane, io, io->bytes); if (status != ORION_OK) return status;",
    "(void)status;", "io__refused_is_not_copied", "a write is copied before it is refused")
row("bounce-range", PREPARE, "bytes >> SECTOR_SHIFT > capacity - sector", "false",
    "io__refused_is_not_copied", "a write beyond the end is copied before it is refused")
row("bounce-vector", PREPARE, "status = check_data(lane, io, pieces.bytes);", "",
    "io__refused_is_not_copied", "a vector is copied before it is refused")
row("bounce-full", PREPARE,
    "if (vblk_in_flight(lane->ring) >= vblk_info(lane->device->device)->queue_depth) "
    "return ORION_NO_ROOM;", "", "io__full_queue_is_not_copied_for",
    "a write is copied although the queue is full")
row("bounce-unwiped", PREPARE, "memset(bounce_at(lane, own), 0, own->segment.length);", "{}",
    "io__refused_by_the_core_is_wiped", "what the core refused stays where the device reads")
row("bounce-large", PREPARE, "if (bytes > (uint64_t)lane->bounce.count * STORAGE_PAGE) "
    "return ORION_TOO_LARGE;", "", "io__bounce_room", "a request that never fits is tried for ever")
row("private-open", PREPARE, "if (io == lane->identify)", "",
    "io__operations_of_our_own_are_refused", "programs reach the library's own operations")
row("fua-written", IO, "if (status == ORION_OK && "
    "(storage_private(io)->segment.unused & STORAGE_FLUSHES) != 0) {", "if (false) {",
    "fua__flushes_behind", "a write that is to be stable is only written")
row("fua-counted", IO, "status == ORION_OK && (io->flags & ORION_FUA) == 0)",
    "status == ORION_OK)", "fua__flushes_behind", "a write that is stable counts as lost")
row("fua-flushed-only", FOLLOW, "own->segment.unused = 0;", "",
    "fua__over_a_loss:between", "the next device is asked to flush what it never got")
row("fua-doubted", FOLLOW, "*taken = written_again(lane);",
    "*taken = 0; written_again(lane);", "fua__in_doubt",
    "a write that the old device may still carry out is given to the next one")
row("fua-held-since", FOLLOW, "storage_late_hold(lane, lane->held[i]);", "",
    "fua__in_doubt", "a request that is held has no age")
row("fua-of-none", PREPARE, "if (promise == STORAGE_PROMISE_NONE && !lane->instance->durable)",
    "if (false)", "fua__each_promise", "a device that promises nothing is believed")
row("fua-of-reads", PREPARE, "if (io->flags != ORION_FUA || io->operation != ORION_WRITE)",
    "if (io->flags != ORION_FUA)", "fua__of_writes_only", "a flag is ignored")
row("read-only", PREPARE, "if (io->operation > lane->largest) return ORION_READ_ONLY;", "",
    "io__read_only", "a write to a read-only disk is copied to the device")
row("read-only-plain", FOLLOW, "info->read_only || instance->read_only ? ORION_READ : "
    "ORION_WRITE;", "ORION_WRITE;", "io__read_only", "a read-only disk's queue takes writes")

# ---- zero-copy ----

row("past-region", IO, "at > room || bytes > room - at", "at > room",
    "io__only_what_lies_within_is_shared", "a buffer past its region goes as it is")
row("past-entry", DMA, "offset < place->bytes && bytes <= place->bytes - offset",
    "offset < place->bytes", "io__only_what_lies_within_is_shared dma__pools",
    "a buffer past its region is found there")
row("near-kept", FOLLOW, "lane->near = (struct storage_place){NULL, 0, 0};", "",
    "io__unregistered_is_copied", "memory that was unregistered still goes as it is")
row("turn-kept", SHARE, "__atomic_add_fetch(&disk->instance.turn, 1, __ATOMIC_ACQ_REL);", "",
    "io__unregistered_is_copied", "owners do not learn that memory was unregistered")
row("vector-elsewhere", PREPARE, "request->segments = lane->segments; request->segment_count = "
    "io->vectors;", "request->segments = lane->tables[0]; request->segment_count = io->vectors;",
    "io__short_vectors_are_shared", "a vector's pieces are those of another")
row("vector-copied", PREPARE, "(pieces.lengths & (info->block_bytes - 1)) == 0", "false",
    "io__long_vectors_are_cut", "a long vector in shared memory is copied")
row("vector-uncut", PREPARE, "(pieces.lengths & (info->block_bytes - 1)) == 0", "true",
    "io__other_vectors_are_copied", "pieces that can't be cut on blocks are not copied")
row("table-shared", PREPARE, "lane->tables_used |= (uint16_t)(1u << table);", "",
    "io__long_vectors_at_once", "two long vectors have one table")
row("table-kept", PREPARE, "lane->tables_used &= (uint16_t) ~(1u << own->segment.length);", "{}",
    "io__long_vectors_are_cut", "the table of a long vector is never free again")
row("entry-early", DMA, "region->pool = NULL; memory->version++; return region;",
    "region->pool = NULL; memory->version++; dma_show(region); return region;", "dma__pools",
    "memory is used before the back end was told of it")

# ---- what is registered ----

row("map-private", MAPPING, "line->rights[3] != 's'", "false",
    "share__the_descriptor_is_the_mapping", "a private mapping is registered")
row("map-file", MAPPING, "if (!same_file(line, file, name))", "if (false)",
    "share__the_descriptor_is_the_mapping", "a descriptor of another file is registered")
row("map-inode", MAPPING, "line->inode == file->st_ino &&", "",
    "share__the_descriptor_is_the_mapping", "a file is known by its file system")
row("map-offset", MAPPING, "line->offset + (at - line->begin) != offset", "false",
    "share__the_descriptor_is_the_mapping", "another part of the file is registered")
row("map-hole", MAPPING, "if (line->begin > at)", "if (false)",
    "share__the_descriptor_is_the_mapping", "memory with a hole is registered")
row("map-first", MAPPING, "at = line.end; }", "at = end; }",
    "share__the_descriptor_is_the_mapping", "only the first piece of the mapping is looked at")
row("map-length", MAPPING, "(uint64_t)file.st_size - mapping->offset >= mapping->bytes", "true",
    "share__sealed", "memory past the end of its file is registered")
row("map-rights", MAPPING, "(flags & O_ACCMODE) != O_RDWR", "false", "share__unsealable",
    "a descriptor is registered that no back end can map")
row("seal-none", MAPPING, "fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) == 0",
    "fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL) == 0", "share__sealed",
    "a back end can shorten what is registered")
row("seal-open", MAPPING, "fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) == 0",
    "fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) == 0", "share__sealed",
    "a back end can seal what is registered against the next one")
row("seal-waived", MAPPING, "if (unsealed) return 0;", "return 0;", "share__unsealable",
    "what can't be sealed is registered all the same")
row("seal-ours", DMA, "F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL", "F_SEAL_SHRINK | F_SEAL_GROW",
    "dma__is_sealed", "seals may be added to the library's own memory")
row("pages-uncleared", DMA, "memset(address, 0, bytes);", "{}", "dma__pages_without_holes",
    "pages come back with what their last owner left")
row("pages-unpunched", DMA, "if (fallocate(region->fd, FALLOC_FL_PUNCH_HOLE | "
    "FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)bytes) != 0)", "if (false)",
    "dma__pools dma__pages_without_holes", "pages are not cleared")

# ---- what a back end is told of memory ----

row("table-flight", VHOST, "if (!idle(context)) return -EBUSY;", "",
    "messages__table_stays_under_requests",
    "rings are halted for a table that is not sent")
row("table-flight-halted", VHOST, "idle(context) ? send_table(device, goes) : -EBUSY",
    "send_table(device, goes)", "messages__table_stays_under_requests",
    "the table is replaced under what was taken just before")
row("table-halted", VHOST, "resumed = vhost_user_resume(device);", "resumed = 0;",
    "messages__table_without_what_goes messages__table_stays_under_requests",
    "rings stay halted for ever")
row("table-with", VHOST, "region->bytes == 0 || region == goes", "region->bytes == 0",
    "messages__table_without_what_goes", "what goes is told of anew")
row("goes-unconfirmed", VHOST, "else result = replace_table(device, region, idle, context); "
    "return result == 0 ? channel_confirm(&device->channel) : result;",
    "else result = replace_table(device, region, idle, context); return result;",
    "messages__region_goes messages__region_stays",
    "memory counts as given back when that was sent")
row("regions-many", VHOST, "if (count_regions(device->memory) > device->slots) return -ENOSPC;",
    "", "messages__region_too_many", "one region more is told of than the back end takes")
row("goes-anyway", SHARE, "if (result != 0 && !hung_up(result)) return error_set(error, result,",
    "if (false) return error_set(error, result,", "messages__region_stays",
    "memory that the back end may still have is forgotten")
row("regions-untold", VHOST, "if (region->bytes != 0) result = send_region(", "if (false) "
    "result = send_region(", "messages__all_memory_is_told",
    "a back end with slots is told of its rings alone")
row("regions-slots", VHOST,
    "if (count_regions(device->memory) > device->slots) return channel_fail(",
    "if (false) return channel_fail(", "messages__all_memory_is_told",
    "more memory is told of than the back end takes")
row("table-others", VHOST, "region->bytes == 0 || region == goes", "true",
    "messages__table_without_what_goes", "with one region all others go")
row("refused-kept", SHARE, "if (result != 0) dma_leave(&disk->memory, region);", "",
    "share__alloc_says_why_not", "memory that the back end refused counts as registered")
row("goes-found", SHARE, "dma_hide(region);", "", "messages__region_stays",
    "memory is used that the back end was told to let go of")

# ---- patience ----

row("late-never", LATE, "else if (age >= late->patience)", "else if (false)",
    "late__kicks_by_age late__kicks_unasked", "a kick that got lost is never repeated")
row("late-always", LATE, "late->patience += late->patience < most ? late->patience : most;", "",
    "late__kicks_by_age", "a device that takes long is kicked at every look")
row("late-asked", LATE, "lane->kick = NULL;", "{}", "late__kicks_unasked",
    "a device that never asks for kicks costs a second for each")
row("late-untold", LATE, "if (due) storage_turn(instance);", "", "late__the_monitor_tells",
    "who sleeps on the descriptor never looks")
row("late-unarmed", WAIT, "if (unlikely(turned)) storage_late_look(&queue->lane);", "",
    "late__arming_looks_too",
    "who reaps only when told waits for ever for a kick that got lost")
row("late-oldest", INFO, "slot->ring.descriptors != 0 && ", "", "late__kicks_by_age",
    "requests that are done count as the oldest in flight")
row("deadline-never", LATE, "if (deadline != 0 && age >= deadline)", "if (false)",
    "late__deadline", "a request waits for longer than the deadline")
row("deadline-replay", FOLLOW, "if (__atomic_load_n(&lane->device->expired, __ATOMIC_ACQUIRE))",
    "if (false)", "late__deadline", "what an old back end may yet do is replayed")
row("deadline-held", LATE,
    "if (now - storage_private(io)->segment.device_address >= limit)", "if (false)",
    "late__deadline", "without a connection a request waits for longer than the deadline")
row("poll-for-ever", WAIT, "return poll_ring(queue, done, max, &wait, ticks_of(POLL_NS_MAX));",
    "return poll_ring(queue, done, max, &wait, UINT64_MAX);", "wait__ends:poll",
    "polling never sees that a signal was handled")
row("disarm-nothing", WAIT, "if (queue->lane.ring != NULL) vblk_disarm(queue->lane.ring);", "",
    "wait__arm_and_disarm", "interrupts stay on while the owner is awake")
row("disarm-full", WAIT,
    "if (epoll_wait(queue->event, edges, 2, 0) > 0 && queue_session(queue) != NULL)",
    "(void)edges; if (queue_session(queue) != NULL)", "wait__arm_and_disarm",
    "the descriptor stays readable for ever")
