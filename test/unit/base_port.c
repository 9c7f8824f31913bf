/* SPDX-License-Identifier: MIT */
/* src/base/port.c: a port that lacks something is refused by name, never patched up. */
#include "test/harness.h"

#include "fake.h"

#define MANDATORY 0u

/*
 * Knocks FIELD out of a full port: refused under NEEDS by its name, accepted otherwise if optional.
 */
#define LACKS(field, needs_it, optional_without)                                                  \
	do {                                                                                      \
		struct orion_port lame = fake_port_full();                                        \
		const char *missing = NULL;                                                       \
		lame.field = 0;                                                                   \
		EXPECT_EQ(orion_port_check(&lame, needs_it, &missing), ORION_PORT_INCOMPLETE);    \
		EXPECT_STR(missing, #field);                                                      \
		EXPECT_EQ(orion_port_check(&lame, needs_it, NULL), ORION_PORT_INCOMPLETE);        \
		if (optional_without)                                                             \
			EXPECT_EQ(orion_port_check(&lame, 0, NULL), ORION_OK);                    \
	} while (0)

TEST(base_port__full_port_is_accepted)
{
	struct orion_port port = fake_port_full();
	const char *missing = "untouched";

	EXPECT_EQ(orion_port_check(&port, PORT_NEEDS_REGISTERS | PORT_NEEDS_PCI, &missing),
		  ORION_OK);
	EXPECT_STR(missing, "untouched");
}

TEST(base_port__mandatory_functions)
{
	LACKS(dma_alloc, MANDATORY, false);
	LACKS(dma_free, MANDATORY, false);
	LACKS(now_ns, MANDATORY, false);
	LACKS(pause_ns, MANDATORY, false);
}

TEST(base_port__interrupts_come_with_detach_and_wake)
{
	struct orion_port port = fake_port_full();

	LACKS(wake, MANDATORY, false);
	LACKS(irq_detach, MANDATORY, false);
	port.irq_attach = NULL;
	port.irq_detach = NULL;
	port.wake = NULL;
	EXPECT_EQ(orion_port_check(&port, PORT_NEEDS_PCI, NULL), ORION_OK);
}

/* The core calls neither. */
TEST(base_port__share_is_the_callers_and_comes_with_unshare)
{
	struct orion_port port = fake_port_full();

	LACKS(unshare, MANDATORY, false);
	port.share = NULL;
	EXPECT_EQ(orion_port_check(&port, ~0u, NULL), ORION_OK);
	port.unshare = NULL;
	EXPECT_EQ(orion_port_check(&port, ~0u, NULL), ORION_OK);
}

TEST(base_port__dma_open_comes_with_close)
{
	struct orion_port port = fake_port_full();

	LACKS(dma_close, MANDATORY, false);
	port.dma_open = NULL;
	port.dma_close = NULL;
	EXPECT_EQ(orion_port_check(&port, 0, NULL), ORION_OK);
}

TEST(base_port__registers_and_pci_only_where_needed)
{
	LACKS(map_registers, PORT_NEEDS_REGISTERS, true);
	LACKS(unmap_registers, PORT_NEEDS_REGISTERS, true);
	LACKS(pci_read, PORT_NEEDS_PCI, true);
	LACKS(pci_write, PORT_NEEDS_PCI, true);
}

TEST(base_port__report_is_optional)
{
	struct orion_port port = fake_port_full();

	port.report = NULL;
	EXPECT_EQ(orion_port_check(&port, PORT_NEEDS_REGISTERS | PORT_NEEDS_PCI, NULL), ORION_OK);
}

TEST(base_port__tick_rate_has_a_floor)
{
	struct orion_port port = fake_port_full();

	port.ticks_per_second = 999;
	EXPECT_EQ(orion_port_check(&port, 0, NULL), ORION_PORT_INCOMPLETE);
	port.ticks_per_second = 1000;
	EXPECT_EQ(orion_port_check(&port, 0, NULL), ORION_OK);
	port.ticks_per_second = 0;      /* none */
	EXPECT_EQ(orion_port_check(&port, 0, NULL), ORION_OK);
}

TEST(base_port__the_first_that_lacks_is_named)
{
	struct orion_port port = {0};
	const char *missing = NULL;

	EXPECT_EQ(orion_port_check(&port, ~0u, &missing), ORION_PORT_INCOMPLETE);
	EXPECT_STR(missing, "dma_alloc");
}
