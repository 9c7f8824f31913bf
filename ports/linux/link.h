/* SPDX-License-Identifier: MIT */
/*
 * A link: what connects a disk to the device's side.  A vhost-user socket is one; a PCI device by
 * way of VFIO, or the descriptor of a vhost-vdpa device, would be others.
 *
 * A link is a table of functions and a context of its own, one for each connection.  It moves what
 * it is given and tells what it learns; how long to try, what is the same disk and what is replayed
 * is decided by its users.  They know nothing of what is behind the table, and a link nothing of
 * them: not the disk, nor its queues.  links.c alone names the links that there are.
 *
 * How the two others would fill it:
 *
 *   open        vfio: group, container and device; orion_virtio_pci_open() on a port whose
 *               pci_read() is pread() of the configuration region, map_registers() mmap() of a BAR
 *               and irq_attach() an eventfd in DEVICE_SET_IRQS; nothing to wait for but a reset
 *               vdpa: SET_OWNER, backend features, IOVA range, eventfds
 *   transport   vfio: the core's PCI transport; with the first queue that is enabled, the arena and
 *               all regions are mapped at their device addresses (IOMMU_MAP_DMA), and each one's
 *               vector is noted; doorbells are mapped, so that a kick is a store and no call
 *               vdpa: ioctls: status, features, configuration, VRING_NUM, _BASE, _ADDR, _ENABLE;
 *               memory by IOTLB_UPDATE
 *   begin       both: nothing is sent that could stay unanswered
 *   live        both: 0; registers and ioctls are taken in when they return
 *   ask_less    both: false; the device says which sizes it takes
 *   result      both: the first ioctl that failed, or what look() found
 *   protocol    vfio: 0.  vdpa: GET_BACKEND_FEATURES
 *   add_region, remove_region
 *               vfio: IOMMU_MAP_DMA, IOMMU_UNMAP_DMA, at any time; -ENOSPC by the limit of entries
 *               vdpa: IOTLB_UPDATE, IOTLB_INVALIDATE, at any time, or suspended where that is
 *               needed: then IDLE is asked, and -EBUSY said
 *   call        vfio: the eventfd of the queue's vector.  vdpa: the one of SET_VRING_CALL
 *   interrupt   vfio: the vector's handler; a line is unmasked after it.  vdpa: the handler
 *   watched     vfio: the eventfds of vector 0, of the error and of the request interrupt
 *               vdpa: those of SET_CONFIG_CALL and SET_VRING_ERR
 *   look        vfio: vector 0 runs its handler; an error, or that the host wants the device back,
 *               is LINK_DOWN.  vdpa: configuration likewise; an error of a ring is LINK_BROKEN
 *   give_up     vfio: DEVICE_RESET, or else UNMAP_DMA of everything; plain memory takes the place
 *               of the registers (MAP_FIXED), which owners may still ring; then the device is
 *               closed, since it opens only once
 *               vdpa: if asked, SUSPEND; then status 0, and closed
 *   stopped     both: whether the reset was seen to end, or (vfio) nothing is mapped any more
 *   close       both: as give_up, but that nothing is said: what the kernel holds for the device
 *               goes with its last descriptor, so a fork's child resets nothing
 */
#ifndef ORION_PORTS_LINUX_LINK_H
#define ORION_PORTS_LINUX_LINK_H

#include <poll.h>

#include "ports/linux/memory/dma.h"

#include "orion/disk.h"
#include "orion/transport.h"

#define LINK_RING_MIN 4u        /* descriptors in a ring: what can be asked for */
#define LINK_RING_MAX 1024u
#define LINK_FDS 3u             /* that are watched */

/* What to ask a device for.  It lasts longer than a connection, with what those before taught. */
struct link_wish {
	uint16_t queues;        /* no more than these */
	uint16_t depth;         /* requests in flight on each */
	uint16_t ring;          /* descriptors in each, exactly; 0: as many as the depth needs */
	uint8_t notes[4];       /* the link's own; 0 at first */
};

/* How a connection is to be made.  What is pointed to stays the caller's. */
struct link_opening {
	const char *path;               /* of the URL */
	uint32_t patience_ms;           /* as of begin() */
	int cancel;
	const struct link_wish *wish;
	struct dma *memory;             /* the disk's regions */
	const struct dma_arena *arena;  /* the connection's own; outlives the link */
};

/* How a connection is. */
enum link_news {
	LINK_UP,
	LINK_DOWN,              /* it has ended */
	LINK_BROKEN,            /* the device's side broke a rule; it can be asked to stop */
};

/* Whether nothing is in flight, as far as can be seen. */
typedef bool link_idle(const void *context);

/*
 * Context: setup, one caller at a time, where nothing else is said.  While the core brings the
 * device up, and once it is in use, under the disk's lock for exchanges: regions do not come or go
 * meanwhile.  No function is on a queue's way to submit or to reap.
 */
struct link_ops {
	const char *scheme;     /* of its URLs: "vhost-user" */
	const char *target;     /* what their path names: "socket" */
	size_t context_bytes;   /* of a context, which the caller gives, zeroed */

	/*
	 * Connects, and learns what the device offers: the beginning of a call, see begin().
	 * Returns 0 or a negative errno, which result() then says, too; nothing is open then.
	 */
	int (*open)(void *context, const struct link_opening *opening);

	/*
	 * By which the core drives the device; its close() is the link's.  Before the device is
	 * given its first ring it is told of the arena and of all regions that there are.
	 */
	struct virtio_transport (*transport)(void *context);

	/*
	 * The core has brought the device up: waits until all that it was told is accepted, and
	 * notes in WISH what was.  Returns 0 or a negative errno.
	 */
	int (*live)(void *context, struct link_wish *wish);

	/*
	 * The device was opened, but could not be brought up: whether it may be when it is asked
	 * for what NEXT, which was its wish, says now.  LASTING: what later tries begin with.
	 */
	bool (*ask_less)(const void *context, struct link_wish *next, struct link_wish *lasting);

	/*
	 * A new call of the library: all that is asked of the device's side in it may take
	 * PATIENCE_MS together, and ends with -ECANCELED when CANCEL (-1: none) can be read.
	 */
	void (*begin)(void *context, uint32_t patience_ms, int cancel);

	/*
	 * 0, or the first error, a negative errno: the connection is of no more use.  -ENOTCONN: it
	 * was only closed.  WORDS, if not NULL, says why; it lasts as long as the context.  Any
	 * thread.
	 */
	int (*result)(const void *context, const char **words);

	/* What the two sides agreed on beside virtio's features: bits, for people.  Any thread. */
	uint64_t (*protocol)(const void *context);

	/*
	 * REGION is lent to the device, or taken back: 0 when that was accepted.  -EBUSY: possible
	 * only while IDLE(IDLE_CONTEXT), which is looked at again once the device holds still.
	 * Other errors are in words in WHY.  Nothing to do before the device has been told of
	 * memory at all.
	 */
	int (*add_region)(void *context, const struct dma_region *region, link_idle *idle,
			  const void *idle_context, struct orion_error *why);
	int (*remove_region)(void *context, const struct dma_region *region, link_idle *idle,
			     const void *idle_context, struct orion_error *why);

	/*
	 * The descriptor by which the device calls QUEUE's owner, -1: none, who then has to look by
	 * itself.  It is told of by its edges, and need not be read.  Context: owner.
	 */
	int (*call)(const void *context, unsigned queue);

	/* Runs the handler of QUEUE's interrupt.  Context: owner, in place of an interrupt. */
	void (*interrupt)(void *context, unsigned queue);

	/*
	 * What to poll for (fd -1: nothing); and what has become of the connection, by what poll()
	 * found there, or, a second later at most, by what no descriptor tells.  News of the device
	 * are passed on to its handlers.  WORDS, of what is not LINK_UP, as of result().  Neither
	 * waits.  Context: the monitor, or who opens the connection, without any lock.
	 */
	void (*watched)(const void *context, struct pollfd fds[LINK_FDS]);
	enum link_news (*look)(void *context, const struct pollfd fds[LINK_FDS],
			       const char **words);

	/*
	 * The connection is lost.  ASK: the device's side can still be talked to, and is asked to
	 * stop, which is a part of a call.  Nothing is said to it after that; owners may still kick
	 * it until they leave, without effect.
	 */
	void (*give_up)(void *context, bool ask);

	/*
	 * Whether the device of a connection that was given up is known to have stopped: it will
	 * not carry out what it still has.  PATIENT: so much time has passed that its own word will
	 * do.  NEXT: the context of the connection that is in use now, or NULL.  Context: monitor.
	 */
	bool (*stopped)(const void *context, bool patient, const void *next);

	/*
	 * Closes whatever is open, without a word to the device: that was the core's, before.  In a
	 * fork's child it takes nothing from the parent, and what the core asks afterwards does not
	 * reach the device.  Cannot fail; may be called twice.
	 */
	void (*close)(void *context);
};

/* A connection's link. */
struct link {
	const struct link_ops *ops;
	void *context;
};

/* The link that URL's scheme names, *PATH being what comes after the colon; NULL: none. */
const struct link_ops *link_find(const char *url, const char **path);

/* What a URL looks like, for words. */
extern const char link_example[];

#endif
