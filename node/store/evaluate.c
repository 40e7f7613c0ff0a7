/*
 * evaluate: the reasons of docs/protocol.md 4.6, in their order. See evaluate.h.
 */
#include "node/store/evaluate.h"

#include <stdlib.h>
#include <string.h>

#include "node/rights.h"
#include "protocol/canon.h"

/* ---- door 4 ---- */

void opened_from(const struct item *item, const struct hash *fed_id, const struct pubkey *known, struct opened *out) {
  struct view header;
  struct view signature;
  out->item = *item;
  out->has_kind = envelope_split(item->envelope, &header, &signature) && header_kind(header, &out->kind);
  out->reason = record_open(item->envelope, fed_id, known, &out->record);
}

/* ---- the state ---- */

enum err_code evaluation_new(const struct hash *fed_id, const struct hash *owner, uint64_t gen, int64_t log_no,
                             struct evaluation **out, struct err *err) {
  struct evaluation *e = calloc(1, sizeof *e);
  if (e == NULL || (e->people = people_new()) == NULL) {
    free(e);
    return err_set(err, ERR_MEMORY, NULL);
  }
  e->fed_id = *fed_id;
  e->owner = *owner;
  e->gen = gen;
  e->log_no = log_no;
  bytes_init(&e->identity_body, LIMIT_IDENTITY);
  *out = e;
  return OK;
}

void evaluation_free(struct evaluation *e) {
  if (e != NULL) {
    people_free(e->people);
    bytes_release(&e->identity_body);
    free(e);
  }
}

/* ---- what the kinds share ---- */

struct step {
  struct evaluation *e;
  struct store *s;
  const struct opened *entry;
  const struct header *header;
  struct position at;
  bool dry;
  struct verdict *out;
  struct err *err;
};

static bool is_own_key(const struct step *step) {
  return step->e->has_identity && pubkey_equal(&step->header->author, &step->e->identity.node_key);
}

/* A body that is not here cannot be judged; it was when it came, or never will be. */
static bool body_is_map(const struct step *step) {
  const struct item *item = &step->entry->item;
  return item->state != ITEM_WHOLE || canon_check_body(item->body, NULL) == OK;
}

/* ---- kind 1 ---- */

static enum reason read_identity(const struct step *step, struct identity_item *item, struct identity *claimed) {
  const struct item *entry = &step->entry->item;
  static const struct salt zeros = {{0}};
  if (entry->state != ITEM_WHOLE || canon_check(entry->body, "identity", NULL) != OK ||
      memcmp(entry->salt.b, zeros.b, SALT_LEN) != 0) {
    return REASON_BODY;
  }
  struct canon_reader r = canon_reader(entry->body);
  identity_item_read(&r, item);
  if (canon_finish(&r, "identity", NULL) != OK || identity_decode(item->body, claimed, NULL) != OK) {
    return REASON_IDENTITY;
  }
  return REASON_NONE;
}

static enum err_code evaluate_identity(struct step *step) {
  struct evaluation *e = step->e;
  struct identity_item item;
  struct identity identity;
  enum reason reason = read_identity(step, &item, &identity);
  if (reason == REASON_NONE && !pubkey_equal(&step->header->author, &identity.node_key)) {
    reason = REASON_AUTHOR;
  }
  const struct view previous = e->has_identity ? bytes_view(&e->identity_body) : view_of(NULL, 0);
  if (reason == REASON_NONE && identity_verify(&item, &e->fed_id, &e->owner, previous, &identity, NULL) != OK) {
    reason = REASON_IDENTITY;
  }
  step->out->reason = reason;
  if (reason != REASON_NONE || step->dry) {
    return OK;
  }
  bytes_clear(&e->identity_body);
  const enum err_code code = bytes_append(&e->identity_body, item.body, step->err);
  e->identity = identity;
  e->has_identity = code == OK;
  return code;
}

/* ---- kinds 2 and 3 ---- */

static enum err_code evaluate_certificate(struct step *step) {
  static const struct pubkey nobody = {{0}};
  struct evaluation *e = step->e;
  const struct header *h = step->header;
  const bool by_key_itself = h->kind == KIND_REVOKE && memcmp(h->author.b, h->subject.b, PUBKEY_LEN) == 0;
  step->out->reason = REASON_NONE;
  if (!is_own_key(step) && !by_key_itself) {
    step->out->reason = REASON_AUTHOR;
  } else if (!body_is_map(step)) {
    step->out->reason = REASON_BODY;
  }
  /* A key may revoke itself in another's log: kept there, but the position that it names is one of its home's. */
  if (step->out->reason != REASON_NONE || step->dry || !hash_equal(&h->home, &e->owner)) {
    return OK;
  }
  const struct pubkey *owner_key = e->has_identity ? &e->identity.node_key : &nobody;
  return people_apply(e->people, &step->entry->record, step->at, owner_key, &step->out->reason, &step->out->backdated, step->err);
}

/* ---- kinds 16 and 17 ---- */

/* The author's certificate, the object that the record names, and whether he may. */
static enum err_code check_author(struct step *step) {
  struct verdict *v = step->out;
  const struct header *h = step->header;
  const struct certificate *author = people_at(step->e->people, &h->author, step->at, &v->reason);
  if (author == NULL) {
    return OK;
  }
  v->person = author->person;
  v->territory = author->territory;
  v->reason = rights_check(h->kind, author, 0);
  if (v->reason != REASON_NONE || !h->has_subject) {
    return OK;
  }
  const enum err_code code =
      object_find(step->s, &step->e->fed_id, step->e->log_no, &h->subject, &v->has_object, &v->object, step->err);
  if (code == OK) {
    v->reason = v->has_object ? rights_check(h->kind, author, v->object.person) : REASON_SUBJECT;
  }
  return code;
}

/* Whether a record names the newest version of its object; a first version, that it is not there already. */
static enum err_code check_stale(struct step *step) {
  struct verdict *v = step->out;
  const struct header *h = step->header;
  struct bytes scratch;
  struct item newest;
  struct view header;
  struct view signature;
  enum err_code code;
  if (!h->has_subject) {
    struct object twin;
    bool known = false;
    code = object_find(step->s, &step->e->fed_id, step->e->log_no, &step->entry->record.id, &known, &twin, step->err);
    v->reason = known ? REASON_STALE : REASON_NONE;
    return code;
  }
  bytes_init(&scratch, LIMIT_ITEM);
  code = entry_get(step->s, v->object.newest, &scratch, &newest, step->err);
  if (code == OK) {
    const bool split = envelope_split(newest.envelope, &header, &signature);
    const struct hash id = record_id(&step->e->fed_id, split ? header : view_of(NULL, 0));
    v->reason = h->n_refs == 1 && hash_equal(&id, &h->refs[0]) && v->object.withdrawn == 0 ? REASON_NONE : REASON_STALE;
  }
  bytes_release(&scratch);
  return code;
}

static enum err_code evaluate_object(struct step *step) {
  enum err_code code = check_author(step);
  if (code == OK && step->out->reason == REASON_NONE) {
    code = check_stale(step);
  }
  if (code == OK && step->out->reason == REASON_NONE && !body_is_map(step)) {
    step->out->reason = REASON_BODY;
  }
  return code;
}

/* ---- the table ---- */

static const struct {
  uint64_t kind;
  enum err_code (*evaluate)(struct step *step);
} KINDS[] = {
    {KIND_IDENTITY, evaluate_identity}, {KIND_CERT, evaluate_certificate}, {KIND_REVOKE, evaluate_certificate},
    {KIND_VERSION, evaluate_object},    {KIND_WITHDRAW, evaluate_object},
};

static bool home_fits(const struct evaluation *e, const struct header *h) {
  return hash_equal(&h->home, &e->owner) ||
         (h->kind == KIND_REVOKE && h->has_subject && memcmp(h->author.b, h->subject.b, PUBKEY_LEN) == 0);
}

/* What can be said of any kind: reasons 1 to 8. *row: the kind's row in KINDS when REASON_NONE. */
static enum reason check_form(const struct evaluation *e, const struct opened *entry, size_t *row) {
  const size_t n = sizeof KINDS / sizeof KINDS[0];
  if (e->frozen) {
    return REASON_KIND;
  }
  for (*row = 0; entry->has_kind && *row < n && KINDS[*row].kind != entry->kind; ++*row) {
  }
  if (entry->has_kind && *row == n) {
    return REASON_KIND;
  }
  if (entry->reason != REASON_NONE) {
    return entry->reason;
  }
  if (!home_fits(e, &entry->record.header)) {
    return REASON_HOME;
  }
  return header_shape(&entry->record.header);
}

enum err_code evaluate(struct evaluation *e, struct store *s, const struct opened *entry, uint64_t index, bool dry,
                       struct verdict *out, struct err *err) {
  struct step step = {.e = e, .s = s, .entry = entry, .header = &entry->record.header, .at = {e->gen, index}, .dry = dry,
                      .out = out, .err = err};
  size_t row = 0;
  *out = (struct verdict){.reason = check_form(e, entry, &row)};
  if (out->reason == REASON_KIND && !dry && !e->frozen && record_kind_freezes(entry->kind)) {
    e->frozen = true;
  }
  return out->reason == REASON_NONE ? KINDS[row].evaluate(&step) : OK;
}
