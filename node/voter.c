/*
 * voter: see voter.h.
 */
#include "node/voter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "keys/log.h"
#include "node/admit.h"
#include "node/forks.h"
#include "node/hall.h"
#include "node/store/invitation.h"
#include "node/store/statement.h"
#include "protocol/canon.h"

#define STEPS_MAX 8u    /* records that one turn writes: a blank vote, a proposal and a vote are three */
#define RETRY_MS 10000u /* after an error */

/* ---- what is held ---- */

struct gathering {
  struct store *s;
  const struct federation *f;
  struct ballots *ballots;
  struct fork *forks; /* owned */
  uint32_t n_forks;
};

static bool add_fork(void *context, const struct fork *fork) {
  struct gathering *g = context;
  struct fork *forks = reallocarray(g->forks, g->n_forks + 1, sizeof *forks);
  if (forks == NULL) return false;
  g->forks = forks;
  forks[g->n_forks++] = *fork;
  return true;
}

/* Whether the cut of a generation has chosen the branch that is held: on its way there a log may still be on the other one. */
static bool is_at_cut(const struct generation *gen, const struct log *log) {
  if (gen == NULL || !gen->is_closed || log->range.size != gen->cut_size) return false;
  const struct hash root = merkle_root(&log->range);
  return hash_equal(&root, &gen->cut_root);
}

/* Whether an entry stands below every place where its log may have forked; where that is not known exactly, none does. */
static bool is_below_fork(const struct gathering *g, const struct log *log, uint64_t index) {
  if (is_at_cut(federation_generation(g->f, &log->node, log->gen), log)) return true;
  for (uint32_t i = 0; i < g->n_forks; i++) {
    const struct fork *fork = &g->forks[i];
    if (hash_equal(&fork->node, &log->node) && fork->gen == log->gen) return fork->exact && index < fork->from;
  }
  return true;
}

static enum err_code take(struct gathering *g, int64_t rowid, struct bytes *scratch, struct err *err) {
  struct log log;
  struct item item = {.state = ITEM_BODILESS};
  struct record record;
  bytes_clear(scratch);
  enum err_code code = log_by_no(g->s, entry_log_no(rowid), &log, err);
  if (code == OK && !is_below_fork(g, &log, entry_index(rowid))) return OK;
  if (code == OK) code = entry_get(g->s, rowid, scratch, &item, err);
  if (code != OK || record_reopen(item.envelope, &g->f->charter.fed_id, &record) != REASON_NONE) return code;
  return ballots_take(g->ballots, &record.id, &record.header, item.state == ITEM_WHOLE ? item.body : view_of(NULL, 0), err);
}

enum err_code voter_gather(struct store *s, const struct federation *f, const struct identities *ids, struct ballots **out,
                           struct err *err) {
  static const char sql[] = "SELECT id FROM authority WHERE kind > 3 ORDER BY id";
  struct gathering g = {.s = s, .f = f};
  struct bytes scratch;
  sqlite3_stmt *st = NULL;
  bool row = true;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = evidence_each(s, add_fork, &g, err);
  if (code == OK) code = ballots_new(&f->charter.fed_id, &f->epoch, ids, &g.ballots, err);
  if (code == OK) code = statement_new(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "ballots", err)) == OK && row)
    code = take(&g, sqlite3_column_int64(st, 0), &scratch, err);
  (void)sqlite3_finalize(st);
  bytes_release(&scratch);
  free(g.forks);
  if (code != OK) {
    ballots_free(g.ballots);
    return code;
  }
  *out = g.ballots;
  return OK;
}

/* ---- when to look ---- */

/* Whether this node can write what it should. */
static bool may_act(const struct hall *h) {
  const struct federation_member *self = federation_self(h->config.federation);
  return h->config.node_key != NULL && self != NULL && hall_may_write(h) &&
         hall_find(h, &self->member->node, self->identity.gen) != NULL;
}

static uint64_t patience_ms(uint64_t ballot) {
  return VOTER_PATIENCE_MS * (1 + (ballot < VOTER_PATIENCE_MOST ? ballot : VOTER_PATIENCE_MOST));
}

/* ---- writing ---- */

static bool holds_cut(void *context, const struct hash *node, const struct cut *cut) {
  struct hall *h = context;
  struct hash root;
  return federation_same_log(h->config.store, h->config.federation, node, cut->gen) &&
         hall_fold(h, node, cut->gen, cut->size, &root, NULL) == OK && hash_equal(&root, &cut->root);
}

/* How the own log has voted; may_act says that there is one. */
static enum err_code own_voting(struct hall *h, struct voting *out, struct err *err) {
  const struct federation_member *self = federation_self(h->config.federation);
  struct hall_log *log = hall_find(h, &self->member->node, self->identity.gen);
  const enum err_code code = hall_state(h, log, err);
  if (code == OK) *out = log->state->voting;
  return code;
}

/* One record of kind 4 or 5 into the own log; id: of it. */
static enum err_code write_record(struct hall *h, struct header *header, struct view body, struct hash *id,
                                  struct receipt_row *row, struct err *err) {
  enum err_code code = hall_must_write(h, err); /* in the outbox it might be another's turn by then */
  if (code == OK) code = hall_admit_own(h, header, body, row, err);
  if (code == OK && row->state != RECEIPT_LOGGED) {
    const enum reason reason = (enum reason)row->reason;
    (void)err_set(err, ERR_REFUSED, "%s: %s", reason_name(reason), reason_text(reason));
    return err_hint(err, "%s", reason_todo(reason));
  }
  if (code == OK) *id = row->id;
  return code;
}

static void note_doubt(struct hall *h, struct voter *v, const struct ballots *b) {
  const uint64_t now_ms = clock_ms(h->config.clock);
  if (now_ms < v->doubt_ms) return;
  v->doubts = v->is_doubtful = ballots_doubt(b, &v->doubted);
  if (!v->doubts) return;
  const uint64_t longer = 2 * v->doubt_wait_ms;
  v->doubt_wait_ms = longer == 0 ? VOTER_DOUBT_MS : longer < VOTER_DOUBT_MOST_MS ? longer : VOTER_DOUBT_MOST_MS;
  v->doubt_ms = now_ms + v->doubt_wait_ms;
}

bool hall_voter_doubt(struct hall *h, struct hash *node) {
  const bool doubts = h->voter.doubts;
  *node = h->voter.doubted;
  h->voter.doubts = false;
  return doubts;
}

/* Writes what the ballots say, step by step, until there is nothing to do. */
static enum err_code act(struct hall *h, struct ballots *b, bool pressed, struct voter *v, bool *moved, struct err *err) {
  struct ballot_self self = {
      .node = h->config.federation->own, .node_key = h->config.node_key, .holds = holds_cut, .context = h};
  enum err_code code = OK;
  bool waits = false;
  for (unsigned i = 0; i < STEPS_MAX && code == OK && !waits; i++) {
    struct ballot_move move = {.step = BALLOT_WAIT};
    struct receipt_row row;
    struct hash id;
    code = own_voting(h, &self.voting, err);
    if (code == OK) code = ballots_next(b, &self, pressed && i == 0, &move, &v->is_pending, err);
    waits = move.step == BALLOT_WAIT;
    struct header header = {.kind = move.kind, .has_subject = move.has_subject, .n_args = 2, .args = {move.epoch, move.ballot}};
    header.subject = move.subject;
    if (code == OK && !waits) code = write_record(h, &header, bytes_view(&move.body), &id, &row, err);
    if (code == OK && !waits) {
      *moved = true;
      code = ballots_take(b, &id, &header, bytes_view(&move.body), err);
    }
    ballot_move_release(&move);
  }
  note_doubt(h, v, b);
  if (code == OK) v->ballot = self.voting.epoch == h->config.federation->epoch.number + 1 ? self.voting.ballot : 0;
  return code;
}

/* ---- what was decided ---- */

static enum err_code decide(struct hall *h, struct ballots *b, bool *changed, struct err *err) {
  struct bytes item;
  struct hash lacking = {{0}};
  bool decided = false;
  *changed = false;
  bytes_init(&item, LIMIT_EPOCH_ITEM);
  enum err_code code = ballots_decided(b, &decided, &item, err);
  if (code == OK && decided) code = hall_epoch(h, bytes_view(&item), changed, &lacking, err);
  bytes_release(&item);
  return code;
}

/* One look at everything. */
static enum err_code turn(struct hall *h, struct voter *v, bool pressed, bool *moved, struct err *err) {
  struct federation_lookup lookup = {h->config.store, h->config.federation};
  const struct identities ids = federation_identities(&lookup);
  struct ballots *b = NULL;
  bool changed = false;
  const bool was_behind = h->is_behind;
  enum err_code code = hall_follow(h, err);
  if (code == OK) code = voter_gather(h->config.store, h->config.federation, &ids, &b, err);
  if (code == OK) code = decide(h, b, &changed, err);
  if (code == OK && !changed && may_act(h)) {
    code = act(h, b, pressed, v, moved, err);
    if (code == OK && *moved) code = decide(h, b, &changed, err);
  }
  if (changed) v->is_pending = false;
  ballots_free(b);
  *moved = *moved || changed || was_behind;
  return code;
}

void voter_touch(struct hall *h) {
  h->voter.is_seen = false;
}

static uint64_t patience_ends(const struct voter *v) {
  return v->is_pending ? v->since_ms + patience_ms(v->ballot) : UINT64_MAX;
}

/* The first asking may have reached nobody. */
static uint64_t doubt_ends(const struct voter *v) {
  return v->is_doubtful ? v->doubt_ms : UINT64_MAX;
}

enum err_code hall_voter_turn(struct hall *h, bool *moved, uint64_t *due_ms, struct err *err) {
  struct voter *v = &h->voter;
  const uint64_t now_ms = clock_ms(h->config.clock), before = v->ballot, epoch = h->config.federation->epoch.number;
  const bool pressed = now_ms >= patience_ends(v), was_pending = v->is_pending;
  enum err_code code = OK;
  *moved = false;
  const bool is_freed = !v->is_able && may_act(h);
  if (now_ms >= v->retry_ms && (!v->is_seen || pressed || is_freed || now_ms >= doubt_ends(v))) {
    v->is_seen = true; /* what is written now touches it again */
    v->is_able = may_act(h);
    code = turn(h, v, pressed, moved, err);
    v->retry_ms = code == OK ? 0 : now_ms + RETRY_MS;
    v->is_seen = v->is_seen && code == OK;
    if (epoch != h->config.federation->epoch.number) v->ballot = 0;
    if (pressed || v->ballot != before || v->is_pending != was_pending || epoch != h->config.federation->epoch.number)
      v->since_ms = now_ms;
  }
  const uint64_t later_ms = patience_ends(v) < doubt_ends(v) ? patience_ends(v) : doubt_ends(v);
  *due_ms = v->is_seen ? later_ms : v->retry_ms > now_ms ? v->retry_ms : now_ms;
  return code;
}

enum err_code hall_voter_run(struct hall *h, struct err *err) {
  enum err_code code = OK;
  bool moved = true;
  uint64_t due_ms = 0;
  for (unsigned i = 0; i < STEPS_MAX && code == OK && moved; i++)
    code = hall_voter_turn(h, &moved, &due_ms, err);
  return code;
}

/* ---- a wish ---- */

/* Whether this node may write that: what it says itself is asked of it, and what others gave it is somebody's word. */
static enum err_code allowed(const struct hall *h, const struct changes *all, bool consents, struct err *err) {
  const struct federation *f = h->config.federation;
  enum err_code code = OK;
  for (uint32_t i = 0; i < all->n && code == OK; i++) {
    const struct change *c = &all->list[i];
    if (consents) code = wish_allowed(f, &c->act, false, err);
    if (!consents && c->n == 0) code = err_set(err, ERR_REFUSED, "nobody consents to what would be proposed");
    for (uint32_t k = 0; k < c->n && code == OK; k++) {
      const struct consent *word = &c->consents[k];
      if (hash_equal(&word->node, &f->own)) {
        code = wish_allowed(f, &c->act, word->by_roots, err);
      } else if (!act_heeds(&c->act, &f->epoch, &word->node, word->by_roots)) {
        code = err_set(err, ERR_REFUSED, "a consent of who has no say in it");
      }
    }
  }
  return code;
}

/* Adds the own consent to every act. */
static enum err_code consent(struct hall *h, struct changes *all, struct err *err) {
  const struct federation *f = h->config.federation;
  const struct federation_member *self = federation_self(f);
  enum err_code code = OK;
  for (uint32_t i = 0; i < all->n && code == OK; i++) {
    struct consent own;
    consent_by_node(h->config.node_key, &f->charter.fed_id, all->list[i].act.octets, &f->own, self->identity.version, &own);
    code = change_consent(&all->list[i], &own, err);
  }
  return code;
}

/* Who asked this node to come in, and is proposed by it now, waits for it no more. */
static enum err_code answer_asks(struct hall *h, const struct changes *all, struct err *err) {
  struct store *s = h->config.store;
  enum err_code code = store_begin(s, err);
  if (code != OK) return code;
  for (uint32_t i = 0; i < all->n && code == OK; i++)
    code = all->list[i].act.kind == CHANGE_ADMIT ? invitation_answer(s, &all->list[i].act.node, err) : OK;
  if (code == OK) code = store_commit(s, err);
  if (code != OK) store_rollback(s);
  return code;
}

enum err_code hall_wish(struct hall *h, struct view changes, bool consents, struct receipt_row *row, struct err *err) {
  struct header header = {.kind = KIND_PROPOSE, .n_args = 2};
  struct changes *all = calloc(1, sizeof *all);
  struct bytes octets, body;
  struct hash id;
  if (all == NULL) return err_set(err, ERR_MEMORY, NULL);
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  bytes_init(&body, LIMIT_BODY);
  enum err_code code = hall_must_write(h, err);
  if (code == OK && (h->config.node_key == NULL || federation_self(h->config.federation) == NULL))
    code = err_set(err, ERR_REFUSED, "this node is no member: it has no say in who is");
  if (code == OK) code = changes_decode(changes, &h->config.federation->charter.fed_id, all, err);
  if (code == OK) code = allowed(h, all, consents, err);
  if (code == OK && consents) code = consent(h, all, err);
  if (code == OK) code = changes_encode(all, &octets, err);
  if (code == OK) code = proposal_encode(bytes_view(&octets), NULL, 0, &body, err);
  if (code == OK) code = write_record(h, &header, bytes_view(&body), &id, row, err);
  if (code == OK) code = answer_asks(h, all, err);
  changes_release(all);
  free(all);
  bytes_release(&octets);
  bytes_release(&body);
  return code;
}
