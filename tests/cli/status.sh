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

# What scrub found, and nobody has given yet.
found_alone it
draft "$T/b.draft" "Seconda"
as it publish "$T/b.draft" "${P[@]}"
exits 0
as it status
silent "damaged"
as it --json status
json .figures.damaged 0
python3 - "$T/it/home/store.db" <<'PY'
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1])
row, body = db.execute("SELECT id, body FROM entry WHERE id & 0xffffffffff = 2").fetchone()
db.execute("UPDATE entry SET body = ? WHERE id = ?", (body[:-1] + bytes([body[-1] ^ 4]), row))
db.commit()
PY
as it scrub
exits 8
as it status
exits 0
says "! 1 entry is damaged here and is asked of the members: specola scrub"
as it --lang it status
says "! 1 voce è danneggiata qui"
as it --json status
json .figures.damaged 1
