#!/usr/bin/env python3
"""Whether what the documents say of commands and paths is there. usage: docs.py SPECOLA SOURCE

Commands: each `specola WORDS --option` in a fence or between backticks names a command of the table and options of its help.
Paths: each `folder/file` of the source tree between backticks, or behind a link, exists. Prints what is not so; status 1 then.
"""
import pathlib
import re
import subprocess
import sys

PROGRAM, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
PAGES = [SOURCE / "README.md", *sorted(SOURCE.glob("docs/*.md")), *sorted(SOURCE.glob("docs/decisions/*.md"))]
FOLDERS = ("keys", "protocol", "node", "cli", "tests", "docs")
BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\]\(([^)#:]+)\)")
complaints = []


def run(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=False).stdout


def commands():
    """{name: its options}, as help tells them; of commands that take facets also those of a case."""
    facets = set(re.findall(r"\bdim=(\w+)", (SOURCE / "protocol/schema/case.schema").read_text(encoding="utf-8")))
    found = {}
    for line in run("help").splitlines():
        words = re.match(r"  ([a-z]+)((?: [a-z]+)?)", line)
        for name in {words.group(1) + words.group(2), words.group(1)} if words else ():
            text = run("help", *name.split())
            if text.startswith(f"specola {name}"):
                found[name] = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", text))
                found[name] |= {f"--{facet}" for facet in facets} if "--DIM" in text else set()
    return found


def uses(text):
    """The command lines in a text, without their comments."""
    text = text.replace("\\\n", " ")
    for match in re.finditer(r"(?:^|[\s(;|&$`])specola ((?:[^`\n;|&#]|(?<!\s)#)*)", text, re.M):
        yield re.split(r"  | >|\)", match.group(1))[0].strip().rstrip(".,:")


def check_use(page, use, table):
    words = [w.strip("[]'\"") for w in use.split()]
    options = []
    plain = []
    for word in words:
        (options if word.startswith("-") else plain).append(word)
    lead = [w for w in plain if re.fullmatch(r"[a-z]+", w)]
    general = ("--home", "--json", "--lang", "--timeout", "--passphrase-file", "--passphrase-fd")
    for option in ("--home", "--lang", "--timeout", "--passphrase-file", "--node-passphrase-file"):
        if option in words and words.index(option) == 0 and len(words) > 1:
            lead = [w for w in words[2:] if re.fullmatch(r"[a-z]+", w)]
    name = next((" ".join(lead[:n]) for n in (2, 1) if " ".join(lead[:n]) in table), None)
    if name is None:
        if lead or not set(words) <= set(general):
            complaints.append(f"{page.name}: no such command: specola {use}")
        return 0
    for option in options:
        option = option.split("=")[0]
        if option not in table[name]:
            complaints.append(f"{page.name}: {option} is no option of {name}: specola {use}")
    return 1


def exists(path):
    path = path.split(":")[0].rstrip("/")
    if "*" in path:
        return any(SOURCE.glob(path))
    here = SOURCE / path
    return here.exists() or any(here.parent.glob(here.name + ".*"))


def check_paths(page, text):
    n = 0
    for path in INLINE.findall(BLOCK.sub("", text)):
        if re.fullmatch(rf"(?:{'|'.join(FOLDERS)})/[\w./*-]+", path):
            n += 1
            if not exists(path):
                complaints.append(f"{page.name}: there is no {path}")
    for path in LINK.findall(text):
        n += 1
        if not (page.parent / path).exists():
            complaints.append(f"{page.name}: a link to {path}, which is not there")
    return n


def main():
    table = commands()
    n_commands = n_paths = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for part in BLOCK.findall(text) + INLINE.findall(BLOCK.sub("", text)):
            for use in uses(part):
                n_commands += check_use(page, use, table)
        n_paths += check_paths(page, text)
    print(f"{n_commands} commands and {n_paths} paths in {len(PAGES)} pages")
    assert n_commands > 60 and n_paths > 40, "the documents are not read as they should be"
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


sys.exit(main())
