#!/usr/bin/python3
"""A second verifier, written from docs/protocol.md alone. It checks a bundle (section 10): the hash over the file, the charter and
its signatures, the epoch, every identity and address, every log's tree against its checkpoints, every record's signature and body.

usage: verify.py [--json] FILE.bundle      exit 0 accepted, 8 refused, 12 a newer version
"""
import hashlib
import json
import sys
from base64 import b64decode, b64encode

import msgpack
import nacl.bindings
import nacl.exceptions


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


# ---- section 1: canonical msgpack -------------------------------------------------------------------------------------------------

def check_value(value, depth=1, limit=None):
    need(depth <= 8 or not isinstance(value, (list, dict)), "nested deeper than 8")
    if isinstance(value, str):
        need(all(c in "\n\t" or (c >= " " and c != "\x7f") for c in value), "control character in a str")
    elif isinstance(value, list):
        need(limit is None or len(value) <= limit, "list too long")
        for item in value:
            check_value(item, depth + 1, limit)
    elif isinstance(value, dict):
        need(limit is None or len(value) <= limit, "map too long")
        keys = list(value)
        need(all(isinstance(k, str) and k.isascii() and 1 <= len(k) <= 64 for k in keys), "map key")
        need(keys == sorted(keys, key=lambda k: (len(k), k)), "map keys not increasing")
        for item in [*keys, *value.values()]:
            check_value(item, depth + 1, limit)
    else:
        need(value is None or isinstance(value, (bool, int, bytes)), "type not allowed")
        need(not isinstance(value, int) or value < 2**63, "number from 2^63 on")


def decode(octets, what, limit=None):
    try:
        value = msgpack.unpackb(octets, raw=False, strict_map_key=True, max_str_len=2**21, max_bin_len=2**21)
        same = msgpack.packb(value, use_bin_type=True) == octets
    except (ValueError, TypeError, OverflowError, msgpack.exceptions.UnpackException) as error:
        raise Refused(f"{what}: {error}") from error
    need(same, f"{what}: not canonical")
    check_value(value, 1, limit)
    return value


def encode(value):
    return msgpack.packb(value, use_bin_type=True)


def array(value, size, what):
    need(isinstance(value, list) and len(value) in (size if isinstance(size, tuple) else (size,)), f"{what}: shape")
    return value


def binary(value, size, what):
    need(isinstance(value, bytes) and (size is None or len(value) == size), f"{what}: not {size} octets")
    return value


# ---- section 2: hashes, signatures, keys ------------------------------------------------------------------------------------------

def blake(personal, data, key=b""):
    return hashlib.blake2b(data, digest_size=32, key=key, person=personal.encode()).digest()


def bare(public, data, signature):
    need(nacl.bindings.crypto_core_ed25519_is_valid_point(public), "key is not a valid point")
    try:
        return nacl.bindings.crypto_sign_open(signature + data, public) is not None
    except nacl.exceptions.BadSignatureError:
        return False


def tagged(public, tag, fed_id, data, signature):
    return bare(public, b"specola1:" + tag.encode() + b"\0" + fed_id + data, signature)


# ---- sections 6.1 to 6.4 ------------------------------------------------------------------------------------------------------------

def read_identity(body):
    need(len(body) <= 4096, "identity body too long")
    v = array(decode(body, "identity"), 11, "identity")
    need(v[0] == 1 and v[1] >= 1, "identity version")
    roots = v[3]
    need(1 <= len(roots) <= 7 and roots == sorted(set(roots)) and 1 <= v[4] <= len(roots), "root keys")
    for key in [*roots, v[5], v[6]]:
        binary(key, 32, "key")
    need(v[5] not in roots and nacl.bindings.crypto_core_ed25519_is_valid_point(v[5]), "node key")
    need((v[2] is None) == (v[1] == 1) and v[8] >= 1 and v[10] is None, "identity fields")
    need(v[1] > 1 or (v[8] == 1 and v[9] is None), "first identity with a generation or a cut")
    if v[9] is not None:
        need(array(v[9], 2, "cut")[0] >= 1 and binary(v[9][1], 32, "root"), "cut")
    return {"version": v[1], "prev": v[2], "roots": roots, "threshold": v[4], "key": v[5], "gen": v[8], "cut": v[9],
            "hash": blake("specola1.ident", body)}


def check_roots(identity, over, signatures, fed_id):
    indices = sorted({s[0] for s in signatures})
    need(indices == [s[0] for s in signatures] and len(indices) >= over["threshold"], "root signatures missing")
    for index, signature in signatures:
        need(index < len(over["roots"]), "root index")
        need(tagged(over["roots"][index], "identity", fed_id, identity["hash"], signature), "identity signature")


class Bundle:
    def __init__(self):
        self.fed_id = self.charter = None
        self.handles, self.identities, self.logs, self.pending = {}, {}, {}, {}
        self.takedowns, self.gone = set(), set()
        self.totals = {"entries": 0, "records": 0, "held": 0, "bodies": 0, "bodies_missing": 0, "bodies_gone": 0, "forks": 0}

    def charter_item(self, payload):
        need(self.charter is None, "second charter")
        body, signatures = array(payload, 2, "charter item")
        fields = array(decode(body, "charter"), 5, "charter")
        need(fields[0] == 1, "charter version")
        self.charter, self.fed_id = fields, blake("specola1.charter", body)
        founders = [array(f, 5, "founder") for f in fields[2]]
        identities = [read_identity(f[0]) for f in founders]
        nodes = [i["hash"] for i in identities]
        need(nodes == sorted(set(nodes)) and len({f[1] for f in founders}) == len(founders), "founders not in order, or a handle twice")
        pairs = [(s[0], s[1]) for s in signatures]
        need(pairs == sorted(set(pairs)), "charter signatures not in order")
        for founder, root, over_charter, over_identity in signatures:
            need(founder < len(founders) and root < len(identities[founder]["roots"]), "signature of nobody")
            key = identities[founder]["roots"][root]
            need(tagged(key, "charter", self.fed_id, self.fed_id, over_charter), "charter signature")
            need(tagged(key, "identity", self.fed_id, nodes[founder], over_identity), "identity signature")
        for index, identity in enumerate(identities):
            need(sum(p[0] == index for p in pairs) >= identity["threshold"], f"{founders[index][1]} has not signed")
            self.identities[nodes[index]], self.handles[nodes[index]] = [identity], founders[index][1]

    def epoch_item(self, payload):
        body, quorum = array(payload, 2, "epoch item")
        need(quorum == [], "only epoch 1 is defined")
        founders = self.charter[2]
        rolls = {f[1]: i for i, f in enumerate(founders)}
        members = [[i, read_identity(f[0])["hash"], f[1], f[2], f[3], rolls[f[4]] if f[4] else None] for i, f in enumerate(founders)]
        need(body == encode([1, None, members, [blake("specola1.policy", encode(p)) for p in self.charter[3]]]), "epoch 1")

    def identity_item(self, payload):
        body, signatures = array(payload, (2, 3), "identity item")[:2]
        identity = read_identity(body)
        check_roots(identity, identity, signatures, self.fed_id)
        if identity["version"] == 1:
            return need(identity["hash"] in self.identities, "identity of no founder")
        chain = next((c for c in self.identities.values() if c[-1]["hash"] == identity["prev"]), None)
        need(chain is not None and identity["version"] == chain[-1]["version"] + 1 and len(payload) == 3, "identity chain")
        check_roots(identity, chain[-1], payload[2], self.fed_id)
        step = identity["gen"] - chain[-1]["gen"]
        need(step in (0, 1), "generation")
        need((identity["key"] == chain[-1]["key"]) == (step == 0) and (identity["cut"] is None) == (step == 0), "node key, generation, cut")
        chain.append(identity)

    def address_item(self, payload):
        body, signature = array(payload, 2, "address item")
        node = array(decode(body, "address"), 4, "address")[0]
        need(node in self.identities, "address of nobody")
        need(any(tagged(i["key"], "address", fed, body, signature) for i in self.identities[node] for fed in (self.fed_id, bytes(32))),
             "address signature")

    def cut_of(self, node, gen):
        """Section 7.5: size and root at which a generation ends, None while it is open."""
        return next((i["cut"] for i in self.identities[node] if i["gen"] == gen + 1), None)

    def begin(self, node, gen):
        need(node in self.identities and any(i["gen"] == gen for i in self.identities[node]), "log of nobody")
        if (node, gen) not in self.logs and gen > 1:
            before, cut = self.logs.get((node, gen - 1)), self.cut_of(node, gen - 1)
            need(before is not None and [before["checked"], before["root"]] == cut, "a generation that begins before the cut")

    def window_item(self, payload):
        node, gen, start, items = array(payload, 4, "window")
        self.begin(node, gen)
        log = self.logs.setdefault((node, gen), {"range": [], "size": 0, "checked": 0, "root": None})
        need(start == log["size"], "window does not follow")
        for item in items:
            self.entry(node, item)
            append(log, hashlib.sha256(b"\0" + item[0]).digest())

    def entry(self, node, item):
        """Sections 4.1 to 4.3: what the log keeps is the envelope; whether it is a record shows in its signature."""
        need(1 <= len(item) <= 3 and 1 <= len(binary(item[0], None, "envelope")) <= 1543, "item")
        self.totals["entries"] += 1
        try:
            header, signature = array(decode(item[0], "envelope"), 2, "envelope")
            h = array(decode(header, "header"), 11, "header")
            need(h[0] == 1 and h[2] == 1 and len(header) <= 1024, "header")
            record = blake("specola1.record", self.fed_id + header)
            if len(item) == 2 and item[1] is not None:  # 7.4
                self.gone.add((node, binary(item[1], 32, "takedown id"), record))
            need(len(signature) == 64 and tagged(binary(h[4], 32, "author"), "record", self.fed_id, record, signature), "signature")
        except Refused:
            self.totals["held"] += 1
            return
        self.totals["records"] += 1
        if h[1] == 6 and h[3] == node and h[4] in [i["key"] for i in self.identities[node]] and len(h[8]) == 1 and h[8][0] >= 1 \
                and h[7] == [] and h[9] == 0:
            self.takedowns.add((node, record, h[6]))
        kept = h[1] < 16 and h[1] != 2 and h[9] > 0
        if len(item) == 3:
            salt = binary(item[1], 16, "salt")
            need(h[9] == len(item[2]) and h[10] == blake("specola1.body", item[2], key=salt), "body commitment")
            need(not kept or salt == bytes(16), "salt of a body that is kept")
            self.totals["bodies"] += 1
            self.totals["forks"] += h[1] == 8 and self.proves_fork(item[2], h[6], h[8])
        elif h[9] > 0:
            need(len(item) == 2 and not kept, "a body is missing without a word")
            self.totals["bodies_missing" if item[1] is None else "bodies_gone"] += 1

    def proves_fork(self, body, node, args):
        """Section 7.5: whether the body of a record of kind 8 is evidence of the log that its header names."""
        try:
            index, *branches = array(decode(body, "evidence"), 3, "evidence")
            need(len(body) <= 5120 and len(args) == 1, "evidence size")
            seen = [self.branch(array(b, 1 if index is None else 3, "branch"), index, node, args[0]) for b in branches]
            sizes, roots = [s for s, _ in seen], [r for _, r in seen]
            need(sorted(seen) == seen and seen[0] != seen[1], "branches out of order")
            need(sizes[0] == sizes[1] if index is None else branches[0][1] != branches[1][1] and roots[0] != roots[1], "no contradiction")
        except Exception:  # whatever is wrong with it, it proves nothing
            return False
        return True

    def branch(self, branch, index, node, gen):
        (signed_node, signed_gen), size, root = self.signed(branch[0])
        need((signed_node, signed_gen) == (node, gen), "evidence of another log")
        if index is not None:
            leaf, path = binary(branch[1], 32, "leaf"), [binary(h, 32, "path") for h in branch[2]]
            need(isinstance(index, int) and 0 <= index < size and len(path) <= 40, "index")
            need(climb(index, size, leaf, path) == root, "path")
        return size, root

    def signed(self, text):
        """Section 7.2: (node, generation), size and root of a checkpoint under its owner's key."""
        need(isinstance(text, str) and len(text.encode()) <= 1024 and text.endswith("\n"), "checkpoint")
        lines = text.split("\n")
        need(len(lines) == 6 and lines[3] == "" and lines[4].startswith("— "), "checkpoint lines")
        origin, size, root = lines[:3]
        need(size.isascii() and size.isdigit() and size[0] != "0", "checkpoint size")
        schema, fed, node, gen = (origin.split("/") + [""] * 4)[:4]
        need(origin == f"specola/{self.fed_id.hex()}/{node}/{gen}" and schema == "specola" and fed, "checkpoint origin")
        node, gen = bytes.fromhex(node), int(gen)
        name, blob = lines[4][2:].split(" ")
        blob_octets, root_octets = b64decode(blob, validate=True), b64decode(root, validate=True)
        need(name == origin and b64encode(blob_octets).decode() == blob and b64encode(root_octets).decode() == root, "checkpoint form")
        need(len(blob_octets) == 68 and len(root_octets) == 32 and node in self.identities, "checkpoint form")
        body = "".join(line + "\n" for line in lines[:3]).encode()
        key = next((i["key"] for i in self.identities[node] if i["gen"] == gen), None)
        need(key is not None and blob_octets[:4] == hashlib.sha256(name.encode() + b"\n\x01" + key).digest()[:4] and
             bare(key, body, blob_octets[4:]), "checkpoint signature")
        return (node, gen), int(size), root_octets

    def checkpoint_item(self, text):
        place, size, root = self.signed(text)
        cut = self.cut_of(*place)
        need(cut is None or size < cut[0] or [size, root] == cut, "checkpoint behind the cut")
        log = self.logs.get(place)
        need(log is not None and log["size"] == size and fold(log) == root, f"root of {self.handles[place[0]]} at {size}")
        log["checked"], log["root"] = size, root


# ---- section 7.1: the tree --------------------------------------------------------------------------------------------------------

def append(log, leaf):
    size, hashes = log["size"], log["range"]
    while size & 1:
        leaf, size = hashlib.sha256(b"\1" + hashes.pop() + leaf).digest(), size >> 1
    hashes.append(leaf)
    log["size"] += 1


def fold(log):
    hashes = list(log["range"])
    root = hashes.pop()
    while hashes:
        root = hashlib.sha256(b"\1" + hashes.pop() + root).digest()
    return root


def climb(index, size, leaf, path):
    """RFC 9162 2.1.3.2: the root that a leaf and its path lead to."""
    last = size - 1
    for beside in path:
        need(last > 0, "path too long")
        if index & 1 or index == last:
            leaf = hashlib.sha256(b"\1" + beside + leaf).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            leaf = hashlib.sha256(b"\1" + leaf + beside).digest()
        index, last = index >> 1, last >> 1
    need(last == 0, "path too short")
    return leaf


# ---- section 10 -------------------------------------------------------------------------------------------------------------------

def items_of(data):
    need(data[:7] == b"SPECOLA" and data[8:9] == b"\n", "not a bundle")
    if data[7:8] != b"1":
        sys.exit(print("verify: a bundle of a newer version", file=sys.stderr) or 12)
    unpacker = msgpack.Unpacker(raw=False, strict_map_key=True, max_buffer_size=2**31 - 1)
    unpacker.feed(data[9:])
    at = 0
    while at < len(data) - 9:
        try:
            unpacker.skip()
        except (ValueError, msgpack.exceptions.UnpackException) as error:
            raise Refused(f"octet {at + 9}: {error or 'cut'}") from error
        end = unpacker.tell()
        item = array(decode(data[9 + at:9 + end], f"octet {at + 9}"), 2, "bundle item")
        yield at + 9, end + 9, item[0], item[1]
        at = end


def verify(data):
    bundle, last, ended = Bundle(), 0, False
    handlers = {1: bundle.charter_item, 2: bundle.epoch_item, 3: bundle.identity_item, 4: bundle.address_item,
                5: bundle.checkpoint_item, 6: bundle.window_item}
    for start, end, kind, payload in items_of(data):
        need(not ended, "something behind the end")
        if kind == 15:
            need(payload == blake("specola1.bundle", data[:start]) and end == len(data), "hash of the bundle")
            ended = True
            continue
        need(kind in handlers and (kind >= last or {kind, last} == {5, 6}), f"item of type {kind} at octet {start}")
        need(kind == 1 or bundle.charter is not None, "no charter first")
        handlers[kind](payload)
        last = kind
    need(ended, "cut: no end")
    need(bundle.gone <= bundle.takedowns, "a body is gone, and its takedown is not there")
    for (node, gen), log in bundle.logs.items():
        need(log["checked"] == log["size"], f"log {bundle.handles[node]} generation {gen} ends without its checkpoint")
    return bundle


def main():
    arguments = [a for a in sys.argv[1:] if a != "--json"]
    if len(arguments) != 1:
        return print(__doc__, file=sys.stderr) or 2
    try:
        with open(arguments[0], "rb") as file:
            bundle = verify(file.read())
    except Exception as error:  # whatever goes wrong in a hostile file is a refusal
        print(f"verify: refused: {error}", file=sys.stderr)
        return 8
    logs = [{"node": bundle.handles[n], "gen": g, "size": l["size"], "root": l["root"].hex()} for (n, g), l in bundle.logs.items()]
    if "--json" in sys.argv:
        print(json.dumps({"fed_id": bundle.fed_id.hex(), "logs": logs, **bundle.totals}))
    else:
        for log in logs:
            print(f"{log['node']} generation {log['gen']}: {log['size']} entries, root {log['root']}")
        print(", ".join(f"{value} {name}" for name, value in bundle.totals.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
