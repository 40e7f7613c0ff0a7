"""Records for a soak, sealed here and handed in by POST /sync/submit on run/ctl: what costs in the measurement is what nodes do, and little
else. A record has some 600 octets."""
import http.client
import os
import socket
import threading
import time

import nacl.bindings
import nacl.signing
from peer import blake, bundle_items, decode, encode

WORDS = "archive bicycle budget care clinic counter data deposit district energy evening family forest garden harbour heat island kitchen library market meadow museum office orchard permit register repair river school shelter square station theatre tram valley village water workshop".split()


class Ctl:
    """run/ctl of a node."""

    def __init__(self, node):
        self.path = os.path.join(node.home, "run/ctl")

    def ask(self, method, path, body=None, seconds=60):
        connection = http.client.HTTPConnection("localhost", timeout=seconds)
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(seconds)
        try:
            connection.sock.connect(self.path)
            connection.request(method, path, body, {"Content-Type": "application/msgpack"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class Publisher:
    """An editor whom every node certified; seals batches and counts what receipts say."""

    def __init__(self, lab, nodes, chance):
        self.key, self.chance, self.lock = nacl.signing.SigningKey.generate(), chance, threading.Lock()
        self.logged = self.queued = self.failed = self.number = 0
        self.slowest_s, self.why = 0.0, ""
        card = os.path.join(lab.dir, "editor.pub")
        with open(card, "w", encoding="utf-8") as file:
            file.write(f"specola-person {bytes(self.key.verify_key).hex()} Editor of a soak\n")
        for node in nodes:
            node.run("person", "certify", card, "--role", "editor", "--passphrase-file", lab.passphrase())
        charter, _ = next(payload for kind, payload in bundle_items(os.path.join(lab.dir, "prova.charter")) if kind == 1)
        self.fed_id = blake("specola1.charter", charter)
        self.ids = {founder[1]: blake("specola1.ident", founder[0]) for founder in decode(charter)[2]}

    def seal(self, node, number):
        words = " ".join(self.chance.choice(WORDS) for _ in range(30))
        body = encode({"level": "local", "title": {"en": f"Case {number} of {node.handle}"}, "country": node.handle, "summary": {"en": words}})
        salt, home, public = os.urandom(16), self.ids[node.handle], bytes(self.key.verify_key)
        header = encode([1, 16, 1, home, public, 1767225600, None, [], [1, 0], len(body), blake("specola1.body", body, key=salt)])
        record = blake("specola1.record", self.fed_id + header)
        signature = self.key.sign(b"specola1:record\0" + self.fed_id + record).signature
        return [encode([header, signature]), salt, body]

    def publish(self, node, n):
        """A batch of n records for a node. False: it was not taken."""
        with self.lock:
            self.number += n
            batch = encode([self.seal(node, self.number - i) for i in range(n)])
        since = time.monotonic()
        try:
            status, octets = Ctl(node).ask("POST", "/sync/submit", batch)
            answers = decode(decode(octets)[0])[3] if status == 200 else []
            why = "" if status == 200 else octets[:200].decode(errors="replace")
        except (OSError, http.client.HTTPException) as failure:  # it was killed meanwhile
            answers, why = [], repr(failure)
        logged = sum(answer[1] == 1 for answer in answers)
        queued = sum(answer[1] == 0 for answer in answers)
        with self.lock:
            self.logged, self.queued, self.failed = self.logged + logged, self.queued + queued, self.failed + n - logged - queued
            self.slowest_s, self.why = max(self.slowest_s, time.monotonic() - since), why or self.why
        return logged + queued == n


class Load:
    """So many records a second in all, by lanes that take turns among the nodes; each hands in one batch a second. A lane that is late
    does not wait, so that a rate that is not reached is the nodes' doing."""

    def __init__(self, publisher, nodes, rate, lanes=4):
        self.publisher, self.nodes, self.rate, self.lanes = publisher, nodes, rate, min(lanes, rate)
        self.stopping, self.before, self.since = threading.Event(), publisher.logged + publisher.queued, time.monotonic()
        self.threads = [threading.Thread(target=self.lane, args=(i,), daemon=True) for i in range(self.lanes)]
        for thread in self.threads:
            thread.start()

    def lane(self, i):
        size = self.rate // self.lanes + (i < self.rate % self.lanes)
        for turn in range(1 << 30):
            due = self.since + turn + i / self.lanes
            if self.stopping.wait(max(0.0, due - time.monotonic())):
                return
            nodes = self.nodes()
            if nodes:
                self.publisher.publish(nodes[(turn * self.lanes + i) % len(nodes)], size)

    def end(self):
        """Records a second that were taken."""
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        return (self.publisher.logged + self.publisher.queued - self.before) / (time.monotonic() - self.since)
