# SPDX-License-Identifier: MIT
"""The installed library, as strangers use it: what is laid down where, and programs of theirs that
are built on it by pkg-config alone, in C and C++, shared and static."""
import os
import re
import shutil
import signal
import struct
import subprocess
import threading

import backend as b
import bed as beds
from bed import MIB, ROOT, expect, expect_equal, expect_says, need

HEADERS = ("api", "disk", "publish", "serial", "stats", "status", "units", "version")
SOURCES = os.path.join(ROOT, "test/install")
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
LOCK = threading.RLock()


def cases():
    if beds.MODE != "release":              # what is installed is what is shipped
        return
    for run in (headers, names, cxx, examples, clash, groups, misuse, refusals, waits,
                before_start, optimal, durability, folders, uninstall,
                plugins_missing, plugin_found):
        yield "install/" + run.__name__, run


def make(*words):
    """Runs make; returns what it said."""
    done = subprocess.run(["make", "-s", *words], cwd=ROOT, env=beds.ENVIRONMENT, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    expect(done.returncode == 0, f"make {' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


class Tree:
    """What make install lays down below FOLDER."""

    def __init__(self, folder, *words):
        self.folder = folder
        with LOCK:
            shutil.rmtree(folder, ignore_errors=True)
            self.said = make("install", f"DESTDIR={folder}", *words)

    def path(self, name):
        return self.folder + name

    def files(self):
        return sorted(os.path.join(f, n)[len(self.folder):]
                      for f, _, names in os.walk(self.folder) for n in names)


TREE = []


def tree():
    """One installation below /usr for all cases that only look."""
    with LOCK:
        if not TREE:
            TREE.append(Tree(os.path.join(beds.BUILD, "installed"), "PREFIX=/usr"))
    return TREE[0]


def build(bed, compiler, source, *flags, static=False):
    """Builds SOURCE by pkg-config alone; returns the program's path."""
    there = tree()
    env = {"PKG_CONFIG_PATH": there.path("/usr/lib/pkgconfig"),
           "PKG_CONFIG_SYSROOT_DIR": there.folder}
    words = ["pkg-config", "--cflags", "--libs", "liborion-vblk"] + ["--static"] * static
    found = bed.run(*words, env=env).split()
    if static:
        found = [there.path("/usr/lib/liborion-vblk.a") if x == "-lorion-vblk" else x
                 for x in found]
    name = os.path.basename(source)
    program = bed.path(f"{name}-{compiler}-{'static' if static else 'shared'}")
    bed.run(compiler, *STRICT, "-O1", "-D_GNU_SOURCE", *flags, "-o", program, source, *found)
    return program


def run(bed, program, *words, status=0):
    return bed.run(program, *words, status=status,
                   env={"LD_LIBRARY_PATH": tree().path("/usr/lib")})


# ---- what is shown of the files ----

def headers(bed):
    """Each header of the library stands alone, in every C and C++ that people use."""
    ways = [("gcc", "c99"), ("gcc", "c11"), ("gcc", "c17"), ("gcc", "c2x"), ("clang", "c99"),
            ("clang", "c2x"), ("g++", "c++17"), ("g++", "c++20"), ("clang++", "c++17")]
    for compiler, standard in ways:
        need(compiler)
        language = "c++" if "++" in compiler else "c"
        for name in HEADERS:
            source = bed.path(f"{name}.{language}")
            with open(source, "w", encoding="ascii") as f:
                f.write(f"#include <orion/{name}.h>\n#include <orion/{name}.h>\nint unit;\n")
            bed.run(compiler, f"-std={standard}", *STRICT, "-x", language, "-fsyntax-only",
                    "-isystem", "/nowhere", "-I", tree().path("/usr/include"), source)


def of_library(text):
    """Names of nm's lines that are no version's name."""
    return sorted(re.sub("@.*", "", line.split()[-1]) for line in text.splitlines()
                  if len(line.split()) == 3 and line.split()[1] != "A")


def names(bed):
    """The headers' functions, the map's names, what the shared library exports and what is global
    in the static one: the same."""
    declared = []
    for name in HEADERS:
        with open(tree().path(f"/usr/include/orion/{name}.h"), encoding="ascii") as f:
            text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
        declared += re.findall(r"^ORION_API [^;(]*?\b(\w+)\(", text, re.M)
    declared.sort()
    expect(len(declared) > 40 and "orion_disk_open" in declared, f"declared: {declared}")
    with open(os.path.join(ROOT, "ports/linux/liborion-vblk.map"), encoding="ascii") as f:
        mapped = re.findall(r"^\t([\w*]+);$", f.read(), re.M)
    expect_equal(sorted(mapped), sorted(declared + ["*"]), "the map's names")
    shared = bed.run("nm", "-D", "--defined-only", tree().path("/usr/lib/liborion-vblk.so.0"))
    expect_equal(of_library(shared), declared, "names that the shared library exports")
    versions = {line.split()[-1].partition("@@")[2] for line in shared.splitlines()
                if " A " not in line}
    expect_equal(versions, {"ORION_VBLK_0.1"}, "versions of the names")
    static = bed.run("nm", "-g", "--defined-only", tree().path("/usr/lib/liborion-vblk.a"))
    expect_equal(of_library(static), declared, "global names in the static library")


# ---- programs of strangers ----

STRANGER = """before: memory there, queue none
info: queues 2, bytes 67108864, durability 0, feature VIRTIO_BLK_F_FLUSH
wait for all: 8
wait for more than there is: 8
group: 16, good, good
stats: writes 8, bounced 0
"""


def cxx(bed):
    """A program in C++: a poll group, memory before the start, a wait for a whole batch."""
    server = bed.daemon(bed.image(64 * MIB), num_queues=2)
    for compiler in ("g++", "clang++"):
        for static in (False, True):
            program = build(bed, compiler, f"{SOURCES}/stranger.cc", "-std=c++17",
                            static=static)
            uses = bed.run("ldd", program, env={"LD_LIBRARY_PATH": tree().path("/usr/lib")})
            expect_equal("liborion-vblk.so.0" in uses, not static, "needs the shared library")
            expect_equal(run(bed, program, server.url()), STRANGER, program)


def examples(bed):
    """The examples that are installed, as their first line says."""
    server = bed.daemon(bed.image(MIB, seed=1), num_queues=4)
    folder = tree().path("/usr/share/doc/orion/examples")
    found = sorted(os.listdir(folder))
    expect("first-sector.c" in found, f"examples: {found}")
    for name in found:
        for static in (False, True):
            program = build(bed, "gcc", os.path.join(folder, name), "-std=gnu11", static=static)
            said = run(bed, program, server.url())
            if name == "many-disks.c":
                with open(server.image, "rb") as f:
                    expect_equal(said, f"{server.url()}: {sum(f.read())}\n", name)
            said = bed.start(program, "vhost-user:/nowhere",
                             env={"LD_LIBRARY_PATH": tree().path("/usr/lib")})
            said.wait(1)
            expect_says("there is no such socket", said.err)


def clash(bed):
    """A program whose own functions have the names that ours have inside."""
    server = bed.daemon(bed.image(MIB))
    program = build(bed, "gcc", f"{SOURCES}/clash.c", static=True)
    expect_equal(run(bed, program, server.url()),
                 "write: 0\nflush: 0\nread: 0 the same\nown: 28\n", "clash")


def groups(bed):
    """A poll group over two disks of two queues each, in each way of waiting."""
    servers = [bed.daemon(bed.image(MIB, name=f"{i}.img"), num_queues=2) for i in range(2)]
    program = build(bed, "gcc", f"{SOURCES}/group.c")
    for way in ("event", "adaptive", "poll"):
        expect_equal(run(bed, program, way, *(s.url() for s in servers)), "4 lanes\n2 lanes\n",
                     way)


def answers(bed):
    server = bed.daemon(bed.image(MIB))
    program = build(bed, "gcc", f"{SOURCES}/misuse.c")
    text = run(bed, program, server.url())
    return dict(line.split(": ", 1) for line in text.splitlines()), text


def expect_answers(found, wanted, text):
    for what, answer in wanted.items():
        expect(what in found, f"no {what!r} in: {text}")
        expect_says(f"^{answer}$", found[what])


NOTHING = ("info of NULL", "info to NULL", "register NULL", "register of NULL", "unregister NULL",
           "unregister of NULL", "refusal of NULL", "read of NULL", "flush of NULL",
           "identify of NULL", "identify to NULL", "stats of NULL", "group to NULL", "add NULL",
           "add to NULL", "published NULL", "published of another size", "option NULL",
           "init of 3 bytes", "stats of no bytes", "counters of no bytes", "read to NULL",
           "write NULL", "ring of no bytes", "ring of NULL", "ring to NULL")


def misuse(bed):
    """Sizes that cannot be, and nothing where something is needed: an error with words."""
    found, text = answers(bed)
    expect_answers(found, {name: "-22 .*" for name in NOTHING}, text)
    expect_answers(found, {
        "size 0": "-22 the options' size is 0, .*orion_disk_options_init.*",
        "size 8": "-22 the options' size is 8, .*",
        "half the size": "-22 the options' size is .*",
        "twice the size": r"-22 the options have \d+ bytes, and this library knows \d+.*newer.*",
        "its size": "0 ",
        "info of no bytes": "-22 right",
        "info of few bytes": "0 right",
        "info of all bytes": "0 right",
        "info of more bytes": "0 right",
        "stats of one word": "0 right",
        "ring": "0 right",
        "open NULL": "-22 the URL is NULL: .*vhost-user:/path/to/socket",
        "open to NULL": "-22 disk is NULL.*",
        "open without an error": "-22 ",
        "start NULL": "-22 the disk is NULL: .*",
        "start twice": "-114 .*started already",
        "text of NULL": "0 the disk is NULL",
        "queue of NULL": "1 ", "queue 99": "1 ", "alloc of NULL": "1 ",
        "submit to NULL": "0 the queue is NULL.*",
        "submit NULL": "0 the array of requests is NULL",
        "wait of NULL": "0 ", "wait to NULL": "0 ", "wait_min of NULL": "0 ",
        "descriptor of NULL": "-1 ",
        "add": "0 ", "add again": "-17 ", "remove": "0 ", "remove again": "-2 ",
        "group wait for nothing": "0 ",
        "few descriptors": "0 after words",
    }, text)
    expect("with " not in text, f"too few descriptors told as something else: {text}")


def refusals(bed):
    """What is said of a request that is not taken: what it was, and what would be right."""
    found, text = answers(bed)
    expect_answers(found, {
        "operation 9": "-22 operation 9: there are .*ORION_FLUSH.*",
        "flags": "-22 flags 0x2: .*",
        "offset 100": "-22 offset 100 is no multiple of .* 512 bytes",
        "100 bytes": "-22 a read of 100 bytes: .* multiple of .* 512 bytes.*",
        "no bytes": "-22 a read of 0 bytes: .*",
        "no buffer": "-22 a read whose buffer is NULL",
        "write NULL": "-22 a write whose buffer is NULL",
        "beyond the end": "-34 a read of 1024 bytes at offset 1048064 .* 1048576 bytes",
        "far beyond": "-34 a read of 512 bytes at offset 4611686018427387904 .* 1048576 bytes",
        "2000 vectors": "-22 2000 vectors: .*1024",
        "an empty vector": "-22 vector 0 of 1 is .*empty.*",
        "an odd vector": "-22 a read of 100 bytes.*",
        "vectors at NULL": "-22 a read whose buffer is NULL",
        "one in shared memory": "0 taken",
        "flags there": "-22 flags 0x1: .*",
        "operation there": "-22 operation 8: .*",
        "one that is right": "0 taken",
        "words of none": "0 ",
        "write": "-30 a write, and the disk is read-only: the option .*",
        "too large": "-7 a read of 1048576 bytes .* 65536 bytes of bounce memory.*bounce=",
        "synchronous write": "-30 a write, and the disk is read-only.*",
    }, text)


def waits(bed):
    """A signal that is let through only while it waits ends the wait, whatever the way of it."""
    server = bed.daemon(bed.image(MIB))
    program = build(bed, "gcc", f"{SOURCES}/waits.c")
    child = bed.start(program, server.url(), stdin=True,
                      env={"LD_LIBRARY_PATH": tree().path("/usr/lib")})
    for way in range(6):
        child.await_says(r"(?s)\A" + r"open [012].*?then: 0\n" * way + "open .*\n")
        server.process.signal(signal.SIGSTOP)
        child.say("stopped")
        found = child.await_says(r"(?s)\A(?:.*?then: 0\n){%d}open .*?\nended: (.*)\n" % way)
        server.process.signal(signal.SIGCONT)
        expect_equal(found.group(1), "0 back, 1 signals", f"way {way}")
        child.say("goes on")
        child.await_says(r"(?s)\A(?:.*?then: 0\n){%d}" % (way + 1))
    child.wait()


# ---- what it says of disks ----

def before_start(bed):
    """Memory that was had before the start is told before a queue is enabled, and none after it."""
    backend = b.Backend(bed)
    program = build(bed, "gcc", f"{ROOT}/examples/many-disks.c")
    expect_equal(run(bed, program, backend.url()), f"{backend.url()}: 0\n", "sum")
    told = [i for i, x in enumerate(backend.log) if x in ("ADD_MEM_REG", "SET_MEM_TABLE")]
    expect(len(told) > 1, f"rings and buffers: {backend.log}")
    expect(max(told) < backend.log.index("SET_VRING_ENABLE"), f"memory too late: {backend.log}")


TOPOLOGY, CONFIG_WCE = 1 << 10, 1 << 11


def info(bed, flags=(), off=0, optimal=0, **fields):
    """What test/install/info.c says of a back end with FIELDS."""
    backend = b.Backend(bed, **fields)
    plain = backend.config

    def config():
        text = bytearray(plain())
        struct.pack_into("=I", text, 28, optimal)
        return bytes(text)
    backend.config = config
    program = build(bed, "gcc", f"{SOURCES}/info.c")
    return run(bed, program, *flags, backend.url(), hex(off)).strip()


def optimal(bed):
    """The best length of a request is told in blocks, as many as 32 bits hold."""
    features = b.PROTOCOL | b.VERSION_1 | b.SEG_MAX | b.BLK_SIZE | b.FLUSH | TOPOLOGY
    for blocks, block in ((8, 512), (0xffffffff, 4096), (1 << 20, 4096)):
        said = info(bed, features=features, optimal=blocks, block=block)
        expect_says(f", best {blocks * block}, ", said)


def durability(bed):
    """What is said to be promised of completed writes: after a flush, at once, nothing."""
    plain = b.PROTOCOL | b.VERSION_1 | b.SEG_MAX | b.BLK_SIZE
    expect_says(", flush: ", info(bed, features=plain | b.FLUSH))
    expect_says(", stable: ", info(bed, features=plain | b.FLUSH, off=b.FLUSH))
    expect_says(", none: ", info(bed, features=plain))
    expect_says(", stable: ", info(bed, ["-d"], features=plain))


# ---- where things go ----

def folders(bed):
    """Each folder is where its variable says, below PREFIX or not; the kernel is not built."""
    there = Tree(bed.path("there"), "PREFIX=/opt/orion", "LIBDIR=lib64", "INCLUDEDIR=/usr/inc",
                 "BINDIR=/usr/sbin", "MANDIR=man")
    files = there.files()
    for name in ("/opt/orion/lib64/liborion-vblk.a", "/opt/orion/lib64/liborion-core.a",
                 "/opt/orion/lib64/liborion-vblk.so.0", "/opt/orion/lib64/pkgconfig/orion-core.pc",
                 "/usr/inc/orion/disk.h", "/usr/sbin/vblk", "/opt/orion/man/man1/vblk.1",
                 "/opt/orion/man/man3/liborion-vblk.3", "/opt/orion/share/orion/sources.txt",
                 "/opt/orion/share/doc/orion/reports.schema.json"):
        expect(name in files, f"{name} is not in {files}")
    expect(not [f for f in files if ".elf" in f], f"a kernel in {files}")
    expect(not [f for f in files if not f.startswith(("/opt/orion/", "/usr/inc/orion/",
                                                      "/usr/sbin/"))], f"strays in {files}")
    env = {"PKG_CONFIG_PATH": there.path("/opt/orion/lib64/pkgconfig"),
           "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1"}
    expect_equal(bed.run("pkg-config", "--cflags", "--libs", "liborion-vblk", env=env).split(),
                 ["-I/usr/inc", "-L/opt/orion/lib64", "-lorion-vblk"], "flags")
    would = subprocess.run(["make", "-n", "-B", "install"], cwd=ROOT, env=beds.ENVIRONMENT,
                           text=True, capture_output=True).stdout
    expect("liborion-vblk" in would and "kernel/core" not in would,
           "make install would build a kernel")


def uninstall(bed):
    """Twice installed and once taken away is nothing; what is somebody else's stays."""
    words = ["PREFIX=/usr/local", "LIBDIR=lib/there"]
    there = Tree(bed.path("there"), *words)
    make("install", f"DESTDIR={there.folder}", *words)
    expect(len(there.files()) > 30, f"installed: {there.files()}")
    other = there.path("/usr/local/share/doc/orion/mine.txt")
    with open(other, "w", encoding="ascii") as f:
        f.write("mine\n")
    make("uninstall", f"DESTDIR={there.folder}", *words)
    expect_equal(there.files(), ["/usr/local/share/doc/orion/mine.txt"], "what is left")
    expect(not os.path.exists(there.path("/usr/local/include/orion")), "include/orion is left")


def plugins_missing(bed):
    """A plugin that cannot be built is not left out in silence."""
    there = Tree(bed.path("there"), "plugins_here=")
    expect_says("not installed: the nbdkit plugin; it needs nbdkit-plugin.h", there.said)
    expect_says("not installed: the fio engine", there.said)
    expect(not [f for f in there.files() if "nbdkit-orion" in f and ".so" in f], "a plugin")


def plugin_found(bed):
    """The nbdkit plugin lies where nbdkit looks, below the prefix, and can be loaded there."""
    need("nbdkit")
    looks = bed.run("nbdkit", "--dump-config")
    looks = re.search("^plugindir=(.*)$", looks, re.M).group(1)
    path = tree().path(f"{looks}/nbdkit-orion-plugin.so")
    expect(os.path.exists(path), f"{looks} has no plugin: {tree().files()}")
    expect_says("^name=orion$", bed.run("nbdkit", "--dump-plugin", path))
    other = Tree(bed.path("there"), "PREFIX=/opt")
    expect_equal([f for f in other.files() if f.endswith("-plugin.so")],
                 [looks.replace("/usr", "/opt", 1) + "/nbdkit-orion-plugin.so"], "below /opt")
    third = Tree(bed.path("third"), "PREFIX=/opt", "NBDKIT=/somewhere")
    expect("/somewhere/nbdkit-orion-plugin.so" in third.files(), f"{third.files()}")
