#!/usr/bin/env bash
# list and search: by kind, words, facets; orders, limits, counts; and whatever people type is no error of the database.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
as it publish "$SOURCE"/cli/demo_cases/it/*.draft "${P[@]}"
exits 0

as it list case
exits 0
says "8 of 8"
as it --json list case --limit 3
json '.objects | length' 3
json .total 8
as it --json list case --limit 3 --offset 6 --sort reference
json '[.objects[].ref] | join(",")' "IT-8,IT-9"
as it --json list case --country IT
json .total 7
as it --json list case --country=IT --country US
json .total 8
as it --json search --level regional
json .total 1
as it search "living lab" --facets
exits 0
says "--country"
# Of what has any of the words, how many have all: as many as a search for what has both.
as it --json search pagopa dati --limit 0
exits 0
every=$(picked .every)
json '.every > 0 and .every < .total' true
as it search pagopa dati --limit 1
says "; $every ha"
as it --json search spid
json '.every, .total > 0' $'null\ntrue'
as it search nothinglikethat --facets
silent "--country"
says "0 objects"
# Codes are taken in other letters' case and by their name; one that there is not is told, and never found nothing.
for country in it IT Italy italy Italia; do
  as it --json --lang it list case --country "$country"
  exits 0
  json .total 7
done
as it --json search --sector "general services" --level LOCAL
exits 0
as it --json search --node it --region it-34
json .total 1
as it --json search --node it --region Veneto
json .total 1
for words in "list case" search stats "export --to ndjson"; do
  as it $words --country itt
  exits 2
  complains "no such country: 'itt'"
  complains "did you mean --country IT (Italy)?"
done
as it --lang it search --country Itaia
complains "si intendeva --country IT (Italia)?"
as it list case --country ZZ
exits 2
complains "specola help country lists the codes"
as it list case --country AF # a code, which nobody has
exits 0
complains "--facets"
as it --json search --tag nobody-has-this-tag # of what has no list, any word
json .total 0
# References in small letters.
as it --json show it-2
json .reference IT-2
as it show de-2
exits 3
as it list nothing
exits 3
complains "there are: case"
as it search open -data
exits 2
complains "go behind --"
as it --json search "piattaforma" --node IT
json '.total > 0' true
as it list casa
exits 3
complains "did you mean case?"
as it list case --contry IT
exits 2
complains "did you mean --country?"
as it list case --sort newst
exits 2
complains "--sort newest"
for words in "list case" search stats "export --to csv" "export --to bundle"; do
  as it $words --node XX
  exits 3
  complains "there are: IT"
done
as it stats --node Itt
complains "did you mean IT?"
as it --json stats --node it
exits 0
as it list case --limit some
exits 2
for words in '"' 'a"b' '*' '-' 'AND OR NOT' 'NEAR(' ')' "'" '(' '^a' 'a:b' '--' $'\x01' 'é' '"open data' '-data'; do
  as it --json search -- "$words"
  exits 0
  json '.objects | type' array
done
# The most complete first.
as it --json list case --sort completeness --limit 0
exits 0
json '[.objects[].completeness] | . == (sort | reverse)' true
json '[.objects[].completeness] | length > 1' true
as it list case --sort completness
exits 2
complains "--sort completeness"

setting() {
  as "$who" publish "$SOURCE"/cli/demo_cases/it/*.draft "${P[@]}"
  exits 0
}
body() {
  does list case --level regional
  says "1 of 1"
  tells list case --level regional
  json '.objects[0].kind' case
  refuses 3 "there are: case" list nothing
  does search open data
  says " of "
  tells search open data
  json '.total > 0' true
  refuses 2 "go behind --" search open -data
}
story_both body list search
