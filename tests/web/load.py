#!/usr/bin/python3
"""Eight readers at once while a sync runs: every page below 50 kB and 50 ms at the 99th percentile, facets and search included, and
web within 96 MiB. usage: load.py [--check] [CASES] (20000)      exit 0: within all limits, 1: not

The node that is read imports, and a peer pulls all that it has; the readers go on until both hold the same, and then for some
seconds without writing. --check asserts that all of it works, and no times."""
import argparse
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from web import Web, address  # noqa: E402
from lab import DATA, SPECOLA, Lab  # noqa: E402
from load_cases import Cases  # noqa: E402

READERS, PAGES, SEED = 8, 20000, 100
LIMIT_MS, LIMIT_OCTETS, LIMIT_KIB = 50, 50_000, 96 * 1024
QUIET_S = 8
READER = os.environ.get("SPECOLA_LOAD", os.path.join(os.path.dirname(SPECOLA), "../tests/web/load"))


class Pages:
    """What readers ask for: kinds of page, each with its way to draw one."""

    def __init__(self, web, words):
        self.chance, self.words = random.Random(SEED), words
        model = json.loads(web.get("/cases.json")[1])
        self.total = int(model["total"])
        self.facets = {f["dim"]: [c["code"] for c in f["codes"]] for f in model["facets"]}
        self.behind = [model["after"]] if "after" in model else []
        while len(self.behind) in range(1, 40) and "after" in model:
            model = json.loads(web.get(f"/cases.json?after={model['after']}")[1])
            self.behind += [model["after"]] if "after" in model else []

    def choices(self, n):
        dims = self.chance.sample(sorted(self.facets), min(n, len(self.facets)))
        return "&".join(f"{dim}={urllib.parse.quote(self.chance.choice(self.facets[dim]))}" for dim in dims)

    def word(self, mean):
        """A word by its rank: the first ones stand in nearly every case."""
        return urllib.parse.quote(self.words[min(int(self.chance.expovariate(1 / mean)), len(self.words) - 1)])

    def draw(self):
        lang, reference = self.chance.choice(("en", "it")), f"IT-{self.chance.randint(2, self.total)}"
        kinds = {
            "home": lambda: f"/{lang}/", "list": lambda: f"/{lang}/cases", "nodes": lambda: f"/{lang}/nodes", "node": lambda: f"/{lang}/nodes/IT",
            "behind": lambda: f"/{lang}/cases" + (f"?after={self.chance.choice(self.behind)}" if self.behind else ""),
            "more": lambda: f"/{lang}/cases?more={self.chance.choice(sorted(self.facets))}",
            "facet": lambda: f"/{lang}/cases?{self.choices(1)}", "facets": lambda: f"/{lang}/cases?{self.choices(3)}",
            "search": lambda: f"/{lang}/cases?q={self.word(300)}", "rare": lambda: f"/{lang}/cases?q={self.word(5000)}",
            "common": lambda: f"/{lang}/cases?q={urllib.parse.quote(self.chance.choice(self.words[:30]))}",
            "words": lambda: f"/{lang}/cases?q={self.word(300)}+{self.word(2000)}&{self.choices(1)}",
            "object": lambda: f"/{lang}/{reference}", "version": lambda: f"/{lang}/{reference}/v/1", "twin": lambda: f"/{lang}/{reference}.json",
            "list_twin": lambda: f"/{lang}/cases.json?{self.choices(1)}"}
        kind = self.chance.choice(list(kinds) + ["object", "object", "facet", "search"])
        return f"{kind} {kinds[kind]()}"

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(self.draw() + "\n" for _ in range(PAGES))


class Readers:
    """Reads until it is told to end."""

    def __init__(self, node, pages):
        host, port = address(node)
        self.process = subprocess.Popen([READER, host, str(port), str(READERS), str(SEED), pages], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def end(self):
        out = self.process.communicate()[0]
        assert self.process.returncode == 0, f"load: {self.process.returncode}"
        return json.loads(out)


def publish(lab, node, files):
    for path, map_path in files:
        node.run(*lab.import_args(path, map_path), ok=(0, 9), timeout=1800)


def peak_kib(node):
    pid = next(p["pid"] for p in node.status()["processes"] if p["role"] == "web")
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def tell(title, figures):
    print(f"\n{title}\n{'page':<10} {'requests':>8} {'p50 ms':>7} {'p99 ms':>7} {'max ms':>7} {'largest':>8}")
    for name, row in sorted(figures["kinds"].items()) + [("all", figures["all"])]:
        print(f"{name:<10} {row['requests']:>8} {row['p50_ms']:>7.1f} {row['p99_ms']:>7.1f} {row['max_ms']:>7.1f} {row.get('largest', ''):>8}")


def faults(figures, memory):
    """What is beyond a limit."""
    for phase in ("sync", "quiet"):
        for name, row in {**figures[phase]["kinds"], "all": figures[phase]["all"]}.items():
            if row["p99_ms"] >= LIMIT_MS:
                yield f"{phase}: {name}: {row['p99_ms']:.1f} ms at p99"
            if row.get("largest", 0) >= LIMIT_OCTETS:
                yield f"{phase}: {row['largest_path']}: {row['largest']} octets"
    if memory > LIMIT_KIB:
        yield f"web: {memory} KiB"


def measure(lab, cases):
    """Figures while a sync runs and without, and web's peak memory."""
    it, fr = lab.found("IT", "FR")
    source = Cases(SEED)
    publish(lab, it, source.write(lab.dir, cases, "first"))
    lab.serve(it)
    web = Web(it).ready()
    pages = Pages(web, source.words())
    pages.write(os.path.join(lab.dir, "pages"))
    more = source.write(lab.dir, max(cases // 10, 50), "more")
    print(f"{pages.total} cases {'(real ones, repeated with changes)' if DATA else '(generated)'}, {READERS} readers, seed {SEED}", flush=True)
    figures, start = {}, time.monotonic()
    readers = Readers(it, os.path.join(lab.dir, "pages"))
    fr.serve("--peer", f"IT={it.port()}")  # pulls all of IT's log meanwhile
    thread = threading.Thread(target=publish, args=(lab, it, more))
    thread.start()  # and IT itself goes on writing
    thread.join()
    lab.converged([it, fr], 600)
    figures["sync"] = readers.end()
    print(f"the sync took {time.monotonic() - start:.0f} s", flush=True)
    readers = Readers(it, os.path.join(lab.dir, "pages"))
    time.sleep(QUIET_S)  # the length of the measurement
    figures["quiet"] = readers.end()
    return figures, peak_kib(it)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("cases", type=int, nargs="?", default=20000)
    options.add_argument("--check", action="store_true", help="assert no times")
    options = options.parse_args()
    with Lab() as lab:
        figures, memory = measure(lab, options.cases)
    tell("while a sync runs", figures["sync"])
    tell("without writing", figures["quiet"])
    largest = max((row["largest"], row["largest_path"]) for phase in figures.values() for row in phase["kinds"].values())
    print(f"\np99 {figures['sync']['all']['p99_ms']:.1f} ms (limit: below {LIMIT_MS}, each kind of page)\n"
          f"largest page {largest[0]} octets as it travels (gzip), {largest[1]} (limit: below {LIMIT_OCTETS})\nweb's peak {memory} KiB (limit: {LIMIT_KIB})")
    bad = [page for phase in figures.values() for page in phase["bad"]]
    assert not bad, bad[:5]
    assert figures["sync"]["all"]["requests"] > 0 and largest[0] > 1000
    beyond = [] if options.check else list(faults(figures, memory))
    print(*(f"beyond a limit: {fault}" for fault in beyond), sep="\n")
    return 1 if beyond else 0


sys.exit(main())
