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
words=$(as it --json person list && jq -r '.people[0].fingerprint' <"$T/out")
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
SPECOLA_HOME=$T/it/home XDG_CONFIG_HOME=$T/it/config script -qec "'$SPECOLA' diff IT-2" /dev/null </dev/null 2>"$T/err" >"$T/out"
says $'\x1b[32m'
says $'\x1b[31m'
as it diff IT-2
silent $'\x1b['
