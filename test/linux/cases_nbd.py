# SPDX-License-Identifier: MIT
"""The nbdkit plugin by itself: what it offers, what it refuses, and what it says when the back end
dies.  File systems on it are in cases_fs.py."""
import errno
import json
import os
import signal

from bed import KIB, MIB, await_, expect, expect_equal, expect_pattern, expect_says, listening
from nbd import Client, Nbdkit


def info(bed):
    common = {"can_flush": True, "can_multi_conn": True, "can_trim": False,
              "block_size_preferred": 4096, "export-size": 8 * MIB}
    for block, writable in ((512, "on"), (4096, "on"), (512, "off")):
        daemon = bed.daemon(bed.image(8 * MIB), logical_block_size=block, writable=writable)
        server = Nbdkit(bed, daemon.url())
        said = json.loads(bed.run("nbdinfo", "--json", server.uri))["exports"][0]
        wanted = dict(common, is_read_only=writable == "off", can_fua=writable == "on",
                      block_size_minimum=block)
        expect_equal({k: said[k] for k in wanted}, wanted, f"{block}, writable={writable}")
        server.stop()


def copy(bed):
    """A whole disk by nbdcopy, which uses several connections, there and back."""
    daemon = bed.daemon(bed.image(8 * MIB), num_queues=4)
    source = bed.image(8 * MIB, 5, "source.img")
    server = Nbdkit(bed, daemon.url(queues=3))
    bed.run("nbdcopy", "--flush", source, server.uri)
    expect_pattern(daemon.image, 5, 0, 8 * MIB)
    bed.run("qemu-img", "compare", "-f", "raw", "-F", "raw", source, server.uri)
    bed.run("nbdcopy", server.uri, bed.path("back.img"))
    expect_pattern(bed.path("back.img"), 5, 0, 8 * MIB)
    server.stop()


def background(bed):
    """nbdkit forks by default; the disk is opened on the right side of that."""
    daemon = bed.daemon(bed.image(1 * MIB, 6))
    at, pid = bed.socket(), bed.path("pid")
    bed.run("nbdkit", "-U", at, "-P", pid, bed.program("nbdkit-orion-plugin.so"), daemon.url())

    def child():
        if not os.path.exists(pid):
            return None
        with open(pid, encoding="ascii") as f:
            return f.read().strip()

    number = int(await_(child, "nbdkit's child to say its number"))
    try:
        bed.run("nbdcopy", f"nbd+unix:///?socket={at}", bed.path("back.img"))
    finally:
        os.kill(number, signal.SIGTERM)
    expect_pattern(bed.path("back.img"), 6, 0, 1 * MIB)
    await_(lambda: not listening(at), "nbdkit to end")


def misaligned(bed):
    """Requests that are no multiple of the block are refused; the filter makes them possible."""
    daemon = bed.daemon(bed.image(1 * MIB, 7), logical_block_size=4096)
    server = Nbdkit(bed, daemon.url())
    client = Client(server)
    for offset, length in ((512, 4096), (0, 512), (4096, 4097)):
        expect_equal(client.read(offset, length)[0], errno.EINVAL, f"read {offset}+{length}")
        expect_equal(client.write(offset, b"x" * length), errno.EINVAL, f"write {offset}+{length}")
    expect_says(r"write, 512 bytes at 0: .*keep to the block size.*--filter=blocksize",
                server.process.err)
    server.stop()
    expect_pattern(daemon.image, 7, 0, 1 * MIB)

    server = Nbdkit(bed, daemon.url(), "--filter=blocksize")
    client = Client(server)
    expect_equal((client.write(8191, b"ab"), client.flush()), (0, 0), "a small write")
    expect_equal(client.read(8191, 2), (0, b"ab"), "what was written")
    server.stop()
    expect_pattern(daemon.image, 7, 0, 8191)
    expect_pattern(daemon.image, 7, 8193, 1 * MIB - 8193)


def stale(bed):
    """Writes may be lost: each client that was there is told, once, whoever flushes first."""
    daemon = bed.daemon(bed.image(1 * MIB), num_queues=4)
    server = Nbdkit(bed, daemon.url())
    clients = [Client(server) for _ in range(3)]
    expect_equal(clients[0].write(0, b"x" * 4096), 0, "a write")
    daemon.kill9()
    daemon.start()
    expect_equal([c.flush() for c in clients], [errno.EIO] * 3, "the first flush of each")
    expect_says(r"flush, .*perhaps writes that were not flushed", server.process.err)
    expect_equal([c.flush() for c in clients + [Client(server)]], [0] * 4, "flushes after that")
    server.stop()


def durable(bed):
    """The same when the back end is said to keep what it acknowledged, said beside the URL."""
    daemon = bed.daemon(bed.image(1 * MIB), num_queues=4)
    server = Nbdkit(bed, daemon.url(), "durable=on")
    client = Client(server)
    expect_equal(client.write(0, b"x" * 4096), 0, "a write")
    daemon.kill9()
    daemon.start()
    expect_equal((client.flush(), client.read(0, 4096)), (0, (0, b"x" * 4096)), "afterwards")
    server.stop()


def gone(bed):
    """The back end does not come back: requests fail, and nbdkit still ends in order."""
    daemon = bed.daemon(bed.image(1 * MIB))
    server = Nbdkit(bed, daemon.url(loss="100ms"))
    client = Client(server)
    expect_equal(client.read(0, 64 * KIB)[0], 0, "a read")
    daemon.kill9()
    expect_equal(client.read(0, 64 * KIB)[0], errno.EIO, "a read without a back end")
    expect_equal(client.flush(), errno.EIO, "a flush without a back end")
    server.stop()


WRONG = [
    ([], r"URL is missing, such as url=vhost-user:"),
    (["url=disk.img"], r"no URL of a disk: it must look like vhost-user:"),
    (["vhost-user:{folder}/none"], r"there is no such socket"),
    (["vhost-user:{folder}/none", "deth=3"], r'no option "deth"; there are queues, depth'),
    (["vhost-user:{folder}/none", "depth=0"], r"depth"),
]


def wrong(bed):
    """Without -f: what is wrong is said before nbdkit goes to the background."""
    for words, wanted in WRONG:
        process = bed.start("nbdkit", "-U", bed.socket(), bed.program("nbdkit-orion-plugin.so"),
                            *(w.format(folder=bed.folder) for w in words))
        process.wait(1)
        expect_says(wanted, process.err)
    said = bed.run("nbdkit", "--dump-plugin", bed.program("nbdkit-orion-plugin.so"))
    expect("magic_config_key=url\n" in said and "thread_model=parallel\n" in said, said)


def cases():
    for run in (info, copy, background, misaligned, stale, durable, gone, wrong):
        yield "nbd/" + run.__name__, run
