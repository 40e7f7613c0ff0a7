"""A laboratory of real nodes: homes in a temporary folder, founded with the commands that people use, serving on loopback on ports
that the kernel chose. Every test of tests/net starts what it needs here and stops it again."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPECOLA = os.environ.get("SPECOLA", os.path.join(ROOT, ".build/dev/cli/specola"))
DATA = os.environ.get("SPECOLA_TEST_DATA")
COUNTRIES = {"IT": "Dipartimento della Funzione Pubblica", "FR": "Direction interministérielle", "EE": "Riigikantselei",
             "LV": "Valsts kanceleja", "PT": "Agência", "ES": "Ministerio", "PL": "Ministerstwo"}


class Failed(Exception):
    """A command ended otherwise than it should."""


class Node:
    """One home, with the coordinator's keys in its own configuration folder."""

    def __init__(self, lab, handle):
        self.lab, self.handle, self.process = lab, handle, None
        self.inside = []  # words in front of serve: of a namespace that it runs in
        self.home, self.config = os.path.join(lab.dir, handle, "home"), os.path.join(lab.dir, handle, "config")
        os.makedirs(self.config, mode=0o700)
        os.chmod(os.path.dirname(self.home), 0o700)
        self.log = os.path.join(lab.dir, handle, "serve.log")

    def run(self, *arguments, ok=(0,), binary=None, timeout=120, inside=()):
        """Runs a command, with words in front of it; returns (exit status, stdout)."""
        done = subprocess.run([*inside, binary or SPECOLA, "--home", self.home, "--no-input", *arguments], env=self.lab.env(self.config),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False)
        if done.returncode not in ok:
            raise Failed(f"{self.handle}: {' '.join(arguments)}: exit {done.returncode}\n{done.stdout.decode()[-2000:]}\n"
                         f"{done.stderr.decode()[-2000:]}\n{self.tail()}")
        return done.returncode, done.stdout

    def json(self, *arguments, ok=(0,), **options):
        return json.loads(self.run("--json", *arguments, ok=ok, **options)[1])

    def tail(self):
        try:
            return "serve.log: " + open(self.log, encoding="utf-8", errors="replace").read()[-2000:]
        except OSError:
            return ""

    def settings(self, **values):
        """Sets keys of node.ini; for the next serve."""
        path = os.path.join(self.home, "node.ini")
        lines = [line for line in open(path, encoding="utf-8") if line.split("=")[0].strip() not in values]
        with open(path, "w", encoding="utf-8") as file:
            file.writelines([*lines, *(f"{key} = {value}\n" for key, value in values.items())])

    def serve(self, *arguments, binary=None):
        self.begin(*arguments, binary=binary)
        self.lab.until(lambda: self.port() is not None, 20, f"{self.handle} serves\n{self.tail()}")
        return self

    def begin(self, *arguments, binary=None):
        """Starts serving, and waits for nothing."""
        for left_over in ("run/ports", "run/ctl"):  # of a node that was killed
            try:
                os.unlink(os.path.join(self.home, left_over))
            except FileNotFoundError:
                pass
        log = open(self.log, "ab")
        self.process = subprocess.Popen([*self.inside, binary or SPECOLA, "--home", self.home, "serve", *arguments],
                                        env=self.lab.env(self.config), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        log.close()

    def port(self):
        """The endpoint that the gate bound, once ctl answers."""
        if self.process is not None and self.process.poll() is not None:
            raise Failed(f"{self.handle}: serve ended with {self.process.returncode}\n{self.tail()}")
        try:
            text = open(os.path.join(self.home, "run/ports"), encoding="utf-8").read()
        except OSError:
            return None
        endpoint = next((word for word in text.split() if word.startswith("tcp://")), None)
        return endpoint if endpoint and os.path.exists(os.path.join(self.home, "run/ctl")) else None

    def stop(self, sig=signal.SIGTERM):
        if self.process is None:
            return
        if sig == signal.SIGKILL:
            os.killpg(self.process.pid, sig)
        else:
            self.process.send_signal(sig)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process = None

    def status(self, **options):
        return self.json("status", **options)

    def digest(self):
        return self.status()["frontier"]


class Lab:
    """Use as a context manager; the folder goes away at the end unless SPECOLA_KEEP is set."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="specola-")
        self.nodes = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in self.nodes.values():
            node.stop()
        if not os.environ.get("SPECOLA_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def env(self, config):
        return {**{k: v for k, v in os.environ.items() if not k.startswith("SPECOLA_") or k == "SPECOLA_TEST_DATA"},
                "XDG_CONFIG_HOME": config, "HOME": config, "SPECOLA_TEST_FAST_KEYS": "1", "LC_ALL": "C.UTF-8"}

    def until(self, condition, seconds, what):
        """Waits for a condition, polling; returns the seconds that it took."""
        start = time.monotonic()
        while time.monotonic() - start < seconds:
            if condition():
                return time.monotonic() - start
            time.sleep(0.05)
        raise Failed(f"not within {seconds} s: {what}")

    def passphrase(self):
        path = os.path.join(self.dir, "passphrase")
        if not os.path.exists(path):
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write("a passphrase of tests\n")
        return path

    def person(self, name):
        """Somebody with a configuration folder, and no node."""
        return Node(self, name)

    def found(self, *handles, title="Prova"):
        """The founding as people do it: roots on a machine of their own, a home each, one charter that everybody signs."""
        roots = Node(self, "roots")
        secret = ("--passphrase-file", self.passphrase())
        for handle in handles:
            node = self.nodes[handle] = Node(self, handle)
            roots.run("root", "new", "--name", handle, "--out", self.dir, *secret)
            node.run("init", "--country", handle, "--name", COUNTRIES[handle], "--root", f"{self.dir}/{handle}.root",
                     "--listen", "tcp://127.0.0.1:0", "--out", f"{self.dir}/{handle}.identity", *secret)
        roots.run("found", title, *(f"{self.dir}/{h}.identity" for h in handles), "--out", f"{self.dir}/prova.charter")
        for handle in handles:
            roots.run("root", "sign", f"{self.dir}/prova.charter", "--key", f"{self.dir}/{handle}-1.key", *secret)
        for node in self.nodes.values():
            node.run("join", f"{self.dir}/prova.charter", *secret)
        return [self.nodes[h] for h in handles]

    def serve(self, *nodes):
        """Starts nodes one after the other, each knowing the endpoints of those before; links serve both ways."""
        known = []
        for node in nodes:
            node.serve(*(word for handle, endpoint in known for word in ("--peer", f"{handle}={endpoint}")))
            known.append((node.handle, node.port()))

    def import_args(self, path, map_path=None):
        arguments = ["import", path, "--passphrase-file", self.passphrase()]
        return arguments + (["--map", map_path] if map_path else [])

    def converged(self, nodes, seconds=30):
        return self.until(lambda: len({n.digest() for n in nodes}) == 1, seconds, "the frontier digests are equal: " +
                          ", ".join(f"{n.handle} {n.digest()[:12]}" for n in nodes))


def free_port():
    """For a web whose address is told before it serves."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def real_rows():
    """(file name, row) of every real case."""
    for name in ("cases_open", "cases_multilingual", "cases_seeds"):
        with open(os.path.join(DATA, name + ".ndjson"), encoding="utf-8") as file:
            for line in file:
                yield name, json.loads(line)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)
