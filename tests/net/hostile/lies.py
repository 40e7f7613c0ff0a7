"""Lies of a member who is asked: it claims that a log of a member has grown, is asked for checkpoint and entries, and answers with
something else. A row is (name, counter, what it does instead). Whoever lied about a log is not asked for it for a while, so each row
is told by another pair of liar and log; all logs are those of attackers, who know each other's keys."""
import ctypes
import os
import time

import nacl.signing

from peer import CKPT, DATA, ERR, GET, HEADS, WANT, encode


def window(a, message, change=None, **fields):
    """DATA as it should be, or changed: of items, or of the fields behind req (node, gen, from, count, encoding, window)."""
    m, (_, req, node, gen, start, end, _, _) = a.subject, message
    items = [list(item) for item in m.items[start:end]]
    if change is not None:
        items = change(items)
    values = {"node": node, "gen": gen, "from": start, "count": len(items), "encoding": 0, "window": encode(items), **fields}
    a.send([DATA, req, *values.values()])


def flipped(at):
    def change(items):
        octets = bytearray(items[-1][at])
        octets[-1] ^= 1
        return [*items[:-1], [bytes(octets) if i == at else part for i, part in enumerate(items[-1])]]
    return change


def bomb():
    """64 MiB of zeros in some KiB."""
    zstd, octets = ctypes.CDLL("libzstd.so.1"), bytes(64 << 20)
    out = ctypes.create_string_buffer(1 << 20)
    zstd.ZSTD_compress.restype = ctypes.c_size_t
    n = zstd.ZSTD_compress(out, ctypes.c_size_t(len(out)), octets, ctypes.c_size_t(len(octets)), 1)
    return out.raw[:n]


def ckpt(text):
    return lambda a, message: a.send([CKPT, message[1], message[3], message[4], text(a.subject)])


CHECKPOINTS = (
    ("a checkpoint of another key", "checkpoint.signature", ckpt(lambda m: [m.checkpoint(m.tree.size, m.tree.root(), nacl.signing.SigningKey.generate())])),
    ("a checkpoint that is none", "checkpoint.format", ckpt(lambda m: ["specola/"])),
    ("no checkpoint", "heads.unbacked", ckpt(lambda m: [])),
    ("the checkpoint of another log", "checkpoint.format", lambda a, message: a.send([CKPT, message[1], b"\x07" * 32, 1, []])),
)
WINDOWS = (
    ("a zstd bomb of 64 MiB", "data.format", lambda a, message: window(a, message, encoding=1, window=bomb())),
    ("zstd that is none", "data.format", lambda a, message: window(a, message, encoding=1, window=os.urandom(300))),
    ("a count that is not the window's", "data.format", lambda a, message: window(a, message, lambda items: items + [[b"e"]], count=1)),
    ("entries of another position", "data.format", lambda a, message: window(a, message, **{"from": message[4] + 1})),
    ("entries of another log", "data.format", lambda a, message: window(a, message, node=b"\x07" * 32)),
    ("a window that is not canonical", "data.format", lambda a, message: window(a, message, window=b"\xdc\x00\x01\x91\xc4\x01e")),
    ("items of four", "data.format", lambda a, message: window(a, message, lambda items: [[*item, 0, 0, 0] for item in items])),
    ("an envelope with a flipped bit", "pull.mismatch", lambda a, message: window(a, message, flipped(0))),
    ("a body with a flipped bit", ("pull.mismatch", "data.mismatch"), lambda a, message: window(a, message, flipped(2))),
    ("a salt with a flipped bit", ("pull.mismatch", "data.mismatch"), lambda a, message: window(a, message, flipped(1))),
    ("entries of another's making", "pull.mismatch", lambda a, message: window(a, message, lambda items: [[os.urandom(300)] for _ in items])),
    ("ERR, not held", "err.not-held", lambda a, message: a.send([ERR, message[1], 7, "not held", 0])),
)


def rows():
    for name, counter, act in CHECKPOINTS:
        yield name, counter, {(WANT, 2): act}
    for name, counter, act in WINDOWS:
        yield name, counter, {GET: act}


def tell(a, subject, answers):
    """Claims that the subject's log has one entry more than it had, and answers as the row says."""
    a.subject, a.answers = subject, answers
    a.send([HEADS, None, 1, bytes(32), [[subject.roll, 1, subject.tree.size, subject.tree.root()[:8]]]])


def play(watch, honest, attackers, bad):
    n = len(attackers)
    table = list(rows())
    assert len(table) <= n * n
    for i, (name, counter, answers) in enumerate(table):
        a, subject = attackers[i % n], attackers[(i + i // n) % n].member
        counters = counter if isinstance(counter, tuple) else (counter,)
        try:
            time.sleep(max(0.0, a.rest_until - time.monotonic()))
            if not a.open:
                a.open_session()
            subject.certify()
            before = watch.look()[0]
            tell(a, subject, answers)
            moved = lambda: any(watch.look()[0][a.member.handle].get(c, 0) != before[a.member.handle].get(c, 0) for c in counters)
            a.pump(moved, 10)
            watch.check(before, a.member.handle, counters)
            honest.answers_again()
        except AssertionError as error:
            bad.append(f"lie: {name}: {error}")
            print(bad[-1], flush=True)
            a.open = False
        a.answers = {}
        a.subject = None
    return len(table) + fork(watch, honest, attackers, bad)


def fork(watch, honest, attackers, bad):
    """An owner that signs two roots of one size is blamed, once and whoever brings the second one; nobody else is."""
    a, relay = attackers[0], attackers[1]
    try:
        before = watch.look()[0]
        m = a.member
        a.send([CKPT, None, m.node, 1, [m.checkpoint(m.tree.size + 5, os.urandom(32), m.seed)]])
        assert a.is_heard()
        relay.send([CKPT, None, m.node, 1, [m.checkpoint(m.tree.size + 5, os.urandom(32), m.seed)]])
        assert relay.is_heard()
        watch.check(before, m.handle, ("checkpoint.fork",))
        honest.answers_again()
    except AssertionError as error:
        bad.append(f"lie: a fork: {error}")
        print(bad[-1], flush=True)
    return 1
