#!/usr/bin/env bash
# Errors and hints in Italian: the frequent ones in full, every other behind the sentence of its code; JSON stays as it is. What the
# table translates is said somewhere. The headings of all tables, roles and states are Italian, too.
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

# Lines of the commands that people read daily: none has an English word in its form; what differs by language is an out_word.
python3 - "$SOURCE" >"$T/out" 2>"$T/err" <<'PY' || fail "a line is English in Italian, too"
import re
import sys

FILES = ("cmd_doctor cmd_explain cmd_network cmd_rotate cmd_scrub cmd_show cmd_status cmd_where following forked guarded guest "
         "takedown").split()
call = re.compile(r'\bout_(?:line|wrapped|toned|heading|note)\((?:[^"();]|\([^()]*\))*?((?:"(?:[^"\\]|\\.)*"\s*)+)')
lines, wrong = 0, []
for name in FILES:
    try:
        code = open(f"{sys.argv[1]}/cli/{name}.c", encoding="utf-8").read()
    except FileNotFoundError:
        wrong.append((name, "is no file"))
        continue
    for match in call.finditer(code):
        form = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match.group(1)))
        lines += 1
        if re.search("[A-Za-z]{3,}", re.sub(r"specola .*|%[-0-9.*]*(?:[jz]?[dusx]|f)", " ", form)):
            wrong.append((name, form))
print(lines, wrong)
sys.exit(bool(wrong) or lines < 60)
PY

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

# Tables: what stands in them, and status in full.
as it --lang it person list
says "ruoli"
says "coordinatore"
silent "roles"
silent "coordinator "
as it --lang it status
says "Nodo IT di Prova, non in servizio"
! grep -qwE "Objects|Members|Frontier|entries|root|Next|never|of|text" "$T/out" || fail "status has English in it: $(cat "$T/out")"
as it --lang it where IT-0
says "Questo osservatorio non ha altri membri."
as it --lang it sync
says "0 voci nuove"
as it --lang it key rotate --node --out "$T/IT.rotation"
exits 0
says "Da firmare   $T/IT.rotation"
says "(dove sono i fogli); poi qui: specola key rotate"
as it --json --lang it person list
json '.people[0].roles' "coordinator, editor"
as it --lang it sql "SELECT 1 AS node, 'editor' AS roles"
says "node roles"
says "editor"

# Every heading of every table in the source, and every word that stands in a column of words, has its Italian.
/usr/bin/python3 - "$SOURCE" >"$T/out" 2>"$T/err" <<'PY' || fail "a table says English words in Italian"
import glob
import re
import sys

source = sys.argv[1]


def text(path):
    return open(path, encoding="utf-8").read()


words = dict(re.findall(r'^    {"([^"]*)", "([^"]*)"},', text(source + "/cli/wording.c"), re.M))
tables, missing = 0, []
for path in sorted(glob.glob(source + "/cli/**/*.c", recursive=True)):
    code = text(path)
    if path.endswith("/out.c"):
        continue
    for call in re.finditer(r"\bout_table_new\(", code):
        arguments = code[call.end():code.index(";", call.end())].split(",", 1)[1]
        names = re.findall(r"[a-z_]+", arguments.split(")")[0])
        arrays = [m for m in (re.search(rf"\b{name}\[[^\]]*\] = {{(.*?)}};", code, re.S) for name in names) if m]
        arrays += [m for name in names for m in re.finditer(rf"\b{name}\[[^\]]*\] = ([^{{].*?);", code)]
        tables += 1
        if not arrays:
            missing.append((path, f"no headings are found of out_table_new(...{arguments[:40]}"))
        for array in arrays:
            if "out_word" not in array.group(1):
                headings = [re.sub("^=?[<>]?", "", h) for h in re.findall(r'"((?:[^"\\]|\\.)*)"', array.group(1))]
                missing += [(path, h) for h in headings if h and not re.fullmatch("[A-Z]{2}", h) and h not in words]
roles = re.search(r"ROLES\[\] = {(.*?)}", text(source + "/protocol/roles.c")).group(1)
states = re.search(r"\*state_of\(.*?\n}", text(source + "/node/exchange/status.c"), re.S).group(0)
holds = re.search(r"\*word_for\(.*?\n}", text(source + "/node/store/query_where.c"), re.S).group(0)
cells = re.findall(r'"([a-z ]+)"', roles + states + holds)
missing += [("a word in a cell", word) for word in cells if word not in words]
print(tables, len(words), cells, missing)
sys.exit(bool(missing) or tables < 18 or len(cells) < 12)
PY
