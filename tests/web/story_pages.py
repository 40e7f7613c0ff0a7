#!/usr/bin/python3
"""Every page that a link leads to, in both languages: well-formed, without anything active, with its headers, its twin and its ETag; paging
by keyset loses nothing; lynx reads what the page shows. Then 300 hostile texts in every text field of a case: in pages, JSON, CSV and on
the terminal they stay texts."""
import csv
import html.parser
import io
import json
import os
import shutil
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from web import Web, rows  # noqa: E402
from lab import Lab  # noqa: E402

VOID = {"meta", "link", "input", "br"}
TAGS = VOID | set("html head title body a header footer main nav div section article aside ul ol li dl dt dd p span small em strong code mark h1 h2 "
                  "h3 time form label button select option fieldset legend details summary table thead tbody tr th td meter".split())
ATTRIBUTES = set("lang charset name content rel href hreflang type class id tabindex role action for maxlength value checked selected open "
                 "datetime min max scope title aria-label aria-labelledby aria-current aria-describedby aria-hidden".split())


class Page(html.parser.HTMLParser):
    """Reads a page as strictly as the builder writes it."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.stack, self.links, self.ids, self.texts, self.faults = [], [], [], [], []
        self.feed(text)
        self.close()
        if self.stack:
            self.faults.append(f"not closed: {self.stack}")

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            self.faults.append(f"<{tag}>")
        if tag not in VOID:
            self.stack.append(tag)
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.faults.append(f"{tag} {name}")
            if name == "id":
                self.ids.append(value)
            if name in ("href", "action"):
                if tag == "a":
                    self.links.append(value)
                if not value.startswith(("/", "#", "http://", "https://")) or value.startswith("//"):
                    self.faults.append(f"{tag} {name}={value}")

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.faults.append(f"</{tag}>")

    def handle_data(self, data):
        self.texts.append(data)

    def text(self):
        return " ".join(" ".join(self.texts).split())


def read(web, path):
    headers, body = web.get(path)
    assert headers["Content-Type"] == "text/html; charset=utf-8", (path, headers)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'") and "script" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer" and "Set-Cookie" not in headers
    assert len(body) < 50_000, (path, len(body))
    page = Page(body.decode())
    assert not page.faults, (path, page.faults[:5])
    assert len(page.ids) == len(set(page.ids)), (path, page.ids)
    assert not any(ord(c) < 32 and c not in "\n\t" or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069" for c in body.decode()), path
    return headers, page


def twin_of(path):
    parts = urllib.parse.urlsplit(path)
    return (parts.path + "index" if parts.path.endswith("/") else parts.path) + ".json" + ("?" + parts.query if parts.query else "")


def walk(web):
    """Every page within two steps of links, and whatever they lead to in one list of each kind."""
    seen, queue = {}, ["/en/", "/it/"]
    while queue and len(seen) < 400:
        path = queue.pop(0)
        if path in seen:
            continue
        headers, page = read(web, path)
        seen[path] = page
        assert headers["Content-Language"] == path[1:3]
        assert web.ask("GET", path, headers={"If-None-Match": headers["ETag"]})[0] == 304, path
        twin, body = web.get(twin_of(path))
        assert twin["Content-Type"] == "application/json" and json.loads(body) is not None
        for link in page.links:
            link = urllib.parse.urldefrag(urllib.parse.urljoin(path, link)).url
            if link.startswith(("/en/", "/it/")) and ".json" not in link and link not in queue and link.count("=") < 2:
                queue.append(link)
    assert any("/nodes/IT" in p for p in seen) and any("/v/1" in p for p in seen)
    return seen


def all_pages(web, path):
    """References of a list, page by page."""
    out, query = [], path
    while True:
        model = json.loads(web.get(query)[1])
        out += [o["reference"] for o in model["objects"]]
        if "after" not in model:
            assert len(out) == model["total"], (path, len(out), model["total"])
            return out
        query = path + ("&" if "?" in path else "?") + "after=" + model["after"]


def lists(web):
    everything = all_pages(web, "/en/cases.json")
    assert len(everything) == len(set(everything)) == 57
    local = all_pages(web, "/en/cases.json?level=local")
    central = all_pages(web, "/en/cases.json?level=central")
    assert set(local) | set(central) == set(everything) and not set(local) & set(central)
    assert set(all_pages(web, "/en/cases.json?level=local&level=central")) == set(everything)
    for facet in json.loads(web.get("/en/cases.json?more=sector")[1])["facets"]:
        for code in facet["codes"]:
            got = all_pages(web, f"/en/cases.json?{facet['dim']}={urllib.parse.quote(code['code'])}")
            assert len(got) == code["count"], (facet["dim"], code, len(got))
    found = all_pages(web, "/en/cases.json?q=dati+aperti")
    assert set(found) >= set(everything) - {"IT-2"} and len(all_pages(web, "/en/cases.json?q=open&sort=newest")) == len(found)
    model = json.loads(web.get("/en/cases.json?q=%22case+7%22")[1])
    assert model["total"] == 1 and any(p["match"] for p in model["objects"][0]["snippet"])
    for bad, status in (("country=IT&nonsense=1", 400), ("after=x", 400), ("after=n1", 400), ("q=a&q=b", 400), ("sort=up", 400), ("node=ZZ", 404),
                        ("q=" + "a" * 201, 400)):
        headers, body = web.get("/en/cases.json?" + bad, expect=status)
        assert headers["Content-Type"] == "application/problem+json" and json.loads(body)["status"] == status
        assert web.ask("GET", "/en/cases?" + bad)[0] == status


def languages(web):
    assert "Pubblicato" in read(web, "/it/IT-2")[1].text() and "Not endorsed" in read(web, "/en/IT-2")[1].text()
    for wish, lang in (("it-IT,it;q=0.9,en;q=0.5", "it"), ("fr,en;q=0.5", "en"), ("de, it;q=0.3", "it")):
        headers, _ = web.get("/", headers={"Accept-Language": wish})
        assert headers["Content-Language"] == lang and headers["Vary"] == "Accept-Language"
    original = web.get("/en/IT-3?text=it")[1].decode()
    assert '<h1 lang="it">Caso' in original, original[:3000]


def lynx(web, path):
    """What lynx shows of a page, against the values that its model has."""
    dump = subprocess.run(["lynx", "-dump", "-width=1000", "-nolist", "-display_charset=utf-8", f"http://{web.host}:{web.port}{path}"],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    flat = " ".join(dump.split())
    model = json.loads(web.get(path + ".json")[1])
    for value in (model["title"], model["reference"], model["id"], model["author"]["key"], model["versions"][0]["id"]):
        assert value in flat, (value, dump)
    for text in read(web, path)[1].texts:
        for word in text.split():
            assert word in flat, (word, dump)


def payloads():
    """Hostile texts: markup, schemes, terminal controls, bidi, formulas, each in several dresses."""
    kernels = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<iframe src=javascript:alert(1)>",
               "<a href=\"javascript:alert(1)\">x</a>", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,<script>alert(1)</script>",
               "vbscript:msgbox(1)", "<style>@import'//evil.example.org'</style>", "<link rel=stylesheet href=//evil.example.org>",
               "<meta http-equiv=refresh content=0>", "<base href=//evil.example.org/>", "<form action=//evil.example.org><input name=q></form>",
               "<object data=x>", "<embed src=x>", "<math><mtext></mtext></math>", "<template><script>1</script></template>",
               "<textarea autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>", "</title><script>alert(1)</script>",
               "</textarea><script>alert(1)</script>", "--><script>alert(1)</script>", "]]><script>alert(1)</script>", "<!--", "<![CDATA[",
               "&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;", "<scr<script>ipt>", "<<script>alert(1)//<</script>", "\u2028alert(1)",
               "\u202egnp.exe", "\u2066abc\u2069", "=cmd|'/C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "[x](javascript:alert(1))",
               "![x](x onerror=alert(1))", "{{7*7}}", "${7*7}", "' OR 1=1 --", "\"; DROP TABLE object; --", "../../../../etc/passwd", "%3Cscript%3E",
               "\\u003cscript\\u003e", "\x85next", "\u009b31mred", "x\u0300" * 60]
    dresses = ["{}", "\"{}\"", "'>{}", "\"><b>{}</b>", "a {} z", "{}\n{}"]
    return [d.replace("{}", k) for k in kernels for d in dresses]


def hostile_case(i, p):
    ml = {"en": p, "it": p}
    texts = ("title summary overview place organisation stage_note what_is_new motivation_objectives context activities beneficiaries_text team_text "
             "partnerships resources outputs results_expected results_achieved strengths critical_issues conditions_for_success lessons transferability")
    row = {key: ml for key in texts.split()}
    row.update(country="IT", level="local", license="CC0-1.0", original_lang="en", source=f"hostile {p}", source_id=str(i), source_url=p,
               contact_public=p, tags=[p, p + "2", p + "3"], sectors=[p], status=p, technologies=[p], videos=["https://example.org/"],
               ai_assisted={"tool": p, "editor": p}, timeline=[{"label": ml, "date": "2020"}], actors=[{"name": ml, "role": p}],
               funding=[{"source": ml}], indicators=[{"name": ml, "unit": p, "method": ml}], legal_refs=[{"title": ml, "issuer": p}],
               references=[{"title": ml, "issuer": p}], links=[{"url": p, "title": ml}], attachments=[{"name": ml, "mime": p}])
    return row


def hostile(lab, it, web):
    corpus = payloads()
    assert len(corpus) >= 300
    path = os.path.join(lab.dir, "hostile.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(hostile_case(i, p)) + "\n" for i, p in enumerate(corpus))
    report = it.json(*lab.import_args(path), ok=(0, 9))
    lab.until(lambda: json.loads(web.get("/cases.json")[1])["total"] == 57 + report["published"], 20, "the lists show them")
    references = [r for r in all_pages(web, "/cases.json") if int(r.split("-")[1]) > 58]
    assert len(references) == report["published"] >= 295, report
    for i, reference in enumerate(references):
        lang = ("en", "it")[i % 2]
        page = read(web, f"/{lang}/{reference}")[1]
        assert page.text()
        json.loads(web.get(f"/{lang}/{reference}.json")[1])
        if i % 10 == 0:
            shown = it.run("show", reference)[1].decode()
            assert not any(ord(c) < 32 and c != "\n" or 0x7f <= ord(c) < 0xa0 or c in "\u2028\u202e\u2066\u2069" for c in shown), reference
    query = "/en/cases"
    while True:
        read(web, query)
        model = json.loads(web.get(twin_of(query))[1])
        if "after" not in model:
            break
        query = "/en/cases?after=" + model["after"]
    for word in ("script", "%3Cscript%3E", "%22%3E%3Cb%3E", "alert(1)", "-script"):
        read(web, "/it/cases?q=" + word)
    table = it.run("export", "--to", "csv")[1].decode()
    cells = [c for line in csv.reader(io.StringIO(table)) for c in line]
    assert not any(c[:1] in ("=", "+", "-", "@") for c in cells), next(c for c in cells if c[:1] in ("=", "+", "-", "@"))
    return len(corpus), len(references)


def main():
    with Lab() as lab:
        it, = lab.found("IT")
        path = os.path.join(lab.dir, "cases.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(r) + "\n" for r in rows(57))
        it.run(*lab.import_args(path))
        lab.serve(it)
        web = Web(it).ready()
        seen = walk(web)
        print(f"{len(seen)} pages walked; each with its twin, its ETag, and nothing active")
        lists(web)
        languages(web)
        assert web.ask("HEAD", "/en/cases")[2] == b"" and b"specola_web_requests_total" in web.get("/metrics")[1]
        web.get("/metrics", expect=404, headers={"X-Forwarded-For": "192.0.2.1"})
        if shutil.which("lynx"):
            lynx(web, "/en/IT-2")
            lynx(web, "/it/IT-3")
            print("lynx reads every word of a case's page")
        else:
            print("skipped: lynx is not installed")
        n, published = hostile(lab, it, web)
        print(f"{n} hostile texts in every text field; {published} cases published, no active content anywhere")


main()
