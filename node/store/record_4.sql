-- record_4.sql: the fourth version of the record, made as record_2.sql is.

-- The first 8 octets of an entry's leaf hash (7.1), as a signed integer, taken when the entry came: whoever reads the envelope
-- compares. Of entries that are older than this column it is taken now, so that a pass of scrub is due at once.
ALTER TABLE entry ADD COLUMN leaf INTEGER;
UPDATE entry SET leaf = specola_leaf(envelope);
DELETE FROM fact WHERE name = 'scrubbed';

-- Objects that this node does not show (docs/store.md, Hiding): a decision of its own, which binds nobody else. id: object id.
-- since: unix seconds of our clock. reason: a code of the vocabulary `takedown`, or words.
CREATE TABLE hidden(
  id BLOB PRIMARY KEY CHECK (length(id) = 32),
  since INTEGER NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
