#!/usr/bin/python3
"""Writes log.json from docs/protocol.md (4.5, 4.6, 6.1, 7.6), with no line of the C code: whole logs, each as a bundle of one log, with
the finding of every position told in words.

Every key, salt and id comes from a fixed word, so a second run writes the same octets:
    tests/vectors/make_log.py [FOLDER]
"""
import base64
import hashlib
import json
import pathlib
import sys

import msgpack
from make_federation import EE, Node, blake, changed, charter_body, charter_signatures, pack, public, root_signatures, signer, tagged, vector, word

BODY = pack({"level": "local", "title": {"it": "Prova"}})
COORDINATOR, EDITOR, REVIEWER, CONTRIBUTOR = 1, 2, 4, 8
OWNER = Node("IT")
CHARTER = charter_body([OWNER])
FED = blake("specola1.charter", CHARTER)
CHARTER_ITEM = pack([CHARTER, charter_signatures(CHARTER, [OWNER])])
ANNA, BRUNO, CARLA = signer("Anna"), signer("Bruno"), signer("Carla")


class Log:
    """The owner's log, entry by entry, with what is to be found of each."""

    def __init__(self, key=OWNER.key, gen=1, item=None):
        self.items, self.reasons, self.ids, self.bodies, self.verified, self.refused = [], [], [], None, True, None
        self.key, self.gen, self.identity, self.next, self.epochs = key, gen, item, None, []
        body = pack([OWNER.body, root_signatures(OWNER, OWNER.body, [0], FED)]) if item is None else item
        self.add("none", key, 1, args=[], body=body, salt=bytes(16))

    def cut(self, size=None, root=None):
        """Closes it: gives the log of the next generation, which begins with the identity that says so."""
        size = len(self.items) if size is None else size
        key, root = signer(f"IT node {self.gen + 1}"), self.root(size) if root is None else root
        body = pack(changed(OWNER.fields, _1=self.gen + 1, _2=OWNER.id, _5=public(key), _6=word("IT curve 2"), _8=self.gen + 1, _9=[size, root]))
        self.next = Log(key, self.gen + 1, pack([body] + [root_signatures(OWNER, body, [0], FED)] * 2))
        return self.next

    def add(self, reason, key, kind, subject=None, refs=(), args=(), body=b"", salt=None, home=OWNER.id):
        """Seals a record, appends it, notes the finding that is expected of it; gives its record id."""
        salt = word(f"salt {len(self.items)}" + (f" of {self.gen}" if self.gen > 1 else ""))[:16] if salt is None else salt
        commit = hashlib.blake2b(body, digest_size=32, key=salt, person=b"specola1.body").digest() if body else None
        header = pack([1, kind, 1, home, public(key), 1767225600 + len(self.items), subject, list(refs), list(args), len(body), commit])
        record = blake("specola1.record", FED + header)
        envelope = pack([header, tagged(key, "record", FED, record)])
        self.items.append([envelope, salt, body] if body else [envelope])
        self.reasons.append(reason)
        self.ids.append(record)
        return record

    def again(self, reason, at, of=None):
        of = of or self
        self.items.append(of.items[at])
        self.reasons.append(reason)
        self.ids.append(of.ids[at])

    def certify(self, key, person, roles, reason="none", by=None):
        return self.add(reason, by or self.key, 2, public(key), args=[person, roles, 0], body=pack({"name": "X"}))

    def revoke(self, key, index, by=None, reason="none", gen=1):
        return self.add(reason, by or self.key, 3, public(key), args=[gen, index])

    def case(self, key, before=None, reason="none", first=None, schema=1):
        """A version built on `before`, of the object `first` (of `before` itself if that is the first); neither: a new object."""
        subject = before if first is None else first
        return self.add(reason, key, 16, subject, [] if before is None else [before], [schema, 0], BODY)

    def withdraw(self, key, subject, newest, reason="none"):
        return self.add(reason, key, 17, subject, [newest])

    def takedown(self, record, reason=1, by=None, finding="none"):
        return self.add(finding, by or self.key, 6, record, args=[reason])

    def gone(self, at, takedown):
        """As those serve it who have erased its body."""
        self.items[at] = [self.items[at][0], takedown]

    def root(self, size):
        return tree([hashlib.sha256(b"\0" + item[0]).digest() for item in self.items[:size]])

    def checkpoint(self, size):
        first = f"specola/{FED.hex()}/{OWNER.id.hex()}/{self.gen}"
        text = f"{first}\n{size}\n{base64.b64encode(self.root(size)).decode()}\n"
        named = hashlib.sha256(first.encode() + b"\n\x01" + public(self.key)).digest()[:4]
        line = base64.b64encode(named + self.key.sign(text.encode()).signature).decode()
        return f"{text}\n\u2014 {first} {line}\n"

    def bundle(self):
        """A milestone an entry, so that every revocation comes when what it voids is there already."""
        octets, logs = b"SPECOLA1\n" + b"\x92\x01" + CHARTER_ITEM, [self] + ([self.next] if self.next else [])
        for epoch in self.epochs:
            octets += pack([2, epoch])
        for log in logs[1:]:
            octets += b"\x92\x03" + log.identity
        for log in logs:
            for i, item in enumerate(log.items):
                octets += pack([6, [OWNER.id, log.gen, i, [item]]]) + pack([5, log.checkpoint(i + 1)])
        return octets + pack([15, blake("specola1.bundle", octets)])


def tree(leaves):
    """The root of RFC 9162, 2.1.1."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + tree(leaves[:k]) + tree(leaves[k:])).digest()


# ---- 4.6: what stands ----

def voided_in_the_chain(log):
    a = log.case(BRUNO)
    b = log.case(BRUNO, a, "revoked")
    c = log.case(ANNA, b, first=a)
    log.revoke(BRUNO, 5)
    log.case(ANNA, c, first=a)


def stale_and_revoked(log):
    a = log.case(ANNA)
    b = log.case(ANNA, a)
    stale = log.case(BRUNO, a, "revoked")
    c = log.case(ANNA, b, first=a)
    log.revoke(BRUNO, 5)
    log.case(ANNA, stale, "stale", first=a)
    log.case(ANNA, c, first=a)


def on_what_does_not_stand(log):
    a = log.case(ANNA)
    log.case(ANNA, a)
    stale = log.case(BRUNO, a, "revoked")
    log.case(BRUNO, stale, "revoked", first=a)
    log.revoke(BRUNO, 5)
    log.case(ANNA, stale, "stale", first=a)


def no_right_and_revoked(log):
    a = log.case(ANNA)
    other = log.case(CARLA, a, "revoked")
    challenge = log.case(CARLA, None, "revoked", schema=4)
    log.revoke(CARLA, 4)
    log.case(ANNA, other, "stale", first=a)
    log.case(ANNA, challenge, "subject", first=challenge, schema=4)
    log.case(ANNA, a)


def repeated_and_revoked(log):
    a = log.case(BRUNO)
    b = log.case(ANNA, a)
    log.revoke(BRUNO, 6)
    log.again("revoked", 4)
    log.case(ANNA, b, first=a)


def revoked_before_it_wrote(log):
    a = log.case(ANNA)
    log.revoke(BRUNO, 5)
    b = log.case(BRUNO, a, "revoked")
    log.case(ANNA, a, "stale")
    log.case(ANNA, b, first=a)


def all_versions_void(log):
    a = log.case(BRUNO, None, "revoked")
    b = log.case(BRUNO, a, "revoked")
    log.revoke(BRUNO, 3)
    log.case(ANNA, b, first=a)


def void_withdrawal(log):
    a = log.case(ANNA)
    log.withdraw(BRUNO, a, a, "revoked")
    b = log.case(ANNA, a)
    log.revoke(BRUNO, 4)
    log.withdraw(ANNA, a, b)
    log.case(ANNA, b, "stale", first=a)


def after_a_withdrawal(log):
    a = log.case(ANNA)
    log.withdraw(ANNA, a, a)
    b = log.case(BRUNO, a, "revoked")
    log.revoke(BRUNO, 5)
    log.case(ANNA, b, "stale", first=a)


def revokers_are_not_undone(log):
    a = log.case(BRUNO)
    log.revoke(BRUNO, 5)
    log.revoke(OWNER.key, 1)
    log.case(BRUNO, a, "revoked")
    log.revoke(BRUNO, 6)
    log.certify(signer("Dora"), 4, EDITOR)


def by_itself(log):
    a = log.case(BRUNO)
    b = log.case(BRUNO, a)
    log.revoke(BRUNO, 1, by=BRUNO)
    c = log.case(BRUNO, b, "revoked", first=a)
    log.case(ANNA, c, first=a)


def two_revocations(log):
    a = log.case(ANNA)
    b = log.case(BRUNO, a, "revoked")
    c = log.case(CARLA, None, "revoked")
    d = log.case(CARLA, c, "revoked")
    log.revoke(CARLA, 7)
    log.revoke(BRUNO, 5)
    log.revoke(CARLA, 4)
    log.case(ANNA, d, first=c)
    log.case(ANNA, b, first=a)


def own_objects_of_a_void_person(log):
    a = log.case(CARLA, None, "revoked")
    log.revoke(CARLA, 4)
    heir = signer("Carla 2")
    log.certify(heir, 3, CONTRIBUTOR)
    log.case(heir, a)
    stranger = signer("Dora")
    log.certify(stranger, 4, CONTRIBUTOR)
    log.case(stranger, a, "rights")


def repeated_certificate_does_not_count(log):
    log.certify(CARLA, 3, EDITOR)
    log.revoke(CARLA, 6)
    log.again("revoked", 3)
    challenge = log.case(CARLA, None, "revoked", schema=4)
    log.case(ANNA, challenge, schema=4)


# ---- 6.1: identities in a log ----

def of_the_next_generation(log):
    key = signer("IT node 2")
    second = pack(changed(OWNER.fields, _1=2, _2=OWNER.id, _6=word("IT curve 2")))
    third = pack(changed(OWNER.fields, _1=3, _2=blake("specola1.ident", second), _5=public(key), _8=2, _9=[4, word("cut root")]))
    for body, author, reason in ((second, OWNER.key, "none"), (third, key, "identity")):
        log.add(reason, author, 1, body=pack([body] + [root_signatures(OWNER, body, [0], FED)] * 2), salt=bytes(16))
    log.add("author", key, 2, public(CARLA), args=[3, EDITOR, 0], body=pack({"name": "X"}))
    log.certify(CARLA, 3, EDITOR)
    log.case(ANNA)


# ---- 4.4, 7.4: takedowns ----

def taken_down(log):
    a = log.case(ANNA)
    b = log.case(ANNA, a)
    log.takedown(a)
    log.takedown(b, reason=8)
    log.case(ANNA, b, first=a)
    log.bodies = ["whole"] * 4 + ["gone", "gone", "none", "none", "whole"]


def taken_down_as_served(log):
    a = log.case(ANNA)
    log.case(ANNA, a)
    log.gone(4, log.takedown(a))
    log.bodies = ["whole"] * 4 + ["gone", "whole", "none"]


def gone_without_its_takedown(log):
    a = log.case(ANNA)
    log.case(BRUNO)
    log.gone(4, log.takedown(log.ids[5]))
    log.takedown(a, by=ANNA, finding="author")
    log.bodies, log.verified = ["whole"] * 4 + ["missing", "gone", "none", "none"], False


def gone_and_nobody_says_why(log):
    log.case(ANNA)
    log.gone(4, word("no takedown"))
    log.bodies, log.verified = ["whole"] * 4 + ["missing"], False


def before_and_again(log):
    a = log.case(ANNA)
    log.again("repeated", 4)
    log.takedown(a)
    log.again("repeated", 6)
    log.again("repeated", 4)
    log.bodies = ["whole"] * 4 + ["gone", "gone", "none", "none", "gone"]


def held_records_too(log):
    a = log.case(signer("Dora"), None, "author")
    log.takedown(a)
    log.takedown(log.ids[1])
    log.takedown(log.ids[0])
    log.takedown(word("nothing here"))
    log.add("none", OWNER.key, 7, word("somebody's takedown"))
    log.add("author", ANNA, 7, word("somebody's takedown"))
    log.add("shape", OWNER.key, 6, a, args=[0])
    log.case(ANNA)
    log.bodies = ["whole", "gone", "whole", "whole", "gone"] + ["none"] * 7 + ["whole"]


def evidence_item(node=None, gen=1, fed_id=FED, sizes=(13, 13)):
    """Two roots of one size, by their form: who signed is not looked at here."""
    texts = []
    for size, root in zip(sizes, sorted([word("one root"), word("other root")])):
        first = f"specola/{fed_id.hex()}/{(node or word('another node')).hex()}/{gen}"
        line = base64.b64encode(bytes(68)).decode()
        texts.append(f"{first}\n{size}\n{base64.b64encode(root).decode()}\n\n\u2014 {first} {line}\n")
    return pack([None, *([text] for text in texts)])


def evidence_of_others(log):
    """Kind 8: the own key alone; the body is evidence of what the header names, by its form."""
    node = word("another node")

    def told(reason, key=OWNER.key, subject=node, gen=1, item=None):
        return log.add(reason, key, 8, subject, args=[gen], body=evidence_item() if item is None else item, salt=bytes(16))

    told("none")
    told("none", gen=7, item=evidence_item(gen=7))
    log.again("repeated", 4)
    told("author", key=ANNA)
    told("body", subject=word("a third node"))
    told("body", gen=2)
    told("body", item=evidence_item(fed_id=word("elsewhere")))
    told("body", item=evidence_item(sizes=(13, 14)))
    told("body", key=ANNA, item=BODY)
    told("shape", gen=0)
    log.case(ANNA)


# ---- 4.6: endorsements, as far as their own log goes ----

def endorsed(log):
    """Kinds 32 and 33: what they name stands in other logs, or nowhere."""
    version, refs = word("a version elsewhere"), [word("its object"), word("a policy")]
    rita, dora, elsewhere = signer("Rita"), signer("Dora"), word("another home")
    log.certify(rita, 4, REVIEWER)
    signed = log.add("none", rita, 32, version, refs)
    log.add("none", rita, 32, version, refs, body=pack({"language": "it"}))
    log.again("repeated", 5)
    log.add("rights", ANNA, 32, version, refs)
    log.add("author", dora, 32, version, refs)
    log.add("shape", rita, 32, version, refs[:1])
    log.add("shape", rita, 32, None, refs)
    log.add("shape", rita, 32, version, refs, args=[1])
    log.add("home", rita, 32, version, refs, home=elsewhere)
    log.add("none", rita, 33, signed)
    log.add("none", ANNA, 33, signed)
    log.add("author", dora, 33, signed)
    log.add("none", dora, 33, signed, home=elsewhere)
    log.add("shape", rita, 33, signed, body=BODY)
    log.add("shape", rita, 33, signed, refs=[version])


def endorsed_and_revoked(log):
    version, refs, rita = word("a version elsewhere"), [word("its object"), word("a policy")], signer("Rita")
    log.certify(rita, 4, REVIEWER)
    log.add("none", rita, 32, version, refs)
    signed = log.add("revoked", rita, 32, version, refs, body=pack({"language": "it"}))
    log.add("revoked", rita, 33, signed)
    log.revoke(rita, 6)
    log.add("revoked", rita, 32, version, refs, body=pack({"language": "en"}))
    log.again("revoked", 5)
    log.add("none", rita, 33, signed, home=word("another home"))


# ---- 7.6: two generations ----

def a_generation_carries_on(log):
    a = log.case(ANNA)
    b = log.case(BRUNO, None, "revoked")
    later = log.cut()
    c = later.case(ANNA, a)
    d = later.case(BRUNO, c, "revoked", first=a)
    later.again("repeated", 4, of=log)
    later.certify(signer("Dora"), 4, EDITOR, "author", by=OWNER.key)
    later.certify(signer("Dora"), 4, EDITOR)
    later.case(signer("Dora"), d, first=a)
    later.revoke(BRUNO, 5)
    later.case(BRUNO, None, "revoked")
    later.case(ANNA, b)
    later.add("author", later.key, 1, body=pack([OWNER.body, root_signatures(OWNER, OWNER.body, [0], FED)]), salt=bytes(16))
    later.add("identity", OWNER.key, 1, body=pack([OWNER.body, root_signatures(OWNER, OWNER.body, [0], FED)]), salt=bytes(16))


def what_stood_above_a_cut_comes_again(log):
    a = log.case(ANNA)
    lost = log.case(ANNA, a)
    later = log.cut(5)
    log.items, log.reasons, kept = log.items[:5], log.reasons[:5], log.items[5]
    later.items.append(kept)
    later.reasons.append("none")
    later.case(ANNA, lost, first=a)
    later.withdraw(ANNA, a, lost, "stale")


def a_key_ends_with_its_generation(log):
    log.case(ANNA)
    later = log.cut()
    later.takedown(log.ids[4], by=OWNER.key, finding="author")
    later.revoke(ANNA, 4, by=OWNER.key, reason="author")
    later.takedown(log.ids[4])
    later.revoke(signer("IT node 2"), 1, gen=2)
    log.bodies = ["whole"] * 4 + ["gone"]


def begins_before_the_cut(log):
    log.case(ANNA)
    log.cut(5, log.root(5)).case(ANNA)
    log.items.pop()
    log.refused = "mismatch"


def goes_on_behind_the_cut(log):
    log.case(ANNA)
    log.cut(4).case(ANNA)
    log.refused = "mismatch"


# ---- 4.6 row 17, 6.5: proposals and votes ----

CHANGES = pack([[pack([2, word("somebody"), None]), []]])


def propose(log, args, reason="none", blanks=(), body=None, by=None):
    return log.add(reason, by or log.key, 4, args=args, body=pack([CHANGES, sorted(blanks)]) if body is None else body, salt=bytes(16))


def vote(log, args, reason="none", by=None, digest=word("epoch hash"), signed=None):
    key = by or log.key
    return log.add(reason, key, 5, word("proposal"), args=args, body=pack([digest, tagged(key, "vote", FED, pack([*(signed or args), digest]))]), salt=bytes(16))


def blank(log, args, reason="none", last=None, digest=word("epoch hash"), by=None):
    return log.add(reason, by or log.key, 5, args=args, body=b"" if last is None else pack([last, digest]), salt=bytes(16))


def votes_rise(log):
    blank(log, [2, 1])
    blank(log, [2, 1], "ballot", last=0)
    vote(log, [2, 0], "ballot")
    vote(log, [2, 1])
    vote(log, [2, 1], "ballot", digest=word("another hash"))
    blank(log, [2, 1], "ballot", last=0)
    blank(log, [2, 2], "ballot")
    blank(log, [2, 2], "ballot", last=0)
    blank(log, [2, 2], "ballot", last=1, digest=word("another hash"))
    blank(log, [2, 2], last=1)
    blank(log, [2, 5], last=1)
    vote(log, [2, 4], "ballot")
    vote(log, [2, 7], digest=word("another hash"))
    blank(log, [2, 2**32 - 1], last=7, digest=word("another hash"))
    blank(log, [3, 1], "ballot", last=0)
    blank(log, [3, 1])
    vote(log, [2, 2**32 - 1], "ballot")
    vote(log, [4, 0])
    blank(log, [3, 9], "ballot", last=1)


def votes_of_others(log):
    vote(log, [2, 0], "author", by=ANNA)
    blank(log, [2, 1], "author", by=ANNA)
    vote(log, [2, 0], "body", signed=[2, 1])
    vote(log, [2, 0], "body", signed=[3, 0])
    blank(log, [2, 1], "body", last=1)
    log.add("shape", log.key, 5, args=[1, 1])
    log.add("shape", log.key, 5, word("proposal"), args=[2, 0])
    log.add("body", log.key, 5, word("proposal"), args=[2, 0], body=BODY, salt=bytes(16))
    vote(log, [2, 0])
    log.again("repeated", len(log.items) - 1)


def proposals_and_wishes(log):
    propose(log, [0, 0])
    propose(log, [0, 0], blanks=[word("blank")], reason="body")
    propose(log, [2, 0])
    propose(log, [2, 0], body=pack([pack([[pack([2, word("another"), None]), []]]), []]))
    propose(log, [2, 3], blanks=[word("blank 1"), word("blank 2")])
    propose(log, [2, 1], blanks=[word("blank 1")])
    propose(log, [2, 1], "body")
    propose(log, [2, 0], "author", by=ANNA)
    propose(log, [1, 0], "shape")
    propose(log, [0, 1], "shape", blanks=[word("blank")])
    propose(log, [2, 0], "body", body=BODY)
    log.case(ANNA)


def votes_carry_on(log):
    vote(log, [2, 0])
    later = log.cut()
    blank(later, [2, 1], "ballot")
    blank(later, [2, 1], last=0)
    vote(later, [2, 1])


# ---- 6.4: epochs in the bundle ----

FIRST = [1, None, [[0, OWNER.id, "IT", "IT", None, None]], [blake("specola1.policy", pack(p)) for p in msgpack.unpackb(CHARTER, raw=False)[3]]]


def second_epoch(ballot=0, signed=0, key=OWNER.key, version=1, consent="consent"):
    """EE is admitted by IT, the only voice."""
    act = pack([1, [EE.body, root_signatures(EE, EE.body, [0], FED)], "EE", "EE", None, None])
    body = pack([2, blake("specola1.epoch", pack(FIRST)), sorted([FIRST[2][0], [1, EE.id, "EE", "EE", None, None]], key=lambda r: r[1]), FIRST[3], [], []])
    changes = pack([[act, [[OWNER.id, version, tagged(key, consent, FED, act)]]]])
    return [body, [ballot, changes, [[0, version, tagged(key, "vote", FED, pack([2, signed, blake("specola1.epoch", body)]))]]]]


def with_a_second_epoch(log):
    log.epochs = [[pack(FIRST), []], second_epoch()]
    log.case(ANNA)


def voted_for_in_the_next_generation(log):
    """The identity under which the vote stands comes behind the epoch."""
    later = log.cut()
    log.epochs = [[pack(FIRST), []], second_epoch(key=later.key, version=2)]
    later.case(ANNA)


def with_a_false_vote(log):
    log.epochs = [[pack(FIRST), []], second_epoch(signed=1)]
    log.refused = "signature"


def with_a_false_consent(log):
    log.epochs = [[pack(FIRST), []], second_epoch(consent="vote")]
    log.refused = "signature"


def ends_at_another_root(log):
    log.cut(root=word("another root")).case(ANNA)
    log.refused = "mismatch"


STORIES = (("what a revocation voids stands in the chain", voided_in_the_chain),
           ("a stale version does not join the chain when its author is revoked", stale_and_revoked),
           ("nor does what was built on it", on_what_does_not_stand),
           ("nor one that its author had no right to", no_right_and_revoked),
           ("nor a repeated one", repeated_and_revoked),
           ("a version written after the revocation stands too", revoked_before_it_wrote),
           ("an object whose versions are all void has a chain", all_versions_void),
           ("a void withdrawal withdraws nothing", void_withdrawal),
           ("a void version after a withdrawal does not stand", after_a_withdrawal),
           ("revoking the node key undoes no revocation", revokers_are_not_undone),
           ("a key that revokes itself does so from there on", by_itself),
           ("two keys, one of them revoked twice", two_revocations),
           ("a void author's person owns his objects", own_objects_of_a_void_person),
           ("a repeated certificate does not count", repeated_certificate_does_not_count),
           ("an identity of the next generation has no effect in the log of this one", of_the_next_generation),
           ("a takedown takes a text and moves nothing", taken_down),
           ("a text that is gone when it comes is missing until its takedown comes", taken_down_as_served),
           ("gone by the takedown of another text is missing", gone_without_its_takedown),
           ("gone by a takedown that never comes is missing", gone_and_nobody_says_why),
           ("a takedown takes every copy, below it and above", before_and_again),
           ("held records and names are taken, an identity is not", held_records_too),
           ("evidence is the owner's word of another log", evidence_of_others),
           ("an endorsement asks for a reviewer, and for nothing that stands elsewhere", endorsed),
           ("a revocation voids endorsements from its position on", endorsed_and_revoked),
           ("votes rise, and blank ones name the last", votes_rise),
           ("votes of another key, and of another form", votes_of_others),
           ("proposals and wishes are the node's, as many as it likes", proposals_and_wishes),
           ("votes carry on in the next generation", votes_carry_on),
           ("a log in a bundle with a second epoch", with_a_second_epoch),
           ("a second epoch that was voted for in the next generation", voted_for_in_the_next_generation),
           ("a second epoch that nobody voted for", with_a_false_vote),
           ("a second epoch that nobody consented to", with_a_false_consent),
           ("the next generation carries on where the cut is", a_generation_carries_on),
           ("what a cut has withdrawn may come again", what_stood_above_a_cut_comes_again),
           ("a node key ends with its generation", a_key_ends_with_its_generation),
           ("a generation that begins before the cut", begins_before_the_cut),
           ("a closed generation that goes on", goes_on_behind_the_cut),
           ("a closed generation that ends at another root", ends_at_another_root))


def logs():
    for name, tell in STORIES:
        log = Log()
        log.certify(ANNA, 1, COORDINATOR | EDITOR)
        log.certify(BRUNO, 2, EDITOR)
        log.certify(CARLA, 3, CONTRIBUTOR)
        tell(log)
        told = {} if log.bodies is None else {"bodies": log.bodies, "verified": log.verified}
        if log.next is not None:
            told.update(next=log.next.reasons, verified=log.refused is None)
        yield vector(name, "7.6" if log.next else "4.6", log.bundle(), log.refused, charter=CHARTER_ITEM, id=OWNER.id, reasons=log.reasons, **told)


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parent
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in logs())
    (folder / "log.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
