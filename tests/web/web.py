"""What the stories of web share: where a node's pages are, and a plain reader of them."""
import http.client
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../net"))
sys.path.insert(0, os.path.join(HERE, "../bench"))
from lab import Failed  # noqa: E402


def address(node):
    """(host, port) of a node's web, or None while it is not there."""
    try:
        text = open(os.path.join(node.home, "run/ports"), encoding="utf-8").read()
    except OSError:
        return None
    url = next((word for word in text.split() if word.startswith("http://")), None)
    if url is None:
        return None
    host, _, port = url[len("http://"):].rpartition(":")
    return host, int(port)


class Web:
    """A client that keeps its connection, as browsers do."""

    def __init__(self, node):
        node.lab.until(lambda: address(node) is not None, 20, f"{node.handle} serves pages\n{node.tail()}")
        self.node = node
        self.host, self.port = address(node)
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=20)

    def ask(self, method, path, body=None, headers=None):
        """(status, headers, body)"""
        for again in (True, False):
            try:
                self.connection.request(method, path, body, headers or {})
                answer = self.connection.getresponse()
                return answer.status, answer.headers, answer.read()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.connection.close()
                if not again:
                    raise
        return None

    def get(self, path, expect=200, headers=None):
        status, answer_headers, body = self.ask("GET", path, headers=headers)
        if status != expect:
            raise Failed(f"GET {path}: {status} instead of {expect}: {body[:400]!r}\n{self.node.tail()}")
        return answer_headers, body

    def ready(self):
        self.node.lab.until(lambda: self.ask("GET", "/healthz")[0] == 200, 20, "web is ready\n" + self.node.tail())
        return self


def first_record(items):
    """[envelope, salt, body] of the first record of kind 16 in a piece of /sync (items of a bundle); None: there is none."""
    import msgpack
    unpacker = msgpack.Unpacker(raw=False)
    unpacker.feed(items)
    return next((item for kind, payload in unpacker if kind == 6 for item in payload[3]
                 if len(item) == 3 and msgpack.unpackb(msgpack.unpackb(item[0])[0])[1] == 16), None)


def rows(n, source="web", country="IT"):
    """Small cases for import."""
    for i in range(n):
        yield {"title": {"en": f"Case {i} about open data", "it": f"Caso {i} sui dati aperti"}, "summary": {"en": f"Summary of case {i}."},
               "country": country, "level": "local" if i % 2 else "central", "source": source, "source_id": str(i), "original_lang": "en",
               "license": "CC0-1.0", "sectors": [f"{i % 10 + 1:02d}"] + (["08.2"] if i % 9 == 4 else [])}
