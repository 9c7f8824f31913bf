/* SPDX-License-Identifier: MIT */
/* The parameters that scenarios are crossed with. */
#ifndef TEST_SCENARIO_MATRIX_H
#define TEST_SCENARIO_MATRIX_H

#include "test/world.h"

#include "spec/virtio_blk.h"
#include "spec/virtio_ids.h"

static const struct test_axis layout = {"layout", {"split", "packed"}};
static const struct test_axis tables = {"tables", {"direct", "indirect"}};
static const struct test_axis events = {"events", {"flags", "event"}};
static const struct test_axis sizes = {"size", {"3", "4", "8", "64", "256", "1024"}};
static const struct test_axis orders = {"order", {"fifo", "reversed", "shuffled"}};
static const struct test_axis reaches = {"reach", {"model", "pci", "mmio", "legacy", "pci-legacy"}};
static const struct test_axis memories = {"memory", {"strong", "tso", "weak"}};

/* Everything; and, for what does not depend on the order of completions or of memory, less. */
static const struct test_axis *const matrix[] = {&layout, &tables,   &events, &sizes,
						 &orders, &memories, NULL};

static inline bool
matrix_has(const struct test_axis *axis, const struct test_axis *const *axes)
{
	while (*axes != NULL && *axes != axis) {
		axes++;
	}
	return *axes == axis;
}

/* The world that the permutation of AXES asks for. */
static inline void
matrix_configure_for(struct world_config *c, const struct test_axis *const *axes)
{
	static const uint16_t size_values[] = {3, 4, 8, 64, 256, 1024};

	world_defaults(c);
	if (matrix_has(&layout, axes) && test_choice(&layout) == 0) {
		c->model.features &= ~VIRTIO_BIT(VIRTIO_F_RING_PACKED);
	}
	if (matrix_has(&tables, axes) && test_choice(&tables) == 0) {
		c->model.features &= ~VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);
	}
	if (matrix_has(&events, axes) && test_choice(&events) == 0) {
		c->model.features &= ~VIRTIO_BIT(VIRTIO_F_EVENT_IDX);
	}
	if (matrix_has(&sizes, axes)) {
		c->model.queue_size = size_values[test_choice(&sizes)];
	}
	if (matrix_has(&orders, axes)) {
		c->model.order = (model_order)test_choice(&orders);
	}
	if (matrix_has(&memories, axes)) {
		c->memory = (model_memory)test_choice(&memories);
	}
	c->mode = MODEL_STEP_RANDOM;
	c->model.eager = test_random_below(4) == 0;
	c->options.queue_depth = 1024;
}

static inline void
matrix_configure(struct world_config *c)
{
	matrix_configure_for(c, matrix);
}

static inline bool
matrix_reachable(void)
{
	return world_reachable((world_reach)test_choice(&reaches));
}

/* A legacy device has no packed rings. */
static inline bool
matrix_reachable_layout(void)
{
	return matrix_reachable() &&
	       (!world_is_legacy((world_reach)test_choice(&reaches)) || test_choice(&layout) == 0);
}

/* Three is a size for packed rings only; big rings are thinned out. */
static inline bool
matrix_wanted(void)
{
	unsigned size = test_choice(&sizes);

	if (size == 0 && test_choice(&layout) == 0) {
		return false;
	}
	return size < 4 || test_choice(&orders) == MODEL_ORDER_SHUFFLED;
}

#endif
