#!/usr/bin/python3
"""New keys of a node among real processes: a new node key and a new CURVE key while one member is away; everybody finds one frontier,
and IT.2-1 resolves everywhere, in the second verifier too. A replica whose node lies about the closed generation comes to an end with it."""
import io
import json
import os
import subprocess
import sys

import msgpack

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from lab import Lab  # noqa: E402
from story_laptop import Between, ask, replica, web  # noqa: E402

WINDOW = 6


def publish(lab, node, number):
    path = os.path.join(lab.dir, f"{number}.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        row = {"title": {"en": f"Night library {number}"}, "summary": {"en": "Open after work."}, "country": "IT", "level": "local",
               "source": "rotate", "source_id": str(number), "original_lang": "en"}
        file.write(json.dumps(row) + "\n")
    node.run(*lab.import_args(path))


def rotate(lab, node, what, *peers):
    """The node asks, whoever keeps the sheets signs, the node takes it while it stands still."""
    path = os.path.join(lab.dir, f"{what}.rotation")
    node.stop()
    node.run("key", "rotate", f"--{what}", "--out", path)
    node.run("root", "sign", path, "--key", f"{lab.dir}/{node.handle}-1.key", "--passphrase-file", lab.passphrase())
    node.run("key", "rotate", path)
    node.serve(*peers)


def falsify(piece):
    """The same windows with another signature in the first entry of each, under the same checkpoint."""
    out = b""
    for number, payload in msgpack.Unpacker(io.BytesIO(piece), raw=False):
        if number == WINDOW:
            envelope = payload[3][0][0]
            payload[3][0][0] = envelope[:-1] + bytes([envelope[-1] ^ 1])
        out += msgpack.packb([number, payload])
    assert out != piece
    return out


def lies_about_what_is_closed(lab, url, early, begin, closed):
    """Serves the beginning of a closed generation as it was signed, and behind it what does not fold to any root: a replica goes back over
    it again and again. It ends."""
    def twist(path, status, data):
        if path == begin:
            return early, None
        return (falsify(data) if path.startswith(closed) and path.endswith("/headers") and status == 200 else data), None
    index = json.loads(ask(url, "/sync")[2])
    liar = Between(url, twist)
    laptop = replica(lab, "laptop", url, index["fed_id"])
    laptop.settings(replica=liar.base)
    error = laptop.json("sync", ok=(8, 9))["error"]
    assert "does not go on from what was served before" in error["message"] and error["hint"], error
    asked = [path for path in liar.asked if path.startswith(closed)]
    assert 2 < len(asked) < 10, asked
    liar.end()
    laptop.settings(replica=url)
    laptop.run("sync")
    return laptop.status()["frontier"]


def main():
    with Lab() as lab:
        it, fr, ee = nodes = lab.found("IT", "FR", "EE")
        fr.serve()
        over_fr = ("--peer", f"FR={fr.port()}")
        it.serve(*over_fr)
        ee.serve(*over_fr)
        publish(lab, it, 1)
        lab.converged(nodes, 30)
        closed = next(log["items"] for log in json.loads(ask(web(lab, fr), "/sync")[2])["logs"] if log["handle"] == "IT")[:-1]
        begin = f"{closed}0/headers"
        early = ask(web(lab, fr), begin)[2]
        publish(lab, it, 0)
        lab.converged(nodes, 30)
        ee.stop()
        rotate(lab, it, "node", *over_fr)
        publish(lab, it, 2)
        lab.converged([it, fr], 30)
        rotate(lab, it, "curve", *over_fr)
        publish(lab, it, 3)
        lab.converged([it, fr], 30)
        ee.serve("--peer", f"IT={it.port()}")  # it knows nothing of all that, and meets nobody else
        lab.converged(nodes, 60)
        publish(lab, ee, 4)
        lab.converged(nodes, 30)
        for node in nodes:
            assert node.json("show", "IT.2-1")["reference"] == "IT.2-1"
            node.run("verify")
        bundle = os.path.join(lab.dir, "all.bundle")
        ee.run("export", "--to", "bundle", "-o", bundle)
        subprocess.run([sys.executable, os.path.join(HERE, "..", "second", "verify.py"), bundle], check=True, stdout=subprocess.DEVNULL)
        lab.until(lambda: it.json("where", "Night library 3")["holding"] == 2, 40, "all say that they hold what is behind the identity")
        assert os.path.exists(os.path.join(it.home, "curve.next.key"))
        it.stop()
        ee.stop()
        it.serve(*over_fr)
        ee.serve("--peer", f"IT={it.port()}")
        assert not os.path.exists(os.path.join(it.home, "curve.next.key"))  # the new CURVE key is served from now on
        publish(lab, it, 5)
        lab.converged(nodes, 30)
        assert lies_about_what_is_closed(lab, web(lab, fr), early, begin, closed) == fr.digest()
    return 0


if __name__ == "__main__":
    sys.exit(main())
