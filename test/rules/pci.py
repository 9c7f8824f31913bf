# SPDX-License-Identifier: MIT
"""Mutants of legacy PCI, of the ways to registers, and of function-level reset."""

LEGACY, REACH, RESET = "src/device/pci_legacy.c", "src/device/pci_reach.c", "src/device/pci_reset.c"
CAPS, MSIX, DEVICE = "src/device/pci_caps.c", "src/device/pci_msix.c", "src/device/device.c"
PCI, LIMITS = "src/device/pci.c", "src/blk/limits.c"
UNIT = "unit/device_pci_legacy__"
ROWS = []


def row(name, file, old, new, tests, why, **more):
    ROWS.append((("pci-" + name, file, old, new, tests, why), more))


# ---- legacy ---------------------------------------------------------------------------------

row("big-endian", LEGACY, "if (arch_le16(1) != 1)", "if (false)", UNIT + "refusals",
    "a legacy device on a big-endian CPU is driven as if it were little-endian", mode="ppc64")
row("no-ports", LEGACY, "if (pci->port->io_read == NULL)", "if (false)", UNIT + "refusals",
    "ports are used that the host does not have")
row("no-bar", LEGACY, "if (address == 0) return", "if (false) return", UNIT + "refusals",
    "port 0 is taken for the device's")
row("few-ports", LEGACY, "if (bytes <= VIRTIO_PCI_LEGACY_MSIX_BYTES)", "if (false)",
    UNIT + "refusals scenario/pci_legacy_lies:ports_16", "registers outside of BAR 0")
row("config-moves", LEGACY, "pci->msix_enabled ? VIRTIO_PCI_LEGACY_MSIX_BYTES : "
    "VIRTIO_PCI_LEGACY_BYTES", "VIRTIO_PCI_LEGACY_MSIX_BYTES", UNIT + "config_moves_with_msix",
    "the configuration stays where it was with MSI-X")
row("config-outside", LEGACY, "if (offset + width > config_bytes(context)) return UINT32_MAX;", "",
    UNIT + "config_moves_with_msix", "a configuration read leaves the registers")
row("vector-unseen", LEGACY, "if (!pci->msix_enabled) return vector == VIRTIO_NO_VECTOR;", "",
    UNIT + "config_moves_with_msix", "a vector is written where the configuration is")
row("vector-back", LEGACY, "return get(pci, offset, 2) == vector;", "return true;",
    "scenario/false_claim:vector_refused.split.*.pci-legacy",
    "a vector that the device did not take is counted on")
row("pfn-before", LEGACY, "get(pci, VIRTIO_PCI_LEGACY_QUEUE_PFN, 4) != 0 ||", "",
    "scenario/pci_legacy_lies:pfn_before", "a queue that is in use is set up")
row("pfn-back", LEGACY, "get(pci, VIRTIO_PCI_LEGACY_QUEUE_PFN, 4) == page ? ORION_OK : "
    "ORION_DEVICE_REFUSED", "ORION_OK", "scenario/pci_legacy_lies:pfn_after",
    "a queue that the device did not take is counted on")
row("size-varies", LEGACY, "|| get(pci, VIRTIO_PCI_LEGACY_QUEUE_SIZE, 2) != setup->size", "",
    "scenario/pci_legacy_lies:size_shrinks scenario/pci_legacy_lies:size_7",
    "a ring is laid out for a size that the device does not have")
row("sizes-differ", LIMITS, "(transport->ops->size_fixed && count != 0 && possible != size)",
    "false", "scenario/pci_legacy_sizes_differ", "queues get the size of another")
row("size-chosen", LIMITS, "transport->ops->size_fixed ? possible : num_min32(size, possible)",
    "num_min32(size, possible)", "scenario/pci_legacy_sizes_differ",
    "a size is chosen where the device chooses")
row("size-shrunk", LIMITS, "uint32_t *length = fixed ? &plan->depth : &plan->size;",
    "uint32_t *length = &plan->size;", "scenario/pci_legacy_budget",
    "a size that is the device's is halved")
row("transitional", CAPS, "!pci->modern && pci_config_get", "pci_config_get",
    UNIT + "transitional_is_modern", "a transitional device is driven as a legacy one")

# ---- ways to registers ----------------------------------------------------------------------

ROUND = UNIT + "through_configuration_space"
row("window-width", REACH, "pci->access + VIRTIO_PCI_CAP_LENGTH, 4, width", "pci->access + "
    "VIRTIO_PCI_CAP_LENGTH, 4, 4", ROUND, "the window's length is not that of the access")
row("window-bar", REACH, "pci_config_put(pci, pci->access + VIRTIO_PCI_CAP_BAR, 1, window->bar);",
    "", ROUND, "the window's BAR is not set")
row("window-line", MSIX, "cause_window(pci)->reach == PCI_REACH_CONFIG ||", "", ROUND,
    "a handler waits for its turn at the window")
row("window-table", CAPS, "if (pci->table.reach == PCI_REACH_MEMORY) {",
    "if (pci->table.reach != PCI_REACH_NONE) {", ROUND,
    "MSI-X with a table that cannot be reached")
row("window-absent", REACH, "status == ORION_NO_MAPPING && pci->access != 0",
    "status == ORION_NO_MAPPING",
    ROUND + " unit/device_pci__failed_opening", "a window that is not there")
row("ports-decode", CAPS, "pci_config_put(pci, PCI_COMMAND, 2, command | PCI_COMMAND_IO);", "",
    UNIT + "registers " + UNIT + "kicks_by_port", "ports are read that nobody decodes")
row("ports-closed", PCI, "command & ~PCI_COMMAND_ALL", "command & ~6u", UNIT + "registers",
    "ports are decoded after the end")
row("kick-offset", PCI, "pci->kick_offset[queue] = (uint32_t)offset;", "",
    "scenario/pci_ways:ports.*", "every queue is kicked at the first one's doorbell")
row("kick-width", PCI, "pci->kick_offset[queue], kick_bytes(pci), value", "pci->kick_offset[queue]"
    ", 2, value", "scenario/pci_ways:ports.*.position", "half of a kick is lost")

# ---- function-level reset -------------------------------------------------------------------

FLR = UNIT + "function_reset"
row("flr-unasked", RESET, "if (express == 0 || !(pci_config_get(pci, express + PCI_EXPRESS_DEVICE, "
    "4) & PCI_EXPRESS_DEVICE_FLR))", "if (false)", FLR, "a reset of functions that have none")
row("flr-bars", RESET, "pci_config_put(pci, 4 * (HEADER_BARS + i), 4, header[HEADER_BARS + i]);",
    ";", FLR + " scenario/orion_pci_function_reset:helps.*", "base addresses are lost in the reset")
row("flr-command", RESET, "pci_config_put(pci, PCI_COMMAND, 2, command); }", "}",
    FLR + " scenario/orion_pci_function_reset:helps.*", "decoding is off after the reset")
row("flr-msix", RESET, "if (msix) orion_pci_msix_enable(pci);", "", FLR,
    "MSI-X stays off after the reset")
row("flr-back", RESET, "if (!wait(pci, RETURN_NS, is_back, 0)) return ORION_TIMED_OUT;",
    "(void)is_back;", FLR, "a function that did not come back passes for reset")
row("flr-again", DEVICE, "return done == ORION_OK ? reset_once(device, patience, status) : done;",
    "return done;", "scenario/orion_pci_function_reset:vain.*",
    "a device that still hangs passes for reset")
