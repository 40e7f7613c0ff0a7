#!/usr/bin/env bash
# Exit statuses as docs/man/specola.1 lists them.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
draft "$T/a.draft" "Una prova"
as it version
exits 0
as it nonsense
exits 2
as it show IT-99
exits 3
as it --no-input publish "$T/a.draft"
exits 4
printf 'wrong\n' >"$T/wrong"
as it publish "$T/a.draft" --passphrase-file "$T/wrong"
exits 5
# Somebody else holds the store and does not answer.
exec 8>>"$T/it/home/store.lock"
flock 8
as it --timeout 1 publish "$T/a.draft" "${P[@]}"
exits 6
as it --timeout 1 status
exits 0
flock -u 8
exec 8>&-
as it publish "$T/a.draft" "${P[@]}"
exits 0
as it peer ping FR
exits 7
as it verify "$T/a.draft"
exits 8
as it publish /dev/null "${P[@]}"
exits 9
printf 'specola-draft 9 case\n' >"$T/newer.draft"
as it publish "$T/newer.draft" "${P[@]}"
exits 12
as nobody status
exits 10
cp "$T/it/home/store.db" "$T/keep.db"
rm -f "$T/it/home/store.db-wal" "$T/it/home/store.db-shm"
printf 'not a database, and that for a good while' | dd of="$T/it/home/store.db" conv=notrunc status=none
as it status
exits 11
cp "$T/keep.db" "$T/it/home/store.db"
python3 - "$T/it/home/store.db" <<'PY'
import sqlite3
import sys
db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA user_version = 99")
db.commit()
PY
as it status
exits 12
