/*
 * heal: damaged entries, from members. Each is offered the same entry as a member has it; when all that are damaged between
 * two milestones are, the whole run must fold from the log's beginning to the signed root before anything is replaced. See
 * scrub.h.
 */
#include <inttypes.h>

#include "keys/log.h"
#include "node/hall.h"
#include "node/scrub.h"
#include "node/store/damage.h"
#include "node/store/derive.h"
#include "node/store/milestone.h"
#include "node/store/statement.h"
#include "node/store/takedown.h"
#include "protocol/canon.h"

uint64_t hall_n_damaged(const struct hall *h) {
  return h->n_damaged;
}

enum err_code hall_bear(struct hall *h, enum err_code code, struct err *err) {
  if (code != ERR_CORRUPT || hall_take_suspects(h, NULL) != OK || h->n_damaged == 0) {
    return code;
  }
  log_line(LOG_ERROR, "scrub", "something waits until the damaged entries are whole again", "why=%s",
           err == NULL ? "" : err->message);
  err_clear(err);
  return OK;
}

void hall_forget_states(struct hall *h) {
  for (uint32_t i = 0; i < h->n_logs; i++) {
    evaluation_free(h->logs[i].state);
    h->logs[i].state = NULL;
  }
}

enum err_code hall_derive_again(struct hall *h, struct err *err) {
  const enum err_code code = derive_rebuild(h->config.store, h->config.federation, h->config.schemas, NULL, NULL, err);
  if (code == OK) {
    hall_forget_states(h);
  }
  return code;
}

enum err_code hall_check_derived(struct hall *h, bool *damaged, struct err *err) {
  enum err_code code = derive_check(h->config.store, h->config.federation, h->config.schemas, damaged, err);
  if (*damaged) {
    hall_forget_states(h);
    code = code == OK ? hall_count_missing(h, err) : code;
  }
  return code;
}

/* The run between milestones in which an index stands: from <= i < to. */
static enum err_code run_of(struct hall *h, const struct log *log, uint64_t index, uint64_t *from, uint64_t *to,
                            struct err *err) {
  enum err_code code = milestone_text_below(h->config.store, log->no, index, from, err);
  if (code == OK) {
    code = milestone_text_above(h->config.store, log->no, index, to, err);
  }
  return code == ERR_NOT_FOUND ? err_set(err, ERR_CORRUPT, "the log ends without a milestone") : code;
}

enum err_code hall_damaged(struct hall *h, const struct hash *node, uint64_t gen, uint64_t *from, uint64_t *to,
                           struct err *err) {
  const struct hall_log *log = h->n_damaged == 0 ? NULL : hall_find(h, node, gen);
  struct bytes scratch;
  struct item item;
  uint64_t start = 0;
  uint64_t end = 0;
  bool has = true;
  if (log == NULL) {
    return err_set(err, ERR_NOT_FOUND, "nothing is damaged");
  }
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = damage_next(h->config.store, log->log.no, 0, log->log.range.size, from, err);
  if (code == OK) {
    code = run_of(h, &log->log, *from, &start, &end, err);
  }
  const uint64_t first = *from;
  while (code == OK && has) { /* those that are offered already need not be asked for */
    code = damage_candidate(h->config.store, entry_rowid(log->log.no, *from), &scratch, &has, &item, err);
    if (code == OK && has && damage_next(h->config.store, log->log.no, *from + 1, end, from, NULL) != OK) {
      *from = first; /* all are, and could not be judged when they came: they come again */
      has = false;
    }
  }
  *to = *from + 1;
  for (uint64_t next = 0; code == OK && damage_next(h->config.store, log->log.no, *to, end, &next, NULL) == OK;) {
    *to = next + 1;
  }
  bytes_release(&scratch);
  return code;
}

/* ---- folding ---- */

struct fold {
  struct hall *h;
  struct merkle_range range;
  struct bytes scratch;
};

/* The leaves from <= i < to, those of the offers for what is damaged. */
static enum err_code fold_to(struct fold *f, const struct log *log, uint64_t to, struct err *err) {
  static const char sql[] = "SELECT state, envelope, leaf FROM entry WHERE id = :id";
  struct store *s = f->h->config.store;
  enum err_code code = OK;
  while (code == OK && f->range.size < to) {
    const int64_t rowid = entry_rowid(log->no, f->range.size);
    sqlite3_stmt *st = NULL;
    struct item item;
    struct hash leaf;
    bool row = false;
    bool has = false;
    code = statement_get(s, sql, &st, err);
    if (code == OK) {
      statement_bind_int(st, 1, rowid);
      code = statement_step(s, st, &row, "entry", err);
    }
    const bool is_damaged = !row || sqlite3_column_int64(st, 0) == ENTRY_DAMAGED;
    if (code == OK && !is_damaged) {
      leaf = merkle_leaf(statement_blob(st, 1));
      if (sqlite3_column_int64(st, 2) != (int64_t)get_u64be(leaf.b)) {
        store_suspect(s, rowid);
        code = err_set(err, ERR_INCOMPLETE, "an entry below is damaged, too");
      }
    }
    statement_done(st);
    if (code == OK && is_damaged) {
      code = damage_candidate(s, rowid, &f->scratch, &has, &item, err);
      leaf = has ? merkle_leaf(item.envelope) : (struct hash){{0}};
      if (code == ERR_NOT_FOUND) { /* nobody has noticed yet */
        store_suspect(s, rowid);
      }
      if (code == ERR_NOT_FOUND || (code == OK && !has)) {
        code = err_set(err, ERR_INCOMPLETE, "an entry below is damaged, too");
      }
    }
    if (code == OK) {
      merkle_append(&f->range, &leaf);
    }
  }
  return code;
}

/* OK: with the offers the log folds to the root signed for `to`. ERR_MISMATCH, ERR_INCOMPLETE (an offer is missing). */
static enum err_code check_run(struct hall *h, const struct log *log, uint64_t to, struct err *err) {
  struct fold fold = {.h = h, .range = {.size = 0}};
  struct checkpoint point;
  struct bytes text;
  bytes_init(&fold.scratch, LIMIT_ITEM);
  bytes_init(&text, LIMIT_CHECKPOINT);
  enum err_code code = fold_to(&fold, log, to, err);
  if (code == OK) {
    code = milestone_get(h->config.store, log->no, to, &text, err);
  }
  if (code == OK && hall_checkpoint(h, bytes_view(&text), &point, NULL) != OK) { /* ours: nobody else is at fault */
    code = err_set(err, ERR_CORRUPT, "the checkpoint of %" PRIu64 " is damaged", to);
  }
  const struct hash root = merkle_root(&fold.range);
  if (code == OK && !hash_equal(&root, &point.root)) {
    code = err_set(err, ERR_MISMATCH, "what was given for damaged entries does not fold to the root of %" PRIu64, to);
  }
  bytes_release(&fold.scratch);
  bytes_release(&text);
  return code;
}

/* ---- taking their place ---- */

/* What of an offer is kept, and under which id it is found. */
static enum err_code mend_one(struct hall *h, const struct log *log, int64_t rowid, struct item *item, struct err *err) {
  const struct derivation *d = &h->derivation;
  struct record record;
  bool repeated = false;
  bool gone = false;
  int64_t below = 0;
  const struct hash id = envelope_id(&d->fed_id, item->envelope);
  enum err_code code = entry_find_below(h->config.store, &d->fed_id, &id, rowid, &repeated, &below, err);
  const bool is_first = record_open(item->envelope, &d->fed_id, NULL, &record) == REASON_NONE && !repeated;
  if (code == OK && item->state != ITEM_BODILESS) {
    code = takedown_of(h->config.store, &d->fed_id, &log->node, &id, &gone, &item->takedown, err);
  }
  if (code == OK && item->state == ITEM_GONE && !gone) {
    item->state = ITEM_ABSENT;
  } else if (code == OK && gone) {
    item->state = ITEM_GONE;
    item->body = view_of(NULL, 0);
  }
  h->missing += code == OK && item->state == ITEM_ABSENT;
  return code == OK ? damage_mend(h->config.store, rowid, item, is_first ? &id : NULL, err) : code;
}

static enum err_code mend_run(struct hall *h, const struct log *log, uint64_t from, uint64_t to, bool take, uint64_t *mended,
                              struct err *err) {
  struct bytes scratch;
  derivation_nothing_erased(&h->derivation);
  enum err_code code = store_begin(h->config.store, err);
  uint64_t index = from, left = 0;
  bytes_init(&scratch, LIMIT_ITEM);
  while (code == OK && damage_next(h->config.store, log->no, index, to, &index, NULL) == OK) {
    const int64_t rowid = entry_rowid(log->no, index++);
    struct item item;
    bool has = false;
    code = damage_candidate(h->config.store, rowid, &scratch, &has, &item, err);
    if (code == OK && take && has) {
      code = mend_one(h, log, rowid, &item, err);
      *mended += code == OK;
      scrub_healed(h->scrub, rowid);
    } else if (code == OK) {
      code = damage_offer(h->config.store, rowid, NULL, err);
    }
  }
  if (code == OK && *mended > 0) {
    code = damage_count(h->config.store, &left, err);
  }
  if (code == OK && *mended > 0 && left == 0) { /* what follows from the entries is made anew with the last of them */
    code = derivation_all_again(&h->derivation, h->config.federation, err);
  }
  if (code == OK) {
    code = store_commit(h->config.store, err);
  }
  if (code != OK) {
    store_rollback(h->config.store);
    *mended = 0;
    (void)!hall_count_missing(h, NULL);
  }
  bytes_release(&scratch);
  return code;
}

/* Offers the items of a window to the damaged entries among those positions. *n: to how many. */
static enum err_code offer_all(struct hall *h, const struct log *log, uint64_t from, struct view window, uint64_t *last,
                               struct err *err) {
  struct canon_reader r = canon_reader(window);
  const uint32_t n = canon_array(&r, LIMIT_MILESTONE_ENTRIES);
  enum err_code code = OK;
  for (uint32_t i = 0; i < n && code == OK && r.fault == NULL; i++) {
    struct item item;
    uint64_t index = 0;
    item_read(&r, &item);
    if (r.fault == NULL && damage_next(h->config.store, log->no, from + i, from + i + 1, &index, NULL) == OK) {
      code = damage_item_is_sound(&item) ? damage_offer(h->config.store, entry_rowid(log->no, index), &item, err)
                                         : err_set(err, ERR_MISMATCH, "a body is not the one that was committed to");
      *last = index;
    }
  }
  return code == OK ? canon_finish(&r, "window", err) : code;
}

/* Some of a node's entries are whole again: what waited for them goes on; of all nodes, when nothing is damaged any more. */
static enum err_code go_on(struct hall *h, const struct hash *node, struct err *err) {
  const struct federation *f = h->config.federation;
  hall_erased(h);
  enum err_code code = hall_count_missing(h, err);
  if (code == OK && h->n_damaged == 0) {
    hall_forget_states(h);
    hall_forget_leaves(h);
  }
  for (uint32_t i = 0; code == OK && i < f->n_members; i++) {
    const struct hash *member = &f->members[i].member->node;
    if (h->n_damaged == 0 || hash_equal(member, node)) {
      code = hall_bear(h, hall_apply_cuts(h, member, err), err);
    }
  }
  return code;
}

enum err_code hall_heal(struct hall *h, const struct hash *node, uint64_t gen, uint64_t from, struct view window,
                        uint64_t *mended, struct err *err) {
  const struct hall_log *held = hall_find(h, node, gen);
  uint64_t last = UINT64_MAX;
  uint64_t start = 0;
  uint64_t end = 0;
  *mended = 0;
  if (held == NULL || from >= held->log.range.size) {
    return err_set(err, ERR_FORMAT, "the window is of no entries that are held");
  }
  const struct log log = held->log;
  enum err_code code = offer_all(h, &log, from, window, &last, err);
  if (code != OK || last == UINT64_MAX) {
    return code;
  }
  code = run_of(h, &log, last, &start, &end, err);
  if (code == OK) {
    code = check_run(h, &log, end, err);
  }
  if (code == ERR_INCOMPLETE) {
    err_clear(err);
    return OK; /* others are to come */
  }
  if (code == ERR_MISMATCH) {
    (void)!mend_run(h, &log, start, end, false, mended, NULL);
    return code;
  }
  if (code == OK) {
    code = mend_run(h, &log, start, end, true, mended, err);
  }
  if (code != OK) {
    log_line(LOG_ERROR, "scrub", "what a member gave for damaged entries cannot be put in their place yet", "why=%s",
             err == NULL ? "" : err->message);
  }
  return code == OK && *mended > 0 ? go_on(h, node, err) : code;
}
