#!/usr/bin/env python3
"""Whether what the documents say of commands and paths is there. usage: docs.py SPECOLA SOURCE

Commands: each `specola WORDS --option` in a fence or between backticks names a command of the table and options of its help.
Paths: each `folder/file` of the source tree between backticks, or behind a link, exists. Counters,
keys of node.ini, orders of run/ctl and tables of the store: those of the pages are those that there are. Prints what is not so; status 1 then.
"""
import fnmatch
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
    for path in INLINE.findall(BLOCK.sub("", text)) if page.name != "security.md" else ():  # those are tests: threats.py
        if re.fullmatch(rf"(?:{'|'.join(FOLDERS)})/[\w./*-]+", path):
            n += 1
            if not exists(path):
                complaints.append(f"{page.name}: there is no {path}")
    for path in LINK.findall(text):
        n += 1
        if not (page.parent / path).exists():
            complaints.append(f"{page.name}: a link to {path}, which is not there")
    return n


def first_column(heading):
    """What stands between backticks in the first column of the table below a heading of docs/operate.md."""
    text = (SOURCE / "docs/operate.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [name for row in re.findall(r"^\|([^|]*)\|", section, re.M) for name in INLINE.findall(row)]


def check_counters():
    """Every counter of `status` is in the table of operate.md, and every pattern there means one."""
    names = re.findall(r'X\(COUNT_\w+, "([^"]+)"', (SOURCE / "node/exchange/counters.h").read_text(encoding="utf-8"))
    patterns = []
    for pattern in first_column("What `status` counts"):
        patterns.append(patterns[-1].split(".")[0] + pattern if pattern.startswith(".") else pattern)
    complaints.extend(f"operate.md: no row for the counter {n}" for n in names if not any(fnmatch.fnmatch(n, p) for p in patterns))
    complaints.extend(f"operate.md: no counter {p}" for p in patterns if not fnmatch.filter(names, p))
    assert len(names) > 40


def check_config():
    """The keys of node.ini are those of the table in operate.md."""
    source = (SOURCE / "node/home_config.c").read_text(encoding="utf-8").split("config_keys[] = {")[1].split("};")[0]
    keys = set(re.findall(r'CONFIG_KEY\((\w+)', source)) | {"peer.FR"}
    complaints.extend(f"operate.md, node.ini: {k} is here or there alone" for k in keys ^ set(first_column("node.ini")))
    assert len(keys) > 8


def check_orders():
    """The orders of run/ctl in architecture.md are those that core takes."""
    source = (SOURCE / "node/core_orders.c").read_text(encoding="utf-8")
    row = re.search(r"`POST /order/NAME`.*", (SOURCE / "docs/architecture.md").read_text(encoding="utf-8")).group(0)
    people = (SOURCE / "node/people_orders.c").read_text(encoding="utf-8").split("ORDERS[] = {")[1].split("};")[0]
    orders = set(re.findall(r'"/order/(\w+)"', source)) | set(re.findall(r'{"(\w+)", ', people))
    complaints.extend(f"architecture.md: the order {o} is here or there alone" for o in orders ^ set(re.findall(r"`(\w+)`", row)))
    assert len(orders) > 4


def check_tables():
    """Every table and view of the store is in store.md."""
    page = (SOURCE / "docs/store.md").read_text(encoding="utf-8")
    tables = [
        name
        for file in SOURCE.glob("node/store/*.sql")
        for name in re.findall(r"^CREATE (?:VIRTUAL )?(?:TABLE|VIEW) (\w+)", file.read_text(encoding="utf-8"), re.M)
    ]
    complaints.extend(f"store.md: no word of {t}" for t in tables if f"`{t}`" not in page)
    assert len(tables) > 15


def main():
    table = commands()
    n_commands = n_paths = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for part in BLOCK.findall(text) + INLINE.findall(BLOCK.sub("", text)):
            for use in uses(part):
                n_commands += check_use(page, use, table)
        n_paths += check_paths(page, text)
    check_counters()
    check_config()
    check_orders()
    check_tables()
    print(f"{n_commands} commands and {n_paths} paths in {len(PAGES)} pages")
    assert n_commands > 60 and n_paths > 40, "the documents are not read as they should be"
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    return 1 if complaints else 0


sys.exit(main())
