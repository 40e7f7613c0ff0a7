#!/usr/bin/python3
"""A member whose logs hold as much as node.ini allows is paused: `sync` ends at once with what was done and names it (exit status 9),
`status` says so, and with more room the rest comes. A flood of entries without bodies fills the share too, and a new generation has
no share of its own."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402
from peer import Member, Peer, decode  # noqa: E402
from story_rotate import rotate  # noqa: E402

WITHDRAW = 17


def publish(lab, node, numbers):
    path = os.path.join(lab.dir, "long.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        for i in numbers:
            row = {"title": {"en": f"Long {i}"}, "summary": {"en": f"A long case, number {i}. " * 4000}, "country": "IT",
                   "level": "local", "source": "long", "source_id": str(i), "original_lang": "en"}
            file.write(json.dumps(row) + "\n")
    node.run(*lab.import_args(path))


class Flood(Peer):
    """A member whose log is nothing but headers."""

    def answer_window(self, message):
        message[5] = min(message[5], message[4] + 200)  # a frame's worth
        super().answer_window(message)

    def play(self, lab, what, why):
        def step():
            while self.socket.poll(20):
                self.answer(decode(decode(self.socket.recv())[0]))
            return what()
        lab.until(step, 30, why)


def flooded():
    """Headers alone, a little above 1 MiB of them: what comes behind is not taken any more."""
    with Lab() as lab:
        it, fr = lab.found("IT", "FR")
        fr.settings(log_bodies=1)
        fr.serve()
        member = Member(it.home, f"{lab.dir}/prova.charter")

        def grow(n):
            for _ in range(n):
                member.append(WITHDRAW, subject=os.urandom(32), refs=[os.urandom(32) for _ in range(16)])
            return member.tree.size

        def log():
            return next((log for log in fr.status()["logs"] if log["handle"] == "IT"), {"size": 0, "paused": False})
        first = grow(1500)
        assert 1 << 20 < sum(len(item[0]) for item in member.items), "this is no flood"
        peer = Flood(member, "FR", fr.port())
        peer.hello()
        peer.play(lab, lambda: log()["size"] == first, "what is within the share is taken")
        grow(10)
        peer.heads()
        peer.play(lab, lambda: log()["paused"], "headers fill the share")
        assert log()["size"] == first
        peer.close()
        fr.stop()  # headers alone: the sum of its texts does not tell
        assert log()["paused"], "a node that does not serve says so, too"
        assert "its log is paused" in fr.run("doctor", ok=range(256))[1].decode()


def second_generation(lab, it, fr, sync):
    """It begins with what the first one left of the share."""
    rotate(lab, it, "node")
    publish(lab, it, [26])
    fr.settings(log_bodies=1, **{"peer.IT": it.port()})
    assert "paused" in fr.run(*sync, ok=(9,))[1].decode()
    assert all(log["gen"] == 1 for log in fr.status()["logs"] if log["handle"] == "IT"), "nothing of the second one came"
    fr.settings(log_bodies=64)
    fr.run(*sync)
    assert any(log["gen"] == 2 and log["size"] > 1 for log in fr.status()["logs"] if log["handle"] == "IT")


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
        frontier = {log["handle"]: log["root"] for log in fr.status()["logs"]}
        assert frontier["IT"] == next(log["root"] for log in it.status()["logs"] if log["handle"] == "IT")
        second_generation(lab, it, fr, sync)
        for value in ("0", "-1", "1.5", "2 GiB", "123456789"):
            open(ini, "w", encoding="utf-8").write(text.replace("log_bodies = 64", f"log_bodies = {value}"))
            assert "log_bodies" in json.loads(fr.run("--json", "status", ok=(8,))[1])["error"]["message"], value
        print(f"paused at {held} of {everything} entries")
    flooded()
    return 0


if __name__ == "__main__":
    sys.exit(main())
