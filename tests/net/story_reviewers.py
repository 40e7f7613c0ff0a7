#!/usr/bin/python3
"""What the observatory is for: a reviewer in Lisbon endorses an Italian case, and so do reviewers in Paris and Tallinn who never met them. Four
nodes, a laptop for each reviewer, commands alone: from the invitation to "counts 1 of 3" and to "endorsed"; the same result and digest on every
node and laptop. Then the same offline: signed on a laptop without any network, carried as a file through EE while PT's node is down, and later in PT's log."""
import json
import os
import re
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../web")]
from desk import Client, Desk, Form  # noqa: E402
from lab import Lab, free_port  # noqa: E402
from web import Web  # noqa: E402

WORDS = re.compile(r"\b(?:[a-z]{5}-){7}[a-z]{5}\b")


def pages(node):
    web = Web(node).ready()
    return f"http://{web.host}:{web.port}"


def publish(lab, node, *titles):
    for title in titles:
        path = os.path.join(lab.dir, "case.draft")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"specola-draft 1 case\noriginal_lang: it\ntitle.it: {title}\nsummary.it: Una prova di una riga.\ncountry: IT\nlevel: local\n")
        node.run("publish", path, "--review", "--passphrase-file", lab.passphrase())


def told(node, *arguments, **options):
    """What a person reads."""
    return node.run(*arguments, **options)[1].decode()


def newest(node, reference):
    return node.json("show", reference)["endorsement"]["statements"][0]


def counted(node, reference):
    return newest(node, reference)["counted"]


# ---- the invitation ----

def joins(lab, node, name, *more):
    """Who was invited, on a laptop of their own; the fingerprint is compared by telephone first where the coordinator wished it."""
    secret = ("--passphrase-file", lab.passphrase())
    invited = node.json("invite", "--for", "reviewer", "--at", pages(node), *more)
    laptop = lab.person(name)
    if invited["confirm"]:
        waits = laptop.json("join", invited["line"], "--name", name, "--yes", *secret, ok=(7,))["error"]
        (row,) = [row for row in node.json("invite", "list")["invitations"] if row["number"] == invited["number"]]
        assert row["state"] == "waits" and WORDS.findall(waits["message"])[-1] == row["fingerprint"], (waits, row)
        node.run("invite", "confirm", str(invited["number"]), "--yes", *secret)
    said = told(laptop, "join", invited["line"], "--name", name, "--yes", *secret)
    assert f"Certified by {node.handle} as reviewer" in said, said
    assert laptop.status()["home"] == node.handle
    return laptop


# ---- signed ----

def endorses(lab, laptop, home, reference, remark, n):
    """Queue, case, signature; n: how many count then, as far as this laptop knows. The reference of the endorsement."""
    laptop.run("sync")
    assert re.search(rf"^{reference} .*{n - 1} of 3", told(laptop, "queue"), re.M), told(laptop, "queue")
    assert "Laboratorio" in told(laptop, "show", reference)
    done = laptop.json("endorse", reference, "--language", "it", "--remark", remark, "--yes", "--passphrase-file", lab.passphrase())
    (ticks,) = done["ticks"]
    assert ticks["signed"] and ticks["sent"] == home.handle and ticks["log"] == done["reference"], done
    assert ticks["held"] >= 1 and (ticks["of"], ticks["counted"], ticks["met"]) == (4, n, n == 3), ticks
    assert done["reference"].startswith(home.handle + "-")
    return done["reference"]


def all_find_the_same(lab, nodes, laptops, reference):
    """The result with its digest, and that of all that is held."""
    lab.converged(nodes)
    for laptop in laptops:
        laptop.run("sync")
    found = [place.json("show", reference)["endorsement"] for place in (*nodes, *laptops)]
    assert all(one == found[0] for one in found), [json.dumps(one)[:400] for one in found]
    assert found[0]["frontier"] == nodes[0].digest()
    return found[0]


def online(lab, nodes, people):
    it, fr, ee, pt = nodes
    lisbon, paris, tallinn = people
    one = endorses(lab, lisbon, pt, "IT-2", "usato anche a Lisbona", 1)
    said = told(lisbon, "outbox")
    assert re.search(rf"signed ✓  sent to PT ✓  in the log at {one} ✓  held by \d of 4  counts 1 of 3; missing: 2 endorsements", said), said
    lab.converged(nodes)
    assert it.json("show", "IT-2")["endorsement"]["state"] == "none"
    two = endorses(lab, paris, fr, "IT-2", "vu à Paris", 2)
    lab.converged(nodes)
    three = endorses(lab, tallinn, ee, "IT-2", "loetud Tallinnas", 3)
    endorsement = all_find_the_same(lab, nodes, people, "IT-2")
    (statement,) = endorsement["statements"]
    assert endorsement["state"] == "current" and statement["met"], endorsement
    rows = {(row["reference"], row["country"], row["name"], *row["remark"].values(), row["standing"]) for row in statement["endorsements"]}
    assert rows == {(one, "PT", "Lisbon", "usato anche a Lisbona", "counts"), (two, "FR", "Paris", "vu à Paris", "counts"),
                    (three, "EE", "Tallinn", "loetud Tallinnas", "counts")}, rows
    for place in (it, lisbon):
        assert "Endorsed (version 1): 3 of 3" in told(place, "show", "IT-2")
    assert [row["ref"] for row in paris.json("queue")["objects"]] == ["IT-3"]
    lab.until(lambda: it.json("where", one)["holding"] == 3, 60, "the others say that they hold the endorsement")
    where = it.json("where", one)
    assert (where["ref"], where["record"], where["of"], where["log"]) == (one, "endorse.sign", "IT-2", "PT"), where
    assert {m["handle"] for m in where["members"] if m["holds"] == "yes"} == {"FR", "EE", "PT"}
    said = told(it, "where", one)
    assert f"{one}  endorse.sign  IT-2  Laboratorio" in said and "3 of 3 say they hold it" in said, said
    assert it.json("where", "PT-99", ok=(3,))["error"]["hint"]
    lab.until(lambda: lisbon.run("sync") and lisbon.json("outbox")["outbox"][0]["ticks"]["held"] == 4, 60, "the laptop hears of it")
    print(f"{one}, {two}, {three}: three who never met; one result, digest {endorsement['frontier'][:12]}, at {len(nodes)} nodes and {len(people)} laptops")


def at_the_desk(laptop, secret):
    """Who would take what is signed lets the line stand and says nothing: the desk does not wait for as long as it might."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        before = laptop.status()["replica"]
        laptop.settings(replica=f"http://127.0.0.1:{silent.getsockname()[1]}")
        error = laptop.json("sync", "--timeout", "1", ok=(7,))["error"]
        assert "within 1 s" in error["message"] and "try" not in error["hint"], error
        desk = Desk(laptop, "--timeout", "600", *secret)
        try:
            client = Client(desk)
            assert client.enter()[0] == 303
            shown = client.send(Form(client.page("/en/IT-3"), "look"), {"language": "en", "criteria": ["novel"]})[2]
            status, headers, _ = client.send(Form(shown, "sign"))
            assert (status, headers["Location"]) == (303, "/en/desk/IT-3/done"), status
            assert "waits in the outbox" in client.page(headers["Location"])
        finally:
            assert desk.stop() == 0, desk.said
        laptop.settings(replica=before)
    row = [row for row in laptop.json("outbox")["outbox"] if row["state"] == "waiting"][-1]
    laptop.run("outbox", "--drop", row["id"][:12])


def no_network():
    """Words in front of a command that has not even a loopback then; none where this machine does not allow that."""
    words = ("unshare", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")), "--net")
    try:
        done = subprocess.run([*words, "true"], stderr=subprocess.PIPE, check=False)
    except FileNotFoundError:
        return (), "unshare is missing"
    return (words, None) if done.returncode == 0 else ((), done.stderr.decode().strip())


def sealed_offline(lab, pt, laptop):
    """Signed and sealed without any network, while PT's node is there: had there been a way to it, it would be in its log. The file."""
    words, why = no_network()
    if why:
        print(f"skipped: no network while signing: {why}")
        pt.stop()
    sealed = os.path.join(lab.dir, "signed.bundle")
    queued = laptop.json("endorse", "IT-3", "--yes", "--passphrase-file", lab.passphrase(), ok=(7,), inside=words)["error"]
    assert queued["code"] == "queued" and queued["hint"], queued
    assert laptop.json("outbox", "-o", sealed, inside=words)["records"] == 1
    if not why:
        assert counted(pt, "IT-3") == 0
        pt.stop()
    return sealed


def offline(lab, nodes, laptop):
    """No network, then PT down, and through EE."""
    it, fr, ee, pt = nodes
    secret = ("--passphrase-file", lab.passphrase())
    sealed = sealed_offline(lab, pt, laptop)
    rows = laptop.json("outbox")["outbox"]
    assert [row["state"] for row in rows] == ["waiting", "logged"], rows
    assert f"{rows[0]['id'][:12]}  signed ✓  waits" in told(laptop, "outbox")
    assert laptop.json("outbox", "--retry", ok=(7,))["error"]["hint"]
    at_the_desk(laptop, secret)
    data = open(sealed, "rb").read()
    bad = os.path.join(lab.dir, "bad.bundle")
    open(bad, "wb").write(data[:60] + bytes([data[60] ^ 1]) + data[61:])
    assert ee.json("import", bad, ok=(8,))["error"]["message"]
    through = ee.json("import", sealed)["records"]
    assert [(row["state"], row["home"]) for row in through] == [("queued", "PT")], through
    assert ee.json("import", sealed)["records"] == through, "handed in twice"
    carried = ee.status()["carried"]
    assert carried["records"] == 1 and carried["octets"] > 0 and "Carries      1 record of other" in told(ee, "status"), carried
    # what EE carries is carried by EE alone: the laptop forgets it
    assert laptop.json("outbox", "--drop", rows[0]["id"][:12])["dropped"] == rows[0]["id"]
    pt.serve(*(word for node in (it, fr, ee) for word in ("--peer", f"{node.handle}={node.port()}")))
    lab.until(lambda: counted(pt, "IT-3") == 1, 100, "the file is in PT's log")
    (row,) = newest(pt, "IT-3")["endorsements"]
    assert row["name"] == "Lisbon" and row["reference"].startswith("PT-"), row
    all_find_the_same(lab, nodes, [laptop], "IT-3")
    assert ee.json("import", sealed)["records"][0]["state"] == "queued", "handed in again: on its way again, and known there"
    print(f"signed offline, and carried as a file through EE with PT down: {row['reference']}")


def refused(lab, node, laptop):
    """The reason is told, and what was signed stays until it is dropped."""
    secret = ("--passphrase-file", lab.passphrase())
    done = laptop.json("endorse", "IT-4", "--yes", *secret)
    assert done["reference"] and laptop.json("endorse", "IT-4", "--withdraw", "--yes", *secret)["taken_back"]
    assert laptop.json("outbox", "--drop", "ffff", ok=(3,))["error"]["hint"]
    draft = os.path.join(lab.dir, "no.draft")
    open(draft, "w", encoding="utf-8").write("specola-draft 1 case\noriginal_lang: pt\ntitle.pt: Nova\nsummary.pt: Uma.\ncountry: PT\nlevel: local\n")
    laptop.json("publish", draft, *secret, ok=(9,))
    (row,) = [row for row in laptop.json("outbox")["outbox"] if row["state"] == "refused"]
    assert row["why"].startswith("rights") and row["ticks"]["refused"] == "rights", row
    laptop.run("outbox", "--drop", row["id"][:12])
    assert row["id"] not in [row["id"] for row in laptop.json("outbox")["outbox"]], "dropped, and told as if it were in the log"
    card = os.path.join(lab.dir, "lisbon.pub")
    laptop.run("key", "show", "-o", card)
    assert laptop.json("person", "certify", card, "--role", "editor", ok=(9,))["error"]["hint"]
    assert counted(node, "IT-4") == 0
    for command in (("propose", "--remove", "EE"), ("vote", "EE"), ("vote", "no.change")):
        assert laptop.json("member", *command, "--yes", ok=(9,))["error"]["hint"]


def main():
    with Lab() as lab:
        nodes = it, fr, ee, pt = lab.found("IT", "FR", "EE", "PT")
        publish(lab, it, "Laboratorio", "Laboratorio due")
        url = f"http://127.0.0.1:{free_port()}"
        pt.settings(web=url, advertise_web=url)
        lab.serve(*nodes)
        lab.converged(nodes)
        people = [joins(lab, pt, "Lisbon", "--confirm"), joins(lab, fr, "Paris"), joins(lab, ee, "Tallinn")]
        online(lab, nodes, people)
        offline(lab, nodes, people[0])
        publish(lab, it, "Laboratorio tre")
        lab.converged(nodes)
        people[0].run("sync")
        refused(lab, pt, people[0])


main()
