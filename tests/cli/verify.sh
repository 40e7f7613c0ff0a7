#!/usr/bin/env bash
# verify: a bundle without any home, each flipped octet and each cut refused; the own store; a damaged store found out.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
draft "$T/a.draft" "Una prova"
as it publish "$T/a.draft" "${P[@]}"
as it export --to bundle -o "$T/it.bundle"
exits 0
specola verify "$T/it.bundle"
exits 0
says "Verified"
specola --json verify "$T/it.bundle"
json '.logs[0].size' 3
json '.logs[0].held' 0
root=$(picked '.logs[0].root')
as it --json verify
json '.logs[0].root' "$root"

size=$(stat -c %s "$T/it.bundle")
for at in 0 7 8 9 12 40 $((size / 3)) $((size / 2)) $((size * 2 / 3)) $((size - 40)) $((size - 1)); do
  cp "$T/it.bundle" "$T/flipped"
  octet=$(od -An -tu1 -j "$at" -N1 "$T/flipped" | tr -d ' ')
  printf "$(printf '\\%03o' $((octet ^ 4)))" | dd of="$T/flipped" bs=1 seek="$at" conv=notrunc status=none
  specola --json verify "$T/flipped"
  if [ "$at" = 7 ]; then
    exits 12
  else
    exits 8
  fi
  head -c "$at" "$T/it.bundle" >"$T/cut"
  specola verify "$T/cut"
  exits 8
done
cat "$T/it.bundle" "$T/a.draft" >"$T/longer"
specola verify "$T/longer"
exits 8
specola verify "$T/none"
exits 3
specola verify "$T/roots"
exits 3

# A body that somebody changed in the database itself.
python3 - "$T/it/home/store.db" <<'PY'
import sqlite3
import sys
db = sqlite3.connect(sys.argv[1])
row, body = db.execute("SELECT id, body FROM entry WHERE body IS NOT NULL ORDER BY id DESC LIMIT 1").fetchone()
body = bytearray(body)
body[-1] ^= 1
db.execute("UPDATE entry SET body = ? WHERE id = ?", (bytes(body), row))
db.commit()
PY
as it --json verify
refused mismatch 8
body() {
  does verify
  says "Verified"
  tells verify "$T/it.bundle"
  json '.logs[0].size' 3
  refuses 8 "specola export --to bundle" verify "$T/a.draft"
}
story_both body verify
