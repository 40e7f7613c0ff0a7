#!/usr/bin/env bash
# sql: questions on the tables that are meant for it; nothing else is reached, nothing is changed, nothing takes for ever.
# With sanitizers it is every third of the queries that are refused.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
as it publish "$SOURCE"/cli/demo_cases/it/*.draft "${P[@]}"
exits 0
draft "$T/a.draft" "=Da ritirare"
as it publish "$T/a.draft" "${P[@]}"
as it withdraw IT-10 --yes "${P[@]}"
exits 0
as it sql
exits 0
says "objects"
says "cases"
says "dimension, code"
as it --json sql
json '[.tables[].table] | join(",")' objects,cases,versions,fields,schema,codes,facets,links,endorsements,logs
as it sql "SELECT ref, title FROM cases WHERE country = 'IT' ORDER BY ref"
exits 0
says "IT-2"
silent "Da ritirare"
as it --json sql "SELECT count(*) AS n, max(home) FROM cases"
json '.columns | join(",")' 'n,max(home)'
json '.rows[0] | join(",")' 8,IT
json .more false
as it --json sql "SELECT ref, withdrawn, kind, title, published = updated FROM objects WHERE withdrawn"
json '.rows[0] | join(",")' "IT-10,1,case,=Da ritirare,1"
as it --json sql "SELECT c.ref FROM cases c JOIN facets f ON f.id = c.id WHERE f.dimension = 'country' AND f.code = 'US'"
json '.rows | length' 1
as it --json sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n"
json '.rows[0][0]' 15
as it --json sql "SELECT ref, version FROM versions WHERE ref = 'IT-2'"
json '.rows | length' 1
as it --json sql "SELECT home, gen, entries FROM logs"
json '.rows[0] | join(",")' IT,1,12
frontier_root=$(as it --json status; picked '.logs[0].root')
as it --json sql "SELECT root FROM logs"
json '.rows[0][0]' "$frontier_root"
as it --json sql "SELECT row, item, lang, value FROM fields WHERE ref = 'IT-2' AND field = 'title' AND lang = 'it'"
json '.rows | length' 1
json '.rows[0] | map(. == null) | tostring' '[true,true,false,false]'
as it --json sql "SELECT count(*), min(row), max(row) = count(*) FROM fields WHERE ref = 'IT-2' AND field = 'sectors'"
json '.rows[0][1:] | join(",")' 1,1
as it --json sql "SELECT count(*) FROM fields WHERE ref = 'IT-10'"
json '.rows[0][0]' 0
as it --json sql "SELECT label_en, label_it FROM codes WHERE vocabulary = 'level' AND code = 'local'"
json '.rows[0] | join(",")' Local,Locale
as it --json sql "SELECT count(*), count(label_en) = count(*) FROM codes WHERE vocabulary = 'country'"
json '.rows[0][0] > 200' true
json '.rows[0][1]' 1
as it --json sql "SELECT type, many, need, vocabulary, dimension, label_it FROM schema WHERE kind = 'case' AND field = 'sectors'"
json '.rows[0] | join(",")' code,1,C,sector,sector,Settori
as it --json sql "SELECT vocabulary IS NULL, dimension IS NULL FROM schema WHERE field = 'title'"
json '.rows[0] | join(",")' 1,1
as it --json sql "SELECT completeness BETWEEN 1 AND 100, length(object_id) FROM objects WHERE ref = 'IT-2'"
json '.rows[0] | join(",")' 1,64
as it --json sql "SELECT v.version_id = o.object_id FROM versions v JOIN objects o USING (id) WHERE o.ref = 'IT-2'"
json '.rows[0][0]' 1
as it --json sql "SELECT 1, 1.5, 'a', NULL, x'0aff', 9e999"
json '.rows[0] | tostring' '[1,1.5,"a",null,"0aff",null]'
as it sql --csv "SELECT title, NULL AS b FROM objects WHERE withdrawn"
same "$(cat "$T/out")" $'title,b\r\n"\'=Da ritirare",\r'
as it --json sql --limit 3 "SELECT ref FROM cases"
json '.rows | length' 3
json .more true
as it --json sql --limit 0 "SELECT ref FROM cases, (SELECT 1 UNION SELECT 2)"
json '.rows | length' 16
json .more false

# Nothing else can be reached.
before=$(sha256sum <"$T/it/home/store.db")
for query in "SELECT * FROM entry" "SELECT body FROM main.entry" "SELECT * FROM sqlite_schema" "SELECT * FROM sqlite_temp_schema" \
  "SELECT * FROM fact" "SELECT * FROM pragma_table_info('entry')" "SELECT * FROM \"case\"" "SELECT * FROM dbstat" \
  "WITH objects AS (SELECT * FROM entry) SELECT * FROM objects" "SELECT load_extension('x')" "SELECT specola_text(1, x'', 1)" \
  "SELECT specola_fields(1, x'80')" "SELECT specola_kinds()" "SELECT specola_ref(1)" "SELECT specola_id(x'00')" "SELECT value FROM json_each('[1]')" \
  "WITH fields AS (SELECT specola_root(0)) SELECT * FROM fields" \
  "SELECT * FROM fulltext" "SELECT * FROM cases c WHERE EXISTS (SELECT 1 FROM milestone)" "SELECT randomblob(10)" \
  "SELECT (SELECT envelope FROM entry LIMIT 1) FROM objects" "PRAGMA query_only = OFF" "ATTACH 'x.db' AS x" "DELETE FROM entry" \
  "CREATE TEMP TABLE x(a)" "DROP VIEW objects" "VACUUM INTO '$T/copy.db'" "BEGIN" "UPDATE objects SET kind = 'x'" \
  "SELECT fts3_tokenizer('x')" "EXPLAIN QUERY PLAN SELECT * FROM objects" "SELECT 1; SELECT 2" "" "-- nothing" "SELECT"; do
  skips 3 && continue
  as it --json sql "$query"
  [ "$status" -eq 9 ] || [ "$status" -eq 2 ] || fail "$query: exit status $status"
  json '.error.hint | length > 0' true
done
[ ! -e "$T/copy.db" ] || fail "a copy was made"
# Rows are counted of what is for questions, and of nothing else that is in the store, or ever will be.
as it --json sql
for name in $(picked '.tables[].table') "(SELECT ref FROM cases)"; do
  as it --json sql "SELECT count(*) FROM $name"
  exits 0
done
as it --json sql "WITH x AS (SELECT ref FROM cases), y AS (SELECT count(*) AS n FROM x) SELECT n, (SELECT count(*) FROM y) FROM y"
json '.rows[0] | join(",")' 8,1
cp -a "$T/it" "$T/grown"
names=$(python3 - "$T/grown/home/store.db" <<'PY'
import sqlite3
import sys
db = sqlite3.connect(sys.argv[1])
db.execute("CREATE TABLE added_tomorrow(secret TEXT)")
db.commit()
open_names = ("object", "version", "facet", "facet_code", "link", "log", "endorsement", "endorsement_held", "case")
rows = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' OR name LIKE 'fulltext%'").fetchall()
print(*sorted(name for (name,) in rows if name not in open_names))
PY
)
[ "$(wc -w <<<"$names")" -gt 12 ] || fail "there are no private tables: $names"
for name in $names sqlite_schema sqlite_temp_schema dbstat pragma_table_list pragma_database_list; do
  skips 3 && continue
  as grown --json sql "SELECT count(*) FROM \"$name\""
  [ "$status" -eq 9 ] || [ "$status" -eq 2 ] || fail "rows of $name are counted"
done
as it sql "SELECT * FROM entry"
exits 9
complains "specola sql"
as it sql "SELEC 1"
exits 2
complains "syntax error"
as it sql "SELECT nowhere FROM cases"
exits 2
complains "no such column"
# Nothing takes for ever, neither time nor memory nor text.
as it --timeout 1 --json sql "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
refused limit 9
as it --json sql "WITH RECURSIVE n(s) AS (SELECT 'xxxxxxxx' UNION ALL SELECT s || s FROM n) SELECT max(length(s)) FROM n"
refused limit 9
as it --json sql "SELECT 1 -- $(head -c 70000 /dev/zero | tr '\0' x)"
refused limit 9
same "$(sha256sum <"$T/it/home/store.db")" "$before"
as it verify
exits 0
as nobody sql "SELECT 1"
exits 10
setting() {
  as "$who" publish "$T/a.draft" "${P[@]}"
  exits 0
}
body() {
  does sql "SELECT ref FROM cases"
  says "IT-2"
  tells sql "SELECT count(*) FROM cases"
  json '.rows[0][0]' 1
  refuses 9 "specola sql" sql "SELECT * FROM entry"
}
story_both body sql
