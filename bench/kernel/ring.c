/* SPDX-License-Identifier: MIT */
/*
 * The request of bench/ring.c through Linux's virtqueue interface: three pieces, 16 bytes out,
 * 4,096 and 1 in, against the same device.  Compiled by bench/kernel.sh with a kernel's own
 * tools/virtio headers, never by the Makefile.
 *
 *     ring [WORDS]      the words are those of options.h
 *
 * "armed" is the use that Linux's block driver makes of it: virtblk_add_req() and virtblk_done().
 * Without it the pieces are described once, and no interrupt is asked for.
 */
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "bench/device.h"
#include "bench/options.h"

#define PIECES 3

static unsigned char header[16], status[1];
static unsigned char data[4096] __attribute__((aligned(4096)));

/* Exported by virtio_ring.c, but not declared by the headers of tools/virtio. */
struct virtqueue *vring_create_virtqueue(unsigned int index, unsigned int num, unsigned int align,
					 struct virtio_device *device, bool weak, bool may_reduce,
					 bool context, bool (*notify)(struct virtqueue *),
					 void (*callback)(struct virtqueue *), const char *name);
bool virtqueue_kick_prepare(struct virtqueue *queue);
dma_addr_t virtqueue_get_desc_addr(struct virtqueue *queue);
dma_addr_t virtqueue_get_avail_addr(struct virtqueue *queue);
dma_addr_t virtqueue_get_used_addr(struct virtqueue *queue);

/* What the headers' kmalloc() asks for: no faked allocations. */
void *__kmalloc_fake, *__kfree_ignore_start, *__kfree_ignore_end;

static bool
notify(struct virtqueue *queue)
{
	(void)queue;
	return true;
}

static void
callback(struct virtqueue *queue)
{
	(void)queue;
}

static unsigned char *
cpu_address(dma_addr_t address)
{
	return (unsigned char *)(uintptr_t)address;
}

static struct virtqueue *
set_up(const struct bench_options *options, struct ring_device *ring)
{
	static struct virtio_device device;
	struct virtqueue *queue;

	INIT_LIST_HEAD(&device.vqs);
	spin_lock_init(&device.vqs_list_lock);
	device.features = 1ull << VIRTIO_F_VERSION_1;
	if (options->packed)
		device.features |= 1ull << VIRTIO_F_RING_PACKED;
	if (!options->direct)
		device.features |= 1ull << VIRTIO_RING_F_INDIRECT_DESC;
	if (options->event_index)
		device.features |= 1ull << VIRTIO_RING_F_EVENT_IDX;
	queue = vring_create_virtqueue(0, options->size, 4096, &device, true, false, false, notify,
				       callback, "bench");
	if (queue == NULL)
		bench_fail("no virtqueue");
	if (!options->armed)
		virtqueue_disable_cb(queue);
	*ring = (struct ring_device){.ring.packed = options->packed,
				     .ring.event_index = options->event_index,
				     .ring.size = (uint16_t)options->size,
				     .ring.descriptors =
					     cpu_address(virtqueue_get_desc_addr(queue)),
				     .ring.driver = cpu_address(virtqueue_get_avail_addr(queue)),
				     .ring.device = cpu_address(virtqueue_get_used_addr(queue))};
	ring_device_start(ring);
	ring_device_arm(ring);
	return queue;
}

static void
get_batch(struct virtqueue *queue, const unsigned *cookies, unsigned batch)
{
	unsigned length;

	for (unsigned i = 0; i < batch; i++)
		if (virtqueue_get_buf(queue, &length) != &cookies[i] || length != 4097)
			bench_fail("a completion is not the one that was due");
}

/* As virtblk_done() does: no interrupts, everything that is there, interrupts. */
static void
get_armed(struct virtqueue *queue, const unsigned *cookies, unsigned batch)
{
	unsigned length;

	virtqueue_disable_cb(queue);
	get_batch(queue, cookies, batch);
	if (virtqueue_get_buf(queue, &length) != NULL || !virtqueue_enable_cb(queue))
		bench_fail("a completion too many");
}

/* What virtblk_add_req() does for each request before it adds it. */
__attribute__((noinline)) static void
counted_build(struct scatterlist **lists)
{
	sg_init_one(lists[0], header, sizeof(header));
	sg_init_one(lists[2], status, sizeof(status));
}

static void
add_batch(struct virtqueue *queue, struct scatterlist **lists, unsigned *cookies,
	  const struct bench_options *options)
{
	for (unsigned i = 0; i < options->batch; i++) {
		if (options->armed)
			counted_build(lists);
		if (virtqueue_add_sgs(queue, lists, 1, 2, &cookies[i], 0) != 0)
			bench_fail("the ring is full");
	}
}

static void
run(struct virtqueue *queue, struct ring_device *ring, struct scatterlist **lists,
    const struct bench_options *options)
{
	static unsigned cookies[256];

	for (unsigned long done = 0; done < options->count; done += options->batch) {
		add_batch(queue, lists, cookies, options);
		virtqueue_kick_prepare(queue);
		ring_device_poll(ring, options->batch);
		ring_device_arm(ring);
		(options->armed ? get_armed : get_batch)(queue, cookies, options->batch);
	}
}

int
main(int argc, char **argv)
{
	struct bench_options options = bench_options(argc, argv);
	struct scatterlist pieces[PIECES], *lists[PIECES] = {&pieces[0], &pieces[1], &pieces[2]};
	struct ring_device ring;

	sg_init_one(&pieces[0], header, sizeof(header));
	sg_init_one(&pieces[1], data, sizeof(data));
	sg_init_one(&pieces[2], status, sizeof(status));
	run(set_up(&options, &ring), &ring, lists, &options);
	return 0;
}
