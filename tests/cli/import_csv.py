#!/usr/bin/python3
"""A spreadsheet of 200 cases, as an office would send it: semicolons, Windows line ends, a byte order mark, line breaks in cells,
and one bad row of each kind. The dry run names every finding by row and column, the import does what it said, and no ESC octet
comes out of either. The cases are those of SPECOLA_TEST_DATA, where that is set; else they are made up."""
import json, os, pty, random, subprocess, sys, tempfile

PROGRAM = os.environ["SPECOLA"]
T = tempfile.mkdtemp(prefix="specola-story.")
HEADER = ["Numero", "Fonte", "Titolo", "Sintesi", "Descrizione estesa", "Paese", "Livello", "Organizzazione", "Settori", "Avvio",
          "Attivo", "Quanti", "Collegamento", "Lingua", "Parole chiave", "Annotazioni"]
MAP = """[import]
kind = case
language = Lingua
[fields]
source = Fonte
source_id = Numero
title = Titolo
summary = Sintesi
overview = Descrizione estesa
country = Paese
level = Livello
organisation = Organizzazione
sectors = Settori
year_started = Avvio
ongoing = Attivo
participation.participants = Quanti
links.url = Collegamento
original_lang = Lingua
tags = Parole chiave
[values.level]
Comunale = local
"""
ESC = b"\x1b"


def fail(what, out=b"", err=b""):
    sys.exit("import_csv: %s\n--- stdout\n%s\n--- stderr\n%s" % (what, out[-4000:].decode("utf-8", "replace"),
                                                                 err[-2000:].decode("utf-8", "replace")))


def expect(truth, what, out=b"", err=b""):
    if not truth:
        fail(what, out, err)


def environment():
    e = dict(os.environ, HOME=T, XDG_CONFIG_HOME=T + "/config", SPECOLA_HOME=T + "/home", LC_ALL="C.UTF-8", TERM="xterm",
             SPECOLA_TEST_FAST_KEYS="1")
    for name in ("LANG", "NO_COLOR", "XDG_DATA_HOME"):
        e.pop(name, None)
    return e


def specola(*words):
    p = subprocess.run([PROGRAM, *words], stdin=subprocess.DEVNULL, capture_output=True, env=environment())
    expect(ESC not in p.stdout and ESC not in p.stderr, "an ESC octet came out of: specola " + " ".join(words), p.stdout, p.stderr)
    return p.returncode, p.stdout, p.stderr


def on_terminal(*words):
    """All that a terminal gets to see, with stderr; colours off, so that no ESC is the program's own."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execve(PROGRAM, [PROGRAM, *words], dict(environment(), NO_COLOR="1"))
    seen = b""
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.waitpid(pid, 0)
    os.close(fd)
    return seen


def real_cases(folder):
    """Cases that can be published as they stand, with what each column takes."""
    for name in ("cases_open", "cases_multilingual"):
        for line in open("%s/%s.ndjson" % (folder, name), encoding="utf-8"):
            case = json.loads(line)
            text = case["texts"].get("overview") or ""
            if not (case["title"] and case["country"] and case["level"] and (case["summary"] or text) and case["lang"]):
                continue
            website = case.get("website") or ""
            yield {"Fonte": case["source"], "Numero": case["source_id"], "Titolo": case["title"], "Sintesi": case["summary"],
                   "Descrizione estesa": text, "Paese": case["country"], "Livello": case["level"],
                   "Organizzazione": case["organisation"] if isinstance(case.get("organisation"), str) else "",
                   "Settori": "; ".join(case["sector"]), "Avvio": str(case["year"] or ""), "Lingua": case["lang"],
                   "Collegamento": website if isinstance(website, str) else "",
                   "Parole chiave": "; ".join(t.replace(";", "\\;") for t in case["tags"])}


def made_up_cases():
    """As many as are wanted, of words that mean little."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    r = random.Random(seed)
    words = "ufficio sportello registro percorso rete archivio bilancio quartiere scuola mensa trasporto energia".split()
    for i in range(1000):
        pick = lambda n: " ".join(r.choice(words) for _ in range(n))
        yield {"Fonte": "prova", "Numero": str(i), "Titolo": "Caso %d: %s" % (i, pick(4)), "Sintesi": pick(20) + ".",
               "Descrizione estesa": "\n\n".join(pick(30) + "; \"%s\"" % pick(2) for _ in range(r.randrange(1, 4))),
               "Paese": r.choice(["IT", "FR", "EE", "Italia"]), "Livello": r.choice(["local", "regional", "Comunale"]),
               "Organizzazione": pick(3), "Settori": "01.3; 04.6", "Avvio": str(r.randrange(1990, 2026)), "Lingua": "it",
               "Parole chiave": "uno; due; tre", "Collegamento": "https://example.org/%d" % i}


def good_rows(n):
    folder = os.environ.get("SPECOLA_TEST_DATA", "")
    rows, seen = [], set()
    for case in real_cases(folder) if folder else made_up_cases():
        key = (case["Fonte"], case["Numero"])
        if key not in seen and len(rows) < n:
            seen.add(key)
            rows.append({h: case.get(h, "") for h in HEADER})
    expect(len(rows) == n, "there are only %d cases that can be published" % len(rows))
    expect(any("\n" in r["Descrizione estesa"] for r in rows), "no case has a line break in a text")
    return rows


def letter(column):
    return chr(ord("A") + HEADER.index(column))


def bad_rows():
    """(what is put into a good row, level, reason, column): one row of each kind. None: the row's cells themselves are changed."""
    return [
        ({"Titolo": ""}, "refused", "need", "Titolo"),
        ({"Livello": ""}, "refused", "need", "Livello"),
        ({"Paese": ""}, "refused", "need", "Paese"),
        ({"Sintesi": "", "Descrizione estesa": ""}, "refused", "need", "Sintesi"),
        ({"Livello": "galattico"}, "warning", "code", "Livello"),
        ({"Livello": "Comunale"}, "warning", "code", "Livello"),
        ({"Settori": "01.3; 99.9"}, "warning", "code", "Settori"),
        ({"Titolo": "T" * 201}, "warning", "limit", "Titolo"),
        ({"Avvio": "maggio 2020"}, "warning", "date", "Avvio"),
        ({"Avvio": "2020-13"}, "warning", "date", "Avvio"),
        ({"Quanti": "dodici"}, "warning", "number", "Quanti"),
        ({"Attivo": "forse"}, "warning", "type", "Attivo"),
        ({"Collegamento": "javascript:alert(1)"}, "warning", "url", "Collegamento"),
        ({"Lingua": "zz"}, "warning", "tag", "Titolo"),
        ({"Lingua": "zz"}, "warning", "code", "Lingua"),
        ({"Titolo": "Rosso \x1b[31m e campana \x07"}, "warning", "control", "Titolo"),
        ({"Settori": "01.1; 01.2; 01.3; 04.1; 04.2; 04.3"}, "warning", "many", "Settori"),
        ({"Descrizione estesa": "Come si legge altrove [7]."}, "warning", "citation", "Descrizione estesa"),
        ({"Titolo": b"Citt\xe0 aperta"}, "refused", "format", "Titolo"),
        ("few", "refused", "few-columns", "Paese"),
        ("many", "refused", "many-columns", None),
        ("twin", "warning", "duplicate", "Numero"),
        ("again", "warning", "duplicate", "Numero"),
        ({"Titolo": "x" * 300000}, "refused", "too-large", "Titolo"),
    ]


def octets(row):
    """A record as Excel writes it."""
    cells = []
    for cell in row:
        cell = cell if isinstance(cell, bytes) else cell.replace("\n", "\r\n").encode()
        quoted = any(c in cell for c in (b";", b'"', b"\r", b"\n"))
        cells.append(b'"' + cell.replace(b'"', b'""') + b'"' if quoted else cell)
    return b";".join(cells) + b"\r\n"


def spreadsheet(path):
    """Writes it; what is to be found: {(row, level, reason, column)}, and how many rows are to be refused."""
    kinds = bad_rows()
    rows = good_rows(200)
    out, wanted, refused, versions, known = b"\xef\xbb\xbf" + octets(HEADER), [], 0, 0, 0
    number = 1
    for i, row in enumerate(rows):
        cells = [row[h] for h in HEADER]
        number += 1
        if i == 3:
            out += b"\r\n" + b";" * (len(HEADER) - 1) + b"\r\n"  # an empty line, and a row of empty cells: rows to a spreadsheet
            number += 2
        if i % 8 == 7 and i // 8 < len(kinds):
            what, level, reason, column = kinds[i // 8]
            if isinstance(what, dict):
                cells = [what.get(h, row[h]) for h in HEADER]
            elif what == "few":
                cells = cells[:5]
            elif what == "many":
                cells.append("troppo")
            elif what == "twin":
                cells[2] = cells[2] + " (bis)"
                cells[:2] = [rows[0]["Numero"], rows[0]["Fonte"]]
                twin = cells
                versions += 1
            else:
                cells = twin
                known += 1
            wanted.append((number, level, reason, letter(column) if column else "Q"))
            refused += level == "refused"
        out += octets(cells)
    with open(path, "wb") as f:
        f.write(out)
    return wanted, refused, versions, known


def findings_of(document):
    found = set()
    for row in document["rows"]:
        found.add((row["row"], row["state"] if row["state"] == "refused" else "row", row["reason"], row.get("column")))
        for f in row.get("findings") or []:
            found.add((row["row"], f["level"], f["code"], f.get("column")))
    return found


def check_counts(document, wanted):
    counts = {key: document[key] for key in wanted}
    expect(counts == wanted, "%r, not %r" % (counts, wanted), json.dumps(document["rows"])[:3000].encode())


def story():
    os.umask(0o077)
    phrase = T + "/passphrase"
    with open(phrase, "w") as f:
        f.write("a passphrase of tests\n")
    p = ["--passphrase-file", phrase]
    status, out, err = specola("init", "--country", "IT", "--name", "Prova", "--found", "Prova", *p)
    expect(status == 0, "init", out, err)
    with open(T + "/casi.ini", "w") as f:
        f.write(MAP)
    sheet = T + "/casi.csv"
    wanted, refused, versions, known = spreadsheet(sheet)
    counts = {"read": 200, "published": 200 - refused - versions - known, "new_versions": versions, "known": known,
              "refused": refused}

    # The dry run names each finding by row and column, in the document and in words.
    status, out, err = specola("--json", "import", sheet, "--map", T + "/casi.ini", "--dry-run")
    expect(status == 9, "the dry run's status is %d" % status, out, err)
    foretold = json.loads(out)
    check_counts(foretold, counts)
    found = findings_of(foretold)
    for finding in wanted:
        expect(finding in found, "the dry run does not tell %r" % (finding,), json.dumps(sorted(map(str, found)))[:3000].encode())
    expect([c for c in foretold["columns"] if not c["fields"]] == [{"column": "P", "name": "Annotazioni", "fields": []}],
           "the column that nothing takes is not told")
    status, out, err = specola("-v", "import", sheet, "--map", T + "/casi.ini", "--dry-run")
    words = out.decode()
    for number, level, reason, column in wanted:
        name = HEADER[ord(column) - ord("A")] if column != "Q" else ""
        expect(any(line.startswith('row %d, column %s "%s": %s: %s: ' % (number, column, name, level, reason))
                   for line in words.split("\n")), "in words nothing tells %r" % ((number, level, reason, column),), out, err)
    expect('column P "Annotazioni"' in words, "the column that nothing takes is not told in words", out)
    status, out, err = specola("--json", "list", "case")
    expect(json.loads(out)["total"] == 0, "the dry run changed something", out)
    seen = on_terminal("import", sheet, "--map", T + "/casi.ini", "--dry-run")
    expect(ESC not in seen and b"would be published" in seen, "an ESC octet reached a terminal", seen)

    # The import does what it said: the same counts, the same rows refused.
    status, out, err = specola("--json", "import", sheet, "--map", T + "/casi.ini", *p)
    expect(status == 9, "the import's status is %d" % status, out, err)
    done = json.loads(out)
    check_counts(done, counts)
    expect(done["warnings"] == foretold["warnings"], "%d warnings, not %d" % (done["warnings"], foretold["warnings"]))
    rows = [[r["row"] for r in d["rows"] if r["state"] == "refused"] for d in (foretold, done)]
    expect(rows[0] == rows[1], "rows refused: %r, foretold: %r" % (rows[1], rows[0]))
    status, out, err = specola("--json", "import", sheet, "--map", T + "/casi.ini", "--dry-run")
    again = json.loads(out)
    expect(again["published"] == 0 and again["refused"] == refused, "a second time: %r" % again["published"])
    status, out, err = specola("verify")
    expect(status == 0, "verify", out, err)
    seen = on_terminal("list", "case", "-n", "0")
    expect(ESC not in seen, "an ESC octet of a title reached a terminal", seen)

    # What is exported comes back as it was.
    status, out, err = specola("export", "--to", "csv", "-o", T + "/esportati.csv")
    expect(status == 0, "export", out, err)
    status, out, err = specola("--json", "import", T + "/esportati.csv", *p)
    back = json.loads(out)
    expect(status == 0, "the export does not come back", out, err)
    check_counts(back, {"published": 0, "new_versions": 0, "refused": 0, "known": counts["published"]})


try:
    story()
finally:
    subprocess.run(["rm", "-rf", T], check=True)
