#!/usr/bin/python3
"""A second evaluator, written from docs/protocol.md alone: what each entry of each log of a bundle is worth (4.4 to 4.6), who
may do what (4.5), who is a member (6.4, 6.5), and what endorsements come to (16).

usage: evaluate.py FILE.bundle       prints one JSON document
"""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import verify  # noqa: E402
import votes  # noqa: E402
from verify import Refused, array, binary, blake, decode, is_point, need, tagged  # noqa: E402

REVIEWER, CONTRIBUTOR, EDITORS = 4, 8, 1 | 2
ROLES = 31
CONTRIBUTED = {1, 2, 3, 5, 9, 10, 11, 12, 13, 14, 15, 16}
KNOWN = {1, 2, 3, 4, 5, 6, 7, 8, 16, 17, 18, 32, 33, 48, 49, 50}
RESERVED = {18, 48, 49, 50}


class Evaluating(verify.Bundle):
    """The bundle, with its entries kept by log."""

    def __init__(self):
        super().__init__()
        self.entries, self.members, self.policies, self.at, self.epoch_hash, self.epochs = {}, {}, [], None, None, []

    def epoch_item(self, payload):
        super().epoch_item(payload)
        self.epochs.append(payload[0])
        go_over(self, payload[0], self.epoch)

    def window_item(self, payload):
        self.at = (payload[0], payload[1], payload[2])
        super().window_item(payload)

    def entry(self, node, item):
        super().entry(node, item)
        _, gen, index = self.at
        self.entries.setdefault(node, []).append(Entry(self.fed_id, node, (gen, index), item))
        self.at = (node, gen, index + 1)


def go_over(bundle, octets, body):
    """An epoch is in force."""
    bundle.epoch_hash = blake("specola1.epoch", octets)
    bundle.members = {m[1]: m[3] for m in body[2]}
    policies = [(blake("specola1.policy", verify.encode(p)), p) for p in bundle.charter[3]]
    bundle.policies = [(i, p) for i, p in policies if i in body[3]]


class Entry:
    """Rows 1 to 6 of 4.6: what can be told of octets alone. reason None: a record."""

    def __init__(self, fed_id, node, position, item):
        self.fed_id, self.node, self.position, self.item = fed_id, node, position, item
        self.freezes, self.reason, self.kind, self.id = False, None, None, None
        self.reason = self.open(item[0])

    def open(self, envelope):
        try:
            octets, signature = array(decode(envelope, "envelope"), 2, "envelope")
            need(1 <= len(binary(octets, None, "header")) <= 1024 and 1 <= len(binary(signature, None, "signature")) <= 512, "size")
            header = decode(octets, "header")
            need(isinstance(header, list) and header and isinstance(header[0], int) and not isinstance(header[0], bool) and header[0] >= 0, "header")
        except Refused:
            return "format"
        second = header[1] if len(header) > 1 else None
        low = isinstance(second, int) and not isinstance(second, bool) and 0 <= second < 16
        if header[0] != 1 or len(header) > 11:
            self.freezes = low
            return "version"
        if not self.read(header):
            return "format"
        if self.kind not in KNOWN or self.kind in RESERVED:
            self.freezes = self.kind < 16 and self.kind not in KNOWN
            return "kind"
        if self.kind == 16 and len(self.args) >= 1 and 20 <= self.args[0] <= 1023:
            return "kind"
        if self.alg != 1 or len(signature) != 64:
            self.freezes = self.kind < 16
            return "alg"
        if not is_point(self.author):
            return "key"
        self.id = blake("specola1.record", self.fed_id + octets)
        return None if tagged(self.author, "record", self.fed_id, self.id, signature) else "signature"

    def read(self, h):
        def number(v):
            return isinstance(v, int) and not isinstance(v, bool) and v >= 0

        def octets(v):
            return isinstance(v, bytes) and len(v) == 32
        if len(h) != 11 or not number(h[1]) or not number(h[2]) or not octets(h[3]) or not octets(h[4]) or not number(h[5]):
            return False
        if not (h[6] is None or octets(h[6])) or not isinstance(h[7], list) or len(h[7]) > 16 or not all(map(octets, h[7])):
            return False
        if not isinstance(h[8], list) or len(h[8]) > 16 or not all(map(number, h[8])) or not number(h[9]) or h[9] > 262144:
            return False
        if not (h[10] is None if h[9] == 0 else octets(h[10])):
            return False
        self.kind, self.alg, self.home, self.author, self.subject, self.refs, self.args, self.body_len = h[1], h[2], h[3], h[4], h[6], h[7], h[8], h[9]
        return True

    def shape(self):
        """Row 8: whether it is as 4.4 says."""
        s, r, a, body = self.subject is not None, len(self.refs), len(self.args), self.body_len > 0
        if self.kind == 1:
            return not s and r == 0 and a == 0 and body
        if self.kind == 2:
            return s and r <= 1 and a == 3 and body and is_point(self.subject) and self.args[0] >= 1 and self.args[1] >= 1 and self.args[1] & ~ROLES == 0
        if self.kind == 3:
            return s and r == 0 and a == 2 and not body and is_point(self.subject) and self.args[0] >= 1
        if self.kind in (4, 5):
            return votes.has_shape(self)
        if self.kind == 6:
            return s and r == 0 and a == 1 and not body and self.args[0] >= 1
        if self.kind == 7:
            return s and r == 0 and a == 0 and not body
        if self.kind == 8:
            return s and r == 0 and a == 1 and body and self.args[0] >= 1
        if self.kind == 16:
            return a == 2 and body and self.args[0] >= 1 and self.args[1] <= 1 and r == (1 if s else 0)
        if self.kind == 17:
            return s and r == 1 and a == 0
        if self.kind == 32:
            return s and r == 2 and a == 0
        return s and r == 0 and a == 0 and not body  # 33

    def identity(self):
        """Row 14 of kind 1."""
        if len(self.item) != 3:
            return None
        try:
            payload = decode(self.item[2], "identity item")
            body, *_ = array(payload, (2, 3), "identity item")
            return verify.read_identity(body)
        except (Refused, TypeError, IndexError):
            return None


class Log:
    """A node's log, its generations one behind the other (4.5)."""

    def __init__(self, bundle, node):
        self.bundle, self.node, self.entries = bundle, node, bundle.entries.get(node, [])
        self.entries.sort(key=lambda e: e.position)
        self.certificates, self.revocations, self.keys, self.found = {}, [], {}, {}
        self.frozen_from = next((e.position for e in self.entries if e.freezes), None)
        self.first_pass()
        self.second_pass()

    def is_frozen(self, e):
        return self.frozen_from is not None and e.position > self.frozen_from

    def early(self, e):
        """Rows 1 to 8; what is frozen comes before them."""
        if self.is_frozen(e):
            return "kind"
        if e.reason is not None:
            return e.reason
        if e.home != self.node and not (e.kind == 33 or (e.kind == 3 and e.author == e.subject)):
            return "home"
        return None if e.shape() else "shape"

    def first_pass(self):
        """Identities, certificates and revocations, which depend on own keys alone."""
        newest, gen_key, seen = None, None, set()
        for i, e in enumerate(self.entries):
            repeated = e.id in seen
            if e.reason is None:
                seen.add(e.id)
            if i and e.position[0] != self.entries[i - 1].position[0]:
                gen_key = None
            if self.early(e) is not None or e.kind > 3:
                self.keys[e.position] = gen_key
                continue
            if e.kind == 1:
                identity = e.identity()
                self.keys[e.position] = identity["key"] if identity else None
                if identity and e.author == identity["key"] and self.follows(newest, identity, e):
                    newest, gen_key = identity, identity["key"]
                    self.found[e.position] = None
                continue
            self.keys[e.position] = gen_key
            if repeated:
                continue
            if e.kind == 2 and e.author == gen_key:
                self.certificates.setdefault(e.subject, []).append((e.position, *e.args))
            elif e.kind == 3 and e.author in (gen_key, e.subject):
                if e.author == gen_key:
                    self.revocations.append((e.subject, min(tuple(e.args), e.position)))
                elif e.home == self.node:
                    self.revocations.append((e.subject, e.position))

    def follows(self, newest, identity, e):
        """Row 15."""
        if identity["gen"] != e.position[0]:
            return False
        if newest is None:
            return identity["version"] == 1 and identity["hash"] == self.node and self.signed(identity)
        if identity["gen"] > newest["gen"]:  # the first of a generation follows on the identity that its prev names
            chain = self.bundle.identities[self.node]
            return any(i["hash"] == identity["prev"] for i in chain) and self.signed(identity)
        return identity["prev"] == newest["hash"] and identity["version"] == newest["version"] + 1 and self.signed(identity)

    def signed(self, identity):
        return any(i["hash"] == identity["hash"] for i in self.bundle.identities[self.node])

    def revoked(self, key, position):
        return any(k == key and at <= position for k, at in self.revocations)

    def certificate(self, key, position):
        """The newest kind 2 for a key that stands below, be it void: person and roles."""
        below = [c for c in self.certificates.get(key, ()) if c[0] < position]
        return max(below)[1:3] if below else None

    def second_pass(self):
        self.versions, self.objects, seen = {}, {}, set()
        self.voting, self.words = votes.Voting(), []
        for e in self.entries:
            reason = self.found[e.position] if e.position in self.found else self.look(e, seen)
            self.found[e.position] = reason
            if e.id is not None and e.reason is None:
                seen.add(e.id)
            if e.kind == 16 and reason in (None, "revoked") and (reason is None or self.late(e, seen - {e.id}) is None):
                person = self.certificate(e.author, e.position)
                obj = e.subject if e.subject is not None else e.id
                o = self.objects.setdefault(obj, {"schema": e.args[0], "person": person[0] if person else 0, "newest": None, "withdrawn": False, "counting": []})
                o["newest"] = e.id
                if reason is None:
                    o["counting"].append(e.id)
            if e.kind in (4, 5) and reason is None:
                self.words.append((self.node, e, votes.word(e, self.bundle.fed_id)))
                if e.kind == 5:
                    self.voting.take(e, self.words[-1][2])
            if e.kind == 17 and reason is None:
                self.objects[e.subject]["withdrawn"] = True

    def look(self, e, seen):
        reason = self.early(e)
        if reason is not None:
            return reason
        own = self.keys[e.position]
        if e.kind == 1:
            return "body" if e.identity() is None else "author" if e.author != own else "identity"
        if e.kind in (4, 5):
            try:
                votes.word(e, self.bundle.fed_id)
            except Refused:
                return "body"
        if e.kind == 8 and not self.reads_as_evidence(e):
            return "body"
        foreign = e.kind == 33 and e.home != self.node
        if not foreign:
            if self.is_stranger(e, own):
                return "author"
            if e.kind == 2 and self.revoked(e.subject, e.position):
                return "revoked"
            if e.kind >= 16 and self.revoked(e.author, e.position):
                return "revoked"
        return self.late(e, seen, foreign)

    def reads_as_evidence(self, e):
        """Row 14 of kind 8: the form alone; what it proves is everybody's to see, and evaluation does not ask."""
        try:
            return verify.read_evidence(e.item[2], self.bundle.fed_id, e.subject, e.args) is not None
        except Exception:  # whatever is wrong with it
            return False

    def is_stranger(self, e, own):
        """Row 9."""
        if e.kind == 3:
            return e.author not in (own, e.subject)
        o = self.objects.get(e.subject) if e.kind == 17 else None
        schema = e.args[0] if e.kind == 16 else o["schema"] if o else None
        by_node = e.kind in (1, 2, 4, 5, 6, 7, 8) or schema in (8, 18)
        return e.author != own if by_node else self.certificate(e.author, e.position) is None

    def late(self, e, seen, foreign=False):
        """Rows 11, 16, 17, 12 and 13."""
        if not foreign and not self.may(e):
            return "rights"
        if e.id in seen:
            return "repeated"
        if e.kind == 5 and not self.voting.allows(e, votes.word(e, self.bundle.fed_id)):
            return "ballot"
        if e.kind in (16, 17) and e.subject is not None:
            o = self.objects.get(e.subject)
            if o is None:
                return "subject"
            if e.refs[0] != o["newest"] or o["withdrawn"]:
                return "stale"
        return None

    def may(self, e):
        """Row 11."""
        if e.kind < 16:
            return True
        person, roles = self.certificate(e.author, e.position) or (0, 0)
        if e.kind == 32:
            return roles & REVIEWER != 0
        if e.kind == 33:
            return True
        o = self.objects.get(e.subject) if e.subject is not None else None
        schema = e.args[0] if e.kind == 16 else o["schema"] if o else None
        if e.kind == 16 and o is not None and o["schema"] != schema:
            return False
        own = o is None or o["person"] == person
        if schema is None:
            return True  # row 12 tells
        if schema in (8, 18):
            return e.author == self.keys[e.position]
        if roles & EDITORS and schema not in (6, 19):
            return True
        if roles & CONTRIBUTOR and (schema in CONTRIBUTED or schema >= 1024) and own:
            return True
        return (roles & REVIEWER and schema == 13 and own) or (schema in (6, 19) and own)


# ---- section 16 -----------------------------------------------------------------------------------------------------------------------

def weigh(bundle, logs):
    """Every object of which some version counts, with every statement about it that somebody signed."""
    signatures, withdrawals = [], []
    for node, log in logs.items():
        for e in log.entries:
            if log.found[e.position] is None and e.kind in (32, 33):
                (signatures if e.kind == 32 else withdrawals).append((node, log, e))
    objects = {}
    for node, log in logs.items():
        for i, o in log.objects.items():
            if o["counting"]:
                objects[i] = (node, o)
    taken_back = {}
    for node, log, e in withdrawals:
        taken_back.setdefault(e.subject, []).append((node, log, e))
    statements = {}
    for node, log, e in signatures:
        statements.setdefault((e.refs[0], e.subject, e.refs[1]), []).append((node, log, e))
    out = {}
    for i, (home, o) in objects.items():
        rows, met = [], set()
        for (obj, version, policy), signed in statements.items():
            if obj == i:
                rows.append(statement(bundle, home, o, version, policy, signed, taken_back))
                if rows[-1]["met"]:
                    met.add(version)
        newest = o["counting"][-1]
        state = "current" if newest in met else "earlier" if met else "none"
        out[i.hex()] = {"state": state, "versions": len(o["counting"]), "statements": sorted(rows, key=lambda r: (r["version"], r["policy"]))}
    return out


def statement(bundle, home, o, version, policy_id, signed, taken_back):
    policy = dict(bundle.policies).get(policy_id)
    standing, left = {}, []
    for node, log, e in sorted(signed, key=lambda s: (s[0], s[2].position)):
        person = log.certificate(e.author, e.position)[0]
        if version not in o["counting"]:
            why = "version"
        elif policy is None:
            why = "policy"
        elif node not in bundle.members:
            why = "member"
        elif policy[7] and node == home:
            why = "home"
        elif any(takes_back(w, node, person, e) for w in taken_back.get(e.id, ())):
            why = "withdrawn"
        elif any(n == node and p == person for n, p, _ in left):
            why = "person"
        else:
            why = "counts"
            left.append((node, person, e))
        standing[e.id] = why
    counted = []
    if policy is not None and version in o["counting"]:
        _, _, m, min_countries, min_nodes, per_node, per_country, _ = policy
        by_node = {}
        for node, _, e in left:
            if len(by_node.setdefault(node, [])) == per_node:
                standing[e.id] = "node"
            else:
                by_node[node].append(e)
        of_country = {}
        for rank in range(max(map(len, by_node.values()), default=0)):
            for node in sorted(by_node):
                if len(by_node[node]) > rank:
                    e, country = by_node[node][rank], bundle.members[node]
                    if len(of_country.setdefault(country, [])) == per_country:
                        standing[e.id] = "country"
                    else:
                        of_country[country].append(e)
                        counted.append((node, country))
        nodes, countries = len({n for n, _ in counted}), len({c for _, c in counted})
        met = len(counted) >= m and nodes >= min_nodes and countries >= min_countries
        missing = [max(0, m - len(counted)), max(0, min_nodes - nodes), max(0, min_countries - countries)]
    else:
        nodes = countries = 0
        met, missing = False, [0, 0, 0]
    return {"version": version.hex(), "policy": policy_id.hex(), "counted": len(counted), "nodes": nodes, "countries": countries, "met": met,
            "missing": missing, "signatures": {i.hex(): why for i, why in standing.items()}}


def takes_back(withdrawal, node, person, signature):
    at, log, e = withdrawal
    if e.home != signature.home:
        return False
    own = log.certificate(e.author, e.position)
    return e.author == signature.author or (at == node and own is not None and own[0] == person)


# ---- all of it ------------------------------------------------------------------------------------------------------------------------

def read(data):
    bundle = Evaluating()
    verify.Bundle, kept = (lambda: bundle), verify.Bundle
    try:
        verify.verify(data)
    finally:
        verify.Bundle = kept
    return bundle


def reference(bundle, node, position):
    g, i = position
    return f"{bundle.handles[node]}{f'.{g}' if g > 1 else ''}-{i}"


def people(bundle, logs):
    """Every certificate of each log in its order, with where its key is revoked from."""
    out = []
    for node in sorted(logs):
        rows = sorted((c[0], key, *c[1:]) for key, all_of_it in logs[node].certificates.items() for c in all_of_it)
        for position, key, person, roles, territory in rows:
            until = min((at for k, at in logs[node].revocations if k == key), default=None)
            out.append([reference(bundle, node, position), key.hex(), person, roles, territory, reference(bundle, node, until) if until else ""])
    return out


def document(bundle, logs, rows):
    held = {f"{bundle.handles[node]}.{g}-{i}": why for node, log in logs.items() for (g, i), why in log.found.items() if why is not None}
    frontier = blake("specola1.front", verify.encode([bundle.epoch_hash, sorted(rows)]))
    members = {"epoch": bundle.epoch[0], "hash": bundle.epoch_hash.hex(), "members": {m[2]: m[0] for m in bundle.epoch[2]},
               "former": {f[2]: [f[0], *(f[3][:2] if f[3] else (0, 0))] for f in bundle.epoch[4]}}
    return {"frontier": frontier.hex(), "held": held, "people": people(bundle, logs), "members": members, "objects": weigh(bundle, logs),
            "entries": sum(len(log.entries) for log in logs.values())}


def evaluate(bundle):
    logs = {node: Log(bundle, node) for node in bundle.identities}
    return document(bundle, logs, [[n, g, log["size"], log["root"]] for (n, g), log in bundle.logs.items()])


def main():
    if len(sys.argv) != 2:
        return print(__doc__, file=sys.stderr) or 2
    with open(sys.argv[1], "rb") as file:
        print(json.dumps(evaluate(read(file.read())), indent=1, sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
