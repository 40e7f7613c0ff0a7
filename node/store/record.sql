-- record.sql: what a node holds and cannot get back by itself. Kept for ever: this is its first
-- version (user_version), what later ones add is in record_2.sql and so on.
-- Everything else is in derived.sql. Sizes are in octets, hashes and ids are 32 octets, gen counts from 1, index from 0.

-- Small facts by name: "own" = the own node id.
CREATE TABLE fact(
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The charter of the federation, as its encoded item (docs/protocol.md 6.3). One row.
CREATE TABLE charter(
  id INTEGER PRIMARY KEY CHECK (id = 1),
  item BLOB NOT NULL
) STRICT;

-- Identities of nodes by version (6.1); the first ones stand in the charter and need not be here.
CREATE TABLE identity(
  node BLOB NOT NULL CHECK (length(node) = 32),
  version INTEGER NOT NULL,
  item BLOB NOT NULL,
  PRIMARY KEY (node, version)
) STRICT, WITHOUT ROWID;

-- The newest address of a node (6.2).
CREATE TABLE address(
  node BLOB PRIMARY KEY CHECK (length(node) = 32),
  seq INTEGER NOT NULL,
  item BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Logs (3): a local number for each (node id, generation), the size held, and the compact range of that size (7.1).
CREATE TABLE log(
  no INTEGER PRIMARY KEY,
  node BLOB NOT NULL CHECK (length(node) = 32),
  gen INTEGER NOT NULL,
  size INTEGER NOT NULL,       -- entries held
  range BLOB NOT NULL,         -- 32 octets for each set bit of size
  body_bytes INTEGER NOT NULL, -- octets of bodies of those entries, absent ones included
  UNIQUE (node, gen)
) STRICT;

-- Entries (4.2) with what travels beside them. id = log.no << 40 | index, so that a log is one run of neighbouring rows.
CREATE TABLE entry(
  id INTEGER PRIMARY KEY,
  rid INTEGER,            -- the first 8 octets of the record id, as a signed integer, of a record whose signature was
                          -- verified; NULL: no record, or one that stands below in the same log
  state INTEGER NOT NULL, -- 0 no body, 1 whole, 2 gone (a takedown), 3 absent
  envelope BLOB NOT NULL,
  salt BLOB,              -- 16 octets, state 1 only
  body BLOB,              -- state 1 only
  takedown BLOB           -- 32 octets: the takedown's record id, state 2 only
) STRICT;
CREATE INDEX entry_rid ON entry(rid);

-- Milestones (7.3): the checkpoints at which this replica stood, as their owners signed them. seq is the order of arrival.
CREATE TABLE milestone(
  seq INTEGER PRIMARY KEY,
  log INTEGER NOT NULL REFERENCES log(no),
  size INTEGER NOT NULL,       -- entries covered
  body_bytes INTEGER NOT NULL, -- octets of bodies of those entries
  text BLOB NOT NULL,
  UNIQUE (log, size)
) STRICT;
