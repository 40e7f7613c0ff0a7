#!/usr/bin/env bash
# Help: every command of the table explains itself in two languages, stands in the manual, and its nearest neighbour is suggested.
# With sanitizers it is every fourth command.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
specola
exits 0
says "specola help COMMAND"
specola --json help
mapfile -t commands < <(picked '.commands[].name')
[ "${#commands[@]}" -ge 25 ] || fail "only ${#commands[@]} commands"
for command in "${commands[@]}"; do
  skips 4 && continue
  # shellcheck disable=SC2086
  specola help $command
  exits 0
  says "specola $command"
  # shellcheck disable=SC2086
  specola $command --help
  exits 0
  en=$(sed -n 2p "$T/out")
  # shellcheck disable=SC2086
  specola --lang it help $command
  [ "$en" != "$(sed -n 2p "$T/out")" ] || fail "$command: no Italian"
  grep -qF "$command" "$SOURCE/docs/man/specola.1" || fail "$command is not in the manual"
done
specola --lang it help
[ "$(grep -cxE 'inizio|oggetti|persone|rete|ricerca|amministrazione' "$T/out")" = 6 ] || fail "headings: $(grep -v '^ ' "$T/out")"
specola publsh
exits 2
complains "did you mean specola publish?"
specola person
exits 2
complains "specola person certify"
specola root sing x
exits 2
complains "specola root sign"
specola qqqqqqqq
exits 2
complains "specola help"
# Kinds, fields and their codes, with names, without a node too.
specola help case
exits 0
says "sectors"
specola --json help case
json '[.fields[] | select(.field == "title") | .need, .form] | join("; ")' "publish; text, at most 200"
specola help case level
exits 0
says "regional      Regional"
for words in "help case level" "help level"; do
  # shellcheck disable=SC2086
  specola --json --lang it $words
  exits 0
  json '[.field, .facet, (.codes[] | select(.code == "regional") | .label)] | join(",")' "level,level,Regionale"
done
specola --json help case sector # a facet names its field
json '.field, (.codes | length > 50)' $'sectors\ntrue'
specola help case title
says "text, at most 200"
specola help case sectr
exits 3
complains "did you mean specola help case sectors?"
specola help case qqqqqqqq
complains "specola help case lists the fields"
specola help cuntry
exits 2
found_alone it
printf 'schema 5 tree\nname text 1 - P max=100\nkind code 1 - - vocab=tree_kind dim=tree_kind\n' >"$T/tree.schema"
mkdir -p "$T/it/home/schema/vocab"
cp "$T/tree.schema" "$T/it/home/schema/"
printf 'number\tcode\ten\n1\toak\tOak\n' >"$T/it/home/schema/vocab/tree_kind.tsv"
as it help tree kind # of the home's own kinds, too
exits 0
says "oak  Oak"
rm -r "$T/it/home/schema"
as it list case --limt 3
exits 2
complains "--limit"
specola publish
exits 2
complains "FILE..."
specola --version
exits 0
says "specola "
body() {
  does help publish
  says "specola publish FILE..."
  tells help
  json '[.commands[] | select(.name == "help")] | length' 1
  refuses 2 "did you mean specola publish?" help publsh
  refuses 3 "did you mean specola help case level?" help case levl
  does version
  says "specola "
  tells version
  json .protocol 1
  refuses 2 "specola version" version 2
}
story_both body help version
