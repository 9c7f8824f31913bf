# SPDX-License-Identifier: MIT
"""A back end that lies on the rings, or promises what makes no sense, or less than before."""
import itertools
import struct

import backend as b
from backend import HungUp
from bed import expect, expect_says
from hostile import Trial


def cases():
    for name, (forge, connections) in RINGS.items():
        yield f"hostile/ring:{name}", lambda bed, f=forge, c=connections: ring(bed, f, c)
    for run in (ring_always, statuses, features, read_only, one_queue, blocks, odd_configs,
                lost_flush):
        yield "hostile/" + run.__name__, run


# ---- the rings ----

def ring(bed, forge, connections):
    """Once, the used ring says what FORGE makes of (head, length): the request is done all the same
    (on another connection, if that was a lie), and the data is right."""
    trial, count = Trial(bed), itertools.count()
    trial.backend.on_used = lambda queue, head, length: (
        forge(head, length) if next(count) == 3 else [(head, length)])
    trial.probe.open(trial.backend.url(wait="event"))
    for i in range(6):
        for verb in ("write", "verify"):
            trial.probe.expect(f"{verb} {i * 16384} 16384 {i}", "0")
    trial.probe.expect_says("info", f"connections={connections} ")
    trial.probe.expect("close", "0")
    trial.probe.expect("fds", trial.fds)


RINGS = {
    "id_too_large": (lambda head, length: [(head + 0x10000, length)], 2),
    "id_not_lent": (lambda head, length: [(head + 1, length)], 2),
    "id_twice": (lambda head, length: [(head, length), (head, length)], 2),
    "index_leaps": (lambda head, length: [(head, length)] * 1000, 2),
    "length_too_large": (lambda head, length: [(head, 0xffffffff)], 1),
    "length_zero": (lambda head, length: [(head, 0)], 1),
}


def ring_always(bed):
    """A back end that lies always is given up, after five connections."""
    trial = Trial(bed)
    trial.backend.on_used = lambda queue, head, length: [(head + 0x10000, length)]
    trial.probe.open(trial.backend.url())
    trial.probe.expect("write 0 4096 1", "ENODEV")
    trial.probe.expect_says("text", "requests fail until .*: the back end broke the protocol again")


def statuses(bed):
    """A status byte that is missing or unknown is an error of that request, and of nothing else."""
    trial, answers = Trial(bed), iter((None, 3, 77, 255, b.IOERR, b.UNSUPPORTED, b.OK))
    trial.backend.on_request_ring = lambda connection, parts_: (next(answers), 4096)
    trial.probe.open(trial.backend.url())
    for result in ("EIO", "EIO", "EIO", "EIO", "EIO", "EOPNOTSUPP", "0"):
        trial.probe.expect("write 0 4096 1", result)
    trial.probe.expect_says("info", "connections=1 ")


# ---- what is promised ----

def features(bed):
    trial = Trial(bed)
    trial.backend.features = b.VERSION_1
    trial.refused("EOPNOTSUPP", "does not negotiate protocol features")
    trial.backend.features = 0
    trial.refused("EOPNOTSUPP", "does not negotiate protocol features")
    trial.backend.features = b.PROTOCOL
    trial.refused("EOPNOTSUPP", "does not offer VIRTIO_F_VERSION_1")
    trial.backend.features = (1 << 64) - 1 - (1 << 34) - (1 << 29) - (1 << 35) - b.RO - (1 << 11)
    trial.probe.expect_says("open " + trial.backend.url(), "")
    trial.probe.expect("close", "0")
    trial.again_honest()


def read_only(bed):
    trial = Trial(bed)
    trial.backend.features |= b.RO
    trial.probe.open(trial.backend.url())
    trial.probe.expect("write 0 4096 1", "refused EROFS")
    trial.probe.expect("read 0 4096", "0")
    trial.probe.expect("flush", "0")
    trial.probe.expect_says("info", "read-only=1")


def one_queue(bed):
    trial = Trial(bed)
    trial.backend.queues = 1
    trial.probe.open(trial.backend.url(queues=16))
    trial.probe.expect_says("info", "queues=1 ")
    trial.probe.expect("queue 1", "ENOENT")
    trial.probe.expect("write 0 4096 1", "0")


def blocks(bed):
    trial = Trial(bed, block=4096)
    trial.probe.open(trial.backend.url())
    trial.probe.expect_says("info", "block=4096 ")
    trial.probe.expect("write 0 512 1", "refused EINVAL")
    trial.probe.expect("write 512 4096 1", "refused EINVAL")
    trial.probe.expect("write 4096 8192 1", "0")
    trial.probe.expect("sync-verify 4096 8192 1", "0")


def odd_configs(bed):
    """Sizes that make no sense are refused or made harmless; none crashes or hangs."""
    trial = Trial(bed)
    for block in (0, 1, 511, 513, 3 << 20, 0xffffffff):
        trial.backend.block = block
        trial.probe.expect_says("open " + trial.backend.url(),
                                "^0|^E[A-Z]+ .*(block|field blk_size)")
        trial.probe.expect("close", "0")
    trial.backend.block = 512
    full = trial.backend.config
    for sectors, told in ((0, 0), (1, 512), ((1 << 55) + 1, 1 << 64), ((1 << 64) - 1, 1 << 64)):
        trial.backend.config = lambda: struct.pack("=Q", sectors) + full()[8:]
        trial.probe.open(trial.backend.url())
        found = int(trial.probe.ask("info").split()[0].partition("=")[2])
        expect(told - 4096 <= found <= told, f"{sectors} sectors are {found} bytes")
        if told < 1 << 64:
            trial.probe.expect(f"write {told} 512", "refused ERANGE")
        trial.probe.expect("close", "0")
    moving = itertools.count(100)
    trial.backend.config = lambda: struct.pack("=Q", next(moving)) + full()[8:]
    trial.probe.expect_says("open " + trial.backend.url(), "^E[A-Z]+ .+")
    del trial.backend.config
    trial.again_honest()


def lost_flush(bed):
    """A back end that offered FLUSH, and comes back without it, is not taken."""
    trial = Trial(bed)

    def die(connection, parts_):
        if trial.backend.connections > 1:
            return connection.execute(parts_)
        trial.backend.features &= ~b.FLUSH
        raise HungUp
    trial.backend.on_request_ring = die
    trial.probe.open(trial.backend.url(loss="500ms"))
    trial.probe.expect("write 0 4096 1", "ENODEV")
    trial.probe.expect_says("text", "requests fail until it is back: .*without flush")
    trial.probe.expect("close", "0")
    trial.probe.expect("fds", trial.fds)
