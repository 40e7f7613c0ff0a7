#!/usr/bin/python3
"""Requests as no browser sends them, octet by octet, and the matrix Host x Origin x method x type x path: only the good cells answer
200. Slow clients are cut off, an address has its share of connections, and the server lives on."""
import itertools
import os
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from web import Web, rows  # noqa: E402
from lab import Lab  # noqa: E402
import json  # noqa: E402


def raw(web, octets, timeout=5):
    """The answer to octets as they are: (status, everything)."""
    with socket.create_connection((web.host, web.port), timeout) as s:
        s.sendall(octets)
        answer = b""
        while True:
            try:
                more = s.recv(65536)
            except (socket.timeout, ConnectionResetError):
                break
            answer += more
            if not more:
                break
        return (int(answer.split()[1]) if answer.startswith(b"HTTP/1.1 ") else 0), answer


def malformed(web):
    host = f"Host: {web.host}:{web.port}\r\n".encode()
    cases = [
        (400, b"GET / HTTP/1.1\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\n" + host + host + b"\r\n"),
        (421, b"GET / HTTP/1.1\r\nHost: evil.example.org\r\n\r\n"),
        (400, b"GET / HTTP/1.1\n" + host.replace(b"\r", b"") + b"\n"),
        (400, b"GET /\0 HTTP/1.1\r\n" + host + b"\r\n"),
        (400, b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + host + b"\r\n"),
        (400, b"GET /../node.key HTTP/1.1\r\n" + host + b"\r\n"),
        (400, b"GET /cases?q=%00 HTTP/1.1\r\n" + host + b"\r\n"),
        (400, b"GET / HTTP/1.1\r\n" + host + b" folded\r\n\r\n"),
        (400, b"POST /sync/submit HTTP/1.1\r\n" + host + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n\x90"),
        (501, b"POST /sync/submit HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n1\r\n\x90\r\n0\r\n\r\n"),
        (400, b"POST /sync/submit HTTP/1.1\r\n" + host + b"Content-Length: -1\r\n\r\n"),
        (413, b"POST /sync/submit HTTP/1.1\r\n" + host + b"Content-Length: 99999999\r\n\r\n"),
        (400, b"GET http://evil.example.org/ HTTP/1.1\r\n" + host + b"\r\n"),
        (505, b"GET / HTTP/3.0\r\n" + host + b"\r\n"),
        (405, b"TRACE / HTTP/1.1\r\n" + host + b"\r\n"),
        (431, b"GET / HTTP/1.1\r\n" + host + b"X: " + b"a" * 9000 + b"\r\n\r\n"),
        (414, b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\n" + host + b"\r\n"),
        (400, bytes(range(256)) + b"\r\n\r\n"),
        (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\r\n\r\n"),  # TLS at the wrong door
    ]
    for wanted, octets in cases:
        status, answer = raw(web, octets)
        assert status == wanted, (status, wanted, octets[:80], answer[:200])
        assert b"application/problem+json" in answer and b"Connection: close" in answer, answer[:400]
    return len(cases)


def matrix(web):
    own = f"{web.host}:{web.port}"
    hosts = [own, f"localhost:{web.port}", "cases.example.org", "evil.example.org", f"127.0.0.2:{web.port}", None]
    origins = [None, f"http://{own}", f"http://localhost:{web.port}", "http://evil.example.org", "null"]
    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
    types = [None, "application/msgpack", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    paths = ["/", "/it/cases", "/IT-2", "/IT-2.json", "/healthz", "/style.css", "/sync", "/sync/submit", "/nothing"]
    good = cells = 0
    for host, origin, method, kind, path in itertools.product(hosts, origins, methods, types, paths):
        head = f"{method} {path} HTTP/1.1\r\nConnection: close\r\n"
        head += f"Host: {host}\r\n" if host else ""
        head += f"Origin: {origin}\r\n" if origin else ""
        head += f"Content-Type: {kind}\r\n" if kind else ""
        body = b"" if method in ("GET", "HEAD") else b"\x90"
        head += f"Content-Length: {len(body)}\r\n" if body else ""
        status, _ = raw(web, head.encode() + b"\r\n" + body)
        host_is_good = host in hosts[:3]
        origin_is_good = origin is None or (host and origin == f"http://{host}")
        is_read = method in ("GET", "HEAD") and kind is None and path not in ("/sync/submit", "/nothing")
        wanted = host_is_good and origin_is_good and is_read
        assert (status == 200) == bool(wanted), (status, host, origin, method, kind, path)
        # the one good cell of POST: an empty submission is read, and refused for its form
        if method == "POST" and path == "/sync/submit" and host_is_good and origin_is_good:
            assert status == (422 if kind == "application/msgpack" else 415), (status, kind)
        good, cells = good + bool(wanted), cells + 1
    return good, cells


def slow(web):
    """A request that comes drop by drop is cut off; meanwhile others are served."""
    start = time.monotonic()
    with socket.create_connection((web.host, web.port), 30) as s:
        try:
            while time.monotonic() - start < 25:
                s.sendall(b"G")
                web.get("/healthz")
                s.settimeout(0.5)
                try:
                    if s.recv(100):
                        break
                except socket.timeout:
                    pass
        except (BrokenPipeError, ConnectionResetError):
            pass
    took = time.monotonic() - start
    assert 8 < took < 20, took
    return took


def crowd(web):
    """More connections than there are places: the rest is told so, and when they go, all is well."""
    held = []
    for _ in range(90):
        s = socket.create_connection((web.host, web.port), 5)
        held.append(s)
    told = 0
    for s in held:
        s.settimeout(0.05)
        try:
            told += s.recv(100).startswith(b"HTTP/1.1 503")
        except (socket.timeout, ConnectionResetError):
            pass
    for s in held:
        s.close()
    assert 20 <= told <= 60, told
    web.connection.close()
    web.node.lab.until(lambda: raw(web, f"GET /healthz HTTP/1.1\r\nHost: {web.host}:{web.port}\r\nConnection: close\r\n\r\n".encode())[0] == 200,
                       10, "web serves again")
    return told


def main():
    with Lab() as lab:
        it, = lab.found("IT")
        path = os.path.join(lab.dir, "few.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(r) + "\n" for r in rows(5))
        it.run(*lab.import_args(path))
        with open(os.path.join(it.home, "node.ini"), "a", encoding="utf-8") as file:
            file.write("web_name = cases.example.org\n")
        lab.serve(it)
        web = Web(it).ready()
        pid = [p["pid"] for p in it.status()["processes"] if p["role"] == "web"]
        print(f"{malformed(web)} malformed requests, each refused with its status")
        good, cells = matrix(web)
        print(f"matrix: {good} of {cells} cells answer 200, as they should")
        print(f"a slow client was cut off after {slow(web):.1f} s")
        print(f"{crowd(web)} of 90 connections at once were told to come back")
        assert [p["pid"] for p in it.status()["processes"] if p["role"] == "web"] == pid, "web died"


main()
