-- record_4.sql: what version 4 added.

-- The first 8 octets of an entry's leaf hash (7.1), as a signed integer, taken when the entry came: whoever reads the envelope
-- compares. Of entries that are older than this column it is taken now, so that a pass of scrub is due at once.
ALTER TABLE entry ADD COLUMN leaf INTEGER;
UPDATE entry SET leaf = specola_leaf(envelope);
DELETE FROM fact WHERE name = 'scrubbed';
