#!/usr/bin/python3
"""Bits that a disk changed, in a node that serves and in one that starts: nothing altered is shown, and the members give what was
damaged, the node's own identity included."""
import json
import os
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../web")]
from lab import Lab  # noqa: E402
from web import Web  # noqa: E402

RULERS = "id IN (SELECT id FROM authority)"  # identities, certificates and revocations, of all logs


def publish(lab, node, number):
    path = os.path.join(lab.dir, f"{number}.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        row = {"title": {"en": f"Night library {number}"}, "summary": {"en": "Open after work."}, "country": "IT", "level": "local",
               "source": "damage", "source_id": str(number), "original_lang": "en"}
        file.write(json.dumps(row) + "\n")
    node.run(*lab.import_args(path))


def flip(node, column, where):
    """Changes a bit in the midst of a column of entries, behind everybody's back; how many."""
    with sqlite3.connect(os.path.join(node.home, "store.db"), timeout=20) as db:
        rows = db.execute(f"SELECT id, {column} FROM entry WHERE {column} IS NOT NULL AND {where}").fetchall()
        for row, octets in rows:
            octets = bytearray(octets)
            octets[len(octets) // 2] ^= 4
            db.execute(f"UPDATE entry SET {column} = ? WHERE id = ?", (bytes(octets), row))
    db.close()
    return len(rows)


def damaged(node):
    with sqlite3.connect(f"file:{node.home}/store.db?mode=ro", uri=True, timeout=20) as db:
        n = db.execute("SELECT count(*) FROM damaged").fetchone()[0]
    db.close()
    return n


def shown(web, path):
    """The title that the page of a case has, or None."""
    status, _, body = web.ask("GET", path)
    if status != 200:
        return None
    title = json.loads(body)["title"]
    assert title.startswith("Night library"), body  # nothing altered
    return title


def main():
    with Lab() as lab:
        it, fr, ee = lab.found("IT", "FR", "EE")
        lab.serve(it, fr, ee)
        publish(lab, it, 1)
        publish(lab, it, 2)
        lab.converged([it, fr, ee], 30)
        web = Web(it).ready()
        lab.until(lambda: shown(web, "/en/IT-2.json"), 20, "IT shows its case")
        assert flip(it, "body", "instr(body, CAST('library 1' AS BLOB)) > 0") == 1
        assert flip(it, "envelope", "instr(body, CAST('library 2' AS BLOB)) > 0") == 1
        assert shown(web, "/en/IT-2.json?again") is None and shown(web, "/en/IT-3.json?again") is None
        lab.until(lambda: shown(web, "/en/IT-2.json?healed") and shown(web, "/en/IT-3.json?healed"), 60, "both are healed")
        assert damaged(it) == 0

        it.stop()
        assert flip(it, "envelope", f"{RULERS} AND id % 2 = 0") + flip(it, "body", f"{RULERS} AND id % 2 = 1") >= 3
        with sqlite3.connect(os.path.join(it.home, "store.db")) as db:
            octets = bytearray(db.execute("SELECT item FROM charter").fetchone()[0])
            octets[len(octets) // 2] ^= 4
            db.execute("UPDATE charter SET item = ?", (bytes(octets),))
        db.close()
        it.serve("--peer", f"FR={fr.port()}", "--peer", f"EE={ee.port()}")
        assert "observatory.charter again" in open(it.log, encoding="utf-8").read()
        assert "an entry is damaged" in open(it.log, encoding="utf-8").read()
        report = it.json("scrub", timeout=180)
        assert report["left"] == 0, report
        publish(lab, it, 3)
        lab.converged([it, fr, ee], 30)
        it.run("verify")


main()
