#!/usr/bin/env bash
# ui: the desk says where it is, lets in whoever has that address, and ends when it is told to. What it does: tests/web/story_desk.py.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

# desk ARGS…: one in the background, whose address stands in $T/address; its output as that of any command.
desk() {
  rm -f "$T/address"
  XDG_CONFIG_HOME="$T/$who/config" SPECOLA_HOME="$T/$who/home" "$SPECOLA" ui --address "$T/address" "$@" >"$T/out" 2>"$T/err" </dev/null &
  serving[desk]=$!
  for _ in $(seq 1 1000); do
    [ ! -s "$T/address" ] || return 0
    kill -0 "${serving[desk]}" || fail "there is no desk"
    sleep 0.02
  done
  fail "the desk does not say where it is"
}
undesk() {
  local child=${serving[desk]}
  unset "serving[desk]"
  kill -TERM "$child"
  wait "$child"
  status=$?
  [ ! -e "$T/address" ] || fail "the address stays behind"
}
look() { # look URL STATUS: as a browser that was not let in yet
  same "$(curl -s -o "$T/page" -c "$T/jar" -w '%{http_code}' "$1")" "$2"
}
setting() { :; }
body() {
  desk "${P[@]}"
  tell does ui
  same "$(mode "$T/address")" 600
  local url host
  url=$(cat "$T/address")
  host=${url%%/\?*}
  look "$host/en/desk" 403
  look "$url" 303
  same "$(curl -s -o "$T/page" -b "$T/jar" -w '%{http_code}' "$host/en/desk")" 200
  look "$url" 403
  undesk
  exits 0
  says "$url"
  desk --json --six --lock-after 1 "${P[@]}"
  tell tells ui
  grep -qF 'http://[::1]:' "$T/address" || fail "not on ::1"
  undesk
  exits 0
  json '"\(.signed) \(.taken_back) \(has("error"))"' "0 0 false"
  [ ! -s "$T/err" ] || fail "--json says something on stderr"
  refuses 2 "specola help ui" ui --lock-after 0
  refuses 2 "specola help ui" ui --port 70000
  refuses 4 "--passphrase-file" ui
}
story_both body ui
