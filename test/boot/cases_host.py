# SPDX-License-Identifier: MIT
"""The machine around the disk: CPUs, configuration, exit status, `make run` itself."""
import os
import re
import subprocess
import threading

from boot import (ARCH, KIB, MIB, ROOT, ENVIRONMENT, expect, expect_pattern, hash_of, read, sha256,
                  tool)


def cpus(count):
    def run(guest):
        image = guest.ext4("a.img", 4 * MIB, 8 * MIB)
        before = sha256(image)
        out = guest.good(f"""
            disk list
            disk hash vd0
            disk bench vd0 randread bs=4k depth=8 count={200 * count} queues={count}
            disk write vd0 4M 256k pattern:2
            disk verify vd0 4M 256k pattern:2
            disk flush vd0
            virtio-queue-stats vd0
        """, DISK=image, CPUS=count, DEVICE_ARGS=f"num-queues={count}")
        expect(hash_of(out) == before, "disk hash is not the host's sha256sum")
        expect_pattern(image, 2, 4 * MIB, 256 * KIB)
        guest.says(r"IOPS", out)
    return run


def initrd(guest):
    """Script and configuration come with the boot loader, whatever QEMU itself could pass."""
    out = guest.good("virtio-queue-info vd0", DISK=guest.blank("a.img", MIB), FILES="initrd",
                     CONFIG=guest.file("c.toml", "[virtio_block]\nqueue_count = 1\n"))
    guest.says(r"^vd0: .*; 1 queue of", out)


def initrd_broken(guest):
    """What is no archive is told, and not run without."""
    guest.bad("disk list", r"initrd.*newc", DISK=guest.blank("a.img", MIB),
              QEMU_ARGS="-initrd " + guest.file("x", "070701 and nothing more"))


def bench(mode):
    def run(guest):
        image = guest.blank("a.img", 8 * MIB)
        word = " destroy" if "write" in mode else ""
        out = guest.good(f"disk bench vd0 {mode} bs=4k depth=32 count=500 queues=2{word}",
                         DISK=image, CPUS=2, DEVICE_ARGS="num-queues=2")
        expect((read(image, 0, 8 * MIB) != bytes(8 * MIB)) == bool(word),
               "what the measurement did to the image is not what it said")
        guest.says(r"IOPS", out)
        guest.says(r"p99\.9", out)
    return run


def bench_asks_first(guest):
    """A measurement that writes does so only when told that data may go."""
    image = guest.blank("a.img", MIB)
    guest.bad("disk bench vd0 randwrite count=10", r"destroy", DISK=image)
    expect(read(image, 0, MIB) == bytes(MIB), "the refused measurement wrote")


def commands(guest):
    """Every management command answers."""
    out = guest.good("""
        help
        help disk read
        disk list
        virtio-device-info vd0
        virtio-queue-info vd0
        virtio-queue-stats vd0
        virtio-performance-stats vd0
        virtio-feature-list vd0
        virtio-memory-info
        # a remark, and a line of blanks

    """, DISK=guest.blank("a.img", MIB))
    for word in ("disk bench", "virtio-queue-info", "VERSION_1"):
        expect(word in out, f"the output does not mention {word}")


REPORTS = ("disk list", "virtio-device-info", "virtio-queue-info", "virtio-queue-stats",
           "virtio-performance-stats", "virtio-feature-list", "virtio-memory-info")


def reports(guest):
    """What the console reports is JSON as the schema has it, before and after I/O."""
    images = [guest.ext4("a.img", 4 * MIB), guest.blank("b.img", MIB)]
    lines = [f"{command} --json" for command in REPORTS]
    script = lines + ["disk write vd1 0 64k pattern:3", "disk hash vd0"]
    script += [f"{command} vd1 --json" for command in REPORTS] + list(REPORTS)
    script += ["virtio-queue-stats vd1 0 --json"]
    out = guest.good("\n".join(script), DISK=" ".join(images), CPUS=2,
                     DEVICE_ARGS="num-queues=2,serial=orion")
    for line in lines:
        found = guest.report(line, out)["disks"]
        expect([disk["disk"] for disk in found] == ["vd0", "vd1"], f"{line}: the disks' names")
        one = guest.report(line.replace(" --json", " vd1 --json"), out)["disks"]
        expect([disk["disk"] for disk in one] == ["vd1"], f"{line}: the disk that was asked for")
    found = guest.report("virtio-device-info --json", out)["disks"]
    expect([disk["bytes"] for disk in found] == [4 * MIB, MIB], "bytes of virtio-device-info")
    expect(found[0]["serial"] == "orion" and found[0]["queues"] == 2, f"not so: {found[0]}")
    place = {"pci": r"[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]", "mmio": "mmio [0-9a-f]+"}.get(
        found[0]["transport"].partition("-")[0])
    expect(place is None or re.fullmatch(place, found[0]["place"] or ""),
           f"{found[0]['transport']} at {found[0]['place']}")
    wrote = guest.report("virtio-performance-stats vd1 --json", out)["disks"][0]
    expect(wrote["bytes_written"] == 64 * KIB, f"{wrote['bytes_written']} bytes are written")
    queues = guest.report("virtio-queue-stats vd1 0 --json", out)["disks"][0]["queues"]
    expect([queue["queue"] for queue in queues] == [0], "the queue that was asked for")
    expect(queues[0]["bytes_written"] == 64 * KIB, "its bytes")


def wrong_arguments(guest):
    """Each refusal says what was wrong; each of these lines must fail."""
    lines = ["disk", "disk frob vd0", "disk read", "disk read vd9 0 512", "disk read vd0 zero 512",
             "disk read vd0 0 1Q", "disk write vd0 100 512 pattern:1", "disk read vd0 2M 512",
             "disk read vd0 0 512 more", "disk write vd0 0 512 seed:4", "disk write vd0 0 512",
             "disk bench vd0 backwards", "disk bench vd0 randread bs=3", "disk bench vd0 depth=0",
             "virtio-queue-info vd7", "nonsense", "disk read vd0 99999999999999999999 512",
             "disk hash vd0 0 18446744073709551615"]
    out = guest.good("\n".join("! " + x for x in lines), DISK=guest.blank("a.img", MIB))
    guest.says(r"nonsense.*|unknown command", out)
    for line in lines:
        after = out.split("! " + line, 1)
        expect(len(after) == 2, f"the output does not repeat: ! {line}")
        expect(re.search(r"\w", after[1].split("orion>", 1)[0]), f"no word about: {line}")


def wrong_command_fails(guest):
    """One bad line makes the run fail; the lines after it are still run."""
    image = guest.blank("a.img", MIB)
    guest.bad("disk list\nnonsense\ndisk write vd0 0 4k pattern:1\ndisk flush vd0",
              r"nonsense", DISK=image)
    expect_pattern(image, 1, 0, 4096)


def refusal_that_does_not_come(guest):
    guest.bad("! disk list", r"disk list", DISK=guest.blank("a.img", MIB))


def script_text(text, good, says):
    """Scripts as people write them: the bytes of TEXT are the file."""
    def run(guest):
        with open(guest.path("s.orion"), "wb") as f:
            f.write(text)
        code, out = guest.start(["tools/run"], DISK=guest.blank("a.img", MIB),
                                SCRIPT=guest.path("s.orion"))
        expect((code == 0) == good, f"exit status {code}")
        guest.says(says, out)
    return run


def memory(size, cpu_count):
    def run(guest):
        image = guest.ext4("a.img", 4 * MIB)
        out = guest.good("disk hash vd0\nvirtio-memory-info\nmemory", DISK=image, MEM=size,
                         CPUS=cpu_count)
        expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")
    return run


def config_good(guest):
    text = """
# the driver's configuration
[virtio_block]
queue_count = 2
queue_depth = 16
io_scheduler = "none"
read_ahead_size = "1MB"
"""
    image = guest.ext4("a.img", 4 * MIB)
    out = guest.good("virtio-queue-info vd0\ndisk hash vd0", DISK=image, CPUS=4,
                     CONFIG=guest.file("c.toml", text), DEVICE_ARGS="num-queues=4")
    expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")
    expect("has no effect yet: read_ahead_size, io_scheduler\n" in out.replace("\r", ""),
           "a key without effect, at its default too, is not told")
    queues = set(re.findall(r"queue\s+(\d+)", out))
    expect("1" in queues and "2" not in queues, f"queue_count = 2, but the queues are {queues}")


def config_features(guest):
    """A feature that is switched off is not negotiated; one that is required has to be there."""
    image = guest.blank("a.img", MIB)
    text = "[virtio_block]\nfeatures_off = ['mq', 'VIRTIO_F_EVENT_IDX']\n"
    out = guest.good("virtio-feature-list vd0", DISK=image, DEVICE_ARGS="num-queues=2",
                     CONFIG=guest.file("c.toml", text))
    for name in ("VIRTIO_BLK_F_MQ", "VIRTIO_F_EVENT_IDX"):
        guest.says(rf"{name} +yes +- +-", out)
    text = "[virtio_block]\nfeatures_required = ['lifetime']\n"
    guest.bad("disk flush vd0", r"required are missing.*VIRTIO_BLK_F_LIFETIME", DISK=image,
              CONFIG=guest.file("c.toml", text))


def config_bad(text, says):
    def run(guest):
        guest.bad("disk list", says, DISK=guest.blank("a.img", MIB),
                  CONFIG=guest.file("c.toml", text))
    return run


def config_missing(guest):
    guest.bad("disk list", r"nowhere\.toml", DISK=guest.blank("a.img", MIB),
              CONFIG=guest.path("nowhere.toml"))


def disk_missing(guest):
    guest.bad("disk list", r"nowhere\.img", DISK=guest.path("nowhere.img"))


def disk_of_a_format(guest):
    """An image in another format is not taken for raw bytes, unless that is said."""
    image = guest.path("a.img")
    for kind in ("qcow2", "qed", "vdi", "vhdx", "vmdk", "vpc", "parallels"):
        tool("qemu-img", "create", "-q", "-f", kind, image, "4M")
        guest.bad("disk list", f"{kind} image.*format={kind}", DISK=image)
        os.unlink(image)
    tool("qemu-img", "create", "-q", "-f", "qcow2", image, "4M")
    guest.says(rf"^vd0 +{4 * MIB} ", guest.good("disk list", DISK=f"format=qcow2,file={image}"))
    out = guest.good("disk read vd0 0 16", DISK=f"format=raw,file={image}", READONLY=1)
    guest.says("51 46 49 fb", out)


def script_through_a_pipe(guest):
    """A pipe can be read once only; an empty script is no script."""
    image = guest.blank("a.img", MIB)
    os.mkfifo(guest.path("pipe"))
    writer = threading.Thread(
        target=lambda: guest.file("pipe", "disk list\ndisk flush vd9\n"), daemon=True)
    writer.start()
    code, out = guest.start(["tools/run"], DISK=image, SCRIPT=guest.path("pipe"))
    writer.join()
    expect(code == 1, f"exit status {code} of a script whose second command fails")
    guest.says("vd9", out)
    code, _ = guest.start(["tools/run"], DISK=image, SCRIPT="/dev/null")
    expect(code == 2, f"exit status {code} of an empty script")
    guest.says("it is empty", guest.runs[-1][3])


def misspelt_variable(guest):
    image = guest.blank("a.img", MIB)
    for command in (["tools/run", f"DIKS={image}"], ["make", "run", f"DIKS={image}"]):
        code, _ = guest.start(command, SCRIPT=guest.file("s.orion", "disk list\n"))
        expect(code == 2, f"exit status {code} of {command}")
        guest.says("no variable DIKS.*DISK", guest.runs[-1][3])


def many_disks(guest):
    """As many as Orion takes: more than the bus has slots."""
    images = [guest.blank(f"{i}.img", (i + 1) * MIB) for i in range(32)]
    out = guest.good("disk list", DISK=" ".join(images), MEM="512M")
    for i in range(32):
        guest.says(rf"^vd{i} +{(i + 1) * MIB} ", out)


def default_disk(guest):
    """Without DISK= there is a demonstration disk, and it is an ext4 file system."""
    out = guest.good("disk list\ndisk read vd0 1024 512")
    guest.says(r"53 ef|53ef", out)


def make_run(guest):
    """The same through make, whose exit status is the contract."""
    image = guest.ext4("a.img", 4 * MIB)
    for line, good in (("disk hash vd0", True), ("disk hash vd1", False)):
        script = guest.file("s.orion", line + "\n")
        done = subprocess.run(["make", "run", f"DISK={image}", f"SCRIPT={script}"], cwd=ROOT,
                              env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=180)
        out = done.stdout.decode()
        guest.runs.append(({"make": line}, done.returncode, out, done.stderr.decode()))
        expect((done.returncode == 0) == good, f"make run: {line}: status {done.returncode}")
        if good:
            expect(hash_of(out) == sha256(image), "disk hash is not the host's sha256sum")


def cases():
    for count in (1, 2, 4):
        yield f"host-cpus:{count}", cpus(count)
    for mode in ("randread", "randwrite", "read", "write"):
        yield f"host-bench:{mode}", bench(mode)
    for case in (commands, reports, wrong_arguments, wrong_command_fails,
                 refusal_that_does_not_come, initrd, initrd_broken, config_good,
                 config_features, config_missing, disk_missing,
                 bench_asks_first, default_disk, make_run, disk_of_a_format, script_through_a_pipe,
                 misspelt_variable, many_disks):
        yield "host-" + case.__name__.replace("_", "-"), case
    for name, text, good, says in (
            ("crlf", b"disk list\r\ndisk flush vd0\r\n", True, r"flush"),
            ("no-newline", b"disk flush vd0", True, r"flush"),
            ("blank", b"\n \n\t\n# a remark\n", True, r"^"),
            ("long-line", b"disk list " + b"x" * 5000 + b"\ndisk list\n", False, r"long|at most"),
            ("power-off", b"disk list\npower-off 0\ndisk read\n", True, r"power-off"),
            ("binary", bytes(range(128, 256)) + b"\n", False, r"orion>")):
        yield f"host-script:{name}", script_text(text, good, says)
    least = "256M" if ARCH == "ppc64" else "64M"    # QEMU refuses less there
    for size, cpu_count in ((least, 1), ("2G", 2), ("5G", 1), ("512M", 8)):
        yield f"host-memory:{size}", memory(size, cpu_count)
    table = "[virtio_block]\n"
    for name, text, says in (
            ("key", table + "queue_count = 2\nqueue_cuont = 3\n", r"(line |:)3\b.*queue_cuont"),
            ("range", table + "\nqueue_count = 17\n", r"(line |:)3\b.*queue_count.*16"),
            ("type", table + "dma_enabled = 1\n", r"(line |:)2\b.*dma_enabled.*(true|bool)"),
            ("table", "[virtio_blk]\nqueue_count = 2\n", r"(line |:)1\b.*\[virtio_block\]"),
            ("root", "queue_count = 2\n", r"(line |:)1\b.*\[virtio_block\]"),
            ("feature", table + "features_off = ['ring_paked']\n", r"VIRTIO_F_RING_PACKED"),
            ("syntax", table + "queue_count 2\n", r"(line |:)2\b")):
        yield f"host-config-bad:{name}", config_bad(text, says)
