#!/usr/bin/env bash
# Who joins too late: each invitation that is good no more says why, in the words of docs/review.md, and makes nothing there.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

# at: where the pages are, as a line says it: another place each time the node serves.
at() { tr ' ' '\n' <"$T/it/home/run/ports" | grep ^http; }
# invited: the line goes to $line, its number to $number.
invited() {
  as it --json invite --for reviewer --at "$(at)"
  exits 0
  line=$(picked .line)
  number=$(picked .number)
}
# turned_away WHO SENTENCE HINT STATE ITALIAN: whoever has $line, invitation $number, is told so, and the coordinator sees it.
turned_away() {
  local laptop=$1
  line="${line%&at=*}&at=$(jq -rn --arg at "$(at)" '$at | @uri')"
  as "$laptop" join "$line" --yes --name Ana "${P[@]}"
  exits 9
  complains "$2"
  complains "  try: $3"
  as "$laptop" join "$line" --yes --json "${P[@]}"
  refused refused 9
  [ "$(picked .error.message)" = "$2" ] || fail "the document says something else: $2"
  [ ! -e "$T/$laptop/home/node.ini" ] || fail "whoever was refused has a replica"
  as "$laptop" --lang it join "$line" --yes "${P[@]}"
  complains "$5"
  as it --json invite list
  json ".invitations[] | select(.number == $number) | .state" "$4"
  grep -qF "| $2 (9) |" "$SOURCE/docs/review.md" || fail "docs/review.md, When it is refused, has no row: $2"
}

found_alone it
serve it
invited
as it invite cancel "$number"
exits 0
turned_away noa "cancelled: the invitation was taken back" "ask who invited you" cancelled "l'invito è stato annullato"
invited
as rui join "$line" --yes --name Rui "${P[@]}"
exits 0
turned_away zoe "used: another key has used this invitation" "ask who invited you for a new line, and who used it" used \
  "un'altra chiave ha già usato questo invito"
invited
unserve it
# Its seven days go by while the node does not serve.
python3 - "$T/it/home/store.db" "$number" <<'PY'
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1])
with db:
    changed = db.execute("UPDATE invitation SET made_s = made_s - 700000, until_s = until_s - 700000 WHERE id = ?", sys.argv[2:]).rowcount
assert changed == 1, changed
db.close()
PY
serve it
turned_away eva "expired: the invitation is too old" "ask who invited you for a new line" expired "l'invito è scaduto"
# A new line, and all is well.
invited
as eva join "$line" --yes "${P[@]}"
exits 0
says "Certified by IT as reviewer"
unserve it
