#!/usr/bin/python3
"""What epoch.json says of epochs, of the items that make them, and of the bodies of proposals and votes, against the second verifier."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from verify import (apply_changes, array, binary, blake, check_consents, check_votes, decode, encode, need, number, read_changes, read_epoch,  # noqa: E402
                    read_identity, rising, tagged)


def is_epoch(row, octets):
    fields = read_epoch(octets)
    return row.get("id", blake("specola1.epoch", octets).hex()) == blake("specola1.epoch", octets).hex() and fields[0] >= 1


def is_frontier(row, octets):
    rising([(r[0], r[1]) for r in decode(octets, "frontier")[1]], "frontier")
    return blake("specola1.front", octets).hex() == row["id"]


def is_item(row, octets):
    """Section 6.4: whether it makes the epoch behind row["before"]."""
    fed_id, before, identities = bytes.fromhex(row["fed_id"]), read_epoch(bytes.fromhex(row["before"])), {}
    for known in row["identities"]:
        identities.setdefault(bytes.fromhex(known["node"]), []).append(read_identity(bytes.fromhex(known["body"])))
    body, quorum = array(decode(octets, "epoch item"), 2, "epoch item")
    ballot, changes, votes = array(quorum, 3, "quorum")
    number(ballot, 0, 2**32, "ballot")
    changes = read_changes(changes, fed_id)
    need(apply_changes(before, changes) == body, "changes that make another epoch")
    check_consents(before, changes, fed_id, identities)
    check_votes(before, body, ballot, votes, fed_id, identities)
    return blake("specola1.epoch", body).hex() == row["id"]


def is_proposal(row, octets):
    changes, blanks = array(decode(octets, "proposal"), 2, "proposal")
    rising([binary(b, 32, "blank") for b in blanks], "blank votes")
    need(len(blanks) <= 256 and (len(blanks) > 0) == (row["args"][1] > 0) and len(binary(changes, None, "changes")) <= 131072, "blank votes")
    need(decode(changes, "changes"), "no changes")
    return True


def is_vote(row, octets):
    epoch, ballot = row["args"]
    if octets == b"":
        return not row["subject"]
    first, second = array(decode(octets, "vote"), 2, "vote")
    if not row["subject"]:
        return number(first, 0, ballot, "last ballot") < ballot and len(binary(second, 32, "hash")) == 32
    return tagged(bytes.fromhex(row["public"]), "vote", bytes.fromhex(row["fed_id"]), encode([epoch, ballot, binary(first, 32, "hash")]), binary(second, 64, "signature"))


JUDGES = {"body": is_epoch, "frontier": is_frontier, "item": is_item, "proposal": is_proposal, "vote": is_vote}


def judged(row):
    try:
        return bool(JUDGES[row["what"]](row, bytes.fromhex(row["hex"])))
    except Exception:  # whatever goes wrong in a hostile row is a refusal
        return False


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../vectors/epoch.json"), encoding="utf-8") as file:
    rows = json.load(file)
wrong = [row["name"] for row in rows if judged(row) != row["ok"]]
print(f"{len(rows)} rows of epochs, {sum(row['what'] == 'item' for row in rows)} of them items, judged otherwise: {wrong}")
sys.exit(1 if wrong or len(rows) < 100 else 0)
