#!/usr/bin/python3
"""The children of `serve` are confined as docs/architecture.md says: filter, no new privileges, no core dumps, capped memory. One that
finds no memory within its cap ends, and another one does its work at once (well below two seconds, on a machine that is not busy); core lives on."""
import json
import os
import resource
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../web"))
from lab import Lab, skip  # noqa: E402
from web import Web, address, rows  # noqa: E402

MIB = 1024 * 1024
LIMIT_S = 20  # for a machine that does ten other things
CAPS = {"gate": 256 * MIB, "web": 768 * MIB, "courier": 256 * MIB}


def children(node):
    return {p["role"]: p["pid"] for p in node.status()["processes"]}


def status_of(pid):
    """{name: first word} of /proc/PID/status."""
    lines = (line.split(":", 1) for line in open(f"/proc/{pid}/status", encoding="utf-8"))
    return {name: (value.split() or [""])[0] for name, value in lines}


def is_alive(pid):
    try:
        return status_of(pid)["State"] != "Z"
    except OSError:
        return False


def is_reached(endpoint):
    host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True


def until(said, of):
    """What is said as soon as it is so, for a process may answer before another one has begun; else what is said at last."""
    for _ in range(500):
        if said(of()):
            break
        time.sleep(0.02)
    return of()


def confinements(node):
    return [line for line in open(node.log, encoding="utf-8") if "confine: confined: landlock abi" in line]


def look(node):
    for role, pid in children(node).items():
        said = until(lambda status: status["Seccomp"] == "2", lambda: status_of(pid))
        assert (said["Seccomp"], said["NoNewPrivs"]) == ("2", "1"), (role, said)
        assert resource.prlimit(pid, resource.RLIMIT_CORE) == (0, 0), role
        assert role not in CAPS or resource.prlimit(pid, resource.RLIMIT_AS) == (CAPS[role], CAPS[role]), role
    said = until(lambda lines: len(lines) == 5, lambda: confinements(node))
    assert sorted(line.split()[0] for line in said) == ["core", "courier", "ctl", "gate", "web"], said
    assert all(" info " in line and "seccomp" in line for line in said), said
    print("".join(said), end="")


def no_more_memory(pid):
    """Its address space ends where it is now."""
    resource.prlimit(pid, resource.RLIMIT_AS, (int(status_of(pid)["VmSize"]) * 1024, resource.prlimit(pid, resource.RLIMIT_AS)[1]))


def flood(endpoint):
    """Connections of strangers, each of which costs a little."""
    host, port = endpoint.removeprefix("tcp://").rsplit(":", 1)
    open_ones = []
    for _ in range(50):
        try:
            open_ones.append(socket.create_connection((host, int(port)), timeout=1))
            open_ones[-1].sendall(b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0CURVE" + bytes(44))
        except OSError:
            break
    for one in open_ones:
        one.close()


def gate_dies_and_is_back(lab, it, fr):
    before = children(it)
    no_more_memory(before["gate"])
    lab.until(lambda: flood(it.port()) or not is_alive(before["gate"]), 20, "the gate found no memory")
    took = lab.until(lambda: children(it).get("gate") not in (None, before["gate"]) and is_reached(it.port()), LIMIT_S,
                     "another gate\n" + it.tail())
    assert children(it)["core"] == before["core"], "core lived on"
    assert "role=gate" in open(it.log, encoding="utf-8").read() and "why=signal" in open(it.log, encoding="utf-8").read(), it.tail()
    lab.converged([it, fr], 20)
    print(f"gate back after {took:.2f} s")


def half_requests(node, n):
    """Connections that have sent 250 kB of 260."""
    head = b"POST /sync/submit HTTP/1.1\r\nHost: %s\r\nContent-Type: application/msgpack\r\nContent-Length: 260000\r\n\r\n"
    host, port = address(node)
    clients = []
    for _ in range(n):
        try:
            clients.append(socket.create_connection((host, port), timeout=2))
            clients[-1].sendall(head % f"{host}:{port}".encode() + bytes(250000))
        except OSError:
            pass
    return clients


def web_refuses_or_dies_and_is_back(lab, it):
    """What finds no memory is refused, or ends the process; whatever it is, pages are served again at once, and core lived on."""
    before = children(it)
    Web(it).ready()
    with_memory = half_requests(it, 2)
    assert not any(is_closed(client) for client in with_memory), "while there is memory, the rest of them is waited for"
    no_more_memory(before["web"])
    clients = half_requests(it, 60)
    refused = sum(is_closed(client) for client in clients)
    for client in clients + with_memory:
        client.close()
    alive = is_alive(before["web"])
    assert refused > 0 or not alive, "60 half requests of 250 kB fit into no memory at all?"
    if alive:
        resource.prlimit(before["web"], resource.RLIMIT_AS, (CAPS["web"], CAPS["web"]))
    took = lab.until(lambda: serves_pages(it), LIMIT_S, "pages again\n" + it.tail())
    assert children(it)["core"] == before["core"], "core lived on"
    print(f"web refused {refused}, {'lived on' if alive else 'ended'}, pages again after {took:.2f} s")


def is_closed(client):
    client.settimeout(0.2)
    try:
        return client.recv(100) is not None  # an answer, or its end, before the request was whole
    except TimeoutError:
        return False
    except OSError:
        return True


def serves_pages(node):
    try:
        return address(node) is not None and Web(node).ask("GET", "/cases")[0] == 200
    except OSError:
        return False


def main():
    with Lab() as lab:
        it, fr = lab.found("IT", "FR")
        path = os.path.join(lab.dir, "rows.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows(40))
        it.run(*lab.import_args(path))
        it.serve("-v")
        Web(it).ready()
        if "not confined" in open(it.log, encoding="utf-8").read():
            skip("nothing can be confined here: " + it.tail())
        look(it)
        fr.serve("--peer", f"IT={it.port().replace('127.0.0.1', 'localhost')}")  # a name: the resolver works, confined
        lab.converged([it, fr], 20)
        gate_dies_and_is_back(lab, it, fr)
        web_refuses_or_dies_and_is_back(lab, it)
        it.stop()


main()
