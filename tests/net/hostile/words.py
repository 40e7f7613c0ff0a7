"""Hostile words: what a member with valid keys says on an open link, one row an attack. A row is (name, counter, link, what to send):
the one counter that it moves (None: it is no fault), whether the link is still open then ("open", "closed", "either"), and a function of the
attacker that sends it. Ill-formed fields are made from a table of fields and a table of wrong values (docs/protocol.md 1, 8.3)."""
import hashlib
import os

import nacl.signing

from peer import CKPT, DATA, ERR, GET, HEADS, HELLO, HOLDS, IDENT, WANT, encode

PROOF, EPOCH, BLOB, ALERT = 6, 7, 9, 12
HASH = b"\x07" * 32

# Wrong values of a kind of field. Whole numbers reach from -2^63 to 2^63 - 1; sizes below 2^40, generations below 2^32.
WRONG = {
    "hash": (("nil", None), ("31 octets", b"h" * 31), ("33 octets", b"h" * 33), ("a string", "h" * 32), ("a number", 7), ("an array", [7])),
    "gen": (("0", 0), ("-1", -1), ("2^32", 2**32), ("2^63", 2**63), ("nil", None)),
    "size": (("-1", -1), ("2^40", 2**40), ("2^53", 2**53), ("2^63", 2**63), ("a string", "1")),
    "number": (("-1", -1), ("2^63", 2**63), ("nil", None), ("octets", b"\x01")),
    "list": (("nil", None), ("a number", 1), ("a map", {}), ("a string", "list")),
    "octets": (("nil", None), ("a string", "octets"), ("nothing", b""), ("a number", 1)),
    "text": (("nil", None), ("octets", b"text"), ("257 octets", "t" * 257), ("control characters", "a\x01b")),
}

# A good message of each kind, without req, and the kind of each field behind it; None: its own rows below.
FORMS = (
    ("HEADS", HEADS, [1, HASH, []], ("number", "hash", "list")),
    ("HOLDS", HOLDS, [[]], ("list",)),
    ("WANT CKPT", WANT, [2, HASH, 1, 0], (None, "hash", "gen", "size")),
    ("WANT IDENT", WANT, [3, HASH], (None, "hash")),
    ("WANT EPOCH", WANT, [4, 1], (None, "number")),
    ("WANT PROOF", WANT, [5, HASH, 1, 1, 0, 1], (None, "hash", "gen", "size", "size", "number")),
    ("PROOF", PROOF, [HASH, 1, 1, 0, 1, HASH, []], ("hash", "gen", "size", "size", "number", None, "list")),
    ("ALERT", ALERT, [HASH, 1, b"e"], ("hash", "gen", "octets")),
    ("CKPT", CKPT, [HASH, 1, []], ("hash", "gen", "list")),
    ("EPOCH", EPOCH, [[]], ("list",)),
    ("IDENT", IDENT, [HASH, [], None], ("hash", "list", None)),
    ("GET", GET, [HASH, 1, 0, 1, 0, 1000], ("hash", "gen", "size", "size", "number", "number")),
    ("DATA", DATA, [HASH, 1, 0, 1, 0, b"\x90"], ("hash", "gen", "size", "number", "number", "octets")),
    ("ERR", ERR, [7, "", 0], ("number", "text", "number")),
)


def said(message):
    return lambda a: a.send(message)


def octets(payload):
    """A payload as it is, in a frame that verifies."""
    return lambda a: a.send_payload(payload)


def flood(n, message):
    def send(a):
        for _ in range(n):
            a.send(message(a) if callable(message) else message)
    return send


def field_rows():
    for name, kind, good, kinds in FORMS:
        for i, of in enumerate(kinds):
            for what, value in WRONG.get(of, ()):
                fields = list(good)
                fields[i] = value
                yield f"{name}, field {i + 3}: {what}", "message.format", "open", said([kind, None, *fields])
        yield f"{name}: a field too many", "message.format", "open", said([kind, None, *good, 0])
        yield f"{name}: a field too few", "message.format", "open", said([kind, None, *good[:-1]])
        yield f"{name}: req of -1", "message.format", "open", said([kind, -1, *good])
        yield f"{name}: an octet behind it", "message.format", "open", octets(encode([kind, None, *good]) + b"\xc0")


def list_rows():
    """What stands in lists, and how long they may be."""
    heads = lambda *rows: said([HEADS, None, 1, HASH, list(rows)])
    root = b"r" * 8
    for name, rows in (("HEADS: 1025 rows", [[i, 1, 1, root] for i in range(1025)]), ("HEADS: rows that fall", [[1, 1, 1, root], [0, 1, 1, root]]),
                       ("HEADS: a row twice", [[0, 1, 1, root]] * 2), ("HEADS: a size of 0", [[0, 1, 0, root]]),
                       ("HEADS: a size of 2^40", [[0, 1, 2**40, root]]), ("HEADS: a size of 2^53", [[0, 1, 2**53, root]]),
                       ("HEADS: generation 0", [[0, 0, 1, root]]), ("HEADS: roll number -1", [[-1, 1, 1, root]]),
                       ("HEADS: a root of 7 octets", [[0, 1, 1, b"r" * 7]]), ("HEADS: a root of 9 octets", [[0, 1, 1, b"r" * 9]]),
                       ("HEADS: a row of 3", [[0, 1, 1]]), ("HEADS: a row of 5", [[0, 1, 1, root, 0]])):
        yield name, "message.format", "open", heads(*rows)
    yield "HEADS: a log of nobody", "heads.unknown", "open", heads([4000, 1, 1, root])
    yield "HEADS: a roll number of 2^62", "heads.unknown", "open", heads([2**62, 1, 1, root])
    yield "HEADS: our size, another root", "heads.mismatch", "open", lambda a: a.send([HEADS, None, 1, HASH, [[a.target_roll, 1, a.target_size, root]]])
    for name, kind, fields in (("HOLDS: 257 items", HOLDS, [[[b"", b"s" * 64]] * 257]), ("HOLDS: an item of 49153 octets", HOLDS, [[[b"h" * 49153, b"s" * 64]]]),
                               ("HOLDS: a signature of 63", HOLDS, [[[b"h", b"s" * 63]]]), ("CKPT: 33 checkpoints", CKPT, [HASH, 1, ["c"] * 33]),
                               ("CKPT: a checkpoint of 1025 octets", CKPT, [HASH, 1, ["c" * 1025]]), ("CKPT: octets for a checkpoint", CKPT, [HASH, 1, [b"c"]]),
                               ("EPOCH: 17 items", EPOCH, [[[b"e", []]] * 17]), ("IDENT: 17 items", IDENT, [HASH, [[b"i", []]] * 17, None]),
                               ("IDENT: an identity of 4097 octets", IDENT, [HASH, [[b"i" * 4097, []]], None]),
                               ("IDENT: an address that is none", IDENT, [HASH, [], [b"a", b"s" * 64]]),
                               ("GET: to below from", GET, [HASH, 1, 5, 4, 0, 1]), ("GET: to equal to from", GET, [HASH, 1, 5, 5, 0, 1]),
                               ("GET: mode 3", GET, [HASH, 1, 0, 1, 3, 1]), ("GET: from 2^40 - 1", GET, [HASH, 1, 2**40 - 1, 2**40 - 1, 0, 1]),
                               ("DATA: a count of 0", DATA, [HASH, 1, 0, 0, 0, b"\x90"]), ("DATA: a count past the end", DATA, [HASH, 1, 2**40 - 2, 2**39, 0, b"\x90"]),
                               ("DATA: encoding 2", DATA, [HASH, 1, 0, 1, 2, b"\x90"])):
        yield name, "message.format", "open", said([kind, None, *fields])
    yield "HOLDS: an item that is none", "holds.format", "open", said([HOLDS, None, [[b"\xc0", b"s" * 64]]])
    yield "HOLDS: a holder who did not sign", "holds.signature", "open", lambda a: a.send(
        [HOLDS, None, [[encode([a.member.node, 1, 2**39, [[a.member.roll, 1, 1, b"r" * 8, 0]]]), b"s" * 64]]])
    yield "HOLDS: of somebody who is no member", None, "open", said([HOLDS, None, [[encode([HASH, 1, 1, []]), b"s" * 64]]])


def encoding_rows():
    """Octets that are no canonical message."""
    good = encode([WANT, 3, 1])
    rows = (("no octet", b""), ("nil", b"\xc0"), ("an empty array", b"\x90"), ("an array of one", b"\x91\x04"), ("a map", b"\x81\x04\x05"),
            ("a string", b"\xa4WANT"), ("a long array header", b"\xdc\x00\x03" + good[1:]), ("a longer array header", b"\xdd\x00\x00\x00\x03" + good[1:]),
            ("an array of 2^32 - 1", b"\xdd\xff\xff\xff\xff" + good[1:]), ("type as uint8", b"\x93\xcc\x04\x03\x01"),
            ("type as uint64", b"\x93\xcf" + bytes(7) + b"\x04\x03\x01"), ("type as int8", b"\x93\xd0\x04\x03\x01"), ("type -1", b"\x93\xff\x03\x01"),
            ("type as float", b"\x93\xcb\x40\x10" + bytes(6) + b"\x03\x01"), ("type as string", b"\x93\xa14\x03\x01"), ("type 2^63", b"\x93\xcf\x80" + bytes(7) + b"\x03\x01"),
            ("req as float", b"\x93\x04\xca" + bytes(4) + b"\x01"), ("req 2^63", b"\x93\x04\xcf\x80" + bytes(7) + b"\x01"), ("an extension", b"\x93\x04\x03\xd4\x01\x00"),
            ("cut in the middle", encode([GET, 1, HASH, 1, 0, 1, 0, 1])[:20]), ("a string that is cut", encode([ERR, None, 7])[:-1] + b"\x07\xd9\xff"),
            ("an array that promises more", b"\x99" + good[1:]), ("octets of 2^32 - 1", encode([DATA, None, HASH, 1, 0, 1, 0])[:-1] + b"\x00\xc6\xff\xff\xff\xff"),
            ("broken UTF-8", encode([ERR, None, 7, "ab", 0]).replace(b"ab", b"\xff\xfe")), ("overlong UTF-8", encode([ERR, None, 7, "ab", 0]).replace(b"ab", b"\xc0\x80")),
            ("a surrogate", encode([ERR, None, 7, "abc", 0]).replace(b"abc", b"\xed\xa0\x80")), ("a reserved octet", b"\x93\x04\x03\xc1"),
            ("reserved, a key twice", encode([BLOB, None])[:-1].replace(b"\x92", b"\x93") + b"\xc0\x82\xa1a\x01\xa1a\x02"),
            ("reserved, keys that fall", encode([BLOB, None])[:-1].replace(b"\x92", b"\x93") + b"\xc0\x82\xa1b\x01\xa1a\x02"),
            ("reserved, a key that is no string", b"\x93\x09\xc0\x81\x01\x01"), ("reserved, ten deep", b"\x93\x09\xc0" + b"\x91" * 9 + b"\x01"),
            ("reserved, 100 000 deep", b"\x93\x09\xc0" + b"\x91" * 100000 + b"\x01"), ("reserved, a list of 2^16 - 1 that is not there", b"\x93\x09\xc0\xdc\xff\xff"))
    for name, payload in rows:
        yield f"payload: {name}", "message.format", "open", octets(payload)


def unknown_rows():
    for name, message in (("BLOB", [BLOB, 1, HASH]), ("type 0", [0, None, 1]),
                          ("type 14", [14, None]), ("type 2^62", [2**62, None, 1]), ("WANT 0", [WANT, 1, 0]),
                          ("WANT 7, BLOB", [WANT, 1, 7, HASH, 0, 1]), ("WANT 2^62", [WANT, 1, 2**62])):
        yield f"reserved or unknown: {name}", "message.unknown", "open", said(message)


def unasked_rows():
    yield "DATA that nobody asked for", "data.unasked", "open", said([DATA, 1, HASH, 1, 0, 1, 0, b"\x90"])
    yield "DATA without a req", "data.unasked", "open", said([DATA, None, HASH, 1, 0, 1, 0, b"\x90"])
    yield "DATA: 480 KiB that nobody asked for", "data.unasked", "open", said([DATA, 2**62, HASH, 1, 0, 1, 0, b"x" * 491520])
    yield "DATA: a flood of 64 KiB each", "data.unasked", "open", flood(40, [DATA, 1, HASH, 1, 0, 1, 0, b"x" * 65536])
    yield "IDENT that nobody asked for", "message.unasked", "open", lambda a: a.send([IDENT, 2**40, a.member.node, [], None])
    yield "EPOCH that nobody asked for", "message.unasked", "open", said([EPOCH, 2**40, []])
    yield "PROOF that nobody asked for", "message.unasked", "open", said([PROOF, 2**40, HASH, 1, 1, 0, 1, HASH, []])
    yield "ALERT: evidence that is none", "evidence.format", "open", lambda a: a.send([ALERT, None, a.member.node, 1, b"e"])
    forged = encode([7, None, [], []])
    yield "EPOCH: a forged one", "message.unasked", "open", said([EPOCH, None, [[forged, []]]])
    yield "IDENT: a forged one", "message.unasked", "open", lambda a: a.send([IDENT, None, a.member.nodes["IT"], [[encode([1, 2]), [[0, b"s" * 64]]]], None])


def checkpoint_rows():
    def of(change):
        def send(a):
            m = a.member
            a.send([CKPT, None, m.node, 1, [change(a, m.checkpoint(m.tree.size + 1, HASH, m.seed))]])
        return send
    rows = (("of a key that is not the owner's", "checkpoint.signature", lambda a, t: a.member.checkpoint(a.member.tree.size, os.urandom(32), nacl.signing.SigningKey.generate())),
            ("a flipped signature", "checkpoint.signature", lambda a, t: t[:-8] + ("A" if t[-8] != "A" else "B") + t[-7:]),
            ("no signature line", "checkpoint.format", lambda a, t: t[:t.index("\n\n") + 1]), ("nothing", "checkpoint.format", lambda a, t: ""),
            ("two signature lines", "checkpoint.format", lambda a, t: t + t[t.index("\n\n") + 2:]), ("a line more", "checkpoint.format", lambda a, t: t.replace("\n\n", "\nx\n\n", 1)),
            ("a size of 0", "checkpoint.format", lambda a, t: a.member.checkpoint(0, bytes(32), a.member.seed)), ("a leading zero", "checkpoint.format", lambda a, t: t.replace("\n", "\n0", 1)),
            ("capital hexadecimals", "checkpoint.format", lambda a, t: t.replace(a.member.fed_id.hex(), a.member.fed_id.hex().upper())),
            ("no newline at the end", "checkpoint.format", lambda a, t: t[:-1]), ("a blank at the end of a line", "checkpoint.format", lambda a, t: t.replace("\n", " \n")))
    for name, counter, change in rows:
        yield f"CKPT: {name}", counter, "open", of(change)
    yield "CKPT: two that nobody asked for", "checkpoint.limit", "open", lambda a: a.send([CKPT, None, a.member.node, 1, [a.member.checkpoints[1]] * 2])
    yield "CKPT: 32 that nobody asked for", "checkpoint.limit", "open", lambda a: a.send([CKPT, None, a.member.node, 1, [a.member.checkpoints[1]] * 32])
    yield "CKPT: under a question that was not asked", "message.unasked", "open", lambda a: a.send([CKPT, 2**40, a.member.node, 1, [a.member.checkpoints[1]] * 32])
    yield "CKPT: what is held, under another key", None, "open", lambda a: a.send(
        [CKPT, None, a.member.node, 1, [a.member.checkpoint(1, hashlib.sha256(b"\0" + a.member.items[0][0]).digest(), nacl.signing.SigningKey.generate())]])
    yield "CKPT: of a log that nobody has", "checkpoint.format", "open", said([CKPT, None, HASH, 1, []])
    yield "CKPT: of a generation that nobody has, which is asked for", None, "open", lambda a: a.send([CKPT, None, a.member.node, 9, []])
    yield "CKPT: an old one of its own (rollback)", None, "open", lambda a: a.send([CKPT, None, a.member.node, 1, [a.member.checkpoints[1]]])


def question_rows():
    """Questions that are in order, however far they reach: they are answered, and nothing is counted."""
    its = lambda a: a.member.nodes["IT"]
    for name, message in (("far beyond the end", lambda a: [GET, 9, its(a), 1, 2**39, 2**40 - 1, 0, 1000]), ("max octets 0", lambda a: [GET, 9, its(a), 1, 0, 2, 0, 0]),
                          ("max octets 2^62", lambda a: [GET, 9, its(a), 1, 0, 2, 0, 2**62]), ("2^40 positions", lambda a: [GET, 9, its(a), 1, 0, 2**40 - 1, 0, 2**62]),
                          ("of nobody", lambda a: [GET, 9, HASH, 1, 0, 1, 0, 1]), ("of a later generation", lambda a: [GET, 9, its(a), 2**32 - 1, 0, 1, 0, 1]),
                          ("of headers", lambda a: [GET, 9, its(a), 1, 0, 2, 1, 1]), ("of bodies", lambda a: [GET, 9, its(a), 1, 0, 2, 2, 1])):
        yield f"GET: {name}", None, "open", lambda a, message=message: a.send(message(a))
    for name, message in (("CKPT of nobody", [WANT, 9, 2, HASH, 1, 0]), ("CKPT from 2^40 - 1", [WANT, 9, 2, HASH, 1, 2**40 - 1]), ("IDENT of nobody", [WANT, 9, 3, HASH]),
                          ("EPOCH 2^62", [WANT, 9, 4, 2**62]), ("HEADS without a req", [WANT, None, 1]), ("HOLDS with a req of 2^63 - 1", [WANT, 2**63 - 1, 6])):
        yield f"WANT: {name}", None, "open", said(message)


def err_rows():
    names = ("no-session", "version", "federation", "format", "signature", "unknown", "not-held", "busy", "quota", "too-large", "not-member")
    for code, name in enumerate(names, 1):
        yield f"ERR {code} without a question", f"err.{name}", "open", said([ERR, 2**40, code, "", 0])
    yield "ERR 0", "err.other", "open", said([ERR, None, 0, "", 0])
    yield "ERR 2^62, retry after 2^62", "err.other", "open", said([ERR, None, 2**62, "x" * 256, 2**62])
    yield "ERR: a flood", "err.busy", "open", flood(300, [ERR, None, 8, "", 2**62])


def flood_rows():
    yield "HEADS: a flood", "quota.frames", "open", flood(250, [HEADS, None, 1, HASH, []])
    yield "HOLDS: a flood", "quota.frames", "open", flood(250, [HOLDS, None, []])
    yield "CKPT: a flood", "quota.frames", "open", flood(250, lambda a: [CKPT, None, a.member.node, 1, []])
    yield "HOLDS: a flood of large ones", "quota.bytes", "open", flood(12, [HOLDS, None, [[encode([HASH, 1, 1, []]) + b"h" * 40000, b"s" * 64]] * 8])
    yield "GET: a flood", ("quota.frames", "frame.no-session"), "either", flood(400, lambda a: [GET, 1, a.member.nodes["IT"], 1, 0, 2, 0, 262144])
    yield "WANT: a flood", ("quota.frames", "frame.no-session"), "either", flood(400, [WANT, 1, 1])


def checkpoint_flood_rows():
    def send(a):
        m, rows = a.member, sorted([o.roll, 1, o.tree.size, o.tree.root()[:8]] for o in a.family.values())
        false = m.checkpoint(m.tree.size + 1, HASH, nacl.signing.SigningKey.generate())
        for _ in range(90):
            a.send([HEADS, None, 1, HASH, rows])
            for _ in rows:
                a.send([CKPT, None, m.node, 1, [false]])
    yield "CKPT: a flood of signatures behind HEADS", ("quota.checkpoints", "checkpoint.signature"), "open", send


def frame_rows():
    """Frames that are none, or not of this link and place: the session ends, and the next HELLO opens another."""
    def signed(payload, **change):
        return lambda a: a.socket.send(a.frame_of(payload, **change))
    want = encode([WANT, 1, 1])
    raw = (("no octet", b""), ("one octet", b"\xc0"), ("text", b"GET / HTTP/1.1\r\n\r\n"), ("an empty array", b"\x90"), ("payload alone", encode([want])),
           ("three elements", encode([want, b"s" * 64, 0])), ("a signature of 63", encode([want, b"s" * 63])), ("a signature of 65", encode([want, b"s" * 65])),
           ("a signature that is text", encode([want, "s" * 64])), ("a payload that is text", encode(["want", b"s" * 64])), ("an octet behind it", None),
           ("a long header", b"\xdc\x00\x02" + encode([want, b"s" * 64])[1:]), ("cut in the middle", encode([want, b"s" * 64])[:30]), ("a map", encode({0: want, 1: b"s" * 64})),
           ("a payload of 2^32 - 1", b"\x92\xc6\xff\xff\xff\xff"), ("zeros", bytes(4096)), ("ones", b"\xff" * 4096))
    for name, frame in raw:
        yield f"frame: {name}", "frame.format", "closed", (lambda a, f=frame: a.socket.send(f)) if frame is not None else lambda a: a.socket.send(a.frame([WANT, 1, 1]) + b"\x00")
    for name, change in (("a signature of zeros", {"signature": bytes(64)}), ("a signature of ones", {"signature": b"\xff" * 64}), ("the next counter", {"counter": 1}),
                         ("the counter before", {"counter": -1}), ("counter 2^63", {"counter": 2**63}), ("under a person's tag", {"tag": "record"}), ("under a receipt's tag", {"tag": "receipt"}),
                         ("of another key", {"key": nacl.signing.SigningKey.generate()}), ("of another sender", {"sender": HASH}), ("for another receiver", {"receiver": HASH}),
                         ("with the nonces exchanged", {"swap": True}), ("over another acceptor's nonce", {"theirs": b"n" * 16}), ("over another dialler's nonce", {"own": b"n" * 16}),
                         ("of another federation", {"fed_id": HASH}), ("over another payload", {"over": b"\xc0"})):
        yield f"frame: {name}", "frame.signature", "closed", signed(want, **change)
    for at in range(0, 72, 9):
        def flipped(a, at=at):
            frame = bytearray(a.frame_of(want))
            place = {0: 2, 9: 3, 18: len(frame) - 64, 27: len(frame) - 1}.get(at, len(frame) - 64 + at % 64)
            frame[place] ^= 1 << (at % 8)
            a.socket.send(bytes(frame))
        yield f"frame: bit {at} flipped", ("frame.signature", "frame.format"), "closed", flipped

    def replayed(a):
        frame = a.frame([WANT, 1, 1])
        a.send([WANT, 1, 1])
        a.socket.send(frame)

    def swapped(a):
        first, a.sent = a.frame([WANT, 1, 1]), a.sent + 1
        a.socket.send(a.frame([WANT, 2, 1]))
        a.socket.send(first)
    yield "frame: replayed", "frame.signature", "closed", replayed
    yield "frame: of a session before", "frame.signature", "closed", lambda a: a.socket.send(a.recorded)
    yield "frame: two exchanged", ("frame.signature", "frame.no-session"), "closed", swapped


def hello_rows():
    for name, counter, change in (("versions 2 to 3", "hello.version", {1: 2, 2: 3}), ("versions 2^62 to 2^62", "hello.version", {1: 2**62, 2: 2**62}),
                                  ("of another federation", "hello.federation", {3: HASH}), ("of another node", "hello.peer", {4: HASH}), ("of a member that it is not", "hello.peer", {4: "FR"}),
                                  ("another hash of our epoch", "hello.federation", {7: HASH}), ("versions from high to low", "frame.format", {1: 1, 2: 0}), ("version 0", "frame.format", {1: 0}),
                                  ("identity version 0", "frame.format", {5: 0}), ("epoch 0", "frame.format", {6: 0}), ("a nonce of 15", "frame.format", {9: b"n" * 15}),
                                  ("a nonce of 17", "frame.format", {9: b"n" * 17}), ("a field too many", "frame.format", {10: 0}), ("no nonce", "frame.format", {9: None})):
        yield f"HELLO: {name}", counter, "closed", lambda a, change=change: a.send_hello(change)
    yield "HELLO: twice the same", "frame.signature", "closed", lambda a: a.send_hello({9: a.own})
    yield "HELLO: with counter 1", "frame.signature", "closed", lambda a: a.send_hello({}, counter=1)
    yield "HELLO: over a nonce that is not zeros", "frame.signature", "closed", lambda a: a.send_hello({}, theirs=b"n" * 16)
    yield "HELLO: unsigned", "frame.signature", "closed", lambda a: a.send_hello({}, signature=bytes(64))
    yield "HELLO: of 5000 octets", "frame.too-large", "closed", lambda a: a.send_hello({8: b"d" * 5000})
    for code, name in ((1, "no-session"), (2, "version"), (3, "federation"), (11, "not-member")):
        yield f"unsigned ERR {name}", "frame.no-session", "open", lambda a, code=code: a.socket.send(encode([encode([ERR, None, code, "", 0]), bytes(64)]))
    yield "unsigned ERR busy", "frame.signature", "closed", lambda a: a.socket.send(encode([encode([ERR, None, 8, "", 0]), bytes(64)]))
    yield "unsigned ERR with a req", "frame.signature", "closed", lambda a: a.socket.send(encode([encode([ERR, 1, 1, "", 0]), bytes(64)]))


def rows():
    for family in (field_rows, list_rows, encoding_rows, unknown_rows, unasked_rows, checkpoint_rows, question_rows, err_rows, flood_rows, checkpoint_flood_rows, frame_rows, hello_rows):
        for row in family():
            yield row
