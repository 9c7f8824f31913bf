/* SPDX-License-Identifier: MIT */
/*
 * What the core asks of Linux: memory out of a connection's arena, time, reports.
 *
 * Interrupts are the transport's: an owner that was woken by its eventfd calls the handler itself,
 * so there is nobody to wake.
 */
#include "ports/linux/disk.h"

#include "orion/texts.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "arch/arch.h"
#include "words/events.h"

#define CALIBRATE_NS 2000000u

uint64_t
port_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t
now_ns(void *context)
{
	(void)context;
	return port_now_ns();
}

static void
pause_ns(void *context, uint64_t ns)
{
	struct timespec pause = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};

	(void)context;
	nanosleep(&pause, NULL);
}

/* Zeroed, since the arena is fresh and nothing in it is given out twice. */
static orion_status
dma_alloc(void *context, size_t bytes, size_t align, struct orion_region *out)
{
	struct session *session = context;
	size_t at = (session->arena_used + align - 1) / align * align;

	if (at > session->arena.bytes || bytes > session->arena.bytes - at)
		return ORION_NO_MEMORY;
	session->arena_used = at + bytes;
	*out = (struct orion_region){session->arena.base + at, session->arena.device + at, bytes,
				     0};
	return ORION_OK;
}

/* The arena goes as a whole. */
static void
dma_free(void *context, const struct orion_region *region)
{
	(void)context;
	(void)region;
}

static orion_status
share_buffer(void *context, void *cpu, size_t bytes, orion_direction direction, uint64_t *device,
	     size_t *contiguous, uint64_t *cookie)
{
	struct session *session = context;
	struct storage_place place;

	(void)direction;
	if (!dma_find(&session->disk->memory, cpu, bytes, &place))
		return ORION_NO_MAPPING;
	*device = storage_address(&place, cpu);
	*contiguous = bytes;
	*cookie = 0;
	return ORION_OK;
}

static void
unshare_buffer(void *context, uint64_t cookie, orion_direction direction)
{
	(void)context;
	(void)cookie;
	(void)direction;
}

static orion_status
irq_attach(void *context, const struct orion_irq_source *source, orion_irq_handler *handler,
	   void *argument, struct orion_irq_message *out)
{
	(void)context;
	(void)source;
	(void)handler;
	(void)argument;
	(void)out;
	return ORION_NO_INTERRUPT;
}

static void
irq_detach(void *context, uint64_t cookie)
{
	(void)context;
	(void)cookie;
}

static void
wake(void *context, void *event)
{
	(void)context;
	(void)event;
}

/* Called by the monitor or by an owner; what matters is that the monitor learns of it. */
static void
report(void *context, orion_level level, orion_event event, uint64_t a, uint64_t b, uint64_t c)
{
	struct session *session = context;
	char values[EVENT_TEXT_BYTES];

	if (event == ORION_EVENT_DEVICE_BROKEN) {
		uint64_t one = 1;

		__atomic_store_n(&session->event_a, a, __ATOMIC_RELAXED);
		__atomic_store_n(&session->broken, true, __ATOMIC_RELEASE);
		if (write(session->disk->wake, &one, sizeof(one)) < 0)
			return;
		return;
	}
	if (level == ORION_LEVEL_INFO ||
	    __atomic_load_n(&session->base.users, __ATOMIC_ACQUIRE) != 0)
		return;
	session->event = event;
	session->event_a = a;
	session->event_b = b;
	session->event_c = c;
	event_values(values, event, (const uint64_t[3]){a, b, c});
	snprintf(session->error.text, sizeof(session->error.text), "%s (%s)",
		 orion_event_text(event), values);
}

/* Ticks against the clock, for two milliseconds. */
static uint64_t
calibrate(void)
{
	uint64_t begin_ns = port_now_ns(), begin = arch_ticks(), end_ns, end;

	do {
		end_ns = port_now_ns();
		end = arch_ticks();
	} while (end_ns - begin_ns < CALIBRATE_NS);
	return (uint64_t)((double)(end - begin) * 1e9 / (double)(end_ns - begin_ns));
}

static struct orion_port the_port = {
	.dma_alloc = dma_alloc,
	.dma_free = dma_free,
	.share = share_buffer,
	.unshare = unshare_buffer,
	.irq_attach = irq_attach,
	.irq_detach = irq_detach,
	.now_ns = now_ns,
	.pause_ns = pause_ns,
	.wake = wake,
	.report = report,
};

static void
set_ticks(void)
{
	the_port.ticks_per_second = calibrate();
}

const struct orion_port *
port_linux(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_ticks);
	return &the_port;
}

uint64_t
orion_ticks_per_second(void)
{
	return port_linux()->ticks_per_second;
}
