/*
 * erasure: see erasure.h.
 */
#include "node/erasure.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "keys/log.h"
#include "node/admit.h"
#include "node/hall.h"
#include "node/store/forget.h"
#include "node/store/object.h"
#include "node/store/statement.h"
#include "node/store/takedown.h"

#define RECORDS_MAX 65536u /* that one wish may mean */

/* ---- what a wish means ---- */

/* Ids of records, each once. */
struct ids {
  struct hash *items; /* owned */
  size_t n, room;
};

static bool ids_have(const struct ids *ids, const struct hash *id) {
  for (size_t i = 0; i < ids->n; i++) {
    if (hash_equal(&ids->items[i], id)) {
      return true;
    }
  }
  return false;
}

static enum err_code ids_add(struct ids *ids, const struct hash *id, struct err *err) {
  if (ids_have(ids, id)) {
    return OK;
  }
  if (ids->n == RECORDS_MAX) {
    return err_set(err, ERR_LIMIT, "more than %u records hang on it", RECORDS_MAX);
  }
  if (ids->n == ids->room) {
    const size_t room = ids->room == 0 ? 16 : ids->room * 2;
    struct hash *items = reallocarray(ids->items, room, sizeof *items);
    if (items == NULL) {
      return err_set(err, ERR_MEMORY, NULL);
    }
    ids->items = items;
    ids->room = room;
  }
  ids->items[ids->n++] = *id;
  return OK;
}

/* A walk over the own log for what hangs on an object. */
struct hanging {
  const struct hash *fed_id;
  struct ids of;     /* the object's id, and those of its versions */
  struct ids *found; /* records whose text can be erased, or was */
  enum err_code code;
  struct err *err;
};

static bool take_hanging(void *context, int64_t rowid, const struct item *item) {
  struct hanging *x = context;
  struct view octets;
  struct view signature;
  struct header h;
  (void)rowid;
  if (!envelope_split(item->envelope, &octets, &signature) || header_decode(octets, &h) != REASON_NONE) {
    return true;
  }
  const struct hash id = record_id(x->fed_id, octets);
  if (!ids_have(&x->of, &id) && !(h.has_subject && ids_have(&x->of, &h.subject))) {
    return true;
  }
  if (h.kind == KIND_VERSION) {
    x->code = ids_add(&x->of, &id, x->err);
  }
  if (x->code == OK && item->state != ITEM_BODILESS && !record_kind_keeps_body(h.kind)) {
    x->code = ids_add(x->found, &id, x->err);
  }
  return x->code == OK;
}

/* The id of the object of which a version stands at rowid. ERR_NOT_FOUND: none does. */
static enum err_code object_id(struct hall *h, int64_t rowid, struct hash *id, int64_t *first, struct err *err) {
  struct bytes scratch;
  struct item item;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = object_of_version(h->config.store, rowid, first, err);
  if (code == OK) {
    code = entry_get(h->config.store, *first, &scratch, &item, err);
  }
  if (code == OK) {
    *id = envelope_id(&h->derivation.fed_id, item.envelope);
  }
  bytes_release(&scratch);
  return code;
}

/* Everything about an object, from its first version on, in that generation and those behind it: what names a version stands
 * behind it. */
static enum err_code collect_whole(struct hall *h, const struct log *named, int64_t rowid, struct ids *out, struct err *err) {
  struct hanging x = {.fed_id = &h->derivation.fed_id, .found = out, .code = OK, .err = err};
  struct hash id;
  int64_t first = 0;
  enum err_code code = object_id(h, rowid, &id, &first, err);
  if (code == OK) {
    code = ids_add(&x.of, &id, err);
  }
  for (uint32_t i = 0; i < h->n_logs && code == OK; i++) {
    const struct log *log = &h->logs[i].log;
    if (hash_equal(&log->node, &named->node) && log->gen >= named->gen) {
      const uint64_t from = log->gen == named->gen ? entry_index(first) : 0;
      code = entry_each_served(h->config.store, log->no, from, log->range.size, take_hanging, &x, err);
      code = code == OK ? x.code : code;
    }
  }
  free(x.of.items);
  return code;
}

static enum err_code collect_one(struct hall *h, int64_t rowid, struct ids *out, struct err *err) {
  const struct hash *own = &h->config.federation->own;
  struct bytes scratch;
  struct item item;
  int64_t target = 0;
  size_t n = 0;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(h->config.store, rowid, &scratch, &item, err);
  if (code == OK) {
    const struct hash id = envelope_id(&h->derivation.fed_id, item.envelope);
    code = takedown_targets(h->config.store, &h->derivation.fed_id, own, &id, &target, 1, &n, err);
    if (code == OK && (n > 0 || item.state == ITEM_GONE)) {
      code = ids_add(out, &id, err);
    }
  }
  bytes_release(&scratch);
  return code;
}

/* Leaves those that no takedown of ours names yet. *earlier: where the others stand, the first of them and how many. */
static enum err_code drop_earlier(struct hall *h, struct ids *ids, struct takedown_report *earlier, struct err *err) {
  struct store *s = h->config.store;
  const struct hash *fed_id = &h->derivation.fed_id;
  enum err_code code = OK;
  int64_t first = INT64_MAX;
  size_t n = 0;
  for (size_t i = 0; i < ids->n && code == OK; i++) {
    struct hash takedown;
    bool found = false;
    int64_t rowid = 0;
    code = takedown_of(s, fed_id, &h->config.federation->own, &ids->items[i], &found, &takedown, err);
    if (code == OK && found) {
      code = entry_find(s, fed_id, &takedown, &rowid, err);
      first = rowid < first ? rowid : first;
      earlier->n++;
    } else {
      ids->items[n++] = ids->items[i];
    }
  }
  ids->n = n;
  for (uint32_t i = 0; i < h->n_logs && earlier->n > 0; i++) {
    if (h->logs[i].log.no == entry_log_no(first)) {
      earlier->gen = h->logs[i].log.gen;
      earlier->index = entry_index(first);
    }
  }
  return code;
}

static enum err_code collect(struct hall *h, const struct takedown_wish *wish, struct ids *out, struct err *err) {
  const struct federation *f = h->config.federation;
  const struct hall_log *log = hall_find(h, &wish->node, wish->gen);
  if (!hash_equal(&wish->node, &f->own)) {
    char reference[REFERENCE_MAX];
    reference_format(f, &wish->node, wish->gen, wish->index, reference);
    (void)err_set(err, ERR_REFUSED, "%s is %s's: its home alone takes it down", reference, federation_handle(f, &wish->node));
    return err_hint(err, "ask its coordinator; specola hide %s --reason … leaves it out here", reference);
  }
  if (log == NULL || wish->index >= log->log.range.size) {
    return err_set(err, ERR_NOT_FOUND, "nothing stands there");
  }
  const int64_t rowid = entry_rowid(log->log.no, wish->index);
  enum err_code code = wish->whole ? collect_whole(h, &log->log, rowid, out, err) : collect_one(h, rowid, out, err);
  if (code == ERR_NOT_FOUND && wish->whole) { /* of no object */
    err_clear(err);
    code = collect_one(h, rowid, out, err);
  }
  return code;
}

/* ---- records of the node key ---- */

/* Seals one with the node key into *envelope. */
static enum err_code seal(struct hall *h, uint64_t kind, const struct hash *subject, const uint64_t *reason,
                          struct bytes *envelope, struct err *err) {
  struct header header = {.kind = kind,
                          .home = h->config.federation->own,
                          .created = clock_unix(h->config.clock),
                          .has_subject = true,
                          .subject = *subject,
                          .n_args = reason == NULL ? 0 : 1};
  header.args[0] = reason == NULL ? 0 : *reason;
  return record_seal(&header, &h->derivation.fed_id, h->config.node_key, NULL, view_of(NULL, 0), envelope, NULL, err);
}

/* Seals and admits n of them, at most LIMIT_SUBMIT, in one transaction. The caller frees *out. */
static enum err_code admit(struct hall *h, uint64_t kind, const struct hash *subjects, uint32_t n, const uint64_t *reason,
                           struct receipt **out, struct err *err) {
  struct item *items = calloc(n, sizeof *items);
  struct bytes *envelopes = calloc(n, sizeof *envelopes);
  enum err_code code = OK;
  *out = calloc(1, sizeof **out);
  if (items == NULL || envelopes == NULL || *out == NULL) {
    code = err_set(err, ERR_MEMORY, NULL);
  }
  for (uint32_t i = 0; items != NULL && envelopes != NULL && i < n && code == OK; i++) {
    bytes_init(&envelopes[i], LIMIT_ENVELOPE);
    code = seal(h, kind, &subjects[i], reason, &envelopes[i], err);
    items[i] = (struct item){.envelope = bytes_view(&envelopes[i]), .state = ITEM_BODILESS};
  }
  if (code == OK) {
    code = hall_admit(h, items, n, *out, err);
  }
  for (uint32_t i = 0; envelopes != NULL && i < n; i++) {
    bytes_release(&envelopes[i]);
  }
  free(items);
  free(envelopes);
  return code;
}

static enum err_code take_down_some(struct hall *h, const struct hash *ids, uint32_t n, const struct takedown_wish *wish,
                                    struct takedown_report *out, struct err *err) {
  struct receipt *receipt = NULL;
  enum err_code code = admit(h, KIND_TAKEDOWN, ids, n, &wish->reason, &receipt, err);
  for (uint32_t i = 0; code == OK && i < n; i++) {
    const struct receipt_row *row = &receipt->rows[i];
    if (row->state != RECEIPT_LOGGED) {
      (void)err_set(err, ERR_REFUSED, "%s: %s", reason_name(row->reason), reason_text(row->reason));
      code = err_hint(err, "%s", reason_todo(row->reason));
      break;
    }
    if (out->n++ == 0) {
      out->gen = row->gen;
      out->index = row->index;
    }
  }
  free(receipt);
  return code;
}

static enum err_code check_key(const struct hall *h, struct err *err) {
  if (h->config.node_key == NULL || federation_self(h->config.federation) == NULL) {
    return err_set(err, ERR_REFUSED, "this process has no node key: it cannot write to the log");
  }
  return OK;
}

enum err_code hall_take_down(struct hall *h, const struct takedown_wish *wish, struct takedown_report *out, struct err *err) {
  struct takedown_report earlier = {.n = 0};
  struct ids ids = {.n = 0};
  memset(out, 0, sizeof *out);
  enum err_code code = check_key(h, err);
  if (code == OK) {
    code = hall_must_write(h, err); /* an order that waits in the outbox could name what is not there yet */
  }
  if (code == OK) {
    code = collect(h, wish, &ids, err);
  }
  if (code == OK) {
    code = drop_earlier(h, &ids, &earlier, err);
  }
  if (code == OK && ids.n == 0 && h->erasing && earlier.n > 0) {
    *out = earlier; /* what was cut short behind it goes on */
  } else if (code == OK && ids.n == 0) {
    code = err_set(err, ERR_MISMATCH, "there is no text that could be erased, or it was taken down already");
  }
  for (size_t at = 0; code == OK && at < ids.n; at += LIMIT_SUBMIT) {
    const size_t n = ids.n - at < LIMIT_SUBMIT ? ids.n - at : LIMIT_SUBMIT;
    code = take_down_some(h, ids.items + at, (uint32_t)n, wish, out, err);
  }
  free(ids.items);
  return code;
}

/* ---- the file forgets ---- */

void hall_erased(struct hall *h) {
  if (h->derivation.n_erased > 0) {
    h->erasing = true;
    h->is_forgotten = false;
    h->is_emptied = false;
  }
  h->missing -= h->derivation.n_settled;
  if (h->derivation.must_renew) {
    struct err err = ERR_INIT;
    h->derivation.must_renew = false;
    if (hall_derive_again(h, &err) != OK) { /* then the next start does */
      log_line(LOG_ERROR, "takedown", "the tables are not made anew yet", "why=%s", err.message);
    }
  }
}

bool hall_is_erasing(const struct hall *h) {
  return h->erasing;
}

/* A takedown that waits. */
struct waiting {
  int64_t rowid;
  struct hash id;
};

/* The first of them, at most LIMIT_SUBMIT. One whose entry is there no more has nothing to be acknowledged: id is zeros. */
static enum err_code read_waiting(struct hall *h, struct waiting *out, uint32_t *n, struct err *err) {
  static const char sql[] =
      "SELECT erasure.takedown, envelope FROM erasure LEFT JOIN entry ON entry.id = erasure.takedown ORDER BY 1 "
      "LIMIT 256";
  _Static_assert(LIMIT_SUBMIT == 256, "as many as one submission holds");
  sqlite3_stmt *st = NULL;
  bool row = true;
  *n = 0;
  enum err_code code = statement_get(h->config.store, sql, &st, err);
  while (code == OK && (code = statement_step(h->config.store, st, &row, "erasures", err)) == OK && row) {
    struct waiting *w = &out[(*n)++];
    const struct view envelope = statement_blob(st, 1);
    w->rowid = sqlite3_column_int64(st, 0);
    w->id = (struct hash){{0}};
    if (envelope.len > 0) {
      w->id = envelope_id(&h->derivation.fed_id, envelope);
    }
  }
  return code;
}

/* Whether the own log acknowledges a takedown already: the end may have come before it was noted. */
static enum err_code is_acknowledged(struct hall *h, const struct hash *id, bool *out, struct err *err) {
  static const char sql[] =
      "SELECT envelope FROM takedown_ack JOIN entry USING (id) JOIN log ON log.no = takedown_ack.id >> 40 "
      "WHERE target = :target AND log.node = :own";
  const struct hash *own = &h->config.federation->own;
  struct record record;
  sqlite3_stmt *st = NULL;
  bool row = true;
  *out = false;
  enum err_code code = statement_get(h->config.store, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, (int64_t)get_u64be(id->b));
  statement_bind_blob(st, 2, hash_view(own));
  while (!*out && (code = statement_step(h->config.store, st, &row, "acknowledgement", err)) == OK && row) {
    *out = record_reopen(statement_blob(st, 0), &h->derivation.fed_id, &record) == REASON_NONE &&
           hash_equal(&record.header.subject, id);
  }
  statement_done(st);
  return code;
}

static enum err_code drop_waiting(struct hall *h, int64_t rowid, struct err *err) {
  static const char sql[] = "DELETE FROM erasure WHERE takedown = :takedown";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(h->config.store, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  return statement_run(h->config.store, st, "erasure", err);
}

/* Acknowledges those that are not yet. ERR_REFUSED: the log does not take it now. */
static enum err_code acknowledge(struct hall *h, const struct waiting *waiting, uint32_t n, bool *written, struct err *err) {
  static const struct hash none = {{0}};
  struct hash ids[LIMIT_SUBMIT];
  struct receipt *receipt = NULL;
  uint32_t n_ids = 0;
  enum err_code code = OK;
  for (uint32_t i = 0; i < n && code == OK; i++) {
    bool known = hash_equal(&waiting[i].id, &none);
    code = known ? OK : is_acknowledged(h, &waiting[i].id, &known, err);
    if (code == OK && !known) {
      ids[n_ids++] = waiting[i].id;
    }
  }
  if (code == OK && n_ids > 0) {
    code = admit(h, KIND_TAKEDOWN_ACK, ids, n_ids, NULL, &receipt, err);
  }
  for (uint32_t i = 0; i < n_ids && code == OK; i++) {
    const struct receipt_row *row = &receipt->rows[i];
    *written = *written || row->state == RECEIPT_LOGGED;
    if (row->state != RECEIPT_LOGGED) {
      code = err_set(err, ERR_REFUSED, "acknowledgement: %s: %s", reason_name(row->reason), reason_text(row->reason));
    }
  }
  free(receipt);
  return code;
}

/* Acknowledges one lot and notes that it is done. *n: how many there were. Who has no log of its own promises nothing to
 * anybody; a process without the node key leaves it to one that has it. */
static enum err_code settle_some(struct hall *h, uint32_t *n, bool *written, struct err *err) {
  const bool is_member = federation_self(h->config.federation) != NULL;
  if (is_member && h->config.node_key == NULL) {
    return err_set(err, ERR_REFUSED, "this process has no node key: another one has to acknowledge");
  }
  struct waiting *waiting = calloc(LIMIT_SUBMIT, sizeof *waiting);
  if (waiting == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = read_waiting(h, waiting, n, err);
  if (code == OK && *n > 0 && is_member) {
    code = hall_must_write(h, err);
  }
  if (code == OK && *n > 0 && is_member) {
    code = acknowledge(h, waiting, *n, written, err);
  }
  if (code == OK) {
    code = store_begin(h->config.store, err);
  }
  for (uint32_t i = 0; i < *n && code == OK; i++) {
    code = drop_waiting(h, waiting[i].rowid, err);
  }
  if (code == OK) {
    code = store_commit(h->config.store, err);
  }
  if (code != OK) {
    store_rollback(h->config.store);
  }
  free(waiting);
  return code;
}

enum err_code hall_erase(struct hall *h, bool *written, struct err *err) {
  uint32_t n = 1;
  enum err_code code = OK;
  *written = false;
  if (h->erasing && !h->is_forgotten) {
    code = forget_file(h->config.store, err);
    h->is_forgotten = code == OK;
  }
  if (code == OK && h->is_forgotten && !h->is_emptied) {
    code = forget_wal(h->config.store, &h->is_emptied, err);
  }
  while (code == OK && h->is_emptied && n > 0) {
    code = settle_some(h, &n, written, err);
  }
  if (code == OK && h->is_emptied) {
    h->erasing = h->is_forgotten = h->is_emptied = false;
  }
  return code;
}
