/* SPDX-License-Identifier: MIT */
/* The order in which what the rings write leaves the CPU, with a store buffer before memory. */
#include "test/harness.h"

#include "hand.h"
#include "model/model.h"
#include "ring/packed.h"
#include "ring/split.h"
#include "ring_slots.h"

/* ---- split ---- */

/* With a store buffer before memory: when the question is asked, the index must have left it. */
TEST(ring_fences__the_index_is_out_before_the_question)
{
	for (unsigned seed = 0; seed < 40; seed++) {
		struct model_host *host = model_host_open(seed);
		struct bare_slot slots[4];
		struct orion_region region;
		struct vring_config config = {.slots = slots,
					      .size = 4,
					      .ids = 4,
					      .limit = 4,
					      .event_index = seed % 2 == 0};
		struct orion_vring_layout layout = orion_vring_layout(4, false);
		struct vring ring;

		EXPECT_EQ(model_host_port()->dma_alloc(host, layout.bytes, 4096, &region),
			  ORION_OK);
		config.shared = region.cpu;
		orion_vring_setup(&ring, &config);
		model_step_begin(host, MODEL_MEMORY_TSO, seed);
		vring_split_prepare_table(&ring, vring_split_next(&ring), 0x1000, 16);
		vring_split_add_table(&ring, vring_split_next(&ring), 0);
		vring_split_publish(&ring);
		(void)vring_split_ask(&ring);
		EXPECT_EQ(hand_get((uint8_t *)region.cpu + layout.driver_offset + 2, 2), 1);

		/* Likewise the wish for an interrupt before the second look. */
		ring.used = 7;
		(void)vring_split_arm(&ring);
		if (config.event_index)
			EXPECT_EQ(hand_get((uint8_t *)region.cpu + layout.driver_offset + 12, 2),
				  7);
		else
			EXPECT_EQ(hand_get((uint8_t *)region.cpu + layout.driver_offset, 2), 0);
		model_step_end();
		model_host_port()->dma_free(host, &region);
		model_host_close(host);
	}
}

/* With stores out of order between fences: an index that is out has its entries out before it. */
TEST(ring_fences__entries_are_out_before_the_index)
{
	for (unsigned seed = 0; seed < 400; seed++) {
		struct model_host *host = model_host_open(seed);
		struct bare_slot slots[4];
		struct orion_region region;
		struct vring_config config = {.slots = slots, .size = 4, .ids = 4, .limit = 4};
		struct orion_vring_layout layout = orion_vring_layout(4, false);
		struct vring ring;
		const uint8_t *avail;

		EXPECT_EQ(model_host_port()->dma_alloc(host, layout.bytes, 4096, &region),
			  ORION_OK);
		config.shared = region.cpu;
		orion_vring_setup(&ring, &config);
		avail = (uint8_t *)region.cpu + layout.driver_offset;
		model_step_begin(host, MODEL_MEMORY_WEAK, seed);
		for (unsigned i = 0; i < 4; i++) {
			vring_split_prepare_table(&ring, vring_split_next(&ring), 0x1000, 32);
			vring_split_add_table(&ring, vring_split_next(&ring), 0);
		}
		vring_split_publish(&ring);
		/* Each load lets the buffer drain a little, or not. */
		for (unsigned i = 0; i < 60; i++) {
			(void)shared_get16(&ring.device.used->flags);
			if (hand_get(avail + 2, 2) != 4)
				continue;
			for (unsigned id = 0; id < 4; id++) {
				EXPECT_EQ(hand_get(avail + 4 + 2 * id, 2), id);
				EXPECT_EQ(hand_get((uint8_t *)region.cpu + 16 * id + 8, 4), 32);
			}
		}
		model_step_end();
		model_host_port()->dma_free(host, &region);
		model_host_close(host);
	}
}

/* ---- packed ---- */

TEST(ring_fences__the_flags_are_out_before_the_question)
{
	for (unsigned seed = 0; seed < 40; seed++) {
		struct model_host *host = model_host_open(seed);
		struct bare_slot slots[4];
		struct orion_region region;
		struct vring_config config = {.slots = slots,
					      .size = 4,
					      .ids = 4,
					      .limit = 4,
					      .packed = true,
					      .event_index = seed % 2 == 0};
		struct orion_vring_layout layout = orion_vring_layout(4, true);
		struct vring ring;

		EXPECT_EQ(model_host_port()->dma_alloc(host, layout.bytes, 4096, &region),
			  ORION_OK);
		config.shared = region.cpu;
		orion_vring_setup(&ring, &config);
		model_step_begin(host, MODEL_MEMORY_TSO, seed);
		vring_packed_add_table(&ring, vring_packed_next(&ring), 0x1000,
				       vring_packed_table_word(vring_packed_next(&ring), 16), 0);
		(void)vring_packed_ask(&ring);
		EXPECT_EQ(hand_get((uint8_t *)region.cpu + 14, 2), 0x84);
		(void)vring_packed_arm(&ring);
		EXPECT_EQ(hand_get((uint8_t *)region.cpu + layout.driver_offset, 4),
			  0x8000u | (seed % 2 == 0 ? 0x20000u : 0));
		model_step_end();
		model_host_port()->dma_free(host, &region);
		model_host_close(host);
	}
}

/* Out-of-order stores: flags that hand a chain over are out last of all. */
TEST(ring_fences__contents_are_out_before_the_flags)
{
	for (unsigned seed = 0; seed < 400; seed++) {
		struct model_host *host = model_host_open(seed);
		struct bare_slot slots[4];
		struct orion_region region;
		bool direct = seed % 2 == 0;
		struct vring_config config = {.slots = slots,
					      .size = 4,
					      .ids = 4,
					      .limit = 4,
					      .kind = direct ? VRING_DIRECT : 0,
					      .packed = true};
		struct vring_packed_chain chain = {0};
		struct vring ring;
		const uint8_t *desc;

		EXPECT_EQ(model_host_port()->dma_alloc(host, 72, 4096, &region), ORION_OK);
		config.shared = region.cpu;
		desc = region.cpu;
		orion_vring_setup(&ring, &config);
		model_step_begin(host, MODEL_MEMORY_WEAK, seed);
		if (direct) {
			vring_packed_begin(&ring, &chain);
			vring_packed_piece(&ring, &chain, 0x1000, 16, 0);
			vring_packed_piece(&ring, &chain, 0x2000, 512, 2);
			vring_packed_last(&ring, &chain, 0x3000, 1, 2, VRING_DIRECT);
		} else {
			vring_packed_add_table(
				&ring, vring_packed_next(&ring), 0x1000,
				vring_packed_table_word(vring_packed_next(&ring), 16), 0);
		}
		for (unsigned i = 0; i < 60; i++) {
			(void)shared_get16(&ring.device.event->flags);
			if (hand_get(desc + 14, 2) == 0)
				continue;
			EXPECT_EQ(hand_get(desc, 8), 0x1000);
			EXPECT_EQ(hand_get(desc + 16, 8), direct ? 0x2000 : 0);
			EXPECT_EQ(hand_get(desc + 32 + 14, 2), direct ? 0x82 : 0);
		}
		model_step_end();
		model_host_port()->dma_free(host, &region);
		model_host_close(host);
	}
}
