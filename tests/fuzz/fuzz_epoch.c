/*
 * fuzz_epoch: how an epoch changes. The first octet chooses the decoder (act, changes, epoch item, proposal, vote, blank vote,
 * a run of records); what is accepted is written again as the same octets. Changes are applied to the epoch of the vectors
 * (tests/vectors/make_federation.py), items are verified behind it, and a run of records never makes its ballots do what is not
 * lawful: what is decided verifies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/ballot.h"
#include "protocol/canon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

static void require_same(struct bytes *out, enum err_code code, struct view v) {
  require(code == OK && view_equal(bytes_view(out), v));
  bytes_release(out);
}

/* ---- the federation of the vectors ---- */

static struct hash word(const char *name) {
  char text[96];
  (void)snprintf(text, sizeof text, "specola vectors: %s", name);
  return hash_sha256(view_of_text(text));
}

static struct signer word_signer(const char *name) {
  struct signer signer;
  struct hash seed = word(name);
  require(signer_from_seed(seed.b, &signer, NULL) == OK);
  return signer;
}

#define N_NODES 5
static const struct {
  const char *name, *country;
  uint32_t n_roots, threshold, roll;
} NODES[N_NODES] = {
    {"IT", "IT", 3, 2, 0}, {"EE", "EE", 2, 1, 1}, {"FR", "FR", 1, 1, 2}, {"PT", "PT", 2, 1, 3}, {"IT34", "IT", 2, 1, 4}};

static struct federation {
  struct hash fed_id;
  struct signer keys[N_NODES];
  struct identity identities[N_NODES];
  struct hash nodes[N_NODES];
  struct epoch epoch;
} fed;

static void identity_make(uint32_t i) {
  char name[32];
  struct identity *id = &fed.identities[i];
  struct bytes body;
  *id = (struct identity){.version = 1, .gen = 1, .n_roots = NODES[i].n_roots, .threshold = NODES[i].threshold};
  for (uint32_t k = 0; k < id->n_roots; k++) {
    (void)snprintf(name, sizeof name, "%s root %u", NODES[i].name, k);
    struct signer root = word_signer(name);
    uint32_t at = k;
    for (; at > 0 && pubkey_compare(&id->roots[at - 1], &root.pub) > 0; at--)
      id->roots[at] = id->roots[at - 1];
    id->roots[at] = root.pub;
    signer_release(&root);
  }
  (void)snprintf(name, sizeof name, "%s node", NODES[i].name);
  fed.keys[i] = word_signer(name);
  id->node_key = fed.keys[i].pub;
  (void)snprintf(name, sizeof name, "%s curve", NODES[i].name);
  struct hash curve = word(name);
  memcpy(id->curve, curve.b, sizeof id->curve);
  bytes_init(&body, LIMIT_IDENTITY);
  require(identity_encode(id, &body, NULL) == OK);
  fed.nodes[i] = identity_hash(bytes_view(&body));
  bytes_release(&body);
}

static int by_node(const void *a, const void *b) {
  return hash_compare(&((const struct member *)a)->node, &((const struct member *)b)->node);
}

/* The epoch 6 of the vectors. */
static void epoch_make(void) {
  struct member members[N_NODES] = {{.roll = 0}};
  struct former former = {.roll = 5, .node = word("former"), .handle = "MT", .has_cut = true, .cut = {1, 70, word("cut root")}};
  struct hash past = word("past policy");
  struct bytes body;
  for (uint32_t i = 0; i < N_NODES; i++) {
    members[i] = (struct member){.roll = NODES[i].roll, .node = fed.nodes[i], .has_lead = i == N_NODES - 1};
    (void)snprintf(members[i].handle, sizeof members[i].handle, "%s", NODES[i].name);
    (void)snprintf(members[i].country, sizeof members[i].country, "%s", NODES[i].country);
    if (members[i].has_lead) (void)snprintf(members[i].region, sizeof members[i].region, "IT-34");
  }
  qsort(members, N_NODES, sizeof members[0], by_node);
  struct epoch e = {.number = 6,
                    .previous = word("epoch 5"),
                    .members = members,
                    .n_members = N_NODES,
                    .formers = &former,
                    .n_formers = 1,
                    .n_policies = 1,
                    .policies = {word("policy")},
                    .n_past_policies = 1,
                    .past_policies = &past};
  bytes_init(&body, LIMIT_CHARTER);
  require(epoch_encode(&e, &body, NULL) == OK && epoch_decode(bytes_view(&body), &fed.epoch, NULL) == OK);
  bytes_release(&body);
}

static void federation_make(void) {
  if (fed.epoch.members != NULL) return;
  fed.fed_id = word("federation");
  for (uint32_t i = 0; i < N_NODES; i++)
    identity_make(i);
  epoch_make();
}

static bool find(void *context, const struct hash *node, uint64_t version, struct identity *out) {
  (void)context;
  for (uint32_t i = 0; i < N_NODES; i++) {
    if (!hash_equal(&fed.nodes[i], node) || version > 1) continue;
    *out = fed.identities[i];
    return true;
  }
  return false;
}
static const struct identities IDENTITIES = {.find = find};

static bool holds(void *context, const struct hash *node, const struct cut *cut) {
  (void)context;
  (void)node;
  return cut->size % 2 == 0;
}

/* ---- decoders ---- */

static void fuzz_act(struct view v) {
  struct act act;
  struct bytes out;
  if (act_decode(v, &fed.fed_id, &act, NULL) != OK) return;
  bytes_init(&out, v.len);
  require_same(&out, act_encode(&act, &out, NULL), v);
}

/* What follows on the epoch of the vectors, if something does, is an epoch and holds everybody who ever was one. */
static void check_applied(const struct changes *c) {
  struct epoch next;
  struct bytes body;
  bytes_init(&body, LIMIT_CHARTER);
  enum err_code code = changes_apply(c, &fed.epoch, &body, &next, NULL);
  require(code == OK || code == ERR_REFUSED);
  if (code == OK) {
    require(next.number == 7 && hash_equal(&next.previous, &fed.epoch.hash) && next.n_leads > 0);
    require(epoch_next_roll(&next) >= epoch_next_roll(&fed.epoch));
    for (uint32_t i = 0; i < N_NODES; i++)
      require((epoch_by_node(&next, &fed.nodes[i]) == NULL) == (epoch_former(&next, &fed.nodes[i]) != NULL));
    epoch_release(&next);
  }
  bytes_release(&body);
}

static void check_authority(const struct change *change) {
  struct hash lacking;
  struct change copy;
  uint32_t given = 0, needed = 0;
  enum err_code code = change_authorise(change, &fed.fed_id, &fed.epoch, &IDENTITIES, true, &lacking, NULL);
  change_progress(change, &fed.epoch, &given, &needed);
  require(needed > 0 && (code != OK || given >= needed));
  require(change_copy(change, &copy, NULL) == OK);
  for (uint32_t i = change->n; i-- > 0;)
    require(change_consent(&copy, &change->consents[i], NULL) == OK);
  require(copy.n == change->n && view_equal(copy.act.octets, change->act.octets));
  bool settled = change_settle(&copy, &fed.epoch);
  require(settled == (given >= needed) && (code != OK || settled));
  if (code == OK) {
    require(change_authorise(&copy, &fed.fed_id, &fed.epoch, &IDENTITIES, false, NULL, NULL) == OK);
  }
  change_release(&copy);
}

static void fuzz_changes(struct view v) {
  struct changes c;
  struct bytes out;
  enum err_code form = changes_check(v, NULL);
  enum err_code code = changes_decode(v, &fed.fed_id, &c, NULL);
  require(code == OK || code == ERR_FORMAT || code == ERR_SIGNATURE);
  require(form == OK ? code != ERR_FORMAT : code != OK);
  if (code != OK) return;
  bytes_init(&out, v.len);
  require_same(&out, changes_encode(&c, &out, NULL), v);
  check_applied(&c);
  for (uint32_t i = 0; i < c.n; i++)
    check_authority(&c.list[i]);
  changes_drop(&c, c.list[0].act.octets);
  changes_release(&c);
}

static void fuzz_item(struct view v) {
  static struct epoch_item item;
  struct epoch next;
  struct changes changes;
  struct hash lacking;
  struct bytes out;
  enum err_code form = epoch_item_decode(v, &item, NULL);
  enum err_code code = epoch_item_verify(v, &fed.fed_id, &fed.epoch, &IDENTITIES, &next, &changes, &lacking, NULL);
  require(form == OK || code != OK);
  if (form == OK && item.changes.len > 0) {
    bytes_init(&out, v.len);
    require_same(&out, epoch_item_write(&item, &out, NULL), v);
  }
  if (code != OK) return;
  require(item.n > fed.epoch.n_leads / 2);
  changes_release(&changes);
  epoch_release(&next);
}

static void fuzz_proposal(struct view v) {
  struct proposal_body p;
  struct bytes out;
  const uint64_t args[2] = {7, v.len > 0 && v.p[v.len - 1] == 0x90 ? 0 : 3};
  if (proposal_decode(v, args, &p, NULL) != OK) return;
  bytes_init(&out, v.len);
  require_same(&out, proposal_encode(p.changes, p.blanks, p.n_blanks, &out, NULL), v);
}

static void check_vote(struct view v, bool blank) {
  struct header h = {.kind = KIND_VOTE, .author = fed.keys[0].pub, .has_subject = !blank, .n_args = 2, .args = {7, 3}};
  struct vote_body vote;
  struct voting voting = {.epoch = 0};
  struct bytes out;
  if (vote_decode(v, &h, &fed.fed_id, &vote, NULL) != OK) return;
  require(voting_allows(&voting, 7, 3, blank, &vote) == !vote.has_last);
  voting_apply(&voting, 7, 3, blank, &vote);
  require(!voting_allows(&voting, 7, 2, blank, &vote) && !voting_allows(&voting, 6, 9, blank, &vote));
  require(voting.has_last == !blank && voting.ballot == 3);
  if (v.len == 0) return;
  bytes_init(&out, v.len);
  require_same(&out, vote_encode(&vote, blank, &out, NULL), v);
}

static void fuzz_vote(struct view v) {
  check_vote(v, false);
}

static void fuzz_blank(struct view v) {
  check_vote(v, true);
}

/* ---- a run of records ---- */

/* What one voice would do now: it must be a record that it can write. */
static void check_move(struct ballots *b, uint32_t i, bool pressed) {
  const struct ballot_self self = {fed.nodes[i], &fed.keys[i], {.epoch = 0}, holds, NULL};
  struct ballot_move move;
  bool pending = false;
  require(ballots_next(b, &self, pressed, &move, &pending, NULL) == OK);
  require(pending || move.step == BALLOT_WAIT);
  require(move.step != BALLOT_VOTE || move.has_subject);
  require(move.step == BALLOT_WAIT || (move.epoch == 7 && (move.kind == KIND_PROPOSE || move.kind == KIND_VOTE)));
  ballot_move_release(&move);
}

static void check_decision(struct ballots *b) {
  struct bytes item;
  struct epoch next;
  bool decided = false;
  bytes_init(&item, LIMIT_EPOCH_ITEM);
  require(ballots_decided(b, &decided, &item, NULL) == OK);
  if (decided) {
    require(epoch_item_verify(bytes_view(&item), &fed.fed_id, &fed.epoch, &IDENTITIES, &next, NULL, NULL, NULL) == OK);
    epoch_release(&next);
  }
  bytes_release(&item);
}

/* Records as [author, kind, ballot, subject or nil, body]…: ids count up, so a run can name its own; a body of 0xff octets is
 * the author's true vote for the hash behind them. */
static void take_one(struct ballots *b, struct canon_reader *r, uint8_t number) {
  struct hash id = {{number}};
  struct header h = {.n_args = 2};
  uint8_t room[128];
  canon_array_exact(r, 5);
  uint64_t who = canon_uint_max(r, N_NODES - 1);
  h.kind = canon_uint_max(r, 1) == 0 ? KIND_PROPOSE : KIND_VOTE;
  h.args[1] = canon_uint_max(r, LIMIT_BALLOT);
  h.has_subject = !canon_opt_nil(r);
  if (h.has_subject) h.subject.b[0] = (uint8_t)canon_uint_max(r, UINT8_MAX);
  struct view body = canon_bin(r, LIMIT_BODY);
  if (r->fault != NULL) return;
  h.home = fed.nodes[who];
  h.author = fed.keys[who].pub;
  h.args[0] = h.kind == KIND_PROPOSE && h.args[1] == LIMIT_BALLOT ? 0 : 7;
  if (h.args[0] == 0) h.args[1] = 0;
  if (h.kind == KIND_VOTE && h.has_subject && body.len == HASH_LEN) {
    struct bytes out = {.p = room, .capacity = sizeof room, .ceiling = sizeof room};
    struct vote_body vote;
    memcpy(vote.hash.b, body.p, HASH_LEN);
    vote.signature = vote_sign(&fed.keys[who], &fed.fed_id, 7, h.args[1], &vote.hash);
    require(vote_encode(&vote, false, &out, NULL) == OK);
    body = view_of(room, out.len);
  }
  h.body_len = (uint32_t)body.len;
  require(ballots_take(b, &id, &h, body, NULL) == OK);
}

static void fuzz_records(struct view v) {
  struct ballots *b = NULL;
  struct wish wish;
  struct canon_reader r = canon_reader(v);
  require(ballots_new(&fed.fed_id, &fed.epoch, &IDENTITIES, &b, NULL) == OK);
  uint32_t n = canon_array(&r, 64);
  for (uint32_t i = 0; i < n && r.fault == NULL; i++)
    take_one(b, &r, (uint8_t)(i + 1));
  for (size_t i = 0; i < ballots_wishes(b); i++) {
    require(ballots_wish(b, i, &wish, NULL) == OK);
    require(!(wish.ripe && wish.over) && (wish.given >= wish.needed || !wish.ripe));
  }
  for (uint32_t i = 0; i < N_NODES; i++) {
    check_move(b, i, false);
    check_move(b, i, true);
  }
  check_decision(b);
  ballots_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const DECODERS[])(struct view v) = {fuzz_act,  fuzz_changes, fuzz_item,   fuzz_proposal,
                                                    fuzz_vote, fuzz_blank,   fuzz_records};
  require(secret_start(NULL) == OK);
  federation_make();
  if (size > 0) DECODERS[data[0] % (sizeof DECODERS / sizeof DECODERS[0])](view_of(data + 1, size - 1));
  return 0;
}
