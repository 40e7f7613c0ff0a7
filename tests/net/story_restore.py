#!/usr/bin/python3
"""A backup is put back: three real nodes on loopback. IT's store is lost after it has published more; what is restored does not
know of it. Without a network a case is queued, and the command says what it waits for. With the others the rest of IT's log comes back,
and the case goes out behind it by itself: one history, for everybody. Then a word of a person in place of the members'."""
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402

WAITS = "queued: waiting for 2 of 3 members to name our size"


def draft(lab, number):
    path = os.path.join(lab.dir, f"{number}.draft")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"specola-draft 1 case\noriginal_lang: en\ntitle.en: Night library {number}\nsummary.en: Open after work.\n"
                   "country: IT\nlevel: local\n")
    return path


def publish(lab, node, number, *more, ok=(0,)):
    return node.json("publish", draft(lab, number), "--passphrase-file", lab.passphrase(), *more, ok=ok)


def put_back(node, backup):
    """As after the loss of a disk: nothing is left but the backup."""
    shutil.rmtree(node.home)
    said = node.run("restore", backup)[1].decode()
    assert "waiting for 2 of 3 members to name our size" in said, said


def own_log(node, handle):
    return next(log for log in node.status()["logs"] if log["handle"] == handle)


def main():
    with Lab() as lab:
        it, fr, ee = nodes = lab.found("IT", "FR", "EE")
        lab.serve(*nodes)
        publish(lab, it, 1)
        backup = os.path.join(lab.dir, "IT.backup")
        it.run("backup", backup, "--keys", "all")  # while it serves
        for number in (2, 3):
            publish(lab, it, number)
        lab.converged(nodes, 30)
        before = own_log(fr, "IT")
        it.stop()

        put_back(it, backup)
        refusal = publish(lab, it, 4, ok=(7,))
        assert refusal["error"]["message"] == WAITS and refusal["error"]["code"] == "queued", refusal
        assert refusal["published"][0]["queued"] and not refusal["published"][0]["logged"], refusal
        said = it.run("publish", draft(lab, 5), "--passphrase-file", lab.passphrase(), ok=(7,))[1].decode()
        assert WAITS in said, said
        assert publish(lab, it, 5, ok=(7,))["published"][0]["queued"]  # the same once more is the same one
        status = it.status()
        assert status["guard"]["waiting"] == 2 and not status["guard"]["open"], status["guard"]
        assert any(c["check"] == "guard" and c["level"] == "warn" for c in it.json("doctor", ok=(0, 1, 7))["checks"])
        it.run("person", "certify", it.run("key", "show", "-o", f"{lab.dir}/me.pub") and f"{lab.dir}/me.pub", "--role", "reviewer",
               ok=(7,))

        # One of two is not enough, and a serving node says so, too.
        ee.stop()
        it.serve("--peer", f"FR={fr.port()}")
        lab.until(lambda: it.status()["guard"]["named"] == 1, 20, "FR names our size")
        lab.until(lambda: own_log(it, "IT")["size"] == before["size"], 20, "the rest of the log comes back")
        refusal = publish(lab, it, 6, ok=(7,))
        assert refusal["error"]["message"] == "queued: waiting for 1 of 3 members to name our size", refusal
        ee.serve("--peer", f"IT={it.port()}", "--peer", f"FR={fr.port()}")
        lab.until(lambda: it.status()["guard"]["open"] and it.status()["guard"]["waiting"] == 0, 30, "what waited goes out by itself")
        lab.converged(nodes, 30)
        after = own_log(ee, "IT")
        assert after["size"] == before["size"] + 3, (before, after)
        for number in (1, 2, 3, 4, 5, 6):
            assert fr.json("search", f'"Night library {number}"')["total"] == 1, number
        for node in nodes:
            counters = [peer["counters"] for peer in node.status()["peers"]]
            assert not any("checkpoint.fork" in c for c in counters), counters
            node.run("verify")
        assert publish(lab, it, 7)["published"][0]["logged"]
        lab.converged(nodes, 30)

        # In ordinary life nobody is needed.
        for node in nodes:
            node.stop()
        assert publish(lab, it, 8)["published"][0]["logged"]

        # Nobody can be asked, and a person knows that nothing is lost.
        fresh = os.path.join(lab.dir, "fresh.backup")
        it.run("backup", fresh, "--keys", "all")
        put_back(it, fresh)
        assert publish(lab, it, 9, "--alone")["published"][0]["logged"]
        guard = it.status()["guard"]
        assert guard["open"] and guard["alone"], guard
        lab.serve(*nodes)
        lab.until(lambda: not it.status()["guard"]["alone"], 40, "the members confirm it")
        lab.converged(nodes, 30)
    return 0


if __name__ == "__main__":
    sys.exit(main())
