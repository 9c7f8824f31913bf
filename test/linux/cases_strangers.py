# SPDX-License-Identifier: MIT
"""Back ends that other people wrote (tools/stranger), each with its ways: docs/compatibility.md."""
import os
import subprocess

import bed as beds
import cases_fio
from bed import KIB, MIB, ROOT, Server, expect, expect_equal, expect_pattern, expect_says


def cases():
    for name in STRANGERS:
        yield f"strangers/{name}:whole", lambda bed, n=name: whole(bed, STRANGERS[n](bed))
        yield f"strangers/{name}:measured", lambda bed, n=name: measured(bed, STRANGERS[n](bed))
        yield f"strangers/{name}:killed", lambda bed, n=name: killed(bed, STRANGERS[n](bed))
    yield "strangers/libvhost-user:memory", lambda bed: memory(bed, LibvhostUser(bed))
    yield "strangers/dpdk:memory", lambda bed: memory(bed, Dpdk(bed))


def program(name):
    """Where the stranger NAME is; fetched and built at the first time."""
    done = subprocess.run(["tools/stranger", name], cwd=ROOT, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, env=beds.ENVIRONMENT, check=False)
    expect(done.returncode == 0, f"tools/stranger {name}: {done.stdout}")
    return os.path.join(ROOT, done.stdout.split()[-1])


class Stranger(Server):
    """A back end of somebody else's: what it is asked to serve, what can be expected of it."""
    size, queues, flushes, keeps = 32 * MIB, 1, True, True
    options = {}                        # of every URL

    def serve(self):
        """There is somebody to connect to."""
        if self.process is None or not self.process.alive():
            if os.path.exists(self.socket):
                os.unlink(self.socket)
            self.start()
        return self

    def url(self, **more):
        return super().url(**dict(self.options, **more))


class LibvhostUser(Stranger):
    """It serves one connection, then ends; one thread does all."""

    def __init__(self, bed):
        super().__init__(bed, bed.socket(), None)
        self.command = [program("libvhost-user"), f"--socket-path={self.socket}",
                        f"--blk-file={bed.image(self.size)}"]


class Dpdk(Stranger):
    """128 MiB of memory; it polls; no memory slots, and memory is looked at when it starts; no
    flush, no indirect tables, one segment.  Its packed rings are wrong: it takes the wrap counter
    for a place in the ring."""
    size, flushes, keeps = 128 * MIB, False, False
    options = {"packed": "off"}

    def __init__(self, bed):
        super().__init__(bed, bed.path("vhost.socket"), None)
        self.command = ["sh", "-c", 'cd "$1" && shift && exec "$@"', "sh", bed.folder,
                        program("dpdk"), "-l", "0", "--no-huge", "--no-shconf", "-m", "256",
                        "--no-pci", "--no-telemetry"]


class Qemu10(Stranger):
    """The daemon of QEMU 10: 96 bytes of configuration, memory slots, one thread for all queues."""
    queues = 2

    def __init__(self, bed):
        super().__init__(bed, bed.socket(), None)
        self.command = [
            program("qemu"), "--blockdev", f"driver=file,filename={bed.image(self.size)},"
            "node-name=disk", "--export", "type=vhost-user-blk,id=e,node-name=disk,writable=on,"
            f"num-queues={self.queues},addr.type=unix,addr.path={self.socket}"]


STRANGERS = {"libvhost-user": LibvhostUser, "dpdk": Dpdk, "qemu10": Qemu10}


def whole(bed, server):
    """Told of itself, filled, read out, compared; then what the API alone can do."""
    url = server.serve().url(queues=server.queues)
    out = bed.orion("vblk", "info", url).out
    expect_says(rf"^  bytes +{server.size} ", out)
    expect_says(f"^  queues +{server.queues}$", out)
    source = bed.image(8 * MIB, 7, "source.img")
    server.serve()
    copied = bed.orion("vblk", "copy", source, url)
    expect_says("copied", copied.out + copied.err)
    server.serve()
    compared = bed.orion("vblk", "verify", source, url)
    expect_says(f"the first {8 * MIB} bytes were compared", compared.out + compared.err)
    server.serve()
    bed.orion("vblk", "read", url, "0", "8M", "--output=" + bed.path("back.img"))
    expect_pattern(bed.path("back.img"), 7, 0, 8 * MIB)
    server.serve()
    probe = bed.probe(url)
    for line in ("write 512 65536 1", "verify 512 65536 1", f"write {server.size - 4096} 4096 2",
                 f"verify {server.size - 4096} 4096 2", "threads 3"):
        probe.expect(line, "0")
    if server.flushes:
        probe.expect("flush", "0")
    probe.expect_says(f"write {server.size} 4096 1", "ERANGE")
    probe.expect("close", "0")


def measured(bed, server):
    """vblk's bench, and fio with two jobs that verify what they wrote."""
    url = server.serve().url(queues=server.queues)
    out = bed.orion("vblk", "bench", url, "--count=2000", "--depth=32",
                    f"--queues={server.queues}").out
    expect_says(r"requests +2000", out)
    server.serve()
    shape = cases_fio.Shape("4k", 32, server.queues, 4)
    process = cases_fio.fio(bed, cases_fio.ours(bed), "--url=" + url, *cases_fio.verified(shape))
    cases_fio.expect_whole(cases_fio.result(process), shape)
    expect("copied" not in process.err, "fio's memory was copied")


def killed(bed, server):
    """Killed with requests in flight, thrice; what it keeps over that is there."""
    server.serve()
    probe = bed.probe(server.url(durable="on", loss="0"))
    for life in range(3):
        for i in range(16):
            probe.say(f"+write {i * 65536} 65536 {life + 1}")
        server.kill9()
        server.serve()
        probe.say("wait")
        results = probe.answers(16)
        expect_equal([x for x in results if not x.endswith(": 0")], [], "requests that failed")
        probe.expect("write 0 4096 9", "0")
        probe.expect("verify 0 4096 9", "0")
        for i in range(1, 16 if server.keeps else 0):
            probe.expect(f"verify {i * 65536} 65536 {life + 1}", "0")
    probe.expect_says("info", "connections=4 ")


def memory(bed, server):
    """Memory that comes after the start, by both ways; also while requests are in flight."""
    server.serve()
    probe = bed.probe(server.url())
    for line in (f"register {256 * KIB}", "write 0 65536 1", "verify 0 65536 1",
                 f"alloc {256 * KIB}", "write 65536 65536 2", "verify 65536 65536 2",
                 f"alloc {96 * MIB}", "write 131072 65536 3", "verify 131072 65536 3", "heap",
                 "verify 0 65536 1"):
        probe.say(line) if line == "heap" else probe.expect(line, "0")
