/*
 * publication: batches, and what the receipt says of each (see publication.h).
 */
#include "cli/publication.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store/object.h"
#include "node/store/outbox.h"
#include "node/store/unique.h"
#include "protocol/canon.h"

/* The unique fields of a body (node/store/unique.h), if it has them all. */
struct unique {
  bool any;
  int64_t key;
};

/* Invariant: unique[i] and new_version[i] belong to batch.rows[i]. */
struct shipment {
  struct batch batch;
  struct unique unique[LIMIT_SUBMIT];
  bool new_version[LIMIT_SUBMIT];
};

struct publication {
  struct shipment shipments[2];
  struct shipment *waiting; /* filled by publication_add */
  struct shipment *sent;    /* the other one; empty while submit is NULL */
  struct submit *submit;    /* borrowed; on which a submission is on its way, or NULL */
  struct receipt receipt;
  publication_said *said;
  void *context;
  uint64_t n_refused, n_queued;
  char last_refusal[256];
  struct err queued; /* of the last that waits */
};

enum err_code publication_new(publication_said *said, void *context, struct publication **out, struct err *err) {
  struct publication *p = calloc(1, sizeof *p);
  if (p == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  p->waiting = &p->shipments[0];
  p->sent = &p->shipments[1];
  p->said = said;
  p->context = context;
  *out = p;
  return OK;
}

uint64_t publication_refused(const struct publication *p) {
  return p->n_refused;
}

const char *publication_last_refusal(const struct publication *p) {
  return p->last_refusal;
}

enum err_code publication_verdict(const struct publication *p, size_t total, struct err *err) {
  if (p->n_refused > 0) {
    return err_set(err, ERR_REFUSED, "%ju of %zu drafts were refused: %s", (uintmax_t)p->n_refused, total, p->last_refusal);
  }
  if (p->n_queued > 0 && err != NULL) {
    *err = p->queued;
  }
  return p->n_queued > 0 ? ERR_QUEUED : OK;
}

/* ---- the version before ---- */

/* Fills out from the entry of a version: its own id, and its object's. */
static enum err_code version_at(const struct here *here, int64_t rowid, struct view body, struct version_of *out,
                                struct err *err) {
  struct bytes scratch;
  struct item item;
  struct header h = {0};
  struct view header, signature;
  bytes_init(&scratch, (size_t)2 * LIMIT_ITEM);
  enum err_code code = entry_get(here->store, rowid, &scratch, &item, err);
  if (code == OK && (!envelope_split(item.envelope, &header, &signature) || header_decode(header, &h) != REASON_NONE)) {
    code = err_set(err, ERR_CORRUPT, "the version held is no record");
  }
  if (code == OK) {
    out->rowid = rowid;
    out->newest = record_id(&here->federation.charter.fed_id, header);
    out->object = h.has_subject ? h.subject : out->newest;
    out->author = h.author;
    out->review_wanted = h.n_args == 2 && (h.args[1] & 1) != 0;
    out->same_body = item.state == ITEM_WHOLE && view_equal(item.body, body);
  }
  bytes_release(&scratch);
  return code;
}

/* What a new version must name: the end of the object's chain, which may be a version that a revocation made void. */
static enum err_code chain_end(const struct here *here, int64_t rowid, struct hash *id, struct err *err) {
  struct object object;
  struct version_of end;
  int64_t first = 0;
  enum err_code code = object_of_version(here->store, rowid, &first, err);
  if (code == OK) {
    code = object_get(here->store, first, &object, err);
  }
  if (code == OK && object.head != rowid && (code = version_at(here, object.head, view_of(NULL, 0), &end, err)) == OK) {
    *id = end.newest;
  }
  return code;
}

enum err_code version_by_name(const struct here *here, const char *name, struct version_of *out, struct err *err) {
  int64_t rowid = 0;
  struct log log;
  enum err_code code = query_object(here->store, &here->federation, here->schemas, name, &rowid, err);
  if (code != OK || (code = log_by_no(here->store, entry_log_no(rowid), &log, err)) != OK) {
    return code;
  }
  if (!hash_equal(&log.node, &here->federation.own)) {
    err_set(err, ERR_REFUSED, "%s is %s's: only its home changes it", name, federation_handle(&here->federation, &log.node));
    return err_hint(err, "publish your own object and name that one in its relations");
  }
  code = version_at(here, rowid, view_of(NULL, 0), out, err);
  return code == OK ? chain_end(here, rowid, &out->newest, err) : code;
}

enum err_code version_by_unique(const struct here *here, const struct schema *schema, struct view body, struct version_of *out,
                                struct err *err) {
  struct log log;
  int64_t rowid = 0;
  struct err none = ERR_INIT;
  if (schema->n_unique == 0 || federation_self(&here->federation) == NULL) {
    return ERR_NOT_FOUND;
  }
  enum err_code code = log_find(here->store, &here->federation.own, 1, &log, &none); /* and all generations behind it */
  if (code == OK) {
    code = query_unique(here->store, schema, log.no, body, &rowid, &none);
  }
  if (code == OK) {
    return version_at(here, rowid, body, out, err);
  }
  if (code != ERR_NOT_FOUND && err != NULL) {
    *err = none;
  }
  return code;
}

/* ---- the same content ---- */

#define TITLE_SOUGHT 200u /* octets of a title by which objects are found; each is then compared in full */

struct content_search {
  const struct here *here;
  const struct proposal *proposal;
  const struct pubkey *author;
  struct version_of *out;
  bool found;
  enum err_code code;
  struct err *err;
};

static void compare_version(struct content_search *c, int64_t rowid) {
  struct version_of v;
  c->code = version_at(c->here, rowid, bytes_view(&c->proposal->body), &v, c->err);
  if (c->code == OK && v.same_body && memcmp(v.author.b, c->author->b, sizeof v.author.b) == 0) {
    *c->out = v;
    c->found = true;
  }
}

static bool compare_object(void *context, const struct query_row *row) {
  struct content_search *c = context;
  compare_version(c, row->rowid);
  if (c->code != OK || c->found || row->versions < 2) {
    return c->code == OK && !c->found;
  }
  json_t *object = NULL;
  c->code = query_show(c->here->store, &c->here->federation, c->here->schemas, row->rowid, "", &object, NULL, c->err);
  const json_t *versions = json_object_get(object, "versions");
  for (size_t i = 0; c->code == OK && !c->found && i < json_array_size(versions); i++) {
    compare_version(c, json_integer_value(json_object_get(json_array_get(versions, i), "rowid")));
  }
  json_decref(object);
  return c->code == OK && !c->found;
}

/* The title as a phrase to search for; cut between two words if it is long. */
static void title_phrase(const struct proposal *o, char out[TITLE_SOUGHT + 3]) {
  struct view title = proposal_title(o, "");
  size_t n = 0, len = title.len;
  if (len > TITLE_SOUGHT) {
    for (len = TITLE_SOUGHT; len > 0 && title.p[len] != ' '; len--) {
    }
  }
  out[n++] = '"';
  if (len > 0) {
    memcpy(out + n, title.p, len);
  }
  for (; len > 0; len--, n++) {
    if (out[n] == '"') {
      out[n] = ' ';
    }
  }
  out[n++] = '"';
  out[n] = '\0';
}

enum err_code version_by_content(const struct here *here, const struct proposal *o, const struct pubkey *author,
                                 struct version_of *out, struct err *err) {
  char phrase[TITLE_SOUGHT + 3];
  struct content_search c = {.here = here, .proposal = o, .author = author, .out = out, .err = err};
  title_phrase(o, phrase);
  const struct query q = {
      .kind = o->schema->kind, .text = phrase, .node = federation_handle(&here->federation, &here->federation.own), .lang = ""};
  enum err_code code = query_run(here->store, &here->federation, here->schemas, &q, compare_object, &c, NULL, err);
  if (code != OK || c.code != OK) {
    return code != OK ? code : c.code;
  }
  return c.found ? OK : ERR_NOT_FOUND;
}

/* ---- what waits ---- */

struct waiting_search {
  const struct here *here;
  struct view body;
  const struct pubkey *author;
  const struct hash *subject;
  struct hash id;
  bool found;
};

static bool compare_waiting(void *context, const struct hash *id, uint64_t received, uint64_t reason, struct view octets) {
  struct waiting_search *w = context;
  struct item item = {.state = ITEM_BODILESS};
  struct header h;
  struct view header, signature;
  struct canon_reader r = canon_reader(octets);
  (void)received;
  (void)reason;
  item_read(&r, &item);
  w->found = canon_finish(&r, "item", NULL) == OK && item.state == ITEM_WHOLE && view_equal(item.body, w->body) &&
             envelope_split(item.envelope, &header, &signature) && header_decode(header, &h) == REASON_NONE &&
             pubkey_equal(&h.author, w->author) && h.has_subject == (w->subject != NULL) &&
             (w->subject == NULL || hash_equal(&h.subject, w->subject));
  w->id = w->found ? *id : w->id;
  return !w->found;
}

enum err_code version_waiting(const struct here *here, struct view body, const struct pubkey *author,
                              const struct hash *subject, struct hash *id, struct err *err) {
  struct waiting_search w = {.here = here, .body = body, .author = author, .subject = subject};
  const enum err_code code = outbox_each(here->store, false, compare_waiting, &w, err);
  if (code != OK) {
    return code;
  }
  *id = w.id;
  return w.found ? OK : ERR_NOT_FOUND;
}

void publication_waits(struct publication *p, struct submit *s, const struct hash *id, size_t tag) {
  const struct receipt_row waiting = {.id = *id, .state = RECEIPT_QUEUED};
  struct publication_row row = {.tag = tag, .queued = true, .reason = "queued", .id = *id};
  (void)!submit_not_logged(s, &waiting, &p->queued);
  snprintf(row.why, sizeof row.why, "%.255s", p->queued.message);
  p->n_queued++;
  p->said(p->context, &row);
}

struct hash publication_unique(const struct schema *schema, struct view body) {
  struct hash_stream stream;
  struct body_slots slots;
  if (schema->n_unique == 0 || slots_fill(schema, body, &slots, NULL) != OK) {
    return (struct hash){{0}};
  }
  hash_stream_init(&stream, HASH_BODY);
  for (size_t i = 0; i < schema->n_unique; i++) {
    struct view value;
    uint8_t length[8];
    if (!slots_text(&slots, schema->unique[i], NULL, &value, NULL)) {
      return (struct hash){{0}};
    }
    put_u64be(length, value.len);
    hash_stream_add(&stream, view_of(length, sizeof length));
    hash_stream_add(&stream, value);
  }
  return hash_stream_final(&stream);
}

static struct unique unique_of(const struct schema *schema, struct view body) {
  struct unique u = {.any = false};
  struct body_slots slots;
  u.any = schema->n_unique > 0 && slots_fill(schema, body, &slots, NULL) == OK && unique_key(&slots, 0, &u.key);
  return u;
}

static bool holds(const struct shipment *s, const struct unique *u) {
  for (uint32_t i = 0; i < s->batch.n; i++) {
    if (u->any && s->unique[i].any && s->unique[i].key == u->key) {
      return true;
    }
  }
  return false;
}

/* ---- the way in ---- */

/* What the receipt says of one object that was sent. */
static void tell(struct publication *p, uint32_t i) {
  const struct sealed *sealed = &p->sent->batch.rows[i];
  const struct receipt_row *r = &p->receipt.rows[i];
  struct publication_row row = {.tag = sealed->tag,
                                .logged = r->state == RECEIPT_LOGGED,
                                .new_version = p->sent->new_version[i],
                                .reason = "",
                                .id = sealed->id};
  if (row.logged) {
    reference_format(&p->submit->here.federation, &p->receipt.node, r->gen, r->index, row.reference);
  } else if (r->state == RECEIPT_QUEUED) {
    row.queued = true;
    row.reason = "queued";
    (void)!submit_not_logged(p->submit, r, &p->queued);
    snprintf(row.why, sizeof row.why, "%.255s", p->queued.message);
    p->n_queued++;
  } else {
    row.reason = reason_name(r->reason);
    refusal_text(r->reason, row.why, sizeof row.why);
    memcpy(p->last_refusal, row.why, sizeof row.why);
    p->n_refused++;
  }
  p->said(p->context, &row);
}

/* Waits for the submission on its way, and tells of it. */
static enum err_code settle(struct publication *p, struct err *err) {
  if (p->submit == NULL) {
    return OK;
  }
  const enum err_code code = submit_finish(p->submit, &p->receipt, err);
  for (uint32_t i = 0; code == OK && i < p->sent->batch.n; i++) {
    tell(p, i);
  }
  batch_clear(&p->sent->batch);
  p->submit = NULL;
  return code;
}

/* Sends what waits, once the one before has arrived. */
static enum err_code dispatch(struct publication *p, struct submit *s, struct err *err) {
  enum err_code code = settle(p, err);
  if (code == OK && p->waiting->batch.n > 0) {
    code = submit_start(s, &p->waiting->batch, err);
    if (code == OK) {
      struct shipment *full = p->waiting;
      p->waiting = p->sent;
      p->sent = full;
      p->submit = s;
    }
  }
  return code;
}

void publication_free(struct publication *p) {
  if (p != NULL) {
    struct err late = ERR_INIT; /* another error was there before, or this would have been flushed */
    (void)!settle(p, &late);
    batch_clear(&p->waiting->batch);
    free(p);
  }
}

static enum err_code add(struct publication *p, struct submit *s, const struct proposal *o, const struct version_of *replaced,
                         const struct unique *unique, size_t tag, struct err *err) {
  enum err_code code = OK;
  struct view body = bytes_view(&o->body);
  if (!batch_has_room(&p->waiting->batch, body.len)) {
    code = dispatch(p, s, err);
  }
  if (code != OK) {
    return code;
  }
  struct shipment *w = p->waiting;
  uint32_t i = w->batch.n;
  code = submit_seal(s, o->schema->number, o->review_wanted || (replaced != NULL && replaced->review_wanted),
                     replaced == NULL ? NULL : &replaced->object, replaced == NULL ? NULL : &replaced->newest, body, tag,
                     &w->batch, err);
  if (code == OK) {
    w->unique[i] = *unique;
    w->new_version[i] = replaced != NULL;
  }
  return code;
}

enum err_code publication_add(struct publication *p, struct submit *s, const struct proposal *o,
                              const struct version_of *replaced, size_t tag, struct err *err) {
  const struct unique unique = unique_of(o->schema, bytes_view(&o->body));
  return add(p, s, o, replaced, &unique, tag, err);
}

enum err_code publication_offer(struct publication *p, struct submit *s, const struct proposal *o, size_t tag,
                                struct err *err) {
  struct version_of held;
  struct view body = bytes_view(&o->body);
  const struct unique unique = unique_of(o->schema, body);
  enum err_code code = OK;
  /* What is not in the log yet cannot be found there. */
  if (holds(p->waiting, &unique)) {
    code = publication_flush(p, s, err);
  } else if (holds(p->sent, &unique)) {
    code = settle(p, err);
  }
  if (code != OK) {
    return code;
  }
  code = unique.any ? version_by_unique(&s->here, o->schema, body, &held, err) : ERR_NOT_FOUND;
  if (code == ERR_NOT_FOUND) {
    return add(p, s, o, NULL, &unique, tag, err);
  }
  if (code != OK || !held.same_body) {
    return code != OK ? code : add(p, s, o, &held, &unique, tag, err);
  }
  struct publication_row row = {.tag = tag, .known = true, .reason = "", .id = held.newest};
  code = reference_of_row(s->here.store, &s->here.federation, NULL, held.rowid, row.reference, err);
  if (code == OK) {
    p->said(p->context, &row);
  }
  return code;
}

enum err_code publication_flush(struct publication *p, struct submit *s, struct err *err) {
  const enum err_code code = dispatch(p, s, err);
  return code == OK ? settle(p, err) : code;
}
