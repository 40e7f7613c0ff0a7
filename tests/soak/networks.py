"""Network namespaces and the proxy of a soak. Everything lives in namespaces of its own, of processes and mounts, too: whatever ends the
run, also SIGKILL, ends every process and takes every interface with it, and two runs never meet.

Each node has a namespace with one interface, 10.77.0.i, on the bridge of the run's own namespace, where the proxy is at 10.77.0.254:
the others reach node i at port 7000 + i of the proxy and nowhere else."""
import ctypes
import os
import shutil
import signal
import subprocess
import sys

from lab import SPECOLA

PROXY = os.environ.get("SPECOLA_PROXY") or os.path.join(os.path.dirname(SPECOLA), "../tests/soak/soak_proxy")
PREFIX, HUB, PORT, BASE = "10.77.0", "10.77.0.254", 7411, 7000
PR_SET_PDEATHSIG = 1
UNSHARE = ["unshare", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"]), "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def enter(skip):
    """Runs this program again in namespaces of its own; returns there. skip(why) where that is not allowed."""
    if os.environ.get("SPECOLA_SOAK_INSIDE"):
        return
    for tool in ("unshare", "nsenter", "ip"):
        if shutil.which(tool) is None:
            skip(f"{tool} is missing")
    tried = subprocess.run([*UNSHARE, "sh", "-c", "mount -t tmpfs none /run && ip netns add try && ip link add hub type bridge"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if tried.returncode != 0:
        skip(f"network namespaces are not allowed here: {tried.stdout.decode().strip()}")
    sys.stdout.flush()
    libc = ctypes.CDLL(None)
    outer = subprocess.Popen([*UNSHARE, sys.executable, *sys.argv], env={**os.environ, "SPECOLA_SOAK_INSIDE": "1"},
                             preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))

    def forward(*_):  # unshare itself waits, whatever comes
        with open(f"/proc/{outer.pid}/task/{outer.pid}/children", encoding="utf-8") as children:
            for inner in children.read().split():
                os.kill(int(inner), signal.SIGTERM)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, forward)
    sys.exit(outer.wait() and max(outer.returncode, 1))


def end_once(*_):
    """For SIGINT and SIGTERM, inside: ends the program by SystemExit; what comes meanwhile does not disturb."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(1)


class Networks:
    """Numbered from 1. Use as a context manager."""

    def __init__(self, n):
        self.n, self.proxy, self.loss = n, None, False

    def __enter__(self):
        os.makedirs("/run", exist_ok=True)
        self.ip("mount", ["mount", "-t", "tmpfs", "none", "/run"])
        lines = ["link set lo up", "link add hub type bridge", f"addr add {HUB}/24 dev hub", "link set hub up"]
        for i in range(1, self.n + 1):
            lines += [f"netns add n{i}", f"link add v{i} type veth peer name eth0 netns n{i}", f"link set v{i} master hub up"]
        self.ip("hub", ["ip", "-batch", "-"], lines)
        for i in range(1, self.n + 1):
            self.ip(f"n{i}", ["ip", "-n", f"n{i}", "-batch", "-"], ["link set lo up", f"addr add {PREFIX}.{i}/24 dev eth0", "link set eth0 up"])
        self.proxy = subprocess.Popen([PROXY, HUB, str(BASE), PREFIX, str(PORT), str(self.n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.proxy.stdout.readline() == "listening\n", "the proxy listens"
        return self

    def __exit__(self, *_):
        if self.proxy is not None:
            self.proxy.stdin.close()
            self.proxy.wait(10)

    @staticmethod
    def ip(what, command, lines=()):
        done = subprocess.run(command, input="".join(line + "\n" for line in lines), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise OSError(f"{what}: {done.stdout}")

    def inside(self, i):
        """Words in front of a command that runs in node i's namespace."""
        return ["nsenter", f"--net=/run/netns/n{i}"]

    def listen(self, i):
        return f"tcp://{PREFIX}.{i}:{PORT}"

    def reached(self, i):
        return f"tcp://{HUB}:{BASE + i}"

    def orders(self, lines):
        """Says lines to the proxy; its answers."""
        self.proxy.stdin.write("".join(line + "\n" for line in lines))
        self.proxy.stdin.flush()
        return [self.proxy.stdout.readline().strip() for _ in lines]

    def rule(self, pairs, words):
        answers = self.orders([f"rule {a} {b} {words}" for a, b in pairs])
        assert set(answers) <= {"ok"}, answers

    def stat(self):
        """(connections, half-open ones, octets that passed, octets held back)"""
        return tuple(int(word) for word in self.orders(["stat"])[0].split())

    def pairs(self, of=None):
        return [(a, b) for a in range(1, self.n + 1) for b in range(a + 1, self.n + 1) if of is None or of in (a, b)]

    def lose(self, percent):
        """Lets every node lose so many per cent of what arrives, by nft. False: it is not here, or not allowed."""
        if shutil.which("nft") is None:
            return False
        text = "table inet soak {}\ndelete table inet soak\n"
        if percent > 0:
            text += ("table inet soak {\n chain lose {\n  type filter hook input priority 0\n"
                     f"  iif != lo numgen random mod 100 < {percent} drop\n }}\n}}\n")
        for i in range(1, self.n + 1):
            if subprocess.run([*self.inside(i), "nft", "-f", "-"], input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).returncode != 0:
                return False
        return True
