#!/usr/bin/python3
"""`specola new KIND` at a terminal: question by question, in English and Italian, for a kind of the program and for one that it does
not know; wrong answers are told at once; back, skip, stop and go on; whatever ends it, the answers are in the draft."""
import os, pty, select, subprocess, sys, tempfile, time

PROGRAM = os.environ["SPECOLA"]
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
T = tempfile.mkdtemp(prefix="specola-story.")
ENV = dict(os.environ, HOME=T, XDG_CONFIG_HOME=T + "/config", LC_ALL="C.UTF-8", TERM="xterm", NO_COLOR="1",
           SPECOLA_TEST_FAST_KEYS="1")
for name in ("SPECOLA_HOME", "XDG_DATA_HOME", "LANG"):
    ENV.pop(name, None)


class Terminal:
    """A program at a terminal, in a folder; what it says is waited for, never slept for."""

    def __init__(self, folder, *words):
        self.seen, self.at = "", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(PROGRAM, [PROGRAM, *words], ENV)

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            part = os.read(self.fd, 65536)
        except OSError:
            part = b""
        self.seen += part.decode("utf-8", "replace").replace("\r\n", "\n")
        return part != b""

    def expect(self, text):
        """Waits until text is said, behind what was expected before."""
        end = time.monotonic() + 20
        while text not in self.seen[self.at:]:
            if time.monotonic() > end or not self.read(end - time.monotonic()):
                sys.exit("interview: '%s' was not said, but: %s" % (text, self.seen[self.at:][-3000:]))
        self.at = self.seen.index(text, self.at) + len(text)

    def say(self, *lines):
        for line in lines:
            os.write(self.fd, line.encode() + b"\n")

    def answer(self, question, *lines):
        self.expect(question)
        self.expect("> ")
        self.say(*lines)

    def control(self, letter):
        os.write(self.fd, bytes([ord(letter) - 64]))

    def end(self, status=0):
        while self.read(20):
            pass
        found = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        if found != status:
            sys.exit("interview: exit status %d: %s" % (found, self.seen[-3000:]))
        if "\x1b" in self.seen:
            sys.exit("interview: an ESC octet on a terminal without colours")
        return self.seen


def draft(folder, name):
    with open(os.path.join(folder, name), encoding="utf-8") as f:
        return f.read()


def has(text, *lines):
    for line in lines:
        if line not in text.split("\n"):
            sys.exit("interview: the draft lacks '%s':\n%s" % (line, text))


def lacks(text, word):
    if word in text:
        sys.exit("interview: the draft has '%s':\n%s" % (word, text))


def folder(name):
    path = os.path.join(T, name)
    os.mkdir(path)
    return path


def in_english():
    f = folder("en")
    t = Terminal(f, "--lang", "en", "new", "case")
    t.expect("saved in case.draft")
    t.expect("1/")
    t.expect("Title")
    t.expect("Needed to publish. At most 200 characters.")
    t.expect("Example:")
    t.answer("", "T" * 201)
    t.expect("201 characters, at most 200")
    t.expect("Enter keeps it")
    t.answer("", "A library of bicycles")
    t.answer("Summary", "<")  # back to the title, which stays
    t.expect("A library of bicycles")
    t.answer("", "")
    t.answer("Summary", "Bicycles are lent.", "", "# And mended.", ".")
    t.expect("Country")
    t.answer("", "atlantis")
    t.expect("nothing is called")
    t.answer("", "korea")
    t.answer("which of these?", "ital")
    t.expect("Level of government")
    t.answer("", "regional")
    t.expect("what is needed to publish")  # the overview is not asked for: there is a summary
    t.say("y")
    t.answer("Licence", "")
    t.answer("Organisation", "-")
    t.answer("Type of organisation", "?")
    t.expect("Sectors")
    t.answer("", "01.3, housing")
    t.answer("", "")
    t.answer("Types of innovation", "1, 3")
    t.answer("", "")
    t.expect("Keywords")
    t.expect("3-20 values")
    t.answer("", "bicycles")
    t.answer("", "library")
    t.answer("", "")
    t.answer("fewer than 3 values", "")  # lacking, not wrong: it may stay
    t.expect("Started")
    t.expect("> ")
    t.control("D")
    t.expect("% complete")
    t.expect("next:")
    t.expect("specola publish case.draft")
    t.end()
    text = draft(f, "case.draft")
    has(text, "specola-draft 1 case", "original_lang: en", "title.en: A library of bicycles", "## summary.en", "Bicycles are lent.",
        "\\# And mended.", "country: IT", "level: regional", "organisation: -", "organisation_type: ?", "- 01.3", "- bicycles",
        "- library")
    lacks(text, "overview")

    # Go on with it: what is answered is not asked again. Wrong forms are told.
    t = Terminal(f, "--lang", "en", "new", "--resume", "case.draft")
    t.expect("what is needed to publish")
    t.say("y")
    t.answer("Licence", "cc-by")
    t.answer("which of these?", "CC-BY-4.0")
    t.expect("Started")
    t.answer("", "in May")
    t.expect("'in May' is no date")
    t.answer("", "2020-13")
    t.expect("no date")
    t.answer("", "2020-05")
    t.answer("Stages", "!")
    t.expect("More answers:")
    t.end()
    has(draft(f, "case.draft"), "license: CC-BY-4.0", "year_started: 2020-05", "title.en: A library of bicycles")
    found = subprocess.run([PROGRAM, "check", "case.draft"], cwd=f, env=ENV, capture_output=True, text=True)
    if found.returncode != 0:
        sys.exit("interview: the draft cannot be published: %s %s" % (found.stdout, found.stderr))


def in_italian():
    f = folder("it")
    with open(os.path.join(f, "case.draft"), "w") as other:
        other.write("somebody else's")
    t = Terminal(f, "--lang", "it", "new", "case", "--express")
    t.expect("case-2.draft")
    t.expect("Titolo")
    t.expect("Necessario per pubblicare. Al massimo 200 caratteri.")
    t.answer("Esempio:", "Una biblioteca di biciclette")
    t.answer("Sintesi", "Si prestano biciclette,")
    t.expect("\n. ")
    t.say("e si aggiustano")
    t.expect("\n. ")
    t.control("C")  # in the middle of a text: what was said of it stays
    t.expect("% completo")
    t.expect("refused: country")
    t.expect("specola new --resume case-2.draft")
    t.end()
    text = draft(f, "case-2.draft")
    has(text, "title.it: Una biblioteca di biciclette", "## summary.it", "Si prestano biciclette,", "e si aggiustano")
    has(draft(f, "case.draft"), "somebody else's")
    t = Terminal(f, "--lang", "it", "new", "--resume", "case-2.draft", "--express")
    t.answer("Paese", "Italia")
    t.answer("Livello di governo", "")
    t.expect("refused: level")
    t.end()
    has(draft(f, "case-2.draft"), "country: IT")


def an_unknown_kind():
    f = folder("kind")
    home = os.path.join(f, "home")
    phrase = os.path.join(f, "passphrase")
    with open(phrase, "w") as out:
        out.write("a passphrase of tests\n")
    os.chmod(phrase, 0o600)
    subprocess.run([PROGRAM, "--home", home, "init", "--country", "IT", "--name", "Prova", "--found", "Prova",
                    "--passphrase-file", phrase], env=ENV, check=True, capture_output=True)
    os.makedirs(os.path.join(home, "schema", "vocab"))
    for name in ("bicycle.schema", "bicycle.tsv", "vocab/frame_type.tsv"):
        with open(os.path.join(SOURCE, "tests/schema", name), "rb") as a, open(os.path.join(home, "schema", name), "wb") as b:
            b.write(a.read())
    t = Terminal(f, "--lang", "it", "--home", home, "new", "bicycle")
    t.expect("Bicicletta")
    t.answer("Nome", "Rondine")
    t.answer("Paese", "IT")
    t.expect("continuare ora?")
    t.say("s")
    t.answer("Telaio", "2")
    t.expect("continuare ora?")  # the battery is not asked for: nobody said that there is a motor
    t.say("s")
    t.answer("Storia", "")
    t.answer("Con motore", "forse")
    t.answer("sì o no", "No")
    t.answer("Chilometri", "molti")
    t.expect("number")
    t.answer("", "12,5")
    t.expect("number")
    t.answer("", "+0012.50")
    t.answer("Costruita", "")
    t.answer("Parole chiave", "")
    t.expect("Riparazioni: 1.")
    t.say("s")
    t.answer("Che cosa", "Pedale")
    t.answer("Quando", "<")
    t.answer("Ora (Invio lo lascia): Pedale", "Pedale sinistro")
    t.answer("Quando", "2021")
    t.answer("Costo", "10")
    t.expect("Riparazioni: 2.")
    t.say("")
    t.answer("Vista in", "IT-1", "")
    t.answer("refused: ", "")
    t.expect("% completo")
    t.end()
    has(draft(f, "bicycle.draft"), "name.it: Rondine", "country: IT", "electric: false", "kilometres: 12.5",
        "repairs.1.label.it: Pedale sinistro", "repairs.1.date: 2021", "repairs.1.cost: 10")
    found = subprocess.run([PROGRAM, "--home", home, "check", "bicycle.draft"], cwd=f, env=ENV, capture_output=True, text=True)
    if found.returncode != 0:
        sys.exit("interview: the bicycle cannot be published: %s" % found.stdout)


def without_a_terminal():
    f = folder("none")
    for words in (["new", "case"], ["--no-input", "new", "case"], ["--json", "new", "case"]):
        found = subprocess.run([PROGRAM, *words], cwd=f, env=ENV, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if found.returncode != 0 or "specola-draft 1 case" not in found.stdout or os.listdir(f):
            sys.exit("interview: without a terminal: %s %s" % (found.stdout[:500], found.stderr))
    t = Terminal(f, "--no-input", "new", "case")
    t.expect("specola-draft 1 case")
    t.end()
    t = Terminal(f, "new", "case", "-o", "x.draft")
    t.expect("x.draft")
    t.end()
    found = subprocess.run([PROGRAM, "new", "--resume", "x.draft"], cwd=f, env=ENV, stdin=subprocess.DEVNULL, capture_output=True)
    if found.returncode != 4:
        sys.exit("interview: --resume without a terminal: %d" % found.returncode)


try:
    for part in (in_english, in_italian, an_unknown_kind, without_a_terminal):
        part()
finally:
    subprocess.run(["rm", "-rf", T], check=True)
