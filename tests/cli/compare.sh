#!/usr/bin/env bash
# compare: the same fields of several objects side by side, in the reader's language.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
draft "$T/a.draft" "Prima"
draft "$T/b.draft" "Seconda"
sed -i 's/level: local/level: regional/; s/una riga/due righe, che insieme sono troppo lunghe per la tabella/' "$T/b.draft"
as it publish "$T/a.draft" "$T/b.draft" "${P[@]}"
exits 0
as it compare IT-2 IT-3
exits 0
says "Prima"
says "Seconda"
says "Country"
says "Regional"
says "Summary"
as it compare --differing IT-2 IT-3
silent "Country"
says "Regional"
# What is long, and the same in both, is told once.
draft "$T/d.draft" "Quarta"
sed -i 's/una riga/due righe, che insieme sono troppo lunghe per la tabella/' "$T/d.draft"
as it publish "$T/d.draft" "${P[@]}"
exits 0
as it compare IT-3 IT-4
says "the same in both:"
same "$(grep -c "troppo lunghe" "$T/out")" 1
as it compare IT-3 IT-4 IT-3
says "the same in all:"
as it compare IT-2 IT-3 IT-4
same "$(grep -c "troppo lunghe" "$T/out")" 2
as it --lang it compare IT-2 IT-3
says "Paese"
as it --json compare IT-2 IT-3 IT-2
exits 0
json '.objects | length' 3
json '.fields[] | select(.field == "country") | .same' true
json '.fields[] | select(.field == "level") | .values | join(",")' local,regional,local
json '[.fields[] | select(.field == "sectors")] | length' 0
as it --json compare -d IT-2 IT-2
json '.fields | length' 0
as it compare IT-2
exits 2
as it compare IT-2 IT-99
exits 3
as it withdraw IT-3 --yes "${P[@]}"
as it compare IT-2 IT-3
says "(withdrawn)"
setting() {
  as "$who" publish "$T/a.draft" "$T/b.draft" "${P[@]}"
  exits 0
}
body() {
  does compare IT-2 IT-3
  says "Regional"
  tells compare IT-2 IT-3
  json '.objects | length' 2
  refuses 2 "specola compare ID ID" compare IT-2
}
story_both body compare
