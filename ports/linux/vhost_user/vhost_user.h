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
 * this need not be learnt twice, it lasts longer than a connection (struct link_wish).  Back ends
 * are told of what is used and of nothing else: some wait for all that they heard of.
 *
 * Context: setup, under the disk's lock, but for what is marked.
 */
#ifndef ORION_PORTS_LINUX_VHOST_USER_H
#define ORION_PORTS_LINUX_VHOST_USER_H

#include "ports/linux/link.h"
#include "ports/linux/vhost_user/channel.h"

#include "orion/vblk.h"

/* What a wish notes of back ends. */
enum vhost_user_note {
	NOTE_CONFIG,            /* of the sizes of a configuration, which to try first */
	NOTE_BREAKS,            /* connections in a row that broke in a set-up that once worked */
	NOTE_WORKED,            /* such a set-up once did */
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
	struct dma *memory;          /* the disk's regions */
	struct dma_arena arena;         /* the back end is lent another open file of it */
	uint64_t offered, features;
	uint64_t slots;                 /* memory regions that the back end takes */
	uint64_t queues_max;            /* of the back end, and of ours */
	struct virtio_transport_ops ops;
	struct link_wish wish;
	uint16_t ring_asked;            /* the size of a ring that is not confirmed yet, or 0 */
	bool config_asked;              /* a size of the configuration is being tried */
	uint8_t status;
	bool told_memory;
	uint8_t config[VU_CONFIG_BYTES_MAX];
	bool config_used[VU_CONFIG_BYTES_MAX]; /* read since the generation was asked for */
	uint32_t config_bytes, config_generation;
	int backend;                    /* our end of the back end's channel, or -1 */
	struct vu_inbox inbox;          /* of that channel */
	int error;                      /* eventfd: the back end says that a ring is broken */

	/* Evidence of its end: see vhost_user_stopped(). */
	int lease;                      /* the arena, opened once more; -1: could not be */
	bool lent_the_same;             /* the arena's own open file: no other was to be had */
	int pid, pid_fd;                /* who listened at the socket; -1: not known */
	bool drained;                   /* the back end said that it had stopped every ring */

	struct vhost_user_queue queues[VBLK_QUEUES_MAX];
	struct vhost_user_vector vectors[VBLK_QUEUES_MAX + 1];
};

/* All that follows, as a link. */
extern const struct link_ops vhost_user_link;

/*
 * Connects, negotiates protocol features, reads what the device offers: the beginning of a call,
 * see channel.h.  Returns 0 or a negative errno, with device->channel.error.
 */
int vhost_user_open(struct vhost_user *device, const struct link_opening *opening);

/*
 * DEVICE was closed because something went wrong in opening it or bringing it up: whether that was
 * a size which can be asked for differently.  WISH is what to ask for the next time.
 */
bool vhost_user_ask_less(const struct vhost_user *device, struct link_wish *wish);

/* DEVICE is up: WISH is what worked. */
void vhost_user_learn(const struct vhost_user *device, struct link_wish *wish);

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
			  link_idle *idle, const void *context);
int vhost_user_remove_region(struct vhost_user *device, const struct dma_region *region,
			     link_idle *idle, const void *context);

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

/* The connection is given up, and the back end asked to stop if ASK; its end is waited for. */
void vhost_user_give_up(struct vhost_user *device, bool ask);

/*
 * Whether the back end of DEVICE, which was given up, has stopped: nobody holds the memory, or its
 * process has ended, or (PATIENT) it closed its end and said so, or serves NEXT, the connection
 * after.  docs/decisions/0014 says what is taken for knowledge.
 */
bool vhost_user_stopped(const struct vhost_user *device, bool patient,
			const struct vhost_user *next);

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
