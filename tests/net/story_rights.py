#!/usr/bin/python3
"""Who may write what: every cell of the table of docs/protocol.md 4.6 (author x kind and schema x whose object), the kinds that are the own key's,
which all others try, and territory, each with a record of its own: on a serving node through run/ctl and over HTTP, as a file that another member carries to it, and as a file at the node
while it does not serve. What is said of each is what the page says. The files try a sample under sanitizers (SPECOLA_ALL_CELLS=1: all);
SPECOLA_SEED repeats it."""
import os
import random
import re
import sqlite3
import sys
from base64 import b64encode

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../web"), os.path.join(HERE, "../soak")]
from lab import ROOT, Lab, free_port, skip  # noqa: E402

try:
    import nacl.signing
    from peer import blake, bundle_items, decode, encode, key_file
    from publisher import Ctl
except ImportError as missing:
    skip(f"python3-{missing.name} is missing")
from web import Web  # noqa: E402

ROLES = {"coordinator": 1, "editor": 2, "reviewer": 4, "contributor": 8, "facilitator": 16}
REASONS = {9: "author", 10: "revoked", 11: "rights", 15: "identity", 34: "territory"}
SCHEMAS = [n for n in range(1, 20)] + [1024]
REGIONAL = (1, 1024)  # those that have regions
BATCH = 256
SEED = int(os.environ.get("SPECOLA_SEED", random.SystemRandom().randrange(1 << 32)))
SAMPLED = os.environ.get("SPECOLA_SANITIZED") and not os.environ.get("SPECOLA_ALL_CELLS")


# ---- the page ----

def table():
    """{author: {column: word}} of the table; the columns as lists of schema numbers, or "32", "33"."""
    page = open(os.path.join(ROOT, "docs/protocol.md"), encoding="utf-8").read()
    lines = re.search(r"\| author \| 1 2 3.*?\n\n", page, re.S).group().strip().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    columns = [tuple(int(n) for n in re.findall(r"\d+", head)) if not head.startswith("kind") else head[5:] for head in rows[0][1:]]
    return {row[0]: dict(zip(columns, row[1:])) for row in rows[2:]}


def cell_of(page, author, what):
    """The word for an author and a schema number, or "32", "33"."""
    row = page[author]
    return next(word for column, word in row.items() if column == what or (isinstance(column, tuple) and what in column))


def verdict(word, owner):
    """"" (allowed), or the reason."""
    if word == "any" or (word == "own" and owner != "others"):
        return ""
    return word.strip("`") if word.startswith("`") else "rights"


def expected(page, roles, what, owner):
    """Of somebody with these roles, or of a row of the page: the best of his cells."""
    found = {verdict(cell_of(page, row, what), owner) for row in roles}
    return "" if "" in found else "rights" if "rights" in found else found.pop()


# ---- records ----

class Author:
    def __init__(self, name, rows, number, key=None):
        self.name, self.rows, self.number = name, rows, number
        self.key = key or nacl.signing.SigningKey.generate()
        self.public = bytes(self.key.verify_key)


class Scene:
    def __init__(self, lab, it, fr):
        charter, signatures = next(payload for kind, payload in bundle_items(os.path.join(lab.dir, "prova.charter")) if kind == 1)
        self.fed_id, self.policy = blake("specola1.charter", charter), blake("specola1.policy", encode(decode(charter)[3][0]))
        ids = {founder[1]: blake("specola1.ident", founder[0]) for founder in decode(charter)[2]}
        founder = next(i for i, row in enumerate(decode(charter)[2]) if row[1] == "IT")
        self.identity = encode([decode(charter)[2][founder][0], [[s[1], s[3]] for s in signatures if s[0] == founder]])
        self.home, self.other_home, self.n = ids["IT"], ids["FR"], 0
        self.node = Author("the own key", ["the own key"], 109, nacl.signing.SigningKey(key_file(os.path.join(it.home, "node.key"))[1]))
        editors = "coordinator, editor"
        self.authors = [Author("coordinator", [editors], 100), Author("editor", [editors], 101), Author("reviewer", ["reviewer"], 102),
                        Author("contributor", ["contributor"], 103), Author("facilitator", ["facilitator"], 104),
                        Author("reviewer and contributor", ["reviewer", "contributor"], 105), Author("revoked", ["a revoked key"], 106),
                        Author("nobody", ["a key that nobody certified here"], 107), Author("foreign", ["a key that nobody certified here"], 108), self.node]
        self.helpers = {a.number: Author(f"helper of {a.name}", [editors], a.number) for a in self.authors}
        self.stranger = Author("another person", [editors], 99)
        self.ctl, self.web, self.fr = Ctl(it), Web(it).ready(), fr

    def seal(self, author, kind, subject=None, refs=(), args=(), body=b"", home=None):
        self.n += 1
        salt = os.urandom(16) if kind > 15 or kind == 2 else bytes(16)
        commit = blake("specola1.body", body, key=salt) if body else None
        header = encode([1, kind, 1, home or self.home, author.public, 1767225600 + self.n, subject, list(refs), list(args), len(body), commit])
        record = blake("specola1.record", self.fed_id + header)
        envelope = encode([header, author.key.sign(b"specola1:record\0" + self.fed_id + record).signature])
        return record, [envelope, salt, body] if body else [envelope]

    def body(self, schema, regions=()):
        if schema != 1:
            return encode({"name": {"en": f"Thing {self.n}"}, **({"regions": list(regions)} if regions else {})})
        case = {"level": "local", "title": {"en": f"Case {self.n}"}, "country": "IT", "summary": {"en": "One line."}, "regions": list(regions)}
        return encode(dict(sorted(((k, v) for k, v in case.items() if v), key=lambda kv: (len(kv[0]), kv[0]))))

    def version(self, author, schema, of=None, regions=()):
        return self.seal(author, 16, of, [of] if of else [], [schema, 0], self.body(schema, regions))

    def certificate(self, author, roles, territory=0):
        return self.seal(self.node, 2, author.public, (), [author.number, roles, territory], encode({"name": author.name}))

    def hand_in(self, records, channel):
        """What the receipt says of each: "" (logged), or the reason."""
        said = []
        for at in range(0, len(records), BATCH):
            batch = records[at:at + BATCH]
            octets = encode([item for _, item in batch])
            if channel == "ctl":
                status, answer = self.ctl.ask("POST", "/sync/submit", octets)
            else:
                status, _, answer = self.web.ask("POST", "/sync/submit", octets, {"Content-Type": "application/msgpack"})
            assert status == 200, (status, answer[:300])
            rows = decode(decode(answer)[0])[3]
            assert [row[0] for row in rows] == [record for record, _ in batch]
            said += ["" if row[1] == 1 else REASONS.get(row[2], str(row[2])) for row in rows]
        return said

    def must(self, records):
        said = self.hand_in(records, "ctl")
        assert set(said) <= {""}, [(i, why) for i, why in enumerate(said) if why][:5]
        return [record for record, _ in records]


# ---- what only the own key writes ----

def sign(scene, key, tag, octets):
    return key.sign(b"specola1:" + tag.encode() + b"\0" + scene.fed_id + octets).signature


def own_identity(scene, author):
    """One that names the author's key as the node's, signed by root keys of the author's."""
    root = nacl.signing.SigningKey.generate()
    body = encode([1, 2, scene.home, [bytes(root.verify_key)], 1, author.public, os.urandom(32), None, 2, [1, os.urandom(32)], None])
    signed = [[0, sign(scene, root, "identity", blake("specola1.ident", body))]]
    return encode([body, signed, signed])


def contradiction(scene, node):
    """Two checkpoints of one size, as evidence has them; nobody signed them."""
    origin = f"specola/{scene.fed_id.hex()}/{node.hex()}/1"
    roots = [b64encode(bytes([n] * 32)).decode() for n in (1, 2)]
    return encode([None, *([f"{origin}\n9\n{root}\n\n— {origin} {b64encode(bytes(68)).decode()}\n"] for root in roots)])


def own_kinds(scene, author):
    """Each of a form that the own key might write, so that nothing but the author is wrong with it: (kind, what, the page's word, record)."""
    new, any_id = nacl.signing.SigningKey.generate(), os.urandom(32)
    person, act = bytes(new.verify_key), encode([2, scene.other_home, None])
    changes = encode([[act, [[scene.home, 1, sign(scene, author.key, "consent", act)]]]])
    vote = [any_id, sign(scene, author.key, "vote", encode([2, 0, any_id]))]
    return [(1, "the node's", "author", scene.seal(author, 1, body=scene.identity)),
            (1, "the author's", "identity", scene.seal(author, 1, body=own_identity(scene, author))),
            (2, "new", "author", scene.seal(author, 2, person, (), [50, 4, 0], encode({"name": "X"}))),
            (3, "another's", "author", scene.seal(author, 3, person, (), [1, 0])),
            (4, "wish", "author", scene.seal(author, 4, None, (), [0, 0], encode([changes, []]))),
            (4, "proposal", "author", scene.seal(author, 4, None, (), [2, 0], encode([changes, []]))),
            (5, "vote", "author", scene.seal(author, 5, any_id, (), [2, 0], encode(vote))),
            (5, "blank", "author", scene.seal(author, 5, None, (), [2, 1])),
            (6, "takedown", "author", scene.seal(author, 6, any_id, (), [1])),
            (7, "acknowledged", "author", scene.seal(author, 7, any_id)),
            (8, "evidence", "author", scene.seal(author, 8, scene.other_home, (), [1], contradiction(scene, scene.other_home)))]


# ---- the cells ----

def certify(scene):
    records = [scene.certificate(scene.stranger, 31)] + [scene.certificate(helper, 31) for helper in scene.helpers.values()]
    for author in scene.authors:
        bits = sum(bit for name, bit in ROLES.items() if name in author.name.split(" and ") or (author.name == "revoked" and name == "editor"))
        if bits:
            records.append(scene.certificate(author, bits))
    scene.must(records)
    revoked = next(a for a in scene.authors if a.name == "revoked")
    scene.must([scene.seal(scene.node, 3, revoked.public, (), [1, 0])])
    foreign = next(a for a in scene.authors if a.name == "foreign")
    card = os.path.join(scene.fr.lab.dir, "foreign.pub")
    open(card, "w", encoding="utf-8").write(f"specola-person {foreign.public.hex()} Somebody\n")
    scene.fr.run("person", "certify", card, "--role", "editor", "--passphrase-file", scene.fr.lab.passphrase())


def objects(scene, wishes):
    """An object of its own for each wish (author, schema, owner)."""
    made = []
    for author, schema, owner in wishes:
        writer = scene.node if schema in (8, 18) else scene.stranger if owner == "others" else scene.helpers[author.number]
        made.append(scene.version(writer, schema))
    return scene.must(made)


def cells(page, scene, channel):
    """Every cell: (what it is, what the page says, the record)."""
    wishes = [(a, s, o) for a in scene.authors for s in SCHEMAS for o in ("own", "others") for _ in (16, 17)]
    ids = iter(objects(scene, wishes))
    found = []
    for author in scene.authors:
        for schema in SCHEMAS:
            found.append(((author.name, 16, schema, "new"), expected(page, author.rows, schema, "new"), scene.version(author, schema)))
            for owner in ("own", "others"):
                word = expected(page, author.rows, schema, owner)
                found.append(((author.name, 16, schema, owner), word, scene.version(author, schema, next(ids))))
                it = next(ids)
                found.append(((author.name, 17, schema, owner), word, scene.seal(author, 17, it, [it])))
    case = scene.must([scene.version(scene.stranger, 1)])[0]
    for author in scene.authors:
        found.append(((author.name, 32), expected(page, author.rows, "32", "new"), scene.seal(author, 32, case, [case, scene.policy])))
        mine, theirs = scene.must([scene.seal(who, 32, case, [case, scene.policy]) for who in (scene.helpers[author.number], scene.stranger)])
        word = expected(page, author.rows, "33", "new")
        found.append(((author.name, 33, "own"), word, scene.seal(author, 33, mine)))
        found.append(((author.name, 33, "others"), word or "author", scene.seal(author, 33, theirs)))
        if author is not scene.node:
            found += [((author.name, kind, what), word, record) for kind, what, word, record in own_kinds(scene, author)]
    return found


def territory_cells(scene):
    """Editors and contributors of one region: what is there already must be theirs, and so must what is to come; of each kind that has regions."""
    number = int("134", 36)
    found = []
    for name, bits, owners in (("editor", 2, ("own", "others")), ("contributor", 8, ("own",))):
        author = Author(name, [], 200 + bits)
        helper = Author("helper", [], 200 + bits)
        scene.must([scene.certificate(author, bits, number), scene.certificate(helper, 31)])
        for schema in REGIONAL:
            found += territory_of(scene, author, {"own": helper, "others": scene.stranger}, owners, schema)
        found.append((("territory", name, 2, "without regions"), "", scene.version(author, 2)))
    return found


def territory_of(scene, author, writers, owners, schema):
    inside, outside = ["IT-34"], ["IT-21"]
    found = []
    for regions, good in ((inside, True), (outside, False), (inside + outside, False), ((), False)):
        found.append((("territory", author.name, schema, "new", tuple(regions)), "" if good else "territory", scene.version(author, schema, None, regions)))
        for owner in owners:
            for before, stood in ((inside, True), (outside, False)):
                obj = scene.must([scene.version(writers[owner], schema, None, before)])[0]
                found.append((("territory", author.name, schema, owner, tuple(before), tuple(regions)), "" if good and stood else "territory",
                              scene.version(author, schema, obj, regions)))
    for owner in owners:
        for before, stood in ((inside, True), (outside, False)):
            obj = scene.must([scene.version(writers[owner], schema, None, before)])[0]
            found.append((("territory", author.name, 17, schema, owner, tuple(before)), "" if stood else "territory", scene.seal(author, 17, obj, [obj])))
    return found


# ---- as files ----

def sealed_file(lab, records):
    """Signed records as they travel by file (docs/protocol.md 10)."""
    path = os.path.join(lab.dir, "signed.bundle")
    octets = b"SPECOLA1\n" + encode([9, [item for _, item in records]])
    with open(path, "wb") as file:
        file.write(octets + encode([15, blake("specola1.bundle", octets)]))
    return path


def import_file(node, records):
    """What is said of each: "" (logged), "queued", or the reason."""
    rows = node.json("import", sealed_file(node.lab, records), ok=(0, 9))["records"]
    assert [row["id"] for row in rows] == [record.hex() for record, _ in records]
    return ["" if row["state"] == "logged" else row["why"].split(":")[0] or row["state"] for row in rows]


def in_parts(tried):
    return [tried[at:at + BATCH] for at in range(0, len(tried), BATCH)]


def waits(node):
    """How many records a member keeps for other homes."""
    store = sqlite3.connect(f"file:{node.home}/store.db?mode=ro", uri=True, timeout=20)
    try:
        return store.execute("SELECT count(*) FROM forward WHERE state = 0").fetchone()[0]
    finally:
        store.close()


def size_of(node, handle):
    return next(log["size"] for log in node.status()["logs"] if log["handle"] == handle)


def carried(tried, lab, it, fr):
    """Through another member: it carries what is of keys that IT certifies, and what IT says of those is told there. [reason]"""
    said = []
    for part in in_parts(tried):
        lab.converged([it, fr], 60)
        before, first = size_of(it, "IT"), import_file(fr, [record for _, _, record in part])
        lab.until(lambda: waits(fr) == 0, 60, f"IT answers\n{it.tail()}")
        grown = size_of(it, "IT") - before
        again = [i for i, (_, word, _) in enumerate(part) if first[i] == "queued" and word]
        told = dict(zip(again, import_file(fr, [part[i][2] for i in again]) if again else []))
        now = ["" if why == "queued" and i not in told else told.get(i, why) for i, why in enumerate(first)]
        assert grown == sum(not why for why in now), (grown, [(cell, why) for (cell, _, _), why in zip(part, now) if not why])
        said += now
    return said


def by_file_expected(cell, word, certified):
    """What IT does not certify, no other member carries. Whom FR itself certifies may withdraw in FR's log, what is his own."""
    return word if cell[0] in certified else "author" if cell[:2] == ("foreign", 33) else "home"


def compare(tried, said, channel):
    wrong = [(cell, word or "allowed", why or "allowed") for (cell, word, _), why in zip(tried, said) if word != why]
    assert len(tried) == len(said) and not wrong, f"{len(wrong)} cells of {len(tried)} {channel}: (cell, the page, the node) {wrong[:12]}"
    print(f"{len(tried)} cells {channel}, {sum(not why for why in said)} allowed, {sum(bool(why) for why in said)} refused as the page says")


def sample(tried):
    places = sorted(random.Random(SEED).sample(range(len(tried)), len(tried) // 8)) if SAMPLED else range(len(tried))
    return [tried[place] for place in places]


def main():
    page = table()
    assert len(page) == 7 and all(len(row) == 7 for row in page.values()), page
    print(f"seed {SEED}")
    with Lab() as lab:
        it, fr = lab.found("IT", "FR")
        for node in (it, fr):
            folder = os.path.join(node.home, "schema")
            os.makedirs(folder, exist_ok=True)
            for schema in SCHEMAS[1:]:
                with open(os.path.join(folder, f"kind{schema}.schema"), "w", encoding="utf-8") as file:
                    file.write(f"schema {schema} kind{schema}\nname text 1 ml P max=80\n")
                    if schema in REGIONAL:
                        file.write("regions code * - - vocab=region\n")
        url = f"http://127.0.0.1:{free_port()}"
        it.settings(web=url, advertise_web=url)
        lab.serve(it, fr)
        scene = Scene(lab, it, fr)
        certify(scene)
        for channel in ("ctl", "HTTP"):
            tried = cells(page, scene, channel) + territory_cells(scene)
            compare(tried, scene.hand_in([record for _, _, record in tried], channel), f"through {channel}")
        certified = {a.name for a in scene.authors if {"a revoked key", "a key that nobody certified here", "the own key"}.isdisjoint(a.rows)} | {"territory"}
        tried = sample([(cell, by_file_expected(cell, word, certified), record)
                        for cell, word, record in cells(page, scene, "file") + territory_cells(scene)])
        compare(tried, carried(tried, lab, it, fr), "as a file, through FR")
        tried = sample(cells(page, scene, "file") + territory_cells(scene))
        it.stop()
        said = [why for part in in_parts(tried) for why in import_file(it, [record for _, _, record in part])]
        compare(tried, said, "as a file, at IT that does not serve")


main()
