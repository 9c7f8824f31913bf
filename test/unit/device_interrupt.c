/* SPDX-License-Identifier: MIT */
/* src/device/interrupt.c: every mode, chosen by what device and host allow, and its handlers. */
#include <string.h>

#include "test/harness.h"

#include "device/device.h"
#include "fake.h"

static int events[VBLK_QUEUES_MAX];

static struct virtio_device *
device_make(struct fake *fake)
{
	static struct virtio_device device;

	memset(&device, 0, sizeof(device));
	device.transport = fake->transport;
	device.port = &fake->port;
	device.port_context = fake;
	for (unsigned i = 0; i < VBLK_QUEUES_MAX; i++) {
		device.target[i].device = &device;
		device.target[i].event = &events[i];
		device.target[i].cpu = (uint16_t)(i + 7);
		device.target[i].vector = VIRTIO_NO_VECTOR;
	}
	return &device;
}

/* The best mode for so many vectors. */
static virtio_irq_mode
best(unsigned vectors, unsigned queues)
{
	if (vectors > queues)
		return VIRTIO_IRQ_PER_QUEUE;
	return vectors >= 2   ? VIRTIO_IRQ_PAIRED
	       : vectors == 1 ? VIRTIO_IRQ_SHARED
			      : VIRTIO_IRQ_LINE;
}

static void
expect_mode(const struct virtio_device *device, const struct fake *fake, virtio_irq_mode mode,
	    unsigned queues)
{
	unsigned vectors = mode == VIRTIO_IRQ_PER_QUEUE ? queues + 1
			   : mode == VIRTIO_IRQ_PAIRED  ? 2
							: mode == VIRTIO_IRQ_SHARED;

	EXPECT_EQ(device->irq_mode, mode);
	EXPECT_EQ(device->vectors, vectors);
	EXPECT_EQ(fake_vectors_live(fake), vectors);
	EXPECT_EQ(fake->line.live, mode == VIRTIO_IRQ_LINE);
	EXPECT_EQ(device->line_attached, mode == VIRTIO_IRQ_LINE);
	for (unsigned i = 0; i < queues; i++) {
		uint16_t expected = mode == VIRTIO_IRQ_PER_QUEUE ? (uint16_t)(i + 1)
				    : mode == VIRTIO_IRQ_PAIRED  ? 1
				    : mode == VIRTIO_IRQ_SHARED  ? 0
								 : VIRTIO_NO_VECTOR;

		EXPECT_EQ(device->target[i].vector, expected);
	}
}

TEST(device_interrupt__mode_by_vectors_that_the_device_has)
{
	for (uint16_t queues = 1; queues <= 16; queues++) {
		for (uint16_t vectors = 0; vectors <= 17; vectors++) {
			struct fake *fake = fake_make(0);
			struct virtio_device *device = device_make(fake);
			virtio_irq_mode mode = best(vectors, queues);

			fake->vectors = vectors;
			orion_virtio_interrupts_attach(device, queues);
			expect_mode(device, fake, mode, queues);
			EXPECT_EQ(fake->reports[ORION_EVENT_VECTORS_SHORT],
				  mode != VIRTIO_IRQ_PER_QUEUE);
			if (mode != VIRTIO_IRQ_PER_QUEUE) {
				EXPECT_EQ(fake->report[ORION_EVENT_VECTORS_SHORT][0], queues + 1);
				EXPECT_EQ(fake->report[ORION_EVENT_VECTORS_SHORT][1], vectors);
				EXPECT_EQ(fake->report[ORION_EVENT_VECTORS_SHORT][2], mode);
			}
			orion_virtio_interrupts_detach(device);
			expect_mode(device, fake, VIRTIO_IRQ_POLLED, 0);
		}
	}
}

TEST(device_interrupt__mode_by_vectors_that_the_host_gives)
{
	for (uint16_t given = 0; given <= 5; given++) {
		struct fake *fake = fake_make(0);
		struct virtio_device *device = device_make(fake);

		fake->vectors_attachable = given;
		orion_virtio_interrupts_attach(device, 4);
		expect_mode(device, fake, best(given, 4), 4);
		orion_virtio_interrupts_detach(device);
		expect_mode(device, fake, VIRTIO_IRQ_POLLED, 0);
	}
}

TEST(device_interrupt__polled_when_nothing_is_to_be_had)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake);

	fake->vectors = 0;
	fake->line_refused = true;
	orion_virtio_interrupts_attach(device, 2);
	expect_mode(device, fake, VIRTIO_IRQ_POLLED, 2);
}

/* A bus without vectors: its line is all that there can be, and no reason for a word. */
TEST(device_interrupt__a_bus_without_vectors)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake);
	struct virtio_transport_ops ops = *device->transport.ops;

	ops.vector_count = NULL;
	ops.vector_attach = NULL;
	ops.vector_detach = NULL;
	ops.config_vector = NULL;
	device->transport.ops = &ops;
	orion_virtio_interrupts_attach(device, 2);
	expect_mode(device, fake, VIRTIO_IRQ_LINE, 2);
	EXPECT_EQ(fake->reports[ORION_EVENT_VECTORS_SHORT], 0);
	EXPECT(orion_virtio_interrupts_degrade(device, 2));
	expect_mode(device, fake, VIRTIO_IRQ_POLLED, 2);
	EXPECT_EQ(fake->reports[ORION_EVENT_VECTORS_SHORT], 1);
}

TEST(device_interrupt__a_host_without_interrupts_is_not_asked)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake);

	fake->port.irq_attach = NULL;
	orion_virtio_interrupts_attach(device, 2);
	expect_mode(device, fake, VIRTIO_IRQ_POLLED, 2);
	EXPECT_STR(fake->journal, "");
}

/* NO_VECTOR read back for the configuration: vectors are of no use, the line is. */
TEST(device_interrupt__device_does_not_take_the_config_vector)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake);

	fake->config_vector_refused = true;
	orion_virtio_interrupts_attach(device, 4);
	expect_mode(device, fake, VIRTIO_IRQ_LINE, 4);
	EXPECT_EQ(fake->config_vector_calls, 3);
}

/* Each call of the host fails in turn, and what was attached before it is detached. */
TEST(device_interrupt__host_refuses_at_each_call)
{
	for (unsigned n = 1; n <= 20; n++) {
		struct fake *fake = fake_make(0);
		struct virtio_device *device = device_make(fake);

		fake->fail_at = n;
		orion_virtio_interrupts_attach(device, 4);
		expect_mode(device, fake, n <= 6 ? VIRTIO_IRQ_PAIRED : VIRTIO_IRQ_PER_QUEUE, 4);
		orion_virtio_interrupts_detach(device);
		expect_mode(device, fake, VIRTIO_IRQ_POLLED, 0);
	}
}

TEST(device_interrupt__degrades_one_mode_at_a_time)
{
	static const virtio_irq_mode down[] = {VIRTIO_IRQ_PAIRED, VIRTIO_IRQ_SHARED,
					       VIRTIO_IRQ_LINE, VIRTIO_IRQ_POLLED};
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake);

	orion_virtio_interrupts_attach(device, 3);
	expect_mode(device, fake, VIRTIO_IRQ_PER_QUEUE, 3);
	for (unsigned i = 0; i < 4; i++) {
		EXPECT_EQ(orion_virtio_interrupts_degrade(device, 3), true);
		expect_mode(device, fake, down[i], 3);
	}
	EXPECT_EQ(orion_virtio_interrupts_degrade(device, 3), false);
}

/* ---- handlers ---- */

static bool
fire(const struct fake_irq *irq)
{
	EXPECT(irq->live);
	return irq->handler(irq->argument);
}

TEST(device_interrupt__per_queue_wakes_its_own)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake);

	orion_virtio_interrupts_attach(device, 4);
	for (unsigned i = 0; i < 4; i++) {
		EXPECT_EQ(fake->irq[i + 1].cpu, i + 7);
		EXPECT_EQ(fire(&fake->irq[i + 1]), true);
		EXPECT_EQ(fake->wakes, i + 1);
		EXPECT(fake->woken == &events[i]);
		EXPECT_EQ(device->target[i].interrupts, 1);
	}
	EXPECT_EQ(device->config_pending, false);
	EXPECT_EQ(fire(&fake->irq[0]), true);
	EXPECT_EQ(device->config_pending, true);
	EXPECT_EQ(device->config_interrupts, 1);
	EXPECT_EQ(fake->wakes, 4);
}

TEST(device_interrupt__paired_wakes_all)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake);

	fake->vectors = 2;
	orion_virtio_interrupts_attach(device, 4);
	EXPECT_EQ(fire(&fake->irq[1]), true);
	EXPECT_EQ(fake->wakes, 4);
	EXPECT_EQ(device->config_pending, false);
	EXPECT_EQ(fire(&fake->irq[0]), true);
	EXPECT_EQ(fake->wakes, 4);
	EXPECT_EQ(device->config_pending, true);
}

TEST(device_interrupt__shared_is_anything)
{
	struct fake *fake = fake_make(0);
	struct virtio_device *device = device_make(fake);

	fake->vectors = 1;
	orion_virtio_interrupts_attach(device, 3);
	EXPECT_EQ(fire(&fake->irq[0]), true);
	EXPECT_EQ(fake->wakes, 3);
	EXPECT_EQ(device->config_pending, true);
}

/* A shared line: only a cause of our own is claimed; all ones is a device that is gone. */
TEST(device_interrupt__line_reads_its_cause)
{
	for (unsigned cause = 0; cause < 256; cause++) {
		struct fake *fake = fake_make(0);
		struct virtio_device *device = device_make(fake);
		bool ours = cause != 0 && cause != 0xff;

		fake->vectors = 0;
		orion_virtio_interrupts_attach(device, 2);
		fake->isr = (uint8_t)cause;
		EXPECT_EQ(fire(&fake->line), ours);
		EXPECT_EQ(fake->wakes, ours && (cause & 1) ? 2 : 0);
		EXPECT_EQ(device->config_pending, ours && (cause & 2));
		EXPECT_EQ(fake->isr, 0);
	}
}
