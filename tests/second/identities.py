#!/usr/bin/python3
"""What log.json and frame.json say of generations and of identities without a session, against the second verifier."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from verify import Bundle, Refused, decode, read_identity, verify  # noqa: E402


def rows(name):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), f"../vectors/{name}.json"), encoding="utf-8") as file:
        return json.load(file)


def is_verified(octets):
    try:
        verify(octets)
    except Refused:
        return False
    return True


def proves_identity(row):
    """Section 8.2: whether the roots of the identity that is known sign the one that an unsigned IDENT brings."""
    payload, signature = decode(bytes.fromhex(row["hex"]), "frame")
    kind, req, node, items, address = decode(payload, "IDENT")
    bundle, known = Bundle(), read_identity(bytes.fromhex(row["previous"]))
    bundle.fed_id, bundle.identities = bytes.fromhex(row["fed_id"]), {node: [known]}
    for item in items:
        bundle.identity_item(item)
    return (kind, req, address, signature, node) == (8, None, None, bytes(64), known["hash"]) and len(bundle.identities[node]) == 2


logs = [row for row in rows("log") if row.get("verified", True) or not row["ok"]]
idents = [row for row in rows("frame") if row.get("what") == "ident"]
wrong = [row["name"] for row in logs if is_verified(bytes.fromhex(row["hex"])) != row["ok"]]
wrong += [row["name"] for row in idents if not proves_identity(row)]
print(f"{len(logs)} logs, {sum('next' in row for row in logs)} of two generations, {len(idents)} identities, judged otherwise: {wrong}")
sys.exit(1 if wrong or len(logs) < 26 or len(idents) < 5 else 0)
