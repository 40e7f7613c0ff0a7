-- record_3.sql: the third version of the record, made as record_2.sql is.

-- Evidence that the owner of a log forked it (7.5): of each log the lowest that was met. received: unix seconds of our clock.
CREATE TABLE evidence(
  node BLOB NOT NULL CHECK (length(node) = 32),
  gen INTEGER NOT NULL,
  at INTEGER NOT NULL,    -- the branches part at this index, or below it
  exact INTEGER NOT NULL, -- 1: two leaves at that index, 0: two roots of size at + 1
  received INTEGER NOT NULL,
  recorded INTEGER NOT NULL, -- 1: a record of kind 8 about that log stands in a log that is held
  item BLOB NOT NULL,
  PRIMARY KEY (node, gen)
) STRICT, WITHOUT ROWID;

-- Takedowns whose texts are out of the tables, but perhaps not yet out of the file: free pages and the write-ahead log may hold
-- them. A row goes when they are gone and, where there is an own log, the acknowledgement stands in it.
CREATE TABLE erasure(
  takedown INTEGER PRIMARY KEY -- its entry
) STRICT;

-- Records that wait for the fork guard (docs/store.md), oldest first by no. item: [envelope, salt, body] as it was handed in.
-- received: unix seconds of our clock. reason: NULL while it waits; else why it was refused when its turn came (4.6).
CREATE TABLE outbox(
  no INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE CHECK (length(id) = 32),
  received INTEGER NOT NULL,
  reason INTEGER,
  item BLOB NOT NULL
) STRICT;

-- Entries that are damaged (docs/store.md, Scrub); their row in entry has state 4, or is gone. item: the same entry as a member
-- gave it (8.3), until its run folds; NULL: none yet.
CREATE TABLE damaged(
  id INTEGER PRIMARY KEY,
  item BLOB
) STRICT;

-- Entries that a cut withdrew from a closed generation (7.6), as they were held here: id = log.no << 40 | index. One that the
-- cut turned out to keep stands in entry again, and no more here. The columns are those of entry, but for one.
CREATE TABLE withdrawn(
  id INTEGER PRIMARY KEY,
  arrival INTEGER NOT NULL, -- the newest milestone.seq when it was withdrawn: no later one may have that number
  state INTEGER NOT NULL,
  envelope BLOB NOT NULL,
  salt BLOB,
  body BLOB,
  takedown BLOB
) STRICT;
CREATE INDEX withdrawn_arrival ON withdrawn(arrival);
