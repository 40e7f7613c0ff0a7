#!/usr/bin/env bash
# The founding as officials do it: roots on a fourth machine, three homes, a charter that everybody signs; and what stops it.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

mkdir -p "$T/roots"
for handle in IT FR EE; do
  as roots root new --name $handle --out "$T/roots" "${P[@]}"
  exits 0
  says "$T/roots/$handle-1.key"
  as $handle init --country $handle --name "Node $handle" --root "$T/roots/$handle.root" --listen tcp://127.0.0.1:0 \
    --advertise tcp://$handle.example.org:7411 --out "$T/$handle.identity" "${P[@]}"
  exits 0
  says "Fingerprint"
done
as roots root new --name IT --out "$T/roots" "${P[@]}"
exits 1
complains "exists"

# One that was cut short goes on with the sheets that are there, if they are its own.
as roots root new --name XX --out "$T/roots" "${P[@]}"
rm "$T/roots/XX-2.key" "$T/roots/XX.root"
cp "$T/roots/XX-1.key" "$T/kept.key"
printf 'wrong\n' >"$T/wrong"
as roots root new --name XX --out "$T/roots" --passphrase-file "$T/wrong"
exits 5
as roots root new --name XX --out "$T/roots" "${P[@]}"
exits 0
cmp -s "$T/roots/XX-1.key" "$T/kept.key" || fail "a sheet was made anew"

as roots found "Prova" "$T"/{IT,FR,EE}.identity --out "$T/prova.charter"
exits 0
says "Prova"
as roots found "Prova" "$T"/{IT,IT}.identity --out "$T/double.charter"
exits 9
as roots found "Prova" "$T"/roots/IT.root --out "$T/not.charter"
exits 8
as roots found "Prova" "$T"/{IT,FR,EE}.identity --out "$T/prova.charter"
exits 1
complains "exists"

as IT join "$T/prova.charter"
exits 9
complains "IT"
complains "FR"
complains "EE"
complains "specola root sign $T/prova.charter"
[ ! -e "$T/IT/home/store.db" ] || fail "an incomplete charter made a store"

# Two copies of the charter go round; join unites them.
cp "$T/prova.charter" "$T/copy.charter"
as roots root sign "$T/prova.charter" --key "$T/roots/IT-1.key" "${P[@]}"
exits 0
says "1 signature"
as roots root sign "$T/prova.charter" --key "$T/roots/IT-1.key" "${P[@]}"
exits 0
says "signed it already"
as roots root sign "$T/prova.charter" --key "$T/roots/FR-2.key" "${P[@]}"
exits 0
printf 'wrong\n' >"$T/wrong"
as roots root sign "$T/copy.charter" --key "$T/roots/EE-1.key" --passphrase-file "$T/wrong"
exits 5
as roots root sign "$T/copy.charter" --key "$T/IT/home/node.key" "${P[@]}"
exits 8
complains "not a root sheet"
as roots root sign "$T/copy.charter"
exits 2
as roots root new --name other --out "$T/roots" "${P[@]}"
as roots root sign "$T/copy.charter" --key "$T/roots/other-1.key" "${P[@]}"
exits 3

as IT join "$T/prova.charter"
exits 9
complains "EE"
! grep -q "FR" "$T/err" || fail "FR is named, and has signed"
as roots root sign "$T/copy.charter" --key "$T/roots/EE-1.key" "${P[@]}"
exits 0
for handle in IT FR EE; do
  as $handle --json join "$T/prova.charter" "$T/copy.charter"
  exits 0
  json .node $handle
  json '.founders | length' 3
  as $handle --json status
  json '.logs[0].size' 2
  json '.observatory' Prova
done
as IT join "$T/prova.charter" "$T/copy.charter"
exits 9
complains "joined an observatory already"

# A node that is no founder, and a charter that somebody changed.
as PT init --country PT --name "Node PT" --root "$T/roots/other.root" "${P[@]}"
exits 0
as PT join "$T/prova.charter" "$T/copy.charter"
exits 9
complains "not a founder"
size=$(stat -c %s "$T/copy.charter")
for at in 20 $((size / 2)) $((size - 5)); do
  cp "$T/copy.charter" "$T/flipped.charter"
  octet=$(od -An -tu1 -j "$at" -N1 "$T/flipped.charter" | tr -d ' ')
  printf "$(printf '\\%03o' $((octet ^ 1)))" | dd of="$T/flipped.charter" bs=1 seek="$at" conv=notrunc status=none
  as PT --json join "$T/flipped.charter"
  exits 8
  json '.error.exit' 8
done
body() {
  local dir=$T/$who/founding
  mkdir "$dir"
  does root new --name IT --out "$dir" "${P[@]}"
  says "Root sheet   $dir/IT-1.key"
  tells root new --name FR --out "$dir" "${P[@]}"
  json '.sheets | length' 2
  refuses 1 "another --name" root new --name IT --out "$dir" "${P[@]}"
  for handle in IT FR; do
    as "$who" init --home "$dir/$handle" --country $handle --name "Node $handle" --root "$dir/$handle.root" --out "$dir/$handle.identity"
    exits 0
  done
  does found Prova "$dir/IT.identity" --out "$dir/it.charter"
  says "Written to $dir/it.charter"
  tells found Prova "$dir/FR.identity" --out "$dir/fr.charter"
  json .charter "$dir/fr.charter"
  refuses 1 "another --out" found Prova "$dir/FR.identity" --out "$dir/fr.charter"
  does root sign "$dir/it.charter" --key "$dir/IT-1.key" "${P[@]}"
  says "1 signature added"
  tells root sign "$dir/fr.charter" --key "$dir/FR-1.key" "${P[@]}"
  json .complete true
  refuses 2 "--key" root sign "$dir/fr.charter"
  does join --home "$dir/IT" "$dir/it.charter"
  says "IT"
  tells join --home "$dir/FR" "$dir/fr.charter"
  json .node FR
  refuses 9 "specola status" join "$T/$who/home/observatory.charter"
}
story_both body "root new" "root sign" found join
