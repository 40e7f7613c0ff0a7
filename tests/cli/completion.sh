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
offers case
after "help key"
offers backup
after "help case"
offers sectors
as nobody completion --words "show "
exits 0
offers --version
as nobody completion --words "list "
offers case
specola --json help
mapfile -t commands < <(picked '.commands[].name')
after ""
for command in "${commands[@]}"; do
  offers "${command%% *}"
done
after "list case"
offers --country
offers --limit
# What is offered as a value is taken.
after "list case --sort"
for word in $(cat "$T/out"); do
  as it list case --sort "$word"
  exits 0
done
after "export --to"
same "$(wc -l <"$T/out")" 5
for word in $(cat "$T/out"); do
  as it export --to "$word" -o "$T/exported.$word"
  exits 0
done
as editor key new --name Redazione -o "$T/editor.pub" "${P[@]}"
after "person certify $T/editor.pub --role"
same "$(wc -l <"$T/out")" 5
for word in $(cat "$T/out"); do
  as it person certify "$T/editor.pub" --role "$word"
  exits 0
done

# In the shells themselves: what a person types, and what the tab key makes of it.
mkdir -p "$T/bin" "$T/folder"
ln -s "$SPECOLA" "$T/bin/specola"
export PATH=$T/bin:$PATH SPECOLA_HOME=$T/it/home
typed=("specola sho" "specola key bac" "specola show IT-" "specola show --vers" "specola list ca" "specola check $T/a.dr" "specola --lang it comp")
wanted=("specola show" "specola key backup" "specola show IT-2" "specola show --version" "specola list case" "specola check $T/a.draft"
  "specola --lang it comp")
# types SHELL SETUP: types into an interactive shell on a pseudo-terminal; a line as it stands after the tab key, one each.
types() {
  : >"$T/lines"
  timeout 60 python3 - "$T/lines" "$1" "$2" "${typed[@]}" 2>"$T/err" >"$T/out" <<'PY' || fail "$1 does not run"
import os
import pty
import select
import sys
import time
lines, shell, setup, *typed = sys.argv[1:]
argv = {"bash": ["bash", "--norc", "--noprofile", "-i"], "zsh": ["zsh", "-f", "-i"]}[shell]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)


def read_until(done):
    seen, end = b"", time.monotonic() + 20
    while not done(seen):
        if time.monotonic() > end:
            sys.exit(f"{shell}: no answer; it wrote {seen!r}")
        if select.select([fd], [], [], 0.02)[0]:
            seen += os.read(fd, 65536)


os.write(fd, f"source {setup}; echo rea''dy\n".encode())
read_until(lambda seen: b"\nready" in seen or b"\rready" in seen)
for number, line in enumerate(typed, 1):
    os.write(fd, line.encode() + b"\t\x14")
    read_until(lambda _: open(lines).read().count("\n") == number)
os.close(fd)
PY
}
completes() {
  types "$1" "$2"
  mapfile -t lines < <(sed 's/ *$//' "$T/lines")
  for i in "${!typed[@]}"; do
    same "$1: ${lines[i]}" "$1: ${wanted[i]}"
  done
}
cat >"$T/setup.bash" <<SETUP
eval "\$(specola completion bash)"
keep() { printf '%s\n' "\$READLINE_LINE" >>'$T/lines'; READLINE_LINE=; }
bind -x '"\C-t": keep'
SETUP
completes bash "$T/setup.bash"
missing=
if command -v zsh >/dev/null; then
  cat >"$T/setup.zsh" <<SETUP
fpath=('$T/folder' \$fpath)
autoload -U compinit; compinit -u -d '$T/dump'
keep() { print -r -- "\$BUFFER" >>'$T/lines'; BUFFER=; }
zle -N keep
bindkey '^T' keep
[[ -e '$T/folder/_specola' ]] || eval "\$(specola completion zsh)"
SETUP
  completes zsh "$T/setup.zsh"
  specola completion zsh
  cp "$T/out" "$T/folder/_specola"
  rm "$T/dump"
  completes zsh "$T/setup.zsh"
else
  missing=" zsh"
fi
if command -v fish >/dev/null; then
  for i in "${!typed[@]}"; do
    fish --no-config -c "specola completion fish | source; complete -C '${typed[i]}'" >"$T/out" 2>"$T/err" || fail "fish does not complete"
    [ "${typed[i]}" = "${wanted[i]}" ] || same "${typed[i]% *} $(head -1 "$T/out")" "${wanted[i]}"
  done
else
  missing="$missing fish"
fi
[ -z "$missing" ] || echo "skipped: the completion of$missing, not installed here"
unset SPECOLA_HOME
body() {
  does completion --words "key "
  says backup
  tells completion bash
  json '.script | length > 0' true
  refuses 2 "specola completion bash" completion csh
}
story_both body completion
