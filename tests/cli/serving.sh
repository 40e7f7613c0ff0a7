#!/usr/bin/env bash
# Every writing command works while the node serves as it does while it does not; status tells of peers; sync fetches once.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

mkdir -p "$T/roots"
for handle in IT FR; do
  as roots root new --name $handle --out "$T/roots" "${P[@]}"
  as $handle init --country $handle --name "Node $handle" --root "$T/roots/$handle.root" --listen tcp://127.0.0.1:0 \
    --out "$T/$handle.identity" "${P[@]}"
  exits 0
done
as roots found "Prova" "$T"/{IT,FR}.identity --out "$T/prova.charter"
as roots root sign "$T/prova.charter" --key "$T/roots/IT-1.key" --key "$T/roots/FR-1.key" "${P[@]}"
exits 0
says "Complete"
for handle in IT FR; do
  as $handle join "$T/prova.charter"
  exits 0
done

# eventually WHO FILTER VALUE: what status says, soon.
eventually() {
  for _ in $(seq 1 200); do
    as "$1" --json status
    [ "$(picked "$2")" = "$3" ] && return 0
    sleep 0.05
  done
  json "$2" "$3"
}

serve IT
endpoint=$(grep -o 'tcp://[^ ]*' "$T/IT/home/run/ports" | head -1)
# It says that it serves when it does, and where: the ports that the kernel gave.
for line in "Node in $T/IT/home serves. Ctrl-C stops it." "Members  $endpoint" "Pages    $(grep -o 'http://[^ ]*' "$T/IT/home/run/ports")/"; do
  for _ in $(seq 1 200); do grep -qxF -- "$line" "$T/IT/serve.log" && break; sleep 0.05; done
  grep -qxF -- "$line" "$T/IT/serve.log" || fail "serve does not say: $line"
done
draft "$T/a.draft" "Una prova"
as IT publish "$T/a.draft" "${P[@]}"
exits 0
says "IT-2"
as IT publish "$T/a.draft" "${P[@]}"
exits 0
says "IT-2 holds this already"
as IT serve
exits 6
silent "serves"
as editor key new --name Redazione -o "$T/editor.pub" "${P[@]}"
as IT person certify "$T/editor.pub" --role editor
exits 0
says "IT-3"
as IT person certify "$T/editor.pub" --role editor --territory FR-75
as IT --json person list
json '.people[1].name' Redazione
printf '{"source":"p","source_id":"1","title":{"it":"Riga"},"summary":{"it":"x"},"country":"IT","level":"local"}\nno\n' >"$T/rows.ndjson"
as IT --json import "$T/rows.ndjson" "${P[@]}"
refused refused 9
json .published 1
as IT --json import "$T/rows.ndjson" "${P[@]}"
json .known 1
as IT rebuild
exits 0
as IT --json list case
json .total 2
as IT verify
exits 0
as IT --json sync --timeout 1
refused peer.unreachable 7
json '.peers | length' 1
as IT --json peer ping FR --timeout 1
refused peer.unreachable 7
as IT --json peer ping XX
json '.error.exit' 3

# FR syncs once without serving, then serves; both hold the same.
printf 'peer.IT = %s\n' "$endpoint" >>"$T/FR/home/node.ini"
as FR --json sync
exits 0
as FR --json list case
json .total 2
serve FR
draft "$T/b.draft" "Un essai"
as FR publish "$T/b.draft" "${P[@]}"
exits 0
eventually IT '[.logs[] | select(.handle == "FR") | .size] | first' 3
mine=$(picked .frontier)
eventually FR .frontier "$mine"
as IT --json peer ping FR
exits 0
as IT peer list
says "FR"
silent "frames."
as IT sync
exits 0
says "answered"

# A bundle of IT's log, taken in by FR while it serves, is known already.
as IT export --to bundle --node IT -o "$T/it.bundle"
exits 0
as FR --json import "$T/it.bundle"
exits 0
json .new 0
unserve IT
unserve FR
as IT --json status
json .serving false
json .frontier "$mine"

# What each command of the network does, tells and refuses, on a copy of IT and with FR at a port that stays.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
sed -i '/^listen = /d' "$T/FR/home/node.ini"
printf 'listen = tcp://127.0.0.1:%s\n' "$port" >>"$T/FR/home/node.ini"
setting() {
  rm -rf "$T/alone"
  cp -a "$T/IT" "$T/alone"
  printf 'peer.FR = tcp://127.0.0.1:%s\n' "$port" >>"$T/alone/home/node.ini"
}
# served WHO WORDS…: serve until it answers and is told to stop, with what it said.
served() {
  serve "$@"
  # It answers a moment before it says so; with --json it says all at the end.
  until [ "${2-}" = --json ] || [ -s "$T/$1/serve.log" ]; do sleep 0.02; done
  unserve "$1"
  cp "$T/$1/serve.log" "$T/out"
}
# What takes more than half a second says so on a terminal, and nowhere else: in FR's place stands somebody who never answers.
waits() {
  [ $who = serving ] || return 0
  python3 -c "import socket, time; s = socket.create_server(('127.0.0.1', $port)); open('$T/mute', 'w').close(); time.sleep(60)" &
  serving[mute]=$!
  until [ -e "$T/mute" ]; do sleep 0.02; done
  as serving sync --timeout 2
  ! grep -q "asking" "$T/out" "$T/err" || fail "progress in a pipe"
  script -qec true /dev/null </dev/null >/dev/null 2>&1 || { echo "skipped: progress, for there is no pseudo-terminal here, or no script(1)"; return 0; }
  SPECOLA_HOME=$T/serving/home XDG_CONFIG_HOME=$T/serving/config script -qec "'$SPECOLA' sync --timeout 2" /dev/null </dev/null >"$T/out" 2>"$T/err"
  says $'\x1b[Kasking the members ...'
  says $'\r\x1b[K'
  SPECOLA_HOME=$T/serving/home XDG_CONFIG_HOME=$T/serving/config script -qec "'$SPECOLA' -q sync --timeout 1" /dev/null </dev/null >"$T/out" 2>"$T/err"
  silent asking
  kill "${serving[mute]}"
  wait "${serving[mute]}"
  unset "serving[mute]"
}
body() {
  serve FR
  does sync
  says "FR     answered"
  tells sync
  json '.peers[0].handle' FR
  does peer list
  says FR
  tells peer list
  json '.peers[0].handle' FR
  refuses 2 "specola peer list" peer list all
  does where IT-2
  says FR
  tells where IT-2
  json '.members | length > 0' true
  refuses 3 "specola search" where IT-99
  if [ $who = serving ]; then
    does peer ping fr
    says "FR answered after"
    tells peer ping FR
    json '.ms >= 0' true
    refuses 3 "specola peer list" peer ping XX
    refuses 6 "specola status" serve
  else
    refuses 7 "specola serve" peer ping FR
    cannot peer ping
    refuses 2 "--listen tcp://0.0.0.0:7411" serve --listen nonsense
  fi
  unserve FR
  refuses 7 "specola peer list" sync --timeout 1
  waits
  # Another node on the same machine, or this one.
  local other=FR
  [ $who = serving ] || other=alone
  served $other
  says "Node in $T/$other/home serves."
  served $other --json
  json .stopped true
  cannot serve # what a refusal would be: it was used, and told
}
story_both body sync "peer list" "peer ping" where serve
