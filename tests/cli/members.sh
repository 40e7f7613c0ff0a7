#!/usr/bin/env bash
# A country is admitted to an observatory that exists: it asks, is proposed, the voices consent, and it joins.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
# newcomer HANDLE WHO: a node that asks to come in; its request is $T/HANDLE.identity, not signed for anybody yet.
newcomer() {
  mkdir -p "$T/$2"
  as "$2" root new --name "$1" --keys 2 --threshold 2 --out "$T/$2" "${P[@]}"
  exits 0
  as "$2" init --country "$1" --name "Agencia $1" --root "$T/$2/$1.root" --listen tcp://127.0.0.1:0 "${P[@]}"
  exits 0
  cp "$T/$2/home/$1.identity" "$T/$1.identity"
}
setting() {
  newcomer PT pt
  newcomer EE ee
  as "$who" member propose "$T/PT.identity" --yes
  exits 9
  complains "root sign"
  for each in PT:pt EE:ee; do
    for sheet in 1 2; do
      as "${each#*:}" --json root sign "$T/${each%:*}.identity" --for "$T/$who/home/observatory.charter" --key "$T/${each#*:}/${each%:*}-$sheet.key" "${P[@]}"
      exits 0
      json .added 1
    done
    as "${each#*:}" root sign "$T/${each%:*}.identity" --for "$T/$who/home/observatory.charter" --key "$T/${each#*:}/${each%:*}-1.key" "${P[@]}"
    says "signed it already"
  done
}
body() {
  does member list
  says "List no. 1: 1 member, 1 voice"
  refuses 4 "--yes" member propose "$T/PT.identity"
  does member propose "$T/PT.identity" --yes
  says "consents to admit PT"
  says "In force now: the list of members no. 2"
  refuses 9 "member list" member propose "$T/PT.identity" --yes # once is enough
  refuses 3 "member list" member vote EE
  tells member propose "$T/EE.identity" --yes
  json .epoch 2
  json .known false
  local size
  as "$who" --json status
  size=$(picked '.logs[] | select(.handle == "IT") | .size')
  does member propose "$T/EE.identity" # once is enough
  says "consented already"
  as "$who" --json status
  json '.logs[] | select(.handle == "IT") | .size' "$size"
  does member vote EE
  says "consented already"
  tells member vote EE --yes
  json .known true
  tells member list
  json '.wishes[0] | "\(.act) \(.handle) \(.given) of \(.needed) by \(.consents | join(","))"' "admit EE 1 of 2 by IT"
  json '[.members[].handle] | join(" ")' "IT PT"
  refuses 2 "specola member list" member list all
  as "$who" export --to bundle -o "$T/$who.bundle"
  exits 0
}
story_both body "member list" "member propose" "member vote"

# Who was admitted joins with all that a member holds; who was not is told so.
as ee join "$T/alone.bundle"
exits 9
complains "list no. 2 of the members does not have this node"
as pt join "$T/alone.bundle"
exits 0
as pt join "$T/alone.bundle"
exits 9
complains "joined an observatory already"
as pt member list
says "PT     PT              2 this node"
as pt member vote EE --yes
exits 0
says "consents to admit EE"
as pt --json status
json .epoch 2

# What members hold can be checked from the charter on, whoever came later.
as pt export --to bundle -o "$T/later.bundle"
exits 0
as pt verify "$T/later.bundle"
exits 0
says "PT"
as pt verify
exits 0

# Whoever came later takes new keys like a founder.
as pt key rotate --curve --out "$T/PT.rotation"
exits 0
as pt root sign "$T/PT.rotation" --key "$T/pt/PT-1.key" --key "$T/pt/PT-2.key" "${P[@]}"
exits 0
as pt --json key rotate "$T/PT.rotation"
exits 0
json .version 2
as pt export --to bundle -o "$T/rotated.bundle"
exits 0
as pt verify "$T/rotated.bundle"
exits 0

# What needs root keys goes to them as a file, and comes back: the sheets lie apart, on machines without a node.
as alone member propose --remove PT --yes
exits 9
complains "-o FILE"
as alone member propose --remove PT -o "$T/PT.change" --key "$T/alone/home/IT-1.key" --yes "${P[@]}"
exits 2
as alone member propose "$T/EE.identity" -o "$T/EE.change"
exits 2
complains "own key"
as alone member propose --remove PT -o "$T/PT.change"
exits 0
says "To remove"
says "nothing of its log counts"
complains "specola root sign"
as alone member propose --remove PT -o "$T/PT.change"
exits 1
complains "exists"
cp "$T/PT.change" "$T/unsigned.change"
as alone --json member vote "$T/PT.change" --yes
refused incomplete 9
json '.error.hint | contains("specola root sign")' true
as alone member vote "$T/PT.change" --key "$T/alone/home/IT-1.key"
exits 2
as vault root sign "$T/PT.change" --key "$T/ee/EE-1.key" "${P[@]}"
exits 3
complains "sheet of the root keys of a member"
as vault --json root sign "$T/PT.change" --key "$T/pt/PT-1.key" "${P[@]}"
exits 0
json '"\(.act) \(.handle) \(.epoch) \(.added) \(.complete) \(.consents[0] | "\(.handle) \(.signatures)/\(.needed)")"' "remove PT 2 1 false PT 1/2"
as alone member vote "$T/PT.change" --yes
exits 9
as pt member propose --remove PT --key "$T/pt/PT-1.key" --yes "${P[@]}"
exits 9
complains "and 2 must"
as cellar root sign "$T/PT.change" --key "$T/pt/PT-2.key" "${P[@]}"
exits 0
says "specola member vote $T/PT.change"
as cellar --json root sign "$T/PT.change" --key "$T/pt/PT-2.key" "${P[@]}"
json '"\(.added) \(.complete)"' "0 true"
# Each octet that is turned is noticed; whoever turns one and makes the end fit again changes no member and no signature.
python3 - "$T" "$SPECOLA" <<'PY' >"$T/out" 2>"$T/err" || fail "a change that was changed is signed"
import hashlib
import os
import random
import subprocess
import sys

folder, program = sys.argv[1:]
seed = random.randrange(1 << 32)
print("seed", seed)
chance = random.Random(seed)


def sign(octets):
    path = os.path.join(folder, "changed.change")
    open(path, "wb").write(octets)
    return subprocess.run([program, "--passphrase-file", os.path.join(folder, "passphrase"), "root", "sign", path, "--key", os.path.join(folder, "pt/PT-1.key")],
                          env={**os.environ, "XDG_CONFIG_HOME": os.path.join(folder, "vault/config"), "SPECOLA_HOME": os.path.join(folder, "vault/home")},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


signed, bare = (open(os.path.join(folder, name), "rb").read() for name in ("PT.change", "unsigned.change"))
for whole in (signed, bare):
    body = whole[:-36]
    for sealed in (False, True):
        for _ in range(12):
            at = chance.randrange(9, len(body))
            turned = body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1:]
            end = b"\x92\x0f\xc4\x20" + hashlib.blake2b(turned, digest_size=32, person=b"specola1.bundle").digest() if sealed else whole[-36:]
            done = sign(turned + end)
            # an unsigned act may name another node or cut: then nobody of that name is removed, and what is shown says so
            ours = done.returncode == 0 and sealed and whole is bare and at > len(body) - 90
            assert done.returncode in (1, 3, 8, 9, 12) or ours, (seed, at, len(body), sealed, done)
PY
found_alone other
# The charter is changed likewise: what counts as endorsed.
draft "$T/a.draft" "Una prova"
as other publish "$T/a.draft" "${P[@]}"
as other --json member list
json '.policies[0] | "\(.m) \(.min_nodes) \(.exclude_home) \(.sentence | keys | join(","))"' "1 1 true en,it"
old=$(jq -r '.policies[0].id' "$T/out")
jq '.policies[0] | .m = 2 | .sentence.en = "We have read this case."' "$T/out" >"$T/policy.json"
as other member list
says "Policy ${old:0:16}: 1 endorsements, 1 nodes, 1 countries"
as other member propose --policy "$T/policy.json" --yes
exits 9
complains "-o FILE"
jq '.criteria[0] = "beautiful"' "$T/policy.json" >"$T/bad.json"
as other member propose --policy "$T/bad.json" -o "$T/bad.change"
exits 8
complains "no such criterion"
jq '.m = 0' "$T/policy.json" >"$T/bad.json"
as other member propose --policy "$T/bad.json" -o "$T/bad.change"
exits 8
complains "m: a number from 1 to 256"
jq '.quorum = 3' "$T/policy.json" >"$T/bad.json"
as other member propose --policy "$T/bad.json" -o "$T/bad.change"
exits 8
complains "quorum: a policy says nothing like that"
as other member propose --drop ffff -o "$T/bad.change"
exits 3
as other member propose --drop "${old:0:12}" --remove IT -o "$T/bad.change"
exits 2
as other --json member propose --policy "$T/policy.json" --drop "${old:0:12}" -o "$T/policy.change"
exits 0
json '"\(.act) \(.dropped == "'"$old"'") \(.adopted.m)"' "policy true 2"
as vault root sign "$T/policy.change" --key "$T/other/home/IT-1.key" "${P[@]}"
exits 0
says "Policy dropped ${old:0:16}"
says "2 endorsements, 1 nodes, 1 countries"
says "We have read this case."
as other --json member vote "$T/policy.change" --yes
exits 0
json .epoch 2
as other --json member list
json '[.policies[] | "\(.m) \(.sentence.en)"] | join(",")' "2 We have read this case."
as other --json show IT-2
json '[.endorsement.statements[].policy.m] | join(",")' 2
as other verify
exits 0
as other rebuild
exits 0
as other member propose --drop "${old:0:12}" -o "$T/bad.change"
exits 3

as other member vote "$T/PT.change" --yes
exits 8
complains "another observatory"
as pt member vote "$T/PT.change" --yes # there it has its second identity, of which alone has not heard
exits 9
complains "new keys"
as alone member vote "$T/PT.change"
exits 4
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$SOURCE/tests/second/change.py" "$T/PT.change" >"$T/out" 2>"$T/err" || fail "a second reader finds otherwise"
same "$(<"$T/out")" "remove PT, list no. 2: PT 2/2"
as alone --json member vote "$T/PT.change" --yes
exits 0
as alone --json member list
json '.wishes[] | select(.act == "remove") | "\(.handle) \(.given) of \(.needed) \(.roots) \(.consents[0])"' "PT 1 of 1 true PT"
