"""A test peer: a member of the federation written from docs/protocol.md alone, that holds a valid member's keys and can misbehave.

It dials an honest node, opens a session (8.2), keeps a log of its own (an identity and what it appends) and answers WANT and GET as a
member does, except where a test tells it to lie: `lie` names the one thing that it does wrong.
"""
import hashlib
import os
import time
from base64 import b64encode

import msgpack
import nacl.bindings
import nacl.signing
import zmq
import zmq.utils.z85

HELLO, HEADS, HOLDS, WANT, CKPT, PROOF, IDENT, GET, DATA, ERR = 1, 2, 3, 4, 5, 6, 8, 10, 11, 13


def encode(value):
    return msgpack.packb(value, use_bin_type=True)


def decode(octets):
    return msgpack.unpackb(octets, raw=False)


def blake(personal, data, key=b""):
    return hashlib.blake2b(data, digest_size=32, key=key, person=personal.encode()).digest()


def key_file(path):
    """(public, secret) octets of an unsealed key file."""
    fields = dict(line.split(": ", 1) for line in open(path, encoding="utf-8").read().splitlines() if ": " in line)
    return bytes.fromhex(fields["public"]), bytes.fromhex(fields["secret"])


def bundle_items(path):
    data = open(path, "rb").read()
    assert data.startswith(b"SPECOLA1\n")
    unpacker = msgpack.Unpacker(raw=False, max_buffer_size=2**31 - 1)
    unpacker.feed(data[9:])
    return [tuple(item) for item in unpacker]


class Tree:
    """RFC 9162 2.1 over leaf hashes, as a compact range."""

    def __init__(self):
        self.size, self.hashes = 0, []

    def append(self, envelope):
        leaf, size = hashlib.sha256(b"\0" + envelope).digest(), self.size
        while size & 1:
            leaf, size = hashlib.sha256(b"\1" + self.hashes.pop() + leaf).digest(), size >> 1
        self.hashes.append(leaf)
        self.size += 1

    def root(self):
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = hashlib.sha256(b"\1" + left + root).digest()
        return root


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return hashlib.sha256(b"\1" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


def path_of(index, leaves):
    """RFC 9162 2.1.3.1."""
    if len(leaves) == 1:
        return []
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < half:
        return path_of(index, leaves[:half]) + [root_of(leaves[half:])]
    return path_of(index - half, leaves[half:]) + [root_of(leaves[:half])]


class Member:
    """Keys, charter and log of the member that this peer plays."""

    def __init__(self, home, charter):
        self.seed = nacl.signing.SigningKey(key_file(os.path.join(home, "node.key"))[1])
        self.curve = key_file(os.path.join(home, "curve.key"))
        self.public = bytes(self.seed.verify_key)
        body, signatures = next(payload for kind, payload in bundle_items(charter) if kind == 1)
        self.fed_id = blake("specola1.charter", body)
        charter_fields = decode(body)
        self.founders = {f[1]: decode(f[0]) for f in charter_fields[2]}
        self.nodes = {f[1]: blake("specola1.ident", f[0]) for f in charter_fields[2]}
        index = next(i for i, f in enumerate(charter_fields[2]) if decode(f[0])[5] == self.public)
        self.handle, identity_body = charter_fields[2][index][1], charter_fields[2][index][0]
        self.node = self.nodes[self.handle]
        rolls = {f[1]: i for i, f in enumerate(charter_fields[2])}
        self.roll = rolls[self.handle]
        members = [[i, self.nodes[f[1]], f[1], f[2], f[3], rolls[f[4]] if f[4] else None] for i, f in enumerate(charter_fields[2])]
        self.epoch = encode([1, None, members, [blake("specola1.policy", encode(p)) for p in charter_fields[3]]])
        self.identity_item = encode([identity_body, [[s[1], s[3]] for s in signatures if s[0] == index]])
        self.tree, self.items, self.checkpoints = Tree(), [], {}
        self.append(1, self.identity_item, salt=bytes(16))

    def sign(self, tag, octets, key=None):
        return (key or self.seed).sign(b"specola1:" + tag.encode() + b"\0" + self.fed_id + octets).signature

    def append(self, kind, body=b"", salt=None, subject=None, args=(), refs=(), key=None):
        """One more record by the node key, or another one, in the own log, and the checkpoint behind it."""
        salt = salt if salt is not None else os.urandom(16)
        commit = blake("specola1.body", body, key=salt) if body else None
        author = bytes(key.verify_key) if key else self.public
        header = encode([1, kind, 1, self.node, author, int(time.time()), subject, list(refs), list(args), len(body), commit])
        signature = self.sign("record", blake("specola1.record", self.fed_id + header), key)
        envelope = encode([header, signature])
        self.items.append([envelope, salt, body] if body else [envelope])
        self.tree.append(envelope)
        self.checkpoints[self.tree.size] = self.checkpoint(self.tree.size, self.tree.root(), self.seed)

    def certify(self, n=1):
        """Appends n certificates of fresh keys: records that any member may write."""
        for person in range(n):
            key = bytes(nacl.signing.SigningKey.generate().verify_key)
            self.append(2, encode({"name": f"person {person}"}), subject=key, args=(self.tree.size, 8, 0))

    def checkpoint(self, size, root, seed):
        origin = f"specola/{self.fed_id.hex()}/{self.node.hex()}/1"
        text = f"{origin}\n{size}\n{b64encode(root).decode()}\n"
        key_hash = hashlib.sha256(origin.encode() + b"\n\x01" + bytes(seed.verify_key)).digest()[:4]
        return text + f"\n— {origin} {b64encode(key_hash + seed.sign(text.encode()).signature).decode()}\n"


class Peer:
    """A dialled link to one honest node. lie: None, "other-link", "flipped-window", "other-key", "false-head"."""

    def __init__(self, member, handle, endpoint, lie=None, curve=None):
        self.member, self.lie, self.endpoint = member, lie, endpoint
        self.theirs_node = member.nodes[handle]
        self.keys = (member.founders[handle][6], *(curve or member.curve))
        self.context = zmq.Context()
        self.connect()
        self.own, self.theirs, self.sent = os.urandom(16), bytes(16), 0
        self.open, self.lied, self.seen = False, False, []

    def connect(self):
        self.socket = self.context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.curve_serverkey, self.socket.curve_publickey, self.socket.curve_secretkey = map(zmq.utils.z85.encode, self.keys)
        self.socket.connect(self.endpoint)

    def close(self):
        self.socket.close()
        self.context.term()

    def frame(self, message, theirs=None):
        payload = encode(message)
        signed = (self.member.node + self.theirs_node + self.own + (theirs or self.theirs) + self.sent.to_bytes(8, "big") +
                  blake("specola1.payload", payload))
        return encode([payload, self.member.sign("frame", signed)])

    def send(self, message, theirs=None):
        self.socket.send(self.frame(message, theirs))
        self.sent += 1

    def hello(self):
        m = self.member
        self.send([HELLO, None, 1, 1, m.fed_id, m.node, 1, 1, blake("specola1.epoch", m.epoch), bytes(32), self.own])

    def heads(self, size=None, root=None):
        m = self.member
        size = size or m.tree.size
        self.send([HEADS, None, 1, bytes(32), [[m.roll, 1, size, (root or m.tree.root())[:8]]]])

    def run(self, seconds):
        """Plays its part for a while; returns the types of the messages that came."""
        self.hello()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.socket.poll(50):
                payload, _ = decode(self.socket.recv())
                self.answer(decode(payload))
        return self.seen

    def answer(self, message):
        kind = message[0]
        self.seen.append(kind)
        if kind == HELLO and not self.open:
            self.theirs, self.open = message[10], True
            self.start()
        elif kind == WANT and message[2] == 2:
            self.answer_checkpoints(message)
        elif kind == WANT and message[2] == 3:
            self.send([IDENT, message[1], self.member.node, [decode(self.member.identity_item)], None])
        elif kind == WANT and message[2] == 1:
            self.heads()
        elif kind == WANT and message[2] == 6:
            self.send([HOLDS, message[1], []])
        elif kind == WANT and message[2] == 5:
            self.prove(self.member if message[3] == self.member.node else None, message)
        elif kind == GET:
            self.answer_window(message)

    def start(self):
        """The first word after the session opened."""
        if self.lie == "other-link":
            self.send([HEADS, None, 1, bytes(32), []], theirs=os.urandom(16))
        elif self.lie == "false-head":
            self.heads(size=self.member.tree.size + 1000, root=os.urandom(32))
        else:
            self.heads()

    def answer_checkpoints(self, message):
        m, (_, req, _, node, gen, start) = self.member, message
        texts = [m.checkpoints[m.tree.size]] if node == m.node and start < m.tree.size else []
        if self.lie == "other-key" and texts:
            texts = [m.checkpoint(m.tree.size, m.tree.root(), nacl.signing.SigningKey.generate())]
        self.send([CKPT, req, node, gen, texts])

    def prove(self, m, message):
        """The truth about a log that it holds (None: it does not), of inclusion (docs/protocol.md 8.3)."""
        _, req, _, node, gen, size, index, kind = message
        if m is None or size > len(m.items) or kind != 1:
            self.send([ERR, req, 7, "not held", 0])
            return
        leaves = [hashlib.sha256(b"\0" + item[0]).digest() for item in m.items[:size]]
        self.send([PROOF, req, node, gen, size, index, kind, leaves[index], path_of(index, leaves)])

    def answer_window(self, message):
        m, (_, req, node, gen, start, end, _, _) = self.member, message
        if node != m.node or start >= len(m.items):
            self.send([ERR, req, 7, "not held", 0])
            return
        items = [list(item) for item in m.items[start:end]]
        if self.lie == "flipped-window" and not self.lied:
            envelope = bytearray(items[-1][0])
            envelope[-1] ^= 1  # the last octet of the author's signature
            items[-1][0] = bytes(envelope)
            self.lied = True
        self.send([DATA, req, node, gen, start, len(items), 0, encode(items)])


def stranger(member, handle, endpoint, seconds=2):
    """Knocks with a CURVE key that nobody knows; returns its public key."""
    public, secret = (zmq.utils.z85.decode(key) for key in zmq.curve_keypair())
    peer = Peer(member, handle, endpoint, curve=(public, secret))
    peer.hello()
    time.sleep(seconds)
    heard = peer.socket.poll(0)
    peer.close()
    assert not heard, "an unknown key was answered"
    return public
