"""What a page must tell for its JSON twin: every label and value in words, codes by their names. Reads the schema's tables by itself."""
import gettext
import json
import os
import re

from lab import ROOT

MONTHS = {"en": "January February March April May June July August September October November December".split(),
          "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre".split()}
ISO = {"country": ("3166-1", "alpha_2"), "region": ("3166-2", "code"), "currency": ("4217", "alpha_3")}


def table(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        lines = [line.rstrip("\n").split("\t") for line in file if line.strip() and not line.startswith("#")]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


class Kind:
    """A kind of object: type and vocabulary of each key, and the label."""

    def __init__(self, path):
        self.fields, self.labels = {}, {row["key"]: row for row in table(path + ".tsv")}
        with open(os.path.join(ROOT, path + ".schema"), encoding="utf-8") as file:
            for words in (line.split() for line in file if line[:1].islower()):
                if len(words) > 3 and words[3] in ("ml", "-"):
                    vocabulary = next((w[6:] for w in words[4:] if w.startswith("vocab=")), None)
                    self.fields[words[0]] = (words[1], vocabulary)

    def label(self, key, lang):
        return self.labels[key].get("label." + lang) or self.labels[key]["label.en"]


class Names:
    """The names of codes in English and Italian."""

    def __init__(self):
        self.kinds = {"case": Kind("protocol/schema/case"), "bicycle": Kind("tests/schema/bicycle")}
        self.codes = {}
        for folder in ("protocol/schema/vocab", "tests/schema/vocab"):
            for name in sorted(os.listdir(os.path.join(ROOT, folder))):
                self.codes[name[:-4]] = {row["code"]: {"en": row["en"], "it": row.get("it") or row["en"]} for row in table(f"{folder}/{name}")}
        for vocabulary, (number, key) in ISO.items():
            self.codes[vocabulary] = self.iso(number, key)
        self.codes["language"] = {**self.iso("639-3", "alpha_3"), **self.iso("639-2", "alpha_2"), **self.iso("639-3", "alpha_2")}

    @staticmethod
    def iso(number, key):
        with open(f"/usr/share/iso-codes/json/iso_{number}.json", encoding="utf-8") as file:
            rows = json.load(file)[number]
        italian = gettext.translation(f"iso_{number}", "/usr/share/locale", ["it"], fallback=True)
        names = ((row[key], row.get("common_name") or row["name"]) for row in rows if key in row)
        return {code: {"en": name, "it": italian.gettext(name)} for code, name in names}

    def code(self, vocabulary, code, lang):
        """The name, or the code itself where the vocabulary does not have it."""
        known = self.codes[vocabulary].get(code.split("-")[0] if vocabulary == "language" else code)
        return known[lang] if known else code


def date(text, lang):
    year, month, day = (int(part) for part in (text + "-0-0").split("-")[:3])
    return " ".join(([str(day)] if day else []) + ([MONTHS[lang][month - 1]] if month else []) + [str(year)])


def words(text):
    """What a text says, whatever stands between its words; links named in Markdown by their name."""
    text = re.sub(r"\[([^\]\n]+)\]\(https?://[^)\s]*\)", r"\1", text.replace("\u202f", ""))
    return " ".join(re.findall(r"\w+", text))


def chosen(value, lang, original):
    """The text of several languages that a page shows."""
    return value.get(lang) or value.get(original) or next(iter(value.values()))


def leaf(names, field, value, lang, original):
    kind, vocabulary = field
    if isinstance(value, dict):
        return chosen(value, lang, original)
    if isinstance(value, bool):
        return {"en": ("no", "yes"), "it": ("no", "sì")}[lang][value]
    if vocabulary:
        return names.code(vocabulary, value, lang)
    if kind == "date":
        return date(value, lang)
    return "" if kind == "ref" else value


def body_tells(names, kind, body, lang):
    """Labels and values of a body; a key that the kind does not have, as it stands."""
    original = body.get("original_lang", "")

    def field(key, value):
        if isinstance(value, list):
            for item in value:
                yield from field(key, item)
        elif kind.fields[key][0] in ("group", "file"):
            for name, child in value.items():
                yield kind.label(f"{key}.{name}", lang)
                yield from field(f"{key}.{name}", child)
        else:
            yield leaf(names, kind.fields[key], value, lang, original)

    for key, value in body.items():
        if key.startswith("_"):
            continue
        if key not in kind.fields:
            yield key
            continue
        if key not in ("title", "name", "summary", "overview", "story"):  # the head of the page, without a label
            yield kind.label(key, lang) if key not in ("license", "original_lang") else ""
        yield from field(key, value)


def row_tells(row, lang):
    yield from (row["reference"], row["title"] or row["reference"], row.get("lead", "").rstrip("…") if "snippet" not in row else "",
                str(row["completeness"]))
    yield from (part["text"] for part in row.get("snippet", ()))
    yield from (code["label"] for code in row.get("codes", ()))


def tells(names, model, lang):
    """Everything that the page of a model must tell."""
    if "received" in model:
        yield from (str(n) for row in model["counts"] for n in row if n)
        yield from (names.code("country", country, lang) for country, n in zip(model["countries"], model["given"]) if n)
        yield from (str(n) for n in (*model["objects"].values(), *model["signatures"].values(), model["total"], *model["held"].values()))
        return
    if "browse" in model:
        yield from (model["name"], model["label"], str(model["objects"]), str(model["countries"]), str(model["members"]))
        for dim in model["browse"]:
            for code in dim["codes"]:
                yield f"{code['label']} {code['count']}"
    for row in model.get("newest", model.get("objects", ())) if not isinstance(model.get("objects"), int) or "newest" in model else ():
        yield from row_tells(row, lang)
        yield names.code("country", row["home_country"], lang)
    if "total" in model:
        yield from (model["label"], str(model["total"]))
    for facet in model.get("facets", ()):
        yield facet["label"]
        for code in facet["codes"]:
            yield f"{code['label']} {code['count']}"
    members = model.get("members") if isinstance(model.get("members"), list) else []
    for member in (m for m in members if "sentence" in m):
        yield from (member["handle"], names.code("country", member["country"], lang), re.sub(r"\d+ s\b.*", "", member["sentence"]),
                    str(member["size"]) if member.get("size") else "")
    for member in (m for m in members if "logs" in m):
        yield from (f"{names.code('country', member['country'], lang)}", member["handle"], str(member["objects"]), str(member["logs"][0]["size"]))
    if "fingerprint" in model:
        yield from (model.get("name", ""), model.get("contact", ""), model["fingerprint"], model["node"], str(model["roll"]), *(log["root"] for log in model["logs"]))
        for person in model["people"]:
            yield from (person["name"], person["reference"], *(names.code("role", role, lang) for role in person["roles"].split(", ")))
    if "body" in model:
        yield from object_tells(names, model, lang)


def object_tells(names, model, lang):
    kind = names.kinds[model["kind"]]
    yield from (model["reference"], model["id"], model["author"]["key"], model["author"]["name"], str(model["completeness"]),
                names.code("country", model["home"]["country"], lang))
    yield from (names.code("role", role, lang) for role in model["author"]["roles"].split(", "))
    yield from (names.code("spdx", model["license"], lang) if "license" in model else "", *(v["id"] for v in model["versions"]))
    yield from (names.code("language", tag, lang) for tag in model["languages"] if len(model["languages"]) > 1)
    yield from (kind.label(f["field"], lang) for f in model["findings"] if f["field"] in kind.fields)
    yield from (total for total in model["sums"].values())
    yield from (model["withdrawal"]["reference"], *model["withdrawal"]["reason"].values()) if "withdrawal" in model else ()
    yield from (link["title"] for way in model["links"].values() for link in way if link.get("title"))
    yield from body_tells(names, kind, model["body"], lang)


def bare_codes(names, model):
    """Codes of an object that no page may show as they stand: those that look like nothing else."""
    kind = names.kinds.get(model.get("kind", ""))
    for key, value in model.get("body", {}).items() if kind else ():
        vocabulary = kind.fields.get(key, (None, None))[1]
        for code in value if isinstance(value, list) else [value]:
            if vocabulary and re.search(r"[_.-]", code) and code in names.codes[vocabulary]:
                yield code
