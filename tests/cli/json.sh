#!/usr/bin/env bash
# --json: one document from every command, on success and on failure, wherever the option stands; nothing on stderr.
# With sanitizers it is every third command line.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
draft "$T/a.draft" "Una prova"
as it publish "$T/a.draft" "${P[@]}"
as it export --to bundle -o "$T/it.bundle"
mkdir "$T/roots" "$T/stick"
one() {
  as it --json "$@"
  local failed
  failed=$(picked 'has("error")') || fail "not one document: $*"
  [ ! -s "$T/err" ] || fail "something on stderr: $*"
  [ "$failed" = "$([ $status -eq 0 ] && echo false || echo true)" ] || fail "error and exit status disagree: $*"
  [ $status -eq 0 ] || [ "$(picked .error.exit)" = $status ] || fail "exit differs from the status: $*"
}
for words in "help" "help publish" "version" "status" "new case" "check $T/a.draft" "check $T/none" "publish $T/a.draft" "show IT-2" \
  "show nothing" "list case" "list nothing" "search prova" "search --facets" "search --nothing x" "history IT-2" "history nothing" "diff IT-2" \
  "diff" "edit IT-2" "edit IT-2 -o $T/e.draft" "edit IT-2 $T/e.draft" "withdraw IT-99" "compare IT-2 IT-2" "compare IT-2" "stats" "stats --by none" \
  "sql" "sql nonsense" "news" "news --since never" "doctor" "completion bash" "completion none" "person list" "key show" "peer list" \
  "peer ping FR" "export --to ndjson" "export --to ndjson -o $T/x.ndjson" "verify" "verify $T/it.bundle" "verify $T/a.draft" "rebuild" \
  "import $T/it.bundle" "import $T/none" "import $T/a.draft --dry-run" "root new --out $T/roots" "root new --out $T/roots --passphrase-file $T/passphrase" \
  "root sign $T/a.draft --key x" "found X" "found X $T/a.draft" "join $T/a.draft" "init" "init --country IT --name X --found X" \
  "key new" "key backup $T/stick" "person certify $T/a.draft --role editor" "nonsense" "--nonsense" "status too many words" "status --home" \
  "--timeout x status" "show" "sync" "demo --chek"; do
  skips 3 && continue
  # shellcheck disable=SC2086
  one $words
done
as it status --json
json .handle IT
"$SPECOLA" --json >"$T/out" 2>"$T/err" </dev/null
[ "$(jq -s length <"$T/out")" = 1 ] || fail "no command at all is not one document"
as nobody --json status
refused not-initialised 10
