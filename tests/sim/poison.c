/*
 * poison: see poison.h.
 */
#include "tests/sim/poison.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/node/own_log.h"

struct brew {
  struct world *w;
  struct own_log *log;
  struct signer keys[3];
  struct hash objects[8], newest[8];
  uint32_t n_objects;
};

static const struct signer *any_key(struct brew *b) {
  uint64_t i = chance(b->w, 5);
  return i == 0 ? &b->log->node->node_key : i == 1 ? &b->log->node->editor : &b->keys[i - 2];
}

static void brew_case(struct brew *b) {
  struct world *w = b->w;
  uint32_t at = b->n_objects == 0 ? 0 : (uint32_t)chance(w, b->n_objects);
  bool is_new = b->n_objects == 0 || (b->n_objects < 8 && is_likely(w, 400));
  if (is_new) {
    at = b->n_objects++;
    b->objects[at] = b->newest[at] = add_case(b->log, any_key(b), w->sim.n_cases++, NULL, NULL);
    return;
  }
  bool is_stale = is_likely(w, 300);
  const struct hash id =
      add_case(b->log, any_key(b), w->sim.n_cases++, &b->objects[at], is_stale ? &b->objects[at] : &b->newest[at]);
  if (is_likely(w, 700)) b->newest[at] = id;
}

static void brew_odd(struct brew *b) {
  struct world *w = b->w;
  uint8_t octets[40];
  if (is_likely(w, 500)) {
    entropy_fill(&w->chance, octets, sizeof octets);
    add_octets(b->log, view_of(octets, 1 + chance(w, sizeof octets)));
    return;
  }
  const struct signer *author = any_key(b);
  uint64_t v = 1 + chance(w, 2);
  uint64_t kind = 16 + chance(w, 60);
  add_header(b->log, author, v, kind, 1 + chance(w, 2));
}

static void brew_cert(struct brew *b) {
  struct world *w = b->w;
  const struct signer *author = is_likely(w, 800) ? &b->log->node->node_key : any_key(b);
  const struct signer *who = any_key(b);
  uint64_t person = 1 + chance(w, 3);
  add_cert(b->log, author, &who->pub, person, 1 + chance(w, 31));
}

static void brew_revoke(struct brew *b) {
  const struct signer *author = any_key(b);
  uint64_t who = chance(b->w, 3);
  add_revoke(b->log, author, &b->keys[who].pub, chance(b->w, b->log->n + 1));
}

static void brew_entry(struct brew *b) {
  struct world *w = b->w;
  uint64_t what = chance(w, 100);
  if (what < 45) {
    brew_case(b);
  } else if (what < 60) {
    brew_cert(b);
  } else if (what < 70) {
    brew_revoke(b);
  } else if (what < 80 && b->n_objects > 0) {
    uint64_t at = chance(w, b->n_objects);
    (void)add_withdraw(b->log, any_key(b), &b->objects[at], &b->newest[at]);
  } else if (what < 83) {
    add_identity(b->log);
  } else if (what < 85) { /* of a later version: freezes the log */
    add_header(b->log, any_key(b), 2, 3, 1);
  } else {
    brew_odd(b);
  }
}

/* What the log has already. */
static void take_over(struct own_log *log, uint64_t size) {
  struct log held;
  struct bytes scratch;
  struct item item;
  bytes_init(&scratch, LIMIT_ITEM);
  assert_int_equal(log_find(log->node->store, &log->node->id, 1, &held, NULL), OK);
  for (uint64_t i = 0; i < size; i++) {
    struct fixture_record r = {.salt = {{0}}};
    assert_int_equal(entry_get(log->node->store, entry_rowid(held.no, i), &scratch, &item, NULL), OK);
    bytes_init(&r.envelope, LIMIT_ENVELOPE);
    bytes_init(&r.body, LIMIT_BODY);
    assert_int_equal(bytes_append(&r.envelope, item.envelope, NULL), OK);
    assert_int_equal(bytes_append(&r.body, item.body, NULL), OK);
    r.item = item;
    r.item.envelope = bytes_view(&r.envelope);
    r.item.body = bytes_view(&r.body);
    own_add(log, &r);
  }
  bytes_release(&scratch);
}

void poison_log(struct world *w, uint32_t node) {
  struct brew b = {.w = w, .log = calloc(1, sizeof *b.log)};
  struct fixture_node *fn = &w->sim.f.nodes[node];
  struct err err = ERR_INIT;
  assert_non_null(b.log);
  const struct hall_head *held = hall_head(fn->hall, &fn->id, 1);
  uint32_t n = 10 + (uint32_t)chance(w, 25);
  b.log->node = fn;
  for (uint32_t i = 0; i < 3; i++) {
    uint8_t octets[SEED_LEN];
    entropy_fill(&w->chance, octets, sizeof octets);
    assert_int_equal(signer_from_seed(octets, &b.keys[i], &err), OK);
  }
  uint64_t begun = held == NULL ? 0 : held->size;
  if (begun > 0) {
    take_over(b.log, begun);
  } else {
    add_identity(b.log);
    add_cert(b.log, &fn->node_key, &fn->editor.pub, 1, ROLE_COORDINATOR | ROLE_EDITOR);
  }
  while (b.log->n < n)
    brew_entry(&b);
  for (uint64_t at = begun; at < n;) {
    uint64_t to = at + 1 + chance(w, 6);
    if (to > n) to = n;
    assert_int_equal(own_carry(b.log, fn->hall, at, to, 3, NULL, &err), OK);
    at = to;
  }
  own_release(b.log);
  free(b.log);
  for (uint32_t i = 0; i < 3; i++)
    signer_release(&b.keys[i]);
}
