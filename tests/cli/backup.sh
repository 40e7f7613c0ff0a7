#!/usr/bin/env bash
# backup, restore: a node in one file, while it serves or not; a node out of it, that waits before it writes; damaged, unfinished
# and strange files refused; nothing overwritten.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

setting() {
  mkdir "$T/$who/home/schema"
  cp "$SOURCE"/tests/schema/bicycle.{schema,tsv} "$T/$who/home/schema/"
  mkdir "$T/$who/home/schema/vocab"
  cp "$SOURCE"/tests/schema/vocab/*.tsv "$T/$who/home/schema/vocab/"
  draft "$T/1.draft" "Una prova"
  as "$who" publish "$T/1.draft" "${P[@]}"
  exits 0
}
body() {
  local copy=$T/$who/copy.backup
  mkdir "$T/$who/stick"
  as "$who" invite --for reviewer --name Ana --at https://node.example.org
  exits 0
  does backup "$copy"
  says "Verified"
  says "without its keys"
  same "$(mode "$copy")" 600
  tells backup "$T/$who/stick" --keys all
  json .keys true
  json '.logs[0].size' 3
  ls "$T/$who/stick"/IT-*.backup >"$T/out" || fail "no file in the folder"
  refuses 9 "nothing is overwritten" backup "$copy"
  refuses 2 "" backup "$T/$who/x" --keys some
  # What is published later is not in it; what was sealed in is the same.
  draft "$T/2.draft" "Una seconda prova"
  as "$who" publish "$T/2.draft" "${P[@]}"
  exits 0
  XDG_CONFIG_HOME=$T/$who/config SPECOLA_HOME=$T/$who/again "$SPECOLA" restore "$T/$who/stick"/IT-*.backup >"$T/out" 2>"$T/err"
  status=$?
  exits 0
  cmp "$T/$who/home/node.key" "$T/$who/again/node.key" || fail "another key"
  cmp "$T/$who/home/schema/vocab/"* "$T/$who/again/schema/vocab/"* 2>/dev/null || [ "$(ls "$T/$who/home/schema/vocab")" = "$(ls "$T/$who/again/schema/vocab")" ] || fail "another schema"
  [ ! -e "$T/$who/again/head" ] || fail "the head came back, too"
  same "$(mode "$T/$who/again/node.key") $(mode "$T/$who/again/store.db") $(mode "$T/$who/again")" "600 600 700"
  strings "$T/$who/again/store.db" >"$T/strings"
  ! grep -q specola_backup_file "$T/strings" || fail "the store still holds the files"
  does restore "$copy" --home "$T/$who/plain"
  says "The keys are not in the backup"
  says "Next:  specola serve"
  says "1 open invitation is taken back" # whoever used it since would have used it twice
  SPECOLA_HOME=$T/$who/plain XDG_CONFIG_HOME=$T/$who/config "$SPECOLA" --json invite list >"$T/out" 2>"$T/err"
  status=$?
  exits 0
  json '[.invitations[].state] | join(" ")' cancelled
  mkdir -m 700 "$T/$who/plain2" # one was killed while it began
  : >"$T/$who/plain2/restoring.new-0123456789abcdef"
  tells restore "$copy" --home "$T/$who/plain2"
  [ ! -e "$T/$who/plain2/restoring.new-0123456789abcdef" ] || fail "what was left of it lies about"
  json .keys false
  refuses 9 "nothing is overwritten" restore "$copy" --home "$T/$who/plain"
  refuses 8 "specola backup FILE makes one" restore "$T/$who/home/store.db" --home "$T/$who/x"
  [ ! -e "$T/$who/x" ] || fail "a folder for nothing"
  as "$who" restore "$T/$who/none" --home "$T/$who/x"
  exits 3
}
story_both body backup restore

# Alone in its observatory it knows nobody whom it could ask, and others may have joined behind the backup: a person has to say that none has.
again() {
  SPECOLA_HOME=$T/alone/again XDG_CONFIG_HOME=$T/alone/config "$SPECOLA" "$@" "${P[@]}" >"$T/out" 2>"$T/err"
  status=$?
}
again --json publish "$T/1.draft" "$T/2.draft"
refused queued 7
json '.error.message' "queued: waiting for a person's word (--alone): this copy knows no other member, and one may have joined since"
again --json publish "$T/1.draft" "$T/2.draft" --alone
exits 0
json '.published | map(.known) | map(tostring) | join(" ")' "true true" # the second one waited, and went in first
SPECOLA_HOME=$T/alone/again "$SPECOLA" verify >"$T/out" 2>"$T/err" || fail "it does not verify"

# Flipped octets and cuts are found out, and leave no node behind.
size=$(stat -c %s "$T/alone/copy.backup")
for at in 20 5000 $((size / 2)) $((size - 3000)); do
  cp "$T/alone/copy.backup" "$T/flipped"
  dd if=/dev/urandom of="$T/flipped" bs=1024 count=2 seek=$((at / 1024)) conv=notrunc status=none
  rm -rf "$T/x"
  as alone restore "$T/flipped" --home "$T/x"
  [ "$status" -ne 0 ] || { as alone --home "$T/x" verify && exits 0; }
done
head -c $((size / 2)) "$T/alone/copy.backup" >"$T/cut"
rm -rf "$T/x"
as alone restore "$T/cut" --home "$T/x"
[ "$status" -eq 8 ] || [ "$status" -eq 11 ] || fail "a cut backup: exit status $status"
