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
says "the keys were never copied from here"
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
# Copies of the keys: how old.
level() { json "[.checks[] | select(.check == \"$1\") | .level] | join(\",\")" "$2"; }
as it --json doctor
level backup ok
as it --json status
json .backup_days 0
echo $(($(date +%s) - 400 * 86400)) >"$T/it/home/backup.time"
as it --json doctor
exits 0
level backup warn
as it status
says "Key backup   400 days ago"
echo nonsense >"$T/it/home/backup.time"
as it doctor
exits 8
says "fail  backup"
says "remove it, and copy the keys again"
rm "$T/it/home/backup.time"
as it doctor
exits 0
says "the keys were never copied from here"
# A clock that lies behind what the node signed: the newest entry claims tomorrow.
cp -a "$T/it" "$T/early"
python3 - "$T/early/home/store.db" <<'PY'
import hashlib
import sqlite3
import struct
import sys
import time
db = sqlite3.connect(sys.argv[1])
row, envelope = db.execute("SELECT id, envelope FROM entry ORDER BY id DESC LIMIT 1").fetchone()
now = int(time.time())
at = next(i for i in range(len(envelope) - 4) if envelope[i] == 0xCE and abs(struct.unpack(">I", envelope[i + 1:i + 5])[0] - now) < 3600)
envelope = envelope[:at + 1] + struct.pack(">I", now + 86400) + envelope[at + 5:]
leaf = struct.unpack(">q", hashlib.sha256(b"\0" + envelope).digest()[:8])[0]
db.execute("UPDATE entry SET envelope = ?, leaf = ? WHERE id = ?", (envelope, leaf, row))
db.commit()
PY
as early --json doctor
refused failed 1
level clock fail
json .error.hint "set the clock: timedatectl set-ntp true"
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
# Members: one that nobody has told where to find, one that does not answer, one that does.
mkdir "$T/roots"
for handle in FR EE; do
  as roots root new --name $handle --out "$T/roots" "${P[@]}"
  as $handle init --country $handle --name "Node $handle" --root "$T/roots/$handle.root" --listen tcp://127.0.0.1:0 \
    --out "$T/$handle.identity" "${P[@]}"
  exits 0
done
as roots found Prova "$T"/{FR,EE}.identity --out "$T/prova.charter"
as roots root sign "$T/prova.charter" --key "$T/roots/FR-1.key" --key "$T/roots/EE-1.key" "${P[@]}"
for handle in FR EE; do
  as $handle join "$T/prova.charter"
  exits 0
done
as FR --json doctor
exits 0
level peers warn
json '.checks[] | select(.check == "peers") | .text' "EE: nobody has said where it is reached"
echo "peer.EE = tcp://127.0.0.1:1" >>"$T/FR/home/node.ini"
as FR doctor
exits 0
says "warn  peers       EE  tcp://127.0.0.1:1: Connection refused"
says "specola peer ping EE"
serve EE
sed -i "s|^peer.EE = .*|peer.EE = $(grep -o 'tcp://[^ ]*' "$T/EE/home/run/ports" | head -1)|" "$T/FR/home/node.ini"
as FR --json doctor
level peers ok
unserve EE
body() {
  does doctor
  says "ok    home"
  says "ok    store"
  tells doctor
  json '[.checks[] | select(.check == "serve") | .level] | join(",")' "$([ $who = alone ] && echo warn || echo ok)"
  refuses 10 "specola init" doctor --home "$T/none"
}
story_both body doctor

# A disk that is nearly full, and then full. Only root may make one.
mkdir "$T/disk"
mount -t tmpfs -o size=24m none "$T/disk" 2>"$T/err" || { echo "the rest is skipped: no tmpfs can be mounted here: $(cat "$T/err")"; exit 0; }
trap 'umount "$T/disk"; rm -rf "$T"' EXIT
mkdir "$T/disk/full"
ln -s "$T/disk/full" "$T/full"
found_alone full
draft "$T/a.draft" "Prova"
as full publish "$T/a.draft" "${P[@]}"
exits 0
as full --json doctor
refused disk.full 11
level disk fail
json .error.hint "free space on the disk of the node's folder"
dd if=/dev/zero of="$T/disk/ballast" bs=64k >"$T/out" 2>&1
draft "$T/b.draft" "Seconda prova"
as full --json publish "$T/b.draft" "${P[@]}"
refused disk.full 11
json '.error.hint | contains("free")' true
rm "$T/disk/ballast"
as full publish "$T/b.draft" "${P[@]}"
exits 0
as full verify
exits 0
