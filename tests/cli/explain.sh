#!/usr/bin/env bash
# explain: why a record is here or not here, one answer a case, while the node serves and while not; what a member says is told in
# tests/net/story_where.py, where there are some.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
draft "$T/a.draft" "Prima"
draft "$T/b.draft" "Seconda"
as it publish "$T/a.draft" "$T/b.draft" "${P[@]}"
exits 0
as it edit IT-2 -o "$T/e.draft"
sed -i s/Prima/Terza/ "$T/e.draft"
as it edit IT-2 "$T/e.draft" "${P[@]}"
exits 0
as it withdraw IT-3 --yes "${P[@]}"
exits 0
says_of() { # says_of NAME STATE WORDS
  as it --json explain "$1"
  exits 0
  json .state "$2"
  as it explain "$1"
  exits 0
  says "$3"
}
says_of IT-4 object "IT-4 is here: the newest version of an object"
says_of IT-2 older "an earlier version; the newest is IT-4"
says_of it-2 older "IT-2 is here"
says_of Terza object "IT-4 is here"
says_of IT-3 withdrawn "withdrawn by IT-5"
says_of IT-0 record "is no object"
says_of IT-1 record "is no object"
says_of IT-99 beyond "IT-99 is not here: of that log 6 entries are held"
says_of IT.2-0 beyond "of that log 0 entries are held"
says "The log of IT: it is this node's own, and nothing was written there yet"
as it --lang it explain IT-99
says "non è qui: di quel registro sono presenti 6 voci"
# One that is held back, as the evaluation of another log may leave it.
python3 -c 'import sqlite3, sys
store = sqlite3.connect(sys.argv[1])
store.execute("INSERT INTO held(id, reason) SELECT id, 11 FROM entry WHERE id & 0xffffffffff = 4")
store.commit()' "$T/it/home/store.db"
says_of IT-4 held "IT-4 is kept here without effect: rights: the author's roles do not allow this"
as it --json explain IT-4
json .reason rights
as it explain IT-2 XX
exits 3
complains "there are: IT"
as it explain "Nothing that is"
exits 3
as it explain DE-1
exits 3
setting() {
  as "$who" publish "$T/a.draft" "${P[@]}"
  exits 0
}
body() {
  does explain IT-2
  says "IT-2 is here: the newest version of an object"
  tells explain IT-2
  json .state object
  refuses 3 "specola peer list" explain DE-1
}
story_both body explain
