/*
 * query_inside: what the query files share. Others use query.h.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_INSIDE_H
#define SPECOLA_NODE_STORE_QUERY_INSIDE_H

#include "node/store/object.h"
#include "node/store/query.h"

#define QUERY_SQL_MAX ((size_t)64 * 1024) /* octets of a statement that is put together here */
#define QUERY_BINDS 64
#define QUERY_WORDS 64 /* words and phrases of a search; more are left out */

/* What people type, as FTS5 expressions: what has any of the words, what has every one of them, and what has none of the
 * unwanted ones. Each may be empty. */
struct query_match {
  struct bytes any, every, unwanted;
  unsigned n_words;
  bool nothing; /* there was text, but not one word in it: nothing matches */
};
void query_match_init(struct query_match *m);
void query_match_release(struct query_match *m);
/* Reads text (borrowed as long as m is used); every word of it is quoted, so that no input is an FTS5 syntax error. ERR_LIMIT,
 * ERR_MEMORY. */
MUST_CHECK enum err_code query_match_read(struct query_match *m, const char *text, struct err *err);

/* What unicode61 makes tokens of: letters, numbers and private use. */
bool query_is_token(uint32_t c);

/* A statement that is being put together. Texts are constants of ours; every value is a parameter. */
struct query_sql {
  struct bytes text;
  struct {
    bool is_int, is_blob;
    int64_t number;
    struct view octets;
  } binds[QUERY_BINDS];
  int n_binds;
  struct query_match match;
  bool joined; /* fulltext is joined */
};
void query_sql_init(struct query_sql *q);
void query_sql_release(struct query_sql *q);
MUST_CHECK enum err_code query_sql_add(struct query_sql *q, const char *text, struct err *err);
MUST_CHECK enum err_code query_sql_int(struct query_sql *q, int64_t value, struct err *err);      /* adds "?" */
MUST_CHECK enum err_code query_sql_text(struct query_sql *q, struct view value, struct err *err); /* adds "?" */
MUST_CHECK enum err_code query_sql_blob(struct query_sql *q, struct view value, struct err *err); /* adds "?" */
/* " FROM … WHERE …" of a query; skip_dim (may be NULL): facets of that dimension are left out. ERR_NOT_FOUND as query_run. */
MUST_CHECK enum err_code query_sql_where(struct query_sql *q, const struct federation *f, const struct schema_set *set,
                                         const struct query *query, const char *skip_dim, struct err *err);
/* Prepares and binds; the caller finalizes. q lives as long as the statement. */
MUST_CHECK enum err_code query_sql_prepare(struct query_sql *q, struct store *s, sqlite3_stmt **out, struct err *err);

/* A field of that dimension, in any kind; NULL: no such dimension. */
const struct field *query_dim(const struct schema_set *set, const char *dim);

/* One row in the making: struct query_row with the memory behind it. */
struct query_reader {
  struct store *s;
  const struct federation *f;
  const struct schema_set *set;
  const char *lang;
  struct log log; /* of the last row; no 0: none yet */
  struct bytes first, newest, title, snippet;
  struct item item;        /* the newest version */
  struct body_slots slots; /* of its body */
  struct object object;
  struct query_row row;
};
void query_reader_init(struct query_reader *r, struct store *s, const struct federation *f, const struct schema_set *set,
                       const char *lang);
void query_reader_release(struct query_reader *r);
/* Fills r->row for an object, by the rowid of its first version. ERR_CORRUPT, store errors. */
MUST_CHECK enum err_code query_reader_load(struct query_reader *r, int64_t object, struct err *err);
/* Whether an object is left out of a list: it went since it was collected, or a disk has changed it. */
static inline bool query_is_away(enum err_code code) {
  return code == ERR_NOT_FOUND || code == ERR_CORRUPT;
}
/* The record id of an entry; zeros if it is none. */
struct hash query_record_id(const struct federation *f, struct view envelope);

/* Of a record by its id, whose position another entry may have taken: ERR_NOT_FOUND tells that a cut has withdrawn it; OK: it
 * was not. Store errors. */
MUST_CHECK enum err_code query_withdrawn_id(struct store *s, const struct federation *f, const struct schema_set *set,
                                            const struct hash *id, struct err *err);
/* ERR_NOT_FOUND with what can be told of a position that no object stands at: withdrawn by a cut, or simply none. */
MUST_CHECK enum err_code query_withdrawn(struct store *s, const struct federation *f, const struct schema_set *set,
                                         const struct log *log, uint64_t index, struct err *err);

#endif
