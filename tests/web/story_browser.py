#!/usr/bin/python3
"""Every kind of page in a headless Chromium, wide and narrow, light and dark, in both languages: nothing scrolls sideways, axe-core finds
nothing, the HTML is valid, the console is silent, the keyboard alone reaches everything; and lynx tells every field that the page's JSON
twin has, by the names of its codes. SPECOLA_SHOTS=DIR keeps pictures of all pages."""
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from web import Web  # noqa: E402
from chromium import browser_missing, visit  # noqa: E402
from lab import DATA, ROOT, Lab, real_rows, skip  # noqa: E402
import twin  # noqa: E402

LANGUAGES = ("en", "it")
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"  # a word that no narrow page has room for

# ---- an observatory ----


def publish_cases(lab, node, mine):
    """Real cases, or the demo's."""
    if not DATA:
        folder = os.path.join(ROOT, "cli/demo_cases", node.handle.lower())
        node.run("publish", *(os.path.join(folder, name) for name in sorted(os.listdir(folder))), "--passphrase-file", lab.passphrase())
        return
    everything = list(real_rows())
    for name in dict.fromkeys(name for name, _ in everything):
        path = os.path.join(lab.dir, f"{node.handle}-{name}.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(r, ensure_ascii=False) + "\n" for n, r in everything if n == name and mine(r))
        if os.path.getsize(path):
            node.run(*lab.import_args(path, os.path.join(ROOT, "tests/data", name + ".ini")), ok=(0, 9))


def publish(lab, node, name, text):
    """The reference of a draft that is published."""
    path = os.path.join(lab.dir, name + ".draft")
    open(path, "w", encoding="utf-8").write(text)
    return node.json("publish", path, "--passphrase-file", lab.passphrase())["published"][0]["ref"]


def draft(name):
    return open(os.path.join(ROOT, name), encoding="utf-8").read()


def hard_case():
    """Texts that break pages: words without an end, marks of Markdown, large numbers, dates by half, fields that do not apply."""
    return f"""specola-draft 1 case
original_lang: de
title.de: {LONG} {LONG}
summary.de: {LONG}
country: AT
level: local
license: CC-BY-4.0
organisation.de: {LONG}
sectors:
- 08.2
tags:
- {LONG}
- zwei
- drei
year_started: 2019-03
funding.1.source.de: Stadt
funding.1.amount: 1234567.5
funding.1.currency: EUR
links.1.url: https://example.org/{'a' * 180}
indicators.1.name.de: Besuche
indicators.1.value: 20000
timeline.1.label.de: {LONG}
timeline.1.date: 2020-05-01
context: -

## overview.de
\\# Warum
{LONG}

- erstens **wichtig**
- zweitens, siehe https://example.org/{'b' * 120}

1. eins
2. [die Seite](https://example.org/) dazu

## lessons.de
Mehr [1] davon.
"""


def edit(lab, node, reference, pattern, to):
    path = os.path.join(lab.dir, "edit.draft")
    node.run("edit", reference, "-o", path)
    text = open(path, encoding="utf-8").read()
    changed = re.sub(pattern, to, text, count=1)
    assert changed != text, text
    open(path, "w", encoding="utf-8").write(changed)
    node.run("edit", reference, path, "--passphrase-file", lab.passphrase())
    os.unlink(path)


def observatory(lab):
    """Two nodes; what is worth looking at, by name."""
    it, fr = lab.found("IT", "FR")
    shutil.copytree(os.path.join(ROOT, "tests/schema"), os.path.join(it.home, "schema"), dirs_exist_ok=True)
    with open(os.path.join(it.home, "node.ini"), "a", encoding="utf-8") as file:
        file.write("contact = office@example.org\n")
    publish_cases(lab, it, lambda r: r["country"] != "FR")
    publish_cases(lab, fr, lambda r: r["country"] == "FR")
    at = {"full": publish(lab, it, "full", draft("cli/demo_cases/it/veneto-innovation-lab.draft")), "hard": publish(lab, it, "hard", hard_case())}
    full = it.json("show", at["full"])["id"]
    at["bicycle"] = publish(lab, it, "bicycle", draft("tests/schema/example.draft").replace("\n## story", f"seen_in:\n- {full}\n\n## story"))
    at["withdrawn"] = publish(lab, it, "withdrawn", draft("cli/demo_cases/fr/data-gouv.draft"))
    it.run("withdraw", at["withdrawn"], "--reason", "published twice", "--yes", "--passphrase-file", lab.passphrase())
    at["edited"] = publish(lab, it, "edited", draft("cli/demo_cases/ee/x-road.draft"))
    edit(lab, it, at["edited"], r"(?m)^(title\.en: .*)$", r"\1, told again")
    edit(lab, it, at["edited"], r"(?m)^status: .*$", "status: implemented")
    lab.serve(it, fr)
    lab.converged([it, fr])
    for node, references in ((fr, (at["full"], at["edited"])), (it, ("FR-2",))):
        card = os.path.join(lab.dir, f"{node.handle}.pub")
        node.run("key", "show", "-o", card)
        node.run("person", "certify", card, "--role", "reviewer", "--role", "editor", "--passphrase-file", lab.passphrase())
        for reference in references:
            node.run("endorse", reference, "--yes", "--passphrase-file", lab.passphrase(), "--remark", LONG)
    lab.converged([it, fr])
    edit(lab, it, at["edited"], r"(?m)^status: .*$", "status: transferred")
    lab.converged([it, fr])
    return it, fr, at


def pages(web, at):
    """(path without its language, status) of every kind of page."""
    first = json.loads(web.get("/cases.json")[1])
    yield from ((path, 200) for path in (
        "/", "/cases", "/cases?country=IT&level=regional&level=local", "/cases?q=open+data", "/cases?q=nothingofthekind", "/cases?more=sector",
        "/bicycles", "/nodes", "/nodes/IT", "/nodes/FR", "/network", "/endorsements", "/cases?endorsed=earlier&endorsed=current", "/cases?sort=newest", f"/{at['full']}", f"/{at['full']}/where", f"/{at['hard']}", f"/{at['bicycle']}",
        f"/{at['withdrawn']}", f"/{at['edited']}", f"/{at['edited']}/v/1", f"/{at['full']}?text=en", "/FR-2"))
    if "after" in first:
        yield f"/cases?after={first['after']}", 200
    yield from (("/IT-999999", 404), ("/cases?nonsense=1", 400))


# ---- what they tell ----


def lynx(web, path):
    url = f"http://{web.host}:{web.port}{path}"
    return subprocess.run(["lynx", "-dump", "-nolist", "-width=990", "-display_charset=utf-8", url], stdout=subprocess.PIPE, check=True).stdout.decode()


def compare(web, names, path, lang):
    """lynx on a page against the page's model: how many texts are told, which are missing, which codes are bare, and the page."""
    parts = path.split("?")
    query = "?" + parts[1] if len(parts) > 1 else ""
    model = json.loads(web.get(f"/{lang}{'/index' if parts[0] == '/' else parts[0]}.json{query}")[1])
    dump = lynx(web, f"/{lang}{path}")
    said = twin.words(dump)
    wish = re.search(r"text=(\w+)", query)
    wanted = [text for text in twin.tells(names, model, lang) if twin.words(text)] if not wish else []
    assert wanted or wish, path
    missing = [text for text in wanted if f" {twin.words(text)} " not in f" {said} "]
    bare = [code for code in twin.bare_codes(names, model) if re.search(rf"(?<![\w./-]){re.escape(code)}(?![\w/-])", dump)]
    return len(wanted), missing, bare, dump


def tells_its_twin(web, names, path, lang):
    """What a member said of a log may come between the two: they are asked again."""
    for _ in range(3):
        told, missing, bare, dump = compare(web, names, path, lang)
        if not missing and not bare:
            return told
        time.sleep(1)
    raise AssertionError(f"/{lang}{path}: missing {missing[:5]}, bare {bare[:5]}\n{dump}")


def every_twin(web, names, paths):
    if not shutil.which("lynx"):
        print("skipped: lynx is not installed")
        return
    told = sum(tells_its_twin(web, names, path, lang) for path, status in paths for lang in LANGUAGES if status == 200)
    print(f"lynx tells all {told} fields and values of {sum(s == 200 for _, s in paths)} pages in both languages, codes by their names")


def main():
    why = "the build is sanitized" if os.environ.get("SPECOLA_SANITIZED") else browser_missing()
    if why and not shutil.which("lynx"):
        skip(f"{why}; lynx is not installed")
    with Lab() as lab, Lab() as other:
        it, fr, at = observatory(lab)
        web = Web(it).ready()
        total = it.json("list", "case")["total"]
        lab.until(lambda: json.loads(web.get("/cases.json")[1])["total"] == total, 20, "the lists show all that is here")
        lab.until(lambda: json.loads(web.get("/index.json")[1])["endorsement"]["earlier"] == 1, 20, "the lists show how all of it stands")
        paths = list(pages(web, at))
        every_twin(web, twin.Names(), paths)
        if why:
            print(f"skipped: a browser: {why}")
            return
        empty, = other.found("EE")
        empty.serve()
        wishes = []
        for where, list_of_paths in ((web, paths), (Web(fr).ready(), [(f"/{at['bicycle']}", 200)]), (Web(empty).ready(), [("/", 200), ("/cases", 200)])):
            wishes += [{"url": f"http://{where.host}:{where.port}/{lang}{path}", "status": status, "keyboard": {"en": 1280, "it": 320}[lang],
                        "translation": lang != LANGUAGES[0]}
                       for path, status in list_of_paths for lang in LANGUAGES]
        visit(lab, wishes)


main()
