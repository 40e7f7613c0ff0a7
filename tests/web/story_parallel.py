#!/usr/bin/python3
"""Many readers at once see what one sees: the same octets, whatever was answered before; who comes when too much waits is told to come again; a
node that is stopped meanwhile ends."""
import http.client
import json
import os
import random
import socket
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from web import Web, rows  # noqa: E402
from lab import Lab  # noqa: E402

READERS, CROWD, SEED = 8, 60, 31
PATHS = [f"/{lang}{path}" for lang in ("en", "it") for path in
         ("/", "/cases", "/nodes", "/nodes/IT", "/IT-2", "/IT-5", "/IT-7.json", "/IT-9/v/1", "/cases?level=local", "/cases?level=central&country=IT", "/cases.json?sector=01",
          "/cases?more=sector", "/cases?q=data", "/cases?q=dati+aperti&level=local", "/cases?q=case+-open", "/cases.json?q=caso*&sort=newest", "/cases?q=%22open+data%22",
          "/IT-9999", "/cases?after=x", "/cases?nonsense=1")] + ["/sync", "/sync/charter", "/sync/checkpoints", "/sync/identities"]


def ask(connection, path, packed):
    connection.request("GET", path, headers={"Accept-Encoding": "gzip"} if packed else {})
    answer = connection.getresponse()
    return answer.status, answer.headers["ETag"], answer.headers["Content-Encoding"], answer.read()


def same_octets(web):
    alone = http.client.HTTPConnection(web.host, web.port, timeout=60)
    expected = {(path, packed): ask(alone, path, packed) for path in PATHS for packed in (False, True)}
    index = json.loads(expected["/sync", False][3])
    for log in index["logs"]:
        expected[log["items"], False] = ask(alone, log["items"], False)
    assert sum(answer[0] == 200 for answer in expected.values()) >= len(expected) - 12
    wrong = []

    def read(seed):
        chance, own = random.Random(seed), http.client.HTTPConnection(web.host, web.port, timeout=60)
        for path, packed in chance.sample(sorted(expected), len(expected)):
            if ask(own, path, packed) != expected[path, packed]:
                wrong.append((path, packed))

    assert web.ask("GET", "/en/cases")[0] == 200 and web.ask("POST", "/en/cases", body=b"x")[0] == 405  # what is kept is for readers
    threads = [threading.Thread(target=read, args=(SEED + i,)) for i in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong
    print(f"{READERS} readers, {len(expected)} answers each, seed {SEED}: the octets that one reader gets")


def begin(web, path):
    sock = socket.create_connection((web.host, web.port), timeout=60)
    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {web.host}:{web.port}\r\nConnection: close\r\n\r\n".encode())
    return sock


def rest(sock):
    """All that comes until the end; None: a reset."""
    octets = b""
    try:
        while piece := sock.recv(65536):
            octets += piece
    except ConnectionResetError:
        return None
    finally:
        sock.close()
    return octets


def is_whole(octets):
    head, _, body = octets.partition(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length"))
    return len(body) == length


def crowd(web):
    """All at once, no two alike, so that each has to be found."""
    answers = [rest(sock) for sock in [begin(web, f"/en/cases?q=data+{i}+open+case+summary&sort=newest") for i in range(CROWD)]]
    assert None not in answers and all(is_whole(answer) for answer in answers)
    kinds = {answer.split(b" ")[1] for answer in answers}
    assert kinds <= {b"200", b"503"} and b"200" in kinds, kinds
    assert all(b"\r\nRetry-After: 1\r\n" in answer for answer in answers if answer.split(b" ")[1] == b"503")
    web.get("/en/cases?q=data+open")
    print(f"{CROWD} at once: {sum(answer.split(b' ')[1] == b'503' for answer in answers)} were told to come again")


def stopped(it, web):
    """Told to stop with all of them asked."""
    socks = [begin(web, f"/en/cases?q=case+{i}") for i in range(CROWD)]
    process = it.process
    it.stop()
    assert process.returncode == 0, (process.returncode, it.tail())
    answers = [rest(sock) for sock in socks]
    assert all(not answer or answer.startswith(b"HTTP/1.1 ") for answer in answers)
    print("stopped with requests in hand")


def main():
    with Lab() as lab:
        it, = lab.found("IT")
        path = os.path.join(lab.dir, "cases.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(r) + "\n" for r in rows(300))
        it.run(*lab.import_args(path))
        lab.serve(it)
        web = Web(it).ready()
        same_octets(web)
        crowd(web)
        stopped(it, web)


main()
