/*
 * mend_logs_inside: what mend_logs.c, mend_logs_anew.c and mend_logs_milestones.c share.
 */
#ifndef SPECOLA_NODE_MEND_LOGS_INSIDE_H
#define SPECOLA_NODE_MEND_LOGS_INSIDE_H

#include "node/federation.h"
#include "node/store/store.h"
#include "protocol/checkpoint.h"

/* A row of table log, whatever is wrong with it. */
struct mend_row {
  int64_t no, gen, size, body_bytes;
  struct view node, range; /* borrowed from the statement */
};
#define MEND_LOG_COLUMNS "no, gen, size, body_bytes, node, range"
struct mend_row mend_row_of(sqlite3_stmt *st);
/* Whether its range fits its size, and what its root is then. */
MUST_CHECK bool mend_root_of(const struct mend_row *row, struct hash *out);

/* One more than the highest index of an entry that stands under a log's number. Store errors. */
MUST_CHECK enum err_code mend_n_rows(struct store *s, int64_t no, uint64_t *out, struct err *err);

/* What a look at both tables finds. */
struct mend_look {
  bool sound;   /* rows say what is signed */
  bool indexed; /* and indexes what rows say: of logs, and of milestones where these are looked at */
  bool unread;  /* a row or an index cannot be read */
};
/* What both tables say, as far as it can be read, into temp.log_held and, of the milestones' index, temp.milestone_seen. Before
 * the transaction: one in which a row could not be read writes nothing any more. unread: something could not be. *n: how many
 * milestones cannot be. ERR_CORRUPT: more than a bit here and there; store errors. */
MUST_CHECK enum err_code mend_set_aside(struct store *s, bool unread, uint64_t *n, struct err *err);
/* In the transaction: temp.milestone_anew has every milestone, those that are lost without a text, and temp.log_anew is empty.
 * ERR_CORRUPT: more than a bit here and there; store errors. */
MUST_CHECK enum err_code mend_copy_milestones(struct store *s, const struct federation *f, struct err *err);
/* Their order of arrival rises from row to row then. Store errors. */
MUST_CHECK enum err_code mend_order_milestones(struct store *s, struct err *err);
/* Drops these tables. Store errors. */
MUST_CHECK enum err_code mend_drop_aside(struct store *s, struct err *err);
/* Writes both tables anew. *n: how many rows (and indexes) are others then; 0: nothing was written. Errors of mend_logs. */
MUST_CHECK enum err_code mend_logs_anew(struct store *s, const struct federation *f, const struct mend_look *found, uint64_t *n,
                                        struct err *err);

#endif
