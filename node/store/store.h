/*
 * store: what a node holds, in one SQLite file (record.sql is kept for ever, derived.sql can be dropped and rebuilt).
 *
 * One writer: STORE_WRITE takes `store.lock` beside the file for its life. Acknowledge after COMMIT: synchronous=FULL is set,
 * read back and required. Commits and WAL checkpoints happen only under that lock; readers are query_only, never checkpoint and
 * hold no transaction over 30 s. docs/store.md describes the tables.
 */
#ifndef SPECOLA_NODE_STORE_STORE_H
#define SPECOLA_NODE_STORE_STORE_H

#include <sqlite3.h>

#include "keys/bytes.h"
#include "keys/hash.h"
#include "protocol/merkle.h"
#include "protocol/record.h"

#define STORE_VERSION 6 /* PRAGMA user_version of the record; a larger one in the file is ERR_VERSION */

enum store_mode { STORE_READ, STORE_WRITE };
struct store; /* opaque */

/* Opens dir/store.db, creating it when writing. vfs: name of an SQLite VFS, or NULL (the disk is injected here).
 * ERR_NOT_INITIALISED (reading what is not there), ERR_BUSY (another writer; the hint says who), ERR_VERSION, ERR_CORRUPT,
 * ERR_DISK_FULL, ERR_PERMISSIONS, ERR_IO. */
MUST_CHECK enum err_code store_open(const char *dir, enum store_mode mode, const char *vfs, struct store **out,
                                    struct err *err);
/* A store file of any name, for reading: a backup. Same errors, and ERR_NOT_FOUND. */
MUST_CHECK enum err_code store_open_file(const char *path, struct store **out, struct err *err);
void store_close(struct store *s); /* NULL is fine */
/* How many KiB of pages a connection keeps in memory. */
void store_keep_pages(struct store *s, unsigned kib);
sqlite3 *store_db(struct store *s);
/* Turns the last SQLite error into ours (SQLITE_FULL: ERR_DISK_FULL, CORRUPT/NOTADB: ERR_CORRUPT, BUSY: ERR_BUSY, …). */
enum err_code store_error(struct store *s, const char *what, struct err *err);

MUST_CHECK enum err_code store_begin(struct store *s, struct err *err);
MUST_CHECK enum err_code store_commit(struct store *s, struct err *err); /* durable when it returns OK */
/* Between the two all reads see one state, and none locks anew. Store errors; store_read_end is harmless then. */
MUST_CHECK enum err_code store_read_begin(struct store *s, struct err *err);
void store_read_end(struct store *s);
void store_rollback(struct store *s);
/* A number that changes with each commit of any process (PRAGMA data_version). */
uint64_t store_data_version(struct store *s);
/* One step (64 pages) of merging the segments of the full text, which each commit adds to and each search walks through, all of
 * them for each word. *more: there is more to merge. Does nothing when reading. Store errors. */
MUST_CHECK enum err_code store_merge(struct store *s, bool *more, struct err *err);
/* A small step of housekeeping for idle moments: merges full text segments (64 pages), then gives free pages back to the disk
 * (64), at last empties the write-ahead log. *more: worth calling again soon. Does nothing when reading. Store errors. */
MUST_CHECK enum err_code store_idle(struct store *s, bool *more, struct err *err);

/* ---- federation: charter, epochs, identities, addresses; as the encoded items of docs/protocol.md 6 ---- */
MUST_CHECK enum err_code store_put_charter(struct store *s, struct view item, struct err *err);
MUST_CHECK enum err_code store_get_charter(struct store *s, struct bytes *item, struct err *err); /* ERR_NOT_FOUND */
/* Epochs from number 2 on. ERR_NOT_FOUND. */
MUST_CHECK enum err_code store_put_epoch(struct store *s, uint64_t number, struct view item, struct err *err);
MUST_CHECK enum err_code store_get_epoch(struct store *s, uint64_t number, struct bytes *item, struct err *err);
MUST_CHECK enum err_code store_put_identity(struct store *s, const struct hash *node, uint64_t version, struct view item,
                                            struct err *err);
/* Newest version when version is 0. ERR_NOT_FOUND. */
MUST_CHECK enum err_code store_get_identity(struct store *s, const struct hash *node, uint64_t version, struct bytes *item,
                                            struct err *err);
/* Twins (6.1): further identities of a version that a member has. hash: of the body. Twin i, from 0, of a version, or, with 0,
 * of all, by rising (version, hash): ERR_NOT_FOUND. */
MUST_CHECK enum err_code store_put_twin(struct store *s, const struct hash *node, uint64_t version, const struct hash *hash,
                                        struct view item, struct err *err);
MUST_CHECK enum err_code store_get_twin(struct store *s, const struct hash *node, uint64_t version, uint32_t i,
                                        struct bytes *item, struct err *err);
/* In the place of the one held: address_replaces says whether it may. */
MUST_CHECK enum err_code store_put_address(struct store *s, const struct hash *node, uint64_t seq, struct view item,
                                           struct err *err);
MUST_CHECK enum err_code store_get_address(struct store *s, const struct hash *node, struct bytes *item, struct err *err);
/* Small facts by name: "own" (own node id), … ERR_NOT_FOUND. */
MUST_CHECK enum err_code store_put_fact(struct store *s, const char *name, struct view value, struct err *err);
MUST_CHECK enum err_code store_get_fact(struct store *s, const char *name, struct bytes *value, struct err *err);
MUST_CHECK enum err_code store_drop_fact(struct store *s, const char *name, struct err *err); /* none there: OK */

/* ---- logs ---- */

/* A log as held. Invariant: checkpoint_size == size except inside a transaction; entry ids are no << 40 | index. */
struct log {
  int64_t no; /* local number of (node, gen), from 1; of one node they rise with gen */
  struct hash node;
  uint64_t gen;
  struct merkle_range range; /* range.size entries are held */
  uint64_t body_bytes;       /* octets of bodies, absent ones included */
};
/* ERR_NOT_FOUND. */
MUST_CHECK enum err_code log_find(struct store *s, const struct hash *node, uint64_t gen, struct log *out, struct err *err);
MUST_CHECK enum err_code log_find_or_create(struct store *s, const struct hash *node, uint64_t gen, struct log *out,
                                            struct err *err);
/* The number of the first generation of the node whose log has the number no: what is kept a node goes by it. ERR_NOT_FOUND. */
MUST_CHECK enum err_code log_first(struct store *s, int64_t no, int64_t *first, struct err *err);
MUST_CHECK enum err_code log_by_no(struct store *s, int64_t no, struct log *out, struct err *err);
/* Writes size, range and body_bytes back. */
MUST_CHECK enum err_code log_save(struct store *s, const struct log *log, struct err *err);
/* Octets of the envelopes of a log's entries from an index on. Store errors. */
MUST_CHECK enum err_code log_envelope_octets(struct store *s, int64_t no, uint64_t from, uint64_t *out, struct err *err);
/* All logs by (node, gen); stops when visit returns false. */
typedef bool log_visit(void *context, const struct log *log);
MUST_CHECK enum err_code log_each(struct store *s, log_visit *visit, void *context, struct err *err);

#define ENTRY_INDEX_BITS 40
static inline int64_t entry_rowid(int64_t log_no, uint64_t index) {
  return log_no << ENTRY_INDEX_BITS | (int64_t)index;
}
static inline int64_t entry_log_no(int64_t rowid) {
  return rowid >> ENTRY_INDEX_BITS;
}
static inline uint64_t entry_index(int64_t rowid) {
  return (uint64_t)rowid & ((UINT64_C(1) << ENTRY_INDEX_BITS) - 1);
}
/* Inserts one entry; id: its record id, indexed by its first 8 octets: a record that was verified. NULL if it is none, or if it
 * stands below in the log already, or in an earlier generation of it. */
MUST_CHECK enum err_code entry_put(struct store *s, int64_t rowid, const struct item *item, const struct hash *id,
                                   struct err *err);
/* Whatever is read of an entry is compared with what came: the envelope with its leaf hash, the body with the commitment. What
 * a disk has changed reads as ERR_CORRUPT, wherever it would go, and its rowid is noted here until somebody takes it: at most
 * STORE_SUSPECTS of them, the first ones. */
#define STORE_SUSPECTS 32
/* What is kept of an envelope's leaf hash: its first 8 octets. */
int64_t entry_leaf(struct view envelope);
/* Takes the rowids that were noted; how many. */
uint32_t store_take_suspects(struct store *s, int64_t out[STORE_SUSPECTS]);
/* Notes one that another process has met. */
void store_suspect(struct store *s, int64_t rowid);
bool store_has_suspects(const struct store *s);

/* Reads one entry; everything in *out borrows from scratch (cleared first). ERR_NOT_FOUND, ERR_CORRUPT. */
MUST_CHECK enum err_code entry_get(struct store *s, int64_t rowid, struct bytes *scratch, struct item *out, struct err *err);
/* The rowid of a record by its id (recomputed from the header, so a prefix cannot mislead). ERR_NOT_FOUND. */
MUST_CHECK enum err_code entry_find(struct store *s, const struct hash *fed_id, const struct hash *id, int64_t *rowid,
                                    struct err *err);
/* The same within the generations of the log of the rowid `below`, below that one: at most one stands in the index there.
 * *found tells; *rowid says nothing without it. Store errors. */
MUST_CHECK enum err_code entry_find_below(struct store *s, const struct hash *fed_id, const struct hash *id, int64_t below,
                                          bool *found, int64_t *rowid, struct err *err);
/* Whether an entry stands in the index of record ids: its author's signature was verified when it came. */
MUST_CHECK enum err_code entry_is_record(struct store *s, int64_t rowid, bool *is_record, struct err *err);
/* Entries of a log from ≤ index < to in order, one statement; visit's false stops. ERR_CORRUPT at a damaged one. */
typedef bool entry_visit(void *context, int64_t rowid, const struct item *item);
MUST_CHECK enum err_code entry_each(struct store *s, int64_t log_no, uint64_t from, uint64_t to, entry_visit *visit,
                                    void *context, struct err *err);
/* The same for what is handed out: where the envelope is what it was and the body is not, the body is absent. */
MUST_CHECK enum err_code entry_each_served(struct store *s, int64_t log_no, uint64_t from, uint64_t to, entry_visit *visit,
                                           void *context, struct err *err);
/* The same for what is derived: damaged entries are passed over, and come when they are whole again. */
MUST_CHECK enum err_code entry_each_whole(struct store *s, int64_t log_no, uint64_t from, uint64_t to, entry_visit *visit,
                                          void *context, struct err *err);

/* ---- milestones ---- */
MUST_CHECK enum err_code milestone_put(struct store *s, int64_t log_no, uint64_t size, struct view text, struct err *err);
/* The text of the one of exactly this size (0: the newest whose text is there). ERR_NOT_FOUND: there is none, or its text was
 * lost (milestone_put_text). */
MUST_CHECK enum err_code milestone_get(struct store *s, int64_t log_no, uint64_t size, struct bytes *text, struct err *err);
/* Sizes of milestones with a text above from, rising, thinned as docs/protocol.md 8.3 says for WANT(CKPT); at most max. */
MUST_CHECK enum err_code milestone_plan(struct store *s, int64_t log_no, uint64_t from, uint64_t *sizes, uint32_t max,
                                        uint32_t *n, struct err *err);

/* Where a run of entries from `from` on ends that is handed out in one piece: the largest milestone within 2048 entries and
 * max_bytes of bodies, else the next one. *last: it is the newest. ERR_NOT_FOUND: no milestone above from. */
MUST_CHECK enum err_code milestone_run(struct store *s, int64_t log_no, uint64_t from, uint64_t max_bytes, uint64_t *size,
                                       bool *last, struct err *err);

#endif
