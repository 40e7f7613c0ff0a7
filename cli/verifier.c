/*
 * verifier: logs and bundles, checked from nothing (see verifier.h).
 */
#include "cli/verifier.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"
#include "protocol/checkpoint.h"

/* ---- bodies that are gone ---- */

static enum err_code gone_add(struct gone_rows *list, const struct gone_row *row, struct err *err) {
  if (list->n == list->room) {
    const size_t room = list->room == 0 ? 16 : 2 * list->room;
    struct gone_row *rows = reallocarray(list->rows, room, sizeof *rows);
    if (rows == NULL) {
      return err_set(err, ERR_MEMORY, NULL);
    }
    list->rows = rows;
    list->room = room;
  }
  list->rows[list->n++] = *row;
  return OK;
}

static int gone_compare(const void *a, const void *b) {
  return memcmp(a, b, sizeof(struct gone_row)); /* three hashes: no padding */
}

void gone_check_release(struct gone_check *g) {
  free(g->said.rows);
  free(g->takedowns.rows);
  *g = (struct gone_check){0};
}

enum err_code gone_check_finish(struct gone_check *g, struct err *err) {
  if (g->takedowns.n > 0) {
    qsort(g->takedowns.rows, g->takedowns.n, sizeof *g->takedowns.rows, gone_compare);
  }
  for (size_t i = 0; i < g->said.n; i++) {
    if (g->takedowns.n == 0 ||
        bsearch(&g->said.rows[i], g->takedowns.rows, g->takedowns.n, sizeof *g->takedowns.rows, gone_compare) == NULL) {
      char record[HASH_HEX_LEN];
      hash_hex(&g->said.rows[i].record, record);
      return err_set(err, ERR_MISMATCH, "the body of record %.16s is said to be gone, and its takedown is not there", record);
    }
  }
  return OK;
}

/* What an entry says of bodies that are gone. header: of the entry, known. */
static enum err_code take_gone(struct log_check *c, const struct item *item, const struct header *h, const struct hash *id,
                               bool opens, struct err *err) {
  const struct gone_row said = {.node = c->node, .takedown = item->takedown, .record = *id};
  const struct gone_row takedown = {.node = c->node, .takedown = *id, .record = h->subject};
  if (opens && h->kind == KIND_TAKEDOWN && header_shape(h) == REASON_NONE && hash_equal(&h->home, &c->node) &&
      pubkey_equal(&h->author, &c->key)) {
    return gone_add(&c->gone->takedowns, &takedown, err);
  }
  if (item->state != ITEM_GONE) {
    return OK;
  }
  c->bodies_gone++;
  if (h->body_len == 0 || record_kind_keeps_body(h->kind)) {
    return err_set(err, ERR_MISMATCH, "%s-%ju: a body is gone that cannot be", c->handle, (uintmax_t)(c->range.size - 1));
  }
  return gone_add(&c->gone->said, &said, err);
}

/* ---- logs ---- */

enum err_code log_check_item(struct log_check *c, const struct item *item, struct err *err) {
  struct record record;
  struct header h;
  struct view header, signature;
  struct hash leaf = merkle_leaf(item->envelope);
  uint64_t index = c->range.size;
  merkle_append(&c->range, &leaf);
  bool known = envelope_split(item->envelope, &header, &signature) && header_decode(header, &h) == REASON_NONE;
  if (known && item->state == ITEM_WHOLE && !record_body_matches(&h, &item->salt, item->body)) {
    return err_set(err, ERR_MISMATCH, "%s-%ju: the body is not the one that was committed to", c->handle, (uintmax_t)index);
  }
  bool opens = known && record_open(item->envelope, &c->fed_id, NULL, &record) == REASON_NONE;
  c->records += opens;
  c->held += !opens;
  c->bodies_missing += item->state == ITEM_ABSENT || (item->state == ITEM_BODILESS && known && h.body_len > 0);
  if (!known) {
    return OK;
  }
  const struct hash id = record_id(&c->fed_id, header);
  return take_gone(c, item, &h, &id, opens, err);
}

enum err_code log_check_checkpoint(struct log_check *c, struct view text, struct err *err) {
  struct checkpoint point;
  enum err_code code = checkpoint_open(text, &c->key, &point, err);
  if (code != OK) {
    return err_context(err, "%s: checkpoint at %ju", c->handle, (uintmax_t)c->range.size);
  }
  struct hash root = merkle_root(&c->range);
  if (!hash_equal(&point.fed_id, &c->fed_id) || !hash_equal(&point.node, &c->node) || point.gen != c->gen ||
      point.size != c->range.size) {
    return err_set(err, ERR_MISMATCH, "%s: a checkpoint of another log or size stands at %ju", c->handle,
                   (uintmax_t)c->range.size);
  }
  if (!hash_equal(&point.root, &root)) {
    return err_set(err, ERR_MISMATCH, "%s: the entries do not fold to the root signed at %ju", c->handle,
                   (uintmax_t)point.size);
  }
  if (c->is_closed && (point.size > c->cut_size || (point.size == c->cut_size && !hash_equal(&point.root, &c->cut_root)))) {
    return err_set(err, ERR_MISMATCH, "%s: generation %ju ends at %ju by a cut, and this goes on or aside", c->handle,
                   (uintmax_t)c->gen, (uintmax_t)c->cut_size);
  }
  c->checkpoints++;
  c->covered = point.size;
  return OK;
}

/* ---- bundles ---- */

void bundle_check_release(struct bundle_check *b) {
  roll_release(&b->roll);
  charter_release(&b->charter);
  gone_check_release(&b->gone);
  free(b->logs);
  *b = (struct bundle_check){0};
}

static enum err_code take_charter(struct bundle_check *b, struct view payload, struct err *err) {
  enum err_code code = charter_decode(payload, &b->charter, err);
  b->has_charter = code == OK;
  if (code != OK || (code = charter_complete(&b->charter, err)) != OK) {
    return code;
  }
  return roll_begin(&b->charter, &b->roll, err);
}

static enum err_code take_epoch(struct bundle_check *b, struct view payload, struct err *err) {
  return roll_epoch(&b->roll, payload, err);
}

static enum err_code take_identity(struct bundle_check *b, struct view payload, struct err *err) {
  return roll_identity(&b->roll, payload, err);
}

static enum err_code take_address(struct bundle_check *b, struct view payload, struct err *err) {
  struct address address;
  enum err_code code = address_open(payload, NULL, NULL, &address, err);
  if (code != OK) {
    return code;
  }
  const struct roll_member *f = roll_find(&b->roll, &address.node);
  if (f == NULL) {
    return err_set(err, ERR_MISMATCH, "an address of no member");
  }
  /* Sealed before the founding (without a federation) or after it, by the key of any generation: the newest one that is known
   * may be of the key before. */
  const struct federation_member *m = &f->as;
  code = ERR_SIGNATURE;
  for (uint64_t g = 0; code != OK && g < m->identity.gen; g++) {
    code = address_open(payload, &b->charter.fed_id, &m->generations[g].node_key, &address, err);
    code = code == OK ? OK : address_open(payload, NULL, &m->generations[g].node_key, &address, err);
  }
  if (code == OK) {
    err_clear(err);
  }
  return code;
}

/* Whether the log before, of the generation before, ends at its cut. */
static bool follows_cut(const struct log_check *before, const struct hash *node, uint64_t gen) {
  return before != NULL && hash_equal(&before->node, node) && before->gen + 1 == gen && before->is_closed &&
         before->covered == before->cut_size;
}

/* The log of (node, gen), begun at its first window. */
static enum err_code log_of(struct bundle_check *b, const struct hash *node, uint64_t gen, struct log_check **out,
                            struct err *err) {
  struct log_check *last = b->n_logs == 0 ? NULL : &b->logs[b->n_logs - 1];
  if (last != NULL && last->gen == gen && hash_equal(&last->node, node)) {
    *out = last;
    return OK;
  }
  const struct roll_member *f = roll_find(&b->roll, node);
  if (f == NULL) {
    return err_set(err, ERR_MISMATCH, "a log of no member");
  }
  const struct federation_member *m = &f->as;
  if (gen == 0 || gen > m->identity.gen || (gen > 1 && !follows_cut(last, node, gen))) {
    return err_set(err, ERR_MISMATCH, "%s: generation %ju, which no identity and cut before it begins", f->handle,
                   (uintmax_t)gen);
  }
  if (b->logs == NULL || b->n_logs == b->room) {
    size_t room = b->room == 0 ? 8 : 2 * b->room;
    struct log_check *logs = realloc(b->logs, room * sizeof *logs);
    if (logs == NULL) {
      return err_set(err, ERR_MEMORY, NULL);
    }
    b->logs = logs;
    b->room = room;
  }
  *out = &b->logs[b->n_logs++];
  const struct generation *g = &m->generations[gen - 1];
  **out = (struct log_check){.fed_id = b->charter.fed_id,
                             .node = *node,
                             .gen = gen,
                             .key = g->node_key,
                             .is_closed = g->is_closed,
                             .cut_size = g->cut_size,
                             .cut_root = g->cut_root,
                             .gone = &b->gone};
  memcpy((*out)->handle, f->handle, HANDLE_MAX);
  return OK;
}

static enum err_code take_window(struct bundle_check *b, struct view payload, struct err *err) {
  struct bundle_window window;
  struct log_check *log = NULL;
  enum err_code code = bundle_window_read(payload, &window, err);
  if (code != OK || (code = log_of(b, &window.node, window.gen, &log, err)) != OK || log == NULL) {
    return code;
  }
  if (window.from != log->range.size) {
    return err_set(err, ERR_FORMAT, "%s: a window from %ju stands where %ju is due", log->handle, (uintmax_t)window.from,
                   (uintmax_t)log->range.size);
  }
  struct canon_reader r = canon_reader(window.items);
  for (uint32_t i = 0; code == OK && i < window.count; i++) {
    struct item item;
    item_read(&r, &item);
    if (r.fault == NULL) {
      code = log_check_item(log, &item, err);
    }
  }
  return code != OK ? code : canon_finish(&r, "window", err);
}

static enum err_code take_checkpoint(struct bundle_check *b, struct view payload, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  struct view text = canon_str(&r, LIMIT_CHECKPOINT);
  enum err_code code = canon_finish(&r, "checkpoint", err);
  if (code == OK && b->n_logs == 0) {
    code = err_set(err, ERR_FORMAT, "a checkpoint before any window");
  }
  return code != OK ? code : log_check_checkpoint(&b->logs[b->n_logs - 1], text, err);
}

static enum err_code take(struct bundle_check *b, enum bundle_type type, struct view payload, struct err *err) {
  if (type == BUNDLE_CHARTER) {
    return b->has_charter ? err_set(err, ERR_FORMAT, "two charters") : take_charter(b, payload, err);
  }
  if (!b->has_charter) {
    return err_set(err, ERR_FORMAT, "it does not begin with a charter: not an archive of logs");
  }
  static enum err_code (*const takers[])(struct bundle_check *, struct view, struct err *) = {
      [BUNDLE_EPOCH] = take_epoch,   [BUNDLE_IDENTITY] = take_identity,     [BUNDLE_ADDRESS] = take_address,
      [BUNDLE_WINDOW] = take_window, [BUNDLE_CHECKPOINT] = take_checkpoint,
  };
  if ((size_t)type >= sizeof takers / sizeof takers[0] || takers[type] == NULL) {
    return err_set(err, ERR_FORMAT, "an item of type %d does not belong into an archive of logs", (int)type);
  }
  const enum err_code code = type > BUNDLE_IDENTITY ? roll_settle(&b->roll, err) : OK;
  return code == OK ? takers[type](b, payload, err) : code;
}

enum err_code bundle_check(bundle_source *source, void *context, struct bundle_check *out, struct err *err) {
  struct bundle_reader *r = NULL;
  enum bundle_type type = BUNDLE_CHARTER;
  struct view payload;
  enum err_code code = bundle_open(source, context, &r, err);
  while (code == OK && (code = bundle_next(r, &type, &payload, err)) == OK && type != BUNDLE_END) {
    code = take(out, type, payload, err);
  }
  if (code == OK && !out->has_charter) {
    code = err_set(err, ERR_INCOMPLETE, "there is no charter in it");
  }
  if (code == OK) {
    code = roll_settle(&out->roll, err);
  }
  for (size_t i = 0; code == OK && i < out->n_logs; i++) {
    if (out->logs[i].covered != out->logs[i].range.size) {
      code = err_set(err, ERR_INCOMPLETE, "%s: entries from %ju on are under no checkpoint", out->logs[i].handle,
                     (uintmax_t)out->logs[i].covered);
    }
  }
  if (code == OK) {
    code = gone_check_finish(&out->gone, err);
  }
  bundle_reader_free(r);
  return code;
}
