# SPDX-License-Identifier: MIT
"""Verdicts that are known: a proof whose inputs are what they were need not run again.

    tools/verdicts.py digest|find|add|renew FOLDER ID FILE.c ...

Used by tools/litmus, spin, cbmc, exhaust and mutants; for a shell's proofs (tools/proof) a command:
ID depends on the FILEs of C and on the text that is given it; find fails when it is to be run, add
keeps for this machine that it passed, renew writes that to be committed.

A file verdicts.txt, which is committed, has a line for each proof: its id, the digest of all that
it depends on, the verdict.  A proof is known when it stands there with the digest that it has now;
any other runs.  So does a sample of the known ones, another for each state of the tree: it would
show that a digest leaves something out.

Inputs are texts of the project and versions of tools, never paths of a machine.  C counts without
comments and blanks, with all that it includes.
"""
import functools
import hashlib
import inspect
import os
import re
import subprocess
import sys

STRING = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
TOKEN = re.compile(STRING + r"|//(?:\\\n|[^\n])*|/\*.*?\*/", re.S)
BLANKS = re.compile(f"({STRING})|[ \\t]+")
INCLUDE = re.compile(r'^ ?# ?include ?(.*?) ?$', re.M)


def digest(*texts):
    """Of TEXTS, each with its length, so that no two lists have the same."""
    sha = hashlib.sha256()
    for text in texts:
        sha.update(f"{len(text)} {text}".encode())
    return sha.hexdigest()[:16]


@functools.lru_cache(None)
def bare(text):
    """The C of TEXT without comments, and with one blank for many; strings are as they were."""
    text = TOKEN.sub(lambda t: " " if t.group()[0] == "/" else t.group(), text)
    text = BLANKS.sub(lambda t: t.group(1) or " ", text)
    lines = (line.strip(" ") for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


# When each file was written that was read here.
TIMES = {}


@functools.lru_cache(None)
def read(path):
    TIMES[path] = os.stat(path).st_mtime_ns
    with open(path, encoding="utf-8") as f:
        return f.read()


def unchanged():
    """Whether all that was read is still as it was: else a proof ran on something else."""
    return all(os.path.exists(p) and os.stat(p).st_mtime_ns == t for p, t in TIMES.items())


@functools.lru_cache(None)
def code(function):
    """The text of FUNCTION, for what judges is an input, too."""
    return inspect.getsource(function)


@functools.lru_cache(None)
def included(path, text, folders):
    """The files of the project that TEXT, which stands at PATH, includes."""
    files = []
    for name in INCLUDE.findall(text):
        quoted = re.fullmatch(r'"(.+)"|<(.+)>', name)
        if not quoted:
            raise ValueError(f"{path}: which file is #include {name}?")
        near = [os.path.dirname(path)] if quoted.group(1) else []
        places = [os.path.normpath(os.path.join(folder, quoted.group(1) or quoted.group(2)))
                  for folder in near + list(folders)]
        found = [p for p in places if os.path.isfile(p)]
        if not found and quoted.group(1):
            raise ValueError(f"{path}: there is no {name}")
        files += found[:1]                          # none: the compiler's, or the C library's
    return files


def closure(paths, folders, changed=()):
    """{path: bare text} of PATHS and of all that they include, by way of FOLDERS.

    CHANGED has the texts of files that are to be read otherwise than they are: {path: text}."""
    files, todo, changed = {}, [os.path.normpath(p) for p in paths], dict(changed)
    while todo:
        path = todo.pop()
        if path not in files:
            files[path] = bare(changed.get(path) or read(path))
            todo += included(path, files[path], tuple(folders))
    return files


def sources(paths, folders, changed=()):
    """The digest of the C of PATHS and of all that they include."""
    files = closure(paths, folders, changed)
    return digest(*(x for path in sorted(files) for x in (path, files[path])))


@functools.lru_cache(None)
def tree():
    """What names this state of the tree; the same sample is taken of the same state."""
    done = subprocess.run(["git", "rev-parse", "HEAD^{tree}"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return done.stdout.decode().strip() or read("CHANGELOG.md")


def sampled(name, one_in):
    """Whether NAME is of the sample of this tree, which has one in ONE_IN."""
    return int(digest(tree(), name), 16) % one_in == 0


def line(run, known):
    """To stand behind the closing line."""
    return f" ({run} run, {known} known)" if known else ""


class Ledger:
    """The verdicts of FOLDER/verdicts.txt, and those of this machine since."""

    def __init__(self, folder, writer):
        self.path, self.writer = f"{folder}/verdicts.txt", writer
        self.fresh_path = f"build/verdicts/{os.path.basename(folder)}.txt"
        self.committed, self.fresh = self.load(self.path), self.load(self.fresh_path)

    @staticmethod
    def load(path):
        if not os.path.exists(path):
            return {}
        with open(path, encoding="utf-8") as f:
            rows = [line.split(None, 3) for line in f if line.strip() and line[0] != "#"]
        return {r[0]: (r[1], r[2], "".join(r[3:]).strip()) for r in rows}

    def find(self, name, now):
        """(verdict, note) of the proof NAME with the digest NOW, or None."""
        for rows in (self.committed, self.fresh):
            if name in rows and rows[name][0] == now:
                return rows[name][1:]
        return None

    def add(self, name, now, verdict, note=""):
        """Keeps what was found out just now: for this machine, until it is committed."""
        if not unchanged():
            return
        self.fresh[name] = (now, verdict, note)
        self.save(self.fresh_path, self.fresh, self.fresh)

    def save(self, path, rows, names):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        width = max(map(len, names), default=0)
        with open(path + ".new", "w", encoding="utf-8") as f:
            f.write(f"# SPDX-License-Identifier: MIT\n# Written by {self.writer}\n")
            for n in names:
                f.write(f"{n:{width}} {rows[n][0]} {rows[n][1]}   {rows[n][2]}".rstrip() + "\n")
        os.replace(path + ".new", path)

    def renew(self, digests):
        """Writes what is to be committed: of DIGESTS, {id: digest}, those that are known.

        What another suite has there stays; ids begin with its name and a slash."""
        suites = {n.split("/")[0] for n in digests}
        rows = {n: r for n, r in self.committed.items() if n.split("/")[0] not in suites}
        rows.update({n: (d, *self.find(n, d)) for n, d in digests.items() if self.find(n, d)})
        self.save(self.path, rows, list(rows))


def main(verb, folder, name, *paths):
    ledger = Ledger(folder, "tools/verdicts.py renew: proof, digest of its inputs, verdict.")
    now = digest(sys.stdin.read(), sources(paths, ["include"]))
    if verb == "digest":
        print(now)
    elif verb == "find":
        return 0 if ledger.find(name, now) and not sampled(name, 25) else 1
    if verb == "add":
        ledger.add(name, now, "passed")
    elif verb == "renew":
        ledger.renew({name: now})
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
