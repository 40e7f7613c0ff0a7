#!/usr/bin/python3
"""A second reader of changes on their way to root keys and back, written from docs/protocol.md 6.4, 6.5 and 12 alone: who is a member follows
from the file, and each consent in it is by root keys of one.

usage: change.py FILE.change     prints the act and who has signed: "remove EE, list no. 4: FR 1/1, IT 1/2"; exit 0 accepted, 8 refused
"""
import sys

from verify import Bundle, Refused, apply_changes, array, blake, encode, items_of, need, read_changes, tagged


def main(path):
    data = open(path, "rb").read()
    found = list(items_of(data))
    kinds = [kind for _, _, kind, _ in found]
    need(kinds == sorted(kinds) and kinds[0] == 1 and kinds[-2:] == [13, 15] and set(kinds) <= {1, 2, 3, 13, 15} and kinds.count(13) == 1, "items")
    need(found[-1][3] == blake("specola1.bundle", data[:found[-1][0]]), "hash of the end")
    bundle = Bundle()
    readers = {1: bundle.charter_item, 2: bundle.epoch_item, 3: bundle.identity_item}
    for _, _, kind, payload in found[:-2]:
        readers[kind](payload)
    bundle.judge_epochs()
    (octets, act, consents), = read_changes(encode(array(found[-2][3], 1, "changes")), bundle.fed_id)
    need(act[0] in (2, 3) and apply_changes(bundle.epoch, [(octets, act, consents)]), "not a change for root keys")
    handles = {row[1]: row[2] for row in bundle.epoch[2]}
    said = []
    for node, version, signatures in consents:
        identity = bundle.identities[node][-1]
        need(node in handles and version == identity["version"], "consent of who is no member, or of an identity before")
        for index, signature in signatures:
            need(tagged(identity["roots"][index], "consent", bundle.fed_id, octets, signature), "root signature")
        said.append(f"{handles[node]} {len(signatures)}/{identity['threshold']}")
    what = f"remove {handles[act[1]]}" if act[0] == 2 else "policy"
    print(f"{what}, list no. {bundle.epoch[0]}: {', '.join(sorted(said))}")


try:
    main(*sys.argv[1:])
except Refused as refused:
    sys.exit(print(f"change: {refused}", file=sys.stderr) or 8)
