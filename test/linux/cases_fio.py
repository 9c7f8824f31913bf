# SPDX-License-Identifier: MIT
"""fio on our disk, by its engine: what is written is read back and its sums agree, also by engines
that are not ours, and also when the back end is killed meanwhile."""
import collections
import json
import os

from bed import MIB, await_, expect, expect_equal, expect_says
from nbd import Nbdkit

Shape = collections.namedtuple("Shape", "blocks depth jobs megabytes words", defaults=[""])
SHAPES = [Shape("512", 1, 1, 2), Shape("4k", 32, 2, 16), Shape("64k", 8, 2, 16, "--fsync=16"),
          Shape("1m", 4, 1, 32),
          Shape("512-128k", 128, 2, 16, "--iodepth_batch=16 --iodepth_batch_complete_max=64")]


def verified(shape):
    """The words of jobs that each write their megabytes, apart from each other, and verify them."""
    blocks = "bsrange" if "-" in shape.blocks else "bs"
    return ["--name=job", "--rw=randwrite", f"--{blocks}={shape.blocks}",
            f"--iodepth={shape.depth}", f"--numjobs={shape.jobs}", f"--size={shape.megabytes}m",
            f"--offset_increment={shape.megabytes}m", "--verify=crc32c", "--verify_fatal=1",
            "--verify_state_save=0", *shape.words.split()]


def fio(bed, engine, *words):
    return bed.start("fio", "--output-format=json", engine, *words)


def ours(bed):
    return "--ioengine=external:" + bed.program("fio-orion.so")


def result(process, status=0):
    """The jobs of fio's report."""
    said = process.wait(status)
    return json.loads(said[said.index("{"):])["jobs"]


def expect_whole(jobs, shape):
    """Every job wrote, and then verified, all of its part."""
    each = shape.megabytes * MIB
    expect_equal(len(jobs), shape.jobs, "jobs")
    for job in jobs:
        expect_equal(job["error"], 0, "error of a job")
        expect_equal((job["write"]["io_bytes"], job["read"]["io_bytes"]), (each, each),
                     "bytes written and verified")


def verify(bed, shape):
    daemon = bed.daemon(bed.image(32 * MIB), num_queues=2)
    process = fio(bed, ours(bed), "--url=" + daemon.url(queues=2), *verified(shape))
    expect_whole(result(process), shape)
    expect("copied" not in process.err, "fio's memory was copied")
    # The same sums, looked for in the image by fio's own engine.
    process = fio(bed, "--ioengine=psync", "--filename=" + daemon.image, "--verify_only",
                  *verified(shape))
    expect(all(j["error"] == 0 for j in result(process)), "fio finds other sums in the image")


def notices(bed):
    """A wrong byte in the image is found through the engine."""
    shape = Shape("4k", 16, 1, 16)
    daemon = bed.daemon(bed.image(16 * MIB), num_queues=1)
    expect_whole(result(fio(bed, ours(bed), "--url=" + daemon.url(), *verified(shape))), shape)
    with open(daemon.image, "r+b") as f:
        f.seek(5 * MIB + 1234)
        byte = f.read(1)
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([byte[0] ^ 1]))
    process = fio(bed, ours(bed), "--url=" + daemon.url(), "--verify_only", *verified(shape))
    result(process, None)
    expect(process.child.returncode != 0, "fio did not notice a wrong byte")
    expect_says(r"verify.*offset 5242880", process.err)


def killed(bed):
    """The daemon is killed four times while fio writes and verifies: no error, no wrong sum."""
    shape = Shape("4k", 32, 2, 64, "--fsync=64 --rate_iops=6000")
    whole = shape.jobs * shape.megabytes * MIB
    daemon = bed.daemon(bed.image(whole), num_queues=2)
    process = fio(bed, ours(bed), "--url=" + daemon.url(queues=2, durable="on"),
                  *verified(shape))

    def written():
        return os.stat(daemon.image).st_blocks * 512

    for part in (0.1, 0.4, 0.7, 1.0):
        await_(lambda: written() >= part * whole or not process.alive(), f"{part} of the writes")
        expect(process.alive(), "fio ended before the daemon was killed")
        expect(part == 1.0 or written() < whole, "all was written before the daemon was killed")
        daemon.kill9()
        daemon.start()
    expect_whole(result(process), shape)
    expect_equal(process.err.count("connected again"), 4, "times that the daemon came back")


def cut_short(bed, words, **options):
    """fio's messages when the daemon is killed in the middle, started again or not."""
    daemon = bed.daemon(bed.image(8 * MIB))
    process = fio(bed, ours(bed), "--url=" + daemon.url(**options), "--name=job", "--rw=write",
                  "--rate_iops=2000", *words)
    await_(lambda: os.stat(daemon.image).st_blocks > 0 or not process.alive(), "the first write")
    expect(process.alive(), "fio ended before the daemon was killed")
    daemon.kill9()
    if "loss" not in options:
        daemon.start()
    process.wait(1)
    return process.err


def stale(bed):
    """Writes may have died with the daemon: the flush at the end says so."""
    expect_says(r"flush: Stale file handle", cut_short(bed, ["--end_fsync=1"]))


def gone(bed):
    """The daemon does not come back: every request fails, and the reason is told."""
    said = cut_short(bed, ["--iodepth=4"], loss="100ms")
    expect_says(r"No such device: write", said)
    expect_says(r"^fio: .*requests fail until it is back: .*no such socket", said)


def nbd(bed):
    """fio's own NBD engine writes by way of the nbdkit plugin; our engine verifies."""
    shape = Shape("512-64k", 16, 2, 16)
    daemon = bed.daemon(bed.image(32 * MIB), num_queues=4)
    server = Nbdkit(bed, daemon.url())
    process = fio(bed, "--ioengine=nbd", "--uri=" + server.uri, "--thread", *verified(shape))
    expect_whole(result(process), shape)
    server.stop()
    process = fio(bed, ours(bed), "--url=" + daemon.url(queues=2), "--verify_only",
                  *verified(shape))
    expect(all(j["error"] == 0 for j in result(process)), "our engine finds other sums")


def in_turn(bed):
    """Jobs that run one after the other need one queue."""
    daemon = bed.daemon(bed.image(1 * MIB))
    process = fio(bed, ours(bed), "--url=" + daemon.url(), "--size=1m", "--name=first",
                  "--rw=write", "--name=second", "--stonewall", "--rw=read")
    first, second = result(process)
    expect_equal((first["write"]["io_bytes"], second["read"]["io_bytes"]), (MIB, MIB), "bytes")


WRONG = [
    ("", "", r"needs url="),
    ("{url}", "--filename=x", r"neither filename nor nrfiles"),
    ("vhost-user:{folder}/none", "", r"there is no such socket"),
    ("{url}?quees=2", "", r'no option "quees"; there are queues'),
    ("{url}?queues=2", "--numjobs=3", r"the disk has 2.*lower numjobs, or try queues=3"),
    ("{url}", "--iodepth=200", r"iodepth=200.*takes 128.*try depth=200"),
    ("{url}", "--rw=trim", r"trims, which this engine can't"),
    ("{url}?read-only=on", "--rw=write", r"the disk is read-only"),
    ("{url}", "--bs=1000", r"multiples of 512"),
    ("{url}", "--mem=mmap", r"conflicts with specified IO engine"),
]


def wrong(bed):
    """Every job that can't be says why, and what would be right."""
    daemon = bed.daemon(bed.image(1 * MIB), num_queues=2)
    for url, word, wanted in WRONG:
        url = "--url=" + url.format(url=daemon.url(), folder=bed.folder)
        words = [url] if url != "--url=" else []
        process = fio(bed, ours(bed), *words, "--name=job", "--rw=read", *word.split())
        process.wait(None)
        expect(process.child.returncode != 0, f"fio took {url} {word}")
        expect_says(wanted, process.err)


def cases():
    for shape in SHAPES:
        yield f"fio/verify:{shape.blocks}.{shape.depth}", lambda bed, s=shape: verify(bed, s)
    for run in (notices, killed, stale, gone, nbd, in_turn, wrong):
        yield "fio/" + run.__name__, run
