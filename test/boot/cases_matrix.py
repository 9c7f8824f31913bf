# SPDX-License-Identifier: MIT
"""The same small scenario on every shape of queue that QEMU offers."""
import itertools

from boot import MIB, KIB, expect, expect_pattern, fsck, hash_of, sha256

LAYOUT = {"split": "packed=off", "packed": "packed=on"}
QUEUES = {"1q": 1, "4q": 4}
SIZES = (4, 256, 1024)
EVENT = {"event": "event_idx=on", "flags": "event_idx=off"}
INDIRECT = {"indirect": "indirect_desc=on", "direct": "indirect_desc=off"}

FS, SIZE = 4 * MIB, 6 * MIB
SCRIPT = """
disk list
disk hash vd0
disk write vd0 4M 300k pattern:7
disk write vd0 5238784 512 pattern:8
disk verify vd0 4M 300k pattern:7
disk flush vd0
disk hash vd0 4M 2M
! disk verify vd0 4M 300k pattern:9
disk bench vd0 randread bs=4k depth=8 count=400 queues={queues}
virtio-queue-stats vd0
"""


def scenario(layout, queues, size, event, indirect):
    def run(guest):
        image = guest.ext4("a.img", FS, SIZE)
        before = sha256(image)
        args = ",".join([LAYOUT[layout], f"num-queues={QUEUES[queues]}", f"queue-size={size}",
                         EVENT[event], INDIRECT[indirect]])
        out = guest.good(SCRIPT.format(queues=QUEUES[queues]), DISK=image, CPUS=QUEUES[queues],
                         DEVICE_ARGS=args)
        expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
        expect_pattern(image, 7, 4 * MIB, 300 * KIB)
        expect_pattern(image, 8, 5238784, 512)
        expect(hash_of(out, 1) == sha256(image, 4 * MIB, 2 * MIB),
               "the hash of the written range is not what the host finds there")
        expect(sha256(image, 0, FS) == sha256(guest.ext4("b.img", FS), 0, FS),
               "bytes changed outside of what was written")
        fsck(image)
    return run


def cases():
    for layout, queues, size, event, indirect in itertools.product(LAYOUT, QUEUES, SIZES, EVENT,
                                                                   INDIRECT):
        yield (f"matrix:{layout}.{queues}.{size}.{event}.{indirect}",
               scenario(layout, queues, size, event, indirect))
