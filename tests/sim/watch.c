/*
 * watch: see watch.h. What each invariant is, is said in the table at the end; how the accepted state of a log is told in one
 * hash, in print.c.
 */
#include "tests/sim/watch.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/exchange/inside.h"
#include "protocol/holds.h"
#include "tests/node/dump.h"
#include "tests/sim/breakage.h"
#include "tests/sim/ceilings.h"
#include "tests/sim/growth.h"
#include "tests/sim/guilt.h"
#include "tests/sim/print.h"
#include "tests/sim/roll.h"
#include "tests/sim/untold.h"

#define PRINTS 2048u      /* places of a table by hash, of the roots of a run; sixteen times as many in a large one */
#define LARGE_STEPS 16u   /* in a large run one step of so many is looked at */
#define OWNERS 4096u      /* places of a table by node id */
#define SIZES 1024u       /* of a log */
#define TRUE_HOLDS 65536u /* places of those that were looked at */

/* The accepted state that belongs to a root: whoever stands there must have derived the same. */
struct print_row {
  bool used;
  struct hash root, print;
  uint32_t who;
};
struct watch {
  uint64_t held[FIXTURE_NODES][FIXTURE_NODES];   /* what a machine was seen to hold of a founder's log */
  uint64_t forgot[FIXTURE_NODES][FIXTURE_NODES]; /* the same, before its disk was lost */
  struct hash digest[FIXTURE_NODES];
  struct print_row *prints; /* owned */
  uint32_t n_prints;
  struct hash *roots[FIXTURE_NODES];  /* of each size of a founder's log; zeros: not seen. Owned */
  uint8_t owners[OWNERS];             /* founders by the first octets of their ids, plus one; 0: none */
  uint8_t rolls[FIXTURE_NODES];       /* founders by their roll numbers, which count from 0 */
  struct hash true_holds[TRUE_HOLDS]; /* HOLDS that were looked at, by their octets' hash, each at its place if that was free */
  struct message message;
  struct holds holds;
  struct bytes dumps[2];
  sqlite3_stmt *question; /* of the machine that is looked at */
};

/* Where a node id is, or would be. */
static uint8_t *owner_row(const struct world *w, const struct hash *node) {
  uint64_t at = get_u64be(node->b) % OWNERS;
  while (w->watch->owners[at] != 0 && !hash_equal(&w->sim.f.nodes[w->watch->owners[at] - 1].id, node))
    at = (at + 1) % OWNERS;
  return &w->watch->owners[at];
}

void watch_new(struct world *w) {
  w->watch = calloc(1, sizeof *w->watch);
  assert_non_null(w->watch);
  for (uint32_t i = 0; i < w->n_logs; i++)
    *owner_row(w, &w->sim.f.nodes[i].id) = (uint8_t)(i + 1);
  const struct epoch *epoch = &w->sim.f.nodes[0].federation.epoch; /* everybody's */
  for (uint32_t i = 0; i < epoch->n_members; i++)
    w->watch->rolls[epoch->members[i].roll] = (uint8_t)(*owner_row(w, &epoch->members[i].node) - 1);
  w->watch->n_prints = w->options->is_large ? 16 * PRINTS : PRINTS;
  w->watch->prints = calloc(w->watch->n_prints, sizeof *w->watch->prints);
  assert_non_null(w->watch->prints);
  bytes_init(&w->watch->dumps[0], DUMP_MAX);
  bytes_init(&w->watch->dumps[1], DUMP_MAX);
}

void watch_free(struct world *w) {
  for (uint32_t i = 0; i < FIXTURE_NODES; i++)
    free(w->watch->roots[i]);
  free(w->watch->prints);
  bytes_release(&w->watch->dumps[0]);
  bytes_release(&w->watch->dumps[1]);
  free(w->watch);
}

uint32_t watch_owner(const struct world *w, const struct hash *node) {
  uint8_t row = *owner_row(w, node);
  return row == 0 ? w->n_logs : row - 1u;
}

/* By a roll number, as a machine knows them; w->n_logs: nobody's. */
static uint32_t owner_by_roll(const struct world *w, uint32_t node, uint64_t roll) {
  if (w->growth == NULL) return roll < w->n_logs ? w->watch->rolls[roll] : w->n_logs;
  const struct federation_member *m = federation_by_roll(&w->sim.f.nodes[node].federation, roll);
  return m == NULL ? roll_owner(w, roll) : watch_owner(w, &m->member->node);
}

static bool is_forked(const struct world *w, uint32_t owner) {
  return w->seats[owner].has_twin;
}

static const struct hall_head *head_at(const struct world *w, uint32_t node, uint32_t owner) {
  return hall_head(w->sim.f.nodes[node].hall, &w->sim.f.nodes[owner].id, 1);
}

static uint64_t size_at(const struct world *w, uint32_t node, uint32_t owner) {
  const struct hall_head *h = head_at(w, node, owner);
  return h == NULL ? 0 : h->size;
}

/* ---- contiguous ---- */

struct folding {
  struct merkle_range range;
  int64_t first;
  bool has_gap;
};

static bool fold(void *context, int64_t rowid, const struct item *item) {
  struct folding *f = context;
  const struct hash leaf = merkle_leaf(item->envelope);
  f->has_gap |= rowid != f->first + (int64_t)f->range.size;
  merkle_append(&f->range, &leaf);
  return !f->has_gap;
}

static void contiguous_at_growth(struct world *w, uint32_t node, const struct hall_head *now) {
  struct fixture_node *fn = &w->sim.f.nodes[node];
  const struct fixture_node *owner = &w->sim.f.nodes[watch_owner(w, &now->node)];
  struct log log;
  struct bytes text;
  struct checkpoint c;
  struct err err = ERR_INIT;
  struct folding f = {.range = {.size = 0}};
  if (disk_is_dead(w->seats[node].disk)) return;
  bytes_init(&text, LIMIT_CHECKPOINT);
  enum err_code code = log_find(fn->store, &now->node, now->gen, &log, &err);
  f.first = entry_rowid(log.no, 0);
  if (code == OK) code = entry_each(fn->store, log.no, 0, LIMIT_POSITION, fold, &f, &err);
  if (code == OK) code = milestone_get(fn->store, log.no, now->size, &text, &err);
  if (code == OK) code = checkpoint_open(bytes_view(&text), &owner->node_key.pub, &c, &err);
  bytes_release(&text);
  if (code == ERR_IO) return; /* the disk does not read just now */
  const struct hash root = merkle_root(&f.range);
  const char *what = code != OK                         ? err.message
                     : f.has_gap                        ? "a gap"
                     : f.range.size != now->size        ? "another number of entries than its head"
                     : !hash_equal(&root, &now->root)   ? "entries that do not fold to its root"
                     : c.size != now->size              ? "another milestone than its head"
                     : !hash_equal(&c.root, &now->root) ? "a milestone with another root"
                     : log.range.size != now->size      ? "another size in its table"
                                                        : NULL;
  if (what == NULL) return;
  world_break(w, "contiguous", "%s holds %s at %" PRIu64 ": %s", fn->handle, owner->handle, now->size, what);
}

/* ---- pure ---- */

static struct print_row *row_of(struct watch *v, const struct hash *root) {
  uint64_t at = get_u64be(root->b) % v->n_prints;
  for (uint32_t i = 0; i < v->n_prints; i++, at = (at + 1) % v->n_prints) {
    struct print_row *row = &v->prints[at];
    if (!row->used || hash_equal(&row->root, root)) return row;
  }
  fail_msg("more roots than a run may have");
  return NULL;
}

static void pure_at_growth(struct world *w, uint32_t node, const struct hall_head *now) {
  struct print_row *row = row_of(w->watch, &now->root);
  struct hash print;
  if (!print_log(&w->sim.f.nodes[node], &w->watch->question, now, &print)) return; /* the disk does not read just now */
  if (row->used && !hash_equal(&row->print, &print)) {
    world_break(w, "pure", "%s and %s derived two states from %" PRIu64 " entries of %s", world_name(w, row->who),
                world_name(w, node), now->size, world_name(w, watch_owner(w, &now->node)));
  }
  if (!row->used) *row = (struct print_row){true, now->root, print, node};
}

/* Everything derived, of two machines with one frontier. */
static void pure_at_end(struct world *w) {
  struct bytes *dumps = w->watch->dumps;
  uint32_t first = w->n;
  for (uint32_t i = 0; i < w->n && !w->options->is_large; i++) {
    struct fixture_node *fn = &w->sim.f.nodes[i];
    if (!world_is_up(w, i) || !world_is_present(w, i) || hall_bodies_missing(fn->hall) > 0) continue;
    bytes_clear(&dumps[first < w->n]);
    dump_derived(fn, false, &dumps[first < w->n]);
    if (first == w->n) {
      first = i;
      continue;
    }
    const struct hash a = hall_digest(fn->hall), b = hall_digest(w->sim.f.nodes[first].hall);
    if (hash_equal(&a, &b) && !view_equal(bytes_view(&dumps[0]), bytes_view(&dumps[1]))) {
      world_break(w, "pure", "%s and %s have one frontier and two derived states", world_name(w, first), world_name(w, i));
    }
  }
}

/* ---- acknowledged ---- */

/* What the owner's people were promised stands where it was promised, once. */
static void promises_at_growth(struct world *w, uint32_t node, const struct hall_head *now) {
  const struct seat *seat = &w->seats[node];
  struct fixture_node *fn = &w->sim.f.nodes[node];
  struct bytes scratch;
  struct item item;
  struct log log;
  if (!hash_equal(&now->node, &fn->id) || log_find(fn->store, &now->node, 1, &log, NULL) != OK) return;
  bytes_init(&scratch, LIMIT_ITEM);
  for (uint32_t i = 0; i < seat->n_promises && w->broken == NULL; i++) {
    const struct promise *p = &seat->promises[i];
    if (w->restored.is_back && w->restored.node == node && now->size < w->restored.size && p->index >= now->size) continue;
    if (p->index >= now->size && roll_is_over(w, node, node)) continue; /* it has heard of its own removal */
    enum err_code code = entry_get(fn->store, entry_rowid(log.no, p->index), &scratch, &item, NULL);
    if (code != OK && code != ERR_NOT_FOUND) break;
    struct hash id = {{0}};
    if (code == OK) id = envelope_id(&w->sim.f.charter.fed_id, item.envelope);
    if (!hash_equal(&id, &p->id)) {
      world_break(w, "acknowledged", "%s promised a record at %" PRIu64 ", which is not there", fn->handle, p->index);
    }
  }
  bytes_release(&scratch);
}

static void held_at_growth(struct world *w, uint32_t node, const struct hall_head *now) {
  uint32_t owner = watch_owner(w, &now->node);
  const bool is_cut = now->size < w->watch->held[node][owner] && roll_is_cut(w, node, now);
  if (is_cut) w->watch->forgot[node][owner] = w->watch->held[node][owner];
  if (now->size < w->watch->held[node][owner] && !is_cut) {
    world_break(w, "acknowledged", "%s held %" PRIu64 " entries of %s, now %" PRIu64, world_name(w, node),
                w->watch->held[node][owner], world_name(w, owner), now->size);
  }
  promises_at_growth(w, node, now);
}

/* What an honest member tells of a log by its roll number, it holds. */
static void check_told(struct world *w, uint32_t from, uint32_t who, uint64_t roll, uint64_t size) {
  uint32_t owner = owner_by_roll(w, world_is_up(w, who) ? who : from, roll);
  bool is_held = owner < w->n_logs && (size <= w->watch->held[who][owner] || size <= w->watch->forgot[who][owner] ||
                                       (who == from && size <= size_at(w, who, owner)));
  if (is_held) return;
  world_break(w, "acknowledged", "%s told (%s) of %" PRIu64 " entries of a log (roll %" PRIu64 ") and holds fewer",
              world_name(w, who), world_name(w, from), size, roll);
}

/* One item of HOLDS, carried on as its holder signed it. What another than its holder sends is looked at once: what was held
 * then is held ever after. */
static void held_at_item(struct world *w, uint32_t from, struct view item) {
  struct holds *holds = &w->watch->holds;
  struct hash name;
  (void)crypto_generichash(name.b, sizeof name.b, item.p, item.len, NULL, 0);
  struct hash *place = &w->watch->true_holds[get_u64be(name.b) % TRUE_HOLDS];
  if (hash_equal(place, &name)) return;
  uint32_t who = holds_peek(item, holds) ? watch_owner(w, &holds->holder) : w->n_logs;
  bool is_true =
      who < w->n_logs && holds_open(item, &w->sim.f.charter.fed_id, &w->sim.f.nodes[who].node_key.pub, holds, NULL) == OK;
  if (!is_true) {
    world_break(w, "one-root", "%s passes on HOLDS that its holder did not sign", world_name(w, from));
    return;
  }
  for (uint32_t k = 0; k < holds->n && world_is_honest(w, who) && !w->seats[who].has_twin; k++)
    check_told(w, from, who, holds->rows[k].roll, holds->rows[k].size);
  if (from != who && w->broken == NULL) *place = name;
}

/* HEADS and HOLDS; a frame may have waited, and be of an earlier size. */
static void held_at_frame(struct world *w, uint32_t from, const struct message *m) {
  for (uint32_t i = 0; m->type == MSG_HEADS && i < m->u.heads.n; i++)
    check_told(w, from, from, m->u.heads.rows[i].roll, m->u.heads.rows[i].size);
  for (uint32_t i = 0; m->type == MSG_HOLDS && i < m->u.holds.n && w->broken == NULL; i++)
    held_at_item(w, from, m->u.holds.items[i]);
}

/* ---- one root ---- */

static void see_root(struct world *w, uint32_t owner, uint64_t size, const struct hash *root, const char *where) {
  struct watch *v = w->watch;
  if (owner == w->n_logs || !world_is_honest(w, owner) || size >= SIZES) return;
  if (v->roots[owner] == NULL) v->roots[owner] = calloc(SIZES, sizeof *v->roots[owner]);
  assert_non_null(v->roots[owner]);
  struct hash *known = &v->roots[owner][size];
  if (!hash_is_zero(known) && !hash_equal(known, root)) {
    world_break(w, "one-root", "%s has two roots for %" PRIu64 " (%s)", world_name(w, owner), size, where);
  }
  *known = *root;
}

static void root_at_growth(struct world *w, uint32_t node, const struct hall_head *now) {
  see_root(w, watch_owner(w, &now->node), now->size, &now->root, world_name(w, node));
}

static void root_at_frame(struct world *w, uint32_t from, const struct message *m) {
  for (uint32_t i = 0; m->type == MSG_CKPT && i < m->u.ckpt.n; i++) {
    struct checkpoint c;
    uint32_t owner = watch_owner(w, &m->u.ckpt.node);
    if (owner == w->n_logs || checkpoint_open(m->u.ckpt.texts[i], &w->sim.f.nodes[owner].node_key.pub, &c, NULL) != OK) {
      world_break(w, "one-root", "%s passes on a checkpoint that its owner did not sign", world_name(w, from));
      return;
    }
    see_root(w, owner, c.size, &c.root, "a frame");
  }
}

/* ---- converged ---- */

/* The largest that an honest machine holds of a log. */
static uint64_t most_held(const struct world *w, uint32_t owner) {
  uint64_t most = 0;
  for (uint32_t i = 0; i < w->n; i++) {
    if (!world_is_present(w, i)) continue;
    uint64_t size = size_at(w, i, owner);
    most = size > most ? size : most;
  }
  return most;
}

/* Who lacks something of which log; false: nobody. */
static bool find_lack(const struct world *w, uint32_t *node, uint32_t *owner) {
  for (*owner = 0; *owner < w->n_logs; ++*owner) {
    if (is_forked(w, *owner)) continue;
    uint64_t most = most_held(w, *owner);
    for (*node = 0; *node < w->n; ++*node) {
      if (world_is_present(w, *node) && size_at(w, *node, *owner) != most) return true;
    }
  }
  return false;
}

static bool are_all_up(const struct world *w) {
  for (uint32_t i = 0; i < w->n; i++) {
    if (!world_is_up(w, i) && !w->seats[i].is_outside) return false;
  }
  return true;
}

/* Bodies that are missing of logs whose owners are honest: they can be had. */
static uint32_t find_absent(const struct world *w) {
  for (uint32_t i = 0; i < w->n; i++) {
    struct hall *h = w->sim.f.nodes[i].hall;
    uint64_t index = 0;
    if (!world_is_present(w, i) || hall_bodies_missing(h) == 0) continue;
    for (uint32_t owner = 0; owner < w->n_logs; owner++) {
      if (world_is_honest(w, owner) && hall_absent(h, &w->sim.f.nodes[owner].id, 1, 0, &index, NULL) == OK) return i;
    }
  }
  return w->n;
}

/* What a machine that lacks something says of itself. */
static void tell_status(const struct world *w, uint32_t node) {
  if (!w->options->is_talkative) return;
  json_t *status = exchange_status(w->sim.nodes[node].exchange);
  char *text = status == NULL ? NULL : json_dumps(status, JSON_INDENT(1) | JSON_SORT_KEYS);
  world_say(w, "%s", text == NULL ? "" : text);
  free(text);
  json_decref(status);
}

/* ---- told ---- */

static void told_at_end(struct world *w) {
  const uint32_t owner = are_all_up(w) ? untold(w) : w->n_logs;
  if (owner == w->n_logs) return;
  for (uint32_t i = 0; i < w->n; i++) {
    if (world_is_honest(w, i)) tell_status(w, i);
  }
  world_break(w, "told", "not everybody keeps the same evidence of the fork of %s", world_name(w, owner));
}

bool watch_is_converged(struct world *w) {
  uint32_t node = 0, owner = 0;
  return are_all_up(w) && !find_lack(w, &node, &owner) && find_absent(w) == w->n && untold(w) == w->n_logs;
}

static void converged_at_end(struct world *w) {
  uint32_t node = 0, owner = 0;
  if (!are_all_up(w)) {
    world_break(w, "converged", "not everybody is up");
  } else if (find_lack(w, &node, &owner)) {
    tell_status(w, node);
    world_break(w, "converged", "%s holds %" PRIu64 " entries of %s, others %" PRIu64, world_name(w, node),
                size_at(w, node, owner), world_name(w, owner), most_held(w, owner));
  } else if ((node = find_absent(w)) != w->n) {
    world_break(w, "converged", "%s lacks bodies that others hold", world_name(w, node));
  }
}

/* ---- the table ---- */

const struct invariant INVARIANTS[] = {
    {"contiguous", "a log is entries 0 to size - 1, which fold to the root that its owner signed", NULL, contiguous_at_growth,
     NULL, NULL},
    {"pure", "what is derived follows from the octets alone: one root, one state, in any order, after any crash", NULL,
     pure_at_growth, NULL, pure_at_end},
    {"acknowledged", "a record whose receipt said logged stands there for ever; what was held or told of is held", NULL,
     held_at_growth, held_at_frame, NULL},
    {"one-root", "no honest owner signs two roots for one size, and nobody honest passes on what no owner signed", NULL,
     root_at_growth, root_at_frame, NULL},
    {"blameless", "no honest member is counted as guilty by an honest one, and none is held to have forked", guilt_at_step,
     NULL, NULL, NULL},
    {"ceilings", "queues, windows and questions in flight stay within their ceilings", ceilings_at_step, NULL, NULL, NULL},
    {"converged", "after the healing, in time, all honest members hold the same of every log that was not forked", NULL, NULL,
     NULL, converged_at_end},
    {"told", "after the healing every honest member keeps the same evidence of a log that was forked", NULL, NULL, NULL,
     told_at_end},
    {"one-list",
     "of each number there is one list of members, on every machine; it follows from the one before by the rules, and "
     "who has it keeps it",
     roll_at_step, NULL, NULL, NULL},
    {"steadfast", "no honest voice votes twice in a ballot, below a promise, or forgets what it voted for", NULL, NULL, NULL,
     NULL},
    {"cut", "of who was removed everybody keeps what stands up to the cut, and nothing above", NULL, roll_at_growth, NULL,
     roll_cut_at_end},
    {"reached",
     "after the healing, within as many ballots of each list as there are voices, and twice more: all who are present "
     "have the last list, and one frontier",
     NULL, NULL, NULL, roll_reached_at_end},
};
const uint32_t N_INVARIANTS = sizeof INVARIANTS / sizeof *INVARIANTS;

static void look_at_log(struct world *w, uint32_t node, const struct hall_head *now) {
  const bool is_copy = w->options->is_large && w->steps == 0 && node > 0; /* all begin with the disk of the first */
  for (uint32_t i = 0; i < N_INVARIANTS && !is_copy; i++) {
    if (INVARIANTS[i].at_growth != NULL) INVARIANTS[i].at_growth(w, node, now);
  }
  w->watch->held[node][watch_owner(w, &now->node)] = now->size;
  world_note(w, "holds", node, now->size, hash_view(&now->root));
}

static void look_at_logs(struct world *w, uint32_t node, bool all) {
  uint32_t n = 0;
  const struct hall_head *heads = hall_heads(w->sim.f.nodes[node].hall, &n);
  for (uint32_t i = 0; i < n; i++) {
    if (all || heads[i].size != w->watch->held[node][watch_owner(w, &heads[i].node)]) look_at_log(w, node, &heads[i]);
  }
  w->watch->digest[node] = hall_digest(w->sim.f.nodes[node].hall);
  (void)sqlite3_finalize(w->watch->question);
  w->watch->question = NULL;
}

void watch_started(struct world *w, uint32_t node) {
  if (!world_is_honest(w, node)) return;
  breakage_pause(true);
  for (uint32_t owner = 0; owner < w->n_logs; owner++) {
    if (size_at(w, node, owner) == 0 && w->watch->held[node][owner] > 0 && !roll_is_over(w, node, owner)) {
      world_break(w, "acknowledged", "%s has nothing left of %s", world_name(w, node), world_name(w, owner));
    }
  }
  look_at_logs(w, node, true);
  breakage_pause(false);
}

void watch_restored(struct world *w, uint32_t node) {
  memcpy(w->watch->forgot[node], w->watch->held[node], sizeof w->watch->forgot[node]);
  memset(w->watch->held[node], 0, sizeof w->watch->held[node]);
}

void watch_step(struct world *w, uint32_t node) {
  breakage_pause(true);
  const struct hash digest = hall_digest(w->sim.f.nodes[node].hall);
  if (!hash_equal(&digest, &w->watch->digest[node])) look_at_logs(w, node, false);
  bool is_due = !w->options->is_large || w->steps % LARGE_STEPS == 0; /* counters do not go back */
  for (uint32_t i = 0; i < N_INVARIANTS; i++) {
    if (is_due && INVARIANTS[i].at_step != NULL && w->broken == NULL) INVARIANTS[i].at_step(w, node);
  }
  breakage_pause(false);
}

void watch_frame(struct world *w, uint32_t from, struct view payload) {
  struct message *m = &w->watch->message;
  uint64_t type = message_type(payload);
  if ((type != MSG_HEADS && type != MSG_CKPT && type != MSG_HOLDS) || message_read(payload, m, NULL) != OK) return;
  breakage_pause(true);
  for (uint32_t i = 0; i < N_INVARIANTS; i++) {
    if (INVARIANTS[i].at_frame != NULL && w->broken == NULL) INVARIANTS[i].at_frame(w, from, m);
  }
  breakage_pause(false);
}

void watch_end(struct world *w) {
  breakage_pause(true);
  for (uint32_t i = 0; i < N_INVARIANTS; i++) {
    if (INVARIANTS[i].at_end != NULL && w->broken == NULL) INVARIANTS[i].at_end(w);
  }
  breakage_pause(false);
}
