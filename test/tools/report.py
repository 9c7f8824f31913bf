# SPDX-License-Identifier: MIT
"""Reports in JSON, held to docs/reports.schema.json; and what two homes say of one disk.

    found = report.read("virtio-device-info", text)     the report, checked
    report.alike(a, b)                                  where the keys or types of two differ
"""
import json
import os

import jsonschema

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/reports.schema.json")
with open(FILE, encoding="utf-8") as _file:
    SCHEMA = json.load(_file)

# What vblk calls them.
KINDS = {"list": "disk-list", "info": "virtio-device-info", "features": "virtio-feature-list",
         "memory": "virtio-memory-info", "stats": "virtio-performance-stats",
         "queues": "virtio-queue-stats", "rings": "virtio-queue-info", "disk list": "disk-list",
         "bench": "disk-bench", "disk bench": "disk-bench"}


class Breach(Exception):
    """The text is no such report."""


def _unique(pairs):
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Breach("a key occurs twice: " + ", ".join(key for key, _ in pairs))
    return found


def read(kind, text):
    """TEXT, a report of KIND, a command of either home, as Python has it."""
    definition = KINDS.get(kind, kind)
    if definition not in SCHEMA["$defs"]:
        raise Breach(f"the schema has no {definition}")
    try:
        found = json.loads(text, object_pairs_hook=_unique)
    except ValueError as error:
        raise Breach(f"{kind}: no JSON: {error}: {text[:200]!r}") from error
    whole = {"$ref": f"#/$defs/{definition}", "$defs": SCHEMA["$defs"]}
    errors = list(jsonschema.Draft202012Validator(whole).iter_errors(found))
    if errors:
        raise Breach(f"{kind}: " + "; ".join(
            f"{'.'.join(map(str, e.absolute_path))}: {e.message[:300]}" for e in errors[:5]))
    return found


def _type(value):
    """JSON's word for it: a number is one, with a fraction or without."""
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) \
        else type(value).__name__


def alike(a, b, where=""):
    """Yields where A and B differ in their keys, their order, or a type; null is of any."""
    if a is None or b is None:
        return
    if _type(a) != _type(b):
        yield f"{where}: {a!r} and {b!r}"
    elif isinstance(a, dict):
        if list(a) != list(b):
            yield f"{where}: keys {list(a)} and {list(b)}"
        for key in a.keys() & b.keys():
            yield from alike(a[key], b[key], f"{where}.{key}")
    elif isinstance(a, list):
        for x, y in zip(a, b):
            yield from alike(x, y, f"{where}[]")


def answers(out):
    """Yields (line, what followed it) of OUT, a script's run on Orion's console."""
    lines = out.replace("\r\n", "\n").split("orion> ")[1:]
    for line, _, text in (piece.partition("\n") for piece in lines):
        yield line, text


def labels(value):
    """The keys of VALUE, in order, as the text form has them."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key.replace("_", " ")
            yield from labels(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from labels(inner)
