#!/usr/bin/env bash
# stats: the same figures as text, JSON and CSV; filters hold everywhere; what was withdrawn is told apart.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
as it stats
exits 0
says "0 objects"
as it publish "$SOURCE"/cli/demo_cases/it/*.draft "${P[@]}"
exits 0
draft "$T/a.draft" "Da ritirare"
as it publish "$T/a.draft" "${P[@]}"
as it withdraw IT-10 --yes "${P[@]}"
exits 0
as it --json stats
exits 0
json .objects 8
json .withdrawn 1
json .versions 8
table() { echo "[.tables[] | select(.table == \"$1\") | .rows[] | select(.code == \"$2\") | .count] | add"; }
json "$(table kind case)" 8
json "$(table home IT)" 8
json "$(table title_language it)" 8
json "$(table country IT)" 7
json "$(table country US)" 1
json '[.tables[] | select(.table == "completeness") | .rows[].count] | add' 8
json '[.tables[] | select(.table == "year") | .rows[].count] | add' 8
# When what is told began: as many as say it.
as it --json stats --by year_started
json '.tables | length' 1
json '[.tables[0].rows[].count] | add > 0 and add <= 8' true
json '[.tables[0].rows[].code | test("^[0-9]{4}$")] | all' true
json '[.tables[0].rows[].code] | . == sort' true
began=$(picked '[.tables[0].rows[].count] | add')
as it --json sql "SELECT count(*) AS n FROM cases WHERE home = 'IT' AND year_started IS NOT NULL"
json '.rows[0] | if type == "array" then .[0] else .n end' "$began"
as it --json stats
json '.completeness > 0 and .completeness <= 100' true
# As text, in two languages; one table; filtered.
as it stats
says "8 objects"
says "1 withdrawn"
says "Country"
says "Italy"
as it --lang it stats --by country
says "Italia"
silent "Settor"
as it --json stats --country US
json .objects 1
json .withdrawn 0
json '[.tables[] | select(.table == "country") | .rows[].code] | join(",")' US
as it --json stats --kind case --node IT --by home
json '.tables | length' 1
# As CSV: one header, the same sums.
as it stats --csv
exits 0
same "$(head -1 "$T/out" | tr -d '\r')" "table,code,label,count"
same "$(tr -d '\r' <"$T/out" | awk -F, '$1 == "completeness" { n += $NF } END { print n }')" 8
grep -q $'^country,IT,Italy,7\r$' "$T/out" || fail "no such line"
as it stats --by nothing
exits 3
complains "a facet"
as it stats --country
exits 2
as it stats --kind nothing
exits 3
as it stats --node XX
exits 3
as it --json stats --contry IT
refused usage 2
as nobody stats
exits 10
setting() {
  as "$who" publish "$SOURCE"/cli/demo_cases/it/*.draft "${P[@]}"
  exits 0
}
body() {
  does stats
  says "8 objects"
  tells stats
  json .objects 8
  refuses 3 "--by country" stats --by county
}
story_both body stats
