# SPDX-License-Identifier: MIT
"""Opening a disk: what works at once, and what every wrong beginning says."""
from bed import MIB


def cases():
    yield "open/daemon", daemon


def daemon(bed):
    server = bed.daemon(bed.image(8 * MIB, 1), num_queues=2)
    bed.orion("vblk", "info", server.url(queues=2))
