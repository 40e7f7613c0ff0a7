#!/usr/bin/env bash
# Exports: NDJSON and CSV of what is asked for, a bundle that another home can take in; files appear whole or not at all.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
as it publish "$SOURCE"/cli/demo_cases/it/*.draft "${P[@]}"
exits 0

as it export --to ndjson
exits 0
same "$(wc -l <"$T/out")" 8
jq -e . "$T/out" >/dev/null || fail "a line is no JSON"
as it export --to ndjson --country US
same "$(wc -l <"$T/out")" 1
as it export --to csv -o "$T/cases.csv"
exits 0
says "8 objects"
head -c 200 "$T/cases.csv" | grep -q . || fail "the file is empty"
cp "$T/cases.csv" "$T/first.csv"
as it export --to csv -o "$T/cases.csv"
exits 1
complains "not overwritten"
cmp -s "$T/first.csv" "$T/cases.csv" || fail "a refused export changed the file"
as it export --to csv -o "$T/cases.csv" --force
exits 0
cmp -s "$T/first.csv" "$T/cases.csv" || fail "two exports of the same frontier differ"
as it --json export --to bundle -o "$T/it.bundle"
exits 0
json .entries 10
same "$(head -c 9 "$T/it.bundle")" "SPECOLA1"

as it export
exits 2
complains "ndjson"
as it export --to xml
exits 2
as it --json export --to csv
refused usage 2
as it export --to bundle --country IT -o "$T/x"
exits 2
as it export --to csv -o "$T/none/x.csv"
exits 3
# What is no plain file is written to, never replaced by one.
mkfifo "$T/pipe"
wc -c <"$T/pipe" >"$T/count" &
as it export --to csv -o "$T/pipe"
exits 0
wait $!
[ -p "$T/pipe" ] || fail "the export took the place of a pipe"
[ "$(cat "$T/count")" -gt 1000 ] || fail "the pipe carried $(cat "$T/count") octets"
"$SPECOLA" --home "$T/it/home" export --to csv >/dev/full 2>"$T/err"
status=$?
exits 11
[ -z "$(find "$T" -maxdepth 1 -name '*.??????' -newer "$T/it.bundle" -type f -name 'x.*')" ] || fail "a draft of an export was left behind"

# Another observatory does not take it; its own home knows it already.
found_alone other
as other import "$T/it.bundle"
exits 9
as it --json import "$T/it.bundle"
exits 0
json .new 0
# Packed on its way: the same octets behind it.
if command -v zstd >/dev/null; then
  for format in ndjson csv; do
    as it export --to $format -o "$T/plain" --force
    exits 0
    as it export --to $format.zst -o "$T/packed.zst" -f
    exits 0
    says "$(stat -c %s "$T/packed.zst") octets"
    zstd -dcq "$T/packed.zst" >"$T/unpacked" || fail "no zstd frame"
    cmp -s "$T/plain" "$T/unpacked" || fail "$format.zst is another $format"
    as it export --to $format.zst
    zstd -dcq <"$T/out" | cmp -s - "$T/plain" || fail "$format.zst to stdout is another one"
  done
fi
as it export --to ndjson.zst -o "$T/nowhere/x.zst"
exits 3
as it export --to bundle.zst
exits 2
complains "ndjson.zst"
setting() {
  as "$who" publish "$SOURCE/cli/demo_cases/it/spid.draft" "${P[@]}"
  exits 0
}
body() {
  does export --to csv -o "$T/$who/cases.csv"
  says "1 objects"
  tells export --to bundle -o "$T/$who/it.bundle"
  json .entries 3
  refuses 1 "--force" export --to csv -o "$T/$who/cases.csv"
}
story_both body export
