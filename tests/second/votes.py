"""What stands in logs of who is a member, and what it comes to, written from docs/protocol.md 4.6 (rows 8, 14, 17) and 6.5 alone."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from verify import (Refused, apply_changes, array, binary, blake, check_consents, decode, encode, need, number, read_changes, rising,  # noqa: E402
                    tagged)

MAX_BALLOT = 4294967295


# ---- one record ---------------------------------------------------------------------------------------------------------------------

def has_shape(e):
    """Row 8 of kinds 4 and 5."""
    if len(e.args) != 2 or e.refs or e.args[1] > MAX_BALLOT:
        return False
    if e.kind == 4:
        return e.subject is None and e.body_len > 0 and (e.args == [0, 0] or e.args[0] >= 2)
    return e.args[0] >= 2 and (e.subject is None or e.body_len > 0)


def read_proposal(octets, args):
    """Changes and blank votes of a kind 4, by their form."""
    changes, blanks = array(decode(octets, "proposal"), 2, "proposal")
    rising([binary(b, 32, "blank") for b in array(blanks, tuple(range(257)), "blanks")], "blank votes")
    need((len(blanks) > 0) == (args[1] > 0), "blank votes")
    read_changes(binary(changes, None, "changes"), None)
    return changes, blanks


def read_vote(octets, e, fed_id):
    """What a kind 5 names: the hash it votes for, of a blank one (ballot, hash) of the last vote or None."""
    if e.subject is None and e.body_len == 0:
        return None
    first, second = array(decode(octets, "vote"), 2, "vote")
    if e.subject is None:
        need(number(first, 0, MAX_BALLOT + 1, "last ballot") < e.args[1], "a last vote that is not below")
        return first, binary(second, 32, "hash")
    message = encode([*e.args, binary(first, 32, "hash")])
    need(tagged(e.author, "vote", fed_id, message, binary(second, 64, "signature")), "signature of a vote")
    return first


def word(e, fed_id):
    """Row 14: what the body says; Refused if it says nothing."""
    need(e.body_len == 0 or len(e.item) == 3, "the body is missing")
    body = e.item[2] if e.body_len > 0 else b""
    return read_proposal(body, e.args) if e.kind == 4 else read_vote(body, e, fed_id)


class Voting:
    """Row 17, of one log."""

    def __init__(self):
        self.newest, self.last = None, None  # (epoch, ballot, blank); (epoch, ballot, hash) of the newest vote

    def allows(self, e, said):
        blank = e.subject is None
        at = tuple(e.args)
        if self.newest is not None and at <= self.newest[:2]:
            if at != self.newest[:2] or blank or not self.newest[2]:
                return False
        if not blank:
            return True
        last = self.last[1:] if self.last is not None and self.last[0] == e.args[0] else None
        return said == last

    def take(self, e, said):
        self.newest = (*e.args, e.subject is None)
        if e.subject is not None:
            self.last = (*e.args, said)


# ---- ballots ------------------------------------------------------------------------------------------------------------------------

class Ballots:
    """The proposals and votes of the voices of an epoch for the next one. words: [(node, entry, what it says)], all of them NEW."""

    def __init__(self, before, words, fed_id, identities):
        self.before, self.fed_id, self.identities = before, fed_id, identities
        self.voices = [m[1] for m in before[2] if m[5] is None]
        self.proposals, self.votes, self.blanks, self.law = {}, {}, {}, {}
        for node, e, said in words:
            if node not in self.voices or e.args[0] != before[0] + 1:
                continue
            if e.kind == 4 and node == self.voices[(before[0] + e.args[1]) % len(self.voices)]:
                self.proposals[e.id] = (e.args[1], said[1], *self.make(said[0]))
            elif e.kind == 5 and e.subject is None:
                self.blanks[e.id] = (node, e.args[1], said)
            elif e.kind == 5:
                self.votes[node, e.args[1]] = (said, e.subject)

    def make(self, octets):
        """The epoch that changes make, with its hash; None, None if they cannot be applied or have not their consents."""
        try:
            changes = read_changes(octets, self.fed_id)
            body = apply_changes(self.before, changes)
            check_consents(self.before, changes, self.fed_id, self.identities)
        except (Refused, KeyError, TypeError):
            return None, None
        return body, blake("specola1.epoch", body)

    def is_majority(self, count):
        return 2 * count > len(self.voices)

    def is_lawful(self, proposal):
        if proposal not in self.law:
            self.law[proposal] = proposal in self.proposals and self.judge(*self.proposals[proposal])
        return self.law[proposal]

    def judge(self, ballot, blanks, body, made):
        if body is None or ballot == 0:
            return body is not None
        named = [self.blanks.get(b) for b in blanks]
        if None in named or any(at != ballot for _, at, _ in named) or len({node for node, _, _ in named}) != len(named):
            return False
        if not self.is_majority(len(named)) or not all(self.is_usable(node, last) for node, _, last in named):
            return False
        lasts = [last for _, _, last in named if last is not None]
        if not lasts:
            return True
        highest = max(b for b, _ in lasts)
        hashes = [h for b, h in lasts if b == highest]
        left = set(hashes)
        if len(left) > 1:
            absent = len(self.voices) - len(named)
            left = {h for h in left if self.is_majority(hashes.count(h) + absent)}
        return not left or left == {made}

    def is_usable(self, node, last):
        """Rule 2: the vote that a blank one names was for a lawful proposal, of that ballot and hash."""
        if last is None:
            return True
        said, proposal = self.votes.get((node, last[0]), (None, None))
        return said == last[1] and self.is_lawful(proposal) and self.proposals[proposal][0] == last[0] and self.proposals[proposal][3] == said

    def decided(self):
        """The epoch body that more than half voted for in one ballot, or None. Two are one too many."""
        found = set()
        for ballot, made in {(b, said) for (_, b), (said, _) in self.votes.items()}:
            voters = [node for (node, b), (said, _) in self.votes.items() if (b, said) == (ballot, made)]
            if self.is_majority(len(voters)):
                found |= {body for _, _, body, h in self.proposals.values() if h == made}
                lawful = any(self.is_lawful(i) for i, p in self.proposals.items() if p[0] == ballot and p[3] == made)
                need(lawful, "more than half voted for what is not lawful")
        need(len(found) <= 1, "two epochs of one number")
        return found.pop() if found else None
