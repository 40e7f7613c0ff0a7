#!/usr/bin/env bash
# One node founds an observatory by itself: what is made, how it is closed, and that nothing is made twice.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

as it init --country IT --name "Dipartimento della Funzione Pubblica" --found "European Observatory" "${P[@]}"
exits 0
says "Node IT created in $T/it/home"
says "Fingerprint"
says "The sealed root sheets"
complains "founds a NEW observatory"
same "$(mode "$T/it/home")" 700
for key in node.key curve.key IT-1.key IT-2.key; do
  same "$(mode "$T/it/home/$key")" 600
done
same "$(mode "$T/it/config/specola/person.key")" 600
grep -q '^seal: argon2id' "$T/it/config/specola/person.key" || fail "the person's key is not sealed"
grep -q '^seal: argon2id' "$T/it/home/IT-1.key" || fail "the root sheet is not sealed"
[ ! -e "$T/it/home/person.key" ] || fail "a person's key lies in the node's home"

as it status
exits 0
says "Node IT of European Observatory"
as it --json status
json .handle IT
json '.logs[0].size' 2
json '.figures.records' 2
json '.frontier | length' 64

as it init --country IT --name Again --found Again "${P[@]}"
exits 9
complains "there is a node already"
complains "--home"

as fr init --country FR --name Essai --found Essai --no-input
exits 4
complains "--passphrase-file"
# Nothing is announced that then is refused.
announced() { grep -qF "founds a NEW observatory" "$T/err" && fail "announced, and refused"; }
announced
cp "$T/passphrase" "$T/open"
chmod 644 "$T/open"
as fr init --country FR --name Essai --found Essai --passphrase-file "$T/open"
exits 9
announced
as fr init --country FR --name Essai --found Essai --passphrase-file "$T/none"
exits 3
announced
as fr init --country FR --name Essai --found Essai "${P[@]}" --node-passphrase-file "$T/none"
exits 3
announced
# A request is written over nothing.
echo mine >"$T/mine"
as fr init --country FR --name Essai --root "$T/none.root" -o "$T/mine" "${P[@]}"
exits 3
as other root new --name FR -o "$T" "${P[@]}"
exits 0
as fr init --country FR --name Essai --root "$T/FR.root" -o "$T/mine" "${P[@]}"
exits 1
complains "$T/mine exists, and is not overwritten"
same "$(cat "$T/mine")" mine
[ ! -e "$T/fr/home" ] || fail "something was made before the passphrase was known"

as fr init --country fr --name Essai --found Essai "${P[@]}"
exits 2
complains "ISO 3166-1"
as fr init --country FR --name Essai "${P[@]}"
exits 2
complains "--root"
as fr init --name Essai --found X "${P[@]}"
exits 2
complains "--country"
as fr init --country FR --region IT-34 --name Essai --found X "${P[@]}"
exits 2
as fr init --country FR --name "bad ; name" --found X "${P[@]}"
exits 2
as fr init --country ZZ --name Essai --found Essai --no-input
exits 4
complains "the list of codes has no ZZ"
[ ! -e "$T/fr/home" ] || fail "a refused init left something behind"
# A folder may be a link, as where a server keeps its data on another disk.
mkdir "$T/disk" "$T/linked"
ln -s "$T/disk" "$T/linked/home"
found_alone linked
as linked verify
exits 0
serve linked
as linked list case
exits 0
unserve linked
body() {
  does init --home "$T/$who/second" --country FR --name Essai --found Essai "${P[@]}"
  says "Node FR created in $T/$who/second"
  tells init --home "$T/$who/third" --country EE --name Katse --found Katse "${P[@]}"
  json .handle EE
  refuses 9 "another --home" init --country IT --name Again --found Again "${P[@]}"
}
story_both body init
