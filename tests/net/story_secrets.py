#!/usr/bin/python3
"""Known secrets (node keys, CURVE keys, persons' and root keys, passphrases) are looked for wherever they must not be, raw, in hexadecimal
and in base64: what commands and processes print and log, every file of a home and of a person but the key files, arguments and
environments, what two nodes send each other, what web serves, and (as root) the memory of processes that need none. Key files are 0600;
what a passphrase seals stands nowhere in clear."""
import base64
import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading

import nacl.bindings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../web"))
from lab import SPECOLA, Lab, Node  # noqa: E402
from peer import key_file  # noqa: E402
from web import Web, rows  # noqa: E402

PASSPHRASE = b"a passphrase of tests"
CHUNK = 256 * 1024
NODE_PASSPHRASE = b"another passphrase, of a node"


def unseal(path, passphrase):
    """The 32 octets of a sealed key file (keys/keyfile.h)."""
    text = open(path, "rb").read()
    seal = dict(re.findall(rb"(\w+)=(\w+)", re.search(rb"^seal: (.*)$", text, re.M).group(1)))
    key = nacl.bindings.crypto_pwhash_alg(32, passphrase, bytes.fromhex(seal[b"salt"].decode()), int(seal[b"ops"]), int(seal[b"mem"]),
                                          nacl.bindings.crypto_pwhash_ALG_ARGON2ID13)
    box = bytes.fromhex(re.search(rb"^secret: (.*)$", text, re.M).group(1).decode())
    return nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(box, text[:text.index(b"secret: ")],
                                                                    bytes.fromhex(seal[b"nonce"].decode()), key)


class Hunt:
    """Patterns of all secrets, and where they were found."""

    def __init__(self):
        self.patterns, self.places, self.octets, self.found = [], 0, 0, []

    def secret(self, name, octets):
        assert len(octets) >= 16
        forms = {octets, octets.hex().encode(), octets.hex().upper().encode()}
        for shift in range(3):  # base64 of it, wherever it stands in what was encoded; the first and last digits depend on neighbours
            encoded = base64.b64encode(bytes(shift) + octets)
            forms.add(encoded[-(-shift * 8 // 6):len(encoded) // 4 * 4 - 4])
            forms.add(encoded[-(-shift * 8 // 6):len(encoded) // 4 * 4 - 4].replace(b"+", b"-").replace(b"/", b"_"))
        self.patterns.append((name, [form for form in forms if len(form) >= 16]))

    def look(self, where, octets, but=()):
        self.places, self.octets = self.places + 1, self.octets + len(octets)
        for name, forms in self.patterns:
            if name not in but and any(form in octets for form in forms):
                self.found.append(f"{name} in {where}")

    def file(self, path, but=()):
        self.look(path, open(path, "rb").read(), but)


class Tap(threading.Thread):
    """Between a dialler and a listener on the loopback; keeps every octet of both directions."""

    def __init__(self, endpoint):
        super().__init__(daemon=True)
        self.target = endpoint.removeprefix("tcp://").rsplit(":", 1)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"tcp://127.0.0.1:{self.listener.getsockname()[1]}"
        self.heard = bytearray()
        self.start()

    def run(self):
        while True:
            near = self.listener.accept()[0]
            far = socket.create_connection((self.target[0], int(self.target[1])))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self.pass_on, args=(source, sink), daemon=True).start()

    def pass_on(self, source, sink):
        try:
            while octets := source.recv(65536):
                self.heard += octets
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def files_below(*folders):
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(where, name)
                if stat.S_ISREG(os.lstat(path).st_mode):
                    yield path


def look_at_files(hunt, lab):
    keys = 0
    for path in files_below(lab.dir):
        if path.endswith(".key"):
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, path
            text = open(path, "rb").read()
            keys += 1
            if b"seal: none" not in text:
                hunt.look(path, text)
        elif "passphrase" not in os.path.basename(path):
            hunt.file(path)
    assert keys >= 9, keys


def look_at_process(hunt, name, pid, may):
    """may: secrets that this process holds by its work."""
    hunt.file(f"/proc/{pid}/cmdline")
    if os.environ.get("SPECOLA_SANITIZED"):
        return False  # its memory has shadows, and keeps what was freed
    try:
        hunt.file(f"/proc/{pid}/environ")
        memory = open(f"/proc/{pid}/mem", "rb")
    except PermissionError:
        return False  # closed to its own user, as it should be
    with memory:
        for line in open(f"/proc/{pid}/maps", encoding="utf-8"):
            if not re.match(r"\S+ \S+p 0+ 00:00", line) and "[heap]" not in line and "[stack]" not in line:
                continue  # only what is its own: no file
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            last = b""
            for at in range(start, end, CHUNK):
                try:
                    memory.seek(at)
                    octets = memory.read(min(CHUNK, end - at))
                except (OSError, ValueError):
                    break  # [vvar] and the like
                if octets.strip(b"\0"):  # most of it was never used
                    hunt.look(f"the memory of {name}", last[-128:] + octets, may)
                last = octets
    return True


def look_at_processes(hunt, node, prefix):
    """The supervisor has both keys of the node, core and gate one each, ctl, web and courier none."""
    pids = {p["role"]: p["pid"] for p in node.status()["processes"]}
    may = {"core": [f"{prefix} node"], "gate": [f"{prefix} curve"], "ctl": [], "web": [], "courier": []}
    assert set(pids) == set(may), pids
    read = [look_at_process(hunt, role, pid, may[role]) for role, pid in pids.items()]
    hunt.file(f"/proc/{node.process.pid}/cmdline")
    return all(read)


class Sealed(Node):
    """A node whose own keys are sealed; serve finds the passphrase as a credential of systemd."""

    def __init__(self, lab):
        super().__init__(lab, "EE")
        self.credentials = os.path.join(lab.dir, "credentials")
        os.mkdir(self.credentials, 0o700)
        with open(os.open(os.path.join(self.credentials, "node-passphrase"), os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(NODE_PASSPHRASE + b"\n")
        self.run("init", "--country", "EE", "--name", "Sealed", "--found", "Alone", "--listen", "tcp://127.0.0.1:0", "--passphrase-file",
                 lab.passphrase(), "--node-passphrase-file", os.path.join(self.credentials, "node-passphrase"))

    def serve(self, *arguments, binary=None):
        os.environ["CREDENTIALS_DIRECTORY"] = self.credentials
        try:
            return super().serve(*arguments, binary=binary)
        finally:
            del os.environ["CREDENTIALS_DIRECTORY"]


def learn(hunt, lab, nodes, sealed):
    hunt.secret("the persons' passphrase", PASSPHRASE)
    hunt.secret("the passphrase of a node", NODE_PASSPHRASE)
    for node in nodes:
        for use in ("node", "curve"):
            hunt.secret(f"{node.handle} {use}", key_file(os.path.join(node.home, f"{use}.key"))[1])
        hunt.secret(f"{node.handle} person", unseal(os.path.join(node.config, "specola/person.key"), PASSPHRASE))
        hunt.secret(f"{node.handle} root", unseal(os.path.join(lab.dir, f"{node.handle}-1.key"), PASSPHRASE))
    for use in ("node", "curve"):
        hunt.secret(f"EE {use}", unseal(os.path.join(sealed.home, f"{use}.key"), NODE_PASSPHRASE))


def everything_of_web(hunt, node):
    web = Web(node).ready()
    index = json.loads(web.get("/sync")[1])
    paths = ["/", "/cases", "/cases.json", "/nodes", "/nodes/IT.json", "/sync", "/metrics", *index["head"], *(log["items"] for log in index["logs"])]
    for path in paths:
        hunt.look(f"GET {path}", web.get(path)[1])


def main():
    with Lab() as lab:
        hunt = Hunt()
        it, fr = lab.found("IT", "FR")
        sealed = lab.nodes["EE"] = Sealed(lab)  # stopped with the others
        learn(hunt, lab, (it, fr), sealed)
        it.serve("-v")
        tap = Tap(it.port())
        fr.serve("-v", "--peer", f"IT={tap.endpoint}")
        sealed.serve("-v")
        path = os.path.join(lab.dir, "rows.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows(10))
        hunt.look("import", it.run("-v", *lab.import_args(path))[1])
        lab.converged([it, fr], 20)
        whole = all([look_at_processes(hunt, node, node.handle) for node in (it, fr, sealed)])
        everything_of_web(hunt, it)
        assert len(tap.heard) > 2000, "nothing went over the wire"
        hunt.look("the wire", bytes(tap.heard))
        for words in (("key", "show"), ("doctor",), ("status",), ("--json", "status"), ("person", "list"), ("verify",)):
            done = subprocess.run([SPECOLA, "--home", it.home, *words], env=lab.env(it.config), capture_output=True, check=False)
            hunt.look(" ".join(words), done.stdout + done.stderr)
        it.run("export", "--to", "bundle", "-o", os.path.join(lab.dir, "all.bundle"))
        look_at_files(hunt, lab)  # while they serve: the WAL is there
        assert any(p.endswith("store.db-wal") for p in files_below(lab.dir))
        it.stop()
        hunt.file(os.path.join(it.home, "store.db"))
        assert not hunt.found, "\n".join(hunt.found)
        hunt.look("an example", b"..." + key_file(os.path.join(it.home, "node.key"))[1].hex().encode())
        hunt.look("an example", base64.b64encode(b"xy" + key_file(os.path.join(it.home, "curve.key"))[1] + b"z"))
        assert sorted(hunt.found) == ["IT curve in an example", "IT node in an example"], "the hunt finds what there is"
        print(f"{len(hunt.patterns)} secrets, {hunt.places} places, {hunt.octets} octets" + ("" if whole else "; no memory: not root"))


main()
