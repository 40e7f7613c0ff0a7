#!/usr/bin/python3
"""Endorsements on the pages: who vouches for a case, what that comes to, and words of reviewers that could do harm."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../net")]
from lab import Lab  # noqa: E402
from page import read  # noqa: E402
from web import Web  # noqa: E402

REMARK = "<script>alert(1)</script> \"quoted\" javascript:alert(2) \u202e"
INTEREST = "<img src=x onerror=alert(3)>"


def draft(lab, title):
    path = os.path.join(lab.dir, "lab.draft")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"specola-draft 1 case\ntitle.en: {title}\nsummary.en: A test of one line.\ncountry: IT\nlevel: local\n")
    return path


def carry(lab, source, target):
    path = os.path.join(lab.dir, f"{source.handle}.bundle")
    source.run("export", "--to", "bundle", "-o", path, "--force")
    target.run("import", path)


def check(web, name, state, counted, word):
    model = json.loads(web.get(f"/en/{name}.json")[1])
    assert model["endorsed"] == state and model["endorsement"]["state"] == state, model["endorsement"]
    assert model["endorsement"]["statements"][0]["counted"] == counted, model["endorsement"]
    web.node.lab.until(lambda: json.loads(web.get("/en/cases.json")[1])["objects"][0]["endorsed"] == state, 20, "the list tells it, too")
    told = read(web, f"/en/{name}")[1].text()
    assert word in told, (word, told)
    return told


def endorsed():
    with Lab() as lab:
        secret = ("--passphrase-file", lab.passphrase())
        it, fr = lab.found("IT", "FR")
        it.run("publish", draft(lab, "Lab"), "--review", *secret)
        carry(lab, it, fr)
        web = Web(fr.serve() or fr).ready()
        told = check(web, "IT-2", "none", 0, "Not endorsed")
        assert "0 of 1 Missing: 1 endorsement, 1 node, 1 country" in told, told
        card = os.path.join(lab.dir, "fr.pub")
        fr.run("key", "show", "-o", card)
        fr.run("person", "certify", card, "--role", "reviewer", *secret)
        fr.run("endorse", "IT-2", "--yes", "--remark", REMARK, "--interest", INTEREST, "--language", "it", *secret)
        lab.until(lambda: json.loads(web.get("/en/IT-2.json")[1])["endorsed"] == "current", 20, "the page tells the endorsement")
        told = check(web, "IT-2", "current", 1, "Endorsed")
        for part in ("1 of 1", "alert(1)", "onerror=alert(3)", "Remark", "Interest", "Italian", "Really carried out", "FR-3"):
            assert part in told, (part, told)
        assert "Convalidato" in read(web, "/it/IT-2")[1].text() and "Endorsed" in read(web, "/en/cases")[1].text()
        it.run("publish", draft(lab, "Lab,"), "--replaces", "IT-2", *secret)
        carry(lab, it, fr)
        lab.until(lambda: json.loads(web.get("/en/IT-2.json")[1])["endorsed"] == "earlier", 20, "the newest version is not endorsed")
        assert "An earlier version is endorsed" in check(web, "IT-2", "earlier", 0, "Version 1")
        fr.run("endorse", "IT-2", "--withdraw", "--yes", *secret)
        lab.until(lambda: json.loads(web.get("/en/IT-2.json")[1])["endorsed"] == "none", 20, "it was taken back")
        assert "does not count: the reviewer took it back" in read(web, "/en/IT-2")[1].text()


endorsed()
