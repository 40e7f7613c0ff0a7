#!/usr/bin/python3
"""Endorsements on the pages: who vouches for a case, what that comes to, and words of reviewers that could do harm."""
import json
import os
import sys
import xml.etree.ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../net"), os.path.join(HERE, "../soak")]
from lab import Lab, skip  # noqa: E402
from page import read  # noqa: E402
from web import Web  # noqa: E402

try:
    import nacl.signing
    from peer import blake, bundle_items, decode, encode, key_file
    from publisher import Ctl
except ImportError as missing:
    skip(f"python3-{missing.name} is missing")

REMARK = "<script>alert(1)</script> \"quoted\" javascript:alert(2) \u202e"
ATOM = "{http://www.w3.org/2005/Atom}"
LABELS = {"en": {"none": "Published", "earlier": "An earlier version is endorsed", "current": "Endorsed"},
          "it": {"none": "Pubblicato", "earlier": "Convalidata una versione precedente", "current": "Convalidato"}}
INTEREST = "<img src=x onerror=alert(3)>"


def draft(lab, title):
    path = os.path.join(lab.dir, "lab.draft")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"specola-draft 1 case\ntitle.en: {title}\nsummary.en: A test of one line.\ncountry: IT\nlevel: local\n")
    return path


def carry(lab, source, target):
    path = os.path.join(lab.dir, f"{source.handle}.bundle")
    source.run("export", "--to", "bundle", "-o", path, "--force")
    target.run("import", path)


def feed_tells(web, lang, state, label):
    """The category of the one entry of the feeds, of everything and of the list."""
    for path in ("feed", "cases"):
        entry, = xml.etree.ElementTree.fromstring(web.get(f"/{lang}/{path}.atom")[1]).findall(ATOM + "entry")
        category, = entry.findall(ATOM + "category")
        assert category.attrib == {"scheme": "urn:specola:endorsed", "term": state, "label": label}, category.attrib


def check(web, name, state, counted, word):
    model = json.loads(web.get(f"/en/{name}.json")[1])
    assert model["endorsed"] == state and model["endorsement"]["state"] == state, model["endorsement"]
    assert model["endorsement"]["statements"][0]["counted"] == counted, model["endorsement"]
    web.node.lab.until(lambda: json.loads(web.get("/en/cases.json")[1])["objects"][0]["endorsed"] == state, 20, "the list tells it, too")
    for lang, labels in LABELS.items():
        feed_tells(web, lang, state, labels[state])
    told = read(web, f"/en/{name}")[1].text()
    assert word in told, (word, told)
    return told


def endorsed():
    with Lab() as lab:
        secret = ("--passphrase-file", lab.passphrase())
        it, fr = lab.found("IT", "FR")
        it.run("publish", draft(lab, "Lab"), "--review", *secret)
        carry(lab, it, fr)
        web = Web(fr.serve() or fr).ready()
        told = check(web, "IT-2", "none", 0, "Not endorsed")
        assert "0 of 1 Missing: 1 endorsement, 1 node, 1 country" in told, told
        card = os.path.join(lab.dir, "fr.pub")
        fr.run("key", "show", "-o", card)
        fr.run("person", "certify", card, "--role", "reviewer", *secret)
        fr.run("endorse", "IT-2", "--yes", "--remark", REMARK, "--interest", INTEREST, "--language", "it", *secret)
        lab.until(lambda: json.loads(web.get("/en/IT-2.json")[1])["endorsed"] == "current", 20, "the page tells the endorsement")
        told = check(web, "IT-2", "current", 1, "Endorsed")
        for part in ("1 of 1", "alert(1)", "onerror=alert(3)", "Remark", "Interest", "Italian", "Really carried out", "FR-3"):
            assert part in told, (part, told)
        assert "Convalidato" in read(web, "/it/IT-2")[1].text() and "Endorsed" in read(web, "/en/cases")[1].text()
        it.run("publish", draft(lab, "Lab,"), "--replaces", "IT-2", *secret)
        carry(lab, it, fr)
        lab.until(lambda: json.loads(web.get("/en/IT-2.json")[1])["endorsed"] == "earlier", 20, "the newest version is not endorsed")
        told = check(web, "IT-2", "earlier", 0, "Version 1")
        assert "An earlier version is endorsed" in told and "Version 1 : 1 of 1 Since then: changed Title (en)." in told, told
        assert "Versione 1 : 1 di 1 Da allora: modificato: Titolo (en)." in read(web, "/it/IT-2")[1].text()
        for lang, name in (("en", "Title (en)"), ("it", "Titolo (en)")):
            since = [row.get("since") for row in json.loads(web.get(f"/{lang}/IT-2.json")[1])["endorsement"]["statements"]]
            assert since == [None, [{"change": "changed", "field": "title", "name": name, "tag": "en"}]], since
            shown = json.loads(fr.run("--lang", lang, "--json", "show", "IT-2")[1])
            assert [row.get("since") for row in shown["endorsement"]["statements"]] == since, "the command says the same"
        fr.run("endorse", "IT-2", "--withdraw", "--yes", *secret)
        lab.until(lambda: json.loads(web.get("/en/IT-2.json")[1])["endorsed"] == "none", 20, "it was taken back")
        assert "does not count: the reviewer took it back" in read(web, "/en/IT-2")[1].text()


# ---- what must not count ----


class Sealer:
    """Records of keys that were made here, for any log."""

    def __init__(self, lab, nodes):
        charter, _ = next(payload for kind, payload in bundle_items(os.path.join(lab.dir, "prova.charter")) if kind == 1)
        self.fed_id, self.policy = blake("specola1.charter", charter), blake("specola1.policy", encode(decode(charter)[3][0]))
        self.ids = {founder[1]: blake("specola1.ident", founder[0]) for founder in decode(charter)[2]}
        self.node_keys = {n.handle: nacl.signing.SigningKey(key_file(os.path.join(n.home, "node.key"))[1]) for n in nodes}
        self.nodes, self.n = {n.handle: n for n in nodes}, 0

    def seal(self, key, home, kind, subject, refs=(), args=(), body=b"", fed_id=None):
        self.n += 1
        salt = os.urandom(16)
        header = encode([1, kind, 1, self.ids[home], bytes(key.verify_key), 1767225600 + self.n, subject, list(refs), list(args), len(body),
                         blake("specola1.body", body, key=salt) if body else None])
        record = blake("specola1.record", (fed_id or self.fed_id) + header)
        envelope = encode([header, key.sign(b"specola1:record\0" + (fed_id or self.fed_id) + record).signature])
        return [envelope, salt, body] if body else [envelope]

    def certify(self, home, key, person, roles):
        return self.seal(self.node_keys[home], home, 2, bytes(key.verify_key), (), [person, roles, 0], encode({"name": f"Reviewer {person}"}))

    def hand_in(self, home, records):
        """What the receipt says: (state, reason or nothing) of each."""
        _, answer = Ctl(self.nodes[home]).ask("POST", "/sync/submit", encode(records))
        return [tuple(row[1:]) if row[1] == 2 else row[1] for row in decode(decode(answer)[0])[3]]


def sybil():
    """One node that certifies fifty reviewers moves nodes and countries by one; whatever else is poured over a case counts for nothing, and
    the page says why."""
    with Lab() as lab:
        nodes = lab.found("IT", "FR", "EE", "PT")
        it, fr, ee, pt = nodes
        ref = it.json("publish", draft(lab, "Lab"), "--passphrase-file", lab.passphrase())["published"][0]["ref"]
        other = it.json("publish", draft(lab, "Another"), "--passphrase-file", lab.passphrase())["published"][0]["ref"]
        shown = {name: bytes.fromhex(it.json("show", name)["id"]) for name in (ref, other)}
        carry(lab, it, fr)
        carry(lab, it, ee)
        lab.serve(it, fr, ee, pt)
        web, sealer = Web(it).ready(), Sealer(lab, nodes)

        def sign(key, home, version=ref, policy=sealer.policy, **how):
            return sealer.seal(key, home, 32, shown[version], [shown[ref], policy], **how)

        def told(wanted):
            lab.until(lambda: sum(json.loads(web.get("/en/endorsements.json")[1])["signatures"].values()) >= wanted, 30, f"{wanted} signatures are at IT")
            statement = json.loads(web.get(f"/en/{ref}.json")[1])["endorsement"]["statements"][0]
            return statement["counted"], statement["nodes"], statement["countries"], statement["met"]

        honest = nacl.signing.SigningKey.generate()
        assert sealer.hand_in("EE", [sealer.certify("EE", honest, 2, 4), sign(honest, "EE")]) == [1, 1]
        assert told(1) == (1, 1, 1, False)
        fifty = [nacl.signing.SigningKey.generate() for _ in range(50)]
        records = [sealer.certify("FR", key, 100 + i, 4) for i, key in enumerate(fifty)] + [sign(key, "FR") for key in fifty]
        assert set(sealer.hand_in("FR", records)) == {1}
        assert told(51) == (2, 2, 2, False), "fifty reviewers of one node are one"
        # By the home, of another version, under another policy, by a key that was stolen and revoked, of another observatory.
        own, stolen = nacl.signing.SigningKey.generate(), nacl.signing.SigningKey.generate()
        assert sealer.hand_in("IT", [sealer.certify("IT", own, 50, 4), sign(own, "IT")]) == [1, 1]
        assert sealer.hand_in("EE", [sign(honest, "EE", version=other), sign(honest, "EE", policy=shown[other])]) == [1, 1]
        assert told(54) == (2, 2, 2, False)
        assert sealer.hand_in("PT", [sealer.certify("PT", stolen, 60, 4), sign(stolen, "PT")]) == [1, 1]
        assert told(55) == (3, 3, 3, True)
        size = next(log["size"] for log in pt.status()["logs"] if log["handle"] == "PT")
        assert sealer.hand_in("PT", [sealer.seal(sealer.node_keys["PT"], "PT", 3, bytes(stolen.verify_key), (), [1, size - 1])]) == [1]
        lab.until(lambda: json.loads(web.get("/en/endorsements.json")[1])["held"] == {"revoked": 1}, 30, "the revocation is at IT")
        assert told(54) == (2, 2, 2, False), "what a stolen key signed counts no more"
        assert sealer.hand_in("PT", [sign(stolen, "PT")]) == [(2, 10)]
        assert sealer.hand_in("EE", [sign(honest, "EE", fed_id=bytes(32))]) == [(2, 6)], "another observatory's"
        for lang, words in (("en", ("others of the same node count already", "it comes from the home of the object", "it names a version that this object does not have",
                                    "its policy is not in force", "the key was revoked")),
                            ("it", ("ne contano già altre dello stesso nodo", "indica una versione che questo oggetto non ha", "la sua regola non è in vigore",
                                    "la chiave è stata revocata"))):
            page = read(web, f"/{lang}/{ref}")[1].text()
            assert all(word in page for word in words), ([word for word in words if word not in page], page[-4000:])
        matrix = json.loads(web.get("/en/endorsements.json")[1])
        assert matrix["members"] == ["EE", "FR", "IT", "PT"] and matrix["counts"] == [[0, 0, 1, 0], [0, 0, 1, 0], [0] * 4, [0] * 4], matrix
        assert matrix["signatures"] == {"counts": 2, "version": 1, "policy": 1, "home": 1, "node": 49}, matrix
        lab.until(lambda: len({n.digest() for n in nodes}) == 1, 30, "all hold the same")
        found = {json.dumps(n.json("show", ref)["endorsement"], sort_keys=True) for n in nodes}
        rows = [json.loads(text)["statements"][0] for text in found]
        assert all(row["counted"] == 2 for row in rows) and len({row["counted"] for row in rows}) == 1
        assert "the author's key was revoked" in it.run("show", ref)[1].decode()

        # Endorsed at last, then changed: by a text under a key that no schema has, and whose name could do harm.
        last, editor = nacl.signing.SigningKey.generate(), nacl.signing.SigningKey.generate()
        assert sealer.hand_in("PT", [sealer.certify("PT", last, 61, 4), sign(last, "PT")]) == [1, 1]
        assert told(55) == (3, 3, 3, True)
        body = {**it.json("show", ref)["body"], INTEREST: "1"}
        version = sealer.seal(editor, "IT", 16, shown[ref], [shown[ref]], [1, 0], encode(body))
        assert sealer.hand_in("IT", [sealer.certify("IT", editor, 51, 2), version]) == [1, 1]
        lab.until(lambda: json.loads(web.get(f"/en/{ref}.json")[1])["endorsed"] == "earlier", 30, "the newest version is not endorsed")
        since, = (row["since"] for row in json.loads(web.get(f"/en/{ref}.json")[1])["endorsement"]["statements"] if "since" in row)
        assert since == [{"change": "added", "field": INTEREST, "name": INTEREST}], since
        assert f"Da allora: aggiunto: {INTEREST}." in read(web, f"/it/{ref}")[1].text(), "told as text, and only as text"


endorsed()
sybil()
