-- record_5.sql: people that are invited, epochs of the membership, outbox of a laptop.

-- Invitations that this node made (17). token: what is kept of it, from which it cannot be found. roles, territory: of the
-- certificate; person: 0 is somebody new. name: as the coordinator calls the person; NULL: as they call themselves; dropped once
-- the invitation is used or cancelled. made_s, until_s: unix seconds of our clock. state: 0 open, 1 asked, 2 used, 3 cancelled.
CREATE TABLE invitation(
  id INTEGER PRIMARY KEY,
  token BLOB NOT NULL UNIQUE CHECK (length(token) = 32),
  for_node INTEGER NOT NULL, -- 1: a node asks for its place, 0: a person for a certificate
  roles INTEGER NOT NULL,
  territory INTEGER NOT NULL,
  person INTEGER NOT NULL,
  name TEXT,
  confirm INTEGER NOT NULL, -- 1: the coordinator's word is waited for
  made_s INTEGER NOT NULL,
  until_s INTEGER NOT NULL,
  state INTEGER NOT NULL
) STRICT;

-- The one ask (17) that used an invitation, whose id it has. key: that asked. name: as asked for, dropped when it is answered.
-- node, request: of a node: its id, and the founding request (payload of item 8, section 10). asked_s: unix seconds of our clock.
-- state: 0 waits for the coordinator's word, 1 answered: by the certificate at (gen, position), or of a node by a proposal.
CREATE TABLE ask(
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL CHECK (length(key) = 32),
  name TEXT,
  node BLOB CHECK (length(node) = 32),
  request BLOB,
  asked_s INTEGER NOT NULL,
  state INTEGER NOT NULL,
  gen INTEGER,
  position INTEGER
) STRICT;

-- Epochs of the membership behind the first one, which follows from the charter (6.4): their encoded items.
CREATE TABLE epoch(
  number INTEGER PRIMARY KEY CHECK (number > 1),
  item BLOB NOT NULL
) STRICT;

-- Receipts (9) of what the person of a replica handed in: of each record the last one, as it came. id: record id. received: unix
-- seconds of our clock. row: which row of the receipt is about this record. What has no final answer yet is in outbox, too.
CREATE TABLE receipt(
  id BLOB PRIMARY KEY CHECK (length(id) = 32),
  received INTEGER NOT NULL,
  row INTEGER NOT NULL,
  item BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Records whose home is another member, on their way to it (9), oldest first by no. home: that member's node id. item: [envelope,
-- salt, body] as it was handed in. received, tried: unix seconds of our clock; tried is 0 before the first try. receipt: the
-- home's last answer, NULL before it; state: 0 on its way, 1 logged there, 2 refused there, 3 given up (tried: since then).
CREATE TABLE forward(
  no INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
  home BLOB NOT NULL CHECK (length(home) = 32),
  received INTEGER NOT NULL,
  tried INTEGER NOT NULL,
  tries INTEGER NOT NULL,
  state INTEGER NOT NULL,
  receipt BLOB,
  item BLOB NOT NULL
) STRICT;
CREATE INDEX forward_home ON forward(home, state);
