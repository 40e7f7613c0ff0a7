#!/usr/bin/env bash
# Publishing: validated before the passphrase is asked, a reference for each, new versions, and what the log refuses.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it

draft "$T/a.draft" "Prima prova"
draft "$T/b.draft" "Seconda prova"
as it publish "$T/a.draft" "$T/b.draft" "${P[@]}"
exits 0
says "IT-2"
says "IT-3"
as it --json status
json '.logs[0].size' 4

# What cannot be published is told before anybody is asked for a passphrase.
sed '/^level/d' "$T/a.draft" >"$T/bad.draft"
as it --no-input publish "$T/bad.draft"
exits 9
complains "level"
as it --no-input publish "$T/a.draft" "$T/bad.draft"
exits 9
draft "$T/new.draft" "Una prova nuova"
as it --no-input publish "$T/a.draft" "$T/new.draft"
exits 4
complains "--passphrase-file"
printf 'wrong\n' >"$T/wrong"
as it publish "$T/new.draft" --passphrase-file "$T/wrong"
exits 5
complains "passphrase"
as it --json status
json '.logs[0].size' 4

# From a file descriptor, and a new version.
sed 's/Prima prova/Prima prova, corretta/' "$T/a.draft" >"$T/a2.draft"
XDG_CONFIG_HOME="$T/it/config" SPECOLA_HOME="$T/it/home" "$SPECOLA" --json publish "$T/a2.draft" --replaces IT-2 --passphrase-fd 9 \
  9<"$T/passphrase" >"$T/out" 2>"$T/err"
status=$?
exits 0
json '.published[0].ref' IT-4
as it show IT-2
says "Prima prova, corretta"
as it show IT-2 --version 1
silent "corretta"
as it --json show IT-2 --version 2
json '.body.title.it' "Prima prova, corretta"
as it show IT-2 --version 3
exits 3
complains "--version 1 to 2"
as it publish "$T/a2.draft" --replaces IT-99 "${P[@]}"
exits 3

# The same source is the same object: a second one that says something else is refused, with a reason.
printf 'source: prova\nsource_id: 7\n' >>"$T/b.draft"
as it publish "$T/b.draft" "${P[@]}"
exits 0
says "IT-5"
sed 's/Seconda/Altra/' "$T/b.draft" >"$T/other.draft"
as it --json publish "$T/other.draft" "${P[@]}"
refused refused 9
json '.published[0].reason' duplicate

# What the log holds already is not signed again, and nobody is asked for a passphrase; with a source and without one.
as it --no-input publish "$T/b.draft"
exits 0
says "IT-5 holds this already"
as it --no-input publish "$T/a.draft"
exits 0
says "IT-2 holds this already"
as it --json publish "$T/a2.draft" --replaces IT-2
exits 0
json '.published[0] | [.ref, .logged, .known] | map(tostring) | join(" ")' "IT-4 false true"
as it --json status
json '.logs[0].size' 6
# A return to an earlier version is a new version all the same.
as it publish "$T/a.draft" --replaces IT-2 "${P[@]}"
exits 0
says "IT-6"
# Twice in one command is once.
draft "$T/c.draft" 'Terza "prova": '"$(printf 'con un titolo lungo %.0s' {1..20})"
cp "$T/c.draft" "$T/d.draft"
as it publish "$T/c.draft" "$T/a.draft" "$T/d.draft" "${P[@]}"
exits 0
says "IT-7  $T/c.draft  logged"
says "$T/d.draft  known: IT-7 holds this already"
as it --json status
json '.logs[0].size' 8

# A person without a certificate is told what to do before a passphrase is asked for.
as guest key new --name Guest "${P[@]}"
XDG_CONFIG_HOME="$T/guest/config" SPECOLA_HOME="$T/it/home" "$SPECOLA" --json publish "$T/a.draft" >"$T/out" 2>"$T/err"
status=$?
refused refused 9
json '.error.hint' "specola key show -o FILE.pub; then the coordinator of IT: specola person certify FILE.pub --role editor"
# Somebody else who says the same signs it for herself.
as second key new --name Second -o "$T/second.pub" "${P[@]}"
as it person certify "$T/second.pub" --role editor "${P[@]}"
exits 0
XDG_CONFIG_HOME="$T/second/config" SPECOLA_HOME="$T/it/home" "$SPECOLA" --json publish "$T/a.draft" "${P[@]}" >"$T/out" 2>"$T/err"
status=$?
exits 0
json '.published[0] | [.ref, .known] | map(tostring) | join(" ")' "IT-9 false"
as nobody publish "$T/a.draft" "${P[@]}"
exits 10

# What is much like an object that is there is told, with a way on, and published all the same.
cp "$SOURCE/cli/demo_cases/it/spid.draft" "$T/spid.draft"
as it publish "$T/spid.draft" "${P[@]}"
exits 0
reference=$(cut -d ' ' -f 1 "$T/out")
silent "much like"
sed 's/^title.it: .*/title.it: Un solo accesso ai servizi pubblici/' "$T/spid.draft" >"$T/twin.draft"
as it publish "$T/twin.draft" "${P[@]}"
exits 0
says "$T/twin.draft: much like $reference"
says "specola edit $reference"
says "specola compare"
sed 's/^title.it: .*/title.it: Accesso unico/' "$T/spid.draft" >"$T/triplet.draft"
as it --json publish "$T/triplet.draft" "${P[@]}"
exits 0
json '.published[0].similar | length' 2
json '.published[0].completeness > 50' true
json '.published[0].next | length' 3
json '.published[0].similar[0] | .home + " " + (.percent >= 50 | tostring) + " " + (.title | length > 0 | tostring)' "IT true true"
sed 's/^level: .*/level: regional/' "$T/triplet.draft" >"$T/next.draft"
as it publish "$T/next.draft" --replaces "$reference" "${P[@]}"
exits 0
silent "much like"

body() {
  draft "$T/a.draft" "Prima"
  draft "$T/b.draft" "Seconda"
  draft "$T/c.draft" "Terza"
  does publish "$T/a.draft" "${P[@]}"
  says "IT-2  $T/a.draft  logged"
  tells publish "$T/b.draft" "${P[@]}"
  json '.published[0].ref' IT-3
  refuses 4 "--passphrase-file" publish "$T/c.draft"
}
story_both body publish
