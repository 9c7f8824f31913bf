# SPDX-License-Identifier: MIT
"""Mutants of the Linux home's connections: what is replayed, promised, shared, waited for."""

CONNECTION, PROTOCOL, API = (f"ports/linux/{part}" for part in ("connection", "vhost_user", "api"))
FLUSH, FOLLOW, IO = "storage/flush.c", "storage/follow.c", "storage/io.c"
LOST, IDENTITY = f"{CONNECTION}/lost.c", f"{CONNECTION}/identity.c"
SESSION, LINKS = f"{CONNECTION}/session.c", "ports/linux/links.c"
MONITOR, DISK = f"{CONNECTION}/monitor.c", f"{API}/disk.c"
CHANNEL, VHOST = f"{PROTOCOL}/channel.c", f"{PROTOCOL}/vhost_user.c"
OPERATIONS = f"{PROTOCOL}/vhost_user_ops.c"
LAW, FOLLOWS, LAST = "unit/linux_flush__", "unit/linux_follow__", "unit/linux_lost__"
LINK = "unit/linux_link__"
ROWS = []


def row(name, file, old, new, tests, why, **more):
    ROWS.append((("connection-" + name, file, old, new, tests, why), more))


# ---- what a flush may claim -----------------------------------------------------------------

row("stable-is-lost", FLUSH, "storage_word_promise(word) != STORAGE_PROMISE_STABLE", "true",
    LAW + "each_promise", "writes that are stable count as lost")
row("none-is-stable", FLUSH, "storage_word_promise(word) != STORAGE_PROMISE_STABLE",
    "storage_word_promise(word) == STORAGE_PROMISE_FLUSH", LAW + "each_promise",
    "what was never promised counts as kept")
row("durable-is-lost", FLUSH, "!instance->durable &&", "", LAW + "each_promise",
    "the user's promise is not believed")
row("none-is-done", FLUSH, "promise == STORAGE_PROMISE_STABLE || instance->durable", "true",
    LAW + "answers_by_itself", "a flush that nobody can do is called done")
row("stable-is-sent", FLUSH, "if (promise != STORAGE_PROMISE_FLUSH)",
    "if (promise == STORAGE_PROMISE_NONE)",
    LAW + "answers_by_itself", "a flush is sent that the device does not know")
row("flight", FLUSH, "if (is_stale(lane)) return ORION_STALE;", "", LAW + "in_flight",
    "a flush that was on its way when a write was lost says that it is done")
row("failed-covers", FLUSH, "for (unsigned i = 0; status == ORION_OK && i",
    "for (unsigned i = 0; i", LAW + "in_flight", "a flush that failed covers writes")
row("others", FLUSH, "look_at_others(lane);", "",
    LAW + "acknowledged_between_loss_and_leaving", "queues that have not followed are forgotten")
row("between", FOLLOW, "storage_flush_lost(lane, device->number);", "",
    LAW + "acknowledged_between_loss_and_leaving",
    "what was acknowledged between the loss and the owner's look counts as kept")
row("window", FLUSH, "mark[i] = writes_on(instance->lanes[i], lane->connection);",
    "mark[i] = instance->lanes[i]->writes;", LAW + "covers_its_own_connection",
    "a flush covers what another connection acknowledged")
row("seen", FLUSH, "lane->stale_seen = stale;", "", LAW + "told_once_a_queue",
    "a loss is told for ever")
row("counted", FLUSH, "storage_count(&lane->counters.stale_flushes, 1);", "",
    LAW + "told_once_a_queue", "flushes that told of a loss are not counted")
row("mark", FLUSH, "for (unsigned i = 0; i < instance->lane_count; i++) mark[i]",
    "for (unsigned i = 0; i < 1; i++) mark[i]", LAW + "marks",
    "a flush covers its own queue alone")

# ---- replay ---------------------------------------------------------------------------------

row("unsorted", FOLLOW, "sort_held(lane); return writes;", "return writes;",
    FOLLOWS + "replays_in_order", "requests are replayed as they lay in the ring")
row("sequence-anew", FOLLOW, "orion_status status = storage_prepare(lane, io, &request);",
    "orion_status status = storage_prepare(lane, io, &request); "
    "storage_private(io)->sequence = lane->sequence++;",
    FOLLOWS + "replays_in_order", "what was replayed once comes last when it is replayed again")
row("depth", IO,
    "if (!storage_has_room(lane)) { storage_refuse(lane, ORION_NO_ROOM, NULL); return 0; }", "",
    FOLLOWS + "never_more_than_the_depth", "one request more is taken than there is room for")
row("unproven", FOLLOW, "if (end == STORAGE_MAY_RUN) return false;", "",
    FOLLOWS + "waits_for_the_old_device", "replayed while the old device may still be at it")
row("closed-is-stopped", FOLLOW, "lane->doubt = device; lane->doubted = taken;",
    "storage_device_leave(device);", FOLLOWS + "waits_for_the_old_device",
    "the end of a connection is taken for the end of its device")
row("doubted", FOLLOW, "fail_held(lane, false, lane->doubted);", "",
    FOLLOWS + "fails_what_is_doubted", "what nobody knows of is replayed when the time is over")
row("doubted-all", FOLLOW, "fail_held(lane, false, lane->doubted);",
    "fail_held(lane, true, 0);", FOLLOWS + "fails_what_is_doubted",
    "requests fail that could be done again")
row("reads-wait", FOLLOW, "if (!writes) {", "if (taken == 0) {", FOLLOWS + "reads_need_no_proof",
    "reads wait for a proof that nobody needs")
row("wrote", FOLLOW, "if (lane->last.writes != 0)", "if (false)",
    FOLLOWS + "counts_the_program_s_requests", "what was written is forgotten with a connection")
row("asking", FOLLOW, "if (lane->index == 0 && device->asking != NULL)", "if (false)",
    FOLLOWS + "counts_the_program_s_requests", "the library's own question counts as a request")
row("asking-each", FOLLOW, "if (lane->index == 0 && device->asking != NULL)",
    "if (device->asking != NULL)",
    FOLLOWS + "counts_the_program_s_requests", "it is taken off once for each queue")
row("away", FOLLOW, "if (storage_state(instance) == STORAGE_FAILED) {", "if (false) {",
    FOLLOWS + "fails_while_away", "requests wait on when they are to fail")

# ---- the end of a device --------------------------------------------------------------------

row("end-open", VHOST, "happened(device->channel.fd, POLLHUP) &&", "", LAST + "evidence",
    "a back end that never closed its end counts as stopped")
row("end-other", VHOST, "device->pid == next->pid", "true", LAST + "evidence",
    "another back end that serves proves that the first has stopped")
row("end-drained", VHOST, "(device->drained ||", "(false ||", LAST + "evidence",
    "what a back end says of its rings is for nothing")
row("end-memory", VHOST, "if (lets_go > 0 ||", "if (false ||", LAST + "evidence",
    "a device that can't tell of its end any more is waited for")
row("end-process", VHOST, "(lets_go < 0 && happened(device->pid_fd, POLLIN))", "false",
    LAST + "evidence", "a process that ended proves nothing where nothing better can be had")
row("end-at-once", VHOST, "return (lets_go < 0 || patient) &&", "return", LAST + "evidence",
    "a back end that holds the memory is believed at once")
row("end-talks", VHOST,
    'channel_fail(&device->channel, -ENOTCONN, "the connection is lost");', "",
    LAST + "evidence", "a connection that is lost is talked to")
row("end-unasked", LOST, "link->ops->give_up(link->context, ask);",
    "link->ops->give_up(link->context, false);", LAST + "policy",
    "a device that still listens is not asked to stop")
row("end-impatient", LOST, "link->ops->stopped(link->context, patient, next)",
    "link->ops->stopped(link->context, true, next)", LAST + "policy",
    "weak evidence is taken at once")
row("end-never", LOST, "loss_ns != 0 && gone_ns >= loss_ns ? STORAGE_DOUBTED : STORAGE_MAY_RUN",
    "STORAGE_MAY_RUN", LAST + "policy", "requests wait for ever for a proof")
row("lease", VHOST, "return errno == EAGAIN ? 0 : -errno;", "return 1;",
    LAST + "memory_is_let_go", "memory that others hold counts as let go")
row("lease-same", VHOST, "if (device->lent_the_same) return -ENOTSUP;", "",
    LAST + "memory_is_let_go", "a proof is claimed that cannot be had")
row("doorbell", VHOST, "empty(one.fd);", "", LAST + "full_doorbells",
    "a full doorbell holds up its owner for ever")
row("doorbell-sound", VHOST, "|| fcntl(one.fd, F_GETFL) & O_NONBLOCK", "",
    LAST + "full_doorbells", "a back end is left that did no harm")

# ---- the link ---------------------------------------------------------------------------------

row("link-accepted", SESSION, "&& link->ops->live(link->context, wish) != 0)", "&& false)",
    LINK + "asks_for_less", "what was asked for counts as accepted")
row("link-lasting", SESSION, "&terms->wish, &disk->wish);", "&terms->wish, &terms->wish);",
    LINK + "asks_for_less", "what a failure has taught is forgotten")
row("link-again", SESSION, "if (!terms.again || terms.patience_ms == 0)", "if (true)",
    LINK + "asks_for_less", "no other size is tried")
row("link-down", MONITOR, "if (news == LINK_DOWN)", "if (false)",
    LINK + "neither_socket_nor_descriptor", "the end of a link goes unnoticed")
row("link-broken", MONITOR, "else if (news == LINK_BROKEN)", "else if (false)",
    LINK + "neither_socket_nor_descriptor", "a breach of a link's rules goes unnoticed")
row("link-asked", IDENTITY, "if (link->ops->look(link->context, fds, &why) != LINK_UP) "
    "return -ECONNRESET;", "(void)why;", LINK + "ends_while_asked",
    "a device whose link has ended is waited for")
row("link-scheme", LINKS, "&& url[length] == ':'", "", LINK + "by_scheme",
    "any word that begins like a scheme names its link")

# ---- the same disk --------------------------------------------------------------------------

row("serial", IDENTITY, "was->serial[0] != '\\0' && strcmp(is->serial, was->serial) != 0", "false",
    "unit/linux_identity__same", "another disk gets the requests")
row("shrunk", IDENTITY, "is->sectors < was->sectors", "false", "unit/linux_identity__same",
    "a disk that shrank gets the requests")
row("blocks", IDENTITY, "is->block_bytes != was->block_bytes",
    "is->block_bytes < was->block_bytes", "unit/linux_identity__same",
    "larger blocks are taken")
row("worse", IDENTITY, "writes && session->base.promise < disk->promise", "false",
    "unit/linux_identity__as_good", "who writes is left without flush")
row("reader", IDENTITY, "writes && session->base.promise < disk->promise",
    "session->base.promise < disk->promise", "unit/linux_identity__as_good",
    "a reader is asked for what only a writer needs")

# ---- the channel and the monitor ------------------------------------------------------------

row("truncated", CHANNEL, "if (message->msg_flags & MSG_CTRUNC)", "if (false)",
    "unit/linux_channel__truncated_descriptors", "descriptors that found no room go unnoticed")
row("patience", CHANNEL, "until = channel->until_ms < end ? channel->until_ms : end;",
    "until = end < channel->until_ms + ms ? end : now_ms() + channel->patience_ms;",
    "unit/linux_channel__patience", "the patience is for each message")
row("cancel", CHANNEL, "return both[1].revents != 0 ? -ECANCELED : 0;", "return 0;",
    "unit/linux_channel__patience", "closing waits for a back end that does not answer")
row("inbox", CHANNEL, "inbox->got = 0;", "", "unit/linux_channel__back_end_speaks_slowly",
    "the first news of a back end is the last")
row("breaches", MONITOR, "oldest != 0 && now - oldest < BREACH_WINDOW_NS", "oldest != 0",
    "unit/linux_monitor__breaches_are_forgiven", "breaches are counted for ever")
row("events", MONITOR, "now = events_left(disk) != 0;", "now = true;",
    "unit/linux_monitor__events_are_rationed", "the device chooses how much is told")
row("adopt", MONITOR, "same = session->memory_version == disk->memory.version;", "same = true;",
    "unit/linux_monitor__adopts_who_knows_all_memory",
    "a back end is taken in use that was not told of all memory")
row("adopt-size", MONITOR, "disk->identity.sectors = session->identity.sectors;", "",
    "unit/linux_monitor__adopts_who_knows_all_memory",
    "the next one may be smaller than the last one was")

# ---- the end of a program's part ------------------------------------------------------------

row("fork", DISK, "disk->link->close(disk_session(disk)->link.context);", "{}",
    "unit/linux_fork__the_child_lets_go", "a fork's child keeps the connection open")
row("fork-lost", DISK, "for (struct session *lost = disk->lost; lost != NULL; lost = lost->next) "
    "disk->link->close(lost->link.context);", "", "unit/linux_fork__the_child_lets_go",
    "a fork's child keeps a connection open that is lost")
row("unstopped", OPERATIONS, "vhost_user_stop(device); if (used", "if (used",
    "unit/linux_messages__reset_stops_the_rings",
    "a connection is closed while its rings may be in use")
row("unstopped-first", VHOST, "state = {i, 0}, answer; if (!device->queues[i].enabled) continue; "
    "device->queues[i].enabled = false;", "state = {i, 0}, answer; "
    "if (!device->queues[i].enabled) continue; device->queues[i].enabled = false; if (i != 0) "
    "continue;", "unit/linux_messages__reset_stops_the_rings", "only the first ring is stopped")
