#!/usr/bin/env bash
# Errors and hints in Italian: the frequent ones in full, every other behind the sentence of its code; JSON stays as it is. What the
# table translates is said somewhere.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
found_alone it
as it --lang it show IT-99
exits 3
complains "specola: nessun oggetto si trova in IT-99"
complains "  prova: "
as it --lang it list case --country itt
complains "country sconosciuto: «itt»"
complains "  prova: si intendeva --country IT (Italia)?"
as it --lang it publsh
complains "comando sconosciuto"
as it --lang it stats --by nothing # of no row: the sentence of the code, then the English
complains "specola: non trovato: --by nothing: no such table"
as it --lang it --json show IT-99
refused not-found 3
json .error.message "no object stands at IT-99"
as it show IT-99
complains "specola: no object stands at IT-99"
complains "  try: "

# The pieces of each English row stand in the program, outside of the table.
python3 - "$SOURCE" >"$T/out" 2>"$T/err" <<'PY' || fail "the table translates what nobody says"
import glob
import re
import sys

said = ""
for path in glob.glob(sys.argv[1] + "/**/*.[ch]", recursive=True):
    if "/tests/" not in path and "/." not in path[len(sys.argv[1]):] and not path.endswith("cli/translation.c"):
        said += open(path, encoding="utf-8").read()
said = re.sub(r'"\s*\n\s*"', "", said)
rows = re.findall(r'^    \{"((?:[^"\\]|\\.)*)",\s*"((?:[^"\\]|\\.)*)"\}', open(sys.argv[1] + "/cli/translation.c", encoding="utf-8").read(), re.M)
wrong = [row for row in rows if row[0].count("%") != row[1].count("%")]
wrong += [row for row in rows for piece in row[0].split("%") if piece.strip() not in said]
print(len(rows), wrong)
sys.exit(bool(wrong) or len(rows) < 50)
PY
