/*
 * proposals: which proposals are lawful, and what the own node does next (docs/protocol.md 6.5). Prototypes stand in ballot.h.
 *
 * Nothing here trusts what a record says of another: a blank vote is looked up in its voice's log, and what it names there too.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/ballot_inside.h"
#include "protocol/canon.h"

/* ---- rule 3: what a ballot must repeat ---- */

enum finding { FINDING_FREE, FINDING_REPEAT, FINDING_SEVERAL };

/* Whether more than half can have voted for a hash in a ballot: those of the blanks that name it, and all who sent none. */
static bool may_be_chosen(const struct ballots *b, const struct ballot_vote *const *blanks, uint32_t n, uint64_t ballot,
                          const struct hash *hash) {
  uint32_t n_named = b->epoch->n_leads - n;
  for (uint32_t i = 0; i < n; i++) {
    const struct vote_body *v = &blanks[i]->body;
    n_named += v->has_last && v->last_ballot == ballot && hash_equal(&v->hash, hash);
  }
  return n_named > b->epoch->n_leads / 2;
}

/* What blanks of one ballot, of n voices, leave open; *hash: what is to be repeated. */
static enum finding blanks_find(const struct ballots *b, const struct ballot_vote *const *blanks, uint32_t n,
                                struct hash *hash) {
  const struct vote_body *top = NULL;
  const struct vote_body *left = NULL;
  bool several = false;
  for (uint32_t i = 0; i < n; i++) {
    const struct vote_body *v = &blanks[i]->body;
    if (v->has_last && (top == NULL || v->last_ballot > top->last_ballot)) top = v;
  }
  if (top == NULL) return FINDING_FREE;
  *hash = top->hash;
  for (uint32_t i = 0; i < n; i++) {
    const struct vote_body *v = &blanks[i]->body;
    several = several || (v->has_last && v->last_ballot == top->last_ballot && !hash_equal(&v->hash, &top->hash));
  }
  for (uint32_t i = 0; several && i < n; i++) {
    const struct vote_body *v = &blanks[i]->body;
    if (!v->has_last || v->last_ballot != top->last_ballot) continue;
    if (!may_be_chosen(b, blanks, n, top->last_ballot, &v->hash)) continue;
    if (left != NULL && !hash_equal(&left->hash, &v->hash)) return FINDING_SEVERAL;
    left = v;
  }
  if (several && left == NULL) return FINDING_FREE;
  if (left != NULL) *hash = left->hash;
  return FINDING_REPEAT;
}

/* ---- rules 1 and 2 ---- */

static const struct proposal *proposal_of(const struct ballots *b, const struct hash *id) {
  for (size_t i = 0; i < b->n_proposals; i++) {
    if (hash_equal(&b->proposals[i].id, id)) return &b->proposals[i];
  }
  return NULL;
}

/* Whether what a blank vote names was a vote for a lawful proposal, which stands in its voice's log. */
static bool blank_is_usable(const struct ballots *b, const struct ballot_vote *blank) {
  const struct vote_body *body = &blank->body;
  if (!body->has_last) return true;
  const struct ballot_vote *last = ballots_vote_of(b, blank->voice, body->last_ballot, false);
  if (last == NULL || !hash_equal(&last->body.hash, &body->hash)) return false;
  const struct proposal *p = proposal_of(b, &last->subject);
  return p != NULL && p->lawful && p->ballot == body->last_ballot && hash_equal(&p->hash, &body->hash);
}

static bool stands_in(const struct hash *ids, uint32_t n, const struct hash *id) {
  for (uint32_t i = 0; i < n; i++) {
    if (hash_equal(&ids[i], id)) return true;
  }
  return false;
}

/* The usable blanks of a ballot, one a voice: all of them, or those that ids names. Returns how many. */
static uint32_t blanks_gather(const struct ballots *b, uint64_t ballot, const struct hash *ids, uint32_t n_ids,
                              const struct ballot_vote *out[LIMIT_MEMBERS]) {
  uint32_t n = 0;
  for (uint32_t voice = 0; voice < b->epoch->n_leads; voice++) {
    const struct ballot_vote *v = ballots_vote_of(b, voice, ballot, true);
    if (v == NULL || (ids != NULL && !stands_in(ids, n_ids, &v->id)) || !blank_is_usable(b, v)) continue;
    out[n++] = v;
  }
  return n;
}

/* Rules 2 and 3, for a sound proposal. Those of lower ballots are settled. */
static void proposal_settle(const struct ballots *b, struct proposal *p) {
  const struct ballot_vote *blanks[LIMIT_MEMBERS];
  struct hash named = {.b = {0}};
  p->repeats = false;
  p->lawful = p->sound;
  if (!p->sound || p->ballot == 0) return;
  uint32_t n = blanks_gather(b, p->ballot, p->blanks, p->n_blanks, blanks);
  p->lawful = n == p->n_blanks && n > b->epoch->n_leads / 2;
#ifdef SPECOLA_BREAK_REPEATING /* a test's: rule 3 left out, so that tests/protocol/test_ballot_safety must find a split */
  return;
#endif
  if (!p->lawful) return;
  switch (blanks_find(b, blanks, n, &named)) {
  case FINDING_FREE:
    break;
  case FINDING_REPEAT:
    p->repeats = true;
    p->lawful = hash_equal(&p->hash, &named);
    break;
  case FINDING_SEVERAL:
    p->lawful = false;
    break;
  }
}

/* Settles all proposals, by rising ballot. */
static void ballots_settle(struct ballots *b) {
  struct bytes body;
  bytes_init(&body, LIMIT_CHARTER);
  for (size_t i = 0; i < b->n_proposals; i++) {
    struct proposal *p = &b->proposals[i];
    struct hash lacking = {{0}};
    enum err_code code = p->sound || p->hopeless ? OK : ballots_make(b, p, &body, &lacking);
    if (!hash_is_zero(&lacking)) ballots_note_doubt(b, &lacking);
    p->hopeless = p->hopeless || (code != OK && code != ERR_NOT_FOUND && code != ERR_MEMORY);
    if (!p->sound && !p->hopeless && code == OK) {
      p->sound = true;
      p->hash = hash_of(HASH_EPOCH, bytes_view(&body), view_of(NULL, 0));
    }
    proposal_settle(b, p);
  }
  bytes_release(&body);
}

/* ---- a voter's closer look at what nobody voted for yet ---- */

static bool keys_clash(const struct identity *a, const struct identity *b) {
  const uint8_t *theirs[] = {b->curve, b->has_curve_next ? b->curve_next : b->curve};
  if (pubkey_equal(&a->node_key, &b->node_key)) return true;
  for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++) {
    if (memcmp(a->curve, theirs[i], 32) == 0 || (a->has_curve_next && memcmp(a->curve_next, theirs[i], 32) == 0)) return true;
  }
  return false;
}

/* Whether a newcomer's keys are its own, among members and the other newcomers. */
static bool keys_are_fresh(const struct ballots *b, const struct changes *changes, const struct act *act) {
  struct identity id;
  for (uint32_t i = 0; i < b->epoch->n_members; i++) {
    bool held = b->identities->find(b->identities->context, &b->epoch->members[i].node, 0, &id);
    if (held && keys_clash(&act->identity, &id)) return false;
  }
  for (uint32_t i = 0; i < changes->n; i++) {
    const struct act *other = &changes->list[i].act;
    if (other != act && other->kind == CHANGE_ADMIT && keys_clash(&act->identity, &other->identity)) return false;
  }
  return true;
}

/* What is looked at beside the consents. */
static bool act_is_welcome(const struct ballots *b, const struct ballot_self *self, const struct changes *changes, uint32_t i) {
  const struct act *act = &changes->list[i].act;
  if (act->kind == CHANGE_ADMIT) return keys_are_fresh(b, changes, act);
  return act->kind != CHANGE_REMOVE || !act->has_cut || self->holds(self->context, &act->node, &act->cut);
}

static bool is_welcome(const struct ballots *b, const struct ballot_self *self, const struct proposal *p) {
  struct changes changes = {.n = 0};
  if (p->repeats) return true;
  bool welcome = changes_decode(bytes_view(&p->changes), &b->fed_id, &changes, NULL) == OK;
  for (uint32_t i = 0; i < changes.n && welcome; i++)
    welcome = change_authorise(&changes.list[i], &b->fed_id, b->epoch, b->identities, true, NULL, NULL) == OK &&
              act_is_welcome(b, self, &changes, i);
  changes_release(&changes);
  return welcome;
}

/* ---- moves ---- */

/* The own place: what was said last for the coming epoch. */
struct place {
  uint32_t voice;
  bool stands; /* in ballot; else nothing was said yet */
  uint64_t ballot;
  bool blank;
};

void ballot_move_release(struct ballot_move *m) {
  bytes_release(&m->body);
  *m = (struct ballot_move){.step = BALLOT_WAIT};
}

static enum err_code move_begin(const struct ballots *b, enum ballot_step step, uint64_t ballot, struct ballot_move *out) {
  *out = (struct ballot_move){.step = step, .kind = step == BALLOT_PROPOSE ? KIND_PROPOSE : KIND_VOTE};
  out->epoch = b->epoch->number + 1;
  out->ballot = ballot;
  bytes_init(&out->body, LIMIT_BODY);
  return OK;
}

/* The highest lawful proposal that may be voted for; NULL: none. */
static const struct proposal *votable(const struct ballots *b, const struct ballot_self *self, const struct place *own) {
  for (size_t i = b->n_proposals; i-- > 0;) {
    const struct proposal *p = &b->proposals[i];
    if (own->stands && (p->ballot < own->ballot || (p->ballot == own->ballot && !own->blank))) return NULL;
    if (p->lawful && is_welcome(b, self, p)) return p;
  }
  return NULL;
}

static enum err_code move_vote(const struct ballots *b, const struct ballot_self *self, const struct proposal *p,
                               struct ballot_move *out, struct err *err) {
  struct vote_body vote = {.hash = p->hash};
  enum err_code code = move_begin(b, BALLOT_VOTE, p->ballot, out);
  out->has_subject = true;
  out->subject = p->id;
  vote.signature = vote_sign(self->node_key, &b->fed_id, out->epoch, p->ballot, &p->hash);
  return code == OK ? vote_encode(&vote, false, &out->body, err) : code;
}

static enum err_code move_blank(const struct ballots *b, const struct ballot_self *self, uint64_t ballot,
                                struct ballot_move *out, struct err *err) {
  const struct voting *v = &self->voting;
  struct vote_body blank = {.hash = v->last_hash, .has_last = true, .last_ballot = v->last_ballot};
  enum err_code code = move_begin(b, BALLOT_BLANK, ballot, out);
  if (v->epoch != out->epoch || !v->has_last) return code;
  return code == OK ? vote_encode(&blank, true, &out->body, err) : code;
}

/* ---- proposing ---- */

/* Puts a change into a bundle, if all of it then makes an epoch and keeps its limits; else the bundle stays as it was. */
static enum err_code bundle_change(const struct ballots *b, struct change *change, struct changes *bundle, struct err *err) {
  struct view act = change->act.octets;
  struct bytes room;
  enum err_code code = changes_add(bundle, change, NULL);
  if (code != OK) return OK; /* it stands there, or there is no room */
  bytes_init(&room, LIMIT_CHARTER);
  code = changes_apply(bundle, b->epoch, &room, NULL, NULL);
  bytes_clear(&room);
  if (code == OK) code = changes_encode(bundle, &room, NULL);
  if (code != OK) changes_drop(bundle, act);
  bytes_release(&room);
  return code == ERR_MEMORY ? err_set(err, code, NULL) : OK;
}

static enum err_code bundle_wish(const struct ballots *b, const struct ballot_self *self, size_t i, struct changes *bundle,
                                 struct err *err) {
  struct changes alone = {.n = 1};
  struct err why = ERR_INIT;
  bool fits = false;
  enum err_code code = ballots_weigh(b, i, &alone.list[0], &fits, &why);
  if (code != OK) return err_set(err, code, "wish: %s", why.message);
  bool ripe = change_settle(&alone.list[0], b->epoch) && act_is_welcome(b, self, &alone, 0);
  for (uint32_t k = 0; ripe && k < bundle->n && alone.list[0].act.kind == CHANGE_ADMIT; k++)
    ripe = bundle->list[k].act.kind != CHANGE_ADMIT || !keys_clash(&alone.list[0].act.identity, &bundle->list[k].act.identity);
  if (ripe) code = bundle_change(b, &alone.list[0], bundle, err);
  change_release(&alone.list[0]);
  return code;
}

/* What is ripe, as much of it as makes an epoch together: what waits for another (an associate's lead) comes in a later round.
 */
static enum err_code bundle_ripe(const struct ballots *b, const struct ballot_self *self, struct changes *bundle,
                                 struct err *err) {
  enum err_code code = OK;
  uint32_t before = 0;
  do {
    before = bundle->n;
    for (size_t i = 0; i < b->n_wishes && code == OK; i++)
      code = bundle_wish(b, self, i, bundle, err);
  } while (code == OK && bundle->n > before);
  return code;
}

/* The octets of what is to be proposed: what must be repeated, or the bundle. False: nothing, or not yet. */
static bool changes_to_propose(const struct ballots *b, enum finding finding, const struct hash *named,
                               const struct changes *bundle, struct bytes *out) {
  if (finding == FINDING_SEVERAL || (finding == FINDING_FREE && bundle->n == 0)) return false;
  if (finding == FINDING_FREE) return changes_encode(bundle, out, NULL) == OK;
  for (size_t i = 0; i < b->n_proposals; i++) {
    const struct proposal *p = &b->proposals[i];
    if (p->sound && hash_equal(&p->hash, named)) return bytes_append(out, bytes_view(&p->changes), NULL) == OK;
  }
  return false;
}

static int compare_hashes(const void *a, const void *b) {
  return hash_compare(a, b);
}

/* Whether the own node is the proposer of the ballot in which it stands, and has not proposed; one that nobody looks at is not
 * made. */
static bool is_own_turn(const struct ballots *b, const struct place *own) {
  uint64_t ballot = own->stands ? own->ballot : 0;
  if (ballots_turn(b, ballot) != own->voice || (own->stands && !own->blank)) return false;
  uint32_t n_own = 0;
  for (size_t i = 0; i < b->n_proposals; i++) {
    if (b->proposals[i].ballot == ballot) return false;
    n_own += ballots_turn(b, b->proposals[i].ballot) == own->voice;
  }
  return n_own < BALLOT_PROPOSALS;
}

static enum err_code move_propose(const struct ballots *b, const struct place *own, const struct changes *bundle,
                                  struct ballot_move *out, struct err *err) {
  const struct ballot_vote *blanks[LIMIT_MEMBERS];
  struct hash ids[LIMIT_MEMBERS];
  struct hash named = {.b = {0}};
  uint64_t ballot = own->stands ? own->ballot : 0;
  uint32_t n = ballot == 0 ? 0 : blanks_gather(b, ballot, NULL, 0, blanks);
  struct bytes changes;
  if (ballot > 0 && n <= b->epoch->n_leads / 2) return OK;
  for (uint32_t i = 0; i < n; i++)
    ids[i] = blanks[i]->id;
  qsort(ids, n, sizeof ids[0], compare_hashes);
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  enum err_code code = OK;
#ifdef SPECOLA_BREAK_REPEATING
  enum finding finding = FINDING_FREE;
#else
  enum finding finding = blanks_find(b, blanks, n, &named);
#endif
  if (changes_to_propose(b, finding, &named, bundle, &changes)) {
    code = move_begin(b, BALLOT_PROPOSE, ballot, out);
    if (code == OK) code = proposal_encode(bytes_view(&changes), ids, n, &out->body, err);
  }
  bytes_release(&changes);
  return code;
}

/* ---- which ballot ---- */

static int compare_ballots(const void *a, const void *b) {
  const uint64_t *x = a;
  const uint64_t *y = b;
  return (*x > *y) - (*x < *y);
}

/* The highest ballot to go to: n above the highest in which more than half stand. *seen: the highest in which more than a third
 * stand: fewer, be they liars, hurry nobody on before he could vote. */
static uint64_t ballots_ceiling(const struct ballots *b, uint64_t *seen) {
  uint64_t at[LIMIT_MEMBERS] = {0};
  uint32_t n = b->epoch->n_leads;
  for (uint32_t i = 0; i < n; i++)
    (void)ballots_stand(b, i, &at[i]);
  qsort(at, n, sizeof at[0], compare_ballots);
  uint64_t ceiling = at[n - 1 - n / 2] + n; /* n / 2 + 1 voices stand at that ballot or above */
  if (ceiling > LIMIT_BALLOT) ceiling = LIMIT_BALLOT;
  *seen = at[n - 1 - n / 3] < ceiling ? at[n - 1 - n / 3] : ceiling;
#ifdef SPECOLA_BREAK_REPEATING /* the test's voices hurry each other, so that a split comes soon */
  for (uint32_t i = 0; i < n; i++)
    *seen = at[i] <= ceiling ? at[i] : *seen;
#endif
  return ceiling;
}

/* The ballot to promise now: a higher one in which others stand, or, pressed, the next one; 0: none. */
static uint64_t ballot_to_open(const struct ballots *b, const struct place *own, bool pressed) {
  uint64_t seen = 0;
  uint64_t ceiling = ballots_ceiling(b, &seen);
  uint64_t at = own->stands ? own->ballot : 0;
  if (seen > at) return seen;
  return pressed && at < ceiling ? at + 1 : 0;
}

/* Whether somebody voted, or there is what may be voted for. */
static bool is_under_way(const struct ballots *b) {
  for (size_t i = 0; i < b->n_votes; i++) {
    if (!b->votes[i].blank) return true;
  }
  for (size_t i = 0; i < b->n_proposals; i++) {
    if (b->proposals[i].lawful) return true;
  }
  return false;
}

static enum err_code move_find(struct ballots *b, const struct ballot_self *self, const struct place *own, bool pressed,
                               const struct changes *bundle, struct ballot_move *out, struct err *err) {
  const struct proposal *p = votable(b, self, own);
  if (p != NULL) return move_vote(b, self, p, out, err);
  enum err_code code = is_own_turn(b, own) ? move_propose(b, own, bundle, out, err) : OK;
  if (code != OK || out->step != BALLOT_WAIT) return code;
  uint64_t ballot = ballot_to_open(b, own, pressed);
  return ballot > 0 ? move_blank(b, self, ballot, out, err) : OK;
}

bool ballots_doubt(const struct ballots *b, struct hash *node) {
  const struct member *last = epoch_by_node(b->epoch, node);
  const size_t n = b->epoch->n_members, before = last == NULL ? n - 1 : (size_t)(last - b->epoch->members);
  for (size_t i = 1; i <= n; i++) {
    const size_t at = (before + i) % n;
    if (!b->doubts[at]) continue;
    *node = b->epoch->members[at].node;
    return true;
  }
  return false;
}

enum err_code ballots_next(struct ballots *b, const struct ballot_self *self, bool pressed, struct ballot_move *out,
                           bool *pending, struct err *err) {
  struct changes bundle = {.n = 0};
  struct place own = {.voice = 0};
  const uint64_t coming = b->epoch->number + 1;
  *out = (struct ballot_move){.step = BALLOT_WAIT};
  if (pending != NULL) *pending = false;
  if (!ballots_voice(b, &self->node, &own.voice) || self->voting.epoch > coming) return OK;
  own.stands = self->voting.epoch == coming;
  own.ballot = own.stands ? self->voting.ballot : 0;
  own.blank = own.stands && self->voting.blank;
  ballots_settle(b);
  enum err_code code = bundle_ripe(b, self, &bundle, err);
  const bool is_pending = code == OK && (bundle.n > 0 || is_under_way(b));
  const uint64_t ballot = code == OK && !is_pending ? ballot_to_open(b, &own, false) : 0;
  if (is_pending) code = move_find(b, self, &own, pressed, &bundle, out, err);
  if (ballot > 0) code = move_blank(b, self, ballot, out, err); /* others see what is not seen here */
  if (pending != NULL) *pending = is_pending;
  changes_release(&bundle);
  if (code != OK) ballot_move_release(out);
  return code;
}
