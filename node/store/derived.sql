-- derived.sql: what follows from the entries. All of it can be dropped and rebuilt (specola rebuild), so a change of it is no
-- migration. In addition there is a wide table a kind of object, named as the kind (a '_' behind it if the name is taken),
-- written from its schema: id = object.id, "title", and a column for each field that has one value and one language.
-- Positions are rowids of `entry`.

-- Of what these tables were made: "schemas" = hash of this file and of all wide tables. Another hash: rebuild.
CREATE TABLE derived_fact(
  name TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE derived_wide(
  name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Entries whose body is absent: found without reading all others.
CREATE INDEX entry_absent ON entry(state) WHERE state = 3;

-- Entries without effect (docs/protocol.md 4.6), and why.
CREATE TABLE held(
  id INTEGER PRIMARY KEY,
  reason INTEGER NOT NULL
) STRICT;

-- Logs whose evaluation stopped at an entry of a later version ("upgrade needed").
CREATE TABLE frozen(
  log INTEGER PRIMARY KEY,
  id INTEGER NOT NULL
) STRICT;

-- Records that say who may do what: identities, certificates (void ones are held as well), revocations, proposals and votes, in
-- the order of their log.
CREATE TABLE authority(
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL
) STRICT;
CREATE INDEX authority_ballot ON authority(kind) WHERE kind > 3;

-- Objects: one row each, id = its first version.
CREATE TABLE object(
  id INTEGER PRIMARY KEY,
  newest INTEGER,             -- its newest version that counts; NULL: all of them are void
  versions INTEGER NOT NULL,  -- how many count
  withdrawn INTEGER,          -- the object.withdraw, or NULL
  schema INTEGER NOT NULL,    -- schema number of the newest version
  flags INTEGER NOT NULL,     -- of the newest version
  person INTEGER NOT NULL,    -- person number of the first version's author
  arrival INTEGER NOT NULL,   -- milestone.seq that brought the newest version
  head INTEGER NOT NULL,      -- the end of the chain of versions, those included that a revocation alone made void
  complete INTEGER NOT NULL,  -- how complete the newest version is, in percent; 0 of an unknown kind
  readable INTEGER NOT NULL   -- 1: it is shown. Bit 0: the newest body is here and is a map. Bit 1: this node hides the object
) STRICT;
CREATE INDEX object_arrival ON object(arrival, newest);

-- Versions behind the first one that count. The first has the object's id.
CREATE TABLE version(
  id INTEGER PRIMARY KEY,
  object INTEGER NOT NULL
) STRICT;
CREATE INDEX version_object ON version(object, id);

-- Facets: which objects have which code in which dimension. Codes are numbered as they are first seen.
CREATE TABLE facet_code(
  no INTEGER PRIMARY KEY,
  dim TEXT NOT NULL,
  code TEXT NOT NULL,
  UNIQUE (dim, code)
) STRICT;
CREATE TABLE facet(
  code INTEGER NOT NULL,
  object INTEGER NOT NULL,
  PRIMARY KEY (code, object)
) STRICT, WITHOUT ROWID;

-- References from newest versions to object ids. What they name need not be here: it is found when it comes.
CREATE TABLE link(
  target BLOB NOT NULL,    -- object id
  field TEXT NOT NULL,     -- field key
  object INTEGER NOT NULL, -- the object that refers
  PRIMARY KEY (target, field, object)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_object ON link(object);

-- Unique fields (rule word `unique`): the first 8 octets of a hash over log, schema and values; candidates are compared in full.
CREATE TABLE unique_key(
  key INTEGER NOT NULL,
  object INTEGER NOT NULL,
  PRIMARY KEY (key, object)
) STRICT, WITHOUT ROWID;

-- Full text of the newest version of each object whose body is here and is a map, all languages; rowid = object.id. The texts
-- are not stored twice: the view reads them out of the bodies (specola_text is a function of this program), of the same objects.
CREATE VIEW fulltext_content(id, title, text) AS
  SELECT object.id, specola_text(object.schema, entry.body, 1), specola_text(object.schema, entry.body, 0)
  FROM object JOIN entry ON entry.id = object.newest WHERE object.readable & 1;
CREATE VIRTUAL TABLE fulltext USING fts5(
  title, text, content='fulltext_content', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
);
INSERT INTO fulltext(fulltext, rank) VALUES ('automerge', 0);
-- Pending terms beyond this become a segment of their own: as much as a core's cache holds, and a fifth faster than 16 MiB.
INSERT INTO fulltext(fulltext, rank) VALUES ('hashsize', 2097152);
INSERT INTO fulltext(fulltext, rank) VALUES ('crisismerge', 256);
INSERT INTO fulltext(fulltext, rank) VALUES ('usermerge', 2);

-- Takedowns that count (docs/protocol.md 4.4, kind 6), by what they name. target: the first 8 octets of a record id.
CREATE TABLE takedown(
  id INTEGER PRIMARY KEY,
  target INTEGER NOT NULL
) STRICT;
CREATE INDEX takedown_target ON takedown(target);

-- Acknowledgements (kind 7) in all logs, by the takedown that they name.
CREATE TABLE takedown_ack(
  id INTEGER PRIMARY KEY,
  target INTEGER NOT NULL
) STRICT;
CREATE INDEX takedown_ack_target ON takedown_ack(target);

-- Entries with a body that entry.rid does not name: no verified record, or one that stands below in the same log. A takedown
-- finds them here. rid: the first 8 octets of the record id.
CREATE TABLE stray(
  rid INTEGER NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (rid, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX stray_id ON stray(id);

-- Endorsements (kind 32) with effect in their logs, by the object that they name: the first 8 octets of its id. What they come
-- to follows from these, the withdrawals, the versions and the members (docs/protocol.md 16): node/store/endorsed.h keeps it.
CREATE TABLE endorsement(
  id INTEGER PRIMARY KEY,
  object INTEGER NOT NULL,
  person INTEGER NOT NULL, -- person number of the reviewer in that log
  of INTEGER,              -- object.id; NULL: it is not here, or no version of it counts
  version INTEGER,         -- the version that it names; NULL: not here, or none of that object
  standing INTEGER NOT NULL DEFAULT 1 -- 0: it counts; else the row of section 16's table that holds
) STRICT;
CREATE INDEX endorsement_object ON endorsement(object);
CREATE INDEX endorsement_of ON endorsement(of);

-- Endorsements without effect in their own logs, by the object that they name likewise: nobody weighs them, but who reads the
-- object is told why they do not count.
CREATE TABLE endorsement_held(
  id INTEGER PRIMARY KEY,
  object INTEGER NOT NULL,
  reason INTEGER NOT NULL -- as in `held`
) STRICT;
CREATE INDEX endorsement_held_object ON endorsement_held(object);

-- Endorsements taken back (kind 33), by the first 8 octets of the id of the endorsement that they name.
CREATE TABLE endorsement_withdrawal(
  id INTEGER PRIMARY KEY,
  target INTEGER NOT NULL,
  person INTEGER NOT NULL -- 0: written for another home
) STRICT;
CREATE INDEX endorsement_withdrawal_target ON endorsement_withdrawal(target);

-- How an object that has signatures stands. No row: nobody signed, not endorsed.
CREATE TABLE endorsed(
  object INTEGER PRIMARY KEY, -- object.id
  rid INTEGER NOT NULL,       -- the first 8 octets of its id
  state INTEGER NOT NULL      -- 0 not endorsed, 1 an earlier version is, 2 the newest is
) STRICT;
CREATE INDEX endorsed_rid ON endorsed(rid);

-- A statement that somebody signed, of a version that counts under a policy in force.
CREATE TABLE endorsement_statement(
  object INTEGER NOT NULL,  -- object.id
  version INTEGER NOT NULL, -- the version
  policy INTEGER NOT NULL,  -- counts from 1 over the policies in force
  counted INTEGER NOT NULL, -- signatures that count,
  nodes INTEGER NOT NULL,   -- of so many nodes
  countries INTEGER NOT NULL, -- and countries
  missing INTEGER NOT NULL, -- so many signatures are lacking; the policy is met when all three are 0
  missing_nodes INTEGER NOT NULL,
  missing_countries INTEGER NOT NULL,
  PRIMARY KEY (object, version, policy)
) STRICT, WITHOUT ROWID;

-- Objects to be weighed before the transaction commits, by the first 8 octets of their ids. What stays could not be read.
CREATE TABLE endorsed_stale(
  object INTEGER PRIMARY KEY
) STRICT;
