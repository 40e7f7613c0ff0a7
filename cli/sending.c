/*
 * sending: keeps, hands in, keeps the receipts, looks into the log. See sending.h; what is told of it is ticks.c.
 */
#include "cli/sending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/follow.h"
#include "node/store/outbox.h"
#include "node/store/receipts.h"
#include "protocol/canon.h"

#define SENT_MAX 1024u /* ids that are remembered, to tell of them */
#define RETRY_MS 50    /* between two looks whether the store is free */

struct sending {
  const struct home *home; /* borrowed */
  uint64_t timeout_ms;
  uint64_t answered;
  char why[ERR_MESSAGE_MAX];
  struct bytes sent; /* ids */
};

/* As many of what waits as one submission takes. */
struct parcel {
  struct bytes items; /* encoded, one behind the other */
  struct hash ids[LIMIT_SUBMIT];
  uint32_t n;
  uint64_t skip, seen; /* how many that wait are passed over; were seen */
};

enum err_code sending_new(const struct cli *cli, const struct home *home, struct sending **out, struct err *err) {
  if (home->config.home[0] == '\0') {
    err_set(err, ERR_REFUSED, "this replica has no home: no node takes what you sign");
    return err_hint(err, "ask a coordinator to invite you (specola invite), then: specola join LINE");
  }
  struct sending *s = calloc(1, sizeof *s);
  if (s == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  s->home = home;
  s->timeout_ms = cli->timeout_ms;
  bytes_init(&s->sent, SENT_MAX * sizeof(struct hash));
  *out = s;
  return OK;
}

void sending_free(struct sending *s) {
  if (s != NULL) bytes_release(&s->sent);
  free(s);
}

size_t sending_sent(const struct sending *s, const struct hash **ids) {
  *ids = (const struct hash *)(const void *)s->sent.p;
  return s->sent.len / sizeof(struct hash);
}

const char *sending_why(const struct sending *s) {
  return s->why;
}

uint64_t sending_answered(const struct sending *s) {
  return s->answered;
}

/* ---- the store ---- */

/* Waits while another command writes here. */
static enum err_code open_store(const struct sending *s, struct store **out, struct err *err) {
  const uint64_t until = clock_ms(clock_system()) + s->timeout_ms;
  const struct timespec pause = {.tv_nsec = (long)RETRY_MS * 1000000};
  for (;;) {
    const enum err_code code = store_open(s->home->dir, STORE_WRITE, NULL, out, err);
    if (code != ERR_BUSY || clock_ms(clock_system()) >= until) return code;
    err_clear(err);
    (void)nanosleep(&pause, NULL);
  }
}

static struct item item_of(const struct sealed *row) {
  return (struct item){.envelope = bytes_view(&row->envelope),
                       .state = row->body.len == 0 ? ITEM_BODILESS : ITEM_WHOLE,
                       .salt = row->salt,
                       .body = bytes_view(&row->body)};
}

static enum err_code keep(struct store *store, const struct batch *b, struct err *err) {
  enum err_code code = store_begin(store, err);
  if (code != OK) return code;
  for (uint32_t i = 0; i < b->n && code == OK; i++) {
    const struct item item = item_of(&b->rows[i]);
    code = outbox_put(store, &b->rows[i].id, clock_unix(clock_system()), &item, err);
  }
  if (code == OK) code = store_commit(store, err);
  if (code != OK) store_rollback(store);
  return code;
}

/* ---- handing in ---- */

static bool take_waiting(void *context, const struct hash *id, uint64_t received, uint64_t reason, struct view item) {
  struct parcel *p = context;
  (void)received;
  (void)reason;
  if (p->seen++ < p->skip) return true;
  if (p->n == LIMIT_SUBMIT || bytes_append(&p->items, item, NULL) != OK) return false;
  p->ids[p->n++] = *id;
  return true;
}

static enum err_code submission_of(const struct parcel *p, struct bytes *out, struct err *err) {
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, p->n);
  canon_put_raw(&w, bytes_view(&p->items));
  return canon_written(&w, "submission", err);
}

/* A receipt counts if it is by the key of the member that it names, of this observatory, and about these records; and none but
 * their home says that they are logged. */
static enum err_code check_receipt(const struct sending *s, const struct federation *f, const struct parcel *p,
                                   struct view octets, struct receipt *out, struct err *err) {
  enum err_code code = receipt_open(octets, NULL, out, err);
  if (code != OK) return code;
  const struct federation_member *m = federation_by_node(f, &out->node);
  if (m == NULL) return err_set(err, ERR_MISMATCH, "the receipt is by nobody who is known here");
  if ((code = receipt_open(octets, &m->identity.node_key, out, err)) != OK) return code;
  bool same = out->n == p->n && hash_equal(&out->fed_id, &f->charter.fed_id);
  for (uint32_t i = 0; same && i < p->n; i++) {
    same = hash_equal(&out->rows[i].id, &p->ids[i]) &&
           (out->rows[i].state != RECEIPT_LOGGED || strcmp(m->member->handle, s->home->config.home) == 0);
  }
  return same ? OK : err_set(err, ERR_MISMATCH, "the receipt is about other records");
}

/* Where a submission may go: the home, if it tells its web, then the node that is followed. What the home tells as its address
 * may lead no further within this machine's walls than the address that the person gave. */
struct way {
  const char *url;
  bool is_told;
};

static size_t ways_of(const struct sending *s, const struct federation *f, struct way out[2]) {
  const struct federation_member *m = federation_by_handle(f, s->home->config.home);
  const char *replica = home_follows(s->home), *web = m != NULL && m->has_address ? m->address.web : "";
  size_t n = 0;
  if (web[0] != '\0' && strcmp(web, replica) != 0) out[n++] = (struct way){.url = web, .is_told = true};
  if (replica[0] != '\0') out[n++] = (struct way){.url = replica};
  return n;
}

static enum err_code post(const struct sending *s, const struct way *to, struct view submission, struct fetch_answer *a,
                          struct err *err) {
  struct fetch *way = NULL;
  enum err_code code = fetch_new(to->url, s->timeout_ms, &way, err);
  if (code == OK && to->is_told) fetch_keep_within(way, reach_of_text(home_follows(s->home)));
  if (code == OK) code = fetch_post(way, "/sync/submit", "application/msgpack", submission, a, err);
  fetch_free(way);
  return code;
}

/* Hands in to the first who gives a receipt that counts; if nobody does, the first tells why. */
static enum err_code hand_in(const struct sending *s, const struct federation *f, const struct parcel *p,
                             struct view submission, struct fetch_answer *a, struct receipt *out, struct err *err) {
  struct way ways[2];
  const size_t n = ways_of(s, f, ways);
  enum err_code code = err_set(err, ERR_UNREACHABLE, "nobody to hand it in to");
  for (size_t i = 0; i < n && code != OK; i++) {
    struct err own = ERR_INIT;
    enum err_code way = post(s, &ways[i], submission, a, &own);
    if (way == OK) way = check_receipt(s, f, p, bytes_view(&a->body), out, &own);
    if (i == 0 || way == OK) {
      code = way;
      if (err != NULL) *err = own;
    }
  }
  return code;
}

/* The home alone refuses for good. Of a home that is no member any more, by what this replica itself knows, nobody's log takes
 * anything: then whoever says so is right. */
bool sending_is_final(const struct home *home, const struct federation *f, const struct hash *node,
                      const struct receipt_row *row) {
  const struct federation_member *m = federation_by_handle(f, home->config.home);
  return receipt_row_is_final(row) && (m == NULL || m->until != 0 || hash_equal(&m->member->node, node));
}

/* Keeps what the receipt says of each record. *refused: how many wait no more. */
static enum err_code settle(struct sending *s, struct store *store, const struct federation *f, const struct receipt *r,
                            struct view octets, uint64_t *refused, struct err *err) {
  enum err_code code = store_begin(store, err);
  if (code != OK) return code;
  for (uint32_t i = 0; i < r->n && code == OK; i++) {
    const bool is_final = sending_is_final(s->home, f, &r->node, &r->rows[i]);
    code = receipts_put(store, &r->rows[i].id, clock_unix(clock_system()), i, octets, err);
    if (code == OK && is_final) {
      code = outbox_refuse(store, &r->rows[i].id, r->rows[i].reason, err);
      ++*refused;
    } else if (r->rows[i].state == RECEIPT_REFUSED) {
      (void)snprintf(s->why, sizeof s->why, "%s does not take it: %s", federation_handle(f, &r->node),
                     reason_name(r->rows[i].reason));
    }
  }
  if (code == OK) code = store_commit(store, err);
  if (code != OK) store_rollback(store);
  return code;
}

static void remember_why(struct sending *s, const struct err *why) {
  (void)snprintf(s->why, sizeof s->why, "%s", why->message);
}

/* One submission of what waits. *more: there may be further ones, and the way is open. */
static enum err_code hand_in_parcel(struct sending *s, struct store *store, const struct federation *f, struct parcel *p,
                                    bool *more, struct err *err) {
  struct bytes submission;
  struct fetch_answer answer;
  struct err way = ERR_INIT;
  struct receipt *receipt = calloc(1, sizeof *receipt);
  uint64_t refused = 0;
  bytes_init(&submission, LIMIT_SUBMIT_BYTES);
  fetch_answer_init(&answer, LIMIT_SUBMIT_BYTES);
  *more = false;
  if (receipt == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  enum err_code code = submission_of(p, &submission, err);
  if (code == OK && hand_in(s, f, p, bytes_view(&submission), &answer, receipt, &way) != OK) {
    remember_why(s, &way);
  } else if (code == OK) {
    code = settle(s, store, f, receipt, bytes_view(&answer.body), &refused, err);
    s->answered += receipt->n;
    p->skip += p->n - refused;
    *more = code == OK;
  }
  free(receipt);
  fetch_answer_release(&answer);
  bytes_release(&submission);
  return code;
}

enum err_code sending_hand_in(struct sending *s, struct store *store, const struct federation *f, struct err *err) {
  struct parcel *p = calloc(1, sizeof *p);
  if (p == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  bytes_init(&p->items, LIMIT_SUBMIT_BYTES - 64u);
  s->why[0] = '\0';
  enum err_code code = OK;
  for (bool more = true; more && code == OK;) {
    bytes_clear(&p->items);
    p->n = 0;
    p->seen = 0;
    code = outbox_each(store, false, take_waiting, p, err);
    if (code != OK || p->n == 0) break;
    code = hand_in_parcel(s, store, f, p, &more, err);
  }
  bytes_release(&p->items);
  free(p);
  return code;
}

/* ---- seen in the log ---- */

/* Which of those that wait are in a log that is held. */
struct found {
  struct hall *h;
  struct hash ids[LIMIT_SUBMIT];
  struct bytes items[LIMIT_SUBMIT];
  int64_t rowids[LIMIT_SUBMIT];
  uint32_t n;
};

static bool take_found(void *context, const struct hash *id, uint64_t received, uint64_t reason, struct view item) {
  struct found *x = context;
  (void)received;
  (void)reason;
  if (x->n == LIMIT_SUBMIT) return false;
  if (entry_find(hall_store(x->h), &hall_federation(x->h)->charter.fed_id, id, &x->rowids[x->n], NULL) != OK) return true;
  bytes_init(&x->items[x->n], LIMIT_ITEM);
  if (bytes_append(&x->items[x->n], item, NULL) != OK) return false;
  x->ids[x->n++] = *id;
  return true;
}

/* The text of an entry that we signed: it need not be fetched. */
static enum err_code put_text(struct hall *h, int64_t rowid, struct view octets, struct err *err) {
  struct canon_reader r = canon_reader(octets);
  struct item item;
  struct log log;
  struct bytes window;
  uint64_t filled = 0;
  item_read(&r, &item);
  if (canon_finish(&r, "item", err) != OK) return ERR_FORMAT;
  if (item.state != ITEM_WHOLE) return OK;
  enum err_code code = log_by_no(hall_store(h), entry_log_no(rowid), &log, err);
  if (code != OK) return code;
  bytes_init(&window, LIMIT_ITEM);
  struct canon_writer w = canon_writer(&window);
  canon_put_array(&w, 1);
  item_beside_write(&w, &item);
  code = canon_written(&w, "text", err);
  if (code == OK) code = hall_fill(h, &log.node, log.gen, entry_index(rowid), bytes_view(&window), &filled, err);
  bytes_release(&window);
  return code;
}

enum err_code sending_resolve(struct hall *h, struct err *err) {
  struct found *x = calloc(1, sizeof *x);
  if (x == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  x->h = h;
  enum err_code code = outbox_each(hall_store(h), false, take_found, x, err);
  for (uint32_t i = 0; i < x->n; i++) {
    if (code == OK) code = put_text(h, x->rowids[i], bytes_view(&x->items[i]), err);
    if (code == OK) code = outbox_remove(hall_store(h), &x->ids[i], err);
    bytes_release(&x->items[i]);
  }
  free(x);
  return code;
}

/* Fetches the headers behind what was logged, so that the replica knows of it at once. */
static enum err_code look(struct sending *s, struct store *store, struct err *err) {
  struct federation federation = {.members = NULL};
  struct schema_set *schemas = NULL;
  struct hall *hall = NULL;
  struct fetch *way = NULL;
  struct err ignored = ERR_INIT; /* of the way: the next sync sees it */
  const struct follow_wish wish = {.headers_only = true};
  struct follow_report report;
  enum err_code code = federation_load(store, &federation, err);
  if (code == OK) code = home_schemas(s->home, &schemas, err);
  if (code != OK) goto out;
  const struct hall_config config = {.store = store,
                                     .federation = &federation,
                                     .schemas = schemas,
                                     .clock = clock_system(),
                                     .entropy = entropy_system(),
                                     .log_bodies = home_log_bodies(s->home)};
  code = hall_open(&config, &hall, err);
  if (code == OK) code = fetch_new(home_follows(s->home), s->timeout_ms, &way, err);
  if (code == OK) {
    (void)!follow_run(hall, way, &wish, &report, &ignored);
    code = sending_resolve(hall, err);
  }
out:
  fetch_free(way);
  hall_close(hall);
  schema_set_free(schemas);
  federation_release(&federation);
  return code;
}

/* ---- all of it ---- */

/* What is known of one record of a batch now. */
static enum err_code row_of(const struct sending *s, struct store *store, const struct federation *f, const struct hash *id,
                            struct receipt_row *row, struct hash *node, struct err *err) {
  struct bytes item;
  uint64_t received = 0, at = 0;
  struct receipt *r = calloc(1, sizeof *r);
  *row = (struct receipt_row){.id = *id, .state = RECEIPT_QUEUED};
  bytes_init(&item, LIMIT_SUBMIT_BYTES);
  if (r == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  enum err_code code = receipts_get(store, id, &received, &at, &item, err);
  if (code == OK && receipt_open(bytes_view(&item), NULL, r, NULL) == OK && at < r->n) {
    *row = r->rows[at];
    *node = row->state == RECEIPT_LOGGED ? r->node : *node;
    if (row->state == RECEIPT_REFUSED && !sending_is_final(s->home, f, &r->node, row))
      *row = (struct receipt_row){.id = *id, .state = RECEIPT_QUEUED};
  }
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&item);
  free(r);
  return code;
}

enum err_code sending_send(struct sending *s, const struct federation *f, const struct batch *batch, struct receipt *out,
                           struct err *err) {
  struct store *store = NULL;
  bool logged = false;
  enum err_code code = open_store(s, &store, err);
  if (code == OK && batch != NULL) code = keep(store, batch, err);
  if (code == OK) code = sending_hand_in(s, store, f, err);
  for (uint32_t i = 0; code == OK && batch != NULL && out != NULL && i < batch->n; i++) {
    if (i == 0) *out = (struct receipt){.fed_id = f->charter.fed_id, .node = f->own, .n = batch->n};
    (void)!bytes_append(&s->sent, hash_view(&batch->rows[i].id), NULL); /* of what is more is not told */
    code = row_of(s, store, f, &batch->rows[i].id, &out->rows[i], &out->node, err);
    logged = logged || out->rows[i].state == RECEIPT_LOGGED;
  }
  if (code == OK && (logged || (batch == NULL && s->answered > 0))) code = look(s, store, err);
  store_close(store);
  return code;
}
