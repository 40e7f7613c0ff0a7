#!/usr/bin/env bash
# What people see on a terminal of 80 columns: words whole, fingerprints whole, titles cut; and figures in words.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
script -qec true /dev/null </dev/null >/dev/null 2>&1 || { echo "skipped: no pseudo-terminal here, or no script(1)"; exit 77; }
found_alone it
as it publish "$SOURCE/cli/demo_cases/it/veneto-innovation-lab.draft" "${P[@]}"
exits 0
# screen WORDS: the output of a command on a terminal.
screen() {
  SPECOLA_HOME=$T/it/home XDG_CONFIG_HOME=$T/it/config NO_COLOR=1 \
    script -qec "stty cols 80; '$SPECOLA' $1" /dev/null </dev/null 2>"$T/err" | tr -d '\r' >"$T/out"
}
narrow() { ! LC_ALL=C.UTF-8 grep -E '.{81}' "$T/out" >"$T/wide" || fail "wider than the terminal: $(cat "$T/wide")"; }
screen "--lang it show IT-2"
says "== Risultati =="
narrow
! grep -qzP '\n\n\n' "$T/out" || fail "two empty lines in a row"
screen "check '$SOURCE/cli/demo_cases/it/veneto-innovation-lab.draft'"
narrow
screen "list case"
narrow
screen "person list"
words=$(as it --json person list && picked '.people[0].fingerprint')
screen "person list"
says "$words"
silent "revoked"
screen status
says "1 of its own, 1 in the observatory"
silent "body_bytes"
screen "peer list"
says "no other member"
# Colours only on a terminal that wants them: what came green, what went red.
sed 's/^title.it:.*/title.it: Un altro titolo/' "$SOURCE/cli/demo_cases/it/veneto-innovation-lab.draft" >"$T/other.draft"
as it publish "$T/other.draft" --replaces IT-2 "${P[@]}"
exits 0
for words in "history IT-2" "diff IT-2" "stats" "doctor" "compare IT-2 IT-3" "news"; do
  screen "$words"
  narrow
done
screen "diff IT-2"
silent $'\x1b['
# coloured TERM NO_COLOR WORDS: the output on a terminal as it comes.
coloured() {
  SPECOLA_HOME=$T/it/home XDG_CONFIG_HOME=$T/it/config TERM=$1 NO_COLOR=$2 script -qec "'$SPECOLA' $3" /dev/null </dev/null 2>"$T/err" >"$T/out"
}
coloured xterm "" "diff IT-2" # an empty NO_COLOR is none
says $'\x1b[32m'
says $'\x1b[31m'
coloured xterm "" "list case"
says $'\x1b[1m'
coloured xterm "" "nonsense"
says $'\x1b[31mspecola: '
for words in "list case" "diff IT-2" "doctor" "help" "nonsense"; do
  coloured xterm 1 "$words"
  silent $'\x1b['
  coloured dumb "" "$words"
  silent $'\x1b['
  # shellcheck disable=SC2086
  as it $words
  ! grep -q $'\x1b' "$T/out" "$T/err" || fail "an ESC octet in a pipe"
done
# --json asks nothing of anybody, on a terminal either: no passphrase, no yes, no editor.
draft "$T/new.draft" "Nuova"
printf '{"source":"p","source_id":"1","title":{"it":"Riga"},"summary":{"it":"x"},"country":"IT","level":"local"}\n' >"$T/rows.ndjson"
for words in "publish $T/new.draft" "withdraw IT-2" "edit IT-2" "import $T/rows.ndjson" "root new --out $T" "key new --home $T/none" \
  "init --home $T/none --country FR --name X --found X"; do
  [[ $words != key* ]] || mv "$T/it/config/specola/person.key" "$T/person.key"
  SPECOLA_HOME=$T/it/home XDG_CONFIG_HOME=$T/it/config timeout 20 script -qec "'$SPECOLA' --json $words" /dev/null </dev/null 2>"$T/err" | tr -d '\r' >"$T/out"
  status=${PIPESTATUS[0]}
  [[ $words != key* ]] || mv "$T/person.key" "$T/it/config/specola/person.key"
  refused input.needed 4
done
