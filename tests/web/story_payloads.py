#!/usr/bin/python3
"""Hostile texts (payloads.py) in every text field of a case, in names of people, nodes and observatories, and in what another member signs without
asking any schema. Published by the commands that people use; then every page, twin, CSV and every command shows them as texts: nothing
active on a page, values that come back as they were, cells that no spreadsheet runs, no control character on a terminal. With sanitizers
it is every tenth text of each family, every fifth body of the other member, and every fourth name."""
import csv
import io
import itertools
import json
import os
import re
import sys
import time
import unicodedata
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from page import Page, all_pages, check, read, twin_of  # noqa: E402
from payloads import FAMILIES, MARKUP, all_payloads, harmful, is_refused, without_harm  # noqa: E402
from web import Web  # noqa: E402
from lab import COUNTRIES, ROOT, Lab, skip  # noqa: E402

try:
    from peer import Member, blake, bundle_items, decode, encode  # noqa: E402
except ImportError as missing:
    skip(f"python3-{missing.name} is missing")
import nacl.signing  # noqa: E402

SANITIZED = os.environ.get("SPECOLA_SANITIZED")


def normal(text):
    """What import makes of a text: NFC, line ends as LF, no blanks at the end of lines, nor around the whole."""
    text = re.sub(r"[ \t]+(?=\n)", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", text.strip(" \t\n"))


# ---- cases with the same text in every field ----

def schema_fields():
    """(key, type, many, ml) of every field of a case, from its schema."""
    for line in open(os.path.join(ROOT, "protocol/schema/case.schema"), encoding="utf-8"):
        words = line.split()
        if len(words) >= 5 and words[0] != "#" and words[1] in ("text", "code", "url", "group", "file"):
            yield words[0], words[1], words[2] != "1", words[3] == "ml"


FIELDS = list(schema_fields())
GROUPS = {key: many for key, kind, many, _ in FIELDS if kind in ("group", "file")}


def value_of(text, many, ml):
    value = {"en": text, "it": text} if ml else text
    return [value, f"{text} 2", f"{text} 3"] if many else value


def case_of(number, text, codes):
    """A case that says text wherever a text can stand; codes: in coded fields, too."""
    case = {"source_id": str(number)}
    for key, kind, many, ml in FIELDS:
        group, _, name = key.partition(".")
        if kind in ("group", "file") or key == "source_id":
            continue
        if kind == "code" and not codes:
            continue
        value = value_of(text, many and not name, ml)
        if not name:
            case[key] = value
        else:
            row = case.setdefault(group, [{}] if GROUPS[group] or group == "attachments" else {})
            (row[0] if isinstance(row, list) else row)[name] = [value] if many else value
    if not codes:
        case.update(country="IT", level="local", original_lang="en", license="CC0-1.0", sectors=["01"])
    return case


def expected(value):
    if isinstance(value, dict):
        return {k: expected(v) for k, v in value.items()}
    if isinstance(value, list):
        return [expected(v) for v in value]
    return normal(value) if isinstance(value, str) else value


def publish(lab, it, corpus):
    """Imports a case for each text; returns what of them was published: {source id: (text, case)}."""
    path, cases = os.path.join(lab.dir, "payloads.ndjson"), {}
    with open(path, "w", encoding="utf-8") as file:
        for number, (_, text) in enumerate(corpus):
            cases[str(number)] = case_of(number, text, codes=number % 2 == 1)
            file.write(json.dumps(cases[str(number)]) + "\n")
    report = it.json(*lab.import_args(path), ok=(9,))
    refused = {row["row"] - 1: row for row in report["rows"] if row["state"] == "refused"}
    wanted = {n for n, (_, text) in enumerate(corpus) if is_refused(text) or not normal(text)}
    assert set(refused) == wanted, [(ascii(corpus[n][1])[:90], str(refused.get(n))[:300]) for n in set(refused) ^ wanted][:3]
    for number, row in refused.items():  # each is told what and where
        assert row["reason"] in ("format", "need") and ("title" in row["message"] or " near " in row["message"]), (ascii(corpus[number]), row["message"])
        assert not harmful(row["message"]), row
    assert report["published"] == len(corpus) - len(refused)
    return {number: case for number, case in cases.items() if int(number) not in refused}, len(refused)


# ---- what shows them ----

def shown(node, *arguments, ok=(0,)):
    """What a command says to people; it must not act on a terminal."""
    text = node.run(*arguments, ok=ok)[1].decode()
    bad = harmful(text)
    assert not bad, (arguments, ascii(bad), ascii(text[:300]))
    return text


def pages_of(web, references, cases):
    """Every page of every object and its twin; the values come back. Returns {reference: model}."""
    models = {}
    for i, reference in enumerate(references):
        lang = ("en", "it")[i % 2]
        for path in (f"/{lang}/{reference}", f"/{lang}/{reference}/v/1"):
            page = read(web, path, 1_000_000)[1]
        text = web.get(twin_of(f"/{lang}/{reference}"))[1].decode()
        assert not harmful(text), reference
        models[reference] = model = json.loads(text)
        if cases is None:
            continue
        case = cases[model["body"]["source_id"]]
        for key, value in case.items():
            if value not in ({}, [], [{}]):
                assert expected(model["body"].get(key)) == expected(value), (reference, key, ascii(value), ascii(model["body"].get(key)))
        title = without_harm(model["title"])
        assert " ".join(title.split()) in page.text(), (reference, ascii(title))
    return models


def lists_of(web, corpus):
    """The lists, and every text as a question and as a facet."""
    query = "/en/cases"
    while True:
        read(web, query, 100_000)
        model = json.loads(web.get(twin_of(query))[1])
        if "after" not in model:
            break
        query = "/en/cases?after=" + model["after"]
    asked = 0
    for i, (_, text) in enumerate(corpus):
        for key in ("q", "tag"):
            path = f"/{('en', 'it')[i % 2]}/cases?{key}=" + urllib.parse.quote(text, safe="", errors="surrogatepass")
            if len(path) > 2000 or "\0" in text:
                continue
            status, headers, body = web.ask("GET", path)
            assert status in (200, 400), (status, path)
            check(path, headers, body, 400_000)
            asked += 1
    return asked


def twin_values(table):
    """What a spreadsheet would see of an exported table: its rows, each cell checked."""
    csv.field_size_limit(2**24)
    rows = list(csv.reader(io.StringIO(table, newline=""), strict=True))
    for row in rows:
        assert len(row) == len(rows[0]), row[:3]
        for cell in row:
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")), ascii(cell[:80])
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def csv_of(it, models):
    """CSV parses, no cell is a formula, and without its quote each says what was published."""
    rows = twin_values(it.run("export", "--to", "csv")[1].decode())
    for row in rows:
        body = models[row["reference"]]["body"]
        for key in ("title", "summary", "contact_public"):
            if key in body:
                text = next(iter(body[key].values())) if isinstance(body[key], dict) else body[key]
                assert row[key] in (text, "'" + text), (row["reference"], key, ascii(row[key]), ascii(text))
    return len(rows)


def ndjson_of(it, models):
    text = it.run("export", "--to", "ndjson")[1].decode()
    assert not harmful(text)
    for line in text.split("\n")[:-1]:
        row = json.loads(line)
        assert row["body"] == models[row["reference"]]["body"], row["reference"]


def terminal_of(it, references, corpus, models):
    """Every command that shows what others wrote."""
    for reference in references:
        shown(it, "show", reference)
    for reference in references[::20]:
        shown(it, "--lang", "it", "show", reference)
        shown(it, "history", reference)
        assert it.json("show", reference)["title"] == models[reference]["title"]
        text = shown(it, "--json", "show", reference)
        assert json.loads(text)["title"] == models[reference]["title"]
    for a, b in zip(references[::40], references[1::40]):
        shown(it, "compare", a, b)
    for _, text in corpus[::9]:
        if not is_refused(text) and len(text) < 1000:
            shown(it, "search", "--", text, ok=(0, 2, 3, 9))
    for arguments in (("list", "case"), ("list", "case", "-n", "0"), ("news", "-n", "0"), ("status",), ("stats",), ("person", "list"), ("peer", "list"), ("doctor",), ("verify",),
                      ("sql", "select * from v_case limit 500")):
        shown(it, *arguments, ok=range(13))


# ---- drafts, versions, withdrawals ----

def draft_of(text, title):
    """A draft as a person writes it: the text in a block and in a line."""
    escaped = "\n".join("\\" + line if line[:1] in ("#", "\\") else line or "\\" for line in normal(text).split("\n"))
    line = f"place.en: {normal(text)}\ntags:\n- {normal(text)}\n" if "\n" not in normal(text) and normal(text) not in ("?", "-") else ""
    return f"specola-draft 1 case\ntitle.en: {title}\ncountry: IT\nlevel: local\noriginal_lang: en\n{line}\n## summary.en\n{escaped}\n"


def by_draft(lab, it, web, corpus):
    """publish, edit, diff, history, withdraw: some texts of each family, with sanitizers one."""
    families, published = {}, 0
    for family, text in corpus:
        families.setdefault(family, []).append(text)
    path = os.path.join(lab.dir, "one.draft")
    secret = ("--passphrase-file", lab.passphrase())
    for family, texts in sorted(families.items()):
        for text in texts[:: max(len(texts) // (1 if SANITIZED else 4), 1)]:
            with open(path, "w", encoding="utf-8", errors="surrogatepass", newline="") as file:
                file.write(draft_of(text, "By a draft"))
            if is_refused(text):
                status, said = it.run("publish", path, *secret, ok=range(1, 13))
                assert status == 9 and not harmful(said.decode()), (ascii(text), status, said)
                continue
            reference = it.json("publish", path, *secret)["published"][0]["ref"]
            web.node.lab.until(lambda r=reference: web.ask("GET", f"/{r}.json")[0] == 200, 10, "the page is there")
            body = json.loads(web.get(f"/{reference}.json")[1])["body"]
            assert normal(body["summary"]["en"]) == normal(text), (ascii(body["summary"]), ascii(text))
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(draft_of(f"Before. {text}", "By a second draft"))
            it.run("publish", path, "--replaces", reference, *secret)
            for command in ("history", "diff", "show"):
                shown(it, command, reference)
            it.run("withdraw", reference, f"--reason={normal(text)[:300]}", "--yes", *secret)
            shown(it, "history", reference)
            lab.until(lambda r=reference: json.loads(web.get(f"/{r}.json")[1])["state"] == "withdrawn", 10, "the page says so")
            for version in ("", "/v/1", "/v/2"):
                read(web, f"/en/{reference}{version}")
            published += 1
    return published


# ---- names ----

NAMES = ("<script>alert(1)</script>", "\" onmouseover=alert(1) x=\"", "\u202egnp.exe", "\u009b31mred", "=1+1", "[x](javascript:alert(1))", "&lt;b&gt;", "x" * 180, "../../x", "%s%n")


def named(name):
    """An observatory, its node and its people all of one hostile name."""
    COUNTRIES["IT"] = name
    with Lab() as lab:
        it, = lab.found("IT", title=name)
        secret = ("--passphrase-file", lab.passphrase())
        card = os.path.join(lab.dir, "card.pub")
        lab.person("editor").run("key", "new", "--name", name, "-o", card, *secret)
        it.run("person", "certify", card, "--role", "editor", *secret)
        lab.serve(it)
        web = Web(it).ready()
        for path in ("/en/", "/it/", "/en/nodes", "/it/nodes/IT", "/en/cases"):
            page = read(web, path, 1_000_000)[1]
            assert without_harm(name) in page.text() or path == "/en/cases", (path, ascii(page.text()))
            assert not harmful(web.get(twin_of(path))[1].decode())
        assert json.loads(web.get("/nodes.json")[1])["name"] == name
        people = it.json("person", "list")["people"]
        assert people[1]["name"] == name, people
        for arguments in (("status",), ("person", "list"), ("key", "show"), ("doctor",), ("peer", "list"), ("news",), ("verify",)):
            shown(it, *arguments, ok=range(13))


# ---- what another member signs ----

class Foreign(Member):
    """A member that signs whatever it likes: its log as a bundle, with an editor of its own."""

    def __init__(self, home, charter):
        super().__init__(home, charter)
        self.charter = next(payload for kind, payload in bundle_items(charter) if kind == 1)
        self.editor, self.objects = nacl.signing.SigningKey.generate(), []
        self.append(2, encode({"name": "<script>alert(1)</script>\u202e\u009b31m"}), subject=bytes(self.editor.verify_key), args=(1, 2, 0))

    def sign_case(self, body):
        """A first version of an object of schema 1; body: octets, whatever they are."""
        self.objects.append(self.tree.size)
        self.append(16, body, args=(1, 0), key=self.editor)

    def withdraw_last(self, body):
        header = decode(decode(self.items[-1][0])[0])
        last = blake("specola1.record", self.fed_id + encode(header))
        self.append(17, body, subject=last, refs=[last], key=self.editor)

    def bundle(self):
        out = b"SPECOLA1\n" + encode([1, self.charter])
        at = 0
        while at < len(self.items):  # a checkpoint behind each window, which holds what fits
            end, size = at, 0
            while end < len(self.items) and (end == at or size + len(encode(self.items[end])) < 600_000):
                size, end = size + len(encode(self.items[end])), end + 1
            out += encode([6, [self.node, 1, at, self.items[at:end]]]) + encode([5, self.checkpoints[end]])
            at = end
        return out + encode([15, blake("specola1.bundle", out)])


def map_of(body):
    """Canonical: keys by length, then by octets."""
    if isinstance(body, dict):
        return {k: map_of(body[k]) for k in sorted(body, key=lambda k: (len(k.encode()), k.encode()))}
    return [map_of(v) for v in body] if isinstance(body, list) else body


GOOD = {"title": {"en": "A case of another node"}, "summary": {"en": "Short."}, "country": "FR", "level": "local"}
EVIL = "\"><script>alert(1)</script>\u202e\u009b31m=1+1"


def foreign_bodies(corpus):
    """(what it is, octets): what no schema of ours would let pass, and every hostile text in every field."""
    def body(**changes):
        return encode(map_of({**GOOD, **changes}))
    for number, (_, text) in enumerate(corpus):
        if number % 3 == 0 and not is_refused(text) and "\r" not in text:
            case = case_of(number, text, codes=True)
            yield "text", encode(map_of({**case, "country": text, "level": text, "sectors": [text]}))
    scalar = {"date": EVIL, "number": "=1+1", "bool": EVIL, "list": [EVIL], "ml": {"en": EVIL}, "map": {EVIL[:30].encode("ascii", "ignore").decode(): EVIL}}
    for key, _, _, _ in FIELDS:
        group, _, name = key.partition(".")
        for what, value in scalar.items():
            for shape in ([{name: value}], {name: value}) if name else (value,):
                yield f"{key} as {what}", body(**{group: shape})
    for tag in ("en\"><script>", "x\" onclick=1 x=\"", "-", "e" * 60, "EN", "en-", "it<b>", "javascript:1", "zz", "und"):
        yield f"language {tag}", body(title={tag: "A title"}, summary={tag: EVIL}, original_lang=tag)
    for key in ("<script>alert(1)</script>", "\" onmouseover=1 \"", "__proto__", "constructor", "a b", "=1+1", "../x", "A", "style", "onload", "href", "<!--", "x\\u202e"):
        yield f"key {key}", body(**{key: EVIL})
        yield f"key {key} of a map", body(**{key: {key: [{key: EVIL}]}})
        yield f"_na {key}", body(_na=[key], _unknown=[EVIL])
    for huge in ("x" * 250_000, "x " * 120_000, "&" * 250_000, "\"" * 120_000, "\n" * 250_000, "<b>" * 80_000, "\u202e" * 80_000, "\u4e2d" * 80_000):
        yield "a huge title", body(title={"en": huge})
        yield "a huge code", body(country=huge, level=huge[:1000])
        yield "a huge tag", body(tags=[huge[:200_000]])
    yield "many tags", body(tags=[f"{EVIL}{i}" for i in range(256)])
    yield "many languages", body(title={f"x{chr(97 + i // 26)}{chr(97 + i % 26)}": EVIL for i in range(250)})
    yield "deep", body(deep={"a": {"a": {"a": {"a": {"a": {"a": EVIL}}}}}})
    yield "no title", encode(map_of({"level": EVIL}))
    for what, octets in (("ESC in a text", encode({"title": {"en": "\x1b[31mred"}})), ("no map", encode([EVIL])), ("no msgpack", EVIL.encode()), ("not canonical", b"\xde\x00\x01\xa5title\xa1x"),
                         ("a float", encode({"title": 1.5})), ("nil", encode({"title": None})), ("HTML", b"<!doctype html><script>alert(1)</script>")):
        yield what, octets


def foreign(lab, corpus):
    """IT shows what FR signed."""
    it, fr = lab.found("IT", "FR")
    liar = Foreign(fr.home, f"{lab.dir}/prova.charter")
    for _, octets in itertools.islice(foreign_bodies(corpus), 0, None, 5 if SANITIZED else 1):
        liar.sign_case(octets)
    bodies = len(liar.objects)
    for text in ("<script>1</script>", "\u009b31m\u202e", "x" * 100_000):
        liar.sign_case(encode(map_of(GOOD)))
        liar.withdraw_last(encode({"reason": {"en": text}}))
    path = os.path.join(lab.dir, "foreign.bundle")
    with open(path, "wb") as file:
        file.write(liar.bundle())
    report = it.json("import", path)
    assert report["new"] == liar.tree.size, report
    lab.serve(it)
    web = Web(it).ready()
    shown_pages = hidden = 0
    for at in liar.objects:
        lang = ("en", "it")[at % 2]
        status, headers, body = web.ask("GET", f"/{lang}/FR-{at}")
        assert status in (200, 422), (at, status, web.node.tail())
        page = check(f"/{lang}/FR-{at}", headers, body, 4_000_000)
        assert page.text()
        text = web.ask("GET", f"/FR-{at}.json")[2].decode()
        assert json.loads(text) and not harmful(text), at
        shown_pages, hidden = shown_pages + (status == 200), hidden + (status != 200)
        if at % 15 == 0 or at > bodies - 50:
            for command in ("show", "history"):
                shown(it, command, f"FR-{at}", ok=range(13))
    query = "/en/cases"
    while True:
        read(web, query, 400_000)
        model = json.loads(web.get(twin_of(query))[1])
        if "after" not in model:
            break
        query = "/en/cases?after=" + model["after"]
    for path in ("/en/", "/it/nodes/FR", "/en/nodes", "/en/cases?q=script", "/en/cases?q=x", "/en/cases?q=title&sort=newest", "/en/cases?tag=x"):
        start = time.monotonic()
        read(web, path, 400_000)
        assert time.monotonic() - start < 5, path
    twin_values(it.run("export", "--to", "csv")[1].decode())
    assert not harmful(it.run("export", "--to", "ndjson")[1].decode())
    for arguments in (("list", "case", "-n", "0"), ("news", "-n", "0"), ("search", "script"), ("search", "x"), ("status",), ("stats",), ("verify",), ("compare", "FR-2", "FR-3"),
                      ("sql", "select * from v_case limit 2000")):
        shown(it, *arguments, ok=range(13))
    return shown_pages, hidden


def own(corpus):
    """What the node itself published."""
    with Lab() as lab:
        it, = lab.found("IT")
        cases, refused = publish(lab, it, corpus)
        print(f"{len(corpus)} texts of {len(FAMILIES)} kinds in {len(FIELDS)} fields: {len(cases)} cases published, {refused} refused, each with its reason")
        lab.serve(it)
        web = Web(it).ready()
        references = all_pages(web, "/cases.json")
        assert len(references) == len(cases)
        models = pages_of(web, references, cases)
        print(f"{4 * len(references)} pages and twins: nothing active, every value as it was")
        print(f"{lists_of(web, corpus)} questions and facets of hostile words, nothing active")
        print(f"{csv_of(it, models)} rows of CSV: no formula, every value as it was")
        ndjson_of(it, models)
        terminal_of(it, references, corpus, models)
        print("show, list, search, history, compare, news, status, stats, sql: nothing that acts on a terminal")
        print(f"{by_draft(lab, it, web, corpus)} drafts published, edited, compared, withdrawn")


def others(corpus):
    """What another member signed."""
    with Lab() as lab:
        n, hidden = foreign(lab, corpus)
        print(f"{n} cases that another member signed are shown, {hidden} are not, nothing active")


def names(_):
    tried = NAMES[:: 4 if SANITIZED else 1]
    for name in tried:
        named(name)
    print(f"{len(tried)} hostile names of people, nodes and observatories")


def main():
    corpus = all_payloads()
    assert len(corpus) >= 300 and {family for family, _ in corpus} == set(FAMILIES)
    assert all(Page(f"<!doctype html><p>{text}</p>").faults for text in MARKUP if "<" in text), "the reader would let markup pass"
    if SANITIZED:
        corpus = [pair for family in FAMILIES for pair in [pair for pair in corpus if pair[0] == family][::10]]
    parts = {"own": own, "others": others, "names": names}
    for part in sys.argv[1:] or parts:
        parts[part](corpus)


main()
