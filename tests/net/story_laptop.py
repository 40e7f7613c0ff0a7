#!/usr/bin/python3
"""A laptop without a node: a replica that follows PT by its web. Its transfers are cut at random octets, and its node lies. What its person signs
there: story_reviewers.py. SPECOLA_SEED repeats a run."""
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
        return (data[:400] + bytes([data[400] ^ 1]) + data[401:] if path == "/sync/charter" else data), None
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
    lab.until(lambda: json.loads(ask(url, "/cases.json?q=number7")[2])["total"] == 1, 20, "the lists show what was published")
    laptop = replica(lab, "little", url, fed_id)
    first = laptop.json("sync", "--headers")
    assert first["texts"] == 0 and first["missing"] > CASES and laptop.json("list", "case")["objects"] == [], first
    some = laptop.json("sync", "--only", "kind=case&q=number7")
    assert (some["texts"], some["left_out"]) == (1, some["missing"]), some
    assert "sync --all" in laptop.run("show", "IT-4")[1].decode()
    assert laptop.json("sync")["requests"] == 2  # the index, and who holds what
    assert laptop.json("sync", "--only", "kind=nothing", ok=(2,))["error"]["hint"]
    assert laptop.json("sync", "--only", "kind=case&nofacet=1", ok=(2,))["error"]["hint"]
    assert laptop.json("sync", "--all")["missing"] == 0
    last = laptop.json("sync")
    assert (last["unchanged"], last["requests"]) == (True, 2) and last["octets"] < 2000, last
    assert laptop.json("serve", ok=(9,))["error"]["hint"] and laptop.json("hide", "IT-2", "--reason", "rights", ok=(9,))["error"]["hint"]
    assert laptop.json("outbox", ok=(9,))["error"]["hint"]
    assert laptop.json("doctor")["failures"] == 0
    status = laptop.status()
    assert status["replica"] == url and status["home"] is None and status["synced_s"] >= 0, status
    between.end()
    print(f"headers alone, some texts, all of them; nothing new: one request, {last['octets']} octets")


def main():
    print(f"seed {SEED}")
    with Lab() as lab:
        it, pt = lab.found("IT", "PT")
        publish_cases(lab, it)
        lab.serve(it, pt)
        lab.converged([it, pt])
        url = web(lab, pt)
        index = json.loads(ask(url, "/sync")[2])
        fed_id, digest = index["fed_id"], pt.digest()
        begins_only_with_its_own_charter(lab, url, fed_id)
        goes_on_after_cuts(lab, url, fed_id, digest)
        believes_no_liar(lab, url, fed_id, digest)
        asks_little(lab, url, fed_id)
        laptop = replica(lab, "laptop", url, fed_id, index["node"])
        laptop.run("sync")
        assert laptop.status()["home"] == "PT" and laptop.status()["frontier"] == digest


if __name__ == "__main__":
    main()
