#!/usr/bin/python3
"""Who holds what: members tell each other what they hold, over third ones too; `where` says who holds a case and who does not, how
old a word is, and goes on saying it when nobody answers any more."""
import json
import os
import sqlite3
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../web")]
from lab import Lab  # noqa: E402
from web import Web  # noqa: E402


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


def reached(node, name):
    """{handle: sentence} of the pages and of `where`, which say the same words of each member."""
    web = Web(node).ready()
    network = json.loads(web.get("/en/network.json")[1])
    where = json.loads(web.get(f"/en/{name}/where.json")[1])
    told = {m["handle"]: m["reach"] for m in node.json("where", name)["members"]}
    for model in (network, where):
        if told != {m["handle"]: m["reach"] for m in model["members"]}:
            return None  # core tells web every other second
    for page in ("/en/network", f"/it/{name}/where"):
        assert b"<table" in web.get(page)[1]
    return {m["handle"]: (m["reach"], m["sentence"]) for m in network["members"]}


def three_ways_to_be_away():
    """One is stopped, one is where another answers, one is reached by others alone: three sentences, each of them true."""
    with Lab() as lab:
        it, fr, ee, lv, pt = lab.found("IT", "FR", "EE", "LV", "PT")
        fr.serve()
        ee.serve("--peer", f"FR={fr.port()}")
        lv.serve("--peer", f"FR={fr.port()}")
        ways = {"FR": fr.port(), "LV": lv.port(), "EE": "tcp://127.0.0.1:1", "PT": fr.port()}
        it.serve(*(word for handle, way in ways.items() for word in ("--peer", f"{handle}={way}")))
        publish(lab, it, 3)
        wanted = {"FR": "linked", "EE": "indirect", "LV": "linked", "PT": "key"}
        lab.until(lambda: {h: r[0] for h, r in (reached(it, "IT-2") or {}).items()} == wanted, 60, "all of them are told apart")
        lab.until(lambda: words(it, "IT-2")["EE"] == "yes", 40, "EE says over FR that it holds it")
        lv.stop()
        wanted["LV"] = "silent"
        lab.until(lambda: {h: r[0] for h, r in (reached(it, "IT-2") or {}).items()} == wanted, 60, "LV is stopped")
        said = reached(it, "IT-2")
        sentences = {h: said[h][1] for h in said}
        assert len(set(sentences.values())) == 4, sentences
        assert sentences["FR"].startswith("linked; last heard") and "stopped, or cut off from all" in sentences["LV"], sentences
        assert "another key answers at its address" in sentences["PT"] and "its word came over other members" in sentences["EE"], sentences
        text = it.run("where", "IT-2")[1].decode()
        for part in ("another key answers at its address", "its word came over other members", "stopped, or cut off from all"):
            assert part in text, text
        # explain says of one of them what `where` says of all, and what it says to hold.
        for handle, holding in (("EE", "EE says that it holds IT-2 (said "), ("PT", "PT has not said what it holds"), ("LV", "LV says that it ")):
            answer = it.json("explain", "IT-2", handle.lower())
            assert answer["state"] == "object" and answer["peer"]["holding"].startswith(holding), answer
            assert answer["peer"]["member"]["reach"] == wanted[handle], answer
        assert any(f["counter"] == "key-mismatch" for f in it.json("explain", "IT-2", "PT")["peer"]["faults"])
        assert it.json("explain", "IT-7", "EE")["state"] == "beyond"
        beyond = ee.json("explain", "IT-99")
        assert beyond["why"].startswith("nothing hinders it here; IT: ") and beyond["why"][-1] != " ", beyond
        # The same figures as status, which counts seconds at another moment.
        status = {p["handle"]: p for p in it.status()["peers"]}
        for member in json.loads(Web(it).ready().get("/en/network.json")[1])["members"]:
            peer = status[member["handle"]]
            for key, own in (("behind", "behind"), ("ahead", "ahead"), ("size", "holds_of_ours")):
                assert member[key] == peer[own], (key, member, peer)
            assert abs((member["last_heard_s"] or 0) - (peer["last_heard_s"] or 0)) <= 10, (member, peer)
        it.stop()
        text = it.run("where", "IT-2")[1].decode()
        assert "another key" not in text and "not reached" not in text, text
        assert {m["reach"] for m in it.json("where", "IT-2")["members"]} == {"unasked"}
        print("one stopped, one with another key, one cut off: told apart by where and by the pages")


def main():
    three_ways_to_be_away()
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
        said = it.run("--lang", "it", "where", "Night library 2")[1].decode()
        assert "1 su 2 dicono di averlo; mancano: EE (tace da 26 h)" in said and "tace" in said and " ago" not in said, said
        status = it.run("status")[1].decode()
        assert "silent 26 h" in status and "/" in status, status
        assert it.run("where", "Day library", ok=(3,))[0] == 3
        print(f"known {took:.1f} s after all held it")
    return 0


if __name__ == "__main__":
    sys.exit(main())
