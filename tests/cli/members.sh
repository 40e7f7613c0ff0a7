#!/usr/bin/env bash
# A country is admitted to an observatory that exists: it asks, is proposed, the voices consent, and it joins.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
# newcomer HANDLE WHO: a node that asks to come in; its request is $T/HANDLE.identity, not signed for anybody yet.
newcomer() {
  mkdir -p "$T/$2"
  as "$2" root new --name "$1" --out "$T/$2" "${P[@]}"
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
    as "${each#*:}" --json root sign "$T/${each%:*}.identity" --for "$T/$who/home/observatory.charter" --key "$T/${each#*:}/${each%:*}-1.key" "${P[@]}"
    exits 0
    json .added 1
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
as pt root sign "$T/PT.rotation" --key "$T/pt/PT-1.key" "${P[@]}"
exits 0
as pt --json key rotate "$T/PT.rotation"
exits 0
json .version 2
as pt export --to bundle -o "$T/rotated.bundle"
exits 0
as pt verify "$T/rotated.bundle"
exits 0
