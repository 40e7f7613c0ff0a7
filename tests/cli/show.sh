#!/usr/bin/env bash
# An object as people see it: labels in their language, headings, rows, by reference, id and title.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
as it publish "$SOURCE/cli/demo_cases/it/veneto-innovation-lab.draft" "${P[@]}"
exits 0
as it --lang it show IT-2
exits 0
for heading in "== Esperienze ==" "== Risultati ==" "Motivazione e obiettivi" "Cronogramma" "Destinatari" "Principali criticità"; do
  says "$heading"
done
says "versione 1 di 1"
says "% completo"
silent "lacking"
as it --lang en show IT-2
says "Country: Italy"
says "version 1 of 1 (IT-2)"
silent "Motivazione e obiettivi"
as it --json show IT-2
json '.ref' IT-2
json '.kind' case
id=$(picked .id)
as it --json show "$id"
json '.ref' IT-2
as it --json show "${id:0:12}"
json '.ref' IT-2
as it --json show "Veneto"
json '.ref' IT-2
as it show "Nothing begins so"
exits 3
as it show IT-0
exits 3
complains "specola search"
as it show XX-1
exits 3
setting() {
  as "$who" publish "$SOURCE/cli/demo_cases/it/veneto-innovation-lab.draft" "${P[@]}"
  exits 0
}
body() {
  does show IT-2
  says "Country: Italy"
  tells show IT-2
  json '.body.country' IT
  refuses 3 "specola search" show IT-99
}
story_both body show
