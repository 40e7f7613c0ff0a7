-- record_2.sql: the second version of the record, made behind record.sql in a new store and added to an older one when it is
-- opened for writing.

-- What members say they hold (8.7): the newest statement of each, our own among them. received: unix seconds of our clock.
CREATE TABLE holds(
  node BLOB PRIMARY KEY CHECK (length(node) = 32),
  version INTEGER NOT NULL,
  counter INTEGER NOT NULL,
  received INTEGER NOT NULL,
  item BLOB NOT NULL
) STRICT, WITHOUT ROWID;
