/* SPDX-License-Identifier: MIT */
/*
 * The model's words: what rule a breach broke, with its section of VirtIO 1.4 and the clauses of
 * test/spec/clauses.txt; what a mischief does.
 */
#include "model/model.h"

static const char *const breach_texts[MODEL_BREACH_COUNT] = {
	[MODEL_BREACH_NONE] = "no breach",
	[MODEL_BREACH_STATUS_CLEARED] =
		"a status bit was cleared without a reset [2.1.1] STATUS-02",
	[MODEL_BREACH_STATUS_ORDER] = "status bits set out of order [3.1.1] STATUS-01, INIT-01",
	[MODEL_BREACH_STATUS_UNKNOWN] =
		"a status bit that is not the driver's to set [2.1] STATUS-I-01, SUSP-01",
	[MODEL_BREACH_STATUS_FAILED] =
		"a status bit set after FAILED without a reset [2.1.1] STATUS-03",
	[MODEL_BREACH_RESET_EARLY] = "a write before the status was seen to be 0 after a reset "
				     "[2.4.2, 4.1.4.3.2] RESET-01, PCI-COM-05",
	[MODEL_BREACH_FEATURES_LATE] =
		"features written after FEATURES_OK or before DRIVER [3.1.1] INIT-04",
	[MODEL_BREACH_FEATURES_NOT_OFFERED] =
		"a feature accepted that was not offered [2.2.1] FEAT-01",
	[MODEL_BREACH_FEATURES_DEPENDENCY] =
		"a feature accepted without what it requires [2.2.1] FEAT-02",
	[MODEL_BREACH_CONFIG_WIDTH] = "configuration access not of a field's width or not aligned "
				      "[2.5.1, 4.1.3.1] CFG-01, PCI-ACC-01",
	[MODEL_BREACH_CONFIG_WRITE] = "configuration write to a read-only field [5.2.4] INIT-03",
	[MODEL_BREACH_CONFIG_FIELD] = "a field of a feature that is not offered [2.5.1] CFG-03",
	[MODEL_BREACH_WRITEBACK_EARLY] = "writeback read before FEATURES_OK [5.2.5.1] BLK-INIT-04",
	[MODEL_BREACH_USE_AFTER_CLOSE] = "the transport was used before open or after close",
	[MODEL_BREACH_QUEUE_ABSENT] = "a queue that does not exist [4.1.5.1.3]",
	[MODEL_BREACH_QUEUE_SIZE] =
		"queue size 0, too large, or no power of two in a split ring [2.7, 4.1.4.3.2] "
		"PCI-COM-02, PCI-COM-03, MMIO-REG-14, SPLIT-I-01",
	[MODEL_BREACH_QUEUE_STATE] = "queue programmed outside set-up, or twice [3.1.1, 4.1.4.3.2] "
				     "PCI-COM-04, PCI-COM-06, MMIO-REG-15",
	[MODEL_BREACH_QUEUE_EXTRA] = "a second queue without VIRTIO_BLK_F_MQ [5.2.2] BLK-I-04",
	[MODEL_BREACH_QUEUE_ALIGN] = "a part of the queue is not aligned [2.7.2, 2.8.10.1] "
				     "SPLIT-ALIGN-01, PACKED-ALIGN-01",
	[MODEL_BREACH_QUEUE_MEMORY] = "a part of the queue lies outside lent memory [2.6]",
	[MODEL_BREACH_KICK_EARLY] = "kick before DRIVER_OK or of a disabled queue [3.1.1] INIT-07",
	[MODEL_BREACH_KICK_NUMBER] =
		"kick with a number that is not the queue's [4.1.5.2.1] PCI-KICK-03, PCI-KICK-05",
	[MODEL_BREACH_KICK_POSITION] = "notification data not where the ring stands [2.8.16, 2.9] "
				       "PACKED-DESC-03, NOTIFY-I-01",
	[MODEL_BREACH_QUEUE_RESET] = "queue reset without the feature, not by 1, or of an idle "
				     "queue [4.1.4.3.2] PCI-I-04",
	[MODEL_BREACH_VECTOR_RANGE] = "a vector outside the table [4.1.5.1.2.2] PCI-MSIX-04",
	[MODEL_BREACH_AVAIL_LEAP] = "available index moved back, or over more than the queue holds "
				    "[2.7.13.3] SPLIT-AVAIL-01",
	[MODEL_BREACH_AVAIL_FLAGS] = "available flags not 0 or 1, or not 0 with event index "
				     "[2.7.7.1] SPLIT-UNOT-01, SPLIT-UNOT-03",
	[MODEL_BREACH_HEAD_RANGE] = "available head at or above the queue size [2.7.6]",
	[MODEL_BREACH_DESC_IN_FLIGHT] =
		"a descriptor or id used again while in flight [2.7.14] PACKED-DESC-01",
	[MODEL_BREACH_DESC_ORDER] =
		"in order, a descriptor out of ring order [2.7.5.2] SPLIT-DESC-02, SPLIT-I-04",
	[MODEL_BREACH_DESC_FLAGS] =
		"reserved or forbidden descriptor flags [2.7.5, 2.8.5] PACKED-IND-02",
	[MODEL_BREACH_NEXT_RANGE] = "next at or above the queue size [2.7.5]",
	[MODEL_BREACH_CHAIN_LONG] = "a chain longer than the queue size [2.7.5.3.1, 2.8.10.1] "
				    "SPLIT-IND-03, PACKED-SG-02",
	[MODEL_BREACH_CHAIN_BYTES] = "a chain of more than 2^32 bytes [2.7.5.2] SPLIT-DESC-01",
	[MODEL_BREACH_CHAIN_EMPTY] = "a descriptor of no bytes",
	[MODEL_BREACH_CHAIN_HALF] =
		"a list's head handed over before its other parts [2.8.10.1] PACKED-SG-06",
	[MODEL_BREACH_READABLE_LATE] =
		"a readable part after a writable one [2.7.4.2, 2.8.10.1] FRAME-01, PACKED-SG-03",
	[MODEL_BREACH_INDIRECT_OFF] =
		"INDIRECT without VIRTIO_F_INDIRECT_DESC [2.7.5.3.1] SPLIT-IND-01, PACKED-IND-01",
	[MODEL_BREACH_INDIRECT_NESTED] =
		"INDIRECT inside an indirect table [2.7.5.3.1] SPLIT-IND-02",
	[MODEL_BREACH_INDIRECT_NEXT] =
		"INDIRECT together with NEXT [2.7.5.3.1, 2.8.10.1] SPLIT-IND-04, PACKED-IND-04",
	[MODEL_BREACH_INDIRECT_TABLE] =
		"indirect table of no or broken size [2.7.5.3] SPLIT-I-08, PACKED-I-09",
	[MODEL_BREACH_INDIRECT_ORDER] =
		"indirect entries not in sequence [2.7.5.3.1] SPLIT-IND-05, SPLIT-I-08",
	[MODEL_BREACH_EVENT_FLAGS] =
		"driver event flags or offset out of range [2.8.14] PACKED-I-10",
	[MODEL_BREACH_MEMORY] = "a descriptor outside lent memory",
	[MODEL_BREACH_DIRECTION] = "a buffer lent for the other direction",
	[MODEL_BREACH_STORE_LENT] =
		"a store to what the device holds [2.8.6.1, 3.3] CLEAN-01, PACKED-DESC-02",
	[MODEL_BREACH_STORE_DEVICE_AREA] = "a store to the device's area of a live queue [2.6]",
	[MODEL_BREACH_STORE_ASTRAY] = "a shared store outside lent memory",
	[MODEL_BREACH_FREED_LENT] = "memory taken back that a live queue uses [3.3] CLEAN-02",
	[MODEL_BREACH_HEADER] = "request header not 16 readable bytes, or reserved not 0 [5.2.6] "
				"BLK-I-01, BLK-I-03",
	[MODEL_BREACH_TYPE] =
		"a request whose feature was not negotiated [5.2.6] BLK-I-10, ZONE-D-02",
	[MODEL_BREACH_FRAMING] = "legacy header or status shares a descriptor without ANY_LAYOUT "
				 "[5.2.6.4] LEG-BLK-10",
	[MODEL_BREACH_STATUS_BYTE] = "no writable status byte [5.2.6] BLK-I-01",
	[MODEL_BREACH_DATA_LENGTH] =
		"data length does not suit the request type [5.2.6.1] BLK-OP-06, BLK-OP-08",
	[MODEL_BREACH_FLUSH_FIELDS] = "flush with a sector or data [5.2.6.1] BLK-OP-04, BLK-OP-05",
	[MODEL_BREACH_BEYOND_CAPACITY] = "request beyond capacity [5.2.6.1] BLK-OP-02",
	[MODEL_BREACH_SEGMENTS_MANY] =
		"more data segments than seg_max [5.2.4] BLK-I-05, PACKED-SG-01",
	[MODEL_BREACH_SEGMENT_LONG] = "a data segment longer than size_max [5.2.4] BLK-I-05",
	[MODEL_BREACH_PCI_WIDTH] = "register access not of the field's width [4.1.3.1] PCI-ACC-01, "
				   "PCI-KICK-01, PCI-KICK-02",
	[MODEL_BREACH_PCI_READ_ONLY] = "write to a read-only register [4.1.4.3.2] PCI-COM-01",
	[MODEL_BREACH_PCI_FIELD] =
		"a register of a feature that was not negotiated [4.1.4.3] PCI-I-04",
	[MODEL_BREACH_PCI_DECODE] = "register access while memory decoding is off",
	[MODEL_BREACH_PCI_OUTSIDE] = "access outside every structure",
	[MODEL_BREACH_PCI_MASTER] = "queue in use while bus mastering is off",
	[MODEL_BREACH_PCI_BAR_SIZING] = "BAR sized while memory decoding is on",
	[MODEL_BREACH_PCI_UNMASKED] = "handler taken away while its MSI-X entry is not masked",
	[MODEL_BREACH_PCI_LEGACY] =
		"legacy register of a device that has modern ones [4.1.4.10] LEG-PCI-04",
	[MODEL_BREACH_PCI_CONFIG] =
		"write to configuration space that is not to be written [4.1.4.1] PCI-CAP-08",
	[MODEL_BREACH_PCI_WINDOW] = "window not aligned, of another width than said, or past every "
				    "structure [4.1.4.9.2] PCI-WIN-01, PCI-WIN-02, PCI-WIN-03",
	[MODEL_BREACH_PCI_ISR] = "interrupt cause read while MSI-X is on [4.1.4.5.2] PCI-ISR-01",
	[MODEL_BREACH_MMIO_WIDTH] =
		"control register not accessed as 32 aligned bits [4.2.2.2] MMIO-REG-04",
	[MODEL_BREACH_MMIO_OUTSIDE] = "no register of this version and these features [4.2.2.2] "
				      "MMIO-REG-01, MMIO-INIT-05",
	[MODEL_BREACH_MMIO_READ_ONLY] = "write to a read-only register [4.2.2.2] MMIO-REG-02",
	[MODEL_BREACH_MMIO_WRITE_ONLY] = "read of a write-only register [4.2.2.2] MMIO-REG-03",
	[MODEL_BREACH_MMIO_EARLY] =
		"a register before MagicValue, Version, DeviceID, or where that is 0 [4.2.3.1.1] "
		"MMIO-INIT-01, MMIO-INIT-02, MMIO-INIT-04",
	[MODEL_BREACH_MMIO_SELECT] =
		"features accessed without selecting which [4.2.2.2] MMIO-REG-12, MMIO-REG-13",
	[MODEL_BREACH_MMIO_ACK] = "undefined bits acknowledged [4.2.2.2] MMIO-REG-20",
	[MODEL_BREACH_MMIO_PAGE] = "legacy queue without page size or alignment [4.2.4] LEG-I-05",
};

static const char *const mischief_texts[MODEL_MISCHIEF_COUNT] = {
	[MODEL_MISCHIEF_NONE] = "behaves",
	[MODEL_MISCHIEF_ID_RANGE] = "used id out of range",
	[MODEL_MISCHIEF_ID_HIGH] = "used id with high bits set",
	[MODEL_MISCHIEF_ID_FREE] = "used id that is not in flight",
	[MODEL_MISCHIEF_ID_MIDDLE] = "used id of a chain's middle",
	[MODEL_MISCHIEF_ID_TWICE] = "the same id twice",
	[MODEL_MISCHIEF_INDEX_LEAP] = "used index leaps",
	[MODEL_MISCHIEF_INDEX_BACK] = "used index goes back",
	[MODEL_MISCHIEF_INDEX_RUNS] = "used index keeps advancing",
	[MODEL_MISCHIEF_LENGTH_HUGE] = "used length too large",
	[MODEL_MISCHIEF_LENGTH_ZERO] = "used length 0",
	[MODEL_MISCHIEF_LENGTH_ONE] = "used length 1",
	[MODEL_MISCHIEF_LENGTH_UNSAID] = "used length without the flag that vouches for it",
	[MODEL_MISCHIEF_STATUS_NONE] = "status byte never written",
	[MODEL_MISCHIEF_STATUS_ODD] = "undefined status",
	[MODEL_MISCHIEF_DATA_NONE] = "OK without data",
	[MODEL_MISCHIEF_WITHHELD] = "completion withheld",
	[MODEL_MISCHIEF_SCRIBBLE] = "descriptor area overwritten",
	[MODEL_MISCHIEF_ORDER_AHEAD] = "used id ahead of the order",
	[MODEL_MISCHIEF_ORDER_STALE] = "used id of the batch before",
	[MODEL_MISCHIEF_BATCH_LONG] = "moves on by more than the batch",
	[MODEL_MISCHIEF_BATCH_SKIPS] = "a skipped request not carried out",
	[MODEL_MISCHIEF_QUEUE_RESET_STUCK] = "queue reset never ends",
	[MODEL_MISCHIEF_QUEUE_RESET_RUNS] = "a queue that was reset runs on",
	[MODEL_MISCHIEF_EVENT_ODD] = "nonsense in the event words",
	[MODEL_MISCHIEF_IRQ_NONE] = "no interrupt",
	[MODEL_MISCHIEF_IRQ_SPURIOUS] = "spurious interrupts",
	[MODEL_MISCHIEF_FEATURES_REFUSED] = "FEATURES_OK refused",
	[MODEL_MISCHIEF_FEATURES_DROPPED] = "FEATURES_OK dropped later",
	[MODEL_MISCHIEF_CONFIG_TORN] = "configuration changes while it is read",
	[MODEL_MISCHIEF_RESET_STUCK] = "status never 0 after a reset",
	[MODEL_MISCHIEF_NEEDS_RESET] = "DEVICE_NEEDS_RESET",
	[MODEL_MISCHIEF_ALL_ONES] = "registers read as all ones",
	[MODEL_MISCHIEF_QUEUE_REFUSED] = "a queue is not enabled",
	[MODEL_MISCHIEF_VECTOR_REFUSED] = "a vector is not taken",
	[MODEL_MISCHIEF_SAY_CAPACITY] = "false capacity",
	[MODEL_MISCHIEF_SAY_BLOCK] = "false blk_size",
	[MODEL_MISCHIEF_SAY_SEG_MAX] = "false seg_max",
	[MODEL_MISCHIEF_SAY_SIZE_MAX] = "false size_max",
	[MODEL_MISCHIEF_SAY_QUEUES] = "false num_queues",
	[MODEL_MISCHIEF_SAY_QUEUE_SIZE] = "false queue size",
	[MODEL_MISCHIEF_SAY_PHYSICAL] = "false physical_block_exp",
	[MODEL_MISCHIEF_SAY_CONFIG_BYTES] = "short configuration space",
	[MODEL_MISCHIEF_SAY_COMMON_BYTES] = "short common configuration",
	[MODEL_MISCHIEF_SAY_NOTIFY_BYTES] = "short notify structure",
	[MODEL_MISCHIEF_SAY_MULTIPLIER] = "false notify_off_multiplier",
	[MODEL_MISCHIEF_CAP_LOOP] = "capability list in a circle",
	[MODEL_MISCHIEF_CAP_BAR] = "capability names BAR 6",
	[MODEL_MISCHIEF_CAP_PAST] = "capability past its BAR",
	[MODEL_MISCHIEF_CAP_WRAP] = "capability wraps 32 bits",
	[MODEL_MISCHIEF_CAP_SHORT] = "capability too short",
	[MODEL_MISCHIEF_CAP_MISSING] = "capability missing",
	[MODEL_MISCHIEF_CAP_ODD] = "capability misaligned",
	[MODEL_MISCHIEF_NOTIFY_PAST] = "doorbell past the notify structure",
	[MODEL_MISCHIEF_MSIX_PAST] = "MSI-X table past its BAR",
	[MODEL_MISCHIEF_SAY_PORTS] = "another number of ports",
	[MODEL_MISCHIEF_FLR_NONE] = "a function-level reset does not help",
	[MODEL_MISCHIEF_FLR_LOST] = "gone after a function-level reset",
	[MODEL_MISCHIEF_SAY_MAGIC] = "false MagicValue",
	[MODEL_MISCHIEF_SAY_VERSION] = "false Version",
	[MODEL_MISCHIEF_SAY_DEVICE_ID] = "false DeviceID",
	[MODEL_MISCHIEF_QUEUE_READY] = "a queue in use before it is set up",
	[MODEL_MISCHIEF_ISR_STUCK] = "interrupt cause that never clears",
};

const char *
model_breach_text(model_breach breach)
{
	const char *text = breach < MODEL_BREACH_COUNT ? breach_texts[breach] : 0;

	return text != 0 ? text : "unknown breach";
}

const char *
model_mischief_text(model_mischief what)
{
	const char *text = what < MODEL_MISCHIEF_COUNT ? mischief_texts[what] : 0;

	return text != 0 ? text : "unknown mischief";
}
