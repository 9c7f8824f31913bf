/* SPDX-License-Identifier: MIT */
/*
 * One connection to a vhost-user back end: exchanges of messages, each answer checked to the byte
 * before it is used.  The patience is for a whole call of the library, however many exchanges that
 * takes: answers that come just in time do not add up.
 *
 * The back end is not trusted.  Whatever it sends that was not asked for ends the connection: a
 * wrong number, size or version, descriptors nobody wanted.  The first error sticks; every later
 * exchange fails with it at once.
 *
 * Context: setup, one caller at a time.
 */
#ifndef ORION_PORTS_LINUX_CHANNEL_H
#define ORION_PORTS_LINUX_CHANNEL_H

#include "ports/linux/vhost_user/vhost_user_protocol.h"

#include "orion/disk.h"

struct vu_channel {
	int fd;                 /* -1: closed */
	int result;             /* 0, or the first error, a negative errno; atomic */
	int cancel;             /* when this can be read, waits end with -ECANCELED; -1: none */
	uint32_t patience_ms;   /* of the call that is being made */
	int64_t until_ms;       /* when it is over */
	uint64_t protocol;      /* protocol features negotiated */
	bool acknowledges;      /* messages are acknowledged from now on */
	bool answered;          /* something was, so it is us whom the back end serves */
	bool refused;           /* the first error is a refusal in so many words */
	struct orion_error error;       /* of the first error */
};

/*
 * Connects to the socket at PATH and begins a call of PATIENCE_MS; CANCEL as above.  Returns 0 or a
 * negative errno, and channel->error.
 */
int channel_open(struct vu_channel *channel, const char *path, uint32_t patience_ms, int cancel);

/* From now on another call is made: all its exchanges together have PATIENCE_MS. */
void channel_begin(struct vu_channel *channel, uint32_t patience_ms);

/* channel->result, for any thread. */
int channel_result(const struct vu_channel *channel);

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

/* A request of the back end, as far as it has come. */
struct vu_inbox {
	unsigned char bytes[sizeof(struct vu_header) + 64];
	uint32_t got;
};

/*
 * Reads what has come of a request of the back end from FD into INBOX, without waiting, and answers
 * it when it is whole and wants an answer.  Returns its number, 0 when it is not whole yet, or a
 * negative errno when FD is of no more use.
 */
int channel_backend_request(int fd, struct vu_inbox *inbox);

#endif
