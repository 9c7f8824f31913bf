/* SPDX-License-Identifier: MIT */
/*
 * Why a request was not taken, in words.  When it happens only the request's numbers are kept
 * (storage_refuse()); the words are made when somebody asks.
 */
#include "ports/linux/disk.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *
say(struct orion_error *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text->text, sizeof(text->text), format, arguments);
	va_end(arguments);
	return text->text;
}

static const char *
operation_name(const struct storage_refused *refused)
{
	return refused->operation == ORION_WRITE ? "write" : "read";
}

/* A field breaks a rule: which. */
static const char *
say_invalid(const struct storage_refused *refused, uint32_t block, struct orion_error *text)
{
	if (refused->no_request)
		return "the array of requests is NULL";
	if (refused->flags != 0 &&
	    (refused->flags != ORION_FUA || refused->operation != ORION_WRITE))
		return say(text, "flags 0x%x: there is ORION_FUA (0x%x), of a write",
			   refused->flags, ORION_FUA);
	if (refused->operation > ORION_FLUSH)
		return say(text,
			   "operation %u: there are ORION_READ (0), ORION_WRITE (1) and "
			   "ORION_FLUSH (2)",
			   refused->operation);
	if (refused->no_buffer)
		return say(text, "a %s whose buffer is NULL", operation_name(refused));
	if (refused->vectors > ORION_VECTORS_MAX)
		return say(text, "%u vectors: there may be up to %u", refused->vectors,
			   ORION_VECTORS_MAX);
	if (refused->bad_vector < refused->vectors)
		return say(text,
			   "vector %u of %u is NULL, empty or above 1 GiB: each must point to 1 "
			   "byte or more",
			   refused->bad_vector, refused->vectors);
	if (refused->offset % block != 0)
		return say(text, "offset %llu is no multiple of the disk's block of %u bytes",
			   (unsigned long long)refused->offset, block);
	if (refused->bytes == 0 || refused->bytes % block != 0)
		return say(text,
			   "a %s of %llu bytes: it must be a multiple of the disk's block of %u "
			   "bytes, and not nothing",
			   operation_name(refused), (unsigned long long)refused->bytes, block);
	return say(text,
		   "a %s of %llu bytes in %u vectors that cannot be cut at blocks of %u bytes",
		   operation_name(refused), (unsigned long long)refused->bytes, refused->vectors,
		   block);
}

static const char *
say_full(const struct orion_queue *queue, struct orion_error *text)
{
	unsigned flying = orion_queue_in_flight(queue);

	if (flying >= queue->lane.depth)
		return say(text,
			   "the queue is full: %u requests are in flight; reap, then try again",
			   flying);
	return say(text, "no room at this moment, with %u requests in flight: reap, then try again",
		   flying);
}

static const char *
say_too_big(const struct orion_queue *queue, const struct storage_refused *refused,
	    struct orion_error *text)
{
	uint64_t room = (uint64_t)queue->lane.bounce.count * STORAGE_PAGE;

	return say(
		text,
		"a %s of %llu bytes needs a copy, and there are %llu bytes of bounce memory: use "
		"memory of orion_disk_alloc() or orion_disk_register(), smaller requests, or a "
		"larger bounce=",
		operation_name(refused), (unsigned long long)refused->bytes,
		(unsigned long long)room);
}

static const char *
say_refusal(const struct orion_queue *queue, struct orion_error *text)
{
	const struct storage_refused *refused = &queue->lane.refused;
	struct orion_disk_info info;

	orion_disk_info(queue->disk, &info);
	switch (queue->lane.refusal) {
	case 0:
		return "";
	case -EAGAIN:
		return say_full(queue, text);
	case -EINVAL:
		return say_invalid(refused, info.block_bytes, text);
	case -ERANGE:
		return say(text,
			   "a %s of %llu bytes at offset %llu ends beyond the disk's %llu bytes",
			   operation_name(refused), (unsigned long long)refused->bytes,
			   (unsigned long long)refused->offset, (unsigned long long)info.bytes);
	case -EROFS:
		return say(text, "a write, and the disk is read-only: %s",
			   queue->disk->options.read_only ? "the option read-only is on"
							  : "the device says so");
	case -E2BIG:
		return say_too_big(queue, refused, text);
	case -EBUSY:
		return say(
			text,
			"%u requests are in flight on this queue: a synchronous call needs it idle",
			orion_queue_in_flight(queue));
	case -ECHILD:
		return "this process is a fork of the one that opened the disk: it may only close "
		       "it";
	case -ENODEV:
		return "the back end is gone and did not come back in time";
	case -EOPNOTSUPP:
		return refused->operation == ORION_FLUSH || refused->flags != 0
			       ? "the device offers no flush: it promises nothing; durable=on is a "
				 "promise of yours"
			       : "the device does not know this request";
	default:
		return say(text, "%s", strerror(-queue->lane.refusal));
	}
}

const char *
orion_queue_refusal_text(const struct orion_queue *queue)
{
	static _Thread_local struct orion_error text;

	if (queue == NULL)
		return "the queue is NULL: orion_disk_queue() gives none at or above "
		       "orion_disk_info.queues";
	return say_refusal(queue, &text);
}
