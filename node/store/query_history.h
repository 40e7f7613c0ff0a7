/*
 * query_history: everything that was ever said in the name of one object: its versions, what of them was held back, and its
 * withdrawal. For `history` and `diff`, and for the pages that show the same. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_HISTORY_H
#define SPECOLA_NODE_STORE_QUERY_HISTORY_H

#include "node/federation.h"

/* One entry. Everything is borrowed until the callback returns. */
struct history_row {
  int64_t rowid;
  char reference[REFERENCE_MAX];
  struct hash id;
  bool withdrawal;        /* an object.withdraw; else a version */
  uint32_t number;        /* of a version that counts, from 1; 0: a withdrawal, or held back */
  uint64_t held;          /* enum reason: why it is held back; 0: it counts */
  uint64_t schema_number; /* of a withdrawal: the object's */
  uint64_t created;       /* s since 1970, claimed */
  struct pubkey author;
  const char *name; /* of the author as certified; "" if it is not here */
  uint64_t roles;   /* 0: the log certifies no such key */
  uint64_t person;
  bool has_replaced;
  struct hash replaced;  /* the version that it names as the newest */
  enum item_state state; /* whether its body is here */
  struct view body;      /* empty unless it is */
};
typedef bool history_visit(void *context, const struct history_row *row);

/* Tells every entry of the home's log that is a version or the withdrawal of the object of which rowid is a version, in the
 * order of the log; visit's false stops. A version that names no object (a first one) belongs to its own. ERR_NOT_FOUND: no
 * version stands at rowid. Store errors. */
MUST_CHECK enum err_code query_history(struct store *s, const struct federation *f, int64_t rowid, history_visit *visit,
                                       void *context, struct err *err);

#endif
