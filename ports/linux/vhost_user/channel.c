/* SPDX-License-Identifier: MIT */
/* Messages to a vhost-user back end, and its answers.  The manual is channel.h. */
#include "ports/linux/vhost_user/channel.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define FDS_MAX VU_TABLE_REGIONS
#define CONNECT_PAUSE_MS 5
#define FOR_EVER (INT64_C(1) << 40)      /* ms: as long as the call may take */

static const char *
request_name(unsigned request)
{
	static const char *const names[VU_REQUEST_COUNT] = {
		[VU_GET_FEATURES] = "GET_FEATURES",
		[VU_SET_FEATURES] = "SET_FEATURES",
		[VU_SET_OWNER] = "SET_OWNER",
		[VU_SET_MEM_TABLE] = "SET_MEM_TABLE",
		[VU_SET_VRING_NUM] = "SET_VRING_NUM",
		[VU_SET_VRING_ADDR] = "SET_VRING_ADDR",
		[VU_SET_VRING_BASE] = "SET_VRING_BASE",
		[VU_GET_VRING_BASE] = "GET_VRING_BASE",
		[VU_SET_VRING_KICK] = "SET_VRING_KICK",
		[VU_SET_VRING_CALL] = "SET_VRING_CALL",
		[VU_SET_VRING_ERR] = "SET_VRING_ERR",
		[VU_GET_PROTOCOL_FEATURES] = "GET_PROTOCOL_FEATURES",
		[VU_SET_PROTOCOL_FEATURES] = "SET_PROTOCOL_FEATURES",
		[VU_GET_QUEUE_NUM] = "GET_QUEUE_NUM",
		[VU_SET_VRING_ENABLE] = "SET_VRING_ENABLE",
		[VU_SET_BACKEND_REQ_FD] = "SET_BACKEND_REQ_FD",
		[VU_GET_CONFIG] = "GET_CONFIG",
		[VU_SET_CONFIG] = "SET_CONFIG",
		[VU_RESET_DEVICE] = "RESET_DEVICE",
		[VU_GET_MAX_MEM_SLOTS] = "GET_MAX_MEM_SLOTS",
		[VU_ADD_MEM_REG] = "ADD_MEM_REG",
		[VU_REM_MEM_REG] = "REM_MEM_REG",
		[VU_SET_STATUS] = "SET_STATUS",
		[VU_GET_STATUS] = "GET_STATUS",
	};

	return request < VU_REQUEST_COUNT && names[request] != NULL ? names[request] : "a message";
}

int
channel_fail(struct vu_channel *channel, int result, const char *format, ...)
{
	va_list arguments;

	if (channel->result != 0)
		return channel->result;
	va_start(arguments, format);
	vsnprintf(channel->error.text, sizeof(channel->error.text), format, arguments);
	va_end(arguments);
	__atomic_store_n(&channel->result, result, __ATOMIC_RELEASE);
	return result;
}

int
channel_result(const struct vu_channel *channel)
{
	return __atomic_load_n(&channel->result, __ATOMIC_ACQUIRE);
}

bool
channel_has(const struct vu_channel *channel, unsigned bit)
{
	return (channel->protocol >> bit & 1) != 0;
}

/* ---- waiting, up to a moment ---- */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
channel_begin(struct vu_channel *channel, uint32_t patience_ms)
{
	channel->patience_ms = patience_ms;
	channel->until_ms = now_ms() + patience_ms;
}

/*
 * Waits until FD (-1: nothing) is ready for EVENTS, for MS at most, and no longer than the call may
 * take: 0, -ETIMEDOUT, -ECANCELED, or what poll() says.
 */
static int
wait_for(const struct vu_channel *channel, int fd, short events, int64_t ms)
{
	int64_t end = now_ms() + ms, until = channel->until_ms < end ? channel->until_ms : end;

	for (;;) {
		struct pollfd both[2] = {{fd, events, 0}, {channel->cancel, POLLIN, 0}};
		int64_t left = until - now_ms();
		int ready;

		if (left <= 0)
			return -ETIMEDOUT;
		ready = poll(both, 2, (int)(left < 60000 ? left : 60000));
		if (ready > 0)
			return both[1].revents != 0 ? -ECANCELED : 0;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
}

/* ---- connecting ---- */

static int
explain_connect(struct vu_channel *channel, int result, const char *path)
{
	struct stat status;

	/* What is no socket at all "refuses", too. */
	if (result == -ECONNREFUSED && stat(path, &status) == 0 && !S_ISSOCK(status.st_mode))
		result = -ENOTSOCK;
	switch (result) {
	case -ENOENT:
		return channel_fail(channel, result,
				    "%s: there is no such socket; is the back end running?", path);
	case -ECONNREFUSED:
		return channel_fail(channel, result,
				    "%s: nobody listens; a back end that died may have left the "
				    "socket file behind",
				    path);
	case -EACCES:
		return channel_fail(channel, result,
				    "%s: permission denied; the socket needs write permission for "
				    "this user",
				    path);
	case -ENOTSOCK:
	case -EPROTOTYPE:
		return channel_fail(channel, result, "%s: not a stream socket", path);
	case -ETIMEDOUT:
	case -EAGAIN:
		return channel_fail(channel, -ETIMEDOUT,
				    "%s: the back end does not take connections; is another "
				    "program connected to it?",
				    path);
	default:
		return channel_fail(channel, result, "%s: %s", path, strerror(-result));
	}
}

/* A socket whose queue of connections is full says EAGAIN and can't be waited for: try again. */
static int
connect_until(struct vu_channel *channel, const struct sockaddr_un *address)
{
	while (connect(channel->fd, (const struct sockaddr *)(const void *)address,
		       sizeof(*address)) != 0) {
		int result;

		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		result = wait_for(channel, -1, 0, CONNECT_PAUSE_MS);
		if (result == -ECANCELED || now_ms() >= channel->until_ms)
			return result;
	}
	return 0;
}

int
channel_open(struct vu_channel *channel, const char *path, uint32_t patience_ms, int cancel)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int result;

	*channel = (struct vu_channel){.fd = -1, .cancel = cancel};
	channel_begin(channel, patience_ms);
	if (strlen(path) >= sizeof(address.sun_path))
		return channel_fail(channel, -ENAMETOOLONG,
				    "%s: longer than the %zu bytes that a socket's path may have",
				    path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	channel->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (channel->fd < 0)
		return channel_fail(channel, -errno, "socket: %s", strerror(errno));
	result = connect_until(channel, &address);
	return result == 0 ? 0 : explain_connect(channel, result, path);
}

void
channel_close(struct vu_channel *channel)
{
	if (channel->fd >= 0)
		close(channel->fd);
	channel->fd = -1;
	channel_fail(channel, -ENOTCONN, "the connection is closed");
}

/* ---- sending ---- */

static void
pack_fds(struct msghdr *message, void *control, const int *fds, unsigned count)
{
	struct cmsghdr *head;

	if (count == 0)
		return;
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(count * sizeof(int));
	head = CMSG_FIRSTHDR(message);
	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(head), fds, count * sizeof(int));
}

static int
lost(struct vu_channel *channel, unsigned request, int result)
{
	if (result == -ETIMEDOUT)
		return channel_fail(channel, result, "no answer to %s in %u ms; the back end %s",
				    request_name(request), channel->patience_ms,
				    channel->answered ? "hangs"
						      : "hangs, or serves another program (most "
							"serve one at a time)");
	return channel_fail(channel, result, "the connection broke at %s: %s",
			    request_name(request), strerror(-result));
}

static int
send_message(struct vu_channel *channel, const struct vu_header *header, const void *payload,
	     const int *fds, unsigned count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))] = {0};
	size_t total = sizeof(*header) + header->size, sent = 0;
	char bytes[sizeof(*header) + sizeof(struct vu_table) + sizeof(struct vu_config)];

	memcpy(bytes, header, sizeof(*header));
	if (header->size != 0)
		memcpy(bytes + sizeof(*header), payload, header->size);
	while (sent < total) {
		struct iovec part = {bytes + sent, total - sent};
		struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
		ssize_t done;
		int result;

		/* Descriptors travel with the first byte. */
		if (sent == 0)
			pack_fds(&message, control, fds, count);
		done = sendmsg(channel->fd, &message, MSG_NOSIGNAL);
		if (done >= 0) {
			sent += (size_t)done;
			continue;
		}
		if (errno == EINTR)
			continue;
		result = errno == EAGAIN ? wait_for(channel, channel->fd, POLLOUT, FOR_EVER)
					 : -errno;
		if (result != 0)
			return lost(channel, header->request, result);
	}
	return 0;
}

/* ---- receiving ---- */

struct catch
{
	int fds[FDS_MAX];
	unsigned count;
	bool too_many;
};

static void
take_fds(struct msghdr *message, struct catch *catch)
{
	struct cmsghdr *head;

	for (head = CMSG_FIRSTHDR(message); head != NULL; head = CMSG_NXTHDR(message, head)) {
		size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fds[FDS_MAX];

		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(head), count * sizeof(int));
		for (size_t i = 0; i < count; i++) {
			if (catch->count < FDS_MAX) {
				catch->fds[catch->count++] = fds[i];
				continue;
			}
			close(fds[i]);
			catch->too_many = true;
		}
	}
	if (message->msg_flags & MSG_CTRUNC)
		catch->too_many = true;
}

static void
drop_fds(struct catch *catch)
{
	while (catch->count > 0)
		close(catch->fds[--catch->count]);
}

/* Reads exactly BYTES; 0 or a negative errno. */
static int
receive(const struct vu_channel *channel, void *buffer, size_t bytes, struct catch *catch)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];
	size_t got = 0;

	while (got < bytes) {
		struct iovec part = {(char *)buffer + got, bytes - got};
		struct msghdr message = {.msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control)};
		ssize_t done = recvmsg(channel->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
		int result;

		if (done == 0)
			return -ECONNRESET;
		if (done > 0) {
			take_fds(&message, catch);
			got += (size_t)done;
			continue;
		}
		if (errno == EINTR)
			continue;
		result =
			errno == EAGAIN ? wait_for(channel, channel->fd, POLLIN, FOR_EVER) : -errno;
		if (result != 0)
			return result;
	}
	return 0;
}

static int
check_header(struct vu_channel *channel, const struct vu_header *header, unsigned request,
	     uint32_t bytes, bool may_refuse)
{
	const char *name = request_name(request);

	if (header->request != request)
		return channel_fail(channel, -EPROTO, "%s was answered with message %u", name,
				    header->request);
	if ((header->flags & VU_VERSION_MASK) != VU_VERSION || !(header->flags & VU_REPLY))
		return channel_fail(channel, -EPROTO,
				    "the answer to %s has flags 0x%x: not an answer of version 1",
				    name, header->flags);
	if (header->size != bytes && !(may_refuse && header->size <= VU_CONFIG_HEADER_BYTES))
		return channel_fail(channel, -EPROTO, "the answer to %s has %u bytes, not %u", name,
				    header->size, bytes);
	return 0;
}

static int
receive_answer(struct vu_channel *channel, unsigned request, void *answer, uint32_t bytes,
	       bool *refused, int *fd)
{
	struct catch catch = {{0}, 0, false};
	struct vu_header header;
	int result = receive(channel, &header, sizeof(header), &catch);

	if (result != 0) {
		drop_fds(&catch);
		return lost(channel, request, result);
	}
	channel->answered = true;
	result = check_header(channel, &header, request, bytes, refused != NULL);
	if (result == 0 && header.size != 0) {
		result = receive(channel, answer, header.size, &catch);
		if (result != 0)
			result = lost(channel, request, result);
	}
	if (result == 0 && (catch.too_many || catch.count > (fd != NULL)))
		result = channel_fail(channel, -EPROTO,
				      "descriptors came with the answer to %s that belong to "
				      "nothing",
				      request_name(request));
	if (result == 0 && refused != NULL)
		*refused = header.size != bytes;
	if (result == 0 && fd != NULL)
		*fd = catch.count == 1 ? catch.fds[--catch.count] : -1;
	drop_fds(&catch);
	return result;
}

/* ---- exchanges ---- */

int
channel_set(struct vu_channel *channel, unsigned request, const void *payload, uint32_t bytes,
	    const int *fds, unsigned count)
{
	bool acknowledged = channel->acknowledges;
	struct vu_header header = {request, VU_VERSION | (acknowledged ? VU_NEED_REPLY : 0), bytes};
	uint64_t refusal = 0;
	int result;

	if (channel->result != 0)
		return channel->result;
	result = send_message(channel, &header, payload, fds, count);
	if (result != 0 || !acknowledged)
		return result;
	result = receive_answer(channel, request, &refusal, sizeof(refusal), NULL, NULL);
	if (result == 0 && refusal != 0) {
		channel->refused = channel->result == 0;
		return channel_fail(channel, -EPROTO, "the back end refused %s (%llu)",
				    request_name(request), (unsigned long long)refusal);
	}
	return result;
}

int
channel_set_number(struct vu_channel *channel, unsigned request, uint64_t number)
{
	return channel_set(channel, request, &number, sizeof(number), NULL, 0);
}

int
channel_get(struct vu_channel *channel, unsigned request, const void *payload, uint32_t bytes,
	    void *answer, uint32_t answer_bytes, bool *refused, int *fd)
{
	struct vu_header header = {request, VU_VERSION, bytes};
	int result;

	if (channel->result != 0)
		return channel->result;
	result = send_message(channel, &header, payload, NULL, 0);
	if (result != 0)
		return result;
	return receive_answer(channel, request, answer, answer_bytes, refused, fd);
}

int
channel_get_number(struct vu_channel *channel, unsigned request, uint64_t *number)
{
	return channel_get(channel, request, NULL, 0, number, sizeof(*number), NULL, NULL);
}

int
channel_confirm(struct vu_channel *channel)
{
	uint64_t features;

	/* GET_FEATURES is the one question that every back end answers at any time. */
	return channel->acknowledges ? channel->result
				     : channel_get_number(channel, VU_GET_FEATURES, &features);
}

/* ---- the channel in the other direction ---- */

/* Reads without waiting until INBOX has BYTES: 1, 0 when they have not come yet, or an errno. */
static int
gather(int fd, struct vu_inbox *inbox, uint32_t bytes)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))];

	while (inbox->got < bytes) {
		struct iovec part = {inbox->bytes + inbox->got, bytes - inbox->got};
		struct msghdr message = {.msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control)};
		struct catch catch = {{0}, 0, false};
		ssize_t done = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

		if (done == 0)
			return -ECONNRESET;
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno == EAGAIN ? 0 : -errno;
		take_fds(&message, &catch);
		drop_fds(&catch);
		inbox->got += (uint32_t)done;
	}
	return 1;
}

static int
answer_backend(int fd, const struct vu_header *request)
{
	/* Only one request is known; any other is refused. */
	uint64_t refused = request->request != VU_BACKEND_CONFIG_CHANGE_MSG;
	struct vu_header header = {request->request, VU_VERSION | VU_REPLY, sizeof(refused)};
	char bytes[sizeof(header) + sizeof(refused)];

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), &refused, sizeof(refused));
	return send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(bytes)
		       ? 0
		       : -EPROTO;
}

int
channel_backend_request(int fd, struct vu_inbox *inbox)
{
	struct vu_header header;
	int result = gather(fd, inbox, sizeof(header));

	if (result <= 0)
		return result;
	memcpy(&header, inbox->bytes, sizeof(header));
	if (header.size > sizeof(inbox->bytes) - sizeof(header))
		return -EPROTO;
	result = gather(fd, inbox, (uint32_t)sizeof(header) + header.size);
	if (result <= 0)
		return result;
	inbox->got = 0;
	if ((header.flags & VU_VERSION_MASK) != VU_VERSION || header.flags & VU_REPLY ||
	    header.request == 0 || header.request > INT16_MAX)
		return -EPROTO;
	if (header.flags & VU_NEED_REPLY && answer_backend(fd, &header) != 0)
		return -EPROTO;
	return (int)header.request;
}
