/* SPDX-License-Identifier: MIT */
/*
 * The vhost-user transport: a virtio block device behind a socket, as the core wants to see it.
 *
 * vhost_user_open() connects and negotiates the protocol; the core then drives the rest through
 * vhost_user_transport().  What virtio keeps in registers and vhost-user has no message for (the
 * status, for back ends without STATUS) is kept here.
 *
 * Nor has it messages for how long a queue may be, or how many bytes of configuration there are:
 * what a back end refuses, or breaks the connection over, is asked for in another size.  So that
 * this need not be learnt twice, it lasts longer than a connection (struct vhost_user_wish).  Back
 * ends are told of what is used and of nothing else: some wait for all that they heard of.
 *
 * Context: setup, under the disk's lock, but for what is marked.
 */
#ifndef ORION_PORTS_LINUX_VHOST_USER_H
#define ORION_PORTS_LINUX_VHOST_USER_H

#include "ports/linux/vhost_user/channel.h"
#include "ports/linux/memory/dma.h"

#include "orion/transport.h"
#include "orion/vblk.h"

#define VHOST_USER_QUEUE_SIZE_MAX 1024u
#define VHOST_USER_QUEUE_SIZE_MIN 4u

/* What to ask a back end for. */
struct vhost_user_wish {
	uint16_t queues;        /* no more than these */
	uint16_t depth;         /* requests in flight on each */
	uint16_t ring;          /* descriptors in each, exactly; 0: as many as the depth needs */
	uint8_t config;         /* of the sizes of a configuration, which to try first */
	uint8_t breaks;         /* connections in a row that broke in a set-up that once worked */
	bool worked;            /* such a set-up once did */
};

/*
 * One connection's own memory: rings and bounce buffers.  The back end is lent another open file
 * than FD: see vhost_user_lets_go().
 */
struct vhost_user_arena {
	unsigned char *base;
	size_t bytes;
	uint64_t device;
	int fd;
};

/*
 * The back end shares these with us, flags and counts: an owner never reads one, and whoever writes
 * one may be held up until vhost_user_free_doorbells().
 */
struct vhost_user_queue {
	int kick, call;         /* eventfds of this connection */
	bool enabled, paused;
	uint16_t vector;
	struct virtio_queue_setup setup;        /* where the ring lies */
	uint32_t base;          /* where it stood when it was paused: the back end's word */
};

struct vhost_user_vector {
	orion_irq_handler *handler;
	void *argument;
};

struct vhost_user {
	struct vu_channel channel;
	uint32_t answer_ms;             /* patience of each call after the opening */
	struct dma *memory;          /* the disk's regions */
	struct vhost_user_arena arena;
	uint64_t offered, features;
	uint64_t slots;                 /* memory regions that the back end takes */
	uint64_t queues_max;            /* of the back end, and of ours */
	struct virtio_transport_ops ops;
	struct vhost_user_wish wish;
	uint16_t ring_asked;            /* the size of a ring that is not confirmed yet, or 0 */
	bool config_asked;              /* a size of the configuration is being tried */
	uint8_t status;
	bool told_memory;
	bool lent_the_same;             /* the arena's own open file: no other was to be had */
	uint8_t config[VU_CONFIG_BYTES_MAX];
	bool config_used[VU_CONFIG_BYTES_MAX]; /* read since the generation was asked for */
	uint32_t config_bytes, config_generation;
	int backend;                    /* our end of the back end's channel, or -1 */
	struct vu_inbox inbox;          /* of that channel */
	int error;                      /* eventfd: the back end says that a ring is broken */
	struct vhost_user_queue queues[VBLK_QUEUES_MAX];
	struct vhost_user_vector vectors[VBLK_QUEUES_MAX + 1];
};

/*
 * Connects to PATH, negotiates protocol features, reads what the device offers: the beginning of a
 * call of PATIENCE_MS, see channel.h.  MEMORY stays the caller's, WISH and ARENA too.  Returns 0 or
 * a negative errno, with device->channel.error.
 */
int vhost_user_open(struct vhost_user *device, const char *path, uint32_t patience_ms, int cancel,
		    const struct vhost_user_wish *wish, struct dma *memory,
		    const struct vhost_user_arena *arena);

/*
 * DEVICE was closed because something went wrong in opening it or bringing it up: whether that was
 * a size which can be asked for differently.  WISH is what to ask for the next time.
 */
bool vhost_user_ask_less(const struct vhost_user *device, struct vhost_user_wish *wish);

/* DEVICE is up: WISH is what worked. */
void vhost_user_learn(const struct vhost_user *device, struct vhost_user_wish *wish);

/*
 * Asks the back end to finish what it has of each ring, and to stop it.  Returns 0 when it said of
 * all that it did, or a negative errno.
 */
int vhost_user_stop(struct vhost_user *device);

/* Closes whatever is open; may be called twice. */
void vhost_user_close(struct vhost_user *device);

/* The transport; its close() calls vhost_user_close(). */
struct virtio_transport vhost_user_transport(struct vhost_user *device);

/* Tells the back end of all memory, once a connection.  Returns 0 or a negative errno. */
int vhost_user_tell_memory(struct vhost_user *device);

/*
 * Tells a live back end of a new region, or that one goes, and waits until it has taken that in.
 * One that knows no single regions gets the whole table anew, with its rings paused, while
 * IDLE(CONTEXT) says that nothing is in flight; -EBUSY otherwise.
 */
int vhost_user_add_region(struct vhost_user *device, const struct dma_region *region,
			  bool (*idle)(const void *context), const void *context);
int vhost_user_remove_region(struct vhost_user *device, const struct dma_region *region,
			     bool (*idle)(const void *context), const void *context);

/*
 * Halts all rings where they stand, once what is in flight there is done; sets them going again
 * from there.  Meanwhile the back end looks at no ring: what owners put there waits.
 */
int vhost_user_pause(struct vhost_user *device);
int vhost_user_resume(struct vhost_user *device);

/* Runs the handler of QUEUE's interrupt.  Context: the queue's owner, in place of an interrupt. */
void vhost_user_interrupt(struct vhost_user *device, unsigned queue);

/*
 * Whether no process but this one holds the connection's memory: 1 or 0, or a negative errno when
 * that cannot be told.  The device is then sure to have ended, since it needs the memory to say so.
 */
int vhost_user_lets_go(const struct vhost_user *device);

/*
 * A back end that fills a doorbell's count, having made it one that blocks, holds up whoever rings
 * it: empties such doorbells.  Returns whether there was one.  Any thread.
 */
bool vhost_user_free_doorbells(const struct vhost_user *device);

/*
 * The back end said something on its channel: the number of messages that were read, or a negative
 * errno when it broke the rules.  Never waits.
 */
int vhost_user_listen(struct vhost_user *device);

#endif
