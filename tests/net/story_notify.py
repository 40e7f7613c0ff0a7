#!/usr/bin/python3
"""`notify` in node.ini: the program gets one JSON document a run of what was published, what waits for a review and who signed; status counts
its runs; a program that fails hinders nobody, and none is started by anybody but the supervisor."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from lab import Lab  # noqa: E402


def program(lab, handle, lines):
    path = os.path.join(lab.dir, f"{handle}-tell")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\n{lines}\n")
    os.chmod(path, 0o700)
    return path


def draft(lab, name, title):
    path = os.path.join(lab.dir, name)
    open(path, "w", encoding="utf-8").write(f"specola-draft 1 case\ntitle.en: {title}\nsummary.en: One line.\ncountry: IT\nlevel: local\n")
    return path


def main():
    with Lab() as lab:
        secret = ("--passphrase-file", lab.passphrase())
        it, fr = lab.found("IT", "FR")
        said = {n.handle: os.path.join(lab.dir, f"{n.handle}.said") for n in (it, fr)}

        def events(node):
            try:
                return [json.loads(line) for line in open(said[node.handle], encoding="utf-8")]
            except OSError:
                return []

        def told(node, what):
            return [e for e in events(node) if e["event"] == what]

        for n in (it, fr):
            n.settings(notify=program(lab, n.handle, f"cat >>{said[n.handle]}; echo >>{said[n.handle]}"))
        card = os.path.join(lab.dir, "fr.pub")
        fr.run("key", "show", "-o", card)
        fr.run("person", "certify", card, "--role", "reviewer", *secret)
        lab.serve(it, fr)
        lab.until(lambda: told(it, "backup.old") and told(fr, "backup.old"), 20, "the first look")
        ref = it.json("publish", draft(lab, "a.draft", "Lab"), "--review", *secret)["published"][0]["ref"]
        lab.until(lambda: told(it, "published") and told(fr, "review.wanted"), 20, "what was published is told, and asked of others")
        assert told(it, "published")[0]["ref"] == ref and told(fr, "review.wanted")[0]["title"] == "Lab", (events(it), events(fr))
        assert not told(fr, "published") and not told(it, "review.wanted")
        fr.run("endorse", ref, "--yes", *secret)
        lab.until(lambda: told(it, "endorsement"), 20, "who signed is told")
        event = told(it, "endorsement")[0]
        assert (event["ref"], event["by"], event["counts"], event["counted"], event["needed"], event["endorsed"]) == (ref, "FR", True, 1, 1, "current"), event
        assert not told(fr, "endorsement"), "what is signed here is no news here"
        lab.until(lambda: it.status()["notified"]["told"] == len(events(it)), 10, "status counts the runs")
        # A program that fails, and one that is not there.
        it.stop()
        it.settings(notify=program(lab, "bad", "exit 1"))
        it.serve()
        it.run("publish", draft(lab, "b.draft", "Second"), *secret)
        lab.until(lambda: it.status()["notified"]["failed"] > 0, 20, "a run that fails is counted")
        it.stop()
        it.settings(notify="relative/path")
        status, _ = it.run("status", ok=tuple(range(20)))
        assert status != 0, "a path that is not absolute is refused"


main()
