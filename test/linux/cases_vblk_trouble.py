# SPDX-License-Identifier: MIT
"""What our programs do of flushes that fail, back ends that answer nothing, and lost writes."""
import json
import os
import signal
import struct
import threading

import backend as b
from bed import MIB, ROOT, await_, expect, expect_equal, expect_says, listening, pattern
from cases_fio import ours
from cases_vblk import expect_same, read, write
from nbd import Client, Nbdkit

FLUSH = 4


def cases():
    for function in (refused_flush, no_flush, lost_writes, silent, silent_info, silent_nbdkit,
                     silent_fio, no_memory, lost_kicks, huge_nbd, five_minutes):
        yield "trouble/" + function.__name__.replace("_", "-"), function


def kind(connection, parts):
    return struct.unpack("=I", connection.read(parts[0][0], 4))[0]


def refused_flush(bed):
    """A flush that is offered, and then answered with an error, fails what asked for it."""
    data = write(bed.path("data"), pattern(1, 0, 64 * 512))
    for status in (b.UNSUPPORTED, b.IOERR):
        trial = b.Backend(bed, on_request_ring=lambda c, p, s=status: (
            (s, 0) if kind(c, p) == FLUSH else c.execute(p)))
        for words in (("copy", data, trial.url()), ("write", trial.url(), "0", "-i", data)):
            process = bed.orion("vblk", *words, status=2)
            expect_says("the flush at the end failed", process.err)
        fio = bed.start("fio", ours(bed), "--url=" + trial.url(), "--name=a", "--rw=write",
                        "--bs=4k", "--number_ios=4", "--fsync=2")
        fio.wait(None)
        expect(fio.child.returncode != 0, "fio took a flush that failed for one that did not")
        server = Nbdkit(bed, trial.url())
        client = Client(server)
        expect_equal((client.write(0, bytes(512)), client.flush()), (0, 5), "write and flush")
        server.stop()
        trial.close()


def no_flush(bed):
    """A device that offers no flush promises nothing: that is said, and no failure."""
    data = write(bed.path("data"), pattern(1, 0, 64 * 512))
    trial = b.Backend(bed)
    trial.features &= ~b.FLUSH
    for words in (("copy", data, trial.url()), ("write", trial.url(), "0", "-i", data)):
        expect_says("promises nothing", bed.orion("vblk", *words).err)
    expect_says("cannot flush, and promises nothing",
                bed.orion("vblk", "flush", trial.url(), status=2).err)
    found = bed.report("copy", data, trial.url())
    expect_equal((found["result"], found["flushed"]), ("complete", False), "result, flushed")
    found = bed.report("info", trial.url())["disks"][0]
    expect_equal(found["durability"], "promises nothing", "durability")
    expect_equal(bed.orion("vblk", "copy", data, trial.url(durable="on")).err, "", "words")
    server = Nbdkit(bed, trial.url())
    said = json.loads(bed.run("nbdinfo", "--json", server.uri))["exports"][0]
    expect_equal((said["can_flush"], said["can_fua"]), (False, False), "can_flush, can_fua")
    server.stop()
    fio = bed.start("fio", ours(bed), "--url=" + trial.url(), "--name=a", "--rw=write",
                    "--bs=4k", "--number_ios=4", "--fsync=2")
    fio.wait()
    expect_says("promises nothing", fio.err)


def lost_writes(bed):
    """The back end dies in the middle and loses what was not flushed: it is copied again."""
    trial, source = b.Backend(bed, 16 * MIB), bed.image(16 * MIB, 5, "source")
    stable, count = bytearray(16 * MIB), iter(range(1 << 20))

    def serve(connection, parts):
        if kind(connection, parts) == FLUSH:
            stable[:] = trial.disk
        elif next(count) == 40:
            trial.disk[:] = stable
            raise b.HungUp
        return connection.execute(parts)

    trial.on_request_ring = serve
    process = bed.orion("vblk", "copy", source, trial.url())
    expect_says("may have lost .*copying again from byte 0", process.err)
    expect_same(bytes(stable), read(source), "what is stable")


def stopping(bed, after):
    """A back end that answers AFTER requests and then nothing more."""
    trial, open_ = b.Backend(bed, 4 * MIB), threading.Event()

    def serve(connection, parts):
        if trial.served >= after:
            while not trial.stopping.is_set() and not open_.wait(0.05):
                pass
            if trial.stopping.is_set():
                raise b.HungUp
        return connection.execute(parts)

    trial.on_request_ring = serve
    return trial


def silent(bed):
    """copy and bench say what they wait for, and end when they are to."""
    trial = stopping(bed, 4)
    process = bed.start(bed.program("vblk"), "copy", trial.url(answer="200ms"), bed.path("out"))
    await_(lambda: "waiting for" in process.err or not process.alive(), "copy to say so")
    process.signal(signal.SIGTERM)
    process.wait(130)
    expect_says("requests in flight: nothing for", process.err)
    for words in (("--time=1",), ("--time=1", "--rw=randwrite", "--destroy")):
        process = bed.orion("vblk", "bench", stopping(bed, 4).url(answer="200ms"), *words,
                            status=2)
        expect_says("requests did not come back", process.err)
    process = bed.start(bed.program("vblk"), "copy", write(bed.path("data"), bytes(512)),
                        stopping(bed, 1).url(answer="200ms"))      # the flush
    await_(lambda: "waiting for a flush" in process.err or not process.alive(), "copy to say so")
    process.signal(signal.SIGINT)
    process.wait(None)
    expect(process.child.returncode in (2, 130), "the copy counts as done")


def silent_info(bed):
    process = bed.orion("vblk", "info", stopping(bed, 0).url(answer="200ms"), status=2)
    expect_says("serial number: .*did not answer in time", process.err)
    expect_says(r"bytes +4194304 \(4 MiB\)", process.out)


def silent_nbdkit(bed):
    """nbdkit ends in order, and a client is told."""
    server = Nbdkit(bed, stopping(bed, 0).url(answer="200ms"))
    client = Client(server)
    result = []
    thread = threading.Thread(target=lambda: result.append(client.read(0, 4096)[0]))
    thread.start()
    await_(lambda: "waiting for it" in server.process.err, "nbdkit to say what it waits for")
    server.process.signal(signal.SIGTERM)
    thread.join()
    client.socket.close()               # nbdkit waits for its clients
    server.process.wait()
    expect_equal(result, [5], "the read")


def silent_fio(bed):
    fio = bed.start("fio", ours(bed), "--url=" + stopping(bed, 8).url(answer="200ms"), "--name=a",
                    "--rw=randread", "--iodepth=4", "--bs=4k", "--time_based", "--runtime=60")
    await_(lambda: "waiting for" in fio.err or not fio.alive(), "fio to say what it waits for")
    fio.signal(signal.SIGINT)
    fio.wait(None)
    expect(fio.child.returncode != 0, "fio counts it as done")
    expect_says("requests did not come back", fio.err)


def no_memory(bed):
    """A back end without memory slots: jobs that get none of the disk's memory run all the same."""
    trial = b.Backend(bed, 8 * MIB)
    trial.protocol &= ~b.P_SLOTS
    fio = bed.start("fio", ours(bed), "--url=" + trial.url(queues=4), "--name=a", "--rw=randwrite",
                    "--numjobs=4", "--bs=64k", "--iodepth=32", "--size=2m", "--verify=crc32c",
                    "--offset_increment=2m", "--verify_state_save=0")
    fio.wait()


def lost_kicks(bed):
    """A kick that gets lost costs a second, not for ever, in each program."""
    count = iter(range(1 << 30))
    trial = b.Backend(bed, 8 * MIB, on_kick=lambda: next(count) % 3 != 1)
    source = bed.image(8 * MIB, 1, "source")
    bed.orion("vblk", "copy", source, trial.url())
    expect_same(bytes(trial.disk), read(source), "the disk")
    bed.orion("vblk", "verify", source, trial.url())
    bed.orion("vblk", "bench", trial.url(), "--count=6", "--depth=1")
    server = Nbdkit(bed, trial.url())
    client = Client(server)
    expect_equal((client.read(0, 4096)[0], client.write(0, bytes(512)), client.flush()),
                 (0, 0, 0), "by nbdkit")
    server.stop()


def huge_nbd(bed):
    """Sizes near the greatest that NBD can say, and beyond it."""
    trial = b.Backend(bed)
    full = trial.config
    for sectors, works in (((1 << 54) - 1, True), (1 << 54, False)):
        trial.config = lambda n=sectors: struct.pack("=Q", n) + full()[8:]
        at = bed.socket()
        process = bed.start("nbdkit", "-f", "-U", at, bed.program("nbdkit-orion-plugin.so"),
                            trial.url())
        await_(lambda p=process: listening(at) or not p.alive(), "nbdkit to listen")
        info = bed.start("nbdinfo", "--size", f"nbd+unix:///?socket={at}")
        info.wait(0 if works else 1)
        if works:
            expect_equal(info.out.strip(), str(sectors * 512), "size")
        else:
            expect_says("more than NBD can say", process.err)
        process.signal(signal.SIGTERM)
        process.wait()


def five_minutes(bed):
    """The first block of docs/linux.md, typed as it stands, but for its first line."""
    with open(os.path.join(ROOT, "docs/linux.md"), encoding="utf-8") as f:
        block = f.read().partition("## In five minutes\n\n")[2].partition("\n\n")[0]
    lines = [line[4:] for line in block.splitlines()]
    expect_equal(lines[0], "make linux plugins", "the first line")
    for name in ("vblk", "fio-orion.so", "nbdkit-orion-plugin.so"):
        bed.program(name)
    os.symlink(os.path.dirname(bed.program("vblk")), bed.path("build"))
    script = f"cd {bed.folder} && set -e\n" + "\n".join(lines[1:])
    said = bed.run("sh", "-c", script)
    expect_says(r"^  bytes +67108864 \(64 MiB\)$", said)
    expect_says("^copied 16 MiB", said)
    expect_says("^the same: 16 MiB", said)
    expect(os.path.getsize(bed.path("latency.svg")) > 0, "there is no picture")
