/* SPDX-License-Identifier: MIT */
/* Messages on the socket, in either direction, with the descriptors that ride on them. */
#include "model/server/server.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAYLOAD_MAX (sizeof(struct vu_config))

union control {
	char bytes[CMSG_SPACE(MESSAGE_FDS * sizeof(int))];
	struct cmsghdr align;
};

void
wire_close_fds(struct message *message)
{
	for (unsigned i = 0; i < message->fd_count; i++)
		if (message->fds[i] >= 0)
			close(message->fds[i]);
	message->fd_count = 0;
}

static void
take_fds(struct message *message, struct msghdr *header)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
		size_t bytes = c->cmsg_len - CMSG_LEN(0);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(message->fds, CMSG_DATA(c), bytes);
		message->fd_count = (unsigned)(bytes / sizeof(int));
	}
}

/* Reads exactly BYTES; descriptors come with the first of a message.  0: the other side left. */
static ssize_t
receive(struct session *session, struct message *message, void *data, size_t bytes)
{
	union control control;
	size_t done = 0;

	while (done < bytes) {
		struct iovec vector = {(char *)data + done, bytes - done};
		struct msghdr header = {.msg_iov = &vector,
					.msg_iovlen = 1,
					.msg_control = control.bytes,
					.msg_controllen = sizeof(control.bytes)};
		ssize_t n = recvmsg(session->socket, &header, MSG_CMSG_CLOEXEC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n;
		if (message->fd_count == 0)
			take_fds(message, &header);
		done += (size_t)n;
	}
	return (ssize_t)done;
}

bool
wire_receive(struct session *session, struct message *message)
{
	ssize_t n;

	message->fd_count = 0;
	n = receive(session, message, &message->header, sizeof(message->header));
	if (n == 0)
		return false;
	if (n < 0)
		return session_fail(session, "reading from the socket: %s", strerror(errno));
	if ((message->header.flags & VU_VERSION_MASK) != VU_VERSION)
		return session_fail(session, "a message of another version: flags 0x%x",
				    message->header.flags);
	if (message->header.size > PAYLOAD_MAX)
		return session_fail(session, "message %u with %u bytes of payload",
				    message->header.request, message->header.size);
	memset(&message->number, 0, PAYLOAD_MAX);
	if (message->header.size != 0 &&
	    receive(session, message, &message->number, message->header.size) <= 0)
		return session_fail(session, "the front end left in the middle of message %u",
				    message->header.request);
	return true;
}

static bool
send_all(int fd, const struct message *message, int passed)
{
	union control control = {.bytes = {0}};
	struct iovec vectors[] = {
		{(void *)(uintptr_t)&message->header, sizeof(message->header)},
		{(void *)(uintptr_t)&message->number, message->header.size},
	};
	struct msghdr header = {.msg_iov = vectors, .msg_iovlen = 2};

	if (passed >= 0) {
		struct cmsghdr *c;

		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(sizeof(int));
		c = CMSG_FIRSTHDR(&header);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &passed, sizeof(int));
	}
	return sendmsg(fd, &header, MSG_NOSIGNAL) ==
	       (ssize_t)(vectors[0].iov_len + vectors[1].iov_len);
}

bool
wire_answer(struct session *session, struct message *message, uint32_t bytes, int fd)
{
	message->header.flags = VU_VERSION | VU_REPLY;
	message->header.size = bytes;
	return send_all(session->socket, message, fd) ||
	       session_fail(session, "answering message %u: %s", message->header.request,
			    strerror(errno));
}

void
wire_config_changed(struct session *session)
{
	struct message message = {
		.header = {.request = VU_BACKEND_CONFIG_CHANGE_MSG, .flags = VU_VERSION}};

	if (session->backend >= 0 && !send_all(session->backend, &message, -1))
		say("the front end does not take the news of a new configuration");
}
