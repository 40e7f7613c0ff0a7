#!/usr/bin/python3
"""tests/vectors/evidence.json against the second verifier."""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from verify import Bundle  # noqa: E402

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../vectors/evidence.json")
with open(path, encoding="utf-8") as file:
    rows = json.load(file)
wrong = []
for row in rows:
    bundle, node = Bundle(), bytes.fromhex(row["id"])
    bundle.fed_id, bundle.identities = bytes.fromhex(row["fed_id"]), {node: [{"key": bytes.fromhex(row["public"]), "gen": 1}]}
    if bundle.proves_fork(bytes.fromhex(row["hex"]), node, [1]) != row["ok"]:
        wrong.append(row["name"])
print(f"{len(rows)} vectors, judged otherwise: {wrong}")
sys.exit(1 if wrong or len(rows) < 40 else 0)
