#!/usr/bin/env bash
# An import of several submissions, with and without a node that serves: a row finds its twin wherever it is at that moment (in
# the log, on its way, or not sent yet), and what was accepted before an error is told.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
children=
trap 'for child in $children; do kill "$child" 2>/dev/null; done; wait; rm -rf "$T"' EXIT

row() { # row SOURCE ID TITLE
  printf '{"source":"%s","source_id":"%s","title":{"it":"%s"},"summary":{"it":"Una riga."},"country":"IT","level":"local"}\n' "$1" "$2" "$3"
}
# batches SOURCE: 700 rows, three submissions. What stands at a place is the twin of an earlier row: of the submission that waits
# (2, 3), of the one on its way (300, 301), of one in the log (600, 601); the even one is equal, the odd one changed.
batches() {
  local i
  for i in $(seq 1 700); do
    case $i in
      2 | 300 | 600) row "$1" 1 "Riga 1, quarta volta" ;;
      1) row "$1" 1 "Riga 1, quarta volta" ;;
      3) row "$1" 4 "Riga 4, prima" ;;
      4 | 301 | 601) row "$1" 4 "Riga 4, a $i" ;;
      *) row "$1" "$i" "Riga $i" ;;
    esac
  done
}
# as_expected: what came of them: 694 objects, since six rows are twins.
as_expected() {
  exits 0
  json .read 700
  json .published 694
  json .new_versions 3
  json .known 3
}

found_alone it
batches prima >"$T/prima.ndjson"
as it --json import "$T/prima.ndjson" --dry-run
as_expected
as it --json import "$T/prima.ndjson" "${P[@]}"
as_expected
as it --json list case --limit 0
json .total 694
as it --json show IT-4
json '.body.title.it' "Riga 4, a 601"
json '.versions | length' 4
as it --json import "$T/prima.ndjson" "${P[@]}"
exits 0
json .published 0
json .known 696
json .new_versions 4
as it verify
exits 0

# The disk fills up, again and again, each time a little later: what the log took before is counted, and nothing else is in it.
batches piena >"$T/piena.ndjson"
cut=0
for room in $(seq $(($(stat -c %s "$T/it/home/store.db") / 1024)) 400 20000); do
  as it --json status
  before=$(picked '.logs[0].size')
  (
    trap '' XFSZ
    ulimit -f "$room"
    as it --json import "$T/piena.ndjson" "${P[@]}"
    echo "$status" >"$T/status"
  )
  taken=$(picked '.published // 0')
  changed=$(picked '.new_versions // 0')
  as it --json status
  same $((before + taken + changed)) "$(picked '.logs[0].size')"
  [ "$(cat "$T/status")" -eq 0 ] && break
  [ "$taken" -gt 0 ] && cut=$((cut + 1))
done
[ "$cut" -gt 0 ] || fail "no import was cut in its middle"
as it --json list case --limit 0
json .total 1388
as it verify
exits 0

# The same while a node serves.
XDG_CONFIG_HOME="$T/it/config" SPECOLA_HOME="$T/it/home" "$SPECOLA" serve >"$T/serve.log" 2>&1 </dev/null &
children=$!
for _ in $(seq 1 400); do
  as it --json status
  [ "$(picked .serving)" = true ] && break
  sleep 0.05
done
json .serving true
batches servita >"$T/servita.ndjson"
as it --json import "$T/servita.ndjson" "${P[@]}"
as_expected
kill -TERM "$children"
wait "$children" || fail "serve ended with $?"
children=
as it --json list case --limit 0
json .total 2082
as it verify
exits 0
