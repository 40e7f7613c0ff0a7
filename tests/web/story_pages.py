#!/usr/bin/python3
"""Every page that a link leads to, in both languages: well-formed, without anything active, with its headers, its twin and its ETag; paging
by keyset loses nothing; lynx reads what the page shows."""
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from page import all_pages, read, twin_of  # noqa: E402
from web import Web, rows  # noqa: E402
from lab import Lab  # noqa: E402

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
            if link.startswith(("/en/", "/it/")) and ".json" not in link and ".atom" not in link and link not in queue and link.count("=") < 2:
                queue.append(link)
    assert any("/nodes/IT" in p for p in seen) and any("/v/1" in p for p in seen)
    return seen


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
    several = json.loads(web.get("/en/cases.json?q=case+7+dati")[1])
    assert 0 < several["every"] < several["total"], several
    text = " ".join(read(web, "/en/cases?q=case+7+dati")[1].text().split())
    assert f"Results 1–20 of {several['total']} {several['every']} ha" in text and "all words; the rest has some of them." in text, text
    assert model["every"] == 1 and "all words" not in read(web, "/en/cases?q=%22case+7%22")[1].text()
    for bad, status in (("country=IT&nonsense=1", 400), ("after=x", 400), ("after=n1", 400), ("q=a&q=b", 400), ("sort=up", 400), ("node=ZZ", 404),
                        ("q=" + "a" * 201, 400)):
        headers, body = web.get("/en/cases.json?" + bad, expect=status)
        assert headers["Content-Type"] == "application/problem+json" and json.loads(body)["status"] == status
        assert web.ask("GET", "/en/cases?" + bad)[0] == status


def codes(web):
    """A code in another case is that code; one that there is not is told on the page, which stays a page."""
    local = json.loads(web.get("/en/cases.json?level=local")[1])
    assert json.loads(web.get("/en/cases.json?level=LOCAL")[1]) == local and local["findings"] == []
    headers, page = read(web, "/en/cases?country=itt&level=local")
    text = " ".join(page.text().split()).replace(" ?", "?")
    assert 'Country: there is no value called "itt". Did you mean Italy?' in text, text
    assert "/en/cases?level=local&country=IT" in page.links, page.links
    finding, = json.loads(web.get("/it/cases.json?country=itt&level=local")[1])["findings"]
    assert finding == {"dim": "country", "label": "Paese", "code": "itt", "meant": "IT", "meant_label": "Italia"}, finding
    assert json.loads(web.get("/en/cases.json?region=qqqq&tag=nobody-has-it")[1])["findings"][0]["code"] == "qqqq"
    assert json.loads(web.get("/en/iT-2.json")[1])["reference"] == "IT-2"


ATOM = "{http://www.w3.org/2005/Atom}"


def feeds(web):
    """What is new as Atom: well-formed, with what RFC 4287 asks for, the objects of the list that it is of, and found from the page."""
    for path, page in (("/en/feed.atom", "/en/"), ("/it/cases.atom?q=dati&level=local&sort=newest", "/it/cases?q=dati&level=local&sort=newest")):
        headers, body = web.get(path)
        assert headers["Content-Type"] == "application/atom+xml; charset=utf-8" and headers["ETag"], headers
        feed = xml.etree.ElementTree.fromstring(body)
        assert feed.tag == ATOM + "feed" and path in read(web, page)[1].links, path
        entries = feed.findall(ATOM + "entry")
        for element in [feed] + entries:
            for name in ("id", "title", "updated"):
                assert len(element.findall(ATOM + name)) == 1 and element.find(ATOM + name).text, (path, name)
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", element.find(ATOM + "updated").text)
            assert urllib.parse.urlsplit(element.find(ATOM + "id").text).scheme == "urn"
        assert all(entry.find(f"{ATOM}author/{ATOM}name").text for entry in entries)
        links = [entry.find(ATOM + "link").get("href") for entry in entries]
        assert links and len(set(links)) == len(links) == len({entry.find(ATOM + "id").text for entry in entries})
        web.get(links[0].split(f"{web.host}:{web.port}")[1])
        own = {link.get("rel"): link.get("href") for link in feed.findall(ATOM + "link")}
        assert own["self"].endswith(path.replace("&amp;", "&")) and own["alternate"].endswith(page)
        if "?" in path:
            rows = json.loads(web.get(page.replace("cases?", "cases.json?"))[1])["objects"]
            assert [link.rsplit("/", 1)[1] for link in links] == [row["reference"] for row in rows]
            assert [entry.find(ATOM + "category").get("term") for entry in entries] == [row["endorsed"] for row in rows]
    web.get("/en/nothing.atom", expect=404)
    web.get("/en/cases.atom?contry=IT", expect=400)


def trees(web):
    """A sector stands under the division that it belongs to, where both are offered."""
    codes = next(f for f in json.loads(web.get("/en/cases.json?more=sector")[1])["facets"] if f["dim"] == "sector")["codes"]
    names = [code["code"] for code in codes]
    assert any(code["depth"] for code in codes), names
    assert names == sorted(names) and all((code["depth"] == 1) == (code["code"].rpartition(".")[0] in names) for code in codes), codes
    assert web.get("/en/cases?more=sector")[1].decode().count('class="child"') == sum(code["depth"] for code in codes)


def languages(web):
    assert "Pubblicato" in read(web, "/it/IT-2")[1].text() and "Not endorsed" in read(web, "/en/IT-2")[1].text()
    for wish, lang in (("it-IT,it;q=0.9,en;q=0.5", "it"), ("fr,en;q=0.5", "en"), ("de, it;q=0.3", "it")):
        headers, _ = web.get("/", headers={"Accept-Language": wish})
        assert headers["Content-Language"] == lang and headers["Vary"] == "Accept-Encoding, Accept-Language"
    original = web.get("/en/IT-3?text=it")[1].decode()
    assert '<h1 lang="it">Caso' in original, original[:3000]


def shared(web):
    """An address that was shared on some service shows what it showed."""
    plain = web.get("/en/cases?country=IT")[1]
    assert json.loads(web.get("/cases.json?country=IT&fbclid=x1&utm_source=a")[1]) == json.loads(web.get("/cases.json?country=IT")[1])
    assert web.ask("GET", "/en/cases?contry=IT")[0] == 400 and len(plain) > 1000
    web.get("/en/IT-2?gclid=1&utm_medium=mail")


def packed(web):
    """A page travels packed to whoever takes it so, says the same, and is known again by either tag; what is signed never does."""
    plain_headers, plain = web.get("/en/cases")
    headers, body = web.get("/en/cases", headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert headers["Content-Encoding"] == "gzip" and gzip.decompress(body) == plain and len(body) < len(plain) / 2
    assert plain_headers["Content-Encoding"] is None and plain_headers["Vary"] == headers["Vary"] == "Accept-Encoding"
    assert headers["ETag"] != plain_headers["ETag"]
    for tag in (headers["ETag"], plain_headers["ETag"]):
        assert web.get("/en/cases", expect=304, headers={"If-None-Match": tag, "Accept-Encoding": "gzip"})[1] == b""
    head = web.ask("HEAD", "/en/cases", headers={"Accept-Encoding": "gzip"})
    assert head[1]["Content-Length"] == str(len(body)) and head[2] == b""
    for refusal in ("identity", "gzip;q=0", "deflate"):
        assert web.get("/en/cases", headers={"Accept-Encoding": refusal})[1] == plain
    assert web.get("/sync/charter", headers={"Accept-Encoding": "gzip"})[0]["Content-Encoding"] is None
    assert json.loads(gzip.decompress(web.get("/cases.json", headers={"Accept-Encoding": "gzip"})[1]))["total"] > 20


def lynx(web, path):
    """What lynx shows of a page, against the values that its model has."""
    dump = subprocess.run(["lynx", "-dump", "-width=1000", "-nolist", "-display_charset=utf-8", f"http://{web.host}:{web.port}{path}"],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    flat = " ".join(dump.split())
    model = json.loads(web.get(path + ".json")[1])
    for value in (model["title"], model["reference"], model["id"], model["author"]["key"], model["versions"][0]["id"]):
        assert value in flat, (value, dump)
    for text in read(web, path)[1].texts():
        for word in text.split():
            assert word in flat, (word, dump)


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
        codes(web)
        feeds(web)
        trees(web)
        languages(web)
        packed(web)
        shared(web)
        assert web.ask("HEAD", "/en/cases")[2] == b"" and b"specola_web_requests_total" in web.get("/metrics")[1]
        web.get("/metrics", expect=404, headers={"X-Forwarded-For": "192.0.2.1"})
        if shutil.which("lynx"):
            lynx(web, "/en/IT-2")
            lynx(web, "/it/IT-3")
            print("lynx reads every word of a case's page")
        else:
            print("skipped: lynx is not installed")


main()
