/* SPDX-License-Identifier: MIT */
/*
 * What each message of the front end does.  A function returns NULL, or what is wrong with the
 * message.
 */
#include "model/server/server.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- features, status, reset ---- */

static const char *
get_features(struct session *session, struct message *message)
{
	message->number = session->options->features;
	return NULL;
}

static const char *
set_features(struct session *session, struct message *message)
{
	if (message->number & ~session->options->features)
		return "features that were not offered";
	session->features = message->number;
	session->has_protocol = session_has(session, VU_F_PROTOCOL_FEATURES);
	return NULL;
}

static const char *
get_protocol_features(struct session *session, struct message *message)
{
	message->number = session->options->protocol;
	return NULL;
}

static const char *
set_protocol_features(struct session *session, struct message *message)
{
	if (message->number & ~session->options->protocol)
		return "protocol features that were not offered";
	session->protocol = message->number;
	return NULL;
}

static const char *
set_owner(struct session *session, struct message *message)
{
	(void)session;
	(void)message;
	return NULL;
}

static const char *
reset_device(struct session *session, struct message *message)
{
	(void)message;
	session_reset(session);
	return NULL;
}

static const char *
set_status(struct session *session, struct message *message)
{
	if (message->number > UINT8_MAX)
		return "a status of more than 8 bits";
	session->status = (uint8_t)message->number;
	if (session->status == 0)
		session_reset(session);
	if (!session_has(session, VIRTIO_F_VERSION_1))
		session->status &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
	return NULL;
}

static const char *
get_status(struct session *session, struct message *message)
{
	message->number = session->status;
	return NULL;
}

/* ---- configuration ---- */

/* A request that can't be met is answered with no payload, as the specification has it. */
static const char *
get_config(struct session *session, struct message *message)
{
	struct vu_config *asked = &message->config;
	struct virtio_blk_config config;

	if (message->header.size < VU_CONFIG_HEADER_BYTES || asked->offset > sizeof(config) ||
	    asked->size > sizeof(config) - asked->offset) {
		message->header.size = 0;
		return NULL;
	}
	session_config(session, &config);
	memcpy(asked->data, (const unsigned char *)&config + asked->offset, asked->size);
	message->header.size = VU_CONFIG_HEADER_BYTES + asked->size;
	return NULL;
}

static const char *
set_config(struct session *session, struct message *message)
{
	const struct vu_config *given = &message->config;

	if (given->offset != offsetof(struct virtio_blk_config, writeback) || given->size != 1 ||
	    !session_has(session, VIRTIO_BLK_F_CONFIG_WCE))
		return "a change of something else than writeback";
	if (given->data[0] > 1)
		return "a writeback that is neither 0 nor 1";
	session->writeback = given->data[0];
	return NULL;
}

/* ---- memory ---- */

/* Rings and buffers are looked up anew. */
static void
stop_queues(struct session *session)
{
	for (unsigned i = 0; i < session->options->queues; i++)
		queue_stop(&session->queues[i]);
}

static const char *
set_mem_table(struct session *session, struct message *message)
{
	const struct vu_table *table = &message->table;
	const char *reason;

	if (table->count > VU_TABLE_REGIONS || message->fd_count != table->count ||
	    message->header.size < 8 + table->count * sizeof(table->regions[0]))
		return "a memory table without a descriptor for each region";
	stop_queues(session);
	memory_clear(&session->memory);
	for (unsigned i = 0; i < table->count; i++)
		if (!memory_add(&session->memory, &table->regions[i], message->fds[i], &reason))
			return reason;
	return NULL;
}

static const char *
get_max_mem_slots(struct session *session, struct message *message)
{
	(void)session;
	message->number = REGIONS_MAX;
	return NULL;
}

static const char *
add_mem_reg(struct session *session, struct message *message)
{
	const char *reason;

	if (message->fd_count != 1)
		return "a region without its descriptor";
	if (!memory_add(&session->memory, &message->region.region, message->fds[0], &reason))
		return reason;
	return NULL;
}

static const char *
rem_mem_reg(struct session *session, struct message *message)
{
	stop_queues(session);
	if (!memory_remove(&session->memory, &message->region.region))
		return "a region that is not there";
	return NULL;
}

/* ---- queues ---- */

static struct queue *
queue_of(struct session *session, uint64_t index)
{
	return index < session->options->queues ? &session->queues[index] : NULL;
}

static const char no_queue[] = "a queue that does not exist";

static const char *
get_queue_num(struct session *session, struct message *message)
{
	message->number = session->options->queues;
	return NULL;
}

static const char *
set_vring_num(struct session *session, struct message *message)
{
	struct queue *queue = queue_of(session, message->state.index);

	if (queue == NULL)
		return no_queue;
	if (message->state.number == 0 || message->state.number > session->options->queue_size)
		return "a queue size of 0, or beyond --queue-size";
	if (queue->runs)
		return "a new size for a queue that runs";
	queue->size = (uint16_t)message->state.number;
	return NULL;
}

static const char *
set_vring_addr(struct session *session, struct message *message)
{
	struct queue *queue = queue_of(session, message->address.index);

	if (queue == NULL)
		return no_queue;
	queue_stop(queue);
	queue->address = message->address;
	queue->addressed = true;
	return NULL;
}

static const char *
set_vring_base(struct session *session, struct message *message)
{
	struct queue *queue = queue_of(session, message->state.index);

	if (queue == NULL)
		return no_queue;
	if (queue->runs)
		return "a new position for a queue that runs";
	queue->base = (int32_t)(message->state.number & 0xffff);
	return NULL;
}

static const char *
get_vring_base(struct session *session, struct message *message)
{
	struct queue *queue = queue_of(session, message->state.index);

	if (queue == NULL)
		return no_queue;
	queue_stop(queue);
	queue->started = false;
	message->state.number = queue_position(queue);
	return NULL;
}

static const char *
set_vring_enable(struct session *session, struct message *message)
{
	struct queue *queue = queue_of(session, message->state.index);

	if (queue == NULL)
		return no_queue;
	queue->enabled = message->state.number != 0;
	return NULL;
}

/* The queue that a message with one descriptor, or bit 8 for none, is about; *FD takes that. */
static const char *
take_fd(struct session *session, struct message *message, struct queue **queue, int *fd)
{
	*queue = queue_of(session, message->number & 0xff);
	if (*queue == NULL)
		return no_queue;
	if (message->fd_count != ((message->number & 0x100) != 0 ? 0 : 1))
		return "a number of descriptors that bit 8 contradicts";
	*fd = -1;
	if (message->fd_count == 1) {
		*fd = message->fds[0];
		message->fd_count = 0;
	}
	return NULL;
}

static void
replace(int *old, int fd)
{
	if (*old >= 0)
		close(*old);
	*old = fd;
}

static const char *
set_vring_kick(struct session *session, struct message *message)
{
	struct queue *queue;
	int fd;
	const char *wrong = take_fd(session, message, &queue, &fd);

	if (wrong != NULL)
		return wrong;
	if (fd < 0 && !session->options->poll)
		return "a queue without kicks, which only --poll serves";
	replace(&queue->kick, fd);
	queue->started = true;
	if (!session->has_protocol)
		queue->enabled = true;
	return NULL;
}

static const char *
set_vring_call(struct session *session, struct message *message)
{
	struct queue *queue;
	int fd;
	const char *wrong = take_fd(session, message, &queue, &fd);

	if (wrong == NULL)
		replace(&queue->call, fd);
	return wrong;
}

static const char *
set_vring_err(struct session *session, struct message *message)
{
	struct queue *queue;
	int fd;
	const char *wrong = take_fd(session, message, &queue, &fd);

	if (wrong == NULL)
		replace(&queue->error, fd);
	return wrong;
}

static const char *
set_backend_req_fd(struct session *session, struct message *message)
{
	if (message->fd_count != 1)
		return "no descriptor to send requests to";
	replace(&session->backend, message->fds[0]);
	message->fd_count = 0;
	return NULL;
}

/* ---- the record of what was begun ---- */

static const char *
map_record(struct session *session, const struct vu_inflight *record, int fd)
{
	bool packed = session_has(session, VIRTIO_F_RING_PACKED);
	size_t bytes = record->queues * inflight_bytes(packed, record->queue_size);
	struct stat stat;
	void *map;

	if (record->queues > session->options->queues || record->queue_size > QUEUE_SIZE_MAX ||
	    bytes == 0 || record->bytes < bytes || record->offset % 4096 != 0)
		return "a record for other queues";
	if (fstat(fd, &stat) != 0 || (uint64_t)stat.st_size < record->offset ||
	    (uint64_t)stat.st_size - record->offset < bytes)
		return "a record that is longer than its file";
	map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)record->offset);
	if (map == MAP_FAILED)
		return "a record that can't be mapped";
	session_drop_record(session);
	session->inflight = map;
	session->inflight_bytes = bytes;
	session->inflight_queues = record->queues;
	session->inflight_size = record->queue_size;
	return NULL;
}

/* The descriptor that goes out is left as the message's own. */
static const char *
get_inflight_fd(struct session *session, struct message *message)
{
	struct vu_inflight *record = &message->inflight;
	bool packed = session_has(session, VIRTIO_F_RING_PACKED);
	int fd = memfd_create("inflight", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return "a record that there is no memory for";
	wire_close_fds(message);
	message->fds[0] = fd;
	message->fd_count = 1;
	record->bytes = record->queues * inflight_bytes(packed, record->queue_size);
	record->offset = 0;
	if (ftruncate(fd, (off_t)record->bytes) != 0)
		return "a record that there is no memory for";
	return map_record(session, record, fd);
}

static const char *
set_inflight_fd(struct session *session, struct message *message)
{
	if (message->fd_count != 1)
		return "a record without its descriptor";
	stop_queues(session);
	return map_record(session, &message->inflight, message->fds[0]);
}

/* ---- all of them ---- */

struct kind {
	const char *name;
	const char *(*run)(struct session *session, struct message *message);
	uint32_t bytes;         /* the least payload */
	uint32_t answer;        /* bytes; 0: none, but for an acknowledgement */
	uint32_t needs;         /* protocol features, one of which must have been negotiated */
};

#define NUMBER sizeof(uint64_t)
#define STATE sizeof(struct vu_vring_state)
#define NEEDS(feature) (1u << VU_PROTOCOL_##feature)

static const struct kind kinds[VU_REQUEST_COUNT] = {
	[VU_GET_FEATURES] = {"GET_FEATURES", get_features, 0, NUMBER, 0},
	[VU_SET_FEATURES] = {"SET_FEATURES", set_features, NUMBER, 0, 0},
	[VU_SET_OWNER] = {"SET_OWNER", set_owner, 0, 0, 0},
	[VU_SET_MEM_TABLE] = {"SET_MEM_TABLE", set_mem_table, 8, 0, 0},
	[VU_SET_VRING_NUM] = {"SET_VRING_NUM", set_vring_num, STATE, 0, 0},
	[VU_SET_VRING_ADDR] = {"SET_VRING_ADDR", set_vring_addr, sizeof(struct vu_vring_address), 0,
			       0},
	[VU_SET_VRING_BASE] = {"SET_VRING_BASE", set_vring_base, STATE, 0, 0},
	[VU_GET_VRING_BASE] = {"GET_VRING_BASE", get_vring_base, STATE, STATE, 0},
	[VU_SET_VRING_KICK] = {"SET_VRING_KICK", set_vring_kick, NUMBER, 0, 0},
	[VU_SET_VRING_CALL] = {"SET_VRING_CALL", set_vring_call, NUMBER, 0, 0},
	[VU_SET_VRING_ERR] = {"SET_VRING_ERR", set_vring_err, NUMBER, 0, 0},
	[VU_GET_PROTOCOL_FEATURES] = {"GET_PROTOCOL_FEATURES", get_protocol_features, 0, NUMBER, 0},
	[VU_SET_PROTOCOL_FEATURES] = {"SET_PROTOCOL_FEATURES", set_protocol_features, NUMBER, 0, 0},
	[VU_GET_QUEUE_NUM] = {"GET_QUEUE_NUM", get_queue_num, 0, NUMBER, NEEDS(MQ)},
	[VU_SET_VRING_ENABLE] = {"SET_VRING_ENABLE", set_vring_enable, STATE, 0, 0},
	[VU_SET_BACKEND_REQ_FD] = {"SET_BACKEND_REQ_FD", set_backend_req_fd, 0, 0,
				   NEEDS(BACKEND_REQ)},
	[VU_GET_CONFIG] = {"GET_CONFIG", get_config, VU_CONFIG_HEADER_BYTES, VU_CONFIG_HEADER_BYTES,
			   NEEDS(CONFIG)},
	[VU_SET_CONFIG] = {"SET_CONFIG", set_config, VU_CONFIG_HEADER_BYTES + 1, 0, NEEDS(CONFIG)},
	[VU_GET_INFLIGHT_FD] = {"GET_INFLIGHT_FD", get_inflight_fd, sizeof(struct vu_inflight) - 4,
				sizeof(struct vu_inflight), NEEDS(INFLIGHT_SHMFD)},
	[VU_SET_INFLIGHT_FD] = {"SET_INFLIGHT_FD", set_inflight_fd, sizeof(struct vu_inflight) - 4,
				0, NEEDS(INFLIGHT_SHMFD)},
	[VU_RESET_DEVICE] = {"RESET_DEVICE", reset_device, 0, 0, NEEDS(RESET_DEVICE)},
	[VU_GET_MAX_MEM_SLOTS] = {"GET_MAX_MEM_SLOTS", get_max_mem_slots, 0, NUMBER,
				  NEEDS(CONFIGURE_MEM_SLOTS)},
	[VU_ADD_MEM_REG] = {"ADD_MEM_REG", add_mem_reg, sizeof(struct vu_one_region), 0,
			    NEEDS(CONFIGURE_MEM_SLOTS)},
	[VU_REM_MEM_REG] = {"REM_MEM_REG", rem_mem_reg, sizeof(struct vu_one_region), 0,
			    NEEDS(CONFIGURE_MEM_SLOTS)},
	[VU_SET_STATUS] = {"SET_STATUS", set_status, NUMBER, 0, NEEDS(STATUS)},
	[VU_GET_STATUS] = {"GET_STATUS", get_status, 0, NUMBER, NEEDS(STATUS)},
};

static const char *
run(struct session *session, const struct kind *kind, struct message *message)
{
	if (kind == NULL || kind->run == NULL)
		return "a message that this program does not know";
	if (kind->needs != 0 && !(session->protocol & kind->needs))
		return "a message whose protocol feature was not negotiated";
	if (message->header.size < kind->bytes)
		return "a message that is too short";
	return kind->run(session, message);
}

/* The answer's length: of what the message asks for; a configuration says its own. */
static uint32_t
answer_bytes(const struct kind *kind, const struct message *message)
{
	if (message->header.request == VU_GET_CONFIG)
		return message->header.size;
	return kind->answer;
}

bool
message_run(struct session *session, struct message *message)
{
	unsigned request = message->header.request;
	const struct kind *kind = request < VU_REQUEST_COUNT ? &kinds[request] : NULL;
	bool reports = (session->protocol & VIRTIO_BIT(VU_PROTOCOL_REPLY_ACK)) != 0 &&
		       (message->header.flags & VU_NEED_REPLY) != 0;
	const char *wrong = run(session, kind, message);
	const char *name = kind != NULL && kind->name != NULL ? kind->name : "message";

	if (wrong != NULL && (!reports || kind == NULL || kind->answer != 0))
		return session_fail(session, "%s %u: %s", name, request, wrong);
	if (kind->answer != 0)
		return wire_answer(session, message, answer_bytes(kind, message),
				   message->fd_count != 0 && request == VU_GET_INFLIGHT_FD
					   ? message->fds[0]
					   : -1);
	if (!reports)
		return true;
	if (wrong != NULL)
		say("%s: %s", name, wrong);
	message->number = wrong != NULL;
	return wire_answer(session, message, sizeof(message->number), -1);
}
