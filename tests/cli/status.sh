#!/usr/bin/env bash
# status and rebuild: what a node says of itself; and that all its tables come out of its logs.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
setting() {
  draft "$T/a.draft" "Prova"
  as "$who" publish "$T/a.draft" "${P[@]}"
  exits 0
}
body() {
  does status
  says "Node IT of Prova, $([ $who = alone ] && echo not serving || echo serving)"
  says "1 of its own, 1 in the observatory"
  tells status
  json .serving "$([ $who = alone ] && echo false || echo true)"
  json '.logs[0].size' 3
  refuses 10 "specola init" status --home "$T/none"
  does rebuild
  says "All tables are derived again"
  tells rebuild
  json .rebuilt true
  refuses 10 "specola init" rebuild --home "$T/none"
  does status
  says "1 of its own, 1 in the observatory"
}
story_both body status rebuild
