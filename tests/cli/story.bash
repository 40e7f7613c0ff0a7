# What every story needs: homes of its own, ways to run a command, and words that say what is expected. usage: . story.bash
# SPECOLA is the program; a story fails at the first expectation that does not hold, and says which.
set -uo pipefail
: "${SPECOLA:?the program to test}"
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
story=$(basename "$0" .sh)
T=$(mktemp -d "${TMPDIR:-/tmp}/specola-story.XXXXXX")
trap 'rm -rf "$T"' EXIT
unset SPECOLA_HOME CREDENTIALS_DIRECTORY XDG_DATA_HOME LANG LC_ALL LC_MESSAGES
export HOME=$T/user XDG_CONFIG_HOME=$T/user/config SPECOLA_TEST_FAST_KEYS=1 LC_ALL=C.UTF-8 TERM=xterm
umask 077
mkdir -p "$HOME"
printf 'a passphrase of tests\n' >"$T/passphrase"
P=(--passphrase-file "$T/passphrase")

fail() {
  echo "$story: line ${BASH_LINENO[1]}: $*" >&2
  echo "--- stdout" >&2
  head -c 3000 "$T/out" >&2
  echo "--- stderr" >&2
  head -c 3000 "$T/err" >&2
  exit 1
}
# specola ARGS…: runs the program without a terminal; its output is in $T/out and $T/err, its exit status in $status.
specola() {
  "$SPECOLA" "$@" >"$T/out" 2>"$T/err" </dev/null
  status=$?
}
# as NAME ARGS…: the same with a home and a person of its own.
as() {
  local who=$1
  shift
  mkdir -p "$T/$who"
  XDG_CONFIG_HOME="$T/$who/config" SPECOLA_HOME="$T/$who/home" "$SPECOLA" "$@" >"$T/out" 2>"$T/err" </dev/null
  status=$?
}
exits() { [ "$status" -eq "$1" ] || fail "exit status $status, not $1"; }
says() { grep -qF -- "$1" "$T/out" || fail "stdout does not say: $1"; }
complains() { grep -qF -- "$1" "$T/err" || fail "stderr does not say: $1"; }
silent() { ! grep -qF -- "$1" "$T/out" || fail "stdout says: $1"; }
# json FILTER VALUE: what jq finds in stdout, which must be one document.
json() {
  [ "$(jq -s length <"$T/out" 2>/dev/null)" = 1 ] || fail "stdout is not one JSON document"
  local found
  found=$(jq -r "$1" <"$T/out")
  [ "$found" = "$2" ] || fail "$1 is '$found', not '$2'"
}
# refused CODE EXIT: a JSON refusal with a message, as the contract says.
refused() {
  exits "$2"
  json .error.code "$1"
  json .error.exit "$2"
  json '.error.message | length > 0' true
  json '.error.hint | type' string
}
mode() { stat -c %a "$1"; }
same() { [ "$1" = "$2" ] || fail "'$1' is not '$2'"; }
# found_alone NAME: an observatory of one node, home $T/NAME/home.
found_alone() {
  as "$1" init --country IT --name "Dipartimento della Funzione Pubblica" --found "Prova" "${P[@]}"
  exits 0
}
# draft FILE TITLE: a draft that can be published.
draft() {
  cat >"$1" <<DRAFT
specola-draft 1 case
original_lang: it
title.it: $2
summary.it: Una prova di una riga.
country: IT
level: local
DRAFT
}
