#!/usr/bin/python3
"""New keys of a node among real processes: a new node key and a new CURVE key while one member is away and the others publish all the
time; everybody finds one frontier, nobody is blamed, and IT.2-1 resolves everywhere, in the second verifier too. A replica whose node lies about the closed generation comes to an end with it."""
import io
import json
import os
import subprocess
import sys
import threading

import msgpack

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from lab import Lab  # noqa: E402
from story_laptop import Between, ask, replica, web  # noqa: E402

WINDOW = 6
# What a member that is stopped, comes back and has new keys may move; everything else is a fault of somebody.
NO_FAULT = ("frames.", "octets.", "entries.", "pull.done", "link.", "timeout", "err.no-session", "err.not-held", "err.busy",
            "frame.no-session", "handshake", "key-mismatch", "stranger")


def publish(lab, node, number):
    path = os.path.join(lab.dir, f"{number}.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        row = {"title": {"en": f"Night library {number}"}, "summary": {"en": "Open after work."}, "country": "IT", "level": "local",
               "source": "rotate", "source_id": str(number), "original_lang": "en"}
        file.write(json.dumps(row) + "\n")
    node.run(*lab.import_args(path))


class Traffic(threading.Thread):
    """Members that publish all the time."""

    def __init__(self, lab, *nodes):
        super().__init__(daemon=True)
        self.lab, self.nodes, self.done, self.stopped, self.error = lab, nodes, 0, False, None

    def run(self):
        try:
            while not self.stopped:
                for node in self.nodes:
                    self.done += 1
                    publish(self.lab, node, 1000 + self.done)
        except Exception as error:  # told by the one who waits
            self.error = error

    def goes_on(self):
        """It did not stop when a node did: more is published behind what there is."""
        want = self.done + len(self.nodes) + 1
        self.lab.until(lambda: self.error or self.done >= want, 60, "others publish")

    def end(self):
        self.stopped = True
        self.join()
        if self.error:
            raise self.error


def holds_all(node, of):
    """All generations of a log that its owner has."""
    sizes = lambda status: {log["gen"]: log["size"] for log in status["logs"] if log["handle"] == of.handle}
    return lambda: sizes(node.status()) == sizes(of.status())


def nobody_is_blamed(nodes):
    for node in nodes:
        status = node.status()
        for who, counters in [("", status["counters"]), *((peer["handle"], peer["counters"]) for peer in status["peers"])]:
            faults = {name: n for name, n in counters.items() if n and not name.startswith(NO_FAULT)}
            assert not faults, f"{node.handle} of {who}: {faults}"


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
        it, fr, ee, lv = nodes = lab.found("IT", "FR", "EE", "LV")
        fr.serve()
        over_fr = ("--peer", f"FR={fr.port()}")
        it.serve(*over_fr)
        ee.serve(*over_fr)
        lv.serve(*over_fr)
        publish(lab, it, 1)
        lab.converged(nodes, 30)
        closed = next(log["items"] for log in json.loads(ask(web(lab, fr), "/sync")[2])["logs"] if log["handle"] == "IT")[:-1]
        begin = f"{closed}0/headers"
        early = ask(web(lab, fr), begin)[2]
        publish(lab, it, 0)
        lab.converged(nodes, 30)
        ee.stop()
        traffic = Traffic(lab, fr, lv)
        traffic.start()
        traffic.goes_on()
        rotate(lab, it, "node", *over_fr)
        publish(lab, it, 2)
        lab.until(holds_all(fr, it), 30, "FR has the new generation")
        traffic.goes_on()
        rotate(lab, it, "curve", *over_fr)
        publish(lab, it, 3)
        lab.until(holds_all(fr, it), 30, "FR follows behind the new CURVE key")
        traffic.goes_on()
        ee.serve("--peer", f"IT={it.port()}")  # it knows nothing of all that, and meets nobody else
        lab.until(holds_all(ee, it), 60, "EE has what came while it was away")
        traffic.end()
        lab.converged(nodes, 60)
        nobody_is_blamed(nodes)
        publish(lab, ee, 4)
        lab.converged(nodes, 30)
        for node in nodes:
            assert node.json("show", "IT.2-1")["reference"] == "IT.2-1"
            node.run("verify")
        bundle = os.path.join(lab.dir, "all.bundle")
        ee.run("export", "--to", "bundle", "-o", bundle)
        subprocess.run([sys.executable, os.path.join(HERE, "..", "second", "verify.py"), bundle], check=True, stdout=subprocess.DEVNULL)
        lab.until(lambda: it.json("where", "Night library 3")["holding"] == 3, 40, "all say that they hold what is behind the identity")
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
