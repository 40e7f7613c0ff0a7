/*
 * ballot: records in, wishes and the decision out (docs/protocol.md 6.5). What is lawful, and the next move, in proposals.c.
 */
#include "protocol/ballot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/ballot_inside.h"

/* What one voice's records may take here, so that who floods spoils only ballots and wishes of its own. */
#define VOTES_PER_VOICE 65536u
#define WISHES_PER_MEMBER 256u
#define UNTRUE_PER_MEMBER 256u /* consents that do not verify: what a signature costs is no weapon */

enum err_code ballots_new(const struct hash *fed_id, const struct epoch *epoch, const struct identities *identities,
                          struct ballots **out, struct err *err) {
  struct ballots *b = calloc(1, sizeof *b);
  if (b == NULL) return err_set(err, ERR_MEMORY, NULL);
  b->fed_id = *fed_id;
  b->epoch = epoch;
  b->identities = identities;
  *out = b;
  return OK;
}

void ballots_free(struct ballots *b) {
  if (b == NULL) return;
  for (size_t i = 0; i < b->n_proposals; i++) {
    bytes_release(&b->proposals[i].changes);
    free(b->proposals[i].blanks);
  }
  for (size_t i = 0; i < b->n_wishes; i++)
    change_release(&b->wishes[i].change);
  change_release(&b->shown);
  free(b->votes);
  free(b->proposals);
  free(b->wishes);
  free(b);
}

/* ---- voices ---- */

bool ballots_voice(const struct ballots *b, const struct hash *node, uint32_t *voice) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < b->epoch->n_members; i++) {
    const struct member *m = &b->epoch->members[i];
    if (hash_equal(&m->node, node)) {
      *voice = n;
      return !m->has_lead;
    }
    n += !m->has_lead;
  }
  return false;
}

uint32_t ballots_turn(const struct ballots *b, uint64_t ballot) {
  return (uint32_t)((b->epoch->number % b->epoch->n_leads + ballot % b->epoch->n_leads) % b->epoch->n_leads);
}

const struct member *ballot_proposer(const struct epoch *e, uint64_t ballot) {
  const struct ballots b = {.epoch = e};
  return epoch_voice(e, ballots_turn(&b, ballot));
}

bool ballots_signed_by(const struct ballots *b, const struct hash *node, const struct pubkey *key, uint64_t *version) {
  struct identity id;
  if (!b->identities->find(b->identities->context, node, 0, &id)) return false;
  while (!pubkey_equal(&id.node_key, key)) {
    if (id.version == 1 || !b->identities->find(b->identities->context, node, id.version - 1, &id)) return false;
  }
  *version = id.version;
  return true;
}

/* ---- votes ---- */

/* The order of votes: voice, ballot, the blank one first. */
static int compare_vote(const struct ballot_vote *v, uint32_t voice, uint64_t ballot, bool blank) {
  if (v->voice != voice) return v->voice < voice ? -1 : 1;
  if (v->ballot != ballot) return v->ballot < ballot ? -1 : 1;
  return (int)blank - (int)v->blank;
}

/* Where a vote stands, or would. */
static size_t vote_place(const struct ballots *b, uint32_t voice, uint64_t ballot, bool blank) {
  size_t low = 0;
  size_t high = b->n_votes;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (compare_vote(&b->votes[middle], voice, ballot, blank) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

const struct ballot_vote *ballots_vote_of(const struct ballots *b, uint32_t voice, uint64_t ballot, bool blank) {
  size_t at = vote_place(b, voice, ballot, blank);
  return at < b->n_votes && compare_vote(&b->votes[at], voice, ballot, blank) == 0 ? &b->votes[at] : NULL;
}

bool ballots_stand(const struct ballots *b, uint32_t voice, uint64_t *ballot) {
  size_t end = vote_place(b, voice + 1, 0, true);
  if (end == 0 || b->votes[end - 1].voice != voice) return false;
  *ballot = b->votes[end - 1].ballot;
  return true;
}

/* Room for one more at a place of a list of n; NULL without memory, and nothing moved. */
static void *open_place(void **list, size_t n, size_t at, size_t size) {
  uint8_t *grown = reallocarray(*list, n + 1, size);
  if (grown == NULL) return NULL;
  *list = grown;
  memmove(grown + (at + 1) * size, grown + at * size, (n - at) * size);
  return memset(grown + at * size, 0, size);
}

static enum err_code take_vote(struct ballots *b, uint32_t voice, const struct hash *id, const struct header *h,
                               struct view body, struct err *err) {
  struct ballot_vote vote = {
      .voice = voice, .ballot = h->args[1], .blank = !h->has_subject, .id = *id, .author = h->author, .subject = h->subject};
  void *list = b->votes;
  if (vote_decode(body, h, &b->fed_id, &vote.body, NULL) != OK) return OK;
  size_t at = vote_place(b, voice, vote.ballot, vote.blank);
  bool stands = at < b->n_votes && compare_vote(&b->votes[at], voice, vote.ballot, vote.blank) == 0;
  size_t own = vote_place(b, voice + 1, 0, true) - vote_place(b, voice, 0, true);
  if (stands || own >= VOTES_PER_VOICE) return OK;
  struct ballot_vote *place = open_place(&list, b->n_votes, at, sizeof vote);
  b->votes = list;
  if (place == NULL) return err_set(err, ERR_MEMORY, NULL);
  *place = vote;
  b->n_votes++;
  return OK;
}

/* ---- proposals ---- */

static enum err_code proposal_new(const struct hash *id, const struct header *h, const struct proposal_body *body,
                                  struct proposal *out, struct err *err) {
  struct proposal p = {.id = *id, .ballot = h->args[1], .n_blanks = body->n_blanks};
  bytes_init(&p.changes, LIMIT_CHANGES_BYTES);
  p.blanks = calloc(body->n_blanks + (size_t)1, sizeof *p.blanks);
  if (p.blanks == NULL) return err_set(err, ERR_MEMORY, NULL);
  enum err_code code = bytes_append(&p.changes, body->changes, err);
  if (code != OK) {
    free(p.blanks);
    bytes_release(&p.changes);
    return code;
  }
  memcpy(p.blanks, body->blanks, body->n_blanks * sizeof *p.blanks);
  *out = p;
  return OK;
}

static enum err_code take_proposal(struct ballots *b, uint32_t voice, const struct hash *id, const struct header *h,
                                   struct view octets, struct err *err) {
  struct proposal_body body;
  struct proposal p = {.ballot = 0};
  void *list = b->proposals;
  size_t at = 0;
  uint32_t own = 0;
  if (ballots_turn(b, h->args[1]) != voice || proposal_decode(octets, h->args, &body, NULL) != OK) return OK;
  for (size_t i = 0; i < b->n_proposals; i++) {
    const struct proposal *other = &b->proposals[i];
    if (hash_equal(&other->id, id)) return OK;
    own += ballots_turn(b, other->ballot) == voice;
    at += other->ballot < h->args[1] || (other->ballot == h->args[1] && hash_compare(&other->id, id) < 0);
  }
  if (own >= BALLOT_PROPOSALS) return OK;
  enum err_code code = proposal_new(id, h, &body, &p, err);
  if (code != OK) return code;
  struct proposal *place = open_place(&list, b->n_proposals, at, sizeof p);
  b->proposals = list;
  if (place == NULL) {
    free(p.blanks);
    bytes_release(&p.changes);
    return err_set(err, ERR_MEMORY, NULL);
  }
  *place = p;
  b->n_proposals++;
  return OK;
}

/* ---- wishes ---- */

/* The wish for an act, which is made if there is none. NULL: no memory, or too many of that member's. */
static struct wanted *wish_of(struct ballots *b, struct change *change, const struct hash *by) {
  size_t at = 0;
  uint32_t own = 0;
  void *list = b->wishes;
  for (size_t i = 0; i < b->n_wishes; i++) {
    int order = view_compare(b->wishes[i].change.act.octets, change->act.octets);
    if (order == 0) {
      if (hash_compare(by, &b->wishes[i].by) < 0) b->wishes[i].by = *by;
      return &b->wishes[i];
    }
    own += hash_equal(&b->wishes[i].by, by);
    at += order < 0;
  }
  struct wanted *place = own < WISHES_PER_MEMBER ? open_place(&list, b->n_wishes, at, sizeof *place) : NULL;
  b->wishes = list;
  if (place == NULL) return NULL;
  place->change = *change;
  place->change.n = 0;
  place->change.consents = NULL;
  place->by = *by;
  change->octets = (struct bytes){.p = NULL}; /* taken over */
  b->n_wishes++;
  return place;
}

/* Whether one of that node and way, of a later identity, stands there already. */
static bool is_outdone(const struct change *c, const struct consent *consent) {
  for (uint32_t i = 0; i < c->n; i++) {
    const struct consent *other = &c->consents[i];
    if (hash_equal(&other->node, &consent->node) && other->by_roots == consent->by_roots)
      return other->version >= consent->version;
  }
  return false;
}

void ballots_note_doubt(struct ballots *b, const struct hash *node) {
  const struct member *m = epoch_by_node(b->epoch, node);
  if (m != NULL) b->doubts[m - b->epoch->members] = true;
}

static enum err_code take_consents(struct ballots *b, struct wanted *wish, const struct change *from, uint32_t *untrue,
                                   struct err *err) {
  for (uint32_t i = 0; i < from->n && *untrue < UNTRUE_PER_MEMBER; i++) {
    const struct consent *c = &from->consents[i];
    struct view act = wish->change.act.octets;
    if (epoch_by_node(b->epoch, &c->node) == NULL || is_outdone(&wish->change, c)) continue;
    enum err_code code = consent_verify(c, &b->fed_id, act, b->identities, false, NULL);
    *untrue += code != OK && code != ERR_NOT_FOUND;
    if (code != OK) {
      ballots_note_doubt(b, &c->node);
      continue;
    }
    code = change_consent(&wish->change, c, err);
    if (code == ERR_MEMORY) return code;
  }
  return OK;
}

static bool stands_among(const struct hash *ids, uint32_t n, const struct hash *id) {
  for (uint32_t i = 0; i < n; i++) {
    if (hash_equal(&ids[i], id)) return true;
  }
  return false;
}

/* Whether an act was done, or can never be done any more: nothing that went comes back. Its wish takes no place, or a member
 * that lives long would have more of them than are looked at. */
static bool is_history(const struct epoch *e, const struct act *act) {
  if (act->kind == CHANGE_ADMIT) return epoch_by_node(e, &act->node) != NULL || epoch_former(e, &act->node) != NULL;
  if (act->kind == CHANGE_REMOVE) return epoch_former(e, &act->node) != NULL;
  if (act->drops && stands_among(e->past_policies, e->n_past_policies, &act->dropped)) return true;
  const struct hash id = hash_of(HASH_POLICY, act->adopted, view_of(NULL, 0));
  return act->adopted.len > 0 &&
         (stands_among(e->policies, e->n_policies, &id) || stands_among(e->past_policies, e->n_past_policies, &id));
}

static enum err_code take_wish(struct ballots *b, const struct member *by, const struct header *h, struct view octets,
                               struct err *err) {
  struct proposal_body body;
  struct changes changes = {.n = 0};
  uint32_t *untrue = &b->untrue[by - b->epoch->members];
  if (*untrue >= UNTRUE_PER_MEMBER || proposal_decode(octets, h->args, &body, NULL) != OK) return OK;
  enum err_code code = changes_decode(body.changes, &b->fed_id, &changes, err);
  for (uint32_t i = 0; i < changes.n && code == OK; i++) {
    const bool is_over = is_history(b->epoch, &changes.list[i].act);
    struct wanted *wish = is_over ? NULL : wish_of(b, &changes.list[i], &h->home);
    if (wish != NULL) code = take_consents(b, wish, &changes.list[i], untrue, err);
  }
  changes_release(&changes);
  return code == ERR_MEMORY ? code : OK;
}

enum err_code ballots_take(struct ballots *b, const struct hash *id, const struct header *h, struct view body,
                           struct err *err) {
  uint32_t voice = 0;
  const bool is_voice = ballots_voice(b, &h->home, &voice);
  if (header_shape(h) != REASON_NONE || (h->kind != KIND_PROPOSE && h->kind != KIND_VOTE)) return OK;
  if (h->kind == KIND_PROPOSE && h->args[0] == 0) {
    const struct member *by = epoch_by_node(b->epoch, &h->home);
    return by == NULL ? OK : take_wish(b, by, h, body, err);
  }
  if (!is_voice || h->args[0] != b->epoch->number + 1) return OK;
  return h->kind == KIND_PROPOSE ? take_proposal(b, voice, id, h, body, err) : take_vote(b, voice, id, h, body, err);
}

/* Of consents those that the newest identity of their node gave. */
static enum err_code newest_consents(const struct ballots *b, const struct change *from, struct change *out, struct err *err) {
  struct identity id;
  for (uint32_t i = 0; i < from->n; i++) {
    const struct consent *c = &from->consents[i];
    bool in_force = b->identities->find(b->identities->context, &c->node, 0, &id) && id.version == c->version;
    enum err_code code = in_force ? change_consent(out, c, err) : OK;
    if (code != OK) return code;
  }
  return OK;
}

enum err_code ballots_weigh(const struct ballots *b, size_t i, struct change *out, bool *ripe, struct err *why) {
  const struct wanted *wish = &b->wishes[i];
  struct changes alone = {.n = 1, .list = {wish->change}}; /* borrows, for the act's sake */
  struct bytes body;
  struct change settled = {.n = 0};
  *ripe = false;
  bytes_init(&body, LIMIT_CHARTER);
  enum err_code code = change_copy(&wish->change, &settled, why);
  if (code == OK) code = newest_consents(b, &wish->change, &settled, why);
  if (code == OK) {
    enum err_code fits = changes_apply(&alone, b->epoch, &body, NULL, why);
    code = fits == ERR_MEMORY ? fits : OK;
    *ripe = fits == OK;
  }
  bytes_release(&body);
  if (code == OK) {
    *out = settled;
  } else {
    change_release(&settled);
  }
  return code;
}

size_t ballots_wishes(const struct ballots *b) {
  return b->n_wishes;
}

enum err_code ballots_wish(struct ballots *b, size_t i, struct wish *out, struct err *err) {
  struct err why = ERR_INIT;
  struct change change = {.n = 0};
  bool fits = false;
  enum err_code code = ballots_weigh(b, i, &change, &fits, &why);
  if (code != OK) return err_set(err, code, "wish: %s", why.message);
  change_release(&b->shown);
  b->shown = change;
  *out =
      (struct wish){.act = &b->shown.act, .n = change.n, .consents = b->shown.consents, .by = b->wishes[i].by, .over = !fits};
  (void)snprintf(out->why_not, sizeof out->why_not, "%.*s", (int)sizeof out->why_not - 1, fits ? "" : why.message);
  change_progress(&b->shown, b->epoch, &out->given, &out->needed);
  out->ripe = fits && out->given >= out->needed;
  return OK;
}

/* ---- the decision ---- */

/* The votes for a hash in a ballot, as an item has them. */
static void votes_gather(const struct ballots *b, uint64_t ballot, const struct hash *hash, struct epoch_item *item) {
  struct quorum_vote *rows = item->votes;
  item->n = 0;
  for (uint32_t i = 0; i < b->epoch->n_leads; i++) {
    const struct member *m = epoch_voice(b->epoch, i);
    const struct ballot_vote *v = ballots_vote_of(b, i, ballot, false);
    struct quorum_vote row = {.version = 0};
    if (v == NULL || !hash_equal(&v->body.hash, hash) || !ballots_signed_by(b, &m->node, &v->author, &row.version)) continue;
    row.roll = m->roll;
    row.signature = v->body.signature;
    uint32_t k = item->n++;
    for (; k > 0 && rows[k - 1].roll > row.roll; k--)
      rows[k] = rows[k - 1];
    rows[k] = row;
  }
}

enum err_code ballots_make(const struct ballots *b, const struct proposal *p, struct bytes *body, struct hash *lacking) {
  struct changes changes = {.n = 0};
  bytes_clear(body);
  enum err_code code = changes_decode(bytes_view(&p->changes), &b->fed_id, &changes, NULL);
  if (code == OK) code = changes_apply(&changes, b->epoch, body, NULL, NULL);
  for (uint32_t i = 0; i < changes.n && code == OK; i++)
    code = change_authorise(&changes.list[i], &b->fed_id, b->epoch, b->identities, false, lacking, NULL);
  changes_release(&changes);
  return code;
}

static enum err_code item_assemble(const struct ballots *b, struct epoch_item *item, const struct hash *hash, bool *decided,
                                   struct bytes *out, struct err *err) {
  struct bytes body;
  enum err_code code = OK;
  bytes_init(&body, LIMIT_CHARTER);
  for (size_t i = 0; i < b->n_proposals && !*decided && code == OK; i++) {
    const struct proposal *p = &b->proposals[i];
    if (p->hopeless || (p->sound && !hash_equal(&p->hash, hash)) || ballots_make(b, p, &body, NULL) != OK) continue;
    struct hash made = hash_of(HASH_EPOCH, bytes_view(&body), view_of(NULL, 0));
    if (!hash_equal(&made, hash)) continue;
    item->body = bytes_view(&body);
    item->changes = bytes_view(&p->changes);
    code = epoch_item_write(item, out, err);
    *decided = code == OK;
  }
  bytes_release(&body);
  return code;
}

enum err_code ballots_decided(struct ballots *b, bool *decided, struct bytes *out, struct err *err) {
  struct epoch_item item;
  enum err_code code = OK;
  *decided = false;
  for (size_t i = 0; i < b->n_votes && !*decided && code == OK; i++) {
    const struct ballot_vote *v = &b->votes[i];
    if (v->blank || v->voice > b->epoch->n_leads / 2) continue; /* some vote of a majority is of the first voices */
    item = (struct epoch_item){.ballot = v->ballot};
    votes_gather(b, v->ballot, &v->body.hash, &item);
    if (item.n > b->epoch->n_leads / 2) code = item_assemble(b, &item, &v->body.hash, decided, out, err);
  }
  return code;
}
