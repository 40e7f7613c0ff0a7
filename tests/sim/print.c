/*
 * print: see print.h.
 */
#include "tests/sim/print.h"

#include <sodium.h>
#include <string.h>

/* 1099511627775: the index within its log, of a rowid. */
static const char SQL[] =
    "SELECT 1, id & 1099511627775, reason, 0, 0, 0, 0, 0, 0 FROM held WHERE id >= :from AND id < :to"
    " UNION ALL SELECT 2, id & 1099511627775, kind, 0, 0, 0, 0, 0, 0 FROM authority WHERE id >= :from AND id < :to"
    " UNION ALL SELECT 3, id & 1099511627775, ifnull(newest & 1099511627775, -1), versions,"
    " ifnull(withdrawn & 1099511627775, -1), schema, flags, person, head & 1099511627775"
    " FROM object WHERE id >= :from AND id < :to"
    " UNION ALL SELECT 4, id & 1099511627775, object & 1099511627775, 0, 0, 0, 0, 0, 0"
    " FROM version WHERE id >= :from AND id < :to ORDER BY 1, 2";

static void put(crypto_generichash_state *state, sqlite3_stmt *st) {
  for (int i = 0; i < sqlite3_column_count(st); i++) {
    uint8_t number[8];
    put_u64be(number, (uint64_t)sqlite3_column_int64(st, i));
    (void)crypto_generichash_update(state, number, sizeof number);
  }
}

bool print_log(struct fixture_node *node, sqlite3_stmt **question, const struct hall_head *head, struct hash *out) {
  crypto_generichash_state state;
  struct log log;
  int rc = SQLITE_ROW;
  if (log_find(node->store, &head->node, head->gen, &log, NULL) != OK) return false;
  if (*question == NULL && sqlite3_prepare_v2(store_db(node->store), SQL, -1, question, NULL) != SQLITE_OK) return false;
  sqlite3_stmt *st = *question;
  (void)sqlite3_bind_int64(st, 1, entry_rowid(log.no, 0));
  (void)sqlite3_bind_int64(st, 2, entry_rowid(log.no + 1, 0));
  (void)crypto_generichash_init(&state, NULL, 0, sizeof out->b);
  while ((rc = sqlite3_step(st)) == SQLITE_ROW)
    put(&state, st);
  (void)crypto_generichash_final(&state, out->b, sizeof out->b);
  (void)sqlite3_reset(st);
  return rc == SQLITE_DONE;
}
