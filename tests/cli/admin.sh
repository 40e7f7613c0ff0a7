#!/usr/bin/env bash
# takedown and scrub: texts that go for good, and a look at everything that is held.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

setting() {
  draft "$T/a.draft" "Da cancellare"
  draft "$T/b.draft" "Anche questa"
  as alone publish "$T/a.draft" "$T/b.draft" "${P[@]}"
  exits 0
}

body() {
  does takedown IT-2 --reason personal_data --yes
  says "IT-2"
  tells takedown IT-3 --reason personal_data --yes
  json '.takedowns | length' 1
  refuses 4 "--yes" takedown IT-2 --reason personal_data
  refuses 3 "look whether" takedown IT-99 --reason personal_data --yes
  as "$who" show IT-2
  silent "Da cancellare"
  does scrub
  says "0 damaged, 0 healed"
  tells scrub
  json .found 0
  refuses 10 "specola init" scrub --home "$T/none"
}
story_both body takedown scrub
