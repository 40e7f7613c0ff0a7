#!/usr/bin/python3
"""A log that holds as many texts as node.ini allows is paused: `sync` ends at once with what was done and names it (exit status 9),
`status` says so, and with more room the rest comes."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402


def publish(lab, node, numbers):
    path = os.path.join(lab.dir, "long.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        for i in numbers:
            row = {"title": {"en": f"Long {i}"}, "summary": {"en": f"A long case, number {i}. " * 4000}, "country": "IT",
                   "level": "local", "source": "long", "source_id": str(i), "original_lang": "en"}
            file.write(json.dumps(row) + "\n")
    node.run(*lab.import_args(path))


def main():
    with Lab() as lab:
        it, fr = lab.found("IT", "FR")
        publish(lab, it, range(24))
        ini = os.path.join(fr.home, "node.ini")
        it.serve()
        with open(ini, "a", encoding="utf-8") as file:
            file.write(f"log_bodies = 1\npeer.IT = {it.port()}\n")
        sync = ("--timeout", "60", "sync")
        fr.run(*sync)  # up to the milestone at which it holds as much
        publish(lab, it, range(24, 26))
        everything = it.status()["figures"]["records"]
        start = time.monotonic()
        _, out = fr.run("--json", *sync, ok=(9,))
        assert time.monotonic() - start < 30, "it waited for what does not come"
        document = json.loads(out)
        assert "IT" in document["error"]["message"] and document["error"]["exit"] == 9, document
        said = fr.run("status")[1].decode()
        assert "the log of IT is paused" in said, said
        assert "it is paused" in fr.json("explain", "IT-999")["why"]
        held = fr.status()["figures"]["records"]
        assert 0 < held < everything, (held, everything)
        assert "paused" in fr.run(*sync, ok=(9,))[1].decode()
        assert fr.status()["figures"]["records"] == held
        fr.serve()
        lab.until(lambda: any(log["paused"] for log in fr.status()["logs"] if log["handle"] == "IT"), 20, "serve says it too")
        assert "it is paused" in fr.json("explain", "IT-999")["why"]
        start = time.monotonic()
        fr.run("--timeout", "60", "sync", ok=(9,))
        assert time.monotonic() - start < 30
        fr.stop()
        text = open(ini, encoding="utf-8").read().replace("log_bodies = 1", "log_bodies = 64")
        open(ini, "w", encoding="utf-8").write(text)
        fr.run(*sync)
        fr.run(*sync)  # and nothing is left to do
        assert "is paused" not in fr.run("status")[1].decode()
        assert fr.status()["frontier"] == it.status()["frontier"]
        for value in ("0", "-1", "1.5", "2 GiB", "123456789"):
            open(ini, "w", encoding="utf-8").write(text.replace("log_bodies = 64", f"log_bodies = {value}"))
            assert "log_bodies" in json.loads(fr.run("--json", "status", ok=(8,))[1])["error"]["message"], value
        print(f"paused at {held} of {everything} entries")
    return 0


if __name__ == "__main__":
    sys.exit(main())
