#!/usr/bin/env bash
# Paths where people's words go: what is written beside the store has the name that its operator gave, or one of a handle and a number.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
mkdir -p "$T/user/in/deep"
cd "$T/user/in/deep" || exit 1
python3 - >"$T/rows.ndjson" <<'PY'
import json

PATHS = ("../evil", "../../evil.draft", "/tmp/evil", "evil/../../evil", "~/evil", "-evil", "..", ".", "evil\\..\\evil", "%2e%2e%2fevil", "evil;touch evil")
for path in PATHS:
    print(json.dumps({"title": {"en": path}, "summary": {"en": path}, "country": "IT", "level": "local", "source": path, "source_id": path,
                      "original_lang": "en"}))
PY
as it import "$T/rows.ndjson" "${P[@]}"
exits 0
says "published 11"
here() { find "$T" -path "$T/it" -prune -o -path "$T/other" -prune -o -path "$T/third" -prune -o -print | sort; }
here >"$T/before"
for format in ndjson csv bundle; do
  as it export --to $format --out "all.$format"
  exits 0
done
grep -q evil all.ndjson || fail "the words are not there"
for i in 2 3 4; do
  as it edit IT-$i -o $i.draft
  exits 0
  grep -q evil $i.draft || fail "the words are not there"
done
as it show "../evil" # a title, and no file
exits 0
as other init --country IT --name "../../evil" --found "../../evil" --listen tcp://127.0.0.1:0 "${P[@]}"
exits 0
as other import all.bundle # of another observatory
exits 9
for words in "init --country ../evil --name x --found x" "root new --name ../evil --out $T"; do
  # shellcheck disable=SC2086 # words, each for itself
  as third $words "${P[@]}"
  exits 2
done
here >"$T/after"
same "$(comm -13 "$T/before" "$T/after" | sed "s|$T/||" | paste -sd" ")" \
  "after user/in/deep/2.draft user/in/deep/3.draft user/in/deep/4.draft user/in/deep/all.bundle user/in/deep/all.csv user/in/deep/all.ndjson"
same "$(find "$T" -name '*evil*')" ""
