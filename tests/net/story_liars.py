#!/usr/bin/python3
"""A member that lies and a stranger that knocks: each lie moves exactly one named counter in `status`, and the honest nodes converge
as fast as before."""
import json
import os
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import Lab  # noqa: E402
from peer import Member, Peer, stranger  # noqa: E402

# lie -> the counter that it moves
# each told by a member of its own: who lied once is left alone for a while
LIES = {"LV": ("other-link", "frame.signature"), "PT": ("flipped-window", "pull.mismatch"),
        "ES": ("other-key", "checkpoint.signature"), "PL": ("false-head", "heads.unbacked")}
# Counters of ordinary traffic; a lie moves one other counter, by one or more.
ORDINARY = ("frames.", "octets.", "pull.done", "link.", "entries.", "sent", "received")


def counters(node, handle):
    peer = next(p for p in node.status()["peers"] if p["handle"] == handle)
    return {k: v for k, v in peer["counters"].items() if v and not k.startswith(ORDINARY)}


def publish(lab, node, n, what):
    path = os.path.join(lab.dir, f"{node.handle}-{what}.ndjson")
    with open(path, "w", encoding="utf-8") as file:
        for i in range(n):
            file.write(json.dumps({"title": {"en": f"{what} {i}"}, "summary": {"en": "A case."}, "country": node.handle, "level": "local",
                                   "source": what, "source_id": f"{node.handle}{i}", "original_lang": "en"}) + "\n")
    node.run(*lab.import_args(path))


def main():
    with Lab() as lab:
        it, fr, *liars = lab.found("IT", "FR", *LIES)
        lab.serve(it, fr)
        members = {liar.handle: Member(liar.home, f"{lab.dir}/prova.charter") for liar in liars}
        member = members["LV"]

        def honest_round(what):
            publish(lab, it, 30, what)
            publish(lab, fr, 30, what)
            return lab.until(lambda: it.digest() == fr.digest(), 15, f"IT and FR agree: {what}")

        base = honest_round("before any lie")
        peer = Peer(member, "IT", it.port())
        seen = peer.run(3)
        peer.close()
        assert 10 in seen, f"the honest test peer was asked for its log: {seen}"
        size = lambda: next((l["size"] for l in it.status()["logs"] if l["handle"] == "LV"), 0)
        lab.until(lambda: size() == member.tree.size, 10, "IT holds LV's log")
        assert counters(it, "LV") == {}, counters(it, "LV")
        print(f"honest: LV's {member.tree.size} entries were pulled; IT and FR agree within {base:.1f} s")

        for handle, (lie, counter) in LIES.items():
            member = members[handle]
            member.certify(3)
            before = counters(it, handle)
            peer = Peer(member, "IT", it.port(), lie=lie)
            thread = threading.Thread(target=peer.run, args=(6,))
            thread.start()
            took = honest_round(f"while {handle} lies: {lie}")
            thread.join()
            peer.close()
            lab.until(lambda: counters(it, handle) != before, 15, f"{lie} is counted")
            after = counters(it, handle)
            moved = {k for k in after if after[k] != before.get(k, 0)}
            assert moved == {counter}, (lie, moved)
            assert took < 10
            print(f"{lie}: moved {counter} only; the honest ones agreed within {took:.1f} s")

        text = it.run("status")[1].decode()
        for handle in LIES:
            for name, n in counters(it, handle).items():
                assert f"{name} {n}" in text, (handle, name, text)

        public = stranger(member, "IT", it.port())
        lab.until(lambda: any(s["curve"] == public.hex() for s in it.status()["strangers"]), 10, "the stranger is named in status")
        print(f"stranger: {public.hex()[:16]}… is named in status")


main()
