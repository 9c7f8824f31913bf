# SPDX-License-Identifier: MIT
"""Mutants of the CCW transport: rows for test/rules/mutants.py."""

CCW, IRQ = "src/device/ccw.c", "src/device/ccw_interrupt.c"
ROWS = []


def row(name, file, old, new, tests, why, **more):
    ROWS.append((("ccw-" + name, file, old, new, " ".join("unit/device_ccw__" + t
                                                          for t in tests.split()), why), more))


row("revision", CCW, "be16_put(data, revision);", "be16_put(data, 1);",
    "highest_revision_first", "revision 1 is asked for twice")
row("revision-0", CCW, "revision >= VIRTIO_CCW_REVISION_LEAST;", "revision < 3;",
    "legacy_is_refused", "revision 0 is tried, too")
row("step-down", CCW, "if (status != ORION_NOT_SUPPORTED) return status; } report",
    "if (status == ORION_OK) return status; } report", "opening_fails",
    "any failure is taken for a revision that is too high")
row("left-enabled", CCW, "else (void)host->enable(port_context, device, false);", "",
    "legacy_is_refused opening_fails", "what was refused stays enabled")
row("status-1", CCW, "if (ccw->revision >= VIRTIO_CCW_REVISION_STATUS && !fetch", "if (!fetch",
    "status_of_revision_1", "the status is read below revision 2")
row("status-rejected", CCW, "&done) == ORION_OK) ccw->status = status;",
    "&done) != ORION_TIMED_OUT) ccw->status = status;", "status_of_revision_1",
    "a status that was rejected passes for the device's")
row("reset-failed", CCW, "ccw->status = VIRTIO_STATUS_GONE; return;", "ccw->status = 0; return;",
    "status_of_revision_1", "a reset that failed passes for done")
row("features-lost", CCW, "ccw->features_lost = true;", ";", "commands_fail",
    "features that the device lost pass for taken")
row("start-lost", CCW, "ccw->start_lost = (status & VIRTIO_STATUS_DRIVER_OK) != 0;", ";",
    "commands_fail", "a device that was not told to start passes for one that was")
row("features-word", CCW, "data[VIRTIO_CCW_FEAT_INDEX] = word; if (!fetch", "if (!fetch",
    "features", "both words of features are the first")
row("features-order", CCW, "cpu_to_le32((uint32_t)(features >> (32 * word)))",
    "cpu_to_le32(__builtin_bswap32((uint32_t)(features >> (32 * word))))", "features",
    "features go out big-endian")
row("foreign", CCW, "| VIRTIO_BIT(VIRTIO_F_RING_RESET))", ")", "features",
    "queues are taken for resettable")
row("suspend", CCW, "foreign |= VIRTIO_BIT(VIRTIO_F_SUSPEND);", "", "features",
    "a device whose status cannot be read may be suspended")
row("short", CCW, "if (status == ORION_OK && done >= bytes)", "if (status == ORION_OK)",
    "short_answers", "what the device did not send is believed")
row("config-long", CCW, "|| done == 0 || done > bytes)", "|| done == 0)", "short_answers",
    "more bytes than there is room for are counted as configuration")
row("config-length", CCW, "ccw->config_bytes != 0 ? ccw->config_bytes : CCW_CONFIG_BYTES",
    "CCW_CONFIG_BYTES", "configuration", "more is asked for than the device is known to have")
row("config-same", CCW, "(ccw->config[i] == data[i] || !ccw->config_read[i])", "true",
    "configuration what_nobody_reads", "a change of the configuration is not noticed")
row("config-unread", CCW, "|| !ccw->config_read[i]", "", "what_nobody_reads",
    "bytes that nobody reads count as changes")
row("config-read-for-ever", CCW, "ccw->config_read[i] = false;", "",
    "what_nobody_reads", "bytes that somebody read long ago count as changes")
row("config-failed", CCW, "if (!config_refresh(ccw)) ccw->generation++;",
    "(void)config_refresh(ccw);", "commands_fail",
    "a configuration that cannot be read is the same as before")
row("config-outside", CCW, "width > ccw->config_bytes - offset) return UINT32_MAX;",
    "width > 4) return UINT32_MAX;", "configuration", "a field may end outside")
row("vq-reserved", CCW, "be16_put(data + VIRTIO_CCW_VQ_INDEX, queue);",
    "be16_put(data + VIRTIO_CCW_VQ_INDEX - 2, queue);", "queues", "a queue's index is misplaced")
row("position", CCW, "{NULL, queue, 4, ccw->position}", "{NULL, queue, 4, false}", "queues",
    "kicks don't tell where the ring stands")
row("cookie", CCW, "ccw->kick_cookies[queue] = cookie < 0 ? 0 : cookie;",
    "ccw->kick_cookies[queue] = cookie;", "kicks", "an error is taken for a cookie")
row("cookie-old", CCW, "ccw->kick_cookies[queue] = 0; *doorbell", "*doorbell", "kicks",
    "a cookie outlives its queue")
row("quarantine", CCW, "if (!ccw->indicators_set) ccw->port", "ccw->port",
    "indicators_in_quarantine",
    "indicators are given back that a device may still write to")
row("vectors-unset", CCW, "ccw->queue_vectors[i] = VIRTIO_NO_VECTOR;",
    "ccw->queue_vectors[i] = 0;", "classic_indicators:none",
    "a queue that was not enabled interrupts as another")
row("both", IRQ, "if (status == ORION_NOT_SUPPORTED) { if (ccw->adapter)",
    "{ if (ccw->adapter)", "adapter_indicators", "the device is told of both kinds of indicators")
row("no-fallback", IRQ, "if (status == ORION_NOT_SUPPORTED) { if (ccw->adapter)",
    "if (!ccw->adapter) { if (ccw->adapter)", "classic_indicators:unknown",
    "a device that knows no adapter goes without interrupts")
row("from-the-left", IRQ, "ccw->adapter ? INDICATORS - 1 - i : i", "i", "adapter_indicators",
    "an adapter's indicators are counted from the right")
row("not-taken", IRQ, "arch_exchange32(word, 0),", "*(uint32_t *)(void *)word,",
    "adapter_indicators", "indicators of queues are not cleared")
row("told-twice", IRQ, "if (ccw->indicators_set) return ORION_OK;", "",
    "indicators_are_told_once", "the device is told twice where the indicators are")
row("wire-kept", IRQ, "if (ccw->adapter) wire_detach(ccw, ADAPTER); ccw->wires_attached",
    "ccw->wires_attached", "adapter_indicators", "the adapter's interrupt is not given back")
row("summary", IRQ, "be64_put(data + VIRTIO_CCW_THIN_SUMMARY, adapter->summary);", "",
    "adapter_indicators", "the device is not told where the summary is")
