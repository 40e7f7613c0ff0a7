/*
 * query_views: the tables for questions (docs/research.md): what they are called, which columns they have, and the functions
 * that they stand on. This is the one list of them; who may read what is query_select's matter. For query_select; others ask
 * it.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_VIEWS_H
#define SPECOLA_NODE_STORE_QUERY_VIEWS_H

#include "node/federation.h"
#include "node/store/wide.h"

#define VIEWS_SECRET_LEN 33
#define VIEWS_DDL_MAX ((size_t)1024 * 1024) /* octets of the definitions of all views */

struct views_log;

/* The views of one connection. secret begins the names of hidden views, on which the public ones stand: random, so that no
 * text of a question can name one. */
struct views {
  struct store *s;
  const struct federation *f;
  const struct schema_set *set;
  char secret[VIEWS_SECRET_LEN]; /* empty: not open */
  struct views_log *logs;        /* whose entries are named; owned */
  size_t n_logs;
  bool memory; /* ran out of it */
};

/* Makes the views, which live in this connection alone; the store stays as it is, and s is then used for nothing else until
 * views_close, which takes all off again, also after an error. s, f, set: borrowed. ERR_MEMORY, ERR_LIMIT, store errors. */
MUST_CHECK enum err_code views_open(struct views *v, struct store *s, const struct federation *f, const struct schema_set *set,
                                    struct err *err);
void views_close(struct views *v);
/* The i-th public view, or NULL behind the last. name: room for one that is made of a kind. */
const char *views_at(const struct views *v, size_t i, char name[WIDE_NAME_MAX]);
/* True of a hidden view. name may be NULL. */
bool views_is_hidden(const struct views *v, const char *name);

#endif
