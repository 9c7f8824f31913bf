/* SPDX-License-Identifier: MIT */
/*
 * One connection to a vhost-user back end: exchanges of messages, each with a deadline, each answer
 * checked to the byte before it is used.
 *
 * The back end is not trusted.  Whatever it sends that was not asked for ends the connection: a
 * wrong number, size or version, descriptors nobody wanted.  The first error sticks; every later
 * exchange fails with it at once.
 *
 * Context: setup, one caller at a time.
 */
#ifndef ORION_PORTS_LINUX_CHANNEL_H
#define ORION_PORTS_LINUX_CHANNEL_H

#include "ports/linux/vhost_user_protocol.h"

#include "orion/disk.h"

struct vu_channel {
	int fd;                 /* -1: closed */
	int result;             /* 0, or the first error, a negative errno */
	uint32_t answer_ms;
	uint64_t protocol;      /* protocol features negotiated */
	bool acknowledges;      /* messages are acknowledged from now on */
	bool answered;          /* something was, so it is us whom the back end serves */
	bool refused;           /* the first error is a refusal in so many words */
	struct orion_error error;       /* of the first error */
};

/* Connects to the socket at PATH.  Returns 0 or a negative errno, and channel->error. */
int channel_open(struct vu_channel *channel, const char *path, uint32_t answer_ms);

/* Closes the socket.  Cannot fail; may be called twice. */
void channel_close(struct vu_channel *channel);

/* Records RESULT, a negative errno, with its text, if it is the first; returns channel->result. */
int channel_fail(struct vu_channel *channel, int result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether protocol feature BIT was negotiated. */
bool channel_has(const struct vu_channel *channel, unsigned bit);

/*
 * Sends REQUEST with BYTES of PAYLOAD and COUNT descriptors, which stay the caller's.  When the
 * back end acknowledges (channel->acknowledges), waits for that.
 */
int channel_set(struct vu_channel *channel, unsigned request, const void *payload, uint32_t bytes,
		const int *fds, unsigned count);

/* The same with one number and no descriptor. */
int channel_set_number(struct vu_channel *channel, unsigned request, uint64_t number);

/*
 * Sends REQUEST with BYTES of PAYLOAD and reads an answer of exactly ANSWER_BYTES.  When REFUSED is
 * not NULL, it tells whether the answer was a refusal instead: empty, an error's number, or a
 * configuration's head without data.  FD, if not NULL, takes the one descriptor that comes with it,
 * -1 if none did.
 */
int channel_get(struct vu_channel *channel, unsigned request, const void *payload, uint32_t bytes,
		void *answer, uint32_t answer_bytes, bool *refused, int *fd);

/* The same for one number. */
int channel_get_number(struct vu_channel *channel, unsigned request, uint64_t *number);

/*
 * Waits until the back end has taken all that was sent: what is not acknowledged is confirmed by
 * the answer to a question behind it.
 */
int channel_confirm(struct vu_channel *channel);

/* ---- the channel in the other direction ---- */

/*
 * Reads one request of the back end from FD, and answers it when it wants an answer.  Returns its
 * number, 0 when there is nothing, or a negative errno when FD is of no more use.
 */
int channel_backend_request(int fd, uint32_t answer_ms);

#endif
