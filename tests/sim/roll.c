/*
 * roll: see roll.h. A list is judged by the pure function of protocol/ballot.h alone, with the true identities.
 */
#include "tests/sim/roll.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "node/hall.h"
#include "protocol/ballot.h"
#include "tests/sim/watch.h"

/* ---- lists ---- */

/* The one identity that everybody has. */
static bool find_identity(void *context, const struct hash *node, uint64_t version, struct identity *out) {
  const struct world *w = context;
  const uint32_t who = watch_owner(w, node);
  if (who == w->n_logs || version > 1) return false;
  const struct fixture_node *fn = &w->sim.f.nodes[who];
  *out = (struct identity){.version = 1, .n_roots = 1, .threshold = 1, .node_key = fn->node_key.pub, .gen = 1};
  out->roots[0] = fn->root.pub;
  memcpy(out->curve, fn->curve, sizeof out->curve);
  return true;
}

void roll_new(struct world *w) {
  struct growth *g = w->growth;
  struct bytes body;
  bytes_init(&body, LIMIT_CHARTER);
  assert_int_equal(epoch_from_charter(&w->sim.f.charter, &g->lists[1].epoch, &body, NULL), OK);
  bytes_release(&body);
  g->lists[1].is_known = true;
  for (uint32_t i = 0; i < GROWTH_NODES; i++)
    g->seen[i] = 1;
}

void roll_free(struct world *w) {
  for (uint32_t i = 0; i < GROWTH_LISTS; i++)
    epoch_release(&w->growth->lists[i].epoch);
}

/* A list that no machine had before. */
static void first_seen(struct world *w, uint32_t node, uint64_t number, const struct epoch_item *item, struct epoch *epoch) {
  struct growth *g = w->growth;
  struct growth_list *list = &g->lists[number];
  const uint64_t base = w->is_healed && number == g->healed_number + 1 ? g->healed_ballot + 1 : 0;
  const uint64_t passed = item->ballot > base ? item->ballot - base : 0;
  const uint32_t n_voices = g->lists[number - 1].epoch.n_leads;
  list->is_known = true;
  list->who = node;
  list->ballot = item->ballot;
  list->epoch = *epoch;
  *epoch = (struct epoch){.members = NULL};
  g->tales.lists++;
  g->tales.second_ballots += item->ballot > 0;
  g->tales.removals += epoch_former(&list->epoch, &w->sim.f.nodes[g->odd].id) != NULL &&
                       epoch_former(&g->lists[number - 1].epoch, &w->sim.f.nodes[g->odd].id) == NULL;
  world_say(w, "%s has list %" PRIu64 ": %u members, ballot %" PRIu64, world_name(w, node), number, list->epoch.n_members,
            item->ballot);
  if (!w->is_healed || number <= g->healed_number) return;
  if (passed > g->tales.ballots_most) g->tales.ballots_most = passed;
  if (passed > 2 * (uint64_t)n_voices)
    world_break(w, "reached", "list %" PRIu64 " took %" PRIu64 " ballots after the healing", number, passed);
}

/* One list that a machine has taken. False: its disk does not read just now. */
static bool take_list(struct world *w, uint32_t node, uint64_t number) {
  struct growth *g = w->growth;
  struct fixture_node *fn = &w->sim.f.nodes[node];
  const struct identities ids = {.find = find_identity, .context = w};
  struct growth_list *list = &g->lists[number];
  struct epoch epoch = {.members = NULL};
  struct epoch_item item;
  struct bytes octets;
  struct err err = ERR_INIT;
  assert_true(number < GROWTH_LISTS && g->lists[number - 1].is_known);
  bytes_init(&octets, LIMIT_EPOCH_ITEM);
  bool is_read = federation_epoch_item(fn->store, &fn->federation, number, &octets, &err) == OK;
  const struct view v = bytes_view(&octets);
  if (is_read &&
      (epoch_item_decode(v, &item, &err) != OK ||
       epoch_item_verify(v, &w->sim.f.charter.fed_id, &g->lists[number - 1].epoch, &ids, &epoch, NULL, NULL, &err) != OK)) {
    world_break(w, "one-list", "%s took list %" PRIu64 ", which is not lawful: %s", fn->handle, number, err.message);
  } else if (is_read && list->is_known && !hash_equal(&list->epoch.hash, &epoch.hash)) {
    world_break(w, "one-list", "%s and %s have two lists %" PRIu64, world_name(w, list->who), fn->handle, number);
  } else if (is_read && !list->is_known) {
    first_seen(w, node, number, &item, &epoch);
  }
  if (is_read) world_note(w, "list", node, number, hash_view(&list->epoch.hash));
  epoch_release(&epoch);
  bytes_release(&octets);
  return is_read;
}

void roll_at_step(struct world *w, uint32_t node) {
  struct growth *g = w->growth;
  if (g == NULL) return;
  const struct federation *f = &w->sim.f.nodes[node].federation;
  if (f->epoch.number < g->seen[node]) {
    world_break(w, "one-list", "%s had list %" PRIu64 " and has forgotten it", world_name(w, node), g->seen[node]);
    return;
  }
  if (f->epoch.number == g->seen[node]) return;
  while (g->seen[node] < f->epoch.number && w->broken == NULL && take_list(w, node, g->seen[node] + 1))
    g->seen[node]++;
  growth_meet(w, node);
}

uint32_t roll_owner(const struct world *w, uint64_t roll) {
  for (uint32_t i = GROWTH_LISTS; i-- > 0;) {
    const struct epoch *e = &w->growth->lists[i].epoch;
    const struct member *m = w->growth->lists[i].is_known ? epoch_by_roll(e, roll) : NULL;
    if (m != NULL) return watch_owner(w, &m->node);
  }
  return w->n_logs;
}

void roll_healed(struct world *w) {
  struct growth *g = w->growth;
  g->healed_number = 1;
  while (g->lists[g->healed_number + 1].is_known)
    g->healed_number++;
  for (uint32_t i = 0; i < w->n; i++) {
    struct hall *h = w->sim.f.nodes[i].hall;
    struct hall_log *own = h == NULL ? NULL : hall_find(h, &w->sim.f.nodes[i].id, 1);
    if (own == NULL || hall_state(h, own, NULL) != OK || own->state->voting.epoch != g->healed_number + 1) continue;
    if (own->state->voting.ballot > g->healed_ballot) g->healed_ballot = own->state->voting.ballot;
  }
}

/* ---- the log of who was removed ---- */

/* How the list in force at a machine ends a log; NULL: it does not. */
static const struct former *end_of(const struct world *w, uint32_t node, const struct hash *owner) {
  return w->growth == NULL ? NULL : epoch_former(&w->sim.f.nodes[node].federation.epoch, owner);
}

bool roll_is_cut(const struct world *w, uint32_t node, const struct hall_head *now) {
  const struct former *end = end_of(w, node, &now->node);
  if (end == NULL || !end->has_cut || now->size > end->cut.size) return false;
  return now->size < end->cut.size || hash_equal(&end->cut.root, &now->root);
}

bool roll_is_over(const struct world *w, uint32_t node, uint32_t owner) {
  const struct former *end = end_of(w, node, &w->sim.f.nodes[owner].id);
  return end != NULL;
}

static void check_end(struct world *w, uint32_t node, const struct hall_head *now) {
  const struct former *end = end_of(w, node, &now->node);
  if (end == NULL) return;
  if (!roll_is_cut(w, node, now))
    world_break(w, "cut", "%s holds %" PRIu64 " entries of %s, which ends at %" PRIu64, world_name(w, node), now->size,
                world_name(w, w->growth->odd), end->has_cut ? end->cut.size : 0);
}

/* ---- votes, as they come ---- */

/* A vote for a list: whether there are several to choose from, and whether it comes too late. */
static void look_at_vote(struct world *w, uint32_t node, const struct header *h, const struct vote_body *vote) {
  struct growth *g = w->growth;
  const uint64_t number = h->args[0];
  if (number >= GROWTH_LISTS) return;
  struct growth_list *list = &g->lists[number];
  uint32_t k = 0;
  while (k < list->n_hashes && !hash_equal(&list->hashes[k], &vote->hash))
    k++;
  if (k == list->n_hashes && k < GROWTH_HASHES) {
    list->hashes[list->n_hashes++] = vote->hash;
    g->tales.split_votes += list->n_hashes == 2;
  }
  const bool is_late = number <= w->sim.f.nodes[node].federation.epoch.number && list->is_known && h->args[1] < list->ballot;
  g->tales.late_votes += is_late;
}

/* What an honest voice says of itself, in its order, it may say (docs/protocol.md 4.6, row 17). */
static void judge_vote(struct world *w, uint32_t owner, const struct header *h, const struct vote_body *vote) {
  struct voting *v = &w->growth->votings[owner];
  if (!world_is_honest(w, owner)) return;
  if (!voting_allows(v, h->args[0], h->args[1], !h->has_subject, vote))
    world_break(w, "steadfast", "%s votes in ballot %" PRIu64 " for list %" PRIu64 " as it may not any more",
                world_name(w, owner), h->args[1], h->args[0]);
  voting_apply(v, h->args[0], h->args[1], !h->has_subject, vote);
}

/* An entry that came to a machine; is_first: to the first one of all. False: its disk does not read just now. */
static bool look_at_entry(struct world *w, uint32_t node, uint32_t owner, int64_t rowid, bool is_first, struct bytes *scratch) {
  struct item item = {.state = ITEM_BODILESS};
  struct record record;
  struct vote_body vote;
  bytes_clear(scratch);
  if (entry_get(w->sim.f.nodes[node].store, rowid, scratch, &item, NULL) != OK) return false;
  if (record_reopen(item.envelope, &w->sim.f.charter.fed_id, &record) != REASON_NONE || record.header.kind != KIND_VOTE)
    return true;
  const struct view body = item.state == ITEM_WHOLE ? item.body : view_of(NULL, 0);
  if (vote_decode(body, &record.header, &w->sim.f.charter.fed_id, &vote, NULL) != OK) return true;
  if (is_first) judge_vote(w, owner, &record.header, &vote);
  if (record.header.has_subject) look_at_vote(w, node, &record.header, &vote);
  return true;
}

void roll_at_growth(struct world *w, uint32_t node, const struct hall_head *now) {
  struct fixture_node *fn = &w->sim.f.nodes[node];
  const uint32_t owner = watch_owner(w, &now->node);
  struct bytes scratch;
  struct log log;
  if (w->growth == NULL) return;
  check_end(w, node, now);
  uint64_t *looked = &w->growth->looked[node][owner];
  if (*looked > now->size) *looked = now->size;
  bytes_init(&scratch, LIMIT_ITEM);
  bool is_there = log_find(fn->store, &now->node, 1, &log, NULL) == OK;
  for (; is_there && *looked < now->size; ++*looked) {
    const bool is_first = *looked == w->growth->judged[owner];
    if (!look_at_entry(w, node, owner, entry_rowid(log.no, *looked), is_first, &scratch)) break;
    w->growth->judged[owner] += is_first;
  }
  bytes_release(&scratch);
}

/* ---- at the end ---- */

/* What the odd one's people were promised stands below the cut, and above it nothing does. */
static void check_promises(struct world *w, uint32_t node, const struct former *end) {
  struct growth *g = w->growth;
  const struct seat *odd = &w->seats[g->odd];
  const uint64_t size = end->has_cut ? end->cut.size : 0;
  g->tales.entries_kept = g->tales.cut_entries = 0;
  for (uint32_t i = 0; i < odd->n_promises; i++) {
    const struct promise *p = &odd->promises[i];
    int64_t rowid = 0;
    const enum err_code code = entry_find(w->sim.f.nodes[node].store, &w->sim.f.charter.fed_id, &p->id, &rowid, NULL);
    if (code != (p->index < size ? OK : ERR_NOT_FOUND))
      world_break(w, "cut", "%s %s entry %" PRIu64 " of %s, which ends at %" PRIu64, world_name(w, node),
                  code == OK ? "has" : "lacks", p->index, world_name(w, g->odd), size);
    g->tales.entries_kept += p->index < size;
    g->tales.cut_entries += p->index >= size;
  }
}

void roll_cut_at_end(struct world *w) {
  if (w->growth == NULL) return;
  const struct hash *odd = &w->sim.f.nodes[w->growth->odd].id;
  for (uint32_t i = 0; i < w->n && w->broken == NULL; i++) {
    const struct former *end = world_is_up(w, i) && world_is_present(w, i) ? end_of(w, i, odd) : NULL;
    const struct hall_head *head = end == NULL ? NULL : hall_head(w->sim.f.nodes[i].hall, odd, 1);
    if (end == NULL) continue;
    if (head != NULL) check_end(w, i, head);
    if (end->has_cut && (head == NULL || head->size != end->cut.size))
      world_break(w, "cut", "%s does not hold the log of %s to its end", world_name(w, i), world_name(w, w->growth->odd));
    check_promises(w, i, end);
  }
}

/* The first of those that must agree which does not; w->n: none. */
static uint32_t find_other(const struct world *w) {
  const struct fixture_node *first = &w->sim.f.nodes[0];
  for (uint32_t i = 0; i < w->n; i++) {
    const struct fixture_node *fn = &w->sim.f.nodes[i];
    const bool is_odd = i == w->growth->odd;
    if (is_odd) continue;
    if (!world_is_up(w, i) || !world_is_up(w, 0)) return i;
    const struct epoch *e = &fn->federation.epoch;
    const bool is_whole = e->n_leads == GROWTH_COUNTRIES - 1 && e->n_members == GROWTH_NODES - 1;
    if (!is_whole || !hash_equal(&e->hash, &first->federation.epoch.hash) ||
        end_of(w, i, &w->sim.f.nodes[w->growth->odd].id) == NULL)
      return i;
  }
  return w->n;
}

bool roll_is_reached(const struct world *w) {
  return find_other(w) == w->n;
}

void roll_reached_at_end(struct world *w) {
  if (w->growth == NULL) return;
  const uint32_t other = find_other(w);
  if (other != w->n) {
    const struct fixture_node *fn = &w->sim.f.nodes[other];
    world_break(w, "reached", "%s has not the last list, but %" PRIu64, fn->handle,
                fn->hall == NULL ? 0 : fn->federation.epoch.number);
    return;
  }
  const struct hash first = hall_digest(w->sim.f.nodes[0].hall);
  for (uint32_t i = 0; i < w->n; i++) {
    if (!world_is_present(w, i)) continue;
    const struct hash digest = hall_digest(w->sim.f.nodes[i].hall);
    if (!hash_equal(&digest, &first))
      world_break(w, "reached", "%s and %s have two frontiers", world_name(w, 0), world_name(w, i));
  }
}
