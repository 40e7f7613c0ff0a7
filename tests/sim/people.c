/*
 * people: what people write at a node of the simulator: cases, further versions, withdrawals, certificates, revocations that
 * reach back, and the same record once more after an error. What a receipt promised them is kept.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/sim/breakage.h"
#include "tests/sim/world.h"

static void promise(struct world *w, uint32_t node, const struct hash *id, uint64_t index) {
  struct seat *seat = &w->seats[node];
  if (seat->n_promises == seat->promises_room) {
    seat->promises_room = seat->promises_room == 0 ? 32 : seat->promises_room * 2;
    seat->promises = realloc(seat->promises, seat->promises_room * sizeof *seat->promises);
    assert_non_null(seat->promises);
  }
  seat->promises[seat->n_promises++] = (struct promise){*id, index};
  world_note(w, "promised", node, index, hash_view(id));
}

static uint64_t own_size(const struct world *w, uint32_t node) {
  const struct hall_head *h = hall_head(w->sim.f.nodes[node].hall, &w->sim.f.nodes[node].id, 1);
  return h == NULL ? 0 : h->size;
}

/* A case by the editor or one of the others; object NULL: a new one. */
static void seal_case(struct world *w, uint32_t node, const struct remembered *object, struct fixture_record *out) {
  struct fixture_node *fn = &w->sim.f.nodes[node];
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  struct bytes body;
  uint64_t who = chance(w, 2 + WORLD_PEOPLE);
  const struct signer *author = who < 2 || w->seats[node].is_twin ? &fn->editor : &w->seats[node].people[who - 2];
  bytes_init(&body, LIMIT_BODY);
  fixture_case_body(&w->sim.f, w->sim.n_cases++, &body);
  if (object != NULL) {
    h.has_subject = true;
    h.subject = object->id;
    h.n_refs = 1;
    h.refs[0] = object->newest;
  }
  fixture_seal(fn, author, h, bytes_view(&body), out);
  bytes_release(&body);
}

static void seal_withdraw(struct world *w, uint32_t node, const struct remembered *object, struct fixture_record *out) {
  struct fixture_node *fn = &w->sim.f.nodes[node];
  const struct header h = {
      .kind = KIND_WITHDRAW, .has_subject = true, .subject = object->id, .n_refs = 1, .refs = {object->newest}};
  fixture_seal(fn, &fn->editor, h, view_of(NULL, 0), out);
}

static void seal_revoke(struct world *w, uint32_t node, const struct pubkey *key, struct fixture_record *out) {
  struct fixture_node *fn = &w->sim.f.nodes[node];
  struct header h = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2, .args = {1, chance(w, own_size(w, node) + 1)}};
  memcpy(h.subject.b, key->b, sizeof h.subject.b);
  fixture_seal(fn, &fn->node_key, h, view_of(NULL, 0), out);
}

/* Hands records in, and takes them over. */
static void submit(struct world *w, uint32_t node, struct fixture_record *records, uint32_t n) {
  struct seat *seat = &w->seats[node];
  struct receipt *receipt = calloc(1, sizeof *receipt);
  struct item items[WORLD_RETRIES];
  struct err err = ERR_INIT;
  assert_non_null(receipt);
  for (uint32_t i = 0; i < n; i++)
    items[i] = records[i].item;
  uint64_t size = own_size(w, node);
  enum err_code code = hall_admit(w->sim.f.nodes[node].hall, items, n, receipt, &err);
  world_note(w, "submitted", node, code, view_of(NULL, 0));
  world_say(w, "%s writes %u: %s", world_name(w, node), n, code == OK ? "done" : err.message);
  for (uint32_t i = 0; i < n; i++) {
    const struct receipt_row *row = &receipt->rows[i];
    if (code == OK && row->state == RECEIPT_LOGGED) promise(w, node, &row->id, row->index);
    if (code != OK && breakage_is(BREAK_PROMISE)) promise(w, node, &records[i].id, size + i);
    if (code != OK && seat->n_retries < WORLD_RETRIES) {
      seat->retries[seat->n_retries++] = records[i];
    } else {
      fixture_record_release(&records[i]);
    }
  }
  free(receipt);
}

static void remember(struct seat *seat, const struct fixture_record *record, struct remembered *object) {
  if (object != NULL) {
    object->newest = record->id;
  } else if (seat->n_objects < WORLD_OBJECTS) {
    seat->objects[seat->n_objects++] = (struct remembered){record->id, record->id};
  }
}

static void write_cases(struct world *w, uint32_t node, bool further) {
  struct seat *seat = &w->seats[node];
  struct fixture_record records[WORLD_RETRIES];
  uint32_t n = 1 + (uint32_t)chance(w, WORLD_RETRIES);
  for (uint32_t i = 0; i < n; i++) {
    struct remembered *object = further && seat->n_objects > 0 ? &seat->objects[chance(w, seat->n_objects)] : NULL;
    seal_case(w, node, object, &records[i]);
    remember(seat, &records[i], object);
  }
  submit(w, node, records, n);
}

static void certify(struct world *w, uint32_t node) {
  struct fixture_node *fn = &w->sim.f.nodes[node];
  struct receipt_row row;
  struct err err = ERR_INIT;
  const struct signer *who = &w->seats[node].people[chance(w, WORLD_PEOPLE)];
  enum err_code code = hall_certify(fn->hall, &who->pub, 0, ROLE_EDITOR, 0, "Persona", &row, &err);
  if (code == OK && row.state == RECEIPT_LOGGED) promise(w, node, &row.id, row.index);
  world_say(w, "%s certifies: %s", world_name(w, node), code == OK ? "done" : err.message);
}

static void begin(struct world *w, uint32_t node) {
  struct fixture_node *fn = &w->sim.f.nodes[node];
  struct receipt_row row;
  struct err err = ERR_INIT;
  enum err_code code = hall_admit_identity(fn->hall, &err);
  if (code == OK) {
    code = hall_certify(fn->hall, &fn->editor.pub, 0, ROLE_COORDINATOR | ROLE_EDITOR, 0, "Redazione", &row, &err);
  }
  if (code == OK && row.state == RECEIPT_LOGGED) promise(w, node, &row.id, row.index);
  world_say(w, "%s begins its log: %s", world_name(w, node), code == OK ? "done" : err.message);
}

void people_write(struct world *w, uint32_t node) {
  struct seat *seat = &w->seats[node];
  struct fixture_record record;
  uint64_t what = chance(w, 100);
  if (own_size(w, node) < 2) {
    begin(w, node);
  } else if (what < 10 && seat->n_retries > 0) {
    struct fixture_record again[WORLD_RETRIES];
    uint32_t n = seat->n_retries;
    memcpy(again, seat->retries, n * sizeof *again);
    seat->n_retries = 0;
    submit(w, node, again, n);
  } else if (what < 20 && !seat->is_twin) {
    certify(w, node);
  } else if (what < 25 && !seat->is_twin) {
    seal_revoke(w, node, &seat->people[chance(w, WORLD_PEOPLE)].pub, &record);
    submit(w, node, &record, 1);
  } else if (what < 30 && seat->n_objects > 0) {
    seal_withdraw(w, node, &seat->objects[chance(w, seat->n_objects)], &record);
    submit(w, node, &record, 1);
  } else {
    write_cases(w, node, what >= 75);
  }
}
