#!/usr/bin/python3
"""Three countries hold one observatory: the founding by hand, three serving nodes, real cases (or generated ones) published at each
while they serve; equal digests, byte-identical exports, equal searches, and a second verifier that accepts FR's bundle of IT's log."""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import DATA, ROOT, Lab, real_rows  # noqa: E402


def generated_rows():
    for i in range(90):
        country = ("IT", "FR", "EE")[i % 3]
        yield "generated", {"title": {"en": f"Case {i} about open data"}, "summary": {"en": f"Summary of case {i}."}, "country": country,
                            "level": "local", "source": "generated", "source_id": str(i), "original_lang": "en"}


def main():
    rows = list(real_rows() if DATA else generated_rows())
    if not DATA:
        print("skipped: real cases (SPECOLA_TEST_DATA is not set); generated ones instead")
    with Lab() as lab:
        it, fr, ee = nodes = lab.found("IT", "FR", "EE")
        lab.serve(*nodes)
        published = 0
        for name in dict.fromkeys(name for name, _ in rows):
            for node in nodes:
                mine = [r for n, r in rows if n == name and (r["country"] == node.handle or (node is ee and r["country"] not in ("IT", "FR")))]
                if not mine:
                    continue
                path = os.path.join(lab.dir, f"{name}-{node.handle}.ndjson")
                with open(path, "w", encoding="utf-8") as file:
                    file.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in mine)
                map_path = os.path.join(ROOT, "tests/data", name + ".ini") if DATA else None
                published += node.json(*lab.import_args(path, map_path), ok=(0, 9))["published"]
        took = lab.converged(nodes)
        print(f"{published} of {len(rows)} published; equal digests {took:.1f} s after the last")
        assert published == (1107 if DATA else 90), published

        exports = [n.run("export", "--to", "csv")[1] for n in nodes]
        assert exports[0] == exports[1] == exports[2]
        assert "\x1b".encode() not in exports[0]
        import csv
        import io
        lines = list(csv.reader(io.StringIO(exports[0].decode())))
        assert len(lines) == published + 1 and {len(l) for l in lines} == {len(lines[0])}
        print(f"csv: {len(lines) - 1} rows and a header, {len(exports[0])} octets, identical on all three")

        found = [[o["ref"] for o in n.json("search", "open data", "--country", "IT", "--limit", "0")["objects"]] for n in nodes]
        assert found[0] == found[1] == found[2] and len(found[0]) >= 20, [len(f) for f in found]
        print(f"search 'open data' --country IT: the same {len(found[0])} cases")

        bundle = os.path.join(lab.dir, "it.bundle")
        fr.run("export", "--to", "bundle", "--node", "IT", "-o", bundle)
        second = subprocess.run([os.path.join(ROOT, "tests/second/verify.py"), "--json", bundle], stdout=subprocess.PIPE, check=True)
        verdict = json.loads(second.stdout)
        log = next(l for l in it.status()["logs"] if l["handle"] == "IT")
        assert [l["root"] for l in verdict["logs"]] == [log["root"]], (verdict, log)
        assert verdict["held"] == 0 and verdict["bodies_missing"] == 0
        print(f"second verifier: {verdict['logs'][0]['size']} entries of IT, root {log['root'][:16]}… as IT says")
        for node in nodes:
            node.run("verify")


main()
