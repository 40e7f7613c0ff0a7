/*
 * derive: from verdicts to rows, an entry at a time; logs are derive_log's. See derivation.h.
 */
#include "node/store/derivation.h"

#include "node/store/derive_inside.h"
#include "node/store/endorsed.h"
#include "node/store/hidden.h"
#include "node/store/milestone.h"
#include "node/store/statement.h"
#include "node/store/takedown.h"

/* ---- one entry ---- */

enum err_code derive_held(struct store *s, int64_t rowid, enum reason reason, struct err *err) {
  static const char sql[] = "INSERT OR REPLACE INTO held(id, reason) VALUES (:id, :reason)";
  return statement_run_two(s, sql, rowid, (int64_t)reason, "held entry", err);
}

static enum err_code put_authority(struct store *s, int64_t rowid, uint64_t kind, struct err *err) {
  static const char sql[] = "INSERT INTO authority(id, kind) VALUES (:id, :kind)";
  return statement_run_two(s, sql, rowid, (int64_t)kind, "authority", err);
}

static enum err_code put_frozen(struct store *s, int64_t rowid, struct err *err) {
  static const char sql[] = "INSERT OR IGNORE INTO frozen(log, id) VALUES (:log, :id)";
  return statement_run_two(s, sql, entry_log_no(rowid), rowid, "frozen log", err);
}

static enum err_code apply_authority(struct derivation *d, int64_t rowid, const struct opened *entry, const struct verdict *v,
                                     int64_t arrival, struct err *err) {
  (void)v;
  (void)arrival;
  return put_authority(d->content.s, rowid, entry->record.header.kind, err);
}

int64_t derive_object_of(const struct record *record) {
  return (int64_t)get_u64be(record->header.has_subject ? record->header.subject.b : record->id.b);
}

enum err_code derive_erase_newest(struct derivation *d, const struct object *object, struct err *err) {
  struct bytes scratch;
  struct item item;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(d->content.s, object->newest, &scratch, &item, err);
  if (code == OK) {
    struct content_body body;
    content_open(&d->content, object->schema, item.body, body_is_canonical(item.body), &body);
    code = content_erase(&d->content, object->id, &body, err);
  }
  bytes_release(&scratch);
  return code;
}

/* Whether this node hides the object that begins with this record. */
static enum err_code read_hidden(const struct derivation *d, const struct hash *id, bool *out, struct err *err) {
  struct hidden hidden;
  *out = false;
  if (!d->hides) {
    return OK;
  }
  const enum err_code code = hidden_get(d->content.s, id, &hidden, err);
  *out = code == OK;
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  return code;
}

static enum err_code apply_version(struct derivation *d, int64_t rowid, const struct opened *entry, const struct verdict *v,
                                   int64_t arrival, struct err *err) {
  const struct header *h = &entry->record.header;
  struct object object = {.id = rowid, .person = v->person};
  struct content_body body;
  enum err_code code = v->has_object ? OK : read_hidden(d, &entry->record.id, &object.hidden, err);
  if (v->has_object) {
    object = v->object;
    code = object.newest == 0 ? OK : derive_erase_newest(d, &object, err);
    if (code == OK) {
      code = object_put_version(d->content.s, rowid, object.id, err);
    }
  }
  object.head = rowid;
  object.newest = rowid;
  object.versions++;
  object.schema = h->args[0];
  object.flags = h->args[1];
  object.arrival = arrival;
  content_open(&d->content, object.schema, entry->item.body, entry->is_canonical, &body);
  object.readable = body.readable;
  object.complete = body.complete;
  if (code == OK) {
    code = v->has_object ? object_update(d->content.s, &object, err) : object_insert(d->content.s, &object, err);
  }
  if (code == OK) {
    code = content_add(&d->content, object.id, &body, err);
  }
  return code == OK ? endorsed_touch(d->content.s, derive_object_of(&entry->record), err) : code;
}

/* A version that a revocation alone made void is not shown, but it stands in the chain on which honest ones were built. */
static enum err_code apply_void(struct derivation *d, int64_t rowid, const struct opened *entry, const struct verdict *v,
                                int64_t arrival, struct err *err) {
  const struct header *h = &entry->record.header;
  struct object object = {.id = rowid, .person = v->person, .schema = h->args[0], .arrival = arrival};
  if (v->has_object) {
    object = v->object;
  }
  const enum err_code code = v->has_object ? OK : read_hidden(d, &entry->record.id, &object.hidden, err);
  if (code != OK) {
    return code;
  }
  object.head = rowid;
  const enum err_code done =
      v->has_object ? object_update(d->content.s, &object, err) : object_insert(d->content.s, &object, err);
  return done == OK ? endorsed_touch(d->content.s, derive_object_of(&entry->record), err) : done;
}

/* Void certificates are authority too: their keys had one, and their person numbers are taken. */
static enum err_code apply_revoked(struct derivation *d, int64_t rowid, const struct opened *entry, const struct verdict *v,
                                   int64_t arrival, struct err *err) {
  if (!v->stands) {
    return OK;
  }
  switch (entry->record.header.kind) {
  case KIND_CERT:
    return apply_authority(d, rowid, entry, v, arrival, err);
  case KIND_VERSION:
    return apply_void(d, rowid, entry, v, arrival, err);
  default:
    return OK;
  }
}

static enum err_code apply_withdraw(struct derivation *d, int64_t rowid, const struct opened *entry, const struct verdict *v,
                                    int64_t arrival, struct err *err) {
  struct object object = v->object;
  (void)entry;
  (void)arrival;
  object.withdrawn = rowid;
  return object_update(d->content.s, &object, err);
}

static enum err_code apply_takedown(struct derivation *d, int64_t rowid, const struct opened *entry, const struct verdict *v,
                                    int64_t arrival, struct err *err) {
  (void)v;
  (void)arrival;
  return entry->record.header.kind == KIND_TAKEDOWN ? takedown_apply(d, rowid, &entry->record, err)
                                                    : takedown_acknowledge(d, rowid, &entry->record, err);
}

static enum err_code apply_endorsement(struct derivation *d, int64_t rowid, const struct opened *entry, const struct verdict *v,
                                       int64_t arrival, struct err *err) {
  static const char sign[] = "INSERT INTO endorsement(id, object, person) VALUES (:id, :object, :person)";
  static const char withdraw[] = "INSERT INTO endorsement_withdrawal(id, target, person) VALUES (:id, :target, :person)";
  const struct header *h = &entry->record.header;
  const bool signs = h->kind == KIND_ENDORSE;
  const int64_t named = (int64_t)get_u64be(signs ? h->refs[0].b : h->subject.b);
  sqlite3_stmt *st = NULL;
  (void)arrival;
  enum err_code code = statement_get(d->content.s, signs ? sign : withdraw, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  statement_bind_int(st, 2, named);
  statement_bind_int(st, 3, (int64_t)v->person);
  code = statement_run(d->content.s, st, "endorsement", err);
  if (code != OK) {
    return code;
  }
  return signs ? endorsed_touch_signed(d->content.s, named, err) : endorsed_touch_withdrawn(d->content.s, named, err);
}

static const struct {
  uint64_t kind;
  enum err_code (*apply)(struct derivation *d, int64_t rowid, const struct opened *entry, const struct verdict *v,
                         int64_t arrival, struct err *err);
} KINDS[] = {
    {KIND_IDENTITY, apply_authority},
    {KIND_CERT, apply_authority},
    {KIND_REVOKE, apply_authority},
    {KIND_PROPOSE, apply_authority},
    {KIND_VOTE, apply_authority},
    {KIND_VERSION, apply_version},
    {KIND_WITHDRAW, apply_withdraw},
    {KIND_TAKEDOWN, apply_takedown},
    {KIND_TAKEDOWN_ACK, apply_takedown},
    {KIND_ENDORSE, apply_endorsement},
    {KIND_ENDORSE_WITHDRAW, apply_endorsement},
};

enum err_code derive_held_endorsement(struct store *s, int64_t rowid, const struct header *h, enum reason reason,
                                      struct err *err) {
  static const char sql[] = "INSERT OR REPLACE INTO endorsement_held(id, object, reason) VALUES (:id, :object, :reason)";
  sqlite3_stmt *st = NULL;
  if (h->kind != KIND_ENDORSE || h->n_refs == 0) {
    return OK;
  }
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, rowid);
  statement_bind_int(st, 2, (int64_t)get_u64be(h->refs[0].b));
  statement_bind_int(st, 3, (int64_t)reason);
  return statement_run(s, st, "held endorsement", err);
}

/* An entry whose header can be read, whoever signed it. One that is here already is not told twice. */
static enum err_code apply_held(struct derivation *d, int64_t rowid, const struct opened *entry, enum reason reason,
                                struct err *err) {
  struct view octets;
  struct view signature;
  struct header h;
  enum err_code code = derive_held(d->content.s, rowid, reason, err);
  if (code == OK && entry->has_kind && entry->kind == KIND_ENDORSE && reason != REASON_REPEATED &&
      envelope_split(entry->item.envelope, &octets, &signature) && header_decode(octets, &h) == REASON_NONE) {
    code = derive_held_endorsement(d->content.s, rowid, &h, reason, err);
  }
  return code;
}

enum err_code derivation_apply(struct derivation *d, int64_t rowid, const struct opened *entry, const struct verdict *v,
                               int64_t arrival, struct err *err) {
  enum err_code code = entry->reason != REASON_NONE || v->repeated ? takedown_stray(d, rowid, &entry->item, err) : OK;
  if (code != OK) {
    return code;
  }
  if (v->reason != REASON_NONE) {
    code = apply_held(d, rowid, entry, v->reason, err);
    if (code == OK && entry->freezes) {
      code = put_frozen(d->content.s, rowid, err);
    }
    return code == OK && v->reason == REASON_REVOKED ? apply_revoked(d, rowid, entry, v, arrival, err) : code;
  }
  for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
    if (KINDS[i].kind == entry->record.header.kind) {
      return KINDS[i].apply(d, rowid, entry, v, arrival, err);
    }
  }
  return OK;
}
