#!/usr/bin/python3
"""Hostile peers, one row an attack: octets of strangers (hostile/raw.py), words of a member with valid keys (hostile/words.py), and its
lies while it is asked (hostile/lies.py). After each: core and gate are the same processes, the gate's memory stays below 256 MiB, an
honest peer answers, and `status` names the reason: the row's counter moved, and no other one of misbehaviour. Over the whole run the
honest peer's 99th percentile is at most twice what it is in the pauses between (and 50 ms). Every day half of the words are drawn;
SPECOLA_HOSTILE=all says all of them, and judges how long the honest peer waits. usage: story_hostile.py [--only TEXT] [--seed S]"""
import argparse
import json
import os
import random
import socket
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "hostile")]
import lies  # noqa: E402
import raw  # noqa: E402
import words  # noqa: E402
from attacker import Attacker  # noqa: E402
from lab import Lab  # noqa: E402
from peer import Member, stranger  # noqa: E402

ATTACKERS = ("LV", "PT", "ES", "PL")
ORDINARY = ("frames.", "octets.", "pull.done", "link.", "entries.")
GATE_MIB, FLOOR_S = 256, 0.05


def order(node, method, path, body=None):
    """A request on run/ctl, without a process for it."""
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(10)
    line.connect(os.path.join(node.home, "run/ctl"))
    octets = json.dumps(body).encode() if body is not None else b""
    line.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(octets)}\r\n"
                 "Connection: close\r\n\r\n".encode() + octets)
    answer = b""
    while chunk := line.recv(65536):
        answer += chunk
    line.close()
    answer = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    return {**answer, **answer.get("exchange", {})}


class Honest(threading.Thread):
    """FR, as IT pings it, over and over."""

    def __init__(self, node):
        super().__init__(daemon=True)
        self.node, self.stopped, self.quiet, self.times, self.failed = node, False, True, {True: [], False: []}, []

    def run(self):
        while not self.stopped:
            quiet, start = self.quiet, time.monotonic()
            try:
                answer = order(self.node, "POST", "/order/ping", {"peer": "FR"})
            except OSError as error:
                answer = {"error": str(error)}
            if "ms" in answer:
                self.times[quiet].append(time.monotonic() - start)
            else:
                self.failed.append(answer)
            time.sleep(0.004)

    def answers_again(self):
        """Waits for a ping that was answered after now."""
        before, end = sum(map(len, self.times.values())), time.monotonic() + 10
        while sum(map(len, self.times.values())) < before + 1:
            assert time.monotonic() < end, f"the honest peer does not answer: {self.failed[-1:]}"
            time.sleep(0.001)

    def pause(self, n):
        self.quiet = True
        want, end = len(self.times[True]) + n, time.monotonic() + 20
        while len(self.times[True]) < want and time.monotonic() < end:
            time.sleep(0.005)
        self.quiet = False


def p99(times):
    return sorted(times)[int(len(times) * 0.99)]


def misdeeds(counters):
    return {k: v for k, v in counters.items() if v and not k.startswith(ORDINARY)}


class Watch:
    """What `status` and the processes say, before and after an attack."""

    def __init__(self, node):
        self.node = node
        self.pids = self.look()[1]

    def look(self):
        status = order(self.node, "GET", "/status")
        counters = {peer["handle"]: misdeeds(peer["counters"]) for peer in status["peers"]}
        counters[""] = misdeeds(status["counters"])
        return counters, {p["role"]: p["pid"] for p in status["processes"] if p["role"] in ("core", "gate")}

    def gate_mib(self):
        text = open(f"/proc/{self.pids['gate']}/status", encoding="utf-8").read()
        return int(text.split("VmHWM:")[1].split()[0]) >> 10

    def check(self, before, handle, counters, seconds=10):
        """The counters that moved: one of `counters` (None: none) at handle, and nothing of anybody else. A timeout says how fast this
        program answers on this machine: it counts where the row names it."""
        end = time.monotonic() + seconds
        while True:
            after, pids = self.look()
            assert pids == self.pids, f"processes were {self.pids}, are {pids}"
            moved = {(who, name) for who in after for name, n in after[who].items() if n != before.get(who, {}).get(name, 0)}
            moved = {(who, name) for who, name in moved if name != "timeout" or (who == handle and name in counters)}
            moved -= {("", raw.COUNTER)}  # of the rows that strangers play meanwhile: Strangers.end
            if moved or counters == (None,) or time.monotonic() > end:
                break
            time.sleep(0.005)
        wanted = {(handle, name) for name in counters if name is not None}
        assert moved <= wanted and (moved or None in counters), f"moved: {sorted(moved)}, and should: {sorted(wanted)}"
        assert self.gate_mib() <= GATE_MIB, f"the gate has {self.gate_mib()} MiB"


class Strangers(threading.Thread):
    """Plays the rows of raw.py, all at once, while others speak."""

    def __init__(self, it, server, before):
        super().__init__(daemon=True)
        host, port = it.port()[6:].rsplit(":", 1)
        self.address, self.table, self.left = (host, int(port)), list(raw.rows(server)), None
        self.before = before[""].get(raw.COUNTER, 0)

    def run(self):
        self.left = raw.play(self.table, self.address, raw.PATIENCE * 3 + 20)

    def counted(self, lab, watch, n, what):
        """Waits until that many connections were counted; what is counted then."""
        count = lambda: watch.look()[0][""].get(raw.COUNTER, 0) - self.before
        lab.until(lambda: count() >= n, 10, f"{what} is counted under {raw.COUNTER}")
        assert count() == n, f"{what}: {count()} times {raw.COUNTER}, should be {n}"
        return watch.look()[0]

    def end(self, lab, it, member, watch, honest):
        """A flood of connections behind them, and a stranger with a key, who is named."""
        self.join()
        assert self.left == [], f"connections that nobody ended: {self.left}"
        before = self.counted(lab, watch, len(self.table), "each row")
        flood = [socket.create_connection(self.address) for _ in range(400)]
        honest.answers_again()
        for line in flood:
            line.close()
        watch.check(before, "", (None,))
        self.counted(lab, watch, len(self.table) + len(flood), "each connection of a flood")
        public = stranger(member, "IT", it.port(), seconds=0.5)
        lab.until(lambda: any(s["curve"] == public.hex() for s in order(it, "GET", "/status")["strangers"]), 10, "the stranger is named")
        return len(self.table) + 2


def open_after_flood(a):
    """What of a flood is dropped late may cost the HELLO behind it, or its session: whoever dials dials again."""
    try:
        a.open_session()
        if a.is_heard():
            return
    except AssertionError:
        pass
    a.open_session(again=True)


def words_part(watch, honest, attackers, table, bad):
    n = 0
    for n, (name, counter, link, attack) in enumerate(table, 1):
        a = attackers[n % len(attackers)]
        try:
            time.sleep(max(0.0, a.rest_until - time.monotonic()))
            if not a.open:
                a.open_session()
            elif not a.is_heard(2):  # others took so long on this machine that IT gave it up
                a.open_session(again=True)
            before = watch.look()[0]
            attack(a)
            if link == "either":
                open_after_flood(a)
            elif link != "open":
                a.open_session()
            assert link == "closed" or a.is_heard(), "the link is not open any more"
            if "flood" in name:  # all of it was dealt with, however late: now its quota begins anew
                a.rest_until = time.monotonic() + 1.1
            watch.check(before, a.member.handle, counter if isinstance(counter, tuple) else (counter,))
            honest.answers_again()
        except AssertionError as error:
            bad.append(f"{name}: {error}")
            print(bad[-1], flush=True)
            a.open = False
        if n % 8 == 0:
            honest.pause(12)
    return n


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    chance = random.Random(options.seed)
    bad, start = [], time.monotonic()
    with Lab() as lab:
        it, fr, *homes = lab.found("IT", "FR", *ATTACKERS)
        lab.serve(it, fr)
        members = [Member(home.home, f"{lab.dir}/prova.charter") for home in homes]
        lab.until(lambda: it.digest() == fr.digest(), 20, "IT and FR agree")
        log = next(log for log in it.status()["logs"] if log["handle"] == "IT")
        roll = sorted(members[0].nodes.values()).index(members[0].nodes["IT"])
        attackers = [Attacker(m, "IT", it.port(), (roll, log["size"])) for m in members]
        for a in attackers:
            a.family = {m.node: m for m in members}
            a.open_session()
            held = lambda a=a: any(log["handle"] == a.member.handle and log["size"] == a.member.tree.size for log in order(it, "GET", "/status")["logs"])
            assert a.pump(held, 20), "IT takes the log of a member that behaves"
        watch, honest = Watch(it), Honest(it)
        print(f"founded and open after {time.monotonic() - start:.1f} s", flush=True)
        honest.start()
        honest.pause(100)
        strangers = Strangers(it, members[0].founders["IT"][6], watch.look()[0])
        if options.only == "":
            strangers.start()
        table = [row for row in words.rows() if options.only in row[0]]
        everything = os.environ.get("SPECOLA_HOSTILE") == "all"
        if options.only == "" and not everything:
            table = sorted(chance.sample(table, len(table) // 2), key=table.index)
        n = lies.play(watch, honest, attackers, bad) if options.only in ("", "lies") else 0
        print(f"{n} lies after {time.monotonic() - start:.1f} s", flush=True)
        for a in attackers:
            a.claims = False  # so that nothing is asked about them any more
            a.open_session()
        n += words_part(watch, honest, attackers, table, bad)
        print(f"{n} rows with words after {time.monotonic() - start:.1f} s", flush=True)
        if options.only == "":
            n += strangers.end(lab, it, members[0], watch, honest)
        honest.pause(50)
        honest.stopped = True
        honest.join()
        for a in attackers:
            a.close()
        quiet, attacked = p99(honest.times[True]), p99(honest.times[False])
        print(f"{n} attacks in {time.monotonic() - start:.1f} s; the gate had {watch.gate_mib()} MiB at most; p99 of {len(honest.times[True])} quiet pings "
              f"{quiet * 1000:.1f} ms, of {len(honest.times[False])} under attack {attacked * 1000:.1f} ms")
        assert not bad, f"{len(bad)} of {n}"
        assert options.only or n >= 200
        assert not honest.failed, honest.failed[:3]
        # beside other tests this says how busy the machine is
        assert not everything or attacked <= max(2 * quiet, quiet + FLOOR_S), "the honest peer waits too long"


main()
