#!/usr/bin/python3
"""What ask.json says of asks (docs/protocol.md 17), against a reading of that page which shares no line with the node."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from verify import Refused, array, binary, blake, decode, need, read_identity, tagged  # noqa: E402
import nacl.bindings  # noqa: E402


class Reason(Exception):
    pass


def read_ask(octets):
    """The fields and the ask id."""
    if len(octets) > 8192:
        raise Reason("limit")
    body, signature = array(decode(octets, "ask"), 2, "ask")
    binary(signature, 64, "signature")
    v = array(decode(binary(body, None, "body"), "ask body"), 7, "ask body")
    need(v[0] == 1, "version")
    for field, size in ((1, 32), (2, 32), (3, 16), (4, 32)):
        binary(v[field], size, "field")
    need(isinstance(v[5], str) and 1 <= len(v[5]) <= 200 and "\n" not in v[5] and "\t" not in v[5], "name")
    need(v[6] is None or len(binary(v[6], None, "request")) > 0, "request")
    if v[6] is None and len(octets) > 1024:
        raise Reason("limit")
    if not nacl.bindings.crypto_core_ed25519_is_valid_point(v[4]):
        raise Reason("key")
    if not tagged(v[4], "ask", v[1], body, signature):
        raise Reason("signature")
    if v[6] is not None:
        request = array(decode(v[6], "request"), 7, "request")
        need(read_identity(request[0])["key"] == v[4], "a request of another key")
    return v, blake("specola1.ask", body)


def judge(row):
    try:
        v, ask_id = read_ask(bytes.fromhex(row["hex"]))
    except Refused:
        return "format"
    except Reason as reason:
        return str(reason)
    said = (v[1].hex(), ask_id.hex(), blake("specola1.token", v[3]).hex())
    return "none" if said == (row["fed_id"], row["id"], row["token"]) else "mismatch"


with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../vectors/ask.json"), encoding="utf-8") as file:
    rows = json.load(file)
wrong = [(row["name"], judge(row)) for row in rows if judge(row) != row["reason"]]
print(f"{len(rows)} asks, judged otherwise: {wrong}")
sys.exit(1 if wrong or len(rows) < 33 else 0)
