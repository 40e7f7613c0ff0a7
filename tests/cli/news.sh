#!/usr/bin/env bash
# news: what came since this person looked last; the place is the person's own, and stays when it is asked to.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
as it news
exits 0
says "Nothing new."
draft "$T/a.draft" "Prima"
draft "$T/b.draft" "Seconda"
as it publish "$T/a.draft" "$T/b.draft" "${P[@]}"
as it --json news --keep
json .new 2
json '[.news[].ref] | sort | join(",")' IT-2,IT-3
json '.news[0].home' IT
as it news
says "2 new, 0 changed, 0 withdrawn"
says "Prima"
as it news
says "Nothing new."
draft "$T/c.draft" "Terza"
as it publish "$T/c.draft" --replaces IT-2 "${P[@]}"
draft "$T/d.draft" "Quarta"
as it publish "$T/d.draft" "${P[@]}"
as it withdraw IT-3 --yes "${P[@]}"
exits 0
# What came and went meanwhile is no news.
draft "$T/e.draft" "Quinta"
as it publish "$T/e.draft" "${P[@]}"
as it withdraw IT-7 --yes "${P[@]}"
exits 0
as it --lang it news --keep
says "1 nuovi, 1 cambiati, 1 ritirati"
silent "Quinta"
as it --json news --limit 1
json '[.new, .changed, .withdrawn] | join(",")' 1,1,1
json '.news | length' 1
as it --json news
json '.news | length' 0
# Another person at the same node has a place of his own.
XDG_CONFIG_HOME=$T/other SPECOLA_HOME=$T/it/home "$SPECOLA" --json news >"$T/out" 2>"$T/err"
json .new 2
json .withdrawn 0
as it --json news --since 7d
json '[.news[].what] | sort | join(",")' new,new
as it --json news --since 2100-01-01
json '.news | length' 0
for day in yesterday 2026-13-01 d 2026-1-1 99999999d; do
  as it news --since $day
  exits 2
  complains "--since 7d"
done
# A list that is cut leaves the mark: what it did not tell is still to be told.
for n in $(seq 21); do
  draft "$T/m$n.draft" "Molte $n"
done
as it publish "$T"/m*.draft "${P[@]}"
exits 0
as it news
says "(--limit 0 tells all): 1"
complains "The mark stays"
as it news --limit 0
says "21 new"
silent "and more"
as it news
says "Nothing new."
for file in "$T"/it/config/specola/news/*; do
  echo "no number" >"$file"
done
as it news
exits 8
complains "remove it"
# The place of a store that held more: all of it is news.
for file in "$T"/it/config/specola/news/*; do
  echo 4096 >"$file"
done
as it --json news
json .new 23
setting() {
  draft "$T/n.draft" "Nuova"
  as "$who" publish "$T/n.draft" "${P[@]}"
  exits 0
}
body() {
  does news
  says "1 new, 0 changed, 0 withdrawn"
  tells news --since 7d
  json '.news[0].ref' IT-2
  refuses 2 "--since 7d" news --since yesterday
}
story_both body news
