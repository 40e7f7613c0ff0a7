#!/usr/bin/python3
"""A second verifier, written from docs/protocol.md alone. It checks a bundle (section 10): the hash over the file, the charter and
its signatures, the epoch, every identity and address, every log's tree against its checkpoints, every record's signature and body.

usage: verify.py [--json] FILE.bundle      exit 0 accepted, 8 refused, 12 a newer version
"""
import functools
import hashlib
import json
import re
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


@functools.lru_cache(65536)
def is_point(key):
    return nacl.bindings.crypto_core_ed25519_is_valid_point(key)


@functools.lru_cache(65536)  # many bundles hold the same records
def bare(public, data, signature):
    need(is_point(public), "key is not a valid point")
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
    need(v[5] not in roots and is_point(v[5]), "node key")
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


# ---- sections 6.4 and 6.5 -----------------------------------------------------------------------------------------------------------

def number(value, least, below, what):
    need(isinstance(value, int) and not isinstance(value, bool) and least <= value < below, what)
    return value


def rising(values, what):
    need(all(a < b for a, b in zip(values, values[1:])), f"{what} not rising")


def read_place(handle, country, region):
    need(re.fullmatch("[A-Z]{2}[A-Z0-9]{0,3}", handle) and re.fullmatch("[A-Z]{2}", country), "handle or country")
    need(region is None or re.fullmatch(country + "-[A-Z0-9]{1,3}", region), "region")


def read_cut(cut):
    if cut is not None:
        gen, size, root = array(cut, 3, "cut")
        number(gen, 1, 2**32, "cut"), number(size, 1, 2**40, "cut"), binary(root, 32, "cut")


def read_epoch(body):
    """Fields of an epoch body, the last two empty in epoch 1."""
    need(len(body) <= 262144, "epoch body too long")
    v = decode(body, "epoch")
    array(v, 4 if isinstance(v, list) and v[:1] == [1] else 6, "epoch")
    number(v[0], 1, 2**63, "epoch number")
    need((v[1] is None) == (v[0] == 1) and (v[1] is None or binary(v[1], 32, "hash")), "epoch before")
    v += [[], []][len(v) - 4:]
    members, formers = [array(m, 6, "member") for m in v[2]], [array(f, 4, "former member") for f in v[4]]
    need(1 <= len(members) <= 256 and len(formers) <= 768 and len(v[3]) <= 16 and len(v[5]) <= 256, "too many or none")
    for member in members:
        read_place(*member[2:5])
    for former in formers:
        read_place(former[2], former[2][:2], None)
        read_cut(former[3])
    for hashes in (v[3], v[5], [m[1] for m in members], [f[1] for f in formers]):
        need(all(isinstance(h, bytes) and len(h) == 32 for h in hashes), "not a hash")
    rising([m[1] for m in members], "members"), rising([f[1] for f in formers], "former members"), rising(v[5], "past policies")
    both = [r[:3] for r in members + formers]
    need(sorted(r[0] for r in both) == list(range(len(both))), "roll numbers")
    need(all(len({r[i] for r in both}) == len(both) for i in (1, 2)), "a node or handle twice")
    need(v[0] > 1 or [m[0] for m in members] == list(range(len(members))), "roll numbers of epoch 1")
    rolls = {m[0]: m for m in members}
    for member in members:
        lead = rolls.get(member[5])
        need(member[5] is None or (lead is not None and lead[5] is None and lead[3] == member[3]), "lead")
    return v


def read_act(act, fed_id):
    """fed_id None: the form alone, without the newcomer's own root signatures."""
    v = decode(act, "act")
    need(isinstance(v, list) and len(v) == {1: 6, 2: 3, 3: 3}.get(v[0]), "act")
    if v[0] == 1:
        body, signatures = array(v[1], 2, "identity item")
        identity = read_identity(body)
        need(identity["version"] == 1 and v[2][:2] == v[3], "who is admitted")
        read_place(*v[2:5])
        need(v[5] is None or number(v[5], 0, 2**63, "lead") >= 0, "lead")
        if fed_id is not None:
            check_roots(identity, identity, signatures, fed_id)
    elif v[0] == 2:
        binary(v[1], 32, "node"), read_cut(v[2])
    else:
        need(v[1] is not None or v[2] is not None, "a policy act that does nothing")
        need(v[1] is None or binary(v[1], 32, "policy id"), "policy id")
        policy = v[2] and array(v[2], 8, "policy")
        need(policy is None or (policy[0] and all(isinstance(t, str) and t for t in policy[0].values())), "sentence")
    return v


def read_changes(octets, fed_id):
    need(len(octets) <= 131072, "changes too long")
    changes = decode(octets, "changes")
    need(isinstance(changes, list) and 1 <= len(changes) <= 16, "number of changes")
    rising([array(c, 2, "change")[0] for c in changes], "acts")
    for _, consents in changes:
        need(len(consents) <= 256, "number of consents")
        rising([(array(c, 3, "consent")[0], isinstance(c[2], list)) for c in consents], "consents")
        for node, version, signed in consents:
            binary(node, 32, "node"), number(version, 1, 2**63, "version")
            if isinstance(signed, list):
                need(1 <= len(signed) <= 7, "root signatures")
                rising([array(s, 2, "root signature")[0] for s in signed], "root signatures")
    return [(act, read_act(act, fed_id), consents) for act, consents in changes]


def apply_changes(before, changes):
    """The body of the epoch that follows on the fields of one, before."""
    members, formers, policies, past = [list(before[2]), list(before[4]), list(before[3]), list(before[5])]
    borne, ever = {r[2] for r in members + formers}, {r[1] for r in members + formers}
    voices = {m[0]: m for m in before[2] if m[5] is None}
    roll = len(members) + len(formers)
    for _, act, _ in changes:
        if act[0] == 1:
            node = blake("specola1.ident", act[1][0])
            need(node not in ever and act[2] not in borne, "a node or handle comes back")
            need(act[5] is None or (act[5] in voices and voices[act[5]][3] == act[3]), "lead")
            members.append([roll, node, act[2], act[3], act[4], act[5]])
            borne, ever, roll = borne | {act[2]}, ever | {node}, roll + 1
        elif act[0] == 2:
            gone = [m for m in members if m[1] == act[1] and m in before[2]]
            need(len(gone) == 1, "who is removed is no member")
            members.remove(gone[0])
            formers.append([*gone[0][:3], act[2]])
        else:
            if act[1] is not None:
                need(act[1] in policies, "policy not in force")
                policies.remove(act[1])
                past.append(act[1])
            if act[2] is not None:
                policy = blake("specola1.policy", encode(act[2]))
                need(policy not in policies + past, "a policy comes back")
                policies.append(policy)
    came = [m for m in members if m[5] is None and m not in before[2]]
    need(all(sum(m[3] == c[3] and m[5] is None for m in members) == 1 for c in came), "two voices of a country")
    need(any(m[5] is None for m in members), "nobody is left")
    for m in members:
        if m[5] is not None and m not in before[2]:
            need(sum(o[5] == m[5] for o in members) <= 32 and sum(o[5] is not None for o in members) <= 192, "too many associates")
    body = encode([before[0] + 1, blake("specola1.epoch", encode(before if before[0] > 1 else before[:4])), sorted(members, key=lambda m: m[1]), policies,
                   sorted(formers, key=lambda f: f[1]), sorted(past)])
    read_epoch(body)
    return body


def check_consents(before, changes, fed_id, identities):
    """Section 6.5: identities: {node id: [identity by version]}."""
    members = {m[1]: m for m in before[2]}
    voices = {m[1] for m in before[2] if m[5] is None}
    by_roll = {m[0]: m[1] for m in before[2]}
    for octets, act, consents in changes:
        nodes = [(c[0], isinstance(c[2], list)) for c in consents]
        lead = act[5] if act[0] == 1 else members[act[1]][5] if act[0] == 2 else None
        by_lead = lead is not None and nodes == [(by_roll[lead], False)]
        by_voices = len(nodes) > len(voices) / 2 and all(n in voices and not roots for n, roots in nodes)
        by_roots = 3 * len(nodes) >= 2 * len(voices) and all(n in voices and roots for n, roots in nodes)
        by_itself = act[0] == 2 and nodes == [(act[1], True)]
        need({1: by_voices if act[0] == 1 and act[5] is None else by_lead, 2: by_itself or by_lead or by_roots, 3: by_roots}[act[0]], "consents")
        for node, version, signed in consents:
            need(any(is_consent(i, fed_id, octets, signed) for i in identities[node] if i["version"] == version), "consent")


def is_consent(identity, fed_id, octets, signed):
    """Of the identities of one version that are known, twins too, it verifies under one."""
    if not isinstance(signed, list):
        return tagged(identity["key"], "consent", fed_id, octets, binary(signed, 64, "signature"))
    return len(signed) >= identity["threshold"] and signed[-1][0] < len(identity["roots"]) and \
        all(tagged(identity["roots"][i], "consent", fed_id, octets, binary(s, 64, "signature")) for i, s in signed)


def check_votes(before, body, ballot, votes, fed_id, identities):
    voices = {m[0]: m[1] for m in before[2] if m[5] is None}
    rising([array(v, 3, "vote")[0] for v in votes], "votes")
    message = encode([before[0] + 1, ballot, blake("specola1.epoch", body)])
    for roll, version, signature in votes:
        need(roll in voices, "a vote of who has no voice")
        named = [i for i in identities[voices[roll]] if i["version"] == version]
        need(any(tagged(i["key"], "vote", fed_id, message, binary(signature, 64, "signature")) for i in named), "vote")
    need(len(votes) > len(voices) / 2, "too few votes")


# ---- sections 7.2 and 7.5 -----------------------------------------------------------------------------------------------------------

def read_checkpoint(text):
    """By its form: (fed_id, node, generation), size, root, key hash and signature."""
    need(isinstance(text, str) and len(text.encode()) <= 1024 and text.endswith("\n"), "checkpoint")
    lines = text.split("\n")
    need(len(lines) == 6 and lines[3] == "" and lines[4].startswith("— "), "checkpoint lines")
    origin, size, root = lines[:3]
    need(re.fullmatch("[1-9][0-9]{0,12}", size) and int(size) < 2**40, "checkpoint size")
    match = re.fullmatch("specola/([0-9a-f]{64})/([0-9a-f]{64})/([1-9][0-9]{0,9})", origin)
    need(match and int(match[3]) < 2**32, "checkpoint origin")
    name, blob = lines[4][2:].split(" ")
    blob_octets, root_octets = b64decode(blob, validate=True), b64decode(root, validate=True)
    need(name == origin and b64encode(blob_octets).decode() == blob and b64encode(root_octets).decode() == root, "checkpoint form")
    need(len(blob_octets) == 68 and len(root_octets) == 32, "checkpoint form")
    return (bytes.fromhex(match[1]), bytes.fromhex(match[2]), int(match[3])), int(size), root_octets, blob_octets


def read_evidence(body, fed_id, node, args):
    """Evidence by its form: index and [(checkpoint, size, root, leaf, path)]; what is wrong with it raises something."""
    index, *branches = array(decode(body, "evidence"), 3, "evidence")
    need(len(body) <= 5120 and len(args) == 1 and (index is None or number(index, 0, 2**40 - 1, "index") >= 0), "evidence")
    seen = []
    for branch in branches:
        text, leaf, path = (*array(branch, 1, "branch"), None, []) if index is None else array(branch, 3, "branch")
        place, size, root, _ = read_checkpoint(text)
        need(place == (fed_id, node, args[0]), "evidence of another log")
        need(index is None or (index < size and len(binary(leaf, 32, "leaf")) == 32 and len(path) <= 40), "branch")
        seen.append((text, size, root, leaf, [binary(h, 32, "path") for h in path]))
    (_, size, root, leaf, _), (_, size2, root2, leaf2, _) = seen
    need((size, root) < (size2, root2), "branches out of order")
    need(size == size2 if index is None else leaf != leaf2, "no contradiction")
    return index, seen


class Bundle:
    def __init__(self):
        self.fed_id = self.charter = self.epoch = None
        self.unjudged = []
        self.handles, self.identities, self.twins, self.logs, self.pending = {}, {}, {}, {}, {}
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
        if quorum != []:
            return self.later_epoch(body, *array(quorum, 3, "quorum"))
        founders = self.charter[2]
        rolls = {f[1]: i for i, f in enumerate(founders)}
        members = [[i, read_identity(f[0])["hash"], f[1], f[2], f[3], rolls[f[4]] if f[4] else None] for i, f in enumerate(founders)]
        need(body == encode([1, None, members, [blake("specola1.policy", encode(p)) for p in self.charter[3]]]), "epoch 1")
        self.epoch = read_epoch(body)

    def later_epoch(self, body, ballot, octets, votes):
        """Its signatures are judged when all identities are read."""
        need(self.epoch is not None, "no epoch before")
        number(ballot, 0, 2**32, "ballot")
        before, changes = self.epoch, read_changes(octets, self.fed_id)
        need(apply_changes(before, changes) == body, "changes that make another epoch")
        for _, act, _ in changes:
            if act[0] == 1:
                identity = read_identity(act[1][0])
                self.identities[identity["hash"]], self.handles[identity["hash"]] = [identity], act[2]
        self.unjudged.append((before, changes, body, ballot, votes))
        self.epoch = read_epoch(body)

    def judge_epochs(self):
        for before, changes, body, ballot, votes in self.unjudged:
            known = {node: chain + self.twins.get(node, []) for node, chain in self.identities.items()}
            check_consents(before, changes, self.fed_id, known)
            check_votes(before, body, ballot, votes, self.fed_id, known)
        for _, node, handle, cut in self.epoch[4] if self.epoch else []:
            for (owner, gen), log in self.logs.items():
                if owner == node:
                    need(cut is not None and gen <= cut[0], f"log of {handle} behind its cut")
                    need(gen < cut[0] or log["size"] < cut[1] or (log["size"] == cut[1] and log["root"] == cut[2]), f"log of {handle} behind its cut")

    def identity_item(self, payload):
        body, signatures = array(payload, (2, 3), "identity item")[:2]
        identity = read_identity(body)
        check_roots(identity, identity, signatures, self.fed_id)
        if identity["version"] == 1:
            return need(identity["hash"] in self.identities, "identity of no founder")
        node, before = next(((n, i) for n, chain in self.identities.items() for i in chain + self.twins.get(n, []) if i["hash"] == identity["prev"]),
                            (None, None))
        need(before is not None and identity["version"] == before["version"] + 1 and len(payload) == 3, "identity chain")
        check_roots(identity, before, payload[2], self.fed_id)
        step = identity["gen"] - before["gen"]
        need(step in (0, 1), "generation")
        need((identity["key"] == before["key"]) == (step == 0) and (identity["cut"] is None) == (step == 0), "node key, generation, cut")
        if before is not self.identities[node][-1]:  # the first of a version is believed
            twins = self.twins.setdefault(node, [])
            need(len(twins) < 8, "more than 8 twins")
            return twins.append(identity)
        self.identities[node].append(identity)

    def address_item(self, payload):
        body, signature = array(payload, 2, "address item")
        node = array(decode(body, "address"), 4, "address")[0]
        need(node in self.identities, "address of nobody")
        need(any(tagged(i["key"], "address", fed, body, signature) for i in self.identities[node] for fed in (self.fed_id, bytes(32))),
             "address signature")

    def cut_of(self, node, gen):
        """Sections 6.4 and 7.6: size and root at which a generation ends, None while it is open. An epoch's cut goes before an identity's."""
        former = next((f for f in self.epoch[4] if f[1] == node), None) if self.epoch else None
        if former is not None and (former[3] is None or gen >= former[3][0]):
            return former[3][1:] if former[3] and gen == former[3][0] else [0, None]
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
            index, branches = read_evidence(body, self.fed_id, node, args)
            for text, size, root, leaf, path in branches:
                need(self.signed(text) == ((node, args[0]), size, root), "evidence of another log")
                need(index is None or climb(index, size, leaf, path) == root, "path")
        except Exception:  # whatever is wrong with it, it proves nothing
            return False
        return True

    def signed(self, text):
        """Section 7.2: (node, generation), size and root of a checkpoint under its owner's key."""
        (fed, node, gen), size, root, blob = read_checkpoint(text)
        need(fed == self.fed_id and node in self.identities, "checkpoint of nobody")
        lines = text.split("\n")
        body = "".join(line + "\n" for line in lines[:3]).encode()
        key = next((i["key"] for i in self.identities[node] if i["gen"] == gen), None)
        need(key is not None and blob[:4] == hashlib.sha256(lines[0].encode() + b"\n\x01" + key).digest()[:4] and
             bare(key, body, blob[4:]), "checkpoint signature")
        return (node, gen), size, root

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
    bundle.judge_epochs()
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
