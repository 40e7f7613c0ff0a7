"""Hostile octets: what somebody without a key does to the port. A row is (name, chunks): octets and pauses (s) that are played on one
TCP connection. Nothing of it reaches the protocol; each connection is ended by the node, at the latest with its handshake's time, and
counted by it once: COUNTER."""
import os
import select
import socket
import struct
import time

import nacl.bindings

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"CURVE".ljust(20, b"\0") + b"\0" + bytes(31)
COUNTER = "handshake"  # in the node's counters
PATIENCE = 3.0  # s: of the node with a handshake (node/net)


def greeting(mechanism=b"CURVE", version=b"\x03\x01", as_server=b"\0", signature=b"\xff" + bytes(8) + b"\x7f"):
    return signature + version + mechanism.ljust(20, b"\0") + as_server + bytes(31)


def command(name, body):
    data = bytes([len(name)]) + name + body
    return (b"\x04" + bytes([len(data)]) if len(data) < 256 else b"\x06" + struct.pack(">Q", len(data))) + data


def curve_hello(server_key, nonce=1, public=None, zeros=64, version=b"\x01\x00"):
    own, secret = nacl.bindings.crypto_box_keypair()
    short = struct.pack(">Q", nonce)
    box = nacl.bindings.crypto_box(bytes(zeros), b"CurveZMQHELLO---" + short, server_key, secret)
    return command(b"HELLO", version + bytes(72) + (public or own) + short + box)


def rows(server_key):
    good, hello = greeting(), curve_hello(server_key)
    other = nacl.bindings.crypto_box_keypair()[0]
    for at in (0, 1, 9, 10, 11, 12, 20, 32, 63):
        yield f"a greeting that stops after {at}", [good[:at]]
    yield "a greeting octet by octet", [piece for i in range(64) for piece in (good[i:i + 1], 0.07)]
    for name, octets in (("HTTP", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(500)), ("zeros", bytes(4096)),
                         ("ones", b"\xff" * 4096), ("noise", os.urandom(65536)), ("ZMTP 1.0", b"\x01\x00"), ("ZMTP 2.0", b"\xff" + bytes(8) + b"\x7f\x01\x05"),
                         ("ZMTP 9.9", greeting(version=b"\x09\x09")), ("no mechanism", greeting(b"")), ("NULL", greeting(b"NULL") + command(b"READY", b"")),
                         ("PLAIN", greeting(b"PLAIN") + command(b"HELLO", b"\x05admin\x05admin")), ("GSSAPI", greeting(b"GSSAPI")), ("a mechanism of ones", greeting(b"\xff" * 20)),
                         ("two servers", greeting(as_server=b"\x01") + hello), ("a broken signature", greeting(signature=b"\xff" + bytes(8) + b"\x00"))):
        yield f"greets as {name}", [octets]
    for name, octets in (("nothing", b""), ("a message for a command", b"\x00\x05frame"), ("a message of 2^63", b"\x02" + struct.pack(">Q", 2**63) + b"x"),
                         ("a command of 2^63 - 1", b"\x06" + struct.pack(">Q", 2**63 - 1) + b"x"), ("a command of 600 MiB", b"\x06" + struct.pack(">Q", 600 << 20) + bytes(65536)),
                         ("an empty command", b"\x04\x00"), ("reserved flags", b"\xf8\x01x"), ("READY at once", command(b"READY", b"")), ("ERROR", command(b"ERROR", b"\x03bad")),
                         ("PING", command(b"PING", b"\x00\x00")), ("SUBSCRIBE", command(b"SUBSCRIBE", b"")), ("INITIATE at once", command(b"INITIATE", os.urandom(300))),
                         ("INITIATE of another's cookie", hello + command(b"INITIATE", os.urandom(300))), ("HELLO for another key", curve_hello(other)), ("HELLO twice", hello + hello),
                         ("HELLO of no version", curve_hello(server_key, version=b"\x00\x00")), ("HELLO too short", hello[:2] + hello[2:150]), ("HELLO too long", command(b"HELLO", os.urandom(400))),
                         ("HELLO with a zero key", curve_hello(server_key, public=bytes(32))), ("HELLO, then silence", hello), ("HELLO, then messages", hello + b"\x01\x05frame" * 2000),
                         ("HELLO, then READY", hello + command(b"READY", os.urandom(40))), ("endless parts", hello + (b"\x03" + struct.pack(">Q", 60000) + bytes(60000)) * 40)):
        yield f"CURVE: {name}", [good, 0.05, octets]
    yield "CURVE: HELLO octet by octet", [good, *(piece for i in range(0, 40) for piece in (hello[i:i + 1], 0.1))]
    yield "half closed", [good, 0.05, hello, None]


class Line:
    """One connection on its way through its chunks."""

    def __init__(self, name, chunks, address):
        self.name, self.chunks, self.ended_s = name, list(chunks), None
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.setblocking(False)
        self.begun = self.due = time.monotonic()

    def turn(self, now):
        try:
            while self.chunks and now >= self.due:
                chunk = self.chunks.pop(0)
                if chunk is None:
                    self.socket.shutdown(socket.SHUT_WR)
                elif isinstance(chunk, float):
                    self.due = now + chunk
                elif chunk:
                    sent = self.socket.send(chunk)
                    if sent < len(chunk):
                        self.chunks.insert(0, chunk[sent:])
                        break
            while self.socket.recv(65536):
                pass
            self.ended_s = now - self.begun
        except BlockingIOError:
            pass
        except OSError:
            self.ended_s = now - self.begun


def play(table, address, seconds):
    """Plays all rows at once; returns the names of those whose connection stood longer than the node's patience."""
    lines = [Line(name, chunks, address) for name, chunks in table]
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(line.ended_s is None for line in lines):
        waiting = [line for line in lines if line.ended_s is None]
        select.select([line.socket for line in waiting], [], [], 0.02)
        for line in waiting:
            line.turn(time.monotonic())
    for line in lines:
        line.socket.close()
    return [line.name for line in lines if line.ended_s is None]
