/*
 * submit: seals, sends, and hands back the receipt (see submit.h).
 */
#include "cli/submit.h"

#include <stdio.h>
#include <string.h>

#include "cli/person.h"
#include "node/admit.h"
#include "protocol/canon.h"

#define ROW_OVERHEAD (LIMIT_ENVELOPE + 64u) /* octets of a row beside its body */

void batch_clear(struct batch *b) {
  for (uint32_t i = 0; i < b->n; i++) {
    bytes_release(&b->rows[i].envelope);
    bytes_release(&b->rows[i].body);
  }
  b->n = 0;
  b->octets = 0;
}

bool batch_has_room(const struct batch *b, size_t body_len) {
  return b->n < LIMIT_SUBMIT && b->octets + body_len + ROW_OVERHEAD + 64 <= LIMIT_SUBMIT_BYTES;
}

/* The hall, in this process: the store is locked for as long as the way is open. */
static enum err_code open_hall(struct cli *cli, struct submit *s, struct err *err) {
  struct secret *passphrase = NULL;
  enum err_code code = here_open_mode(cli, STORE_WRITE, &s->here, err);
  if (code != OK) {
    return code;
  }
  code = cli_node_passphrase(cli, &passphrase, err);
  if (code == OK) {
    code = home_node_key(&s->here.home, passphrase, &s->node_key, err);
  }
  secret_free(passphrase);
  if (code != OK) {
    return code;
  }
  const struct hall_config config = {.store = s->here.store,
                                     .federation = &s->here.federation,
                                     .schemas = s->here.schemas,
                                     .node_key = &s->node_key,
                                     .clock = clock_system(),
                                     .entropy = entropy_system(),
                                     .threads = 2,
                                     .log_bodies = home_log_bodies(&s->here.home)};
  return hall_open(&config, &s->hall, err);
}

enum err_code submit_open(struct cli *cli, struct submit *out, struct err *err) {
  memset(out, 0, sizeof *out);
  struct home home;
  enum err_code code = cli_open_home(cli, &home, err);
  if (code != OK) {
    return code;
  }
  code = ctl_connect(&home, cli->timeout_ms, &out->ctl, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = open_hall(cli, out, err);
  } else if (code == OK) {
    code = here_open(cli, &out->here, err);
  }
  if (code != OK) {
    submit_release(out);
  }
  return code;
}

void submit_release(struct submit *s) {
  hall_close(s->hall);
  ctl_close(s->ctl);
  signer_release(&s->node_key);
  signer_release(&s->person);
  here_release(&s->here);
  memset(s, 0, sizeof *s);
}

enum err_code submit_person(struct cli *cli, struct submit *s, struct err *err) {
  return person_open(cli, &s->person, err);
}

enum err_code submit_seal(struct submit *s, uint32_t schema_number, const struct hash *object, const struct hash *replaces,
                          struct view body, size_t tag, struct batch *batch, struct err *err) {
  if (!batch_has_room(batch, body.len)) {
    return err_set(err, ERR_LIMIT, "a submission holds at most %u records and %u octets", LIMIT_SUBMIT, LIMIT_SUBMIT_BYTES);
  }
  struct sealed *row = &batch->rows[batch->n];
  struct header h = {.kind = KIND_VERSION,
                     .home = s->here.federation.own,
                     .created = clock_unix(clock_system()),
                     .n_args = 2,
                     .args = {schema_number, 0}};
  if (object != NULL) {
    h.has_subject = true;
    h.subject = *object;
  }
  if (replaces != NULL) {
    h.n_refs = 1;
    h.refs[0] = *replaces;
  }
  *row = (struct sealed){.tag = tag};
  bytes_init(&row->envelope, LIMIT_ENVELOPE);
  bytes_init(&row->body, LIMIT_BODY);
  entropy_fill(entropy_system(), row->salt.b, sizeof row->salt.b);
  enum err_code code = bytes_append(&row->body, body, err);
  if (code == OK) {
    code = record_seal(&h, &s->here.federation.charter.fed_id, &s->person, &row->salt, body, &row->envelope, &row->id, err);
  }
  if (code != OK) {
    bytes_release(&row->envelope);
    bytes_release(&row->body);
    return code;
  }
  batch->n++;
  batch->octets += body.len + ROW_OVERHEAD;
  return OK;
}

static struct item item_of(const struct sealed *row) {
  return (struct item){.envelope = bytes_view(&row->envelope),
                       .state = row->body.len == 0 ? ITEM_BODILESS : ITEM_WHOLE,
                       .salt = row->salt,
                       .body = bytes_view(&row->body)};
}

enum err_code batch_encode(const struct batch *b, struct bytes *out, struct err *err) {
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, b->n);
  for (uint32_t i = 0; i < b->n; i++) {
    struct item item = item_of(&b->rows[i]);
    item_write(&w, &item);
  }
  return canon_written(&w, "submission", err);
}

/* Over run/ctl. The receipt must be the node's, of this federation, and about these records. */
static enum err_code send_ctl(struct submit *s, const struct batch *batch, struct receipt *out, struct err *err) {
  struct bytes submission, answer;
  bytes_init(&submission, LIMIT_SUBMIT_BYTES);
  bytes_init(&answer, LIMIT_SUBMIT_BYTES);
  const struct federation_member *self = federation_self(&s->here.federation);
  enum err_code code = batch_encode(batch, &submission, err);
  if (code == OK && (code = ctl_submit(s->ctl, bytes_view(&submission), &answer, err)) == OK) {
    code = receipt_open(bytes_view(&answer), self == NULL ? NULL : &self->identity.node_key, out, err);
  }
  bool same = code == OK && out->n == batch->n && hash_equal(&out->fed_id, &s->here.federation.charter.fed_id);
  for (uint32_t i = 0; same && i < out->n; i++) {
    same = hash_equal(&out->rows[i].id, &batch->rows[i].id);
  }
  if (code == OK && !same) {
    code = err_set(err, ERR_MISMATCH, "the receipt is about other records");
  }
  bytes_release(&submission);
  bytes_release(&answer);
  return code;
}

enum err_code submit_send(struct submit *s, const struct batch *batch, struct receipt *out, struct err *err) {
  if (s->ctl != NULL) {
    return send_ctl(s, batch, out, err);
  }
  struct item items[LIMIT_SUBMIT];
  for (uint32_t i = 0; i < batch->n; i++) {
    items[i] = item_of(&batch->rows[i]);
  }
  return hall_admit(s->hall, items, batch->n, out, err);
}

void refusal_text(uint64_t reason, char *out, size_t size) {
  const char *todo = reason_todo(reason);
  snprintf(out, size, "%s: %s%s%s%s", reason_name(reason), reason_text(reason), todo[0] == '\0' ? "" : " (", todo,
           todo[0] == '\0' ? "" : ")");
}
