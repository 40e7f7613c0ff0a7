#!/usr/bin/env bash
# history and diff: every version with who, when and what changed; any two of them side by side, in the reader's language.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
draft "$T/a.draft" "Prima"
as it publish "$T/a.draft" "${P[@]}"
exits 0
as it diff IT-2
exits 3
complains "has one version"
complains "specola show IT-2"
as it history IT-2
exits 0
says "first version"
says "coordinator"

draft "$T/b.draft" "Seconda"
cat >>"$T/b.draft" <<'DRAFT'
title.en: Second
sectors:
- 01.3
- 04.6
funding.1.amount: 100
funding.1.currency: EUR
funding.2.amount: 200
funding.2.currency: EUR
legal_refs: ?

## overview.it
Riga una.
Riga due.
Riga tre.
DRAFT
as it publish "$T/b.draft" --replaces IT-2 "${P[@]}"
exits 0
sed -e 's/- 04.6/- 07/' -e 's/amount: 200/amount: 250/' -e 's/Riga due./Riga nuova./' -e '/^title.en/d' "$T/b.draft" >"$T/c.draft"
as it publish "$T/c.draft" --replaces IT-2 "${P[@]}"
exits 0

as it history IT-2
exits 0
says "changed Title (it); added Title (en)"
says "removed Title (en), Sectors"
as it --lang it history IT-2
says "prima versione"
says "modificato: Titolo"
as it --json history IT-3
exits 0
json .ref IT-2
json '.history | length' 3
json '[.history[].version] | join(",")' 1,2,3
json '.history[0].author.roles' 'coordinator, editor'
json '.history[2].ref' IT-4
json '[.history[2].changes[] | select(.field == "funding.amount") | .row] | join(",")' 2

as it diff IT-2
exits 0
says "--- version 2 (IT-3"
says "+++ version 3 (IT-4"
says "Sectors"
says "Funding 2: Amount"
says "- 200"
says "+ 250"
says "- Riga due."
says "+ Riga nuova."
silent "Riga una."
silent "Riga tre."
says "(1 line as before)"
as it diff IT-2 1 3
says "Prima"
says "Seconda"
says "not yet known"
as it diff IT-2 3 1
says "+ Prima"
as it --lang it diff IT-2 1
says "--- versione 1"
says "Titolo (it)"
as it --json diff IT-2 IT-3 IT-4
json .from.version 2
json .to.version 3
json '[.changes[] | select(.field == "sectors") | .change] | join(",")' removed,added
json '.changes[] | select(.field == "title") | "\(.change) \(.tag) \(.label)"' "removed en Title"
as it diff IT-2 2 2
exits 0
says "They say the same."
as it diff IT-2 1 9
exits 3
complains "specola history IT-2"
as it --json diff IT-2 x
refused not-found 3
as it history IT-99
exits 3
as it --json history nothing
refused not-found 3
setting() {
  as "$who" publish "$T/a.draft" "${P[@]}"
  as "$who" publish "$T/b.draft" --replaces IT-2 "${P[@]}"
  exits 0
}
body() {
  does history IT-2
  says "first version"
  tells history IT-2
  json '.history | length' 2
  refuses 3 "specola search" history IT-99
  does diff IT-2
  says "+ Seconda"
  tells diff IT-2
  json .to.version 2
  refuses 3 "specola history IT-2" diff IT-2 1 9
}
story_both body history diff
