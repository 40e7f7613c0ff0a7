#!/usr/bin/python3
"""The pictures of docs/review.md: a reviewer's terminal and desk, as they are. usage: pictures.py [DIR] (docs/pictures); they are made
anew when what they show changes, by hand: what they show is tested by cli/review and web/story_desk. Needs Chromium, node and npm."""
import html
import os
import pty
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from chromium import browser_missing  # noqa: E402
import chromium  # noqa: E402
from desk import Desk  # noqa: E402
from lab import ROOT, SPECOLA, Lab  # noqa: E402

DRAFTS = ("it/spid", "it/bologna-beni-comuni", "it/torino-city-lab")
COLUMNS = 96
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; background: #1d2021; color: #ebdbb2; font: 15px/1.35 "DejaVu Sans Mono", monospace }}
pre {{ margin: 16px 20px }} b {{ color: #fff }} i {{ color: #a89984; font-style: normal }}</style><pre>{}</pre>"""
TONES = {"1": "<b>", "2": "<i>"}


def in_terminal(node, *words):
    """What a person sees, with the prompt and the command above it."""
    pieces = []
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(node.lab.env(node.config), TERM="xterm", COLUMNS=str(COLUMNS))
        os.system(f"stty cols {COLUMNS} rows 60")
        os.execv(SPECOLA, [SPECOLA, "--home", node.home, *words])
    while True:
        try:
            pieces.append(os.read(terminal, 65536))
        except OSError:
            break
    os.waitpid(pid, 0)
    shown = [word if re.fullmatch(r"[\w-]+", word) else f"'{word}'" for word in words if "passphrase" not in word]
    said, closing = [f"$ <b>specola {html.escape(' '.join(shown))}</b>\n"], []
    for part in re.split(r"(\x1b\[[0-9;]*m)", b"".join(pieces).decode().replace("\r", "")):
        if not part.startswith("\x1b"):
            said.append(html.escape(part))
            continue
        said += [closing.pop() for _ in range(len(closing))]
        for number in part[2:-1].split(";"):
            if number in TONES:
                said.append(TONES[number])
                closing.append(TONES[number].replace("<", "</"))
    return "".join(said)


def photograph(lab, text, path):
    page, profile = os.path.join(lab.dir, "terminal.html"), os.path.join(lab.dir, "terminal-profile")
    open(page, "w", encoding="utf-8").write(PAGE.format(text))
    rows = text.count("\n") + 1
    subprocess.run([shutil.which("chromium"), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}",
                    f"--screenshot={path}", f"--window-size={COLUMNS * 9 + 60},{int(rows * 20.25) + 36}", f"file://{page}"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)


def observatory(lab):
    secret = ("--passphrase-file", lab.passphrase())
    it, fr = lab.found("IT", "FR", "EE", "PT")[:2]
    for name in DRAFTS:
        it.run("publish", os.path.join(ROOT, f"cli/demo_cases/{name}.draft"), "--review", *secret)
    bundle, card = os.path.join(lab.dir, "it.bundle"), os.path.join(lab.dir, "fr.pub")
    it.run("export", "--to", "bundle", "-o", bundle)
    fr.run("import", bundle)
    fr.run("key", "show", "-o", card)
    fr.run("person", "certify", card, "--role", "reviewer", *secret)
    return fr, secret


def main():
    target = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "docs/pictures"))
    why = browser_missing()
    if why:
        print(f"skipped: {why}")
        sys.exit(77)
    os.makedirs(target, exist_ok=True)
    with Lab() as lab:
        fr, secret = observatory(lab)
        photograph(lab, in_terminal(fr, "queue"), os.path.join(target, "terminal-queue.png"))
        desk = Desk(fr, *secret)
        chromium.SHOTS = os.path.join(lab.dir, "shots")
        base = f"http://{desk.host}"
        acts = {"look": {"fill": {"#remark": "Of use to us, too."}, "press": 'form[action$="/look"] button', "shot": "_look"}}
        pages = [{"url": desk.url}, {"url": f"{base}/en/desk"}, {"url": f"{base}/en/IT-2", "act": acts["look"]}]
        chromium.visit(lab, [{"status": 200, "keyboard": 1280, "translation": False, **page} for page in pages])
        for file in sorted(os.listdir(chromium.SHOTS)):
            for end, name in (("en_desk-1280-light", "desk-queue"), ("IT_2_look-1280-light", "desk-sign")):
                if file.endswith(f"_{end}.png"):
                    shutil.copy(os.path.join(chromium.SHOTS, file), os.path.join(target, f"{name}.png"))
        assert desk.stop() == 0
        photograph(lab, in_terminal(fr, "endorse", "IT-2", "--language", "it", "--remark", "Of use to us, too.", "--yes", *secret),
                   os.path.join(target, "terminal-endorse.png"))


main()
