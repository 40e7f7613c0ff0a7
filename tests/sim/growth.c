/*
 * growth: see growth.h.
 */
#include "tests/sim/growth.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/exchange/inside.h"
#include "node/forks.h"
#include "node/hall.h"
#include "node/store/milestone.h"
#include "tests/node/assembly.h"
#include "tests/sim/lies.h"
#include "tests/sim/perjury.h"
#include "tests/sim/roll.h"
#include "tests/sim/trouble.h"
#include "tests/sim/watch.h"

#define FOUNDER 0u
#define SECOND 1u         /* with the founder the lead of a region: neither is ever odd */
#define VOICES_FOR_ODD 3u /* that are there when the odd one comes: the others can do without it from then on */
#define ALONE_MS 20000u   /* for one that counts alone to come to an end */
#define AWAY_MS 150000u
#define SETTLE_MS 2000u
#define SETTLE_MOST_MS 3600000u

static const char *const HANDLES[GROWTH_NODES] = {"IT", "FR", "EE", "DE", "ES", "PT", "NL", "FI", "IT34", "FR53"};

/* ---- who there is ---- */

static void put_out(struct world *w, uint32_t node) {
  struct seat *seat = &w->seats[node];
  w->n_down += !seat->is_down;
  seat->is_down = seat->is_outside = true;
}

void growth_new(struct world *w) {
  struct growth *g = w->growth = calloc(1, sizeof *g);
  assert_non_null(g);
  for (uint32_t i = 1; i < GROWTH_NODES; i++) {
    const uint32_t node = fixture_newcomer(&w->sim.f, HANDLES[i]);
    assert_int_equal(node, i);
    fixture_close(&w->sim.f.nodes[i]);
    put_out(w, i);
  }
  w->n = w->n_logs = GROWTH_NODES;
  for (uint32_t i = 1; i < GROWTH_NODES; i++) {
    const bool has_lead = i >= GROWTH_COUNTRIES;
    g->acts[g->n_acts++] =
        (struct growth_act){.node = i, .has_lead = has_lead, .lead = i == GROWTH_NODES - 1 ? SECOND : FOUNDER};
  }
}

void growth_free(struct world *w) {
  struct growth *g = w->growth;
  if (g == NULL) return;
  roll_free(w);
  free(g);
}

void growth_choose(struct world *w) {
  static const char *const NAMES[] = {[ODD_HONEST] = "is honest", [ODD_LIAR] = "lies", [ODD_GONE] = "will go for good"};
  struct growth *g = w->growth;
  g->odd = SECOND + 1 + (uint32_t)chance(w, GROWTH_COUNTRIES - SECOND - 1);
  g->oddity = (enum oddity)chance(w, 3);
  if (g->oddity == ODD_LIAR) lies_begin(w, g->odd, N_LIES - 1);
  world_say(w, "%s, who is to be removed, %s", world_name(w, g->odd), NAMES[g->oddity]);
  roll_new(w);
}

static struct federation *federation_at(struct world *w, uint32_t node) {
  return &w->sim.f.nodes[node].federation;
}

static bool is_member_at(const struct world *w, uint32_t at, uint32_t node) {
  const struct federation_member *m = federation_by_node(&w->sim.f.nodes[at].federation, &w->sim.f.nodes[node].id);
  return m != NULL && m->until == 0;
}

/* Some machine that can be asked: honest, awake, a member as it knows; w->n: none, this time. */
static uint32_t anybody(struct world *w) {
  const uint32_t node = (uint32_t)chance(w, w->n);
  return world_is_present(w, node) && world_is_awake(w, node) && is_member_at(w, node, node) ? node : w->n;
}

bool growth_is_removed(const struct world *w, uint32_t node) {
  return w->growth != NULL && node == w->growth->odd && w->growth->tales.removals > 0;
}

void growth_meet(struct world *w, uint32_t node) {
  struct exchange *x = w->sim.nodes[node].exchange;
  if (w->growth == NULL) return;
  for (uint32_t p = 0; p < x->n_peers; p++) {
    const uint32_t who = watch_owner(w, &x->peers[p].node);
    char endpoint[LIMIT_ENDPOINT + 1];
    if (x->peers[p].is_former || x->peers[p].override[0] != '\0') continue;
    (void)snprintf(endpoint, sizeof endpoint, "tcp://node.example.org:%u", 1000 + who);
    assert_int_equal(exchange_set_peer(x, x->peers[p].handle, endpoint, NULL), OK);
  }
}

/* ---- people come ---- */

/* The lists that another has and a newcomer lacks, as a bundle brings them. */
static enum err_code bring_lists(struct world *w, uint32_t from, uint32_t to) {
  struct fixture_node *source = &w->sim.f.nodes[from], *node = &w->sim.f.nodes[to];
  struct bytes item;
  enum err_code code = OK;
  bytes_init(&item, LIMIT_EPOCH_ITEM);
  while (code == OK && node->federation.epoch.number < source->federation.epoch.number) {
    bool changed = false;
    bytes_clear(&item);
    code = federation_epoch_item(source->store, &source->federation, node->federation.epoch.number + 1, &item, NULL);
    if (code == OK) code = hall_epoch(node->hall, bytes_view(&item), &changed, NULL, NULL);
  }
  bytes_release(&item);
  return code;
}

/* Who was admitted hears of it from a member, and begins; if its disk lets it. */
static void enter(struct world *w, uint32_t node) {
  struct seat *seat = &w->seats[node];
  const uint32_t from = anybody(w);
  if (from == w->n || !is_member_at(w, from, node) || fixture_try_open(&w->sim.f.nodes[node], NULL) != OK) return;
  const enum err_code code = bring_lists(w, from, node);
  world_note(w, "enters", node, code, view_of(NULL, 0));
  if (code != OK || !is_member_at(w, node, node)) {
    fixture_close(&w->sim.f.nodes[node]);
    return;
  }
  world_say(w, "%s enters, told by %s", world_name(w, node), world_name(w, from));
  seat->is_down = seat->is_outside = false;
  w->n_down--;
  world_started(w, node);
}

/* Whoever may come in does, and begins its log; what did not come off, because of a disk, is tried again. */
static void let_in(struct world *w) {
  for (uint32_t i = 0; i < w->n && w->broken == NULL; i++) {
    const bool has_gone = i == w->growth->odd && (w->growth->has_gone || growth_is_removed(w, i));
    if (w->seats[i].is_outside && !has_gone) enter(w, i);
    if (!world_is_awake(w, i) || !is_member_at(w, i, i)) continue;
    const struct hall_head *own = hall_head(w->sim.f.nodes[i].hall, &w->sim.f.nodes[i].id, 1);
    if (own == NULL || own->size < 2) world_write(w, i);
  }
}

/* ---- people consent ---- */

/* Whether people at a node have a say in an act, and may give it. */
static bool is_open_to(struct world *w, uint32_t node, const struct growth_act *act) {
  const struct growth *g = w->growth;
  const struct federation *f = federation_at(w, node);
  const struct federation_member *self = federation_self(f);
  if (self == NULL || self->member->has_lead) return false;
  if (act->is_removal) return node != g->odd && is_member_at(w, node, g->odd);
  if (federation_by_node(f, &w->sim.f.nodes[act->node].id) != NULL) return false;
  if (act->has_lead) return act->lead == node;
  return act->node != g->odd || f->epoch.n_leads >= VOICES_FOR_ODD;
}

/* Appends an act to changes, with the root keys' word for a removal. */
static void add_act(struct world *w, uint32_t node, const struct growth_act *act, struct changes *all) {
  struct fixture_node *fn = &w->sim.f.nodes[node];
  struct changes one = {.n = 0};
  struct bytes octets;
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  if (act->is_removal) {
    assembly_remove(&w->sim.f.nodes[act->node], act->size, &act->root, &fn, 1, &octets);
  } else {
    assembly_admit(&w->sim.f.nodes[act->node], act->has_lead ? fn : NULL, &octets);
  }
  assert_int_equal(changes_decode(bytes_view(&octets), &w->sim.f.charter.fed_id, &one, NULL), OK);
  assert_int_equal(changes_add(all, &one.list[0], NULL), OK);
  changes_release(&one);
  bytes_release(&octets);
}

/* What people at a machine say at one go: yes to removals, or to admissions, each with that likelihood. */
static void consent(struct world *w, uint32_t node, bool to_removals, uint32_t per_mille) {
  struct growth *g = w->growth;
  struct receipt_row row = {.state = RECEIPT_REFUSED};
  struct changes all = {.n = 0};
  struct bytes changes;
  struct err err = ERR_INIT;
  uint32_t said[GROWTH_ACTS], n = 0;
  if (w->broken != NULL || !world_is_awake(w, node)) return;
  for (uint32_t i = 0; i < g->n_acts; i++) {
    if (g->acts[i].is_removal != to_removals || g->acts[i].said[node] || !is_open_to(w, node, &g->acts[i])) continue;
    if (!is_likely(w, per_mille)) continue;
    add_act(w, node, &g->acts[i], &all);
    said[n++] = i;
  }
  if (n == 0) return;
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  assert_int_equal(changes_encode(&all, &changes, NULL), OK);
  const enum err_code code = hall_wish(w->sim.f.nodes[node].hall, bytes_view(&changes), !to_removals, &row, &err);
  for (uint32_t i = 0; i < n && code == OK && row.state == RECEIPT_LOGGED; i++)
    g->acts[said[i]].said[node] = true;
  world_note(w, "consents", node, n, bytes_view(&changes));
  for (uint32_t i = 0; i < n; i++)
    world_say(w, "%s consents: %s %s%s", world_name(w, node), world_name(w, g->acts[said[i]].node),
              to_removals ? "goes" : "comes", g->acts[said[i]].said[node] ? "" : ", but it is not written");
  changes_release(&all);
  bytes_release(&changes);
  world_written(w, node);
}

/* At one time people consent to much, at another to little. */
static void some_consent(struct world *w) {
  const uint32_t likely = 50 + (uint32_t)chance(w, 250);
  for (uint32_t i = 0; i < w->n; i++) {
    consent(w, i, false, likely);
    consent(w, i, true, likely);
    if (is_likely(w, likely)) world_run(w, chance(w, 500));
  }
}

/* ---- the odd one ---- */

/* A place at which a log was signed, as a machine has it; 0: its disk does not read. */
static uint64_t some_milestone(struct world *w, uint32_t at, const struct hall_head *head) {
  const struct fixture_node *fn = &w->sim.f.nodes[at];
  const uint64_t most = 1 + chance(w, head->size);
  uint64_t size = 0;
  struct log log;
  if (log_find(fn->store, &head->node, head->gen, &log, NULL) != OK) return 0;
  if (milestone_below(fn->store, log.no, most, &size, NULL) != OK) return 0;
  return size > 0 ? size : head->size;
}

/* A removal is drawn up by a member, with a cut at some milestone of what it holds. */
static void draw_up_removal(struct world *w) {
  struct growth *g = w->growth;
  const struct hash *odd = &w->sim.f.nodes[g->odd].id;
  const uint32_t at = anybody(w);
  if (at == w->n || g->n_removals == GROWTH_REMOVALS || at == g->odd || !is_member_at(w, at, g->odd)) return;
  struct hall *h = w->sim.f.nodes[at].hall;
  const struct hall_head *head = hall_head(h, odd, 1);
  struct growth_act act = {.is_removal = true, .node = g->odd};
  if (head != NULL && head->size > 0) {
    act.size = some_milestone(w, at, head);
    if (act.size == 0 || hall_fold(h, odd, 1, act.size, &act.root, NULL) != OK) return;
  } else if (!w->is_healed) {
    return;
  }
  for (uint32_t i = 0; i < g->n_acts; i++) {
    if (g->acts[i].is_removal && g->acts[i].size == act.size) return; /* the same one */
  }
  g->acts[g->n_acts++] = act;
  g->n_removals++;
  world_note(w, "removal", at, act.size, hash_view(&act.root));
  world_say(w, "%s would remove %s at %" PRIu64, world_name(w, at), world_name(w, g->odd), act.size);
}

static void go_for_good(struct world *w) {
  struct growth *g = w->growth;
  if (g->oddity != ODD_GONE || g->has_gone || w->seats[g->odd].is_outside) return;
  world_end(w, g->odd, WORLD_POWER, 0);
  put_out(w, g->odd);
  g->has_gone = true;
  world_say(w, "%s has gone for good", world_name(w, g->odd));
}

/* ---- a president is away ---- */

static void send_away(struct world *w) {
  const uint32_t at = anybody(w);
  if (at == w->n) return;
  const uint64_t ballot = w->sim.f.nodes[at].hall->voter.ballot + chance(w, 2);
  const uint32_t who = watch_owner(w, &ballot_proposer(&federation_at(w, at)->epoch, ballot)->node);
  const uint64_t ms = 20000 + chance(w, 160000);
  const enum world_end how = (enum world_end)chance(w, 3);
  if (!world_is_up(w, who)) return;
  w->growth->tales.absences++;
  world_say(w, "%s, who presides over ballot %" PRIu64 ", is away", world_name(w, who), ballot);
  world_end(w, who, how, ms);
}

/* ---- one counts alone ---- */

/* The president and as many voices as make a majority with it, as that machine sees them; all others reach nobody, nor do those
 * reach each other. False: too few are there. */
static bool part_around(struct world *w, uint32_t president) {
  const struct epoch *e = &federation_at(w, president)->epoch;
  bool is_heard[GROWTH_NODES] = {false};
  uint32_t n = 0;
  for (uint32_t i = 0; i < w->n; i++) {
    const struct member *m = epoch_by_node(e, &w->sim.f.nodes[i].id);
    is_heard[i] = i != president && m != NULL && !m->has_lead && n < e->n_leads / 2 && world_is_awake(w, i);
    n += is_heard[i];
  }
  if (e->n_leads < 3 || n < e->n_leads / 2) return false;
  trouble_unite(w);
  for (uint32_t a = 0; a < w->n; a++) {
    for (uint32_t b = a + 1; b < w->n; b++) {
      const bool is_told = (a == president && is_heard[b]) || (b == president && is_heard[a]);
      if (!is_told) trouble_part(w, a, b);
    }
  }
  return true;
}

/* Whose vote a president has just counted, and nobody else has seen; w->n: nobody's. */
static uint32_t unseen_voter(const struct world *w, uint32_t president) {
  for (uint32_t i = 0; i < w->n; i++) {
    const struct hash *id = &w->sim.f.nodes[i].id;
    const struct hall_head *known = hall_head(w->sim.f.nodes[president].hall, id, 1);
    bool is_seen = i == president || known == NULL || !world_is_up(w, i);
    for (uint32_t k = 0; k < w->n && !is_seen; k++) {
      const struct hall_head *other =
          k == i || k == president || !world_is_up(w, k) ? NULL : hall_head(w->sim.f.nodes[k].hall, id, 1);
      is_seen = other != NULL && other->size >= known->size;
    }
    if (!is_seen) return i;
  }
  return w->n;
}

/* A president counts a majority of votes, itself included, and is away in the same moment, with whoever cast the last of them:
 * the others have seen too few. What they decide then must be what it has. */
static void count_alone(struct world *w) {
  const uint32_t at = anybody(w);
  if (at == w->n) return;
  const uint64_t number = federation_at(w, at)->epoch.number;
  const uint32_t who = watch_owner(w, &ballot_proposer(&federation_at(w, at)->epoch, 0)->node);
  if (!world_is_present(w, who) || !world_is_awake(w, who) || federation_at(w, who)->epoch.number != number) return;
  if (!part_around(w, who)) return;
  world_say(w, "%s alone counts", world_name(w, who));
  for (uint32_t i = 0; i < w->n; i++)
    consent(w, i, false, 400);
  const uint64_t end = w->sim.f.now_ms + ALONE_MS;
  while (world_is_up(w, who) && federation_at(w, who)->epoch.number == number && world_step(w, end))
    continue;
  if (world_is_up(w, who) && federation_at(w, who)->epoch.number > number) {
    const uint32_t voter = unseen_voter(w, who);
    w->growth->tales.alone += voter < w->n;
    if (voter < w->n) world_end(w, voter, WORLD_STOP, AWAY_MS + chance(w, AWAY_MS));
    world_end(w, who, is_likely(w, 500) ? WORLD_KILL : WORLD_POWER, AWAY_MS + chance(w, AWAY_MS));
  }
  trouble_unite(w);
  world_say(w, "the others reach each other");
  for (uint32_t i = 0; i < w->n; i++)
    consent(w, i, false, 600);
  world_run(w, AWAY_MS);
}

/* ---- rounds ---- */

static void write_something(struct world *w) {
  const uint32_t node = is_likely(w, 300) ? w->growth->odd : (uint32_t)chance(w, w->n);
  if (w->broken == NULL && world_is_awake(w, node)) world_write(w, node);
}

void growth_round(struct world *w) {
  let_in(w);
  if (is_likely(w, 400)) trouble_round(w);
  if (is_likely(w, 100)) send_away(w);
  if (is_likely(w, 150) && w->broken == NULL) count_alone(w);
  if (is_likely(w, 150)) draw_up_removal(w);
  if (is_likely(w, 150)) go_for_good(w);
  some_consent(w);
  perjury_round(w);
  if (is_likely(w, 300)) write_something(w);
  world_run(w, is_likely(w, 700) ? chance(w, 3000) : chance(w, 90000));
}

/* Everybody who is there says what there is left to say. */
static void urge(struct world *w) {
  for (uint32_t i = 0; i < w->n; i++) {
    if (!world_is_present(w, i)) continue;
    consent(w, i, false, 1000);
    consent(w, i, true, 1000);
  }
}

uint64_t growth_settle(struct world *w) {
  struct growth *g = w->growth;
  const uint64_t start = w->sim.f.now_ms;
  roll_healed(w);
  while (w->broken == NULL && !roll_is_reached(w) && w->sim.f.now_ms - start < SETTLE_MOST_MS) {
    let_in(w);
    urge(w);
    if (g->n_removals == 0) draw_up_removal(w);
    if (g->n_removals > 0) go_for_good(w);
    perjury_round(w);
    world_run(w, SETTLE_MS);
  }
  for (unsigned i = 0; i < 3 && w->broken == NULL; i++) { /* what the odd one writes now counts nowhere */
    if (world_is_awake(w, g->odd)) world_write(w, g->odd);
    world_run(w, SETTLE_MS);
  }
  return w->sim.f.now_ms - start;
}
