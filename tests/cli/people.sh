#!/usr/bin/env bash
# People: certified with a role and a territory, listed, and bound by both.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
as editor key new --name "Redazione Veneto" -o "$T/editor.pub" "${P[@]}"
exits 0
as it person certify "$T/editor.pub" --role editor --territory IT-34
exits 0
says "IT-2"
says "editor"
# Once more, which adds nothing; another role does.
as it --json person certify "$T/editor.pub" --role editor --territory IT-34
exits 0
json '.ref + " " + (.known | tostring)' "IT-2 true"
as it --json person list
json '.people | length' 2
json '.people[0].roles' "coordinator, editor"
json '.people[1].name' "Redazione Veneto"
json '.people[1].territory' IT-34
json '.people[1].person' 2
# Certified once more, it is the same person: as before, nothing is written; with other rights, the new ones count.
as it --json person certify "$T/editor.pub" --role editor --territory IT-34
exits 0
json '[.ref, .known] | tostring' '["IT-2",true]'
as it person certify "$T/editor.pub" --role editor --territory IT-34
says "is certified already as editor"
as it person certify "$T/editor.pub" --role editor --role facilitator --territory IT-34
exits 0
says "The same person as before; no longer in force: IT-2 (editor)"
as it --json person certify "$T/editor.pub" --role editor --territory IT-34
json '[.ref, .known, .replaces] | tostring' '["IT-4",false,"IT-3"]'
as it --json person list
json '[.people[].person] | tostring' '[1,2,2,2]'
as it person certify "$T/editor.pub" --role king
exits 2
complains "--role"
as it person certify "$T/editor.pub"
exits 2
as it person certify "$T/editor.pub" --role editor --territory Nowhere
exits 2
as it person certify "$T/passphrase" --role editor
exits 8
as it person certify "$T/none.pub" --role editor
exits 3
printf 'specola-person %064d Zero\n' 0 >"$T/zero.pub"
as it person certify "$T/zero.pub" --role editor
exits 8

# The editor of a region publishes there and nowhere else.
by_editor() {
  XDG_CONFIG_HOME="$T/editor/config" SPECOLA_HOME="$T/it/home" "$SPECOLA" "$@" >"$T/out" 2>"$T/err" </dev/null
  status=$?
}
draft "$T/a.draft" "Una prova"
by_editor --json publish "$T/a.draft" "${P[@]}"
refused refused 9
json '.published[0].reason' territory
printf 'regions:\n- IT-34\n' >>"$T/a.draft"
by_editor publish "$T/a.draft" "${P[@]}"
exits 0
as reader key new --name Lettore -o "$T/reader.pub" "${P[@]}"
as it person certify "$T/reader.pub" --role reviewer
exits 0
XDG_CONFIG_HOME="$T/reader/config" SPECOLA_HOME="$T/it/home" "$SPECOLA" --json publish "$T/a.draft" "${P[@]}" >"$T/out" 2>"$T/err"
status=$?
refused refused 9
json '.published[0].reason' rights
body() {
  does person certify "$T/editor.pub" --role editor
  says "IT-2  Redazione Veneto is certified as editor"
  does person certify "$T/editor.pub" --role reviewer # by the node that serves as by the command alone
  does person list
  says "     2 IT-3"
  tells person certify "$T/reader.pub" --role reviewer
  json .ref IT-4
  refuses 2 "--role editor" person certify "$T/editor.pub"
  does person list
  says "coordinator, editor"
  tells person list
  json '.people | length' 4
  refuses 2 "specola person list" person list all
}
story_both body "person certify" "person list"
