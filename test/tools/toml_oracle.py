#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What orion_options_parse() has to say of many texts, judged by Python's own TOML reader.

    toml_oracle.py           > test/unit/toml_cases.h    the committed cases
    toml_oracle.py N SEED    > cases.h                   N random ones, for a longer run

A case is a text and the sum of the options after it, or 0 when it has to be refused.
"""
import random
import re
import sys
import tomllib

KB, MB, GB = 1024, 1024 ** 2, 1024 ** 3
# name: (kind, default, least, most), in the order of the sum
OPTIONS = {
    "device_max_count": ("number", 32, 1, 32),
    "device_max_queues": ("number", 16, 1, 16),
    "device_max_queue_depth": ("number", 1024, 4, 1024),
    "device_max_sectors": ("number", 65536, 8, 8388608),
    "device_max_segments": ("number", 128, 1, 128),
    "queue_count": ("number", 4, 1, 16),
    "queue_depth": ("number", 256, 1, 1024),
    "queue_interrupt_coalescing": ("switch", True, 0, 1),
    "queue_interrupt_coalescing_time": ("number", 100, 0, 1000000),
    "queue_interrupt_coalescing_threshold": ("number", 4, 1, 1024),
    "read_ahead_size": ("bytes", 2 * MB, 0, GB),
    "write_back_cache": ("switch", True, 0, 1),
    "write_back_cache_size": ("bytes", 256 * MB, 0, 64 * GB),
    "io_scheduler": ("scheduler", 0, 0, 1),
    "direct_io": ("switch", True, 0, 1),
    "shared_memory_size": ("bytes", 512 * MB, MB, 64 * GB),
    "dma_enabled": ("switch", True, 0, 1),
    "zero_copy_enabled": ("switch", True, 0, 1),
    "batch_processing": ("switch", True, 0, 1),
    "features_off": ("features", 0, 0, 2 ** 64 - 1),
    "features_required": ("features", 0, 0, 2 ** 64 - 1),
}
TABLE = "virtio_block"
# Some names of features, as people write them, and their bits [spec 5.2.3, 6].
FEATURES = {"VIRTIO_BLK_F_MQ": 12, "mq": 12, "Virtio-Blk-F-Mq": 12, "ro": 5, "FLUSH": 9,
            "VIRTIO_F_RING_PACKED": 34, "ring-packed": 34, "event_idx": 29, "VIRTIO_F_IN_ORDER": 35}


def size(text):
    """kB and its like are powers of 1000; KiB, and a letter by itself, are powers of 1024."""
    found = re.fullmatch(r"(0[xX][0-9a-fA-F]+|[0-9]+)(?: *(?:B|([kmgtpeKMGTPE])(B|iB|)))?", text)
    if found is None:
        return None
    digits, letter, rest = found.groups()
    power = "kmgtpe".index(letter.lower()) + 1 if letter else 0
    number = int(digits, 16 if digits[:2] in ("0x", "0X") else 10)
    return number * (1000 if rest == "B" else 1024) ** power


def number(kind, value):
    """The option's number, or None when the value's type is wrong."""
    if kind == "switch":
        return int(value) if isinstance(value, bool) else None
    if kind == "features":
        if not isinstance(value, list) or not all(isinstance(x, str) for x in value):
            return None
        bits = {FEATURES.get(x) for x in value}
        return None if None in bits else sum(1 << bit for bit in bits)
    if kind == "scheduler":
        return {"none": 0, "deadline": 1}.get(value) if isinstance(value, str) else None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return size(value) if kind == "bytes" and isinstance(value, str) else None


def distance(a, b):
    """How many characters to change, add or drop (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        last = [i + 1]
        for j, y in enumerate(b):
            last.append(min(row[j] + (x != y), row[j + 1] + 1, last[j] + 1))
        row = last
    return row[-1]


def plain(name):
    return name.lower().replace("-", "_")


def slip(found, text):
    """Whether a table, or a key before any, is nearly ours, or ours in the wrong place."""
    for name, value in found.items():
        inside = value if isinstance(value, dict) else {}
        before = re.search(r"^\s*[\"']?" + re.escape(name) + r"[\"']?\s*[.=]",
                           text.split("\n[")[0] if not text.startswith("[") else "", re.M)
        written = re.search(r"^\s*\[+\s*[\"']?" + re.escape(name), text, re.M) or before
        if name != TABLE and written and distance(plain(name), TABLE) <= 3:
            return True
        if before and any(distance(plain(name), o) <= 1 for o in OPTIONS):
            return True
        if name != TABLE and any(distance(plain(k), TABLE) <= 3 for k in inside):
            return True
    return False


def verdict(text):
    """The sum of the options, 0 for a refusal, None when the text is no case for us."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        said = str(e)
        if "overwrite" in said or "twice" in said or "mutate" in said or "namespace" in said:
            # Keys given twice are our business in our table only.
            return 0 if text.count(TABLE) > 1 and text.count("[") == text.count(TABLE) else None
        return 0
    except (RecursionError, ValueError):
        return None
    if slip(found, text):
        return 0
    table = found.get(TABLE, {})
    if not isinstance(table, dict) or f"{TABLE} = " in text or f"[[{TABLE}" in text:
        return 0
    values = {name: int(row[1]) for name, row in OPTIONS.items()}
    for name, value in table.items():
        if name not in OPTIONS:
            return 0
        kind, _, least, most = OPTIONS[name]
        value = number(kind, value)
        if value is None or not least <= value <= most:
            return 0
        values[name] = value
    if values["features_off"] & values["features_required"]:
        return 0
    if {"queue_count", "device_max_queues"} <= table.keys() and \
            values["queue_count"] > values["device_max_queues"]:
        return 0
    if {"queue_depth", "device_max_queue_depth"} <= table.keys() and \
            values["queue_depth"] > values["device_max_queue_depth"]:
        return 0
    total = 0
    for value in values.values():
        total = (total * 0x100000001b3 + value + 1) % 2 ** 64
    return total


FOREIGN = """
a = 1
"b c" = 'd'
e.f."g" = 1.5
h = [1, 2, [3, 4,], # remark
  "x", ]
i = { j = 1, k = { l = [ {m = 1}, {n = 2} ] } }
o = 1979-05-27T07:32:00Z
p = 1979-05-27 07:32:00.999-07:00
q = 07:32:00
r = 2024-02-29
s = -1_000
t = +inf
""".strip().split("\n")

SCALARS = """0 -0 +0 00 01 1_000 1__0 _1 1_ 0x 0x1F 0xg 0X1f 0o17 0o8 0b101 0b2 -0x1 +0x1 0x_1 0x1_f
1.0 1. .5 1e5 1e+5 1E-5 1e 1.e5 1.5e1_0 1_0.0_1 inf -inf nan +nan infinity true false True TRUE tru
truefalse 9223372036854775807 -9223372036854775808 1979-05-27 1979-13-01 1979-02-30 2024-02-29
2023-02-29 1979-05-27T07:32:00 1979-05-27T07:32:00Z 1979-05-27T24:00:00 1979-05-27T07:32:60Z
1979-05-27t07:32:00z 1979-05-27T07:32:00.5+01:00 1979-05-27T07:32:00+24:00 1979-05-27T07:32
07:32:00 07:32:00.123 7:32:00 07:32 1979-5-27 '' "" "a 'a 'a' "a\\\\b" "a\\qb" "\\u00e9"
"\\u00e" "\\ud800" "\\U0010ffff" "\\U00110000" \"\"\"a\"\"\" \"\"\"a\"\"b\"\"\" \"\"\"\"\"\"\"
\"\"\"\"\"\"\"\" \"\"\"\"\"\"\"\"\" '''a''' '''a''''' '''''' [] [1] [1,] [,] [1,,2] [1 [1,2]]
[[]] [[],] {} {a=1} {a=1,} {,} {a} {a=} {a=1,b=2} {a={}} {a=[{b=1}]} [{},{}] {a.b=1} {"x y"=1}
1=2 = # ] } a ~ %s \\""".replace("\n", " ").split(" ")

OWN = [
    *(f"{n} = {v}" for n, (k, d, lo, hi) in OPTIONS.items() if k in ("number", "bytes")
      for v in (lo, hi, hi + 1, lo - 1, f"0x{lo:x}", f"+{hi}", '"x"', "true", "1.0")),
    *(f"{n} = {v}" for n, (k, *_) in OPTIONS.items() if k == "switch"
      for v in ("true", "false", "1", '"true"', "[]")),
    *(f"io_scheduler = {v}" for v in ('"none"', "'deadline'", '"Deadline"', "1", '"none\\u0000"',
                                      '"n\\u006fne"', '"""none"""', '"""\nnone"""')),
    *(f"read_ahead_size = {v}" for v in ('"2MB"', '"2 MB"', '"2mb"', '"2MiB"', '"1GiB"', '"1025MB"',
                                         '"0"', '"kB"', '"1kb"', '"4kB"', '"4KB"', '"4k"', '"4 "',
                                         '"1.5MB"', '"-1"', '""', '"9999999999999999999999MB"',
                                         '"18014398509481984kB"', '"1TB"', "'64kB'", '"1 024"',
                                         '"0x1000"', '"0x4k"', '"2e"', '"1 MiB "', '"1000kB"',
                                         '"2 PiB"')),
    *(f"features_{which} = {v}" for which in ("off", "required")
      for v in ('["VIRTIO_BLK_F_MQ"]', "[]", '["mq", "ring-packed", "FLUSH",]', '"mq"', "[1]",
                '["mq", "nonsense"]', '[["mq"]]', '["Virtio-Blk-F-Mq", "event_idx"]', "12", '[""]',
                '["mq", "mq"]', "[{a = 'mq'}]", "[ # remark\n'ro', # another\n 'mq']")),
    "features_off = ['mq']\nfeatures_required = ['ro', 'mq']",
    "features_off = ['mq']\nfeatures_required = ['ro']",
    "queue_count = 4\ndevice_max_queues = 3", "queue_count = 3\ndevice_max_queues = 3",
    "device_max_queues = 1", "queue_depth = 65\ndevice_max_queue_depth = 64",
    "queue_depth = 64\ndevice_max_queue_depth = 64", "device_max_queue_depth = 64",
    "queue_cuont = 3", "Queue_count = 3", '"queue_count" = 3', "'queue_count' = 3",
    '"queue\\u005fcount" = 3', "queue_count.x = 3", "queue_count = 3 # remark", "queue_count=3",
    "\tqueue_count\t=\t3\t", "queue_count = 3 4", "queue_count = 3\nqueue_count = 3",
    'queue_count = 3\n"queue_count" = 4', "queue_count 3", "queue_count =", "= 3", "queue_count",
    "queue_count = 1_6", "queue_count = 1_7", "queue_count = -3",
    "queue_depth = 99999999999999999999",
    f"{'x' * 60} = 1", '"" = 1', "queue_count = [3]", "queue_count = {a = 3}",
    '"queue_count\\u0000" = 3', "queue_count = 3\n[virtio_block]",
    "queue_count = 3\n[other]\nqueue_count = 99",
]

WHOLE = [
    "", "\n", "# only a remark", "\r\n", "a = 1\r\nb = 2\r\n", "a = 1\rb = 2", "a = '\x01'",
    "a = 1 # \x7f",
    f"{TABLE}.queue_count = 3", f"{TABLE}.queue_count = 33", f"{TABLE}.nonsense = 3",
    f"{TABLE}.queue_count = 3\n[{TABLE}]\nqueue_depth = 3", f"{TABLE}.queue_count.x = 3",
    f"{TABLE} = 3", f"{TABLE} = {{}}", f"{TABLE} = {{ queue_count = 3 }}", f"[[{TABLE}]]",
    f"[{TABLE}.x]", f"[[{TABLE}.x]]", f"[ {TABLE} ]\nqueue_count = 3",
    f"[\"{TABLE}\"]\nqueue_count = 3",
    f"['{TABLE}']\nqueue_count = 99", f"[{TABLE}] queue_count = 3", f"[{TABLE}]\n[{TABLE}]",
    f"[{TABLE}]\n[a]\n[{TABLE}]", f"[x.{TABLE}]\nqueue_count = 99", f"[{TABLE}x]\nqueue_count = 99",
    f"[{TABLE}", f"{TABLE}]", f"[[{TABLE}]", f"[{TABLE}]]", "[]", "[ ]", "[a.]", "[.a]", "[a..b]",
    "[a b]",
    "[[a]]\n[[a]]\n[a.b]", f"[{TABLE}]\nqueue_count = 3", f"[{TABLE}]\r\nqueue_count = 3\r\n",
    f"[x]\ny = 1\n\n[{TABLE}] # remark\nqueue_depth = 7\nio_scheduler = 'deadline'\n[z]\nq = 1\n",
    "[virtio_blk]\nqueue_count = 3", "[virtio-block]", "[Virtio_Block]", "[virtio_blocks]",
    "[virtio_net]\nqueue_count = 3", "[virtio]", "queue_count = 3", "queue_count = 3\n[a]",
    "a = 1\nqueue_depth = 3\n[virtio_block]\n", "virtio_blk.queue_count = 3",
    "queue_counts = 3", "queue = 3", "[virtio_block]\nqueue_count = 3\n[virtio_blk]\n",
    "a = " + "[" * 30 + "]" * 30, "a = '''\n[virtio_block]\n'''\n",
    "a = \"\"\"\n\\\n  x\"\"\"\nb = 1",
    "a = \"\"\"x\\\n\n\n  y\"\"\"", "a = \"\"\"x\\ y\"\"\"", "a = \"\"\"x\\  \n y\"\"\"",
    "a = \"x\ny\"", "a = 'x\ny'",
    "\u00e9 = 1", "a = '\u00e9'", "# \u00e9\u20ac\U0001f600", "\ufeffa = 1",
]


def mutate(rng, text):
    pieces = ["[", "]", "{", "}", "=", ".", ",", "\n", "\"", "'", "#", "_", "0", "1", " ",
              "\\", "-", "e", ":",
              "\"\"\"", "'''", "\r\n", "T", "x", "\t", "+"]
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(text) + 1)
        how = rng.randrange(3)
        if how == 0:
            text = text[:at] + rng.choice(pieces) + text[at:]
        elif how == 1:
            text = text[:at] + text[at + 1:]
        else:
            text = text[:at] + rng.choice(pieces) + text[at + 1:]
    return text


def committed():
    yield from WHOLE
    yield "\n".join(FOREIGN)
    for line in OWN:
        yield f"[{TABLE}]\n{line}\n"
    for scalar in SCALARS:
        yield f"a = {scalar}\n"


def at_random(count, seed):
    rng = random.Random(seed)
    for _ in range(count):
        lines = rng.sample(FOREIGN[:3] + FOREIGN[5:], rng.randrange(3))
        if rng.randrange(2):
            lines.append("h = [1, [2, {a = 3}], # remark\n 4,]")
        lines.append(f"[{TABLE}]")
        lines += rng.sample(OWN, rng.randrange(3))
        if rng.randrange(3) == 0:
            lines += ["[z]", f"y = {rng.choice(SCALARS)}"]
        text = "\n".join(lines) + "\n"
        yield text if rng.randrange(4) == 0 else mutate(rng, text)


def quoted(text):
    out = ""
    for byte in text.encode():
        if chr(byte) in "\"\\":
            out += "\\" + chr(byte)
        elif byte == 10:
            out += "\\n"
        elif 32 <= byte < 127 and byte != 63:
            out += chr(byte)
        else:
            out += f"\\{byte:03o}"
    return f'"{out}"'


def main():
    texts = at_random(int(sys.argv[1]), int(sys.argv[2])) if len(sys.argv) > 2 else committed()
    print("/* SPDX-License-Identifier: MIT */")
    print("/* Made by test/tools/toml_oracle.py: texts, and what Python's TOML reader makes "
          "of them. */")
    for text in texts:
        sum_of = verdict(text)
        if sum_of is None:
            continue
        line = quoted(text)
        # A line of C has at most 100 columns.
        parts = []
        while len(line) > 86:
            cut = 80
            while "\\" in line[cut - 4:cut]:
                cut -= 1
            parts.append(line[:cut] + '"')
            line = '"' + line[cut:]
        parts.append(line)
        print("{\n\t" + "\n\t".join(parts) + f",\n\tUINT64_C(0x{sum_of:x}),\n" + "},")


main()
