-- record_6.sql: what a member's root keys signed twice.

-- Identities of members that are valid, and are not the one of their version that came first (6.1, twins), at most 8 of a node:
-- consents and votes may be signed under them. hash: of the identity body; item: encoded identity item.
CREATE TABLE twin(
  node BLOB NOT NULL CHECK (length(node) = 32),
  version INTEGER NOT NULL CHECK (version > 1),
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  item BLOB NOT NULL,
  PRIMARY KEY (node, version, hash)
) STRICT, WITHOUT ROWID;
