#!/usr/bin/env bash
# Importing rows: each bad one is refused for itself, the others are published; the same file twice changes nothing.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it

row() { # row ID TITLE [MORE]: a row that can be published
  printf '{"source":"prova","source_id":"%s","title":{"it":"%s"},"summary":{"it":"Una riga."},"country":"IT","level":"local"%s}\n' "$1" "$2" "${3:-}"
}
{
  row 1 Uno
  row 2 Due
  echo '{"source":"prova","source_id":"3","title":{"it":"Senza livello"},"summary":{"it":"x"},"country":"IT"}'
  echo 'this is no JSON'
  echo '["an","array"]'
  row 4 "Chiave doppia" ',"level":"local"'
  echo
  row 5 "Data sbagliata" ',"year_started":"2020-99"'
  echo '{"source":"prova","source_id":"7","title":{"it":"Sintesi in lista"},"summary":{"it":["x"]},"country":"IT","level":"local"}'
  row 6 Tre
} >"$T/rows.ndjson"

as it --json import "$T/rows.ndjson" --dry-run
refused refused 9
json .published 4
json .refused 5
json .warnings 1
json .dry_run true
as it --json status
json '.logs[0].size' 2

as it import "$T/rows.ndjson" "${P[@]}"
exits 9
says "row 3: refused: need"
says "row 4: refused: format"
silent "country: country"
says "row 5: refused: format"
says "row 6: refused: format"
says "row 9: refused: type"
says "published 4, new versions 0, known 0, refused 5"
as it --json import "$T/rows.ndjson" "${P[@]}"
json .published 0
json .known 4
json .refused 5
json '[.rows[].message | length > 0] | all' true
as it --json status
json '.logs[0].size' 6

# A changed row is a new version of the same object; twice in one file as well.
{
  row 1 Uno
  row 2 "Due, corretto"
  row 2 "Due, corretto ancora"
} >"$T/changed.ndjson"
as it --json import "$T/changed.ndjson" "${P[@]}"
exits 0
json .known 1
json .new_versions 2
as it --json show IT-3
json '.body.title.it' "Due, corretto ancora"
json '.versions | length' 3

# Lines of every length: the longest that may be, longer ones, and a last one without an end.
long() { head -c "$1" /dev/zero | tr '\0' "$2"; }
{
  row 20 Venti
  long 1048576 x
  echo
  long 1048577 x
  echo
  row 21 Ventuno
  long 5000000 x
  echo
  row 22 Ventidue | tr -d '\n'
  long 1000000 ' '
} >"$T/long.ndjson"
as it import "$T/long.ndjson" --dry-run
exits 9
says "row 2: refused: format"
says "row 3: refused: too-large"
says "row 5: refused: too-large"
says "published 3, new versions 0, known 0, refused 3"
long 1048577 x >"$T/long.ndjson"
as it import "$T/long.ndjson" --dry-run
says "row 1: refused: too-large"
says "refused 1"

# More than one submission; and a map.
for i in $(seq 1 600); do
  printf '{"nr":%d,"nome":"Riga %d","testo":"Una riga.","paese":"IT","livello":"comunale"}\n' "$i" "$i"
done >"$T/many.ndjson"
cat >"$T/map.ini" <<'INI'
[fields]
source = "molti"
source_id = nr
title = nome
summary = testo
country = paese
level = livello
[values.level]
comunale = local
[import]
language = "it"
kind = case
INI
as it --json import "$T/many.ndjson" --map "$T/map.ini" "${P[@]}"
exits 0
json .published 600
as it --json list case --level local --limit 0
json .total 604
as it verify
exits 0
printf '[fields]\ntitel = x\n' >"$T/bad.ini"
as it import "$T/many.ndjson" --map "$T/bad.ini" "${P[@]}"
[ "$status" -ne 0 ] || fail "a map with an unknown field was taken"
complains "title"
as it import "$T/none.ndjson" "${P[@]}"
exits 3

# Of a file without rows nothing is signed: nobody is asked for a passphrase.
printf '\n \r\n\n' >"$T/blank.ndjson"
for file in /dev/null "$T/blank.ndjson"; do
  as it --no-input import "$file"
  exits 0
  says "published 0, new versions 0, known 0, refused 0"
  complains "$file has no rows"
done
as it --json import /dev/null
json .read 0
json .dry_run false
as it --no-input import "$T"
exits 1
complains "directory"
as nobody import /dev/null
exits 10
body() {
  row 1 Uno >"$T/one.ndjson"
  row 2 Due >"$T/two.ndjson"
  does import "$T/one.ndjson" "${P[@]}"
  says "published 1, new versions 0, known 0, refused 0"
  tells import "$T/two.ndjson" "${P[@]}"
  json .published 1
  refuses 3 "there are: case" import "$T/one.ndjson" --kind nonsense "${P[@]}"
}
story_both body import

# Rows that wait because the head file cannot be written go in first the next time, and are known then.
head -n 2 "$T/rows.ndjson" >"$T/two.ndjson"
found_alone waits
mv "$T/waits/home/head" "$T/head"
mkdir "$T/waits/home/head"
as waits import "$T/two.ndjson" "${P[@]}"
exits 7
complains "2 of 2 rows are queued"
rmdir "$T/waits/home/head"
mv "$T/head" "$T/waits/home/head"
as waits import "$T/two.ndjson" "${P[@]}"
exits 0
says "published 0, new versions 0, known 2, refused 0"
