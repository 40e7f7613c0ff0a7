#!/usr/bin/python3
"""A stranger with curl alone: the lines of docs/operate.md fetch a bundle of everything that the second verifier and a fresh replica accept, an
interrupted fetch goes on where it stopped, and what is flipped on the way is refused. A record sealed here by a certified editor gets a receipt
that verifies; with any octet turned, a reason. Web gives no orders."""
import hashlib
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from web import Web, rows  # noqa: E402
from lab import ROOT, Failed, Lab, skip  # noqa: E402

try:
    import nacl.bindings
    import nacl.signing
    from peer import blake, decode, encode
except ImportError as missing:
    skip(f"python3-{missing.name} is missing")

VERIFY = os.path.join(ROOT, "tests/second/verify.py")


def curl(*arguments):
    """(status, head, body) of a request by the curl of the machine."""
    done = subprocess.run(["curl", "-sS", "-i", *arguments], stdout=subprocess.PIPE, check=True, timeout=60)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body


def fetch(url, *arguments):
    status, head, body = curl(url, *arguments)
    if status != 200:
        raise Failed(f"{url}: {status} {body[:300]!r}")
    found = re.search(r'^Link: <([^>]+)>; rel="next"\r?$', head, re.M)
    return body, found.group(1) if found else None


# ---- fetching ----

def recipe():
    """The lines of docs/operate.md."""
    text = open(os.path.join(ROOT, "docs/operate.md"), encoding="utf-8").read()
    return re.search(r"## For strangers.*?```bash\n(.*?)```", text, re.S).group(1)


def by_the_recipe(lab, base):
    """What docs/operate.md says, word by word; the bundle and what the second verifier says of it."""
    folder = os.path.join(lab.dir, "stranger")
    os.makedirs(folder, exist_ok=True)
    script = recipe().replace("tests/second/verify.py", VERIFY).replace("python3 -c", "/usr/bin/python3 -c")
    done = subprocess.run(["bash", "-c", script, "stranger", base], cwd=folder, stdout=subprocess.PIPE, check=True, timeout=120)
    return os.path.join(folder, "observatory.bundle"), json.loads(done.stdout)


def accepted(octets, path):
    """What the second verifier says of a bundle; None: it refuses it."""
    open(path, "wb").write(octets)
    done = subprocess.run([VERIFY, "--json", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    assert done.returncode in (0, 8), done
    return json.loads(done.stdout) if done.returncode == 0 else None


def ended(octets):
    return octets + encode([15, blake("specola1.bundle", octets)])


def resumed(lab, it, fr, base):
    """A fetch that stops behind the first piece; meanwhile the log grows; then it goes on from what it has."""
    index = json.loads(fetch(base + "/sync")[0])
    head = index["first_line"].encode() + b"".join(fetch(base + path)[0] for path in index["head"])
    first, then = fetch(base + index["logs"][0]["items"])
    assert then is not None, "the log has several pieces"
    import_rows(lab, it, "meanwhile", 20)
    lab.until(lambda: json.loads(fetch(base + "/sync")[0])["logs"][0]["size"] > index["logs"][0]["size"], 20, "the index tells of more")
    again, _ = fetch(base + index["logs"][0]["items"])
    assert again == first, "a piece that has a successor never changes"
    pieces, path = [first], then
    while path:
        piece, path = fetch(base + path)
        pieces.append(piece)
    now = json.loads(fetch(base + "/sync")[0])["logs"][0]
    file = os.path.join(lab.dir, "resumed.bundle")
    verdict = accepted(ended(head + b"".join(pieces)), file)
    assert verdict["logs"][0]["size"] == now["size"] and verdict["logs"][0]["root"] == now["root"], (verdict, now)
    for at in range(len(pieces)):
        flipped = bytearray(pieces[at])
        flipped[len(flipped) // 2] ^= 4
        assert accepted(ended(head + b"".join([*pieces[:at], bytes(flipped), *pieces[at + 1:]])), file) is None, f"piece {at} flipped"
        it.run("verify", file, ok=(8,))
        fr.run("import", file, ok=(8,))
    assert accepted(ended(head + b"".join(pieces[1:])), file) is None, "without its first piece"
    assert accepted(ended(head + pieces[0] + pieces[0]), file) is None, "with a piece twice"
    accepted(ended(head + b"".join(pieces)), file)
    taken = fr.json("import", file)  # what stood before a flipped piece it has already: its checkpoint was good
    assert taken["new"] + taken["known"] == now["size"] and taken["new"] > 0, taken
    return len(pieces)


def import_rows(lab, it, source, n):
    """n cases of about 20 KB each, in a commit of their own."""
    path = os.path.join(lab.dir, f"{source}.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        for i, row in enumerate(rows(n, source=source)):
            row["overview"] = {"en": " ".join(hashlib.sha256(f"{source} {i} {k}".encode()).hexdigest() for k in range(300))}
            file.write(json.dumps(row) + "\n")
    it.run(*lab.import_args(path))


def answers_of_sync(lab, base, index):
    """ETag and 304 by curl's own means; problem documents for what is not there."""
    tag, items = os.path.join(lab.dir, "tag"), index["logs"][0]["items"]
    for path in ("/sync", *index["head"], index["checkpoints"], items, "/IT-2.json", "/en/cases.json", "/en/cases"):
        assert curl("--etag-save", tag, base + path)[0] == 200, path
        assert curl("--etag-compare", tag, base + path)[0] == 304, path
    for path in ("/sync/00/1/0", f"/sync/{'0' * 64}/1/0", items[:-1] + "999", items[:-1] + "01", items[:-1] + "-1", items[:-1] + "x", items[:6] + items[6:].upper(),
                 items + "/", "/sync/nothing", "/sync/charter/x"):
        status, head, body = curl(base + path)
        assert status == 404 and "\r\nContent-Type: application/problem+json\r\n" in head and json.loads(body)["status"] == 404, (path, status, body)


# ---- handing in ----

class Editor:
    """A person who was certified here, with a key made by no line of ours."""

    def __init__(self, lab, it, index):
        self.key, self.node, self.fed_id = nacl.signing.SigningKey.generate(), bytes.fromhex(index["node"]), bytes.fromhex(index["fed_id"])
        card = os.path.join(lab.dir, "editor.pub")
        with open(card, "w", encoding="utf-8") as file:
            file.write(f"specola-person {bytes(self.key.verify_key).hex()} Editor of tests\n")
        it.run("person", "certify", card, "--role", "editor", "--passphrase-file", lab.passphrase())

    def seal(self, title):
        """(submission, record id) of a case."""
        body, salt = encode({"level": "local", "title": {"en": title}, "country": "IT", "summary": {"en": "Sealed by hand."}}), os.urandom(16)
        header = encode([1, 16, 1, self.node, bytes(self.key.verify_key), 1767225600, None, [], [1, 0], len(body), blake("specola1.body", body, key=salt)])
        record = blake("specola1.record", self.fed_id + header)
        signature = self.key.sign(b"specola1:record\0" + self.fed_id + record).signature
        return encode([[encode([header, signature]), salt, body]]), record


def submit(lab, base, octets, kind="application/msgpack"):
    path = os.path.join(lab.dir, "submission")
    open(path, "wb").write(octets)
    return curl("--data-binary", "@" + path, "-H", f"Content-Type: {kind}", "-H", "Expect:", base + "/sync/submit")


def receipt_of(body, node_key, fed_id, node):
    """The rows of a receipt whose signature verifies."""
    octets, signature = decode(body)
    signed = b"specola1:receipt\0" + fed_id + octets
    nacl.bindings.crypto_sign_open(signature + signed, node_key)
    version, receipt_fed, receipt_node, answers = decode(octets)
    assert version == 1 and receipt_fed == fed_id and receipt_node == node
    return answers


def node_key_of(base, node):
    """The node's key, as its identity says it."""
    octets = fetch(base + "/sync/identities")[0]
    import msgpack
    unpacker = msgpack.Unpacker(raw=False)
    unpacker.feed(octets)
    return next(decode(payload[0])[5] for kind, payload in unpacker if kind == 3 and blake("specola1.ident", payload[0]) == node)


def handing_in(lab, it, web, base, index):
    editor = Editor(lab, it, index)
    key = node_key_of(base, editor.node)
    submission, record = editor.seal("A case sealed by a stranger's tools")
    flips = {"receipt": 0, "problem": 0}
    for at in range(len(submission)):  # every octet turned: a reason, and nothing in the log
        flipped = bytearray(submission)
        flipped[at] ^= 1 << (at % 8)
        status, head, body = submit(lab, base, bytes(flipped)) if at % 8 == 0 else ask(web, bytes(flipped))
        if status == 200:
            answers = receipt_of(body, key, editor.fed_id, editor.node)
            assert len(answers) == 1 and answers[0][1] == 2 and answers[0][2] > 0, (at, answers)
            flips["receipt"] += 1
        else:
            problem = json.loads(body)
            assert status == 422 and "application/problem+json" in head and problem["code"] and problem["detail"], (at, status, body)
            flips["problem"] += 1
    signature = bytearray(submission)
    signature[submission.index(b"\xc4\x40") + 2] ^= 1
    assert receipt_of(submit(lab, base, bytes(signature))[2], key, editor.fed_id, editor.node)[0][1:] == [2, 6], "reason 6: signature"
    status, _, body = submit(lab, base, submission)
    logged = receipt_of(body, key, editor.fed_id, editor.node)
    assert status == 200 and logged[0][:2] == [record, 1], (status, logged)
    again = receipt_of(submit(lab, base, submission)[2], key, editor.fed_id, editor.node)
    assert again == logged, "what is known is answered as before"
    reference = f"IT-{logged[0][3]}"
    lab.until(lambda: web.ask("GET", f"/en/{reference}")[0] == 200, 10, "the page is there")
    assert "A case sealed by a stranger's tools" in json.loads(web.get(f"/{reference}.json")[1])["title"]
    stranger = Editor.__new__(Editor)
    stranger.key, stranger.node, stranger.fed_id = nacl.signing.SigningKey.generate(), editor.node, editor.fed_id
    assert receipt_of(submit(lab, base, stranger.seal("By nobody")[0])[2], key, editor.fed_id, editor.node)[0][1:] == [2, 9], "reason 9: author"
    for octets, wanted in ((b"", 400), (b"\xc1", 422), (b"\x90", 422), (encode([[b"x"]]), 200), (encode([[b""]]), 422), (b"x" * 524289, 413), (b"x" * 524288, 422)):
        status, head, body = submit(lab, base, octets)
        assert status == wanted, (octets[:4], status, body[:200])
        if wanted != 200:
            assert "application/problem+json" in head and json.loads(body)["detail"], (octets[:4], head)
    assert submit(lab, base, submission, "text/plain")[0] == 415
    assert curl("-X", "POST", "-H", "Content-Type: application/json", "-d", "{}", base + "/order/stop")[0] in (404, 405)
    return flips, reference


def ask(web, octets):
    status, headers, body = web.ask("POST", "/sync/submit", octets, {"Content-Type": "application/msgpack"})
    return status, str(headers), body


def main():
    with Lab() as lab:
        it, fr = lab.found("IT", "FR")
        for batch in range(3):
            import_rows(lab, it, f"batch {batch}", 40)
        lab.serve(it)
        web = Web(it).ready()
        base = f"http://{web.host}:{web.port}"
        index = json.loads(fetch(base + "/sync")[0])
        path, verdict = by_the_recipe(lab, base)
        assert verdict["fed_id"] == index["fed_id"] and verdict["logs"][0]["size"] == 122, verdict
        assert verdict["logs"][0]["root"] == index["logs"][0]["root"]
        it.run("verify", path)
        print(f"the lines of docs/operate.md: {os.path.getsize(path)} octets, 122 entries; both verifiers accept the bundle")
        print(f"a fetch that stopped went on: {resumed(lab, it, fr, base)} pieces; each of them flipped is refused")
        answers_of_sync(lab, base, index)
        flips, reference = handing_in(lab, it, web, base, index)
        print(f"a sealed case is {reference}; with an octet turned: {flips['receipt']} receipts with a reason, {flips['problem']} problems")
        assert it.status()["serving"]


main()
