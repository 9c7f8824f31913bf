// SPDX-License-Identifier: MIT
// A host in C++ sees the core, storage and words: each header, enough calls to link, and refusals.
#include <cstdio>
#include <cstdlib>

#include "orion/manager.h"
#include "orion/options.h"
#include "orion/port.h"
#include "orion/stats.h"
#include "orion/status.h"
#include "orion/storage.h"
#include "orion/texts.h"
#include "orion/transport.h"
#include "orion/vblk.h"
#include "orion/version.h"

extern "C" void
orion_panic(const char *text)
{
	std::puts(text);
	std::exit(1);
}

int
main()
{
	static virtio_pci pci;
	static virtio_mmio mmio;
	orion_port port = {};
	orion_options options;
	virtio_transport transport;
	const char *missing = nullptr;

	orion_options_default(&options);
	if (orion_options_check(&options, nullptr) != ORION_OK)
		return 1;
	if (orion_port_check(&port, 0, &missing) != ORION_PORT_INCOMPLETE || missing == nullptr)
		return 2;
	if (orion_virtio_pci_open(&pci, &port, nullptr, 0, &transport) != ORION_PORT_INCOMPLETE)
		return 3;
	if (orion_virtio_mmio_open(&mmio, &port, nullptr, 0, 512, 0, &transport) == ORION_OK)
		return 4;
	static storage disks;
	storage_handle *none = disks.handles; // not opened
	if (storage_read(&disks, none, 0, 0, nullptr, 0, nullptr) != ORION_INVALID)
		return 6;
	if (vblk_state_text(VBLK_LIVE) == nullptr || orion_place_pci(8).address != 8)
		return 7;
	return orion_stats_bucket(0) == 0 && orion_status_text(ORION_OK) != nullptr ? 0 : 5;
}
