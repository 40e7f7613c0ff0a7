# What every story needs: homes of its own, ways to run a command, and words that say what is expected. usage: . story.bash
# SPECOLA is the program; a story fails at the first expectation that does not hold, and says which.
set -uo pipefail
: "${SPECOLA:?the program to test}"
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
story=$(basename "$0" .sh)
T=$(mktemp -d "${TMPDIR:-/tmp}/specola-story.XXXXXX")
declare -A serving=() told=()
trap 'for child in "${serving[@]}"; do kill "$child" 2>/dev/null; done; wait; rm -rf "$T"' EXIT
unset SPECOLA_HOME CREDENTIALS_DIRECTORY XDG_DATA_HOME LANG LC_ALL LC_MESSAGES
export HOME=$T/user XDG_CONFIG_HOME=$T/user/config SPECOLA_TEST_FAST_KEYS=1 LC_ALL=C.UTF-8 TERM=xterm
umask 077
mkdir -p "$HOME"
printf 'a passphrase of tests\n' >"$T/passphrase"
P=(--passphrase-file "$T/passphrase")

fail() {
  local i lines=""
  for i in "${!BASH_LINENO[@]}"; do
    [ "${BASH_SOURCE[i + 1]:-}" != "$0" ] || lines="${BASH_LINENO[i]}${lines:+ > }$lines"
  done
  echo "$story: line $lines: $*" >&2
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
# picked FILTER: what jq -r finds in stdout, which must be one document. gojq, as it begins at once: stories ask some thousand times.
picked() { gojq -rs "if length == 1 then .[0] | ($1) else error end" <"$T/out" 2>/dev/null; }
json() {
  local found
  found=$(picked "$1") || fail "stdout is not one JSON document"
  [ "$found" = "$2" ] || fail "$1 is '$found', not '$2'"
}
# refused CODE EXIT: a JSON refusal with a message and a hint, as the contract says.
refused() {
  exits "$2"
  json '.error | "\(.code) \(.exit) \(.message != "") \(.hint != "")"' "$1 $2 true true"
}
# skips N: in a loop of which the sanitized half of tests/run takes every Nth turn; the plain half takes all. `skips N && continue`
turns=0
skips() { [ -n "${SPECOLA_SANITIZED:-}" ] && [ $((turns++ % $1)) -ne 0 ]; }
mode() { stat -c %a "$1"; }
same() { [ "$1" = "$2" ] || fail "'$1' is not '$2'"; }
# found_alone NAME: an observatory of one node, home $T/NAME/home, which serves where nobody else does.
found_alone() {
  as "$1" init --country IT --name "Dipartimento della Funzione Pubblica" --found "Prova" --listen tcp://127.0.0.1:0 "${P[@]}"
  exits 0
}
# serve WHO ARGS…: in the background, until it answers. unserve WHO ends it.
serve() {
  local who=$1
  shift
  XDG_CONFIG_HOME="$T/$who/config" SPECOLA_HOME="$T/$who/home" "$SPECOLA" serve "$@" >"$T/$who/serve.log" 2>&1 </dev/null &
  serving[$who]=$!
  for _ in $(seq 1 1000); do
    [ ! -s "$T/$who/home/run/ports" ] || { as "$who" status && grep -q "^Node .*, serving" "$T/out" && return 0; }
    kill -0 "${serving[$who]}" || break
    sleep 0.02
  done
  cat "$T/$who/serve.log" >>"$T/err"
  fail "$who does not serve"
}
unserve() {
  local child=${serving[$1]}
  unset "serving[$1]"
  kill -TERM "$child"
  wait "$child" || fail "serve of $1 ended with $?"
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

# story_both BODY COMMAND…: what every command promises (docs/man/specola.1), and twice: while its node does not serve, and while
# it does. A function `setting` of the story, if there is one, fills the home of $who once; BODY runs on two copies of it, and
# says of each COMMAND what it does, what it tells and what it refuses, in these words:
#   does WORDS…               its normal use, for people; what they see stands in $T/out
#   tells WORDS…              the same with --json: one document, and nothing else anywhere
#   refuses EXIT HINT WORDS…  ends with EXIT and says what to do, for people and as one document
#   cannot COMMAND…           has no normal use in this state, which BODY has shown by a refusal
# A COMMAND of which one of these is missing fails; tests/cli/coverage.sh fails for one that no story names.
story_both() {
  local body=$1 what command
  shift
  who=alone
  found_alone alone
  ! declare -F setting >/dev/null || setting
  cp -a "$T/alone" "$T/serving"
  for who in alone serving; do
    told=()
    [ $who = alone ] || serve serving
    $body
    [ $who = alone ] || unserve serving
    for command in "$@"; do
      for what in does tells refuses; do
        [ -n "${told[$what $command]:-}" ] || fail "nothing is said of what '$command' $what while the node is $who"
      done
    done
  done
}
# tell WHAT WORDS…: the words are those of a command, or of two.
tell() {
  told["$1 $2"]=yes
  [ $# -lt 3 ] || told["$1 $2 $3"]=yes
}
does() {
  tell does "$@"
  as "$who" "$@" </dev/null
  exits 0
}
tells() {
  tell tells "$@"
  as "$who" "$@" --json
  exits 0
  json 'has("error")' false
  [ ! -s "$T/err" ] || fail "--json says something on stderr"
}
refuses() {
  local exit_status=$1 hint=$2
  shift 2
  tell refuses "$@"
  as "$who" "$@" --no-input
  exits "$exit_status"
  complains "specola: "
  sed -n 's/^  try: //p' "$T/err" | grep -qF -- "$hint" || fail "the hint of '$*' does not say: $hint"
  as "$who" "$@" --json
  exits "$exit_status"
  json '.error | "\(.exit) \(.message != "")"' "$exit_status true"
  [[ $(picked .error.hint) == *"$hint"* ]] || fail "the hint of '$*' --json does not say: $hint"
  [ ! -s "$T/err" ] || fail "--json says something on stderr"
}
cannot() {
  told["does $*"]=yes
  told["tells $*"]=yes
}
