/*
 * scrub: the pass. See scrub.h; healing is heal.c's.
 */
#include "node/scrub.h"

#include <stdlib.h>
#include <string.h>

#include "keys/log.h"
#include "node/append.h"
#include "node/mend.h"
#include "node/store/damage.h"
#include "node/store/entry_mend.h"
#include "node/store/milestone.h"
#include "node/store/statement.h"
#include "node/store/takedown.h"

#define SCRUB_FOUND_MAX ((size_t)1 << 20) /* damaged entries that one pass notes: the next finds the others */

/* A damaged entry. */
struct found {
  int64_t rowid;
  bool is_healed; /* since the pass came by */
};

/* A pass under way. */
struct scrub {
  struct scrub_state state;
  bool has_logs;   /* they were looked at */
  bool in_doubt;   /* what stands in their tables: nothing of it is changed */
  struct log log;  /* that is being looked at; no 0: none */
  int64_t last_no; /* the log before */
  uint64_t at;     /* its next entry */
  struct merkle_range range;
  uint64_t body_bytes; /* of what was folded */
  bool is_folded;      /* range is that of `at`: nothing below is damaged */
  bool run_damaged;    /* something since the last milestone is */
  uint64_t run_start;  /* where that stands */
  struct found *found; /* owned, in the order of rowids */
  size_t n, room;
};

void scrub_free(struct scrub *s) {
  if (s != NULL) {
    free(s->found);
    free(s);
  }
}

static int compare_found(const void *key, const void *element) {
  const int64_t rowid = *(const int64_t *)key, other = ((const struct found *)element)->rowid;
  return (rowid > other) - (rowid < other);
}

void scrub_healed(struct scrub *s, int64_t rowid) {
  struct found *found = s == NULL || s->n == 0 ? NULL : bsearch(&rowid, s->found, s->n, sizeof *s->found, compare_found);
  if (found != NULL) {
    found->is_healed = true;
  }
}

void scrub_fell(struct scrub *s, int64_t log_no, uint64_t size) {
  const bool is_current = s != NULL && s->log.no == log_no;
  const int64_t from = entry_rowid(log_no, is_current ? 0 : size), to = entry_rowid(log_no + 1, 0);
  for (size_t i = 0; s != NULL && i < s->n; i++) {
    if (s->found[i].rowid >= from && s->found[i].rowid < to) {
      s->found[i].is_healed = true;
    }
  }
  if (is_current) {
    while (s->n > 0 && s->found[s->n - 1].rowid >= from) {
      s->n--;
      s->state.found--;
    }
    s->last_no = log_no - 1;
    s->log.no = 0;
  }
}

/* ---- the state ---- */

static enum err_code read_finished(struct hall *h, uint64_t *out, struct err *err) {
  struct bytes value;
  bytes_init(&value, 64);
  *out = 0;
  enum err_code code = store_get_fact(h->config.store, "scrubbed", &value, err);
  if (code == OK && value.len == 8) {
    *out = get_u64be(value.p);
  } else if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&value);
  return code;
}

enum err_code hall_scrub_state(struct hall *h, struct scrub_state *out, struct err *err) {
  memset(out, 0, sizeof *out);
  if (h->scrub != NULL) {
    *out = h->scrub->state;
  }
  out->left = h->n_damaged;
  return read_finished(h, &out->finished, err);
}

bool hall_scrub_is_due(struct hall *h) {
  const uint64_t now = clock_unix(h->config.clock);
  uint64_t finished = 0;
  if (h->scrub != NULL && h->scrub->state.running) {
    return false;
  }
  return read_finished(h, &finished, NULL) == OK && (finished > now || now - finished >= SCRUB_EVERY_S);
}

/* ---- one entry ---- */

#define ROW_COLUMNS "id, rid, state, envelope, salt, body, takedown, leaf"

/* A row as it stands, whatever is wrong with it. Everything borrows from the row. */
struct row {
  int64_t rowid;
  bool has_rid;
  int64_t rid;
  struct item item;
  bool formed; /* it is an item as the store writes them */
};

static void read_row(sqlite3_stmt *st, struct row *out) {
  const int64_t state = sqlite3_column_int64(st, 2);
  const struct view salt = statement_blob(st, 4);
  memset(out, 0, sizeof *out);
  out->rowid = sqlite3_column_int64(st, 0);
  out->has_rid = sqlite3_column_type(st, 1) != SQLITE_NULL;
  out->rid = sqlite3_column_int64(st, 1);
  out->item.envelope = statement_blob(st, 3);
  out->item.body = statement_blob(st, 5);
  out->formed = out->item.envelope.len > 0 && out->item.envelope.len <= LIMIT_ENVELOPE && state >= ITEM_BODILESS &&
                state <= ITEM_ABSENT && (state == ITEM_WHOLE) == (salt.len == SALT_LEN) &&
                (state == ITEM_WHOLE) == (out->item.body.len > 0) && (state == ITEM_GONE) == (sqlite3_column_bytes(st, 6) > 0);
  if (out->formed) {
    out->item.state = (enum item_state)state;
  }
  if (out->formed && state == ITEM_WHOLE) {
    memcpy(out->item.salt.b, salt.p, SALT_LEN);
  }
  out->formed = out->formed && (state != ITEM_GONE || statement_hash(st, 6, &out->item.takedown)) &&
                sqlite3_column_type(st, 7) == SQLITE_INTEGER && sqlite3_column_int64(st, 7) == entry_leaf(out->item.envelope);
}

/* Whether what stands beside the envelope is what may. */
static enum err_code judge_body(struct hall *h, const struct log *log, const struct item *item, const struct hash *id,
                                bool *sound, struct err *err) {
  struct hash takedown;
  bool found = false;
  enum err_code code = OK;
  *sound = damage_item_is_sound(item);
  if (*sound && item->state == ITEM_GONE) {
    code = takedown_of(h->config.store, &h->derivation.fed_id, &log->node, id, &found, &takedown, err);
    *sound = found && hash_equal(&takedown, &item->takedown);
  }
  return code;
}

/* Whether a row is sound as far as it can be told alone. */
static enum err_code judge(struct hall *h, const struct log *log, const struct row *row, bool *sound, struct err *err) {
  struct record record;
  bool repeated = false;
  int64_t below = 0;
  *sound = row->formed;
  if (!row->formed) {
    return OK;
  }
  const struct hash id = envelope_id(&h->derivation.fed_id, row->item.envelope);
  const bool is_record = record_open(row->item.envelope, &h->derivation.fed_id, NULL, &record) == REASON_NONE;
  enum err_code code = OK;
  if (is_record && !row->has_rid) {
    code = entry_find_below(h->config.store, &h->derivation.fed_id, &id, row->rowid, &repeated, &below, err);
  }
  *sound = row->has_rid ? is_record && row->rid == (int64_t)get_u64be(id.b) : !is_record || repeated;
  if (code != OK || !*sound) {
    return code;
  }
  return judge_body(h, log, &row->item, &id, sound, err);
}

static enum err_code note(struct scrub *s, uint64_t index, struct err *err) {
  if (s->n == SCRUB_FOUND_MAX) {
    return OK;
  }
  if (s->n == s->room) {
    const size_t room = s->room == 0 ? 16 : 2 * s->room;
    struct found *found = reallocarray(s->found, room, sizeof *found);
    if (found == NULL) {
      return err_set(err, ERR_MEMORY, NULL);
    }
    s->found = found;
    s->room = room;
  }
  s->found[s->n++] = (struct found){.rowid = entry_rowid(s->log.no, index)};
  s->state.found++;
  s->run_damaged = true;
  s->is_folded = false;
  return OK;
}

/* ---- milestones ---- */

/* All of the run is suspect: something that no record speaks for is another than the owner signed. */
static enum err_code suspect_run(struct scrub *s, struct err *err) {
  enum err_code code = OK;
  for (uint64_t i = s->run_start; i < s->at && code == OK; i++) {
    code = note(s, i, err);
  }
  return code;
}

/* The checkpoint of the milestone of that size. *reads: it is signed, of this log, and of that size. ERR_NOT_FOUND. */
static enum err_code read_milestone(struct hall *h, const struct log *log, uint64_t size, struct bytes *text,
                                    struct checkpoint *point, bool *reads, struct err *err) {
  const enum err_code code = milestone_place(h->config.store, log->no, size, text, err);
  *reads = code == OK && federation_checkpoint(h->config.federation, bytes_view(text), point, NULL) == OK &&
           point->size == size && hash_equal(&point->node, &log->node) && point->gen == log->gen;
  return code;
}

/* What a milestone says of the octets of bodies below, which nobody has signed. */
static enum err_code check_bytes(struct hall *h, struct scrub *s, struct err *err) {
  uint64_t bytes = 0;
  const enum err_code code = milestone_bytes(h->config.store, s->log.no, s->at, &bytes, err);
  if (code != OK || bytes == s->body_bytes || s->in_doubt) return code;
  s->state.milestones++;
  return milestone_put_bytes(h->config.store, s->log.no, s->at, s->body_bytes, err);
}

/* Its place stays, without a text, and its run is that of the next one, too. */
static enum err_code damaged_milestone(struct hall *h, struct scrub *s, struct view text, struct err *err) {
  s->state.milestones += text.len > 0;
  const enum err_code code =
      text.len == 0 ? OK : milestone_put_text(h->config.store, s->log.no, s->at, text, view_of("", 0), err);
  return code == OK && s->is_folded ? check_bytes(h, s, err) : code;
}

/* What a log says of them at its end, in memory and in its row, unless it went on meanwhile. */
static enum err_code check_log_bytes(struct hall *h, struct scrub *s, struct err *err) {
  struct hall_log *held = hall_find(h, &s->log.node, s->log.gen);
  if (!s->is_folded || s->in_doubt || held == NULL || held->log.range.size != s->at ||
      (held->log.body_bytes == s->body_bytes && s->log.body_bytes == s->body_bytes)) {
    return OK;
  }
  s->state.milestones++;
  held->log.body_bytes = s->body_bytes;
  return log_save(h->config.store, &held->log, err);
}

/* Where a milestone stands behind the entries so far, they must fold to its root. */
static enum err_code check_milestone(struct hall *h, struct scrub *s, struct err *err) {
  struct checkpoint point;
  struct bytes text;
  bool reads = false;
  bytes_init(&text, LIMIT_CHECKPOINT);
  enum err_code code = read_milestone(h, &s->log, s->at, &text, &point, &reads, err);
  if (code == OK && !reads && !s->in_doubt) {
    code = damaged_milestone(h, s, bytes_view(&text), err);
  }
  bytes_release(&text);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  if (code != OK || !reads) {
    return code;
  }
  const struct hash root = merkle_root(&s->range);
  if (s->is_folded && !hash_equal(&root, &point.root)) {
    code = suspect_run(s, err);
  } else if (s->is_folded) {
    code = check_bytes(h, s, err);
  }
  s->run_start = s->at;
  s->run_damaged = false;
  return code;
}

/* ---- the walk ---- */

/* In which order entries lie. One that is lost is found to be missing by the walk. */
static enum err_code look_at_rows(struct hall *h, struct scrub *s, struct err *err) {
  struct entry_mended mended;
  const enum err_code code = entry_mend(h->config.store, &h->config.federation->own, &mended, err);
  s->state.found += mended.moved;
  s->state.derived = mended.reindexed;
  return code;
}

/* What the walk goes by. Where a log's entries are damaged as well, they are found first. */
static enum err_code look_at_logs(struct hall *h, struct scrub *s, struct err *err) {
  const enum err_code code = mend_logs(h->config.store, h->config.federation, true, &s->state.milestones, err);
  s->has_logs = true;
  s->state.milestones += h->n_mended;
  h->n_mended = 0;
  if (code == OK) return look_at_rows(h, s, err);
  if (code != ERR_CORRUPT) return code;
  log_line(LOG_ERROR, "scrub", "logs are damaged", "why=%s", err == NULL ? "" : err->message);
  err_clear(err);
  s->state.milestones++;
  s->in_doubt = true;
  return OK;
}

static enum err_code next_log(struct hall *h, struct scrub *s, bool *any, struct err *err) {
  static const char sql[] = "SELECT no FROM log WHERE no > :last AND size > 0 ORDER BY no LIMIT 1";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(h->config.store, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, s->last_no);
  code = statement_step(h->config.store, st, any, "log", err);
  if (code == OK && *any) {
    s->last_no = sqlite3_column_int64(st, 0);
    statement_done(st);
    s->at = s->run_start = 0;
    s->range = (struct merkle_range){.size = 0};
    s->body_bytes = 0;
    s->is_folded = true;
    s->run_damaged = false;
    code = log_by_no(h->config.store, s->last_no, &s->log, err);
  }
  return code;
}

static enum err_code take_row(struct hall *h, struct scrub *s, const struct row *row, struct err *err) {
  bool sound = false;
  enum err_code code = OK;
  while (code == OK && s->at < entry_index(row->rowid)) { /* rows that are not there */
    code = note(s, s->at, err);
    s->at++;
  }
  if (code == OK) {
    code = judge(h, &s->log, row, &sound, err);
  }
  if (code == OK && sound) {
    const struct hash leaf = merkle_leaf(row->item.envelope);
    merkle_append(&s->range, &leaf);
    s->body_bytes += append_body_len(&row->item);
  } else if (code == OK) {
    code = note(s, s->at, err);
  }
  s->at++;
  s->state.entries++;
  code = code == OK ? check_milestone(h, s, err) : code;
  return code == OK && s->at == s->log.range.size ? check_log_bytes(h, s, err) : code;
}

/* Entries up to n, and of bodies no more than SCRUB_STEP_OCTETS and the one that goes beyond. */
static enum err_code walk(struct hall *h, struct scrub *s, uint64_t n, struct err *err) {
  static const char sql[] = "SELECT " ROW_COLUMNS " FROM entry WHERE id >= :from AND id < :to ORDER BY id";
  const uint64_t size = s->log.range.size;
  const uint64_t to = size - s->at < n ? size : s->at + n;
  sqlite3_stmt *st = NULL;
  size_t octets = 0;
  bool has = true;
  enum err_code code = statement_new(h->config.store, sql, &st, err);
  if (code == OK) {
    statement_bind_int(st, 1, entry_rowid(s->log.no, s->at));
    statement_bind_int(st, 2, entry_rowid(s->log.no, to));
  }
  while (code == OK && octets < SCRUB_STEP_OCTETS && (code = statement_step(h->config.store, st, &has, "entries", err)) == OK &&
         has) {
    struct row row;
    read_row(st, &row);
    octets += row.item.envelope.len + row.item.body.len;
    code = take_row(h, s, &row, err);
  }
  (void)sqlite3_finalize(st);
  for (; code == OK && !has && s->at < to; s->at++) { /* rows that are not there */
    code = note(s, s->at, err);
  }
  return code;
}

/* ---- the end ---- */

static enum err_code put_finished(struct hall *h, struct err *err) {
  uint8_t octets[8];
  put_u64be(octets, clock_unix(h->config.clock));
  return store_put_fact(h->config.store, "scrubbed", view_of(octets, sizeof octets), err);
}

static enum err_code finish(struct hall *h, struct scrub *s, struct err *err) {
  enum err_code code = store_begin(h->config.store, err);
  for (size_t i = 0; i < s->n && code == OK; i++) {
    code = s->found[i].is_healed ? OK : damage_mark(h->config.store, s->found[i].rowid, err);
  }
  if (code == OK) {
    code = damage_count(h->config.store, &h->n_damaged, err);
  }
  if (code == OK) {
    code = store_commit(h->config.store, err);
  }
  if (code != OK) {
    store_rollback(h->config.store);
    return code;
  }
  bool derived = false;
  code = h->n_damaged == 0 ? hall_check_derived(h, &derived, err) : OK;
  s->state.derived = s->state.derived || derived;
  return code == OK ? put_finished(h, err) : code;
}

/* ---- what readers met ---- */

/* Whether an entry is damaged: judged as in a pass, alone. One that went meanwhile is not. */
static enum err_code is_damaged(struct hall *h, int64_t rowid, bool *out, struct err *err) {
  static const char sql[] = "SELECT " ROW_COLUMNS " FROM entry WHERE id = :id";
  struct log log;
  struct row row;
  sqlite3_stmt *st = NULL;
  bool has = false;
  bool sound = true;
  *out = false;
  enum err_code code = log_by_no(h->config.store, entry_log_no(rowid), &log, err);
  if (code == ERR_NOT_FOUND || (code == OK && entry_index(rowid) >= log.range.size)) {
    err_clear(err);
    return OK;
  }
  if (code == OK) {
    code = statement_new(h->config.store, sql, &st, err);
  }
  if (code == OK) {
    statement_bind_int(st, 1, rowid);
    code = statement_step(h->config.store, st, &has, "entry", err);
  }
  if (code == OK && has) {
    read_row(st, &row);
    code = judge(h, &log, &row, &sound, err);
  }
  (void)sqlite3_finalize(st);
  if (code == OK && (!has || !sound)) {
    char reference[REFERENCE_MAX];
    reference_format(h->config.federation, &log.node, log.gen, entry_index(rowid), reference);
    log_line(LOG_ERROR, "scrub", "an entry is damaged, and is asked of the members", "entry=%s", reference);
    *out = true;
  }
  return code;
}

enum err_code hall_take_suspects(struct hall *h, struct err *err) {
  struct store *s = h->config.store;
  int64_t rowids[STORE_SUSPECTS];
  const uint32_t n = store_take_suspects(s, rowids);
  enum err_code code = n == 0 ? OK : store_begin(s, err);
  for (uint32_t i = 0; i < n && code == OK; i++) {
    bool damaged = false;
    code = is_damaged(h, rowids[i], &damaged, err);
    if (code == OK && damaged) {
      code = damage_mark(s, rowids[i], err);
    }
  }
  if (code == OK && n > 0) {
    code = damage_count(s, &h->n_damaged, err);
  }
  if (code == OK && n > 0) {
    code = store_commit(s, err);
  }
  if (code != OK) {
    store_rollback(s);
  }
  return code;
}

void hall_scrub_begin(struct hall *h) {
  scrub_free(h->scrub);
  h->scrub = calloc(1, sizeof *h->scrub);
  if (h->scrub != NULL) { /* else it begins later: it is due still */
    h->scrub->state.running = true;
  }
}

enum err_code hall_scrub_step(struct hall *h, uint64_t n, struct err *err) {
  struct scrub *s = h->scrub;
  enum err_code code = OK;
  bool any = true;
  if (s == NULL || !s->state.running) {
    return OK;
  }
  if (!s->has_logs) {
    code = look_at_logs(h, s, err);
  }
  if (code == OK && (s->log.no == 0 || s->at >= s->log.range.size)) {
    code = next_log(h, s, &any, err);
  }
  if (code == OK && any) {
    code = walk(h, s, n, err);
  }
  if (code == OK && !any) {
    s->state.running = false;
    code = finish(h, s, err);
  }
  s->state.running = s->state.running && code == OK;
  return code;
}
