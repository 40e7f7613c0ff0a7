"""A desk (`specola ui`) in a terminal of its own, and a browser as simple as can be: one cookie, forms, no redirects of its own."""
import html
import http.client
import os
import pty
import re
import select
import signal
import sys
import termios
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../net")]
from lab import SPECOLA, Failed  # noqa: E402
from page import Page  # noqa: E402


class Desk:
    """In a pseudo-terminal, as a person has it; said: all that was printed there."""

    def __init__(self, node, *arguments):
        self.node, self.said = node, ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ.update(node.lab.env(node.config))
            os.execv(SPECOLA, [SPECOLA, "--home", node.home, "ui", *arguments])
        self.url = self.wait_for(r"(http://\S+/\?token=[0-9a-f]{32})\s")
        self.host = urllib.parse.urlsplit(self.url).netloc

    def read(self, seconds):
        if select.select([self.terminal], [], [], seconds)[0]:
            try:
                self.said += os.read(self.terminal, 65536).decode(errors="replace")
            except OSError:
                return False
        return True

    def wait_for(self, pattern, seconds=60, begin=None):
        """The first group of what the terminal says from here on, or from an earlier place."""
        end, begin = time.monotonic() + seconds, len(self.said) if begin is None else begin
        while time.monotonic() < end:
            found = re.search(pattern, self.said[begin:])
            if found:
                return found.group(1) if found.groups() else found.group(0)
            if not self.read(0.2):
                break
        raise Failed(f"the desk does not say {pattern}:\n{self.said}")

    def type(self, text):
        os.write(self.terminal, text.encode())

    def echoes(self):
        return bool(termios.tcgetattr(self.terminal)[3] & termios.ECHO)

    def stop(self):
        """Its exit status."""
        os.kill(self.pid, signal.SIGTERM)
        while self.read(0.1):
            pass
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.terminal)
        return status


class Client:
    """Speaks to a desk as one browser does; cookie: None before it is let in."""

    def __init__(self, desk, cookie=None):
        self.desk, self.cookie = desk, cookie

    def ask(self, method, path, body=None, headers=None, host=None):
        """(status, headers, text)"""
        connection = http.client.HTTPConnection(self.desk.host, timeout=60)
        sent = {"Host": self.desk.host if host is None else host}
        if self.cookie:
            sent["Cookie"] = self.cookie
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        sent.update(headers or {})
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        data = None if body is None else urllib.parse.urlencode(body, doseq=True).encode()
        if data is not None:
            sent["Content-Length"] = str(len(data))
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(data)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def enter(self, url=None):
        parts = urllib.parse.urlsplit(url or self.desk.url)
        status, headers, text = self.ask("GET", f"{parts.path}?{parts.query}")
        if status == 303:
            self.cookie = headers["Set-Cookie"].split(";")[0]
        return status, headers, text

    def page(self, path, expect=200):
        status, headers, text = self.ask("GET", path)
        assert status == expect, (path, status, text)
        return text if headers["Content-Type"] != "text/html; charset=utf-8" else looked_at(path, headers, text)

    def send(self, form, extra=None, **options):
        """Posts a form as Form gives it."""
        return self.ask("POST", form.action, {**form.fields, **(extra or {})}, {"Origin": f"http://{self.desk.host}", **options.pop("headers", {})},
                        **options)


def looked_at(path, headers, text):
    """A page of the desk is as strict as any other, and is kept nowhere."""
    assert headers["Cache-Control"] == "no-store" and "script" not in headers["Content-Security-Policy"], (path, headers)
    page = Page(text)
    assert not page.faults, (path, page.faults[:5])
    assert len(page.ids) == len(set(page.ids)), (path, page.ids)
    return text


class Form:
    """The form of a page whose action ends in act; fields: what a browser would send untouched."""

    def __init__(self, text, act):
        found = re.search(rf'<form method="post" action="([^"]*/{act})"[^>]*>(.*?)</form>', text, re.S)
        assert found, (act, text)
        self.action, self.fields = found.group(1), {}
        for tag in re.findall(r"<input [^>]*>", found.group(2)):
            attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
            if attributes["type"] == "checkbox" and " checked" not in tag:
                continue
            self.fields.setdefault(attributes["name"], []).append(html.unescape(attributes.get("value", "")))
