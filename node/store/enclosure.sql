-- enclosure.sql: what a backup holds beside the tables of the store that it is a copy of (docs/store.md). In no store that is in
-- use: restore takes these tables out again.

-- What the backup is of: "made" = unix seconds, "node" = node id, "handle".
CREATE TABLE specola_backup(
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Files of the node's folder, by their names there. hash: SHA-256 of content.
CREATE TABLE specola_backup_file(
  name TEXT PRIMARY KEY,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  content BLOB NOT NULL
) STRICT, WITHOUT ROWID;
