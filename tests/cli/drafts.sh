#!/usr/bin/env bash
# Drafts: an empty one, what is wrong with others, and that check names it. No home is needed.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"

specola new case
exits 0
says "specola-draft 1 case"
specola --lang it new case --express -o "$T/express.draft"
exits 0
grep -q "^specola-draft 1 case" "$T/express.draft" || fail "no draft was written"
specola new case -o "$T/express.draft"
exits 1
complains "exists"
specola new cas
exits 3
complains "did you mean case?"
specola check "$T/express.draft"
exits 9
says "refused: title is needed"
complains "cannot be published yet"

draft "$T/good.draft" "Una prova"
specola check "$T/good.draft"
exits 0
says "can be published"
says "lacking"
same "$(grep -c lacking "$T/out")" 2
specola --json check "$T/good.draft"
json '.drafts[0].publishable' true
json '.drafts[0].kind' case
json '.drafts[0].next | length' 3
json '.drafts[0].next[0] | (.label | length > 0) and (.why | length > 0)' true
specola --lang it check "$T/good.draft"
says "poi:"
says "(organisation_type)"
# What the author does not know yet is not asked for again; what is needed comes first.
printf 'organisation_type: ?\n' >>"$T/good.draft"
sed -i '/^country:/d' "$T/good.draft"
specola check "$T/good.draft"
says "next: Country (country)"
silent "(organisation_type)"
draft "$T/good.draft" "Una prova"

# wrong WHAT EXIT WORD: a good draft with one more line (or another first line).
wrong() {
  draft "$T/bad.draft" "Una prova"
  printf '%s\n' "$1" >>"$T/bad.draft"
  specola check "$T/bad.draft"
  exits "$2"
  cat "$T/out" >>"$T/err"
  complains "$3"
}
wrong "no form at all" 9 "line 7"
wrong "titel.it: x" 9 "title"
wrong "title.it: given twice" 9 "line 7"
wrong "year_started: 2020-13" 9 "line 7"
wrong "level_detail: nonsense" 0 "level_detail"
wrong "funding.1.amount: many" 9 "line 7"
wrong "links.1.url: javascript:alert(1)" 0 "no web address"
wrong "title.zz: x" 0 "'zz' is no language that ISO 639 knows"
printf 'specola-draft 9 case\n' >"$T/bad.draft"
specola check "$T/bad.draft"
exits 12
complains "newer"
complains "specola new KIND"
specola --json check "$T/bad.draft"
refused version 12
printf 'something else\n' >"$T/bad.draft"
specola check "$T/bad.draft"
exits 9
complains "a draft begins with"
printf 'specola-draft 1 casa\n' >"$T/bad.draft"
specola check "$T/bad.draft"
exits 3
printf 'specola-draft 1 case\ntitle.it: \xff\xfe\n' >"$T/bad.draft"
specola check "$T/bad.draft"
exits 9
complains "line 2: not UTF-8"
specola check "$T/none.draft"
exits 3
# One that cannot be read does not hide the others.
specola check "$T/none.draft" "$T/good.draft"
exits 3
says "good.draft: can be published"
specola --json check "$T/none.draft" "$T/good.draft"
json '[.drafts[].publishable | tostring] | join(",")' false,true
for key in title summary country level; do
  draft "$T/bad.draft" "Una prova"
  sed -i "/^$key[.:]/d" "$T/bad.draft"
  specola check "$T/bad.draft"
  exits 9
  says "refused: $key"
done
body() {
  does new case
  says "specola-draft 1 case"
  tells new case -o "$T/$who/n.draft"
  [ -s "$T/$who/n.draft" ] || fail "no draft was written"
  refuses 3 "did you mean case?" new cas
  does check "$T/good.draft"
  says "can be published"
  tells check "$T/good.draft"
  json '.drafts[0].kind' case
  refuses 9 "marked refused" check "$T/$who/n.draft"
}
story_both body new check
