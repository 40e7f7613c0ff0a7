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

/* Seals with the node key and admits; *row tells what became of it. */
static enum err_code seal_and_admit(struct hall *h, struct header *header, const struct salt *salt, struct view body,
                                    struct receipt_row *row, struct err *err) {
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
    const struct item item = {.envelope = bytes_view(&envelope), .state = ITEM_WHOLE, .salt = *salt, .body = body};
    code = hall_admit(h, &item, 1, receipt, err);
  }
  if (code == OK) {
    *row = receipt->rows[0];
  }
  bytes_release(&envelope);
  free(receipt);
  return code;
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
    code = seal_and_admit(h, &header, &zeros, bytes_view(&body), &row, err);
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

/* The person whose key this is in the own log, else the next free number: a further certificate makes nobody a second person.
 */
static enum err_code person_of(struct hall *h, const struct pubkey *key, uint64_t *person, struct err *err) {
  static const struct position end = {UINT64_MAX, UINT64_MAX};
  const struct federation_member *self = federation_self(h->config.federation);
  struct hall_log *log = hall_find(h, &self->member->node, self->identity.gen);
  if (log == NULL) {
    return err_set(err, ERR_REFUSED, "the own log has not begun");
  }
  const enum err_code code = hall_state(h, log, err);
  if (code == OK) {
    const struct certificate *before = people_newest(log->state->people, key, end);
    *person = before != NULL ? before->person : people_next_person(log->state->people);
  }
  return code;
}

enum err_code hall_certify(struct hall *h, const struct pubkey *key, uint64_t person, uint64_t roles, uint64_t territory,
                           const char *name, struct receipt_row *row, struct err *err) {
  struct header header = {.kind = KIND_CERT, .has_subject = true, .n_args = 3};
  struct salt salt;
  struct bytes body;
  enum err_code code = has_key(h, err);
  if (code == OK) {
    code = hall_must_write(h, err); /* the next free number is not known while a part of the log may be elsewhere */
  }
  if (code == OK) {
    code = pubkey_check(key, err);
  }
  if (code == OK && person == 0) {
    code = person_of(h, key, &person, err);
  }
  if (code != OK) {
    return code;
  }
  memcpy(header.subject.b, key->b, PUBKEY_LEN);
  header.args[0] = person;
  header.args[1] = roles;
  header.args[2] = territory;
  entropy_fill(h->config.entropy, salt.b, sizeof salt.b);
  bytes_init(&body, LIMIT_BODY);
  code = name_body(name, &body, err);
  if (code == OK) {
    code = seal_and_admit(h, &header, &salt, bytes_view(&body), row, err);
  }
  bytes_release(&body);
  return code;
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
    code = seal_and_admit(h, &header, &zeros, bytes_view(&body), &row, err);
    if (code == OK && row.state == RECEIPT_REFUSED) {
      code = err_set(err, ERR_REFUSED, "the evidence is refused: %s", reason_text(row.reason));
    }
  }
  bytes_release(&body);
  return code;
}
