#!/usr/bin/python3
"""Histories as bundles, each with what the program found in it, against the second evaluator (evaluate.py). Of N-a, N-b,
N-mended and N-end, two camps of a fork and its repair by whom no vote was counted, and the end of it, the end is found from the others,
too: by counting the votes in the logs, and by cutting the logs where epochs and identities cut them (docs/protocol.md 6.4, 6.5, 7.6).

usage: against.py FOLDER         every FOLDER/*.bundle against the *.json beside it; exit 0 all agree, 1 not
"""
import glob
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import verify  # noqa: E402
import votes  # noqa: E402
from evaluate import Log, document, evaluate, go_over, read  # noqa: E402
from verify import need  # noqa: E402


class Replay:
    """What replicas before anybody counted a vote, and the last one, hold between them: the epochs, the cuts and the end of it are
    found here. A log that is not cut is as the first or the last has it."""

    def __init__(self, camps, last):
        self.fed_id, self.charter, self.handles = last.fed_id, last.charter, last.handles
        self.identities, self.branches = {}, {}
        for bundle in (last, *camps):
            for node, chain in bundle.identities.items():
                self.identities[node] = max(self.identities.get(node, []), chain, key=len)
        for bundle in (camps[0], last, *camps[1:]):
            for node, entries in bundle.entries.items():
                for gen in {e.position[0] for e in entries}:
                    self.branches.setdefault((node, gen), []).append([e for e in entries if e.position[0] == gen])
        first = camps[0].epochs[0]
        self.take(first)

    def take(self, octets):
        self.epoch = verify.read_epoch(octets)
        go_over(self, octets, self.epoch)

    def cut_of(self, node, gen):
        """(closed, [size, root]) of a generation, its cut None where nothing of it counts."""
        former = next((f for f in self.epoch[4] if f[1] == node), None)
        if former is not None and (former[3] is None or gen > former[3][0]):
            return True, None
        if former is not None and gen == former[3][0]:
            return True, former[3][1:]
        cut = next((i["cut"] for i in self.identities[node] if i["gen"] == gen + 1), None)
        return cut is not None, cut

    def log_of(self, node, gen):
        branches = self.branches.get((node, gen), [])
        closed, cut = self.cut_of(node, gen)
        if not closed:
            return branches[0] if len(branches) < 2 else max(branches[:2], key=len)
        branch = next((b[:cut[0]] for b in branches if len(b) >= cut[0] and root_of(b[:cut[0]]) == cut[1]), None) if cut else []
        need(branch is not None, f"nobody holds {self.handles[node]} up to its cut")
        return branch

    def run(self):
        while True:
            self.entries, rows = {}, []
            for node in [m[1] for m in self.epoch[2]] + [f[1] for f in self.epoch[4]]:
                for gen in sorted(g for n, g in self.branches if n == node):
                    entries = self.log_of(node, gen)
                    self.entries.setdefault(node, []).extend(entries)
                    if entries:
                        rows.append([node, gen, len(entries), root_of(entries)])
            logs = {node: Log(self, node) for node in self.entries}
            words = [w for log in logs.values() for w in log.words]
            body = votes.Ballots(self.epoch, words, self.fed_id, self.identities).decided()
            if body is None:
                return document(self, logs, rows)
            self.take(body)


def root_of(entries):
    log = {"size": 0, "range": []}
    for e in entries:
        verify.append(log, hashlib.sha256(b"\0" + e.item[0]).digest())
    return verify.fold(log)


def difference(found, expected, path=""):
    """The first place where two documents part, or None."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted({*found, *expected}):
            if key not in found or key not in expected:
                return f"{path}/{key}: only {'expected' if key in expected else 'found'}: {expected.get(key, found.get(key))}"
            why = difference(found[key], expected[key], f"{path}/{key}")
            if why:
                return why
        return None
    return None if found == expected else f"{path}: found {found}, expected {expected}"


def replay(camps, last):
    try:
        return Replay(camps, last).run()
    except verify.Refused as why:
        return {"refused": str(why), "entries": 0, "held": {}, "objects": {}, "members": {"epoch": 0, "former": {}}}


def finds(path):
    """What is found in a bundle and, of the end of a history, what follows from its beginning: [(name, document)]."""
    def bundle_of(name):
        with open(name, "rb") as file:
            return read(file.read())
    last = bundle_of(path)
    out = [(os.path.basename(path), evaluate(last))]
    if path.endswith("-end.bundle"):
        camps = [bundle_of(path.replace("-end.", f"-{camp}.")) for camp in ("mended", "a", "b")]
        out.append((out[0][0] + ", replayed", replay(camps, last)))
    return out


def against(folder):
    wrong, entries, reasons, standings, epochs, formers = [], 0, {}, {}, {}, 0
    bundles = sorted(glob.glob(os.path.join(folder, "*.bundle")))
    for path in bundles:
        with open(path[:-7] + ".json", encoding="utf-8") as told:
            expected = json.load(told)
        for name, found in finds(path):
            entries += found.pop("entries")
            why = difference(found, expected)
            if why:
                wrong.append(f"{name}: {why}")
        for reason in found["held"].values():
            reasons[reason] = reasons.get(reason, 0) + 1
        for s in (s for o in found["objects"].values() for s in o["statements"]):
            for standing in s["signatures"].values():
                standings[standing] = standings.get(standing, 0) + 1
        epochs[found["members"]["epoch"]] = epochs.get(found["members"]["epoch"], 0) + 1
        formers += len(found["members"]["former"])
    print(f"{len(bundles)} bundles, {entries} entries; held: {dict(sorted(reasons.items()))}; signatures: {dict(sorted(standings.items()))}; "
          f"epochs: {dict(sorted(epochs.items()))}, {formers} times somebody was removed")
    for line in wrong[:10]:
        print(line)
    print(f"{len(wrong)} evaluated otherwise")
    return 1 if wrong or not bundles else 0


if __name__ == "__main__":
    sys.exit(against(sys.argv[1]) if len(sys.argv) == 2 else print(__doc__, file=sys.stderr) or 2)
