#!/usr/bin/env bash
# hide: what this node does not show is in no list, search, export, figure, feed or page of it, and everywhere else as before.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

setting() {
  draft "$T/a.draft" "Biblioteca nascosta"
  draft "$T/b.draft" "Orto visibile"
  as alone publish "$T/a.draft" "$T/b.draft" "${P[@]}"
  exits 0
}

# lists COUNT: so many objects are in lists and figures, and as many in questions about versions.
lists() {
  as "$who" --json search --facets
  json "\"\(.total) \(.facets.country[0].count)\"" "$1 $1"
  as "$who" --json search Biblioteca
  json .total $(($1 - 1))
}

nowhere() {
  local words
  for words in "list case" "export --to ndjson" "export --to csv" "stats" "news" "sql SELECT%title%FROM%cases"; do
    read -ra words <<<"$words"
    as "$who" "${words[@]//%/ }"
    exits 0
    silent Biblioteca
  done
  as "$who" --json sql "SELECT count(*) FROM versions"
  json '.rows[0][0]' 1
}

# page PATH: of the node that serves; its status stands in $http.
page() {
  http=$(curl -s -o "$T/out" -w '%{http_code}' "$(tr ' ' '\n' <"$T/serving/home/run/ports" | grep ^http)$1")
}

pages() {
  local deadline=$((SECONDS + 20))
  page /en/IT-2
  same "$http" 403
  says "does not show this record"
  says "Rights of others"
  silent "nascosta"
  page /IT-2.json
  same "$http" 403
  json .state hidden
  json .hidden.reason rights
  silent "nascosta"
  page /IT-2/v/1.json
  same "$http" 403
  silent "nascosta"
  page /en/IT-2/where
  same "$http" 200
  silent "nascosta"
  # what follows is of the last snapshot
  until page /cases.json && [ "$(picked .total)" = 1 ]; do [ $SECONDS -lt $deadline ] || fail "the list does not follow"; done
  for path in / /en/cases /en/cases?q=nascosta /feed.atom /cases.atom; do
    page "$path"
    same "$http" 200
    ! grep -qi "Biblioteca" "$T/out" || fail "$path says it"
  done
  page /nodes/IT.json
  json '.hidden | length' 1
  json '.hidden[0] | "\(.reference) \(.reason)"' "IT-2 rights"
  page /en/nodes/IT
  says "Not shown by this node"
  says "Rights of others"
  page /network.json
  json .hidden 1
  page /en/network
  says "Not shown by this node"
  as serving hide IT-2 --reason court
  page /IT-2.json
  same "$http" 451
  as serving hide IT-2 --reason rights
  page /sync
  json '.logs[0].size' 4
}

body() {
  refuses 2 "--reason" hide IT-2
  refuses 2 "hide --list" hide --list IT-2
  refuses 2 "one line" hide IT-2 --reason "$(head -c 401 /dev/zero | tr '\0' a)"
  refuses 2 "one line" hide IT-2 --reason $'due\nrighe'
  refuses 3 "look whether" hide IT-99 --reason rights
  refuses 3 "hide --list" hide IT-2 --undo
  does hide IT-2 --reason rights
  says "IT-2  is hidden"
  tells hide IT-2 --reason rights
  json .known true
  lists 1
  nowhere
  [ $who = alone ] || pages
  # told where it is held, and what was decided
  as "$who" show IT-2
  exits 0
  says "This node shows it to nobody else: Rights of others"
  as "$who" --json show IT-2
  json .hidden.reason rights
  as "$who" explain IT-2
  says "this node does not show it"
  as "$who" --json status
  json .figures.hidden 1
  as "$who" status
  says "Hidden       1"
  as "$who" hide --list
  says "Rights of others"
  as "$who" --json hide --list
  json '.hidden[0] | "\(.reference) \(.reason)"' "IT-2 rights"
  # it is in its log as before: rebuilt, verified, in the bundle, and nobody publishes it a second time
  as "$who" rebuild
  exits 0
  lists 1
  as "$who" export --to bundle --force -o "$T/all.bundle"
  grep -qa "Biblioteca nascosta" "$T/all.bundle" || fail "the bundle lacks it"
  as "$who" verify
  exits 0
  # a new version of it is not shown either
  as "$who" publish "$T/c.draft" --replaces IT-2 "${P[@]}"
  exits 0
  lists 1
  # words of one's own
  as "$who" hide IT-2 --reason "chiesto dagli autori"
  exits 0
  as "$who" --json hide --list
  json '.hidden[0] | "\(.reason) \(.label)"' "chiesto dagli autori chiesto dagli autori"
  does hide IT-2 --undo
  lists 2
  as "$who" --json hide --list
  json '.hidden | length' 0
}
draft "$T/c.draft" "Biblioteca nascosta ancora"
story_both body hide
