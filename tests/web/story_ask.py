#!/usr/bin/python3
"""Who was invited asks over HTTP (docs/protocol.md 17), with tools that share no line with ours: a certificate for a good token, the same
answer for whoever asks again, a reason for everybody else, and silence for those who only try. Of eight who ask with one token at once one gets
it. What floods the node with tokens of its own invention keeps nobody out who was invited."""
import json
import os
import re
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from web import Web  # noqa: E402
from lab import Lab, skip  # noqa: E402

try:
    import nacl.bindings
    import nacl.signing
    from peer import blake, decode, encode
    import msgpack
except ImportError as missing:
    skip(f"python3-{missing.name} is missing")

LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
LOGGED, QUEUED, REFUSED = 1, 0, 2


def token_of(line):
    letters = re.search(r"&t=([a-z2-7]{26})&", line).group(1)
    bits = 0
    for letter in letters:
        bits = bits << 5 | LETTERS.index(letter)
    return (bits >> 2).to_bytes(16, "big")


class Asking:
    """Somebody with a key, who knows what the line says and what the node's pages show."""

    def __init__(self, lab, it, web):
        self.lab, self.it, self.web = lab, it, web
        index = json.loads(web.get("/sync")[1])
        assert index["ask"] == "/sync/ask", index
        self.fed_id, self.node, self.items = bytes.fromhex(index["fed_id"]), bytes.fromhex(index["node"]), index["logs"][0]["items"][:-1]
        unpacker = msgpack.Unpacker(raw=False)
        unpacker.feed(web.get("/sync/identities")[1])
        self.key = next(decode(payload[0])[5] for kind, payload in unpacker if kind == 3 and blake("specola1.ident", payload[0]) == self.node)

    def invite(self, *words):
        return token_of(self.it.json("invite", "--at", "https://node.example.org", *(words or ("--for", "reviewer")))["line"])

    def item(self, token, who, name="Ana Silva", fed_id=None, node=None):
        body = encode([1, fed_id or self.fed_id, node or self.node, token, bytes(who.verify_key), name, None])
        return encode([body, who.sign(b"specola1:ask\0" + (fed_id or self.fed_id) + body).signature]), blake("specola1.ask", body)

    def post(self, octets, kind="application/msgpack", web=None, **headers):
        return (web or self.web).ask("POST", "/sync/ask", octets, {"Content-Type": kind, **headers})

    def ask(self, octets, ask_id, web=None):
        """The row of the receipt, which the node signed."""
        status, _, body = self.post(octets, web=web)
        assert status == 200, (status, body[:300])
        octets, signature = decode(body)
        nacl.bindings.crypto_sign_open(signature + b"specola1:receipt\0" + self.fed_id + octets, self.key)
        version, fed_id, node, rows = decode(octets)
        assert (version, fed_id, node, len(rows)) == (1, self.fed_id, self.node, 1) and rows[0][0] == ask_id, rows
        return rows[0][1:]

    def certificate(self, gen, index):
        """(key, person, roles) of the key.cert there."""
        unpacker = msgpack.Unpacker(raw=False)
        unpacker.feed(self.web.get(f"{self.items}{index}")[1])
        window = next(payload for kind, payload in unpacker if kind == 6)
        assert window[1:3] == [gen, index], window[:3]
        header = decode(decode(window[3][0][0])[0])
        assert header[1] == 2 and header[4] == self.key, header
        return header[6], *header[8][:2]


def key():
    return nacl.signing.SigningKey.generate()


def once(a):
    """A good token, and what is said to everybody who comes with it afterwards."""
    ana, token = key(), a.invite()
    octets, ask_id = a.item(token, ana)
    logged = a.ask(octets, ask_id)
    assert logged[0] == LOGGED, logged
    assert a.certificate(*logged[1:]) == (bytes(ana.verify_key), 2, 4)
    assert a.ask(octets, ask_id) == logged, "the same again"
    assert a.ask(*a.item(token, ana, name="Another Name")) == logged, "the same key, in other words"
    assert a.ask(*a.item(token, key())) == [REFUSED, 41], "used"
    taken = a.it.json("invite", "--for", "editor", "--at", "https://node.example.org")
    a.it.run("invite", "cancel", str(taken["number"]))
    assert a.ask(*a.item(token_of(taken["line"]), key())) == [REFUSED, 43], "cancelled"
    assert a.ask(*a.item(a.invite("--for", "editor", "--confirm"), key())) == [QUEUED]
    return logged


def crowd(a):
    """One token, eight keys, at once."""
    token, answers = a.invite(), []
    asked = [a.item(token, key(), name=f"Person {i}") for i in range(8)]

    def run(octets, ask_id):
        answers.append(tuple(a.ask(octets, ask_id, Web(a.it))))
    threads = [threading.Thread(target=run, args=one) for one in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(row) for row in answers) == [2] * 7 + [3] and answers.count((REFUSED, 41)) == 7, answers


def forms(a):
    """What is no ask, or not for this node."""
    token, ana = a.invite(), key()
    octets, _ = a.item(token, ana)
    for body, kind, wanted in ((b"", "application/msgpack", 400), (b"\xc1", "application/msgpack", 422), (octets[:-1], "application/msgpack", 422),
                               (octets + b"\0", "application/msgpack", 422), (b"x" * 8192, "application/msgpack", 422), (b"x" * 8193, "application/msgpack", 413),
                               (encode([encode([1]), bytes(64)]), "application/msgpack", 422), (octets, "application/json", 415)):
        status, headers, answer = a.post(body, kind)
        assert status == wanted and "application/problem+json" in str(headers) and json.loads(answer)["detail"], (len(body), kind, status, answer)
    status, _, answer = a.post(b"x" * 600000)
    assert status == 413, (status, answer)
    a.web.connection.close()
    assert a.post(octets, Origin="https://elsewhere.example.org")[0] == 403, "another's page does not ask for its reader"
    a.web.connection.close()
    assert a.web.ask("GET", "/sync/ask")[0] == 405
    for how, reason in (({"fed_id": blake("specola1.charter", b"elsewhere")}, 38), ({"node": blake("specola1.ident", b"elsewhere")}, 7)):
        assert a.ask(*a.item(token, ana, **how)) == [REFUSED, reason], (how, reason)
    flipped = bytearray(octets)
    flipped[-1] ^= 1
    assert a.ask(bytes(flipped), a.item(token, ana)[1]) == [REFUSED, 6], "signature"
    ends = {}
    for at in range(len(octets)):
        flipped = bytearray(octets)
        flipped[at] ^= 1 << (at % 8)
        status, _, body = a.post(bytes(flipped))
        assert status in (200, 422, 503), (at, status, body)
        if status == 200:
            row = decode(decode(body)[0])[3][0]
            assert row[1] == REFUSED, (at, row)
        ends[status] = ends.get(status, 0) + 1
    assert a.ask(octets, a.item(token, ana)[1])[0] == LOGGED, "the token is as good as it was"
    return ends


def flood(a):
    """Tokens of somebody's own invention: answered while they are few, then counted; whoever was invited comes in meanwhile."""
    token, stranger, before = a.invite(), key(), a.it.status()["strange_asks"]
    silent = 0
    for _ in range(100):
        status, headers, body = a.post(a.item(os.urandom(16), stranger)[0])
        assert status in (200, 503), (status, body)
        if status == 503:
            assert headers["Retry-After"] and json.loads(body)["code"] == "store.busy", (headers, body)
        silent += status == 503
    assert silent >= 40, silent
    assert a.ask(*a.item(token, key()))[0] == LOGGED
    assert a.it.status()["strange_asks"] - before == 100
    return silent


def by_ctl(a):
    """The same surface on run/ctl."""
    token, ana = a.invite(), key()
    octets, ask_id = a.item(token, ana)
    path = os.path.join(a.lab.dir, "ask")
    open(path, "wb").write(octets)
    done = subprocess.run(["curl", "-sS", "--unix-socket", os.path.join(a.it.home, "run/ctl"), "--data-binary", "@" + path, "-H", "Content-Type: application/msgpack",
                           "-H", "Expect:", "http://localhost/sync/ask"], stdout=subprocess.PIPE, check=True, timeout=60)
    row = decode(decode(done.stdout)[0])[3][0]
    assert row[0] == ask_id and row[1] == LOGGED, row
    assert a.ask(octets, ask_id) == row[1:]


def main():
    with Lab() as lab:
        it, = lab.found("IT")
        lab.serve(it)
        a = Asking(lab, it, Web(it).ready())
        first = once(a)
        crowd(a)
        ends = forms(a)
        silent = flood(a)
        by_ctl(a)
        people = it.json("person", "list")["people"]
        assert len(people) == 1 + 5, people
        print(f"a certificate at {first[1:]}, once for eight; an octet turned: {ends}; {silent} of 100 invented tokens went unanswered")
        assert it.status()["serving"]


main()
