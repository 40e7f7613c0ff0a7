/*
 * evaluate: the reasons of docs/protocol.md 4.6, in their order. See evaluate.h.
 */
#include "node/store/evaluate.h"

#include <stdlib.h>
#include <string.h>

#include "node/rights.h"
#include "protocol/canon.h"
#include "protocol/evidence.h"

/* ---- door 4 ---- */

bool body_is_canonical(struct view body) {
  return body.len > 0 && canon_check_body(body, NULL) == OK;
}

void opened_from(const struct item *item, const struct hash *fed_id, const struct pubkey *known, struct opened *out) {
  struct view header;
  struct view signature;
  out->item = *item;
  out->has_kind = envelope_split(item->envelope, &header, &signature) && header_kind(header, &out->kind);
  out->freezes = envelope_freezes(item->envelope);
  out->is_canonical = body_is_canonical(item->body);
  out->reason = record_open(item->envelope, fed_id, known, &out->record);
}

void opened_again(const struct item *item, const struct hash *fed_id, struct opened *out) {
  *out = (struct opened){.item = *item, .has_kind = true, .is_canonical = body_is_canonical(item->body)};
  out->reason = record_reopen(item->envelope, fed_id, &out->record);
  out->kind = out->record.header.kind;
}

/* ---- the state ---- */

enum err_code evaluation_new(const struct hash *fed_id, const struct hash *owner, struct evaluation **out, struct err *err) {
  struct evaluation *e = calloc(1, sizeof *e);
  if (e == NULL || (e->people = people_new()) == NULL) {
    free(e);
    return err_set(err, ERR_MEMORY, NULL);
  }
  e->fed_id = *fed_id;
  e->owner = *owner;
  bytes_init(&e->identity_body, LIMIT_IDENTITY);
  *out = e;
  return OK;
}

void evaluation_free(struct evaluation *e) {
  if (e != NULL) {
    people_free(e->people);
    bytes_release(&e->identity_body);
    free(e->generations);
    free(e);
  }
}

enum err_code evaluation_begin(struct evaluation *e, int64_t log_no, struct err *err) {
  struct evaluated *more = reallocarray(e->generations, e->gen + 1, sizeof *more);
  if (more == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  e->generations = more;
  e->generations[e->gen++] = (struct evaluated){.log_no = log_no};
  return OK;
}

int64_t evaluation_rowid(const struct evaluation *e, struct position at) {
  return entry_rowid(e->generations[at.gen - 1].log_no, at.index);
}

bool evaluation_position(const struct evaluation *e, int64_t rowid, struct position *out) {
  for (uint64_t i = 0; i < e->gen; i++) {
    if (e->generations[i].log_no == entry_log_no(rowid)) {
      *out = (struct position){i + 1, entry_index(rowid)};
      return true;
    }
  }
  return false;
}

/* ---- what the kinds share ---- */

struct step {
  struct evaluation *e;
  struct store *s;
  const struct opened *entry;
  const struct header *header;
  struct position at;
  int64_t repeats; /* the record of this id below, if out->repeated */
  bool dry;
  struct verdict *out;
  struct err *err;
};

/* The own key at a position, which need not be the newest: what a revocation touches is evaluated anew, and so is all in a
 * rebuild. A log has the node key of its generation. NULL: nobody's. */
static const struct pubkey *own_key_at(const struct evaluation *e, struct position at) {
  const struct evaluated *g = &e->generations[at.gen - 1];
  return g->has_identity && at.index > g->identified_at ? &g->node_key : NULL;
}

static bool is_own_key(const struct step *step) {
  const struct pubkey *own = own_key_at(step->e, step->at);
  return own != NULL && pubkey_equal(&step->header->author, own);
}

/* A record of this log, below this position. */
static enum err_code find_below(const struct step *step, const struct hash *id, bool *found, int64_t *rowid) {
  return entry_find_below(step->s, &step->e->fed_id, id, evaluation_rowid(step->e, step->at), found, rowid, step->err);
}

/* Row 16, when nothing before it was found. */
static void check_repeated(struct step *step) {
  if (step->out->reason == REASON_NONE && step->out->repeated) {
    step->out->reason = REASON_REPEATED;
  }
}

/* ---- kind 1 ---- */

static enum reason read_identity(const struct step *step, struct identity_item *item, struct identity *claimed) {
  const struct item *entry = &step->entry->item;
  if (entry->state != ITEM_WHOLE) {
    return REASON_BODY;
  }
  struct canon_reader r = canon_reader(entry->body);
  identity_item_read(&r, item);
  if (canon_finish(&r, "identity", NULL) != OK || identity_decode(item->body, claimed, NULL) != OK) {
    return REASON_BODY;
  }
  return pubkey_equal(&step->header->author, &claimed->node_key) ? REASON_NONE : REASON_AUTHOR;
}

/* Appends the octets of the identity that a claimed one must follow: the newest of the log. What begins a generation follows
 * on the chain itself, since a cut may have withdrawn the entries of its last ones (docs/protocol.md 4.5). */
static enum err_code identity_before(const struct step *step, const struct identity *claimed, struct bytes *out) {
  const struct evaluation *e = step->e;
  struct identity_item item;
  struct bytes octets;
  const bool begins = step->at.gen > 1 && !e->generations[step->at.gen - 1].has_identity;
  if (!begins || (e->has_identity && claimed->version == e->identity.version + 1)) {
    return e->has_identity ? bytes_append(out, bytes_view(&e->identity_body), step->err) : OK;
  }
  bytes_init(&octets, LIMIT_BODY);
  enum err_code code = store_get_identity(step->s, &e->owner, claimed->version - 1, &octets, step->err);
  if (code == ERR_NOT_FOUND) {
    err_clear(step->err);
    code = OK; /* then it follows on nothing */
  } else if (code == OK) {
    struct canon_reader r = canon_reader(bytes_view(&octets));
    identity_item_read(&r, &item);
    code = canon_finish(&r, "identity", step->err);
    code = code == OK ? bytes_append(out, item.body, step->err) : code;
  }
  bytes_release(&octets);
  return code;
}

/* The identity is in force from here on. */
static enum err_code take_identity(const struct step *step, const struct identity *identity, struct view body) {
  struct evaluation *e = step->e;
  struct evaluated *g = &e->generations[step->at.gen - 1];
  if (!g->has_identity) {
    *g = (struct evaluated){
        .log_no = g->log_no, .has_identity = true, .identified_at = step->at.index, .node_key = identity->node_key};
  }
  bytes_clear(&e->identity_body);
  const enum err_code code = bytes_append(&e->identity_body, body, step->err);
  e->identity = *identity;
  e->has_identity = code == OK;
  return code;
}

static enum err_code evaluate_identity(struct step *step) {
  struct evaluation *e = step->e;
  struct identity_item item;
  struct identity identity;
  struct bytes previous;
  step->out->reason = read_identity(step, &item, &identity);
  check_repeated(step);
  if (step->out->reason != REASON_NONE) {
    return OK;
  }
  bytes_init(&previous, LIMIT_IDENTITY);
  enum err_code code = identity_before(step, &identity, &previous);
  if (code == OK && (identity_verify(&item, &e->fed_id, &e->owner, bytes_view(&previous), &identity, NULL) != OK ||
                     identity.gen != step->at.gen)) {
    step->out->reason = REASON_IDENTITY;
  }
  bytes_release(&previous);
  return code != OK || step->out->reason != REASON_NONE || step->dry ? code : take_identity(step, &identity, item.body);
}

/* ---- kinds 2 and 3 ---- */

static bool is_by_subject(const struct header *h) {
  return h->kind == KIND_REVOKE && h->has_subject && memcmp(h->author.b, h->subject.b, PUBKEY_LEN) == 0;
}

static enum err_code evaluate_certificate(struct step *step) {
  static const struct pubkey nobody = {{0}};
  struct evaluation *e = step->e;
  const struct header *h = step->header;
  struct pubkey subject;
  memcpy(subject.b, h->subject.b, sizeof subject.b);
  step->out->reason = is_own_key(step) || is_by_subject(h) ? REASON_NONE : REASON_AUTHOR;
  if (step->out->reason == REASON_NONE && h->kind == KIND_CERT && people_is_revoked(e->people, &subject, step->at)) {
    step->out->reason = REASON_REVOKED;
  }
  check_repeated(step);
  step->out->stands = (step->out->reason == REASON_NONE || step->out->reason == REASON_REVOKED) && !step->out->repeated;
  /* A key may revoke itself in another's log: kept there, but the position that it names is one of its home's. */
  if (!step->out->stands || step->dry || !hash_equal(&h->home, &e->owner)) {
    return OK;
  }
  const struct pubkey *own = own_key_at(e, step->at);
  return people_apply(e->people, &step->entry->record, step->at, own == NULL ? &nobody : own, &step->out->reason,
                      &step->out->backdated, step->err);
}

/* ---- kinds 4 and 5 ---- */

/* Whether it may be proposed, by whom, and what it makes of the epoch, is protocol/ballot.h's business. */
static enum err_code evaluate_proposal(struct step *step) {
  const struct item *entry = &step->entry->item;
  struct proposal_body body;
  const bool reads = entry->state == ITEM_WHOLE && proposal_decode(entry->body, step->header->args, &body, NULL) == OK;
  step->out->reason = !reads ? REASON_BODY : is_own_key(step) ? REASON_NONE : REASON_AUTHOR;
  check_repeated(step);
  step->out->stands = step->out->reason == REASON_NONE;
  return OK;
}

static enum err_code evaluate_vote(struct step *step) {
  const struct header *h = step->header;
  const struct item *entry = &step->entry->item;
  struct voting *voting = &step->e->voting;
  struct vote_body vote;
  const bool whole = entry->state == (h->body_len > 0 ? ITEM_WHOLE : ITEM_BODILESS);
  const bool reads = whole && vote_decode(entry->body, h, &step->e->fed_id, &vote, NULL) == OK;
  step->out->reason = !reads ? REASON_BODY : is_own_key(step) ? REASON_NONE : REASON_AUTHOR;
  check_repeated(step);
  if (step->out->reason == REASON_NONE && !voting_allows(voting, h->args[0], h->args[1], !h->has_subject, &vote)) {
    step->out->reason = REASON_BALLOT;
  }
  step->out->stands = step->out->reason == REASON_NONE;
  if (step->out->stands && !step->dry) {
    voting_apply(voting, h->args[0], h->args[1], !h->has_subject, &vote);
  }
  return OK;
}

/* ---- kinds 6 and 7 ---- */

/* What they name is not looked for: a takedown counts for every entry of its owner's that has that id, here or still to come,
 * and what is acknowledged stands in any log. */
static enum err_code evaluate_takedown(struct step *step) {
  step->out->reason = is_own_key(step) ? REASON_NONE : REASON_AUTHOR;
  check_repeated(step);
  return OK;
}

/* ---- kind 8 ---- */

/* Whether the body is evidence of the log that the header names, as far as its form goes: nobody's key is known here. */
static bool is_evidence(const struct step *step) {
  const struct header *h = step->header;
  struct evidence evidence;
  if (step->entry->item.state != ITEM_WHOLE || evidence_read(step->entry->item.body, &evidence, NULL) != OK) {
    return false;
  }
  const struct checkpoint *c = &evidence.branches[0].checkpoint;
  return hash_equal(&c->fed_id, &step->e->fed_id) && hash_equal(&c->node, &h->subject) && c->gen == h->args[0];
}

static enum err_code evaluate_evidence(struct step *step) {
  step->out->reason = !is_evidence(step) ? REASON_BODY : is_own_key(step) ? REASON_NONE : REASON_AUTHOR;
  check_repeated(step);
  step->out->stands = step->out->reason == REASON_NONE;
  return OK;
}

/* ---- kinds 16 and 17 ---- */

/* The object that the record names: that of its subject, or of a first version its own id. */
static enum err_code find_object(struct step *step) {
  struct verdict *v = step->out;
  int64_t first = step->repeats;
  bool found = v->repeated;
  enum err_code code = step->header->has_subject ? find_below(step, &step->header->subject, &found, &first) : OK;
  if (code != OK || !found) {
    return code;
  }
  code = object_get(step->s, first, &v->object, step->err);
  v->has_object = code == OK;
  if (code == ERR_NOT_FOUND) {
    err_clear(step->err); /* a record, but no first version that stands */
    return OK;
  }
  return code;
}

/* Rows 9 and 10. */
static void check_author(struct step *step, uint64_t schema) {
  struct verdict *v = step->out;
  const struct header *h = step->header;
  const struct people *people = step->e->people;
  if (rights_own_key(schema)) {
    v->reason = is_own_key(step) ? REASON_NONE : REASON_AUTHOR;
    if (v->reason == REASON_NONE && people_is_revoked(people, &h->author, step->at)) {
      v->reason = REASON_REVOKED;
    }
    return;
  }
  /* A void record is the person's whose certificate is the newest below it, revoked or not. */
  const struct certificate *author = people_newest(people, &h->author, step->at);
  (void)people_at(people, &h->author, step->at, &v->reason);
  v->person = author == NULL ? 0 : author->person;
  v->territory = author == NULL ? 0 : author->territory;
}

/* Row 11, of an author who has or had a certificate. */
static enum reason check_rights(const struct step *step, uint64_t schema) {
  const struct verdict *v = step->out;
  const struct header *h = step->header;
  if (h->kind == KIND_WITHDRAW && !v->has_object) {
    return REASON_NONE; /* whose a withdrawn object is cannot be said: row 12 */
  }
  if (v->has_object && v->object.schema != schema) {
    return REASON_RIGHTS;
  }
  if (rights_own_key(schema)) {
    return REASON_NONE;
  }
  const struct certificate *author = people_newest(step->e->people, &h->author, step->at);
  const enum rights_owner owner = !h->has_subject || !v->has_object    ? RIGHTS_NEW
                                  : v->object.person == author->person ? RIGHTS_OWN
                                                                       : RIGHTS_OTHERS;
  return rights_check(schema, author, owner);
}

/* Rows 12 and 13. */
static enum err_code check_chain(const struct step *step, enum reason *reason) {
  const struct verdict *v = step->out;
  const struct header *h = step->header;
  struct bytes scratch;
  struct item head;
  *reason = REASON_NONE;
  if (!h->has_subject) {
    return OK;
  }
  if (!v->has_object) {
    *reason = REASON_SUBJECT;
    return OK;
  }
  bytes_init(&scratch, LIMIT_ITEM);
  const enum err_code code = entry_get(step->s, v->object.head, &scratch, &head, step->err);
  if (code == OK) {
    const struct hash id = envelope_id(&step->e->fed_id, head.envelope);
    *reason = h->n_refs == 1 && hash_equal(&id, &h->refs[0]) && v->object.withdrawn == 0 ? REASON_NONE : REASON_STALE;
  }
  bytes_release(&scratch);
  return code;
}

/* The rows behind row 10: what would be found of an author who is not revoked. */
static enum err_code check_effect(const struct step *step, uint64_t schema, enum reason *reason) {
  *reason = check_rights(step, schema);
  if (*reason == REASON_NONE && step->out->repeated) {
    *reason = REASON_REPEATED;
  }
  return *reason == REASON_NONE ? check_chain(step, reason) : OK;
}

/* A revoked author's record is asked the rows behind row 10 too: a version that fails none of them stands in its chain. */
static enum err_code evaluate_object(struct step *step) {
  struct verdict *v = step->out;
  enum reason behind = REASON_NONE;
  enum err_code code = find_object(step);
  if (code != OK) {
    return code;
  }
  const uint64_t schema = step->header->kind == KIND_VERSION ? step->header->args[0] : v->object.schema;
  check_author(step, schema);
  if (v->reason != REASON_NONE && v->reason != REASON_REVOKED) {
    return OK;
  }
  code = check_effect(step, schema, &behind);
  v->stands = behind == REASON_NONE;
  v->reason = v->reason == REASON_NONE ? behind : v->reason;
  return code;
}

/* ---- kinds 32 and 33 ---- */

/* Written for this log, the author needs a certificate in it; a kind 33 of another home counts by its author's key alone. */
static enum err_code evaluate_endorsement(struct step *step) {
  struct verdict *v = step->out;
  const struct header *h = step->header;
  if (hash_equal(&h->home, &step->e->owner)) {
    check_author(step, 0);
  }
  if (v->reason == REASON_NONE && h->kind == KIND_ENDORSE) {
    const struct certificate *author = people_newest(step->e->people, &h->author, step->at);
    v->reason = rights_endorse(author);
  }
  check_repeated(step);
  v->stands = v->reason == REASON_NONE;
  return OK;
}

/* ---- the table ---- */

static const struct {
  uint64_t kind;
  enum err_code (*evaluate)(struct step *step);
} KINDS[] = {
    {KIND_IDENTITY, evaluate_identity},     {KIND_CERT, evaluate_certificate},    {KIND_REVOKE, evaluate_certificate},
    {KIND_PROPOSE, evaluate_proposal},      {KIND_VOTE, evaluate_vote},           {KIND_TAKEDOWN, evaluate_takedown},
    {KIND_TAKEDOWN_ACK, evaluate_takedown}, {KIND_EVIDENCE, evaluate_evidence},   {KIND_VERSION, evaluate_object},
    {KIND_WITHDRAW, evaluate_object},       {KIND_ENDORSE, evaluate_endorsement}, {KIND_ENDORSE_WITHDRAW, evaluate_endorsement},
};

/* What can be said of any kind: rows 1 to 8. */
static enum reason check_form(const struct evaluation *e, const struct opened *entry) {
  if (e->frozen) {
    return REASON_KIND;
  }
  if (entry->reason != REASON_NONE) {
    return entry->reason;
  }
  const struct header *h = &entry->record.header;
  return hash_equal(&h->home, &e->owner) || is_by_subject(h) || h->kind == KIND_ENDORSE_WITHDRAW ? header_shape(h)
                                                                                                 : REASON_HOME;
}

enum err_code evaluate(struct evaluation *e, struct store *s, const struct opened *entry, struct position at, bool dry,
                       struct verdict *out, struct err *err) {
  struct step step = {
      .e = e, .s = s, .entry = entry, .header = &entry->record.header, .at = at, .dry = dry, .out = out, .err = err};
  *out = (struct verdict){.reason = check_form(e, entry)};
  e->frozen = e->frozen || (entry->freezes && !dry);
  const enum err_code code =
      entry->reason == REASON_NONE ? find_below(&step, &entry->record.id, &out->repeated, &step.repeats) : OK;
  if (code != OK) {
    return code;
  }
  for (size_t i = 0; out->reason == REASON_NONE && i < sizeof KINDS / sizeof KINDS[0]; i++) {
    if (KINDS[i].kind == entry->record.header.kind) {
      return KINDS[i].evaluate(&step);
    }
  }
  return OK;
}
