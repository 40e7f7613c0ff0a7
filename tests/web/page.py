"""A reader of pages as strict as their builder: elements, attributes and links of closed lists, everything closed, nothing active."""
import functools
import html
import json
import re
import urllib.parse

from payloads import harmful

VOID = {"meta", "link", "input", "br", "img"}
TAGS = VOID | set("html head title body a header footer main nav div section article aside ul ol li dl dt dd p span small em strong code mark h1 h2 "
                  "h3 time caption svg g rect text form label button select option textarea fieldset legend details summary table thead tbody tr th td".split())
ATTRIBUTES = set("lang charset name content rel href hreflang type class id tabindex role action method rows for maxlength value checked selected open "
                 "datetime scope title alt src width height viewBox x y rx aria-label aria-labelledby aria-current aria-describedby aria-hidden data-column".split())
URL = re.compile(r"/(?!/)[^\s\\]*|#[a-z0-9_-]*|https?://[^\s/?#\\][^\s\\]*|mailto:[^\s]*")
WORDS = re.compile(r"[a-z][a-z0-9_ -]*")
# What the values of attributes look like. Data stands only in those that are not here, which no browser acts on, and behind ? in links.
FORMS = {"href": URL, "action": URL, "id": WORDS, "class": WORDS, "for": WORDS, "rel": WORDS, "role": WORDS, "type": re.compile(r"[a-z]+(/[a-z+.-]+)?"),
         "lang": re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"), "hreflang": re.compile(r"[a-z]{2}"), "tabindex": re.compile("-?[01]"),
         "datetime": re.compile(r"[0-9TZ:-]+"), "aria-labelledby": WORDS, "aria-describedby": WORDS, "aria-current": WORDS, "aria-hidden": re.compile("true")}


TOKEN = re.compile(r"""[^<>]+|</[a-z0-9]+>|<[a-z0-9]+(?: [A-Za-z-]+(?:="[^"<>]*")?)*>|<!doctype html>""")
ATTRIBUTE = re.compile(r""" ([A-Za-z-]+)(?:="([^"<>]*)")?""")


@functools.lru_cache(maxsize=20_000)
def start(token):
    """(tag, whether it is never closed, ids, links, faults) of a tag that opens an element."""
    tag = token[1:].split(" ", 1)[0].rstrip(">")
    attributes = [(name, html.unescape(value)) for name, value in ATTRIBUTE.findall(token)]
    faults = [] if tag in TAGS else [f"<{tag}>"]
    if len({name for name, _ in attributes}) != len(attributes):
        faults.append(f"{tag}: an attribute twice")
    faults += [f"{tag} {name}" for name, _ in attributes if name not in ATTRIBUTES]
    faults += [f"{tag} {name}={value!a}" for name, value in attributes if name in FORMS and not FORMS[name].fullmatch(value)]
    return tag, tag in VOID, [v for name, v in attributes if name == "id"], [v for name, v in attributes if (tag, name) == ("a", "href")], faults


class Page:
    """Reads a page as strictly as the builder writes it: tags in small letters, values in double quotes, < and > nowhere else; what
    HTML's own rules would read otherwise is a fault. Tags that are alike are looked at once for all pages."""

    def __init__(self, text):
        self.links, self.ids, self.escaped, self.faults = [], [], [], []
        stack, tokens = [], TOKEN.findall(text)
        if sum(map(len, tokens)) != len(text):
            self.faults.append("< or > that is no tag")
        if text.count("<!") != 1 or not text.startswith("<!doctype html>"):
            self.faults.append("not one declaration at the start")
        for token in tokens:
            if token[0] != "<":
                self.escaped.append(token)
            elif token[1] == "/":
                if not stack or stack.pop() != token[2:-1]:
                    self.faults.append(token)
            elif token[1] != "!":
                tag, is_void, ids, links, faults = start(token)
                if not is_void:
                    stack.append(tag)
                if ids or links or faults:
                    self.ids += ids
                    self.links += links
                    self.faults += faults
        if stack:
            self.faults.append(f"not closed: {stack}")

    def texts(self):
        return [html.unescape(text) for text in self.escaped]

    def text(self):
        return " ".join(html.unescape(" ".join(self.escaped)).split())


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
