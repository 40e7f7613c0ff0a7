#!/usr/bin/python3
"""Eight readers at once while a sync runs: every page below 50 kB and below 50 ms at the 99th percentile, facets and search included,
and web below 96 MiB. usage: load.py [CASES] (20000); a smaller number is a check that all of it works."""
import json
import multiprocessing
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from web import Web, address  # noqa: E402
from lab import Lab  # noqa: E402
import generate  # noqa: E402

READERS = 8
LIMIT_MS, LIMIT_OCTETS, LIMIT_KIB = 50, 50_000, 96 * 1024


def paths(chance, words, cases):
    """Pages as readers ask for them: the start, lists with facets, searches, objects, nodes, twins."""
    country, level, sector = chance.choice(generate.COUNTRIES), chance.choice(generate.LEVELS), f"{chance.randint(1, 10):02d}"
    word = words[min(int(chance.expovariate(1 / 300)), len(words) - 1)]
    other = words[min(int(chance.expovariate(1 / 2000)), len(words) - 1)]
    reference = f"IT-{chance.randint(2, cases)}"
    return chance.choice((
        "/en/", "/it/", "/en/cases", f"/it/cases?country={country}", f"/en/cases?country={country}&level={level}&sector={sector}",
        f"/en/cases?sector={sector}&country={country}&country=IT", f"/it/cases?q={word}", f"/en/cases?q={word}+{other}&level={level}",
        f"/en/cases?q={other}", f"/en/{reference}", f"/it/{reference}", f"/it/{reference}/v/1", f"/en/{reference}.json", "/en/nodes", "/en/nodes/IT"))


def reader(where, seconds, seed, cases, words, out):
    import http.client
    chance, times, largest, bad = random.Random(seed), [], (0, ""), []
    connection = http.client.HTTPConnection(*where, timeout=20)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        path = paths(chance, words, cases)
        start = time.monotonic()
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        times.append(((time.monotonic() - start) * 1000, path))
        if answer.status != 200:
            bad.append((answer.status, path))
        if answer.headers["Content-Type"].startswith("text/html"):
            largest = max(largest, (len(body), path))
    out.put((times, largest, bad))


def peak_kib(node):
    pid = next(p["pid"] for p in node.status()["processes"] if p["role"] == "web")
    for line in open(f"/proc/{pid}/status", encoding="utf-8"):
        if line.startswith("VmHWM"):
            return int(line.split()[1])
    return 0


def main():
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 20000
    seconds = 20 if cases >= 10000 else 3
    with Lab() as lab:
        it, fr = lab.found("IT", "FR")
        path = os.path.join(lab.dir, "cases.ndjson")
        generate.write(path, cases)
        it.run(*lab.import_args(path), ok=(0, 9), timeout=600)
        print(f"{cases} cases published", flush=True)
        lab.serve(it)
        web = Web(it).ready()
        words = generate.Words(1).words
        more = os.path.join(lab.dir, "more.ndjson")
        generate.write(more, max(cases // 10, 50), seed=2, source="more")
        results = multiprocessing.Queue()
        print(f"seeds 100 to {99 + READERS}")
        readers = [multiprocessing.Process(target=reader, args=(address(it), seconds, 100 + i, cases, words, results)) for i in range(READERS)]
        for r in readers:
            r.start()
        fr.serve("--peer", f"IT={it.port()}")  # pulls all of IT's log meanwhile
        thread = threading.Thread(target=lambda: it.run(*lab.import_args(more), ok=(0, 9), timeout=600))
        thread.start()  # and IT itself goes on writing
        parts = [results.get() for _ in readers]
        thread.join()
        lab.converged([it, fr], 300)
        times = sorted(t for part in parts for t in part[0])
        largest, bad = max(part[1] for part in parts), [b for part in parts for b in part[2]]
        p50, p99 = times[len(times) // 2][0], times[int(len(times) * 0.99)][0]
        slow = {}
        for ms, page in times[int(len(times) * 0.97):]:
            slow.setdefault(page.split("=")[0].split("-")[0], []).append(round(ms))
        memory = peak_kib(it)
        total = int(json.loads(web.get("/cases.json")[1])["total"])
        print(json.dumps({"cases": total, "requests": len(times), "p50_ms": round(p50, 1), "p99_ms": round(p99, 1),
                          "max_ms": round(times[-1][0], 1), "largest": largest, "web_KiB": memory}))
        if os.environ.get("SPECOLA_SLOW"):
            print({page: (len(ms), max(ms)) for page, ms in slow.items()})
        assert not bad, bad[:5]
        assert largest[0] < LIMIT_OCTETS, largest
        if not os.environ.get("SPECOLA_SANITIZED"):
            assert p99 < LIMIT_MS, p99
            assert memory <= LIMIT_KIB, memory


main()
