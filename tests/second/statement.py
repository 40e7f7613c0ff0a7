#!/usr/bin/python3
"""A second reader of statements and of what is signed of them, written from docs/protocol.md 16.1 alone: that a statement proves itself,
and that a signed file is one endorsement of it.

usage: statement.py FILE.statement FILE.signed OUT     the submission of FILE.signed goes to OUT; exit 0 accepted, 8 refused
"""
import sys

from verify import Bundle, Refused, array, binary, blake, decode, encode, items_of, need, tagged


def items(path, kinds):
    """Payloads of a bundle that has items of these types and no others."""
    data = open(path, "rb").read()
    found = list(items_of(data))
    need([kind for _, _, kind, _ in found] == [*kinds, 15], "other items than there should be")
    start, _, _, end = found[-1]
    need(end == blake("specola1.bundle", data[:start]), "hash of the end")
    return [payload for _, _, _, payload in found[:-1]]


def record(fed_id, envelope):
    """(id, header) of an envelope whose author's signature verifies."""
    octets, signature = array(decode(envelope, "envelope"), 2, "envelope")
    header = array(decode(octets, "header"), 11, "header")
    rid = blake("specola1.record", fed_id + octets)
    need(header[:1] + header[2:3] == [1, 1] and tagged(header[4], "record", fed_id, rid, signature), "author's signature")
    return rid, header


def body_of(header, item):
    salt, body = binary(item[1], 16, "salt"), binary(item[2], None, "body")
    need((header[9], header[10]) == (len(body), blake("specola1.body", body, key=salt)), "commitment")
    return decode(body, "body")


def main(statement_path, signed_path, out):
    charter_item, statement = items(statement_path, (1, 12))
    charter = Bundle()
    charter.charter_item(charter_item)
    home, handle, _, number, policy, version = array(statement, 6, "statement")
    need(number >= 1 and charter.handles[home] == handle, "home")
    policies = {blake("specola1.policy", encode(p)): p for p in charter.charter[3]}
    if isinstance(policy, list):
        adopted, policy = array(policy, 8, "policy"), blake("specola1.policy", encode(policy))
        policies[policy] = adopted
    version_id, header = record(charter.fed_id, version[0])
    need(header[1] == 16 and policy in policies, "version and policy")
    body_of(header, version)
    submission, = items(signed_path, (9,))
    item, = array(submission, 1, "submission")
    _, endorsement = record(charter.fed_id, item[0])
    need(endorsement[1] == 32 and endorsement[3] == home and endorsement[6] == version_id, "statement of the endorsement")
    need(endorsement[7] == [header[6] or version_id, policy] and endorsement[8] == [], "refs of the endorsement")
    said = body_of(endorsement, item)
    need(set(said) <= {"criteria", "interest", "language", "remark"} and set(said["criteria"]) <= set(policies[policy][1]), "body of the endorsement")
    open(out, "wb").write(encode(submission))


try:
    main(*sys.argv[1:])
except Refused as refused:
    sys.exit(print(f"statement: {refused}", file=sys.stderr) or 8)
