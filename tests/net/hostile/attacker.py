"""A member with valid CURVE and node keys that says whatever a row of words.py or lies.py wants. Between attacks it behaves: it
answers what it is asked, and opens a session again when its last words ended the one before."""
import os
import time

from peer import CKPT, DATA, ERR, GET, HEADS, HELLO, WANT, Peer, blake, decode, encode


class Attacker(Peer):
    def __init__(self, member, handle, endpoint, target):
        super().__init__(member, handle, endpoint)
        self.target_roll, self.target_size = target
        self.recorded, self.rest_until, self.req, self.echoed = b"", 0.0, 2**20, set()
        self.family = {}  # node id -> member, of all attackers
        self.claims = True  # it says how large its own log is
        self.answers, self.subject = {}, None  # type of a question -> what is said instead of the truth; about whose log

    # ---- frames
    def frame_of(self, payload, signature=None, counter=None, tag="frame", key=None, sender=None, receiver=None, swap=False, own=None,
                 theirs=None, fed_id=None, over=None):
        """A frame over this payload that is right but for what is given."""
        m = self.member
        number = self.sent if counter is None else counter if counter > 1000 else self.sent + counter
        nonces = [own or self.own, theirs or self.theirs]
        octets = ((sender or m.node) + (receiver or self.theirs_node) + b"".join(reversed(nonces) if swap else nonces) +
                  number.to_bytes(8, "big") + blake("specola1.payload", payload if over is None else over))
        signed = (key or m.seed).sign(b"specola1:" + tag.encode() + b"\0" + (fed_id or m.fed_id) + octets).signature
        return encode([payload, signed if signature is None else signature])

    def send_payload(self, payload):
        self.socket.send(self.frame_of(payload))
        self.sent += 1

    def send_hello(self, change, **frame):
        """A new HELLO, its n-th field (from 1 on; a value of None: none) changed."""
        m = self.member
        fields = [1, 1, m.fed_id, m.node, 1, 1, blake("specola1.epoch", m.epoch), bytes(32), os.urandom(16)]
        for at, value in change.items():
            fields[at - 1:at] = [] if value is None else [m.nodes[value] if isinstance(value, str) else value]
        nonce = fields[8] if len(fields) > 8 and isinstance(fields[8], bytes) else bytes(16)
        frame = {"own": nonce, "theirs": bytes(16), "counter": -self.sent, **frame}
        if frame["counter"] == 1:
            frame["counter"] = 1 - self.sent
        self.socket.send(self.frame_of(encode([HELLO, None, *fields]), **frame))

    # ---- sessions
    def heads(self, size=None, root=None):
        if self.claims:
            super().heads(size, root)
        else:
            self.send([HEADS, None, 1, bytes(32), []])

    def pump(self, until, seconds):
        """Hears and answers until the condition holds; False when it did not in time."""
        end = time.monotonic() + seconds
        while not until():
            left = end - time.monotonic()
            if left <= 0:
                return False
            if self.socket.poll(min(left, 0.2) * 1000):
                payload, signature = decode(self.socket.recv())
                message = decode(payload)
                if signature == bytes(64) or not (self.open or message[0] == HELLO):
                    continue  # that there is no session is known; and what was said in the session before
                if message[0] == HEADS and message[1] is not None:
                    self.echoed.add(message[1])
                self.answer(message)
        return True

    def answer(self, message):
        special = self.answers.get((message[0], message[2]) if message[0] == WANT else message[0])
        if special is not None:
            special(self, message)
        elif message[0] == WANT and message[2] == 5:
            self.prove(self.family.get(message[3]), message)
        elif message[0] == WANT and message[2] == 2 or message[0] == GET:
            self.tell_truth(message)
        elif message[0] != ERR:
            super().answer(message)

    def tell_truth(self, message):
        """Of all logs of attackers, whoever spoke of them."""
        m = self.family.get(message[3] if message[0] == WANT else message[2])
        if message[0] == WANT:
            held = m is not None and message[5] < m.tree.size
            self.send([CKPT, message[1], message[3], message[4], [m.checkpoints[m.tree.size]] if held else []])
        elif m is not None and message[4] < len(m.items):
            items = m.items[message[4]:message[5]]
            self.send([DATA, message[1], message[2], message[3], message[4], len(items), 0, encode(items)])
        else:
            self.send([ERR, message[1], 7, "not held", 0])

    def open_session(self, again=False):
        """A session, on the connection that there is, or on a new one."""
        if self.open:
            self.recorded = self.frame([WANT, 1, 1])
        if again:
            self.socket.close()
            self.connect()
        self.own, self.theirs, self.sent, self.open = os.urandom(16), bytes(16), 0, False
        self.hello()
        assert self.pump(lambda: self.open, 20), "it answers no HELLO"

    def is_heard(self, tries=20):
        """True when the other side has dealt with everything that was said before on this open session."""
        for _ in range(tries):
            self.req += 1
            req = self.req
            self.send([WANT, req, 1])
            if self.pump(lambda req=req: req in self.echoed, 0.5):
                return True
        return False
