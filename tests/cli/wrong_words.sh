#!/usr/bin/env bash
# Wrong words and wrong files: told apart, with the right exit status, and with something to do; nothing is left half done.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
draft "$T/a.draft" "Una prova"
printf 'no form at all\n' >"$T/garbage"
: >"$T/empty"
mkdir "$T/dir"

# wrong EXIT WORD ARGS…: refused with that status, with a message that holds the word, and with a hint; as one JSON document too.
wrong() {
  local exit_status=$1 word=$2
  shift 2
  as it --no-input "$@"
  exits "$exit_status"
  complains "$word"
  complains "  try: "
  as it --json "$@"
  exits "$exit_status"
  json '.error.hint | length > 0' true
}

# Words.
for words in "--timeout 0 status" "--timeout 1e3 status" "--lang Italian status" "status --json=1" "status -qv" "show IT-2 --version x" \
  "list case --limit -1" "list case --country" "root new --keys 9" "serve --listen nonsense" "serve --peer FR" "person" "key" \
  "person certfy x" "publish" "publish --replaces IT-2" "root new --name ../x" "export --to nonsense" "publish $T/a.draft --passphrase-fd x"; do
  # shellcheck disable=SC2086
  wrong 2 "" $words
done
wrong 2 "a second word is missing" person
wrong 2 "-q -v" status -qv
wrong 2 '"": no such command' ""
# Behind -- come words only: the command first.
wrong 2 "one word too many" status -- --json
as it -- status
exits 0
says "Node IT of Prova"
as it -- key show
exits 0
as it key -- show
exits 0
as it -- nonsense
exits 2
as it -- --version
exits 2
complains "--version: no such command"
as it search -- -x
exits 0
wrong 2 "no endpoint" serve --listen nonsense
wrong 3 "no other member" serve --peer FR=tcp://127.0.0.1:1
silent "serves"
wrong 3 "no other member" serve --peer IT=tcp://127.0.0.1:1

# Files of the founding, and others in their place.
as new --json init --country IT --name X --root "$T/garbage" "${P[@]}"
refused format 8
json .error.message "$T/garbage: not a set of root keys"
as new --json init --country IT --name X --found X --coordinator "$T/garbage" "${P[@]}"
refused format 8
wrong 8 "$T/garbage: not a founding request" found X "$T/garbage"
wrong 8 "specola init makes one" found X "$T/empty"
wrong 8 "$T/garbage: not a charter" join "$T/garbage"
wrong 8 "specola found makes one" root sign "$T/garbage" --key x
as it found X "$T/dir"
exits 1
same "$(grep -o "$T/dir" "$T/err" | wc -l)" 1
wrong 3 "No such file" verify "$T/none"
wrong 3 "make the folder first" new case -o "$T/none/x.draft"

# A name that no observatory can have is told before anything is made.
for name in "" "$(printf 'x%.0s' {1..3000})" $'two\nlines' $'\xff'; do
  as new --json init --country IT --name X --found "$name" "${P[@]}"
  refused usage 2
  [ ! -e "$T/new/home" ] && [ ! -e "$T/new/config" ] || fail "init left something behind"
  as it --json found "$name" "$T/garbage"
  refused usage 2
done
# What fails half way goes on where it stopped.
as new root new --name R --out "$T/dir" "${P[@]}"
as new init --country IT --name X --root "$T/dir/R.root" --out "$T/none/IT.identity" "${P[@]}"
exits 3
complains "it goes on where it stopped"
as new init --country IT --name X --root "$T/dir/R.root" --out "$T/dir/IT.identity" "${P[@]}"
exits 0

# Passphrases and people.
as other key new --passphrase-file "$T/empty"
exits 5
complains "first line"
as other key new -o "$T/none/x.pub" "${P[@]}"
exits 3
complains "specola key show -o"
as other key show -o "$T/other.pub"
exits 0
wrong 2 "holds no name" person certify "$T/other.pub" --role editor
as it person certify "$T/other.pub" --role editor --name Editor --territory XX
exits 0
complains "the list of codes has no IT-XX"
as it person certify "$T/other.pub" --role editor --name Editor --territory IT-34
exits 0
[ ! -s "$T/err" ] || fail "a region that exists is warned of"

# A node that joined and whose store is gone must not begin again.
mv "$T/it/home/store.db" "$T/keep.db"
rm -f "$T/it/home/store.db-wal" "$T/it/home/store.db-shm"
wrong 11 "gone or empty" status
wrong 11 "do not join again" list case
as it publish "$T/a.draft" "${P[@]}"
exits 11
rm -f "$T/it/home"/store.db*
mv "$T/keep.db" "$T/it/home/store.db"
as it status
exits 0
# A node's key that is gone, or none, is told before the node says that it serves, and so is where to get it.
cp "$T/it/home/node.key" "$T/keep.key"
cp "$T/garbage" "$T/it/home/node.key"
wrong 8 "node.key: this is no key file" serve
json '.error.hint | startswith("put node.key back from its copy")' true
rm "$T/it/home/node.key"
for words in serve "publish $T/a.draft" "person certify $T/other.pub --role editor --name E"; do
  # shellcheck disable=SC2086
  wrong 3 "node.key: No such file" $words "${P[@]}"
  json '.error.hint | startswith("put node.key back from its copy (specola key backup")' true
done
cp "$T/keep.key" "$T/it/home/node.key"
