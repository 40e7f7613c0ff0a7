#!/usr/bin/python3
"""Who holds what: members tell each other what they hold, over third ones too; `where` says who holds a case and who does not, how
old a word is, and goes on saying it when nobody answers any more."""
import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402


def publish(lab, node, number):
    path = os.path.join(lab.dir, f"{number}.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        row = {"title": {"en": f"Night library {number}"}, "summary": {"en": "Open after work."}, "country": "IT", "level": "local",
               "source": "where", "source_id": str(number), "original_lang": "en"}
        file.write(json.dumps(row) + "\n")
    node.run(*lab.import_args(path))


def words(node, name):
    """What `where` says of each member."""
    document = node.json("where", name)
    assert document["holding"] == sum(m["holds"] == "yes" for m in document["members"]), document
    return {m["handle"]: m["holds"] for m in document["members"]}


def main():
    with Lab() as lab:
        it, fr, ee = nodes = lab.found("IT", "FR", "EE")
        for node in nodes:
            node.serve()
        publish(lab, it, 1)
        assert words(it, "Night library 1") in ({"EE": "unknown", "FR": "unknown"}, {"EE": "no", "FR": "no"})
        fr.stop()
        ee.stop()
        fr.serve("--peer", f"IT={it.port()}")
        ee.serve("--peer", f"FR={fr.port()}")  # knows of IT over FR alone
        lab.converged(nodes, 30)
        took = lab.until(lambda: words(it, "Night library 1") == {"EE": "yes", "FR": "yes"}, 40, "both say that they hold it")
        said = it.run("where", "Night library 1")[1].decode()
        assert "2 of 2 say they hold it" in said and "missing" not in said, said
        assert words(ee, "Night library 1") == {"FR": "yes", "IT": "yes"}
        peers = {p["handle"]: p for p in it.status()["peers"]}
        assert peers["EE"]["holds_of_ours"] == peers["EE"]["of_ours"] > 0, peers

        ee.stop()
        publish(lab, it, 2)
        lab.until(lambda: words(it, "Night library 2") == {"EE": "no", "FR": "yes"}, 40, "EE does not hold the second")
        said = it.run("where", "Night library 2")[1].decode()
        assert "1 of 2 say they hold it; missing: EE" in said and "silent" not in said, said
        for node in (it, fr):
            node.stop()
        store = sqlite3.connect(os.path.join(it.home, "store.db"))  # as if 26 hours had gone by
        store.execute("UPDATE holds SET received = received - 93600")
        store.commit()
        store.close()
        said = it.run("where", "Night library 2")[1].decode()
        assert "1 of 2 say they hold it; missing: EE (silent 26 h)" in said, said
        status = it.run("status")[1].decode()
        assert "silent 26 h" in status and "/" in status, status
        assert it.run("where", "Day library", ok=(3,))[0] == 3
        print(f"known {took:.1f} s after all held it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
