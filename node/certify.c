/*
 * certify: records that the node key itself signs: the identity at the start of the log, certificates, evidence of forks.
 * Declared in admit.h.
 */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/admit.h"
#include "node/hall.h"
#include "node/store/evidence.h"
#include "protocol/canon.h"

/* Seals with the node key, fills in home and time, and admits, and what hangs together with it; *row tells what became of it.
 */
static enum err_code seal_and_admit(struct hall *h, struct header *header, const struct salt *salt, struct view body,
                                    const struct admit_beside *beside, struct receipt_row *row, struct err *err) {
  struct bytes envelope;
  struct receipt *receipt = calloc(1, sizeof *receipt);
  if (receipt == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  bytes_init(&envelope, LIMIT_ENVELOPE);
  header->home = h->config.federation->own;
  header->created = clock_unix(h->config.clock);
  enum err_code code = record_seal(header, &h->derivation.fed_id, h->config.node_key, salt, body, &envelope, NULL, err);
  if (code == OK) {
    const struct item item = {
        .envelope = bytes_view(&envelope), .state = body.len == 0 ? ITEM_BODILESS : ITEM_WHOLE, .salt = *salt, .body = body};
    code = hall_admit_beside(h, &item, 1, beside, receipt, err);
  }
  if (code == OK) {
    *row = receipt->rows[0];
  }
  bytes_release(&envelope);
  free(receipt);
  return code;
}

enum err_code hall_admit_own(struct hall *h, struct header *header, struct view body, struct receipt_row *row,
                             struct err *err) {
  static const struct salt zeros = {{0}};
  return seal_and_admit(h, header, &zeros, body, NULL, row, err);
}

static enum err_code has_key(const struct hall *h, struct err *err) {
  if (h->config.node_key == NULL || federation_self(h->config.federation) == NULL) {
    return err_set(err, ERR_REFUSED, "this process has no node key: it cannot write to the log");
  }
  return OK;
}

/* Admits the own identity of a version, if it is of this generation. */
static enum err_code admit_version(struct hall *h, uint64_t version, uint64_t gen, struct err *err) {
  static const struct salt zeros = {{0}};
  struct header header = {.kind = KIND_IDENTITY};
  struct identity_item item;
  struct identity identity = {.version = 0};
  struct receipt_row row = {.state = RECEIPT_QUEUED};
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  enum err_code code = hall_identity_item(h, &h->config.federation->own, version, &body, err);
  if (code == OK) {
    struct canon_reader r = canon_reader(bytes_view(&body));
    identity_item_read(&r, &item);
    code = canon_finish(&r, "identity", err);
  }
  if (code == OK) {
    code = identity_decode(item.body, &identity, err);
  }
  if (code == OK && identity.gen == gen) {
    code = seal_and_admit(h, &header, &zeros, bytes_view(&body), NULL, &row, err);
    if (code == OK && row.state != RECEIPT_LOGGED) {
      code = err_set(err, ERR_REFUSED, "the identity is refused: %s", reason_text(row.reason));
    }
  }
  bytes_release(&body);
  return code;
}

enum err_code hall_admit_identity(struct hall *h, struct err *err) {
  const struct federation_member *self = federation_self(h->config.federation);
  enum err_code code = has_key(h, err);
  if (code != OK || !hall_may_write(h) || !hall_may_begin(h, &self->member->node, self->identity.gen)) {
    return code;
  }
  const uint64_t gen = self->identity.gen;
  struct hall_log *log = hall_find(h, &self->member->node, gen);
  uint64_t version = 0;
  if (log == NULL && gen > 1) { /* what the cut has withdrawn is of an earlier generation */
    log = hall_find(h, &self->member->node, gen - 1);
  }
  if (log != NULL) {
    code = hall_state(h, log, err);
    version = code == OK ? log->state->identity.version : 0;
  }
  while (code == OK && version < self->identity.version) {
    code = admit_version(h, ++version, gen, err);
  }
  return code;
}

static enum err_code name_body(const char *name, struct bytes *out, struct err *err) {
  struct bytes clean;
  bytes_init(&clean, (size_t)LIMIT_NAME * 4);
  enum err_code code = text_normalise(view_of_text(name), &clean, err);
  if (code == OK && (clean.len == 0 || text_length(bytes_view(&clean)) > LIMIT_NAME)) {
    code = err_set(err, ERR_LIMIT, "a name has 1 to %u characters", LIMIT_NAME);
  }
  if (code == OK) {
    struct canon_writer w = canon_writer(out);
    canon_put_map(&w, 1);
    canon_put_text(&w, "name");
    canon_put_str(&w, bytes_view(&clean));
    code = canon_written(&w, "name", err);
  }
  bytes_release(&clean);
  return code;
}

enum err_code hall_people(struct hall *h, const struct people **out, struct err *err) {
  const struct federation_member *self = federation_self(h->config.federation);
  struct hall_log *log = self == NULL ? NULL : hall_find(h, &self->member->node, self->identity.gen);
  if (log == NULL) {
    return err_set(err, ERR_REFUSED, "the own log has not begun");
  }
  const enum err_code code = hall_state(h, log, err);
  *out = code == OK ? log->state->people : NULL;
  return code;
}

/* The newest certificate of a person that is for another key than this one; NULL: none. */
static const struct certificate *other_key(const struct people *people, uint64_t person, const struct pubkey *key) {
  bool revoked = false;
  struct position from;
  for (size_t i = people_count(people); i > 0; i--) {
    const struct certificate *c = people_certificate(people, i - 1, &revoked, &from);
    if (c->person == person && !pubkey_equal(&c->key, key)) return c;
  }
  return NULL;
}

/* Whose certificate it is: a further one makes nobody a second person, and a new key of a person names the one before. */
static enum err_code place_person(struct hall *h, const struct certify_wish *wish, struct header *header, struct err *err) {
  static const struct position end = {UINT64_MAX, UINT64_MAX};
  const struct people *people = NULL;
  const enum err_code code = hall_people(h, &people, err);
  if (code != OK) {
    return code;
  }
  const struct certificate *before = people_newest(people, &wish->key, end);
  header->args[0] = wish->person;
  if (wish->person == 0) {
    header->args[0] = before != NULL ? before->person : people_next_person(people);
  }
  const struct certificate *replaced = before == NULL ? other_key(people, header->args[0], &wish->key) : NULL;
  if (replaced != NULL) {
    header->n_refs = 1;
    header->refs[0] = replaced->id;
  }
  return OK;
}

enum err_code hall_certify_beside(struct hall *h, const struct certify_wish *wish, const struct admit_beside *beside,
                                  struct receipt_row *row, struct err *err) {
  struct header header = {.kind = KIND_CERT, .has_subject = true, .n_args = 3};
  struct salt salt;
  struct bytes body;
  enum err_code code = has_key(h, err);
  if (code == OK) {
    code = hall_must_write(h, err); /* the next free number is not known while a part of the log may be elsewhere */
  }
  if (code == OK) {
    code = pubkey_check(&wish->key, err);
  }
  if (code == OK) {
    code = place_person(h, wish, &header, err);
  }
  if (code != OK) {
    return code;
  }
  memcpy(header.subject.b, wish->key.b, PUBKEY_LEN);
  header.args[1] = wish->roles;
  header.args[2] = wish->territory;
  entropy_fill(h->config.entropy, salt.b, sizeof salt.b);
  bytes_init(&body, LIMIT_BODY);
  code = name_body(wish->name, &body, err);
  if (code == OK) {
    code = seal_and_admit(h, &header, &salt, bytes_view(&body), beside, row, err);
  }
  bytes_release(&body);
  return code;
}

enum err_code hall_certify(struct hall *h, const struct pubkey *key, uint64_t person, uint64_t roles, uint64_t territory,
                           const char *name, struct receipt_row *row, struct err *err) {
  const struct certify_wish wish = {.key = *key, .person = person, .roles = roles, .territory = territory, .name = name};
  return hall_certify_beside(h, &wish, NULL, row, err);
}

enum err_code hall_revoke(struct hall *h, const struct pubkey *key, const struct position *from, struct receipt_row *row,
                          struct err *err) {
  static const struct position end = {UINT64_MAX, UINT64_MAX};
  static const struct salt zeros = {{0}};
  const struct people *people = NULL;
  struct header header = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2};
  enum err_code code = has_key(h, err);
  if (code == OK) {
    code = hall_must_write(h, err); /* what it would void is not known while a part of the log may be elsewhere */
  }
  if (code == OK) {
    code = hall_people(h, &people, err);
  }
  if (code != OK) {
    return code;
  }
  const struct federation_member *self = federation_self(h->config.federation);
  const struct hall_head *head = hall_head(h, &self->member->node, self->identity.gen);
  const struct position now = {self->identity.gen, head == NULL ? 0 : head->size}, at = from == NULL ? now : *from;
  if (people_newest(people, key, end) == NULL) {
    return err_set(err, ERR_NOT_FOUND, "the key has no certificate in this log");
  }
  if (at.gen == 0 || position_compare(at, now) > 0) {
    return err_set(err, ERR_USAGE, "the log has not come to that position yet");
  }
  if (people_is_revoked(people, key, at)) {
    return err_set(err, ERR_MISMATCH, "the key is revoked already, from there or from before");
  }
  memcpy(header.subject.b, key->b, PUBKEY_LEN);
  header.args[0] = at.gen;
  header.args[1] = at.index;
  return seal_and_admit(h, &header, &zeros, view_of(NULL, 0), NULL, row, err);
}

enum err_code hall_admit_evidence(struct hall *h, const struct hash *node, uint64_t gen, struct err *err) {
  static const struct salt zeros = {{0}};
  struct header header = {.kind = KIND_EVIDENCE, .has_subject = true, .subject = *node, .n_args = 1, .args = {gen}};
  struct receipt_row row = {.state = RECEIPT_QUEUED};
  struct fork fork = {.recorded = false};
  struct bytes body;
  bytes_init(&body, LIMIT_EVIDENCE);
  enum err_code code = has_key(h, err);
  if (code == OK) {
    code = evidence_get(h->config.store, node, gen, &fork, &body, err);
  }
  if (code == OK && !fork.recorded) {
    code = seal_and_admit(h, &header, &zeros, bytes_view(&body), NULL, &row, err);
    if (code == OK && row.state == RECEIPT_REFUSED) {
      code = err_set(err, ERR_REFUSED, "the evidence is refused: %s", reason_text(row.reason));
    }
  }
  bytes_release(&body);
  return code;
}
