#!/usr/bin/python3
"""Writes identity, address, holds, charter, epoch, message, frame and bundle.json from docs/protocol.md, with no line of the C code.

Every key and id comes from a fixed word, so a second run writes the same octets:
    tests/vectors/make_federation.py [FOLDER]
"""
import hashlib
import json
import pathlib
import struct
import sys

import msgpack
import nacl.signing


# ---- what the page says ----

def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def blake(personal, octets):
    return hashlib.blake2b(octets, digest_size=32, person=personal.encode()).digest()


def word(name):
    return hashlib.sha256(("specola vectors: " + name).encode()).digest()


def signer(name):
    return nacl.signing.SigningKey(word(name))


def public(key):
    return bytes(key.verify_key)


def tagged(key, tag, fed_id, octets):
    return key.sign(b"specola1:" + tag.encode() + b"\0" + fed_id + octets).signature


ZEROS = bytes(32)
FED = word("federation")
LOW_ORDER = bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")
MIXED_ORDER = bytes.fromhex("95" + "99" * 31)
NOT_CANONICAL = bytes.fromhex("ed" + "ff" * 30 + "7f")


def vector(name, section, octets, reason=None, **more):
    row = {"name": name, "section": section, "hex": octets.hex(), "ok": reason is None, "reason": reason or "none"}
    row.update({key: value.hex() if isinstance(value, bytes) else value for key, value in more.items()})
    return row


def changed(fields, **what):
    """A copy of a list with some places replaced: changed(body, _3=…)."""
    fields = list(fields)
    for place, value in what.items():
        fields[int(place[1:])] = value
    return fields


class Node:
    """A founder with its keys: n root keys in the order of the identity, threshold t."""

    def __init__(self, name, n=2, t=1, handle=None, country=None, region=None, lead=None):
        self.roots = sorted((signer(f"{name} root {i}") for i in range(n)), key=public)
        self.key = signer(f"{name} node")
        self.fields = [1, 1, None, [public(k) for k in self.roots], t, public(self.key), word(f"{name} curve"), None, 1, None, None]
        self.body = pack(self.fields)
        self.id = blake("specola1.ident", self.body)
        self.handle, self.country, self.region, self.lead = handle or name, country or name[:2], region, lead

    def row(self):
        return [self.body, self.handle, self.country, self.region, self.lead]


IT, EE, FR = Node("IT", 3, 2), Node("EE"), Node("FR", 1, 1)
IT34 = Node("IT34", 2, 1, region="IT-34", lead="IT")


# ---- 6.1 ----

def root_signatures(node, body, indices, fed_id=FED):
    digest = blake("specola1.ident", body)
    return [[i, tagged(node.roots[i], "identity", fed_id, digest)] for i in indices]


def identity_bodies():
    f = IT.fields
    full = changed(f, _1=2, _2=IT.id, _7=word("next curve"), _8=2, _9=[70000, word("cut root")])
    seven = sorted(public(signer(f"seven {i}")) for i in range(8))
    one = dict(section="6.1", what="body")
    yield vector("version 1", octets=IT.body, id=IT.id, **one)
    yield vector("every field filled", octets=pack(full), id=blake("specola1.ident", pack(full)), **one)
    yield vector("the largest numbers", octets=pack(changed(full, _1=2**63 - 1, _8=2**32 - 1, _9=[2**40 - 1, word("cut root")])), **one)
    yield vector("the smallest cut", octets=pack(changed(full, _9=[1, word("cut root")])), **one)
    yield vector("seven root keys", octets=pack(changed(f, _3=seven[:7], _4=7)), **one)
    bad = [("another form", {"_0": 2}), ("version 0", {"_1": 0}), ("version 2 without prev", {"_1": 2}), ("version 1 with prev", {"_2": IT.id}),
           ("no root key", {"_3": []}), ("eight root keys", {"_3": seven}), ("root keys falling", {"_3": f[3][::-1]}),
           ("a root key twice", {"_3": [f[3][0], f[3][0]]}), ("threshold 0", {"_4": 0}), ("threshold over the keys", {"_4": 4}),
           ("node key is a root key", {"_5": f[3][1]}), ("node key of small order", {"_5": LOW_ORDER}),
           ("node key of mixed order", {"_5": MIXED_ORDER}), ("node key not canonical", {"_5": NOT_CANONICAL}),
           ("root key of small order", {"_3": sorted([f[3][0], LOW_ORDER]), "_4": 1}), ("node key of 31 octets", {"_5": f[5][:31]}),
           ("curve key nil", {"_6": None}), ("next curve key of 33 octets", {"_7": bytes(33)}), ("generation 0", {"_8": 0}),
           ("cut of one field", {"_9": [7]}), ("cut root of 16 octets", {"_9": [7, bytes(16)]}), ("a successor", {"_10": ZEROS})]
    for name, what in bad:
        yield vector(name, octets=pack(changed(f, **what)), reason="format", **one)
    for name, what in (("version 2^63", {"_1": 2**63}), ("generation 2^32", {"_8": 2**32}), ("a cut at 2^40", {"_9": [2**40, ZEROS]}), ("a cut at 0", {"_9": [0, ZEROS]}), ("threshold 2^63", {"_4": 2**63})):
        yield vector(name, octets=pack(changed(full, **what)), reason="format", **one)
    yield vector("the first version in generation 2", octets=pack(changed(f, _8=2)), reason="format", **one)
    yield vector("the first version with a cut", octets=pack(changed(f, _9=[7, ZEROS])), reason="format", **one)
    yield vector("ten fields", octets=pack(f[:10]), reason="format", **one)
    yield vector("twelve fields", octets=pack(f + [None]), reason="format", **one)
    yield vector("one octet behind", octets=IT.body + b"\xc0", reason="format", **one)
    yield vector("one octet short", octets=IT.body[:-1], reason="format", **one)


def identity_items():
    one = dict(section="6.1", what="item", fed_id=FED, id=IT.id)
    rows = root_signatures(IT, IT.body, [0, 1, 2])
    yield vector("signed by two of three", octets=pack([IT.body, rows[:2]]), previous="", **one)
    yield vector("signed by all", octets=pack([IT.body, rows]), previous="", **one)
    yield vector("signed by one, two are needed", octets=pack([IT.body, rows[:1]]), reason="signature", previous="", **one)
    yield vector("one signature of three is false", octets=pack([IT.body, rows[:2] + [[2, rows[1][1]]]]), reason="signature", previous="", **one)
    yield vector("signed for another federation", octets=pack([IT.body, root_signatures(IT, IT.body, [0, 1], word("other"))]),
                 reason="signature", previous="", **one)
    yield vector("signatures falling", octets=pack([IT.body, [rows[1], rows[0]]]), reason="format", previous="", **one)
    yield vector("a signature twice", octets=pack([IT.body, [rows[0], rows[0]]]), reason="format", previous="", **one)
    yield vector("a root key that is not there", octets=pack([IT.body, rows[:2] + [[3, rows[2][1]]]]), reason="format", previous="", **one)
    yield vector("an earlier set in version 1", octets=pack([IT.body, rows, rows]), reason="format", previous="", **one)
    yield vector("an empty third element", octets=pack([IT.body, rows, []]), reason="format", previous="", **one)
    yield vector("another node", octets=pack([EE.body, root_signatures(EE, EE.body, [0])]), reason="mismatch", previous="", **one)
    heir = Node("IT heir", 2, 2)
    heir.fields[5] = IT.fields[5]
    later = pack(changed(heir.fields, _1=2, _2=IT.id))
    new, old = root_signatures(heir, later, [0, 1]), root_signatures(IT, later, [0, 2])
    after = dict(one, previous=IT.body)
    yield vector("version 2", octets=pack([later, new, old]), **after)
    yield vector("version 2 without the earlier keys", octets=pack([later, new]), reason="signature", **after)
    yield vector("version 2, too few earlier keys", octets=pack([later, new, old[:1]]), reason="signature", **after)
    yield vector("version 2, too few new keys", octets=pack([later, new[:1], old]), reason="signature", **after)
    yield vector("version 2 without the one before", octets=pack([later, new, old]), reason="mismatch", **dict(one, previous=""))
    yield vector("version 2 after another node's", octets=pack([later, new, old]), reason="mismatch", **dict(one, previous=EE.body))
    cut, key = [70000, word("cut root")], public(signer("IT node 2"))

    def step(name, reason, before=IT.body, version=2, **what):
        fields = dict({"_1": version, "_2": blake("specola1.ident", before)}, **what)
        body = pack(changed(IT.fields, **fields))
        signed = root_signatures(IT, body, [0, 1])
        return vector(name, octets=pack([body, signed, signed]), reason=reason, **dict(one, previous=before))
    yield step("the same generation, another transport key", None, _6=word("next curve"))
    yield step("the next generation with a cut and a key of its own", None, _5=key, _8=2, _9=cut)
    yield step("another node key in the same generation", "mismatch", _5=key)
    yield step("a cut in the same generation", "mismatch", _9=cut)
    yield step("a cut and another key in the same generation", "mismatch", _5=key, _9=cut)
    yield step("the next generation without a cut", "mismatch", _5=key, _8=2)
    yield step("the next generation with the same node key", "mismatch", _8=2, _9=cut)
    yield step("a generation left out", "mismatch", _5=key, _8=3, _9=cut)
    second = pack(changed(IT.fields, _1=2, _2=IT.id, _5=key, _8=2, _9=cut))
    yield step("on in generation 2", None, second, 3, _5=key, _8=2)
    yield step("the same cut again in generation 2", "mismatch", second, 3, _5=key, _8=2, _9=cut)
    yield step("back in generation 1", "mismatch", second, 3)
    skip = pack(changed(heir.fields, _1=3, _2=IT.id))
    yield vector("version 3 after version 1", octets=pack([skip, root_signatures(heir, skip, [0, 1]), root_signatures(IT, skip, [0, 1])]),
                 reason="mismatch", **after)


# ---- 6.2 ----

def address(node, seq=3, endpoints=("tcp://node.example.org:7070", "tcp://[2001:db8::7]:7070"), web="https://node.example.org/", fed_id=FED):
    body = pack([node.id, seq, list(endpoints), web])
    return pack([body, tagged(node.key, "address", fed_id, body)])


def holds(node, version=1, counter=3, rows=((0, 1, 129, b"\1" * 8, 2), (0, 2, 1, b"\2" * 8, 0)), fed_id=FED):
    body = pack([node.id, version, counter, rows])
    return pack([body, tagged(node.key, "holds", fed_id, body)])


def holdings():
    one = dict(section="8.7", fed_id=FED, public=public(IT.key))
    top = (2**63 - 1, 2**32 - 1, 2**40 - 1, b"\3" * 8, 2**40 - 1)
    for name, octets in {"two logs": holds(IT), "no log": holds(IT, rows=()), "the largest numbers": holds(IT, 2**63 - 1, 2**63 - 1, (top,)),
                         "1024 logs": holds(IT, rows=[(i, 1, 1, bytes(8), 1) for i in range(1024)])}.items():
        yield vector(name, octets=octets, id=IT.id, **one)
    row = (0, 1, 129, b"\1" * 8, 2)
    bad = {"identity 0": holds(IT, 0), "identity 2^63": holds(IT, 2**63), "counter 0": holds(IT, counter=0), "counter 2^63": holds(IT, counter=2**63),
           "1025 logs": holds(IT, rows=[(i, 1, 1, bytes(8), 0) for i in range(1025)]), "a log twice": holds(IT, rows=(row, row)),
           "logs falling": holds(IT, rows=((1, 1, 1, bytes(8), 0), row)), "generation 0": holds(IT, rows=(changed(row, _1=0),)),
           "generation 2^32": holds(IT, rows=(changed(row, _1=2**32),)), "size 0": holds(IT, rows=(changed(row, _2=0, _4=0),)),
           "size 2^40": holds(IT, rows=(changed(row, _2=2**40),)), "a root of 32": holds(IT, rows=(changed(row, _3=ZEROS),)),
           "more missing than there are": holds(IT, rows=(changed(row, _4=130),)), "a row of four": holds(IT, rows=(row[:4],)),
           "roll number 2^63": holds(IT, rows=(changed(row, _0=2**63),)), "a body behind the body": pack(msgpack.unpackb(holds(IT)) + [b""])}
    for name, octets in bad.items():
        yield vector(name, octets=octets, reason="format", **one)
    yield vector("signed for no federation", octets=holds(IT, fed_id=ZEROS), reason="signature", **one)
    yield vector("signed by another node", octets=holds(EE), reason="signature", **one)


def addresses():
    one = dict(section="6.2", fed_id=FED, public=public(IT.key))
    yield vector("two endpoints and a web base", octets=address(IT), id=IT.id, **one)
    yield vector("nothing but a sequence number", octets=address(IT, 2**63 - 1, (), None), id=IT.id, **one)
    yield vector("four endpoints", octets=address(IT, endpoints=["tcp://a:1"] * 4), id=IT.id, **one)
    yield vector("sequence number 2^63", octets=address(IT, 2**63), reason="format", **one)
    request = dict(one, fed_id=ZEROS)
    yield vector("of a founding request, under zeros", octets=address(IT, fed_id=ZEROS), id=IT.id, **request)
    yield vector("of a federation, under zeros", octets=address(IT), reason="signature", **request)
    yield vector("five endpoints", octets=address(IT, endpoints=["tcp://a:1"] * 5), reason="format", **one)
    longest = "tcp://" + "a" * 244 + ":7070"
    yield vector("an endpoint of 255", octets=address(IT, endpoints=[longest]), id=IT.id, **one)
    yield vector("an endpoint of 256", octets=address(IT, endpoints=["tcp://" + "a" * 245 + ":7070"]), reason="format", **one)
    for endpoint in ("", "tcp://", "tcp://a", "tcp://a:", "tcp://a:0", "tcp://a:65536", "tcp://a:07", "udp://a:1", "tcp://:1", "tcp://a_b:1",
                     "tcp://[::1:1", "tcp://[x]:1", "tcp://::1:1", "tcp://a:1/", "tcp://*:1"):
        yield vector(f"endpoint '{endpoint}'", octets=address(IT, endpoints=[endpoint]), reason="format", **one)
    yield vector("an empty web base", octets=address(IT, web=""), reason="format", **one)
    yield vector("a web base of 256", octets=address(IT, web="a" * 256), reason="format", **one)
    yield vector("signed for no federation", octets=address(IT, fed_id=ZEROS), reason="signature", **one)
    yield vector("signed by another node", octets=address(EE), reason="signature", **one)
    good = msgpack.unpackb(address(IT))
    yield vector("a signature of 63", octets=pack([good[0], good[1][:63]]), reason="format", **one)
    yield vector("a body that is an array", octets=pack([msgpack.unpackb(good[0]), good[1]]), reason="format", **one)
    yield vector("a third element", octets=pack(good + [None]), reason="format", **one)


# ---- 6.3 ----

POLICY = [{"en": "We affirm."}, ["implemented", "plain_language"], 2, 2, 2, 1, 1, True]


def charter_body(nodes, title=None, policies=(POLICY,), order=True):
    rows = [n.row() for n in (sorted(nodes, key=lambda n: n.id) if order else nodes)]
    return pack([1, {"en": "Trial", "it": "Prova"} if title is None else title, rows, list(policies), None])


def charter_signatures(body, nodes, keys=None):
    fed_id = blake("specola1.charter", body)
    out = []
    for i, node in enumerate(sorted(nodes, key=lambda n: n.id)):
        for k in range(len(node.roots)) if keys is None else keys:
            root = node.roots[k]
            out.append([i, k, tagged(root, "charter", fed_id, fed_id), tagged(root, "identity", fed_id, node.id)])
    return out


def charters():
    def row(name, body, rows, reason=None, **more):
        return vector(name, "6.3", pack([body, rows]), reason, **more)
    for nodes in ([IT], [IT, EE], [IT, EE, FR], [IT, EE, FR, IT34]):
        body = charter_body(nodes)
        rows = charter_signatures(body, nodes)
        fed_id = blake("specola1.charter", body)
        yield row(f"{len(nodes)} founders, all signed", body, rows, id=fed_id, complete=True)
        yield row(f"{len(nodes)} founders, none signed", body, [], id=fed_id, complete=False)
        yield row(f"{len(nodes)} founders, each by its first key", body, charter_signatures(body, nodes, [0]), id=fed_id, complete=False)
    nodes = [IT, EE]
    body = charter_body(nodes)
    rows = charter_signatures(body, nodes)
    yield row("signatures falling", body, rows[::-1], "format")
    yield row("a signature twice", body, [rows[0], rows[0]], "format")
    yield row("a founder that is not there", body, rows + [[2, 0] + rows[0][2:]], "format")
    last = rows[-1]
    yield row("a root key that is not there", body, rows + [[last[0], last[1] + 1] + last[2:]], "format")
    yield row("charter and identity signature exchanged", body, [rows[0][:2] + [rows[0][3], rows[0][2]]], "signature")
    yield row("an identity signature for no federation", body,
              [rows[0][:3] + [tagged(sorted(nodes, key=lambda n: n.id)[0].roots[0], "identity", ZEROS, sorted(nodes, key=lambda n: n.id)[0].id)]], "signature")
    yield row("signatures of another charter", body, charter_signatures(charter_body([IT, FR]), [IT, FR])[:1], "signature")

    def bad(name, nodes, **how):
        return row(name, charter_body(nodes, **how), [], "format")
    yield bad("no founder", [])
    yield bad("founders falling", sorted(nodes, key=lambda n: n.id)[::-1], order=False)
    yield bad("a founder twice", [IT, IT])
    yield bad("a handle twice", [IT, Node("XX", handle="IT", country="IT")])
    for name, place in (("a node key twice", 5), ("a transport key twice", 6), ("a next transport key that is another's", 7)):
        twin = Node("FI")
        twin.fields[place] = IT.fields[5 if place == 5 else 6]
        twin.body = pack(twin.fields)
        twin.id = blake("specola1.ident", twin.body)
        yield bad(name, [IT, twin])
    yield bad("a handle in small letters", [Node("IT", handle="it")])
    yield bad("a handle of six", [Node("IT", handle="ITABCD")])
    yield bad("a country of three", [Node("IT", country="ITA")])
    yield bad("a region of another country", [Node("IT", region="FR-34")])
    yield bad("a region without its hyphen", [Node("IT", region="IT34")])
    yield bad("a lead that is no founder", [EE, IT34])
    yield bad("its own lead", [Node("IT", lead="IT")])
    yield bad("a lead that has a lead", [IT, IT34, Node("IT36", region="IT-36", lead="IT34")])
    yield bad("a lead of another country", [IT, Node("EE", lead="IT")])
    for name, node in (("a region's handle", Node("IT34", region="IT-34")), ("a country's handle of a node with a region", Node("IT", region="IT-34")),
                       ("a region of three letters", Node("ITABC", region="IT-ABC"))):
        fine = charter_body([node])
        yield row(name, fine, [], id=blake("specola1.charter", fine), complete=False)
    yield bad("a region's handle without the region", [Node("IT34")])
    yield bad("a handle of another region", [Node("IT36", region="IT-34")])
    yield bad("a handle of half a region", [Node("IT3", region="IT-34")])
    yield bad("a handle of another country", [Node("EE", country="IT")])
    yield bad("a name in no language", [IT], title={})
    yield bad("an empty name", [IT], title={"en": ""})
    yield bad("a name of 201", [IT], title={"en": "\u00e9" * 201})
    yield row("a name of 200", charter_body([IT], title={"en": "\u00e9" * 200}), [], id=blake("specola1.charter", charter_body([IT], title={"en": "\u00e9" * 200})), complete=False)
    yield bad("languages out of order", [IT], title={"it": "Prova", "en": "Trial"})
    yield bad("17 policies", [IT], policies=[POLICY] * 17)
    yield bad("a policy of seven fields", [IT], policies=[POLICY[:7]])
    yield bad("a policy whose m is text", [IT], policies=[changed(POLICY, _2="2")])
    yield bad("a policy whose m is 2^63", [IT], policies=[changed(POLICY, _2=2**63)])
    yield bad("an empty criterion", [IT], policies=[changed(POLICY, _1=[""])])
    yield row("a predecessor", pack(changed(msgpack.unpackb(body), _4=ZEROS)), [], "format")
    later = Node("FI")
    later.body = pack(changed(later.fields, _1=2, _2=ZEROS))
    later.id = blake("specola1.ident", later.body)
    yield bad("a founder's second identity", [later])


# ---- 6.4, 8.4 ----

def epochs():
    nodes = sorted([IT, EE, FR, IT34], key=lambda n: n.id)
    roll = {n.handle: i for i, n in enumerate(nodes)}
    rows = [[i, n.id, n.handle, n.country, n.region, roll[n.lead] if n.lead else None] for i, n in enumerate(nodes)]
    policy = blake("specola1.policy", pack(POLICY))
    first = [1, None, rows, [policy]]
    body = charter_body(nodes)

    def row(name, value, reason=None, **more):
        return vector(name, "6.4", pack(value), reason, what="body", **more)
    yield row("the first, of a charter", first, id=blake("specola1.epoch", pack(first)),
              charter=pack([body, charter_signatures(body, nodes)]))
    turned = [[3 - r[0]] + r[1:5] + [None if r[5] is None else 3 - r[5]] for r in rows]
    second = changed(first, _0=2, _1=blake("specola1.epoch", pack(first)), _2=turned) + [[], []]
    yield row("a later one", second, id=blake("specola1.epoch", pack(second)))
    gone = sorted([[4, word("former 0"), "PT", [1, 70, word("cut root")]], [5, word("former 1"), "MT", None]], key=lambda r: r[1])
    past = sorted([word("policy 1"), word("policy 2")])
    third = changed(second, _4=gone, _5=past)
    yield row("one with former members and past policies", third, id=blake("specola1.epoch", pack(third)))
    yield row("the largest cut", changed(third, _4=[changed(r, _3=[2**32 - 1, 2**40 - 1, ZEROS]) for r in gone]))
    for name, what in (("a former member's roll number is a member's", {"_4": [changed(gone[0], _0=0), gone[1]]}),
                       ("a roll number left out", {"_4": [changed(r, _0=r[0] + 1) for r in gone]}),
                       ("former members falling", {"_4": gone[::-1]}), ("a former member that is a member", {"_4": sorted([gone[0], changed(gone[1], _1=rows[0][1])], key=lambda r: r[1])}),
                       ("a former member's handle is a member's", {"_4": [gone[0], changed(gone[1], _2="EE")]}),
                       ("two former members of one handle", {"_4": [changed(r, _2="PT") for r in gone]}),
                       ("a cut of generation 0", {"_4": [changed(r, _3=[0, 70, ZEROS]) for r in gone]}),
                       ("a cut at 0", {"_4": [changed(r, _3=[1, 0, ZEROS]) for r in gone]}),
                       ("a cut at 2^40", {"_4": [changed(r, _3=[1, 2**40, ZEROS]) for r in gone]}),
                       ("past policies falling", {"_5": past[::-1]}), ("a past policy twice", {"_5": [past[0]] * 2})):
        yield row(name, changed(third, **what), "format")
    yield row("the second with four fields", second[:4], "format")
    yield row("the second with five fields", second[:5], "format")
    yield row("the first with six fields", first + [[], []], "format")
    yield row("epoch 0", changed(first, _0=0), "format")
    yield row("the first with a previous", changed(first, _1=ZEROS), "format")
    yield row("the second without a previous", changed(second, _1=None), "format")
    yield row("no members", changed(first, _2=[]), "format")
    yield row("members falling", changed(second, _2=second[2][::-1]), "format")
    yield row("a first epoch whose numbers do not count from 0", changed(first, _2=second[2]), "format")
    yield row("a roll number twice", changed(second, _2=[changed(r, _0=0) for r in rows]), "format")
    yield row("a handle twice", changed(second, _2=[changed(r, _2="IT", _5=None) for r in second[2]]), "format")
    yield row("a lead that is no member", changed(second, _2=[changed(r, _5=99) if r[2] == "IT34" else r for r in second[2]]), "format")
    yield row("a lead of another country", changed(second, _2=[changed(r, _5=3 - roll["EE"]) if r[2] == "IT34" else r for r in second[2]]), "format")
    yield row("the largest number", changed(second, _0=2**63 - 1))
    yield row("epoch 2^63", changed(second, _0=2**63), "format")
    yield row("a roll number of 2^63", changed(second, _2=[changed(r, _0=2**63) if r[2] == "EE" else r for r in second[2]]), "format")
    yield row("a lead's roll number of 2^63", changed(second, _2=[changed(r, _5=2**63) if r[2] == "IT34" else r for r in second[2]]), "format")
    yield row("17 policies", changed(first, _3=[policy] * 17), "format")
    yield row("three fields", first[:3], "format")
    frontier = [blake("specola1.epoch", pack(first)), sorted([[n.id, g, 129 * g, word(f"root {n.handle} {g}")] for n in nodes for g in (1, 2)])]
    yield vector("a frontier", "8.4", pack(frontier), what="frontier", id=blake("specola1.front", pack(frontier)))
    yield vector("an empty frontier", "8.4", pack([frontier[0], []]), what="frontier", id=blake("specola1.front", pack([frontier[0], []])))


# ---- 8.3 ----

# ---- 6.4, 6.5: how an epoch changes ----

PT, SE, FR75, LV = Node("PT"), Node("SE", 3, 2), Node("FR75", 1, 1, region="FR-75", lead="FR"), Node("LV")
VOICES = sorted([IT, EE, FR, PT], key=lambda n: n.id)
OTHER_POLICY = [{"en": "Another sentence."}, ["novel"], 2, 2, 2, 1, 1, False]


def member_row(roll, node, lead=None):
    return [roll, node.id, node.handle, node.country, node.region, lead]


FORMER = [5, word("former"), "MT", [1, 70, word("cut root")]]
ROLLS = {"IT": 0, "EE": 1, "FR": 2, "PT": 3, "IT34": 4}
BEFORE = [6, word("epoch 5"), sorted((member_row(ROLLS[n.handle], n, 0 if n is IT34 else None) for n in [*VOICES, IT34]), key=lambda r: r[1]),
          [word("policy")], [FORMER], [word("past policy")]]


def admit(node, handle=None, country=None, region=None, lead=None, roots=(0, 1), fed_id=FED):
    signed = root_signatures(node, node.body, [i for i in roots if i < len(node.roots)], fed_id)
    return pack([1, [node.body, signed], handle or node.handle, country or node.country, region or node.region, lead])


def by_node(node, act, key=None, version=1, tag="consent", fed_id=FED):
    return [node.id, version, tagged(key or node.key, tag, fed_id, act)]


def by_roots(node, act, roots=(0, 1), version=1):
    return [node.id, version, [[i, tagged(node.roots[i], "consent", FED, act)] for i in roots if i < len(node.roots)]]


def consented(act, *consents):
    return [act, sorted(consents, key=lambda c: c[0])]


def votes(over, nodes, ballot=0, number=7, fed_id=FED):
    digest = blake("specola1.epoch", over)
    return sorted([ROLLS[n.handle], 1, tagged(n.key, "vote", fed_id, pack([number, ballot, digest]))] for n in nodes)


def after(*, gone=(), come=(), drop=(), adopt=()):
    """The epoch behind BEFORE, by hand."""
    members = [r for r in BEFORE[2] if r[2] not in [g[0] for g in gone]] + [member_row(6 + i, *new) for i, new in enumerate(come)]
    formers = [FORMER] + [[r[0], r[1], r[2], dict(gone)[r[2]]] for r in BEFORE[2] if r[2] in dict(gone)]
    policies = [p for p in BEFORE[3] if p not in drop] + [blake("specola1.policy", pack(p)) for p in adopt]
    return pack([7, blake("specola1.epoch", pack(BEFORE)), sorted(members, key=lambda r: r[1]), policies, sorted(formers, key=lambda r: r[1]),
                 sorted([*BEFORE[5], *drop])])


def epoch_items():
    known = [{"node": n.id.hex(), "body": n.body.hex()} for n in [*VOICES, IT34]]
    later_key = signer("IT node 2")
    later = pack(changed(IT.fields, _1=2, _2=IT.id, _5=public(later_key), _8=2, _9=[9, word("cut root")]))
    known.append({"node": IT.id.hex(), "body": later.hex()})
    cut, three = [1, 40, word("expelled root")], [IT, FR, PT]

    def row(name, body, changes, signed, reason=None, ballot=0, quorum=None, before=BEFORE):
        changes = pack(sorted(changes, key=lambda c: c[0])) if isinstance(changes, list) else changes
        item = [body, [ballot, changes, signed] if quorum is None else quorum]
        return vector(name, "6.4", pack(item), reason, what="item", fed_id=FED, before=pack(before), identities=list(known),
                      **({} if reason else {"id": blake("specola1.epoch", body)}))
    act = admit(SE)
    body, change = after(come=[(SE,)]), consented(act, *(by_node(n, act) for n in three))
    yield row("a voice comes", body, [change], votes(body, three))
    yield row("a voice comes, all four vote in ballot 7", body, [change], votes(body, VOICES, 7), ballot=7)
    yield row("voted for by two of four", body, [change], votes(body, three[:2]), "incomplete")
    yield row("votes for another ballot", body, [change], votes(body, three, 1), "signature")
    yield row("votes for another number", body, [change], votes(body, three, 0, 8), "signature")
    yield row("votes in another federation", body, [change], votes(body, three, fed_id=word("other")), "signature")
    yield row("votes for another body", body, [change], votes(pack(BEFORE), three), "signature")
    yield row("votes falling", body, [change], votes(body, three)[::-1], "format")
    yield row("a vote twice", body, [change], votes(body, three)[:1] * 3, "format")
    associate = [[4, 1, tagged(IT34.key, "vote", FED, pack([7, 0, blake("specola1.epoch", body)]))]]
    yield row("a vote of an associate", body, [change], votes(body, three) + associate, "format")
    yield row("a vote of nobody", body, [change], votes(body, three) + [[99, 1, bytes(64)]], "format")
    yield row("a vote under an identity that is not known", body, [change], [changed(v, _1=3) for v in votes(body, three)], "unknown")
    yield row("a vote under a later identity", body, [change],
              [[0, 2, tagged(later_key, "vote", FED, pack([7, 0, blake("specola1.epoch", body)]))]] + votes(body, [FR, PT]))
    yield row("no quorum", body, None, None, "format", quorum=[])
    yield row("a quorum of two elements", body, None, None, "format", quorum=[0, pack([change])])
    octets = pack([body, [0, pack([change])]]) + pack(votes(body, three))
    yield vector("votes behind the item", "6.4", octets, "format", what="item", fed_id=FED, before=pack(BEFORE), identities=known)
    yield row("ballot 2^32", body, [change], votes(body, three, 2**32), "format", ballot=2**32)
    yield row("two consents of four", body, [consented(act, *(by_node(n, act) for n in three[:2]))], votes(body, three), "incomplete")
    yield row("a consent of a newcomer", body, [consented(act, *(by_node(n, act) for n in [*three, SE]))], votes(body, three), "format")
    yield row("a consent of an associate", body, [consented(act, *(by_node(n, act) for n in [*three, IT34]))], votes(body, three), "format")
    yield row("a consent under another tag", body, [consented(act, *(by_node(n, act, tag="vote") for n in three))], votes(body, three), "signature")
    yield row("consents for another federation", body, [consented(act, *(by_node(n, act, fed_id=ZEROS) for n in three))], votes(body, three), "signature")
    yield row("consents by roots for a voice", body, [consented(act, *(by_roots(n, act) for n in three))], votes(body, three), "format")
    yield row("consents falling", body, pack([[act, change[1][::-1]]]), votes(body, three), "format")
    yield row("a consent twice", body, pack([[act, change[1] + change[1][-1:]]]), votes(body, three), "format")
    yield row("a consent under a later identity", body, [consented(act, by_node(IT, act, later_key, 2), *(by_node(n, act) for n in three[1:]))],
              votes(body, three))
    twin_key = signer("IT node 2, again")
    twin = {"node": IT.id.hex(), "body": pack(changed(IT.fields, _1=2, _2=IT.id, _5=public(twin_key), _8=2, _9=[9, word("cut root")])).hex()}
    by_twin = [consented(act, by_node(IT, act, twin_key, 2), *(by_node(n, act) for n in three[1:]))]
    vote_of_twin = [[0, 2, tagged(twin_key, "vote", FED, pack([7, 0, blake("specola1.epoch", body)]))]] + votes(body, [FR, PT])
    yield row("a consent under a twin that is not known", body, by_twin, votes(body, three), "signature")
    yield row("a vote under a twin that is not known", body, [change], vote_of_twin, "signature")
    known.append(twin)
    yield row("a consent and a vote under a twin", body, by_twin, vote_of_twin)
    yield row("a consent under the one that came before the twin", body,
              [consented(act, by_node(IT, act, later_key, 2), *(by_node(n, act) for n in three[1:]))], vote_of_twin)
    yield row("a consent under neither of two twins", body, [consented(act, by_node(IT, act, version=2), *(by_node(n, act) for n in three[1:]))],
              vote_of_twin, "signature")
    known.pop()
    led = Node("IT99", 1, 1, region="IT-99", lead="IT")
    one = admit(led, lead=0)
    for name, country, n, reason in (("the 32nd associate of a lead", "IT", 30, None), ("the 33rd associate of a lead", "IT", 31, "refused"),
                                     ("the 192nd associate", "FR", 190, None), ("the 193rd associate", "FR", 191, "refused")):
        full = changed(BEFORE, _2=sorted(BEFORE[2] + [[6 + i, word(f"associate {i}"), f"{country}{i:03d}", country, f"{country}-{i:03d}", ROLLS[country]]
                                                      for i in range(n)], key=lambda r: r[1]))
        fuller = pack([7, blake("specola1.epoch", pack(full)), sorted(full[2] + [member_row(6 + n, led, 0)], key=lambda r: r[1]), *BEFORE[3:]])
        yield row(name, fuller, [consented(one, by_node(IT, one))], votes(fuller, three), reason, before=full)
    yield row("no changes", body, pack([]), votes(body, three), "format")
    yield row("an act twice", body, pack([change, change]), votes(body, three), "format")
    for name, bad in (("who comes signed too little", admit(SE, roots=(0,))), ("who comes signed for another federation", admit(SE, fed_id=word("other")))):
        yield row(name, body, [consented(bad, *(by_node(n, bad) for n in three))], votes(body, three), "signature")
    for name, bad in (("a handle of another country", admit(SE, "FI1")), ("act 4", pack([4, SE.id, None])), ("a removal of four fields", pack([2, SE.id, None, None])),
                      ("a policy of neither", pack([3, None, None])), ("a later identity", admit(SE).replace(SE.body, later)),
                      ("a cut at 0", pack([2, EE.id, [1, 0, ZEROS]])), ("a policy of seven fields", pack([3, None, OTHER_POLICY[:7]])), ("a lead that is text", admit(FR75, lead="FR"))):
        yield row("act: " + name, body, [consented(bad, *(by_node(n, bad) for n in three))], votes(body, three), "format")
    associated = admit(FR75, lead=2)
    body = after(come=[(FR75, 2)])
    yield row("an associate comes by its lead's word", body, [consented(associated, by_node(FR, associated))], votes(body, three))
    yield row("an associate by another's word", body, [consented(associated, by_node(IT, associated))], votes(body, three), "format")
    yield row("an associate by nobody's word", body, [consented(associated)], votes(body, three), "incomplete")
    yield row("an associate by its lead's roots", body, [consented(associated, by_roots(FR, associated))], votes(body, three), "format")
    out, leave, dismiss = pack([2, EE.id, cut]), pack([2, PT.id, None]), pack([2, IT34.id, [2, 2**40 - 1, ZEROS]])
    body = after(gone=[("EE", cut)])
    expelled = consented(out, *(by_roots(n, out) for n in three))
    yield row("one is expelled by three of four", body, [expelled], votes(body, three))
    yield row("one is expelled by two of four", body, [consented(out, *(by_roots(n, out) for n in three[:2]))], votes(body, three), "incomplete")
    yield row("one is expelled by node keys", body, [consented(out, *(by_node(n, out) for n in three))], votes(body, three), "format")
    yield row("one root key of two", body, [consented(out, by_roots(IT, out, (0,)), *(by_roots(n, out) for n in three[1:]))], votes(body, three), "incomplete")
    yield row("root signatures falling", body, pack([[out, sorted([[IT.id, 1, by_roots(IT, out)[2][::-1]], *(by_roots(n, out) for n in three[1:])])]]), votes(body, three), "format")
    yield row("another cut than in the body", after(gone=[("EE", None)]), [expelled], votes(after(gone=[("EE", None)]), three), "mismatch")
    body = after(gone=[("PT", None)])
    yield row("one leaves by its own roots", body, [consented(leave, by_roots(PT, leave))], votes(body, three))
    yield row("one leaves by its node key", body, [consented(leave, by_node(PT, leave))], votes(body, three), "format")
    body = after(gone=[("IT34", [2, 2**40 - 1, ZEROS])])
    yield row("an associate goes by its lead's word", body, [consented(dismiss, by_node(IT, dismiss))], votes(body, three))
    yield row("an associate leaves by its own roots", body, [consented(dismiss, by_roots(IT34, dismiss))], votes(body, three))
    swap = pack([3, word("policy"), OTHER_POLICY])
    body = after(drop=[word("policy")], adopt=[OTHER_POLICY])
    yield row("one policy for another", body, [consented(swap, *(by_roots(n, swap) for n in three))], votes(body, three))
    yield row("one policy for another, by node keys", body, [consented(swap, *(by_node(n, swap) for n in three))], votes(body, three), "format")
    body = after(gone=[("EE", cut), ("IT34", [2, 2**40 - 1, ZEROS])], come=[(LV,), (SE,)] if admit(LV) < admit(SE) else [(SE,), (LV,)], adopt=[OTHER_POLICY])
    more = pack([3, None, OTHER_POLICY])
    many = [change, expelled, consented(dismiss, by_node(IT, dismiss)), consented(more, *(by_roots(n, more) for n in three)),
            consented(admit(LV), *(by_node(n, admit(LV)) for n in three))]
    yield row("five changes", body, many, votes(body, three))
    yield row("acts falling", body, pack(sorted(many, reverse=True)), votes(body, three), "format")
    lead_goes, cut_lead = pack([2, IT.id, cut]), [consented(dismiss, *(by_roots(n, dismiss) for n in [EE, FR, PT]))]
    cut_lead.append(consented(lead_goes, *(by_roots(n, lead_goes) for n in [EE, FR, PT])))
    body = after(gone=[("IT", cut), ("IT34", [2, 2**40 - 1, ZEROS])])
    yield row("a lead goes with its associate", body, cut_lead, votes(body, [EE, FR, PT]))
    yield row("a lead goes without its associate", body, cut_lead[1:], votes(body, [EE, FR, PT]), "refused")
    body = after(come=[(SE,)])
    for name, acts in (("a handle of a member", [admit(SE, "EE", "EE")]), ("a handle of a former member", [admit(SE, "MT", "MT")]),
                       ("who is a member", [admit(EE, "EE1")]), ("a second voice of a country", [admit(SE, "EE1", "EE")]),
                       ("a lead that is an associate", [admit(SE, "IT1", "IT", None, 4)]), ("a lead of another country", [admit(SE, lead=1)]),
                       ("a lead that is nobody", [admit(SE, lead=9)]), ("who is no member is removed", [pack([2, SE.id, None])]),
                       ("a former member is removed", [pack([2, FORMER[1], None])]), ("one is removed twice", [pack([2, EE.id, None]), out]),
                       ("one handle for two", [admit(SE, "SE"), admit(LV, "SE", "SE")]), ("one node twice", [admit(SE, "SE"), admit(SE, "SE1")]),
                       ("a policy that is not in force is dropped", [pack([3, word("nothing"), None])]),
                       ("a policy is dropped twice", [pack([3, word("policy"), None]), swap]), ("a policy is adopted twice", [swap, more]),
                       ("nobody is left", [pack([2, n.id, None]) for n in [*VOICES, IT34]])):
        yield row("refused: " + name, body, [consented(a, *(by_node(n, a) for n in three)) for a in acts], votes(body, three), "refused")
    yield row("another epoch before", pack(changed(BEFORE, _0=7)), [change], votes(body, three), "mismatch")
    yield row("the number after next", pack([8] + decode_body(body)[1:]), [change], votes(body, three), "mismatch")
    yield row("another roll number", pack(changed(decode_body(body), _2=[changed(r, _0={6: 5, 5: 6}.get(r[0], r[0])) for r in decode_body(body)[2]],
                                                  _4=[changed(FORMER, _0=6)])), [change], votes(body, three), "mismatch")


def decode_body(body):
    return msgpack.unpackb(body, raw=False)


def ballot_bodies():
    act = admit(SE)
    changes = pack([consented(act, by_node(IT, act))])
    blanks = sorted([word("blank 1"), word("blank 2")])

    def proposal(name, body, args, reason=None):
        return vector(name, "6.5", pack(body) if isinstance(body, list) else body, reason, what="proposal", args=args)
    yield proposal("a wish", [changes, []], [0, 0])
    yield proposal("a proposal of ballot 0", [changes, []], [7, 0])
    yield proposal("a proposal of ballot 3", [changes, blanks], [7, 3])
    for name, body, args in (("a wish with blank votes", [changes, blanks], [0, 0]), ("a proposal of ballot 3 without blank votes", [changes, []], [7, 3]),
                             ("blank votes falling", [changes, blanks[::-1]], [7, 3]), ("a blank vote twice", [changes, blanks[:1] * 2], [7, 3]),
                             ("no changes", [pack([]), []], [7, 0]), ("changes that are no bin", [[], []], [7, 0]), ("three elements", [changes, [], None], [7, 0]),
                             ("a blank vote of 31 octets", [changes, [bytes(31)]], [7, 3]), ("257 blank votes", [changes, [i.to_bytes(32, "big") for i in range(257)]], [7, 3]),
                             ("changes of 131073 octets", [bytes(131073), []], [7, 0])):
        yield proposal(name, body, args, "format")

    def vote(name, body, args, reason=None, subject=True):
        return vector(name, "6.5", pack(body) if body is not None else b"", reason, what="vote", args=args, subject=subject, fed_id=FED, public=public(IT.key))
    digest = word("epoch hash")
    signature = tagged(IT.key, "vote", FED, pack([7, 3, digest]))
    yield vote("a vote", [digest, signature], [7, 3])
    yield vote("a blank vote", None, [7, 3], subject=False)
    yield vote("a blank vote that names one", [2, digest], [7, 3], subject=False)
    yield vote("a vote of another ballot", [digest, signature], [7, 2], "signature")
    yield vote("a vote of another epoch", [digest, signature], [8, 3], "signature")
    yield vote("a vote for another hash", [word("other"), signature], [7, 3], "signature")
    yield vote("a vote under another tag", [digest, tagged(IT.key, "consent", FED, pack([7, 3, digest]))], [7, 3], "signature")
    yield vote("a vote of another key", [digest, tagged(EE.key, "vote", FED, pack([7, 3, digest]))], [7, 3], "signature")
    yield vote("a vote without a signature", [digest], [7, 3], "format")
    yield vote("a vote that looks blank", [2, digest], [7, 3], "format")
    yield vote("a blank vote that looks like one", [digest, signature], [7, 3], "format", False)
    yield vote("a blank vote that names its own ballot", [3, digest], [7, 3], "format", False)
    yield vote("a blank vote with a signature", [2, digest, signature], [7, 3], "format", False)


def hello(node=IT, fed_id=FED, nonce=bytes(range(16)), low=1, high=1, epoch=1, epoch_hash=word("epoch")):
    return [1, None, low, high, fed_id, node.id, 1, epoch, epoch_hash, word("digest"), nonce]


def messages():
    rows = root_signatures(IT, IT.body, [0, 1])
    head = [[0, 1, 129, b"\1" * 8], [0, 2, 5, b"\2" * 8], [2**63 - 1, 2**32 - 1, 2**40 - 1, b"\3" * 8]]
    def nested(depth):
        return [nested(depth - 1)] if depth > 1 else []
    good = {"HELLO": hello(), "HELLO that speaks three versions": hello(high=3), "HEADS": [2, None, 1, word("digest"), head],
            "HEADS, empty": [2, 7, 1, word("digest"), []],
            "HEADS of 1024 logs": [2, None, 1, ZEROS, [[i, 1, 1, bytes(8)] for i in range(1024)]],
            "WANT HEADS": [4, 1, 1], "WANT CKPT": [4, 2, 2, IT.id, 1, 129], "WANT IDENT": [4, 3, 3, IT.id], "WANT EPOCH": [4, 4, 4, 1], "WANT HOLDS": [4, 5, 6],
            "WANT PROOF of consistency": [4, 1, 5, IT.id, 1, 129, 129, 0], "WANT PROOF of inclusion": [4, 1, 5, IT.id, 1, 2**40 - 1, 2**40 - 2, 1],
            "PROOF of consistency": [6, 1, IT.id, 1, 129, 70, 0, None, [word("a hash")]],
            "PROOF of inclusion": [6, 1, IT.id, 1, 129, 70, 1, word("leaf"), [word("a hash")] * 64], "PROOF without a path": [6, 1, IT.id, 1, 1, 0, 1, ZEROS, []],
            "ALERT": [12, None, IT.id, 1, b"evidence"], "ALERT of 5120": [12, None, IT.id, 2**32 - 1, bytes(5120)],
            "HOLDS": [3, None, [msgpack.unpackb(holds(EE)), msgpack.unpackb(holds(IT))]], "HOLDS, empty": [3, 6, []],
            "CKPT": [5, 2, IT.id, 1, ["specola/\n", "specola/\n"]], "CKPT, empty": [5, 2, IT.id, 1, []],
            "EPOCH": [7, 4, [[b"body", []]]], "EPOCH with votes nested 8 deep": [7, 4, [[b"body", [0, b"changes", nested(4)]]]], "IDENT": [8, 3, IT.id, [[IT.body, rows]], msgpack.unpackb(address(IT))],
            "IDENT without an address": [8, 3, IT.id, [], None], "GET": [10, 2**63 - 1, IT.id, 2**32 - 1, 0, 2**40 - 1, 2, 2**63 - 1],
            "DATA": [11, 5, IT.id, 1, 0, 1, 0, b"\x91\x91\xc4\x01e"], "ERR": [13, 5, 8, "later", 30], "ERR with a code of later": [13, None, 900, "", 0]}
    for name, value in good.items():
        yield vector(name, "8.3", pack(value))
    unknown = {"BLOB": [9, 1, word("blob"), 0, 3, b"abc"], "type 0": [0, None], "type 14": [14, None, {"a": 1}],
               "WANT BLOB": [4, 1, 7, word("blob"), 0, 4], "WANT 0": [4, 1, 0], "WANT 8": [4, 1, 8], "type 14, nested 8 deep": [14, None, nested(7)],
               "WANT 8, nested 8 deep": [4, 1, 8, nested(7)]}
    for name, value in unknown.items():
        yield vector(name, "8.3", pack(value), "unknown")
    h, g, d = good["HELLO"], good["GET"], good["DATA"]
    bad = {"an empty array": [], "a type alone": [4], "a map": {"a": 1}, "a type that is text": ["HELLO", None], "a req that is text": [4, "1", 1],
           "a req below zero": [4, -1, 1], "HELLO of ten fields": h[:10], "HELLO of twelve": h + [None], "HELLO from version 0": changed(h, _2=0),
           "HELLO from high to low": changed(h, _2=2), "HELLO of identity 0": changed(h, _6=0), "HELLO of epoch 0": changed(h, _7=0),
           "HELLO with a nonce of 15": changed(h, _10=bytes(15)), "HEADS of epoch 0": [2, None, 0, ZEROS, []],
           "HEADS falling": [2, None, 1, ZEROS, head[::-1]], "HEADS with a row twice": [2, None, 1, ZEROS, [head[0], head[0]]],
           "HEADS of generation 0": [2, None, 1, ZEROS, [[0, 0, 1, bytes(8)]]], "HEADS of size 0": [2, None, 1, ZEROS, [[0, 1, 0, bytes(8)]]],
           "HEADS with a root of 32": [2, None, 1, ZEROS, [[0, 1, 1, ZEROS]]],
           "HEADS of 1025 logs": [2, None, 1, ZEROS, [[i, 1, 1, bytes(8)] for i in range(1025)]],
           "WANT HEADS with a field": [4, 1, 1, 0], "WANT CKPT of generation 0": [4, 1, 2, IT.id, 0, 1], "WANT EPOCH 0": [4, 1, 4, 0],
           "WANT HOLDS with a field": [4, 1, 6, 0], "HOLDS of 257": [3, 1, [[b"", bytes(64)]] * 257], "HOLDS with half an item": [3, 1, [[b""]]],
           "HOLDS with a signature of 63": [3, 1, [[b"", bytes(63)]]], "HOLDS with a body of 49153": [3, 1, [[bytes(49153), bytes(64)]]],
           "CKPT of generation 0": [5, 1, IT.id, 0, []], "CKPT of 33": [5, 1, IT.id, 1, [""] * 33], "CKPT with a text of 1025": [5, 1, IT.id, 1, ["a" * 1025]],
           "CKPT with a bin": [5, 1, IT.id, 1, [b""]], "EPOCH of 17": [7, 1, [[b"", []]] * 17], "EPOCH with half an item": [7, 1, [[b""]]],
           "IDENT of 17": [8, 1, IT.id, [[b"", []]] * 17, None], "IDENT with an address that is none": [8, 1, IT.id, [], [b"", bytes(64)]],
           "GET of nothing": changed(g, _4=7, _5=7), "GET backwards": changed(g, _4=8, _5=7), "GET in mode 3": changed(g, _6=3),
           "GET of generation 0": changed(g, _3=0), "DATA of none": changed(d, _5=0), "DATA in encoding 2": changed(d, _6=2),
           "DATA without a window": changed(d, _7=b""), "DATA past the last position": changed(d, _4=2**40 - 2, _5=3),
           "WANT PROOF of an older size 0": [4, 1, 5, IT.id, 1, 129, 0, 0], "WANT PROOF of a larger size": [4, 1, 5, IT.id, 1, 129, 130, 0],
           "WANT PROOF of a position behind": [4, 1, 5, IT.id, 1, 129, 129, 1], "WANT PROOF of kind 2": [4, 1, 5, IT.id, 1, 129, 70, 2],
           "WANT PROOF of generation 0": [4, 1, 5, IT.id, 0, 129, 70, 0], "WANT PROOF of size 2^40": [4, 1, 5, IT.id, 1, 2**40, 70, 0],
           "PROOF of consistency with a leaf": [6, 1, IT.id, 1, 129, 70, 0, ZEROS, []], "PROOF of inclusion without a leaf": [6, 1, IT.id, 1, 129, 70, 1, None, []],
           "PROOF with 65 hashes": [6, 1, IT.id, 1, 129, 70, 1, ZEROS, [ZEROS] * 65], "PROOF with a hash of 31": [6, 1, IT.id, 1, 129, 70, 1, ZEROS, [bytes(31)]],
           "PROOF of a position behind": [6, 1, IT.id, 1, 129, 129, 1, ZEROS, []], "ALERT without evidence": [12, None, IT.id, 1, b""],
           "ALERT of 5121": [12, None, IT.id, 1, bytes(5121)], "ALERT of generation 0": [12, None, IT.id, 0, b"e"],
           "ERR with a text of 257": [13, None, 1, "a" * 257, 0], "ERR that drives a terminal": [13, None, 1, "\x1b[2J", 0],
           "type 14, nested 9 deep": [14, None, nested(8)], "WANT 8, nested 9 deep": [4, 1, 8, nested(8)],
           "EPOCH with votes nested 9 deep": [7, 4, [[b"body", [0, b"changes", nested(5)]]]],
           "EPOCH with a quorum of one element": [7, 4, [[b"body", [0]]]], "EPOCH with a quorum of two elements": [7, 4, [[b"body", [0, b"changes"]], []]], "EPOCH with a quorum for no changes": [7, 4, [[b"body", [0, b"", []]]]]}
    w, c, e = good["WANT CKPT"], good["CKPT"], good["ERR"]
    large = {"a req of 2^63": changed(w, _1=2**63), "HELLO up to version 2^63": changed(h, _3=2**63), "HELLO of identity 2^63": changed(h, _6=2**63),
             "HELLO of epoch 2^63": changed(h, _7=2**63), "HEADS of epoch 2^63": [2, None, 2**63, ZEROS, []],
             "HEADS of roll number 2^63": [2, None, 1, ZEROS, [[2**63, 1, 1, bytes(8)]]], "HEADS of generation 2^32": [2, None, 1, ZEROS, [[0, 2**32, 1, bytes(8)]]],
             "HEADS of size 2^40": [2, None, 1, ZEROS, [[0, 1, 2**40, bytes(8)]]], "WANT CKPT of generation 2^32": changed(w, _4=2**32),
             "WANT CKPT from 2^40": changed(w, _5=2**40), "WANT EPOCH 2^63": [4, 1, 4, 2**63], "CKPT of generation 2^32": changed(c, _3=2**32),
             "GET of generation 2^32": changed(g, _3=2**32), "GET to 2^40": changed(g, _5=2**40), "GET from 2^40-1": changed(g, _4=2**40 - 1, _5=2**40 - 1), "GET of 2^63 octets": changed(g, _7=2**63),
             "DATA of generation 2^32": changed(d, _3=2**32), "DATA from 2^40": changed(d, _4=2**40), "DATA of 2^40 items": changed(d, _5=2**40),
             "ERR of code 2^63": changed(e, _2=2**63), "ERR for 2^63 seconds": changed(e, _4=2**63)}
    for name, value in {**bad, **large}.items():
        yield vector(name, "8.3", pack(value), "format")
    yield vector("not the shortest form", "8.3", b"\x93\x04\xcc\x01\x01", "format")
    yield vector("an unknown message that is not canonical", "8.3", b"\x93\x0e\xc0\xcc\x01", "format")
    yield vector("one octet behind", "8.3", pack([4, 1, 1]) + b"\0", "format")
    yield vector("no octets", "8.3", b"", "format")


# ---- 8.1 ----

NONCE_D, NONCE_A = word("dialler's nonce")[:16], word("acceptor's nonce")[:16]


def frame(payload, sender=IT, receiver=EE, dialler=NONCE_D, acceptor=NONCE_A, counter=1, fed_id=FED, key=None):
    octets = sender.id + receiver.id + dialler + acceptor + struct.pack(">Q", counter) + blake("specola1.payload", payload)
    return pack([payload, tagged(key or sender.key, "frame", fed_id, octets)])


def frames():
    """IT dials EE. state: of the receiver; counter: the one that it expects; epoch_hash: what it knows of epoch 1."""
    want = pack([4, 1, 1])
    greeting, answer = pack(hello(IT, nonce=NONCE_D)), pack(hello(EE, nonce=NONCE_A))

    def row(name, octets, reason=None, to="acceptor", state="open", counter=1):
        sender, receiver = (IT, EE) if to == "acceptor" else (EE, IT)
        return vector(name, "8.1", octets, reason, fed_id=FED, to=to, state=state, counter=counter, sender=sender.id, receiver=receiver.id,
                      public=public(sender.key), dialler_nonce=NONCE_D, acceptor_nonce=NONCE_A, epoch_hash=word("epoch"))
    yield row("the dialler's HELLO", frame(greeting, acceptor=bytes(16), counter=0), state="closed", counter=0)
    yield row("the acceptor's HELLO", frame(answer, EE, IT, counter=0), to="dialler", state="greeted", counter=0)
    yield row("the frame that opens", frame(want), state="answered")
    yield row("a frame to the acceptor", frame(want, counter=2**40), counter=2**40)
    yield row("a frame to the dialler", frame(want, EE, IT, counter=7), to="dialler", counter=7)
    for code, text in ((1, "no-session"), (2, "version"), (3, "federation"), (11, "not-member")):
        unsigned = pack([pack([13, None, code, text, 0]), bytes(64)])
        yield row(f"ERR({text}) without a signature, in an open session", unsigned, "no-session", to="dialler", counter=7)
        yield row(f"ERR({text}) without a signature, in answer to HELLO", unsigned, "no-session", to="dialler", state="greeted", counter=0)
        yield row(f"ERR({text}) without a signature, to the acceptor", unsigned, "no-session")
    for code, text in ((4, "format"), (5, "signature"), (8, "busy"), (12, "?")):
        yield row(f"ERR {code} without a signature", pack([pack([13, None, code, text, 0]), bytes(64)]), "signature", to="dialler", counter=7)
    for name, how in (("the counter before", {"counter": 0}), ("the counter behind", {"counter": 2}), ("another dialler's nonce", {"dialler": bytes(16)}),
                      ("another acceptor's nonce", {"acceptor": bytes(16)}), ("the nonces exchanged", {"dialler": NONCE_A, "acceptor": NONCE_D}),
                      ("another sender", {"sender": FR, "key": IT.key}), ("another receiver", {"receiver": FR}), ("the other direction", {"sender": EE, "receiver": IT}),
                      ("another key", {"key": FR.key}), ("another federation", {"fed_id": word("other")})):
        yield row(name, frame(want, **how), "signature")
    good = msgpack.unpackb(frame(want))
    yield row("another payload", pack([pack([4, 2, 1]), good[1]]), "signature")
    yield row("no signature", pack([want, bytes(64)]), "signature")
    yield row("a signature of 63", pack([want, good[1][:63]]), "format")
    yield row("a payload that is text", pack(["abc", good[1]]), "format")
    yield row("three elements", pack(good + [None]), "format")
    yield row("one octet behind", frame(want) + b"\0", "format")
    yield row("a HELLO with the nonce in hand", frame(greeting, acceptor=bytes(16), counter=0), "signature")
    yield row("HELLO of another federation", frame(pack(hello(IT, word("other"), NONCE_D)), acceptor=bytes(16), counter=0), "federation", state="closed", counter=0)
    yield row("HELLO of another node", frame(pack(hello(FR, nonce=NONCE_D)), acceptor=bytes(16), counter=0), "peer", state="closed", counter=0)
    yield row("HELLO of version 2 alone", frame(pack(hello(IT, nonce=NONCE_D, low=2, high=2)), acceptor=bytes(16), counter=0), "version", state="closed", counter=0)
    first = {"acceptor": bytes(16), "counter": 0}
    yield row("HELLO with another hash of epoch 1", frame(pack(hello(IT, nonce=NONCE_D, epoch_hash=word("fork"))), **first), "federation", state="closed", counter=0)
    yield row("HELLO of a higher epoch", frame(pack(hello(IT, nonce=NONCE_D, epoch=2, epoch_hash=word("epoch 2"))), **first), state="closed", counter=0)
    fresh = word("a new nonce")[:16]
    again = pack(hello(IT, nonce=fresh))
    yield row("a new HELLO in an open session", frame(again, dialler=fresh, **first))
    yield row("a new HELLO in answer to HELLO", frame(again, dialler=fresh, **first), state="answered")
    yield row("a new nonce, signed over the acceptor's", frame(again, dialler=fresh, counter=0), "signature")
    yield row("a HELLO in its place as a frame", frame(again), "signature")
    yield row("a HELLO of zeros to a closed acceptor", frame(pack(hello(IT, nonce=bytes(16))), dialler=bytes(16), **first), state="closed", counter=0)
    yield row("the acceptor's HELLO over zeros", frame(answer, EE, IT, acceptor=bytes(16), counter=0), "signature", to="dialler", state="greeted", counter=0)
    yield row("HELLO with counter 1", frame(greeting, acceptor=bytes(16)), "signature", state="closed", counter=0)
    yield row("a frame before any HELLO", frame(want), "no-session", state="closed", counter=0)
    big = pack([12, None, bytes(5000)])
    yield row("5 kB in an open session", frame(big))
    yield row("5 kB in the frame that opens", frame(big), state="answered")
    yield row("5 kB to a dialler", frame(big, EE, IT, counter=7), to="dialler", counter=7)
    yield row("5 kB before any HELLO", frame(big), "no-session", state="closed", counter=0)
    yield row("5 kB in answer to HELLO", frame(big, EE, IT), "no-session", to="dialler", state="greeted", counter=0)
    second = pack(changed(IT.fields, _1=2, _2=IT.id, _6=word("IT curve 2")))
    signatures = root_signatures(IT, second, [0, 1])
    ident = [8, None, IT.id, [[second, signatures, signatures]], None]
    proof = pack([pack(ident), bytes(64)])

    def unsigned(name, octets, reason=None, **how):
        return {**row(f"IDENT without a signature, {name}", octets, reason, **how), "what": "ident", "previous": IT.body.hex()}
    yield unsigned("before any HELLO", proof, state="closed", counter=0)
    yield unsigned("before the frame that opens", proof, state="answered")
    yield unsigned("in an open session", proof)
    yield unsigned("to a dialler, in answer to HELLO", proof, to="dialler", state="greeted", counter=0)
    yield unsigned("to a dialler, in an open session", proof, to="dialler", counter=7)
    wide = pack([pack(ident[:3] + [[ident[3][0]] * 16, None]), bytes(64)])
    yield row("IDENT without a signature over 4096, before any HELLO", wide, "no-session", state="closed", counter=0)
    yield row("IDENT without a signature over 4096, in an open session", wide, "signature")
    yield row("IDENT under a signature, in an open session", frame(pack(ident)))
    yield row("CKPT without a signature", pack([pack([5, None, IT.id, 1, []]), bytes(64)]), "signature")
    wide = pack(changed(hello(IT, nonce=NONCE_D), _1=None) + [bytes(4096)])
    yield row("a HELLO over 4096", frame(wide, **first), "too-large", counter=1)


# ---- 10 ----

def bundle(items, first=b"SPECOLA1\n", end=None):
    octets = first + b"".join(items)
    return octets + (pack([15, blake("specola1.bundle", octets)]) if end is None else end)


def bundles():
    nodes = [IT, EE]
    body = charter_body(nodes)
    charter = pack([1, [body, charter_signatures(body, nodes)]])
    where = pack([4, msgpack.unpackb(address(IT))])
    window = pack([6, [IT.id, 1, 0, [[b"entry"], [b"entry", bytes(16), b"\x80"], [b"entry", ZEROS], [b"entry", None]]]])
    ckpt, epoch = pack([5, "specola/\n"]), pack([2, [b"epoch", []]])
    identity = pack([3, [IT.body, root_signatures(IT, IT.body, [0, 1])]])
    request = pack([8, [IT.body, "IT", "IT", None, None, "Prova", msgpack.unpackb(address(IT, fed_id=ZEROS))]])
    roots = pack([7, [2, [public(k) for k in IT.roots]]])

    def row(name, octets, reason=None):
        return vector(name, "10", octets, reason)
    yield row("nothing but the end", bundle([]))
    yield row("a charter and an address", bundle([charter, where]))
    yield row("one of everything", bundle([charter, epoch, identity, where, window, ckpt]))
    yield row("two runs of windows", bundle([epoch, epoch, window, window, ckpt, window, ckpt]))
    yield row("a founding request", bundle([request]))
    yield row("a root set", bundle([roots]))
    for name, items in (("an address before the charter", [where, charter]), ("two charters", [charter, charter]), ("an identity before an epoch", [identity, epoch]),
                        ("a checkpoint without a window", [ckpt]), ("a window without a checkpoint", [window]), ("an address after a log", [window, ckpt, where]),
                        ("a root set and more", [roots, charter]), ("two requests", [request, request]), ("type 10", [pack([10, None])]),
                        ("type 16", [pack([16, None])]), ("an item of three", [pack([1, None, None])]), ("an item that is a map", [pack({"a": 1})]),
                        ("not the shortest form", [b"\x92\x01\xcc\x01"]), ("a float", [b"\x92\x01\xca\0\0\0\0"])):
        yield row(name, bundle(items), "format")
    for above, reason in ((7, None), (8, "format")):
        deep = b"\x92\x02\x92\xc4\x05epoch\x93\0\xc4\1c" + b"\x91" * (above - 3) + b"\x90"
        yield row(f"an epoch with votes nested {above + 1} deep", bundle([deep]), reason)
    good = bundle([charter, where])
    yield row("no octets", b"", "format")
    yield row("the first line alone", good[:9], "format")
    yield row("without the end", good[:-36], "format")
    yield row("one octet short", good[:-1], "format")
    yield row("one octet behind", good + b"\0", "format")
    yield row("two bundles in one", good + good, "format")
    yield row("another first line", b"specola1\n" + good[9:], "format")
    yield row("version 2", bundle([charter], b"SPECOLA2\n"), "version")
    yield row("another hash", good[:-1] + bytes([good[-1] ^ 1]), "mismatch")
    yield row("an octet changed inside", good.replace(b"Trial", b"trial"), "mismatch")
    yield row("an end of 31 octets", bundle([], end=pack([15, bytes(31)])), "format")
    entry = [b"entry"]

    def window_row(name, reason=None, node=IT.id, gen=1, start=0, items=(entry,)):
        return vector("window: " + name, "10", pack([node, gen, start, list(items)]), reason, what="window")
    yield window_row("one entry")
    yield window_row("the four states of an entry", items=[entry, entry + [bytes(16), b"\x80"], entry + [ZEROS], entry + [None]])
    yield window_row("the largest numbers", gen=2**32 - 1, start=2**40 - 2)
    yield window_row("behind the last position", "format", start=2**40 - 2, items=[entry] * 2)
    yield window_row("past the last position", "format", start=2**40 - 2, items=[entry] * 3)
    for name, how in (("from 2^40", {"start": 2**40}), ("generation 2^32", {"gen": 2**32}), ("generation 0", {"gen": 0}), ("no entry", {"items": []}),
                      ("an empty envelope", {"items": [[b""]]}), ("an envelope of 1547", {"items": [[bytes(1547)]]}), ("an entry of none", {"items": [[]]}),
                      ("a salt of 15", {"items": [entry + [bytes(15), b"a"]]}), ("an empty body", {"items": [entry + [bytes(16), b""]]}),
                      ("a takedown of 31", {"items": [entry + [bytes(31)]]}), ("a node id of 31", {"node": IT.id[:31]})):
        yield window_row(name, "format", **how)
    yield from pieces(entry)
    yield row("an item over 1 MiB + 4096", bundle([pack([1, bytes(1048576 + 4096)])])[:40], "format")


def pieces(entry):
    """Items that go over HTTP alone (15): 10, what stands beside entries, and 11, holds."""
    body = [bytes(16), b"\x80"]

    def bodies_row(name, reason=None, node=IT.id, gen=1, start=0, items=(body,), item=10):
        return vector("bodies: " + name, "15", pack([item, [node, gen, start, list(items)]]), reason, what="piece", count=len(items))
    yield bodies_row("one body")
    yield bodies_row("the four states of an entry", items=[body, [ZEROS], [None], []])
    yield bodies_row("2048 entries", items=[[]] * 2048)
    yield bodies_row("the largest numbers", gen=2**32 - 1, start=2**40 - 2)
    for name, how in (("2049 entries", {"items": [[]] * 2049}), ("past the last position", {"start": 2**40 - 2, "items": [[]] * 3}), ("generation 0", {"gen": 0}),
                      ("from 2^40", {"start": 2**40}), ("no entry", {"items": []}), ("an envelope", {"items": [entry + body]}), ("a salt of 15", {"items": [[bytes(15), b"a"]]}),
                      ("an empty body", {"items": [[bytes(16), b""]]}), ("a takedown of 31", {"items": [[bytes(31)]]}), ("a node id of 31", {"node": IT.id[:31]}),
                      ("under the number of a window", {"item": 6})):
        yield bodies_row(name, "format", **how)
    one = dict(section="15", what="piece", fed_id=FED, public=public(IT.key))
    yield vector("holds over HTTP", octets=pack([11, msgpack.unpackb(holds(IT))]), id=IT.id, **one)
    yield vector("holds over HTTP, an octet behind", octets=pack([11, msgpack.unpackb(holds(IT))]) + b"\0", reason="format", **one)
    yield vector("holds over HTTP under the number of bodies", octets=pack([10, msgpack.unpackb(holds(IT))]), reason="format", **one)
    yield vector("holds over HTTP, signed by another node", octets=pack([11, msgpack.unpackb(holds(EE))]), reason="signature", **one)


# ---- section 17 ----

TOKEN = bytes(range(16))
PERSON = signer("a person who asks")
REQUEST = pack([FR.body, "FR", "FR", None, None, "Prova", None])
INVITED = [1, FED, IT.id, TOKEN, public(PERSON), "Ana, revisora", None]
NODE_ASKS = changed(INVITED, _4=public(FR.key), _6=REQUEST)


def ask_item(body, key=PERSON, fed_id=FED, tag="ask"):
    return pack([body, tagged(key, tag, fed_id, body)])


def asks():
    def row(name, body, reason=None, octets=None, **how):
        body = body if isinstance(body, bytes) else pack(body)
        more = {} if reason else {"fed_id": FED.hex(), "id": blake("specola1.ask", body).hex(), "token": blake("specola1.token", TOKEN).hex()}
        return vector(name, "17", octets or ask_item(body, **how), reason, **more)
    yield row("a person", INVITED)
    yield row("a name of 200 characters of four octets", changed(INVITED, _5="\U0001F980" * 200))
    yield row("a node", NODE_ASKS, key=FR.key)
    yield row("another key", INVITED, "signature", key=signer("somebody else"))
    yield row("another tag", INVITED, "signature", tag="receipt")
    yield row("signed in another federation", INVITED, "signature", fed_id=ZEROS)
    flipped = bytearray(ask_item(pack(INVITED)))
    flipped[-1] ^= 1
    yield row("a flipped signature", INVITED, "signature", bytes(flipped))
    yield row("a key of small order", changed(INVITED, _4=b"\1" + bytes(31)), "key")
    yield row("a request of another key", changed(NODE_ASKS, _4=public(PERSON)), "format")
    yield row("a request that is none", changed(NODE_ASKS, _6=REQUEST[:-1]), "format", key=FR.key)
    forms = {"version 2": changed(INVITED, _0=2), "a federation of 31": changed(INVITED, _1=FED[:31]), "a node of 33": changed(INVITED, _2=IT.id + b"x"),
             "a token of 15": changed(INVITED, _3=TOKEN[:15]), "a token as str": changed(INVITED, _3="0123456789abcdef"), "a key of 31": changed(INVITED, _4=public(PERSON)[:31]),
             "no name": changed(INVITED, _5=""), "a name of 201 characters": changed(INVITED, _5="n" * 201), "a name of two lines": changed(INVITED, _5="a\nb"),
             "a name with a tab": changed(INVITED, _5="a\tb"), "a name as bin": changed(INVITED, _5=b"Ana"), "an empty request": changed(INVITED, _6=b""),
             "a request as array": changed(INVITED, _6=msgpack.unpackb(REQUEST)), "six fields": INVITED[:6], "eight fields": [*INVITED, None],
             "an octet behind the body": pack(INVITED) + b"\0", "a long form": pack(INVITED).replace(b"\xc4\x10", b"\xc5\x00\x10", 1)}
    for name, body in forms.items():
        yield row(name, body, "format")
    good = ask_item(pack(INVITED))
    for name, octets in (("an octet behind", good + b"\0"), ("cut", good[:-1]), ("no signature", pack([pack(INVITED)])), ("a signature of 63", pack([pack(INVITED), bytes(63)])),
                         ("a body as array", pack([INVITED, bytes(64)])), ("nothing", b"")):
        yield row(name, INVITED, "format", octets or b"\xc0")
    yield row("over 8192 octets", INVITED, "limit", pack([bytes(8192), bytes(64)]))


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    files = {"identity": [*identity_bodies(), *identity_items()], "address": addresses(), "holds": holdings(), "charter": charters(), "epoch": [*epochs(), *epoch_items(), *ballot_bodies()],
             "message": messages(), "frame": frames(), "bundle": bundles(), "ask": asks()}
    for name, rows in files.items():
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
