#!/usr/bin/python3
"""A disk that is really full (a small tmpfs under the home of IT): reads answer, whoever writes is told so (exit 11), also while FR's
records come in; nothing is lost, no process ends, and when there is space again all goes on by itself."""
import errno
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from lab import Lab, skip  # noqa: E402

SIZE = "12m"
INSIDE = "SPECOLA_STORY_INSIDE"  # mounts of its own, which go with this process


class Disk:
    """A small tmpfs that can be filled to the last octet."""

    def __init__(self, place):
        os.makedirs(place, mode=0o700)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "none", place], check=True)
        self.filler, self.full, self.thread = os.path.join(place, "filler"), threading.Event(), None

    def fill(self):
        """Full until empty(): what others free is taken at once."""
        self.full.set()
        self.take()
        self.thread = threading.Thread(target=self.keep, daemon=True)
        self.thread.start()

    def take(self):
        with open(self.filler, "ab", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError as error:
                    assert error.errno == errno.ENOSPC, error

    def give(self, size):
        os.truncate(self.filler, os.path.getsize(self.filler) - size)

    def keep(self):
        while self.full.is_set():
            self.take()
            time.sleep(0.02)

    def empty(self):
        self.full.clear()
        if self.thread is not None:
            self.thread.join()
        self.thread = None
        os.unlink(self.filler)


def rows(lab, node, name, n):
    path = os.path.join(lab.dir, f"{name}.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        for i in range(n):
            file.write(json.dumps({"title": {"en": f"{name} {i}"}, "summary": {"en": "A case. " * 40}, "country": node.handle,
                                   "level": "local", "source": name, "source_id": str(i), "original_lang": "en"}) + "\n")
    return lab.import_args(path)


def draft(lab, name="One more"):
    path = os.path.join(lab.dir, "full.draft")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"specola-draft 1 case\noriginal_lang: en\ntitle.en: {name}\nsummary.en: A case.\ncountry: IT\nlevel: local\n")
    return path


def exhaust(lab, disk, node):
    """No room at all, for a node that serves: what its store's own files had left is written full, too. What is there then."""
    disk.fill()
    refused = 0
    for i in range(200):
        told = node.run(*rows(lab, node, f"room {i}", 1), ok=(0, 11))[0] == 11
        refused = refused + 1 if told else 0
        if refused == 3:
            return refs(node)
    raise AssertionError("a full disk takes whatever comes")


def refs(node):
    return {o["ref"] for o in node.json("list", "case", "--limit", "0")["objects"]}


def processes(node):
    return {p["role"]: (p["pid"], p["restarts"]) for p in node.status()["processes"]}


def reads(node, held):
    assert refs(node) == held
    node.run("show", sorted(held)[0])
    node.run("search", "case")
    node.run("verify")
    web = next(w for w in open(os.path.join(node.home, "run/ports"), encoding="utf-8").read().split() if w.startswith("http://"))
    assert urllib.request.urlopen(f"{web}/cases", timeout=20).status == 200


def is_told(node, *arguments):
    """Whoever writes is told what is wrong and what to do. False: there was room."""
    code, said = node.run("--json", *arguments, ok=(0, 11))[:2]
    error = json.loads(said)["error"] if code == 11 else {}
    assert code == 0 or (error["code"] == "disk.full" and "full" in error["message"] and error["hint"].startswith("free space")), error
    return code == 11


def while_it_serves(lab, disk, it, fr):
    it.run(*rows(lab, it, "before", 20))
    lab.converged((it, fr), 30)
    held, pids = exhaust(lab, disk, it), processes(it)
    assert is_told(it, *rows(lab, it, "full", 5))
    assert is_told(it, "publish", draft(lab), "--passphrase-file", lab.passphrase())
    fr.run(*rows(lab, fr, "meanwhile", 20))
    lab.until(lambda: any("is full" in log["note"] for log in it.status()["logs"]), 20, "status says why FR's log does not grow")
    lab.until(lambda: re.search("! the log of FR: cannot be written: .* is full", it.run("status")[1].decode()), 20, "to people too")
    lab.until(lambda: "! il registro di FR: non si può scrivere: " in it.run("--lang", "it", "status")[1].decode(), 20, "in Italian")
    lab.until(lambda: "cannot be written: " in it.json("explain", "FR-99").get("why", ""), 20, "so does explain")
    reads(it, held)
    disk.empty()
    lab.converged((it, fr), 30)
    it.run(*rows(lab, it, "full", 5))
    lab.converged((it, fr), 30)
    assert held < refs(it) == refs(fr) and len(refs(it)) == len(held) + 25
    assert processes(it) == pids  # nothing ended over it


def taken(disk, node, words):
    """How often a full disk takes what words(i) write before it is told as such: the end of a process may free something late."""
    for i in range(20):
        disk.take()
        if is_told(node, *words(i)):
            return i
    raise AssertionError("a full disk takes whatever comes")


def while_it_does_not(lab, disk, it, fr):
    it.stop()
    held = len(refs(it))
    more = 5 * taken(disk, it, lambda i: rows(lab, it, f"room {i} of its own", 5))
    more += taken(disk, it, lambda i: ("publish", draft(lab, f"Room {i}"), "--passphrase-file", lab.passphrase()))
    disk.give(1 << 17)  # whoever reads a store that nobody has open needs room for SQLite's index of the log: 32 KiB
    assert len(refs(it)) == held + more
    held = refs(it)
    it.run("verify")
    fr.run(*rows(lab, fr, "later", 5))
    it.begin("--peer", f"FR={fr.port()}")  # it starts on the full disk; a page that a command freed may be enough for run/ports
    lab.until(lambda: "run/ports was not written yet" in it.tail() or it.port() is not None, 20, "it serves, or says that there is no room")
    assert held <= refs(it)
    disk.empty()
    lab.until(lambda: it.port() is not None, 20, f"{it.tail()}")  # and all goes on by itself
    lab.converged((it, fr), 30)
    it.run(*rows(lab, it, "alone", 5))
    lab.converged((it, fr), 30)
    assert held < refs(it) and len(refs(it)) == len(held) + 10
    it.run("verify")


def main():
    with Lab() as lab:
        disk = Disk(os.path.join(lab.dir, "IT"))
        try:
            it, fr = lab.found("IT", "FR")
            lab.serve(it, fr)
            while_it_serves(lab, disk, it, fr)
            while_it_does_not(lab, disk, it, fr)
        finally:
            for node in lab.nodes.values():
                node.stop()
            subprocess.run(["umount", "-l", os.path.join(lab.dir, "IT")], check=False)
    return 0


if __name__ == "__main__":
    if os.environ.get(INSIDE) is None:
        if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            skip("a small disk needs root, and mounts of its own")
        os.execvpe("unshare", ["unshare", "-m", sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})
    sys.exit(main())
