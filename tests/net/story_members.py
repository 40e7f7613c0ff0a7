#!/usr/bin/python3
"""An observatory that grows and loses a member, among real processes: one founds alone, a second is admitted while it
serves, a third by an invitation, a region comes in as an associate, and a member is removed, by root keys on machines that have no node: what it published before stays, what it publishes later counts nowhere. Then
what counts as endorsed is changed, likewise. All find one frontier."""
import json
import os
import subprocess
import sys
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from lab import Lab, Node, COUNTRIES  # noqa: E402


def publish(lab, node, number):
    path = os.path.join(lab.dir, f"{number}.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        row = {"title": {"en": f"Night library {number}"}, "summary": {"en": "Open after work."}, "country": node.handle[:2],
               "level": "local", "source": "members", "source_id": str(number), "original_lang": "en"}
        file.write(json.dumps(row) + "\n")
    node.run(*lab.import_args(path))


def newcomer(lab, member, handle, *more):
    """A node with keys of its own, whose root keys sign its request to the observatory of `member`."""
    secret = ("--passphrase-file", lab.passphrase())
    node = lab.nodes[handle] = Node(lab, handle)
    node.run("root", "new", "--name", handle, "--out", lab.dir, *secret)
    node.run("init", "--country", handle[:2], "--name", COUNTRIES[handle[:2]], "--root", f"{lab.dir}/{handle}.root",
             "--listen", "tcp://127.0.0.1:0", "--out", f"{lab.dir}/{handle}.identity", *more, *secret)
    node.run("root", "sign", f"{lab.dir}/{handle}.identity", "--for", os.path.join(member.home, "observatory.charter"),
             "--key", f"{lab.dir}/{handle}-1.key", *secret)
    return node


def nodes_page(node):
    words = open(os.path.join(node.home, "run/ports"), encoding="utf-8").read().split()
    base = next(word for word in words if word.startswith("http://"))
    with urllib.request.urlopen(base.rstrip("/") + "/nodes.json", timeout=10) as page:
        return json.load(page)["members"]


def epoch(node):
    return node.json("member", "list")["epoch"]


def enter(lab, member, node):
    bundle = os.path.join(lab.dir, f"{node.handle}.bundle")
    member.run("export", "--to", "bundle", "-o", bundle)
    node.run("join", bundle, "--passphrase-file", lab.passphrase())
    node.serve("--peer", f"{member.handle}={member.port()}")


def by_invitation(lab, member, handle):
    """A node that asks with an invitation of a member, and follows its pages until it is one. A file passes the request to nobody."""
    base = next(word for word in open(os.path.join(member.home, "run/ports"), encoding="utf-8").read().split() if word.startswith("http://"))
    line = member.json("invite", "--for", "node", "--at", base.rstrip("/"))
    node = newcomer(lab, member, handle)
    node.run("join", line["line"], "--yes", "--identity", f"{lab.dir}/{handle}.identity", "--passphrase-file", lab.passphrase())
    assert place(node) == ("asked", None, None), place(node)
    member.run("member", "propose", str(line["number"]), "--yes")
    return node


def place(node):
    """What its status says, once it has fetched what is new."""
    node.run("sync")
    guest = node.status()["guest"]
    return guest["state"], guest.get("by"), guest.get("given")


def by_roots(lab, node, sheet, *command):
    """What root keys must sign: written at the node, signed where the sheet is, handed in at the node."""
    path = os.path.join(lab.dir, f"{node.handle}.change")
    node.run(*command, "-o", path)
    vault = lab.person(f"vault of {node.handle}")
    shown = vault.json("root", "sign", path, "--key", sheet, "--passphrase-file", lab.passphrase())
    assert (shown["act"], shown["handle"], shown["epoch"], shown["complete"]) == ("remove", "EE", 4, True), shown
    assert not os.path.exists(vault.home)
    said = node.json("member", "vote", path, "--yes")
    assert said["ref"].startswith(node.handle + "-"), said
    again = node.json("member", "vote", path, "--yes", ok=(0, 9))  # 9: it is in force already
    assert again.get("known") or "error" in again, again


def other_policy(lab, it, fr, members):
    """One file goes to the root keys of both voices, and one of them hands in the consents of both. What counts from then on is signed offline, too."""
    secret, path = ("--passphrase-file", lab.passphrase()), os.path.join(lab.dir, "policy.change")
    (policy,) = it.json("member", "list")["policies"]
    form = os.path.join(lab.dir, "policy.json")
    with open(form, "w", encoding="utf-8") as file:
        json.dump({**policy, "m": 1, "min_nodes": 1, "min_countries": 1, "sentence": {"it": "Abbiamo letto.", "en": "We have read."}}, file)
    it.run("member", "propose", "--policy", form, "--drop", policy["id"][:12], "-o", path)
    for number, sheet in enumerate((os.path.join(it.home, "IT-1.key"), f"{lab.dir}/FR-1.key")):
        shown = lab.person(f"safe {number}").json("root", "sign", path, "--key", sheet, *secret)
        assert (shown["act"], shown["whole"], shown["adopted"]["m"]) == ("policy", number + 1, 1), shown
    it.run("member", "vote", path, "--yes")
    lab.until(lambda: all(epoch(node) == 6 for node in members), 150, "list no. 6 is in force")
    lab.converged(members)
    reviewer, statement, signed = lab.person("reviewer"), os.path.join(lab.dir, "a.statement"), os.path.join(lab.dir, "a.signed")
    reviewer.run("key", "new", "--name", "Reviewer", "-o", os.path.join(lab.dir, "reviewer.pub"), *secret)
    fr.run("person", "certify", os.path.join(lab.dir, "reviewer.pub"), "--role", "reviewer", *secret)
    fr.run("statement", "Night library 1", "-o", statement)
    assert "We have read." in reviewer.run("sign", statement, "--yes", "-o", signed, *secret)[1].decode()
    fr.run("import", signed)
    lab.converged(members)
    for node in members:
        found = node.json("show", "Night library 1")["endorsement"]
        assert found["state"] == "current" and found["statements"][0]["policy"]["m"] == 1, found


def main():
    with Lab() as lab:
        secret = ("--passphrase-file", lab.passphrase())
        it = lab.nodes["IT"] = Node(lab, "IT")
        it.run("init", "--country", "IT", "--name", COUNTRIES["IT"], "--found", "Prova", "--listen", "tcp://127.0.0.1:0", *secret)
        it.serve()
        publish(lab, it, 1)
        fr = newcomer(lab, it, "FR")
        it.run("member", "propose", f"{lab.dir}/FR.identity", "--yes")
        assert epoch(it) == 2, it.json("member", "list")
        enter(lab, it, fr)
        publish(lab, fr, 2)
        lab.converged([it, fr])
        # Two voices: both are needed, and neither node stops for it.
        ee = by_invitation(lab, fr, "EE")
        lab.until(lambda: it.json("member", "list")["wishes"], 30, "the proposal comes to IT")
        lab.until(lambda: place(ee) == ("proposed", "FR", 1), 20, "EE reads that it is proposed")
        ee.run("join")
        assert epoch(it) == 2 and "proposed by FR: 1 of 2 consent" in ee.run("status")[1].decode()
        it.run("member", "vote", "EE", "--yes")
        lab.until(lambda: epoch(it) == 3 and epoch(fr) == 3, 60, "list no. 3 is in force")
        lab.until(lambda: place(ee)[0] == "admitted", 20, "EE reads that it is a member")
        ee.run("join", "--passphrase-file", lab.passphrase())
        ee.serve("--peer", f"IT={it.port()}")
        publish(lab, ee, 3)
        lab.converged([it, fr, ee])
        # A region is its lead's affair.
        veneto = newcomer(lab, it, "IT34", "--region", "IT-34", "--lead", "IT")
        fr.run("member", "propose", f"{lab.dir}/IT34.identity", "--yes", ok=(9,))
        it.run("member", "propose", f"{lab.dir}/IT34.identity", "--yes")
        lab.until(lambda: all(epoch(node) == 4 for node in (it, fr, ee)), 150, "list no. 4 is in force")
        enter(lab, it, veneto)
        publish(lab, veneto, 4)
        everybody = [it, fr, ee, veneto]
        lab.converged(everybody)
        # EE is removed: what it had published up to the cut stays, what stands above counts nowhere.
        cut = next(log["size"] for log in it.status()["logs"] if log["handle"] == "EE")
        publish(lab, ee, 5)
        lab.converged(everybody)
        it.run("member", "propose", "--remove", "EE", "--yes", ok=(9,))
        by_roots(lab, it, os.path.join(it.home, "IT-1.key"), "member", "propose", "--remove", "EE", "--cut", str(cut))
        lab.until(lambda: fr.json("member", "list")["wishes"], 30, "the proposal comes to FR")
        assert epoch(fr) == 4
        by_roots(lab, fr, f"{lab.dir}/FR-1.key", "member", "vote", "EE")
        left = [it, fr, veneto]
        lab.until(lambda: all(epoch(node) == 5 for node in left), 150, "list no. 5 is in force")
        publish(lab, fr, 6)
        lab.converged(left)
        for node in left:
            titles = {row["title"] for row in node.json("list", "case")["objects"]}
            assert titles == {f"Night library {number}" for number in (1, 2, 3, 4, 6)}, titles
            former = node.json("member", "list")["former"]
            assert [(row["handle"], row["cut"]["size"]) for row in former] == [("EE", cut)], former
            node.run("verify")
        # Who keeps a root sheet sees five lists and who was a member from the file alone.
        path = os.path.join(lab.dir, "later.change")
        fr.run("member", "propose", "--remove", "IT34", "-o", path)
        shown = lab.person("cellar of FR").json("root", "sign", path, "--key", f"{lab.dir}/FR-1.key", *secret)
        assert (shown["handle"], shown["epoch"], shown["consents"]) == ("IT34", 5, [{"handle": "FR", "signatures": 1, "needed": 1}]), shown
        second = subprocess.run([sys.executable, os.path.join(HERE, "../second/change.py"), path], stdout=subprocess.PIPE, check=True)
        assert second.stdout.decode() == "remove IT34, list no. 5: FR 1/1\n", second
        lab.until(lambda: [row["handle"] for row in nodes_page(it) if row["former"]] == ["EE"], 20, "the page of nodes says so")
        other_policy(lab, it, fr, left)
        if epoch(ee) == 5:  # it heard of it itself: it goes on to be read, and writes nothing
            assert ee.json("status")["serving"]
            ee.run("status")
            ee.run("doctor", ok=(0, 1, 9))
            ee.run(*lab.import_args(os.path.join(lab.dir, "6.ndjson")), ok=(9,))
    return 0


if __name__ == "__main__":
    sys.exit(main())
