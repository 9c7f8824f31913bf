# SPDX-License-Identifier: MIT
"""Opening a disk: every wrong beginning says what was wrong and what would be right."""
import os
import shutil
import socket
import time

import bed as beds
from bed import MIB, Skip, expect, expect_says, need


def cases():
    for run in (missing, stale_socket, not_a_socket, long_path, no_permission, connect_waits,
                connect_in_vain, second_program, unprivileged, container):
        yield "open/" + run.__name__, run
    for name, (url, errno, says) in WRONG.items():
        yield f"open/url:{name}", lambda bed, u=url, e=errno, s=says: refused(bed, u, e, s)
    yield "open/url:right", right_urls


def refused(bed, url, errno, says):
    """Opening URL fails with ERRNO in words like SAYS, and leaves nothing behind."""
    probe = bed.probe()
    before = probe.ask("fds")
    answer = probe.ask("open " + url)
    expect_says(f"^{errno} ", answer)
    expect_says(says, answer)
    probe.expect("fds", before)


WRONG = {
    "scheme": ("nvme:/dev/disk", "EINVAL", "vhost-user:/path/to/socket"),
    "empty": ("vhost-user:", "EINVAL", "vhost-user:/path/to/socket"),
    "percent": ("vhost-user:/a%2", "EINVAL", "two hex digits"),
    "percent_nul": ("vhost-user:/a%00b", "EINVAL", "two hex digits|NUL"),
    "no_value": ("vhost-user:/a?queues", "EINVAL", "depth=64"),
    "no_option": ("vhost-user:/a?speed=9", "EINVAL", 'no option "speed".*queues, depth'),
    "queues_0": ("vhost-user:/a?queues=0", "EINVAL", "queues=0: it must be 1 to 16"),
    "queues_17": ("vhost-user:/a?queues=17", "EINVAL", "it must be 1 to 16"),
    "queues_word": ("vhost-user:/a?queues=many", "EINVAL", "it must be 1 to 16"),
    "queues_negative": ("vhost-user:/a?queues=-1", "EINVAL", "it must be 1 to 16"),
    "queues_wrap": ("vhost-user:/a?queues=4294967297", "EINVAL", "it must be 1 to 16"),
    "queues_huge": ("vhost-user:/a?queues=99999999999999999999", "EINVAL", "it must be 1 to 16"),
    "depth": ("vhost-user:/a?queues=2&depth=1025", "EINVAL", "depth=1025: it must be 1 to 1024"),
    "time": ("vhost-user:/a?answer=5parsecs", "EINVAL", "it must be 10ms to 1h, such as 5s"),
    "time_short": ("vhost-user:/a?answer=9ms", "EINVAL", "it must be 10ms to 1h"),
    "switch": ("vhost-user:/a?durable=yes", "EINVAL", "on or off"),
    "wait": ("vhost-user:/a?wait=never", "EINVAL", "adaptive, poll or event"),
    "bounce": ("vhost-user:/a?bounce=64", "EINVAL", "such as 4M"),
    "very_long": ("vhost-user:/" + "a" * 900, "ENAMETOOLONG", "path"),
}


def right_urls(bed):
    """What must work: bytes written %xx, units, an option twice (the last counts), a lonely ?."""
    server = bed.daemon(bed.image(MIB), num_queues=2)
    probe = bed.probe()
    path = "".join(f"%{ord(c):02X}" for c in server.socket)
    for url in (f"vhost-user:{path}", f"vhost-user:{server.socket}?",
                server.url(queues="2", depth="1", wait="poll", poll="0us", answer="1min",
                           connect="0", loss="0", bounce="64kB", packed="off", publish="off"),
                server.url(bounce="1MB") + "&queues=1&queues=2"):
        probe.open(url)
        if "queues" in url:
            probe.expect_says("info", "queues=2 ")
        probe.expect("write 0 4096 1", "0")
        probe.expect("close", "0")


# ---- sockets ----

def missing(bed):
    refused(bed, f"vhost-user:{bed.path('none.sock')}", "ENOENT", "no such socket")
    refused(bed, f"vhost-user:{bed.path('none/none.sock')}", "ENOENT", "no such socket")


def stale_socket(bed):
    server = bed.daemon(bed.image(MIB))
    server.process.kill9()
    expect(os.path.exists(server.socket), "the daemon left no socket behind")
    refused(bed, server.url(), "ECONNREFUSED", "nobody listens; .*left the socket file behind")


def not_a_socket(bed):
    refused(bed, f"vhost-user:{bed.image(MIB)}", "E[A-Z]+", "not a (stream )?socket")
    refused(bed, f"vhost-user:{bed.folder}", "E[A-Z]+", "not a (stream )?socket")
    path = bed.socket()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(path)
        refused(bed, f"vhost-user:{path}", "E[A-Z]+", "not a stream socket")


def long_path(bed):
    folder = bed.path("a" * 100)
    os.mkdir(folder)
    refused(bed, f"vhost-user:{folder}/disk.sock", "ENAMETOOLONG", "107 bytes")


def as_nobody(bed, *more):
    """A probe that runs as nobody, with MORE before it; the words for its command line."""
    os.chmod(bed.folder, 0o755)
    program = shutil.copy(bed.program("linux-probe"), bed.path("probe"))
    if os.getuid() != 0:
        return [program]
    return [need("setpriv"), "--reuid", "65534", "--regid", "65534", "--clear-groups",
            "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", *more, program]


def no_permission(bed):
    server = bed.daemon(bed.image(MIB))
    os.chmod(server.socket, 0)
    probe = beds.Probe(bed, as_nobody(bed))
    answer = probe.ask("open " + server.url())
    expect_says("^EACCES .*permission denied.*write permission", answer)


def connect_waits(bed):
    """connect= waits for a daemon that is not there yet, or has left a stale socket."""
    server = bed.daemon(bed.image(MIB))
    for unlink in (True, False):
        server.process.kill9()
        if unlink:
            os.unlink(server.socket)
        probe = bed.probe()
        probe.say("open " + server.url(connect="1h"))
        time.sleep(0.3)
        server.kill9()
        server.start()
        expect_says("^open: 0", probe.answers(1)[0])
        probe.expect("write 0 4096 1", "0")
        probe.expect("close", "0")


def connect_in_vain(bed):
    begun = time.monotonic()
    refused(bed, f"vhost-user:{bed.path('none.sock')}?connect=300ms", "ENOENT", "no such socket")
    expect(time.monotonic() - begun >= 0.3, "given up before connect=300ms")


def second_program(bed):
    """Most back ends serve one program; the next one is told so, and the first notices nothing."""
    server = bed.daemon(bed.image(MIB))
    first = bed.probe(server.url())
    refused(bed, server.url(answer="500ms"), "ETIMEDOUT", "no answer to GET_FEATURES in 500 ms; "
            ".*another program")
    first.expect("write 0 65536 1", "0")
    first.expect("verify 0 65536 1", "0")
    first.expect_says("info", "connections=1 ")
    first.expect("close", "0")
    second = bed.probe(server.url())
    second.expect("verify 0 65536 1", "0")


# ---- no privileges but a socket ----

LINES = ("write 0 65536 1", "verify 0 65536 1", "flush", "alloc 1048576", "write 65536 65536 2",
         "verify 65536 65536 2", "register 65536", "write 131072 65536 3", "threads 3", "close")


def unprivileged(bed):
    """A user without any right but to the socket, and without locked memory."""
    server = bed.daemon(bed.image(MIB))
    os.chmod(server.socket, 0o666)
    probe = beds.Probe(bed, ["sh", "-c", 'ulimit -l 0; exec "$@"', "sh", *as_nobody(bed)])
    probe.open(server.url())
    for line in LINES:
        probe.expect(line, "0")


def container(bed):
    """New user, mount, process, network and IPC namespaces, and a root that has no /dev, no /run,
    no /tmp: the program, its libraries, and the socket."""
    server = bed.daemon(bed.image(MIB))
    root = bed.path("root")
    for name in ("usr", "proc", "disk"):
        os.makedirs(os.path.join(root, name))
    for name in ("lib", "lib64"):
        os.symlink("usr/" + name, os.path.join(root, name))
    os.link(server.socket, os.path.join(root, "disk/sock"))
    shutil.copy(bed.program("linux-probe"), os.path.join(root, "disk/probe"))
    script = "mount --rbind /usr usr && mount --rbind /proc proc && exec chroot . /disk/probe"
    words = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--net", "--ipc", "--fork",
             "--kill-child", "sh", "-c", f"cd {root} && {script}"]
    if bed.start("unshare", "--user", "--map-root-user", "--mount", "--pid", "--net", "--fork",
                 "true").wait(None):
        raise Skip("no user namespaces")
    probe = beds.Probe(bed, words)
    probe.open("vhost-user:/disk/sock")
    for line in LINES:
        probe.expect(line, "0")
