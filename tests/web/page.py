"""A reader of pages as strict as their builder: elements, attributes and links of closed lists, everything closed, nothing active."""
import html.parser
import json
import re
import urllib.parse

from payloads import harmful

VOID = {"meta", "link", "input", "br", "img"}
TAGS = VOID | set("html head title body a header footer main nav div section article aside ul ol li dl dt dd p span small em strong code mark h1 h2 "
                  "h3 time caption svg g rect text form label button select option fieldset legend details summary table thead tbody tr th td".split())
ATTRIBUTES = set("lang charset name content rel href hreflang type class id tabindex role action for maxlength value checked selected open "
                 "datetime scope title alt src width height viewbox x y rx aria-label aria-labelledby aria-current aria-describedby aria-hidden".split())
URL = re.compile(r"/(?!/)[^\s\\]*|#[a-z0-9_-]*|https?://[^\s/?#\\][^\s\\]*|mailto:[^\s]*")
WORDS = re.compile(r"[a-z][a-z0-9_ -]*")
# What the values of attributes look like. Data stands only in those that are not here, which no browser acts on, and behind ? in links.
FORMS = {"href": URL, "action": URL, "id": WORDS, "class": WORDS, "for": WORDS, "rel": WORDS, "role": WORDS, "type": re.compile(r"[a-z]+(/[a-z+.-]+)?"),
         "lang": re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"), "hreflang": re.compile(r"[a-z]{2}"), "tabindex": re.compile("-?[01]"),
         "datetime": re.compile(r"[0-9TZ:-]+"), "aria-labelledby": WORDS, "aria-describedby": WORDS, "aria-current": WORDS, "aria-hidden": re.compile("true")}


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
        if len({name for name, _ in attrs}) != len(attrs):
            self.faults.append(f"{tag}: an attribute twice")
        for name, value in attrs:
            if name not in ATTRIBUTES:
                self.faults.append(f"{tag} {name}")
            if name in FORMS and not FORMS[name].fullmatch(value or ""):
                self.faults.append(f"{tag} {name}={value!a}")
            if name == "id":
                self.ids.append(value)
            if tag == "a" and name == "href":
                self.links.append(value)

    def handle_endtag(self, tag):
        if not self.stack or self.stack.pop() != tag:
            self.faults.append(f"</{tag}>")

    def handle_decl(self, decl):
        if decl != "doctype html":
            self.faults.append(f"<!{decl}>")

    def handle_comment(self, data):
        self.faults.append(f"<!--{data}-->")

    def handle_pi(self, data):
        self.faults.append(f"<?{data}>")

    def unknown_decl(self, data):
        self.faults.append(f"<![{data}>")

    def handle_data(self, data):
        self.texts.append(data)

    def text(self):
        return " ".join(" ".join(self.texts).split())


def read(web, path, most=50_000):
    """(headers, page) of a path that has to be there and to be small."""
    headers, body = web.get(path)
    return headers, check(path, headers, body, most)


def check(path, headers, body, most):
    """The page, if nothing is wrong with it."""
    assert headers["Content-Type"] == "text/html; charset=utf-8", (path, headers)
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'") and "script" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer" and "Set-Cookie" not in headers
    assert len(body) < most, (path, len(body))
    page = Page(body.decode())
    assert not page.faults, (path, page.faults[:5])
    assert len(page.ids) == len(set(page.ids)), (path, page.ids)
    assert not harmful(body.decode()), path
    return page


def twin_of(path):
    parts = urllib.parse.urlsplit(path)
    return (parts.path + "index" if parts.path.endswith("/") else parts.path) + ".json" + ("?" + parts.query if parts.query else "")


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
