# SPDX-License-Identifier: MIT
"""The clauses of VirtIO 1.4 that mutants break, by the ids of test/spec/clauses.txt.

Names in front of a colon are mutants; what stands behind it, clauses.  A mutant that breaks a rule
of ours alone is not here.  tools/check-trace looks whether both exist.
"""
TABLE = """
1-no-packed-add-table 1-no-packed-last: PACKED-FLAGS-01
1-no-packed-ask 1-moved-packed-ask-early 1-moved-packed-ask-unfenced: PACKED-KICK-01
1-no-packed-take 1-moved-packed-observe-early: PACKED-I-12
1-no-packed-arm 1-moved-packed-arm-late 1-moved-packed-arm-unfenced: PACKED-P-02
1-no-split-publish 1-moved-split-index-unfenced: SPLIT-IDX-01 SPLIT-I-03
1-no-split-ask 1-moved-split-ask-unfenced: SPLIT-KICK-01 SPLIT-I-03
1-no-split-pending 1-moved-split-observe-early: SPLIT-I-07
1-no-split-arm 1-moved-split-arm-late 1-moved-split-arm-unfenced: SPLIT-P-04
1-moved-split-index-early 1-moved-split-descriptor-late: SPLIT-IDX-01 SPLIT-I-03
1-moved-split-ask-early 1-moved-split-ask-then-publish: SPLIT-KICK-01 SPLIT-I-03
1-moved-packed-table-early 1-moved-packed-flags-unfenced: PACKED-FLAGS-01
1-moved-packed-address-late: PACKED-FLAGS-01
1-moved-packed-head-early: PACKED-SG-06
2-no-wrap 2-promoted: SPLIT-ANOT-06 SPLIT-I-06
2-one-not-batch 2-lap-split: SPLIT-ANOT-06
4-split-batch 4-split-batch-length: SPLIT-I-05
4-split-long-ago: SPLIT-I-04
4-packed-batch 4-packed-batch-arm: PACKED-I-11
5-poison-is-ok: BLK-I-12
6-other-slot-batch 6-other-slot-one: QUEUE-I-01
7-flush-unasked: BLK-I-10
7-flush-unsupported: BLK-I-12
8-features-ok 8-not-read-back: INIT-01f FEAT-D-01
9-torn: CFG-01 CFG-02
9-outside: CFG-05
10-missing-swap 10-missing-swap-handed 10-missing-swap-at4 10-missing-swap-32: CFG-I-03
10-double-swap: CFG-I-03
10-word-halves: PACKED-I-05
11-quarantine: CLEAN-02
12-stores: CLEAN-01 PACKED-DESC-02
12-readable-late: FRAME-01
12-status-order: STATUS-01
0-out-of-range 0-range-wraps 0-plain-out-of-range 0-plain-range-wraps: BLK-OP-02
0-too-many-segments: PACKED-SG-01 BLK-I-05
0-segment-too-long: BLK-I-05
0-room 0-plain-room: PACKED-SG-04 PACKED-SG-05
0-seg-large: FRAME-02
0-queue-small: PCI-COM-02 PCI-D-01
0-queue-power: PCI-COM-03 SPLIT-I-01
0-cap-bar: PCI-CAP-04
0-cap-align 0-doorbell: PCI-D-03
0-vector-back: PCI-MSIX-05
core-event-split: SPLIT-ANOT-02
core-event-packed: PACKED-I-10
core-read-only: BLK-OP-03
core-list-3 core-list-63: FEAT-04 FEAT-04a FEAT-05
core-list-50: FEAT-04 FEAT-04b FEAT-05
core-list-42: FEAT-04 FEAT-04d FEAT-05
core-list-17: ZONE-INIT-01
core-list-30: FEAT-05 LEG-RFB-02
core-list-37: FEAT-05 RFB-10
core-list-41: FEAT-05 ADM-I-01
core-list-mmio: FEAT-04c FEAT-I-02 FEAT-I-04
core-list-ccw: FEAT-04c FEAT-I-03 FEAT-I-04
core-start-failed: INIT-05
core-cause-queue core-cause-any core-cause-config core-cause-shared: PCI-ISR-01
core-cap-longer core-cap-longer-notify core-cap-longer-access: PCI-CAP-03
core-cap-written core-access-written: PCI-CAP-08
core-nobody-there: MMIO-INIT-04
core-ccw-control-unit: CCW-BASIC-01
model-driver-waits: RESET-01 PCI-COM-05 INIT-01a
model-driver-stable: BLK-D-03
model-driver-none: BLK-D-06
pci-big-endian: LEG-RING-04 LEG-BLK-01 LEG-BLK-03 LEG-I-01 LEG-PCI-06 LEG-PCI-07 CONF-02
pci-config-moves: LEG-PCI-03 LEG-I-03
pci-vector-back: PCI-MSIX-05
pci-pfn-back: LEG-I-02
pci-size-varies pci-sizes-differ pci-size-chosen: LEG-RING-01
pci-transitional: LEG-PCI-04 LEG-PCI-05
pci-window-width pci-window-bar: PCI-WIN-03 PCI-I-09
pci-kick-offset: PCI-I-02
pci-kick-width: PCI-KICK-02 PCI-KICK-04
mmio-magic: MMIO-REG-06
mmio-version: MMIO-REG-08
mmio-device-id: MMIO-REG-10 MMIO-INIT-03
mmio-identity-late: MMIO-INIT-01
mmio-offer-unselected: MMIO-REG-12
mmio-answer-unselected: MMIO-REG-13
mmio-foreign: FEAT-04c FEAT-I-01 FEAT-I-02 FEAT-I-04
mmio-config-outside: MMIO-REG-01
mmio-ready-before: MMIO-REG-15 MMIO-I-01
mmio-ready-back: MMIO-I-01
mmio-size-varies: MMIO-REG-14
mmio-reset-half: MMIO-REG-21
mmio-no-ack: MMIO-IRQ-01
mmio-ack-undefined: MMIO-REG-18 MMIO-REG-20
mmio-big-endian: LEG-RING-04 LEG-BLK-01 LEG-BLK-03 LEG-I-01
mmio-page-size mmio-page-align: LEG-I-05
mmio-legacy-layout: LEG-RING-02 LEG-RING-03 LEG-I-08
mmio-legacy-features-ok: LEG-INIT-01
mmio-legacy-torn: LEG-CFG-01
mmio-legacy-version-1: LEG-RFB-01
dma-platform: RFB-05
dma-lend-kernel dma-lend-writable dma-lend-kept dma-lend-twice dma-lend-contiguous: RFB-04
ccw-revision ccw-step-down: CCW-REV-01
ccw-revision-0: LEG-CCW-01
ccw-status-1: CCW-STAT-03 CCW-D-03 CCW-I-07
ccw-status-rejected: CCW-STAT-01
ccw-reset-failed: CCW-RST-01
ccw-features-lost: CCW-I-07
ccw-features-order ccw-summary: CCW-I-01
ccw-foreign: FEAT-I-01 FEAT-I-03 FEAT-I-04
ccw-suspend: FEAT-I-01 CCW-I-07
ccw-config-same: CCW-I-03
ccw-vq-reserved: CCW-I-01 CCW-I-02
ccw-position: CCW-I-06
ccw-both: CCW-D-01
ccw-no-fallback: LEG-I-07
"""
CLAUSES = {}
for line in TABLE.strip().splitlines():
    for name in line.split(":")[0].split():
        CLAUSES[name] = (CLAUSES.get(name, "") + line.split(":")[1]).strip()
