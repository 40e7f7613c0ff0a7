#!/usr/bin/python3
"""A schema guards admission only: a node built with a stricter case.schema holds the same logs. And a kind of object that no C file
knows (tests/schema/bicycle.schema) goes through new, publish, sync, list, search and export."""
import json
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import ROOT, Lab  # noqa: E402


def main():
    with Lab() as lab:
        other = os.environ["SPECOLA_STRICTER"]  # the same program with other needs and limits in case.schema (stricter.py)
        it, ee = lab.found("IT", "EE")
        for node in (it, ee):
            folder = os.path.join(node.home, "schema")
            os.makedirs(folder, exist_ok=True)
            shutil.copytree(os.path.join(ROOT, "tests/schema"), folder, dirs_exist_ok=True)
        it.serve()
        ee.serve("--peer", f"IT={it.port()}", binary=other)

        row = {"title": {"en": "A title of more than twenty characters"}, "summary": {"en": "No lessons."}, "country": "IT",
               "level": "local", "source": "builds", "source_id": "1", "original_lang": "en"}
        path = os.path.join(lab.dir, "one.ndjson")
        open(path, "w", encoding="utf-8").write(json.dumps(row) + "\n")
        assert it.json(*lab.import_args(path))["published"] == 1
        status, out = ee.run("--json", *lab.import_args(path), ok=range(256), binary=other)
        assert status == 9 and json.loads(out)["published"] == 0, "the stricter node refuses it as its own"
        lab.converged([it, ee])
        shown = ee.json("show", "IT-2", binary=other)
        assert any(f["level"] == "refused" for f in shown["findings"]), shown["findings"]
        print("the stricter build refuses the case as its own, holds IT's, shows its findings; digests are equal")

        draft = os.path.join(ROOT, "tests/schema/example.draft")
        assert "bicycle" in it.run("new", "bicycle")[1].decode()
        it.run("publish", draft, "--passphrase-file", lab.passphrase())
        lab.converged([it, ee])
        listed = ee.json("list", "bicycle", binary=other)["objects"]
        assert len(listed) == 1 and listed[0]["ref"].startswith("IT-")
        assert [o["ref"] for o in ee.json("search", "pedal", binary=other)["objects"]] == [listed[0]["ref"]]
        exports = [n.run("export", "--to", "csv", "--kind", "bicycle", binary=b)[1] for n, b in ((it, None), (ee, other))]
        assert exports[0] == exports[1] and exports[0].count(b"\r\n") >= 2
        print("a kind that no C file knows: new, publish, sync, list, search, export")


main()
