/* SPDX-License-Identifier: MIT */
/* One front end, from its first message to its last. */
#include "model/server/server.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* How often the file's size is looked at, and a SIGHUP that came between two looks. */
#define LOOK_MS 200

bool
session_fail(struct session *session, const char *format, ...)
{
	va_list arguments;

	pthread_mutex_lock(&session->lock);
	if (!session->failed) {
		va_start(arguments, format);
		vsnprintf(session->reason, sizeof(session->reason), format, arguments);
		va_end(arguments);
		__atomic_store_n(&session->failed, true, __ATOMIC_RELAXED);
		shutdown(session->socket, SHUT_RDWR);
	}
	pthread_mutex_unlock(&session->lock);
	return false;
}

void
session_reset(struct session *session)
{
	for (unsigned i = 0; i < session->options->queues; i++) {
		session->queues[i].runs = session->queues[i].started = false;
		session->queues[i].enabled = false;
		session->queues[i].base = -1;
	}
	session->features = 0;
	session->status = 0;
	session->writeback = (session->options->features & VIRTIO_BIT(VIRTIO_BLK_F_FLUSH)) != 0;
}

void
session_config(const struct session *session, struct virtio_blk_config *config)
{
	const struct options *options = session->options;
	uint8_t exponent = 0;

	while (options->block << exponent < 4096)
		exponent++;
	*config = (struct virtio_blk_config){
		.capacity = cpu_to_le64(session->disk->bytes / VIRTIO_BLK_SECTOR_BYTES),
		.size_max = cpu_to_le32(options->size_max),
		.seg_max = cpu_to_le32(options->seg_max),
		.blk_size = cpu_to_le32(options->block),
		.physical_block_exp = exponent,
		.min_io_size = cpu_to_le16(1),
		.writeback = session->writeback,
		.num_queues = cpu_to_le16((uint16_t)options->queues),
	};
}

void
session_drop_record(struct session *session)
{
	if (session->inflight != NULL)
		munmap(session->inflight, session->inflight_bytes);
	session->inflight = NULL;
}

/* ---- messages and changes, with the workers held ---- */

struct step {
	struct session *session;
	struct message *message;        /* NULL: see whether the disk changed */
	bool told;                      /* to tell the front end in any case */
	bool good;
};

static void
act(void *argument)
{
	struct step *step = argument;
	struct session *session = step->session;

	if (step->message != NULL)
		step->good = message_run(session, step->message);
	else if (disk_adopt_size(session->disk) || step->told)
		wire_config_changed(session);
	for (unsigned i = 0; step->good && i < session->options->queues; i++)
		step->good = queue_refresh(&session->queues[i]);
}

/* Returns false when the connection has come to its end. */
static bool
take_step(struct step *step)
{
	step->good = true;
	workers_hold();
	if (!trap_run(act, step))
		step->good = session_fail(step->session, "shared memory became shorter in use");
	workers_go();
	return step->good;
}

/* Waits for a message, and tells news of the disk meanwhile.  False: the connection has ended. */
static bool
await(struct session *session)
{
	struct pollfd socket = {session->socket, POLLIN, 0};
	int ready;

	while ((ready = poll(&socket, 1, LOOK_MS)) <= 0) {
		struct step step = {.session = session, .told = main_take_hangup()};

		if (ready < 0 && errno != EINTR)
			return session_fail(session, "waiting for a message: %s", strerror(errno));
		if ((step.told || disk_size_changed(session->disk)) && !take_step(&step))
			return false;
	}
	return true;
}

static void
converse(struct session *session)
{
	struct message message;
	bool good = true;

	while (good && await(session) && wire_receive(session, &message)) {
		struct step step = {.session = session, .message = &message};

		good = take_step(&step);
		wire_close_fds(&message);
	}
}

static void
begin(struct session *session, int socket)
{
	session->socket = socket;
	session->backend = -1;
	session->protocol = 0;
	session->has_protocol = false;
	session->failed = false;
	session_reset(session);
}

static void
end(struct session *session)
{
	uint64_t requests = 0;

	workers_hold();
	for (unsigned i = 0; i < session->options->queues; i++) {
		queue_reset(&session->queues[i]);
		requests += session->queues[i].requests;
		session->queues[i].requests = 0;
	}
	memory_clear(&session->memory);
	session_drop_record(session);
	if (session->backend >= 0)
		close(session->backend);
	close(session->socket);
	say("%s%s after %llu requests", session->failed ? "connection ended: " : "front end left",
	    session->failed ? session->reason : "", (unsigned long long)requests);
}

void
session_serve(struct session *session, int socket)
{
	begin(session, socket);
	workers_go();
	converse(session);
	end(session);
}
