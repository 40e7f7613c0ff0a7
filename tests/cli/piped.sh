#!/usr/bin/env bash
# No escape octet reaches a pipe, and what strangers wrote cannot move a terminal; nothing is cut when piped.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
long=$(printf 'parola %.0s' $(seq 1 25))
draft "$T/a.draft" "$long"
as it publish "$T/a.draft" "${P[@]}"
exits 0
clean() {
  ! grep -q $'\x1b' "$T/out" "$T/err" || fail "an ESC octet in a pipe"
}
for words in "help" "status" "list case" "show IT-2" "search parola --facets" "person list" "verify" "peer list" "nonsense" "show IT-9" "export --to csv"; do
  # shellcheck disable=SC2086
  as it $words
  clean
done
as it list case
says "${long% }"
# Bidi overrides and C1 controls are harmless on every screen.
draft "$T/b.draft" "$(printf 'fine \xe2\x80\xaegnp.exe \xc2\x9b31m')"
as it publish "$T/b.draft" "${P[@]}"
exits 0
as it list case
! grep -qP '\xe2\x80\xae|\xc2\x9b' "$T/out" || fail "a control of a title reached the terminal"
as it show IT-3
! grep -qP '\xe2\x80\xae|\xc2\x9b' "$T/out" || fail "a control of a title reached the terminal"
as it show "$(printf 'x\x1b[31m')"
clean
# Without any locale, and with one that does not exist.
unset LC_ALL
as it --lang it show IT-2
says "Titolo"
LC_ALL=xx_YY.UTF-8 as it list case
exits 0
