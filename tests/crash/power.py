#!/usr/bin/python3
"""The power of a whole node fails, SPECOLA_CUTS_NODES times (2): IT serves, publishes without a pause and exchanges with FR, whose disk
is another. IT's home is on an ext4 in a file, mounted over a loop device; at some moment, also while IT starts, the node stands still
and its file system is shut down without writing its journal back (EXT4_IOC_SHUTDOWN, as in test_cuts.c). A copy of the file as it is
then, over a fresh loop device, is what IT starts from: no fsck, no repair, nobody is asked. Every record that was acknowledged stands at
its place, verify is clean, what FR holds of IT's log IT holds too, nobody sees a fork, and IT goes on publishing.

"skipped: why" (77) without root, mounts of its own, loop devices or ext4. usage: power.py [--seed S]"""
import argparse
import fcntl
import itertools
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "net"))
from lab import Lab, skip  # noqa: E402

SHUTDOWN = 0x8004587D  # linux/ext4.h: EXT4_IOC_SHUTDOWN, without writing the journal back:
NOLOGFLUSH = struct.pack("I", 2)
INSIDE = "SPECOLA_CUTS_INSIDE"  # this process has mounts of its own
LATEST = 1.2  # seconds from the first receipt of a round to its cut, at most,
LATEST_STARTING = 0.4  # or from the start, in one round of four


def quiet(*words):
    """Whether a program ends well."""
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except FileNotFoundError:
        return False


class Disk:
    """An ext4 in a file, and where it is mounted."""

    def __init__(self, folder):
        self.image, self.place = os.path.join(folder, "disk"), os.path.join(folder, "mounted")
        os.mkdir(self.place, 0o700)
        if not quiet("mkfs.ext4", "-q", "-F", self.image, "256M"):
            skip("no mkfs.ext4 (Debian package e2fsprogs)")
        if not self.power_on():
            skip("no loop device, or no ext4 in this kernel")

    def power_on(self):
        return quiet("mount", "-t", "ext4", "-o", "loop", self.image, self.place)

    def flush(self):
        assert quiet("sync", "-f", self.place)

    def fail(self):
        """From now on nothing reaches the file."""
        fd = os.open(self.place, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.ioctl(fd, SHUTDOWN, NOLOGFLUSH)
        os.close(fd)

    def again(self, lab):
        """What the file holds now is what the disk kept. Whoever was killed may still be on the way out."""
        kept = self.image + ".kept"
        assert quiet("cp", "--sparse=always", self.image, kept)
        lab.until(lambda: quiet("umount", self.place), 30, "nobody looks at the lost disk any more")
        os.rename(kept, self.image)
        assert self.power_on(), "what the disk kept cannot be mounted"


class Publisher(threading.Thread):
    """Publishes at a node, one draft after the other, until the power is gone; what was acknowledged goes to kept, reference by id."""

    def __init__(self, node, kept, numbers):
        super().__init__()
        self.node, self.kept, self.numbers, self.over, self.said = node, kept, numbers, False, ""
        self.first = threading.Event()

    def run(self):
        path = os.path.join(self.node.lab.dir, "new.draft")
        while not self.over:
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"specola-draft 1 case\noriginal_lang: it\ntitle.it: Caso {next(self.numbers)}\nsummary.it: Una prova.\n"
                           "country: IT\nlevel: local\n")
            code, said = self.node.run("--json", "--timeout", "1", "publish", path, "--passphrase-file", self.node.lab.passphrase(), ok=range(256))
            self.said = f"{code}: {said.decode()}"
            for row in json.loads(said or b"{}").get("published", []) if code == 0 else []:
                assert row["logged"] and row["ref"] not in self.kept.values()
                self.kept[row["id"]] = row["ref"]
                self.first.set()

    def end(self):
        self.over = True
        self.join()


def size(node):
    return sum(log["size"] for log in node.status()["logs"] if log["handle"] == "IT")


def check(it, fr, kept):
    """What IT promised is there, and FR holds nothing of it that IT has lost. The entries that FR holds."""
    there = {}
    for line in it.run("export", "--to", "ndjson")[1].splitlines():
        row = json.loads(line)
        there[row["id"]] = row["reference"]
    for id_, ref in kept.items():
        assert there.get(id_) == ref, f"{ref} was acknowledged, and is {there.get(id_)}"
    it.run("verify")
    held, own = size(fr), size(it)
    assert own >= held, f"FR holds {held} entries, IT {own}"
    return held


def processes(pid):
    """A node's: the supervisor, which is to start no others, and its children."""
    os.kill(pid, signal.SIGSTOP)
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [pid, *map(int, file.read().split())]


def cut(disk, it, fr, kept, numbers, chance):
    """One life of IT, from its start to the end of its power. Whether it served by then."""
    publisher = Publisher(it, kept, numbers) if chance.random() < 0.75 else None
    it.begin("--peer", f"FR={fr.port()}")
    if publisher is not None:
        it.lab.until(lambda: it.port() is not None, 30, f"IT serves\n{it.tail()}")
        publisher.start()
        assert publisher.first.wait(60), f"nothing is published: {publisher.said}"
    time.sleep(chance.uniform(0, LATEST_STARTING if publisher is None else LATEST))
    everybody = processes(it.process.pid)
    for how in (signal.SIGSTOP, signal.SIGKILL):
        if how == signal.SIGKILL:
            disk.fail()
        for pid in everybody:
            os.kill(pid, how)
    it.stop(signal.SIGKILL)
    if publisher is not None:
        publisher.end()
    disk.again(it.lab)
    return publisher is not None


def run(lab, cuts, chance):
    disk = Disk(lab.dir)
    it, fr = lab.found("IT", "FR")
    shutil.move(it.home, os.path.join(disk.place, "home"))
    it.home = os.path.join(disk.place, "home")
    disk.flush()
    fr.serve()
    kept, numbers, served, held = {}, itertools.count(), 0, 0
    try:
        for _ in range(cuts):
            served += cut(disk, it, fr, kept, numbers, chance)
            held = check(it, fr, kept)  # before anybody could mend it
        behind = len(kept)
        it.serve("--peer", f"FR={fr.port()}")
        publisher = Publisher(it, kept, numbers)
        publisher.start()
        assert publisher.first.wait(60), f"it does not go on: {publisher.said}"
        publisher.end()
        lab.converged((it, fr))
        check(it, fr, kept)
        for node in (it, fr):
            said = node.run("verify")[1].decode() + json.dumps(node.status())
            assert "fork" not in said, f"{node.handle} sees a fork: {said}"
        it.stop()
    finally:
        it.stop(signal.SIGKILL)
        quiet("umount", "-l", disk.place)
    print(f"{cuts} power cuts of a node, {served} while it published; {behind} acknowledged records kept, FR held {held} entries at the last")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options = parser.parse_args()
    if os.geteuid() != 0:
        skip("power cuts need root")
    if INSIDE not in os.environ:  # mounts go with this process
        if not quiet("unshare", "-m", "true"):
            skip("no mounts of its own")
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, os.path.abspath(__file__), "--seed", str(options.seed)])
    print(f"seed {options.seed}", flush=True)
    if os.access("/dev/shm", os.W_OK):
        tempfile.tempdir = "/dev/shm"
    with Lab() as lab:
        run(lab, int(os.environ.get("SPECOLA_CUTS_NODES", "2")), random.Random(options.seed))


if __name__ == "__main__":
    sys.exit(main())
