"""What a soak measures: memory, descriptors and processor time of every process of every node, and how far nodes are behind."""
import json
import os
import threading
import time

from publisher import Ctl

ROLES = ("supervisor", "core", "gate", "ctl", "web", "courier")
TICKS = os.sysconf("SC_CLK_TCK")


def status_of(node):
    """The status that core itself gives; None: it does not answer."""
    try:
        status, octets = Ctl(node).ask("GET", "/status")
        said = json.loads(octets) if status == 200 else None
        return said and {**said["exchange"], "processes": said["processes"]}
    except OSError:
        return None


def records_of(status):
    return sum(log["size"] for log in status["logs"])


def look(pid):
    """{"rss", "heap" (anonymous pages): KiB, "fds", "cpu_s"}; None: it has ended."""
    try:
        fields = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status", encoding="utf-8") if line.startswith(("VmRSS", "RssAnon")))
        words = open(f"/proc/{pid}/stat", encoding="utf-8").read().rsplit(")", 1)[1].split()
        return {"rss": int(fields["VmRSS"].split()[0]), "heap": int(fields["RssAnon"].split()[0]), "fds": len(os.listdir(f"/proc/{pid}/fd")),
                "cpu_s": (int(words[11]) + int(words[12])) / TICKS}
    except (OSError, KeyError):
        return None


def slope(points):
    """Least squares: units of y by unit of x."""
    n = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / n, sum(y for _, y in points) / n
    below = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / below if below else 0.0


class Sampler:
    """Samples in a thread of its own, every `every_s`, until it is ended."""

    def __init__(self, nodes, every_s, say=None):
        self.nodes, self.every_s, self.say = nodes, every_s, say
        self.samples, self.since, self.stopping = [], time.monotonic(), threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        turn = 0
        while True:
            self.samples.append(self.sample())
            if self.say:
                self.say(self.samples[-1])
            turn += 1
            if self.stopping.wait(max(0.0, self.since + turn * self.every_s - time.monotonic())):
                return

    def sample(self):
        at = {"s": time.monotonic() - self.since, "records": {}, "processes": {}}
        for node in self.nodes:
            status = status_of(node)
            if status is None:
                continue
            at["records"][node.handle] = records_of(status)
            pids = {"supervisor": node.process.pid, **{p["role"]: p["pid"] for p in status["processes"]}}
            for role, pid in pids.items():
                found = look(pid)
                if found:
                    at["processes"][node.handle, role] = {**found, "pid": pid}
        return at

    def end(self):
        self.stopping.set()
        self.thread.join()
        return self.samples


class Trend:
    """How one role's processes went over the second half of the samples."""

    def __init__(self, samples, role, handles):
        half = samples[len(samples) // 2:]
        self.role, minutes = role, [s["s"] / 60 for s in half]
        self.records_a_minute = slope([(m, max(s["records"].values())) for m, s in zip(minutes, half)])
        self.restarts, self.rows = 0, []
        for handle in handles:
            of = [(m, s["processes"].get((handle, role)), s["records"].get(handle, 0)) for m, s in zip(minutes, half)]
            of = [row for row in of if row[1] is not None]
            if len(of) < 3 or len({row[1]["pid"] for row in of}) > 1:
                self.restarts += 1
                continue
            self.rows.append({"heap": slope([(m, p["heap"]) for m, p, _ in of]), "rss": slope([(m, p["rss"]) for m, p, _ in of]),
                              "fds": slope([(m, p["fds"]) for m, p, _ in of]), "fds_low": min(p["fds"] for _, p, _ in of),
                              "fds_high": max(p["fds"] for _, p, _ in of), "peak": max(p["rss"] for _, p, _ in of),
                              "start": of[0][1]["heap"], "record": slope([(r, p["heap"] * 1024) for _, p, r in of]),
                              "cpu": (of[-1][1]["cpu_s"] - of[0][1]["cpu_s"]) / max(60 * (of[-1][0] - of[0][0]), 1e-9)})

    def mean(self, what):
        return sum(row[what] for row in self.rows) / len(self.rows) if self.rows else 0.0

    def high(self, what):
        return max((row[what] for row in self.rows), default=0)

    def say(self):
        print(f"  {self.role:<10} {self.mean('rss'):>9.1f} {self.high('rss'):>9.1f} {self.mean('heap'):>9.1f} {self.mean('record'):>9.0f} {self.high('peak') / 1024:>9.1f} "
              f"{self.high('fds_low'):>6}..{self.high('fds_high'):<4} {self.mean('fds'):>8.2f} {100 * self.mean('cpu'):>7.2f}")


TREND_HEAD = (f"  {'role':<10} {'RSS KiB':>9} {'worst':>9} {'heap KiB':>9} {'octets':>9} {'peak':>9} {'fds':>12} {'fds':>8} {'% of a':>7}\n"
              f"  {'':<10} {'a min':>9} {'':>9} {'a min':>9} {'a record':>9} {'MiB':>9} {'low..high':>12} {'a min':>8} {'core':>7}")
