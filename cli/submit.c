/*
 * submit: seals, sends, and hands back the receipt (see submit.h).
 */
#include "cli/submit.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/certificate.h"
#include "cli/out.h"
#include "cli/person.h"
#include "cli/sending.h"
#include "node/admit.h"
#include "node/verify.h"
#include "protocol/canon.h"

/* Invariant: what the thread writes (receipt, code, err) is read after it was joined. */
struct flight {
  pthread_t thread;
  struct submit *submit;     /* borrowed */
  const struct batch *batch; /* borrowed */
  struct receipt receipt;
  enum err_code code;
  struct err err;
};

#define MERGE_STEPS 4        /* of full text behind a submission: about as much as it will be written again */
#define MERGE_LAST_STEPS 128 /* when the way is closed: what remains is core's */
#define TICKS_MAX 20         /* records of which is told how far they have come */
#define LINE_MAX 4096
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

/* The hall, in this process: the store is locked for as long as the way is open. It writes through a connection of its own,
 * since it may be at work while the caller reads. */
/* What waited goes into the log first: whoever looks what that holds finds it there. What cannot go yet waits on. */
static void let_in(struct hall *hall) {
  bool moved = true;
  while (moved) {
    moved = hall_guard_turn(hall, &moved, NULL) == OK && moved;
  }
}

static enum err_code open_hall(struct cli *cli, const struct home *home, struct submit *s, struct err *err) {
  struct secret *passphrase = NULL;
  enum err_code code = store_open(home->dir, STORE_WRITE, NULL, &s->store, err);
  if (code == OK) {
    code = here_open(cli, &s->here, err);
  }
  if (code == OK) {
    code = federation_load(s->store, &s->federation, err);
  }
  if (code == OK) {
    code = cli_node_passphrase(cli, &passphrase, err);
  }
  if (code == OK) {
    code = home_node_key(home, passphrase, &s->node_key, err);
  }
  secret_free(passphrase);
  if (code != OK) {
    return code;
  }
  s->head = head_in(s->here.home.dir);
  const struct hall_config config = {.store = s->store,
                                     .head = &s->head,
                                     .federation = &s->federation,
                                     .schemas = s->here.schemas,
                                     .node_key = &s->node_key,
                                     .clock = clock_system(),
                                     .entropy = entropy_system(),
                                     .threads = verify_threads(),
                                     .log_bodies = home_log_bodies(&s->here.home)};
  code = hall_open(&config, &s->hall, err);
  if (code == OK) {
    let_in(s->hall);
  }
  return code;
}

/* Searches, and the look for what is much like a row, walk through each segment of the full text. What fails is merged later:
 * the records are in the log. */
static void merge(struct submit *s, unsigned steps) {
  s->unmerged = true;
  for (; s->unmerged && steps > 0; steps--) {
    if (store_merge(s->store, &s->unmerged, NULL) != OK) return;
  }
}

enum err_code submit_open(struct cli *cli, struct submit *out, struct err *err) {
  memset(out, 0, sizeof *out);
  struct home home;
  enum err_code code = cli_open_home(cli, &home, err);
  if (code != OK) {
    return code;
  }
  if (home_is_guest(&home)) {
    (void)err_set(err, ERR_REFUSED, "this node is no member yet: it has no log");
    return err_hint(err, "specola status tells how far its request is");
  }
  if (home_is_replica(&home)) {
    code = here_open(cli, &out->here, err);
    if (code == OK) {
      code = sending_new(cli, &out->here.home, &out->sending, err);
    }
    if (code != OK) {
      submit_release(out);
    }
    return code;
  }
  code = ctl_connect(&home, cli->timeout_ms, &out->ctl, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = open_hall(cli, &home, out, err);
  } else if (code == OK) {
    code = here_open(cli, &out->here, err);
  }
  if (code != OK) {
    submit_release(out);
  }
  return code;
}

enum err_code submit_open_node(struct cli *cli, struct submit *out, struct err *err) {
  struct home home;
  enum err_code code = cli_open_home(cli, &home, err);
  if (code == OK && home_is_guest(&home)) {
    (void)err_set(err, ERR_REFUSED, "this node is no member yet: it has no log");
    return err_hint(err, "specola status tells how far its request is");
  }
  if (code == OK && home_is_replica(&home)) {
    (void)err_set(err, ERR_REFUSED, "this is a replica, and that is a node's own affair");
    return err_hint(err, "do it where the node runs");
  }
  return code == OK ? submit_open(cli, out, err) : code;
}

void submit_tell(struct cli *cli, struct submit *s) {
  struct bytes line;
  const struct hash *ids = NULL;
  const size_t n = s->sending == NULL ? 0 : sending_sent(s->sending, &ids);
  json_t *list = n == 0 ? NULL : json_array();
  bytes_init(&line, LINE_MAX);
  for (size_t i = 0; i < n && i < TICKS_MAX; i++) {
    json_t *ticks = NULL;
    bytes_clear(&line);
    struct err ignored = ERR_INIT;
    if (sending_ticks(cli, &s->here, &ids[i], &line, &ticks, &ignored) != OK) {
      break;
    }
    (void)json_array_append_new(list, ticks);
    out_line(cli, "%s", bytes_text(&line));
  }
  bytes_release(&line);
  if (list != NULL) {
    out_set(cli, "ticks", list);
  }
}

void submit_release(struct submit *s) {
  if (s->flight != NULL) {
    (void)pthread_join(s->flight->thread, NULL);
    free(s->flight);
  }
  sending_free(s->sending);
  hall_close(s->hall);
  if (s->unmerged) merge(s, MERGE_LAST_STEPS);
  ctl_close(s->ctl);
  signer_release(&s->node_key);
  signer_release(&s->person);
  here_release(&s->here); /* before the writer, which tidies up when it is the last to close */
  store_close(s->store);
  federation_release(&s->federation);
  memset(s, 0, sizeof *s);
}

enum err_code submit_person(struct cli *cli, struct submit *s, struct err *err) {
  struct person_card card;
  enum err_code code = person_card_of(cli, &card, err);
  if (code == OK) {
    code = certificate_needed(&s->here, &card.key, err);
  }
  return code == OK ? person_open(cli, &s->person, err) : code;
}

/* Seals a record of kind h->kind by the person and adds it. */
static enum err_code seal(struct submit *s, struct header *h, struct view body, size_t tag, struct batch *batch,
                          struct err *err) {
  if (!batch_has_room(batch, body.len)) {
    return err_set(err, ERR_LIMIT, "a submission holds at most %u records and %u octets", LIMIT_SUBMIT, LIMIT_SUBMIT_BYTES);
  }
  struct sealed *row = &batch->rows[batch->n];
  h->home = s->here.federation.own;
  h->created = clock_unix(clock_system());
  *row = (struct sealed){.tag = tag};
  bytes_init(&row->envelope, LIMIT_ENVELOPE);
  bytes_init(&row->body, LIMIT_BODY);
  entropy_fill(entropy_system(), row->salt.b, sizeof row->salt.b);
  enum err_code code = bytes_append(&row->body, body, err);
  if (code == OK) {
    code = record_seal(h, &s->here.federation.charter.fed_id, &s->person, &row->salt, body, &row->envelope, &row->id, err);
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

enum err_code submit_seal(struct submit *s, uint32_t schema_number, bool review_wanted, const struct hash *object,
                          const struct hash *replaces, struct view body, size_t tag, struct batch *batch, struct err *err) {
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {schema_number, review_wanted}};
  if (object != NULL) {
    h.has_subject = true;
    h.subject = *object;
  }
  if (replaces != NULL) {
    h.n_refs = 1;
    h.refs[0] = *replaces;
  }
  return seal(s, &h, body, tag, batch, err);
}

enum err_code submit_seal_withdrawal(struct submit *s, const struct hash *object, const struct hash *newest, struct view body,
                                     size_t tag, struct batch *batch, struct err *err) {
  struct header h = {.kind = KIND_WITHDRAW, .has_subject = true, .subject = *object, .n_refs = 1, .refs = {*newest}};
  return seal(s, &h, body, tag, batch, err);
}

enum err_code submit_seal_endorsement(struct submit *s, const struct hash *object, const struct hash *version,
                                      const struct hash *policy, struct view body, struct batch *batch, struct err *err) {
  struct header h = {.kind = KIND_ENDORSE, .has_subject = true, .subject = *version, .n_refs = 2, .refs = {*object, *policy}};
  return seal(s, &h, body, batch->n, batch, err);
}

enum err_code submit_seal_endorsement_withdrawal(struct submit *s, const struct hash *endorsement, struct batch *batch,
                                                 struct err *err) {
  struct header h = {.kind = KIND_ENDORSE_WITHDRAW, .has_subject = true, .subject = *endorsement};
  return seal(s, &h, view_of(NULL, 0), batch->n, batch, err);
}

enum err_code submit_seal_revocation(struct submit *s, struct batch *batch, struct err *err) {
  struct header h = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2, .args = {1, 0}}; /* counts from its own position */
  memcpy(h.subject.b, s->person.pub.b, sizeof h.subject.b);
  return seal(s, &h, view_of(NULL, 0), batch->n, batch, err);
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
  if (s->sending != NULL) {
    return sending_send(s->sending, &s->here.federation, batch, out, err);
  }
  if (s->ctl != NULL) {
    return send_ctl(s, batch, out, err);
  }
  struct item items[LIMIT_SUBMIT];
  for (uint32_t i = 0; i < batch->n; i++) {
    items[i] = item_of(&batch->rows[i]);
  }
  return hall_admit(s->hall, items, batch->n, out, err);
}

static void *fly(void *context) {
  struct flight *f = context;
  f->code = submit_send(f->submit, f->batch, &f->receipt, &f->err);
  if (f->submit->hall != NULL) merge(f->submit, MERGE_STEPS);
  return NULL;
}

enum err_code submit_start(struct submit *s, const struct batch *batch, struct err *err) {
  struct flight *f = calloc(1, sizeof *f);
  if (f == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  f->submit = s;
  f->batch = batch;
  const int failed = pthread_create(&f->thread, NULL, fly, f);
  if (failed != 0) {
    free(f);
    return err_errno(err, ERR_FAILED, failed, "thread");
  }
  s->flight = f;
  return OK;
}

enum err_code submit_finish(struct submit *s, struct receipt *out, struct err *err) {
  struct flight *f = s->flight;
  (void)pthread_join(f->thread, NULL);
  const enum err_code code = f->code;
  if (code == OK) {
    *out = f->receipt;
  } else if (err != NULL) {
    *err = f->err;
  }
  s->flight = NULL;
  free(f);
  return code;
}

enum err_code submit_alone(struct submit *s, struct err *err) {
  json_t *answer = NULL;
  if (s->sending != NULL) {
    return err_set(err, ERR_USAGE, "--alone is a node's own affair, and this is a replica");
  }
  if (s->ctl == NULL) {
    const enum err_code code = hall_go_alone(s->hall, err);
    if (code == OK) {
      let_in(s->hall);
    }
    return code;
  }
  const enum err_code code = ctl_order(s->ctl, "alone", NULL, &answer, err);
  json_decref(answer);
  return code;
}

/* What the fork guard waits for; "" if nobody says. */
static void guard_text(struct submit *s, char out[GUARD_REASON_MAX]) {
  struct guard_look look;
  json_t *status = NULL;
  out[0] = '\0';
  if (s->sending != NULL) {
    (void)snprintf(out, GUARD_REASON_MAX, "%.*s", (int)GUARD_REASON_MAX - 1, sending_why(s->sending));
  } else if (s->ctl == NULL && hall_guard_look(s->hall, &look)) {
    guard_reason(&look.guard, &s->federation, out);
  } else if (s->ctl != NULL && ctl_get(s->ctl, "/status", &status, NULL) == OK) {
    const char *reason = json_string_value(json_object_get(json_object_get(status, "guard"), "reason"));
    snprintf(out, GUARD_REASON_MAX, "%s", reason == NULL ? "" : reason);
  }
  json_decref(status);
}

/* On a replica: it lies in the outbox, or on its way through another member. */
static enum err_code queued_here(const struct submit *s, const char *why, struct err *err) {
  const char *home = s->here.home.config.home;
  if (why[0] == '\0') {
    err_set(err, ERR_QUEUED, "queued: handed in, and not yet in the log of %s", home);
  } else {
    err_set(err, ERR_QUEUED, "signed, and waits in the outbox: %s", why);
  }
  return err_hint(err, "specola sync tries again; specola outbox shows it");
}

enum err_code submit_not_logged(struct submit *s, const struct receipt_row *row, struct err *err) {
  char why[256];
  if (row->state == RECEIPT_QUEUED) {
    guard_text(s, why);
    if (s->sending != NULL) {
      return queued_here(s, why, err);
    }
    err_set(err, ERR_QUEUED, "queued: %s", why[0] == '\0' ? "waiting for its turn" : why);
    return err_hint(err,
                    "it goes into the log by itself then: specola serve, or specola sync; specola status shows what waits");
  }
  refusal_text(row->reason, why, sizeof why);
  return err_set(err, ERR_REFUSED, "%s", why);
}

void refusal_text(uint64_t reason, char *out, size_t size) {
  const char *todo = reason_todo(reason);
  snprintf(out, size, "%s: %s%s%s%s", reason_name(reason), reason_text(reason), todo[0] == '\0' ? "" : " (", todo,
           todo[0] == '\0' ? "" : ")");
}
