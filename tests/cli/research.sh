#!/usr/bin/env bash
# docs/research.md is true: its tables are those that there are, column by column, and every query and command in it answers.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
page=$SOURCE/docs/research.md
mkdir -p "$T/roots"
for handle in IT FR; do
  as roots root new --name $handle --out "$T/roots" "${P[@]}"
  as ${handle,,} init --country $handle --name "Node $handle" --root "$T/roots/$handle.root" --listen tcp://127.0.0.1:0 \
    --advertise tcp://$handle.example.org:7411 --out "$T/$handle.identity" "${P[@]}"
done
as roots found "Prova" "$T"/{IT,FR}.identity --out "$T/prova.charter"
for handle in IT FR; do as roots root sign "$T/prova.charter" --key "$T/roots/$handle-1.key" "${P[@]}"; done
for handle in it fr; do
  as $handle join "$T/prova.charter"
  exits 0
done
as it publish "$SOURCE"/cli/demo_cases/*/*.draft "${P[@]}"
exits 0
# What the demo's cases do not have: a second version, a source, a link, figures, a withdrawn one.
as it edit IT-2 -o "$T/a.draft"
exits 0
sed -i 's/^country:.*/&\nplace.en: Everywhere/' "$T/a.draft"
as it edit IT-2 "$T/a.draft" "${P[@]}"
exits 0
as it --json show IT-2
target=$(picked .id)
draft "$T/b.draft" "Ripresa"
cat >>"$T/b.draft" <<DRAFT
source: catalogue
source_id: 7
relations.1.type: adapted_from
relations.1.target: $target
indicators.1.name.it: Giorni
indicators.1.value: 4
DRAFT
draft "$T/c.draft" "Da ritirare"
as it publish "$T/b.draft" "$T/c.draft" "${P[@]}"
exits 0
as it withdraw "Da ritirare" --yes "${P[@]}"
exits 0

# FR's reviewer vouches for one of them.
carry() {
  as "$1" export --to bundle -o "$T/$1.bundle"
  exits 0
  as "$2" import "$T/$1.bundle"
  exits 0
}
as fr key show -o "$T/fr.pub"
as fr person certify "$T/fr.pub" --role reviewer "${P[@]}"
exits 0
carry it fr
as fr endorse IT-2 --yes "${P[@]}"
exits 0
carry fr it
as it --json sql "SELECT ref, home, country, counts, standing, version FROM endorsements"
json '.rows | tostring' '[["IT-2","FR","FR",1,"counts","IT-24"]]'
as it --json sql "SELECT endorsed, count(*) FROM objects GROUP BY 1 ORDER BY 1"
json '.rows[0] | tostring' '["current",1]'

# blocks LANGUAGE: the fenced blocks of that language, each with a NUL behind it.
blocks() { awk -v fence="\`\`\`$1" '$0 == fence { inside = 1; next } inside && /^```/ { inside = 0; printf "%c", 0; next } inside' "$page"; }

# The tables and their columns, as the page tells them.
while read -r table; do
  as it --json sql
  columns=$(jq -r --arg t "$table" '.tables[] | select(.table == $t) | .columns' <"$T/out")
  [ -n "$columns" ] || fail "the page tells of a table $table, which is not there"
  told=$(awk -v head="### $table" '$0 == head { inside = 1; next } inside && /^##/ { exit } inside' "$page" |
    sed -nE -e 's/^\| `([^`]*)` \|.*/\1/p' -e '/^Columns: /{ s/^Columns: //; s/`//g; s/, /\n/g; p }' | paste -sd, | sed 's/,/, /g')
  same "$told" "$columns"
done < <(sed -n 's/^### //p' "$page")
as it --json sql
same "$(sed -n 's/^### //p' "$page" | wc -l)" "$(picked '.tables | length')"

as it --json sql "SELECT o.ref FROM links l JOIN objects o ON o.id = l.target_id"
json '.rows | tostring' '[["IT-2"]]'

# The queries.
n=0
while IFS= read -r -d '' query; do
  as it --json sql --limit 0 "$query"
  exits 0
  [ "$(picked '.rows | length')" -gt 0 ] || fail "nothing comes of: $query"
  n=$((n + 1))
done < <(blocks sql)
[ "$n" -ge 12 ] || fail "only $n queries"

# The commands, in the order of the page, in one folder.
mkdir "$T/desk" "$T/bin"
ln -s "$SPECOLA" "$T/bin/specola"
export PATH="$T/bin:$PATH" SPECOLA_HOME="$T/it/home" XDG_CONFIG_HOME="$T/it/config"
n=0
while IFS= read -r -d '' commands; do
  (cd "$T/desk" && bash -euo pipefail -c "$commands") >"$T/out" 2>"$T/err" </dev/null
  status=$?
  [ "$status" -eq 0 ] || fail "exit status $status of: $commands"
  n=$((n + 1))
done < <(blocks sh)
[ "$n" -ge 8 ] || fail "only $n commands"
for file in found.txt years.csv cases.csv figures.csv cases.ndjson indicators.csv state.json data.ndjson; do
  [ -s "$T/desk/$file" ] || fail "$file is empty"
done
same "$(wc -l <"$T/desk/indicators.csv")" 3
same "$(jq -r 'keys | join(",")' "$T/desk/state.json")" fingerprint,frontier,logs,observatory

# What the page says of exports.
for key in $(head -1 "$T/desk/data.ndjson" | jq -r 'keys[]'); do
  awk '/^\*\*NDJSON\*\*/ { inside = 1 } /^$/ { inside = 0 } inside' "$page" | grep -qF "\`$key\`" || fail "the page does not tell of $key"
done
same "$(head -c 72 "$T/desk/cases.csv")" "reference,version,id,node,state,versions,created,completeness,endorsed,o"
specola verify "$T/desk/all.bundle"
exits 0
