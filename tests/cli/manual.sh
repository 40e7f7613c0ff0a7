#!/usr/bin/env bash
# The manual page and the tables of the program say the same: commands, what they take, options, and nothing else.
. "$(dirname "${BASH_SOURCE[0]}")/story.bash"
specola --json help
exits 0
cp "$T/out" "$T/commands"
mkdir "$T/help"
jq -r '.commands[].name' <"$T/commands" | while read -r command; do
  # shellcheck disable=SC2086
  "$SPECOLA" --json help $command >"$T/help/$command" || exit 1
done || fail "a command has no help"
python3 - "$SOURCE/docs/man/specola.1" "$T/help" >"$T/out" 2>"$T/err" <<'PY' || fail "the manual and the program differ"
import json
import os
import re
import sys

page, folder = open(sys.argv[1]).read(), sys.argv[2]
wrong = []


def options(text):
    """What is named as an option: "--since", "-o"."""
    return {"-" + name for name in re.findall(r"\bFl (-?[A-Za-z][A-Za-z-]*)", text)}


description, commands = page.split(".Sh COMMANDS")
commands = commands.split(".Sh ENVIRONMENT")[0]
sections = {}
for part in re.split(r"^\.It Cm ", commands, flags=re.M)[1:]:
    head = part.split("\n")[0]
    name = re.split(r" (?=Ar|Fl|Op|Oo|Cm)", head)[0]
    sections[name] = (head, re.split(r"^\.(?:El|Ss)", part, flags=re.M)[0])
table = {name: json.load(open(os.path.join(folder, name))) for name in sorted(os.listdir(folder))}
for name in sections:
    if name not in table:
        wrong.append(f"{name} is in the manual and no command")


def names(row):
    return {"--" + row["name"]} | ({"-" + row["letter"]} if row["letter"] else set())


def told(name):
    text = sections[name][1]
    for other in re.findall(r"options of\n\.Cm ([a-z ]+?)(?: [.,])?\n", text):
        text += sections[other][1]
    return options(text)


general = set()
for name, command in table.items():
    if name not in sections:
        wrong.append(f"{name} is not in the manual")
        continue
    general = set().union(*(names(row) for row in command["general_options"]))
    there, own = told(name), set()
    for row in command["options"]:
        own |= names(row)
        if not names(row) & there:
            wrong.append(f"{name}: --{row['name']} is not in the manual")
    if command["facets"]:
        own |= {"--DIM", "--country"}
        if "--DIM" not in there:
            wrong.append(f"{name}: facets are not in the manual")
    for option in there - own - general:
        wrong.append(f"{name}: {option} is in the manual and no option")
    for word in re.findall(r"[A-Za-z]+", command["operands"]):
        if not re.search(rf"\b{word}\b", sections[name][0]):
            wrong.append(f"{name}: {word} is not in its heading in the manual")
for option in sorted(general - options(description)):
    wrong.append(f"general option {option} is not in the manual")
for option in sorted(options(description) - general):
    wrong.append(f"{option} is in the manual and no general option")
print("\n".join(wrong))
sys.exit(bool(wrong))
PY
if command -v mandoc >/dev/null; then
  mandoc -Tlint -Wwarning "$SOURCE/docs/man/specola.1" >"$T/out" 2>&1 || fail "mandoc finds fault"
else
  echo "skipped: mandoc, which is not installed here"
fi
