#!/usr/bin/env bash
# edit: a draft of the newest version, published as the next one; what fails stays; what came in between is noticed.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
draft "$T/a.draft" "Prima"
as it publish "$T/a.draft" "$SOURCE/cli/demo_cases/it/veneto-innovation-lab.draft" "${P[@]}"
exits 0

# Through files.
as it edit IT-2
exits 4
complains "specola edit IT-2 -o FILE"
as it edit IT-2 -o "$T/b.draft"
exits 0
says "specola edit IT-2 $T/b.draft"
same "$(mode "$T/b.draft")" 600
as it edit IT-2 -o "$T/b.draft"
exits 1
complains "not overwritten"
as it edit IT-2 "$T/b.draft"
exits 0
says "nothing has changed"
cp "$T/b.draft" "$T/late.draft"
sed -i 's/Prima/Seconda/' "$T/b.draft"
as it edit IT-2 "$T/b.draft" "${P[@]}"
exits 0
says "new version, logged"
as it edit IT-2 "$T/b.draft" # once more, as whoever did not hear of it
exits 0
says "nothing has changed"
as it --json show IT-2
json .title Seconda
json '.versions | length' 2
# Another one began from the first version, too.
sed -i 's/Prima/Tardi/' "$T/late.draft"
as it edit IT-2 "$T/late.draft" "${P[@]}"
exits 9
complains "stale"
complains "specola diff IT-2 1"
grep -q Tardi "$T/late.draft" || fail "the stale draft is gone"
as it --json edit IT-2 "$T/late.draft" "${P[@]}"
refused refused 9
as it edit IT-2 "$T/a.draft" "${P[@]}"
exits 9
complains "specola publish $T/a.draft --replaces IT-2"
# What cannot be published, or read, stays and is told.
as it edit IT-2 -o "$T/c.draft"
sed -i '/^level:/d' "$T/c.draft"
as it edit IT-2 "$T/c.draft" "${P[@]}"
exits 9
complains "the draft stays in $T/c.draft"
[ -s "$T/c.draft" ] || fail "the draft is gone"
echo "nonsense" >>"$T/c.draft"
as it edit IT-2 "$T/c.draft" "${P[@]}"
exits 9
as it edit IT-2 "$T/none.draft"
exits 3
# A whole case comes back as it was.
as it edit IT-3 -o "$T/v.draft"
exits 0
as it edit IT-3 "$T/v.draft"
exits 0
says "nothing has changed"
as it edit IT-3 -o "$T/w.draft" "$T/v.draft"
exits 2
as it edit IT-99 -o "$T/w.draft"
exits 3

setting() {
  as "$who" publish "$T/a.draft" "${P[@]}"
  exits 0
}
body() {
  does edit IT-2 -o "$T/$who/e.draft"
  says "specola edit IT-2 $T/$who/e.draft"
  sed -i 's/Prima/Altra/' "$T/$who/e.draft"
  tells edit IT-2 "$T/$who/e.draft" "${P[@]}"
  json .ref IT-2
  refuses 4 "specola edit IT-2 -o FILE" edit IT-2
}
story_both body edit

# In an editor.
script -qec true /dev/null </dev/null >/dev/null 2>&1 || { echo "the rest is skipped: no pseudo-terminal here, or no script(1)"; exit 0; }
# editor NAME: makes an editor of a shell script that changes the file it is given.
editor() {
  printf '#!/bin/sh\nset -eu\n%s\n' "$2" >"$T/$1"
  chmod 700 "$T/$1"
}
# screen EDITOR ANSWERS WORDS: an editing on a terminal.
screen() {
  printf '%b' "$2" >"$T/answers"
  SPECOLA_HOME=$T/it/home XDG_CONFIG_HOME=$T/it/config NO_COLOR=1 VISUAL= EDITOR="$T/$1" \
    timeout 60 script -qec "'$SPECOLA' $3 --passphrase-file '$T/passphrase'" /dev/null <"$T/answers" 2>"$T/err" | tr -d '\r' >"$T/out"
  status=${PIPESTATUS[0]}
}
drafts() { find "$T/it/config/specola/drafts" -name '*.draft' 2>/dev/null; }
editor better 'sed -i s/Seconda/Terza/ "$1"'
screen better "" "edit IT-2"
says "new version, logged"
as it --json show IT-2
json .title Terza
same "$(drafts)" ""
editor lazy 'test -s "$1"'
screen lazy "" "edit IT-2"
says "nothing has changed"
same "$(drafts)" ""
# The first try breaks it, the second mends it.
editor twice 'if grep -q "^level:" "$1"; then sed -i "/^level:/d; s/Terza/Quarta/" "$1"; else echo "level: local" >>"$1"; fi'
screen twice "y\n" "edit IT-2"
says "Edit again?"
as it --json show IT-2
json .title Quarta
# No more tries: the draft stays, and the next edit takes it up.
editor worse 'sed -i "/^level:/d; s/Quarta/Quinta/" "$1"'
screen worse "n\n" "edit IT-2"
says "the draft stays in"
[ -s "$(drafts)" ] || fail "the draft is gone"
screen twice "" "edit IT-2"
says "Taking up the draft"
as it --json show IT-2
json .title Quinta
same "$(drafts)" ""
# Nor is it lost to a wrong passphrase.
printf 'another one\n' >"$T/wrong"
editor better 'sed -i s/Quinta/Perduta/ "$1"'
printf '' >"$T/answers"
SPECOLA_HOME=$T/it/home XDG_CONFIG_HOME=$T/it/config EDITOR="$T/better" \
  timeout 60 script -qec "'$SPECOLA' edit IT-2 --passphrase-file '$T/wrong'" /dev/null <"$T/answers" 2>"$T/err" | tr -d '\r' >"$T/out"
says "wrong passphrase; the draft stays in $(drafts)"
says "specola edit IT-2 $(drafts)"
grep -q Perduta "$(drafts)" || fail "the draft is not what was written"
rm "$(drafts)"
editor better 'sed -i s/Seconda/Terza/ "$1"'
editor broken 'exit 3'
screen broken "" "edit IT-2"
says "nothing was published"
# It was left, and another version came in between.
as it edit IT-2 -o "$T/between.draft"
sed -i s/Quinta/Sesta/ "$T/between.draft"
as it edit IT-2 "$T/between.draft" "${P[@]}"
exits 0
screen better "" "edit IT-2"
says "stale"
sed -i s/Quinta/Sesta/ "$(drafts)" # unless what came in between is the draft itself
screen lazy "" "edit IT-2"
silent "Taking up"
says "nothing has changed"
same "$(drafts)" ""
# Withdrawing asks on a terminal.
screen better "n\n" "withdraw IT-2"
says "This cannot be undone."
as it --json show IT-2
json .state published
screen better "y\n" "withdraw IT-2"
as it --json show IT-2
json .state withdrawn
as it edit IT-2 -o "$T/x.draft"
exits 9
complains "was withdrawn"
