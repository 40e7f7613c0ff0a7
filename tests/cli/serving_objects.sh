#!/usr/bin/env bash
# What people do with objects works while the node serves as it does while it does not: edit, withdraw, history, news, figures.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
serve it
draft "$T/a.draft" "Prima"
draft "$T/b.draft" "Da ritirare"
as it publish "$T/a.draft" "$T/b.draft" "${P[@]}"
exits 0
as it news
says "2 new"
as it edit IT-2 -o "$T/c.draft"
exits 0
sed -i 's/Prima/Seconda/' "$T/c.draft"
as it edit IT-2 "$T/c.draft" "${P[@]}"
exits 0
as it withdraw IT-3 --yes --reason "una prova" "${P[@]}"
exits 0
says "withdrawn at IT-5"
as it --json withdraw IT-3 --yes "${P[@]}"
json .known true
as it history IT-3
says "withdrawn: una prova"
as it diff IT-2
says "+ Seconda"
as it --json stats
json .objects 1
json .withdrawn 1
as it --json sql "SELECT title FROM cases"
json '.rows[0][0]' Seconda
as it --json news
json '[.new, .changed, .withdrawn] | join(",")' 0,1,1
as it --json doctor
exits 0
json '[.checks[] | select(.check == "serve") | .level] | join(",")' ok
as it compare IT-2 IT-3
exits 0
unserve it
