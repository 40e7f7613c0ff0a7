/*
 * holdings: what members say they hold (docs/protocol.md 8.7), theirs and our own. See ingest.h.
 */
#include <stdlib.h>

#include "node/hall.h"
#include "node/store/absent.h"
#include "node/store/holds.h"

/* ---- others' ---- */

/* Whether an item of a member that we know is newer than what is kept of it, and signed; *out is filled then. What is not
 * newer, which most are, since each comes over every link, is not looked at any further. */
static enum err_code judge(struct hall *h, struct view item, struct holds *out, bool *fresh, struct err *err) {
  const struct federation *f = h->config.federation;
  struct holds held = {.version = 0};
  *fresh = false;
  const struct federation_member *m = holds_peek(item, out) ? federation_by_node(f, &out->holder) : NULL;
  if (m == NULL || m->identity.version != out->version) { /* no member's, or under an identity that is not in force here */
    return holds_open(item, &f->charter.fed_id, NULL, out, err);
  }
  enum err_code code = holds_mark(h->config.store, &out->holder, &held.version, &held.counter, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  if (code != OK || !holds_replaces(out, &held)) {
    return code;
  }
  code = holds_open(item, &f->charter.fed_id, &m->identity.node_key, out, err);
  *fresh = code == OK;
  return code;
}

/* Judges and puts one; only errors of the store are returned. *begun: a transaction is under way. */
static enum err_code take(struct hall *h, struct hall_holds *one, struct holds *room, bool *begun, struct err *err) {
  struct err why = ERR_INIT;
  one->code = judge(h, one->item, room, &one->fresh, &why);
  if (one->code == ERR_FORMAT || one->code == ERR_SIGNATURE) {
    return OK;
  }
  if (one->code != OK) {
    *err = why;
    return one->code;
  }
  if (!one->fresh) return OK;
  one->holder = room->holder;
  guarding_holds(h, room);
  enum err_code code = *begun ? OK : store_begin(h->config.store, err);
  *begun = code == OK;
  return code == OK ? holds_put(h->config.store, room, clock_unix(h->config.clock), one->item, err) : code;
}

enum err_code hall_holds_take(struct hall *h, struct hall_holds *items, uint32_t n, struct err *err) {
  struct store *s = h->config.store;
  struct holds *room = malloc(sizeof *room);
  struct err own = ERR_INIT;
  if (room == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = OK;
  bool begun = false;
  for (uint32_t i = 0; code == OK && i < n; i++) {
    code = take(h, &items[i], room, &begun, &own);
  }
  if (code == OK && begun) {
    code = store_commit(s, &own);
  }
  if (code != OK && begun) {
    store_rollback(s);
  }
  for (uint32_t i = 0; code != OK && i < n; i++) {
    items[i].fresh = false;
  }
  if (code != OK && err != NULL) {
    *err = own;
  }
  free(room);
  return code;
}

/* ---- our own ---- */

static int compare_rows(const void *a, const void *b) {
  const struct holding *p = a, *q = b;
  if (p->roll != q->roll) return p->roll < q->roll ? -1 : 1;
  return p->gen < q->gen ? -1 : p->gen > q->gen;
}

/* A row for each log that is held, by (roll, gen). */
static enum err_code fill_rows(struct hall *h, struct holds *out, struct err *err) {
  for (uint32_t i = 0; i < h->n_logs && out->n < LIMIT_HEADS; i++) {
    const struct hall_head *head = &h->heads[i];
    const struct federation_member *m = federation_by_node(h->config.federation, &head->node);
    if (m == NULL) continue;
    struct holding *row = &out->rows[out->n++];
    *row = (struct holding){.roll = m->member->roll, .gen = head->gen, .size = head->size};
    for (size_t k = 0; k < sizeof row->root8; k++)
      row->root8[k] = head->root.b[k];
    enum err_code code = h->missing == 0 ? OK : absent_count(h->config.store, h->logs[i].log.no, &row->missing, err);
    if (code != OK) {
      return code;
    }
  }
  qsort(out->rows, out->n, sizeof out->rows[0], compare_rows);
  return OK;
}

enum err_code hall_holds_own(struct hall *h, struct err *err) {
  const struct federation_member *self = federation_self(h->config.federation);
  struct holds *holds = calloc(1, sizeof *holds);
  struct bytes item;
  if (holds == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  if (self == NULL || h->config.node_key == NULL) {
    free(holds);
    return err_set(err, ERR_REFUSED, "this process has no node key: it cannot say what it holds");
  }
  bytes_init(&item, LIMIT_HOLDS + 128u);
  uint64_t version = 0;
  enum err_code code = holds_mark(h->config.store, &self->member->node, &version, &holds->counter, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  holds->holder = self->member->node;
  holds->version = self->identity.version;
  holds->counter = version == holds->version ? holds->counter + 1 : 1;
  if (code == OK) {
    code = fill_rows(h, holds, err);
  }
  if (code == OK) {
    code = holds_seal(holds, &h->config.federation->charter.fed_id, h->config.node_key, &item, err);
  }
  if (code == OK) {
    code = holds_put(h->config.store, holds, clock_unix(h->config.clock), bytes_view(&item), err);
  }
  bytes_release(&item);
  free(holds);
  return code;
}
