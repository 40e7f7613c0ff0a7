#!/usr/bin/env bash
# completion: the scripts are good, and every command of the table is offered, with its options and the names it takes.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
specola completion
exits 2
complains "bash, zsh or fish"
specola completion csh
exits 2
for shell in bash zsh fish; do
  specola completion $shell
  exits 0
  says "completion --words"
  if command -v $shell >/dev/null && [ $shell != fish ]; then
    $shell -n "$T/out" 2>"$T/err" || fail "no good $shell"
  fi
done
specola --json completion bash
json '.script | length > 0' true
found_alone it
draft "$T/a.draft" "Prova"
as it publish "$T/a.draft" "${P[@]}"
# after WORDS: what may follow.
after() { as it completion --words "$1 "; exits 0; }
offers() { grep -qxF -- "$1" "$T/out" || fail "not offered: $1"; }
not() { ! grep -qxF -- "$1" "$T/out" || fail "offered: $1"; }
after ""
offers publish
offers key
not "key new"
offers --home
after "key"
offers new
offers show
not publish
after "key new"
offers --name
after "show"
offers IT-2
offers --version
after "show IT-2"
not IT-2
offers --json
after "compare IT-2"
offers IT-2
after "list"
offers case
after "list case --node"
offers IT
not --sort
after "publish"
same "$(cat "$T/out")" FILES
after "export -o"
same "$(cat "$T/out")" FILES
after "--home"
same "$(cat "$T/out")" FILES
after "completion"
offers zsh
after "help"
offers doctor
after "help key"
offers backup
as nobody completion --words "show "
exits 0
offers --version
as nobody completion --words "list "
offers case
specola --json help
mapfile -t commands < <(jq -r '.commands[].name' <"$T/out")
after ""
for command in "${commands[@]}"; do
  offers "${command%% *}"
done
# In bash itself.
cat >"$T/try.bash" <<TRY
eval "\$('$SPECOLA' completion bash)"
COMP_WORDS=('$SPECOLA' show IT) COMP_CWORD=2
_specola
printf '%s\n' "\${COMPREPLY[@]}"
TRY
SPECOLA_HOME=$T/it/home bash "$T/try.bash" >"$T/out" 2>"$T/err" || fail "bash does not complete"
offers IT-2
body() {
  does completion --words "key "
  says backup
  tells completion bash
  json '.script | length > 0' true
  refuses 2 "specola completion bash" completion csh
}
story_both body completion
