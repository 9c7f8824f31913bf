# SPDX-License-Identifier: MIT
"""vblk stats and top: disks that other programs have open."""
import fcntl
import os
import re
import shutil
import signal
import time

import backend as b
from bed import KIB, MIB, Skip, await_, expect, expect_equal, expect_says

INTERRUPTED = 130


def cases():
    for function in (watched, watched_by_root, strange_bytes, short_lengths):
        yield "vblk/" + function.__name__.replace("_", "-"), function


def opened(bed, env, url, command="stats"):
    """What stats says of the disk at URL, without options: root sees those of others, too."""
    disks = bed.report(command, env=env)["disks"]
    return [disk for disk in disks if disk["disk"] == url]


def working(bed, env, url):
    """The same, once the first has completed requests."""
    disks = opened(bed, env, url)
    return disks if disks and disks[0]["completed"] else None


def watched(bed):
    daemon = bed.daemon(bed.image(16 * MIB), num_queues=2)
    url, env = daemon.url(), {"XDG_RUNTIME_DIR": bed.folder}

    def look(*words, status=0):
        return bed.orion("vblk", *words, status=status, env=env).out

    expect_equal(opened(bed, env, url), [], "disks before")
    look("stats", url, status=2)
    bench = bed.start(bed.program("vblk"), "bench", url, "--time=1h", "--queues=2", env=env)
    first = await_(lambda: working(bed, env, url), "the bench to be seen", step=0.1)[0]
    for key, value in {"pid": bench.pid, "program": "vblk", "bytes": 16 * MIB, "connections": 1,
                       "connected": True, "state": "live", "queues": 2}.items():
        expect_equal(first[key], value, key)
    queues = opened(bed, env, url, "queues")[0]["queues"]
    expect_equal([queue["queue"] for queue in queues], [0, 1], "queues")
    expect(sum(queue["completed"] for queue in queues) >= first["completed"], "the queues' sum")
    expect_says(f"{re.escape(url)} +{16 * MIB} +16 MiB ", look("list"))
    table = look("top", "--count=2", "--interval=300ms", str(bench.pid)).splitlines()
    expect_equal(len(table), 5, "lines of two tables")
    row = dict(zip(table[3].split(), re.split(r"\s{2,}", table[4].strip())))
    expect_equal((row["PID"], row["PROGRAM"], row["LOST"]), (str(bench.pid), "vblk", "0"), "a row")
    expect(re.match(r"[1-9]", row["READ"]), f"nothing is read in {table[4]!r}")
    second = bed.report("virtio-performance-stats", url, env=env)["disks"][0]
    expect(second["completed"] > first["completed"], "it stands still")
    metrics = look("stats", "--prometheus")
    line = re.compile(r'orion_vblk_\w+\{pid="\d+",program="vblk",path="[^"]+",queue="\d"'
                      r'(,le="[^"]+")?\} [0-9.e+-]+')
    for text in metrics.splitlines():
        expect(text.startswith("# ") or line.fullmatch(text), f"no metric: {text!r}")
    expect_says(r"latency_seconds_bucket\{.*le=\"\+Inf\"\} [1-9]", metrics)
    expect_says(r"^  latency us p99 +[0-9.]+$", look("stats", url))
    daemon.process.signal(signal.SIGSTOP)
    await_(lambda: re.search("in flight +64$", look("stats", url), re.MULTILINE),
           "both queues to fill", step=0.1)
    bench.signal(signal.SIGINT)
    time.sleep(0.1)                 # two signals at once are one
    bench.signal(signal.SIGINT)
    bench.wait(INTERRUPTED)
    look("stats", str(bench.pid), status=2)


def watched_by_root(bed):
    """Root sees what another user has open; that user sees nothing of root's."""
    if os.geteuid() != 0:
        raise Skip("only root can be another user")
    daemon = bed.daemon(bed.image(KIB * 64))
    os.chmod(bed.folder, 0o755)
    os.chmod(daemon.socket, 0o777)
    other = ("setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--",
             bed.program("vblk"))
    may = bed.start(*other, "help")
    may.wait(None)
    if may.child.returncode != 0:
        raise Skip("another user can't run what was built here")
    env = {"XDG_RUNTIME_DIR": ""}               # so that it is below /tmp
    folder = "/tmp/orion-vblk-65533"
    bed.later.append(lambda: shutil.rmtree(folder, ignore_errors=True))
    bench = bed.start(*other, "bench", daemon.url(), "--time=1h", env=env)
    ours = {"XDG_RUNTIME_DIR": bed.folder}
    found = await_(lambda: working(bed, ours, daemon.url()), "root to see it", step=0.1)[0]
    expect_equal(found["pid"], bench.pid, "its process")
    expect_says("vblk", bed.orion("vblk", "top", "--once", "--interval=300ms", str(bench.pid),
                                  env=ours).out)
    # What such a user may put there is a regular file of its own, of the right size, or nothing.
    os.mkfifo(folder + "/1-1")
    os.chown(folder + "/1-1", 65533, 65533)
    with open(folder + "/2-1", "wb") as f:
        f.write(bytes(100))
        os.chown(folder + "/2-1", 65533, 65533)
        fcntl.flock(f, fcntl.LOCK_EX)
        expect_equal(len(opened(bed, ours, daemon.url())), 1, "disks beside nonsense")
    for name in ("1-1", "2-1"):
        os.unlink(f"{folder}/{name}")
    os.rename(folder, folder + "-moved")
    os.symlink(folder + "-moved", folder)
    expect_equal(opened(bed, ours, daemon.url()), [], "disks behind a link")
    os.unlink(folder)
    os.rename(folder + "-moved", folder)
    bench.signal(signal.SIGINT)
    bench.wait(INTERRUPTED)


def strange_bytes(bed):
    """A path may have any bytes; what it is called is text, JSON, and a URL all the same."""
    for strange, shown in ((b"a\xffb.sock", "a%ffb.sock"), (b"\xc3\xa9.sock", "\u00e9.sock"),
                           (b"\xe2\x82.sock", "%e2%82.sock"),
                           (b"\xed\xa0\x80\xf4\x90\x80\x80\xc0\x80.sock",
                            "%ed%a0%80%f4%90%80%80%c0%80.sock"),
                           (b"q\"b\\n\ne%3f.sock", "q\"b\\n%0ae%253f.sock")):
        path = os.path.join(bed.folder, os.fsdecode(strange))
        server = bed.start(bed.program("vhost-user-model"), "--memory=1M", "--socket-path=" + path)
        await_(lambda: os.path.exists(path) or not server.alive(), "the socket")
        env = {"XDG_RUNTIME_DIR": bed.folder}
        url = "vhost-user:" + path.replace("%", "%25")
        bench = bed.start(bed.program("vblk"), "bench", url, "--time=1h", env=env)
        want = "vhost-user:" + os.path.join(bed.folder, shown)
        found = await_(lambda: working(bed, env, want), f"{want!r} to be seen", step=0.1)[0]
        expect_equal(len(bed.report("stats", want, env=env)["disks"]), 1, "disks at that URL")
        expect_says(f"^{re.escape(want)}$", bed.orion("vblk", "stats", env=env).out)
        expect_equal(found["program"], "vblk", "program")
        metrics = bed.start(bed.program("vblk"), "stats", "--prometheus", env=env)
        metrics.wait()
        with open(metrics.files[0], "rb") as f:
            f.read().decode()                   # as Prometheus would
        lines = bed.orion("vblk", "top", "--once", "--interval=300ms", str(bench.pid),
                          env=env).out.splitlines()
        expect_equal(len(lines), 2, "lines of a table")
        bench.signal(signal.SIGINT)
        bench.wait(INTERRUPTED)
        server.kill9()


def short_lengths(bed):
    """A device that tells of less than it wrote is believed, and counted, wherever counters are."""
    server = b.Backend(bed, on_used=lambda queue, head, length: [(head, 1)])
    env = {"XDG_RUNTIME_DIR": bed.folder}
    bench = bed.start(bed.program("vblk"), "bench", server.url(), "--time=1h", env=env)
    found = await_(lambda: working(bed, env, server.url()), "the bench to be seen", step=0.1)[0]
    expect(found["short_lengths"] > 0, "JSON counts none")
    expect_says("short lengths +[1-9]", bed.orion("vblk", "stats", server.url(), env=env).out)
    expect_says(r'orion_vblk_short_lengths_total\{.*queue="0"\} [1-9]',
                bed.orion("vblk", "stats", "--prometheus", env=env).out)
    bench.signal(signal.SIGINT)
    bench.wait(INTERRUPTED)
