# SPDX-License-Identifier: MIT
"""vhost-user-model behind QEMU's own front end: the Orion kernel reads and writes through both, and
the host looks at the file."""
import hashlib
import os
import signal
import time

from bed import MIB, ROOT, Skip, await_, expect, expect_pattern, expect_says, listening, need

KERNEL = os.path.join(ROOT, "build/orion-x86_64.elf")

RINGS = {
    "split": "",
    "packed": "packed=on",
    "packed.plain": "packed=on,event_idx=off",
    "split.direct": "indirect_desc=off,event_idx=off,queue-size=64",
    "packed.direct": "packed=on,indirect_desc=off",
}


def sha256(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def model(bed, *words):
    path = bed.socket()
    return bed.serve(path, bed.program("vhost-user-model"), f"--socket-path={path}", *words)


def start(bed, script, *words):
    """Starts the kernel with SCRIPT and a machine of WORDS; returns QEMU's process."""
    if not os.path.exists(KERNEL):
        raise Skip("there is no kernel: make kernel")
    with open(bed.path("script.orion"), "w", encoding="utf-8") as f:
        f.write("\n".join(line.strip() for line in script.strip().splitlines()) + "\n")
    return bed.start(
        need("qemu-system-x86_64"), "-M", "q35,memory-backend=m", "-m", "128M",
        "-object", "memory-backend-memfd,id=m,size=128M,share=on", "-nodefaults", "-no-reboot",
        "-display", "none", "-kernel", KERNEL, "-device",
        "isa-debug-exit,iobase=0xf4,iosize=0x04", "-chardev", "stdio,id=console,signal=off",
        "-serial", "chardev:console", "-fw_cfg",
        f"name=opt/orion/script,file={bed.path('script.orion')}", *words)


def boot(bed, socket, script, properties="", reconnect=False):
    """Starts the kernel with the disk behind SOCKET; returns QEMU's process."""
    device = "vhost-user-blk-pci,chardev=c,disable-legacy=on,num-queues=2"
    return start(bed, script, "-smp", "2", "-chardev",
                 f"socket,id=c,path={socket}" + (",reconnect=1" if reconnect else ""), "-device",
                 device + ("," + properties if properties else ""))


def finish(qemu):
    """The script succeeded: the kernel's status 33 (tools/run)."""
    return qemu.wait(33)


def ring(properties):
    def case(bed):
        image = bed.image(16 * MIB, 3)
        server = model(bed, f"--file={image}", "--queues=2")
        before = sha256(image)
        out = finish(boot(bed, server.socket, """
            disk list
            disk identify vd0
            disk hash vd0
            disk write vd0 1M 3000k pattern:7
            disk verify vd0 1M 3000k pattern:7
            disk flush vd0
        """, properties))
        expect(before in out, "the kernel's hash is not the file's")
        expect_says("orion-model", out)
        expect_says("packed" if "packed" in properties else "split", out)
        expect_pattern(image, 7, MIB, 3000 << 10)
        expect_pattern(image, 3, 0, MIB)
    return case


def blocks(bed):
    image = bed.image(4 * MIB, 5)
    server = model(bed, f"--file={image}", "--block=4096", "--threads", "--queues=2", "--poll")
    out = finish(boot(bed, server.socket, """
        disk list
        ! disk write vd0 512 512 pattern:1
        disk write vd0 8k 4k pattern:1
        disk flush vd0
    """))
    expect_says(r"4096", out)
    expect_pattern(image, 1, 8192, 4096)


def read_only(bed):
    image = bed.image(4 * MIB, 5)
    server = model(bed, f"--file={image}", "--read-only")
    finish(boot(bed, server.socket, """
        ! disk write vd0 0 4k pattern:1
        disk verify vd0 0 4M pattern:5
    """, "num-queues=1"))
    expect_pattern(image, 5, 0, 4 * MIB)


def death(properties):
    """The server dies with a request executed and not completed; QEMU brings the record of what was
    in flight to the next, which does it, and the guest sees nothing of that."""
    def case(bed):
        image = bed.image(16 * MIB, 3)
        words = [f"--file={image}", "--queues=2"]
        server = model(bed, *words, "--die-after=40")
        qemu = boot(bed, server.socket, """
            disk write vd0 1M 12M pattern:9
            disk verify vd0 1M 12M pattern:9
            disk flush vd0
        """, properties, reconnect=True)
        deaths = 0
        while qemu.alive() and deaths < 100:
            if not server.process.alive():
                deaths += 1
                server.process = bed.start(*server.command[:-1],
                                           f"--die-after={40 + 13 * deaths}")
            time.sleep(0.01)
        finish(qemu)
        expect(deaths >= 2, f"the server died {deaths} times only")
        expect_says("begun before", "".join(p.err for p in bed.processes))
        expect_pattern(image, 9, MIB, 12 * MIB)
    return case


def again(bed):
    """One server, one guest after another; SIGTERM ends it, and its socket is gone."""
    image = bed.image(4 * MIB, 5)
    server = model(bed, f"--file={image}")
    for seed in (1, 2):
        finish(boot(bed, server.socket, f"disk write vd0 {seed}M 1M pattern:{seed}",
                    "num-queues=1"))
    expect_pattern(image, 1, MIB, MIB)
    expect_pattern(image, 2, 2 * MIB, MIB)
    expect(listening(server.socket), "nobody listens any more")
    server.process.signal(signal.SIGTERM)
    server.process.wait(0)
    await_(lambda: not os.path.exists(server.socket), "the socket to be removed")


def cases():
    for name, properties in RINGS.items():
        yield "qemu/" + name, ring(properties)
    yield "qemu/blocks", blocks
    yield "qemu/read_only", read_only
    yield "qemu/death.split", death("")
    yield "qemu/death.packed", death("packed=on")
    yield "qemu/again", again
