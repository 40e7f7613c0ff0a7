#!/usr/bin/env bash
# takedown and scrub: texts that go for good, and a look at everything that is held.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

setting() {
  draft "$T/a.draft" "Da cancellare"
  draft "$T/b.draft" "Anche questa"
  as alone publish "$T/a.draft" "$T/b.draft" "${P[@]}"
  exits 0
}

body() {
  does takedown IT-2 --reason personal_data --yes
  says "IT-2"
  tells takedown IT-3 --reason personal_data --yes
  json '.takedowns | length' 1
  refuses 4 "--yes" takedown IT-2 --reason personal_data
  refuses 3 "look whether" takedown IT-99 --reason personal_data --yes
  as "$who" show IT-2
  silent "Da cancellare"
  does scrub
  says "0 damaged, 0 healed"
  tells scrub
  json .found 0
  refuses 10 "specola init" scrub --home "$T/none"
}
story_both body takedown scrub

# A pass that cannot be brought to its end says so, whoever runs it: here the table has lost a row that its index knows.
found_alone broken
draft "$T/c.draft" "Una riga persa"
as broken publish "$T/c.draft" "${P[@]}"
exits 0
python3 - "$T/broken/home/store.db" <<'PY'
import sqlite3
import sys

db = sqlite3.connect(sys.argv[1])
size, = db.execute("PRAGMA page_size").fetchone()
root, = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'entry'").fetchone()
db.close()
with open(sys.argv[1], "r+b") as store:
    store.seek((root - 1) * size)
    head = store.read(5)
    assert head[0] == 13, "not a page of rows"
    store.seek((root - 1) * size + 4)
    store.write(bytes([head[4] & head[4] - 1]))
PY
as broken scrub
exits 11
complains "names 1 rows more than there are"
complains "specola restore FILE"
serve broken
as broken scrub
exits 11
complains "names 1 rows more than there are"
silent "0 damaged"
sleep 0.5 # it is not begun again every moment: once by the node's start, once by the command
same "$(grep -c "scrub broke off" "$T/broken/serve.log")" 2
unserve broken

# A checkpoint that a disk has changed: nothing else is lost by it, and whoever looks the log over is not stopped.
found_alone lost
draft "$T/d.draft" "Uno"
draft "$T/e.draft" "Due"
as lost publish "$T/d.draft" "${P[@]}"
exits 0
as lost publish "$T/e.draft" "${P[@]}"
exits 0
sqlite3 "$T/lost/home/store.db" "UPDATE milestone SET text = zeroblob(length(text)) WHERE size = 2"
as lost verify
exits 8
as lost scrub
exits 0
says "1 checkpoints or rows of logs were damaged"
as lost scrub
silent "checkpoints or rows"
as lost verify
exits 0
as lost backup "$T/lost.backup"
exits 0
sqlite3 "$T/lost/home/store.db" "UPDATE milestone SET text = x'' WHERE size = 4" # where the log ends
as lost verify
exits 8
complains "the checkpoint of 4, where the own log ends, is lost: the next record brings a new one"
as lost export --to bundle -o "$T/lost.bundle"
exits 0
as lost verify "$T/lost.bundle"
exits 0
draft "$T/f.draft" "Tre"
as lost publish "$T/f.draft" "${P[@]}"
exits 0
as lost verify
exits 0

# The same of a log that this node only follows: the end is told, and nothing that it could do about it is asked of it.
cp -a "$T/lost" "$T/reader"
sqlite3 "$T/reader/home/store.db" "DELETE FROM fact WHERE name = 'own'; UPDATE milestone SET text = x'' WHERE size = 5"
as reader verify
exits 0
complains "the checkpoint of 5 is lost: entries from 3 on stand under none"
silent "every entry folds"
as reader --json verify
json '.logs[0] | "\(.size) \(.covered)"' "5 3"
