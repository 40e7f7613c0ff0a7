#!/usr/bin/python3
"""A bundle of ten short cases, damaged octet by octet: the reader refuses each in one process, and every 16th goes through `import`
and `verify`: exit status 8 (12 at the version), the store untouched. The undamaged one is accepted by a replica that lacks it."""
import hashlib
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import DATA, ROOT, SPECOLA, Lab, real_rows  # noqa: E402

FLIP = os.environ.get("SPECOLA_FLIP", os.path.join(os.path.dirname(SPECOLA), "../tests/net/flip"))
STEP = int(os.environ.get("SPECOLA_FLIP_STEP", "256"))  # every STEP-th octet through the commands; the reader takes all


def ten_shortest(lab, node):
    path = os.path.join(lab.dir, "ten.ndjson")
    if DATA:
        rows = sorted((r for name, r in real_rows() if name == "cases_open" and r["country"] and r["texts"].get("overview")),
                      key=lambda r: len(json.dumps(r)))[:10]
    else:
        rows = [{"title": {"en": f"Short {i}"}, "summary": {"en": "A case."}, "country": "IT", "level": "local", "source": "ten",
                 "source_id": str(i), "original_lang": "en"} for i in range(10)]
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in rows)
    node.run(*lab.import_args(path, os.path.join(ROOT, "tests/data/cases_open.ini") if DATA else None))


def store_hash(node):
    digest = hashlib.sha256()
    for name in ("store.db", "store.db-wal"):
        try:
            digest.update(open(os.path.join(node.home, name), "rb").read())
        except FileNotFoundError:
            pass
    return digest.hexdigest()


def main():
    with Lab() as lab:
        it, fr = lab.found("IT", "FR")
        ten_shortest(lab, it)
        path = os.path.join(lab.dir, "it.bundle")
        it.run("export", "--to", "bundle", "--node", "IT", "-o", path)
        data = open(path, "rb").read()
        print(subprocess.run([FLIP, path], stdout=subprocess.PIPE, check=True).stdout.decode().strip())

        fr.run("status")
        before, tried = store_hash(fr), 0
        bad = os.path.join(lab.dir, "bad.bundle")
        for i in sorted({*range(0, len(data), STEP), 7}):
            damaged = bytearray(data)
            damaged[i] ^= 1 << (i % 8)
            open(bad, "wb").write(damaged)
            for command in ("import", "verify"):
                status = fr.run(command, bad, ok=range(256))[0]
                # a first line that is no bundle's is not recognised as one: another refusal of the same file
                assert status == (12 if i == 7 else 8), (command, i, status)
            tried += 1
        assert store_hash(fr) == before, "the store changed"
        print(f"{tried} damaged files through import and verify: refused; the store is unchanged")
        # Whoever makes the hash at the end anew is found out by the entries: by a reader that lacks them, and by one that has them.
        for word in (b"coordinator", b"title"):
            forged = bytearray(data[:-36])
            forged[data.rfind(word if word in data else b"name")] ^= 1
            forged += b"\x92\x0f\xc4\x20" + hashlib.blake2b(forged, digest_size=32, person=b"specola1.bundle").digest()
            open(bad, "wb").write(forged)
            assert fr.json("import", bad, ok=(8,))["error"]["exit"] == 8
            said = it.json("import", bad, ok=(8,))["error"]["message"]
            assert "its entry IT-" in said and "is not the one that is held here: the file is damaged" in said, said
        print("a bundle with an entry changed and its hash made anew: refused, held or not")
        fr.run("import", path)
        fr.run("verify", path)
        again = fr.json("import", path)
        assert again["new"] == 0 and again["known"] == again["entries"] > 10, again
        assert len(fr.json("list", "case", "--limit", "0")["objects"]) == 10
        print("the undamaged one: ten cases")


main()
