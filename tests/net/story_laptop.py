#!/usr/bin/python3
"""A laptop without a node: a replica that follows PT by its web. Its transfers are cut at random octets, its node lies, its node is down while
its person signs; what was signed then goes as a file through another member into PT's log. SPECOLA_SEED repeats a run."""
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import threading
from urllib.parse import urlparse

import msgpack

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import SPECOLA, Lab, Node  # noqa: E402

BEGIN = os.environ.get("SPECOLA_BEGIN", os.path.join(os.path.dirname(SPECOLA), "../tests/net/begin"))
SEED = int(os.environ.get("SPECOLA_SEED", random.SystemRandom().randrange(1 << 32)))
CASES = 12


def web(lab, node):
    path = os.path.join(node.home, "run/ports")
    lab.until(lambda: "http://" in open(path, encoding="utf-8").read(), 20, "the web serves")
    return next(word for word in open(path, encoding="utf-8").read().split() if word.startswith("http://"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(url, path):
    where = urlparse(url)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    connection.request("GET", path)
    answer = connection.getresponse()
    data = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), data


class Between(threading.Thread):
    """Stands between a replica and a node: twist(path, status, data) gives the octets that pass, or None: the line is cut
    there, after so many octets as cut says."""

    def __init__(self, url, twist):
        super().__init__(daemon=True)
        self.url, self.twist, self.socket = url, twist, socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.asked = []
        self.start()

    def run(self):
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            with line:
                line.settimeout(20)
                try:
                    self.answer(line)
                except OSError:
                    pass

    def answer(self, line):
        head = b""
        while b"\r\n\r\n" not in head:
            part = line.recv(65536)
            if not part:
                return
            head += part
        path = head.split()[1].decode()
        self.asked.append(path)
        status, headers, data = ask(self.url, path)
        data, limit = self.twist(path, status, data)
        tag = f"ETag: {headers['ETag']}\r\n" if "ETag" in headers else ""
        whole = f"HTTP/1.1 {status} X\r\nContent-Length: {len(data)}\r\n{tag}Connection: close\r\n\r\n".encode() + data
        line.sendall(whole if limit is None else whole[:limit])

    def end(self):
        self.socket.close()


def publish_cases(lab, node):
    path = os.path.join(lab.dir, "cases.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        for i in range(CASES):
            file.write(json.dumps({"title": {"en": f"Case {i}"}, "summary": {"en": f"Told as number{i}."}, "country": "IT", "level": "local",
                                   "source": "laptop", "source_id": str(i), "original_lang": "en"}) + "\n")
    node.run(*lab.import_args(path))


def replica(lab, name, url, fed_id, node=None, ok=0):
    laptop = Node(lab, name)
    done = subprocess.run([BEGIN, laptop.home, url, fed_id, *([node] if node else [])], env=lab.env(laptop.config), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode == ok, (done.returncode, done.stderr)
    return laptop


def begins_only_with_its_own_charter(lab, url, fed_id):
    replica(lab, "other", url, fed_id[::-1], ok=9)
    assert not os.path.exists(os.path.join(lab.dir, "other/home/node.ini"))

    def twist(path, _, data):  # the index says what is wished for, and the charter is another
        if path == "/sync":
            return data.replace(fed_id.encode(), fed_id[::-1].encode()), None
        return data, None
    between = Between(url, twist)
    replica(lab, "forged", between.base, fed_id[::-1], ok=9)

    def flip(path, _, data):
        return (data[:900] + bytes([data[900] ^ 1]) + data[901:] if path == "/sync/charter" else data), None
    flipped = Between(url, flip)
    done = subprocess.run([BEGIN, os.path.join(lab.dir, "flipped"), flipped.base, fed_id], stderr=subprocess.PIPE, check=False)
    assert done.returncode in (8, 9), done
    between.end()
    flipped.end()
    print("another charter, a forged index, a flipped octet in the charter: no replica begins")


def goes_on_after_cuts(lab, url, fed_id, digest):
    rng, cuts = random.Random(SEED), []

    def twist(_, __, data):
        if rng.random() < 0.35:
            cuts.append(rng.randrange(len(data) + 90))
            return data, cuts[-1]
        return data, None
    between = Between(url, twist)
    laptop = replica(lab, "cut", url, fed_id)
    laptop.settings(replica=between.base)
    for tries in range(100):
        status, _ = laptop.run("sync", ok=(0, 7))
        if status == 0 and laptop.json("status")["figures"]["bodies_missing"] == 0:
            break
    else:
        raise AssertionError("never whole")
    between.end()
    assert laptop.status()["frontier"] == digest and laptop.json("search", "number7")["total"] == 1
    laptop.run("verify")
    print(f"{len(cuts)} cuts at random octets, whole after {tries + 1} rounds: the same frontier")


def believes_no_liar(lab, url, fed_id, digest):
    rng = random.Random(SEED + 1)

    def flip(kind):
        def twist(path, status, data):
            if kind in path and status == 200:
                at = rng.randrange(len(data))
                return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1:], None
            return data, None
        return twist

    def other_key(path, status, data):  # the last octets of a checkpoint are its signature
        if path.endswith("/headers") and status == 200:
            at = data.rindex(b"=")
            return data[:at - 20] + (b"A" if data[at - 20:at - 19] != b"A" else b"B") + data[at - 19:], None
        return data, None
    for name, twist in (("headers", flip("/headers")), ("key", other_key), ("bodies", flip("/bodies"))):
        between = Between(url, twist)
        laptop = replica(lab, "liar-" + name, url, fed_id)
        laptop.settings(replica=between.base)
        status, _ = laptop.run("sync", ok=(0, 7, 8, 9))
        assert status != 0, name
        assert laptop.status()["figures"]["objects"] == 0, name
        laptop.settings(replica=url)
        laptop.run("sync")
        assert laptop.status()["frontier"] == digest, name
        between.end()
    withheld = Between(url, lambda path, status, data: (data, None) if "/bodies" not in path else (withhold(data), None))
    laptop = replica(lab, "withheld", url, fed_id)
    laptop.settings(replica=withheld.base)
    said = laptop.json("sync")
    assert said["withheld"] == said["missing"] > CASES and said["texts"] == 0, said
    assert laptop.json("search", "number7")["total"] == 0
    laptop.settings(replica=url)
    assert laptop.json("sync")["missing"] == 0 and laptop.json("search", "number7")["total"] == 1
    withheld.end()
    print("flipped headers, another key's checkpoint, flipped texts: nothing of it is kept; withheld texts are counted, and come from elsewhere")


def withhold(data):
    """Every text of an answer becomes [nil]."""
    number, payload = msgpack.unpackb(data, raw=False, strict_map_key=False)
    payload[3] = [[None] for _ in payload[3]]
    return msgpack.packb([number, payload])


def asks_little(lab, url, fed_id):
    between = Between(url, lambda _, __, data: (data, None))
    laptop = replica(lab, "little", url, fed_id)
    first = laptop.json("sync", "--headers")
    assert first["texts"] == 0 and first["missing"] > CASES and laptop.json("list", "case")["objects"] == [], first
    some = laptop.json("sync", "--only", "kind=case&q=number7")
    assert (some["texts"], some["left_out"]) == (1, some["missing"]), some
    assert "sync --all" in laptop.run("show", "IT-4")[1].decode()
    assert laptop.json("sync")["requests"] == 1
    assert laptop.json("sync", "--only", "kind=nothing", ok=(2,))["error"]["hint"]
    assert laptop.json("sync", "--only", "kind=case&nofacet=1", ok=(2,))["error"]["hint"]
    assert laptop.json("sync", "--all")["missing"] == 0
    last = laptop.json("sync")
    assert (last["unchanged"], last["requests"]) == (True, 1) and last["octets"] < 2000, last
    assert laptop.json("serve", ok=(9,))["error"]["hint"] and laptop.json("hide", "IT-2", "--reason", "rights", ok=(9,))["error"]["hint"]
    assert laptop.json("outbox", ok=(9,))["error"]["hint"]
    assert laptop.json("doctor")["failures"] == 0
    status = laptop.status()
    assert status["replica"] == url and status["home"] is None and status["synced_s"] >= 0, status
    between.end()
    print(f"headers alone, some texts, all of them; nothing new: one request, {last['octets']} octets")


def signs(lab, pt, it, ee, laptop, secret):
    """The reviewer's day: PT there, PT down, through EE."""
    done = laptop.json("endorse", "IT-2", "--yes", *secret)
    ticks = done["ticks"][0]
    assert ticks["sent"] == "PT" and ticks["log"] == done["reference"] and ticks["counted"] == 1, done
    pt.stop()
    queued = laptop.json("endorse", "IT-3", "--yes", *secret, ok=(7,))["error"]
    assert queued["code"] == "queued" and queued["hint"], queued
    rows = laptop.json("outbox")["outbox"]
    assert [row["state"] for row in rows] == ["waiting", "logged"], rows
    shown = laptop.run("outbox")[1]
    assert f"{rows[0]['id'][:12]}  signed ✓  waits" in (shown if isinstance(shown, str) else shown.decode()), shown
    assert laptop.json("outbox", "--retry", ok=(7,))["error"]["hint"]
    sealed = os.path.join(lab.dir, "signed.bundle")
    assert laptop.json("outbox", "-o", sealed)["records"] == 1
    data = open(sealed, "rb").read()
    bad = os.path.join(lab.dir, "bad.bundle")
    open(bad, "wb").write(data[:60] + bytes([data[60] ^ 1]) + data[61:])
    assert ee.json("import", bad, ok=(8,))["error"]["message"]
    through = ee.json("import", sealed)["records"]
    assert [(row["state"], row["home"]) for row in through] == [("queued", "PT")], through
    assert ee.json("import", sealed)["records"] == through, "handed in twice"
    # what EE carries is carried by EE alone: the laptop forgets it
    assert laptop.json("outbox", "--drop", rows[0]["id"][:12])["dropped"] == rows[0]["id"]
    pt.serve("--peer", f"IT={it.port()}", "--peer", f"EE={ee.port()}")
    lab.until(lambda: counted(pt, "IT-3") == 1, 100, "the file is in PT's log")
    lab.converged([it, pt, ee], 60)
    assert counted(it, "IT-3") == 1
    assert ee.json("import", sealed)["records"][0]["state"] == "queued", "handed in again: on its way again, and known there"
    laptop.settings(replica=web(lab, pt))
    laptop.run("sync")
    assert counted(laptop, "IT-3") == 1 and laptop.status()["frontier"] == pt.digest()
    # refused: the reason is told, and what was signed stays until it is dropped
    pub = os.path.join(lab.dir, "r.pub")
    gone = laptop.json("endorse", "IT-4", "--yes", *secret)["reference"]
    assert laptop.json("endorse", "IT-4", "--withdraw", "--yes", *secret)["taken_back"] and gone and os.path.exists(pub)
    assert laptop.json("outbox", "--drop", "ffff", ok=(3,))["error"]["hint"]
    draft = os.path.join(lab.dir, "no.draft")
    open(draft, "w").write("specola-draft 1 case\noriginal_lang: pt\ntitle.pt: Nova\nsummary.pt: Uma.\ncountry: PT\nlevel: local\n")
    laptop.json("publish", draft, *secret, ok=(9,))
    (row,) = [row for row in laptop.json("outbox")["outbox"] if row["state"] == "refused"]
    assert row["why"].startswith("rights") and row["ticks"]["refused"] == "rights", row
    laptop.run("outbox", "--drop", row["id"][:12])
    assert row["id"] not in [row["id"] for row in laptop.json("outbox")["outbox"]], "dropped, and told as if it were in the log"
    assert laptop.json("person", "certify", pub, "--role", "editor", ok=(9,))["error"]["hint"]
    print("signed with PT there; with PT down, and as a file through EE: in PT's log, counted at IT, PT and on the laptop")


def counted(node, reference):
    return node.json("show", reference)["endorsement"]["statements"][0]["counted"]


def main():
    print(f"seed {SEED}")
    with Lab() as lab:
        it, pt, ee = lab.found("IT", "PT", "EE")
        secret = ("--passphrase-file", lab.passphrase())
        publish_cases(lab, it)
        laptop = Node(lab, "laptop")
        laptop.run("key", "new", "--name", "Reviewer, Lisbon", *secret)
        laptop.run("key", "show", "-o", os.path.join(lab.dir, "r.pub"))
        pt.run("person", "certify", os.path.join(lab.dir, "r.pub"), "--role", "reviewer", *secret)
        port = free_port()
        pt.settings(web=f"http://127.0.0.1:{port}", advertise_web=f"http://127.0.0.1:{port}")
        lab.serve(it, pt, ee)
        lab.converged([it, pt, ee])
        url = web(lab, pt)
        index = json.loads(ask(url, "/sync")[2])
        fed_id, digest = index["fed_id"], pt.digest()
        begins_only_with_its_own_charter(lab, url, fed_id)
        goes_on_after_cuts(lab, url, fed_id, digest)
        believes_no_liar(lab, url, fed_id, digest)
        asks_little(lab, url, fed_id)
        subprocess.run([BEGIN, laptop.home, url, fed_id, index["node"]], check=True)
        laptop.run("sync")
        assert laptop.status()["home"] == "PT" and laptop.status()["frontier"] == digest
        signs(lab, pt, it, ee, laptop, secret)


if __name__ == "__main__":
    main()
