# SPDX-License-Identifier: MIT
"""vblk, the program: what it does to images that the host looks at, and what it says of errors."""
import glob
import os
import re
import signal
import time
import xml.etree.ElementTree

from bed import KIB, MIB, ROOT, Failure, Skip, await_, expect, expect_equal, expect_pattern, \
    expect_says, pattern, reports
from cases_vblk_watch import INTERRUPTED, opened, working


def cases():
    for function in (
            info, info_read_only, info_odd_name, read_write, hexadecimal, refusals, copy_in,
            copy_out_sparse, copy_holes_over_data, target_is_zero, copy_streams,
            copy_between_disks, too_small, odd_end, verify_finds, verify_sizes, interrupt_stream,
            interrupt_waits, interrupt_twice, device_error, no_space, flush_after_loss,
            image_in_use, bench_numbers, bench_writes, bench_interrupted, picture, manual):
        yield "vblk/" + function.__name__.replace("_", "-"), function


# ---- helpers ----

def read(path, offset=0, length=-1):
    with open(path, "rb") as f:
        f.seek(offset)
        return f.read(length)


def write(path, data, offset=0):
    with open(path, "r+b" if os.path.exists(path) else "wb") as f:
        f.seek(offset)
        f.write(data)
    return path


def expect_same(a, b, what):
    """A and B, bytes, are equal; prints the first difference instead of megabytes."""
    if a != b:
        at = next((i for i in range(min(len(a), len(b))) if a[i] != b[i]), min(len(a), len(b)))
        raise Failure(f"{what}: {len(a)} and {len(b)} bytes, different from byte {at} on")


def shell(bed, script, *words, status=0):
    """Runs a line of shell in which $1 is vblk, and $2 ... are WORDS; returns the Process."""
    process = bed.start("sh", "-c", script, "sh", bed.program("vblk"), *words)
    process.wait(status)
    return process


def about(bed, url):
    """What vblk info says of the disk at URL."""
    return bed.report("info", url)["disks"][0]


def islands(bed, length, every=8 * MIB, name="islands.img"):
    """A sparse file with 64 KiB of data in each EVERY bytes, not all on a border of a piece."""
    path = bed.image(length, name=name)
    for at in range(12 * KIB, length, every):
        write(path, pattern(3, at, 64 * KIB), at)
    return path


def copying(process):
    """The bytes that a copy which did not end well claims to have copied."""
    expect_says(r"first \d+ bytes", process.err)
    return int(re.search(r"first (\d+) bytes", process.err)[1])


# ---- info ----

def info(bed):
    daemon = bed.daemon(bed.image(24 * MIB), num_queues=3, logical_block_size=4096)
    url = daemon.url(queues=2)
    found = about(bed, url)
    for key, value in {"disk": daemon.url(), "bytes": 24 * MIB, "block_bytes": 4096, "queues": 2,
                       "queues_offered": 3, "read_only": False, "flush": True, "state": "live",
                       "ring": "split", "durability": "after a flush", "place": None}.items():
        expect_equal(found[key], value, key)
    expect("VIRTIO_BLK_F_MQ" in found["features"], "no VIRTIO_BLK_F_MQ among the features")
    expect("VIRTIO_BLK_F_RO" not in found["features"], "VIRTIO_BLK_F_RO among the features")
    expect("CONFIG" in found["protocol_features"], "no CONFIG among the protocol's features")
    text = bed.orion("vblk", "info", url).out
    expect_says(r"^  bytes +25165824 \(24 MiB\)$", text)
    expect_says(r"^  block bytes +4096$", text)
    expect_says(r"^  features +(.|\n)* VIRTIO_BLK_F_MQ, ", text)
    other = bed.daemon(bed.image(MIB, name="other.img"))
    out = bed.orion("vblk", "list", url, other.url()).out
    expect_says(rf"^{daemon.url()} +{24 * MIB} +24 MiB +4096 no +2 split ", out)
    expect_says(rf"^{other.url()} +{MIB} +1 MiB +512 no +1 split ", out)
    process = bed.orion("vblk", "info", other.url(), "vhost-user:/nowhere", status=2)
    expect_says(rf"^  bytes +{MIB}", process.out)
    expect_says("there is no such socket", process.err)
    for command in ("list", "features", "memory"):
        expect_equal(bed.report(command, url)["disks"][0]["disk"], daemon.url(), command)


def info_read_only(bed):
    url = bed.daemon(bed.image(MIB, 1), writable="off").url()
    expect_equal(about(bed, url)["read_only"], True, "read_only")
    source = write(bed.path("data"), bytes(512))
    for words in (("write", url, "0", "-i", source), ("copy", source, url),
                  ("bench", "--destroy", "--rw=write", url)):
        expect_says("read-only", bed.orion("vblk", *words, status=2).err)


def info_odd_name(bed):
    """What is no UTF-8, or JSON's own, in a name: the JSON is sound, and has the URL."""
    name = os.fsencode(bed.path("odd")) + b"\xff\"\\\x01\xc3\xa9\x7f\xe2\x82"
    os.symlink(bed.daemon(bed.image(MIB)).socket, name)
    found = about(bed, "vhost-user:" + os.fsdecode(name))
    url = "vhost-user:" + bed.path("odd") + "%ff\"\\%01\u00e9%7f%e2%82"
    expect_equal(found["disk"], url, "disk")
    expect_equal(about(bed, url)["disk"], url, "disk of that URL")
    expect_equal(found["segment_bytes_max"], None, "segment_bytes_max without a limit")


# ---- read and write ----

def read_write(bed):
    daemon = bed.daemon(bed.image(8 * MIB, 1))
    url, data = daemon.url(), bed.path("data")
    write(data, pattern(2, 0, 1 * MIB + 512))
    shell(bed, '"$1" write "$2" 1M <"$3"', url, data)
    bed.orion("vblk", "write", url, "0x600000", "--input", data)
    want = bytearray(pattern(1, 0, 8 * MIB))
    for at in (1 * MIB, 6 * MIB):
        want[at:at + MIB + 512] = read(data)
    expect_same(read(daemon.image), bytes(want), "the image after two writes")
    out = bed.path("out")
    shell(bed, '"$1" read "$2" 512 2MiB >"$3"', url, out)
    expect_same(read(out), bytes(want[512:512 + 2 * MIB]), "read to standard output")
    bed.orion("vblk", "read", url, "3k", "-o", out)
    expect_same(read(out), bytes(want[3 * KIB:]), "read to a file, up to the end")


def hexadecimal(bed):
    image = bed.image(64 * KIB)
    write(image, b"Orion \x00\xff", 4096 + 32)
    out = bed.orion("vblk", "read", bed.daemon(image).url(), "4k", "8k", "--hex").out
    lines = out.splitlines()
    expect_equal(lines[0], "00001000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  "
                 "|................|", "the first line")
    expect_equal(lines[1], "*", "the second line")
    expect_equal(lines[2], "00001020  4f 72 69 6f 6e 20 00 ff  00 00 00 00 00 00 00 00  "
                 "|Orion ..........|", "the third line")
    expect_equal(len(lines), 6, "lines")
    expect_equal(lines[-1], "00003000", "the last line: where it ends")


def refusals(bed):
    """Each wrong word is named, with what would be right, and touches nothing."""
    url = bed.daemon(bed.image(MIB, 1)).url()
    data = write(bed.path("data"), bytes(512))
    for words, says in {
            (): "command is missing.*vblk help",
            ("cpoy",): "copy was meant",
            ("frobnicate",): "vblk help",
            ("info",): "missing; write: vblk info URL",
            ("help", "info", "list", "x"): "too many",
            ("virtio-device-nfo", url): "virtio-device-info was meant",
            ("disk", "lst"): "list was meant",
            ("info", "/nowhere"): "vhost-user:/run/disk.sock",
            ("info", "vhost-user:/nowhere"): "there is no such socket",
            ("info", "--jsn", url): "--json was meant",
            ("info", "--json=1", url): "takes no value",
            ("info", url + "?depht=3"): "depth",
            ("copy", "nbd://x/y", url): "vhost-user:",
            ("copy", url, url): "the same disk",
            ("copy", data, data): "are the same",
            ("copy", data): "SOURCE TARGET",
            ("copy", "/dev/null", url): "neither a regular file",
            ("read", url, "x"): "4096, 0x1000, 64k",
            ("read", url, "10"): "block, 512; 0 and 512 are",
            ("read", url, "2M"): "the disk has 1048576 bytes",
            ("read", url, "512k", "1M"): "counted from OFFSET",
            ("read", url, "9999999999999999999999"): "OFFSET is",
            ("read", url, "--output"): "--output=FILE",
            ("read", url, "-o", data, "--hex"): "leave --output away",
            ("write", url, "1", "-i", data): "block, 512",
            ("write", url, "1M", "-i", data): "from OFFSET on the disk has 0",
            ("write", data, "0"): "no URL of a disk",
            ("bench", url, "--rw=sideways"): "randread, randwrite, read, write or rw",
            ("bench", url, "--rw=write"): "--destroy",
            ("bench", url, "--bs=513"): "multiple of the block size, 512",
            ("bench", url, "--bs=16M"): "less than one bs= of 16777216",
            ("bench", url, "--depth=0"): "--depth takes 1 to",
            ("bench", url, "--time=soon"): "500ms",
            ("bench", url, "--queues=16"): "the disk has 1",
            ("stats", "everything"): "neither the URL of a disk nor",
            ("help", "everything"): "vblk help"}.items():
        expect_says(says, bed.orion("vblk", *words, status=2).err)
    expect_same(read(bed.path("disk.img")), pattern(1, 0, MIB), "the image")


# ---- copy ----

def copy_in(bed):
    daemon = bed.daemon(bed.image(12 * MIB), logical_block_size=4096)
    source = bed.image(12 * MIB, 5, name="source")
    found = bed.report("copy", source, daemon.url())
    expect_equal(found["bytes"], 12 * MIB, "bytes")
    expect_equal(found["result"], "complete", "result")
    daemon.kill9()
    bed.run("qemu-img", "compare", "-f", "raw", "-F", "raw", source, daemon.image)


def copy_out_sparse(bed):
    daemon = bed.daemon(islands(bed, 128 * MIB))
    target = write(bed.path("target"), bytes(200 * MIB))
    process = bed.orion("vblk", "copy", daemon.url(), target, "--progress")
    expect_says(r"copying +\d+% \[#*\.*\].*left", process.err)
    expect_same(read(target), read(daemon.image), "the copy")
    expect(os.stat(target).st_blocks * 512 < 16 * 128 * KIB,
           f"the copy has {os.stat(target).st_blocks} sectors: no holes")


def copy_holes_over_data(bed):
    daemon = bed.daemon(bed.image(10 * MIB, 1))
    source = islands(bed, 10 * MIB, name="source")
    bed.orion("vblk", "copy", source, daemon.url())
    expect_same(read(daemon.image), read(source), "the disk")


def target_is_zero(bed):
    """The word is believed: what is zero is not written."""
    daemon = bed.daemon(bed.image(10 * MIB, 1))
    source = bed.image(10 * MIB, name="source")
    found = bed.report("copy", source, daemon.url(), "--target-is-zero")
    expect_equal(found["zero_bytes_skipped"], 10 * MIB, "zero_bytes_skipped")
    expect_pattern(daemon.image, 1, 0, 10 * MIB)


def copy_streams(bed):
    daemon = bed.daemon(bed.image(9 * MIB))
    source, out = bed.image(9 * MIB, 4, name="source"), bed.path("out")
    shell(bed, 'cat "$3" | "$1" copy - "$2"', daemon.url(), source)
    expect_same(read(daemon.image), read(source), "from a pipe")
    shell(bed, '"$1" copy "$2" - | cat >"$3"', daemon.url(), out)
    expect_same(read(out), read(source), "to a pipe")
    hollow = islands(bed, 9 * MIB)
    shell(bed, '"$1" copy - "$2" <"$3"', daemon.url(), hollow)
    expect_same(read(daemon.image), read(hollow), "from a redirected file with holes")
    # The end of a stream that ends in zeros must not be lost with them.
    shell(bed, 'cat "$2" | "$1" copy - "$3"', hollow, out)
    expect_same(read(out), read(hollow), "from a pipe to a file")
    shell(bed, '"$1" copy "$2" - | head -c 100 >"$3"; exit 0', daemon.url(), out)


def copy_between_disks(bed):
    one = bed.daemon(bed.image(6 * MIB, 6, "one"), logical_block_size=4096)
    two = bed.daemon(bed.image(9 * MIB, 7, "two"))
    bed.orion("vblk", "copy", one.url(queues=2), two.url(poll="0us"))
    expect_pattern(two.image, 6, 0, 6 * MIB)
    expect_pattern(two.image, 7, 6 * MIB, 3 * MIB)
    bed.orion("vblk", "verify", one.url(), two.url(), "--shorter")


def too_small(bed):
    daemon = bed.daemon(bed.image(4 * MIB, 1))
    source = bed.image(5 * MIB, 2, name="source")
    process = bed.orion("vblk", "copy", source, daemon.url(), status=2)
    expect_says("too small: 5242880 bytes.*has 4194304; nothing was written", process.err)
    expect_pattern(daemon.image, 1, 0, 4 * MIB)
    # Of a stream that is only known at the disk's end.
    process = shell(bed, 'cat "$3" | "$1" copy - "$2"', daemon.url(), source, status=2)
    expect_says("room for 4194304 bytes", process.err)
    expect_equal(copying(process), 4 * MIB, "bytes said to be copied")
    expect_pattern(daemon.image, 2, 0, 4 * MIB)


def odd_end(bed):
    daemon = bed.daemon(bed.image(MIB, 1))
    source = write(bed.path("source"), pattern(2, 0, 300000))
    for script in ('"$1" copy "$3" "$2"', '"$1" write "$2" 0 <"$3"'):
        expect_says("--pad", shell(bed, script, daemon.url(), source, status=2).err)
        expect_pattern(daemon.image, 1, 0, MIB)
    process = shell(bed, 'cat "$3" | "$1" copy - "$2"', daemon.url(), source, status=2)
    expect_equal(copying(process), 299520, "whole blocks of a stream with an odd end")
    expect_pattern(daemon.image, 1, 299520, MIB - 299520)
    # So long that its last piece lies in a buffer that was used before.
    data = pattern(2, 0, MIB) * 9 + pattern(3, 0, 1000)
    daemon = bed.daemon(bed.image(10 * MIB, 1, "long.img"))
    bed.orion("vblk", "copy", write(source, data), daemon.url(), "--pad")
    expect_same(read(daemon.image, 0, 9 * MIB + 1024), data + bytes(24), "a padded copy")
    expect_pattern(daemon.image, 1, 9 * MIB + 1024, MIB - 1024)


# ---- verify ----

def verify_finds(bed):
    daemon = bed.daemon(bed.image(10 * MIB, 1))
    other = bed.image(10 * MIB, 1, name="other")
    expect_equal(bed.report("verify", daemon.url(), other)["first_difference"], None, "same")
    for at in (5 * MIB + 1000, 5 * MIB + 1001, 9 * MIB - 1, 10 * MIB - 512):
        write(other, bytes([read(other, at, 1)[0] ^ 1]), at)
    for words in ((daemon.url(), other), (other, daemon.url())):
        found = bed.report("verify", *words, status=1)
        expect_equal(found["first_difference"], 5 * MIB + 1000, "first_difference")
        expect_equal(found["different_blocks"], 3, "different_blocks")
        expect_equal(found["compared_bytes"], 10 * MIB, "compared_bytes")
    process = shell(bed, 'cat "$3" | "$1" verify "$2" -', daemon.url(), other, status=1)
    expect_says("first at offset 5243880; 3 of 20480 blocks", process.out)
    hollow, full = islands(bed, 10 * MIB), bed.path("full")
    write(full, read(hollow))
    bed.orion("vblk", "verify", hollow, full)
    write(full, b"x", 7 * MIB + 7)
    found = bed.report("verify", hollow, full, status=1)
    expect_equal(found["first_difference"], 7 * MIB + 7, "in a hole: first_difference")


def verify_sizes(bed):
    url = bed.daemon(bed.image(4 * MIB, 1)).url()
    shorter = bed.image(3 * MIB, 1, name="shorter")
    longer = bed.image(5 * MIB, 1, name="longer")
    for words in ((url, shorter), (longer, url), (url, longer)):
        expect_says("different: .*is longer by 1048576 bytes",
                    bed.orion("vblk", "verify", *words, status=1).out)
        bed.orion("vblk", "verify", "--shorter", *words)
    # As after a copy to a larger disk: all of the first is there.
    expect_says("^the same: 3 MiB.*\\n.*is longer by 1048576 bytes; the first 3145728 bytes",
                bed.orion("vblk", "verify", shorter, url).out)
    bed.orion("vblk", "verify", write(bed.path("empty"), b""), url, status=1)
    for path in (shorter, longer):
        for script in ('cat "$3" | "$1" verify - "$2"', 'cat "$3" | "$1" verify "$2" -'):
            expect_says("is longer", shell(bed, script, url, path, status=1).out)
            shell(bed, script + " --shorter", url, path)


# ---- what goes wrong in the middle ----

def interrupt_stream(bed):
    daemon = bed.daemon(bed.image(64 * MIB))
    data = pattern(2, 0, 24 * MIB)
    process = bed.start(bed.program("vblk"), "copy", "-", daemon.url(), stdin=True)
    process.child.stdin.write(data)             # all but what a pipe holds was taken
    process.signal(signal.SIGINT)
    await_(lambda: not process.alive(), "the copy to end")
    expect_equal(process.child.returncode, INTERRUPTED, "exit status")
    done = copying(process)
    expect(20 * MIB <= done <= len(data), f"{done} bytes are said to be copied")
    expect_same(read(daemon.image, 0, done), data[:done], "what is said to be copied")


def stopped_copy(bed, daemon, target):
    """A copy from DAEMON, which stops in the middle of it, and the person's Ctrl-C."""
    env = {"XDG_RUNTIME_DIR": bed.folder}
    process = bed.start(bed.program("vblk"), "copy", daemon.url(), target, env=env)
    # Something is there: the disk has been lent what is read into.
    await_(lambda: any(os.stat(x).st_blocks for x in glob.glob(bed.path(".target.*"))), "the copy")
    daemon.process.signal(signal.SIGSTOP)
    before = None
    while True:                     # until the copy has no more to do than wait for the daemon
        disks = opened(bed, env, daemon.url())
        now = [(disk["in_flight"], disk["completed"]) for disk in disks]
        if now and now == before and now[0][0] > 0:
            expect_equal(disks[0]["bounced"], 0, "requests that were copied")
            break
        expect(process.alive(), "the copy ended before it could be stopped")
        before = now
        time.sleep(0.6)             # the counters are written four times a second
    process.signal(signal.SIGINT)
    await_(lambda: "waiting for" in process.err or not process.alive(), "the copy to wait")
    expect(process.alive(), "the copy did not wait for what was in flight")
    return process


def expect_begun(process, target):
    """The interrupted copy was not complete, and leaves nothing that looks as if it were."""
    expect_says("not complete after [0-9]+ bytes.*was not made", process.err)
    expect_equal([x for x in os.listdir(os.path.dirname(target)) if "target" in x], [],
                 "what is left of the target")


def large(bed):
    """An image that takes a while to copy, quickly made."""
    return write(bed.path("disk.img"), pattern(1, 0, MIB) * 256)


def interrupt_waits(bed):
    daemon, target = bed.daemon(large(bed)), bed.path("target")
    process = stopped_copy(bed, daemon, target)
    daemon.process.signal(signal.SIGCONT)
    process.wait(INTERRUPTED)
    expect_begun(process, target)


def interrupt_twice(bed):
    daemon, target = bed.daemon(large(bed)), bed.path("target")
    process = stopped_copy(bed, daemon, target)
    process.signal(signal.SIGINT)
    process.wait(INTERRUPTED)
    expect_begun(process, target)


def device_error(bed):
    """QEMU tells a full file system, and a sector that it can't read, as a failed request."""
    image, bad = bed.image(8 * MIB, 1), 5 * MIB

    def failing(kind):
        return bed.daemon([f"driver=blkdebug,node-name=disk,image.driver=file,"
                           f"image.filename={image},inject-error.0.event=none,"
                           f"inject-error.0.iotype={kind},inject-error.0.errno=28,"
                           f"inject-error.0.sector={bad // 512}"])

    source, out = bed.image(8 * MIB, 2, name="source"), bed.path("out")
    daemon = failing("write")
    process = bed.orion("vblk", "copy", source, daemon.url(), status=2)
    expect_says("writing at offset .*: the device failed the request", process.err)
    expect(copying(process) <= bad, "what failed is said to be copied")
    expect_pattern(image, 2, 0, copying(process))
    daemon.kill9()
    daemon = failing("read")
    process = shell(bed, '"$1" copy "$2" - >"$3"', daemon.url(), out, status=2)
    expect_says("reading at offset .*: the device failed the request", process.err)
    expect(copying(process) <= bad, "what failed is said to be copied")
    expect_same(read(out), read(image, 0, copying(process)), "standard output")


def no_space(bed):
    url, folder = bed.daemon(bed.image(16 * MIB, 1)).url(), bed.path("small")
    os.mkdir(folder)
    mount = 'mount -t tmpfs -o size=4m none "$3" && '
    if bed.start("unshare", "-rm", "sh", "-c", mount + "true", "sh", "", "", folder).child.wait():
        raise Skip("no mounting here, not even in a name space of its own")
    process = bed.start("unshare", "-rm", "sh", "-c", mount + 'exec "$1" copy "$2" "$3/target"',
                        "sh", bed.program("vblk"), url, folder)
    process.wait(2)
    expect_says("writing at offset .*No space left", process.err)
    expect_equal(process.err.count("No space left"), 1, "times that it is said")
    expect_says("was not made", process.err)


def flush_after_loss(bed):
    """A back end that died with acknowledged writes makes the copy fail, unless it is durable."""
    daemon = bed.daemon(bed.image(16 * MIB))
    data = pattern(2, 0, 16 * MIB)
    for options, status in (({}, 2), ({"durable": "on"}, 0)):
        process = bed.start(bed.program("vblk"), "copy", "-", daemon.url(**options), stdin=True)
        process.child.stdin.write(data[:8 * MIB])
        daemon.kill9()
        daemon.start()
        process.child.stdin.write(data[8 * MIB:])
        process.wait(status)
        expect_says("connected again", process.err)
        if status != 0:
            expect_says("flush at the end failed.*durable=on", process.err)
            expect_says("not sure that any of it is stable", process.err)
    expect_same(read(daemon.image), data, "the image")


def image_in_use(bed):
    """An image that a daemon serves is not emptied."""
    daemon = bed.daemon(bed.image(MIB, 1))
    source = bed.image(MIB, 2, name="source")
    expect_says("holds a lock", bed.orion("vblk", "copy", source, daemon.image, status=2).err)
    expect_pattern(daemon.image, 1, 0, MIB)


# ---- bench ----

def bench_numbers(bed):
    url = bed.daemon(bed.image(16 * MIB, 1), num_queues=4).url()
    for mode in ("randread", "read"):
        found = bed.report("bench", url, f"--rw={mode}", "--bs=8k", "--depth=7", "--queues=3",
                           "--count=5000")
        for key, value in {"mode": mode, "request_bytes": 8192, "depth": 7, "queues": 3,
                           "requests": 5000, "failed": 0, "bytes": 5000 * 8192,
                           "interrupted": False}.items():
            expect_equal(found[key], value, key)
        expect_equal(sum(x["requests"] for x in found["histogram"]), 5000, "the histogram's sum")
        latency = [found["latency_ns"][x] for x in ("p50", "p90", "p99", "p999", "max")]
        expect_equal(latency, sorted(latency), "percentiles in order")
        expect(0 < found["latency_ns"]["mean"] <= latency[-1], "the mean is beyond the greatest")
        rate = 5000 / (found["elapsed_ns"] / 1e9)
        expect(abs(found["requests_per_second"] / rate - 1) < 1e-3, "the rate is wrong")
        # What is in flight in all that time is no more than the depth of three queues.
        expect(found["latency_ns"]["mean"] * 5000 <= found["elapsed_ns"] * 21 * 1.01,
               "more requests were in flight than there is room for")
    expect_says(r"^vhost-user:\S+ randread bs=4k depth=32 queues=1 seed=1$",
                bed.orion("vblk", "bench", url, "--count=100").out)
    expect_pattern(bed.path("disk.img"), 1, 0, 16 * MIB)


def bench_writes(bed):
    daemon = bed.daemon(bed.image(8 * MIB), num_queues=2)
    bed.report("bench", daemon.url(), "--rw=write", "--destroy", "--bs=64k", "--depth=4",
               "--queues=2", "--count=128")
    for at in range(0, 8 * MIB, 64 * KIB):
        expect(any(read(daemon.image, at, 64 * KIB)), f"nothing was written at {at}")
    before = read(daemon.image)
    bed.report("bench", daemon.url(), "--rw=rw", "--reads=100", "--count=200")
    expect_same(read(daemon.image), before, "after a mix of reads alone")
    bed.report("bench", daemon.url(), "--rw=rw", "--destroy", "--count=200", "--seed=9")
    expect(read(daemon.image) != before, "a mix of reads and writes wrote nothing")


def bench_interrupted(bed):
    daemon, env = bed.daemon(bed.image(MIB)), {"XDG_RUNTIME_DIR": bed.folder}
    process = bed.start(bed.program("vblk"), "bench", daemon.url(), "--time=1h", "--json", env=env)
    await_(lambda: working(bed, env, daemon.url()), "the bench to begin")
    process.signal(signal.SIGINT)
    found = reports.read("bench", process.wait(INTERRUPTED))
    expect_equal(found["interrupted"], True, "interrupted")


def picture(bed):
    url = bed.daemon(bed.image(MIB)).url(queues=1, depth=64)
    svg = bed.path("latency.svg")
    bed.orion("vblk", "bench", url, "--count=3000", "--svg", svg)
    root = xml.etree.ElementTree.parse(svg).getroot()
    name = "{http://www.w3.org/2000/svg}"
    expect_equal(root.tag, name + "svg", "the outermost element")
    words = " ".join(x.text or "" for x in root.iter(name + "text"))
    for word in ("randread, 4 KiB", url, "IOPS", "p99.9 ", "max ", "share of the requests"):
        expect(word in words, f"the picture does not say {word!r}")
    width, height = (float(x) for x in root.get("viewBox").split()[2:])
    bars = list(root.iter(name + "rect"))[1:]
    expect(bars, "there are no bars")
    for bar in bars:
        x, y, w, h = (float(bar.get(k)) for k in ("x", "y", "width", "height"))
        expect(x >= 0 and y >= 0 and h >= 0 and x + w <= width and y + h <= height,
               f"a bar lies outside: {bar.attrib}")


# ---- manuals ----

def manual(bed):
    """The pages are sound, and name every command and option that the program knows."""
    pages = glob.glob(os.path.join(ROOT, "man", "*.[1-9]"))
    expect(len(pages) >= 3, f"there are only these pages: {pages}")
    for page in pages:
        process = bed.start("groff", "-man", "-ww", "-rLL=80n", "-Tutf8", page)
        process.wait()
        expect_equal(process.err, "", f"warnings of {os.path.basename(page)}")
    text = read(os.path.join(ROOT, "man/vblk.1")).decode().replace("\\-", "-")
    commands = re.findall(r"^    (\w+) +[A-Z][a-z]", bed.orion("vblk", "help").out, re.MULTILINE)
    expect(len(commands) >= 9, f"vblk help lists only {commands}")
    for command in commands:
        _, title, rest = text.partition(f".SS vblk {command} ")
        expect(title, f"vblk.1 has no section on {command}")
        section = rest.partition(".S")[0]
        for option in re.findall(r"--[a-z-]+", bed.orion("vblk", "help", command).out):
            expect(option in section, f"vblk.1 says nothing of {option} of {command}")
