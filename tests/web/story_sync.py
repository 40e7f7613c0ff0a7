#!/usr/bin/python3
"""A stranger with curl alone: /sync, all pieces one behind the other, one end item: a bundle that the second verifier and a fresh replica
accept. A sealed record of a certified editor gets a receipt, the same one with an octet turned a reason; web gives no orders."""
import hashlib
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from web import Web, rows  # noqa: E402
from lab import ROOT, Lab, skip  # noqa: E402

try:
    import msgpack
    import nacl.bindings
except ImportError as missing:
    skip(f"python3-{missing.name} is missing")


def curl(*arguments):
    return subprocess.run(["curl", "-sS", "--fail-with-body", *arguments], stdout=subprocess.PIPE, check=True).stdout


def next_of(headers):
    found = re.search(rb'^Link: <([^>]+)>; rel="next"\r$', headers, re.M)
    return found.group(1).decode() if found else None


def rebuild(lab, base):
    """The bundle of everything that a node serves, as docs/protocol.md 15 says."""
    index = json.loads(curl(base + "/sync"))
    out, pieces = index["first_line"].encode(), 0
    for path in index["head"]:
        out += curl(base + path)
    for log in index["logs"]:
        path = log["items"]
        while path:
            head = os.path.join(lab.dir, "head")
            out += curl("-D", head, base + path)
            path, pieces = next_of(open(head, "rb").read()), pieces + 1
    digest = hashlib.blake2b(out, digest_size=32, person=b"specola1.bundle").digest()
    return index, pieces, out + msgpack.packb([15, digest])


def submit(web, octets):
    status, headers, body = web.ask("POST", "/sync/submit", octets, {"Content-Type": "application/msgpack"})
    return status, headers, body


def receipt_of(body, node_key, fed_id):
    """The rows of a receipt whose signature verifies."""
    octets, signature = msgpack.unpackb(body)
    signed = b"specola1:receipt\0" + fed_id + octets
    nacl.bindings.crypto_sign_open(signature + signed, node_key)
    version, receipt_fed, _, answers = msgpack.unpackb(octets)
    assert version == 1 and receipt_fed == fed_id
    return answers


def first_submission(bundle):
    """[envelope, salt, body] of a record of kind 16, and the node key, out of the bundle's items."""
    items = msgpack.Unpacker(raw=False)
    items.feed(bundle[len("SPECOLA1\n"):])
    record = key = None
    for kind, payload in items:
        if kind == 3 and key is None:
            body = msgpack.unpackb(payload[0])
            key = body[5]
        if kind == 6 and record is None:
            record = next((i for i in payload[3] if len(i) == 3 and msgpack.unpackb(msgpack.unpackb(i[0])[0])[1] == 16), None)
    return record, key


def main():
    with Lab() as lab:
        it, = lab.found("IT")
        for batch in range(3):
            path = os.path.join(lab.dir, f"{batch}.ndjson")
            with open(path, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(r) + "\n" for r in rows(40, source=f"batch {batch}"))
            it.run(*lab.import_args(path))
        lab.serve(it)
        web = Web(it).ready()
        base = f"http://{web.host}:{web.port}"
        index, pieces, bundle = rebuild(lab, base)
        size = index["logs"][0]["size"]
        path = os.path.join(lab.dir, "fetched.bundle")
        open(path, "wb").write(bundle)
        second = subprocess.run([os.path.join(ROOT, "tests/second/verify.py"), "--json", path], stdout=subprocess.PIPE, check=True)
        verdict = json.loads(second.stdout)
        assert verdict["logs"][0]["size"] == size == 122 and verdict["logs"][0]["root"] == index["logs"][0]["root"], verdict
        it.run("verify", path)
        print(f"curl alone: {pieces} pieces, {len(bundle)} octets, {size} entries; both verifiers accept the bundle")

        tag = web.get(index["logs"][0]["items"])[0]["ETag"]
        assert web.ask("GET", index["logs"][0]["items"], headers={"If-None-Match": tag})[0] == 304
        for wrong in ("/sync/00/1/0", f"/sync/{'0' * 64}/1/0", index["logs"][0]["items"][:-1] + "122", index["logs"][0]["items"][:-1] + "01"):
            headers, body = web.get(wrong, expect=404)
            assert headers["Content-Type"] == "application/problem+json" and json.loads(body)["status"] == 404

        record, key = first_submission(bundle)
        fed_id = bytes.fromhex(index["fed_id"])
        status, headers, body = submit(web, msgpack.packb([record]))
        assert status == 200 and headers["Content-Type"] == "application/msgpack", (status, body)
        logged = receipt_of(body, key, fed_id)
        assert logged[0][1] == 1, logged
        envelope = bytearray(record[0])
        envelope[-1] ^= 1
        status, _, body = submit(web, msgpack.packb([[bytes(envelope), *record[1:]]]))
        refused = receipt_of(body, key, fed_id)
        assert status == 200 and refused[0][1:] == [2, 6], refused
        print(f"a known record: logged at {logged[0][2:]}; with an octet turned: refused, reason 6 (signature)")

        for octets, wanted in ((b"", 400), (b"\xc1", 422), (b"\x90", 422), (b"x" * 524289, 413)):
            status, headers, body = submit(web, octets)
            assert status == wanted and headers["Content-Type"] == "application/problem+json", (octets[:4], status, body)
            web.connection.close()
        assert web.ask("POST", "/order/stop", b"{}", {"Content-Type": "application/json"})[0] in (404, 405)
        assert web.ask("POST", "/sync/submit", b"\x90", {"Content-Type": "text/plain"})[0] == 415
        assert it.status()["serving"]


main()
