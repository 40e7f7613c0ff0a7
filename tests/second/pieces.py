#!/usr/bin/python3
"""What bundle.json says of items that go over HTTP alone, 10 (texts) and 11 (holds), against a reading of docs/protocol.md 8.3, 8.7 and 15
which shares no line with the node."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from verify import Refused, array, binary, decode, need, tagged  # noqa: E402


def number(value, least, above):
    need(isinstance(value, int) and not isinstance(value, bool) and least <= value < above, "number")
    return value


def beside(one):
    """Nothing, [nil], [takedown id] or [salt, body]."""
    need(isinstance(one, list) and len(one) <= 2, "beside an entry")
    if len(one) == 2:
        binary(one[0], 16, "salt")
        need(1 <= len(binary(one[1], None, "body")) <= 262144, "body")
    elif len(one) == 1 and one[0] is not None:
        binary(one[0], 32, "takedown")


def bodies(payload, row):
    node, gen, start, items = array(payload, 4, "bodies")
    binary(node, 32, "node")
    number(gen, 1, 2**32)
    number(start, 0, 2**40 - 1)
    need(isinstance(items, list) and 1 <= len(items) <= 2048 and start + len(items) <= 2**40 - 1, "positions")
    for one in items:
        beside(one)
    need(len(items) == row["count"], "count")


def holds(payload, row):
    body, signature = array(payload, 2, "holds")
    holder, identity, counter, rows = array(decode(binary(body, None, "body"), "holds"), 4, "holds")
    number(identity, 1, 2**63)
    number(counter, 1, 2**63)
    need(len(rows) <= 1024, "logs")
    places = []
    for one in rows:
        roll, gen, size, root, missing = array(one, 5, "row")
        places.append((number(roll, 0, 2**63), number(gen, 1, 2**32)))
        number(missing, 0, number(size, 1, 2**40) + 1)
        binary(root, 8, "root")
    need(places == sorted(set(places)), "order")
    if not tagged(bytes.fromhex(row["public"]), "holds", bytes.fromhex(row["fed_id"]), body, binary(signature, 64, "signature")):
        return "signature"
    need(holder == bytes.fromhex(row["id"]), "holder")
    return "none"


def judge(row):
    try:
        kind, payload = array(decode(bytes.fromhex(row["hex"]), "item"), 2, "item")
        need(kind in (10, 11), "type")
        if kind == 11:
            return holds(payload, row)
        bodies(payload, row)
    except Refused:
        return "format"
    return "none"


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../vectors/bundle.json"), encoding="utf-8") as file:
    pieces = [row for row in json.load(file) if row.get("what") == "piece"]
wrong = [(row["name"], judge(row)) for row in pieces if judge(row) != row["reason"]]
print(f"{len(pieces)} pieces, judged otherwise: {wrong}")
sys.exit(1 if wrong or len(pieces) < 19 else 0)
