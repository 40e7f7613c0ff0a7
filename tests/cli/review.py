#!/usr/bin/env python3
"""docs/review.md, played: its commands run as they stand, in their order, each where the page says; what the page shows as their output is
their output. Words of fingerprints, ports and the line of the invitation are those of the day."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "../net"), os.path.join(HERE, "../web")]
from desk import Client, Desk, Form  # noqa: E402
from lab import ROOT, SPECOLA, Failed, Lab  # noqa: E402
from web import Web  # noqa: E402

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
WORDS = re.compile(r"\b([a-z]{5}-){7}[a-z]{5}\b")
PLACES = {"# at the node": "node", "# on your machine": "laptop", "# on the machine without a network": "cellar"}


def blocks():
    """(where, commands, what is shown of their output) of the page."""
    found, out = FENCE.findall(open(os.path.join(ROOT, "docs/review.md"), encoding="utf-8").read()), []
    for kind, text in found:
        if kind == "sh":
            first, _, commands = text.partition("\n")
            out.append([PLACES[first], commands, []])
        elif out and not out[-1][2] and not text.startswith("$ "):
            out[-1][2] = [line.strip() for line in text.splitlines() if line.strip() != "…"]
    return out


def program(folder, lab):
    """The program by its name, with the passphrase that a person would type."""
    os.makedirs(folder)
    path = os.path.join(folder, "specola")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\nexec '{SPECOLA}' --passphrase-file '{lab.passphrase()}' \"$@\"\n")
    os.chmod(path, 0o700)


def publish(lab, node):
    """One case for which a review is wanted, and one for which it is not."""
    for title, wanted in (("Laboratorio", ["--review"]), ("Altro", [])):
        path = os.path.join(lab.dir, "lab.draft")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"specola-draft 1 case\noriginal_lang: it\ntitle.it: {title}\nsummary.it: Una prova di una riga.\ncountry: IT\nlevel: local\n")
        node.run("publish", path, *wanted, "--passphrase-file", lab.passphrase())


def plain(text):
    return " ".join(WORDS.sub("WORDS", text).split())


def play(lab, pt, pages):
    bin_folder, desk = os.path.join(lab.dir, "bin"), os.path.join(lab.dir, "desk")
    program(bin_folder, lab)
    os.makedirs(desk)
    homes = {"node": (pt.home, pt.config), "laptop": (os.path.join(lab.dir, "laptop/home"), os.path.join(lab.dir, "laptop/config")),
             "cellar": (os.path.join(lab.dir, "nowhere"), os.path.join(lab.dir, "laptop/config"))}
    line, n_shown = None, 0
    for where, commands, shown in blocks():
        commands = commands.replace("http://127.0.0.1:7480", pages).replace("specola:join?o=...", line or "no line yet")
        home, config = homes[where]
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=desk, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**lab.env(config), "SPECOLA_HOME": home, "PATH": bin_folder + ":" + os.environ["PATH"]}, timeout=120, check=False)
        said = done.stdout.decode() + done.stderr.decode()
        if done.returncode != 0:
            raise Failed(f"{where}: {commands}: exit {done.returncode}\n{said}\n{pt.tail()}")
        line = next(iter(re.findall(r"^specola:join\?\S+", said, re.M)), line)
        for text in shown:
            assert plain(text) in plain(said), (text, said)
            n_shown += 1
    return n_shown


class Laptop:
    """Where the person of the page sits: a home without a node."""

    def __init__(self, lab):
        self.lab, self.home, self.config = lab, os.path.join(lab.dir, "laptop/home"), os.path.join(lab.dir, "laptop/config")


def at_the_desk(lab, pt):
    """The same at the desk: taken back, signed again; what is signed while the node is away waits."""
    desk = Desk(Laptop(lab))
    try:
        client = Client(desk)
        assert client.enter()[0] == 303 and "node ?" not in client.page("/en/desk")
        shown = client.send(Form(client.page("/en/IT-2"), "withdraw"))[2]
        desk.wait_for(r"not shown\): ", begin=0)
        desk.type(open(lab.passphrase(), encoding="utf-8").readline())
        desk.wait_for("open for 15 min", begin=0)
        headers = client.send(Form(shown, "take-back"))[1]
        assert "Taken back, in the log at PT-" in client.page(headers["Location"])
        shown = client.send(Form(client.page("/en/IT-2"), "look"), {"remark": "used in Lisbon, too", "language": "it"})[2]
        assert "Reviewer, Lisbon, PT" in shown, shown
        headers = client.send(Form(shown, "sign"))[1]
        assert "Signed, and in the log at PT-" in client.page(headers["Location"])
        pt.stop()
        headers = client.send(Form(client.send(Form(client.page("/en/IT-3"), "withdraw"))[2], "take-back"))[1]
        assert "waits in the outbox" in client.page(headers["Location"])
    finally:
        assert desk.stop() == 0, desk.said


def main():
    with Lab() as lab:
        it, _, pt = lab.found("IT", "FR", "PT")
        publish(lab, it)
        bundle = os.path.join(lab.dir, "it.bundle")
        it.run("export", "--to", "bundle", "-o", bundle)
        pt.run("import", bundle)
        pt.serve()
        web = Web(pt).ready()
        n_shown = play(lab, pt, f"http://{web.host}:{web.port}")
        at_the_desk(lab, pt)
        found = [e for e in pt.json("show", "IT-2")["endorsement"]["statements"][0]["endorsements"] if e["counts"]]
        assert [(e["handle"], e["language"], e["remark"]) for e in found] == [("PT", "it", {"en": "used in Lisbon, too"})], found
        assert n_shown > 8, n_shown


main()
