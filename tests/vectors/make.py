#!/usr/bin/python3
"""Writes canon, record, merkle, checkpoint, evidence and receipt.json from docs/protocol.md, with no line of the C code.

Every key, salt and id comes from a fixed word, so a second run writes the same octets:
    tests/vectors/make.py [FOLDER]
"""
import base64
import hashlib
import json
import pathlib
import struct
import sys

import msgpack
import nacl.bindings
import nacl.signing


# ---- what the page says ----

def pack(value):
    """msgpack's shortest forms; dicts are written in the order in which they stand."""
    return msgpack.packb(value, use_bin_type=True)


def blake(personal, octets, key=b""):
    return hashlib.blake2b(octets, digest_size=32, key=key, person=personal.encode()).digest()


def word(name):
    return hashlib.sha256(("specola vectors: " + name).encode()).digest()


def signer(name):
    return nacl.signing.SigningKey(word(name))


def public(key):
    return bytes(key.verify_key)


def tagged(key, tag, fed_id, octets):
    return key.sign(b"specola1:" + tag.encode() + b"\0" + fed_id + octets).signature


FED = word("federation")
NODE = word("node")
OBJECT = word("object")
NODE_KEY = signer("node key")
AUTHOR = signer("author")
OTHER = signer("other")
SALT = word("salt")[:16]


def vector(name, section, octets, reason=None, **more):
    row = {"name": name, "section": section, "hex": octets.hex(), "ok": reason is None, "reason": reason or "none"}
    row.update(more)
    return row


# ---- section 1 ----

def canon_good():
    integers = [0, 1, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1,
                -1, -32, -33, -128, -129, -32768, -32769, -2**31, -2**31 - 1, -2**63]
    for n in integers:
        yield vector(f"integer {n}", "1", pack(n))
    for name, value in (("nil", None), ("false", False), ("true", True)):
        yield vector(name, "1", pack(value))
    for n in (0, 1, 31, 32, 255, 256, 65536):
        yield vector(f"str of {n}", "1", pack("a" * n))
        yield vector(f"bin of {n}", "1", pack(b"\0" * n))
    for n in (0, 15, 16, 300):
        yield vector(f"array of {n}", "1", pack([1] * n))
        yield vector(f"map of {n}", "1", pack({f"{i:03}": i for i in range(n)}))
    yield vector("tab and newline", "1", pack("a\tb\nc"))
    yield vector("every length of UTF-8", "1", pack("a\u00e9\u20ac\U0001f600\ud7ff\ue000\ufffd\U0010ffff"))
    yield vector("U+0080 is no C0 control", "1", pack("\u0080"))
    yield vector("not NFC is valid", "1", pack("e\u0301"))
    yield vector("nested 8 deep", "1", b"\x91" * 7 + b"\x90")
    yield vector("maps nested 8 deep", "1", b"\x81\xa1a" * 7 + b"\x80")
    yield vector("shorter keys first", "1", pack({"b": 1, "aa": 2, "ab": 3}))
    yield vector("keys of 31 and 32 octets", "1", pack({"b" * 31: 1, "a" * 32: 2}))
    yield vector("a key of 64 octets", "1", pack({"k" * 64: 1}))
    yield vector("equal keys in different maps", "1", pack([{"a": 1}, {"a": {"a": 2}}]))


def canon_bad():
    def bad(name, text):
        return vector(name, "1", bytes.fromhex(text), "format")

    long_forms = {
        "0 in uint 8": "cc00", "127 in uint 8": "cc7f", "255 in uint 16": "cd00ff", "65535 in uint 32": "ce0000ffff",
        "2^32-1 in uint 64": "cf00000000ffffffff", "-1 in int 8": "d0ff", "-32 in int 8": "d0e0", "-128 in int 16": "d1ff80",
        "-32768 in int 32": "d2ffff8000", "-2^31 in int 64": "d3ffffffff80000000", "1 in int 8": "d001",
        "127 in int 16": "d1007f", "128 in int 16": "d10080", "32768 in int 32": "d200008000",
        "2^31 in int 64": "d30000000080000000", "empty str 8": "d900", "1 octet in str 8": "d90161",
        "31 octets in str 8": "d91f" + "61" * 31, "32 octets in str 16": "da0020" + "61" * 32,
        "1 octet in str 32": "db0000000161", "255 octets in str 16": "da00ff" + "61" * 255, "bin 16 of 1": "c5000100",
        "bin 32 of 1": "c60000000100", "bin 16 of 255": "c500ff" + "00" * 255, "array 16 of 0": "dc0000",
        "array 16 of 15": "dc000f" + "01" * 15, "array 32 of 16": "dd00000010" + "01" * 16, "map 16 of 0": "de0000",
        "map 16 of 1": "de0001a16101", "map 32 of 1": "df00000001a16101",
    }
    types = {
        "octet c1": "c1", "float 32": "ca00000000", "float 64": "cb0000000000000000", "fixext 1": "d40000",
        "fixext 2": "d5000000", "fixext 4": "d60000000000", "fixext 8": "d700" + "00" * 8, "fixext 16": "d800" + "00" * 16,
        "ext 8": "c7010000", "ext 16": "c800010000", "ext 32": "c9000000010000",
    }
    ends = {
        "nothing at all": "", "two values": "0101", "an octet behind a map": "8000", "str cut": "a261", "bin cut": "c40200",
        "length cut": "d9", "uint 64 cut": "cf00000001000000", "array cut": "9201", "map without its value": "81a161",
        "map cut": "82a16101", "4 GiB of str": "dbffffffff", "4 GiB of bin": "c6ffffffff", "2^32-1 elements": "ddffffffff",
        "2^32-1 pairs": "dfffffffff", "more elements than octets": "dc0100" + "01" * 16,
    }
    text = {
        "U+0000": "a100", "U+001F": "a11f", "carriage return": "a10d", "escape": "a11b", "U+007F": "a17f", "a lone 80": "a180",
        "overlong slash": "a2c0af", "overlong 2": "a2c1bf", "overlong 3": "a3e08080", "overlong 4": "a4f0808080",
        "surrogate": "a3eda080", "past U+10FFFF": "a4f4908080", "f5": "a4f5808080", "cut sequence": "a2e282",
        "cut at the end of ASCII": "a9" + "61" * 8 + "c3",
    }
    numbers = {
        "integer 2^63": "cf8000000000000000", "integer 2^64-1": "cfffffffffffffffff", "2^63 inside": "9201cf8000000000000000",
        "2^63 as a value of a map": "81a161cf8000000000000000",
    }
    keys = {
        "key of bin": "81c4016101", "key of integer": "810101", "key of nil": "81c001", "empty key": "81a001",
        "key of 65 octets": "81d941" + "6b" * 65 + "01", "key not ASCII": "81a2c3a901", "key with a control": "81a10001",
        "key twice": "82a16101a16102", "keys falling": "82a16201a16102", "longer key first": "82a2616101a16202",
        "inner keys falling": "9181a17882a16201a16102", "key in a long form": "81d9016101",
    }
    depth = {"9 deep": "91" * 8 + "90", "9 deep with a map": "91" * 8 + "80", "maps 9 deep": "81a161" * 8 + "80",
             "1000 deep": "91" * 1000}
    for table in (long_forms, types, numbers, ends, text, keys, depth):
        for name, octets in table.items():
            yield bad(name, octets)


def canon_bodies():
    def body(name, octets, reason=None):
        return vector("body: " + name, "1", octets, reason, body=True)

    yield body("a small case", pack({"level": "local", "title": {"it": "Prova"}}))
    yield body("empty", pack({}))
    yield body("256 elements", pack({"a": [1] * 256}))
    yield body("256 pairs", pack({f"{i:03}": i for i in range(256)}))
    yield body("2^63 - 1 under a key that nobody knows", pack({"zzz": [2**63 - 1]}))
    yield body("2^63 under a key that nobody knows", pack({"zzz": [2**63]}), "format")
    yield body("257 elements", pack({"a": [1] * 257}), "format")
    yield body("257 pairs", pack({f"{i:03}": i for i in range(257)}), "format")
    yield body("an array", pack(["a"]), "format")
    yield body("a str", pack("a"), "format")
    yield body("something behind", pack({}) + b"\xc0", "format")


def canon():
    return [*canon_good(), *canon_bad(), *canon_bodies()]


# ---- section 4 ----

FIELDS = ("v", "kind", "alg", "home", "author", "created", "subject", "refs", "args", "body_len", "body_commit")
BODY = pack({"level": "local", "title": {"it": "Prova"}})


def header(further=(), **changes):
    values = dict(zip(FIELDS, (1, 16, 1, NODE, public(AUTHOR), 1767225600, None, [], [1, 0], len(BODY),
                               blake("specola1.body", BODY, SALT))))
    values.update(changes)
    return pack([values[f] for f in FIELDS] + list(further))


def record_id(octets, fed_id=FED):
    return blake("specola1.record", fed_id + octets)


def envelope(octets, key=AUTHOR, fed_id=FED, tag="record", raw=False):
    signature = tagged(key, tag, fed_id, record_id(octets, fed_id))
    if raw:
        signature = key.sign(record_id(octets, fed_id)).signature
    return pack([octets, signature])


def record(name, section, octets, reason=None, fed_id=FED, seal=None, **more):
    sealed = seal if seal is not None else envelope(octets)
    return vector(name, section, sealed, reason, fed_id=fed_id.hex(), id=record_id(octets, fed_id).hex(), **more)


def shape(name, reason=None, **changes):
    if not changes.pop("body", False):
        changes.setdefault("body_len", 0)
        if changes["body_len"] == 0:
            changes["body_commit"] = None
    return record(name, "4.4", header(**changes), reason)


def record_good():
    yield record("an object's first version", "4.1", header(), salt=SALT.hex(), body=BODY.hex())
    yield record("in another federation", "4.2", header(), fed_id=word("elsewhere"),
                 seal=envelope(header(), fed_id=word("elsewhere")))
    yield record("16 refs and args are format, not shape", "4.4", header(refs=[OBJECT] * 16, args=[2**63 - 1] * 16), "shape")
    yield record("a schema of trials", "5.4", header(args=[1024, 0]))
    zeros = bytes(16)
    identity = pack({"a": 1})
    yield record("an identity, its salt zeros", "4.3",
                 header(kind=1, args=[], body_len=len(identity), body_commit=blake("specola1.body", identity, zeros)),
                 salt=zeros.hex(), body=identity.hex())
    yield record("a second version", "4.4", header(subject=OBJECT, refs=[word("first")], args=[1, 1]))
    yield shape("a withdrawal without a reason", kind=17, subject=OBJECT, refs=[OBJECT], args=[])
    yield shape("a withdrawal with a reason", kind=17, subject=OBJECT, refs=[OBJECT], args=[], body=True)
    yield shape("a certificate", kind=2, subject=public(OTHER), args=[1, 3, 0], body=True)
    yield shape("a certificate that replaces one", kind=2, subject=public(OTHER), refs=[OBJECT], args=[1, 3, 0], body=True)
    yield shape("a certificate for IT-34", kind=2, subject=public(OTHER), args=[2, 2, int("134", 36)], body=True)
    yield shape("evidence", kind=8, subject=NODE, args=[2**32 - 1], body=True)
    yield shape("a revocation", kind=3, subject=public(OTHER), args=[1, 0])
    yield shape("a revocation from the last position", kind=3, subject=public(OTHER), args=[2**32 - 1, 2**40 - 2])
    yield shape("a wish", kind=4, args=[0, 0], body=True)
    yield shape("a proposal", kind=4, args=[2, 2**32 - 1], body=True)
    yield shape("a vote", kind=5, subject=OBJECT, args=[2**63 - 1, 0], body=True)
    yield shape("a blank vote", kind=5, args=[2, 1])
    yield shape("a blank vote that names another", kind=5, args=[2, 1], body=True)
    yield shape("a takedown", kind=6, subject=OBJECT, args=[1])
    yield shape("a takedown for a reason of later", kind=6, subject=OBJECT, args=[2**40])
    yield shape("an acknowledgement", kind=7, subject=OBJECT, args=[])


def record_bad_form():
    good = header()
    no_array = pack(dict.fromkeys("abcdefghijk", 1))
    yield record("a header that is a map", "4.1", no_array, "format")
    yield record("an empty array", "4.1", pack([]), "format")
    yield record("ten fields", "4.1", pack([1] * 10), "format")
    yield record("twelve fields", "4.1", header(further=[0]), "version")
    yield record("a twelfth field of 2^63 - 1", "4.1", header(further=[2**63 - 1]), "version")
    yield record("a twelfth field of 2^63", "4.1", header(further=[2**63]), "format")
    yield record("twelve fields, the last not canonical", "4.1", b"\x9c" + good[1:] + b"\xcc\x00", "format")
    yield record("version 2", "4.1", header(v=2), "version")
    yield record("version 2 of two fields", "4.1", pack([2, "x"]), "version")
    yield record("version 2 of 1024 octets", "4.1", pack([2, bytes(1019)]), "version")
    yield record("a version that is text", "4.1", header(v="1"), "format")
    yield record("an octet behind the header", "4.1", good + b"\0", "format")
    for name, change in {
        "kind as str": {"kind": "16"}, "kind negative": {"kind": -1}, "alg as nil": {"alg": None},
        "home of 31": {"home": NODE[:31]}, "home nil": {"home": None}, "home as str": {"home": "a" * 32},
        "author of 33": {"author": bytes(33)}, "created negative": {"created": -1}, "subject of 31": {"subject": bytes(31)},
        "17 refs": {"refs": [OBJECT] * 17}, "a ref of 31": {"refs": [OBJECT[:31]]}, "refs nil": {"refs": None},
        "17 args": {"args": [1] * 17}, "a negative arg": {"args": [1, -1]}, "an arg of 2^63": {"args": [1, 2**63]}, "created in 2^63": {"created": 2**63},
        "kind 2^63": {"kind": 2**63},
        "evidence of generation 2^32": {"kind": 8, "subject": NODE, "args": [2**32]},
        "revocation from position 2^40-1": {"kind": 3, "subject": public(OTHER), "args": [1, 2**40 - 1], "body_len": 0, "body_commit": None},
        "revocation from position 2^40": {"kind": 3, "subject": public(OTHER), "args": [1, 2**40], "body_len": 0, "body_commit": None},
        "revocation in generation 2^32": {"kind": 3, "subject": public(OTHER), "args": [2**32, 0], "body_len": 0, "body_commit": None}, "args nil": {"args": None},
        "a body of 262145": {"body_len": 262145}, "no commitment": {"body_commit": None},
        "a commitment of nothing": {"body_len": 0}, "commitment of 16": {"body_commit": bytes(16)},
    }.items():
        yield record(name, "4.1", header(**change), "format")
    long_form = good.replace(b"\xce" + struct.pack(">I", 1767225600), b"\xcf" + struct.pack(">Q", 1767225600))
    yield record("a long form in the header", "4.1", long_form, "format")


def record_bad_envelope():
    good = header()
    signature = tagged(AUTHOR, "record", FED, record_id(good))
    cases = {
        "empty": b"", "not msgpack": b"\xc1", "three elements": pack([good, signature, 1]), "one element": pack([good]),
        "an octet behind": pack([good, signature]) + b"\0", "header as str": b"\x92\xa1a" + pack(signature),
        "empty header": pack([b"", signature]), "empty signature": pack([good, b""]),
        "signature of 513": pack([good, bytes(513)]), "header of 1025": pack([bytes(1025), signature]),
        "header in bin 16": b"\x92\xc5" + struct.pack(">H", len(good)) + good + pack(signature),
        "cut": pack([good, signature])[:-1],
    }
    for name, octets in cases.items():
        yield vector("envelope: " + name, "4.2", octets, "format", fed_id=FED.hex())
    for n in (63, 65, 512):
        yield vector(f"envelope: signature of {n}", "4.6", pack([good, bytes(n)]), "alg", fed_id=FED.hex())


def record_bad_evaluation():
    good = header()
    yield record("alg 2", "4.6", header(alg=2), "alg")
    yield record("kind comes before alg", "4.6", header(alg=2, kind=9), "kind")
    yield record("version comes before kind", "4.6", header(v=2, kind=9), "version")
    for kind in (0, 9, 15, 18, 19, 31, 34, 48, 49, 50, 51, 2**63 - 1):
        yield record(f"kind {kind}", "4.4", header(kind=kind), "kind")
    for number in (20, 1023):
        yield record(f"schema {number}", "4.6", header(args=[number, 0]), "kind")
    small_order = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    mixed = nacl.bindings.crypto_core_ed25519_add(public(AUTHOR), small_order)
    not_canonical = (2**255 - 19 + 1).to_bytes(32, "little")
    for name, key in {"the neutral point": b"\x01" + bytes(31), "zeros": bytes(32), "a point of order 8": small_order,
                      "a point of mixed order": mixed,
                      "a point that is not canonical": not_canonical, "no point": b"\x02" + bytes(31)}.items():
        yield record("author: " + name, "2", header(author=key), "key")
    yield record("another author's signature", "4.6", good, "signature", seal=envelope(good, key=OTHER))
    yield record("another federation's signature", "4.6", good, "signature", seal=envelope(good, fed_id=word("elsewhere")))
    yield record("another tag", "2", good, "signature", seal=envelope(good, tag="receipt"))
    yield record("bare signature", "2", good, "signature", seal=envelope(good, raw=True))
    sealed = envelope(good)
    yield record("a flipped signature", "4.6", good, "signature", seal=sealed[:-1] + bytes([sealed[-1] ^ 1]))
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(sealed[-32:], "little") + order
    yield record("a signature with s above the order", "2", good, "signature", seal=sealed[:-32] + s.to_bytes(32, "little"))


def record_bad_shape():
    key = public(OTHER)
    cases = {
        "identity with a subject": dict(kind=1, subject=NODE, args=[], body=True),
        "identity with args": dict(kind=1, args=[1], body=True), "identity without body": dict(kind=1, args=[]),
        "certificate without a key": dict(kind=2, args=[1, 1, 0], body=True),
        "certificate for person 0": dict(kind=2, subject=key, args=[0, 1, 0], body=True),
        "certificate with two args": dict(kind=2, subject=key, args=[1, 1], body=True),
        "certificate with two refs": dict(kind=2, subject=key, refs=[OBJECT] * 2, args=[1, 1, 0], body=True),
        "certificate without a name": dict(kind=2, subject=key, args=[1, 1, 0]),
        "certificate without roles": dict(kind=2, subject=key, args=[1, 0, 0], body=True),
        "certificate with an unknown role": dict(kind=2, subject=key, args=[1, 33, 0], body=True),
        "certificate for no point": dict(kind=2, subject=b"\1" + bytes(31), args=[1, 1, 0], body=True),
        "revocation of no point": dict(kind=3, subject=bytes(32), args=[1, 0]),
        "evidence of nobody": dict(kind=8, args=[1], body=True), "evidence of generation 0": dict(kind=8, subject=NODE, args=[0], body=True),
        "evidence without a generation": dict(kind=8, subject=NODE, args=[], body=True), "evidence without a body": dict(kind=8, subject=NODE, args=[1]),
        "evidence with a ref": dict(kind=8, subject=NODE, refs=[OBJECT], args=[1], body=True),
        "revocation with a body": dict(kind=3, subject=key, args=[1, 0], body=True),
        "revocation in generation 0": dict(kind=3, subject=key, args=[0, 0]),
        "revocation with a ref": dict(kind=3, subject=key, refs=[OBJECT], args=[1, 0]),
        "proposal with a subject": dict(kind=4, subject=OBJECT, args=[2, 0], body=True), "proposal without changes": dict(kind=4, args=[2, 0]),
        "proposal with a ref": dict(kind=4, refs=[OBJECT], args=[2, 0], body=True), "proposal without a ballot": dict(kind=4, args=[2], body=True),
        "proposal of epoch 1": dict(kind=4, args=[1, 0], body=True), "wish in a ballot": dict(kind=4, args=[0, 1], body=True),
        "proposal in ballot 2^32": dict(kind=4, args=[2, 2**32], body=True),
        "vote of epoch 1": dict(kind=5, subject=OBJECT, args=[1, 0], body=True), "blank vote of epoch 0": dict(kind=5, args=[0, 0]),
        "vote without a signature": dict(kind=5, subject=OBJECT, args=[2, 0]), "vote in ballot 2^32": dict(kind=5, subject=OBJECT, args=[2, 2**32], body=True),
        "vote with a ref": dict(kind=5, subject=OBJECT, refs=[OBJECT], args=[2, 0], body=True), "vote without a ballot": dict(kind=5, args=[2]),
        "takedown of nothing": dict(kind=6, args=[1]), "takedown without a reason": dict(kind=6, subject=OBJECT, args=[]),
        "takedown for reason 0": dict(kind=6, subject=OBJECT, args=[0]),
        "takedown with a body": dict(kind=6, subject=OBJECT, args=[1], body=True),
        "takedown with a ref": dict(kind=6, subject=OBJECT, refs=[OBJECT], args=[1]),
        "acknowledgement of nothing": dict(kind=7, args=[]), "acknowledgement with args": dict(kind=7, subject=OBJECT, args=[1]),
        "acknowledgement with a body": dict(kind=7, subject=OBJECT, args=[], body=True),
        "version without body": dict(kind=16), "version of schema 0": dict(args=[0, 0], body=True),
        "version with flag 2": dict(args=[1, 2], body=True), "first version that replaces": dict(refs=[OBJECT], body=True),
        "later version that replaces nothing": dict(subject=OBJECT, body=True),
        "withdrawal of nothing": dict(kind=17, refs=[OBJECT], args=[]),
        "withdrawal without a version": dict(kind=17, subject=OBJECT, args=[]),
        "withdrawal with args": dict(kind=17, subject=OBJECT, refs=[OBJECT], args=[1]),
    }
    for name, changes in cases.items():
        yield shape(name, "shape", **changes)


def record_bad_body():
    def with_body(name, reason, body, salt=SALT, carried=None, carried_salt=None, **changes):
        octets = header(**{"body_len": len(body), "body_commit": blake("specola1.body", body, salt), **changes})
        return record("body: " + name, "4.3", octets, reason, salt=(carried_salt or salt).hex(), body=(carried or body).hex())

    yield with_body("another body of the same length", "mismatch", BODY, carried=BODY.replace(b"P", b"Q"))
    yield with_body("a longer body", "mismatch", BODY, carried=BODY + b"\0")
    yield with_body("another salt", "mismatch", BODY, carried_salt=word("another salt")[:16])
    yield with_body("an identity's salt that is not zeros", "mismatch", BODY, kind=1, args=[])
    yield with_body("a longer body that the author committed to", "mismatch", BODY, body_len=len(BODY) + 1)
    yield with_body("not canonical, and yet it matches", None, b"\x81\xa1a\xcc\x01")


def records():
    return [*record_good(), *record_bad_form(), *record_bad_envelope(), *record_bad_evaluation(), *record_bad_shape(),
            *record_bad_body()]


# ---- section 7.1: RFC 9162, written as the RFC defines it, by recursion ----

def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(n):
    return 1 << ((n - 1).bit_length() - 1)


def root_of(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(root_of(leaves[:k]), root_of(leaves[k:]))


def path_of(m, leaves):
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return path_of(m, leaves[:k]) + [root_of(leaves[k:])]
    return path_of(m - k, leaves[k:]) + [root_of(leaves[:k])]


def subproof(m, leaves, whole):
    if m == len(leaves):
        return [] if whole else [root_of(leaves)]
    k = split(len(leaves))
    if m <= k:
        return subproof(m, leaves[:k], whole) + [root_of(leaves[k:])]
    return subproof(m - k, leaves[k:], False) + [root_of(leaves[:k])]


# The inputs of the test vectors of RFC 6962's reference implementation, then words.
ENTRIES = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                      "606162636465666768696a6b6c6d6e6f")] + [word(f"entry {i}") for i in range(25)]


def hexes(hashes):
    return [h.hex() for h in hashes]


def merkle_roots():
    for n in range(len(ENTRIES) + 1):
        root = root_of([leaf_hash(e) for e in ENTRIES[:n]])
        yield vector(f"root of {n}", "7.1", b"", root=root.hex(), leaves=hexes(ENTRIES[:n]))
    swapped = root_of([leaf_hash(e) for e in (ENTRIES[1], ENTRIES[0])])
    yield vector("root of two, swapped", "7.1", b"", "mismatch", root=swapped.hex(), leaves=hexes(ENTRIES[:2]))
    bare = node_hash(ENTRIES[3], ENTRIES[4])
    yield vector("leaves without their prefix", "7.1", b"", "mismatch", root=bare.hex(), leaves=hexes(ENTRIES[3:5]))


def inclusion(name, reason, index, size, leaf, path, root):
    return vector(name, "7.1", b"", reason, index=index, size=size, leaf=leaf.hex(), path=hexes(path), root=root.hex())


def merkle_inclusions():
    hashes = [leaf_hash(e) for e in ENTRIES]
    for index, size in ((0, 1), (0, 2), (1, 2), (0, 3), (2, 3), (0, 8), (5, 8), (2, 5), (4, 5), (16, 33), (32, 33), (31, 33)):
        leaves = hashes[:size]
        yield inclusion(f"inclusion of {index} in {size}", None, index, size, leaves[index], path_of(index, leaves), root_of(leaves))
    leaves = hashes[:8]
    path, root = path_of(5, leaves), root_of(leaves)
    yield inclusion("inclusion at another index", "mismatch", 4, 8, leaves[5], path, root)
    yield inclusion("inclusion of another leaf", "mismatch", 5, 8, leaves[4], path, root)
    yield inclusion("inclusion in another size", "mismatch", 5, 9, leaves[5], path, root)
    yield inclusion("inclusion, path cut", "mismatch", 5, 8, leaves[5], path[:-1], root)
    yield inclusion("inclusion, path grown", "mismatch", 5, 8, leaves[5], path + [root], root)
    yield inclusion("inclusion, path reversed", "mismatch", 5, 8, leaves[5], path[::-1], root)
    yield inclusion("inclusion behind the end", "mismatch", 8, 8, leaves[5], path, root)
    grown = node_hash(root, leaves[0])
    yield inclusion("inclusion, path and root grown", "mismatch", 5, 8, leaves[5], path + [leaves[0]], grown)
    yield inclusion("inclusion, root grown to the left", "mismatch", 0, 1, leaves[0], [root], node_hash(root, leaves[0]))
    yield inclusion("inclusion, path and root cut", "mismatch", 1, 8, leaves[1], [leaves[0]], root_of(leaves[:2]))
    yield inclusion("inclusion in nothing", "mismatch", 0, 0, leaves[0], [], root_of([]))


def consistency(name, reason, old, new, path, old_root, new_root):
    return vector(name, "7.1", b"", reason, old_size=old, new_size=new, path=hexes(path), old_root=old_root.hex(),
                  new_root=new_root.hex())


def merkle_consistencies():
    hashes = [leaf_hash(e) for e in ENTRIES]

    def root(n):
        return root_of(hashes[:n])

    def proof(old, new):
        return subproof(old, hashes[:new], True)

    for old, new in ((1, 1), (1, 2), (1, 8), (2, 5), (3, 7), (4, 7), (6, 7), (6, 8), (8, 33), (17, 33), (32, 33), (31, 33), (33, 33)):
        yield consistency(f"consistency of {old} with {new}", None, old, new, proof(old, new), root(old), root(new))
    yield consistency("consistency with another old root", "mismatch", 3, 7, proof(3, 7), root(4), root(7))
    yield consistency("consistency with another new root", "mismatch", 3, 7, proof(3, 7), root(3), root(8))
    yield consistency("consistency of other sizes", "mismatch", 4, 7, proof(3, 7), root(3), root(7))
    yield consistency("consistency, path cut", "mismatch", 3, 7, proof(3, 7)[:-1], root(3), root(7))
    yield consistency("consistency, path grown", "mismatch", 3, 7, proof(3, 7) + [root(1)], root(3), root(7))
    yield consistency("consistency with a smaller tree's root", "mismatch", 3, 8, proof(3, 4), root(3), root(4))
    grown = [node_hash(leaf_hash(b"x"), r) for r in (root(3), root(4))]
    yield consistency("consistency, path and roots grown", "mismatch", 3, 4, proof(3, 4) + [leaf_hash(b"x")], *grown)
    yield consistency("consistency without path", "mismatch", 3, 7, [], root(3), root(7))
    yield consistency("consistency backwards", "mismatch", 7, 3, proof(3, 7), root(7), root(3))
    yield consistency("consistency of nothing", "mismatch", 0, 7, [], root(0), root(7))
    yield consistency("equal sizes, other roots", "mismatch", 7, 7, [], root(6), root(7))
    yield consistency("equal sizes with a path", "mismatch", 7, 7, [root(7)], root(7), root(7))


def merkle():
    return [*merkle_roots(), *merkle_inclusions(), *merkle_consistencies()]


# ---- section 7.2 ----

def origin(fed_id=FED, node=NODE, gen="1"):
    return f"specola/{fed_id.hex()}/{node.hex()}/{gen}"


def signature_line(name, text, key=NODE_KEY, key_type=1):
    key_hash = hashlib.sha256(name.encode() + b"\n" + bytes([key_type]) + public(key)).digest()[:4]
    return f"\u2014 {name} " + base64.b64encode(key_hash + key.sign(text.encode()).signature).decode() + "\n"


def checkpoint_text(first=None, size="129", root=None, name=None, blank="\n", key=NODE_KEY, further="", **more):
    first = origin() if first is None else first
    root = base64.b64encode(word("root")).decode() if root is None else root
    body = f"{first}\n{size}\n{root}\n{further}"
    return body + blank + signature_line(first if name is None else name, body, key, **more)


def checkpoint(name, text, reason=None, **more):
    octets = text if isinstance(text, bytes) else text.encode()
    return vector(name, "7.2", octets, reason, public=public(NODE_KEY).hex(), text=octets.decode("utf-8", "replace"), **more)


def checkpoint_good():
    yield checkpoint("129 entries", checkpoint_text(), fed_id=FED.hex(), id=NODE.hex(), size=129, root=word("root").hex())
    yield checkpoint("one entry", checkpoint_text(size="1"), size=1)
    yield checkpoint("generation 2", checkpoint_text(first=origin(gen="2")))
    yield checkpoint("the largest numbers", checkpoint_text(first=origin(gen=str(2**32 - 1)), size=str(2**40 - 1)))


def checkpoint_bad():
    good = checkpoint_text()
    lines = good.split("\n")
    root = base64.b64encode(word("root")).decode()
    cases = {
        "empty": "", "size 0": checkpoint_text(size="0"), "a leading zero": checkpoint_text(size="0129"),
        "a sign": checkpoint_text(size="+129"), "size past 64 bits": checkpoint_text(size=str(2**64)),
        "size 2^40": checkpoint_text(size=str(2**40)), "generation 2^32": checkpoint_text(first=origin(gen=str(2**32))),
        "no size": checkpoint_text(size=""), "a blank behind the size": checkpoint_text(size="129 "),
        "generation 0": checkpoint_text(first=origin(gen="0")), "generation 01": checkpoint_text(first=origin(gen="01")),
        "no generation": checkpoint_text(first=origin(gen="")),
        "upper-case digits": checkpoint_text(first="specola/" + FED.hex().upper() + "/" + NODE.hex() + "/1"),
        "a short federation": checkpoint_text(first=f"specola/{FED.hex()[:-2]}/{NODE.hex()}/1"),
        "another first word": checkpoint_text(first=origin().replace("specola", "Specola")),
        "a fifth part": checkpoint_text(first=origin() + "/1"), "root of 31": checkpoint_text(root=base64.b64encode(bytes(31)).decode()),
        "root of 33": checkpoint_text(root=base64.b64encode(bytes(33)).decode()),
        "root without padding": checkpoint_text(root=root.rstrip("=")),
        "root in the URL alphabet": checkpoint_text(root=base64.urlsafe_b64encode(b"\xff" * 32).decode()),
        "root with bits left over": checkpoint_text(root=base64.b64encode(bytes(32)).decode()[:-2] + "B="),
        "an extension line": checkpoint_text(further="more\n"), "no blank line": checkpoint_text(blank=""),
        "two blank lines": checkpoint_text(blank="\n\n"), "another name": checkpoint_text(name=origin(gen="2")),
        "two signatures": good + lines[4] + "\n", "a line behind": good + "x\n", "no last line end": good[:-1],
        "carriage returns": good.replace("\n", "\r\n"), "a hyphen for the dash": good.replace("\u2014", "-"),
        "no signature": "\n".join(lines[:4]) + "\n", "two blanks behind the dash": good.replace("\u2014 ", "\u2014  "),
        "signature without padding": good.replace("=\n", "\n"), "over 1024 octets": good + "x" * 1024,
    }
    for name, text in cases.items():
        yield checkpoint(name, text, "format")


def checkpoint_forged():
    good = checkpoint_text()
    lines = good.split("\n")
    yield checkpoint("another key", checkpoint_text(key=OTHER), "signature")
    yield checkpoint("another size", good.replace("\n129\n", "\n130\n"), "signature")
    yield checkpoint("another root", good.replace(lines[2], base64.b64encode(word("other root")).decode()), "signature")
    yield checkpoint("another node", good.replace(NODE.hex(), word("other node").hex()), "signature")
    yield checkpoint("another federation", good.replace(FED.hex(), word("elsewhere").hex()), "signature")
    yield checkpoint("another generation", good.replace("/1\n", "/2\n").replace("/1 ", "/2 "), "signature")
    yield checkpoint("another key type", checkpoint_text(key_type=2), "signature")
    head, tail = lines[4].rsplit(" ", 1)
    octets = bytearray(base64.b64decode(tail))
    for name, at in (("a flipped key hash", 0), ("a flipped signature", 40)):
        flipped = bytearray(octets)
        flipped[at] ^= 1
        line = head + " " + base64.b64encode(bytes(flipped)).decode()
        yield checkpoint(name, good.replace(lines[4], line), "signature")


def checkpoints():
    return [*checkpoint_good(), *checkpoint_bad(), *checkpoint_forged()]


# ---- section 7.5 ----

# Two branches of one log: equal below 12, the second one longer.
BRANCHES = [[leaf_hash(e) for e in ENTRIES[:13]], [leaf_hash(e) for e in [*ENTRIES[:12], *ENTRIES[20:25]]]]
ENTRIES_MORE = [leaf_hash(word(f"further {i}")) for i in range(4)]


def signed(branch, size, key=NODE_KEY, **more):
    return checkpoint_text(first=origin(**more), size=str(size), root=base64.b64encode(root_of(branch[:size])).decode(), key=key)


def half(branch, size, index=None, **more):
    text = signed(branch, size, **more)
    return [text] if index is None else [text, branch[index], path_of(index, branch[:size])]


def evidence(name, value, reason=None):
    octets = value if isinstance(value, bytes) else pack(value)
    return vector(name, "7.5", octets, reason, public=public(NODE_KEY).hex(), fed_id=FED.hex(), id=NODE.hex())


def in_order(*halves):
    """By size, then by root: the second and third line of the checkpoint."""
    return sorted(halves, key=lambda h: (int(h[0].split("\n")[1]), base64.b64decode(h[0].split("\n")[2])))


def evidences():
    a, b = BRANCHES
    roots = [None, *in_order(half(a, 13), half(b, 13))]
    leaves = [12, *in_order(half(a, 13, 12), half(b, 13, 12))]
    sizes = [12, half(a, 13, 12), half(b, 17, 12)]
    yield evidence("two roots of one size", roots)
    yield evidence("two leaves at one position, one size", leaves)
    yield evidence("two leaves at one position, two sizes", sizes)
    yield evidence("a later position than the first one", [13, half(b, 14, 13), half([*a, *ENTRIES_MORE], 17, 13)])
    other = signer("other")
    forms = {
        "no branch": [None], "one branch": roots[:2], "a third branch": [*roots, roots[2]], "a map": {"a": 1},
        "one branch twice": [None, roots[1], roots[1]], "branches out of order": [None, roots[2], roots[1]],
        "leaves out of order": [12, leaves[2], leaves[1]], "sizes out of order": [12, sizes[2], sizes[1]],
        "two sizes without a position": [None, half(a, 13), half(b, 17)],
        "a position without leaves": [12, *roots[1:]], "leaves without a position": [None, *leaves[1:]],
        "a leaf in one branch alone": [12, leaves[1], roots[2]], "equal leaves": [11, half(a, 13, 11), half(b, 17, 11)],
        "a position behind the smaller size": [13, half(a, 13, 12), half(b, 17, 13)],
        "a position below zero": [-1, *leaves[1:]], "position 2^40-1": [2**40 - 1, *leaves[1:]],
        "a checkpoint of another node": [None, roots[1], half(b, 17, node=word("elsewhere"))],
        "checkpoints of two generations": [None, roots[1], half(b, 13, gen="2")],
        "both of another node": [None, *in_order(half(a, 13, node=word("elsewhere")), half(b, 13, node=word("elsewhere")))],
        "both of another generation": [None, *in_order(half(a, 13, gen="2"), half(b, 13, gen="2"))],
        "both of another federation": [None, *in_order(half(a, 13, fed_id=word("far")), half(b, 13, fed_id=word("far")))],
        "a text that is no checkpoint": [None, ["specola/\n"], roots[2]], "a checkpoint as bin": [None, [roots[1][0].encode()], roots[2]],
        "a leaf of 31": [12, [leaves[1][0], leaves[1][1][:31], leaves[1][2]], leaves[2]],
        "a path of 41": [12, [leaves[1][0], leaves[1][1], [word("x")] * 41], leaves[2]],
        "a path that is none": [12, [leaves[1][0], leaves[1][1], None], leaves[2]],
    }
    for name, value in forms.items():
        yield evidence(name, value, "format")
    good = pack(roots)
    yield evidence("an octet behind", good + b"\0", "format")
    yield evidence("cut", good[:-1], "format")
    yield evidence("a long form", good.replace(b"\x93\xc0", b"\xdc\x00\x03\xc0", 1), "format")
    yield evidence("a branch under another key", [None, *in_order(half(a, 13), half(b, 13, key=other))], "signature")
    yield evidence("both branches under another key", [None, *in_order(half(a, 13, key=other), half(b, 13, key=other))], "signature")
    wrong = [[text, leaf, [word("x"), *path[1:]]] for text, leaf, path in leaves[1:]]
    yield evidence("a leaf that is not in its tree", [12, leaves[1], [leaves[2][0], word("leaf"), leaves[2][2]]], "mismatch")
    yield evidence("another path", [12, wrong[0], leaves[2]], "mismatch")
    yield evidence("a path too short", [12, leaves[1], [*leaves[2][:2], leaves[2][2][:-1]]], "mismatch")
    yield evidence("a path too long", [12, [*leaves[1][:2], [*leaves[1][2], word("x")]], leaves[2]], "mismatch")
    yield evidence("proofs of another position", [11, *leaves[1:]], "mismatch")


# ---- section 9 ----

ROWS = [[word("a"), 0], [word("b"), 1, 1, 128], [word("c"), 2, 33]]


def receipt_body(rows=None, **changes):
    values = {"v": 1, "fed_id": FED, "node": NODE, "rows": ROWS if rows is None else rows, **changes}
    return pack([values[f] for f in ("v", "fed_id", "node", "rows")])


def receipt_of(body, key=NODE_KEY, tag="receipt", fed_id=FED):
    return pack([body, tagged(key, tag, fed_id, body)])


def receipt(name, octets, reason=None):
    return vector(name, "9", octets, reason, public=public(NODE_KEY).hex(), fed_id=FED.hex())


def receipts():
    good = receipt_of(receipt_body())
    yield receipt("one of each", good)
    yield receipt("one row", receipt_of(receipt_body([[word("a"), 0]])))
    yield receipt("256 rows", receipt_of(receipt_body([[word("a"), 1, 2**32 - 1, 2**40 - 2]] * 256)))
    yield receipt("a reason of a later version", receipt_of(receipt_body([[word("a"), 2, 1000]])))
    yield receipt("another key", receipt_of(receipt_body(), key=OTHER), "signature")
    yield receipt("another tag", receipt_of(receipt_body(), tag="frame"), "signature")
    yield receipt("signed for another federation", receipt_of(receipt_body(), fed_id=word("elsewhere")), "signature")
    yield receipt("a flipped signature", good[:-1] + bytes([good[-1] ^ 1]), "signature")
    bodies = {
        "version 2": receipt_body(v=2), "federation of 31": receipt_body(fed_id=FED[:31]), "node nil": receipt_body(node=None),
        "no rows": receipt_body([]), "257 rows": receipt_body([[word("a"), 0]] * 257), "state 3": receipt_body([[word("a"), 3]]),
        "queued with a position": receipt_body([[word("a"), 0, 1, 1]]), "logged without": receipt_body([[word("a"), 1]]),
        "logged with three": receipt_body([[word("a"), 1, 1]]), "logged in generation 0": receipt_body([[word("a"), 1, 0, 1]]),
        "logged in generation 2^32": receipt_body([[word("a"), 1, 2**32, 1]]),
        "logged at 2^40": receipt_body([[word("a"), 1, 1, 2**40]]), "logged at 2^40-1": receipt_body([[word("a"), 1, 1, 2**40 - 1]]), "reason 2^63": receipt_body([[word("a"), 2, 2**63]]),
        "refused without a reason": receipt_body([[word("a"), 2]]), "refused for reason 0": receipt_body([[word("a"), 2, 0]]),
        "a short id": receipt_body([[word("a")[:31], 0]]), "an octet behind the body": receipt_body() + b"\0",
        "three fields": pack([1, FED, NODE]), "a long form": receipt_body().replace(b"\xcc\x80", b"\xcd\x00\x80"),
    }
    one = receipt_body([[word("a"), 0]])
    row = b"\xc4\x20" + word("a")
    bodies["a row that counts four fields and has two"] = one.replace(b"\x92" + row, b"\x94" + row)
    bodies["a row that counts no field"] = one.replace(b"\x92" + row, b"\x90" + row)
    for name, body in bodies.items():
        yield receipt(name, receipt_of(body), "format")
    yield receipt("an octet behind", good + b"\0", "format")
    yield receipt("no signature", pack([receipt_body()]), "format")
    yield receipt("signature of 63", pack([receipt_body(), bytes(63)]), "format")
    yield receipt("cut", good[:-1], "format")


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent)
    for name, rows in (("canon", canon()), ("record", records()), ("merkle", merkle()), ("checkpoint", checkpoints()),
                       ("evidence", list(evidences())), ("receipt", list(receipts()))):
        names = [row["name"] for row in rows]
        assert len(set(names)) == len(names), [n for n in names if names.count(n) > 1]
        lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (folder / f"{name}.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
