#!/usr/bin/env bash
# queue, endorse: reviewers of three countries sign one statement without having met; every replica finds the same, and says what is
# missing. Logs travel as bundles.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
ALL="IT FR EE PT"

mkdir -p "$T/roots"
for handle in $ALL; do
  as roots root new --name $handle --out "$T/roots" "${P[@]}"
  as $handle init --country $handle --name "Node $handle" --root "$T/roots/$handle.root" --listen tcp://127.0.0.1:0 \
    --advertise tcp://$handle.example.org:7411 --out "$T/$handle.identity" "${P[@]}"
  exits 0
done
as roots found "Prova" "$T"/{IT,FR,EE,PT}.identity --out "$T/prova.charter"
for handle in $ALL; do as roots root sign "$T/prova.charter" --key "$T/roots/$handle-1.key" "${P[@]}"; done
for handle in $ALL; do
  as $handle join "$T/prova.charter"
  exits 0
done
# carry FROM TO…: the log of FROM goes to the others.
carry() {
  local from=$1
  shift
  as "$from" export --to bundle -o "$T/$from.bundle" --force
  exits 0
  for to in "$@"; do
    as "$to" import "$T/$from.bundle"
    exits 0
  done
}
endorsement() { json ".endorsement.statements[0] | \"\(.counted) \(.nodes) \(.countries) \(.met) \(.missing.endorsements)\"" "$1"; }

for handle in FR EE PT; do
  as $handle key show -o "$T/$handle.pub"
  as $handle person certify "$T/$handle.pub" --role editor --role reviewer "${P[@]}"
  exits 0
done
draft "$T/lab.draft" "Laboratorio"
draft "$T/other.draft" "Altro"
as IT publish "$T/lab.draft" --review "${P[@]}"
exits 0
as IT publish "$T/other.draft" "${P[@]}"
exits 0
carry IT FR EE PT
cp -a "$T/PT" "$T/ready"

# What waits: only what a review is asked for, and never one's own.
as PT queue
exits 0
says "IT-2"
says "0 of 3"
silent "IT-3"
as PT --json queue --all
json .total 2
as PT --json queue --language fr
json .total 0
as PT queue --language zz
exits 0
complains "a language that was asked for"
as PT queue --language "z z"
exits 2
complains "is no language tag"
as PT --json queue --language it
json '.objects[0] | "\(.ref) \(.counted) \(.needed) \(.missing)"' "IT-2 0 3 3"
as IT --json queue --all
json .total 0

# Nothing is signed without a yes, without the role, by the home, or with words that are not the policy's.
as PT --json endorse IT-2 "${P[@]}"
refused input.needed 4
json '.error.hint' "specola endorse IT-2 --yes"
as PT endorse IT-2 --yes --criteria beautiful "${P[@]}"
exits 2
complains "beautiful"
as PT endorse IT-2 --yes --language "not a language" "${P[@]}"
exits 2
as PT endorse IT-2 --yes --carry "${P[@]}"
exits 3
as PT endorse IT-2 --carry --withdraw "${P[@]}"
exits 2
as PT endorse IT-9 --yes "${P[@]}"
exits 3
as IT --json endorse IT-2 --yes "${P[@]}"
refused refused 9
json '.error.message | contains("own node")' true
as PT --json endorse IT-2 --withdraw --yes "${P[@]}"
exits 3

as PT endorse IT-2 --yes --language it --remark "usato anche a Lisbona" --interest "none" "${P[@]}"
exits 0
says "signed, and in the log at PT-3"
says "1 of 3; missing: 2 endorsements, 2 nodes, 2 countries"
as PT --json endorse IT-2 --yes "${P[@]}"
exits 0
json .known true
json .reference PT-3
as PT --json show IT-2
endorsement "1 1 1 false 2"
json '.endorsement.statements[0].endorsements[0] | "\(.reference) \(.country) \(.standing) \(.language) \(.remark.en)"' \
  "PT-3 PT counts it usato anche a Lisbona"
json .endorsement.state none

# FR's log has FR's signature and PT's is not there yet; with both, and EE's, all four find the same.
as FR endorse IT-2 --yes "${P[@]}"
exits 0
as EE endorse IT-2 --yes --criteria novel --criteria implemented "${P[@]}"
exits 0
says "1 of 3"
carry PT IT FR EE
carry FR IT EE PT
carry EE IT FR PT
carry IT PT FR EE
digest=
for handle in $ALL; do
  as $handle --json show IT-2
  endorsement "3 3 3 true 0"
  json .endorsement.state current
  json '.endorsement.statements[0].endorsements | length' 3
  now=$(picked .endorsement.frontier)
  same "${digest:=$now}" "$now"
  jq -S .endorsement "$T/out" >"$T/$handle.found"
  cmp -s "$T/IT.found" "$T/$handle.found" || fail "$handle finds something else than IT"
  as $handle --json queue
  json .total 0
done
as IT show IT-2
says "Endorsed (version 1): 3 of 3"
says "usato anche a Lisbona"
as IT --lang it show IT-2
says "Convalidata (versione 1): 3 di 3"
# News: who signed what was published here, and what is told of what one's own reviewers signed.
as IT --json news
json '[.endorsements[] | "\(.ref) \(.by) \(.counts) \(.counted) \(.endorsed)"] | join(",")' \
  "IT-2 PT true 3 current,IT-2 FR true 3 current,IT-2 EE true 3 current"
json '[.news[] | select(.ref == "IT-2") | .endorsed] | join(",")' current
as IT news
silent "IT-2"
as PT news
exits 0
says "Endorsements"
says "3 of 3, endorsed"
# Told apart in lists, facets, figures and exports.
as IT --json list case --sort endorsed
json '[.objects[] | "\(.ref) \(.endorsed)"] | join(",")' "IT-2 current,IT-3 none"
as IT --json list case --endorsed none
json '[.objects[].ref] | join(",")' IT-3
as IT --json search Laboratorio --endorsed current
json '[.objects[].ref] | join(",")' IT-2
as IT --json list case --facets
json '[.facets.endorsed[] | "\(.code) \(.count)"] | join(",")' "current 1,none 1"
as IT list case --endorsed yes
exits 2
complains "--endorsed current, earlier or none"
as IT --json stats --by endorsed
json '[.tables[0].rows[] | "\(.code) \(.count)"] | join(",")' "current 1,none 1"
as IT export --to csv --endorsed current -o "$T/endorsed.csv"
same "$(cut -d, -f1,5,9 "$T/endorsed.csv" | head -2 | paste -sd' ')" "reference,state,endorsed IT-2,published,current"
as IT export --to ndjson -o "$T/all.ndjson"
same "$(jq -r .endorsed "$T/all.ndjson" | paste -sd,)" current,none
as IT --json sql "SELECT reviewer, home, counts, standing FROM endorsements WHERE ref = 'IT-2' ORDER BY home"
json '.rows | map(.[1:] | map(tostring) | join(" ")) | join(",")' "EE 1 counts,FR 1 counts,PT 1 counts"
json '.rows | all(.[0] | length > 0)' true
as IT --json stats --endorsements
json '.endorsements | "\(.members | join(" ")) \(.counts[0] | tostring) \(.given | tostring) \(.received | tostring) \(.total)"' \
  "EE FR IT PT [0,0,1,0] [1,1,0,1] [0,0,3,0] 3"
as IT stats --endorsements
says "reviewers of"
says "it counts"
as IT stats --endorsements --by home
exits 2
as PT queue --endorsed current
exits 2
complains "--endorsed earlier"

# A corrected comma: the newest version is not endorsed, the earlier one is; one step carries the signature on.
sed -i 's/Laboratorio/Laboratorio,/' "$T/lab.draft"
as IT publish "$T/lab.draft" --replaces IT-2 "${P[@]}"
exits 0
carry IT FR EE PT
as PT --json show IT-2
json .endorsement.state earlier
json .review_wanted true
endorsement "0 0 0 false 3"
json '.endorsement.statements[1] | "\(.version) \(.met)"' "1 true"
as PT show IT-2
says "Endorsed (version 1): 3 of 3"
says "since then: changed Title (it)"
as PT --lang it show IT-2
says "da allora: modificato: Titolo (it)"
as PT --json show IT-2
json '.endorsement.statements[0] | has("since")' false
json '.endorsement.statements[1].since | map("\(.change) \(.field) \(.tag) \(.name)") | join(",")' "changed title it Title (it)"
as PT queue
says "earlier version"
as PT --json queue --endorsed none
json .total 0
as PT --json queue --endorsed earlier
json .total 1
as PT --json list case --sort endorsed
json '[.objects[] | "\(.ref) \(.endorsed)"] | join(",")' "IT-2 earlier,IT-3 none"
as PT endorse IT-2 --carry --yes "${P[@]}"
exits 0
says "You endorsed version 1 (PT-3). Since then: changed"
says "Remark (en): usato anche a Lisbona"
says "1 of 3"
as PT --json show IT-2
json '.endorsement.statements[0].endorsements[0].remark.en' "usato anche a Lisbona"

# Taken back: both signatures are, and the earlier version is endorsed no more.
as PT endorse IT-2 --withdraw --yes "${P[@]}"
exits 0
says "taken back at"
as PT --json show IT-2
json .endorsement.state none
json '[.endorsement.statements[].endorsements[] | select(.handle == "PT") | .standing] | unique | join(",")' withdrawn
as PT --json endorse IT-2 --withdraw --yes "${P[@]}"
exits 3
carry PT IT
as IT --json show IT-2
json '.endorsement.statements[1] | "\(.counted) \(.met)"' "2 false"

# An editor without the role is refused by his own log, and the reason says why.
as IT key show -o "$T/IT.pub"
draft "$T/fr.draft" "Laboratoire"
as FR publish "$T/fr.draft" --review "${P[@]}"
carry FR IT
as IT --json endorse FR-4 --yes "${P[@]}"
refused refused 9
json '.error.message | startswith("rights")' true
as PT rebuild
exits 0
as PT --json show IT-2
json .endorsement.state none

# A key on a machine without a network, a node or anything else: what it signs is in the file, and so is the proof of it.
cp -a "$T/ready" "$T/office"
as laptop key new --name "Reviewer, Lisbon" -o "$T/laptop.pub" "${P[@]}"
as office person certify "$T/laptop.pub" --role reviewer "${P[@]}"
exits 0
as office statement IT-2 -o "$T/IT-2.statement"
exits 0
says "We have read this case"
as laptop sign "$T/IT-2.statement" --yes --language it --remark "letto sul treno" -o "$T/IT-2.signed" "${P[@]}"
exits 0
says "Laboratorio"
says "We have read this case"
says "Really carried out"
as laptop --json sign "$T/IT-2.statement" --yes -o "$T/IT-2.signed" "${P[@]}"
refused failed 1
# As a code for a telephone, and the line that it reads: the same octets.
as laptop --json sign "$T/IT-2.signed" --qr
exits 0
line=$(picked .line)
same "$(printf %s "${line#*=}" | tr '_-' '/+' | base64 -d 2>/dev/null | sha256sum)" "$(sha256sum <"$T/IT-2.signed")"
as laptop sign "$T/IT-2.signed" --qr
exits 0
if ! read_code=$(PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$SOURCE/tests/cli/zbar.py" "$T/out"); then
  echo "skipped: the code as a telephone reads it ($read_code)"
else
  same "$read_code" "$line"
fi
as laptop --json sign "$T/IT-2.statement" -o "$T/no.signed" "${P[@]}"
refused input.needed 4
as laptop --json sign "$T/IT-2.statement" --yes --criteria beautiful -o "$T/no.signed" "${P[@]}"
refused usage 2
# Nothing of it can be another text, another policy or another's word: each octet that is turned is noticed.
python3 - "$T" "$SPECOLA" <<'PY' >"$T/out" 2>"$T/err" || fail "a statement that was changed is signed"
import hashlib
import os
import random
import subprocess
import sys

folder, program = sys.argv[1:]
whole = open(os.path.join(folder, "IT-2.statement"), "rb").read()
assert len(whole) < 8192, len(whole)
seed = random.randrange(1 << 32)
print("seed", seed)
chance = random.Random(seed)


def sign(octets):
    path = os.path.join(folder, "changed.statement")
    open(path, "wb").write(octets)
    done = subprocess.run([program, "--passphrase-file", os.path.join(folder, "passphrase"), "sign", path, "--yes", "-o", os.path.join(folder, "changed.signed")],
                          env={**os.environ, "XDG_CONFIG_HOME": os.path.join(folder, "laptop/config"), "SPECOLA_HOME": os.path.join(folder, "laptop/home")},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    return done.returncode, done.stderr.decode()


def sealed(body):
    """With an end whose hash is right, as who changes it would write."""
    return body + b"\x92\x0f\xc4\x20" + hashlib.blake2b(body, digest_size=32, person=b"specola1.bundle").digest()


assert sealed(whole[:-36]) == whole, "the end is not the one of docs/protocol.md 10"
for octets in (whole[:-1], b"", b"specola-draft 1 case\n"):
    code, said = sign(octets)
    assert code in (1, 8), (octets[:30], code, said)
for text in (b"Laboratorio", b"PT", b"We have read this case"):
    at = whole.index(text)
    code, said = sign(sealed((whole[:at] + text.swapcase() + whole[at + len(text):])[:-36]))
    assert code in (1, 8), (text, code, said)
for _ in range(20):
    at = chance.randrange(len(whole))
    code, said = sign(whole[:at] + bytes([whole[at] ^ (1 << chance.randrange(8))]) + whole[at + 1:])
    assert code in (1, 8, 12), (at, code, said)
assert not os.path.exists(os.path.join(folder, "changed.signed"))
PY
# What is in it is a submission (docs/protocol.md 9, 16.1): the home takes it as it takes any other.
serve office
PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$SOURCE/tests/second/statement.py" "$T/IT-2.statement" "$T/IT-2.signed" "$T/submission" >"$T/out" 2>"$T/err" ||
  fail "a second reader finds otherwise"
pages=$(grep -o 'http://[^ ]*' "$T/office/home/run/ports")
same "$(curl -s -o "$T/receipt" -w '%{http_code}' -H 'Content-Type: application/msgpack' --data-binary "@$T/submission" "$pages/sync/submit")" 200
as office --json show IT-2
json '.endorsement.statements[0].endorsements[0] | "\(.reference) \(.name) \(.counts) \(.language) \(.remark.en)"' "PT-4 Reviewer, Lisbon true it letto sul treno"
# The line says the same as the file did, also as a message broke it; a part of it, and another line, are none.
as office import "$line"
exits 0
says "in the log at PT-4"
printf '%s' "$line" | fold -w 70 >"$T/message.txt"
as office --json import "$T/message.txt"
json '.records[0] | "\(.state) \(.ref)"' "logged PT-4"
as office --json import "${line%?????}"
refused format 8
as office --json import "${line%??}!!"
refused format 8
as office --json import "specola:signed?b=U1BFQ09MQTEK"
refused format 8
unserve office

setting() {
  rm -r "$T/alone"
  cp -a "$T/ready" "$T/alone"
}
body() {
  does queue
  says "0 of 3"
  tells queue
  json .total 1
  refuses 2 "specola help queue" queue --limit many
  refuses 4 "specola endorse IT-2 --yes" endorse IT-2 "${P[@]}"
  does endorse IT-2 --yes "${P[@]}"
  says "signed, and in the log at PT-3"
  tells endorse IT-2 --yes "${P[@]}"
  json .known true
  rm -f "$T"/both.*
  does statement IT-2 -o "$T/both.statement"
  tells statement IT-2
  json '"\(.ref) \(.version) \(.home)"' "IT-2 1 PT"
  refuses 3 "specola" statement IT-9
  does sign "$T/both.statement" --yes -o "$T/both.signed" "${P[@]}"
  rm "$T/both.signed"
  tells sign "$T/both.statement" --yes -o "$T/both.signed" "${P[@]}"
  json '"\(.ref) \(.home)"' "IT-2 PT"
  refuses 1 "another name" sign "$T/both.statement" --yes -o "$T/both.signed" "${P[@]}"
  refuses 4 "--yes" sign "$T/both.statement" -o "$T/both.other" "${P[@]}"
  refuses 8 "specola statement ID -o FILE" sign "$T/lab.draft" "${P[@]}"
}
story_both body queue endorse statement sign
