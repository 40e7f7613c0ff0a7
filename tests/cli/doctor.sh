#!/usr/bin/env bash
# doctor: each line ok, warn or fail, with what to do; the exit status is that of what failed first; nothing is changed.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
as nobody doctor
exits 10
says "fail  home"
says "specola init"
as nobody --json doctor
refused not-initialised 10
json '.checks[0].level' fail
found_alone it
as it doctor
exits 0
says "ok    home"
says "ok    keys        node.key"
says "warn  roots"
says "specola key backup"
says "warn  serve"
says "ok    peers"
mkdir "$T/stick"
as it key backup "$T/stick" --move "${P[@]}"
exits 0
as it --json doctor
exits 0
json '[.checks[] | select(.check == "roots") | .level] | join(",")' ok
json '[.checks[] | select(.check == "store") | .level] | join(",")' ok
json '[.checks[] | select(.level == "fail")] | length' 0
json '.failures' 0
as it --lang it doctor
says "non ci sono altri membri"
# A person without a key may read.
XDG_CONFIG_HOME=$T/other SPECOLA_HOME=$T/it/home "$SPECOLA" --json doctor >"$T/out" 2>"$T/err"
status=$?
exits 0
json '[.checks[] | select(.check == "person") | .level] | join(",")' warn
# What is broken is told, and so is all the rest.
chmod 644 "$T/it/home/node.key"
as it doctor
exits 9
says "fail  keys"
says "ok    store"
chmod 600 "$T/it/home/node.key"
mv "$T/it/home/curve.key" "$T/curve.key"
as it --json doctor
refused not-found 3
json '[.checks[] | select(.level == "fail") | .todo | length > 0] | all' true
mv "$T/curve.key" "$T/it/home/curve.key"
cp -a "$T/it/home" "$T/sound"
draft "$T/a.draft" "Prova"
as it publish "$T/a.draft" "${P[@]}"
sync_wal() { sqlite3 "$T/it/home/store.db" "PRAGMA wal_checkpoint(TRUNCATE)" >"$T/err" 2>&1; }
if command -v sqlite3 >/dev/null; then sync_wal; fi
size=$(stat -c %s "$T/it/home/store.db")
dd if=/dev/urandom of="$T/it/home/store.db" bs=16384 seek=2 count=$((size / 16384 - 2)) conv=notrunc 2>/dev/null
rm -f "$T/it/home/store.db-wal" "$T/it/home/store.db-shm"
as it doctor
exits 11
says "fail  store"
chmod 755 "$T/it/home"
as it doctor
exits 9
says "fail  home"
body() {
  does doctor
  says "ok    home"
  says "ok    store"
  tells doctor
  json '[.checks[] | select(.check == "serve") | .level] | join(",")' "$([ $who = alone ] && echo warn || echo ok)"
  refuses 10 "specola init" doctor --home "$T/none"
}
story_both body doctor
