#!/usr/bin/python3
"""A case whose texts are 400 random words found nowhere else is taken down: three nodes that run, one of them killed in between. None
of the words is in any file of any node afterwards; all roots of before are unchanged, `where` and the page say who has erased it,
and what is exported still verifies, here and by the second verifier."""
import base64
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import ROOT, Lab  # noqa: E402

VERIFY = os.path.join(ROOT, "tests/second/verify.py")
N_WORDS = 400


def choose_words():
    seed = int(os.environ.get("SPECOLA_SEED", random.SystemRandom().randrange(2**32)))
    print(f"SPECOLA_SEED={seed}")
    chance, words = random.Random(seed), set()
    while len(words) < N_WORDS:
        words.add("".join(chance.choice("bcdfghjklmnpqrstvwxz") for _ in range(5)))
    return sorted(words)


def words_in(folder, words):
    """{file: how many of the words are in its octets}."""
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as file:
                octets = file.read()
            n = sum(word.encode() in octets for word in words)
            if n:
                found[path] = n
    return found


def publish(lab, node, number, title, text):
    path = os.path.join(lab.dir, f"{number}.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        row = {"title": {"en": title}, "summary": {"en": text}, "country": "IT", "level": "local", "source": "takedown",
               "source_id": str(number), "original_lang": "en"}
        file.write(json.dumps(row) + "\n")
    node.run(*lab.import_args(path))
    os.unlink(path)


def page(node, path):
    """(status, text) of a page."""
    address = next(w for w in open(os.path.join(node.home, "run/ports"), encoding="utf-8").read().split() if w.startswith("http"))
    try:
        with urllib.request.urlopen(address.rstrip("/") + path, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def log_vectors(lab, node):
    """Both verifiers say of every log of the vectors what stands there."""
    with open(os.path.join(ROOT, "tests/vectors/log.json"), encoding="utf-8") as file:
        rows = [row for row in json.load(file) if "verified" in row]
    path = os.path.join(lab.dir, "vector.bundle")
    for row in rows:
        with open(path, "wb") as file:
            file.write(bytes.fromhex(row["hex"]))
        wanted = 0 if row["verified"] else 8
        assert node.run("verify", path, ok=range(256))[0] == wanted, row["name"]
        assert subprocess.run([VERIFY, path], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False).returncode == wanted
    return len(rows)


def erased(node, name):
    return node.json("where", name).get("takedown", {}).get("erased", [])


def main():
    words = choose_words()
    with Lab() as lab:
        it, fr, ee = nodes = lab.found("IT", "FR", "EE")
        lab.serve(*nodes)
        for number in range(8):
            publish(lab, it, number, f"Night library {number}", "Open after work.")
        publish(lab, it, 100, " ".join(words[:8]), " ".join(words[8:200]))
        publish(lab, it, 100, " ".join(words[200:208]), " ".join(words[208:]))  # a second version
        name = it.json("search", words[200])["objects"][0]["ref"]
        lab.converged(nodes, 30)
        for node in nodes:
            lab.until(lambda n=node: sum(words_in(n.home, words).values()) >= N_WORDS, 10, f"{node.handle} has the words in its files")
            assert page(node, f"/{name}")[0] == 200
        before = it.json("verify")["logs"]
        error = fr.json("takedown", name, "--yes", ok=(9,))["error"]  # not its own
        newest = error["message"].split(" ")[0]
        assert error["message"] == f"{newest} is IT's: its home alone takes it down" and f"specola hide {newest} --reason" in error["hint"], error
        it.run("takedown", name, ok=(4,))  # nobody said yes
        ee.stop(signal.SIGKILL)

        document = it.json("takedown", name, "--reason", "personal_data", "--yes")
        assert len(document["takedowns"]) == 2, document
        lab.until(lambda: erased(it, name) == ["FR", "IT"], 40, "IT and FR have erased it")
        ee.serve("--peer", f"IT={it.port()}")
        ee.stop(signal.SIGKILL)  # wherever it stands
        ee.serve("--peer", f"IT={it.port()}")
        took = lab.until(lambda: all(erased(node, name) == ["EE", "FR", "IT"] for node in nodes), 60, "all have erased it")
        for node in nodes:
            left = words_in(os.path.dirname(node.home), words)
            assert not left, left
            said = node.run("where", name)[1].decode()
            assert "taken down on" in said and "Personal data" in said and "erased by 3 of 3: EE, FR, IT" in said, said
            assert "Its text is erased" in node.run("show", name)[1].decode()
            assert node.run("history", name)[1].decode().count("taken down on") == 2
            status, text = page(node, f"/{name}")
            assert status == 410 and "Taken down on" in text and "3/3" in text, (status, text)
            status, text = page(node, f"/{name}.json")
            assert status == 410 and json.loads(text)["takedown"]["reason"] == "personal_data"
            assert page(node, f"/{name}/v/1")[0] == 410
            assert len(node.json("list", "case")["objects"]) == 8
            assert node.json("search", words[200])["objects"] == [] and node.json("search", words[0])["objects"] == []
        after = {log["handle"]: log for log in it.json("verify")["logs"]}
        assert sum(log["bodies_gone"] for log in after.values()) == 2
        lab.converged(nodes, 30)

        # what is exported says so, too, and the logs of before are the beginning of those of now
        path = os.path.join(lab.dir, "all.bundle")
        fr.run("export", "--to", "bundle", "-o", path)
        assert not words_in(lab.dir, words)
        fr.run("verify", path)
        second = json.loads(subprocess.run([VERIFY, "--json", path], stdout=subprocess.PIPE, check=True).stdout)
        assert second["bodies_gone"] == 2 and second["bodies_missing"] == 0, second
        for node in nodes:
            node.stop()
        store = sqlite3.connect(os.path.join(fr.home, "store.db"))
        texts = [bytes(row[0]).decode() for row in store.execute("SELECT text FROM milestone")]
        store.close()
        for log in before:  # its checkpoint stands, and verified above
            root = base64.b64encode(bytes.fromhex(log["root"])).decode()
            assert any(f"\n{log['size']}\n{root}\n" in text for text in texts), log
        print(f"erased on three nodes {took:.1f} s after the last began; {log_vectors(lab, it)} logs of the vectors agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
