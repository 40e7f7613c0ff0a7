#!/usr/bin/python3
"""Every point at which a command writes: there it is killed, or the system call fails (EIO once; ENOSPC from then on); and every
point at which it asks for memory: there it gets none (once; from then on). Whatever the point, what was there before is there still and verifies, nothing is half visible, the same command then works or says that it was
done, and nothing is left lying about.

Point n is the n-th writing system call (strike.c), or the n-th allocation (starve.c). Every day a fault each of a third of the commands;
SPECOLA_CRASH_POINTS=N: N faults each of all commands; "all": all faults. usage: points.py [--seed S] [--only COMMAND] [--fault FAULT]"""
import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "net"))
from lab import ROOT, SPECOLA, Lab, skip  # noqa: E402

FAULTS = ("kill", "io", "full", "starve", "starve on")
STARVE = os.environ.get("SPECOLA_STARVE", os.path.join(ROOT, ".build/dev/tests/crash/libstarve.so"))
STRIKE = os.environ.get("SPECOLA_STRIKE", os.path.join(ROOT, ".build/dev/tests/crash/strike"))
COMPANIONS = re.compile(r"store\.(db|lock|db-wal|db-shm)$|backup\.time\.new-")  # of a store; of a note that the next backup writes anew


class Command:
    """One row: what is run in a copy of the setting, and what its repetition may say if it was done already.

    sizes: the entries that the own log, all its generations, may have afterwards; the last one (ended: one of these) when it is done. made: files that are there when it is done.
    said: what the repetition says when it ends otherwise than with 0; then: the way on that it names, if something is missing.
    after: what works behind it; tells: what that says. aside: files that may be there besides."""

    def __init__(self, name, setting, words, sizes=(), made=(), said=None, then=None, who="IT", ended=None, after=None, tells="",
                 aside=None):
        self.name, self.setting, self.words, self.who = name, setting, words, who
        self.sizes, self.made, self.said, self.then = sizes, made, said, then
        self.after, self.tells, self.aside = after, tells, aside
        self.ended = ended or sizes[-1:]


SECRET = "--passphrase-file ../passphrase"
AT = "--at https://node.example.org"
INIT = "init --country IT --name Prova --listen tcp://127.0.0.1:0"
COMMANDS = (
    Command("init --found", "empty", f"{INIT} --found Prova {SECRET}", (None, 0, 1, 2), ("IT/home/observatory.charter",), "a node already"),
    Command("init --root", "roots", f"{INIT} --root IT.root --out IT.identity {SECRET}", (), ("IT.identity",), "a node already"),
    Command("root new", "empty", f"root new --name XX --keys 3 {SECRET}", (), ("XX-1.key", "XX-2.key", "XX-3.key", "XX.root"), "exists"),
    Command("key new", "empty", f"key new --name Me -o me.pub {SECRET}", (), ("IT/config/specola/person.key", "me.pub"),
            "you have a key already", then="key show -o me.pub"),
    Command("key new --replace", "alone", f"key new --replace -o me.pub {SECRET}", (4,), ("IT/config/specola/person.key", "me.pub"), "exists",
            after="key show", tells=" Prova$", aside=r"person\.key\.\w{5}-\w{5}$"),
    Command("found", "requests", "found Prova IT.identity FR.identity --out two.charter", (), ("two.charter",), "exists"),
    Command("root sign", "unsigned", f"root sign two.charter --key IT-1.key {SECRET}", (), ("two.charter",)),
    Command("join", "signed", "join two.charter", (None, 0, 1, 2), ("IT/home/observatory.charter",), "joined an observatory already"),
    Command("join as a guest", "admitted", "join it.bundle", (None, 0, 1, 2), ("FR/home/observatory.charter",), "joined an observatory already",
            who="FR", after=f"publish new.draft {SECRET}"),
    Command("publish", "alone", f"publish new.draft {SECRET}", (4, 5)),
    Command("publish --replaces", "alone", f"publish new.draft --replaces IT-2 {SECRET}", (4, 5)),
    Command("withdraw", "alone", f"withdraw IT-2 --yes {SECRET}", (4, 5)),
    Command("import rows", "alone", f"import rows.ndjson {SECRET}", tuple(range(4, 305))),
    Command("import a bundle", "other", "import it.bundle", (2,), who="FR"),
    Command("person certify", "alone", "person certify editor.pub --role editor", (4, 5)),
    Command("person revoke", "certified", "person revoke editor.pub --yes", (5, 6), said="revoked already"),
    Command("key revoke", "alone", f"key revoke --yes {SECRET}", (4, 5), said="your key was revoked"),
    Command("invite", "alone", f"invite --for editor {AT}", (4,), after="invite cancel 1", tells="taken back"),
    Command("invite confirm", "asked", "invite confirm 1 --yes", (4, 5), said="certified already", after="invite list", tells=r"\bused\b"),
    Command("invite cancel", "asked", "invite cancel 1", (4,), after="invite list", tells=r"\bcancelled\b"),
    Command("member propose", "asking", "member propose FR.identity --yes", (4, 5, 6, 7), said="member",
            after="member list", tells="List no. 2: 2 members"),
    Command("member propose --remove", "members", "member propose --remove FR -o FR.change", (3,), ("FR.change",), "exists"),
    Command("root sign a change", "removing", f"root sign FR.change --key IT-1.key {SECRET}", (), ("FR.change",),
            after="member vote FR.change --yes", tells="consents to remove FR"),
    Command("endorse", "members", f"endorse IT-2 --yes {SECRET}", (3, 4), who="FR", after="show IT-2", tells="Endorsed .*1 of 1"),
    Command("endorse --withdraw", "endorsed", f"endorse IT-2 --withdraw --yes {SECRET}", (4, 5), said="you have not endorsed", who="FR",
            after="show IT-2", tells="0 of 1"),
    Command("statement", "members", "statement IT-2 -o IT-2.statement", (3,), ("IT-2.statement",), "exists", who="FR"),
    Command("sign", "stated", f"sign IT-2.statement -o IT-2.signed --yes {SECRET}", (3,), ("IT-2.signed",), "exists", who="FR",
            after="import IT-2.signed", tells="in the log at FR-3"),
    Command("new", "empty", "new case -o lab.draft", (), ("lab.draft",), "exists"),
    Command("edit -o", "alone", "edit IT-2 -o lab.draft", (4,), ("lab.draft",), "exists"),
    Command("edit", "edited", f"edit IT-2 lab.draft {SECRET}", (4, 5), after="show IT-2", tells="Nuovissima"),
    Command("hide", "alone", "hide IT-2 --reason rights", (4,), after="hide IT-2 --undo"),
    Command("hide --undo", "hidden", "hide IT-2 --undo", (4,), said="is not hidden", after="list case", tells="Vecchia"),
    Command("scrub", "alone", "scrub", (4,)),
    Command("key backup", "alone", "key backup stick", (4,), ("stick/node.key", "stick/IT-1.key", "stick/person.key")),
    Command("key backup --move", "alone", "key backup stick --move", (4,), ("stick/node.key", "stick/IT-1.key", "stick/IT-2.key")),
    Command("key show", "alone", "key show -o me.pub", (4,), ("me.pub",), "exists"),
    Command("key rotate --node", "alone", "key rotate --node --out IT.rotation", (4,), ("IT.rotation", "IT/home/node.next.key")),
    Command("key rotate --curve", "alone", "key rotate --curve --out IT.rotation", (4,), ("IT.rotation", "IT/home/curve.next.key")),
    Command("key rotate NODE", "rotating", "key rotate node.rotation", (4, 5), after=f"publish new.draft {SECRET}"),
    Command("key rotate CURVE", "rotating", "key rotate curve.rotation", (4, 5), after=f"publish new.draft {SECRET}"),
    Command("backup", "alone", "backup node.backup --keys all", (4,), ("node.backup",), "is there already"),
    Command("restore", "copied", f"restore node.backup {SECRET}", (None, 4), ("IT/home/node.ini",), "is not empty"),
    Command("takedown", "alone", f"takedown IT-2 --reason mistake --yes {SECRET}", (4, 5, 6), (), "taken down already", ended=(5, 6)),
    Command("export a bundle", "alone", "export --to bundle -o out.bundle", (4,), ("out.bundle",), "exists"),
    Command("export rows", "alone", "export --to ndjson.zst --force -o rows.ndjson", (4,), ("rows.ndjson",)),
    Command("rebuild", "alone", "rebuild", (4,)),
)


class Workshop:
    """Settings are made once; each run works in a copy."""

    def __init__(self, lab):
        self.lab, self.work, self.reached = lab, os.path.join(lab.dir, "work"), os.path.join(lab.dir, "reached")
        self.made = {}
        lab.passphrase()

    def environment(self, who="IT"):
        config = os.path.join(self.work, who, "config")
        return {**self.lab.env(config), "SPECOLA_HOME": os.path.join(self.work, who, "home")}

    def run(self, words, who="IT", prefix=(), **environment):
        """(exit status, negative for a signal; stderr and stdout) of a command in the copy."""
        os.makedirs(os.path.join(self.work, who, "config"), mode=0o700, exist_ok=True)
        done = subprocess.run([*prefix, SPECOLA, "--no-input", *words.split()], cwd=self.work,
                              env={**self.environment(who), **environment},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
        return done.returncode, done.stdout.decode(errors="replace")

    def must(self, words, who="IT"):
        code, said = self.run(words, who)
        assert code == 0, f"{words}: {code}\n{said}"
        return said

    def draft(self, name, title):
        with open(os.path.join(self.work, name), "w", encoding="utf-8") as file:
            file.write(f"specola-draft 1 case\noriginal_lang: it\ntitle.it: {title}\nsummary.it: Una prova.\ncountry: IT\nlevel: local\n")

    # Settings: each begins where another one ended.
    def empty(self):
        os.makedirs(self.work, mode=0o700)

    def roots(self):
        self.enter("empty")
        for handle in ("IT", "FR"):
            self.must(f"root new --name {handle} {SECRET}")

    def requests(self):
        self.enter("roots")
        for handle in ("IT", "FR"):
            self.must(f"init --country {handle} --name Prova --listen tcp://127.0.0.1:0 --root {handle}.root --out {handle}.identity {SECRET}", handle)

    def unsigned(self):
        self.enter("requests")
        self.must("found Prova IT.identity FR.identity --out two.charter")

    def signed(self):
        self.enter("unsigned")
        for handle in ("IT", "FR"):
            self.must(f"root sign two.charter --key {handle}-1.key {SECRET}")

    def other(self):
        self.enter("signed")
        for handle in ("IT", "FR"):
            self.must("join two.charter", handle)
        self.rows(300)
        self.must(f"import rows.ndjson {SECRET}")
        self.must("export --to bundle -o it.bundle")

    def alone(self):
        self.enter("empty")
        self.must(f"{INIT} --found Prova {SECRET}")
        self.must(f"key new --name Other -o editor.pub {SECRET}", "other")
        self.draft("old.draft", "Vecchia")
        self.draft("older.draft", "Antica")
        self.must(f"publish old.draft older.draft {SECRET}")
        self.draft("new.draft", "Nuova")
        self.rows(300)
        os.mkdir(os.path.join(self.work, "stick"))

    def admitted(self):
        """FR is a member, and does not know it yet."""
        self.enter("alone")
        self.must(f"root new --name FR {SECRET}")
        self.must(f"init --country FR --name Prova --listen tcp://127.0.0.1:0 --root FR.root --out FR.identity {SECRET}", "FR")
        self.must(f"root sign FR.identity --for IT/home/observatory.charter --key FR-1.key {SECRET}")
        self.must("member propose FR.identity --yes")
        self.must("export --to bundle -o it.bundle")
        with open(os.path.join(self.work, "FR/home/guest"), "w", encoding="utf-8") as file:
            file.write("http://127.0.0.1:9")

    def asking(self):
        """FR would be a member."""
        self.enter("alone")
        self.must(f"root new --name FR {SECRET}")
        self.must(f"init --country FR --name Prova --listen tcp://127.0.0.1:0 --root FR.root --out FR.identity {SECRET}", "FR")
        self.must(f"root sign FR.identity --for IT/home/observatory.charter --key FR-1.key {SECRET}")

    def certified(self):
        self.enter("alone")
        self.must("person certify editor.pub --role editor")

    def asked(self):
        """Somebody has followed an invitation, and waits for the coordinator's word."""
        self.enter("alone")
        with subprocess.Popen([SPECOLA, "serve"], env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as node:
            try:
                self.lab.until(lambda: self.pages() is not None, 30, "IT shows its pages")
                pages = self.pages()
                made = json.loads(self.must(f"--json invite --for editor --confirm --at {pages}"))
                code, said = self.run(f"join {made['line']} --name Ana --yes {SECRET}", "ana")
                assert code == 7 and "waits for its coordinator" in said, f"{code}\n{said}"
            finally:
                node.terminate()
        shutil.rmtree(os.path.join(self.work, "ana"))

    def pages(self):
        """Where IT shows its pages, once it does."""
        code, said = self.run("status")
        try:
            with open(os.path.join(self.work, "IT/home/run/ports"), encoding="utf-8") as file:
                ports = file.read().split()
        except OSError:
            return None
        return next((port for port in ports if port.startswith("http")), None) if code == 0 and ", serving" in said else None

    def members(self):
        """Two, and FR's coordinator reviews what IT publishes."""
        self.enter("signed")
        for handle in ("IT", "FR"):
            self.must("join two.charter", handle)
        self.draft("old.draft", "Vecchia")
        self.must(f"publish old.draft --review {SECRET}")
        self.must("export --to bundle -o it.bundle")
        self.must("import it.bundle", "FR")
        self.must("key show -o fr.pub", "FR")
        self.must("person certify fr.pub --role editor --role reviewer", "FR")

    def endorsed(self):
        self.enter("members")
        self.must(f"endorse IT-2 --yes {SECRET}", "FR")

    def stated(self):
        self.enter("members")
        self.must("statement IT-2 -o IT-2.statement", "FR")

    def removing(self):
        self.enter("members")
        self.must("member propose --remove FR -o FR.change")

    def edited(self):
        self.enter("alone")
        self.must("edit IT-2 -o lab.draft")
        path = os.path.join(self.work, "lab.draft")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("Vecchia", "Nuovissima"))

    def hidden(self):
        self.enter("alone")
        self.must("hide IT-2 --reason rights")

    def rotating(self):
        self.enter("alone")
        for what in ("node", "curve"):
            self.must(f"key rotate --{what} --out {what}.rotation")
            self.must(f"root sign {what}.rotation --key IT/home/IT-1.key {SECRET}")

    def copied(self):
        """A backup, and an empty folder."""
        self.enter("alone")
        self.must("backup node.backup --keys all")
        shutil.rmtree(os.path.join(self.work, "IT"))

    def rows(self, n):
        with open(os.path.join(self.work, "rows.ndjson"), "w", encoding="utf-8") as file:
            for i in range(n):
                file.write(json.dumps({"title": {"en": f"Row {i}"}, "summary": {"en": "A case."}, "country": "IT", "level": "local",
                                       "source": "rows", "source_id": str(i), "original_lang": "en"}) + "\n")

    def enter(self, setting):
        """Makes the work folder a copy of the setting."""
        if setting not in self.made:
            shutil.rmtree(self.work, ignore_errors=True)
            getattr(self, setting)()
            self.made[setting] = os.path.join(self.lab.dir, "setting-" + setting)
            os.rename(self.work, self.made[setting])
        shutil.rmtree(self.work, ignore_errors=True)
        subprocess.run(["cp", "-a", self.made[setting], self.work], check=True)

    def names(self):
        found = set()
        for folder, folders, files in os.walk(self.work):
            found.update(os.path.relpath(os.path.join(folder, name), self.work) for name in files + folders if not COMPANIONS.match(name))
        return found

    def size(self, who):
        """The entries of the own log, all its generations; None: there is none yet."""
        code, said = self.run("--json status", who)
        if code == 10:
            return None
        assert code == 0, f"status: {code}\n{said}"
        return sum(log["size"] for log in json.loads(said)["logs"] if log["handle"] == who)

    def strike(self, command, fault, point):
        """(exit status, what was said, number of points that were reached)."""
        if fault.startswith("starve"):
            on = {"STARVE_ON": "1"} if fault == "starve on" else {}
            code, said = self.run(command.words, command.who, LD_PRELOAD=STARVE, STARVE_AT=str(point), STARVE_FILE=self.reached, **on)
        else:
            code, said = self.run(command.words, command.who, (STRIKE, self.reached, fault, str(point)))
        return code, said, int(open(self.reached, encoding="utf-8").read())


def check_whole(shop, command, when):
    """Nothing that was there is lost, and nothing is half there."""
    if not command.sizes:
        return None
    size = shop.size(command.who)
    assert size in command.sizes, f"{when}: the log has {size} entries"
    if size:
        code, said = shop.run("verify", command.who)
        assert code == 0, f"{when}: verify: {code}\n{said}"
    return size


def strike(shop, command, fault, point, names):
    """Runs the command with one fault, looks at what is left, and repeats it. Returns whether it was reached."""
    shop.enter(command.setting)
    code, said, reached = shop.strike(command, fault, point)
    struck = code != 0
    if reached < point:
        assert not struck, f"it ended with {code} by itself\n{said}"
    elif fault == "kill":
        assert code == 137, f"killed, it ended with {code}\n{said}"
    elif struck:
        assert code in (1, 8, 9, 11) or (code == 7 and re.search("queued|is not written now", said)), f"it ended with {code}\n{said}"
        assert re.search(r"specola: \S", said), f"it failed without a word\n{said}"
    before = check_whole(shop, command, "behind the fault")
    if not struck:  # the fault was survived: then it is done
        assert before is None or before in command.ended, f"it says that it is done, and the log has {before} entries"
    again, words = shop.run(command.words, command.who)
    if again != 0:
        assert command.said is not None and re.search(command.said, words), f"the repetition ended with {again}\n{words}"
        if command.then is not None and not all(os.path.exists(os.path.join(shop.work, path)) for path in command.made):
            assert "specola " + command.then.rsplit(" ", 1)[0] in words, f"the way on is not named\n{words}"
            shop.must(command.then, command.who)
    after = check_whole(shop, command, "behind the repetition")
    assert after is None or after in command.ended, f"behind the repetition the log has {after} entries"
    for path in command.made:
        assert os.path.exists(os.path.join(shop.work, path)), f"{path} is not there behind the repetition\n{words}"
    litter = {name for name in shop.names() - names if command.aside is None or not re.search(command.aside, name)}
    assert not litter, f"left lying about: {sorted(litter)}"
    if command.after is not None:
        told = shop.must(command.after, command.who)
        assert re.search(command.tells, told, re.M), f"{command.after}:\n{told}"
    return reached >= point


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--only", choices=[command.name for command in COMMANDS])
    parser.add_argument("--fault", choices=FAULTS)
    options = parser.parse_args()
    wish = os.environ.get("SPECOLA_CRASH_POINTS", "")
    chance = random.Random(options.seed)
    print(f"seed {options.seed}")
    if os.access("/dev/shm", os.W_OK):  # nothing here asks what a disk keeps; fsync is free there
        tempfile.tempdir = "/dev/shm"
    bad, total, start = [], 0, time.monotonic()
    with Lab() as lab:
        shop = Workshop(lab)
        for command in COMMANDS if wish or options.only else chance.sample(COMMANDS, len(COMMANDS) // 3):
            if options.only not in (None, command.name):
                continue
            shop.enter(command.setting)
            code, said, points = shop.strike(command, "io", 0)
            if code == 125:
                skip("this kernel does not say which system calls are made (seccomp)")
            assert code == 0, f"{command.words}: {code}\n{said}"
            names = shop.names()
            shop.enter(command.setting)
            code, said, allocations = shop.strike(command, "starve", 0)
            assert code == 0, f"{command.words}: {code}\n{said}"
            faults = [options.fault] if options.fault else FAULTS
            if wish == "all":
                rows = [(fault, n) for fault in faults for n in range(1, (allocations if fault.startswith("starve") else points) + 1)]
            else:
                rows = [(fault, chance.randint(1, allocations if fault.startswith("starve") else points))
                        for fault in (chance.choice(faults) for _ in range(int(wish or 1)))]
            reached = 0
            for fault, point in rows:
                try:
                    reached += strike(shop, command, fault, point, names)
                except AssertionError as error:
                    bad.append(f"{command.name}: {fault} at {point}: {error}")
                    print(bad[-1], flush=True)
            total += len(rows)
            print(f"{command.name}: {points} writes, {allocations} allocations, {len(rows)} faults, {reached} reached", flush=True)
    print(f"{total} faults in {time.monotonic() - start:.1f} s, {len(bad)} bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
