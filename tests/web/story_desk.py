#!/usr/bin/python3
"""The reviewer's desk: who is turned away from it, what is signed there and only there, and how it looks and works in Chromium by keys
alone, wide and narrow: each of its own pages, and each act in both languages. SPECOLA_SHOTS=DIR visits all pages in both, and keeps pictures."""
import json
import os
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from desk import Client, Desk, Form  # noqa: E402
from page import Page  # noqa: E402
from chromium import SHOTS, browser_missing, visit  # noqa: E402
from lab import Lab  # noqa: E402

REMARK = "Used in <b>Paris</b>, too"


def draft(lab, title, more=""):
    path = os.path.join(lab.dir, "lab.draft")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"specola-draft 1 case\ntitle.en: {title}\ntitle.it: {title}\nsummary.en: A test of one line.\ncountry: IT\nlevel: local\n{more}")
    return path


def carry(lab, source, target):
    path = os.path.join(lab.dir, f"{source.handle}.bundle")
    source.run("export", "--to", "bundle", "-o", path, "--force")
    target.run("import", path)


def observatory(lab):
    """IT published two cases that want a review; the coordinator of FR is its reviewer, too."""
    secret = ("--passphrase-file", lab.passphrase())
    it, fr = lab.found("IT", "FR")
    it.run("publish", draft(lab, "Innovation Lab of the region"), "--review", *secret)
    it.run("publish", draft(lab, "Another one"), "--review", *secret)
    carry(lab, it, fr)
    card = os.path.join(lab.dir, "fr.pub")
    fr.run("key", "show", "-o", card)
    fr.run("person", "certify", card, "--role", "reviewer", *secret)
    return it, fr, secret


def turned_away(client, method="GET", path="/en/desk", **options):
    status, headers, text = client.ask(method, path, **options)
    assert status in (400, 403, 421), (status, method, path, options)
    assert "Set-Cookie" not in headers and "IT-2" not in text and "Prova" not in text, text


def strangers(desk):
    """Nobody who did not open the address gets a word of it."""
    nobody = Client(desk)
    for path in ("/", "/en/desk", "/it/desk/signed", "/en/IT-2", "/en/cases.json", "/style.css", "/sync", "/metrics", "/?token=" + "0" * 32, "/?token="):
        turned_away(nobody, path=path)
    turned_away(nobody, path=desk.url[desk.url.index("/?"):], headers={"Sec-Fetch-Site": "cross-site"})
    turned_away(nobody, path=desk.url[desk.url.index("/?"):], headers={"X-Forwarded-For": "192.0.2.1"})
    turned_away(nobody, path=desk.url[desk.url.index("/?"):], host="evil.example.org")
    turned_away(nobody, "POST", "/en/desk/IT-2/look", body={"form": "0" * 32})


def other_user(desk):
    """Another user of this machine has the address, and gets not one octet."""
    if os.geteuid() != 0:
        print("skipped: nobody else can be had here")
        return
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            status = str(Client(desk).enter()[0])
        except OSError as e:
            status = type(e).__name__
        os.write(send, status.encode())
        os._exit(0)
    os.waitpid(child, 0)
    said = os.read(receive, 100).decode()
    assert said in ("RemoteDisconnected", "ConnectionResetError", "BrokenPipeError"), said


def let_in(desk):
    one, two = Client(desk), Client(desk)
    status, headers, _ = one.enter()
    assert status == 303 and headers["Location"] == "/en/desk", headers
    assert headers["Set-Cookie"].endswith("; Path=/; HttpOnly; SameSite=Strict") and "token" not in headers["Location"], headers
    assert two.enter()[0] == 403, "an address works once"
    assert "Innovation Lab" in one.page("/en/desk") and "Innovation Lab" in one.page("/it/desk")
    assert json.loads(one.page("/en/desk.json"))["total"] == 2
    return one


def other_sites(desk, client):
    """The cookie is there, as it would be of a page that another site, another port or another name shows in this browser."""
    form = Form(client.page("/en/IT-2"), "look")
    for headers in ({"Origin": "http://evil.example.org"}, {"Origin": "null"}, {"Origin": f"http://{desk.host[:-1]}"}, {"Origin": f"https://{desk.host}.org"},
                    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        status, _, text = client.send(form, headers=headers)
        assert status == 403 and "Prova" not in text, (headers, status)
        assert client.ask("GET", "/en/desk", headers=headers)[0] == 403, headers
    port = desk.host.rpartition(":")[2]
    for host in ("evil.example.org", f"evil.example.org:{port}", "127.0.0.1", f"127.0.0.1:{int(port) - 1}", f"127.0.0.2:{port}", f"localhost:{port}", ""):
        turned_away(client, host=host)
    for cookie in ("specola_desk=", "specola_desk=" + "0" * 32, "Specola_desk=" + client.cookie[13:], client.cookie + "0", client.cookie[:-1]):
        turned_away(Client(desk, cookie))
    assert Client(desk, f"specola_desk=evil; {client.cookie}; other=1").ask("GET", "/en/desk")[0] == 200
    for body in ({}, {"form": ""}, {"form": "0" * 32}, {"form": form.fields["form"][0][:-1]}, {**form.fields, "form": form.fields["form"][0].upper() + " "}):
        status, _, text = client.ask("POST", form.action, body)
        assert status == 409 and "sent already" in text, (status, body, text)
    assert client.ask("POST", "/sync/submit", headers={"Content-Length": "0"})[0] == 403
    assert client.ask("POST", form.action, form.fields, {"Content-Type": "text/plain"})[0] == 415
    for path in ("look", "sign", "take-back"):
        assert client.ask("GET", f"/en/desk/IT-2/{path}")[0] == 405


def bad_forms(client):
    form = Form(client.page("/en/IT-2"), "look")
    for extra in ({"criteria": ["novel", "beautiful"]}, {"criteria": []}, {"language": "not a language"}, {"remark": "x" * 2001}, {"interest": "x" * 2001}):
        status, _, text = client.send(form, extra)
        assert status == 400, (status, extra, text)
    assert client.send(form, {"remark": "x" * 40000})[0] == 400


def locked(fr, desk, client, secret):
    """What is shown is what is signed; nothing is, while the key is locked; and no form is taken twice."""
    shown = client.send(Form(client.page("/en/IT-2"), "look"), {"remark": REMARK + "\r\nand in Lyon", "language": "fr", "criteria": ["novel", "complete"]})
    told = Page(shown[2]).text()
    for part in ("New where it was done", REMARK, "and in Lyon", "French", "Locked: type your passphrase in the terminal", "IT-2"):
        assert part in told, (part, told)
    assert "Really carried out" not in told
    desk.wait_for(r"Passphrase of your key \(not shown\): ")
    assert not desk.echoes()
    first = Form(shown[2], "sign")
    status, _, text = client.send(first)
    assert status == 200 and "Locked" in text, status
    assert client.send(first)[0] == 409, "a form that acted is taken once"
    assert fr.json("queue")["total"] == 2
    desk.type("not the passphrase\n")
    desk.wait_for("wrong passphrase")
    again = Form(text, "sign")
    status, _, text = client.send(again)
    assert status == 200 and "Locked" in text
    desk.type(open(secret[1], encoding="utf-8").readline())
    desk.wait_for("open for 15 min")
    assert desk.echoes() and "a passphrase of" not in desk.said
    return Form(text, "sign")


def signed(it, fr, client, form):
    status, headers, _ = client.send(form, {"remark": "another remark", "criteria": ["led"], "version_id": "0" * 64})
    assert status == 303 and headers["Location"] == "/en/desk/IT-2/done", status
    done = Page(client.page(headers["Location"])).text()
    assert "Signed, and in the log at FR-3" in done and "1 of 1" in done, done
    found = fr.json("show", "IT-2")["endorsement"]["statements"][0]["endorsements"][0]
    assert found["remark"] == {"en": REMARK + "\nand in Lyon"} and found["language"] == "fr" and sorted(found["criteria"]) == ["complete", "novel"], found
    assert client.send(form)[0] == 409 and fr.json("show", "IT-2")["endorsement"]["statements"][0]["counted"] == 1
    page = client.page("/en/IT-2")
    assert "You endorsed version 1" in page and 'action="/en/desk/IT-2/look"' not in page
    assert "FR-3" in Page(client.page("/en/desk/signed")).text()


def two_tabs(client):
    """Each tab has forms of its own, and what one signed the other cannot sign again."""
    a, b = (Form(client.send(Form(client.page("/en/IT-3"), "look"))[2], "sign") for _ in range(2))
    assert client.send(a)[0] == 303
    status, headers, _ = client.send(b)
    assert status == 303 and "already" in Page(client.page(headers["Location"])).text()


def newer(lab, it, fr, client, secret):
    """A form about a version that is the newest no more signs nothing; a signature is carried on with what changed in view."""
    old = Form(client.page("/en/IT-2"), "withdraw")
    it.run("publish", draft(lab, "Innovation Lab of the region, told again"), "--replaces", "IT-2", *secret)
    carry(lab, it, fr)
    status, _, text = client.send(old)
    assert status == 409 and "newer version" in text, (status, text)
    page = client.page("/en/IT-2")
    assert "You endorsed version 1" in page and "changed Title" in page, page
    assert "Only the newest version" in client.page("/en/IT-2/v/1")
    shown = client.send(Form(page, "carry"))[2]
    told = Page(shown).text()
    for part in ("What changed since you signed", "before: Innovation Lab of the region", "now: Innovation Lab of the region, told again", REMARK):
        assert part in told, (part, told)
    status, headers, _ = client.send(Form(shown, "sign"))
    assert status == 303 and "1 of 1" in client.page(headers["Location"])
    shown = client.send(Form(client.page("/en/IT-2"), "withdraw"))[2]
    assert "FR-3" in Page(shown).text()
    status, headers, _ = client.send(Form(shown, "take-back"))
    assert status == 303 and "Taken back" in client.page(headers["Location"])
    assert fr.json("show", "IT-2")["endorsement"]["state"] == "none"


def ended(desk, client):
    """Locked by hand; and another address ends the session."""
    assert client.send(Form(client.page("/en/desk"), "lock"))[0] == 303
    assert "Your key is locked" in client.page("/en/desk")
    desk.type("\n")
    url = desk.wait_for(r"(http://\S+/\?token=[0-9a-f]{32})\s")
    assert url != desk.url and client.page("/en/desk")
    other = Client(desk)
    assert Client(desk).enter()[0] == 403 and other.enter(url)[0] == 303
    turned_away(client)
    assert other.page("/en/desk")


def looks(lab, it, fr, secret):
    """The desk in Chromium, by keys alone."""
    it.run("publish", draft(lab, "Innovation Lab of the region, once more", "tags:\n- lab\n"), "--replaces", "IT-2", *secret)
    carry(lab, it, fr)
    fr.run("endorse", "IT-2", "--yes", *secret)
    it.run("publish", draft(lab, "Innovation Lab of the region", "tags:\n- lab\n- region\n"), "--replaces", "IT-2", *secret)
    it.run("publish", draft(lab, "A third one"), "--review", *secret)
    carry(lab, it, fr)
    desk = Desk(fr, "--passphrase-file", secret[1])
    base = f"http://{desk.host}"
    try:
        if shutil.which("lynx"):
            told = subprocess.run(["lynx", "-dump", "-nolist", "-accept_all_cookies", desk.url], stdout=subprocess.PIPE, check=True).stdout.decode()
            assert "A third one" in told and "Waits for review" in told, told
            begin = len(desk.said)
            desk.type("\n")
            desk.wait_for(r"token=[0-9a-f]{32}\s", begin=begin)
            desk.url = re.findall(r"http://\S+/\?token=[0-9a-f]{32}", desk.said)[-1]
        seen = ["/en/IT-2", "/it/desk", "/it/desk?all=1", "/en/desk/signed", "/en/desk/IT-3/done"]
        if SHOTS:
            seen = [f"/{lang}{path}" for lang in ("en", "it")
                    for path in ("/desk", "/IT-2", "/IT-7", "/desk?all=1", "/IT-2/v/1", "/desk/signed", "/desk/IT-3/done")]
        pages = [{"url": f"{base}{path}", "status": 200} for path in seen]
        acts = [(lang, *act) for act in (("IT-7", "look", {"#remark": "Used here, too."}), ("IT-2", "carry", {}), ("IT-3", "withdraw", {}))
                for lang in ("en", "it")]
        pages += [{"url": f"{base}/{lang}/{path}", "status": 200,
                   "act": {"fill": fill, "press": f'form[action$="/{act}"] button', "shot": f"_{act}"}} for lang, path, act, fill in acts]
        pages = [{"url": desk.url, "status": 200}] + pages
        for page in pages:
            page.update(keyboard=320 if "/it/" in page["url"] else 1280, translation="/it/" in page["url"])
        visit(lab, pages)
    finally:
        assert desk.stop() == 0


def main():
    with Lab() as lab:
        it, fr, secret = observatory(lab)
        desk = Desk(fr)
        try:
            limits = open(f"/proc/{desk.pid}/limits", encoding="utf-8").read()
            assert re.search(r"Max core file size +0 +0 ", limits), limits
            strangers(desk)
            other_user(desk)
            client = let_in(desk)
            other_sites(desk, client)
            bad_forms(client)
            signed(it, fr, client, locked(fr, desk, client, secret))
            two_tabs(client)
            newer(lab, it, fr, client, secret)
            ended(desk, client)
        finally:
            assert desk.stop() == 0, desk.said
        assert not re.search(r"passphrase of tests", desk.said), desk.said
        why = "the build is sanitized" if os.environ.get("SPECOLA_SANITIZED") else browser_missing()
        if why:
            print(f"skipped: a browser: {why}")
        else:
            looks(lab, it, fr, secret)


main()
