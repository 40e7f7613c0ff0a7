/*
 * breakage: see breakage.h.
 */
#include "tests/sim/breakage.h"

#include <stdio.h>
#include <string.h>

#include "node/exchange/inside.h"
#include "node/hall.h"
#include "protocol/ballot_inside.h"
#include "tests/sim/perjury.h"

const struct breakage BREAKAGES[] = {
    [BREAK_NONE] = {"none", "nothing is broken", "", false, 0},
    [BREAK_PROMISE] = {"promise", "a receipt says logged although the commit failed", " acknowledged ", false, 0},
    [BREAK_SYNC] = {"sync", "the disk says that it is written, and it is not", " acknowledged contiguous converged ", false, 0},
    [BREAK_RESTORE] = {"restore", "a machine comes back with the disk of an earlier day", " acknowledged ", false, 0},
    [BREAK_FOLD] = {"fold", "entries are taken that do not fold to the signed root", " contiguous ", false, 0},
    [BREAK_SWAP] = {"swap", "two entries of a log change places in the store", " contiguous acknowledged ", false, 0},
    [BREAK_GAP] = {"gap", "an entry vanishes from the store", " contiguous acknowledged ", false, 0},
    [BREAK_DERIVE] = {"derive", "whether a record has effect hangs on how many commits there were", " pure ", false, 0},
    [BREAK_TWIN] = {"twin", "two machines write with one key, and nobody says so", " one-root blameless ", false, 0},
    [BREAK_VERIFY] = {"verify", "checkpoints are believed without their signature", " blameless one-root contiguous converged ",
                      false, 0},
    [BREAK_BLAME] = {"blame", "what one member did is counted of the next", " blameless ", false, 0},
    [BREAK_GETS] = {"gets", "nobody counts the GETs in flight", " ceilings ", false, 0},
    [BREAK_QUEUE] = {"queue", "the queue of a link has no end", " ceilings ", false, 0},
    [BREAK_NEWS] = {"news", "nobody tells what changed since a session opened", " converged ", false, 0},
    [BREAK_QUORUM] = {"quorum", "a vote less than more than half makes a list", " one-list ", true, 0},
    [BREAK_FORGET] = {"forget", "a blank vote does not tell what was voted for, so a vote may change", " steadfast one-list ",
                      true, 0},
    [BREAK_CONSENTS] = {"consents", "a list may change without the consents that it takes", " one-list ", true, 0},
    [BREAK_BELIEVE] = {"believe", "whoever tells a list is believed without its votes", " one-list ", true, 4},
    [BREAK_CUT] = {"cut", "the log of who was removed is not cut", " cut converged ", true, 0},
    [BREAK_PATIENCE] = {"patience", "nobody opens another ballot", " reached ", true, 28},
};
const uint32_t N_BREAKAGES = sizeof BREAKAGES / sizeof *BREAKAGES;

static uint32_t in_force;
static bool paused;
static uint64_t n_commits;
static const struct checkpoint *finishing; /* of the pull that is being finished */

void breakage_set(uint32_t number) {
  in_force = number;
  n_commits = 0;
}

bool breakage_is(enum breakage_no number) {
  return in_force == (uint32_t)number && !paused;
}

void breakage_pause(bool is_paused) {
  paused = is_paused;
}

/* ---- disks ---- */

static void backup_name(const struct world *w, uint32_t node, char out[300]) {
  (void)snprintf(out, 300, "%s.backup", w->sim.f.nodes[node].dir);
}

void breakage_begin(struct world *w) {
  char backup[300];
  for (uint32_t i = 0; i < w->n; i++) {
    if (breakage_is(BREAK_SYNC)) disk_lie(w->seats[i].disk, true);
    if (!breakage_is(BREAK_RESTORE)) continue;
    fixture_close(&w->sim.f.nodes[i]);
    backup_name(w, i, backup);
    disk_copy(w->sim.f.nodes[i].dir, backup);
    fixture_open(&w->sim.f.nodes[i]);
  }
}

void breakage_end_of(struct world *w, uint32_t node) {
  char backup[300];
  if (!breakage_is(BREAK_RESTORE)) return;
  backup_name(w, node, backup);
  disk_copy(backup, w->sim.f.nodes[node].dir);
}

void breakage_over(struct world *w) {
  char backup[300];
  for (uint32_t i = 0; i < w->n && in_force == BREAK_RESTORE; i++) {
    backup_name(w, i, backup);
    disk_forget(backup);
  }
  breakage_set(BREAK_NONE);
}

/* ---- calls of the product ---- */

enum err_code __real_store_commit(struct store *s, struct err *err);
enum err_code __wrap_store_commit(struct store *s, struct err *err);
enum err_code __real_hall_pull_finish(struct pull *p, struct pull_result *result, struct err *err);
enum err_code __wrap_hall_pull_finish(struct pull *p, struct pull_result *result, struct err *err);
struct hash __real_merkle_root(const struct merkle_range *range);
struct hash __wrap_merkle_root(const struct merkle_range *range);
enum err_code __real_checkpoint_open(struct view text, const struct pubkey *key, struct checkpoint *out, struct err *err);
enum err_code __wrap_checkpoint_open(struct view text, const struct pubkey *key, struct checkpoint *out, struct err *err);
void __real_tally(struct exchange *x, uint32_t peer, enum counter c, uint64_t n);
void __wrap_tally(struct exchange *x, uint32_t peer, enum counter c, uint64_t n);
uint32_t __real_request_count(const struct exchange *x, uint32_t peer, uint64_t type);
uint32_t __wrap_request_count(const struct exchange *x, uint32_t peer, uint64_t type);
bool __real_xlink_say(struct exchange *x, struct exchange_link *l);
bool __wrap_xlink_say(struct exchange *x, struct exchange_link *l);
bool __real_heads_are_due(const struct exchange *x, const struct exchange_link *l);
bool __wrap_heads_are_due(const struct exchange *x, const struct exchange_link *l);

enum err_code __real_ballots_decided(struct ballots *b, bool *decided, struct bytes *item, struct err *err);
enum err_code __wrap_ballots_decided(struct ballots *b, bool *decided, struct bytes *item, struct err *err);
enum err_code __real_ballots_next(struct ballots *b, const struct ballot_self *self, bool pressed, struct ballot_move *out,
                                  bool *pending, struct err *err);
enum err_code __wrap_ballots_next(struct ballots *b, const struct ballot_self *self, bool pressed, struct ballot_move *out,
                                  bool *pending, struct err *err);
enum err_code __real_epoch_item_verify(struct view octets, const struct hash *fed_id, const struct epoch *before,
                                       const struct identities *identities, struct epoch *out, struct changes *changes,
                                       struct hash *lacking, struct err *err);
enum err_code __wrap_epoch_item_verify(struct view octets, const struct hash *fed_id, const struct epoch *before,
                                       const struct identities *identities, struct epoch *out, struct changes *changes,
                                       struct hash *lacking, struct err *err);
enum err_code __real_change_authorise(const struct change *change, const struct hash *fed_id, const struct epoch *epoch,
                                      const struct identities *identities, bool newest, struct hash *lacking, struct err *err);
enum err_code __wrap_change_authorise(const struct change *change, const struct hash *fed_id, const struct epoch *epoch,
                                      const struct identities *identities, bool newest, struct hash *lacking, struct err *err);
bool __real_change_settle(struct change *c, const struct epoch *epoch);
bool __wrap_change_settle(struct change *c, const struct epoch *epoch);
bool __real_voting_allows(const struct voting *v, uint64_t epoch, uint64_t ballot, bool blank, const struct vote_body *vote);
bool __wrap_voting_allows(const struct voting *v, uint64_t epoch, uint64_t ballot, bool blank, const struct vote_body *vote);
enum err_code __real_hall_apply_cuts(struct hall *h, const struct hash *node, struct err *err);
enum err_code __wrap_hall_apply_cuts(struct hall *h, const struct hash *node, struct err *err);

/* Every third commit of the run is followed by a little mischief. */
enum err_code __wrap_store_commit(struct store *s, struct err *err) {
  static const char *const MISCHIEF[] = {
      [BREAK_SWAP] = "UPDATE entry SET (envelope, leaf) = (SELECT envelope, leaf FROM entry e WHERE e.id = entry.id - 1) "
                     "WHERE id = (SELECT max(id) FROM entry)",
      [BREAK_GAP] = "DELETE FROM entry WHERE id = (SELECT max(id) FROM entry)",
      [BREAK_DERIVE] = "INSERT OR REPLACE INTO held(id, reason) SELECT max(id), 11 FROM entry",
      [BREAK_END] = NULL,
  };
  enum err_code code = __real_store_commit(s, err);
  if (code == OK && !paused && MISCHIEF[in_force] != NULL && ++n_commits % 3 == 0) {
    (void)sqlite3_exec(store_db(s), MISCHIEF[in_force], NULL, NULL, NULL);
  }
  return code;
}

enum err_code __wrap_hall_pull_finish(struct pull *p, struct pull_result *result, struct err *err) {
  finishing = hall_pull_checkpoint(p);
  enum err_code code = __real_hall_pull_finish(p, result, err);
  finishing = NULL;
  return code;
}

struct hash __wrap_merkle_root(const struct merkle_range *range) {
  bool is_it = breakage_is(BREAK_FOLD) && finishing != NULL && finishing->size == range->size;
  return is_it ? finishing->root : __real_merkle_root(range);
}

enum err_code __wrap_checkpoint_open(struct view text, const struct pubkey *key, struct checkpoint *out, struct err *err) {
  return breakage_is(BREAK_VERIFY) ? checkpoint_read(text, out, err) : __real_checkpoint_open(text, key, out, err);
}

void __wrap_tally(struct exchange *x, uint32_t peer, enum counter c, uint64_t n) {
  bool is_guilt = c == COUNT_PULL_MISMATCH || c == COUNT_DATA_FORMAT || c == COUNT_HEADS_UNBACKED || c == COUNT_MESSAGE_FORMAT;
  if (breakage_is(BREAK_BLAME) && is_guilt && peer != NONE) peer = (peer + 1) % x->n_peers;
  __real_tally(x, peer, c, n);
}

uint32_t __wrap_request_count(const struct exchange *x, uint32_t peer, uint64_t type) {
  return breakage_is(BREAK_GETS) ? 0 : __real_request_count(x, peer, type);
}

bool __wrap_xlink_say(struct exchange *x, struct exchange_link *l) {
  if (breakage_is(BREAK_QUEUE)) l->n_out = 0;
  return __real_xlink_say(x, l);
}

bool __wrap_heads_are_due(const struct exchange *x, const struct exchange_link *l) {
  return !breakage_is(BREAK_NEWS) && __real_heads_are_due(x, l);
}

/* ---- calls about who is a member ---- */

/* The epoch with so few voices that half of the true ones are more than half. */
static struct epoch fewer_voices(const struct epoch *e) {
  struct epoch fewer = *e;
  if (e->n_leads > 1) fewer.n_leads -= e->n_leads % 2 == 0 ? 1 : 2;
  return fewer;
}

enum err_code __wrap_ballots_decided(struct ballots *b, bool *decided, struct bytes *item, struct err *err) {
  if (!breakage_is(BREAK_QUORUM)) return __real_ballots_decided(b, decided, item, err);
  const struct epoch *before = b->epoch, fewer = fewer_voices(before);
  b->epoch = &fewer;
  const enum err_code code = __real_ballots_decided(b, decided, item, err);
  b->epoch = before;
  return code;
}

enum err_code __wrap_ballots_next(struct ballots *b, const struct ballot_self *self, bool pressed, struct ballot_move *out,
                                  bool *pending, struct err *err) {
  struct ballot_self other = *self;
  if (breakage_is(BREAK_FORGET)) other.voting.has_last = false;
  return __real_ballots_next(b, &other, pressed && !breakage_is(BREAK_PATIENCE), out, pending, err);
}

/* What the changes of an item make, whoever voted for them. */
static enum err_code believe(struct view octets, const struct hash *fed_id, const struct epoch *before, struct epoch *out,
                             struct changes *changes, struct err *err) {
  struct epoch_item item;
  struct changes made = {.n = 0};
  struct bytes body;
  bytes_init(&body, LIMIT_CHARTER);
  enum err_code code = epoch_item_decode(octets, &item, err);
  if (code == OK) code = changes_decode(item.changes, fed_id, &made, err);
  if (code == OK) code = changes_apply(&made, before, &body, out, err);
  bytes_release(&body);
  if (code == OK && changes != NULL) {
    *changes = made;
  } else {
    changes_release(&made);
  }
  return code;
}

enum err_code __wrap_epoch_item_verify(struct view octets, const struct hash *fed_id, const struct epoch *before,
                                       const struct identities *identities, struct epoch *out, struct changes *changes,
                                       struct hash *lacking, struct err *err) {
  const struct epoch fewer = fewer_voices(before);
  const struct epoch *from = breakage_is(BREAK_QUORUM) ? &fewer : before;
  const enum err_code code = __real_epoch_item_verify(octets, fed_id, from, identities, out, changes, lacking, err);
  const bool is_believed = breakage_is(BREAK_BELIEVE) && (code == ERR_INCOMPLETE || code == ERR_SIGNATURE);
  return is_believed ? believe(octets, fed_id, before, out, changes, err) : code;
}

enum err_code __wrap_change_authorise(const struct change *change, const struct hash *fed_id, const struct epoch *epoch,
                                      const struct identities *identities, bool newest, struct hash *lacking, struct err *err) {
  return breakage_is(BREAK_CONSENTS) ? OK : __real_change_authorise(change, fed_id, epoch, identities, newest, lacking, err);
}

bool __wrap_change_settle(struct change *c, const struct epoch *epoch) {
  return __real_change_settle(c, epoch) || breakage_is(BREAK_CONSENTS);
}

/* Who forgets is allowed to; and a liar writes into its own log what it likes. */
bool __wrap_voting_allows(const struct voting *v, uint64_t epoch, uint64_t ballot, bool blank, const struct vote_body *vote) {
  const bool is_forgotten = breakage_is(BREAK_FORGET) && blank;
  return is_forgotten || perjury_is_under_way() || __real_voting_allows(v, epoch, ballot, blank, vote);
}

enum err_code __wrap_hall_apply_cuts(struct hall *h, const struct hash *node, struct err *err) {
  return breakage_is(BREAK_CUT) ? OK : __real_hall_apply_cuts(h, node, err);
}
