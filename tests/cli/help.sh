#!/usr/bin/env bash
# Help: every command of the table explains itself in two languages, stands in the manual, and its nearest neighbour is suggested.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
specola
exits 0
says "specola help COMMAND"
specola --json help
mapfile -t commands < <(jq -r '.commands[].name' <"$T/out")
[ "${#commands[@]}" -ge 25 ] || fail "only ${#commands[@]} commands"
for command in "${commands[@]}"; do
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
found_alone it
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
  does version
  says "specola "
  tells version
  json .protocol 1
  refuses 2 "specola version" version 2
}
story_both body help version
