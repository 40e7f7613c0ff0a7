/*
 * pull: a log on its way to one milestone. Entries are copied in and verified while others arrive; the end folds, compares and
 * writes. See ingest.h.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "node/append.h"
#include "protocol/canon.h"

#define PULL_BODIES (LIMIT_MILESTONE_BYTES + LIMIT_BODY) /* octets of bodies up to a milestone: 16 MiB and one item */

/* A window as it came. */
struct block {
  struct block *next;
  uint8_t *octets;
  struct verified *items;
  size_t n;
};
struct pull {
  struct hall *h;
  struct pull *next; /* of hall.pulls */
  struct checkpoint checkpoint;
  uint8_t text[LIMIT_CHECKPOINT];
  size_t text_len;
  uint64_t from, at; /* at: the first index still missing */
  size_t bytes;      /* of bodies */
  size_t envelopes;  /* octets of them */
  struct block *first, *last;
  struct verify_batch batch;
};

/* ---- beginning ---- */

/* A closed generation ends at its cut, and the next one begins when it stands there (docs/protocol.md 7.6). */
enum err_code hall_checkpoint(const struct hall *h, struct view text, struct checkpoint *out, struct err *err) {
  const struct federation *f = h->config.federation;
  enum err_code code = federation_checkpoint(f, text, out, err);
  if (code != OK) {
    return code;
  }
  const struct generation *g = federation_generation(f, &out->node, out->gen);
  if (g->is_closed && (out->size > g->cut_size || (out->size == g->cut_size && !hash_equal(&out->root, &g->cut_root)))) {
    code = err_set(err, ERR_MISMATCH, "generation %" PRIu64 " of the log ends at %" PRIu64 ", by a cut", out->gen, g->cut_size);
  }
  if (code == OK && !hall_may_begin(h, &out->node, out->gen)) {
    code = err_set(err, ERR_MISMATCH, "generation %" PRIu64 " does not stand at its cut yet", out->gen - 1);
  }
  return code;
}

static enum err_code check_place(const struct hall *h, const struct checkpoint *c, uint64_t from, struct err *err) {
  const struct hall_log *log = hall_find(h, &c->node, c->gen);
  bool fits = from == (log == NULL ? 0 : log->log.range.size);
  for (const struct pull *p = h->pulls; p != NULL && !fits; p = p->next) {
    fits = hash_equal(&p->checkpoint.node, &c->node) && p->checkpoint.gen == c->gen && p->checkpoint.size == from;
  }
  if (!fits) {
    return err_set(err, ERR_MISMATCH, "the log does not stand at %" PRIu64, from);
  }
  if (c->size <= from) {
    return err_set(err, ERR_MISMATCH, "the checkpoint's size %" PRIu64 " is not above %" PRIu64, c->size, from);
  }
  if (c->size - from > LIMIT_MILESTONE_ENTRIES || c->size >= UINT64_C(1) << ENTRY_INDEX_BITS) {
    return err_set(err, ERR_LIMIT, "more than %u entries to a milestone", LIMIT_MILESTONE_ENTRIES);
  }
  return OK;
}

static enum err_code check_quota(struct hall *h, const struct checkpoint *c, struct err *err) {
  uint64_t coming = 0;
  for (const struct pull *p = h->pulls; p != NULL; p = p->next) {
    coming += hash_equal(&p->checkpoint.node, &c->node) ? p->bytes + p->envelopes : 0;
  }
  return hall_quota(h, &c->node, coming, err);
}

enum err_code hall_pull_begin(struct hall *h, struct view text, uint64_t from, struct pull **out, struct err *err) {
  struct checkpoint checkpoint;
  enum err_code code = hall_checkpoint(h, text, &checkpoint, err);
  if (code == OK) {
    hall_hears_checkpoint(h, &checkpoint);
    code = check_place(h, &checkpoint, from, err);
  }
  if (code == OK) {
    code = hall_frozen(h, &checkpoint.node, checkpoint.gen, checkpoint.size, err);
  }
  if (code == OK) {
    code = check_quota(h, &checkpoint, err);
  }
  if (code != OK) {
    return code;
  }
  struct pull *p = calloc(1, sizeof *p);
  if (p == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  p->h = h;
  p->checkpoint = checkpoint;
  memcpy(p->text, text.p, text.len); /* checkpoint_read has taken at most LIMIT_CHECKPOINT octets */
  p->text_len = text.len;
  p->from = from;
  p->at = from;
  p->next = h->pulls;
  h->pulls = p;
  *out = p;
  return OK;
}

uint64_t hall_pull_next(const struct pull *p) {
  return p->at;
}

const struct checkpoint *hall_pull_checkpoint(const struct pull *p) {
  return &p->checkpoint;
}

static void block_free(struct block *b) {
  if (b != NULL) {
    free(b->octets);
    free(b->items);
    free(b);
  }
}

void hall_pull_abort(struct pull *p) {
  if (p == NULL) {
    return;
  }
  verify_wait(p->h->pool, &p->batch);
  struct pull **link = &p->h->pulls;
  while (*link != NULL && *link != p) {
    link = &(*link)->next;
  }
  if (*link == p) {
    *link = p->next;
  }
  while (p->first != NULL) {
    struct block *next = p->first->next;
    block_free(p->first);
    p->first = next;
  }
  free(p);
}

/* ---- entries ---- */

/* A copy of the window, and room for n items. NULL without memory. */
static struct block *block_new(struct view window, size_t n) {
  struct block *b = calloc(1, sizeof *b);
  if (b == NULL) {
    return NULL;
  }
  b->octets = malloc(window.len);
  b->items = calloc(n, sizeof *b->items);
  b->n = n;
  if (b->octets == NULL || b->items == NULL) {
    block_free(b);
    return NULL;
  }
  memcpy(b->octets, window.p, window.len);
  return b;
}

/* *bytes: those of bodies; *envelopes: octets of the envelopes. */
static enum err_code read_items(struct block *b, struct view window, size_t *bytes, size_t *envelopes, struct err *err) {
  struct canon_reader r = canon_reader(view_of(b->octets, window.len));
  (void)canon_array(&r, LIMIT_MILESTONE_ENTRIES);
  for (size_t i = 0; i < b->n; i++) {
    item_read(&r, &b->items[i].opened.item);
    if (b->items[i].opened.item.state == ITEM_GONE) {
      /* Only a takedown in hand says that a text is gone (docs/protocol.md 7.4): until then it is missing. */
      b->items[i].opened.item.state = ITEM_ABSENT;
    }
    *bytes += append_body_len(&b->items[i].opened.item);
    *envelopes += b->items[i].opened.item.envelope.len;
  }
  return canon_finish(&r, "window", err);
}

enum err_code hall_pull_add(struct pull *p, struct view window, struct err *err) {
  struct canon_reader r = canon_reader(window);
  const uint32_t n = canon_array(&r, LIMIT_MILESTONE_ENTRIES);
  if (r.fault != NULL || n == 0) {
    return err_set(err, ERR_FORMAT, "the window is no array of items");
  }
  if (n > p->checkpoint.size - p->at) {
    return err_set(err, ERR_MISMATCH, "%u entries, where %" PRIu64 " were missing", n, p->checkpoint.size - p->at);
  }
  struct block *b = block_new(window, n);
  if (b == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  size_t bytes = 0;
  size_t envelopes = 0;
  enum err_code code = read_items(b, window, &bytes, &envelopes, err);
  if (code == OK && bytes > PULL_BODIES - p->bytes) {
    code = err_set(err, ERR_LIMIT, "more than %u octets of bodies to a milestone: ask for one between", LIMIT_MILESTONE_BYTES);
  }
  if (code == OK) {
    code = verify_submit(p->h->pool, &p->batch, b->items, b->n, err);
  }
  if (code != OK) {
    block_free(b);
    return code;
  }
  if (p->last == NULL) {
    p->first = b;
  } else {
    p->last->next = b;
  }
  p->last = b;
  p->at += n;
  p->bytes += bytes;
  p->envelopes += envelopes;
  return OK;
}

/* ---- the end ---- */

/* Doors 3 and 4: everything is what the owner signed for, and every body is the one that was committed to. */
static enum err_code check_all(struct pull *p, struct pull_result *result, struct err *err) {
  const struct hall_log *log = hall_find(p->h, &p->checkpoint.node, p->checkpoint.gen);
  struct merkle_range range = {.size = 0};
  if (log != NULL) {
    range = log->log.range;
  }
  if (p->at != p->checkpoint.size) {
    return err_set(err, ERR_INCOMPLETE, "entries from %" PRIu64 " on are missing", p->at);
  }
  if (range.size != p->from) {
    return err_set(err, ERR_REFUSED, "the log stands at %" PRIu64 ", the pull begins at %" PRIu64, range.size, p->from);
  }
  for (const struct block *b = p->first; b != NULL; b = b->next) {
    for (size_t i = 0; i < b->n; i++) {
      if (b->items[i].fault != NULL) {
        return err_set(err, ERR_MISMATCH, "entry %" PRIu64 ": %s", range.size, b->items[i].fault);
      }
      merkle_append(&range, &b->items[i].leaf);
    }
  }
  const struct hash root = merkle_root(&range);
  if (!hash_equal(&root, &p->checkpoint.root)) {
    if (result != NULL) {
      result->other_root = true;
    }
    return err_set(err, ERR_MISMATCH, "the entries do not fold to the root that the owner signed for %" PRIu64, range.size);
  }
  return OK;
}

static enum err_code write_entries(struct pull *p, struct append *a, struct err *err) {
  enum err_code code = OK;
  enum reason reason = REASON_NONE;
  for (const struct block *b = p->first; b != NULL && code == OK; b = b->next) {
    for (size_t i = 0; i < b->n && code == OK; i++) {
      code = append_entry(a, &b->items[i], &reason, err);
    }
  }
  return code;
}

static enum err_code write_all(struct pull *p, struct pull_result *result, struct err *err) {
  struct append a;
  enum err_code code = append_begin(&a, p->h, &p->checkpoint.node, p->checkpoint.gen, err);
  if (code == OK) {
    code = write_entries(p, &a, err);
  }
  if (code == OK) {
    code = append_milestone(&a, view_of(p->text, p->text_len), err);
  }
  if (code == OK) {
    code = append_commit(&a, err);
  }
  if (code != OK) {
    append_abort(&a);
    return code;
  }
  if (result != NULL) {
    result->n_new = a.n_new;
    result->n_held = a.n_held;
    memcpy(result->held_by_reason, a.held_by_reason, sizeof result->held_by_reason);
  }
  return OK;
}

enum err_code hall_pull_finish(struct pull *p, struct pull_result *result, struct err *err) {
  verify_wait(p->h->pool, &p->batch);
  if (result != NULL) {
    memset(result, 0, sizeof *result);
  }
  enum err_code code = hall_frozen(p->h, &p->checkpoint.node, p->checkpoint.gen, p->checkpoint.size, err);
  if (code == OK) {
    code = check_all(p, result, err);
  }
  if (code == OK) {
    code = write_all(p, result, err);
  }
  hall_pull_abort(p);
  return code;
}
