# SPDX-License-Identifier: MIT
"""The same words on the same disk in both homes: Orion's console in QEMU, and vblk."""
import re
import shutil

from bed import MIB, Failure, expect, expect_equal, reports
from cases_qemu import model, sha256, start

SERIAL = "twin-0123456789abcd"
SIZE = 6 * MIB
# What was there when vblk looked is what Orion saw.
SHOWN = ("disk list", "virtio-device-info", "virtio-feature-list", "virtio-memory-info",
         "virtio-queue-info", "virtio-performance-stats", "virtio-queue-stats")
# These are the disk's, or follow from it and from what both homes want by themselves.
EQUAL = ("serial", "state", "bytes", "block_bytes", "physical_block_bytes", "io_opt_blocks",
         "read_only", "flush", "writeback", "durability", "request_sectors_max", "ring",
         "indirect", "event_index", "in_order", "queues", "queues_offered")


def cases():
    for ring in ("split", "packed"):
        yield f"homes:{ring}", homes(ring)
    yield "homes-data", data
    yield "homes-bench", bench


def orion(bed, image, ring, script):
    """The answers of Orion's console to the lines of SCRIPT, by line."""
    device = f"virtio-blk-pci,drive=d,disable-legacy=on,serial={SERIAL},num-queues=1," \
             f"logical_block_size=4096,physical_block_size=4096," \
             f"packed={'on' if ring == 'packed' else 'off'}"
    qemu = start(bed, script, "-smp", "1", "-drive", f"if=none,id=d,format=raw,file={image}",
                 "-device", device)
    return dict(reports.answers(qemu.wait(33)))


def check(command, text):
    try:
        return reports.read(command, text)
    except reports.Breach as error:
        raise Failure(str(error)) from None


def expect_labels(command, text, found):
    """The lines of a report's TEXT begin with FOUND's keys, in their order."""
    rest = iter(reports.labels(found))
    for line in map(str.strip, text.splitlines()):
        title = re.fullmatch(r"vd\d+|vhost-user:.*|queue \d+|all devices|[A-Z_0-9, ]+", line)
        expect(title or any(line.startswith(label + " ") for label in rest),
               f"{command}: {line!r} is no key's, or is out of order")


def homes(ring):
    def case(bed):
        image = bed.image(SIZE, 5)
        twin = bed.path("twin.img")
        shutil.copyfile(image, twin)
        lines = [f"{command} vd0{json}" for command in SHOWN for json in ("", " --json")]
        there = orion(bed, image, ring, "\n".join(["disk hash vd0"] + lines))
        server = model(bed, f"--file={twin}", f"--serial={SERIAL}", "--block=4096",
                       *([] if ring == "packed" else ["--features-off=packed"]))
        env = {"XDG_RUNTIME_DIR": bed.folder}
        here = {}
        for line in lines[:10]:
            here[line] = vblk(bed, server, line, env)
        bench = bed.start(bed.program("vblk"), "bench", server.url(), "--time=1h", env=env)
        bed.await_published(server.url(), env)
        for line in lines[10:]:
            here[line] = vblk(bed, server, line, env)
        bench.kill9()
        compare(there, here)
    return case


def vblk(bed, server, line, env):
    words = [server.url() if word == "vd0" else word for word in line.split()]
    return bed.orion("vblk", *words, env=env).out


def compare(there, here):
    for command in SHOWN:
        text, json = f"{command} vd0", f"{command} vd0 --json"
        one, two = check(command, there[json]), check(command, here[json])
        expect_equal(list(reports.alike(one, two)), [], f"where {command} differs")
        for key in EQUAL:
            a, b = one["disks"][0].get(key), two["disks"][0].get(key)
            told = a is not None and b is not None and not isinstance(a, list)
            expect(not told or a == b, f"{command}: {key} is {a!r} and {b!r}")
        if command in ("disk list", "virtio-feature-list"):     # tables
            continue
        expect_labels(command, there[text], one)
        expect_labels(command, here[text], two)
    rows = [answers["disk list vd0"].splitlines() for answers in (there, here)]
    expect_equal(*[re.split(" +", row[0]) for row in rows], "the head of the list")
    expect_equal(*[row[1].split(None, 1)[1] for row in rows], "the row of the list")
    heads = [answers["virtio-feature-list vd0"].splitlines()[1] for answers in (there, here)]
    expect_equal(*heads, "the head of the features")


DATA = """
disk hash {disk}
disk hash {disk} 4097 70001
disk write {disk} 1M 300k pattern:7
disk write {disk} 4 MiB end pattern:0x11
disk verify {disk} 1M 300k pattern:7
disk verify {disk} 1048577 1001 pattern:7
! disk verify {disk} 1M 301k pattern:7
! disk verify {disk} 0 end pattern:5
! disk verify {disk} 0 513k pattern:6
! disk hash {disk} 6M 1
! disk write {disk} 4k 512 pattern:1
! disk write {disk} 5M 2M pattern:1
disk hash {disk} 0 end
disk read {disk} 1M 8k
disk hash {disk} 5M 0
disk flush {disk}
disk identify {disk}
"""


def data(bed):
    """Reading, writing, comparing: the same words find the same, and leave the same on the disk."""
    image, twin = bed.image(SIZE, 5), bed.path("twin.img")
    shutil.copyfile(image, twin)
    there = orion(bed, image, "packed", DATA.format(disk="vd0"))
    server = model(bed, f"--file={twin}", "--block=4096", f"--serial={SERIAL}")
    for line, answer in there.items():
        fails = line.startswith("! ")
        words = re.sub(r"(\d) MiB", r"\1MiB", line.removeprefix("! ")).split()
        command = ["read", "--hex"] if words[:2] == ["disk", "read"] else words[:2]
        process = bed.start(bed.program("vblk"), *command,
                            *(server.url() if word == "vd0" else word for word in words[2:]))
        process.wait(None)
        expect_equal(process.child.returncode != 0, fails, f"{line} fails")
        if fails and "differs" not in answer:           # a refusal is each home's own
            continue
        answer = answer.removeprefix("disk verify: ")
        expect_equal(process.out.replace(server.url(), "vd0"), answer, line)
    with open(image, "rb") as a, open(twin, "rb") as b:
        expect(a.read() == b.read(), "the two disks are not the same")
    expect_equal(there["disk hash vd0 0 end"], f"{sha256(image)}  vd0\n", "the hash")


# One request at a time: what is written where is the seed's alone.
BENCHES = """
disk bench vd0 randwrite destroy bs=4k depth=1 queues=1 count=300 seed=7
disk bench vd0 rw=rw destroy reads=30 bs=8k depth=1 queues=1 count=200 seed=0x11
disk bench vd0 write destroy bs=64k depth=1 queues=1 count=50 seed=3
disk bench vd0 read bs=16k depth=8 count=500 queues=1
disk bench vd0 randread time=300ms queues=1 poll
! disk bench vd0 write bs=4k
! disk bench vd0 bs=512
! disk bench vd0 bs=8M
! disk bench vd0 depth=0
! disk bench vd0 time=1us
! disk bench vd0 reads=101
! disk bench vd0 backwards
"""
MEASURED = ("mode", "read_percent", "request_bytes", "depth", "queues", "seed", "poll",
            "interrupted", "failed", "resets", "given_back", "replayed")


def bench(bed):
    """The same words measure the same requests, and say so with the same keys and the same text."""
    image, twin = bed.image(SIZE, 5), bed.path("twin.img")
    before = sha256(shutil.copyfile(image, twin))
    lines = BENCHES.strip().splitlines()
    lines += [line + " --json" for line in lines if line[0] != "!"]
    there = orion(bed, image, "packed", "\n".join(lines))
    server = model(bed, f"--file={twin}", "--block=4096")
    here = {}
    for line in lines:
        words = [server.url() if word == "vd0" else word for word in line.split() if word != "!"]
        here[line] = bed.orion("vblk", *words, status=2 if line[0] == "!" else 0).out
    with open(image, "rb") as a, open(twin, "rb") as b:
        expect(a.read() == b.read(), "the two disks are not the same")
    expect(sha256(image) != before, "nothing was written")
    for line in lines:
        if line.endswith("--json"):
            one, two = check("disk bench", there[line]), check("disk bench", here[line])
            expect_equal(list(reports.alike(one, two)), [], f"where {line} differs")
            timed = "time=" in line
            for key in MEASURED if timed else MEASURED + ("requests", "bytes"):
                expect_equal(one[key], two[key], f"{line}: {key}")
        elif line[0] != "!":
            answer = re.sub("warning: .*\n", "", there[line])
            heads = [x.replace(server.url(), "vd0").splitlines() for x in (answer, here[line])]
            expect_equal(heads[0][0], heads[1][0], "the first line")
            expect_equal(*[[row[:14] for row in rows[1:]] for rows in heads], "the rows")
