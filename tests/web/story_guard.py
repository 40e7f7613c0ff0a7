#!/usr/bin/python3
"""Requests as no browser sends them, octet by octet, and the matrix Host x Origin x method x type x path: the status of every cell comes from
tables here, and only the good cells answer 200. Clients that drip, wait or do not read are cut off, so is a core that does not answer; the
server and each address have their share of connections; and after all that web is the process that it was. With sanitizers it is every
seventh cell of the matrix: 7 divides the length of no axis, so that each method meets each type and path."""
import itertools
import json
import os
import re
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from web import Web, address, first_record, rows  # noqa: E402
from lab import Failed, Lab, skip  # noqa: E402

try:
    import msgpack
except ImportError:
    skip("python3-msgpack is missing")

NAME = "cases.example.org"
LIMIT_S, CORE_S, PLACES, PLACES_OF_ONE = 10, 30, 64, 16
SAMPLE = 7 if os.environ.get("SPECOLA_SANITIZED") else 1


def read_all(s):
    """Everything until the server closes; it has to."""
    answer = b""
    while True:
        try:
            more = s.recv(65536)
        except socket.timeout as timeout:
            raise Failed(f"not closed behind {answer[:200]!r}") from timeout
        except ConnectionResetError:
            return answer
        if not more:
            return answer
        answer += more


def raw(where, octets, half_close=False):
    """What comes for octets as they are, until the server closes. where: an address of IPv4; nothing is looked up, this is called that often."""
    with socket.socket() as s:
        s.settimeout(5)
        s.connect(where)
        s.sendall(octets)
        if half_close:
            s.shutdown(socket.SHUT_WR)
        return read_all(s)


def answers(octets):
    """(status, headers in small letters, body) of each answer, none of which is to HEAD."""
    out = []
    while octets:
        head, _, octets = octets.partition(b"\r\n\r\n")
        first, *lines = head.decode("ascii").split("\r\n")
        version, status, _ = first.split(" ", 2)
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        assert version == "HTTP/1.1" and len(headers) == len(lines), head
        length = int(headers.get("content-length", 0))
        out.append((int(status), headers, octets[:length]))
        assert len(octets) >= length
        octets = octets[length:]
    return out


# ---- one malformed request after the other ----

def malformed_requests(host):
    """(what it is, status, octets)"""
    get = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n"
    post = f"POST /sync/submit HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/msgpack\r\n"
    inner = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"
    table = [
        # framing: two readings of where a request ends
        ("Content-Length and Transfer-Encoding", 501, post + "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner),
        ("Transfer-Encoding and Content-Length", 501, post + "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n" + inner),
        ("chunked alone", 501, post + "Transfer-Encoding: chunked\r\n\r\n1\r\n\x10\r\n0\r\n\r\n"),
        ("chunked in disguise", 501, post + "transfer-ENCODING:\t xchunked\r\nContent-Length: 1\r\n\r\nx"),
        ("identity coding", 501, post + "Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\nx"),
        ("chunked with GET", 501, get + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner),
        ("a blank before the colon of Transfer-Encoding", 400, post + "Transfer-Encoding : chunked\r\nContent-Length: 1\r\n\r\nx"),
        ("two lengths that differ", 400, post + "Content-Length: 1\r\nContent-Length: 60\r\n\r\n" + inner),
        ("two lengths that agree", 400, post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
        ("a list of lengths", 400, post + "Content-Length: 1, 1\r\n\r\nx"),
        ("length with a sign", 400, post + "Content-Length: +1\r\n\r\nx"),
        ("negative length", 400, post + "Content-Length: -1\r\n\r\nx"),
        ("length in hexadecimal", 400, post + "Content-Length: 0x1\r\n\r\nx"),
        ("length with leading zeros", 400, post + "Content-Length: 01\r\n\r\nx"),
        ("length of 2^64", 400, post + "Content-Length: 18446744073709551616\r\n\r\nx"),
        ("empty length", 400, post + "Content-Length:\r\n\r\nx"),
        ("no length", 411, post + "\r\nx"),
        ("a body too large", 413, post + "Content-Length: 524289\r\n\r\n"),
        ("a body with GET", 400, get + f"Content-Length: {len(inner)}\r\n\r\n{inner}"),
        ("Expect", 417, post + "Content-Length: 1\r\nExpect: 100-continue\r\n\r\nx"),
        # lines
        ("bare LF everywhere", 400, f"GET / HTTP/1.1\nHost: {host}\n\n"),
        ("one bare LF", 400, f"GET / HTTP/1.1\r\nHost: {host}\nX: y\r\n\r\n"),
        ("an empty line with bare LF", 400, f"GET / HTTP/1.1\r\nHost: {host}\r\n\n" + inner),
        ("a bare CR", 400, get + "X: y\rTransfer-Encoding: chunked\r\n\r\n"),
        ("folding with a blank", 400, get + "X: y\r\n folded\r\n\r\n"),
        ("folding with a tab", 400, get + "X: y\r\n\tfolded\r\n\r\n"),
        ("folding before any header", 400, f"GET / HTTP/1.1\r\n Host: {host}\r\n\r\n"),
        ("an empty line first", 400, "\r\n" + get + "\r\n"),
        ("a header without a colon", 400, get + "nonsense\r\n\r\n"),
        ("a header without a name", 400, get + ": x\r\n\r\n"),
        ("a name in parentheses", 400, get + "X(y): x\r\n\r\n"),
        ("NUL in a value", 400, get + "X: a\0b\r\n\r\n"),
        ("DEL in a value", 400, get + "X: a\x7fb\r\n\r\n"),
        ("ESC in a value", 400, get + "X: \x1b]0;x\x07\r\n\r\n"),
        ("NUL in a name", 400, get + "X\0: a\r\n\r\n"),
        # the request line
        ("no version", 400, f"GET /\r\nHost: {host}\r\n\r\n"),
        ("HTTP/2.0", 505, f"GET / HTTP/2.0\r\nHost: {host}\r\n\r\n"),
        ("the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("HTTP/1.2", 505, f"GET / HTTP/1.2\r\nHost: {host}\r\n\r\n"),
        ("http/1.1", 400, f"GET / http/1.1\r\nHost: {host}\r\n\r\n"),
        ("two blanks", 400, f"GET  / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("tabs for blanks", 400, f"GET\t/\tHTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("a blank in the target", 505, f"GET /a HTTP/1.1 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("get", 405, f"get / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("TRACE", 405, f"TRACE / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("CONNECT", 400, f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("OPTIONS *", 400, f"OPTIONS * HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("OPTIONS", 405, f"OPTIONS / HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("absolute target, ours", 400, f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("absolute target, another's", 400, f"GET http://evil.example.org/ HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("a target without slash", 400, f"GET healthz HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("..", 400, f"GET /../node.key HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        (".. within", 400, f"GET /it/../../node.key HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("%2e%2e", 400, f"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("%2f", 400, f"GET /it%2fcases HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("//", 400, f"GET //evil.example.org/ HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("a backslash", 400, f"GET /\\evil.example.org HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("a semicolon in the path", 400, f"GET /healthz;x=y HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("%00 in the query", 400, f"GET /cases?q=%00 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("half a percent code", 400, f"GET /cases?q=%4 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("no percent code", 400, f"GET /cases?q=%gg HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("markup in the query", 400, f"GET /cases?q=<b> HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("a fragment", 400, f"GET /cases#x HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("NUL in the target", 400, f"GET /\0 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("octets above 127 in the target", 400, f"GET /caff\u00e8 HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        # Host and Origin
        ("no Host", 400, "GET / HTTP/1.1\r\n\r\n"),
        ("no Host, HTTP/1.0", 400, "GET / HTTP/1.0\r\n\r\n"),
        ("an empty Host", 400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        ("the same Host twice", 400, f"GET / HTTP/1.1\r\nHost: {host}\r\nhost: {host}\r\n\r\n"),
        ("two Hosts, a good one last", 400, f"GET / HTTP/1.1\r\nHost: evil.example.org\r\nHost: {host}\r\n\r\n"),
        ("a list of Hosts", 421, f"GET / HTTP/1.1\r\nHost: {host}, evil.example.org\r\n\r\n"),
        ("another Host", 421, "GET / HTTP/1.1\r\nHost: evil.example.org\r\n\r\n"),
        ("a Host with a user", 421, f"GET / HTTP/1.1\r\nHost: x@{host}\r\n\r\n"),
        ("two Origins", 400, get + f"Origin: http://{host}\r\nOrigin: http://{host}\r\n\r\n"),
        ("two types", 400, post + "Content-Type: application/msgpack\r\nContent-Length: 1\r\n\r\nx"),
        # sizes
        ("a head of 8193 octets", 431, get + "X: " + "a" * (8193 - len(get) - 7) + "\r\n\r\n"),
        ("a head without end", 431, get + "X: " + "a" * 20000),
        ("a request line without end", 431, "G" * 9000),
        ("65 headers", 431, get + "X: y\r\n" * 64 + "\r\n"),
        ("a target of 2049 octets", 414, f"GET /cases?q={'a' * 2040} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ("a path of 257 octets", 414, f"GET /{'a' * 256} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        # the wrong door
        ("all octets", 400, "".join(map(chr, range(256))) + "\r\n\r\n"),
        ("TLS", 400, "\x16\x03\x01\x02\x00\x01\x00\x01\u00fc\x03\x03\r\n\r\n"),
        ("SSH", 400, "SSH-2.0-x\r\n\r\n"),
        ("an answer", 400, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        ("empty lines", 400, "\r\n\r\n\r\n\r\n"),
    ]
    return [(what, status, text.encode("latin-1")) for what, status, text in table]


def malformed(web):
    table = malformed_requests(f"{web.host}:{web.port}")
    for what, wanted, octets in table:
        got = answers(raw((web.host, web.port), octets))
        assert [status for status, _, _ in got] == [wanted], (what, [status for status, _, _ in got], "instead of", wanted)
        _, headers, body = got[0]
        assert headers["connection"] == "close" and headers["content-type"] == "application/problem+json", (what, headers)
        problem = json.loads(body)
        assert problem["status"] == wanted and problem["title"] and problem["detail"] and problem["code"], (what, problem)
    return len(table)


def well_formed(web):
    """What is strange and yet good: pipelines, both ends of every limit, HTTP/1.0, a client that shuts its half."""
    where, host = (web.host, web.port), f"{web.host}:{web.port}"
    get = f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n"
    inner = get + "\r\n"
    post = f"POST /sync/submit HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/msgpack\r\n"
    head = f"HEAD / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    long = ("/healthz?" + f"q={'a' * 97}&" * 30)[:2048]
    table = [
        ("three in a pipeline", [200, 404, 200], inner + f"GET /nothing.json HTTP/1.1\r\nHost: {host}\r\n\r\n" + get + "Connection: close\r\n\r\n"),
        ("a bad one in a pipeline ends it", [200, 400], inner + f"GET /.. HTTP/1.1\r\nHost: {host}\r\n\r\n" + inner),
        ("a body that looks like a request is a body", [422, 200],
         post + f"Content-Length: {len(inner)}\r\n\r\n{inner}" + get + "Connection: close\r\n\r\n"),
        ("close ends a pipeline", [200], get + "Connection: close\r\n\r\n" + inner),
        ("HTTP/1.0 ends a pipeline", [200], f"GET /healthz HTTP/1.0\r\nHost: {host}\r\n\r\n" + inner),
        ("a head of 8192 octets", [200], get + "Connection: close\r\nX: " + "a" * (8192 - len(get) - 26) + "\r\n\r\n"),
        ("64 headers", [200], get + "Connection: close\r\n" + "X: y\r\n" * 62 + "\r\n"),
        ("a target of 2048 octets", [200], f"GET {long} HTTP/1.0\r\nHost: {host}\r\n\r\n"),
        ("Host in capitals", [200], f"GET /healthz HTTP/1.0\r\nHost: {NAME.upper()}\r\n\r\n"),
        ("a length of 0 with GET", [200], get + "Connection: close\r\nContent-Length: 0\r\n\r\n"),
    ]
    for what, wanted, text in table:
        got = [status for status, _, _ in answers(raw(where, text.encode()))]
        assert got == wanted, (what, got, "instead of", wanted)
    assert [a[0] for a in answers(raw(where, inner.encode(), half_close=True))] == [200]
    for text in (head, head.replace(host, "evil.example.org"), head.replace("HEAD /", "HEAD /nothing"), head.replace("HEAD /", "HEAD /sync/submit")):
        answer = raw(where, text.encode())  # an answer to HEAD says how long it would be, and ends with its head
        assert answer.endswith(b"\r\n\r\n") and answer.count(b"\r\n\r\n") == 1 and b"Content-Length: 0" not in answer, answer
    return len(table) + 5


# ---- the matrix ----

READ = ("GET", "HEAD")


def matrix_tables(own, port):
    """The axes. A value is good (None), or has the status that it brings. Of a path: its methods, the type of what is
    said where they fail, and what they answer."""
    hosts = {own: None, f"localhost:{port}": None, NAME: None, f"{NAME}:{port}": None, None: 400, "evil.example.org": 421,
             f"127.0.0.2:{port}": 421, "localhost": 421, f"{NAME}.": 421}
    origins = {None: None, "http://{host}": None, "https://{host}": None, "http://evil.example.org": 403, "null": 403, "http://{host}.evil.example.org": 403,
               "http://{host}/": 403, "ftp://{host}": 403, f"http://127.0.0.1:{port + 1}": 403}
    methods = {"GET": None, "HEAD": None, "POST": None, "POST without length": 411, "PUT": 405, "DELETE": 405, "OPTIONS": 405, "PATCH": 405}
    types = [None, "application/msgpack", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
    page, problem = "text/html; charset=utf-8", "application/problem+json"
    paths = {path: (READ, page, 200) for path in ("/", "/it/cases", "/en/IT-2")}
    paths.update({path: (READ, problem, 200) for path in ("/IT-2.json", "/healthz", "/style.css", "/sync", "/sync/holds", "/sync/select", "/metrics")})
    paths.update({"/sync/submit": (("POST",), problem, 200), "/en/nothing": (READ, page, 404), "/order/stop": ((), page, 404),
                  "/sync/submit/": ((), problem, 404)})
    return hosts, origins, methods, types, paths


def wanted_status(host, origin, method, kind, methods, answer):
    """What the tables say of one cell: (status, whether the guard says it, before any path is looked at). host, origin and method are (value,
    status that it brings or None); methods, answer: of the path."""
    brought = [method[1] if method[1] == 405 else None, host[1], origin[1], method[1]]
    status = next((s for s in brought if s is not None), None)
    if status is not None:
        return status, True
    verb = method[0]
    if verb in READ and kind is not None:
        return 400, True  # a GET that says it has a body
    if methods and verb not in methods:
        return 405, False
    if verb == "POST" and methods and kind != "application/msgpack":
        return 415, False
    return answer, False


def matrix(web, submission):
    where, own = (web.host, web.port), f"{web.host}:{web.port}"
    hosts, origins, methods, types, paths = matrix_tables(own, web.port)
    every = itertools.product(hosts.items(), origins.items(), methods.items(), types, paths.items())
    good = cells = 0
    for host, origin, method, kind, path in itertools.islice(every, 0, None, SAMPLE):
        verb = method[0].split()[0]
        head = f"{verb} {path[0]} HTTP/1.1\r\nConnection: close\r\n"
        head += f"Host: {host[0]}\r\n" if host[0] else ""
        head += f"Origin: {origin[0].format(host=host[0])}\r\n" if origin[0] else ""
        head += f"Content-Type: {kind}\r\n" if kind else ""
        body = b"" if verb in READ or method[0] != verb else submission
        head += f"Content-Length: {len(body)}\r\n" if body else ""
        methods_of, fault, answer_of = path[1]
        wanted, by_guard = wanted_status(host, origin, (verb, method[1]), kind, methods_of, answer_of)
        answer = raw(where, head.encode() + b"\r\n" + body)
        status = int(answer[9:12])
        assert status == wanted, (status, "instead of", wanted, head)
        headers = answer[:answer.index(b"\r\n\r\n")].lower()
        assert b"access-control" not in headers and b"set-cookie" not in headers and b"content-security-policy: default-src 'none'" in headers, headers
        assert b"nosniff" in headers and b"no-referrer" in headers, headers
        if status != 200:
            kind_of_fault = "application/problem+json" if by_guard else fault
            assert f"content-type: {kind_of_fault}\r\n".encode() in headers, (headers, head)
        if status == 405 and not by_guard:
            assert f"allow: {', '.join(methods_of)}\r\n".lower().encode() in headers, headers
        good, cells = good + (status == 200), cells + 1
    return good, cells


# ---- slow and many ----

def timed(found, name, work):
    start = time.monotonic()
    try:
        work()
        found[name] = time.monotonic() - start
    except Exception as fault:  # pylint: disable=broad-except
        found[name] = fault


def drip(where, head, octet):
    """Sends an octet every now and then until it is told off; returns the answer."""
    with socket.create_connection(where, 5) as s:
        s.sendall(head)
        s.settimeout(0.4)
        while True:
            try:
                answer = s.recv(65536)
                assert answer.startswith(b"HTTP/1.1 408 "), answer
                return
            except socket.timeout:
                s.sendall(octet)


def silent(where):
    with socket.create_connection(where, 40) as s:
        assert s.recv(100) == b""


def deaf(where, host):
    """Asks for much and reads nothing."""
    with socket.create_connection(where, 40) as s:
        s.sendall(f"GET /style.css HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() * 100)
        s.settimeout(40)
        try:
            while True:  # what is asked for more is never read, until the server is gone
                s.sendall(f"GET /style.css HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() * 100)
        except (BrokenPipeError, ConnectionResetError):
            pass


def slow(web, core, submission):
    """All at once, each in its time; meanwhile others are served."""
    where, host, found = (web.host, web.port), f"{web.host}:{web.port}", {}
    get = f"GET / HTTP/1.1\r\nHost: {host}\r\n".encode()
    post = f"POST /sync/submit HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/msgpack\r\n".encode()

    def unanswered():
        answer = raw_patient(where, post + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(submission) + submission)
        assert answer.startswith(b"HTTP/1.1 504 "), answer
    works = {"a head drop by drop": (lambda: drip(where, b"", b"G"), LIMIT_S), "headers drop by drop": (lambda: drip(where, get, b"X: y\r\n"), LIMIT_S),
             "a body drop by drop": (lambda: drip(where, post + b"Content-Length: 500\r\n\r\n", b"x"), LIMIT_S),
             "no octet": (lambda: silent(where), LIMIT_S), "nothing read": (lambda: deaf(where, host), LIMIT_S),
             "a core that does not answer": (unanswered, CORE_S)}
    os.kill(core, signal.SIGSTOP)
    try:
        threads = [threading.Thread(target=timed, args=(found, name, work)) for name, (work, _) in works.items()]
        for t in threads:
            t.start()
        while any(t.is_alive() for t in threads):
            start = time.monotonic()
            web.get("/healthz")
            assert time.monotonic() - start < 2, "others wait"
            time.sleep(0.2)
    finally:
        os.kill(core, signal.SIGCONT)
    for name, (_, seconds) in works.items():
        assert isinstance(found[name], float) and seconds - 1 < found[name] < seconds + 8, (name, found[name])
    status, _, _ = web.ask("POST", "/sync/submit", submission, {"Content-Type": "application/msgpack"})
    assert status == 200, status
    return found


def raw_patient(where, octets):
    with socket.create_connection(where, 60) as s:
        s.sendall(octets)
        return read_all(s)


def crowd(where, n, source=None):
    """Opens n connections at once; how many are told to come back. The others are served when they ask."""
    held = [socket.create_connection(where, 5, (source, 0) if source else None) for _ in range(n)]
    places, told = [], 0
    for s in held:
        s.settimeout(0.1)
        try:
            answer = s.recv(1000)
            assert answer.startswith(b"HTTP/1.1 503 ") and b"Retry-After: 1\r\n" in answer, answer
            told += 1
        except ConnectionResetError:
            told += 1
        except socket.timeout:
            places.append(s)
    for s in places:
        s.settimeout(5)
        s.sendall(f"GET /healthz HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
        assert read_all(s).startswith(b"HTTP/1.1 200 ")
    for s in held:
        s.close()
    return told


def is_empty(where):
    """Whether nobody but the asker is connected."""
    answer = raw(where, f"GET /metrics HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
    return re.search(rb"\nspecola_web_connections 1\n", answer) is not None


def outer_address():
    """An address of this machine that is not its loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))
            return s.getsockname()[0] if not s.getsockname()[0].startswith("127.") else None
        except OSError:
            return None


def many(lab, it):
    """A listener of IPv4 and IPv6 on all addresses: 64 at once, and 16 of an address that is not the loopback's."""
    it.stop()
    it.settings(web="http://[::]:0" if socket.has_dualstack_ipv6() else "http://0.0.0.0:0")
    it.serve()
    lab.until(lambda: address(it) is not None, 20, "it serves pages")
    where = ("127.0.0.1", address(it)[1])
    lab.until(lambda: raw(where, f"GET /healthz HTTP/1.0\r\nHost: {NAME}\r\n\r\n".encode()).startswith(b"HTTP/1.1 200 "), 20, "web is ready")
    lab.until(lambda: is_empty(where), 5, "nobody is left")
    told = crowd(where, 90)
    assert told == 90 - PLACES, told
    lab.until(lambda: is_empty(where), 5, "all are gone")
    outer = outer_address()
    if outer is None:
        return told, None
    of_one = crowd((outer, where[1]), 40)
    assert of_one == 40 - PLACES_OF_ONE, of_one
    closed = raw((outer, where[1]), f"GET /metrics HTTP/1.0\r\nHost: {NAME}\r\n\r\n".encode())
    assert closed.startswith(b"HTTP/1.1 404 "), "figures are for the machine itself"
    return told, of_one


def pid_of(node, role):
    return next(p["pid"] for p in node.status()["processes"] if p["role"] == role)


def main():
    with Lab() as lab:
        it, = lab.found("IT")
        path = os.path.join(lab.dir, "few.ndjson")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(r) + "\n" for r in rows(5))
        it.run(*lab.import_args(path))
        it.settings(web_name=NAME)
        lab.serve(it)
        web = Web(it).ready()
        pid = pid_of(it, "web")
        submission = msgpack.packb([first_record(web.get(json.loads(web.get("/sync")[1])["logs"][0]["items"])[1])])
        print(f"{malformed(web)} malformed requests, each refused with its status and closed")
        print(f"{well_formed(web)} strange but good requests, each answered")
        good, cells = matrix(web, submission)
        print(f"matrix: {cells} cells as the tables say; {good} of them answer 200")
        for name, seconds in slow(web, pid_of(it, "core"), submission).items():
            print(f"cut off after {seconds:.1f} s: {name}")
        assert pid_of(it, "web") == pid, "web died"
        told, of_one = many(lab, it)
        print(f"{told} of 90 connections at once were told to come back; {of_one} of 40 from one address"
              if of_one is not None else f"{told} of 90 connections at once were told to come back; skipped: no second address")


main()
