#!/usr/bin/env bash
# Keys at rest: sealed, closed to others, never overwritten, backed up; wrong passphrases and open files are told apart.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
as it key show
exits 3
complains "specola key new"
as it --json key new --name "Redazione" -o "$T/it.pub" "${P[@]}"
exits 0
json .name Redazione
fingerprint=$(picked .fingerprint)
grep -q '^specola-person [0-9a-f]\{64\} Redazione$' "$T/it.pub" || fail "the card is not as it should be"
as it --json key show
json .fingerprint "$fingerprint"
as it key new "${P[@]}"
exits 1
complains "already"
# A card is written over nothing but itself.
echo mine >"$T/mine"
as it key show -o "$T/mine"
exits 1
complains "$T/mine exists, and is not overwritten"
as it key show -o "$T/it.pub"
exits 0
as fresh key new -o "$T/mine" "${P[@]}"
exits 1
same "$(cat "$T/mine")" mine
[ ! -e "$T/fresh/config/specola/person.key" ] || fail "a key was made, and its card refused"
head -c 4096 /dev/zero >"$T/long.pub"
as it person certify "$T/long.pub" --role editor
exits 8
complains "not a person's public key"
key=$T/it/config/specola/person.key
same "$(mode "$key")" 600

found_alone it2
draft "$T/a.draft" "Una prova"
chmod 644 "$T/it2/config/specola/person.key"
as it2 publish "$T/a.draft" "${P[@]}"
exits 9
complains "open to other"
chmod 600 "$T/it2/config/specola/person.key"
chmod 644 "$T/passphrase"
as it2 publish "$T/a.draft" "${P[@]}"
exits 9
chmod 600 "$T/passphrase"
chmod 755 "$T/it2/home"
as it2 status
exits 9
complains "chmod 700"
chmod 700 "$T/it2/home"
sed -i 's/^name: Dip/name: Dap/' "$T/it2/config/specola/person.key"
as it2 publish "$T/a.draft" "${P[@]}"
exits 8
sed -i 's/^name: Dap/name: Dip/' "$T/it2/config/specola/person.key"
as it2 publish "$T/a.draft" "${P[@]}"
exits 0

mkdir "$T/stick"
as it2 key backup "$T/stick" --move
exits 0
says "moved"
[ ! -e "$T/it2/home/IT-1.key" ] || fail "the root sheet is still here"
[ -e "$T/stick/IT-1.key" ] && [ -e "$T/stick/node.key" ] && [ -e "$T/stick/person.key" ] || fail "something is missing in the backup"
[ -e "$T/it2/home/node.key" ] || fail "the node's own key is gone"
as it2 key backup "$T/stick" # the same keys once more
exits 0
says "read back and compared"
cp "$T/it2/home/curve.key" "$T/stick/node.key"
as it2 key backup "$T/stick"
exits 1
complains "exists already"
as it2 key backup "$T/nowhere"
exits 3

# A node whose keys are sealed needs their passphrase to write, and none to read.
printf 'of the node\n' >"$T/node-pass"
as sealed init --country IT --name Sealed --found Sealed "${P[@]}" --node-passphrase-file "$T/node-pass"
exits 0
as sealed status
exits 0
as sealed publish "$T/a.draft" "${P[@]}"
exits 5
complains "--node-passphrase-file"
as sealed publish "$T/a.draft" "${P[@]}" --node-passphrase-file "$T/passphrase"
exits 5
as sealed publish "$T/a.draft" "${P[@]}" --node-passphrase-file "$T/node-pass"
exits 0
mkdir "$T/credentials"
cp "$T/node-pass" "$T/credentials/node-passphrase"
sed 's/Una prova/Altra prova/' "$T/a.draft" >"$T/b.draft"
CREDENTIALS_DIRECTORY="$T/credentials" as sealed publish "$T/b.draft" "${P[@]}"
exits 0
body() {
  local key=$T/$who/config/specola/person.key
  does key show
  says "specola-person "
  tells key show
  json '.fingerprint | length > 0' true
  mkdir "$T/$who/stick" "$T/$who/other"
  does key backup "$T/$who/stick"
  says "copied  node.key"
  tells key backup "$T/$who/other" --move
  json .moved 2
  refuses 3 "make the folder first" key backup "$T/none"
  refuses 1 "specola key show" key new --name Altra "${P[@]}"
  rm "$key"
  refuses 3 "specola key new" key show
  does key new --name Altra "${P[@]}"
  says "Your key     $key"
  rm "$key"
  tells key new --name Altra "${P[@]}"
  json .name Altra
}
story_both body "key show" "key backup" "key new"
