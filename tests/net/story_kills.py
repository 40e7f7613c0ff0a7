#!/usr/bin/python3
"""kill -9 of each child and of whole nodes at random moments while three nodes publish and exchange: what is killed comes back, every
receipt of "logged" is in the log, and at the end all agree. usage: story_kills.py [--children N] [--nodes N] [--seed S]"""
import argparse
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import SPECOLA, Lab  # noqa: E402

ROLES = ("gate", "core", "ctl")


def children(node):
    """{role: pid} of the running children, by what the supervisor says of them."""
    try:
        return {p["role"]: p["pid"] for p in node.status(ok=(0,))["processes"] if p["role"] in ROLES}
    except Exception:  # not answering: it is coming back
        return {}


class Publisher(threading.Thread):
    """Publishes case after case at one node, whatever happens to it, and remembers what it was promised."""

    def __init__(self, lab, node):
        super().__init__()
        self.lab, self.node, self.stopped, self.promised, self.failed = lab, node, False, [], 0
        self.path = os.path.join(lab.dir, f"{node.handle}.draft.ndjson")

    def run(self):
        number = 0
        while not self.stopped:
            number += 1
            with open(self.path, "w", encoding="utf-8") as file:
                for i in range(5):
                    file.write(json.dumps({"title": {"en": f"Case {number}.{i}"}, "summary": {"en": "Published under fire."},
                                           "country": self.node.handle, "level": "local", "source": "kills",
                                           "source_id": f"{number}.{i}", "original_lang": "en"}) + "\n")
            arguments = ["--json", "-v", "--timeout", "5", *self.lab.import_args(self.path)]
            done = subprocess.run([SPECOLA, "--home", self.node.home, *arguments], env=self.lab.env(self.node.config),
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
            try:
                rows = json.loads(done.stdout).get("rows", [])
            except ValueError:
                rows = []
            logged = [r["ref"] for r in rows if r.get("state") in ("published", "new version", "known") and r.get("ref")]
            self.promised += logged
            self.failed += not logged


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--children", type=int, default=3)
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    with Lab() as lab:
        nodes = lab.found("IT", "FR", "EE")
        lab.serve(*nodes)
        endpoints = {n.handle: n.port() for n in nodes}
        publishers = [Publisher(lab, n) for n in nodes]
        for publisher in publishers:
            publisher.start()
        kills = {role: 0 for role in ROLES}
        try:
            victims = [role for role in ROLES for _ in range(options.children)]
            chance.shuffle(victims)
            for role in victims:
                node = chance.choice(nodes)
                lab.until(lambda n=node, r=role: r in children(n), 30, f"{role} of {node.handle} runs again\n{node.tail()}")
                time.sleep(chance.random() * 0.3)
                pid = children(node).get(role)
                try:
                    os.kill(pid, signal.SIGKILL)
                    kills[role] += 1
                except (TypeError, ProcessLookupError):
                    victims.append(role)  # it was just away: another time
            for _ in range(options.nodes):
                node = chance.choice(nodes)
                time.sleep(chance.random() * 0.5)
                node.stop(signal.SIGKILL)
                node.serve("--listen", endpoints[node.handle],
                           *(w for h, e in endpoints.items() if h != node.handle for w in ("--peer", f"{h}={e}")))
        finally:
            for publisher in publishers:
                publisher.stopped = True
            for publisher in publishers:
                publisher.join()
        took = lab.converged(nodes, 60)
        promised = sum(len(p.promised) for p in publishers)
        for publisher in publishers:
            held = {o["ref"] for o in publisher.node.json("list", "case", "--limit", "0")["objects"]}
            lost = [r for r in publisher.promised if r not in held]
            assert not lost, f"promised and lost at {publisher.node.handle}: {lost[:10]}"
            publisher.node.run("verify")
        assert promised > 0
        print(f"killed {kills} and {options.nodes} whole nodes; {promised} promises kept; equal digests after {took:.1f} s")


main()
