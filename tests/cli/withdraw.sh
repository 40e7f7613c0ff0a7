#!/usr/bin/env bash
# withdraw: lists, search and exports leave the object out, show and history say that it was withdrawn and why; nothing follows it.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
draft "$T/a.draft" "Prima"
draft "$T/b.draft" "Seconda"
as it publish "$T/a.draft" "$T/b.draft" "${P[@]}"
exits 0
# Nobody can be asked: it is not done without a yes, whatever else is given.
as it --json withdraw IT-2 "${P[@]}"
refused input.needed 4
as it withdraw IT-2 --reason "pubblicato due volte: vedi IT-3" "${P[@]}"
exits 4
complains "specola withdraw IT-2 --yes"
as it --json show IT-2
json .state published
as it --json withdraw IT-2 --yes
refused input.needed 4
json '.error.hint | contains("--passphrase-file")' true
as it withdraw IT-2 --reason "$(head -c 2001 /dev/zero | tr '\0' a)" "${P[@]}"
exits 2
as it withdraw IT-2 --yes --reason "pubblicato due volte: vedi IT-3" "${P[@]}"
exits 0
says "withdrawn at IT-4"
as it --json list case
json .total 1
json '.objects[0].ref' IT-3
as it --json search Prima
json .total 0
as it --json search --facets
json '.facets.country[0].count' 1
as it --json list case --withdrawn
json '[.objects[] | select(.withdrawn) | .ref] | join(",")' IT-2
as it list case --withdrawn
says "withdrawn"
as it list case
silent "withdrawn"
as it export --to ndjson
silent "Prima"
says "Seconda"
as it export --to csv
silent "Prima"
as it show IT-2
exits 0
says "It was withdrawn (IT-4): pubblicato due volte: vedi IT-3"
as it --lang it show IT-2
says "stato ritirato"
as it --json show IT-2
json .state withdrawn
json .withdrawal.reference IT-4
json .withdrawal.reason.en "pubblicato due volte: vedi IT-3"
as it history IT-2
says "withdrawn: pubblicato due volte"
as it --json history IT-2
json '.history[1].what' withdrawal
json '.history[1].reason.en' "pubblicato due volte: vedi IT-3"
# Again: nothing new. A further version: refused.
as it --json withdraw IT-2 "${P[@]}"
exits 0
json .known true
json .withdrawal IT-4
draft "$T/c.draft" "Terza"
as it --json publish "$T/c.draft" --replaces IT-2 "${P[@]}"
refused refused 9
json '.published[0].reason' stale
as it withdraw IT-99
exits 3
as it rebuild
exits 0
as it --json list case
json .total 1
as it verify
exits 0
# Without a reason, and by somebody who may not.
as other key new --name Altra -o "$T/other.pub" "${P[@]}"
as it person certify "$T/other.pub" --role contributor "${P[@]}"
exits 0
XDG_CONFIG_HOME="$T/other/config" SPECOLA_HOME="$T/it/home" "$SPECOLA" withdraw IT-3 --yes "${P[@]}" >"$T/out" 2>"$T/err" </dev/null
status=$?
exits 9
complains "rights"
as it withdraw IT-3 --yes "${P[@]}"
exits 0
as it show IT-3
says "It was withdrawn (IT-6)."
setting() {
  draft "$T/a.draft" "Prima"
  draft "$T/b.draft" "Seconda"
  as "$who" publish "$T/a.draft" "$T/b.draft" "${P[@]}"
  exits 0
}
body() {
  refuses 4 "--yes" withdraw IT-2 "${P[@]}"
  does withdraw IT-2 --yes "${P[@]}"
  says "IT-2  Prima  withdrawn at IT-4"
  tells withdraw IT-3 --yes --reason "una prova" "${P[@]}"
  json .state withdrawn
}
story_both body withdraw
